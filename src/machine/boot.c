/* boot.c - from files to the first instruction: images, initrd, device tree, reset ROM.
 *
 * Placement as QEMU's virt board: kernels at RAM + 2 MiB, the device tree near the top of RAM, the
 * initrd below it. The files stay mapped, because a reset starts all over from them.
 */
#include "machine/machine.h"
#include "dev/fdt.h"
#include "dev/pflash.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include <errno.h>
#include <libfdt.h>
#include <string.h>

enum { MiB = 1 << 20, FDT_ROOM = 64 << 10 /* firmware grows the tree in place */ };

static uint64_t ram_end(const rvh_machine *m) { return RV_RAM_BASE + m->config.ram_size; }

static bool fail(GError **error, const char *what, const char *way_out)
{
  g_set_error(error, RVH_LOAD_ERROR, RV_LOAD_PLACE, "%s\n%s", what, way_out);
  return false;
}

/* ---- opening ---- */

static bool open_one(rvh_machine *m, const char *path, rv_image_role role, rv_image **image,
                     GError **error)
{
  static const rv_image_start start[] = { [RVH_BIOS_BUILTIN] = RV_START_GUESS,
                                          [RVH_BIOS_NONE] = RV_START_BARE,
                                          [RVH_BIOS_FILE] = RV_START_FIRMWARE };
  if (!path)
    return true;
  *image = rv_image_open(path,
                         &(rv_image_where){ .ram_base = RV_RAM_BASE,
                                            .ram_size = m->config.ram_size,
                                            .role = role,
                                            .start = start[m->config.bios] },
                         error);
  if (!*image)
    return false;
  if ((*image)->guess && role != RV_ROLE_DATA && !m->restored)
    fprintf(m->config.messages ? m->config.messages : stderr, "rvh-sim: %s\n", (*image)->guess);
  return true;
}

static bool is_elf(const char *path)
{
  char magic[4] = "";
  FILE *f = fopen(path, "rb");
  const bool elf = f && fread(magic, sizeof magic, 1, f) == 1 && !memcmp(magic, "\177ELF", 4);
  if (f)
    fclose(f);
  return elf;
}

/* Raw bytes, from where they are asked to go: the loader checks only what ELF headers say. */
static bool fits(const rvh_machine *m, const rv_image *image, GError **error)
{
  const uint64_t size = image->segments[0].filesz, at = image->low - RV_RAM_BASE;
  if (at <= m->config.ram_size && size <= m->config.ram_size - at)
    return true;
  g_set_error(error, RVH_LOAD_ERROR, RV_LOAD_PLACE,
              "%s: needs 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
              "x, outside RAM\ngive the machine more memory (-m), or load it elsewhere",
              image->path, size, image->low);
  return false;
}

/* -device loader: like QEMU's, it places an ELF by its headers unless force-raw=on. */
static bool open_loader(rvh_machine *m, unsigned i, GError **error)
{
  const rvh_device *d = &m->config.devices[i];
  const bool elf = !d->force_raw && is_elf(d->file);
  const rv_image_where where = { .ram_base = RV_RAM_BASE,
                                 .ram_size = m->config.ram_size,
                                 .role = elf ? RV_ROLE_KERNEL : RV_ROLE_DATA,
                                 .base = d->addr,
                                 .start = RV_START_BARE };
  if (!elf && !d->has_addr)
    return fail(error, "-device loader: no address to load to", "add addr=0x...");
  m->loaders[i] = rv_image_open(d->file, &where, error);
  return m->loaders[i] && (elf || fits(m, m->loaders[i], error));
}

static bool open_loaders(rvh_machine *m, GError **error)
{
  for (unsigned i = 0; i < m->config.n_devices; i++)
    if (m->config.devices[i].kind == RVH_LOADER && !open_loader(m, i, error))
      return false;
  return true;
}

