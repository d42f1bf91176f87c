/* test_walk.c - translation: both stages against the rules one by one, then at random against a
 * second model of the manual's text that shares no code with the walker.
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

/* ---- the second model: the manual's text, step by step, and nothing clever ---- */

/* [priv supervisor#sv32algorithm], [hypervisor#two-stage-translation]. Memory is a copy-on-write
 * view of RAM: what the model would write is kept aside and compared with what the walker wrote. */
enum { N_UPDATES = 64 };
typedef struct {
  fixture *f;
  rv_xmode m;
  struct {
    uint64_t pa, value;
  } updates[N_UPDATES];
  unsigned n;
  bool write_pte; /* a refusal met while updating a VS-level PTE */
  bool at_pte;
  uint64_t gpa;
} model;
typedef enum { FINE, PAGE_FAULT, GUEST_FAULT, ACCESS_FAULT } verdict;
typedef struct {
  bool vs, g;             /* neither: satp */
  bool read, write, exec; /* what is asked for */
  bool user, sum, mxr, adue, pbmte;
} asked;

static bool model_read(const model *m, uint64_t pa, uint64_t *value)
{
  if (pa < RAM || pa >= RAM + RAM_SIZE)
    return false;
  *value = *(uint64_t *)(m->f->phys.region[0].host + (pa - RAM));
  for (unsigned i = 0; i < m->n; i++)
    if (m->updates[i].pa == pa)
      *value = m->updates[i].value;
  return true;
}

static verdict model_g(model *m, uint64_t gpa, asked q, uint64_t *pa);

static verdict model_stage(model *m, uint64_t atp_value, const asked *q, uint64_t va, uint64_t *out)
{
  const verdict refused = q->g ? GUEST_FAULT : PAGE_FAULT;
  const unsigned mode = atp_value >> 60;
  if (mode == 0) {
    *out = va;
    return FINE;
  }
  const int n_levels = mode == 8 ? 3 : mode == 9 ? 4 : 5;
  const int n_bits = (mode == 8 ? 39 : mode == 9 ? 48 : 57) + (q->g ? 2 : 0);
  if (q->g ? (va >> n_bits) != 0
           : (int64_t)va >> (n_bits - 1) != 0 && (int64_t)va >> (n_bits - 1) != -1)
    return refused;
  /* 1. a = satp.ppn * PAGESIZE, i = LEVELS - 1. */
  uint64_t a = (atp_value & 0xfffffffffff) * PAGE;
  for (int i = n_levels - 1;; i--) {
    /* 2. pte = the value at a + va.vpn[i] * PTESIZE */
    uint64_t vpn = va >> (12 + 9 * i);
    vpn %= q->g && i == n_levels - 1 ? 2048 : 512;
    const uint64_t at = a + vpn * 8;
    uint64_t pa = at, pte;
    if (q->vs) {
      const verdict v = model_g(m, at, (asked){ .read = true }, &pa);
      if (v != FINE) {
        m->at_pte = true;
        m->write_pte = false;
        m->gpa = at;
        return v;
      }
    }
    if (!model_read(m, pa, &pte))
      return ACCESS_FAULT;
    /* 3. v = 0, r = 0 and w = 1, or bits reserved for future standard use */
    const bool v = pte & 1, r = pte & 2, w = pte & 4, x = pte & 8, u = pte & 16;
    const unsigned pbmt = pte >> 61 & 3, n = pte >> 63;
    const uint64_t ppn = pte >> 10 & 0xfffffffffff;
    if (!v || (!r && w) || (pte >> 54 & 0x7f) || pbmt == 3 || (pbmt && !q->pbmte))
      return refused;
    /* 4. a pointer? */
    if (!r && !x) {
      if ((pte & (16 | 64 | 128)) || pbmt || n || i == 0)
        return refused;
      a = ppn * PAGE;
      continue;
    }
    /* 5., 6. u, then r, w, x with SUM and MXR */
    if (q->user ? !u : u && (!q->sum || m->m.access == RV_FETCH))
      return refused;
    if ((q->read && !(r || (x && q->mxr))) || (q->write && !w) || (q->exec && !x))
      return refused;
    /* 7. misaligned superpage; Svnapot */
    if (i > 0 && ppn % (1ull << 9 * i))
      return refused;
    if (n && (i > 0 || (ppn & 15) != 8))
      return refused;
    /* 9. a, and d for a store */
    if (!(pte & 64) || (q->write && !(pte & 128))) {
      if (!q->adue)
        return refused;
      if (q->vs) {
        const verdict g = model_g(m, at, (asked){ .write = true }, &pa);
        if (g != FINE) {
          m->at_pte = true;
          m->write_pte = true;
          m->gpa = at;
          return g;
        }
      }
      if (m->n == N_UPDATES)
        ck_abort();
      m->updates[m->n].pa = pa;
      m->updates[m->n++].value = pte | 64 | (q->write ? 128 : 0);
    }
    /* 10. the address: the low bits of a superpage are va's */
    const int low = n ? 16 : 12 + 9 * i;
    *out = (ppn << 12 >> low << low) | (va & ((1ull << low) - 1));
    return FINE;
  }
}

