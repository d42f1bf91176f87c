/* test_sbi_rfence.c - which fences the firmware executes, on which harts, for RFENCE and the legacy
 * fences. rfence.c is compiled in here with fences that record. [sbi ext-rfence]
 */
#include "sbi_fixture.h"

static void record_sfence(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid);
static void record_gvma(rv_hart *h, bool has_gpa, uint64_t gpa, bool has_vmid, uint64_t vmid);
static void record_vvma(rv_hart *h, uint64_t vmid, bool has_va, uint64_t va, bool has_asid,
                        uint64_t asid);
#define rv_sfence_vma_hs record_sfence
#define rv_hfence_gvma record_gvma
#define rv_hfence_vvma_vmid record_vvma
#include "sbi/rfence.c"

#define EXPECT(actual, expected) ck_assert_int_eq((int64_t)(actual), (int64_t)(expected))

typedef struct {
  char kind;
  unsigned hart;
  bool has_addr, has_id;
  uint64_t addr, id, vmid;
} record;
static record records[512];
static unsigned n_records;

static void add_record(record r)
{
  ck_assert_uint_lt(n_records, sizeof records / sizeof *records);
  records[n_records++] = r;
}

static void record_sfence(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid)
{
  add_record((record){ 'S', h->id, has_va, has_asid, va, asid, 0 });
}
static void record_gvma(rv_hart *h, bool has_gpa, uint64_t gpa, bool has_vmid, uint64_t vmid)
{
  add_record((record){ 'G', h->id, has_gpa, has_vmid, gpa, vmid, 0 });
}
static void record_vvma(rv_hart *h, uint64_t vmid, bool has_va, uint64_t va, bool has_asid,
                        uint64_t asid)
{
  add_record((record){ 'V', h->id, has_va, has_asid, va, asid, vmid });
}

static int64_t fence_call(fixture *f, uint64_t fid, sbi_args args)
{
  n_records = 0;
  return ecall(f->harts[0], EID_RFENCE, fid, args);
}

/* Kind and identifier of each function; the VMID of hfence.vvma is that of the caller's hgatp, not
 * of the target's. */
START_TEST(functions_fence)
{
  static const struct {
    uint64_t fid;
    record r;
  } row[] = {
    { 1, { 'S', 2, true, false, 0x5000, 0, 0 } }, { 2, { 'S', 2, true, true, 0x5000, 9, 0 } },
    { 3, { 'G', 2, true, true, 0x5000, 9, 0 } },  { 4, { 'G', 2, true, false, 0x5000, 0, 0 } },
    { 5, { 'V', 2, true, true, 0x5000, 9, 77 } }, { 6, { 'V', 2, true, false, 0x5000, 0, 77 } },
  };
  fixture *f = set_up();
  start_all(f);
  rv_csr_poke(f->harts[0], CSR_hgatp, 77ull << 44);
  rv_csr_poke(f->harts[2], CSR_hgatp, 78ull << 44);
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
    EXPECT(fence_call(f, row[i].fid, ARGS(4, 0, 0x5000, 0x1000, 9)), OK);
    EXPECT(n_records, 1);
    const record *r = &records[0], *e = &row[i].r;
    EXPECT(r->kind, e->kind);
    EXPECT(r->hart, e->hart);
    ck_assert(r->has_addr == e->has_addr && r->has_id == e->has_id);
    EXPECT(r->addr, e->addr);
    EXPECT(r->id, e->id);
    EXPECT(r->vmid, e->vmid);
  }
  tear_down(f);
}
END_TEST

/* start = size = 0, and size = 2^64-1 with any start: the entire address space. */
START_TEST(whole_space)
{
  fixture *f = set_up();
  for (uint64_t fid = 1; fid <= 6; fid++) {
    EXPECT(fence_call(f, fid, ARGS(1, 0, 0, 0, 1)), OK);
    EXPECT(n_records, 1);
    ck_assert(!records[0].has_addr);
    EXPECT(fence_call(f, fid, ARGS(1, 0, 0x7000, ~0ull, 1)), OK);
    EXPECT(n_records, 1);
    ck_assert(!records[0].has_addr);
  }
  tear_down(f);
}
END_TEST

/* Every page that the range touches; a long range becomes one fence of everything; an empty one
 * elsewhere than 0 none. */
