/* transition.h - the event stream as what an expectation speaks of: entries, exits and traps that
 * stay in the guest. An exit that firmware took in M and handed on is one exit, to HS. As traplog.h, it
 * knows no machine.
 */
#ifndef RV_TRACE_TRANSITION_H
#define RV_TRACE_TRANSITION_H
#include "trace/traplog.h"

typedef enum {
  RV_TR_ENTER, /* V=0 to V=1 */
  RV_TR_EXIT,  /* V=1 to V=0 */
  RV_TR_TRAP,  /* a trap that V=1 takes itself */
} rv_transition_kind;

typedef struct {
  rv_transition_kind kind;
  uint8_t hart, from_prv, to_prv;
  bool from_v, to_v;
  uint64_t insn;
  uint64_t pc; /* of what trapped; ENTER: where the guest goes on */
  uint16_t vmid;
  uint64_t cause, tval, gpa, tinst; /* EXIT, TRAP */
  bool interrupt, has_gpa, has_raw;
  uint32_t raw;
  bool answers;     /* ENTER: an exit of this hart was open */
  bool other_vm;    /* ENTER, answers: hgatp.VMID is not the exit's */
  int64_t delta;    /* ENTER, answers: pc minus the exit's */
  uint32_t changed; /* ENTER, answers: integer registers that differ from the exit's */
  bool has_x;
  uint64_t x[32];
} rv_transition;

typedef void rv_transition_sink(void *ctx, const rv_transition *t);

enum { RV_TR_HARTS = 8 };
typedef struct {
  rv_trace_source source;
  rv_transition_sink *sink;
  void *ctx;
  struct {
    bool held, open;
    rv_transition exit; /* the last one; held: not yet told */
  } hart[RV_TR_HARTS];
} rv_transitions;

/* The event types needed: bits 1 << RV_EV_*. */
uint64_t rv_transitions_mask(void);
void rv_transitions_event(rv_transitions *ts, const rv_event *e);
/* Tells what was held because the next event might have belonged to it. */
void rv_transitions_flush(rv_transitions *ts);

/* Symbol of addr with "+0x4" behind it, or the address; to be freed. */
char *rv_transition_place(const rv_trace_source *source, uint64_t addr);
/* "insn 21176 VS->HS: exit cause=ecall-from-VS ..." in the words of docs/expect.md; to be freed. */
char *rv_transition_describe(const rv_trace_source *source, const rv_transition *t);
/* Parts of that text: " cause=NAME" or " int=NAME"; " sbi EXTENSION FUNCTION", where extension NULL
 * gives numbers. */
void rv_transition_add_cause(GString *s, const rv_transition *t);
void rv_transition_add_sbi(GString *s, const rv_transition *t, const char *extension);
/* Whether a7 and a6 of this exit are an SBI call's. */
bool rv_transition_is_sbi(const rv_transition *t);
#endif
