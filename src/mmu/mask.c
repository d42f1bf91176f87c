/* mask.c - pointer masking: the PMM field that rules an access.
 *
 * Each field is in a CSR of the next higher mode, and is read-only 0 without its extension (Smmpm,
 * Smnpm, Ssnpm). [priv zpm]
 */
#include "mmu/mask.h"

/* It is the effective mode's, so that MPRV and SPVP matter. [H-410, H-458] */
static unsigned pmm_of(const rv_hart *h, const rv_xmode *m)
{
  const uint64_t status = h->csr.mstatus | (m->v ? h->s[1].status : 0);
  if (m->prv == PRV_M)
    return rv_get(h->csr.mseccfg, mseccfg_PMM);
  /* MXR reads code, whose addresses are not masked: all accesses, also without paging. M-mode's
   * addresses are none of its business. [norm:pm_mxr_exception; H-242] */
  if (status & mstatus_MXR)
    return 0;
  if (m->prv == PRV_S)
    return m->v ? rv_get(h->csr.henvcfg, henvcfg_PMM) : rv_get(h->csr.menvcfg, menvcfg_PMM);
  /* HLV and HSV as VU: U-mode has no part in senvcfg, which the hypervisor uses itself [H-031]. */
  return m->hlv && h->prv == PRV_U ? rv_get(h->csr.hstatus, hstatus_HUPMM)
                                   : rv_get(h->csr.senvcfg, senvcfg_PMM);
}

void rv_set_masking(const rv_hart *h, rv_xmode *m)
{
  static const uint8_t pmlen[] = { 0, 0, 64 - 57, 64 - 48 };
  m->pmlen = m->access == RV_FETCH || m->hlvx ? 0 : pmlen[pmm_of(h, m)];
  m->pm_signed = m->pmlen && m->prv != PRV_M && h->s[m->v].atp >> 60;
}

rv_xmode rv_hlv_mode(const rv_hart *h, rv_access access, bool hlvx)
{
  rv_xmode m = { .access = access, .v = true, .hlv = true, .hlvx = hlvx,
                 .prv = h->csr.hstatus & hstatus_SPVP ? PRV_S : PRV_U };
  rv_set_masking(h, &m);
  return m;
}
