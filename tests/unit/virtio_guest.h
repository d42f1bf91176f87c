/* virtio_guest.h - a driver of virtio devices of a whole machine, on every transport: what a guest
 * would do with its registers and rings, in C, through the machine's bus.
 *
 * A queue has 256 entries in 16 KiB of RAM: the layout that the legacy interface wants, which the
 * modern one takes as well. So rings and transports can be told from one another only by registers.
 */
#ifndef RVH_TESTS_VIRTIO_GUEST_H
#define RVH_TESTS_VIRTIO_GUEST_H
#include "machine/machine.h"
#include "unit.h"
#include <string.h>

typedef enum { MMIO_LEGACY, MMIO_MODERN, PCI_LEGACY, PCI_MODERN, N_TRANSPORTS } transport;

typedef struct {
  rvh_machine *m;
  transport kind;
  unsigned slot; /* of virtio-mmio or PCI */
  uint64_t ram;  /* where its rings begin */
  uint16_t available[4], seen[4];
} virtio_guest;

enum { VG_SIZE = 256, VG_QUEUE = 0x4000, VG_AVAIL = 0x1000, VG_USED = 0x2000 };
enum { VG_NEXT = 1, VG_WRITE = 2 };

typedef struct {
  uint64_t pa;
  uint32_t len;
  bool write;
} vg_part;

/* ---- the bus ---- */

static inline void vg_out(virtio_guest *g, uint64_t pa, unsigned size, uint64_t value)
{
  ck_assert_msg(g->m->phys.bus_write(g->m, g->m->harts[0], pa, size, value),
                "write %" G_GINT64_MODIFIER "x", pa);
}

static inline uint64_t vg_in(virtio_guest *g, uint64_t pa, unsigned size)
{
  uint64_t value;
  ck_assert_msg(g->m->phys.bus_read(g->m, g->m->harts[0], pa, size, &value),
                "read %" G_GINT64_MODIFIER "x", pa);
  return value;
}

static inline uint64_t vg_mmio(const virtio_guest *g) { return 0x10001000 + 0x1000 * g->slot; }
static inline uint64_t vg_config(const virtio_guest *g) { return 0x30000000 + (g->slot << 15); }
static inline uint64_t vg_io(const virtio_guest *g) { return 0x3000000 + 0x100 * g->slot; }
static inline uint64_t vg_bar(const virtio_guest *g) { return 0x400000000 + 0x4000ull * g->slot; }

/* Places the BARs, and turns on spaces and bus master. */
static inline void vg_place(virtio_guest *g)
{
  const uint64_t c = vg_config(g);
  if (g->kind == PCI_LEGACY)
    vg_out(g, c + 0x10, 4, 0x100 * g->slot);
  vg_out(g, c + 0x20, 4, (uint32_t)vg_bar(g));
  vg_out(g, c + 0x24, 4, vg_bar(g) >> 32);
  vg_out(g, c + 4, 2, 7);
}

/* ---- registers ---- */

static inline uint64_t vg_rings(const virtio_guest *g, unsigned q) { return g->ram + q * VG_QUEUE; }

static inline void vg_status(virtio_guest *g, uint8_t status)
{
  static const uint64_t at[] = { 0x70, 0x70, 18, 20 };
  const uint64_t base = g->kind < PCI_LEGACY    ? vg_mmio(g)
                        : g->kind == PCI_LEGACY ? vg_io(g)
                                                : vg_bar(g);
  vg_out(g, base + at[g->kind], g->kind < PCI_LEGACY ? 4 : 1, status);
}

static inline void vg_features(virtio_guest *g)
{
  switch (g->kind) {
  case MMIO_LEGACY:
    vg_out(g, vg_mmio(g) + 0x28, 4, 4096);
    vg_out(g, vg_mmio(g) + 0x20, 4, vg_in(g, vg_mmio(g) + 0x10, 4));
    return;
  case MMIO_MODERN:
    for (unsigned word = 0; word < 2; word++) {
      vg_out(g, vg_mmio(g) + 0x14, 4, word);
      vg_out(g, vg_mmio(g) + 0x24, 4, word);
      vg_out(g, vg_mmio(g) + 0x20, 4, vg_in(g, vg_mmio(g) + 0x10, 4));
    }
    return;
  case PCI_LEGACY:
    vg_out(g, vg_io(g) + 4, 4, vg_in(g, vg_io(g), 4));
    return;
  default:
    for (unsigned word = 0; word < 2; word++) {
      vg_out(g, vg_bar(g), 4, word);
      vg_out(g, vg_bar(g) + 8, 4, word);
      vg_out(g, vg_bar(g) + 12, 4, vg_in(g, vg_bar(g) + 4, 4));
    }
  }
}

static inline void vg_modern_rings(virtio_guest *g, uint64_t at, unsigned step, unsigned q)
{
  const uint64_t place[] = { vg_rings(g, q), vg_rings(g, q) + VG_AVAIL, vg_rings(g, q) + VG_USED };
  for (unsigned i = 0; i < 3; i++) {
    vg_out(g, at + i * step, 4, (uint32_t)place[i]);
    vg_out(g, at + i * step + 4, 4, place[i] >> 32);
  }
}

