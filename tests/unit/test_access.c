/* test_access.c - loads, stores and atomics as a whole: pages crossed, devices, reservations, pages
 * with code, and what is kept for the fast path.
 */
#include "cpu/run.h"
#include "mmu_fixture.h"
#include "rvh.h"
#include <stdio.h>
#include <unistd.h>

static const uint64_t VA = 0x12345000, FIRST = RAM + 0x300000, SECOND = RAM + 0x200000;
static const uint64_t GPA_2 = 0x80000000 + 0x200000 - GUEST_OFFSET;

typedef struct {
  fixture *f;
  tables vs, g;
} guest;

/* VS-mode, two pages at VA whose memory is not adjacent; a device behind VA + 4 pages, a ROM behind
 * VA + 6. */
static guest set_up_guest(void)
{
  guest t = { .f = set_up() };
  t.g = new_tables(t.f, SV39, true, 0);
  g_window(t.f, &t.g);
  map(t.f, &t.g, DEVICE, DEVICE, 0, URWX);
  map(t.f, &t.g, ROM, ROM, 0, URWX);
  t.vs = new_tables(t.f, SV39, false, GUEST_OFFSET);
  map(t.f, &t.vs, VA, FIRST - GUEST_OFFSET, 0, RWX);
  map(t.f, &t.vs, VA + PAGE, SECOND - GUEST_OFFSET, 0, RWX);
  map(t.f, &t.vs, VA + 3 * PAGE, FIRST - GUEST_OFFSET, 0, RWX);
  map(t.f, &t.vs, VA + 4 * PAGE, DEVICE, 0, RWX);
  map(t.f, &t.vs, VA + 5 * PAGE, FIRST - GUEST_OFFSET, 0, RWX);
  map(t.f, &t.vs, VA + 6 * PAGE, ROM, 0, RWX);
  set_csr(t.f->h, CSR_hgatp, atp(&t.g, 1));
  set_csr(t.f->h, CSR_vsatp, atp(&t.vs, 1));
  set_mode(t.f->h, PRV_S, true);
  return t;
}
static uint64_t *vs_pte(guest *t, uint64_t va) { return word(t->f, slot(t->f, &t->vs, va, 0)); }

static uint8_t byte_at(fixture *f, uint64_t pa)
{
  uint8_t b;
  ck_assert(rv_phys_read(&f->phys, pa, &b, 1));
  return b;
}

/* Any size at any offset over the boundary of two pages. */
START_TEST(over_two_pages)
{
  guest t = set_up_guest();
  for (unsigned size = 2; size <= 8; size *= 2)
    for (unsigned before = 1; before < size; before++) {
      const uint64_t va = VA + PAGE - before, value = 0x8877665544332211;
      uint64_t got = 0, mask = size == 8 ? ~0ull : (1ull << 8 * size) - 1;
      memset(word(t.f, FIRST + PAGE - 16), 0xee, 16);
      memset(word(t.f, SECOND), 0xee, 16);
      ck_assert(rv_store(t.f->h, va, size, NULL, value));
      for (unsigned i = 0; i < size; i++) {
        const uint64_t pa = i < before ? FIRST + PAGE - before + i : SECOND + i - before;
        ck_assert_uint_eq(byte_at(t.f, pa), (uint8_t)(value >> 8 * i));
      }
      ck_assert_uint_eq(byte_at(t.f, FIRST + PAGE - before - 1), 0xee);
      ck_assert_uint_eq(byte_at(t.f, SECOND + size - before), 0xee);
      ck_assert(rv_load(t.f->h, va, size, NULL, &got));
      ck_assert_uint_eq(got, value & mask);
    }
  tear_down(t.f);
}
END_TEST

