/* finisher.c - the SiFive test finisher: one register that ends the run or resets the machine.
 *
 * Also the syscon that Linux's syscon-poweroff and syscon-reboot drivers write to. Depends on the
 * board for power. Register: "test" device of the SiFive FU540/Freedom designs, as QEMU's virt.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include <stdlib.h>

enum { BASE = 0x100000, SIZE = 0x1000 };
enum { FAIL = 0x3333, PASS = 0x5555, RESET = 0x7777 };

/* 16- and 32-bit accesses, as QEMU takes them. */
static bool is_access(uint64_t offset, unsigned size)
{
  return (size == 2 || size == 4) && offset % size == 0;
}

static bool finisher_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  *value = 0;
  return is_access(offset, size);
}

/* A failure without a code must not look like success to whoever waits for the exit status. */
static int fail_code(uint64_t value)
{
  int code = value >> 16 & 0xffff;
  return code ? code : 1;
}

static bool finisher_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  const rv_board_ops *board = dev->board;
  if (!is_access(offset, size))
    return false;
  if (offset != 0)
    return true;
  if (size == 2)
    value &= 0xffff;
  switch (value & 0xffff) {
  case PASS:
    board->power(board->ctx, false, 0);
    break;
  case FAIL:
    board->power(board->ctx, false, fail_code(value));
    break;
  case RESET:
    board->power(board->ctx, true, 0);
    break;
  }
  return true;
}

/* A root node that says: write value to the finisher [Linux syscon-poweroff.yaml]. */
static int add_syscon(void *fdt, const char *name, const char *compatible, uint32_t value)
{
  rv_node root = rv_node_root(fdt);
  rv_node node = rv_node_child(&root, "%s", name);
  rv_node_string(&node, "compatible", compatible);
  rv_node_u32(&node, "regmap", RV_PHANDLE_FINISHER);
  rv_node_u32(&node, "offset", 0);
  rv_node_u32(&node, "value", value);
  return node.err;
}

static int finisher_fdt(rv_dev *dev, void *fdt, int soc)
{
  rv_node node = rv_node_device(fdt, soc, "test", dev);
  rv_node_list(&node, "compatible", "sifive,test1\0sifive,test0\0syscon");
  rv_node_u32(&node, "phandle", RV_PHANDLE_FINISHER);
  if (node.err)
    return node.err;
  int err = add_syscon(fdt, "reboot", "syscon-reboot", RESET);
  return err ? err : add_syscon(fdt, "poweroff", "syscon-poweroff", PASS);
}

static void finisher_free(rv_dev *dev) { free(dev); }

rv_dev *rv_finisher_new(const rv_board_ops *board)
{
  rv_dev *dev = calloc(1, sizeof *dev);
  if (!dev)
    return NULL;
  *dev = (rv_dev){ .name = "finisher",
                   .base = BASE,
                   .size = SIZE,
                   .board = board,
                   .read = finisher_read,
                   .write = finisher_write,
                   .fdt = finisher_fdt,
                   .free = finisher_free };
  return dev;
}
