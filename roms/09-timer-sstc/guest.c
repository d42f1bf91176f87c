/* The guest of lesson 8 on a hart with Sstc: it writes stimecmp, and no call is needed. */
#include "guest.h"

#define SIE_STIE (1UL << 5)
#define SSTATUS_SIE (1UL << 1)
#define PERIOD 50000UL
#define HOUR (3600UL * 10000000UL)

#define csr_stimecmp 0x14d /* in V=1 this number reaches vstimecmp [norm:H_vscsrs_sub] */

static volatile int ticks;

static void set_timer(uint64_t when)
{
  __asm__ volatile("csrw %0, %1" : : "i"(csr_stimecmp), "r"(when) : "memory");
}

__attribute__((interrupt("supervisor"), aligned(4))) static void trap(void)
{
  if (csr_read(scause) == (1UL << 63 | 5)) {
    ticks++;
    guest_puts("guest: supervisor timer interrupt\n");
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
  uint64_t now = csr_read(time);
  if (now >= 1000 * HOUR && now < 1001 * HOUR)
    guest_puts("guest: my clock says that I run since 1000 hours\n");
  set_timer(now + PERIOD);
  wait_for_ticks(3);
  guest_shutdown();
}
