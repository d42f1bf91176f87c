/* A small kernel in VS-mode with one task in VU-mode. The task does what tasks do wrong, and the
 * kernel handles its traps as any kernel does: by stvec, scause, sepc, stval. In V=1 these names
 * reach vstvec, vscause, vsepc, vstval [norm:H_vscsrs_sub]; the kernel cannot tell.
 * The next lesson runs the same source under another hypervisor.
 */
#include "guest.h"

#define PTE_V 1
#define PTE_RWX 0xe
#define PTE_U 0x10
#define PTE_AD 0xc0

struct task {
  uint64_t x[32];
  uint64_t pc;
};
void task_run(struct task *t); /* guest_task.S: SRET to the task, return at its trap */
void task_start(void);
extern char __guest_begin[], __guest_end[], __guest_user_begin[], __guest_user_end[];

static uint64_t tables[3][512] __attribute__((aligned(4096)));

/* Sv39, one 2 MiB region, va == gpa: the task's pages with U=1, the kernel's with U=0. */
static void paging_on(void)
{
  uint64_t va = (uint64_t)__guest_begin;
  tables[0][va >> 30 & 511] = (uint64_t)tables[1] >> 12 << 10 | PTE_V;
  tables[1][va >> 21 & 511] = (uint64_t)tables[2] >> 12 << 10 | PTE_V;
  for (; va < (uint64_t)__guest_end; va += 4096) {
    int user = va >= (uint64_t)__guest_user_begin && va < (uint64_t)__guest_user_end;
    tables[2][va >> 12 & 511] = va >> 12 << 10 | PTE_AD | PTE_RWX | PTE_V | (user ? PTE_U : 0);
  }
  csr_write(satp, 8UL << 60 | (uint64_t)tables[0] >> 12);
  __asm__ volatile("sfence.vma" : : : "memory");
}

/* Two services, chosen by the task's a7: 1 = print a0, 0 = exit. */
static int syscall(struct task *t)
{
  if (t->x[17] == 0)
    return 0;
  guest_putchar((char)t->x[10]);
  return 1;
}

static int handle(struct task *t)
{
  uint64_t cause = csr_read(scause);
  if (cause == 2)
    guest_puts("kernel: illegal instruction in the task, skipped\n");
  else if (cause == 13)
    guest_puts(csr_read(stval) == 0x1000 ? "kernel: load page fault at 0x1000, skipped\n"
                                         : "kernel: load page fault elsewhere?\n");
  else if (cause != 8)
    guest_puts("kernel: unexpected trap\n");
  else if (!syscall(t))
    return 0;
  t->pc += 4; /* the task is written with 4-byte instructions at these places */
  return 1;
}

void guest_main(void)
{
  static struct task task;
  paging_on();
  task.pc = (uint64_t)task_start;
  do
    task_run(&task);
  while (handle(&task));
  guest_puts("kernel: the task has ended\n");
  guest_shutdown();
}
