/* attach.c - rvh.h's trap log, JSON Lines and expectations: joins their cores to a machine through
 * its public functions.
 */
#include "trace/expect.h"
#include "trace/traplog.h"
#include "trace/eventlog.h"
#include "trace/jsonlog.h"
#include "trace/render.h"
#include "cpu/insn.h"

static const char *find_symbol(void *ctx, uint64_t addr, uint64_t *offset)
{
  return rvh_symbol(ctx, addr, offset);
}

static bool is_ram(void *ctx, uint64_t pa)
{
  uint8_t byte;
  return rvh_read_memory(ctx, pa, &byte, 1);
}

static bool in_guest(void *ctx, unsigned hart)
{
  bool v = false;
  rvh_vmode(ctx, hart, &v);
  return v;
}

static bool has_firmware(void *ctx) { return rvh_builtin_firmware(ctx); }

static uint64_t count_instructions(void *ctx) { return rvh_instructions(ctx); }

static uint64_t loaded_at(void *ctx) { return rvh_loaded_at(ctx); }

static rv_trace_source source_of(rvh_machine *m)
{
  return (rv_trace_source){
    .ctx = m,
    .symbol = find_symbol,
    .is_ram = is_ram,
    .in_guest = in_guest,
    .firmware = has_firmware,
    .instructions = count_instructions,
    .disasm = rv_disasm,
    .from = loaded_at,
  };
}

static void observe(void *ctx, rvh_machine *m, const rvh_event *e) { rv_traplog_event(ctx, e); }

rvh_trace *rvh_trace_traps(rvh_machine *m, rvh_trace_level level, bool all, FILE *out,
                           const char *title)
{
  const rv_trace_source source = source_of(m);
  rvh_trace *log = rv_traplog_new(&source, level, all, out, title);
  rvh_observe(m, rv_traplog_mask(log), observe, log);
  return log;
}

void rvh_trace_end(rvh_trace *log, const rvh_result *result) { rv_traplog_end(log, result); }

static void observe_json(void *ctx, rvh_machine *m, const rvh_event *e)
{
  rv_jsonlog_event(ctx, e);
}

rvh_json *rvh_trace_json(rvh_machine *m, FILE *out, const char *title)
{
  const rv_trace_source source = source_of(m);
  rvh_json *log = rv_jsonlog_new(&source, out, title);
  rvh_observe(m, rv_jsonlog_mask(), observe_json, log);
  return log;
}

void rvh_json_end(rvh_json *log, const rvh_result *result) { rv_jsonlog_end(log, result); }

static void observe_events(void *ctx, rvh_machine *m, const rvh_event *e)
{
  rv_eventlog_event(ctx, e);
}

rvh_events *rvh_trace_events(rvh_machine *m, rvh_trace_level level, bool all, FILE *out,
                             const char *title)
{
  const rv_trace_source source = source_of(m);
  rvh_events *log = rv_eventlog_new(&source, level, all, out, title);
  rvh_observe(m, rv_eventlog_mask(log), observe_events, log);
  return log;
}

void rvh_events_end(rvh_events *log, const rvh_result *result) { rv_eventlog_end(log, result); }

bool rvh_render(FILE *in, const char *name, const rvh_rendering *how, GError **error)
{
  return rv_render(in, name, how, error);
}

/* ---- expectations ---- */

rvh_expect *rvh_expect_read(const char *path, GError **error)
{
  return rv_expect_read(path, error);
}

static void observe_expect(void *ctx, rvh_machine *m, const rvh_event *e)
{
  if (!rv_expect_event(ctx, e))
    rvh_request_stop(m);
}

static void hear_expect(void *ctx, rvh_machine *m, const uint8_t *bytes, size_t n)
{
  if (!rv_expect_console(ctx, bytes, n))
    rvh_request_stop(m);
}

static bool find_address(void *ctx, const char *symbol, uint64_t *addr)
{
  return rvh_address(ctx, symbol, addr);
}

bool rvh_expect_attach(rvh_expect *x, rvh_machine *m, GError **error)
{
  const rv_trace_source source = source_of(m);
  if (!rv_expect_bind(x, &source, find_address, error))
    return false;
  rvh_observe(m, rv_expect_mask(), observe_expect, x);
  rvh_observe_console(m, hear_expect, x);
  return true;
}

int rvh_expect_end(rvh_expect *x, const rvh_result *result)
{
  bool as_expected;
  if (!rv_expect_end(x, result, &as_expected))
    return RVH_EXIT_EXPECT;
  return as_expected ? RVH_EXIT_OK : result->status;
}

void rvh_expect_report(const rvh_expect *x, rvh_report how, FILE *out)
{
  rv_expect_report(x, how, out);
}

void rvh_expect_free(rvh_expect *x) { rv_expect_free(x); }

static void observe_record(void *ctx, rvh_machine *m, const rvh_event *e)
{
  rv_record_event(ctx, e);
}

static void hear_record(void *ctx, rvh_machine *m, const uint8_t *bytes, size_t n)
{
  rv_record_console(ctx, bytes, n);
}

rvh_record *rvh_record_expect(rvh_machine *m, FILE *out, const char *title)
{
  const rv_trace_source source = source_of(m);
  rvh_record *r = rv_record_new(&source, out, title);
  rvh_observe(m, rv_expect_mask(), observe_record, r);
  rvh_observe_console(m, hear_record, r);
  return r;
}

void rvh_record_end(rvh_record *r, const rvh_result *result) { rv_record_end(r, result); }
