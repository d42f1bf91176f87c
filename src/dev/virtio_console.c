/* virtio_console.c - the virtio console device with its one port. VIRTIO 1.2, section 5.3.
 *
 * No size, no further ports, no emergency write. Depends on virtio.c.
 */
#include "dev/virtio.h"
#include <stdlib.h>

enum { DEVICE_ID = 3, RECEIVE = 0, TRANSMIT = 1, CHUNK = 256 };

typedef struct {
  rv_virtio virtio;
  rv_console_backend backend;
} virtio_console;

static bool serve(rv_virtio *v, unsigned queue, const rv_chain *c, uint32_t *written)
{
  const virtio_console *d = (virtio_console *)v;
  uint8_t bytes[CHUNK];
  if (c->writable) /* [5.3.6.1] */
    return false;
  for (uint64_t done = 0; done < c->readable; done += CHUNK) {
    const size_t n = c->readable - done < CHUNK ? c->readable - done : CHUNK;
    if (!rv_chain_read(v, c, done, bytes, n))
      return false;
    if (d->backend.write)
      d->backend.write(d->backend.ctx, bytes, n);
  }
  return true;
}

static size_t read_input(const virtio_console *d, uint8_t *bytes, size_t room)
{
  size_t n = 0;
  for (int byte; n < room && (byte = d->backend.read(d->backend.ctx)) >= 0; n++)
    bytes[n] = (uint8_t)byte;
  return n;
}

/* A buffer is used as soon as there is some input: who types does not fill it. */
void rv_virtio_console_poll(rv_virtio *v)
{
  const virtio_console *d = (virtio_console *)v;
  uint8_t bytes[CHUNK];
  rv_chain c;
  while (d->backend.read && rv_virtio_peek(v, RECEIVE, &c)) {
    if (!c.writable || c.readable) { /* [5.3.6.1] */
      rv_virtio_finish(v, RECEIVE, &c, false, 0);
      return;
    }
    const size_t n = read_input(d, bytes, c.writable < CHUNK ? c.writable : CHUNK);
    if (!n)
      return;
    rv_virtio_finish(v, RECEIVE, &c, rv_chain_write(v, &c, 0, bytes, n), (uint32_t)n);
  }
}

static void console_free(rv_virtio *v) { free(v); }

rv_virtio *rv_virtio_console_new(rv_console_backend backend)
{
  virtio_console *d = calloc(1, sizeof *d);
  if (!d)
    return NULL;
  d->backend = backend;
  d->virtio.device_id = DEVICE_ID;
  d->virtio.n_queues = 2;
  d->virtio.waits = 1 << RECEIVE;
  d->virtio.features = VIRTIO_F_VERSION_1 | VIRTIO_F_ANY_LAYOUT;
  d->virtio.serve = serve;
  d->virtio.free = console_free;
  return &d->virtio;
}
