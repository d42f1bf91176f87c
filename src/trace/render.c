/* render.c - reads an event file and hands its events to the writers of text and JSON.
 *
 * The file may be anything: what it says is a number, a length or a type is checked before it is used.
 * What a writer prints of a value it does not know, it has to stand anyway (names.h).
 */
#include "trace/render.h"
#include "cpu/insn.h"
#include "trace/eventfile.h"
#include "trace/jsonlog.h"
#include "trace/traplog.h"
#include <errno.h>
#include <string.h>

enum { MAX_HARTS = 8, MAX_CHANGES = 32, MAX_NAME = 1 << 16 };

typedef struct {
  uint64_t offset;
  char *text;
} place;

typedef struct {
  FILE *in;
  const char *name;
  uint64_t at; /* number of `unit` in the file */
  rv_file_unit unit;
  bool have; /* unit is there: read, and not used yet */
  GError **error;

  rv_file_header header;
  GHashTable *places; /* address to place */
  bool gpa_is_ram;    /* of the current event */
  const rv_file_part *end;
  uint64_t x[MAX_HARTS][32];
  rvh_trace *text;
  rv_jsonlog *json;
} reader;

/* An event with what it points to. */
typedef struct {
  rv_event e;
  rv_walk_log walk;
  rv_csr_change change[MAX_CHANGES];
  char hint[256];
} event;

/* ---- errors ---- */

