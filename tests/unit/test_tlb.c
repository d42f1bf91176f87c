/* test_tlb.c - banks: what a regime may see, what survives, and what each fence drops.
 *
 * Walks are made visible by changing a PTE without a fence: the old translation goes on where it
 * was kept, and the new one is used after the fence. [H-270 .. H-280]
 */
#include "cpu/run.h"
#include "mmu/mask.h"
#include "mmu_fixture.h"

static const uint64_t OLD = RAM + 0x300000, NEW = RAM + 0x500000, VA = 0x12345000;
enum { OLD_MARK = 0x0101, NEW_MARK = 0x0202 };

/* The 4 KiB pages behind OLD hold OLD_MARK + n, those behind NEW NEW_MARK + n: 16 of each. */
static fixture *set_up_marks(void)
{
  fixture *f = set_up();
  for (unsigned i = 0; i < 16; i++) {
    *word(f, OLD + i * PAGE) = OLD_MARK + ((uint64_t)i << 16);
    *word(f, NEW + i * PAGE) = NEW_MARK + ((uint64_t)i << 16);
  }
  return f;
}

/* What the engines do: the bank's entry if it hits, else the slow path. */
static uint64_t load(fixture *f, uint64_t va)
{
  rv_hart *h = f->h;
  const rv_tlbe *e = &h->bank->r[va >> 12 & (RV_TLB_SIZE - 1)];
  uint64_t value = 0;
  if (va - e->va <= 4096 - 8)
    memcpy(&value, (uint8_t *)(va + e->addend), 8);
  else
    ck_assert_msg(rv_load(h, va, 8, NULL, &value), "%#lx: cause %lu", (long)va, h->trap.cause);
  return value;
}
static bool store_refused(fixture *f, uint64_t va)
{
  const rv_tlbe *e = &f->h->bank->w[va >> 12 & (RV_TLB_SIZE - 1)];
  return va - e->va > 4096 - 8 && !rv_store(f->h, va, 8, NULL, 0);
}
static bool load_refused(fixture *f, uint64_t va)
{
  uint64_t value;
  const rv_tlbe *e = &f->h->bank->r[va >> 12 & (RV_TLB_SIZE - 1)];
  return va - e->va > 4096 - 8 && !rv_load(f->h, va, 8, NULL, &value);
}
static bool old(fixture *f, uint64_t va) { return (load(f, va) & 0xffff) == OLD_MARK; }
static bool new (fixture *f, uint64_t va) { return (load(f, va) & 0xffff) == NEW_MARK; }

/* Maps 16 pages at VA in the level asked for. */
static void point_to(fixture *f, const tables *t, uint64_t to, unsigned level, uint64_t flags)
{
  if (level)
    map(f, t, VA & ~0x1fffffull, (to & ~0x1fffffull) - t->offset, level, flags);
  else
    for (unsigned i = 0; i < 16; i++)
      map(f, t, VA + i * PAGE, to + i * PAGE - t->offset, 0, flags);
}

typedef struct {
  fixture *f;
  tables hs, vs, g;
} machine;

static machine set_up_machine(void)
{
  machine m = { .f = set_up_marks() };
  m.g = new_tables(m.f, SV39, true, 0);
  g_window(m.f, &m.g);
  m.vs = new_tables(m.f, SV39, false, GUEST_OFFSET);
  m.hs = new_tables(m.f, SV48, false, 0);
  point_to(m.f, &m.vs, OLD, 0, RWX);
  point_to(m.f, &m.hs, OLD, 0, RWX);
  set_csr(m.f->h, CSR_hgatp, atp(&m.g, 5));
  set_csr(m.f->h, CSR_vsatp, atp(&m.vs, 7));
  set_csr(m.f->h, CSR_satp, atp(&m.hs, 7));
  return m;
}
static void set_vmid(machine *m, unsigned vmid) { set_csr(m->f->h, CSR_hgatp, atp(&m->g, vmid)); }
static void set_asid(machine *m, unsigned asid) { set_csr(m->f->h, CSR_vsatp, atp(&m->vs, asid)); }
static void guest(machine *m) { set_mode(m->f->h, PRV_S, true); }
static void host(machine *m) { set_mode(m->f->h, PRV_S, false); }

/* Both banks hold VA as OLD, and the tables say NEW. */
static machine set_up_stale(void)
{
  machine m = set_up_machine();
  guest(&m);
  ck_assert(old(m.f, VA));
  ck_assert(old(m.f, VA + PAGE));
  host(&m);
  ck_assert(old(m.f, VA));
  ck_assert(old(m.f, VA + PAGE));
  point_to(m.f, &m.vs, NEW, 0, RWX);
  point_to(m.f, &m.hs, NEW, 0, RWX);
  return m;
}

/* No trap, V change or write of satp, vsatp, hgatp flushes: one comes back to one's bank. */
START_TEST(survives_switches)
{
  machine m = set_up_stale();
  rv_hart *h = m.f->h;
  guest(&m);
  ck_assert(old(m.f, VA));
  set_csr(h, CSR_vsatp, 0);
  set_csr(h, CSR_hgatp, 0);
  set_csr(h, CSR_satp, 0);
  set_mode(h, PRV_U, true);
  set_mode(h, PRV_M, false);
  set_csr(h, CSR_hgatp, atp(&m.g, 5));
  set_csr(h, CSR_vsatp, atp(&m.vs, 7));
  set_csr(h, CSR_satp, atp(&m.hs, 7));
  host(&m);
  ck_assert(old(m.f, VA));
  h->prv = PRV_S, h->v = true; /* a trap from VS to HS and back */
  rv_regime_changed(h);
  rv_take_trap(h, &(rv_trap){ .cause = CAUSE_ECALL_VS });
  ck_assert(!h->v);
  guest(&m);
  ck_assert(old(m.f, VA));
  tear_down(m.f);
}
END_TEST

