/* walk.c - address translation: one walker for the single stage, the VS-stage and the G-stage.
 *
 * A stage is a struct of parameters; a nested stage sends the address of each of its PTEs through
 * the G-stage. Steps are numbered as in the manual's algorithm [priv supervisor#sv32algorithm];
 * for two stages [hypervisor#two-stage-translation]. PTEs are read through host pointers.
 */
#include "mmu/walk.h"
#include "mmu/mmu.h"
#include "mmu/phys.h"
#include "mmu/pmp.h"
#include "priv/csr.h"
#include <string.h>

/* PTE.G is of no consequence: every ASID has entries of its own, and at the G-stage it means
 * nothing [H-223]. */
enum {
  PTE_V = 1, PTE_R = 2, PTE_W = 4, PTE_X = 8, PTE_U = 16, PTE_G = 32, PTE_A = 64, PTE_D = 128,
};
#define PTE_PPN (((1ull << 44) - 1) << 10)
#define PTE_RESERVED (0x7full << 54)
#define PTE_PBMT (3ull << 61)
#define PTE_N (1ull << 63)

typedef struct {
  uint8_t id;       /* STAGE_* */
  uint8_t mode;     /* 0 Bare, 8, 9, 10 */
  uint64_t root;    /* address of the root table */
  bool user;        /* the access is as user: always at the G-stage [H-220] */
  bool sum, mxr;
  bool adue, pbmte; /* which envcfg governs this stage [H-105, H-106, H-232, H-233] */
  bool napot;       /* Svnapot is there */
} stage;

typedef struct {
  rv_hart *h;
  const rv_xmode *mode;
  stage g;          /* used by the VS-stage for its PTEs */
  rv_walk_log *log;
} walk;

static unsigned levels(const stage *s) { return s->mode - 8 + 3; }
/* The x4 forms have two more bits at the root [H-217]. */
static unsigned root_bits(const stage *s) { return s->id == STAGE_G ? 11 : 9; }

static stage make_stage(const rv_hart *h, uint8_t id, const rv_xmode *m)
{
  const uint64_t hs = h->csr.mstatus, vs = h->s[1].status, menv = h->csr.menvcfg;
  /* henvcfg may only give what menvcfg gives [H-403]; also for HLV and MPRV [H-107]. */
  const uint64_t env = id == STAGE_VS ? h->csr.henvcfg & menv : menv;
  const uint64_t atp = id == STAGE_G ? h->csr.hgatp : h->s[id == STAGE_VS].atp;
  return (stage){
    .id = id,
    .mode = atp >> 60,
    .root = (atp & satp_PPN) << RV_PAGE_SHIFT,
    .user = id == STAGE_G || m->prv == PRV_U,
    .sum = (id == STAGE_VS ? vs : hs) & mstatus_SUM, /* [H-228] */
    /* HS-level MXR acts on both stages, vsstatus.MXR on the VS-stage alone [H-227, H-457]. */
    .mxr = (hs & mstatus_MXR) || (id == STAGE_VS && (vs & vsstatus_MXR)),
    .adue = env & menvcfg_ADUE,
    .pbmte = env & menvcfg_PBMTE,
    .napot = rv_has(h, EXT_Svnapot),
  };
}

/* Records a step of a probe; NULL when there is no room or no log. */
static rv_walk_step *record(walk *w, const stage *s, unsigned level, uint64_t va)
{
  if (!w->log || w->log->n == RV_WALK_MAX)
    return NULL;
  rv_walk_step *step = &w->log->step[w->log->n++];
  *step = (rv_walk_step){ .stage = s->id, .level = level, .va = va };
  return step;
}

/* Step 3 and the reserved encodings of non-leaf and leaf PTEs. [H-224, H-225] */
static rv_why encoding(const stage *s, uint64_t pte, unsigned level)
{
  if (!(pte & PTE_V))
    return WHY_PTE_INVALID;
  if ((pte & (PTE_R | PTE_W)) == PTE_W || (pte & PTE_RESERVED)) /* XWR=010: [H-464] */
    return WHY_PTE_RESERVED;
  if (!(pte & (PTE_R | PTE_X)))
    return pte & (PTE_U | PTE_A | PTE_D | PTE_PBMT | PTE_N) ? WHY_PTE_RESERVED : WHY_NONE;
  /* Which type it is changes nothing here [H-237]. */
  if ((pte & PTE_PBMT) && (!s->pbmte || (pte & PTE_PBMT) == PTE_PBMT))
    return WHY_PTE_RESERVED;
  /* Svnapot: 64 KiB at level 0 only [H-236]. */
  if ((pte & PTE_N) && (!s->napot || level || (pte >> 10 & 15) != 8))
    return WHY_PTE_RESERVED;
  return WHY_NONE;
}

