/* change.c - code and page tables that change while they are used, each change followed by its
 * fence; other regimes for a few instructions; devices.
 */
#include "body.h"

enum { PATCH_SLOTS = 512 };

/* Overwrites an instruction of the patch pages and runs it. */
void modify_code(body *b)
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

void modify_table(body *b)
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

void change_pmp(body *b)
{
  if (b->mode != MODE_M)
    return;
  emit_pmp(b->g);
  emit(b->g, "sfence.vma zero,zero; hfence.gvma zero,zero; hfence.vvma zero,zero");
}

/* Writes satp, vsatp or hgatp of the regime that is now the current one. Identifiers differ by
 * tree, so fences are needed only where a guest's table was changed under another VMID. */
static void emit_atp(body *b, unsigned kind)
{
  gen *g = b->g;
  const tree *const trees[] = { g->regime.satp, g->regime.vsatp, g->regime.hgatp };
  const uint16_t csr[] = { CSR_satp, b->mode == MODE_VS ? CSR_satp : CSR_vsatp, CSR_hgatp };
  emit_csr_write(g, csr[kind], tree_atp(trees[kind]));
  if (kind == TREE_G && g->vs_changed)
    emit(g, "hfence.vvma zero,zero");
}

/* May this code change that register and still be fetched? In HS and VS: at its own physical
 * address. */
static bool may_switch(const body *b, unsigned kind)
{
  const gen *g = b->g;
  if (b->mode == MODE_M || (b->mode == MODE_HS && kind != TREE_S))
    return true;
  return b->base == PA(AT_CODE) &&
         ((b->mode == MODE_HS && kind == TREE_S) || (b->mode == MODE_VS && kind == TREE_VS));
}

void switch_regime(body *b)
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
    g->regime.vsatp = new.vsatp &&new.vsatp->alias && !old.hgatp ? NULL : new.vsatp;
  else
    g->regime.hgatp = new.hgatp || !old.vsatp || !old.vsatp->alias ? new.hgatp : old.hgatp;
  emit_atp(b, kind);
  for (unsigned n = 2 + rnd(g, 6); n > 0; n--) {
    static item *const items[] = { memory,           memory,       guest_memory,
                                   modify_privilege, modify_table, new_pointer };
    items[rnd(g, 6)](b);
  }
  g->regime = old;
  emit_atp(b, kind);
}

void mmio(body *b)
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
