/* test_walks.c - the walk cache: what a walk keeps of an earlier one, and what ends it.
 *
 * Pointer PTEs are changed without a fence: the old table goes on where it was kept, which the
 * manual allows, and the new one is used after the fence. Nothing here goes through a TLB.
 * [H-270 .. H-277]
 */
#include "mmu_fixture.h"

static const uint64_t OLD = RAM + 0x300000, NEW = RAM + 0x500000, VA = 0x12345000;
static const uint64_t OTHER = 0x12345000 + (2 << 20); /* the neighbouring table's */

enum { SINGLE, VS, GS, N_STAGES };

typedef struct {
  fixture *f;
  rv_hart *h;
  tables t[N_STAGES];
  uint64_t va[N_STAGES]; /* what each stage translates to OLD */
} machine;

/* VA and OTHER are OLD and the page behind it in HS and for the guest; in the G-stage OLD is a page
 * of a table that no guest's table is behind. */
static machine set_up_machine(void)
{
  machine m = { .f = set_up(), .va = { VA, VA, 0x1000000 } };
  m.h = m.f->h;
  m.t[SINGLE] = new_tables(m.f, SV48, false, 0);
  m.t[VS] = new_tables(m.f, SV39, false, GUEST_OFFSET);
  m.t[GS] = new_tables(m.f, SV39, true, 0);
  g_window(m.f, &m.t[GS]);
  map(m.f, &m.t[GS], m.va[GS], OLD, 0, URWX);
  for (unsigned i = 0; i < GS; i++) {
    map(m.f, &m.t[i], VA, OLD - m.t[i].offset, 0, RWX);
    map(m.f, &m.t[i], OTHER, OLD + PAGE - m.t[i].offset, 0, RWX);
  }
  set_csr(m.h, CSR_hgatp, atp(&m.t[GS], 5));
  set_csr(m.h, CSR_vsatp, atp(&m.t[VS], 7));
  set_csr(m.h, CSR_satp, atp(&m.t[SINGLE], 7));
  return m;
}

/* Where the access goes; 0 if it is refused. For the G-stage alone the VS-stage is Bare. */
static uint64_t go(machine *m, unsigned stage, uint64_t va, rv_access access)
{
  rv_place place;
  const rv_xmode mode = { .access = access, .prv = PRV_S, .v = stage != SINGLE };
  const uint64_t vsatp = m->h->s[1].atp;
  if (stage == GS)
    m->h->s[1].atp = 0;
  const bool ok = rv_locate(m->h, va, 1, &mode, &place);
  m->h->s[1].atp = vsatp;
  return ok ? place.pa : 0;
}
static uint64_t at(machine *m, unsigned stage) { return go(m, stage, m->va[stage], RV_LOAD); }

/* The table of the last level that va uses is replaced by a copy, where va leads to `to`. */
static void move_table(machine *m, unsigned stage, uint64_t va, uint64_t to)
{
  const tables *t = &m->t[stage];
  const uint64_t pointer = slot(m->f, t, va, 1), table = m->f->top;
  m->f->top += PAGE;
  memcpy(word(m->f, table), word(m->f, slot(m->f, t, va, 0) & ~RV_PAGE_MASK), PAGE);
  *word(m->f, pointer) = pte_of(table - t->offset, V);
  map(m->f, t, va, to - t->offset, 0, stage == GS ? URWX : RWX);
}

/* Every stage has walked, and its pointer leads to another table now. */
static machine set_up_moved(void)
{
  machine m = set_up_machine();
  for (unsigned stage = 0; stage < N_STAGES; stage++) {
    ck_assert_uint_eq(at(&m, stage), OLD);
    move_table(&m, stage, m.va[stage], NEW);
    ck_assert_uint_eq(at(&m, stage), OLD);
  }
  return m;
}

enum {
  SFENCE,
  SFENCE_IN_VS,
  SFENCE_HS,
  HFENCE_VVMA,
  HFENCE_VVMA_VMID,
  HFENCE_GVMA,
  ALL,
  MENVCFG,
  PMP,
  N_KINDS
};

static void fence(machine *m, unsigned kind, bool has_id)
{
  rv_hart *h = m->h;
  switch (kind) {
  case SFENCE:
  case SFENCE_IN_VS:
    set_mode(h, PRV_S, kind == SFENCE_IN_VS);
    rv_sfence_vma(h, false, 0, has_id, 7);
    break;
  case SFENCE_HS:
    rv_sfence_vma_hs(h, false, 0, has_id, 7);
    break;
  case HFENCE_VVMA:
    rv_hfence_vvma(h, false, 0, has_id, 7);
    break;
  case HFENCE_VVMA_VMID:
    rv_hfence_vvma_vmid(h, 5, false, 0, has_id, 7);
    break;
  case HFENCE_GVMA:
    rv_hfence_gvma(h, false, 0, has_id, 5);
    break;
  case ALL:
    rv_tlb_drop_all(h);
    break;
  case MENVCFG: /* H-276 */
    set_csr(h, CSR_menvcfg, menvcfg_PBMTE);
    break;
  case PMP:
    set_csr(h, CSR_pmpaddr0, 0);
    break;
  }
}

