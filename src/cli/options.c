/* options.c - parses the command line by options.def: QEMU's single-dash words next to our own
 * options. (GOption takes -kernel for bundled short options; hence a parser.)
 */
#include "cli/options.h"
#include "cli/keys.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

G_DEFINE_QUARK(rvh - cli - error - quark, cli_error)

typedef bool setter(cli_options *o, const char *value, GError **error);
typedef struct {
  const char *name, *argument, *help; /* help NULL: a QUIET row; name NULL: a SECTION */
  setter *set;
  bool more; /* --help only names it */
} option_row;

#define fail cli_fail

static bool set_KERNEL(cli_options *o, const char *value, GError **error)
{
  if (o->config.kernel && (!strcmp(value, "why") || !strcmp(value, "full")))
    return fail(error, "a level is given after '=': --trace-traps=why",
                "two programs: '%s' and '%s'", o->config.kernel, value);
  if (o->config.kernel)
    return fail(error, "give one program; -bios, -initrd and -dtb name the other files",
                "two programs: '%s' and '%s'", o->config.kernel, value);
  o->config.kernel = value;
  return true;
}

static bool set_BIOS(cli_options *o, const char *value, GError **error)
{
  bool none = !strcmp(value, "none"), builtin = !strcmp(value, "default");
  o->config.bios = none ? RVH_BIOS_NONE : builtin ? RVH_BIOS_BUILTIN : RVH_BIOS_FILE;
  o->config.bios_file = none || builtin ? NULL : value;
  return true;
}

static bool set_INITRD(cli_options *o, const char *value, GError **error)
{
  o->config.initrd = value;
  return true;
}

static bool set_APPEND(cli_options *o, const char *value, GError **error)
{
  o->config.append = value;
  return true;
}

static bool set_DTB(cli_options *o, const char *value, GError **error)
{
  o->config.dtb = value;
  return true;
}

/* As QEMU: MiB without a suffix, and "size=" in front is allowed. */
static bool set_M(cli_options *o, const char *value, GError **error)
{
  const char *text = g_str_has_prefix(value, "size=") ? value + strlen("size=") : value;
  uint64_t size;
  if (!cli_parse_scaled(text, "KMGT", 1024, &size))
    return fail(error, "write it like -m 512M or -m 2G", "-m: '%s' is not a size", value);
  if (*text && g_ascii_isdigit(text[strlen(text) - 1]) &&
      __builtin_mul_overflow(size, 1 << 20, &size))
    size = UINT64_MAX;
  if (size < 4ull << 20 || size > 256ull << 30 || size % 4096)
    return fail(error, "give 4M to 256G, a multiple of 4K", "-m: RAM of %s is not possible", value);
  o->config.ram_size = size;
  return true;
}

static bool set_SMP(cli_options *o, const char *value, GError **error)
{
  uint64_t n;
  const char *text = g_str_has_prefix(value, "cpus=") ? value + strlen("cpus=") : value;
  if (!cli_parse_scaled(text, "", 1, &n) || n < 1 || n > 8)
    return fail(error, "give a number from 1 to 8", "-smp: '%s' harts are not possible", value);
  o->config.n_harts = (unsigned)n;
  return true;
}

static bool set_TRACE_TRAPS(cli_options *o, const char *value, GError **error)
{
  static const char *const levels[] = {
    [RVH_TRACE_LINE] = "line", [RVH_TRACE_WHY] = "why", [RVH_TRACE_FULL] = "full"
  };
  o->trace = true;
  if (!value)
    return true;
  for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++)
    if (!strcmp(value, levels[i])) {
      o->trace_level = (rvh_trace_level)i;
      o->trace_has_level = true;
      return true;
    }
  return fail(error, "levels are line, why and full", "--trace-traps: no level '%s'", value);
}

static bool set_TRACE_ONLY(cli_options *o, const char *value, GError **error)
{
  o->trace = true;
  o->trace_has_all = true;
  o->trace_all = !strcmp(value, "all");
  return o->trace_all || !strcmp(value, "V") ||
         fail(error, "give V or all", "--trace-only: no choice '%s'", value);
}

