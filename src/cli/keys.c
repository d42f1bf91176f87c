/* keys.c - numbers, key=value lists, and the nearest match, for the options of the command line. */
#include "cli/keys.h"
#include "cli/options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool cli_fail(GError **error, const char *way_out, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, CLI_ERROR, CLI_ERROR_USAGE, "%s\n%s", what, way_out);
  return false;
}

/* strtoull alone would let signs, trailing text and overflow pass. */
bool cli_parse_scaled(const char *text, const char *suffixes, uint64_t unit, uint64_t *value)
{
  char *end;
  if (!g_ascii_isdigit(*text))
    return false;
  errno = 0;
  bool hex = text[0] == '0' && g_ascii_tolower(text[1]) == 'x';
  uint64_t number = strtoull(text, &end, hex ? 16 : 10);
  if (errno)
    return false;
  uint64_t scale = 1;
  if (*end) {
    const char *found = strchr(suffixes, g_ascii_toupper(*end));
    if (!found || end[1])
      return false;
    for (const char *s = suffixes; s <= found; s++)
      scale *= unit;
  }
  return !__builtin_mul_overflow(number, scale, value);
}

/* ---- the nearest ---- */

enum { MAX_NAME = 24 }; /* longer words are not a misspelt option */

/* Levenshtein's edit distance, one row of the matrix at a time. */
static unsigned distance(const char *a, const char *b)
{
  unsigned row[MAX_NAME + 1];
  size_t na = strlen(a), nb = strlen(b);
  for (size_t j = 0; j <= nb; j++)
    row[j] = (unsigned)j;
  for (size_t i = 1; i <= na; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= nb; j++) {
      unsigned replace = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = MIN(replace, 1 + MIN(row[j], row[j - 1]));
    }
  }
  return row[nb];
}

/* A third of the letters may be wrong. */
size_t cli_nearest(const char *word, const char *(*name_at)(const void *table, size_t i),
                   const void *table, size_t n)
{
  size_t best = n;
  unsigned limit = (unsigned)strlen(word) / 3 + 1;
  if (strlen(word) > MAX_NAME)
    return n;
  for (size_t i = 0; i < n; i++) {
    const char *name = name_at(table, i);
    const unsigned d = name && strlen(name) <= MAX_NAME ? distance(word, name) : limit;
    if (d < limit) {
      limit = d;
      best = i;
    }
  }
  return best;
}

/* ---- lists ---- */

/* The text up to a single comma, with double ones halved; *text moves behind it. */
static char *next_item(const char **text)
{
  GString *item = g_string_new(NULL);
  const char *p = *text;
  for (; *p && (*p != ',' || p[1] == ','); p++) {
    g_string_append_c(item, *p);
    p += *p == ',';
  }
  *text = *p ? p + 1 : p;
  return g_string_free(item, FALSE);
}

static const char *key_at(const void *table, size_t i)
{
  return ((const cli_keyword *)table)[i].name;
}

static bool unknown_key(const char *what, const char *key, const cli_keyword *table, size_t n,
                        GError **error)
{
  const size_t like = cli_nearest(key, key_at, table, n);
  g_autoptr(GString) way_out = g_string_new(NULL);
  if (like < n)
    g_string_printf(way_out, "did you mean %s=?", table[like].name);
  else
    for (size_t i = 0; i < n; i++)
      g_string_append_printf(way_out, "%s%s", i ? ", " : "possible here: ", table[i].name);
  return cli_fail(error, way_out->str, "%s: unknown key '%s'", what, key);
}

static bool take_item(const char *what, char *item, const cli_keyword *table, size_t n,
                      void *target, GError **error)
{
  char *equals = strchr(item, '=');
  const char *value = equals ? equals + 1 : "on";
  if (equals)
    *equals = 0;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(table[i].name, item))
      return table[i].set(target, g_intern_string(value), error);
  return unknown_key(what, item, table, n, error);
}

bool cli_keys_parse(const char *what, const char *text, const cli_keyword *table, size_t n,
                    void *target, GError **error)
{
  while (*text) {
    g_autofree char *item = next_item(&text);
    if (!take_item(what, item, table, n, target, error))
      return false;
  }
  return true;
}

bool cli_parse_switch(const char *key, const char *value, bool *on, GError **error)
{
  static const char *const words[] = { "off", "on", "false", "true", "no", "yes" };
  for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
    if (!strcmp(value, words[i])) {
      *on = i % 2;
      return true;
    }
  return cli_fail(error, "give on or off", "%s: '%s' is neither on nor off", key, value);
}
