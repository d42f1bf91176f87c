/* hint.c - the hints that traps and returns give away, and telling of them.
 *
 * An exit is remembered until the guest is entered again: an sret that goes where the exit came
 * from is its answer, and what that answer lost is a mistake. [priv hypervisor#sec:tinst-vals,
 * H_trap_deleg]
 */
#include "priv/hint.h"
#include "mmu/access.h"
#include "priv/tell.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name, *text;
} hints[] = {
#define HINT(id, name, text, cure) { name, text },
#include "priv/hint.def"
};
#define HINT(id, name, words, cure)                                                                \
  _Static_assert(sizeof(words) <= sizeof((rv_event *)0)->u.hint.text, name " is too long");
#include "priv/hint.def"

void rv_hint(rv_hart *h, uint64_t pc, const char *id, const char *text)
{
  if (!rv_hints_wanted(h))
    return;
  rv_event e = rv_event_here(h, RV_EV_HINT);
  e.pc = e.dest = pc;
  e.u.hint.id = id;
  strncpy(e.u.hint.text, text, sizeof e.u.hint.text - 1);
  rv_tell(h, &e);
}

void rv_hint_once(rv_hart *h, uint64_t pc, rv_hint_id id, const char *text)
{
  if (h->hinted & 1u << id)
    return;
  h->hinted |= 1u << id;
  rv_hint(h, pc, hints[id].name, text ? text : hints[id].text);
}

/* ---- traps ---- */

static bool is_guest_page_fault(uint64_t cause)
{
  return cause == CAUSE_FETCH_GUEST_PAGE || cause == CAUSE_LOAD_GUEST_PAGE ||
         cause == CAUSE_STORE_GUEST_PAGE;
}

/* A kernel may keep A and D by software, and is asked to by the first fault on each page (after the
 * one for mapping it): outside the G-stage it is worth a word only when the handler came back
 * without setting the bit. */
static bool is_forgotten_AD(const rv_hart *h, const rv_trap *t)
{
  const bool again = h->exit.refused_why == t->why && h->loop[h->v * 4 + h->prv].count > 1;
  return is_guest_page_fault(t->cause) || again;
}

static void check_refusal(rv_hart *h, const rv_trap *t)
{
  if (t->why == WHY_PTE_NO_U && is_guest_page_fault(t->cause))
    rv_hint_once(h, h->pc, RV_HINT_G_NO_U, NULL);
  if ((t->why == WHY_PTE_A_OFF || t->why == WHY_PTE_D_OFF) && is_forgotten_AD(h, t))
    rv_hint_once(h, h->pc, RV_HINT_AD_OFF, NULL);
  h->exit.refused_why = t->why;
}

static unsigned length_of(uint32_t insn) { return (insn & 3) == 3 ? 4 : 2; }

/* The length of the instruction that a handler would skip, from what the trap says of it anyway;
 * 0: not known, or nothing to skip. htinst has bit 1 clear for a compressed one [H-143]. */
static unsigned length_to_skip(rv_hart *h, const rv_trap *t)
{
  uint32_t insn;
  if (t->interrupt)
    return 0;
  switch (t->cause) {
  case CAUSE_ECALL_U:
  case CAUSE_ECALL_VS:
    return 4;
  case CAUSE_ILLEGAL:
  case CAUSE_VIRTUAL:
    return t->tval ? length_of(t->tval) : 0;
  case CAUSE_LOAD_GUEST_PAGE:
  case CAUSE_STORE_GUEST_PAGE:
    if (t->tinst & 1)
      return t->tinst & 2 ? 4 : 2;
    return h->choice.tinst_zero && rv_peek_insn(h, &insn) ? length_of(insn) : 0;
  default:
    return 0;
  }
}

void rv_hint_trap(rv_hart *h, const rv_trap *t)
{
  const bool vs_ecall = t->cause == CAUSE_ECALL_VS && !t->interrupt; /* the most frequent exit */
  if (unlikely(t->access))
    check_refusal(h, t);
  if (!h->v) {
    h->exit.depth += t->interrupt || t->cause != CAUSE_ECALL_HS; /* SBI calls return by mret */
    return;
  }
  h->exit.pending = true;
  h->exit.prv = h->prv;
  h->exit.length = likely(vs_ecall) ? 4 : length_to_skip(h, t);
  h->exit.pc = h->pc;
  h->exit.hgatp = h->csr.hgatp;
  h->exit.sp = h->x[2];
  h->exit.tp = h->x[4];
}

