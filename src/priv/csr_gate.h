/* csr_gate.h - gate_NAME: who may access a CSR, besides the privilege in its number.
 *
 * Named in csr.def's rows, included by csr.c alone; asked by its refusal(), which also knows the
 * order. The reasons decide cause 2 or 22 (hv/virtual.c). [priv csrs; H-150]
 */
/* [H-162, H-293] */
static rv_why gate_FP(const rv_hart *h, unsigned csr, bool write)
{
  const bool off = !(h->csr.mstatus & mstatus_FS) || (h->v && !(h->s[1].status & vsstatus_FS));
  return off ? WHY_FS_OFF : WHY_NONE;
}

/* [H-111, H-112] */
static rv_why gate_COUNTER(const rv_hart *h, unsigned csr, bool write)
{
  const uint64_t bit = 1ull << (csr & 31);
  if (h->prv != PRV_M && !(h->csr.mcounteren & bit))
    return WHY_MCOUNTEREN;
  if (h->v && !(h->csr.hcounteren & bit))
    return WHY_HCOUNTEREN;
  if (h->prv == PRV_U && !(h->csr.scounteren & bit))
    return WHY_SCOUNTEREN;
  return WHY_NONE;
}

/* TVM concerns HS-mode only, VTVM VS-mode only, neither vsatp by name [H-028, H-158, H-190]. */
static rv_why gate_SATP(const rv_hart *h, unsigned csr, bool write)
{
  if (h->prv != PRV_S || csr != CSR_satp) /* VU is refused as HS-qualified [H-157] */
    return WHY_NONE;
  if (h->v)
    return h->csr.hstatus & hstatus_VTVM ? WHY_VTVM : WHY_NONE;
  return h->csr.mstatus & mstatus_TVM ? WHY_TVM : WHY_NONE;
}

/* [H-190, H-205]; with V=1 TVM is not asked: cause 22 [H-159] */
static rv_why gate_HGATP(const rv_hart *h, unsigned csr, bool write)
{
  return h->prv == PRV_S && !h->v && (h->csr.mstatus & mstatus_TVM) ? WHY_TVM : WHY_NONE;
}

/* stimecmp and vstimecmp [H-099, H-100, H-116, H-117, H-118]; M always may [H-404] */
static rv_why gate_STIMECMP(const rv_hart *h, unsigned csr, bool write)
{
  if (h->prv == PRV_M)
    return WHY_NONE;
  if (!(h->csr.mcounteren & mcounteren_TM))
    return WHY_MCOUNTEREN;
  if (!(h->csr.menvcfg & menvcfg_STCE))
    return WHY_STCE_M;
  if (h->v && h->prv == PRV_S && csr == CSR_stimecmp) {
    if (!(h->csr.hcounteren & hcounteren_TM))
      return WHY_HCOUNTEREN;
    if (!(h->csr.henvcfg & henvcfg_STCE))
      return WHY_STCE_H;
    if (write && (h->csr.hvictl & hvictl_VTI)) /* it could take STIP back [H-312] */
      return WHY_VTI;
  }
  return WHY_NONE;
}

/* mstateen's bit concerns every mode below M, so that HS-mode could not access the state either:
 * cause 2 from V=1 too; hstateen's is the guest's alone [H-013, H-165]. What is the hypervisor's
 * own is not asked of hstateen. */
static rv_why stateen_refusal(const rv_hart *h, unsigned n, uint64_t bit, bool hypervisors)
{
  if (!rv_has(h, EXT_Smstateen) || h->prv == PRV_M)
    return WHY_NONE;
  if (!(h->csr.mstateen[n] & bit))
    return WHY_MSTATEEN;
  return h->v && !hypervisors && !(h->csr.hstateen[n] & bit) ? WHY_HSTATEEN : WHY_NONE;
}

/* henvcfg and senvcfg [H-304] */
static rv_why gate_ENVCFG(const rv_hart *h, unsigned csr, bool write)
{
  return stateen_refusal(h, 0, mstateen0_ENVCFG, csr == CSR_henvcfg);
}

/* hstateen0-3 and sstateen0-3 [H-302] */
static rv_why gate_STATEEN(const rv_hart *h, unsigned csr, bool write)
{
  return stateen_refusal(h, csr & 3, mstateen0_SE, csr >= CSR_hstateen0);
}
