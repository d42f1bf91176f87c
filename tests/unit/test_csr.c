/* test_csr.c - who may access which CSR, and which bits of it can be written.
 *
 * The oracles are made from the CSR listing and the text of the manual, not from csr.def.
 * [priv csrs, hypervisor#csrs; H-001 .. H-118]
 */
#include "core_fixture.h"

/* ---- which numbers exist, by the listing of the manual, for RV64 IMAFDC S U H Sstc Zicntr Zihpm
 * Sscofpmf ---- */

static const struct {
  uint16_t first, last;
} listing[] = {
  { 0x001, 0x003 }, /* fflags frm fcsr */
  { 0xC00, 0xC1F }, /* cycle time instret hpmcounter3..31 */
  { 0x100, 0x100 },
  { 0x104, 0x106 }, /* sstatus, sie stvec scounteren */
  { 0x10A, 0x10A }, /* senvcfg */
  { 0x140, 0x144 },
  { 0x14D, 0x14D }, /* sscratch sepc scause stval sip, stimecmp */
  { 0xDA0, 0xDA0 }, /* scountovf */
  { 0x180, 0x180 }, /* satp */
  { 0x600, 0x600 },
  { 0x602, 0x607 }, /* hstatus, hedeleg hideleg hie htimedelta hcounteren hgeie */
  { 0x60A, 0x60A }, /* henvcfg */
  { 0x643, 0x645 },
  { 0x64A, 0x64A }, /* htval hip hvip, htinst */
  { 0x680, 0x680 },
  { 0xE12, 0xE12 }, /* hgatp, hgeip */
  { 0x200, 0x200 },
  { 0x204, 0x205 }, /* vsstatus, vsie vstvec */
  { 0x240, 0x244 },
  { 0x24D, 0x24D }, /* vsscratch vsepc vscause vstval vsip, vstimecmp */
  { 0x280, 0x280 }, /* vsatp */
  { 0xF11, 0xF15 }, /* mvendorid marchid mimpid mhartid mconfigptr */
  { 0x300, 0x306 },
  { 0x30A, 0x30A }, /* mstatus misa medeleg mideleg mie mtvec mcounteren, menvcfg */
  { 0x320, 0x320 },
  { 0x323, 0x33F }, /* mcountinhibit, mhpmevent3..31 */
  { 0x340, 0x344 },
  { 0x34A, 0x34B }, /* mscratch mepc mcause mtval mip, mtinst mtval2 */
  { 0x747, 0x747 }, /* mseccfg */
  { 0x3A0, 0x3A0 },
  { 0x3A2, 0x3A2 }, /* pmpcfg0, pmpcfg2: the odd ones are RV32's */
  { 0x3B0, 0x3BF }, /* pmpaddr0..15 */
  { 0xB00, 0xB00 },
  { 0xB02, 0xB1F }, /* mcycle, minstret mhpmcounter3..31 */
  { 0x7A0, 0x7A3 }, /* tselect tdata1..3 */
};

/* Of extensions that are off by default. */
static const struct {
  uint16_t first, last;
} off[] = {
  { 0x321, 0x322 }, /* mcyclecfg minstretcfg */
  { 0x30C, 0x30F },
  { 0x60C, 0x60F },
  { 0x10C, 0x10F }, /* mstateen0..3, hstateen0..3, sstateen0..3 */
  { 0x350, 0x351 },
  { 0x35C, 0x35C },
  { 0xFB0, 0xFB0 },
  { 0x308, 0x309 }, /* miselect mireg, mtopei, mtopi, mvien mvip */
  { 0x150, 0x151 },
  { 0x15C, 0x15C },
  { 0xDB0, 0xDB0 }, /* siselect sireg, stopei, stopi */
  { 0x250, 0x251 },
  { 0x25C, 0x25C },
  { 0xEB0, 0xEB0 }, /* vsiselect vsireg, vstopei, vstopi */
  { 0x608, 0x609 },
  { 0x646, 0x647 }, /* hvien hvictl, hviprio1 hviprio2 */
};

static bool exists(unsigned csr)
{
  for (unsigned i = 0; i < sizeof listing / sizeof *listing; i++)
    if (csr >= listing[i].first && csr <= listing[i].last)
      return true;
  return false;
}

static bool is_off(unsigned csr)
{
  for (unsigned i = 0; i < sizeof off / sizeof *off; i++)
    if (csr >= off[i].first && csr <= off[i].last)
      return true;
  return false;
}

/* Cause, or NO_TRAP, when no switch stands in the way. The address says it all: bits 11:10 = 11 is
 * read-only, bits 9:8 the lowest privilege, where 2 is HS. */
static int expected(unsigned csr, core_mode mode, bool write)
{
  const bool v = mode == MODE_VS || mode == MODE_VU;
  if (!exists(csr) || (write && csr >> 10 == 3)) /* H-014, H-015, H-016, H-113 */
    return CAUSE_ILLEGAL;
  switch (csr >> 8 & 3) {
  case 0:
    return NO_TRAP;
  case 1: /* H-012, H-156 */
    return mode == MODE_U ? CAUSE_ILLEGAL : mode == MODE_VU ? CAUSE_VIRTUAL : NO_TRAP;
  case 2: /* H-009, H-010, H-011, H-013 */
    return v ? CAUSE_VIRTUAL : mode == MODE_U ? CAUSE_ILLEGAL : NO_TRAP;
  default: /* H-017 */
    return mode == MODE_M ? NO_TRAP : CAUSE_ILLEGAL;
  }
}

