/* sbi.c - the firmware's trap hook, its dispatcher on (EID, FID), and the state a hart starts in.
 *
 * Depends on priv (CSRs, traps, interrupts) and mmu (RAM, fences).
 * [sbi binary-encoding; platform state as OpenSBI leaves it on the virt board]
 */
#include "sbi/sbi.h"
#include "cpu/event.h"
#include "mmu/phys.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "priv/trap.h"
#include "sbi/call.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { A0 = 10, A1 = 11, A6 = 16, A7 = 17 };
enum { LEGACY_LAST = 0xf }; /* EIDs up to here use the legacy convention, served or not */

static const rv_sbi_extension *const extensions[] = {
  &rv_sbi_legacy, &rv_sbi_base, &rv_sbi_time, &rv_sbi_ipi,           &rv_sbi_rfence, &rv_sbi_hsm,
  &rv_sbi_srst,   &rv_sbi_dbcn, &rv_sbi_susp, &rv_sbi_pmu_extension, &rv_sbi_fwft,
};
enum { N_EXTENSIONS = sizeof extensions / sizeof *extensions };

/* What guests may ask for and do not get here; the names are for the hint. */
static const struct {
  uint64_t eid;
  const char *name;
} not_provided[] = {
  { 0x43505043, "CPPC" }, { 0x4E41434C, "NACL" }, { 0x535441, "STA" },
  { 0x535345, "SSE" },    { 0x44425452, "DBTR" }, { 0x4D505859, "MPXY" },
};

rv_sbi *rv_sbi_new(const rv_sbi_host *host)
{
  assert(host->n_harts >= 1 && host->n_harts <= RV_SBI_MAX_HARTS);
  assert(host->console_write && host->console_read && host->power && host->set_mtimecmp);
  rv_sbi *s = calloc(1, sizeof *s);
  if (!s)
    abort();
  s->host = *host;
  for (unsigned i = 0; i < host->n_harts; i++) {
    host->harts[i]->power = RV_STOPPED;
    s->suspended_at[i] = ~0ull;
    rv_sbi_pmu_reset(s, host->harts[i]);
  }
  return s;
}

void rv_sbi_free(rv_sbi *s) { free(s); }

void rv_sbi_state(rv_sbi *s, rv_state *state)
{
  enum { MAX = sizeof s->hinted / sizeof *s->hinted };
  uint32_t n = s->n_hinted;
  rv_state_words(state, s->suspended_at, s->host.n_harts);
  rv_state_field(state, &n);
  rv_state_check(state, n <= MAX);
  rv_state_words(state, s->hinted, n <= MAX ? n : 0);
  s->n_hinted = n <= MAX ? n : 0;
  rv_sbi_pmu_state(s, state);
  for (unsigned i = 0; i < s->host.n_harts; i++)
    rv_state_field(state, &s->locked[i]);
}

/* ---- what the extensions share ---- */

int rv_sbi_hart_index(const rv_sbi *s, uint64_t hartid)
{
  for (unsigned i = 0; i < s->host.n_harts; i++)
    if (s->host.harts[i]->id == hartid)
      return i;
  return -1;
}

uint64_t rv_sbi_all_harts(const rv_sbi *s) { return ~0ull >> (64 - s->host.n_harts); }

bool rv_sbi_hart_set(const rv_sbi *s, uint64_t mask, uint64_t base, uint64_t *set)
{
  *set = 0;
  if (base == ~0ull) { /* the mask is then ignored */
    *set = rv_sbi_all_harts(s);
    return true;
  }
  for (unsigned bit = 0; bit < 64; bit++) {
    if (!(mask >> bit & 1))
      continue;
    const int i = base + bit < base ? -1 : rv_sbi_hart_index(s, base + bit);
    if (i < 0)
      return false;
    *set |= 1ull << i;
  }
  return true;
}

bool rv_sbi_is_memory(const rv_sbi *s, uint64_t pa, uint64_t n, bool write)
{
  if (n == 0)
    return true;
  const rv_region *r = rv_phys_find(s->host.phys, pa, n);
  return r && !(write && r->readonly);
}

bool rv_sbi_is_executable(const rv_sbi *s, uint64_t pa)
{
  return !(pa & 1) && rv_sbi_is_memory(s, pa, 2, false);
}

/* ---- dispatching ---- */

const rv_sbi_extension *rv_sbi_find(uint64_t eid)
{
  for (unsigned i = 0; i < N_EXTENSIONS; i++) {
    const rv_sbi_extension *x = extensions[i];
    if (x->legacy ? eid < x->n : eid == x->eid)
      return x;
  }
  return NULL;
}

static const rv_sbi_function *find_function(const rv_sbi_extension *x, uint64_t eid, uint64_t fid)
{
  const uint64_t index = x->legacy ? eid : fid; /* legacy calls ignore a6 */
  return index < x->n ? &x->function[index] : NULL;
}

