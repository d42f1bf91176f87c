/* test_stats.c - what --stats tells of translation: counted are walks that an instruction makes, by
 * stages, the page-table entries they read, TLB entries filled, banks selected; not what probes do.
 */
#include "mmu_fixture.h"

static const uint64_t PAGE_PA = RAM + 0x300000, VA = 0x12345000;

static fixture *with_tables(void)
{
  fixture *f = set_up();
  tables hs = new_tables(f, SV39, false, 0), vs = new_tables(f, SV39, false, GUEST_OFFSET);
  tables g = new_tables(f, SV39, true, 0);
  g_window(f, &g);
  map(f, &hs, VA, PAGE_PA, 0, RWX);
  map(f, &vs, VA, PAGE_PA - GUEST_OFFSET, 0, RWX);
  set_csr(f->h, CSR_hgatp, atp(&g, 5));
  set_csr(f->h, CSR_vsatp, atp(&vs, 7));
  set_csr(f->h, CSR_satp, atp(&hs, 7));
  f->h->stat = (rv_stats){ 0 };
  return f;
}

static void go(rv_hart *h, rv_prv prv, bool v)
{
  rv_place place;
  const rv_xmode mode = { .access = RV_LOAD, .prv = prv, .v = v };
  ck_assert(rv_locate(h, prv == PRV_M ? PAGE_PA : VA, 8, &mode, &place));
}

static uint64_t two(const rv_stats *s) { return s->pte_loads[STAGE_VS] + s->pte_loads[STAGE_G]; }

/* Sv39 reads three entries; both stages 3 * 4 + 3, less where the G-stage has superpages or the
 * walk cache knows the way. The second walk reads the last entry of each stage alone. */
START_TEST(walks_and_their_loads_by_stages)
{
  fixture *f = with_tables();
  const rv_stats *s = &f->h->stat;
  go(f->h, PRV_M, false);
  ck_assert_uint_eq(s->walks[RV_WALK_NONE], 1);
  go(f->h, PRV_S, false);
  ck_assert_uint_eq(s->walks[RV_WALK_ONE], 1);
  ck_assert_uint_eq(s->pte_loads[STAGE_SINGLE], 3);
  go(f->h, PRV_S, true);
  ck_assert_uint_eq(s->walks[RV_WALK_TWO], 1);
  ck_assert_uint_gt(two(s), 3);
  const uint64_t first = two(s);
  go(f->h, PRV_S, false);
  go(f->h, PRV_S, true);
  ck_assert_uint_eq(s->pte_loads[STAGE_SINGLE], 3 + 1);
  ck_assert_uint_lt(two(s) - first, first);
  ck_assert_uint_eq(s->walks[RV_WALK_NONE] + s->walks[RV_WALK_ONE] + s->walks[RV_WALK_TWO], 5);
  tear_down(f);
}
END_TEST

/* With both stages Bare nothing is read, and it is no walk of two stages. */
START_TEST(a_walk_without_tables_is_none)
{
  fixture *f = with_tables();
  rv_place place;
  const rv_xmode guest = { .access = RV_LOAD, .prv = PRV_S, .v = true };
  f->h->s[1].atp = f->h->csr.hgatp = 0;
  ck_assert(rv_locate(f->h, PAGE_PA, 8, &guest, &place));
  ck_assert_uint_eq(f->h->stat.walks[RV_WALK_NONE], 1);
  ck_assert_uint_eq(f->h->stat.walks[RV_WALK_TWO], 0);
  tear_down(f);
}
END_TEST

START_TEST(probes_are_not_counted)
{
  fixture *f = with_tables();
  const rv_stats zero = { 0 };
  const rv_xmode modes[] = { HS_LOAD, { .access = RV_LOAD, .prv = PRV_S, .v = true } };
  for (unsigned i = 0; i < 2; i++) {
    rv_walk_log log = { 0 };
    rv_walk_probe(f->h, VA, &modes[i], &log);
  }
  ck_assert(!memcmp(&f->h->stat, &zero, sizeof zero));
  tear_down(f);
}
END_TEST

/* A load fills an entry; a mode that was left and comes again has a bank. */
START_TEST(fills_and_banks)
{
  fixture *f = with_tables();
  rv_hart *h = f->h;
  uint64_t value;
  h->prv = PRV_S;
  rv_regime_changed(h);
  ck_assert(rv_load(h, VA, 8, NULL, &value));
  ck_assert_uint_eq(h->stat.tlb_fills, 1);
  ck_assert_uint_eq(h->stat.banks, 1);
  ck_assert_uint_eq(h->stat.bank_misses, 1);
  h->prv = PRV_M;
  rv_regime_changed(h); /* as it was before */
  h->prv = PRV_S;
  rv_regime_changed(h);
  rv_regime_changed(h); /* nothing changed */
  ck_assert_uint_eq(h->stat.banks, 3);
  ck_assert_uint_eq(h->stat.bank_misses, 1);
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, walks_and_their_loads_by_stages);
  tcase_add_test(tc, a_walk_without_tables_is_none);
  tcase_add_test(tc, probes_are_not_counted);
  tcase_add_test(tc, fills_and_banks);
}
UNIT_MAIN("stats", add_tests)
