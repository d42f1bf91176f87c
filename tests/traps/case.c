/* case.c - from a row's cells to cases: every combination of the alternatives its cells name.
 *
 * Each input is a key with the values it may have: the columns mode, do, csr, access; a column or
 * an assignment in "given" that names a register's field, a page's mapping, or the address "at".
 */
#include "case.h"
#include <errno.h>
#include <stdlib.h>

const char *const target_names[] = { "M", "HS", "VS", "none", "ro", "deleg" };
const char *const map_names[] = { "s", "vs", "g", "pt", "s+1", "vs+1", "g+1", "pmp", "pmp.pt" };

/* Columns that are no fields. The first four are inputs; "to 10": medeleg bit 1, hedeleg bit 0. */
static const char *const known[] = { "mode", "do",    "csr",   "access", "given",  "cause",
                                     "to",   "to 00", "to 10", "to 01",  "to 11",  "tval",
                                     "gpa",  "tinst", "gva",   "then",   "enters", "reaches" };
enum { IRQ_NUMBER = -2 };
enum { N_INPUTS = 4, N_KNOWN = sizeof known / sizeof *known };

typedef struct {
  char *key;
  GPtrArray *values;
} choice;

static void free_choice(void *p)
{
  choice *c = p;
  g_free(c->key);
  if (c->values)
    g_ptr_array_unref(c->values);
}

bool is_rule_table(const tbl_table *t)
{
  static const char *const kinds[] = { "route", "writes", "from", "impossible" };
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(t->kind, kinds[i]))
      return true;
  return false;
}

int mode_number(const char *name)
{
  for (int i = 0; i < N_MODES; i++)
    if (!strcmp(mode_names[i], name))
      return i;
  return -1;
}

bool target_parse(const char *name, target *to)
{
  for (unsigned i = 0; i <= TO_ROUTE; i++)
    if (!strcmp(target_names[i], name)) {
      *to = i;
      return true;
    }
  return false;
}

static bool number(const char *text, uint64_t *value)
{
  char *end;
  errno = 0;
  *value = g_ascii_strtoull(text, &end, 0);
  return *text && !*end && !errno;
}

/* ---- single cells ---- */

static bool parse_mode(trap_case *c, const char *value, GError **error)
{
  const int mode = mode_number(value);
  if (mode < 0)
    return wrong(error, "there is no mode \"%s\"\nmodes are M HS U VS VU, or * for all", value);
  c->mode = mode;
  return true;
}

static const struct {
  const char *name;
  unsigned number;
} irq_names[] = {
#define INTERRUPT(number, id, text) { #id, number },
#include "priv/cause.def"
};

/* "SEI", "SEI+STI", "SEI after csrrsi zero,sstatus,2" */
static bool parse_irqs(trap_case *c, const char *text, GError **error)
{
  g_auto(GStrv) part = g_strsplit(text, " after ", 2);
  g_auto(GStrv) names = g_strsplit(part[0], "+", -1);
  g_free(c->after);
  c->after = g_strdup(part[1]);
  c->kind = ON_IRQ;
  for (unsigned i = 0; names[i]; i++) {
    unsigned k = 0;
    while (k < sizeof irq_names / sizeof *irq_names &&
           strcmp(irq_names[k].name, g_strstrip(names[i])))
      k++;
    if (k == sizeof irq_names / sizeof *irq_names)
      return wrong(error,
                   "there is no interrupt \"%s\"\nnames are those of src/priv/cause.def: SSI, VSEI",
                   names[i]);
    c->irqs |= 1ull << irq_names[k].number;
    if (i == 0 && c->cause == IRQ_NUMBER)
      c->cause = irq_names[k].number;
    if (i == 0)
      c->index.cause = irq_names[k].number;
  }
  return true;
}

static bool parse_do(trap_case *c, const char *value, GError **error)
{
  g_free(c->event);
  c->event = g_strdup(value);
  if (g_str_has_prefix(value, "irq "))
    return parse_irqs(c, value + 4, error);
  c->kind = !strcmp(value, "fetch") ? ON_FETCH : ON_INSN;
  return true;
}

/* A CSR by name or, for those that do not exist, by number. */
static bool parse_csr(trap_case *c, const char *value, GError **error)
{
  uint64_t n;
  c->csr = csr_number(value);
  if (c->csr < 0 && number(value, &n) && n < 4096)
    c->csr = n;
  c->index.csr = c->csr < 0 ? 0 : c->csr;
  return c->csr >= 0 ||
         wrong(error, "there is no CSR \"%s\"\nwrite a name of src/priv/csr.def, or 0x123", value);
}

