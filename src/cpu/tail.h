/* tail.h - how the handlers of the fast engine call each other: always last, with one signature.
 *
 * So the machine's state stays in registers: the integer registers (which begin the hart), the
 * bank, the budget. t1 and t2 hold nothing between handlers (but see stencil.c: t1 is the last
 * result): they are arguments so that a handler may use the registers that the host's
 * multiplications and shifts want. gcc -O2 turns the calls into jumps. Included by run_tail.c,
 * whose handlers find their operands in op, and by stencil.c, whose code has them inside.
 */
#ifndef RV_TAIL_H
#define RV_TAIL_H
#include "cpu/block.h"
#include "mmu/mmu.h"

#define HART ((rv_hart *)x)
#define RV_ARGS rv_op *op, uint64_t *x, uint64_t t1, uint64_t t2, char *bank, int64_t budget
#define PASS op, x, t1, t2, bank, budget
typedef void rv_handler(RV_ARGS);

/* Nothing has to be kept in t1 and t2. */
#define FREE_REGISTERS __asm__("" : "=r"(t1), "=r"(t2))

#define DISPATCH                                                                                   \
  do {                                                                                             \
    FREE_REGISTERS;                                                                                \
    return ((rv_handler *)op->h)(PASS);                                                            \
  } while (0)

/* At a segment's first op: all of the segment is counted here. OUT_OF_BUDGET: where to otherwise.
 */
#define ENTER                                                                                      \
  do {                                                                                             \
    budget -= ((const rv_seg *)op - 1)->n;                                                         \
    if (unlikely(budget < 0)) {                                                                    \
      FREE_REGISTERS;                                                                              \
      return OUT_OF_BUDGET(PASS);                                                                  \
    }                                                                                              \
    DISPATCH;                                                                                      \
  } while (0)

/* At the block head for virtual address t, if the jump cache knows it; else NO_JUMP. */
#define JUMP(t)                                                                                    \
  do {                                                                                             \
    const rv_jce *e = (const rv_jce *)(bank + offsetof(rv_bank, jc) +                              \
                                       ((t) << 3 & (uint64_t)(RV_JC_SIZE - 1) << 4));              \
    if (unlikely(e->va != (t))) {                                                                  \
      HART->pc = (t);                                                                              \
      FREE_REGISTERS;                                                                              \
      return NO_JUMP(PASS);                                                                        \
    }                                                                                              \
    HART->vbase = (t) & ~RV_PAGE_MASK;                                                             \
    op = e->op;                                                                                    \
    ENTER;                                                                                         \
  } while (0)
#endif
