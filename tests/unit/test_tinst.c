/* test_tinst.c - htinst and mtinst: transformed instructions, pseudo-instructions, and 0.
 *
 * What a transformed instruction looks like is said by assembling the same instruction with base
 * register x0 and no offset, which is what the transformation leaves of it.
 * [hypervisor#transformed-inst; H-130 .. H-148, H-414]
 */
#include "guest_fixture.h"
#include <stdio.h>

#define BIT(n) (1ull << (n))

/* ---- every instruction that accesses memory ---- */

/* The bits of H-142, field by field. */
static uint32_t expected_of(uint32_t raw)
{
  const uint32_t opcode = raw & 0x7f, funct3 = raw >> 12 & 7, rd = raw >> 7 & 31,
                 rs2 = raw >> 20 & 31, funct7 = raw >> 25;
  switch (opcode) {
  case 0x03:
  case 0x07:
    return opcode | rd << 7 | funct3 << 12;
  case 0x23:
  case 0x27:
    return opcode | funct3 << 12 | rs2 << 20;
  case 0x0f: /* cbo.*: no rd; H-145 */
    return opcode | funct3 << 12 | (raw & 0xfff00000);
  default: /* atomics, hlv, hlvx, hsv: all but rs1 */
    return opcode | rd << 7 | funct3 << 12 | rs2 << 20 | funct7 << 25;
  }
}

static bool accesses_memory(const rv_insn_row *row)
{
  return row->kind == RV_KIND_LOAD || row->kind == RV_KIND_STORE || row->kind == RV_KIND_FLOAD ||
         row->kind == RV_KIND_FSTORE || row->kind == RV_KIND_AMO || !strncmp(row->text, "hlv", 3) ||
         !strncmp(row->text, "hsv", 3) || !strncmp(row->text, "cbo", 3);
}

/* Random operands; nobody answers at the address. To HS and to M; with --htinst=zero [H-141]. What
 * is written has bits 63:32 = 0 and bit 0 = 1 [H-414]. */
START_TEST(all_accesses)
{
  core *c = core_new();
  rv_hart *h = c->h;
  unsigned n, tested = 0;
  const rv_insn_row *rows = rv_insn_rows(&n);
  h->choice.ext = RV_EXT_ALL;
  core_poke(h, CSR_menvcfg, CBO_ON);
  core_poke(h, CSR_mstatus, 3 << 13);
  for (unsigned i = 0; i < n; i++) {
    if (rows[i].compressed || !accesses_memory(&rows[i]))
      continue;
    tested++;
    for (unsigned round = 0; round < 40; round++) {
      const unsigned rs1 = 1 + core_random(c) % 31;
      const uint32_t any = core_random(c) & ~rows[i].mask & ~(31u << 15);
      const uint32_t raw = rows[i].match | any | rs1 << 15;
      const bool to_m = round & 1, zero = (round & 3) == 3;
      for (unsigned r = 1; r < 32; r++)
        h->x[r] = core_random(c);
      const bool load = rows[i].kind == RV_KIND_LOAD || rows[i].kind == RV_KIND_FLOAD;
      const bool store = rows[i].kind == RV_KIND_STORE || rows[i].kind == RV_KIND_FSTORE;
      const int64_t imm = load    ? (int32_t)raw >> 20
                          : store ? ((int32_t)raw >> 25) * 32 + (int)(raw >> 7 & 31)
                                  : 0;
      h->x[rs1] = NOWHERE - imm;
      h->choice.tinst_zero = zero;
      core_poke(h, CSR_medeleg, to_m ? 0 : ~0ull);
      h->csr.mtinst = h->csr.htinst = 0xdead;
      const int cause = execute_bits(c, MODE_HS, raw);
      ck_assert_msg(cause == CAUSE_LOAD_ACCESS || cause == CAUSE_STORE_ACCESS, "%s: cause %d",
                    rows[i].text, cause);
      const uint64_t got = to_m ? h->csr.mtinst : h->csr.htinst;
      const uint64_t want = zero ? 0 : expected_of(raw);
      ck_assert_msg(got == want, "%s %#x: %#lx, not %#lx", rows[i].text, raw, got, want);
      ck_assert_uint_eq(to_m ? h->csr.htinst : h->csr.mtinst, 0xdead);
      ck_assert_uint_eq(to_m ? h->csr.mtval : h->s[0].tval, NOWHERE);
      ck_assert_uint_eq(to_m ? h->csr.mtval2 : h->csr.htval, 0);
    }
  }
  ck_assert_uint_eq(tested, 7 + 4 + 6 + 22 + 3 + 9 + 4 + 4);
  core_free(c);
}
END_TEST

