/* test_fp.c - soft-float against MPFR (fp_oracle.h), in every rounding mode, with flags. The
 * instructions on top of it: test_fp_insns.c. Manual: unprivileged, "F", "D", "Zfh" and "Zfa"
 * extensions.
 */
#include "fp_oracle.h"
#include "unit.h"

/* ck_assert_msg that costs no system call while it holds. */
#define check_msg(condition, ...)                                                                  \
  do {                                                                                             \
    if (!(condition))                                                                              \
      ck_abort_msg(__VA_ARGS__);                                                                   \
  } while (0)

#ifdef __SANITIZE_ADDRESS__ /* seven times slower, and not there for the arithmetic */
enum { CASES = 25000 };
#else
enum { CASES = 200000 };
#endif

/* --- Arithmetic --- */

/* The functions of one format; operands beyond its width are cut. */
typedef struct {
  uint64_t (*arithmetic)(op, rv_fp *, const uint64_t *);
  uint64_t (*to_integer)(unsigned type, rv_fp *, uint64_t);
  uint64_t (*from_integer)(unsigned type, rv_fp *, uint64_t);
  uint64_t (*pick)(unsigned which, rv_fp *, uint64_t, uint64_t); /* min, max, minm, maxm */
  bool (*compare)(unsigned which, rv_fp *, uint64_t, uint64_t);  /* eq, lt, le, ltq, leq */
  uint64_t (*round)(bool tell_inexact, rv_fp *, uint64_t);
  uint64_t (*constant)(unsigned);
  uint64_t (*class)(uint64_t);
} functions;

#define FUNCTIONS(F)                                                                               \
  static uint64_t arithmetic_##F(op op, rv_fp *fp, const uint64_t *x)                              \
  {                                                                                                \
    switch (op) {                                                                                  \
    case ADD:                                                                                      \
      return rv_##F##_add(fp, x[0], x[1]);                                                         \
    case SUB:                                                                                      \
      return rv_##F##_sub(fp, x[0], x[1]);                                                         \
    case MUL:                                                                                      \
      return rv_##F##_mul(fp, x[0], x[1]);                                                         \
    case DIV:                                                                                      \
      return rv_##F##_div(fp, x[0], x[1]);                                                         \
    case SQRT:                                                                                     \
      return rv_##F##_sqrt(fp, x[0]);                                                              \
    default:                                                                                       \
      return rv_##F##_fma(fp, x[0], x[1], x[2]);                                                   \
    }                                                                                              \
  }                                                                                                \
  static uint64_t to_integer_##F(unsigned type, rv_fp *fp, uint64_t a)                             \
  {                                                                                                \
    return type == 0   ? rv_##F##_to_i32(fp, a)                                                    \
           : type == 1 ? rv_##F##_to_u32(fp, a)                                                    \
           : type == 2 ? rv_##F##_to_i64(fp, a)                                                    \
                       : rv_##F##_to_u64(fp, a);                                                   \
  }                                                                                                \
  static uint64_t from_integer_##F(unsigned type, rv_fp *fp, uint64_t a)                           \
  {                                                                                                \
    return type == 0   ? rv_i32_to_##F(fp, a)                                                      \
           : type == 1 ? rv_u32_to_##F(fp, a)                                                      \
           : type == 2 ? rv_i64_to_##F(fp, a)                                                      \
                       : rv_u64_to_##F(fp, a);                                                     \
  }                                                                                                \
  static uint64_t pick_##F(unsigned which, rv_fp *fp, uint64_t a, uint64_t b)                      \
  {                                                                                                \
    return which == 0   ? rv_##F##_min(fp, a, b)                                                   \
           : which == 1 ? rv_##F##_max(fp, a, b)                                                   \
           : which == 2 ? rv_##F##_minm(fp, a, b)                                                  \
                        : rv_##F##_maxm(fp, a, b);                                                 \
  }                                                                                                \
  static bool compare_##F(unsigned which, rv_fp *fp, uint64_t a, uint64_t b)                       \
  {                                                                                                \
    return which == 0   ? rv_##F##_eq(fp, a, b)                                                    \
           : which == 1 ? rv_##F##_lt(fp, a, b)                                                    \
           : which == 2 ? rv_##F##_le(fp, a, b)                                                    \
           : which == 3 ? rv_##F##_ltq(fp, a, b)                                                   \
                        : rv_##F##_leq(fp, a, b);                                                  \
  }                                                                                                \
  static uint64_t round_##F(bool tell_inexact, rv_fp *fp, uint64_t a)                              \
  {                                                                                                \
    return tell_inexact ? rv_##F##_roundnx(fp, a) : rv_##F##_round(fp, a);                         \
  }                                                                                                \
  static uint64_t constant_##F(unsigned n) { return rv_##F##_li(n); }                              \
  static uint64_t class_##F(uint64_t a) { return rv_##F##_class(a); }