static bool fail(reader *r, const char *problem, const char *way_out)
{
  g_set_error(r->error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s\n%s", r->name, problem, way_out);
  return false;
}

static bool damaged(reader *r, const char *what)
{
  g_autofree char *problem = g_strdup_printf("damaged at byte %" G_GUINT64_FORMAT ": %s",
                                             (r->at - 1) * sizeof(rv_file_unit), what);
  return fail(r, problem, "record it again; what was written of it is right up to there");
}

static bool cut_short(reader *r)
{
  return fail(r, "ends before its end",
              "the run that wrote it was killed, or the file was cut: what was written of it is "
              "right up to there");
}

/* ---- units ---- */

/* The next unit is in r->unit; false at the end of the file, whole or not. */
static bool peek(reader *r)
{
  if (r->have)
    return true;
  r->have = fread(&r->unit, sizeof r->unit, 1, r->in) == 1;
  r->at += r->have;
  return r->have;
}

static bool take(reader *r)
{
  const bool there = peek(r);
  r->have = false;
  return there;
}

/* Takes a part of this type, if one is next. */
static bool take_part(reader *r, unsigned type)
{
  if (!peek(r) || r->unit.part.type != type)
    return false;
  r->have = false;
  return true;
}

/* n bytes of text, ended by 0; NULL after an error. The caller has bounded n. */
static char *take_text(reader *r, uint64_t n)
{
  g_autofree char *text = g_malloc0(rv_file_chars(n) * RV_FILE_TEXT + 1);
  for (uint64_t i = 0; i < rv_file_chars(n); i++) {
    if (!peek(r)) {
      cut_short(r);
      return NULL;
    }
    if (!take_part(r, RV_FILE_CHARS)) {
      damaged(r, "a text is shorter than its length");
      return NULL;
    }
    memcpy(text + i * RV_FILE_TEXT, r->unit.part.word, RV_FILE_TEXT);
  }
  text[n] = 0;
  return g_steal_pointer(&text);
}

/* ---- what the writers ask ---- */

static const char *find_symbol(void *ctx, uint64_t addr, uint64_t *offset)
{
  reader *r = ctx;
  const place *p = g_hash_table_lookup(r->places, &addr);
  if (!p)
    return NULL;
  *offset = p->offset;
  return p->text;
}

static bool is_ram(void *ctx, uint64_t pa) { return ((reader *)ctx)->gpa_is_ram; }
static bool in_guest(void *ctx, unsigned hart) { return ((reader *)ctx)->end->u.byte[2] >> hart & 1; }
static bool firmware(void *ctx) { return ((reader *)ctx)->header.firmware; }
static uint64_t instructions(void *ctx) { return ((reader *)ctx)->end->word[0]; }

static uint64_t from(void *ctx) { return ((reader *)ctx)->end->word[2]; }

static rv_trace_source source_of(reader *r)
{
  return (rv_trace_source){
    .ctx = r,
    .symbol = find_symbol,
    .is_ram = is_ram,
    .in_guest = in_guest,
    .firmware = firmware,
    .instructions = instructions,
    .from = from,
    .disasm = rv_disasm,
    .version = r->header.program,
  };
}

static void free_place(void *p)
{
  g_free(((place *)p)->text);
  g_free(p);
}

static bool take_name(reader *r)
{
  const uint64_t addr = r->unit.part.word[0], offset = r->unit.part.word[1];
  char *text = take_text(r, r->unit.part.u.half[0]);
  if (!text)
    return false;
  place *p = g_new(place, 1);
  *p = (place){ offset, text };
  g_hash_table_replace(r->places, g_memdup2(&addr, sizeof addr), p);
  return true;
}

/* ---- parts of events ---- */

static bool take_steps(reader *r, rv_walk_log *w)
{
  while (take_part(r, RV_FILE_STEP)) {
    const rv_file_part *p = &r->unit.part;
    if (w->n == RV_WALK_MAX)
      return damaged(r, "a walk has too many steps");
    w->step[w->n++] = (rv_walk_step){ .stage = p->u.byte[0], .level = p->u.byte[1],
                                      .for_pte = p->u.byte[2], .why = p->u.byte[3],
                                      .leaf = p->u.byte[4], .va = p->word[0], .at = p->word[1],
                                      .pte = p->word[2], .result = p->word[3] };
  }
  return true;
}

static bool take_walk(reader *r, event *v)
{
  if (!take_part(r, RV_FILE_WALK))
    return true;
  const rv_file_part *p = &r->unit.part;
  rv_walk_log *w = &v->walk;
  w->n = 0;
  w->access = p->u.byte[0];
  w->prv = p->u.byte[1] & 3;
  w->v = p->u.byte[1] >> 2 & 1;
  w->mprv = p->u.byte[1] >> 3 & 1;
  w->hlv = p->u.byte[1] >> 4 & 1;
  w->hlvx = p->u.byte[1] >> 5 & 1;
  memcpy(w->modes, p->u.byte + 2, sizeof w->modes);
  w->pmlen = p->u.byte[5];
  memcpy(w->roots, p->word, sizeof w->roots);
  v->e.walk = w;
  return take_steps(r, w);
}

static void take_more(reader *r, event *v)
{
  if (!take_part(r, RV_FILE_MORE))
    return;
  const uint64_t *word = r->unit.part.word;
  if (v->e.type == RV_EV_SBI) {
    memcpy(v->e.u.sbi.arg, word, sizeof v->e.u.sbi.arg);
  } else if (v->e.type != RV_EV_XRET) {
    v->e.u.trap.mdeleg = word[0];
    v->e.u.trap.hdeleg = word[1];
    r->gpa_is_ram = word[2];
  }
}

static bool take_changes(reader *r, event *v)
{
  while (take_part(r, RV_FILE_CHANGES)) {
    const rv_file_part *p = &r->unit.part;
    if (p->n > 3 || v->e.n_change + p->n > MAX_CHANGES)
      return damaged(r, "too many CSRs were changed");
    for (unsigned i = 0; i < p->n; i++)
      v->change[v->e.n_change++] =
          (rv_csr_change){ p->u.half[i], p->word[2 * i], p->word[2 * i + 1] };
  }
  v->e.change = v->change;
  return true;
}

static bool take_registers(reader *r, uint64_t *x)
{
  while (take_part(r, RV_FILE_REGS)) {
    const rv_file_part *p = &r->unit.part;
    uint32_t mask = p->u.regs.mask;
    if (mask & 1 || p->n > RV_FILE_WORDS || __builtin_popcount(mask) != p->n)
      return damaged(r, "registers do not fit their mask");
    for (unsigned i = 0; mask; i++, mask &= mask - 1)
      x[__builtin_ctz(mask)] = p->word[i];
  }
  return true;
}

/* ---- events ---- */

static void set_mode(unsigned flags, unsigned at, uint8_t *prv, bool *v)
{
  *prv = flags >> at & 3;
  *v = flags >> at >> 2 & 1;
}

static void fill_trap(reader *r, rv_event *e, const rv_file_event *f)
{
  const bool interrupt = f->flags & RV_FILE_ALT;
  e->dest = f->word[0];
  e->u.trap.cause = f->cause;
  e->u.trap.interrupt = interrupt;
  e->u.trap.why = f->why;
  e->u.trap.tinst = f->tinst;
  e->u.trap.gva = f->flags & RV_FILE_GVA;
  e->u.trap.has_gpa = f->flags & RV_FILE_GPA;
  e->u.trap.tval = f->word[1];
  set_mode(f->flags, RV_FILE_ORIGIN, &e->u.trap.origin_prv, &e->u.trap.origin_v);
  if (e->type == RV_EV_WEDGED)
    e->u.trap.count = f->word[3];
  if (e->type != RV_EV_WEDGED && e->x && !interrupt && f->cause >= CAUSE_ECALL_U &&
      f->cause <= CAUSE_ECALL_M) {
    r->x[f->hart][17] = f->word[2];
    r->x[f->hart][16] = f->word[3];
    return;
  }
  e->u.trap.tval2 = f->word[2];
  if (e->u.trap.has_gpa)
    e->u.trap.gpa = f->word[2] << 2 | (f->flags >> RV_FILE_GPA_LOW & 3);
}

static void fill_xret(rv_event *e, const rv_file_event *f)
{
  e->dest = f->word[0];
  e->u.xret.mret = f->flags & RV_FILE_ALT;
  e->u.xret.status = f->word[1];
  e->u.xret.hstatus = f->word[2];
}

static void fill_sbi(rv_event *e, const rv_file_event *f)
{
  e->dest = f->pc;
  e->u.sbi.legacy = f->flags & RV_FILE_ALT;
  e->u.sbi.eid = f->word[0];
  e->u.sbi.fid = f->word[1];
  e->u.sbi.error = (int64_t)f->word[2];
  e->u.sbi.value = f->word[3];
}

static bool fill_hint(reader *r, event *v, uint64_t n)
{
  if (n >= sizeof v->hint)
    return damaged(r, "a hint is too long");
  g_autofree char *text = take_text(r, n);
  if (!text)
    return false;
  const size_t id = strlen(text);
  memcpy(v->hint, text, n + 1);
  v->e.u.hint.id = v->hint;
  g_strlcpy(v->e.u.hint.text, id < n ? text + id + 1 : "", sizeof v->e.u.hint.text);
  return true;
}

/* What the event's own unit says. */
static bool fill_event(reader *r, event *v, const rv_file_event *f)
{
  rv_event *e = &v->e;
  *e = (rv_event){ .type = f->type, .hart = f->hart, .insn = f->insn, .pc = f->pc, .dest = f->pc,
                   .raw = f->raw, .has_raw = f->flags & RV_FILE_RAW, .vmid = f->vmid };
  set_mode(f->flags, RV_FILE_FROM, &e->from_prv, &e->from_v);
  set_mode(f->flags, RV_FILE_TO, &e->to_prv, &e->to_v);
  if (f->flags & RV_FILE_X)
    e->x = r->x[f->hart];
  switch (f->type) {
  case RV_EV_TRAP:
  case RV_EV_REDIRECT:
  case RV_EV_WEDGED:
    fill_trap(r, e, f);
    return true;
  case RV_EV_XRET:
    fill_xret(e, f);
    return true;
  case RV_EV_SBI:
    fill_sbi(e, f);
    return true;
  case RV_EV_HINT:
    return fill_hint(r, v, f->word[0]);
  }
  return damaged(r, "a unit of an unknown type");
}

static bool take_event(reader *r, event *v)
{
  const rv_file_event f = r->unit.event;
  if (f.hart >= MAX_HARTS)
    return damaged(r, "there is no such hart");
  r->gpa_is_ram = false;
  if (!fill_event(r, v, &f) || !take_walk(r, v))
    return false;
  take_more(r, v);
  if (!take_changes(r, v) || !take_registers(r, r->x[f.hart]))
    return false;
  if (!peek(r)) /* more of it may be lost: not told by half */
    return cut_short(r);
  if (r->text && (f.type != RV_EV_SBI || r->header.all))
    rv_traplog_event(r->text, &v->e);
  if (r->json)
    rv_jsonlog_event(r->json, &v->e);
  return true;
}

static bool take_end(reader *r)
{
  const rv_file_part end = r->unit.part;
  rvh_result result = { .status = (int)(int64_t)end.word[1], .ended = end.u.byte[4] };
  if (end.u.half[0] >= sizeof result.reason)
    return damaged(r, "the reason of the end is too long");
  g_autofree char *reason = take_text(r, end.u.half[0]);
  if (!reason)
    return false;
  if (peek(r))
    return damaged(r, "it goes on after its end");
  g_strlcpy(result.reason, reason, sizeof result.reason);
  r->end = &end;
  const rvh_result *told = end.u.byte[3] ? &result : NULL;
  if (r->text)
    rv_traplog_end(r->text, told);
  if (r->json)
    rv_jsonlog_end(r->json, told);
  r->text = NULL;
  r->json = NULL;
  return true;
}

/* True at the end of the file, in good order. */
static bool take_all(reader *r)
{
  g_autofree event *v = g_new0(event, 1);
  while (take(r)) {
    const unsigned type = r->unit.part.type;
    if (type == RV_FILE_END)
      return take_end(r);
    if (type == RV_FILE_NAME ? !take_name(r) : !take_event(r, v))
      return false;
  }
  return cut_short(r);
}

/* ---- the header, and what may be asked of the file ---- */

static bool check_header(reader *r)
{
  static const char *const way_out = "record one: rvh-sim hv.elf --trace-traps --trace-file=NAME.rvt";
  const rv_file_header *h = &r->header;
  if (!take(r))
    return ferror(r->in) ? fail(r, g_strerror(errno), "give a file that can be read")
                         : fail(r, "is no event file: it is too short", way_out);
  r->header = r->unit.header;
  if (memcmp(h->magic, RV_FILE_MAGIC, sizeof h->magic))
    return fail(r, "is no event file", way_out);
  if (h->version != RV_FILE_VERSION || h->unit != sizeof(rv_file_unit))
    return fail(r, "is an event file of another version of rvh-sim",
                "render it with the rvh-sim that wrote it");
  if (h->level > RVH_TRACE_FULL || h->all > 1 || h->title > MAX_NAME ||
      !memchr(h->program, 0, sizeof h->program))
    return damaged(r, "the header makes no sense");
  return true;
}

static const char *const levels[] = { "line", "why", "full" };

static bool check_wanted(reader *r, const rvh_rendering *how)
{
  const rv_file_header *h = &r->header;
  g_autofree char *problem = NULL;
  if (how->json && h->level != RVH_TRACE_FULL) {
    problem = g_strdup_printf("has level %s, and JSON wants full", levels[h->level]);
    return fail(r, problem, "record it with --trace-traps=full");
  }
  if (how->has_level && how->level > h->level) {
    problem = g_strdup_printf("has level %s, not %s", levels[h->level], levels[how->level]);
    g_autofree char *way_out =
        g_strdup_printf("record it with --trace-traps=%s", levels[how->level]);
    return fail(r, problem, way_out);
  }
  if (how->has_all && how->all && !h->all && h->level != RVH_TRACE_FULL)
    return fail(r, "has only what --trace-only=V shows",
                "record it with --trace-only=all, or with --trace-traps=full");
  if (how->has_level)
    r->header.level = how->level;
  if (how->has_all)
    r->header.all = how->all;
  return true;
}

static bool render(reader *r, const rvh_rendering *how)
{
  if (!check_header(r) || !check_wanted(r, how))
    return false;
  g_autofree char *title = take_text(r, r->header.title);
  if (!title)
    return false;
  const rv_trace_source source = source_of(r);
  if (how->text)
    r->text = rv_traplog_new(&source, r->header.level, r->header.all, how->text, title);
  if (how->json)
    r->json = rv_jsonlog_new(&source, how->json, title);
  const bool whole = take_all(r);
  if (r->text)
    rv_traplog_free(r->text);
  if (r->json)
    rv_jsonlog_free(r->json);
  return whole;
}

bool rv_render(FILE *in, const char *name, const rvh_rendering *how, GError **error)
{
  g_autofree reader *r = g_new0(reader, 1);
  r->in = in;
  r->name = name;
  r->error = error;
  r->places = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_place);
  const bool whole = render(r, how);
  g_hash_table_unref(r->places);
  return whole;
}
