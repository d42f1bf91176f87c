# The root of the G-stage must be 16 KiB aligned: hgatp.PPN[1:0] is not part of it.
#include "common.inc"
  setup 1f
#ifndef GOOD
  csrr t0, hgatp
  addi t0, t0, 1
  csrw hgatp, t0
#endif
1: poweroff
