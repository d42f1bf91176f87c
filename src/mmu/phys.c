/* phys.c - host memory behind guest physical addresses, and what must happen when it is written. */
#include "mmu/phys.h"
#include <string.h>
#include <sys/mman.h>

static void *map_lazily(uint64_t size)
{
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

rv_region *rv_phys_add(rv_phys *p, uint64_t base, uint64_t size, bool readonly)
{
  if (p->n_regions == RV_MAX_REGIONS || !size || (base | size) & RV_PAGE_MASK)
    return NULL;
  rv_region r = { .base = base, .size = size, .readonly = readonly };
  r.host = map_lazily(size);
  r.pages = map_lazily((size >> RV_PAGE_SHIFT) * sizeof(rv_page));
  if (!r.host || !r.pages)
    return NULL;
  madvise(r.host, size, MADV_HUGEPAGE); /* halves the cost of a 64 MiB pointer chase */
  p->region[p->n_regions] = r;
  return &p->region[p->n_regions++];
}

void rv_phys_free(rv_phys *p)
{
  for (unsigned i = 0; i < p->n_regions; i++) {
    munmap(p->region[i].host, p->region[i].size);
    munmap(p->region[i].pages, (p->region[i].size >> RV_PAGE_SHIFT) * sizeof(rv_page));
  }
  p->n_regions = 0;
}

/* The 64-byte granules of its page that [pa, last] touches; both are in one page. */
static uint64_t granules(uint64_t pa, uint64_t last)
{
  const unsigned lo = (pa & RV_PAGE_MASK) >> RV_GRANULE_SHIFT;
  const unsigned hi = (last & RV_PAGE_MASK) >> RV_GRANULE_SHIFT;
  return (~0ull >> (63 - hi)) & (~0ull << lo);
}

/* A store by another hart, or by a device, ends a reservation on the bytes it writes. */
static void break_reservations(rv_phys *p, const rv_hart *writer, uint64_t pa, uint64_t n)
{
  for (unsigned i = 0; i < p->n_harts; i++) {
    rv_hart *h = p->harts[i];
    if (h != writer && h->reservation != ~0ull && h->reservation < pa + n &&
        pa < h->reservation + 8)
      h->reservation = ~0ull;
  }
}

void rv_phys_written(rv_phys *p, rv_region *r, rv_hart *h, uint64_t pa, uint64_t n)
{
  const uint64_t end = pa + n;
  break_reservations(p, h, pa, n);
  for (uint64_t at = pa; at < end;) {
    const uint64_t page_last = at | RV_PAGE_MASK, last = page_last < end - 1 ? page_last : end - 1;
    rv_page *page = rv_region_page(r, at);
    if (page->has_code && (page->code_granules & granules(at, last))) {
      p->code_written(p->code, page);
      if (h)
        h->end_block = true; /* the running block may be the one that was overwritten */
    }
    if (page->watched)
      p->watch(p->bus, at, last + 1 - at);
    at = last + 1;
  }
}

bool rv_phys_read(rv_phys *p, uint64_t pa, void *buf, size_t n)
{
  rv_region *r = rv_phys_find(p, pa, n);
  if (r)
    memcpy(buf, rv_region_host(r, pa), n);
  return r;
}

bool rv_phys_write(rv_phys *p, uint64_t pa, const void *buf, size_t n)
{
  rv_region *r = rv_phys_find(p, pa, n);
  if (!r || r->readonly)
    return false;
  memcpy(rv_region_host(r, pa), buf, n);
  if (n)
    rv_phys_written(p, r, NULL, pa, n);
  return true;
}