static bool parse_access(trap_case *c, const char *value, GError **error)
{
  c->write = !strcmp(value, "write");
  return c->write || !strcmp(value, "read") ||
         wrong(error, "there is no access \"%s\"\nit is read, write, or * for both", value);
}

static bool parse_map(trap_case *c, unsigned id, const char *value, GError **error)
{
  if (strcmp(value, "none") && value[strspn(value, "rwxuad")])
    return wrong(error, "\"%s\" is no page\nwrite its set bits, as in rwxuad, or none", value);
  g_free(c->map[id]);
  c->map[id] = g_strdup(value);
  return true;
}

/* The names ext.def gives its rows. */
static const char *const extensions[] = {
#define EXT(id, name, state, spec, brief) #id,
#include "cpu/ext.def"
};

static bool parse_without(trap_case *c, const char *value, GError **error)
{
  for (unsigned i = 0; i < N_EXT; i++)
    if (!strcmp(extensions[i], value)) {
      c->without |= 1ull << i;
      return true;
    }
  return wrong(error,
               "there is no extension \"%s\"\nnames are those of src/cpu/ext.def: Sstc, Svinval",
               value);
}

static bool add_condition(trap_case *c, const char *key, const char *value, GError **error)
{
  condition k;
  if (!field_parse(key, c->index, &k.f, error))
    return false;
  if (!number(value, &k.value) || (field_width(k.f) < 64 && k.value >> field_width(k.f)))
    return wrong(error, "%s cannot be \"%s\": it has %u bits", key, value, field_width(k.f));
  if (c->n_conditions == MAX_CONDITIONS)
    return wrong(error, "more than %u conditions", MAX_CONDITIONS);
  c->c[c->n_conditions++] = k;
  return true;
}

/* "10:HS": with the first delegation bit 1 and the second 0 it goes to HS. "01:VS 9": to VS, where
 * the cause is another number [H-048]. */
static bool parse_delegated(trap_case *c, const char *value, GError **error)
{
  const char *const reg[2][2] = { { "medeleg[cause]", "hedeleg[cause]" },
                                  { "mideleg[cause]", "hideleg[cause]" } };
  g_auto(GStrv) w = g_strsplit(value + 3, " ", 2);
  if (!w[0] || !target_parse(w[0], &c->to) || c->to == TO_ROUTE)
    return wrong(error, "a trap does not go to \"%s\"\nwrite M, HS, VS, none, or ro", value + 3);
  if (w[1])
    c->cause = atoi(w[1]);
  for (unsigned i = 0; i < 2; i++) {
    const char bit[2] = { value[i], 0 };
    if (!add_condition(c, reg[c->kind == ON_IRQ][i], bit, error))
      return false;
  }
  return true;
}

static bool apply(trap_case *c, const char *key, const char *value, GError **error)
{
  if (!strcmp(key, "mode"))
    return parse_mode(c, value, error);
  if (!strcmp(key, "do"))
    return parse_do(c, value, error);
  if (!strcmp(key, "csr"))
    return parse_csr(c, value, error);
  if (!strcmp(key, "access"))
    return parse_access(c, value, error);
  if (!strcmp(key, "to"))
    return parse_delegated(c, value, error);
  if (!strcmp(key, "without"))
    return parse_without(c, value, error);
  if (!strcmp(key, "at")) {
    g_free(c->at);
    c->at = g_strdup(value);
    return true;
  }
  for (unsigned i = 0; i < N_MAPS; i++)
    if (!strcmp(key, map_names[i]))
      return parse_map(c, i, value, error);
  return add_condition(c, key, value, error);
}

/* ---- alternatives ---- */

/* "*": everything there is. */
static char *all_values(const char *key, GError **error)
{
  field f;
  if (!strcmp(key, "mode"))
    return g_strdup("M/HS/U/VS/VU");
  if (!strcmp(key, "access"))
    return g_strdup("read/write");
  if (!field_parse(key, (indices){ 0, 0 }, &f, error))
    return NULL;
  if (field_width(f) > 4) {
    wrong(error, "%s has too many values for *\nname them: %s=0/1", key, key);
    return NULL;
  }
  GString *s = g_string_new("0");
  for (unsigned i = 1; i < 1u << field_width(f); i++)
    if (field_can_hold(f, i))
      g_string_append_printf(s, "/%u", i);
  return g_string_free(s, FALSE);
}

