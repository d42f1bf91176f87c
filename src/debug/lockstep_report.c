/* lockstep_report.c - what --lockstep tells: the first difference with what led to it, and in the
 * end how much was equal and what was let pass.
 */
#include "debug/lockstep.h"
#include "cpu/insn.h"
#include "debug/state.h"
#include "priv/csr.h"
#include "trace/names.h"
#include <string.h>

#define HEX "%" G_GINT64_MODIFIER "x"
#define DEC "%" G_GUINT64_FORMAT
enum { LOOK_AHEAD = 200 };

static void print_place(const lockstep *l, uint64_t pc)
{
  uint64_t offset;
  const char *symbol = rvh_symbol(l->m, pc, &offset);
  fprintf(l->out, "%016" G_GINT64_MODIFIER "x", pc);
  if (symbol && offset)
    fprintf(l->out, " %s+0x" HEX, symbol, offset);
  else if (symbol)
    fprintf(l->out, " %s", symbol);
}

static void print_insn(const lockstep *l, uint64_t pc, uint32_t raw)
{
  char text[80];
  rv_disasm(text, sizeof text, pc, raw);
  fprintf(l->out, "  %s", text);
}

/* A line of the log with the symbol and the instruction behind it. */
static void print_line(const lockstep *l, const char *text, bool v)
{
  rv_spike_line line;
  const char *error, *at;
  fprintf(l->out, "  %.*s", (int)strcspn(text, "\r\n"), text);
  if (rv_spike_parse(text, &line, &error, &at)) {
    uint64_t offset;
    const char *symbol = rvh_symbol(l->m, line.pc, &offset);
    fprintf(l->out, "   # %s", rv_mode_name(line.prv, v));
    if (symbol)
      fprintf(l->out, " %s+0x" HEX, symbol, offset);
    print_insn(l, line.pc, line.raw);
  }
  fputc('\n', l->out);
}

/* ---- what differs ---- */

static void print_register(const lockstep *l, uint32_t key)
{
  const unsigned number = key >> 4;
  if ((key & 15) == SPIKE_CSR)
    fprintf(l->out, "%s", rv_spike_csr_name(number));
  else if ((key & 15) == SPIKE_F)
    fprintf(l->out, "f%u", number);
  else
    fprintf(l->out, "x%u (%s)", number, rv_name_x(number));
}

/* Fields of a CSR that differ between the two values. */
static void print_fields(const lockstep *l, unsigned csr, uint64_t theirs, uint64_t ours)
{
  unsigned n;
  const rv_csr_field *f = rv_csr_fields(&n);
  for (unsigned i = 0; i < n; i++) {
    const uint64_t mask = RV_MASK(f[i].hi, f[i].lo);
    if (f[i].csr == csr && (theirs ^ ours) & mask)
      fprintf(l->out, "\n            %s: Spike " HEX ", here " HEX " (%s)", f[i].name,
              rv_get(theirs, mask), rv_get(ours, mask), f[i].brief);
  }
}

static const uint64_t *value_of(const rv_spike_line *line, uint32_t key)
{
  for (unsigned i = 0; i < line->n_write; i++)
    if (line->write[i].key == key)
      return &line->write[i].value;
  return NULL;
}

static void print_writes(const lockstep *l)
{
  for (unsigned i = 0; i < l->theirs.n_write; i++) {
    const uint32_t key = l->theirs.write[i].key;
    const uint64_t *ours = value_of(&l->ours, key);
    if (ours && *ours == l->theirs.write[i].value)
      continue;
    fprintf(l->out, "  differs   ");
    print_register(l, key);
    fprintf(l->out, ": Spike " HEX, l->theirs.write[i].value);
    if (!ours) {
      fprintf(l->out, ", here not written\n");
      continue;
    }
    fprintf(l->out, ", here " HEX, *ours);
    if ((key & 15) == SPIKE_CSR)
      print_fields(l, key >> 4, l->theirs.write[i].value, *ours);
    fputc('\n', l->out);
  }
  for (unsigned i = 0; i < l->ours.n_write; i++)
    if (!value_of(&l->theirs, l->ours.write[i].key)) {
      fprintf(l->out, "  differs   ");
      print_register(l, l->ours.write[i].key);
      fprintf(l->out, ": Spike does not write it, here " HEX "\n", l->ours.write[i].value);
    }
}

static void print_trap(const lockstep *l)
{
  const char *rule, *name = rv_name_cause(l->trap.cause, l->trap.interrupt);
  fprintf(l->out, "  here      %s " DEC " %s from %s to %s, at ",
          l->trap.interrupt ? "interrupt" : "trap", l->trap.cause, name ? name : "",
          rv_mode_name(l->trap.from_prv, l->trap.from_v),
          rv_mode_name(l->trap.to_prv, l->trap.to_v));
  print_place(l, l->trap.pc);
  if (l->trap.has_raw)
    print_insn(l, l->trap.pc, l->trap.raw);
  fprintf(l->out, "\n            tval " HEX " tval2 " HEX " tinst " HEX ", handler ", l->trap.tval,
          l->trap.tval2, l->trap.tinst);
  print_place(l, l->trap.dest);
  const char *why = rv_name_why(l->trap.why, &rule);
  if (*why)
    fprintf(l->out, "\n            %s [%s]", why, rule);
  fputc('\n', l->out);
}

/* ---- what Spike did: a trap has no line, but its handler reads the cause ---- */

