/* Lesson 11: faults inside the guest's page-table walk (implicit accesses).
 *
 * With V=1 the hart reads the guest's PTEs at guest physical addresses, so each of these reads goes
 * through the G-stage and can fault there. The hypervisor must tell such a fault from one of the
 * access itself: htval then is the address of a PTE, and htinst holds a pseudoinstruction.
 */
#include "hv.h"

void guest_main(void);

#define SWAP_GPA 0x90000000UL /* root, level 1, level 0, data: one page each */
#define SWAP_PAGES 4
#define SWAP_OUT 0x0a000000

/* What htinst says if the hart was reading, or updating, a 64-bit VS-stage PTE
   [norm:H_trap_xtinst_guestpage]. Not an instruction of the guest: do not decode it as one. */
#define HTINST_READ_PTE 0x3000
#define HTINST_WRITE_PTE 0x3020

static const char *const page_names[SWAP_PAGES] = { "root table", "level-1 table", "level-0 table",
                                                    "data page" };
static struct vcpu vcpu;
static uint64_t *root;

/* Swap: the pages keep their contents, only V of the G-stage leaf goes. */
static void swap_out(void)
{
  for (unsigned i = 0; i < SWAP_PAGES; i++)
    *gstage_find(root, SWAP_GPA + i * PAGE_SIZE) &= ~PTE_V;
  hfence_gvma(); /* or the hart may use the old translations for a long time */
}

/* gstage_find() sees only valid leaves, so remember where the pages are. */
static uint64_t pages[SWAP_PAGES];

static void swap_in(struct vcpu *v)
{
  uint64_t gpa = fault_gpa(v) & ~3UL; /* stval belongs to the access, not to the PTE */
  uint64_t index = (gpa - SWAP_GPA) / PAGE_SIZE;
  bool implicit = v->htinst == HTINST_READ_PTE || v->htinst == HTINST_WRITE_PTE;
  if (gpa < SWAP_GPA || index >= SWAP_PAGES)
    vm_unexpected(v);
  if (!implicit && index < 3)
    panic("htinst is %lx at a fault of a page-table read", v->htinst);

  /* The cause is the one of the original access, also when the hart only read a PTE
     [norm:H_vm_gpapriv]. */
  printf("exit: %s", cause_name(v->scause));
  if (v->scause != CAUSE_FETCH_GUEST_PAGE) /* the address of code depends on the compiler */
    printf(", stval %lx", v->stval);
  printf(", gpa %lx, %s: map the %s\n", gpa, implicit ? "implicit, htinst 0x3000" : "explicit",
         page_names[index]);
  gstage_map(root, SWAP_GPA + index * PAGE_SIZE, pages[index], PTE_R | PTE_W);
  hfence_gvma();
  /* sepc stays: the instruction starts again from the beginning. */
}

static void ecall_exit(struct vcpu *v)
{
  uint64_t *x = v->x;
  if (x[X_A7] == SBI_SRST)
    power_off();
  if (x[X_A7] != SWAP_OUT)
    vm_unexpected(v);
  v->sepc += 4;
  if (x[X_A6] == 1)
    printf("guest loaded %lx\n", x[X_A0]);
  if (x[X_A6] == 2) {
    printf("guest has stored, the sum is %lx\n", x[X_A0]);
    return;
  }
  printf("swap out; the guest will %s\n", x[X_A6] == 0 ? "load" : "store");
  swap_out();
}

int main(void)
{
  printf("[11-nested-fault]\n");
  root = gstage_new();
  gstage_map_guest(root);
  for (unsigned i = 0; i < SWAP_PAGES; i++) {
    pages[i] = page_alloc();
    gstage_map(root, SWAP_GPA + i * PAGE_SIZE, pages[i], PTE_R | PTE_W);
  }
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_main, (uint64_t)__guest_stack_top);

  for (;;) {
    vm_run(&vcpu);
    switch (vcpu.scause) {
    case CAUSE_FETCH_GUEST_PAGE:
    case CAUSE_LOAD_GUEST_PAGE:
    case CAUSE_STORE_GUEST_PAGE:
      swap_in(&vcpu);
      break;
    case CAUSE_ECALL_VS:
      ecall_exit(&vcpu);
      break;
    default:
      vm_unexpected(&vcpu);
    }
  }
}