/* What is kept in one regime shows in no other. */
START_TEST(regimes_are_apart)
{
  machine m = set_up_stale();
  rv_hart *h = m.f->h;
  guest(&m);
  ck_assert(old(m.f, VA));
  set_vmid(&m, 6);
  ck_assert(new (m.f, VA));
  set_vmid(&m, 5);
  ck_assert(old(m.f, VA));
  set_asid(&m, 8);
  ck_assert(new (m.f, VA));
  set_asid(&m, 7);
  ck_assert(old(m.f, VA));
  host(&m);
  ck_assert(old(m.f, VA));
  set_csr(h, CSR_satp, atp(&m.hs, 9));
  ck_assert(new (m.f, VA));
  set_csr(h, CSR_satp, atp(&m.hs, 7));
  ck_assert(old(m.f, VA));
  set_mode(h, PRV_U, false);
  ck_assert(load_refused(m.f, VA));
  set_mode(h, PRV_U, true);
  ck_assert(load_refused(m.f, VA));
  set_mode(h, PRV_M, false);
  ck_assert(load_refused(m.f, VA));
  tear_down(m.f);
}
END_TEST

/* SUM and MXR of both levels take effect at once, in either direction. H-226, H-227, H-276 */
START_TEST(sum_and_mxr_at_once)
{
  machine m = set_up_machine();
  rv_hart *h = m.f->h;
  point_to(m.f, &m.vs, OLD, 0, URWX);
  point_to(m.f, &m.hs, OLD, 0, URWX);
  guest(&m);
  ck_assert(load_refused(m.f, VA));
  change(h, &h->s[1].status, vsstatus_SUM, true);
  ck_assert(old(m.f, VA));
  ck_assert(!store_refused(m.f, VA + 8));
  change(h, &h->s[1].status, vsstatus_SUM, false);
  ck_assert(load_refused(m.f, VA));
  ck_assert(store_refused(m.f, VA + 8));
  host(&m);
  change(h, &h->csr.mstatus, mstatus_SUM, true);
  ck_assert(old(m.f, VA));
  change(h, &h->csr.mstatus, mstatus_SUM, false);
  ck_assert(load_refused(m.f, VA));
  /* MXR: other pages, X only. */
  map(m.f, &m.vs, VA + 0x100000, OLD - GUEST_OFFSET, 0, V | X | A);
  map(m.f, &m.hs, VA + 0x100000, OLD, 0, V | X | A);
  change(h, &h->csr.mstatus, mstatus_MXR, true);
  ck_assert(old(m.f, VA + 0x100000));
  guest(&m);
  ck_assert(old(m.f, VA + 0x100000));
  change(h, &h->csr.mstatus, mstatus_MXR, false);
  ck_assert(load_refused(m.f, VA + 0x100000));
  change(h, &h->s[1].status, vsstatus_MXR, true);
  ck_assert(old(m.f, VA + 0x100000));
  change(h, &h->s[1].status, vsstatus_MXR, false);
  ck_assert(load_refused(m.f, VA + 0x100000));
  host(&m);
  ck_assert(load_refused(m.f, VA + 0x100000));
  tear_down(m.f);
}
END_TEST

/* MPRV has banks of its own: its translations are not M's, nor the guest's. H-261, H-262 */
START_TEST(mprv_is_apart)
{
  machine m = set_up_machine();
  rv_hart *h = m.f->h;
  set_mode(h, PRV_M, false);
  *word(m.f, RAM) = 0x77;
  ck_assert_uint_eq(load(m.f, RAM), 0x77);
  h->csr.mstatus |= mstatus_MPRV | mstatus_MPV;
  rv_put(&h->csr.mstatus, mstatus_MPP, PRV_S);
  rv_regime_changed(h);
  ck_assert(old(m.f, VA));
  ck_assert(load_refused(m.f, RAM));
  point_to(m.f, &m.vs, NEW, 0, RWX);
  ck_assert(old(m.f, VA));
  /* Fences reach that bank as well. */
  rv_hfence_vvma(h, true, VA, false, 0);
  ck_assert(new (m.f, VA));
  change(h, &h->csr.mstatus, mstatus_MPV, false);
  ck_assert(old(m.f, VA)); /* satp's */
  point_to(m.f, &m.hs, NEW, 0, RWX);
  ck_assert(old(m.f, VA));
  rv_sfence_vma(h, false, 0, false, 0);
  ck_assert(new (m.f, VA));
  change(h, &h->csr.mstatus, mstatus_MPRV, false);
  ck_assert(load_refused(m.f, VA));
  tear_down(m.f);
}
END_TEST

/* HLV neither fills the current regime's bank nor reads it. */
START_TEST(hlv_is_apart)
{
  machine m = set_up_stale();
  const rv_xmode hlv = { .access = RV_LOAD, .prv = PRV_S, .v = true, .hlv = true };
  uint64_t value;
  ck_assert(rv_load(m.f->h, VA + 2 * PAGE, 8, &hlv, &value));
  ck_assert_uint_eq(value & 0xffff, NEW_MARK);
  point_to(m.f, &m.hs, OLD, 0, RWX);
  ck_assert(old(m.f, VA + 2 * PAGE));
  tear_down(m.f);
}
END_TEST

