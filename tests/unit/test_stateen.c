/* test_stateen.c - Smstateen: who may access state that a less privileged level could use unseen.
 *
 * The oracle is made from the manual's text. [priv smstateen; H-013, H-165, H-302 .. H-306, H-460]
 */
#include "core_fixture.h"

#define BIT(n) (1ull << (n))
enum { SENVCFG = 0x10A, SSTATEEN = 0x10C, MSTATEEN = 0x30C, HENVCFG = 0x60A, HSTATEEN = 0x60C };

static core *core_with_stateen(void)
{
  core *c = core_new();
  c->h->choice.ext |= BIT(EXT_Smstateen);
  rv_csr_reset(c->h);
  core_poke(c->h, CSR_pmpaddr0, ~0ull);
  core_poke(c->h, CSR_pmpcfg0, 0x1f);
  core_poke(c->h, CSR_mtvec, M_VECTOR);
  return c;
}

/* Without the extension the twelve CSRs do not exist, in any mode [H-302]; senvcfg and henvcfg are
 * not gated. There are no high halves with XLEN=64 [norm:stateen_rv32_upper_bits_csrs]. */
START_TEST(absent)
{
  core *c = core_new(), *with = core_with_stateen();
  for (unsigned mode = 0; mode < N_MODES; mode++)
    for (unsigned n = 0; n < 4; n++) {
      ck_assert_int_eq(execute_bits(c, mode, csr_bits(SSTATEEN + n, 2, 0, 11)), CAUSE_ILLEGAL);
      ck_assert_int_eq(execute_bits(c, mode, csr_bits(MSTATEEN + n, 2, 0, 11)), CAUSE_ILLEGAL);
      ck_assert_int_eq(execute_bits(c, mode, csr_bits(HSTATEEN + n, 2, 0, 11)), CAUSE_ILLEGAL);
      ck_assert_int_eq(execute_bits(with, mode, csr_bits(0x31C + n, 2, 0, 11)), CAUSE_ILLEGAL);
      ck_assert_int_eq(execute_bits(with, mode, csr_bits(0x61C + n, 2, 0, 11)), CAUSE_ILLEGAL);
    }
  csr_write(c, MODE_HS, HENVCFG, 1);
  csr_write(c, MODE_VS, SENVCFG, 1);
  core_free(c);
  core_free(with);
}
END_TEST

/* Which bits there are. All start as 0 [norm:mstateen_zero_initialization], so that henvcfg is
 * refused until M-mode gives it [H-305]. FCSR is read-only 0 with misa.F, the others control what
 * is not there [H-304]; bit 63 is writable in all eight [H-460]; sstateen has nothing to control.
 */
START_TEST(bits)
{
  core *c = core_with_stateen();
  for (unsigned n = 0; n < 4; n++) {
    const uint64_t all = BIT(63) | (n ? 0 : BIT(62));
    ck_assert_uint_eq(csr_read(c, MODE_M, MSTATEEN + n), 0);
    ck_assert_uint_eq(csr_read(c, MODE_M, HSTATEEN + n), 0);
    csr_write(c, MODE_M, MSTATEEN + n, ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_M, MSTATEEN + n), all);
    csr_write(c, MODE_M, HSTATEEN + n, ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_M, HSTATEEN + n), all);
    csr_write(c, MODE_M, SSTATEEN + n, ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_M, SSTATEEN + n), 0);
  }
  core_free(c);
}
END_TEST

/* A bit that is 0 in mstateen is read-only 0 in hstateen: it reads 0, and a write does not set it
 * for later [H-303, H-306]. */
START_TEST(hstateen_under_mstateen)
{
  core *c = core_with_stateen();
  for (unsigned n = 0; n < 4; n++)
    for (unsigned m = 0; m < 4; m++)
      for (unsigned s = 0; s < 4; s++) {
        const uint64_t all = n ? BIT(63) : 3ull << 62, given = (uint64_t)m << 62 & all;
        csr_write(c, MODE_M, MSTATEEN + n, all);
        csr_write(c, MODE_M, HSTATEEN + n, 0);
        csr_write(c, MODE_M, MSTATEEN + n, given);
        csr_write(c, MODE_M, HSTATEEN + n, (uint64_t)s << 62);
        ck_assert_uint_eq(csr_read(c, MODE_M, HSTATEEN + n), (uint64_t)s << 62 & given);
        csr_write(c, MODE_M, MSTATEEN + n, all);
        ck_assert_uint_eq(csr_read(c, MODE_M, HSTATEEN + n), (uint64_t)s << 62 & given);
        csr_write(c, MODE_M, HSTATEEN + n, all);
        csr_write(c, MODE_M, MSTATEEN + n, given);
        ck_assert_uint_eq(csr_read(c, MODE_M, HSTATEEN + n), given);
      }
  core_free(c);
}
END_TEST

