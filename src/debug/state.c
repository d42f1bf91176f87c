/* state.c - printing a hart's state, a walk, and why an interrupt is not taken.
 * [hypervisor#hideleg_hs for the terms of an interrupt; H-070 .. H-073]
 */
#include "debug/state.h"
#include "priv/csr.h"
#include "trace/names.h"
#include <string.h>

/* As hypervisor authors look at them. */
static const struct {
  const char *title;
  uint16_t csrs[14];
} groups[] = {
  { "host: what governs the guest",
    { CSR_hstatus, CSR_hgatp, CSR_hedeleg, CSR_hideleg, CSR_hvip, CSR_hip, CSR_hie, CSR_henvcfg,
      CSR_hcounteren, CSR_htimedelta } },
  { "host: its own trap",
    { CSR_sstatus, CSR_sepc, CSR_scause, CSR_stval, CSR_htval, CSR_htinst, CSR_stvec, CSR_sscratch,
      CSR_satp } },
  { "guest: its supervisor CSRs",
    { CSR_vsstatus, CSR_vsepc, CSR_vscause, CSR_vstval, CSR_vstvec, CSR_vsscratch, CSR_vsatp,
      CSR_vsie, CSR_vsip, CSR_vstimecmp } },
  { "machine: below them",
    { CSR_mstatus, CSR_mepc, CSR_mcause, CSR_mtval, CSR_mtval2, CSR_mtinst, CSR_medeleg,
      CSR_mideleg, CSR_mie, CSR_mip, CSR_menvcfg } },
};

#define FOR_EACH_CSR(place, csr)                                                                   \
  for (unsigned g_ = 0, place = 0; g_ < sizeof groups / sizeof *groups; g_++)                      \
    for (unsigned i_ = 0, csr; i_ < 14 && (csr = groups[g_].csrs[i_]); i_++, place++)

#define HEX "%" G_GINT64_MODIFIER "x"

void rv_state_read(rv_state *s, rvh_machine *m, unsigned hart)
{
  memset(s, 0, sizeof *s);
  s->pc = rvh_read_pc(m, hart);
  s->prv = rvh_vmode(m, hart, &s->v);
  for (unsigned i = 0; i < 32; i++)
    s->x[i] = rvh_read_x(m, hart, i);
  FOR_EACH_CSR(place, csr)
    rvh_read_csr(m, hart, csr, &s->csr[place]);
}

/* Fields of a value: with a value before, only those that differ and how. */
static void print_fields(unsigned csr, const uint64_t *before, uint64_t value, FILE *out)
{
  unsigned n;
  const rv_csr_field *f = rv_csr_fields(&n);
  for (unsigned i = 0; i < n; i++) {
    if (f[i].csr != csr)
      continue;
    const uint64_t mask = RV_MASK(f[i].hi, f[i].lo), now = rv_get(value, mask);
    const uint64_t was = before ? rv_get(*before, mask) : 0;
    if (before ? was == now : now == 0)
      continue;
    const char *name = rv_csr_value_name(csr, f[i].name, now);
    if (before)
      fprintf(out, " %s " HEX "->", f[i].name, was);
    else
      fprintf(out, " %s=", f[i].name);
    fprintf(out, HEX, now);
    if (name)
      fprintf(out, "(%s)", name);
  }
}

void rv_state_print_changes(const rv_state *before, const rv_state *now, FILE *out)
{
  for (unsigned i = 1; i < 32; i++)
    if (before->x[i] != now->x[i])
      fprintf(out, "    %s " HEX " -> " HEX "\n", rv_name_x(i), before->x[i], now->x[i]);
  FOR_EACH_CSR(place, csr) {
    if (before->csr[place] == now->csr[place])
      continue;
    fprintf(out, "    %s " HEX " -> " HEX ":", rv_csr_name(csr), before->csr[place],
            now->csr[place]);
    print_fields(csr, &before->csr[place], now->csr[place], out);
    fputc('\n', out);
  }
}

