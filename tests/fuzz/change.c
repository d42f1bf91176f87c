/* change.c - code and page tables that change while they are used, each change followed by its
 * fence; other regimes for a few instructions; devices.
 */
#include "body.h"

/* Overwrites an instruction of the patch pages and runs it. */
void modify_code(body *b)
{
  gen *g = b->g;
  /* Always the same place of a slot: half an instruction must not be left behind. */
  const unsigned slot = rnd(g, 2) * PAGE_SLOTS + rnd(g, SLOT_BACK);
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

/* The fence for a change of t at va, which is a guest physical address for the G-stage. */
static void fence_change(body *b, const tree *t, uint64_t va)
{
  gen *g = b->g;
  g->vs_changed |= t->kind == TREE_VS;
  if (t->kind == TREE_G)
    fence_for(g, "hgvma", va >> 2, t->id);
  else if (t->kind == TREE_VS && b->mode != MODE_VS)
    fence_for(g, "hvvma", va, t->id);
  else
    fence_for(g, "svma", va, t->id);
}

/* A tree of the current regime that this mode may change; NULL: none. */
static const tree *own_tree(body *b)
{
  const regime *r = &b->g->regime;
  const bool vs = b->mode == MODE_VS;
  const tree *const choice[3] = { vs ? NULL : r->satp, r->vsatp, vs ? NULL : r->hgatp };
  return mode_is_user(b->mode) ? NULL : choice[rnd(b->g, 3)];
}

static void write_pte(gen *g, uint64_t at, uint64_t pte)
{
  emit_li(g, TMP, at);
  emit_li(g, 5, pte);
  emit(g, "sd t0,0(x30)");
}

/* A store where a change of t is seen: by the mode itself, or as the guest. */
static void store_through(body *b, const tree *t)
{
  if (t->kind == TREE_S || b->mode == MODE_VS)
    emit(b->g, "sw x%u,0(s1)", (unsigned)rnd(b->g, 32));
  else
    emit(b->g, "hsv.w x%u,(s1)", (unsigned)rnd(b->g, 32));
}

/* A superpage, or all 16 pages of a NAPOT range; fenced by any address of it. */
static void modify_large(body *b, const tree *t)
{
  gen *g = b->g;
  const bool super = chance(g, 50);
  const uint64_t napot = WINDOWS + 4096ull * WIN_NAPOT, offset = 8 * rnd(g, 0x2000);
  emit_li(g, S1, super ? SUPER_2M + AT_DATA + offset : napot + offset);
  store_through(b, t);
  if (super) {
    write_pte(g, t->super, super_pte(g, t));
    fence_change(b, t, SUPER_2M + rnd(g, 1 << 21));
  } else {
    write_pte(g, t->leaves + 8 * WIN_NAPOT, napot_pte(g, t));
    for (unsigned i = 1; i < 16; i++)
      emit(g, "sd t0,%u(x30)", 8 * i);
    fence_change(b, t, napot + rnd(g, 0x10000));
  }
  store_through(b, t);
}

void modify_table(body *b)
{
  gen *g = b->g;
  const unsigned window = WIN_VOLATILE + rnd(g, 8);
  const uint64_t va = WINDOWS + window * 4096ull + (chance(g, 30) ? rnd(g, 4096) : 0);
  const tree *t = own_tree(b);
  if (!t)
    return;
  if (chance(g, 25)) {
    modify_large(b, t);
    return;
  }
  write_pte(g, t->leaves + 8 * window, volatile_pte(g, t, window));
  fence_change(b, t, va);
  emit_li(g, pointer(g), va & ~7ull);
  memory(b);
}

/* An offset in WIN_SWAP's pages to call: a slot, one that goes on in another page, or an
 * instruction across two pages. */
static unsigned swap_offset(gen *g)
{
  const unsigned page = rnd(g, 2);
  switch (rnd(g, 5)) {
  case 0:
    return page * 4096 + 4094;
  case 1:
    return page * 4096 + 16 * SLOT_ON;
  case 2:
    return (page + 1) * 4096 + 16 * SLOT_BACK;
  default:
    return rnd(g, PATCH_SLOTS) * 16 + 2;
  }
}

/* Other code behind the same address: called before and after. */
void swap_code(body *b)
{
  gen *g = b->g;
  const tree *t = own_tree(b);
  unsigned offset = swap_offset(g);
  if (b->mode == MODE_M || mode_is_user(b->mode) || !translated(g, b->mode))
    return;
  for (unsigned n = 2 + rnd(g, 4); n > 0; n--) {
    const unsigned page = rnd(g, 3);
    if (t && chance(g, 60)) {
      write_pte(g, t->leaves + 8 * (WIN_SWAP + page), swap_pte(g, t));
      fence_change(b, t,
                   WINDOWS + 4096ull * (WIN_SWAP + page) + (chance(g, 30) ? rnd(g, 4096) : 0));
    }
    call_risky(b, WINDOWS + 4096ull * WIN_SWAP + offset);
    if (chance(g, 30))
      offset = swap_offset(g);
  }
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
