/* Lesson 1: enter VS-mode, and leave it again.
 *
 * A guest runs in VS-mode: supervisor privilege with V=1. Nothing "switches the machine to
 * virtual": SRET does it, when hstatus.SPV is 1. And any trap that is not delegated ends it.
 */
#include "hv.h"

void guest_start(void);

static struct vcpu vcpu;

int main(void)
{
  printf("[01-enter-leave]\n");

  /* 1. Give the guest memory: with V=1 every address goes through hgatp. */
  uint64_t *root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();

  /* 2. Prepare what SRET reads: hstatus.SPV=1, sstatus.SPP=1, sepc. */
  vcpu_init(&vcpu, guest_start, 0);
  printf("enter: SPV=%d SPP=%d, so SRET goes to VS-mode\n", !!(vcpu.hstatus & HSTATUS_SPV),
         !!(vcpu.sstatus & SSTATUS_SPP));

  /* 3. Enter. The call returns when the guest trapped to HS-mode. */
  vm_run(&vcpu);

  /* 4. See why [norm:H_trap_hs_csrwrites]: SPV is the old V, SPP and SPVP the old privilege. */
  printf("exit: cause %lu %s, SPV=%d SPVP=%d SPP=%d GVA=%d\n", vcpu.scause, cause_name(vcpu.scause),
         !!(vcpu.hstatus & HSTATUS_SPV), !!(vcpu.hstatus & HSTATUS_SPVP),
         !!(vcpu.sstatus & SSTATUS_SPP), !!(vcpu.hstatus & HSTATUS_GVA));
  if (vcpu.scause != CAUSE_ECALL_VS)
    vm_unexpected(&vcpu);
  if (guest_fetch(vcpu.sepc) != 0x00000073)
    panic("sepc does not point at the ECALL");
  printf("sepc points at the ECALL itself, not behind it\n");
  if (vcpu.x[X_A7] != SBI_SRST || vcpu.x[X_A0] != 0)
    panic("not the call we know: a7=%lx", vcpu.x[X_A7]);
  printf("guest asks for SRST shutdown\n");
  printf("Shutdown vm normally!\n");
  power_off();
}
