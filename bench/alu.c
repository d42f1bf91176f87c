// alu.c - a tight loop of integer operations in registers: what one instruction costs when nothing
// but dispatch and arithmetic is done. Assembly, so that every compiler makes the same loop.
#include "args.h"
#include "sbi.h"

#ifndef ROUNDS
#define ROUNDS 300000000
#endif

void bench_main(void);
void bench_main(void)
{
  const uint64_t rounds = bench_arg("n=", ROUNDS);
  uint64_t a = 0x2545f4914f6cdd1d, sum = 0, n = rounds, t;
  const uint64_t before = read_instret();
  __asm__ volatile("1:\n"
                   "  slli %[t], %[a], 13\n"
                   "  xor  %[a], %[a], %[t]\n"
                   "  srli %[t], %[a], 7\n"
                   "  xor  %[a], %[a], %[t]\n"
                   "  slli %[t], %[a], 17\n"
                   "  xor  %[a], %[a], %[t]\n"
                   "  add  %[sum], %[sum], %[a]\n"
                   "  addi %[n], %[n], -1\n"
                   "  bnez %[n], 1b\n"
                   : [a] "+r"(a), [sum] "+r"(sum), [n] "+r"(n), [t] "=&r"(t));
  bench_report("alu", rounds, "rounds", sum, read_instret() - before);
}
