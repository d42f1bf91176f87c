/* tlb.c - banks: selection by regime, filling, and the fences that drop them.
 * [priv supervisor#sfence.vma, hypervisor#hfence.vvma; H-270 .. H-280]
 */
#include "mmu/tlb.h"
#include "mmu/mask.h"
#include "mmu/phys.h"
#include "priv/csr.h"
#include <stdlib.h>
#include <string.h>

/* ---- entries and their log ---- */

enum {
  LOG_R = 0,
  LOG_W = RV_TLB_SIZE,
  LOG_X = 2 * RV_TLB_SIZE,
  LOG_JC = LOG_X + RV_HLVX_SIZE,
  LOG_END = LOG_JC + RV_JC_SIZE
};

/* A page of the neighbouring index: no lookup of this index can hit it. */
static uint64_t invalid_va(unsigned i, unsigned size)
{
  return (uint64_t)((i + 1) & (size - 1)) << RV_PAGE_SHIFT;
}

static void clear_entry(rv_bank *b, unsigned slot)
{
  if (slot < LOG_W)
    b->r[slot].va = invalid_va(slot, RV_TLB_SIZE);
  else if (slot < LOG_X)
    b->w[slot - LOG_W].va = invalid_va(slot - LOG_W, RV_TLB_SIZE);
  else if (slot < LOG_JC)
    b->x[slot - LOG_X].va = invalid_va(slot - LOG_X, RV_HLVX_SIZE);
  else
    b->jc[slot - LOG_JC].va = 1;
}

static void note(rv_bank *b, unsigned slot)
{
  if (b->n_log < RV_FILL_LOG)
    b->log[b->n_log] = slot;
  if (b->n_log <= RV_FILL_LOG)
    b->n_log++;
}

static void clear_all(rv_bank *b)
{
  if (b->n_log > RV_FILL_LOG)
    for (unsigned i = 0; i < LOG_END; i++)
      clear_entry(b, i);
  else
    for (unsigned i = 0; i < b->n_log; i++)
      clear_entry(b, b->log[i]);
  b->n_log = 0;
  b->super_lo = ~0ull;
  b->super_hi = 0;
}

/* A fresh generation makes every cross-page link made under the old one void. */
static void renew(rv_hart *h, rv_bank *b)
{
  b->gen = ++h->phys->next_gen;
  if (b == h->bank) {
    h->gen = b->gen;
    h->end_block = true;
  }
}

static void drop(rv_hart *h, rv_bank *b)
{
  clear_all(b);
  renew(h, b);
}

static void note_superpage(rv_bank *b, uint64_t va, unsigned fence_shift)
{
  if (fence_shift == RV_PAGE_SHIFT || fence_shift >= 63)
    return;
  const uint64_t in_page = (1ull << fence_shift) - 1;
  b->super_lo = (va & ~in_page) < b->super_lo ? va & ~in_page : b->super_lo;
  b->super_hi = (va | in_page) > b->super_hi ? va | in_page : b->super_hi;
}

void rv_tlb_fill(rv_bank *b, rv_tlb_array array, uint64_t va, uint8_t *host_page,
                 unsigned fence_shift)
{
  if (!RV_KEEP)
    return;
  const unsigned size = array == RV_TLB_X ? RV_HLVX_SIZE : RV_TLB_SIZE;
  const unsigned i = va >> RV_PAGE_SHIFT & (size - 1);
  rv_tlbe *const first = array == RV_TLB_R ? b->r : array == RV_TLB_W ? b->w : b->x;
  const uint64_t page = va & ~RV_PAGE_MASK;
  first[i] = (rv_tlbe){ page, (uint64_t)host_page - page };
  note_superpage(b, va, fence_shift);
  note(b, (array == RV_TLB_R ? LOG_R : array == RV_TLB_W ? LOG_W : LOG_X) + i);
}

void rv_jc_fill(rv_hart *h, uint64_t va, struct rv_op *op, unsigned fence_shift)
{
  if (!RV_KEEP)
    return;
  note_superpage(h->bank, va, fence_shift);
  note_superpage(h->bank, va + 2, fence_shift); /* a 4-byte instruction may reach into the next */
  const unsigned i = va >> 1 & (RV_JC_SIZE - 1);
  h->bank->jc[i] = (rv_jce){ va, op };
  note(h->bank, LOG_JC + i);
}

