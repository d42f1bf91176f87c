// cells.h - the pointers of chase.c and chase2.c: one in each of PAGES pages from CELLS on, linked to a
// cycle in random order.
#include <stdint.h>

static uint32_t order[PAGES];

// The pointer of page i; pages use different cache lines, so that the caches are not the subject.
static uint64_t *cell(uint64_t i) { return (uint64_t *)(CELLS + (i << 12) + (i * 64 & 4032)); }

// A random cycle through all pages (Sattolo).
static void link_cells(void)
{
  uint32_t x = 0x2545f491;
  for (uint32_t i = 0; i < PAGES; i++)
    order[i] = i;
  for (uint32_t i = PAGES - 1; i > 0; i--) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    const uint32_t j = x % i, t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (uint32_t i = 0; i < PAGES; i++)
    *cell(i) = (uintptr_t)cell(order[i]);
}