/* H-134, H-240, H-470: a refusal names the first byte of the part at fault; nothing is written. */
START_TEST(second_page_refused)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  const uint64_t va = VA + PAGE - 3, boundary = VA + PAGE;
  uint64_t value = 0x55;
  *word(t.f, FIRST + PAGE - 8) = 0x1122334455667788;
  *vs_pte(&t, boundary) &= ~(uint64_t)W;
  ck_assert(!rv_store(h, va, 8, NULL, ~0ull));
  expect_trap(t.f, CAUSE_STORE_PAGE, boundary, true, 0ull, 0);
  *vs_pte(&t, boundary) = 0;
  ck_assert(!rv_load(h, va, 8, NULL, &value));
  expect_trap(t.f, CAUSE_LOAD_PAGE, boundary, true, 0ull, 0);
  *vs_pte(&t, boundary) = pte_of(SECOND - GUEST_OFFSET, RWX);
  *g_pte(t.f, &t.g, SECOND) = 0;
  ck_assert(!rv_store(h, va, 8, NULL, ~0ull));
  expect_trap(t.f, CAUSE_STORE_GUEST_PAGE, boundary, true, GPA_2, 0);
  ck_assert(!rv_load(h, va, 8, NULL, &value));
  expect_trap(t.f, CAUSE_LOAD_GUEST_PAGE, boundary, true, GPA_2, 0);
  const rv_xmode hlv = { .access = RV_LOAD, .prv = PRV_S, .v = true, .hlv = true };
  ck_assert(!rv_load(h, va, 8, &hlv, &value)); /* H-258 */
  expect_trap(t.f, CAUSE_LOAD_GUEST_PAGE, boundary, true, GPA_2, 0);
  /* Both: the first. */
  *vs_pte(&t, VA) = 0;
  ck_assert(!rv_store(h, va, 8, NULL, ~0ull));
  expect_trap(t.f, CAUSE_STORE_PAGE, va, true, 0ull, 0);
  ck_assert_uint_eq(*word(t.f, FIRST + PAGE - 8), 0x1122334455667788);
  ck_assert_uint_eq(*word(t.f, SECOND), 0);
  tear_down(t.f);
}
END_TEST

/* As Spike does, and may: the part in the first page is stored before the second page refuses
 * [norm:pmp_misaligned_access_behavior]. */
START_TEST(first_part_of_a_store_as_spike)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  const uint64_t va = VA + PAGE - 3, boundary = VA + PAGE;
  h->choice.as_spike = true;
  *word(t.f, FIRST + PAGE - 8) = 0x1122334455667788;
  *vs_pte(&t, boundary) &= ~(uint64_t)W;
  ck_assert(!rv_store(h, va, 8, NULL, 0x8877665544332211));
  expect_trap(t.f, CAUSE_STORE_PAGE, boundary, true, 0ull, 0);
  ck_assert_uint_eq(*word(t.f, FIRST + PAGE - 8), 0x3322114455667788);
  ck_assert_uint_eq(*word(t.f, SECOND), 0);
  /* The first refused: nothing. */
  *vs_pte(&t, VA) = 0;
  ck_assert(!rv_store(h, va, 8, NULL, ~0ull));
  expect_trap(t.f, CAUSE_STORE_PAGE, va, true, 0ull, 0);
  ck_assert_uint_eq(*word(t.f, FIRST + PAGE - 8), 0x3322114455667788);
  /* Atomics: the other of the two causes. */
  rv_place place;
  ck_assert(!rv_atomic(h, VA + 1, 4, true, &place));
  ck_assert_uint_eq(h->trap.cause, CAUSE_STORE_ACCESS);
  ck_assert(!rv_atomic(h, VA + 1, 4, false, &place));
  ck_assert_uint_eq(h->trap.cause, CAUSE_LOAD_ACCESS);
  /* A fault of cbo.zero tells the block's address, of the others rs1. */
  ck_assert(!rv_cache_block(h, VA + 77, RV_STORE, &place));
  expect_trap(t.f, CAUSE_STORE_PAGE, VA + 64, true, 0ull, 0);
  ck_assert(!rv_cache_block(h, VA + 77, RV_CBO, &place));
  expect_trap(t.f, CAUSE_STORE_PAGE, VA + 77, true, 0ull, 0);
  /* ... or the first byte that PMP refuses, and those before are zeroed. */
  *vs_pte(&t, boundary) |= W;
  rv_pmp_write_addr(h, 0, (SECOND + 72) >> 2);
  rv_pmp_write_cfg(h, 0, 0x10); /* NA4, nothing allowed */
  *word(t.f, SECOND + 64) = *word(t.f, SECOND + 80) = ~0ull;
  ck_assert(!rv_cache_block(h, boundary + 100, RV_STORE, &place));
  expect_trap(t.f, CAUSE_STORE_ACCESS, boundary + 72, true, 0ull, 0);
  ck_assert_uint_eq(*word(t.f, SECOND + 64), 0);
  ck_assert_uint_eq(*word(t.f, SECOND + 80), ~0ull);
  tear_down(t.f);
}
END_TEST

