/* init.c - the first and only process: says that it runs, shows what the kernel knows of the
 * harts, makes every hart work once, and powers the machine off.
 *
 * Freestanding, by Linux system calls alone (include/uapi/asm-generic/unistd.h), because the
 * compiler at hand is the bare-metal one.
 */
enum {
  SYS_MOUNT = 40,
  SYS_OPENAT = 56,
  SYS_READ = 63,
  SYS_WRITE = 64,
  SYS_SCHED_SETAFFINITY = 122,
  SYS_REBOOT = 142,
  SYS_GETCPU = 168,
};
enum { AT_FDCWD = -100, O_RDWR = 2, MAX_HARTS = 8 };

static long call(long number, long a, long b, long c, long d, long e)
{
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = e;
  register long a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7) : "memory");
  return a0;
}

static long console;

static void print(const char *text)
{
  long n = 0;
  while (text[n])
    n++;
  call(SYS_WRITE, console, (long)text, n, 0, 0);
}

static void print_file(const char *path)
{
  static char buffer[512];
  long file = call(SYS_OPENAT, AT_FDCWD, (long)path, 0, 0, 0);
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
  console = call(SYS_OPENAT, AT_FDCWD, (long)"/dev/console", O_RDWR, 0, 0);
  print("INIT OK\n");
  call(SYS_MOUNT, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
  print_file("/proc/cpuinfo");
  visit_harts();
  print_file("/proc/interrupts");
  print("POWER OFF\n");
  call(SYS_REBOOT, 0xfee1dead, 672274793, 0x4321fedc, 0, 0);
  for (;;)
    ;
}
