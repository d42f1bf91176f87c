/* test_walk.c - translation: both stages against the rules one by one. tests/model/test_translate.c
 * checks them together, at random.
 */
#include "mmu_fixture.h"

static const unsigned modes[] = { BARE, SV39, SV48, SV57 };
static const uint64_t DATA = RAM + 0x212000, VA = 0x12345000;

typedef struct {
  fixture *f;
  tables vs, g;
} guest;

/* A guest of Sv39 over Sv39x4 whose page VA is DATA. */
static guest set_up_guest(uint64_t flags)
{
  guest t = { .f = set_up() };
  t.g = new_tables(t.f, SV39, true, 0);
  g_window(t.f, &t.g);
  t.vs = new_tables(t.f, SV39, false, GUEST_OFFSET);
  map(t.f, &t.vs, VA, DATA - GUEST_OFFSET, 0, flags);
  set_csr(t.f->h, CSR_hgatp, atp(&t.g, 1));
  set_csr(t.f->h, CSR_vsatp, atp(&t.vs, 1));
  set_mode(t.f->h, PRV_S, true);
  return t;
}
static uint64_t *vs_pte(guest *t) { return word(t->f, slot(t->f, &t->vs, VA, 0)); }
static uint64_t *data_pte(guest *t) { return g_pte(t->f, &t->g, DATA); }
/* The G-stage's PTE of the page that holds the VS-stage's leaf PTE. */
static uint64_t *table_pte(guest *t) { return g_pte(t->f, &t->g, slot(t->f, &t->vs, VA, 0)); }
static uint64_t vs_pte_gpa(guest *t) { return slot(t->f, &t->vs, VA, 0) - GUEST_OFFSET; }
static const uint64_t DATA_GPA = 0x80000000 + 0x212000 - GUEST_OFFSET;

/* Identity, in leaves of that level, for all RAM. */
static void map_identity(fixture *f, const tables *t, uint64_t base, unsigned level)
{
  const uint64_t size = 1ull << (12 + 9 * level);
  for (uint64_t pa = RAM & ~(size - 1); pa < RAM + RAM_SIZE; pa += size)
    map(f, t, base + pa, pa, level, URWX | G);
}

/* H-215, H-216, H-217, H-200: every mode of either stage, every page size of either. */
START_TEST(all_modes_and_page_sizes)
{
  const unsigned vl = _i / 16, vm = modes[_i / 4 % 4], gm = modes[_i % 4];
  for (unsigned gl = 0; gl < 5; gl++) {
    if ((vm && vl > vm - 6) || (!vm && vl) || (gm && gl > gm - 6) || (!gm && gl))
      continue;
    fixture *f = set_up();
    tables g = new_tables(f, gm, true, 0), vs = new_tables(f, vm, false, 0);
    /* Sign-extended, in the top half. */
    const uint64_t base = !vm          ? 0
                          : vm == SV39 ? ~0ull << 38
                          : vm == SV48 ? ~0ull << 47
                                       : ~0ull << 56;
    if (gm)
      map_identity(f, &g, 0, gl);
    if (vm)
      map_identity(f, &vs, base, vl);
    set_csr(f->h, CSR_hgatp, atp(&g, 3));
    set_csr(f->h, CSR_vsatp, atp(&vs, 3));
    set_mode(f->h, PRV_U, true);
    expect_pa(f, base + DATA + 0x123, VU_LOAD, DATA + 0x123);
    expect_pa(f, base + DATA + 0x1ffe, VU_FETCH, DATA + 0x1ffe);
    /* The same for the single stage. */
    if (!gm) {
      set_csr(f->h, CSR_satp, atp(&vs, 3));
      set_mode(f->h, PRV_U, false);
      expect_pa(f, base + DATA + 0x123, HU_LOAD, DATA + 0x123);
    }
    tear_down(f);
  }
}
END_TEST

