/* Lesson 10: two VMs on one hart (world switch).
 *
 * A VM is: general registers, VS-level CSRs, hgatp. The first are saved at each exit anyway; the
 * others only when the next VM to run is another one. The VMID in hgatp tags what the TLB keeps, so
 * that a switch needs no fence.
 */
#include "hv.h"

void guest_main(void);

#define PRIVATE_GPA 0x90000000UL
#define STACK_OFFSET 4096
#define YIELD 0x0a000000
#define SLICE 50000UL /* ticks: 5 ms at 10 MHz */
#define SIE_STIE (1UL << IRQ_STI)

struct private
{
  uint64_t name;
  uint64_t preempted;
};

struct vm {
  struct vcpu vcpu;
  /* What the guest reaches by the names sstatus, stvec ... when V=1. Complete, or one VM reads
     another's secrets. (vsie and vsip are views of hie and hvip: all 0 for these guests.) */
  uint64_t vsstatus, vstvec, vsscratch, vsepc, vscause, vstval, vsatp;
  uint64_t hgatp;
  struct private *private; /* the page behind PRIVATE_GPA */
  bool ended;
};

static struct vm vms[2];
static struct vm *current;
static bool vmids; /* the hart has VMIDs (VMIDLEN may be 0) */

static void save(struct vm *m)
{
  m->vsstatus = csr_read(vsstatus);
  m->vstvec = csr_read(vstvec);
  m->vsscratch = csr_read(vsscratch);
  m->vsepc = csr_read(vsepc);
  m->vscause = csr_read(vscause);
  m->vstval = csr_read(vstval);
  m->vsatp = csr_read(vsatp);
}

static void restore(const struct vm *m)
{
  csr_write(vsstatus, m->vsstatus);
  csr_write(vstvec, m->vstvec);
  csr_write(vsscratch, m->vsscratch);
  csr_write(vsepc, m->vsepc);
  csr_write(vscause, m->vscause);
  csr_write(vstval, m->vstval);
  /* Never let one VM's vsatp meet the other's hgatp: the hart may translate ahead of time and keep
     a mixed result. */
  csr_write(vsatp, 0);
  csr_write(hgatp, m->hgatp);
  csr_write(vsatp, m->vsatp);
  if (!vmids) /* both VMs have the same tag in the TLB */
    hfence_gvma();
}

static void vm_create(struct vm *m, char name, uint64_t vmid)
{
  uint64_t *root = gstage_new();
  gstage_map_guest(root); /* the same code for both ... */
  uint64_t page = page_alloc();
  gstage_map(root, PRIVATE_GPA, page, PTE_R | PTE_W); /* ... and another page at the same gpa */
  m->private = (struct private *)page;
  m->private->name = (uint64_t)name;
  m->hgatp = hgatp_of(root, vmid);
  m->vsstatus = csr_read(vsstatus);
  vcpu_init(&m->vcpu, guest_main, PRIVATE_GPA + STACK_OFFSET);
}

/* hgatp.VMID holds as many low bits as the hart implements [norm:hgatp_vmid]. */
static bool have_two_vmids(void)
{
  csr_write(hgatp, vms[0].hgatp | 3UL << 44);
  uint64_t read = csr_read(hgatp);
  csr_write(hgatp, 0);
  return (read >> 44 & 3) == 3;
}

static void slice_begin(void)
{
  sbi_call(SBI_TIME, 0, csr_read(time) + SLICE, 0, 0);
  csr_set(sie, SIE_STIE);
}

static void slice_end(void) { csr_clear(sie, SIE_STIE); }

/* Round robin. */
static void switch_vm(const char *why)
{
  struct vm *next = current == &vms[0] ? &vms[1] : &vms[0];
  if (next->ended)
    next = current;
  printf("-- %c leaves (%s), %c enters\n", (char)current->private->name, why,
         (char)next->private->name);
  if (next == current)
    return;
  save(current);
  restore(next);
  current = next;
}

static void ecall_exit(struct vcpu *v)
{
  bool yield = v->x[X_A7] == YIELD && v->x[X_A6] == 0;
  v->sepc += 4;
  if (v->x[X_A7] == SBI_LEGACY_PUTCHAR) {
    putchar((char)v->x[X_A0]);
  } else if (yield) {
    switch_vm("yield");
  } else if (v->x[X_A7] == YIELD) {
    slice_begin();
  } else if (v->x[X_A7] == SBI_SRST) {
    current->ended = true;
    if (vms[0].ended && vms[1].ended) {
      printf("both VMs have ended\n");
      power_off();
    }
    switch_vm("ends");
  }
}

int main(void)
{
  printf("[10-two-vms]\n");
  vm_create(&vms[0], 'A', 1);
  vm_create(&vms[1], 'B', 2);
  vmids = have_two_vmids();
  hfence_gvma();
  current = &vms[0];
  restore(current);

  for (;;) {
    struct vcpu *v = &current->vcpu;
    vm_run(v);
    if (v->scause == CAUSE_ECALL_VS) {
      ecall_exit(v);
    } else if (v->scause == (INTERRUPT | IRQ_STI)) {
      slice_end();
      current->private->preempted++;
      switch_vm("timer");
    } else {
      vm_unexpected(v);
    }
  }
}
