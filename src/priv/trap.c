/* trap.c - taking a trap to M, HS or VS, and coming back by mret or sret.
 *
 * rv_take_trap and rv_sret are what a VM exit and a VM entry are. Everything a handler can see is
 * written here, in the order of the manual. [priv machine#mstatus, hypervisor#H_trap_deleg;
 * H-170 .. H-193]
 */
#include "priv/trap.h"
#include "cpu/event.h"
#include "mmu/access.h"
#include "mmu/tlb.h"
#include "priv/counter.h"
#include "priv/csr.h"
#include "priv/hint.h"
#include "priv/interrupt.h"

typedef enum { TO_M, TO_HS, TO_VS } trap_target;

/* Which mode takes the trap: medeleg or mideleg first, then, only if V was 1, hedeleg or hideleg.
 * A trap never goes to a less privileged mode than the one it interrupts; one of HLV or of U-mode
 * has V=0, so VS never gets it [H-044, H-054]. [H-043, H-174] */
static trap_target target_of(const rv_hart *h, const rv_trap *t)
{
  const uint64_t mdeleg = t->interrupt ? h->csr.mideleg : h->csr.medeleg;
  const uint64_t hdeleg = t->interrupt ? h->csr.hideleg : h->csr.hedeleg;
  if (t->to != RV_TO_DELEGATED)
    return t->to == RV_TO_VS ? TO_VS : TO_HS;
  if (h->prv == PRV_M || !(mdeleg >> t->cause & 1))
    return TO_M;
  return h->v && (hdeleg >> t->cause & 1) ? TO_VS : TO_HS;
}

static uint64_t vector(uint64_t tvec, const rv_trap *t, uint64_t code)
{
  return (tvec & ~3ull) + ((tvec & 1) && t->interrupt ? 4 * code : 0);
}

static uint64_t cause_word(const rv_trap *t, uint64_t code)
{
  return (uint64_t)t->interrupt << 63 | code;
}

/* The guest handles it itself: hstatus, htval and htinst stay as they are [H-036, H-173]. */
static void enter_vs(rv_hart *h, const rv_trap *t)
{
  rv_sregs *s = &h->s[1];
  uint64_t code = t->cause;
  if (t->interrupt && t->to == RV_TO_DELEGATED && (1ull << code & RV_VS_LEVEL))
    code -= 1; /* VSSI, VSTI, VSEI are SSI, STI, SEI to the guest [H-048] */
  s->cause = cause_word(t, code);
  s->epc = h->pc;
  s->tval = t->tval;
  rv_put(&s->status, vsstatus_SPIE, rv_get(s->status, vsstatus_SIE));
  rv_put(&s->status, vsstatus_SIE, 0);
  rv_put(&s->status, vsstatus_SPP, h->prv);
  h->pc = vector(s->tvec, t, code);
  h->prv = PRV_S;
}

/* With V=1: a VM exit [H-172]. */
static void enter_hs(rv_hart *h, const rv_trap *t)
{
  rv_sregs *s = &h->s[0];
  s->cause = cause_word(t, t->cause);
  s->epc = h->pc;
  s->tval = t->tval;
  h->csr.htval = t->tval2;
  h->csr.htinst = t->tinst; /* at every trap, 0 for interrupts [H-136] */
  rv_put(&h->csr.mstatus, mstatus_SPIE, rv_get(h->csr.mstatus, mstatus_SIE));
  rv_put(&h->csr.mstatus, mstatus_SIE, 0);
  rv_put(&h->csr.mstatus, mstatus_SPP, h->prv);
  rv_put(&h->csr.hstatus, hstatus_GVA, t->gva); /* at every trap [H-034] */
  rv_put(&h->csr.hstatus, hstatus_SPV, h->v); /* [H-032] */
  if (h->v) /* otherwise SPVP keeps [H-033] */
    rv_put(&h->csr.hstatus, hstatus_SPVP, h->prv);
  h->pc = vector(s->tvec, t, t->cause);
  h->prv = PRV_S;
  h->v = false;
}

