/* access.c - from a virtual address to bytes or a device register, and to the fault if refused.
 *
 * Depends on walk.c, pmp.c, phys.c and tlb.c. Causes, tval2 and pseudo-instructions of faults are
 * decided in refuse(). [H-130 .. H-140, H-175, H-229 .. H-231]
 */
#include "mmu/access.h"
#include "mmu/mask.h"
#include "mmu/phys.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "mmu/walk.h"
#include "priv/csr.h"
#include <string.h>

/* Causes by rv_access. */
static const uint8_t access_fault[] = { CAUSE_FETCH_ACCESS, CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS,
                                        CAUSE_STORE_ACCESS };
static const uint8_t page_fault[] = { CAUSE_FETCH_PAGE, CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE,
                                      CAUSE_STORE_PAGE };
static const uint8_t guest_fault[] = { CAUSE_FETCH_GUEST_PAGE, CAUSE_LOAD_GUEST_PAGE,
                                       CAUSE_STORE_GUEST_PAGE, CAUSE_STORE_GUEST_PAGE };

static bool is_access_fault(unsigned why)
{
  return why == WHY_PTE_ACCESS || why == WHY_PMP || why == WHY_NO_MEMORY ||
         why == WHY_DEVICE_REFUSED || why == WHY_AMO_DEVICE || why == WHY_CBO_DEVICE;
}

/* Fills h->trap. The type is always that of the original access, also when a PTE was at fault
 * [H-222]; the guest physical address is the PTE's then [H-132], with the pseudo-instruction that
 * says so [H-138, H-139, H-140]. The virtual address is the access's own in any case [H-454]; it is
 * a guest's by the access's V, not the hart's [H-034, H-035, H-263]. Only guest-page faults have a
 * guest physical address [H-130, H-229]. */
static bool refuse(rv_hart *h, uint64_t va, const rv_xmode *mode, const rv_xlat *x)
{
  const uint8_t *causes = is_access_fault(x->why) ? access_fault
                          : x->guest              ? guest_fault
                                                  : page_fault;
  h->trap = (rv_trap){ .cause = causes[mode->access],
                       .tval = rv_masked(va, mode), /* as it was accessed [H-459] */
                       .gva = mode->v,
                       .why = x->why,
                       .access = true,
                       .implicit = x->implicit,
                       .mode = *mode };
  if (x->guest) {
    h->trap.tval2 = x->gpa >> 2;
    if (x->implicit)
      h->trap.tinst = x->update ? RV_TINST_PTE_WRITE : RV_TINST_PTE_READ;
  }
  return false;
}

static bool refuse_why(rv_hart *h, uint64_t va, const rv_xmode *mode, rv_why why)
{
  return refuse(h, va, mode, &(rv_xlat){ .why = why });
}

static unsigned rights_of(const rv_xmode *m)
{
  if (m->hlvx)
    return PMP_R | PMP_X; /* both [H-253] */
  return m->access == RV_FETCH ? PMP_X : m->access == RV_STORE ? PMP_W : PMP_R;
}

/* The place of [x->pa, x->pa + size), if physical memory grants the access to all of it. Inline:
 * a call is 5 % of an atomic access to a page with code. */
static inline __attribute__((always_inline)) bool place_at(rv_hart *h, uint64_t va,
                                                           const rv_xlat *x, unsigned size,
                                                           const rv_xmode *mode, rv_place *place)
{
  if (!rv_pmp_allows(h, x->pa, size, rights_of(mode), mode->prv))
    return refuse_why(h, va, mode, WHY_PMP);
  *place = (rv_place){ .pa = x->pa,
                       .fence_shift = x->fence_shift,
                       .cacheable = rv_pmp_uniform(h, x->pa) };
  rv_region *r = rv_phys_find(h->phys, x->pa, size);
  if (r && !r->hidden && !(r->readonly && mode->access == RV_STORE))
    place->host = rv_region_host(r, x->pa);
  else if (mode->access == RV_FETCH || mode->hlvx || /* a device is not executable [H-253] */
           !h->phys->bus_claims(h->phys->bus, x->pa))
    return refuse_why(h, va, mode, WHY_NO_MEMORY);
  return true;
}

