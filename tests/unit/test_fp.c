/* test_fp.c - soft-float against MPFR, in every rounding mode, with flags.
 *
 * The oracle computes each result to 256 bits, makes the last bit sticky, and rounds that to a
 * multiple of the format's unit in the last place with MPFR's integer roundings, which know all
 * five modes. Whether a result is tiny is decided by rounding it once more as if the exponent
 * had no lower bound. Operands come from a fixed seed and lean to the edges.
 * Manual: unprivileged, "F" and "D" extensions.
 */
#include "cpu/fp.h"
#include "unit.h"
#include <inttypes.h>
#include <stdio.h>
#include <mpfr.h>

#ifdef __SANITIZE_ADDRESS__ /* seven times slower, and not there for the arithmetic */
enum { CASES = 25000 };
#else
enum { CASES = 200000 };
#endif
enum { EXACT_BITS = 256 };

typedef struct {
  int exp_bits, frac_bits;
} format;

static const format formats[] = { { 8, 23 }, { 11, 52 } };

static int bias(format f) { return (1 << (f.exp_bits - 1)) - 1; }
static int min_exp(format f) { return 1 - bias(f); }
static uint64_t frac_mask(format f) { return (1ull << f.frac_bits) - 1; }
static uint64_t sign_bit(format f) { return 1ull << (f.exp_bits + f.frac_bits); }
static uint64_t infinity(format f) { return ((1ull << f.exp_bits) - 1) << f.frac_bits; }
static uint64_t quiet_nan(format f) { return infinity(f) | 1ull << (f.frac_bits - 1); }
static bool is_nan(format f, uint64_t a) { return (a & ~sign_bit(f)) > infinity(f); }
static bool is_signaling(format f, uint64_t a)
{
  return is_nan(f, a) && !(a & 1ull << (f.frac_bits - 1));
}

/* --- Operands --- */

static uint64_t rng = 0x9e3779b97f4a7c15;

static uint64_t random64(void)
{
  rng ^= rng >> 12;
  rng ^= rng << 25;
  rng ^= rng >> 27;
  return rng * 0x2545f4914f6cdd1d;
}

static unsigned below(unsigned n) { return (random64() >> 32) % n; }

/* A fraction: random, sparse, a run of ones from either end, or next to a halfway pattern. */
static uint64_t random_frac(format f)
{
  uint64_t mask = frac_mask(f), bit = 1ull << below(f.frac_bits);
  switch (below(8)) {
  case 0:
    return 0;
  case 1:
    return bit;
  case 2:
    return bit - 1;
  case 3:
    return mask & ~(bit - 1);
  case 4:
    return mask & ~bit;
  case 5: /* short: products and sums of these are often exact or exactly halfway */
    return mask & (random64() << (f.frac_bits / 2 + below(f.frac_bits / 2)));
  case 6:
    return mask & (random64() << below(f.frac_bits) | below(4));
  default:
    return mask & random64();
  }
}

/* Biased exponent, brought into the finite range. */
static uint64_t compose(format f, int biased, uint64_t frac)
{
  int top = (1 << f.exp_bits) - 2;
  biased = biased < 0 ? 0 : biased > top ? top : biased;
  return (random64() & sign_bit(f)) | (uint64_t)biased << f.frac_bits | frac;
}

static uint64_t random_special(format f)
{
  const uint64_t one = (uint64_t)bias(f) << f.frac_bits, inf = infinity(f);
  const uint64_t special[] = {
    0,
    1,
    frac_mask(f),
    frac_mask(f) + 1,
    frac_mask(f) + 2,
    one,
    one - 1,
    one + 1,
    inf - 1,
    inf,
    inf + 1,
    quiet_nan(f) - 1,
    quiet_nan(f),
    quiet_nan(f) + 1,
    inf | frac_mask(f),
  };
  return (random64() & sign_bit(f)) | special[below(sizeof special / sizeof *special)];
}

