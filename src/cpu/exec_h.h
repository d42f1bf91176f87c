/* exec_h.h - the instructions of the hypervisor extension. [hypervisor#hypervisor-instructions]
 *
 * Bodies as in exec_sys.h. All of them: virtual instruction from VS and VU [H-151].
 */

/* hfence.* and hinval.*: M and HS, for the VS-stage whatever TVM and VTVM are.
 * [H-151, H-270, H-272, H-278] */
static rv_why hfence_refusal(const rv_hart *h, bool gvma)
{
  if (h->v)
    return WHY_INSN_VIRTUAL;
  if (h->prv == PRV_U)
    return WHY_INSN_PRIVILEGE;
  /* TVM traps those of the G-stage only [H-190, H-271]. */
  return gvma && h->prv == PRV_S && (h->csr.mstatus & mstatus_TVM) ? WHY_TVM : WHY_NONE;
}

static rv_done hfence_vvma(rv_hart *h, uint32_t raw)
{
  const unsigned rs1 = field(raw, 19, 15), rs2 = field(raw, 24, 20);
  const rv_why why = hfence_refusal(h, false);
  if (why)
    return refuse(h, why, raw);
  tell_fence(h, raw, h->x[rs1], h->x[rs2]);
  rv_hfence_vvma(h, rs1, h->x[rs1], rs2, h->x[rs2]);
  return RV_DONE;
}
SYS(hfence_vvma) { return hfence_vvma(h, raw); }
SYS(hinval_vvma) { return hfence_vvma(h, raw); }

/* rs1 holds a guest physical address shifted right by 2 [H-273]. */
static rv_done hfence_gvma(rv_hart *h, uint32_t raw)
{
  const unsigned rs1 = field(raw, 19, 15), rs2 = field(raw, 24, 20);
  const rv_why why = hfence_refusal(h, true);
  if (why)
    return refuse(h, why, raw);
  tell_fence(h, raw, h->x[rs1] << 2, h->x[rs2]);
  rv_hfence_gvma(h, rs1, h->x[rs1] << 2, rs2, h->x[rs2]);
  return RV_DONE;
}
SYS(hfence_gvma) { return hfence_gvma(h, raw); }
SYS(hinval_gvma) { return hfence_gvma(h, raw); }

/* hlv, hlvx, hsv: as the guest would, with privilege SPVP whatever MPRV is; from M, HS, and U if
 * HU. [H-030, H-151, H-250, H-251, H-252] */
static bool guest_mode(rv_hart *h, uint32_t raw, rv_access access, bool hlvx, rv_xmode *mode)
{
  if (h->v)
    return rv_refuse(h, WHY_INSN_VIRTUAL, raw);
  if (h->prv == PRV_U && !(h->csr.hstatus & hstatus_HU))
    return rv_refuse(h, WHY_HU, raw);
  *mode = rv_hlv_mode(h, access, hlvx);
  return true;
}

static rv_done hlv(rv_hart *h, uint32_t raw, unsigned size, bool hlvx, uint64_t *value)
{
  rv_xmode mode;
  const uint64_t va = h->x[field(raw, 19, 15)];
  if (!guest_mode(h, raw, RV_LOAD, hlvx, &mode)) /* a load, hlvx as well [H-254] */
    return RV_TRAPPED;
  if (!rv_load_as_guest(h, va, size, &mode, value)) { /* at any alignment [H-258]; its trap [H-259] */
    rv_set_tinst(h, va, raw, false);
    return RV_TRAPPED;
  }
  rv_touched(h, va, size, false, *value);
  return RV_DONE;
}
#define HLV(name, type, hlvx)                                                                      \
  typedef type mem_##name;                                                                         \
  enum { is_hlvx_##name = hlvx };                                                                  \
  SYS(name)                                                                                        \
  {                                                                                                \
    uint64_t value = 0;                                                                            \
    const rv_done done = hlv(h, raw, sizeof(type), hlvx, &value);                                  \
    if (done == RV_DONE)                                                                           \
      h->x[field(raw, 11, 7) ? field(raw, 11, 7) : 32] = (type)value;                              \
    return done;                                                                                   \
  }
/* [H-256] */
HLV(hlv_b, int8_t, false)
HLV(hlv_bu, uint8_t, false)
HLV(hlv_h, int16_t, false)
HLV(hlv_hu, uint16_t, false)
HLV(hlv_w, int32_t, false)
HLV(hlv_wu, uint32_t, false)
HLV(hlv_d, uint64_t, false)
HLV(hlvx_hu, uint16_t, true)
HLV(hlvx_wu, uint32_t, true)
#undef HLV

static rv_done hsv(rv_hart *h, uint32_t raw, unsigned size)
{
  rv_xmode mode;
  const uint64_t va = h->x[field(raw, 19, 15)];
  if (!guest_mode(h, raw, RV_STORE, false, &mode))
    return RV_TRAPPED;
  if (!rv_store_as_guest(h, va, size, &mode, h->x[field(raw, 24, 20)])) {
    rv_set_tinst(h, va, raw, false);
    return RV_TRAPPED;
  }
  rv_touched(h, va, size, true, h->x[field(raw, 24, 20)]);
  return RV_DONE;
}
SYS(hsv_b) { return hsv(h, raw, 1); }
SYS(hsv_h) { return hsv(h, raw, 2); }
SYS(hsv_w) { return hsv(h, raw, 4); }
SYS(hsv_d) { return hsv(h, raw, 8); }
