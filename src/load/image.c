/* image.c - opens a program file, finds out what it is, and plans files without structure: flat
 * binaries and Linux Images (Linux: Documentation/arch/riscv/boot-image-header.rst).
 */
#include "load/parts.h"
#include <glib/gstdio.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

G_DEFINE_QUARK(rvh - load - error - quark, rv_load_error)

bool rv_load_fail(const rv_image *image, GError **error, rv_load_error code, const char *way_out,
                  const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, RVH_LOAD_ERROR, code, "%s: %s\n%s", image->path, what, way_out);
  return false;
}

static int compare_segments(const void *a, const void *b)
{
  const rv_segment *x = a, *y = b;
  return x->pa < y->pa ? -1 : x->pa > y->pa;
}

/* Just above the end of the RAM, more of it helps; elsewhere only another link address does. */
static bool fail_outside(const rv_image *image, const rv_image_where *where, const rv_segment *s,
                         GError **error)
{
  uint64_t mib = ((s->pa - where->ram_base + s->memsz) >> 20) + 1;
  bool above = s->pa >= where->ram_base && s->memsz < 1ull << 40 && mib <= 1 << 20;
  g_autofree char *more = g_strdup_printf("give the machine more memory: -m %" PRIu64 "M", mib);
  const char *link = "link it at 0x80200000 (or at 0x80000000 to start in M-mode)";
  return rv_load_fail(image, error, RV_LOAD_PLACE, above ? more : link,
                      "needs 0x%" PRIx64 " bytes at 0x%" PRIx64 ", outside RAM (0x%" PRIx64
                      "..0x%" PRIx64 ")",
                      s->memsz, s->pa, where->ram_base, where->ram_base + where->ram_size);
}

bool rv_image_place(rv_image *image, const rv_image_where *where, GError **error)
{
  qsort(image->segments, image->n_segments, sizeof *image->segments, compare_segments);
  image->low = image->segments[0].pa;
  image->high = image->low;
  for (size_t i = 0; i < image->n_segments; i++) {
    const rv_segment *s = &image->segments[i];
    if (s->pa < where->ram_base || !rv_fits(s->pa - where->ram_base, s->memsz, where->ram_size))
      return fail_outside(image, where, s, error);
    if (i > 0 && s->pa < image->high)
      return rv_load_fail(image, error, RV_LOAD_FORMAT,
                          "look at the linker script: readelf -lW shows the segments",
                          "two segments overlap at 0x%" PRIx64, s->pa);
    image->high = s->pa + s->memsz;
  }
  return true;
}

static uint64_t default_base(const rv_image_where *where)
{
  if (where->base || where->role == RV_ROLE_DATA)
    return where->base;
  bool at_reset = where->role == RV_ROLE_BIOS || where->start == RV_START_BARE;
  return where->ram_base + (at_reset ? 0 : RV_KERNEL_OFFSET);
}

static const uint8_t *bytes(const rv_image *image)
{
  return (const uint8_t *)g_mapped_file_get_contents(image->file);
}

static void set_whole_file(rv_image *image, uint64_t pa, uint64_t memsz)
{
  uint64_t size = g_mapped_file_get_length(image->file);
  image->segments = g_new(rv_segment, 1);
  image->n_segments = 1;
  image->segments[0] = (rv_segment){
    .pa = pa, .va = pa, .data = bytes(image), .filesz = size, .memsz = MAX(memsz, size)
  };
  image->entry = pa;
}

static uint64_t little_endian64(const uint8_t *p)
{
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return GUINT64_FROM_LE(word);
}

static bool is_linux(const uint8_t *p, size_t size)
{
  return size >= 64 && (!memcmp(p + 0x30, "RISCV", 5) || !memcmp(p + 0x38, "RSC\x05", 4));
}

const char *rv_image_started(const rv_image *image, const rv_image_where *where)
{
  if (where->role == RV_ROLE_BIOS)
    return "M-mode firmware";
  if (where->start == RV_START_FIRMWARE)
    return "started by the firmware";
  return image->m_mode ? "M-mode, no built-in SBI" : "HS-mode on the built-in SBI";
}

/* As QEMU: 2 MiB above the start of RAM, which is what text_offset says for RV64. image_size
 * includes .bss, which the file does not hold. */
static bool plan_linux(rv_image *image, const rv_image_where *where, GError **error)
{
  uint64_t image_size = little_endian64(bytes(image) + 16);
  image->kind = RV_IMAGE_LINUX;
  set_whole_file(image, default_base(where), image_size);
  image->guess =
      g_strdup_printf("%s: Linux Image at 0x%" PRIx64 " (0x%" PRIx64 " bytes), %s", image->path,
                      image->entry, image->segments[0].memsz, rv_image_started(image, where));
  return rv_image_place(image, where, error);
}