static uint64_t random_operand(format f)
{
  switch (below(16)) {
  case 0:
  case 1:
    return random_special(f);
  case 2:
    return compose(f, 0, random_frac(f) >> below(f.frac_bits));
  case 3:
    return compose(f, below(4), random_frac(f));
  case 4:
    return compose(f, 2 * bias(f) - (int)below(4), random_frac(f));
  case 5:
  case 6: /* within the integers' range, for the conversions */
    return compose(f, bias(f) - 2 + (int)below(68), random_frac(f));
  case 7:
    return random64() & (sign_bit(f) | (sign_bit(f) - 1));
  default:
    return compose(f, bias(f) - 8 + (int)below(16), random_frac(f));
  }
}

static int biased_exp(format f, uint64_t a) { return (a & infinity(f)) >> f.frac_bits; }

/* A partner for a: unrelated, near it, or one that takes product or quotient to an end of the
 * exponent range. */
static uint64_t random_partner(format f, uint64_t a)
{
  int exp = biased_exp(f, a), p = f.frac_bits + 1, off = (int)below(2 * p + 8) - p - 4;
  switch (below(8)) {
  case 0:
    return (a ^ (random64() & sign_bit(f))) + below(5) - 2;
  case 1:
    return compose(f, exp + (int)below(5) - 2, random_frac(f));
  case 2:
    return compose(f, exp + off, random_frac(f));
  case 3: /* product near the smallest normal */
    return compose(f, bias(f) - exp + off / 2, random_frac(f));
  case 4: /* product near the largest */
    return compose(f, 3 * bias(f) - exp + (int)below(4) - 2, random_frac(f));
  case 5: /* quotient near the smallest, or the largest */
    return compose(f, exp + (below(2) ? bias(f) : -bias(f)) + (int)below(8) - 4, random_frac(f));
  default:
    return random_operand(f);
  }
}

/* An addend for a * b: unrelated, cancelling (nearly) everything, or near in exponent. */
static uint64_t random_addend(format f, uint64_t a, uint64_t b)
{
  int exp = biased_exp(f, a) + biased_exp(f, b) - bias(f), p = f.frac_bits + 1;
  rv_fp fp = { .rm = below(5) };
  switch (below(4)) {
  case 0:
    return random_partner(f, a);
  case 1:
    return sign_bit(f) ^ (p == 24 ? rv_f32_mul(&fp, a, b) : rv_f64_mul(&fp, a, b));
  case 2:
    return compose(f, exp + (int)below(5) - 2, random_frac(f));
  default:
    return compose(f, exp + (int)below(4 * p) - 2 * p, random_frac(f));
  }
}

/* --- The oracle --- */

/* MPFR's variables: operands, the (sticky) exact result, and what rounding needs. */
typedef struct {
  mpfr_t a, b, c, exact, scaled, rounded;
  mpz_t digits;
} oracle;

static oracle *oracle_new(void)
{
  oracle *o = malloc(sizeof *o);
  mpfr_inits2(EXACT_BITS, o->a, o->b, o->c, o->exact, o->scaled, o->rounded, (mpfr_ptr)0);
  mpz_init(o->digits);
  return o;
}

static void oracle_free(oracle *o)
{
  mpfr_clears(o->a, o->b, o->c, o->exact, o->scaled, o->rounded, (mpfr_ptr)0);
  mpz_clear(o->digits);
  free(o);
}

static void decode(format f, mpfr_t x, uint64_t bits)
{
  int biased = biased_exp(f, bits);
  uint64_t frac = bits & frac_mask(f);
  if (is_nan(f, bits))
    mpfr_set_nan(x);
  else if (biased == 2 * bias(f) + 1)
    mpfr_set_inf(x, 1);
  else if (biased)
    mpfr_set_ui_2exp(x, frac | 1ull << f.frac_bits, biased - bias(f) - f.frac_bits, MPFR_RNDN);
  else
    mpfr_set_ui_2exp(x, frac, min_exp(f) - f.frac_bits, MPFR_RNDN);
  mpfr_setsign(x, x, (bits & sign_bit(f)) != 0, MPFR_RNDN);
}

