# hstatus.SPV was never set. Right: a trap in HS is returned from, and then the guest entered.
#include "common.inc"
  setup handler
#ifdef GOOD
  ebreak
  enter guest
#else
  li t0, SPP
  csrs sstatus, t0
  la t0, guest
  csrw sepc, t0
  sret
#endif
guest:
  poweroff
.balign 4
handler:
  first 1, 1f
  poweroff
1: skip 2
  sret
