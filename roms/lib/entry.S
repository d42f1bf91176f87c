/* entry.S - the first instructions of every lesson, and the door between HS and the guest.
 *
 * The firmware jumps to _start in HS-mode with a0 = hart id, a1 = device tree, paging off.
 * vm_run() is written so that C sees a VM entry and the following VM exit as one function call.
 */
#include "regs.inc"
#include "vcpu.h"

  .option arch, +h

  .section .text.entry, "ax"
  .globl _start
_start:
  la   sp, __stack_top
  la   t0, __bss_begin
  la   t1, __bss_end
1:
  bgeu t0, t1, 2f
  sd   zero, 0(t0)
  addi t0, t0, 8
  j    1b
2:
  la   t0, hs_trap
  csrw stvec, t0
  csrw sie, zero
  csrci sstatus, 2            /* SIE = 0: the hypervisor itself is never interrupted */
  mv   s0, a0
  mv   s1, a1
  call hv_init
  mv   a0, s0
  mv   a1, s1
  call main
  li   a0, 1                  /* main() must end the machine itself */
  call finisher_fail

  .text
/* void vm_run(struct vcpu *v): enter the guest, return at its next trap into HS. */
  .globl vm_run
vm_run:
  PUSH_CALLEE_SAVED
  sd   sp, VCPU_HOST_SP(a0)
  csrw sscratch, a0           /* where vm_exit finds the vcpu: the guest owns all x registers */
  la   t0, vm_exit
  csrw stvec, t0
  /* What SRET reads with V=0 [norm:sret_v0]: hstatus.SPV and sstatus.SPP choose the mode,
     sepc the address. SPV=1 SPP=1 is VS-mode, SPV=1 SPP=0 is VU-mode. */
  ld   t0, VCPU_HSTATUS(a0)
  ld   t1, VCPU_SSTATUS(a0)
  ld   t2, VCPU_SEPC(a0)
  csrw hstatus, t0
  csrw sstatus, t1
  csrw sepc, t2
  LOAD_GUEST_REGS
  ld   a0, VCPU_A0(a0)
  sret                        /* VM entry: V becomes 1 */

/* Every trap from V=1 that is not delegated arrives here: VM exit, V became 0. The hardware has
   written [norm:H_trap_hs_csrwrites] and kept all x registers as the guest left them. */
  .balign 4
vm_exit:
  csrrw a0, sscratch, a0      /* a0 = vcpu, sscratch = the guest's a0 */
  SAVE_GUEST_REGS
  csrr t0, sscratch
  sd   t0, VCPU_A0(a0)
  csrr t0, hstatus
  csrr t1, sstatus
  csrr t2, sepc
  sd   t0, VCPU_HSTATUS(a0)
  sd   t1, VCPU_SSTATUS(a0)
  sd   t2, VCPU_SEPC(a0)
  csrr t0, scause
  csrr t1, stval
  csrr t2, htval
  csrr t3, htinst
  sd   t0, VCPU_SCAUSE(a0)
  sd   t1, VCPU_STVAL(a0)
  sd   t2, VCPU_HTVAL(a0)
  sd   t3, VCPU_HTINST(a0)
  la   t0, hs_trap            /* from here on a trap is the hypervisor's own mistake */
  csrw stvec, t0
  ld   sp, VCPU_HOST_SP(a0)
  POP_CALLEE_SAVED
  ret

/* A trap taken in HS-mode. None of the lessons expects one: say what happened and fail. */
  .balign 4
hs_trap:
  csrr a0, scause
  csrr a1, sepc
  csrr a2, stval
  la   sp, __stack_top
  call hs_panic
  j    hs_trap

/* uint64_t probe_sstc(void): 1 if stimecmp can be read here, 0 if reading it traps. An absent
   extension shows only by its trap, which the firmware in M-mode hands on to us. */
  .globl probe_sstc
probe_sstc:
  la   t0, 1f
  csrrw t1, stvec, t0
  li   a0, 0
  csrr t2, 0x14d              /* stimecmp */
  li   a0, 1
  .balign 4
1:
  csrw stvec, t1
  ret
