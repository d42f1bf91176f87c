/* A driver for the little device of main.c. It runs the same accesses twice; between the rounds it
   calls the hypervisor once, which then pretends that htinst is 0. The compressed forms are
   deliberate: compilers emit them for any driver. */
#define DEVICE 0x10001000

  .text
  .globl guest_start
guest_start:
  li   s0, 2                  /* rounds */
round:
  li   s1, DEVICE
  .option push
  .option norvc
  lwu  a0, 0(s1)              /* ID */
  li   a1, -2
  sd   a1, 8(s1)              /* DATA, all 8 bytes */
  lh   a2, 8(s1)              /* sign-extended: -2 */
  lhu  a3, 8(s1)              /* zero-extended: 0xfffe */
  .option pop
  li   a4, 7
  c.sw a4, 8(s1)              /* DATA, the low 4 bytes; 2-byte instruction */
  c.ld a5, 8(s1)              /* 0xffffffff00000007 */
  li   t0, '!'
  sb   t0, 16(s1)             /* PUTC */
  li   a7, 0x0a000000         /* an SBI extension of the vendor's own space: "round done" */
  ecall
  addi s0, s0, -1
  bnez s0, round
  li   a7, 0x53525354
  li   a6, 0
  li   a0, 0
  li   a1, 0
  ecall
1:
  j    1b
