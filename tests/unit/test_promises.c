/* test_promises.c - the extensions of cpu/ext.def that add nothing and promise something:
 * Shcounterenw, Shgatpa, Shtvala, Shvsatpa, Shvstvala, Shvstvecd, and Ss* and Sv* of the same kind.
 * One test each.
 *
 * Two stages of Sv39, identical where RAM is; what each gigabyte is for says enum region.
 */
#include "core_fixture.h"

#define BIT(n) (1ull << (n))

enum { S_ROOT = 0x20000, G_ROOT = 0x24000 }; /* in RAM */
static const uint64_t GiB = 1 << 30;
enum region {
  UNMAPPED,  /* no leaf at the first stage */
  NO_G,      /* a leaf whose guest physical addresses the G-stage does not map */
  MEMORY,    /* RAM: code and data */
  NO_TABLE,  /* a table whose guest physical address the G-stage does not map */
  NO_MEMORY, /* mapped to where nothing answers */
};
static const uint64_t S_LEAF = 0xcf, G_LEAF = 0xdf; /* D A X W R V, with U */

static void put_entry(core *c, unsigned root, unsigned i, uint64_t pa, uint64_t bits)
{
  put_memory(c, CORE_RAM + root + 8 * i, pa >> 2 | bits, 8);
}

static core *core_translated(void)
{
  core *c = core_new();
  rv_hart *h = c->h;
  open_gates(c);
  put_entry(c, S_ROOT, NO_G, GiB, S_LEAF);
  put_entry(c, S_ROOT, MEMORY, CORE_RAM, S_LEAF);
  put_entry(c, S_ROOT, NO_TABLE, GiB + 0x5000, 1);
  put_entry(c, S_ROOT, NO_MEMORY, 0, S_LEAF);
  put_entry(c, G_ROOT, 0, 0, G_LEAF);
  put_entry(c, G_ROOT, MEMORY, CORE_RAM, G_LEAF);
  const uint64_t sv39 = 8ull << 60, page = CORE_RAM >> 12;
  core_poke(h, CSR_satp, sv39 | (page + (S_ROOT >> 12)));
  core_poke(h, CSR_vsatp, sv39 | (page + (S_ROOT >> 12)));
  core_poke(h, CSR_hgatp, sv39 | (page + (G_ROOT >> 12)));
  core_poke(h, CSR_medeleg, ~0ull);
  core_poke(h, CSR_hedeleg, ~0ull);
  return c;
}

static uint64_t address(enum region region, uint64_t offset) { return region * GiB + offset; }

/* "fetch" jumps to a1; others access what a1 points to. The cause. */
static int attempt(core *c, core_mode mode, const char *text, uint64_t a1)
{
  c->h->x[11] = a1;
  if (strcmp(text, "fetch"))
    return execute(c, mode, text);
  ck_assert_int_eq(execute(c, mode, "jalr x0,0(a1)"), NO_TRAP);
  c->h->observe |= BIT(RV_EV_TRAP);
  c->n_events = 0;
  rv_step(c->h);
  ck_assert_uint_eq(c->n_events, 1);
  return last_trap(c)->u.trap.cause;
}

/* ---- counters: Sscounterenw, Shcounterenw [H-110] ---- */

static void check_enables(unsigned csr)
{
  core *c = core_new();
  for (unsigned n = 0; n < RV_COUNTERS; n++) {
    csr_write(c, MODE_HS, csr, BIT(n));
    ck_assert_uint_eq(csr_read(c, MODE_HS, csr), BIT(n));
    csr_write(c, MODE_HS, csr, ~BIT(n) & 0xffffffff);
    ck_assert_uint_eq(csr_read(c, MODE_HS, csr) & BIT(n), 0);
  }
  core_free(c);
}
/* H-110 */
START_TEST(shcounterenw) { check_enables(CSR_hcounteren); }
END_TEST
START_TEST(sscounterenw) { check_enables(CSR_scounteren); }
END_TEST

/* ---- modes of translation: Svbare, Shvsatpa [H-208], Shgatpa [H-200] ---- */

/* A set of the modes that a csr can hold. */
static uint64_t modes(core *c, unsigned csr)
{
  uint64_t held = 0;
  for (uint64_t mode = 0; mode < 16; mode++) {
    csr_write(c, MODE_M, csr, 0);
    csr_write(c, MODE_M, csr, mode << 60);
    held |= BIT(csr_read(c, MODE_M, csr) >> 60);
  }
  return held;
}

/* H-200, H-208: SvNN in satp means SvNN in vsatp and SvNNx4 in hgatp, which have equal numbers. */
START_TEST(shvsatpa_and_shgatpa)
{
  core *c = core_new();
  const uint64_t of_satp = modes(c, CSR_satp);
  ck_assert_uint_eq(of_satp, BIT(0) | BIT(8) | BIT(9) | BIT(10));
  ck_assert_uint_eq(modes(c, CSR_vsatp) & of_satp, of_satp);
  ck_assert_uint_eq(modes(c, CSR_hgatp) & of_satp, of_satp);
  core_free(c);
}
END_TEST

