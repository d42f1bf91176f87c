/* phys.h - physical memory and the bus: RAM, ROMs with host memory behind them, and devices.
 *
 * Every write to guest memory that is not a write-TLB hit ends in rv_phys_written, which knows
 * decoded code, reservations and watched pages.
 */
#ifndef RV_PHYS_H
#define RV_PHYS_H
#include "cpu/hart.h"

enum { RV_PAGE_SHIFT = 12, RV_GRANULE_SHIFT = 6 };
#define RV_PAGE_SIZE 4096ull
#define RV_PAGE_MASK 4095ull

/* What is known of a page of host-backed memory besides its bytes. */
typedef struct {
  uint64_t code_granules; /* 64-byte granules that hold decoded instructions */
  struct rv_block *blocks; /* blocks decoded from this page */
  bool has_code;          /* stores are to look at code_granules: no write-TLB entry */
  bool watched;           /* stores are to call rv_phys.watch */
} rv_page;

/* Host-backed memory: RAM is region 0; ROMs follow. */
typedef struct {
  uint64_t base, size;
  uint8_t *host;
  rv_page *pages;
  bool readonly; /* stores go to the device that claims the address, if any */
  bool hidden;   /* loads as well: a flash that is being programmed; fetches fail */
} rv_region;

enum { RV_MAX_REGIONS = 8 };

struct rv_phys {
  rv_region region[RV_MAX_REGIONS];
  unsigned n_regions;
  uint64_t next_gen; /* generations of banks, never reused */
  rv_hart **harts;   /* whose reservations a write may break */
  unsigned n_harts;
  /* The machine's bus: devices. False: nobody there, or refused. */
  void *bus;
  bool (*bus_read)(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value);
  bool (*bus_write)(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value);
  bool (*bus_claims)(void *bus, uint64_t pa); /* is a device at this address? */
  void (*watch)(void *bus, uint64_t pa, unsigned size); /* the bytes written of a watched page */
  rv_code *code; /* told by code_written of stores to decoded granules */
  void (*code_written)(rv_code *code, rv_page *page);
};

/* Adds host-backed memory, zeroed and allocated lazily. NULL: out of memory or too many regions. */
rv_region *rv_phys_add(rv_phys *p, uint64_t base, uint64_t size, bool readonly);
void rv_phys_free(rv_phys *p);

/* The region that holds [pa, pa + n) entirely, or NULL. */
static inline rv_region *rv_phys_find(rv_phys *p, uint64_t pa, uint64_t n)
{
  for (unsigned i = 0; i < p->n_regions; i++) {
    rv_region *r = &p->region[i];
    const uint64_t off = pa - r->base;
    if (off < r->size && n <= r->size - off)
      return r;
  }
  return NULL;
}

static inline uint8_t *rv_region_host(const rv_region *r, uint64_t pa)
{
  return r->host + (pa - r->base);
}
static inline rv_page *rv_region_page(const rv_region *r, uint64_t pa)
{
  return &r->pages[(pa - r->base) >> RV_PAGE_SHIFT];
}

/* Call after [pa, pa + n) of region r was written, by whomever: h is the hart that did it, or NULL
 * (DMA, firmware, gdb). */
void rv_phys_written(rv_phys *p, rv_region *r, rv_hart *h, uint64_t pa, uint64_t n);

/* Copies to or from RAM, for DMA, the firmware and gdb. False: some byte is not in memory (then
 * nothing was copied), or it is read-only. */
bool rv_phys_read(rv_phys *p, uint64_t pa, void *buf, size_t n);
bool rv_phys_write(rv_phys *p, uint64_t pa, const void *buf, size_t n);
#endif
