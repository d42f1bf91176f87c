/* test_exec.c - exec_*.h by the engine: every body against values of exec_values.def,
 * loads and stores against bytes, and the rules of FS, rounding modes and flags.
 */
#include "asm_text.h"
#include "world.h"

static const uint64_t CODE = RAM + 0x1000, DATA = RAM + 0x5000;

typedef struct {
  const char *text;
  uint64_t v[6];
} row;

static const row xs[] = {
#define X(...) { ROW(__VA_ARGS__) },
#define ROW(text, ...)                                                                             \
  text, { __VA_ARGS__ }
#include "exec_values.def"
}, bs[] = {
#define B(...) { ROW(__VA_ARGS__) },
#include "exec_values.def"
}, as[] = {
#define A(...) { ROW(__VA_ARGS__) },
#include "exec_values.def"
}, fs[] = {
#define F(...) { ROW(__VA_ARGS__) },
#include "exec_values.def"
}, gs[] = {
#define G(...) { ROW(__VA_ARGS__) },
#include "exec_values.def"
}, hs[] = {
#define H(...) { ROW(__VA_ARGS__) },
#include "exec_values.def"
};
#define EACH(rows) for (const row *r = rows; r < rows + G_N_ELEMENTS(rows); r++)

static bool seen[N_OPS];

/* Runs the one instruction at CODE: by the engine, in a block with what follows. */
static void run_one(world *w, const char *text)
{
  uint8_t bytes[4] = { 0 };
  rv_insn d;
  uint32_t bits;
  rv_hart *h = w->harts[0];
  asm_text(text, CODE, bytes, sizeof bytes);
  memcpy(&bits, bytes, 4);
  ck_assert(rv_decode(bits, &d));
  seen[d.op] = true;
  world_poke(w, CODE, bytes, d.len);
  world_asm(w, CODE + d.len, "jal zero,0x80001020");
  h->pc = CODE;
  rv_run(h, 2);
}

static world *fp_world(void)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  w->harts[0]->choice.ext = w->code->ext = RV_EXT_ALL;
  w->harts[0]->csr.mstatus |= 1ull << 13;           /* FS Initial */
  world_asm(w, CODE + 0x10, "jal zero,0x80001014"); /* where jumps of the tests lead */
  world_asm(w, CODE + 0x20, "jal zero,0x80001024");
  return w;
}

#define WANT(r, got, want)                                                                         \
  ck_assert_msg((got) == (want), "%s (%" PRIx64 " %" PRIx64 "): %" PRIx64 ", not %" PRIx64,        \
                (r)->text, (r)->v[0], (r)->v[1], (uint64_t)(got), (uint64_t)(want))

static void integers(world *w)
{
  rv_hart *h = w->harts[0];
  EACH(xs)
  {
    h->x[10] = r->v[0];
    h->x[11] = r->v[1];
    run_one(w, r->text);
    WANT(r, h->x[12], r->v[2]);
  }
}

static void branches(world *w)
{
  rv_hart *h = w->harts[0];
  EACH(bs)
  {
    h->x[10] = r->v[0];
    h->x[11] = r->v[1];
    run_one(w, r->text);
    WANT(r, h->pc, r->v[2] ? CODE + 0x14 : CODE + 0x20);
  }
}

static void atomics(world *w)
{
  rv_hart *h = w->harts[0];
  EACH(as)
  {
    world_poke64(w, DATA, r->v[0]);
    h->x[10] = DATA;
    h->x[11] = r->v[1];
    run_one(w, r->text);
    WANT(r, world_peek64(w, DATA), r->v[2]);
    WANT(r, h->x[12], r->v[3]);
  }
}

