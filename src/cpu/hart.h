/* hart.h - the state of one hart, and what it asks of the machine around it.
 *
 * Everything mutable of a hart is in struct rv_hart: no globals, so that harts may one day run
 * on threads of their own. Firmware, devices and time reach the core only through struct rv_env.
 * Names are those of the privileged specification.
 */
#ifndef RV_HART_H
#define RV_HART_H
#include "cpu/ext.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

typedef struct rv_hart rv_hart;
typedef struct rv_event rv_event; /* cpu/event.h */
typedef struct rv_bank rv_bank;   /* mmu/tlb.h: one translation regime */
typedef struct rv_phys rv_phys;   /* mmu/phys.h: memory and the bus */
typedef struct rv_code rv_code;   /* cpu/block.h: predecoded blocks */

/* Nominal privilege; with V it names the mode: M, HS (S with V=0), VS, U, VU. */
typedef enum { PRV_U = 0, PRV_S = 1, PRV_M = 3 } rv_prv;

/* Reasons of traps, priv/why.def: what the trace and the explainer say. */
typedef enum {
  WHY_NONE,
#define WHY(id, text, rule) WHY_##id,
#include "priv/why.def"
  N_WHY
} rv_why;

/* Causes by name, priv/cause.def. */
enum {
#define CAUSE(number, id, text) CAUSE_##id = number,
#define INTERRUPT(number, id, text) IRQ_##id = number,
#include "priv/cause.def"
};
#define IP(id) (1ull << IRQ_##id)

/* RV_CBO: cache-block management. What may be loaded or stored it may access, and a page that may
 * be stored to may be loaded from: it is checked as a load, faults as a store, and leaves D alone
 * [H-104]. */
typedef enum { RV_FETCH, RV_LOAD, RV_STORE, RV_CBO } rv_access;

/* How an access is made: its type and its effective mode (not always the current one). */
typedef struct {
  uint8_t access; /* rv_access; an AMO is a store */
  uint8_t prv;    /* effective nominal privilege */
  bool v;         /* effective V: two stages */
  bool mprv, hlv; /* why it differs from the current mode */
  bool hlvx;      /* X instead of R at both stages [H-253] */
  uint8_t pmlen;  /* pointer masking: upper bits of the address that are ignored, mmu/mask.h */
  bool pm_signed; /* ... and are copies of the bit below then, else 0 */
} rv_xmode;

/* What a trap says of itself; which registers it is written to is decided by rv_take_trap. */
typedef struct {
  uint64_t cause; /* without the interrupt bit; VS-level interrupts as 2, 6, 10 */
  uint64_t tval;
  uint64_t tval2; /* guest physical address >> 2 of a guest-page fault, else 0 */
  uint64_t tinst; /* transformed instruction or pseudo-instruction, else 0 */
  bool interrupt;
  bool gva; /* tval is a guest virtual address */
  uint8_t why;
  /* For faults of an access: what it was, so that tinst can be built and the walk explained. */
  bool access;   /* refused by translation or by physical memory */
  bool implicit; /* refused while reading or updating a page table, not by the access itself */
  uint8_t to; /* rv_trap_to */
  rv_xmode mode;
} rv_trap;

/* Who decides where a trap goes: the delegation registers, or, of an interrupt that mvien, hvien or
 * hvictl injects, these; its cause is then the very number the handler reads. [AIA 5.3, 6.3.2] */
typedef enum { RV_TO_DELEGATED, RV_TO_HS, RV_TO_VS } rv_trap_to;

/* CSRs of which S and VS each have one: index 0 is HS's, 1 the VS copy. [H-006] */
typedef struct {
  uint64_t status; /* only [1]: vsstatus. HS's sstatus is a view of mstatus */
  uint64_t tvec, scratch, epc, cause, tval, atp, timecmp;
  uint64_t iselect;
  uint64_t own_ie; /* sie's and vsie's bits that are no alias: of mvien and hvien [AIA 5.3, 6.3.2] */
} rv_sregs;

