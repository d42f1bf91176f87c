/* absent.c - what QEMU's virt board has and this machine was not given: the hint for a guest that
 * looks for it. Windows as in QEMU's memory map of virt.
 */
#include "machine/machine.h"
#include "priv/hint.h"
#include <inttypes.h>

static const struct {
  uint64_t base, size;
  const char *what, *cure;
} windows[] = {
  { 0x10001000, 0x8000, "a virtio-mmio slot", "-drive if=none and -device virtio-blk-device" },
  { 0x20000000, 0x4000000, "a pflash unit", "-drive if=pflash" },
  { 0x3000000, 0x10000, "the PCIe port window", "-drive if=none and -device virtio-blk-pci" },
  { 0x30000000, 0x10000000, "the PCIe ECAM", "-drive if=none and -device virtio-blk-pci" },
  { 0x40000000, 0x40000000, "the PCIe memory window", "-drive if=none and -device virtio-blk-pci" },
};

void rv_note_absence(rvh_machine *m, uint64_t pa)
{
  char text[160];
  for (unsigned i = 0; i < G_N_ELEMENTS(windows); i++)
    if (m->current && pa - windows[i].base < windows[i].size) {
      g_snprintf(text, sizeof text,
                 "0x%" PRIx64 " is in QEMU's window of %s, and this machine has none; on QEMU: %s",
                 pa, windows[i].what, windows[i].cure);
      rv_hint_once(m->current, m->current->pc, RV_HINT_NO_DISK, text);
    }
}
