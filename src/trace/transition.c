/* transition.c - folds events into entries, exits and guest-internal traps (transition.h). */
#include "trace/transition.h"
#include "trace/explain.h"
#include "trace/names.h"
#include <inttypes.h>
#include <string.h>

uint64_t rv_transitions_mask(void)
{
  return 1ull << RV_EV_TRAP | 1ull << RV_EV_REDIRECT | 1ull << RV_EV_XRET;
}

static void release(rv_transitions *ts, unsigned hart)
{
  if (!ts->hart[hart].held)
    return;
  ts->hart[hart].held = false;
  ts->sink(ts->ctx, &ts->hart[hart].exit);
}

void rv_transitions_flush(rv_transitions *ts)
{
  for (unsigned i = 0; i < RV_TR_HARTS; i++)
    release(ts, i);
}

static rv_transition from_event(const rv_event *e)
{
  rv_transition t = { .hart = e->hart,
                      .from_prv = e->from_prv,
                      .to_prv = e->to_prv,
                      .from_v = e->from_v,
                      .to_v = e->to_v,
                      .insn = e->insn,
                      .pc = e->pc,
                      .vmid = e->vmid,
                      .has_raw = e->has_raw,
                      .raw = e->raw,
                      .has_x = e->x };
  if (e->x)
    memcpy(t.x, e->x, sizeof t.x);
  if (e->type == RV_EV_XRET) {
    t.pc = e->dest;
    return t;
  }
  t.cause = e->u.trap.cause;
  t.interrupt = e->u.trap.interrupt;
  t.tval = e->u.trap.tval;
  t.has_gpa = e->u.trap.has_gpa;
  t.gpa = e->u.trap.gpa;
  t.tinst = e->u.trap.tinst;
  return t;
}

static void on_trap(rv_transitions *ts, const rv_event *e)
{
  rv_transition t = from_event(e);
  const bool redirect = e->type == RV_EV_REDIRECT;
  if (redirect) { /* what the guest sees is one trap, from where it was */
    ts->hart[e->hart].held = false;
    t.from_v = e->u.trap.origin_v;
    t.from_prv = e->u.trap.origin_prv;
  } else {
    release(ts, e->hart);
  }
  if (!t.from_v)
    return;
  t.kind = t.to_v ? RV_TR_TRAP : RV_TR_EXIT;
  ts->hart[e->hart].open = !t.to_v;
  if (t.to_v) {
    ts->sink(ts->ctx, &t);
    return;
  }
  ts->hart[e->hart].exit = t;
  ts->hart[e->hart].held = t.to_prv == PRV_M;
  if (!ts->hart[e->hart].held)
    ts->sink(ts->ctx, &t);
}

/* Firmware of -bios hands on by mret: to HS, or, where VU trapped and VS goes on, to the guest.
 * True: this mret was that and no more. */
static bool hands_on(rv_transitions *ts, const rv_event *e)
{
  rv_transition *exit = &ts->hart[e->hart].exit;
  if (!ts->hart[e->hart].held || e->from_prv != PRV_M || e->to_prv != PRV_S ||
      (e->to_v && exit->from_prv != PRV_U))
    return false;
  exit->to_prv = PRV_S;
  exit->to_v = e->to_v;
  exit->kind = e->to_v ? RV_TR_TRAP : RV_TR_EXIT;
  ts->hart[e->hart].open = !e->to_v;
  return true;
}

static void on_xret(rv_transitions *ts, const rv_event *e)
{
  const bool handed_on = hands_on(ts, e);
  release(ts, e->hart);
  if (handed_on)
    return;
  if (e->from_v || !e->to_v)
    return;
  rv_transition t = from_event(e);
  const rv_transition *exit = &ts->hart[e->hart].exit;
  t.kind = RV_TR_ENTER;
  t.answers = ts->hart[e->hart].open;
  ts->hart[e->hart].open = false;
  if (t.answers)
    t.delta = (int64_t)(t.pc - exit->pc);
  t.other_vm = t.answers && t.vmid != exit->vmid;
  for (unsigned i = 1; t.answers && t.has_x && exit->has_x && i < 32; i++)
    t.changed |= (uint32_t)(t.x[i] != exit->x[i]) << i;
  ts->sink(ts->ctx, &t);
}