static inline void vg_queue(virtio_guest *g, unsigned q)
{
  switch (g->kind) {
  case MMIO_LEGACY:
    vg_out(g, vg_mmio(g) + 0x30, 4, q);
    vg_out(g, vg_mmio(g) + 0x38, 4, VG_SIZE);
    vg_out(g, vg_mmio(g) + 0x3c, 4, 4096);
    vg_out(g, vg_mmio(g) + 0x40, 4, vg_rings(g, q) / 4096);
    return;
  case MMIO_MODERN:
    vg_out(g, vg_mmio(g) + 0x30, 4, q);
    vg_out(g, vg_mmio(g) + 0x38, 4, VG_SIZE);
    vg_modern_rings(g, vg_mmio(g) + 0x80, 0x10, q);
    vg_out(g, vg_mmio(g) + 0x44, 4, 1);
    return;
  case PCI_LEGACY:
    vg_out(g, vg_io(g) + 14, 2, q);
    ck_assert_uint_eq(vg_in(g, vg_io(g) + 12, 2), VG_SIZE);
    vg_out(g, vg_io(g) + 8, 4, vg_rings(g, q) / 4096);
    return;
  default:
    vg_out(g, vg_bar(g) + 0x16, 2, q);
    vg_out(g, vg_bar(g) + 0x18, 2, VG_SIZE);
    vg_modern_rings(g, vg_bar(g) + 0x20, 8, q);
    vg_out(g, vg_bar(g) + 0x1c, 2, 1);
  }
}

/* From a reset to DRIVER_OK, with all features and this many queues. */
static inline void vg_up(virtio_guest *g, unsigned queues)
{
  if (g->kind >= PCI_LEGACY)
    vg_place(g);
  vg_status(g, 0);
  vg_status(g, 3);
  vg_features(g);
  vg_status(g, 11);
  for (unsigned q = 0; q < queues; q++)
    vg_queue(g, q);
  vg_status(g, 15);
}

static inline void vg_notify(virtio_guest *g, unsigned q)
{
  if (g->kind < PCI_LEGACY)
    vg_out(g, vg_mmio(g) + 0x50, 4, q);
  else if (g->kind == PCI_LEGACY)
    vg_out(g, vg_io(g) + 16, 2, q);
  else
    vg_out(g, vg_bar(g) + 0x3000 + 4 * q, 2, q);
}

/* Interrupt status, which reading (or, on virtio-mmio, writing it back) acknowledges. */
static inline uint8_t vg_isr(virtio_guest *g)
{
  if (g->kind >= PCI_LEGACY)
    return (uint8_t)vg_in(g, g->kind == PCI_LEGACY ? vg_io(g) + 19 : vg_bar(g) + 0x1000, 1);
  const uint8_t isr = (uint8_t)vg_in(g, vg_mmio(g) + 0x60, 4);
  vg_out(g, vg_mmio(g) + 0x64, 4, isr);
  return isr;
}

/* ---- rings ---- */

static inline void vg_put(virtio_guest *g, uint64_t pa, const void *bytes, size_t n)
{
  ck_assert(rvh_write_memory(g->m, pa, bytes, n));
}

static inline void vg_get(virtio_guest *g, uint64_t pa, void *bytes, size_t n)
{
  ck_assert(rvh_read_memory(g->m, pa, bytes, n));
}

/* Makes a chain available whose first descriptor is head. */
static inline void vg_add(virtio_guest *g, unsigned q, uint16_t head, const vg_part *parts,
                          unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    struct {
      uint64_t pa;
      uint32_t len;
      uint16_t flags, next;
    } d = { parts[i].pa, parts[i].len,
            (uint16_t)((i + 1 < n ? VG_NEXT : 0) | (parts[i].write ? VG_WRITE : 0)),
            (uint16_t)(head + i + 1) };
    vg_put(g, vg_rings(g, q) + 16ull * (head + i), &d, sizeof d);
  }
  const uint64_t avail = vg_rings(g, q) + VG_AVAIL;
  vg_put(g, avail + 4 + 2 * (g->available[q] % VG_SIZE), &head, 2);
  g->available[q]++;
  vg_put(g, avail + 2, &g->available[q], 2);
}

/* The next chain that came back. False: none has. */
static inline bool vg_used(virtio_guest *g, unsigned q, uint32_t *head, uint32_t *len)
{
  const uint64_t used = vg_rings(g, q) + VG_USED;
  uint16_t idx;
  vg_get(g, used + 2, &idx, 2);
  if (idx == g->seen[q])
    return false;
  const uint64_t at = used + 4 + 8 * (g->seen[q]++ % VG_SIZE);
  vg_get(g, at, head, 4);
  vg_get(g, at + 4, len, 4);
  return true;
}
#endif
