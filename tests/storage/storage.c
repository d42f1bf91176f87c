/* storage.c - a test hypervisor in the manner of the courses: scans the ECAM and the virtio-mmio
 * slots, drives their disks by polling, programs flash, and runs a guest from it.
 *
 * It only uses what QEMU's virt board has as well, and prints only what is the same there.
 */
#include "hv.h"

#define REG8(a) (*(volatile uint8_t *)(a))
#define REG16(a) (*(volatile uint16_t *)(a))
#define REG32(a) (*(volatile uint32_t *)(a))
#define REG64(a) (*(volatile uint64_t *)(a))

enum { QSIZE = 8, SECTOR = 512, T_IN = 0, T_OUT = 1, T_FLUSH = 4, LAST_CHECKED = 3 };
#define FLASH 0x22000000UL

/* ---- one queue, whatever the transport ---- */

static struct {
  struct {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
  } desc[QSIZE];
  struct {
    uint16_t flags, idx, ring[QSIZE];
  } avail;
  uint8_t gap[4096 - QSIZE * 16 - 4 - 2 * QSIZE]; /* the legacy layout: used on the next page */
  struct {
    volatile uint16_t flags, idx;
    struct {
      uint32_t id, len;
    } ring[QSIZE];
  } used;
} queue __attribute__((aligned(4096)));

static struct {
  uint32_t type, reserved;
  uint64_t sector;
} header;
static uint8_t status, data[SECTOR];
static uint64_t notify_at;
static unsigned notify_size;

static void set_desc(unsigned i, const volatile void *p, uint32_t len, uint16_t flags)
{
  queue.desc[i].addr = (uint64_t)p;
  queue.desc[i].len = len;
  queue.desc[i].flags = flags;
  queue.desc[i].next = (uint16_t)(i + 1);
}

static void perform(uint32_t type, uint64_t sector)
{
  enum { NEXT = 1, WRITE = 2 };
  header.type = type;
  header.sector = sector;
  status = 0xff;
  set_desc(0, &header, 16, NEXT);
  set_desc(1, data, SECTOR, NEXT | (type == T_IN ? WRITE : 0));
  set_desc(2, &status, 1, WRITE);
  if (type == T_FLUSH)
    queue.desc[0].next = 2;
  queue.avail.ring[queue.avail.idx % QSIZE] = 0;
  __sync_synchronize();
  queue.avail.idx++;
  __sync_synchronize();
  if (notify_size == 2)
    REG16(notify_at) = 0;
  else
    REG32(notify_at) = 0;
  for (unsigned i = 0; queue.used.idx != queue.avail.idx; i++)
    if (i == 100000000)
      panic("no answer\n");
  __sync_synchronize();
}

static void clear_queue(void)
{
  for (unsigned i = 0; i < sizeof queue; i++)
    ((volatile uint8_t *)&queue)[i] = 0;
}

static uint64_t checksum(void)
{
  uint64_t sum = 0;
  for (unsigned i = 0; i < SECTOR; i++)
    sum = sum * 31 + data[i];
  return sum;
}

/* Reads sectors, copies the first one, changed, to the second, and asks for too much. */
static void use_disk(uint64_t sectors)
{
  printf("  %lu sectors\n", sectors);
  for (uint64_t s = 0; s < LAST_CHECKED; s++) {
    perform(T_IN, s);
    printf("  sector %lu: status %d, checksum %lx\n", s, status, checksum());
  }
  perform(T_IN, 0);
  for (unsigned i = 0; i < SECTOR; i++)
    data[i] ^= 0x55;
  perform(T_OUT, 1);
  printf("  write: status %d, %lu bytes used\n", status,
         (uint64_t)queue.used.ring[(queue.used.idx - 1) % QSIZE].len);
  perform(T_FLUSH, 0);
  printf("  flush: status %d\n", status);
  perform(T_IN, 1);
  printf("  sector 1: checksum %lx\n", checksum());
  perform(T_IN, sectors);
  printf("  past the end: status %d\n", status);
}

/* ---- virtio-mmio ---- */

static void mmio_disk(uint64_t base)
{
  const bool legacy = REG32(base + 4) == 1;
  clear_queue();
  REG32(base + 0x70) = 0;
  REG32(base + 0x70) = 3;
  REG32(base + 0x24) = 0;
  REG32(base + 0x20) = 0;
  if (legacy) {
    REG32(base + 0x28) = 4096;
  } else {
    REG32(base + 0x24) = 1;
    REG32(base + 0x20) = 1; /* VIRTIO_F_VERSION_1 */
    REG32(base + 0x70) = 11;
    printf("  features ok: %d\n", REG32(base + 0x70) >> 3 & 1);
  }
  REG32(base + 0x30) = 0;
  REG32(base + 0x38) = QSIZE;
  if (legacy) {
    REG32(base + 0x3c) = 4096;
    REG32(base + 0x40) = (uint32_t)((uint64_t)&queue >> 12);
  } else {
    const uint64_t at[] = { (uint64_t)queue.desc, (uint64_t)&queue.avail, (uint64_t)&queue.used };
    for (unsigned i = 0; i < 3; i++) {
      REG32(base + 0x80 + 16 * i) = (uint32_t)at[i];
      REG32(base + 0x84 + 16 * i) = at[i] >> 32;
    }
    REG32(base + 0x44) = 1;
  }
  REG32(base + 0x70) = REG32(base + 0x70) | 4;
  notify_at = base + 0x50;
  notify_size = 4;
  use_disk(REG32(base + 0x100) | (uint64_t)REG32(base + 0x104) << 32);
}

