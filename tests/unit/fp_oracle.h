/* fp_oracle.h - what floating-point results and flags should be, by MPFR.
 *
 * The oracle computes each result to 256 bits, makes the last bit sticky, and rounds that to a
 * multiple of the format's unit in the last place with MPFR's integer roundings, which know all
 * five modes. Whether a result is tiny is decided by rounding it once more as if the exponent
 * had no lower bound. Operands come from a fixed seed and lean to the edges.
 * Manual: unprivileged, "F", "D", "Zfh" and "Zfa" extensions.
 */
#ifndef RVH_TESTS_FP_ORACLE_H
#define RVH_TESTS_FP_ORACLE_H
#include "cpu/fp.h"
#include "unit.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <mpfr.h>

enum { EXACT_BITS = 256 };

typedef struct {
  int exp_bits, frac_bits;
} format;

static const format formats[] = { { 8, 23 }, { 11, 52 }, { 5, 10 } };

static inline int bias(format f) { return (1 << (f.exp_bits - 1)) - 1; }
static inline int min_exp(format f) { return 1 - bias(f); }
static inline uint64_t frac_mask(format f) { return (1ull << f.frac_bits) - 1; }
static inline uint64_t sign_bit(format f) { return 1ull << (f.exp_bits + f.frac_bits); }
static inline uint64_t infinity(format f) { return ((1ull << f.exp_bits) - 1) << f.frac_bits; }
static inline uint64_t quiet_nan(format f) { return infinity(f) | 1ull << (f.frac_bits - 1); }
static inline bool is_nan(format f, uint64_t a) { return (a & ~sign_bit(f)) > infinity(f); }
static inline bool is_signaling(format f, uint64_t a)
{
  return is_nan(f, a) && !(a & 1ull << (f.frac_bits - 1));
}

/* --- Operands --- */

static uint64_t rng = 0x9e3779b97f4a7c15;

static inline uint64_t random64(void) { return unit_random(&rng); }

static inline unsigned below(unsigned n) { return (random64() >> 32) % n; }

/* A fraction: random, sparse, a run of ones from either end, or next to a halfway pattern. */
static inline uint64_t random_frac(format f)
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
static inline uint64_t compose(format f, int biased, uint64_t frac)
{
  int top = (1 << f.exp_bits) - 2;
  biased = biased < 0 ? 0 : biased > top ? top : biased;
  return (random64() & sign_bit(f)) | (uint64_t)biased << f.frac_bits | frac;
}

static inline uint64_t random_special(format f)
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

static inline uint64_t random_operand(format f)
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

static inline int biased_exp(format f, uint64_t a) { return (a & infinity(f)) >> f.frac_bits; }

/* A partner for a: unrelated, near it, or one that takes product or quotient to an end of the
 * exponent range. */
