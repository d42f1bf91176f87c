/* vmm.c - a virtual machine monitor above Linux' KVM, and the first process of the host: runs a
 * guest kernel, shows its console, and powers the host off when the guest has ended.
 *
 *   /init [HARTS] [MEMORYM] [legacy] [aia]    the words after "--" on the host kernel's command line
 *
 * The guest has memory, harts, and the console that its kernel asks for: SBI DBCN (with "legacy"
 * the older putchar instead), or a 16550 without interrupts at UART. With "aia" it has an APLIC,
 * which the 16550 interrupts, and for each hart a guest interrupt file of the host's hart it runs
 * on. KVM itself does the rest of SBI, the timers, and the interrupts between harts. The guest's
 * files are those of kvm.py. Where KVM is a module, that is /kvm.ko.
 */
#include "kvm.h"
#include "linux.h"

enum { MAX_HARTS = 8, STACK = 16384, LINE = 200 };

/* kvm.py has the same addresses. A kernel is 2 MiB above the start of RAM. */
static const unsigned long RAM = 0x80000000, KERNEL = 0x80200000, INITRD = 0x83000000,
                           TREE = 0x83e00000, UART = 0x10000000, APLIC = 0xd000000,
                           IMSIC = 0x28000000;

/* The guest's interrupts, as kvm.py's device tree has them. */
enum { IDENTITIES = 255, SOURCES = 4, UART_SOURCE = 1 };

struct hart {
  long file, number;
  struct kvm_run *run;
};

static char *ram; /* the guest's, as it is here */
static unsigned long ram_size = 64 << 20;
static long aia_machine; /* where the 16550's interrupt goes to; 0: nowhere */
static struct hart harts[MAX_HARTS];
static char stacks[MAX_HARTS][STACK] __attribute__((aligned(16)));

/* One hart at a time is served: its console and the counts belong to all. */
static char taken;
static unsigned long sbi_exits, mmio_exits;

static void lock(void)
{
  while (__atomic_test_and_set(&taken, __ATOMIC_ACQUIRE))
    call(SYS_SCHED_YIELD, 0, 0, 0, 0, 0);
}

static void unlock(void) { __atomic_clear(&taken, __ATOMIC_RELEASE); }

/* ---- messages ---- */

static void print_number(const char *name, unsigned long value)
{
  char digits[21], *at = digits + 20;
  *at = 0;
  do
    *--at = (char)('0' + value % 10);
  while (value /= 10);
  print(name);
  print(at);
  print("\n");
}

/* Started by another first process (soak.c), it leaves the host to that one. */
static void leave(long status)
{
  if (call(SYS_GETPID, 0, 0, 0, 0, 0) == 1)
    power_off();
  call(SYS_EXIT_GROUP, status, 0, 0, 0, 0);
}

static void fail(const char *what, long value)
{
  print("VMM FAILED: ");
  print_number(what, (unsigned long)value);
  leave(1);
}

static long must(long result, const char *what)
{
  if (result < 0)
    fail(what, -result);
  return result;
}

/* The guest's console: whole lines, so that the host's own do not come in between. */
static void show(char c)
{
  static char line[LINE] = "| ";
  static int length = 2;
  if (c != '\r')
    line[length++] = c;
  if (c == '\n' || length == LINE - 1) {
    line[length] = 0;
    print(line);
    length = 2;
  }
}

/* ---- what the guest asks for ---- */

enum { SBI_LEGACY_PUTCHAR = 1, SBI_LEGACY_GETCHAR = 2, SBI_DBCN = 0x4442434e };
enum { DBCN_WRITE, DBCN_READ, DBCN_WRITE_BYTE };
enum { SBI_NOT_SUPPORTED = -2, SBI_INVALID_PARAM = -3 };

/* What the guest offers, args[0] bytes at guest address args[1]; NULL: not in its memory. */
static char *console_buffer(struct kvm_run *run)
{
  unsigned long size = run->sbi.args[0], offset = run->sbi.args[1] - RAM;
  if (run->sbi.args[2] == 0 && offset <= ram_size && size <= ram_size - offset)
    return ram + offset;
  run->sbi.error = (unsigned long)SBI_INVALID_PARAM;
  return 0;
}

