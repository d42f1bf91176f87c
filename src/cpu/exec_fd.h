/* exec_fd.h - RV64F, RV64D, Zfh and Zfa on the soft-float of fp.h.
 *
 * a, b, c are the f registers (FX: a is x[rs1]; FI: a is rs1 itself); fp carries the rounding mode
 * and collects flags. _RM bodies use the rounding mode: a reserved one is an illegal instruction. S
 * values are unboxed and boxed by F32 and BOX, H values by F16 and BOX16. [unpriv f, d, zfh, zfa]
 */
#define F32(v) rv_unbox32(v)
#define BOX(v) rv_box32(v)
#define F16(v) rv_unbox16(v)
#define BOX16(v) rv_box16(v)
#define NEG16(v) ((v) ^ 0x8000u)
#define NEG32(v) ((v) ^ 0x80000000u)
#define NEG64(v) ((v) ^ (1ull << 63))

FF_RM(fadd_s) { return BOX(rv_f32_add(fp, F32(a), F32(b))); }
FF_RM(fsub_s) { return BOX(rv_f32_sub(fp, F32(a), F32(b))); }
FF_RM(fmul_s) { return BOX(rv_f32_mul(fp, F32(a), F32(b))); }
FF_RM(fdiv_s) { return BOX(rv_f32_div(fp, F32(a), F32(b))); }
FF_RM(fsqrt_s) { return BOX(rv_f32_sqrt(fp, F32(a))); }
FF_RM(fmadd_s) { return BOX(rv_f32_fma(fp, F32(a), F32(b), F32(c))); }
FF_RM(fmsub_s) { return BOX(rv_f32_fma(fp, F32(a), F32(b), NEG32(F32(c)))); }
FF_RM(fnmsub_s) { return BOX(rv_f32_fma(fp, NEG32(F32(a)), F32(b), F32(c))); }
FF_RM(fnmadd_s) { return BOX(rv_f32_fma(fp, NEG32(F32(a)), F32(b), NEG32(F32(c)))); }
FF(fmin_s) { return BOX(rv_f32_min(fp, F32(a), F32(b))); }
FF(fmax_s) { return BOX(rv_f32_max(fp, F32(a), F32(b))); }
FF(fsgnj_s) { return BOX((F32(a) & 0x7fffffff) | (F32(b) & 0x80000000)); }
FF(fsgnjn_s) { return BOX((F32(a) & 0x7fffffff) | (~F32(b) & 0x80000000)); }
FF(fsgnjx_s) { return BOX(F32(a) ^ (F32(b) & 0x80000000)); }
FF_RM(fcvt_s_d) { return BOX(rv_f64_to_f32(fp, a)); }
XF(feq_s) { return rv_f32_eq(fp, F32(a), F32(b)); }
XF(flt_s) { return rv_f32_lt(fp, F32(a), F32(b)); }
XF(fle_s) { return rv_f32_le(fp, F32(a), F32(b)); }
XF(fclass_s) { return rv_f32_class(F32(a)); }
XF(fmv_x_w) { return sext32(a); }
XF_RM(fcvt_w_s) { return rv_f32_to_i32(fp, F32(a)); }
XF_RM(fcvt_wu_s) { return rv_f32_to_u32(fp, F32(a)); }
XF_RM(fcvt_l_s) { return rv_f32_to_i64(fp, F32(a)); }
XF_RM(fcvt_lu_s) { return rv_f32_to_u64(fp, F32(a)); }
FX(fmv_w_x) { return BOX(a); }
FX_RM(fcvt_s_w) { return BOX(rv_i32_to_f32(fp, a)); }
FX_RM(fcvt_s_wu) { return BOX(rv_u32_to_f32(fp, a)); }
FX_RM(fcvt_s_l) { return BOX(rv_i64_to_f32(fp, a)); }
FX_RM(fcvt_s_lu) { return BOX(rv_u64_to_f32(fp, a)); }
FLOAD(flw, uint32_t) { return BOX(a); }
FSTORE(fsw, uint32_t)

