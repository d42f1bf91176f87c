/* virtio_mmio.c - virtio over memory-mapped registers: eight slots of the virt board, mostly empty.
 *
 * VIRTIO 1.2, section 4.2; the legacy interface (version 1) by section 4.2.4, which QEMU's board
 * shows unless told otherwise. Depends on virtio.c, and on the board for memory and the wire.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include "dev/virtio.h"
#include <stdlib.h>

enum { BASE = 0x10001000, SLOT_SIZE = 0x1000, MAGIC = 0x74726976, VENDOR = 0x554d4551 };

/* Registers; L: legacy only, M: modern only. */
enum {
  MAGIC_VALUE = 0x00,
  VERSION = 0x04,
  DEVICE_ID = 0x08,
  VENDOR_ID = 0x0c,
  DEVICE_FEATURES = 0x10,
  DEVICE_FEATURES_SEL = 0x14,
  DRIVER_FEATURES = 0x20,
  DRIVER_FEATURES_SEL = 0x24,
  GUEST_PAGE_SIZE = 0x28, /* L */
  QUEUE_SEL = 0x30,
  QUEUE_NUM_MAX = 0x34,
  QUEUE_NUM = 0x38,
  QUEUE_ALIGN = 0x3c, /* L */
  QUEUE_PFN = 0x40,   /* L */
  QUEUE_READY = 0x44, /* M */
  QUEUE_NOTIFY = 0x50,
  INTERRUPT_STATUS = 0x60,
  INTERRUPT_ACK = 0x64,
  STATUS = 0x70,
  QUEUE_DESC = 0x80, /* M: low, high */
  QUEUE_DRIVER = 0x90,
  QUEUE_DEVICE = 0xa0,
  SHM_SEL = 0xac, /* M: shared memory regions, of which there are none */
  SHM_LENGTH = 0xb0,
  SHM_BASE = 0xb8,
  CONFIG_GENERATION = 0xfc,
  CONFIG = 0x100,
};

typedef struct {
  rv_dev dev;
  rv_virtio *virtio; /* NULL: empty */
  unsigned slot;
  bool legacy;
  uint32_t device_sel, driver_sel, queue_sel, page_size;
} virtio_mmio;

static bool dma(void *transport, uint64_t pa, void *buf, size_t n, bool write)
{
  const rv_board_ops *board = ((virtio_mmio *)transport)->dev.board;
  return board->memory(board->ctx, pa, buf, n, write);
}

static void interrupt(void *transport, bool level)
{
  const virtio_mmio *m = transport;
  m->dev.board->irq(m->dev.board->ctx, RV_SOURCE_VIRTIO + m->slot, level);
}

/* ---- reading ---- */

static uint32_t read_identity(const virtio_mmio *m, uint64_t offset)
{
  switch (offset) {
  case MAGIC_VALUE:
    return MAGIC;
  case VERSION:
    return m->legacy ? 1 : 2;
  case DEVICE_ID:
    return m->virtio ? m->virtio->device_id : 0; /* 0: ignore this slot [4.2.2] */
  default:
    return VENDOR;
  }
}

/* The legacy interface has one word of features [4.2.4]. */
static uint32_t read_features(const virtio_mmio *m)
{
  return m->legacy && m->device_sel ? 0 : rv_virtio_offered(m->virtio, m->device_sel);
}

static uint32_t read_queue(const virtio_mmio *m, uint64_t offset)
{
  const rv_virtq *q = rv_virtio_queue(m->virtio, m->queue_sel);
  if (!q)
    return 0;
  if (offset == QUEUE_NUM_MAX)
    return RV_VIRTIO_QUEUE_MAX;
  if (offset == QUEUE_PFN)
    return m->legacy ? q->pfn : 0;
  return m->legacy ? 0 : q->ready;
}

static uint32_t read_register(const virtio_mmio *m, uint64_t offset)
{
  switch (offset) {
  case DEVICE_FEATURES:
    return read_features(m);
  case QUEUE_NUM_MAX:
  case QUEUE_PFN:
  case QUEUE_READY:
    return read_queue(m, offset);
  case INTERRUPT_STATUS:
    return m->virtio->isr;
  case STATUS:
    return m->virtio->status;
  case SHM_LENGTH:
  case SHM_LENGTH + 4:
  case SHM_BASE:
  case SHM_BASE + 4:
    return m->legacy ? 0 : 0xffffffff; /* no such region [4.2.2] */
  default:
    return 0;
  }
}

/* Registers are 32 bits wide, the configuration space is what the device type says [4.2.2.2]. Like
 * QEMU's, other sizes read as zero rather than fault. */
static bool mmio_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  const virtio_mmio *m = (virtio_mmio *)dev;
  *value = 0;
  if (offset >= CONFIG)
    *value = m->virtio ? rv_virtio_config(m->virtio, offset - CONFIG, size) : 0;
  else if (size != 4 || offset % 4)
    return true;
  else if (offset <= VENDOR_ID)
    *value = read_identity(m, offset);
  else if (m->virtio)
    *value = read_register(m, offset);
  return true;
}

/* ---- writing ---- */

