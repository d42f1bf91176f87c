/* insn.c - single instructions with random operands, by the kinds of insn.def, and accesses to
 * memory.
 */
#include "body.h"
#include <string.h>

bool is_free(unsigned r)
{
  return r != 1 && r != SP && r != S0 && r != S1 && r != S2 && r != S10 && r != S11 && r < TMP;
}

unsigned free_register(gen *g)
{
  for (;;) {
    const unsigned r = rnd(g, 32);
    if (r && is_free(r))
      return r;
  }
}

/* An even register, and the next one. */
static unsigned free_pair(gen *g)
{
  for (;;) {
    const unsigned r = free_register(g) & ~1u;
    if (r && is_free(r) && is_free(r + 1))
      return r;
  }
}

unsigned pointer(gen *g)
{
  static const uint8_t registers[] = { SP, S0, S1 };
  return registers[rnd(g, sizeof registers)];
}

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
static const unsigned writes_x =
    KIND(RR) | KIND(RI) | KIND(LUI) | KIND(AUIPC) | KIND(LOAD) | KIND(XF);

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
    if (!rv_decode(bits, &d) || !same_row(row, &d) ||
        (writes_x >> row->kind & 1 && d.rd && !is_free(d.rd)))
      continue;
    if ((KIND(LOAD) | KIND(STORE) | KIND(FLOAD) | KIND(FSTORE)) >> row->kind & 1 && d.rs1 != SP &&
        d.rs1 != S0 && d.rs1 != S1)
      continue;
    emit_bits(b->g, bits, length);
    return;
  }
}

void alu(body *b) { any_of(b, KIND(RR) | KIND(RI) | KIND(LUI) | KIND(AUIPC) | KIND(NOP)); }

/* FS is set before most: it is cleared by chance, and comes up Off in some modes. */
void floating(body *b)
{
  if (chance(b->g, 5) && !mode_is_user(b->mode))
    emit(b->g, "lui x30,6; csrrs zero,%u,x30", b->mode == MODE_M ? CSR_mstatus : CSR_sstatus);
  for (unsigned n = 1 + rnd(b->g, 3); n > 0; n--)
    any_of(b, KIND(FF) | KIND(XF) | KIND(FX) | KIND(FI));
}

void constant(body *b)
{
  gen *g = b->g;
  emit_li(g, free_register(g), chance(g, 50) ? rnd(g, 4096) : rnd64(g) >> rnd(g, 64));
}

void memory(body *b)
{
  gen *g = b->g;
  const unsigned kinds =
      KIND(LOAD) | KIND(STORE) | (chance(g, 20) ? KIND(FLOAD) | KIND(FSTORE) : 0);
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

void amo(body *b)
{
  const rv_insn_row *row = random_row(b->g, KIND(AMO));
  if (!strncmp(row->text, "amo", 3)) {
    amo_address(b->g);
    const bool pair = !strcmp(row->text, "amocas.q");
    const unsigned rd = pair ? free_pair(b->g) : free_register(b->g);
    if (pair)
      emit(b->g, "andi x30,x30,-16");
    emit(b->g, "%s%s x%u,x%u,(x30)", row->text, order(b->g), rd,
         (unsigned)rnd(b->g, 32) & (pair ? ~1u : ~0u));
  }
}

void reserve(body *b)
{
  gen *g = b->g;
  const char size = chance(g, 50) ? 'w' : 'd';
  amo_address(g);
  emit(g, "lr.%c%s x%u,(x30)", size, order(g), free_register(g));
  for (unsigned n = rnd(g, 4); n > 0; n--)
    alu(b);
  emit(g, "sc.%c%s x%u,x%u,(x30)", size, order(g), free_register(g), (unsigned)rnd(g, 32));
}

void new_pointer(body *b) { emit_li(b->g, pointer(b->g), data_address(b->g, b->mode)); }

void simple(body *b, unsigned n)
{
  while (n--)
    alu(b);
}
