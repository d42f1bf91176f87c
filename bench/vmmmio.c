// vmmmio.c - an emulated device: the guest's loads and stores to an address that the G-stage does
// not map exit with a guest-page fault; the hypervisor reads the instruction by HLVX.HU, decodes
// it and acts for it. htinst, which would spare the reads, is not used: it may be zero.
#include "vm.h"

#include "args.h"
#include "sbi.h"

#ifndef EXITS
#define EXITS 500000
#endif

enum { OPCODE_LOAD = 0x03, OPCODE_STORE = 0x23, FUNCT3_WORD = 2 };
#define DEVICE_BASE 0x10010000ul

static uint32_t device[4]; // reads give the last value written, times an odd number

static bool emulate(struct vcpu *v)
{
  const uint32_t low = vm_fetch_half(v->sepc);
  const uint32_t insn = low | vm_fetch_half(v->sepc + 2) << 16;
  const uint64_t gpa = v->htval << 2 | (v->stval & 3);
  uint32_t *reg = &device[(gpa - DEVICE_BASE) / 4 & 3];
  if ((low & 3) != 3 || (insn >> 12 & 7) != FUNCT3_WORD || gpa - DEVICE_BASE >= sizeof device)
    return false;
  if ((insn & 0x7f) == OPCODE_LOAD && v->scause == CAUSE_LOAD_GUEST_PAGE)
    v->gpr[insn >> 7 & 31] = (uint64_t)(int32_t)(*reg * 2654435761u);
  else if ((insn & 0x7f) == OPCODE_STORE && v->scause == CAUSE_STORE_GUEST_PAGE)
    *reg += (uint32_t)v->gpr[insn >> 20 & 31];
  else
    return false;
  v->sepc += 4;
  return true;
}

void vmmmio_guest(void); // vmmmio_guest.S
void bench_main(void);
void bench_main(void)
{
  static struct vcpu vcpu;
  uint64_t exits = 0;
  vm_map_memory(0);
  vcpu_init(&vcpu, vmmmio_guest, bench_arg("n=", EXITS) / 2);
  vcpu.gpr[REG_A1] = DEVICE_BASE;
  const uint64_t before = read_instret();
  for (;;) {
    vcpu_run(&vcpu);
    exits++;
    if (vcpu.scause == CAUSE_VS_ECALL)
      break;
    if (!emulate(&vcpu)) {
      vm_report_bad_exit("vmmmio", &vcpu);
      return;
    }
  }
  bench_report("vmmmio", exits, "exits", vcpu.gpr[REG_A0], read_instret() - before);
}