/* 4096 numbers, five modes, the six instructions with and without a write. H-164: xtval. */
START_TEST(every_number_from_every_mode)
{
  core *c = core_new();
  for (unsigned csr = 0; csr < 4096; csr++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      for (unsigned op = 1; op <= 7; op++) {
        if (op == 4 || (!exists(csr) && op > 2)) /* all six forms where there is something */
          continue;
        for (unsigned rs1 = 0; rs1 <= 10; rs1 += 10) {
          const bool write = (op & 3) == 1 || rs1; /* csrrs, csrrc of x0 do not write */
          if ((op & 3) == 1 && exists(csr))
            continue; /* would change the gates; csrrs of 0 is a write as well */
          if (op > 4 && rs1 && exists(csr))
            continue; /* the immediate is not 0 */
          const uint32_t bits = csr_bits(csr, op, rs1, 11);
          open_gates(c);
          c->h->x[10] = 0;
          const int cause = execute_bits(c, mode, bits);
          ck_assert_msg(cause == expected(csr, mode, write),
                        "CSR %#x op %u rs1 %u from %s: %d, not %d", csr, op, rs1, mode_names[mode],
                        cause, expected(csr, mode, write));
          if (cause != NO_TRAP)
            ck_assert_uint_eq(c->h->csr.mtval, bits);
        }
      }
  core_free(c);
}
END_TEST

/* csrrw, csrrwi: refused like csrrs. Only the numbers whose access is refused, or that survive it.
 */
START_TEST(csrrw_is_a_write)
{
  core *c = core_new();
  for (unsigned csr = 0; csr < 4096; csr++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      for (unsigned op = 1; op <= 5; op += 4) {
        if (expected(csr, mode, true) == NO_TRAP)
          continue;
        open_gates(c);
        ck_assert_int_eq(execute_bits(c, mode, csr_bits(csr, op, 0, 0)), expected(csr, mode, true));
      }
  core_free(c);
}
END_TEST

/* H-015, by name: with XLEN=64 there is no upper half; from V=1 cause 2, not 22. */
START_TEST(no_high_halves)
{
  static const uint16_t high[] = { 0x612, 0x61A, 0x615, 0x25D, 0x15D, 0x310, 0x312,
                                   0x31A, 0xB80, 0xB82, 0xB83, 0xC80, 0xC81, 0xC82,
                                   0xC83, 0xC9F, 0x3A1, 0x3A3, 0x721 };
  core *c = core_new();
  open_gates(c);
  for (unsigned i = 0; i < sizeof high / sizeof *high; i++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      ck_assert_int_eq(execute_bits(c, mode, csr_bits(high[i], 2, 0, 11)), CAUSE_ILLEGAL);
  core_free(c);
}
END_TEST

/* The table and the listing name the same CSRs, and each has a description. */
START_TEST(table_is_the_listing)
{
  for (unsigned csr = 0; csr < 4200; csr++) {
    const rv_csr_desc *d = rv_csr_describe(csr);
    ck_assert_msg((d != NULL) == (csr < 4096 && (exists(csr) || is_off(csr))), "CSR %#x", csr);
    if (d) {
      ck_assert_uint_eq(d->addr, csr);
      ck_assert(d->name[0] && d->brief[0] && d->spec[0]);
      ck_assert_str_eq(rv_csr_name(csr), d->name);
    }
  }
}
END_TEST

/* A refused write changes nothing but what the trap to M writes (KB-39). */
START_TEST(a_refused_write_has_no_effect)
{
  core *c = core_new();
  rv_hart *h = c->h;
  for (unsigned csr = 0; csr < 4096; csr++)
    for (unsigned mode = MODE_HS; mode < N_MODES; mode++) {
      if (!exists(csr) || expected(csr, mode, true) == NO_TRAP)
        continue;
      open_gates(c);
      h->x[10] = ~core_peek(h, csr);
      h->x[11] = 0x5a5a;
      rv_csrs before = h->csr;
      rv_sregs s[2];
      memcpy(s, h->s, sizeof s);
      ck_assert_int_ne(execute_bits(c, mode, csr_bits(csr, 1, 10, 11)), NO_TRAP);
      before.mstatus = h->csr.mstatus;
      before.mepc = h->csr.mepc;
      before.mcause = h->csr.mcause;
      before.mtval = h->csr.mtval;
      before.mtval2 = h->csr.mtval2;
      before.mtinst = h->csr.mtinst;
      ck_assert_msg(!memcmp(&before, &h->csr, sizeof before), "CSR %#x", csr);
      ck_assert_msg(!memcmp(s, h->s, sizeof s), "CSR %#x", csr);
      ck_assert_uint_eq(h->x[11], 0x5a5a);
      ck_assert_uint_eq(h->x[0], 0);
    }
  core_free(c);
}
END_TEST

/* ---- gates ---- */

enum { FCSR = 0x003, CYCLE = 0xC00, TIME = 0xC01, INSTRET = 0xC02, HPM31 = 0xC1F };

/* H-111, H-112: mcounteren, hcounteren, scounteren, all combinations, every counter. */
START_TEST(counter_enables)
{
  core *c = core_new();
  for (unsigned n = 0; n < 32; n++)
    for (unsigned set = 0; set < 8; set++)
      for (unsigned mode = 0; mode < N_MODES; mode++) {
        const uint64_t bit = 1ull << n;
        const bool m = set & 1, hs = set & 2, s = set & 4;
        const bool v = mode >= MODE_VS, user = mode == MODE_U || mode == MODE_VU;
        /* The other counters' bits say the opposite: only this bit may count. */
        core_poke(c->h, CSR_mcounteren, m ? bit : ~bit);
        core_poke(c->h, CSR_hcounteren, hs ? bit : ~bit);
        core_poke(c->h, CSR_scounteren, s ? bit : ~bit);
        const int want = mode == MODE_M || (m && (!v || hs) && (!user || s)) ? NO_TRAP
                         : m && v                                            ? CAUSE_VIRTUAL
                                                                             : CAUSE_ILLEGAL;
        ck_assert_msg(execute_bits(c, mode, csr_bits(CYCLE + n, 2, 0, 11)) == want,
                      "counter %u from %s, enables %u", n, mode_names[mode], set);
        /* H-113, H-176: a write is illegal, whatever the enables say. */
        ck_assert_int_eq(execute_bits(c, mode, csr_bits(CYCLE + n, 1, 0, 11)), CAUSE_ILLEGAL);
      }
  core_free(c);
}
END_TEST

/* H-099, H-100, H-116, H-117, H-118, H-121, H-404: stimecmp and vstimecmp by TM and STCE of both
 * levels; M may always. */
START_TEST(timer_compare_gates)
{
  core *c = core_new();
  for (unsigned set = 0; set < 16; set++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      for (unsigned write = 0; write < 2; write++) {
        const bool mtm = set & 1, htm = set & 2, mstce = set & 4, hstce = set & 8;
        core_poke(c->h, CSR_mcounteren, mtm ? 2 : 0);
        core_poke(c->h, CSR_hcounteren, htm ? 2 : 0);
        core_poke(c->h, CSR_scounteren, 0); /* has no say */
        core_poke(c->h, CSR_menvcfg, 1ull << 63);
        core_poke(c->h, CSR_henvcfg, hstce ? 1ull << 63 : 0);
        core_poke(c->h, CSR_menvcfg, mstce ? 1ull << 63 : 0);
        const bool hs_could = mtm && mstce;
        int s = NO_TRAP, vs = NO_TRAP;
        if (mode == MODE_U || (mode != MODE_M && !hs_could))
          s = vs = CAUSE_ILLEGAL;
        else if (mode == MODE_VU)
          s = vs = CAUSE_VIRTUAL;
        else if (mode == MODE_VS) {
          s = htm && hstce ? NO_TRAP : CAUSE_VIRTUAL;
          vs = CAUSE_VIRTUAL;
        }
        c->h->x[10] = 0;
        const unsigned rs1 = write ? 10 : 0;
        ck_assert_msg(execute_bits(c, mode, csr_bits(0x14D, 2, rs1, 11)) == s,
                      "stimecmp from %s, %u: not %d", mode_names[mode], set, s);
        ck_assert_msg(execute_bits(c, mode, csr_bits(0x24D, 2, rs1, 11)) == vs,
                      "vstimecmp from %s, %u: not %d", mode_names[mode], set, vs);
      }
  core_free(c);
}
END_TEST

/* H-028, H-157, H-158, H-159, H-190, H-205: TVM and VTVM against satp, vsatp, hgatp. */
START_TEST(tvm_and_vtvm)
{
  core *c = core_new();
  for (unsigned set = 0; set < 4; set++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      for (unsigned rs1 = 0; rs1 <= 10; rs1 += 10) {
        const bool tvm = set & 1, vtvm = set & 2;
        core_poke(c->h, CSR_mstatus, tvm ? 1 << 20 : 0);
        core_poke(c->h, CSR_hstatus, vtvm ? 1 << 20 : 0);
        c->h->x[10] = 0;
        int satp = expected(0x180, mode, false), hgatp = expected(0x680, mode, false);
        if (mode == MODE_HS && tvm)
          satp = hgatp = CAUSE_ILLEGAL;
        if (mode == MODE_VS && vtvm)
          satp = CAUSE_VIRTUAL;
        ck_assert_int_eq(execute_bits(c, mode, csr_bits(0x180, 2, rs1, 11)), satp);
        ck_assert_int_eq(execute_bits(c, mode, csr_bits(0x680, 2, rs1, 11)), hgatp);
        ck_assert_int_eq(execute_bits(c, mode, csr_bits(0x280, 2, rs1, 11)),
                         expected(0x280, mode, false));
      }
  core_free(c);
}
END_TEST

/* H-162, H-293: with FS off, FP CSRs and instructions are illegal, in V=1 by either FS, never 22.
 */
START_TEST(fs_off)
{
  static const char *const texts[] = {
    "fadd.d fa0,fa1,fa2",  "fmv.x.d a0,fa0",          "fmv.d.x fa0,a0",     "fcvt.d.l fa0,a0",
    "fsgnj.s fa0,fa1,fa2", "fclass.d a0,fa0",         "feq.s a0,fa0,fa1",   "fld fa0,0(a2)",
    "fsd fa0,0(a2)",       "flw fa0,0(a2)",           "fsw fa0,0(a2)",      "c.fld fa0,0(a2)",
    "c.fsd fa0,0(a2)",     "fmadd.d fa0,fa1,fa2,fa3", "fdiv.s fa0,fa1,fa2", "fsqrt.d fa0,fa1",
  };
  core *c = core_new();
  for (unsigned fs = 0; fs < 16; fs++)
    for (unsigned mode = 0; mode < N_MODES; mode++) {
      const unsigned hs = fs & 3, vs = fs >> 2;
      const int want = hs && (mode < MODE_VS || vs) ? NO_TRAP : CAUSE_ILLEGAL;
      for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        core_poke(c->h, CSR_mstatus, hs << 13);
        core_poke(c->h, CSR_vsstatus, vs << 13);
        c->h->x[12] = DATA;
        unsigned len;
        const uint32_t bits = assemble(texts[i], &len);
        ck_assert_msg(execute_bits(c, mode, bits) == want, "%s from %s, FS %u and %u", texts[i],
                      mode_names[mode], hs, vs);
        if (want != NO_TRAP)
          ck_assert_uint_eq(c->h->csr.mtval, bits);
      }
      for (unsigned csr = 1; csr <= FCSR; csr++) {
        core_poke(c->h, CSR_mstatus, hs << 13);
        core_poke(c->h, CSR_vsstatus, vs << 13);
        ck_assert_int_eq(execute_bits(c, mode, csr_bits(csr, 2, 0, 11)), want);
      }
    }
  core_free(c);
}
END_TEST

/* H-294, H-295: a change of FP state makes both FS Dirty while V=1, HS's alone while V=0; SD of
 * each register sums up that register. */
START_TEST(fs_dirty)
{
  static const char *const texts[] = { "fadd.d fa0,fa1,fa2", "fmv.d.x fa0,a0",  "fld fa0,0(a2)",
                                       "csrrwi x0,fflags,1", "csrrwi x0,frm,1", "csrrwi x0,fcsr,1",
                                       "fsgnj.s fa0,fa1,fa2" };
  core *c = core_new();
  for (unsigned mode = 0; mode < N_MODES; mode++)
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
      core_poke(c->h, CSR_mstatus, 1 << 13);
      core_poke(c->h, CSR_vsstatus, 2 << 13);
      c->h->x[12] = DATA;
      ck_assert_int_eq(execute(c, mode, texts[i]), NO_TRAP);
      const bool v = mode >= MODE_VS;
      const uint64_t sd = 1ull << 63, uxl = 2ull << 32;
      ck_assert_uint_eq(csr_read(c, MODE_HS, 0x100), sd | uxl | 3 << 13);
      ck_assert_uint_eq(csr_read(c, MODE_HS, 0x200), uxl | (v ? sd | 3 << 13 : 2 << 13));
      ck_assert_uint_eq(csr_read(c, MODE_VS, 0x100), core_peek(c->h, CSR_vsstatus));
    }
  /* A dirty guest under a clean host, as a hypervisor may leave it. */
  core_poke(c->h, CSR_mstatus, 1 << 13);
  core_poke(c->h, CSR_vsstatus, 3 << 13);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x100) >> 63, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x200) >> 63, 1);
  core_free(c);
}
END_TEST

