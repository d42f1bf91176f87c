/* soak.c - the first process of a Linux that works for long: of the host with a guest in KVM, a
 * disk and random numbers, and of that guest.
 *
 *   /init ROUNDS           the guest: each hart has a process that works for so many rounds
 *   /init host HARTS       the host: starts /vmm with a guest of so many harts, and works until it
 * ends
 *
 * The words come after "--" on the kernel's command line. The lines of both tell soak.py that they
 * go on. The host has what disk.c's has: /modules and the modules; the disk has an ext4 file
 * system.
 */
#include "load.h"

enum { MAX_HARTS = 8, WORDS = 1 << 17, LINE_EVERY = 16 };

/* ---- the guest ---- */

static void work(long hart, unsigned long rounds)
{
  char name[] = "round on hart 0: ";
  name[14] = (char)('0' + hart);
  random_state = 0x9e3779b97f4a7c15 + (unsigned long)hart;
  for (unsigned long n = 1; n <= rounds; n++) {
    load_round();
    if (n % LINE_EVERY == 0 || n == rounds)
      print_line(name, n);
  }
}

static void be_guest(unsigned long rounds)
{
  long pids[MAX_HARTS], harts = 0;
  for (; harts < MAX_HARTS && stay_on(1ul << harts); harts++)
    if ((pids[harts] = fork()) == 0) {
      work(harts, rounds);
      call(SYS_EXIT, CHILD_STATUS, 0, 0, 0, 0);
    }
  for (long n = 0; n < harts; n++)
    wait_for(pids[n], CHILD_STATUS);
  print("GUEST DONE\n");
  power_off();
}

/* ---- the host ---- */

static long must(long result, const char *what)
{
  if (result < 0)
    fail(what);
  return result;
}

static void load_modules(void)
{
  static char list[1024];
  const long names = must(open_file("/modules", 0), "/modules");
  must(call(SYS_READ, names, (long)list, sizeof list - 1, 0, 0), "/modules");
  call(SYS_CLOSE, names, 0, 0, 0, 0);
  for (char *name = list, *end = list; *end; end++)
    if (*end == '\n') {
      *end = 0;
      const long file = must(open_file(name, 0), name);
      must(call(SYS_FINIT_MODULE, file, (long)"", 0, 0, 0), name);
      call(SYS_CLOSE, file, 0, 0, 0, 0);
      name = end + 1;
    }
}

static void mount(const char *from, const char *to, const char *type)
{
  must(call(SYS_MOUNT, (long)from, (long)to, (long)type, 0, 0), to);
}

/* Touches what is free, and gives it back: from here on the machine's memory has been used, and if
 * the simulator takes more of the host's, it is for itself. */
static void fill_memory(void)
{
  struct {
    long uptime, loads[3], total, free, more[12];
  } info;
  must(call(SYS_SYSINFO, (long)&info, 0, 0, 0, 0), "sysinfo");
  const long size = info.free / 16 * 15 & -PAGE;
  char *region = map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (!region)
    fail("mmap of what is free");
  for (long at = 0; at < size; at += PAGE)
    region[at] = 1;
  call(SYS_MUNMAP, (long)region, size, 0, 0, 0);
}

/* The seed of the run: the device's, by --seed. */
static void read_random(void)
{
  const long file = must(open_file("/dev/hwrng", 0), "/dev/hwrng");
  const long n = call(SYS_READ, file, (long)&random_state, sizeof random_state, 0, 0);
  if (n != sizeof random_state || !random_state)
    fail("random numbers");
  call(SYS_CLOSE, file, 0, 0, 0, 0);
}

static void drop_caches(const char *which)
{
  const long file = must(open_file("/proc/sys/vm/drop_caches", O_WRONLY), "drop_caches");
  must(call(SYS_WRITE, file, (long)which, 1, 0, 0), "drop_caches");
  call(SYS_CLOSE, file, 0, 0, 0, 0);
}

/* 1 MiB to the disk and from it again, not from the kernel's memory. */
static void load_disk(void)
{
  static unsigned long words[WORDS], found[WORDS];
  const unsigned long first = next_random();
  const char *path = "/mnt/soak";
  for (unsigned long n = 0; n < WORDS; n++)
    words[n] = first + n * n;
  long file = must(open_file(path, O_CREAT | O_WRONLY), path);
  if (call(SYS_WRITE, file, (long)words, sizeof words, 0, 0) != sizeof words)
    fail("write");
  must(call(SYS_FSYNC, file, 0, 0, 0, 0), "fsync");
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  drop_caches("3"); /* pages, inodes and names */
  file = must(open_file(path, 0), path);
  if (call(SYS_READ, file, (long)found, sizeof found, 0, 0) != sizeof found)
    fail("read");
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  for (unsigned long n = 0; n < WORDS; n++)
    if (found[n] != words[n])
      fail("what was on the disk");
}

static long start_guest(const char *harts)
{
  const char *words[] = { "/vmm", harts, 0 };
  const long pid = must(fork(), "fork");
  if (pid == 0) {
    call(SYS_EXECVE, (long)words[0], (long)words, (long)&words[2], 0, 0);
    fail("/vmm");
  }
  return pid;
}

static void be_host(const char *harts)
{
  enum { WNOHANG = 1 };
  int status = 0;
  mount("dev", "/dev", "devtmpfs");
  mount("proc", "/proc", "proc");
  load_modules();
  mount("/dev/vda", "/mnt", "ext4");
  fill_memory();
  read_random();
  print_line("random ", random_state);
  drop_caches("4"); /* from now on without a message */
  const long pid = start_guest(harts);
  for (unsigned long n = 1; call(SYS_WAIT4, pid, (long)&status, WNOHANG, 0, 0) == 0; n++) {
    load_round();
    load_disk();
    if (n % LINE_EVERY == 0)
      print_line("host round: ", n);
  }
  if (status != 0)
    fail("the guest");
  must(call(SYS_UMOUNT2, (long)"/mnt", 0, 0, 0, 0), "umount");
  print("HOST DONE\n");
  power_off();
}

static unsigned long number(const char *text)
{
  unsigned long value = 0;
  while (*text >= '0' && *text <= '9')
    value = value * 10 + (unsigned long)(*text++ - '0');
  return value;
}

/* The stack of a new process: the number of words, and the words. */
__attribute__((used)) static void begin(long *stack)
{
  const char *first = stack[0] > 1 ? (const char *)stack[2] : "1";
  if (first[0] == 'c')
    call(SYS_EXIT, CHILD_STATUS, 0, 0, 0, 0);
  open_console();
  if (first[0] == 'h')
    be_host(stack[0] > 2 ? (const char *)stack[3] : "1");
  be_guest(number(first));
}

__asm__(".globl _start\n_start: mv a0, sp\n j begin\n");