FF_RM(fadd_d) { return rv_f64_add(fp, a, b); }
FF_RM(fsub_d) { return rv_f64_sub(fp, a, b); }
FF_RM(fmul_d) { return rv_f64_mul(fp, a, b); }
FF_RM(fdiv_d) { return rv_f64_div(fp, a, b); }
FF_RM(fsqrt_d) { return rv_f64_sqrt(fp, a); }
FF_RM(fmadd_d) { return rv_f64_fma(fp, a, b, c); }
FF_RM(fmsub_d) { return rv_f64_fma(fp, a, b, NEG64(c)); }
FF_RM(fnmsub_d) { return rv_f64_fma(fp, NEG64(a), b, c); }
FF_RM(fnmadd_d) { return rv_f64_fma(fp, NEG64(a), b, NEG64(c)); }
FF(fmin_d) { return rv_f64_min(fp, a, b); }
FF(fmax_d) { return rv_f64_max(fp, a, b); }
FF(fsgnj_d) { return (a & ~(1ull << 63)) | (b & (1ull << 63)); }
FF(fsgnjn_d) { return (a & ~(1ull << 63)) | (~b & (1ull << 63)); }
FF(fsgnjx_d) { return a ^ (b & (1ull << 63)); }
/* Exact, but rm is decoded as usual: a reserved one is refused [norm:roundingmode_rsv]. */
FF_RM(fcvt_d_s) { return rv_f32_to_f64(fp, F32(a)); }
XF(feq_d) { return rv_f64_eq(fp, a, b); }
XF(flt_d) { return rv_f64_lt(fp, a, b); }
XF(fle_d) { return rv_f64_le(fp, a, b); }
XF(fclass_d) { return rv_f64_class(a); }
XF(fmv_x_d) { return a; }
XF_RM(fcvt_w_d) { return rv_f64_to_i32(fp, a); }
XF_RM(fcvt_wu_d) { return rv_f64_to_u32(fp, a); }
XF_RM(fcvt_l_d) { return rv_f64_to_i64(fp, a); }
XF_RM(fcvt_lu_d) { return rv_f64_to_u64(fp, a); }
FX(fmv_d_x) { return a; }
FX_RM(fcvt_d_w) { return rv_i32_to_f64(fp, a); } /* exact, too */
FX_RM(fcvt_d_wu) { return rv_u32_to_f64(fp, a); }
FX_RM(fcvt_d_l) { return rv_i64_to_f64(fp, a); }
FX_RM(fcvt_d_lu) { return rv_u64_to_f64(fp, a); }
FLOAD(fld, uint64_t) { return a; }
FSTORE(fsd, uint64_t)

