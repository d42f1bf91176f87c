/* test_image.c - the loader: what a file is taken for, where it goes, and that no file, however
 * damaged, does more than yield a message. ELFs are built here, byte by byte.
 */
#include "load/image.h"
#include "unit.h"
#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define RAM_BASE 0x80000000ull
#define RAM_SIZE (128ull << 20)
static const rv_image_where kernel = { RAM_BASE, RAM_SIZE, RV_ROLE_KERNEL, 0, RV_START_GUESS };
static const rv_image_where bios = { RAM_BASE, RAM_SIZE, RV_ROLE_BIOS, 0, RV_START_GUESS };

/* One small ELF: header, two program headers, text, .symtab, .strtab, section headers. */
typedef struct {
  Elf64_Ehdr e;
  Elf64_Phdr p[2];
  uint32_t text[16];
  Elf64_Sym sym[6];
  char str[64];
  Elf64_Shdr s[3];
} small_elf;
static const char names[] = "\0_start\0data\0tohost\0$x\0label\0";
enum { N_START = 1, N_DATA = 8, N_TOHOST = 13, N_DOLLAR = 20, N_LABEL = 23 };

static small_elf make_elf(uint16_t type, uint64_t addr)
{
  small_elf f = { .e = { .e_type = type,
                         .e_machine = EM_RISCV,
                         .e_version = EV_CURRENT,
                         .e_entry = addr,
                         .e_phoff = offsetof(small_elf, p),
                         .e_shoff = offsetof(small_elf, s),
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 2,
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shnum = 3 } };
  memcpy(f.e.e_ident,
         "\x7f"
         "ELF\2\1\1",
         7);
  uint64_t at = offsetof(small_elf, text);
  f.p[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, at, addr, addr, 32, 32, 4 };
  f.p[1] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, at + 32, addr + 0x1000, addr + 0x1000, 32, 256, 4 };
  memset(f.text, 0x13, sizeof f.text);
  f.sym[1] = (Elf64_Sym){ N_START, STT_FUNC | STB_GLOBAL << 4, 0, 1, addr, 16 };
  f.sym[2] = (Elf64_Sym){ N_DATA, STT_OBJECT, 0, 1, addr + 0x1000, 8 };
  f.sym[3] = (Elf64_Sym){ N_DOLLAR, STT_NOTYPE, 0, 1, addr, 0 };
  f.sym[4] = (Elf64_Sym){ N_LABEL, STT_NOTYPE, 0, 1, addr + 20, 0 };
  memcpy(f.str, names, sizeof names);
  f.s[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
                         .sh_offset = offsetof(small_elf, sym),
                         .sh_size = sizeof f.sym,
                         .sh_link = 2,
                         .sh_info = 1,
                         .sh_addralign = 8,
                         .sh_entsize = sizeof(Elf64_Sym) };
  f.s[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
                         .sh_offset = offsetof(small_elf, str),
                         .sh_size = sizeof f.str,
                         .sh_addralign = 1 };
  return f;
}

/* Writes a temporary file, opens it, and removes it again (the mapping stays). */
static rv_image *open_bytes(const void *bytes, size_t n, const rv_image_where *where,
                            GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("rvh-image-XXXXXX", &path, NULL);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
  close(fd);
  rv_image *image = rv_image_open(path, where, error);
  g_unlink(path);
  return image;
}

static rv_image *open_good(const void *bytes, size_t n, const rv_image_where *where)
{
  g_autoptr(GError) error = NULL;
  rv_image *image = open_bytes(bytes, n, where, &error);
  ck_assert_msg(image != NULL, "%s", error ? error->message : "no error");
  return image;
}

/* Expects a refusal that names the fault and, on a second line, a way out. */
static void expect_refusal(const void *bytes, size_t n, const rv_image_where *where, int code,
                           const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(rv_image) image = open_bytes(bytes, n, where, &error);
  ck_assert_msg(image == NULL, "accepted, expected: %s", text);
  ck_assert(error->domain == RVH_LOAD_ERROR);
  ck_assert_msg(strstr(error->message, text) != NULL, "'%s' not in: %s", text, error->message);
  ck_assert_int_eq(error->code, code);
  const char *second = strchr(error->message, '\n');
  ck_assert(second != NULL && second[1] != 0);
}

