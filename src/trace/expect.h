/* expect.h - expectations of a run, out of a file, and whether they held. docs/expect.md is the
 * language. As traplog.h, it knows no machine; attach.c is the glue to rvh.h.
 *
 *   expect_parse.c   text to rules
 *   expect.c         rules against transitions, console text and the end
 *   expect_report.c  the outcome for people, as TAP, as JUnit's XML
 *   expect_record.c  a draft of such a file, out of a run
 */
#ifndef RV_TRACE_EXPECT_H
#define RV_TRACE_EXPECT_H
#include "trace/traplog.h"

typedef struct rvh_expect rv_expect;

/* Messages are "FILE:LINE: what is wrong", a newline, and the way out. */
rv_expect *rv_expect_parse(const char *text, size_t n, const char *file, GError **error);
rv_expect *rv_expect_read(const char *path, GError **error);
/* Before the first event. Every symbol of the file must be known to address(). */
typedef bool rv_find_address(void *ctx, const char *symbol, uint64_t *addr);
bool rv_expect_bind(rv_expect *x, const rv_trace_source *source, rv_find_address *address,
                    GError **error);

uint64_t rv_expect_mask(void);
/* Both: false when an expectation has failed, so that the rest of the run does not matter. */
bool rv_expect_event(rv_expect *x, const rv_event *e);
bool rv_expect_console(rv_expect *x, const uint8_t *bytes, size_t n);
/* Whether all held; once, after the run. *as_expected: the file has a poweroff line, and it held.
 */
bool rv_expect_end(rv_expect *x, const rvh_result *result, bool *as_expected);
void rv_expect_report(const rv_expect *x, rvh_report how, FILE *out);
void rv_expect_free(rv_expect *x);

typedef struct rvh_record rv_record;
rv_record *rv_record_new(const rv_trace_source *source, FILE *out, const char *title);
void rv_record_event(rv_record *r, const rv_event *e);
void rv_record_console(rv_record *r, const uint8_t *bytes, size_t n);
void rv_record_end(rv_record *r, const rvh_result *result);
#endif