/* What has been typed, as whole lines: the host's console is in its usual mode. */
static void read_console(struct kvm_run *run)
{
  static long input = -1;
  char *buffer = console_buffer(run);
  if (!buffer)
    return;
  if (input < 0)
    input = must(open_file("/dev/console", O_NONBLOCK), "/dev/console: errno ");
  long n = call(SYS_READ, input, (long)buffer, (long)run->sbi.args[0], 0, 0);
  run->sbi.value = n > 0 ? (unsigned long)n : 0;
}

static void write_console(struct kvm_run *run)
{
  char *buffer = console_buffer(run);
  if (!buffer)
    return;
  for (unsigned long n = 0; n < run->sbi.args[0]; n++)
    show(buffer[n]);
  run->sbi.value = run->sbi.args[0];
}

static void serve_dbcn(struct kvm_run *run)
{
  if (run->sbi.function == DBCN_WRITE)
    write_console(run);
  else if (run->sbi.function == DBCN_WRITE_BYTE)
    show((char)run->sbi.args[0]);
  else if (run->sbi.function == DBCN_READ)
    read_console(run);
  else
    run->sbi.error = (unsigned long)SBI_NOT_SUPPORTED;
}

static void serve_sbi(struct kvm_run *run)
{
  sbi_exits++;
  run->sbi.error = run->sbi.value = 0;
  if (run->sbi.extension == SBI_DBCN)
    serve_dbcn(run);
  else if (run->sbi.extension == SBI_LEGACY_PUTCHAR)
    show((char)run->sbi.args[0]);
  else if (run->sbi.extension == SBI_LEGACY_GETCHAR)
    run->sbi.error = (unsigned long)-1; /* nothing typed */
  else
    run->sbi.error = (unsigned long)SBI_NOT_SUPPORTED;
}

/* A 16550 that sends at once and receives nothing; most registers read as they were written. */
static unsigned char uart[8], divisor[2];
enum { UART_DATA, UART_IER, UART_IIR, UART_LCR, UART_LSR = 5, UART_MSR };

/* Without an interrupt line, Linux looks at IIR by a timer, and sends only what IIR asks for. */
static unsigned char read_uart(unsigned which)
{
  enum { IER_SENT = 2, IIR_SENT = 2, IIR_NONE = 1, LSR_EMPTY = 0x60, MSR_READY = 0xb0 };
  switch (which) {
  case UART_DATA:
    return 0;
  case UART_IIR:
    return uart[UART_IER] & IER_SENT ? IIR_SENT : IIR_NONE;
  case UART_LSR:
    return LSR_EMPTY;
  case UART_MSR:
    return MSR_READY;
  default:
    return uart[which];
  }
}

static void write_uart(unsigned which, unsigned char value)
{
  if (which == UART_DATA)
    show((char)value);
  else
    uart[which] = value;
}

/* Sending is always possible: it interrupts as long as the guest wants that. */
static void interrupt_by_uart(void)
{
  enum { IER_SENT = 2 };
  struct kvm_irq_level line = { UART_SOURCE, (uart[UART_IER] & IER_SENT) != 0 };
  if (aia_machine)
    must(call(SYS_IOCTL, aia_machine, KVM_IRQ_LINE, (long)&line, 0, 0), "KVM_IRQ_LINE: errno ");
}

static void serve_uart(struct kvm_run *run)
{
  enum { DLAB = 0x80 };
  unsigned which = (unsigned)(run->mmio.address - UART);
  if (which <= UART_IER && uart[UART_LCR] & DLAB) {
    if (run->mmio.is_write)
      divisor[which] = run->mmio.data[0];
    else
      run->mmio.data[0] = divisor[which];
  } else if (run->mmio.is_write)
    write_uart(which, run->mmio.data[0]);
  else
    run->mmio.data[0] = read_uart(which);
}

static void serve_mmio(struct kvm_run *run)
{
  mmio_exits++;
  if (run->mmio.address - UART >= 8 || run->mmio.size != 1)
    fail("access to nothing at ", (long)run->mmio.address);
  serve_uart(run);
  interrupt_by_uart();
}

static void end(struct kvm_run *run)
{
  print_number("vmm: SBI exits ", sbi_exits);
  print_number("vmm: MMIO exits ", mmio_exits);
  if (run->event.type != KVM_SYSTEM_EVENT_SHUTDOWN)
    fail("the guest ended by event ", run->event.type);
  print("vmm: the guest has shut down\n");
  leave(0);
}

