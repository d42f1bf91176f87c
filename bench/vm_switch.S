# vm_switch.S - the world switch: all 31 GPRs and the six trap CSRs, as a real hypervisor does.
# gcc 12 does not know 'h' in -march, so it is enabled here.

#include "vm.h"

  .option arch, +h
  .text

# void vm_set_hgatp(uint64_t hgatp): install the G-stage table; no delegation to the guest.
  .globl vm_set_hgatp
vm_set_hgatp:
  csrw  hgatp, a0
  hfence.gvma
  csrw  vsatp, zero
  csrw  hedeleg, zero
  csrw  hideleg, zero
  csrw  hvip, zero
  ret

# uint32_t vm_fetch_half(uint64_t gva): 16 bits of the guest's code, as the guest may execute them.
  .globl vm_fetch_half
vm_fetch_half:
  hlvx.hu a0, (a0)
  ret

# void vcpu_run(struct vcpu *v): run the guest until it traps to HS-mode.
# Host: callee-saved registers go to its stack, its sp to slot 0; sscratch = v meanwhile.
  .globl vcpu_run
vcpu_run:
  addi  sp, sp, -128
  sd    ra, 0(sp)
  sd    gp, 8(sp)
  sd    tp, 16(sp)
  sd    s0, 24(sp)
  sd    s1, 32(sp)
  sd    s2, 40(sp)
  sd    s3, 48(sp)
  sd    s4, 56(sp)
  sd    s5, 64(sp)
  sd    s6, 72(sp)
  sd    s7, 80(sp)
  sd    s8, 88(sp)
  sd    s9, 96(sp)
  sd    s10, 104(sp)
  sd    s11, 112(sp)
  sd    sp, VCPU_HOST_SP(a0)

  la    t0, vm_exit
  csrw  stvec, t0
  csrw  sscratch, a0
  ld    t0, VCPU_SEPC(a0)
  ld    t1, VCPU_HSTATUS(a0)
  ld    t2, VCPU_SSTATUS(a0)
  csrw  sepc, t0
  csrw  hstatus, t1
  csrw  sstatus, t2

  .irp n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld    x\n, VCPU_GPR(\n)(a0)
  .endr
  ld    a0, VCPU_GPR(10)(a0)
  sret

  .balign 4
vm_exit:
  csrrw a0, sscratch, a0
  .irp n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd    x\n, VCPU_GPR(\n)(a0)
  .endr
  csrr  t0, sscratch
  sd    t0, VCPU_GPR(10)(a0)

  csrr  t0, sepc
  csrr  t1, scause
  csrr  t2, stval
  csrr  t3, htval
  csrr  t4, htinst
  csrr  t5, hstatus
  csrr  t6, sstatus
  sd    t0, VCPU_SEPC(a0)
  sd    t1, VCPU_SCAUSE(a0)
  sd    t2, VCPU_STVAL(a0)
  sd    t3, VCPU_HTVAL(a0)
  sd    t4, VCPU_HTINST(a0)
  sd    t5, VCPU_HSTATUS(a0)
  sd    t6, VCPU_SSTATUS(a0)

  ld    sp, VCPU_HOST_SP(a0)
  ld    ra, 0(sp)
  ld    gp, 8(sp)
  ld    tp, 16(sp)
  ld    s0, 24(sp)
  ld    s1, 32(sp)
  ld    s2, 40(sp)
  ld    s3, 48(sp)
  ld    s4, 56(sp)
  ld    s5, 64(sp)
  ld    s6, 72(sp)
  ld    s7, 80(sp)
  ld    s8, 88(sp)
  ld    s9, 96(sp)
  ld    s10, 104(sp)
  ld    s11, 112(sp)
  addi  sp, sp, 128
  ret