/* ---- which bits can be written ---- */

#define BITS(hi, lo) (~0ull >> (63 - (hi)) & ~0ull << (lo))
#define BIT(n) (1ull << (n))

/* Written by csrrw from M, then read: fixed | (value & mask). menvcfg gives everything. */
static const struct {
  uint16_t csr;
  uint64_t mask, fixed;
} legal[] = {
  { 0x001, BITS(4, 0), 0 },
  { 0x002, BITS(2, 0), 0 },
  { 0x003, BITS(7, 0), 0 },
  /* H-068: VS-level bits of mie are hie's. */
  { 0x304, BIT(1) | BIT(2) | BIT(3) | BIT(5) | BIT(6) | BIT(7) | BITS(13, 9), 0 },
  { 0x302, BITS(10, 0) | BIT(12) | BIT(13) | BIT(15) | BITS(23, 18), 0 }, /* H-051 */
  /* H-049; LCOFI */
  { 0x303, BIT(1) | BIT(5) | BIT(9) | BIT(13), BIT(2) | BIT(6) | BIT(10) | BIT(12) },
  { 0x305, ~BIT(1), 0 },
  { 0x306, BITS(31, 0), 0 },
  { 0x320, BIT(0) | BITS(10, 2), 0 },
  { 0x340, ~0ull, 0 },
  { 0x341, ~1ull, 0 },
  { 0x342, ~0ull, 0 },
  { 0x343, ~0ull, 0 },   /* H-003 */
  { 0x34A, ~0ull, 0 },   /* H-148 */
  { 0x34B, ~0ull, 0 },   /* H-131 */
  { 0x105, ~BIT(1), 0 }, /* H-184 */
  { 0x106, BITS(31, 0), 0 },
  { 0x10A, BIT(0) | BITS(7, 6) | BIT(33), 0 }, /* CBIE of all three: test_cbo.c, PMM: test_pointer_masking.c */
  { 0x140, ~0ull, 0 },
  { 0x141, ~1ull, 0 },
  { 0x142, ~0ull, 0 },
  { 0x143, ~0ull, 0 },
  { 0x14D, ~0ull, 0 },
  /* H-020 .. H-025: WPRI bits, VGEIN with GEILEN=0 */
  { 0x600, BITS(9, 6) | BITS(22, 20) | BIT(49), 2ull << 32 },
  { 0x602, BITS(8, 0) | BIT(12) | BIT(13) | BIT(15) | BIT(18) | BIT(19),
    0 },                                             /* H-040, H-041, H-042 */
  { 0x603, BIT(2) | BIT(6) | BIT(10), 0 },           /* H-045; H-046: no Shlcofideleg by default */
  { 0x604, BIT(2) | BIT(6) | BIT(10) | BIT(12), 0 }, /* H-066 */
  { 0x605, ~0ull, 0 },
  { 0x606, BITS(31, 0), 0 },                        /* H-110 */
  { 0x607, 0, 0 },                                  /* H-086 */
  { 0x60A, BIT(0) | BITS(7, 6) | BIT(33) | BITS(63, 61), 0 }, /* H-090, H-096 */
  { 0x643, ~0ull, 0 },                              /* H-131 */
  { 0x645, BIT(2) | BIT(6) | BIT(10), 0 },          /* H-060 */
  { 0x64A, ~0ull, 0 },                              /* H-148 */
  { 0x200, BIT(1) | BIT(5) | BIT(8) | BIT(18) | BIT(19),
    2ull << 32 }, /* H-290, H-291, H-292; FS elsewhere */
  { 0x205, ~BIT(1), 0 },
  { 0x240, ~0ull, 0 },
  { 0x241, ~1ull, 0 }, /* H-185 */
  { 0x242, ~0ull, 0 }, /* H-185 */
  { 0x243, ~0ull, 0 }, /* H-185 */
  { 0x24D, ~0ull, 0 },
  { 0x7A0, 0, 0 },
  { 0x7A1, 0, 0 },
  { 0x301, 0,
    2ull << 62 | BIT(0) | BIT(2) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(12) | BIT(18) |
        BIT(20) },
  { 0x32B, 0, 0 },
  { 0xB0B, 0, 0 },
  { 0x33F, 0, 0 },
  { 0xB1F, 0, 0 },
};

