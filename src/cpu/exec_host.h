/* exec_host.h - floating point by the host's (SSE2, FMA), for the fast engine: the rows of
 * host.def.
 *
 * With every FS Dirty and frm RNE (fp_fast), the host's result and flags are the same bits: it
 * rounds to nearest, detects tininess after rounding, and keeps the flags in MXCSR until they are
 * asked for (rv_fp_collect). A NaN result is not: RISC-V's is canonical, and FMA(inf, 0, qNaN) is
 * invalid here. So each NaN result, an operand that is not boxed, and what does not fit an integer
 * are done again by the slow form, which raises the same flags or more. [unpriv f#nan-generation]
 *
 * The including file has CASE and friends as for handlers.h.
 */
#include <emmintrin.h>

#define BOXED(v) ((v) >> 32 == 0xffffffff)
#define READY(name)                                                                                \
  if (unlikely(!HART->fp_fast))                                                                    \
  SLOW(name)
#define IF_NOT(condition, name)                                                                    \
  if (unlikely(!(condition)))                                                                      \
  SLOW(name)

static inline __attribute__((always_inline)) double f64(uint64_t v)
{
  double d;
  memcpy(&d, &v, 8);
  return d;
}
static inline __attribute__((always_inline)) uint64_t bits64(double d)
{
  uint64_t v;
  memcpy(&v, &d, 8);
  return v;
}
static inline __attribute__((always_inline)) float f32(uint64_t v)
{
  float f;
  memcpy(&f, &v, 4);
  return f;
}
/* The halves of an f register, each by a load of its own: fewer registers than by shifts. */
static inline __attribute__((always_inline)) float low(const uint64_t *f)
{
  float v;
  memcpy(&v, f, 4);
  return v;
}
static inline __attribute__((always_inline)) uint32_t high(const uint64_t *f)
{
  uint32_t v;
  memcpy(&v, (const char *)f + 4, 4);
  return v;
}
static inline __attribute__((always_inline)) uint64_t box32(float f)
{
  uint32_t v;
  memcpy(&v, &f, 4);
  return 0xffffffff00000000ull | v;
}

/* ---- loads and stores ---- */

#define HOST_LOAD(name, type, value)                                                               \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const uint64_t ea = RS1 + IMM;                                                          \
    const uint64_t i = TLB_INDEX(ea);                                                              \
    const uint64_t off = ea - TLB_VA(i, r);                                                        \
    type v;                                                                                        \
    READY(name);                                                                                   \
    IF_NOT(off <= RV_PAGE_SIZE - sizeof v, name);                                                  \
    memcpy(&v, TLB_HOST(ea, i, r), sizeof v);                                                      \
    FD = value;                                                                                    \
    NEXT;                                                                                          \
  }
#define HOST_STORE(name, type)                                                                     \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const uint64_t ea = RS1 + IMM;                                                          \
    const uint64_t i = TLB_INDEX(ea);                                                              \
    const uint64_t off = ea - TLB_VA(i, w);                                                        \
    const type v = FS2;                                                                     \
    READY(name);                                                                                   \
    IF_NOT(off <= RV_PAGE_SIZE - sizeof v, name);                                                  \
    memcpy(TLB_HOST(ea, i, w), &v, sizeof v);                                                      \
    NEXT;                                                                                          \
  }
HOST_LOAD(flw, uint32_t, 0xffffffff00000000ull | v)
HOST_LOAD(fld, uint64_t, v)
HOST_LOAD(flh, uint16_t, 0xffffffffffff0000ull | v)
HOST_STORE(fsh, uint16_t)
HOST_STORE(fsw, uint32_t)
HOST_STORE(fsd, uint64_t)

/* ---- f from f: a, b, c are the operands ---- */

#define HOST_D(name, e)                                                                            \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const double a = f64(FS1), b __attribute__((unused)) = f64(FS2);                 \
    READY(name);                                                                                   \
    const double r = e;                                                                            \
    IF_NOT(r == r, name);                                                                          \
    FD = bits64(r);                                                                         \
    NEXT;                                                                                          \
  }
#define HOST_S(name, e)                                                                            \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const float a = low(&FS1), b = low(&FS2);                                        \
    READY(name);                                                                                   \
    IF_NOT((high(&FS1) & high(&FS2)) == ~0u, name);                                  \
    const float r = e;                                                                             \
    IF_NOT(r == r, name);                                                                          \
    FD = box32(r);                                                                          \
    NEXT;                                                                                          \
  }
#define SQRT_D(v) _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(v), _mm_set_sd(v)))
#define SQRT_S(v) _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(v)))
HOST_D(fadd_d, a + b)
HOST_D(fsub_d, a - b)
HOST_D(fmul_d, a *b)
HOST_D(fdiv_d, a / b)
HOST_D(fsqrt_d, SQRT_D(a))
HOST_S(fadd_s, a + b)
HOST_S(fsub_s, a - b)
HOST_S(fmul_s, a *b)
HOST_S(fdiv_s, a / b)

