# Every access at the G-stage is as user.
#include "common.inc"
#ifdef GOOD /* KB-125 */
  setup end
#else
  setup end, 0xcf
#endif
  enter guest
guest: ecall
.balign 4
end: poweroff