/* After an operation rounded towards zero: make the last of the 256 bits say "and more". No
 * rounding to 53 bits or fewer can then tell it from the exact result. */
static void make_sticky(oracle *o, int ternary)
{
  if (ternary == 0)
    return;
  mpfr_exp_t exp = mpfr_get_z_2exp(o->digits, o->exact);
  if (mpz_even_p(o->digits) && mpz_sgn(o->digits) > 0)
    mpz_add_ui(o->digits, o->digits, 1);
  else if (mpz_even_p(o->digits))
    mpz_sub_ui(o->digits, o->digits, 1);
  mpfr_set_z_2exp(o->exact, o->digits, exp, MPFR_RNDZ);
}

/* rounded = exact / 2^unit, to an integer. True if that changed it. */
static bool round_to_unit(oracle *o, uint8_t rm, long unit)
{
  mpfr_mul_2si(o->scaled, o->exact, -unit, MPFR_RNDN);
  switch (rm) {
  case RV_RNE:
    mpfr_roundeven(o->rounded, o->scaled);
    break;
  case RV_RTZ:
    mpfr_trunc(o->rounded, o->scaled);
    break;
  case RV_RDN:
    mpfr_floor(o->rounded, o->scaled);
    break;
  case RV_RUP:
    mpfr_ceil(o->rounded, o->scaled);
    break;
  default: /* ties away from zero */
    mpfr_round(o->rounded, o->scaled);
  }
  return mpfr_cmp(o->rounded, o->scaled) != 0;
}

/* [norm:ieee_std_tininess]: round as if the exponent were unbounded, then compare. */
static bool tiny_after_rounding(oracle *o, format f, uint8_t rm)
{
  long unit = mpfr_get_exp(o->exact) - 1 - f.frac_bits;
  round_to_unit(o, rm, unit);
  mpfr_mul_2si(o->rounded, o->rounded, unit, MPFR_RNDN);
  return mpfr_get_exp(o->rounded) - 1 < min_exp(f);
}

static uint64_t overflowed(format f, uint8_t rm, bool negative)
{
  bool to_inf = rm == RV_RNE || rm == RV_RMM || rm == (negative ? RV_RDN : RV_RUP);
  return to_inf ? infinity(f) : infinity(f) - 1;
}

/* The exact result in the format; flags as the manual has them. A zero's sign is as MPFR's. */
static uint64_t encode(oracle *o, format f, rv_fp *fp)
{
  bool negative = mpfr_signbit(o->exact);
  uint64_t sign = negative ? sign_bit(f) : 0;
  if (mpfr_nan_p(o->exact))
    return quiet_nan(f);
  if (mpfr_inf_p(o->exact))
    return sign | infinity(f);
  if (mpfr_zero_p(o->exact))
    return sign;
  long exp = mpfr_get_exp(o->exact) - 1;
  bool tiny = exp < min_exp(f) && tiny_after_rounding(o, f, fp->rm);
  exp = exp < min_exp(f) ? min_exp(f) : exp;
  bool inexact = round_to_unit(o, fp->rm, exp - f.frac_bits);
  fp->flags |= inexact ? tiny ? RV_NX | RV_UF : RV_NX : 0;
  mpfr_abs(o->rounded, o->rounded, MPFR_RNDN);
  uint64_t digits = mpfr_get_ui(o->rounded, MPFR_RNDN);
  if (digits == 2ull << f.frac_bits) {
    digits /= 2;
    exp++;
  }
  if (exp > bias(f)) {
    fp->flags |= RV_OF | RV_NX;
    return sign | overflowed(f, fp->rm, negative);
  }
  if (digits <= frac_mask(f)) /* subnormal or zero */
    return sign | digits;
  return sign | (uint64_t)(exp + bias(f)) << f.frac_bits | (digits & frac_mask(f));
}