void rv_transitions_event(rv_transitions *ts, const rv_event *e)
{
  if (e->hart >= RV_TR_HARTS)
    return;
  if (e->type == RV_EV_XRET)
    on_xret(ts, e);
  else if (e->type == RV_EV_TRAP || e->type == RV_EV_REDIRECT)
    on_trap(ts, e);
}

/* ---- words ---- */

bool rv_transition_is_sbi(const rv_transition *t)
{
  return t->kind == RV_TR_EXIT && !t->interrupt && t->cause == CAUSE_ECALL_VS && t->has_x;
}

char *rv_transition_place(const rv_trace_source *source, uint64_t addr)
{
  uint64_t offset = 0;
  const char *name = source->symbol(source->ctx, addr, &offset);
  if (!name)
    return g_strdup_printf("0x%" PRIx64, addr);
  return offset ? g_strdup_printf("%s+0x%" PRIx64, name, offset) : g_strdup(name);
}

void rv_transition_add_sbi(GString *s, const rv_transition *t, const char *extension)
{
  const char *function = rv_name_sbi_function(t->x[17], t->x[16]);
  if (extension)
    g_string_append_printf(s, " sbi %s", extension);
  else
    g_string_append_printf(s, " sbi 0x%" PRIx64, t->x[17]);
  if (function)
    g_string_append_printf(s, " %s", function);
  else
    g_string_append_printf(s, " 0x%" PRIx64, t->x[16]);
}

void rv_transition_add_cause(GString *s, const rv_transition *t)
{
  const char *name = rv_name_cause(t->cause, t->interrupt);
  g_string_append(s, t->interrupt ? " int=" : " cause=");
  if (name)
    g_string_append(s, name);
  else
    g_string_append_printf(s, "%" PRIu64, t->cause);
}

static void add_trap(GString *s, const rv_transition *t)
{
  rv_transition_add_cause(s, t);
  if (rv_transition_is_sbi(t))
    rv_transition_add_sbi(s, t, rv_name_sbi_extension(t->x[17]));
  if (t->has_raw && (t->cause == CAUSE_ILLEGAL || t->cause == CAUSE_VIRTUAL))
    g_string_append_printf(s, " insn=0x%x", t->raw);
  if (t->has_gpa)
    g_string_append_printf(s, " gpa=0x%" PRIx64, t->gpa);
  if (t->tval)
    g_string_append_printf(s, " tval=0x%" PRIx64, t->tval);
  if (t->tinst)
    g_string_append_printf(s, " tinst=0x%" PRIx64, t->tinst);
}

char *rv_transition_describe(const rv_trace_source *source, const rv_transition *t)
{
  static const char *const words[] = { "enter", "exit", "trap" };
  const char *word = t->kind == RV_TR_ENTER && t->answers ? "resume" : words[t->kind];
  GString *s = g_string_new(NULL);
  g_string_append_printf(s, "insn %" PRIu64 " %s->%s: %s", t->insn,
                         rv_mode_name(t->from_prv, t->from_v), rv_mode_name(t->to_prv, t->to_v),
                         word);
  if (t->kind != RV_TR_ENTER)
    add_trap(s, t);
  else if (t->answers && !t->other_vm && t->delta >= -16 && t->delta <= 16)
    g_string_append_printf(s, " %+" PRId64, t->delta);
  g_autofree char *place = rv_transition_place(source, t->pc);
  g_string_append_printf(s, " pc=%s", place);
  if (t->vmid)
    g_string_append_printf(s, " vmid=%u", t->vmid);
  if (t->hart)
    g_string_append_printf(s, " hart=%u", t->hart);
  return g_string_free(s, FALSE);
}