bool rv_boot_open(rvh_machine *m, GError **error)
{
  m->append = g_strdup(m->config.append);
  if (!m->config.kernel && m->config.bios != RVH_BIOS_FILE && !m->flash_boot && !m->config.dumpdtb)
    return fail(error, "no program to run", "name an ELF, Image or flat binary, or use -bios FILE");
  return open_one(m, m->config.bios == RVH_BIOS_FILE ? m->config.bios_file : NULL, RV_ROLE_BIOS,
                  &m->bios, error) &&
         open_one(m, m->config.kernel, RV_ROLE_KERNEL, &m->kernel, error) &&
         open_one(m, m->config.initrd, RV_ROLE_DATA, &m->initrd, error) &&
         open_one(m, m->config.dtb, RV_ROLE_DATA, &m->dtb, error) && open_loaders(m, error);
}

void rv_boot_free(rvh_machine *m)
{
  rv_image_free(m->kernel);
  rv_image_free(m->bios);
  rv_image_free(m->initrd);
  rv_image_free(m->dtb);
  for (unsigned i = 0; i < RVH_MAX_DEVICES; i++)
    rv_image_free(m->loaders[i]);
  g_free(m->append);
}

/* ---- placing ---- */

static bool zero(rvh_machine *m, uint64_t pa, uint64_t n)
{
  static const uint8_t zeroes[4096];
  for (uint64_t done = 0; done < n; done += sizeof zeroes)
    if (!rv_phys_write(&m->phys, pa + done, zeroes, MIN(n - done, sizeof zeroes)))
      return false;
  return true;
}

static bool place(rvh_machine *m, const rv_image *image, GError **error)
{
  for (size_t i = 0; image && i < image->n_segments; i++) {
    const rv_segment *s = &image->segments[i];
    if (!rv_phys_write(&m->phys, s->pa, s->data, s->filesz) ||
        !zero(m, s->pa + s->filesz, s->memsz - s->filesz))
      return fail(error, "an image does not fit into the RAM", "give the machine more: -m 1G");
  }
  if (m->bios && m->kernel && m->bios->low < m->kernel->high && m->kernel->low < m->bios->high)
    return fail(error, "firmware and kernel overlap", "link one of them elsewhere");
  return true;
}

/* After the tree, which they may not lie on: its place follows from the size of the RAM. */
static bool place_loaders(rvh_machine *m, GError **error)
{
  for (unsigned i = 0; i < RVH_MAX_DEVICES; i++) {
    const rv_image *image = m->loaders[i];
    if (!image)
      continue;
    if (image->low < m->fdt_addr + FDT_ROOM && m->fdt_addr < image->high) {
      g_set_error(error, RVH_LOAD_ERROR, RV_LOAD_PLACE,
                  "%s: overlaps the device tree at 0x%" G_GINT64_MODIFIER "x\n"
                  "load it elsewhere, or give the machine more memory",
                  image->path, m->fdt_addr);
      return false;
    }
    if (!place(m, image, error))
      return false;
  }
  return true;
}

/* The end of what is loaded low: initrd and tree go above it. */
static uint64_t loaded_end(const rvh_machine *m)
{
  const uint64_t bios = m->bios ? m->bios->high : 0, kernel = m->kernel ? m->kernel->high : 0;
  return MAX(MAX(bios, kernel), RV_RAM_BASE);
}

void rv_boot_room(const rvh_machine *m, uint64_t *low, uint64_t *high)
{
  *low = (loaded_end(m) + 4095) & ~4095ull;
  *high = m->free_end;
}

/* The initrd lies right below limit, which becomes its start. */
static bool place_initrd(rvh_machine *m, uint64_t *limit, uint64_t *start, uint64_t *end,
                         GError **error)
{
  if (!m->initrd)
    return true;
  const rv_segment *s = &m->initrd->segments[0];
  if (s->filesz > *limit - loaded_end(m))
    return fail(error, "the initrd does not fit between the kernel and the device tree",
                "give the machine more memory: -m 1G");
  *start = (*limit - s->filesz) & ~4095ull;
  *end = *start + s->filesz;
  *limit = *start;
  return rv_phys_write(&m->phys, *start, s->data, s->filesz);
}

