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

/* ---- what exists, and which of its bits can be written ---- */

static bool has(const hart_model *m, uint32_t ext) { return m->ext & ext; }

#define CB                                                                                         \
  (has(m, X_ZICBOM) ? B(4) | B(5) | B(6) : 0) | (has(m, X_ZICBOZ) ? B(7) : 0) /* CBIE CBCFE CBZE   \
                                                                               */
#define PMM(ext) (has(m, ext) ? B(32) | B(33) : 0)
#define BY_MENVCFG                                                                                 \
  ((has(m, X_SVADU) ? B(61) : 0) | (has(m, X_SVPBMT) ? B(62) : 0) | (has(m, X_SSTC) ? B(63) : 0))

/* Bits 62:58 of mhpmevent, mcyclecfg, minstretcfg: MINH SINH UINH VSINH VUINH. */
#define INHIBITS (B(62) | B(61) | B(60) | B(59) | B(58))

/* A CSR with storage of its own: the bits that hold what is written. 0: there is none. */
static uint64_t writable(const hart_model *m, unsigned csr)
{
  const uint64_t lcofi = has(m, X_SSCOFPMF) ? B(LCOFI) : 0;
  if (csr >= PMPADDR0 && csr < PMPADDR0 + 16)
    return (1ull << 54) - 1;
  if (csr >= MSTATEEN0 && csr < MSTATEEN0 + 4)
    return has(m, X_SMSTATEEN) ? B(63) | (csr == MSTATEEN0 ? B(62) : 0) : 0;
  if (csr >= HSTATEEN0 && csr < HSTATEEN0 + 4)
    return has(m, X_SMSTATEEN) ? B(63) | (csr == HSTATEEN0 ? B(62) : 0) : 0;
  if (csr >= MHPMEVENT3 && csr < MHPMEVENT3 + 8)
    return has(m, X_HPM) ? BITS(ALL, 55, 0) | (has(m, X_SSCOFPMF) ? B(63) | INHIBITS : 0) : 0;
  if (csr >= MHPMCOUNTER3 && csr < MHPMCOUNTER3 + 8)
    return has(m, X_HPM) ? ALL : 0;
  switch (csr) {
  case FFLAGS:
    return 0x1f;
  case FRM:
    return 7;
  case STVEC:
  case VSTVEC:
  case MTVEC: /* MODE is 0 or 1 */
    return ALL & ~B(1);
  case SCOUNTEREN:
  case HCOUNTEREN:
  case MCOUNTEREN:
    return WORD;
  case SENVCFG: /* FIOM */
    return B(0) | CB | PMM(X_SSNPM);
  case HENVCFG: /* and ADUE PBMTE STCE */
    return B(0) | CB | PMM(X_SSNPM) | BY_MENVCFG;
  case MENVCFG:
    return B(0) | CB | PMM(X_SMNPM) | BY_MENVCFG;
  case MSECCFG:
    return PMM(X_SMMPM);
  case SEPC:
  case VSEPC:
  case MEPC: /* IALIGN = 16 */
    return ALL & ~B(0);
  case STIMECMP:
  case VSTIMECMP:
    return has(m, X_SSTC) ? ALL : 0;
  case SSCRATCH:
  case VSSCRATCH:
  case MSCRATCH:
  case SCAUSE:
  case VSCAUSE:
  case MCAUSE:
  case STVAL:
  case VSTVAL:
  case MTVAL:
  case SATP:
  case VSATP:
  case HTIMEDELTA:
  case HTVAL:
  case HTINST:
  case MTINST:
  case MTVAL2:
  case PMPCFG0:
  case PMPCFG2:
  case MCYCLE:
  case MINSTRET:
    return ALL;
  case VSSTATUS:
    return SSTATUS_WRITABLE;
  case MSTATUS:
    return MSTATUS_WRITABLE;
  case HSTATUS: /* GVA SPV SPVP HU VTVM VTW VTSR HUPMM; VSBE 0, VGEIN 0 (GEILEN is 0), VSXL 2 */
    return B(6) | B(7) | B(8) | B(9) | B(20) | B(21) | B(22) |
           (has(m, X_SSNPM) ? B(48) | B(49) : 0);
  case HEDELEG: /* "Writable": 1-8, 12, 13, 15, 18, 19; bit 0 may be */
    return 0x1ff | B(12) | B(13) | B(15) | B(18) | B(19);
  case MEDELEG: /* 11 and 16 read-only 0; 14 and 17 are reserved */
    return 0x7ff | B(12) | B(13) | B(15) | 0xfc0000;
  case HIDELEG: /* "If Shlcofideleg is implemented, bit 13 is writable", where mideleg is not zero */
    return (B(2) | B(6) | B(10) | (has(m, X_SHLCOFIDELEG) ? lcofi : 0)) & m->csr[MIDELEG];
  case MIDELEG: /* the VS-level ones and SGEI are read-only 1 */
    return B(1) | B(5) | B(9) | lcofi;
  case MIE:
    return 0x222 | 0x444 | 0x888 | B(12) | lcofi;
  case MIP: /* what software can set */
    return B(1) | B(5) | B(9) | lcofi;
  case HVIP:
    return B(2) | B(6) | B(10);
  case HGATP:
    return ALL & ~B(58) & ~B(59);
  case MCOUNTINHIBIT:
    return B(0) | B(2) | (has(m, X_HPM) ? 0x7f8 : 0);
  case MCYCLECFG:
  case MINSTRETCFG:
    return has(m, X_SMCNTRPMF) ? INHIBITS : 0;
  default:
    return 0;
  }
}

