/* virtio_queues.h - a driver with several queues of 8 in mock RAM, for devices whose chains wait.
 *
 * Queue n has its rings at n * 0x400 and its buffers where a test puts them, from 0x1000.
 */
#ifndef RVH_TESTS_VIRTIO_QUEUES_H
#define RVH_TESTS_VIRTIO_QUEUES_H
#include "dev/virtio.h"
#include "mock_board.h"

enum { QSIZE = 8, QUEUE = 0x400, AVAIL = 0x100, USED = 0x200, DATA = 0x1000 };
enum { D_NEXT = 1, D_WRITE = 2 };

static mock_board board;
static bool irq_level;

static inline uint64_t pa(uint64_t at) { return MOCK_RAM_BASE + at; }
static bool queues_dma(void *transport, uint64_t at, void *buf, size_t n, bool write)
{
  return board.ops.memory(&board, at, buf, n, write);
}
static void queues_interrupt(void *transport, bool level) { irq_level = level; }

static inline void put16(uint64_t at, uint16_t value) { memcpy(board.ram + at, &value, 2); }
static inline uint16_t get16(uint64_t at)
{
  uint16_t value;
  memcpy(&value, board.ram + at, 2);
  return value;
}
static inline uint32_t get32(uint64_t at)
{
  uint32_t value;
  memcpy(&value, board.ram + at, 4);
  return value;
}

static inline void set_desc(unsigned queue, unsigned i, uint64_t addr, uint32_t len, uint16_t flags,
                            uint16_t next)
{
  uint8_t *d = board.ram + queue * QUEUE + 16 * i;
  memcpy(d, &addr, 8);
  memcpy(d + 8, &len, 4);
  memcpy(d + 12, &flags, 2);
  memcpy(d + 14, &next, 2);
}

static inline void make_available(unsigned queue, uint16_t head)
{
  const uint64_t avail = queue * QUEUE + AVAIL;
  const uint16_t idx = get16(avail + 2);
  put16(avail + 4 + 2 * (idx % QSIZE), head);
  put16(avail + 2, idx + 1);
}

static inline uint16_t used_idx(unsigned queue) { return get16(queue * QUEUE + USED + 2); }
static inline uint32_t used_len(unsigned queue, uint16_t i)
{
  return get32(queue * QUEUE + USED + 4 + 8 * (i % QSIZE) + 4);
}

static inline void attach(rv_virtio *v)
{
  v->dma = queues_dma;
  v->interrupt = queues_interrupt;
  rv_virtio_reset(v);
}

/* With VERSION_1, or as a legacy driver, which knows one word of features. */
static inline void drive_up(rv_virtio *v, bool modern)
{
  rv_virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
  rv_virtio_accept(v, 0, rv_virtio_offered(v, 0));
  if (modern)
    rv_virtio_accept(v, 1, rv_virtio_offered(v, 1));
  rv_virtio_set_status(v, v->status | VIRTIO_FEATURES_OK);
  for (unsigned n = 0; n < v->n_queues; n++) {
    rv_virtq *q = rv_virtio_queue(v, n);
    rv_virtq_set_size(q, QSIZE);
    q->desc = pa(n * QUEUE);
    q->avail = pa(n * QUEUE + AVAIL);
    q->used = pa(n * QUEUE + USED);
    q->ready = true;
  }
  rv_virtio_set_status(v, v->status | VIRTIO_DRIVER_OK);
}
#endif