static void set_low(uint64_t *word, uint32_t low) { *word = (*word & ~0xffffffffull) | low; }
static void set_half(uint64_t *word, bool high, uint32_t half)
{
  if (high)
    *word = (*word & 0xffffffff) | (uint64_t)half << 32;
  else
    set_low(word, half);
}

static void write_legacy_queue(virtio_mmio *m, rv_virtq *q, uint64_t offset, uint32_t value)
{
  if (offset == QUEUE_ALIGN)
    q->align = value;
  else if (offset == QUEUE_PFN)
    rv_virtq_set_pfn(q, value, m->page_size);
}

static void write_modern_queue(rv_virtq *q, uint64_t offset, uint32_t value)
{
  const bool high = offset & 4;
  switch (offset & ~4ull) {
  case QUEUE_READY & ~4:
    if (high)
      q->ready = value & 1;
    break;
  case QUEUE_DESC:
    set_half(&q->desc, high, value);
    break;
  case QUEUE_DRIVER:
    set_half(&q->avail, high, value);
    break;
  case QUEUE_DEVICE:
    set_half(&q->used, high, value);
    break;
  }
}

static void write_queue(virtio_mmio *m, uint64_t offset, uint32_t value)
{
  rv_virtq *q = rv_virtio_queue(m->virtio, m->queue_sel);
  if (!q)
    return;
  if (offset == QUEUE_NUM)
    rv_virtq_set_size(q, value);
  else if (m->legacy)
    write_legacy_queue(m, q, offset, value);
  else
    write_modern_queue(q, offset, value);
}

static void write_register(virtio_mmio *m, uint64_t offset, uint32_t value)
{
  switch (offset) {
  case DEVICE_FEATURES_SEL:
    m->device_sel = value;
    break;
  case DRIVER_FEATURES:
    if (!m->legacy || !m->driver_sel)
      rv_virtio_accept(m->virtio, m->driver_sel, value);
    break;
  case DRIVER_FEATURES_SEL:
    m->driver_sel = value;
    break;
  case GUEST_PAGE_SIZE:
    m->page_size = value;
    break;
  case QUEUE_SEL:
    m->queue_sel = value;
    break;
  case QUEUE_NOTIFY:
    rv_virtio_notify(m->virtio, value);
    break;
  case INTERRUPT_ACK:
    rv_virtio_ack(m->virtio, (uint8_t)value);
    break;
  case STATUS:
    rv_virtio_set_status(m->virtio, (uint8_t)value);
    break;
  default:
    write_queue(m, offset, value);
  }
}

/* No field of the configuration space can be written with the features we offer. */
static bool mmio_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  virtio_mmio *m = (virtio_mmio *)dev;
  if (m->virtio && offset < CONFIG && size == 4 && offset % 4 == 0)
    write_register(m, offset, (uint32_t)value);
  return true;
}

/* ---- the slot ---- */

static void mmio_reset(rv_dev *dev)
{
  virtio_mmio *m = (virtio_mmio *)dev;
  m->device_sel = m->driver_sel = m->queue_sel = m->page_size = 0;
  if (m->virtio)
    rv_virtio_reset(m->virtio);
}

static void mmio_state(rv_dev *dev, rv_state *s)
{
  virtio_mmio *m = (virtio_mmio *)dev;
  rv_state_field(s, &m->device_sel);
  rv_state_field(s, &m->driver_sel);
  rv_state_field(s, &m->queue_sel);
  rv_state_field(s, &m->page_size);
  rv_virtio_state(m->virtio, s);
}

static int mmio_fdt(rv_dev *dev, void *fdt, int soc)
{
  rv_node node = rv_node_device(fdt, soc, "virtio_mmio", dev);
  rv_node_string(&node, "compatible", "virtio,mmio");
  rv_node_source(&node, dev, RV_SOURCE_VIRTIO + ((virtio_mmio *)dev)->slot);
  return node.err;
}

static void mmio_free(rv_dev *dev)
{
  virtio_mmio *m = (virtio_mmio *)dev;
  if (m->virtio)
    m->virtio->free(m->virtio);
  free(m);
}

rv_dev *rv_virtio_mmio_new(const rv_board_ops *board, unsigned slot, bool legacy, rv_virtio *v)
{
  virtio_mmio *m = calloc(1, sizeof *m);
  if (!m)
    return NULL;
  m->virtio = v;
  m->slot = slot;
  m->legacy = legacy;
  m->dev = (rv_dev){ .name = "virtio_mmio",
                     .base = BASE + (uint64_t)slot * SLOT_SIZE,
                     .size = SLOT_SIZE,
                     .empty = !v,
                     .board = board,
                     .read = mmio_read,
                     .write = mmio_write,
                     .reset = mmio_reset,
                     .state = v ? mmio_state : NULL, /* an empty slot keeps nothing */
                     .state_version = 2,
                     .fdt = mmio_fdt,
                     .free = mmio_free };
  if (v) {
    v->transport = m;
    v->dma = dma;
    v->interrupt = interrupt;
    for (unsigned i = 0; i < RV_VIRTIO_QUEUES; i++)
      v->queue[i].size = RV_VIRTIO_QUEUE_MAX;
  }
  return &m->dev;
}
