/* main.c - the trap tables' runner.
 *
 *   trap-tables FILE.tbl...               execute every row; 1 if any row fails
 *   trap-tables --coverage FILE.tbl...    which cells the tables cover; 1 if they are not complete
 *   trap-tables --cells FILE.tbl...       the same as lines for tools/trap-poster
 *   trap-tables --self-test FILE.tbl...   files that are wrong: each must be refused as it says
 * entry.tbl, beside the first file or by --rules=FILE, holds the rules they share.
 */
#include "cover.h"
#include "run.h"
#include <stdio.h>

#ifdef RVH_DISPATCH_SWITCH
enum { FILLS = 4 }; /* sanitizers are slow */
#else
enum { FILLS = 12 };
#endif

static int complain(GError *error)
{
  fprintf(stderr, "%s\n", error->message);
  g_error_free(error);
  return 126;
}

/* Gives every case of a file to a taker. */
static bool each_case(const tbl_file *f, case_taker take, void *ctx, GError **error)
{
  for (unsigned i = 0; i < f->tables->len; i++) {
    const tbl_table *t = f->tables->pdata[i];
    for (unsigned k = 0; !is_rule_table(t) && k < t->rows->len; k++)
      if (!row_cases(t->rows->pdata[k], take, ctx, error))
        return false;
  }
  return true;
}

static bool run_file(runner *r, const char *path, GError **error)
{
  tbl_file *f = tbl_read(path, error);
  const bool ok = f && each_case(f, run_case, r, error);
  tbl_free(f);
  return ok;
}

static int run_files(const rules *rules, char **paths)
{
  runner r;
  GError *error = NULL;
  int status = 0;
  runner_init(&r, rules, FILLS);
  for (unsigned i = 0; paths[i] && !status; i++)
    if (!run_file(&r, paths[i], &error))
      status = complain(error);
  fputs(r.errors->str, stdout);
  printf("%u cases, each in %u fillings by both engines: %u runs, %u cases failed\n", r.n_cases,
         r.fills, r.n_runs, r.n_failed);
  if (!status && r.n_cases == 0)
    puts("no row says anything");
  if (!status)
    status = r.n_failed || !r.n_cases;
  runner_free(&r);
  return status;
}

/* ---- coverage ---- */

static bool cover_file(cover *c, const char *path, GError **error)
{
  tbl_file *f = tbl_read(path, error);
  bool ok = f && each_case(f, cover_case, c, error);
  for (unsigned i = 0; ok && i < f->tables->len; i++) {
    const tbl_table *t = f->tables->pdata[i];
    for (unsigned k = 0; ok && !strcmp(t->kind, "impossible") && k < t->rows->len; k++)
      ok = cover_impossible(c, t->rows->pdata[k], error);
  }
  tbl_free(f);
  return ok;
}

/* The rows themselves, cell by cell. */
static void list_rows(const tbl_file *f, GString *out)
{
  g_autofree char *base = g_path_get_basename(f->path);
  for (unsigned i = 0; i < f->tables->len; i++) {
    const tbl_table *t = f->tables->pdata[i];
    g_string_append_printf(out, "table\t%s\t%s\t%s\n", base, t->kind, t->heading);
    for (unsigned k = 0; k < t->rows->len; k++) {
      const tbl_row *row = t->rows->pdata[k];
      g_string_append_printf(out, "row\t%s:%u\t%s\t%s", base, row->line, t->kind, row->note);
      for (unsigned c = 0; t->column[c]; c++)
        g_string_append_printf(out, "\t%s=%s", t->column[c], row->cell[c]);
      g_string_append_c(out, '\n');
    }
  }
}

static bool list_file(const char *path, GString *out, GError **error)
{
  tbl_file *f = tbl_read(path, error);
  if (f)
    list_rows(f, out);
  const bool ok = f;
  tbl_free(f);
  return ok;
}

static int cover_files(char **paths, bool list)
{
  cover *c = cover_new();
  g_autoptr(GString) out = g_string_new(NULL);
  GError *error = NULL;
  int status = 0;
  for (unsigned i = 0; paths[i] && !status; i++)
    if (!cover_file(c, paths[i], &error) || (list && !list_file(paths[i], out, &error)))
      status = complain(error);
  if (!status && list)
    cover_list(c, out);
  else if (!status)
    status = !cover_report(c, out);
  fputs(out->str, stdout);
  cover_free(c);
  return status;
}

