/* cover.c - cells, and whether the rows about a cell speak of every state, and with one voice.
 *
 * A cell is complete if for every value of the fields its rows mention some row applies, and rows
 * that apply together say the same. That a field no row mentions does not matter is what run.c
 * shows by filling it at random.
 */
#include "cover.h"

enum grid { EXCEPTION, INTERRUPT_GRID, CSR_GRID, INSTRUCTION, XRET, N_GRIDS };
static const struct {
  const char *kind, *what;
} grids[] = {
  { "exception", "cause x origin mode x medeleg, hedeleg" },
  { "interrupt", "interrupt x origin mode x mideleg, hideleg" },
  { "csr", "CSR x mode x read, write" },
  { "instruction", "privileged instruction x mode" },
  { "xret", "xRET x mode" },
};

enum { MAX_FIELDS = 16 };

typedef struct {
  char *outcome;
  char *place; /* FILE:LINE */
  char *note;
  char *event;
  char *read; /* what the handler reads: "tval gpa gva tinst" */
  unsigned n_conditions;
  condition c[MAX_CONDITIONS];
} state;

typedef struct {
  char *key;
  GPtrArray *states; /* state * */
  char *impossible;  /* the reason, or NULL */
  bool wanted;       /* it is in the universe of its grid */
} cell;

struct cover {
  core *core;                /* to ask which delegation bits can be set */
  GHashTable *cell[N_GRIDS]; /* key -> cell */
  GPtrArray *order[N_GRIDS]; /* the same cells */
};

/* ---- cells ---- */

static void free_state(void *p)
{
  state *s = p;
  g_free(s->outcome);
  g_free(s->place);
  g_free(s->note);
  g_free(s->event);
  g_free(s->read);
  g_free(s);
}

static void free_cell(void *p)
{
  cell *x = p;
  g_free(x->key);
  g_free(x->impossible);
  g_ptr_array_unref(x->states);
  g_free(x);
}

static cell *get_cell(cover *c, enum grid g, const char *key)
{
  cell *x = g_hash_table_lookup(c->cell[g], key);
  if (x)
    return x;
  x = g_new0(cell, 1);
  x->key = g_strdup(key);
  x->states = g_ptr_array_new_with_free_func(free_state);
  g_hash_table_insert(c->cell[g], x->key, x);
  g_ptr_array_add(c->order[g], x);
  return x;
}

