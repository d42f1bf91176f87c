# One access, three right faults: not mapped, A=0, D=0. Wrong: A is not set at its fault.
#include "common.inc"
  la t0, handler
  csrw stvec, t0
  la s0, root
  li t1, 0x80000000 >> 2 | 0xcf
  sd t1, 16(s0)
  srli t0, s0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
  li s1, 0 # traps
  sd zero, (zero) # the finisher's GiB, at 0: not mapped
.balign 4
handler:
  addi s1, s1, 1
  li t1, 0x0f # V R W X
  li t0, 1
  beq s1, t0, 1f
#ifndef GOOD
  li t0, 2
  beq s1, t0, 2f
  li t0, 3
  beq s1, t0, 3f
#endif
  li t1, 0x4f # and A
  li t0, 2
  beq s1, t0, 1f
3: csrw satp, zero
  poweroff
1: sd t1, (s0)
  sfence.vma
2: sret
