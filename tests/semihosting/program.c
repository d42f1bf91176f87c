/* program.c - calls every operation of semihosting and says what is wrong; run.py compares.
 *
 *   MODE_HS    in HS-mode, then in VS-mode with both stages: the program at 0x80000000 is there at
 *              0x40000000, by way of the guest physical address 0xc0000000
 *   MODE_M     in M-mode
 *   MODE_U     in U-mode
 *   MODE_SAVE  has a file open during the first of two long loops
 */
typedef unsigned long word;
#define NOIPA __attribute__((noipa))

enum {
  OPEN = 1,
  CLOSE,
  WRITEC,
  WRITE0,
  WRITE,
  READ,
  READC,
  ISERROR,
  ISTTY,
  SEEK,
  FLEN = 12,
  TMPNAM,
  REMOVE,
  RENAME,
  CLOCK,
  TIME,
  SYSTEM,
  ERRNO,
  GET_CMDLINE = 0x15,
  HEAPINFO,
  EXIT = 0x18,
  EXIT_EXTENDED = 0x20,
  ELAPSED = 0x30,
  TICKFREQ
};
enum { MODE_R = 0, MODE_RW = 2, MODE_W = 4, MODE_W_PLUS = 6, MODE_A = 8 };
enum { EPERM = 1, ENOENT = 2, EBADF = 9, EACCES = 13, EFAULT = 14, ENOSYS = 38 };

/* The call, and the same that are none: without its end, compressed, on two pages. A trap that
 * comes of them is noted by trap_entry, which goes on behind it; any other one ends the run. */
long semihost(word operation, word block);
void not_a_call(void);
void on_two_pages(word operation, word block);
extern word traps;

#ifdef MODE_M
#define TVEC "mtvec"
#define CAUSE "mcause"
#define EPC "mepc"
#define RET "mret"
#else
#define TVEC "stvec"
#define CAUSE "scause"
#define EPC "sepc"
#define RET "sret"
#endif

__asm__(".option norvc\n"
        ".section .text\n"
        ".globl _start, semihost, not_a_call, on_two_pages, traps, enter\n"
        "_start: la sp, stack + 16384\n"
        "  la t0, trap_entry\n"
        "  csrw " TVEC ", t0\n"
        "  call main\n"
        "1: j 1b\n"
        ".balign 16\n"
        "semihost:\n"
        "  slli x0, x0, 0x1f\n  ebreak\n  srai x0, x0, 7\n  ret\n"
        "not_a_call:\n"
        "  ebreak\n"
        "  slli x0, x0, 0x1f\n  ebreak\n  srai x0, x0, 6\n"
        "  slli x0, x0, 0x1e\n  ebreak\n  srai x0, x0, 7\n"
        "  slli x0, x0, 0x1f\n  .option rvc\n  c.ebreak\n  c.nop\n  .option norvc\n  srai x0, x0, "
        "7\n  ret\n"
        ".balign 4096\n  .skip 4092\n"
        "on_two_pages:\n"
        "  slli x0, x0, 0x1f\n  ebreak\n  srai x0, x0, 7\n  ret\n"
        /* counts breakpoints and steps over them; what else comes ends the run with code 99 */
        ".balign 4\n"
        "trap_entry:\n"
        "  csrr t0, " CAUSE "\n  li t1, 3\n  bne t0, t1, 2f\n"
        "  la t0, traps\n  ld t1, (t0)\n  addi t1, t1, 1\n  sd t1, (t0)\n"
        "  csrr t0, " EPC "\n  lhu t1, (t0)\n  andi t1, t1, 3\n  addi t0, t0, 2\n  li t2, 3\n"
        "  bne t1, t2, 1f\n  addi t0, t0, 2\n1: csrw " EPC ", t0\n  " RET "\n"
        "2: la a1, failed\n  li a0, 0x18\n  call semihost\n"
        "  li a0, 0\n  li a1, 1\n  li a6, 0\n  li a7, 0x53525354\n  ecall\n3: j 3b\n"
        ".balign 16\n"
        /* enter(pc, sp): sret there */
        "enter:\n  csrw sepc, a0\n  mv sp, a1\n  sret\n"
        ".data\n.balign 16\n"
        "traps: .dword 0\n"
        "failed: .dword 0x20026, 99\n"
        ".bss\n.balign 16384\n"
        "stack: .skip 16384\n"
        ".text\n");

static void put(const char *text) { semihost(WRITE0, (word)text); }

static void put_number(word value)
{
  char text[24], *at = text + sizeof text;
  *--at = 0;
  do
    *--at = '0' + value % 10;
  while (value /= 10);
  put(at);
}

