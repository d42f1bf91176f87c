# A CSR of the hypervisor is emulated: the instruction has 4 bytes. Its upper half is no instruction.
#include "common.inc"
  setup handler
  enter guest
guest:
  csrr a0, hstatus
  ecall
.balign 4
handler:
  first 1, 1f
  poweroff
1:
#ifdef GOOD
  skip 4
#else
  skip 2
#endif
  sret