static bool add_choice(const tbl_file *file, GArray *choices, const char *key, const char *value,
                       GError **error)
{
  g_autofree char *all = !strcmp(value, "*") ? all_values(key, error) : g_strdup(value);
  if (!all)
    return false;
  choice c = { g_strdup(key), tbl_expand(file, all, error) };
  g_array_append_val(choices, c);
  return c.values;
}

static bool add_given(const tbl_file *file, GArray *choices, const char *cell, GError **error)
{
  g_auto(GStrv) words = g_strsplit_set(cell, " ", -1);
  for (unsigned i = 0; words[i]; i++) {
    char *eq = strchr(words[i], '=');
    if (!*words[i] || !strcmp(words[i], "-"))
      continue;
    if (!eq)
      return wrong(error, "\"%s\" is no assignment\nwrite NAME=VALUE", words[i]);
    *eq = 0;
    if (!add_choice(file, choices, words[i], eq + 1, error))
      return false;
  }
  return true;
}

static bool is_known(const char *column)
{
  for (unsigned i = 0; i < N_KNOWN; i++)
    if (!strcmp(known[i], column))
      return true;
  return false;
}

static bool add_field_columns(const tbl_row *row, GArray *choices, GError **error)
{
  const tbl_table *t = row->table;
  for (unsigned i = 0; t->column[i]; i++) {
    field f;
    if (is_known(t->column[i]))
      continue;
    if (strpbrk(t->column[i], ".[")) {
      if (!field_parse(t->column[i], (indices){ 0, 0 }, &f, error))
        return false;
    } else if (csr_number(t->column[i]) < 0) {
      g_autofree char *list = g_strjoinv(", ", (char **)known);
      return wrong(error,
                   "there is no column \"%s\"\ncolumns are registers, their fields, or one of: %s",
                   t->column[i], list);
    }
    if (strcmp(row->cell[i], "-") &&
        !add_choice(t->file, choices, t->column[i], row->cell[i], error))
      return false;
  }
  return true;
}

/* The columns "to 00" .. "to 11" are alternatives of one input, with the outcome of each. */
static bool add_delegations(const tbl_row *row, GArray *choices, GError **error)
{
  static const char *const bits[] = { "00", "10", "01", "11" };
  choice c = { g_strdup("to"), g_ptr_array_new_with_free_func(g_free) };
  for (unsigned i = 0; i < 4; i++) {
    const char column[] = { 't', 'o', ' ', bits[i][0], bits[i][1], 0 };
    const char *cell = tbl_cell(row, column);
    if (cell && strcmp(cell, "-"))
      g_ptr_array_add(c.values, g_strdup_printf("%s:%s", bits[i], cell));
  }
  if (c.values->len)
    g_array_append_val(choices, c);
  else
    free_choice(&c);
  return true;
}

static bool collect(const tbl_row *row, GArray *choices, GError **error)
{
  for (unsigned i = 0; i < N_INPUTS; i++) {
    const char *cell = tbl_cell(row, known[i]);
    if (cell && !add_choice(row->table->file, choices, known[i], cell, error))
      return false;
  }
  const char *given = tbl_cell(row, "given");
  return add_field_columns(row, choices, error) &&
         (!given || add_given(row->table->file, choices, given, error)) &&
         add_delegations(row, choices, error);
}

/* ---- outcomes ---- */

static const char *cell_or(const tbl_row *row, const char *column, const char *missing)
{
  const char *cell = tbl_cell(row, column);
  return cell && strcmp(cell, "-") ? cell : missing;
}

/* "ok", "illegal", "virtual", or a number. */
static bool parse_cause(trap_case *c, const char *text, GError **error)
{
  uint64_t n;
  if (!strcmp(text, "ok"))
    c->cause = NO_CAUSE;
  else if (!strcmp(text, "irq"))
    c->cause = IRQ_NUMBER; /* known with the event */
  else if (!strcmp(text, "illegal"))
    c->cause = CAUSE_ILLEGAL;
  else if (!strcmp(text, "virtual"))
    c->cause = CAUSE_VIRTUAL;
  else if (number(text, &n) && n < 64)
    c->cause = n;
  else
    return wrong(error, "\"%s\" is no cause\nwrite a number, illegal, virtual, irq, or ok", text);
  return true;
}

/* "then" may name sets, but has no alternatives. */
static bool parse_then(trap_case *c, GError **error)
{
  g_autoptr(GPtrArray) all = tbl_expand(c->row->table->file, cell_or(c->row, "then", ""), error);
  if (!all)
    return false;
  c->then = g_strdup(all->pdata[0]);
  return all->len == 1 || wrong(error, "the column then has no alternatives");
}

