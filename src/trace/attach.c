/* attach.c - rvh.h's trap log: joins traplog.c's core to a machine through its public functions. */
#include "trace/traplog.h"
#include "trace/jsonlog.h"
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
