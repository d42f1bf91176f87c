/* body.c - the random code of a program: fragments, each for one mode, made of items.
 *
 * A fragment is straight-line code with bounded loops, calls and forward jumps. Control never leaves what
 * was meant as instructions: addresses that are jumped to by chance refuse the fetch. Registers: sp,
 * s0 and s1 point to data, s2 to data of the guest (for hlv, hsv, MPRV), s10 and s11 count loops, x30 is for
 * idioms, x31 is where to go on after a fetch fault. All others are random code's.
 */
#include "cpu/insn.h"
#include "gen.h"
#include "priv/csr.h"
#include <inttypes.h>
#include <string.h>

enum { FRAGMENT_SIZE = 1500 }; /* so that its end is in reach of an addi */
enum { MAX_RECOVER = 64 };
enum { SP = 2, S0 = 8, S1 = 9, S2 = 18, S10 = 26, S11 = 27, TMP = 30, RECOVER = 31 };

typedef struct {
  gen *g;
  unsigned mode;
  uint64_t start;
  uint64_t base;  /* where AT_CODE is seen */
  unsigned depth; /* of loops */
  uint64_t recover[MAX_RECOVER]; /* auipc x31, addi x31: to be led to the end */
  unsigned n_recover;
} body;

typedef void item(body *b);

static bool is_free(unsigned r)
{
  return r != 1 && r != SP && r != S0 && r != S1 && r != S2 && r != S10 && r != S11 && r < TMP;
}

static unsigned free_register(gen *g)
{
  for (;;) {
    const unsigned r = rnd(g, 32);
    if (r && is_free(r))
      return r;
  }
}

static unsigned pointer(gen *g)
{
  static const uint8_t registers[] = { SP, S0, S1 };
  return registers[rnd(g, sizeof registers)];
}

/* What traps in this mode, nearly always: not too much of it. */
static bool spared(body *b, bool refused) { return refused && !chance(b->g, 15); }

/* ---- addresses ---- */

static bool translated(const gen *g, unsigned mode)
{
  if (mode == MODE_M)
    return false;
  return mode_is_v(mode) ? g->regime.vsatp || g->regime.hgatp : g->regime.satp != NULL;
}

/* The tree that gives the first stage's permissions, or the only one there is. */
static const tree *tree_of(const gen *g, unsigned mode)
{
  return !mode_is_v(mode) ? g->regime.satp : g->regime.vsatp ? g->regime.vsatp : g->regime.hgatp;
}

/* U-bit of the tree's pages is for this mode. */
static bool fits(const tree *t, unsigned mode, bool user_page)
{
  return t->kind == TREE_G || user_page == mode_is_user(mode);
}

/* An address of data in some place of t; *user: whom its page is for. */
static uint64_t place_of_data(gen *g, const tree *t, bool *user)
{
  const uint64_t inside = 2048 + (chance(g, 70) ? rnd(g, 7400) * 8 : rnd(g, 59200));
  const unsigned in_page = chance(g, 70) ? rnd(g, 512) * 8 : rnd(g, 4096);
  uint64_t window;
  *user = false;
  switch (rnd(g, 8)) {
  case 0:
    return PA(AT_DATA) + inside;
  case 1: case 2:
    *user = true;
    window = WIN_DATA_U + rnd(g, 8);
    break;
  case 3:
    window = WIN_DATA_S + rnd(g, 8);
    break;
  case 4:
    *user = t->super_user[0];
    window = WIN_NAPOT + rnd(g, 16);
    break;
  case 5:
    *user = t->super_user[0];
    return SUPER_2M + AT_DATA + inside;
  case 6:
    *user = t->super_user[1];
    return SUPER_1G + (PA(AT_DATA) - SHARED(0)) + inside;
  default:
    window = WIN_VOLATILE + rnd(g, 8);
    *user = !(window & 1);
  }
  return WINDOWS + 4096 * window + in_page;
}

/* An address of data as mode sees it: mostly one that allows accesses. */
static uint64_t data_address(gen *g, unsigned mode)
{
  const tree *t = tree_of(g, mode);
  if (!translated(g, mode))
    return PA(AT_DATA) + 2048 + (chance(g, 70) ? rnd(g, 7400) * 8 : rnd(g, 59200));
  if (chance(g, 4))
    return WINDOWS + 4096ull * WIN_BAD + rnd(g, 0x10000);
  if (chance(g, 1))
    return chance(g, 30) ? SUPER_BAD + rnd(g, 4096) : chance(g, 50) ? SUPER_NONE : rnd64(g) | 1ull << 62;
  const bool any = chance(g, mode_is_user(mode) ? 5 : 25); /* for SUM, and others */
  for (;;) {
    bool user;
    const uint64_t address = place_of_data(g, t, &user);
    if (any || fits(t, mode, user))
      return address;
  }
}

