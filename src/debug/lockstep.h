/* lockstep.h - a run beside Spike's commit log, private to lockstep.c (running, comparing) and
 * lockstep_report.c (what is told). What may differ is in lockstep.def.
 */
#ifndef RV_DEBUG_LOCKSTEP_H
#define RV_DEBUG_LOCKSTEP_H
#include "trace/spike.h"

enum { LS_LAST = 10, LS_TEXT = 512, LS_AHEAD = 64 };

/* What is counted: rows of lockstep.def. */
enum {
#define COPIED(id, csr, mask, text) LS_##id,
#define DIFFERS(id, csr, mask, right, rule, text) LS_##id,
#define EVENT(id, text) LS_##id,
#include "debug/lockstep.def"
  N_LS
};

typedef struct {
  rvh_machine *m;
  FILE *in, *out;
  const char *name; /* of the log */
  uint64_t number;  /* of the line in text */
  char *text;
  size_t size;
  GQueue ahead; /* lines that were read ahead */
  bool eof;
  rv_spike_line theirs, ours;
  char ours_text[SPIKE_LINE];
  rv_spike_source source;
  bool committed;    /* since it was last cleared: ours is valid */
  uint64_t equal;    /* instructions */
  rvh_result result; /* of the last step */
  struct {
    char text[LS_TEXT];
    bool v;
  } last[LS_LAST]; /* a ring: of the last equal instructions */
  struct {         /* our last trap, since the last commit if fresh */
    bool fresh, interrupt;
    uint64_t cause, pc, tval, tval2, tinst, dest;
    unsigned from_prv, to_prv;
    bool from_v, to_v;
    uint32_t raw;
    bool has_raw;
    uint8_t why; /* rv_why */
  } trap;
  char exception[LS_TEXT]; /* the last "exception" line of spike -l, since the last commit */
  bool serialized;         /* the last instruction was one after which Spike looks for interrupts */
  bool explained_end;      /* an ENDS row was met */
  uint64_t late;           /* instructions for which Spike has not taken what is ready here */
  uint64_t count[N_LS];
} lockstep;

/* The first difference: what is the matter, in one line. */
void rv_lockstep_explain(lockstep *l, const char *matter);
void rv_lockstep_summary(const lockstep *l, const rvh_result *result);

/* lockstep.c: the next line into text; false at the end of the log. */
bool rv_lockstep_next(lockstep *l);
/* The line i + 1 lines behind text, which stays to be read; NULL: there is none. */
const char *rv_lockstep_peek(lockstep *l, unsigned i);
#endif