/* The root of Sv57 as a leaf of 256 TiB, at both stages. H-217 */
START_TEST(largest_page)
{
  fixture *f = set_up();
  tables g = new_tables(f, SV57, true, 0), vs = new_tables(f, SV57, false, 0);
  map_identity(f, &g, 0, 4);
  map_identity(f, &vs, 0, 4);
  set_csr(f->h, CSR_hgatp, atp(&g, 0));
  set_csr(f->h, CSR_vsatp, atp(&vs, 0));
  expect_pa(f, DATA + 8, VU_LOAD, DATA + 8);
  /* All 11 bits of the root's index count. */
  map(f, &g, 3ull << 57, 0, 4, URWX);
  map(f, &vs, 0, 3ull << 57 & ((1ull << 56) - 1), 4, URWX);
  set_csr(f->h, CSR_vsatp, 0);
  expect_pa(f, (3ull << 57) + DATA, VU_LOAD, DATA);
  expect_fault(f, (2ull << 57) + DATA, VU_LOAD, CAUSE_LOAD_GUEST_PAGE, (2ull << 57) + DATA, 0);
  tear_down(f);
}
END_TEST

/* H-243: a VA that is not sign-extended is a page fault, never a guest-page fault. */
START_TEST(canonical_addresses)
{
  fixture *f = set_up();
  const unsigned mode = modes[1 + _i], width = 12 + 9 * (mode - 5);
  tables t = new_tables(f, mode, false, 0);
  map_identity(f, &t, 0, 2);
  const uint64_t bad[] = { 1ull << width, 1ull << (width - 1), 1ull << 63, ~0ull << width,
                           (~0ull << (width - 1)) & ~(1ull << 63) };
  set_csr(f->h, CSR_vsatp, atp(&t, 0));
  set_csr(f->h, CSR_satp, atp(&t, 0));
  for (unsigned i = 0; i < 5; i++) {
    expect_fault(f, bad[i] + DATA, VU_LOAD, CAUSE_LOAD_PAGE, 0, 0);
    expect_fault(f, bad[i] + DATA, VU_FETCH, CAUSE_FETCH_PAGE, 0, 0);
    expect_fault(f, bad[i] + DATA, HU_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  }
  tear_down(f);
}
END_TEST

/* H-218, H-219: a GPA with a bit above 41, 50, 59 is a guest-page fault; no sign extension. */
START_TEST(gpa_width)
{
  fixture *f = set_up();
  const unsigned mode = modes[1 + _i], width = 14 + 9 * (mode - 5);
  tables g = new_tables(f, mode, true, 0);
  map_identity(f, &g, 0, 2);
  map_identity(f, &g, 1ull << (width - 1), 2); /* the highest bit is translated */
  set_csr(f->h, CSR_hgatp, atp(&g, 0));
  expect_pa(f, (1ull << (width - 1)) + DATA, VU_LOAD, DATA);
  for (unsigned bit = width; bit < 64; bit++) {
    const uint64_t va = (1ull << bit) + DATA;
    expect_fault(f, va, VU_LOAD, CAUSE_LOAD_GUEST_PAGE, va, 0);
    expect_fault(f, va, VS_STORE, CAUSE_STORE_GUEST_PAGE, va, 0);
    expect_fault(f, va, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, va, 0);
  }
  const uint64_t va = (~0ull << (width - 1)) + DATA; /* sign-extended */
  expect_fault(f, va, VU_LOAD, CAUSE_LOAD_GUEST_PAGE, va, 0);
  tear_down(f);
}
END_TEST

/* H-455: a root, a pointer, or a leaf of the VS-stage beyond the G-stage's width. */
START_TEST(gpa_width_from_tables)
{
  guest t = set_up_guest(URWX);
  const uint64_t wide = 1ull << 41, l1 = slot(t.f, &t.vs, VA, 1);
  *vs_pte(&t) = pte_of(wide + DATA, URWX & ~U);
  expect_fault(t.f, VA + 5, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, wide + DATA + 5, 0);
  *word(t.f, l1) = pte_of(wide, V);
  const uint64_t at = wide + (VA >> 12 & 511) * 8;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, at, 0x3000);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_GUEST_PAGE, at, 0x3000);
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, at, 0x3000);
  set_csr(t.f->h, CSR_vsatp, (uint64_t)SV39 << 60 | wide >> 12);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, wide + (VA >> 30) * 8, 0x3000);
  tear_down(t.f);
}
END_TEST