static void expect(const char *what, long got, long wanted)
{
  if (got == wanted)
    return;
  put("WRONG: ");
  put(what);
  put(got < 0 ? " is -" : " is ");
  put_number(got < 0 ? -got : got);
  put("\n");
}

static word length(const char *text)
{
  word n = 0;
  while (text[n])
    n++;
  return n;
}

/* noipa: a constant block would have addresses as linked in it, which are others in VS-mode. */
static NOIPA long call1(word operation, word a) { return semihost(operation, (word)(word[]){ a }); }
static NOIPA long call2(word operation, word a, word b)
{
  return semihost(operation, (word)(word[]){ a, b });
}
static NOIPA long call3(word operation, word a, word b, word c)
{
  return semihost(operation, (word)(word[]){ a, b, c });
}

static NOIPA long call4(word operation, word a, word b, word c, word d)
{
  return semihost(operation, (word)(word[]){ a, b, c, d });
}

static long open_file(const char *name, word mode)
{
  return call3(OPEN, (word)name, mode, length(name));
}

static long fails(long result, const char *what, long error)
{
  expect(what, result, -1);
  expect(what, semihost(ERRNO, 0), error);
  return result;
}

static int same(const char *a, const char *b, word n)
{
  for (word i = 0; i < n; i++)
    if (a[i] != b[i])
      return 0;
  return 1;
}

static void test_files(void)
{
  static const char text[] = "one two three";
  char back[32] = "";
  const word n = sizeof text - 1;
  long f = open_file("file", MODE_W);
  expect("opened", f > 0, 1);
  expect("write", call3(WRITE, f, (word)text, n), 0);
  fails(call3(READ, f, (word)back, 1), "read of a file for writing", EBADF);
  expect("close", call1(CLOSE, f), 0);
  fails(call1(CLOSE, f), "close twice", EBADF);
  f = open_file("file", MODE_RW);
  expect("length", call1(FLEN, f), n);
  expect("a file is no terminal", call1(ISTTY, f), 0);
  expect("seek", call2(SEEK, f, 4), 0);
  expect("read to the end", call3(READ, f, (word)back, sizeof back), sizeof back - (n - 4));
  expect("what was read", same(back, text + 4, n - 4), 1);
  expect("read at the end", call3(READ, f, (word)back, 5), 5);
  expect("close", call1(CLOSE, f), 0);
  f = open_file("file", MODE_A);
  expect("append", call3(WRITE, f, (word) "!", 1), 0);
  expect("longer", call1(FLEN, f), n + 1);
  call1(CLOSE, f);
  fails(open_file("no/such/file", MODE_R), "open what is not there", ENOENT);
  expect("rename", call4(RENAME, (word) "file", 4, (word) "renamed", 7), 0);
  fails(call2(REMOVE, (word) "file", 4), "remove what is not there", ENOENT);
  f = open_file("gone", MODE_W_PLUS);
  call1(CLOSE, f);
  expect("remove", call2(REMOVE, (word) "gone", 4), 0);
  expect("tmpnam", call3(TMPNAM, (word)back, 7, sizeof back), 0);
  expect("a name", same(back, "rvh-07.tmp", 11), 1);
  expect("tmpnam without room", call3(TMPNAM, (word)back, 7, 10), -1);
}

static void test_special_names(void)
{
  char byte[8] = "";
  long f = open_file(":semihosting-features", MODE_R);
  expect("length of the features", call1(FLEN, f), 5);
  expect("features", call3(READ, f, (word)byte, 5), 0);
  expect("their magic, and what there is", same(byte, "SHFB\3", 5), 1);
  call1(CLOSE, f);
  fails(open_file(":semihosting-features", MODE_W), "features cannot be written", EACCES);
  f = open_file(":tt", MODE_W);
  expect("a terminal", call1(ISTTY, f), 1);
  expect("to the terminal", call3(WRITE, f, (word) "by :tt\n", 7), 0);
  call1(CLOSE, f);
}

/* Addresses where nothing is are errors of the call, and no traps. */
static void test_addresses(word nowhere)
{
  fails(semihost(WRITE0, nowhere), "text nowhere", EFAULT);
  fails(semihost(OPEN, nowhere), "block nowhere", EFAULT);
  fails(call3(OPEN, nowhere, MODE_R, 4), "name nowhere", EFAULT);
  long f = open_file("renamed", MODE_R);
  fails(call3(READ, f, nowhere, 4), "buffer nowhere", EFAULT);
  call1(CLOSE, f);
  fails(semihost(ELAPSED, nowhere), "time nowhere", EFAULT);
}