/* ---- the device tree ---- */

static void *generate(rvh_machine *m, uint64_t initrd_start, uint64_t initrd_end, size_t *size,
                      GError **error)
{
  char text[160] = "";
  const char *list[N_EXT + 8];
  g_autofree char *isa = rv_isa_string(&m->config, list);
  void *fdt = rv_fdt_build(&(rv_fdt_config){ .n_harts = m->config.n_harts,
                                             .ram_base = RV_RAM_BASE,
                                             .ram_size = m->config.ram_size,
                                             .isa = isa,
                                             .isa_extensions = list,
                                             .mmu_type = "riscv,sv57",
                                             .bootargs = m->append,
                                             .initrd_start = initrd_start,
                                             .initrd_end = initrd_end,
                                             .rng_seed = m->config.seed,
                                             .stdout_path = "/soc/serial@10000000" },
                           m->dev, m->n_dev, size, text, sizeof text);
  if (!fdt)
    fail(error, text, "report this");
  return fdt;
}

/* -dtb: the file's tree with what the other options say in /chosen. */
static void *adopt(rvh_machine *m, uint64_t initrd_start, uint64_t initrd_end, size_t *size,
                   GError **error)
{
  const rv_segment *s = &m->dtb->segments[0];
  *size = s->filesz + 4096 + (m->append ? strlen(m->append) : 0);
  void *fdt = g_malloc0(*size);
  int chosen = -1;
  if (s->filesz < sizeof(struct fdt_header) || fdt_check_full(s->data, s->filesz) ||
      fdt_open_into(s->data, fdt, *size) ||
      ((chosen = fdt_path_offset(fdt, "/chosen")) < 0 &&
       (chosen = fdt_add_subnode(fdt, 0, "chosen")) < 0) ||
      (m->append && fdt_setprop_string(fdt, chosen, "bootargs", m->append)) ||
      (initrd_end && (fdt_setprop_u64(fdt, chosen, "linux,initrd-start", initrd_start) ||
                      fdt_setprop_u64(fdt, chosen, "linux,initrd-end", initrd_end)))) {
    g_free(fdt);
    g_set_error(error, RVH_LOAD_ERROR, RV_LOAD_FORMAT,
                "%s: is not a valid device tree blob\ncompile it: dtc -O dtb", m->config.dtb);
    return NULL;
  }
  return fdt;
}

static bool dump_tree(const rvh_machine *m, const void *fdt, size_t size, GError **error)
{
  FILE *f = fopen(m->config.dumpdtb, "wb");
  const bool written = f && fwrite(fdt, size, 1, f) == 1;
  if ((!f || fclose(f) == 0) && written)
    return true;
  g_set_error(error, RVH_LOAD_ERROR, RV_LOAD_READ, "%s: %s\nname a file that can be written",
              m->config.dumpdtb, g_strerror(errno));
  return false;
}

/* Near the top of RAM, below 3 GiB of it so that 32-bit firmware reaches it, 2 MiB aligned. */
static bool place_tree(rvh_machine *m, GError **error)
{
  uint64_t initrd_start = 0, initrd_end = 0;
  size_t size;
  const uint64_t top = MIN(ram_end(m), RV_RAM_BASE + (3ull << 30));
  uint64_t limit = (top - (m->dtb ? m->dtb->segments[0].filesz : 0) - FDT_ROOM) & ~(2ull * MiB - 1);
  m->fdt_addr = limit;
  if (limit < loaded_end(m))
    return fail(error, "no room for the device tree above the loaded files",
                "give the machine more memory: -m 256M");
  if (!place_initrd(m, &limit, &initrd_start, &initrd_end, error))
    return false;
  m->free_end = limit;
  void *fdt = m->dtb ? adopt(m, initrd_start, initrd_end, &size, error)
                     : generate(m, initrd_start, initrd_end, &size, error);
  if (!fdt)
    return false;
  const bool fits = rv_phys_write(&m->phys, m->fdt_addr, fdt, size);
  const bool dumped = !m->config.dumpdtb || dump_tree(m, fdt, size, error);
  free(fdt);
  if (!dumped)
    return false;
  return fits || fail(error, "the device tree does not fit into the RAM", "make it smaller");
}

