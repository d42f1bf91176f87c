/* interrupt.h - which interrupts are pending, and which one is to be taken.
 * [priv machine#mip, hypervisor#hip; H-060 .. H-082]
 */
#ifndef RV_INTERRUPT_H
#define RV_INTERRUPT_H
#include "cpu/hart.h"

/* mip as an explicit read sees it: lines, software bits, timers, hvip. */
uint64_t rv_pending(rv_hart *h);

/* Call after anything that an interrupt's condition names has changed: lines, mip, mie, delegation,
 * status, mode, timers. Sets h->attention if one is to be taken now, and ends a wfi. */
void rv_irq_update(rv_hart *h);

/* A timer comparison changed (stimecmp, vstimecmp, htimedelta, STCE): tells the machine, which
 * plans its next event by it, and re-evaluates. */
void rv_timer_update(rv_hart *h);

/* The interrupt that would be taken now if these bits of mip were pending, or 0. */
unsigned rv_interrupt_of(rv_hart *h, uint64_t pending);

/* Takes the highest-priority interrupt that may be taken now. False: there is none. */
bool rv_take_interrupt(rv_hart *h);

/* A device drives a line of mip (IRQ_MSI, IRQ_MTI, IRQ_MEI, IRQ_SEI). */
void rv_set_line(rv_hart *h, unsigned irq, bool on);
#endif
