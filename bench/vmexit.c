// vmexit.c - cost of a VM exit: a VS-mode guest makes EXITS ecalls to its hypervisor in HS-mode.
// Each round trip saves and restores the 31 GPRs and reads the six trap CSRs, about 150
// instructions. Privileged manual, "H" extension: trap entry and SRET.
#include "vm.h"

#include "args.h"
#include "sbi.h"

#ifndef EXITS
#define EXITS 1000000
#endif

void vmexit_guest(void); // vmexit_guest.S
void bench_main(void);
void bench_main(void)
{
  static struct vcpu vcpu;
  uint64_t exits = 0, unexpected = 0;
  vm_map_memory(0);
  vcpu_init(&vcpu, vmexit_guest, bench_arg("n=", EXITS));
  const uint64_t before = read_instret();
  for (;;) {
    vcpu_run(&vcpu);
    exits++;
    if (vcpu.scause != CAUSE_VS_ECALL) {
      vm_report_bad_exit("vmexit", &vcpu);
      return;
    }
    unexpected |= vcpu.stval | vcpu.htval | vcpu.htinst;
    if (vcpu.gpr[REG_A7] == CALL_END)
      break;
    vcpu.gpr[REG_A0] = vcpu.gpr[REG_A0] * 5 + 1;
    vcpu.sepc += 4;
  }
  const uint64_t count = read_instret() - before;
  if (vcpu.gpr[REG_A1] || unexpected)
    sbi_puts("vmexit: guest registers lost, or a trap value where none belongs\n");
  bench_report("vmexit", exits, "exits", vcpu.gpr[REG_A0], count);
}