bool rv_sbi_name(uint64_t eid, uint64_t fid, const char **extension, const char **function)
{
  const rv_sbi_extension *x = rv_sbi_find(eid);
  if (!x)
    return false;
  const rv_sbi_function *f = find_function(x, eid, fid);
  *extension = x->name;
  *function = f ? f->name : NULL;
  return true;
}

static bool hint_is_due(rv_sbi *s, uint64_t eid)
{
  for (unsigned i = 0; i < s->n_hinted; i++)
    if (s->hinted[i] == eid)
      return false;
  if (!s->host.hint || s->n_hinted == sizeof s->hinted / sizeof *s->hinted)
    return false;
  s->hinted[s->n_hinted++] = eid;
  return true;
}

static const char *name_of(uint64_t eid)
{
  const rv_sbi_extension *x = rv_sbi_find(eid);
  if (x)
    return x->name;
  for (unsigned i = 0; i < sizeof not_provided / sizeof *not_provided; i++)
    if (not_provided[i].eid == eid)
      return not_provided[i].name;
  return "unknown";
}

/* Once per EID: guests that probe by calling would drown the console. */
static void hint_unsupported(rv_sbi *s, const rv_sbi_call *c)
{
  char text[160];
  if (!hint_is_due(s, c->eid))
    return;
  snprintf(text, sizeof text,
           "SBI call EID 0x%" PRIx64 " (%s) FID 0x%" PRIx64
           " is not provided by the built-in firmware: SBI_ERR_NOT_SUPPORTED",
           c->eid, name_of(c->eid), c->fid);
  s->host.hint(s->host.ctx, c->h, "SBI-UNSUPPORTED", text);
}

static int64_t dispatch(rv_sbi *s, rv_sbi_call *c)
{
  const rv_sbi_extension *x = rv_sbi_find(c->eid);
  const rv_sbi_function *f = x ? find_function(x, c->eid, c->fid) : NULL;
  if (f)
    return f->serve(s, c);
  hint_unsupported(s, c);
  return SBI_ERR_NOT_SUPPORTED;
}

/* Told before the return to HS-mode, so that the log reads trap, call, return. */
static void tell(rv_hart *h, const rv_sbi_call *c, int64_t error, bool legacy)
{
  rv_event e = { .type = RV_EV_SBI,
                 .hart = h->id,
                 .from_prv = PRV_S,
                 .to_prv = PRV_S,
                 .insn = h->icount - 1, /* the ecall's trap was counted already */
                 .pc = h->csr.mepc,
                 .dest = h->csr.mepc + 4,
                 .raw = 0x73, /* ecall */
                 .has_raw = true,
                 .vmid = rv_get(h->csr.hgatp, hgatp_VMID),
                 .x = h->x };
  e.u.sbi.eid = c->eid;
  e.u.sbi.fid = c->fid;
  memcpy(e.u.sbi.arg, c->arg, sizeof e.u.sbi.arg);
  e.u.sbi.error = error;
  e.u.sbi.value = c->value;
  e.u.sbi.legacy = legacy;
  h->env->event(h->env->ctx, h, &e);
}

/* All registers but a0 and a1 keep; legacy calls change a0 alone. */
static void serve_ecall(rv_sbi *s, rv_hart *h)
{
  rv_sbi_call c = { .h = h, .eid = h->x[A7], .fid = h->x[A6] };
  memcpy(c.arg, &h->x[A0], sizeof c.arg);
  const bool legacy = c.eid <= LEGACY_LAST;
  const int64_t error = dispatch(s, &c);
  if (c.fault) { /* mepc is the ecall's, and becomes sepc [sbi ext-legacy] */
    rv_redirect_trap(h, &c.trap);
    return;
  }
  h->x[A0] = error;
  if (!legacy)
    h->x[A1] = c.value;
  if (unlikely(h->observe & 1ull << RV_EV_SBI))
    tell(h, &c, error, legacy);
  rv_csr_poke(h, CSR_mepc, h->csr.mepc + 4);
  rv_mret(h);
  if (c.after)
    c.after(s, &c);
}

/* The machine's timer is the supervisor's if there is no Sstc. IPIs, and timers otherwise, reach
 * HS-mode directly, so other M-level interrupts mean that something enabled one that nobody serves:
 * disabled, it cannot come again at once. */
static void mask_interrupt(rv_hart *h, const rv_trap *t)
{
  if (t->cause == IRQ_MTI && !rv_has(h, EXT_Sstc))
    h->csr.mip |= IP(STI);
  rv_csr_poke(h, CSR_mie, h->csr.mie & ~(1ull << t->cause));
  rv_mret(h);
}

