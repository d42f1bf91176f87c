/* test_rules_csr.c - rules of docs/rules.md on CSRs that no other suite states by themselves:
 * fields of hstatus, read-only registers, numbers and encodings.
 */
#include "core_fixture.h"
#include <stdio.h>

#define BIT(n) (1ull << (n))

/* H-001: a write cannot take H away; its CSRs and instructions stay. */
START_TEST(misa_keeps_h)
{
  core *c = core_new();
  csr_write(c, MODE_M, 0x301, 0);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x301) >> ('H' - 'A') & 1, 1);
  csr_write(c, MODE_M, 0x600, BIT(7));
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x600) >> 7 & 1, 1);
  ck_assert_int_eq(execute(c, MODE_M, "hfence.gvma zero,zero"), NO_TRAP);
  core_free(c);
}
END_TEST

/* H-002: satp holds Sv39, and every mode it holds is in hgatp as well. */
START_TEST(satp_has_sv39)
{
  core *c = core_new();
  csr_write(c, MODE_M, 0x180, 8ull << 60);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x180) >> 60, 8);
  for (uint64_t mode = 0; mode < 16; mode++) {
    csr_write(c, MODE_M, 0x180, 0);
    csr_write(c, MODE_M, 0x680, 0);
    csr_write(c, MODE_M, 0x180, mode << 60);
    csr_write(c, MODE_M, 0x680, mode << 60);
    ck_assert_uint_eq(csr_read(c, MODE_M, 0x680), csr_read(c, MODE_M, 0x180));
  }
  core_free(c);
}
END_TEST

/* H-018, by name and by number. */
START_TEST(numbers)
{
  static const struct {
    uint16_t number;
    const char *name;
  } csrs[] = {
    { 0x600, "hstatus" },    { 0x602, "hedeleg" },    { 0x603, "hideleg" },   { 0x604, "hie" },
    { 0x605, "htimedelta" }, { 0x606, "hcounteren" }, { 0x607, "hgeie" },     { 0x60a, "henvcfg" },
    { 0x643, "htval" },      { 0x644, "hip" },        { 0x645, "hvip" },      { 0x64a, "htinst" },
    { 0x680, "hgatp" },      { 0xe12, "hgeip" },      { 0x200, "vsstatus" },  { 0x204, "vsie" },
    { 0x205, "vstvec" },     { 0x240, "vsscratch" },  { 0x241, "vsepc" },     { 0x242, "vscause" },
    { 0x243, "vstval" },     { 0x244, "vsip" },       { 0x24d, "vstimecmp" }, { 0x280, "vsatp" },
    { 0x34a, "mtinst" },     { 0x34b, "mtval2" },
  };
  char text[64];
  unsigned len;
  for (unsigned i = 0; i < sizeof csrs / sizeof *csrs; i++) {
    ck_assert_str_eq(rv_csr_name(csrs[i].number), csrs[i].name);
    snprintf(text, sizeof text, "csrrs a1,%s,zero", csrs[i].name);
    ck_assert_uint_eq(assemble(text, &len), csr_bits(csrs[i].number, 2, 0, 11));
  }
}
END_TEST

/* ---- hstatus ---- */

static void check_hstatus(core *c, uint64_t value, uint64_t want)
{
  csr_write(c, MODE_HS, 0x600, value);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x600), want | 2ull << 32);
}

/* H-020, H-024: each writable field is where the manual has it, and does what it is there for. */
START_TEST(hstatus_fields)
{
  static const uint8_t bits[] = { 6, 7, 8, 9, 20, 21, 22 };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof bits; i++) {
    check_hstatus(c, BIT(bits[i]), BIT(bits[i]));
    check_hstatus(c, 0, 0);
  }
  csr_write(c, MODE_HS, 0x600, BIT(20));
  ck_assert_int_eq(execute(c, MODE_VS, "sfence.vma zero,zero"), CAUSE_VIRTUAL);
  csr_write(c, MODE_HS, 0x600, BIT(21));
  ck_assert_int_eq(execute(c, MODE_VS, "wfi"), CAUSE_VIRTUAL);
  csr_write(c, MODE_HS, 0x600, BIT(22));
  ck_assert_int_eq(execute(c, MODE_VS, "sret"), CAUSE_VIRTUAL);
  csr_write(c, MODE_HS, 0x600, BIT(9));
  c->h->x[11] = DATA;
  ck_assert_int_eq(execute(c, MODE_U, "hlv.w a0,(a1)"), NO_TRAP);
  core_free(c);
}
END_TEST

