/* report.h - what a first process tells of the kernel below it: its files, and that every hart
 * works. */
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
