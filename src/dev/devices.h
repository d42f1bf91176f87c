/* devices.h - the devices of the virt board: where they sit, how they are made and wired.
 *
 * Addresses, interrupt numbers and compatible strings are those of QEMU's virt machine, because
 * that is what people's binaries are built for. The board passed to a constructor must outlive
 * the device and is not called before the first operation on it, so that devices can be made in
 * any order. A new device is in its reset state. NULL: out of memory.
 */
#ifndef RV_DEVICES_H
#define RV_DEVICES_H
#include "dev/dev.h"

/* Phandles are fixed, so that nodes can name each other in any order of creation. */
enum {
  RV_PHANDLE_PLIC = 0x20,
  RV_PHANDLE_APLIC_S = RV_PHANDLE_PLIC, /* either one: where the devices' wires lead */
  RV_PHANDLE_FINISHER = 0x21,
  RV_PHANDLE_APLIC_M = 0x22,
  RV_PHANDLE_IMSIC_M = 0x23,
  RV_PHANDLE_IMSIC_S = 0x24,
  RV_PHANDLE_CPU0 = 0x40, /* cpu@n: for /cpus/cpu-map */
  RV_MAX_HARTS = 31       /* phandles 1..31 are the harts' interrupt controllers */
};
#define RV_PHANDLE_INTC(hart) ((hart) + 1)
#define RV_PHANDLE_CPU(hart) (RV_PHANDLE_CPU0 + (hart))

/* Wires to the PLIC or APLIC, and how many there can be. */
enum {
  RV_SOURCE_VIRTIO = 1,
  RV_SOURCE_UART = 10,
  RV_SOURCE_RTC = 11,
  RV_PLIC_NDEV = 95,
  RV_APLIC_SOURCES = 96
};

rv_dev *rv_clint_new(const rv_board_ops *board);
/* Drives MTIP of every hart from mtime and its mtimecmp: call when time reached rv_clint_next. */
void rv_clint_update(rv_dev *dev);
/* All comparators 0, as Spike's are at reset: the timers of all harts have fired. */
void rv_clint_zero(rv_dev *dev);
/* The time (ticks) at which MTIP of this hart becomes 1: its mtimecmp, all ones if none is set. */
uint64_t rv_clint_next(const rv_dev *dev, unsigned hart);
/* Sets mtimecmp of a hart, as firmware does. */
void rv_clint_set(rv_dev *dev, unsigned hart, uint64_t mtimecmp);

rv_dev *rv_plic_new(const rv_board_ops *board);
/* Level of a source's wire; source 0 and sources above RV_PLIC_NDEV do not exist. */
void rv_plic_set(rv_dev *dev, unsigned source, bool level);

/* aplic.c: the root domain, at machine level; its child, at supervisor level, is added to the bus
 * before it and freed with it. The board says how interrupts are delivered. */
rv_dev *rv_aplic_new(const rv_board_ops *board);
rv_dev *rv_aplic_child(rv_dev *root);
/* Level of a source's wire; source 0 and sources above RV_APLIC_SOURCES do not exist. */
void rv_aplic_set(rv_dev *root, unsigned source, bool level);
/* As M-mode firmware leaves it: every source is the supervisor domain's, and MSIs find the IMSICs.
 */
void rv_aplic_hand_over(rv_dev *root);

/* imsic.c: the interrupt files' pages of all harts, of machine level or of supervisor level with
 * the guests'. The files themselves are state of the harts: board->msi. */
enum { RV_MSI_IDS = 255, RV_AIA_GUESTS = 7 };
#define RV_IMSIC_BASE_M 0x24000000ull
#define RV_IMSIC_BASE_S 0x28000000ull
rv_dev *rv_imsic_new(const rv_board_ops *board, bool machine);
/* Bits of a page's number within a hart that say whose it is: 0 supervisor level, g guest g. */
unsigned rv_imsic_guest_bits(const rv_board_ops *board);

rv_dev *rv_uart_new(const rv_board_ops *board);

rv_dev *rv_rtc_new(const rv_board_ops *board);
/* The host_ns at which the alarm goes off, all ones if none is set: the latest time to poll. */
uint64_t rv_rtc_next(const rv_dev *dev);

rv_dev *rv_finisher_new(const rv_board_ops *board);
#endif
