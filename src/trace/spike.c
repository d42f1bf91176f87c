/* spike.c - the commit log as riscv-isa-sim writes it, byte by byte (its execute.cc and csrs.cc are
 * the definition). Depends on events and the decoder; spike.def says which CSR writes appear as
 * what.
 */
#include "trace/spike.h"
#include "cpu/insn.h"
#include "priv/csr.h"
#include <string.h>

/* ---- text ---- */

const char *rv_spike_csr_name(unsigned csr)
{
  const char *name = csr == SPIKE_CSR_MVIP ? "mvip" : rv_csr_name(csr);
  return name ? name : "unknown";
}

static char *put_text(char *p, const char *text)
{
  const size_t n = strlen(text);
  memcpy(p, text, n);
  return p + n;
}

/* 0x and all digits of a value of so many bytes. */
static char *put_value(char *p, unsigned bytes, uint64_t value)
{
  *p++ = '0';
  *p++ = 'x';
  for (int shift = (int)bytes * 8 - 4; shift >= 0; shift -= 4)
    *p++ = "0123456789abcdef"[value >> shift & 15];
  return p;
}

/* Decimal, with blanks before (right) or behind up to a width. */
static char *put_number(char *p, unsigned n, int width, bool right)
{
  char digits[10];
  int count = 0;
  do
    digits[count++] = (char)('0' + n % 10);
  while (n /= 10);
  for (int i = count; right && i < width; i++)
    *p++ = ' ';
  for (int i = count; i > 0; i--)
    *p++ = digits[i - 1];
  for (int i = count; !right && i < width; i++)
    *p++ = ' ';
  return p;
}

static char *put_write(char *p, uint32_t key, uint64_t value)
{
  const unsigned number = key >> 4;
  *p++ = ' ';
  if ((key & 15) == SPIKE_CSR) {
    *p++ = 'c';
    p = put_number(p, number, 0, false);
    *p++ = '_';
    p = put_text(p, rv_spike_csr_name(number));
  } else {
    *p++ = (key & 15) == SPIKE_F ? 'f' : 'x';
    p = put_number(p, number, 2, false);
  }
  *p++ = ' ';
  return put_value(p, 8, value);
}

size_t rv_spike_format(const rv_spike_line *line, bool with_v, char *text)
{
  char *p = put_text(text, "core");
  p = put_number(p, line->hart, 4, true);
  p = put_text(p, ": ");
  p = put_number(p, line->prv, 0, false);
  if (with_v && line->v)
    *p++ = 'v';
  *p++ = ' ';
  p = put_value(p, 8, line->pc);
  p = put_text(p, " (");
  p = put_value(p, line->length, line->raw);
  *p++ = ')';
  for (unsigned i = 0; i < line->n_write; i++)
    p = put_write(p, line->write[i].key, line->write[i].value);
  for (unsigned i = 0; i < line->n_mem; i++) {
    p = put_value(put_text(p, " mem "), 8, line->mem[i].addr);
    if (line->mem[i].size) {
      *p++ = ' ';
      p = put_value(p, line->mem[i].size, line->mem[i].value);
    }
  }
  *p++ = '\n';
  *p = 0;
  return (size_t)(p - text);
}

/* ---- and back ---- */

static bool at_end(const char *p) { return *p == '\n' || *p == '\r' || *p == 0; }

static bool skip(const char **p, const char *text)
{
  const size_t n = strlen(text);
  if (strncmp(*p, text, n))
    return false;
  *p += n;
  return true;
}

static void skip_blanks(const char **p)
{
  while (**p == ' ')
    ++*p;
}

static bool get_number(const char **p, unsigned *n)
{
  const char *start = *p;
  for (*n = 0; **p >= '0' && **p <= '9' && *p - start < 9; ++*p)
    *n = *n * 10 + (unsigned)(**p - '0');
  return *p != start;
}