/* H-273, H-275, H-276: a fence that names no address is for pointers as well; each for its stage.
 */
START_TEST(fences_drop)
{
  static const bool drops[N_KINDS][N_STAGES] = {
    [SFENCE] = { 1, 0, 0 },      [SFENCE_IN_VS] = { 0, 1, 0 },     [SFENCE_HS] = { 1, 0, 0 },
    [HFENCE_VVMA] = { 0, 1, 0 }, [HFENCE_VVMA_VMID] = { 0, 1, 0 }, [HFENCE_GVMA] = { 0, 1, 1 },
    [ALL] = { 1, 1, 1 },         [MENVCFG] = { 1, 1, 1 },          [PMP] = { 1, 1, 1 },
  };
  machine m = set_up_moved();
  fence(&m, _i / 2, _i & 1);
  for (unsigned stage = 0; stage < N_STAGES; stage++)
    ck_assert_msg(at(&m, stage) == (drops[_i / 2][stage] ? NEW : OLD), "stage %u", stage);
  tear_down(m.f);
}
END_TEST

/* The guest's table is behind the G-stage: hfence.gvma is for what was kept of the VS-stage, too,
 * with an address (which is of any page of the G-stage) or without. H-277 */
START_TEST(table_moved_by_the_g_stage)
{
  machine m = set_up_machine();
  ck_assert_uint_eq(at(&m, VS), OLD);
  const uint64_t table = slot(m.f, &m.t[VS], VA, 0) & ~RV_PAGE_MASK, copy = m.f->top;
  memcpy(word(m.f, copy), word(m.f, table), PAGE);
  *word(m.f, copy + (VA >> 12 & 511) * 8) = pte_of(NEW - GUEST_OFFSET, RWX);
  *g_pte(m.f, &m.t[GS], table) = pte_of(copy, URWX);
  rv_hfence_gvma(m.h, _i & 1, table - GUEST_OFFSET, _i & 2, 5);
  ck_assert_uint_eq(at(&m, VS), NEW);
  tear_down(m.f);
}
END_TEST

/* A fence of one address is enough where a leaf of 2 MiB comes or goes at it: a leaf keeps no
 * table, and a table that was kept is forgotten. [priv supervisor#sfence.vma] */
START_TEST(address_fences)
{
  const unsigned stage = _i;
  const uint64_t large = (OLD & ~0x1fffffull) + (VA & 0x1fffff);
  machine m = set_up_machine();
  uint64_t *pointer = word(m.f, slot(m.f, &m.t[stage], VA, 1));
  const uint64_t table = *pointer;
  ck_assert_uint_eq(at(&m, stage), OLD);
  ck_assert_uint_eq(go(&m, stage, OTHER, RV_LOAD), OLD + PAGE);
  *pointer = pte_of((large & ~0x1fffffull) - m.t[stage].offset, RWX);
  set_mode(m.h, PRV_S, stage == VS);
  rv_sfence_vma(m.h, true, VA, false, 0);
  ck_assert_uint_eq(at(&m, stage), large);
  *pointer = table;
  rv_sfence_vma(m.h, true, VA, false, 0);
  ck_assert_uint_eq(at(&m, stage), OLD);
  ck_assert_uint_eq(go(&m, stage, OTHER, RV_LOAD), OLD + PAGE);
  tear_down(m.f);
}
END_TEST

/* Roots, ASIDs and VMIDs are apart: what was kept under one is not used under another. The
 * VS-stage's tables are those of one VMID. H-200, H-273 */
START_TEST(roots_are_apart)
{
  static const unsigned csrs[] = { CSR_satp, CSR_vsatp, CSR_hgatp };
  const unsigned changed = _i, used = changed == GS ? VS : changed; /* hgatp changes both */
  machine m = set_up_moved();
  set_csr(m.h, csrs[changed], atp(&m.t[changed], 9)); /* the same root, another identifier */
  ck_assert_uint_eq(at(&m, changed), NEW);
  ck_assert_uint_eq(at(&m, used), NEW);
  /* Another root under the same identifier, where the page leads elsewhere. */
  tables other =
      new_tables(m.f, changed == SINGLE ? SV48 : SV39, changed == GS, m.t[changed].offset);
  if (changed == GS)
    g_window(m.f, &other);
  map(m.f, &other, m.va[changed], OLD + 2 * PAGE - other.offset, 0, changed == GS ? URWX : RWX);
  set_csr(m.h, csrs[changed], atp(&other, changed == GS ? 5 : 7));
  ck_assert_uint_eq(at(&m, changed), OLD + 2 * PAGE);
  tear_down(m.f);
}
END_TEST

