/* virtual.h - illegal or virtual instruction: which of the two a refused instruction raises.
 * [hypervisor#H_cause_virtual_instruction; H-150 .. H-168]
 */
#ifndef RV_VIRTUAL_H
#define RV_VIRTUAL_H
#include "cpu/hart.h"

/* Cause 22 if V=1 and the reason is one HS-mode would not have met, else 2. */
unsigned rv_refusal_cause(const rv_hart *h, rv_why why);

/* Fills h->trap with the refusal of an instruction whose bits are raw. Always false. */
bool rv_refuse(rv_hart *h, rv_why why, uint32_t raw);
#endif
