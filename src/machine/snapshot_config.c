/* snapshot_config.c - what kind of machine a snapshot is of: the options and files that made it.
 *
 * Files are not in a snapshot but named, with what tells whether they are still the same: a
 * program's symbols are wanted for the log, and its bytes when the guest resets the machine.
 */
#include "machine/machine.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file that was loaded into memory. */
typedef struct {
  char *path;
  char *sum; /* SHA-256 of what was loaded */
} file_mark;

typedef struct {
  char *id, *path;
  uint32_t bus;
  uint64_t unit; /* an int */
  bool readonly, overlay;
  uint64_t size;
  uint64_t changed; /* when it was last written: nanoseconds; 0: too short ago to be told by that */
  uint64_t sum;     /* of a disk: rv_drive_sum */
} drive_mark;

typedef struct {
  uint32_t kind;
  char *drive, *serial, *netdev, *chardev;
  bool has_mac;
  uint8_t mac[6];
  uint64_t slot; /* an int */
  bool disable_legacy, has_addr, force_raw;
  uint64_t addr;
  file_mark file;
} device_mark;

/* What is outside: these say it as the options did, and others may be given. */
typedef struct {
  char *text;
  bool udp;
  uint32_t host, guest;
  uint16_t host_port, guest_port;
} forward_mark;

typedef struct {
  char *id, *hostname;
  bool restricted, no_ipv6;
  uint32_t net, mask, host, dhcpstart, dns, n_forwards;
  forward_mark forward[RVH_MAX_FORWARDS];
} netdev_mark;

typedef struct {
  char *id, *path;
  uint32_t kind;
} chardev_mark;

struct rv_origin {
  char *isa;
  uint64_t ram_size, extensions, seed;
  uint32_t n_harts, bios, aia, aia_guests;
  bool htinst_zero, adue, strict, mmio_modern, firmware;
  bool semihosting, semihost_userspace;
  char *append, *command_line; /* command_line: of semihosting */
  file_mark kernel, bios_file, initrd, dtb;
  uint32_t n_drives, n_devices, n_netdevs, n_chardevs;
  drive_mark drive[RVH_MAX_DRIVES];
  device_mark device[RVH_MAX_DEVICES];
  netdev_mark netdev[RVH_MAX_NETDEVS];
  chardev_mark chardev[RVH_MAX_CHARDEVS];
};

/* ---- the part ---- */

static void file_state(file_mark *f, rv_state *s)
{
  rv_state_text(s, &f->path);
  rv_state_text(s, &f->sum);
  rv_state_check(s, !f->path == !f->sum);
}

static void drive_state(drive_mark *d, rv_state *s)
{
  rv_state_text(s, &d->id);
  rv_state_text(s, &d->path);
  rv_state_field(s, &d->bus);
  rv_state_field(s, &d->unit);
  rv_state_field(s, &d->readonly);
  rv_state_field(s, &d->overlay);
  rv_state_field(s, &d->size);
  rv_state_field(s, &d->changed);
  rv_state_field(s, &d->sum);
  rv_state_check(s, d->path && d->bus <= RVH_IF_PFLASH);
}

static void device_state(device_mark *d, rv_state *s)
{
  rv_state_field(s, &d->kind);
  rv_state_text(s, &d->drive);
  rv_state_text(s, &d->serial);
  rv_state_text(s, &d->netdev);
  rv_state_text(s, &d->chardev);
  rv_state_field(s, &d->has_mac);
  rv_state_bytes(s, d->mac, sizeof d->mac);
  rv_state_field(s, &d->slot);
  rv_state_field(s, &d->disable_legacy);
  rv_state_field(s, &d->has_addr);
  rv_state_field(s, &d->force_raw);
  rv_state_field(s, &d->addr);
  file_state(&d->file, s);
  const bool disk = d->kind == RVH_VIRTIO_BLK_MMIO || d->kind == RVH_VIRTIO_BLK_PCI;
  rv_state_check(s, d->kind <= RVH_LOADER && (d->kind == RVH_LOADER) == (d->file.path != NULL) &&
                        disk == (d->drive != NULL));
}

