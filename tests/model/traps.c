/* traps.c - see traps.h. */
#include "traps.h"

#define B(n) (1ull << (n))
#define BIT(word, n) ((bool)((word) >> (n)&1))
#define BITS(word, hi, lo) ((word) >> (lo) & (~0ull >> (63 - (hi) + (lo))))

static void put_bit(uint64_t *word, unsigned n, bool value)
{
  *word = (*word & ~B(n)) | (uint64_t)value << n;
}

/* "Asynchronous interrupts set the pc to BASE+4*cause" if MODE is Vectored. */
static uint64_t vector(uint64_t tvec, bool interrupt, uint64_t code)
{
  const uint64_t base = tvec & ~3ull;
  return interrupt && (tvec & 3) == 1 ? base + 4 * code : base;
}

static uint64_t cause_value(bool interrupt, uint64_t code)
{
  return code | (uint64_t)interrupt << 63;
}

/* [machine#mstatus, hypervisor#H_trap_m_csrwrites] */
static void into_m(hart_model *m, const model_trap *t)
{
  uint64_t *status = &m->csr[MSTATUS];
  m->csr[MCAUSE] = cause_value(t->interrupt, t->cause);
  m->csr[MEPC] = m->pc;
  m->csr[MTVAL] = t->tval;
  m->csr[MTVAL2] = t->tval2;
  m->csr[MTINST] = t->tinst;
  put_bit(status, 38, t->gva);
  put_bit(status, 39, m->v);
  *status = (*status & ~(B(11) | B(12))) | (uint64_t)m->prv << 11;
  put_bit(status, 7, BIT(*status, 3));
  put_bit(status, 3, false);
  m->pc = vector(m->csr[MTVEC], t->interrupt, t->cause);
  m->prv = 3;
  m->v = false;
}

/* [hypervisor#H_trap_hs_csrwrites] */
static void into_hs(hart_model *m, const model_trap *t)
{
  uint64_t *status = &m->csr[MSTATUS], *hstatus = &m->csr[HSTATUS];
  m->csr[SCAUSE] = cause_value(t->interrupt, t->cause);
  m->csr[SEPC] = m->pc;
  m->csr[STVAL] = t->tval;
  m->csr[HTVAL] = t->tval2;
  m->csr[HTINST] = t->tinst;
  put_bit(hstatus, 6, t->gva);
  put_bit(hstatus, 7, m->v);
  if (m->v)
    put_bit(hstatus, 8, m->prv == 1);
  put_bit(status, 8, m->prv == 1);
  put_bit(status, 5, BIT(*status, 1));
  put_bit(status, 1, false);
  m->pc = vector(m->csr[STVEC], t->interrupt, t->cause);
  m->prv = 1;
  m->v = false;
}

/* [hypervisor#H_trap_vs_csrwrites, hideleg_trans] */
static void into_vs(hart_model *m, const model_trap *t)
{
  uint64_t *status = &m->csr[VSSTATUS];
  unsigned code = t->cause;
  if (t->interrupt)
    code = code == VSEI ? SEI : code == VSTI ? STI : code == VSSI ? SSI : code;
  m->csr[VSCAUSE] = cause_value(t->interrupt, code);
  m->csr[VSEPC] = m->pc;
  m->csr[VSTVAL] = t->tval;
  put_bit(status, 8, m->prv == 1);
  put_bit(status, 5, BIT(*status, 1));
  put_bit(status, 1, false);
  m->pc = vector(m->csr[VSTVEC], t->interrupt, code);
  m->prv = 1;
}

void model_take(hart_model *m, const model_trap *t)
{
  const bool to_hs = m->prv != 3 && BIT(m->csr[t->interrupt ? MIDELEG : MEDELEG], t->cause);
  const bool to_vs = to_hs && m->v && BIT(m->csr[t->interrupt ? HIDELEG : HEDELEG], t->cause);
  if (to_vs)
    into_vs(m, t);
  else if (to_hs)
    into_hs(m, t);
  else
    into_m(m, t);
}

/* The first of a list in a set. */
static unsigned first_of(uint64_t set, const uint8_t *list, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (BIT(set, list[i]))
      return list[i];
  return 0;
}

unsigned model_interrupt(const hart_model *m)
{
  static const uint8_t to_m[] = { MEI, MSI, MTI, SEI, SSI, STI, LCOFI };
  static const uint8_t to_hs[] = { SEI, SSI, STI, SGEI, VSEI, VSSI, VSTI, LCOFI };
  static const uint8_t to_vs[] = { VSEI, VSSI, VSTI, LCOFI };
  const uint64_t ready = model_peek(m, MIP) & m->csr[MIE];
  const uint64_t deleg = m->csr[MIDELEG], hdeleg = m->csr[HIDELEG];
  unsigned irq = 0;
  /* "Interrupts for higher privilege modes must be taken before those for lower ones." */
  if (m->prv < 3 || BIT(m->csr[MSTATUS], 3))
    irq = first_of(ready & ~deleg, to_m, sizeof to_m);
  if (!irq && m->prv < 3 && (m->v || m->prv == 0 || BIT(m->csr[MSTATUS], 1)))
    irq = first_of(ready & deleg & ~hdeleg, to_hs, sizeof to_hs);
  if (!irq && m->v && (m->prv == 0 || BIT(m->csr[VSSTATUS], 1)))
    irq = first_of(ready & deleg & hdeleg, to_vs, sizeof to_vs);
  return irq;
}

