/* jsonlog.c - JSON Lines of the event stream. Values of 64 bits are hex strings, because
 * JavaScript's numbers are not exact there; counts are numbers. Readers must ignore keys they do
 * not know.
 */
#include "trace/jsonlog.h"
#include "priv/csr.h"
#include "trace/kept.h"
#include "trace/names.h"
#include <glib.h>

enum { MAX_HARTS = 8 };

struct rvh_json {
  rv_trace_source source;
  rv_text text;
  rv_kept place, insn;
  uint64_t n, exits, entries;
  struct {
    bool open;
    uint64_t first, pc, x[32]; /* first: insn of the handler's first instruction */
  } exit[MAX_HARTS];           /* the last VM exit that no entry has answered */
};

/* ---- the grammar ---- */

/* What may stand in a string as it is. */
static size_t plain_length(const char *s)
{
  size_t n = 0;
  while ((unsigned char)s[n] >= ' ' && s[n] != '"' && s[n] != '\\')
    n++;
  return n;
}

static void put_quoted(rv_text *t, const char *s)
{
  put_char(t, '"');
  while (*s) {
    const size_t n = plain_length(s);
    put_bytes(t, s, n);
    s += n;
    if (*s == '"' || *s == '\\')
      put_char(t, '\\'), put_char(t, *s);
    s += *s != 0;
  }
  put_char(t, '"');
}

/* Begins a member; the first one of an object has no comma before it. */
static void key(rv_text *t, const char *name)
{
  const char last = t->n > t->line ? t->buf[t->n - 1] : '{';
  if (last != '{' && last != '[')
    put_char(t, ',');
  put_char(t, '"'); /* our own names need no escapes */
  put_str(t, name);
  put_str(t, "\":");
}

static void member_str(rv_text *t, const char *name, const char *value)
{
  key(t, name);
  put_quoted(t, value);
}
static void member_bool(rv_text *t, const char *name, bool value)
{
  key(t, name);
  put_str(t, value ? "true" : "false");
}
static void member_int(rv_text *t, const char *name, int64_t value)
{
  key(t, name);
  put_signed(t, value);
}
static void put_hex_string(rv_text *t, uint64_t value)
{
  put_str(t, "\"0x");
  put_hex(t, value, 1);
  put_char(t, '"');
}
static void member_hex(rv_text *t, const char *name, uint64_t value)
{
  key(t, name);
  put_hex_string(t, value);
}

static void begin_element(rv_text *t)
{
  if (t->buf[t->n - 1] != '[')
    put_char(t, ',');
  put_char(t, '{');
}

static void end_record(rv_jsonlog *log)
{
  put_char(&log->text, '}');
  end_line(&log->text);
}

/* ---- parts of records ---- */

static void begin_record(rv_jsonlog *log, const char *rec, const rv_event *e)
{
  rv_text *t = &log->text;
  put_char(t, '{');
  member_str(t, "rec", rec);
  member_int(t, "n", (int64_t)++log->n);
  member_int(t, "insn", (int64_t)e->insn);
  member_int(t, "hart", e->hart);
  member_str(t, "from", rv_mode_name(e->from_prv, e->from_v));
  member_str(t, "to", rv_mode_name(e->to_prv, e->to_v));
}

static void make_symbol(rv_jsonlog *log, uint64_t addr)
{
  uint64_t offset = 0;
  const char *symbol = log->source.symbol(log->source.ctx, addr, &offset);
  if (!symbol)
    return;
  g_autofree char *text =
      offset ? g_strdup_printf("%s+0x%" G_GINT64_MODIFIER "x", symbol, offset) : g_strdup(symbol);
  member_str(&log->text, "sym", text);
}

/* The member that an address gives, if it has a symbol. It is kept whole, comma and all: it always
 * follows "pc". So are those of an instruction. */
static void put_symbol(rv_jsonlog *log, uint64_t addr)
{
  const size_t from = log->text.n;
  if (put_kept(&log->text, &log->place, addr, 0))
    return;
  make_symbol(log, addr);
  keep_words(&log->place, addr, 0, &log->text, from);
}

static void put_insn(rv_jsonlog *log, const rv_event *e)
{
  char text[96];
  const size_t from = log->text.n;
  if (put_kept(&log->text, &log->insn, e->pc, e->raw))
    return;
  member_hex(&log->text, "raw", e->raw);
  log->source.disasm(text, sizeof text, e->pc, e->raw);
  member_str(&log->text, "asm", text);
  keep_words(&log->insn, e->pc, e->raw, &log->text, from);
}

static void put_place(rv_jsonlog *log, const rv_event *e)
{
  member_int(&log->text, "vmid", e->vmid);
  member_hex(&log->text, "pc", e->pc);
  put_symbol(log, e->pc);
  if (e->has_raw)
    put_insn(log, e);
  member_hex(&log->text, "dest", e->dest);
}