/* Steps 5 to 7: is the access allowed by this leaf? The same at either stage [H-453]. */
static rv_why permission(const stage *s, uint64_t pte, unsigned level, const rv_xmode *m)
{
  if (pte >> 10 & ((1ull << 9 * level) - 1))
    return WHY_PTE_MISALIGNED;
  if (s->user && !(pte & PTE_U))
    return WHY_PTE_NO_U;
  /* A supervisor fetch from a user page is refused whatever SUM is [H-226]. */
  if (!s->user && (pte & PTE_U) && (m->access == RV_FETCH || !s->sum))
    return WHY_PTE_U_FROM_S;
  /* HLVX wants X instead of R, MXR is no matter [H-253, H-255]; else it is a load [H-257]. */
  if (m->access == RV_FETCH || m->hlvx)
    return pte & PTE_X ? WHY_NONE : WHY_PTE_NO_X;
  if (m->access == RV_STORE)
    return pte & PTE_W ? WHY_NONE : WHY_PTE_NO_W;
  return (pte & PTE_R) || (s->mxr && (pte & PTE_X)) ? WHY_NONE : WHY_PTE_NO_R;
}

/* The PTE at physical address pa, through PMP as S-mode [H-230]; NULL: access fault. */
static uint64_t *pte_pointer(walk *w, uint64_t pa, unsigned rights)
{
  rv_region *r = rv_phys_find(w->h->phys, pa, 8);
  if (!r || (r->readonly && (rights & PMP_W)) || !rv_pmp_allows(w->h, pa, 8, rights, PRV_S))
    return NULL;
  return (uint64_t *)rv_region_host(r, pa);
}

static rv_xlat walk_g(walk *w, uint64_t gpa, const rv_xmode *m, bool mxr);

/* Where a PTE lies in physical memory: through the G-stage if the table is the guest's [H-216,
 * H-455]. The G-stage looks after its own A and D of that page [H-234]. */
static rv_xlat locate(walk *w, const stage *s, uint64_t slot, rv_access access)
{
  if (s->id != STAGE_VS)
    return (rv_xlat){ .pa = slot, .gpa = slot };
  /* Implicit: R without MXR for a read, W for an update of A or D [H-221]. */
  const unsigned first = w->log ? w->log->n : 0;
  rv_xlat x = walk_g(w, slot, &(rv_xmode){ .access = access }, false);
  for (unsigned i = first; w->log && i < w->log->n; i++)
    w->log->step[i].for_pte = true;
  x.implicit = true;
  x.update = access == RV_STORE;
  return x;
}

/* Step 9: A, and D for a store, are set by hardware if the stage's ADUE says so, else the access is
 * refused [H-232, H-233]. Returns false with *x filled when refused; *again: the PTE changed. */
static bool update_AD(walk *w, const stage *s, uint64_t slot, uint64_t **host, uint64_t pte,
                      rv_xlat *x, bool *again)
{
  const uint64_t need = PTE_A | (w->mode->access == RV_STORE ? PTE_D : 0); /* [H-235] */
  uint64_t old = pte;
  *again = false;
  if ((pte & need) == need)
    return true;
  if (!s->adue) {
    *x = (rv_xlat){ .why = pte & PTE_A ? WHY_PTE_D_OFF : WHY_PTE_A_OFF };
    return false;
  }
  /* The update is a store: to the G-stage for a guest's table [H-140], and to PMP. */
  rv_xlat at = locate(w, s, slot, RV_STORE);
  uint64_t *here = at.why ? NULL : pte_pointer(w, at.pa, PMP_R | PMP_W);
  if (!at.why && !here)
    at.why = WHY_PTE_ACCESS, at.implicit = true;
  if (at.why) {
    *x = at;
    return false;
  }
  if (w->log)
    return true;
  *host = here; /* not where a kept walk says, if the table was moved without a fence */
  *again = !__atomic_compare_exchange_n(here, &old, pte | need, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST);
  rv_phys_written(w->h->phys, rv_phys_find(w->h->phys, at.pa, 8), w->h, at.pa, 8);
  return true;
}

