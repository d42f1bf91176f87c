/* eventlog.c - writes the event file. An event at level line is one unit, and costs less than its
 * own emission: no text is made, and a symbol is looked up once.
 */
#include "trace/eventlog.h"
#include "priv/csr.h"
#include "trace/eventfile.h"
#include "trace/jsonlog.h"
#include "trace/traplog.h"
#include <glib.h>
#include <string.h>

enum { UNITS = 1024, N_SEEN = 1024, MAX_HARTS = 8 };

struct rvh_events {
  rv_trace_source source;
  rvh_trace_level level;
  bool all;
  FILE *out;
  unsigned n; /* units in unit */
  rv_file_unit unit[UNITS];
  uint64_t seen[N_SEEN];      /* addresses that have been named, by their low bits; 1: none */
  uint64_t x[MAX_HARTS][32];  /* as the file has them */
  uint8_t harts;              /* those that had an event: others may not exist */
};

/* ---- units ---- */

static void flush(rv_eventlog *log)
{
  fwrite(log->unit, sizeof log->unit[0], log->n, log->out);
  log->n = 0;
}

/* Every byte of a unit is the caller's to set. */
static rv_file_unit *next_unit(rv_eventlog *log)
{
  if (log->n == UNITS)
    flush(log);
  return &log->unit[log->n++];
}

static rv_file_part *next_part(rv_eventlog *log, unsigned type)
{
  rv_file_part *part = &next_unit(log)->part;
  *part = (rv_file_part){ .type = (uint8_t)type };
  return part;
}

static void put_chars(rv_eventlog *log, const char *text, size_t n)
{
  for (size_t i = 0; i < n; i += RV_FILE_TEXT)
    memcpy(next_part(log, RV_FILE_CHARS)->word, text + i, MIN(n - i, RV_FILE_TEXT));
}

/* ---- names ---- */

static __attribute__((noinline)) void name_address(rv_eventlog *log, uint64_t addr)
{
  uint64_t offset = 0;
  const char *name = log->source.symbol(log->source.ctx, addr, &offset);
  if (!name)
    return;
  const size_t n = MIN(strlen(name), UINT16_MAX);
  rv_file_part *part = next_part(log, RV_FILE_NAME);
  part->u.half[0] = (uint16_t)n;
  part->word[0] = addr;
  part->word[1] = offset;
  put_chars(log, name, n);
}

/* Two addresses of one slot are named again and again: larger, not wrong. */
static void need_name(rv_eventlog *log, uint64_t addr)
{
  uint64_t *seen = &log->seen[(addr >> 1 ^ addr >> 12) & (N_SEEN - 1)];
  if (*seen == addr)
    return;
  *seen = addr;
  name_address(log, addr);
}

/* ---- parts ---- */

static void put_changes(rv_eventlog *log, const rv_event *e)
{
  rv_file_part *part = NULL;
  for (unsigned i = 0; i < e->n_change; i++) {
    if (i % 3 == 0)
      part = next_part(log, RV_FILE_CHANGES);
    const unsigned k = part->n++;
    part->u.half[k] = e->change[i].csr;
    part->word[2 * k] = e->change[i].before;
    part->word[2 * k + 1] = e->change[i].after;
  }
}

/* Between an exit and its entry few registers differ, and fewer between an entry and the exit. */
static void put_registers(rv_eventlog *log, const rv_event *e)
{
  uint64_t *known = log->x[e->hart % MAX_HARTS];
  rv_file_part *part = NULL;
  for (unsigned i = 1; i < 32; i++) {
    if (e->x[i] == known[i])
      continue;
    if (!part || part->n == RV_FILE_WORDS)
      part = next_part(log, RV_FILE_REGS);
    part->u.regs.mask |= 1u << i;
    part->word[part->n++] = known[i] = e->x[i];
  }
}

