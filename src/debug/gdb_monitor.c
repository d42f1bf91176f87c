/* gdb_monitor.c - gdb's `monitor` commands: what gdb itself knows nothing about. The texts are
 * those of the stepper and of the trap log.
 */
#include "cpu/event.h"
#include "debug/gdb.h"
#include "debug/state.h"
#include "debug/tables.h"
#include "priv/csr.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEX "%" G_GINT64_MODIFIER "x"

typedef struct {
  rv_gdb *g;
  FILE *out;
  unsigned n; /* arguments */
  char **args;
} call;

static bool is(const call *c, unsigned i, const char *word)
{
  return i < c->n && !strcmp(c->args[i], word);
}

/* A number of C, or a symbol. Complains if it is neither, or missing. */
static bool number(const call *c, unsigned i, uint64_t *value)
{
  char *end;
  if (i >= c->n) {
    fputs("an address or number is missing; monitor help shows the arguments\n", c->out);
    return false;
  }
  errno = 0;
  *value = strtoull(c->args[i], &end, 0);
  if (g_ascii_isdigit(*c->args[i]) && !*end && !errno)
    return true;
  if (rvh_address(c->g->m, c->args[i], value))
    return true;
  fprintf(c->out, "'%s' is no number and no symbol; write it like 0x80200000\n", c->args[i]);
  return false;
}

static uint64_t csr(const call *c, unsigned hart, unsigned number)
{
  uint64_t value = 0;
  rvh_read_csr(c->g->m, hart, number, &value);
  return value;
}

static void do_mode(call *c)
{
  for (unsigned i = 0; i < rvh_n_harts(c->g->m); i++) {
    bool v;
    const unsigned prv = rvh_vmode(c->g->m, i, &v);
    uint64_t offset = 0;
    const char *name = rvh_symbol(c->g->m, rvh_read_pc(c->g->m, i), &offset);
    fprintf(c->out, "hart %u: %s-mode, V=%d, pc " HEX, i, rv_mode_name(prv, v), v,
            rvh_read_pc(c->g->m, i));
    if (name)
      fprintf(c->out, " %s+0x" HEX, name, offset);
    fprintf(c->out,
            "\n        satp " HEX ", vsatp " HEX ", hgatp " HEX ", instructions %" G_GUINT64_FORMAT
            "\n",
            csr(c, i, CSR_satp), csr(c, i, CSR_vsatp), csr(c, i, CSR_hgatp),
            rvh_hart_instructions(c->g->m, i));
  }
}

static void do_walk(call *c)
{
  static const char *const modes[] = { "", "m", "hs", "u", "vs", "vu" };
  uint64_t va;
  int access = 1;
  rvh_as as = RVH_AS_CURRENT;
  if (!number(c, 0, &va))
    return;
  for (unsigned i = 1; i < c->n; i++) {
    const char *kind = strchr("xrw", *c->args[i]);
    bool known = is(c, i, "as") && i + 1 < c->n;
    if (kind && !c->args[i][1]) {
      access = kind - "xrw";
      known = true;
    }
    for (unsigned j = 1; j < G_N_ELEMENTS(modes); j++)
      if (is(c, i, modes[j])) {
        as = (rvh_as)j;
        known = true;
      }
    if (!known) {
      fputs("after the address come r, w or x, and as m, hs, u, vs or vu\n", c->out);
      return;
    }
  }
  rv_state_print_walk(c->g->m, c->g->hart, va, access, as, c->out);
}

static void translate_gva(call *c, bool to_pa)
{
  uint64_t va, pa, gpa;
  if (!number(c, 0, &va))
    return;
  /* The VS-stage may lead to where the G-stage has nothing: that gpa is still the answer. */
  rv_walk_log log;
  const bool ok =
      rvh_translate(c->g->m, c->g->hart, va, 1, RVH_AS_VS, &pa, &gpa, (rvh_walk_log *)&log);
  const rv_walk_step *last = log.n ? &log.step[log.n - 1] : NULL;
  const bool guest_ok = ok || (last && last->stage == 2 && !last->for_pte);
  if (to_pa ? ok : guest_ok)
    fprintf(c->out, "0x" HEX "\n", to_pa ? pa : gpa);
  else
    fprintf(c->out, "not mapped for loads of VS-mode; monitor walk " HEX " r as vs says why\n", va);
}
static void do_gva2gpa(call *c) { translate_gva(c, false); }
static void do_gva2hpa(call *c) { translate_gva(c, true); }

static void do_gpa2hpa(call *c)
{
  uint64_t gpa, pa, pte;
  if (!number(c, 0, &gpa))
    return;
  if (!rv_tables_gpa(c->g->m, c->g->hart, gpa, &pa, &pte))
    fputs("not mapped by the G-stage\n", c->out);
  else
    fprintf(c->out, "0x" HEX "%s\n", pa,
            pte && !(pte & 16) ? " (but U=0: refused to every guest access)" : "");
}