void rv_hint_livelock(rv_hart *h, const rv_trap *t)
{
  char text[sizeof((rv_event *)0)->u.hint.text];
  snprintf(text, sizeof text,
           "%d times the same trap (%scause %" PRIu64 " in %s-mode, tval 0x%" PRIx64
           "): the handler returns without having changed what caused it",
           RV_LIVELOCK, t->interrupt ? "interrupt, " : "", t->cause, rv_mode_name(h->prv, h->v),
           t->tval);
  rv_hint_once(h, h->pc, RV_HINT_LIVELOCK, text);
}

/* ---- entries ---- */

static __attribute__((noinline)) void tell_gap(rv_hart *h, uint64_t gap)
{
  char text[sizeof((rv_event *)0)->u.hint.text];
  snprintf(text, sizeof text,
           "hedeleg 0x%" PRIx64 " gives the guest what medeleg 0x%" PRIx64
           " does not give to HS: causes in 0x%" PRIx64 " go to M, not to VS",
           h->csr.hedeleg, h->csr.medeleg, gap);
  rv_hint_once(h, h->pc, RV_HINT_DELEG_GAP, text);
}

/* What firmware keeps for itself to emulate (illegal instructions, misaligned and access faults) it
 * hands on by hedeleg, as KVM relies on: of these a gap is no mistake. */
static void check_delegation(rv_hart *h)
{
  const uint64_t meant = 1ull << CAUSE_FETCH_MISALIGNED | 1ull << CAUSE_BREAKPOINT |
                         1ull << CAUSE_ECALL_U | 1ull << CAUSE_FETCH_PAGE |
                         1ull << CAUSE_LOAD_PAGE | 1ull << CAUSE_STORE_PAGE;
  const uint64_t gap = h->csr.hedeleg & ~h->csr.medeleg & meant;
  if (unlikely(gap))
    tell_gap(h, gap);
}

/* Is this the answer to the last exit? Another guest, or another hart of the same one, would differ
 * in hgatp or in its stack. */
static bool answers_exit(const rv_hart *h)
{
  return h->exit.pending && h->s[0].epc - h->exit.pc <= 4 && h->exit.hgatp == h->csr.hgatp &&
         h->exit.sp == h->x[2] && h->exit.tp == h->x[4];
}

static void check_answer(rv_hart *h, bool to_v, unsigned to_prv)
{
  const uint64_t skipped = h->s[0].epc - h->exit.pc;
  if (!to_v)
    rv_hint_once(h, h->pc, RV_HINT_SPV_LOST, NULL);
  else if (h->exit.prv == PRV_S && to_prv == PRV_U)
    rv_hint_once(h, h->pc, RV_HINT_SPP_VU, NULL);
  else if (skipped && h->exit.length && skipped != h->exit.length)
    rv_hint_once(h, h->pc, RV_HINT_RESUME_LEN, NULL);
}

/* The first entry into any guest: the G-stage is set up, and no trap is being returned from. */
static void check_first_entry(rv_hart *h, bool to_v, unsigned to_prv)
{
  if (h->exit.depth && !to_v) {
    h->exit.depth--;
    return;
  }
  if (!(h->csr.hgatp & hgatp_MODE))
    return;
  if (!to_v && to_prv == PRV_S)
    rv_hint_once(
        h, h->pc, RV_HINT_SPV_LOST,
        "hgatp is set and sret goes to a new place with hstatus.SPV=0: you are going to HS, "
        "not to a guest");
  else if (to_v && to_prv == PRV_U && (h->csr.hstatus & hstatus_SPVP))
    rv_hint_once(h, h->pc, RV_HINT_SPP_VU,
                 "this sret goes to VU-mode although hstatus.SPVP=1: sstatus.SPP selects VS-mode, "
                 "SPVP does not");
}

void rv_hint_sret(rv_hart *h)
{
  const bool to_v = h->csr.hstatus & hstatus_SPV;
  const unsigned to_prv = h->csr.mstatus & mstatus_SPP ? PRV_S : PRV_U;
  const uint64_t skipped = h->s[0].epc - h->exit.pc;
  if (likely(h->exit.pending && to_v && to_prv == h->exit.prv &&
             (skipped == 0 || skipped == h->exit.length)))
    ; /* right, whoever's exit it answers */
  else if (answers_exit(h))
    check_answer(h, to_v, to_prv);
  else if (unlikely(!h->exit.entered))
    check_first_entry(h, to_v, to_prv);
  if (!to_v)
    return;
  check_delegation(h);
  h->exit.entered = true;
  h->exit.pending = false;
}

void rv_hint_mret(rv_hart *h)
{
  if (!(h->csr.mstatus & mstatus_MPV) || rv_get(h->csr.mstatus, mstatus_MPP) == PRV_M)
    return;
  check_delegation(h);
  h->exit.entered = true;
  h->exit.pending = false;
}
