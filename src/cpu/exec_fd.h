/* exec_fd.h - RV64F and RV64D on the soft-float of fp.h.
 *
 * a, b, c are the f registers (FX: a is x[rs1]); fp carries the rounding mode and collects flags.
 * _RM bodies use the rounding mode: a reserved one is an illegal instruction. S values are unboxed
 * and boxed by F32 and BOX. [unpriv f, d]
 */
#define F32(v) rv_unbox32(v)
#define BOX(v) rv_box32(v)
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

#undef F32
#undef BOX
#undef NEG32
#undef NEG64
