/* expect_record.c - --record-expect: a run as an expectation file, to be edited down to what
 * matters. Repetitions are left out; the file holds for the run it came from.
 */
#include "trace/expect.h"
#include "trace/names.h"
#include "trace/transition.h"
#include <inttypes.h>
#include <string.h>

enum { MAX_TEXT = 200 };

struct rvh_record {
  rv_transitions transitions;
  FILE *out;
  bool moved;    /* a transition came after the last character of it */
  GString *text; /* the console's current line */
  char *last[2]; /* the two lines written last: an exit and its answer */
  char *held;    /* one that repeats last[0]: the next decides */
  uint64_t repeats;
};

static void write_repeats(rv_record *r)
{
  if (r->repeats)
    fprintf(r->out, "# these two again, %" PRIu64 " times\n", r->repeats);
  r->repeats = 0;
}

static void write_line(rv_record *r, char *line)
{
  write_repeats(r);
  fprintf(r->out, "%s\n", line);
  g_free(r->last[0]);
  r->last[0] = r->last[1];
  r->last[1] = line;
}

static void flush_held(rv_record *r)
{
  char *held = r->held;
  r->held = NULL;
  if (held)
    write_line(r, held);
}

/* Takes the line. Pairs that repeat are only counted. */
static void add_line(rv_record *r, char *line)
{
  if (r->held && !g_strcmp0(line, r->last[1])) {
    g_clear_pointer(&r->held, g_free);
    g_free(line);
    r->repeats++;
    return;
  }
  flush_held(r);
  if (!g_strcmp0(line, r->last[0]))
    r->held = line;
  else
    write_line(r, line);
}

static void add_place(rv_record *r, GString *s, uint64_t pc, bool exact)
{
  uint64_t offset = 0;
  const char *name = r->transitions.source.symbol(r->transitions.source.ctx, pc, &offset);
  if (!name)
    g_string_append_printf(s, " pc=0x%" PRIx64, pc);
  else if (offset == 0)
    g_string_append_printf(s, " pc=%s", name);
  else if (exact)
    g_string_append_printf(s, " pc=%s+0x%" PRIx64, name, offset);
  else
    g_string_append_printf(s, " in=%s", name);
}

/* Only names that the language knows. */
static void add_sbi(GString *s, const rv_transition *t)
{
  const char *extension = rv_name_sbi_extension(t->x[17]);
  rv_transition_add_sbi(s, t, extension && rv_is_sbi_extension(extension) ? extension : NULL);
}

/* What the handler has to look at. */
static void add_trap(GString *s, const rv_transition *t)
{
  if (rv_transition_is_sbi(t)) {
    add_sbi(s, t);
    return;
  }
  rv_transition_add_cause(s, t);
  if (t->has_raw && (t->cause == CAUSE_ILLEGAL || t->cause == CAUSE_VIRTUAL) && !t->interrupt)
    g_string_append_printf(s, " insn=0x%x", t->raw);
  if (t->has_gpa)
    g_string_append_printf(s, " gpa=0x%" PRIx64, t->gpa);
  else if (t->tval && t->cause != CAUSE_ILLEGAL && t->cause != CAUSE_VIRTUAL)
    g_string_append_printf(s, " tval=0x%" PRIx64, t->tval);
}

/* Registers the handler gave the guest; many mean that it is another guest. */
static void add_gpr(GString *s, const rv_transition *t)
{
  if (!t->changed || __builtin_popcount(t->changed) > 2)
    return;
  g_string_append(s, " gpr");
  for (unsigned i = 1; i < 32; i++)
    if (t->changed >> i & 1)
      g_string_append_printf(s, " %s=0x%" PRIx64, rv_name_x(i), t->x[i]);
}

static void add_entry(rv_record *r, GString *s, const rv_transition *t)
{
  if (t->answers && !t->other_vm && t->delta >= 0 && t->delta <= 4) {
    g_string_append_printf(s, "resume +%" PRId64, t->delta);
  } else if (t->answers) {
    g_string_append(s, "resume");
    add_place(r, s, t->pc, false);
  } else {
    g_string_append_printf(s, "enter %s", rv_mode_name(t->to_prv, t->to_v));
    add_place(r, s, t->pc, false);
  }
  if (t->vmid)
    g_string_append_printf(s, " vmid=%u", t->vmid);
  if (t->answers && !t->other_vm)
    add_gpr(s, t);
}

static void on_transition(void *ctx, const rv_transition *t)
{
  rv_record *r = ctx;
  GString *s = g_string_new(NULL);
  r->moved = true;
  switch (t->kind) {
  case RV_TR_ENTER:
    add_entry(r, s, t);
    break;
  case RV_TR_TRAP:
    g_string_append_printf(s, "trap %s->%s", rv_mode_name(t->from_prv, t->from_v),
                           rv_mode_name(t->to_prv, t->to_v));
    add_trap(s, t);
    break;
  default:
    g_string_append(s, "exit");
    add_trap(s, t);
    if (t->from_prv == PRV_U)
      g_string_append(s, " from=VU");
    if (t->to_prv == PRV_M)
      g_string_append(s, " to=M");
    break;
  }
  add_line(r, g_string_free(s, FALSE));
}

static void end_text(rv_record *r)
{
  GString *s = g_string_new("console \"");
  for (size_t i = 0; i < r->text->len; i++) {
    const uint8_t c = (uint8_t)r->text->str[i];
    if (c < 0x20 || c > 0x7e)
      g_string_append_printf(s, "\\x%02x", c);
    else
      g_string_append_printf(s, c == '"' || c == '\\' ? "\\%c" : "%c", c);
  }
  /* Without it, the text had ended before that transition. */
  g_string_append(s, r->moved ? "\\n\"" : "\"");
  char *line = g_string_free(s, FALSE);
  if (r->text->len)
    add_line(r, line);
  else
    g_free(line);
  g_string_truncate(r->text, 0);
}

rv_record *rv_record_new(const rv_trace_source *source, FILE *out, const char *title)
{
  rv_record *r = g_new0(rv_record, 1);
  r->transitions = (rv_transitions){ .source = *source, .sink = on_transition, .ctx = r };
  r->out = out;
  r->text = g_string_new(NULL);
  fprintf(out, "# %s: a draft by --record-expect. Keep what matters; docs/expect.md\n",
          title ? title : "recorded");
  return r;
}

void rv_record_event(rv_record *r, const rv_event *e) { rv_transitions_event(&r->transitions, e); }

void rv_record_console(rv_record *r, const uint8_t *bytes, size_t n)
{
  rv_transitions_flush(&r->transitions);
  for (size_t i = 0; i < n; i++)
    if (bytes[i] == '\n')
      end_text(r);
    else if (bytes[i] && bytes[i] != '\r' && r->text->len < MAX_TEXT) {
      g_string_append_c(r->text, (char)bytes[i]);
      r->moved = false;
    }
}

void rv_record_end(rv_record *r, const rvh_result *result)
{
  rv_transitions_flush(&r->transitions);
  r->moved = false; /* there is no newline to come */
  end_text(r);
  flush_held(r);
  write_repeats(r);
  if (result && result->ended && result->status <= RVH_EXIT_GUEST_MAX)
    fprintf(r->out, "poweroff %d\n", result->status);
  fflush(r->out);
  g_free(r->last[0]);
  g_free(r->last[1]);
  g_string_free(r->text, TRUE);
  g_free(r);
}