/* H-021, H-022, H-023: VSXL 2, VSBE 0, VGEIN 0, whatever is written. */
START_TEST(hstatus_read_only_fields)
{
  core *c = core_new();
  for (uint64_t vsxl = 0; vsxl < 4; vsxl++)
    check_hstatus(c, vsxl << 32, 0);
  for (uint64_t sxl = 0; sxl < 4; sxl++) {
    csr_write(c, MODE_M, 0x300, sxl << 34);
    ck_assert_uint_eq(csr_read(c, MODE_M, 0x300) >> 34 & 3, 2);
  }
  check_hstatus(c, BIT(5), 0);
  for (uint64_t vgein = 1; vgein < 64; vgein++)
    check_hstatus(c, vgein << 12, 0);
  core_free(c);
}
END_TEST

/* H-025: every bit that belongs to no field, alone and together. */
START_TEST(hstatus_wpri)
{
  core *c = core_new();
  const uint64_t fields = 0x7ull << 20 | 0x3full << 12 | 0x1full << 5 | 3ull << 32 | 3ull << 48;
  for (unsigned bit = 0; bit < 64; bit++)
    if (!(fields & BIT(bit)))
      check_hstatus(c, BIT(bit), 0);
  check_hstatus(c, ~fields, 0);
  core_free(c);
}
END_TEST

/* H-031: HUPMM holds nothing without Ssnpm. */
START_TEST(hupmm_needs_ssnpm)
{
  core *c = core_new();
  c->h->choice.ext &= ~BIT(EXT_Ssnpm);
  rv_csr_reset(c->h);
  core_poke(c->h, CSR_pmpaddr0, ~0ull);
  core_poke(c->h, CSR_pmpcfg0, 0x1f);
  for (uint64_t hupmm = 0; hupmm < 4; hupmm++)
    check_hstatus(c, hupmm << 48, 0);
  core_free(c);
}
END_TEST

/* ---- interrupt registers ---- */

/* H-046, H-088: hideleg has neither bit 13 nor bit 12, so those interrupts never go to VS. */
START_TEST(hideleg_without_sgei_and_lcofi)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x603, BIT(12) | BIT(13));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x603), 0);
  csr_write(c, MODE_HS, 0x603, ~0ull);
  set_mode(c->h, MODE_VU);
  rv_take_trap(c->h, &(rv_trap){ .cause = IRQ_SGEI, .interrupt = true });
  ck_assert_int_eq(get_mode(c->h), MODE_HS);
  ck_assert_uint_eq(core_peek(c->h, CSR_scause), BIT(63) | 12);
  core_free(c);
}
END_TEST

/* H-061: written through either name, seen through both. */
START_TEST(vssip_has_two_names)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x644, BIT(2));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x645), BIT(2));
  csr_write(c, MODE_HS, 0x645, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), 0);
  csr_write(c, MODE_HS, 0x645, BIT(2));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), BIT(2));
  csr_write(c, MODE_HS, 0x644, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x645), 0);
  core_free(c);
}
END_TEST

/* H-062: VSEIP is hvip's bit, the interrupt lines of the hart being of other levels. */
START_TEST(vseip_is_hvips)
{
  core *c = core_new();
  rv_set_line(c->h, IRQ_SEI, true);
  rv_set_line(c->h, IRQ_MEI, true);
  csr_write(c, MODE_HS, 0x644, BIT(10));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), 0);
  csr_write(c, MODE_HS, 0x645, BIT(10));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), BIT(10));
  csr_write(c, MODE_HS, 0x644, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), BIT(10));
  core_free(c);
}
END_TEST

/* H-064, H-086, H-415: no bit of hgeie can be set, bit 0 neither, so SGEIP never pends. */
START_TEST(no_guest_external_interrupt)
{
  core *c = core_new();
  for (unsigned bit = 0; bit < 64; bit++) {
    csr_write(c, MODE_HS, 0x607, BIT(bit));
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x607) | csr_read(c, MODE_HS, 0xe12), 0);
  }
  csr_write(c, MODE_HS, 0x604, BIT(12));
  csr_write(c, MODE_HS, 0x644, BIT(12));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), 0);
  set_mode(c->h, MODE_VU);
  ck_assert(!rv_take_interrupt(c->h));
  core_free(c);
}
END_TEST