static void put_walk(rv_text *t, const rv_walk_log *w)
{
  static const char *const stage[] = { "S", "VS", "G" };
  key(t, "walk");
  put_char(t, '[');
  for (unsigned i = 0; i < w->n && i < RV_WALK_MAX; i++) {
    const rv_walk_step *s = &w->step[i];
    begin_element(t);
    member_str(t, "st", s->stage < 3 ? stage[s->stage] : "?");
    member_int(t, "lvl", s->level);
    if (s->stage == 2)
      member_str(t, "for", s->for_pte ? "pte" : "leaf");
    member_hex(t, "at", s->at);
    member_hex(t, "pte", s->pte);
    if (s->why)
      member_str(t, "fault", rv_name_why(s->why, &(const char *){ NULL }));
    put_char(t, '}');
  }
  put_char(t, ']');
}

static void put_deleg(rv_text *t, const char *reg, unsigned bit, uint64_t value)
{
  begin_element(t);
  member_str(t, "reg", reg);
  member_int(t, "bit", bit);
  member_int(t, "v", value >> (bit & 63) & 1);
  put_char(t, '}');
}

/* The bits that were asked, in the order of the manual [H-174]. */
static void put_route(rv_text *t, const rv_event *e)
{
  const bool irq = e->u.trap.interrupt;
  const unsigned bit = e->u.trap.cause & 63;
  const bool redirected = e->type == RV_EV_REDIRECT;
  const bool from_v = redirected ? e->u.trap.origin_v : e->from_v;
  unsigned by;
  const char *injector = rv_name_injector(e->u.trap.why, e->u.trap.cause, &by);
  key(t, "route");
  put_char(t, '[');
  if (injector) {
    put_deleg(t, injector, by, ~0ull);
  } else if (e->from_prv != PRV_M || redirected) {
    put_deleg(t, irq ? "mideleg" : "medeleg", bit, e->u.trap.mdeleg);
    if (from_v && (redirected || e->u.trap.mdeleg >> bit & 1))
      put_deleg(t, irq ? "hideleg" : "hedeleg", bit, e->u.trap.hdeleg);
  }
  put_char(t, ']');
}

static void put_changes(rv_text *t, const rv_event *e)
{
  key(t, "csr");
  put_char(t, '[');
  for (unsigned i = 0; i < e->n_change; i++) {
    const char *name = rv_csr_name(e->change[i].csr);
    begin_element(t);
    member_str(t, "r", name ? name : "?");
    member_hex(t, "old", e->change[i].before);
    member_hex(t, "new", e->change[i].after);
    put_char(t, '}');
  }
  put_char(t, ']');
}

/* ---- records ---- */

static void trap_record(rv_jsonlog *log, const rv_event *e, const char *rec)
{
  rv_text *t = &log->text;
  const char *rule = "", *why = rv_name_why(e->u.trap.why, &rule);
  const char *name = rv_name_cause(e->u.trap.cause, e->u.trap.interrupt);
  begin_record(log, rec, e);
  member_bool(t, "exit", e->from_v && !e->to_v);
  member_int(t, "cause", (int64_t)e->u.trap.cause);
  member_bool(t, "int", e->u.trap.interrupt);
  member_str(t, "name", name ? name : "reserved");
  put_place(log, e);
  member_hex(t, "tval", e->u.trap.tval);
  member_hex(t, "tval2", e->u.trap.tval2);
  if (e->u.trap.has_gpa)
    member_hex(t, "gpa", e->u.trap.gpa);
  member_hex(t, "tinst", e->u.trap.tinst);
  member_bool(t, "gva", e->u.trap.gva);
  member_str(t, "why", why);
  member_str(t, "rule", rule);
  put_route(t, e);
  if (e->walk)
    put_walk(t, e->walk);
  put_changes(t, e);
  end_record(log);
}

static void note_exit(rv_jsonlog *log, const rv_event *e)
{
  if (e->hart >= MAX_HARTS)
    return;
  log->exits++;
  log->exit[e->hart].open = true;
  log->exit[e->hart].first = e->insn + !e->u.trap.interrupt;
  log->exit[e->hart].pc = e->pc;
  if (e->x)
    memcpy(log->exit[e->hart].x, e->x, sizeof log->exit[0].x);
}

