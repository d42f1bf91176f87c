/* perf.c - the first and only process of the perf test: measures a loop of known length, and an
 * illegal instruction, with Linux' perf events, which are SBI's PMU extension below. linux.py
 * compares.
 */
#include "linux.h"

enum { SYS_PERF_EVENT_OPEN = 241 };
enum { TYPE_HARDWARE = 0, TYPE_RAW = 4 };
enum { HW_CPU_CYCLES = 0, HW_INSTRUCTIONS = 1 };
enum { ENABLE = 0x2400, DISABLE = 0x2401 };
enum {
  DISABLED = 1,
  EXCLUDE_KERNEL = 1 << 5,
  SAMPLE_IP = 1,
  HEAD = 1024 /* of data_head, in page 0 */
};
static const unsigned long FIRMWARE = 1ul << 63; /* in a raw event: the code of a firmware event */
enum { FW_ILLEGAL_INSN = 4 };

struct attr {
  unsigned type, size;
  unsigned long config, period, sample_type, read_format, flags;
  unsigned wakeup, bp_type;
  unsigned long config1;
};

static void say(const char *name, long value)
{
  char text[24], *at = text + sizeof text - 2;
  unsigned long rest = value < 0 ? -value : value;
  text[sizeof text - 2] = '\n';
  text[sizeof text - 1] = 0;
  do
    *--at = '0' + rest % 10;
  while (rest /= 10);
  if (value < 0)
    *--at = '-';
  print(name);
  print(at);
}

static long open_event(unsigned type, unsigned long config, unsigned long period, long pid,
                       long cpu)
{
  struct attr a = { .type = type,
                    .size = sizeof a,
                    .config = config,
                    .period = period,
                    .sample_type = SAMPLE_IP,
                    .flags = DISABLED | (pid == 0 ? EXCLUDE_KERNEL : 0) };
  return call(SYS_PERF_EVENT_OPEN, (long)&a, pid, cpu, -1, 0);
}

static long value_of(long event)
{
  long value = -1;
  call(SYS_READ, event, (long)&value, sizeof value, 0, 0);
  return value;
}

/* Two million instructions. */
static void loop(void)
{
  long n = 1000000;
  __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(n));
}

static void count(const char *name, unsigned long config)
{
  long event = open_event(TYPE_HARDWARE, config, 0, 0, -1);
  if (event < 0) {
    say(name, event);
    return;
  }
  call(SYS_IOCTL, event, ENABLE, 0, 0, 0);
  loop();
  call(SYS_IOCTL, event, DISABLE, 0, 0, 0);
  say(name, value_of(event));
  call(SYS_CLOSE, event, 0, 0, 0, 0);
}

/* A record of a header and the address is 16 bytes. */
static void sample(void)
{
  long event = open_event(TYPE_HARDWARE, HW_INSTRUCTIONS, 100000, 0, -1);
  char *ring = event < 0 ? 0 : map(2 * 4096, MAP_SHARED, event);
  if (event < 0) {
    say("samples ", event);
    return;
  }
  call(SYS_IOCTL, event, ENABLE, 0, 0, 0);
  loop();
  call(SYS_IOCTL, event, DISABLE, 0, 0, 0);
  say("samples ", *(volatile long *)(ring + HEAD) / 16);
}

static void die(void) { __asm__ volatile(".word 0"); }

static void firmware(void)
{
  enum { SIGCHLD = 17 };
  long event = open_event(TYPE_RAW, FIRMWARE | FW_ILLEGAL_INSN, 0, -1, 0);
  call(SYS_IOCTL, event, ENABLE, 0, 0, 0);
  long child = call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0);
  if (child == 0)
    die();
  call(SYS_WAIT4, child, 0, 0, 0, 0);
  call(SYS_IOCTL, event, DISABLE, 0, 0, 0);
  say("illegal ", event < 0 ? event : value_of(event));
}

void _start(void)
{
  open_console();
  count("instructions ", HW_INSTRUCTIONS);
  count("cycles ", HW_CPU_CYCLES);
  sample();
  firmware();
  power_off();
}
