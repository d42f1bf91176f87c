/* clint.c - CLINT: software interrupts and the machine timer, as QEMU's virt has them.
 *
 * The SiFive CLINT layout, which the RISC-V ACLINT specification describes as an MSWI device at
 * +0 and an MTIMER device at +0x4000. Depends on the board for time and interrupt lines, and on
 * cpu/hart.h for the interrupt numbers only.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include "cpu/hart.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
  BASE = 0x2000000,
  SIZE = 0x10000,
  MSIP = 0,          /* 4 bytes a hart [ACLINT, MSIP Registers] */
  MTIMECMP = 0x4000, /* 8 bytes a hart [ACLINT, MTIMECMP Registers] */
  MTIME = 0xBFF8,    /* [ACLINT, MTIME Register] */
  END = 0xC000
};

typedef struct {
  rv_dev dev;
  bool msip[RV_MAX_HARTS];
  uint64_t mtimecmp[RV_MAX_HARTS];
} rv_clint;

static uint64_t now(const rv_clint *c) { return c->dev.board->time(c->dev.board->ctx); }

static void drive(const rv_clint *c, unsigned hart, unsigned irq, bool on)
{
  c->dev.board->set_ip(c->dev.board->ctx, hart, irq, on);
}

/* MTIP is pending whenever MTIME >= MTIMECMP, unsigned [ACLINT, MTIMECMP Registers]. */
static void drive_mtip(const rv_clint *c, unsigned hart)
{
  drive(c, hart, IRQ_MTI, now(c) >= c->mtimecmp[hart]);
}

void rv_clint_update(rv_dev *dev)
{
  for (unsigned i = 0; i < dev->board->n_harts; i++)
    drive_mtip((rv_clint *)dev, i);
}

uint64_t rv_clint_next(const rv_dev *dev, unsigned hart)
{
  return hart < dev->board->n_harts ? ((const rv_clint *)dev)->mtimecmp[hart] : UINT64_MAX;
}

/* msip is 32 bits wide; the timers are 64, and also accessible as two halves. What is misaligned,
 * narrower, or behind MTIME is no register: an access fault, as on QEMU. */
static bool is_register(uint64_t offset, unsigned size)
{
  bool size_ok = size == 4 || (size == 8 && offset >= MTIMECMP);
  return size_ok && offset % size == 0 && offset < END;
}

static uint64_t pick_half(uint64_t word, uint64_t offset, unsigned size)
{
  return size == 8 ? word : (uint32_t)(word >> (offset & 4) * 8);
}

static uint64_t put_half(uint64_t word, uint64_t offset, unsigned size, uint64_t value)
{
  if (size == 8)
    return value;
  unsigned shift = (offset & 4) * 8;
  return (word & ~(0xffffffffull << shift)) | (value & 0xffffffff) << shift;
}

/* Registers of harts that do not exist read as zero. */
static bool clint_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  rv_clint *c = (rv_clint *)dev;
  if (!is_register(offset, size))
    return false;
  *value = 0;
  if (offset >= MTIME) {
    *value = pick_half(now(c), offset, size);
  } else if (offset >= MTIMECMP) {
    unsigned hart = (offset - MTIMECMP) / 8;
    if (hart < dev->board->n_harts)
      *value = pick_half(c->mtimecmp[hart], offset, size);
  } else if (offset / 4 < dev->board->n_harts) {
    *value = c->msip[offset / 4];
  }
  return true;
}

/* Only bit 0 is there: the upper 31 bits are tied to zero [ACLINT, MSIP Registers]. */
static void write_msip(rv_clint *c, unsigned hart, uint64_t value)
{
  if (hart >= c->dev.board->n_harts)
    return;
  c->msip[hart] = value & 1;
  drive(c, hart, IRQ_MSI, c->msip[hart]);
}

static void write_mtimecmp(rv_clint *c, uint64_t offset, unsigned size, uint64_t value)
{
  unsigned hart = (offset - MTIMECMP) / 8;
  if (hart >= c->dev.board->n_harts)
    return;
  c->mtimecmp[hart] = put_half(c->mtimecmp[hart], offset, size, value);
  drive_mtip(c, hart);
  c->dev.board->timer_changed(c->dev.board->ctx);
}

static void write_mtime(rv_clint *c, uint64_t offset, unsigned size, uint64_t value)
{
  const rv_board_ops *board = c->dev.board;
  board->set_time(board->ctx, put_half(now(c), offset, size, value));
  rv_clint_update(&c->dev);
  board->timer_changed(board->ctx);
}

void rv_clint_set(rv_dev *dev, unsigned hart, uint64_t mtimecmp)
{
  write_mtimecmp((rv_clint *)dev, MTIMECMP + 8ull * hart, 8, mtimecmp);
}

static bool clint_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  rv_clint *c = (rv_clint *)dev;
  if (!is_register(offset, size))
    return false;
  if (offset >= MTIME)
    write_mtime(c, offset, size, value);
  else if (offset >= MTIMECMP)
    write_mtimecmp(c, offset, size, value);
  else
    write_msip(c, (offset - MSIP) / 4, value);
  return true;
}

/* The specification leaves mtimecmp open at reset; all ones keeps the timer silent. */
static void silence(rv_clint *c)
{
  for (unsigned i = 0; i < RV_MAX_HARTS; i++) {
    c->mtimecmp[i] = UINT64_MAX;
    c->msip[i] = false;
  }
}

void rv_clint_zero(rv_dev *dev)
{
  rv_clint *c = (rv_clint *)dev;
  memset(c->mtimecmp, 0, sizeof c->mtimecmp);
  rv_clint_update(dev);
}

/* mtime is the board's and is reset by it. */
static void clint_reset(rv_dev *dev)
{
  rv_clint *c = (rv_clint *)dev;
  silence(c);
  for (unsigned i = 0; i < dev->board->n_harts; i++)
    drive(c, i, IRQ_MSI, false);
  rv_clint_update(dev);
}

static void clint_state(rv_dev *dev, rv_state *s)
{
  rv_clint *c = (rv_clint *)dev;
  for (unsigned i = 0; i < dev->board->n_harts; i++) {
    rv_state_field(s, &c->msip[i]);
    rv_state_field(s, &c->mtimecmp[i]);
  }
}

static int clint_fdt(rv_dev *dev, void *fdt, int soc)
{
  rv_node node = rv_node_device(fdt, soc, "clint", dev);
  rv_node_list(&node, "compatible", "sifive,clint0\0riscv,clint0");
  rv_node_hart_irqs(&node, dev->board->n_harts, IRQ_MSI, IRQ_MTI);
  return node.err;
}

static void clint_free(rv_dev *dev) { free(dev); }

rv_dev *rv_clint_new(const rv_board_ops *board)
{
  assert(board->n_harts >= 1 && board->n_harts <= RV_MAX_HARTS);
  rv_clint *c = calloc(1, sizeof *c);
  if (!c)
    return NULL;
  c->dev = (rv_dev){ .name = "clint",
                     .base = BASE,
                     .size = SIZE,
                     .board = board,
                     .read = clint_read,
                     .write = clint_write,
                     .reset = clint_reset,
                     .state = clint_state,
                     .state_version = 1,
                     .fdt = clint_fdt,
                     .free = clint_free };
  silence(c);
  return &c->dev;
}
