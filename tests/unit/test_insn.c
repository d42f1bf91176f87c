/* test_insn.c - insn.def and what is made of it: decode.c, disasm.c, asm.c. */
#include "unit.h"
#include "cpu/operand.h"
#include <stdio.h>
#include <string.h>

enum { FILLS = 500, PC = 0x80001000 };

/* Only where the library's priv/csr.c is not linked in. */
__attribute__((weak)) const char *rv_csr_name(unsigned csr)
{
  return csr == 0xf14 ? "mhartid" : csr == 0x105 ? "stvec" : NULL;
}

/* A small generator of its own: a failure must be repeatable. */
static uint32_t next_random(void)
{
  static uint64_t state = 88172645463325252ull;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 16);
}

static bool obeys(const uint8_t *code, uint32_t word)
{
  for (; *code; code++) {
    if (*code < RV_OPERAND)
      continue;
    const rv_operand *o = rv_operand_at(*code - RV_OPERAND);
    int32_t value = rv_operand_get(o, word);
    if ((o->rule == RULE_NOT0 && value == 0) || (o->rule == RULE_NOT2 && value == 2))
      return false;
  }
  return true;
}

/* Does the word belong to the row, by the row alone? */
static bool belongs(const rv_insn_row *row, uint32_t word)
{
  const rv_format *f = rv_format_at(row->fmt);
  return (word & row->mask) == row->match && obeys(f->code, word) && obeys(f->hidden, word);
}

START_TEST(pictures_of_32_bit_rows_never_overlap)
{
  unsigned n;
  const rv_insn_row *r = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    for (unsigned j = i + 1; j < n; j++)
      if (!r[i].compressed && !r[j].compressed)
        ck_assert_msg((r[i].match ^ r[j].match) & r[i].mask & r[j].mask, "%s and %s overlap",
                      r[i].text, r[j].text);
}
END_TEST

START_TEST(every_halfword_has_at_most_one_row_and_decode_finds_it)
{
  unsigned n;
  const rv_insn_row *r = rv_insn_rows(&n);
  for (uint32_t h = 0; h < 0x10000; h++) {
    unsigned found = 0, row = 0;
    for (unsigned i = 0; i < n; i++)
      if (r[i].compressed && belongs(&r[i], h)) {
        found++;
        row = i;
      }
    rv_insn in;
    if ((h & 3) == 3) {
      ck_assert_msg(found == 0, "%04x is not compressed", h);
      continue;
    }
    ck_assert_msg(found <= 1, "%04x has %u rows", h, found);
    ck_assert_msg(rv_decode(h | 0xabcd0000, &in) == (found == 1), "%04x", h);
    ck_assert_uint_eq(in.len, 2);
    ck_assert_uint_eq(in.raw, h);
    if (found)
      ck_assert_msg(in.row == row, "%04x decodes as %s, is %s", h, r[in.row].text, r[row].text);
  }
}
END_TEST

START_TEST(compressed_decodes_as_its_expansion)
{
  unsigned valid = 0;
  for (uint32_t h = 0; h < 0x10000; h++) {
    rv_insn c, e;
    if ((h & 3) == 3 || !rv_decode(h, &c)) {
      ck_assert_msg(!rv_expand((uint16_t)h), "%04x expands", h);
      continue;
    }
    valid++;
    ck_assert_msg(rv_decode(rv_expand((uint16_t)h), &e), "%04x", h);
    ck_assert_msg(e.len == 4 && c.op == e.op && c.rd == e.rd && c.rs1 == e.rs1 && c.rs2 == e.rs2 &&
                      c.rs3 == e.rs3 && c.rm == e.rm && c.imm == e.imm,
                  "%04x and its expansion %08x", h, rv_expand((uint16_t)h));
  }
  ck_assert_uint_eq(valid, 47751); /* binutils: also c.unimp and c.addi16sp sp,0 */
}
END_TEST

static uint32_t fill(const rv_insn_row *row)
{
  uint32_t word;
  do
    word = ((next_random() & ~row->mask) | row->match) & (row->compressed ? 0xffff : ~0u);
  while (!belongs(row, word));
  return word;
}

START_TEST(text_of_every_row_assembles_to_its_bits)
{
  unsigned n;
  const rv_insn_row *r = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k < FILLS; k++) {
      uint32_t word = fill(&r[i]), back = 0;
      unsigned len = 0;
      char text[80], error[80] = "";
      rv_insn in;
      ck_assert_msg(rv_decode(word, &in) && in.row == i, "%08x is not %s", word, r[i].text);
      ck_assert_uint_lt(rv_disasm_raw(text, sizeof text, PC, word), sizeof text);
      ck_assert_msg(rv_asm(text, PC, &back, &len, error, sizeof error), "%s: %s", text, error);
      ck_assert_msg(back == word, "%s: %08x is %08x", text, word, back);
      ck_assert_uint_eq(len, in.len);
    }
}
END_TEST

