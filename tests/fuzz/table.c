/* table.c - page tables of a program: Sv39, Sv48, Sv57 and their x4 forms; regimes made of them;
 * PMP.
 *
 * [priv supervisor#sv39, hypervisor#guest-addr-translation]
 */
#include "gen.h"
#include "priv/csr.h"

enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
#define PBMT(n) ((uint64_t)(n) << 61)
#define NAPOT (1ull << 63)
enum { PAGE = 4096 };

static uint64_t leaf(uint64_t pa, uint64_t flags) { return pa >> 12 << 10 | flags | V; }

static uint64_t new_table(gen *g, unsigned pages)
{
  uint64_t pa = (g->next_table + pages * PAGE - 1) & -(uint64_t)(pages * PAGE);
  g->next_table = pa + pages * PAGE;
  return pa;
}

static unsigned index_bits(const tree *t, unsigned level)
{
  return t->kind == TREE_G && level == t->levels - 1u ? 11 : 9;
}

/* Where the PTE for va at a level is; makes the tables on the way. */
static uint64_t slot(gen *g, const tree *t, uint64_t va, unsigned level)
{
  uint64_t table = t->root;
  for (unsigned l = t->levels - 1;; l--) {
    const uint64_t index = va >> (12 + 9 * l) & ((1u << index_bits(t, l)) - 1);
    const uint64_t at = table + 8 * index;
    if (l == level)
      return at;
    if (!peek64(g, at))
      poke64(g, at, leaf(new_table(g, 1), 0));
    table = peek64(g, at) >> 10 << 12;
  }
}

static void map(gen *g, const tree *t, uint64_t va, unsigned level, uint64_t pte)
{
  poke64(g, slot(g, t, va, level), pte);
}

/* The physical page behind a page of the windows. */
static uint64_t behind(const gen *g, unsigned window)
{
  static const uint64_t mmio[] = { 0x2000000, 0x2000000, 0x10000000, 0x10000000 };
  if (window < WIN_PATCH_S)
    return PA(AT_CODE) + (window & 15) * PAGE;
  if (window < WIN_DATA_U)
    return SHARED(AT_PATCH) + (window & 1) * PAGE;
  if (window >= WIN_MMIO)
    return mmio[window - WIN_MMIO];
  return SHARED(AT_DATA) + (window & 15) * PAGE;
}

/* Where a leaf of t for a window points: a guest's may go through the windows of the G-stage. */
static uint64_t target(const gen *g, const tree *t, unsigned window)
{
  return t->alias ? WINDOWS + window * PAGE : behind(g, window);
}

static uint64_t user(const tree *t, bool is) { return is || t->kind == TREE_G ? U : 0; }

/* Leaves that refuse some or all accesses. */
static uint64_t bad_flags(gen *g, const tree *t)
{
  const uint64_t u = user(t, rnd(g, 2));
  switch (rnd(g, 11)) {
  case 0:
    return R | A | D | u; /* read-only */
  case 1:
    return R | W | D | u; /* A is clear */
  case 2:
    return R | W | A | u; /* D is clear */
  case 3:
    return X | A | D | u; /* execute-only: for MXR. Data is never run */
  case 4:
    return W | A | D | u; /* reserved */
  case 5:
    return R | W | A | D | u | 1ull << (54 + rnd(g, 7)); /* reserved bits */
  case 6:
    return R | W | A | D | (U & ~u); /* the other privilege; none at the G-stage */
  case 7:
    return R | W | A | D | u | PBMT(1 + rnd(g, 3));
  case 8:
    return R | W | A | D | u | NAPOT; /* of a reserved size, perhaps */
  case 9:
    return u; /* no leaf at level 0 */
  default:
    return R | W | A | D | u | G;
  }
}

uint64_t volatile_pte(gen *g, const tree *t, unsigned window)
{
  const uint64_t u = user(t, !(window & 1));
  static const uint8_t flags[] = { R | W | A | D, R | W | A | D, R | A | D, X | A | D,
                                   R | A,         R | W | D,     0 };
  const uint64_t f = flags[rnd(g, sizeof flags)];
  const uint64_t to =
      t->alias ? WINDOWS + (WIN_DATA_U + rnd(g, 24)) * PAGE : SHARED(AT_DATA) + rnd(g, 16) * PAGE;
  return f ? leaf(to, f | u) : chance(g, 50) ? 0 : leaf(to, R | W | A | D) & ~(uint64_t)V;
}

uint64_t swap_pte(gen *g, const tree *t)
{
  const unsigned which = rnd(g, 2);
  const uint64_t to =
      t->alias ? WINDOWS + (WIN_PATCH_S + which) * PAGE : SHARED(AT_PATCH) + which * PAGE;
  return chance(g, 5) ? 0 : leaf(to, R | X | A | D | user(t, false));
}

uint64_t super_pte(gen *g, const tree *t)
{
  return leaf(PA(0), (chance(g, 70) ? W : 0) | R | X | A | D | user(t, t->super_user[0]));
}

uint64_t napot_pte(gen *g, const tree *t)
{
  const uint64_t u = user(t, t->super_user[0]);
  return leaf(behind(g, WIN_NAPOT) | 8 * PAGE, (chance(g, 70) ? W : 0) | R | A | D | NAPOT | u);
}