/* [H-170, H-171] */
static void enter_m(rv_hart *h, const rv_trap *t)
{
  h->csr.mcause = cause_word(t, t->cause);
  h->csr.mepc = h->pc;
  h->csr.mtval = t->tval;
  h->csr.mtval2 = t->tval2;
  h->csr.mtinst = t->tinst; /* [H-147] */
  rv_put(&h->csr.mstatus, mstatus_MPIE, rv_get(h->csr.mstatus, mstatus_MIE));
  rv_put(&h->csr.mstatus, mstatus_MIE, 0);
  rv_put(&h->csr.mstatus, mstatus_MPP, h->prv);
  rv_put(&h->csr.mstatus, mstatus_MPV, h->v); /* 0 from M, MPRV or not [H-193] */
  rv_put(&h->csr.mstatus, mstatus_GVA, t->gva);
  h->pc = vector(h->csr.mtvec, t, t->cause);
  h->prv = PRV_M;
  h->v = false;
}

static void enter(rv_hart *h, const rv_trap *t, trap_target to)
{
  if (to == TO_VS)
    enter_vs(h, t);
  else if (to == TO_HS)
    enter_hs(h, t);
  else
    enter_m(h, t);
}

/* ---- what the observers are told ---- */

/* CSRs that a transition may write, in the manual's order, and the level of trap that writes them
 * whatever they held (N_TARGETS: none; told if it changed). */
enum { N_TARGETS = 3 };
static const struct {
  uint16_t csr;
  uint8_t level;
} watched[] = {
  { CSR_mstatus, N_TARGETS }, { CSR_mepc, TO_M },           { CSR_mcause, TO_M },
  { CSR_mtval, TO_M },        { CSR_mtval2, TO_M },         { CSR_mtinst, TO_M },
  { CSR_hstatus, N_TARGETS }, { CSR_sstatus, N_TARGETS },   { CSR_sepc, TO_HS },
  { CSR_scause, TO_HS },      { CSR_stval, TO_HS },         { CSR_htval, TO_HS },
  { CSR_htinst, TO_HS },      { CSR_vsstatus, N_TARGETS },  { CSR_vsepc, TO_VS },
  { CSR_vscause, TO_VS },     { CSR_vstval, TO_VS },
};
enum { N_WATCHED = sizeof watched / sizeof *watched };

typedef struct {
  rv_event e;
  uint64_t before[N_WATCHED];
  rv_csr_change change[N_WATCHED];
  rv_walk_log walk;
} transition;

static void snapshot(rv_hart *h, uint64_t *values)
{
  for (unsigned i = 0; i < N_WATCHED; i++)
    rv_csr_peek(h, watched[i].csr, &values[i]);
}

/* Fills in what is known before the transition. */
static void begin(rv_hart *h, transition *n, rv_event_type type)
{
  rv_event *e = &n->e; /* field by field: the union is large, and clearing it half of the cost */
  e->type = type;
  e->hart = h->id;
  e->from_prv = h->prv;
  e->from_v = h->v;
  e->insn = h->icount;
  e->pc = h->pc;
  e->raw = 0;
  e->has_raw = false;
  e->vmid = rv_get(h->csr.hgatp, hgatp_VMID);
  e->walk = NULL;
  e->change = n->change;
  e->n_change = 0;
  e->x = h->x;
  if (h->observe & RV_OBSERVE_CHANGES)
    snapshot(h, n->before);
}

/* Whether to tell of a CSR: a trap's own CSRs always. Of mstatus and sstatus, which are one
 * register, the level's own name, but mstatus also if more than sstatus shows of it changed. */
static bool is_told(const rv_event *e, unsigned i, const uint64_t *before, const uint64_t *after)
{
  const bool trap = e->type == RV_EV_TRAP || e->type == RV_EV_REDIRECT;
  const bool m_level = e->type == RV_EV_XRET ? e->u.xret.mret : e->to_prv == PRV_M;
  const unsigned target = e->to_prv == PRV_M ? TO_M : e->to_v ? TO_VS : TO_HS;
  const uint64_t changed = before[i] ^ after[i];
  const uint64_t s_level = sstatus_SIE | sstatus_SPIE | sstatus_SPP;
  if (watched[i].csr == CSR_mstatus && !m_level)
    return changed & ~s_level;
  if (watched[i].csr == CSR_sstatus && m_level)
    return false;
  return changed || (trap && watched[i].level == target);
}

/* Fills in what is known after it, and tells. */
static void end(rv_hart *h, transition *n)
{
  rv_event *e = &n->e;
  e->to_prv = h->prv;
  e->to_v = h->v;
  e->dest = h->pc;
  if (h->observe & RV_OBSERVE_CHANGES) {
    uint64_t after[N_WATCHED];
    snapshot(h, after);
    for (unsigned i = 0; i < N_WATCHED; i++)
      if (is_told(e, i, n->before, after))
        n->change[e->n_change++] = (rv_csr_change){ watched[i].csr, n->before[i], after[i] };
  }
  h->env->event(h->env->ctx, h, e);
}

