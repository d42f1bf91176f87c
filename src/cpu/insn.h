/* insn.h - what an instruction is: decoded form, decoder, disassembler, assembler.
 *
 * All of it comes from insn.def (the instructions) and operand.def (their operands). Text follows
 * the RISC-V assembly programmer's manual and binutils, with ABI register names.
 */
#ifndef RV_INSN_H
#define RV_INSN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What executes; compressed encodings decode to the same ones. */
enum rv_opcode {
  OP_none,
#define INSN(op, ...) OP_##op,
#include "cpu/insn.def"
  N_OPS
};

/* Shape of an instruction's body, the `kind` column. */
enum rv_insn_kind {
  RV_KIND_RR,
  RV_KIND_RI,
  RV_KIND_LUI,
  RV_KIND_AUIPC,
  RV_KIND_BRANCH,
  RV_KIND_JAL,
  RV_KIND_JALR,
  RV_KIND_LOAD,
  RV_KIND_STORE,
  RV_KIND_FLOAD,
  RV_KIND_FSTORE,
  RV_KIND_AMO,
  RV_KIND_FF,
  RV_KIND_XF,
  RV_KIND_FX,
  RV_KIND_FI,
  RV_KIND_NOP,
  RV_KIND_CSR,
  RV_KIND_HLV,
  RV_KIND_SYS,
};

/* A decoded instruction. Fields its format does not have are 0. */
typedef struct {
  uint16_t op;          /* enum rv_opcode */
  uint16_t row;         /* index into rv_insn_rows */
  uint8_t len;          /* 2 or 4 */
  uint8_t rd, rs1, rs2; /* x or f registers; csrr*i: rs1 is the 5-bit immediate */
  uint8_t rs3;
  uint8_t rm;   /* rounding mode as encoded (5, 6 reserved, 7 dynamic); AMO: aq * 2 + rl */
  int32_t imm;  /* sign-extended; lui, auipc: shifted already; csr*: the CSR's number */
  uint32_t raw; /* the bits; a 16-bit instruction's zero-extended */
} rv_insn;

/* One row of insn.def. */
typedef struct {
  const char *text, *pattern, *ext, *spec, *brief;
  uint8_t fmt, kind; /* kind: of the base instruction */
  uint8_t ext_id;    /* rv_ext */
  uint8_t also_id;   /* another one that it needs, or the same */
  uint16_t base_op;  /* what it executes as */
  uint32_t mask, match;
  bool compressed;
} rv_insn_row;

/* Builds the lookup; called by the functions below, any number of times, from any thread. */
void rv_decode_init(void);

/* Decodes what is at bits' low end; of a 16-bit instruction the upper half is ignored. False: no
 * such instruction; out->len and out->raw are valid all the same. */
bool rv_decode(uint32_t bits, rv_insn *out);

/* The same for a hart that has the extensions ext (rv_choices.ext): others do not exist. */
bool rv_decode_for(uint64_t ext, uint32_t bits, rv_insn *out);

/* The 32-bit encoding of a compressed instruction's base form, as transformed instructions in
 * htinst are built on it [H-143]; 0 if there is no such instruction. */
uint32_t rv_expand(uint16_t compressed);

const rv_insn_row *rv_insn_rows(unsigned *n);

/* Text as binutils prints it, aliases preferred ("ret", "csrr a1,mhartid", compressed ones as
 * their base form). Undecodable: ".word 0x..." or ".short 0x...". Returns the length as snprintf.
 */
size_t rv_disasm(char *buf, size_t size, uint64_t pc, uint32_t bits);

/* The same without aliases: rv_asm gives these bits back. */
size_t rv_disasm_raw(char *buf, size_t size, uint64_t pc, uint32_t bits);

/* Assembles one instruction as rv_disasm_raw writes it; ABI names or x0-x31, numbers as in C,
 * targets as absolute addresses. False: error says why. */
bool rv_asm(const char *text, uint64_t pc, uint32_t *bits, unsigned *len, char *error,
            size_t error_size);

/* priv/csr.c: the CSR's name, NULL if there is none. */
const char *rv_csr_name(unsigned csr);
#endif
