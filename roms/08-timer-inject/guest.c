/* A guest kernel that takes three timer interrupts, set by the SBI as on a hart without Sstc. */
#include "guest.h"

#define SIE_STIE (1UL << 5)
#define SSTATUS_SIE (1UL << 1)
#define PERIOD 50000UL /* ticks of `time`: 5 ms at 10 MHz */

static volatile int ticks;

static void set_timer(uint64_t when) { guest_sbi(0x54494d45, 0, when, 0, 0); }

__attribute__((interrupt("supervisor"), aligned(4))) static void trap(void)
{
  /* The guest sees cause 5, though the hypervisor injected number 6 [norm:hideleg_trans]. */
  if (csr_read(scause) == (1UL << 63 | 5)) {
    ticks++;
    guest_puts("guest: supervisor timer interrupt\n");
    /* A later time takes the pending interrupt back; ~0 means never. */
    set_timer(ticks < 3 ? csr_read(time) + PERIOD : ~0UL);
  } else {
    guest_puts("guest: unexpected trap\n");
    guest_shutdown();
  }
}

/* Look and sleep with interrupts off, take them in between: otherwise the last one may come after
   the look and before the WFI, which then sleeps for ever. WFI ends on a pending interrupt even if
   SIE is 0. */
static void wait_for_ticks(int count)
{
  while (ticks < count) {
    __asm__ volatile("wfi");
    csr_set(sstatus, SSTATUS_SIE);
    csr_clear(sstatus, SSTATUS_SIE);
  }
}

void guest_main(void)
{
  csr_write(stvec, (uint64_t)trap);
  csr_set(sie, SIE_STIE);
  set_timer(csr_read(time) + PERIOD);
  wait_for_ticks(3);
  guest_shutdown();
}
