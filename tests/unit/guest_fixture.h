/* guest_fixture.h - a hart of core_fixture.h with a guest: two stages of identity, 4 KiB pages.
 */
#ifndef RVH_TESTS_GUEST_FIXTURE_H
#define RVH_TESTS_GUEST_FIXTURE_H
#include "core_fixture.h"

enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128 };
enum { CBO_ON = 0xf0 }; /* of menvcfg and henvcfg: CBIE, CBCFE, CBZE */
enum { VS_PAGE = V | R | W | X | A | D, G_PAGE = VS_PAGE | U };
#define G_ROOT 0x80020000ull
#define G_L1 0x80024000ull
#define G_L0 0x80025000ull
#define VS_ROOT 0x80030000ull
#define VS_L1 0x80031000ull
#define VS_L0 0x80032000ull

static inline uint64_t pte(uint64_t pa, unsigned flags) { return pa >> 12 << 10 | flags; }

static inline void map_g(core *c, uint64_t gpa, unsigned flags)
{
  put_memory(c, G_L0 + (gpa >> 12 & 511) * 8, pte(gpa, flags), 8);
  rv_tlb_drop_all(c->h);
}
static inline void map_vs(core *c, uint64_t va, unsigned flags)
{
  put_memory(c, VS_L0 + (va >> 12 & 511) * 8, pte(va, flags), 8);
  rv_tlb_drop_all(c->h);
}

static inline void set_vsatp(core *c, bool on)
{
  core_poke(c->h, CSR_vsatp, on ? 8ull << 60 | VS_ROOT >> 12 : 0);
  rv_tlb_drop_all(c->h);
}

/* Two stages; everything but guest faults of the guest's own goes to HS. */
static inline core *new_guest(void)
{
  core *c = core_new();
  put_memory(c, G_ROOT + 2 * 8, pte(G_L1, V), 8);
  put_memory(c, G_L1, pte(G_L0, V), 8);
  put_memory(c, VS_ROOT + 2 * 8, pte(VS_L1, V), 8);
  put_memory(c, VS_L1, pte(VS_L0, V), 8);
  for (uint64_t pa = CORE_RAM; pa < CORE_RAM + CORE_RAM_SIZE; pa += 4096) {
    map_g(c, pa, G_PAGE);
    map_vs(c, pa, VS_PAGE);
  }
  core_poke(c->h, CSR_medeleg, ~0ull);
  core_poke(c->h, CSR_menvcfg, CBO_ON);
  core_poke(c->h, CSR_henvcfg, CBO_ON);
  core_poke(c->h, CSR_hgatp, 8ull << 60 | G_ROOT >> 12);
  set_vsatp(c, true);
  return c;
}
#endif