static void floats(world *w)
{
  rv_hart *h = w->harts[0];
  EACH(fs)
  {
    h->f[10] = r->v[0];
    h->f[11] = r->v[1];
    h->f[12] = r->v[2];
    h->csr.fflags = 0;
    run_one(w, r->text);
    WANT(r, h->f[13], r->v[3]);
    WANT(r, h->csr.fflags, r->v[4]);
  }
  EACH(gs)
  {
    h->f[10] = r->v[0];
    h->f[11] = r->v[1];
    h->csr.fflags = 0;
    run_one(w, r->text);
    WANT(r, h->x[12], r->v[2]);
    WANT(r, h->csr.fflags, r->v[3]);
  }
  EACH(hs)
  {
    h->x[10] = r->v[0];
    h->csr.fflags = 0;
    run_one(w, r->text);
    WANT(r, h->f[13], r->v[1]);
    WANT(r, h->csr.fflags, r->v[2]);
  }
}

/* Bytes in memory: 80 81 82 .. 8f, then 10 11 .. */
static void loads_and_stores(world *w)
{
  static const row loads[] = {
    { "lb a2,0(a0)", { 0xffffffffffffff80 } },
    { "lbu a2,1(a0)", { 0x81 } },
    { "lh a2,1(a0)", { 0xffffffffffff8281 } },
    { "lhu a2,2(a0)", { 0x8382 } },
    { "lw a2,3(a0)", { 0xffffffff86858483 } },
    { "lwu a2,4(a0)", { 0x87868584 } },
    { "ld a2,5(a0)", { 0x8c8b8a8988878685 } },
    { "ld a2,-8(a0)", { 0 } },
    { "lb a2,16(a0)", { 0x10 } },
  };
  static const row stores[] = {
    { "sb a1,1(a0)", { 0x8786858483820880 } },   { "sh a1,1(a0)", { 0x8786858483070880 } },
    { "sw a1,1(a0)", { 0x8786850506070880 } },   { "sd a1,1(a0)", { 0x0203040506070880 } },
    { "sd a1,0(a0)", { 0x0102030405060708 } },   { "fsw fa1,0(a0)", { 0x8786858415161718 } },
    { "fsd fa1,0(a0)", { 0x1112131415161718 } }, { "fsh fa1,1(a0)", { 0x8786858483171880 } },
  };
  rv_hart *h = w->harts[0];
  uint8_t bytes[24];
  for (unsigned i = 0; i < 24; i++)
    bytes[i] = i < 16 ? 0x80 + i : i;
  for (unsigned twice = 0; twice < 4; twice++) { /* by TLB miss and hit, within and across pages */
    const uint64_t at = DATA + (twice < 2 ? 0 : 0xffd);
    h->x[10] = at;
    h->x[11] = 0x0102030405060708;
    h->f[11] = 0x1112131415161718;
    world_poke64(w, at - 8, 0);
    world_poke(w, at, bytes, sizeof bytes);
    EACH(loads)
    {
      run_one(w, r->text);
      WANT(r, h->x[12], r->v[0]);
    }
    run_one(w, "flw fa3,0(a0)");
    ck_assert_uint_eq(h->f[13], 0xffffffff83828180);
    run_one(w, "flh fa3,1(a0)");
    ck_assert_uint_eq(h->f[13], 0xffffffffffff8281);
    run_one(w, "fld fa3,0(a0)");
    ck_assert_uint_eq(h->f[13], 0x8786858483828180);
    EACH(stores)
    {
      world_poke(w, at, bytes, sizeof bytes);
      run_one(w, r->text);
      WANT(r, world_peek64(w, at), r->v[0]);
    }
  }
}

static void jumps(world *w)
{
  rv_hart *h = w->harts[0];
  run_one(w, "jal a2,0x80001010");
  ck_assert_uint_eq(h->x[12], CODE + 4);
  h->x[12] = CODE + 0x31;
  run_one(w, "jalr a2,-16(a2)"); /* rd = rs1; bit 0 is cleared */
  ck_assert_uint_eq(h->x[12], CODE + 4);
  ck_assert_uint_eq(h->pc, CODE + 0x24);
  run_one(w, "lui a2,0x80000");
  ck_assert_uint_eq(h->x[12], 0xffffffff80000000);
  run_one(w, "auipc a2,0xfffff");
  ck_assert_uint_eq(h->x[12], CODE - 0x1000);
  run_one(w, "addi zero,zero,5");
  run_one(w, "add a2,zero,zero"); /* x0 is 0, whatever was written to it */
  ck_assert_uint_eq(h->x[12], 0);
  run_one(w, "fence iorw,iorw");
  run_one(w, "wrs.sto");
}