FUNCTIONS(f16)
FUNCTIONS(f32)
FUNCTIONS(f64)

/* By index of formats, as is all that is named fmt. */
enum { N_FORMATS = 3 };
#define OF(F)                                                                                      \
  {                                                                                                \
    arithmetic_##F, to_integer_##F, from_integer_##F, pick_##F, compare_##F, round_##F,            \
        constant_##F, class_##F                                                                    \
  }
static const functions functions_of[N_FORMATS] = { OF(f32), OF(f64), OF(f16) };

static int width(format f) { return 1 + f.exp_bits + f.frac_bits; }

static void check_op(oracle *o, op op, int fmt, uint8_t rm, const uint64_t *x)
{
  const format f = formats[fmt];
  rv_fp got = { .rm = rm }, want = { .rm = rm };
  uint64_t wanted = expect(o, op, f, &want, x);
  uint64_t result = functions_of[fmt].arithmetic(op, &got, x);
  check_msg(result == wanted && got.flags == want.flags,
            "f%d %s rm %d of %#" PRIx64 " %#" PRIx64 " %#" PRIx64 ": %#" PRIx64
            " flags %#x, should be %#" PRIx64 " flags %#x",
            width(f), op_names[op], rm, x[0], x[1], x[2], result, got.flags, wanted, want.flags);
}

/* One loop iteration is one operation: results and flags equal the exact result's, rounded. */
START_TEST(arithmetic_is_exact)
{
  oracle *o = oracle_new();
  for (int i = 0; i < N_FORMATS * CASES; i++) {
    format f = formats[i % N_FORMATS];
    uint64_t all = sign_bit(f) | (sign_bit(f) - 1), x[3];
    x[0] = random_operand(f);
    x[1] = random_partner(f, x[0]) & all;
    x[2] = random_addend(f, x[0], x[1]) & all;
    check_op(o, _i, i % N_FORMATS, below(5), x);
  }
  oracle_free(o);
}
END_TEST

/* --- Conversions --- */

static const struct {
  const char *name;
  int_range range;
} integers[] = {
  { "i32", { (uint64_t)INT32_MIN, INT32_MAX } },
  { "u32", { 0, UINT32_MAX } },
  { "i64", { (uint64_t)INT64_MIN, INT64_MAX } },
  { "u64", { 0, UINT64_MAX } },
};