START_TEST(every_op_has_a_row_with_its_kind)
{
  unsigned n, base = 0;
  const rv_insn_row *r = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    if (!r[i].compressed)
      ck_assert_uint_eq(r[i].base_op, ++base);
    else
      ck_assert_uint_eq(r[i].kind, r[r[i].base_op - 1].kind);
  ck_assert_uint_eq(base + 1, N_OPS);
}
END_TEST

/* Reserved or not implemented: these must raise an illegal-instruction exception. */
static const uint32_t illegal[] = {
  0x0000,     /* all zero: c.addi4spn with nzuimm = 0 [norm:c-addi4spn_rsv] */
  0x0004,     /* c.addi4spn a1, nzuimm = 0 */
  0x6501,     /* c.lui a0, 0 [norm:c-lui_rsv] */
  0x6101,     /* c.addi16sp 0 [norm:c-addi16sp_rsv] */
  0x2001,     /* c.addiw with rd = 0 [norm:c-addiw_rsv] */
  0x4002,     /* c.lwsp with rd = 0 [norm:c-lwsp_rsv] */
  0x6002,     /* c.ldsp with rd = 0 [norm:c-ldsp_rsv] */
  0x8002,     /* c.jr with rs1 = 0 [norm:c-jr_rsv] */
  0x9000,     /* quadrant 0, funct3 100, funct6 100100 */
  0x8c40,     /* c.sh with bit 6 */
  0x9c79,     /* c.not's group, 6 */
  0x9c7d,     /* and 7 */
  0x28d5c62f, /* amocas.q with rs2 = 13 [norm:Zacas_rv64_amocas-q_frst_pair_entry_reg_even] */
  0x28e5c6af, /* and with rd = 13 */
  0xffffffff, /* all ones */
  0x00007003, /* load, funct3 111 */
  0x00004023, /* store, funct3 100 */
  0x04001013, /* slli, bit 26 */
  0x0200101b, /* slliw with shamt bit 5 [norm:slliw_srliw_sraiw_imm5_rsv] */
  0x1010a02f, /* lr.w with rs2 = 1 */
  0x00200073, /* uret */
  0x0005208f, /* cbo.inval with rd = 1 */
  0x0035200f, /* MISC-MEM funct3 010: 3 and 5 are no operations */
  0x0055200f,
  0x30200173, /* mret with rd = 2 */
  0x120000f3, /* sfence.vma with rd = 1 */
  0x220000f3, /* hfence.vvma with rd = 1 */
  0x60204073, /* hlv.b with rs2 = 2 */
  0x620040f3, /* hsv.b with rd = 1 */
  0x6c304073, /* hlvx.d does not exist */
  0x58100053, /* fsqrt.s with rs2 = 1 */
  0x06000053, /* fadd.q */
  0xc2850553, /* fcvtmod.w.d towards nearest [norm:fcvtmod-w-d_rsw] */
  0xc2857553, /* and with rm = 7 */
  0xe2150553, /* fmvh.x.d is RV32's [norm:fmvh-x-d_op] */
  0xb2b50553, /* and fmvp.d.x */
  0xf2151553, /* fli.d with rm = 1 */
  0x0000100b, /* custom-0 */
};
/* Neighbours of the above that are legal. */
static const uint32_t legal[] = {
  0x02001013, /* slli by 32 */
  0x28e5c62f, /* amocas.q a2,a4,(a1) */
  0x68304073, /* hlvx.wu */
  0x0001,     /* c.nop */
  0x0005,     /* c.nop 1: HINT [norm:c-nop_hint] */
  0x6005,     /* c.lui x0, 1: HINT */
  0x4005,     /* c.li x0, 1: HINT */
  0x800a,     /* c.mv x0, sp: HINT */
  0x8501,     /* c.srai a0, 0: HINT */
  0x9002,     /* c.ebreak */
  0x0100000f, /* pause: HINT */
  0x8330000f, /* fence.tso */
  0xfff8088f, /* fence with reserved fm, rd and rs1 [norm:fence_unused_flds_rsv] */
  0x00001f8f, /* fence.i with rd [norm:fence_i_rsv] */
  0x00005053, /* fadd.s with reserved rm: the executor refuses it [norm:roundingmode_rsv] */
};