static bool set_TRACE_JSON(cli_options *o, const char *value, GError **error)
{
  o->trace_json = value;
  return true;
}

static bool set_EXPECT(cli_options *o, const char *value, GError **error)
{
  o->expect = value;
  return true;
}

/* HOW[:FILE] */
static bool set_REPORT(cli_options *o, const char *value, GError **error)
{
  const size_t n = strcspn(value, ":");
  const bool tap = n == strlen("tap") && g_str_has_prefix(value, "tap");
  const bool junit = n == strlen("junit") && g_str_has_prefix(value, "junit");
  o->report = tap ? RVH_REPORT_TAP : RVH_REPORT_JUNIT;
  o->report_file = value[n] ? value + n + 1 : NULL;
  return ((tap || junit) && (!o->report_file || *o->report_file)) ||
         fail(error, "write it like --report=tap or --report=junit:result.xml",
              "--report: no choice '%s'", value);
}

/* HOW[:FILE] */
static bool set_STATS(cli_options *o, const char *value, GError **error)
{
  const char *how = value ? value : "text";
  const size_t n = strcspn(how, ":");
  const bool text = n == strlen("text") && g_str_has_prefix(how, "text");
  o->stats = true;
  o->stats_json = n == strlen("json") && g_str_has_prefix(how, "json");
  o->stats_file = how[n] ? how + n + 1 : NULL;
  return ((text || o->stats_json) && (!o->stats_file || *o->stats_file)) ||
         fail(error, "write it like --stats or --stats=json:result.json", "--stats: no choice '%s'",
              how);
}

static bool set_RECORD_EXPECT(cli_options *o, const char *value, GError **error)
{
  o->record_expect = value;
  return true;
}

static bool set_STEP(cli_options *o, const char *value, GError **error) { return o->step = true; }

static bool set_GDB(cli_options *o, const char *value, GError **error)
{
  o->gdb = strcmp(value, "none") ? value : NULL;
  return true;
}
static bool set_GDB_1234(cli_options *o, const char *value, GError **error)
{
  return set_GDB(o, "tcp::1234", error);
}
static bool set_GDB_WAIT(cli_options *o, const char *value, GError **error)
{
  return o->gdb_wait = true;
}

static bool set_TRACE_FILE(cli_options *o, const char *value, GError **error)
{
  o->trace = true;
  o->trace_file = value;
  o->trace_events = g_str_has_suffix(value, ".rvt");
  return true;
}

static bool set_RENDER(cli_options *o, const char *value, GError **error)
{
  o->render = value;
  return true;
}

static bool set_FAIL_ON(cli_options *o, const char *value, GError **error)
{
  o->config.fail_on = value;
  return *value || fail(error, "give the text of a panic, like --fail-on=panicked",
                        "--fail-on: the text is empty");
}

static bool set_LIMIT_INSNS(cli_options *o, const char *value, GError **error)
{
  return (cli_parse_scaled(value, "KMG", 1000, &o->config.limit_insns) && o->config.limit_insns) ||
         fail(error, "write it like --limit-insns=200M", "--limit-insns: '%s' is not a count",
              value);
}

/* [insn:]N:FILE */
static bool set_SAVE_AT(cli_options *o, const char *value, GError **error)
{
  const char *count = g_str_has_prefix(value, "insn:") ? value + strlen("insn:") : value;
  const size_t n = strcspn(count, ":");
  g_autofree char *number = g_strndup(count, n);
  o->save_file = count[n] ? count + n + 1 : "";
  return (*o->save_file && cli_parse_scaled(number, "KMG", 1000, &o->save_at)) ||
         fail(error, "write it like --save-at=20M:boot.snap",
              "--save-at: '%s' is not a count and a file", value);
}

static bool set_LOAD(cli_options *o, const char *value, GError **error)
{
  o->load = value;
  return true;
}