static void test_rest(void)
{
  char text[100] = "";
  word heap[4] = { 0 }, ticks = 0, line[2] = { (word)text, sizeof text };
  semihost(WRITEC, (word) "c");
  put("\n");
  expect("an error", call1(ISERROR, -1), 1);
  expect("no error", call1(ISERROR, 1), 0);
  expect("no handle", call1(ISTTY, 0), -1);
  fails(call2(SYSTEM, (word) "true", 4), "no commands", EPERM);
  fails(semihost(0x99, 0), "no such operation", ENOSYS);
  fails(semihost(~0ul, 0), "no such operation", ENOSYS);
  expect("command line", semihost(GET_CMDLINE, (word)line), 0);
  expect("its length", line[1], length(text));
  put(text);
  put("\n");
  expect("no room", call2(GET_CMDLINE, (word)text, 3), -1);
  expect("heap", call1(HEAPINFO, (word)heap), 0);
  expect("from the program's end", heap[0] > 0x80000000 && !(heap[0] & 4095) && heap[0] == heap[3],
         1);
  expect("to the end of RAM", heap[1] > heap[0] + (100 << 20) && heap[1] == heap[2], 1);
  expect("frequency", semihost(TICKFREQ, 0), 10000000);
  expect("elapsed", semihost(ELAPSED, (word)&ticks), 0);
  expect("some ticks", ticks > 0 && ticks < 1000000, 1);
  expect("less than a tenth of a second", semihost(CLOCK, 0) < 10, 1);
  put_number(semihost(TIME, 0));
  put("\n");
}

static void test_input(void)
{
  char line[20] = "";
  long f = open_file(":tt", MODE_R), left;
  put("typed: ");
  for (long c = semihost(READC, 0); c >= 0 && c != '\n'; c = semihost(READC, 0))
    semihost(WRITEC, (word)(char[]){ c });
  while ((left = call3(READ, f, (word)line, 10)) < 10)
    for (long i = 0; i < 10 - left; i++)
      semihost(WRITEC, (word)&line[i]);
  put(".\n");
  call1(CLOSE, f);
}

static void test_all(const char *mode, word nowhere)
{
  put(mode);
  put("\n");
  test_files();
  test_special_names();
  test_addresses(nowhere);
  test_rest();
}

static __attribute__((noreturn)) void leave(word operation, word reason, word code)
{
  for (;;)
    call2(operation, reason, code);
}

static void test_traps(void)
{
  not_a_call();
  expect("what only looks like a call", traps, 4);
  on_two_pages(WRITE0, (word) "WRONG: a call on two pages\n");
  expect("on two pages", traps, 5);
}

static void spin(word n) { __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(n)); }

#if defined MODE_HS
void enter(word pc, word sp);
static word vs_root[512] __attribute__((aligned(4096))),
    g_root[2048] __attribute__((aligned(16384)));

static void vs_main(void)
{
  test_all("VS", 0x1000);
  test_input();
  leave(EXIT, 0x20026, 42);
}

void main(void)
{
  enum { LEAF = 0xcf, USER = 0x10 }; /* V R W X A D */
  const word down = 0x40000000;      /* from here to the guest's addresses */
  test_all("HS", 0x40000000000);
  test_traps();
  vs_root[1] = 0xc0000000 >> 2 | LEAF;
  g_root[3] = 0x80000000 >> 2 | LEAF | USER;
  /* Sv39 from vs_root's guest physical address, Sv39x4; then SPV and SPVP, and SPP */
  __asm__ volatile("csrw vsatp, %0\n csrw hgatp, %1\n csrs hstatus, %2\n csrs sstatus, %3" ::"r"(
                       8ul << 60 | ((word)vs_root + down) >> 12),
                   "r"(8ul << 60 | (word)g_root >> 12), "r"(1ul << 7 | 1ul << 8), "r"(1ul << 8));
  static char guest_stack[16384] __attribute__((aligned(16)));
  enter((word)vs_main - down, (word)guest_stack + sizeof guest_stack - down);
}
#elif defined MODE_M
void main(void)
{
  test_all("M", 0x40000000000);
  test_traps();
  leave(EXIT_EXTENDED, 0x20026, 200);
}
#elif defined MODE_U
void enter(word pc, word sp);

static void u_main(void)
{
  put("U\n");
  if (traps)
    __asm__ volatile("unimp"); /* ends the run */
  leave(EXIT, 0x20023, 0);
}

void main(void)
{
  static char user_stack[16384] __attribute__((aligned(16)));
  enter((word)u_main, (word)user_stack + sizeof user_stack);
}
#elif defined MODE_SAVE
void main(void)
{
  long f = open_file("file", MODE_W), t = open_file(":tt", MODE_W);
  spin(500000);
  call1(CLOSE, f);
  spin(500000);
  call3(WRITE, t, (word) "still open\n", 11);
  leave(EXIT, 0x20026, 0);
}
#endif
