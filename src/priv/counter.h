/* counter.h - cycle and instret: offsets to the hart's exact instruction count.
 * [priv machine#mcycle, #mcountinhibit]
 */
#ifndef RV_COUNTER_H
#define RV_COUNTER_H
#include "cpu/hart.h"

uint64_t rv_mcycle(const rv_hart *h);   /* one cycle per instruction started */
uint64_t rv_minstret(const rv_hart *h); /* instructions retired: trapped ones do not count */
/* The written value is what the next instruction reads. */
void rv_set_mcycle(rv_hart *h, uint64_t value);
void rv_set_minstret(rv_hart *h, uint64_t value);
void rv_set_countinhibit(rv_hart *h, uint64_t value);
#endif