static void scan_mmio(void)
{
  for (uint64_t base = 0x10001000; base <= 0x10008000; base += 0x1000) {
    printf("mmio %lx: magic %lx version %lx device %lx\n", base, (uint64_t)REG32(base),
           (uint64_t)REG32(base + 4), (uint64_t)REG32(base + 8));
    if (REG32(base + 8) == 2)
      mmio_disk(base);
  }
}

/* ---- PCI ---- */

static uint64_t bars = 0x40000000; /* where the next BAR goes */

/* Sizes and places the 64-bit BAR 4. */
static uint64_t place_bar4(uint64_t config)
{
  REG32(config + 0x20) = 0xffffffff;
  REG32(config + 0x24) = 0xffffffff;
  const uint64_t mask = (REG32(config + 0x20) & ~15u) | (uint64_t)REG32(config + 0x24) << 32;
  printf("  BAR 4: size %lx\n", ~mask + 1);
  const uint64_t base = bars;
  bars += ~mask + 1;
  REG32(config + 0x20) = (uint32_t)base;
  REG32(config + 0x24) = base >> 32;
  return base;
}

static void pci_disk(uint64_t config)
{
  uint64_t at[6] = { 0 }; /* by type of capability */
  uint32_t multiplier = 0;
  const uint64_t bar = place_bar4(config);
  REG16(config + 4) = 6; /* memory space, bus master */
  for (uint64_t cap = REG8(config + 0x34); cap; cap = REG8(config + cap + 1)) {
    const unsigned type = REG8(config + cap + 3);
    if (REG8(config + cap) != 9 || type > 4)
      continue;
    at[type] = bar + REG32(config + cap + 8);
    if (type == 2)
      multiplier = REG32(config + cap + 16);
  }
  const uint64_t common = at[1];
  clear_queue();
  REG8(common + 0x14) = 0;
  REG8(common + 0x14) = 3;
  REG32(common + 8) = 0;
  REG32(common + 12) = 0;
  REG32(common + 8) = 1;
  REG32(common + 12) = 1;
  REG8(common + 0x14) = 11;
  printf("  features ok: %d\n", REG8(common + 0x14) >> 3 & 1);
  REG16(common + 0x16) = 0;
  REG16(common + 0x18) = QSIZE;
  REG64(common + 0x20) = (uint64_t)queue.desc; /* QEMU takes both halves at once as well */
  REG64(common + 0x28) = (uint64_t)&queue.avail;
  REG64(common + 0x30) = (uint64_t)&queue.used;
  REG16(common + 0x1c) = 1;
  REG8(common + 0x14) = 15;
  notify_at = at[2] + REG16(common + 0x1e) * multiplier;
  notify_size = 2;
  use_disk(REG64(at[4]));
  printf("  isr %d, then %d\n", REG8(at[3]), REG8(at[3]));
}

static void scan_pci(void)
{
  unsigned absent = 0;
  for (uint64_t config = 0x30000000; config < 0x40000000; config += 0x1000) {
    const uint32_t id = REG32(config);
    if (id == 0xffffffff) {
      absent++;
      continue;
    }
    printf("pci slot %lu: id %lx class %lx pin %d\n", config >> 15 & 31, (uint64_t)id,
           (uint64_t)REG16(config + 10), REG8(config + 0x3d));
    if ((id & 0xffff) == 0x1af4)
      pci_disk(config);
  }
  printf("pci: %d functions are absent\n", absent);
}

/* ---- flash ---- */

static void flash_command(uint32_t command) { REG32(FLASH) = command * 0x10001; }

static void program_flash(void)
{
  const uint64_t sector = FLASH + 0x40000;
  flash_command(0x98);
  printf("flash: query %c%c%c\n", (char)REG32(FLASH + 0x40), (char)REG32(FLASH + 0x44),
         (char)REG32(FLASH + 0x48));
  flash_command(0xff);
  printf("flash: begins with %lx\n", (uint64_t)REG32(FLASH));
  REG32(sector) = 0x200020;
  REG32(sector) = 0xd000d0;
  flash_command(0x50);
  flash_command(0xff);
  printf("flash: erased %lx\n", (uint64_t)REG32(sector + 0x100));
  const uint32_t guest[] = { 0x04d00513, 0x00000073 }; /* li a0, 77; ecall */
  for (unsigned i = 0; i < 2; i++) {
    flash_command(0x40);
    REG32(sector + 4 * i) = guest[i];
    printf("flash: status %lx\n", (uint64_t)REG32(FLASH));
  }
  flash_command(0xff);
  printf("flash: programmed %lx %lx\n", (uint64_t)REG32(sector), (uint64_t)REG32(sector + 4));
}

/* Guest physical 0x1000 is the flash sector that was just programmed, read and execute only. */
static void run_from_flash(void)
{
  static struct vcpu vcpu;
  uint64_t *root = gstage_new();
  gstage_map(root, 0x1000, FLASH + 0x40000, PTE_R | PTE_X);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, (void (*)(void))0x1000, 0);
  vm_run(&vcpu);
  printf("guest: %s, a0 = %lu\n", cause_name(vcpu.scause), vcpu.x[X_A0]);
}

int main(void)
{
  scan_mmio();
  scan_pci();
  program_flash();
  run_from_flash();
  power_off();
}
