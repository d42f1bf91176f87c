/* init.c - the first and only process: says that it runs, shows what the kernel knows of the
 * harts, makes every hart work once, and powers the machine off.
 *
 * Freestanding: see linux.h.
 */
#include "report.h"

void _start(void)
{
  open_console();
  print("INIT OK\n");
  call(SYS_MOUNT, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
  print_file("/proc/cpuinfo");
  visit_harts();
  print_file("/proc/interrupts");
  power_off();
}