/* Where mode may run the code region. */
static uint64_t code_base(gen *g, unsigned mode)
{
  const tree *t = tree_of(g, mode);
  if (!translated(g, mode))
    return PA(AT_CODE);
  for (;;)
    switch (rnd(g, 5)) {
    case 0:
      if (mode_is_user(mode) && t->kind != TREE_G)
        break;
      return PA(AT_CODE);
    case 1:
      if (!fits(t, mode, true))
        break;
      return WINDOWS + 4096ull * WIN_CODE_U;
    case 2:
      if (!fits(t, mode, false))
        break;
      return WINDOWS + 4096ull * WIN_CODE_S;
    case 3:
      if (!fits(t, mode, t->super_user[0]))
        break;
      return SUPER_2M + AT_CODE;
    default:
      if (!fits(t, mode, t->super_user[1]))
        break;
      return SUPER_1G + (PA(AT_CODE) - SHARED(0));
    }
}

/* Where mode may read, write and run the patch pages. */
static uint64_t patch_base(gen *g, unsigned mode)
{
  const tree *t = tree_of(g, mode);
  if (!translated(g, mode))
    return SHARED(AT_PATCH);
  if (t->kind == TREE_G ? rnd(g, 2) : mode_is_user(mode))
    return WINDOWS + 4096ull * WIN_PATCH_U;
  return chance(g, 40) ? SHARED(AT_PATCH) : WINDOWS + 4096ull * (WIN_PATCH_S + 2 * rnd(g, 2));
}

/* ---- recovery ---- */

/* x31 = the end of the fragment, once that is known. */
static void set_recover(body *b)
{
  b->recover[b->n_recover++] = b->g->at;
  b->g->at += 8;
}

static void emit_recover(gen *g, uint64_t at, uint64_t to)
{
  const uint64_t here = g->at;
  g->at = at;
  emit(g, "auipc x31,0; addi x31,x31,%d", (int)(to - at));
  g->at = here;
}

static bool full(const body *b)
{
  return b->g->at - b->start > FRAGMENT_SIZE || b->n_recover + 2 > MAX_RECOVER;
}

/* ---- single instructions ---- */

static const rv_insn_row *random_row(gen *g, unsigned kinds)
{
  unsigned n;
  const rv_insn_row *rows = rv_insn_rows(&n);
  for (;;) {
    const rv_insn_row *row = &rows[rnd(g, n)];
    if (kinds >> row->kind & 1)
      return row;
  }
}

#define KIND(name) (1u << RV_KIND_##name)
static const unsigned writes_x = KIND(RR) | KIND(RI) | KIND(LUI) | KIND(AUIPC) | KIND(LOAD) | KIND(XF);

/* Some rows' reserved operands are other instructions: c.mv with rs2 = 0 is c.jr. */
static bool same_row(const rv_insn_row *row, const rv_insn *d)
{
  unsigned n;
  return row == &rv_insn_rows(&n)[d->row];
}

static bool has_rounding(const rv_insn_row *row)
{
  return ((KIND(FF) | KIND(XF) | KIND(FX)) >> row->kind & 1) && !(row->mask & 0x7000);
}

/* One instruction of these kinds with random operands; base registers of compressed ones fit. */
static void any_of(body *b, unsigned kinds)
{
  for (;;) {
    const rv_insn_row *row = random_row(b->g, kinds);
    const unsigned length = row->compressed ? 2 : 4;
    const uint32_t low = length == 2 ? 0xffff : ~0u;
    uint32_t bits = (row->match | (rnd64(b->g) & ~row->mask)) & low;
    if (has_rounding(row) && chance(b->g, 90)) /* not 5, 6: reserved */
      bits = (bits & ~0x7000u) | (chance(b->g, 50) ? 7 : (uint32_t)rnd(b->g, 5)) << 12;
    rv_insn d;
    if (!rv_decode(bits, &d) || !same_row(row, &d) || (writes_x >> row->kind & 1 && d.rd && !is_free(d.rd)))
      continue;
    if ((KIND(LOAD) | KIND(STORE) | KIND(FLOAD) | KIND(FSTORE)) >> row->kind & 1 &&
        d.rs1 != SP && d.rs1 != S0 && d.rs1 != S1)
      continue;
    emit_bits(b->g, bits, length);
    return;
  }
}

static void alu(body *b) { any_of(b, KIND(RR) | KIND(RI) | KIND(LUI) | KIND(AUIPC) | KIND(NOP)); }

/* FS is set before most: it is cleared by chance, and comes up Off in some modes. */
static void floating(body *b)
{
  if (chance(b->g, 5) && !mode_is_user(b->mode))
    emit(b->g, "lui x30,6; csrrs zero,%u,x30", b->mode == MODE_M ? CSR_mstatus : CSR_sstatus);
  for (unsigned n = 1 + rnd(b->g, 3); n > 0; n--)
    any_of(b, KIND(FF) | KIND(XF) | KIND(FX));
}

static void constant(body *b)
{
  gen *g = b->g;
  emit_li(g, free_register(g), chance(g, 50) ? rnd(g, 4096) : rnd64(g) >> rnd(g, 64));
}

