/* mock_board.h - a board for testing one device alone: it records what the device asks of it.
 *
 * A test program declares `static mock_board board;`, calls mock_init, and gives &board.ops to the
 * device's constructor. mock_read and mock_write fail the test if the access is refused.
 */
#ifndef RVH_TESTS_MOCK_BOARD_H
#define RVH_TESTS_MOCK_BOARD_H
#include "dev/devices.h"
#include "unit.h"
#include <string.h>

enum { MOCK_HARTS = 2, MOCK_RAM = 0x8000 };
#define MOCK_RAM_BASE 0x80000000ull

typedef struct {
  rv_board_ops ops;
  uint64_t time, ns;
  uint64_t ip[MOCK_HARTS]; /* the lines of mip, by number */
  uint64_t wires;          /* to the PLIC, by source */
  unsigned msis;           /* how many have arrived at interrupt files, and the last one: */
  unsigned msi_hart, msi_file, msi_id;
  unsigned timer_changes, power_calls;
  bool reset;
  int code;
  char out[512];
  size_t n_out;
  const char *in; /* what console_read still gives */
  uint8_t ram[MOCK_RAM];
} mock_board;

static uint64_t mock_time(void *ctx) { return ((mock_board *)ctx)->time; }
static void mock_set_time(void *ctx, uint64_t ticks) { ((mock_board *)ctx)->time = ticks; }
static void mock_timer_changed(void *ctx) { ((mock_board *)ctx)->timer_changes++; }
static uint64_t mock_host_ns(void *ctx) { return ((mock_board *)ctx)->ns; }

static void mock_level(uint64_t *lines, unsigned line, bool on)
{
  *lines = (*lines & ~(1ull << line)) | (uint64_t)on << line;
}

static void mock_set_ip(void *ctx, unsigned hart, unsigned irq, bool on)
{
  ck_assert_uint_lt(hart, MOCK_HARTS);
  mock_level(&((mock_board *)ctx)->ip[hart], irq, on);
}

static void mock_irq(void *ctx, unsigned source, bool on)
{
  mock_level(&((mock_board *)ctx)->wires, source, on);
}

static void mock_msi(void *ctx, unsigned hart, unsigned file, unsigned id)
{
  mock_board *b = ctx;
  ck_assert_uint_lt(hart, MOCK_HARTS);
  b->msis++;
  b->msi_hart = hart;
  b->msi_file = file;
  b->msi_id = id;
}

static void mock_power(void *ctx, bool reset, int code)
{
  mock_board *b = ctx;
  b->power_calls++;
  b->reset = reset;
  b->code = code;
}

static void mock_console_write(void *ctx, const uint8_t *bytes, size_t n)
{
  mock_board *b = ctx;
  ck_assert_uint_lt(b->n_out + n, sizeof b->out);
  memcpy(b->out + b->n_out, bytes, n);
  b->n_out += n;
}

static int mock_console_read(void *ctx)
{
  mock_board *b = ctx;
  return b->in && *b->in ? (uint8_t)*b->in++ : -1;
}

static bool mock_memory(void *ctx, uint64_t pa, void *buf, size_t n, bool write)
{
  mock_board *b = ctx;
  uint64_t at = pa - MOCK_RAM_BASE;
  if (at > MOCK_RAM || n > MOCK_RAM - at)
    return false;
  if (write)
    memcpy(b->ram + at, buf, n);
  else
    memcpy(buf, b->ram + at, n);
  return true;
}

static inline void mock_init(mock_board *b)
{
  memset(b, 0, sizeof *b);
  b->ops = (rv_board_ops){ .ctx = b,
                           .n_harts = MOCK_HARTS,
                           .time = mock_time,
                           .set_time = mock_set_time,
                           .set_ip = mock_set_ip,
                           .timer_changed = mock_timer_changed,
                           .irq = mock_irq,
                           .power = mock_power,
                           .console_write = mock_console_write,
                           .console_read = mock_console_read,
                           .host_ns = mock_host_ns,
                           .memory = mock_memory,
                           .msi = mock_msi };
}

static inline uint64_t mock_read(rv_dev *dev, uint64_t offset, unsigned size)
{
  uint64_t value = 0xdeadbeefdeadbeef;
  ck_assert_msg(dev->read(dev, offset, size, &value), "%s: read of +%#llx refused", dev->name,
                (unsigned long long)offset);
  return value;
}

static inline void mock_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  ck_assert_msg(dev->write(dev, offset, size, value), "%s: write of +%#llx refused", dev->name,
                (unsigned long long)offset);
}

static inline void mock_refused(rv_dev *dev, uint64_t offset, unsigned size)
{
  uint64_t value;
  ck_assert_msg(!dev->read(dev, offset, size, &value), "%s: read of +%#llx size %u accepted",
                dev->name, (unsigned long long)offset, size);
  ck_assert_msg(!dev->write(dev, offset, size, 0), "%s: write of +%#llx size %u accepted",
                dev->name, (unsigned long long)offset, size);
}

/* Every offset and size, also past harts and registers: a device may refuse, but not crash (run
 * with sanitizers). Only for devices whose range is small, or by the given step. */
static inline void mock_storm(rv_dev *dev, uint64_t step)
{
  static const unsigned sizes[] = { 1, 2, 4, 8 };
  for (uint64_t offset = 0; offset < dev->size; offset += step) {
    for (unsigned i = 0; i < 4 && offset + sizes[i] <= dev->size; i++) {
      uint64_t value;
      (void)dev->write(dev, offset, sizes[i], 0xa5a5a5a5ffffffff);
      (void)dev->read(dev, offset, sizes[i], &value);
    }
  }
}
#endif
