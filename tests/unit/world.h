/* world.h - harts, memory and one noisy device, without the machine around them: for tests of the
 * engines. A world's harts share memory and decoded code as a machine's do.
 *
 * Time is the hart's own instruction count / 100, so that it shows whether counts are exact. The
 * device at DEV answers reads with the reader's instruction count and how often it was accessed:
 * an access repeated, split or made at the wrong count is seen.
 */
#ifndef RVH_TESTS_WORLD_H
#define RVH_TESTS_WORLD_H
#include "cpu/event.h"
#include "cpu/run.h"
#include "mmu/phys.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/counter.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "priv/trap.h"
#include "unit.h"
#include <inttypes.h>
#include <string.h>

#define RAM 0x80000000ull
#define DEV 0x10000000ull
enum { RAM_SIZE = 128 << 10, WORLD_HARTS = 3 };

typedef struct {
  rv_phys phys;
  rv_code *code;
  rv_env env;
  rv_hart *harts[WORLD_HARTS];
  unsigned n;
  uint64_t accesses, last_pa, last_size, last_write, last_icount; /* of the device */
  uint64_t events;
  rv_hart *now; /* whose time it is */
} world;

static uint64_t world_time(void *ctx)
{
  const world *w = ctx;
  return w->now ? w->now->icount / 100 : 0;
}

static bool world_claims(void *bus, uint64_t pa) { return pa - DEV < 4096; }

static void world_note(world *w, const rv_hart *h, uint64_t pa, unsigned size, bool write)
{
  w->accesses++;
  w->last_pa = pa;
  w->last_size = size;
  w->last_write = write;
  w->last_icount = h->icount;
}

static bool world_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  world *w = bus;
  world_note(w, h, pa, size, false);
  *value = h->icount << 16 | (w->accesses & 0xffff);
  if (size < 8)
    *value &= (1ull << 8 * size) - 1;
  return pa - DEV < 2048;
}

/* Even values lower the software interrupt's line, odd ones raise it. */
static bool world_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  world_note(bus, h, pa, size, true);
  if (pa - DEV >= 2048)
    return false;
  rv_set_line(h, IRQ_MSI, value & 1);
  return true;
}

static void world_event(void *ctx, rv_hart *h, const rv_event *e) { ((world *)ctx)->events++; }

static inline void world_reset_hart(world *w, rv_hart *h)
{
  memset(h->x, 0, sizeof h->x);
  memset(h->f, 0, sizeof h->f);
  memset(h->loop, 0, sizeof h->loop);
  h->prv = PRV_M;
  h->v = h->wfi = h->attention = h->leave = h->fp_fast = false;
  h->pc = RAM;
  h->icount = h->unretired = 0;
  h->stop = 0;
  h->ip_lines = 0;
  h->reservation = ~0ull;
  h->choice.ext = RV_EXT_DEFAULT;
  rv_csr_reset(h);
  rv_pmp_reset(h);
  h->csr.pmpaddr[0] = ~0ull;
  rv_csr_poke(h, CSR_pmpaddr0, ~0ull);
  rv_csr_poke(h, CSR_pmpcfg0, 0x1f);
  rv_tlb_drop_all(h);
  rv_regime_changed(h);
  w->now = h;
  rv_irq_update(h);
}

static inline world *world_new(unsigned n, size_t arena)
{
  world *w = calloc(1, sizeof *w);
  w->n = n;
  ck_assert_ptr_nonnull(rv_phys_add(&w->phys, RAM, RAM_SIZE, false));
  w->code = rv_code_new(&w->phys, arena, rv_engine_here());
  ck_assert_ptr_nonnull(w->code);
  w->phys.bus = w;
  w->phys.bus_read = world_read;
  w->phys.bus_write = world_write;
  w->phys.bus_claims = world_claims;
  w->env = (rv_env){
    .ctx = w, .time = world_time, .event = world_event
  };
  for (unsigned i = 0; i < n; i++) {
    rv_hart *h = w->harts[i] = calloc(1, sizeof *h);
    h->id = i;
    h->phys = &w->phys;
    h->code = w->code;
    h->env = &w->env;
    ck_assert(rv_mmu_init(h));
  }
  w->phys.harts = w->harts;
  w->phys.n_harts = n;
  for (unsigned i = 0; i < n; i++)
    world_reset_hart(w, w->harts[i]);
  return w;
}

static inline void world_free(world *w)
{
  for (unsigned i = 0; i < w->n; i++) {
    rv_mmu_free(w->harts[i]);
    free(w->harts[i]);
  }
  rv_code_free(w->code);
  rv_phys_free(&w->phys);
  free(w);
}

static inline uint8_t *world_ram(world *w) { return w->phys.region[0].host; }

static inline void world_poke(world *w, uint64_t pa, const void *bytes, size_t n)
{
  ck_assert(rv_phys_write(&w->phys, pa, bytes, n));
}
static inline void world_poke64(world *w, uint64_t pa, uint64_t value)
{
  world_poke(w, pa, &value, 8);
}
static inline uint64_t world_peek64(world *w, uint64_t pa)
{
  uint64_t value;
  ck_assert(rv_phys_read(&w->phys, pa, &value, 8));
  return value;
}

/* Assembles lines separated by ';' or newlines to pa, as seen at va; returns the address (va)
 * after them. */
static inline uint64_t world_asm_at(world *w, uint64_t pa, uint64_t va, const char *text)
{
  char line[128], error[200];
  while (*text) {
    const size_t n = strcspn(text, ";\n");
    uint32_t bits;
    unsigned len;
    ck_assert_uint_lt(n, sizeof line);
    memcpy(line, text, n);
    line[n] = 0;
    text += n + (text[n] != 0);
    const char *start = line + strspn(line, " ");
    if (!*start)
      continue;
    ck_assert_msg(rv_asm(start, va, &bits, &len, error, sizeof error), "%s: %s", start, error);
    world_poke(w, pa, &bits, len);
    pa += len;
    va += len;
  }
  return va;
}
static inline uint64_t world_asm(world *w, uint64_t pa, const char *text)
{
  return world_asm_at(w, pa, pa, text);
}

/* Runs exactly n instructions by the engine, interrupts taken, wfi passed over. */
static inline void world_run(world *w, rv_hart *h, uint64_t n)
{
  const uint64_t end = h->icount + n;
  w->now = h;
  while (h->icount < end) {
    const uint64_t before = h->icount;
    if (h->attention && !rv_take_interrupt(h))
      rv_irq_update(h);
    h->leave = h->wfi = false;
    const uint64_t left = end - h->icount, overflow = rv_overflow_in(h);
    rv_run(h, overflow < left ? overflow : left);
    ck_assert_uint_le(h->icount, end);
    if (h->icount == before && !h->attention && !h->leave)
      rv_step(h);
    rv_counter_overflows(h);
  }
  ck_assert_uint_eq(h->icount, end);
}

/* The same, one by one. */
static inline void world_step(world *w, rv_hart *h, uint64_t n)
{
  const uint64_t end = h->icount + n;
  w->now = h;
  while (h->icount < end) {
    const uint64_t before = h->icount;
    if (h->attention && !rv_take_interrupt(h))
      rv_irq_update(h);
    h->leave = h->wfi = false;
    rv_step(h);
    rv_counter_overflows(h);
    ck_assert_uint_eq(h->icount, before + 1);
  }
}

static inline uint64_t world_csr(rv_hart *h, unsigned csr)
{
  uint64_t value = 0;
  ck_assert(rv_csr_peek(h, csr, &value));
  return value;
}
#endif
