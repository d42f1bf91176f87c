/* fp.c - binary16, binary32 and binary64 arithmetic in integers; see fp.h.
 *
 * One algorithm for all formats, in three steps: unpack the bits to a number (sign, exponent,
 * 128-bit significand), compute exactly or with a sticky bit for what is lost, and round once
 * into the format. Only the last step knows rounding modes and flags of the result.
 * Manual: unprivileged, "F", "D", "Zfh" and "Zfa" extensions. Uses no host floating point.
 */
#include "cpu/fp.h"

typedef unsigned __int128 u128;

/* Each operation of fp.h is compiled for its format, with all shifts and masks constant: add
 * takes 8 ns instead of 14, fma 10 instead of 19, for 13 KiB more code. */
#define GENERIC static inline __attribute__((always_inline))

/* An interchange format of IEEE 754, clause 3.4. */
typedef struct {
  int exp_bits, frac_bits;
} format;

static const format f16 = { 5, 10 }, f32 = { 8, 23 }, f64 = { 11, 52 };

/* INF and the NaNs follow FINITE, and the NaNs are last: they are tested by comparison. */
typedef enum { FINITE, INF, QUIET_NAN, SIGNALING_NAN } kind;

/* Its value, if FINITE: sig * 2^(exp - 127). So exp is the exponent of the leading one if bit 127
 * of sig is set, which it is after unpack() and normalise() unless the number is zero. Bit 0 may
 * be sticky: "something nonzero from here down". */
typedef struct {
  kind kind;
  bool sign;
  int exp;
  u128 sig;
} number;

/* A zero is below every other number, so that aligning to the larger exponent never moves it. */
enum { ZERO_EXP = -100000 };

/* --- The formats --- */

GENERIC int bias(format f) { return (1 << (f.exp_bits - 1)) - 1; }
GENERIC int precision(format f) { return f.frac_bits + 1; }
GENERIC int min_exp(format f) { return 1 - bias(f); }
GENERIC uint64_t frac_mask(format f) { return (1ull << f.frac_bits) - 1; }
GENERIC uint64_t quiet_bit(format f) { return 1ull << (f.frac_bits - 1); }
GENERIC uint64_t sign_bit(format f) { return 1ull << (f.exp_bits + f.frac_bits); }
GENERIC uint64_t infinity(format f) { return ((1ull << f.exp_bits) - 1) << f.frac_bits; }

/* [norm:canonical_NaN]: positive, quiet, no payload. */
GENERIC uint64_t canonical_nan(format f) { return infinity(f) | quiet_bit(f); }

GENERIC uint64_t with_sign(format f, bool sign, uint64_t magnitude)
{
  return sign ? sign_bit(f) | magnitude : magnitude;
}

/* --- Numbers --- */

GENERIC bool is_nan(number x) { return x.kind >= QUIET_NAN; }
GENERIC bool is_zero(number x) { return x.kind == FINITE && x.sig == 0; }

/* Move the leading one to bit 127; x is not zero. */
GENERIC number normalise(number x)
{
  uint64_t high = x.sig >> 64;
  int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x.sig);
  x.sig <<= shift;
  x.exp -= shift;
  return x;
}

/* Shift right by n >= 0; bits shifted out are ORed into bit 0. */
GENERIC u128 shift_right_sticky(u128 sig, int n)
{
  if (n == 0)
    return sig;
  if (n > 127)
    return sig != 0;
  return sig >> n | (sig << (128 - n) != 0);
}

GENERIC number from_integer(bool sign, uint64_t magnitude)
{
  number x = { FINITE, sign, magnitude ? 127 : ZERO_EXP, magnitude };
  return magnitude ? normalise(x) : x;
}