/* A register is accessed whole, once, at its natural alignment, and never kept. */
START_TEST(devices)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  uint64_t value;
  for (unsigned size = 1; size <= 8; size *= 2) {
    ck_assert(rv_load(h, VA + 4 * PAGE + 0x18, size, NULL, &value));
    ck_assert_uint_eq(t.f->last_size, size);
    ck_assert(rv_store(h, VA + 4 * PAGE + 0x20, size, NULL, 0x99));
    ck_assert_uint_eq(t.f->last_pa, DEVICE + 0x20);
    ck_assert_uint_eq(t.f->last_size, size);
  }
  ck_assert_uint_eq(t.f->n_reads, 4);
  ck_assert_uint_eq(t.f->n_writes, 4);
  const unsigned i = (VA + 4 * PAGE) >> 12 & (RV_TLB_SIZE - 1);
  ck_assert_uint_ne(h->bank->r[i].va, VA + 4 * PAGE);
  ck_assert_uint_ne(h->bank->w[i].va, VA + 4 * PAGE);
  for (unsigned size = 2; size <= 8; size *= 2)
    for (unsigned off = 1; off < size; off++) {
      ck_assert(!rv_load(h, VA + 4 * PAGE + off, size, NULL, &value));
      expect_trap(t.f, CAUSE_LOAD_ACCESS, VA + 4 * PAGE + off, true, 0ull, 0);
      ck_assert(!rv_store(h, VA + 4 * PAGE + off, size, NULL, 0));
      expect_trap(t.f, CAUSE_STORE_ACCESS, VA + 4 * PAGE + off, true, 0ull, 0);
    }
  ck_assert_uint_eq(t.f->n_reads, 4);
  ck_assert_uint_eq(t.f->n_writes, 4);
  t.f->refuse = true; /* the device itself says no */
  ck_assert(!rv_load(h, VA + 4 * PAGE, 8, NULL, &value));
  expect_trap(t.f, CAUSE_LOAD_ACCESS, VA + 4 * PAGE, true, 0ull, 0);
  ck_assert(!rv_store(h, VA + 4 * PAGE, 4, NULL, 0));
  expect_trap(t.f, CAUSE_STORE_ACCESS, VA + 4 * PAGE, true, 0ull, 0);
  expect_fault(t.f, VA + 4 * PAGE, VS_FETCH, CAUSE_FETCH_ACCESS, 0, 0);
  tear_down(t.f);
}
END_TEST

/* H-253: HLVX needs memory that may be executed; a register may not, and is not read. */
START_TEST(hlvx_of_a_device)
{
  guest t = set_up_guest();
  rv_xmode mode = HLVX_S;
  uint64_t value;
  ck_assert(!rv_load(t.f->h, VA + 4 * PAGE, 4, &mode, &value));
  expect_trap(t.f, CAUSE_LOAD_ACCESS, VA + 4 * PAGE, true, 0ull, 0);
  ck_assert_uint_eq(t.f->n_reads, 0);
  mode.hlvx = false;
  ck_assert(rv_load(t.f->h, VA + 4 * PAGE, 4, &mode, &value));
  ck_assert_uint_eq(t.f->n_reads, 1);
  tear_down(t.f);
}
END_TEST

/* H-134: from memory into a device and back: the fault is where the device's part begins. */
START_TEST(half_a_device)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  uint64_t value;
  *word(t.f, FIRST + PAGE - 8) = 0x1122334455667788;
  ck_assert(!rv_store(h, VA + 4 * PAGE - 2, 4, NULL, ~0ull));
  expect_trap(t.f, CAUSE_STORE_ACCESS, VA + 4 * PAGE, true, 0ull, 0);
  ck_assert(!rv_load(h, VA + 4 * PAGE - 2, 4, NULL, &value));
  expect_trap(t.f, CAUSE_LOAD_ACCESS, VA + 4 * PAGE, true, 0ull, 0);
  ck_assert(!rv_store(h, VA + 5 * PAGE - 2, 4, NULL, ~0ull));
  expect_trap(t.f, CAUSE_STORE_ACCESS, VA + 5 * PAGE - 2, true, 0ull, 0);
  ck_assert_uint_eq(*word(t.f, FIRST + PAGE - 8), 0x1122334455667788);
  ck_assert_uint_eq(t.f->n_reads + t.f->n_writes, 0);
  tear_down(t.f);
}
END_TEST