/* H-210, H-456: hgatp Bare: GPA = PA, no guest-page faults; where nothing is, an access fault. */
START_TEST(bare)
{
  fixture *f = set_up();
  expect_pa(f, DATA, VU_LOAD, DATA);
  expect_pa(f, DATA, VS_FETCH, DATA);
  expect_fault(f, 0x1000, VS_STORE, CAUSE_STORE_ACCESS, 0, 0);
  expect_fault(f, ~0ull << 50, VS_FETCH, CAUSE_FETCH_ACCESS, 0, 0);
  tables vs = new_tables(f, SV39, false, 0);
  set_csr(f->h, CSR_vsatp, atp(&vs, 0));
  expect_fault(f, DATA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  tear_down(f);
}
END_TEST

/* H-226: U at the VS-stage; SUM does not help a fetch. */
START_TEST(vs_user_bit)
{
  guest t = set_up_guest(URWX);
  rv_hart *h = t.f->h;
  expect_pa(t.f, VA, VU_LOAD, DATA);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  change(h, &h->csr.mstatus, mstatus_SUM, true); /* the wrong one */
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  change(h, &h->s[1].status, vsstatus_SUM, true);
  expect_pa(t.f, VA, VS_LOAD, DATA);
  expect_pa(t.f, VA, VS_STORE, DATA);
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_PAGE, 0, 0);
  expect_pa(t.f, VA, HLVX_S, DATA); /* H-257: a load, so SUM permits */
  *vs_pte(&t) &= ~(uint64_t)U;
  expect_fault(t.f, VA, VU_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  expect_pa(t.f, VA, VS_FETCH, DATA);
  tear_down(t.f);
}
END_TEST

/* Single stage: mstatus.SUM, not vsstatus's. */
START_TEST(hs_user_bit)
{
  fixture *f = set_up();
  tables s = new_tables(f, SV48, false, 0);
  map(f, &s, VA, DATA, 0, URWX);
  set_csr(f->h, CSR_satp, atp(&s, 0));
  change(f->h, &f->h->s[1].status, vsstatus_SUM, true);
  expect_fault(f, VA, HS_STORE, CAUSE_STORE_PAGE, 0, 0);
  change(f->h, &f->h->csr.mstatus, mstatus_SUM, true);
  expect_pa(f, VA, HS_STORE, DATA);
  expect_fault(f, VA, HS_FETCH, CAUSE_FETCH_PAGE, 0, 0);
  tear_down(f);
}
END_TEST

/* H-220, H-133: U=1 is needed at the G-stage in any mode, for PTEs as well; SUM is no matter. */
START_TEST(g_user_bit)
{
  guest t = set_up_guest(RWX);
  change(t.f->h, &t.f->h->csr.mstatus, mstatus_SUM, true);
  change(t.f->h, &t.f->h->s[1].status, vsstatus_SUM, true);
  *data_pte(&t) &= ~(uint64_t)U;
  expect_fault(t.f, VA + 6, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA + 6, 0);
  *data_pte(&t) |= U;
  *table_pte(&t) &= ~(uint64_t)U;
  expect_fault(t.f, VA + 6, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, vs_pte_gpa(&t), 0x3000);
  tear_down(t.f);
}
END_TEST

/* H-453: rights of the final access at the G-stage. */
START_TEST(g_rights)
{
  guest t = set_up_guest(RWX);
  *data_pte(&t) &= ~(uint64_t)W;
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_GUEST_PAGE, DATA_GPA, 0);
  expect_pa(t.f, VA, VS_LOAD, DATA);
  *data_pte(&t) &= ~(uint64_t)X;
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, DATA_GPA, 0);
  *data_pte(&t) = (*data_pte(&t) | X) & ~(uint64_t)R;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  expect_pa(t.f, VA, VS_FETCH, DATA);
  /* H-239: no G-stage check of the final address if the VS-stage refuses. */
  *vs_pte(&t) &= ~(uint64_t)R & ~(uint64_t)W;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  tear_down(t.f);
}
END_TEST

