/* load.h - work for a kernel, of which no end is seen from outside: memory, system calls,
 * processes, pipes, timers and computing, in an order and in sizes that come from a seed. Each
 * piece checks its own result, and says so if it is wrong.
 */
#include "linux.h"

enum { PAGE = 4096, SIGCHLD = 17, CHILD_STATUS = 42 };

static void fail(const char *what)
{
  print("FAILED: ");
  print(what);
  print("\n");
  power_off();
}

static unsigned long random_state;

/* xorshift64: never 0, if it was not. */
static unsigned long next_random(void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

static char *put_number(char *end, unsigned long value)
{
  *end = 0;
  do
    *--end = (char)('0' + value % 10);
  while (value /= 10);
  return end;
}

/* "NAME VALUE\n" by one call, so that lines of several processes do not mix. */
static void print_line(const char *name, unsigned long value)
{
  char line[80], digits[21];
  const char *number = put_number(digits + 20, value);
  long n = 0;
  while (*name)
    line[n++] = *name++;
  while (*number)
    line[n++] = *number++;
  line[n++] = '\n';
  line[n] = 0;
  print(line);
}

static void sleep_us(unsigned long us)
{
  long time[2] = { (long)(us / 1000000), (long)(us % 1000000 * 1000) };
  call(SYS_NANOSLEEP, (long)time, 0, 0, 0, 0);
}

/* Pages that are touched in an order far from their own, written and read again. */
static void load_memory(void)
{
  const unsigned long pages = 256 + next_random() % 1024, step = 7919; /* a prime above pages */
  unsigned char *region = map((long)(pages * PAGE), MAP_PRIVATE | MAP_ANONYMOUS, -1);
  unsigned long sum = 0;
  if (!region)
    fail("mmap");
  for (unsigned long n = 0; n < pages; n++)
    sum += region[n * step % pages * PAGE], region[n * step % pages * PAGE + n % PAGE] = 1;
  for (unsigned long n = 0; n < pages * PAGE; n++)
    sum += region[n];
  if (sum != pages)
    fail("memory");
  call(SYS_MUNMAP, (long)region, (long)(pages * PAGE), 0, 0, 0);
}

static void load_calls(void)
{
  static char names[6 * 65];
  const long self = call(SYS_GETPID, 0, 0, 0, 0, 0);
  for (unsigned long n = 2000 + next_random() % 8000; n; n--) {
    if (call(SYS_GETPID, 0, 0, 0, 0, 0) != self)
      fail("getpid");
    if (n % 16 == 0)
      call(SYS_UNAME, (long)names, 0, 0, 0, 0);
    if (n % 64 == 0)
      call(SYS_SCHED_YIELD, 0, 0, 0, 0, 0);
  }
}

/* Two orders of the same sum, with multiplications, divisions and floating point. */
static void load_computing(void)
{
  const unsigned long n = 1000000 + next_random() % 1000000;
  unsigned long sum = 0, word = next_random();
  double average = 0;
  for (unsigned long i = 1; i <= n; i++) {
    word = word * 6364136223846793005 + 1442695040888963407;
    sum += word >> 40;
    average += ((double)(word >> 40) - average) / (double)i;
  }
  const double exact = (double)sum / (double)n;
  if (average - exact > 1 || exact - average > 1)
    fail("floating point");
}

static long fork(void) { return call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0); }

static void wait_for(long pid, int wanted)
{
  int status = -1;
  if (pid < 0 || call(SYS_WAIT4, pid, (long)&status, 0, 0, 0) != pid || status != wanted << 8)
    fail("a process");
}

/* A process that is the program again, with one word: it ends at once. */
static void load_process(void)
{
  const char *words[] = { "/init", "child", 0 };
  const long pid = fork();
  if (pid == 0) {
    call(SYS_EXECVE, (long)words[0], (long)words, (long)&words[2], 0, 0);
    call(SYS_EXIT, 1, 0, 0, 0, 0);
  }
  wait_for(pid, CHILD_STATUS);
}

static void send(long to)
{
  static unsigned long words[512];
  for (unsigned long n = 0; n < 64; n++) {
    for (unsigned long i = 0; i < 512; i++)
      words[i] = n + i;
    call(SYS_WRITE, to, (long)words, sizeof words, 0, 0);
  }
  call(SYS_EXIT, CHILD_STATUS, 0, 0, 0, 0);
}

/* A child writes 256 KiB, the parent reads them: the two take turns. */
static void load_pipe(void)
{
  static unsigned long words[512];
  int ends[2];
  unsigned long sum = 0;
  if (call(SYS_PIPE2, (long)ends, 0, 0, 0, 0) < 0)
    fail("pipe");
  const long pid = fork();
  if (pid == 0)
    send(ends[1]);
  call(SYS_CLOSE, ends[1], 0, 0, 0, 0);
  for (long n; (n = call(SYS_READ, ends[0], (long)words, sizeof words, 0, 0)) > 0;)
    for (long i = 0; i < n / 8; i++)
      sum += words[i];
  call(SYS_CLOSE, ends[0], 0, 0, 0, 0);
  wait_for(pid, CHILD_STATUS);
  if (sum != 64ul * (511 * 256) + 512ul * (63 * 32))
    fail("what came through a pipe");
}

/* Short ones: in a guest the hart waits, which is a VM exit, and its timer wakes it. */
static void load_sleeps(void)
{
  for (unsigned long n = 20 + next_random() % 40; n; n--)
    sleep_us(20 + next_random() % 100);
}

static int stay_on(unsigned long harts)
{
  return call(SYS_SCHED_SETAFFINITY, 0, sizeof harts, (long)&harts, 0, 0) >= 0;
}

/* From hart to hart: interrupts between them. */
static void load_moves(void)
{
  for (int n = 0; n < 20; n++)
    for (unsigned long hart = 1; stay_on(hart); hart <<= 1)
      ;
  stay_on(~0ul);
}

static void load_round(void)
{
  static void (*const work[])(void) = { load_memory,  load_calls,  load_computing, load_pipe,
                                        load_process, load_sleeps, load_sleeps,    load_moves };
  enum { WORKS = sizeof work / sizeof *work };
  for (int n = 0; n < WORKS; n++)
    work[next_random() % WORKS]();
  sleep_us(100 + next_random() % 5000);
}