GENERIC number unpack(format f, uint64_t bits)
{
  uint64_t frac = bits & frac_mask(f), biased = (bits & infinity(f)) >> f.frac_bits;
  bool sign = bits & sign_bit(f);
  if (biased == infinity(f) >> f.frac_bits) {
    kind k = frac == 0 ? INF : frac & quiet_bit(f) ? QUIET_NAN : SIGNALING_NAN;
    return (number){ k, sign, 0, 0 };
  }
  if (biased == 0) { /* zero or subnormal: no hidden one, the exponent of biased 1 */
    number x = from_integer(sign, frac);
    x.exp += frac ? min_exp(f) - f.frac_bits : 0;
    return x;
  }
  u128 sig = (u128)(frac | 1ull << f.frac_bits) << (127 - f.frac_bits);
  return (number){ FINITE, sign, (int)biased - bias(f), sig };
}

/* --- Rounding --- */

/* Whether the magnitude goes up by one unit; rest is what follows the last kept bit (odd says
 * which that is), as a fraction of 2^128. */
GENERIC bool rounds_up(uint8_t rm, bool sign, bool odd, u128 rest)
{
  const u128 half = (u128)1 << 127;
  switch (rm) {
  case RV_RNE:
    return rest > half || (rest == half && odd);
  case RV_RMM:
    return rest >= half;
  case RV_RDN:
    return sign && rest;
  case RV_RUP:
    return !sign && rest;
  default:
    return false;
  }
}

/* [norm:ieee_std_tininess]: tiny after rounding, that is, rounded to the format's precision but
 * with any exponent, below the smallest normal number. x is normalised. */
GENERIC bool is_tiny(format f, uint8_t rm, number x)
{
  if (x.exp != min_exp(f) - 1)
    return x.exp < min_exp(f);
  bool all_ones = ~(x.sig | ~(u128)0 >> precision(f)) == 0;
  return !(all_ones && rounds_up(rm, x.sign, true, x.sig << precision(f)));
}

/* Too large for the format: infinity, or the largest number if the mode rounds towards it. */
static uint64_t overflow(rv_fp *fp, format f, bool sign)
{
  fp->flags |= RV_OF | RV_NX;
  bool to_infinity = rounds_up(fp->rm, sign, true, ~(u128)0);
  return with_sign(f, sign, to_infinity ? infinity(f) : infinity(f) - 1);
}

/* Round a finite number into the format: the only place where a result is rounded. */
GENERIC uint64_t round_pack(rv_fp *fp, format f, number x)
{
  if (x.sig == 0)
    return with_sign(f, x.sign, 0);
  x = normalise(x);
  /* Below the smallest normal the last place stays where it is: fewer bits are kept. */
  int exp = x.exp < min_exp(f) ? min_exp(f) : x.exp;
  u128 sig = shift_right_sticky(x.sig, exp - x.exp);
  uint64_t kept = sig >> (128 - precision(f));
  u128 rest = sig << precision(f);
  bool up = rounds_up(fp->rm, x.sign, kept & 1, rest);
  /* The hidden one, if there is one, adds 1 to the exponent field; and so does a carry out of
   * the fraction, be it from subnormal to normal or from the largest number to infinity. */
  uint64_t magnitude = ((uint64_t)(exp + bias(f) - 1) << f.frac_bits) + kept + up;
  if (magnitude >= infinity(f))
    return overflow(fp, f, x.sign);
  if (rest)
    fp->flags |= is_tiny(f, fp->rm, x) ? RV_UF | RV_NX : RV_NX;
  return with_sign(f, x.sign, magnitude);
}

/* --- Exceptional operands --- */

static uint64_t invalid(rv_fp *fp, format f)
{
  fp->flags |= RV_NV;
  return canonical_nan(f);
}

/* Whether an operand is a NaN; a signaling one raises NV. */
GENERIC bool any_nan(rv_fp *fp, number a, number b)
{
  if (a.kind == SIGNALING_NAN || b.kind == SIGNALING_NAN)
    fp->flags |= RV_NV;
  return is_nan(a) || is_nan(b);
}

/* --- Addition, multiplication, fused --- */

/* Sum of two finite numbers, with sticky bit. An operand has at most 106 significant bits at the
 * top of its sig, so bits are lost only at exponents too far apart for the leading ones to
 * cancel by more than two places: the sticky bit stays below the rounding position. */
