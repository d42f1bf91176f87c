/* virtio_pci.c - virtio over PCI: the structures of VIRTIO 1.2, section 4.1, in BAR 4, and for
 * transitional devices the legacy registers of 4.1.4.8 in the I/O space of BAR 0.
 *
 * Interrupts are INTx, or MSI-X with a vector for each queue and one for changes, in BAR 1. Depends
 * on virtio.c, on msix.c, and on the host for DMA and wires.
 */
#include "dev/pci.h"
#include "dev/virtio.h"
#include <stdlib.h>
#include <string.h>

/* BAR 4, laid out as QEMU's. */
enum { BAR = 4, BAR_SIZE = 0x4000, PART = 0x1000, NOTIFY_MULTIPLIER = 4, LEGACY_SIZE = 0x80 };
enum { MSIX_BAR = 1 };
enum { AT_COMMON, AT_ISR, AT_DEVICE, AT_NOTIFY }; /* by offset / PART */

/* virtio_pci_cap.cfg_type [4.1.4] and where the capabilities are. */
enum { CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_ISR = 3, CFG_DEVICE = 4, CFG_PCI = 5 };
enum {
  CAP_PCI = 0x84,
  CAP_PCI_BAR = CAP_PCI + 4,
  CAP_PCI_OFFSET = CAP_PCI + 8,
  CAP_PCI_LENGTH = CAP_PCI + 12,
  CAP_PCI_DATA = CAP_PCI + 16,
  CAP_MSIX = CAP_PCI + 20
};

/* The common configuration structure [4.1.4.3]. */
enum {
  DEVICE_FEATURE_SELECT = 0x00,
  DEVICE_FEATURE = 0x04,
  DRIVER_FEATURE_SELECT = 0x08,
  DRIVER_FEATURE = 0x0c,
  MSIX_CONFIG = 0x10,
  NUM_QUEUES = 0x12,
  DEVICE_STATUS = 0x14,
  QUEUE_SELECT = 0x16,
  QUEUE_SIZE = 0x18,
  QUEUE_MSIX = 0x1a,
  QUEUE_ENABLE = 0x1c,
  QUEUE_NOTIFY_OFF = 0x1e,
  QUEUE_DESC = 0x20, /* low, high; the next two as well */
  QUEUE_DRIVER = 0x28,
  QUEUE_DEVICE = 0x30,
};

/* The legacy registers [4.1.4.8]. */
enum {
  L_DEVICE_FEATURES = 0,
  L_DRIVER_FEATURES = 4,
  L_QUEUE_ADDRESS = 8,
  L_QUEUE_SIZE = 12,
  L_QUEUE_SELECT = 14,
  L_QUEUE_NOTIFY = 16,
  L_STATUS = 18,
  L_ISR = 19,
  L_CONFIG = 20, /* with MSI-X enabled 24, behind the two vectors */
  L_MSIX_CONFIG = 20,
  L_MSIX_QUEUE = 22,
};

enum { NO_VECTOR = 0xffff, LEGACY_PAGE = 4096 };

typedef struct {
  rv_pci pci;
  rv_virtio *virtio;
  uint32_t device_sel, driver_sel;
  uint16_t queue_sel;
  uint16_t vector[RV_VIRTIO_QUEUES + 1]; /* of queues, and at RV_VIRTIO_CHANGE */
} virtio_pci;

static bool dma(void *transport, uint64_t pa, void *buf, size_t n, bool write)
{
  return rv_pci_dma(transport, pa, buf, n, write);
}

static void interrupt(void *transport, bool level) { rv_pci_interrupt(transport, level); }

/* ---- vectors [4.1.5.1.2] ---- */

static bool message(void *transport, unsigned what)
{
  virtio_pci *p = transport;
  if (!rv_msix_enabled(&p->pci))
    return false;
  if (p->vector[what] != NO_VECTOR)
    rv_msix_send(&p->pci, p->vector[what]);
  return true;
}

/* Where the vector of the selected queue is kept, or NULL: there is no such queue. */
static uint16_t *queue_vector(virtio_pci *p)
{
  return rv_virtio_queue(p->virtio, p->queue_sel) ? &p->vector[p->queue_sel] : NULL;
}

/* A vector that is not in the table cannot be had: so the driver reads [4.1.5.1.2.1]. */
static void set_vector(const virtio_pci *p, uint16_t *vector, uint32_t value)
{
  if (vector)
    *vector = value < p->pci.msix.n ? (uint16_t)value : NO_VECTOR;
}

static void forget_vectors(virtio_pci *p)
{
  for (unsigned i = 0; i <= RV_VIRTIO_CHANGE; i++)
    p->vector[i] = NO_VECTOR;
  rv_msix_forget(&p->pci);
}