/* Translation first, PMP and memory of the final address last [H-175, H-231]. */
bool rv_locate(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, rv_place *place)
{
  /* Callers see the address as the instruction has it: so does the TLB, which need not mask. */
  const rv_xlat x = rv_walk(h, rv_masked(va, mode), mode, NULL);
  return x.why ? refuse(h, va, mode, &x) : place_at(h, va, &x, size, mode, place);
}

/* Keeps a page for the fast path, if nothing about it needs a look at every access. bank NULL: no.
 */
static void keep(rv_hart *h, rv_bank *bank, rv_tlb_array array, uint64_t va, const rv_place *p)
{
  if (!bank || !p->cacheable || !p->host)
    return;
  if (array == RV_TLB_W) {
    rv_region *r = rv_phys_find(h->phys, p->pa, 1);
    const rv_page *page = rv_region_page(r, p->pa);
    if (page->has_code || page->watched)
      return;
  }
  h->stat.tlb_fills++;
  rv_tlb_fill(bank, array, va, p->host - (va & RV_PAGE_MASK), p->fence_shift);
}

/* A part of an access that lies in one page. */
typedef struct {
  uint64_t va;
  unsigned size;
  rv_place place;
} part;

/* Translates every page an access touches before anything is done, so that a fault leaves nothing
 * half done; the fault's address is the first byte of the part at fault [H-134, H-240, H-470]. */
static bool split(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, part parts[2],
                  unsigned *n)
{
  const unsigned in_first = RV_PAGE_SIZE - (va & RV_PAGE_MASK);
  *n = in_first < size ? 2 : 1;
  parts[0] = (part){ .va = va, .size = *n == 2 ? in_first : size };
  parts[1] = (part){ .va = va + in_first, .size = size - in_first };
  for (unsigned i = 0; i < *n; i++)
    if (!rv_locate(h, parts[i].va, parts[i].size, mode, &parts[i].place))
      return false;
  /* A device register is accessed whole, or not at all; the part at fault is the device's. */
  for (unsigned i = 0; i < *n; i++)
    if (!parts[i].place.host && (*n == 2 || va & (size - 1)))
      return refuse_why(h, parts[i].va, mode, WHY_DEVICE_REFUSED);
  return true;
}

static bool load(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *m, rv_bank *bank,
                 uint64_t *value)
{
  part parts[2];
  unsigned n;
  if (!split(h, va, size, m, parts, &n))
    return false;
  if (!parts[0].place.host)
    return h->phys->bus_read(h->phys->bus, h, parts[0].place.pa, size, value) ||
           refuse_why(h, va, m, WHY_DEVICE_REFUSED);
  *value = 0;
  uint8_t *to = (uint8_t *)value;
  for (unsigned i = 0; i < n; i++) {
    memcpy(to, parts[i].place.host, parts[i].size);
    to += parts[i].size;
    keep(h, bank, m->hlvx ? RV_TLB_X : RV_TLB_R, parts[i].va, &parts[i].place);
  }
  return true;
}

bool rv_load(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t *value)
{
  const rv_xmode m = mode ? *mode : h->mmu->data;
  return load(h, va, size, &m, mode ? NULL : h->bank, value);
}

static void put(rv_hart *h, const part *p, const uint8_t *from)
{
  memcpy(p->place.host, from, p->size);
  rv_phys_written(h->phys, rv_phys_find(h->phys, p->place.pa, 1), h, p->place.pa, p->size);
}

static bool store(rv_hart *h, uint64_t va, unsigned size, rv_xmode m, rv_bank *bank, uint64_t value)
{
  part parts[2];
  unsigned n;
  m.access = RV_STORE;
  if (!split(h, va, size, &m, parts, &n)) {
    if (unlikely(h->choice.as_spike) && n == 2 && parts[0].place.host)
      put(h, &parts[0], (const uint8_t *)&value); /* the second page was refused */
    return false;
  }
  if (!parts[0].place.host)
    return h->phys->bus_write(h->phys->bus, h, parts[0].place.pa, size, value) ||
           refuse_why(h, va, &m, WHY_DEVICE_REFUSED);
  const uint8_t *from = (const uint8_t *)&value;
  for (unsigned i = 0; i < n; i++) {
    put(h, &parts[i], from);
    from += parts[i].size;
    keep(h, bank, RV_TLB_W, parts[i].va, &parts[i].place);
  }
  return true;
}