GENERIC number sum(uint8_t rm, number a, number b)
{
  if (a.exp < b.exp) {
    number t = a;
    a = b;
    b = t;
  }
  u128 x = a.sig >> 1, y = shift_right_sticky(b.sig >> 1, a.exp - b.exp);
  number r = { FINITE, a.sign, a.exp + 1, x + y }; /* the shift by one made room for the carry */
  if (a.sign != b.sign) {
    r.sign = x > y ? a.sign : x < y ? b.sign : rm == RV_RDN; /* IEEE 754, 6.3: the exact zero */
    r.sig = x > y ? x - y : y - x;
  }
  return r;
}

/* Round the sum of two numbers that are no NaNs. */
GENERIC uint64_t add_numbers(rv_fp *fp, format f, number a, number b)
{
  if (a.kind == INF && b.kind == INF && a.sign != b.sign)
    return invalid(fp, f);
  if (a.kind == INF || b.kind == INF)
    return with_sign(f, a.kind == INF ? a.sign : b.sign, infinity(f));
  return round_pack(fp, f, sum(fp->rm, a, b));
}

/* The exact product of two numbers that are no NaNs, nor infinity and zero. */
GENERIC number product(number a, number b)
{
  bool sign = a.sign != b.sign;
  if (a.kind == INF || b.kind == INF)
    return (number){ INF, sign, 0, 0 };
  u128 sig = (u128)(uint64_t)(a.sig >> 64) * (uint64_t)(b.sig >> 64);
  return (number){ FINITE, sign, a.exp + b.exp + 1, sig };
}

GENERIC bool is_inf_times_zero(number a, number b)
{
  return (a.kind == INF && is_zero(b)) || (is_zero(a) && b.kind == INF);
}

GENERIC uint64_t add(rv_fp *fp, format f, uint64_t a_bits, uint64_t b_bits)
{
  number a = unpack(f, a_bits), b = unpack(f, b_bits);
  return any_nan(fp, a, b) ? canonical_nan(f) : add_numbers(fp, f, a, b);
}

/* a - b is a + (-b) in every case: zero signs follow the flipped sign, NaN results have none. */
GENERIC uint64_t sub(rv_fp *fp, format f, uint64_t a_bits, uint64_t b_bits)
{
  return add(fp, f, a_bits, b_bits ^ sign_bit(f));
}

GENERIC uint64_t mul(rv_fp *fp, format f, uint64_t a_bits, uint64_t b_bits)
{
  number a = unpack(f, a_bits), b = unpack(f, b_bits);
  if (any_nan(fp, a, b))
    return canonical_nan(f);
  if (is_inf_times_zero(a, b))
    return invalid(fp, f);
  number p = product(a, b);
  return p.kind == INF ? with_sign(f, p.sign, infinity(f)) : round_pack(fp, f, p);
}

GENERIC uint64_t mul_add(rv_fp *fp, format f, uint64_t a_bits, uint64_t b_bits, uint64_t c_bits)
{
  number a = unpack(f, a_bits), b = unpack(f, b_bits), c = unpack(f, c_bits);
  bool ab_nan = any_nan(fp, a, b), c_nan = any_nan(fp, c, c); /* each may raise NV */
  if (is_inf_times_zero(a, b)) /* even with c a NaN [norm:fma_nv_flag] */
    return invalid(fp, f);
  return ab_nan || c_nan ? canonical_nan(f) : add_numbers(fp, f, product(a, b), c);
}

/* --- Division, square root --- */

/* Quotient of finite numbers, b not zero, with sticky bit: 63 or 64 bits of it, and both sig
 * halves are normalised, so that the division fits 128 by 64 bits. */
GENERIC number quotient(number a, number b)
{
  uint64_t divisor = b.sig >> 64;
  u128 dividend = a.sig >> 1;
  u128 q = dividend / divisor;
  bool sticky = q * divisor != dividend;
  return (number){ FINITE, a.sign != b.sign, a.exp - b.exp, q << 64 | sticky };
}