/* Views, and what is constant. */
static const uint16_t others[] = {
  FCSR,   TIME,    CYCLE,      INSTRET, SSTATUS, SIE,    SIP,       VSIE,
  VSIP,   HIE,     HIP,        HGEIE,   HGEIP,   MISA,   MVENDORID, MARCHID,
  MIMPID, MHARTID, MCONFIGPTR, TSELECT, TDATA1,  TDATA2, TDATA3,
};

/* hpmcounter3-31, mhpmcounter3-31, mhpmevent3-31: those that do not count are read-only 0. */
static bool is_hpm(unsigned csr)
{
  const unsigned n = csr & 0x1f, group = csr & ~0x1fu;
  return n >= 3 && (group == 0xC00 || group == 0xB00 || group == 0x320);
}

bool model_exists(const hart_model *m, unsigned csr)
{
  for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
    if (others[i] == csr)
      return true;
  if (csr >= SSTATEEN0 && csr < SSTATEEN0 + 4)
    return has(m, X_SMSTATEEN);
  if (csr == SCOUNTOVF)
    return has(m, X_SSCOFPMF);
  return writable(m, csr) || is_hpm(csr);
}

void model_reset(hart_model *m)
{
  memset(m->csr, 0, sizeof m->csr);
  m->csr[MSTATUS] = UXL_2 | SXL_2;
  m->csr[VSSTATUS] = m->csr[HSTATUS] = UXL_2;
  m->csr[MIDELEG] = B(2) | B(6) | B(10) | B(12);
  m->csr[STIMECMP] = m->csr[VSTIMECMP] = ALL;
  m->prv = 3;
  m->v = false;
}

/* ---- reading ---- */

/* henvcfg's PBMTE, ADUE, STCE are read-only 0 while menvcfg's are 0. */
static uint64_t henvcfg(const hart_model *m)
{
  return m->csr[HENVCFG] & (m->csr[MENVCFG] | ~(B(61) | B(62) | B(63)));
}

/* "A bit that is zero in mstateen appears as read-only zero in hstateen." */
static uint64_t hstateen(const hart_model *m, unsigned n)
{
  return m->csr[HSTATEEN0 + n] & m->csr[MSTATEEN0 + n];
}

/* "Bit X is 1 if mhpmeventX.OF is", of those that the mode may read. */
static uint64_t scountovf(const hart_model *m)
{
  uint64_t of = 0;
  for (unsigned n = 3; n < N_COUNTERS; n++)
    of |= (uint64_t)BIT(m->csr[0x320 + n], 63) << n;
  if (m->prv != 3)
    of &= m->csr[MCOUNTEREN];
  return m->v ? of & m->csr[HCOUNTEREN] : of;
}