/* amocas.w compares and stores words, and gives the old one sign-extended; x0 is 0, and does not
 * change. [norm:Zacas_rv64_amocas-w_op, norm:Zacas_rv64_amocas-d_op] */
static void compare_and_swap(world *w)
{
  static const struct {
    const char *text;
    uint64_t memory, a2, a1, after, result;
  } cases[] = {
    { "amocas.w a2,a1,(a0)", 0x1111111180000000, 0x80000000, 0x2222222233333333, 0x1111111133333333,
      0xffffffff80000000 },
    { "amocas.w.aqrl a2,a1,(a0)", 0x1111111170000000, 0x8888888870000000, 7, 0x1111111100000007,
      0x70000000 },
    { "amocas.w a2,a1,(a0)", 0x1111111180000000, 0x80000001, 7, 0x1111111180000000,
      0xffffffff80000000 },
    { "amocas.d a2,a1,(a0)", 0x1111111180000000, 0x1111111180000000, 7, 7, 0x1111111180000000 },
    { "amocas.d.aq a2,a1,(a0)", 0x1111111180000000, 0x80000000, 7, 0x1111111180000000,
      0x1111111180000000 },
    { "amocas.d a2,a2,(a0)", 5, 5, 0, 5, 5 },
    { "amocas.d zero,a1,(a0)", 0, 9, 7, 7, 9 },
    { "amocas.d zero,a1,(a0)", 1, 9, 7, 1, 9 },
    { "amocas.w zero,a1,(a0)", 0x100000000, 9, 7, 0x100000007, 9 },
    { "amocas.d a2,zero,(a0)", 1, 1, 7, 0, 1 },
  };
  rv_hart *h = w->harts[0];
  h->x[32] = 0x5555; /* the sink of rd = x0 is not what is compared */
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    world_poke64(w, DATA, cases[i].memory);
    h->x[10] = DATA;
    h->x[11] = cases[i].a1;
    h->x[12] = cases[i].a2;
    run_one(w, cases[i].text);
    ck_assert_msg(world_peek64(w, DATA) == cases[i].after && h->x[12] == cases[i].result,
                  "%s, %u: memory %" PRIx64 ", a2 %" PRIx64, cases[i].text, i,
                  world_peek64(w, DATA), h->x[12]);
  }
}

/* Pairs: of x0 both halves are 0, and neither is written. [norm:Zacas_rv64_amocas-q_op,
 * norm:Zacas_rv64_amocas-q_rs2_frst_reg_x0, norm:Zacas_rv64_amocas-q_rd_frst_reg_x0] */
static void compare_and_swap_pair(world *w)
{
  static const struct {
    const char *text;
    uint64_t memory[2], expected[2];
    bool swaps;
  } cases[] = {
    { "amocas.q a2,a4,(a0)", { 1, 2 }, { 1, 2 }, true },
    { "amocas.q a2,a4,(a0)", { 1, 2 }, { 1, 3 }, false },
    { "amocas.q a2,a4,(a0)", { 1, 2 }, { 3, 2 }, false },
    { "amocas.q a2,zero,(a0)", { 1, 2 }, { 1, 2 }, true },
    { "amocas.q zero,a4,(a0)", { 0, 0 }, { 1, 2 }, true },
    { "amocas.q zero,a4,(a0)", { 0, 1 }, { 0, 1 }, false },
  };
  rv_hart *h = w->harts[0];
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    const bool to_zero = strstr(cases[i].text, "q zero"), of_zero = strstr(cases[i].text, ",zero");
    h->x[1] = 77;
    h->x[10] = DATA;
    h->x[14] = 0x1234;
    h->x[15] = 0x5678;
    for (unsigned k = 0; k < 2; k++) {
      h->x[12 + k] = cases[i].expected[k];
      world_poke64(w, DATA + 8 * k, cases[i].memory[k]);
    }
    run_one(w, cases[i].text);
    for (unsigned k = 0; k < 2; k++) {
      const uint64_t swapped = of_zero ? 0 : h->x[14 + k];
      WANT(&((row){ cases[i].text, { i, k } }), world_peek64(w, DATA + 8 * k),
           cases[i].swaps ? swapped : cases[i].memory[k]);
      WANT(&((row){ cases[i].text, { i, k } }), h->x[12 + k],
           to_zero ? cases[i].expected[k] : cases[i].memory[k]);
    }
    ck_assert(h->x[0] == 0 && h->x[1] == 77);
  }
}