/* ---- selection ---- */

enum {
  KEY_FETCH = 0, /* 3 bits each: privilege, V */
  KEY_DATA = 3,
  KEY_SUM = 1 << 6,
  KEY_MXR = 1 << 7,
  KEY_VSUM = 1 << 8,
  KEY_VMXR = 1 << 9,
  KEY_ADUE = 1 << 10, /* of henvcfg: menvcfg's drop everything when they change */
  KEY_PBMTE = 1 << 11,
  KEY_PMLEN = 12, /* entries are by the address before it is masked */
};

static unsigned mode_bits(const rv_xmode *m) { return m->prv | m->v << 2; }

/* Fetch and data differ only under MPRV, where fetch is M's: then the translated side is data's,
 * and one satp, vsatp, hgatp is enough for the pair. */
static rv_bank_key key_of(const rv_hart *h, const rv_xmode *fetch, const rv_xmode *data)
{
  rv_bank_key k = { .flags = mode_bits(fetch) << KEY_FETCH | mode_bits(data) << KEY_DATA |
                             data->pmlen << KEY_PMLEN };
  const bool mxr = h->csr.mstatus & mstatus_MXR;
  if (data->prv == PRV_M)
    return k;
  if (!data->v) {
    k.satp = h->s[0].atp;
    if (k.satp >> 60)
      k.flags |= (h->csr.mstatus & mstatus_SUM ? KEY_SUM : 0) | (mxr ? KEY_MXR : 0);
    return k;
  }
  k.vsatp = h->s[1].atp;
  k.hgatp = h->csr.hgatp;
  if ((k.vsatp | k.hgatp) >> 60)
    k.flags |= mxr ? KEY_MXR : 0;
  if (k.vsatp >> 60)
    k.flags |= (h->s[1].status & vsstatus_SUM ? KEY_VSUM : 0) |
               (h->s[1].status & vsstatus_MXR ? KEY_VMXR : 0) |
               (h->csr.henvcfg & henvcfg_ADUE ? KEY_ADUE : 0) |
               (h->csr.henvcfg & henvcfg_PBMTE ? KEY_PBMTE : 0);
  return k;
}

static bool same(const rv_bank_key *a, const rv_bank_key *b)
{
  return a->flags == b->flags && a->satp == b->satp && a->vsatp == b->vsatp && a->hgatp == b->hgatp;
}

static rv_bank *find_bank(rv_hart *h, const rv_bank_key *key)
{
  rv_mmu *m = h->mmu;
  rv_bank *oldest = &m->bank[0];
  for (unsigned i = 0; i < RV_BANKS; i++) {
    rv_bank *b = &m->bank[i];
    if (b->valid && same(&b->key, key))
      return b;
    if (!b->valid || b->used < oldest->used)
      oldest = b;
    if (!b->valid)
      break; /* banks are filled in order and never freed */
  }
  for (unsigned i = 0; i < RV_LEVELS; i++)
    if (m->of_level[i].bank == oldest)
      m->of_level[i].bank = NULL;
  oldest->valid = true;
  h->stat.bank_misses++;
  oldest->key = *key;
  drop(h, oldest);
  return oldest;
}

/* The effective modes of a mode: MPRV moves loads and stores of M-mode to MPP (and MPV).
 * [H-261, H-262] */
static void effective_modes(const rv_hart *h, rv_prv prv, bool v, rv_xmode *fetch, rv_xmode *data)
{
  *fetch = (rv_xmode){ .access = RV_FETCH, .prv = prv, .v = v };
  *data = (rv_xmode){ .access = RV_LOAD, .prv = prv, .v = v };
  if (prv == PRV_M && (h->csr.mstatus & mstatus_MPRV)) {
    data->mprv = true;
    data->prv = rv_get(h->csr.mstatus, mstatus_MPP);
    data->v = data->prv != PRV_M && (h->csr.mstatus & mstatus_MPV);
  }
  if (unlikely(rv_may_mask(h)))
    rv_set_masking(h, data);
}

