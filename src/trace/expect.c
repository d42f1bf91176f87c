/* expect.c - rules against the run: the ordered ones one after the other, the others all the time.
 * The first failure that no later event can mend ends the matching. docs/expect.md says what each
 * line means.
 */
#include "trace/expect_rule.h"
#include "trace/names.h"
#include <inttypes.h>
#include <string.h>

enum { MAX_TAIL = 2000 };

/* ---- one transition against one rule ---- */

static uint64_t mode_of(uint8_t prv, bool v) { return 4u * v + prv; }

static const char *mode_text(uint64_t mode) { return rv_mode_name(mode & 3, mode >> 2); }

/* A symbol is compared by its name, too: a guest may run elsewhere than it was linked. */
static bool same_place(const rv_expect *x, const rv_rule *r, uint64_t pc)
{
  uint64_t offset = 0;
  if (!r->symbol[0])
    return pc == r->value[KEY_PC];
  if (pc == r->address + r->value[KEY_PC])
    return true;
  const char *name = x->source.symbol(x->source.ctx, pc, &offset);
  return name && offset == r->value[KEY_PC] && !strcmp(name, r->symbol[0]);
}

static bool inside(const rv_expect *x, const rv_rule *r, uint64_t pc)
{
  uint64_t offset;
  const char *name = x->source.symbol(x->source.ctx, pc, &offset);
  return name && !strcmp(name, r->symbol[1]);
}

static bool same_sbi(const rv_rule *r, const rv_transition *t)
{
  if (!rv_transition_is_sbi(t))
    return false;
  const char *extension = rv_name_sbi_extension(t->x[17]);
  const char *function = rv_name_sbi_function(t->x[17], t->x[16]);
  if (r->extension ? !extension || g_ascii_strcasecmp(extension, r->extension) : t->x[17] != r->eid)
    return false;
  if (!r->has_function)
    return true;
  return r->function ? function && !g_ascii_strcasecmp(function, r->function) : t->x[16] == r->fid;
}

static bool same_gpr(const rv_rule *r, const rv_transition *t)
{
  for (unsigned i = 0; i < 32; i++)
    if (r->gpr_mask >> i & 1 && (!t->has_x || t->x[i] != r->gpr[i]))
      return false;
  return true;
}

static bool holds(const rv_expect *x, const rv_rule *r, const rv_transition *t, rule_key key)
{
  const uint64_t value = r->value[key];
  switch (key) {
  case KEY_FROM:
    return mode_of(t->from_prv, t->from_v) == value;
  case KEY_TO:
    return mode_of(t->to_prv, t->to_v) == value;
  case KEY_CAUSE:
    return !t->interrupt && t->cause == value;
  case KEY_INT:
    return t->interrupt && (value == ANY_INTERRUPT || t->cause == value);
  case KEY_SBI:
    return same_sbi(r, t);
  case KEY_INSN:
    return t->has_raw && t->raw == value;
  case KEY_GPA:
    return t->has_gpa && t->gpa == value;
  case KEY_TVAL:
    return t->tval == value;
  case KEY_TINST:
    return t->tinst == value;
  case KEY_DELTA:
    return t->answers && (uint64_t)t->delta == value;
  case KEY_PC:
    return same_place(x, r, t->pc);
  case KEY_IN:
    return inside(x, r, t->pc);
  case KEY_VMID:
    return t->vmid == value;
  case KEY_HART:
    return t->hart == value;
  default:
    return same_gpr(r, t);
  }
}

static bool same_kind(const rv_rule *r, const rv_transition *t)
{
  switch (r->kind) {
  case RULE_ENTER:
    return t->kind == RV_TR_ENTER;
  case RULE_RESUME:
    return t->kind == RV_TR_ENTER && t->answers;
  case RULE_EXIT:
    return t->kind == RV_TR_EXIT;
  case RULE_TRAP:
    return t->kind == RV_TR_TRAP;
  default:
    return false;
  }
}

