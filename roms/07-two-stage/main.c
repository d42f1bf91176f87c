/* Lesson 7: two-stage paging.
 *
 * gva --VS-stage (vsatp, the guest's tables)--> gpa --G-stage (hgatp, ours)--> pa.
 * The guest's data pages are given memory only when it touches them: a guest-page fault brings the
 * gpa in htval, we map a page there and let the *same* instruction run again: sepc stays.
 */
#include "hv.h"

void guest_main(void);

#define DATA_GPA 0x90000000UL
#define DATA_PAGES 4

static struct vcpu vcpu;
static uint64_t *root;

static void demand_fill(struct vcpu *v)
{
  uint64_t gpa = fault_gpa(v) & ~(PAGE_SIZE - 1);
  if (gpa < DATA_GPA || gpa >= DATA_GPA + DATA_PAGES * PAGE_SIZE)
    vm_unexpected(v);
  /* GVA=1: stval is a guest *virtual* address. htval is the physical one, shifted by two. */
  printf("exit: %s, stval (gva) %lx, htval<<2 (gpa) %lx, GVA=%d\n", cause_name(v->scause), v->stval,
         v->htval << 2, !!(v->hstatus & HSTATUS_GVA));
  uint64_t page = page_alloc();
  gstage_map(root, gpa, page, PTE_R | PTE_W);
  /* Not valid -> valid needs a fence as well: a hart may remember that a PTE was invalid. */
  hfence_gvma();
  printf("  mapped gpa %lx to pa %lx\n", gpa, page);
}

/* The VS-stage in software: three levels of 9 bits, each table found through the G-stage. */
static uint64_t gva_to_gpa(uint64_t gva)
{
  uint64_t table = (csr_read(vsatp) & 0xfffffffffffUL) << 12;
  for (int level = 2; level >= 0; level--) {
    unsigned shift = 12 + 9 * level;
    uint64_t pte_gpa = table + (gva >> shift & 0x1ff) * 8;
    uint64_t pte = *(uint64_t *)gstage_translate(root, pte_gpa);
    if (!(pte & PTE_V))
      panic("gva %lx is not mapped by the guest", gva);
    if (pte & PTE_RWX)
      return PTE_PPN(pte) | (gva & ((1UL << shift) - 1));
    table = PTE_PPN(pte);
  }
  panic("no leaf for gva %lx", gva);
}

static uint64_t hlv_d(uint64_t gva)
{
  uint64_t value;
  __asm__ volatile(WITH_H("hlv.d %0, (%1)") : "=r"(value) : "r"(gva) : "memory");
  return value;
}

/* Walk both stages ourselves and let the hardware check us: HLV.D translates as the guest does. */
static void show(uint64_t gva)
{
  uint64_t gpa = gva_to_gpa(gva);
  uint64_t pa = gstage_translate(root, gpa);
  if (hlv_d(gva) != *(uint64_t *)pa)
    panic("HLV.D does not agree");
  printf("gva %lx -> gpa %lx -> pa %lx holds %lx\n", gva, gpa, pa, *(uint64_t *)pa);
}

static void report(struct vcpu *v)
{
  printf("guest computed %lx\n", v->x[X_A0]);
  show(0x40000010);
  show(0x40002020);
  show(0x40000018);
  show(0x40001030);
  if (gstage_translate(root, gva_to_gpa(0x40003000)) == 0)
    printf("gva 0x40003000 -> gpa %lx -> nothing: never touched\n", gva_to_gpa(0x40003000));
  v->sepc += 4;
}

int main(void)
{
  printf("[07-two-stage]\n");
  root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_main, (uint64_t)__guest_stack_top);

  for (;;) {
    vm_run(&vcpu);
    if (vcpu.scause == CAUSE_LOAD_GUEST_PAGE || vcpu.scause == CAUSE_STORE_GUEST_PAGE)
      demand_fill(&vcpu);
    else if (vcpu.scause == CAUSE_ECALL_VS && vcpu.x[X_A7] == SBI_SRST)
      power_off();
    else if (vcpu.scause == CAUSE_ECALL_VS)
      report(&vcpu);
    else
      vm_unexpected(&vcpu);
  }
}
