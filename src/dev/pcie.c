/* pcie.c - a generic ECAM host bridge: configuration space, BARs, windows, interrupt wires.
 *
 * Addresses and interrupt routing are those of QEMU's virt board. The guest places the BARs; what
 * nobody answers reads as all ones, here and in the windows, and writes to it are dropped.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include "dev/pci.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ECAM_BASE 0x30000000ull
#define ECAM_SIZE 0x10000000ull
#define PIO_BASE 0x3000000ull
#define PIO_SIZE 0x10000ull
#define MEM32_BASE 0x40000000ull
#define MEM32_SIZE 0x40000000ull
#define MEM64_BASE 0x400000000ull
#define MEM64_SIZE 0x400000000ull

enum { RV_SOURCE_PCIE = 32, PINS = 4 };

/* The type 0 header [PCI 6.1]. */
enum {
  VENDOR_ID = 0x00,
  DEVICE_ID = 0x02,
  COMMAND = 0x04,
  STATUS = 0x06,
  REVISION = 0x08,
  CLASS = 0x0a,
  BAR0 = 0x10,
  SUBVENDOR = 0x2c,
  SUBDEVICE = 0x2e,
  CAPABILITIES = 0x34,
  INTERRUPT_LINE = 0x3c,
  INTERRUPT_PIN = 0x3d,
};
enum {
  CMD_IO = 1,
  CMD_MEMORY = 2,
  CMD_MASTER = 4,
  CMD_PARITY = 0x40,
  CMD_SERR = 0x100,
  CMD_INTX_OFF = 0x400
};
enum { STATUS_INTERRUPT = 8, STATUS_CAPABILITIES = 0x10 };

typedef struct {
  rv_dev dev;
  struct rv_pcie *host;
  uint64_t first; /* PCI address of its first byte */
  uint16_t space; /* the command bit that enables it */
} window;

typedef struct rv_pcie {
  rv_dev dev;
  window windows[RV_PCI_WINDOWS];
  rv_pci *slots[RV_PCI_SLOTS];
  rv_pci bridge;
} rv_pcie;

static uint64_t ones(unsigned size) { return ~0ull >> (64 - 8 * size); }

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static void put16(uint8_t *p, uint16_t value)
{
  p[0] = (uint8_t)value;
  p[1] = value >> 8;
}

static void put32(uint8_t *p, uint32_t value)
{
  put16(p, (uint16_t)value);
  put16(p + 2, value >> 16);
}

static uint32_t get32(const uint8_t *p) { return get16(p) | (uint32_t)get16(p + 2) << 16; }

static uint16_t command(const rv_pci *f) { return get16(f->config + COMMAND); }

/* ---- a function ---- */

void rv_pci_init(rv_pci *f, const rv_pci_id *id)
{
  put16(f->config + VENDOR_ID, id->vendor);
  put16(f->config + DEVICE_ID, id->device);
  put16(f->config + SUBVENDOR, id->subvendor);
  put16(f->config + SUBDEVICE, id->subdevice);
  put16(f->config + CLASS, id->class_code);
  f->config[REVISION] = id->revision;
  f->config[INTERRUPT_PIN] = id->pin;
  f->writable[INTERRUPT_LINE] = 0xff;
  put16(f->writable + COMMAND,
        CMD_IO | CMD_MEMORY | CMD_MASTER | CMD_PARITY | CMD_SERR | CMD_INTX_OFF);
}

static uint8_t *bar_at(const rv_pci *f, unsigned i) { return (uint8_t *)f->config + BAR0 + 4 * i; }
static bool is_io(const rv_pci *f, unsigned i) { return *bar_at(f, i) & RV_BAR_IO; }
static bool is_64(const rv_pci *f, unsigned i)
{
  return !is_io(f, i) && (*bar_at(f, i) & RV_BAR_MEM64);
}

