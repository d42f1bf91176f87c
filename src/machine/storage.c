/* storage.c - drives, and the disks and flash chips of the virt board that use them.
 *
 * Depends on the devices only by their constructors. Rules of who gets which slot are QEMU's.
 */
#include "dev/pci.h"
#include "dev/pflash.h"
#include "dev/virtio.h"
#include "machine/machine.h"
#include "mmu/phys.h"
#include "mmu/tlb.h"

static bool fail(GError **error, const char *way_out, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, const char *way_out, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s\n%s", what, way_out);
  return false;
}

static bool no_memory(GError **error)
{
  return fail(error, "free some", "not enough memory for the devices");
}

/* ---- drives ---- */

static bool open_drives(rvh_machine *m, GError **error)
{
  for (unsigned i = 0; i < m->config.n_drives; i++) {
    const rvh_drive *d = &m->config.drives[i];
    char text[512];
    m->drive[i] = rv_drive_open(d->file, d->readonly, text, sizeof text);
    if (!m->drive[i]) {
      g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, text);
      return false;
    }
  }
  return true;
}

/* Gives away a drive: each has one user. */
static rv_drive *take_drive(rvh_machine *m, unsigned i)
{
  rv_drive *d = m->drive[i];
  m->drive[i] = NULL;
  m->drive_used[i] = true;
  return d;
}

/* The drive a device names; -1: error is set. */
static int find_drive(rvh_machine *m, const rvh_device *d, const char *device, GError **error)
{
  for (unsigned i = 0; i < m->config.n_drives; i++) {
    if (g_strcmp0(m->config.drives[i].id, d->drive))
      continue;
    if (!m->drive_used[i] && m->config.drives[i].bus == RVH_IF_NONE)
      return (int)i;
    fail(error, "a drive for a -device has if=none, and one user",
         "-device %s: drive '%s' is already in use", device, d->drive);
    return -1;
  }
  fail(error, "define it: -drive if=none,id=NAME,format=raw,file=FILE", "-device %s: no drive '%s'",
       device, d->drive);
  return -1;
}

void rv_storage_free(rvh_machine *m)
{
  for (unsigned i = 0; i < RVH_MAX_DRIVES; i++)
    rv_drive_close(m->drive[i]);
}

/* ---- disks ---- */

typedef struct {
  rvh_machine *m;
  rv_dev *pcie;
  rv_virtio *mmio[RV_VIRTIO_SLOTS];
} disks;

/* The drive belongs to the disk from here on. */
static rv_virtio *make_disk(disks *s, unsigned drive, const char *serial)
{
  rv_drive *d = take_drive(s->m, drive);
  rv_virtio *v = rv_virtio_blk_new(d, serial);
  if (!v)
    rv_drive_close(d);
  return v;
}

static bool plug_pci(disks *s, unsigned drive, const rvh_device *d, GError **error)
{
  rv_virtio *v = make_disk(s, drive, d->serial);
  rv_pci *f = v ? rv_virtio_pci_new(v, !d->disable_legacy) : NULL;
  if (!f) {
    if (v)
      v->free(v);
    return no_memory(error);
  }
  if (rv_pcie_plug(s->pcie, f, d->slot))
    return true;
  f->free(f);
  return fail(error, "leave addr= out, or give a free one from 1 to 0x1f",
              "-device virtio-blk-pci: PCI slot 0x%x is taken", (unsigned)d->slot);
}

/* The first device goes to the last slot, and so on downwards. */
static bool plug_mmio(disks *s, unsigned drive, const rvh_device *d, GError **error)
{
  int slot = d->slot;
  for (int i = RV_VIRTIO_SLOTS - 1; slot < 0 && i >= 0; i--)
    if (!s->mmio[i])
      slot = i;
  if (slot < 0 || slot >= RV_VIRTIO_SLOTS || s->mmio[slot])
    return fail(error, "there are virtio-mmio-bus.0 to .7, for one device each",
                "-device virtio-blk-device: no free slot, or bus=virtio-mmio-bus.%d is taken",
                d->slot);
  s->mmio[slot] = make_disk(s, drive, d->serial);
  return s->mmio[slot] || no_memory(error);
}

static bool plug_devices(disks *s, GError **error)
{
  rvh_machine *m = s->m;
  for (unsigned i = 0; i < m->config.n_devices; i++) {
    const rvh_device *d = &m->config.devices[i];
    if (d->kind == RVH_LOADER)
      continue;
    const bool pci = d->kind == RVH_VIRTIO_BLK_PCI;
    const int drive = find_drive(m, d, pci ? "virtio-blk-pci" : "virtio-blk-device", error);
    if (drive < 0 || !(pci ? plug_pci : plug_mmio)(s, (unsigned)drive, d, error))
      return false;
  }
  return true;
}