/* 0x and an even number of digits; how many bytes they are. */
static bool get_value(const char **p, uint64_t *value, unsigned *bytes)
{
  if (!skip(p, "0x"))
    return false;
  const char *start = *p;
  for (*value = 0;; ++*p) {
    const char c = **p;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0)
      break;
    *value = *value << 4 | (unsigned)digit;
  }
  const size_t digits = (size_t)(*p - start);
  *bytes = (unsigned)digits / 2;
  return digits >= 2 && digits <= 16 && digits % 2 == 0;
}

/* What follows the last value: " x5  0x...", " c768_mstatus 0x...". */
static const char *get_write(const char **p, rv_spike_line *line)
{
  const char kind = *(*p)++;
  unsigned number, bytes;
  uint64_t value;
  if (!get_number(p, &number) || number > (kind == 'c' ? 4095u : 31u))
    return "no such register";
  if (kind == 'c')
    while (**p != ' ' && !at_end(*p))
      ++*p;
  skip_blanks(p);
  if (!get_value(p, &value, &bytes) || bytes != 8)
    return "a value of 64 bits should follow";
  if (line->n_write == SPIKE_WRITES)
    return "too many registers";
  const unsigned k = kind == 'c' ? SPIKE_CSR : kind == 'f' ? SPIKE_F : SPIKE_X;
  line->write[line->n_write].key = SPIKE_KEY(k, number);
  line->write[line->n_write++].value = value;
  return NULL;
}

static const char *get_mem(const char **p, rv_spike_line *line)
{
  unsigned bytes, size = 0;
  uint64_t addr, value = 0;
  if (!skip(p, "mem ") || !get_value(p, &addr, &bytes) || bytes != 8)
    return "an address should follow";
  if ((*p)[0] == ' ' && (*p)[1] == '0') {
    ++*p;
    if (!get_value(p, &value, &size))
      return "a stored value should follow";
  }
  if (line->n_mem == SPIKE_MEMS)
    return "too many accesses";
  line->mem[line->n_mem].addr = addr;
  line->mem[line->n_mem].value = value;
  line->mem[line->n_mem++].size = (uint8_t)size;
  return NULL;
}

static const char *get_head(const char **p, rv_spike_line *line)
{
  uint64_t raw;
  unsigned bytes;
  if (!skip(p, "core"))
    return "a line begins with 'core'";
  skip_blanks(p);
  if (!get_number(p, &line->hart) || !skip(p, ": "))
    return "the number of the core should follow, then ': '";
  if (!get_number(p, &line->prv) || line->prv > 3 || line->prv == 2)
    return "the privilege should follow: 0, 1 or 3";
  line->v = skip(p, "v");
  if (!skip(p, " ") || !get_value(p, &line->pc, &bytes) || bytes != 8)
    return "the pc should follow, with 64 bits";
  if (!skip(p, " (") || !get_value(p, &raw, &bytes) || (bytes != 2 && bytes != 4) || !skip(p, ")"))
    return "the instruction's bits should follow, in parentheses";
  line->raw = (uint32_t)raw;
  line->length = (uint8_t)bytes;
  return NULL;
}

bool rv_spike_parse(const char *text, rv_spike_line *line, const char **error, const char **at)
{
  const char *p = text;
  line->n_write = line->n_mem = 0;
  *error = get_head(&p, line);
  while (!*error && !at_end(p)) {
    skip_blanks(&p);
    if (at_end(p))
      break;
    if (*p == 'm')
      *error = get_mem(&p, line);
    else if (*p == 'x' || *p == 'f' || *p == 'c')
      *error = get_write(&p, line);
    else
      *error = "neither a register nor a memory access";
  }
  *at = p;
  return !*error;
}

/* ---- out of events ---- */

static uint64_t csr_value(rvh_machine *m, unsigned hart, unsigned csr)
{
  uint64_t value = 0;
  rvh_read_csr(m, hart, csr, &value);
  return value;
}