/* Does the address have only the bits this stage translates? */
static rv_why address_width(const stage *s, uint64_t va)
{
  const unsigned width = 12 + 9 * (levels(s) - 1) + root_bits(s);
  if (s->id == STAGE_G) /* no sign extension: the bits above are zero [H-218, H-219] */
    return va >> width ? WHY_GPA_TOO_WIDE : WHY_NONE;
  /* [H-243] */
  return (uint64_t)((int64_t)(va << (64 - width)) >> (64 - width)) == va ? WHY_NONE
                                                                          : WHY_VA_NOT_CANONICAL;
}

static uint64_t leaf_address(uint64_t pte, uint64_t va, unsigned level)
{
  const unsigned shift = 12 + 9 * level;
  uint64_t ppn = (pte & PTE_PPN) >> 10;
  if (pte & PTE_N)
    ppn = (ppn & ~15ull) | (va >> RV_PAGE_SHIFT & 15);
  return (ppn << RV_PAGE_SHIFT & ~((1ull << shift) - 1)) | (va & ((1ull << shift) - 1));
}

/* ---- the walk cache ----
 *
 * Most walks differ from an earlier one in the last PTE alone. An entry says where the table is that
 * holds it. Upper levels have no permissions to check; what the G-stage said of the table's page (R
 * without MXR, A is set) and PMP of all of it is the same for every mode. The leaf PTE is read and
 * checked each time, so envcfg's bits do not matter here.
 *
 * A fence without an address drops its stage's entries [H-273, H-275]; one with an address that
 * address's, whatever the root: a leaf of 2 MiB may have taken the table's place. hfence.gvma drops
 * the VS-stage's too, whose tables are behind the G-stage, and a change of PMP or menvcfg all
 * [H-276]. Probes neither use nor make entries. */

static rv_walk_entry *walk_entry(const walk *w, const stage *s, uint64_t va)
{
  return &w->h->mmu->walk[s->id][va >> 21 & (RV_WALKS - 1)];
}

static uint64_t atp_of(const rv_hart *h, const stage *s)
{
  return s->id == STAGE_G ? h->csr.hgatp : h->s[s->id == STAGE_VS].atp;
}
static uint64_t hgatp_of(const rv_hart *h, const stage *s)
{
  return s->id == STAGE_VS ? h->csr.hgatp : 0;
}

static const rv_walk_entry *find_walk(const walk *w, const stage *s, uint64_t va)
{
  const rv_walk_entry *e = walk_entry(w, s, va);
  return !w->log && e->region == va >> 21 && e->gen == w->h->mmu->walk_gen[s->id] &&
                 e->atp == atp_of(w->h, s) && e->hgatp == hgatp_of(w->h, s)
             ? e
             : NULL;
}

/* The PTE at pa is in a last-level table, at table as the stage knows it. */
static void keep_walk(const walk *w, const stage *s, uint64_t va, uint64_t table, uint64_t pa,
                      const uint64_t *host)
{
  if (!RV_KEEP || w->log || !rv_pmp_uniform(w->h, pa))
    return;
  *walk_entry(w, s, va) = (rv_walk_entry){
    .region = va >> 21,
    .atp = atp_of(w->h, s),
    .hgatp = hgatp_of(w->h, s),
    .gen = w->h->mmu->walk_gen[s->id],
    .table = table,
    .host = (const uint8_t *)host - (pa & RV_PAGE_MASK),
  };
}