/* hlv and hlvx as the engines do them, in HS: kept, or by the slow path. The mark, or 0: refused. */
static uint64_t as_guest(machine *m, uint64_t va, bool hlvx)
{
  rv_hart *h = m->f->h;
  const rv_xmode mode = rv_hlv_mode(h, RV_LOAD, hlvx);
  uint64_t value = 0;
  const uint8_t *from = rv_kept_of_guest(h, va, 4, hlvx);
  if (from)
    memcpy(&value, from, 4);
  else if (!rv_load_as_guest(h, va, 4, &mode, &value))
    return 0;
  return value & 0xffff;
}

static machine set_up_hlv(bool in_vs)
{
  machine m = set_up_stale();
  set_csr(m.f->h, CSR_hstatus, in_vs ? hstatus_SPVP : 0);
  return m;
}

/* They go through the guest's bank, and every fence of the guest's reaches what they keep. H-273 */
START_TEST(hlv_is_fenced_as_the_guest_is)
{
  const bool hlvx = _i & 1;
  machine m = set_up_hlv(true);
  rv_hart *h = m.f->h;
  point_to(m.f, &m.vs, OLD, 0, RWX);
  ck_assert_uint_eq(as_guest(&m, VA + 2 * PAGE, hlvx), OLD_MARK);
  ck_assert(rv_kept_of_guest(h, VA + 2 * PAGE, 4, hlvx));
  point_to(m.f, &m.vs, NEW, 0, RWX);
  ck_assert_uint_eq(as_guest(&m, VA + 2 * PAGE, hlvx), OLD_MARK);
  switch (_i / 2) {
  case 0: rv_hfence_vvma(h, false, 0, false, 0); break;
  case 1: rv_hfence_vvma(h, true, VA + 2 * PAGE, true, 7); break;
  case 2: rv_hfence_gvma(h, false, 0, true, 5); break;
  case 3: rv_tlb_drop_all(h); break;
  case 4: set_vmid(&m, 6); break; /* another guest */
  case 5: set_asid(&m, 8); break;
  }
  ck_assert_uint_eq(as_guest(&m, VA + 2 * PAGE, hlvx), NEW_MARK);
  if (_i / 2 >= 4) { /* and back to the first */
    set_vmid(&m, 5);
    set_asid(&m, 7);
    ck_assert_uint_eq(as_guest(&m, VA + 2 * PAGE, hlvx), OLD_MARK);
  }
  tear_down(m.f);
}
END_TEST

/* What hlvx may read hlv may not, and the reverse; nor may VU what VS may. H-252, H-253 */
START_TEST(hlv_keeps_to_its_permissions)
{
  machine m = set_up_hlv(true);
  rv_hart *h = m.f->h;
  map(m.f, &m.vs, VA + 3 * PAGE, OLD + 3 * PAGE - m.vs.offset, 0, V | X | A);
  map(m.f, &m.vs, VA + 4 * PAGE, OLD + 4 * PAGE - m.vs.offset, 0, V | R | A);
  for (unsigned round = 0; round < 2; round++) {
    ck_assert_uint_eq(as_guest(&m, VA + 3 * PAGE, true), OLD_MARK);
    ck_assert_uint_eq(as_guest(&m, VA + 3 * PAGE, false), 0);
    ck_assert_uint_eq(as_guest(&m, VA + 4 * PAGE, false), OLD_MARK);
    ck_assert_uint_eq(as_guest(&m, VA + 4 * PAGE, true), 0);
    set_csr(h, CSR_hstatus, 0);
    ck_assert_uint_eq(as_guest(&m, VA + 3 * PAGE, true), 0);
    ck_assert_uint_eq(as_guest(&m, VA + 4 * PAGE, false), 0);
    set_csr(h, CSR_hstatus, hstatus_SPVP);
  }
  /* The guest itself does not gain by what hlvx keeps. */
  guest(&m);
  ck_assert(load_refused(m.f, VA + 3 * PAGE));
  host(&m);
  /* MXR is asked of hlv each time. H-227 */
  change(h, &h->csr.mstatus, mstatus_MXR, true);
  ck_assert_uint_eq(as_guest(&m, VA + 3 * PAGE, false), OLD_MARK);
  change(h, &h->csr.mstatus, mstatus_MXR, false);
  ck_assert_uint_eq(as_guest(&m, VA + 3 * PAGE, false), 0);
  tear_down(m.f);
}
END_TEST

/* Nothing is kept for whom the instruction is refused to, or may be masked otherwise. H-151 */
START_TEST(hlv_is_kept_for_m_and_hs)
{
  static const struct {
    rv_prv prv;
    bool v, kept;
  } rows[] = {
    { PRV_S, false, true }, { PRV_M, false, true }, { PRV_U, false, false },
    { PRV_S, true, false }, { PRV_U, true, false }, { PRV_S, false, true },
  };
  machine m = set_up_hlv(true);
  ck_assert_uint_eq(as_guest(&m, VA, false), OLD_MARK);
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    m.f->h->prv = rows[i].prv;
    m.f->h->v = rows[i].v;
    rv_mode_changed(m.f->h);
    ck_assert(!rv_kept_of_guest(m.f->h, VA, 4, false) != rows[i].kept);
  }
  tear_down(m.f);
}
END_TEST