START_TEST(ranges)
{
  fixture *f = set_up();
  EXPECT(fence_call(f, 1, ARGS(1, 0, 0x1fff, 2)), OK);
  EXPECT(n_records, 2);
  EXPECT(records[0].addr, 0x1000);
  EXPECT(records[1].addr, 0x2000);
  EXPECT(fence_call(f, 1, ARGS(1, 0, 0x1000, 64 << 12)), OK);
  EXPECT(n_records, 64);
  EXPECT(records[63].addr, 64 << 12);
  EXPECT(fence_call(f, 1, ARGS(1, 0, 0x1000, (64 << 12) + 1)), OK);
  EXPECT(n_records, 1);
  ck_assert(!records[0].has_addr);
  EXPECT(fence_call(f, 1, ARGS(1, 0, 0x1000, 0)), OK);
  EXPECT(n_records, 0);
  EXPECT(fence_call(f, 1, ARGS(1, 0, -4096ull, 4096)), OK); /* up to the very end */
  EXPECT(n_records, 1);
  EXPECT(records[0].addr, -4096);
  tear_down(f);
}
END_TEST

/* Base -1: all harts, also those that are stopped. */
START_TEST(all_harts)
{
  fixture *f = set_up();
  EXPECT(fence_call(f, 1, ARGS(0, ~0ull, 0, 0)), OK);
  EXPECT(n_records, N_HARTS);
  for (unsigned i = 0; i < N_HARTS; i++)
    EXPECT(records[i].hart, i);
  tear_down(f);
}
END_TEST

START_TEST(errors)
{
  fixture *f = set_up();
  for (uint64_t fid = 0; fid <= 6; fid++) {
    EXPECT(fence_call(f, fid, ARGS(0x9, 0, 0, 0, 1)), INVALID_PARAM);
    EXPECT(n_records, 0);
  }
  for (uint64_t fid = 1; fid <= 6; fid++) {
    EXPECT(fence_call(f, fid, ARGS(1, 0, -4096ull, 4097, 1)), INVALID_ADDRESS);
    EXPECT(n_records, 0);
  }
  EXPECT(fence_call(f, 2, ARGS(1, 0, 0, 0, 0xffff)), OK);
  EXPECT(fence_call(f, 2, ARGS(1, 0, 0, 0, 0x10000)), INVALID_PARAM); /* ASIDLEN 16 */
  EXPECT(fence_call(f, 5, ARGS(1, 0, 0, 0, 0x10000)), INVALID_PARAM);
  EXPECT(fence_call(f, 3, ARGS(1, 0, 0, 0, 0x3fff)), OK);
  EXPECT(fence_call(f, 3, ARGS(1, 0, 0, 0, 0x4000)), INVALID_PARAM); /* VMIDLEN 14 */
  tear_down(f);
}
END_TEST

/* fence.i needs nothing: fetch follows every store. */
START_TEST(fence_i)
{
  fixture *f = set_up();
  EXPECT(fence_call(f, 0, ARGS(7, 0)), OK);
  EXPECT(fence_call(f, 0, ARGS(0, ~0ull)), OK);
  EXPECT(n_records, 0);
  tear_down(f);
}
END_TEST

/* [sbi ext-legacy] EIDs 5 to 7: a0 points to the mask. */
START_TEST(legacy_fences)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const uint64_t mask = 5;
  ck_assert(rv_phys_write(&f->phys, RAM, &mask, sizeof mask));
  n_records = 0;
  EXPECT(ecall(h, 5, 0, ARGS(RAM)), 0);
  EXPECT(n_records, 0);
  EXPECT(ecall(h, 6, 0, ARGS(RAM, 0x3000, 0x1000)), 0);
  EXPECT(n_records, 2);
  EXPECT(records[0].hart, 0);
  EXPECT(records[1].hart, 2);
  ck_assert(records[1].has_addr && records[1].addr == 0x3000 && !records[1].has_id);
  n_records = 0;
  EXPECT(ecall(h, 7, 0, ARGS(0, 0, 0, 21)), 0);
  EXPECT(n_records, N_HARTS);
  ck_assert(!records[0].has_addr && records[0].has_id && records[0].id == 21);
  n_records = 0;
  EXPECT(ecall(h, 6, 0, ARGS(0, -4096ull, 4097)), INVALID_ADDRESS);
  EXPECT(ecall(h, 7, 0, ARGS(0, 0, 0, 0x10000)), INVALID_PARAM);
  EXPECT(n_records, 0);
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, functions_fence);
  tcase_add_test(tc, whole_space);
  tcase_add_test(tc, ranges);
  tcase_add_test(tc, all_harts);
  tcase_add_test(tc, errors);
  tcase_add_test(tc, fence_i);
  tcase_add_test(tc, legacy_fences);
}
UNIT_MAIN("sbi_rfence", add_tests)
