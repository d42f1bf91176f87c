/* mask.h - pointer masking: which upper bits of an address explicit accesses ignore.
 *
 * Loads, stores, atomics and HLV/HSV; not fetches, page-table walks, HLVX, operands of fences.
 * [priv zpm; H-242, H-410, H-457 .. H-459]
 */
#ifndef RV_MASK_H
#define RV_MASK_H
#include "cpu/hart.h"

/* Sets mode's pmlen and pm_signed: what applies to an access that h makes now as mode says. */
void rv_set_masking(const rv_hart *h, rv_xmode *mode);

/* The transformed address: virtual ones are sign-extended, physical ones zero-extended; of one that
 * is transformed already, itself. [zpm#sec-ignore-transform] */
static inline uint64_t rv_masked(uint64_t va, const rv_xmode *mode)
{
  const uint64_t up = va << mode->pmlen;
  return mode->pm_signed ? (uint64_t)((int64_t)up >> mode->pmlen) : up >> mode->pmlen;
}
#endif
