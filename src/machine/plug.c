/* plug.c - the virtio devices of -device: what each is made of, and which slot it gets.
 *
 * Rules of who gets which slot are QEMU's. Depends on the devices only by their constructors; what
 * is behind them is storage.c's, network.c's and character.c's.
 */
#include "dev/pci.h"
#include "machine/machine.h"

bool rv_plug_fail(GError **error, const char *way_out, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s\n%s", what, way_out);
  return false;
}

#define fail rv_plug_fail

static bool no_memory(GError **error)
{
  return fail(error, "free some", "not enough memory for the devices");
}

typedef struct {
  rvh_machine *m;
  rv_dev *pcie;
  rv_virtio *mmio[RV_VIRTIO_SLOTS];
} slots;

/* ---- making ---- */

/* NULL: error is set, or memory is short. */
typedef rv_virtio *maker(rvh_machine *m, const rvh_device *d, const char *name, GError **error);

static rv_virtio *make_rng(rvh_machine *m, const rvh_device *d, const char *name, GError **error)
{
  return rv_virtio_rng_new(m->config.seed + m->n_rngs++);
}

typedef struct {
  const char *name;
  bool pci;
  maker *make;
} kind_row;

static const kind_row kinds[] = {
  [RVH_VIRTIO_BLK_MMIO] = { "virtio-blk-device", false, rv_storage_disk },
  [RVH_VIRTIO_BLK_PCI] = { "virtio-blk-pci", true, rv_storage_disk },
  [RVH_VIRTIO_NET_MMIO] = { "virtio-net-device", false, rv_network_card },
  [RVH_VIRTIO_NET_PCI] = { "virtio-net-pci", true, rv_network_card },
  [RVH_VIRTIO_RNG_MMIO] = { "virtio-rng-device", false, make_rng },
  [RVH_VIRTIO_RNG_PCI] = { "virtio-rng-pci", true, make_rng },
  [RVH_VIRTIO_SERIAL_MMIO] = { "virtio-serial-device", false, rv_character_port },
  [RVH_VIRTIO_SERIAL_PCI] = { "virtio-serial-pci", true, rv_character_port },
};

/* ---- plugging: v belongs to the slot, or is freed ---- */

static bool plugged(slots *s, rv_virtio *v)
{
  s->m->virtio[s->m->n_virtio++] = v;
  return true;
}

static bool plug_pci(slots *s, const char *name, const rvh_device *d, rv_virtio *v, GError **error)
{
  rv_pci *f = rv_virtio_pci_new(v, !d->disable_legacy);
  if (!f) {
    v->free(v);
    return no_memory(error);
  }
  if (rv_pcie_plug(s->pcie, f, d->slot))
    return plugged(s, v);
  f->free(f);
  return fail(error, "leave addr= out, or give a free one from 1 to 0x1f",
              "-device %s: PCI slot 0x%x is taken", name, (unsigned)d->slot);
}

/* The first device goes to the last slot, and so on downwards. */
static bool plug_mmio(slots *s, const char *name, const rvh_device *d, rv_virtio *v, GError **error)
{
  int slot = d->slot;
  for (int i = RV_VIRTIO_SLOTS - 1; slot < 0 && i >= 0; i--)
    if (!s->mmio[i])
      slot = i;
  if (slot >= 0 && slot < RV_VIRTIO_SLOTS && !s->mmio[slot]) {
    s->mmio[slot] = v;
    return plugged(s, v);
  }
  v->free(v);
  return fail(error, "there are virtio-mmio-bus.0 to .7, for one device each",
              "-device %s: no free slot, or bus=virtio-mmio-bus.%d is taken", name, d->slot);
}

static bool plug_devices(slots *s, GError **error)
{
  for (unsigned i = 0; i < s->m->config.n_devices; i++) {
    const rvh_device *d = &s->m->config.devices[i];
    if (d->kind == RVH_LOADER)
      continue;
    const kind_row *row = &kinds[d->kind];
    g_autoptr(GError) why = NULL;
    rv_virtio *v = row->make(s->m, d, row->name, &why);
    if (why)
      g_propagate_error(error, g_steal_pointer(&why));
    else if (!v)
      no_memory(error);
    if (!v || !(row->pci ? plug_pci : plug_mmio)(s, row->name, d, v, error))
      return false;
  }
  return true;
}

/* if=virtio is short for a virtio-blk-pci device, behind those that were asked for. */
static bool plug_drives(slots *s, GError **error)
{
  static const rvh_device any = { .kind = RVH_VIRTIO_BLK_PCI, .slot = RVH_ANY };
  for (unsigned i = 0; i < s->m->config.n_drives; i++) {
    if (s->m->config.drives[i].bus != RVH_IF_VIRTIO)
      continue;
    rv_virtio *v = rv_storage_disk_of(s->m, i, NULL);
    if (!v)
      return no_memory(error);
    if (!plug_pci(s, kinds[any.kind].name, &any, v, error))
      return false;
  }
  return true;
}

/* Takes over s->mmio, also when it fails. */
static bool add_slots(slots *s, GError **error)
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

bool rv_plug_init(rvh_machine *m, GError **error)
{
  slots s = { .m = m, .pcie = rv_pcie_new(&m->board) };
  if (!s.pcie)
    return no_memory(error);
  const bool done = plug_devices(&s, error) && plug_drives(&s, error);
  const bool added = add_slots(&s, done ? error : NULL);
  if (done)
    rv_network_look(m);
  for (unsigned i = 0; i < RV_PCI_WINDOWS;
       i++) /* before what they are parts of, which frees them */
    rv_board_add(m, rv_pcie_window(s.pcie, i));
  rv_board_add(m, s.pcie);
  return done && added;
}