static void check_legal(core *c, unsigned csr, uint64_t value, uint64_t mask, uint64_t fixed)
{
  core_poke(c->h, CSR_mstatus, 1 << 13);
  csr_write(c, MODE_M, csr, value);
  const uint64_t got = csr_read(c, MODE_M, csr);
  ck_assert_msg(got == (fixed | (value & mask)), "%s := %#lx reads %#lx, not %#lx",
                rv_csr_name(csr), value, got, fixed | (value & mask));
}

START_TEST(write_masks)
{
  core *c = core_new();
  for (unsigned i = 0; i < sizeof legal / sizeof *legal; i++) {
    core_poke(c->h, CSR_menvcfg, ~0ull);
    for (unsigned n = 0; n < 40; n++) {
      /* FS of vsstatus is tested with SD. */
      const uint64_t not = legal[i].csr == 0x200           ? BIT(13) | BIT(14)
                           : legal[i].csr == 0x600         ? BIT(48)
                           : (legal[i].csr & 0xff) == 0x0A ? BITS(5, 4) | BIT(32)
                                                           : 0;
      const uint64_t value = (n == 0 ? ~0ull : n == 1 ? 0 : core_random(c)) & ~not ;
      check_legal(c, legal[i].csr, value, legal[i].mask, legal[i].fixed);
    }
    core_poke(c->h, CSR_mcountinhibit, 0);
  }
  core_free(c);
}
END_TEST

/* H-192: MPP has no value 2, such a write keeps the old one; H-189; SD computed. */
START_TEST(mstatus_legal)
{
  core *c = core_new();
  const uint64_t mask =
      BIT(1) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BITS(14, 13) | BITS(22, 17) | BIT(38) | BIT(39);
  for (unsigned n = 0; n < 2000; n++) {
    const uint64_t old = core_peek(c->h, CSR_mstatus);
    const uint64_t value = n == 0 ? ~0ull : n == 1 ? 0 : core_random(c);
    csr_write(c, MODE_M, 0x300, value);
    uint64_t want = (value & mask) | 0xAull << 32;
    want |= (value >> 11 & 3) == 2 ? old & BITS(12, 11) : value & BITS(12, 11);
    want |= (value >> 13 & 3) == 3 ? BIT(63) : 0;
    ck_assert_uint_eq(csr_read(c, MODE_M, 0x300), want);
    /* sstatus is a view, without MPV and GVA; H-298. */
    const uint64_t view =
        BIT(1) | BIT(5) | BIT(8) | BITS(14, 13) | BIT(18) | BIT(19) | BITS(33, 32) | BIT(63);
    ck_assert_uint_eq(core_peek(c->h, CSR_sstatus), want & view);
  }
  core_free(c);
}
END_TEST

/* A write to sstatus changes its fields of mstatus, and no other. */
START_TEST(sstatus_is_a_view)
{
  core *c = core_new();
  const uint64_t fields = BIT(1) | BIT(5) | BIT(8) | BITS(14, 13) | BIT(18) | BIT(19);
  for (unsigned n = 0; n < 500; n++) {
    const uint64_t before = core_random(c) & ~BIT(12), value = core_random(c);
    core_poke(c->h, CSR_mstatus, before);
    const uint64_t old = core_peek(c->h, CSR_mstatus), vs = core_peek(c->h, CSR_vsstatus);
    csr_write(c, MODE_HS, 0x100, value);
    const uint64_t want = (old & ~fields & ~BIT(63)) | (value & fields);
    ck_assert_uint_eq(core_peek(c->h, CSR_mstatus) & ~BIT(63), want);
    ck_assert_uint_eq(core_peek(c->h, CSR_vsstatus), vs);
  }
  core_free(c);
}
END_TEST

/* H-091, H-092, H-093, H-403: what menvcfg does not give reads 0 in henvcfg and cannot be set. FIOM
 * is independent (H-098), as are PMM, CBIE, CBCFE and CBZE (H-402). */
START_TEST(henvcfg_under_menvcfg)
{
  core *c = core_new();
  for (unsigned set = 0; set < 8; set++) {
    const uint64_t given = (uint64_t)set << 61;
    csr_write(c, MODE_M, 0x30A, given);
    csr_write(c, MODE_HS, 0x60A, ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x60A), given | 0x3000000f1);
    csr_write(c, MODE_M, 0x30A, 0);
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x60A), 0x3000000f1);
  }
  csr_write(c, MODE_M, 0x30A, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x30A), BITS(63, 61) | 0x3000000f1);
  core_free(c);
}
END_TEST

