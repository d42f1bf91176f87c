/* options.h - the command line of rvh-sim, turned into a configuration. Depends on rvh.h only. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H
#include "rvh.h"

#define CLI_ERROR (cli_error_quark())
GQuark cli_error_quark(void);
enum { CLI_ERROR_USAGE };

/* Strings are borrowed from argv. */
typedef struct {
  rvh_config config;
  bool trace, trace_all;
  rvh_trace_level trace_level;
  bool trace_has_level, trace_has_all; /* given, not the defaults */
  const char *trace_file, *trace_json;
  bool trace_events;  /* trace_file is to be an event file */
  const char *render; /* the event file to render, or NULL */
  const char *expect, *record_expect;
  rvh_report report;
  const char *report_file; /* NULL: standard output */
  bool stats, stats_json;
  const char *stats_file; /* NULL: standard error */
  bool step;
  uint64_t save_at;        /* instructions, for save_file */
  const char *save_file;   /* --save-at; NULL: no snapshot */
  const char *load;        /* --load, or NULL */
  bool log_int;            /* -d int */
  const char *log_ignored; /* an item of -d that logs nothing here */
  const char *log_file;    /* -D */
  bool log_commits, log_commits_v;
  const char *commits_file; /* --log-file; NULL: standard error */
  const char *lockstep;     /* Spike's log, or NULL */
  bool hints_help, cpu_help;
  const char *gdb;              /* where to listen, or NULL */
  bool gdb_wait;                /* -S */
  bool help, help_all, version; /* asked for: nothing else was checked */
} cli_options;

/* Fills *options from the defaults and argv[1..]. Messages are "what is wrong", a newline, and
 * the way out. */
bool cli_options_parse(cli_options *options, int argc, char **argv, GError **error);
void cli_options_help(FILE *out, bool all);
void cli_hints_help(FILE *out);
void cli_cpu_help(FILE *out);
#endif
