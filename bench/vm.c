// vm.c - guest memory and the first state of a vCPU. [priv hypervisor#guest-addr-translation]
#include "vm.h"

#include <stddef.h>

#include "sbi.h"

enum { PTE_V = 1, PTE_R = 2, PTE_W = 4, PTE_X = 8, PTE_U = 16, PTE_A = 64, PTE_D = 128 };
enum { GSTAGE_LEAF = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D };

#define HGATP_SV39X4 (8ul << 60)
#define HSTATUS_SPV (1ul << 7)
#define HSTATUS_SPVP (1ul << 8)
#define HSTATUS_VSXL_64 (2ul << 32)
#define SSTATUS_SPIE (1ul << 5)
#define SSTATUS_SPP (1ul << 8)
#define RAM_BASE 0x80000000ul

_Static_assert(offsetof(struct vcpu, sepc) == VCPU_SEPC, "layout");
_Static_assert(offsetof(struct vcpu, sstatus) == VCPU_SSTATUS, "layout");

// The root table of Sv39x4 is four pages, aligned to its size.
static uint64_t root[2048] __attribute__((aligned(16384)));
static uint64_t middle[512] __attribute__((aligned(4096)));
static uint64_t last[512] __attribute__((aligned(4096)));
static uint64_t guest_stack[128];

static uint64_t pte(uint64_t pa, uint64_t flags) { return pa >> 12 << 10 | flags; }

void vm_map_memory(uint64_t small_base)
{
  for (uint64_t i = 0; i < 512; i++) {
    const uint64_t pa = RAM_BASE + (i << 21);
    middle[i] = small_base && pa == small_base ? pte((uintptr_t)last, PTE_V) : pte(pa, GSTAGE_LEAF);
    last[i] = pte(small_base + (i << 12), GSTAGE_LEAF);
  }
  root[2] = pte((uintptr_t)middle, PTE_V);
  vm_set_hgatp(HGATP_SV39X4 | (uintptr_t)root >> 12);
}

void vcpu_init(struct vcpu *v, void (*entry)(void), uint64_t arg)
{
  v->sepc = (uintptr_t)entry;
  v->gpr[REG_SP] = (uintptr_t)(guest_stack + 128);
  v->gpr[REG_A0] = arg;
  v->hstatus = HSTATUS_VSXL_64 | HSTATUS_SPV | HSTATUS_SPVP;
  v->sstatus = SSTATUS_SPP | SSTATUS_SPIE;
}

void vm_report_bad_exit(const char *name, const struct vcpu *v)
{
  sbi_puts(name);
  sbi_puts(": unexpected scause ");
  sbi_put_hex(v->scause, 16);
  sbi_puts(" sepc ");
  sbi_put_hex(v->sepc, 16);
  sbi_puts(" stval ");
  sbi_put_hex(v->stval, 16);
  sbi_puts("\n");
}
