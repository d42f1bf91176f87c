// harts.c - harts= harts share n= rounds of work: each mixes 16 KiB of its own, and counts its rounds
// in one word of all by amoadd. The first one starts the others, and waits for the last. [sbi: HSM]
#include "args.h"
#include "sbi.h"

#ifndef ROUNDS
#define ROUNDS 8000
#endif

enum { MAX_HARTS = 8, WORDS = 2048, STACK = 4096, EID_HSM = 0x48534d };

static uint64_t table[MAX_HARTS][WORDS] __attribute__((aligned(4096)));
static uint64_t rounds_done, harts_done, instret, each;
static uint64_t sums[MAX_HARTS];
uint8_t harts_stack[MAX_HARTS][STACK] __attribute__((aligned(16)));

static uint64_t count(uint64_t *word, uint64_t n)
{
  return __atomic_fetch_add(word, n, __ATOMIC_SEQ_CST);
}

void harts_work(uint64_t i);
void harts_work(uint64_t i)
{
  const uint64_t before = read_instret();
  uint64_t x = 0x9e3779b97f4a7c15ul * (i + 1);
  for (uint64_t round = 0; round < each; round++) {
    for (unsigned k = 0; k < WORDS; k++) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      table[i][k] = x += table[i][(k * 5 + round) % WORDS];
    }
    count(&rounds_done, 1);
  }
  sums[i] = x;
  count(&instret, read_instret() - before);
  count(&harts_done, 1);
}

// Where a hart begins: a1 = its number of ours.
__attribute__((naked)) static void begin(void)
{
  __asm__("  mv   a0, a1\n"
          "  la   sp, harts_stack\n"
          "  addi a1, a1, 1\n"
          "  slli a1, a1, 12\n"
          "  add  sp, sp, a1\n"
          "  call harts_work\n"
          "  li   a7, 0x48534d\n" // hart_stop
          "  li   a6, 1\n"
          "  ecall\n"
          "1: j   1b\n");
}

// hart_start; fails for the hart that runs.
static bool start_hart(uint64_t id, uint64_t i)
{
  register uint64_t a0 __asm__("a0") = id, a1 __asm__("a1") = (uintptr_t)begin,
                    a2 __asm__("a2") = i, a6 __asm__("a6") = 0, a7 __asm__("a7") = EID_HSM;
  __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
  return a0 == 0;
}

void bench_main(void);
void bench_main(void)
{
  const uint64_t harts = bench_arg("harts=", 1), rounds = bench_arg("n=", ROUNDS);
  uint64_t sum = 0, started = 1;
  each = rounds / harts;
  for (uint64_t id = 0; id < harts; id++)
    started += start_hart(id, started);
  harts_work(0);
  while (__atomic_load_n(&harts_done, __ATOMIC_ACQUIRE) < started)
    ;
  for (uint64_t i = 0; i < started; i++)
    sum = sum * 31 + sums[i];
  bench_report("harts", rounds_done, "rounds", sum, instret);
}