START_TEST(elf_in_ram_stays)
{
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &kernel);
  ck_assert_int_eq(image->kind, RV_IMAGE_ELF);
  ck_assert_uint_eq(image->n_segments, 2);
  ck_assert_uint_eq(image->segments[0].pa, 0x80200000);
  ck_assert_uint_eq(image->segments[1].filesz, 32);
  ck_assert_uint_eq(image->segments[1].memsz, 256);
  ck_assert_mem_eq(image->segments[0].data, f.text, 32);
  ck_assert_uint_eq(image->entry, 0x80200000);
  ck_assert_uint_eq(image->high, 0x80201100);
  ck_assert(!image->m_mode);
  ck_assert(strstr(image->guess, "HS-mode on the built-in SBI") != NULL);
}
END_TEST

START_TEST(elf_at_start_of_ram_is_m_mode)
{
  small_elf f = make_elf(ET_EXEC, 0x80000000);
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &kernel);
  ck_assert(image->m_mode);
  ck_assert(strstr(image->guess, "M-mode, no built-in SBI") != NULL);
  rv_image_where payload = kernel;
  payload.start = RV_START_FIRMWARE;
  g_autoptr(rv_image) started = open_good(&f, sizeof f, &payload);
  ck_assert(!started->m_mode);
}
END_TEST

START_TEST(high_virtual_elf_moves_and_keeps_symbols)
{
  small_elf f = make_elf(ET_EXEC, 0xffffffc080200000);
  f.e.e_entry += 4;
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(image->segments[0].pa, 0x80200000);
  ck_assert_uint_eq(image->segments[1].pa, 0x80201000);
  ck_assert_uint_eq(image->entry, 0x80200004);
  ck_assert(!image->m_mode);
  uint64_t offset = 99;
  ck_assert_str_eq(rv_image_symbol(image, 0xffffffc080200008, &offset), "_start");
  ck_assert_uint_eq(offset, 8);
  ck_assert_str_eq(rv_image_symbol(image, 0x80200008, &offset), "_start"); /* before paging */
  ck_assert_uint_eq(offset, 8);
}
END_TEST

START_TEST(dyn_firmware_at_zero_is_relative_to_ram)
{
  small_elf f = make_elf(ET_DYN, 0);
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &bios);
  ck_assert_uint_eq(image->entry, 0x80000000);
  ck_assert(image->m_mode);
  ck_assert_str_eq(rv_image_symbol(image, 0x80000002, NULL), "_start");
  ck_assert(rv_image_symbol(image, 0x2, NULL) == NULL);
  rv_image_where there = bios;
  there.base = 0x80400000;
  g_autoptr(rv_image) moved = open_good(&f, sizeof f, &there);
  ck_assert_uint_eq(moved->entry, 0x80400000);
  f = make_elf(ET_DYN, 0x80200000); /* Debian's U-Boot: linked where it goes */
  g_autoptr(rv_image) linked = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(linked->entry, 0x80200000);
}
END_TEST

START_TEST(entry_may_be_virtual_or_physical)
{
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  f.p[0].p_vaddr = 0xffffffff80000000;
  f.e.e_entry = 0xffffffff80000010;
  g_autoptr(rv_image) by_va = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(by_va->entry, 0x80200010);
  f.e.e_entry = 0x80200010;
  g_autoptr(rv_image) by_pa = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(by_pa->entry, 0x80200010);
}
END_TEST

START_TEST(symbols_by_address)
{
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &kernel);
  uint64_t offset = 0;
  ck_assert_str_eq(rv_image_symbol(image, 0x80200000, &offset), "_start"); /* not $x */
  ck_assert(rv_image_symbol(image, 0x80200010, &offset) == NULL);          /* past its size */
  ck_assert_str_eq(rv_image_symbol(image, 0x8020001e, &offset), "label");
  ck_assert_uint_eq(offset, 10);
  ck_assert(rv_image_symbol(image, 0x80200020, &offset) == NULL); /* labels end with the segment */
  ck_assert_str_eq(rv_image_symbol(image, 0x80201007, &offset), "data");
  ck_assert(rv_image_symbol(image, 0x801fffff, &offset) == NULL);
  ck_assert(rv_image_symbol(image, UINT64_MAX, &offset) == NULL);
}
END_TEST

START_TEST(htif_symbols)
{
  small_elf f = make_elf(ET_EXEC, 0x80000000);
  f.sym[5] = (Elf64_Sym){ N_TOHOST, STT_NOTYPE | STB_GLOBAL << 4, 0, 1, 0x80001040, 8 };
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(image->tohost, 0x80001040);
  ck_assert_uint_eq(image->fromhost, 0);
  ck_assert(strstr(image->guess, "HTIF at 0x80001040") != NULL);
  f.sym[5].st_value = 0x800010fc; /* not eight aligned bytes of a segment */
  g_autoptr(rv_image) bad = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(bad->tohost, 0);
}
END_TEST