FF_RM(fadd_h) { return BOX16(rv_f16_add(fp, F16(a), F16(b))); }
FF_RM(fsub_h) { return BOX16(rv_f16_sub(fp, F16(a), F16(b))); }
FF_RM(fmul_h) { return BOX16(rv_f16_mul(fp, F16(a), F16(b))); }
FF_RM(fdiv_h) { return BOX16(rv_f16_div(fp, F16(a), F16(b))); }
FF_RM(fsqrt_h) { return BOX16(rv_f16_sqrt(fp, F16(a))); }
FF_RM(fmadd_h) { return BOX16(rv_f16_fma(fp, F16(a), F16(b), F16(c))); }
FF_RM(fmsub_h) { return BOX16(rv_f16_fma(fp, F16(a), F16(b), NEG16(F16(c)))); }
FF_RM(fnmsub_h) { return BOX16(rv_f16_fma(fp, NEG16(F16(a)), F16(b), F16(c))); }
FF_RM(fnmadd_h) { return BOX16(rv_f16_fma(fp, NEG16(F16(a)), F16(b), NEG16(F16(c)))); }
FF(fmin_h) { return BOX16(rv_f16_min(fp, F16(a), F16(b))); }
FF(fmax_h) { return BOX16(rv_f16_max(fp, F16(a), F16(b))); }
FF(fsgnj_h) { return BOX16((F16(a) & 0x7fff) | (F16(b) & 0x8000)); }
FF(fsgnjn_h) { return BOX16((F16(a) & 0x7fff) | (~F16(b) & 0x8000)); }
FF(fsgnjx_h) { return BOX16(F16(a) ^ (F16(b) & 0x8000)); }
FF_RM(fcvt_h_d) { return BOX16(rv_f64_to_f16(fp, a)); }
FF_RM(fcvt_h_s) { return BOX16(rv_f32_to_f16(fp, F32(a))); }
FF_RM(fcvt_s_h) { return BOX(rv_f16_to_f32(fp, F16(a))); }
FF_RM(fcvt_d_h) { return rv_f16_to_f64(fp, F16(a)); }
XF(feq_h) { return rv_f16_eq(fp, F16(a), F16(b)); }
XF(flt_h) { return rv_f16_lt(fp, F16(a), F16(b)); }
XF(fle_h) { return rv_f16_le(fp, F16(a), F16(b)); }
XF(fclass_h) { return rv_f16_class(F16(a)); }
XF(fmv_x_h) { return (int64_t)(int16_t)a; }
XF_RM(fcvt_w_h) { return rv_f16_to_i32(fp, F16(a)); }
XF_RM(fcvt_wu_h) { return rv_f16_to_u32(fp, F16(a)); }
XF_RM(fcvt_l_h) { return rv_f16_to_i64(fp, F16(a)); }
XF_RM(fcvt_lu_h) { return rv_f16_to_u64(fp, F16(a)); }
FX(fmv_h_x) { return BOX16(a); }
FX_RM(fcvt_h_w) { return BOX16(rv_i32_to_f16(fp, a)); }
FX_RM(fcvt_h_wu) { return BOX16(rv_u32_to_f16(fp, a)); }
FX_RM(fcvt_h_l) { return BOX16(rv_i64_to_f16(fp, a)); }
FX_RM(fcvt_h_lu) { return BOX16(rv_u64_to_f16(fp, a)); }
FLOAD(flh, uint16_t) { return BOX16(a); }
FSTORE(fsh, uint16_t)

FI(fli_s) { return BOX(rv_f32_li(a)); }
FF(fminm_s) { return BOX(rv_f32_minm(fp, F32(a), F32(b))); }
FF(fmaxm_s) { return BOX(rv_f32_maxm(fp, F32(a), F32(b))); }
FF_RM(fround_s) { return BOX(rv_f32_round(fp, F32(a))); }
FF_RM(froundnx_s) { return BOX(rv_f32_roundnx(fp, F32(a))); }
XF(fleq_s) { return rv_f32_leq(fp, F32(a), F32(b)); }
XF(fltq_s) { return rv_f32_ltq(fp, F32(a), F32(b)); }

FI(fli_d) { return rv_f64_li(a); }
FF(fminm_d) { return rv_f64_minm(fp, a, b); }
FF(fmaxm_d) { return rv_f64_maxm(fp, a, b); }
FF_RM(fround_d) { return rv_f64_round(fp, a); }
FF_RM(froundnx_d) { return rv_f64_roundnx(fp, a); }
XF(fleq_d) { return rv_f64_leq(fp, a, b); }
XF(fltq_d) { return rv_f64_ltq(fp, a, b); }
XF(fcvtmod_w_d) { return rv_f64_modular(fp, a); }

FI(fli_h) { return BOX16(rv_f16_li(a)); }
FF(fminm_h) { return BOX16(rv_f16_minm(fp, F16(a), F16(b))); }
FF(fmaxm_h) { return BOX16(rv_f16_maxm(fp, F16(a), F16(b))); }
FF_RM(fround_h) { return BOX16(rv_f16_round(fp, F16(a))); }
FF_RM(froundnx_h) { return BOX16(rv_f16_roundnx(fp, F16(a))); }
XF(fleq_h) { return rv_f16_leq(fp, F16(a), F16(b)); }
XF(fltq_h) { return rv_f16_ltq(fp, F16(a), F16(b)); }

#undef F32
#undef BOX
#undef F16
#undef BOX16
#undef NEG16
#undef NEG32
#undef NEG64
