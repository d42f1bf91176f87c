/* trap.h - taking traps and returning from them: the only code that enters or leaves a handler.
 * [priv machine#mcause, hypervisor#H_trap_deleg]
 */
#ifndef RV_TRAP_H
#define RV_TRAP_H
#include "cpu/hart.h"

/* Takes the trap t on the instruction at h->pc: decides M, HS or VS, writes that mode's CSRs, sets
 * h->pc to the handler. With built-in firmware a trap to M is handled before this returns. */
void rv_take_trap(rv_hart *h, const rv_trap *t);

/* The firmware hands the trap it took in M on to HS, or to VS when V was 1 and hedeleg says so:
 * undoes the entry to M (as mret does), then leaves the state a direct trap would have left. */
void rv_redirect_trap(rv_hart *h, const rv_trap *t);

/* mret and sret, access already checked. They set mode, V and h->pc. [H-178 .. H-183] */
void rv_mret(rv_hart *h);
void rv_sret(rv_hart *h);
#endif