/* How many conditions hold, and 1 for the kind; 0: another kind. *all: it is the one. */
static unsigned compare(const rv_expect *x, const rv_rule *r, const rv_transition *t, bool *all)
{
  unsigned score = same_kind(r, t);
  *all = score;
  for (rule_key key = 0; score && key < N_KEY; key++)
    if (r->keys >> key & 1) {
      const bool same = holds(x, r, t, key);
      /* What trapped says more than where: such a transition is the likelier one. */
      score += same ? key <= KEY_SBI ? 8 : 1 : 0;
      *all &= same;
    }
  return score;
}

static bool matches(const rv_expect *x, const rv_rule *r, const rv_transition *t)
{
  bool all;
  compare(x, r, t, &all);
  return all;
}

/* ---- what is not as expected, in words ---- */

static void tell_gpr(GString *s, const rv_rule *r, const rv_transition *t)
{
  for (unsigned i = 0; i < 32; i++)
    if (r->gpr_mask >> i & 1 && (!t->has_x || t->x[i] != r->gpr[i])) {
      g_string_append_printf(s, "%s is 0x%" PRIx64, rv_name_x(i), t->x[i]);
      return;
    }
}

static void tell(const rv_expect *x, GString *s, const rv_transition *t, const rv_rule *r,
                 rule_key key)
{
  g_autofree char *place = rv_transition_place(&x->source, t->pc);
  const char *cause = rv_name_cause(t->cause, t->interrupt);
  switch (key) {
  case KEY_FROM:
    g_string_append_printf(s, "from is %s", mode_text(mode_of(t->from_prv, t->from_v)));
    break;
  case KEY_TO:
    g_string_append_printf(s, "to is %s", mode_text(mode_of(t->to_prv, t->to_v)));
    break;
  case KEY_CAUSE:
  case KEY_INT:
    g_string_append_printf(s, "%s is %" PRIu64 " %s", t->interrupt ? "int" : "cause", t->cause,
                           cause ? cause : "(no such cause)");
    break;
  case KEY_SBI:
    g_string_append(s, rv_transition_is_sbi(t) ? "another SBI call" : "no SBI call");
    break;
  case KEY_INSN:
    g_string_append_printf(s, t->has_raw ? "insn is 0x%x" : "insn is not known", t->raw);
    break;
  case KEY_GPA:
    g_string_append_printf(s, t->has_gpa ? "gpa is 0x%" PRIx64 : "there is no gpa", t->gpa);
    break;
  case KEY_TVAL:
    g_string_append_printf(s, "tval is 0x%" PRIx64, t->tval);
    break;
  case KEY_TINST:
    g_string_append_printf(s, "tinst is 0x%" PRIx64, t->tinst);
    break;
  case KEY_DELTA:
    g_string_append_printf(s, "pc is %s, %+" PRId64 " from the exit's", place, t->delta);
    break;
  case KEY_PC:
  case KEY_IN:
    g_string_append_printf(s, "pc is %s", place);
    break;
  case KEY_VMID:
    g_string_append_printf(s, "vmid is %u", t->vmid);
    break;
  case KEY_HART:
    g_string_append_printf(s, "hart is %u", t->hart);
    break;
  default:
    tell_gpr(s, r, t);
    break;
  }
}

static char *difference(const rv_expect *x, const rv_rule *r, const rv_transition *t)
{
  GString *s = g_string_new(NULL);
  if (!same_kind(r, t))
    g_string_append(s, "another kind of transition");
  else
    for (rule_key key = 0; key < N_KEY; key++)
      if (r->keys >> key & 1 && !holds(x, r, t, key)) {
        g_string_append(s, s->len ? ", " : "");
        tell(x, s, t, r, key);
      }
  return g_string_free(s, FALSE);
}

static void add_transition(const rv_expect *x, GString *s, const char *before,
                           const rv_transition *t, const char *why)
{
  g_autofree char *text = rv_transition_describe(&x->source, t);
  g_string_append_printf(s, "%s%s%s%s%s\n", before, text, why ? " (" : "", why ? why : "",
                         why ? ")" : "");
}

static void add_before(const rv_expect *x, GString *s, const rv_transition *before, unsigned n)
{
  g_string_append(s, n ? "the transitions before:\n" : "there was no transition before\n");
  for (unsigned i = 0; i < n; i++)
    add_transition(x, s, "  ", &before[i], NULL);
}