static void use(rv_hart *h, const rv_regime *r)
{
  rv_mmu *m = h->mmu;
  m->fetch = r->fetch;
  m->data = r->data;
  if (h->bank == r->bank)
    return;
  r->bank->used = ++m->clock;
  h->stat.banks++;
  h->bank = r->bank;
  h->gen = r->bank->gen;
  h->end_block = true;
}

static rv_regime regime_of(rv_hart *h, rv_prv prv, bool v)
{
  rv_regime r;
  effective_modes(h, prv, v, &r.fetch, &r.data);
  const rv_bank_key key = key_of(h, &r.fetch, &r.data);
  r.bank = h->bank && same(&h->bank->key, &key) ? h->bank : find_bank(h, &key);
  return r;
}

static __attribute__((noinline)) void select_bank(rv_hart *h)
{
  const rv_regime r = regime_of(h, h->prv, h->v);
  if (!r.data.mprv)
    h->mmu->of_level[rv_level(h)] = r;
  use(h, &r);
}

void rv_regime_changed(rv_hart *h)
{
  for (unsigned i = 0; i < RV_LEVELS; i++)
    h->mmu->of_level[i].bank = NULL;
  select_bank(h);
}

/* A guest's exit and entry: back to a bank that was found before. */
void rv_mode_changed(rv_hart *h)
{
  const rv_regime *r = &h->mmu->of_level[rv_level(h)];
  const bool mprv =
      h->prv == PRV_M && (h->csr.mstatus & mstatus_MPRV); /* then it is MPP's, MPV's */
  if (likely(r->bank && !mprv))
    use(h, r);
  else
    select_bank(h);
}

/* The current bank was used last: a new one does not take its place. */
const rv_regime *rv_guest_regime(rv_hart *h, rv_prv prv)
{
  rv_regime *r = &h->mmu->of_level[RV_LEVEL(prv, true)];
  if (unlikely(!r->bank))
    *r = regime_of(h, prv, true);
  return r;
}

bool rv_mmu_init(rv_hart *h)
{
  h->mmu = calloc(1, sizeof *h->mmu);
  if (!h->mmu)
    return false;
  for (unsigned stage = 0; stage < RV_STAGES; stage++)
    h->mmu->walk_gen[stage] = ++h->phys->next_gen; /* 0 is void */
  for (unsigned i = 0; i < RV_BANKS; i++) {
    h->mmu->bank[i].n_log = RV_FILL_LOG + 1;
    clear_all(&h->mmu->bank[i]);
  }
  return true;
}

void rv_mmu_free(rv_hart *h)
{
  free(h->mmu);
  h->mmu = NULL;
}

/* ---- fences ---- */

/* Walks of the stage: all, or those of one address. */
static void drop_walks(rv_hart *h, unsigned stage, bool has_va, uint64_t va)
{
  if (has_va)
    h->mmu->walk[stage][va >> 21 & (RV_WALKS - 1)].gen = 0;
  else
    h->mmu->walk_gen[stage] = ++h->phys->next_gen;
}

static bool bank_is_v(const rv_bank *b) { return b->key.flags >> KEY_DATA >> 2 & 1; }
static bool bank_is_masked(const rv_bank *b) { return b->key.flags >> KEY_PMLEN; }
static uint64_t bank_vmid(const rv_bank *b) { return rv_get(b->key.hgatp, hgatp_VMID); }

/* Drops one page. Its jump-cache entries are spread over the cache: those filled are in the log.
 * With pointer masking, entries under any other tag are of the same page. */
static void drop_page(rv_hart *h, rv_bank *b, uint64_t va)
{
  if ((va >= b->super_lo && va <= b->super_hi) || b->n_log > RV_FILL_LOG || bank_is_masked(b)) {
    drop(h, b);
    return;
  }
  const uint64_t page = va & ~RV_PAGE_MASK;
  const unsigned i = va >> RV_PAGE_SHIFT & (RV_TLB_SIZE - 1);
  if (b->r[i].va == page)
    clear_entry(b, LOG_R + i);
  if (b->w[i].va == page)
    clear_entry(b, LOG_W + i);
  const unsigned k = va >> RV_PAGE_SHIFT & (RV_HLVX_SIZE - 1);
  if (b->x[k].va == page)
    clear_entry(b, LOG_X + k);
  for (unsigned j = 0; j < b->n_log; j++) {
    if (b->log[j] < LOG_JC)
      continue;
    /* A 4-byte instruction at the end of a page depends on the next page as well. */
    const uint64_t pc = b->jc[b->log[j] - LOG_JC].va;
    if ((pc & ~RV_PAGE_MASK) == page || ((pc + 2) & ~RV_PAGE_MASK) == page)
      clear_entry(b, b->log[j]);
  }
  renew(h, b);
}