/* H-200, H-201, H-202, H-203, H-204, H-206, H-469: every field is kept, whatever MODE is. */
START_TEST(hgatp_legal)
{
  core *c = core_new();
  for (unsigned strict = 0; strict < 2; strict++)
    for (unsigned n = 0; n < 3000; n++) {
      c->h->choice.strict = strict;
      const uint64_t old = csr_read(c, MODE_HS, 0x680);
      const uint64_t value = n == 0 ? ~0ull : core_random(c);
      csr_write(c, MODE_HS, 0x680, value);
      const unsigned mode = value >> 60;
      const bool supported = mode == 0 || mode == 8 || mode == 9 || mode == 10;
      const uint64_t want = (supported ? value & BITS(63, 60) : old & BITS(63, 60)) |
                            (value & (BITS(57, 44) | BITS(43, 2)));
      ck_assert_uint_eq(csr_read(c, MODE_HS, 0x680), want);
    }
  core_free(c);
}
END_TEST

/* The root as written is kept behind the read value, a write of what was read keeps it, any other
 * write replaces it; --strict drops it. */
START_TEST(hgatp_hidden_root)
{
  core *c = core_new();
  rv_hart *h = c->h;
  const uint64_t sv39x4 = 8ull << 60;
  h->observe = 1ull << RV_EV_HINT;
  csr_write(c, MODE_HS, 0x680, sv39x4 | 0x80013);
  ck_assert_uint_eq(h->csr.hgatp, sv39x4 | 0x80013);
  ck_assert_uint_eq(c->n_events, 1);
  ck_assert_str_eq(c->events[0].e.u.hint.id, "HGATP-ALIGN");
  const uint64_t read = csr_read(c, MODE_HS, 0x680);
  ck_assert_uint_eq(read, sv39x4 | 0x80010);
  csr_write(c, MODE_HS, 0x680, read);
  ck_assert_uint_eq(h->csr.hgatp, sv39x4 | 0x80013);
  csr_write(c, MODE_HS, 0x680, sv39x4 | 1ull << 44 | 0x80010);
  ck_assert_uint_eq(h->csr.hgatp, sv39x4 | 1ull << 44 | 0x80010);
  ck_assert_uint_eq(c->n_events, 0);
  h->choice.strict = true;
  csr_write(c, MODE_HS, 0x680, sv39x4 | 0x80013);
  ck_assert_uint_eq(h->csr.hgatp, sv39x4 | 0x80010);
  ck_assert_uint_eq(c->n_events, 0);
  core_free(c);
}
END_TEST

/* The walk starts from the root as written; --strict walks from the aligned address, as the manual
 * says. The table at the written address maps everything, the aligned one nothing. */
START_TEST(hgatp_root_walked)
{
  core *c = core_new();
  const uint64_t root = CORE_RAM + 0x41000, sv39x4 = 8ull << 60;
  put_memory(c, root + 2 * 8, CORE_RAM >> 2 | 0xdf, 8); /* a 1 GiB page, U R W X A D */
  csr_write(c, MODE_M, 0x680, sv39x4 | root >> 12);
  ck_assert_int_eq(execute(c, MODE_VS, "addi a0,a0,1"), NO_TRAP);
  csr_write(c, MODE_M, 0x680, csr_read(c, MODE_M, 0x680)); /* saved and restored */
  ck_assert_int_eq(execute(c, MODE_VS, "addi a0,a0,1"), NO_TRAP);
  csr_write(c, MODE_M, 0x680, 0);
  c->h->choice.strict = true;
  csr_write(c, MODE_M, 0x680, sv39x4 | root >> 12);
  ck_assert_int_eq(execute(c, MODE_VS, "addi a0,a0,1"), CAUSE_FETCH_GUEST_PAGE);
  core_free(c);
}
END_TEST

/* H-207, H-208: satp and vsatp have the same modes; a write of any other is ignored as a whole. */
START_TEST(satp_and_vsatp_modes)
{
  core *c = core_new();
  for (unsigned mode = 0; mode < 16; mode++)
    for (unsigned which = 0; which < 3; which++) {
      const unsigned csr = which == 1 ? 0x280 : 0x180;
      const core_mode from = which == 2 ? MODE_VS : MODE_M;
      const unsigned named = which == 0 ? 0x180 : 0x280;
      core_poke(c->h, CSR_satp, 0x123);
      core_poke(c->h, CSR_vsatp, 0x456);
      const uint64_t old = core_peek(c->h, named);
      const uint64_t value = (uint64_t)mode << 60 | (core_random(c) >> 4);
      csr_write(c, from, csr, value);
      const bool supported = mode == 0 || (mode >= 8 && mode <= 10);
      ck_assert_uint_eq(core_peek(c->h, named), supported ? value : old);
      ck_assert_uint_eq(core_peek(c->h, named == 0x180 ? 0x280 : 0x180),
                        which == 0 ? 0x456 : 0x123);
      core_poke(c->h, CSR_vsatp, 0);
    }
  core_free(c);
}
END_TEST

/* ---- substitution ---- */

/* H-006, H-007, H-298: with V=1 the S names are the VS CSRs; HS's keep their values. */
START_TEST(substitution)
{
  static const uint16_t names[] = { 0x105, 0x140, 0x141, 0x142, 0x143, 0x14D, 0x180, 0x100 };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    const unsigned csr = names[i];
    open_gates(c);
    const uint64_t legal_value = csr == 0x180 ? 0x777 : csr == 0x100 ? 0x6020 : 0x1234567890abcdf0;
    const uint64_t hs = core_peek(c->h, csr);
    core_poke(c->h, csr + 0x100, csr == 0x100 ? 3 << 13 : 0);
    csr_write(c, MODE_VS, csr, legal_value);
    ck_assert_msg(core_peek(c->h, csr) == hs, "%s of HS changed", rv_csr_name(csr));
    const uint64_t vs = core_peek(c->h, csr + 0x100);
    ck_assert_uint_eq(csr == 0x100 ? vs & ~(BIT(63) | BITS(33, 32)) : vs, legal_value);
    ck_assert_uint_eq(csr_read(c, MODE_VS, csr), vs);
    core_poke(c->h, csr + 0x100, 0);
    if (csr != 0x100)
      ck_assert_uint_eq(csr_read(c, MODE_VS, csr), 0);
  }
  core_free(c);
}
END_TEST

/* H-012: scounteren and senvcfg have no VS twin. */
START_TEST(no_twin)
{
  core *c = core_new();
  csr_write(c, MODE_VS, 0x106, 0x55);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x106), 0x55);
  csr_write(c, MODE_VS, 0x10A, 1);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x10A), 1);
  core_free(c);
}
END_TEST

/* ---- interrupt registers: aliases, views, modulation ---- */

/* What sip, sie, hip, hie, vsip, vsie, mip and mie show, computed by the text [H-061, H-067, H-068,
 * H-073, H-076]. */
