/* program.c - a whole program: start, phases, end; and its ELF file.
 *
 * M-mode runs the phases one after the other: for each it sets delegation, environment and
 * translation, and goes to the first fragment, with a random mode. The last fragment's request
 * leads to the next phase.
 */
#include "gen.h"
#include "priv/csr.h"
#include <assert.h>
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PHASES = 8, TRAP_LIMIT = 1500 };

/* ---- start ---- */

static void random_registers(gen *g)
{
  for (unsigned r = 1; r < 32; r++)
    emit_li(g, r, chance(g, 50) ? rnd(g, 256) : rnd64(g) >> rnd(g, 64));
  for (unsigned r = 0; r < 32; r++) {
    if (chance(g, 50))
      emit_li(g, 5 + rnd(g, 3), rnd64(g));
    emit(g, chance(g, 50) ? "fmv.d.x f%u,x%u" : "fmv.w.x f%u,x%u", r, (unsigned)rnd(g, 32));
  }
}

/* All harts start at the first part. Those without one wait for ever. */
static void emit_start(gen *g)
{
  g->at = PA(AT_START);
  if (g->base == FUZZ_BASE && g->flags & FUZZ_HARTS)
    emit(g, "csrrs t0,mhartid,zero; beq t0,zero,@first; auipc t0,0x200; jalr zero,-8(t0); first:");
  else if (g->base == FUZZ_BASE)
    emit(g, "csrrs t0,mhartid,zero; beq t0,zero,@first; csrrw zero,mie,zero; sleep: wfi; "
            "jal zero,@sleep; first:");
  emit_csr_write(g, CSR_pmpaddr15, ~0ull);
  emit_csr_write(g, CSR_pmpcfg2, 0x1full << 56);
  emit_csr_write(g, CSR_mtvec, PA(AT_M_HANDLER));
  emit_csr_write(g, CSR_mscratch, PA(AT_M_SAVE));
  emit_csr_write(g, CSR_sscratch, PA(AT_HS_SAVE));
  emit_csr_write(g, CSR_vsscratch, PA(AT_VS_SAVE));
  emit_csr_write(g, CSR_mstatus, 3ull << 13);
  random_registers(g);
}

/* ---- phases ---- */

static uint64_t some_bits(gen *g, uint64_t mask)
{
  static const uint64_t all = ~0ull;
  return mask & (chance(g, 20) ? 0 : chance(g, 30) ? all : rnd64(g));
}

/* An ecall from HS-mode must always come to M: the handlers' requests. So must what TVM and TSR
 * refuse. */
static void emit_delegation(gen *g, bool refuse)
{
  emit_csr_write(g, CSR_medeleg, some_bits(g, 0xf4b5ff) & (refuse ? ~4ull : ~0ull));
  emit_csr_write(g, CSR_mideleg, some_bits(g, 0x2222));
  emit_csr_write(g, CSR_hedeleg, some_bits(g, 0xb1ff));
  emit_csr_write(g, CSR_hideleg, some_bits(g, 0x2444));
  emit_csr_write(g, CSR_mcounteren, some_bits(g, 0xffffffff));
  emit_csr_write(g, CSR_hcounteren, some_bits(g, 0xffffffff));
  emit_csr_write(g, CSR_scounteren, some_bits(g, 0xffffffff));
}

static void emit_environment(gen *g)
{
  const uint64_t stce = g->flags & FUZZ_TIMERS ? 1ull << 63 : 0;
  const uint64_t pmm = g->flags & FUZZ_MASKING ? 3ull << 32 : 0;
  const uint64_t blocks = g->flags & FUZZ_BLOCKS ? 0xf0 : 0;
  emit_csr_write(g, CSR_menvcfg, some_bits(g, 3ull << 61 | stce | pmm | blocks | 1));
  emit_csr_write(g, CSR_henvcfg, some_bits(g, 3ull << 61 | stce | pmm | blocks | 1));
  emit_csr_write(g, CSR_senvcfg, some_bits(g, pmm | blocks | 1));
  emit_csr_write(g, CSR_stvec, PA(AT_HS_HANDLER) + rnd(g, 2));
  emit_csr_write(g, CSR_vstvec, PA(AT_VS_HANDLER) + rnd(g, 2));
  emit_csr_write(g, CSR_mtvec, PA(AT_M_HANDLER) + rnd(g, 2));
}