static void want(cover *c, enum grid g, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void want(cover *c, enum grid g, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *key = g_strdup_vprintf(format, args);
  va_end(args);
  get_cell(c, g, key)->wanted = true;
}

/* ---- what there is to cover ---- */

static const struct {
  const char *name, *text;
  unsigned number;
  bool interrupt;
} causes[] = {
#define CAUSE(number, id, text) { #number, text, number, false },
#define INTERRUPT(number, id, text) { #id, text, number, true },
#include "priv/cause.def"
};

static void want_causes(cover *c)
{
  for (unsigned i = 0; i < sizeof causes / sizeof *causes; i++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      for (unsigned bits = 0; bits < 4; bits++)
        want(c, causes[i].interrupt ? INTERRUPT_GRID : EXCEPTION, "%s %s %u%u", causes[i].name,
             mode_names[mode], bits & 1, bits >> 1);
}

static bool has_row(unsigned csr) { return rv_csr_name(csr) && !(rv_csr_needs(csr) & ~TRAPS_EXT); }

static void want_csrs(cover *c)
{
  for (unsigned csr = 0; csr < 4096; csr++)
    for (unsigned i = 0; has_row(csr) && i < 2 * N_MODES; i++)
      want(c, CSR_GRID, "%s %s %s", rv_csr_name(csr), mode_names[i / 2], i & 1 ? "write" : "read");
}

/* Instructions that only move values, or that the CSR grid has. */
static bool is_privileged(const rv_insn_row *row)
{
  return !row->compressed && (row->kind == RV_KIND_SYS || row->kind == RV_KIND_HLV);
}

static void want_instructions(cover *c)
{
  unsigned n;
  const rv_insn_row *rows = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    for (unsigned mode = 0; is_privileged(&rows[i]) && mode < N_MODES; mode++)
      want(c, INSTRUCTION, "%s %s", rows[i].text, mode_names[mode]);
  for (unsigned mode = 0; mode < N_MODES; mode++) {
    want(c, XRET, "mret %s", mode_names[mode]);
    want(c, XRET, "sret %s", mode_names[mode]);
  }
}

cover *cover_new(void)
{
  cover *c = g_new0(cover, 1);
  c->core = core_new();
  for (unsigned g = 0; g < N_GRIDS; g++) {
    c->cell[g] = g_hash_table_new(g_str_hash, g_str_equal);
    c->order[g] = g_ptr_array_new_with_free_func(free_cell);
  }
  want_causes(c);
  want_csrs(c);
  want_instructions(c);
  return c;
}

void cover_free(cover *c)
{
  for (unsigned g = 0; g < N_GRIDS; g++) {
    g_hash_table_unref(c->cell[g]);
    g_ptr_array_unref(c->order[g]);
  }
  core_free(c->core);
  g_free(c);
}

/* ---- what a case covers ---- */

static int grid_of(const char *kind)
{
  for (int g = 0; g < N_GRIDS; g++)
    if (!strcmp(grids[g].kind, kind))
      return g;
  return -1;
}

static char *outcome_of(enum grid g, const trap_case *k)
{
  const char *enters = g == XRET && k->enters >= 0 ? mode_names[k->enters] : "";
  if (k->cause == NO_CAUSE)
    return *enters ? g_strdup_printf("enters %s %s", enters, k->then) : g_strdup("ok");
  if (k->to == TO_ROUTE)
    return g_strdup(k->cause == CAUSE_ILLEGAL   ? "illegal"
                    : k->cause == CAUSE_VIRTUAL ? "virtual"
                                                : "trap");
  return g_strdup_printf("%s %d", target_names[k->to], k->cause);
}

static bool same_field(field a, field b) { return a.csr == b.csr && a.hi == b.hi && a.lo == b.lo; }

/* Delegation bits of the cause are, in the grids of causes. */
static bool is_part_of_the_cell(const trap_case *k, const condition *x)
{
  const int g = grid_of(k->row->table->kind);
  return (g == EXCEPTION && (x->f.csr == CSR_medeleg || x->f.csr == CSR_hedeleg)) ||
         (g == INTERRUPT_GRID && (x->f.csr == CSR_mideleg || x->f.csr == CSR_hideleg) &&
          x->f.lo == k->index.cause);
}

/* The row's comment; in the grids of refusals, also what is said above its table. */
static char *note_of(enum grid g, const trap_case *k)
{
  GString *s = g_string_new(k->row->note);
  const GPtrArray *about = k->row->table->about;
  for (unsigned i = 0; (g == CSR_GRID || g == INSTRUCTION) && i < about->len; i++)
    g_string_append_printf(s, " %s", (char *)about->pdata[i]);
  return g_string_free(s, FALSE);
}

static state *state_of(enum grid g, const trap_case *k)
{
  state *s = g_new0(state, 1);
  g_autofree char *base = g_path_get_basename(k->row->table->file->path);
  s->outcome = outcome_of(g, k);
  s->place = g_strdup_printf("%s:%u", base, k->row->line);
  s->note = note_of(g, k);
  s->event = g_strdup(k->event ? k->event : "");
  s->read = g_strdup_printf("%s %s %s %s", k->tval, k->gpa, k->gva, k->tinst);
  for (unsigned i = 0; i < k->n_conditions; i++)
    if (!is_part_of_the_cell(k, &k->c[i]))
      s->c[s->n_conditions++] = k->c[i];
  return s;
}

/* The value a case demands of a delegation bit of its cause, or -1. */
static int demanded(const trap_case *k, unsigned csr)
{
  const field f = { csr, k->index.cause, k->index.cause };
  for (unsigned i = 0; i < k->n_conditions; i++)
    if (same_field(k->c[i].f, f))
      return k->c[i].value;
  return -1;
}

static const char *irq_name(unsigned number)
{
  for (unsigned i = 0; i < sizeof causes / sizeof *causes; i++)
    if (causes[i].interrupt && causes[i].number == number)
      return causes[i].name;
  return "?";
}

/* Of a cell that says ro: which bit it is. The delegation bits are a case's last conditions. */
static char *read_only_reason(core *c, const trap_case *k)
{
  const char *const rule = k->interrupt ? "[H-045, H-049]" : "[H-041, H-051]";
  for (unsigned i = k->n_conditions - 2; i < k->n_conditions; i++) {
    const field f = k->c[i].f;
    core_poke(c->h, f.csr, field_put(f, core_peek(c->h, f.csr), k->c[i].value));
    if (field_get(f, core_peek(c->h, f.csr)) != k->c[i].value)
      return g_strdup_printf("%s[%u] is read-only %u %s", rv_csr_name(f.csr), f.lo, !k->c[i].value,
                             rule);
  }
  return g_strdup("the delegation bit is read-only");
}

static void note_state(cover *c, enum grid g, const trap_case *k, const char *key)
{
  cell *x = get_cell(c, g, key);
  if (k->to == TO_READ_ONLY) {
    g_free(x->impossible);
    x->impossible = read_only_reason(c->core, k);
  } else {
    g_ptr_array_add(x->states, state_of(g, k));
  }
}

/* All cells of a cause that agree with what the case says of the delegation bits. */
static void note_cause(cover *c, enum grid g, const trap_case *k)
{
  const bool irq = g == INTERRUPT_GRID;
  const int first = demanded(k, irq ? CSR_mideleg : CSR_medeleg);
  const int second = demanded(k, irq ? CSR_hideleg : CSR_hedeleg);
  for (int bits = 0; bits < 4; bits++) {
    if ((first >= 0 && first != (bits & 1)) || (second >= 0 && second != bits >> 1))
      continue;
    g_autofree char *key = irq ? g_strdup_printf("%s %s %u%u", irq_name(k->index.cause),
                                                 mode_names[k->mode], bits & 1, bits >> 1)
                               : g_strdup_printf("%u %s %u%u", k->index.cause, mode_names[k->mode],
                                                 bits & 1, bits >> 1);
    note_state(c, g, k, key);
  }
}

static bool note_instruction(cover *c, enum grid g, const trap_case *k, GError **error)
{
  uint32_t bits;
  unsigned len, n;
  char what[200] = "";
  rv_insn d;
  if (g_str_has_prefix(k->event, ".word"))
    return true; /* a reserved encoding is no row of insn.def */
  if (!rv_asm(k->event, CODE, &bits, &len, what, sizeof what) || !rv_decode(bits, &d))
    return wrong(error, "\"%s\": %s", k->event, what);
  g_autofree char *key =
      g_strdup_printf("%s %s", rv_insn_rows(&n)[d.row].text, mode_names[k->mode]);
  note_state(c, g, k, key);
  return true;
}

bool cover_case(void *ctx, const trap_case *k, GError **error)
{
  cover *c = ctx;
  const int g = grid_of(k->row->table->kind);
  if (k->without) /* the grids are those of a hart that has everything */
    return true;
  if (g == EXCEPTION || g == INTERRUPT_GRID) {
    note_cause(c, g, k);
  } else if (g == CSR_GRID && rv_csr_name(k->csr)) {
    g_autofree char *key = g_strdup_printf("%s %s %s", rv_csr_name(k->csr), mode_names[k->mode],
                                           k->write ? "write" : "read");
    note_state(c, g, k, key);
  } else if (g == XRET) {
    return note_instruction(c, XRET, k, error) && note_instruction(c, INSTRUCTION, k, error);
  } else if (g == INSTRUCTION) {
    return note_instruction(c, INSTRUCTION, k, error);
  }
  return true;
}

/* ---- cells that cannot be ---- */

static GPtrArray *alternatives(const tbl_row *row, const char *column, const char *all,
                               GError **error)
{
  const char *text = tbl_cell(row, column);
  if (!text) {
    tbl_error(error, row,
              "a table of kind impossible has the columns grid | what | mode | bits | because");
    return NULL;
  }
  return tbl_expand(row->table->file, !strcmp(text, "*") ? all : text, error);
}

bool cover_impossible(cover *c, const tbl_row *row, GError **error)
{
  g_autoptr(GPtrArray) what = alternatives(row, "what", "", error);
  g_autoptr(GPtrArray) modes = what ? alternatives(row, "mode", "M/HS/U/VS/VU", error) : NULL;
  g_autoptr(GPtrArray) bits = modes ? alternatives(row, "bits", "00/10/01/11", error) : NULL;
  const char *grid = tbl_cell(row, "grid"), *because = tbl_cell(row, "because");
  const int g = grid ? grid_of(grid) : -1;
  if (!bits || g < 0 || !because || !*because) {
    if (!*error)
      tbl_error(error, row,
                "this needs a grid (exception, interrupt, csr, instruction) and a reason");
    return false;
  }
  for (unsigned i = 0; i < what->len * modes->len * bits->len; i++) {
    g_autofree char *key = g_strdup_printf("%s %s %s", (char *)what->pdata[i % what->len],
                                           (char *)modes->pdata[i / what->len % modes->len],
                                           (char *)bits->pdata[i / what->len / modes->len]);
    cell *x = get_cell(c, g, key);
    if (!x->wanted) {
      tbl_error(error, row, "there is no cell \"%s\" in the grid %s", key, grid);
      return false;
    }
    g_free(x->impossible);
    x->impossible = g_strdup(because);
  }
  return true;
}

/* ---- completeness of one cell ---- */

typedef struct {
  unsigned n;
  field f[MAX_FIELDS];
} fields;

/* The fields a cell's rows decide by; those wider than 4 bits are situations, not switches. */
static bool fields_of(const cell *x, fields *f)
{
  f->n = 0;
  for (unsigned i = 0; i < x->states->len; i++) {
    const state *s = x->states->pdata[i];
    for (unsigned k = 0; k < s->n_conditions; k++) {
      unsigned j = 0;
      while (j < f->n && !same_field(f->f[j], s->c[k].f))
        j++;
      if (j < f->n || field_width(s->c[k].f) > 4)
        continue;
      if (f->n == MAX_FIELDS)
        return false;
      f->f[f->n++] = s->c[k].f;
    }
  }
  return true;
}

static bool applies(const state *s, const fields *f, const unsigned *value)
{
  for (unsigned k = 0; k < s->n_conditions; k++)
    for (unsigned j = 0; j < f->n; j++)
      if (same_field(f->f[j], s->c[k].f) && value[j] != s->c[k].value)
        return false;
  return true;
}

/* The next assignment of values; false after the last. */
static bool next(const fields *f, unsigned *value)
{
  for (unsigned j = 0; j < f->n; j++) {
    do
      value[j]++;
    while (!field_can_hold(f->f[j], value[j]) && value[j] < 1u << field_width(f->f[j]));
    if (value[j] < 1u << field_width(f->f[j]))
      return true;
    value[j] = 0;
  }
  return false;
}

static char *assignment_text(const fields *f, const unsigned *value)
{
  GString *s = g_string_new(NULL);
  for (unsigned j = 0; j < f->n; j++) {
    g_autofree char *name = field_name(f->f[j]);
    g_string_append_printf(s, " %s=%u", name, value[j]);
  }
  return g_string_free(s, FALSE);
}

/* Counts the states of a cell; tells of the first one without a row, and of rows that disagree. */
static bool check_cell(const cell *x, enum grid g, unsigned *n_states, GString *out)
{
  fields f;
  unsigned value[MAX_FIELDS] = { 0 };
  if (g == EXCEPTION) { /* its rows are several events, not one event in several states */
    *n_states += x->states->len;
    return true;
  }
  if (!fields_of(x, &f)) {
    g_string_append_printf(out, "  %s: more than %u fields decide\n", x->key, MAX_FIELDS);
    return false;
  }
  do {
    const state *first = NULL;
    for (unsigned i = 0; i < x->states->len; i++) {
      const state *s = x->states->pdata[i];
      if (!applies(s, &f, value))
        continue;
      if (first && strcmp(first->outcome, s->outcome)) {
        g_autofree char *text = assignment_text(&f, value);
        g_string_append_printf(out, "  %s with%s: %s says %s, %s says %s\n", x->key, text,
                               first->place, first->outcome, s->place, s->outcome);
        return false;
      }
      first = s;
    }
    if (!first) {
      g_autofree char *text = assignment_text(&f, value);
      g_string_append_printf(out, "  %s: no row for the state%s\n", x->key, text);
      return false;
    }
    ++*n_states;
  } while (next(&f, value));
  return true;
}

/* ---- the report ---- */

typedef struct {
  unsigned wanted, covered, impossible, states;
} figures;

static bool count_cell(const cell *x, enum grid g, figures *n, GString *problems)
{
  if (!x->wanted) {
    g_string_append_printf(problems, "  %s: there is no such cell\n", x->key);
    return false;
  }
  n->wanted++;
  if (x->impossible && x->states->len) {
    const state *s = x->states->pdata[0];
    g_string_append_printf(problems, "  %s: said to be impossible (%s), but %s covers it\n", x->key,
                           x->impossible, s->place);
    return false;
  }
  if (x->impossible) {
    n->impossible++;
    return true;
  }
  if (!x->states->len) {
    g_string_append_printf(problems, "  %s: no row\n", x->key);
    return false;
  }
  n->covered++;
  return check_cell(x, g, &n->states, problems);
}

/* The reasons, with how many cells each takes away. */
static void list_reasons(const cover *c, enum grid g, GString *out)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (unsigned i = 0; i < c->order[g]->len; i++) {
    const cell *x = c->order[g]->pdata[i];
    if (!x->impossible)
      continue;
    const unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(seen, x->impossible));
    if (!n)
      g_ptr_array_add(order, x->impossible);
    g_hash_table_insert(seen, x->impossible, GUINT_TO_POINTER(n + 1));
  }
  for (unsigned i = 0; i < order->len; i++)
    g_string_append_printf(out, "    %4u  %s\n",
                           GPOINTER_TO_UINT(g_hash_table_lookup(seen, order->pdata[i])),
                           (char *)order->pdata[i]);
}