static void check_views(core *c)
{
  rv_hart *h = c->h;
  const uint64_t vs = BIT(2) | BIT(6) | BIT(10), s = BIT(1) | BIT(5) | BIT(9) | BIT(13);
  const uint64_t mip = csr_read(c, MODE_M, 0x344), mie = csr_read(c, MODE_M, 0x304);
  const uint64_t hideleg = core_peek(h, CSR_hideleg), mideleg = core_peek(h, CSR_mideleg);
  ck_assert_uint_eq(mip & vs, core_peek(h, CSR_hvip));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), mip & (vs | BIT(12)));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x604), mie & (vs | BIT(12)));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x144), mip & mideleg & s);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x104), mie & mideleg & s);
  const uint64_t lcofi = BIT(13) & mideleg & hideleg; /* H-400 */
  const uint64_t vsip = (mip & vs & hideleg) >> 1 | (mip & lcofi);
  const uint64_t vsie = (mie & vs & hideleg) >> 1 | (mie & lcofi);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x244), vsip);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x204), vsie);
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x144), vsip); /* KB-41 */
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x104), vsie);
}

/* Random writes to all of them from all modes; each changes exactly what it may: without Sscofpmf,
 * with it, and with Shlcofideleg. */
static void check_interrupt_views(uint64_t ext)
{
  static const struct {
    core_mode mode;
    uint16_t csr;
  } writes[] = {
    { MODE_M, 0x303 },  { MODE_M, 0x304 },  { MODE_M, 0x344 },  { MODE_HS, 0x104 },
    { MODE_HS, 0x144 }, { MODE_HS, 0x603 }, { MODE_HS, 0x604 }, { MODE_HS, 0x644 },
    { MODE_HS, 0x645 }, { MODE_HS, 0x204 }, { MODE_HS, 0x244 }, { MODE_VS, 0x104 },
    { MODE_VS, 0x144 },
  };
  core *c = core_new();
  rv_hart *h = c->h;
  h->choice.ext = ext;
  rv_csr_reset(h);
  const uint64_t lcofi = ext >> EXT_Sscofpmf & 1 ? BIT(13) : 0;
  core_poke(h, CSR_pmpaddr0, ~0ull);
  core_poke(h, CSR_pmpcfg0, 0x1f);
  for (unsigned n = 0; n < 1500; n++) {
    const unsigned i = core_random(c) % (sizeof writes / sizeof *writes);
    const uint64_t value = core_random(c);
    uint64_t mip = core_peek(h, CSR_mip), mie = core_peek(h, CSR_mie);
    const uint64_t hideleg = core_peek(h, CSR_hideleg), mideleg = core_peek(h, CSR_mideleg);
    uint64_t ip = 0, ie = 0, from = value;
    switch (writes[i].csr + (writes[i].mode == MODE_VS ? 0x100 : 0)) {
    case 0x304:
      ie = 0x1eee | lcofi;
      break;
    case 0x344:
      ip = BIT(1) | BIT(5) | BIT(9) | BIT(2) | lcofi;
      break; /* H-068, H-069; STCE=0 */
    case 0x104:
      ie = mideleg & 0x2222;
      break;
    case 0x144:
      ip = mideleg & (BIT(1) | BIT(13));
      break;
    case 0x604:
      ie = 0x1444;
      break;
    case 0x644:
      ip = BIT(2);
      break; /* H-065 */
    case 0x645:
      ip = 0x444;
      break; /* H-060 */
    case 0x204:
      ie = hideleg & 0x444;
      from = value << 1;
      break; /* H-075 */
    case 0x244:
      ip = hideleg & BIT(2);
      from = value << 1;
      break; /* H-074 */
    }
    csr_write(c, writes[i].mode, writes[i].csr, value);
    mip = (mip & ~ip) | (from & ip);
    mie = (mie & ~ie) | (from & ie);
    if (writes[i].csr == 0x204 || (writes[i].mode == MODE_VS && writes[i].csr == 0x104))
      mie = (mie & ~(hideleg & mideleg & BIT(13))) | (value & hideleg & mideleg & BIT(13));
    if (writes[i].csr == 0x244 || (writes[i].mode == MODE_VS && writes[i].csr == 0x144))
      mip = (mip & ~(hideleg & mideleg & BIT(13))) | (value & hideleg & mideleg & BIT(13));
    if (writes[i].csr == 0x603) /* H-045, H-046, H-050 */
      ck_assert_uint_eq(core_peek(h, CSR_hideleg),
                        value & (0x444 | (ext >> EXT_Shlcofideleg & 1 ? lcofi & mideleg : 0)));
    ck_assert_uint_eq(core_peek(h, CSR_hideleg) & ~core_peek(h, CSR_mideleg), 0); /* H-050 */
    if (writes[i].csr == 0x303)
      ck_assert_uint_eq(core_peek(h, CSR_mideleg), (value & (0x222 | lcofi)) | 0x1444);
    ck_assert_msg(core_peek(h, CSR_mip) == mip, "%s wrote %s", mode_names[writes[i].mode],
                  rv_csr_name(writes[i].csr));
    ck_assert_msg(core_peek(h, CSR_mie) == mie, "%s wrote %s", mode_names[writes[i].mode],
                  rv_csr_name(writes[i].csr));
    check_views(c);
  }
  core_free(c);
}

START_TEST(interrupt_views)
{
  const uint64_t none = RV_EXT_DEFAULT & ~(1ull << EXT_Sscofpmf | 1ull << EXT_Shlcofideleg);
  check_interrupt_views(none);
  check_interrupt_views(none | 1ull << EXT_Shlcofideleg); /* nothing without Sscofpmf */
  check_interrupt_views(none | 1ull << EXT_Sscofpmf);
  check_interrupt_views(none | 1ull << EXT_Sscofpmf | 1ull << EXT_Shlcofideleg);
}
END_TEST

/* H-401: setting hideleg shows the bits that hie and hip have already. */
START_TEST(hideleg_modulates)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x604, BIT(2));
  csr_write(c, MODE_HS, 0x645, BIT(2));
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x104), 0);
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x144), 0);
  csr_write(c, MODE_VS, 0x104, 0); /* does not reach hie: H-075 */
  csr_write(c, MODE_VS, 0x144, 0);
  csr_write(c, MODE_HS, 0x603, BIT(2));
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x104), BIT(1));
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x144), BIT(1));
  csr_write(c, MODE_VS, 0x144, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x645), 0);
  core_free(c);
}
END_TEST

/* H-082: reads of mip.SEIP show line or bit, csrrs and csrrc work on the bit alone. */
START_TEST(seip_line_and_bit)
{
  core *c = core_new();
  rv_set_line(c->h, IRQ_SEI, true);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), BIT(9));
  c->h->x[10] = BIT(1);
  ck_assert_int_eq(execute_bits(c, MODE_M, csr_bits(0x344, 2, 10, 11)), NO_TRAP);
  ck_assert_uint_eq(c->h->x[11], BIT(9));
  rv_set_line(c->h, IRQ_SEI, false);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), BIT(1));
  csr_write(c, MODE_M, 0x344, BIT(9));
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), BIT(9));
  c->h->x[10] = BIT(9);
  rv_set_line(c->h, IRQ_SEI, true);
  ck_assert_int_eq(execute_bits(c, MODE_M, csr_bits(0x344, 3, 10, 11)), NO_TRAP);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), BIT(9));
  rv_set_line(c->h, IRQ_SEI, false);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), 0);
  core_free(c);
}
END_TEST