/* One operand: rs2 is f0 then, boxed or not. */
#define HOST_FROM_S(name, to, e)                                                                   \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const uint64_t fa = FS1;                                                                \
    const float a = f32(fa);                                                                       \
    READY(name);                                                                                   \
    IF_NOT(BOXED(fa) && a == a, name);                                                             \
    FD = to(e);                                                                             \
    NEXT;                                                                                          \
  }
HOST_FROM_S(fcvt_d_s, bits64, a)
CASE(host_fsqrt_s)
{
  const uint64_t fa = FS1;
  READY(fsqrt_s);
  IF_NOT(BOXED(fa), fsqrt_s);
  const float r = SQRT_S(f32(fa));
  IF_NOT(r == r, fsqrt_s);
  FD = box32(r);
  NEXT;
}
CASE(host_fcvt_s_d)
{
  const double a = f64(FS1);
  READY(fcvt_s_d);
  IF_NOT(a == a, fcvt_s_d);
  FD = box32(a);
  NEXT;
}

/* Equal ones may be zeroes of two signs, or a NaN may be among them. isless does not signal. */
#define HOST_PICK(name, type, to, ok, first)                                                       \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const uint64_t *fa = &FS1, *fb = &FS2;                                           \
    type a, b;                                                                                     \
    memcpy(&a, fa, sizeof a);                                                                      \
    memcpy(&b, fb, sizeof b);                                                                      \
    READY(name);                                                                                   \
    IF_NOT((ok) && __builtin_islessgreater(a, b), name);                                           \
    FD = to(first ? a : b);                                                                 \
    NEXT;                                                                                          \
  }
#define BOTH_BOXED ((high(fa) & high(fb)) == ~0u)
HOST_PICK(fmin_d, double, bits64, true, __builtin_isless(a, b))
HOST_PICK(fmax_d, double, bits64, true, __builtin_isless(b, a))
HOST_PICK(fmin_s, float, box32, BOTH_BOXED, __builtin_isless(a, b))
HOST_PICK(fmax_s, float, box32, BOTH_BOXED, __builtin_isless(b, a))
HOST_PICK(fminm_d, double, bits64, true, __builtin_isless(a, b))
HOST_PICK(fmaxm_d, double, bits64, true, __builtin_isless(b, a))
HOST_PICK(fminm_s, float, box32, BOTH_BOXED, __builtin_isless(a, b))
HOST_PICK(fmaxm_s, float, box32, BOTH_BOXED, __builtin_isless(b, a))

#define HOST_SIGN(name, ok, e)                                                                     \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const uint64_t a = FS1, b = FS2;                                                 \
    READY(name);                                                                                   \
    IF_NOT(ok, name);                                                                              \
    FD = e;                                                                                 \
    NEXT;                                                                                          \
  }
#define SIGN_D (1ull << 63)
#define SIGN_S (1ull << 31)
HOST_SIGN(fsgnj_d, true, (a & ~SIGN_D) | (b & SIGN_D))
HOST_SIGN(fsgnjn_d, true, (a & ~SIGN_D) | (~b & SIGN_D))
HOST_SIGN(fsgnjx_d, true, a ^ (b & SIGN_D))
HOST_SIGN(fsgnj_s, BOXED(a &b), (a & ~SIGN_S) | (b & SIGN_S))
HOST_SIGN(fsgnjn_s, BOXED(a &b), (a & ~SIGN_S) | (~b & SIGN_S))
HOST_SIGN(fsgnjx_s, BOXED(a &b), a ^ (b & SIGN_S))

/* Fused: one rounding, as the host's FMA has. */
#define FMA_CASE(name) HANDLER_ATTRIBUTES __attribute__((target("fma"))) void h_host_##name(RV_ARGS)
#define HOST_FMA_D(name, na, nc)                                                                   \
  FMA_CASE(name)                                                                                   \
  {                                                                                                \
    const double a = f64(FS1), b = f64(FS2);                                         \
    const double c = f64(FS3);                                              \
    READY(name);                                                                                   \
    const double r = __builtin_fma(na a, b, nc c);                                                 \
    IF_NOT(r == r, name);                                                                          \
    FD = bits64(r);                                                                         \
    NEXT;                                                                                          \
  }
#define HOST_FMA_S(name, na, nc)                                                                   \
  FMA_CASE(name)                                                                                   \
  {                                                                                                \
    const uint64_t *fa = &FS1, *fb = &FS2, *fc = &FS3;        \
    READY(name);                                                                                   \
    IF_NOT((high(fa) & high(fb) & high(fc)) == ~0u, name);                                         \
    const float r = __builtin_fmaf(na low(fa), low(fb), nc low(fc));                               \
    IF_NOT(r == r, name);                                                                          \
    FD = box32(r);                                                                          \
    NEXT;                                                                                          \
  }
HOST_FMA_D(fmadd_d, +, +)
HOST_FMA_D(fmsub_d, +, -)
HOST_FMA_D(fnmsub_d, -, +)
HOST_FMA_D(fnmadd_d, -, -)
HOST_FMA_S(fmadd_s, +, +)
HOST_FMA_S(fmsub_s, +, -)
HOST_FMA_S(fnmsub_s, -, +)
HOST_FMA_S(fnmadd_s, -, -)

