/* tables.c - what `info mem` shows. The roots come from a probe of the walker, so that they are the
 * ones it uses; the rest reads the tables itself, since the walker follows one address only.
 */
#include "debug/tables.h"
#include "cpu/event.h"

enum { PTE_V = 1, PTE_RWX = 14, PTE_U = 16, MAX_LINES = 200, MAX_PTES = 1 << 20 };
#define PTE_N (1ull << 63)

typedef struct {
  rvh_machine *m;
  unsigned hart;
  rv_table which;
  uint64_t root;
  int levels; /* 0: Bare */
} table;

static table open_table(rvh_machine *m, unsigned hart, rv_table which)
{
  rv_walk_log log = { 0 };
  uint64_t pa, gpa;
  rvh_translate(m, hart, 0, 1, which == RV_TABLE_HS ? RVH_AS_HS : RVH_AS_VS, &pa, &gpa,
                (rvh_walk_log *)&log);
  const unsigned mode = log.modes[which];
  return (table){ m, hart, which, log.roots[which], mode >= 8 && mode <= 10 ? (int)mode - 5 : 0 };
}

/* The root of the G-stage has four times the entries. */
static uint64_t entries(const table *t, int level)
{
  return t->which == RV_TABLE_G && level == t->levels - 1 ? 2048 : 512;
}

static bool read_pte(const table *t, uint64_t at, uint64_t *pte)
{
  uint64_t leaf;
  if (t->which == RV_TABLE_VS && !rv_tables_gpa(t->m, t->hart, at, &at, &leaf))
    return false;
  return rvh_read_memory(t->m, at, pte, 8);
}

static uint64_t size_of(int level) { return 4096ull << 9 * level; }

/* Svnapot: 64 KiB, the low four bits of the PPN are the address's own. */
static uint64_t frame(uint64_t pte, int level, uint64_t addr)
{
  const uint64_t ppn = pte >> 10 & ((1ull << 44) - 1);
  const uint64_t base = level == 0 && (pte & PTE_N) ? (ppn & ~15ull) | (addr >> 12 & 15) : ppn;
  return (base << 12) & ~(size_of(level) - 1);
}

bool rv_tables_gpa(rvh_machine *m, unsigned hart, uint64_t gpa, uint64_t *pa, uint64_t *pte)
{
  const table t = open_table(m, hart, RV_TABLE_G);
  uint64_t at = t.root;
  *pte = 0;
  *pa = gpa;
  if (!t.levels)
    return true;
  if (gpa >= size_of(t.levels) * 4)
    return false;
  for (int level = t.levels - 1; level >= 0; level--) {
    at += (gpa / size_of(level)) % entries(&t, level) * 8;
    if (!read_pte(&t, at, pte) || !(*pte & PTE_V))
      return false;
    if (*pte & PTE_RWX) {
      *pa = frame(*pte, level, gpa) | (gpa & (size_of(level) - 1));
      return true;
    }
    at = (*pte >> 10 & ((1ull << 44) - 1)) << 12;
  }
  return false;
}

/* ---- ranges ---- */

typedef struct {
  const table *t;
  FILE *out;
  uint64_t start, size, to, perms; /* the range under way; size 0: none */
  unsigned lines, ptes;
} scan;

static void print_range(scan *s)
{
  if (!s->size)
    return;
  if (s->lines++ < MAX_LINES)
    fprintf(s->out,
            "  %016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x -> %010" G_GINT64_MODIFIER
            "x  %c%c%c%c%c%c\n",
            s->start, (s->start + s->size - 1), s->to, s->perms & 2 ? 'r' : '-',
            s->perms & 4 ? 'w' : '-', s->perms & 8 ? 'x' : '-', s->perms & 16 ? 'u' : '-',
            s->perms & 64 ? 'a' : '-', s->perms & 128 ? 'd' : '-');
  s->size = 0;
}

static void add_leaf(scan *s, uint64_t addr, uint64_t size, uint64_t to, uint64_t perms)
{
  if (s->size && s->start + s->size == addr && s->to + s->size == to && s->perms == perms) {
    s->size += size;
    return;
  }
  print_range(s);
  s->start = addr;
  s->size = size;
  s->to = to;
  s->perms = perms;
}

/* Virtual addresses repeat their highest translated bit above it. */
static uint64_t extend(const table *t, uint64_t addr)
{
  const int shift = 64 - (12 + 9 * t->levels);
  return t->which == RV_TABLE_G ? addr : (uint64_t)((int64_t)(addr << shift) >> shift);
}

/* A table may point to itself: the count of entries looked at is bounded, not only the depth. */
static void scan_table(scan *s, uint64_t root, int level, uint64_t addr)
{
  for (uint64_t i = 0; i < entries(s->t, level) && s->lines < MAX_LINES; i++) {
    const uint64_t at = addr + i * size_of(level);
    uint64_t pte;
    if (++s->ptes > MAX_PTES || !read_pte(s->t, root + 8 * i, &pte))
      return;
    if (!(pte & PTE_V))
      continue;
    if (pte & PTE_RWX)
      add_leaf(s, extend(s->t, at), size_of(level), frame(pte, level, at), pte & 0xde);
    else if (level)
      scan_table(s, (pte >> 10 & ((1ull << 44) - 1)) << 12, level - 1, at);
  }
}

void rv_tables_print(rvh_machine *m, unsigned hart, rv_table which, FILE *out)
{
  static const char *const names[] = { "HS: satp", "VS-stage: vsatp", "G-stage: hgatp" };
  static const char *const modes[] = { "Bare", "Sv39", "Sv48", "Sv57" };
  const table t = open_table(m, hart, which);
  fprintf(out, "%s %s%s", names[which], modes[t.levels ? t.levels - 2 : 0],
          which == RV_TABLE_G && t.levels ? "x4" : "");
  if (!t.levels) {
    fputs(", no translation\n", out);
    return;
  }
  fprintf(out, ", root %" G_GINT64_MODIFIER "x\n", t.root);
  scan s = { .t = &t, .out = out };
  scan_table(&s, t.root, t.levels - 1, 0);
  print_range(&s);
  if (s.lines >= MAX_LINES || s.ptes > MAX_PTES)
    fputs("  (and more)\n", out);
  else if (!s.lines)
    fputs("  nothing is mapped\n", out);
}