START_TEST(bad_symbols_cost_only_names)
{
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  f.sym[1].st_name = 0x7fffffff;
  f.sym[2].st_name = sizeof f.str - 1;
  memset(f.str + 40, 'x', sizeof f.str - 40); /* no terminator */
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &kernel);
  f.s[1].sh_offset = UINT64_MAX - 8;
  g_autoptr(rv_image) far = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(far->n_symbols, 0);
  f.e.e_shoff = UINT64_MAX;
  g_autoptr(rv_image) none = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(none->n_symbols, 0);
}
END_TEST

START_TEST(linux_image)
{
  uint8_t f[4096] = { 0 };
  memcpy(f, "MZ", 2);
  memcpy(f + 0x30, "RISCV\0\0\0RSC\x05", 12);
  uint64_t text_offset = 0x200000, image_size = 0x123000;
  memcpy(f + 8, &text_offset, 8);
  memcpy(f + 16, &image_size, 8);
  g_autoptr(rv_image) image = open_good(f, sizeof f, &kernel);
  ck_assert_int_eq(image->kind, RV_IMAGE_LINUX);
  ck_assert_uint_eq(image->entry, 0x80200000);
  ck_assert_uint_eq(image->segments[0].filesz, 4096);
  ck_assert_uint_eq(image->high, 0x80323000); /* what initrd and tree must stay clear of */
  image_size = UINT64_MAX;
  memcpy(f + 16, &image_size, 8);
  expect_refusal(f, sizeof f, &kernel, RV_LOAD_PLACE, "outside RAM");
}
END_TEST

START_TEST(flat_binary)
{
  uint32_t code[3] = { 0x13, 0x13, 0x6f };
  g_autoptr(rv_image) image = open_good(code, sizeof code, &kernel);
  ck_assert_int_eq(image->kind, RV_IMAGE_FLAT);
  ck_assert_uint_eq(image->entry, 0x80200000);
  ck_assert(!image->m_mode);
  g_autoptr(rv_image) firmware = open_good(code, sizeof code, &bios);
  ck_assert_uint_eq(firmware->entry, 0x80000000);
  ck_assert(firmware->m_mode);
  rv_image_where data = { RAM_BASE, RAM_SIZE, RV_ROLE_DATA, 0x87000000, RV_START_GUESS };
  g_autoptr(rv_image) initrd = open_good("\x1f\x8b", 2, &data); /* compressed is fine here */
  ck_assert_uint_eq(initrd->low, 0x87000000);
  ck_assert_uint_eq(initrd->high, 0x87000002);
}
END_TEST

/* -bios none: reset goes to the kernel itself, in M-mode; QEMU puts flat files where it looks. */
START_TEST(without_firmware_kernels_start_in_m_mode)
{
  rv_image_where bare = kernel;
  bare.start = RV_START_BARE;
  uint32_t code[3] = { 0x13, 0x13, 0x6f };
  g_autoptr(rv_image) flat = open_good(code, sizeof code, &bare);
  ck_assert_uint_eq(flat->entry, 0x80000000);
  ck_assert(flat->m_mode);
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &bare);
  ck_assert_uint_eq(image->entry, 0x80200000);
  ck_assert(image->m_mode);
}
END_TEST

START_TEST(no_file_to_read)
{
  g_autoptr(GError) missing = NULL, directory = NULL, device = NULL;
  ck_assert(rv_image_open("/nonexistent/hv.elf", &kernel, &missing) == NULL);
  ck_assert(strstr(missing->message, "/nonexistent/hv.elf: No such file") != NULL);
  ck_assert(rv_image_open("/", &kernel, &directory) == NULL);
  ck_assert(strstr(directory->message, "is a directory") != NULL);
  ck_assert(rv_image_open("/dev/null", &kernel, &device) == NULL);
  ck_assert(strstr(device->message, "not a regular file") != NULL);
  expect_refusal("", 0, &kernel, RV_LOAD_READ, "is empty");
}
END_TEST