/* H-143: a compressed one is expanded, transformed, and marked by bit 1 = 0. */
START_TEST(compressed)
{
  static const struct {
    const char *text, *base;
  } cases[] = {
    { "c.lw a0,4(a1)", "lw a0,0(zero)" },
    { "c.ld a4,8(a1)", "ld a4,0(zero)" },
    { "c.sw a0,64(a1)", "sw a0,0(zero)" },
    { "c.sd a5,16(a1)", "sd a5,0(zero)" },
    { "c.fld fa0,8(a1)", "fld fa0,0(zero)" },
    { "c.fsd fa3,248(a1)", "fsd fa3,0(zero)" },
    { "c.lwsp t6,4(sp)", "lw t6,0(zero)" },
    { "c.ldsp ra,8(sp)", "ld ra,0(zero)" },
    { "c.swsp t6,252(sp)", "sw t6,0(zero)" },
    { "c.sdsp zero,504(sp)", "sd zero,0(zero)" },
    { "c.fldsp ft0,8(sp)", "fld ft0,0(zero)" },
    { "c.fsdsp ft11,8(sp)", "fsd ft11,0(zero)" },
    { "c.lbu a0,3(a1)", "lbu a0,0(zero)" },
    { "c.lh a0,2(a1)", "lh a0,0(zero)" },
    { "c.lhu a0,2(a1)", "lhu a0,0(zero)" },
    { "c.sb a0,3(a1)", "sb a0,0(zero)" },
    { "c.sh a0,2(a1)", "sh a0,0(zero)" },
    { "amocas.q.rl a0,a2,(a1)", "amocas.q.rl a0,a2,(zero)" },
    { "flh fa0,2(a1)", "flh fa0,0(zero)" },
    { "fsh fa0,2(a1)", "fsh fa0,0(zero)" },
    { "lw a0,4(a1)", "lw a0,0(zero)" },
    { "sd zero,504(sp)", "sd zero,0(zero)" },
    { "ld zero,4(a1)", "ld zero,0(zero)" },
    { "amoadd.w.aqrl a0,a2,(a1)", "amoadd.w.aqrl a0,a2,(zero)" },
    { "lr.d a0,(a1)", "lr.d a0,(zero)" },
    { "sc.w.rl zero,a2,(a1)", "sc.w.rl zero,a2,(zero)" },
    { "hlvx.wu a0,(a1)", "hlvx.wu a0,(zero)" },
    { "hsv.b a2,(a1)", "hsv.b a2,(zero)" },
  };
  core *c = core_new();
  rv_hart *h = c->h;
  h->choice.ext = RV_EXT_ALL;
  core_poke(h, CSR_mstatus, 3 << 13);
  core_poke(h, CSR_medeleg, ~0ull);
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned len, base_len;
    const uint32_t base = assemble(cases[i].base, &base_len);
    h->x[11] = h->x[2] = NOWHERE;
    const uint32_t bits = assemble(cases[i].text, &len);
    const int cause = execute_bits(c, MODE_HS, bits);
    ck_assert_msg(cause == 5 || cause == 7, "%s: %d", cases[i].text, cause);
    ck_assert_uint_eq(base & 3, 3);
    ck_assert_msg(h->csr.htinst == (len == 2 ? base & ~2u : base), "%s: %#lx", cases[i].text,
                  h->csr.htinst);
  }
  core_free(c);
}
END_TEST

/* ---- Addr. Offset ---- */

