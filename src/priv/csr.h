/* csr.h - CSRs by number and by description, all out of csr.def.
 *
 * rv_csr_access is what the csr* instructions do; rv_csr_peek and the descriptions are for the
 * trace, gdb and tests. [priv csrs]
 */
#ifndef RV_CSR_H
#define RV_CSR_H
#include "cpu/hart.h"

/* Addresses: CSR_hstatus. */
enum {
#define CSR(addr, name, gate, cell, read, write, reset, spec, brief) CSR_##name = (addr),
#include "priv/csr.def"
};

/* Field masks: hstatus_SPV. */
#define RV_MASK(hi, lo) ((~0ull >> (63 - (hi))) & (~0ull << (lo)))
#define FIELD(csr, name, hi, lo, rule, brief) static const uint64_t csr##_##name = RV_MASK(hi, lo);
#include "priv/csr.def"

typedef struct {
  const char *name, *brief;
  uint16_t csr; /* the CSR's number */
  uint8_t hi, lo;
  bool writable;
  uint8_t ext; /* rv_ext: without it the field is read-only 0 */
} rv_csr_field;

typedef struct {
  uint16_t addr;
  const char *name, *spec, *brief;
} rv_csr_desc;

/* The description of a CSR number, or NULL: no such CSR. */
const rv_csr_desc *rv_csr_describe(unsigned csr);
const char *rv_csr_name(unsigned csr);
/* 1 << EXT_*: the extensions without which a hart does not have it. */
uint64_t rv_csr_needs(unsigned csr);
/* All fields, of all CSRs; those of one CSR are adjacent. */
const rv_csr_field *rv_csr_fields(unsigned *n);
/* The name csr.def gives a field's value ("guest"), or NULL. */
const char *rv_csr_value_name(unsigned csr, const char *field, uint64_t value);

/* A CSR's place in rv_hart.csr_way, 0 if there is none of that number. */
unsigned rv_csr_index(unsigned csr);

/* What a csr* instruction makes of the old value, by its funct3 & 3. */
enum { RV_CSR_WRITE = 1, RV_CSR_SET = 2, RV_CSR_CLEAR = 3 };
static inline bool rv_csr_writes(unsigned op, unsigned rs1) { return op == RV_CSR_WRITE || rs1; }
static inline uint64_t rv_csr_result(unsigned op, uint64_t old, uint64_t operand)
{
  return op == RV_CSR_WRITE ? operand : op == RV_CSR_SET ? old | operand : old & ~operand;
}

/* A csr* instruction. Reads, then writes the result if write: op is RV_CSR_*. False: refused, h->trap holds cause 2 or 22 and the reason
 * (tval is the caller's to fill). On success *value is the old value. */
bool rv_csr_access(rv_hart *h, unsigned csr, unsigned op, uint64_t operand, bool write,
                   uint64_t *value) __attribute__((warn_unused_result));

/* Value without access rules or side effects, as M-mode would read it. False: no such CSR. */
bool rv_csr_peek(rv_hart *h, unsigned csr, uint64_t *value);
/* Write without access rules: the firmware, the loader and gdb. False: no such CSR. */
bool rv_csr_poke(rv_hart *h, unsigned csr, uint64_t value);

/* Reset values of csr.def, and the masks that writes use. */
void rv_csr_reset(rv_hart *h);

/* Floating-point state changed: FS becomes Dirty, in vsstatus as well while V=1. [H-294] */
static inline void rv_fs_dirty(rv_hart *h)
{
  h->csr.mstatus |= mstatus_FS;
  if (h->v)
    h->s[1].status |= vsstatus_FS;
}
#endif
