# start.S - entry in S(HS)-mode from the firmware: stack, gp, zero .bss, bench_main(). The device tree's
# address goes to args.c.
# Other harts than the one that arrives first are never started (SBI HSM), so none is parked here.

  .section .text.start, "ax"
  .globl _start
_start:
  .option push
  .option norelax
  la    gp, __global_pointer$
  .option pop
  la    sp, stack_top
  la    t0, bss_start
  la    t1, bss_end
1:
  bgeu  t0, t1, 2f
  sd    zero, 0(t0)
  addi  t0, t0, 8
  j     1b
2:
  la    t0, bench_fdt
  sd    a1, 0(t0)
  call  bench_main
  call  sbi_shutdown
3:
  wfi
  j     3b