static void forward_state(forward_mark *f, rv_state *s)
{
  rv_state_text(s, &f->text);
  rv_state_field(s, &f->udp);
  rv_state_field(s, &f->host);
  rv_state_field(s, &f->guest);
  rv_state_field(s, &f->host_port);
  rv_state_field(s, &f->guest_port);
}

static void netdev_state(netdev_mark *d, rv_state *s)
{
  rv_state_text(s, &d->id);
  rv_state_text(s, &d->hostname);
  rv_state_field(s, &d->restricted);
  rv_state_field(s, &d->no_ipv6);
  rv_state_field(s, &d->net);
  rv_state_field(s, &d->mask);
  rv_state_field(s, &d->host);
  rv_state_field(s, &d->dhcpstart);
  rv_state_field(s, &d->dns);
  rv_state_field(s, &d->n_forwards);
  rv_state_check(s, d->id && d->n_forwards <= RVH_MAX_FORWARDS);
  for (unsigned i = 0; i < d->n_forwards && rv_state_ok(s); i++)
    forward_state(&d->forward[i], s);
}

static void chardev_state(chardev_mark *c, rv_state *s)
{
  rv_state_text(s, &c->id);
  rv_state_text(s, &c->path);
  rv_state_field(s, &c->kind);
  rv_state_check(s, c->id && c->kind <= RVH_CHARDEV_NULL &&
                        (c->kind == RVH_CHARDEV_FILE) == (c->path != NULL));
}

/* Both ends of the machine's connections to the outside. */
static void outside_state(rv_origin *o, rv_state *s)
{
  rv_state_field(s, &o->n_netdevs);
  rv_state_field(s, &o->n_chardevs);
  rv_state_check(s, o->n_netdevs <= RVH_MAX_NETDEVS && o->n_chardevs <= RVH_MAX_CHARDEVS);
  for (unsigned i = 0; i < o->n_netdevs && rv_state_ok(s); i++)
    netdev_state(&o->netdev[i], s);
  for (unsigned i = 0; i < o->n_chardevs && rv_state_ok(s); i++)
    chardev_state(&o->chardev[i], s);
}

static void origin_state(rv_origin *o, rv_state *s)
{
  rv_state_begin(s, "machine", 0, 3);
  rv_state_text(s, &o->isa);
  rv_state_field(s, &o->ram_size);
  rv_state_field(s, &o->extensions);
  rv_state_field(s, &o->seed);
  rv_state_field(s, &o->n_harts);
  rv_state_field(s, &o->bios);
  rv_state_field(s, &o->aia);
  rv_state_field(s, &o->aia_guests);
  rv_state_field(s, &o->htinst_zero);
  rv_state_field(s, &o->adue);
  rv_state_field(s, &o->strict);
  rv_state_field(s, &o->mmio_modern);
  rv_state_field(s, &o->firmware);
  rv_state_field(s, &o->semihosting);
  rv_state_field(s, &o->semihost_userspace);
  rv_state_text(s, &o->append);
  rv_state_text(s, &o->command_line);
  file_state(&o->kernel, s);
  file_state(&o->bios_file, s);
  file_state(&o->initrd, s);
  file_state(&o->dtb, s);
  rv_state_field(s, &o->n_drives);
  rv_state_field(s, &o->n_devices);
  rv_state_check(s, o->isa && o->n_harts >= 1 && o->n_harts <= RV_BOARD_HARTS &&
                        o->bios <= RVH_BIOS_FILE && o->aia <= RVH_AIA_APLIC_IMSIC &&
                        o->aia_guests <= RVH_AIA_GUESTS && o->ram_size >= RV_PAGE_SIZE &&
                        o->ram_size <= 256ull << 30 && o->n_drives <= RVH_MAX_DRIVES &&
                        o->n_devices <= RVH_MAX_DEVICES);
  for (unsigned i = 0; i < o->n_drives && rv_state_ok(s); i++)
    drive_state(&o->drive[i], s);
  for (unsigned i = 0; i < o->n_devices && rv_state_ok(s); i++)
    device_state(&o->device[i], s);
  if (rv_state_ok(s))
    outside_state(o, s);
  rv_state_end(s);
}

