/* body.c - fragments of random code, each for one mode: straight-line code with bounded loops,
 * calls and forward jumps, and a way to the next one.
 */
#include "body.h"
#include <inttypes.h>

enum { FRAGMENT_SIZE = 1500 }; /* so that its end is in reach of an addi */

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

bool full(const body *b)
{
  return b->g->at - b->start > FRAGMENT_SIZE || b->n_recover + 2 > MAX_RECOVER;
}

/* ---- jumps ---- */

static void some(body *b, unsigned n);

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
    emit(g, "%s x%u,x%u,0x%" PRIx64, names[rnd(g, 6)], (unsigned)rnd(g, 32), (unsigned)rnd(g, 32),
         end);
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

/* A function behind a jump over it, called a few times, also where another page shows it. */
static void call(body *b)
{
  gen *g = b->g;
  const uint64_t over = emit_hole(g), function = g->at;
  simple(b, 1 + rnd(g, 6));
  if (chance(g, 30)) {
    const uint64_t hole = emit_hole(g);
    simple(b, rnd(g, 3));
    patch_jump(g, hole, 0, g->at);
    simple(b, rnd(g, 6));
  }
  emit(g, chance(g, 50) ? "c.jr ra" : "jalr zero,0(ra)");
  patch_jump(g, over, 0, g->at);
  for (unsigned n = 1 + rnd(g, 4); n > 0; n--) {
    if (chance(g, 40))
      emit(g, "jal ra,0x%" PRIx64, function);
    else if (chance(g, 60)) {
      emit_li(g, TMP, code_base(g, b->mode) + (function - PA(AT_CODE)));
      emit(g, "jalr ra,0(x30)");
    } else
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

void call_risky(body *b, uint64_t address)
{
  gen *g = b->g;
  if (full(b))
    return;
  emit_li(g, TMP, address);
  emit_recover(g, g->at, g->at + 12);
  g->at += 8;
  emit(g, "jalr ra,0(x30)");
  set_recover(b);
}

static void wild_jump(body *b)
{
  gen *g = b->g;
  static const uint64_t nowhere[] = { 0x50000000, 0x00ff000000000000,
                                      WINDOWS + 4096ull * WIN_NONE };
  static const uint64_t refused[] = { WINDOWS + 4096ull * WIN_NONE, 0x8000000000000000,
                                      WINDOWS + 4096ull * WIN_DATA_U, SUPER_BAD,
                                      WINDOWS + 4096ull * WIN_VOLATILE - 2 };
  call_risky(b, translated(g, b->mode) ? refused[rnd(g, 5)] : nowhere[rnd(g, 3)]);
}

/* ---- fragments ---- */

static void item_of(body *b)
{
  static const struct {
    uint8_t weight;
    item *make;
  } items[] = {
    { 60, alu },
    { 10, constant },
    { 60, memory },
    { 14, amo },
    { 8, reserve },
    { 22, floating },
    { 14, branch },
    { 9, loop },
    { 7, call },
    { 6, jump },
    { 3, wild_jump },
    { 12, csr_write },
    { 10, csr_read },
    { 8, fence },
    { 3, trap },
    { 12, guest_memory },
    { 14, modify_privilege },
    { 10, toggle },
    { 6, interrupt },
    { 4, timer },
    { 4, count },
    { 10, cache_block },
    { 2, wait_for },
    { 7, modify_code },
    { 10, modify_table },
    { 8, swap_code },
    { 8, switch_regime },
    { 2, change_pmp },
    { 6, mmio },
    { 14, new_pointer },
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
  if (chance(g, 40) && -g->at % 4096 > 700) /* so that it crosses the page's end */
    g->at += (-g->at % 4096) - 200 - 2 * rnd(g, 200);
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