/* H-227, H-457: vsstatus.MXR acts on the VS-stage, HS's MXR on both; on loads only. */
START_TEST(mxr_of_both_levels)
{
  guest t = set_up_guest(V | X | A | D);
  rv_hart *h = t.f->h;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  change(h, &h->s[1].status, vsstatus_MXR, true);
  expect_pa(t.f, VA, VS_LOAD, DATA);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_PAGE, 0, 0);
  *data_pte(&t) &= ~(uint64_t)(R | W);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  change(h, &h->s[1].status, vsstatus_MXR, false);
  change(h, &h->csr.mstatus, mstatus_MXR, true);
  expect_pa(t.f, VA, VS_LOAD, DATA);
  expect_pa(t.f, VA, VS_FETCH, DATA);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_PAGE, 0, 0);
  /* H-221: not on reads of VS-level PTEs. */
  *table_pte(&t) &= ~(uint64_t)(R | W);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, vs_pte_gpa(&t), 0x3000);
  /* With vsatp Bare, vsstatus.MXR has no say. */
  set_csr(h, CSR_vsatp, 0);
  expect_pa(t.f, DATA_GPA, VS_LOAD, DATA);
  change(h, &h->csr.mstatus, mstatus_MXR, false);
  change(h, &h->s[1].status, vsstatus_MXR, true);
  expect_fault(t.f, DATA_GPA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  tear_down(t.f);
}
END_TEST

/* H-253, H-254, H-255: HLVX wants X instead of R at both stages; its faults are a load's. */
START_TEST(hlvx_rights)
{
  guest t = set_up_guest(V | X | A);
  *data_pte(&t) &= ~(uint64_t)(R | W);
  expect_pa(t.f, VA, HLVX_S, DATA);
  *vs_pte(&t) = (*vs_pte(&t) | R) & ~(uint64_t)X;
  change(t.f->h, &t.f->h->csr.mstatus, mstatus_MXR, true); /* irrelevant */
  expect_fault(t.f, VA, HLVX_S, CAUSE_LOAD_PAGE, 0, 0);
  *vs_pte(&t) |= X;
  *data_pte(&t) = (*data_pte(&t) | R) & ~(uint64_t)X;
  expect_fault(t.f, VA, HLVX_S, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  /* The tables are read as ever: R, not X. */
  *data_pte(&t) |= X;
  *table_pte(&t) &= ~(uint64_t)X;
  expect_pa(t.f, VA, HLVX_S, DATA);
  *table_pte(&t) = (*table_pte(&t) | X) & ~(uint64_t)(R | W);
  expect_fault(t.f, VA, HLVX_S, CAUSE_LOAD_GUEST_PAGE, vs_pte_gpa(&t), 0x3000);
  tear_down(t.f);
}
END_TEST

/* H-228: vsstatus.SUM for HLV as VS, never mstatus.SUM. H-261, H-262: MPRV by MPP and MPV. */
START_TEST(hlv_and_mprv)
{
  guest t = set_up_guest(URWX);
  rv_hart *h = t.f->h;
  const rv_xmode hlv = { .access = RV_LOAD, .prv = PRV_S, .v = true, .hlv = true };
  set_mode(h, PRV_S, false);
  change(h, &h->csr.mstatus, mstatus_SUM, true);
  expect_fault(t.f, VA, hlv, CAUSE_LOAD_PAGE, 0, 0);
  change(h, &h->s[1].status, vsstatus_SUM, true);
  expect_pa(t.f, VA, hlv, DATA);
  set_mode(h, PRV_M, false);
  struct {
    unsigned mpp;
    bool mpv, data_v;
    unsigned prv;
  } cases[] = {
    { PRV_U, true, true, PRV_U },   { PRV_S, true, true, PRV_S },   { PRV_M, true, false, PRV_M },
    { PRV_U, false, false, PRV_U }, { PRV_S, false, false, PRV_S }, { PRV_M, false, false, PRV_M },
  };
  for (unsigned i = 0; i < 6; i++) {
    h->csr.mstatus |= mstatus_MPRV;
    rv_put(&h->csr.mstatus, mstatus_MPP, cases[i].mpp);
    rv_put(&h->csr.mstatus, mstatus_MPV, cases[i].mpv);
    rv_regime_changed(h);
    ck_assert_uint_eq(h->mmu->data.prv, cases[i].prv);
    ck_assert_uint_eq(h->mmu->data.v, cases[i].data_v);
    ck_assert_uint_eq(h->mmu->fetch.prv, PRV_M);
    ck_assert(!h->mmu->fetch.v);
  }
  h->csr.mstatus &= ~mstatus_MPRV;
  rv_regime_changed(h);
  ck_assert_uint_eq(h->mmu->data.prv, PRV_M);
  /* H-263: the trap says it is a guest's address, and which GPA. */
  h->csr.mstatus |= mstatus_MPRV | mstatus_MPV;
  rv_put(&h->csr.mstatus, mstatus_MPP, PRV_U);
  rv_regime_changed(h);
  *data_pte(&t) = 0;
  uint64_t value;
  ck_assert(!rv_load(h, VA + 8, 8, NULL, &value));
  expect_trap(t.f, CAUSE_LOAD_GUEST_PAGE, VA + 8, true, DATA_GPA + 8, 0);
  ck_assert(h->trap.mode.mprv);
  tear_down(t.f);
}
END_TEST

/* H-222, H-132: a fault at a PTE is of the original type, and names the PTE's exact GPA. */
START_TEST(fault_at_a_pte)
{
  guest t = set_up_guest(RWX);
  *table_pte(&t) = 0;
  expect_fault(t.f, VA + 3, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, vs_pte_gpa(&t), 0x3000);
  expect_fault(t.f, VA + 3, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, vs_pte_gpa(&t), 0x3000);
  expect_fault(t.f, VA + 3, VS_STORE, CAUSE_STORE_GUEST_PAGE, vs_pte_gpa(&t), 0x3000);
  tear_down(t.f);
}
END_TEST

/* H-232: with ADUE=0 an unset A, or D for a store, faults at its stage; nothing is written. */
START_TEST(svade)
{
  guest t = set_up_guest(RWX & ~(A | D));
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  *vs_pte(&t) |= A;
  expect_pa(t.f, VA, VS_LOAD, DATA);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_PAGE, 0, 0);
  *vs_pte(&t) |= D;
  *data_pte(&t) &= ~(uint64_t)D;
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_GUEST_PAGE, DATA_GPA, 0);
  *data_pte(&t) &= ~(uint64_t)A;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  *data_pte(&t) |= A | D;
  *table_pte(&t) &= ~(uint64_t)A; /* H-234 */
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_GUEST_PAGE, vs_pte_gpa(&t), 0x3000);
  ck_assert(!(*table_pte(&t) & A));
  tear_down(t.f);
}
END_TEST

