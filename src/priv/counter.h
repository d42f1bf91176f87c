/* counter.h - cycle, instret and the event counters: offsets to the hart's exact instruction count.
 *
 * They cost the run loops nothing. Who plans how far a hart runs asks rv_overflow_in, runs no
 * further than that, and calls rv_counter_overflows there: so an overflow interrupts at its
 * instruction. [priv machine#mcycle, #mcountinhibit, #hpm; sscofpmf; smcntrpmf]
 */
#ifndef RV_COUNTER_H
#define RV_COUNTER_H
#include "cpu/hart.h"

/* What counter n shows: 0 one cycle per instruction started, 2 instructions retired (trapped ones
 * do not count), 3 and up what mhpmevent selects of these. */
uint64_t rv_counter_read(const rv_hart *h, unsigned n);

/* Writes by an instruction: it counts itself as set up before it, and a value that it writes is
 * what the next instruction reads; ahead is 1, because it is not in h->icount yet. Between
 * instructions, where the firmware is, ahead is 0. The values are legal ones of the CSRs. */
void rv_counter_write(rv_hart *h, unsigned n, uint64_t value, uint64_t ahead);
void rv_counter_configure(rv_hart *h, unsigned n, uint64_t config,
                          uint64_t ahead);                           /* mhpmevent, mcyclecfg */
void rv_counter_inhibit(rv_hart *h, uint64_t value, uint64_t ahead); /* mcountinhibit */
/* As after reset: all 0, cycle and instret count. */
void rv_counter_reset(rv_hart *h);

/* The mode changed; the instruction that did it still counts for the old one: ahead is 1 if it is
 * not in h->icount yet [smcntrpmf norm:instret_xret]. */
void rv_counter_new_mode(rv_hart *h, uint64_t ahead);
static inline void rv_counter_mode(rv_hart *h, uint64_t ahead)
{
  if (unlikely(h->filtered))
    rv_counter_new_mode(h, ahead);
}

/* Instructions after which the next overflow may have happened, ~0: none will. When the answer may
 * have become less, h->leave is set. */
uint64_t rv_overflow_in(const rv_hart *h);
/* Sets OF and LCOFIP of what has overflowed. Between instructions only. */
void rv_counter_overflows(rv_hart *h);
#endif
