/* csr.c - see csr.h. Masks are lists of bit numbers, as the manual draws the registers. */
#include "csr.h"
#include <string.h>

#define B(n) (1ull << (n))
#define BIT(word, n) ((bool)((word) >> (n)&1))
#define BITS(word, hi, lo) ((word) >> (lo) & (~0ull >> (63 - (hi) + (lo))))
#define ALL (~0ull)

enum { WORD = 0xffffffff };

/* mstatus: SIE MIE SPIE MPIE SPP MPP FS MPRV SUM MXR TVM TW TSR GVA MPV. XS, VS, UBE, SBE, MBE are
 * read-only 0 here; SXL, UXL read-only 2; SD is computed. */
#define SSTATUS_WRITABLE (B(1) | B(5) | B(8) | B(13) | B(14) | B(18) | B(19))
#define MSTATUS_WRITABLE                                                                           \
  (SSTATUS_WRITABLE | B(3) | B(7) | B(11) | B(12) | B(17) | B(20) | B(21) | B(22) | B(38) | B(39))
#define UXL_2 (2ull << 32)
#define SXL_2 (2ull << 34)

/* The CSRs that have storage, and the bits that hold what is written. */
typedef struct {
  uint16_t csr;
  uint64_t writable, reset;
} stored;

static const stored table[] = {
  { FFLAGS, 0x1f, 0 },
  { FRM, 0x7, 0 },
  { STVEC, ALL & ~B(1), 0 }, /* MODE is 0 or 1 */
  { VSTVEC, ALL & ~B(1), 0 },
  { MTVEC, ALL & ~B(1), 0 },
  { SCOUNTEREN, WORD, 0 },
  { HCOUNTEREN, WORD, 0 },
  { MCOUNTEREN, WORD, 0 },
  { SENVCFG, B(0), 0 }, /* FIOM */
  { SSCRATCH, ALL, 0 },
  { VSSCRATCH, ALL, 0 },
  { MSCRATCH, ALL, 0 },
  { SEPC, ALL & ~B(0), 0 }, /* IALIGN = 16 */
  { VSEPC, ALL & ~B(0), 0 },
  { MEPC, ALL & ~B(0), 0 },
  { SCAUSE, ALL, 0 },
  { VSCAUSE, ALL, 0 },
  { MCAUSE, ALL, 0 },
  { STVAL, ALL, 0 },
  { VSTVAL, ALL, 0 },
  { MTVAL, ALL, 0 },
  { STIMECMP, ALL, ALL },
  { VSTIMECMP, ALL, ALL },
  { SATP, ALL, 0 },
  { VSATP, ALL, 0 },
  { VSSTATUS, SSTATUS_WRITABLE, UXL_2 },
  /* GVA SPV SPVP HU VTVM VTW VTSR; VSBE 0, VGEIN 0 (GEILEN is 0), VSXL 2 */
  { HSTATUS, B(6) | B(7) | B(8) | B(9) | B(20) | B(21) | B(22), UXL_2 },
  /* "Writable": 1-8, 12, 13, 15, 18, 19; bit 0 may be */
  { HEDELEG, 0x1ff | B(12) | B(13) | B(15) | B(18) | B(19), 0 },
  { HIDELEG, B(2) | B(6) | B(10), 0 },
  { HTIMEDELTA, ALL, 0 },
  { HENVCFG, B(0) | B(61) | B(62) | B(63), 0 }, /* FIOM ADUE PBMTE STCE */
  { MENVCFG, B(0) | B(61) | B(62) | B(63), 0 },
  { HTVAL, ALL, 0 },
  { HVIP, B(2) | B(6) | B(10), 0 },
  { HTINST, ALL, 0 },
  { HGATP, ALL & ~B(58) & ~B(59), 0 },
  { MSTATUS, MSTATUS_WRITABLE, UXL_2 | SXL_2 },
  /* 11 and 16 read-only 0; 14 and 17 are reserved */
  { MEDELEG, 0x7ff | B(12) | B(13) | B(15) | 0xfc0000, 0 },
  /* VS-level and guest external ones read-only 1 */
  { MIDELEG, B(1) | B(5) | B(9), B(2) | B(6) | B(10) | B(12) },
  { MIE, 0x222 | 0x444 | 0x888 | B(12), 0 },
  { MIP, B(1) | B(5) | B(9), 0 }, /* the bits that software can set */
  { MCOUNTINHIBIT, B(0) | B(2), 0 },
  { MTINST, ALL, 0 },
  { MTVAL2, ALL, 0 },
  { PMPCFG0, ALL, 0 },
  { PMPCFG2, ALL, 0 },
  { MCYCLE, ALL, 0 },
  { MINSTRET, ALL, 0 },
};
enum { N_STORED = sizeof table / sizeof *table };