/* The other CSRs' storage. Views (sstatus, sip, hip, vsip, ...) have none. */
typedef struct {
  uint64_t mstatus, medeleg, mideleg, mie, mtvec, mcounteren, menvcfg, mseccfg, mcountinhibit;
  uint64_t mscratch, mepc, mcause, mtval, mtinst, mtval2;
  uint64_t mip;  /* what software wrote: SSIP, SEIP, STIP (while STCE=0); LCOFIP */
  uint64_t hvip; /* VSSIP, VSTIP, VSEIP as software wrote them; with AIA also 13 and up */
  uint64_t mvien, hvien;
  uint64_t mvip; /* of its bits those that are no alias of mip's: 1, 13 and up */
  uint64_t miselect, hvictl, hviprio1, hviprio2;
  uint64_t iprio[2][8]; /* of the M and the S level, a byte by major interrupt */
  uint64_t hgeip, hgeie;
  uint64_t scounteren, senvcfg;
  uint64_t hstatus, hedeleg, hideleg, hcounteren, henvcfg, htimedelta, htval, htinst;
  uint64_t mstateen[4], hstateen[4];
  uint64_t hgatp; /* with the root as written: PPN[1:0] is hidden from reads, see csr.def */
  uint64_t fflags, frm;
  uint64_t zero; /* what constant CSRs and views have for storage: never written */
  uint64_t pmpaddr[16];
  uint8_t pmpcfg[16];
} rv_csrs;

/* The counters, by number: 0 cycle, 2 instret, 3 and up the event counters (csr.def's HPM_LIST). */
enum { RV_COUNTERS = 11 };
typedef struct {
  uint64_t off;    /* what it shows, less the events of the hart's life while it counts */
  uint64_t config; /* mhpmevent3 and up; mcyclecfg, minstretcfg */
  uint64_t mark;   /* what it showed when it was last written or set up: less is an overflow */
} rv_counter;

/* What the slow paths did, for --stats: a hit costs nothing, and is not counted. */
enum { RV_WALK_NONE, RV_WALK_ONE, RV_WALK_TWO, RV_WALK_KINDS }; /* by how many stages */
typedef struct {
  uint64_t traps, exits;             /* exits: from V=1 to V=0 */
  uint64_t tlb_fills;                /* a load or store that missed, and was kept */
  uint64_t walks[RV_WALK_KINDS];     /* translations, also those of fetches and of HLV */
  uint64_t pte_loads[3];             /* of these, by stage: STAGE_* of mmu/mmu.h */
  uint64_t banks, bank_misses;       /* another bank selected; of these, for a regime without one */
  uint64_t lookups, links, crosses;  /* run.c: blocks looked up; links first taken, across pages */
} rv_stats;

/* What the core asks of the machine: set once, before the first instruction. */
typedef struct {
  void *ctx;
  uint64_t (*time)(void *ctx);                       /* mtime, in ticks of the timebase */
  void (*timer_changed)(void *ctx, rv_hart *h);      /* a comparator of this hart was written */
  void (*event)(void *ctx, rv_hart *h, const rv_event *e); /* called for types in h->observe */
  /* Built-in firmware: called right after a trap was taken to M (all M CSRs written). True if it
   * handled it and has set the hart to where it goes on. NULL: M-mode software is the guest's. */
  bool (*firmware)(void *ctx, rv_hart *h, const rv_trap *t);
  /* At an ebreak, before it traps: true if it was a call of the host's, which has set h->pc to where
   * the hart goes on. NULL: there is no semihosting. */
  bool (*semihost)(void *ctx, rv_hart *h);
} rv_env;

/* Choices the specification leaves open (--htinst, --adue, --strict), and the extensions (-cpu): set
 * before rv_csr_reset. */