/* norm:svbare_satp_mode_bare: from any other mode, back to Bare. */
START_TEST(svbare)
{
  core *c = core_new();
  for (uint64_t mode = 8; mode <= 10; mode++) {
    csr_write(c, MODE_M, CSR_satp, mode << 60 | 0x80000);
    csr_write(c, MODE_M, CSR_satp, 0);
    ck_assert_uint_eq(csr_read(c, MODE_M, CSR_satp), 0);
    ck_assert_int_eq(execute(c, MODE_HS, "addi a0,a0,1"), NO_TRAP);
  }
  core_free(c);
}
END_TEST

/* ---- vectors: Sstvecd, Shvstvecd [H-184] ---- */

static void check_direct(unsigned csr)
{
  core *c = core_new();
  for (unsigned bit = 2; bit < 64; bit++) {
    csr_write(c, MODE_HS, csr, BIT(bit));
    ck_assert_uint_eq(csr_read(c, MODE_HS, csr), BIT(bit));
    csr_write(c, MODE_HS, csr, ~3ull & ~BIT(bit));
    ck_assert_uint_eq(csr_read(c, MODE_HS, csr), ~3ull & ~BIT(bit));
  }
  core_free(c);
}
START_TEST(sstvecd) { check_direct(CSR_stvec); }
END_TEST
/* H-184 */
START_TEST(shvstvecd) { check_direct(CSR_vstvec); }
END_TEST

/* ---- trap values: Sstvala, Shvstvala [H-186], Shtvala [H-130] ---- */

static const struct fault {
  const char *text;
  enum region region;
  uint64_t offset;
  unsigned cause;
} faults[] = {
  { "ld a0,0(a1)", UNMAPPED, 0x1230, CAUSE_LOAD_PAGE },
  { "lbu a0,0(a1)", UNMAPPED, 0x1237, CAUSE_LOAD_PAGE },
  { "lr.d a0,(a1)", UNMAPPED, 0x1230, CAUSE_LOAD_PAGE },
  { "fld fa0,0(a1)", UNMAPPED, 0x1230, CAUSE_LOAD_PAGE },
  { "c.lw a2,0(a1)", UNMAPPED, 0x1230, CAUSE_LOAD_PAGE },
  { "sd a0,0(a1)", UNMAPPED, 0x1230, CAUSE_STORE_PAGE },
  { "amoadd.d a0,a0,(a1)", UNMAPPED, 0x1230, CAUSE_STORE_PAGE },
  { "fetch", UNMAPPED, 0x1232, CAUSE_FETCH_PAGE },
  { "ld a0,0(a1)", NO_MEMORY, 0x10000008, CAUSE_LOAD_ACCESS },
  { "sw a0,0(a1)", NO_MEMORY, 0x10000004, CAUSE_STORE_ACCESS },
  { "amoadd.d a0,a0,(a1)", NO_MEMORY, 0x10000008, CAUSE_STORE_ACCESS },
  { "fetch", NO_MEMORY, 0x10000006, CAUSE_FETCH_ACCESS },
  { "lr.w a0,(a1)", MEMORY, 0x10001, CAUSE_LOAD_MISALIGNED },
  { "amoadd.w a0,a0,(a1)", MEMORY, 0x10002, CAUSE_STORE_MISALIGNED },
};

/* The address of every fault, the bits of every illegal instruction. */
static void check_trap_values(core_mode mode, unsigned tval)
{
  core *c = core_translated();
  for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) {
    const struct fault *f = &faults[i];
    const uint64_t va = address(f->region, f->offset);
    core_poke(c->h, tval, ~0ull);
    ck_assert_int_eq(attempt(c, mode, f->text, va), f->cause);
    ck_assert_int_eq(get_mode(c->h), mode);
    ck_assert_msg(core_peek(c->h, tval) == va, "%s: %#lx, not %#lx", f->text, core_peek(c->h, tval),
                  va);
  }
  static const uint32_t illegal[] = { 0x7c002573 /* no such CSR */, 0xffffffff,
                                      0x30200073 /* mret */, 0x8000 /* reserved, 16 bits */ };
  for (unsigned i = 0; i < sizeof illegal / sizeof *illegal; i++) {
    core_poke(c->h, tval, ~0ull);
    ck_assert_int_eq(execute_bits(c, mode, illegal[i]), CAUSE_ILLEGAL);
    ck_assert_uint_eq(core_peek(c->h, tval), illegal[i]);
  }
  core_free(c);
}
START_TEST(sstvala)
{
  check_trap_values(MODE_HS, CSR_stval);
  core *c = core_translated();
  ck_assert_int_eq(execute_bits(c, MODE_VS, csr_bits(CSR_hstatus, 2, 0, 10)), CAUSE_VIRTUAL);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), csr_bits(CSR_hstatus, 2, 0, 10));
  core_free(c);
}
END_TEST
/* H-186 */
START_TEST(shvstvala) { check_trap_values(MODE_VS, CSR_vstval); }
END_TEST