/* ---- x from f ---- */

#define HOST_TO_X(name, ok, e)                                                                     \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const uint64_t fa = FS1, fb __attribute__((unused)) = FS2;                       \
    READY(name);                                                                                   \
    IF_NOT(ok, name);                                                                              \
    RD = e;                                                                                 \
    NEXT;                                                                                          \
  }
/* C's < and <= signal for every NaN, as FLT and FLE do; == for a signaling one, as FEQ does. (The
 * intrinsics of comisd say true of a NaN in gcc 12.) */
HOST_TO_X(feq_d, true, f64(fa) == f64(fb))
HOST_TO_X(flt_d, true, f64(fa) < f64(fb))
HOST_TO_X(fle_d, true, f64(fa) <= f64(fb))
HOST_TO_X(feq_s, BOXED(fa &fb), f32(fa) == f32(fb))
HOST_TO_X(flt_s, BOXED(fa &fb), f32(fa) < f32(fb))
HOST_TO_X(fle_s, BOXED(fa &fb), f32(fa) <= f32(fb))
HOST_TO_X(fltq_d, true, __builtin_isless(f64(fa), f64(fb)))
HOST_TO_X(fleq_d, true, __builtin_islessequal(f64(fa), f64(fb)))
HOST_TO_X(fltq_s, BOXED(fa &fb), __builtin_isless(f32(fa), f32(fb)))
HOST_TO_X(fleq_s, BOXED(fa &fb), __builtin_islessequal(f32(fa), f32(fb)))
HOST_TO_X(fmv_x_d, true, fa)
HOST_TO_X(fmv_x_h, true, (int64_t)(int16_t)fa)
HOST_TO_X(fmv_x_w, true, sext32(fa))

/* Truncation. What does not fit is asked before: the host would say "inexact" of it, too. A
 * positive number's bits are in the order of its value. */
#define BELOW_D(limit) (fa < bits64(limit))
#define BELOW_S(limit) (fa < box32(limit) && BOXED(fa))
#define WITHIN_D(limit) ((fa & ~SIGN_D) < bits64(limit))
#define WITHIN_S(limit) (BOXED(fa) && (fa & ~SIGN_S) < (box32(limit) & ~SIGN_S))
HOST_TO_X(fcvt_w_d, WITHIN_D(0x1p31), sext32(_mm_cvttsd_si32(_mm_set_sd(f64(fa)))))
HOST_TO_X(fcvt_l_d, WITHIN_D(0x1p63), _mm_cvttsd_si64(_mm_set_sd(f64(fa))))
HOST_TO_X(fcvt_wu_d, BELOW_D(0x1p32), sext32(_mm_cvttsd_si64(_mm_set_sd(f64(fa)))))
HOST_TO_X(fcvt_lu_d, BELOW_D(0x1p63), _mm_cvttsd_si64(_mm_set_sd(f64(fa))))
HOST_TO_X(fcvt_w_s, WITHIN_S(0x1p31f), sext32(_mm_cvttss_si32(_mm_set_ss(f32(fa)))))
HOST_TO_X(fcvt_l_s, WITHIN_S(0x1p63f), _mm_cvttss_si64(_mm_set_ss(f32(fa))))
HOST_TO_X(fcvt_wu_s, BELOW_S(0x1p32f), sext32(_mm_cvttss_si64(_mm_set_ss(f32(fa)))))
HOST_TO_X(fcvt_lu_s, BELOW_S(0x1p63f), _mm_cvttss_si64(_mm_set_ss(f32(fa))))

/* ---- f from x ---- */

#define HOST_FROM_X(name, ok, e)                                                                   \
  CASE(host_##name)                                                                                \
  {                                                                                                \
    const uint64_t a = RS1;                                                                 \
    READY(name);                                                                                   \
    IF_NOT(ok, name);                                                                              \
    FD = e;                                                                                 \
    NEXT;                                                                                          \
  }
HOST_FROM_X(fmv_d_x, true, a)
HOST_FROM_X(fmv_h_x, true, 0xffffffffffff0000ull | (uint16_t)a)
HOST_FROM_X(fmv_w_x, true, 0xffffffff00000000ull | (uint32_t)a)
HOST_FROM_X(fcvt_d_w, true, bits64((int32_t)a))
HOST_FROM_X(fcvt_d_wu, true, bits64((int64_t)(uint32_t)a))
HOST_FROM_X(fcvt_d_l, true, bits64((int64_t)a))
HOST_FROM_X(fcvt_d_lu, (int64_t)a >= 0, bits64((int64_t)a))
HOST_FROM_X(fcvt_s_w, true, box32((int32_t)a))
HOST_FROM_X(fcvt_s_wu, true, box32((int64_t)(uint32_t)a))
HOST_FROM_X(fcvt_s_l, true, box32((int64_t)a))
HOST_FROM_X(fcvt_s_lu, (int64_t)a >= 0, box32((int64_t)a))