/* An mret with MPRV, MPP and MPV set: back in M-mode loads are M's, not those of the mode it had. */
START_TEST(mprv_is_no_mode_of_its_own)
{
  machine m = set_up_stale();
  rv_hart *h = m.f->h;
  set_mode(h, PRV_M, false); /* M's own is known from here on */
  rv_put(&h->csr.mstatus, mstatus_MPRV, 1);
  rv_put(&h->csr.mstatus, mstatus_MPP, PRV_S);
  rv_mode_changed(h);
  ck_assert(new (m.f, VA)); /* satp's, in a bank of its own */
  ck_assert(h->mmu->data.mprv);
  rv_put(&h->csr.mstatus, mstatus_MPP, PRV_M);
  rv_mode_changed(h);
  ck_assert(load_refused(m.f, VA));
  rv_put(&h->csr.mstatus, mstatus_MPRV, 0);
  rv_mode_changed(h);
  ck_assert(load_refused(m.f, VA));
  ck_assert(!h->mmu->data.mprv);
  tear_down(m.f);
}
END_TEST

/* ---- fences: [kind, address, identifier] ---- */

enum { NONE, RIGHT, WRONG };

/* sfence.vma with V=0 is for satp's translations only, by ASID. H-275 */
START_TEST(sfence_in_hs)
{
  machine m = set_up_stale();
  const unsigned va = _i / 3, asid = _i % 3;
  rv_sfence_vma(m.f->h, va, va == WRONG ? VA + PAGE : VA, asid, asid == WRONG ? 8 : 7);
  const bool dropped = asid != WRONG, all = va == NONE;
  ck_assert(dropped && va != WRONG ? new (m.f, VA) : old(m.f, VA));
  ck_assert(dropped && (all || va == WRONG) ? new (m.f, VA + PAGE) : old(m.f, VA + PAGE));
  guest(&m);
  ck_assert(old(m.f, VA));
  ck_assert(old(m.f, VA + PAGE));
  tear_down(m.f);
}
END_TEST

/* hfence.vvma and, in VS, sfence.vma: the VS-stage of the current VMID. H-273, H-275 */
START_TEST(fence_of_the_vs_stage)
{
  const unsigned va = _i / 3 % 3, asid = _i % 3, kind = _i / 9;
  machine m = set_up_stale();
  rv_hart *h = m.f->h;
  point_to(m.f, &m.vs, OLD, 0, RWX);
  guest(&m);
  set_vmid(&m, 6);
  ck_assert(old(m.f, VA)); /* another VM with the same tables */
  set_vmid(&m, 5);
  point_to(m.f, &m.vs, NEW, 0, RWX);
  const uint64_t a = va == WRONG ? VA + PAGE : VA, id = asid == WRONG ? 8 : 0x10000 + 7;
  if (kind == 0)
    rv_sfence_vma(h, va, a, asid, id);
  else if (kind == 1) {
    host(&m);
    rv_hfence_vvma(h, va, a, asid, id);
  } else {
    set_vmid(&m, 6);
    rv_hfence_vvma_vmid(h, 5, va, a, asid, id);
    set_vmid(&m, 5);
  }
  guest(&m);
  const bool dropped = asid != WRONG;
  ck_assert(dropped && va != WRONG ? new (m.f, VA) : old(m.f, VA));
  ck_assert(dropped && va != RIGHT ? new (m.f, VA + PAGE) : old(m.f, VA + PAGE));
  set_vmid(&m, 6);
  ck_assert(old(m.f, VA));
  host(&m);
  ck_assert(old(m.f, VA));
  tear_down(m.f);
}
END_TEST

/* hfence.gvma: by VMID; an address may drop more, never less. H-273, H-274, H-277 */
START_TEST(fence_of_the_g_stage)
{
  const bool has_gpa = _i & 1, has_vmid = _i & 2;
  machine m = set_up_stale();
  point_to(m.f, &m.vs, OLD, 0, RWX);
  for (unsigned vmid = 5; vmid < 7; vmid++) {
    set_vmid(&m, vmid);
    guest(&m);
    ck_assert(old(m.f, VA + 2 * PAGE));
  }
  *g_pte(m.f, &m.g, OLD + 2 * PAGE) = pte_of(NEW + 2 * PAGE, URWX);
  host(&m);
  rv_hfence_gvma(m.f->h, has_gpa, OLD + 2 * PAGE - GUEST_OFFSET, has_vmid, 0x4000 + 6);
  guest(&m);
  ck_assert(new (m.f, VA + 2 * PAGE));
  set_vmid(&m, 5);
  ck_assert(has_vmid ? old(m.f, VA + 2 * PAGE) : new (m.f, VA + 2 * PAGE));
  host(&m);
  ck_assert(old(m.f, VA));
  tear_down(m.f);
}
END_TEST

/* ---- the instructions ---- */

static const uint64_t CODE = 0x20000000, CODE_PA = RAM + 0x700000;
enum {
  SFENCE_VMA = 0x09,
  SINVAL_VMA = 0x0b,
  HFENCE_VVMA = 0x11,
  HINVAL_VVMA = 0x13,
  HFENCE_GVMA = 0x31,
  HINVAL_GVMA = 0x33
};

/* Executes a fence in the mode the hart is in; a0 is its address, a1 its identifier. */
static void fence(machine *m, unsigned funct7, bool has_addr, uint64_t addr, bool has_id,
                  uint64_t id)
{
  rv_hart *h = m->f->h;
  const uint32_t raw = funct7 << 25 | (has_id ? 11 : 0) << 20 | (has_addr ? 10 : 0) << 15 | 0x73;
  memcpy(word(m->f, CODE_PA), &raw, 4);
  h->x[10] = addr;
  h->x[11] = id;
  h->pc = CODE;
  rv_step(h);
  ck_assert_uint_eq(h->pc, CODE + 4);
}