/* sc succeeds once after lr at its address, and not after anything else. */
static void reservations(world *w)
{
  rv_hart *h = w->harts[0];
  for (unsigned d = 0; d < 2; d++) {
    world_poke64(w, DATA, 0x1111111180000000);
    h->x[10] = DATA;
    h->x[11] = 7;
    run_one(w, d ? "lr.d a2,(a0)" : "lr.w a2,(a0)");
    ck_assert_uint_eq(h->x[12], d ? 0x1111111180000000 : 0xffffffff80000000);
    run_one(w, d ? "sc.d a2,a1,(a0)" : "sc.w a2,a1,(a0)");
    ck_assert_uint_eq(h->x[12], 0);
    ck_assert_uint_eq(world_peek64(w, DATA), d ? 7 : 0x1111111100000007);
    h->x[11] = 9;
    run_one(w, d ? "sc.d a2,a1,(a0)" : "sc.w a2,a1,(a0)");
    ck_assert_uint_eq(h->x[12], 1);
    run_one(w, "lr.d a2,(a0)");
    h->x[10] = DATA + 8;
    world_poke64(w, DATA + 8, 0);
    run_one(w, "sc.d a2,a1,(a0)");
    ck_assert_uint_eq(h->x[12], 1);
    ck_assert_uint_eq(world_peek64(w, DATA + 8), 0);
    h->x[10] = DATA;
    run_one(w, "lr.d a2,(a0)");
    world_poke64(w, DATA, 5); /* DMA */
    run_one(w, "sc.d a2,a1,(a0)");
    ck_assert_uint_eq(h->x[12], 1);
    ck_assert_uint_eq(world_peek64(w, DATA), 5);
  }
}

START_TEST(every_body_gives_the_values_of_the_manual)
{
  world *w = fp_world();
  integers(w);
  branches(w);
  atomics(w);
  floats(w);
  loads_and_stores(w);
  jumps(w);
  reservations(w);
  compare_and_swap(w);
  compare_and_swap_pair(w);
  unsigned n;
  const rv_insn_row *rows = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    if (rows[i].kind < RV_KIND_CSR) /* those behind are privileged */
      ck_assert_msg(seen[rows[i].base_op], "%s was not executed", rows[i].text);
  world_free(w);
}
END_TEST

/* Did the instruction trap as illegal, with its bits in mtval and nothing else changed? */
static bool illegal(world *w, const char *text)
{
  rv_hart *h = w->harts[0];
  uint32_t bits = 0;
  asm_text(text, CODE, (uint8_t *)&bits, 4);
  h->csr.mtvec = RAM;
  h->csr.mcause = h->csr.mtval = 0;
  world_asm(w, RAM, "jal zero,0x80000000");
  run_one(w, text);
  if (h->csr.mcause != CAUSE_ILLEGAL)
    return false;
  ck_assert_msg(h->csr.mtval == bits, "%s: mtval %" PRIx64, text, h->csr.mtval);
  ck_assert_uint_eq(h->csr.mepc, CODE);
  return true;
}