static void describe_trap(rv_hart *h, transition *n, const rv_trap *t)
{
  rv_event *e = &n->e;
  const bool has_gpa =
      !t->interrupt && t->cause >= CAUSE_FETCH_GUEST_PAGE && t->cause != CAUSE_VIRTUAL;
  e->u.trap = (typeof(e->u.trap)){
    .cause = t->cause,
    .interrupt = t->interrupt,
    .tval = t->tval,
    .tval2 = t->tval2,
    .tinst = t->tinst,
    .gva = t->gva,
    .why = t->why,
    .has_gpa = has_gpa,
    .gpa = has_gpa ? t->tval2 << 2 | (t->implicit ? 0 : t->tval & 3) : 0,
    .mdeleg = t->interrupt ? h->csr.mideleg : h->csr.medeleg,
    .hdeleg = t->interrupt ? h->csr.hideleg : h->csr.hedeleg,
  };
  const uint64_t walks = RV_OBSERVE_WALKS | (t->implicit ? RV_OBSERVE_PTE_WALKS : 0);
  if (t->access && (h->observe & walks)) {
    rv_walk_probe(h, t->tval, &t->mode, &n->walk);
    e->walk = &n->walk;
  }
  if (!t->interrupt && !(t->access && t->mode.access == RV_FETCH))
    e->has_raw = rv_peek_insn(h, &e->raw);
}

/* ---- trap loops ---- */

/* A mode is entered: nothing has retired in it since. count is icount as its first instruction
 * will see it. */
static void note_entry(rv_hart *h, uint64_t count) { h->loop[rv_level(h)].entered = count; }

/* Counts successive traps that are equal while the interrupted mode made no progress at all; stops
 * the hart when there were too many. */
static void watch_loop(rv_hart *h, const rv_trap *t)
{
  typeof(h->loop[0]) *l = &h->loop[rv_level(h)];
  /* A handler may answer wfi by coming back to it until something is pending: that is waiting. */
  if (t->why == WHY_VTW || t->why == WHY_TW || t->why == WHY_WFI_USER)
    return;
  const uint64_t cause = cause_word(t, t->cause);
  if (l->entered == h->icount && l->cause == cause && l->epc == h->pc && l->tval == t->tval &&
      l->tval2 == t->tval2) {
    if (unlikely(++l->count == RV_LIVELOCK))
      rv_hint_livelock(h, t);
  } else {
    l->cause = cause;
    l->epc = h->pc;
    l->tval = t->tval;
    l->tval2 = t->tval2;
    l->count = 1;
  }
  if (h->choice.trap_loop == 0 || l->count < h->choice.trap_loop)
    return;
  if (h->observe & 1ull << RV_EV_WEDGED) {
    transition n;
    begin(h, &n, RV_EV_WEDGED);
    describe_trap(h, &n, t);
    n.e.u.trap.count = l->count;
    end(h, &n);
  }
  h->stop |= RV_STOP_WEDGED;
  h->wedged = (typeof(h->wedged)){ .cause = t->cause, .interrupt = t->interrupt, .epc = h->pc,
                                   .tval = t->tval, .gpa = t->tval2 << 2, .count = l->count,
                                   .why = t->why, .prv = h->prv, .v = h->v };
  l->count = 0;
}

/* ---- taking and returning ---- */

/* After every change of mode. */
static void settle(rv_hart *h)
{
  rv_mode_changed(h);
  rv_irq_update(h);
  h->fp_fast = false; /* another FS may count now */
  h->end_block = true;
}

static __attribute__((noinline)) void enter_observed(rv_hart *h, const rv_trap *t, trap_target to,
                                                      rv_event_type type)
{
  transition n;
  begin(h, &n, type);
  describe_trap(h, &n, t);
  enter(h, t, to);
  end(h, &n);
}

void rv_take_trap(rv_hart *h, const rv_trap *trap)
{
  const rv_trap t = *trap; /* may be h->trap itself */
  const trap_target to = target_of(h, &t);
  watch_loop(h, &t);
  h->stat.traps++;
  h->stat.exits += h->v && to != TO_VS;
  if (rv_hints_wanted(h))
    rv_hint_trap(h, &t);
  if (unlikely(h->observe & 1ull << RV_EV_TRAP))
    enter_observed(h, &t, to, RV_EV_TRAP);
  else
    enter(h, &t, to);
  if (!t.interrupt) { /* the instruction was started, and counts as time, but did not retire */
    h->icount++;
    h->unretired++;
  }
  note_entry(h, h->icount);
  h->wfi = false;
  if (to == TO_M && h->env->firmware && h->env->firmware(h->env->ctx, h, &t))
    note_entry(h, h->icount);
  rv_counter_mode(h, 0); /* the firmware takes no time */
  settle(h);
}