/* A ROM may be read and fetched; stores are access faults. */
START_TEST(rom)
{
  guest t = set_up_guest();
  rv_place p;
  uint64_t value;
  ck_assert(rv_load(t.f->h, VA + 6 * PAGE, 8, NULL, &value));
  ck_assert(rv_fetch_place(t.f->h, VA + 6 * PAGE, 2, &p));
  ck_assert(!rv_store(t.f->h, VA + 6 * PAGE, 8, NULL, 1));
  expect_trap(t.f, CAUSE_STORE_ACCESS, VA + 6 * PAGE, true, 0ull, 0);
  ck_assert(!rv_atomic(t.f->h, VA + 6 * PAGE, 8, true, &p));
  expect_trap(t.f, CAUSE_STORE_ACCESS, VA + 6 * PAGE, true, 0ull, 0);
  tear_down(t.f);
}
END_TEST

/* H-238: AMO and SC are stores, LR is a load; aligned, and in main memory. */
START_TEST(atomics)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  rv_place p;
  ck_assert(rv_atomic(h, VA + 8, 8, true, &p));
  ck_assert_uint_eq(p.pa, FIRST + 8);
  ck_assert(!rv_atomic(h, VA + 4, 8, true, &p));
  expect_trap(t.f, CAUSE_STORE_MISALIGNED, VA + 4, true, 0ull, 0);
  ck_assert(!rv_atomic(h, VA + 2, 4, false, &p));
  expect_trap(t.f, CAUSE_LOAD_MISALIGNED, VA + 2, true, 0ull, 0);
  ck_assert(!rv_atomic(h, VA + 4 * PAGE, 4, true, &p));
  expect_trap(t.f, CAUSE_STORE_ACCESS, VA + 4 * PAGE, true, 0ull, 0);
  ck_assert(!rv_atomic(h, VA + 4 * PAGE, 4, false, &p));
  expect_trap(t.f, CAUSE_LOAD_ACCESS, VA + 4 * PAGE, true, 0ull, 0);
  ck_assert_uint_eq(t.f->n_reads + t.f->n_writes, 0);
  *vs_pte(&t, VA + PAGE) &= ~(uint64_t)W;
  ck_assert(!rv_atomic(h, VA + PAGE, 8, true, &p));
  expect_trap(t.f, CAUSE_STORE_PAGE, VA + PAGE, true, 0ull, 0);
  ck_assert(rv_atomic(h, VA + PAGE, 8, false, &p));
  *vs_pte(&t, VA + PAGE) |= W;
  *g_pte(t.f, &t.g, SECOND) &= ~(uint64_t)W;
  ck_assert(!rv_atomic(h, VA + PAGE + 16, 8, true, &p));
  expect_trap(t.f, CAUSE_STORE_GUEST_PAGE, VA + PAGE + 16, true, GPA_2 + 16, 0);
  *g_pte(t.f, &t.g, SECOND) = 0;
  ck_assert(!rv_atomic(h, VA + PAGE + 16, 8, false, &p));
  expect_trap(t.f, CAUSE_LOAD_GUEST_PAGE, VA + PAGE + 16, true, GPA_2 + 16, 0);
  tear_down(t.f);
}
END_TEST

/* ---- lr and sc, executed ---- */

enum { A0 = 10, A1, A2 };
static uint32_t lr_d(unsigned rd, unsigned rs1)
{
  return 2u << 27 | rs1 << 15 | 3 << 12 | rd << 7 | 0x2f;
}
static uint32_t sc_d(unsigned rd, unsigned rs2, unsigned rs1)
{
  return 3u << 27 | rs2 << 20 | rs1 << 15 | 3 << 12 | rd << 7 | 0x2f;
}
static void execute(fixture *f, uint32_t raw)
{
  memcpy(word(f, FIRST + 0x800), &raw, 4);
  f->h->pc = FIRST + 0x800;
  rv_step(f->h);
}
static uint64_t sc(fixture *f, uint64_t at, uint64_t value)
{
  f->h->x[A1] = at;
  f->h->x[A2] = value;
  execute(f, sc_d(A0, A2, A1));
  return f->h->x[A0];
}
static uint64_t lr(fixture *f, uint64_t at)
{
  f->h->x[A1] = at;
  execute(f, lr_d(A0, A1));
  return f->h->x[A0];
}