rv_origin *rv_origin_load(rv_state *s)
{
  rv_origin *o = calloc(1, sizeof *o);
  origin_state(o, s);
  if (rv_state_ok(s))
    return o;
  rv_origin_free(o);
  return NULL;
}

static void free_file(file_mark *f)
{
  free(f->path);
  free(f->sum);
}

static void free_outside(rv_origin *o)
{
  for (unsigned i = 0; i < RVH_MAX_NETDEVS; i++) {
    free(o->netdev[i].id);
    free(o->netdev[i].hostname);
    for (unsigned n = 0; n < RVH_MAX_FORWARDS; n++)
      free(o->netdev[i].forward[n].text);
  }
  for (unsigned i = 0; i < RVH_MAX_CHARDEVS; i++) {
    free(o->chardev[i].id);
    free(o->chardev[i].path);
  }
}

void rv_origin_free(rv_origin *o)
{
  if (!o)
    return;
  free(o->isa);
  free(o->append);
  free(o->command_line);
  free_file(&o->kernel);
  free_file(&o->bios_file);
  free_file(&o->initrd);
  free_file(&o->dtb);
  for (unsigned i = 0; i < RVH_MAX_DRIVES; i++) {
    free(o->drive[i].id);
    free(o->drive[i].path);
  }
  for (unsigned i = 0; i < RVH_MAX_DEVICES; i++) {
    free(o->device[i].drive);
    free(o->device[i].serial);
    free(o->device[i].netdev);
    free(o->device[i].chardev);
    free_file(&o->device[i].file);
  }
  free_outside(o);
  free(o);
}

bool rv_origin_has_firmware(const rv_origin *o) { return o->firmware; }

/* ---- of a machine ---- */

/* malloc's, as what is read from a file. */
static char *copy(const char *text) { return text ? strdup(text) : NULL; }

static char *absolute(const char *path)
{
  g_autofree char *name = g_canonicalize_filename(path, NULL);
  return copy(name);
}

static file_mark mark_image(const rv_image *image)
{
  if (!image)
    return (file_mark){ 0 };
  g_autofree char *sum = g_compute_checksum_for_data(
      G_CHECKSUM_SHA256, (const guchar *)g_mapped_file_get_contents(image->file),
      g_mapped_file_get_length(image->file));
  return (file_mark){ absolute(image->path), copy(sum) };
}

static void mark_medium(const char *path, uint64_t *size, uint64_t *changed)
{
  struct stat st;
  *size = *changed = 0;
  if (stat(path, &st))
    return;
  *size = (uint64_t)st.st_size;
  *changed = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
}

/* Within a tick of the host's clock a file can be written again without a new time. */
static bool is_settled(uint64_t changed)
{
  return changed + 2 * 1000000000ull < (uint64_t)g_get_real_time() * 1000;
}

/* What a flash chip holds is in the machine's memory. */
static drive_mark mark_drive(const rvh_drive *d)
{
  drive_mark mark = { .id = copy(d->id),
                      .path = absolute(d->file),
                      .bus = d->bus,
                      .unit = (uint64_t)(int64_t)d->unit,
                      .readonly = d->readonly,
                      .overlay = d->overlay };
  mark_medium(d->file, &mark.size, &mark.changed);
  if (!is_settled(mark.changed))
    mark.changed = 0;
  if (d->bus != RVH_IF_PFLASH && !rv_drive_sum(d->file, &mark.sum))
    mark.sum = 0; /* it has gone, or cannot be read: it will be another one */
  return mark;
}

static device_mark mark_device(const rvh_device *d, const rv_image *image)
{
  return (device_mark){ .kind = d->kind,
                        .drive = copy(d->drive),
                        .serial = copy(d->serial),
                        .netdev = copy(d->netdev),
                        .chardev = copy(d->chardev),
                        .has_mac = d->has_mac,
                        .mac = { d->mac[0], d->mac[1], d->mac[2], d->mac[3], d->mac[4], d->mac[5] },
                        .slot = (uint64_t)(int64_t)d->slot,
                        .disable_legacy = d->disable_legacy,
                        .has_addr = d->has_addr,
                        .force_raw = d->force_raw,
                        .addr = d->addr,
                        .file = mark_image(image) };
}

