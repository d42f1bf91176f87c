// vmtouch.c - what an exit does to the guest's translations: between two exits the guest loads
// from and stores to 64 pages (4 KiB each in the G-stage), the hypervisor to its vCPU only.
// Switching between HS and VS needs no fence, so nothing obliges a machine to forget them.
#include "vm.h"

#include "args.h"
#include "sbi.h"

#ifndef EXITS
#define EXITS 100000
#endif

static uint64_t guest_pages[512 * 512] __attribute__((aligned(2 << 20)));

void vmtouch_guest(void); // vmtouch_guest.S: a0 = exits, a1 = pages
void bench_main(void);
void bench_main(void)
{
  static struct vcpu vcpu;
  uint64_t exits = 0;
  vm_map_memory((uintptr_t)guest_pages);
  vcpu_init(&vcpu, vmtouch_guest, bench_arg("n=", EXITS));
  vcpu.gpr[REG_A1] = (uintptr_t)guest_pages;
  const uint64_t before = read_instret();
  for (;;) {
    vcpu_run(&vcpu);
    exits++;
    if (vcpu.scause != CAUSE_VS_ECALL) {
      vm_report_bad_exit("vmtouch", &vcpu);
      return;
    }
    if (vcpu.gpr[REG_A7] == CALL_END)
      break;
    vcpu.sepc += 4;
  }
  bench_report("vmtouch", exits, "exits", vcpu.gpr[REG_A0], read_instret() - before);
}
