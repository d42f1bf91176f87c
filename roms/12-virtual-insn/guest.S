/* Instructions that a supervisor may execute, and a virtualized supervisor may not: some never,
   some because the hypervisor said so. After each the hypervisor goes on behind it. */
  .option norvc
  .text
  .globl guest_start
guest_start:
  csrr a0, 0x600              /* hstatus */
  csrr a0, 0x200              /* vsstatus by its own number */
  csrw 0x680, zero            /* hgatp */
  .option push
  .option arch, +h
  hlv.w a0, (a1)
  hfence.gvma
  .option pop
  csrr a0, time
  wfi
  csrr a0, satp
  sfence.vma
  sret
  /* And two that look alike but are illegal: they would be so in HS-mode as well. */
  csrr a0, mstatus
  csrw 0xe12, zero            /* hgeip is read-only */
  li   a7, 0x53525354
  li   a6, 0
  li   a0, 0
  li   a1, 0
  ecall
1:
  j    1b
