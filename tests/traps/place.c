/* place.c - page tables in the style of a small hypervisor: Sv39 for HS, Sv39 for the guest,
 * Sv39x4 below it. [supervisor#sv39, hypervisor#guest-addr-translation]
 */
#include "place.h"

enum { PAGE_SIZE = 4096, WINDOW = 8, TABLE_PAGES = 32 };
#define TABLES (CORE_RAM + 0x20000)
#define GUEST_OFFSET 0x60000000ull /* pa - gpa */
#define VS_OFFSET 0x10000000ull    /* gva - gpa */
#define S_OFFSET 0x30000000ull     /* pa - va of HS */
#define APART 0x400000ull          /* the test page has a last-level table of its own */
enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128, ALL = V | R | W | X | A | D };

typedef struct {
  core *c;
  uint64_t root, offset; /* offset: pa - what PTEs of this stage call an address */
  uint64_t *top;         /* where the next table goes */
  bool x4;
} tables;

static uint64_t *word(core *c, uint64_t pa)
{
  return (uint64_t *)rv_region_host(rv_phys_find(&c->phys, pa, 8), pa);
}

static tables new_tables(core *c, uint64_t *top, bool x4, uint64_t offset)
{
  *top = x4 ? (*top + 0x3fff) & ~0x3fffull : *top;
  const tables t = { c, *top, offset, top, x4 };
  *top += x4 ? 4 * PAGE_SIZE : PAGE_SIZE;
  return t;
}

/* Physical address of the last-level PTE of va; tables above are made if missing. */
static uint64_t pte_at(const tables *t, uint64_t va)
{
  uint64_t table = t->root;
  for (unsigned level = 2;; level--) {
    const uint64_t mask = t->x4 && level == 2 ? 2047 : 511;
    const uint64_t at = table + (va >> (12 + 9 * level) & mask) * 8;
    if (level == 0)
      return at;
    uint64_t *pte = word(t->c, at);
    if (!*pte) {
      *pte = (*t->top - t->offset) >> 12 << 10 | V;
      *t->top += PAGE_SIZE;
    }
    table = (*pte >> 10 << 12) + t->offset;
  }
}

static void map(const tables *t, uint64_t va, uint64_t to, unsigned flags)
{
  *word(t->c, pte_at(t, va)) = to >> 12 << 10 | flags;
}

static unsigned flags_of(const char *text)
{
  static const char letters[] = "rwxu-ad"; /* bits 1, 2, 3, 4, 6, 7 */
  unsigned flags = V;
  if (!strcmp(text, "none"))
    return 0;
  for (; *text; text++)
    flags |= 2u << (strchr(letters, *text) - letters);
  return flags;
}

/* Code, vectors and landing: the code page is the mode's own, the handlers are the supervisor's. */
static void map_window(const tables *t, uint64_t offset, uint64_t to_offset, unsigned extra,
                       bool user)
{
  for (unsigned i = 0; i < WINDOW; i++) {
    const uint64_t pa = CORE_RAM + i * PAGE_SIZE;
    map(t, pa + offset, pa + to_offset, ALL | extra | (i == 0 && user ? U : 0));
  }
}

/* The test page and the next one; what the case does not say lets the access through. */
static void map_test(const tables *t, uint64_t va, uint64_t to, const trap_case *k, map_id first,
                     map_id next)
{
  const bool user = t->x4 || k->mode == MODE_U || k->mode == MODE_VU;
  const char *all = user ? "rwxuad" : "rwxad";
  map(t, va, to, flags_of(k->map[first] ? k->map[first] : all));
  map(t, va + PAGE_SIZE, to + PAGE_SIZE, flags_of(k->map[next] ? k->map[next] : all));
}

static uint64_t gpa_of(const place *p, uint64_t pa) { return p->g ? pa - GUEST_OFFSET : pa; }

static void build_s(core *c, const trap_case *k, place *p, uint64_t *top)
{
  const tables t = new_tables(c, top, false, 0);
  p->root_s = t.root;
  map_window(&t, -S_OFFSET, 0, 0, k->mode == MODE_U);
  map_test(&t, TEST_PAGE - S_OFFSET + APART, TEST_PAGE, k, MAP_S, MAP_S_NEXT);
}

static void build_vs(core *c, const trap_case *k, place *p, uint64_t *top)
{
  const tables t = new_tables(c, top, false, p->g ? GUEST_OFFSET : 0);
  const uint64_t g = gpa_of(p, 0), va = gpa_of(p, TEST_PAGE) + VS_OFFSET + APART;
  p->root_vs = gpa_of(p, t.root);
  map_window(&t, g + VS_OFFSET, g, 0, k->mode == MODE_VU);
  map_test(&t, va, gpa_of(p, TEST_PAGE), k, MAP_VS, MAP_VS_NEXT);
  p->pte = gpa_of(p, pte_at(&t, va));
}

