/* fp.h - binary16, binary32 and binary64 arithmetic in integers, exactly as the extensions Zfh, F,
 * D and Zfa define.
 *
 * The slow path of floating point, and the judge of the fast one: every rounding mode, every
 * flag, no host floating point, no state beside the rv_fp it is handed. Depends on nothing.
 * Manual: unprivileged, "F", "D", "Zfh" and "Zfa" extensions; IEEE 754-2019.
 */
#ifndef RV_FP_H
#define RV_FP_H
#include <stdbool.h>
#include <stdint.h>

typedef struct rv_hart rv_hart; /* cpu/hart.h */

/* Rounding modes, as encoded in frm and in an instruction's rm field. */
enum {
  RV_RNE = 0, /* to nearest, ties to even */
  RV_RTZ = 1, /* towards zero */
  RV_RDN = 2, /* down, towards -infinity */
  RV_RUP = 3, /* up, towards +infinity */
  RV_RMM = 4, /* to nearest, ties to max magnitude */
};

/* Accrued exception flags, as in fflags. */
enum {
  RV_NX = 1,  /* inexact */
  RV_UF = 2,  /* underflow: tiny after rounding, and inexact */
  RV_OF = 4,  /* overflow */
  RV_DZ = 8,  /* divide by zero */
  RV_NV = 16, /* invalid operation */
};

/* The environment of an operation. rm is the effective mode, 0 to 4: the caller has replaced DYN
 * and refused the reserved ones. Flags are ORed into flags, never cleared. */
typedef struct {
  uint8_t rm;
  uint8_t flags;
} rv_fp;

#define RV_CANONICAL_NAN16 0x7e00u /* [norm:Zfh_canonical_NaN] */
#define RV_CANONICAL_NAN32 0x7fc00000u
#define RV_CANONICAL_NAN64 0x7ff8000000000000ull

/* A binary32 or binary16 in a 64-bit f register is valid only with all upper bits set; anything
 * else is read as the canonical NaN. Transfers (FSW, FMV.X.W) do not check and need none of these.
 */
static inline uint32_t rv_unbox32(uint64_t f)
{
  return f >> 32 == 0xffffffff ? (uint32_t)f : RV_CANONICAL_NAN32;
}
static inline uint64_t rv_box32(uint32_t bits) { return 0xffffffff00000000ull | bits; }
static inline uint16_t rv_unbox16(uint64_t f)
{
  return f >> 16 == 0xffffffffffff ? (uint16_t)f : RV_CANONICAL_NAN16;
}
static inline uint64_t rv_box16(uint16_t bits) { return 0xffffffffffff0000ull | bits; }

/* Operands and results are bit patterns; those below 64 bits are unboxed. A NaN result is
 * canonical. */
uint64_t rv_f64_add(rv_fp *fp, uint64_t a, uint64_t b);
uint64_t rv_f64_sub(rv_fp *fp, uint64_t a, uint64_t b);
uint64_t rv_f64_mul(rv_fp *fp, uint64_t a, uint64_t b);
uint64_t rv_f64_div(rv_fp *fp, uint64_t a, uint64_t b);
uint64_t rv_f64_sqrt(rv_fp *fp, uint64_t a);
uint32_t rv_f32_add(rv_fp *fp, uint32_t a, uint32_t b);
uint32_t rv_f32_sub(rv_fp *fp, uint32_t a, uint32_t b);
uint32_t rv_f32_mul(rv_fp *fp, uint32_t a, uint32_t b);
uint32_t rv_f32_div(rv_fp *fp, uint32_t a, uint32_t b);
uint32_t rv_f32_sqrt(rv_fp *fp, uint32_t a);
uint16_t rv_f16_add(rv_fp *fp, uint16_t a, uint16_t b);
uint16_t rv_f16_sub(rv_fp *fp, uint16_t a, uint16_t b);
uint16_t rv_f16_mul(rv_fp *fp, uint16_t a, uint16_t b);
uint16_t rv_f16_div(rv_fp *fp, uint16_t a, uint16_t b);
uint16_t rv_f16_sqrt(rv_fp *fp, uint16_t a);