static void memory(body *b)
{
  gen *g = b->g;
  const unsigned kinds = KIND(LOAD) | KIND(STORE) | (chance(g, 20) ? KIND(FLOAD) | KIND(FSTORE) : 0);
  const rv_insn_row *row = random_row(g, kinds);
  if (row->compressed) {
    any_of(b, kinds);
    return;
  }
  const bool fp = (KIND(FLOAD) | KIND(FSTORE)) >> row->kind & 1;
  const int offset = (int)rnd(g, 4096) - 2048;
  emit(g, "%s %c%u,%d(x%u)", row->text, fp ? 'f' : 'x',
       fp || row->kind == RV_KIND_STORE ? (unsigned)rnd(g, 32) : free_register(g),
       chance(g, 75) ? offset & ~7 : offset, pointer(g));
}

/* x30 = an address for an AMO: aligned, mostly. */
static void amo_address(gen *g)
{
  const int offset = (int)rnd(g, 2048) - 1024;
  emit(g, "addi x30,x%u,%d", pointer(g), offset & ~7);
  if (chance(g, 85))
    emit(g, "andi x30,x30,-8");
}

static const char *order(gen *g)
{
  static const char *const suffix[] = { "", ".aq", ".rl", ".aqrl" };
  return suffix[rnd(g, 4)];
}

static void amo(body *b)
{
  const rv_insn_row *row = random_row(b->g, KIND(AMO));
  if (!strncmp(row->text, "amo", 3)) {
    amo_address(b->g);
    emit(b->g, "%s%s x%u,x%u,(x30)", row->text, order(b->g), free_register(b->g),
         (unsigned)rnd(b->g, 32));
  }
}

static void reserve(body *b)
{
  gen *g = b->g;
  const char size = chance(g, 50) ? 'w' : 'd';
  amo_address(g);
  emit(g, "lr.%c%s x%u,(x30)", size, order(g), free_register(g));
  for (unsigned n = rnd(g, 4); n > 0; n--)
    alu(b);
  emit(g, "sc.%c%s x%u,x%u,(x30)", size, order(g), free_register(g), (unsigned)rnd(g, 32));
}

static void new_pointer(body *b)
{
  emit_li(b->g, pointer(b->g), data_address(b->g, b->mode));
}

/* ---- jumps ---- */

static void some(body *b, unsigned n);
static void simple(body *b, unsigned n)
{
  while (n--)
    alu(b);
}

static void branch(body *b)
{
  gen *g = b->g;
  static const char *const names[] = { "beq", "bne", "blt", "bge", "bltu", "bgeu" };
  const bool compressed = chance(g, 30);
  const uint64_t hole = g->at;
  g->at += compressed ? 2 : 4;
  if (compressed)
    simple(b, rnd(g, 5));
  else
    some(b, rnd(g, 4));
  const uint64_t end = g->at;
  g->at = hole;
  if (compressed)
    emit(g, "%s x%u,0x%" PRIx64, chance(g, 50) ? "c.beqz" : "c.bnez", 8 + (unsigned)rnd(g, 8), end);
  else
    emit(g, "%s x%u,x%u,0x%" PRIx64, names[rnd(g, 6)], (unsigned)rnd(g, 32), (unsigned)rnd(g, 32), end);
  g->at = end;
}

static void loop(body *b)
{
  gen *g = b->g;
  if (b->depth == 2 || full(b))
    return;
  const unsigned counter = b->depth++ ? S11 : S10;
  emit(g, "addi x%u,zero,%u", counter, 2 + (unsigned)rnd(g, chance(g, 10) ? 100 : 6));
  const uint64_t top = g->at;
  some(b, 1 + rnd(g, 6));
  emit(g, "addi x%u,x%u,-1; bne x%u,zero,0x%" PRIx64, counter, counter, counter, top);
  b->depth--;
}

/* A function behind a jump over it, called twice. */
static void call(body *b)
{
  gen *g = b->g;
  const uint64_t over = emit_hole(g), function = g->at;
  simple(b, 1 + rnd(g, 6));
  emit(g, chance(g, 50) ? "c.jr ra" : "jalr zero,0(ra)");
  patch_jump(g, over, 0, g->at);
  for (unsigned n = 1 + rnd(g, 2); n > 0; n--) {
    if (chance(g, 50))
      emit(g, "jal ra,0x%" PRIx64, function);
    else
      emit(g, "auipc x30,0; jalr ra,%d(x30)", (int)(function - g->at));
    simple(b, rnd(g, 3));
  }
}

/* On behind the next few instructions, perhaps where another page shows the same code. */
static void jump(body *b)
{
  gen *g = b->g;
  const uint64_t base = code_base(g, b->mode), start = g->at;
  unsigned size = 0;
  for (unsigned round = 0; round < 2; round++) { /* the first round finds the size of li */
    g->at = start;
    emit_li(g, TMP, base + (start - PA(AT_CODE)) + size);
    emit(g, "jalr zero,0(x30)");
    size = g->at - start;
  }
  g->at = start;
  emit_li(g, TMP, base + (start - PA(AT_CODE)) + size);
  emit(g, "jalr zero,0(x30)");
  if (g->at - start != size) /* li's size depends on its value: no jump then */
    g->at = start;
}

