# The PMU extension is asked for, or is called without asking.
#include "common.inc"
#ifdef GOOD
  li a7, 0x10
  li a6, 3
  li a0, 0x504d55
#else
  li a7, 0x504d55
  li a6, 0
#endif
  ecall
  poweroff
