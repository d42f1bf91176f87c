/* interrupt.c - pending, enabled, delegated: which interrupt is taken, and where.
 * [priv machine#mip, hypervisor#hideleg; H-060 .. H-082, H-406]
 */
#include "priv/interrupt.h"
#include "priv/aia.h"
#include "priv/csr.h"
#include "priv/trap.h"

/* Comparisons, whatever TM is [H-405]; levels, not latched [H-119]. [H-063, H-123] */
static uint64_t timers(rv_hart *h)
{
  if (!(h->csr.menvcfg & menvcfg_STCE))
    return 0;
  const uint64_t now = h->env->time(h->env->ctx);
  uint64_t ip = now >= h->s[0].timecmp ? IP(STI) : 0;
  if ((h->csr.henvcfg & henvcfg_STCE) && now + h->csr.htimedelta >= h->s[1].timecmp) /* [H-115] */
    ip |= IP(VSTI); /* also while V=0 [H-008, H-120] */
  return ip;
}

/* The signals of the interrupt files of guests: of the one that VGEIN names, and of all that are
 * enabled in hgeie [H-062, H-064, H-087]. */
static uint64_t guest_external(const rv_hart *h)
{
  if (likely(!h->csr.hgeip))
    return 0;
  const bool named = h->csr.hgeip >> rv_get(h->csr.hstatus, hstatus_VGEIN) & 1;
  return (named ? IP(VSEI) : 0) | (h->csr.hgeip & h->csr.hgeie ? IP(SGEI) : 0);
}

/* Those of the set that are pending: the clock is asked only for a timer's sake. */
static uint64_t pending_of(rv_hart *h, uint64_t set)
{
  const uint64_t stce = h->csr.menvcfg & menvcfg_STCE ? IP(STI) : 0;
  const uint64_t soft = h->csr.mip & ~(stce | (h->csr.mvien & IP(SEI))); /* [AIA 5.3] */
  const uint64_t late = set & (IP(STI) | IP(VSTI)) ? timers(h) : 0;
  return (h->ip_lines | soft | (h->csr.hvip & RV_VS_LEVEL) | late | guest_external(h)) & set;
}

uint64_t rv_pending(rv_hart *h) { return pending_of(h, ~0ull); }

/* ---- what supervisors see ---- */

/* Delegated, the bits are those of mip and mie [H-067]; not delegated, but in mvien, those of mvip,
 * and sie's own [AIA 5.3]. */
uint64_t rv_sip(const rv_hart *h, uint64_t pending)
{
  const uint64_t virtual = (h->csr.mvip | (h->csr.mip & IP(SEI))) & h->csr.mvien;
  return (pending & h->csr.mideleg & RV_S_LEVEL) | (virtual & ~h->csr.mideleg);
}

uint64_t rv_sie(const rv_hart *h)
{
  return (h->csr.mie & h->csr.mideleg & RV_S_LEVEL) |
         (h->s[0].own_ie & h->csr.mvien & ~h->csr.mideleg);
}

/* What the guest sees of a word of mip or mie: the VS-level bits shifted [H-073], and the local
 * ones as sip and sie show them [H-400], all only if delegated, by hideleg as it is now [H-401];
 * local ones that are not delegated, but in hvien, are hvip's, and vsie's own [AIA 6.3.2]. No other
 * bit of HS's is seen [H-407]. */
static uint64_t guest_view(const rv_hart *h, uint64_t word, uint64_t hs, uint64_t own)
{
  return (word & h->csr.hideleg & RV_VS_LEVEL) >> 1 | (hs & h->csr.hideleg & RV_LOCAL) |
         (own & h->csr.hvien & ~h->csr.hideleg);
}

uint64_t rv_vsip(const rv_hart *h, uint64_t pending)
{
  return guest_view(h, pending, rv_sip(h, pending), h->csr.hvip);
}

uint64_t rv_vsie(const rv_hart *h) { return guest_view(h, h->csr.mie, rv_sie(h), h->s[1].own_ie); }

/* ---- the one to take ---- */

/* cause: as the trap has it, VS-level interrupts as 2, 6 and 10; none while why is 0. */
typedef struct {
  uint16_t cause;
  uint8_t to, why; /* rv_trap_to, rv_why */
} choice;

