/* rtc.c - the goldfish real-time clock of the virt board: nanoseconds and one alarm.
 *
 * Registers as in the Android emulator's "Goldfish Virtual Hardware" document
 * (Goldfish timer) and Linux's rtc-goldfish.c. Depends on the board for the time and for its wire
 * to the PLIC.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include <stdlib.h>

enum { BASE = 0x101000, SIZE = 0x1000 };

enum {
  TIME_LOW = 0x00,   /* R: low half, latches the high one; W: sets it */
  TIME_HIGH = 0x04,  /* R: the half latched by TIME_LOW; W: sets it */
  ALARM_LOW = 0x08,  /* W: low half, and sets the alarm */
  ALARM_HIGH = 0x0c, /* W: high half, to be written first */
  IRQ_ENABLED = 0x10,
  CLEAR_ALARM = 0x14,
  ALARM_STATUS = 0x18, /* R: 1 while an alarm is set */
  CLEAR_INTERRUPT = 0x1c
};

typedef struct {
  rv_dev dev;
  uint64_t offset; /* guest time - host_ns, modulo 2^64: what the guest has set the clock to */
  uint32_t latched_high;
  uint64_t alarm;
  bool armed, pending, enabled;
} rv_rtc;

static uint64_t now(const rv_rtc *r)
{
  return r->dev.board->host_ns(r->dev.board->ctx) + r->offset;
}

static void drive_irq(const rv_rtc *r)
{
  r->dev.board->irq(r->dev.board->ctx, RV_SOURCE_RTC, r->pending && r->enabled);
}

/* The alarm goes off once; one set for the past goes off at once. */
static void check_alarm(rv_rtc *r)
{
  if (!r->armed || now(r) < r->alarm)
    return;
  r->armed = false;
  r->pending = true;
}

static void rtc_poll(rv_dev *dev)
{
  rv_rtc *r = (rv_rtc *)dev;
  if (!r->armed)
    return;
  check_alarm(r);
  if (r->pending)
    drive_irq(r);
}

uint64_t rv_rtc_next(const rv_dev *dev)
{
  const rv_rtc *r = (const rv_rtc *)dev;
  return r->armed ? r->alarm - r->offset : UINT64_MAX;
}

static uint32_t read_time_low(rv_rtc *r)
{
  uint64_t time = now(r);
  r->latched_high = time >> 32;
  return (uint32_t)time;
}

static uint32_t read_register(rv_rtc *r, uint64_t offset)
{
  switch (offset) {
  case TIME_LOW:
    return read_time_low(r);
  case TIME_HIGH:
    return r->latched_high;
  case ALARM_LOW:
    return (uint32_t)r->alarm;
  case ALARM_HIGH:
    return r->alarm >> 32;
  case IRQ_ENABLED:
    return r->enabled;
  case ALARM_STATUS:
    return r->armed;
  default:
    return 0;
  }
}

static uint64_t with_low(uint64_t word, uint32_t low) { return (word & ~0xffffffffull) | low; }
static uint64_t with_high(uint64_t word, uint32_t high)
{
  return (word & 0xffffffff) | (uint64_t)high << 32;
}

static void set_time(rv_rtc *r, uint64_t time) { r->offset += time - now(r); }

static void write_register(rv_rtc *r, uint64_t offset, uint32_t value)
{
  switch (offset) {
  case TIME_LOW:
    set_time(r, with_low(now(r), value));
    break;
  case TIME_HIGH:
    set_time(r, with_high(now(r), value));
    break;
  case ALARM_LOW:
    r->alarm = with_low(r->alarm, value);
    r->armed = true;
    break;
  case ALARM_HIGH:
    r->alarm = with_high(r->alarm, value);
    break;
  case IRQ_ENABLED:
    r->enabled = value & 1;
    break;
  case CLEAR_ALARM:
    r->armed = false;
    break;
  case CLEAR_INTERRUPT:
    r->pending = false;
    break;
  }
}

/* All registers are 32 bits wide; what is not listed reads as zero. */
static bool rtc_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  if (size != 4 || offset % 4)
    return false;
  *value = read_register((rv_rtc *)dev, offset);
  return true;
}

static bool rtc_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  rv_rtc *r = (rv_rtc *)dev;
  if (size != 4 || offset % 4)
    return false;
  write_register(r, offset, value);
  check_alarm(r);
  drive_irq(r);
  return true;
}

/* The clock itself has a battery: the time the guest has set survives. */
static void rtc_reset(rv_dev *dev)
{
  rv_rtc *r = (rv_rtc *)dev;
  *r = (rv_rtc){ .dev = r->dev, .offset = r->offset };
  drive_irq(r);
}

static void rtc_state(rv_dev *dev, rv_state *s)
{
  rv_rtc *r = (rv_rtc *)dev;
  rv_state_field(s, &r->offset);
  rv_state_field(s, &r->latched_high);
  rv_state_field(s, &r->alarm);
  rv_state_field(s, &r->armed);
  rv_state_field(s, &r->pending);
  rv_state_field(s, &r->enabled);
}

static int rtc_fdt(rv_dev *dev, void *fdt, int soc)
{
  rv_node node = rv_node_device(fdt, soc, "rtc", dev);
  rv_node_string(&node, "compatible", "google,goldfish-rtc");
  rv_node_source(&node, dev, RV_SOURCE_RTC);
  return node.err;
}

static void rtc_free(rv_dev *dev) { free(dev); }

rv_dev *rv_rtc_new(const rv_board_ops *board)
{
  rv_rtc *r = calloc(1, sizeof *r);
  if (!r)
    return NULL;
  r->dev = (rv_dev){ .name = "rtc",
                     .base = BASE,
                     .size = SIZE,
                     .board = board,
                     .read = rtc_read,
                     .write = rtc_write,
                     .reset = rtc_reset,
                     .state = rtc_state,
                     .state_version = 1,
                     .poll = rtc_poll,
                     .fdt = rtc_fdt,
                     .free = rtc_free };
  return &r->dev;
}