static bool set_TRAP_LOOP(cli_options *o, const char *value, GError **error)
{
  return cli_parse_scaled(value, "KMG", 1000, &o->config.trap_loop) ||
         fail(error, "write it like --trap-loop=1000; 0 turns it off",
              "--trap-loop: '%s' is not a count", value);
}

static bool set_HTINST(cli_options *o, const char *value, GError **error)
{
  o->config.htinst_zero = !strcmp(value, "zero");
  return o->config.htinst_zero || !strcmp(value, "transformed") ||
         fail(error, "give zero or transformed", "--htinst: no choice '%s'", value);
}

static bool set_ADUE(cli_options *o, const char *value, GError **error)
{
  return o->config.adue = true;
}

static bool set_STRICT(cli_options *o, const char *value, GError **error)
{
  return o->config.strict = true;
}

static bool set_HINTS(cli_options *o, const char *value, GError **error)
{
  static const char *const words[] = {
    [RVH_HINTS_DEFAULT] = "default", [RVH_HINTS_NONE] = "none", [RVH_HINTS_ERROR] = "error"
  };
  o->hints_help = !strcmp(value, "help");
  for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
    if (!strcmp(value, words[i])) {
      o->config.hints = (rvh_hints)i;
      return true;
    }
  return o->hints_help ||
         fail(error, "give default, none, error or help", "--hints: no choice '%s'", value);
}

/* QEMU's items, so that its command lines work; "trace:" has events behind it. */
static bool is_log_item(const char *item)
{
  static const char *const items[] = {
    "out_asm", "in_asm", "op",     "op_opt", "op_ind",    "op_plugin",   "int",          "exec",
    "cpu",     "fpu",    "mmu",    "pcall",  "cpu_reset", "unimp",       "guest_errors", "page",
    "nochain", "plugin", "strace", "tid",    "vpu",       "invalid_mem", "all",          NULL
  };
  return g_strv_contains(items, item) || g_str_has_prefix(item, "trace:");
}

static bool set_D_ITEMS(cli_options *o, const char *value, GError **error)
{
  g_auto(GStrv) items = g_strsplit(value, ",", -1);
  for (unsigned i = 0; items[i]; i++) {
    if (!is_log_item(items[i]))
      return fail(error, "give int; QEMU's other items are accepted and log nothing",
                  "-d: no item '%s'", items[i]);
    o->log_int |= !strcmp(items[i], "int") || !strcmp(items[i], "all");
    if (strcmp(items[i], "int") && !o->log_ignored)
      o->log_ignored = g_intern_string(items[i]);
  }
  return *items || fail(error, "give int", "-d: the list is empty");
}

static bool set_D_FILE(cli_options *o, const char *value, GError **error)
{
  o->log_file = value;
  return true;
}

static bool set_LOG_COMMITS(cli_options *o, const char *value, GError **error)
{
  o->log_commits = true;
  o->log_commits_v = value && !strcmp(value, "spike+v");
  return !value || !strcmp(value, "spike") || o->log_commits_v ||
         fail(error, "give spike or spike+v", "--log-commits: no format '%s'", value);
}

static bool set_LOG_FILE(cli_options *o, const char *value, GError **error)
{
  o->commits_file = value;
  return true;
}

static bool set_LOCKSTEP(cli_options *o, const char *value, GError **error)
{
  o->lockstep = value;
  return true;
}

static bool set_DRIVE(cli_options *o, const char *value, GError **error)
{
  return cli_drive(&o->config, value, error);
}

static bool set_DEVICE(cli_options *o, const char *value, GError **error)
{
  return cli_device(&o->config, value, error);
}

static bool set_NETDEV(cli_options *o, const char *value, GError **error)
{
  return cli_netdev(&o->config, value, error);
}

static bool set_OBJECT(cli_options *o, const char *value, GError **error)
{
  return cli_object(value, error);
}

static bool set_NIC(cli_options *o, const char *value, GError **error)
{
  return cli_nic(&o->config, value, error);
}

