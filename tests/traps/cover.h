/* cover.h - which cells of the grids the tables cover, and which states of a cell no row speaks of.
 *
 * Grids: exception (cause x mode x medeleg, hedeleg), interrupt (the same with mideleg, hideleg),
 * csr (CSR x mode x read, write), instruction (those of kind SYS in insn.def x mode), xret.
 */
#ifndef RVH_TRAPS_COVER_H
#define RVH_TRAPS_COVER_H
#include "case.h"

typedef struct cover cover;

cover *cover_new(void);
void cover_free(cover *c);
/* A case_taker: notes what the case covers. */
bool cover_case(void *c, const trap_case *k, GError **error);
/* The rows of a table of kind "impossible": cells that no hart can reach, with a reason. */
bool cover_impossible(cover *c, const tbl_row *row, GError **error);
/* The figures, then what is missing or contradictory. False: the tables are not complete. */
bool cover_report(cover *c, GString *out);
/* All cells and their states, a line each, fields separated by tabs: for tools/trap-poster. */
void cover_list(cover *c, GString *out);
#endif