static void put_step(rv_eventlog *log, const rv_walk_step *s)
{
  rv_file_part *part = next_part(log, RV_FILE_STEP);
  const uint8_t bytes[] = { s->stage, s->level, s->for_pte, s->why, s->leaf };
  memcpy(part->u.byte, bytes, sizeof bytes);
  part->word[0] = s->va;
  part->word[1] = s->at;
  part->word[2] = s->pte;
  part->word[3] = s->result;
}

static void put_walk(rv_eventlog *log, const rv_walk_log *w)
{
  rv_file_part *part = next_part(log, RV_FILE_WALK);
  const unsigned as = w->prv | w->v << 2 | w->mprv << 3 | w->hlv << 4 | w->hlvx << 5;
  const uint8_t bytes[] = { w->access,   (uint8_t)as, w->modes[0],
                            w->modes[1], w->modes[2], w->pmlen };
  memcpy(part->u.byte, bytes, sizeof bytes);
  memcpy(part->word, w->roots, sizeof w->roots);
  for (unsigned i = 0; i < w->n && i < RV_WALK_MAX; i++)
    put_step(log, &w->step[i]);
}

static void put_more(rv_eventlog *log, const rv_event *e)
{
  rv_file_part *part = next_part(log, RV_FILE_MORE);
  if (e->type == RV_EV_SBI) {
    memcpy(part->word, e->u.sbi.arg, sizeof e->u.sbi.arg);
    return;
  }
  part->word[0] = e->u.trap.mdeleg;
  part->word[1] = e->u.trap.hdeleg;
  part->word[2] = e->u.trap.has_gpa && log->source.is_ram(log->source.ctx, e->u.trap.gpa);
}

/* ---- events ---- */

static unsigned mode(unsigned prv, bool v) { return prv | v << 2; }

static rv_file_event *put_event(rv_eventlog *log, const rv_event *e)
{
  rv_file_event *f = &next_unit(log)->event;
  *f = (rv_file_event){ .type = (uint8_t)e->type, .hart = e->hart, .vmid = e->vmid, .raw = e->raw,
                        .insn = e->insn, .pc = e->pc };
  f->flags = (uint16_t)(mode(e->from_prv, e->from_v) << RV_FILE_FROM |
                        mode(e->to_prv, e->to_v) << RV_FILE_TO | (e->has_raw ? RV_FILE_RAW : 0) |
                        (e->x ? RV_FILE_X : 0));
  return f;
}

static bool is_call(const rv_event *e)
{
  return !e->u.trap.interrupt && e->u.trap.cause >= CAUSE_ECALL_U && e->u.trap.cause <= CAUSE_ECALL_M;
}

static void put_trap(rv_eventlog *log, const rv_event *e)
{
  rv_file_event *f = put_event(log, e);
  f->flags |= (uint16_t)((e->u.trap.interrupt ? RV_FILE_ALT : 0) |
                         (e->u.trap.has_gpa ? RV_FILE_GPA : 0) |
                         (e->u.trap.gpa & 3) << RV_FILE_GPA_LOW |
                         (e->u.trap.gva ? RV_FILE_GVA : 0) |
                         mode(e->u.trap.origin_prv, e->u.trap.origin_v) << RV_FILE_ORIGIN);
  f->cause = (uint8_t)e->u.trap.cause;
  f->why = e->u.trap.why;
  f->tinst = (uint32_t)e->u.trap.tinst;
  f->word[0] = e->dest;
  f->word[1] = e->u.trap.tval;
  f->word[2] = e->u.trap.tval2;
  f->word[3] = e->type == RV_EV_WEDGED ? e->u.trap.count : 0;
  if (is_call(e) && e->x && e->type != RV_EV_WEDGED) { /* tval2 is 0: no guest-page fault */
    f->word[2] = e->x[17];
    f->word[3] = e->x[16];
  }
  /* As a line of level line: it names the level of an implicit access. */
  if (e->walk && (log->level != RVH_TRACE_LINE || (f->tinst & ~0x1020u) == 0x2000))
    put_walk(log, e->walk);
}

