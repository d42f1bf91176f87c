/* symbol.c - names for addresses, from an ELF's .symtab (ELF gABI, "Symbol Table").
 *
 * Read for people: a damaged table loses names, but never fails a load. Depends on libelf.
 */
#include "load/parts.h"
#include <string.h>

/* More than the largest kernels have (Linux: about 200,000); bounds what a lying header costs. */
enum { MAX_SYMBOLS = 4000000 };

/* Mapping symbols ($x, $d: where code and data begin) and assembler temporaries say nothing. */
static bool is_noise(const char *name) { return !*name || *name == '$' || *name == '.'; }

/* Of several names at one address the most telling is shown: functions, then data, then labels, and
 * the marks of linker scripts last (__text_start); global names before local ones. */
static unsigned rank(const GElf_Sym *sym, const char *name)
{
  unsigned type = GELF_ST_TYPE(sym->st_info), bind = GELF_ST_BIND(sym->st_info);
  unsigned label = g_str_has_prefix(name, "__") ? 6 : 4;
  return (type == STT_FUNC ? 0 : type == STT_OBJECT ? 2 : label) + (bind == STB_LOCAL);
}

/* Absolute untyped symbols are linker-script constants (sizes, flags), not places. */
static bool is_place(const GElf_Sym *sym)
{
  unsigned type = GELF_ST_TYPE(sym->st_info);
  if (sym->st_shndx == SHN_UNDEF || (sym->st_shndx == SHN_ABS && type == STT_NOTYPE))
    return false;
  return type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE;
}

static int compare(const void *a, const void *b)
{
  const rv_symbol *x = a, *y = b;
  if (x->addr != y->addr)
    return x->addr < y->addr ? -1 : 1;
  if (x->rank != y->rank)
    return x->rank < y->rank ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* The segment whose linked addresses include addr. */
static const rv_segment *segment_of_va(const rv_image *image, uint64_t addr)
{
  for (size_t i = 0; i < image->n_segments; i++)
    if (addr - image->segments[i].va < image->segments[i].memsz)
      return &image->segments[i];
  return NULL;
}

/* HTIF's mailboxes are found by name, and used by physical address. Eight bytes must be there. */
static void note_htif(rv_image *image, const char *name, uint64_t addr)
{
  uint64_t *slot = !strcmp(name, "tohost")     ? &image->tohost
                   : !strcmp(name, "fromhost") ? &image->fromhost
                                               : NULL;
  const rv_segment *s = slot ? segment_of_va(image, addr) : NULL;
  if (s && addr % 8 == 0 && rv_fits(addr - s->va, 8, s->memsz))
    *slot = s->pa + (addr - s->va);
}

static void add_symbol(rv_image *image, GArray *found, const GElf_Sym *sym, const char *name,
                       uint64_t bias)
{
  uint64_t addr = sym->st_value + bias;
  if (!name || is_noise(name) || sym->st_shndx == SHN_UNDEF)
    return;
  note_htif(image, name, addr);
  if (!is_place(sym))
    return;
  rv_symbol row = { addr, sym->st_size, g_string_chunk_insert(image->names, name), rank(sym, name) };
  g_array_append_val(found, row);
}

static void read_table(rv_image *image, Elf *elf, Elf_Scn *scn, const GElf_Shdr *header,
                       GArray *found, uint64_t bias)
{
  Elf_Data *data = elf_getdata(scn, NULL);
  size_t n = data ? MIN(data->d_size / sizeof(Elf64_Sym), MAX_SYMBOLS) : 0;
  for (size_t i = 0; i < n; i++) {
    GElf_Sym sym;
    if (gelf_getsym(data, (int)i, &sym))
      add_symbol(image, found, &sym, elf_strptr(elf, header->sh_link, sym.st_name), bias);
  }
}

static void keep_best_per_address(GArray *found)
{
  g_array_sort(found, compare);
  rv_symbol *s = (rv_symbol *)found->data;
  size_t kept = 0;
  for (size_t i = 0; i < found->len; i++)
    if (kept == 0 || s[i].addr != s[kept - 1].addr)
      s[kept++] = s[i];
  g_array_set_size(found, kept);
}

void rv_symbols_read(rv_image *image, Elf *elf, uint64_t bias)
{
  GArray *found = g_array_new(FALSE, FALSE, sizeof(rv_symbol));
  image->names = g_string_chunk_new(4096);
  for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
    GElf_Shdr header;
    if (gelf_getshdr(scn, &header) && header.sh_type == SHT_SYMTAB) {
      read_table(image, elf, scn, &header, found, bias);
      break; /* an ELF file has one */
    }
  }
  keep_best_per_address(found);
  image->n_symbols = found->len;
  image->symbols = (rv_symbol *)g_array_free(found, FALSE);
}

/* The last symbol at or below addr, if addr is in it. A label without a size reaches to the next
 * symbol, but not into another segment. */
static const rv_symbol *find_linked(const rv_image *image, uint64_t addr)
{
  size_t low = 0, high = image->n_symbols;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (image->symbols[middle].addr <= addr)
      low = middle + 1;
    else
      high = middle;
  }
  const rv_segment *segment = segment_of_va(image, addr);
  if (low == 0 || !segment)
    return NULL;
  const rv_symbol *s = &image->symbols[low - 1];
  bool inside = s->size ? addr - s->addr < s->size : s->addr >= segment->va;
  return inside ? s : NULL;
}

static uint64_t pa_to_linked(const rv_image *image, uint64_t pa)
{
  for (size_t i = 0; i < image->n_segments; i++)
    if (pa - image->segments[i].pa < image->segments[i].memsz)
      return pa - image->segments[i].pa + image->segments[i].va;
  return pa;
}

const char *rv_image_symbol(const rv_image *image, uint64_t addr, uint64_t *offset)
{
  uint64_t linked = addr;
  const rv_symbol *s = find_linked(image, linked);
  if (!s) {
    linked = pa_to_linked(image, addr);
    s = find_linked(image, linked);
  }
  if (s && offset)
    *offset = linked - s->addr;
  return s ? s->name : NULL;
}

bool rv_image_address(const rv_image *image, const char *name, uint64_t *addr)
{
  for (size_t i = 0; i < image->n_symbols; i++)
    if (!strcmp(image->symbols[i].name, name)) {
      *addr = image->symbols[i].addr;
      return true;
    }
  return false;
}