static bool outcome(trap_case *c, GError **error)
{
  const tbl_row *row = c->row;
  const char *to = tbl_cell(row, "to"), *enters = cell_or(row, "enters", NULL);
  if (!parse_cause(c, cell_or(row, "cause", "ok"), error))
    return false;
  const bool instruction = c->cause == CAUSE_ILLEGAL || c->cause == CAUSE_VIRTUAL;
  c->index.cause = c->cause == NO_CAUSE ? 0 : c->cause;
  c->tval = cell_or(row, "tval", instruction ? "insn" : "0"); /* [H-164] */
  c->gpa = cell_or(row, "gpa", "0");
  c->tinst = cell_or(row, "tinst", "0");
  c->gva = cell_or(row, "gva", "0");
  c->reaches = cell_or(row, "reaches", NULL);
  c->to = c->cause == NO_CAUSE ? TO_NONE : TO_ROUTE;
  if (to && (!target_parse(to, &c->to) || c->to == TO_READ_ONLY))
    return wrong(error, "a trap does not go to \"%s\"\nwrite M, HS, VS, none, or deleg", to);
  c->enters = enters ? mode_number(enters) : -1;
  if (!parse_then(c, error))
    return false;
  return !enters || c->enters >= 0 || wrong(error, "there is no mode \"%s\"", enters);
}

static void free_case(trap_case *c)
{
  g_free(c->event);
  g_free(c->after);
  g_free(c->at);
  g_free(c->then);
  for (unsigned i = 0; i < N_MAPS; i++)
    g_free(c->map[i]);
}

/* The combination whose digits, one per choice, are those of i. */
static bool one_case(const tbl_row *row, const GArray *choices, unsigned i, case_taker take,
                     void *ctx, GError **error)
{
  trap_case c = { .row = row, .csr = -1, .at = g_strdup("PAGE") };
  bool ok = outcome(&c, error);
  for (unsigned k = 0; ok && k < choices->len; k++) {
    const choice *x = &g_array_index(choices, choice, k);
    ok = apply(&c, x->key, x->values->pdata[i % x->values->len], error);
    i /= x->values->len;
  }
  if (ok && c.csr < 0 && !c.event)
    ok = wrong(error, "the row has no event\nthe table needs a column do, or csr and access");
  c.interrupt = c.kind == ON_IRQ;
  if (c.interrupt) /* causes 2 and 22 mean something else */
    c.tval = cell_or(row, "tval", "0");
  if (c.cause == NO_CAUSE || c.to == TO_NONE) {
    c.to = c.to == TO_READ_ONLY ? TO_READ_ONLY : TO_NONE;
    c.cause = NO_CAUSE;
  }
  ok = ok && take(ctx, &c, error);
  free_case(&c);
  return ok;
}

bool row_cases(const tbl_row *row, case_taker take, void *ctx, GError **error)
{
  g_autoptr(GArray) choices = g_array_new(FALSE, FALSE, sizeof(choice));
  g_array_set_clear_func(choices, free_choice);
  GError *what = NULL;
  unsigned n = 1;
  bool ok = collect(row, choices, &what);
  for (unsigned k = 0; ok && k < choices->len; k++)
    n *= g_array_index(choices, choice, k).values->len;
  for (unsigned i = 0; ok && i < n; i++)
    ok = one_case(row, choices, i, take, ctx, &what);
  if (!ok)
    g_propagate_prefixed_error(error, what, "%s:%u: ", row->table->file->path, row->line);
  return ok;
}

char *case_text(const trap_case *c)
{
  GString *s = g_string_new(NULL);
  g_string_append_printf(s, "%s: ", mode_names[c->mode]);
  if (c->csr >= 0)
    g_string_append_printf(s, "%s %s", c->write ? "write" : "read",
                           rv_csr_name(c->csr) ? rv_csr_name(c->csr) : "unnamed CSR");
  else
    g_string_append(s, c->event);
  for (unsigned i = 0; i < c->n_conditions; i++) {
    g_autofree char *name = field_name(c->c[i].f);
    g_string_append_printf(s, " %s=%" G_GINT64_MODIFIER "u", name, c->c[i].value);
  }
  for (unsigned i = 0; i < N_MAPS; i++)
    if (c->map[i])
      g_string_append_printf(s, " %s=%s", map_names[i], c->map[i]);
  for (unsigned i = 0; i < N_EXT; i++)
    if (c->without >> i & 1)
      g_string_append_printf(s, " without=%s", extensions[i]);
  return g_string_free(s, FALSE);
}