static void wild_jump(body *b)
{
  gen *g = b->g;
  static const uint64_t nowhere[] = { 0x50000000, 0x00ff000000000000, WINDOWS + 4096ull * WIN_NONE };
  static const uint64_t refused[] = { WINDOWS + 4096ull * WIN_NONE, 0x8000000000000000,
                                      WINDOWS + 4096ull * WIN_DATA_U, SUPER_BAD,
                                      WINDOWS + 4096ull * WIN_NAPOT - 2 };
  if (full(b))
    return;
  emit_li(g, TMP, translated(g, b->mode) ? refused[rnd(g, 5)] : nowhere[rnd(g, 3)]);
  emit_recover(g, g->at, g->at + 12);
  g->at += 8;
  emit(g, "jalr ra,0(x30)");
  set_recover(b);
}

/* ---- system ---- */

typedef struct {
  uint16_t csr;
  uint8_t prv;     /* the least that may write it */
  uint16_t needs;  /* FUZZ_*: time-dependent otherwise */
  uint64_t mask;
} writable;

/* CSRs that nobody may write. */
static const uint16_t read_only[] = { CSR_cycle, CSR_time, CSR_hpmcounter3, CSR_mvendorid, CSR_mhartid, CSR_hgeip };

/* What random code may write without breaking the handlers. */
#define STATUS (1ull << 1 | 1ull << 5 | 1ull << 8 | 3ull << 13 | 3ull << 18)
static const writable writables[] = {
  { CSR_fflags, 0, 0, ~0ull },
  { CSR_frm, 0, 0, ~0ull },
  { CSR_fcsr, 0, 0, ~0ull },
  { CSR_sstatus, 1, 0, STATUS },
  { CSR_sstatus, 1, 0, STATUS },
  { CSR_sie, 1, 0, ~0ull },
  { CSR_sip, 1, 0, ~0ull },
  { CSR_sepc, 1, 0, ~0ull },
  { CSR_scause, 1, 0, 0x800000000000000f },
  { CSR_stval, 1, 0, ~0ull },
  { CSR_scounteren, 1, 0, ~0ull },
  { CSR_senvcfg, 1, 0, 1 },
  { CSR_hstatus, 2, 0, 7ull << 6 | 1ull << 9 | 7ull << 20 },
  { CSR_hedeleg, 2, 0, ~0ull },
  { CSR_hideleg, 2, 0, ~0ull },
  { CSR_hie, 2, 0, ~0ull },
  { CSR_hip, 2, 0, ~0ull },
  { CSR_hvip, 2, 0, ~0ull },
  { CSR_hcounteren, 2, 0, ~0ull },
  { CSR_htval, 2, 0, ~0ull },
  { CSR_htinst, 2, 0, ~0ull },
  { CSR_htimedelta, 2, FUZZ_TIMERS, ~0ull },
  { CSR_vsstatus, 2, 0, STATUS },
  { CSR_vsie, 2, 0, ~0ull },
  { CSR_vsip, 2, 0, ~0ull },
  { CSR_vsepc, 2, 0, ~0ull },
  { CSR_vscause, 2, 0, 0x800000000000000f },
  { CSR_vstval, 2, 0, ~0ull },
  { CSR_mstatus, 3, 0, STATUS | 1ull << 3 | 1ull << 7 | 1ull << 21 | 3ull << 38 },
  { CSR_medeleg, 3, 0, 0xf4b1fb },
  { CSR_mideleg, 3, 0, ~0ull },
  { CSR_mie, 3, 0, ~0ull },
  { CSR_mip, 3, 0, ~0ull },
  { CSR_mepc, 3, 0, ~0ull },
  { CSR_mcause, 3, 0, 0x800000000000000f },
  { CSR_mtval, 3, 0, ~0ull },
  { CSR_mtval2, 3, 0, ~0ull },
  { CSR_mtinst, 3, 0, ~0ull },
  { CSR_mcounteren, 3, 0, ~0ull },
  { CSR_mcountinhibit, 3, FUZZ_TIME, 5 },
  { CSR_mcycle, 3, FUZZ_TIME, ~0ull },
  { CSR_minstret, 3, FUZZ_TIME, ~0ull },
};
enum { N_WRITABLES = sizeof writables / sizeof *writables };

/* Privilege that CSR addresses are compared with: HS is 2. */
static unsigned level_of(unsigned mode) { return mode == MODE_HS ? 2 : mode & 3; }

