/* expect_rule.h - one line of an expectation file, as parsed, and what became of it. Private to
 * the expect*.c.
 */
#ifndef RV_TRACE_EXPECT_RULE_H
#define RV_TRACE_EXPECT_RULE_H
#include "trace/expect.h"
#include "trace/transition.h"

typedef enum {
  RULE_ENTER,
  RULE_EXIT,
  RULE_RESUME,
  RULE_TRAP,
  RULE_CONSOLE,
  RULE_HINT,     /* forbidden only */
  RULE_POWEROFF, /* judged at the end, wherever it stands */
} rule_kind;

/* ORDERED is matched one after the other; the others watch the whole run. */
typedef enum { MODE_ORDERED, MODE_END, MODE_COUNT, MODE_FORBID } rule_mode;
typedef enum { RULE_OPEN, RULE_HELD, RULE_FAILED, RULE_NOT_REACHED } rule_state;
typedef enum { COUNT_MOST, COUNT_EXACTLY, COUNT_LEAST } count_op;

/* What a transition is compared by, in the order in which differences are told. */
typedef enum {
  KEY_FROM,
  KEY_TO,
  KEY_CAUSE,
  KEY_INT,
  KEY_SBI,
  KEY_INSN,
  KEY_GPA,
  KEY_TVAL,
  KEY_TINST,
  KEY_DELTA,
  KEY_PC,
  KEY_IN,
  KEY_VMID,
  KEY_HART,
  KEY_GPR,
  N_KEY
} rule_key;

#define ANY_INTERRUPT UINT64_MAX

typedef struct {
  rule_kind kind;
  rule_mode mode;
  unsigned line;
  char *text; /* as in the file, without indentation and comment */
  bool strict;

  uint32_t keys;         /* 1 << KEY_*: which of these are compared */
  uint64_t value[N_KEY]; /* FROM and TO: 4 * V + privilege */
  char *symbol[2];       /* of PC and IN, or NULL; value[KEY_PC] is then the offset */
  uint64_t address;      /* of symbol[0], by rv_expect_bind */
  uint32_t gpr_mask;
  uint64_t gpr[32];
  char *extension, *function; /* SBI names, or NULL: the number is compared */
  uint64_t eid, fid;
  bool has_function;

  char *words; /* CONSOLE: the text; HINT: the id, or NULL */
  uint64_t within;
  bool has_within;
  count_op op;
  uint64_t number;
  uint64_t repeat; /* FORBID: more than so many in a row */
  bool same_pc;

  rule_state state;
  char *message; /* FAILED: several lines, each with its newline */
  uint64_t seen;
  uint64_t last_pc, last_cause;
  GString *tail; /* FORBID console: the end of the output */
} rv_rule;

enum { N_BEFORE = 5 };

/* What is shown when a rule fails: a transition, why it is not the one, and those before it. */
typedef struct {
  unsigned score; /* 0: none */
  rv_transition what;
  char *difference;
  rv_transition before[N_BEFORE];
  unsigned n_before;
} rv_near;

struct rvh_expect {
  char *file;
  GPtrArray *rules; /* of rv_rule, as in the file */
  rv_trace_source source;
  rv_transitions transitions;
  unsigned at;    /* the ordered rule that is waited for; rules->len: all came */
  uint64_t since; /* instructions when the one before it came */
  bool failed, stopped;
  GString *heard; /* console output since the last console line came, the end of it */
  rv_transition history[N_BEFORE];
  uint64_t n_history;
  rv_near near; /* the likest so far to the rule waited for */
};

static inline rv_rule *rule_at(const rv_expect *x, unsigned i) { return x->rules->pdata[i]; }
#endif
