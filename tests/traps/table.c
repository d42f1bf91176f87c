/* table.c - reads *.tbl files. Lines are independent of each other but for the table they are in.
 */
#include "table.h"
#include <stdio.h>
#include <string.h>

#define TBL_ERROR g_quark_from_static_string("trap table")

static void free_row(void *p)
{
  tbl_row *r = p;
  g_strfreev(r->cell);
  g_free(r->text);
  g_free(r->note);
  g_free(r);
}

static void free_table(void *p)
{
  tbl_table *t = p;
  g_free(t->kind);
  g_free(t->heading);
  g_ptr_array_unref(t->about);
  g_strfreev(t->column);
  g_ptr_array_unref(t->rows);
  g_free(t);
}

void tbl_free(tbl_file *f)
{
  if (!f)
    return;
  g_free(f->path);
  g_free(f->title);
  g_hash_table_unref(f->sets);
  g_ptr_array_unref(f->tables);
  g_free(f);
}

bool wrong(GError **error, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, TBL_ERROR, 0, what);
  return false;
}

void tbl_error(GError **error, const tbl_row *row, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, TBL_ERROR, 0, "%s:%u: %s", row->table->file->path, row->line, what);
}

static bool fail(GError **error, const tbl_file *f, unsigned line, const char *what)
{
  g_set_error(error, TBL_ERROR, 0, "%s:%u: %s", f->path, line, what);
  return false;
}

const char *tbl_cell(const tbl_row *row, const char *column)
{
  for (unsigned i = 0; row->table->column[i]; i++)
    if (!strcmp(row->table->column[i], column))
      return row->cell[i];
  return NULL;
}

/* ---- lines ---- */

/* The words before and behind the first space. */
static char **two(const char *text)
{
  char **w = g_strsplit(text, " ", 2);
  if (w[0] && w[1])
    g_strstrip(w[1]);
  return w;
}

static char **cells(const char *text)
{
  char **c = g_strsplit(text, "|", -1);
  for (unsigned i = 0; c[i]; i++)
    g_strstrip(c[i]);
  return c;
}

static tbl_table *last_table(const tbl_file *f)
{
  return f->tables->len ? f->tables->pdata[f->tables->len - 1] : NULL;
}

static bool read_table(tbl_file *f, const char *rest, unsigned line, GError **error)
{
  g_auto(GStrv) w = two(rest);
  if (!w[0] || !*w[0] || !w[1])
    return fail(error, f, line, "a table needs a kind and a heading\nwrite: table KIND HEADING");
  tbl_table *t = g_new0(tbl_table, 1);
  t->file = f;
  t->line = line;
  t->kind = g_strdup(w[0]);
  t->heading = g_strdup(w[1]);
  t->about = g_ptr_array_new_with_free_func(g_free);
  t->rows = g_ptr_array_new_with_free_func(free_row);
  g_ptr_array_add(f->tables, t);
  return true;
}

static bool read_set(tbl_file *f, const char *rest, unsigned line, GError **error)
{
  g_auto(GStrv) w = two(rest);
  if (!w[0] || !w[1] || !*w[1])
    return fail(error, f, line, "a set needs a name and members\nwrite: let NAME a / b / c");
  char *old = g_hash_table_lookup(f->sets, w[0]);
  /* A set may be continued on further lines. */
  g_hash_table_insert(f->sets, g_strdup(w[0]),
                      old ? g_strconcat(old, " / ", w[1], NULL) : g_strdup(w[1]));
  return true;
}

static bool read_row(tbl_file *f, char *text, const char *note, unsigned line, GError **error)
{
  tbl_table *t = last_table(f);
  if (!t || !t->column)
    return fail(error, f, line,
                "a row before its table's columns\n"
                "write first: table KIND HEADING, then: columns A | B | C");
  tbl_row *r = g_new0(tbl_row, 1);
  *r = (tbl_row){
    .table = t, .line = line, .cell = cells(text), .text = g_strdup(text), .note = g_strdup(note)
  };
  g_ptr_array_add(t->rows, r);
  const unsigned have = g_strv_length(r->cell), want = g_strv_length(t->column);
  if (have == want)
    return true;
  g_autofree char *columns = g_strjoinv(" | ", t->column);
  tbl_error(error, r, "%u cells, but the table has %u columns\nthe columns are: %s", have, want,
            columns);
  return false;
}

