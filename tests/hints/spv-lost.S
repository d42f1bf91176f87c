# The handler resumes the guest, but hstatus.SPV is gone.
#include "common.inc"
  setup handler
  enter guest
guest:
  ecall
  poweroff # a guest-page fault, if it is the guest
.balign 4
handler:
  first 1, 1f
  poweroff
1: skip 4
#ifndef GOOD
  li t0, SPV
  csrc hstatus, t0
#endif
  sret
