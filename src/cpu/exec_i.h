/* exec_i.h - what RV64I instructions do: one body per row of insn.def, and nothing else.
 *
 * A body is a function of operand values without control flow of its own; the engines wrap it
 * (handlers.h). RR and RI return rd, BRANCH returns whether it is taken, LOAD and STORE name the
 * type in memory (a signed type sign-extends).
 */
RR(add) { return a + b; }
RR(sub) { return a - b; }
RR(sll) { return a << (b & 63); }
RR(srl) { return a >> (b & 63); }
RR(sra) { return (int64_t)a >> (b & 63); }
RR(slt) { return (int64_t)a < (int64_t)b; }
RR(sltu) { return a < b; }
RR(xor) { return a ^ b; }
RR(or) { return a | b; }
RR(and) { return a & b; }
RR(addw) { return sext32(a + b); }
RR(subw) { return sext32(a - b); }
RR(sllw) { return sext32((uint32_t)a << (b & 31)); }
RR(srlw) { return sext32((uint32_t)a >> (b & 31)); }
RR(sraw) { return sext32((int32_t)a >> (b & 31)); }

RI(addi) { return a + imm; }
RI(slti) { return (int64_t)a < imm; }
RI(sltiu) { return a < (uint64_t)imm; }
RI(xori) { return a ^ imm; }
RI(ori) { return a | imm; }
RI(andi) { return a & imm; }
RI(slli) { return a << (imm & 63); }
RI(srli) { return a >> (imm & 63); }
RI(srai) { return (int64_t)a >> (imm & 63); }
RI(addiw) { return sext32(a + imm); }
RI(slliw) { return sext32((uint32_t)a << (imm & 31)); }
RI(srliw) { return sext32((uint32_t)a >> (imm & 31)); }
RI(sraiw) { return sext32((int32_t)a >> (imm & 31)); }

BRANCH(beq) { return a == b; }
BRANCH(bne) { return a != b; }
BRANCH(blt) { return (int64_t)a < (int64_t)b; }
BRANCH(bge) { return (int64_t)a >= (int64_t)b; }
BRANCH(bltu) { return a < b; }
BRANCH(bgeu) { return a >= b; }

LOAD(lb, int8_t)
LOAD(lh, int16_t)
LOAD(lw, int32_t)
LOAD(ld, uint64_t)
LOAD(lbu, uint8_t)
LOAD(lhu, uint16_t)
LOAD(lwu, uint32_t)
STORE(sb, uint8_t)
STORE(sh, uint16_t)
STORE(sw, uint32_t)
STORE(sd, uint64_t)