/* At the G-stage every access is as user [H-220]. */
static void build_g(core *c, const trap_case *k, place *p, uint64_t *top)
{
  const tables t = new_tables(c, top, true, 0);
  p->root_g = t.root;
  map_window(&t, -GUEST_OFFSET, 0, U, true);
  for (uint64_t pa = TABLES; pa < TABLES + TABLE_PAGES * PAGE_SIZE; pa += PAGE_SIZE)
    map(&t, pa - GUEST_OFFSET, pa, ALL | U);
  map_test(&t, TEST_PAGE - GUEST_OFFSET, TEST_PAGE, k, MAP_G, MAP_G_NEXT);
  if (k->map[MAP_PT])
    map(&t, p->pte & ~4095ull, (p->pte & ~4095ull) + GUEST_OFFSET, flags_of(k->map[MAP_PT]));
}

/* A PMP entry for one page; off if the case names no rights. */
static unsigned pmp_entry(const char *rights)
{
  static const char letters[] = "rwx";
  unsigned cfg = rights ? 0x18 : 0; /* NAPOT */
  for (; rights && *rights && strcmp(rights, "none"); rights++)
    cfg |= 1u << (strchr(letters, *rights) - letters);
  return cfg;
}

/* Entry 0 is the test page's, entry 1 that of the guest's last-level table, entry 2 lets everybody
 * everywhere. */
static void set_pmp(core *c, const trap_case *k, const place *p)
{
  const uint64_t page = PAGE_SIZE / 8 - 1, table = p->pte + (p->g ? GUEST_OFFSET : 0);
  core_poke(c->h, CSR_pmpaddr0, TEST_PAGE >> 2 | page);
  core_poke(c->h, CSR_pmpaddr1, table >> 2 | page);
  core_poke(c->h, CSR_pmpaddr2, ~0ull);
  core_poke(c->h, CSR_pmpcfg0,
            0x1f0000 | pmp_entry(k->map[MAP_PMP_PT]) << 8 | pmp_entry(k->map[MAP_PMP]));
}

static uint64_t atp(bool on, uint64_t root) { return on ? 8ull << 60 | root >> 12 : 0; }

void place_build(core *c, const trap_case *k, place *p)
{
  uint64_t top = TABLES;
  *p = (place){ .s = k->map[MAP_S] || k->map[MAP_S_NEXT],
                .vs = k->map[MAP_VS] || k->map[MAP_VS_NEXT] || k->map[MAP_PT] || k->map[MAP_PMP_PT],
                .g = k->map[MAP_G] || k->map[MAP_G_NEXT] || k->map[MAP_PT] };
  if (p->s || p->vs || p->g)
    memset(word(c, TABLES), 0, TABLE_PAGES * PAGE_SIZE);
  p->gpa = gpa_of(p, TEST_PAGE);
  p->page = p->gpa + (p->vs ? VS_OFFSET + APART : p->s && !p->g ? APART - S_OFFSET : 0);
  if (p->s)
    build_s(c, k, p, &top);
  if (p->vs)
    build_vs(c, k, p, &top);
  if (p->g)
    build_g(c, k, p, &top);
  core_poke(c->h, CSR_satp, atp(p->s, p->root_s));
  core_poke(c->h, CSR_vsatp, atp(p->vs, p->root_vs));
  core_poke(c->h, CSR_hgatp, atp(p->g, p->root_g));
  set_pmp(c, k, p);
  rv_tlb_drop_all(c->h);
}

uint64_t place_va(const place *p, core_mode mode, uint64_t pa)
{
  if (mode == MODE_M)
    return pa;
  if (mode == MODE_HS || mode == MODE_U)
    return p->s ? pa - S_OFFSET : pa;
  return gpa_of(p, pa) + (p->vs ? VS_OFFSET : 0);
}

void place_fill(core *c)
{
  uint16_t *half = (uint16_t *)rv_region_host(&c->phys.region[0], CORE_RAM);
  for (unsigned i = 0; i < 0x10000 / 2; i++)
    half[i] = 0xa001;
  /* The first half of a nop at the end of the test page: a fetch there needs the next page. */
  *(uint16_t *)rv_region_host(&c->phys.region[0], TEST_PAGE + PAGE_SIZE - 2) = 0x0013;
}

uint64_t place_hash(core *c)
{
  const uint64_t *w = word(c, TEST_PAGE);
  uint64_t hash = 0;
  for (unsigned i = 0; i < 2 * PAGE_SIZE / 8; i++)
    hash = (hash ^ w[i]) * 0x9e3779b97f4a7c15;
  return hash;
}
