/* core_fixture.h - harts with RAM and nothing else: tests set modes and CSRs, execute single
 * instructions from their text, and look at what became of them.
 */
#ifndef RVH_TESTS_CORE_FIXTURE_H
#define RVH_TESTS_CORE_FIXTURE_H
#include "cpu/event.h"
#include "cpu/insn.h"
#include "cpu/run.h"
#include "mmu/phys.h"
#include "mmu/tlb.h"
#include "priv/counter.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "priv/trap.h"
#include "modes.h"
#include "unit.h"
#include <string.h>

enum { CORE_RAM_SIZE = 1 << 20, CORE_MAX_HARTS = 4, CORE_MAX_EVENTS = 64, NO_TRAP = -1 };

#define DATA 0x80010000ull /* free */

typedef struct {
  rv_event e;
  rv_csr_change change[32];
} core_event;

typedef struct {
  rv_phys phys;
  rv_env env;
  rv_hart *harts[CORE_MAX_HARTS], *h; /* h is hart 0 */
  uint64_t now;
  unsigned timer_changes, n_events;
  core_event events[CORE_MAX_EVENTS]; /* the first ones; n_events counts all */
  uint64_t seed;
} core;

static uint64_t core_time(void *ctx) { return ((core *)ctx)->now; }
static void core_timer(void *ctx, rv_hart *h) { ((core *)ctx)->timer_changes++; }
static void core_tell(void *ctx, rv_hart *h, const rv_event *e)
{
  core *c = ctx;
  const unsigned i = c->n_events++;
  if (i >= CORE_MAX_EVENTS)
    return;
  c->events[i].e = *e;
  if (e->n_change)
    memcpy(c->events[i].change, e->change, e->n_change * sizeof *e->change);
  c->events[i].e.change = c->events[i].change;
}
static bool core_no_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  return false;
}
static bool core_no_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  return false;
}
static bool core_no_claim(void *bus, uint64_t pa) { return false; }

/* A hart as after reset; its owner frees it by core_free_hart. */
static inline rv_hart *core_new_hart(rv_phys *phys, const rv_env *env, unsigned id)
{
  rv_hart *h = calloc(1, sizeof *h);
  ck_assert_ptr_nonnull(h);
  h->id = id;
  h->env = env;
  h->phys = phys;
  h->prv = PRV_M;
  h->reservation = ~0ull;
  h->choice.ext = RV_EXT_DEFAULT;
  rv_csr_reset(h);
  ck_assert(rv_mmu_init(h));
  return h;
}

static inline void core_free_hart(rv_hart *h)
{
  rv_mmu_free(h);
  free(h);
}

/* Memory of its own, no devices. */
static inline void core_set_phys(rv_phys *phys, rv_hart **harts, unsigned n)
{
  ck_assert_ptr_nonnull(rv_phys_add(phys, CORE_RAM, CORE_RAM_SIZE, false));
  phys->bus_read = core_no_read;
  phys->bus_write = core_no_write;
  phys->bus_claims = core_no_claim;
  phys->harts = harts;
  phys->n_harts = n;
}

/* Value as M-mode would read it, without side effects. */
static inline uint64_t core_peek(rv_hart *h, unsigned csr)
{
  uint64_t value = 0;
  ck_assert_msg(rv_csr_peek(h, csr, &value), "no CSR %#x", csr);
  return value;
}
static inline void core_poke(rv_hart *h, unsigned csr, uint64_t value)
{
  ck_assert_msg(rv_csr_poke(h, csr, value), "no CSR %#x", csr);
}

/* Harts in M-mode; PMP lets everybody everywhere; vectors set, direct. */
static inline core *core_new_n(unsigned n)
{
  core *c = calloc(1, sizeof *c);
  ck_assert_ptr_nonnull(c);
  c->seed = 0x9e3779b97f4a7c15;
  core_set_phys(&c->phys, c->harts, n);
  c->env = (rv_env){ .ctx = c,
                     .time = core_time,
                     .timer_changed = core_timer,
                     .event = core_tell };
  for (unsigned i = 0; i < n; i++) {
    rv_hart *h = c->harts[i] = core_new_hart(&c->phys, &c->env, i);
    core_poke(h, CSR_pmpaddr0, ~0ull);
    core_poke(h, CSR_pmpcfg0, 0x1f);
    core_poke(h, CSR_mtvec, M_VECTOR);
    core_poke(h, CSR_stvec, HS_VECTOR);
    core_poke(h, CSR_vstvec, VS_VECTOR);
    h->pc = CODE;
    rv_regime_changed(h); /* what the machine's reset selects */
  }
  c->h = c->harts[0];
  return c;
}
static inline core *core_new(void) { return core_new_n(1); }

