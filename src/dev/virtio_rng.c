/* virtio_rng.c - the virtio entropy device, whose bytes follow from a seed: a run that draws random
 * numbers can be repeated. VIRTIO 1.2, section 5.4.
 *
 * Nothing that must be secret may be made of them. Depends on virtio.c.
 */
#include "dev/virtio.h"
#include <stdlib.h>

enum { DEVICE_ID = 4, CHUNK = 256, MOST = 64 << 10 /* bytes for one request */ };

typedef struct {
  rv_virtio virtio;
  uint64_t state;
} virtio_rng;

/* The splitmix64 sequence, as /chosen/rng-seed (fdt.c). */
static uint64_t next(virtio_rng *r)
{
  uint64_t z = r->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* As many bytes as fit, but not for ever: the driver asks again [5.4.6]. */
static bool serve(rv_virtio *v, unsigned queue, const rv_chain *c, uint32_t *written)
{
  const uint64_t n = c->writable < MOST ? c->writable : MOST;
  for (uint64_t done = 0; done < n; done += CHUNK) {
    uint64_t words[CHUNK / 8];
    for (unsigned i = 0; i < CHUNK / 8; i++)
      words[i] = next((virtio_rng *)v);
    if (!rv_chain_write(v, c, done, words, n - done < CHUNK ? n - done : CHUNK))
      return false;
  }
  *written = (uint32_t)n;
  return n != 0; /* no buffer with only readable parts [5.4.6.1] */
}

/* The bytes go on where they were. */
static void rng_state(rv_virtio *v, rv_state *s) { rv_state_field(s, &((virtio_rng *)v)->state); }

static void rng_free(rv_virtio *v) { free(v); }

rv_virtio *rv_virtio_rng_new(uint64_t seed)
{
  virtio_rng *r = calloc(1, sizeof *r);
  if (!r)
    return NULL;
  r->state = seed;
  r->virtio.device_id = DEVICE_ID;
  r->virtio.n_queues = 1;
  r->virtio.features = VIRTIO_F_VERSION_1 | VIRTIO_F_ANY_LAYOUT;
  r->virtio.serve = serve;
  r->virtio.state = rng_state;
  r->virtio.free = rng_free;
  return &r->virtio;
}