static bool set_NET(cli_options *o, const char *value, GError **error)
{
  return cli_net(&o->config, value, error);
}

static bool set_SNAPSHOT(cli_options *o, const char *value, GError **error)
{
  return o->config.overlays = true;
}

static bool set_CHARDEV(cli_options *o, const char *value, GError **error)
{
  return cli_chardev(&o->config, value, error);
}

static bool set_SEMIHOSTING(cli_options *o, const char *value, GError **error)
{
  return o->config.semihosting = true;
}

static bool set_SEMIHOSTING_CONFIG(cli_options *o, const char *value, GError **error)
{
  return cli_semihosting(&o->config, value, error);
}

static bool set_SEED(cli_options *o, const char *value, GError **error)
{
  return cli_parse_scaled(value, "", 1, &o->config.seed) ||
         fail(error, "write it like --seed=42", "--seed: '%s' is not a number", value);
}

static bool set_GLOBAL(cli_options *o, const char *value, GError **error)
{
  return cli_global(&o->config, value, error);
}

static bool set_HELP(cli_options *o, const char *value, GError **error) { return o->help = true; }
static bool set_HELP_ALL(cli_options *o, const char *value, GError **error)
{
  return o->help = o->help_all = true;
}

static bool set_VERSION(cli_options *o, const char *value, GError **error)
{
  return o->version = true;
}

/* QEMU's words for what is so anyway: any other value would be a promise we do not keep. */
static bool expect(const char *name, const char *value, const char *const *good, GError **error)
{
  if (g_strv_contains(good, value))
    return true;
  g_autofree char *all = g_strjoinv(", ", (char **)good);
  g_autofree char *way_out = g_strdup_printf("possible here: %s", all);
  return fail(error, way_out, "-%s %s: not available", name, value);
}
#define EXPECT(name, ...) expect(name, value, (const char *const[]){ __VA_ARGS__, NULL }, error)

static bool set_MACHINE(cli_options *o, const char *value, GError **error)
{
  return cli_machine(&o->config, value, error);
}
static bool switch_extension(cli_options *o, const char *name, bool on, GError **error)
{
  g_autoptr(GError) why = NULL;
  if (rvh_set_extension(&o->config, name, on, &why))
    return true;
  g_set_error_literal(error, cli_error_quark(), 0, why->message);
  return false;
}

/* "NAME=on": switches one extension. */
static bool set_extension(cli_options *o, const char *item, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(item, "=", 2);
  static const char *const words[] = { "off", "false", "on", "true" };
  const bool name = parts[0] && *parts[0] && strcmp(parts[0], "max"); /* max is a model */
  for (unsigned i = 0; name && parts[1] && i < G_N_ELEMENTS(words); i++)
    if (!strcmp(parts[1], words[i]))
      return switch_extension(o, parts[0], i >= 2, error);
  return fail(error, "write NAME=on or NAME=off; -cpu help lists the names",
              "-cpu: '%s' switches nothing", item);
}

static bool set_CPU(cli_options *o, const char *value, GError **error)
{
  g_auto(GStrv) items = g_strsplit(value, ",", -1);
  if (!strcmp(value, "help"))
    return o->cpu_help = true;
  const bool max = !g_strcmp0(items[0], "max");
  o->config.extensions = 0;
  if (max && !switch_extension(o, "max", true, error))
    return false;
  if (!max && g_strcmp0(items[0], "rv64"))
    return fail(error, "possible here: rv64, max, with switches: rv64,sstc=off",
                "-cpu %s: not available", value);
  for (unsigned i = 1; items[i]; i++)
    if (!set_extension(o, items[i], error))
      return false;
  return true;
}
static bool set_ACCEL(cli_options *o, const char *value, GError **error)
{
  return g_str_has_prefix(value, "tcg,") || EXPECT("accel", "tcg");
}