GENERIC uint64_t div(rv_fp *fp, format f, uint64_t a_bits, uint64_t b_bits)
{
  number a = unpack(f, a_bits), b = unpack(f, b_bits);
  bool sign = a.sign != b.sign;
  if (any_nan(fp, a, b))
    return canonical_nan(f);
  if (a.kind == b.kind && (a.kind == INF || (is_zero(a) && is_zero(b))))
    return invalid(fp, f);
  if (a.kind == INF)
    return with_sign(f, sign, infinity(f));
  if (b.kind == INF || is_zero(a))
    return with_sign(f, sign, 0);
  if (is_zero(b)) {
    fp->flags |= RV_DZ;
    return with_sign(f, sign, infinity(f));
  }
  return round_pack(fp, f, quotient(a, b));
}

/* Floor of the square root of n, 2^124 <= n < 2^126: Newton's method from above, where the
 * estimates fall until they reach it. Six or seven divisions. */
static uint64_t integer_sqrt(u128 n)
{
  uint64_t root, next = 1ull << 63;
  do {
    root = next;
    next = (root + (uint64_t)(n / root)) / 2;
  } while (next < root);
  return root;
}

/* Square root of a finite positive number, with sticky bit. */
GENERIC number square_root(number a)
{
  bool odd = a.exp & 1;
  u128 n = a.sig >> (odd ? 2 : 3); /* a = n * 2^(exp - odd - 124), an even exponent */
  uint64_t root = integer_sqrt(n);
  bool sticky = (u128)root * root != n;
  /* The root is root * 2^((exp - odd)/2 - 62); sig has it 64 bits further up. */
  return (number){ FINITE, false, (a.exp - odd) / 2 + 1, (u128)root << 64 | sticky };
}

GENERIC uint64_t sqroot(rv_fp *fp, format f, uint64_t a_bits)
{
  number a = unpack(f, a_bits);
  if (any_nan(fp, a, a))
    return canonical_nan(f);
  if (is_zero(a)) /* the root of -0 is -0 */
    return a_bits;
  if (a.sign)
    return invalid(fp, f);
  return a.kind == INF ? a_bits : round_pack(fp, f, square_root(a));
}

/* --- Comparison, classification --- */

/* Bit patterns in the order of the numbers, -0 just below +0; not for NaNs. */
GENERIC int64_t ordered(format f, uint64_t bits)
{
  int64_t magnitude = bits & (sign_bit(f) - 1);
  return bits & sign_bit(f) ? ~magnitude : magnitude;
}

GENERIC uint64_t min_max(rv_fp *fp, format f, uint64_t a_bits, uint64_t b_bits, bool max)
{
  number a = unpack(f, a_bits), b = unpack(f, b_bits);
  if (any_nan(fp, a, b))
    return !is_nan(a) ? a_bits : !is_nan(b) ? b_bits : canonical_nan(f);
  bool a_below = ordered(f, a_bits) < ordered(f, b_bits);
  return a_below != max ? a_bits : b_bits;
}

/* [norm:fmaxm-s_fminm-s_op] */
GENERIC uint64_t min_max_or_nan(rv_fp *fp, format f, uint64_t a, uint64_t b, bool max)
{
  const uint64_t r = min_max(fp, f, a, b, max);
  return is_nan(unpack(f, a)) || is_nan(unpack(f, b)) ? canonical_nan(f) : r;
}

GENERIC bool both_zero(format f, uint64_t a, uint64_t b) { return ((a | b) & ~sign_bit(f)) == 0; }

GENERIC bool eq(rv_fp *fp, format f, uint64_t a, uint64_t b)
{
  return !any_nan(fp, unpack(f, a), unpack(f, b)) && (a == b || both_zero(f, a, b));
}