static bool plan_flat(rv_image *image, const rv_image_where *where, GError **error)
{
  image->kind = RV_IMAGE_FLAT;
  set_whole_file(image, default_base(where), 0);
  image->guess = g_strdup_printf("%s: flat binary at 0x%" PRIx64 ", %s", image->path, image->entry,
                                 rv_image_started(image, where));
  return rv_image_place(image, where, error);
}

/* Files that would "run" as a flat binary, and only puzzle. */
static bool refuse_packed(const rv_image *image, size_t size, GError **error)
{
  static const struct {
    const char *magic, *name, *way_out;
    unsigned at, n;
  } packed[] = {
    { "\x1f\x8b", "is compressed by gzip", "unpack it: gunzip", 0, 2 },
    { "\3757zXZ", "is compressed by xz", "unpack it: unxz", 0, 5 },
    { "\x28\xb5\x2f\xfd", "is compressed by zstd", "unpack it: unzstd", 0, 4 },
    { "zimg", "is a compressed EFI kernel", "use the kernel's arch/riscv/boot/Image", 4, 4 },
    { "\x27\x05\x19\x56", "is a U-Boot image", "use the file it was packed from", 0, 4 },
    { "#!", "is a script", "give the program that it builds or starts", 0, 2 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
    if (rv_fits(packed[i].at, packed[i].n, size) &&
        !memcmp(bytes(image) + packed[i].at, packed[i].magic, packed[i].n))
      return rv_load_fail(image, error, RV_LOAD_FORMAT, packed[i].way_out, "%s", packed[i].name);
  return true;
}

static bool plan(rv_image *image, const rv_image_where *where, GError **error)
{
  const uint8_t *p = bytes(image);
  size_t size = g_mapped_file_get_length(image->file);
  image->m_mode = where->role == RV_ROLE_BIOS || where->start == RV_START_BARE;
  if (where->role == RV_ROLE_DATA) {
    image->kind = RV_IMAGE_FLAT;
    set_whole_file(image, where->base, 0);
    return true;
  }
  if (size >= 4 && !memcmp(p,
                           "\x7f"
                           "ELF",
                           4))
    return rv_elf_plan(image, where, error);
  if (is_linux(p, size))
    return plan_linux(image, where, error);
  return refuse_packed(image, size, error) && plan_flat(image, where, error);
}

/* Only regular files: a directory, FIFO or device has no size to check against. */
static bool map_file(rv_image *image, GError **error)
{
  const char *path = image->path, *way_out = "check the name";
  GStatBuf st;
  if (g_stat(path, &st) != 0)
    return rv_load_fail(image, error, RV_LOAD_READ, way_out, "%s", g_strerror(errno));
  if (S_ISDIR(st.st_mode))
    return rv_load_fail(image, error, RV_LOAD_READ, "name a file in it", "is a directory");
  if (!S_ISREG(st.st_mode))
    return rv_load_fail(image, error, RV_LOAD_READ, "copy it to a file first",
                        "is not a regular file");
  if (st.st_size == 0)
    return rv_load_fail(image, error, RV_LOAD_READ, "build it again", "is empty");
  g_autoptr(GError) cause = NULL;
  image->file = g_mapped_file_new(path, FALSE, &cause);
  if (!image->file)
    return rv_load_fail(image, error, RV_LOAD_READ, "check its permissions", "cannot be read (%s)",
                        cause->message);
  return g_mapped_file_get_length(image->file) > 0 ||
         rv_load_fail(image, error, RV_LOAD_READ, "build it again", "is empty");
}

rv_image *rv_image_open(const char *path, const rv_image_where *where, GError **error)
{
  g_autoptr(rv_image) image = g_new0(rv_image, 1);
  image->path = g_strdup(path);
  if (!map_file(image, error) || !plan(image, where, error))
    return NULL;
  if (where->role == RV_ROLE_DATA) {
    image->low = where->base;
    image->high = image->low + image->segments[0].memsz;
  }
  return g_steal_pointer(&image);
}

void rv_image_free(rv_image *image)
{
  if (!image)
    return;
  g_free(image->path);
  g_free(image->segments);
  g_free(image->symbols);
  g_free(image->guess);
  g_clear_pointer(&image->names, g_string_chunk_free);
  g_clear_pointer(&image->file, g_mapped_file_unref);
  g_free(image);
}
