/* init.c - the first and only process: says that it runs, shows what the kernel knows of the
 * harts, makes every hart work once, and powers the machine off.
 *
 * Freestanding: see linux.h.
 */
#include "linux.h"

enum { MAX_HARTS = 8 };

static void print_file(const char *path)
{
  static char buffer[512];
  long file = open_file(path, 0);
  if (file < 0) {
    print("cannot open ");
    print(path);
    print("\n");
  }
  for (long n; (n = call(SYS_READ, file, (long)buffer, sizeof buffer, 0, 0)) > 0;)
    call(SYS_WRITE, console, (long)buffer, n, 0, 0);
}

/* Moving to another hart takes an IPI to its scheduler, and the page tables along. */
static void visit_harts(void)
{
  char line[] = "on hart 0\n";
  for (long hart = 0; hart < MAX_HARTS; hart++) {
    unsigned long mask = 1ul << hart;
    unsigned now = ~0u;
    if (call(SYS_SCHED_SETAFFINITY, 0, sizeof mask, (long)&mask, 0, 0) < 0)
      return; /* there is no such hart */
    call(SYS_GETCPU, (long)&now, 0, 0, 0, 0);
    line[8] = now == hart ? (char)('0' + now) : '?';
    print(line);
  }
}

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
