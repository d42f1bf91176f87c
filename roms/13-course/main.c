/* Lesson 13: the whole way of a course's hypervisor.
 *
 * Nothing of the guest is in this ELF: it is a file on a disk. We find the disk on PCI, drive it,
 * read the file, give it memory by the G-stage, and run it. The guest reads a flash chip, which it
 * gets passed through: mapped when it first touches it, and without W.
 */
#include "hv.h"
#include "disk.h"
#include "fat32.h"

#define GUEST_GPA 0x90000000UL /* not the pa: with 128 MiB of RAM nothing is there */
#define GUEST_MEMORY 0x10000UL
#define FLASH 0x22000000UL /* unit 1; gpa == pa */
#define FLASH_SIZE 0x2000000UL

static struct vcpu vcpu;
static uint64_t *root;

static uint32_t crc32(const uint8_t *p, uint32_t n)
{
  uint32_t crc = 0xffffffff;
  while (n--) {
    crc ^= *p++;
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

/* Pages from page_alloc follow each other as long as nobody else takes one. */
static uint8_t *give_memory(void)
{
  const uint64_t pa = page_alloc();
  for (uint64_t at = PAGE_SIZE; at < GUEST_MEMORY; at += PAGE_SIZE)
    if (page_alloc() != pa + at)
      panic("the guest's memory is not in one piece");
  for (uint64_t at = 0; at < GUEST_MEMORY; at += PAGE_SIZE)
    gstage_map(root, GUEST_GPA + at, pa + at, PTE_RWX);
  return (uint8_t *)pa;
}

static void load_guest(void)
{
  struct pci disk = pci_find_disk();
  pci_enable(&disk);
  disk_init(&disk);
  fat32_mount();
  const struct file file = fat32_open("GUEST   BIN");
  if (file.size > GUEST_MEMORY)
    panic("GUEST.BIN has %lu bytes", (uint64_t)file.size);
  uint8_t *memory = give_memory();
  fat32_load(file, memory);
  printf("loaded: GUEST.BIN, %lu bytes, crc32 %lx, to gpa %lx\n", (uint64_t)file.size,
         (uint64_t)crc32(memory, file.size), GUEST_GPA);
  __asm__ volatile("fence.i"); /* what was data is going to be fetched */
}

/* A page of the flash at its first touch. R only: in the G-stage a store to it stays an exit. */
static void pass_flash_through(struct vcpu *v)
{
  const uint64_t gpa = fault_gpa(v);
  if (gpa - FLASH >= FLASH_SIZE)
    vm_unexpected(v);
  if (v->scause == CAUSE_STORE_GUEST_PAGE) {
    printf("exit: %s, gpa %lx: the flash is read-only, skipped\n", cause_name(v->scause), gpa);
    guest_skip(v);
    return;
  }
  printf("exit: %s, gpa %lx: a page of the flash, mapped\n", cause_name(v->scause), gpa);
  gstage_map(root, gpa & -PAGE_SIZE, gpa & -PAGE_SIZE, PTE_R);
  hfence_gvma();
}

/* DBCN console write. The address is the guest's, so it is translated, and each byte anew: the next
   one may be in another page, or in none. */
static void serve_write(struct vcpu *v)
{
  const uint64_t n = v->x[X_A0], gpa = v->x[X_A1];
  v->x[X_A0] = 0;
  v->x[X_A1] = n;
  for (uint64_t i = 0; i < n; i++) {
    const uint8_t *p = (const uint8_t *)gstage_translate(root, gpa + i);
    if (!p) {
      v->x[X_A0] = SBI_ERR_INVALID_PARAM;
      v->x[X_A1] = i;
      return;
    }
    putchar((char)*p);
  }
}

static void serve_ecall(struct vcpu *v)
{
  switch (v->x[X_A7]) {
  case SBI_DBCN:
    serve_write(v);
    v->sepc += 4;
    break;
  case SBI_SRST:
    printf("exit: the guest shuts down\n");
    power_off();
  default:
    vm_unexpected(v);
  }
}

int main(void)
{
  printf("[13-course]\n");
  root = gstage_new();
  load_guest();
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, (void (*)(void))GUEST_GPA, GUEST_GPA + GUEST_MEMORY);
  for (;;) {
    vm_run(&vcpu);
    if (vcpu.scause == CAUSE_ECALL_VS)
      serve_ecall(&vcpu);
    else if (vcpu.scause == CAUSE_LOAD_GUEST_PAGE || vcpu.scause == CAUSE_STORE_GUEST_PAGE)
      pass_flash_through(&vcpu);
    else
      vm_unexpected(&vcpu);
  }
}