static netdev_mark mark_netdev(const rvh_netdev *d)
{
  netdev_mark mark = { .id = copy(d->id),
                       .hostname = copy(d->hostname),
                       .restricted = d->restricted,
                       .no_ipv6 = d->no_ipv6,
                       .net = d->net,
                       .mask = d->mask,
                       .host = d->host,
                       .dhcpstart = d->dhcpstart,
                       .dns = d->dns,
                       .n_forwards = d->n_forwards };
  for (unsigned i = 0; i < d->n_forwards; i++) {
    const rvh_forward *f = &d->forwards[i];
    mark.forward[i] =
        (forward_mark){ copy(f->text), f->udp, f->host, f->guest, f->host_port, f->guest_port };
  }
  return mark;
}

static chardev_mark mark_chardev(const rvh_chardev *c)
{
  return (chardev_mark){ copy(c->id), c->file ? absolute(c->file) : NULL, c->kind };
}

static char *isa_of(const rvh_config *c)
{
  const char *list[N_EXT + 8];
  g_autofree char *isa = rv_isa_string(c, list);
  return copy(isa);
}

static char *command_line_of(const rvh_config *c)
{
  g_autofree char *text = rv_semihost_command_line(c);
  return c->semihosting ? copy(text) : NULL;
}

static rv_origin *origin_of(const rvh_machine *m)
{
  const rvh_config *c = &m->config;
  rv_origin *o = calloc(1, sizeof *o);
  *o = (rv_origin){ .isa = isa_of(c),
                    .ram_size = c->ram_size,
                    .extensions = rv_extensions(c),
                    .seed = c->seed,
                    .n_harts = c->n_harts,
                    .bios = c->bios,
                    .aia = c->aia,
                    .aia_guests = c->aia_guests,
                    .htinst_zero = c->htinst_zero,
                    .adue = c->adue,
                    .strict = c->strict,
                    .mmio_modern = c->virtio_mmio_modern,
                    .firmware = m->sbi,
                    .semihosting = c->semihosting,
                    .semihost_userspace = c->semihost_userspace,
                    .append = copy(c->append),
                    .command_line = command_line_of(c),
                    .kernel = mark_image(m->kernel),
                    .bios_file = mark_image(m->bios),
                    .initrd = mark_image(m->initrd),
                    .dtb = mark_image(m->dtb),
                    .n_drives = c->n_drives,
                    .n_devices = c->n_devices,
                    .n_netdevs = c->n_netdevs,
                    .n_chardevs = c->n_chardevs };
  for (unsigned i = 0; i < c->n_drives; i++)
    o->drive[i] = mark_drive(&c->drives[i]);
  for (unsigned i = 0; i < c->n_devices; i++)
    o->device[i] = mark_device(&c->devices[i], m->loaders[i]);
  for (unsigned i = 0; i < c->n_netdevs; i++)
    o->netdev[i] = mark_netdev(&c->netdevs[i]);
  for (unsigned i = 0; i < c->n_chardevs; i++)
    o->chardev[i] = mark_chardev(&c->chardevs[i]);
  return o;
}

void rv_origin_save(const rvh_machine *m, rv_state *s)
{
  rv_origin *o = origin_of(m);
  origin_state(o, s);
  rv_origin_free(o);
}

/* ---- the options given with --load ---- */

typedef struct {
  const char *name; /* the snapshot's */
  GError **error;
} judge;

static bool differs(const judge *j, const char *option, const char *was)
{
  g_set_error(
      j->error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "%s: the machine of %s has %s\nleave the option out: the snapshot says what the machine is",
      option, j->name, was);
  return false;
}

static bool same_size(const judge *j, const rv_origin *o, const rvh_config *c)
{
  const rvh_config none = RVH_CONFIG_DEFAULT;
  g_autofree char *ram = g_strdup_printf("%" G_GUINT64_FORMAT "K of RAM", o->ram_size >> 10);
  g_autofree char *harts = g_strdup_printf("%u hart%s", o->n_harts, o->n_harts == 1 ? "" : "s");
  if (c->ram_size != none.ram_size && c->ram_size != o->ram_size)
    return differs(j, "-m", ram);
  return c->n_harts == none.n_harts || c->n_harts == o->n_harts || differs(j, "-smp", harts);
}