START_TEST(reserved_encodings_do_not_decode)
{
  rv_insn in;
  for (size_t i = 0; i < sizeof illegal / sizeof *illegal; i++) {
    ck_assert_msg(!rv_decode(illegal[i], &in), "%08x decodes", illegal[i]);
    ck_assert_uint_eq(in.op, OP_none);
    ck_assert_uint_eq(in.len, (illegal[i] & 3) == 3 ? 4 : 2);
  }
  for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
    ck_assert_msg(rv_decode(legal[i], &in), "%08x does not decode", legal[i]);
}
END_TEST

/* As binutils 2.40 writes them, but for addi and slli with aliases, which it writes as add and sll,
 * and for fences it does not know. */
static const struct {
  uint32_t bits;
  const char *alias, *raw;
} texts[] = {
  { 0x0002b503, "ld a0,0(t0)", "ld a0,0(t0)" },
  { 0xf14025f3, "csrr a1,mhartid", "csrrs a1,mhartid,zero" },
  { 0x00000013, "nop", "addi zero,zero,0" },
  { 0xfff00513, "li a0,-1", "addi a0,zero,-1" },
  { 0x00058513, "mv a0,a1", "addi a0,a1,0" },
  { 0xfff5c513, "not a0,a1", "xori a0,a1,-1" },
  { 0x40b00533, "neg a0,a1", "sub a0,zero,a1" },
  { 0x0005851b, "sext.w a0,a1", "addiw a0,a1,0" },
  { 0x0805853b, "zext.w a0,a1", "add.uw a0,a1,zero" },
  { 0x0015b513, "seqz a0,a1", "sltiu a0,a1,1" },
  { 0x00b03533, "snez a0,a1", "sltu a0,zero,a1" },
  { 0x00008067, "ret", "jalr zero,0(ra)" },
  { 0x00050067, "jr a0", "jalr zero,0(a0)" },
  { 0xffdff06f, "j 0x80000ffc", "jal zero,0x80000ffc" },
  { 0x00050463, "beqz a0,0x80001008", "beq a0,zero,0x80001008" },
  { 0xfe051ee3, "bnez a0,0x80000ffc", "bne a0,zero,0x80000ffc" },
  { 0x80000537, "lui a0,0x80000", "lui a0,0x80000" },
  { 0x03f51513, "slli a0,a0,0x3f", "slli a0,a0,0x3f" },
  { 0x0330000f, "fence rw,rw", "fence rw,rw" },
  { 0x0ff0000f, "fence", "fence iorw,iorw" },
  { 0x8330000f, "fence.tso", "fence rw,rw,0x8,zero,zero" },
  { 0x0100000f, "pause", "fence w,0" },
  { 0x0000100f, "fence.i", "fence.i" },
  { 0x0044a00f, "cbo.zero (s1)", "cbo.zero (s1)" },
  { 0x00056013, "prefetch.i 0(a0)", "ori zero,a0,0" },
  { 0x02156013, "prefetch.r 32(a0)", "ori zero,a0,33" },
  { 0xfc35e013, "prefetch.w -64(a1)", "ori zero,a1,-61" },
  { 0x00256013, "ori zero,a0,2", "ori zero,a0,2" },
  { 0x1005252f, "lr.w a0,(a0)", "lr.w a0,(a0)" },
  { 0x06c5b52f, "amoadd.d.aqrl a0,a2,(a1)", "amoadd.d.aqrl a0,a2,(a1)" },
  { 0x02c5f553, "fadd.d fa0,fa1,fa2", "fadd.d fa0,fa1,fa2" },
  { 0x02c58553, "fadd.d fa0,fa1,fa2,rne", "fadd.d fa0,fa1,fa2,rne" },
  { 0x22b58553, "fmv.d fa0,fa1", "fsgnj.d fa0,fa1,fa1" },
  { 0x24b58553, "fmv.h fa0,fa1", "fsgnj.h fa0,fa1,fa1" },
  { 0xf0148553, "fli.s fa0,0x1.4p-2", "fli.s fa0,0x1.4p-2" },
  { 0xf2108553, "fli.d fa0,min", "fli.d fa0,min" },
  { 0xd2050553, "fcvt.d.w fa0,a0", "fcvt.d.w fa0,a0" },
  { 0x10551073, "csrw stvec,a0", "csrrw zero,stvec,a0" },
  { 0x12000073, "sfence.vma", "sfence.vma zero,zero" },
  { 0x62050073, "hfence.gvma a0", "hfence.gvma a0,zero" },
  { 0x6c05c573, "hlv.d a0,(a1)", "hlv.d a0,(a1)" },
  { 0x6835c573, "hlvx.wu a0,(a1)", "hlvx.wu a0,(a1)" },
  { 0x6ea5c073, "hsv.d a0,(a1)", "hsv.d a0,(a1)" },
  { 0x7139, "addi sp,sp,-64", "c.addi16sp sp,-64" },
  { 0x8082, "ret", "c.jr ra" },
  { 0x852e, "mv a0,a1", "c.mv a0,a1" },
  { 0x0000, "unimp", ".short 0x0000" },
  { 0xffffffff, ".word 0xffffffff", ".word 0xffffffff" },
};

