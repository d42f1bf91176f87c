/* tables.h - page tables as ranges, and addresses through the G-stage alone. Nothing is changed,
 * and only RAM is read. [priv supervisor#sv39, hypervisor#guest-addr-translation]
 */
#ifndef RV_DEBUG_TABLES_H
#define RV_DEBUG_TABLES_H
#include "rvh.h"

typedef enum { RV_TABLE_HS, RV_TABLE_VS, RV_TABLE_G } rv_table;

/* One line per range of equal permissions that goes to successive addresses. */
void rv_tables_print(rvh_machine *m, unsigned hart, rv_table which, FILE *out);
/* Where a guest physical address leads, whatever its permissions; *pte: the leaf, 0 if MODE is
 * Bare. False: not mapped. */
bool rv_tables_gpa(rvh_machine *m, unsigned hart, uint64_t gpa, uint64_t *pa, uint64_t *pte);
#endif
