/* pmp.h - physical memory protection, 16 entries. [priv machine#pmp]
 */
#ifndef RV_PMP_H
#define RV_PMP_H
#include "cpu/hart.h"

enum { PMP_R = 1, PMP_W = 2, PMP_X = 4, PMP_L = 0x80 };

/* Do the entries grant all of the rights to every byte of [pa, pa + n)? prv is the effective
 * privilege; M is bound by locked entries only. */
bool rv_pmp_allows(const rv_hart *h, uint64_t pa, uint64_t n, unsigned rights, unsigned prv);

/* Does one answer hold for the whole page of pa? If not, nothing about it may be cached. */
bool rv_pmp_uniform(const rv_hart *h, uint64_t pa);

/* All entries off: call after the CSRs were reset. */
void rv_pmp_reset(rv_hart *h);

/* CSR writes, with locks: eight entries from first; and one address. */
void rv_pmp_write_cfg(rv_hart *h, unsigned first, uint64_t value);
void rv_pmp_write_addr(rv_hart *h, unsigned i, uint64_t value);
#endif
