/* interrupt.h - which interrupts are pending, and which one is to be taken.
 * [priv machine#mip, hypervisor#hip; H-060 .. H-082]
 */
#ifndef RV_INTERRUPT_H
#define RV_INTERRUPT_H
#include "cpu/hart.h"

/* Bits of mip and mie by level. The local ones, 13 and up, are of HS-mode unless hideleg or hvien
 * gives them to the guest; the hart itself raises LCOFI alone of them. */
#define RV_VS_LEVEL (IP(VSSI) | IP(VSTI) | IP(VSEI))
#define RV_S_LEVEL (IP(SSI) | IP(STI) | IP(SEI) | IP(LCOFI))
#define RV_HS_ALIASES (RV_VS_LEVEL | IP(SGEI))
#define RV_LOCAL (~0ull << IRQ_LCOFI)

/* mip as an explicit read sees it: lines, software bits, timers, hvip, guest external interrupts.
 */
uint64_t rv_pending(rv_hart *h);

/* What the two supervisors see of it: sip, sie, vsip, vsie. pending is mip, or the part of it that
 * is asked about. */
uint64_t rv_sip(const rv_hart *h, uint64_t pending);
uint64_t rv_sie(const rv_hart *h);
uint64_t rv_vsip(const rv_hart *h, uint64_t pending);
uint64_t rv_vsie(const rv_hart *h);

/* Whether wfi goes on [H-081]. */
bool rv_wakes(rv_hart *h);

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
