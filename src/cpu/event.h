/* event.h - the records the core emits when a consumer asked for them, and nothing else: the
 * trap log, JSON, the explainer, statistics and gdb all read these, so that all views agree.
 *
 * An event is valid only during the callback; copy what you keep. It describes the moment after
 * the transition (all CSRs written) unless a field says otherwise.
 */
#ifndef RV_EVENT_H
#define RV_EVENT_H
#include "cpu/hart.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum {
  RV_EV_TRAP,     /* a trap was taken: to M, HS or VS */
  RV_EV_REDIRECT, /* the built-in firmware handed a trap it took in M on to HS or VS */
  RV_EV_XRET,     /* mret or sret */
  RV_EV_SBI,      /* an SBI call was served by the built-in firmware */
  RV_EV_CSR,      /* a CSR instruction wrote a CSR */
  RV_EV_FENCE,    /* sfence.vma, hfence.vvma, hfence.gvma, sinval, hinval */
  RV_EV_INSN,     /* one instruction is about to execute (observed engine only) */
  RV_EV_COMMIT,   /* one instruction retired; none if it trapped (observed engine only) */
  RV_EV_HINT,     /* something legal that is probably a mistake */
  RV_EV_WEDGED,   /* the trap-loop detector gave up */
  N_RV_EV
} rv_event_type;

/* More bits of the observe mask: what else to put into TRAP, REDIRECT and XRET events. */
#define RV_OBSERVE_CHANGES (1ull << 62) /* change, n_change */
/* Types that need the observed engine: one instruction at a time. */
#define RV_OBSERVE_EACH (1ull << RV_EV_INSN | 1ull << RV_EV_COMMIT)
#define RV_OBSERVE_WALKS (1ull << 63)   /* walk: a second walk without side effects */
#define RV_OBSERVE_PTE_WALKS (1ull << 61) /* ... only of traps where a page-table entry was at fault */
/* What the observer does with all of them takes no floating point and asks for no fcsr: it may be
 * called with the guest's flags in the host's register, which are not cheap to put away. */
#define RV_OBSERVE_PLAIN (1ull << 60)

typedef struct {
  uint16_t csr; /* CSR number */
  uint64_t before, after;
} rv_csr_change;

/* One PTE (or refusal) met by a walk, in the order they were met. */
typedef struct {
  uint8_t stage;   /* 0 = single stage (satp), 1 = VS-stage, 2 = G-stage */
  uint8_t level;
  uint8_t for_pte; /* G-stage: this translates the address of a VS-stage PTE, not the leaf GPA */
  uint8_t why;     /* WHY_* if the walk ended here, else 0 */
  bool leaf;
  uint64_t va;     /* the address this stage translates (va, gva or gpa) */
  uint64_t at;     /* the PTE's address: gpa for VS-stage, else pa */
  uint64_t pte;
  uint64_t result; /* leaf: translated address; else next table */
} rv_walk_step;

enum { RV_WALK_MAX = 64 };
typedef struct {
  unsigned n;
  uint64_t roots[3]; /* root table of stage 0 (pa), 1 (gpa), 2 (pa, as used) */
  uint8_t modes[3];  /* MODE fields: 0 Bare, 8 Sv39, 9 Sv48, 10 Sv57 */
  uint8_t access;    /* 0 fetch, 1 load, 2 store, 3 cache-block management */
  uint8_t prv;       /* effective privilege */
  bool v;            /* effective V */
  bool mprv, hlv, hlvx; /* why the effective mode may differ from the current */
  uint8_t pmlen;        /* upper bits that pointer masking ignored */
  rv_walk_step step[RV_WALK_MAX];
} rv_walk_log;

struct rv_event {
  rv_event_type type;
  uint8_t hart;
  uint8_t from_prv, to_prv; /* rv_prv */
  bool from_v, to_v;
  uint64_t insn; /* instructions started on this hart before this one */
  uint64_t pc;   /* of the instruction that trapped, returned or called */
  uint64_t dest; /* trap, redirect, xret: where execution goes on */
  uint32_t raw;  /* the instruction's bits */
  bool has_raw;  /* false for interrupts and fetch faults */
  uint16_t vmid; /* hgatp.VMID */
  union {
    struct { /* TRAP, REDIRECT, WEDGED */
      uint64_t cause, tval, tval2, gpa, tinst;
      bool interrupt, gva, has_gpa;
      uint8_t why;            /* rv_why */
      uint64_t mdeleg, hdeleg; /* medeleg/hedeleg, or mideleg/hideleg for an interrupt */
      uint64_t count;          /* WEDGED: how many identical traps */
      bool origin_v;           /* REDIRECT: the mode the trap interrupted before it went to M */
      uint8_t origin_prv;
    } trap;
    struct { /* XRET */
      bool mret;
      uint64_t status, hstatus; /* mstatus (or vsstatus with V=1) and hstatus before */
    } xret;
    struct { /* SBI */
      uint64_t eid, fid, arg[6];
      int64_t error;
      uint64_t value;
      bool legacy; /* result in a0 alone */
    } sbi;
    struct { /* CSR */
      uint16_t csr;
      uint64_t before, after;
    } csr;
    struct { /* FENCE */
      uint64_t addr, id;
      bool has_addr, has_id;
    } fence;
    struct { /* COMMIT: from_* is the mode it executed in, dest where it leads */
      uint64_t mstatus, vsstatus; /* before it */
      const rv_touch *touch;      /* the memory it read and wrote, in this order */
      unsigned n_touch;
      bool fp_flags; /* it raised floating-point flags, set before or not */
    } commit;
    struct { /* HINT */
      const char *id; /* "HGATP-ALIGN" */
      char text[160];
    } hint;
  } u;
  const rv_walk_log *walk;      /* TRAP by translation: how the walk went; else NULL */
  const rv_csr_change *change;  /* TRAP, REDIRECT, XRET: CSRs written, in the manual's order */
  unsigned n_change;
  const uint64_t *x;            /* the 32 integer registers */
};
#endif