/* --- Arithmetic --- */

typedef enum { ADD, SUB, MUL, DIV, SQRT, FMA, N_OPS } op;

static const char *const op_names[] = { "add", "sub", "mul", "div", "sqrt", "fma" };

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

/* The exact operation, into o->exact; returns MPFR's ternary value. An exact zero sum is -0 only
 * when rounding down, which MPFR decides by its own mode; so that one is given separately. */
static int compute(oracle *o, op op, mpfr_rnd_t rnd)
{
  switch (op) {
  case ADD:
    return mpfr_add(o->exact, o->a, o->b, rnd);
  case SUB:
    return mpfr_sub(o->exact, o->a, o->b, rnd);
  case MUL:
    return mpfr_mul(o->exact, o->a, o->b, rnd);
  case DIV:
    return mpfr_div(o->exact, o->a, o->b, rnd);
  case SQRT:
    return mpfr_sqrt(o->exact, o->a, rnd);
  default:
    return mpfr_fma(o->exact, o->a, o->b, o->c, rnd);
  }
}

/* NV of an operation whose operands are a .. c (as many as it has). */
static bool is_invalid(oracle *o, op op, format f, const uint64_t *x)
{
  int n = op == SQRT ? 1 : op == FMA ? 3 : 2;
  bool nan = false;
  for (int i = 0; i < n; i++) {
    if (is_signaling(f, x[i]))
      return true;
    nan |= is_nan(f, x[i]);
  }
  /* [norm:fma_nv_flag]: infinity times zero is invalid whatever is added */
  if (op == FMA &&
      ((mpfr_inf_p(o->a) && mpfr_zero_p(o->b)) || (mpfr_zero_p(o->a) && mpfr_inf_p(o->b))))
    return true;
  return mpfr_nan_p(o->exact) && !nan;
}

static uint64_t expect(oracle *o, op op, format f, rv_fp *fp, const uint64_t *x)
{
  decode(f, o->a, x[0]);
  decode(f, o->b, x[1]);
  decode(f, o->c, x[2]);
  mpfr_clear_flags();
  int ternary = compute(o, op, MPFR_RNDZ);
  if (mpfr_divby0_p())
    fp->flags |= RV_DZ;
  if (is_invalid(o, op, f, x))
    fp->flags |= RV_NV;
  if (mpfr_zero_p(o->exact) && fp->rm == RV_RDN)
    compute(o, op, MPFR_RNDD);
  make_sticky(o, ternary);
  return encode(o, f, fp);
}

