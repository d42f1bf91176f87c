# Hardware update of A and D is off: a leaf must have them.
#include "common.inc"
#ifdef GOOD
  setup end
#else
  setup end, 0x1f
#endif
  enter guest
guest: ecall
.balign 4
end: poweroff