/* Whether an operand is a NaN, for the signaling comparisons: any NaN raises NV. */
GENERIC bool unordered(rv_fp *fp, format f, uint64_t a, uint64_t b)
{
  bool nan = is_nan(unpack(f, a)) || is_nan(unpack(f, b));
  fp->flags |= nan ? RV_NV : 0;
  return nan;
}

/* Of two that are no NaNs. */
GENERIC bool is_below(format f, uint64_t a, uint64_t b)
{
  return ordered(f, a) < ordered(f, b) && !both_zero(f, a, b);
}

GENERIC bool lt(rv_fp *fp, format f, uint64_t a, uint64_t b)
{
  return !unordered(fp, f, a, b) && is_below(f, a, b);
}

GENERIC bool le(rv_fp *fp, format f, uint64_t a, uint64_t b)
{
  return !unordered(fp, f, a, b) && !is_below(f, b, a);
}

/* The quiet ones [norm:fleq-s_fltq-s_op]: a signaling NaN raises NV, no other does. */
GENERIC bool ltq(rv_fp *fp, format f, uint64_t a, uint64_t b)
{
  return !any_nan(fp, unpack(f, a), unpack(f, b)) && is_below(f, a, b);
}

GENERIC bool leq(rv_fp *fp, format f, uint64_t a, uint64_t b)
{
  return !any_nan(fp, unpack(f, a), unpack(f, b)) && !is_below(f, b, a);
}

/* [norm:fclass-s_op]: bits 0 to 7 go from -infinity to +infinity, 8 and 9 are the NaNs. */
GENERIC uint64_t classify(format f, uint64_t bits)
{
  number x = unpack(f, bits);
  if (is_nan(x))
    return x.kind == SIGNALING_NAN ? 1 << 8 : 1 << 9;
  int size = x.kind == INF ? 3 : is_zero(x) ? 0 : x.exp < min_exp(f) ? 1 : 2;
  return x.sign ? 1 << (3 - size) : 1 << (4 + size);
}

/* --- Conversion --- */

/* The result of one that does not fit [norm:fcvt_unrepresentable_nv]. */
GENERIC uint64_t clip(rv_fp *fp, bool negative, uint64_t lowest, uint64_t highest)
{
  fp->flags |= RV_NV;
  return negative ? lowest : highest;
}

/* A finite number's magnitude, rounded; *rest is what was rounded away, as rounds_up has it. 64
 * integer bits and 64 of the fraction: for exponents up to 63. Rounding up carries no further: a
 * number with a fraction has less than 53 bits before it. */
GENERIC uint64_t round_magnitude(uint8_t rm, number x, u128 *rest)
{
  u128 fixed = shift_right_sticky(x.sig, 63 - x.exp);
  uint64_t whole = fixed >> 64;
  *rest = fixed << 64;
  return whole + rounds_up(rm, x.sign, whole & 1, *rest);
}

/* Round to an integer of lowest .. highest, both as in an x register. lowest is zero for the
 * unsigned types, and the negation of its magnitude. */
GENERIC uint64_t to_integer(rv_fp *fp, number x, uint64_t lowest, uint64_t highest)
{
  bool negative = x.sign && !is_nan(x);
  if (x.kind != FINITE || x.exp > 63)
    return clip(fp, negative, lowest, highest);
  u128 rest;
  uint64_t whole = round_magnitude(fp->rm, x, &rest);
  if (whole > (negative ? -lowest : highest))
    return clip(fp, negative, lowest, highest);
  fp->flags |= rest ? RV_NX : 0;
  return negative ? -whole : whole;
}

/* The 32-bit result, sign-extended whatever its type [norm:fcvt-w-d_fcvt-wu-d_sign_ext]. */
GENERIC uint64_t extend(uint64_t word) { return (uint64_t)(int64_t)(int32_t)word; }

GENERIC uint64_t to_i32(rv_fp *fp, format f, uint64_t a)
{
  return to_integer(fp, unpack(f, a), (uint64_t)INT32_MIN, INT32_MAX);
}

