/* counter.c - the counters stand on h->icount; a stopped one keeps its value in the offset.
 *
 * Depends on hart.h, csr.h (fields) and interrupt.h (LCOFIP).
 */
#include "priv/counter.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include <string.h>

enum { CYCLE, INSTRET = 2, HPM_FIRST = 3 };
enum { EVENT_NONE, EVENT_CYCLES, EVENT_INSTRET }; /* mhpmevent.Event, as csr.def names them */

/* mcyclecfg and minstretcfg have the fields of mhpmevent, but for OF. */
static const uint64_t OF = mhpmevent3_OF;
static const uint64_t FILTERS =
    mhpmevent3_MINH | mhpmevent3_SINH | mhpmevent3_UINH | mhpmevent3_VSINH | mhpmevent3_VUINH;

static unsigned event_of(const rv_hart *h, unsigned n)
{
  return n == CYCLE     ? EVENT_CYCLES
         : n == INSTRET ? EVENT_INSTRET
         : n == 1       ? EVENT_NONE /* time is no counter */
                        : h->counter[n].config & mhpmevent3_Event;
}

/* How many of its events there were in the hart's life. */
static uint64_t events(const rv_hart *h, unsigned n)
{
  return event_of(h, n) == EVENT_INSTRET ? h->icount - h->unretired : h->icount;
}

/* The bit that inhibits in the mode the hart is in: SINH and UINH are for V=0 only [H-452]. */
static uint64_t filter_of_mode(const rv_hart *h)
{
  if (h->prv == PRV_M)
    return mhpmevent3_MINH;
  if (h->prv == PRV_S)
    return h->v ? mhpmevent3_VSINH : mhpmevent3_SINH;
  return h->v ? mhpmevent3_VUINH : mhpmevent3_UINH;
}

static bool is_counting(const rv_hart *h, unsigned n) { return h->counting >> n & 1; }

static bool is_to_count(const rv_hart *h, unsigned n)
{
  return event_of(h, n) && !(h->csr.mcountinhibit >> n & 1) &&
         !(h->counter[n].config & filter_of_mode(h));
}

/* Its next overflow interrupts: OF is the disable as well [sscofpmf norm:count_overflow_interrupt].
 */
static bool interrupts(const rv_hart *h, unsigned n)
{
  return n >= HPM_FIRST && rv_has(h, EXT_Sscofpmf) && !(h->counter[n].config & OF);
}

uint64_t rv_counter_read(const rv_hart *h, unsigned n)
{
  return h->counter[n].off + (is_counting(h, n) ? events(h, n) : 0);
}

/* Stops or starts counter n behind the instructions that are ahead. */
static void set_counting(rv_hart *h, unsigned n, bool on, uint64_t ahead)
{
  if (on == is_counting(h, n))
    return;
  const uint64_t before = events(h, n) + ahead;
  h->counter[n].off += on ? -before : before;
  h->counting ^= 1u << n;
}

/* After any change of what counts. */
static void plan(rv_hart *h)
{
  h->filtered = h->armed = 0;
  for (unsigned n = 0; n < RV_COUNTERS; n++) {
    if (event_of(h, n) && (h->counter[n].config & FILTERS))
      h->filtered |= 1u << n;
    if (is_counting(h, n) && interrupts(h, n))
      h->armed |= 1u << n;
  }
  if (h->armed)
    h->leave = true; /* the budget was planned by the old counters */
}

void rv_counter_write(rv_hart *h, unsigned n, uint64_t value, uint64_t ahead)
{
  h->counter[n].off = value - (is_counting(h, n) ? events(h, n) + ahead : 0);
  h->counter[n].mark = value; /* no write overflows [sscofpmf norm:count_overflow_trigger] */
  plan(h);
}

void rv_counter_configure(rv_hart *h, unsigned n, uint64_t config, uint64_t ahead)
{
  rv_counter *c = &h->counter[n];
  const bool had_overflowed = c->config & OF;
  const uint64_t before = rv_counter_read(h, n);
  set_counting(h, n, false, ahead);
  c->mark = had_overflowed ? c->off : before; /* the instruction's own event may be the overflow */
  c->config = config;
  set_counting(h, n, is_to_count(h, n), ahead);
  plan(h);
}

void rv_counter_inhibit(rv_hart *h, uint64_t value, uint64_t ahead)
{
  h->csr.mcountinhibit = value;
  for (unsigned n = 0; n < RV_COUNTERS; n++)
    set_counting(h, n, is_to_count(h, n), ahead);
  plan(h);
}

void rv_counter_reset(rv_hart *h)
{
  memset(h->counter, 0, sizeof h->counter);
  h->counting = 1u << CYCLE | 1u << INSTRET;
  h->filtered = h->armed = 0;
}

void rv_counter_new_mode(rv_hart *h, uint64_t ahead)
{
  for (unsigned n = 0; n < RV_COUNTERS; n++)
    if (h->filtered >> n & 1)
      set_counting(h, n, is_to_count(h, n), ahead);
  plan(h);
}

/* No event comes more than once per instruction. */
uint64_t rv_overflow_in(const rv_hart *h)
{
  uint64_t best = ~0ull;
  for (unsigned n = HPM_FIRST; h->armed && n < RV_COUNTERS; n++) {
    const uint64_t left = -rv_counter_read(h, n); /* 0 is 2^64 */
    if ((h->armed >> n & 1) && left && left < best)
      best = left;
  }
  return best;
}

/* Also of counters that the last instruction stopped: it may have been theirs.
 * [sscofpmf norm:mhpmevent_of_op, norm:mhpmevent_of_bit_set, norm:LCOFIP_op] */
void rv_counter_overflows(rv_hart *h)
{
  uint32_t found = 0;
  for (unsigned n = HPM_FIRST; n < RV_COUNTERS; n++)
    if (interrupts(h, n) && rv_counter_read(h, n) < h->counter[n].mark) {
      h->counter[n].config |= OF;
      found |= 1u << n;
    }
  if (!found)
    return;
  h->csr.mip |= IP(LCOFI);
  plan(h);
  rv_irq_update(h);
}
