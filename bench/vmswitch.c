// vmswitch.c - guests in turn, two or vms= of them: hgatp with another VMID and root, vsatp with another ASID, the VS
// CSRs of a vCPU saved and restored, and then 64 pages touched under two-stage translation. Nothing
// in it needs a fence. [priv hypervisor#hgatp: VMID]
#include "vm.h"

#include "args.h"
#include "sbi.h"

#ifndef EXITS
#define EXITS 60000
#endif

void vmtouch_guest(void); // vmtouch_guest.S: a0 = exits, a1 = pages

enum { PTE_V = 1, PTE_RWX = 14, PTE_U = 16, PTE_AD = 192 };
#define SV39 (8ul << 60)
#define RAM_BASE 0x80000000ul

struct vm {
  struct vcpu vcpu;
  uint64_t hgatp, vsatp, vs[8];
};

static uint64_t pte(uint64_t pa, uint64_t flags) { return pa >> 12 << 10 | flags | PTE_V; }

// Identity at one stage: the guest's pages by 4 KiB, all else by 2 MiB. Returns the root, whose table has
// that size.
static uint64_t map(uint64_t small, uint64_t user, uint64_t root_size)
{
  uint64_t *root = bench_alloc(root_size, root_size);
  uint64_t *middle = bench_alloc(4096, 4096), *last = bench_alloc(4096, 4096);
  for (uint64_t i = 0; i < 512; i++) {
    const uint64_t pa = RAM_BASE + (i << 21);
    middle[i] = pa == small ? pte((uintptr_t)last, 0) : pte(pa, PTE_RWX | PTE_AD | user);
    last[i] = pte(small + (i << 12), PTE_RWX | PTE_AD | user);
  }
  root[2] = pte((uintptr_t)middle, 0);
  return (uintptr_t)root >> 12;
}

static void make(struct vm *vm, uint64_t vmid, uint64_t exits)
{
  const uint64_t pages = (uintptr_t)bench_alloc(2 << 20, 2 << 20);
  vm->hgatp = SV39 | vmid << 44 | map(pages, PTE_U, 16384);
  vm->vsatp = SV39 | vmid << 44 | map(pages, 0, 4096);
  vcpu_init(&vm->vcpu, vmtouch_guest, exits);
  vm->vcpu.gpr[REG_A1] = pages;
}

#define EACH_VS(X) X(0, 0x200) X(1, 0x204) X(2, 0x205) X(3, 0x240) X(4, 0x241) X(5, 0x242) X(6, 0x243)

static void enter(struct vm *vm)
{
  __asm__ volatile("csrw 0x680, %0\n csrw 0x280, %1" : : "r"(vm->hgatp), "r"(vm->vsatp) : "memory");
#define X(i, csr) __asm__ volatile("csrw %1, %0" : : "r"(vm->vs[i]), "i"(csr));
  EACH_VS(X)
#undef X
}

static void leave(struct vm *vm)
{
#define X(i, csr) __asm__ volatile("csrr %0, %1" : "=r"(vm->vs[i]) : "i"(csr));
  EACH_VS(X)
#undef X
}

void bench_main(void);
void bench_main(void)
{
  const uint64_t n_vms = bench_arg("vms=", 2), each = bench_arg("n=", EXITS);
  struct vm *vms = bench_alloc(n_vms * sizeof *vms, 64), *vm = vms;
  uint64_t exits = 0, sum = 0;
  for (uint64_t n = 0; n < n_vms; n++)
    make(&vms[n], n + 1, each);
  vm_set_hgatp(vms[0].hgatp);
  const uint64_t before = read_instret();
  for (unsigned ended = 0; ended < n_vms; exits++) {
    enter(vm);
    vcpu_run(&vm->vcpu);
    leave(vm);
    if (vm->vcpu.scause != CAUSE_VS_ECALL) {
      vm_report_bad_exit("vmswitch", &vm->vcpu);
      return;
    }
    if (vm->vcpu.gpr[REG_A7] == CALL_END) {
      ended++;
      sum = sum * 31 + vm->vcpu.gpr[REG_A0];
    }
    vm->vcpu.sepc += 4;
    if (++vm == vms + n_vms)
      vm = vms;
  }
  bench_report("vmswitch", exits, "switches", sum, read_instret() - before);
}
