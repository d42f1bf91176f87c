/* elf.c - plans an ELF: which program it is, where its segments go, where it starts.
 *
 * The file's header and program headers are checked here before libelf interprets more of it.
 * Addresses: p_paddr in RAM is taken as it is; position-independent firmware linked at 0 moves to
 * the start of RAM; a p_paddr that no physical address can be (hypervisors linked with
 * p_paddr = p_vaddr = 0xffffffc080200000) moves to where kernels go.
 */
#include "load/parts.h"
#include <inttypes.h>

/* The widest physical address of the architecture is 56 bits [priv supervisor#sv39]. */
#define MAX_PHYSICAL (1ull << 56)

typedef struct {
  rv_image *image;
  const rv_image_where *where;
  Elf *elf;
  GElf_Ehdr header;
  uint64_t size;  /* of the file */
  uint64_t shift; /* pa = p_paddr + shift */
} plan_state;

static const char rebuild[] = "the file is damaged or was cut short: build or copy it again";

static bool check_ident(const rv_image *image, const uint8_t *p, uint64_t size, GError **error)
{
  static const char link_rv64[] = "build for rv64 (riscv64-unknown-elf-gcc -march=rv64gc)";
  if (size < sizeof(Elf64_Ehdr))
    return rv_load_fail(image, error, RV_LOAD_TRUNCATED, rebuild,
                        "the ELF header needs %zu bytes, the file has %" PRIu64, sizeof(Elf64_Ehdr),
                        size);
  if (p[EI_CLASS] != ELFCLASS64)
    return rv_load_fail(image, error, RV_LOAD_FORMAT, link_rv64,
                        "not a 64-bit ELF (class %u at offset 0x4)", p[EI_CLASS]);
  if (p[EI_DATA] != ELFDATA2LSB)
    return rv_load_fail(image, error, RV_LOAD_FORMAT, link_rv64,
                        "not a little-endian ELF (data %u at offset 0x5)", p[EI_DATA]);
  return true;
}

static bool check_type(const rv_image *image, const GElf_Ehdr *h, GError **error)
{
  if (h->e_machine != EM_RISCV)
    return rv_load_fail(image, error, RV_LOAD_FORMAT,
                        "build for rv64 (riscv64-unknown-elf-gcc -march=rv64gc)",
                        "not a RISC-V ELF (machine %u%s at offset 0x12)", h->e_machine,
                        h->e_machine == EM_X86_64    ? ", x86-64"
                        : h->e_machine == EM_AARCH64 ? ", AArch64"
                                                     : "");
  if (h->e_type == ET_REL)
    return rv_load_fail(image, error, RV_LOAD_FORMAT, "link it: riscv64-unknown-elf-ld",
                        "is an object file, not a linked program");
  if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
    return rv_load_fail(image, error, RV_LOAD_FORMAT, "give a static executable",
                        "is no executable (type %u at offset 0x10)", h->e_type);
  return true;
}

/* e_phnum may lie, and libelf cuts it silently: the table must be in the file. */
static bool check_program_headers(const plan_state *s, GError **error)
{
  const GElf_Ehdr *h = &s->header;
  if (h->e_phnum == 0)
    return rv_load_fail(s->image, error, RV_LOAD_FORMAT, "link it as a static executable",
                        "has no program headers: there is nothing to load");
  if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == PN_XNUM)
    return rv_load_fail(s->image, error, RV_LOAD_FORMAT, rebuild,
                        "bad program headers (%u of %u bytes, at offset 0x36)", h->e_phnum,
                        h->e_phentsize);
  if (!rv_fits(h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr), s->size))
    return rv_load_fail(s->image, error, RV_LOAD_TRUNCATED, rebuild,
                        "%u program headers at offset 0x%" PRIx64
                        " do not fit into the file's %" PRIu64 " bytes",
                        h->e_phnum, (uint64_t)h->e_phoff, s->size);
  return true;
}