static const char *const fp_insns[] = {
  "flw fa3,0(a0)",          "fsw fa3,0(a0)",           "fld fa3,0(a0)",       "fsd fa3,0(a0)",
  "c.fld fa3,0(a0)",        "c.fsd fa3,0(a0)",         "c.fldsp fa3,0(sp)",   "c.fsdsp fa3,0(sp)",
  "fadd.s fa3,fa0,fa1",     "fmadd.d fa3,fa0,fa1,fa2", "fsgnj.d fa3,fa0,fa1", "feq.s a2,fa0,fa1",
  "fmv.x.w a2,fa0",         "fmv.d.x fa3,a0",          "fcvt.w.d a2,fa0",     "fclass.d a2,fa0",
  "flh fa3,0(a0)",          "fsh fa3,0(a0)",           "fmv.x.h a2,fa0",      "fmv.h.x fa3,a0",
  "fcvt.h.s fa3,fa0",       "fcvt.d.h fa3,fa0",        "fadd.h fa3,fa0,fa1",  "fli.h fa3,0.5",
  "fli.s fa3,min",          "fround.d fa3,fa0",        "fleq.s a2,fa0,fa1",   "fminm.d fa3,fa0,fa1",
  "fcvtmod.w.d a2,fa0,rtz",
};

/* Illegal with FS Off, in mstatus, or in vsstatus while V=1 [H-293]. */
START_TEST(floating_point_needs_fs)
{
  world *w = fp_world();
  rv_hart *h = w->harts[0];
  for (unsigned off = 0; off < 3; off++)
    for (unsigned i = 0; i < G_N_ELEMENTS(fp_insns); i++) {
      h->csr.mstatus = off == 0 ? 0 : 1ull << 13;
      h->s[1].status = off == 1 ? 0 : 1ull << 13;
      h->v = off > 0;
      h->prv = off > 0 ? PRV_S : PRV_M;
      h->x[10] = h->x[2] = DATA;
      rv_regime_changed(h);
      ck_assert_msg(illegal(w, fp_insns[i]) == (off < 2), "%s with %s", fp_insns[i],
                    off == 0   ? "FS off"
                    : off == 1 ? "vsstatus.FS off"
                               : "both on");
    }
  world_free(w);
}
END_TEST

/* 5 and 6, and 7 with frm above 4, are illegal, for widening conversions as well
 * [norm:roundingmode_rsv]; where there is no rm field frm does not matter. */
START_TEST(reserved_rounding_modes_are_illegal)
{
  static const char *const with_rm[] = {
    "fadd.s fa3,fa0,fa1",      "fsqrt.d fa3,fa0",      "fmadd.s fa3,fa0,fa1,fa2",
    "fcvt.w.s a2,fa0",         "fcvt.lu.d a2,fa0",     "fcvt.s.l fa3,a0",
    "fcvt.s.d fa3,fa0",        "fcvt.d.s fa3,fa0,dyn", "fcvt.d.w fa3,a0,dyn",
    "fcvt.d.wu fa3,a0,dyn",    "fcvt.s.h fa3,fa0,dyn", "fcvt.h.d fa3,fa0",
    "fmadd.h fa3,fa0,fa1,fa2", "fround.s fa3,fa0",     "froundnx.d fa3,fa0"
  };
  static const char *const without[] = { "fsgnj.s fa3,fa0,fa1",   "fmin.d fa3,fa0,fa1",
                                         "feq.s a2,fa0,fa1",      "fmv.x.d a2,fa0",
                                         "fclass.s a2,fa0",       "fli.d fa3,min",
                                         "fmaxm.s fa3,fa0,fa1",   "fltq.h a2,fa0,fa1",
                                         "fcvtmod.w.d a2,fa0,rtz" };
  world *w = fp_world();
  rv_hart *h = w->harts[0];
  for (unsigned frm = 0; frm < 8; frm++) {
    h->csr.frm = frm;
    for (unsigned i = 0; i < G_N_ELEMENTS(with_rm); i++)
      ck_assert_msg(illegal(w, with_rm[i]) == (frm > 4), "%s, frm %u", with_rm[i], frm);
    for (unsigned i = 0; i < G_N_ELEMENTS(without); i++)
      ck_assert_msg(!illegal(w, without[i]), "%s, frm %u", without[i], frm);
    ck_assert(!illegal(w, "fadd.s fa3,fa0,fa1,rtz"));
  }
  h->csr.frm = 0;
  for (uint32_t rm = 5; rm < 7; rm++) {
    const uint32_t bits = 0x00b576d3 - (7 << 12) + (rm << 12); /* fadd.s fa3,fa0,fa1 */
    world_poke(w, CODE, &bits, 4);
    h->pc = CODE;
    h->csr.mcause = 0;
    world_run(w, h, 1);
    ck_assert_uint_eq(h->csr.mcause, CAUSE_ILLEGAL);
    ck_assert_uint_eq(h->csr.mtval, bits);
  }
  world_free(w);
}
END_TEST

