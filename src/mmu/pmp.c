/* pmp.c - the entries are decoded to address ranges when they are written, not when asked. */
#include "mmu/pmp.h"
#include "mmu/mmu.h"
#include "mmu/tlb.h"

enum { A_OFF, A_TOR, A_NA4, A_NAPOT };
static const uint64_t ADDR_BITS = (1ull << 54) - 1;

static unsigned matching(const rv_hart *h, unsigned i) { return h->csr.pmpcfg[i] >> 3 & 3; }

/* The range [lo, hi) of entry i; hi = 0 stands for 2^64. False: it matches nothing. */
static bool range_of(const rv_hart *h, unsigned i, uint64_t *lo, uint64_t *hi)
{
  const uint64_t addr = h->csr.pmpaddr[i];
  switch (matching(h, i)) {
  case A_TOR:
    *lo = i ? h->csr.pmpaddr[i - 1] << 2 : 0;
    *hi = addr << 2;
    return *lo < *hi;
  case A_NA4:
    *lo = addr << 2;
    *hi = *lo + 4;
    return true;
  case A_NAPOT: {
    const uint64_t span = addr ^ (addr + 1); /* the trailing ones and the zero above them */
    *lo = (addr & ~span) << 2;
    *hi = *lo + ((span + 1) << 2);
    return true;
  }
  default:
    return false;
  }
}

static void decode(rv_hart *h)
{
  rv_mmu *m = h->mmu;
  m->n_pmp = 0;
  for (unsigned i = 0; i < 16; i++) {
    rv_pmp_range r = { .cfg = h->csr.pmpcfg[i] };
    if (range_of(h, i, &r.lo, &r.hi))
      m->pmp[m->n_pmp++] = r;
  }
  rv_tlb_drop_all(h); /* translations were checked by the old entries */
}

bool rv_pmp_allows(const rv_hart *h, uint64_t pa, uint64_t n, unsigned rights, unsigned prv)
{
  const rv_mmu *m = h->mmu;
  const uint64_t last = pa + n - 1;
  for (unsigned i = 0; i < m->n_pmp; i++) {
    const rv_pmp_range *r = &m->pmp[i];
    if (last < r->lo || pa > r->hi - 1)
      continue;
    if (pa < r->lo || last > r->hi - 1)
      return false; /* the lowest-numbered match must hold every byte */
    return (prv == PRV_M && !(r->cfg & PMP_L)) || (r->cfg & rights) == rights;
  }
  return prv == PRV_M; /* no match: M may, S and U may not */
}

bool rv_pmp_uniform(const rv_hart *h, uint64_t pa)
{
  const uint64_t first = pa & ~4095ull, last = pa | 4095;
  for (unsigned i = 0; i < h->mmu->n_pmp; i++) {
    const rv_pmp_range *r = &h->mmu->pmp[i];
    if (last < r->lo || first > r->hi - 1)
      continue;
    return first >= r->lo && last <= r->hi - 1;
  }
  return true;
}

void rv_pmp_reset(rv_hart *h) { decode(h); }

void rv_pmp_write_cfg(rv_hart *h, unsigned first, uint64_t value)
{
  for (unsigned i = 0; i < 8; i++) {
    uint8_t *cfg = &h->csr.pmpcfg[first + i];
    uint8_t new = value >> 8 * i & 0x9f;
    if (!(new & PMP_R))
      new &= ~PMP_W; /* R=0, W=1 is reserved: WARL */
    if (!(*cfg & PMP_L))
      *cfg = new;
  }
  decode(h);
}

void rv_pmp_write_addr(rv_hart *h, unsigned i, uint64_t value)
{
  const bool locked = h->csr.pmpcfg[i] & PMP_L;
  const bool next_locked_tor =
      i < 15 && (h->csr.pmpcfg[i + 1] & PMP_L) && matching(h, i + 1) == A_TOR;
  if (!locked && !next_locked_tor)
    h->csr.pmpaddr[i] = value & ADDR_BITS;
  decode(h);
}
