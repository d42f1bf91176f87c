/* virtio_fixture.h - a disk of 16 patterned sectors behind a virtio-blk device, and its driver.
 *
 * The driver keeps one queue of 8 in mock RAM. It talks to the device by rv_virtio's calls; tests
 * of transports set the queue up through their registers and then use the same rings.
 */
#ifndef RVH_TESTS_VIRTIO_FIXTURE_H
#define RVH_TESTS_VIRTIO_FIXTURE_H
#include "dev/virtio.h"
#include "mock_board.h"
#include <stdio.h>
#include <unistd.h>

enum { QSIZE = 8, SECTORS = 16, SECTOR = 512 };
enum { DESC = 0, AVAIL = 0x100, USED = 0x200, HEADER = 0x300, STATUS = 0x400, DATA = 0x1000 };
enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };
enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8 };

static mock_board board;
static char disk_path[64];
static bool irq_level;

static inline uint64_t pa(uint64_t at) { return MOCK_RAM_BASE + at; }
static inline uint8_t pattern(uint64_t at) { return (uint8_t)(at / SECTOR * 16 + at % 13); }

static inline void make_disk(size_t size)
{
  strcpy(disk_path, "/tmp/rvh-disk-XXXXXX");
  const int fd = mkstemp(disk_path);
  ck_assert_int_ge(fd, 0);
  for (uint64_t i = 0; i < size; i++) {
    const uint8_t byte = pattern(i);
    ck_assert_int_eq(write(fd, &byte, 1), 1);
  }
  close(fd);
}

static inline rv_drive *open_disk(bool readonly)
{
  char error[200];
  rv_drive *d = rv_drive_open(disk_path, readonly, error, sizeof error);
  ck_assert_msg(d, "%s", error);
  return d;
}

/* What is in the host's file now. */
static inline uint8_t disk_byte(uint64_t at)
{
  uint8_t byte = 0;
  FILE *f = fopen(disk_path, "r");
  ck_assert(f && !fseek(f, (long)at, SEEK_SET) && fread(&byte, 1, 1, f) == 1);
  fclose(f);
  return byte;
}

/* ---- a transport that is nothing but its duties ---- */

static bool fixture_dma(void *transport, uint64_t at, void *buf, size_t n, bool write)
{
  return board.ops.memory(&board, at, buf, n, write);
}
static void fixture_interrupt(void *transport, bool level) { irq_level = level; }

static inline rv_virtio *bare_blk(bool readonly)
{
  rv_virtio *v = rv_virtio_blk_new(open_disk(readonly), "serial-7");
  v->dma = fixture_dma;
  v->interrupt = fixture_interrupt;
  rv_virtio_reset(v);
  return v;
}

/* ---- the driver ---- */

static inline void put16(uint64_t at, uint16_t value) { memcpy(board.ram + at, &value, 2); }
static inline uint16_t get16(uint64_t at)
{
  uint16_t value;
  memcpy(&value, board.ram + at, 2);
  return value;
}

static inline void set_desc(unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
  uint8_t *d = board.ram + DESC + 16 * i;
  memcpy(d, &addr, 8);
  memcpy(d + 8, &len, 4);
  memcpy(d + 12, &flags, 2);
  memcpy(d + 14, &next, 2);
}

static inline void make_available(uint16_t head)
{
  const uint16_t idx = get16(AVAIL + 2);
  put16(AVAIL + 4 + 2 * (idx % QSIZE), head);
  put16(AVAIL + 2, idx + 1);
}

static inline void set_header(uint32_t type, uint64_t sector)
{
  memcpy(board.ram + HEADER, &type, 4);
  memcpy(board.ram + HEADER + 8, &sector, 8);
  board.ram[STATUS] = 0xee;
}

/* Header, data, status in three descriptors from 0: available, but not notified. */
static inline void request(uint32_t type, uint64_t sector, uint32_t n)
{
  const bool to_device = type == OUT;
  set_header(type, sector);
  set_desc(0, pa(HEADER), 16, D_NEXT, n ? 1 : 2);
  set_desc(1, pa(DATA), n, D_NEXT | (to_device ? 0 : D_WRITE), 2);
  set_desc(2, pa(STATUS), 1, D_WRITE, 0);
  make_available(0);
}

static inline void drive_up(rv_virtio *v)
{
  rv_virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
  rv_virtio_accept(v, 0, rv_virtio_offered(v, 0));
  rv_virtio_accept(v, 1, rv_virtio_offered(v, 1));
  rv_virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
  ck_assert(v->status & VIRTIO_FEATURES_OK);
  rv_virtq *q = rv_virtio_queue(v, 0);
  rv_virtq_set_size(q, QSIZE);
  q->desc = pa(DESC);
  q->avail = pa(AVAIL);
  q->used = pa(USED);
  q->ready = true;
  rv_virtio_set_status(v, v->status | VIRTIO_DRIVER_OK);
}

static inline uint32_t used_len(uint16_t i)
{
  uint32_t len;
  memcpy(&len, board.ram + USED + 4 + 8 * (i % QSIZE) + 4, 4);
  return len;
}
#endif
