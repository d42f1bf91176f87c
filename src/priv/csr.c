/* csr.c - reading, writing and refusing CSRs; everything regular comes from csr.def.
 *
 * Order of a csr* instruction: does the CSR exist, is it writable, do the machine's switches allow
 * it (gate_*), is the mode privileged enough; then the S names become the VS CSRs while V=1; then
 * read_* and write_*. Depends on hart.h, mmu (regimes, PMP) and interrupt.h. [priv csrs]
 */
#include "priv/csr.h"
#include "cpu/event.h"
#include "cpu/fp.h"
#include "hv/virtual.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/aia.h"
#include "priv/counter.h"
#include "priv/hint.h"
#include "priv/imsic.h"
#include "priv/interrupt.h"
#include "priv/tell.h"
#include <string.h>

enum {
#define CSR(addr, name, gate, cell, read, write, reset, spec, brief) ROW_##name,
#include "priv/csr.def"
};

#include "priv/csr_gate.h"
#include "priv/csr_read.h"
#include "priv/csr_write.h"
#include "priv/csr_aia.h"

/* ---- the table ---- */

typedef struct {
  rv_csr_desc desc;
  rv_why (*gate)(const rv_hart *h, unsigned csr, bool write);
  size_t cell;
  uint64_t (*read)(rv_hart *h, unsigned csr);
  void (*write)(rv_hart *h, unsigned csr, uint64_t value);
  bool ignore; /* writes have no effect */
  uint64_t reset;
} csr_row;

#define gate_NONE NULL
#define read_PLAIN NULL
#define write_PLAIN NULL
#define write_IGNORE NULL
#define IS_IGNORE(write) (sizeof(#write) == sizeof("IGNORE") && #write[0] == 'I')

