/* guest.c - the first process of the guest in KVM: says what it runs on, makes the kernel work, and
 * powers the guest off.
 *
 * The work is what a guest's page tables and address spaces go through: processes that come, write
 * to shared pages and go, and memory that is mapped, touched and given back. Run as any process but
 * the first, it is one of these.
 */
#include "report.h"

enum { PROCESSES = 20, ROUNDS = 4, REGION = 4 << 20, PAGE = 4096, SIGCHLD = 17, CHILD_STATUS = 42 };

static char data[16 * PAGE]; /* of the parent, until a child writes */

static void fail(const char *what)
{
  print("FAILED: ");
  print(what);
  print("\n");
  power_off();
}

static void print_names(void)
{
  struct {
    char text[6][65]; /* system, host, release, version, machine, domain */
  } names;
  call(SYS_UNAME, (long)&names, 0, 0, 0, 0);
  static const int shown[] = { 0, 2, 3, 4 };
  for (unsigned n = 0; n < sizeof shown / sizeof *shown; n++) {
    print(names.text[shown[n]]);
    print(n == 3 ? "\n" : " ");
  }
}

static long start_child(void)
{
  long pid = call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0);
  if (pid != 0)
    return pid;
  for (long at = 0; at < (long)sizeof data; at += PAGE)
    data[at]++;
  const char *words[] = { "/init", 0 };
  call(SYS_EXECVE, (long)words[0], (long)words, (long)&words[1], 0, 0);
  call(SYS_EXIT, 1, 0, 0, 0, 0);
  return -1;
}

static void make_processes(void)
{
  for (int n = 0; n < PROCESSES; n++) {
    int status = -1;
    long pid = start_child();
    if (pid < 0 || call(SYS_WAIT4, pid, (long)&status, 0, 0, 0) != pid ||
        status != CHILD_STATUS << 8)
      fail("a process");
    if (data[0] != 0)
      fail("a child wrote to its parent");
  }
  print("PROCESSES OK\n");
}

static void touch_memory(void)
{
  for (unsigned char round = 1; round <= ROUNDS; round++) {
    unsigned char *region = map(REGION, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    long sum = 0;
    if (!region)
      fail("mmap");
    for (long at = 0; at < REGION; at += PAGE)
      sum += region[at], region[at] = round;
    for (long at = 0; at < REGION; at += PAGE)
      sum += region[at];
    if (sum != (long)round * (REGION / PAGE))
      fail("memory");
    call(SYS_MUNMAP, (long)region, REGION, 0, 0, 0);
  }
  print("MEMORY OK\n");
}

void _start(void)
{
  if (call(SYS_GETPID, 0, 0, 0, 0, 0) != 1)
    call(SYS_EXIT, CHILD_STATUS, 0, 0, 0, 0);
  open_console();
  print("GUEST OK\n");
  print_names();
  call(SYS_MOUNT, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
  print_file("/proc/cpuinfo");
  visit_harts();
  make_processes();
  touch_memory();
  power_off();
}
