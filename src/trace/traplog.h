/* traplog.h - the trap log's core: events in, text out. It knows no machine; what it must ask one
 * comes through rv_trace_source, so that tests can stand in for it. attach.c is the glue to rvh.h.
 *
 * docs/trace.md describes the text for users: a stable format, to be changed with care.
 */
#ifndef RV_TRACE_TRAPLOG_H
#define RV_TRACE_TRAPLOG_H
#include "cpu/event.h"
#include "cpu/hart.h"
#include "rvh.h"

/* None of these may have a side effect on the machine. All functions must be set but from. */
typedef struct {
  void *ctx;
  /* Name and offset into it, or NULL. */
  const char *(*symbol)(void *ctx, uint64_t addr, uint64_t *offset);
  bool (*is_ram)(void *ctx, uint64_t pa);
  bool (*in_guest)(void *ctx, unsigned hart); /* V=1 now */
  bool (*firmware)(void *ctx); /* M-mode is the built-in firmware's, which has no addresses */
  uint64_t (*instructions)(void *ctx);        /* started so far, all harts */
  size_t (*disasm)(char *buf, size_t size, uint64_t pc, uint32_t bits);
  /* Instructions at which the machine was loaded from a snapshot, 0: it was not. May be NULL. */
  uint64_t (*from)(void *ctx);
  const char *version; /* of the rvh-sim that saw the events; NULL: this one */
} rv_trace_source;

/* Writes the header. The title is printed in it; NULL for none. */
rvh_trace *rv_traplog_new(const rv_trace_source *source, rvh_trace_level level, bool all, FILE *out,
                          const char *title);
/* The event types the log wants: bits 1 << RV_EV_*, and RV_OBSERVE_*. */
uint64_t rv_traplog_mask(const rvh_trace *log);
uint64_t rv_traplog_wants(rvh_trace_level level, bool all); /* the same, of a log to be */
void rv_traplog_event(rvh_trace *log, const rv_event *e);
/* Writes the summary, flushes out, frees the log. result may be NULL. */
void rv_traplog_end(rvh_trace *log, const rvh_result *result);
/* The same without the summary. */
void rv_traplog_free(rvh_trace *log);
static inline uint64_t rv_trace_from(const rv_trace_source *source)
{
  return source->from ? source->from(source->ctx) : 0;
}
#endif