static const csr_row rows[] = {
#define CSR(addr, name, gate, cell, read, write, reset, spec, brief)                               \
  { { addr, #name, spec, brief },                                                                  \
    gate_##gate,                                                                                   \
    offsetof(rv_hart, cell),                                                                       \
    read_##read,                                                                                   \
    write_##write,                                                                                 \
    IS_IGNORE(write),                                                                              \
    reset },
#include "priv/csr.def"
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static const rv_csr_field fields[] = {
#define RULE_RW true
#define RULE_WARL true
#define RULE_WLRL true
#define RULE_RO false
#define FIELD(csr, name, hi, lo, rule, brief)                                                      \
  { #name, brief, CSR_##csr, hi, lo, RULE_##rule, EXT_I },
#define FIELD_OF(ext, csr, name, hi, lo, rule, brief)                                              \
  { #name, brief, CSR_##csr, hi, lo, RULE_##rule, EXT_##ext },
#include "priv/csr.def"
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static const struct {
  uint16_t csr;
  const char *field;
  uint64_t number;
  const char *name;
} values[] = {
#define VALUE(csr, field, number, name) { CSR_##csr, #field, number, name },
#include "priv/csr.def"
};

/* Row index + 1 by CSR number, at compile time: 0 is "no such CSR". */
static const uint8_t row_of[4096] = {
#define CSR(addr, name, gate, cell, read, write, reset, spec, brief) [addr] = ROW_##name + 1,
#include "priv/csr.def"
};

static const uint64_t zero[N_ROWS] = {
#define ZERO(csr, bits) [ROW_##csr] = bits,
#include "priv/csr.def"
};

/* Extensions without which a row does not exist. */
static const uint64_t needs[N_ROWS] = {
#define NEEDS(csr, ext) [ROW_##csr] = 1ull << EXT_##ext,
#include "priv/csr.def"
};

static const csr_row *find(unsigned csr)
{
  return csr < 4096 && row_of[csr] ? &rows[row_of[csr] - 1] : NULL;
}

unsigned rv_csr_index(unsigned csr) { return row_of[csr]; }

uint64_t rv_csr_needs(unsigned csr)
{
  const csr_row *row = find(csr);
  return row ? needs[row - rows] : 0;
}

/* The row of a CSR that this hart has. */
static const csr_row *find_on(const rv_hart *h, unsigned csr)
{
  const csr_row *row = find(csr);
  return row && !(needs[row - rows] & ~h->choice.ext) ? row : NULL;
}

const rv_csr_desc *rv_csr_describe(unsigned csr)
{
  const csr_row *row = find(csr);
  return row ? &row->desc : NULL;
}

const char *rv_csr_name(unsigned csr)
{
  const csr_row *row = find(csr);
  return row ? row->desc.name : NULL;
}

const rv_csr_field *rv_csr_fields(unsigned *n)
{
  *n = N_FIELDS;
  return fields;
}

const char *rv_csr_value_name(unsigned csr, const char *field, uint64_t value)
{
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    if (values[i].csr == csr && values[i].number == value && !strcmp(values[i].field, field))
      return values[i].name;
  return NULL;
}

/* ---- access ---- */

/* Writable bits of a CSR whose write is PLAIN: its RW, WARL and WLRL fields as far as the hart has
 * them, or all; but for its ZERO bits. */
static uint64_t plain_mask(const rv_hart *h, const csr_row *row)
{
  const unsigned csr = row->desc.addr;
  uint64_t mask = 0;
  bool any = false;
  for (unsigned i = 0; i < N_FIELDS; i++)
    if (fields[i].csr == csr) {
      any = true; /* a field whose extension is off is read-only 0 [H-096] */
      mask |=
          fields[i].writable && rv_has(h, fields[i].ext) ? RV_MASK(fields[i].hi, fields[i].lo) : 0;
    }
  return (any ? mask : ~0ull) & ~zero[row - rows];
}

static uint64_t *cell_of(rv_hart *h, const csr_row *row)
{
  return (uint64_t *)((char *)h + row->cell);
}

static uint64_t read_row(rv_hart *h, const csr_row *row)
{
  return row->read ? row->read(h, row->desc.addr) : *cell_of(h, row);
}

static void write_row(rv_hart *h, const csr_row *row, uint64_t value)
{
  if (row->write)
    row->write(h, row->desc.addr, value);
  else if (!row->ignore)
    put_masked(cell_of(h, row), h->csr_mask[row - rows], value);
}

/* May the current mode access this CSR? The order gives cause 2 its precedence [H-176]. */
static rv_why refusal(const rv_hart *h, const csr_row *row, bool write)
{
  const unsigned csr = row->desc.addr, level = csr >> 8 & 3;
  if (write && csr >> 10 == 3)
    return WHY_CSR_READ_ONLY; /* from V=1 too: HS-mode could not either [H-014, H-085, H-113] */
  if (h->prv != PRV_M && level == PRV_M)
    return WHY_CSR_PRIVILEGE; /* [H-017] */
  const rv_why why = row->gate ? row->gate(h, csr, write) : WHY_NONE;
  if (why)
    return why;
  if (h->v)
    return level > (unsigned)h->prv ? WHY_CSR_VIRTUAL : WHY_NONE; /* [H-009, H-013, H-156] */
  /* M and HS may access the VS CSRs by name [H-011, H-121], U nothing of them [H-010]. */
  return level > PRV_U && h->prv == PRV_U ? WHY_CSR_PRIVILEGE : WHY_NONE;
}

/* While V=1 the S names of these are the VS CSRs, whose numbers are 0x100 higher [H-006, H-076];
 * HS's own keep their values [H-007]. */
static const csr_row *substitute(const rv_hart *h, const csr_row *row)
{
  if (!h->v)
    return row;
  switch (row->desc.addr) {
  /* clang-format off */
  case CSR_sstatus: case CSR_sie: case CSR_stvec: case CSR_sscratch: case CSR_sepc:
  case CSR_scause: case CSR_stval: case CSR_sip: case CSR_stimecmp: case CSR_satp:
  case CSR_siselect: case CSR_sireg: case CSR_stopei: case CSR_stopi:
    /* clang-format on */
    return find(row->desc.addr + 0x100);
  default:
    return row; /* scounteren, senvcfg: there is only one [H-012] */
  }
}

static __attribute__((noinline)) void tell(rv_hart *h, unsigned csr, uint64_t before,
                                           uint64_t after)
{
  rv_event e = rv_event_here(h, RV_EV_CSR);
  e.u.csr.csr = csr;
  e.u.csr.before = before;
  e.u.csr.after = after;
  rv_tell(h, &e);
}

/* The row that the number means here; NULL: refused, h->trap holds the reason. */
static __attribute__((noinline)) const csr_row *ask(rv_hart *h, unsigned csr, bool write)
{
  const csr_row *row = find_on(h, csr);
  /* Without a row: reserved, or the upper half of RV32: never cause 22 [H-015, H-016]. */
  const rv_why why = row ? refusal(h, row, write) : WHY_NO_CSR;
  if (!why)
    return substitute(h, row);
  rv_refuse(h, why, 0);
  return NULL;
}

bool rv_csr_access(rv_hart *h, unsigned csr, unsigned op, uint64_t operand, bool write,
                   uint64_t *value)
{
  const rv_csr_way way = h->csr_way[row_of[csr]][rv_level(h)];
  const csr_row *row = &rows[way.row];
  if (!(way.how & (write ? RV_WAY_WRITE : RV_WAY_READ))) {
    row = ask(h, csr, write);
    if (!row)
      return false;
  }
  const uint64_t old = read_row(h, row);
  *value = old;
  if (!write)
    return true;
  /* csrrs and csrrc on mip work on the software bit of SEIP, not on the line ORed to it [H-082]. */
  const uint64_t base = row->desc.addr == CSR_mip ? (old & ~IP(SEI)) | (h->csr.mip & IP(SEI)) : old;
  write_row(h, row, rv_csr_result(op, base, operand));
  if (unlikely(h->observe & 1ull << RV_EV_CSR))
    tell(h, row->desc.addr, old, read_row(h, row));
  return true;
}

bool rv_csr_peek(rv_hart *h, unsigned csr, uint64_t *value)
{
  const csr_row *row = find_on(h, csr);
  if (row)
    *value = read_row(h, row);
  return row;
}

bool rv_csr_poke(rv_hart *h, unsigned csr, uint64_t value)
{
  const csr_row *row = find_on(h, csr);
  if (row)
    write_row(h, row, value);
  return row;
}

/* refusal() and substitute() asked in advance, for rows whose answer is the mode's alone. */
static rv_csr_way way_of(const csr_row *row, const rv_hart *mode)
{
  const csr_row *meant = substitute(mode, row);
  rv_csr_way way = { .cell = meant->cell, .row = meant - rows };
  if (!refusal(mode, row, false))
    way.how |= RV_WAY_READ | (meant->read ? 0 : RV_WAY_CELL_READ);
  if (!refusal(mode, row, true))
    way.how |= RV_WAY_WRITE | (meant->write || meant->ignore ? 0 : RV_WAY_CELL_WRITE);
  return way;
}

/* Whether more than the mode decides about a row: what only AIA refuses is not asked without it. */
static bool has_gate(const rv_hart *h, const csr_row *row)
{
  return row->gate && (row->gate != gate_VTI || rv_has(h, EXT_Smaia));
}

static void find_ways(rv_hart *h)
{
  static const struct {
    rv_prv prv;
    bool v;
  } modes[] = {
    { PRV_M, false }, { PRV_S, false }, { PRV_U, false }, { PRV_S, true }, { PRV_U, true }
  };
  memset(h->csr_way, 0, sizeof h->csr_way);
  for (unsigned k = 0; k < sizeof modes / sizeof *modes; k++) {
    const rv_hart mode = { .prv = modes[k].prv, .v = modes[k].v };
    for (unsigned i = 0; i < N_ROWS; i++)
      if (!has_gate(h, &rows[i]) && find_on(h, rows[i].desc.addr))
        h->csr_way[i + 1][rv_level(&mode)] = way_of(&rows[i], &mode);
  }
}

void rv_csr_reset(rv_hart *h)
{
  _Static_assert(sizeof rows / sizeof *rows <= RV_CSR_ROWS, "rv_hart has no room for the rows");
  _Static_assert(offsetof(rv_hart, csr_way) <= UINT16_MAX, "rv_csr_way.cell is too small");
  memset(&h->csr, 0, sizeof h->csr); /* MODE of satp, vsatp, hgatp: Bare [H-188] */
  memset(h->s, 0, sizeof h->s);
  rv_counter_reset(h);
  for (unsigned i = 0; i < N_ROWS; i++) {
    h->csr_mask[i] = plain_mask(h, &rows[i]);
    if (rows[i].reset)
      *cell_of(h, &rows[i]) = rows[i].reset;
  }
  if (!h->choice.imsic) { /* the bits are there with an IMSIC only [AIA 2.5] */
    h->csr_mask[ROW_mstateen0] &= ~mstateen0_IMSIC;
    h->csr_mask[ROW_hstateen0] &= ~hstateen0_IMSIC;
  }
  find_ways(h);
  rv_imsic_refresh(h); /* hgeip is what the interrupt files say */
}
