/* stencil.c - the handlers once more, as pieces of machine code without operands.
 *
 * Not linked into anything: tools/make-stencils.py reads the object file, and native.c copies the
 * pieces one after the other into a block's code and fills the holes. A hole is a symbol that is
 * defined nowhere: the compiler leaves a relocation where its address would be. The bodies are
 * those of the other engines. Compiled for gcc's kernel code model, where the address of a symbol
 * is a sign-extended 32-bit constant, as immediates and displacements are.
 */
#include "cpu/fp.h"
#include "cpu/tail.h"
#include <string.h>

/* Displacements from x of the operands' registers; constants. */
extern const char HOLE_rd[], HOLE_rs1[], HOLE_rs2[], HOLE_fd[], HOLE_fs1[], HOLE_fs2[], HOLE_fs3[];
extern const char HOLE_imm[], HOLE_next_offset[];
#define AT(hole) (*(uint64_t *)((char *)x + (intptr_t)(hole)))
#define RV_OPERANDS_ELSEWHERE
#define RD AT(HOLE_rd)
#define FD AT(HOLE_fd)
#define FS1 AT(HOLE_fs1)
#define FS2 AT(HOLE_fs2)
#define FS3 AT(HOLE_fs3)
#define IMM ((int64_t)(intptr_t)HOLE_imm)
#define NEXT_OFFSET ((int64_t)(intptr_t)HOLE_next_offset)

/* Places to go on at. What is cold is moved out of the way, behind the block's code. */
#define COLD __attribute__((cold))
rv_handler HOLE_next, HOLE_slow COLD, HOLE_taken COLD, HOLE_jump COLD, HOLE_leave COLD;

/* The op is dead while its code runs: where it is needed, its address is a constant. */
#define LEAVE_FOR(place)                                                                           \
  do {                                                                                             \
    __asm__("" : "=r"(op), "=r"(t1), "=r"(t2));                                                    \
    return place(PASS);                                                                            \
  } while (0)
#define NEED_OP __asm__("lea HOLE_op(%%rip), %0" : "=r"(op))
#define LEAVE_WITH_OP(place)                                                                       \
  do {                                                                                             \
    FREE_REGISTERS;                                                                                \
    NEED_OP;                                                                                       \
    return place(PASS);                                                                            \
  } while (0)

/* Results stay in t1, too, for the instruction that follows: it may have them from there. */
#define GIVE(value)                                                                                \
  do {                                                                                             \
    RD = t1 = (value);                                                                             \
    __asm__("" : "=r"(op), "=r"(t2));                                                              \
    return HOLE_next(PASS);                                                                        \
  } while (0)

#define HANDLER_ATTRIBUTES
#define NEXT LEAVE_FOR(HOLE_next)
#define FALL LEAVE_FOR(HOLE_next)
#define TAKEN LEAVE_FOR(HOLE_taken)
#define SLOW(name) LEAVE_WITH_OP(HOLE_slow)
#define NO_JUMP HOLE_jump
#define OUT_OF_BUDGET HOLE_leave

#define CASE(name) void h_##name(RV_ARGS)
#define RS1 AT(HOLE_rs1)
#define RS2 AT(HOLE_rs2)
#include "cpu/handlers.h"
#include "cpu/exec_host.h"
CASE(X_goto) { TAKEN; }
CASE(X_undefined) { SLOW(undefined); }

/* Forms that have one operand from t1: 1 rs1, 2 rs2, 3 rs1 and an immediate that is 0. */
#undef CASE
#undef RS1
#define CASE(name) void h1_##name(RV_ARGS)
#define RS1 t1
#define INSN(op, text, picture, format, kind, ext, spec, brief) WRAP_##kind(op)
#include "cpu/insn.def"
#undef CASE
#undef RS1
#undef RS2
#define CASE(name) void h2_##name(RV_ARGS)
#define RS1 AT(HOLE_rs1)
#define RS2 t1
#define INSN(op, text, picture, format, kind, ext, spec, brief) WRAP_##kind(op)
#include "cpu/insn.def"

#undef CASE
#undef RS1
#undef RS2
#undef IMM
#define CASE(name) void h3_##name(RV_ARGS)
#define RS1 t1
#define RS2 AT(HOLE_rs2)
#define IMM 0
#define INSN(op, text, picture, format, kind, ext, spec, brief) WRAP_##kind(op)
#include "cpu/insn.def"