static void set_status(virtio_pci *p, uint8_t status)
{
  rv_virtio_set_status(p->virtio, status);
  if (!status)
    forget_vectors(p);
}

/* Reading the ISR acknowledges all of it [4.1.4.5]. */
static uint8_t take_isr(rv_virtio *v)
{
  const uint8_t isr = v->isr;
  rv_virtio_ack(v, 0xff);
  return isr;
}

/* ---- the common structure ---- */

static uint32_t half(uint64_t word, bool high) { return (uint32_t)(high ? word >> 32 : word); }
static void set_half(uint64_t *word, bool high, uint32_t value)
{
  *word = high ? (*word & 0xffffffff) | (uint64_t)value << 32 : (*word & ~0xffffffffull) | value;
}

static uint64_t *queue_address(rv_virtq *q, uint64_t at)
{
  switch (at & ~7ull) {
  case QUEUE_DESC:
    return &q->desc;
  case QUEUE_DRIVER:
    return &q->avail;
  case QUEUE_DEVICE:
    return &q->used;
  default:
    return NULL;
  }
}

static uint32_t read_queue(virtio_pci *p, uint64_t at)
{
  rv_virtq *q = rv_virtio_queue(p->virtio, p->queue_sel);
  if (!q)
    return at == QUEUE_MSIX ? NO_VECTOR : 0; /* size 0: no such queue */
  const uint64_t *address = queue_address(q, at);
  if (address)
    return half(*address, at & 4);
  switch (at) {
  case QUEUE_SIZE:
    return q->size;
  case QUEUE_MSIX:
    return p->vector[p->queue_sel];
  case QUEUE_ENABLE:
    return q->ready;
  case QUEUE_NOTIFY_OFF:
    return p->queue_sel;
  default:
    return 0;
  }
}

static uint32_t read_common(virtio_pci *p, uint64_t at)
{
  switch (at) {
  case DEVICE_FEATURE_SELECT:
    return p->device_sel;
  case DEVICE_FEATURE:
    return rv_virtio_offered(p->virtio, p->device_sel);
  case DRIVER_FEATURE_SELECT:
    return p->driver_sel;
  case DRIVER_FEATURE:
    return p->driver_sel < 2 ? half(p->virtio->accepted, p->driver_sel) : 0;
  case MSIX_CONFIG:
    return p->vector[RV_VIRTIO_CHANGE];
  case NUM_QUEUES:
    return p->virtio->n_queues;
  case DEVICE_STATUS:
    return p->virtio->status;
  case QUEUE_SELECT:
    return p->queue_sel;
  default:
    return read_queue(p, at);
  }
}

static void write_queue(virtio_pci *p, uint64_t at, uint32_t value)
{
  rv_virtq *q = rv_virtio_queue(p->virtio, p->queue_sel);
  uint64_t *address = q ? queue_address(q, at) : NULL;
  if (address)
    set_half(address, at & 4, value);
  else if (q && at == QUEUE_SIZE)
    rv_virtq_set_size(q, value);
  else if (at == QUEUE_MSIX)
    set_vector(p, queue_vector(p), value);
  else if (q && at == QUEUE_ENABLE && value == 1) /* never 0 [4.1.4.3.2] */
    q->ready = true;
}

static void write_common(virtio_pci *p, uint64_t at, uint32_t value)
{
  switch (at) {
  case DEVICE_FEATURE_SELECT:
    p->device_sel = value;
    break;
  case DRIVER_FEATURE_SELECT:
    p->driver_sel = value;
    break;
  case DRIVER_FEATURE:
    rv_virtio_accept(p->virtio, p->driver_sel, value);
    break;
  case MSIX_CONFIG:
    set_vector(p, &p->vector[RV_VIRTIO_CHANGE], value);
    break;
  case DEVICE_STATUS:
    set_status(p, (uint8_t)value);
    break;
  case QUEUE_SELECT:
    p->queue_sel = (uint16_t)value;
    break;
  default:
    write_queue(p, at, value);
  }
}

/* ---- the legacy registers ---- */

/* The vectors are only there while MSI-X is enabled [4.1.4.8]. */
static unsigned legacy_config(const virtio_pci *p)
{
  return rv_msix_enabled(&p->pci) ? L_CONFIG + 4 : L_CONFIG;
}

