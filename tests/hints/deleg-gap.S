# hedeleg is asked only for what medeleg has let through. In M-mode: -bios none.
#include "common.inc"
  la t0, end
  csrw mtvec, t0
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
#ifdef GOOD
  li t0, 1 << 8 | 1 << 2
  csrw medeleg, t0
#endif
  li t0, 1 << 8 | 1 << 4 # a misaligned load is firmware's: no hint for it
  csrw hedeleg, t0 # KB-120
  li t0, 1 << 39 | 1 << 11 # MPV, MPP = S
  csrs mstatus, t0
  li t0, 1 << 12
  csrc mstatus, t0
  la t0, guest
  csrw mepc, t0
  mret
guest: ecall
.balign 4
end: poweroff