/* Time is counted in instructions anyway; what is recorded or replayed is not. */
static bool set_ICOUNT(cli_options *o, const char *value, GError **error)
{
  static const char *const keys[] = { "shift=", "sleep=", "align=", "auto" };
  g_auto(GStrv) items = g_strsplit(value, ",", -1);
  for (unsigned i = 0; items[i]; i++) {
    bool known = g_ascii_isdigit(*items[i]);
    for (unsigned k = 0; k < G_N_ELEMENTS(keys); k++)
      known |= g_str_has_prefix(items[i], keys[k]);
    if (!known)
      return EXPECT("icount", "shift=N", "shift=auto", "sleep=on", "align=off");
  }
  return true;
}
static bool set_DISPLAY(cli_options *o, const char *value, GError **error)
{
  return EXPECT("display", "none");
}
static bool set_SERIAL(cli_options *o, const char *value, GError **error)
{
  return EXPECT("serial", "stdio", "mon:stdio");
}
static bool set_MONITOR(cli_options *o, const char *value, GError **error)
{
  return EXPECT("monitor", "none");
}
static bool set_NOGRAPHIC(cli_options *o, const char *value, GError **error) { return true; }
static bool set_NO_REBOOT(cli_options *o, const char *value, GError **error)
{
  return o->config.no_reboot = true;
}

static const option_row rows[] = {
#define SECTION(title) { NULL, NULL, title, NULL, false },
#define OPTION(id, name, argument, help) { name, argument, help, set_##id, false },
#define MORE(id, name, argument, help) { name, argument, help, set_##id, true },
#define QUIET(id, name, argument) { name, argument, NULL, set_##id, false },
#include "cli/options.def"
};

static bool is_optional(const option_row *row) { return row->argument && *row->argument == '['; }

/* The name as it is compared: without the dashes of the table. */
static const char *bare(const option_row *row) { return row->name + strspn(row->name, "-"); }

static const option_row *find(const char *name, size_t n)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].name && strlen(bare(&rows[i])) == n && !strncmp(bare(&rows[i]), name, n))
      return &rows[i];
  return NULL;
}

static const char *name_at(const void *table, size_t i)
{
  const option_row *row = (const option_row *)table + i;
  return row->name ? bare(row) : NULL;
}

static bool fail_unknown(const char *word, const char *name, size_t n, GError **error)
{
  g_autofree char *wanted = g_strndup(name, n);
  const size_t like = cli_nearest(wanted, name_at, rows, G_N_ELEMENTS(rows));
  const char *best = like < G_N_ELEMENTS(rows) ? rows[like].name : NULL;
  g_autofree char *way_out = best ? g_strdup_printf("did you mean %s? --help lists them all", best)
                                  : g_strdup("--help lists the options");
  return fail(error, way_out, "unknown option '%.*s'", (int)(name - word + (gssize)n), word);
}

/* One option word; *i moves on over its argument if that is the next word. */
static bool parse_option(cli_options *o, int argc, char **argv, int *i, GError **error)
{
  const char *word = argv[*i], *name = word + (word[1] == '-' ? 2 : 1);
  size_t n = strcspn(name, "=");
  const char *value = name[n] ? name + n + 1 : NULL;
  const option_row *row = find(name, n);
  if (!row)
    return fail_unknown(word, name, n, error);
  if (!row->argument && value)
    return fail(error, "leave out '=' and what follows", "%.*s takes no argument",
                (int)(name - word + (gssize)n), word);
  if (row->argument && !value && !is_optional(row)) {
    if (*i + 1 >= argc)
      return fail(error, "--help shows what each option takes", "%s needs %s after it", word,
                  row->argument);
    value = argv[++*i];
  }
  return row->set(o, value, error);
}

