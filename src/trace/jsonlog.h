/* jsonlog.h - the event stream as JSON Lines, one record a line: share/rvh-sim/trace-1.schema.json.
 * As traplog.h, it knows no machine.
 */
#ifndef RV_TRACE_JSONLOG_H
#define RV_TRACE_JSONLOG_H
#include "trace/traplog.h"

typedef struct rvh_json rv_jsonlog;
rv_jsonlog *rv_jsonlog_new(const rv_trace_source *source, FILE *out, const char *title);
uint64_t rv_jsonlog_mask(void);
void rv_jsonlog_event(rv_jsonlog *log, const rv_event *e);
void rv_jsonlog_end(rv_jsonlog *log, const rvh_result *result);
/* The same without the last record. */
void rv_jsonlog_free(rv_jsonlog *log);
#endif
