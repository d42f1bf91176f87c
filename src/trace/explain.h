/* explain.h - the `why` block under a line of the trap log: the instruction, the walk, the routing,
 * the CSRs written, and a hint where a classic mistake shows. Everything comes out of the event
 * and the description tables (csr.def, why.def). [priv hypervisor#H_trap_deleg]
 */
#ifndef RV_TRACE_EXPLAIN_H
#define RV_TRACE_EXPLAIN_H
#include "trace/text.h"
#include "trace/traplog.h"

/* A guest's exit that is waiting for its entry; copies of the event's fields. */
typedef struct {
  bool open;
  bool interrupt, has_raw, to_m;
  uint8_t from_prv;
  uint16_t vmid;
  uint32_t raw;
  uint64_t cause, insn, pc;
  uint64_t first;    /* insn of the handler's first instruction */
  uint64_t eid, fid; /* of an ecall from VS */
  uint64_t x[32];    /* level full only */
} rv_trace_exit;

/* TRAP, REDIRECT, WEDGED. was_v: V before the trap, for a redirect before the one it hands on. */
void rv_explain_trap(rv_text *t, const rv_trace_source *s, const rv_event *e, bool was_v);
/* exit: the hart's last exit, open if this return may answer it; from_guest: the hart's last trap
 * into HS came from V=1. */
void rv_explain_xret(rv_text *t, const rv_event *e, const rv_trace_exit *exit, bool from_guest);
void rv_explain_sbi(rv_text *t, const rv_event *e);
/* Level full: the integer registers that differ between exit and entry. */
void rv_explain_registers(rv_text *t, const uint64_t *before, const uint64_t *after);

/* The VS-stage level whose PTE an implicit G-stage fault was reading, or -1. */
int rv_implicit_level(const rv_walk_log *walk);
#endif
