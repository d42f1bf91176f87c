// chase.c - pointer chase under Sv39 with 4 KiB pages: one pointer per page, in random order, so
// that every load needs another translation. PAGES 256 (1 MiB) fits into a TLB of ordinary size,
// 16384 (64 MiB) does not. [priv supervisor#sv39]
#include "args.h"
#include "sbi.h"

#ifndef PAGES
#define PAGES 256
#endif
#ifndef STEPS
#define STEPS 100000000
#endif
#ifndef NAME
#define NAME "chase1m"
#endif

enum { PTE_V = 1, PTE_RWX = 14, PTE_AD = 192, UNROLL = 16 };
#define SATP_SV39 (8ul << 60)
#define DATA_VA 0x100000000ul // behind the identity-mapped first 4 GiB
#define DATA_PA 0x81000000ul  // above this program and its tables

static uint64_t root[512] __attribute__((aligned(4096)));

static uint64_t pte(uint64_t pa, uint64_t flags) { return pa >> 12 << 10 | flags | PTE_V; }

// Tables for pages at DATA_VA, whole ones: middle and last are rows of 512.
static void map(uint64_t pages)
{
  const uint64_t n_last = (pages + 511) / 512, n_middle = (n_last + 511) / 512;
  uint64_t *middle = bench_alloc(n_middle << 12, 4096), *last = bench_alloc(n_last << 12, 4096);
  for (uint64_t i = 0; i < 4; i++)
    root[i] = pte(i << 30, PTE_RWX | PTE_AD);
  for (uint64_t i = 0; i < n_middle; i++)
    root[(DATA_VA >> 30) + i] = pte((uintptr_t)(middle + 512 * i), 0);
  for (uint64_t i = 0; i < n_last; i++)
    middle[i] = pte((uintptr_t)(last + 512 * i), 0);
  for (uint64_t i = 0; i < pages; i++)
    last[i] = pte(DATA_PA + (i << 12), PTE_RWX | PTE_AD);
  const uint64_t satp = SATP_SV39 | (uintptr_t)root >> 12;
  __asm__ volatile("csrw satp, %0\n sfence.vma" : : "r"(satp) : "memory");
}

#define CELLS DATA_VA
#include "cells.h"

// QEMU gives its TLB another size when it is flushed, by what was used before: without this it has 64
// entries or 256 as the host's other work will have it. Three flushes make it at least 512, if used.
static void settle(uint64_t pages)
{
  uint64_t p = DATA_VA;
  for (int flush = 0; flush < 3; flush++) {
    for (uint64_t i = 0; i < pages; i++)
      p = *(volatile uint64_t *)p;
    __asm__ volatile("sfence.vma" : : "r"(p) : "memory");
  }
}

void bench_main(void);
void bench_main(void)
{
  const uint64_t pages = bench_arg("pages=", PAGES), steps = bench_arg("n=", STEPS);
  map(pages);
  link_cells(pages);
  bench_room(bench_alloc(0, 8), DATA_PA);
  settle(pages);
  uint64_t p = DATA_VA, n = steps / UNROLL, sum = 0;
  const uint64_t before = read_instret();
  __asm__ volatile("1:\n"
                   "  .rept 16\n"
                   "  ld   %[p], 0(%[p])\n"
                   "  .endr\n"
                   "  xor  %[sum], %[sum], %[p]\n"
                   "  addi %[n], %[n], -1\n"
                   "  bnez %[n], 1b\n"
                   : [p] "+r"(p), [sum] "+r"(sum), [n] "+r"(n)
                   :
                   : "memory");
  bench_report(NAME, steps, "steps", p + sum, read_instret() - before);
}
