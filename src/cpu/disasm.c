/* disasm.c - from bits to text, by the formats of operand.def and the aliases of alias.def.
 *
 * Nothing here knows an instruction: a row's format says which operands are printed and how.
 */
#include "cpu/fp.h"
#include "cpu/operand.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <threads.h>

const char *const rv_x_names[32] = {
  "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
  "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
  "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};
const char *const rv_f_names[32] = {
  "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1",  "fa0",
  "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4",  "fs5",
  "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};
/* 5 and 6 are reserved, but have to be written somehow. */
const char *const rv_rm_names[8] = { "rne", "rtz", "rdn", "rup", "rmm", "rm5", "rm6", "dyn" };
const char *const rv_aqrl_names[4] = { "", ".rl", ".aq", ".aqrl" };

typedef struct {
  const char *text, *picture, *syntax;
  uint32_t mask, match;
  bool compressed;
  uint8_t code[16];
} alias;

static alias aliases[] = {
#define ALIAS(text, picture, syntax) { text, picture, syntax, 0, 0, false, { 0 } },
#include "cpu/alias.def"
};
enum { N_ALIASES = sizeof aliases / sizeof *aliases };

static void build_aliases(void)
{
  rv_decode_init();
  for (unsigned i = 0; i < N_ALIASES; i++) {
    alias *a = &aliases[i];
    a->compressed = rv_picture(a->picture, &a->mask, &a->match) == 16;
    rv_compile_syntax(a->syntax, a->code, sizeof a->code);
  }
}

/* Text under construction; n is what it would be with room enough, as snprintf counts. */
typedef struct {
  char *buf;
  size_t size, n;
} text;

__attribute__((format(printf, 2, 3))) static void put(text *t, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  bool room = t->n < t->size;
  int n = vsnprintf(room ? t->buf + t->n : NULL, room ? t->size - t->n : 0, format, args);
  va_end(args);
  t->n += n > 0 ? (size_t)n : 0;
}

static void put_order(text *t, unsigned set)
{
  for (unsigned i = 0; i < 4; i++)
    if (set & 8 >> i)
      put(t, "%c", "iorw"[i]);
  if (!set)
    put(t, "0");
}

static void put_csr(text *t, unsigned csr)
{
  const char *name = rv_csr_name(csr);
  if (name)
    put(t, "%s", name);
  else
    put(t, "0x%x", csr);
}

/* As the C library writes numbers in hexadecimal; the smallest one is another in each format. */
static void put_constant(text *t, unsigned n)
{
  float value;
  memcpy(&value, &rv_fli[n], sizeof value);
  if (n == 1)
    put(t, "min");
  else
    put(t, "%a", (double)value);
}

static void put_operand(text *t, const rv_operand *o, uint32_t word, uint64_t pc)
{
  int32_t value = rv_operand_get(o, word);
  switch (o->style) {
  case STYLE_X:
    put(t, "%s", rv_x_names[value]);
    break;
  case STYLE_F:
    put(t, "%s", rv_f_names[value]);
    break;
  case STYLE_DEC:
    put(t, "%" PRId32, value);
    break;
  case STYLE_HEX:
    put(t, "0x%" PRIx32, (uint32_t)value);
    break;
  case STYLE_UPPER:
    put(t, "0x%" PRIx32, (uint32_t)value >> 12);
    break;
  case STYLE_TARGET:
    put(t, "0x%" PRIx64, pc + (uint64_t)(int64_t)value);
    break;
  case STYLE_CSR:
    put_csr(t, (unsigned)value);
    break;
  case STYLE_RM:
    put(t, "%s", rv_rm_names[value]);
    break;
  case STYLE_ORDER:
    put_order(t, (unsigned)value);
    break;
  case STYLE_SUFFIX:
    put(t, "%s", rv_aqrl_names[value]);
    break;
  case STYLE_FLI:
    put_constant(t, (unsigned)value);
    break;
  }
}

/* Has an operand between [ and ] another value than its default? */
static bool is_needed(const uint8_t *code, uint32_t word)
{
  for (; *code && *code != ']'; code++) {
    if (*code < RV_OPERAND)
      continue;
    const rv_operand *o = rv_operand_at(*code - RV_OPERAND);
    if (rv_operand_get(o, word) != rv_operand_default(o))
      return true;
  }
  return false;
}

static void put_operands(text *t, const uint8_t *code, uint32_t word, uint64_t pc)
{
  const char *blank = " ";
  for (; *code; code++) {
    if (*code == '[') {
      if (!is_needed(code, word))
        return;
      continue;
    }
    if (*code == ']')
      continue;
    put(t, "%s", blank);
    blank = "";
    if (*code < RV_OPERAND)
      put(t, "%c", *code);
    else
      put_operand(t, rv_operand_at(*code - RV_OPERAND), word, pc);
  }
}

/* Suffixes of the mnemonic (.aq .rl) are an implied operand of their formats. */
static void put_row(text *t, const rv_insn *in, uint64_t pc)
{
  unsigned n;
  const rv_insn_row *row = &rv_insn_rows(&n)[in->row];
  const rv_format *f = rv_format_at(row->fmt);
  put(t, "%s", row->text);
  for (const uint8_t *code = f->hidden; *code; code++)
    if (*code >= RV_OPERAND && rv_operand_at(*code - RV_OPERAND)->style == STYLE_SUFFIX)
      put_operand(t, rv_operand_at(*code - RV_OPERAND), in->raw, pc);
  put_operands(t, f->code, in->raw, pc);
}

static void put_undecodable(text *t, uint32_t bits)
{
  if ((bits & 3) == 3)
    put(t, ".word 0x%08" PRIx32, bits);
  else
    put(t, ".short 0x%04" PRIx32, bits & 0xffff);
}

static bool obeys_rules(const uint8_t *code, uint32_t word)
{
  for (; *code; code++) {
    if (*code < RV_OPERAND)
      continue;
    const rv_operand *o = rv_operand_at(*code - RV_OPERAND);
    int32_t value = rv_operand_get(o, word);
    if ((o->rule == RULE_NOT0 && value == 0) ||
        (o->rule == RULE_SAME && value != rv_operand_get(rv_operand_at(OPERAND_frs1), word)))
      return false;
  }
  return true;
}

static const alias *find_alias(uint32_t word, bool compressed)
{
  static once_flag once = ONCE_FLAG_INIT;
  call_once(&once, build_aliases);
  for (unsigned i = 0; i < N_ALIASES; i++) {
    const alias *a = &aliases[i];
    if (a->compressed == compressed && (word & a->mask) == a->match && obeys_rules(a->code, word))
      return a;
  }
  return NULL;
}

size_t rv_disasm_raw(char *buf, size_t size, uint64_t pc, uint32_t bits)
{
  text t = { buf, size, 0 };
  rv_insn in;
  if (rv_decode(bits, &in))
    put_row(&t, &in, pc);
  else
    put_undecodable(&t, bits);
  return t.n;
}

size_t rv_disasm(char *buf, size_t size, uint64_t pc, uint32_t bits)
{
  text t = { buf, size, 0 };
  bool compressed = (bits & 3) != 3;
  uint32_t word = compressed ? bits & 0xffff : bits;
  const alias *a = find_alias(word, compressed);
  if (!a && compressed && rv_expand((uint16_t)word)) {
    word = rv_expand((uint16_t)word);
    a = find_alias(word, false);
  }
  if (!a)
    return rv_disasm_raw(buf, size, pc, word);
  put(&t, "%s", a->text);
  put_operands(&t, a->code, word, pc);
  return t.n;
}
