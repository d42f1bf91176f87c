/* exec_a.h - RV64A and Zacas. An AMO's body computes what memory becomes; LR, SC and CAS are slow.c's. W forms are on sign-extended values, stored truncated. [unpriv a#amo]
 */
AMO(amoswap_w, int32_t) { return b; }
AMO(amoadd_w, int32_t) { return a + b; }
AMO(amoxor_w, int32_t) { return a ^ b; }
AMO(amoand_w, int32_t) { return a & b; }
AMO(amoor_w, int32_t) { return a | b; }
AMO(amomin_w, int32_t) { return (int64_t)a < (int64_t)b ? a : b; }
AMO(amomax_w, int32_t) { return (int64_t)a > (int64_t)b ? a : b; }
AMO(amominu_w, int32_t) { return (uint32_t)a < (uint32_t)b ? a : b; }
AMO(amomaxu_w, int32_t) { return (uint32_t)a > (uint32_t)b ? a : b; }
AMO(amoswap_d, int64_t) { return b; }
AMO(amoadd_d, int64_t) { return a + b; }
AMO(amoxor_d, int64_t) { return a ^ b; }
AMO(amoand_d, int64_t) { return a & b; }
AMO(amoor_d, int64_t) { return a | b; }
AMO(amomin_d, int64_t) { return (int64_t)a < (int64_t)b ? a : b; }
AMO(amomax_d, int64_t) { return (int64_t)a > (int64_t)b ? a : b; }
AMO(amominu_d, int64_t) { return a < b ? a : b; }
AMO(amomaxu_d, int64_t) { return a > b ? a : b; }
LR(lr_w, int32_t)
LR(lr_d, int64_t)
SC(sc_w, int32_t)
SC(sc_d, int64_t)
CAS(amocas_w, int32_t)
CAS(amocas_d, int64_t)
CAS_PAIR(amocas_q)