static void serve(struct kvm_run *run)
{
  if (run->exit_reason == KVM_EXIT_RISCV_SBI)
    serve_sbi(run);
  else if (run->exit_reason == KVM_EXIT_MMIO)
    serve_mmio(run);
  else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
    end(run);
  else
    fail("exit reason ", run->exit_reason);
}

/* KVM_RUN sleeps while the guest's hart is stopped, or waits. */
static void run_hart(struct hart *hart)
{
  for (;;) {
    must(call(SYS_IOCTL, hart->file, KVM_RUN, 0, 0, 0), "KVM_RUN: errno ");
    lock();
    serve(hart->run);
    unlock();
  }
}

/* ---- making the machine ---- */

static void set_register(struct hart *hart, unsigned long id, unsigned long value)
{
  struct kvm_one_reg reg = { id, &value };
  must(call(SYS_IOCTL, hart->file, KVM_SET_ONE_REG, (long)&reg, 0, 0), "KVM_SET_ONE_REG: errno ");
}

static void load(const char *path, unsigned long address)
{
  long file = must(open_file(path, 0), path);
  char *at = ram + (address - RAM);
  for (long n;
       (n = must(call(SYS_READ, file, (long)at, RAM + ram_size - address, 0, 0), path)) > 0;)
    at += n, address += (unsigned long)n;
  call(SYS_CLOSE, file, 0, 0, 0, 0);
}

/* Without the file, KVM is in the kernel. */
static void load_kvm(void)
{
  long file = open_file("/kvm.ko", 0);
  if (file < 0)
    return;
  must(call(SYS_FINIT_MODULE, file, (long)"", 0, 0, 0), "finit_module /kvm.ko: errno ");
  call(SYS_CLOSE, file, 0, 0, 0, 0);
  print("vmm: loaded /kvm.ko\n");
}

static long make_machine(long kvm)
{
  if (call(SYS_IOCTL, kvm, KVM_GET_API_VERSION, 0, 0, 0) != KVM_API_VERSION)
    fail("KVM's API version is not ", KVM_API_VERSION);
  long machine = must(call(SYS_IOCTL, kvm, KVM_CREATE_VM, 0, 0, 0), "KVM_CREATE_VM: errno ");
  ram = map((long)ram_size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (!ram)
    fail("no memory for the guest: bytes ", (long)ram_size);
  struct kvm_memory_region region = { 0, 0, RAM, ram_size, (unsigned long)ram };
  must(call(SYS_IOCTL, machine, KVM_SET_USER_MEMORY_REGION, (long)&region, 0, 0),
       "KVM's memory: errno ");
  return machine;
}

static void make_hart(long kvm, long machine, long number, int legacy)
{
  struct hart *hart = &harts[number];
  long size = must(call(SYS_IOCTL, kvm, KVM_GET_VCPU_MMAP_SIZE, 0, 0, 0), "vCPU's size: errno ");
  hart->number = number;
  hart->file =
      must(call(SYS_IOCTL, machine, KVM_CREATE_VCPU, number, 0, 0), "KVM_CREATE_VCPU: errno ");
  hart->run = map(size, MAP_SHARED, hart->file);
  if (!hart->run)
    fail("mmap of vCPU ", number);
  if (!legacy) /* KVM leaves DBCN to whom can serve it */
    set_register(hart, KVM_REG_SBI_EXTENSION + KVM_SBI_DBCN, 1);
}

static void set_attribute(long device, unsigned group, unsigned long attribute, const void *value)
{
  struct kvm_device_attr set = { 0, group, attribute, value };
  must(call(SYS_IOCTL, device, KVM_SET_DEVICE_ATTR, (long)&set, 0, 0),
       "KVM_SET_DEVICE_ATTR of the AIA: errno ");
}

static void configure_aia(long device, unsigned attribute, unsigned value)
{
  set_attribute(device, KVM_AIA_CONFIG, attribute, &value);
}

/* After the harts: with the host's guest interrupt files, or not at all. */
static void make_aia(long machine, unsigned long count)
{
  struct kvm_create_device made = { KVM_DEV_TYPE_RISCV_AIA, 0, 0 };
  must(call(SYS_IOCTL, machine, KVM_CREATE_DEVICE, (long)&made, 0, 0),
       "KVM_CREATE_DEVICE of an AIA: errno ");
  unsigned hart_bits = 0;
  while (1ul << hart_bits < count)
    hart_bits++;
  configure_aia(made.file, KVM_AIA_CONFIG_MODE, KVM_AIA_MODE_HWACCEL);
  configure_aia(made.file, KVM_AIA_CONFIG_IDS, IDENTITIES);
  configure_aia(made.file, KVM_AIA_CONFIG_SRCS, SOURCES);
  configure_aia(made.file, KVM_AIA_CONFIG_HART_BITS, hart_bits);
  set_attribute(made.file, KVM_AIA_ADDR, KVM_AIA_ADDR_APLIC, &APLIC);
  for (unsigned long n = 0; n < count; n++) {
    unsigned long page = IMSIC + n * 4096;
    set_attribute(made.file, KVM_AIA_ADDR, KVM_AIA_ADDR_IMSIC + n, &page);
  }
  set_attribute(made.file, KVM_AIA_CTRL, 0, 0);
  aia_machine = machine;
}

/* The first hart starts here, the others where the guest's kernel says by SBI HSM. */
static void start_first(struct hart *hart)
{
  set_register(hart, KVM_REG_CORE + KVM_CORE_PC, KERNEL);
  set_register(hart, KVM_REG_CORE + KVM_CORE_A0, 0);
  set_register(hart, KVM_REG_CORE + KVM_CORE_A1, TREE);
}

/* A thread of its own for a hart: the parent returns, the child never does. */
static void start_thread(struct hart *hart)
{
  enum {
    CLONE_VM = 0x100,
    CLONE_FS = 0x200,
    CLONE_FILES = 0x400,
    CLONE_SIGHAND = 0x800,
    CLONE_THREAD = 0x10000
  };
  register long a0 __asm__("a0") = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
  register long a1 __asm__("a1") = (long)(stacks[hart->number] + STACK);
  register long a2 __asm__("a2") = 0;
  register long a3 __asm__("a3") = 0;
  register long a4 __asm__("a4") = 0;
  register long a7 __asm__("a7") = SYS_CLONE;
  register struct hart *s1 __asm__("s1") = hart;
  register void (*s2)(struct hart *) __asm__("s2") = run_hart;
  __asm__ volatile("ecall\n bnez a0, 1f\n mv a0, s1\n jr s2\n 1:"
                   : "+r"(a0)
                   : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), "r"(s1), "r"(s2)
                   : "memory");
  must(a0, "clone: errno ");
}