static uint64_t window_pte(gen *g, const tree *t, unsigned w)
{
  const uint64_t to = target(g, t, w);
  if (w < WIN_PATCH_S) /* the G-stage's must be readable: handlers look at instructions */
    return leaf(to, X | A | (t->kind == TREE_G || chance(g, 50) ? R : 0) | user(t, w < WIN_CODE_S));
  if (w < WIN_PATCH_U)
    return leaf(to, R | W | X | A | D | user(t, false));
  if (w < WIN_DATA_U)
    return w < WIN_PATCH_U + 2 ? leaf(to, R | W | X | A | D | U) : 0;
  if (w < WIN_DATA_S)
    return leaf(to, R | W | A | D | U);
  if (w < WIN_VOLATILE)
    return leaf(to, R | W | A | D | user(t, false));
  if (w < WIN_NAPOT)
    return volatile_pte(g, t, w);
  if (w < WIN_BAD)
    return leaf(behind(g, WIN_NAPOT) | 8 * PAGE, R | W | A | D | NAPOT | user(t, t->super_user[0]));
  if (w < WIN_BAD + 16)
    return leaf(to, bad_flags(g, t));
  if (w >= WIN_SWAP && w < WIN_SWAP + 3)
    return swap_pte(g, t);
  if (w >= WIN_MMIO && g->flags & FUZZ_MMIO)
    return leaf(to, R | W | A | D | user(t, !(w & 1)));
  return 0;
}

/* A part of the image at its own address, for supervisors, by pages of some size. */
static void map_identity(gen *g, const tree *t, uint64_t part, unsigned level)
{
  const uint64_t flags = R | W | X | A | D | user(t, false), size = 1ull << (12 + 9 * level);
  for (uint64_t at = part & -size; at < part + FUZZ_SIZE; at += size)
    map(g, t, at, level, leaf(at, flags));
}

static void make_tree(gen *g, unsigned kind, bool alias)
{
  tree *t = &g->trees[kind][g->n_trees[kind]++];
  *t = (tree){ .kind = kind,
               .levels = 3 + rnd(g, 3),
               .alias = alias,
               .id = rnd64(g),
               .super_user = { rnd(g, 2), rnd(g, 2) } };
  t->id = (t->id & 0x3ff8) | g->n_trees[kind];
  t->root = new_table(g, kind == TREE_G ? 4 : 1);
  const unsigned level = rnd(g, 3);
  map_identity(g, t, SHARED(0), level);
  map_identity(g, t, PA(0), level);
  t->leaves = slot(g, t, WINDOWS, 0);
  for (unsigned w = 0; w < N_WINDOWS; w++)
    map(g, t, WINDOWS + w * PAGE, 0, window_pte(g, t, w));
  const uint64_t flags = R | W | X | A | D;
  t->super = slot(g, t, SUPER_2M, 1);
  map(g, t, SUPER_2M, 1, super_pte(g, t));
  map(g, t, SUPER_BAD, 1, leaf(PA(PAGE), flags | U));
  map(g, t, SUPER_NONE, 1, leaf(0x50000000, 0));
  map(g, t, SUPER_1G, 2, leaf(SHARED(0), flags | user(t, t->super_user[1])));
}

/* Guests' tables with and without aliases: those without do for a Bare G-stage as well. */
void make_trees(gen *g)
{
  make_tree(g, TREE_S, false);
  make_tree(g, TREE_S, false);
  make_tree(g, TREE_VS, false);
  make_tree(g, TREE_VS, false);
  make_tree(g, TREE_VS, true);
  make_tree(g, TREE_G, false);
  make_tree(g, TREE_G, false);
}

uint64_t tree_atp(const tree *t)
{
  return t ? (uint64_t)(t->levels + 5) << 60 | (uint64_t)t->id << 44 | t->root >> 12 : 0;
}

static const tree *one_of(gen *g, unsigned kind)
{
  return chance(g, 25) ? NULL : &g->trees[kind][rnd(g, g->n_trees[kind])];
}

void choose_regime(gen *g)
{
  g->regime = (regime){ .satp = one_of(g, TREE_S),
                        .vsatp = one_of(g, TREE_VS),
                        .hgatp = one_of(g, TREE_G) };
  if (!g->regime.hgatp && g->regime.vsatp && g->regime.vsatp->alias)
    g->regime.vsatp = &g->trees[TREE_VS][0];
}

/* A naturally aligned range of data, with any rights, or of code, which handlers must be able to
 * read. */
void emit_pmp(gen *g)
{
  uint64_t cfg = 0;
  for (unsigned i = 0; i < 4; i++) {
    const bool code = chance(g, 40);
    const unsigned shift = 3 + rnd(g, 9); /* 8 bytes to 2 KiB */
    const uint64_t at = code ? PA(AT_CODE) + rnd(g, 0x12000) : SHARED(AT_DATA) + rnd(g, 0x10000);
    const uint64_t address = (at >> 2 & ~((1ull << (shift - 2)) - 1)) | ((1ull << (shift - 3)) - 1);
    const uint64_t rights = code ? 5 | rnd(g, 2) << 1 : rnd(g, 8);
    emit_csr_write(g, CSR_pmpaddr0 + i, address);
    cfg |= (chance(g, 25) ? 0 : (chance(g, 20) ? 0x10 : 0x18) | rights)
           << 8 * i; /* off, NA4, NAPOT */
  }
  emit_csr_write(g, CSR_pmpcfg0, chance(g, 20) ? 0 : cfg);
}