/* Another hart's walks are its own: so is the fence. */
START_TEST(harts_are_apart)
{
  machine m = set_up_machine();
  machine second = m;
  second.h = m.f->harts[1];
  second.h->s[0].atp = m.h->s[0].atp;
  ck_assert_uint_eq(at(&m, SINGLE), OLD);
  ck_assert_uint_eq(at(&second, SINGLE), OLD);
  move_table(&m, SINGLE, VA, NEW);
  rv_sfence_vma_hs(m.h, false, 0, false, 0);
  ck_assert_uint_eq(at(&m, SINGLE), NEW);
  ck_assert_uint_eq(at(&second, SINGLE), OLD);
  rv_sfence_vma_hs(second.h, false, 0, false, 0);
  ck_assert_uint_eq(at(&second, SINGLE), NEW);
  tear_down(m.f);
}
END_TEST

/* Addresses that differ above the region's bits do not meet, nor does a wider one get past the
 * check of its width. H-218, H-243 */
START_TEST(whole_addresses)
{
  machine m = set_up_machine();
  map(m.f, &m.t[VS], VA + (1ull << 30), NEW - GUEST_OFFSET, 0, RWX);
  ck_assert_uint_eq(at(&m, VS), OLD);
  ck_assert_uint_eq(go(&m, VS, VA + (1ull << 30), RV_LOAD), NEW);
  ck_assert_uint_eq(at(&m, VS), OLD);
  ck_assert_uint_eq(go(&m, VS, VA | 1ull << 39, RV_LOAD), 0);
  ck_assert_uint_eq(m.h->trap.cause, CAUSE_LOAD_PAGE);
  ck_assert_uint_eq(go(&m, GS, m.va[GS] | 1ull << 41, RV_LOAD), 0);
  ck_assert_uint_eq(m.h->trap.cause, CAUSE_LOAD_GUEST_PAGE);
  tear_down(m.f);
}
END_TEST

/* PMP is for every PTE that is read: H-230. It takes the table away; and a table's page that it
 * splits is looked at each time. */
START_TEST(pmp_of_the_table)
{
  machine m = set_up_machine();
  const uint64_t pte = slot(m.f, &m.t[_i], m.va[_i], 0), table = pte & ~RV_PAGE_MASK;
  ck_assert_uint_eq(at(&m, _i), OLD);
  set_csr(m.h, CSR_pmpaddr0, table >> 2 | 0x1ff); /* the page, NAPOT, no rights */
  set_csr(m.h, CSR_pmpcfg0, 0x18);
  ck_assert_uint_eq(at(&m, _i), 0);
  ck_assert_uint_eq(m.h->trap.cause, CAUSE_LOAD_ACCESS);
  /* Only the 8 bytes of the next page's PTE. */
  map(m.f, &m.t[_i], m.va[_i] + PAGE, NEW - m.t[_i].offset, 0, _i == GS ? URWX : RWX);
  set_csr(m.h, CSR_pmpaddr0, (pte + 8) >> 2);
  ck_assert_uint_eq(at(&m, _i), OLD);
  ck_assert_uint_eq(go(&m, _i, m.va[_i] + PAGE, RV_LOAD), 0);
  ck_assert_uint_eq(m.h->trap.cause, CAUSE_LOAD_ACCESS);
  tear_down(m.f);
}
END_TEST

/* What the G-stage said of the table's page holds until hfence.gvma: then a right, or A, that was
 * taken away is missed. H-221, H-234 */
START_TEST(g_stage_of_the_table)
{
  machine m = set_up_machine();
  const uint64_t pte = slot(m.f, &m.t[VS], VA, 0);
  ck_assert_uint_eq(at(&m, VS), OLD);
  *g_pte(m.f, &m.t[GS], pte) &= ~(uint64_t)(_i ? A : V);
  rv_hfence_gvma(m.h, false, 0, false, 0);
  ck_assert_uint_eq(at(&m, VS), 0);
  expect_trap(m.f, CAUSE_LOAD_GUEST_PAGE, VA, true, pte - GUEST_OFFSET, 0x3000);
  tear_down(m.f);
}
END_TEST

static machine set_up_adue(void)
{
  machine m = set_up_machine();
  set_csr(m.h, CSR_menvcfg, menvcfg_ADUE);
  set_csr(m.h, CSR_henvcfg, henvcfg_ADUE);
  map(m.f, &m.t[VS], VA, OLD - GUEST_OFFSET, 0, RWX & ~(A | D));
  return m;
}