/* Keeps the keys in order, one value each. */
static void add(rv_spike_line *line, unsigned key, uint64_t value)
{
  unsigned i = line->n_write;
  for (unsigned k = 0; k < line->n_write; k++)
    if (line->write[k].key == key) {
      line->write[k].value = value;
      return;
    }
  if (i == SPIKE_WRITES)
    return;
  for (; i > 0 && line->write[i - 1].key > key; i--)
    line->write[i] = line->write[i - 1];
  line->write[i].key = key;
  line->write[i].value = value;
  line->n_write++;
}

static void add_csr(rv_spike_line *line, rvh_machine *m, unsigned csr)
{
  add(line, SPIKE_KEY(SPIKE_CSR, csr), csr_value(m, line->hart, csr));
}

/* Spike's mvip, written with mip's SEIP before mip's own bits: SSIP, and STIP while it is
 * software's, are still the old ones. */
static uint64_t mvip_value(const rv_spike_source *s, rvh_machine *m, unsigned hart)
{
  const uint64_t mip = csr_value(m, hart, CSR_mip);
  const bool stce = csr_value(m, hart, CSR_menvcfg) & menvcfg_STCE;
  const bool ssip_writable = s->csr == CSR_mip || (csr_value(m, hart, CSR_mideleg) & IP(SSI));
  const uint64_t old_ssip = (ssip_writable ? s->before : mip) & IP(SSI);
  const uint64_t old_stip = stce ? 0 : (s->csr == CSR_mip ? s->before : mip) & IP(STI);
  return (mip & IP(SEI)) | old_ssip | old_stip;
}

/* Spike writes mip.VSSIP before the rest of hvip. */
static uint64_t mip_of_hvip(const rv_spike_source *s, rvh_machine *m, unsigned hart)
{
  const uint64_t later = IP(VSTI) | IP(VSEI);
  const uint64_t hvip = csr_value(m, hart, CSR_hvip), mip = csr_value(m, hart, CSR_mip);
  return (mip & ~(hvip & later)) | (s->before & later);
}

static const struct {
  uint16_t written, logged; /* logged 0: nothing */
} rules[] = {
#define CSR_mvip SPIKE_CSR_MVIP
#define LOGS(written, logged) { CSR_##written, CSR_##logged },
#define SILENT(written) { CSR_##written, 0 },
#include "trace/spike.def"
#undef CSR_mvip
};

static bool entry_locked(rvh_machine *m, unsigned hart, unsigned entry)
{
  return csr_value(m, hart, entry < 8 ? CSR_pmpcfg0 : CSR_pmpcfg2) >> (entry % 8 * 8) & 0x80;
}

/* A write that has no effect because of a lock. */
static bool pmp_refuses(rvh_machine *m, unsigned hart, unsigned csr)
{
  if (csr == CSR_pmpcfg0 || csr == CSR_pmpcfg2) {
    for (unsigned i = 0; i < 8; i++)
      if (!entry_locked(m, hart, (csr - CSR_pmpcfg0) * 4 + i))
        return false;
    return true;
  }
  const unsigned entry = csr - CSR_pmpaddr0;
  if (entry >= 16)
    return false;
  const uint64_t next =
      csr_value(m, hart, entry < 7 ? CSR_pmpcfg0 : CSR_pmpcfg2) >> ((entry + 1) % 8 * 8);
  const bool tor = (next & 0x18) == 0x08;
  return entry_locked(m, hart, entry) || (entry < 15 && tor && (next & 0x80));
}

static void add_csr_write(const rv_spike_source *s, rvh_machine *m, rv_spike_line *line)
{
  bool ruled = false;
  if ((s->csr > CSR_mcycle && s->csr <= CSR_mhpmcounter31 && s->csr != CSR_minstret) ||
      pmp_refuses(m, line->hart, s->csr))
    return;
  for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++) {
    if (rules[i].written != s->csr)
      continue;
    ruled = true;
    if (rules[i].logged == SPIKE_CSR_MVIP)
      add(line, SPIKE_KEY(SPIKE_CSR, SPIKE_CSR_MVIP), mvip_value(s, m, line->hart));
    else if (rules[i].logged == CSR_mip && s->csr == CSR_hvip)
      add(line, SPIKE_KEY(SPIKE_CSR, CSR_mip), mip_of_hvip(s, m, line->hart));
    else if (rules[i].logged)
      add_csr(line, m, rules[i].logged);
  }
  if (!ruled)
    add_csr(line, m, s->csr);
}

