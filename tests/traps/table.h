/* table.h - the text of a trap table (*.tbl), read: tables, columns, rows, cells, and the sets that
 * make one row stand for several. What the cells mean is cases.c's. Format: README.md.
 */
#ifndef RVH_TRAPS_TABLE_H
#define RVH_TRAPS_TABLE_H
#include <glib.h>
#include <stdbool.h>

typedef struct tbl_file tbl_file;
typedef struct tbl_table tbl_table;

typedef struct {
  const tbl_table *table;
  unsigned line;
  char **cell; /* one per column, stripped; NULL-terminated */
  char *text;  /* the line as written, without its comment */
  char *note;  /* the comment at its end, "" if there is none */
} tbl_row;

struct tbl_table {
  const tbl_file *file;
  unsigned line;
  char *kind, *heading;
  GPtrArray *about; /* char *: comment lines above the columns */
  char **column;    /* NULL-terminated; NULL: no columns line yet */
  GPtrArray *rows;  /* tbl_row * */
};

struct tbl_file {
  char *path, *title;
  GHashTable *sets;  /* name -> text */
  GPtrArray *tables; /* tbl_table * */
};

/* NULL: error is "FILE:LINE: what is wrong", a newline, what to do. */
tbl_file *tbl_read(const char *path, GError **error);
void tbl_free(tbl_file *f);

/* The cell of a named column, or NULL: the table has no such column. */
const char *tbl_cell(const tbl_row *row, const char *column);

/* All strings a cell stands for: alternatives "a / b", sets "$NAME", lists "x{3..31}y", "{a/b}".
 * NULL: a set is unknown, or a bracket is open. */
GPtrArray *tbl_expand(const tbl_file *f, const char *cell, GError **error);

/* Sets the error and is false. */
bool wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* An error about a row: "FILE:LINE: ...". */
void tbl_error(GError **error, const tbl_row *row, const char *format, ...) G_GNUC_PRINTF(3, 4);
#endif
