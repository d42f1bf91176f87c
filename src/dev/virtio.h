/* virtio.h - virtio devices without their transport: features, status, split virtqueues.
 *
 * VIRTIO 1.2, chapter 2; cited as [VIRTIO section]. A device type (virtio_blk.c) embeds rv_virtio
 * and serves chains; a transport (virtio_mmio.c, virtio_pci.c) turns registers into the calls
 * below and gives access to guest memory. Everything in guest memory is hostile: what breaks the
 * rules sets DEVICE_NEEDS_RESET, and the device does nothing more until it is reset [2.1.2].
 */
#ifndef RV_VIRTIO_H
#define RV_VIRTIO_H
#include "dev/dev.h"
#include "dev/drive.h"

enum {
  RV_VIRTIO_QUEUE_MAX = 256, /* descriptors; also the longest chain */
  RV_VIRTIO_QUEUES = 4,
  RV_VIRTIO_CHANGE = RV_VIRTIO_QUEUES,
  RV_VIRTIO_CONFIG = 64, /* bytes of device configuration space */
};

/* Device status [2.1]. */
enum {
  VIRTIO_ACKNOWLEDGE = 1,
  VIRTIO_DRIVER = 2,
  VIRTIO_DRIVER_OK = 4,
  VIRTIO_FEATURES_OK = 8,
  VIRTIO_NEEDS_RESET = 64,
  VIRTIO_FAILED = 128,
};

/* Interrupt status [4.1.4.5, 4.2.2]. */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

/* Feature bits that belong to no device type [6]. */
#define VIRTIO_F_ANY_LAYOUT (1ull << 27)
#define VIRTIO_F_VERSION_1 (1ull << 32)

typedef struct {
  uint16_t size;              /* a power of two */
  bool ready, notified;       /* notified: before DRIVER_OK */
  uint64_t desc, avail, used; /* guest physical */
  uint16_t seen;              /* the next entry of the available ring */
  uint32_t pfn, align;        /* of the legacy interface, as written */
} rv_virtq;

typedef struct {
  uint64_t pa;
  uint32_t len;
} rv_span;

/* One request: the device-readable parts, then the device-writable ones [2.7.4.2]. */
typedef struct {
  uint16_t head;
  unsigned n_readable, n;
  uint64_t readable, writable; /* bytes */
  rv_span span[RV_VIRTIO_QUEUE_MAX];
} rv_chain;

typedef struct rv_virtio rv_virtio;
struct rv_virtio {
  /* Set by the device type. */
  uint16_t device_id;
  unsigned n_queues;
  uint64_t features; /* offered; with VERSION_1 */
  uint8_t config[RV_VIRTIO_CONFIG];
  /* Serves a chain; *written: bytes of its device-writable part that were written. False: the
   * chain is malformed, or its memory does not exist. */
  bool (*serve)(rv_virtio *v, unsigned queue, const rv_chain *chain, uint32_t *written);
  unsigned waits; /* bit n: chains of queue n wait until the device has something for them */
  /* Saves or loads what the device type keeps beside its queues, as rv_dev's; may be NULL. */
  void (*state)(rv_virtio *v, rv_state *s);
  void (*free)(rv_virtio *v);

  /* Set by the transport. */
  void *transport;
  bool (*dma)(void *transport, uint64_t pa, void *buf, size_t n, bool write);
  void (*interrupt)(void *transport, bool level);
  /* Sends the message for what happened to a queue, or to the configuration (RV_VIRTIO_CHANGE).
   * False: messages are not in use. May be NULL. */
  bool (*message)(void *transport, unsigned what);

  uint8_t status, isr;
  uint64_t accepted; /* features the driver wrote */
  rv_virtq queue[RV_VIRTIO_QUEUES];
};

void rv_virtio_reset(rv_virtio *v);
/* A write to the status register; 0 resets. FEATURES_OK stays off if the driver accepted what was
 * not offered [2.2.2]. */
