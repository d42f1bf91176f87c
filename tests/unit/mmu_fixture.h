/* mmu_fixture.h - two harts, RAM, a ROM and a register device, and a builder of page tables for
 * either stage. Nothing executes: tests call the memory system as the engines do.
 *
 * The guest's physical addresses are not the machine's: GPA = PA - GUEST_OFFSET through g_window(),
 * so that a stage left out shows.
 */
#ifndef RVH_TESTS_MMU_FIXTURE_H
#define RVH_TESTS_MMU_FIXTURE_H
#include "cpu/event.h"
#include "mmu/access.h"
#include "mmu/phys.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "mmu/walk.h"
#include "priv/csr.h"
#include "priv/trap.h"
#include "unit.h"
#include <string.h>

static const uint64_t RAM = 0x80000000, ROM = 0x20000000, DEVICE = 0x10000000;
enum { RAM_SIZE = 16 << 20, PAGE = 4096 };
#define GUEST_OFFSET 0x40000000ull
enum { BARE, SV39 = 8, SV48, SV57 };
enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
enum { RWX = V | R | W | X | A | D, URWX = RWX | U };
#define PBMT_NC (1ull << 61)
#define PBMT_IO (2ull << 61)
#define NAPOT (1ull << 63)

typedef struct {
  rv_phys phys;
  rv_hart *h, *harts[2];
  rv_env env;
  uint64_t top; /* where the next table goes */
  unsigned n_reads, n_writes, n_watched, n_code;
  uint64_t last_pa, last_value, watch_pa[4];
  unsigned last_size, watch_size[4];
  bool refuse;
} fixture;

static bool device_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  fixture *f = bus;
  f->n_reads++;
  f->last_pa = pa;
  f->last_size = size;
  *value = 0x5a;
  return !f->refuse;
}
static bool device_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  fixture *f = bus;
  f->n_writes++;
  f->last_pa = pa;
  f->last_size = size;
  f->last_value = value;
  return !f->refuse;
}
static bool device_claims(void *bus, uint64_t pa) { return pa - DEVICE < PAGE; }
static void on_watch(void *bus, uint64_t pa, unsigned size)
{
  fixture *f = bus;
  f->watch_pa[f->n_watched & 3] = pa;
  f->watch_size[f->n_watched++ & 3] = size;
}
static void on_code(rv_code *code, rv_page *page) { ((fixture *)code)->n_code++; }

static rv_hart *new_hart(fixture *f, unsigned id)
{
  rv_hart *h = calloc(1, sizeof *h);
  ck_assert_ptr_nonnull(h);
  h->id = id;
  h->env = &f->env;
  h->phys = &f->phys;
  h->prv = PRV_M;
  h->reservation = ~0ull;
  h->choice.ext = RV_EXT_DEFAULT;
  rv_csr_reset(h);
  ck_assert(rv_mmu_init(h));
  rv_pmp_reset(h);
  rv_pmp_write_addr(h, 15, ~0ull); /* the last entry grants everything */
  rv_pmp_write_cfg(h, 8, 0x1full << 56);
  h->csr.menvcfg = 0;
  rv_regime_changed(h);
  return h;
}

static fixture *set_up(void)
{
  fixture *f = calloc(1, sizeof *f);
  ck_assert_ptr_nonnull(f);
  ck_assert_ptr_nonnull(rv_phys_add(&f->phys, RAM, RAM_SIZE, false));
  ck_assert_ptr_nonnull(rv_phys_add(&f->phys, ROM, PAGE, true));
  f->phys.bus = f;
  f->phys.bus_read = device_read;
  f->phys.bus_write = device_write;
  f->phys.bus_claims = device_claims;
  f->phys.watch = on_watch;
  f->phys.code = (rv_code *)f;
  f->phys.code_written = on_code;
  f->phys.harts = f->harts;
  f->phys.n_harts = 2;
  f->env = (rv_env){ .ctx = f };
  for (unsigned i = 0; i < 2; i++)
    f->harts[i] = new_hart(f, i);
  f->h = f->harts[0];
  f->top = RAM + (8 << 20);
  return f;
}

static inline void tear_down(fixture *f)
{
  for (unsigned i = 0; i < 2; i++) {
    rv_mmu_free(f->harts[i]);
    free(f->harts[i]);
  }
  rv_phys_free(&f->phys);
  free(f);
}

static inline uint64_t *word(fixture *f, uint64_t pa)
{
  rv_region *r = rv_phys_find(&f->phys, pa, 8);
  if (!r) /* an assertion that holds costs a system call */
    ck_abort_msg("%#lx is not in memory", (long)pa);
  return (uint64_t *)rv_region_host(r, pa);
}

/* ---- page tables ---- */

typedef struct {
  uint64_t root; /* physical */
  unsigned mode;
  bool g;          /* x4 */
  uint64_t offset; /* what the tables call pa is pa - offset: those of the guest */
} tables;

static inline tables new_tables(fixture *f, unsigned mode, bool g, uint64_t offset)
{
  f->top = (f->top + 0x3fff) & ~0x3fffull;
  tables t = { .root = f->top, .mode = mode, .g = g, .offset = offset };
  f->top += g ? 4 * PAGE : PAGE;
  return t;
}

static inline uint64_t pte_of(uint64_t to, uint64_t flags) { return to >> 12 << 10 | flags; }

static inline unsigned top_level(const tables *t) { return t->mode - 6; }