static verdict model_g(model *m, uint64_t gpa, asked q, uint64_t *pa)
{
  q.g = true;
  q.user = true;
  q.adue = m->f->h->csr.menvcfg >> 61 & 1;
  q.pbmte = m->f->h->csr.menvcfg >> 62 & 1;
  return model_stage(m, m->f->h->csr.hgatp, &q, gpa, pa);
}

static verdict model_translate(model *m, uint64_t va, uint64_t *pa)
{
  const rv_csrs *c = &m->f->h->csr;
  const bool mxr = c->mstatus >> 19 & 1, vmxr = m->f->h->s[1].status >> 19 & 1;
  const bool load = m->m.access == RV_LOAD;
  asked q = { .read = load && !m->m.hlvx,
              .write = m->m.access == RV_STORE,
              .exec = m->m.access == RV_FETCH || m->m.hlvx,
              .user = m->m.prv == 0 };
  if (!m->m.v) {
    q.sum = c->mstatus >> 18 & 1;
    q.mxr = mxr;
    q.adue = c->menvcfg >> 61 & 1;
    q.pbmte = c->menvcfg >> 62 & 1;
    return model_stage(m, m->f->h->s[0].atp, &q, va, pa);
  }
  asked g = { .read = q.read, .write = q.write, .exec = q.exec, .mxr = mxr };
  uint64_t gpa;
  q.vs = true;
  q.sum = m->f->h->s[1].status >> 18 & 1;
  q.mxr = mxr || vmxr;
  q.adue = c->henvcfg >> 61 & c->menvcfg >> 61 & 1;
  q.pbmte = c->henvcfg >> 62 & c->menvcfg >> 62 & 1;
  const verdict v = model_stage(m, m->f->h->s[1].atp, &q, va, &gpa);
  if (v != FINE)
    return v;
  m->at_pte = false;
  m->gpa = gpa;
  return model_g(m, gpa, g, pa);
}

/* ---- random tables ---- */

static uint64_t rng;
static uint64_t rnd(void)
{
  rng ^= rng << 13;
  rng ^= rng >> 7;
  rng ^= rng << 17;
  return rng * 0x2545f4914f6cdd1dull >> 11;
}
static bool one_in(unsigned n) { return n && rnd() % n == 0; }

enum { ROLES = 10, PAGES_PER_ROLE = 16, TABLES = ROLES * PAGES_PER_ROLE };

/* An address likely to end in RAM at whatever page size: 0x80000000 has index 2 at level 2. */
static uint64_t random_address(void)
{
  const uint64_t low = rnd() % (2ull << 20);
  const uint64_t gib = one_in(3) ? rnd() % 8 : 2;
  uint64_t a = gib << 30 | low;
  if (one_in(4))
    a |= (rnd() % 8) << 21;
  if (one_in(4))
    a |= (rnd() & 0x1ffff) << 39;
  if (one_in(60))
    a = ~0ull << (37 + rnd() % 20) | low;
  if (one_in(60))
    a = rnd() << 20 ^ rnd();
  return a;
}