/* The last transitions so far, oldest first. */
static unsigned copy_history(const rv_expect *x, rv_transition *to)
{
  const unsigned n = x->n_history < N_BEFORE ? (unsigned)x->n_history : N_BEFORE;
  for (unsigned i = 0; i < n; i++)
    to[i] = x->history[(x->n_history - n + i) % N_BEFORE];
  return n;
}

static void add_history(const rv_expect *x, GString *s)
{
  rv_transition before[N_BEFORE];
  const unsigned n = copy_history(x, before);
  add_before(x, s, before, n);
}

/* The first failure; message is taken. Whatever comes does not matter any more. */
static void fail(rv_expect *x, rv_rule *r, GString *message)
{
  r->state = RULE_FAILED;
  r->message = g_string_free(message, FALSE);
  x->failed = true;
}

static void fail_now(rv_expect *x, rv_rule *r, GString *message)
{
  fail(x, r, message);
  x->stopped = true;
}

/* ---- ordered rules ---- */

static void skip_others(rv_expect *x)
{
  while (x->at < x->rules->len && rule_at(x, x->at)->mode != MODE_ORDERED)
    x->at++;
}

static rv_rule *current(const rv_expect *x)
{
  return x->at < x->rules->len ? rule_at(x, x->at) : NULL;
}

static void advance(rv_expect *x, uint64_t now)
{
  rule_at(x, x->at)->state = RULE_HELD;
  x->at++;
  x->since = now;
  x->near.score = 0;
  skip_others(x);
}

static uint64_t passed(const rv_expect *x, uint64_t now)
{
  return now > x->since ? now - x->since : 0;
}

/* Whether the time of the rule waited for is over. t: what comes now, or NULL. */
static bool too_late(rv_expect *x, uint64_t now, const rv_transition *t)
{
  rv_rule *r = current(x);
  if (!r || !r->has_within || passed(x, now) <= r->within)
    return false;
  GString *s = g_string_new(NULL);
  g_string_append_printf(s,
                         "came instead: nothing within %" PRIu64 " insns; %" PRIu64
                         " have passed since the line before\n",
                         r->within, passed(x, now));
  if (t)
    add_transition(x, s, "then came: ", t, NULL);
  add_history(x, s);
  fail_now(x, r, s);
  return true;
}

/* Keeps the transition that is most like the one waited for, to be shown if none comes. */
static void note_near(rv_expect *x, const rv_rule *r, const rv_transition *t, unsigned score)
{
  if (score <= x->near.score)
    return;
  x->near.score = score;
  x->near.what = *t;
  g_free(x->near.difference);
  x->near.difference = difference(x, r, t);
  x->near.n_before = copy_history(x, x->near.before);
}

static void match_ordered(rv_expect *x, const rv_transition *t)
{
  rv_rule *r = current(x);
  bool all;
  if (!r || too_late(x, t->insn, t))
    return;
  const unsigned score = compare(x, r, t, &all);
  if (all) {
    advance(x, t->insn);
    return;
  }
  note_near(x, r, t, score);
  if (!r->strict)
    return;
  GString *s = g_string_new(NULL);
  g_autofree char *why = difference(x, r, t);
  add_transition(x, s, "came instead: ", t, why);
  g_string_append(s, "the line is strict: nothing else may come before it\n");
  add_history(x, s);
  fail_now(x, r, s);
}

/* ---- the rules that watch ---- */

static void fail_forbidden(rv_expect *x, rv_rule *r, const char *came)
{
  GString *s = g_string_new(NULL);
  g_string_append_printf(s, "came all the same: %s\n", came);
  add_history(x, s);
  fail_now(x, r, s);
}

/* In a row: with no other of its kind in between, of the same cause, and if asked at the same pc.
 */
static void watch_forbidden(rv_expect *x, rv_rule *r, const rv_transition *t)
{
  if (!same_kind(r, t))
    return;
  const uint64_t cause = t->cause << 1 | t->interrupt;
  const bool match = matches(x, r, t);
  const bool again = r->seen && r->last_cause == cause && (!r->same_pc || r->last_pc == t->pc);
  r->seen = !match ? 0 : again ? r->seen + 1 : 1;
  r->last_cause = cause;
  r->last_pc = t->pc;
  if (r->seen <= r->repeat)
    return;
  g_autofree char *text = rv_transition_describe(&x->source, t);
  g_autofree char *times =
      r->repeat ? g_strdup_printf("%s (%" PRIu64 " in a row)", text, r->seen) : g_strdup(text);
  fail_forbidden(x, r, times);
}

