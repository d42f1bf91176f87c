/* stepper.c - --step: a line-oriented stepper for the terminal or a pipe, made for watching sret go
 * into the guest and the VM exit come back.
 *
 * Stands on rvh.h, the description tables of csr.def, and the trap log, whose `full` text of a
 * transition is what `why` prints: all views agree.
 */
#include "cpu/event.h"
#include "cpu/insn.h"
#include "debug/history.h"
#include "debug/state.h"
#include "rvh.h"
#include "trace/names.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  rvh_machine *m;
  FILE *in, *out;
  unsigned hart;
  rvh_result result;
  GArray *breaks; /* of uint64_t */
  rv_history *history;
  uint64_t told; /* what the history has behind it is new since the last stop */
  /* what next_exit and next_entry wait for */
  bool want_exit, want_entry, reached;
  rv_state before; /* at the last stop */
  bool over;
} stepper;

/* ---- transitions ---- */

static void on_transition(void *ctx, const rv_event *e)
{
  stepper *s = ctx;
  const bool exit = e->type == RV_EV_TRAP && e->from_v && !e->to_v;
  const bool entry = e->type != RV_EV_TRAP && !e->from_v && e->to_v;
  if ((exit && s->want_exit) || (entry && s->want_entry)) {
    s->hart = e->hart;
    s->reached = true;
    rvh_request_stop(s->m);
  }
}

/* ---- where we are ---- */

static void print_address(stepper *s, uint64_t addr)
{
  uint64_t offset = 0;
  const char *name = rvh_symbol(s->m, addr, &offset);
  fprintf(s->out, "%" G_GINT64_MODIFIER "x", addr);
  if (name && offset)
    fprintf(s->out, " %s+0x%" G_GINT64_MODIFIER "x", name, offset);
  else if (name)
    fprintf(s->out, " %s", name);
}

static const char *mode(stepper *s)
{
  bool v;
  const unsigned prv = rvh_vmode(s->m, s->hart, &v);
  return rv_mode_name(prv, v);
}

/* One disassembled instruction; returns its length, 0 if nothing can be read there. */
static unsigned print_insn(stepper *s, uint64_t pc, const char *mark)
{
  uint16_t half[2] = { 0, 0 };
  char text[96];
  if (!rvh_read_virtual(s->m, s->hart, pc, &half[0], 2)) {
    fprintf(s->out, "%s%" G_GINT64_MODIFIER "x  (no memory here)\n", mark, pc);
    return 0;
  }
  const unsigned length = (half[0] & 3) == 3 ? 4 : 2;
  if (length == 4 && !rvh_read_virtual(s->m, s->hart, pc + 2, &half[1], 2))
    half[1] = 0;
  rv_disasm(text, sizeof text, pc, half[0] | (uint32_t)half[1] << 16);
  fputs(mark, s->out);
  print_address(s, pc);
  fprintf(s->out, "  %s\n", text);
  return length;
}

static void print_where(stepper *s)
{
  fprintf(s->out, "[%s hart %u insn %" G_GUINT64_FORMAT "] ", mode(s), s->hart,
          rvh_instructions(s->m));
  print_insn(s, rvh_read_pc(s->m, s->hart), "");
}

/* What a stop shows: transitions since the last one, the end if it came, where we are. */
static void stopped(stepper *s, bool show_log)
{
  if (show_log)
    rv_history_print(s->history, s->told, s->out);
  s->told = rv_history_end(s->history);
  if (s->result.ended) {
    fprintf(s->out, "the machine ended: %s, exit code %d\n", s->result.reason, s->result.status);
    s->over = true;
    return;
  }
  print_where(s);
}

/* ---- arguments ---- */

static bool complain(stepper *s, const char *what, const char *way_out)
{
  fprintf(s->out, "%s; %s\n", what, way_out);
  return false;
}

/* A number, a symbol, or a register's name. */
static bool address(stepper *s, const char *word, uint64_t *value)
{
  char *end;
  errno = 0;
  *value = strtoull(word, &end, 0);
  if (*word && !*end && !errno)
    return true;
  if (!strcmp(word, "pc")) {
    *value = rvh_read_pc(s->m, s->hart);
    return true;
  }
  for (unsigned i = 0; i < 32; i++)
    if (!strcmp(word, rv_name_x(i))) {
      *value = rvh_read_x(s->m, s->hart, i);
      return true;
    }
  if (rvh_address(s->m, word, value))
    return true;
  g_autofree char *text = g_strdup_printf("'%s' is no number, register or symbol", word);
  return complain(s, text, "write 0x80200000, sp, or a function's name");
}

static bool count(stepper *s, const char *word, uint64_t *n)
{
  char *end;
  *n = word ? strtoull(word, &end, 0) : 1;
  if (!word || (*n && !*end))
    return true;
  return complain(s, "the count must be a number above 0", "for example: s 10");
}