/* The cause, if the bit is m in mstateen and hs in hstateen. lowest: the mode that may access it
 * when nothing stands in the way. [H-165; norm:stateen_illegal_state_access] */
static int expected(core_mode mode, bool hypervisors, bool m, bool hs)
{
  if (mode == MODE_M)
    return NO_TRAP;
  if (!m || mode == MODE_U)
    return CAUSE_ILLEGAL; /* from V=1 too: HS-mode could not either */
  if (mode == MODE_HS)
    return NO_TRAP;
  return hypervisors || mode == MODE_VU || !hs ? CAUSE_VIRTUAL : NO_TRAP;
}

static void check_gate(core *c, unsigned csr, unsigned n, uint64_t bit)
{
  const bool hypervisors = csr >= 0x600;
  for (unsigned set = 0; set < 4; set++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      for (unsigned write = 0; write < 2; write++) {
        /* The other bits are the opposite, and no matter. */
        core_poke(c->h, MSTATEEN + n, set & 1 ? bit : ~bit);
        core_poke(c->h, HSTATEEN + n, set & 2 ? bit : ~bit);
        c->h->x[10] = 0;
        const int cause = execute_bits(c, mode, csr_bits(csr, 2, write ? 10 : 0, 11));
        const int want = expected(mode, hypervisors, set & 1, set & 2);
        ck_assert_msg(cause == want, "CSR %#x from %s, m=%u h=%u: %d, not %d", csr,
                      mode_names[mode], set & 1, set >> 1, cause, want);
        if (cause != NO_TRAP && want == CAUSE_ILLEGAL && mode != MODE_U)
          ck_assert_int_eq(last_trap(c)->u.trap.why, WHY_MSTATEEN);
        if (cause == CAUSE_VIRTUAL && mode == MODE_VS)
          ck_assert_int_eq(last_trap(c)->u.trap.why, hypervisors ? WHY_CSR_VIRTUAL : WHY_HSTATEEN);
      }
}

/* mstateen0.ENVCFG: henvcfg and senvcfg; hstateen0.ENVCFG: senvcfg [H-013, H-304]. Bit 63 of each
 * mstateen: its hstateen and sstateen, of each hstateen: its sstateen [H-302]. */
START_TEST(gates)
{
  core *c = core_with_stateen();
  check_gate(c, HENVCFG, 0, BIT(62));
  check_gate(c, SENVCFG, 0, BIT(62));
  for (unsigned n = 0; n < 4; n++) {
    check_gate(c, HSTATEEN + n, n, BIT(63));
    check_gate(c, SSTATEEN + n, n, BIT(63));
  }
  core_free(c);
}
END_TEST

/* A hidden bit does not count: hstateen0.ENVCFG=1 helps nobody while mstateen0.ENVCFG=0, and the
 * other numbers' bits are no matter. */
START_TEST(each_for_itself)
{
  core *c = core_with_stateen();
  for (unsigned n = 1; n < 4; n++)
    core_poke(c->h, MSTATEEN + n, ~0ull);
  ck_assert_int_eq(execute_bits(c, MODE_HS, csr_bits(HENVCFG, 2, 0, 11)), CAUSE_ILLEGAL);
  ck_assert_int_eq(execute_bits(c, MODE_HS, csr_bits(HSTATEEN, 2, 0, 11)), CAUSE_ILLEGAL);
  ck_assert_int_eq(execute_bits(c, MODE_HS, csr_bits(HSTATEEN + 1, 2, 0, 11)), NO_TRAP);
  ck_assert_int_eq(execute_bits(c, MODE_VS, csr_bits(SSTATEEN + 1, 2, 0, 11)), CAUSE_VIRTUAL);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, absent);
  tcase_add_test(tc, bits);
  tcase_add_test(tc, hstateen_under_mstateen);
  tcase_add_test(tc, gates);
  tcase_add_test(tc, each_for_itself);
}
UNIT_MAIN("stateen", add_tests)