static void emit_translation(gen *g)
{
  emit_csr_write(g, CSR_satp, tree_atp(g->regime.satp));
  emit_csr_write(g, CSR_vsatp, tree_atp(g->regime.vsatp));
  emit_csr_write(g, CSR_hgatp, tree_atp(g->regime.hgatp));
  /* hfence.vvma is for the current VMID, so it comes behind hgatp. */
  emit(g, "sfence.vma zero,zero; hfence.gvma zero,zero; hfence.vvma zero,zero");
}

static void emit_status(gen *g, unsigned mode, bool refuse)
{
  const uint64_t status = 1ull << 1 | 1ull << 5 | 3ull << 13 | 3ull << 18;
  const uint64_t previous = (mode & 3ull) << 11 | (mode_is_v(mode) ? 1ull << 39 : 0);
  emit_csr_write(g, CSR_vsstatus, some_bits(g, status) | (chance(g, 80) ? 3ull << 13 : 0));
  emit_csr_write(g, CSR_hstatus, some_bits(g, 1ull << 8 | 1ull << 9 | 7ull << 20));
  emit_csr_write(g, CSR_mie, some_bits(g, 0x2666));
  emit_csr_write(g, CSR_hvip, chance(g, 20) ? some_bits(g, 0x444) : 0);
  emit_csr_write(g, CSR_mstatus,
                 some_bits(g, status | 1ull << 7 | 1ull << 21) | previous |
                     (chance(g, 80) ? 3ull << 13 : 0) |
                     (refuse ? some_bits(g, 1ull << 20 | 1ull << 22) : 0));
}

/* next: the address of the word that tells the handler where the next phase is. */
static void emit_phase(gen *g, unsigned mode, uint64_t entry)
{
  const bool refuse = chance(g, 40);
  emit_csr_write(g, CSR_mstatus, 3ull << 13); /* MIE = 0 meanwhile */
  emit_delegation(g, refuse);
  emit_environment(g);
  if (chance(g, 30))
    emit_pmp(g);
  emit_translation(g);
  const uint64_t next = emit_hole(g);
  g->at += 8; /* auipc, addi, sd */
  emit_status(g, mode, refuse);
  emit_csr_write(g, CSR_mepc, entry);
  emit(g, "mret");
  const uint64_t here = g->at;
  g->at = next;
  emit(g, "auipc t0,0; addi t0,t0,%d; sd t0,%d(t1)", (int)(here - next), SAVE_NEXT);
  g->at = here;
}

/* ---- the end ---- */

/* a0 = a hash of the handlers' and some of the data. */
static void emit_final(gen *g)
{
  /* No MPRV, no interrupts, no access that a PMP entry matches in part. */
  emit(g, "lui t0,0x20; csrrc zero,mstatus,t0; csrrci zero,mstatus,8; csrrw zero,pmpcfg0,zero; "
          "addi a0,zero,0");
  static const unsigned areas[] = { AT_M_SAVE, AT_HS_SAVE, AT_VS_SAVE };
  for (unsigned i = 0; i < 3; i++) {
    emit_li(g, 6, PA(areas[i]));
    emit(g, "ld t0,256(t1); slli t2,a0,5; sub a0,t2,a0; add a0,a0,t0; ld x%u,264(t1)", 11 + i);
  }
  emit_li(g, 6, PA(AT_DATA));
  emit_li(g, 7, PA(AT_DATA) + 16 * 4096);
  emit(g, "next: ld t0,0(t1); slli t3,a0,5; sub a0,t3,a0; add a0,a0,t0; addi t1,t1,136; "
          "bltu t1,t2,@next");
  emit_li(g, 6, PA(AT_TOHOST));
  if (g->base == FUZZ_BASE)
    emit(g, "addi t0,zero,1; sd t0,0(t1)");
  emit(g, "end: jal zero,@end");
}