static unsigned fs_after(world *w, const char *text)
{
  rv_hart *h = w->harts[0];
  h->csr.mstatus = 2ull << 13; /* Clean */
  h->fp_fast = false;
  h->x[10] = DATA;
  run_one(w, text);
  return h->csr.mstatus >> 13 & 3;
}

/* Dirty when an f register or fcsr changed; stores, compares and moves out leave it. */
START_TEST(fs_becomes_dirty_by_writes_alone)
{
  world *w = fp_world();
  rv_hart *h = w->harts[0];
  h->f[10] = h->f[11] = 0xffffffff3f800000;
  ck_assert_uint_eq(fs_after(w, "flw fa3,0(a0)"), 3);
  ck_assert_uint_eq(fs_after(w, "fadd.s fa3,fa0,fa1"), 3);
  ck_assert_uint_eq(fs_after(w, "fmv.w.x fa3,a0"), 3);
  ck_assert_uint_eq(fs_after(w, "csrrwi zero,frm,0"), 3);
  ck_assert_uint_eq(fs_after(w, "csrrsi zero,fflags,1"), 3);
  ck_assert_uint_eq(fs_after(w, "csrrs a2,fcsr,zero"), 2);
  ck_assert_uint_eq(fs_after(w, "fsw fa0,0(a0)"), 2);
  ck_assert_uint_eq(fs_after(w, "feq.s a2,fa0,fa1"), 2);
  ck_assert_uint_eq(fs_after(w, "fmv.x.w a2,fa0"), 2);
  ck_assert_uint_eq(fs_after(w, "fcvt.w.s a2,fa0"), 2);
  ck_assert_uint_eq(fs_after(w, "fli.s fa3,1"), 3);
  ck_assert_uint_eq(fs_after(w, "fminm.s fa3,fa0,fa1"), 3);
  ck_assert_uint_eq(fs_after(w, "fround.s fa3,fa0"), 3);
  ck_assert_uint_eq(fs_after(w, "flh fa3,0(a0)"), 3);
  ck_assert_uint_eq(fs_after(w, "fmv.h.x fa3,a0"), 3);
  ck_assert_uint_eq(fs_after(w, "fsh fa0,0(a0)"), 2);
  ck_assert_uint_eq(fs_after(w, "fmv.x.h a2,fa0"), 2);
  ck_assert_uint_eq(fs_after(w, "fleq.s a2,fa0,fa1"), 2);
  ck_assert_uint_eq(fs_after(w, "fcvtmod.w.d a2,fa4,rtz"), 2);
  h->f[10] = 0xffffffff7fc00000;
  ck_assert_uint_eq(fs_after(w, "fleq.s a2,fa0,fa1"), 2); /* quiet */
  ck_assert_uint_eq(fs_after(w, "flt.s a2,fa0,fa1"), 3);  /* NV */
  h->f[14] = 0x7ff8000000000000;
  ck_assert_uint_eq(fs_after(w, "fcvtmod.w.d a2,fa4,rtz"), 3); /* NV */
  /* with V=1 both become dirty [H-294] */
  h->v = true;
  h->prv = PRV_S;
  h->s[1].status = 1ull << 13;
  rv_regime_changed(h);
  ck_assert_uint_eq(fs_after(w, "fmv.w.x fa3,a0"), 3);
  ck_assert_uint_eq(h->s[1].status >> 13 & 3, 3);
  world_free(w);
}
END_TEST

