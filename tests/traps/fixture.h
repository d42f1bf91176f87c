/* fixture.h - one hart with RAM, no devices, both engines; no test framework.
 *
 * As tests/unit/core_fixture.h, which needs Check around it: here a case is set up so often that
 * assertions with a system call each would be felt.
 */
#ifndef RVH_TRAPS_FIXTURE_H
#define RVH_TRAPS_FIXTURE_H
#include "cpu/event.h"
#include "cpu/insn.h"
#include "cpu/run.h"
#include "mmu/phys.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "priv/trap.h"
#include "unit/modes.h"
#include <glib.h>
#include <string.h>

enum { CORE_RAM_SIZE = 1 << 20 };

typedef struct {
  rv_phys phys;
  rv_env env;
  rv_hart *h, *harts[1];
  uint64_t seed;
} core;

static inline uint64_t core_time(void *ctx) { return 0; }
static inline void core_event(void *ctx, rv_hart *h, const rv_event *e) {}
static inline bool core_no_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  return false;
}
static inline bool core_no_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  return false;
}
static inline bool core_no_claim(void *bus, uint64_t pa) { return false; }

/* The hart has these from now on; its registers are reset. */
static inline void core_set_extensions(core *c, uint64_t ext)
{
  c->h->choice.ext = c->phys.code->ext = ext;
  rv_csr_reset(c->h);
}

/* What the model knows: all but AIA, which tests/unit/test_aia.c has oracles for. */
#define TRAPS_EXT (RV_EXT_ALL & ~(1ull << EXT_Smaia | 1ull << EXT_Ssaia))

/* Time stands still at 0, so that a comparator says what the case wants. */
static inline core *core_new(void)
{
  core *c = g_new0(core, 1);
  rv_hart *h = c->h = c->harts[0] = g_new0(rv_hart, 1);
  c->seed = 0x9e3779b97f4a7c15;
  c->env = (rv_env){ .ctx = c, .time = core_time, .event = core_event };
  c->phys.bus_read = core_no_read;
  c->phys.bus_write = core_no_write;
  c->phys.bus_claims = core_no_claim;
  c->phys.harts = c->harts;
  c->phys.n_harts = 1;
  *h = (rv_hart){ .env = &c->env, .phys = &c->phys, .prv = PRV_M, .reservation = ~0ull };
  if (!rv_phys_add(&c->phys, CORE_RAM, CORE_RAM_SIZE, false) || !rv_mmu_init(h))
    g_error("out of memory");
  h->code = c->phys.code = rv_code_new(&c->phys, 4 << 20, rv_engine_here());
  core_set_extensions(c, TRAPS_EXT);
  return c;
}

static inline void core_free(core *c)
{
  rv_code_free(c->phys.code);
  rv_mmu_free(c->h);
  g_free(c->h);
  rv_phys_free(&c->phys);
  g_free(c);
}

/* Value as M-mode would read it, without side effects. */
static inline uint64_t core_peek(rv_hart *h, unsigned csr)
{
  uint64_t value = 0;
  rv_csr_peek(h, csr, &value);
  return value;
}
static inline void core_poke(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_csr_poke(h, csr, value);
}

static inline void set_mode(rv_hart *h, core_mode mode)
{
  h->prv = mode_of[mode].prv;
  h->v = mode_of[mode].v;
  h->wfi = false;
  rv_regime_changed(h);
  rv_irq_update(h);
}

/* Pseudo-random numbers, the same in every run (xorshift64*). */
static inline uint64_t core_random(core *c)
{
  c->seed ^= c->seed >> 12;
  c->seed ^= c->seed << 25;
  c->seed ^= c->seed >> 27;
  return c->seed * 0x2545f4914f6cdd1dull;
}
#endif