/* a * b + c, rounded once. The other three fused instructions flip sign bits of operands first:
 * FMSUB that of c, FNMSUB that of a, FNMADD those of a and c. */
uint64_t rv_f64_fma(rv_fp *fp, uint64_t a, uint64_t b, uint64_t c);
uint32_t rv_f32_fma(rv_fp *fp, uint32_t a, uint32_t b, uint32_t c);
uint16_t rv_f16_fma(rv_fp *fp, uint16_t a, uint16_t b, uint16_t c);

/* minimumNumber and maximumNumber: -0 is below +0, a single NaN loses to the number. */
uint64_t rv_f64_min(rv_fp *fp, uint64_t a, uint64_t b);
uint64_t rv_f64_max(rv_fp *fp, uint64_t a, uint64_t b);
uint32_t rv_f32_min(rv_fp *fp, uint32_t a, uint32_t b);
uint32_t rv_f32_max(rv_fp *fp, uint32_t a, uint32_t b);
uint16_t rv_f16_min(rv_fp *fp, uint16_t a, uint16_t b);
uint16_t rv_f16_max(rv_fp *fp, uint16_t a, uint16_t b);

/* False if either is a NaN. eq is a quiet comparison, lt and le are signaling. */
bool rv_f64_eq(rv_fp *fp, uint64_t a, uint64_t b);
bool rv_f64_lt(rv_fp *fp, uint64_t a, uint64_t b);
bool rv_f64_le(rv_fp *fp, uint64_t a, uint64_t b);
bool rv_f32_eq(rv_fp *fp, uint32_t a, uint32_t b);
bool rv_f32_lt(rv_fp *fp, uint32_t a, uint32_t b);
bool rv_f32_le(rv_fp *fp, uint32_t a, uint32_t b);
bool rv_f16_eq(rv_fp *fp, uint16_t a, uint16_t b);
bool rv_f16_lt(rv_fp *fp, uint16_t a, uint16_t b);
bool rv_f16_le(rv_fp *fp, uint16_t a, uint16_t b);

/* FCLASS: the 10-bit mask, exactly one bit set. */
uint64_t rv_f64_class(uint64_t a);
uint64_t rv_f32_class(uint32_t a);
uint64_t rv_f16_class(uint16_t a);

/* To an x register: 32-bit results are sign-extended, the unsigned too. What does not fit is
 * clipped and raises NV alone; a NaN counts as too large. */
uint64_t rv_f64_to_i32(rv_fp *fp, uint64_t a);
uint64_t rv_f64_to_u32(rv_fp *fp, uint64_t a);
uint64_t rv_f64_to_i64(rv_fp *fp, uint64_t a);
uint64_t rv_f64_to_u64(rv_fp *fp, uint64_t a);
uint64_t rv_f32_to_i32(rv_fp *fp, uint32_t a);
uint64_t rv_f32_to_u32(rv_fp *fp, uint32_t a);
uint64_t rv_f32_to_i64(rv_fp *fp, uint32_t a);
uint64_t rv_f32_to_u64(rv_fp *fp, uint32_t a);
uint64_t rv_f16_to_i32(rv_fp *fp, uint16_t a);
uint64_t rv_f16_to_u32(rv_fp *fp, uint16_t a);
uint64_t rv_f16_to_i64(rv_fp *fp, uint16_t a);
uint64_t rv_f16_to_u64(rv_fp *fp, uint16_t a);