/* Only the address bits above the size can be written: so the guest learns it [PCI 6.2.5.1]. */
void rv_pci_add_bar(rv_pci *f, unsigned index, unsigned type, uint64_t size)
{
  assert(index < RV_PCI_BARS && size >= 16 && !(size & (size - 1)));
  const uint64_t mask = ~(size - 1);
  f->bar_size[index] = size;
  *bar_at(f, index) = (uint8_t)type;
  put32(f->writable + BAR0 + 4 * index, (uint32_t)mask);
  if (!(type & RV_BAR_IO) && (type & RV_BAR_MEM64))
    put32(f->writable + BAR0 + 4 * (index + 1), mask >> 32);
}

void rv_pci_add_capability(rv_pci *f, uint8_t at, uint8_t id, const void *bytes, unsigned n)
{
  assert(at >= 0x40 && at + n <= RV_PCI_CONFIG);
  f->config[STATUS] |= STATUS_CAPABILITIES;
  f->config[f->last_capability ? f->last_capability + 1 : CAPABILITIES] = at;
  memcpy(f->config + at, bytes, n);
  f->config[at] = id;
  f->config[at + 1] = 0;
  f->last_capability = at;
}

bool rv_pci_dma(rv_pci *f, uint64_t pa, void *buf, size_t n, bool write)
{
  const rv_board_ops *board = f->host->dev.board;
  return (command(f) & CMD_MASTER) && board->memory(board->ctx, pa, buf, n, write);
}

static uint64_t bar_base(const rv_pci *f, unsigned i)
{
  const uint64_t low = get32(bar_at(f, i));
  return is_io(f, i) ? low & ~3ull
                     : (low & ~15ull) | (is_64(f, i) ? (uint64_t)get32(bar_at(f, i + 1)) << 32 : 0);
}

/* ---- interrupts ---- */

/* Pins are turned by one for each slot, so that INTA of all devices is not one wire. */
static unsigned wire_of(const rv_pci *f)
{
  return (f->slot + f->config[INTERRUPT_PIN] - 1u) % PINS;
}

static bool asserts(const rv_pci *f)
{
  return f && f->config[INTERRUPT_PIN] && f->level && !(command(f) & CMD_INTX_OFF);
}

/* Several functions share a wire: it is high while any of them holds it. */
static void drive_wires(rv_pcie *p)
{
  bool high[PINS] = { false };
  for (unsigned i = 0; i < RV_PCI_SLOTS; i++)
    if (asserts(p->slots[i]))
      high[wire_of(p->slots[i])] = true;
  for (unsigned i = 0; i < PINS; i++)
    p->dev.board->irq(p->dev.board->ctx, RV_SOURCE_PCIE + i, high[i]);
}

/* The status bit shows the request also while INTx is off [PCI 6.2.3]. */
void rv_pci_interrupt(rv_pci *f, bool level)
{
  f->level = level;
  f->config[STATUS] = (f->config[STATUS] & ~STATUS_INTERRUPT) | (level ? STATUS_INTERRUPT : 0);
  drive_wires(f->host);
}

/* ---- configuration space ---- */

/* The function at an ECAM offset, or NULL: only bus 0 and function 0 are there. */
static rv_pci *function_at(const rv_pcie *p, uint64_t offset)
{
  const unsigned slot = offset >> 15 & 31;
  return offset >> 20 == 0 && !(offset >> 12 & 7) ? p->slots[slot] : NULL;
}

/* Conventional functions have no extended configuration space. */
static bool ecam_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  rv_pci *f = function_at((rv_pcie *)dev, offset);
  const unsigned at = offset & 0xfff;
  *value = ones(size);
  if (!f || at > RV_PCI_CONFIG - size)
    return true;
  if (f->config_before_read)
    f->config_before_read(f, at, size);
  *value = 0;
  memcpy(value, f->config + at, size);
  return true;
}

static bool ecam_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  rv_pci *f = function_at((rv_pcie *)dev, offset);
  const unsigned at = offset & 0xfff;
  if (!f || at > RV_PCI_CONFIG - size)
    return true;
  for (unsigned i = 0; i < size; i++) {
    const uint8_t mask = f->writable[at + i];
    f->config[at + i] = (f->config[at + i] & ~mask) | ((uint8_t)(value >> 8 * i) & mask);
  }
  if (f->config_written)
    f->config_written(f, at, size);
  drive_wires((rv_pcie *)dev); /* INTx may have been turned on or off */
  return true;
}