static void csr_write(body *b)
{
  gen *g = b->g;
  const writable *w = &writables[rnd(g, N_WRITABLES)];
  static const char *const ops[] = { "csrrs", "csrrc", "csrrw" };
  if (chance(g, 3)) {
    emit(g, "csrrw x%u,%u,x30", free_register(g), read_only[rnd(g, 6)]);
    return;
  }
  const unsigned ones = rnd(g, 3);
  if (w->needs & ~g->flags || spared(b, w->prv > level_of(b->mode)))
    return;
  /* Above the mode's privilege every write is refused: anything goes. */
  const uint64_t mask = w->prv > level_of(b->mode) ? ~0ull : w->mask;
  uint64_t bits = ones == 0 ? 1ull << rnd(g, 64) : ones == 1 ? rnd64(g) : ~0ull >> rnd(g, 64);
  if (w->mask == STATUS && chance(g, 85)) /* FS stays on, mostly */
    bits &= ~(3ull << 13);
  if (w->csr == CSR_frm || w->csr == CSR_fcsr)
    bits &= chance(g, 90) ? ~(w->csr == CSR_frm ? 4ull : 0x80ull) : ~0ull; /* a valid mode, mostly */
  emit_li(g, TMP, mask & bits);
  emit(g, "%s x%u,%u,x30", ops[rnd(g, mask == ~0ull ? 3 : 2)], free_register(g), w->csr);
}

/* Read-only for everybody, or refused to this mode: may random code read it? */
static bool may_read(const gen *g, unsigned csr)
{
  const bool counter = (csr & 0xf60) == 0xc00 || (csr & 0xf60) == 0xb00;
  switch (csr) {
  case CSR_time: case CSR_cycle: case CSR_instret: case CSR_mcycle: case CSR_minstret:
    return g->flags & FUZZ_TIME;
  case CSR_mip: case CSR_sip: case CSR_hip: case CSR_vsip:
    return true;
  case CSR_stimecmp: case CSR_vstimecmp:
    return g->flags & FUZZ_TIMERS;
  default:
    return g->flags & FUZZ_ID || (!counter && rv_csr_describe(csr) && csr < 0x7a0);
  }
}

static void csr_read(body *b)
{
  gen *g = b->g;
  const unsigned csr = rnd(g, 4096);
  if (!(rv_csr_describe(csr) || chance(g, 1)) || !may_read(g, csr) ||
      spared(b, (csr >> 8 & 3) > level_of(b->mode))) {
    if (chance(g, 95)) /* most numbers are no CSR's: again */
      csr_read(b);
    return;
  }
  emit(g, "csrrs x%u,%u,zero", free_register(g), csr);
}

static void fence(body *b)
{
  gen *g = b->g;
  static const char *const names[] = { "sfence.vma", "sinval.vma", "hfence.vvma", "hfence.gvma",
                                       "hinval.vvma", "hinval.gvma" };
  if (spared(b, mode_is_user(b->mode)))
    return;
  if (chance(g, 10)) {
    emit(g, chance(g, 50) ? "sfence.w.inval" : "sfence.inval.ir");
    return;
  }
  emit(g, "%s x%u,x%u", names[rnd(g, 6)], chance(g, 50) ? pointer(g) : 0, chance(g, 30) ? free_register(g) : 0);
}

/* Traps of all kinds that are no faults. */
static void trap(body *b)
{
  gen *g = b->g;
  switch (rnd(g, 7)) {
  case 0:
    emit_bits(g, 0, 2); /* defined illegal */
    break;
  case 1:
    emit(g, "ebreak");
    break;
  case 2:
    emit(g, "c.ebreak");
    break;
  case 3:
    emit_bits(g, 0xffffffff, 4);
    break;
  case 4:
    if (b->mode != MODE_M)
      emit(g, "mret");
    break;
  case 5:
    if (mode_is_user(b->mode))
      emit(g, chance(g, 50) ? "sret" : "wfi");
    break;
  default:
    emit(g, "ecall");
  }
}

/* Changes what translation depends on besides the tables, and accesses the same place before and after. */
static void toggle(body *b)
{
  gen *g = b->g;
  static const uint16_t csrs[] = { CSR_sstatus, CSR_sstatus, CSR_vsstatus, CSR_mstatus };
  const unsigned level = level_of(b->mode), r = pointer(g);
  if (!level)
    return;
  const unsigned csr = csrs[b->mode == MODE_VS ? 1 : 1 + rnd(g, level)];
  for (unsigned n = 2 + rnd(g, 3); n > 0; n--) {
    emit(g, "lui x30,%u; %s zero,%u,x30", chance(g, 50) ? 0x40 : 0x80 << rnd(g, 2) & 0xc0,
         chance(g, 50) ? "csrrs" : "csrrc", csr);
    emit(g, chance(g, 60) ? "lw x%u,0(x%u)" : "sw x%u,0(x%u)", free_register(g), r);
    if (mode_is_v(b->mode) || chance(g, 50))
      continue;
    emit(g, chance(g, 60) ? "hlv.w x%u,(x18)" : "hsv.w x%u,(x18)", free_register(g));
  }
}

static void guest_memory(body *b)
{
  gen *g = b->g;
  static const char *const loads[] = { "hlv.b", "hlv.bu", "hlv.h", "hlv.hu", "hlv.w", "hlv.wu", "hlv.d",
                                       "hlvx.hu", "hlvx.wu" };
  static const char *const stores[] = { "hsv.b", "hsv.h", "hsv.w", "hsv.d" };
  if (spared(b, mode_is_v(b->mode)))
    return;
  if (chance(g, 40))
    emit_li(g, S2, data_address(g, chance(g, 50) ? MODE_VS : MODE_VU));
  if (chance(g, 60))
    emit(g, "%s x%u,(x18)", loads[rnd(g, 9)], free_register(g));
  else
    emit(g, "%s x%u,(x18)", stores[rnd(g, 4)], (unsigned)rnd(g, 32));
}