/* Every fence instruction, and its Svinval twin, with and without operands, does to the two levels
 * what H-273, H-275 and H-278 say; sinval and hinval act at once, which is earlier than they must.
 */
START_TEST(fence_instructions)
{
  static const struct {
    unsigned funct7;
    bool v, drops_hs, drops_vs, gpa;
  } rows[] = {
    { SFENCE_VMA, false, true, false, false },  { SINVAL_VMA, false, true, false, false },
    { SFENCE_VMA, true, false, true, false },   { SINVAL_VMA, true, false, true, false },
    { HFENCE_VVMA, false, false, true, false }, { HINVAL_VVMA, false, false, true, false },
    { HFENCE_GVMA, false, false, true, true },  { HINVAL_GVMA, false, false, true, true },
  };
  const bool has_addr = _i & 1, has_id = _i & 2, wrong_id = _i & 4;
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    machine m = set_up_stale();
    map(m.f, &m.hs, CODE, CODE_PA, 0, RWX);
    map(m.f, &m.vs, CODE, CODE_PA - GUEST_OFFSET, 0, RWX);
    const uint64_t addr = rows[i].gpa ? (OLD - GUEST_OFFSET) >> 2 : VA;
    const uint64_t id = wrong_id ? 9 : rows[i].gpa ? 5 : 7;
    set_mode(m.f->h, PRV_S, rows[i].v);
    fence(&m, rows[i].funct7, has_addr, addr, has_id, id);
    const bool acts = !(has_id && wrong_id);
    host(&m);
    ck_assert_msg((rows[i].drops_hs && acts) == new (m.f, VA), "row %u", i);
    guest(&m);
    ck_assert_msg((rows[i].drops_vs && acts) == new (m.f, VA), "row %u", i);
    /* An address narrows; that of a G-stage fence is not one of VA's. */
    const bool others = acts && rows[i].drops_vs && (!has_addr || rows[i].gpa);
    ck_assert_msg(others == new (m.f, VA + PAGE), "row %u", i);
    tear_down(m.f);
  }
}
END_TEST

/* An address fence within a superpage is for all of it, whatever page of it was used; behind a
 * G-stage of small pages as well. [priv supervisor#sfence.vma] */
START_TEST(address_fence_on_a_superpage)
{
  machine m = set_up_machine();
  rv_hart *h = m.f->h;
  const uint64_t base = VA & ~0x1fffffull, in_page = OLD & 0x1fffff, va = base + in_page;
  const bool v = _i;
  tables t = new_tables(m.f, SV39, false, v ? GUEST_OFFSET : 0);
  if (v) {
    set_csr(h, CSR_vsatp, atp(&t, 7));
    guest(&m);
  } else {
    set_csr(h, CSR_satp, atp(&t, 7));
    host(&m);
  }
  point_to(m.f, &t, OLD, 1, RWX);
  ck_assert(old(m.f, va));
  ck_assert(old(m.f, va + 3 * PAGE));
  ck_assert(!store_refused(m.f, va + 5 * PAGE + 8));
  point_to(m.f, &t, NEW, 1, V | R | X | A | D);
  ck_assert(old(m.f, va + 3 * PAGE));
  ck_assert(!store_refused(m.f, va + 5 * PAGE + 8));
  rv_sfence_vma(h, true, base, false, 0);
  ck_assert(new (m.f, va));
  ck_assert(new (m.f, va + 3 * PAGE));
  ck_assert(store_refused(m.f, va + 5 * PAGE + 8));
  tear_down(m.f);
}
END_TEST

/* Is a jump target kept? */
static bool jump_kept(fixture *f, uint64_t va)
{
  return f->h->bank->jc[va >> 1 & (RV_JC_SIZE - 1)].va == va;
}
/* What the engine does on the way to a block. */
static void jump(fixture *f, uint64_t va)
{
  static struct rv_op *op;
  rv_place place;
  ck_assert(rv_fetch_place(f->h, va, 2, &place));
  rv_jc_fill(f->h, va, op, place.fence_shift);
}

/* Jump targets go with the pages they were fetched through: a superpage whole, and an instruction
 * across two pages with either. H-241 */
START_TEST(fences_and_jumps)
{
  machine m = set_up_machine();
  rv_hart *h = m.f->h;
  const bool v = _i;
  if (v)
    guest(&m);
  else
    host(&m);
  jump(m.f, VA + 0x10);
  jump(m.f, VA + PAGE + 0x20);
  jump(m.f, VA + 2 * PAGE - 2); /* its second half is in the third page */
  rv_sfence_vma(h, true, VA, false, 0);
  ck_assert(!jump_kept(m.f, VA + 0x10));
  ck_assert(jump_kept(m.f, VA + PAGE + 0x20));
  ck_assert(jump_kept(m.f, VA + 2 * PAGE - 2));
  rv_sfence_vma(h, true, VA + 2 * PAGE, false, 0);
  ck_assert(jump_kept(m.f, VA + PAGE + 0x20));
  ck_assert(!jump_kept(m.f, VA + 2 * PAGE - 2));
  /* A superpage: any address in it. */
  tables *t = v ? &m.vs : &m.hs;
  map(m.f, t, 0x40000000, OLD - t->offset - (OLD & 0x1fffff), 1, RWX);
  jump(m.f, 0x40003000);
  rv_sfence_vma(h, true, 0x40100000, false, 0);
  ck_assert(!jump_kept(m.f, 0x40003000));
  tear_down(m.f);
}
END_TEST