typedef struct {
  uint64_t ext;      /* 1 << EXT_*: those this hart has */
  bool tinst_zero;   /* htinst/mtinst 0 instead of the transformed instruction */
  bool adue;         /* hardware A/D update is on from the start (built-in firmware) */
  /* Beside Spike's log, what Spike does: misaligned atomics are access faults, not
   * address-misaligned; of a store across two pages, the second of which is refused, the first part is
   * done (both legal); a fault of cbo.zero tells the block's address, and devices refuse cbo.*; PMP is asked for the first
   * byte alone of a block to be managed, and of an sc without reservation; event counters are constant
   * 0. */
  bool as_spike;
  bool strict;       /* walk from hgatp's root with PPN[1:0] = 0 */
  bool imsic;        /* MSIs are taken by an IMSIC, with GEILEN guest interrupt files */
  uint8_t geilen;    /* at most RV_GUEST_FILES */
  uint64_t trap_loop; /* successive identical traps that count as wedged; 0 = never */
} rv_choices;

/* An interrupt file, priv/imsic.h. Bit i of eip and eie is identity i. */
enum { RV_IMSIC_IDS = 255, RV_IMSIC_WORDS = (RV_IMSIC_IDS + 1) / 64, RV_GUEST_FILES = 7 };
typedef struct {
  uint64_t eip[RV_IMSIC_WORDS], eie[RV_IMSIC_WORDS];
  uint64_t eidelivery, eithreshold;
} rv_imsic_file;

/* An instruction's own access to memory, as told by RV_EV_COMMIT. */
typedef struct {
  uint64_t va, value; /* value: what was written */
  uint8_t size;
  bool write;
} rv_touch;
enum { RV_TOUCHES = 3 }; /* amocas.q reads, and writes two halves */

/* Why the run loop was left; bits of rv_hart.stop. */
enum {
  RV_STOP_EXIT = 1,   /* the machine ended (finisher, SBI SRST, HTIF) */
  RV_STOP_WEDGED = 2, /* trap loop */
  RV_STOP_BREAK = 4,  /* a debugger or an observer asked */
};

/* What a mode gets when it names a CSR, as far as that depends on the mode alone: a CSR that is also
 * asked for by a gate of csr.def has no bit. Filled by rv_csr_reset from csr.def's rows. */
typedef struct {
  uint16_t cell; /* offset in rv_hart of where it is stored */
  uint8_t row;   /* index of its row: while V=1 an S name's is the VS CSR's */
  uint8_t how;   /* RV_WAY_* */
} rv_csr_way;
enum {
  RV_WAY_READ = 1,       /* it may be read */
  RV_WAY_WRITE = 2,      /* and written */
  RV_WAY_CELL_READ = 4,  /* what is read is the cell */
  RV_WAY_CELL_WRITE = 8, /* what is written goes to the cell, under csr_mask, and matters to nothing else */
  RV_CSR_ROWS = 224,     /* room for csr.def's rows */
  RV_LEVELS = 8,         /* of rv_level */
};

/* Power states. A suspended hart of SBI HSM is a started one that waits. */
typedef enum { RV_STARTED, RV_STOPPED } rv_power;

struct rv_hart {
  /* Offset 0: x and f are addressed from the engine's register file pointer. */
  uint64_t x[33]; /* x[32] is the sink that rd = x0 is decoded to */
  uint64_t f[32]; /* NaN-boxed */
  /* The fast loop's cold words. */
  uint64_t vbase;  /* virtual page of the running block: pc = vbase + offset */
  uint64_t gen;    /* the bank's generation */
  rv_bank *bank;   /* the bank of the current regime */
  uint64_t limit;  /* icount at which budget is 0 */

