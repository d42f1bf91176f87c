/* virtio.c - features, status and split virtqueues, whatever the transport and the device type.
 * VIRTIO 1.2, chapter 2.
 */
#include "dev/virtio.h"
#include <string.h>

/* ---- status and interrupts ---- */

static void raise_isr(rv_virtio *v, uint8_t bits)
{
  v->isr |= bits;
  v->interrupt(v->transport, v->isr != 0);
}

static bool sends(rv_virtio *v, unsigned what)
{
  return v->message && v->message(v->transport, what);
}

/* With messages the ISR does not tell of queues [4.1.4.5.1]. */
static void tell_used(rv_virtio *v, unsigned queue)
{
  if (!sends(v, queue))
    raise_isr(v, VIRTIO_ISR_QUEUE);
}

/* It tells of changes in any case [4.1.4.5.1]; the transport keeps its pin silent. */
static void tell_changed(rv_virtio *v)
{
  raise_isr(v, VIRTIO_ISR_CONFIG);
  (void)sends(v, RV_VIRTIO_CHANGE);
}

void rv_virtio_ack(rv_virtio *v, uint8_t bits)
{
  v->isr &= ~bits;
  v->interrupt(v->transport, v->isr != 0);
}

/* The driver is told, if it has got so far, by a configuration change notification [2.1.2]. */
static bool needs_reset(rv_virtio *v)
{
  v->status |= VIRTIO_NEEDS_RESET;
  if (v->status & VIRTIO_DRIVER_OK)
    tell_changed(v);
  return false;
}

void rv_virtio_reset(rv_virtio *v)
{
  v->status = 0;
  v->accepted = 0;
  memset(v->queue, 0, sizeof v->queue);
  for (unsigned i = 0; i < RV_VIRTIO_QUEUES; i++)
    v->queue[i].size = RV_VIRTIO_QUEUE_MAX;
  rv_virtio_ack(v, 0xff);
}

void rv_virtio_set_status(rv_virtio *v, uint8_t status)
{
  if (status == 0) {
    rv_virtio_reset(v);
    return;
  }
  if (v->accepted & ~v->features)
    status &= ~VIRTIO_FEATURES_OK;
  const uint8_t before = v->status; /* only a reset takes NEEDS_RESET away */
  v->status = (status & ~VIRTIO_NEEDS_RESET) | (before & VIRTIO_NEEDS_RESET);
  if (before & VIRTIO_DRIVER_OK)
    return;
  for (unsigned i = 0; i < v->n_queues; i++)
    if (v->queue[i].notified)
      rv_virtio_notify(v, i);
}

static void queue_state(rv_virtq *q, rv_state *s)
{
  rv_state_field(s, &q->size);
  rv_state_field(s, &q->ready);
  rv_state_field(s, &q->notified);
  rv_state_field(s, &q->desc);
  rv_state_field(s, &q->avail);
  rv_state_field(s, &q->used);
  rv_state_field(s, &q->seen);
  rv_state_field(s, &q->pfn);
  rv_state_field(s, &q->align);
  rv_state_check(s, q->size && q->size <= RV_VIRTIO_QUEUE_MAX && !(q->size & (q->size - 1)));
}

void rv_virtio_state(rv_virtio *v, rv_state *s)
{
  rv_state_field(s, &v->status);
  rv_state_field(s, &v->isr);
  rv_state_field(s, &v->accepted);
  for (unsigned i = 0; i < v->n_queues; i++)
    queue_state(&v->queue[i], s);
  if (v->state)
    v->state(v, s);
}

/* ---- features ---- */

uint32_t rv_virtio_offered(const rv_virtio *v, uint32_t word)
{
  return word < 2 ? v->features >> 32 * word : 0;
}

/* Once FEATURES_OK is set the agreement stands [3.1.1, step 5]. */
void rv_virtio_accept(rv_virtio *v, uint32_t word, uint32_t bits)
{
  if (word > 1 || (v->status & VIRTIO_FEATURES_OK))
    return;
  v->accepted &= ~(0xffffffffull << 32 * word);
  v->accepted |= (uint64_t)bits << 32 * word;
}

uint64_t rv_virtio_config(const rv_virtio *v, uint64_t offset, unsigned size)
{
  uint64_t value = 0;
  if (offset <= RV_VIRTIO_CONFIG - size)
    memcpy(&value, v->config + offset, size);
  return value;
}

/* ---- queues ---- */

rv_virtq *rv_virtio_queue(rv_virtio *v, uint32_t index)
{
  return index < v->n_queues ? &v->queue[index] : NULL;
}

void rv_virtq_set_size(rv_virtq *q, uint32_t size)
{
  if (size && size <= RV_VIRTIO_QUEUE_MAX && !(size & (size - 1)))
    q->size = (uint16_t)size;
}

enum { DESC_SIZE = 16, USED_SIZE = 8, RING = 4 /* flags, idx */ };

void rv_virtq_set_pfn(rv_virtq *q, uint32_t pfn, uint32_t page_size)
{
  const uint64_t align = q->align && !(q->align & (q->align - 1)) ? q->align : 4096;
  q->pfn = pfn;
  q->ready = pfn != 0;
  q->seen = 0;
  q->desc = (uint64_t)pfn * page_size;
  q->avail = q->desc + (uint64_t)DESC_SIZE * q->size;
  q->used = (q->avail + RING + 2ull * q->size + 2 + align - 1) & ~(align - 1);
}

static bool get(rv_virtio *v, uint64_t pa, void *buf, size_t n)
{
  return v->dma(v->transport, pa, buf, n, false);
}

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

typedef struct {
  uint64_t addr;
  uint32_t len;
  uint16_t flags, next;
} descriptor;