static void fail_count(rv_expect *x, rv_rule *r, bool more)
{
  GString *s = g_string_new(NULL);
  g_string_append_printf(s, "came instead: %" PRIu64 "%s\n", r->seen, more ? " already" : "");
  add_history(x, s);
  fail(x, r, s);
  x->stopped |= more;
}

static void watch_count(rv_expect *x, rv_rule *r, const rv_transition *t)
{
  r->seen += matches(x, r, t);
  if (r->op != COUNT_LEAST && r->seen > r->number)
    fail_count(x, r, true);
}

static void on_transition(void *ctx, const rv_transition *t)
{
  rv_expect *x = ctx;
  for (unsigned i = 0; i < x->rules->len && !x->stopped; i++) {
    rv_rule *r = rule_at(x, i);
    if (r->mode == MODE_FORBID)
      watch_forbidden(x, r, t);
    else if (r->mode == MODE_COUNT)
      watch_count(x, r, t);
  }
  if (!x->stopped)
    match_ordered(x, t);
  x->history[x->n_history++ % N_BEFORE] = *t;
}

static void on_hint(rv_expect *x, const rv_event *e)
{
  for (unsigned i = 0; i < x->rules->len && !x->stopped; i++) {
    rv_rule *r = rule_at(x, i);
    if (r->kind != RULE_HINT || (r->words && g_ascii_strcasecmp(r->words, e->u.hint.id)))
      continue;
    g_autofree char *text = g_strdup_printf("hint %s: %s", e->u.hint.id, e->u.hint.text);
    fail_forbidden(x, r, text);
  }
}

/* ---- console ---- */

static void append(GString *tail, char c)
{
  g_string_append_c(tail, c);
  if (tail->len > 2 * MAX_TAIL)
    g_string_erase(tail, 0, MAX_TAIL);
}

/* Whether the rule's text ends here. It may have begun before the line before it came: a guest that
 * prints by ecalls makes transitions in the middle of its words. */
static bool ends_here(const rv_rule *r, const GString *tail)
{
  const size_t n = strlen(r->words);
  return tail->len >= n && !memcmp(tail->str + tail->len - n, r->words, n);
}

static void on_byte(rv_expect *x, char c, uint64_t now)
{
  rv_rule *wanted = current(x);
  for (unsigned i = 0; i < x->rules->len && !x->stopped; i++) {
    rv_rule *r = rule_at(x, i);
    if (r->kind != RULE_CONSOLE || r->mode != MODE_FORBID)
      continue;
    append(r->tail, c);
    if (ends_here(r, r->tail))
      fail_forbidden(x, r, "the text");
  }
  append(x->heard, c);
  if (x->stopped || !wanted || wanted->kind != RULE_CONSOLE || too_late(x, now, NULL))
    return;
  if (ends_here(wanted, x->heard)) {
    g_string_truncate(x->heard, 0);
    advance(x, now);
  }
}

bool rv_expect_console(rv_expect *x, const uint8_t *bytes, size_t n)
{
  if (x->stopped)
    return false;
  rv_transitions_flush(&x->transitions);
  const uint64_t now = x->source.instructions(x->source.ctx);
  for (size_t i = 0; i < n && !x->stopped; i++)
    if (bytes[i] != '\r')
      on_byte(x, (char)bytes[i], now);
  return !x->stopped;
}

/* ---- the run ---- */

uint64_t rv_expect_mask(void) { return rv_transitions_mask() | 1ull << RV_EV_HINT; }

bool rv_expect_event(rv_expect *x, const rv_event *e)
{
  if (x->stopped)
    return false;
  if (e->type == RV_EV_HINT)
    on_hint(x, e);
  else
    rv_transitions_event(&x->transitions, e);
  return !x->stopped;
}