/* H-130: htval is the guest physical address >> 2 of every guest-page fault, explicit or of a page
 * table, by the guest's own instructions and by hlv and hsv. */
START_TEST(shtvala)
{
  static const struct {
    core_mode mode;
    const char *text;
    enum region region;
    uint64_t offset, gpa;
    unsigned cause;
  } cases[] = {
    { MODE_VS, "ld a0,0(a1)", NO_G, 0x1238, GiB + 0x1238, CAUSE_LOAD_GUEST_PAGE },
    { MODE_VS, "sd a0,0(a1)", NO_G, 0x1238, GiB + 0x1238, CAUSE_STORE_GUEST_PAGE },
    { MODE_VS, "amoadd.d a0,a0,(a1)", NO_G, 0x1238, GiB + 0x1238, CAUSE_STORE_GUEST_PAGE },
    { MODE_VS, "lr.w a0,(a1)", NO_G, 0x1234, GiB + 0x1234, CAUSE_LOAD_GUEST_PAGE },
    { MODE_VS, "fld fa0,0(a1)", NO_G, 0x1238, GiB + 0x1238, CAUSE_LOAD_GUEST_PAGE },
    { MODE_VS, "fetch", NO_G, 0x1238, GiB + 0x1238, CAUSE_FETCH_GUEST_PAGE },
    { MODE_VS, "ld a0,0(a1)", NO_TABLE, 0x201000, GiB + 0x5008, CAUSE_LOAD_GUEST_PAGE },
    { MODE_VS, "sd a0,0(a1)", NO_TABLE, 0x201000, GiB + 0x5008, CAUSE_STORE_GUEST_PAGE },
    { MODE_VS, "fetch", NO_TABLE, 0x201000, GiB + 0x5008, CAUSE_FETCH_GUEST_PAGE },
    { MODE_HS, "hlv.d a0,(a1)", NO_G, 0x1238, GiB + 0x1238, CAUSE_LOAD_GUEST_PAGE },
    { MODE_HS, "hsv.d a0,(a1)", NO_G, 0x1238, GiB + 0x1238, CAUSE_STORE_GUEST_PAGE },
    { MODE_HS, "hlvx.hu a0,(a1)", NO_TABLE, 0x201000, GiB + 0x5008, CAUSE_LOAD_GUEST_PAGE },
  };
  core *c = core_translated();
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    core_poke(c->h, CSR_htval, 0);
    core_poke(c->h, CSR_hstatus, hstatus_SPVP);
    ck_assert_int_eq(
        attempt(c, cases[i].mode, cases[i].text, address(cases[i].region, cases[i].offset)),
        cases[i].cause);
    ck_assert_int_eq(get_mode(c->h), MODE_HS);
    ck_assert_msg(core_peek(c->h, CSR_htval) == cases[i].gpa >> 2, "%s: htval %#lx", cases[i].text,
                  core_peek(c->h, CSR_htval));
  }
  core_free(c);
}
END_TEST

/* ---- Ssu64xl, Ssccptr ---- */

START_TEST(ssu64xl)
{
  core *c = core_new();
  ck_assert_uint_eq(rv_get(csr_read(c, MODE_HS, CSR_sstatus), sstatus_UXL), 2);
  csr_write(c, MODE_HS, CSR_sstatus, 0);
  ck_assert_uint_eq(rv_get(csr_read(c, MODE_HS, CSR_sstatus), sstatus_UXL), 2);
  core_free(c);
}
END_TEST

/* norm:ssccptr_memory_pte_reads: a root table in any page of RAM translates, the last one too. */
START_TEST(ssccptr)
{
  core *c = core_new();
  for (uint64_t at = 0x4000; at < CORE_RAM_SIZE; at += 4096) {
    put_entry(c, at, MEMORY, CORE_RAM, S_LEAF);
    core_poke(c->h, CSR_satp, 8ull << 60 | (CORE_RAM + at) >> 12);
    rv_tlb_drop_all(c->h);
    ck_assert_int_eq(execute(c, MODE_HS, "ld a0,0(a1)") == NO_TRAP, false); /* a1 = 0: no leaf */
    c->h->x[11] = CORE_RAM;
    ck_assert_int_eq(execute(c, MODE_HS, "ld a0,0(a1)"), NO_TRAP);
    c->h->x[11] = 0;
  }
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, shcounterenw);
  tcase_add_test(tc, sscounterenw);
  tcase_add_test(tc, shvsatpa_and_shgatpa);
  tcase_add_test(tc, svbare);
  tcase_add_test(tc, sstvecd);
  tcase_add_test(tc, shvstvecd);
  tcase_add_test(tc, sstvala);
  tcase_add_test(tc, shvstvala);
  tcase_add_test(tc, shtvala);
  tcase_add_test(tc, ssu64xl);
  tcase_add_test(tc, ssccptr);
}
UNIT_MAIN("promises", add_tests)