/* What the handler did between the exit and this entry. */
static void put_answer(rv_jsonlog *log, const rv_event *e)
{
  rv_text *t = &log->text;
  if (e->hart >= MAX_HARTS || !log->exit[e->hart].open)
    return;
  log->exit[e->hart].open = false;
  const bool by_firmware = e->from_prv == PRV_M && log->source.firmware(log->source.ctx);
  member_int(t, "handled_insns", (int64_t)(e->insn - log->exit[e->hart].first + !by_firmware));
  member_int(t, "resume_delta", (int64_t)(e->dest - log->exit[e->hart].pc));
  key(t, "gpr_changed");
  put_char(t, '[');
  for (unsigned i = 1; e->x && i < 32; i++)
    if (e->x[i] != log->exit[e->hart].x[i]) {
      if (t->buf[t->n - 1] != '[')
        put_char(t, ',');
      put_quoted(t, rv_name_x(i));
    }
  put_char(t, ']');
}

static void xret_record(rv_jsonlog *log, const rv_event *e)
{
  const bool entry = !e->from_v && e->to_v;
  begin_record(log, "xret", e);
  member_str(&log->text, "op", e->u.xret.mret ? "mret" : "sret");
  member_bool(&log->text, "entry", entry);
  put_place(log, e);
  if (entry) {
    log->entries++;
    put_answer(log, e);
  }
  put_changes(&log->text, e);
  end_record(log);
}

static void sbi_record(rv_jsonlog *log, const rv_event *e)
{
  rv_text *t = &log->text;
  const char *extension = rv_name_sbi_extension(e->u.sbi.eid);
  const char *function = rv_name_sbi_function(e->u.sbi.eid, e->u.sbi.fid);
  begin_record(log, "sbi", e);
  member_hex(t, "eid", e->u.sbi.eid);
  member_hex(t, "fid", e->u.sbi.fid);
  member_str(t, "extension", extension ? extension : "unknown");
  member_str(t, "function", function ? function : "unknown");
  member_int(t, "error", e->u.sbi.error);
  member_hex(t, "value", e->u.sbi.value);
  end_record(log);
}

static void hint_record(rv_jsonlog *log, const rv_event *e)
{
  begin_record(log, "hint", e);
  member_str(&log->text, "id", e->u.hint.id);
  member_str(&log->text, "text", e->u.hint.text);
  member_hex(&log->text, "pc", e->pc);
  end_record(log);
}

void rv_jsonlog_event(rv_jsonlog *log, const rv_event *e)
{
  switch (e->type) {
  case RV_EV_TRAP:
    if (e->from_v && !e->to_v)
      note_exit(log, e);
    trap_record(log, e, "trap");
    break;
  case RV_EV_REDIRECT:
    trap_record(log, e, "redirect");
    break;
  case RV_EV_WEDGED:
    trap_record(log, e, "wedged");
    break;
  case RV_EV_XRET:
    xret_record(log, e);
    break;
  case RV_EV_SBI:
    sbi_record(log, e);
    break;
  case RV_EV_HINT:
    hint_record(log, e);
    break;
  default:
    break;
  }
}

uint64_t rv_jsonlog_mask(void)
{
  return 1ull << RV_EV_TRAP | 1ull << RV_EV_REDIRECT | 1ull << RV_EV_XRET | 1ull << RV_EV_SBI |
         1ull << RV_EV_WEDGED | 1ull << RV_EV_HINT | RV_OBSERVE_CHANGES | RV_OBSERVE_WALKS |
         RV_OBSERVE_PLAIN;
}

rv_jsonlog *rv_jsonlog_new(const rv_trace_source *source, FILE *out, const char *title)
{
  rv_jsonlog *log = g_new0(rv_jsonlog, 1);
  log->source = *source;
  log->text.out = out;
  put_char(&log->text, '{');
  member_str(&log->text, "rec", "header");
  member_str(&log->text, "schema", "rvh-trace/1");
  member_str(&log->text, "version", source->version ? source->version : RVH_VERSION);
  member_str(&log->text, "image", title ? title : "");
  end_record(log);
  return log;
}

void rv_jsonlog_free(rv_jsonlog *log)
{
  flush_text(&log->text);
  fflush(log->text.out);
  g_free(log);
}

void rv_jsonlog_end(rv_jsonlog *log, const rvh_result *result)
{
  rv_text *t = &log->text;
  put_char(t, '{');
  member_str(t, "rec", "end");
  member_int(t, "insn", (int64_t)log->source.instructions(log->source.ctx));
  if (result) {
    g_auto(GStrv) reason = g_strsplit(result->reason, "\n", 2);
    member_str(t, "why", reason[0] ? reason[0] : "");
    if (reason[0] && reason[1])
      member_str(t, "way_out", reason[1]);
    member_int(t, "code", result->status);
  }
  const uint64_t from = rv_trace_from(&log->source);
  if (from)
    member_int(t, "from", (int64_t)from);
  member_int(t, "exits", (int64_t)log->exits);
  member_int(t, "entries", (int64_t)log->entries);
  end_record(log);
  rv_jsonlog_free(log);
}
