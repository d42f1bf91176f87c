/* access.h - the slow half of loads, stores and fetches: translate and check every page touched,
 * then act exactly once. What the TLB banks may keep is filled on the way.
 */
#ifndef RV_ACCESS_H
#define RV_ACCESS_H
#include "cpu/event.h"
#include "cpu/hart.h"
#include "mmu/walk.h"

/* An address translated and checked for an access that stays in its page. */
typedef struct {
  uint64_t pa;
  uint8_t *host;   /* NULL: a device */
  uint8_t fence_shift; /* as rv_xlat's */
  bool cacheable;  /* one PMP answer for the whole page */
} rv_place;

/* Translates and checks [va, va + size), within one page. False: h->trap is filled (without tinst
 * of the explicit access, which only the instruction knows). */
bool rv_locate(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, rv_place *place)
    __attribute__((warn_unused_result));

/* Loads and stores of 1, 2, 4 or 8 bytes, any alignment, zero-extended; mode NULL: as the current
 * regime says, filling its bank. False: h->trap is filled. */
bool rv_load(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t *value)
    __attribute__((warn_unused_result));
bool rv_store(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t value)
    __attribute__((warn_unused_result));

/* Where the bytes are that hlv or hlvx loads, if the guest's own bank keeps their page, in M and HS.
 * NULL: do it by the next, which is refused or fills that bank. */
const uint8_t *rv_kept_of_guest(const rv_hart *h, uint64_t va, unsigned size, bool hlvx);
/* hlv, hlvx and hsv, by a mode of rv_hlv_mode. */
bool rv_load_as_guest(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t *value)
    __attribute__((warn_unused_result));
bool rv_store_as_guest(rv_hart *h, uint64_t va, unsigned size, const rv_xmode *mode, uint64_t value)
    __attribute__((warn_unused_result));

/* A host pointer for an atomic access: aligned, main memory, readable and writable as mode's
 * store; a load reservation passes write = false. False: h->trap is filled. */
bool rv_atomic(rv_hart *h, uint64_t va, unsigned size, bool write, rv_place *place)
    __attribute__((warn_unused_result));
/* The cache block that holds the byte at va, of any alignment. RV_STORE: to be zeroed, in main
 * memory [H-104]. RV_CBO: it may be managed; place says nothing. False: h->trap is filled. */
bool rv_cache_block(rv_hart *h, uint64_t va, rv_access access, rv_place *place)
    __attribute__((warn_unused_result));
/* Call after writing through the place of rv_atomic or rv_cache_block. */
void rv_place_written(rv_hart *h, const rv_place *place, unsigned size);

/* The fetch side of the current regime: pc's page. False: h->trap is filled. */
bool rv_fetch_place(rv_hart *h, uint64_t va, unsigned size, rv_place *place)
    __attribute__((warn_unused_result));

/* ---- without side effects ---- */

/* The walk for va as mode says, step by step, changing nothing. */
rv_xlat rv_walk_probe(rv_hart *h, uint64_t va, const rv_xmode *mode, rv_walk_log *log);
/* The instruction at h->pc, 16 or 32 bits. False: it cannot be fetched. */
bool rv_peek_insn(rv_hart *h, uint32_t *raw);
/* The same at va, in the mode the hart is in. */
bool rv_peek_insn_at(rv_hart *h, uint64_t va, uint32_t *raw);
/* Copies from virtual memory as prv and v see it; only from RAM. False: some byte is not mapped. */
bool rv_read_virt(rv_hart *h, uint64_t va, rv_prv prv, bool v, void *buf, size_t n);
#endif
