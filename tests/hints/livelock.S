# The handler returns to the same ecall: right if something else is waited for, and comes in time.
#include "common.inc"
  setup handler
  enter guest
guest:
  ecall
.balign 4
handler:
#ifdef GOOD
  first 900, 1f
#else
  first 1500, 1f
#endif
  poweroff
1: sret