/* A fence gives a fresh generation, so that links between pages made under the old one are void. */
START_TEST(generations)
{
  machine m = set_up_machine();
  rv_hart *h = m.f->h;
  uint64_t seen[16];
  unsigned n = 0;
  guest(&m);
  seen[n++] = h->gen;
  rv_sfence_vma(h, true, VA, false, 0);
  seen[n++] = h->gen;
  rv_hfence_gvma(h, false, 0, false, 0);
  seen[n++] = h->gen;
  rv_tlb_drop_jumps(h);
  seen[n++] = h->gen;
  rv_tlb_drop_all(h);
  seen[n++] = h->gen;
  set_vmid(&m, 9);
  seen[n++] = h->gen;
  for (unsigned i = 0; i < n; i++)
    for (unsigned j = 0; j < i; j++)
      ck_assert_uint_ne(seen[i], seen[j]);
  set_vmid(&m, 5);
  ck_assert_uint_eq(h->gen, seen[4]); /* back, and nothing was dropped */
  h->end_block = false;
  rv_sfence_vma(h, false, 0, false, 0);
  ck_assert(h->end_block);
  tear_down(m.f);
}
END_TEST

/* PMP entries and menvcfg's ADUE and PBMTE drop everything at once. H-276, H-403 */
START_TEST(configuration_drops_all)
{
  machine m = set_up_stale();
  rv_hart *h = m.f->h;
  if (_i == 0)
    rv_pmp_write_addr(h, 3, 0);
  else if (_i == 1)
    rv_pmp_write_cfg(h, 0, 0);
  else if (_i == 2)
    set_csr(h, CSR_menvcfg, menvcfg_ADUE);
  else
    set_csr(h, CSR_menvcfg, menvcfg_PBMTE);
  ck_assert(new (m.f, VA));
  guest(&m);
  ck_assert(new (m.f, VA));
  tear_down(m.f);
}
END_TEST

/* henvcfg's bits count at the VS-stage at once: no PTE accepted under the old ones is used. H-276
 */
START_TEST(henvcfg_is_part_of_the_regime)
{
  machine m = set_up_machine();
  rv_hart *h = m.f->h;
  set_csr(h, CSR_menvcfg, menvcfg_PBMTE | menvcfg_ADUE);
  set_csr(h, CSR_henvcfg, henvcfg_PBMTE | henvcfg_ADUE);
  point_to(m.f, &m.vs, OLD, 0, RWX | PBMT_NC);
  guest(&m);
  ck_assert(old(m.f, VA));
  set_csr(h, CSR_henvcfg, henvcfg_ADUE);
  ck_assert(load_refused(m.f, VA));
  set_csr(h, CSR_henvcfg, henvcfg_PBMTE);
  ck_assert(old(m.f, VA));
  tear_down(m.f);
}
END_TEST

/* More regimes than banks: the oldest is used again, without what it held. */
START_TEST(lru_reuse)
{
  machine m = set_up_machine();
  guest(&m);
  for (unsigned asid = 0; asid < 3 * RV_BANKS; asid++) {
    point_to(m.f, &m.vs, asid & 1 ? NEW : OLD, 0, RWX);
    set_asid(&m, asid);
    ck_assert_msg(asid & 1 ? new (m.f, VA) : old(m.f, VA), "asid %u", asid);
    ck_assert(!store_refused(m.f, VA + 8));
    jump(m.f, VA + 2);
  }
  /* The latest ones are kept, the first were given up. */
  for (unsigned asid = 3 * RV_BANKS - 1; asid > 2 * RV_BANKS + 2; asid--) {
    set_asid(&m, asid);
    ck_assert_msg(asid & 1 ? new (m.f, VA) : old(m.f, VA), "asid %u", asid);
    ck_assert(jump_kept(m.f, VA + 2));
  }
  set_asid(&m, 0);
  ck_assert(!jump_kept(m.f, VA + 2));
  ck_assert(new (m.f, VA));
  tear_down(m.f);
}
END_TEST

/* More fills than the log holds: a fence still finds them all. */
START_TEST(log_overflow)
{
  machine m = set_up_machine();
  tables big = new_tables(m.f, SV39, false, 0);
  host(&m);
  set_csr(m.f->h, CSR_satp, atp(&big, 1));
  for (unsigned i = 0; i < RV_TLB_SIZE; i++)
    map(m.f, &big, VA + i * PAGE, OLD, 0, RWX);
  for (unsigned i = 0; i < RV_TLB_SIZE; i++)
    ck_assert(old(m.f, VA + i * PAGE));
  jump(m.f, VA + 4);
  for (unsigned i = 0; i < RV_TLB_SIZE; i++)
    map(m.f, &big, VA + i * PAGE, NEW, 0, RWX);
  if (_i == 0)
    rv_sfence_vma(m.f->h, false, 0, false, 0);
  else
    for (unsigned i = 0; i < RV_TLB_SIZE; i++)
      rv_sfence_vma(m.f->h, true, VA + i * PAGE, false, 0);
  ck_assert(!jump_kept(m.f, VA + 4));
  for (unsigned i = 0; i < RV_TLB_SIZE; i++)
    ck_assert(new (m.f, VA + i * PAGE));
  tear_down(m.f);
}
END_TEST