void rv_state_print_x(const rv_state *before, const rv_state *now, FILE *out)
{
  for (unsigned i = 0; i < 32; i++)
    fprintf(out, "%c%-4s %016" G_GINT64_MODIFIER "x%s", before->x[i] != now->x[i] ? '*' : ' ',
            rv_name_x(i), now->x[i], i % 4 == 3 ? "\n" : "  ");
}

void rv_state_print_groups(const rv_state *before, const rv_state *now, FILE *out)
{
  unsigned group = ~0u;
  FOR_EACH_CSR(place, csr) {
    if (group != g_) {
      group = g_;
      fprintf(out, "%s\n", groups[g_].title);
    }
    fprintf(out, " %c%-11s " HEX, before->csr[place] != now->csr[place] ? '*' : ' ',
            rv_csr_name(csr), now->csr[place]);
    print_fields(csr, NULL, now->csr[place], out);
    fputc('\n', out);
  }
}

bool rv_state_print_csr(rvh_machine *m, unsigned hart, const char *name, FILE *out)
{
  unsigned n, csr = 0;
  while (csr < 4096 && (!rv_csr_name(csr) || strcmp(rv_csr_name(csr), name)))
    csr++;
  uint64_t value;
  if (csr == 4096 || !rvh_read_csr(m, hart, csr, &value))
    return false;
  const rv_csr_desc *d = rv_csr_describe(csr);
  fprintf(out, "%s (0x%03x) = " HEX ": %s  [%s]\n", name, csr, value, d->brief, d->spec);
  const rv_csr_field *f = rv_csr_fields(&n);
  for (unsigned i = 0; i < n; i++) {
    if (f[i].csr != csr)
      continue;
    const uint64_t now = rv_get(value, RV_MASK(f[i].hi, f[i].lo));
    const char *text = rv_csr_value_name(csr, f[i].name, now);
    fprintf(out, "  %-9s [%2u:%2u] " HEX "%s%s%s  %s\n", f[i].name, f[i].hi, f[i].lo, now,
            text ? " (" : "", text ? text : "", text ? ")" : "", f[i].brief);
  }
  return true;
}

/* ---- walks ---- */

static const char *page_size(const rv_walk_step *s)
{
  static const char *const sizes[] = { "4 KiB", "2 MiB", "1 GiB", "512 GiB", "256 TiB" };
  return s->level < 5 ? sizes[s->level] : "?";
}

static void print_step(const rv_walk_step *s, FILE *out)
{
  static const char *const stage[] = { "S ", "VS", "G " };
  const char *rule = "";
  fprintf(out, "  %s%s level %u  pte " HEX " at " HEX, s->for_pte ? "     " : "",
          s->stage < 3 ? stage[s->stage] : "?", s->level, s->pte, s->at);
  if (s->why) {
    const char *sentence = rv_name_why(s->why, &rule);
    fprintf(out, ": refused: %s (%s)\n", sentence, rule);
  } else if (s->leaf) {
    fprintf(out, ": leaf %s %s%s%s%s%s%s -> " HEX "\n", page_size(s), s->pte & 128 ? "D" : "-",
            s->pte & 64 ? "A" : "-", s->pte & 16 ? "U" : "-", s->pte & 8 ? "X" : "-",
            s->pte & 4 ? "W" : "-", s->pte & 2 ? "R" : "-", s->result);
  } else {
    fprintf(out, ": next table " HEX "\n", s->result);
  }
}

void rv_state_print_walk(rvh_machine *m, unsigned hart, uint64_t va, int access, rvh_as as,
                         FILE *out)
{
  static const char *const access_name[] = { "fetch", "load", "store" };
  rv_walk_log log;
  uint64_t pa, gpa;
  const bool ok = rvh_translate(m, hart, va, access, as, &pa, &gpa, (rvh_walk_log *)&log);
  fprintf(out, "%s of " HEX " as %s\n", access_name[access], va, rv_mode_name(log.prv, log.v));
  if (log.prv == PRV_M)
    fputs("  M-mode: the address is physical\n", out);
  else if (!log.n)
    fputs("  no translation: every MODE is Bare\n", out);
  for (unsigned i = 0; i < log.n; i++)
    print_step(&log.step[i], out);
  if (!ok)
    fputs("=> refused\n", out);
  else if (log.v)
    fprintf(out, "=> guest physical " HEX ", physical " HEX "\n", gpa, pa);
  else
    fprintf(out, "=> physical " HEX "\n", pa);
}