/* ---- the windows ---- */

/* The BAR at a PCI address, enabled and placed there by the guest; address 0 is "not placed". */
static rv_pci *claim(const window *w, uint64_t address, unsigned *bar, uint64_t *offset)
{
  for (unsigned s = 0; s < RV_PCI_SLOTS; s++) {
    rv_pci *f = w->host->slots[s];
    if (!f || !(command(f) & w->space))
      continue;
    for (unsigned i = 0; i < RV_PCI_BARS; i++) {
      const uint64_t base = f->bar_size[i] ? bar_base(f, i) : 0;
      if (base && is_io(f, i) == (w->space == CMD_IO) && address - base < f->bar_size[i]) {
        *bar = i;
        *offset = address - base;
        return f;
      }
    }
  }
  return NULL;
}

static bool window_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  const window *w = (window *)dev;
  unsigned bar;
  uint64_t at;
  rv_pci *f = claim(w, w->first + offset, &bar, &at);
  *value = f && at <= f->bar_size[bar] - size ? f->bar_read(f, bar, at, size) : ones(size);
  *value &= ones(size);
  return true;
}

static bool window_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  const window *w = (window *)dev;
  unsigned bar;
  uint64_t at;
  rv_pci *f = claim(w, w->first + offset, &bar, &at);
  if (f && at <= f->bar_size[bar] - size)
    f->bar_write(f, bar, at, size, value & ones(size));
  return true;
}

static void nothing_to_free(rv_dev *dev) {}

static void make_window(rv_pcie *p, unsigned i, const char *name, uint64_t base, uint64_t size,
                        uint16_t space)
{
  window *w = &p->windows[i];
  w->host = p;
  w->first = space == CMD_IO ? 0 : base;
  w->space = space;
  w->dev = (rv_dev){ .name = name,
                     .base = base,
                     .size = size,
                     .board = p->dev.board,
                     .read = window_read,
                     .write = window_write,
                     .free = nothing_to_free };
}

rv_dev *rv_pcie_window(rv_dev *pcie, unsigned i) { return &((rv_pcie *)pcie)->windows[i].dev; }

/* ---- the host ---- */

/* Whatever the guest can write is zero after a reset. */
static void pcie_reset(rv_dev *dev)
{
  rv_pcie *p = (rv_pcie *)dev;
  for (unsigned i = 0; i < RV_PCI_SLOTS; i++) {
    rv_pci *f = p->slots[i];
    for (unsigned at = 0; f && at < RV_PCI_CONFIG; at++)
      f->config[at] &= ~f->writable[at];
    if (f && f->reset)
      f->reset(f);
  }
  drive_wires(p);
}

/* Of the configuration space what the guest can write; the rest is the function's kind. */
static void function_state(rv_pci *f, rv_state *s)
{
  for (unsigned at = 0; at < RV_PCI_CONFIG; at++) {
    uint8_t byte = f->config[at] & f->writable[at];
    if (f->writable[at])
      rv_state_field(s, &byte);
    f->config[at] = (f->config[at] & ~f->writable[at]) | (byte & f->writable[at]);
  }
  rv_state_field(s, &f->level);
  f->config[STATUS] = (f->config[STATUS] & ~STATUS_INTERRUPT) | (f->level ? STATUS_INTERRUPT : 0);
  if (f->state)
    f->state(f, s);
}

static void pcie_state(rv_dev *dev, rv_state *s)
{
  rv_pcie *p = (rv_pcie *)dev;
  for (unsigned i = 0; i < RV_PCI_SLOTS; i++)
    if (p->slots[i])
      function_state(p->slots[i], s);
}