/* H-106, H-233, H-403: each stage by its own ADUE; henvcfg's is worth nothing without menvcfg's. */
START_TEST(svadu)
{
  guest t = set_up_guest(RWX & ~(A | D));
  rv_hart *h = t.f->h;
  h->csr.henvcfg = henvcfg_ADUE;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  h->csr.menvcfg = menvcfg_ADUE;
  h->csr.henvcfg = 0;
  *data_pte(&t) &= ~(uint64_t)(A | D);
  *table_pte(&t) &= ~(uint64_t)(A | D);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  ck_assert_uint_eq(*table_pte(&t) & (A | D), A); /* H-234: a read sets A, not D */
  ck_assert_uint_eq(*data_pte(&t) & (A | D), 0);
  h->csr.henvcfg = henvcfg_ADUE;
  expect_pa(t.f, VA, VS_LOAD, DATA);
  ck_assert_uint_eq(*vs_pte(&t) & (A | D), A);
  ck_assert_uint_eq(*data_pte(&t) & (A | D), A);
  ck_assert_uint_eq(*table_pte(&t) & (A | D), A | D); /* the update was a store there */
  expect_pa(t.f, VA, VS_STORE, DATA);
  ck_assert_uint_eq(*vs_pte(&t) & (A | D), A | D);
  ck_assert_uint_eq(*data_pte(&t) & (A | D), A | D);
  tear_down(t.f);
}
END_TEST

/* H-140, H-221, H-222: updating a VS-level PTE that the G-stage does not let be written: a
 * guest-page fault of the original type with 0x3020, at the PTE. */
START_TEST(update_on_read_only_page)
{
  guest t = set_up_guest(RWX & ~(A | D));
  t.f->h->csr.menvcfg = menvcfg_ADUE;
  t.f->h->csr.henvcfg = henvcfg_ADUE;
  *table_pte(&t) &= ~(uint64_t)W;
  const uint64_t before = *vs_pte(&t);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_GUEST_PAGE, vs_pte_gpa(&t), 0x3020);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, vs_pte_gpa(&t), 0x3020);
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, vs_pte_gpa(&t), 0x3020);
  ck_assert_uint_eq(*vs_pte(&t), before);
  *vs_pte(&t) |= A | D; /* nothing to update, nothing to refuse */
  expect_pa(t.f, VA, VS_STORE, DATA);
  /* D=0 on the table's page while the G-stage is Svade: H-234. */
  *vs_pte(&t) &= ~(uint64_t)D;
  *table_pte(&t) = (*table_pte(&t) | W) & ~(uint64_t)D;
  expect_pa(t.f, VA, VS_STORE, DATA);
  ck_assert(*table_pte(&t) & D);
  tear_down(t.f);
}
END_TEST