/* Slots of six c.addi, and c.jr ra: the two pages differ. */
static void fill_patch_pages(gen *g)
{
  for (unsigned i = 0; i < PATCH_SLOTS; i++) {
    const uint64_t at = PA(AT_PATCH) + 16 * i, add = i < PAGE_SLOTS ? 0x0505 : 0x0591;
    poke64(g, at, add * 0x0001000100010001);
    poke64(g, at + 8, 0x8082808200000000 | add * 0x00010001);
    if (i % PAGE_SLOTS != SLOT_BACK && i % PAGE_SLOTS != SLOT_ON)
      continue;
    g->at = at + 2;
    const uint64_t page = at & ~(uint64_t)4095;
    emit(g, "jal zero,0x%" PRIx64, i % PAGE_SLOTS == SLOT_ON ? page + 4112 : page - 4080);
  }
}

static void fill_memory(gen *g)
{
  for (uint64_t at = AT_DATA; at < AT_CODE; at += 8)
    poke64(g, PA(at), chance(g, 70) ? rnd64(g) >> rnd(g, 64) : 0);
  fill_patch_pages(g);
  static const unsigned areas[] = { AT_M_SAVE, AT_HS_SAVE, AT_VS_SAVE };
  for (unsigned i = 0; i < 3; i++)
    poke64(g, PA(areas[i]) + SAVE_LIMIT, TRAP_LIMIT);
}

/* Fragments of all phases come first: the start of a phase must know its first one. */
static unsigned emit_phases_code(gen *g, regime *regimes, unsigned *modes, uint64_t *entries)
{
  const unsigned wanted = 2 + rnd(g, MAX_PHASES - 1);
  unsigned n = 0;
  g->at = PA(AT_CODE) + 2 * rnd(g, 16);
  while (n < wanted) {
    choose_regime(g);
    regimes[n] = g->regime;
    entries[n] = emit_fragments(g, 2 + rnd(g, 6), &modes[n]);
    n++;
    if (g->at > PA(AT_CODE) + 0x8000) /* another phase might be too much */
      break;
  }
  assert(g->at <= PA(AT_PATCH));
  return n;
}

static void generate_part(uint64_t seed, unsigned flags, uint8_t *image, uint64_t base)
{
  gen state = { .random = (seed + 1) * 0xd1342543de82ef95ull + base,
                .flags = flags,
                .image = image,
                .base = base,
                .next_table = base + AT_TABLES };
  gen *g = &state;
  regime regimes[MAX_PHASES];
  unsigned modes[MAX_PHASES];
  uint64_t entries[MAX_PHASES];
  fill_memory(g);
  make_trees(g);
  const unsigned n = emit_phases_code(g, regimes, modes, entries);
  emit_start(g);
  for (unsigned i = 0; i < n; i++) {
    g->regime = regimes[i];
    emit_li(g, 6, PA(AT_M_SAVE));
    emit_phase(g, modes[i], entries[i]);
  }
  const uint64_t final = g->at;
  emit_final(g);
  emit_handlers(g, final);
  assert(g->next_table <= PA(FUZZ_SIZE) && final < PA(AT_M_HANDLER));
}

size_t fuzz_generate(uint64_t seed, unsigned flags, uint8_t *image)
{
  memset(image, 0, FUZZ_MAX);
  generate_part(seed, flags, image, FUZZ_BASE);
  if (!(flags & FUZZ_HARTS))
    return FUZZ_SIZE;
  generate_part(seed, flags, image, FUZZ_BASE + FUZZ_STRIDE);
  return FUZZ_MAX;
}

/* ---- ELF ---- */

