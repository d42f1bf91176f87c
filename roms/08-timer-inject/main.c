/* Lesson 8: a timer for the guest by injection.
 *
 * The guest asks for a timer by SBI. The hypervisor sets its own timer to that time; when it fires
 * (VM exit with cause 5), it makes hvip.VSTIP pending and enters the guest again, where the hart
 * takes the trap to vstvec by itself.
 */
#include "hv.h"

void guest_main(void);

static struct vcpu vcpu;
static unsigned set_timer_calls, timer_exits;

#define SIE_STIE (1UL << IRQ_STI)
#define HVIP_VSTIP (1UL << IRQ_VSTI)

/* A new time: whatever was pending for the guest is over, ours is armed. */
static void guest_sets_timer(uint64_t when)
{
  set_timer_calls++;
  csr_clear(hvip, HVIP_VSTIP);
  sbi_call(SBI_TIME, 0, when, 0, 0);
  csr_set(sie, SIE_STIE);
}

/* Our timer fired while the guest ran: from V=1 an interrupt of HS is taken whatever sstatus.SIE
   says, for VS is less privileged than HS [norm:hideleg_hs]. */
static void timer_fired(void)
{
  timer_exits++;
  printf("exit: %s, inject hvip.VSTIP\n", cause_name(INTERRUPT | IRQ_STI));
  csr_clear(sie,
            SIE_STIE); /* still pending until the next set_timer: mask it, or we exit for ever */
  csr_set(hvip, HVIP_VSTIP);
}

static void sbi_exit(struct vcpu *v)
{
  uint64_t *x = v->x;
  if (x[X_A7] == SBI_SRST) {
    printf("%d set_timer calls, %d timer exits\n", set_timer_calls, timer_exits);
    power_off();
  }
  if (x[X_A7] == SBI_LEGACY_PUTCHAR) {
    putchar((char)x[X_A0]);
    x[X_A0] = 0;
  } else if (x[X_A7] == SBI_TIME) {
    guest_sets_timer(x[X_A0]);
    x[X_A0] = x[X_A1] = 0;
  } else {
    x[X_A0] = (uint64_t)SBI_ERR_NOT_SUPPORTED;
  }
  v->sepc += 4;
}

int main(void)
{
  printf("[08-timer-inject]\n");
  uint64_t *root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_main, (uint64_t)__guest_stack_top);

  /* hip.VSTIP is hvip.VSTIP or the comparison with vstimecmp, where Sstc is on. This lesson wants
     only the first: henvcfg.STCE = 0 (hv_init) says so, and a time that never comes makes it sure
     on emulators that go on comparing. */
  if (probe_sstc())
    csr_write(vstimecmp, ~0UL);
  csr_write(hideleg, HVIP_VSTIP);      /* VSTI goes to VS; without this bit it would come to us */
  csr_write(hcounteren, COUNTEREN_TM); /* the guest may read `time` without an exit */

  for (;;) {
    vm_run(&vcpu);
    if (vcpu.scause == (INTERRUPT | IRQ_STI))
      timer_fired();
    else if (vcpu.scause == CAUSE_ECALL_VS)
      sbi_exit(&vcpu);
    else
      vm_unexpected(&vcpu);
  }
}