/* An update is a write like any other: it breaks reservations and tells watchers. */
START_TEST(update_is_a_write)
{
  guest t = set_up_guest(RWX & ~(A | D));
  const uint64_t at = slot(t.f, &t.vs, VA, 0);
  t.f->h->csr.menvcfg = menvcfg_ADUE;
  t.f->h->csr.henvcfg = henvcfg_ADUE;
  t.f->harts[1]->reservation = at;
  rv_region_page(&t.f->phys.region[0], at)->watched = true;
  expect_pa(t.f, VA, VS_LOAD, DATA);
  ck_assert_uint_eq(t.f->harts[1]->reservation, ~0ull);
  ck_assert_uint_eq(t.f->n_watched, 1);
  ck_assert_uint_eq(t.f->watch_pa[0], at);
  tear_down(t.f);
}
END_TEST

/* H-224, H-225: encodings reserved in a leaf, at the stage's own cause. */
START_TEST(reserved_leaf)
{
  guest t = set_up_guest(RWX);
  const uint64_t vs = *vs_pte(&t), g = *data_pte(&t);
  uint64_t bad[16];
  unsigned n = 0;
  for (unsigned bit = 54; bit <= 60; bit++)
    bad[n++] = 1ull << bit;
  bad[n++] = PBMT_NC, bad[n++] = PBMT_IO, bad[n++] = PBMT_NC | PBMT_IO;
  bad[n++] = NAPOT; /* bits 3:0 of the PPN are not 1000 */
  for (unsigned i = 0; i < n; i++) {
    *vs_pte(&t) = vs | bad[i];
    expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
    *vs_pte(&t) = vs;
    *data_pte(&t) = g | bad[i];
    expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_GUEST_PAGE, DATA_GPA, 0);
    *data_pte(&t) = g;
  }
  *vs_pte(&t) = vs & ~(uint64_t)R;
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_PAGE, 0, 0);
  *vs_pte(&t) = vs & ~(uint64_t)(R | X);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_PAGE, 0, 0);
  *vs_pte(&t) = vs & ~(uint64_t)V;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  *vs_pte(&t) = vs & ~(uint64_t)(R | W | X | A | D); /* no leaf at level 0 */
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  *vs_pte(&t) = vs;
  *data_pte(&t) = g & ~(uint64_t)R;
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, DATA_GPA, 0);
  *data_pte(&t) = g & ~(uint64_t)(R | W | X | U | A | D);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  *data_pte(&t) = g ^ G; /* H-223 */
  expect_pa(t.f, VA, VS_LOAD, DATA);
  /* Bits for software are nobody's business. */
  *vs_pte(&t) = vs | 3 << 8;
  *data_pte(&t) = g | 3 << 8;
  expect_pa(t.f, VA, VS_LOAD, DATA);
  tear_down(t.f);
}
END_TEST

