/* peek.c - the instruction at h->pc, for observers (access.h). Every trap that is observed asks,
 * and for the same page again and again: where its code is is kept.
 */
#include "mmu/access.h"
#include "mmu/mmu.h"
#include "mmu/phys.h"
#include "mmu/walk.h"
#include <string.h>

/* Where the host has the code at va, up to the page's end; NULL: not to be fetched, or no memory. A
 * fence or another regime has another generation: a page that is kept is the one the hart itself
 * executes from. */
static const uint8_t *code_at(rv_hart *h, uint64_t va)
{
  const rv_xmode mode = { .access = RV_FETCH, .prv = h->prv, .v = h->v };
  rv_code_page *kept = &h->mmu->code_page[h->gen % RV_CODE_PAGES];
  /* Between two modes (a trap that firmware hands on) the generation is not yet the new one's. */
  const bool settled = h->mmu->fetch.prv == h->prv && h->mmu->fetch.v == h->v;
  if (RV_KEEP && settled && kept->host && kept->gen == h->gen && kept->page == (va & ~RV_PAGE_MASK))
    return kept->host + (va & RV_PAGE_MASK);
  rv_walk_log log;
  log.n = 0; /* the rest is written before it is read, and large */
  const rv_xlat x = rv_walk(h, va, &mode, &log);
  rv_region *r = x.why ? NULL : rv_phys_find(h->phys, x.pa, 2);
  if (!r)
    return NULL;
  const uint8_t *host = rv_region_host(r, x.pa);
  if (settled && !r->readonly && !r->hidden)
    *kept = (rv_code_page){ h->gen, va & ~RV_PAGE_MASK, host - (va & RV_PAGE_MASK) };
  return host;
}

bool rv_peek_insn_at(rv_hart *h, uint64_t va, uint32_t *raw)
{
  const uint8_t *code = code_at(h, va);
  uint16_t low, high = 0;
  if (!code)
    return false;
  memcpy(&low, code, 2);
  if ((low & 3) == 3) { /* four bytes, perhaps on two pages */
    const bool in_page = (va & RV_PAGE_MASK) <= RV_PAGE_SIZE - 4;
    code = in_page ? code + 2 : code_at(h, va + 2);
    if (!code)
      return false;
    memcpy(&high, code, 2);
  }
  *raw = low | (uint32_t)high << 16;
  return true;
}

bool rv_peek_insn(rv_hart *h, uint32_t *raw) { return rv_peek_insn_at(h, h->pc, raw); }
