/* tinst.h - what htinst and mtinst say of the instruction that trapped.
 * The pseudo-instructions of implicit accesses are mmu/walk.h's. [hypervisor#transformed-inst;
 * H-136 .. H-148]
 */
#ifndef RV_TINST_H
#define RV_TINST_H
#include "cpu/hart.h"

/* Completes h->trap of an explicit access at va made by the instruction raw (32-bit form; expanded
 * if compressed): sets tinst to the transformed instruction where the manual allows one. */
void rv_set_tinst(rv_hart *h, uint64_t va, uint32_t raw, bool compressed);
#endif