static bool is_vector(const lockstep *l, uint64_t pc, const char **mode)
{
  static const struct {
    uint16_t csr;
    const char *mode;
  } vectors[] = { { CSR_mtvec, "M" }, { CSR_stvec, "HS" }, { CSR_vstvec, "VS" } };
  for (unsigned i = 0; i < G_N_ELEMENTS(vectors); i++) {
    uint64_t tvec = 0;
    rvh_read_csr(l->m, l->theirs.hart, vectors[i].csr, &tvec);
    *mode = vectors[i].mode;
    if (pc == (tvec & ~3ull) || ((tvec & 1) && pc > tvec && pc - (tvec & ~3ull) < 64))
      return true;
  }
  return false;
}

/* Reads on in the log (it is not needed any more) for the CSRs a handler looks at. */
static void look_ahead(lockstep *l)
{
  const char *error, *at;
  unsigned told = 0;
  for (unsigned i = 0; i < LOOK_AHEAD && told < 4; i++) {
    rv_spike_line line = l->theirs;
    if (i > 0 && (!rv_lockstep_next(l) || !rv_spike_parse(l->text, &line, &error, &at)))
      continue;
    rv_insn d;
    if ((line.raw & 0x7f) != 0x73 || !(line.raw >> 12 & 3) || !rv_decode(line.raw, &d) || !d.rd)
      continue;
    const unsigned csr = (unsigned)d.imm;
    const uint64_t *value = value_of(&line, SPIKE_KEY(SPIKE_X, d.rd));
    const bool cause = csr == CSR_mcause || csr == CSR_scause;
    if (!value || (!cause && csr != CSR_mtval && csr != CSR_stval && csr != CSR_htval &&
                   csr != CSR_mtval2 && csr != CSR_mepc && csr != CSR_sepc))
      continue;
    fprintf(l->out, "  Spike     its handler reads %s = " HEX, rv_csr_name(csr), *value);
    const char *name = cause ? rv_name_cause(*value & ~(1ull << 63), *value >> 63) : NULL;
    fprintf(l->out, "%s%s\n", name ? " " : "", name ? name : "");
    told++;
  }
}

static void print_spike_trap(lockstep *l)
{
  const char *mode = "";
  if (*l->exception)
    fprintf(l->out, "  Spike     %s", l->exception);
  if (l->theirs.pc == l->ours.pc && l->committed)
    return;
  if (!is_vector(l, l->theirs.pc, &mode))
    return;
  fprintf(l->out,
          "  Spike     is at the handler of %s: it took a trap that has no line in the log\n",
          mode);
  look_ahead(l);
}

void rv_lockstep_explain(lockstep *l, const char *matter)
{
  rv_state state;
  const unsigned hart = l->theirs.hart;
  fflush(stdout);
  fprintf(l->out, "rvh-sim: lockstep: %s, after " DEC " equal instructions (%s, line " DEC ")\n",
          matter, l->equal, l->name, l->number);
  fprintf(l->out, "  at        ");
  print_place(l, l->theirs.pc);
  print_insn(l, l->theirs.pc, l->theirs.raw);
  fprintf(l->out, "\n  Spike   %.*s\n", (int)strcspn(l->text, "\r\n"), l->text);
  if (l->committed) {
    rv_spike_format(&l->ours, false, l->ours_text);
    fprintf(l->out, "  here    %s", l->ours_text);
  }
  if (l->trap.fresh)
    print_trap(l);
  if (l->committed && l->theirs.pc == l->ours.pc)
    print_writes(l);
  fprintf(l->out, "  the last equal ones:\n");
  for (uint64_t i = l->equal > LS_LAST ? l->equal - LS_LAST : 0; i < l->equal; i++)
    print_line(l, l->last[i % LS_LAST].text, l->last[i % LS_LAST].v);
  print_spike_trap(l);
  rv_state_read(&state, l->m, hart);
  fprintf(l->out, "  the state here now: %s\n", rv_mode_name(state.prv, state.v));
  rv_state_print_groups(&state, &state, l->out);
}

/* ---- the end ---- */

static const struct {
  const char *text, *right, *rule;
} rows[] = {
#define COPIED(id, csr, mask, text) { text, NULL, NULL },
#define DIFFERS(id, csr, mask, right, rule, text) { text, right, rule },
#define EVENT(id, text) { text, NULL, NULL },
#include "debug/lockstep.def"
};

void rv_lockstep_summary(const lockstep *l, const rvh_result *result)
{
  fflush(stdout);
  if (result->status == RVH_EXIT_OK && result->ended)
    fprintf(l->out, "rvh-sim: lockstep: equal, " DEC " instructions; the end: %s\n", l->equal,
            result->reason);
  else if (l->explained_end)
    fprintf(l->out,
            "rvh-sim: lockstep: equal up to an explained difference that ends the comparison, " DEC
            " instructions\n",
            l->equal);
  else if (result->status == RVH_EXIT_OK)
    fprintf(l->out,
            "rvh-sim: lockstep: equal to the end of the log, " DEC
            " instructions; the program goes on\n",
            l->equal);
  for (unsigned i = 0; i < N_LS; i++) {
    if (!l->count[i])
      continue;
    fprintf(l->out, "  " DEC " x %s", l->count[i], rows[i].text);
    if (rows[i].right)
      fprintf(l->out, " [%s; right: %s]", rows[i].rule, rows[i].right);
    fputc('\n', l->out);
  }
}