/* From an integer; an x register passed as it is loses its upper half in the 32-bit ones. */
uint64_t rv_i32_to_f64(rv_fp *fp, int32_t a);
uint64_t rv_u32_to_f64(rv_fp *fp, uint32_t a);
uint64_t rv_i64_to_f64(rv_fp *fp, int64_t a);
uint64_t rv_u64_to_f64(rv_fp *fp, uint64_t a);
uint32_t rv_i32_to_f32(rv_fp *fp, int32_t a);
uint32_t rv_u32_to_f32(rv_fp *fp, uint32_t a);
uint32_t rv_i64_to_f32(rv_fp *fp, int64_t a);
uint32_t rv_u64_to_f32(rv_fp *fp, uint64_t a);
uint16_t rv_i32_to_f16(rv_fp *fp, int32_t a);
uint16_t rv_u32_to_f16(rv_fp *fp, uint32_t a);
uint16_t rv_i64_to_f16(rv_fp *fp, int64_t a);
uint16_t rv_u64_to_f16(rv_fp *fp, uint64_t a);

uint64_t rv_f32_to_f64(rv_fp *fp, uint32_t a);
uint32_t rv_f64_to_f32(rv_fp *fp, uint64_t a);
uint32_t rv_f16_to_f32(rv_fp *fp, uint16_t a);
uint64_t rv_f16_to_f64(rv_fp *fp, uint16_t a);
uint16_t rv_f32_to_f16(rv_fp *fp, uint32_t a);
uint16_t rv_f64_to_f16(rv_fp *fp, uint64_t a);

/* ---- Zfa ---- */

/* minimum and maximum: a NaN wins, and is canonical. */
uint64_t rv_f64_minm(rv_fp *fp, uint64_t a, uint64_t b);
uint64_t rv_f64_maxm(rv_fp *fp, uint64_t a, uint64_t b);
uint32_t rv_f32_minm(rv_fp *fp, uint32_t a, uint32_t b);
uint32_t rv_f32_maxm(rv_fp *fp, uint32_t a, uint32_t b);
uint16_t rv_f16_minm(rv_fp *fp, uint16_t a, uint16_t b);
uint16_t rv_f16_maxm(rv_fp *fp, uint16_t a, uint16_t b);

/* lt and le that are quiet. */
bool rv_f64_ltq(rv_fp *fp, uint64_t a, uint64_t b);
bool rv_f64_leq(rv_fp *fp, uint64_t a, uint64_t b);
bool rv_f32_ltq(rv_fp *fp, uint32_t a, uint32_t b);
bool rv_f32_leq(rv_fp *fp, uint32_t a, uint32_t b);
bool rv_f16_ltq(rv_fp *fp, uint16_t a, uint16_t b);
bool rv_f16_leq(rv_fp *fp, uint16_t a, uint16_t b);

/* To an integer in the same format; roundnx raises NX if that is another number. */
uint64_t rv_f64_round(rv_fp *fp, uint64_t a);
uint64_t rv_f64_roundnx(rv_fp *fp, uint64_t a);
uint32_t rv_f32_round(rv_fp *fp, uint32_t a);
uint32_t rv_f32_roundnx(rv_fp *fp, uint32_t a);
uint16_t rv_f16_round(rv_fp *fp, uint16_t a);
uint16_t rv_f16_roundnx(rv_fp *fp, uint16_t a);

/* FCVTMOD.W.D: towards zero, modulo 2^32, sign-extended; flags as FCVT.W.D's. */
uint64_t rv_f64_modular(rv_fp *fp, uint64_t a);

/* What FLI loads for n = 0 .. 31. The table is that of FLI.S; entry 1 is each format's own. */
extern const uint32_t rv_fli[32];
uint64_t rv_f64_li(unsigned n);
uint32_t rv_f32_li(unsigned n);
uint16_t rv_f16_li(unsigned n);

/* ---- flags kept by the host's floating point (exec_host.h) from rv_fp_enter to rv_fp_leave ---- */

/* Around the fast engine: from here on the host's flags are the guest's; back to the host's own. */
void rv_fp_enter(rv_hart *h);
void rv_fp_leave(rv_hart *h);
/* Adds what was raised since to fflags. Call before anything reads or writes them. */
void rv_fp_collect(rv_hart *h);
/* Around calls out of a run: others may use floating point themselves. h may be NULL. */
bool rv_fp_lend(rv_hart *h);
void rv_fp_take_back(rv_hart *h, bool lent);
#endif