/* H-133, H-134, H-144, H-240: a misaligned access whose second page is missing, in both stages;
 * nothing is written, no register changes. */
START_TEST(page_crossing)
{
  static const struct {
    const char *text, *base;
    unsigned size;
    core_mode mode;
  } cases[] = {
    { "ld a0,0(a1)", "ld a0,0(zero)", 8, MODE_VS },
    { "lw a0,0(a1)", "lw a0,0(zero)", 4, MODE_VS },
    { "lhu a0,0(a1)", "lhu a0,0(zero)", 2, MODE_VS },
    { "sd a2,0(a1)", "sd a2,0(zero)", 8, MODE_VS },
    { "sh a2,0(a1)", "sh a2,0(zero)", 2, MODE_VS },
    { "fld fa0,0(a1)", "fld fa0,0(zero)", 8, MODE_VS },
    { "hlv.d a0,(a1)", "hlv.d a0,(zero)", 8, MODE_HS },
    { "hsv.w a2,(a1)", "hsv.w a2,(zero)", 4, MODE_HS },
    { "c.ld a0,0(a1)", "ld a0,0(zero)", 8, MODE_VS },
  };
  core *c = new_guest();
  rv_hart *h = c->h;
  const uint64_t page2 = DATA + 4096;
  core_poke(h, CSR_mstatus, 3 << 13);
  core_poke(h, CSR_vsstatus, 3 << 13);
  for (unsigned stage = 0; stage < 2; stage++) { /* 0: the guest's own tables refuse */
    map_vs(c, page2, stage == 0 ? 0 : V | R | W | A | D);
    map_g(c, page2, stage == 1 ? 0 : V | R | W | U | A | D);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
      for (unsigned in_first = 1; in_first < cases[i].size; in_first++) {
        unsigned len, base_len;
        const uint32_t base = assemble(cases[i].base, &base_len);
        const uint32_t bits = assemble(cases[i].text, &len);
        core_poke(h, CSR_hstatus, BIT(8));
        put_memory(c, page2 - 8, 0x1122334455667788, 8);
        h->x[11] = page2 - in_first;
        h->x[10] = 0xaaaa;
        h->x[12] = 0;
        const bool store = cases[i].text[0] == 's' || !strncmp(cases[i].text, "hsv", 3);
        const int want = stage == 0 ? (store ? 15 : 13) : store ? 23 : 21;
        ck_assert_int_eq(execute_bits(c, cases[i].mode, bits), want);
        ck_assert_uint_eq(h->s[0].tval, page2);
        ck_assert_uint_eq(h->csr.htval, stage == 0 ? 0 : page2 >> 2);
        ck_assert_uint_eq(h->csr.htinst, (len == 2 ? base & ~2u : base) | in_first << 15);
        ck_assert_uint_eq(core_peek(h, CSR_hstatus) >> 6 & 1, 1);
        ck_assert_uint_eq(h->x[10], 0xaaaa);
        ck_assert_uint_eq(get_memory(c, page2 - 8, 8), 0x1122334455667788); /* H-470 */
      }
  }
  /* The first page is missing: no offset, the address is the access's own. */
  map_vs(c, page2, V | R | W | A | D);
  map_g(c, page2, V | R | W | U | A | D);
  map_g(c, DATA, 0);
  h->x[11] = page2 - 3;
  unsigned len;
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), 21);
  ck_assert_uint_eq(h->csr.htinst, assemble("ld a0,0(zero)", &len));
  ck_assert_uint_eq(h->s[0].tval, page2 - 3);
  ck_assert_uint_eq(h->csr.htval, (page2 - 3) >> 2);
  core_free(c);
}
END_TEST

