/* place.h - where things are in a case's memory, and the page tables that lead there.
 *
 * Physical, guest physical and guest virtual addresses of one byte all differ where the stage
 * between them is on, so that a stage left out shows in tval and htval.
 */
#ifndef RVH_TRAPS_PLACE_H
#define RVH_TRAPS_PLACE_H
#include "case.h"

#define LANDING (CORE_RAM + 0x4000) /* where xepc points to */
#define TEST_PAGE (CORE_RAM + 0x10000)

typedef struct {
  bool s, vs, g; /* which stages are on */
  uint64_t page; /* PAGE: the virtual address of the test page, as the access sees it */
  uint64_t gpa;  /* GPA: its guest physical address */
  uint64_t pte;  /* PTE: guest physical address of the VS-stage PTE that maps it */
  uint64_t root_s, root_vs, root_g; /* for satp, vsatp (guest physical), hgatp */
} place;

/* Builds the tables a case asks for; sets satp, vsatp, hgatp and PMP. */
void place_build(core *c, const trap_case *k, place *p);
/* The virtual address of a byte of the first pages (code, vectors) in a mode. */
uint64_t place_va(const place *p, core_mode mode, uint64_t pa);
/* Fills memory with "c.j ." so that a hart that goes on stays where it is. */
void place_fill(core *c);
/* Of the test page and the next one: what a trapped store must not have written. */
uint64_t place_hash(core *c);
#endif
