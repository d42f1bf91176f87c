/* slow.h - what the engines call when an instruction cannot be done inline: TLB misses, devices,
 * atomics, floating point, CSRs and everything privileged. Defined once, in slow.c.
 *
 * Each returns true if execution goes on with the next op; false if it goes on at h->pc by lookup
 * (jump, trap, or the block must end): then h->icount is exact, and what is left of the budget is
 * h->limit - h->icount. (The budget is passed by value: a pointer to it would forbid tail calls.)
 */
#ifndef RV_SLOW_H
#define RV_SLOW_H
#include "cpu/block.h"

#define SLOW_RR(op)
#define SLOW_RI(op)
#define SLOW_LUI(op)
#define SLOW_AUIPC(op)
#define SLOW_BRANCH(op)
#define SLOW_JAL(op)
#define SLOW_JALR(op)
#define SLOW_NOP(op)
#define SLOW_DECLARE(name) bool rv_slow_##name(rv_hart *h, rv_op *op, int64_t budget);
#define SLOW_LOAD(op) SLOW_DECLARE(op)
#define SLOW_STORE(op) SLOW_DECLARE(op)
#define SLOW_FLOAD(op) SLOW_DECLARE(op)
#define SLOW_FSTORE(op) SLOW_DECLARE(op)
#define SLOW_AMO(op) SLOW_DECLARE(op)
#define SLOW_FF(op) SLOW_DECLARE(op)
#define SLOW_XF(op) SLOW_DECLARE(op)
#define SLOW_FX(op) SLOW_DECLARE(op)
#define SLOW_FI(op) SLOW_DECLARE(op)
#define SLOW_CSR(op) SLOW_DECLARE(op)
#define SLOW_HLV(op) SLOW_DECLARE(op)
#define SLOW_SYS(op) SLOW_DECLARE(op)
#define INSN(op, text, picture, format, kind, ext, spec, brief) SLOW_##kind(op)
#include "cpu/insn.def"
SLOW_DECLARE(undefined)
#endif
