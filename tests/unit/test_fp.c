/* test_fp.c - soft-float against MPFR (fp_oracle.h), in every rounding mode, with flags. The
 * instructions on top of it: test_fp_insns.c. Manual: unprivileged, "F" and "D" extensions.
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

static uint64_t run32(op op, rv_fp *fp, uint32_t a, uint32_t b, uint32_t c)
{
  switch (op) {
  case ADD:
    return rv_f32_add(fp, a, b);
  case SUB:
    return rv_f32_sub(fp, a, b);
  case MUL:
    return rv_f32_mul(fp, a, b);
  case DIV:
    return rv_f32_div(fp, a, b);
  case SQRT:
    return rv_f32_sqrt(fp, a);
  default:
    return rv_f32_fma(fp, a, b, c);
  }
}

static uint64_t run64(op op, rv_fp *fp, uint64_t a, uint64_t b, uint64_t c)
{
  switch (op) {
  case ADD:
    return rv_f64_add(fp, a, b);
  case SUB:
    return rv_f64_sub(fp, a, b);
  case MUL:
    return rv_f64_mul(fp, a, b);
  case DIV:
    return rv_f64_div(fp, a, b);
  case SQRT:
    return rv_f64_sqrt(fp, a);
  default:
    return rv_f64_fma(fp, a, b, c);
  }
}

static void check_op(oracle *o, op op, format f, uint8_t rm, const uint64_t *x)
{
  rv_fp got = { .rm = rm }, want = { .rm = rm };
  bool single = f.exp_bits == 8;
  uint64_t wanted = expect(o, op, f, &want, x);
  uint64_t result = single ? run32(op, &got, x[0], x[1], x[2]) : run64(op, &got, x[0], x[1], x[2]);
  check_msg(result == wanted && got.flags == want.flags,
            "f%d %s rm %d of %#" PRIx64 " %#" PRIx64 " %#" PRIx64 ": %#" PRIx64
            " flags %#x, should be %#" PRIx64 " flags %#x",
            single ? 32 : 64, op_names[op], rm, x[0], x[1], x[2], result, got.flags, wanted,
            want.flags);
}

/* One loop iteration is one operation: results and flags equal the exact result's, rounded. */
START_TEST(arithmetic_is_exact)
{
  oracle *o = oracle_new();
  for (int i = 0; i < 2 * CASES; i++) {
    format f = formats[i & 1];
    uint64_t all = sign_bit(f) | (sign_bit(f) - 1), x[3];
    x[0] = random_operand(f);
    x[1] = random_partner(f, x[0]) & all;
    x[2] = random_addend(f, x[0], x[1]) & all;
    check_op(o, _i, f, below(5), x);
  }
  oracle_free(o);
}
END_TEST

/* --- Conversions --- */

typedef struct {
  const char *name;
  uint64_t (*from32)(rv_fp *, uint32_t);
  uint64_t (*from64)(rv_fp *, uint64_t);
  int_range range;
} to_integer;

static const to_integer to_integers[] = {
  { "i32", rv_f32_to_i32, rv_f64_to_i32, { (uint64_t)INT32_MIN, INT32_MAX } },
  { "u32", rv_f32_to_u32, rv_f64_to_u32, { 0, UINT32_MAX } },
  { "i64", rv_f32_to_i64, rv_f64_to_i64, { (uint64_t)INT64_MIN, INT64_MAX } },
  { "u64", rv_f32_to_u64, rv_f64_to_u64, { 0, UINT64_MAX } },
};

