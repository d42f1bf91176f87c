/* mask.h - pointer masking: which upper bits of an address explicit accesses ignore.
 *
 * Loads, stores, atomics and HLV/HSV; not fetches, page-table walks, HLVX, operands of fences.
 * [priv zpm; H-242, H-410, H-457 .. H-459]
 */
#ifndef RV_MASK_H
#define RV_MASK_H
#include "cpu/hart.h"
#include "priv/csr.h"

/* Is any field set that could rule a load or store? If not, nothing need be asked at each change of
 * regime. (HUPMM is for hlv and hsv only.) */
static inline bool rv_may_mask(const rv_hart *h)
{
  return (h->csr.mseccfg | h->csr.menvcfg | h->csr.henvcfg | h->csr.senvcfg) & menvcfg_PMM;
}

/* Sets mode's pmlen and pm_signed: what applies to an access that h makes now as mode says. */
void rv_set_masking(const rv_hart *h, rv_xmode *mode);

/* How hlv and hsv access: as the guest would, with privilege SPVP. [H-250, H-251] */
rv_xmode rv_hlv_mode(const rv_hart *h, rv_access access, bool hlvx);

/* The transformed address: virtual ones are sign-extended, physical ones zero-extended; of one that
 * is transformed already, itself. [zpm#sec-ignore-transform] */
static inline uint64_t rv_masked(uint64_t va, const rv_xmode *mode)
{
  const uint64_t up = va << mode->pmlen;
  return mode->pm_signed ? (uint64_t)((int64_t)up >> mode->pmlen) : up >> mode->pmlen;
}
#endif