/* [unpriv a#lrsc] */
START_TEST(load_reserved)
{
  fixture *f = set_up();
  const uint64_t at = SECOND, other = SECOND + 64;
  *word(f, at) = 5;
  ck_assert_uint_eq(sc(f, at, 1), 1); /* nothing is reserved */
  ck_assert_uint_eq(lr(f, at), 5);
  ck_assert_uint_eq(sc(f, at, 6), 0);
  ck_assert_uint_eq(*word(f, at), 6);
  ck_assert_uint_eq(sc(f, at, 7), 1); /* it died at the sc */
  lr(f, at);
  ck_assert_uint_eq(sc(f, other, 7), 1);
  ck_assert_uint_eq(sc(f, at, 7), 1); /* at any sc */
  lr(f, at);
  lr(f, other); /* one at a time */
  ck_assert_uint_eq(sc(f, at, 7), 1);
  lr(f, at);
  ck_assert(rv_phys_write(&f->phys, at + 4, "x", 1)); /* DMA */
  ck_assert_uint_eq(sc(f, at, 7), 1);
  lr(f, at);
  ck_assert(
      rv_store(f->harts[1], at, 1, NULL, 0)); /* another hart's first store: by the slow path */
  ck_assert_uint_eq(sc(f, at, 7), 1);
  lr(f, at);
  ck_assert(rv_phys_write(&f->phys, other, "x", 1));
  ck_assert_uint_eq(sc(f, at, 8), 0);
  ck_assert_uint_eq(*word(f, at), 8);
  tear_down(f);
}
END_TEST

/* SC without a reservation is still a store: it faults where a store would. H-238 */
START_TEST(store_conditional_faults)
{
  fixture *f = set_up();
  tables s = new_tables(f, SV39, false, 0);
  map(f, &s, VA, SECOND, 0, V | R | A);
  map(f, &s, FIRST, FIRST, 0, RWX);
  set_csr(f->h, CSR_satp, atp(&s, 0));
  set_mode(f->h, PRV_S, false);
  sc(f, VA, 1);
  ck_assert_uint_eq(f->h->prv, PRV_M);
  ck_assert_uint_eq(f->h->csr.mcause, CAUSE_STORE_PAGE);
  ck_assert_uint_eq(f->h->csr.mtval, VA);
  tear_down(f);
}
END_TEST

/* No reservation outlives another hart's turn, whose stores by the fast path tell nobody: be it in
 * a run, or a debugger that steps the harts one by one. Alone, a hart keeps it from run to run. */
START_TEST(reservation_ends_with_the_slice)
{
  rvh_config config = RVH_CONFIG_DEFAULT;
  char name[] = "/tmp/rvh-lrsc-XXXXXX";
  /* auipc a1, 0; lr.d a0, (a1); sc.d a2, a0, (a1) */
  const uint32_t program[] = { 0x00000597, lr_d(A0, A1), sc_d(A2, A0, A1) };
  const int fd = mkstemp(name);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(write(fd, program, sizeof program), sizeof program);
  close(fd);
  config.bios = RVH_BIOS_NONE;
  config.kernel = name;
  config.messages = fopen("/dev/null", "w");
  config.n_harts = 2;
  enum { NOTHING, STEP, RUN, N_WAYS };
  for (unsigned between = NOTHING; between < N_WAYS; between++) {
    rvh_machine *m = rvh_new(&config, NULL);
    ck_assert_ptr_nonnull(m);
    ck_assert(rvh_load(m, NULL));
    rvh_write_x(m, 1, A2, 99);
    rvh_write_pc(m, 1, RAM);
    rvh_step(m, 1);
    rvh_step(m, 1);
    if (between == STEP)
      rvh_step(m, 0);
    else if (between == RUN)
      rvh_run(m, 1); /* hart 0's turn comes first */
    if (rvh_read_pc(m, 1) == RAM + 8)
      rvh_step(m, 1);
    ck_assert_uint_eq(rvh_read_x(m, 1, A2), between != NOTHING);
    rvh_free(m);
  }
  fclose(config.messages);
  unlink(name);
}
END_TEST

/* ---- what is kept ---- */

