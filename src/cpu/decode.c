/* decode.c - from bits to rv_insn, by the rows of insn.def and operand.def.
 *
 * The rows' pictures are compiled once into masks and into buckets by opcode and funct3, so that a
 * lookup tries few rows. Decoding is done once per block, never in the run loop.
 */
#include "cpu/ext.h"
#include "cpu/operand.h"
#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <threads.h>

static rv_operand operands[N_OPERANDS] = {
#define U false
#define S true
#define OPERAND(id, name, slot, style, bits, sign, plus, rule)                                     \
  { name, bits, SLOT_##slot, STYLE_##style, RULE_##rule, plus, sign, 0, 0, { { 0, 0, 0 } } },
#include "cpu/operand.def"
#undef U
#undef S
};

static rv_format formats[N_FORMATS] = {
#define FORMAT(id, syntax, implied) { syntax, implied, { 0 }, { 0 } },
#include "cpu/operand.def"
};

static rv_insn_row rows[] = {
#define INSN(op, text, picture, fmt, kind, ext, spec, brief)                                       \
  { text,           picture,   #ext,        spec,    brief, FORMAT_##fmt,                          \
    RV_KIND_##kind, EXT_##ext, ALSO_##ext, OP_##op, 0,     0,                                      \
    false },
#define CINSN(row, text, picture, fmt, base, ext, spec, brief)                                     \
  { text, picture, #ext, spec, brief, FORMAT_##fmt, 0, EXT_##ext, ALSO_##ext, OP_##base, 0, 0, true },
#include "cpu/insn.def"
};

enum {
  N_ROWS = sizeof rows / sizeof *rows,
  N_BUCKETS = 256 + 32, /* funct3 : opcode[6:2], then C's funct3 : quadrant */
  POOL = 2048,
};

/* Bucket b is pool[start[b]] .. pool[start[b + 1] - 1]: row numbers. */
static uint16_t start[N_BUCKETS + 1], pool[POOL], row_of_op[N_OPS];

/* INSN rows come first, so the row of an op is found without a search. */
static unsigned bucket_of(uint32_t word)
{
  if ((word & 3) == 3)
    return (word >> 12 & 7) << 5 | (word >> 2 & 31);
  return 256 + ((word >> 13 & 7) << 2 | (word & 3));
}

/* A word with the key bits of bucket b, to ask which rows may match there. */
static uint32_t bucket_key(unsigned b, uint32_t *key_mask)
{
  *key_mask = b < 256 ? 0x707f : 0xe003;
  return b < 256 ? (b >> 5) << 12 | (b & 31) << 2 | 3 : (b - 256) >> 2 << 13 | (b & 3);
}

unsigned rv_picture(const char *picture, uint32_t *mask, uint32_t *match)
{
  unsigned n = 0;
  *mask = *match = 0;
  for (const char *p = picture; *p; p++) {
    if (*p == ' ')
      continue;
    *mask = *mask << 1 | (*p != '.');
    *match = *match << 1 | (*p == '1');
    n++;
  }
  return n;
}

/* "11", "11:7": returns the lower bit, and how many. */
static unsigned parse_range(const char **p, unsigned *width)
{
  unsigned hi = 0, lo = 0;
  for (; isdigit((unsigned char)**p); ++*p)
    hi = hi * 10 + (unsigned)(**p - '0');
  if (**p == ':')
    for (++*p; isdigit((unsigned char)**p); ++*p)
      lo = lo * 10 + (unsigned)(**p - '0');
  else
    lo = hi;
  *width = hi - lo + 1;
  return lo;
}

static void compile_operand(rv_operand *o)
{
  for (const char *p = o->layout; *p; p += *p == ' ') {
    rv_bits *b = &o->bits[o->n_bits++];
    unsigned width, value_width;
    b->insn_lo = (uint8_t)parse_range(&p, &width);
    b->width = (uint8_t)width;
    if (*p == '=') {
      p++;
      b->value_lo = (uint8_t)parse_range(&p, &value_width);
      assert(value_width == width);
    }
    if (b->value_lo + width > o->top)
      o->top = (uint8_t)(b->value_lo + width);
  }
}

static unsigned operand_named(const char *name, size_t len)
{
  for (unsigned i = 0; i < N_OPERANDS; i++)
    if (strlen(operands[i].name) == len && !memcmp(operands[i].name, name, len))
      return i;
  assert(!"operand.def: a format names an unknown operand");
  return 0;
}

void rv_compile_syntax(const char *syntax, uint8_t *code, size_t size)
{
  size_t n = 0;
  while (*syntax) {
    size_t len = 0;
    while (isalnum((unsigned char)syntax[len]) || syntax[len] == '_' || syntax[len] == '\'')
      len++;
    code[n++] = len ? (uint8_t)(RV_OPERAND + operand_named(syntax, len)) : (uint8_t)*syntax;
    syntax += len ? len : 1;
    assert(n < size);
  }
  code[n] = 0;
}

static void compile_rows(void)
{
  for (unsigned i = 0; i < N_ROWS; i++) {
    rv_insn_row *r = &rows[i];
    unsigned n = rv_picture(r->pattern, &r->mask, &r->match);
    assert(n == (r->compressed ? 16 : 32));
    if (!r->compressed)
      row_of_op[r->base_op] = (uint16_t)i;
    else
      r->kind = rows[row_of_op[r->base_op]].kind;
  }
}

static void compile_buckets(void)
{
  unsigned n = 0;
  for (unsigned b = 0; b < N_BUCKETS; b++) {
    uint32_t mask, key = bucket_key(b, &mask);
    start[b] = (uint16_t)n;
    for (unsigned i = 0; i < N_ROWS; i++)
      if (rows[i].compressed == (b >= 256) && !((key ^ rows[i].match) & mask & rows[i].mask)) {
        assert(n < POOL);
        pool[n++] = (uint16_t)i;
      }
  }
  start[N_BUCKETS] = (uint16_t)n;
}

static void build(void)
{
  for (unsigned i = 0; i < N_OPERANDS; i++)
    compile_operand(&operands[i]);
  for (unsigned i = 0; i < N_FORMATS; i++) {
    rv_compile_syntax(formats[i].syntax, formats[i].code, sizeof formats[i].code);
    rv_compile_syntax(formats[i].implied, formats[i].hidden, sizeof formats[i].hidden);
  }
  compile_rows();
  compile_buckets();
}

void rv_decode_init(void)
{
  static once_flag once = ONCE_FLAG_INIT;
  call_once(&once, build);
}

const rv_operand *rv_operand_at(unsigned id) { return &operands[id]; }
const rv_format *rv_format_at(unsigned id) { return &formats[id]; }

const rv_insn_row *rv_insn_rows(unsigned *n)
{
  rv_decode_init();
  *n = N_ROWS;
  return rows;
}

int32_t rv_operand_get(const rv_operand *o, uint32_t word)
{
  uint32_t value = 0;
  for (unsigned i = 0; i < o->n_bits; i++) {
    const rv_bits *b = &o->bits[i];
    value |= (word >> b->insn_lo & ((1u << b->width) - 1)) << b->value_lo;
  }
  if (o->is_signed)
    value = (uint32_t)((int32_t)(value << (32 - o->top)) >> (32 - o->top));
  return (int32_t)(value + o->plus);
}

uint32_t rv_operand_put(const rv_operand *o, int32_t value)
{
  uint32_t word = 0, v = (uint32_t)value - o->plus;
  for (unsigned i = 0; i < o->n_bits; i++) {
    const rv_bits *b = &o->bits[i];
    word |= (v >> b->value_lo & ((1u << b->width) - 1)) << b->insn_lo;
  }
  return word;
}

int32_t rv_operand_default(const rv_operand *o) { return o->rule == RULE_DYN ? 7 : 0; }

static int32_t slot_get(const rv_insn *in, unsigned slot)
{
  switch (slot) {
  case SLOT_RD:
    return in->rd;
  case SLOT_RS1:
    return in->rs1;
  case SLOT_RS2:
    return in->rs2;
  case SLOT_RS3:
    return in->rs3;
  case SLOT_RM:
    return in->rm;
  case SLOT_IMM:
    return in->imm;
  default:
    return 0;
  }
}

static void slot_put(rv_insn *in, unsigned slot, int32_t value)
{
  switch (slot) {
  case SLOT_RD:
    in->rd = (uint8_t)value;
    break;
  case SLOT_RS1:
    in->rs1 = (uint8_t)value;
    break;
  case SLOT_RS2:
    in->rs2 = (uint8_t)value;
    break;
  case SLOT_RS3:
    in->rs3 = (uint8_t)value;
    break;
  case SLOT_RM:
    in->rm = (uint8_t)value;
    break;
  case SLOT_IMM:
    in->imm = value;
    break;
  }
}

/* Fills the operands in code; false if one breaks its rule: these bits are not this row's. */
static bool get_operands(const uint8_t *code, rv_insn *in)
{
  for (; *code; code++) {
    if (*code < RV_OPERAND)
      continue;
    const rv_operand *o = &operands[*code - RV_OPERAND];
    int32_t value = rv_operand_get(o, in->raw);
    if ((o->rule == RULE_NOT0 && value == 0) || (o->rule == RULE_NOT2 && value == 2))
      return false;
    slot_put(in, o->slot, value);
  }
  return true;
}

bool rv_decode(uint32_t bits, rv_insn *out)
{
  rv_decode_init();
  uint8_t len = (bits & 3) == 3 ? 4 : 2;
  uint32_t word = len == 4 ? bits : bits & 0xffff;
  unsigned b = bucket_of(word);
  for (unsigned i = start[b]; i < start[b + 1]; i++) {
    const rv_insn_row *r = &rows[pool[i]];
    if ((word & r->mask) != r->match)
      continue;
    *out = (rv_insn){ .op = r->base_op, .row = pool[i], .len = len, .raw = word };
    const rv_format *f = &formats[r->fmt];
    if (get_operands(f->code, out) && get_operands(f->hidden, out))
      return true;
  }
  *out = (rv_insn){ .op = OP_none, .len = len, .raw = word };
  return false;
}

bool rv_decode_for(uint64_t ext, uint32_t bits, rv_insn *out)
{
  /* A compressed one needs the extension of what it is executed as, too: c.sext.b needs Zbb. */
  if (rv_decode(bits, out) && ext >> rows[out->row].ext_id & 1 &&
      ext >> rows[out->row].also_id & 1 && ext >> rows[row_of_op[out->op]].ext_id & 1)
    return true;
  *out = (rv_insn){ .op = OP_none, .len = out->len, .raw = out->raw };
  return false;
}

uint32_t rv_expand(uint16_t compressed)
{
  rv_insn in;
  if ((compressed & 3) == 3 || !rv_decode(compressed, &in))
    return 0;
  const rv_insn_row *base = &rows[row_of_op[in.op]];
  uint32_t word = base->match;
  for (const uint8_t *code = formats[base->fmt].code; *code; code++) {
    if (*code < RV_OPERAND)
      continue;
    const rv_operand *o = &operands[*code - RV_OPERAND];
    word |= rv_operand_put(o, slot_get(&in, o->slot));
  }
  return word;
}