/* What mret does to M's state. [H-178] */
static void leave_m(rv_hart *h)
{
  uint64_t *status = &h->csr.mstatus;
  const rv_prv prv = rv_get(*status, mstatus_MPP);
  const bool v = prv != PRV_M && (*status & mstatus_MPV); /* [H-192] */
  rv_put(status, mstatus_MIE, rv_get(*status, mstatus_MPIE));
  rv_put(status, mstatus_MPIE, 1);
  rv_put(status, mstatus_MPP, PRV_U);
  rv_put(status, mstatus_MPV, 0);
  if (prv != PRV_M)
    rv_put(status, mstatus_MPRV, 0);
  h->pc = h->csr.mepc;
  h->prv = prv;
  h->v = v;
}

void rv_redirect_trap(rv_hart *h, const rv_trap *t)
{
  const rv_prv from = h->prv;
  leave_m(h);
  const trap_target to = h->v && (h->csr.hedeleg >> t->cause & 1) ? TO_VS : TO_HS;
  if (h->observe & 1ull << RV_EV_REDIRECT) {
    transition n;
    begin(h, &n, RV_EV_REDIRECT);
    describe_trap(h, &n, t);
    n.e.insn = h->icount - 1; /* the trap it belongs to was counted already */
    n.e.from_prv = from;
    n.e.u.trap.origin_v = h->v;
    n.e.u.trap.origin_prv = h->prv;
    n.e.from_v = false;
    enter(h, t, to);
    end(h, &n);
  } else {
    enter(h, t, to);
  }
  note_entry(h, h->icount);
  settle(h);
}

/* [H-179, H-183] The HS-level sret, also from M: hstatus.SPV and sstatus.SPP name the new mode. Of
 * hstatus only SPV changes; with V=1 vsstatus is the live one [H-181]. */
static void sret_hs(rv_hart *h)
{
  uint64_t *status = &h->csr.mstatus;
  h->v = h->csr.hstatus & hstatus_SPV;
  h->prv = rv_get(*status, mstatus_SPP);
  rv_put(&h->csr.hstatus, hstatus_SPV, 0);
  rv_put(status, mstatus_SIE, rv_get(*status, mstatus_SPIE));
  rv_put(status, mstatus_SPIE, 1);
  rv_put(status, mstatus_SPP, PRV_U);
  rv_put(status, mstatus_MPRV, 0);
  h->pc = h->s[0].epc;
}

/* [H-180] In VS-mode: of vsstatus alone; V stays 1, hstatus is untouched. */
static void sret_vs(rv_hart *h)
{
  uint64_t *status = &h->s[1].status;
  h->prv = rv_get(*status, vsstatus_SPP);
  rv_put(status, vsstatus_SIE, rv_get(*status, vsstatus_SPIE));
  rv_put(status, vsstatus_SPIE, 1);
  rv_put(status, vsstatus_SPP, PRV_U);
  rv_put(&h->csr.mstatus, mstatus_MPRV, 0);
  h->pc = h->s[1].epc;
}

static void xret(rv_hart *h, void (*leave)(rv_hart *), bool mret)
{
  if (unlikely(h->observe & 1ull << RV_EV_XRET)) {
    transition n;
    begin(h, &n, RV_EV_XRET);
    n.e.u.xret.mret = mret;
    n.e.u.xret.hstatus = h->csr.hstatus;
    n.e.u.xret.status = h->v ? h->s[1].status : h->csr.mstatus;
    n.e.has_raw = true;
    n.e.raw = mret ? 0x30200073 : 0x10200073;
    leave(h);
    end(h, &n);
  } else {
    leave(h);
  }
  note_entry(h, h->icount + 1);
  settle(h);
}

void rv_mret(rv_hart *h)
{
  if (rv_hints_wanted(h))
    rv_hint_mret(h);
  xret(h, leave_m, true);
}

void rv_sret(rv_hart *h)
{
  if (!h->v && rv_hints_wanted(h))
    rv_hint_sret(h);
  xret(h, h->v ? sret_vs : sret_hs, false);
}
