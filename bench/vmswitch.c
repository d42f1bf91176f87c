// vmswitch.c - two guests in turn: hgatp with another VMID and root, vsatp with another ASID, the VS
// CSRs of a vCPU saved and restored, and then 64 pages touched under two-stage translation. Nothing
// in it needs a fence. [priv hypervisor#hgatp: VMID]
#include "vm.h"

#include "sbi.h"

#ifndef EXITS
#define EXITS 60000
#endif

enum { PTE_V = 1, PTE_RWX = 14, PTE_U = 16, PTE_AD = 192, PAGES = 64 };
#define SV39 (8ul << 60)
#define RAM_BASE 0x80000000ul

struct vm {
  struct vcpu vcpu;
  uint64_t hgatp, vsatp, vs[8];
};

static uint64_t g_root[2][2048] __attribute__((aligned(16384)));
static uint64_t g_middle[2][512] __attribute__((aligned(4096))), g_last[2][512] __attribute__((aligned(4096)));
static uint64_t v_root[2][512] __attribute__((aligned(4096))), v_middle[2][512] __attribute__((aligned(4096)));
static uint64_t v_last[2][512] __attribute__((aligned(4096)));
static uint64_t pages[2][512 * 512] __attribute__((aligned(2 << 20)));
static struct vm vms[2];

static uint64_t pte(uint64_t pa, uint64_t flags) { return pa >> 12 << 10 | flags | PTE_V; }

// Identity at both stages; the guest's pages by 4 KiB, all else by 2 MiB.
static void map(int n)
{
  const uint64_t small = (uintptr_t)pages[n];
  for (uint64_t i = 0; i < 512; i++) {
    const uint64_t pa = RAM_BASE + (i << 21);
    g_middle[n][i] = pa == small ? pte((uintptr_t)g_last[n], 0) : pte(pa, PTE_RWX | PTE_U | PTE_AD);
    v_middle[n][i] = pa == small ? pte((uintptr_t)v_last[n], 0) : pte(pa, PTE_RWX | PTE_AD);
    g_last[n][i] = pte(small + (i << 12), PTE_RWX | PTE_U | PTE_AD);
    v_last[n][i] = pte(small + (i << 12), PTE_RWX | PTE_AD);
  }
  g_root[n][2] = pte((uintptr_t)g_middle[n], 0);
  v_root[n][2] = pte((uintptr_t)v_middle[n], 0);
  vms[n].hgatp = SV39 | (uint64_t)(n + 1) << 44 | (uintptr_t)g_root[n] >> 12;
  vms[n].vsatp = SV39 | (uint64_t)(n + 1) << 44 | (uintptr_t)v_root[n] >> 12;
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

void vmtouch_guest(void); // vmtouch_guest.S: a0 = exits, a1 = pages
void bench_main(void);
void bench_main(void)
{
  uint64_t exits = 0, sum = 0;
  for (int n = 0; n < 2; n++) {
    map(n);
    vcpu_init(&vms[n].vcpu, vmtouch_guest, EXITS);
    vms[n].vcpu.gpr[REG_A1] = (uintptr_t)pages[n];
  }
  vm_set_hgatp(vms[0].hgatp);
  const uint64_t before = read_instret();
  for (unsigned ended = 0; ended < 2; exits++) {
    struct vm *vm = &vms[exits & 1];
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
  }
  bench_report("vmswitch", exits, "switches", sum, read_instret() - before);
}