static inline uint64_t random_partner(format f, uint64_t a)
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
static inline uint64_t random_addend(format f, uint64_t a, uint64_t b)
{
  int exp = biased_exp(f, a) + biased_exp(f, b) - bias(f), p = f.frac_bits + 1;
  rv_fp fp = { .rm = below(5) };
  switch (below(4)) {
  case 0:
    return random_partner(f, a);
  case 1:
    return sign_bit(f) ^ (p == 11   ? rv_f16_mul(&fp, a, b)
                          : p == 24 ? rv_f32_mul(&fp, a, b)
                                    : rv_f64_mul(&fp, a, b));
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

static inline oracle *oracle_new(void)
{
  oracle *o = malloc(sizeof *o);
  mpfr_inits2(EXACT_BITS, o->a, o->b, o->c, o->exact, o->scaled, o->rounded, (mpfr_ptr)0);
  mpz_init(o->digits);
  return o;
}

static inline void oracle_free(oracle *o)
{
  mpfr_clears(o->a, o->b, o->c, o->exact, o->scaled, o->rounded, (mpfr_ptr)0);
  mpz_clear(o->digits);
  free(o);
}

static inline void decode(format f, mpfr_t x, uint64_t bits)
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
static inline void make_sticky(oracle *o, int ternary)
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
static inline bool round_to_unit(oracle *o, uint8_t rm, long unit)
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
static inline bool tiny_after_rounding(oracle *o, format f, uint8_t rm)
{
  long unit = mpfr_get_exp(o->exact) - 1 - f.frac_bits;
  round_to_unit(o, rm, unit);
  mpfr_mul_2si(o->rounded, o->rounded, unit, MPFR_RNDN);
  return mpfr_get_exp(o->rounded) - 1 < min_exp(f);
}

static inline uint64_t overflowed(format f, uint8_t rm, bool negative)
{
  bool to_inf = rm == RV_RNE || rm == RV_RMM || rm == (negative ? RV_RDN : RV_RUP);
  return to_inf ? infinity(f) : infinity(f) - 1;
}

/* The exact result in the format; flags as the manual has them. A zero's sign is as MPFR's. */
static inline uint64_t encode(oracle *o, format f, rv_fp *fp)
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

typedef enum { ADD, SUB, MUL, DIV, SQRT, FMA, N_FP_OPS } op;

static const char *const op_names[] = { "add", "sub", "mul", "div", "sqrt", "fma" };

/* The exact operation, into o->exact; returns MPFR's ternary value. An exact zero sum is -0 only
 * when rounding down, which MPFR decides by its own mode; so that one is given separately. */
static inline int compute(oracle *o, op op, mpfr_rnd_t rnd)
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
static inline bool is_invalid(oracle *o, op op, format f, const uint64_t *x)
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

static inline uint64_t expect(oracle *o, op op, format f, rv_fp *fp, const uint64_t *x)
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

/* --- Conversions --- */

/* The range of an integer type, as in an x register. */
typedef struct {
  uint64_t lowest, highest;
} int_range;

static inline uint64_t expect_integer(oracle *o, const int_range *t, rv_fp *fp)
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

/* Any width, with long runs of zeros or ones below the top: halfway cases of both formats. */
static inline uint64_t random_integer(void)
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

static inline void set_integer(mpfr_t x, int type, uint64_t a)
{
  if (type == 0 || type == 2)
    mpfr_set_si(x, type == 0 ? (int32_t)a : (int64_t)a, MPFR_RNDN);
  else
    mpfr_set_ui(x, type == 1 ? (uint32_t)a : a, MPFR_RNDN);
}

/* A number of the wider format: any, or one near the middle of two of the narrower, often about the
 * smallest normal one. */
static inline uint64_t random_near(format wide, format narrow)
{
  const int less = wide.frac_bits - narrow.frac_bits - 9;
  uint64_t a = random_operand(wide);
  if (below(2))
    return a;
  int exp = bias(wide) - bias(narrow) +
            (below(3) ? (int)below(2 * bias(narrow) + 46) - 33 : (int)below(4) - 2);
  uint64_t frac = random_frac(wide);
  frac = below(2) ? frac & ~0ull << (less + below(wide.frac_bits - less)) : frac;
  return compose(wide, exp, (frac + below(3) - 1) & frac_mask(wide));
}

/* --- Rounding to an integer, the modular conversion, constants --- */

static inline uint64_t expect_round(oracle *o, format f, rv_fp *fp, uint64_t a, bool tell_inexact)
{
  decode(f, o->exact, a);
  fp->flags |= is_signaling(f, a) ? RV_NV : 0;
  if (mpfr_number_p(o->exact)) {
    const bool inexact = round_to_unit(o, fp->rm, 0);
    fp->flags |= inexact && tell_inexact ? RV_NX : 0;
    mpfr_set(o->exact, o->rounded, MPFR_RNDN);
    mpfr_setsign(o->exact, o->exact, (a & sign_bit(f)) != 0, MPFR_RNDN);
  }
  return encode(o, f, fp);
}

/* [norm:fcvtmod-w-d_op], [norm:fcvtmod-w-d_flags] */
static inline uint64_t expect_modular(oracle *o, format f, rv_fp *fp, uint64_t a)
{
  static const int_range words = { (uint64_t)INT32_MIN, INT32_MAX };
  rv_fp clipped = { .rm = RV_RTZ };
  decode(f, o->exact, a);
  expect_integer(o, &words, &clipped);
  fp->flags |= clipped.flags;
  if (!mpfr_number_p(o->exact))
    return 0;
  mpfr_trunc(o->rounded, o->exact);
  mpfr_get_z(o->digits, o->rounded, MPFR_RNDN);
  mpz_fdiv_r_2exp(o->digits, o->digits, 32);
  return (int64_t)(int32_t)mpz_get_ui(o->digits);
}

/* The manual's table of FLI; entry 1 is the smallest normal number of the format, 31 the canonical
 * NaN. */
static inline uint64_t expect_constant(oracle *o, format f, unsigned n)
{
  static const double constants[] = {
    -1,    0,      0x1p-16, 0x1p-15, 0x1p-8, 0x1p-7, 0.0625, 0.125, 0.25,  0.3125,
    0.375, 0.4375, 0.5,     0.625,   0.75,   0.875,  1,      1.25,  1.5,   1.75,
    2,     2.5,    3,       4,       8,      16,     128,    256,   32768, 65536,
  };
  rv_fp fp = { .rm = RV_RNE };
  if (n == 1)
    mpfr_set_ui_2exp(o->exact, 1, min_exp(f), MPFR_RNDN);
  else if (n < 30)
    mpfr_set_d(o->exact, constants[n], MPFR_RNDN);
  else if (n == 30)
    mpfr_set_inf(o->exact, 1);
  else
    mpfr_set_nan(o->exact);
  return encode(o, f, &fp);
}

/* --- Minimum and maximum --- */

static inline uint64_t expect_min_max(oracle *o, format f, uint64_t a, uint64_t b, bool max)
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

/* [norm:fmaxm-s_fminm-s_op] */
static inline uint64_t expect_min_max_or_nan(oracle *o, format f, uint64_t a, uint64_t b, bool max)
{
  return is_nan(f, a) || is_nan(f, b) ? quiet_nan(f) : expect_min_max(o, f, a, b, max);
}
#endif