static bool same_aia(const judge *j, const rv_origin *o, const rvh_config *c)
{
  static const char *const kinds[] = { [RVH_AIA_NONE] = "aia=none",
                                       [RVH_AIA_APLIC] = "aia=aplic",
                                       [RVH_AIA_APLIC_IMSIC] = "aia=aplic-imsic" };
  g_autofree char *guests = g_strdup_printf("aia-guests=%u", o->aia_guests);
  if (c->aia && c->aia != o->aia)
    return differs(j, "-machine virt,aia=", kinds[o->aia]);
  return !c->aia_guests || c->aia_guests == o->aia_guests ||
         differs(j, "-machine virt,aia-guests=", guests);
}

/* A switch can only be given to turn something on. */
static bool same_choices(const judge *j, const rv_origin *o, const rvh_config *c)
{
  static const char *const kinds[] = { [RVH_BIOS_BUILTIN] = "-bios default",
                                       [RVH_BIOS_NONE] = "-bios none",
                                       [RVH_BIOS_FILE] = "a file for -bios" };
  if (c->bios != RVH_BIOS_BUILTIN && c->bios != o->bios)
    return differs(j, "-bios", kinds[o->bios]);
  const rvh_config asked = { .extensions = c->extensions, .aia = o->aia };
  if (c->extensions && rv_extensions(&asked) != o->extensions)
    return differs(j, "-cpu", o->isa);
  if (c->htinst_zero && !o->htinst_zero)
    return differs(j, "--htinst=zero", "transformed instructions there");
  if (c->adue && !o->adue)
    return differs(j, "--adue", "it off");
  if (c->strict && !o->strict)
    return differs(j, "--strict", "it off");
  if (c->semihosting && !o->semihosting)
    return differs(j, "-semihosting", "it off");
  if (c->semihost_userspace && !o->semihost_userspace)
    return differs(j, "-semihosting-config userspace", "it off");
  if (c->n_semihost_args)
    return differs(j, "-semihosting-config arg", "a command line already");
  if (c->virtio_mmio_modern && !o->mmio_modern)
    return differs(j, "-global virtio-mmio.force-legacy=false", "it on");
  if (c->append && g_strcmp0(c->append, o->append))
    return differs(j, "-append", o->append ? o->append : "none");
  g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, o->seed);
  if (c->seed && c->seed != o->seed)
    return differs(j, "--seed", seed);
  return true;
}

static bool is_there(const judge *j, const char *option, const char *path)
{
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    return true;
  g_set_error(
      j->error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "%s: there is no such file, and %s was made with it\nname it where it is now, beside --load: "
      "%s",
      path, j->name, option);
  return false;
}

/* A file may be elsewhere now; whether it is the same is found out when it is open. */
static bool take_file(const judge *j, const char *option, const file_mark *f, const char **path)
{
  if (*path && !f->path)
    return differs(j, option, "no such file");
  if (!*path)
    *path = f->path;
  return !*path || is_there(j, option, *path);
}

static bool same_drive(const drive_mark *was, const rvh_drive *d)
{
  return !g_strcmp0(was->id, d->id) && was->bus == d->bus && (int)was->unit == d->unit &&
         was->readonly == d->readonly;
}

static bool take_drives(const judge *j, const rv_origin *o, rvh_config *c)
{
  g_autofree char *number = g_strdup_printf("%u, and not these", o->n_drives);
  if (c->n_drives && c->n_drives != o->n_drives)
    return differs(j, "-drive", number);
  for (unsigned i = 0; i < o->n_drives; i++) {
    const drive_mark *was = &o->drive[i];
    if (c->n_drives && !same_drive(was, &c->drives[i]))
      return differs(j, "-drive", number);
    const char *file = c->n_drives ? c->drives[i].file : was->path;
    const bool overlay = c->n_drives && c->drives[i].overlay; /* the guest cannot tell */
    c->drives[i] = (rvh_drive){ .id = was->id,
                                .file = file,
                                .bus = was->bus,
                                .unit = (int)was->unit,
                                .readonly = was->readonly,
                                .overlay = was->overlay || overlay };
    if (!is_there(j, "-drive, with the same words and another file=", file))
      return false;
  }
  c->n_drives = o->n_drives;
  return true;
}

