/* expect_report.c - the outcome of an expectation file, a case per line: for people (FILE:LINE: in
 * front, as compilers do), as TAP 13, or as JUnit's XML.
 */
#include "trace/expect_rule.h"
#include <string.h>

typedef struct {
  unsigned n[RULE_NOT_REACHED + 1]; /* by state */
} totals;

static totals count(const rv_expect *x)
{
  totals t = { 0 };
  for (unsigned i = 0; i < x->rules->len; i++)
    t.n[rule_at(x, i)->state]++;
  return t;
}

/* Every line of a message, with something in front. */
static void put_lines(FILE *out, const char *before, const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (unsigned i = 0; lines[i] && (*lines[i] || lines[i + 1]); i++)
    fprintf(out, "%s%s\n", before, lines[i]);
}

static void report_human(const rv_expect *x, FILE *out)
{
  const totals t = count(x);
  for (unsigned i = 0; i < x->rules->len; i++) {
    const rv_rule *r = rule_at(x, i);
    if (r->state != RULE_FAILED)
      continue;
    fprintf(out, "%s:%u: expected: %s\n", x->file, r->line, r->text);
    put_lines(out, "  ", r->message);
  }
  fprintf(out, "rvh-sim: expect: %s: %u of %u lines held", x->file, t.n[RULE_HELD], x->rules->len);
  if (t.n[RULE_FAILED])
    fprintf(out, ", %u failed, %u not reached", t.n[RULE_FAILED], t.n[RULE_NOT_REACHED]);
  fputc('\n', out);
}

/* '#' would start a TAP directive. */
static char *tap_text(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "#", -1);
  return g_strjoinv("\\#", parts);
}

static void report_tap(const rv_expect *x, FILE *out)
{
  fprintf(out, "TAP version 13\n1..%u\n", x->rules->len);
  for (unsigned i = 0; i < x->rules->len; i++) {
    const rv_rule *r = rule_at(x, i);
    g_autofree char *text = tap_text(r->text);
    fprintf(out, "%s %u - %s:%u: %s%s\n", r->state == RULE_FAILED ? "not ok" : "ok", i + 1, x->file,
            r->line, text, r->state == RULE_NOT_REACHED ? " # SKIP not reached" : "");
    if (r->state == RULE_FAILED) {
      fputs("  ---\n  message: |\n", out);
      put_lines(out, "    ", r->message);
      fputs("  ...\n", out);
    }
  }
}

static void report_junit(const rv_expect *x, FILE *out)
{
  const totals t = count(x);
  g_autofree char *file = g_markup_escape_text(x->file, -1);
  fprintf(out,
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuites>\n"
          "  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" skipped=\"%u\" errors=\"0\">\n",
          file, x->rules->len, t.n[RULE_FAILED], t.n[RULE_NOT_REACHED]);
  for (unsigned i = 0; i < x->rules->len; i++) {
    const rv_rule *r = rule_at(x, i);
    g_autofree char *text = g_markup_escape_text(r->text, -1);
    fprintf(out, "    <testcase classname=\"%s\" name=\"line %u: %s\" file=\"%s\" line=\"%u\"",
            file, r->line, text, file, r->line);
    if (r->state == RULE_FAILED) {
      g_autofree char *message = g_markup_escape_text(r->message, -1);
      fprintf(out, ">\n      <failure message=\"expected: %s\">%s</failure>\n    </testcase>\n",
              text, message);
    } else {
      fputs(r->state == RULE_NOT_REACHED ? "><skipped/></testcase>\n" : "/>\n", out);
    }
  }
  fputs("  </testsuite>\n</testsuites>\n", out);
}

void rv_expect_report(const rv_expect *x, rvh_report how, FILE *out)
{
  switch (how) {
  case RVH_REPORT_TAP:
    report_tap(x, out);
    break;
  case RVH_REPORT_JUNIT:
    report_junit(x, out);
    break;
  default:
    report_human(x, out);
    break;
  }
  fflush(out);
}
