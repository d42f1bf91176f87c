# The SSE extension is asked for, or is called without asking.
#include "common.inc"
#ifdef GOOD
  li a7, 0x10
  li a6, 3
  li a0, 0x535345
#else
  li a7, 0x535345
  li a6, 0
#endif
  ecall
  poweroff