/* Indirect tables were not offered; an empty buffer has no meaning; readable parts come before
 * writable ones [2.7.4.2]. */
static bool add_span(rv_chain *c, const descriptor *d)
{
  const bool write = d->flags & DESC_WRITE;
  if (d->flags & DESC_INDIRECT || !d->len || (!write && c->n > c->n_readable))
    return false;
  c->span[c->n++] = (rv_span){ d->addr, d->len };
  if (write)
    c->writable += d->len;
  else
    c->readable += d->len;
  c->n_readable += !write;
  return true;
}

/* No chain is longer than its queue: so loops end [2.7.5.1]. */
static bool read_chain(rv_virtio *v, const rv_virtq *q, uint16_t head, rv_chain *c)
{
  c->head = head;
  c->n = c->n_readable = 0;
  c->readable = c->writable = 0;
  for (uint16_t i = head; c->n < q->size;) {
    descriptor d;
    if (i >= q->size || !get(v, q->desc + (uint64_t)DESC_SIZE * i, &d, sizeof d) ||
        !add_span(c, &d))
      return false;
    if (!(d.flags & DESC_NEXT))
      return true;
    i = d.next;
  }
  return false;
}

static bool put_used(rv_virtio *v, const rv_virtq *q, uint16_t at, uint32_t head, uint32_t written)
{
  const uint32_t element[2] = { head, written };
  const uint16_t idx = at + 1;
  const uint64_t slot = q->used + RING + (uint64_t)USED_SIZE * (at & (q->size - 1));
  return v->dma(v->transport, slot, (void *)element, sizeof element, true) &&
         v->dma(v->transport, q->used + 2, (void *)&idx, sizeof idx, true);
}

static bool read_head(rv_virtio *v, const rv_virtq *q, uint16_t *head)
{
  return get(v, q->avail + RING + 2ull * (q->seen & (q->size - 1)), head, sizeof *head);
}

static bool serve_next(rv_virtio *v, unsigned index)
{
  rv_virtq *q = &v->queue[index];
  uint16_t head;
  uint32_t written = 0;
  rv_chain chain;
  if (!read_head(v, q, &head) || !read_chain(v, q, head, &chain) ||
      !v->serve(v, index, &chain, &written) || !put_used(v, q, q->seen, head, written))
    return false;
  q->seen++;
  return true;
}

/* How many chains are available, and the flags of the ring. False: more than fit into it. */
static bool read_available(rv_virtio *v, const rv_virtq *q, uint16_t *n, uint16_t *flags)
{
  uint16_t ring[2]; /* flags, idx */
  if (!get(v, q->avail, ring, sizeof ring))
    return false;
  *flags = ring[0];
  *n = ring[1] - q->seen;
  return *n <= q->size;
}

enum { NO_INTERRUPT = 1 };

/* The available index is read once: a used ring that lies on top of it could move it for ever. */
static bool serve_all(rv_virtio *v, unsigned index)
{
  uint16_t n, flags;
  if (!read_available(v, &v->queue[index], &n, &flags))
    return false;
  for (uint16_t i = 0; i < n; i++)
    if (!serve_next(v, index))
      return false;
  if (n && !(flags & NO_INTERRUPT))
    tell_used(v, index);
  return true;
}

/* Nothing is consumed before DRIVER_OK [2.1.2]: the notification waits for it. */
void rv_virtio_notify(rv_virtio *v, uint32_t index)
{
  rv_virtq *q = rv_virtio_queue(v, index);
  if (!q || !q->ready || v->waits >> index & 1 || (v->status & VIRTIO_NEEDS_RESET))
    return;
  q->notified = !(v->status & VIRTIO_DRIVER_OK);
  if (!q->notified && !serve_all(v, index))
    needs_reset(v);
}

bool rv_virtio_live(const rv_virtio *v)
{
  return (v->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

bool rv_virtio_peek(rv_virtio *v, unsigned index, rv_chain *c)
{
  const rv_virtq *q = &v->queue[index];
  uint16_t n, flags, head;
  if (!q->ready || !rv_virtio_live(v))
    return false;
  if (!read_available(v, q, &n, &flags))
    return needs_reset(v);
  if (!n)
    return false;
  return (read_head(v, q, &head) && read_chain(v, q, head, c)) || needs_reset(v);
}

void rv_virtio_finish(rv_virtio *v, unsigned index, const rv_chain *c, bool ok, uint32_t written)
{
  rv_virtq *q = &v->queue[index];
  uint16_t flags;
  if (!ok || !put_used(v, q, q->seen, c->head, written) ||
      !get(v, q->avail, &flags, sizeof flags)) {
    needs_reset(v);
    return;
  }
  q->seen++;
  if (!(flags & NO_INTERRUPT))
    tell_used(v, index);
}

/* ---- the bytes of a chain ---- */

static bool move(rv_virtio *v, const rv_span *span, unsigned n_spans, uint64_t offset, uint8_t *buf,
                 size_t n, bool write)
{
  for (unsigned i = 0; i < n_spans && n; i++) {
    if (offset >= span[i].len) {
      offset -= span[i].len;
      continue;
    }
    const size_t part = n < span[i].len - offset ? n : span[i].len - offset;
    if (!v->dma(v->transport, span[i].pa + offset, buf, part, write))
      return false;
    buf += part;
    n -= part;
    offset = 0;
  }
  return n == 0;
}

bool rv_chain_read(rv_virtio *v, const rv_chain *c, uint64_t offset, void *buf, size_t n)
{
  return move(v, c->span, c->n_readable, offset, buf, n, false);
}

bool rv_chain_write(rv_virtio *v, const rv_chain *c, uint64_t offset, const void *buf, size_t n)
{
  return move(v, c->span + c->n_readable, c->n - c->n_readable, offset, (void *)buf, n, true);
}
