/* disk.c - the driver of a virtio block device. VIRTIO 1.2: 4.1 (PCI), 2.7 (split virtqueues),
 * 5.2 (block device).
 *
 * No interrupts: one request at a time, and then we look at the used ring until it has moved.
 */
#include "hv.h"
#include "disk.h"

/* A capability says where in which BAR a structure is [4.1.4]. */
enum { CAP_POINTER = 0x34, CAP_VENDOR = 9 };
enum { CAP_NEXT = 1, CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_FACTOR = 16 };
enum { CFG_COMMON = 1, CFG_NOTIFY, CFG_ISR, CFG_DEVICE, CFG_TYPES };

/* The common structure [4.1.4.3]. */
struct common {
  uint32_t device_feature_select, device_feature, driver_feature_select, driver_feature;
  uint16_t msix_config, num_queues;
  uint8_t device_status, config_generation;
  uint16_t queue_select, queue_size, queue_msix, queue_enable, queue_notify_off;
  uint32_t queue_desc[2], queue_driver[2], queue_device[2]; /* 64-bit addresses in halves */
};

/* device_status, in the order in which it is filled [3.1.1]. */
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { F_VERSION_1 = 32 }; /* a bit number */

/* The split queue [2.7]. */
enum { QUEUE = 8, DESC_NEXT = 1, DESC_WRITE = 2, NO_INTERRUPT = 1 };
struct descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
};
struct available {
  uint16_t flags, idx, ring[QUEUE];
};
struct used {
  uint16_t flags, idx;
  struct {
    uint32_t id, written;
  } ring[QUEUE];
};

/* Header and status of a request [5.2.6]; the data is between them. */
enum { READ = 0 };
struct request {
  uint32_t type, reserved;
  uint64_t sector;
};

static volatile struct common *common;
static volatile uint16_t *notify;

/* The device reads and writes these by DMA. */
static volatile struct descriptor descriptors[QUEUE] __attribute__((aligned(16)));
static volatile struct available available;
static volatile struct used used __attribute__((aligned(4)));
static volatile struct request request;
static volatile uint8_t status;

static void fence(void) { __asm__ volatile("fence iorw, iorw" : : : "memory"); }

/* Walk the list; of several capabilities of a type the first counts [4.1.4.1]. */
static void find_capabilities(const struct pci *f, uint8_t at[CFG_TYPES])
{
  for (uint8_t cap = pci_read8(f, CAP_POINTER); cap; cap = pci_read8(f, cap + CAP_NEXT)) {
    const uint8_t type = pci_read8(f, cap + CAP_TYPE);
    if (pci_read8(f, cap) == CAP_VENDOR && type < CFG_TYPES && !at[type])
      at[type] = cap;
  }
}

static uint64_t structure(const struct pci *f, const char *name, uint8_t cap)
{
  const uint8_t bar = cap ? pci_read8(f, cap + CAP_BAR) : 6;
  if (bar > 5 || !f->bar[bar])
    panic("virtio: no %s structure in a 64-bit BAR", name);
  const uint64_t offset = pci_read32(f, cap + CAP_OFFSET);
  printf("virtio: %s in BAR %d at %lx\n", name, bar, offset);
  return f->bar[bar] + offset;
}

/* Of the features we want only VERSION_1, and without that one nothing below is true [6.1]. */
static void negotiate(void)
{
  common->device_feature_select = F_VERSION_1 / 32;
  fence();
  if (!(common->device_feature & 1U << F_VERSION_1 % 32))
    panic("virtio: the device does not know VERSION_1");
  common->driver_feature_select = 0;
  common->driver_feature = 0;
  common->driver_feature_select = F_VERSION_1 / 32;
  common->driver_feature = 1U << F_VERSION_1 % 32;
  common->device_status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
  fence();
  if (!(common->device_status & FEATURES_OK))
    panic("virtio: the device does not agree");
}

static void set_address(volatile uint32_t half[2], volatile void *p)
{
  half[0] = (uint32_t)(uint64_t)p;
  half[1] = (uint64_t)p >> 32;
}

static void make_queue(void)
{
  common->queue_select = 0;
  fence();
  if (common->queue_size < QUEUE)
    panic("virtio: a queue of %d", common->queue_size);
  common->queue_size = QUEUE;
  set_address(common->queue_desc, descriptors);
  set_address(common->queue_driver, &available);
  set_address(common->queue_device, &used);
  available.flags = NO_INTERRUPT;
  fence();
  common->queue_enable = 1;
}

void disk_init(const struct pci *f)
{
  uint8_t cap[CFG_TYPES] = { 0 };
  find_capabilities(f, cap);
  common = (volatile struct common *)structure(f, "common", cap[CFG_COMMON]);
  const uint64_t bell = structure(f, "notify", cap[CFG_NOTIFY]);
  structure(f, "isr", cap[CFG_ISR]);
  volatile uint32_t *capacity = (void *)structure(f, "device", cap[CFG_DEVICE]);

  common->device_status = 0;
  while (common->device_status) /* until the reset is done [4.1.4.3.2] */
    ;
  common->device_status = ACKNOWLEDGE;
  common->device_status = ACKNOWLEDGE | DRIVER;
  negotiate();
  make_queue();
  notify = (volatile uint16_t *)(bell + (uint64_t)common->queue_notify_off *
                                            pci_read32(f, cap[CFG_NOTIFY] + CAP_FACTOR));
  common->device_status = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
  printf("virtio: VERSION_1 agreed, device status %lx, %lu sectors\n",
         (uint64_t)common->device_status, (uint64_t)capacity[1] << 32 | capacity[0]);
}

static void describe(unsigned i, volatile void *p, uint32_t length, uint16_t flags)
{
  descriptors[i].address = (uint64_t)p;
  descriptors[i].length = length;
  descriptors[i].flags = flags;
  descriptors[i].next = i + 1;
}

/* satp is Bare, so a pointer is the physical address that the device needs. */
void disk_read(uint64_t sector, void *buffer)
{
  request.type = READ;
  request.sector = sector;
  status = 0xff;
  describe(0, &request, sizeof request, DESC_NEXT);
  describe(1, buffer, SECTOR, DESC_NEXT | DESC_WRITE);
  describe(2, &status, sizeof status, DESC_WRITE);

  const uint16_t turn = available.idx;
  available.ring[turn % QUEUE] = 0; /* the chain starts at descriptor 0 */
  fence();                          /* the chain before the index that publishes it */
  available.idx = turn + 1;
  fence();
  *notify = 0; /* queue 0 */
  while (used.idx != (uint16_t)(turn + 1))
    ;
  fence();
  if (status || used.ring[turn % QUEUE].written != SECTOR + 1)
    panic("disk: sector %lu: status %d", sector, status);
}
