/* Lesson 9: a timer for the guest by Sstc: no exit at all.
 *
 * The hart compares time + htimedelta with vstimecmp all the time and makes hip.VSTIP pending
 * [norm:hip_vstip_vstie_acc_op]. The guest writes vstimecmp itself, by the name stimecmp.
 */
#include "hv.h"

void guest_main(void);

#define HOUR (3600UL * 10000000UL) /* in ticks of 10 MHz */
#define VSTIP (1UL << IRQ_VSTI)

static struct vcpu vcpu;

/* Sstc is there if stimecmp can be read and if henvcfg.STCE can be set: the latter reads 0 while
   the firmware has menvcfg.STCE = 0 [norm:menvcfg_stce_op2]. */
static bool sstc_on(void)
{
  if (!probe_sstc())
    return false;
  csr_set(henvcfg, HENVCFG_STCE);
  return csr_read(henvcfg) & HENVCFG_STCE;
}

/* The guest's clock need not be ours: a guest that moved here from another machine, or that slept,
   must not see time jump. rdtime in V=1 gives time + htimedelta [norm:htimedelta_sz_acc_op]. */
static void set_guest_clock(uint64_t guest_time)
{
  csr_write(htimedelta, guest_time - csr_read(time));
}

int main(void)
{
  unsigned prints = 0, others = 0;

  printf("[09-timer-sstc]\n");
  if (!sstc_on()) {
    printf("no Sstc on this machine: lesson 8 is the way\n");
    power_off();
  }
  uint64_t *root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_main, (uint64_t)__guest_stack_top);

  csr_write(hideleg, VSTIP);
  csr_write(hcounteren, COUNTEREN_TM); /* for rdtime, and stimecmp needs it as well */
  csr_write(vstimecmp, ~0UL);          /* nothing pending from the past */
  set_guest_clock(1000 * HOUR);

  for (;;) {
    vm_run(&vcpu);
    if (vcpu.scause != CAUSE_ECALL_VS)
      vm_unexpected(&vcpu);
    if (vcpu.x[X_A7] == SBI_SRST)
      break;
    if (vcpu.x[X_A7] == SBI_LEGACY_PUTCHAR) {
      prints++;
      putchar((char)vcpu.x[X_A0]);
    } else {
      others++;
    }
    vcpu.sepc += 4;
  }

  if (csr_read(vstimecmp) != ~0UL || csr_read(hvip) != 0)
    panic("the guest's last stimecmp is not in vstimecmp");
  printf("exits: %d to print, %d for other calls, 0 by a timer; hvip was never written\n", prints,
         others);
  power_off();
}
