/* storage.c - drives, and the disks and flash chips of the virt board that use them.
 *
 * Depends on the devices only by their constructors.
 */
#include "dev/pflash.h"
#include "machine/machine.h"
#include "mmu/phys.h"
#include "mmu/tlb.h"

#define fail rv_plug_fail

/* ---- drives ---- */

bool rv_storage_open(rvh_machine *m, GError **error)
{
  for (unsigned i = 0; i < m->config.n_drives; i++) {
    rvh_drive *d = &m->config.drives[i];
    char text[512];
    d->overlay |= m->config.overlays;
    const rv_drive_mode mode = d->readonly  ? RV_DRIVE_READ
                               : d->overlay ? RV_DRIVE_OVERLAY
                                            : RV_DRIVE_WRITE;
    m->drive[i] = m->medium[i] = rv_drive_open(d->file, mode, text, sizeof text);
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

/* The drive belongs to the disk from here on. */
rv_virtio *rv_storage_disk_of(rvh_machine *m, unsigned drive, const char *serial)
{
  rv_drive *d = take_drive(m, drive);
  rv_virtio *v = rv_virtio_blk_new(d, serial);
  if (!v)
    rv_drive_close(d);
  return v;
}

rv_virtio *rv_storage_disk(rvh_machine *m, const rvh_device *d, const char *name, GError **error)
{
  const int drive = find_drive(m, d, name, error);
  return drive < 0 ? NULL : rv_storage_disk_of(m, (unsigned)drive, d->serial);
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

bool rv_storage_flash(rvh_machine *m, GError **error)
{
  return add_flash(m, 0, error) && add_flash(m, 1, error);
}