/* [cmo#csrs, hypervisor#norm:henvcfg_cbze]: the field in all three environment registers. */
static model_outcome environment(const hart_model *m, uint64_t field)
{
  if (m->prv == 3)
    return EXECUTED;
  if (!(m->csr[MENVCFG] & field))
    return ILLEGAL_INSTRUCTION;
  if (m->v && !(m->csr[HENVCFG] & field))
    return VIRTUAL_INSTRUCTION;
  if (m->prv == 0 && !(m->csr[SENVCFG] & field))
    return m->v ? VIRTUAL_INSTRUCTION : ILLEGAL_INSTRUCTION;
  return EXECUTED;
}

model_outcome model_allowed(const hart_model *m, model_instruction i)
{
  const uint64_t status = m->csr[MSTATUS], hstatus = m->csr[HSTATUS];
  const bool machine = m->prv == 3, hs = m->prv == 1 && !m->v, vs = m->prv == 1 && m->v;
  const bool u = m->prv == 0 && !m->v, vu = m->prv == 0 && m->v;
  switch (i) {
  case MRET:
    return machine ? EXECUTED : ILLEGAL_INSTRUCTION;
  case SRET:
    if (u || (hs && BIT(status, 22))) /* TSR */
      return ILLEGAL_INSTRUCTION;
    return vu || (vs && BIT(hstatus, 22)) ? VIRTUAL_INSTRUCTION : EXECUTED; /* VTSR */
  case WFI:
    if (!machine && (BIT(status, 21) || u)) /* TW */
      return ILLEGAL_INSTRUCTION;
    return vu || (vs && BIT(hstatus, 21)) ? VIRTUAL_INSTRUCTION : EXECUTED; /* VTW */
  case SFENCE_VMA:
    if (u || (hs && BIT(status, 20))) /* TVM */
      return ILLEGAL_INSTRUCTION;
    return vu || (vs && BIT(hstatus, 20)) ? VIRTUAL_INSTRUCTION : EXECUTED; /* VTVM */
  case SFENCE_W_INVAL:
    return u ? ILLEGAL_INSTRUCTION : vu ? VIRTUAL_INSTRUCTION : EXECUTED;
  case HFENCE_VVMA:
    return m->v ? VIRTUAL_INSTRUCTION : u ? ILLEGAL_INSTRUCTION : EXECUTED;
  case HFENCE_GVMA:
    return m->v                           ? VIRTUAL_INSTRUCTION
           : u || (hs && BIT(status, 20)) ? ILLEGAL_INSTRUCTION
                                          : EXECUTED;
  case HLV_HSV: /* HU */
    return m->v ? VIRTUAL_INSTRUCTION : u && !BIT(hstatus, 9) ? ILLEGAL_INSTRUCTION : EXECUTED;
  case WRS_NTO: /* TW and VTW as for wfi, in VU as in VS; U is not special */
    if (!machine && BIT(status, 21))
      return ILLEGAL_INSTRUCTION;
    return m->v && BIT(hstatus, 21) ? VIRTUAL_INSTRUCTION : EXECUTED;
  case CBO_INVAL: /* CBIE 0: not enabled */
    return environment(m, B(4) | B(5));
  case CBO_CLEAN_FLUSH:
    return environment(m, B(6));
  case CBO_ZEROES:
    return environment(m, B(7));
  case UNDEFINED:
    return ILLEGAL_INSTRUCTION;
  default:
    return EXECUTED;
  }
}

unsigned model_ecall_cause(const hart_model *m)
{
  return m->prv == 3 ? 11 : m->prv == 0 ? 8 : m->v ? 10 : 9;
}

/* [hypervisor#mret_h] */
void model_mret(hart_model *m)
{
  uint64_t *status = &m->csr[MSTATUS];
  m->prv = BITS(*status, 12, 11);
  m->v = m->prv != 3 && BIT(*status, 39);
  put_bit(status, 39, false);
  *status &= ~(B(11) | B(12));
  put_bit(status, 3, BIT(*status, 7));
  put_bit(status, 7, true);
  if (m->prv != 3)
    put_bit(status, 17, false);
  m->pc = m->csr[MEPC];
}

/* [hypervisor#sret_v0, sret_v1] */
void model_sret(hart_model *m)
{
  uint64_t *status = m->v ? &m->csr[VSSTATUS] : &m->csr[MSTATUS];
  m->pc = m->csr[m->v ? VSEPC : SEPC];
  if (!m->v) {
    m->v = BIT(m->csr[HSTATUS], 7);
    put_bit(&m->csr[HSTATUS], 7, false);
  }
  m->prv = BIT(*status, 8);
  put_bit(status, 8, false);
  put_bit(status, 1, BIT(*status, 5));
  put_bit(status, 5, true);
  put_bit(&m->csr[MSTATUS], 17, false); /* "to a mode less privileged than M also sets MPRV=0" */
}