/* mret and sret write status registers whether or not they change. */
static void add_xret(rv_spike_line *line, rvh_machine *m, const rvh_event *e)
{
  const bool to_vu = e->to_v && e->to_prv == PRV_U;
  if (e->from_v) {
    add_csr(line, m, CSR_vsstatus);
    return;
  }
  add_csr(line, m, CSR_mstatus);
  if (to_vu)
    add_csr(line, m, CSR_vsstatus); /* its SDT, which neither has */
  if (e->raw == 0x10200073)
    add_csr(line, m, CSR_hstatus);
}

/* FS becomes Dirty: logged when one that counts was not. */
static void add_fs_dirty(rv_spike_line *line, rvh_machine *m, const rvh_event *e)
{
  const bool dirty = (e->u.commit.mstatus & mstatus_FS) == mstatus_FS &&
                     (!e->from_v || (e->u.commit.vsstatus & vsstatus_FS) == vsstatus_FS);
  if (dirty)
    return;
  add_csr(line, m, CSR_mstatus);
  if (e->from_v)
    add_csr(line, m, CSR_vsstatus);
}

static bool writes_f(unsigned kind)
{
  return kind == RV_KIND_FLOAD || kind == RV_KIND_FF || kind == RV_KIND_FX || kind == RV_KIND_FI;
}

static void add_mem(rv_spike_line *line, const rv_touch *t)
{
  const unsigned part = t->size > 8 ? 1 : t->size; /* cbo.zero stores single bytes */
  for (unsigned done = 0; done < t->size && line->n_mem < SPIKE_MEMS; done += part) {
    const uint64_t value = part < 8 ? t->value & ((1ull << 8 * part) - 1) : t->value;
    line->mem[line->n_mem].addr = t->va + done;
    line->mem[line->n_mem].value = t->write ? value : 0;
    line->mem[line->n_mem++].size = t->write ? (uint8_t)part : 0;
  }
}

bool rv_spike_event(rv_spike_source *s, rvh_machine *m, const rvh_event *e, rv_spike_line *line)
{
  if (e->type == RV_EV_CSR) {
    s->has_csr = true;
    s->csr = e->u.csr.csr;
    s->before = e->u.csr.before;
    return false;
  }
  if (e->type != RV_EV_COMMIT)
    return false;
  unsigned n;
  rv_insn d;
  rv_decode(e->raw, &d);
  const unsigned kind = rv_insn_rows(&n)[d.row].kind;
  line->hart = e->hart;
  line->prv = e->from_prv;
  line->v = e->from_v;
  line->pc = e->pc;
  line->raw = e->raw;
  line->length = d.len;
  line->n_write = line->n_mem = 0;
  if (writes_f(kind))
    add(line, SPIKE_KEY(SPIKE_F, d.rd), rvh_read_f(m, e->hart, d.rd));
  else if (d.rd && kind != RV_KIND_NOP)
    add(line, SPIKE_KEY(SPIKE_X, d.rd), e->x[d.rd]);
  if (d.op == OP_amocas_q && d.rd)
    add(line, SPIKE_KEY(SPIKE_X, d.rd + 1), e->x[d.rd + 1]);
  if (e->u.commit.fp_flags)
    add_csr(line, m, CSR_fflags);
  const bool fp_csr = s->has_csr && s->csr <= CSR_fcsr;
  if (writes_f(kind) || e->u.commit.fp_flags || fp_csr)
    add_fs_dirty(line, m, e);
  if (s->has_csr)
    add_csr_write(s, m, line);
  else if (e->raw == 0x30200073 || e->raw == 0x10200073)
    add_xret(line, m, e);
  for (unsigned i = 0; i < e->u.commit.n_touch; i++)
    add_mem(line, &e->u.commit.touch[i]);
  s->has_csr = false;
  return true;
}