/* Loads and stores of M-mode as another mode would make them. */
static void modify_privilege(body *b)
{
  gen *g = b->g;
  static const uint8_t modes[] = { MODE_U, MODE_HS, MODE_VU, MODE_VS, MODE_M };
  const unsigned as = modes[rnd(g, 5)];
  if (b->mode != MODE_M)
    return;
  emit_li(g, S2, data_address(g, as));
  emit_li(g, TMP, 3ull << 11 | 1ull << 39);
  emit(g, "csrrc zero,mstatus,x30");
  emit_li(g, TMP, (as & 3ull) << 11 | (as >> 2 ? 1ull << 39 : 0) | 1ull << 17);
  emit(g, "csrrs zero,mstatus,x30");
  for (unsigned n = 1 + rnd(g, 4); n > 0; n--)
    switch (rnd(g, 3)) {
    case 0:
      emit(g, "ld x%u,%d(x18)", free_register(g), (int)rnd(g, 128) * 8);
      break;
    case 1:
      emit(g, "sw x%u,%d(x18)", (unsigned)rnd(g, 32), (int)rnd(g, 128) * 4);
      break;
    default:
      memory(b);
    }
  emit(g, "lui x30,0x20; csrrc zero,mstatus,x30");
}

/* Makes an interrupt pending and enables it, wherever it goes. */
static void interrupt(body *b)
{
  gen *g = b->g;
  const unsigned level = level_of(b->mode);
  static const unsigned pending[] = { CSR_sip, CSR_sip, CSR_hvip, CSR_mip };
  static const unsigned enable[] = { CSR_sie, CSR_sie, CSR_hie, CSR_mie };
  if (!level)
    return;
  const unsigned as = b->mode == MODE_VS ? 1 : 1 + rnd(g, level);
  emit_li(g, TMP, as == 1 ? 0x222 : as == 2 ? 0x444 : 0x666);
  emit(g, "csrrs zero,%u,x30", pending[as]);
  emit(g, "csrrs zero,%u,x30", enable[as]);
  emit(g, "csrrsi zero,%u,%u", as == 3 ? CSR_mstatus : CSR_sstatus, as == 3 ? 8 : 2);
  if (chance(g, 50)) {
    simple(b, rnd(g, 4));
    emit_li(g, TMP, 0x666);
    emit(g, "csrrc zero,%u,x30", pending[as]);
  }
}

static void timer(body *b)
{
  gen *g = b->g;
  const unsigned level = level_of(b->mode);
  if (!(g->flags & FUZZ_TIMERS) || !level)
    return;
  const unsigned csr = level >= 2 && chance(g, 50) ? CSR_vstimecmp : CSR_stimecmp;
  emit_li(g, TMP, chance(g, 40) ? 0 : chance(g, 40) ? rnd(g, 300) : ~0ull);
  emit(g, "csrrw zero,%u,x30", csr);
}

/* wfi with an interrupt pending that is enabled but not taken: MIE or SIE is 0. VS-level ones never go to M. */
static void wait(body *b)
{
  if (b->mode == MODE_M)
    emit(b->g, "csrrci zero,mstatus,8; csrrsi zero,mip,2; csrrsi zero,mie,2; wfi");
  if (b->mode == MODE_HS)
    emit(b->g, "csrrci zero,sstatus,2; csrrsi zero,hvip,4; csrrsi zero,hie,4; wfi");
}

/* ---- changing code and page tables ---- */

enum { PATCH_SLOTS = 512 };

/* Overwrites an instruction of the patch pages and runs it. */
static void modify_code(body *b)
{
  gen *g = b->g;
  /* Always the same place of a slot: half an instruction must not be left behind. */
  const unsigned slot = rnd(g, PATCH_SLOTS);
  const uint64_t offset = chance(g, 20) ? 4094 : slot * 16 + 2 * (slot % 5);
  const uint64_t write = patch_base(g, b->mode), run = patch_base(g, b->mode);
  uint32_t bits;
  do
    bits = 0x13 | rnd64(g) << 7; /* op-imm */
  while (!is_free(bits >> 7 & 31) || (bits >> 12 & 3) == 1);
  if (offset == 4094 && (write ^ run) >> 13)
    return; /* windows may differ in the order of the two pages */
  emit_li(g, TMP, write + offset);
  const unsigned r = 5 + rnd(g, 3);
  emit_li(g, r, (int32_t)bits);
  if (chance(g, 70)) {
    emit(g, "sh x%u,0(x30); srli x%u,x%u,16; sh x%u,2(x30)", r, r, r, r);
  } else {
    emit(g, "sw x%u,0(x30)", r);
  }
  if (!(g->flags & FUZZ_NO_FENCE_I) || chance(g, 50))
    emit(g, "fence.i");
  emit_li(g, TMP, run + offset);
  emit(g, "jalr ra,0(x30)");
}

