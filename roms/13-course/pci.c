/* pci.c - the PCI Express side: probe, place the BARs, enable.
 *
 * A function's configuration space is 4 KiB at ECAM + (bus << 20 | device << 15 | function << 12).
 * Nobody has configured anything before us: the firmware does not touch PCI.
 */
#include "hv.h"
#include "pci.h"

#define ECAM 0x30000000UL
#define FUNCTIONS (256 * 32 * 8)
#define WINDOW 0x40000000UL /* PCI memory, as the CPU sees it: 1 GiB */

#define ABSENT 0xffffffffU
#define COMMAND 0x04
#define COMMAND_MEMORY 2U /* answer at the addresses in the BARs */
#define COMMAND_MASTER 4U /* read and write our memory */
#define CLASS 0x08        /* class, subclass, interface, revision: from the top */
#define BAR0 0x10
#define BAR_IO 1U
#define BAR_64 4U
#define BARS 6

#define HOST_BRIDGE PCI_ID(0x1b36, 0x0008)
#define DISK_TRANSITIONAL PCI_ID(0x1af4, 0x1001)
#define DISK_MODERN PCI_ID(0x1af4, 0x1042)

static volatile uint32_t *config32(const struct pci *f, unsigned at)
{
  return (volatile uint32_t *)(f->config + at);
}

uint32_t pci_read32(const struct pci *f, unsigned at) { return *config32(f, at); }
uint8_t pci_read8(const struct pci *f, unsigned at) { return f->config[at]; }

static const char *name_of(uint32_t id)
{
  switch (id) {
  case HOST_BRIDGE:
    return "host bridge";
  case DISK_TRANSITIONAL:
    return "virtio block device, transitional";
  case DISK_MODERN:
    return "virtio block device";
  default:
    return "not ours";
  }
}

static void print(const struct pci *f, uint32_t index, uint32_t id)
{
  printf("pci %d:%d.%d: id %lx:%lx, class %lx, %s\n", (int)(index >> 8), (int)(index >> 3 & 31),
         (int)(index & 7), (uint64_t)(id & 0xffff), (uint64_t)(id >> 16),
         (uint64_t)(pci_read32(f, CLASS) >> 16), name_of(id));
}

struct pci pci_find_disk(void)
{
  struct pci disk = { 0 };
  int absent = 0;
  for (uint32_t i = 0; i < FUNCTIONS; i++) {
    const struct pci f = { .config = (volatile uint8_t *)(ECAM + ((uint64_t)i << 12)) };
    const uint32_t id = pci_read32(&f, 0);
    if (id == ABSENT) {
      absent++;
      continue;
    }
    print(&f, i, id);
    if (!disk.config && (id == DISK_TRANSITIONAL || id == DISK_MODERN))
      disk = f;
  }
  printf("pci: the other %d functions are absent\n", absent);
  if (!disk.config)
    panic("no virtio block device on PCI");
  return disk;
}

/* The address bits that cannot be written say how large it is. A 64-bit BAR is two registers. */
static uint64_t size_of(const struct pci *f, unsigned i)
{
  volatile uint32_t *bar = config32(f, BAR0 + 4 * i);
  bar[0] = bar[1] = 0xffffffff;
  const uint64_t mask = (uint64_t)bar[1] << 32 | (bar[0] & ~15U);
  return -mask;
}

static uint64_t place(const struct pci *f, unsigned i, uint64_t *next)
{
  volatile uint32_t *bar = config32(f, BAR0 + 4 * i);
  const uint64_t size = size_of(f, i);
  const uint64_t address = (*next + size - 1) & -size; /* aligned to its size */
  bar[0] = (uint32_t)address;
  bar[1] = address >> 32;
  if ((bar[0] & ~15U) != (uint32_t)address || bar[1] != address >> 32)
    panic("BAR %d does not take its address", (int)i);
  *next = address + size;
  printf("pci: BAR %d has 64 bits and %lx bytes: placed at %lx\n", (int)i, size, address);
  return address;
}

/* The modern interface is in 64-bit BARs: I/O ports and the 32-bit BAR of MSI-X are not needed.
   A BAR is moved only while the function does not decode it. */
void pci_enable(struct pci *f)
{
  volatile uint16_t *command = (volatile uint16_t *)(f->config + COMMAND);
  uint64_t next = WINDOW;
  *command = 0;
  for (unsigned i = 0; i < BARS; i++) {
    const uint32_t type = pci_read32(f, BAR0 + 4 * i);
    if ((type & BAR_IO) || !(type & BAR_64))
      continue;
    f->bar[i] = place(f, i, &next);
    i++; /* its upper half */
  }
  *command = COMMAND_MEMORY | COMMAND_MASTER;
}