static bool add_segment(const plan_state *s, GArray *found, unsigned i, const GElf_Phdr *p,
                        GError **error)
{
  uint64_t header_at = s->header.e_phoff + i * sizeof(Elf64_Phdr);
  if (p->p_filesz > p->p_memsz)
    return rv_load_fail(s->image, error, RV_LOAD_FORMAT, rebuild,
                        "segment %u (header at offset 0x%" PRIx64 ") has more bytes in the file "
                        "(0x%" PRIx64 ") than in memory (0x%" PRIx64 ")",
                        i, header_at, (uint64_t)p->p_filesz, (uint64_t)p->p_memsz);
  if (!rv_fits(p->p_offset, p->p_filesz, s->size))
    return rv_load_fail(s->image, error, RV_LOAD_TRUNCATED, rebuild,
                        "segment %u (header at offset 0x%" PRIx64 ") wants 0x%" PRIx64
                        " bytes at offset 0x%" PRIx64 ", the file has 0x%" PRIx64,
                        i, header_at, (uint64_t)p->p_filesz, (uint64_t)p->p_offset, s->size);
  if (p->p_vaddr + p->p_memsz < p->p_vaddr || p->p_paddr + p->p_memsz < p->p_paddr)
    return rv_load_fail(s->image, error, RV_LOAD_FORMAT, rebuild,
                        "segment %u (header at offset 0x%" PRIx64
                        ") wraps around the end of the address space",
                        i, header_at);
  rv_segment row = { p->p_paddr, p->p_vaddr,
                     (const uint8_t *)g_mapped_file_get_contents(s->image->file) + p->p_offset,
                     p->p_filesz, p->p_memsz };
  g_array_append_val(found, row);
  return true;
}

static bool read_segments(const plan_state *s, GArray *found, GError **error)
{
  for (unsigned i = 0; i < s->header.e_phnum; i++) {
    GElf_Phdr p;
    if (!gelf_getphdr(s->elf, (int)i, &p))
      return rv_load_fail(s->image, error, RV_LOAD_FORMAT, rebuild,
                          "program header %u cannot be read: %s", i, elf_errmsg(-1));
    if (p.p_type == PT_INTERP)
      return rv_load_fail(
          s->image, error, RV_LOAD_FORMAT,
          "rvh-sim runs kernels and bare-metal programs: link with -static -nostdlib",
          "is a user program for a dynamic linker");
    if (p.p_type == PT_LOAD && p.p_memsz != 0 && !add_segment(s, found, i, &p, error))
      return false;
  }
  return found->len > 0 || rv_load_fail(s->image, error, RV_LOAD_FORMAT,
                                        "link it as a static executable", "has no segment to load");
}

static uint64_t lowest(const rv_image *image)
{
  uint64_t low = UINT64_MAX;
  for (size_t i = 0; i < image->n_segments; i++)
    low = MIN(low, image->segments[i].pa);
  return low;
}

/* How far the file's physical addresses are from where it goes (mod 2^64). */
static uint64_t choose_shift(const plan_state *s)
{
  const rv_image_where *where = s->where;
  uint64_t low = lowest(s->image), base = where->base ? where->base : where->ram_base;
  if (low - where->ram_base < where->ram_size)
    return 0;
  if (s->header.e_type == ET_DYN && low < where->ram_base)
    return base;
  if (low < MAX_PHYSICAL)
    return 0; /* outside RAM: refused by rv_image_place, which says how to link it */
  if (where->role == RV_ROLE_KERNEL && !where->base)
    base += RV_KERNEL_OFFSET;
  return base - low;
}

/* Position-independent code runs where it is put, so its symbols move; code linked at high
 * virtual addresses will run there, so they stay. */
static bool moves_symbols(const plan_state *s)
{
  return s->header.e_type == ET_DYN && lowest(s->image) < MAX_PHYSICAL;
}