START_TEST(not_our_programs)
{
  expect_refusal("\x1f\x8b\x08", 3, &kernel, RV_LOAD_FORMAT, "compressed by gzip");
  expect_refusal("\3757zXZ", 6, &kernel, RV_LOAD_FORMAT, "compressed by xz");
  expect_refusal("#!/bin/sh\n", 10, &kernel, RV_LOAD_FORMAT, "script");
  small_elf f = make_elf(ET_EXEC, 0x80200000);
#define REFUSE(change, code, text)                                                                 \
  do {                                                                                             \
    small_elf good = f;                                                                            \
    change;                                                                                        \
    expect_refusal(&f, sizeof f, &kernel, code, text);                                             \
    f = good;                                                                                      \
  } while (0)
  REFUSE(f.e.e_ident[EI_CLASS] = ELFCLASS32, RV_LOAD_FORMAT, "not a 64-bit ELF");
  REFUSE(f.e.e_ident[EI_DATA] = ELFDATA2MSB, RV_LOAD_FORMAT, "not a little-endian ELF");
  REFUSE(f.e.e_machine = EM_X86_64, RV_LOAD_FORMAT, "not a RISC-V ELF (machine 62, x86-64");
  REFUSE(f.e.e_type = ET_REL, RV_LOAD_FORMAT, "object file");
  REFUSE(f.e.e_type = ET_CORE, RV_LOAD_FORMAT, "no executable");
  REFUSE(f.p[1].p_type = PT_INTERP, RV_LOAD_FORMAT, "dynamic linker");
}
END_TEST

START_TEST(lying_headers)
{
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  expect_refusal(&f, 63, &kernel, RV_LOAD_TRUNCATED, "header needs 64 bytes");
  REFUSE(f.e.e_phnum = 0, RV_LOAD_FORMAT, "no program headers");
  REFUSE(f.e.e_phnum = 5000, RV_LOAD_TRUNCATED, "5000 program headers");
  REFUSE(f.e.e_phnum = PN_XNUM, RV_LOAD_FORMAT, "bad program headers");
  REFUSE(f.e.e_phentsize = 8, RV_LOAD_FORMAT, "bad program headers");
  REFUSE(f.e.e_phoff = UINT64_MAX - 8, RV_LOAD_TRUNCATED, "do not fit");
  REFUSE(f.p[0].p_filesz = 33, RV_LOAD_FORMAT, "more bytes in the file");
  REFUSE((f.p[0].p_filesz = f.p[0].p_memsz = UINT64_MAX), RV_LOAD_TRUNCATED, "wants 0x");
  REFUSE(f.p[0].p_offset = sizeof f - 31, RV_LOAD_TRUNCATED, "wants 0x20 bytes at offset");
  REFUSE(f.p[0].p_offset = UINT64_MAX - 15, RV_LOAD_TRUNCATED, "wants 0x20 bytes at offset");
  REFUSE(f.p[1].p_memsz = UINT64_MAX, RV_LOAD_FORMAT, "wraps around");
  REFUSE((f.p[0].p_memsz = f.p[0].p_filesz = f.p[1].p_memsz = f.p[1].p_filesz = 0), RV_LOAD_FORMAT,
         "no segment to load");
  REFUSE((f.p[0].p_type = f.p[1].p_type = PT_NOTE), RV_LOAD_FORMAT, "no segment to load");
}
END_TEST

START_TEST(bad_places)
{
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  REFUSE(f.p[1].p_paddr = 0x8020001f, RV_LOAD_FORMAT, "two segments overlap at 0x8020001f");
  REFUSE(f.p[1].p_paddr = 0x87ffff80, RV_LOAD_PLACE, "outside RAM (0x80000000..0x88000000)");
  REFUSE(f.p[1].p_paddr = 0x90000000, RV_LOAD_PLACE, "-m 257M");
  REFUSE(f.p[1].p_memsz = 1ull << 62, RV_LOAD_PLACE, "outside RAM");
  REFUSE(f.p[1].p_paddr = 0xffffffc080201000, RV_LOAD_PLACE, "outside RAM");
  REFUSE(f = make_elf(ET_EXEC, 0x10000), RV_LOAD_PLACE, "link it at 0x80200000");
  REFUSE(f.e.e_entry = 0x80300000, RV_LOAD_FORMAT, "outside of every segment");
  REFUSE(f.e.e_entry = 0x80200020, RV_LOAD_FORMAT, "outside of every segment");
  REFUSE(f.e.e_entry = 0x80200001, RV_LOAD_FORMAT, "is odd");
  f.p[0].p_memsz = f.p[0].p_filesz = 32;
  f.p[1].p_memsz = f.p[1].p_filesz = 0; /* empty segments are anywhere */
  f.p[1].p_paddr = 5;
  g_autoptr(rv_image) image = open_good(&f, sizeof f, &kernel);
  ck_assert_uint_eq(image->n_segments, 1);
}
END_TEST