static struct {
  unsigned long harts;
  int legacy, aia;
} asked = { 1, 0, 0 };

static void take_word(const char *word)
{
  unsigned long number = 0;
  if (*word == 'l')
    asked.legacy = 1;
  if (*word == 'a')
    asked.aia = 1;
  for (; *word >= '0' && *word <= '9'; word++)
    number = 10 * number + (unsigned long)(*word - '0');
  if (*word == 'M')
    ram_size = number << 20;
  else if (number >= 1 && number <= MAX_HARTS)
    asked.harts = number;
}

static void start_guest(void)
{
  long kvm = must(open_file("/dev/kvm", O_RDWR), "/dev/kvm: errno ");
  long machine = make_machine(kvm);
  load("/guest/Image", KERNEL);
  load("/guest/initrd", INITRD);
  load("/guest/tree", TREE);
  for (unsigned long n = 0; n < asked.harts; n++)
    make_hart(kvm, machine, (long)n, asked.legacy);
  if (asked.aia)
    make_aia(machine, asked.harts);
  start_first(&harts[0]);
  print_number("vmm: starts a guest, harts ", asked.harts);
  for (unsigned long n = 1; n < asked.harts; n++)
    start_thread(&harts[n]);
  run_hart(&harts[0]);
}

/* The stack of a new process: the number of words, and the words. */
__attribute__((used)) static void begin(long *stack)
{
  for (long n = 1; n < stack[0]; n++)
    take_word((const char *)stack[1 + n]);
  open_console();
  load_kvm();
  /* In a process of its own: with it ends the machine, before the host is powered off. */
  enum { SIGCHLD = 17 };
  long child = must(call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0), "clone: errno ");
  if (child == 0)
    start_guest();
  int status = 0;
  must(call(SYS_WAIT4, child, (long)&status, 0, 0, 0), "wait4: errno ");
  leave(status != 0);
}

__asm__(".globl _start\n_start: mv a0, sp\n j begin\n");
