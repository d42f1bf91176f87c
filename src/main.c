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
static int complain(const char *message)
{
  const char *way_out = strchr(message, '\n');
  int length = way_out ? (int)(way_out - message) : (int)strlen(message);
  fflush(stdout);
  fprintf(stderr, "rvh-sim: error: %.*s\n", length, message);
  if (way_out)
    fprintf(stderr, "rvh-sim: %s\n", way_out + 1);
  return RVH_EXIT_USAGE;
}

static FILE *open_trace(const cli_options *o)
{
  return o->trace_file ? fopen(o->trace_file, "w") : stderr;
}

static rvh_trace *start_trace(rvh_machine *m, const cli_options *o, FILE *out)
{
  const char *bios = o->config.bios_file ? o->config.bios_file : "flash";
  const char *file = o->config.kernel ? o->config.kernel : bios;
  g_autofree char *title = g_path_get_basename(file);
  return rvh_trace_traps(m, o->trace_level, o->trace_all, out, title);
}

/* The guest's own success needs no words; every other end says why. */
static int finish(const rvh_result *r)
{
  fflush(stdout);
  if (r->status != RVH_EXIT_OK)
    fprintf(stderr, "rvh-sim: %s; exit code %d\n", r->reason, r->status);
  return r->status;
}

static int run_machine(rvh_machine *m, const cli_options *o, FILE *trace_out)
{
  g_autoptr(GError) error = NULL;
  if (!rvh_load(m, &error))
    return complain(error->message);
  rvh_trace *trace = trace_out ? start_trace(m, o, trace_out) : NULL;
  cli_terminal_start();
  rvh_result result = rvh_run(m, 0);
  if (trace)
    rvh_trace_end(trace, &result);
  return finish(&result);
}

static int run(cli_options *o)
{
  g_autoptr(GError) error = NULL;
  o->config.console_stdin = true;
  o->config.console_read = cli_terminal_read;
  FILE *trace_out = o->trace ? open_trace(o) : NULL;
  if (o->trace && !trace_out) {
    g_autofree char *text = g_strdup_printf("--trace-file: %s: %s\ngive a file that can be written",
                                            o->trace_file, g_strerror(errno));
    return complain(text);
  }
  rvh_machine *m = rvh_new(&o->config, &error);
  int status = m ? run_machine(m, o, trace_out) : complain(error->message);
  if (m)
    rvh_free(m);
  if (trace_out && trace_out != stderr && fclose(trace_out) != 0)
    return complain("--trace-file: not everything could be written\nlook for a full disk");
  return status;
}

int main(int argc, char **argv)
{
  cli_options options;
  g_autoptr(GError) error = NULL;
  if (!cli_options_parse(&options, argc, argv, &error))
    return complain(error->message);
  if (options.help)
    cli_options_help(stdout);
  else if (options.version)
    puts("rvh-sim " RVH_VERSION
         ": RV64GC, H, Sstc, Svinval, Svnapot, Svpbmt, Svadu; QEMU virt board");
  else
    return run(&options);
  return RVH_EXIT_OK;
}