static unsigned fence_operands(gen *g, uint64_t va, uint64_t id)
{
  const unsigned form = rnd(g, 4);
  if (form & 1)
    emit_li(g, 5, va);
  if (form & 2)
    emit_li(g, 6, id);
  return form;
}

/* fence or its Svinval form, for va and id, or more */
static void fence_for(gen *g, const char *what, uint64_t va, uint64_t id)
{
  const unsigned form = fence_operands(g, va, id);
  const char *rs1 = form & 1 ? "t0" : "zero", *rs2 = form & 2 ? "t1" : "zero";
  const char kind = *what; /* "s" or "h" */
  if (chance(g, 70))
    emit(g, "%cfence.%s %s,%s", kind, what + 1, rs1, rs2);
  else
    emit(g, "sfence.w.inval; %cinval.%s %s,%s; sfence.inval.ir", kind, what + 1, rs1, rs2);
}

static void modify_table(body *b)
{
  gen *g = b->g;
  const unsigned window = WIN_VOLATILE + rnd(g, 8);
  const uint64_t va = WINDOWS + window * 4096ull + (chance(g, 30) ? rnd(g, 4096) : 0);
  const regime *r = &g->regime;
  const tree *choice[3] = { b->mode == MODE_VS ? NULL : r->satp, r->vsatp,
                            b->mode == MODE_VS ? NULL : r->hgatp };
  const tree *t = choice[rnd(g, 3)];
  if (!t || mode_is_user(b->mode))
    return;
  g->vs_changed |= t->kind == TREE_VS;
  emit_li(g, TMP, t->leaves + 8 * window);
  emit_li(g, 5, volatile_pte(g, t, window));
  emit(g, "sd t0,0(x30)");
  if (t->kind == TREE_G)
    fence_for(g, "hgvma", va >> 2, t->id);
  else if (t->kind == TREE_VS && b->mode != MODE_VS)
    fence_for(g, "hvvma", va, t->id);
  else
    fence_for(g, "svma", va, t->id);
  emit_li(g, pointer(g), va & ~7ull);
  memory(b);
}

/* ---- other regimes, for a few instructions ---- */

static void change_pmp(body *b)
{
  if (b->mode != MODE_M)
    return;
  emit_pmp(b->g);
  emit(b->g, "sfence.vma zero,zero; hfence.gvma zero,zero; hfence.vvma zero,zero");
}

/* Writes satp, vsatp or hgatp of the regime that is now the current one. Identifiers differ by tree, so
 * fences are needed only where a guest's table was changed under another VMID. */
static void emit_atp(body *b, unsigned kind)
{
  gen *g = b->g;
  const tree *const trees[] = { g->regime.satp, g->regime.vsatp, g->regime.hgatp };
  const uint16_t csr[] = { CSR_satp, b->mode == MODE_VS ? CSR_satp : CSR_vsatp, CSR_hgatp };
  emit_csr_write(g, csr[kind], tree_atp(trees[kind]));
  if (kind == TREE_G && g->vs_changed)
    emit(g, "hfence.vvma zero,zero");
}

/* May this code change that register and still be fetched? In HS and VS: at its own physical address. */
static bool may_switch(const body *b, unsigned kind)
{
  const gen *g = b->g;
  if (b->mode == MODE_M || (b->mode == MODE_HS && kind != TREE_S))
    return true;
  return b->base == PA(AT_CODE) &&
         ((b->mode == MODE_HS && kind == TREE_S) || (b->mode == MODE_VS && kind == TREE_VS));
}

static void switch_regime(body *b)
{
  gen *g = b->g;
  const regime old = g->regime;
  const unsigned kind = rnd(g, 3);
  if (!may_switch(b, kind) || full(b) || b->depth)
    return;
  choose_regime(g);
  const regime new = g->regime;
  g->regime = old;
  if (kind == TREE_S)
    g->regime.satp = new.satp;
  else if (kind == TREE_VS)
    g->regime.vsatp = new.vsatp && new.vsatp->alias && !old.hgatp ? NULL : new.vsatp;
  else
    g->regime.hgatp = new.hgatp || !old.vsatp || !old.vsatp->alias ? new.hgatp : old.hgatp;
  emit_atp(b, kind);
  for (unsigned n = 2 + rnd(g, 6); n > 0; n--) {
    static item *const items[] = { memory, memory, guest_memory, modify_privilege, modify_table, new_pointer };
    items[rnd(g, 6)](b);
  }
  g->regime = old;
  emit_atp(b, kind);
}

static void mmio(body *b)
{
  gen *g = b->g;
  if (!(g->flags & FUZZ_MMIO))
    return;
  const bool paged = translated(g, b->mode), uart = chance(g, 30);
  const unsigned window = WIN_MMIO + uart * 2 + !mode_is_user(b->mode);
  const uint64_t base = paged ? WINDOWS + window * 4096ull : uart ? 0x10000000 : 0x2000000;
  emit_li(g, TMP, base);
  if (uart)
    emit(g, "lbu x%u,%u(x30)", free_register(g), 1 + (unsigned)rnd(g, 5));
  else if (chance(g, 50))
    emit(g, "lw x%u,0(x30)", free_register(g)); /* msip */
  else
    emit(g, "sw x%u,0(x30)", (unsigned)rnd(g, 32));
  if (chance(g, 15)) /* what a device refuses */
    emit(g, "ld x%u,%u(x30)", free_register(g), (unsigned)rnd(g, 16));
}