/* H-123, H-404: mip.STIP is the comparison while STCE=1, software's bit while STCE=0. */
START_TEST(stip_by_stce)
{
  core *c = core_new();
  csr_write(c, MODE_M, 0x344, BIT(5));
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), BIT(5));
  csr_write(c, MODE_M, 0x30A, BIT(63));
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), 0); /* stimecmp is ~0 */
  csr_write(c, MODE_M, 0x344, BIT(5));
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), 0);
  csr_write(c, MODE_M, 0x14D, 0);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), BIT(5));
  csr_write(c, MODE_M, 0x344, 0);
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x344), BIT(5));
  core_free(c);
}
END_TEST

/* ---- the rest ---- */

/* H-114, H-122: time with V=1 is shifted by htimedelta, modulo 2^64. */
START_TEST(time_delta)
{
  core *c = core_new();
  open_gates(c);
  c->now = 1000;
  core_poke(c->h, CSR_htimedelta, -600);
  for (unsigned mode = 0; mode < N_MODES; mode++)
    ck_assert_uint_eq(csr_read(c, mode, TIME), mode < MODE_VS ? 1000 : 400);
  core_poke(c->h, CSR_htimedelta, -1001);
  ck_assert_uint_eq(csr_read(c, MODE_VU, TIME), ~0ull);
  core_free(c);
}
END_TEST

/* csrrw, csrrs, csrrc and their immediate forms; rd = rs1; x0. */
START_TEST(csr_instructions)
{
  core *c = core_new();
  rv_hart *h = c->h;
  static const struct {
    const char *text;
    uint64_t after;
  } cases[] = {
    { "csrrw a0,mscratch,a1", 0x0f }, { "csrrs a0,mscratch,a1", 0xff },
    { "csrrc a0,mscratch,a1", 0xf0 }, { "csrrwi a0,mscratch,3", 0x03 },
    { "csrrsi a0,mscratch,3", 0xf7 }, { "csrrci a0,mscratch,20", 0xe0 },
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    h->csr.mscratch = i < 4 ? 0xf0 : 0xf4;
    h->x[11] = 0x0f;
    ck_assert_int_eq(execute(c, MODE_M, cases[i].text), NO_TRAP);
    ck_assert_uint_eq(h->csr.mscratch, cases[i].after);
    ck_assert_uint_eq(h->x[10], i < 4 ? 0xf0 : 0xf4);
    ck_assert_uint_eq(h->pc, CODE + 4);
  }
  h->csr.mscratch = 7;
  h->x[10] = 9;
  ck_assert_int_eq(execute(c, MODE_M, "csrrw a0,mscratch,a0"), NO_TRAP);
  ck_assert_uint_eq(h->csr.mscratch, 9);
  ck_assert_uint_eq(h->x[10], 7);
  ck_assert_int_eq(execute(c, MODE_M, "csrrw x0,mscratch,x0"), NO_TRAP);
  ck_assert_uint_eq(h->csr.mscratch, 0);
  ck_assert_uint_eq(h->x[0], 0);
  core_free(c);
}
END_TEST

/* H-188, H-417 and the reset values of the manual. */
START_TEST(reset_values)
{
  rv_env env = { 0 };
  rv_phys phys = { 0 };
  rv_hart *h = core_new_hart(&phys, &env, 5);
  static const uint16_t zero[] = { 0x180, 0x280, 0x680, 0x302, 0x603, 0x602, 0x304, 0x30A,
                                   0x60A, 0x645, 0x306, 0x606, 0x342, 0x320, 0x605 };
  for (unsigned i = 0; i < sizeof zero / sizeof *zero; i++)
    ck_assert_msg(core_peek(h, zero[i]) == 0, "%s", rv_csr_name(zero[i]));
  ck_assert_uint_eq(core_peek(h, CSR_mstatus), 0xAull << 32);
  ck_assert_uint_eq(core_peek(h, CSR_mideleg), 0x1444);
  ck_assert_uint_eq(core_peek(h, CSR_hstatus), 2ull << 32);
  ck_assert_uint_eq(core_peek(h, CSR_mhartid), 5);
  ck_assert(core_peek(h, CSR_misa) & BIT('H' - 'A'));
  ck_assert(!h->v);
  core_free_hart(h);
  rv_phys_free(&phys);
}
END_TEST

/* The event names the CSR that was written, after substitution, with both values; reads are silent.
 */
START_TEST(csr_event)
{
  core *c = core_new();
  c->h->observe = 1ull << RV_EV_CSR;
  csr_write(c, MODE_VS, 0x140, 77);
  ck_assert_uint_eq(c->n_events, 1);
  const rv_event *e = &c->events[0].e;
  ck_assert_int_eq(e->type, RV_EV_CSR);
  ck_assert_uint_eq(e->u.csr.csr, 0x240);
  ck_assert_uint_eq(e->u.csr.before, 0);
  ck_assert_uint_eq(e->u.csr.after, 77);
  ck_assert(e->from_v && e->from_prv == PRV_S && e->pc == CODE);
  csr_read(c, MODE_VS, 0x140);
  ck_assert_uint_eq(c->n_events, 0);
  csr_write(c, MODE_M, 0x341, ~0ull);
  ck_assert_uint_eq(c->events[0].e.u.csr.after, ~1ull); /* what became of it */
  core_free(c);
}
END_TEST

/* Fields are described inside their CSR, without overlap; named values are found. */
START_TEST(field_table)
{
  unsigned n;
  const rv_csr_field *f = rv_csr_fields(&n);
  ck_assert_uint_gt(n, 100);
  for (unsigned i = 0; i < n; i++) {
    ck_assert_ptr_nonnull(rv_csr_describe(f[i].csr));
    ck_assert_uint_le(f[i].lo, f[i].hi);
    ck_assert_uint_le(f[i].hi, 63);
    for (unsigned j = i + 1; j < n && f[j].csr == f[i].csr; j++)
      ck_assert_msg(f[j].lo > f[i].hi || f[j].hi < f[i].lo, "%s.%s and %s overlap",
                    rv_csr_name(f[i].csr), f[i].name, f[j].name);
  }
  ck_assert_str_eq(rv_csr_value_name(0x600, "SPV", 1), "guest");
  ck_assert_ptr_null(rv_csr_value_name(0x600, "SPV", 2));
}
END_TEST

/* ---- CSR writes inside a block of the fast engine ---- */

/* Runs the texts as one block in the given mode, until the trap to M or the closing jump to itself;
 * the number of instructions that were executed before. */
