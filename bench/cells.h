// cells.h - the pointers of chase.c and chase2.c: one in each of so many pages from CELLS on, linked to
// a cycle in random order.
#include <stdint.h>

#include "args.h"

// The pointer of page i; pages use different cache lines, so that the caches are not the subject.
static uint64_t *cell(uint64_t i) { return (uint64_t *)(CELLS + (i << 12) + (i * 64 & 4032)); }

// A random cycle through all pages (Sattolo).
static void link_cells(uint64_t pages)
{
  uint32_t *order = bench_alloc(pages * sizeof *order, 8);
  uint32_t x = 0x2545f491;
  for (uint32_t i = 0; i < pages; i++)
    order[i] = i;
  for (uint32_t i = pages - 1; i > 0; i--) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    const uint32_t j = x % i, t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (uint32_t i = 0; i < pages; i++)
    *cell(i) = (uintptr_t)cell(order[i]);
}