static bool kept(rv_hart *h, bool write, uint64_t va)
{
  const unsigned i = va >> 12 & (RV_TLB_SIZE - 1);
  return (write ? h->bank->w : h->bank->r)[i].va == (va & ~0xfffull);
}

/* A load keeps a right to read, a store one to write: D is set, or refused, at the first store. */
START_TEST(rights_kept)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  uint64_t value;
  set_csr(h, CSR_menvcfg, menvcfg_ADUE);
  *vs_pte(&t, VA) &= ~(uint64_t)D;
  ck_assert(rv_load(h, VA, 8, NULL, &value));
  ck_assert(kept(h, false, VA) && !kept(h, true, VA));
  ck_assert(!rv_store(h, VA, 8, NULL, 1)); /* henvcfg.ADUE=0: H-232 */
  expect_trap(t.f, CAUSE_STORE_PAGE, VA, true, 0ull, 0);
  ck_assert(!kept(h, true, VA));
  set_csr(h, CSR_henvcfg, henvcfg_ADUE);
  ck_assert(rv_load(h, VA, 8, NULL, &value));
  ck_assert(!(*vs_pte(&t, VA) & D));
  ck_assert(rv_store(h, VA, 8, NULL, 1));
  ck_assert(*vs_pte(&t, VA) & D);
  ck_assert(kept(h, true, VA));
  const rv_tlbe *e = &h->bank->w[VA >> 12 & (RV_TLB_SIZE - 1)];
  ck_assert_uint_eq(VA + e->addend, (uint64_t)word(t.f, FIRST));
  tear_down(t.f);
}
END_TEST

/* Stores to a page with code or a watch are looked at one by one. */
START_TEST(stores_to_code)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  rv_page *page = rv_region_page(&t.f->phys.region[0], FIRST);
  rv_place p;
  page->has_code = true;
  page->code_granules = 1ull << 2;
  ck_assert(rv_store(h, VA + 64, 8, NULL, 1));
  ck_assert(!kept(h, true, VA));
  ck_assert_uint_eq(t.f->n_code, 0);
  ck_assert(rv_store(h, VA + 127, 2, NULL, 1)); /* into the granule by one byte */
  ck_assert_uint_eq(t.f->n_code, 1);
  ck_assert(h->end_block);
  ck_assert(rv_atomic(h, VA + 128, 8, true, &p));
  ck_assert(!kept(h, true, VA));
  rv_place_written(h, &p, 8);
  ck_assert_uint_eq(t.f->n_code, 2);
  const rv_xmode hsv = { .access = RV_STORE, .prv = PRV_S, .v = true, .hlv = true };
  ck_assert(rv_store(h, VA + 128, 1, &hsv, 0));
  ck_assert_uint_eq(t.f->n_code, 3);
  /* From the page before into its first granule. */
  page->code_granules = 1;
  map(t.f, &t.vs, VA + PAGE, FIRST - GUEST_OFFSET, 0, RWX);
  map(t.f, &t.vs, VA, SECOND - GUEST_OFFSET, 0, RWX);
  rv_sfence_vma(h, false, 0, false, 0);
  ck_assert(rv_store(h, VA + PAGE - 1, 2, NULL, 0));
  ck_assert_uint_eq(t.f->n_code, 4);
  ck_assert(kept(h, true, VA) && !kept(h, true, VA + PAGE));
  tear_down(t.f);
}
END_TEST

START_TEST(stores_to_watched_pages)
{
  guest t = set_up_guest();
  rv_region_page(&t.f->phys.region[0], SECOND)->watched = true;
  for (unsigned i = 0; i < 3; i++) {
    ck_assert(rv_store(t.f->h, VA + PAGE + 8, 4, NULL, i));
    ck_assert_uint_eq(t.f->n_watched, i + 1);
    ck_assert_uint_eq(t.f->watch_pa[i], SECOND + 8);
    ck_assert_uint_eq(t.f->watch_size[i], 4);
  }
  ck_assert(!kept(t.f->h, true, VA + PAGE));
  ck_assert(rv_store(t.f->h, VA + PAGE - 3, 8, NULL, 0)); /* its part alone */
  ck_assert_uint_eq(t.f->watch_pa[3], SECOND);
  ck_assert_uint_eq(t.f->watch_size[3], 5);
  tear_down(t.f);
}
END_TEST

/* ---- without side effects ---- */