/* Misaligned atomics: no part is at fault, no offset. [H-144, H-177] */
START_TEST(misaligned_atomics)
{
  core *c = core_new();
  unsigned len;
  core_poke(c->h, CSR_medeleg, ~0ull);
  c->h->x[11] = DATA + 2;
  ck_assert_int_eq(execute(c, MODE_HS, "amoadd.w a0,a2,(a1)"), CAUSE_STORE_MISALIGNED);
  ck_assert_uint_eq(c->h->csr.htinst, assemble("amoadd.w a0,a2,(zero)", &len));
  ck_assert_uint_eq(c->h->s[0].tval, DATA + 2);
  ck_assert_int_eq(execute(c, MODE_HS, "lr.w a0,(a1)"), CAUSE_LOAD_MISALIGNED);
  ck_assert_uint_eq(c->h->csr.htinst, assemble("lr.w a0,(zero)", &len));
  core_free(c);
}
END_TEST

/* ---- pseudo-instructions ---- */

static const struct {
  const char *text;
  int guest_fault, access_fault;
} originals[] = {
  { "ld a0,0(a1)", 21, 5 },     { "sd a0,0(a1)", 23, 7 },     { "amoswap.d a0,a2,(a1)", 23, 7 },
  { "lr.d a0,(a1)", 21, 5 },    { "sc.d a0,a2,(a1)", 23, 7 }, { "hlv.b a0,(a1)", 21, 5 },
  { "hlvx.hu a0,(a1)", 21, 5 }, { "hsv.h a0,(a1)", 23, 7 },   { "cbo.clean (a1)", 23, 7 },
  { "cbo.zero (a1)", 23, 7 },
};
enum { N_ORIGINALS = sizeof originals / sizeof *originals };

static core_mode mode_for(const char *text) { return text[0] == 'h' ? MODE_HS : MODE_VS; }

/* DATA2 is in a 2 MiB region with a table of its own, so that code can still be fetched. */
#define DATA2 0x80200000ull
#define VS_L0B 0x80040000ull

static core *new_guest_with_far_table(unsigned table_flags, unsigned leaf_flags)
{
  core *c = new_guest();
  put_memory(c, VS_L1 + 8, pte(VS_L0B, V), 8);
  put_memory(c, VS_L0B + 5 * 8, pte(DATA, leaf_flags), 8);
  map_g(c, VS_L0B, table_flags);
  core_poke(c->h, CSR_hstatus, BIT(8));
  return c;
}

/* H-132, H-138, H-139, H-222, H-414, H-454: a VS-stage PTE that the G-stage does not let read. It
 * is a read for any original access, and mandatory with --htinst=zero as well. */
START_TEST(pseudo_read)
{
  core *c = new_guest_with_far_table(0, V | R | W | X | A | D);
  rv_hart *h = c->h;
  for (unsigned zero = 0; zero < 2; zero++)
    for (unsigned i = 0; i < N_ORIGINALS; i++) {
      h->choice.tinst_zero = zero;
      h->x[11] = DATA2 + 5 * 4096 + 0x18;
      core_poke(h, CSR_hstatus, BIT(8));
      const int cause = execute(c, mode_for(originals[i].text), originals[i].text);
      ck_assert_msg(cause == originals[i].guest_fault, "%s: %d", originals[i].text, cause);
      ck_assert_uint_eq(h->csr.htinst, 0x3000);
      ck_assert_uint_eq(h->csr.htval, (VS_L0B + 5 * 8) >> 2);
      ck_assert_uint_eq(h->s[0].tval, DATA2 + 5 * 4096 + 0x18);
      ck_assert_uint_eq(core_peek(h, CSR_hstatus) >> 6 & 1, 1);
    }
  /* A fetch. */
  set_mode(h, MODE_VS);
  h->pc = DATA2 + 5 * 4096;
  rv_step(h);
  ck_assert_uint_eq(h->s[0].cause, 20);
  ck_assert_uint_eq(h->csr.htinst, 0x3000);
  ck_assert_uint_eq(h->csr.htval, (VS_L0B + 5 * 8) >> 2);
  /* And to M: the same in mtinst and mtval2. */
  core_poke(h, CSR_medeleg, 0);
  set_mode(h, MODE_VS);
  h->pc = DATA2 + 5 * 4096;
  rv_step(h);
  ck_assert_uint_eq(h->csr.mtinst, 0x3000);
  ck_assert_uint_eq(h->csr.mtval2, (VS_L0B + 5 * 8) >> 2);
  core_free(c);
}
END_TEST