/* Views, and what is constant. */
static const uint16_t others[] = {
  FCSR,   TIME,    CYCLE,      INSTRET, SSTATUS, SIE,    SIP,       VSIE,
  VSIP,   HIE,     HIP,        HGEIE,   HGEIP,   MISA,   MVENDORID, MARCHID,
  MIMPID, MHARTID, MCONFIGPTR, TSELECT, TDATA1,  TDATA2, TDATA3,
};

static const stored *find(unsigned csr)
{
  static const stored pmpaddr = { PMPADDR0, (1ull << 54) - 1, 0 };
  if (csr >= PMPADDR0 && csr < PMPADDR0 + 16)
    return &pmpaddr;
  for (unsigned i = 0; i < N_STORED; i++)
    if (table[i].csr == csr)
      return &table[i];
  return NULL;
}

/* hpmcounter3-31, mhpmcounter3-31, mhpmevent3-31: read-only 0. */
static bool is_hpm(unsigned csr)
{
  const unsigned n = csr & 0x1f, group = csr & ~0x1fu;
  return n >= 3 && (group == 0xC00 || group == 0xB00 || group == 0x320);
}

bool model_exists(unsigned csr)
{
  for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
    if (others[i] == csr)
      return true;
  return find(csr) || is_hpm(csr);
}

void model_reset(hart_model *m)
{
  memset(m->csr, 0, sizeof m->csr);
  for (unsigned i = 0; i < N_STORED; i++)
    m->csr[table[i].csr] = table[i].reset;
  m->prv = 3;
  m->v = false;
}

/* ---- reading ---- */

/* henvcfg's PBMTE, ADUE, STCE are read-only 0 while menvcfg's are 0. */
static uint64_t henvcfg(const hart_model *m)
{
  return m->csr[HENVCFG] & (m->csr[MENVCFG] | ~(B(61) | B(62) | B(63)));
}

/* All pending interrupts, as mip shows them. */
static uint64_t mip(const hart_model *m)
{
  uint64_t ip = m->lines | (m->csr[MIP] & (B(SSI) | B(SEI))) | m->csr[HVIP];
  if (!BIT(m->csr[MENVCFG], 63)) /* "STIP is writable in mip" without Sstc */
    ip |= m->csr[MIP] & B(STI);
  else if (m->time >= m->csr[STIMECMP])
    ip |= B(STI);
  if (BIT(henvcfg(m), 63) && m->time + m->csr[HTIMEDELTA] >= m->csr[VSTIMECMP])
    ip |= B(VSTI);
  return ip;
}

static uint64_t with_sd(uint64_t status)
{
  return BITS(status, 14, 13) == 3 ? status | B(63) : status & ~B(63);
}

uint64_t model_peek(const hart_model *m, unsigned csr)
{
  const uint64_t *c = m->csr;
  const uint64_t vs = B(2) | B(6) | B(10), s = B(1) | B(5) | B(9), h = vs | B(12);
  switch (csr) {
  case FCSR:
    return c[FRM] << 5 | c[FFLAGS];
  case CYCLE:
    return c[MCYCLE];
  case INSTRET:
    return c[MINSTRET];
  case TIME:
    return m->time + (m->v ? c[HTIMEDELTA] : 0);
  case MSTATUS:
  case VSSTATUS:
    return with_sd(c[csr]);
  case SSTATUS: /* "a subset of mstatus" */
    return with_sd(c[MSTATUS]) & (SSTATUS_WRITABLE | UXL_2 | B(63));
  case SIP: /* bits that mideleg does not delegate are read-only 0 */
    return mip(m) & c[MIDELEG] & s;
  case SIE:
    return c[MIE] & c[MIDELEG] & s;
  case HIP:
    return mip(m) & h;
  case HIE:
    return c[MIE] & h;
  case VSIP: /* aliases of hip where hideleg is 1, one position lower */
    return (mip(m) & c[HIDELEG] & vs) >> 1;
  case VSIE:
    return (c[MIE] & c[HIDELEG] & vs) >> 1;
  case MIP:
    return mip(m);
  case HENVCFG:
    return henvcfg(m);
  case HGATP: /* "the lowest two bits of the PPN always read as zeros" */
    return c[HGATP] & ~3ull;
  case MISA:
    return B(63) | B('A' - 'A') | B('C' - 'A') | B('D' - 'A') | B('F' - 'A') | B('H' - 'A') |
           B('I' - 'A') | B('M' - 'A') | B('S' - 'A') | B('U' - 'A');
  default:
    return find(csr) ? c[csr] : 0;
  }
}

/* ---- writing ---- */

static void put(hart_model *m, unsigned csr, uint64_t mask, uint64_t value)
{
  m->csr[csr] = (m->csr[csr] & ~mask) | (value & mask);
}