bool rv_store(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t value)
{
  return store(h, va, size, mode ? *mode : h->mmu->data, mode ? NULL : h->bank, value);
}

/* ---- hlv, hlvx, hsv ---- */

/* The guest's bank, if it is by the same addresses as this access: pointer masking may differ. */
static rv_bank *bank_of_guest(rv_hart *h, const rv_xmode *mode)
{
  const rv_regime *r = rv_guest_regime(h, mode->prv);
  return mode->hlvx || mode->pmlen == r->data.pmlen ? r->bank : NULL;
}

/* Where the array keeps [va, va + size), or NULL. */
static uint8_t *kept(const rv_tlbe *array, unsigned n, uint64_t va, unsigned size)
{
  const rv_tlbe *e = &array[va >> RV_PAGE_SHIFT & (n - 1)];
  return va - e->va <= RV_PAGE_SIZE - size ? (uint8_t *)(va + e->addend) : NULL;
}

static const uint8_t *kept_load(const rv_bank *b, uint64_t va, unsigned size, bool hlvx)
{
  return hlvx ? kept(b->x, RV_HLVX_SIZE, va, size) : kept(b->r, RV_TLB_SIZE, va, size);
}

const uint8_t *rv_kept_of_guest(const rv_hart *h, uint64_t va, unsigned size, bool hlvx)
{
  const rv_prv prv = h->csr.hstatus & hstatus_SPVP ? PRV_S : PRV_U;
  const rv_regime *r = &h->mmu->of_level[RV_LEVEL(prv, true)];
  if (h->v || h->prv == PRV_U || !r->bank || (r->data.pmlen && !hlvx))
    return NULL;
  return kept_load(r->bank, va, size, hlvx);
}

bool rv_load_as_guest(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t *value)
{
  rv_bank *b = bank_of_guest(h, mode);
  const uint8_t *from = b ? kept_load(b, va, size, mode->hlvx) : NULL;
  if (!from)
    return load(h, va, size, mode, b, value);
  *value = 0;
  memcpy(value, from, size);
  return true;
}

bool rv_store_as_guest(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t value)
{
  rv_bank *b = bank_of_guest(h, mode);
  uint8_t *to = b ? kept(b->w, RV_TLB_SIZE, va, size) : NULL;
  if (!to)
    return store(h, va, size, *mode, b, value);
  memcpy(to, &value, size);
  return true;
}

/* AMO and SC are stores, LR is a load [H-238]; alignment comes before translation [H-177]. */
bool rv_atomic(rv_hart *h, uint64_t va, unsigned size, bool write, rv_place *place)
{
  rv_xmode m = h->mmu->data;
  m.access = write ? RV_STORE : RV_LOAD;
  if (va & (size - 1)) {
    const uint8_t misaligned = write ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED;
    h->trap = (rv_trap){ .cause = h->choice.as_spike ? access_fault[m.access] : misaligned,
                         .tval = rv_masked(va, &m),
                         .gva = m.v,
                         .why = WHY_AMO_MISALIGNED,
                         .mode = m };
    return false;
  }
  if (!rv_locate(h, va, size, &m, place))
    return false;
  if (!place->host)
    return refuse_why(h, va, &m, WHY_AMO_DEVICE);
  keep(h, h->bank, write ? RV_TLB_W : RV_TLB_R, va, place);
  return true;
}

/* Spike stores to a block byte by byte: those before the first that PMP refuses are zeroed, and
 * that one is told. True: PMP refuses none. */
static bool zero_as_spike(rv_hart *h, uint64_t va, uint64_t pa, const rv_xmode *m)
{
  unsigned n = 0;
  while (n < RV_CACHE_BLOCK && rv_pmp_allows(h, pa + n, 1, PMP_W, m->prv))
    n++;
  rv_region *r = rv_phys_find(h->phys, pa, RV_CACHE_BLOCK);
  if (n == RV_CACHE_BLOCK || !r || r->readonly)
    return true;
  memset(rv_region_host(r, pa), 0, n);
  if (n)
    rv_phys_written(h->phys, r, h, pa, n);
  return refuse_why(h, va + n, m, WHY_PMP);
}

