/* translate.h - a second model of address translation, for tests: the manual's text, step by step,
 * and nothing clever. It shares no code and no name with the machine: raw CSR values in, a physical
 * address or a trap record out, no TLB, no state. Bits are written as the manual numbers them.
 * [priv supervisor#sv32algorithm, hypervisor#two-stage-translation, machine#pmp, svnapot, svpbmt,
 * svadu, zpm]
 */
#ifndef RVH_TESTS_MODEL_TRANSLATE_H
#define RVH_TESTS_MODEL_TRANSLATE_H
#include <stdbool.h>
#include <stdint.h>

/* CBO_MANAGE: cbo.clean, cbo.flush, cbo.inval. Their size and cbo.zero's is the cache block. */
typedef enum {
  FETCH,
  LOAD,
  STORE,
  AMO,
  LR,
  SC,
  HLV,
  HLVX,
  HSV,
  CBO_MANAGE,
  CBO_ZERO,
  N_ACCESSES
} access_type;

/* What the physical memory attributes of an address permit. */
enum { PMA_READ = 1, PMA_WRITE = 2, PMA_EXEC = 4, PMA_MAIN = 8 };

/* The CSRs that translation reads, as raw values; hgatp's root as software wrote it. */
typedef struct {
  uint64_t mstatus, menvcfg, mseccfg, satp, senvcfg;
  uint64_t hstatus, henvcfg, hgatp, vsstatus, vsatp;
  uint8_t pmpcfg[16];
  uint64_t pmpaddr[16];
  unsigned prv; /* 0, 1, 3 */
  bool v;
  bool no_napot; /* Svnapot is not implemented: N is reserved */
  bool strict;   /* hgatp's PPN[1:0] are taken as 0, as the manual says */
} translate_csrs;

/* Memory as the model sees it. */
typedef struct {
  void *ctx;
  unsigned (*attributes)(void *ctx, uint64_t pa); /* 0: nothing is there */
  uint64_t (*read)(void *ctx, uint64_t pa);       /* 8 bytes, aligned, of main memory */
} translate_memory;

/* Which translation was being made. */
typedef enum {
  S_STAGE,  /* satp alone */
  VS_STAGE, /* vsatp */
  G_READ,   /* hgatp, of the address of a VS-stage PTE */
  G_WRITE,  /* ... to update A or D in it */
  G_FINAL,  /* hgatp, of the access's own guest physical address */
  PHYSICAL, /* after translation: PMA and PMP of the access itself */
  N_STAGES
} translate_stage;

/* Every way an access can end: the coverage is counted by these. */
typedef enum {
  FINE,
  VA_SIGN,      /* bits above the used ones are no sign extension */
  GPA_WIDE,     /* bits above the used ones are not zero */
  PTE_NOWHERE,  /* a PTE where no main memory is */
  PTE_PMP,      /* PMP forbids to read it */
  PTE_V,        /* V = 0 */
  PTE_W_ONLY,   /* R = 0, W = 1 */
  PTE_BITS,     /* bits 60:54 */
  PTE_PBMT_OFF, /* PBMT 1 or 2, and PBMTE is 0 */
  PTE_PBMT_3,   /* PBMT 3 */
  PTE_N,        /* N, and not 64 KiB at level 0 */
  PTR_DAU,      /* a pointer with D, A or U */
  PTR_PBMT,     /* ... with PBMT */
  PTR_N,        /* ... with N */
  NO_LEAF,      /* a pointer at level 0 */
  SUPERPAGE,    /* misaligned */
  NOT_U,        /* a user access, U = 0 */
  IS_U,         /* a supervisor access, U = 1 */
  NOT_R,
  NOT_W,
  NOT_X,
  A_OFF,      /* A = 0, ADUE = 0 */
  D_OFF,      /* D = 0 for a store, ADUE = 0 */
  AD_NOWHERE, /* the PTE is in memory that cannot be written */
  AD_PMP,     /* PMP forbids to write it */
  PA_NOWHERE, /* PMA forbid the access */
  PA_PMP,     /* PMP does */
  PA_DEVICE,  /* a device, and the access is misaligned or atomic */
  MISALIGNED, /* an atomic access */
  N_REASONS
} translate_reason;

enum { MAX_WRITES = 128, MAX_VISITS = 128 };

/* A PTE that was read. */
typedef struct {
  translate_stage stage;
  uint64_t pa, va; /* va: what the stage was translating */
  int level;
  bool leaf;
} translate_visit;

typedef struct {
  translate_reason reason;
  translate_stage stage; /* where it was refused */
  /* FINE: the parts of the access, one for each page it touches. */
  unsigned parts;
  uint64_t pa[2];
  unsigned size[2];
  int level[2]; /* of the leaf of S or VS, and of G, for the first part; -1: Bare */
  /* Otherwise: the trap. */
  unsigned cause;
  uint64_t tval, tval2, tinst; /* tinst: the pseudoinstruction or 0 */
  bool gva;
  /* What translation wrote to memory: 8 bytes each, in this order. */
  unsigned n_writes;
  struct {
    uint64_t pa, value;
  } writes[MAX_WRITES];
  unsigned n_visits;
  translate_visit visits[MAX_VISITS];
  uint64_t ea;  /* the address after pointer masking */
  unsigned prv; /* the effective mode */
  bool v;
} translate_result;

/* Translates an access of size bytes (of one page or two) and checks everything about it. */
void translate(const translate_csrs *c, const translate_memory *mem, access_type access,
               uint64_t va, unsigned size, translate_result *r);

/* What mtinst or htinst holds after the refusal of that 32-bit instruction's access, if transformed
 * instructions are given at all. */
uint64_t translate_tinst(const translate_result *r, uint32_t insn);

/* Does PMP let an access of that privilege do it? rights: PMA_READ, PMA_WRITE, PMA_EXEC. */
bool translate_pmp(const translate_csrs *c, uint64_t pa, unsigned size, unsigned rights,
                   unsigned prv);
#endif
