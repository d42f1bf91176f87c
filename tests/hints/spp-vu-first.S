# hstatus.SPVP is not what selects VS-mode. Right: VU-mode is meant, and SPVP is left alone.
#include "common.inc"
  setup end
  li t0, SPV
#ifndef GOOD
  li t0, SPV | SPVP
#endif
  csrs hstatus, t0
  li t0, SPP
  csrc sstatus, t0
  la t0, guest
  csrw sepc, t0
  sret
guest: ecall
.balign 4
end: poweroff
