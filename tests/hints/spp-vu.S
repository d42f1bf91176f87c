# An exit from VS, and a return to VU.
#include "common.inc"
  setup handler
  enter guest
guest:
  ecall
  ecall
.balign 4
handler:
  first 1, 1f
  poweroff
1: skip 4
#ifndef GOOD
  li t0, SPP
  csrc sstatus, t0
#endif
  sret