static bool read_line(tbl_file *f, char *line, unsigned n, GError **error)
{
  char *hash = strchr(line, '#');
  g_autofree char *note = g_strdup(hash ? hash + 1 : "");
  g_strstrip(note);
  if (hash)
    *hash = 0;
  g_strstrip(line);
  tbl_table *t = last_table(f);
  if (!*line) {
    if (hash && t && !t->column)
      g_ptr_array_add(t->about, g_strdup(note));
    return true;
  }
  g_auto(GStrv) w = two(line);
  if (!strcmp(w[0], "title") && w[1]) {
    g_free(f->title);
    f->title = g_strdup(w[1]);
    return true;
  }
  if (!strcmp(w[0], "let"))
    return read_set(f, w[1] ? w[1] : "", n, error);
  if (!strcmp(w[0], "table"))
    return read_table(f, w[1] ? w[1] : "", n, error);
  if (!strcmp(w[0], "columns") && t && w[1]) {
    g_strfreev(t->column);
    t->column = cells(w[1]);
    return true;
  }
  return read_row(f, line, note, n, error);
}

tbl_file *tbl_read(const char *path, GError **error)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, error))
    return NULL;
  tbl_file *f = g_new0(tbl_file, 1);
  f->path = g_strdup(path);
  f->sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  f->tables = g_ptr_array_new_with_free_func(free_table);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (unsigned i = 0; lines[i]; i++)
    if (!read_line(f, lines[i], i + 1, error)) {
      tbl_free(f);
      return NULL;
    }
  return f;
}

/* ---- sets ---- */

static bool expand(const tbl_file *f, const char *text, GPtrArray *out, GError **error);

static bool expand_with(const tbl_file *f, const char *head, int head_len, const char *middle,
                        const char *tail, GPtrArray *out, GError **error)
{
  g_autofree char *whole = g_strdup_printf("%.*s%s%s", head_len, head, middle, tail);
  return expand(f, whole, out, error);
}

/* "3..31": each number; otherwise the alternatives between '/'. */
static bool expand_list(const tbl_file *f, const char *text, const char *open, const char *close,
                        GPtrArray *out, GError **error)
{
  g_autofree char *inner = g_strndup(open + 1, close - open - 1);
  unsigned from, to;
  if (sscanf(inner, "%u..%u", &from, &to) == 2) {
    for (unsigned i = from; i <= to; i++) {
      g_autofree char *number = g_strdup_printf("%u", i);
      if (!expand_with(f, text, open - text, number, close + 1, out, error))
        return false;
    }
    return true;
  }
  g_auto(GStrv) parts = g_strsplit(inner, "/", -1);
  for (unsigned i = 0; parts[i]; i++)
    if (!expand_with(f, text, open - text, g_strstrip(parts[i]), close + 1, out, error))
      return false;
  return true;
}

/* "$NAME" becomes each member of the set, within the text around it. */
static bool expand_set(const tbl_file *f, const char *text, const char *dollar, GPtrArray *out,
                       GError **error)
{
  const size_t n = strspn(dollar + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
  g_autofree char *name = g_strndup(dollar + 1, n);
  const char *members = g_hash_table_lookup(f->sets, name);
  if (!members)
    return wrong(error, "there is no set %s\nwrite before the table: let %s a / b / c", name, name);
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
  if (!expand(f, members, list, error))
    return false;
  for (unsigned i = 0; i < list->len; i++)
    if (!expand_with(f, text, dollar - text, list->pdata[i], dollar + 1 + n, out, error))
      return false;
  return true;
}

/* The first '/' that is not between braces. */
static const char *top_slash(const char *text)
{
  int depth = 0;
  for (; *text; text++) {
    depth += *text == '{' ? 1 : *text == '}' ? -1 : 0;
    if (*text == '/' && depth == 0)
      return text;
  }
  return NULL;
}

static bool expand(const tbl_file *f, const char *text, GPtrArray *out, GError **error)
{
  const char *slash = top_slash(text);
  if (slash) {
    g_autofree char *first = g_strndup(text, slash - text);
    return expand(f, g_strstrip(first), out, error) &&
           expand(f, slash + 1 + strspn(slash + 1, " "), out, error);
  }
  const char *open = strchr(text, '{'), *close = open ? strchr(open, '}') : NULL;
  if (open && !close)
    return wrong(error, "\"%s\" opens a brace and does not close it", text);
  if (open)
    return expand_list(f, text, open, close, out, error);
  const char *dollar = strchr(text, '$');
  if (dollar)
    return expand_set(f, text, dollar, out, error);
  g_ptr_array_add(out, g_strdup(text));
  return true;
}

GPtrArray *tbl_expand(const tbl_file *f, const char *cell, GError **error)
{
  GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
  if (expand(f, cell, out, error))
    return out;
  g_ptr_array_unref(out);
  return NULL;
}