START_TEST(fflags_accumulate)
{
  world *w = fp_world();
  rv_hart *h = w->harts[0];
  h->f[10] = 0xffffffff3f800000; /* 1 */
  h->f[11] = 0xffffffff40400000; /* 3 */
  h->f[12] = 0xffffffff00000000; /* 0 */
  run_one(w, "fdiv.s fa3,fa0,fa1");
  ck_assert_uint_eq(h->csr.fflags, 1);
  run_one(w, "fdiv.s fa3,fa0,fa2");
  ck_assert_uint_eq(h->csr.fflags, 9);
  run_one(w, "fadd.s fa3,fa0,fa0");
  ck_assert_uint_eq(h->csr.fflags, 9);
  run_one(w, "fdiv.s fa3,fa2,fa2");
  ck_assert_uint_eq(h->csr.fflags, 25);
  run_one(w, "csrrw a2,fcsr,zero");
  ck_assert_uint_eq(h->x[12], 25);
  ck_assert_uint_eq(h->csr.fflags, 0);
  world_free(w);
}
END_TEST

/* AMO, LR and SC: alignment first, then translation; SC without reservation is still a store. */
START_TEST(atomics_check_alignment_first)
{
  world *w = fp_world();
  rv_hart *h = w->harts[0];
  static const struct {
    const char *text;
    uint64_t at;
    unsigned cause;
  } cases[] = {
    { "lr.w a2,(a0)", 0x1002, CAUSE_LOAD_MISALIGNED },
    { "lr.d a2,(a0)", 0x1004, CAUSE_LOAD_MISALIGNED },
    { "sc.w a2,a1,(a0)", 0x1001, CAUSE_STORE_MISALIGNED },
    { "amoadd.w a2,a1,(a0)", 0x1002, CAUSE_STORE_MISALIGNED },
    { "amoswap.d a2,a1,(a0)", 0x1004, CAUSE_STORE_MISALIGNED },
    { "amocas.w a2,a1,(a0)", 0x1002, CAUSE_STORE_MISALIGNED },
    { "amocas.d a2,a1,(a0)", 0x1004, CAUSE_STORE_MISALIGNED },
    { "amocas.q a2,a4,(a0)", 0x1008, CAUSE_STORE_MISALIGNED },
    { "amocas.d a2,a1,(a0)", 0x1000, CAUSE_STORE_ACCESS },
    { "amocas.q a2,a4,(a0)", 0x1000, CAUSE_STORE_ACCESS },
    { "lr.w a2,(a0)", 0x1000, CAUSE_LOAD_ACCESS },
    { "sc.w a2,a1,(a0)", 0x1000, CAUSE_STORE_ACCESS },
    { "amomax.d a2,a1,(a0)", 0x1000, CAUSE_STORE_ACCESS },
  };
  world_asm(w, RAM, "jal zero,0x80000000");
  h->csr.mtvec = RAM;
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    h->x[10] = cases[i].at;
    h->x[12] = 0x55;
    run_one(w, cases[i].text);
    ck_assert_msg(h->csr.mcause == cases[i].cause, "%s: cause %" PRIu64, cases[i].text,
                  h->csr.mcause);
    ck_assert_uint_eq(h->csr.mtval, cases[i].at);
    ck_assert_uint_eq(h->x[12], 0x55);
  }
  world_free(w);
}
END_TEST

/* One that would not store needs the permission all the same [norm:Zacas_amocas_w_permission]. */
START_TEST(amocas_is_a_store)
{
  static const char *const texts[] = { "amocas.w a2,a1,(a0)", "amocas.d a2,a1,(a0)",
                                       "amocas.q a2,a4,(a0)" };
  world *w = fp_world();
  rv_hart *h = w->harts[0];
  world_asm(w, RAM, "jal zero,0x80000000");
  h->csr.mtvec = RAM;
  rv_csr_poke(h, CSR_pmpaddr1, ~0ull);
  rv_csr_poke(h, CSR_pmpaddr0, (DATA | 0x7ff) >> 2); /* 4 KiB, to be read only; locked */
  rv_csr_poke(h, CSR_pmpcfg0, 0x1f00 | 0x99);
  rv_regime_changed(h);
  for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
    for (unsigned kept = 0; kept < 2; kept++) {
      h->x[10] = DATA;
      h->x[12] = 99; /* memory is 0 */
      h->csr.mcause = 0;
      if (kept)
        run_one(w, "ld a3,0(a0)");
      run_one(w, texts[i]);
      ck_assert_msg(h->csr.mcause == CAUSE_STORE_ACCESS, "%s: %" PRIu64, texts[i], h->csr.mcause);
      ck_assert_uint_eq(h->csr.mtval, DATA);
      ck_assert_uint_eq(h->x[12], 99);
    }
  world_free(w);
}
END_TEST