START_TEST(text_is_as_binutils_writes_it)
{
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char text[80];
    size_t n = rv_disasm(text, sizeof text, PC, texts[i].bits);
    ck_assert_str_eq(text, texts[i].alias);
    ck_assert_uint_eq(n, strlen(text));
    rv_disasm_raw(text, sizeof text, PC, texts[i].bits);
    ck_assert_str_eq(text, texts[i].raw);
  }
}
END_TEST

/* The oracle for pictures, immediates and names: the round trip above would not see two swapped. */
static const struct {
  uint32_t bits;
  const char *text;
} row_texts[] = {
#define TEXT(bits, text) { bits, text },
#include "insn_texts.def"
};

START_TEST(every_row_is_the_instruction_binutils_knows)
{
  unsigned n;
  rv_insn_rows(&n);
  ck_assert_uint_eq(n, sizeof row_texts / sizeof *row_texts);
  for (unsigned i = 0; i < n; i++) {
    char text[80];
    rv_insn in;
    ck_assert_msg(rv_decode(row_texts[i].bits, &in) && in.row == i, "%s", row_texts[i].text);
    rv_disasm_raw(text, sizeof text, 0, row_texts[i].bits);
    ck_assert_str_eq(text, row_texts[i].text);
  }
}
END_TEST

START_TEST(short_buffers_are_terminated_and_the_length_is_told)
{
  char text[8] = "#######";
  ck_assert_uint_eq(rv_disasm(text, 4, PC, 0x0002b503), strlen("ld a0,0(t0)"));
  ck_assert_str_eq(text, "ld ");
  ck_assert_int_eq(text[4], '#');
  ck_assert_uint_eq(rv_disasm(NULL, 0, PC, 0x00008067), 3);
}
END_TEST

static const struct {
  const char *text, *error;
} mistakes[] = {
  { "", "no instruction" },
  { "frobnicate a0", "no instruction" },
  { "amoadd.d.xy a0,a1,(a2)", "no instruction" },
  { "add a0,a1", "',' expected" },
  { "add a0,a1,x32", "register expected" },
  { "add a0,a1,fa0", "register expected" },
  { "add a0,a1,a2,a3", "too much" },
  { "addi a0,a1,2048", "cannot be 0x800" },
  { "addi a0,a1,-2049", "cannot be -0x801" },
  { "addi a0,a1,zero", "number expected" },
  { "slliw a0,a1,32", "cannot be" },
  { "lui a0,0x100000", "cannot be" },
  { "beq a0,a1,0x80001001", "cannot be" },
  { "jal ra,0x80200000", "cannot be" },
  { "c.lw ra,0(a0)", "cannot be" },
  { "c.lw a0,2(a0)", "cannot be" },
  { "c.lwsp zero,0(sp)", "reserved operand" },
  { "c.addi4spn a0,sp,0", "reserved operand" },
  { "c.lui sp,1", "reserved operand" },
  { "csrrw a0,nosuch,a1", "CSR expected" },
  { "fadd.s fa0,fa1,fa2,up", "rounding mode expected" },
  { "fcvtmod.w.d a0,fa0,rne", "cannot be" },
  { "fli.s fa0,0.3", "a constant of fli expected" },
  { "fli.s fa0,0", "a constant of fli expected" },
};

START_TEST(the_assembler_names_the_mistake)
{
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    uint32_t bits;
    unsigned len;
    char error[80] = "";
    ck_assert_msg(!rv_asm(mistakes[i].text, PC, &bits, &len, error, sizeof error), "'%s' passes",
                  mistakes[i].text);
    ck_assert_msg(strstr(error, mistakes[i].error) != NULL, "'%s': %s", mistakes[i].text, error);
  }
}
END_TEST