/* ---- commands: each gets its arguments, NULL where there is none ---- */

static void cmd_step(stepper *s, char **args)
{
  uint64_t n;
  if (!count(s, args[0], &n))
    return;
  for (; n && !s->result.ended; n--) {
    rv_state was;
    rv_state_read(&was, s->m, s->hart);
    s->result = rvh_step(s->m, s->hart);
    rv_state now;
    rv_state_read(&now, s->m, s->hart);
    rv_state_print_changes(&was, &now, s->out);
    s->before = was;
    stopped(s, true);
  }
}

static void run_for(stepper *s, uint64_t n)
{
  s->reached = false;
  rv_state_read(&s->before, s->m, s->hart);
  s->result = rvh_run(s->m, n);
  if (s->result.stop == RVH_STOP_BREAK)
    s->hart = s->result.hart;
}

static void cmd_run(stepper *s, char **args)
{
  uint64_t n = 0;
  if (args[0] && !count(s, args[0], &n))
    return;
  run_for(s, n);
  stopped(s, false);
}

static void run_to_transition(stepper *s, bool exit)
{
  s->want_exit = exit;
  s->want_entry = !exit;
  run_for(s, 0);
  s->want_exit = s->want_entry = false;
  if (s->reached)
    rv_history_print(s->history, rv_history_last(s->history, 1), s->out);
  stopped(s, false);
}
static void cmd_next_exit(stepper *s, char **args) { run_to_transition(s, true); }
static void cmd_next_entry(stepper *s, char **args) { run_to_transition(s, false); }

static void set_breaks(stepper *s, const uint64_t *more)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  g_array_append_vals(all, s->breaks->data, s->breaks->len);
  if (more)
    g_array_append_val(all, *more);
  rvh_set_breakpoints(s->m, (uint64_t *)all->data, all->len);
  g_array_free(all, TRUE);
}

static void cmd_until(stepper *s, char **args)
{
  uint64_t to;
  if (!args[0]) {
    complain(s, "until what?", "for example: u vm_exit");
    return;
  }
  if (!address(s, args[0], &to))
    return;
  set_breaks(s, &to);
  run_for(s, 0);
  set_breaks(s, NULL);
  stopped(s, false);
}

static void cmd_break(stepper *s, char **args)
{
  uint64_t at;
  if (args[0] && address(s, args[0], &at)) {
    g_array_append_val(s->breaks, at);
    set_breaks(s, NULL);
  }
  for (unsigned i = 0; i < s->breaks->len; i++) {
    fprintf(s->out, "breakpoint %u: ", i + 1);
    print_address(s, g_array_index(s->breaks, uint64_t, i));
    fputc('\n', s->out);
  }
}

static void cmd_delete(stepper *s, char **args)
{
  g_array_set_size(s->breaks, 0);
  set_breaks(s, NULL);
}

static void cmd_where(stepper *s, char **args)
{
  uint64_t at = rvh_read_pc(s->m, s->hart);
  if (args[0] && !address(s, args[0], &at))
    return;
  const uint64_t pc = rvh_read_pc(s->m, s->hart);
  fprintf(s->out, "mode %s\n", mode(s));
  for (unsigned i = 0, n = 1; i < 8 && n; i++, at += n)
    n = print_insn(s, at, at == pc ? "=> " : "   ");
}

static void cmd_regs(stepper *s, char **args)
{
  rv_state now;
  rv_state_read(&now, s->m, s->hart);
  rv_state_print_x(&s->before, &now, s->out);
}

static void cmd_csrs(stepper *s, char **args)
{
  rv_state now;
  rv_state_read(&now, s->m, s->hart);
  if (!args[0])
    rv_state_print_groups(&s->before, &now, s->out);
  else if (!rv_state_print_csr(s->m, s->hart, args[0], s->out))
    complain(s, "there is no CSR of that name", "p without a name lists those that matter");
}

static void cmd_why(stepper *s, char **args)
{
  const uint64_t last = rv_history_last(s->history, 1);
  if (last == rv_history_end(s->history))
    fputs("no trap was taken and nothing returned so far; e runs to the next VM exit\n", s->out);
  else
    rv_history_print(s->history, last, s->out);
}