bool cli_options_parse(cli_options *o, int argc, char **argv, GError **error)
{
  bool only_files = false; /* after "--" */
  *o = (cli_options){ .config = RVH_CONFIG_DEFAULT };
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    bool ok = true;
    if (!only_files && !strcmp(word, "--"))
      only_files = true;
    else if (!only_files && word[0] == '-')
      ok = parse_option(o, argc, argv, &i, error);
    else
      ok = set_KERNEL(o, word, error);
    if (!ok)
      return false;
    if (o->help || o->version || o->hints_help || o->cpu_help)
      return true;
  }
  cli_net_finish(&o->config);
  if (o->gdb_wait && !o->gdb)
    return fail(error, "add -s, or -gdb tcp::PORT", "-S: nobody could start the machine");
  if (o->gdb && o->step)
    return fail(error, "leave out one of them", "--step and gdb cannot both control the machine");
  if (o->report && !o->expect)
    return fail(error, "give the expectations, too: --expect FILE",
                "--report: there is nothing to report");
  if ((o->load || o->save_file) && (o->step || o->lockstep) &&
      !(o->load && o->step && !o->save_file))
    return fail(error, "save from a run without it; --load goes with --step", "%s: not with %s",
                o->save_file ? "--save-at" : "--load",
                o->lockstep ? "--lockstep, whose log begins at a reset" : "--step");
  if (o->load && o->config.dumpdtb)
    return fail(error, "dump it without --load",
                "-machine dumpdtb=: a snapshot has its tree already");
  if (o->render && o->config.kernel)
    return fail(error, "leave out the program, or --render",
                "--render runs nothing: '%s' is not needed", o->config.kernel);
  if (o->render && o->trace_events)
    return fail(error, "give --trace-file another name; without it, standard output is used",
                "--render writes text, and %s is named like records", o->trace_file);
  return o->render || o->load || o->config.kernel || o->config.bios == RVH_BIOS_FILE ||
         cli_boots_flash(&o->config) || o->config.dumpdtb ||
         fail(error, "usage: rvh-sim FILE [options]; --help lists them", "no program to run");
}

static void print_option(FILE *out, const option_row *row)
{
  const char *argument = row->argument ? row->argument : "";
  const char *gap = *argument && !is_optional(row) ? " " : "";
  g_autofree char *left = g_strdup_printf("%s%s%s", row->name, gap, argument);
  fprintf(out, "  %-22s %s\n", left, row->help);
}

/* Names only, wrapped to the width of a terminal: the QUIET rows with the values that are accepted,
 * or the MORE rows. */
static void print_names(FILE *out, const char *title, bool more)
{
  int column = fprintf(out, "%s:", title);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (!rows[i].name || rows[i].more != more || (!more && rows[i].help))
      continue;
    g_autofree char *word = g_strjoin(" ", rows[i].name, more ? NULL : rows[i].argument, NULL);
    if (column + 1 + (int)strlen(word) > 79)
      column = fprintf(out, "\n ") - 1;
    column += fprintf(out, " %s", word);
  }
  fputc('\n', out);
}

void cli_options_help(FILE *out, bool all)
{
  fputs("rvh-sim FILE [options]: a RISC-V machine with the hypervisor extension\n", out);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    if (!rows[i].name)
      fprintf(out, "%s:\n", rows[i].help);
    else if (rows[i].help && (all || !rows[i].more))
      print_option(out, &rows[i]);
  if (!all)
    print_names(out, "Also", true);
  print_names(out, "Accepted as in QEMU", false);
  fputs("Exit codes: the guest's, 124 limit, 125 failed check, 126 usage, 127 wedged\n", out);
}

void cli_cpu_help(FILE *out)
{
  bool on;
  const char *name, *brief;
  fputs("-cpu rv64,NAME=on|off ('-cpu max': all on)\n", out);
  for (unsigned i = 0; (name = rvh_extension(i, &on, &brief)); i++)
    fprintf(out, "  %-12s %-4s %s\n", name, on ? "on" : "off", brief);
}

void cli_hints_help(FILE *out)
{
  static const struct {
    const char *name, *text, *cure;
  } hints[] = {
#define HINT(id, name, text, cure) { name, text, cure },
#include "priv/hint.def"
  };
  for (size_t i = 0; i < G_N_ELEMENTS(hints); i++)
    fprintf(out, "%s\n  %s\n  cure: %s\n", hints[i].name, hints[i].text, hints[i].cure);
}
