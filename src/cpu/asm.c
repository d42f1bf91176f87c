/* asm.c - from text to bits: one instruction, as rv_disasm_raw writes it.
 *
 * For tests, the monitor and small generated programs; it has no labels, directives or aliases.
 * As in disasm.c, the formats of operand.def say what is to be read.
 */
#include "cpu/fp.h"
#include "cpu/operand.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where we are in the text, and what went wrong. */
typedef struct {
  const char *p;
  uint64_t pc;
  uint32_t word;
  char *error;
  size_t error_size;
} reader;

__attribute__((format(printf, 2, 3))) static bool fail(reader *r, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  if (r->error_size)
    vsnprintf(r->error, r->error_size, format, args);
  va_end(args);
  return false;
}

static void skip_blanks(reader *r) { r->p += strspn(r->p, " \t"); }

/* Length of the word at p: a register, a CSR or a set of letters. */
static size_t word_length(const char *p)
{
  size_t n = 0;
  while (isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == '.')
    n++;
  return n;
}

static bool is_word(const char *p, size_t len, const char *name)
{
  return strlen(name) == len && !memcmp(p, name, len);
}

/* "x12" as 12, or -1. */
static int numbered(const char *p, size_t len, char letter)
{
  if (len < 2 || len > 3 || p[0] != letter || !isdigit((unsigned char)p[1]))
    return -1;
  int n = p[1] - '0';
  if (len == 3)
    n = isdigit((unsigned char)p[2]) && n ? n * 10 + (p[2] - '0') : 32;
  return n < 32 ? n : -1;
}

static bool read_name(reader *r, const char *const *names, unsigned n, char letter, int64_t *value)
{
  size_t len = word_length(r->p);
  int number = letter ? numbered(r->p, len, letter) : -1;
  if (letter == 'x' && is_word(r->p, len, "fp"))
    number = 8;
  for (unsigned i = 0; i < n && number < 0; i++)
    if (is_word(r->p, len, names[i]))
      number = (int)i;
  if (number < 0)
    return fail(r, "%s expected at '%s'", letter ? "register" : "rounding mode", r->p);
  *value = number;
  r->p += len;
  return true;
}

static bool read_number(reader *r, int64_t *value)
{
  char *end;
  bool negative = *r->p == '-';
  *value = negative ? strtoll(r->p, &end, 0) : (int64_t)strtoull(r->p, &end, 0);
  if (end == r->p)
    return fail(r, "number expected at '%s'", r->p);
  r->p = end;
  return true;
}

static bool read_csr(reader *r, int64_t *value)
{
  if (isdigit((unsigned char)*r->p))
    return read_number(r, value);
  size_t len = word_length(r->p);
  for (unsigned csr = 0; csr < 4096; csr++) {
    const char *name = rv_csr_name(csr);
    if (name && is_word(r->p, len, name)) {
      *value = csr;
      r->p += len;
      return true;
    }
  }
  return fail(r, "CSR expected at '%s'", r->p);
}

/* A set of i, o, r, w in this order; "0" is the empty one. */
static bool read_order(reader *r, int64_t *value)
{
  const char *start = r->p;
  *value = 0;
  if (*r->p == '0') {
    r->p++;
    return true;
  }
  for (unsigned i = 0; i < 4; i++)
    if (*r->p == "iorw"[i]) {
      *value |= 8 >> i;
      r->p++;
    }
  return r->p != start || fail(r, "some of iorw expected at '%s'", r->p);
}

/* "min", "inf", "nan", or the number in any spelling of C's. */
static bool read_constant(reader *r, int64_t *value)
{
  const size_t len = strcspn(r->p, ", \t");
  char *end;
  const double number = strtod(r->p, &end);
  const bool is_number = len && end == r->p + len;
  for (unsigned n = 0; n < 32; n++) {
    float constant;
    memcpy(&constant, &rv_fli[n], sizeof constant);
    if (n == 1 ? is_word(r->p, len, "min")
               : is_number && (number == constant || (n == 31 && number != number))) {
      *value = n;
      r->p += len;
      return true;
    }
  }
  return fail(r, "a constant of fli expected at '%s'", r->p);
}