/* H-241: two bytes at the end of a page touch no other; four do. */
START_TEST(peek_insn)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  uint32_t raw;
  const uint16_t short_one = 0x4501, low = 0x0513, high = 0x1234;
  h->pc = VA + PAGE - 2;
  *vs_pte(&t, VA + PAGE) = 0;
  ck_assert(rv_phys_write(&t.f->phys, FIRST + PAGE - 2, &short_one, 2));
  ck_assert(rv_peek_insn(h, &raw));
  ck_assert_uint_eq(raw, short_one);
  ck_assert(rv_phys_write(&t.f->phys, FIRST + PAGE - 2, &low, 2));
  ck_assert(!rv_peek_insn(h, &raw));
  *vs_pte(&t, VA + PAGE) = pte_of(SECOND - GUEST_OFFSET, RWX);
  ck_assert(rv_phys_write(&t.f->phys, SECOND, &high, 2));
  ck_assert(rv_peek_insn(h, &raw));
  ck_assert_uint_eq(raw, 0x12340513);
  tear_down(t.f);
}
END_TEST

/* Where code is is kept until a fence, as the hart itself may keep it, and for its mode only. */
START_TEST(peek_after_fence)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  uint32_t raw;
  const uint32_t one = 0x00100513, two = 0x00200513, three = 0x00300513;
  h->pc = VA;
  ck_assert(rv_phys_write(&t.f->phys, FIRST, &one, 4));
  ck_assert(rv_phys_write(&t.f->phys, SECOND, &two, 4));
  ck_assert(rv_peek_insn(h, &raw) && raw == one);
  ck_assert(rv_phys_write(&t.f->phys, FIRST, &three, 4)); /* what is there counts, not what was */
  ck_assert(rv_peek_insn(h, &raw) && raw == three);
  *vs_pte(&t, VA) = pte_of(SECOND - GUEST_OFFSET, RWX);
  rv_hfence_vvma(h, true, VA, false, 0);
  ck_assert(rv_peek_insn(h, &raw) && raw == two);
  h->prv = PRV_U; /* not yet settled, as in rv_redirect_trap: not user's page */
  ck_assert(!rv_peek_insn(h, &raw));
  h->prv = PRV_S;
  *vs_pte(&t, VA) = 0;
  rv_hfence_vvma(h, false, 0, false, 0);
  ck_assert(!rv_peek_insn(h, &raw));
  tear_down(t.f);
}
END_TEST

START_TEST(read_virt)
{
  guest t = set_up_guest();
  rv_hart *h = t.f->h;
  uint8_t buf[16];
  set_csr(h, CSR_menvcfg, menvcfg_ADUE);
  set_csr(h, CSR_henvcfg, henvcfg_ADUE);
  *vs_pte(&t, VA) &= ~(uint64_t)(A | D);
  memset(word(t.f, FIRST + PAGE - 8), 0x11, 8);
  memset(word(t.f, SECOND), 0x22, 8);
  ck_assert(rv_read_virt(h, VA + PAGE - 8, PRV_S, true, buf, 16));
  ck_assert(buf[7] == 0x11 && buf[8] == 0x22);
  ck_assert(!(*vs_pte(&t, VA) & A));
  ck_assert(!rv_read_virt(h, VA + PAGE - 8, PRV_U, true, buf, 16));
  ck_assert(!rv_read_virt(h, VA + 4 * PAGE, PRV_S, true, buf, 1)); /* a device is not disturbed */
  ck_assert_uint_eq(t.f->n_reads, 0);
  tear_down(t.f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, over_two_pages);
  tcase_add_test(tc, second_page_refused);
  tcase_add_test(tc, first_part_of_a_store_as_spike);
  tcase_add_test(tc, devices);
  tcase_add_test(tc, hlvx_of_a_device);
  tcase_add_test(tc, half_a_device);
  tcase_add_test(tc, rom);
  tcase_add_test(tc, atomics);
  tcase_add_test(tc, load_reserved);
  tcase_add_test(tc, store_conditional_faults);
  tcase_add_test(tc, reservation_ends_with_the_slice);
  tcase_add_test(tc, rights_kept);
  tcase_add_test(tc, stores_to_code);
  tcase_add_test(tc, stores_to_watched_pages);
  tcase_add_test(tc, peek_insn);
  tcase_add_test(tc, peek_after_fence);
  tcase_add_test(tc, read_virt);
}
UNIT_MAIN("access", add_tests)
