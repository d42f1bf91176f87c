/* The task in VU-mode, and the kernel's way to it and back. Compare task_run with vm_run in
   lib/entry.S: a kernel and its task, a hypervisor and its guest, one mechanism. */
#include "regs.inc"

  .text
/* void task_run(struct task *t) */
  .globl task_run
task_run:
  PUSH_CALLEE_SAVED
  csrw sscratch, a0
  la   t0, kernel_sp
  sd   sp, 0(t0)
  la   t0, task_trap
  csrw stvec, t0
  li   t0, 1 << 8
  csrc sstatus, t0            /* SPP = 0: SRET goes to VU [norm:sret_v1] */
  ld   t0, 256(a0)
  csrw sepc, t0
  LOAD_GUEST_REGS
  ld   a0, 80(a0)
  sret

  .balign 4
task_trap:
  csrrw a0, sscratch, a0
  SAVE_GUEST_REGS
  csrr t0, sscratch
  sd   t0, 80(a0)
  csrr t0, sepc
  sd   t0, 256(a0)
  la   t0, kernel_sp
  ld   sp, 0(t0)
  POP_CALLEE_SAVED
  ret

  .data
  .balign 8
kernel_sp:
  .dword 0

  .section .guest.user, "ax"
  .globl task_start
  .option norvc
task_start:
  csrr t0, mhartid            /* 1: illegal instruction */
  li   t1, 0x1000
  ld   t0, 0(t1)              /* 2: load page fault: the kernel's table has nothing there */
  la   s0, text               /* 3: system calls */
1:
  lbu  a0, 0(s0)
  beqz a0, 2f
  li   a7, 1
  ecall
  addi s0, s0, 1
  j    1b
2:
  li   a7, 0
  ecall
text:
  .asciz "task: hello by system call\n"
