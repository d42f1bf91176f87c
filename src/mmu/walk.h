/* walk.h - the page walker: both stages, Sv39 to Sv57 and their x4 forms, are one function.
 * [priv supervisor#sv32algorithm, hypervisor#two-stage-translation; H-200 .. H-263]
 */
#ifndef RV_WALK_H
#define RV_WALK_H
#include "cpu/event.h"
#include "cpu/hart.h"

/* What htinst says of a fault at a VS-stage PTE: a 64-bit read, or a write that updates A and D.
 * [H-138 .. H-140] */
enum { RV_TINST_PTE_READ = 0x3000, RV_TINST_PTE_WRITE = 0x3020 };

typedef struct {
  uint64_t pa;
  uint64_t gpa;     /* two stages: the guest physical address translated last, for htval */
  /* log2 of the page of the stage that address fences name: a fence of any address in it must drop
   * what was cached of it, though only 4 KiB of it were. 63: no such stage. */
  uint8_t fence_shift;
  uint8_t why;      /* WHY_NONE, or why it was refused */
  bool guest;       /* the G-stage refused: a guest-page fault */
  bool implicit;    /* refused at a PTE's address, not at the access's own */
  bool update;      /* ... while hardware was updating A or D there */
} rv_xlat;

/* Translates va for an access made as mode says. With a log it is a probe: every step is recorded
 * and nothing is changed (no A/D update). Does not check the final physical address. */
rv_xlat rv_walk(rv_hart *h, uint64_t va, const rv_xmode *mode, rv_walk_log *log);
#endif