GENERIC uint64_t to_u32(rv_fp *fp, format f, uint64_t a)
{
  return extend(to_integer(fp, unpack(f, a), 0, UINT32_MAX));
}

GENERIC uint64_t to_i64(rv_fp *fp, format f, uint64_t a)
{
  return to_integer(fp, unpack(f, a), (uint64_t)INT64_MIN, INT64_MAX);
}

GENERIC uint64_t to_u64(rv_fp *fp, format f, uint64_t a)
{
  return to_integer(fp, unpack(f, a), 0, UINT64_MAX);
}

GENERIC uint64_t from_signed(rv_fp *fp, format f, int64_t a)
{
  return round_pack(fp, f, from_integer(a < 0, a < 0 ? -(uint64_t)a : (uint64_t)a));
}

GENERIC uint64_t from_unsigned(rv_fp *fp, format f, uint64_t a)
{
  return round_pack(fp, f, from_integer(false, a));
}

GENERIC uint64_t convert(rv_fp *fp, format from, format to, uint64_t bits)
{
  number x = unpack(from, bits);
  if (any_nan(fp, x, x))
    return canonical_nan(to);
  return x.kind == INF ? with_sign(to, x.sign, infinity(to)) : round_pack(fp, to, x);
}

/* [norm:fround-s_op], [norm:froundnx-s_op]. What has no fraction, infinities and zeros among them,
 * stays as it is; a result of zero has the operand's sign. */
GENERIC uint64_t round_to_integral(rv_fp *fp, format f, uint64_t bits, uint8_t inexact)
{
  number x = unpack(f, bits);
  u128 rest;
  if (any_nan(fp, x, x))
    return canonical_nan(f);
  if (x.kind == INF || is_zero(x) || x.exp >= f.frac_bits)
    return bits;
  number whole = from_integer(x.sign, round_magnitude(fp->rm, x, &rest));
  fp->flags |= rest ? inexact : 0;
  return round_pack(fp, f, whole); /* exact */
}

/* [norm:fcvtmod-w-d_op]: what is beyond 128 bits has no bit below 2^32. */
GENERIC uint64_t modular(rv_fp *fp, format f, uint64_t bits)
{
  number x = unpack(f, bits);
  rv_fp clipped = { .rm = RV_RTZ };
  to_i32(&clipped, f, bits); /* [norm:fcvtmod-w-d_flags] */
  fp->flags |= clipped.flags;
  if (x.kind != FINITE || x.exp < 0 || x.exp > 127)
    return 0;
  uint64_t magnitude = x.sig >> (127 - x.exp);
  return extend(x.sign ? -magnitude : magnitude);
}

/* [norm:fli-s_op] */
const uint32_t rv_fli[32] = {
  0xbf800000, 0x00800000, 0x37800000, 0x38000000, 0x3b800000, 0x3c000000, 0x3d800000, 0x3e000000,
  0x3e800000, 0x3ea00000, 0x3ec00000, 0x3ee00000, 0x3f000000, 0x3f200000, 0x3f400000, 0x3f600000,
  0x3f800000, 0x3fa00000, 0x3fc00000, 0x3fe00000, 0x40000000, 0x40200000, 0x40400000, 0x40800000,
  0x41000000, 0x41800000, 0x43000000, 0x43800000, 0x47000000, 0x47800000, 0x7f800000, 0x7fc00000,
};

/* The smallest normal number is each format's own, and 2^16 is infinity in binary16, as if rounded
 * [norm:fli-d_op, norm:fli-h_op]. */
GENERIC uint64_t load_immediate(format f, unsigned n)
{
  rv_fp fp = { .rm = RV_RNE };
  return n == 1 ? 1ull << f.frac_bits : convert(&fp, f32, f, rv_fli[n]);
}

/* --- The three formats --- */