/* H-085 */
START_TEST(hgeip_is_read_only)
{
  core *c = core_new();
  for (unsigned mode = 0; mode < N_MODES; mode++)
    for (unsigned op = 1; op <= 3; op++)
      ck_assert_int_eq(execute_bits(c, mode, csr_bits(0xe12, op, 10, 0)), CAUSE_ILLEGAL);
  ck_assert_int_eq(execute_bits(c, MODE_HS, csr_bits(0xe12, 2, 0, 11)), NO_TRAP);
  core_free(c);
}
END_TEST

/* ---- henvcfg ---- */

/* H-091, H-092, H-093: what was stored comes back with menvcfg's bit, if nobody wrote in between.
 */
START_TEST(henvcfg_comes_back)
{
  core *c = core_new();
  csr_write(c, MODE_M, 0x30a, 7ull << 61);
  csr_write(c, MODE_HS, 0x60a, 7ull << 61);
  csr_write(c, MODE_M, 0x30a, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x60a), 0);
  csr_write(c, MODE_M, 0x30a, 7ull << 61);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x60a), 7ull << 61);
  csr_write(c, MODE_M, 0x30a, 0);
  csr_write(c, MODE_HS, 0x60a, 7ull << 61); /* while read-only 0 */
  csr_write(c, MODE_M, 0x30a, 7ull << 61);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x60a), 0);
  core_free(c);
}
END_TEST

/* ---- encodings ---- */

static const struct {
  const char *text;
  uint32_t bits;
} encodings[] = {
  /* H-260: a0 is x10, a1 is x11 */
  { "hlv.b a0,(a1)", 0x6005c573 },
  { "hlv.bu a0,(a1)", 0x6015c573 },
  { "hlv.h a0,(a1)", 0x6405c573 },
  { "hlv.hu a0,(a1)", 0x6415c573 },
  { "hlvx.hu a0,(a1)", 0x6435c573 },
  { "hlv.w a0,(a1)", 0x6805c573 },
  { "hlv.wu a0,(a1)", 0x6815c573 },
  { "hlvx.wu a0,(a1)", 0x6835c573 },
  { "hlv.d a0,(a1)", 0x6c05c573 },
  { "hsv.b a0,(a1)", 0x62a5c073 },
  { "hsv.h a0,(a1)", 0x66a5c073 },
  { "hsv.w a0,(a1)", 0x6aa5c073 },
  { "hsv.d a0,(a1)", 0x6ea5c073 },
  /* H-279 */
  { "hfence.vvma a0,a1", 0x22b50073 },
  { "hfence.gvma a0,a1", 0x62b50073 },
  { "hinval.vvma a0,a1", 0x26b50073 },
  { "hinval.gvma a0,a1", 0x66b50073 },
  { "sinval.vma a0,a1", 0x16b50073 },
  { "sfence.vma a0,a1", 0x12b50073 },
  { "sfence.w.inval", 0x18000073 },
  { "sfence.inval.ir", 0x18100073 },
};

/* Assembled, and decoded again. */
START_TEST(encodings_of_the_manual)
{
  for (unsigned i = 0; i < sizeof encodings / sizeof *encodings; i++) {
    unsigned len;
    rv_insn d, same;
    ck_assert_msg(assemble(encodings[i].text, &len) == encodings[i].bits, "%s", encodings[i].text);
    ck_assert(rv_decode(encodings[i].bits, &d));
    ck_assert(rv_decode(assemble(encodings[i].text, &len), &same));
    ck_assert_uint_eq(d.op, same.op);
  }
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, misa_keeps_h);
  tcase_add_test(tc, satp_has_sv39);
  tcase_add_test(tc, numbers);
  tcase_add_test(tc, hstatus_fields);
  tcase_add_test(tc, hstatus_read_only_fields);
  tcase_add_test(tc, hstatus_wpri);
  tcase_add_test(tc, hupmm_needs_ssnpm);
  tcase_add_test(tc, hideleg_without_sgei_and_lcofi);
  tcase_add_test(tc, vssip_has_two_names);
  tcase_add_test(tc, vseip_is_hvips);
  tcase_add_test(tc, no_guest_external_interrupt);
  tcase_add_test(tc, hgeip_is_read_only);
  tcase_add_test(tc, henvcfg_comes_back);
  tcase_add_test(tc, encodings_of_the_manual);
}
UNIT_MAIN("rules-csr", add_tests)