static const fuzz_symbol symbols[] = {
  { "_start", SHARED(AT_START) },
  { "tohost", SHARED(AT_TOHOST) },
  { "fromhost", SHARED(AT_TOHOST) + 64 },
  { "m_handler", SHARED(AT_M_HANDLER) },
  { "hs_handler", SHARED(AT_HS_HANDLER) },
  { "vs_handler", SHARED(AT_VS_HANDLER) },
  { "data", SHARED(AT_DATA) },
  { "code", SHARED(AT_CODE) },
  { "patch", SHARED(AT_PATCH) },
  { "tables", SHARED(AT_TABLES) },
  { NULL, 0 },
};

const fuzz_symbol *fuzz_symbols(void) { return symbols; }

enum { N_SYMBOLS = sizeof symbols / sizeof *symbols, N_SECTIONS = 5, TEXT_AT = 4096 };

typedef struct {
  Elf64_Ehdr header;
  Elf64_Phdr segment;
  Elf64_Shdr section[N_SECTIONS];
  Elf64_Sym symbol[N_SYMBOLS];
  char names[256];
} elf_head;

static void fill_symbols(elf_head *e)
{
  size_t at = 1;
  for (unsigned i = 0; symbols[i].name; i++) {
    e->symbol[i + 1] = (Elf64_Sym){ .st_name = at,
                                    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE),
                                    .st_shndx = 1,
                                    .st_value = symbols[i].address };
    at += strlen(strcpy(e->names + at, symbols[i].name)) + 1;
  }
}

static void fill_head(elf_head *e, size_t size)
{
  static const char section_names[] = "\0.text\0.symtab\0.strtab\0.shstrtab";
  const size_t names = offsetof(elf_head, names), symtab = offsetof(elf_head, symbol);
  *e = (elf_head){
    .header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                             EV_CURRENT },
                .e_type = ET_EXEC,
                .e_machine = EM_RISCV,
                .e_version = EV_CURRENT,
                .e_entry = FUZZ_BASE,
                .e_phoff = offsetof(elf_head, segment),
                .e_shoff = offsetof(elf_head, section),
                .e_flags = 5, /* RVC, double-float ABI */
                .e_ehsize = sizeof(Elf64_Ehdr),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 1,
                .e_shentsize = sizeof(Elf64_Shdr),
                .e_shnum = N_SECTIONS,
                .e_shstrndx = 4 },
    .segment = { .p_type = PT_LOAD,
                 .p_flags = PF_R | PF_W | PF_X,
                 .p_offset = TEXT_AT,
                 .p_vaddr = FUZZ_BASE,
                 .p_paddr = FUZZ_BASE,
                 .p_filesz = size,
                 .p_memsz = size,
                 .p_align = 4096 },
    .section = { { 0 },
                 { .sh_name = 1,
                   .sh_type = SHT_PROGBITS,
                   .sh_flags = SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR,
                   .sh_addr = FUZZ_BASE,
                   .sh_offset = TEXT_AT,
                   .sh_size = size },
                 { .sh_name = 7,
                   .sh_type = SHT_SYMTAB,
                   .sh_offset = symtab,
                   .sh_size = N_SYMBOLS * sizeof(Elf64_Sym),
                   .sh_link = 3,
                   .sh_info = 1,
                   .sh_entsize = sizeof(Elf64_Sym) },
                 { .sh_name = 15, .sh_type = SHT_STRTAB, .sh_offset = names, .sh_size = 200 },
                 { .sh_name = 23,
                   .sh_type = SHT_STRTAB,
                   .sh_offset = names + 200,
                   .sh_size = sizeof section_names } },
  };
  fill_symbols(e);
  memcpy(e->names + 200, section_names, sizeof section_names);
}

bool fuzz_write_elf(const char *path, const uint8_t *image, size_t size)
{
  uint8_t head[TEXT_AT] = { 0 };
  elf_head e;
  FILE *f = fopen(path, "wb");
  if (!f)
    return false;
  fill_head(&e, size);
  memcpy(head, &e, sizeof e);
  const bool ok = fwrite(head, sizeof head, 1, f) == 1 && fwrite(image, size, 1, f) == 1;
  return !fclose(f) && ok;
}
