/* main.c - the command line: parses options, builds a machine, attaches the trace, runs it.
 * Uses the public interface (rvh.h) only, as any other front end would.
 */
#include "cli/options.h"
#include "cli/terminal.h"
#include "rvh.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Messages are "what is wrong\nway out"; both lines say whose they are. */
static void say(const char *before, const char *message, const char *after)
{
  const char *way_out = strchr(message, '\n');
  int length = way_out ? (int)(way_out - message) : (int)strlen(message);
  fflush(stdout);
  fprintf(stderr, "rvh-sim: %s%.*s%s\n", before, length, message, after);
  if (way_out)
    fprintf(stderr, "rvh-sim: %s\n", way_out + 1);
}

static int complain(const char *message)
{
  say("error: ", message, "");
  return RVH_EXIT_USAGE;
}

/* Opens what an option names for writing; NULL after complaining. */
static FILE *open_output(const char *option, const char *path)
{
  if (!strcmp(path, "-"))
    return stdout;
  FILE *out = fopen(path, "w");
  if (!out) {
    g_autofree char *text = g_strdup_printf("%s: %s: %s\ngive a file that can be written", option,
                                            path, g_strerror(errno));
    complain(text);
  }
  return out;
}

/* The same for reading: a file, pipe or FIFO, or standard input. */
static FILE *open_input(const char *option, const char *path)
{
  if (!strcmp(path, "-"))
    return stdin;
  FILE *in = fopen(path, "r");
  if (!in) {
    g_autofree char *text = g_strdup_printf("%s: %s: %s\ngive a file that can be read", option,
                                            path, g_strerror(errno));
    complain(text);
  }
  return in;
}

static bool close_output(FILE *out)
{
  if (!out || out == stderr || out == stdout)
    return true;
  const bool failed = ferror(out);
  if (fclose(out) == 0 && !failed)
    return true;
  complain("an output could not be written completely\nlook for a full disk");
  return false;
}

/* The outputs the options ask for; NULL where they ask for none. */
typedef struct {
  FILE *text, *json, *log, *record, *report, *commits, *lockstep, *stats;
  rvh_expect *expect;
} outputs;

/* The guest's own success needs no words; every other end says why. */
static int finish(const rvh_result *r)
{
  char code[32];
  snprintf(code, sizeof code, "; exit code %d", r->status);
  fflush(stdout);
  if (r->status != RVH_EXIT_OK)
    say("", r->reason, code);
  return r->status;
}

/* What was expected decides; people are told in any case. */
static int judge(const outputs *out, const cli_options *o, const rvh_result *result)
{
  const int status = rvh_expect_end(out->expect, result);
  fflush(stdout);
  if (out->report)
    rvh_expect_report(out->expect, o->report, out->report);
  rvh_expect_report(out->expect, RVH_REPORT_HUMAN, stderr);
  return status == RVH_EXIT_OK || status == RVH_EXIT_EXPECT ? status : finish(result);
}

/* Runs it, by whomever the options put at the controls. False: gdb could not be served, or a log is
 * malformed. */
static bool operate(rvh_machine *m, const cli_options *o, const outputs *out, rvh_result *result,
                    GError **error)
{
  if (o->step) {
    *result = rvh_stepper(m, stdin, stdout);
    return true;
  }
  if (out->lockstep)
    return rvh_lockstep(m, out->lockstep, o->lockstep, stderr, result, error);
  cli_terminal_start();
  if (o->gdb)
    return rvh_gdb_serve(m, o->gdb, o->gdb_wait, stderr, result, error);
  if (out->text || out->json || out->log || out->record || out->commits)
    cli_end_run_on_signal(m);
  *result = rvh_run(m, 0);
  cli_end_run_on_signal(NULL);
  return true;
}

/* A snapshot that was never written is a wish that failed. */
static int judge_snapshot(const rvh_machine *m, const cli_options *o, int status)
{
  if (!rvh_save_pending(m))
    return status;
  g_autofree char *text =
      g_strdup_printf("--save-at: %s was not written: the run ended after %" G_GUINT64_FORMAT
                      " instructions\ngive a smaller count",
                      o->save_file, rvh_instructions(m));
  complain(text);
  return status == RVH_EXIT_OK ? RVH_EXIT_USAGE : status;
}

static int run_machine(rvh_machine *m, const cli_options *o, const outputs *out)
{
  g_autoptr(GError) error = NULL;
  if (!o->load && !rvh_load(m, &error))
    return complain(error->message);
  if (o->config.dumpdtb)
    return RVH_EXIT_OK;
  if (out->expect && !rvh_expect_attach(out->expect, m, &error))
    return complain(error->message);
  if (o->save_file)
    rvh_save_at(m, o->save_at, o->save_file);
  const char *program = rvh_program(m);
  g_autofree char *title = g_path_get_basename(program ? program : "flash");
  const bool as_text = out->text && !o->trace_events;
  rvh_trace *trace =
      as_text ? rvh_trace_traps(m, o->trace_level, o->trace_all, out->text, title) : NULL;
  rvh_events *events = out->text && o->trace_events
                           ? rvh_trace_events(m, o->trace_level, o->trace_all, out->text, title)
                           : NULL;
  rvh_json *json = out->json ? rvh_trace_json(m, out->json, title) : NULL;
  if (out->log)
    rvh_log_interrupts(m, out->log);
  rvh_record *record = out->record ? rvh_record_expect(m, out->record, title) : NULL;
  rvh_result result = { .ended = true, .status = RVH_EXIT_USAGE };
  rvh_commit_log *commits =
      out->commits ? rvh_log_commits(m, o->log_commits_v, out->commits) : NULL;
  const bool served = operate(m, o, out, &result, &error);
  rvh_commit_log_free(commits);
  if (trace)
    rvh_trace_end(trace, &result);
  if (events)
    rvh_events_end(events, &result);
  if (json)
    rvh_json_end(json, &result);
  if (record)
    rvh_record_end(record, &result);
  if (out->stats) {
    rvh_stats stats;
    rvh_read_stats(m, &stats);
    rvh_print_stats(&stats, o->stats_json, out->stats);
  }
  if (!served)
    return complain(error->message);
  if (out->lockstep)
    return result.status; /* it has told */
  return judge_snapshot(m, o, out->expect ? judge(out, o, &result) : finish(&result));
}

