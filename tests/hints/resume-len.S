# A compressed load is emulated: it has 2 bytes.
#include "common.inc"
  setup handler
  li a1, 0x40
  enter guest
guest:
  c.ld a0, 0(a1)
  c.nop
  ecall
.balign 4
handler:
  first 1, 1f
  poweroff
1:
#ifdef GOOD /* KB-124 */
  skip 2
#else
  skip 4
#endif
  sret
