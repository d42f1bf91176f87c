/* One program, run by two VMs. All it knows of itself is the page at guest physical 0x90000000,
 * where each VM has different memory behind.
 */
#include "guest.h"

struct private
{
  uint64_t name;               /* 'A' or 'B', written by the hypervisor */
  volatile uint64_t preempted; /* how often the hypervisor took the hart away */
  uint64_t stack[500];
};
#define PRIVATE ((struct private *)0x90000000UL)

#define YIELD 0x0a000000

static void say(const char *text)
{
  guest_putchar((char)PRIVATE->name);
  guest_puts(text);
}

/* CSRs of VS-level must be the VM's own again after others ran. */
static void check_own_csrs(void)
{
  if (csr_read(sscratch) != PRIVATE->name || csr_read(stvec) != PRIVATE->name << 12)
    say(": my CSRs are another VM's!\n");
}

void guest_main(void)
{
  csr_write(sscratch, PRIVATE->name);
  csr_write(stvec, PRIVATE->name << 12);
  for (int i = 0; i < 2; i++) {
    say(": I yield\n");
    guest_sbi(YIELD, 0, 0, 0, 0);
    check_own_csrs();
  }
  /* From here on the guest never gives the hart away: only a timer can take it. */
  for (uint64_t i = 1; i <= 2; i++) {
    guest_sbi(YIELD, 1, 0, 0, 0); /* "I go to compute" */
    while (PRIVATE->preempted < i)
      ;
    check_own_csrs();
    say(": I was preempted\n");
  }
  guest_shutdown();
}
