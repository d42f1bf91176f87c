/* dev.h - what a device is, and what it may ask of the board it sits on.
 *
 * A device is one file: its registers, its operations, its own device-tree node. It knows the
 * board only through struct rv_board_ops, so that it can be tested alone.
 */
#ifndef RV_DEV_H
#define RV_DEV_H
#include "state/state.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rv_dev rv_dev;

/* What collects the interrupts of devices: a PLIC; the APLIC of the AIA, which drives the harts'
 * lines as a PLIC does; or an APLIC that sends messages to the harts' IMSICs. */
typedef enum { RV_AIA_NONE, RV_AIA_APLIC, RV_AIA_IMSIC } rv_aia;

/* What a device asks of the board. Interrupt lines are levels. */
typedef struct {
  void *ctx;
  unsigned n_harts;
  rv_aia aia;
  unsigned guests; /* of an IMSIC: guest interrupt files, 0 to RV_AIA_GUESTS */
  bool firmware; /* M-mode is the built-in firmware's: the tree disables what only M-mode may use */
  uint64_t (*time)(void *ctx);                                     /* mtime in ticks (10 MHz) */
  void (*set_time)(void *ctx, uint64_t ticks);                     /* software wrote mtime */
  void (*set_ip)(void *ctx, unsigned hart, unsigned irq, bool on); /* a line of mip: IRQ_MSI... */
  void (*timer_changed)(void *ctx);                                /* some mtimecmp was written */
  void (*irq)(void *ctx, unsigned source, bool on);                /* a wire to the PLIC or APLIC */
  void (*power)(void *ctx, bool reset, int code);                  /* end of the run, or reset */
  void (*console_write)(void *ctx, const uint8_t *bytes, size_t n);
  int (*console_read)(void *ctx); /* next input byte, or -1: none now */
  uint64_t (*host_ns)(void *ctx); /* wall-clock time for the RTC, deterministic by default */
  /* DMA; false: no RAM. A write of 4 bytes to an interrupt file of an IMSIC is an MSI. */
  bool (*memory)(void *ctx, uint64_t pa, void *buf, size_t n, bool write);
  /* An MSI has arrived: file 0 is machine level, 1 supervisor level, 1 + g guest g. */
  void (*msi)(void *ctx, unsigned hart, unsigned file, unsigned id);
} rv_board_ops;

/* A device on the bus. Offsets are from base; size is 1, 2, 4 or 8, and an access never leaves
 * the device's range. read and write return false to refuse it: an access fault for the hart. */
struct rv_dev {
  const char *name;
  uint64_t base, size;
  bool empty; /* a slot without a device: whoever writes to it takes it for one */
  bool (*read)(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value);
  bool (*write)(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value);
  void (*reset)(rv_dev *dev); /* may be NULL */
  /* Saves or loads all that the guest or the outside can have changed, for snapshots. It calls
   * nobody: lines and wires are the state of those they lead to. NULL: there is nothing. */
  void (*state)(rv_dev *dev, rv_state *s);
  unsigned state_version;    /* of what state writes: raised when that changes */
  void (*poll)(rv_dev *dev); /* look for input; called at block ends; may be NULL */
  int (*fdt)(rv_dev *dev, void *fdt,
             int soc); /* add its node under /soc; 0 or -FDT_ERR_*; may be NULL */
  void (*free)(rv_dev *dev);
  const rv_board_ops *board;
};
#endif
