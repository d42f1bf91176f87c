/* test_pmp.c - PMP: entries, locks, and what they mean for PTEs and final addresses.
 * [priv machine#pmp; H-229 .. H-231]
 */
#include "mmu_fixture.h"

enum { OFF = 0, TOR = 1 << 3, NA4 = 2 << 3, NAP = 3 << 3 };

static void entry(rv_hart *h, unsigned i, uint64_t pmpaddr, uint8_t cfg)
{
  rv_pmp_write_addr(h, i, pmpaddr);
  const unsigned first = i & 8;
  uint64_t all = 0;
  for (unsigned j = 0; j < 8; j++)
    all |= (uint64_t)(first + j == i ? cfg : h->csr.pmpcfg[first + j]) << 8 * j;
  rv_pmp_write_cfg(h, first, all);
}
/* The address register for a naturally aligned range. */
static uint64_t napot(uint64_t base, uint64_t size) { return base >> 2 | (size / 8 - 1); }
static bool may(rv_hart *h, uint64_t pa, unsigned n, unsigned rights)
{
  return rv_pmp_allows(h, pa, n, rights, PRV_S);
}

/* No entry matches: M may, S and U may not. */
START_TEST(no_match)
{
  fixture *f = set_up();
  entry(f->h, 15, 0, OFF);
  ck_assert(!may(f->h, RAM, 1, PMP_R));
  ck_assert(!rv_pmp_allows(f->h, RAM, 1, PMP_X, PRV_U));
  ck_assert(rv_pmp_allows(f->h, RAM, 8, PMP_R | PMP_W | PMP_X, PRV_M));
  tear_down(f);
}
END_TEST

/* The bounds of each kind of range, to the byte. */
START_TEST(ranges)
{
  fixture *f = set_up();
  rv_hart *h = f->h;
  entry(h, 15, 0, OFF);
  entry(h, 0, (RAM + 0x100) >> 2, NA4 | PMP_R);
  ck_assert(may(h, RAM + 0x100, 4, PMP_R) && !may(h, RAM + 0x104, 1, PMP_R));
  ck_assert(!may(h, RAM + 0xff, 1, PMP_R));
  entry(h, 0, napot(RAM + 0x100, 8), NAP | PMP_R);
  ck_assert(may(h, RAM + 0x100, 8, PMP_R) && !may(h, RAM + 0x108, 1, PMP_R));
  entry(h, 0, napot(RAM, 1 << 20), NAP | PMP_R);
  ck_assert(may(h, RAM, 8, PMP_R) && may(h, RAM + 0xffff8, 8, PMP_R));
  ck_assert(!may(h, RAM + 0x100000, 1, PMP_R) && !may(h, RAM - 1, 1, PMP_R));
  entry(h, 0, RAM >> 2, OFF);
  entry(h, 1, (RAM + 0x2004) >> 2, TOR | PMP_R); /* from the address of an entry that is off */
  ck_assert(may(h, RAM, 8, PMP_R) && may(h, RAM + 0x2003, 1, PMP_R));
  ck_assert(!may(h, RAM + 0x2004, 1, PMP_R) && !may(h, RAM - 1, 1, PMP_R));
  entry(h, 1, RAM >> 2, TOR | PMP_R); /* empty */
  ck_assert(!may(h, RAM, 1, PMP_R));
  entry(h, 1, 0, OFF);
  entry(h, 0, (RAM + 4) >> 2, TOR | PMP_R); /* entry 0 counts from 0 */
  ck_assert(may(h, 0, 8, PMP_R) && may(h, RAM + 3, 1, PMP_R) && !may(h, RAM + 4, 1, PMP_R));
  entry(h, 0, ~0ull, NAP | PMP_R);
  ck_assert(may(h, 0, 8, PMP_R) && may(h, (1ull << 56) - 1, 1, PMP_R));
  tear_down(f);
}
END_TEST

/* Each right by itself, and rights asked for together. */
START_TEST(rights)
{
  fixture *f = set_up();
  static const unsigned legal[] = { 0,     PMP_R,         PMP_R | PMP_W,
                                    PMP_X, PMP_R | PMP_X, PMP_R | PMP_W | PMP_X };
  for (unsigned i = 0; i < 6; i++) {
    entry(f->h, 0, napot(RAM, 1 << 20), NAP | legal[i]);
    for (unsigned want = 1; want < 8; want++)
      ck_assert_int_eq(may(f->h, RAM, 8, want), (want & legal[i]) == want);
  }
  tear_down(f);
}
END_TEST