static void cmd_walk(stepper *s, char **args)
{
  static const char *const modes[] = { "", "m", "hs", "u", "vs", "vu" };
  uint64_t va;
  int access = 1;
  rvh_as as = RVH_AS_CURRENT;
  if (!args[0]) {
    complain(s, "walk which address?", "for example: t 0x40 r vs");
    return;
  }
  if (!address(s, args[0], &va))
    return;
  for (unsigned i = 1; args[i]; i++) {
    const char *kind = strchr("xrw", *args[i]);
    bool known = kind && !args[i][1];
    if (known)
      access = kind - "xrw"; /* 0 fetch, 1 load, 2 store */
    for (unsigned j = 1; j < G_N_ELEMENTS(modes); j++)
      if (!strcmp(args[i], modes[j])) {
        as = (rvh_as)j;
        known = true;
      }
    if (!known) {
      complain(s, "the words after the address are r, w or x, and m, hs, u, vs or vu", "h walk");
      return;
    }
  }
  rv_state_print_walk(s->m, s->hart, va, access, as, s->out);
}

static void cmd_why_not(stepper *s, char **args)
{
  uint64_t irq = 0;
  if (args[0] && !count(s, args[0], &irq))
    return;
  if (irq > 13)
    complain(s, "interrupts are 1 to 13", "for example 6: the VS timer");
  else
    rv_state_print_why_not(s->m, s->hart, irq, s->out);
}

static void cmd_memory(stepper *s, char **args)
{
  uint64_t at, n, word;
  if (!args[0]) {
    complain(s, "memory at which address?", "for example: x sp 4");
    return;
  }
  if (!address(s, args[0], &at) || !count(s, args[1], &n))
    return;
  for (n = MIN(n, 64); n; n--, at += 8)
    if (rvh_read_virtual(s->m, s->hart, at, &word, 8))
      fprintf(s->out, "%" G_GINT64_MODIFIER "x: %016" G_GINT64_MODIFIER "x\n", at, word);
    else
      fprintf(s->out, "%" G_GINT64_MODIFIER "x: not mapped to memory in %s-mode\n", at, mode(s));
}

static void cmd_quit(stepper *s, char **args) { s->over = true; }

/* ---- the command table ---- */

static void cmd_help(stepper *s, char **args);

static const struct {
  const char *names, *arguments, *help, *example;
  void (*run)(stepper *s, char **args);
} commands[] = {
#define COMMAND(id, names, arguments, help, example) { names, arguments, help, example, cmd_##id },
#include "debug/stepper.def"
};

static bool is_named(unsigned i, const char *word)
{
  g_auto(GStrv) names = g_strsplit(commands[i].names, " ", -1);
  return g_strv_contains((const char *const *)names, word);
}

static void cmd_help(stepper *s, char **args)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
    g_autofree char *left = g_strdup_printf("%s %s", commands[i].names, commands[i].arguments);
    if (!args[0])
      fprintf(s->out, "  %-26s %s\n", left, commands[i].help);
    else if (is_named(i, args[0]))
      fprintf(s->out, "  %s\n  %s\n  example: %s\n", left, commands[i].help, commands[i].example);
  }
  if (!args[0])
    fputs("An empty line repeats the last command.\n", s->out);
}

static void execute(stepper *s, const char *line)
{
  g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
  /* Empty strings between blanks go to the end. */
  unsigned n = 0;
  for (unsigned i = 0; words[i]; i++)
    if (*words[i]) {
      char *word = words[i];
      words[i] = words[n];
      words[n++] = word;
    }
  char *args[4] = { NULL };
  for (unsigned i = 1; i < n && i < 4; i++)
    args[i - 1] = words[i];
  for (unsigned i = 0; n && i < G_N_ELEMENTS(commands); i++)
    if (is_named(i, words[0])) {
      commands[i].run(s, args);
      return;
    }
  complain(s, "no such command", "h lists them");
}

static void loop(stepper *s)
{
  char line[256], last[256] = "s";
  const bool echo = !isatty(fileno(s->in));
  while (!s->over) {
    fputs("(rvh) ", s->out);
    fflush(s->out);
    if (!fgets(line, sizeof line, s->in))
      break;
    g_strchomp(line);
    if (echo) /* a recorded session shows what was asked */
      fprintf(s->out, "%s\n", line);
    if (*line == '#')
      continue;
    if (*line)
      g_strlcpy(last, line, sizeof last);
    execute(s, last);
  }
}

rvh_result rvh_stepper(rvh_machine *m, FILE *in, FILE *out)
{
  stepper s = { .m = m, .in = in, .out = out };
  s.breaks = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  s.history = rv_history_new(m, on_transition, &s);
  s.told = rv_history_end(s.history);
  rv_state_read(&s.before, m, 0);
  fputs("One instruction at a time: s steps, g runs to the VM entry, e to the VM exit, w says why, "
        "h lists all.\n",
        out);
  print_where(&s);
  loop(&s);
  rv_history_free(s.history, &s.result);
  g_array_free(s.breaks, TRUE);
  if (!s.result.ended)
    s.result.status = RVH_EXIT_OK;
  return s.result;
}
