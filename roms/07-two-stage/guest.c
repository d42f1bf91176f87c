/* A guest that builds Sv39 tables of its own. Its data lies at guest physical 0x90000000, which it
 * takes for memory; whether anything is there is the hypervisor's business.
 */
#include "guest.h"

#define PTE_V 1
#define PTE_RW 6
#define PTE_RWX 0xe
#define PTE_AD 0xc0 /* set by software: the hardware is not asked to (Svade) */

#define DATA_GPA 0x90000000UL
#define DATA_GVA 0x40000000UL

static uint64_t root[512] __attribute__((aligned(4096)));
static uint64_t middle[512] __attribute__((aligned(4096)));
static uint64_t leaves[512] __attribute__((aligned(4096)));

static uint64_t pointer_to(uint64_t *table) { return (uint64_t)table >> 12 << 10 | PTE_V; }

static void paging_on(void)
{
  /* The kernel, where it is: one 1 GiB leaf for 0x80000000. */
  root[2] = 0x80000000UL >> 12 << 10 | PTE_AD | PTE_RWX | PTE_V;
  /* Four data pages, in reverse order, so that gva and gpa differ in more than the top. */
  root[1] = pointer_to(middle);
  middle[0] = pointer_to(leaves);
  for (int i = 0; i < 4; i++)
    leaves[i] = (DATA_GPA + (3 - i) * 4096) >> 12 << 10 | PTE_AD | PTE_RW | PTE_V;
  csr_write(satp, 8UL << 60 | (uint64_t)root >> 12); /* in V=1 this is vsatp */
  __asm__ volatile("sfence.vma" : : : "memory");
}

void guest_main(void)
{
  volatile uint64_t *data = (volatile uint64_t *)DATA_GVA;
  paging_on();
  data[0x010 / 8] = 0x1111;          /* page 0: store */
  data[0x2020 / 8] = 0x2222;         /* page 2: store */
  data[0x018 / 8] = 0x3333;          /* page 0 again: no exit any more */
  uint64_t unset = data[0x1030 / 8]; /* page 1: load, the new page reads as 0 */
  guest_sbi(0x0a000000, 0, data[0x010 / 8] + data[0x2020 / 8] + data[0x018 / 8] + unset, 0, 0);
  guest_shutdown();
}
