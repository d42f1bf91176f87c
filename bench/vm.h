// vm.h - one vCPU and its guest memory, shared by the vm* programs and vm_switch.S.
#ifndef BENCH_VM_H
#define BENCH_VM_H

// Byte offsets into struct vcpu; slot 0 of the GPR array (x0) keeps the host's stack pointer.
#define VCPU_HOST_SP 0
#define VCPU_GPR(n) (8 * (n))
#define VCPU_SEPC 256
#define VCPU_SCAUSE 264
#define VCPU_STVAL 272
#define VCPU_HTVAL 280
#define VCPU_HTINST 288
#define VCPU_HSTATUS 296
#define VCPU_SSTATUS 304

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

enum { CAUSE_VS_ECALL = 10, CAUSE_LOAD_GUEST_PAGE = 21, CAUSE_STORE_GUEST_PAGE = 23 };
enum { CALL_STEP = 0, CALL_END = 1 }; // guest's a7
enum { REG_SP = 2, REG_A0 = 10, REG_A1 = 11, REG_A7 = 17 };

struct vcpu {
  uint64_t gpr[32]; // gpr[0]: the host's sp while the guest runs
  uint64_t sepc, scause, stval, htval, htinst, hstatus, sstatus;
};

// vm_switch.S
void vcpu_run(struct vcpu *v);
void vm_set_hgatp(uint64_t hgatp);
uint32_t vm_fetch_half(uint64_t gva);

// Two-stage translation on (hgatp Sv39x4, vsatp Bare): RAM's first GiB is guest memory, identity.
// With small_base (2 MiB aligned, or 0) those 2 MiB are mapped by 4 KiB pages, the rest by 2 MiB.
void vm_map_memory(uint64_t small_base);

// The guest starts at entry in VS-mode, a0 = arg.
void vcpu_init(struct vcpu *v, void (*entry)(void), uint64_t arg);

void vm_report_bad_exit(const char *name, const struct vcpu *v);
#endif
#endif
