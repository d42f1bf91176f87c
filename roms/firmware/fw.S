/* fw.S - the first instructions in M-mode, and the door between M and whoever trapped into it.
 *
 * Entered by the reset ROM at 0x80000000 with a0 = hart id, a1 = device tree; goes on at the lesson's
 * _start in HS-mode with these two, all other registers 0.
 */
  .option arch, +h

  .section .text.fw_entry, "ax"
  .globl fw_start
fw_start:
  la   sp, __fw_stack_top
  csrw mscratch, sp
  la   t0, fw_trap_entry
  csrw mtvec, t0
  call fw_init                /* keeps a0 and a1: passes them on as they came */
  .irp n, 1,2,3,4,5,6,7,8,9,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  li   x\n, 0
  .endr
  mret

/* A trap taken in M-mode. mscratch is the top of the stack, as long as we are not here. */
  .balign 4
fw_trap_entry:
  csrrw sp, mscratch, sp
  addi sp, sp, -256
  .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\n, (8*\n)(sp)
  .endr
  csrr t0, mscratch
  sd   t0, 16(sp)             /* x2 of whoever trapped */
  addi t0, sp, 256
  csrw mscratch, t0
  mv   a0, sp
  call fw_trap
  .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld   x\n, (8*\n)(sp)
  .endr
  ld   sp, 16(sp)
  mret

/* The words by which a program ends the machine: HTIF. A page of their own, because each store to it is
 * looked at. */
  .section .tohost, "aw"
  .globl tohost, fromhost
  .balign 4096
tohost:
  .dword 0
  .balign 64
fromhost:
  .dword 0
  .balign 4096