/* The fast engine on top: rv_run works from here on. */
static inline void core_add_engine(core *c)
{
  rv_code *code = rv_code_new(&c->phys, 4 << 20, rv_engine_here());
  ck_assert_ptr_nonnull(code);
  c->phys.code = code;
  for (unsigned i = 0; i < c->phys.n_harts; i++)
    c->harts[i]->code = code;
}

static inline void core_free(core *c)
{
  if (c->phys.code)
    rv_code_free(c->phys.code);
  for (unsigned i = 0; i < c->phys.n_harts; i++)
    core_free_hart(c->harts[i]);
  rv_phys_free(&c->phys);
  free(c);
}

static inline void set_mode(rv_hart *h, core_mode mode)
{
  h->prv = mode_of[mode].prv;
  h->v = mode_of[mode].v;
  h->wfi = false;
  rv_counter_mode(h, 0);
  rv_regime_changed(h);
  rv_irq_update(h);
}

/* The bits of one instruction. */
static inline uint32_t assemble(const char *text, unsigned *len)
{
  char error[200] = "";
  uint32_t bits = 0;
  ck_assert_msg(rv_asm(text, CODE, &bits, len, error, sizeof error), "%s: %s", text, error);
  return bits;
}

static inline void put_memory(core *c, uint64_t pa, uint64_t value, unsigned size)
{
  ck_assert(rv_phys_write(&c->phys, pa, &value, size));
}
static inline uint64_t get_memory(core *c, uint64_t pa, unsigned size)
{
  uint64_t value = 0;
  ck_assert(rv_phys_read(&c->phys, pa, &value, size));
  return value;
}

/* The trap event of the last execute_*(). */
static inline const rv_event *last_trap(const core *c) { return &c->events[0].e; }

/* Executes the bits at CODE in the given mode; the exception's cause, or NO_TRAP. Interrupts are
 * not taken. Traps are observed in addition to what the test observes. */
static inline int execute_bits(core *c, core_mode mode, uint32_t bits)
{
  rv_hart *h = c->h;
  const uint64_t observe = h->observe;
  put_memory(c, CODE, bits, (bits & 3) == 3 ? 4 : 2);
  set_mode(h, mode);
  h->pc = CODE;
  h->observe |= 1ull << RV_EV_TRAP;
  c->n_events = 0;
  rv_step(h);
  h->observe = observe;
  for (unsigned i = 0; i < c->n_events && i < CORE_MAX_EVENTS; i++)
    if (c->events[i].e.type == RV_EV_TRAP) {
      c->events[0] = c->events[i];
      c->events[0].e.change = c->events[0].change;
      return c->events[0].e.u.trap.cause;
    }
  return NO_TRAP;
}
static inline int execute(core *c, core_mode mode, const char *text)
{
  unsigned len;
  return execute_bits(c, mode, assemble(text, &len));
}

/* Write (csrrw) from x10 and read (csrrs x0) to x11 by an instruction; they must not trap. */
static inline void csr_write(core *c, core_mode mode, unsigned csr, uint64_t value)
{
  c->h->x[10] = value;
  const int cause = execute_bits(c, mode, csr_bits(csr, 1, 10, 0));
  ck_assert_msg(cause == NO_TRAP, "%s writes %#x: cause %d", mode_names[mode], csr, cause);
}
static inline uint64_t csr_read(core *c, core_mode mode, unsigned csr)
{
  const int cause = execute_bits(c, mode, csr_bits(csr, 2, 0, 11));
  ck_assert_msg(cause == NO_TRAP, "%s reads %#x: cause %d", mode_names[mode], csr, cause);
  return c->h->x[11];
}

/* Every switch that can refuse a CSR or an instruction below M lets it pass. */
static inline void open_gates(core *c)
{
  rv_hart *h = c->h;
  core_poke(h, CSR_mcounteren, ~0ull);
  core_poke(h, CSR_hcounteren, ~0ull);
  core_poke(h, CSR_scounteren, ~0ull);
  core_poke(h, CSR_menvcfg, ~0ull);
  core_poke(h, CSR_henvcfg, 1ull << 63);
  core_poke(h, CSR_mstatus, 3 << 13);
  core_poke(h, CSR_vsstatus, 3 << 13);
}

static inline uint64_t core_random(core *c) { return unit_random(&c->seed); }

#endif
