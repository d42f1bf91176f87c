/* exec_cbo.h - cache-block operations: Zicbom, Zicboz. [unpriv cmo]
 *
 * Bodies as in exec_sys.h. There are no caches: management checks its access and does nothing else.
 * prefetch.* are ori with rd=x0: HINTs that no envcfg gates, that never trap and set no A or D
 * [H-413].
 */

/* The enable of all three envcfg registers; CBIE is on in both its values. M-mode asks none.
 * [H-101, H-102, H-103] */
static rv_why envcfg_refusal(const rv_hart *h, uint64_t mask, rv_why m, rv_why hs, rv_why s)
{
  if (h->prv == PRV_M)
    return WHY_NONE;
  if (!(h->csr.menvcfg & mask))
    return m;
  if (h->v && !(h->csr.henvcfg & mask))
    return hs;
  return h->prv == PRV_U && !(h->csr.senvcfg & mask) ? s : WHY_NONE;
}
#define ENABLED_BY(name)                                                                           \
  envcfg_refusal(h, menvcfg_##name, WHY_##name##_M, WHY_##name##_H, WHY_##name##_S)

/* rs1 need not be aligned; a fault tells it as it is [H-468]. */
static rv_done manage(rv_hart *h, uint32_t raw, rv_why why)
{
  rv_place place;
  const uint64_t va = h->x[field(raw, 19, 15)];
  if (why)
    return refuse(h, why, raw);
  if (rv_cache_block(h, va, RV_CBO, &place))
    return RV_DONE;
  rv_set_tinst(h, va, raw, false);
  return RV_TRAPPED;
}
SYS(cbo_clean) { return manage(h, raw, ENABLED_BY(CBCFE)); }
SYS(cbo_flush) { return manage(h, raw, ENABLED_BY(CBCFE)); }
SYS(cbo_inval) { return manage(h, raw, ENABLED_BY(CBIE)); }

SYS(cbo_zero)
{
  rv_place place;
  const uint64_t va = h->x[field(raw, 19, 15)], block = va & ~(RV_CACHE_BLOCK - 1ull);
  const rv_why why = ENABLED_BY(CBZE);
  if (why)
    return refuse(h, why, raw);
  if (!kept(h, block, RV_CACHE_BLOCK, true, &place) && !rv_cache_block(h, va, RV_STORE, &place)) {
    rv_set_tinst(h, va, raw, false);
    return RV_TRAPPED;
  }
  memset(place.host, 0, RV_CACHE_BLOCK);
  rv_place_written(h, &place, RV_CACHE_BLOCK);
  rv_touched(h, rv_masked(block, &h->mmu->data), RV_CACHE_BLOCK, true, 0);
  return RV_DONE;
}
#undef ENABLED_BY
