/* storage.c - the options that name disks, flash, devices and files to load: -drive, -device,
 * -global, and the board with its properties: -machine. Spelled as QEMU's; what would not be done
 * is refused.
 */
#include "cli/keys.h"
#include <string.h>

/* Keys of QEMU's that change nothing here. */
static bool ignore(void *target, const char *value, GError **error) { return true; }

/* ---- -drive ---- */

static bool drive_file(void *target, const char *value, GError **error)
{
  ((rvh_drive *)target)->file = value;
  return *value || cli_fail(error, "give a file, like file=disk.img", "-drive: file= is empty");
}

static bool drive_id(void *target, const char *value, GError **error)
{
  ((rvh_drive *)target)->id = value;
  return true;
}

static bool drive_if(void *target, const char *value, GError **error)
{
  static const char *const names[] = {
    [RVH_IF_NONE] = "none", [RVH_IF_PFLASH] = "pflash", [RVH_IF_VIRTIO] = "virtio"
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    if (!strcmp(value, names[i])) {
      ((rvh_drive *)target)->bus = (rvh_drive_if)i;
      return true;
    }
  return cli_fail(error, "possible here: none, pflash, virtio", "-drive: if=%s is not available",
                  value);
}

static bool drive_format(void *target, const char *value, GError **error)
{
  return !strcmp(value, "raw") ||
         cli_fail(error, "convert it: qemu-img convert -O raw FILE FILE.img",
                  "-drive: format=%s is not available, only raw", value);
}

static bool drive_unit(void *target, const char *value, GError **error)
{
  uint64_t unit;
  if (!cli_parse_scaled(value, "", 1, &unit) || unit > 31)
    return cli_fail(error, "write it like unit=1", "-drive: '%s' is not a unit", value);
  ((rvh_drive *)target)->unit = (int)unit;
  return true;
}

static bool drive_readonly(void *target, const char *value, GError **error)
{
  return cli_parse_switch("-drive: readonly", value, &((rvh_drive *)target)->readonly, error);
}

static bool drive_snapshot(void *target, const char *value, GError **error)
{
  return cli_parse_switch("-drive: snapshot", value, &((rvh_drive *)target)->overlay, error);
}

static bool drive_media(void *target, const char *value, GError **error)
{
  return !strcmp(value, "disk") ||
         cli_fail(error, "leave media= out", "-drive: media=%s is not available", value);
}

bool cli_drive(rvh_config *config, const char *text, GError **error)
{
  static const cli_keyword keys[] = {
    { "file", drive_file },
    { "if", drive_if },
    { "id", drive_id },
    { "format", drive_format },
    { "unit", drive_unit },
    { "index", drive_unit },
    { "readonly", drive_readonly },
    { "snapshot", drive_snapshot },
    { "media", drive_media },
    { "cache", ignore },
    { "aio", ignore },
  };
  rvh_drive d = { .unit = RVH_ANY };
  if (!cli_keys_parse("-drive", text, keys, G_N_ELEMENTS(keys), &d, error))
    return false;
  if (!d.file)
    return cli_fail(error, "write it like -drive if=none,format=raw,file=disk.img,id=hd",
                    "-drive: no file=");
  for (unsigned i = 0; i < config->n_drives && d.id; i++)
    if (!g_strcmp0(config->drives[i].id, d.id))
      return cli_fail(error, "give each drive an id of its own", "-drive: two with id=%s", d.id);
  if (config->n_drives == RVH_MAX_DRIVES)
    return cli_fail(error, "use fewer", "-drive: more than %d", RVH_MAX_DRIVES);
  config->drives[config->n_drives++] = d;
  return true;
}

bool cli_boots_flash(const rvh_config *config)
{
  for (unsigned i = 0; i < config->n_drives; i++)
    if (config->drives[i].bus == RVH_IF_PFLASH && config->drives[i].unit <= 0)
      return true;
  return false;
}

/* ---- -device ---- */

static const char *device_name(const rvh_device *d);

static bool device_netdev(void *target, const char *value, GError **error)
{
  ((rvh_device *)target)->netdev = value;
  return true;
}

static bool device_mac(void *target, const char *value, GError **error)
{
  rvh_device *d = target;
  d->has_mac = cli_parse_mac(value, d->mac);
  if (d->has_mac && !(d->mac[0] & 1))
    return true;
  return cli_fail(error, "write it like mac=52:54:00:12:34:56; the first byte is even",
                  "-device %s: mac=%s is not the address of one device", device_name(d), value);
}

static bool device_chardev(void *target, const char *value, GError **error)
{
  ((rvh_device *)target)->chardev = value;
  return true;
}

static bool device_drive(void *target, const char *value, GError **error)
{
  ((rvh_device *)target)->drive = value;
  return true;
}

static bool device_serial(void *target, const char *value, GError **error)
{
  ((rvh_device *)target)->serial = value;
  return true;
}

static bool device_mmio_bus(void *target, const char *value, GError **error)
{
  static const char bus[] = "virtio-mmio-bus.";
  uint64_t slot;
  if (!g_str_has_prefix(value, bus) || !cli_parse_scaled(value + strlen(bus), "", 1, &slot) ||
      slot > 7)
    return cli_fail(error, "there are virtio-mmio-bus.0 to virtio-mmio-bus.7",
                    "-device %s: no bus '%s'", device_name(target), value);
  ((rvh_device *)target)->slot = (int)slot;
  return true;
}

static bool device_pci_bus(void *target, const char *value, GError **error)
{
  return !strcmp(value, "pcie.0") ||
         cli_fail(error, "there is pcie.0", "-device %s: no bus '%s'", device_name(target), value);
}

/* SLOT or SLOT.0, in hexadecimal even without 0x, as QEMU reads it. */
static bool device_addr(void *target, const char *value, GError **error)
{
  char *end;
  const bool digit = g_ascii_isxdigit(*value);
  const guint64 slot = digit ? g_ascii_strtoull(value, &end, 16) : 0;
  if (!digit || (*end && strcmp(end, ".0")) || slot < 1 || slot > 31)
    return cli_fail(error, "give a slot from 1 to 0x1f, like addr=0x4",
                    "-device %s: addr=%s is not possible", device_name(target), value);
  ((rvh_device *)target)->slot = (int)slot;
  return true;
}

static bool device_disable_legacy(void *target, const char *value, GError **error)
{
  rvh_device *d = target;
  g_autofree char *what = g_strdup_printf("-device %s: disable-legacy", device_name(d));
  return !strcmp(value, "auto") || cli_parse_switch(what, value, &d->disable_legacy, error);
}

static bool device_disable_modern(void *target, const char *value, GError **error)
{
  bool on = true;
  g_autofree char *what = g_strdup_printf("-device %s: disable-modern", device_name(target));
  return cli_parse_switch(what, value, &on, error) &&
         (!on || cli_fail(error, "old drivers find the legacy registers in BAR 0 all the same",
                          "%s=on is not available", what));
}

static bool loader_file(void *target, const char *value, GError **error)
{
  ((rvh_device *)target)->file = value;
  return true;
}

static bool loader_addr(void *target, const char *value, GError **error)
{
  rvh_device *d = target;
  d->has_addr = cli_parse_scaled(value, "", 1, &d->addr);
  return d->has_addr || cli_fail(error, "write it like addr=0x90000000",
                                 "-device loader: '%s' is not an address", value);
}

static bool loader_raw(void *target, const char *value, GError **error)
{
  return cli_parse_switch("-device loader: force-raw", value, &((rvh_device *)target)->force_raw,
                          error);
}

#define ANY_KEYS                                                                                   \
  {                                                                                                \
    "id", ignore                                                                                   \
  }
#define MMIO_KEYS                                                                                  \
  ANY_KEYS, { "bus", device_mmio_bus }
#define PCI_KEYS                                                                                   \
  ANY_KEYS, { "bus", device_pci_bus }, { "addr", device_addr },                                    \
      { "disable-legacy", device_disable_legacy },                                                 \
  {                                                                                                \
    "disable-modern", device_disable_modern                                                        \
  }
#define BLK_KEYS                                                                                   \
  { "drive", device_drive }, { "serial", device_serial }, { "bootindex", ignore }
#define NET_KEYS                                                                                   \
  { "netdev", device_netdev }, { "mac", device_mac }, { "bootindex", ignore }
/* Which of QEMU's sources of randomness it was: here there is --seed. */
#define RNG_KEYS                                                                                   \
  {                                                                                                \
    "rng", ignore                                                                                  \
  }
#define TABLE(...)                                                                                 \
  (const cli_keyword[]){ __VA_ARGS__ },                                                            \
      sizeof((const cli_keyword[]){ __VA_ARGS__ }) / sizeof(cli_keyword)

typedef struct {
  const char *name;
  const cli_keyword *keys;
  size_t n_keys;
  const char *needs; /* for a message; NULL: nothing */
} device_row;

enum { VIRTCONSOLE = RVH_LOADER + 1 }; /* a port of the virtio-serial before it */

static const device_row devices[] = {
  [RVH_VIRTIO_BLK_MMIO] = { "virtio-blk-device", TABLE(MMIO_KEYS, BLK_KEYS), "drive" },
  [RVH_VIRTIO_BLK_PCI] = { "virtio-blk-pci", TABLE(PCI_KEYS, BLK_KEYS), "drive" },
  [RVH_VIRTIO_NET_MMIO] = { "virtio-net-device", TABLE(MMIO_KEYS, NET_KEYS), NULL },
  [RVH_VIRTIO_NET_PCI] = { "virtio-net-pci", TABLE(PCI_KEYS, NET_KEYS), NULL },
  [RVH_VIRTIO_RNG_MMIO] = { "virtio-rng-device", TABLE(MMIO_KEYS, RNG_KEYS), NULL },
  [RVH_VIRTIO_RNG_PCI] = { "virtio-rng-pci", TABLE(PCI_KEYS, RNG_KEYS), NULL },
  [RVH_VIRTIO_SERIAL_MMIO] = { "virtio-serial-device", TABLE(MMIO_KEYS), NULL },
  [RVH_VIRTIO_SERIAL_PCI] = { "virtio-serial-pci", TABLE(PCI_KEYS), NULL },
  [RVH_LOADER] = { "loader",
                   TABLE({ "file", loader_file }, { "addr", loader_addr },
                         { "force-raw", loader_raw }, ANY_KEYS),
                   "file" },
  [VIRTCONSOLE] = { "virtconsole",
                    TABLE({ "chardev", device_chardev }, { "name", ignore }, { "nr", ignore },
                          { "bus", ignore }, ANY_KEYS),
                    "chardev" },
};

static const char *device_name(const rvh_device *d) { return devices[d->kind].name; }

static const char *needed(const rvh_device *d)
{
  switch ((int)d->kind) {
  case RVH_LOADER:
    return d->file;
  case VIRTCONSOLE:
    return d->chardev;
  default:
    return d->drive;
  }
}

static const char *device_at(const void *table, size_t i)
{
  return ((const device_row *)table)[i].name;
}

static bool unknown_device(const char *name, GError **error)
{
  const size_t like = cli_nearest(name, device_at, devices, G_N_ELEMENTS(devices));
  g_autofree char *way_out =
      like < G_N_ELEMENTS(devices)
          ? g_strdup_printf("did you mean %s?", devices[like].name)
          : g_strdup(
                "possible here: virtio-{blk,net,rng,serial}-{device,pci}, virtconsole, loader");
  return cli_fail(error, way_out, "-device %s: not available", name);
}

/* A virtio-serial has one port here. */
static bool add_console(rvh_config *config, const rvh_device *d, GError **error)
{
  for (unsigned i = config->n_devices; i-- > 0;) {
    rvh_device *serial = &config->devices[i];
    if (serial->kind != RVH_VIRTIO_SERIAL_MMIO && serial->kind != RVH_VIRTIO_SERIAL_PCI)
      continue;
    if (serial->chardev)
      break;
    serial->chardev = d->chardev;
    return true;
  }
  return cli_fail(error, "give -device virtio-serial-device (or -pci) before each of them",
                  "-device virtconsole: no virtio-serial with a free port");
}

static bool add_device(rvh_config *config, const rvh_device *d, GError **error)
{
  const device_row *row = &devices[d->kind];
  if (row->needs && !needed(d))
    return cli_fail(error, "--help shows an example", "-device %s: no %s=", row->name, row->needs);
  if ((int)d->kind == VIRTCONSOLE)
    return add_console(config, d, error);
  if (config->n_devices == RVH_MAX_DEVICES)
    return cli_fail(error, "use fewer", "-device: more than %d", RVH_MAX_DEVICES);
  config->devices[config->n_devices++] = *d;
  return true;
}

/* QEMU's other names: virtio-net is virtio-net-pci, and a -non-transitional one has no legacy
 * registers. */
static char *known_name(const char *given, size_t n, bool *disable_legacy)
{
  static const char *const short_names[] = { "virtio-blk", "virtio-net", "virtio-rng",
                                             "virtio-serial" };
  static const char *const ends[] = { "-transitional", "-non-transitional" };
  g_autofree char *name = g_strndup(given, n);
  for (unsigned i = 0; i < G_N_ELEMENTS(short_names); i++)
    if (!strcmp(name, short_names[i]))
      return g_strconcat(name, "-pci", NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
    g_autofree char *end = g_strconcat("-pci", ends[i], NULL);
    if (!g_str_has_suffix(name, end))
      continue;
    *disable_legacy = i == 1;
    return g_strndup(name, strlen(name) - strlen(ends[i]));
  }
  return g_steal_pointer(&name);
}

bool cli_device(rvh_config *config, const char *text, GError **error)
{
  const size_t n = strcspn(text, ","), skip = g_str_has_prefix(text, "driver=") ? 7 : 0;
  bool disable_legacy = false;
  g_autofree char *name = known_name(text + skip, n - skip, &disable_legacy);
  for (unsigned kind = 0; kind < G_N_ELEMENTS(devices); kind++) {
    const device_row *row = &devices[kind];
    if (strcmp(row->name, name))
      continue;
    g_autofree char *what = g_strdup_printf("-device %s", name);
    rvh_device d = { .kind = (rvh_device_kind)kind,
                     .slot = RVH_ANY,
                     .disable_legacy = disable_legacy };
    return cli_keys_parse(what, text[n] ? text + n + 1 : "", row->keys, row->n_keys, &d, error) &&
           add_device(config, &d, error);
  }
  return unknown_device(name, error);
}

/* ---- -object ---- */

/* A source of random numbers, which -device virtio-rng-... has here without. */
bool cli_object(const char *text, GError **error)
{
  const size_t n = strcspn(text, ",");
  g_autofree char *kind = g_strndup(text, n);
  return !strcmp(kind, "rng-random") || !strcmp(kind, "rng-builtin") ||
         cli_fail(error, "possible here: rng-random, rng-builtin, which change nothing: see --seed",
                  "-object %s: not available", kind);
}

/* ---- -global ---- */

static bool global_force_legacy(void *target, const char *value, GError **error)
{
  bool legacy = true;
  const bool ok = cli_parse_switch("-global virtio-mmio.force-legacy", value, &legacy, error);
  ((rvh_config *)target)->virtio_mmio_modern = !legacy;
  return ok;
}

bool cli_global(rvh_config *config, const char *text, GError **error)
{
  static const cli_keyword keys[] = { { "virtio-mmio.force-legacy", global_force_legacy } };
  return cli_keys_parse("-global", text, keys, G_N_ELEMENTS(keys), config, error);
}

/* ---- -machine ---- */

static bool machine_aia(void *target, const char *value, GError **error)
{
  static const char *const words[] = {
    [RVH_AIA_NONE] = "none", [RVH_AIA_APLIC] = "aplic", [RVH_AIA_APLIC_IMSIC] = "aplic-imsic"
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
    if (!strcmp(value, words[i])) {
      ((rvh_config *)target)->aia = (rvh_aia)i;
      return true;
    }
  return cli_fail(error, "possible here: none, aplic, aplic-imsic",
                  "-machine virt,aia=%s: not available", value);
}

static bool machine_aia_guests(void *target, const char *value, GError **error)
{
  uint64_t n;
  if (!cli_parse_scaled(value, "", 1, &n) || n > RVH_AIA_GUESTS)
    return cli_fail(error, "give a number from 0 to 7",
                    "-machine virt,aia-guests=: '%s' guest files are not possible", value);
  ((rvh_config *)target)->aia_guests = (unsigned)n;
  return true;
}

static bool machine_dumpdtb(void *target, const char *value, GError **error)
{
  ((rvh_config *)target)->dumpdtb = value;
  return *value || cli_fail(error, "give a file, like dumpdtb=virt.dtb",
                            "-machine virt,dumpdtb=: the name is empty");
}

bool cli_machine(rvh_config *config, const char *text, GError **error)
{
  static const cli_keyword keys[] = { { "aia", machine_aia },
                                      { "aia-guests", machine_aia_guests },
                                      { "dumpdtb", machine_dumpdtb } };
  const char *name = g_str_has_prefix(text, "type=") ? text + strlen("type=") : text;
  const size_t n = strcspn(name, ",");
  if (n != strlen("virt") || !g_str_has_prefix(name, "virt"))
    return cli_fail(error, "possible here: virt", "-machine %.*s: not available", (int)n, name);
  return cli_keys_parse("-machine virt", name[n] ? name + n + 1 : "", keys, G_N_ELEMENTS(keys),
                        config, error);
}