/* [norm:fcvt_unrepresentable_nv], [norm:fcvt_nx]; 32-bit results are sign-extended. */
START_TEST(integers_are_rounded_and_clipped)
{
  const to_integer *t = &to_integers[_i];
  oracle *o = oracle_new();
  for (int i = 0; i < CASES; i++) {
    format f = formats[i & 1];
    uint64_t a = random_operand(f);
    rv_fp got = { .rm = below(5) }, want = got;
    decode(f, o->exact, a);
    uint64_t wanted = expect_integer(o, &t->range, &want);
    if (t->range.highest <= UINT32_MAX)
      wanted = (int64_t)(int32_t)wanted;
    uint64_t result = i & 1 ? t->from64(&got, a) : t->from32(&got, a);
    check_msg(result == wanted && got.flags == want.flags,
              "%#" PRIx64 " to %s rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64 " flags %#x",
              a, t->name, got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

static uint64_t from_integer(int type, bool single, rv_fp *fp, uint64_t a)
{
  switch (type) {
  case 0:
    return single ? rv_i32_to_f32(fp, a) : rv_i32_to_f64(fp, a);
  case 1:
    return single ? rv_u32_to_f32(fp, a) : rv_u32_to_f64(fp, a);
  case 2:
    return single ? rv_i64_to_f32(fp, a) : rv_i64_to_f64(fp, a);
  default:
    return single ? rv_u64_to_f32(fp, a) : rv_u64_to_f64(fp, a);
  }
}

/* [norm:fcvt_round]: integers are rounded by rm, and an upper half that is none is ignored. */
START_TEST(integers_become_numbers)
{
  oracle *o = oracle_new();
  for (int i = 0; i < CASES; i++) {
    format f = formats[i & 1];
    uint64_t a = random_integer();
    rv_fp got = { .rm = below(5) }, want = got;
    set_integer(o->exact, _i, a);
    uint64_t wanted = encode(o, f, &want), result = from_integer(_i, !(i & 1), &got, a);
    check_msg(
        result == wanted && got.flags == want.flags,
        "%s %#" PRIx64 " to f%d rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64 " flags %#x",
        to_integers[_i].name, a, i & 1 ? 64 : 32, got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fcvt_float_rounding]: to single rounds, to double is exact; a NaN becomes canonical. */
START_TEST(formats_convert)
{
  oracle *o = oracle_new();
  for (int i = 0; i < 2 * CASES; i++) {
    bool widen = i & 1;
    format from = formats[!widen], to = formats[widen];
    uint64_t a = widen ? random_operand(from) : random_near_single();
    rv_fp got = { .rm = below(5) }, want = got;
    want.flags |= is_signaling(from, a) ? RV_NV : 0;
    decode(from, o->exact, a);
    uint64_t wanted = encode(o, to, &want);
    uint64_t result = widen ? rv_f32_to_f64(&got, a) : rv_f64_to_f32(&got, a);
    check_msg(result == wanted && got.flags == want.flags,
              "%#" PRIx64 " to f%d rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64 " flags %#x",
              a, widen ? 64 : 32, got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

/* --- Comparison, minimum, class --- */

typedef struct {
  bool eq, lt, le;
  uint8_t eq_flags, lt_flags, le_flags;
} relation;

static relation compare(bool single, uint64_t a, uint64_t b)
{
  rv_fp e = { 0 }, l = { 0 }, le = { 0 };
  relation r;
  r.eq = single ? rv_f32_eq(&e, a, b) : rv_f64_eq(&e, a, b);
  r.lt = single ? rv_f32_lt(&l, a, b) : rv_f64_lt(&l, a, b);
  r.le = single ? rv_f32_le(&le, a, b) : rv_f64_le(&le, a, b);
  r.eq_flags = e.flags;
  r.lt_flags = l.flags;
  r.le_flags = le.flags;
  return r;
}

/* [norm:feq-s_quiet], [norm:flt-s_fle-s_signaling], [norm:feq-s_flt-s_fle-s_NaN_input]. */
START_TEST(comparisons_follow_the_numbers)
{
  oracle *o = oracle_new();
  for (int i = 0; i < 2 * CASES; i++) {
    format f = formats[i & 1];
    uint64_t a = random_operand(f), b = random_partner(f, a) & (sign_bit(f) | (sign_bit(f) - 1));
    decode(f, o->a, a);
    decode(f, o->b, b);
    uint8_t quiet = is_signaling(f, a) || is_signaling(f, b) ? RV_NV : 0;
    uint8_t signaling = is_nan(f, a) || is_nan(f, b) ? RV_NV : 0;
    relation r = compare(!(i & 1), a, b);
    bool values = r.eq == !!mpfr_equal_p(o->a, o->b) && r.lt == !!mpfr_less_p(o->a, o->b) &&
                  r.le == !!mpfr_lessequal_p(o->a, o->b);
    bool flags = r.eq_flags == quiet && r.lt_flags == signaling && r.le_flags == signaling;
    check_msg(values && flags, "f%d %#" PRIx64 " %#" PRIx64 ": %d %d %d flags %#x %#x %#x",
              i & 1 ? 64 : 32, a, b, r.eq, r.lt, r.le, r.eq_flags, r.lt_flags, r.le_flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fmin-s_fmax-s_op] and its four exceptions: zeros, one NaN, two, signaling. */
START_TEST(min_max_prefer_numbers)
{
  oracle *o = oracle_new();
  for (int i = 0; i < 2 * CASES; i++) {
    format f = formats[i & 1];
    bool max = i & 2;
    uint64_t a = random_operand(f), b = random_partner(f, a) & (sign_bit(f) | (sign_bit(f) - 1));
    uint8_t flags = is_signaling(f, a) || is_signaling(f, b) ? RV_NV : 0;
    rv_fp fp = { 0 };
    uint64_t r;
    if (i & 1)
      r = max ? rv_f64_max(&fp, a, b) : rv_f64_min(&fp, a, b);
    else
      r = max ? rv_f32_max(&fp, a, b) : rv_f32_min(&fp, a, b);
    check_msg(r == expect_min_max(o, f, a, b, max) && fp.flags == flags,
              "f%d %s %#" PRIx64 " %#" PRIx64 ": %#" PRIx64 " flags %#x", i & 1 ? 64 : 32,
              max ? "max" : "min", a, b, r, fp.flags);
  }
  oracle_free(o);
}
END_TEST

/* [norm:fclass-s_op]: each class by its least and its greatest member. */
START_TEST(classes_have_their_bits)
{
  for (int i = 0; i < 2; i++) {
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
      ck_assert_uint_eq(i ? rv_f64_class(low) : rv_f32_class(low), want);
      ck_assert_uint_eq(i ? rv_f64_class(high) : rv_f32_class(high), want);
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
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_loop_test(tc, arithmetic_is_exact, 0, N_FP_OPS);
  tcase_add_loop_test(tc, integers_are_rounded_and_clipped, 0, 4);
  tcase_add_loop_test(tc, integers_become_numbers, 0, 4);
  tcase_add_test(tc, formats_convert);
  tcase_add_test(tc, comparisons_follow_the_numbers);
  tcase_add_test(tc, min_max_prefer_numbers);
  tcase_add_test(tc, classes_have_their_bits);
  tcase_add_test(tc, tininess_is_detected_after_rounding);
  tcase_add_test(tc, fma_of_infinity_and_zero_is_invalid);
  tcase_add_test(tc, fused_negations_flip_operands);
  tcase_add_test(tc, modes_differ_at_a_tie);
  tcase_add_test(tc, flags_accrue);
  tcase_add_test(tc, boxes_are_checked);
}

UNIT_MAIN("fp", add_tests)