static void put_xret(rv_eventlog *log, const rv_event *e)
{
  rv_file_event *f = put_event(log, e);
  f->flags |= e->u.xret.mret ? RV_FILE_ALT : 0;
  f->word[0] = e->dest;
  f->word[1] = e->u.xret.status;
  f->word[2] = e->u.xret.hstatus;
}

static void put_sbi(rv_eventlog *log, const rv_event *e)
{
  rv_file_event *f = put_event(log, e);
  f->flags |= e->u.sbi.legacy ? RV_FILE_ALT : 0;
  f->word[0] = e->u.sbi.eid;
  f->word[1] = e->u.sbi.fid;
  f->word[2] = (uint64_t)e->u.sbi.error;
  f->word[3] = e->u.sbi.value;
}

/* The id, a 0, the text. */
static void put_hint(rv_eventlog *log, const rv_event *e)
{
  g_autofree char *text = g_strdup_printf("%s%c%s", e->u.hint.id, 0, e->u.hint.text);
  const size_t n = strlen(e->u.hint.id) + 1 + strlen(e->u.hint.text);
  put_event(log, e)->word[0] = n;
  put_chars(log, text, n);
}

void rv_eventlog_event(rv_eventlog *log, const rv_event *e)
{
  log->harts |= (uint8_t)(1 << e->hart % MAX_HARTS);
  need_name(log, e->pc);
  need_name(log, e->dest);
  switch (e->type) {
  case RV_EV_TRAP:
  case RV_EV_REDIRECT:
  case RV_EV_WEDGED:
    put_trap(log, e);
    break;
  case RV_EV_XRET:
    put_xret(log, e);
    break;
  case RV_EV_SBI:
    put_sbi(log, e);
    break;
  case RV_EV_HINT:
    put_hint(log, e);
    return;
  default:
    return;
  }
  if (log->level == RVH_TRACE_LINE)
    return;
  if (e->type != RV_EV_XRET)
    put_more(log, e);
  put_changes(log, e);
  if (e->x && e->type != RV_EV_SBI)
    put_registers(log, e);
}

/* ---- beginning and end ---- */

uint64_t rv_eventlog_mask(const rv_eventlog *log)
{
  return rv_traplog_wants(log->level, log->all) |
         (log->level == RVH_TRACE_FULL ? rv_jsonlog_mask() : 0);
}

rv_eventlog *rv_eventlog_new(const rv_trace_source *source, rvh_trace_level level, bool all,
                             FILE *out, const char *title)
{
  rv_eventlog *log = g_new0(rv_eventlog, 1);
  log->source = *source;
  log->level = level;
  log->all = all;
  log->out = out;
  for (unsigned i = 0; i < N_SEEN; i++)
    log->seen[i] = 1;
  const size_t n = title ? strlen(title) : 0;
  rv_file_header *h = &next_unit(log)->header;
  *h = (rv_file_header){ .magic = RV_FILE_MAGIC, .version = RV_FILE_VERSION,
                         .unit = sizeof(rv_file_unit), .level = (uint8_t)level, .all = all,
                         .firmware = source->firmware(source->ctx), .title = (uint32_t)n };
  g_strlcpy(h->program, RVH_VERSION, sizeof h->program);
  put_chars(log, title, n);
  return log;
}

void rv_eventlog_end(rv_eventlog *log, const rvh_result *result)
{
  const size_t n = result ? strlen(result->reason) : 0;
  rv_file_part *end = next_part(log, RV_FILE_END);
  end->u.half[0] = (uint16_t)n;
  for (unsigned i = 0; i < MAX_HARTS; i++)
    if (log->harts >> i & 1)
      end->u.byte[2] |= (uint8_t)(log->source.in_guest(log->source.ctx, i) << i);
  end->u.byte[3] = result != NULL;
  end->u.byte[4] = result && result->ended;
  end->word[0] = log->source.instructions(log->source.ctx);
  end->word[1] = result ? (uint64_t)(int64_t)result->status : 0;
  end->word[2] = rv_trace_from(&log->source);
  put_chars(log, result ? result->reason : NULL, n);
  flush(log);
  fflush(log->out);
  g_free(log);
}