/* The first of a set by the fixed order [H-077, H-078, H-080, H-313]. */
static choice first(uint64_t set)
{
  static const uint8_t order[] = { IRQ_MEI,  IRQ_MSI,  IRQ_MTI,  IRQ_SEI,  IRQ_SSI,   IRQ_STI,
                                   IRQ_SGEI, IRQ_VSEI, IRQ_VSSI, IRQ_VSTI, IRQ_LCOFI, 0 };
  for (const uint8_t *o = order; *o && set; o++)
    if (set >> *o & 1)
      return (choice){ .cause = *o, .why = WHY_INTERRUPT };
  return (choice){ 0 };
}

static choice of_top(rv_top t)
{
  return t.any ? (choice){ .cause = t.id, .to = t.to, .why = t.why } : (choice){ 0 };
}

static choice m_choice(const rv_hart *h, uint64_t ready)
{
  return rv_has(h, EXT_Smaia) ? of_top(rv_m_top(h, ready)) : first(ready & ~h->csr.mideleg);
}

static choice hs_choice(const rv_hart *h, uint64_t ready)
{
  return rv_has(h, EXT_Smaia) ? of_top(rv_s_top(h, ready))
                              : first(ready & h->csr.mideleg & ~h->csr.hideleg); /* [H-071] */
}

static choice vs_choice(const rv_hart *h, uint64_t ready)
{
  if (!rv_has(h, EXT_Smaia))
    return first(ready & h->csr.mideleg & h->csr.hideleg);
  choice c = of_top(rv_vs_top(h, ready)); /* pending is what vstopi says [H-471] */
  if (c.why && c.to == RV_TO_DELEGATED && c.cause < IRQ_LCOFI)
    c.cause++;
  return c;
}

/* The interrupt to take now. M before HS before VS, whatever the numbers [H-079]. */
static choice select_interrupt(const rv_hart *h, uint64_t ready)
{
  choice c = { 0 };
  if (h->prv != PRV_M || (h->csr.mstatus & mstatus_MIE))
    c = m_choice(h, ready);
  if (!c.why && h->prv != PRV_M &&
      (h->v || h->prv == PRV_U || (h->csr.mstatus & mstatus_SIE))) /* [H-070] */
    c = hs_choice(h, ready);
  if (!c.why && h->v && (h->prv == PRV_U || (h->s[1].status & vsstatus_SIE))) /* [H-005, H-072] */
    c = vs_choice(h, ready);
  return c;
}

/* Something that mip and mie do not show may be there. */
static bool has_virtual(const rv_hart *h)
{
  return h->csr.mvien | h->csr.hvien | (h->csr.hvictl & hvictl_VTI);
}

/* Even if globally disabled or delegated [H-081]; with AIA by what the levels' top interrupts are
 * [AIA 5.5]. */
static bool wakes(const rv_hart *h, uint64_t ready)
{
  if (!has_virtual(h))
    return ready;
  return rv_m_top(h, ready).any || rv_s_top(h, ready).any || rv_vs_top(h, ready).any;
}

bool rv_wakes(rv_hart *h) { return wakes(h, pending_of(h, h->csr.mie)); }

void rv_irq_update(rv_hart *h)
{
  const uint64_t ready = pending_of(h, h->csr.mie);
  const bool some = ready || unlikely(has_virtual(h));
  if (some && wakes(h, ready))
    h->wfi = false;
  h->attention = h->stop || (some && select_interrupt(h, ready).why);
  h->end_block |= h->attention;
}

void rv_timer_update(rv_hart *h)
{
  if (h->env->timer_changed)
    h->env->timer_changed(h->env->ctx, h);
  h->leave = true; /* the budget was planned by the old comparison */
  rv_irq_update(h);
}

unsigned rv_interrupt_of(rv_hart *h, uint64_t pending)
{
  return select_interrupt(h, pending & h->csr.mie).cause;
}

bool rv_take_interrupt(rv_hart *h)
{
  const choice c = select_interrupt(h, pending_of(h, h->csr.mie));
  if (c.why)
    rv_take_trap(h, &(rv_trap){ .cause = c.cause, .interrupt = true, .to = c.to, .why = c.why });
  return c.why;
}

void rv_set_line(rv_hart *h, unsigned irq, bool on)
{
  h->ip_lines = on ? h->ip_lines | 1ull << irq : h->ip_lines & ~(1ull << irq);
  rv_irq_update(h);
}
