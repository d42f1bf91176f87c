/* msix.c - MSI-X of a PCI function: its capability, its table, and the messages it sends.
 *
 * PCI Local Bus Specification 3.0, 6.8.2; cited as [PCI section]. The table has a BAR of its own,
 * laid out as QEMU's: a page whose second half has the pending bits. A message is a 32-bit write to
 * memory by the function, as its DMA.
 */
#include "dev/pci.h"
#include <assert.h>
#include <string.h>

enum { ID = 0x11, CONTROL = 2, CAP_SIZE = 12 }; /* control: message control, in the capability */
enum { ENABLE = 0x80, MASK_ALL = 0x40 };        /* in the upper byte of message control */
enum { BAR_SIZE = 0x1000, PBA = 0x800, ENTRY = 16 };
enum { ADDRESS, ADDRESS_HIGH, DATA, VECTOR_CONTROL };
enum { MASKED = 1 };

void rv_msix_add(rv_pci *f, uint8_t at, unsigned bar, unsigned n)
{
  assert(n >= 1 && n <= RV_MSIX_MAX);
  const uint8_t cap[CAP_SIZE] = {
    [CONTROL] = (uint8_t)(n - 1), [4] = (uint8_t)bar, [8] = (uint8_t)bar, [9] = PBA >> 8
  };
  f->msix = (rv_msix){ .at = at, .bar = (uint8_t)bar, .n = (uint8_t)n };
  rv_pci_add_bar(f, bar, 0, BAR_SIZE);
  rv_pci_add_capability(f, at, ID, cap, sizeof cap);
  f->writable[at + CONTROL + 1] = ENABLE | MASK_ALL;
  rv_msix_reset(f);
}

/* All vectors are masked [PCI 6.8.2.9]. */
void rv_msix_reset(rv_pci *f)
{
  memset(f->msix.entry, 0, sizeof f->msix.entry);
  for (unsigned i = 0; i < f->msix.n; i++)
    f->msix.entry[i][VECTOR_CONTROL] = MASKED;
  f->msix.pending = 0;
}

void rv_msix_state(rv_pci *f, rv_state *s)
{
  for (unsigned i = 0; i < f->msix.n; i++)
    for (unsigned word = 0; word < 4; word++)
      rv_state_field(s, &f->msix.entry[i][word]);
  if (f->msix.n)
    rv_state_field(s, &f->msix.pending);
  rv_state_check(s, !(f->msix.pending >> f->msix.n));
}

static uint8_t control(const rv_pci *f) { return f->config[f->msix.at + CONTROL + 1]; }

bool rv_msix_enabled(const rv_pci *f) { return f->msix.n && (control(f) & ENABLE); }

/* ---- messages ---- */

static bool is_masked(const rv_pci *f, unsigned vector)
{
  return (control(f) & MASK_ALL) || (f->msix.entry[vector][VECTOR_CONTROL] & MASKED);
}

/* Where nothing is, or without being bus master, it is lost. */
static void write_message(rv_pci *f, unsigned vector)
{
  const uint32_t *e = f->msix.entry[vector], data = e[DATA];
  uint8_t bytes[4] = { (uint8_t)data, (uint8_t)(data >> 8), (uint8_t)(data >> 16), data >> 24 };
  (void)rv_pci_dma(f, (uint64_t)e[ADDRESS_HIGH] << 32 | e[ADDRESS], bytes, sizeof bytes, true);
}

void rv_msix_send(rv_pci *f, unsigned vector)
{
  if (vector >= f->msix.n)
    return;
  if (is_masked(f, vector))
    f->msix.pending |= 1u << vector;
  else
    write_message(f, vector);
}

void rv_msix_forget(rv_pci *f) { f->msix.pending = 0; }

/* What was pending is sent when its mask goes [PCI 6.8.3.4]. */
void rv_msix_configured(rv_pci *f)
{
  if (!rv_msix_enabled(f))
    return;
  for (unsigned i = 0; i < f->msix.n; i++)
    if (f->msix.pending >> i & 1 && !is_masked(f, i)) {
      f->msix.pending &= ~(1u << i);
      write_message(f, i);
    }
}

/* ---- the BAR: words, or two of them together [PCI 6.8.2] ---- */

static uint32_t read_word(const rv_pci *f, uint64_t offset)
{
  if (offset / ENTRY < f->msix.n)
    return f->msix.entry[offset / ENTRY][offset % ENTRY / 4];
  return offset == PBA ? f->msix.pending : 0;
}

/* Addresses are those of words; pending bits are the function's. */
static void write_word(rv_pci *f, uint64_t offset, uint32_t value)
{
  static const uint32_t writable[4] = { ~3u, ~0u, ~0u, MASKED };
  const unsigned word = offset % ENTRY / 4;
  if (offset / ENTRY < f->msix.n)
    f->msix.entry[offset / ENTRY][word] = value & writable[word];
}

uint64_t rv_msix_read(const rv_pci *f, uint64_t offset, unsigned size)
{
  if (size < 4 || offset % size)
    return 0;
  const uint64_t high = size == 8 ? read_word(f, offset + 4) : 0;
  return high << 32 | read_word(f, offset);
}

void rv_msix_write(rv_pci *f, uint64_t offset, unsigned size, uint64_t value)
{
  if (size < 4 || offset % size)
    return;
  write_word(f, offset, (uint32_t)value);
  if (size == 8)
    write_word(f, offset + 4, value >> 32);
  rv_msix_configured(f);
}
