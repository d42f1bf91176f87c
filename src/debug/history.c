/* history.c - the trap log as text in memory, cut off at the front when it grows. Stands on rvh.h's
 * trap log, so that `why` and --trace-traps=full say the same.
 */
#define _GNU_SOURCE /* fopencookie */
#include "debug/history.h"
#include "cpu/event.h"
#include <string.h>

enum { KEEP = 64, MAX_TEXT = 1 << 20 };

struct rv_history {
  rv_history_seen *seen;
  void *ctx;
  rvh_trace *trace;
  FILE *log;
  GString *text;
  uint64_t dropped;     /* bytes cut off at the front: text->str is place `dropped` */
  uint64_t start[KEEP]; /* where transitions begin; number n in start[n % KEEP] */
  uint64_t n;
};

static ssize_t append(void *ctx, const char *bytes, size_t size)
{
  rv_history *h = ctx;
  g_string_append_len(h->text, bytes, size);
  if (h->text->len > MAX_TEXT) {
    const size_t cut = h->text->len - MAX_TEXT / 2;
    g_string_erase(h->text, 0, cut);
    h->dropped += cut;
  }
  return size;
}

uint64_t rv_history_end(rv_history *h)
{
  fflush(h->log);
  return h->dropped + h->text->len;
}

/* Called before the trap log sees the event: what it writes next is the transition. */
static void before(void *ctx, rvh_machine *m, const rvh_event *event)
{
  rv_history *h = ctx;
  if (event->type != RV_EV_REDIRECT)
    h->start[h->n++ % KEEP] = rv_history_end(h);
}

static void after(void *ctx, rvh_machine *m, const rvh_event *event)
{
  rv_history *h = ctx;
  fflush(h->log);
  if (h->seen)
    h->seen(h->ctx, event);
}

rv_history *rv_history_new(rvh_machine *m, rv_history_seen *seen, void *ctx)
{
  const uint64_t transitions = 1ull << RV_EV_TRAP | 1ull << RV_EV_REDIRECT | 1ull << RV_EV_XRET;
  rv_history *h = g_new0(rv_history, 1);
  h->seen = seen;
  h->ctx = ctx;
  h->text = g_string_new(NULL);
  h->log = fopencookie(h, "w", (cookie_io_functions_t){ .write = append });
  if (!h->log)
    g_error("not enough memory for the history");
  rvh_observe(m, transitions, before, h);
  h->trace = rvh_trace_traps(m, RVH_TRACE_FULL, true, h->log, NULL);
  rvh_observe(m, transitions, after, h);
  return h;
}

void rv_history_free(rv_history *h, const rvh_result *result)
{
  if (!h)
    return;
  rvh_trace_end(h->trace, result);
  fclose(h->log);
  g_string_free(h->text, TRUE);
  g_free(h);
}

uint64_t rv_history_last(rv_history *h, unsigned n)
{
  const uint64_t kept = MIN(h->n, KEEP);
  return kept ? h->start[(h->n - CLAMP(n, 1, kept)) % KEEP] : rv_history_end(h);
}

void rv_history_print(rv_history *h, uint64_t from, FILE *out)
{
  const uint64_t end = rv_history_end(h);
  if (from < h->dropped) {
    fputs("(what came before is no longer kept)\n", out);
    from = h->dropped;
  }
  fwrite(h->text->str + (from - h->dropped), 1, end - from, out);
}
