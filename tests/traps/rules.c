/* rules.c - reads entry.tbl and says what is missing in it. */
#include "rules.h"
#include <stdlib.h>

static bool each(const tbl_row *row, const char *column, GPtrArray **list, GError **error)
{
  const char *cell = tbl_cell(row, column);
  if (!cell) {
    tbl_error(error, row, "the table has no column %s", column);
    return false;
  }
  const char *all = strcmp(cell, "*") ? cell : !strcmp(column, "from") ? "M/HS/U/VS/VU" : "0/1";
  *list = tbl_expand(row->table->file, all, error);
  return *list;
}

static bool mode_of_cell(const tbl_row *row, const char *name, int *mode, GError **error)
{
  *mode = mode_number(name);
  if (*mode < 0)
    tbl_error(error, row, "there is no mode \"%s\"", name);
  return *mode >= 0;
}

static bool target_of_row(const tbl_row *row, target *to, GError **error)
{
  const char *cell = tbl_cell(row, "to");
  if (cell && target_parse(cell, to) && *to <= TO_VS)
    return true;
  tbl_error(error, row, "the column to must be M, HS or VS");
  return false;
}

static bool read_route(rules *r, const tbl_row *row, GError **error)
{
  g_autoptr(GPtrArray) modes = NULL, first = NULL, second = NULL;
  target to;
  if (!each(row, "from", &modes, error) || !each(row, "first", &first, error) ||
      !each(row, "second", &second, error) || !target_of_row(row, &to, error))
    return false;
  for (unsigned i = 0; i < modes->len; i++)
    for (unsigned j = 0; j < first->len; j++)
      for (unsigned k = 0; k < second->len; k++) {
        const unsigned a = atoi(first->pdata[j]) & 1, b = atoi(second->pdata[k]) & 1;
        int mode;
        if (!mode_of_cell(row, modes->pdata[i], &mode, error))
          return false;
        if (r->route[mode][a][b]) {
          tbl_error(error, row, "line %u says already where this goes", r->route[mode][a][b]->line);
          return false;
        }
        r->route[mode][a][b] = row;
        r->route_to[mode][a][b] = to;
      }
  return true;
}

static bool read_from(rules *r, const tbl_row *row, GError **error)
{
  g_autoptr(GPtrArray) modes = NULL;
  target to;
  if (!each(row, "from", &modes, error) || !target_of_row(row, &to, error))
    return false;
  for (unsigned i = 0; i < modes->len; i++) {
    int mode;
    if (!mode_of_cell(row, modes->pdata[i], &mode, error))
      return false;
    r->from[mode][to] = row;
  }
  return true;
}

static bool read_writes(rules *r, const tbl_row *row, GError **error)
{
  target to;
  if (!target_of_row(row, &to, error))
    return false;
  r->writes[to] = row;
  return true;
}

static bool read_rows(rules *r, GError **error)
{
  for (unsigned i = 0; i < r->file->tables->len; i++) {
    const tbl_table *t = r->file->tables->pdata[i];
    for (unsigned k = 0; k < t->rows->len; k++) {
      const tbl_row *row = t->rows->pdata[k];
      if ((!strcmp(t->kind, "route") && !read_route(r, row, error)) ||
          (!strcmp(t->kind, "from") && !read_from(r, row, error)) ||
          (!strcmp(t->kind, "writes") && !read_writes(r, row, error)))
        return false;
    }
  }
  return true;
}

static bool complete(const rules *r, GError **error)
{
  for (unsigned mode = 0; mode < N_MODES; mode++)
    for (unsigned i = 0; i < 4; i++) {
      const tbl_row *route = r->route[mode][i & 1][i >> 1];
      if (!route || !r->from[mode][r->route_to[mode][i & 1][i >> 1]])
        return wrong(error, "%s: no %s row for traps from %s with delegation bits %u%u",
                     r->file->path, route ? "\"from\"" : "\"route\"", mode_names[mode], i & 1,
                     i >> 1);
    }
  for (unsigned to = TO_M; to <= TO_VS; to++)
    if (!r->writes[to])
      return wrong(error, "%s: no \"writes\" row for %s", r->file->path, target_names[to]);
  return true;
}

bool rules_read(rules *r, const char *path, GError **error)
{
  *r = (rules){ 0 };
  r->file = tbl_read(path, error);
  return r->file && read_rows(r, error) && complete(r, error);
}

void rules_free(rules *r) { tbl_free(r->file); }