/* e_entry is a virtual address; some linker scripts give the physical one. */
static bool find_entry(plan_state *s, uint64_t bias, GError **error)
{
  rv_image *image = s->image;
  uint64_t entry = s->header.e_entry;
  image->entry = 0;
  for (size_t i = image->n_segments; i-- > 0;) {
    const rv_segment *g = &image->segments[i];
    if (entry + s->shift - g->pa < g->memsz && !image->entry)
      image->entry = entry + s->shift;
  }
  for (size_t i = 0; i < image->n_segments; i++) {
    const rv_segment *g = &image->segments[i];
    if (entry + bias - g->va < g->memsz)
      image->entry = entry + bias - g->va + g->pa;
  }
  if (!image->entry)
    return rv_load_fail(image, error, RV_LOAD_FORMAT,
                        "name the first instruction by ENTRY(symbol) in the linker script",
                        "entry 0x%" PRIx64 " (at offset 0x18) is outside of every segment", entry);
  if (image->entry & 1)
    return rv_load_fail(image, error, RV_LOAD_FORMAT, "instructions are at even addresses",
                        "entry 0x%" PRIx64 " (at offset 0x18) is odd", entry);
  return true;
}

static void say_guess(const plan_state *s)
{
  rv_image *image = s->image;
  GString *line = g_string_new(NULL);
  g_string_printf(line, "%s: ELF ", image->path);
  if (s->shift)
    g_string_append_printf(line, "linked at 0x%" PRIx64 ", placed ", image->low - s->shift);
  g_string_append_printf(line, "at 0x%" PRIx64 ", entry 0x%" PRIx64 ", ", image->low, image->entry);
  g_string_append(line, rv_image_started(image, s->where));
  if (image->tohost)
    g_string_append_printf(line, ", HTIF at 0x%" PRIx64, image->tohost);
  image->guess = g_string_free(line, FALSE);
}

/* The first 2 MiB of RAM are the firmware's: who starts there is firmware, or bare-metal. */
static bool is_bare_metal(const rv_image *image, const rv_image_where *where)
{
  return where->start == RV_START_GUESS && image->entry - where->ram_base < RV_KERNEL_OFFSET;
}

static bool plan_segments(plan_state *s, GError **error)
{
  rv_image *image = s->image;
  GArray *found = g_array_new(FALSE, FALSE, sizeof(rv_segment));
  bool ok = read_segments(s, found, error);
  image->n_segments = found->len;
  image->segments = (rv_segment *)g_array_free(found, FALSE);
  if (!ok)
    return false;
  s->shift = choose_shift(s);
  uint64_t bias = moves_symbols(s) ? s->shift : 0;
  for (size_t i = 0; i < image->n_segments; i++) {
    image->segments[i].pa += s->shift;
    image->segments[i].va += bias;
  }
  if (!rv_image_place(image, s->where, error) || !find_entry(s, bias, error))
    return false;
  image->m_mode |= is_bare_metal(image, s->where);
  rv_symbols_read(image, s->elf, bias);
  say_guess(s);
  return true;
}

static bool plan_elf(plan_state *s, GError **error)
{
  if (!s->elf || !gelf_getehdr(s->elf, &s->header))
    return rv_load_fail(s->image, error, RV_LOAD_FORMAT, rebuild, "bad ELF header: %s",
                        elf_errmsg(-1));
  return check_type(s->image, &s->header, error) && check_program_headers(s, error) &&
         plan_segments(s, error);
}

bool rv_elf_plan(rv_image *image, const rv_image_where *where, GError **error)
{
  char *p = g_mapped_file_get_contents(image->file);
  plan_state s = { .image = image, .where = where, .size = g_mapped_file_get_length(image->file) };
  image->kind = RV_IMAGE_ELF;
  if (!check_ident(image, (const uint8_t *)p, s.size, error))
    return false;
  elf_version(EV_CURRENT);
  s.elf = elf_memory(p, s.size);
  bool ok = plan_elf(&s, error);
  elf_end(s.elf);
  return ok;
}