/* A PTE such as one finds at that level; damage: one in so many is odd. */
static uint64_t random_pte(unsigned level, bool g, unsigned damage)
{
  uint64_t pte = V;
  if (level && !one_in(3)) {
    const unsigned role = level - 1 + (g ? 5 : 0);
    uint64_t to = RAM + (role * PAGES_PER_ROLE + rnd() % PAGES_PER_ROLE) * PAGE;
    pte |= to >> 2;
  } else {
    uint64_t to = g ? RAM + rnd() % TABLES * PAGE : random_address() & ((1ull << 56) - 1);
    if (g && level > 2)
      to = 0;
    if (!one_in(damage))
      to &= ~((1ull << (12 + 9 * level)) - 1);
    pte |= to >> 12 << 10 | A | (one_in(8) ? 0 : R | (one_in(8) ? 0 : W));
    pte |= !(pte & R) || !one_in(6) ? X : 0;
    pte |= (g ? !one_in(40) : one_in(2)) ? U : 0;
    pte |= one_in(8) ? 0 : D;
    pte ^= one_in(10) ? A : 0;
    if (!level && one_in(10))
      pte = (pte & ~(15ull << 10)) | NAPOT | (one_in(10) ? rnd() % 16 : 8) << 10;
    if (one_in(12))
      pte |= (1 + rnd() % 2) << 61;
  }
  if (one_in(damage))
    pte ^= 1ull << rnd() % 64;
  return pte;
}

static void random_tables(fixture *f)
{
  const unsigned damage = (unsigned[]){ 0, 500, 100, 30 }[rnd() % 4];
  for (unsigned page = 0; page < TABLES; page++) {
    const unsigned role = page / PAGES_PER_ROLE;
    for (unsigned i = 0; i < 512; i++)
      *word(f, RAM + page * PAGE + i * 8) = random_pte(role % 5, role >= 5, damage);
  }
}

static uint64_t random_atp(bool g)
{
  const unsigned mode = modes[one_in(10) ? 0 : 1 + rnd() % 3],
                 role = mode ? mode - 6 + (g ? 5 : 0) : 0;
  uint64_t page = rnd() % PAGES_PER_ROLE;
  if (g)
    page &= ~3ull;
  return !mode ? 0 : (uint64_t)mode << 60 | ((RAM >> 12) + role * PAGES_PER_ROLE + page);
}

static void random_regime(rv_hart *h)
{
  h->s[0].atp = random_atp(false);
  h->s[1].atp = random_atp(false);
  h->csr.hgatp = random_atp(true);
  h->csr.menvcfg = (one_in(4) ? 0 : menvcfg_ADUE) | (one_in(4) ? 0 : menvcfg_PBMTE);
  h->csr.henvcfg = (one_in(3) ? 0 : henvcfg_ADUE) | (one_in(4) ? 0 : henvcfg_PBMTE);
  h->csr.mstatus = (one_in(2) ? mstatus_SUM : 0) | (one_in(3) ? mstatus_MXR : 0);
  h->s[1].status = (one_in(2) ? vsstatus_SUM : 0) | (one_in(3) ? vsstatus_MXR : 0);
}

static rv_xmode random_mode(void)
{
  rv_xmode m = { .access = rnd() % 3, .prv = rnd() % 2, .v = !one_in(5) };
  if (m.v && m.access == RV_LOAD)
    m.hlvx = m.hlv = one_in(3);
  return m;
}

static unsigned cause_of(verdict v, rv_access access)
{
  static const unsigned causes[][3] = { { 0, 0, 0 }, { 12, 13, 15 }, { 20, 21, 23 }, { 1, 5, 7 } };
  return causes[v][access];
}

typedef struct {
  unsigned n[32], fine, updated, pseudo_write, pseudo_read;
} tally;