/* ---- fragments ---- */

static void item_of(body *b)
{
  static const struct {
    uint8_t weight;
    item *make;
  } items[] = {
    { 60, alu },     { 10, constant }, { 60, memory },     { 14, amo },       { 8, reserve },
    { 22, floating }, { 14, branch },  { 9, loop },        { 7, call },       { 6, jump },
    { 3, wild_jump }, { 12, csr_write }, { 10, csr_read }, { 8, fence },      { 3, trap },
    { 12, guest_memory }, { 14, modify_privilege }, { 10, toggle }, { 6, interrupt }, { 4, timer }, { 2, wait },
    { 7, modify_code }, { 10, modify_table }, { 8, switch_regime }, { 2, change_pmp }, { 6, mmio }, { 14, new_pointer },
  };
  unsigned total = 0;
  for (unsigned i = 0; i < sizeof items / sizeof *items; i++)
    total += items[i].weight;
  unsigned dice = rnd(b->g, total), i = 0;
  while (dice >= items[i].weight)
    dice -= items[i++].weight;
  items[i].make(b);
}

static void some(body *b, unsigned n)
{
  while (n-- && !full(b))
    item_of(b);
}

typedef struct {
  unsigned mode; /* or DO_NEXT_PHASE */
  uint64_t address;
} place;

/* mret or sret to a place. Interrupts are off: a handler would overwrite where to. */
static void return_to(body *b, place to)
{
  gen *g = b->g;
  const bool m = b->mode == MODE_M, vs = b->mode == MODE_VS;
  const uint64_t spp = 1ull << 8, mpp = 3ull << 11, mpv = 1ull << 39;
  emit(g, "csrrci zero,%u,%u", m ? CSR_mstatus : CSR_sstatus, m ? 8 : 2);
  emit_csr_write(g, m ? CSR_mepc : CSR_sepc, to.address);
  emit_li(g, TMP, m ? mpp | mpv : spp);
  emit(g, "csrrc zero,%u,x30", m ? CSR_mstatus : CSR_sstatus);
  emit_li(g, TMP, m ? (to.mode & 3ull) << 11 | (to.mode >> 2 ? mpv : 0) : (to.mode & 1) * spp);
  emit(g, "csrrs zero,%u,x30", m ? CSR_mstatus : CSR_sstatus);
  if (!m && !vs) {
    emit(g, "addi x30,zero,0x80; csrrc zero,hstatus,x30");
    emit(g, "addi x30,zero,%u; csrrs zero,hstatus,x30", mode_is_v(to.mode) ? 0x80 : 0);
  }
  emit(g, m ? "mret" : "sret");
}

static bool may_return(unsigned mode, unsigned to)
{
  if (to == DO_NEXT_PHASE || mode_is_user(mode))
    return false;
  return mode == MODE_M || (to != MODE_M && (mode == MODE_HS || mode_is_v(to)));
}

static void leave_to(body *b, place to)
{
  gen *g = b->g;
  if (may_return(b->mode, to.mode) && chance(g, 60))
    return_to(b, to); /* TSR or VTSR may refuse it: then as follows */
  emit_li(g, 16, to.address);
  emit(g, "addi a5,zero,%u; addi a7,zero,%d; ecall", to.mode, MAGIC);
}

static place emit_fragment(gen *g, place next)
{
  static const uint8_t modes[] = { MODE_M, MODE_HS, MODE_HS, MODE_U, MODE_VS, MODE_VS, MODE_VU };
  body b = { .g = g, .mode = modes[rnd(g, sizeof modes)], .start = g->at };
  b.base = code_base(g, b.mode);
  const place here = { b.mode, b.base + (g->at - PA(AT_CODE)) };
  emit(g, "addi a7,zero,0");
  set_recover(&b);
  if (!mode_is_user(b.mode) && chance(g, 70)) /* FS */
    emit(g, "lui x30,6; csrrs zero,%u,x30", b.mode == MODE_M ? CSR_mstatus : CSR_sstatus);
  emit_li(g, SP, data_address(g, b.mode) & ~7ull);
  emit_li(g, S0, data_address(g, b.mode));
  emit_li(g, S1, data_address(g, b.mode));
  emit_li(g, S2, data_address(g, chance(g, 50) ? MODE_VS : MODE_VU));
  some(&b, 10 + rnd(g, 40));
  for (unsigned i = 0; i < b.n_recover; i++)
    emit_recover(g, b.recover[i], g->at);
  leave_to(&b, next);
  return here;
}

uint64_t emit_fragments(gen *g, unsigned n, unsigned *mode)
{
  place at = { DO_NEXT_PHASE, 0 };
  while (n--)
    at = emit_fragment(g, at);
  *mode = at.mode;
  return at.address;
}