static uint32_t read_legacy(virtio_pci *p, uint64_t at)
{
  const rv_virtq *q = rv_virtio_queue(p->virtio, p->queue_sel);
  switch (at) {
  case L_DEVICE_FEATURES:
    return rv_virtio_offered(p->virtio, 0);
  case L_DRIVER_FEATURES:
    return (uint32_t)p->virtio->accepted;
  case L_QUEUE_ADDRESS:
    return q ? q->pfn : 0;
  case L_QUEUE_SIZE:
    return q ? q->size : 0;
  case L_QUEUE_SELECT:
    return p->queue_sel;
  case L_STATUS:
    return p->virtio->status;
  case L_ISR:
    return take_isr(p->virtio);
  case L_MSIX_CONFIG:
    return p->vector[RV_VIRTIO_CHANGE];
  case L_MSIX_QUEUE:
    return q ? p->vector[p->queue_sel] : NO_VECTOR;
  default:
    return 0;
  }
}

static void write_legacy(virtio_pci *p, uint64_t at, uint32_t value)
{
  rv_virtq *q = rv_virtio_queue(p->virtio, p->queue_sel);
  if (at >= legacy_config(p))
    return; /* no device here has configuration that is written */
  switch (at) {
  case L_DRIVER_FEATURES:
    rv_virtio_accept(p->virtio, 0, value);
    break;
  case L_QUEUE_ADDRESS:
    if (q)
      rv_virtq_set_pfn(q, value, LEGACY_PAGE);
    break;
  case L_QUEUE_SELECT:
    p->queue_sel = (uint16_t)value;
    break;
  case L_QUEUE_NOTIFY:
    rv_virtio_notify(p->virtio, value & 0xffff);
    break;
  case L_STATUS:
    set_status(p, (uint8_t)value);
    break;
  case L_MSIX_CONFIG:
    set_vector(p, &p->vector[RV_VIRTIO_CHANGE], value);
    break;
  case L_MSIX_QUEUE:
    set_vector(p, queue_vector(p), value);
    break;
  }
}

/* ---- the BARs ---- */

static uint64_t read_part(virtio_pci *p, unsigned bar, uint64_t offset, unsigned size)
{
  const uint64_t at = offset % PART;
  if (bar != BAR)
    return offset >= legacy_config(p) ? rv_virtio_config(p->virtio, offset - legacy_config(p), size)
                                      : read_legacy(p, offset);
  switch (offset / PART) {
  case AT_COMMON:
    return read_common(p, at);
  case AT_ISR:
    return at ? 0 : take_isr(p->virtio);
  case AT_DEVICE:
    return rv_virtio_config(p->virtio, at, size);
  default:
    return 0;
  }
}

static void write_part(virtio_pci *p, unsigned bar, uint64_t offset, uint32_t value)
{
  if (bar != BAR)
    write_legacy(p, offset, value);
  else if (offset / PART == AT_COMMON)
    write_common(p, offset % PART, value);
  else if (offset / PART == AT_NOTIFY)
    rv_virtio_notify(p->virtio, offset % PART / NOTIFY_MULTIPLIER);
}

/* The widest register has 32 bits; the halves of an address may be accessed together. */
static uint64_t bar_read(rv_pci *f, unsigned bar, uint64_t offset, unsigned size)
{
  virtio_pci *p = (virtio_pci *)f;
  if (size < 8)
    return read_part(p, bar, offset, size);
  const uint64_t low = (uint32_t)read_part(p, bar, offset, 4);
  return low | read_part(p, bar, offset + 4, 4) << 32;
}

static void bar_write(rv_pci *f, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
  write_part((virtio_pci *)f, bar, offset, (uint32_t)value);
  if (size == 8)
    write_part((virtio_pci *)f, bar, offset + 4, value >> 32);
}

/* ---- the window into a BAR from configuration space [4.1.4.9] ---- */

static uint32_t config32(const rv_pci *f, unsigned at)
{
  uint32_t value;
  memcpy(&value, f->config + at, sizeof value);
  return value;
}

/* False: the window points nowhere, or the access does not touch its data. */
static bool window(const rv_pci *f, unsigned at, unsigned size, uint32_t *offset, uint32_t *length)
{
  *offset = config32(f, CAP_PCI_OFFSET);
  *length = config32(f, CAP_PCI_LENGTH);
  return at < CAP_PCI_DATA + 4 && at + size > CAP_PCI_DATA && f->config[CAP_PCI_BAR] == BAR &&
         (*length == 1 || *length == 2 || *length == 4) && *offset % *length == 0 &&
         *offset < BAR_SIZE;
}

static void config_before_read(rv_pci *f, unsigned at, unsigned size)
{
  uint32_t offset, length;
  if (!window(f, at, size, &offset, &length))
    return;
  const uint32_t value = (uint32_t)bar_read(f, BAR, offset, length);
  memcpy(f->config + CAP_PCI_DATA, &value, length);
}

static void config_written(rv_pci *f, unsigned at, unsigned size)
{
  uint32_t offset, length;
  if (window(f, at, size, &offset, &length))
    bar_write(f, BAR, offset, length, config32(f, CAP_PCI_DATA) & (~0u >> (32 - 8 * length)));
}