/* ---- why an interrupt is not taken ---- */

typedef struct {
  rvh_machine *m;
  unsigned hart;
  FILE *out;
  bool blocked;
} terms;

static uint64_t csr_value(const terms *t, unsigned csr)
{
  uint64_t value = 0;
  rvh_read_csr(t->m, t->hart, csr, &value);
  return value;
}

/* One term; the first that is false is what blocks. */
static void term(terms *t, bool holds, const char *text)
{
  fprintf(t->out, "  %-44s %s%s\n", text, holds ? "yes" : "no",
          !holds && !t->blocked ? "   <-- blocks" : "");
  t->blocked |= !holds;
}

static void explain_timer(terms *t, unsigned irq)
{
  if (irq != IRQ_VSTI && irq != IRQ_STI)
    return;
  uint64_t time = csr_value(t, CSR_time);
  const bool guest = irq == IRQ_VSTI;
  time += guest ? csr_value(t, CSR_htimedelta) : 0;
  fprintf(t->out, "  (%s " HEX ", %s " HEX ")\n", guest ? "time + htimedelta" : "time", time,
          guest ? "vstimecmp" : "stimecmp", csr_value(t, guest ? CSR_vstimecmp : CSR_stimecmp));
}

static void explain_irq(terms *t, unsigned irq)
{
  bool v;
  const unsigned prv = rvh_vmode(t->m, t->hart, &v);
  const uint64_t bit = 1ull << irq;
  const bool to_m = !(csr_value(t, CSR_mideleg) & bit);
  const bool to_vs = !to_m && (csr_value(t, CSR_hideleg) & bit);
  const char *name = rv_name_cause(irq, true);
  t->blocked = false;
  fprintf(t->out, "interrupt %u %s: goes to %s (mideleg[%u]=%d, hideleg[%u]=%d)\n", irq,
          name ? name : "reserved", to_m ? "M" : to_vs ? "VS" : "HS", irq, !to_m, irq,
          (int)(csr_value(t, CSR_hideleg) >> irq & 1));
  explain_timer(t, irq);
  term(t, csr_value(t, CSR_mip) & bit, "pending in mip (hip)");
  term(t, csr_value(t, CSR_mie) & bit, "enabled in mie (hie)");
  if (to_m) {
    term(t, prv != PRV_M || (csr_value(t, CSR_mstatus) & mstatus_MIE), "below M, or mstatus.MIE");
  } else if (to_vs) {
    term(t, v, "V=1: VS-level interrupts wait for the guest");
    term(t, prv == PRV_U || (csr_value(t, CSR_vsstatus) & vsstatus_SIE), "VU, or vsstatus.SIE");
  } else {
    term(t, prv != PRV_M, "not in M-mode");
    term(t, v || prv == PRV_U || (csr_value(t, CSR_mstatus) & mstatus_SIE),
         "below HS (U, VS, VU), or sstatus.SIE");
  }
  fprintf(t->out, "  => %s\n", t->blocked ? "not taken" : "taken before the next instruction");
}

void rv_state_print_why_not(rvh_machine *m, unsigned hart, unsigned irq, FILE *out)
{
  terms t = { .m = m, .hart = hart, .out = out };
  if (irq) {
    explain_irq(&t, irq);
    return;
  }
  const uint64_t pending = csr_value(&t, CSR_mip);
  for (irq = 1; irq < 14; irq++)
    if (pending >> irq & 1)
      explain_irq(&t, irq);
  if (!pending)
    fputs("no interrupt is pending\n", out);
}