/* A page that gets code or a watch loses its write entries in every bank, and only those. */
START_TEST(drop_writes)
{
  machine m = set_up_machine();
  rv_hart *h = m.f->h;
  guest(&m);
  ck_assert(!store_refused(m.f, VA + 8));
  ck_assert(!store_refused(m.f, VA + PAGE + 8));
  ck_assert(old(m.f, VA));
  host(&m);
  ck_assert(!store_refused(m.f, VA + 8));
  rv_tlb_drop_writes(h, (uint8_t *)word(m.f, OLD));
  const unsigned i = VA >> 12 & (RV_TLB_SIZE - 1);
  ck_assert_uint_ne(h->bank->w[i].va, VA);
  guest(&m);
  ck_assert_uint_ne(h->bank->w[i].va, VA);
  ck_assert_uint_eq(h->bank->r[i].va, VA);
  ck_assert_uint_eq(h->bank->w[i + 1].va, VA + PAGE);
  tear_down(m.f);
}
END_TEST

/* No fence minds its operands. H-462 */
START_TEST(odd_operands)
{
  machine m = set_up_stale();
  const uint64_t odd[] = { ~0ull, 1ull << 63, 0x7fffffffffffffff, 3 };
  for (unsigned i = 0; i < 4; i++) {
    rv_sfence_vma(m.f->h, true, odd[i], true, odd[i]);
    rv_hfence_vvma(m.f->h, true, odd[i], true, odd[i]);
    rv_hfence_gvma(m.f->h, true, odd[i], true, odd[i]);
  }
  ck_assert(old(m.f, VA));
  rv_sfence_vma(m.f->h, true, VA + 0xfff, true, ~0xffffull | 7); /* H-274 */
  ck_assert(new (m.f, VA));
  tear_down(m.f);
}
END_TEST

/* ---- at random: whatever is kept agrees with the tables, if every change is followed by the least
 * fence that software owes ---- */

enum { N_VM = 2, N_ASID = 2, N_VA = 12 };
typedef struct {
  fixture *f;
  tables host[N_ASID], vs[N_VM][N_ASID], g[N_VM];
  unsigned vm, asid;
  uint64_t rng;
} chaos;

static unsigned pick(chaos *c, unsigned n)
{
  c->rng = c->rng * 6364136223846793005ull + 1442695040888963407ull;
  return (c->rng >> 33) % n;
}
/* Addresses in two superpages, and their last 2 bytes for instructions that cross pages. */
static uint64_t pick_va(chaos *c)
{
  return 0x40000000 + (uint64_t)pick(c, 2) * 0x200000 + pick(c, N_VA / 2) * PAGE;
}
static uint64_t pick_page(chaos *c) { return RAM + 0x200000 + pick(c, 64) * PAGE; }
static uint64_t pick_flags(chaos *c)
{
  static const uint64_t flags[] = { RWX, RWX, RWX, URWX, V | R | X | A | D, V | X | A, 0 };
  return flags[pick(c, 7)];
}

static void select_regime(chaos *c)
{
  rv_hart *h = c->f->h;
  c->vm = pick(c, N_VM);
  c->asid = pick(c, N_ASID);
  h->s[0].atp = atp(&c->host[c->asid], c->asid);
  h->s[1].atp = atp(&c->vs[c->vm][c->asid], c->asid);
  h->csr.hgatp = atp(&c->g[c->vm], c->vm);
  h->csr.mstatus &= ~(mstatus_MPRV | mstatus_MPV | mstatus_MXR);
  h->csr.mstatus |= pick(c, 4) ? 0 : mstatus_MXR;
  h->s[1].status = (pick(c, 2) ? vsstatus_SUM : 0) | (pick(c, 4) ? 0 : vsstatus_MXR);
  if (pick(c, 6) == 0) {
    h->csr.mstatus |= mstatus_MPRV | (pick(c, 2) ? mstatus_MPV : 0);
    rv_put(&h->csr.mstatus, mstatus_MPP, pick(c, 2));
    set_mode(h, PRV_M, false);
  } else
    set_mode(h, pick(c, 2), pick(c, 3));
}

/* Anything but a pointer to a table, or nothing yet. */
static bool is_large(uint64_t pte) { return pte && (pte & (V | R | W | X)) != V; }

/* One leaf, small or large: a large one replaces its superpage's table, or a table the large one.
 */
static void change_leaf(chaos *c, tables *t, uint64_t va)
{
  uint64_t *above = word(c->f, slot(c->f, t, va, 1));
  const uint64_t to = pick_page(c);
  if (pick(c, 4) == 0) {
    *above = pte_of((to & ~0x1fffffull) - t->offset, pick_flags(c));
    return;
  }
  if (is_large(*above))
    *above = 0;
  map(c->f, t, va, to - t->offset, 0, pick_flags(c));
}

static void change_and_fence(chaos *c)
{
  rv_hart *h = c->f->h;
  const uint64_t va = pick_va(c);
  const bool v = pick(c, 3), by_asid = pick(c, 2);
  tables *t = v ? &c->vs[c->vm][c->asid] : &c->host[c->asid];
  const bool was_large = is_large(*word(c->f, slot(c->f, t, va, 1)));
  change_leaf(c, t, va);
  const bool large = was_large || is_large(*word(c->f, slot(c->f, t, va, 1)));
  /* Where a table came or went, an address fence is owed for each page of it: take none. */
  const bool by_va = pick(c, 2) && (!large || was_large);
  const uint64_t at = large ? va ^ pick(c, 512) * PAGE : va | pick(c, PAGE);
  if (v)
    rv_hfence_vvma(h, by_va, at, by_asid, c->asid);
  else
    rv_sfence_vma_hs(h, by_va, at, by_asid, c->asid);
}

static void change_g_and_fence(chaos *c)
{
  const uint64_t pa = pick_page(c);
  static const uint64_t flags[] = { URWX, URWX, URWX, U | V | R | A | D, U | V | X | A, 0 };
  *g_pte(c->f, &c->g[c->vm], pa) = pte_of(pick_page(c), flags[pick(c, 6)]);
  rv_hfence_gvma(c->f->h, pick(c, 2), pa - GUEST_OFFSET, pick(c, 2), c->vm);
}

