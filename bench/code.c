// code.c - much code: functions of 256 bytes that fill kib= KiB, called in an order that looks random,
// each once a round. The program writes them itself, so that one ELF has any footprint; no two are
// alike. [unpriv zifencei]
#include "args.h"
#include "sbi.h"

#ifndef CALLS
#define CALLS 1000000
#endif

enum { FUNCTION = 256, WORDS = FUNCTION / 4, RET = 0x00008067 };

// addi or xori a0, a0, imm; or add a0, a0, a1: by the bits of x.
static uint32_t instruction(uint64_t x)
{
  const uint32_t imm = (x >> 8 & 0x7ff) << 20, a0_a0 = 10 << 15 | 10 << 7;
  switch (x & 3) {
  case 0:
    return imm | a0_a0 | 4 << 12 | 0x13;
  case 1:
    return 11 << 20 | a0_a0 | 0x33;
  default:
    return imm | a0_a0 | 0x13;
  }
}

static void write_functions(uint32_t *code, uint64_t n)
{
  uint64_t x = 0x2545f4914f6cdd1d;
  for (uint64_t i = 0; i < n; i++, code += WORDS) {
    for (unsigned k = 0; k < WORDS - 1; k++) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      code[k] = instruction(x >> 16);
    }
    code[WORDS - 1] = RET;
  }
  __asm__ volatile("fence.i" : : : "memory");
}

typedef uint64_t function(uint64_t a, uint64_t b);

void bench_main(void);
void bench_main(void)
{
  const uint64_t calls = bench_arg("n=", CALLS);
  const uint64_t n = (bench_arg("kib=", 64) << 10) / FUNCTION; // a power of two: then all come in turn
  uint32_t *code = bench_alloc(n * FUNCTION, 4096);
  uint64_t sum = 0, at = 0;
  write_functions(code, n);
  const uint64_t before = read_instret();
  for (uint64_t i = 0; i < calls; i++) {
    at = (at * 0x5851f42d4c957f2dul + 0x14057b7ef767814ful) & (n - 1);
    sum = ((function *)(code + at * WORDS))(sum, i);
  }
  bench_report("code", calls, "calls", sum, read_instret() - before);
}
