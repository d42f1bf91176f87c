/* place.c - where a mode finds data and code, by the regime of the phase.
 */
#include "body.h"

bool translated(const gen *g, unsigned mode)
{
  if (mode == MODE_M)
    return false;
  return mode_is_v(mode) ? g->regime.vsatp || g->regime.hgatp : g->regime.satp != NULL;
}

/* The tree that gives the first stage's permissions, or the only one there is. */
static const tree *tree_of(const gen *g, unsigned mode)
{
  return !mode_is_v(mode) ? g->regime.satp : g->regime.vsatp ? g->regime.vsatp : g->regime.hgatp;
}

/* U-bit of the tree's pages is for this mode. */
static bool fits(const tree *t, unsigned mode, bool user_page)
{
  return t->kind == TREE_G || user_page == mode_is_user(mode);
}

/* An address of data in some place of t; *user: whom its page is for. */
static uint64_t place_of_data(gen *g, const tree *t, bool *user)
{
  const uint64_t inside = 2048 + (chance(g, 70) ? rnd(g, 7400) * 8 : rnd(g, 59200));
  const unsigned in_page = chance(g, 70) ? rnd(g, 512) * 8 : rnd(g, 4096);
  uint64_t window;
  *user = false;
  switch (rnd(g, 8)) {
  case 0:
    return PA(AT_DATA) + inside;
  case 1:
  case 2:
    *user = true;
    window = WIN_DATA_U + rnd(g, 8);
    break;
  case 3:
    window = WIN_DATA_S + rnd(g, 8);
    break;
  case 4:
    *user = t->super_user[0];
    window = WIN_NAPOT + rnd(g, 16);
    break;
  case 5:
    *user = t->super_user[0];
    return SUPER_2M + AT_DATA + inside;
  case 6:
    *user = t->super_user[1];
    return SUPER_1G + (PA(AT_DATA) - SHARED(0)) + inside;
  default:
    window = WIN_VOLATILE + rnd(g, 8);
    *user = !(window & 1);
  }
  return WINDOWS + 4096 * window + in_page;
}

uint64_t data_address(gen *g, unsigned mode)
{
  const tree *t = tree_of(g, mode);
  if (!translated(g, mode))
    return PA(AT_DATA) + 2048 + (chance(g, 70) ? rnd(g, 7400) * 8 : rnd(g, 59200));
  if (chance(g, 4))
    return WINDOWS + 4096ull * WIN_BAD + rnd(g, 0x10000);
  if (chance(g, 1))
    return chance(g, 30)   ? SUPER_BAD + rnd(g, 4096)
           : chance(g, 50) ? SUPER_NONE
                           : rnd64(g) | 1ull << 62;
  /* Bits that pointer masking ignores: 7 or 16, if it is on. */
  const uint64_t tag =
      g->flags & FUZZ_MASKING && chance(g, 20) ? rnd64(g) << (chance(g, 70) ? 57 : 48) : 0;
  const bool any = chance(g, mode_is_user(mode) ? 5 : 25); /* for SUM, and others */
  for (;;) {
    bool user;
    const uint64_t address = place_of_data(g, t, &user);
    if (any || fits(t, mode, user))
      return address | tag;
  }
}

uint64_t code_base(gen *g, unsigned mode)
{
  const tree *t = tree_of(g, mode);
  if (!translated(g, mode))
    return PA(AT_CODE);
  for (;;)
    switch (rnd(g, 5)) {
    case 0:
      if (mode_is_user(mode) && t->kind != TREE_G)
        break;
      return PA(AT_CODE);
    case 1:
      if (!fits(t, mode, true))
        break;
      return WINDOWS + 4096ull * WIN_CODE_U;
    case 2:
      if (!fits(t, mode, false))
        break;
      return WINDOWS + 4096ull * WIN_CODE_S;
    case 3:
      if (!fits(t, mode, t->super_user[0]))
        break;
      return SUPER_2M + AT_CODE;
    default:
      if (!fits(t, mode, t->super_user[1]))
        break;
      return SUPER_1G + (PA(AT_CODE) - SHARED(0));
    }
}

uint64_t patch_base(gen *g, unsigned mode)
{
  const tree *t = tree_of(g, mode);
  if (!translated(g, mode))
    return SHARED(AT_PATCH);
  if (t->kind == TREE_G ? rnd(g, 2) : mode_is_user(mode))
    return WINDOWS + 4096ull * WIN_PATCH_U;
  return chance(g, 40) ? SHARED(AT_PATCH) : WINDOWS + 4096ull * (WIN_PATCH_S + 2 * rnd(g, 2));
}