static unsigned run_block(core *c, core_mode mode, const char *const *texts, unsigned n)
{
  rv_hart *h = c->h;
  const uint64_t at = DATA + 256 * (c->phys.code->blocks & 255); /* hardly ever the same place */
  unsigned len;
  for (unsigned i = 0; i < n; i++)
    put_memory(c, at + 4 * i, assemble(texts[i], &len), 4);
  put_memory(c, at + 4 * n, 0x0000006f, 4);
  put_memory(c, M_VECTOR, 0x0000006f, 4);
  set_mode(h, mode);
  h->pc = at;
  h->leave = h->attention = false;
  core_poke(h, CSR_mepc, 0);
  rv_run(h, 1000);
  return h->csr.mepc ? (h->csr.mepc - at) / 4 : n;
}
#define RUN(c, mode, ...)                                                                          \
  run_block(c, mode, (const char *const[]){ __VA_ARGS__ },                                         \
            sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* H-162, H-293: FS switched off between two FP instructions; both levels while V=1. */
START_TEST(engine_fs_off)
{
  core *c = core_new();
  core_add_engine(c);
  c->h->x[10] = 3 << 13;
  open_gates(c);
  ck_assert_uint_eq(
      RUN(c, MODE_M, "fadd.d fa0,fa1,fa2", "csrrc zero,mstatus,a0", "fadd.d fa0,fa1,fa2"), 2);
  ck_assert_uint_eq(c->h->csr.mtval, 0x02c5f553);
  open_gates(c);
  ck_assert_uint_eq(
      RUN(c, MODE_HS, "fadd.d fa0,fa1,fa2", "csrrc zero,vsstatus,a0", "fadd.d fa0,fa1,fa2"), 3);
  open_gates(c);
  ck_assert_uint_eq(
      RUN(c, MODE_VS, "fadd.d fa0,fa1,fa2", "csrrc zero,sstatus,a0", "fld fa0,0(zero)"), 2);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_ILLEGAL);
  /* The dirty guest leaves, HS switches its FS off, and the guest goes on with its own still on. */
  open_gates(c);
  core_poke(c->h, CSR_medeleg, 1 << 10);
  unsigned len;
  put_memory(c, HS_VECTOR, assemble("csrrc zero,sstatus,a0", &len), 4);
  put_memory(c, HS_VECTOR + 4, assemble("csrrs a1,sepc,zero", &len), 4);
  put_memory(c, HS_VECTOR + 8, assemble("addi a1,a1,4", &len), 4);
  put_memory(c, HS_VECTOR + 12, assemble("csrrw zero,sepc,a1", &len), 4);
  put_memory(c, HS_VECTOR + 16, assemble("sret", &len), 4);
  ck_assert_uint_eq(
      RUN(c, MODE_VS, "fadd.d fa0,fa1,fa2", "ecall", "addi a2,a2,1", "fadd.d fa0,fa1,fa2"), 3);
  ck_assert_uint_eq(core_peek(c->h, CSR_vsstatus) >> 13 & 3, 3);
  core_free(c);
}
END_TEST

/* frm changed between two instructions with a dynamic rounding mode; a reserved one traps. */
START_TEST(engine_frm)
{
  core *c = core_new();
  core_add_engine(c);
  for (unsigned mode = 0; mode < N_MODES; mode++) {
    open_gates(c);
    c->h->f[11] = 0x3ff0000000000000; /* 1.0 */
    c->h->f[12] = 0x4008000000000000; /* 3.0 */
    ck_assert_uint_eq(RUN(c, mode, "csrrwi zero,frm,3", "fdiv.d fa0,fa1,fa2", "csrrwi zero,frm,2",
                          "fdiv.d fa3,fa1,fa2", "csrrwi zero,fflags,0", "fdiv.d fa4,fa1,fa1",
                          "csrrs a1,fflags,zero", "fdiv.d fa4,fa1,fa2", "csrrs a2,fcsr,zero",
                          "csrrwi zero,frm,5", "fdiv.d fa3,fa1,fa2"),
                      10);
    ck_assert_uint_eq(c->h->f[10], 0x3fd5555555555556);
    ck_assert_uint_eq(c->h->f[13], 0x3fd5555555555555);
    ck_assert_uint_eq(c->h->x[11], 0);
    ck_assert_uint_eq(c->h->x[12], 2 << 5 | 1);
    ck_assert_uint_eq(c->h->csr.mtval, 0x1ac5f6d3);
    core_poke(c->h, CSR_frm, 0);
  }
  core_free(c);
}
END_TEST

/* H-211, H-276: satp, or hgatp, written in a block; the next instruction is fetched through it. */
START_TEST(engine_satp)
{
  core *c = core_new();
  core_add_engine(c);
  open_gates(c);
  c->h->x[10] = 8ull << 60 | (CORE_RAM + 0x40000) >> 12; /* an empty root table */
  ck_assert_uint_eq(RUN(c, MODE_HS, "addi a1,a1,1", "csrrw zero,satp,a0", "addi a1,a1,1"), 2);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_FETCH_PAGE);
  core_poke(c->h, CSR_satp, 0);
  ck_assert_uint_eq(RUN(c, MODE_VS, "addi a1,a1,1", "csrrw zero,satp,a0", "addi a1,a1,1"), 2);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_FETCH_PAGE);
  ck_assert_uint_eq(core_peek(c->h, CSR_satp), 0);
  ck_assert_uint_eq(c->h->csr.mstatus >> 38 & 3, 3); /* MPV, GVA */
  core_poke(c->h, CSR_vsatp, 0);
  /* hgatp does not concern HS. */
  ck_assert_uint_eq(RUN(c, MODE_HS, "csrrw zero,hgatp,a0", "lw a1,0(zero)"), 1);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(RUN(c, MODE_VS, "addi a1,a1,1"), 0);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_FETCH_GUEST_PAGE);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, every_number_from_every_mode);
  tcase_add_test(tc, csrrw_is_a_write);
  tcase_add_test(tc, no_high_halves);
  tcase_add_test(tc, table_is_the_listing);
  tcase_add_test(tc, a_refused_write_has_no_effect);
  tcase_add_test(tc, counter_enables);
  tcase_add_test(tc, timer_compare_gates);
  tcase_add_test(tc, tvm_and_vtvm);
  tcase_add_test(tc, fs_off);
  tcase_add_test(tc, fs_dirty);
  tcase_add_test(tc, write_masks);
  tcase_add_test(tc, mstatus_legal);
  tcase_add_test(tc, sstatus_is_a_view);
  tcase_add_test(tc, henvcfg_under_menvcfg);
  tcase_add_test(tc, hgatp_legal);
  tcase_add_test(tc, hgatp_hidden_root);
  tcase_add_test(tc, hgatp_root_walked);
  tcase_add_test(tc, satp_and_vsatp_modes);
  tcase_add_test(tc, substitution);
  tcase_add_test(tc, no_twin);
  tcase_add_test(tc, interrupt_views);
  tcase_add_test(tc, hideleg_modulates);
  tcase_add_test(tc, seip_line_and_bit);
  tcase_add_test(tc, stip_by_stce);
  tcase_add_test(tc, time_delta);
  tcase_add_test(tc, csr_instructions);
  tcase_add_test(tc, reset_values);
  tcase_add_test(tc, csr_event);
  tcase_add_test(tc, field_table);
  tcase_add_test(tc, engine_fs_off);
  tcase_add_test(tc, engine_frm);
  tcase_add_test(tc, engine_satp);
}
UNIT_MAIN("csr", add_tests)
