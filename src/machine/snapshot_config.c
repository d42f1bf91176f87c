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
  bool readonly;
  uint64_t size, changed; /* when it was last written: nanoseconds */
} drive_mark;

typedef struct {
  uint32_t kind;
  char *drive, *serial;
  uint64_t slot; /* an int */
  bool disable_legacy, has_addr, force_raw;
  uint64_t addr;
  file_mark file;
} device_mark;

struct rv_origin {
  char *isa;
  uint64_t ram_size, extensions;
  uint32_t n_harts, bios, aia, aia_guests;
  bool htinst_zero, adue, strict, mmio_modern, firmware;
  bool semihosting, semihost_userspace;
  char *append, *command_line; /* command_line: of semihosting */
  file_mark kernel, bios_file, initrd, dtb;
  uint32_t n_drives, n_devices;
  drive_mark drive[RVH_MAX_DRIVES];
  device_mark device[RVH_MAX_DEVICES];
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
  rv_state_field(s, &d->size);
  rv_state_field(s, &d->changed);
  rv_state_check(s, d->path && d->bus <= RVH_IF_PFLASH);
}

static void device_state(device_mark *d, rv_state *s)
{
  rv_state_field(s, &d->kind);
  rv_state_text(s, &d->drive);
  rv_state_text(s, &d->serial);
  rv_state_field(s, &d->slot);
  rv_state_field(s, &d->disable_legacy);
  rv_state_field(s, &d->has_addr);
  rv_state_field(s, &d->force_raw);
  rv_state_field(s, &d->addr);
  file_state(&d->file, s);
  rv_state_check(s, d->kind <= RVH_LOADER && (d->kind == RVH_LOADER ? d->file.path : d->drive));
}

static void origin_state(rv_origin *o, rv_state *s)
{
  rv_state_begin(s, "machine", 0, 2);
  rv_state_text(s, &o->isa);
  rv_state_field(s, &o->ram_size);
  rv_state_field(s, &o->extensions);
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
    free_file(&o->device[i].file);
  }
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

static drive_mark mark_drive(const rvh_drive *d)
{
  drive_mark mark = { .id = copy(d->id),
                      .path = absolute(d->file),
                      .bus = d->bus,
                      .unit = (uint64_t)(int64_t)d->unit,
                      .readonly = d->readonly };
  mark_medium(d->file, &mark.size, &mark.changed);
  return mark;
}

static device_mark mark_device(const rvh_device *d, const rv_image *image)
{
  return (device_mark){ .kind = d->kind,
                        .drive = copy(d->drive),
                        .serial = copy(d->serial),
                        .slot = (uint64_t)(int64_t)d->slot,
                        .disable_legacy = d->disable_legacy,
                        .has_addr = d->has_addr,
                        .force_raw = d->force_raw,
                        .addr = d->addr,
                        .file = mark_image(image) };
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
                    .n_devices = c->n_devices };
  for (unsigned i = 0; i < c->n_drives; i++)
    o->drive[i] = mark_drive(&c->drives[i]);
  for (unsigned i = 0; i < c->n_devices; i++)
    o->device[i] = mark_device(&c->devices[i], m->loaders[i]);
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
    c->drives[i] = (rvh_drive){ .id = was->id,
                                .file = file,
                                .bus = was->bus,
                                .unit = (int)was->unit,
                                .readonly = was->readonly };
    if (!is_there(j, "-drive, with the same words and another file=", file))
      return false;
  }
  c->n_drives = o->n_drives;
  return true;
}

static bool same_device(const device_mark *was, const rvh_device *d)
{
  return was->kind == d->kind && !g_strcmp0(was->drive, d->drive) &&
         !g_strcmp0(was->serial, d->serial) && (int)was->slot == d->slot &&
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
                                  .slot = (int)was->slot,
                                  .disable_legacy = was->disable_legacy,
                                  .file = file,
                                  .addr = was->addr,
                                  .has_addr = was->has_addr,
                                  .force_raw = was->force_raw };
    if (file && !is_there(j, "-device loader, with the same words and another file=", file))
      return false;
  }
  c->n_devices = o->n_devices;
  return true;
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

static bool check_drive(const rvh_machine *m, const rvh_drive *d, const drive_mark *was,
                        const char *name, GError **error)
{
  uint64_t size, changed;
  mark_medium(d->file, &size, &changed);
  if (size != was->size) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s: has %" G_GUINT64_FORMAT " bytes, and had %" G_GUINT64_FORMAT
                " when %s was made\n"
                "give the disk of then: -drive with the same words and another file=",
                d->file, size, was->size, name);
    return false;
  }
  if (changed != was->changed)
    fprintf(m->config.messages ? m->config.messages : stderr,
            "rvh-sim: warning: %s: was written or copied after %s was made; what a %s holds is not "
            "in a "
            "snapshot, and the guest takes it for what it was\n",
            d->file, name, d->bus == RVH_IF_PFLASH ? "flash file" : "disk");
  return true;
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
