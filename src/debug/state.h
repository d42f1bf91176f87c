/* state.h - a hart's registers as a debugger shows them: grouped as hypervisor authors group them,
 * decoded by field, with what changed since before. Nothing here changes the machine.
 */
#ifndef RV_DEBUG_STATE_H
#define RV_DEBUG_STATE_H
#include "cpu/event.h"
#include "cpu/hart.h"
#include "rvh.h"

enum { RV_STATE_CSRS = 64 };

typedef struct {
  uint64_t pc, x[32];
  unsigned prv;
  bool v;
  uint64_t csr[RV_STATE_CSRS]; /* by place in the groups of state.c */
} rv_state;

void rv_state_read(rv_state *s, rvh_machine *m, unsigned hart);
/* Registers that differ, one line each; nothing if none. */
void rv_state_print_changes(const rv_state *before, const rv_state *now, FILE *out);
void rv_state_print_x(const rv_state *before, const rv_state *now, FILE *out);
void rv_state_print_groups(const rv_state *before, const rv_state *now, FILE *out);
/* One CSR with the meaning of each field. False: no such name. */
bool rv_state_print_csr(rvh_machine *m, unsigned hart, const char *name, FILE *out);
/* access: 0 fetch, 1 load, 2 store. */
void rv_state_print_walk(rvh_machine *m, unsigned hart, uint64_t va, int access, rvh_as as,
                         FILE *out);
/* Every term that decides whether an interrupt is taken, and the one that blocks; irq 0: all that
 * are pending. */
void rv_state_print_why_not(rvh_machine *m, unsigned hart, unsigned irq, FILE *out);
#endif