static bool same_device(const device_mark *was, const rvh_device *d)
{
  return was->kind == d->kind && !g_strcmp0(was->drive, d->drive) &&
         !g_strcmp0(was->serial, d->serial) && !g_strcmp0(was->netdev, d->netdev) &&
         !g_strcmp0(was->chardev, d->chardev) && was->has_mac == d->has_mac &&
         !memcmp(was->mac, d->mac, sizeof d->mac) && (int)was->slot == d->slot &&
         was->disable_legacy == d->disable_legacy && was->has_addr == d->has_addr &&
         was->addr == d->addr && was->force_raw == d->force_raw;
}

static bool take_devices(const judge *j, const rv_origin *o, rvh_config *c)
{
  g_autofree char *number = g_strdup_printf("%u, and not these", o->n_devices);
  if (c->n_devices && c->n_devices != o->n_devices)
    return differs(j, "-device", number);
  for (unsigned i = 0; i < o->n_devices; i++) {
    const device_mark *was = &o->device[i];
    if (c->n_devices && !same_device(was, &c->devices[i]))
      return differs(j, "-device", number);
    const char *file = c->n_devices ? c->devices[i].file : was->file.path;
    c->devices[i] = (rvh_device){ .kind = was->kind,
                                  .drive = was->drive,
                                  .serial = was->serial,
                                  .netdev = was->netdev,
                                  .chardev = was->chardev,
                                  .has_mac = was->has_mac,
                                  .slot = (int)was->slot,
                                  .disable_legacy = was->disable_legacy,
                                  .file = file,
                                  .addr = was->addr,
                                  .has_addr = was->has_addr,
                                  .force_raw = was->force_raw };
    memcpy(c->devices[i].mac, was->mac, sizeof was->mac);
    if (file && !is_there(j, "-device loader, with the same words and another file=", file))
      return false;
  }
  c->n_devices = o->n_devices;
  return true;
}

/* Networks and the ends of consoles are not the machine's: what is given counts, each kind as a
 * whole. */
static void take_outside(const rv_origin *o, rvh_config *c)
{
  for (unsigned i = 0; i < o->n_netdevs && !c->n_netdevs; i++) {
    const netdev_mark *was = &o->netdev[i];
    rvh_netdev *d = &c->netdevs[i];
    *d = (rvh_netdev){ .id = was->id,
                       .hostname = was->hostname,
                       .restricted = was->restricted,
                       .no_ipv6 = was->no_ipv6,
                       .net = was->net,
                       .mask = was->mask,
                       .host = was->host,
                       .dhcpstart = was->dhcpstart,
                       .dns = was->dns,
                       .n_forwards = was->n_forwards };
    for (unsigned n = 0; n < was->n_forwards; n++) {
      const forward_mark *f = &was->forward[n];
      d->forwards[n] =
          (rvh_forward){ f->text, f->udp, f->host, f->guest, f->host_port, f->guest_port };
    }
  }
  for (unsigned i = 0; i < o->n_chardevs && !c->n_chardevs; i++)
    c->chardevs[i] = (rvh_chardev){ .id = o->chardev[i].id,
                                    .kind = (rvh_chardev_kind)o->chardev[i].kind,
                                    .file = o->chardev[i].path };
  c->n_netdevs = c->n_netdevs ? c->n_netdevs : o->n_netdevs;
  c->n_chardevs = c->n_chardevs ? c->n_chardevs : o->n_chardevs;
}

