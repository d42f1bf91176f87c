/* gstage.c - G-stage page tables: from guest physical address (gpa) to physical address (pa).
 *
 * Sv39x4 is Sv39 with two more bits at the top of the address, so the root has 2048 entries and
 * fills 16 KiB [norm:hgatp_mode_x4]. Only 4 KiB leaves here. The hypervisor runs with satp = Bare,
 * so it can use physical addresses as pointers.
 */
#include "hv.h"

#define POOL_BEGIN 0x81000000UL
#define POOL_END 0x82000000UL

static uint64_t pool_next = POOL_BEGIN;

static void clear(uint64_t pa, uint64_t bytes)
{
  volatile uint64_t *p = (volatile uint64_t *)pa;
  for (uint64_t i = 0; i < bytes / 8; i++)
    p[i] = 0;
}

static uint64_t take(uint64_t bytes, uint64_t alignment)
{
  uint64_t pa = (pool_next + alignment - 1) & ~(alignment - 1);
  pool_next = pa + bytes;
  if (pool_next > POOL_END)
    panic("out of pages");
  clear(pa, bytes);
  return pa;
}

uint64_t page_alloc(void) { return take(PAGE_SIZE, PAGE_SIZE); }

/* hgatp.PPN[1:0] read as zero: a root that is only 4 KiB aligned is another table for the hardware,
   even though some emulators take it [norm:hgatp_ppn_op]. */
uint64_t *gstage_new(void) { return (uint64_t *)take(4 * PAGE_SIZE, 4 * PAGE_SIZE); }

/* The address of the level-0 PTE of gpa; missing tables are made if `make`, else NULL. */
static uint64_t *walk(uint64_t *root, uint64_t gpa, bool make)
{
  uint64_t *table = root;
  uint64_t index = gpa >> 30 & 0x7ff; /* 11 bits at the root, 9 below */
  if (gpa >> 41)
    panic("gpa %lx is wider than Sv39x4", gpa);
  for (int level = 2; level > 0; level--) {
    uint64_t *pte = &table[index];
    if (!(*pte & PTE_V)) {
      if (!make)
        return NULL;
      *pte = PTE_OF(page_alloc()) | PTE_V; /* a pointer: R = W = X = 0, and U = A = D = 0 */
    }
    table = (uint64_t *)PTE_PPN(*pte);
    index = gpa >> (12 + 9 * (level - 1)) & 0x1ff;
  }
  return &table[index];
}

/* U must be 1 in every G-stage leaf: all guest accesses count as U-mode there, also those of VS and
   those to page tables [norm:H_vm_gpatrans]. A and D are set here because hardware need not do it
   (Svade): a leaf with A = 0 is a guest-page fault for ever. */
void gstage_map(uint64_t *root, uint64_t gpa, uint64_t pa, uint64_t rwx)
{
  *walk(root, gpa, true) = PTE_OF(pa) | rwx | PTE_U | PTE_A | PTE_D | PTE_V;
}

void gstage_map_guest(uint64_t *root)
{
  for (char *p = __guest_begin; p < __guest_end; p += PAGE_SIZE)
    gstage_map(root, (uint64_t)p, (uint64_t)p, PTE_RWX);
}

uint64_t *gstage_find(uint64_t *root, uint64_t gpa)
{
  uint64_t *pte = walk(root, gpa, false);
  return pte && (*pte & PTE_V) ? pte : NULL;
}

uint64_t gstage_translate(uint64_t *root, uint64_t gpa)
{
  uint64_t *pte = gpa >> 41 ? NULL : gstage_find(root, gpa);
  return pte ? PTE_PPN(*pte) | (gpa & (PAGE_SIZE - 1)) : 0;
}

uint64_t hgatp_of(const uint64_t *root, uint64_t vmid)
{
  return 8UL << 60 | vmid << 44 | (uint64_t)root >> 12; /* MODE 8 = Sv39x4 */
}
