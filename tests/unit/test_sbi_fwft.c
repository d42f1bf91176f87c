/* test_sbi_fwft.c - Firmware Features: each feature's values, locks, and who is refused how.
 * [sbi ext-firmware-features]
 */
#include "sbi_fixture.h"

#define EXPECT(actual, expected) ck_assert_int_eq((int64_t)(actual), (int64_t)(expected))

enum { SET = 0, GET = 1, LOCK = 1 };
enum { MISALIGNED = 0, LANDING_PAD, SHADOW_STACK, DOUBLE_TRAP, ADUE, PMLEN };

static uint64_t get(rv_hart *h, uint64_t feature)
{
  EXPECT(ecall(h, EID_FWFT, GET, ARGS(feature)), OK);
  return h->x[11];
}

/* Values reach the CSR that they are about; the reset values are those of the firmware. */
START_TEST(values)
{
  static const struct {
    uint64_t feature, value;
    unsigned csr;
    uint64_t mask, bits;
  } row[] = {
    { MISALIGNED, 1, CSR_medeleg, 0x50, 0x50 },
    { MISALIGNED, 0, CSR_medeleg, 0x50, 0 },
    { ADUE, 1, CSR_menvcfg, menvcfg_ADUE, menvcfg_ADUE },
    { ADUE, 0, CSR_menvcfg, menvcfg_ADUE, 0 },
    { PMLEN, 7, CSR_menvcfg, menvcfg_PMM, 2ull << 32 },
    { PMLEN, 16, CSR_menvcfg, menvcfg_PMM, 3ull << 32 },
    { PMLEN, 0, CSR_menvcfg, menvcfg_PMM, 0 },
  };
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(get(h, MISALIGNED), 0);
  EXPECT(get(h, ADUE), 0);
  EXPECT(get(h, PMLEN), 0);
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
    const uint64_t before = peek(h, row[i].csr);
    EXPECT(ecall(h, EID_FWFT, SET, ARGS(row[i].feature, row[i].value, 0)), OK);
    EXPECT(peek(h, row[i].csr), (before & ~row[i].mask) | row[i].bits);
    EXPECT(get(h, row[i].feature), row[i].value);
  }
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(0xabcd00000000, 1, 0)), OK); /* feature is uint32_t */
  EXPECT(get(h, MISALIGNED), 1);
  tear_down(f);
}
END_TEST

/* A misaligned access goes to HS at once when that is asked for, and by M-mode otherwise. */
START_TEST(misaligned_is_delegated)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const rv_trap t = { .cause = CAUSE_LOAD_MISALIGNED, .tval = 1, .why = WHY_NONE };
  rv_csr_poke(h, CSR_stvec, KERNEL + 0x100);
  rv_take_trap(h, &t);
  EXPECT(peek(h, CSR_mcause), CAUSE_LOAD_MISALIGNED);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(MISALIGNED, 1, 0)), OK);
  rv_take_trap(h, &t);
  EXPECT(peek(h, CSR_mcause), CAUSE_ECALL_HS);
  EXPECT(peek(h, CSR_scause), CAUSE_LOAD_MISALIGNED);
  tear_down(f);
}
END_TEST

/* Wrong values and flags; what the hart lacks; what nobody has defined, global features too. A
 * failed set changes nothing. */
START_TEST(refusals)
{
  static const uint64_t reserved[] = {
    6, 0x3fffffff, 0x40000000, 0x80000000, 0xc0000000, 0xffffffff
  };
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const uint64_t menvcfg = peek(h, CSR_menvcfg);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(MISALIGNED, 2, 0)), INVALID_PARAM);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 2, LOCK)), INVALID_PARAM);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(PMLEN, 8, 0)), INVALID_PARAM);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 1, 2)), INVALID_PARAM);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 1, 1ull << 63)), INVALID_PARAM);
  for (uint64_t x = LANDING_PAD; x <= DOUBLE_TRAP; x++) {
    EXPECT(ecall(h, EID_FWFT, SET, ARGS(x, 0, 0)), NOT_SUPPORTED);
    EXPECT(ecall(h, EID_FWFT, GET, ARGS(x)), NOT_SUPPORTED);
    EXPECT(h->x[11], 0);
  }
  for (unsigned i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    EXPECT(ecall(h, EID_FWFT, SET, ARGS(reserved[i], 0, 0)), DENIED);
    EXPECT(ecall(h, EID_FWFT, GET, ARGS(reserved[i])), DENIED);
  }
  h->choice.ext &= ~(1ull << EXT_Svadu | 1ull << EXT_Smnpm);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 1, 0)), NOT_SUPPORTED);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(PMLEN, 7, 0)), NOT_SUPPORTED);
  EXPECT(peek(h, CSR_menvcfg), menvcfg);
  tear_down(f);
}
END_TEST

/* A lock holds for its feature and its hart, until that hart starts again. A set that failed did
 * not lock. */
START_TEST(locks)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  start_all(f);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 2, LOCK)), INVALID_PARAM);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 1, LOCK)), OK);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 0, 0)), DENIED_LOCKED);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 0, LOCK)), DENIED_LOCKED);
  EXPECT(get(h, ADUE), 1);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(MISALIGNED, 1, 0)), OK);
  EXPECT(ecall(f->harts[1], EID_FWFT, SET, ARGS(ADUE, 1, LOCK)), OK);
  ecall(f->harts[1], EID_HSM, 1, ARGS(0));
  EXPECT(ecall(h, EID_HSM, 0, ARGS(1, KERNEL, 0)), OK);
  EXPECT(get(f->harts[1], ADUE), 0); /* and its reset value is back */
  EXPECT(ecall(f->harts[1], EID_FWFT, SET, ARGS(ADUE, 1, 0)), OK);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(ADUE, 0, 0)), DENIED_LOCKED);
  tear_down(f);
}
END_TEST

/* Values and locks outlive a non-retentive suspension. */
START_TEST(suspension_keeps)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(PMLEN, 16, LOCK)), OK);
  rv_csr_poke(h, CSR_sie, sie_SSIE);
  rv_csr_poke(h, CSR_sip, sip_SSIP);
  ecall(h, EID_HSM, 3, ARGS(0x80000000, KERNEL, 0));
  ck_assert(!h->wfi);
  EXPECT(get(h, PMLEN), 16);
  EXPECT(ecall(h, EID_FWFT, SET, ARGS(PMLEN, 0, 0)), DENIED_LOCKED);
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, values);
  tcase_add_test(tc, misaligned_is_delegated);
  tcase_add_test(tc, refusals);
  tcase_add_test(tc, locks);
  tcase_add_test(tc, suspension_keeps);
}
UNIT_MAIN("sbi_fwft", add_tests)