bool cover_report(cover *c, GString *out)
{
  bool complete = true;
  for (unsigned g = 0; g < N_GRIDS; g++) {
    figures n = { 0 };
    g_autoptr(GString) problems = g_string_new(NULL);
    for (unsigned i = 0; i < c->order[g]->len; i++)
      complete &= count_cell(c->order[g]->pdata[i], g, &n, problems);
    g_string_append_printf(out, "%s: %u of %u cells covered (%u states)", grids[g].what, n.covered,
                           n.wanted, n.states);
    g_string_append_printf(out, n.impossible ? "; %u are impossible:\n" : "\n", n.impossible);
    list_reasons(c, g, out);
    if (problems->len)
      g_string_append_printf(out, "  missing or contradictory:\n%s", problems->str);
  }
  return complete;
}

/* ---- the list ---- */

static void list_state(enum grid g, const cell *x, const state *s, GString *out)
{
  g_string_append_printf(out, "cell\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", grids[g].kind, x->key,
                         s->outcome, s->place, s->note, s->event, s->read);
  for (unsigned k = 0; k < s->n_conditions; k++) {
    g_autofree char *name = field_name(s->c[k].f);
    g_string_append_printf(out, "%s%s=%" G_GINT64_MODIFIER "u", k ? " " : "", name, s->c[k].value);
  }
  g_string_append_c(out, '\n');
}

void cover_list(cover *c, GString *out)
{
  for (unsigned g = 0; g < N_GRIDS; g++)
    for (unsigned i = 0; i < c->order[g]->len; i++) {
      const cell *x = c->order[g]->pdata[i];
      if (x->impossible)
        g_string_append_printf(out, "impossible\t%s\t%s\t%s\n", grids[g].kind, x->key,
                               x->impossible);
      for (unsigned k = 0; k < x->states->len; k++)
        list_state(g, x, x->states->pdata[k], out);
    }
  for (unsigned i = 0; i < sizeof causes / sizeof *causes; i++)
    g_string_append_printf(out, "cause\t%s\t%u\t%s\n",
                           causes[i].interrupt ? "interrupt" : "exception", causes[i].number,
                           causes[i].interrupt ? causes[i].name : causes[i].text);
}