/* ---- reset ---- */

/* As on QEMU, a program in flash comes before one in RAM. */
static uint64_t kernel_entry(const rvh_machine *m)
{
  return m->flash_boot ? RV_PFLASH_BASE(0) : m->kernel ? m->kernel->entry : 0;
}

/* What QEMU's reset ROM does: a0 = mhartid, a1 = device tree, a2 = fw_dynamic_info, jump. */
static void write_rom(rvh_machine *m, uint64_t start)
{
  enum { INFO_MAGIC = 0x4942534f, INFO_VERSION = 2, NEXT_S = 1 };
  const struct {
    uint32_t code[6];
    uint64_t start, fdt;
    struct {
      uint64_t magic, version, next_addr, next_mode, options, boot_hart;
    } info;
  } rom = {
    .code = {
      0x00000297, /* auipc t0, 0 */
      0x02828613, /* addi  a2, t0, 40: info */
      0xf1402573, /* csrr  a0, mhartid */
      0x0202b583, /* ld    a1, 32(t0): fdt */
      0x0182b283, /* ld    t0, 24(t0): start */
      0x00028067, /* jr    t0 */
    },
    .start = start,
    .fdt = m->fdt_addr,
    .info = { INFO_MAGIC, INFO_VERSION, kernel_entry(m), NEXT_S, 0, 0 },
  };
  rv_region *r = rv_phys_find(&m->phys, RV_ROM_BASE, RV_ROM_SIZE);
  memcpy(r->host, &rom, sizeof rom);
  rv_phys_written(&m->phys, r, NULL, RV_ROM_BASE, sizeof rom);
}

static void reset_hart(rvh_machine *m, rv_hart *h)
{
  memset(h->x, 0, sizeof h->x);
  memset(h->f, 0, sizeof h->f);
  memset(h->loop, 0, sizeof h->loop);
  memset(&h->exit, 0, sizeof h->exit);
  h->prv = PRV_M;
  h->v = h->wfi = false;
  h->pc = RV_ROM_BASE;
  h->power = RV_STARTED;
  h->ip_lines = 0;
  memset(h->imsic, 0, sizeof h->imsic);
  h->reservation = ~0ull;
  h->fp_fast = false;
  rv_csr_reset(h);
  rv_pmp_reset(h);
  rv_regime_changed(h);
  rv_irq_update(h);
}

void rv_boot_watch(rvh_machine *m)
{
  const rv_image *image = m->kernel;
  if (!image || !image->tohost)
    return;
  m->htif.tohost = image->tohost;
  m->htif.fromhost = image->fromhost;
  rv_region *r = rv_phys_find(&m->phys, image->tohost, 8);
  rv_region_page(r, image->tohost)->watched = true;
}

bool rv_boot_start(rvh_machine *m, GError **error)
{
  for (unsigned i = 0; i < m->config.n_harts; i++)
    reset_hart(m, m->harts[i]);
  rv_board_reset(m);
  if (m->sbi && m->aplic)
    rv_aplic_hand_over(m->aplic);
  rv_semihost_reset(m);
  if (!place(m, m->bios, error) || !place(m, m->kernel, error) || !place_tree(m, error) ||
      !place_loaders(m, error))
    return false;
  write_rom(m, m->bios ? m->bios->entry : kernel_entry(m));
  rv_boot_watch(m);
  if (!m->sbi)
    return true;
  for (unsigned i = 0; i < m->config.n_harts; i++)
    m->harts[i]->power = RV_STOPPED;
  rv_sbi_start(m->sbi, m->harts[0], kernel_entry(m), m->fdt_addr);
  return true;
}