/* The lowest-numbered match decides, and must hold every byte: also for M. */
START_TEST(priority_and_partial_match)
{
  fixture *f = set_up();
  rv_hart *h = f->h;
  entry(h, 0, (RAM + 0x100) >> 2, NA4 | PMP_R | PMP_W | PMP_X);
  ck_assert(may(h, RAM + 0x100, 4, PMP_W));
  ck_assert(!may(h, RAM + 0x100, 8, PMP_R));
  ck_assert(!may(h, RAM + 0xfc, 8, PMP_R));
  ck_assert(!rv_pmp_allows(h, RAM + 0x100, 8, PMP_R, PRV_M));
  ck_assert(may(h, RAM + 0x104, 8, PMP_R)); /* entry 15 */
  entry(h, 0, napot(RAM, 4096), NAP);
  entry(h, 1, napot(RAM, 8192), NAP | PMP_R);
  ck_assert(!may(h, RAM, 1, PMP_R) && may(h, RAM + 4096, 1, PMP_R));
  ck_assert(!may(h, RAM + 4096, 1, PMP_W));
  tear_down(f);
}
END_TEST

/* A locked entry binds M and cannot be written; with TOR, nor can the address below it. */
START_TEST(locks)
{
  fixture *f = set_up();
  rv_hart *h = f->h;
  entry(h, 2, napot(RAM, 4096), NAP | PMP_R);
  ck_assert(rv_pmp_allows(h, RAM, 8, PMP_W, PRV_M));
  entry(h, 2, napot(RAM, 4096), NAP | PMP_R | PMP_L);
  ck_assert(!rv_pmp_allows(h, RAM, 8, PMP_W, PRV_M));
  ck_assert(rv_pmp_allows(h, RAM, 8, PMP_R, PRV_M));
  entry(h, 2, 0, OFF);
  ck_assert_uint_eq(h->csr.pmpaddr[2], napot(RAM, 4096));
  ck_assert_uint_eq(h->csr.pmpcfg[2], NAP | PMP_R | PMP_L);
  rv_pmp_write_addr(h, 4, 0x1000);
  entry(h, 5, 0x2000, TOR | PMP_L);
  rv_pmp_write_addr(h, 4, 0);
  ck_assert_uint_eq(h->csr.pmpaddr[4], 0x1000);
  rv_pmp_write_addr(h, 1, 0x77); /* below a locked entry that is no TOR */
  ck_assert_uint_eq(h->csr.pmpaddr[1], 0x77);
  tear_down(f);
}
END_TEST

/* WARL: W without R, bits 6:5, and address bits above 55:2. */
START_TEST(legal_values)
{
  fixture *f = set_up();
  rv_pmp_write_cfg(f->h, 0, 0x7a | 0x62 << 8);
  ck_assert_uint_eq(f->h->csr.pmpcfg[0] & ~0x1f, 0);
  ck_assert_uint_eq(f->h->csr.pmpcfg[0] & (PMP_R | PMP_W), 0);
  rv_pmp_write_addr(f->h, 0, ~0ull);
  ck_assert_uint_eq(f->h->csr.pmpaddr[0], (1ull << 54) - 1);
  tear_down(f);
}
END_TEST

/* A page that no single answer holds for is kept nowhere: each access is checked. */
START_TEST(split_page)
{
  fixture *f = set_up();
  rv_hart *h = f->h;
  uint64_t value;
  entry(h, 0, napot(RAM + 0x2800, 2048), NAP | PMP_R);
  set_mode(h, PRV_S, false);
  ck_assert(rv_pmp_uniform(h, RAM + 0x1000) && !rv_pmp_uniform(h, RAM + 0x2000));
  ck_assert(rv_load(h, RAM + 0x2000, 8, NULL, &value));
  ck_assert(rv_store(h, RAM + 0x2000, 8, NULL, 1));
  ck_assert_uint_ne(h->bank->r[2].va, RAM + 0x2000);
  ck_assert_uint_ne(h->bank->w[2].va, RAM + 0x2000);
  ck_assert(!rv_store(h, RAM + 0x2800, 8, NULL, 1));
  expect_trap(f, CAUSE_STORE_ACCESS, RAM + 0x2800, false, 0ull, 0);
  ck_assert(!rv_load(h, RAM + 0x27fc, 8, NULL, &value)); /* half and half */
  ck_assert(rv_load(h, RAM + 0x1000, 8, NULL, &value));
  ck_assert_uint_eq(h->bank->r[1].va, RAM + 0x1000);
  tear_down(f);
}
END_TEST

typedef struct {
  fixture *f;
  tables vs, g;
} guest;
static const uint64_t VA = 0x12345000, DATA = RAM + 0x212000;
static guest set_up_guest(void)
{
  guest t = { .f = set_up() };
  t.g = new_tables(t.f, SV39, true, 0);
  g_window(t.f, &t.g);
  t.vs = new_tables(t.f, SV39, false, GUEST_OFFSET);
  map(t.f, &t.vs, VA, DATA - GUEST_OFFSET, 0, V | R | W | X);
  map(t.f, &t.vs, VA + PAGE, DATA + PAGE - GUEST_OFFSET, 0, RWX);
  set_csr(t.f->h, CSR_hgatp, atp(&t.g, 1));
  set_csr(t.f->h, CSR_vsatp, atp(&t.vs, 1));
  set_csr(t.f->h, CSR_menvcfg, menvcfg_ADUE);
  set_csr(t.f->h, CSR_henvcfg, henvcfg_ADUE);
  set_mode(t.f->h, PRV_S, true);
  return t;
}

