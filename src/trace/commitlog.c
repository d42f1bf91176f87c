/* commitlog.c - --log-commits: Spike's line for every retired instruction. The line is spike.c's.
 */
#include "trace/spike.h"

struct rvh_commit_log {
  rv_spike_source source;
  bool with_v;
  rv_spike_line line;
  char text[SPIKE_LINE];
  FILE *out;
};

static void log_commit(void *ctx, rvh_machine *m, const rvh_event *e)
{
  rvh_commit_log *log = ctx;
  if (!rv_spike_event(&log->source, m, e, &log->line))
    return;
  const size_t n = rv_spike_format(&log->line, log->with_v, log->text);
  fwrite(log->text, 1, n, log->out);
}

rvh_commit_log *rvh_log_commits(rvh_machine *m, bool with_v, FILE *out)
{
  rvh_commit_log *log = g_new0(rvh_commit_log, 1);
  log->with_v = with_v;
  log->out = out;
  rvh_observe(m, RV_SPIKE_MASK, log_commit, log);
  return log;
}

void rvh_commit_log_free(rvh_commit_log *log) { g_free(log); }