/* One level of one stage: reads the PTE at slot. Returns true when the walk is over, with *x. */
static bool step(walk *w, const stage *s, uint64_t va, unsigned level, uint64_t *table,
                 const rv_walk_entry *known, rv_xlat *x)
{
  const unsigned bits = level == levels(s) - 1 ? root_bits(s) : 9;
  const uint64_t slot = *table + 8 * (va >> (12 + 9 * level) & ((1ull << bits) - 1));
  const rv_xlat at = known ? (rv_xlat){ 0 } : locate(w, s, slot, RV_LOAD);
  rv_walk_step *log = record(w, s, level, va);
  if (at.why) {
    if (log)
      w->log->n--; /* the G-stage's own step tells it */
    *x = at;
    return true;
  }
  uint64_t *host = known ? (uint64_t *)(known->host + (slot & RV_PAGE_MASK))
                         : pte_pointer(w, at.pa, PMP_R);
  if (!host) {
    *x = (rv_xlat){ .why = WHY_PTE_ACCESS, .implicit = true };
    if (log)
      log->at = slot, log->why = x->why;
    return true;
  }
  if (level == 0 && !known)
    keep_walk(w, s, va, *table, at.pa, host);
  bool again = false;
  do {
    const uint64_t pte = __atomic_load_n(host, __ATOMIC_RELAXED);
    w->h->stat.pte_loads[s->id]++;
    const bool leaf = pte & (PTE_R | PTE_X);
    rv_why why = encoding(s, pte, level);
    if (!why && leaf)
      why = permission(s, pte, level, w->mode);
    if (!why && !leaf && level == 0)
      why = WHY_PTE_NO_LEAF;
    if (log)
      *log = (rv_walk_step){ .stage = s->id, .level = level, .why = why, .leaf = leaf, .va = va,
                             .at = slot, .pte = pte,
                             .result = leaf ? leaf_address(pte, va, level)
                                            : (pte & PTE_PPN) << 2 };
    if (why) {
      *x = (rv_xlat){ .why = why };
      return true;
    }
    if (!leaf) {
      *table = (pte & PTE_PPN) << 2;
      return false;
    }
    if (!update_AD(w, s, slot, &host, pte, x, &again)) {
      if (log && !x->guest)
        log->why = x->why;
      return true;
    }
    *x = (rv_xlat){ .pa = leaf_address(pte, va, level),
                    .fence_shift = pte & PTE_N ? 16 : 12 + 9 * level };
  } while (again);
  return true;
}

/* Walks one stage. The access's own mode is w->mode except for the G-stage of a PTE address. */
static rv_xlat walk_stage(walk *w, const stage *s, uint64_t va)
{
  if (s->mode == 0) /* Bare: no faults of its own [H-210, H-456] */
    return (rv_xlat){ .pa = va, .fence_shift = 63 };
  rv_xlat x = { .why = address_width(s, va) };
  if (x.why) {
    rv_walk_step *log = record(w, s, levels(s) - 1, va);
    if (log)
      log->why = x.why;
    return x;
  }
  uint64_t table = s->root;
  if (s->id == STAGE_G && w->h->choice.strict)
    table &= ~0x3fffull;
  const rv_walk_entry *known = find_walk(w, s, va);
  if (known)
    table = known->table;
  for (unsigned level = known ? 1 : levels(s); level-- > 0;)
    if (step(w, s, va, level, &table, known, &x))
      break;
  return x;
}

/* The G-stage of a guest physical address: refusals are guest-page faults, except access faults. */
static rv_xlat walk_g(walk *w, uint64_t gpa, const rv_xmode *m, bool mxr)
{
  walk g = { .h = w->h, .mode = m, .log = w->log };
  stage s = w->g;
  s.mxr = mxr;
  rv_xlat x = walk_stage(&g, &s, gpa);
  x.guest = x.why && x.why != WHY_PTE_ACCESS;
  x.gpa = gpa; /* of this very access [H-133] */
  return x;
}

static rv_xlat two_stages(walk *w, uint64_t va)
{
  const stage vs = make_stage(w->h, STAGE_VS, w->mode);
  w->g = make_stage(w->h, STAGE_G, w->mode);
  if (w->log) {
    w->log->modes[STAGE_VS] = vs.mode;
    w->log->roots[STAGE_VS] = vs.root;
    w->log->modes[STAGE_G] = w->g.mode;
    w->log->roots[STAGE_G] = w->g.root;
  }
  w->h->stat.walks[vs.mode | w->g.mode ? RV_WALK_TWO : RV_WALK_NONE]++;
  const rv_xlat first = walk_stage(w, &vs, va);
  if (first.why) /* the rest is not looked at [H-239] */
    return first;
  rv_xlat x = walk_g(w, first.pa, w->mode, w->g.mxr);
  x.fence_shift = first.fence_shift; /* hfence.gvma drops everything of its VMID */
  return x;
}

rv_xlat rv_walk(rv_hart *h, uint64_t va, const rv_xmode *mode, rv_walk_log *log)
{
  walk w = { .h = h, .mode = mode, .log = log };
  if (mode->prv == PRV_M) {
    h->stat.walks[RV_WALK_NONE]++;
    return (rv_xlat){ .pa = va, .fence_shift = 63 };
  }
  if (mode->v) /* of the access, not of the hart [H-004, H-215] */
    return two_stages(&w, va);
  const stage s = make_stage(h, STAGE_SINGLE, mode);
  if (log) {
    log->modes[STAGE_SINGLE] = s.mode;
    log->roots[STAGE_SINGLE] = s.root;
  }
  h->stat.walks[s.mode ? RV_WALK_ONE : RV_WALK_NONE]++;
  return walk_stage(&w, &s, va);
}