/* H-229, H-230: PMP of a PTE is checked as S; refused, it is an access fault of the original type
 * without htval; a PTE that may be read but not written keeps its A and D. */
START_TEST(page_tables)
{
  guest t = set_up_guest();
  const uint64_t vs = slot(t.f, &t.vs, VA, 0), g = slot(t.f, &t.g, DATA - GUEST_OFFSET, 0);
  rv_hart *h = t.f->h;
  const uint64_t table = _i ? g & ~0xfffull : vs & ~0xfffull;
  if (_i) {
    *word(t.f, vs) |= A | D;
    *word(t.f, g) &= ~(uint64_t)(A | D);
  }
  entry(h, 0, napot(table, 4096), NAP | PMP_W | PMP_X); /* W falls away: no R */
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_ACCESS, 0, 0);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_ACCESS, 0, 0);
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_ACCESS, 0, 0);
  ck_assert(h->trap.implicit);
  entry(h, 0, napot(table, 4096), NAP | PMP_R | PMP_X);
  const uint64_t before = *word(t.f, _i ? g : vs);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_ACCESS, 0, 0);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_ACCESS, 0, 0);
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_ACCESS, 0, 0);
  ck_assert(h->trap.implicit);
  ck_assert_uint_eq(*word(t.f, _i ? g : vs), before);
  entry(h, 0, napot(table, 4096), NAP | PMP_R | PMP_W);
  expect_pa(t.f, VA, VS_STORE, DATA);
  ck_assert_uint_eq(*word(t.f, _i ? g : vs), before | A | D);
  tear_down(t.f);
}
END_TEST

/* H-230, H-253, H-457: the final address; HLVX asks R and X; MXR and SUM change nothing. */
START_TEST(final_address)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  change(h, &h->csr.mstatus, mstatus_MXR | mstatus_SUM, true);
  change(h, &h->s[1].status, vsstatus_MXR | vsstatus_SUM, true);
  entry(h, 0, napot(DATA, 4096), NAP | PMP_X);
  expect_fault(t.f, VA + 1, VS_LOAD, CAUSE_LOAD_ACCESS, 0, 0);
  ck_assert(!h->trap.implicit);
  expect_fault(t.f, VA + 1, HLVX_S, CAUSE_LOAD_ACCESS, 0, 0);
  expect_pa(t.f, VA, VS_FETCH, DATA);
  entry(h, 0, napot(DATA, 4096), NAP | PMP_R);
  expect_fault(t.f, VA + 1, HLVX_S, CAUSE_LOAD_ACCESS, 0, 0);
  expect_fault(t.f, VA + 1, VS_FETCH, CAUSE_FETCH_ACCESS, 0, 0);
  expect_fault(t.f, VA + 1, VS_STORE, CAUSE_STORE_ACCESS, 0, 0);
  expect_pa(t.f, VA, VS_LOAD, DATA);
  entry(h, 0, napot(DATA, 4096), NAP | PMP_R | PMP_X);
  expect_pa(t.f, VA, HLVX_S, DATA);
  tear_down(t.f);
}
END_TEST

/* H-231: what is met first: the VS-stage's table before the final address. */
START_TEST(first_met)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  *g_pte(t.f, &t.g, DATA) = 0;
  entry(h, 0, napot(slot(t.f, &t.vs, VA, 0) & ~0xfffull, 4096), NAP);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_ACCESS, 0, 0);
  entry(h, 0, napot(DATA, 4096), NAP);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA - GUEST_OFFSET, 0);
  tear_down(t.f);
}
END_TEST

/* MPRV: loads and stores are checked as MPP, fetches as M. */
START_TEST(mprv)
{
  fixture *f = set_up();
  rv_hart *h = f->h;
  uint64_t value;
  rv_place place;
  entry(h, 0, napot(DATA, 4096), NAP);
  h->csr.mstatus |= mstatus_MPRV;
  rv_put(&h->csr.mstatus, mstatus_MPP, PRV_M);
  set_mode(h, PRV_M, false);
  ck_assert(rv_load(h, DATA, 8, NULL, &value));
  rv_put(&h->csr.mstatus, mstatus_MPP, PRV_U);
  rv_regime_changed(h);
  ck_assert(!rv_load(h, DATA, 8, NULL, &value));
  expect_trap(f, CAUSE_LOAD_ACCESS, DATA, false, 0ull, 0);
  ck_assert(rv_fetch_place(h, DATA, 2, &place));
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, no_match);
  tcase_add_test(tc, ranges);
  tcase_add_test(tc, rights);
  tcase_add_test(tc, priority_and_partial_match);
  tcase_add_test(tc, locks);
  tcase_add_test(tc, legal_values);
  tcase_add_test(tc, split_page);
  tcase_add_loop_test(tc, page_tables, 0, 2);
  tcase_add_test(tc, final_address);
  tcase_add_test(tc, first_met);
  tcase_add_test(tc, mprv);
}
UNIT_MAIN("pmp", add_tests)
