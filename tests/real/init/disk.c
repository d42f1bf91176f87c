/* disk.c - the first and only process of the disk tests: loads the kernel's modules, mounts the
 * ext4 file system of /dev/vda, writes 256 MiB to it, and powers the machine off.
 *
 * /modules has the names of the modules, one per line, in the order of loading. The file system has
 * the file seed, of 1 MiB; piece n of what is written is seed, each word XOR (n + 1) * STEP, so
 * that a block that was read or written wrongly, or lies in another's place, is seen by disk.py.
 */
#include "linux.h"

enum { PIECE = 1 << 20, PIECES = 256, WORDS = PIECE / 8 };
static const unsigned long STEP = 0x9e3779b97f4a7c15;

static unsigned long seed[WORDS], piece[WORDS];

static void fail(const char *what, const char *which, long error)
{
  char digits[] = ", errno 000\n";
  for (long n = 10, value = -error; n > 7; n--, value /= 10)
    digits[n] = (char)('0' + value % 10);
  print("FAILED: ");
  print(what);
  print(which);
  print(digits);
  power_off();
}

static long must(long result, const char *what, const char *which)
{
  if (result < 0)
    fail(what, which, result);
  return result;
}

static void read_whole(const char *path, char *to, long size)
{
  long file = must(open_file(path, 0), "open ", path);
  long n = 0;
  while (n < size) {
    long got = must(call(SYS_READ, file, (long)to + n, size - n, 0, 0), "read ", path);
    if (got == 0)
      fail("too short: ", path, 0);
    n += got;
  }
  call(SYS_CLOSE, file, 0, 0, 0, 0);
}

static void write_whole(long file, const char *from, long size)
{
  for (long n = 0; n < size;)
    n += must(call(SYS_WRITE, file, (long)from + n, size - n, 0, 0), "write", "");
}

static void load_module(const char *path)
{
  long file = must(open_file(path, 0), "open ", path);
  must(call(SYS_FINIT_MODULE, file, (long)"", 0, 0, 0), "load ", path);
  call(SYS_CLOSE, file, 0, 0, 0, 0);
}

static void load_modules(void)
{
  static char list[1024];
  long file = must(open_file("/modules", 0), "open ", "/modules");
  must(call(SYS_READ, file, (long)list, sizeof list - 1, 0, 0), "read ", "/modules");
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  for (char *name = list, *end = list; *end; end++)
    if (*end == '\n') {
      *end = 0;
      load_module(name);
      name = end + 1;
    }
}

/* The features that driver and device have agreed on: a line of 64 digits, bit 0 first. */
static void print_features(void)
{
  char line[] = "features 0123456789012345678901234567890123456789012345678901234567890123\n";
  must(call(SYS_MOUNT, (long)"sys", (long)"/sys", (long)"sysfs", 0, 0), "mount ", "/sys");
  read_whole("/sys/block/vda/device/features", line + 9, 64);
  print(line);
}

static void write_pieces(long file)
{
  for (unsigned long n = 0; n < PIECES; n++) {
    for (long word = 0; word < WORDS; word++)
      piece[word] = seed[word] ^ (n + 1) * STEP;
    write_whole(file, (char *)piece, PIECE);
  }
}

void _start(void)
{
  open_console();
  must(call(SYS_MOUNT, (long)"dev", (long)"/dev", (long)"devtmpfs", 0, 0), "mount ", "/dev");
  load_modules();
  must(call(SYS_MOUNT, (long)"/dev/vda", (long)"/mnt", (long)"ext4", 0, 0), "mount ", "/dev/vda");
  print("MOUNTED\n");
  print_features();
  read_whole("/mnt/seed", (char *)seed, PIECE);
  long file = must(open_file("/mnt/written", O_CREAT | O_WRONLY), "create ", "written");
  write_pieces(file);
  print("WRITTEN\n");
  must(call(SYS_FSYNC, file, 0, 0, 0, 0), "fsync", "");
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  call(SYS_SYNC, 0, 0, 0, 0, 0);
  print("SYNCED\n");
  must(call(SYS_UMOUNT2, (long)"/mnt", 0, 0, 0, 0), "unmount", "");
  power_off();
}