/* "Modifying the floating-point state when V=1 causes both fields to be set to 3." */
static void fp_changed(hart_model *m)
{
  m->csr[MSTATUS] |= B(13) | B(14);
  if (m->v)
    m->csr[VSSTATUS] |= B(13) | B(14);
}

static bool mode_supported(uint64_t atp)
{
  const uint64_t mode = atp >> 60;
  return mode == 0 || mode == 8 || mode == 9 || mode == 10;
}

/* "Instead, the fields of hgatp are WARL in the normal way": an unsupported MODE keeps the old one.
 * The machine's choice for a root that is not aligned: hidden, not lost, unless strict; a write of
 * what is read keeps what is hidden. */
static void write_hgatp(hart_model *m, uint64_t value)
{
  const uint64_t old = m->csr[HGATP];
  value &= find(HGATP)->writable;
  if (!mode_supported(value))
    value = (value & ~(15ull << 60)) | (old & 15ull << 60);
  if (m->strict)
    value &= ~3ull;
  else if (value == (old & ~3ull))
    value = old;
  m->csr[HGATP] = value;
}

static uint8_t pmpcfg(const hart_model *m, unsigned i)
{
  return m->csr[i < 8 ? PMPCFG0 : PMPCFG2] >> 8 * (i & 7);
}

/* Locked entries keep; R=0 with W=1 is reserved: W is dropped. Bits 5 and 6 are 0. */
static void write_pmpcfg(hart_model *m, unsigned csr, uint64_t value)
{
  for (unsigned i = 0; i < 8; i++) {
    uint64_t cfg = value >> 8 * i & 0x9f;
    if (!BIT(cfg, 0))
      cfg &= ~B(1);
    if (!BIT(m->csr[csr], 8 * i + 7))
      put(m, csr, 0xffull << 8 * i, cfg << 8 * i);
  }
}

/* "If PMP entry i is locked, writes to pmpaddr i are ignored. If it is set to TOR, writes to
 * pmpaddr i-1 are ignored." */
static void write_pmpaddr(hart_model *m, unsigned csr, uint64_t value)
{
  const unsigned i = csr - PMPADDR0;
  if (BIT(pmpcfg(m, i), 7))
    return;
  if (i < 15 && BIT(pmpcfg(m, i + 1), 7) && BITS(pmpcfg(m, i + 1), 4, 3) == 1)
    return;
  m->csr[csr] = value & ((1ull << 54) - 1);
}

void model_poke(hart_model *m, unsigned csr, uint64_t value)
{
  uint64_t *c = m->csr;
  const uint64_t vs = B(2) | B(6) | B(10), s = B(1) | B(5) | B(9);
  if (csr >= PMPADDR0 && csr < PMPADDR0 + 16) {
    write_pmpaddr(m, csr, value);
    return;
  }
  switch (csr) {
  case FFLAGS:
  case FRM:
    put(m, csr, find(csr)->writable, value);
    fp_changed(m);
    return;
  case FCSR:
    put(m, FFLAGS, 0x1f, value);
    put(m, FRM, 7, value >> 5);
    fp_changed(m);
    return;
  case SSTATUS:
    put(m, MSTATUS, SSTATUS_WRITABLE, value);
    return;
  case MSTATUS: /* MPP is WARL: 2 is no mode */
    put(m, MSTATUS, MSTATUS_WRITABLE & ~(BITS(value, 12, 11) == 2 ? B(11) | B(12) : 0), value);
    return;
  case SATP: /* "if satp is written with an unsupported MODE, the entire write has no effect" */
  case VSATP:
    if (mode_supported(value))
      c[csr] = value;
    return;
  case HGATP:
    write_hgatp(m, value);
    return;
  case HENVCFG: /* what is read-only 0 now is lost */
    c[HENVCFG] = value & find(HENVCFG)->writable & (c[MENVCFG] | ~(B(61) | B(62) | B(63)));
    return;
  case SIE:
    put(m, MIE, c[MIDELEG] & s, value);
    return;
  case SIP: /* SSIP alone is writable, if delegated */
    put(m, MIP, c[MIDELEG] & B(SSI), value);
    return;
  case HIE:
    put(m, MIE, vs | B(12), value);
    return;
  case HIP: /* VSSIP is an alias of hvip's */
    put(m, HVIP, B(VSSI), value);
    return;
  case VSIE:
    put(m, MIE, c[HIDELEG] & vs, value << 1);
    return;
  case VSIP:
    put(m, HVIP, c[HIDELEG] & B(VSSI), value << 1);
    return;
  case MIP: /* SSIP, SEIP; STIP unless Sstc drives it; VSSIP is hvip's */
    put(m, MIP, B(SSI) | B(SEI) | (BIT(c[MENVCFG], 63) ? 0 : B(STI)), value);
    put(m, HVIP, B(VSSI), value);
    return;
  case PMPCFG0:
  case PMPCFG2:
    write_pmpcfg(m, csr, value);
    return;
  case MCYCLE:
  case MINSTRET:
    m->counter_written[csr == MINSTRET] = true;
    c[csr] = value;
    return;
  default:
    if (find(csr))
      put(m, csr, find(csr)->writable, value);
  }
}