/* The number as written; what it stands for is encode_operand's. */
static bool read_operand(reader *r, const rv_operand *o, int64_t *value)
{
  switch (o->style) {
  case STYLE_X:
    return read_name(r, rv_x_names, 32, 'x', value);
  case STYLE_F:
    return read_name(r, rv_f_names, 32, 'f', value);
  case STYLE_RM:
    return read_name(r, rv_rm_names, 8, 0, value);
  case STYLE_CSR:
    return read_csr(r, value);
  case STYLE_ORDER:
    return read_order(r, value);
  case STYLE_FLI:
    return read_constant(r, value);
  default:
    return read_number(r, value);
  }
}

static bool encode_operand(reader *r, const rv_operand *o)
{
  int64_t written, value;
  if (!read_operand(r, o, &written))
    return false;
  value = written;
  if (o->style == STYLE_TARGET)
    value = (int64_t)((uint64_t)written - r->pc);
  if (o->style == STYLE_UPPER)
    value = written >= 0 && written <= 0xfffff ? (int32_t)((uint32_t)written << 12) : INT64_MAX;
  uint32_t bits = rv_operand_put(o, (int32_t)value);
  if (rv_operand_get(o, bits) != value)
    return fail(r, "%s cannot be %s0x%" PRIx64, o->name, written < 0 ? "-" : "",
                written < 0 ? -(uint64_t)written : (uint64_t)written);
  /* An optional operand's bits already hold its default. */
  r->word = (r->word & ~rv_operand_put(o, o->plus - 1)) | bits;
  return true;
}

/* What is left out has its default: all zero, but for rm. */
static void set_defaults(reader *r, const uint8_t *code)
{
  for (; *code; code++)
    if (*code >= RV_OPERAND) {
      const rv_operand *o = rv_operand_at(*code - RV_OPERAND);
      if (o->rule == RULE_DYN)
        r->word |= rv_operand_put(o, rv_operand_default(o));
    }
}

static bool at_end(reader *r)
{
  skip_blanks(r);
  return !*r->p;
}

static bool read_operands(reader *r, const uint8_t *code)
{
  set_defaults(r, code);
  for (; *code; code++) {
    if (*code == '[' && at_end(r))
      return true;
    if (*code == '[' || *code == ']')
      continue;
    skip_blanks(r);
    if (*code >= RV_OPERAND) {
      if (!encode_operand(r, rv_operand_at(*code - RV_OPERAND)))
        return false;
    } else if (*r->p++ != (char)*code) {
      r->p--;
      return fail(r, "'%c' expected at '%s'", *code, r->p);
    }
  }
  return at_end(r) || fail(r, "too much: '%s'", r->p);
}

/* Is the mnemonic this row's? A suffix (.aq .rl) is put into the word. */
static bool read_mnemonic(reader *r, const rv_insn_row *row)
{
  size_t len = word_length(r->p), base = strlen(row->text);
  const uint8_t *hidden = rv_format_at(row->fmt)->hidden;
  const rv_operand *o = *hidden ? rv_operand_at(*hidden - RV_OPERAND) : NULL;
  if (len < base || memcmp(r->p, row->text, base))
    return false;
  const char *rest = r->p + base;
  r->p += len;
  if (!o || o->style != STYLE_SUFFIX)
    return len == base;
  for (unsigned i = 0; i < 4; i++)
    if (is_word(rest, len - base, rv_aqrl_names[i])) {
      r->word |= rv_operand_put(o, (int32_t)i);
      return true;
    }
  return false;
}

/* The whole text as this row; *known if at least the mnemonic is its. */
static bool assemble_row(reader *r, const rv_insn_row *rows, unsigned row, bool *known)
{
  r->word = rows[row].match;
  if (!read_mnemonic(r, &rows[row]))
    return false;
  *known = true;
  if (!read_operands(r, rv_format_at(rows[row].fmt)->code))
    return false;
  rv_insn in;
  return (rv_decode(r->word, &in) && in.row == row) ||
         fail(r, "reserved operand of %s", rows[row].text);
}

bool rv_asm(const char *text, uint64_t pc, uint32_t *bits, unsigned *len, char *error,
            size_t error_size)
{
  unsigned n;
  bool known = false;
  const rv_insn_row *rows = rv_insn_rows(&n);
  text += strspn(text, " \t");
  for (unsigned i = 0; i < n; i++) {
    reader r = { text, pc, 0, error, error_size };
    if (assemble_row(&r, rows, i, &known)) {
      *bits = r.word;
      *len = rows[i].compressed ? 2 : 4;
      return true;
    }
  }
  reader r = { text, pc, 0, error, error_size };
  return known ? false : fail(&r, "no instruction '%.*s'", (int)word_length(text), text);
}