/* ---- files that must fail ---- */

/* What must be said of a file: the text behind "#!". Of a row, in the report of that very row. */
typedef struct {
  char *text;
  unsigned line; /* 0: anywhere */
} promise;

static GArray *promises(const char *path)
{
  g_autofree char *text = NULL;
  GArray *p = g_array_new(FALSE, FALSE, sizeof(promise));
  if (!g_file_get_contents(path, &text, NULL, NULL))
    return p;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (unsigned i = 0; lines[i]; i++) {
    char *mark = strstr(lines[i], "#!");
    if (!mark)
      continue;
    const promise one = { g_strdup(g_strstrip(mark + 2)), mark == lines[i] ? 0 : i + 1 };
    g_array_append_val(p, one);
  }
  return p;
}

static bool is_said(const char *said, const char *path, const promise *p)
{
  if (!p->line)
    return strstr(said, p->text);
  g_autofree char *where = g_strdup_printf("%s:%u:", path, p->line);
  const char *from = strstr(said, where), *next = from;
  /* The report of a row ends where that of another one begins. */
  while (next && (next = strstr(next + 1, path)) && g_str_has_prefix(next, where))
    ;
  g_autofree char *part = from ? g_strndup(from, next ? next - from : (long)strlen(from)) : NULL;
  return part && strstr(part, p->text);
}

/* All that is said when a file is read, run and covered. */
static char *said_of(const rules *rules, const char *path)
{
  runner r;
  GError *error = NULL;
  cover *c = cover_new();
  GString *out = g_string_new(NULL);
  runner_init(&r, rules, 2);
  if (!run_file(&r, path, &error) || !cover_file(c, path, &error)) {
    g_string_append(out, error->message);
    g_error_free(error);
  } else {
    cover_report(c, out);
  }
  g_string_append(out, r.errors->str);
  runner_free(&r);
  cover_free(c);
  return g_string_free(out, FALSE);
}

static bool keeps_promises(const rules *rules, const char *path)
{
  g_autoptr(GArray) want = promises(path);
  g_autofree char *said = said_of(rules, path);
  bool ok = want->len;
  if (!ok)
    printf("%s: promises nothing: mark what must be said by #!\n", path);
  for (unsigned i = 0; i < want->len; i++) {
    const promise *p = &g_array_index(want, promise, i);
    if (!is_said(said, path, p)) {
      printf("%s:%u: not said: %s\nsaid was:\n%s\n", path, p->line, p->text, said);
      ok = false;
    }
    g_free(p->text);
  }
  return ok;
}

static int self_test(const rules *rules, char **paths)
{
  unsigned failed = 0, n = 0;
  for (; paths[n]; n++)
    failed += !keeps_promises(rules, paths[n]);
  printf("%u wrong files, %u not refused as they should be\n", n, failed);
  return failed || !n;
}

/* ---- options ---- */

static int usage(void)
{
  fputs("usage: trap-tables [--coverage | --cells | --self-test] [--rules=FILE] FILE.tbl...\n",
        stderr);
  return 126;
}

static int with_rules(const char *path, char **files, int (*run)(const rules *, char **))
{
  rules r;
  GError *error = NULL;
  int status = rules_read(&r, path, &error) ? 0 : complain(error);
  if (!status)
    status = run(&r, files);
  rules_free(&r);
  return status;
}

int main(int argc, char **argv)
{
  const char *mode = "";
  g_autofree char *rules_path = NULL;
  for (argv++; *argv && g_str_has_prefix(*argv, "--"); argv++)
    if (g_str_has_prefix(*argv, "--rules="))
      rules_path = g_strdup(*argv + 8);
    else
      mode = *argv;
  if (!*argv)
    return usage();
  if (!rules_path) {
    g_autofree char *folder = g_path_get_dirname(*argv);
    rules_path = g_build_filename(folder, "entry.tbl", NULL);
  }
  if (!strcmp(mode, "--coverage") || !strcmp(mode, "--cells"))
    return cover_files(argv, !strcmp(mode, "--cells"));
  if (!*mode || !strcmp(mode, "--self-test"))
    return with_rules(rules_path, argv, *mode ? self_test : run_files);
  return usage();
}