/* H-140, H-221: hardware must set A (or D) in a PTE whose page the G-stage keeps
 * read-only. */
START_TEST(pseudo_write)
{
  core *c = new_guest_with_far_table(V | R | U | A, V | R | W | X);
  rv_hart *h = c->h;
  core_poke(h, CSR_menvcfg, BIT(61) | CBO_ON);
  core_poke(h, CSR_henvcfg, BIT(61) | CBO_ON);
  rv_tlb_drop_all(h);
  for (unsigned accessed = 0; accessed < 2; accessed++)
    for (unsigned i = 0; i < N_ORIGINALS; i++) {
      const uint64_t leaf = pte(DATA, V | R | W | X | (accessed ? A : 0));
      put_memory(c, VS_L0B + 5 * 8, leaf, 8);
      h->x[11] = DATA2 + 5 * 4096 + 8;
      core_poke(h, CSR_hstatus, BIT(8));
      const int cause = execute(c, mode_for(originals[i].text), originals[i].text);
      const bool needs_D =
          originals[i].guest_fault == 23 && strncmp(originals[i].text, "cbo.clean", 9);
      if (accessed && !needs_D) {
        ck_assert_msg(cause == NO_TRAP, "%s: %d", originals[i].text, cause); /* nothing to update */
        continue;
      }
      ck_assert_msg(cause == originals[i].guest_fault, "%s: %d", originals[i].text, cause);
      ck_assert_uint_eq(h->csr.htinst, 0x3020);
      ck_assert_uint_eq(h->csr.htval, (VS_L0B + 5 * 8) >> 2);
      ck_assert_uint_eq(get_memory(c, VS_L0B + 5 * 8, 8), leaf);
    }
  core_free(c);
}
END_TEST

/* H-137, H-229: an access fault at a page-table entry, of either stage: the original's type, the
 * guest's address with GVA, no htval, htinst 0. */
START_TEST(access_fault_in_a_table)
{
  for (unsigned stage = 0; stage < 3; stage++) {
    core *c = new_guest();
    rv_hart *h = c->h;
    if (stage == 0) { /* the VS-stage table is nowhere, no G-stage in between */
      core_poke(h, CSR_hgatp, 0);
      put_memory(c, VS_L1 + 8, pte(NOWHERE, V), 8);
    } else if (stage == 1) { /* the G-stage lets it be nowhere */
      put_memory(c, VS_L1 + 8, pte(VS_L0B, V), 8);
      put_memory(c, G_L0 + (VS_L0B >> 12 & 511) * 8, pte(NOWHERE, V | R | W | U | A | D), 8);
    } else { /* the G-stage's own table is nowhere */
      put_memory(c, VS_L1 + 8, pte(VS_L0B, V), 8);
      put_memory(c, VS_L0B + 5 * 8, pte(DATA2, V | R | W | X | A | D), 8);
      put_memory(c, G_L1 + 8, pte(NOWHERE, V), 8);
    }
    rv_tlb_drop_all(h);
    for (unsigned i = 0; i < N_ORIGINALS; i++) {
      h->x[11] = DATA2 + 5 * 4096 + 8;
      core_poke(h, CSR_hstatus, BIT(8));
      h->csr.htval = h->csr.htinst = 0xdead;
      const int cause = execute(c, mode_for(originals[i].text), originals[i].text);
      ck_assert_msg(cause == originals[i].access_fault, "%u %s: %d", stage, originals[i].text,
                    cause);
      ck_assert_msg(h->csr.htval == 0, "%u %s: htval %#lx", stage, originals[i].text, h->csr.htval);
      ck_assert_msg(h->csr.htinst == 0, "%u %s: htinst %#lx", stage, originals[i].text,
                    h->csr.htinst);
      ck_assert_uint_eq(h->s[0].tval, DATA2 + 5 * 4096 + 8);
      ck_assert_uint_eq(core_peek(h, CSR_hstatus) >> 6 & 1, 1);
    }
    core_free(c);
  }
}
END_TEST

/* ---- 0 ---- */

