/* virtio_blk.c - the virtio block device on a drive. VIRTIO 1.2, section 5.2.
 *
 * Requests are done when the driver notifies, in order; a write is in the host's file before its
 * status byte is in guest memory. Depends on drive.c for the bytes, virtio.c for the queues.
 */
#include "dev/virtio.h"
#include <stdlib.h>
#include <string.h>

enum { DEVICE_ID = 2, SECTOR = 512, ID_BYTES = 20, CHUNK = 64 << 10, HEADER = 16 };

/* Feature bits [5.2.3]. */
enum {
  F_SEG_MAX = 1 << 2,
  F_RO = 1 << 5,
  F_BLK_SIZE = 1 << 6,
  F_FLUSH = 1 << 9,
  F_TOPOLOGY = 1 << 10
};

/* Request types and status [5.2.6]. */
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

/* The configuration space [5.2.4]: what of it the features above make valid. */
typedef struct {
  uint64_t capacity; /* sectors of 512 bytes */
  uint32_t size_max, seg_max;
  uint32_t geometry;
  uint32_t blk_size;
  uint8_t physical_block_exp, alignment_offset;
  uint16_t min_io_size;
  uint32_t opt_io_size;
} blk_config;

typedef struct {
  rv_virtio virtio;
  rv_drive *drive;
  char id[ID_BYTES];
  uint8_t chunk[CHUNK];
} virtio_blk;

typedef struct {
  uint32_t type, reserved;
  uint64_t sector;
} request;

static uint64_t sectors(const rv_drive *d) { return (rv_drive_size(d) + SECTOR - 1) / SECTOR; }

/* Whole sectors, all of them on the disk. */
static bool on_disk(const virtio_blk *b, uint64_t sector, uint64_t n)
{
  const uint64_t all = sectors(b->drive);
  return n % SECTOR == 0 && sector <= all && n / SECTOR <= all - sector;
}

/* Reads and writes go a chunk at a time. False: the guest's memory does not exist; what the host
 * refuses goes to *status. */
static bool read_disk(virtio_blk *b, const rv_chain *c, uint64_t at, uint64_t n, uint8_t *status)
{
  for (uint64_t done = 0; done < n; done += CHUNK) {
    const size_t part = n - done < CHUNK ? n - done : CHUNK;
    if (!rv_drive_read(b->drive, at + done, b->chunk, part)) {
      *status = S_IOERR;
      return true;
    }
    if (!rv_chain_write(&b->virtio, c, done, b->chunk, part))
      return false;
  }
  return true;
}

static bool write_disk(virtio_blk *b, const rv_chain *c, uint64_t at, uint64_t n, uint8_t *status)
{
  for (uint64_t done = 0; done < n; done += CHUNK) {
    const size_t part = n - done < CHUNK ? n - done : CHUNK;
    if (!rv_chain_read(&b->virtio, c, HEADER + done, b->chunk, part))
      return false;
    if (!rv_drive_write(b->drive, at + done, b->chunk, part)) {
      *status = S_IOERR;
      return true;
    }
  }
  return true;
}

/* Up to 20 bytes, padded with zeroes [5.2.6.1]; how much was written goes to *n. */
static bool give_id(virtio_blk *b, const rv_chain *c, uint64_t *n)
{
  *n = *n < ID_BYTES ? *n : ID_BYTES;
  return rv_chain_write(&b->virtio, c, 0, b->id, *n);
}

/* *n: bytes of data in the writable part, in and out. */
static bool perform(virtio_blk *b, const rv_chain *c, const request *r, uint64_t *n,
                    uint8_t *status)
{
  const uint64_t room = *n, out = c->readable - HEADER;
  *n = r->type == T_IN ? room : 0;
  switch (r->type) {
  case T_IN:
    if (on_disk(b, r->sector, room))
      return read_disk(b, c, r->sector * SECTOR, room, status);
    break;
  case T_OUT:
    if (on_disk(b, r->sector, out))
      return write_disk(b, c, r->sector * SECTOR, out, status);
    break;
  case T_FLUSH:
    *status = rv_drive_flush(b->drive) ? S_OK : S_IOERR;
    return true;
  case T_GET_ID:
    *n = room;
    return give_id(b, c, n);
  default:
    *status = S_UNSUPP;
    return true;
  }
  *status = S_IOERR;
  return true;
}

/* The header is the first 16 readable bytes, the status the last writable one, however the driver
 * cut the rest into descriptors [2.7.4]. */
static bool serve(rv_virtio *v, unsigned queue, const rv_chain *c, uint32_t *written)
{
  virtio_blk *b = (virtio_blk *)v;
  request r;
  uint8_t status = S_OK;
  if (c->writable < 1 || !rv_chain_read(v, c, 0, &r, sizeof r))
    return false;
  const uint64_t status_at = c->writable - 1;
  uint64_t n = status_at;
  if (!perform(b, c, &r, &n, &status) || !rv_chain_write(v, c, status_at, &status, 1))
    return false;
  *written = (uint32_t)(status == S_OK ? n : 0) + 1;
  return true;
}

static void blk_free(rv_virtio *v)
{
  rv_drive_close(((virtio_blk *)v)->drive);
  free(v);
}

rv_virtio *rv_virtio_blk_new(rv_drive *drive, const char *serial)
{
  virtio_blk *b = calloc(1, sizeof *b);
  if (!b)
    return NULL;
  b->drive = drive;
  if (serial)
    memcpy(b->id, serial, strnlen(serial, ID_BYTES));
  const blk_config config = { .capacity = sectors(drive),
                              .seg_max = RV_VIRTIO_QUEUE_MAX - 2, /* beside header and status */
                              .blk_size = SECTOR,
                              .min_io_size = 1 };
  memcpy(b->virtio.config, &config, sizeof config);
  b->virtio.device_id = DEVICE_ID;
  b->virtio.n_queues = 1;
  b->virtio.features = VIRTIO_F_VERSION_1 | VIRTIO_F_ANY_LAYOUT | F_SEG_MAX | F_BLK_SIZE | F_FLUSH |
                       F_TOPOLOGY | (rv_drive_readonly(drive) ? F_RO : 0);
  b->virtio.serve = serve;
  b->virtio.free = blk_free;
  return &b->virtio;
}
