/* operand.h - operands and formats in compiled form, shared by decode.c, disasm.c and asm.c. */
#ifndef RV_OPERAND_H
#define RV_OPERAND_H
#include "cpu/insn.h"

enum rv_slot { SLOT_NONE, SLOT_RD, SLOT_RS1, SLOT_RS2, SLOT_RS3, SLOT_RM, SLOT_IMM };
enum rv_style {
  STYLE_X,
  STYLE_F,
  STYLE_DEC,
  STYLE_HEX,
  STYLE_UPPER,
  STYLE_TARGET,
  STYLE_CSR,
  STYLE_RM,
  STYLE_ORDER,
  STYLE_SUFFIX,
  STYLE_FLI
};
enum rv_rule { RULE_ANY, RULE_NOT0, RULE_NOT2, RULE_SAME, RULE_DYN };

enum rv_operand_id {
#define OPERAND(id, ...) OPERAND_##id,
#include "cpu/operand.def"
  N_OPERANDS
};
enum rv_format_id {
#define FORMAT(id, ...) FORMAT_##id,
#include "cpu/operand.def"
  N_FORMATS
};

/* `width` bits of the value from `value_lo` up are the instruction's bits from `insn_lo` up. */
typedef struct {
  uint8_t insn_lo, value_lo, width;
} rv_bits;

typedef struct {
  const char *name, *layout;
  uint8_t slot, style, rule;
  int16_t plus;
  bool is_signed;
  uint8_t top; /* bits of the value, sign included */
  uint8_t n_bits;
  rv_bits bits[8];
} rv_operand;

/* A syntax in compiled form: characters as they are, operands as RV_OPERAND + id; 0 ends it. */
enum { RV_OPERAND = 0x80 };
typedef struct {
  const char *syntax, *implied;
  uint8_t code[24];  /* syntax */
  uint8_t hidden[4]; /* implied operands */
} rv_format;

const rv_operand *rv_operand_at(unsigned id);
const rv_format *rv_format_at(unsigned id);

/* Compiles a syntax of operand names and punctuation; code has room for size bytes. */
void rv_compile_syntax(const char *syntax, uint8_t *code, size_t size);

int32_t rv_operand_get(const rv_operand *o, uint32_t word);
uint32_t rv_operand_put(const rv_operand *o, int32_t value);
int32_t rv_operand_default(const rv_operand *o);

/* Mask and match of a bit picture; returns its number of bits. */
unsigned rv_picture(const char *picture, uint32_t *mask, uint32_t *match);

/* Names by number: ABI x and f registers, rounding modes. */
extern const char *const rv_x_names[32], *const rv_f_names[32], *const rv_rm_names[8];
extern const char *const rv_aqrl_names[4]; /* by aq * 2 + rl */
#endif