/* Whatever the loader accepts must be inside the file and inside RAM: touch every byte of it. */
static unsigned check_plan(const rv_image *image)
{
  unsigned sum = 0;
  for (size_t i = 0; i < image->n_segments; i++) {
    const rv_segment *s = &image->segments[i];
    const uint8_t *file = (const uint8_t *)g_mapped_file_get_contents(image->file);
    uint64_t length = g_mapped_file_get_length(image->file);
    ck_assert(s->data >= file && (uint64_t)(s->data - file) <= length - s->filesz);
    ck_assert(s->filesz <= length && s->filesz <= s->memsz && s->memsz <= RAM_SIZE);
    ck_assert(s->pa >= RAM_BASE && s->pa - RAM_BASE <= RAM_SIZE - s->memsz);
    for (uint64_t k = 0; k < s->filesz; k++)
      sum += s->data[k];
  }
  for (size_t i = 0; i < image->n_symbols; i++)
    sum += strlen(image->symbols[i].name) +
           (rv_image_symbol(image, image->symbols[i].addr, NULL) != 0);
  ck_assert(image->entry - RAM_BASE < RAM_SIZE && image->guess != NULL);
  return sum;
}

static void try_hostile(const void *bytes, size_t n)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(rv_image) image = open_bytes(bytes, n, &kernel, &error);
  ck_assert((image == NULL) == (error != NULL));
  if (image)
    check_plan(image);
}

START_TEST(every_truncation_is_survived)
{
  small_elf f = make_elf(ET_EXEC, 0x80200000);
  for (size_t n = 0; n <= sizeof f; n++)
    try_hostile(&f, n);
}
END_TEST

START_TEST(random_damage_is_survived)
{
  small_elf good = make_elf(ET_EXEC, 0x80200000);
  good.sym[5] = (Elf64_Sym){ N_TOHOST, STT_NOTYPE, 0, 1, 0x80201040, 8 };
  g_autoptr(GRand) rand = g_rand_new_with_seed(20240607);
  for (int round = 0; round < 3000; round++) {
    uint8_t f[sizeof good];
    memcpy(f, &good, sizeof f);
    for (int flips = g_rand_int_range(rand, 1, 5); flips > 0; flips--) {
      uint32_t at = (uint32_t)g_rand_int_range(rand, 4, sizeof f);
      bool whole = g_rand_boolean(rand);
      f[at] =
          whole ? (uint8_t)g_rand_int(rand) : (uint8_t)(f[at] ^ 1 << g_rand_int_range(rand, 0, 8));
    }
    try_hostile(f, sizeof f);
  }
}
END_TEST

/* Fields at the borders of their type, one at a time, in every 8-byte word of the file. */
START_TEST(extreme_words_are_survived)
{
  static const uint64_t extreme[] = {
    0, 1, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX, UINT64_MAX - 7, 0x80000000, 0xffffffff
  };
  small_elf good = make_elf(ET_DYN, 0);
  for (size_t at = 16; at + 8 <= sizeof good; at += 8)
    for (size_t i = 0; i < G_N_ELEMENTS(extreme); i++) {
      uint8_t f[sizeof good];
      memcpy(f, &good, sizeof f);
      memcpy(f + at, &extreme[i], 8);
      try_hostile(f, sizeof f);
    }
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, elf_in_ram_stays);
  tcase_add_test(tc, elf_at_start_of_ram_is_m_mode);
  tcase_add_test(tc, high_virtual_elf_moves_and_keeps_symbols);
  tcase_add_test(tc, dyn_firmware_at_zero_is_relative_to_ram);
  tcase_add_test(tc, entry_may_be_virtual_or_physical);
  tcase_add_test(tc, symbols_by_address);
  tcase_add_test(tc, htif_symbols);
  tcase_add_test(tc, bad_symbols_cost_only_names);
  tcase_add_test(tc, linux_image);
  tcase_add_test(tc, flat_binary);
  tcase_add_test(tc, without_firmware_kernels_start_in_m_mode);
  tcase_add_test(tc, no_file_to_read);
  tcase_add_test(tc, not_our_programs);
  tcase_add_test(tc, lying_headers);
  tcase_add_test(tc, bad_places);
  tcase_add_test(tc, every_truncation_is_survived);
  tcase_add_test(tc, random_damage_is_survived);
  tcase_add_test(tc, extreme_words_are_survived);
}
UNIT_MAIN("image", add_tests)