static bool find_symbols(rv_expect *x, rv_rule *r, rv_find_address *address, GError **error)
{
  for (unsigned i = 0; i < 2; i++) {
    uint64_t at;
    if (!r->symbol[i])
      continue;
    if (!address(x->source.ctx, r->symbol[i], &at)) {
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                  "%s:%u: '%.40s': no such symbol in the program\n"
                  "nm lists them; or write the address: pc=0x80400000",
                  x->file, r->line, r->symbol[i]);
      return false;
    }
    if (i == 0)
      r->address = at;
  }
  return true;
}

bool rv_expect_bind(rv_expect *x, const rv_trace_source *source, rv_find_address *address,
                    GError **error)
{
  x->source = *source;
  x->transitions = (rv_transitions){ .source = *source, .sink = on_transition, .ctx = x };
  for (unsigned i = 0; i < x->rules->len; i++)
    if (!find_symbols(x, rule_at(x, i), address, error))
      return false;
  skip_others(x);
  return true;
}

/* ---- the end ---- */

static void add_console(GString *s, const GString *heard)
{
  const size_t skipped = heard->len > 200 ? heard->len - 200 : 0;
  g_autofree char *text = g_strescape(heard->str + skipped, NULL);
  if (heard->len)
    g_string_append_printf(s, "came instead: \"%s%s\"\n", skipped ? "..." : "", text);
  else
    g_string_append(s, "came instead: no text\n");
}

static void add_end(GString *s, const rvh_result *result)
{
  if (result && result->reason[0])
    g_string_append_printf(s, "the run ended: %.*s\n", (int)strcspn(result->reason, "\n"),
                           result->reason);
}

/* The rule waited for never came. */
static void fail_missing(rv_expect *x, rv_rule *r, const rvh_result *result)
{
  GString *s = g_string_new(NULL);
  if (r->kind == RULE_CONSOLE) {
    add_console(s, x->heard);
  } else if (x->near.score) {
    add_transition(x, s, "came instead: ", &x->near.what, x->near.difference);
    add_before(x, s, x->near.before, x->near.n_before);
    add_end(s, result);
    fail(x, r, s);
    return;
  } else {
    g_string_append(s, "came instead: none of its kind\n");
  }
  add_history(x, s);
  add_end(s, result);
  fail(x, r, s);
}

static void judge_poweroff(rv_expect *x, rv_rule *r, const rvh_result *result)
{
  const bool ended = result && result->ended && result->status <= RVH_EXIT_GUEST_MAX;
  if (ended && (!r->has_function || (uint64_t)result->status == r->number)) {
    r->state = RULE_HELD;
    return;
  }
  GString *s = g_string_new(NULL);
  if (ended)
    g_string_append_printf(s, "came instead: exit code %d\n", result->status);
  else
    g_string_append(s, "came instead: no power-off\n");
  add_history(x, s);
  add_end(s, result);
  fail(x, r, s);
}

static void judge_count(rv_expect *x, rv_rule *r)
{
  const bool held = r->op == COUNT_MOST    ? r->seen <= r->number
                    : r->op == COUNT_LEAST ? r->seen >= r->number
                                           : r->seen == r->number;
  if (held)
    r->state = RULE_HELD;
  else
    fail_count(x, r, false);
}

/* Of a run that was stopped by a failure, the rest is not known. */
static void judge(rv_expect *x, rv_rule *r, const rvh_result *result)
{
  if (x->stopped)
    r->state = RULE_NOT_REACHED;
  else if (r->mode == MODE_FORBID)
    r->state = RULE_HELD;
  else if (r->mode == MODE_END)
    judge_poweroff(x, r, result);
  else if (r->mode == MODE_COUNT)
    judge_count(x, r);
  else if (r == current(x))
    fail_missing(x, r, result);
  else
    r->state = RULE_NOT_REACHED;
}

bool rv_expect_end(rv_expect *x, const rvh_result *result, bool *as_expected)
{
  *as_expected = false;
  if (!x->stopped) {
    rv_transitions_flush(&x->transitions);
    if (!x->stopped)
      too_late(x, x->source.instructions(x->source.ctx), NULL);
  }
  for (unsigned i = 0; i < x->rules->len; i++) {
    rv_rule *r = rule_at(x, i);
    if (r->state == RULE_OPEN)
      judge(x, r, result);
    *as_expected |= r->mode == MODE_END && r->state == RULE_HELD;
  }
  return !x->failed;
}
