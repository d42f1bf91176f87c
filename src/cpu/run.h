/* run.h - running a hart. Three instantiations of the same bodies: tail calls (run_tail.c, the
 * default), a switch (run_switch.c, Debug and sanitizers), single steps (run_step.c, observed).
 */
#ifndef RV_RUN_H
#define RV_RUN_H
#include "cpu/block.h"

/* Runs until budget instructions were started (never more), or h->attention or h->leave is set.
 * A segment that would exceed the budget is not entered: up to a segment fewer may have run.
 * h->pc and h->icount are exact on return. */
void rv_run(rv_hart *h, int64_t budget);

/* Runs one instruction, telling RV_EV_INSN before and RV_EV_COMMIT after it if they are observed. A
 * fetch fault is taken and counts as one. h->leave and h->attention as rv_run leaves them. */
void rv_step(rv_hart *h);

/* What rv_code_new wants: the engine that rv_run is. */
const rv_engine *rv_engine_here(void);

/* ---- between the engines and run.c ---- */

/* Here h->icount is exact on entry and on return: the budget is h->limit - h->icount. */

/* The op at h->pc, with vbase and bank set; takes fetch faults on the way. NULL: leave the run
 * loop. */
rv_op *rv_enter(rv_hart *h);
/* The op a cross-page or same-page link leads to; remembers it in the link. NULL: leave. */
rv_op *rv_follow_cross(rv_hart *h, rv_op *op);
rv_op *rv_follow_stub(rv_hart *h, rv_op *op);
/* X_break: the op behind it, or NULL with RV_STOP_BREAK set: leave before the instruction. */
rv_op *rv_at_break(rv_hart *h, rv_op *op);
/* The segment at op was counted but cannot be afforded: back to its start. */
void rv_leave_at(rv_hart *h, rv_op *op, int64_t budget);
#endif