bool rv_origin_apply(const rv_origin *o, rvh_config *c, const char *name, GError **error)
{
  const judge j = { name, error };
  if (!same_size(&j, o, c) || !same_aia(&j, o, c) || !same_choices(&j, o, c) ||
      !take_file(&j, "-kernel", &o->kernel, &c->kernel) ||
      !take_file(&j, "-bios", &o->bios_file, &c->bios_file) ||
      !take_file(&j, "-initrd", &o->initrd, &c->initrd) ||
      !take_file(&j, "-dtb", &o->dtb, &c->dtb) || !take_drives(&j, o, c) || !take_devices(&j, o, c))
    return false;
  c->ram_size = o->ram_size;
  c->n_harts = o->n_harts;
  c->bios = o->bios;
  c->aia = o->aia;
  c->aia_guests = o->aia_guests;
  c->extensions = o->extensions;
  c->htinst_zero = o->htinst_zero;
  c->adue = o->adue;
  c->strict = o->strict;
  c->virtio_mmio_modern = o->mmio_modern;
  c->append = o->append;
  c->semihosting = o->semihosting;
  c->semihost_userspace = o->semihost_userspace;
  if (o->command_line)
    c->semihost_args[c->n_semihost_args++] = o->command_line;
  c->seed = o->seed;
  take_outside(o, c);
  g_autofree char *isa = NULL;
  const char *list[N_EXT + 8];
  isa = rv_isa_string(c, list);
  if (!strcmp(isa, o->isa))
    return true;
  g_set_error(
      error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "%s: another version made it, whose harts are %s\nuse the rvh-sim that made it, or make "
      "it again",
      name, o->isa);
  return false;
}

/* ---- the files ---- */

static bool same_image(const rv_image *image, const file_mark *was, const char *name,
                       GError **error)
{
  if (!image)
    return true;
  file_mark now = mark_image(image);
  const bool same = !g_strcmp0(now.sum, was->sum);
  free_file(&now);
  if (!same)
    g_set_error(
        error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s: is not the file any more that %s was made with\nfind the old one and name it (as "
        "-kernel, -bios, ...), or make the snapshot again",
        image->path, name);
  return same;
}

static bool wrong_disk(const rvh_drive *d, const char *name, GError **error)
{
  g_set_error(
      error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "%s: was written after %s was made, and is not the disk any more that the guest knows\n"
      "give the disk of then, a copy of that moment: -drive with the same words and another "
      "file=; for the next time: snapshot=on or readonly=on leave the file alone",
      d->file, name);
  return false;
}

/* The memory of then is in the snapshot; only the guest's next changes go to the file. */
static void other_flash(const rvh_machine *m, const rvh_drive *d, const char *name)
{
  fprintf(
      m->config.messages ? m->config.messages : stderr,
      "rvh-sim: warning: %s: was written or copied after %s was made; the flash chip holds what it "
      "held then, and what the guest programs from now on goes into the file as it is now\n",
      d->file, name);
}

/* Copied is not changed: the time is only the short way. */
static bool check_drive(const rvh_machine *m, const rvh_drive *d, const drive_mark *was,
                        const char *name, GError **error)
{
  uint64_t size, changed, sum;
  mark_medium(d->file, &size, &changed);
  if (size != was->size) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s: has %" G_GUINT64_FORMAT " bytes, and had %" G_GUINT64_FORMAT
                " when %s was made\n"
                "give the disk of then: -drive with the same words and another file=",
                d->file, size, was->size, name);
    return false;
  }
  if (d->bus == RVH_IF_PFLASH && changed != was->changed && was->changed)
    other_flash(m, d, name);
  if (d->bus == RVH_IF_PFLASH || changed == was->changed)
    return true;
  return (rv_drive_sum(d->file, &sum) && sum == was->sum) || wrong_disk(d, name, error);
}

bool rv_origin_check(const rv_origin *o, const rvh_machine *m, const char *name, GError **error)
{
  if (!same_image(m->kernel, &o->kernel, name, error) ||
      !same_image(m->bios, &o->bios_file, name, error) ||
      !same_image(m->initrd, &o->initrd, name, error) || !same_image(m->dtb, &o->dtb, name, error))
    return false;
  for (unsigned i = 0; i < o->n_devices; i++)
    if (!same_image(m->loaders[i], &o->device[i].file, name, error))
      return false;
  for (unsigned i = 0; i < o->n_drives; i++)
    if (!check_drive(m, &m->config.drives[i], &o->drive[i], name, error))
      return false;
  return true;
}