/* ---- making it ---- */

static void add_capability(rv_pci *f, uint8_t at, uint8_t type, unsigned part, uint32_t size,
                           uint32_t multiplier)
{
  struct {
    uint8_t id, next, len, type, bar, pad[3];
    uint32_t offset, length, multiplier;
  } cap = { .len = multiplier ? 20 : 16,
            .type = type,
            .bar = BAR,
            .offset = part * PART,
            .length = size,
            .multiplier = multiplier };
  rv_pci_add_capability(f, at, 9 /* vendor specific */, &cap, cap.len);
}

static void add_capabilities(rv_pci *f)
{
  add_capability(f, 0x40, CFG_COMMON, AT_COMMON, PART, 0);
  add_capability(f, 0x50, CFG_ISR, AT_ISR, PART, 0);
  add_capability(f, 0x60, CFG_DEVICE, AT_DEVICE, PART, 0);
  add_capability(f, 0x70, CFG_NOTIFY, AT_NOTIFY, PART, NOTIFY_MULTIPLIER);
  const uint8_t access[20] = { [2] = sizeof access, [3] = CFG_PCI };
  rv_pci_add_capability(f, CAP_PCI, 9, access, sizeof access);
  f->writable[CAP_PCI_BAR] = 0xff;
  memset(f->writable + CAP_PCI_OFFSET, 0xff, 12);
}

static void pci_reset(rv_pci *f)
{
  virtio_pci *p = (virtio_pci *)f;
  p->device_sel = p->driver_sel = p->queue_sel = 0;
  forget_vectors(p);
  rv_virtio_reset(p->virtio);
}

static void pci_state(rv_pci *f, rv_state *s)
{
  virtio_pci *p = (virtio_pci *)f;
  rv_state_field(s, &p->device_sel);
  rv_state_field(s, &p->driver_sel);
  rv_state_field(s, &p->queue_sel);
  for (unsigned i = 0; i <= RV_VIRTIO_CHANGE; i++) {
    rv_state_field(s, &p->vector[i]);
    rv_state_check(s, p->vector[i] < f->msix.n || p->vector[i] == NO_VECTOR);
  }
  rv_virtio_state(p->virtio, s);
}

static void pci_free(rv_pci *f)
{
  virtio_pci *p = (virtio_pci *)f;
  p->virtio->free(p->virtio);
  free(p);
}

/* What a device type is on this bus: its transitional ID [4.1.2.1], and the class QEMU gives it. */
typedef struct {
  uint16_t transitional, class_code;
} identity;

static identity identity_of(unsigned device_id)
{
  switch (device_id) {
  case 1:
    return (identity){ 0x1000, 0x0200 }; /* Ethernet */
  case 3:
    return (identity){ 0x1003, 0x0780 }; /* communication, other */
  case 4:
    return (identity){ 0x1005, 0x00ff }; /* others */
  default:
    return (identity){ 0x1001, 0x0100 }; /* SCSI storage */
  }
}

/* IDs [4.1.2]: transitional devices have their own, and say what they are by the subsystem. */
rv_pci *rv_virtio_pci_new(rv_virtio *v, bool legacy)
{
  enum { REDHAT = 0x1af4, ANY = 0x1100, MODERN = 0x1040 };
  const identity id = identity_of(v->device_id);
  virtio_pci *p = calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->virtio = v;
  rv_pci_init(&p->pci, &(rv_pci_id){ .vendor = REDHAT,
                                     .device = legacy ? id.transitional : MODERN + v->device_id,
                                     .subvendor = REDHAT,
                                     .subdevice = legacy ? v->device_id : ANY,
                                     .class_code = id.class_code,
                                     .revision = legacy ? 0 : 1,
                                     .pin = 1 });
  if (legacy)
    rv_pci_add_bar(&p->pci, 0, RV_BAR_IO, LEGACY_SIZE);
  rv_pci_add_bar(&p->pci, BAR, RV_BAR_MEM64 | RV_BAR_PREFETCH, BAR_SIZE);
  add_capabilities(&p->pci);
  rv_msix_add(&p->pci, CAP_MSIX, MSIX_BAR, v->n_queues + 1);
  forget_vectors(p);
  p->pci.bar_read = bar_read;
  p->pci.bar_write = bar_write;
  p->pci.config_before_read = config_before_read;
  p->pci.config_written = config_written;
  p->pci.reset = pci_reset;
  p->pci.state = pci_state;
  p->pci.free = pci_free;
  v->transport = p;
  v->dma = dma;
  v->interrupt = interrupt;
  v->message = message;
  for (unsigned i = 0; i < RV_VIRTIO_QUEUES; i++)
    v->queue[i].size = RV_VIRTIO_QUEUE_MAX;
  return &p->pci;
}
