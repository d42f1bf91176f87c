/* mmu.h - one hart's translation state: banks, PMP ranges, the current regime's modes.
 */
#ifndef RV_MMU_H
#define RV_MMU_H
#include "cpu/hart.h"
#include "cpu/sizes.h"

/* A hit is ea - va <= 4096 - size, which also rejects page crossing. An invalid entry holds a page
 * of the neighbouring index, which no lookup of this index can hit. */
typedef struct {
  uint64_t va;
  uint64_t addend; /* of va to where it is in the host */
} rv_tlbe;

/* Indirect jump targets: virtual pc to block head. An odd va is invalid. */
typedef struct {
  uint64_t va;
  struct rv_op *op;
} rv_jce;

/* Everything a translation may depend on, canonical: only what can change a translation enters. */
typedef struct {
  uint64_t flags, satp, vsatp, hgatp;
} rv_bank_key;

struct rv_bank {
  rv_tlbe r[RV_TLB_SIZE], w[RV_TLB_SIZE]; /* at fixed offsets: the engine addresses them */
  rv_jce jc[RV_JC_SIZE];
  rv_tlbe x[RV_HLVX_SIZE]; /* what hlvx may read as the guest that the regime is of */
  uint64_t gen;
  rv_bank_key key;
  uint64_t used; /* for LRU */
  bool valid;
  /* Virtual addresses of which something was filled from a page larger than 4 KiB: an address fence
   * in [super_lo, super_hi] drops the bank whole. Empty: lo > hi. */
  uint64_t super_lo, super_hi;
  /* What was filled since the last drop, so that a drop need not clear everything. */
  unsigned n_log; /* > RV_FILL_LOG: too many, clear all */
  uint16_t log[RV_FILL_LOG];
};

typedef struct {
  uint64_t lo, hi; /* [lo, hi), hi = 0 stands for 2^64 */
  uint8_t cfg;
} rv_pmp_range;

/* A walk cache's entry: where the last-level table is that translates va's 2 MiB. */
typedef struct {
  uint64_t region;     /* va >> 21 */
  uint64_t atp, hgatp; /* the root it was found from; hgatp also if the table is the guest's */
  uint64_t gen;        /* of rv_mmu.walk_gen */
  uint64_t table;      /* its address: guest physical if the guest's */
  const uint8_t *host; /* ... and where it is: PMP lets all of the page be read */
} rv_walk_entry;

/* Where the code of one page of virtual addresses is: true as long as its bank keeps its generation. */
typedef struct {
  uint64_t gen, page;
  const uint8_t *host;
} rv_code_page;
enum { RV_CODE_PAGES = 4 };

/* Where a page of code is: for blocks to be found again. */
typedef struct {
  uint64_t gen, page;
  uint64_t pa;
  uint8_t *host; /* NULL: nothing is kept */
  uint8_t fence_shift;
} rv_fetch_entry;

/* The stages of translation: what satp, vsatp and hgatp are the roots of. */
enum { STAGE_SINGLE, STAGE_VS, STAGE_G, RV_STAGES };

/* A regime as it is selected: effective modes (data.access is set by the user) and their bank. */
typedef struct {
  rv_bank *bank;
  rv_xmode fetch, data;
} rv_regime;

typedef struct rv_mmu {
  rv_bank bank[RV_BANKS];
  uint64_t clock;
  rv_xmode fetch, data;          /* of the current regime */
  rv_regime of_level[RV_LEVELS]; /* by rv_level: what the mode selects while nothing but the mode
                                    changes; bank NULL: not known */
  rv_pmp_range pmp[16];
  unsigned n_pmp;
  rv_walk_entry walk[RV_STAGES][RV_WALKS];
  uint64_t walk_gen[RV_STAGES]; /* an entry of another generation is void */
  rv_code_page code_page[RV_CODE_PAGES]; /* for rv_peek_insn alone */
  rv_fetch_entry fetched[RV_FETCHES];    /* for rv_fetch_place */
} rv_mmu;
#endif