/* What the tables say now, without any bank. */
static uint64_t truth(chaos *c, uint64_t va, rv_xmode mode, rv_access access)
{
  rv_walk_log log = { 0 };
  mode.access = access;
  const rv_xlat x = rv_walk(c->f->h, va, &mode, &log);
  return x.why || !rv_phys_find(&c->f->phys, x.pa, 2) ? 0 : x.pa;
}

static void use_data(chaos *c, uint64_t va, bool write)
{
  rv_hart *h = c->f->h;
  const rv_tlbe *e = &(write ? h->bank->w : h->bank->r)[va >> 12 & (RV_TLB_SIZE - 1)];
  const uint64_t expected = truth(c, va, h->mmu->data, write ? RV_STORE : RV_LOAD);
  uint64_t value;
  if (va - e->va <= 4096 - 8) {
    const uint64_t pa = RAM + ((uint8_t *)(va + e->addend) - c->f->phys.region[0].host);
    if (pa != expected)
      ck_abort_msg("%s %#lx: kept %#lx, the tables say %#lx", write ? "store" : "load", (long)va,
                   (long)pa, (long)expected);
    return;
  }
  if ((write ? rv_store(h, va, 8, NULL, 0) : rv_load(h, va, 8, NULL, &value)) != (expected != 0))
    ck_abort_msg("%#lx: slow path and tables disagree", (long)va);
}

/* A jump to va, where an instruction may reach into the next page. */
static void use_jump(chaos *c, uint64_t va)
{
  rv_hart *h = c->f->h;
  rv_place place, second = { 0 };
  const bool over = (va & 0xfff) == 0xffe;
  const uint64_t pa = truth(c, va, h->mmu->fetch, RV_FETCH);
  const uint64_t pa2 = over ? truth(c, va + 2, h->mmu->fetch, RV_FETCH) : 0;
  const uint64_t block = !pa || (over && !pa2) ? 0 : pa ^ pa2 << 8;
  const rv_jce *j = &h->bank->jc[va >> 1 & (RV_JC_SIZE - 1)];
  if (j->va == va) {
    if ((uintptr_t)j->op != block)
      ck_abort_msg("jump %#lx: another block is kept", (long)va);
  } else if (rv_fetch_place(h, va, 2, &place) && (!over || rv_fetch_place(h, va + 2, 2, &second)))
    rv_jc_fill(h, va, (struct rv_op *)(uintptr_t)block,
               second.fence_shift > place.fence_shift ? second.fence_shift : place.fence_shift);
}

/* H-270 .. H-277, over banks of all regimes. */
START_TEST(random_fences)
{
  chaos c = { .f = set_up(), .rng = 77 + _i };
  for (unsigned i = 0; i < N_ASID; i++)
    c.host[i] = new_tables(c.f, SV39, false, 0);
  for (unsigned vm = 0; vm < N_VM; vm++) {
    c.g[vm] = new_tables(c.f, SV39, true, 0);
    g_window(c.f, &c.g[vm]);
    for (unsigned i = 0; i < N_ASID; i++)
      c.vs[vm][i] = new_tables(c.f, SV39, false, GUEST_OFFSET);
  }
  for (unsigned i = 0; i < 60000 && c.f->top < RAM + RAM_SIZE - PAGE; i++) {
    const unsigned what = pick(&c, 64);
    if (what < 6)
      select_regime(&c);
    else if (what < 8)
      change_and_fence(&c);
    else if (what == 8)
      change_g_and_fence(&c);
    else if (what < 44)
      use_data(&c, pick_va(&c) + pick(&c, 512) * 8, what & 1);
    else
      use_jump(&c, pick_va(&c) + (what & 1 ? 0xffe : 2 * pick(&c, 2000)));
  }
  tear_down(c.f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, survives_switches);
  tcase_add_test(tc, regimes_are_apart);
  tcase_add_test(tc, sum_and_mxr_at_once);
  tcase_add_test(tc, mprv_is_apart);
  tcase_add_test(tc, hlv_is_apart);
  tcase_add_loop_test(tc, hlv_is_fenced_as_the_guest_is, 0, 12);
  tcase_add_test(tc, hlv_keeps_to_its_permissions);
  tcase_add_test(tc, hlv_is_kept_for_m_and_hs);
  tcase_add_test(tc, mprv_is_no_mode_of_its_own);
  tcase_add_loop_test(tc, sfence_in_hs, 0, 9);
  tcase_add_loop_test(tc, fence_of_the_vs_stage, 0, 27);
  tcase_add_loop_test(tc, fence_of_the_g_stage, 0, 4);
  tcase_add_loop_test(tc, fence_instructions, 0, 8);
  tcase_add_loop_test(tc, address_fence_on_a_superpage, 0, 2);
  tcase_add_loop_test(tc, fences_and_jumps, 0, 2);
  tcase_add_test(tc, generations);
  tcase_add_loop_test(tc, configuration_drops_all, 0, 4);
  tcase_add_test(tc, henvcfg_is_part_of_the_regime);
  tcase_add_test(tc, lru_reuse);
  tcase_add_loop_test(tc, log_overflow, 0, 2);
  tcase_add_test(tc, drop_writes);
  tcase_add_test(tc, odd_operands);
  tcase_add_loop_test(tc, random_fences, 0, 8);
}
UNIT_MAIN("tlb", add_tests)