#define INSTANCE(F, T)                                                                             \
  T rv_##F##_add(rv_fp *fp, T a, T b) { return add(fp, F, a, b); }                                 \
  T rv_##F##_sub(rv_fp *fp, T a, T b) { return sub(fp, F, a, b); }                                 \
  T rv_##F##_mul(rv_fp *fp, T a, T b) { return mul(fp, F, a, b); }                                 \
  T rv_##F##_div(rv_fp *fp, T a, T b) { return div(fp, F, a, b); }                                 \
  T rv_##F##_sqrt(rv_fp *fp, T a) { return sqroot(fp, F, a); }                                     \
  T rv_##F##_fma(rv_fp *fp, T a, T b, T c) { return mul_add(fp, F, a, b, c); }                     \
  T rv_##F##_min(rv_fp *fp, T a, T b) { return min_max(fp, F, a, b, false); }                      \
  T rv_##F##_max(rv_fp *fp, T a, T b) { return min_max(fp, F, a, b, true); }                       \
  T rv_##F##_minm(rv_fp *fp, T a, T b) { return min_max_or_nan(fp, F, a, b, false); }              \
  T rv_##F##_maxm(rv_fp *fp, T a, T b) { return min_max_or_nan(fp, F, a, b, true); }               \
  T rv_##F##_round(rv_fp *fp, T a) { return round_to_integral(fp, F, a, 0); }                      \
  T rv_##F##_roundnx(rv_fp *fp, T a) { return round_to_integral(fp, F, a, RV_NX); }                \
  T rv_##F##_li(unsigned n) { return load_immediate(F, n); }                                       \
  bool rv_##F##_ltq(rv_fp *fp, T a, T b) { return ltq(fp, F, a, b); }                              \
  bool rv_##F##_leq(rv_fp *fp, T a, T b) { return leq(fp, F, a, b); }                              \
  bool rv_##F##_eq(rv_fp *fp, T a, T b) { return eq(fp, F, a, b); }                                \
  bool rv_##F##_lt(rv_fp *fp, T a, T b) { return lt(fp, F, a, b); }                                \
  bool rv_##F##_le(rv_fp *fp, T a, T b) { return le(fp, F, a, b); }                                \
  uint64_t rv_##F##_class(T a) { return classify(F, a); }                                          \
  uint64_t rv_##F##_to_i32(rv_fp *fp, T a) { return to_i32(fp, F, a); }                            \
  uint64_t rv_##F##_to_u32(rv_fp *fp, T a) { return to_u32(fp, F, a); }                            \
  uint64_t rv_##F##_to_i64(rv_fp *fp, T a) { return to_i64(fp, F, a); }                            \
  uint64_t rv_##F##_to_u64(rv_fp *fp, T a) { return to_u64(fp, F, a); }                            \
  T rv_i32_to_##F(rv_fp *fp, int32_t a) { return from_signed(fp, F, a); }                          \
  T rv_u32_to_##F(rv_fp *fp, uint32_t a) { return from_unsigned(fp, F, a); }                       \
  T rv_i64_to_##F(rv_fp *fp, int64_t a) { return from_signed(fp, F, a); }                          \
  T rv_u64_to_##F(rv_fp *fp, uint64_t a) { return from_unsigned(fp, F, a); }

INSTANCE(f16, uint16_t)
INSTANCE(f32, uint32_t)
INSTANCE(f64, uint64_t)

uint64_t rv_f32_to_f64(rv_fp *fp, uint32_t a) { return convert(fp, f32, f64, a); }
uint32_t rv_f64_to_f32(rv_fp *fp, uint64_t a) { return convert(fp, f64, f32, a); }
uint32_t rv_f16_to_f32(rv_fp *fp, uint16_t a) { return convert(fp, f16, f32, a); }
uint64_t rv_f16_to_f64(rv_fp *fp, uint16_t a) { return convert(fp, f16, f64, a); }
uint16_t rv_f32_to_f16(rv_fp *fp, uint32_t a) { return convert(fp, f32, f16, a); }
uint16_t rv_f64_to_f16(rv_fp *fp, uint64_t a) { return convert(fp, f64, f16, a); }
uint64_t rv_f64_modular(rv_fp *fp, uint64_t a) { return modular(fp, f64, a); }