/* Files to write, and the expectations to read, before the machine is made. */
static bool open_all(outputs *out, const cli_options *o)
{
  g_autoptr(GError) error = NULL;
  if (o->expect && !(out->expect = rvh_expect_read(o->expect, &error))) {
    complain(error->message);
    return false;
  }
  if (o->trace)
    out->text = o->trace_file ? open_output("--trace-file", o->trace_file) : stderr;
  if (o->trace_json)
    out->json = open_output("--trace-json", o->trace_json);
  if (o->log_int)
    out->log = o->log_file ? open_output("-D", o->log_file) : stderr;
  if (o->record_expect)
    out->record = open_output("--record-expect", o->record_expect);
  if (o->log_commits)
    out->commits = o->commits_file ? open_output("--log-file", o->commits_file) : stderr;
  if (o->lockstep)
    out->lockstep = open_input("--lockstep", o->lockstep);
  if (o->report)
    out->report = o->report_file ? open_output("--report", o->report_file) : stdout;
  if (o->stats)
    out->stats = o->stats_file ? open_output("--stats", o->stats_file) : stderr;
  return (!o->trace || out->text) && (!o->trace_json || out->json) && (!o->log_int || out->log) &&
         (!o->record_expect || out->record) && (!o->report || out->report) &&
         (!o->log_commits || out->commits) && (!o->lockstep || out->lockstep) &&
         (!o->stats || out->stats);
}

static int run(cli_options *o)
{
  g_autoptr(GError) error = NULL;
  outputs out = { 0 };
  /* The stepper reads the same input, and a log has nobody at its keyboard. */
  o->config.console_stdin = !o->step && !o->lockstep;
  o->config.console_read = cli_terminal_read;
  if (o->log_ignored)
    fprintf(stderr, "rvh-sim: warning: -d %s: only int is logged here; --trace-traps says more\n",
            o->log_ignored);
  if (!open_all(&out, o)) {
    rvh_expect_free(out.expect);
    return RVH_EXIT_USAGE;
  }
  rvh_machine *m = o->load ? rvh_restore(&o->config, o->load, &error) : rvh_new(&o->config, &error);
  if (m && o->load)
    fprintf(stderr, "rvh-sim: %s: goes on after %" G_GUINT64_FORMAT " instructions\n", o->load,
            rvh_loaded_at(m));
  int status = m ? run_machine(m, o, &out) : complain(error->message);
  if (m)
    rvh_free(m);
  rvh_expect_free(out.expect);
  if (out.lockstep && out.lockstep != stdin)
    fclose(out.lockstep);
  const bool closed = close_output(out.commits) & close_output(out.text) & close_output(out.json) &
                      close_output(out.log) & close_output(out.record) & close_output(out.report) &
                      close_output(out.stats);
  cli_die_of_signal();
  return closed ? status : RVH_EXIT_USAGE;
}

/* --render: no machine, but the logs of one that ran. */
static int render(const cli_options *o)
{
  g_autoptr(GError) error = NULL;
  FILE *in = open_input("--render", o->render);
  if (!in)
    return RVH_EXIT_USAGE;
  rvh_rendering how = { .has_level = o->trace_has_level,
                        .level = o->trace_level,
                        .has_all = o->trace_has_all,
                        .all = o->trace_all };
  if (o->trace || !o->trace_json)
    how.text = o->trace_file ? open_output("--trace-file", o->trace_file) : stdout;
  if (o->trace_json)
    how.json = open_output("--trace-json", o->trace_json);
  const bool open = (how.text || !(o->trace || !o->trace_json)) && (how.json || !o->trace_json);
  const bool whole = open && rvh_render(in, o->render, &how, &error);
  if (open && !whole)
    complain(error->message);
  if (in != stdin)
    fclose(in);
  const bool closed = close_output(how.text) & close_output(how.json);
  return whole && closed ? RVH_EXIT_OK : RVH_EXIT_USAGE;
}

int main(int argc, char **argv)
{
  cli_options options;
  g_autoptr(GError) error = NULL;
  if (!cli_options_parse(&options, argc, argv, &error))
    return complain(error->message);
  if (options.help)
    cli_options_help(stdout, options.help_all);
  else if (options.hints_help)
    cli_hints_help(stdout);
  else if (options.cpu_help)
    cli_cpu_help(stdout);
  else if (options.version)
    puts("rvh-sim " RVH_VERSION
         ": RV64GC with the hypervisor extension, QEMU virt board; -cpu help: more extensions");
  else
    return options.render ? render(&options) : run(&options);
  return RVH_EXIT_OK;
}