static void drop_va(rv_hart *h, rv_bank *b, bool has_va, uint64_t va)
{
  if (has_va)
    drop_page(h, b, va);
  else
    drop(h, b);
}

void rv_sfence_vma_hs(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid)
{
  drop_walks(h, STAGE_SINGLE, has_va, va);
  for (unsigned i = 0; i < RV_BANKS; i++) {
    rv_bank *b = &h->mmu->bank[i];
    if (b->valid && !bank_is_v(b) && b->key.satp >> 60 &&
        (!has_asid || rv_get(b->key.satp, satp_ASID) == (asid & 0xffff))) /* [H-274] */
      drop_va(h, b, has_va, va);
  }
}

void rv_hfence_vvma_vmid(rv_hart *h, uint64_t vmid, bool has_va, uint64_t va, bool has_asid,
                         uint64_t asid)
{
  drop_walks(h, STAGE_VS, has_va, va);
  for (unsigned i = 0; i < RV_BANKS; i++) {
    rv_bank *b = &h->mmu->bank[i];
    if (b->valid && bank_is_v(b) && bank_vmid(b) == vmid &&
        (!has_asid || rv_get(b->key.vsatp, vsatp_ASID) == (asid & 0xffff)))
      drop_va(h, b, has_va, va);
  }
}

void rv_hfence_vvma(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid)
{
  rv_hfence_vvma_vmid(h, rv_get(h->csr.hgatp, hgatp_VMID), has_va, va, has_asid, asid);
}

void rv_sfence_vma(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid)
{
  if (h->v) /* [H-275] */
    rv_hfence_vvma(h, has_va, va, has_asid, asid);
  else
    rv_sfence_vma_hs(h, has_va, va, has_asid, asid);
}

/* Entries are by virtual address: one guest physical page may be behind many, so the address does
 * not narrow it [H-277]; bits of vmid above VMIDLEN do not count [H-274]. */
void rv_hfence_gvma(rv_hart *h, bool has_gpa, uint64_t gpa, bool has_vmid, uint64_t vmid)
{
  drop_walks(h, STAGE_VS, false, 0); /* the guest's tables are behind it */
  drop_walks(h, STAGE_G, false, 0);
  for (unsigned i = 0; i < RV_BANKS; i++) {
    rv_bank *b = &h->mmu->bank[i];
    if (b->valid && bank_is_v(b) && (!has_vmid || bank_vmid(b) == (vmid & 0x3fff)))
      drop(h, b);
  }
}

void rv_tlb_drop_all(rv_hart *h)
{
  for (unsigned stage = 0; stage < RV_STAGES; stage++)
    drop_walks(h, stage, false, 0);
  for (unsigned i = 0; i < RV_BANKS; i++)
    if (h->mmu->bank[i].valid)
      drop(h, &h->mmu->bank[i]);
}

void rv_tlb_drop_jumps(rv_hart *h)
{
  for (unsigned i = 0; i < RV_BANKS; i++) {
    rv_bank *b = &h->mmu->bank[i];
    if (!b->valid)
      continue;
    for (unsigned j = 0; j < RV_JC_SIZE; j++)
      clear_entry(b, LOG_JC + j);
    renew(h, b);
  }
}

void rv_tlb_drop_writes(rv_hart *h, const uint8_t *host_page)
{
  for (unsigned i = 0; i < RV_BANKS; i++) {
    rv_bank *b = &h->mmu->bank[i];
    for (unsigned j = 0; b->valid && j < RV_TLB_SIZE; j++)
      if (b->w[j].va + b->w[j].addend == (uint64_t)host_page)
        clear_entry(b, LOG_W + j);
  }
}