  uint64_t pc;
  uint64_t icount;   /* instructions started; exact whenever a slow function runs */
  uint64_t unretired; /* of these, trapped: icount - unretired have retired */
  /* priv/counter.h: 1 << number of a counter */
  uint32_t counting; /* counts in this mode */
  uint32_t filtered; /* does not count in every mode */
  uint32_t armed;    /* counts, and its overflow interrupts */
  rv_prv prv;
  bool v;
  bool wfi;          /* waiting for an interrupt */
  rv_power power;
  unsigned stop;     /* RV_STOP_* */
  bool attention;    /* look at interrupts and stop before the next block */
  bool leave;        /* leave the run loop: plans changed, or wfi */
  bool fp_fast;      /* every FS that counts is Dirty and frm is RNE: exec_host.h may run */
  bool fp_live;      /* flags are being kept in the host's: rv_fp_collect */
  unsigned fp_host;  /* what the host's unit was set to before */
  bool end_block;    /* the running slow path asks to leave the block after its instruction */
  uint64_t ip_lines; /* interrupt lines driven by devices: MSIP MTIP MEIP SEIP */
  rv_trap trap;      /* filled by whoever refuses, taken by rv_take_trap */
  rv_csrs csr;
  rv_sregs s[2];
  rv_imsic_file imsic[2 + RV_GUEST_FILES];
  uint64_t reservation; /* physical address of LR's granule, or all ones */
  unsigned id;          /* mhartid */
  uint64_t observe;     /* 1 << RV_EV_*: which events a consumer asked for */
  rv_choices choice;
  rv_phys *phys;
  rv_code *code;
  const rv_env *env;
  struct { /* successive identical traps, by the mode they interrupt: index V * 4 + privilege */
    uint64_t cause, epc, tval, tval2, count;
    uint64_t entered; /* icount when the mode was last entered: none retired there since */
  } loop[8];
  struct { /* priv/hint.c: the last exit from V=1, until an sret answers it */
    uint64_t pc, hgatp, sp, tp;
    uint64_t depth; /* traps from V=0 that no sret answered yet: the next one is no entry */
    uint8_t prv, length;
    uint8_t refused_why; /* of the last access that was refused */
    bool pending, entered; /* entered: a guest ran here before */
  } exit;
  uint32_t hinted; /* 1 << rv_hint_id: told already */
  struct { /* what RV_EV_COMMIT tells of the running instruction; noted only if it is observed */
    rv_touch touch[RV_TOUCHES];
    unsigned n_touch;
    bool fp_flags;
  } did;
  struct rv_mmu *mmu; /* mmu/tlb.h: banks, PMP in checkable form */
  uint64_t csr_mask[RV_CSR_ROWS]; /* writable bits of each row of csr.def, from its FIELD rows */
  rv_csr_way csr_way[RV_CSR_ROWS + 1][RV_LEVELS]; /* by rv_csr_index and rv_level */
  rv_counter counter[RV_COUNTERS];
  rv_stats stat;
  struct { /* with RV_STOP_WEDGED: the trap that came again and again */
    uint64_t cause, epc, tval, gpa, count;
    uint8_t why; /* rv_why */
    uint8_t prv; /* the mode it interrupted */
    bool interrupt, v;
  } wedged;
};

static inline bool rv_has(const rv_hart *h, rv_ext ext) { return h->choice.ext >> ext & 1; }

/* The modes as numbers below RV_LEVELS. */
#define RV_LEVEL(prv, v) ((v) * 4u + (prv))
static inline unsigned rv_level(const rv_hart *h) { return RV_LEVEL(h->prv, h->v); }

/* "M", "HS", "U", "VS", "VU". */
static inline const char *rv_mode_name(unsigned prv, bool v)
{
  return prv == PRV_M ? "M" : prv == PRV_S ? (v ? "VS" : "HS") : v ? "VU" : "U";
}

/* Tells the observers of something legal that is probably a mistake, made at pc. priv/hint.c */
void rv_hint(rv_hart *h, uint64_t pc, const char *id, const char *text);

/* Fields by mask: get(mstatus, MSTATUS_MPP) is right-aligned. */
static inline uint64_t rv_get(uint64_t word, uint64_t mask) { return (word & mask) / (mask & -mask); }
static inline void rv_put(uint64_t *word, uint64_t mask, uint64_t value)
{
  *word = (*word & ~mask) | ((value * (mask & -mask)) & mask);
}
#endif
