/* linux.h - what a freestanding process needs of Linux: system calls, and text on the console.
 *
 * The numbers are those of include/uapi/asm-generic/unistd.h. No C library, because the compiler at
 * hand is the bare-metal one. Each program is one C file that includes this one.
 */
enum {
  SYS_IOCTL = 29,
  SYS_UMOUNT2 = 39,
  SYS_MOUNT = 40,
  SYS_OPENAT = 56,
  SYS_CLOSE = 57,
  SYS_PIPE2 = 59,
  SYS_READ = 63,
  SYS_WRITE = 64,
  SYS_SYNC = 81,
  SYS_FSYNC = 82,
  SYS_EXIT = 93,
  SYS_EXIT_GROUP = 94,
  SYS_NANOSLEEP = 101,
  SYS_SCHED_SETAFFINITY = 122,
  SYS_SCHED_YIELD = 124,
  SYS_REBOOT = 142,
  SYS_UNAME = 160,
  SYS_GETCPU = 168,
  SYS_GETPID = 172,
  SYS_SYSINFO = 179,
  SYS_MUNMAP = 215,
  SYS_CLONE = 220,
  SYS_EXECVE = 221,
  SYS_MMAP = 222,
  SYS_WAIT4 = 260,
  SYS_FINIT_MODULE = 273,
};
enum { AT_FDCWD = -100, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_NONBLOCK = 04000 };

enum { PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20 };

/* Returns what the kernel returns: an error is -errno. */
static long call(long number, long a, long b, long c, long d, long e)
{
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = e;
  register long a5 __asm__("a5") = 0; /* mmap's offset; nobody else here has six */
  register long a7 __asm__("a7") = number;
  __asm__ volatile("ecall"
                   : "+r"(a0)
                   : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                   : "memory");
  return a0;
}

static long open_file(const char *path, int flags)
{
  return call(SYS_OPENAT, AT_FDCWD, (long)path, flags, 0644, 0);
}

static long console;

static void open_console(void) { console = open_file("/dev/console", O_RDWR); }

static void print(const char *text)
{
  long n = 0;
  while (text[n])
    n++;
  call(SYS_WRITE, console, (long)text, n, 0, 0);
}

/* Memory of zeros; file -1: of nobody else. */
static inline void *map(long size, int flags, long file)
{
  long at = call(SYS_MMAP, 0, size, PROT_READ | PROT_WRITE, flags, file);
  return at < 0 && at > -4096 ? 0 : (void *)at;
}

/* The console's driver may still hold text, and would lose it: tcdrain. */
static void power_off(void)
{
  enum { TCSBRK = 0x5409 };
  print("POWER OFF\n");
  call(SYS_IOCTL, console, TCSBRK, 1, 0, 0);
  call(SYS_REBOOT, 0xfee1dead, 672274793, 0x4321fedc, 0, 0);
  for (;;)
    ;
}