/* A walk that reads through a kept table still sets A and D; for the G-stage that is a store to the
 * table's page, which needs W and sets D there. H-140, H-221, H-233, H-234 */
START_TEST(updates)
{
  machine m = set_up_adue();
  const uint64_t pte = slot(m.f, &m.t[VS], VA, 0);
  uint64_t *of_table = g_pte(m.f, &m.t[GS], pte);
  *of_table &= ~(uint64_t)(A | D);
  ck_assert_uint_eq(go(&m, VS, VA + PAGE, RV_LOAD), 0); /* nothing there, but the table is kept */
  ck_assert_uint_eq(*of_table & (A | D), A);
  ck_assert_uint_eq(go(&m, VS, VA, RV_LOAD), OLD);
  ck_assert_uint_eq(*word(m.f, pte) & (A | D), A);
  ck_assert_uint_eq(*of_table & (A | D), A | D);
  *of_table &= ~(uint64_t)W;
  rv_hfence_gvma(m.h, false, 0, false, 0);
  ck_assert_uint_eq(go(&m, VS, VA, RV_LOAD), OLD);
  ck_assert_uint_eq(go(&m, VS, VA, RV_STORE), 0);
  expect_trap(m.f, CAUSE_STORE_GUEST_PAGE, VA, true, pte - GUEST_OFFSET, 0x3020);
  *of_table |= W;
  rv_hfence_gvma(m.h, false, 0, false, 0);
  ck_assert_uint_eq(go(&m, VS, VA, RV_LOAD), OLD);
  ck_assert_uint_eq(go(&m, VS, VA, RV_STORE), OLD);
  ck_assert_uint_eq(*word(m.f, pte) & (A | D), A | D);
  tear_down(m.f);
}
END_TEST

/* The G-stage moves the table's page without a fence. An update is a store of its own: it goes
 * where the page is now, and then the PTE that counts is the one there. */
START_TEST(update_of_a_moved_table)
{
  machine m = set_up_adue();
  ck_assert_uint_eq(go(&m, VS, VA, RV_LOAD), OLD);
  const uint64_t pte = slot(m.f, &m.t[VS], VA, 0), table = pte & ~RV_PAGE_MASK, copy = m.f->top;
  const uint64_t new_pte = copy + (pte & RV_PAGE_MASK), before = *word(m.f, pte);
  memset(word(m.f, copy), 0, PAGE);
  *word(m.f, new_pte) = pte_of(NEW - GUEST_OFFSET, _i ? RWX & ~(A | D) : RWX);
  *g_pte(m.f, &m.t[GS], table) = pte_of(copy, URWX);
  ck_assert_uint_eq(go(&m, VS, VA, RV_STORE), NEW);
  ck_assert_uint_eq(*word(m.f, pte), before);
  ck_assert_uint_eq(*word(m.f, new_pte), pte_of(NEW - GUEST_OFFSET, RWX));
  tear_down(m.f);
}
END_TEST

/* A probe tells what the tables say, and leaves no trace. */
START_TEST(probes)
{
  const rv_xmode modes[] = { HS_LOAD, VS_LOAD };
  machine m = set_up_moved();
  for (unsigned i = 0; i < 2; i++) {
    rv_walk_log log = { 0 };
    rv_walk_probe(m.h, VA, &modes[i], &log);
    ck_assert_uint_eq(log.step[log.n - 1].result, NEW);
    ck_assert_uint_eq(at(&m, i), OLD);
  }
  fence_everything(m.h);
  rv_walk_log log = { 0 };
  rv_walk_probe(m.h, VA, &HS_LOAD, &log);
  move_table(&m, SINGLE, VA, OLD);
  ck_assert_uint_eq(at(&m, SINGLE), OLD);
  tear_down(m.f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_loop_test(tc, fences_drop, 0, 2 * N_KINDS);
  tcase_add_loop_test(tc, table_moved_by_the_g_stage, 0, 4);
  tcase_add_loop_test(tc, address_fences, 0, 2);
  tcase_add_loop_test(tc, roots_are_apart, 0, N_STAGES);
  tcase_add_test(tc, harts_are_apart);
  tcase_add_test(tc, whole_addresses);
  tcase_add_loop_test(tc, pmp_of_the_table, 0, N_STAGES);
  tcase_add_loop_test(tc, g_stage_of_the_table, 0, 2);
  tcase_add_test(tc, updates);
  tcase_add_loop_test(tc, update_of_a_moved_table, 0, 2);
  tcase_add_test(tc, probes);
}
UNIT_MAIN("walks", add_tests)
