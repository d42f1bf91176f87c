/* run_switch.c - the same handlers under a switch: for -O0 and the sanitizers, where tail calls
 * would grow the stack.
 */
#ifdef RVH_DISPATCH_SWITCH
#include "cpu/run.h"
#include "cpu/slow.h"
#include "mmu/mmu.h"

#define RV_HANDLERS_ELSEWHERE
#include "cpu/handlers.h"

#define ENTER                                                                                      \
  do {                                                                                             \
    budget -= ((const rv_seg *)op - 1)->n;                                                         \
    if (budget < 0) {                                                                              \
      rv_leave_at(h, op, budget);                                                                  \
      return;                                                                                      \
    }                                                                                              \
    goto dispatch;                                                                                 \
  } while (0)
#define CASE(name) case OP_##name:
#define NEXT do { op++; goto dispatch; } while (0)
#define TAKEN do { op = ((const rv_link *)(op + 1))->target; ENTER; } while (0)
#define FALL do { op += 3; ENTER; } while (0)
#define SLOW(name)                                                                                 \
  do {                                                                                             \
    if (rv_slow_##name(h, op, budget))                                                            \
      NEXT;                                                                                        \
    goto enter;                                                                                    \
  } while (0)
#define JUMP(t)                                                                                    \
  do {                                                                                             \
    h->pc = (t);                                                                                   \
    h->icount = h->limit - budget;                                                                 \
    goto enter;                                                                                    \
  } while (0)

void rv_run(rv_hart *h, int64_t budget)
{
  uint64_t *const x = h->x;
  rv_op *op;
  char *bank;
  h->limit = h->icount + budget;
enter:
  op = rv_enter(h);
entered:
  if (!op)
    return;
  budget = h->limit - h->icount;
  bank = (char *)h->bank;
  ENTER;
dispatch:
  switch ((uintptr_t)op->h) {
#define INSN(op, text, picture, format, kind, ext, spec, brief) WRAP_##kind(op)
#include "cpu/insn.def"
  case X_undefined:
    SLOW(undefined);
  case X_goto:
    TAKEN;
  case X_link:
    h->icount = h->limit - budget;
    op = rv_follow_stub(h, op);
    goto entered;
  case X_stale:
    rv_leave_at(h, op, budget);
    goto enter;
  case X_break:
    h->icount = h->limit - budget;
    op = rv_at_break(h, op);
    goto entered;
  case X_cross: {
    const rv_cross *c = (const rv_cross *)((char *)op - offsetof(rv_cross, op));
    if (c->gen != h->gen || c->vbase != h->vbase) {
      h->icount = h->limit - budget;
      op = rv_follow_cross(h, op);
      goto entered;
    }
    h->vbase = (h->vbase + IMM) & ~RV_PAGE_MASK;
    op = c->target;
    ENTER;
  }
  }
  __builtin_unreachable();
}

static const void *const handlers[N_HANDLERS] = {
#define INSN(op, ...) [OP_##op] = (void *)OP_##op,
#include "cpu/insn.def"
  [X_undefined] = (void *)X_undefined, [X_goto] = (void *)X_goto, [X_link] = (void *)X_link,
  [X_cross] = (void *)X_cross,         [X_stale] = (void *)X_stale, [X_break] = (void *)X_break,
};

static const rv_engine engine = { .handlers = handlers };

const rv_engine *rv_engine_here(void) { return &engine; }
#endif