void rv_virtio_set_status(rv_virtio *v, uint8_t status);
/* Feature words of 32 bits; word 2 and up do not exist. */
uint32_t rv_virtio_offered(const rv_virtio *v, uint32_t word);
void rv_virtio_accept(rv_virtio *v, uint32_t word, uint32_t bits);
/* Interrupt status: acknowledges the given bits. */
void rv_virtio_ack(rv_virtio *v, uint8_t bits);

/* For the state of a transport: what the driver has set up, and what the device type keeps. */
void rv_virtio_state(rv_virtio *v, rv_state *s);

rv_virtq *rv_virtio_queue(rv_virtio *v, uint32_t index); /* NULL: there is no such queue */
/* A size that is no power of two up to the maximum is not taken. */
void rv_virtq_set_size(rv_virtq *q, uint32_t size);
/* The legacy layout: one block of memory at pfn * page_size [2.7.2]; pfn 0 turns it off. */
void rv_virtq_set_pfn(rv_virtq *q, uint32_t pfn, uint32_t page_size);
/* Serves what the driver made available, unless it waits. */
void rv_virtio_notify(rv_virtio *v, uint32_t index);

/* Device configuration space; bytes outside it read as zero. */
uint64_t rv_virtio_config(const rv_virtio *v, uint64_t offset, unsigned size);

/* For device types: bytes [offset, offset + n) of a chain's readable, or writable, parts. False:
 * outside of the chain, or not in memory. */
bool rv_chain_read(rv_virtio *v, const rv_chain *c, uint64_t offset, void *buf, size_t n);
bool rv_chain_write(rv_virtio *v, const rv_chain *c, uint64_t offset, const void *buf, size_t n);

/* The next chain of a queue that waits. False: none is there, now or (it breaks the rules) before a
 * reset. rv_virtio_finish gives it back; not ok: it is of no use, and DEVICE_NEEDS_RESET is set. */
bool rv_virtio_peek(rv_virtio *v, unsigned queue, rv_chain *c);
void rv_virtio_finish(rv_virtio *v, unsigned queue, const rv_chain *c, bool ok, uint32_t written);
/* The driver has said that it drives, and nothing was broken since. */
bool rv_virtio_live(const rv_virtio *v);

/* Device types. The drive is freed with the device. NULL: out of memory. */
rv_virtio *rv_virtio_blk_new(rv_drive *drive, const char *serial);

/* virtio_net.c: frames are Ethernet's, without checksum. send gets what the guest sends, during its
 * notification; it must not call back. */
enum { RV_NET_FRAME = 1518 }; /* longer ones are dropped */
typedef struct {
  void *ctx;
  void (*send)(void *ctx, const uint8_t *frame, size_t n);
} rv_net_backend;
rv_virtio *rv_virtio_net_new(rv_net_backend backend, const uint8_t mac[6]);
/* False: the guest has no buffer for it now: keep it, or drop it. */
bool rv_virtio_net_deliver(rv_virtio *v, const uint8_t *frame, size_t n);

/* virtio_rng.c: the same bytes for the same seed. */
rv_virtio *rv_virtio_rng_new(uint64_t seed);

/* virtio_console.c: one port. read: the next byte of input, or -1. */
typedef struct {
  void *ctx;
  void (*write)(void *ctx, const uint8_t *bytes, size_t n);
  int (*read)(void *ctx);
} rv_console_backend;
rv_virtio *rv_virtio_console_new(rv_console_backend backend);
/* Looks for input, as far as the guest has buffers for it. */
void rv_virtio_console_poll(rv_virtio *v);

/* virtio_mmio.c: slot 0..7. v NULL: an empty slot; otherwise freed with the device. */
enum { RV_VIRTIO_SLOTS = 8 };
rv_dev *rv_virtio_mmio_new(const rv_board_ops *board, unsigned slot, bool legacy, rv_virtio *v);
#endif
