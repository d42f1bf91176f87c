/* disk.c - the first and only process of the disk tests: loads the kernel's modules, mounts the
 * ext4 file system of /dev/vda, writes 256 MiB to it, reads them again, and powers the machine off.
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

static void read_whole(long file, const char *path, char *to, long size)
{
  for (long done = 0; done < size;) {
    long n = must(call(SYS_READ, file, (long)to + done, size - done, 0, 0), "read ", path);
    if (n == 0)
      fail("too short: ", path, 0);
    done += n;
  }
}

static void read_file(const char *path, char *to, long size)
{
  long file = must(open_file(path, 0), "open ", path);
  read_whole(file, path, to, size);
  call(SYS_CLOSE, file, 0, 0, 0, 0);
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
  read_file("/sys/block/vda/device/features", line + 9, 64);
  print(line);
}

static void make_piece(unsigned long n)
{
  for (long word = 0; word < WORDS; word++)
    piece[word] = seed[word] ^ (n + 1) * STEP;
}

static void write_pieces(const char *path)
{
  long file = must(open_file(path, O_CREAT | O_WRONLY), "create ", path);
  for (unsigned long n = 0; n < PIECES; n++) {
    make_piece(n);
    for (long done = 0; done < PIECE;)
      done += must(call(SYS_WRITE, file, (long)piece + done, PIECE - done, 0, 0), "write ", path);
  }
  print("WRITTEN\n");
  must(call(SYS_FSYNC, file, 0, 0, 0, 0), "fsync ", path);
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  call(SYS_SYNC, 0, 0, 0, 0, 0);
  print("SYNCED\n");
}

static void compare_pieces(const char *path)
{
  static unsigned long found[WORDS];
  long file = must(open_file(path, 0), "open ", path);
  for (unsigned long n = 0; n < PIECES; n++) {
    read_whole(file, path, (char *)found, PIECE);
    make_piece(n);
    for (long word = 0; word < WORDS; word++)
      if (found[word] != piece[word])
        fail("compare ", path, 0);
  }
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  print("READ\n");
}

static void mount_disk(void)
{
  must(call(SYS_MOUNT, (long)"/dev/vda", (long)"/mnt", (long)"ext4", 0, 0), "mount ", "/dev/vda");
}

/* Also takes what is cached of the file system out of memory. */
static void unmount_disk(void)
{
  must(call(SYS_UMOUNT2, (long)"/mnt", 0, 0, 0, 0), "unmount ", "/mnt");
}

void _start(void)
{
  open_console();
  must(call(SYS_MOUNT, (long)"dev", (long)"/dev", (long)"devtmpfs", 0, 0), "mount ", "/dev");
  must(call(SYS_MOUNT, (long)"sys", (long)"/sys", (long)"sysfs", 0, 0), "mount ", "/sys");
  load_modules();
  print_features();
  mount_disk();
  read_file("/mnt/seed", (char *)seed, PIECE);
  write_pieces("/mnt/written");
  unmount_disk();
  mount_disk();
  compare_pieces("/mnt/written");
  unmount_disk();
  power_off();
}
