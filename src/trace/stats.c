/* stats.c - the text and the JSON object of --stats, from the rows of stats.def. Depends on rvh.h
 * alone.
 */
#include "rvh.h"
#include <inttypes.h>

#define VALUE "%14" PRIu64 "  "

static void print_size(FILE *out, uint64_t bytes, const char *text)
{
  fprintf(out, "%12.2f M  %s\n", bytes / 1048576.0, text);
}

static void print_text(const rvh_stats *s, FILE *out)
{
  fputs("# rvh-sim statistics\n", out);
#define GROUP(title) fputs("# " title "\n", out);
#define STAT(key, text) fprintf(out, VALUE "%s\n", s->key, text);
#define SHARE(text, a, b)                                                                          \
  if (s->b)                                                                                        \
    fprintf(out, "%14.2f  %s\n", (double)s->a / s->b, text);
#define SIZE(key, text) print_size(out, s->key, text);
#include "trace/stats.def"
  if (s->rss_peak > s->ram_resident)
    print_size(out, s->rss_peak - s->ram_resident, "of it, not guest RAM");
}

static void print_json(const rvh_stats *s, FILE *out)
{
  fputs("{\"rec\":\"stats\"", out);
#define GROUP(title)
#define STAT(key, text) fprintf(out, ",\"" #key "\":%" PRIu64, s->key);
#define SHARE(text, a, b)
#define SIZE(key, text) STAT(key, text)
#include "trace/stats.def"
  fputs("}\n", out);
}

void rvh_print_stats(const rvh_stats *s, bool json, FILE *out)
{
  fflush(stdout);
  (json ? print_json : print_text)(s, out);
}