/* H-136, H-137, H-147: no access, no instruction; interrupts; fetch faults. */
START_TEST(zero)
{
  static const char *const texts[] = { "ecall", "ebreak", "mret", "csrrs a0,mstatus,zero", "sret" };
  core *c = new_guest();
  rv_hart *h = c->h;
  for (unsigned to_m = 0; to_m < 2; to_m++) {
    core_poke(h, CSR_medeleg, to_m ? 0 : ~0ull);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
      h->csr.htinst = h->csr.mtinst = h->csr.htval = h->csr.mtval2 = 0xdead;
      set_mode(h, MODE_VU);
      map_vs(c, CODE, V | R | W | X | U | A | D);
      ck_assert_int_ne(execute(c, MODE_VU, texts[i]), NO_TRAP);
      ck_assert_uint_eq(to_m ? h->csr.mtinst : h->csr.htinst, 0);
      ck_assert_uint_eq(to_m ? h->csr.mtval2 : h->csr.htval, 0);
    }
    map_vs(c, CODE, V | R | W | X | A | D);
    set_mode(h, MODE_VS);
    map_g(c, DATA, 0);
    h->pc = DATA;
    h->csr.htinst = h->csr.mtinst = 0xdead;
    rv_step(h);
    ck_assert_uint_eq(to_m ? h->csr.mcause : h->s[0].cause, 20); /* KB-89 */
    ck_assert_uint_eq(to_m ? h->csr.mtinst : h->csr.htinst, 0);
    ck_assert_uint_eq(to_m ? h->csr.mtval2 : h->csr.htval, DATA >> 2);
  }
  core_free(c);
}
END_TEST

/* H-135, KB-72: a fetch over a page boundary; xtval is the half at fault, xepc the start. */
START_TEST(fetch_crossing)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  const uint64_t page2 = DATA + 4096;
  put_memory(c, page2 - 2, 0x00b50513, 4);
  map_g(c, page2, 0);
  set_mode(h, MODE_VS);
  h->pc = page2 - 2;
  rv_step(h);
  ck_assert_uint_eq(h->s[0].cause, 20);
  ck_assert_uint_eq(h->s[0].epc, page2 - 2);
  ck_assert_uint_eq(h->s[0].tval, page2);
  ck_assert_uint_eq(h->csr.htval, page2 >> 2);
  ck_assert_uint_eq(h->csr.htinst, 0);
  /* H-241: two bytes at the end of the page need no second one. */
  put_memory(c, page2 - 2, 0x0001, 2);
  set_mode(h, MODE_VS);
  h->pc = page2 - 2;
  h->icount = 0;
  h->unretired = 0;
  rv_step(h);
  ck_assert_uint_eq(h->pc, page2);
  ck_assert_uint_eq(h->unretired, 0);
  core_free(c);
}
END_TEST

/* H-036, H-146: a trap into VS leaves htval and htinst alone. */
START_TEST(into_vs)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  core_poke(h, CSR_hedeleg, ~0ull);
  map_vs(c, DATA, 0);
  h->x[11] = DATA;
  h->csr.htinst = h->csr.mtinst = h->csr.htval = h->csr.mtval2 = 0xdead;
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_PAGE);
  ck_assert_int_eq(get_mode(h), MODE_VS);
  ck_assert_uint_eq(core_peek(h, CSR_vstval), DATA);
  ck_assert(h->csr.htinst == 0xdead && h->csr.mtinst == 0xdead);
  ck_assert(h->csr.htval == 0xdead && h->csr.mtval2 == 0xdead);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, all_accesses);
  tcase_add_test(tc, compressed);
  tcase_add_test(tc, page_crossing);
  tcase_add_test(tc, misaligned_atomics);
  tcase_add_test(tc, pseudo_read);
  tcase_add_test(tc, pseudo_write);
  tcase_add_test(tc, access_fault_in_a_table);
  tcase_add_test(tc, zero);
  tcase_add_test(tc, fetch_crossing);
  tcase_add_test(tc, into_vs);
}
UNIT_MAIN("tinst", add_tests)