static void compare(fixture *f, uint64_t va, tally *t, uint8_t *shadow)
{
  model m = { .f = f, .m = random_mode() };
  uint64_t pa = 0;
  rv_place place;
  verdict v = model_translate(&m, va, &pa);
  if (v == FINE && (pa < RAM || pa >= RAM + RAM_SIZE))
    v = ACCESS_FAULT;
  const bool ok = rv_locate(f->h, va, 1, &m.m, &place);
  const rv_trap *trap = &f->h->trap;
  const uint64_t pseudo = v != GUEST_FAULT || !m.at_pte ? 0 : m.write_pte ? 0x3020 : 0x3000;
  const bool agree = ok ? v == FINE && place.pa == pa
                        : v != FINE && trap->cause == cause_of(v, m.m.access) && trap->tval == va &&
                              trap->gva == m.m.v &&
                              trap->tval2 == (v == GUEST_FAULT ? m.gpa >> 2 : 0) &&
                              trap->tinst == pseudo;
  if (!agree) /* an assertion that holds costs a system call */
    ck_abort_msg("%#lx: model: verdict %u pa %#lx gpa %#lx tinst %#lx; walker: %s cause %lu why %u "
                 "tval2 %#lx tinst %#lx",
                 (long)va, v, (long)pa, (long)m.gpa, (long)pseudo, ok ? "fine" : "refused",
                 trap->cause, trap->why, (long)trap->tval2, (long)trap->tinst);
  if (!ok) {
    t->n[trap->cause]++;
    t->pseudo_write += pseudo == 0x3020;
    t->pseudo_read += pseudo == 0x3000;
  }
  t->fine += ok;
  t->updated += m.n != 0;
  for (unsigned i = 0; i < m.n; i++)
    memcpy(shadow + (m.updates[i].pa - RAM), &m.updates[i].value, 8);
  for (unsigned i = 0; i < m.n; i++)
    if (memcmp(shadow + (m.updates[i].pa - RAM), word(f, m.updates[i].pa), 8))
      ck_abort_msg("%#lx: the PTE at %#lx is %#lx", (long)va, (long)m.updates[i].pa,
                   (long)*word(f, m.updates[i].pa));
}

/* The same verdict, address, cause, tval2, pseudo-instruction, and the same A and D bits, over all
 * mode pairs, rights, ADUE, PBMT, NAPOT, MXR, SUM, privileges and HLVX. [H-132, H-140, H-215 ..
 * H-239, H-243, H-253 .. H-257, H-453 .. H-457] */
START_TEST(random_cases)
{
  fixture *f = set_up();
  tally t = { 0 };
  uint8_t *shadow = malloc(TABLES * PAGE);
  ck_assert_ptr_nonnull(shadow);
  rng = 0x9e3779b97f4a7c15ull * (_i + 1);
  for (unsigned round = 0; round < 70; round++) {
    random_tables(f);
    memcpy(shadow, f->phys.region[0].host, TABLES * PAGE);
    for (unsigned i = 0; i < 2000; i++) {
      if (i % 4 == 0)
        random_regime(f->h);
      compare(f, random_address(), &t, shadow);
    }
    /* Nothing else was written. */
    ck_assert_mem_eq(shadow, f->phys.region[0].host, TABLES * PAGE);
  }
  /* The cases are worth something: all kinds of outcomes are among them. */
  ck_assert_uint_gt(t.fine, 10000);
  ck_assert_uint_gt(t.updated, 1000);
  ck_assert_uint_gt(t.pseudo_read, 1000);
  ck_assert_uint_gt(t.pseudo_write, 20);
  static const unsigned causes[] = { 1, 5, 7, 12, 13, 15, 20, 21, 23 };
  for (unsigned i = 0; i < 9; i++)
    ck_assert_msg(t.n[causes[i]] > 300, "cause %u: %u", causes[i], t.n[causes[i]]);
  free(shadow);
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
  tcase_add_loop_test(tc, random_cases, 0, 3);
}
UNIT_MAIN("walk", add_tests)