/* ---- Zcb: the base instruction's registers and numbers ---- */

START_TEST(zcb)
{
  static const struct {
    const char *text;
    uint64_t a0, a1, after;
  } values[] = {
    { "c.zext.b a0", 0x123456789abcdef0, 0, 0xf0 },
    { "c.sext.b a0", 0x123456789abcdef0, 0, 0xfffffffffffffff0 },
    { "c.zext.h a0", 0x123456789abcdef0, 0, 0xdef0 },
    { "c.sext.h a0", 0x123456789abcdef0, 0, 0xffffffffffffdef0 },
    { "c.zext.w a0", 0x123456789abcdef0, 0, 0x9abcdef0 },
    { "c.not a0", 0x123456789abcdef0, 0, 0xedcba9876543210f },
    { "c.mul a0,a1", 0x100000003, 5, 0x50000000f },
  }, loads[] = {
    { "c.lbu a0,0(a1)", 0, 0, 0x80 },   { "c.lbu a0,1(a1)", 0, 0, 0x81 },
    { "c.lbu a0,2(a1)", 0, 0, 0x82 },   { "c.lbu a0,3(a1)", 0, 0, 0x83 },
    { "c.lhu a0,0(a1)", 0, 0, 0x8180 }, { "c.lhu a0,2(a1)", 0, 0, 0x8382 },
    { "c.lh a0,0(a1)", 0, 0, 0xffffffffffff8180 }, { "c.lh a0,2(a1)", 0, 0, 0xffffffffffff8382 },
  }, stores[] = {
    { "c.sb a0,0(a1)", 0x1234, 0, 0x83828134 }, { "c.sb a0,3(a1)", 0x1234, 0, 0x34828180 },
    { "c.sh a0,0(a1)", 0x1234, 0, 0x83821234 }, { "c.sh a0,2(a1)", 0x1234, 0, 0x12348180 },
  };
  world *w = fp_world();
  rv_hart *h = w->harts[0];
  for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
    h->x[10] = values[i].a0;
    h->x[11] = values[i].a1;
    run_one(w, values[i].text);
    ck_assert_msg(h->x[10] == values[i].after, "%s: %" PRIx64, values[i].text, h->x[10]);
  }
  h->x[11] = DATA;
  for (unsigned i = 0; i < G_N_ELEMENTS(loads); i++) {
    world_poke64(w, DATA, 0x83828180);
    run_one(w, loads[i].text);
    ck_assert_msg(h->x[10] == loads[i].after, "%s: %" PRIx64, loads[i].text, h->x[10]);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS(stores); i++) {
    world_poke64(w, DATA, 0x83828180);
    h->x[10] = stores[i].a0;
    run_one(w, stores[i].text);
    ck_assert_msg(world_peek64(w, DATA) == stores[i].after, "%s: %" PRIx64, stores[i].text,
                  world_peek64(w, DATA));
  }
  world_free(w);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, every_body_gives_the_values_of_the_manual);
  tcase_add_test(tc, floating_point_needs_fs);
  tcase_add_test(tc, reserved_rounding_modes_are_illegal);
  tcase_add_test(tc, fs_becomes_dirty_by_writes_alone);
  tcase_add_test(tc, fflags_accumulate);
  tcase_add_test(tc, atomics_check_alignment_first);
  tcase_add_test(tc, amocas_is_a_store);
  tcase_add_test(tc, zcb);
}

UNIT_MAIN("exec", add_tests)
