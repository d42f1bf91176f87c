# D kept by software, in the supervisor's own table: right if the handler sets it.
#include "common.inc"
  la t0, handler
  csrw stvec, t0
  la s0, root
  li t1, 0x80000000 >> 2 | 0x4f # A, no D
  sd t1, 16(s0)
  li t1, 0xcf # the finisher
  sd t1, 0(s0)
  srli t0, s0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
  sfence.vma
  sd zero, 1024(s0)
  poweroff
.balign 4
handler:
#ifndef GOOD
  first 1, 1f # forgotten once
#endif
  li t1, 0x80000000 >> 2 | 0xcf
  csrw satp, zero
  sd t1, 16(s0)
  srli t0, s0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
  sfence.vma
1: sret
