/* virtio_net.c - the virtio network device: frames between the guest's rings and a backend.
 * VIRTIO 1.2, section 5.1.
 *
 * One pair of queues, no control queue, no offloads and no merged buffers: so a header says
 * nothing, and a frame goes into one chain. What to do with a frame that finds no buffer is the
 * backend's business. Depends on virtio.c.
 */
#include "dev/virtio.h"
#include <stdlib.h>
#include <string.h>

enum { DEVICE_ID = 1, RX = 0, TX = 1, LINK_UP = 1 };

/* Feature bits [5.1.3]. */
enum { F_MAC = 1 << 5, F_STATUS = 1 << 16 };

/* The configuration space [5.1.4]. */
typedef struct {
  uint8_t mac[6];
  uint16_t status, max_virtqueue_pairs;
} net_config;

/* The header of every frame [5.1.6]; the legacy one ends before num_buffers [5.1.6.1]. */
typedef struct {
  uint8_t flags, gso_type;
  uint16_t hdr_len, gso_size, csum_start, csum_offset;
  uint16_t num_buffers;
} net_header;

typedef struct {
  rv_virtio virtio;
  rv_net_backend backend;
} virtio_net;

static size_t header_size(const rv_virtio *v)
{
  return v->accepted & VIRTIO_F_VERSION_1 ? sizeof(net_header) : offsetof(net_header, num_buffers);
}

/* A frame that is too long is gone, as on a wire; a header that is cut is the driver's mistake. */
static bool serve(rv_virtio *v, unsigned queue, const rv_chain *c, uint32_t *written)
{
  const virtio_net *d = (virtio_net *)v;
  const size_t header = header_size(v);
  uint8_t frame[RV_NET_FRAME];
  if (queue != TX || c->readable < header)
    return false;
  const uint64_t n = c->readable - header;
  if (n > sizeof frame)
    return true;
  if (!rv_chain_read(v, c, header, frame, n))
    return false;
  if (d->backend.send)
    d->backend.send(d->backend.ctx, frame, n);
  return true;
}

/* A buffer that is too small stays for a smaller frame, and this one is gone, as on QEMU. Without
 * merged buffers num_buffers is 1 [5.1.6.4]. */
bool rv_virtio_net_deliver(rv_virtio *v, const uint8_t *frame, size_t n)
{
  static const net_header header = { .num_buffers = 1 };
  const size_t before = header_size(v);
  rv_chain c;
  if (!rv_virtio_peek(v, RX, &c))
    return false;
  if (c.writable >= before && c.writable < before + n)
    return true;
  const bool ok = c.writable >= before && rv_chain_write(v, &c, 0, &header, before) &&
                  rv_chain_write(v, &c, before, frame, n);
  rv_virtio_finish(v, RX, &c, ok, (uint32_t)(before + n));
  return true;
}

static void net_free(rv_virtio *v) { free(v); }

rv_virtio *rv_virtio_net_new(rv_net_backend backend, const uint8_t mac[6])
{
  virtio_net *d = calloc(1, sizeof *d);
  if (!d)
    return NULL;
  net_config config = { .status = LINK_UP, .max_virtqueue_pairs = 1 };
  memcpy(config.mac, mac, sizeof config.mac);
  memcpy(d->virtio.config, &config, sizeof config);
  d->backend = backend;
  d->virtio.device_id = DEVICE_ID;
  d->virtio.n_queues = 2;
  d->virtio.waits = 1 << RX;
  d->virtio.features = VIRTIO_F_VERSION_1 | VIRTIO_F_ANY_LAYOUT | F_MAC | F_STATUS;
  d->virtio.serve = serve;
  d->virtio.free = net_free;
  return &d->virtio;
}