/* What is not delegated is handed on. Emulation is none of it: the hart does all that it can. */
static void hand_on(rv_sbi *s, rv_hart *h, const rv_trap *t)
{
  static const struct {
    unsigned cause;
    rv_sbi_fw_event event;
  } counted[] = { { CAUSE_ILLEGAL, RV_SBI_FW_ILLEGAL_INSN },
                  { CAUSE_LOAD_MISALIGNED, RV_SBI_FW_MISALIGNED_LOAD },
                  { CAUSE_STORE_MISALIGNED, RV_SBI_FW_MISALIGNED_STORE },
                  { CAUSE_LOAD_ACCESS, RV_SBI_FW_ACCESS_LOAD },
                  { CAUSE_STORE_ACCESS, RV_SBI_FW_ACCESS_STORE } };
  for (unsigned i = 0; i < sizeof counted / sizeof *counted; i++)
    if (counted[i].cause == t->cause)
      rv_sbi_count(s, h, counted[i].event);
  rv_redirect_trap(h, t);
}

bool rv_sbi_trap(void *sbi, rv_hart *h, const rv_trap *t)
{
  if (rv_get(h->csr.mstatus, mstatus_MPP) == PRV_M)
    return false;
  if (t->interrupt)
    mask_interrupt(h, t);
  else if (t->cause == CAUSE_ECALL_HS)
    serve_ecall(sbi, h);
  else
    hand_on(sbi, h, t);
  return true;
}

/* ---- starting a hart ---- */

/* Undelegated are what OpenSBI may emulate (illegal instruction, misaligned, access faults) and
 * the ecall from HS-mode. */
static const uint64_t delegated_exceptions =
    1ull << CAUSE_FETCH_MISALIGNED | 1ull << CAUSE_BREAKPOINT | 1ull << CAUSE_ECALL_U |
    1ull << CAUSE_ECALL_VS | 1ull << CAUSE_FETCH_PAGE | 1ull << CAUSE_LOAD_PAGE |
    1ull << CAUSE_STORE_PAGE | 1ull << CAUSE_FETCH_GUEST_PAGE | 1ull << CAUSE_LOAD_GUEST_PAGE |
    1ull << CAUSE_VIRTUAL | 1ull << CAUSE_STORE_GUEST_PAGE; /* 0xF0B509 */

static const uint64_t delegated_interrupts =
    IP(SSI) | IP(VSSI) | IP(STI) | IP(VSTI) | IP(SEI) | IP(VSEI) | IP(SGEI) |
    IP(LCOFI); /* 0x3666: SGEI is 1, LCOFI if the hart has Sscofpmf */

/* M-level state that HS-mode relies on and cannot set itself. */
static void set_machine_level(rv_hart *h)
{
  const uint64_t adue = h->choice.adue ? menvcfg_ADUE : 0;
  rv_csr_poke(h, CSR_pmpaddr0, ~0ull); /* NAPOT over everything */
  rv_csr_poke(h, CSR_pmpcfg0, 0x1f);   /* NAPOT, R, W, X */
  rv_csr_poke(h, CSR_medeleg, delegated_exceptions);
  rv_csr_poke(h, CSR_mideleg, delegated_interrupts);
  rv_csr_poke(h, CSR_mcounteren, ~0ull);
  rv_csr_poke(h, CSR_mcountinhibit, ~7ull); /* event counters run when PMU starts them */
  rv_csr_poke(h, CSR_scounteren, 7);        /* as OpenSBI up to 1.7 */
  uint64_t menvcfg = menvcfg_STCE | menvcfg_PBMTE | adue | menvcfg_CBCFE | menvcfg_CBZE;
  rv_put(&menvcfg, menvcfg_CBIE, 1);    /* flush */
  rv_csr_poke(h, CSR_menvcfg, menvcfg); /* as far as the hart has them */
  rv_csr_poke(h, CSR_henvcfg, adue);    /* the VS-stage asks henvcfg [H-106] */
  rv_csr_poke(h, CSR_mstateen0, ~0ull); /* whatever there is */
}

void rv_sbi_start(rv_sbi *s, rv_hart *h, uint64_t pc, uint64_t a1)
{
  h->prv = PRV_M;
  h->v = false;
  rv_csr_reset(h);
  set_machine_level(h);
  rv_sfence_vma_hs(h, false, 0, false, 0); /* nothing of an earlier life is left */
  rv_hfence_gvma(h, false, 0, false, 0);
  rv_sbi_pmu_reset(s, h);
  s->locked[rv_sbi_hart_index(s, h->id)] = 0;
  memset(h->x, 0, sizeof h->x);
  memset(h->f, 0, sizeof h->f);
  h->x[A0] = h->id;
  h->x[A1] = a1;
  h->reservation = ~0ull;
  h->wfi = false;
  h->power = RV_STARTED;
  /* OpenSBI enters HS-mode with FS Dirty, and bare-metal kernels rely on it. SIE is 0. */
  rv_csr_poke(h, CSR_mstatus, mstatus_FS | (uint64_t)PRV_S * (mstatus_MPP & -mstatus_MPP));
  rv_csr_poke(h, CSR_mepc, pc);
  rv_mret(h);
  rv_irq_update(h);
}