/* if=virtio is short for a virtio-blk-pci device, behind those that were asked for. */
static bool plug_drives(disks *s, GError **error)
{
  static const rvh_device any = { .kind = RVH_VIRTIO_BLK_PCI, .slot = RVH_ANY };
  for (unsigned i = 0; i < s->m->config.n_drives; i++)
    if (s->m->config.drives[i].bus == RVH_IF_VIRTIO && !plug_pci(s, i, &any, error))
      return false;
  return true;
}

/* Takes over s->mmio, also when it fails. */
static bool add_slots(disks *s, GError **error)
{
  bool ok = true;
  for (unsigned i = RV_VIRTIO_SLOTS; i-- > 0;) {
    rv_dev *d = rv_virtio_mmio_new(&s->m->board, i, !s->m->config.virtio_mmio_modern, s->mmio[i]);
    if (!d && s->mmio[i])
      s->mmio[i]->free(s->mmio[i]);
    ok &= rv_board_add(s->m, d) != NULL;
  }
  return ok || no_memory(error);
}

static bool add_disks(rvh_machine *m, GError **error)
{
  disks s = { .m = m, .pcie = rv_pcie_new(&m->board) };
  if (!s.pcie)
    return no_memory(error);
  const bool plugged = plug_devices(&s, error) && plug_drives(&s, error);
  const bool slots = add_slots(&s, plugged ? error : NULL);
  for (unsigned i = 0; i < RV_PCI_WINDOWS;
       i++) /* before what they are parts of, which frees them */
    rv_board_add(m, rv_pcie_window(s.pcie, i));
  rv_board_add(m, s.pcie);
  return plugged && slots;
}

/* ---- flash ---- */

/* What was translated may lead to the other kind of memory now. */
static void set_array(void *ctx, uint64_t base, bool array)
{
  rvh_machine *m = ctx;
  rv_phys_find(&m->phys, base, 1)->hidden = !array;
  for (unsigned i = 0; i < m->config.n_harts; i++)
    rv_tlb_drop_all(m->harts[i]);
}

static void flash_changed(void *ctx, uint64_t pa, uint64_t n)
{
  rvh_machine *m = ctx;
  rv_phys_written(&m->phys, rv_phys_find(&m->phys, pa, n), NULL, pa, n);
}

/* The number of the drive that is flash chip unit; -1: it has none; -2: error is set. A drive
 * without a unit gets the first that nobody before it has. */
static int flash_drive(const rvh_machine *m, int unit, GError **error)
{
  int found = -1, next = 0;
  for (unsigned i = 0; i < m->config.n_drives; i++) {
    const rvh_drive *d = &m->config.drives[i];
    if (d->bus != RVH_IF_PFLASH)
      continue;
    const int mine = d->unit == RVH_ANY ? next : d->unit;
    next = mine >= next ? mine + 1 : next;
    if (mine >= RV_PFLASH_UNITS || (mine == unit && found >= 0)) {
      fail(error, "the flash chips are unit=0 and unit=1, one file each", "%s: flash unit %d %s",
           d->file, mine, found >= 0 ? "has a file already" : "does not exist");
      return -2;
    }
    if (mine == unit)
      found = (int)i;
  }
  return found;
}

static bool add_flash(rvh_machine *m, unsigned unit, GError **error)
{
  const int drive = flash_drive(m, (int)unit, error);
  if (drive == -2)
    return false;
  if (drive >= 0 && rv_drive_size(m->drive[drive]) != RV_PFLASH_SIZE)
    return fail(error, "make it so: truncate -s 32M FILE", "%s: a flash chip is a file of 32 MiB",
                m->config.drives[drive].file);
  const rv_region *r = rv_phys_add(&m->phys, RV_PFLASH_BASE(unit), RV_PFLASH_SIZE, true);
  const rv_pflash_memory memory = {
    .ctx = m, .bytes = r ? r->host : NULL, .set_array = set_array, .changed = flash_changed
  };
  rv_drive *d = r && drive >= 0 ? take_drive(m, (unsigned)drive) : NULL;
  if (r && rv_board_add(m, rv_pflash_new(&m->board, unit, &memory, d))) {
    m->flash_boot |= unit == 0 && d;
    return true;
  }
  rv_drive_close(d);
  return fail(error, "look at the file and at the memory that is free",
              "flash unit %u cannot be made or read", unit);
}

bool rv_storage_init(rvh_machine *m, GError **error)
{
  return open_drives(m, error) && add_disks(m, error) && add_flash(m, 0, error) &&
         add_flash(m, 1, error);
}
