/* eventlog.h - events to a file of eventfile.h's units, as fast as they can be copied. As traplog.h,
 * it knows no machine.
 */
#ifndef RV_TRACE_EVENTLOG_H
#define RV_TRACE_EVENTLOG_H
#include "trace/traplog.h"

typedef struct rvh_events rv_eventlog;
/* level and all: what a rendering can say is what these would have said. Level full records
 * everything, also for --trace-json. */
rv_eventlog *rv_eventlog_new(const rv_trace_source *source, rvh_trace_level level, bool all,
                             FILE *out, const char *title);
uint64_t rv_eventlog_mask(const rv_eventlog *log);
void rv_eventlog_event(rv_eventlog *log, const rv_event *e);
/* Writes the end, flushes out, frees the log. result may be NULL. */
void rv_eventlog_end(rv_eventlog *log, const rvh_result *result);
#endif