static void add_interrupt_map(rv_node *node)
{
  enum { CELLS = 6 }; /* address of 3 cells, pin; PLIC, source */
  uint32_t map[PINS * PINS * CELLS];
  for (unsigned i = 0; i < PINS * PINS; i++) {
    const unsigned slot = i / PINS, pin = i % PINS;
    const uint32_t row[CELLS] = {
      slot << 11, 0, 0, pin + 1, RV_PHANDLE_PLIC, RV_SOURCE_PCIE + (slot + pin) % PINS
    };
    memcpy(map + i * CELLS, row, sizeof row);
  }
  rv_node_cells(node, "interrupt-map", map, PINS * PINS * CELLS);
  rv_node_cells(node, "interrupt-map-mask", (const uint32_t[]){ 3 << 11, 0, 0, 7 }, 4);
}

#define CELLS64(word) (uint32_t)((word) >> 32), (uint32_t)(word)

/* Open Firmware's PCI bus binding: the first cell says which space. */
static int pcie_fdt(rv_dev *dev, void *fdt, int soc)
{
  enum { IO = 0x1000000, MEM32 = 0x2000000, MEM64 = 0x3000000 };
  static const uint32_t ranges[] = {
    IO,
    0,
    0,
    CELLS64(PIO_BASE),
    CELLS64(PIO_SIZE),
    MEM32,
    CELLS64(MEM32_BASE),
    CELLS64(MEM32_BASE),
    CELLS64(MEM32_SIZE),
    MEM64,
    CELLS64(MEM64_BASE),
    CELLS64(MEM64_BASE),
    CELLS64(MEM64_SIZE),
  };
  rv_node node = rv_node_device(fdt, soc, "pci", dev);
  rv_node_string(&node, "compatible", "pci-host-ecam-generic");
  rv_node_string(&node, "device_type", "pci");
  rv_node_u32(&node, "#address-cells", 3);
  rv_node_u32(&node, "#size-cells", 2);
  rv_node_u32(&node, "#interrupt-cells", 1);
  rv_node_u32(&node, "linux,pci-domain", 0);
  rv_node_cells(&node, "bus-range", (const uint32_t[]){ 0, 0xff }, 2);
  rv_node_flag(&node, "dma-coherent");
  rv_node_cells(&node, "ranges", ranges, sizeof ranges / sizeof *ranges);
  add_interrupt_map(&node);
  return node.err;
}

static void pcie_free(rv_dev *dev)
{
  rv_pcie *p = (rv_pcie *)dev;
  for (unsigned i = 0; i < RV_PCI_SLOTS; i++)
    if (p->slots[i] && p->slots[i]->free)
      p->slots[i]->free(p->slots[i]);
  free(p);
}

bool rv_pcie_plug(rv_dev *pcie, rv_pci *f, int slot)
{
  rv_pcie *p = (rv_pcie *)pcie;
  for (unsigned i = 0; slot < 0 && i < RV_PCI_SLOTS; i++)
    if (!p->slots[i])
      slot = (int)i;
  if (slot < 0 || slot >= RV_PCI_SLOTS || p->slots[slot])
    return false;
  f->host = p;
  f->slot = (uint8_t)slot;
  p->slots[slot] = f;
  return true;
}

rv_dev *rv_pcie_new(const rv_board_ops *board)
{
  rv_pcie *p = calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->dev = (rv_dev){ .name = "pcie",
                     .base = ECAM_BASE,
                     .size = ECAM_SIZE,
                     .board = board,
                     .read = ecam_read,
                     .write = ecam_write,
                     .reset = pcie_reset,
                     .state = pcie_state,
                     .state_version = 2,
                     .fdt = pcie_fdt,
                     .free = pcie_free };
  make_window(p, 0, "pcie-io", PIO_BASE, PIO_SIZE, CMD_IO);
  make_window(p, 1, "pcie-mem32", MEM32_BASE, MEM32_SIZE, CMD_MEMORY);
  make_window(p, 2, "pcie-mem64", MEM64_BASE, MEM64_SIZE, CMD_MEMORY);
  rv_pci_init(&p->bridge, &(rv_pci_id){ .vendor = 0x1b36,
                                        .device = 0x0008,
                                        .subvendor = 0x1af4,
                                        .subdevice = 0x1100,
                                        .class_code = 0x0600 });
  rv_pcie_plug(&p->dev, &p->bridge, 0);
  return &p->dev;
}