/* ---- access ---- */

/* Would HS-mode be refused this, with TVM = 0, by anything but the number's privilege? */
static bool hs_refused(const hart_model *m, unsigned csr)
{
  if (csr == STIMECMP || csr == VSTIMECMP)
    return !BIT(m->csr[MCOUNTEREN], 1) || !BIT(m->csr[MENVCFG], 63);
  if (csr >= CYCLE && csr < CYCLE + 32)
    return !BIT(m->csr[MCOUNTEREN], csr & 31);
  return false;
}

static model_outcome access(const hart_model *m, unsigned csr, bool writes)
{
  const unsigned level = BITS(csr, 9, 8);
  const uint64_t *c = m->csr;
  const bool hs = m->prv == 1 && !m->v, vs = m->prv == 1 && m->v;
  if (!model_exists(csr))
    return ILLEGAL_INSTRUCTION;
  if (writes && BITS(csr, 11, 10) == 3)
    return ILLEGAL_INSTRUCTION;
  /* "If an instruction is prevented because FS is zero in either, always illegal." */
  if (csr >= FFLAGS && csr <= FCSR &&
      (!BITS(c[MSTATUS], 14, 13) || (m->v && !BITS(c[VSSTATUS], 14, 13))))
    return ILLEGAL_INSTRUCTION;
  if (m->prv == 3)
    return EXECUTED;
  if (level == 3 || hs_refused(m, csr))
    return ILLEGAL_INSTRUCTION;
  if (!m->v) {
    if (m->prv == 0 && level > 0)
      return ILLEGAL_INSTRUCTION;
    if (hs && BIT(c[MSTATUS], 20) && (csr == SATP || csr == HGATP)) /* TVM */
      return ILLEGAL_INSTRUCTION;
    if (csr >= CYCLE && csr < CYCLE + 32 && m->prv == 0 && !BIT(c[SCOUNTEREN], csr & 31))
      return ILLEGAL_INSTRUCTION;
    return EXECUTED;
  }
  /* V=1, and HS-mode may do it. */
  if (level == 2 || (level == 1 && !vs))
    return VIRTUAL_INSTRUCTION;
  if (csr == SATP && BIT(c[HSTATUS], 20)) /* VTVM */
    return VIRTUAL_INSTRUCTION;
  if (csr == STIMECMP && (!BIT(c[HCOUNTEREN], 1) || !BIT(henvcfg(m), 63)))
    return VIRTUAL_INSTRUCTION;
  if (csr >= CYCLE && csr < CYCLE + 32 &&
      (!BIT(c[HCOUNTEREN], csr & 31) || (!vs && !BIT(c[SCOUNTEREN], csr & 31))))
    return VIRTUAL_INSTRUCTION;
  return EXECUTED;
}

/* "When V=1, VS CSRs substitute": of these. */
static unsigned substituted(const hart_model *m, unsigned csr)
{
  static const uint16_t names[] = { SSTATUS, SIE,   STVEC, SSCRATCH, SEPC,
                                    SCAUSE,  STVAL, SIP,   STIMECMP, SATP };
  for (unsigned i = 0; m->v && i < sizeof names / sizeof *names; i++)
    if (names[i] == csr)
      return csr + 0x100;
  return csr;
}

model_outcome model_csr(hart_model *m, unsigned csr, unsigned op, uint64_t operand, bool writes,
                        uint64_t *old)
{
  const model_outcome outcome = access(m, csr, writes);
  if (outcome)
    return outcome;
  csr = substituted(m, csr);
  *old = model_peek(m, csr);
  uint64_t base = *old;
  if (csr ==
      MIP) /* "the value used in the read-modify-write contains only the software-writable SEIP" */
    base = (base & ~B(SEI)) | (m->csr[MIP] & B(SEI));
  if (writes)
    model_poke(m, csr, op == 1 ? operand : op == 2 ? base | operand : base & ~operand);
  return EXECUTED;
}

/* A written counter shows to the next instruction what was written. */
void model_count(hart_model *m, bool retired, uint64_t inhibit_before)
{
  if (!m->counter_written[0] && !BIT(inhibit_before, 0))
    m->csr[MCYCLE]++;
  if (!m->counter_written[1] && !BIT(inhibit_before, 2) && retired)
    m->csr[MINSTRET]++;
  m->counter_written[0] = m->counter_written[1] = false;
}