/* All pending interrupts, as mip shows them. */
static uint64_t mip(const hart_model *m)
{
  uint64_t ip = m->lines | (m->csr[MIP] & (B(SSI) | B(SEI) | B(LCOFI))) | m->csr[HVIP];
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
  const uint64_t vs = B(2) | B(6) | B(10), s = B(1) | B(5) | B(9) | B(LCOFI), h = vs | B(12);
  /* LCOFI of the guest is that of sip and sie, in its place. */
  const uint64_t lcofi = c[HIDELEG] & c[MIDELEG] & B(LCOFI);
  if (csr >= HPMCOUNTER3 && csr < HPMCOUNTER3 + 8)
    return c[MHPMCOUNTER3 + (csr - HPMCOUNTER3)];
  if (csr >= HSTATEEN0 && csr < HSTATEEN0 + 4)
    return hstateen(m, csr - HSTATEEN0);
  switch (csr) {
  case SCOUNTOVF:
    return scountovf(m);
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
    return (mip(m) & c[HIDELEG] & vs) >> 1 | (mip(m) & lcofi);
  case VSIE:
    return (c[MIE] & c[HIDELEG] & vs) >> 1 | (c[MIE] & lcofi);
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
    return writable(m, csr) ? c[csr] : 0;
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
  value &= writable(m, HGATP);
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

/* WARL fields of the environment registers: the reserved CBIE 2 and PMM 1 become 0. */
static uint64_t legal_environment(uint64_t value, unsigned pmm)
{
  if (pmm == 32 && BITS(value, 5, 4) == 2)
    value &= ~(B(4) | B(5));
  return BITS(value, pmm + 1, pmm) == 1 ? value & ~(3ull << pmm) : value;
}

/* An event this machine has not counts nothing: 0. 1 is cycles, 2 is instructions retired. */
static uint64_t legal_event(uint64_t value)
{
  return BITS(value, 55, 0) > 2 ? value & ~BITS(ALL, 55, 0) : value;
}

void model_poke(hart_model *m, unsigned csr, uint64_t value)
{
  uint64_t *c = m->csr;
  const uint64_t vs = B(2) | B(6) | B(10), s = B(1) | B(5) | B(9) | B(LCOFI);
  const uint64_t lcofi = c[HIDELEG] & c[MIDELEG] & B(LCOFI);
  if (csr >= PMPADDR0 && csr < PMPADDR0 + 16) {
    write_pmpaddr(m, csr, value);
    return;
  }
  if (csr >= HSTATEEN0 && csr < HSTATEEN0 + 4) { /* bits that mstateen does not give keep, hidden */
    put(m, csr, writable(m, csr) & c[csr - HSTATEEN0 + MSTATEEN0], value);
    return;
  }
  if (csr >= MHPMEVENT3 && csr < MHPMEVENT3 + 8) {
    put(m, csr, writable(m, csr), legal_event(value));
    return;
  }
  if (csr == MCYCLE || csr == MINSTRET || (csr >= MHPMCOUNTER3 && csr < MHPMCOUNTER3 + 8)) {
    m->written |= 1u << (csr & 31);
    put(m, csr, writable(m, csr), value);
    return;
  }
  switch (csr) {
  case FFLAGS:
  case FRM:
    put(m, csr, writable(m, csr), value);
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
    value = legal_environment(value, 32);
    c[HENVCFG] = value & writable(m, HENVCFG) & (c[MENVCFG] | ~(B(61) | B(62) | B(63)));
    return;
  case SENVCFG:
  case MENVCFG:
  case MSECCFG:
    put(m, csr, writable(m, csr), legal_environment(value, 32));
    return;
  case HSTATUS:
    put(m, csr, writable(m, csr), legal_environment(value, 48));
    return;
  case SIE:
    put(m, MIE, c[MIDELEG] & s, value);
    return;
  case SIP: /* SSIP and LCOFIP are writable, if delegated */
    put(m, MIP, c[MIDELEG] & (B(SSI) | B(LCOFI)), value);
    return;
  case HIE:
    put(m, MIE, vs | B(12), value);
    return;
  case HIP: /* VSSIP is an alias of hvip's */
    put(m, HVIP, B(VSSI), value);
    return;
  case VSIE:
    put(m, MIE, c[HIDELEG] & vs, value << 1);
    put(m, MIE, lcofi, value);
    return;
  case VSIP:
    put(m, HVIP, c[HIDELEG] & B(VSSI), value << 1);
    put(m, MIP, lcofi, value);
    return;
  case MIP: /* SSIP, SEIP, LCOFIP; STIP unless Sstc drives it; VSSIP is hvip's */
    put(m, MIP, writable(m, MIP) & ~(BIT(c[MENVCFG], 63) ? B(STI) : 0), value);
    put(m, HVIP, B(VSSI), value);
    return;
  case MIDELEG: /* "where bits of mideleg are zero, those of hideleg are read-only zeros" */
    put(m, MIDELEG, writable(m, MIDELEG), value);
    c[HIDELEG] &= c[MIDELEG];
    return;
  case PMPCFG0:
  case PMPCFG2:
    write_pmpcfg(m, csr, value);
    return;
  default:
    put(m, csr, writable(m, csr), value);
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
  if (has(m, X_SMSTATEEN) && (csr == HENVCFG || csr == SENVCFG))
    return !BIT(m->csr[MSTATEEN0], 62);
  if ((csr >= HSTATEEN0 && csr < HSTATEEN0 + 4) || (csr >= SSTATEEN0 && csr < SSTATEEN0 + 4))
    return !BIT(m->csr[MSTATEEN0 + (csr & 3)], 63);
  return false;
}

static model_outcome access(const hart_model *m, unsigned csr, bool writes)
{
  const unsigned level = BITS(csr, 9, 8);
  const uint64_t *c = m->csr;
  const bool hs = m->prv == 1 && !m->v, vs = m->prv == 1 && m->v;
  if (!model_exists(m, csr))
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
  if (csr == SENVCFG && has(m, X_SMSTATEEN) && !BIT(hstateen(m, 0), 62))
    return VIRTUAL_INSTRUCTION;
  if (csr >= SSTATEEN0 && csr < SSTATEEN0 + 4 && !BIT(hstateen(m, csr - SSTATEEN0), 63))
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

/* ---- counters ---- */

/* "MINH, SINH, UINH, VSINH, VUINH: counting is inhibited" in M, HS, U, VS, VU. */
static bool inhibited(const hart_model *m, uint64_t config)
{
  return BIT(config, m->prv == 3 ? 62 : (m->prv == 1 ? 61 : 60) - (m->v ? 2 : 0));
}

static uint64_t config_of(const hart_model *m, unsigned n)
{
  return m->csr[n == 0 ? MCYCLECFG : n == 2 ? MINSTRETCFG : 0x320 + n];
}

/* What counter n counts: 1 cycles, one per instruction; 2 instructions retired. */
static unsigned event_of(const hart_model *m, unsigned n)
{
  return n == 0 ? 1 : n == 2 ? 2 : n < 3 ? 0 : BITS(config_of(m, n), 55, 0);
}

void model_begin(hart_model *m)
{
  m->counting = m->written = m->of = 0;
  for (unsigned n = 3; n < N_COUNTERS; n++)
    m->of |= (uint32_t)BIT(config_of(m, n), 63) << n;
  for (unsigned n = 0; n < N_COUNTERS; n++)
    if (event_of(m, n) && !BIT(m->csr[MCOUNTINHIBIT], n) && !inhibited(m, config_of(m, n)))
      m->counting |=
          1u << n | (event_of(m, n) == 2 ? 1u << (n + 16) : 0); /* above: of retired ones */
}

/* A written counter shows to the next instruction what was written. "If an event counter overflows
 * while OF is zero, a count overflow interrupt request is generated, and OF is set." Nothing says
 * which comes first when the instruction that writes OF is counted: the machine wants OF zero
 * before and after. */
void model_end(hart_model *m, bool retired)
{
  for (unsigned n = 0; n < N_COUNTERS; n++) {
    uint64_t *counter = &m->csr[MCYCLE + n];
    if (!BIT(m->counting, n) || BIT(m->written, n) || (BIT(m->counting, n + 16) && !retired))
      continue;
    ++*counter;
    if (*counter == 0 && n >= 3 && has(m, X_SSCOFPMF) && !BIT(m->csr[0x320 + n], 63) &&
        !BIT(m->of, n)) {
      m->csr[0x320 + n] |= B(63);
      m->csr[MIP] |= B(LCOFI);
    }
  }
  m->counting = m->written = 0;
}
