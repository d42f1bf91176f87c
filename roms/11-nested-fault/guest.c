/* A guest whose page tables lie in memory that the hypervisor takes away from it. The guest does
 * nothing special: it loads, it stores, it goes on.
 */
#include "guest.h"

#define PTE_V 1
#define PTE_RW 6
#define PTE_RWX 0xe
#define PTE_AD 0xc0

/* Four pages of guest physical memory beside the kernel, known to main.c as well. */
#define ROOT ((uint64_t *)0x90000000UL)
#define LEVEL1 ((uint64_t *)0x90001000UL)
#define LEVEL0 ((uint64_t *)0x90002000UL)
#define DATA_GPA 0x90003000UL
#define DATA_GVA 0x40005000UL

#define SWAP_OUT 0x0a000000

void guest_main(void)
{
  volatile uint64_t *data = (volatile uint64_t *)DATA_GVA;

  ROOT[2] = 0x80000000UL >> 12 << 10 | PTE_AD | PTE_RWX | PTE_V; /* the kernel: 1 GiB leaf */
  ROOT[1] = (uint64_t)LEVEL1 >> 12 << 10 | PTE_V;
  LEVEL1[0] = (uint64_t)LEVEL0 >> 12 << 10 | PTE_V;
  LEVEL0[5] = DATA_GPA >> 12 << 10 | PTE_AD | PTE_RW | PTE_V;
  csr_write(satp, 8UL << 60 | (uint64_t)ROOT >> 12);
  __asm__ volatile("sfence.vma" : : : "memory");
  data[1] = 0x1234;

  guest_sbi(SWAP_OUT, 0, 0, 0, 0);
  uint64_t value = data[1];
  guest_sbi(SWAP_OUT, 1, value, 0, 0);
  data[2] = value + 1;
  guest_sbi(SWAP_OUT, 2, data[1] + data[2], 0, 0);
  guest_shutdown();
}
