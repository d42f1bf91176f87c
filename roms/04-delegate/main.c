/* Lesson 4: delegation. The guest's own traps stay in the guest.
 *
 * An exception in V=1 goes to VS if medeleg (of the firmware) and hedeleg have its bit
 * [norm:hedeleg_op]. Then V stays 1, the hypervisor does not run and nothing of hstatus changes:
 * no VM exit, no cost.
 */
#include "hv.h"

void guest_main(void);

static struct vcpu vcpu;

int main(void)
{
  unsigned shutdown = 0, prints = 0, others = 0;

  printf("[04-delegate]\n");
  uint64_t *root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_main, (uint64_t)__guest_stack_top);

  /* Illegal instruction is a special case on most machines: the firmware keeps medeleg[2] = 0 to
     emulate CSRs, gets the trap in M-mode, and hands it on where hedeleg says. */
  csr_write(hedeleg, 1 << CAUSE_ILLEGAL | 1 << CAUSE_ECALL_U | 1 << CAUSE_FETCH_PAGE |
                         1 << CAUSE_LOAD_PAGE | 1 << CAUSE_STORE_PAGE);
  /* Not delegable: ecall-from-VS, guest-page faults, virtual-instruction [norm:hedeleg_acc]. */
  csr_set(hedeleg, 1UL << CAUSE_ECALL_VS | 1UL << CAUSE_LOAD_GUEST_PAGE | 1UL << CAUSE_VIRTUAL);
  printf("hedeleg %lx\n", csr_read(hedeleg));

  while (!shutdown) {
    vm_run(&vcpu);
    if (vcpu.scause != CAUSE_ECALL_VS) {
      others++;
      vm_unexpected(&vcpu);
    }
    if (vcpu.x[X_A7] == SBI_LEGACY_PUTCHAR) {
      prints++;
      putchar((char)vcpu.x[X_A0]);
    } else {
      shutdown = vcpu.x[X_A7] == SBI_SRST;
    }
    vcpu.sepc += 4;
  }
  printf("exits: ecall-from-VS %d, of the task's own traps %d\n", prints + shutdown, others);
  power_off();
}