/* The address translated, and told by a fault, is va as it is, but for its mask [H-468, H-459]; PMP
 * and memory are asked for the whole block at once, which never crosses a page. */
bool rv_cache_block(rv_hart *h, uint64_t va, rv_access access, rv_place *place)
{
  const uint64_t in_block = RV_CACHE_BLOCK - 1;
  rv_xmode m = h->mmu->data;
  m.access = access;
  const bool as_spike = h->choice.as_spike;
  /* Spike asks for one byte of a block that is not stored to. */
  const unsigned size = as_spike && access == RV_CBO ? 1 : RV_CACHE_BLOCK;
  if (as_spike && access == RV_STORE)
    va &= ~in_block; /* told by a fault of cbo.zero, against H-468 */
  rv_xlat x = rv_walk(h, rv_masked(va, &m), &m, NULL);
  if (x.why)
    return refuse(h, va, &m, &x);
  x.pa &= ~(size - 1ull);
  if (as_spike && access == RV_STORE && !zero_as_spike(h, va, x.pa, &m))
    return false;
  if (!place_at(h, va, &x, size, &m, place))
    return false;
  if (access != RV_STORE) /* of a device, too: a load is permitted there */
    return place->host || !as_spike || refuse_why(h, va, &m, WHY_CBO_DEVICE);
  if (!place->host)
    return refuse_why(h, va, &m, WHY_CBO_DEVICE);
  keep(h, h->bank, RV_TLB_W, va & ~in_block, place);
  return true;
}

void rv_place_written(rv_hart *h, const rv_place *p, unsigned size)
{
  rv_phys_written(h->phys, rv_phys_find(h->phys, p->pa, size), h, p->pa, size);
}

/* A jump cache forgets sooner than a page's translation does: a fence or another regime has another
 * generation. */
bool rv_fetch_place(rv_hart *h, uint64_t va, unsigned size, rv_place *place)
{
  const uint64_t page = va & ~RV_PAGE_MASK, off = va & RV_PAGE_MASK;
  rv_fetch_entry *e = &h->mmu->fetched[(page >> RV_PAGE_SHIFT ^ h->gen) & (RV_FETCHES - 1)];
  if (RV_KEEP && e->host && e->page == page && e->gen == h->gen) {
    *place = (rv_place){ .pa = e->pa | off, .host = e->host + off, .fence_shift = e->fence_shift,
                         .cacheable = true };
    return true;
  }
  if (!rv_locate(h, va, size, &h->mmu->fetch, place))
    return false;
  if (place->cacheable && place->host)
    *e = (rv_fetch_entry){ h->gen, page, place->pa & ~RV_PAGE_MASK, place->host - off,
                           place->fence_shift };
  return true;
}

/* ---- without side effects ---- */

/* Nothing executes, so the statistics, too, are as before. */
static rv_xlat probe(rv_hart *h, uint64_t va, const rv_xmode *mode, rv_walk_log *log)
{
  const rv_stats kept = h->stat;
  const rv_xlat x = rv_walk(h, va, mode, log);
  h->stat = kept;
  return x;
}

rv_xlat rv_walk_probe(rv_hart *h, uint64_t va, const rv_xmode *mode, rv_walk_log *log)
{
  *log = (rv_walk_log){ .access = mode->access,
                        .prv = mode->prv,
                        .v = mode->v,
                        .mprv = mode->mprv,
                        .hlv = mode->hlv,
                        .hlvx = mode->hlvx,
                        .pmlen = mode->pmlen };
  return probe(h, rv_masked(va, mode), mode, log);
}

bool rv_read_virt(rv_hart *h, uint64_t va, rv_prv prv, bool v, void *buf, size_t n)
{
  const rv_xmode mode = { .access = RV_LOAD, .prv = prv, .v = v };
  uint8_t *to = buf;
  while (n) {
    const size_t in_page = RV_PAGE_SIZE - (va & RV_PAGE_MASK), part = n < in_page ? n : in_page;
    rv_walk_log log = { 0 };
    const rv_xlat x = probe(h, va, &mode, &log);
    if (x.why || !rv_phys_read(h->phys, x.pa, to, part))
      return false;
    to += part;
    va += part;
    n -= part;
  }
  return true;
}
