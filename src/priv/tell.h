/* tell.h - making an event about the instruction at h->pc, for whoever emits one.
 *
 * The transitions of trap.c and the firmware's calls differ in more than they share with these.
 */
#ifndef RV_TELL_H
#define RV_TELL_H
#include "cpu/event.h"
#include "priv/csr.h"

/* An event of an instruction that stays in its mode; the caller fills in u, and raw if known. */
static inline rv_event rv_event_here(const rv_hart *h, rv_event_type type)
{
  return (rv_event){ .type = type, .hart = h->id, .from_prv = h->prv, .to_prv = h->prv,
                     .from_v = h->v, .to_v = h->v, .insn = h->icount, .pc = h->pc, .dest = h->pc,
                     .vmid = rv_get(h->csr.hgatp, hgatp_VMID), .x = h->x };
}

/* Notes an access to memory for RV_EV_COMMIT, after it was made. */
static inline void rv_touched(rv_hart *h, uint64_t va, unsigned size, bool write, uint64_t value)
{
  if (unlikely(h->observe & 1ull << RV_EV_COMMIT) && h->did.n_touch < RV_TOUCHES)
    h->did.touch[h->did.n_touch++] = (rv_touch){ va, value, size, write };
}

static inline void rv_tell(rv_hart *h, const rv_event *e) { h->env->event(h->env->ctx, h, e); }
#endif