static void info_mem(call *c)
{
  static const char *const names[] = { "hs", "vs", "g" };
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    if (c->n < 2 || is(c, 1, names[i]))
      rv_tables_print(c->g->m, c->g->hart, (rv_table)i, c->out);
}

static void info_traps(call *c)
{
  uint64_t n = 1, from;
  if (c->n > 1 && !number(c, 1, &n))
    return;
  from = rv_history_last(c->g->history, n < 64 ? (unsigned)n : 64);
  if (from == rv_history_end(c->g->history))
    fputs("no trap was taken and nothing returned since gdb came\n", c->out);
  else
    rv_history_print(c->g->history, from, c->out);
}

static void do_info(call *c)
{
  if (is(c, 0, "mem"))
    info_mem(c);
  else if (is(c, 0, "traps"))
    info_traps(c);
  else
    fputs("info mem, info mem vs, info traps 5\n", c->out);
}

static void do_csr(call *c)
{
  if (!c->n || !rv_state_print_csr(c->g->m, c->g->hart, c->args[0], c->out))
    fputs("give the name of a CSR, for example hstatus\n", c->out);
}

static void do_why(call *c)
{
  c->n = 0;
  info_traps(c);
}

static void do_why_not(call *c)
{
  uint64_t irq = 0;
  if (c->n && !number(c, 0, &irq))
    return;
  if (irq > 13)
    fputs("interrupts are 1 to 13; 6 is the VS timer\n", c->out);
  else
    rv_state_print_why_not(c->g->m, c->g->hart, (unsigned)irq, c->out);
}

static bool parse_cause(call *c)
{
  const char *text = c->args[0];
  if (!g_str_has_prefix(text, "cause="))
    return false;
  text += strlen("cause=");
  const bool interrupt = *text == 'i';
  char *end;
  const uint64_t cause = strtoull(text + interrupt, &end, 0);
  if (!g_ascii_isdigit(text[interrupt]) || *end)
    return false;
  c->g->on = RV_ON_CAUSE;
  c->g->on_cause = cause;
  c->g->on_interrupt = interrupt;
  return true;
}

static void do_break_on(call *c)
{
  static const char *const names[] = {
    [RV_ON_NOTHING] = "off", [RV_ON_EXIT] = "exit", [RV_ON_ENTRY] = "entry"
  };
  bool known = is(c, 0, "vs") || (c->n && parse_cause(c));
  if (is(c, 0, "vs"))
    c->g->on = RV_ON_ENTRY;
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    if (is(c, 0, names[i])) {
      c->g->on = (rv_gdb_on)i;
      known = true;
    }
  if (c->n && !known)
    fputs("break-on exit, entry, cause=21, cause=i6 or off\n", c->out);
  else if (c->g->on == RV_ON_CAUSE)
    fprintf(c->out, "stops at traps with %s %" G_GUINT64_FORMAT "\n",
            c->g->on_interrupt ? "interrupt" : "cause", c->g->on_cause);
  else
    fprintf(c->out, c->g->on ? "stops at every VM %s\n" : "stops at no transition (%s)\n",
            names[c->g->on]);
}

static void do_space(call *c)
{
  if (c->n)
    c->g->physical = is(c, 0, "hpa");
  if (c->n && !is(c, 0, "hpa") && !is(c, 0, "va"))
    fputs("space va or space hpa\n", c->out);
  fprintf(c->out, "memory is read by %s address\n", c->g->physical ? "physical" : "virtual");
}

static void do_help(call *c);

static const struct {
  const char *name, *arguments, *help, *example;
  void (*run)(call *c);
} commands[] = {
#define MONITOR(id, name, arguments, help, example) { name, arguments, help, example, do_##id },
#include "debug/gdb_monitor.def"
};

static void do_help(call *c)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
    g_autofree char *left = g_strdup_printf("%s %s", commands[i].name, commands[i].arguments);
    if (!c->n)
      fprintf(c->out, "  %-34s %s\n", left, commands[i].help);
    else if (is(c, 0, commands[i].name))
      fprintf(c->out, "  %s\n  %s\n  example: %s\n", left, commands[i].help, commands[i].example);
  }
}

void rv_gdb_monitor(rv_gdb *g, const char *line, FILE *out)
{
  g_auto(GStrv) words = g_strsplit_set(line, " \t\n", -1);
  GPtrArray *full = g_ptr_array_sized_new(8); /* never NULL */
  for (unsigned i = 0; words[i]; i++)
    if (*words[i])
      g_ptr_array_add(full, words[i]);
  const char *name = full->len ? full->pdata[0] : "help";
  call c = { g, out, full->len ? full->len - 1 : 0, (char **)full->pdata + 1 };
  unsigned i = 0;
  while (i < G_N_ELEMENTS(commands) && strcmp(commands[i].name, name))
    i++;
  if (i < G_N_ELEMENTS(commands))
    commands[i].run(&c);
  else
    fprintf(out, "there is no monitor command '%s'; monitor help lists them\n", name);
  g_ptr_array_free(full, TRUE);
}