START_TEST(the_assembler_takes_other_spellings)
{
  uint32_t bits;
  unsigned len;
  char error[80];
  ck_assert(rv_asm("  add x10 , fp,\tx31 ", PC, &bits, &len, error, sizeof error));
  ck_assert_uint_eq(bits, 0x01f40533);
  ck_assert(rv_asm("csrrw zero,0x105,a0", PC, &bits, &len, NULL, 0));
  ck_assert_uint_eq(bits, 0x10551073);
  ck_assert(rv_asm("fli.d fa0,-1.0", PC, &bits, &len, NULL, 0));
  ck_assert_uint_eq(bits, 0xf2100553);
  ck_assert(rv_asm("fli.s fa0, 0.3125", PC, &bits, &len, NULL, 0));
  ck_assert_uint_eq(bits, 0xf0148553);
  ck_assert(rv_asm("fadd.d f10,f11,f12", PC, &bits, &len, NULL, 0));
  ck_assert_uint_eq(bits, 0x02c5f553);
}
END_TEST

START_TEST(expansion_is_the_base_instruction) /* [H-143] */
{
  ck_assert_uint_eq(rv_expand(0x4188), 0x0005a503); /* c.lw a0,0(a1) */
  ck_assert_uint_eq(rv_expand(0xe188), 0x00a5b023); /* c.sd a0,0(a1) */
  ck_assert_uint_eq(rv_expand(0x6502), 0x00013503); /* c.ldsp a0,0(sp) */
  ck_assert_uint_eq(rv_expand(0x9002), 0x00100073); /* c.ebreak */
  ck_assert_uint_eq(rv_expand(0x0001), 0x00000013); /* c.nop */
  ck_assert_uint_eq(rv_expand(0x81f0), 0x0035c603); /* c.lbu a2,3(a1) */
  ck_assert_uint_eq(rv_expand(0x9e61), 0x0ff67613); /* c.zext.b a2: andi a2,a2,255 */
  ck_assert_uint_eq(rv_expand(0x9ff5), 0xfff7c793); /* c.not a5: xori a5,a5,-1 */
  ck_assert_uint_eq(rv_expand(0x9f71), 0x0807073b); /* c.zext.w a4: add.uw a4,a4,zero */
  ck_assert_uint_eq(rv_expand(0x0000), 0);
  ck_assert_uint_eq(rv_expand(0x0003), 0);
}
END_TEST

START_TEST(operands_land_in_their_fields)
{
  rv_insn in;
  ck_assert(rv_decode(0x30529573, &in)); /* csrrw a0,mtvec,t0 */
  ck_assert(in.op == OP_csrrw && in.rd == 10 && in.rs1 == 5 && in.imm == 0x305);
  ck_assert(rv_decode(0xfff0d073, &in)); /* csrrwi zero,0xfff,1: the number is not negative */
  ck_assert(in.op == OP_csrrwi && in.rs1 == 1 && in.imm == 0xfff);
  ck_assert(rv_decode(0x80000537, &in)); /* lui a0,0x80000 */
  ck_assert(in.op == OP_lui && in.imm == INT32_MIN);
  ck_assert(rv_decode(0x68c5f543, &in)); /* fmadd.s fa0,fa1,fa2,fa3: fmt 00 */
  ck_assert(in.op == OP_fmadd_s && in.rs3 == 13 && in.rm == 7);
  ck_assert(rv_decode(0x06c5b52f, &in)); /* amoadd.d.aqrl a0,a2,(a1) */
  ck_assert(in.op == OP_amoadd_d && in.rs1 == 11 && in.rs2 == 12 && in.rm == 3);
  ck_assert(rv_decode(0x9502, &in)); /* c.jalr a0 */
  ck_assert(in.op == OP_jalr && in.rd == 1 && in.rs1 == 10 && in.imm == 0 && in.len == 2);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, pictures_of_32_bit_rows_never_overlap);
  tcase_add_test(tc, every_halfword_has_at_most_one_row_and_decode_finds_it);
  tcase_add_test(tc, compressed_decodes_as_its_expansion);
  tcase_add_test(tc, text_of_every_row_assembles_to_its_bits);
  tcase_add_test(tc, every_op_has_a_row_with_its_kind);
  tcase_add_test(tc, reserved_encodings_do_not_decode);
  tcase_add_test(tc, text_is_as_binutils_writes_it);
  tcase_add_test(tc, every_row_is_the_instruction_binutils_knows);
  tcase_add_test(tc, short_buffers_are_terminated_and_the_length_is_told);
  tcase_add_test(tc, the_assembler_names_the_mistake);
  tcase_add_test(tc, the_assembler_takes_other_spellings);
  tcase_add_test(tc, expansion_is_the_base_instruction);
  tcase_add_test(tc, operands_land_in_their_fields);
}

UNIT_MAIN("insn", add_tests)