/* Where the PTE of va at that level is, in physical memory; tables above are made if missing. */
static inline uint64_t slot(fixture *f, const tables *t, uint64_t va, unsigned level)
{
  uint64_t table = t->root;
  for (unsigned i = top_level(t);; i--) {
    const uint64_t mask = t->g && i == top_level(t) ? 2047 : 511;
    const uint64_t at = table + (va >> (12 + 9 * i) & mask) * 8;
    if (i == level)
      return at;
    uint64_t *pte = word(f, at);
    if (!*pte) {
      *pte = pte_of(f->top - t->offset, V);
      f->top += PAGE;
    }
    table = (*pte >> 10 << 12) + t->offset;
  }
}

static inline uint64_t map(fixture *f, const tables *t, uint64_t va, uint64_t to, unsigned level,
                           uint64_t flags)
{
  const uint64_t at = slot(f, t, va, level);
  *word(f, at) = pte_of(to, flags);
  return at;
}

/* All RAM behind the guest's addresses, in pages of 4 KiB, with all rights. */
static inline void g_window(fixture *f, const tables *g)
{
  for (uint64_t pa = RAM; pa < RAM + RAM_SIZE; pa += PAGE)
    map(f, g, pa - GUEST_OFFSET, pa, 0, URWX);
}

/* The G-stage PTE of a page given by its physical address. */
static inline uint64_t *g_pte(fixture *f, const tables *g, uint64_t pa)
{
  return word(f, slot(f, g, pa - GUEST_OFFSET, 0));
}

static inline uint64_t atp(const tables *t, uint64_t id)
{
  return t->mode ? (uint64_t)t->mode << 60 | id << 44 | (t->root - t->offset) >> 12 : 0;
}

/* ---- regimes ---- */

static inline void set_mode(rv_hart *h, rv_prv prv, bool v)
{
  h->prv = prv;
  h->v = v;
  rv_regime_changed(h);
}

static inline void set_csr(rv_hart *h, unsigned csr, uint64_t value)
{
  ck_assert(rv_csr_poke(h, csr, value));
}
static inline void change(rv_hart *h, uint64_t *reg, uint64_t mask, bool on)
{
  *reg = on ? *reg | mask : *reg & ~mask;
  rv_regime_changed(h);
}

/* ---- expectations ---- */

/* What software does after it changed any PTE. */
static inline void fence_everything(rv_hart *h)
{
  rv_sfence_vma_hs(h, false, 0, false, 0);
  rv_hfence_vvma(h, false, 0, false, 0);
  rv_hfence_gvma(h, false, 0, false, 0);
}

static const rv_xmode VS_LOAD = { .access = RV_LOAD, .prv = PRV_S, .v = true };
static const rv_xmode VS_STORE = { .access = RV_STORE, .prv = PRV_S, .v = true };
static const rv_xmode VS_FETCH = { .access = RV_FETCH, .prv = PRV_S, .v = true };
static const rv_xmode VU_LOAD = { .access = RV_LOAD, .prv = PRV_U, .v = true };
static const rv_xmode VU_FETCH = { .access = RV_FETCH, .prv = PRV_U, .v = true };
static const rv_xmode HS_LOAD = { .access = RV_LOAD, .prv = PRV_S };
static const rv_xmode HS_STORE = { .access = RV_STORE, .prv = PRV_S };
static const rv_xmode HS_FETCH = { .access = RV_FETCH, .prv = PRV_S };
static const rv_xmode HU_LOAD = { .access = RV_LOAD, .prv = PRV_U };
static const rv_xmode HLVX_S = {
  .access = RV_LOAD, .prv = PRV_S, .v = true, .hlv = true, .hlvx = true
};

/* Twice: behind a fence, then by what the first walk kept, which must make no difference. */
#define expect_pa(f, va, mode, expected)                                                           \
  for (unsigned kept_ = 0; kept_ < 2; kept_++) {                                                   \
    rv_place place_;                                                                               \
    const rv_xmode mode_ = (mode);                                                                 \
    if (!kept_)                                                                                    \
      fence_everything((f)->h);                                                                    \
    const bool ok_ = rv_locate((f)->h, (va), 1, &mode_, &place_);                                  \
    ck_assert_msg(ok_, "%#lx refused: cause %lu why %u", (long)(va), (f)->h->trap.cause,           \
                  (f)->h->trap.why);                                                               \
    ck_assert_uint_eq(place_.pa, (expected));                                                      \
  }

/* What a fault says: cause, tval = va, GVA, tval2 and tinst. */
#define expect_trap(f, cause_, tval_, gva_, gpa_, tinst_)                                          \
  do {                                                                                             \
    const rv_trap *t_ = &(f)->h->trap;                                                             \
    ck_assert_uint_eq(t_->cause, (cause_));                                                        \
    ck_assert_uint_eq(t_->tval, (tval_));                                                          \
    ck_assert_uint_eq(t_->gva, (gva_));                                                            \
    ck_assert_uint_eq(t_->tval2, (gpa_) >> 2);                                                     \
    ck_assert_uint_eq(t_->tinst, (tinst_));                                                        \
  } while (0)

#define expect_fault(f, va, mode, cause, gpa, tinst)                                               \
  for (unsigned kept_ = 0; kept_ < 2; kept_++) {                                                   \
    rv_place place_;                                                                               \
    const rv_xmode mode_ = (mode);                                                                 \
    if (!kept_)                                                                                    \
      fence_everything((f)->h);                                                                    \
    memset(&(f)->h->trap, 0xff, sizeof(f)->h->trap);                                               \
    ck_assert(!rv_locate((f)->h, (va), 1, &mode_, &place_));                                       \
    expect_trap(f, cause, va, mode_.v, (uint64_t)(gpa), tinst);                                    \
  }

static inline rv_xmode as(rv_xmode m, rv_access access)
{
  m.access = access;
  return m;
}
#endif