static void check_op(oracle *o, op op, format f, uint8_t rm, const uint64_t *x)
{
  rv_fp got = { .rm = rm }, want = { .rm = rm };
  bool single = f.exp_bits == 8;
  uint64_t wanted = expect(o, op, f, &want, x);
  uint64_t result = single ? run32(op, &got, x[0], x[1], x[2]) : run64(op, &got, x[0], x[1], x[2]);
  ck_assert_msg(result == wanted && got.flags == want.flags,
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
  uint64_t lowest, highest; /* as in an x register */
} to_integer;

static const to_integer to_integers[] = {
  { "i32", rv_f32_to_i32, rv_f64_to_i32, (uint64_t)INT32_MIN, INT32_MAX },
  { "u32", rv_f32_to_u32, rv_f64_to_u32, 0, UINT32_MAX },
  { "i64", rv_f32_to_i64, rv_f64_to_i64, (uint64_t)INT64_MIN, INT64_MAX },
  { "u64", rv_f32_to_u64, rv_f64_to_u64, 0, UINT64_MAX },
};

static uint64_t expect_integer(oracle *o, const to_integer *t, rv_fp *fp)
{
  if (mpfr_nan_p(o->exact)) {
    fp->flags |= RV_NV;
    return t->highest;
  }
  bool inexact = round_to_unit(o, fp->rm, 0);
  if (mpfr_cmp_ui(o->rounded, t->highest) > 0) {
    fp->flags |= RV_NV;
    return t->highest;
  }
  if (t->lowest ? mpfr_cmp_si(o->rounded, t->lowest) < 0 : mpfr_cmp_ui(o->rounded, 0) < 0) {
    fp->flags |= RV_NV;
    return t->lowest;
  }
  fp->flags |= inexact ? RV_NX : 0;
  return t->lowest ? (uint64_t)mpfr_get_si(o->rounded, MPFR_RNDN)
                   : mpfr_get_ui(o->rounded, MPFR_RNDN);
}

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
    uint64_t wanted = expect_integer(o, t, &want);
    if (t->highest <= UINT32_MAX)
      wanted = (int64_t)(int32_t)wanted;
    uint64_t result = i & 1 ? t->from64(&got, a) : t->from32(&got, a);
    ck_assert_msg(result == wanted && got.flags == want.flags,
                  "%#" PRIx64 " to %s rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64
                  " flags %#x",
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

/* Any width, with long runs of zeros or ones below the top: halfway cases of both formats. */
static uint64_t random_integer(void)
{
  uint64_t a = random64() >> below(64);
  switch (below(4)) {
  case 0:
    return (a & ~0ull << below(64)) + below(3) - 1;
  case 1:
    return a | ((1ull << below(64)) - 1);
  case 2:
    return -a;
  default:
    return a;
  }
}

static void set_integer(mpfr_t x, int type, uint64_t a)
{
  if (type == 0 || type == 2)
    mpfr_set_si(x, type == 0 ? (int32_t)a : (int64_t)a, MPFR_RNDN);
  else
    mpfr_set_ui(x, type == 1 ? (uint32_t)a : a, MPFR_RNDN);
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
    ck_assert_msg(
        result == wanted && got.flags == want.flags,
        "%s %#" PRIx64 " to f%d rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64 " flags %#x",
        to_integers[_i].name, a, i & 1 ? 64 : 32, got.rm, result, got.flags, wanted, want.flags);
  }
  oracle_free(o);
}
END_TEST

/* A double: any, or one near the middle of two singles, often about the smallest normal one. */
static uint64_t random_near_single(void)
{
  uint64_t a = random_operand(formats[1]);
  if (below(2))
    return a;
  uint64_t exp = 1023 + (below(3) ? (int)below(300) - 160 : (int)below(4) - 129),
           frac = random_frac(formats[1]);
  frac = below(2) ? frac & ~0ull << (20 + below(32)) : frac;
  return (a & 1ull << 63) | exp << 52 | ((frac + below(3) - 1) & frac_mask(formats[1]));
}

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
    ck_assert_msg(result == wanted && got.flags == want.flags,
                  "%#" PRIx64 " to f%d rm %d: %#" PRIx64 " flags %#x, should be %#" PRIx64
                  " flags %#x",
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
    ck_assert_msg(values && flags, "f%d %#" PRIx64 " %#" PRIx64 ": %d %d %d flags %#x %#x %#x",
                  i & 1 ? 64 : 32, a, b, r.eq, r.lt, r.le, r.eq_flags, r.lt_flags, r.le_flags);
  }
  oracle_free(o);
}
END_TEST

static uint64_t expect_min_max(oracle *o, format f, uint64_t a, uint64_t b, bool max)
{
  if (is_nan(f, a))
    return is_nan(f, b) ? quiet_nan(f) : b;
  if (is_nan(f, b))
    return a;
  decode(f, o->a, a);
  decode(f, o->b, b);
  bool a_below = mpfr_equal_p(o->a, o->b) ? mpfr_signbit(o->a) && !mpfr_signbit(o->b)
                                          : mpfr_less_p(o->a, o->b);
  return max ? (a_below ? b : a) : a_below ? a : b;
}

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
    ck_assert_msg(r == expect_min_max(o, f, a, b, max) && fp.flags == flags,
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
  tcase_add_loop_test(tc, arithmetic_is_exact, 0, N_OPS);
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