/* H-224, H-225: A, D, U, N, PBMT and bits 60:54 are reserved in pointers to the next level. */
START_TEST(reserved_pointer)
{
  guest t = set_up_guest(RWX);
  const uint64_t bits[] = { A, D, U, NAPOT, PBMT_NC, PBMT_IO, 1ull << 54, 1ull << 60 };
  t.f->h->csr.menvcfg = menvcfg_PBMTE;
  t.f->h->csr.henvcfg = henvcfg_PBMTE;
  uint64_t *vs = word(t.f, slot(t.f, &t.vs, VA, 1));
  uint64_t *g = word(t.f, slot(t.f, &t.g, DATA_GPA, 1));
  for (unsigned i = 0; i < 8; i++) {
    *vs ^= bits[i];
    expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
    *vs ^= bits[i];
    set_csr(t.f->h, CSR_vsatp, 0);
    *g ^= bits[i];
    expect_fault(t.f, DATA_GPA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
    *g ^= bits[i];
    set_csr(t.f->h, CSR_vsatp, atp(&t.vs, 1));
  }
  *vs |= G; /* that one may be set */
  expect_pa(t.f, VA, VS_LOAD, DATA);
  tear_down(t.f);
}
END_TEST

/* H-224, H-225: a superpage whose low PPN bits are not 0. */
START_TEST(misaligned_superpage)
{
  guest t = set_up_guest(RWX);
  const uint64_t va = 0x40000000;
  map(t.f, &t.vs, va, RAM - GUEST_OFFSET + 0x1000, 1, RWX);
  expect_fault(t.f, va, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  map(t.f, &t.vs, va + (1ull << 30), RAM - GUEST_OFFSET + 0x200000, 2, RWX);
  expect_fault(t.f, va + (1ull << 30), VS_STORE, CAUSE_STORE_PAGE, 0, 0);
  set_csr(t.f->h, CSR_vsatp, 0);
  map(t.f, &t.g, 2ull << 30, RAM + 0x100000, 1, URWX);
  expect_fault(t.f, 2ull << 30, VS_FETCH, CAUSE_FETCH_GUEST_PAGE, 2ull << 30, 0);
  tear_down(t.f);
}
END_TEST

/* PBMT by menvcfg at the G-stage and the single stage, by henvcfg too at the VS-stage; which type
 * it is changes nothing. H-105, H-224, H-225, H-237, H-403 */
START_TEST(pbmt)
{
  guest t = set_up_guest(RWX | PBMT_NC);
  rv_hart *h = t.f->h;
  h->csr.menvcfg = menvcfg_PBMTE;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  h->csr.henvcfg = henvcfg_PBMTE;
  expect_pa(t.f, VA, VS_LOAD, DATA);
  *data_pte(&t) |= PBMT_IO;
  expect_pa(t.f, VA, VS_LOAD, DATA);
  *data_pte(&t) |= PBMT_NC; /* 3 is reserved */
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  h->csr.menvcfg = 0;
  *data_pte(&t) &= ~(PBMT_IO | PBMT_NC);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  *vs_pte(&t) &= ~PBMT_NC;
  *data_pte(&t) |= PBMT_NC;
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, DATA_GPA, 0);
  tear_down(t.f);
}
END_TEST

/* H-236: 64 KiB at level 0 only, at both stages. */
START_TEST(napot)
{
  guest t = set_up_guest(RWX);
  const uint64_t va = 0x40000, pa = RAM + 0x40000, gpa = pa - GUEST_OFFSET;
  for (unsigned i = 0; i < 16; i++)
    map(t.f, &t.vs, va + i * PAGE, gpa | 0x8000, 0, RWX | NAPOT);
  for (unsigned i = 0; i < 16; i++)
    expect_pa(t.f, va + i * PAGE + 0x10 + i, VS_LOAD, pa + i * PAGE + 0x10 + i);
  for (unsigned i = 0; i < 16; i++)
    map(t.f, &t.g, gpa + i * PAGE, (pa + 0x10000) | 0x8000, 0, URWX | NAPOT);
  for (unsigned i = 0; i < 16; i++)
    expect_pa(t.f, va + i * PAGE + i, VS_STORE, pa + 0x10000 + i * PAGE + i);
  for (unsigned size = 0; size < 16; size++) {
    map(t.f, &t.vs, va, gpa | size << 12, 0, RWX | NAPOT);
    if (size != 8)
      expect_fault(t.f, va, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  }
  map(t.f, &t.vs, va, gpa | 0x8000, 0, RWX | NAPOT);
  map(t.f, &t.g, gpa, pa | 0x4000, 0, URWX | NAPOT);
  expect_fault(t.f, va, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, gpa, 0);
  map(t.f, &t.vs, 3ull << 30, 0x40000000 | 0x8000, 1, RWX | NAPOT);
  expect_fault(t.f, 3ull << 30, VS_LOAD, CAUSE_LOAD_PAGE, 0, 0);
  tear_down(t.f);
}
END_TEST

/* H-229, H-231: a PTE that is not in memory: an access fault of the original type, htval 0. */
START_TEST(pte_not_in_memory)
{
  guest t = set_up_guest(RWX);
  map(t.f, &t.g, 0x200000000, 0x1000, 0, URWX); /* a page where nothing is */
  *word(t.f, slot(t.f, &t.vs, VA, 1)) = pte_of(0x200000000, V);
  expect_fault(t.f, VA, VS_LOAD, CAUSE_LOAD_ACCESS, 0, 0);
  expect_fault(t.f, VA, VS_STORE, CAUSE_STORE_ACCESS, 0, 0);
  expect_fault(t.f, VA, VS_FETCH, CAUSE_FETCH_ACCESS, 0, 0);
  ck_assert(t.f->h->trap.implicit);
  /* The G-stage's own table, for the final address and for a PTE. */
  *word(t.f, slot(t.f, &t.g, DATA_GPA, 1)) = pte_of(0x1000, V);
  set_csr(t.f->h, CSR_vsatp, 0);
  expect_fault(t.f, DATA_GPA, VS_STORE, CAUSE_STORE_ACCESS, 0, 0);
  tear_down(t.f);
}
END_TEST

/* A probe says the same as the walk, and changes nothing. */
START_TEST(probe_changes_nothing)
{
  guest t = set_up_guest(RWX & ~(A | D));
  rv_hart *h = t.f->h;
  rv_walk_log log;
  h->csr.menvcfg = menvcfg_ADUE;
  h->csr.henvcfg = henvcfg_ADUE;
  *table_pte(&t) &= ~(uint64_t)(A | D);
  uint8_t *copy = malloc(RAM_SIZE);
  ck_assert_ptr_nonnull(copy);
  memcpy(copy, t.f->phys.region[0].host, RAM_SIZE);
  rv_walk_probe(h, VA + 1, &VS_STORE, &log);
  ck_assert_mem_eq(copy, t.f->phys.region[0].host, RAM_SIZE);
  /* 3 VS-level PTEs, each behind 3 of the G-stage's; 3 for the update; 3 for the final address. */
  ck_assert_uint_eq(log.n, 18);
  ck_assert_uint_eq(log.step[log.n - 1].result, DATA + 1);
  ck_assert(log.step[0].for_pte && !log.step[log.n - 1].for_pte);
  *table_pte(&t) &= ~(uint64_t)W;
  rv_walk_probe(h, VA + 1, &VS_STORE, &log);
  ck_assert_uint_eq(log.step[log.n - 1].why, WHY_PTE_NO_W);
  free(copy);
  tear_down(t.f);
}
END_TEST

/* The root as written, or aligned with --strict. H-202 */
START_TEST(unaligned_root)
{
  fixture *f = set_up();
  tables g = new_tables(f, SV39, true, 0);
  g.root += PAGE, f->top += PAGE;
  map(f, &g, 0, RAM, 0, URWX);
  set_csr(f->h, CSR_hgatp, atp(&g, 0));
  expect_pa(f, 8, VS_LOAD, RAM + 8);
  f->h->choice.strict = true;
  expect_fault(f, 8, VS_LOAD, CAUSE_LOAD_GUEST_PAGE, 8, 0);
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_loop_test(tc, all_modes_and_page_sizes, 0, 80);
  tcase_add_test(tc, largest_page);
  tcase_add_loop_test(tc, canonical_addresses, 0, 3);
  tcase_add_loop_test(tc, gpa_width, 0, 3);
  tcase_add_test(tc, gpa_width_from_tables);
  tcase_add_test(tc, bare);
  tcase_add_test(tc, vs_user_bit);
  tcase_add_test(tc, hs_user_bit);
  tcase_add_test(tc, g_user_bit);
  tcase_add_test(tc, g_rights);
  tcase_add_test(tc, mxr_of_both_levels);
  tcase_add_test(tc, hlvx_rights);
  tcase_add_test(tc, hlv_and_mprv);
  tcase_add_test(tc, fault_at_a_pte);
  tcase_add_test(tc, svade);
  tcase_add_test(tc, svadu);
  tcase_add_test(tc, update_on_read_only_page);
  tcase_add_test(tc, update_is_a_write);
  tcase_add_test(tc, reserved_leaf);
  tcase_add_test(tc, reserved_pointer);
  tcase_add_test(tc, misaligned_superpage);
  tcase_add_test(tc, pbmt);
  tcase_add_test(tc, napot);
  tcase_add_test(tc, pte_not_in_memory);
  tcase_add_test(tc, probe_changes_nothing);
  tcase_add_test(tc, unaligned_root);
}
UNIT_MAIN("walk", add_tests)
