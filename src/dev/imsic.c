/* imsic.c - the memory of the IMSICs: a page for each interrupt file of each hart, where MSIs
 * arrive.
 *
 * AIA 1.0, 3.5 "Memory region for an interrupt file" and 3.6 "Arrangement of the memory regions of
 * multiple interrupt files"; cited as [IMSIC section]. Addresses are those of QEMU's virt. The
 * files themselves, which the hart sees by its CSRs, are the hart's: this device keeps nothing.
 * Writes come from harts by the bus, and from devices by the board's DMA.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include "cpu/hart.h"
#include <assert.h>
#include <stdlib.h>

enum { PAGE_BITS = 12, SETEIPNUM_LE = 0, SETEIPNUM_BE = 4 };
enum { MACHINE_FILE = 0, SUPERVISOR_FILE = 1 }; /* and those of guests behind it */

typedef struct {
  rv_dev dev;
  bool machine;
  unsigned hart_bits; /* of a page's number: where the hart's begins */
} rv_imsic;

unsigned rv_imsic_guest_bits(const rv_board_ops *board)
{
  unsigned bits = 0;
  while (1u << bits < board->guests + 1)
    bits++;
  return bits;
}

/* Simple aligned 32-bit accesses only; nothing can be read [IMSIC 3.5]. */
static bool imsic_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  *value = 0;
  return size == 4 && offset % 4 == 0;
}

/* Pages that no file has are read-only zeros [IMSIC 3.6], and so is what a page has beside its two
 * registers. A number that no interrupt has is ignored [IMSIC 3.5]. */
static bool imsic_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  const rv_imsic *p = (rv_imsic *)dev;
  const unsigned page = offset >> PAGE_BITS, at = offset & ((1 << PAGE_BITS) - 1);
  const unsigned guest = page & ((1u << p->hart_bits) - 1);
  const uint32_t id = at == SETEIPNUM_BE ? __builtin_bswap32((uint32_t)value) : (uint32_t)value;
  if (size != 4 || offset % 4)
    return false;
  if (at <= SETEIPNUM_BE && guest <= dev->board->guests && id >= 1 && id <= RV_MSI_IDS)
    dev->board->msi(dev->board->ctx, page >> p->hart_bits,
                    p->machine ? MACHINE_FILE : SUPERVISOR_FILE + guest, id);
  return true;
}

/* Linux's riscv,imsics.yaml; guests' bits are only told when there are any. */
static int imsic_fdt(rv_dev *dev, void *fdt, int soc)
{
  const rv_imsic *p = (rv_imsic *)dev;
  rv_node node = rv_node_device(fdt, soc, "interrupt-controller", dev);
  rv_node_list(&node, "compatible", "qemu,imsics\0riscv,imsics");
  rv_node_u32(&node, "#interrupt-cells", 0);
  rv_node_flag(&node, "interrupt-controller");
  rv_node_flag(&node, "msi-controller");
  rv_node_hart_irq(&node, dev->board->n_harts, p->machine ? IRQ_MEI : IRQ_SEI);
  rv_node_u32(&node, "riscv,num-ids", RV_MSI_IDS);
  if (p->hart_bits)
    rv_node_u32(&node, "riscv,guest-index-bits", p->hart_bits);
  if (p->machine && dev->board->firmware)
    rv_node_string(&node, "status", "disabled");
  rv_node_u32(&node, "phandle", p->machine ? RV_PHANDLE_IMSIC_M : RV_PHANDLE_IMSIC_S);
  return node.err;
}

static void imsic_free(rv_dev *dev) { free(dev); }

rv_dev *rv_imsic_new(const rv_board_ops *board, bool machine)
{
  assert(board->guests <= RV_AIA_GUESTS);
  rv_imsic *p = calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->machine = machine;
  p->hart_bits = machine ? 0 : rv_imsic_guest_bits(board);
  p->dev = (rv_dev){ .name = machine ? "imsic-m" : "imsic-s",
                     .base = machine ? RV_IMSIC_BASE_M : RV_IMSIC_BASE_S,
                     .size = (uint64_t)board->n_harts << (p->hart_bits + PAGE_BITS),
                     .board = board,
                     .read = imsic_read,
                     .write = imsic_write,
                     .fdt = imsic_fdt,
                     .free = imsic_free };
  return &p->dev;
}