/* [norm:fcvt_unrepresentable_nv], [norm:fcvt_nx]; 32-bit results are sign-extended. */
START_TEST(integers_are_rounded_and_clipped)
{
  const int_range *range = &integers[_i].range;
  oracle *o = oracle_new();
  for (int i = 0; i < N_FORMATS * CASES / 2; i++) {
    format f = formats[i % N_FORMATS];
    uint64_t a = random_operand(f);
    rv_fp got = { .rm = below(5) }, want = got;
    decode(f, o->exact, a);
    uint64_t wanted = expect_integer(o, range, &want);
    if (range->highest <= UINT32_MAX)
      wanted = (int64_t)(int32_t)wanted;
    uint64_t result = functions_of[i % N_FORMATS].to_integer(_i, &got, a);
    check_msg(result == wanted && got.flags == want.flags,
              "f%d %#" PRIx64 " to %s rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64
              " flags %#x",
              width(f), a, integers[_i].name, got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fcvt_round]: integers are rounded by rm, and an upper half that is none is ignored. */
START_TEST(integers_become_numbers)
{
  oracle *o = oracle_new();
  for (int i = 0; i < N_FORMATS * CASES / 2; i++) {
    format f = formats[i % N_FORMATS];
    uint64_t a = random_integer();
    rv_fp got = { .rm = below(5) }, want = got;
    set_integer(o->exact, _i, a);
    uint64_t wanted = encode(o, f, &want),
             result = functions_of[i % N_FORMATS].from_integer(_i, &got, a);
    check_msg(result == wanted && got.flags == want.flags,
              "%s %#" PRIx64 " to f%d rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64
              " flags %#x",
              integers[_i].name, a, width(f), got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

static uint64_t narrow(int from, int to, rv_fp *fp, uint64_t a)
{
  return to == 0 ? rv_f64_to_f32(fp, a) : from == 0 ? rv_f32_to_f16(fp, a) : rv_f64_to_f16(fp, a);
}

static uint64_t widen(int from, int to, rv_fp *fp, uint64_t a)
{
  return from == 0 ? rv_f32_to_f64(fp, a) : to == 0 ? rv_f16_to_f32(fp, a) : rv_f16_to_f64(fp, a);
}

/* [norm:fcvt_float_rounding]: to a narrower one rounds, to a wider is exact; a NaN becomes
 * canonical. */
START_TEST(formats_convert)
{
  static const struct {
    int wide, narrow;
  } pairs[] = { { 1, 0 }, { 0, 2 }, { 1, 2 } };
  oracle *o = oracle_new();
  for (int i = 0; i < 6 * CASES / 2; i++) {
    const bool widens = i & 1;
    const int from = widens ? pairs[i % 3].narrow : pairs[i % 3].wide,
              to = widens ? pairs[i % 3].wide : pairs[i % 3].narrow;
    uint64_t a = widens ? random_operand(formats[from]) : random_near(formats[from], formats[to]);
    rv_fp got = { .rm = below(5) }, want = got;
    want.flags |= is_signaling(formats[from], a) ? RV_NV : 0;
    decode(formats[from], o->exact, a);
    uint64_t wanted = encode(o, formats[to], &want);
    uint64_t result = widens ? widen(from, to, &got, a) : narrow(from, to, &got, a);
    check_msg(
        result == wanted && got.flags == want.flags,
        "f%d %#" PRIx64 " to f%d rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64 " flags %#x",
        width(formats[from]), a, width(formats[to]), got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fround-s_op], [norm:fround-s_zero_inf], [norm:fround-s_nan_nv], [norm:froundnx-s_op] */
START_TEST(rounded_to_integers)
{
  oracle *o = oracle_new();
  for (int i = 0; i < 2 * N_FORMATS * CASES / 2; i++) {
    const format f = formats[i % N_FORMATS];
    const uint64_t a = random_operand(f);
    rv_fp got = { .rm = below(5) }, want = got;
    const uint64_t wanted = expect_round(o, f, &want, a, i & 1),
                   result = functions_of[i % N_FORMATS].round(i & 1, &got, a);
    check_msg(result == wanted && got.flags == want.flags,
              "f%d %#" PRIx64 " rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64 " flags %#x",
              width(f), a, got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fcvtmod-w-d_op], [norm:fcvtmod-w-d_flags]. The exponents where bits leave the low word are
 * met as often as those where they come in. */
START_TEST(modular_words)
{
  const format f = formats[1];
  oracle *o = oracle_new();
  for (int i = 0; i < CASES; i++) {
    const uint64_t a =
        i & 1 ? random_operand(f) : compose(f, bias(f) - 2 + (int)below(140), random_frac(f));
    rv_fp got = { .rm = below(5) }, want = got;
    const uint64_t wanted = expect_modular(o, f, &want, a), result = rv_f64_modular(&got, a);
    check_msg(result == wanted && got.flags == want.flags,
              "%#" PRIx64 ": %#" PRIx64 " flags %#x, should be %#" PRIx64 " flags %#x", a, result,
              got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fli-s_op], [norm:fli-d_op], [norm:fli-h_op] */
START_TEST(constants)
{
  oracle *o = oracle_new();
  for (unsigned n = 0; n < 32; n++)
    for (int fmt = 0; fmt < N_FORMATS; fmt++)
      ck_assert_uint_eq(functions_of[fmt].constant(n), expect_constant(o, formats[fmt], n));
  ck_assert_uint_eq(rv_f16_li(29), infinity(formats[2]));
  ck_assert_uint_eq(rv_f16_li(2), 0x0100); /* 2^-16 is subnormal there */
  oracle_free(o);
}
END_TEST

/* --- Comparison, minimum, class --- */

/* [norm:feq-s_quiet], [norm:flt-s_fle-s_signaling], [norm:feq-s_flt-s_fle-s_NaN_input],
 * [norm:fleq-s_fltq-s_op]. */
START_TEST(comparisons_follow_the_numbers)
{
  oracle *o = oracle_new();
  for (int i = 0; i < N_FORMATS * CASES; i++) {
    const format f = formats[i % N_FORMATS];
    uint64_t a = random_operand(f), b = random_partner(f, a) & (sign_bit(f) | (sign_bit(f) - 1));
    decode(f, o->a, a);
    decode(f, o->b, b);
    const uint8_t quiet = is_signaling(f, a) || is_signaling(f, b) ? RV_NV : 0;
    const uint8_t signaling = is_nan(f, a) || is_nan(f, b) ? RV_NV : 0;
    const bool lt = mpfr_less_p(o->a, o->b), le = mpfr_lessequal_p(o->a, o->b);
    const bool wanted[] = { mpfr_equal_p(o->a, o->b), lt, le, lt, le };
    const uint8_t flags[] = { quiet, signaling, signaling, quiet, quiet };
    for (unsigned which = 0; which < 5; which++) {
      rv_fp fp = { 0 };
      const bool r = functions_of[i % N_FORMATS].compare(which, &fp, a, b);
      check_msg(r == wanted[which] && fp.flags == flags[which],
                "f%d %#" PRIx64 " %#" PRIx64 ", %u: %d flags %#x", width(f), a, b, which, r,
                fp.flags);
    }
  }
  oracle_free(o);
}
END_TEST

/* [norm:fmin-s_fmax-s_op] and its four exceptions: zeros, one NaN, two, signaling; and those of
 * Zfa, where a NaN wins [norm:fmaxm-s_fminm-s_op]. */
START_TEST(min_and_max)
{
  oracle *o = oracle_new();
  for (int i = 0; i < 2 * N_FORMATS * CASES; i++) {
    const format f = formats[i % N_FORMATS];
    const unsigned which = below(4);
    uint64_t a = random_operand(f), b = random_partner(f, a) & (sign_bit(f) | (sign_bit(f) - 1));
    const uint8_t flags = is_signaling(f, a) || is_signaling(f, b) ? RV_NV : 0;
    rv_fp fp = { 0 };
    const uint64_t r = functions_of[i % N_FORMATS].pick(which, &fp, a, b),
                   wanted = which < 2 ? expect_min_max(o, f, a, b, which & 1)
                                      : expect_min_max_or_nan(o, f, a, b, which & 1);
    check_msg(r == wanted && fp.flags == flags,
              "f%d %u of %#" PRIx64 " %#" PRIx64 ": %#" PRIx64 " flags %#x", width(f), which, a, b,
              r, fp.flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fclass-s_op]: each class by its least and its greatest member. */
START_TEST(classes_have_their_bits)
{
  for (int i = 0; i < N_FORMATS; i++) {
    format f = formats[i];
    const uint64_t inf = infinity(f), quiet = quiet_nan(f), sub = frac_mask(f), sign = sign_bit(f);
    const struct {
      uint64_t low, high;
      int bit;
    } classes[] = {
      { sign | inf, sign | inf, 0 },
      { sign | (sub + 1), sign | (inf - 1), 1 },
      { sign | 1, sign | sub, 2 },
      { sign, sign, 3 },
      { 0, 0, 4 },
      { 1, sub, 5 },
      { sub + 1, inf - 1, 6 },
      { inf, inf, 7 },
      { inf + 1, quiet - 1, 8 },
      { quiet, inf | sub, 9 },
      { sign | (inf + 1), sign | (quiet - 1), 8 },
      { sign | quiet, sign | inf | sub, 9 },
    };
    for (unsigned k = 0; k < sizeof classes / sizeof *classes; k++) {
      uint64_t low = classes[k].low, high = classes[k].high, want = 1ull << classes[k].bit;
      ck_assert_uint_eq(functions_of[i].class(low), want);
      ck_assert_uint_eq(functions_of[i].class(high), want);
    }
  }
}
END_TEST

/* --- Rules worth a case of their own, written out rather than computed --- */

#define CHECK_OP(expression, bits, fl)                                                             \
  do {                                                                                             \
    fp.flags = 0;                                                                                  \
    ck_assert_uint_eq(expression, bits);                                                           \
    ck_assert_uint_eq(fp.flags, fl);                                                               \
  } while (0)

/* [norm:ieee_std_tininess]: what rounds up to the smallest normal only because subnormals are
 * coarse is tiny; what would with any exponent is not. */
START_TEST(tininess_is_detected_after_rounding)
{
  rv_fp fp = { .rm = RV_RNE };
  /* (1 - 2^-24) * 2^-126: 24 ones, exact with any exponent, a tie among subnormals: tiny */
  CHECK_OP(rv_f32_mul(&fp, 0x00ffffff, 0x3f000000), 0x00800000, RV_UF | RV_NX);
  /* (1 - 2^-25) * 2^-126 takes 25 ones: it is a tie with any exponent, goes up, is not tiny */
  CHECK_OP(rv_f64_to_f32(&fp, 0x380fffffff000000), 0x00800000, RV_NX);
  /* the same towards zero stays below and is tiny */
  fp.rm = RV_RTZ;
  CHECK_OP(rv_f64_to_f32(&fp, 0x380fffffff000000), 0x007fffff, RV_UF | RV_NX);
  /* 24 ones, a zero, a one: rounded down with any exponent, up among subnormals: tiny */
  fp.rm = RV_RMM;
  CHECK_OP(rv_f64_to_f32(&fp, 0x380fffffe8000000), 0x00800000, RV_UF | RV_NX);
  /* upwards, 24 ones alone are tiny, 24 ones and anything more are not */
  fp.rm = RV_RUP;
  CHECK_OP(rv_f64_to_f32(&fp, 0x380fffffe0000000), 0x00800000, RV_UF | RV_NX);
  CHECK_OP(rv_f64_to_f32(&fp, 0x380fffffe0000001), 0x00800000, RV_NX);
  /* an exact subnormal result raises nothing */
  CHECK_OP(rv_f32_mul(&fp, 0x00800000, 0x3f000000), 0x00400000, 0);
}
END_TEST

/* [norm:fma_nv_flag], and no NV for a quiet NaN otherwise. */
START_TEST(fma_of_infinity_and_zero_is_invalid)
{
  rv_fp fp = { .rm = RV_RNE };
  CHECK_OP(rv_f64_fma(&fp, infinity(formats[1]), 0, 0x7ff8000000000001), RV_CANONICAL_NAN64, RV_NV);
  CHECK_OP(rv_f32_fma(&fp, 0, 0xff800000, 0x7fc12345), RV_CANONICAL_NAN32, RV_NV);
  CHECK_OP(rv_f32_fma(&fp, 0x3f800000, 0xff800000, 0x7fc12345), RV_CANONICAL_NAN32, 0);
}
END_TEST

/* FNMADD is -(a*b)-c, not -(a*b+c): with an exact zero the signs tell. 1*1 + -1 and its kin. */
START_TEST(fused_negations_flip_operands)
{
  const uint64_t one = 0x3ff0000000000000, minus = 1ull << 63;
  rv_fp fp = { .rm = RV_RNE };
  CHECK_OP(rv_f64_fma(&fp, one ^ minus, one, one ^ minus ^ minus), 0, 0);
  fp.rm = RV_RDN;
  CHECK_OP(rv_f64_fma(&fp, one ^ minus, one, one ^ minus ^ minus), minus, 0);
}
END_TEST

/* Ties: the one operand where all five modes but one pair differ, 1 + 2^-24 and its opposite. */
START_TEST(modes_differ_at_a_tie)
{
  const uint32_t one = 0x3f800000, half_ulp = 0x33800000, minus = 0x80000000;
  const uint32_t up[] = { 0, 0, 0, 1, 1 }, down[] = { 0, 0, 1, 0, 1 };
  for (int rm = RV_RNE; rm <= RV_RMM; rm++) {
    rv_fp fp = { .rm = rm };
    CHECK_OP(rv_f32_add(&fp, one, half_ulp), one + up[rm], RV_NX);
    CHECK_OP(rv_f32_add(&fp, one | minus, half_ulp | minus), (one | minus) + down[rm], RV_NX);
  }
}
END_TEST

/* Flags accrue: an operation adds to them, and never clears one. */
START_TEST(flags_accrue)
{
  rv_fp fp = { .rm = RV_RNE, .flags = RV_DZ };
  rv_f32_add(&fp, 0x3f800000, 0x3f800000);
  ck_assert_uint_eq(fp.flags, RV_DZ);
  rv_f32_add(&fp, 0x3f800000, 1);
  ck_assert_uint_eq(fp.flags, RV_DZ | RV_NX);
}
END_TEST

/* [norm:FP_nontransfer_instrs_improper_nan-boxed_input]: an improper box is the canonical NaN. */
START_TEST(boxes_are_checked)
{
  ck_assert_uint_eq(rv_unbox32(0xffffffff3f800000), 0x3f800000);
  ck_assert_uint_eq(rv_unbox32(0xfffffffe3f800000), RV_CANONICAL_NAN32);
  ck_assert_uint_eq(rv_unbox32(0x000000003f800000), RV_CANONICAL_NAN32);
  ck_assert_uint_eq(rv_box32(0x3f800000), 0xffffffff3f800000);
  ck_assert_uint_eq(rv_unbox16(0xffffffffffff3c00), 0x3c00);
  ck_assert_uint_eq(rv_unbox16(0xfffffffffffe3c00), RV_CANONICAL_NAN16);
  ck_assert_uint_eq(rv_unbox16(0x7fffffffffff3c00), RV_CANONICAL_NAN16);
  ck_assert_uint_eq(rv_unbox16(0x00000000ffff3c00), RV_CANONICAL_NAN16);
  ck_assert_uint_eq(rv_box16(0x3c00), 0xffffffffffff3c00);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_loop_test(tc, arithmetic_is_exact, 0, N_FP_OPS);
  tcase_add_loop_test(tc, integers_are_rounded_and_clipped, 0, 4);
  tcase_add_loop_test(tc, integers_become_numbers, 0, 4);
  tcase_add_test(tc, formats_convert);
  tcase_add_test(tc, comparisons_follow_the_numbers);
  tcase_add_test(tc, min_and_max);
  tcase_add_test(tc, rounded_to_integers);
  tcase_add_test(tc, modular_words);
  tcase_add_test(tc, constants);
  tcase_add_test(tc, classes_have_their_bits);
  tcase_add_test(tc, tininess_is_detected_after_rounding);
  tcase_add_test(tc, fma_of_infinity_and_zero_is_invalid);
  tcase_add_test(tc, fused_negations_flip_operands);
  tcase_add_test(tc, modes_differ_at_a_tie);
  tcase_add_test(tc, flags_accrue);
  tcase_add_test(tc, boxes_are_checked);
}

UNIT_MAIN("fp", add_tests)
