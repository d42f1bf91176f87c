/* interrupt.c - pending, enabled, delegated: which interrupt is taken, and where.
 * [priv machine#mip, hypervisor#hideleg; H-060 .. H-082, H-406]
 */
#include "priv/interrupt.h"
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

/* Those of the set that are pending: the clock is asked only for a timer's sake. VSEIP is hvip's
 * alone: there is no guest external interrupt [H-062]. */
static uint64_t pending_of(rv_hart *h, uint64_t set)
{
  const uint64_t soft = h->csr.menvcfg & menvcfg_STCE ? h->csr.mip & ~IP(STI) : h->csr.mip;
  const uint64_t late = set & (IP(STI) | IP(VSTI)) ? timers(h) : 0;
  return (h->ip_lines | soft | h->csr.hvip | late) & set;
}

uint64_t rv_pending(rv_hart *h) { return pending_of(h, ~0ull); }

/* The first of a priority list that is in the set, or 0. */
static unsigned first(uint64_t set, const uint8_t *order)
{
  for (; *order; order++)
    if (set >> *order & 1)
      return *order;
  return 0;
}

/* The interrupt to take now, or 0. M before HS before VS, whatever the numbers [H-079]. */
static unsigned select_interrupt(rv_hart *h, uint64_t ready)
{
  static const uint8_t order[] = { IRQ_MEI, IRQ_MSI,  IRQ_MTI,  IRQ_SEI,  IRQ_SSI, IRQ_STI,
                                   IRQ_SGEI, IRQ_VSEI, IRQ_VSSI, IRQ_VSTI,
                                   IRQ_LCOFI, 0 }; /* [H-077, H-078, H-080]; fixed [H-313] */
  const uint64_t mideleg = h->csr.mideleg, hideleg = h->csr.hideleg;
  unsigned irq = 0;
  if (h->prv != PRV_M || (h->csr.mstatus & mstatus_MIE))
    irq = first(ready & ~mideleg, order);
  if (!irq && h->prv != PRV_M &&
      (h->v || h->prv == PRV_U || (h->csr.mstatus & mstatus_SIE))) /* [H-070] */
    irq = first(ready & mideleg & ~hideleg, order); /* [H-071] */
  if (!irq && h->v && (h->prv == PRV_U || (h->s[1].status & vsstatus_SIE))) /* [H-005, H-072] */
    irq = first(ready & mideleg & hideleg, order);
  return irq;
}

void rv_irq_update(rv_hart *h)
{
  const uint64_t ready = pending_of(h, h->csr.mie);
  if (ready)
    h->wfi = false; /* resumes even if globally disabled or delegated [H-081] */
  h->attention = h->stop || (ready && select_interrupt(h, ready));
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
  return select_interrupt(h, pending & h->csr.mie);
}

bool rv_take_interrupt(rv_hart *h)
{
  const unsigned irq = rv_interrupt_of(h, rv_pending(h));
  if (irq)
    rv_take_trap(h, &(rv_trap){ .cause = irq, .interrupt = true, .why = WHY_INTERRUPT });
  return irq;
}

void rv_set_line(rv_hart *h, unsigned irq, bool on)
{
  h->ip_lines = on ? h->ip_lines | 1ull << irq : h->ip_lines & ~(1ull << irq);
  rv_irq_update(h);
}
