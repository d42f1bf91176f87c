/* vcpu.h - what the hypervisor keeps of a virtual hart; read by C and by assembly.
 *
 * The first half is filled at every VM exit and used at every VM entry, by vm_run in entry.S.
 * The VS-level CSRs stay in the hart: a lesson that has two VMs saves them itself.
 */
#ifndef ROMS_VCPU_H
#define ROMS_VCPU_H

#define VCPU_A0 80 /* x[10] */
#define VCPU_SEPC 256
#define VCPU_HSTATUS 264
#define VCPU_SSTATUS 272
#define VCPU_SCAUSE 280
#define VCPU_STVAL 288
#define VCPU_HTVAL 296
#define VCPU_HTINST 304
#define VCPU_HOST_SP 312

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct vcpu {
  uint64_t x[32];   /* the guest's general registers; x[0] is not used */
  uint64_t sepc;    /* where the guest stopped, and where it goes on */
  uint64_t hstatus; /* SPV, SPVP, GVA of the exit; SPV is read at the entry */
  uint64_t sstatus; /* SPP: 1 = VS-mode, 0 = VU-mode */
  uint64_t scause;  /* why it stopped */
  uint64_t stval;   /* guest virtual address, or instruction bits */
  uint64_t htval;   /* guest physical address >> 2, at a guest-page fault */
  uint64_t htinst;  /* 0, the transformed instruction, or a pseudoinstruction */
  uint64_t host_sp; /* the hypervisor's stack, while the guest runs */
};

_Static_assert(offsetof(struct vcpu, sepc) == VCPU_SEPC, "entry.S depends on this");
_Static_assert(offsetof(struct vcpu, host_sp) == VCPU_HOST_SP, "entry.S depends on this");
#endif
#endif
