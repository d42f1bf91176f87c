/* rules.h - the rules that all tables share, themselves tables (entry.tbl): which mode takes a
 * trap, and what taking it writes.
 */
#ifndef RVH_TRAPS_RULES_H
#define RVH_TRAPS_RULES_H
#include "case.h"

typedef struct {
  tbl_file *file;
  const tbl_row *route[N_MODES][2][2]; /* by mode, first and second delegation bit */
  target route_to[N_MODES][2][2];
  const tbl_row *writes[3];        /* by target */
  const tbl_row *from[N_MODES][3]; /* by mode and target; NULL: such a trap does not exist */
} rules;

bool rules_read(rules *r, const char *path, GError **error);
void rules_free(rules *r);
#endif
