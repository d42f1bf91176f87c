/* case.h - what one row of a table says, after its sets are expanded: one state of the hart, one
 * event, one outcome.
 */
#ifndef RVH_TRAPS_CASE_H
#define RVH_TRAPS_CASE_H
#include "fixture.h"
#include "field.h"
#include "table.h"

/* Where a trap goes. ROUTE: as route.tbl says for the delegation bits the hart happens to have.
 * READ_ONLY: the delegation bit that the cell needs cannot be set. */
typedef enum { TO_M, TO_HS, TO_VS, TO_NONE, TO_READ_ONLY, TO_ROUTE } target;
extern const char *const target_names[];

typedef enum { ON_INSN, ON_FETCH, ON_IRQ } event_kind;

/* Mappings of the page that is accessed, by stage; and of the next page. */
typedef enum {
  MAP_S,
  MAP_VS,
  MAP_G,
  MAP_PT,
  MAP_S_NEXT,
  MAP_VS_NEXT,
  MAP_G_NEXT,
  MAP_PMP,
  MAP_PMP_PT,
  N_MAPS
} map_id;
extern const char *const map_names[];

typedef struct {
  field f;
  uint64_t value;
} condition;

enum { MAX_CONDITIONS = 32, NO_CAUSE = -1 };

typedef struct {
  const tbl_row *row;
  core_mode mode;
  event_kind kind;
  char *event;   /* the text of the cell "do" */
  char *after;   /* of an interrupt: the instruction that is executed first, or NULL */
  uint64_t irqs; /* pending ones, as bits */
  indices index; /* [cause]: the exception, or the first interrupt; [csr] */
  int csr;       /* of the csr tables, or -1 */
  bool write;
  unsigned n_conditions;
  condition c[MAX_CONDITIONS];
  char *map[N_MAPS]; /* "rwxuad", "none", or NULL: this stage is Bare */
  uint64_t without;  /* 1 << EXT_*: extensions the hart has not */
  char *at;          /* the address that is accessed or fetched */
  /* the outcome */
  target to;
  int cause; /* NO_CAUSE: it completes */
  bool interrupt;
  const char *tval, *gpa, *tinst, *gva, *reaches;
  char *then;
  int enters; /* mode after an event that completes: core_mode, or -1: the same */
} trap_case;

/* Calls take for every case the row stands for, in order. False: error says what is wrong. */
typedef bool (*case_taker)(void *ctx, const trap_case *c, GError **error);
bool row_cases(const tbl_row *row, case_taker take, void *ctx, GError **error);

/* Tables whose rows are rules for the others, or notes, and no cases. */
bool is_rule_table(const tbl_table *t);
int mode_number(const char *name);
bool target_parse(const char *name, target *to);
/* "mode=VS do=... mstatus.TVM=1 ..." */
char *case_text(const trap_case *c);
#endif
