/* run_tail.c - the fast engine: every handler ends in a tail call to the next op's handler.
 *
 * The signature is tail.h's. Slow functions are noipa and tail-called with the same one, or the
 * handlers would grow prologues (tools/check-hot.py looks). Where blocks have code of their own
 * (native.h), that is what op->h leads to, and these handlers do the rest.
 */
#ifndef RVH_DISPATCH_SWITCH
#include "cpu/fp.h"
#include "cpu/run.h"
#include "cpu/slow.h"
#include "cpu/tail.h"

#define OUT_OF_BUDGET s_leave
#define NO_JUMP s_jump
static rv_handler s_leave, s_jump;

static __attribute__((noipa)) void s_leave(RV_ARGS)
{
  rv_leave_at(HART, op, budget);
}

/* Goes on at the op that a function of run.c returned; NULL: out of the loop. */
#define GO_ON(next)                                                                                \
  do {                                                                                             \
    op = (next);                                                                                   \
    if (!op)                                                                                       \
      return;                                                                                      \
    budget = HART->limit - HART->icount;                                                           \
    bank = (char *)HART->bank;                                                                     \
    ENTER;                                                                                         \
  } while (0)

/* Goes on at h->pc; h->icount is exact. */
static __attribute__((noipa)) void s_enter(RV_ARGS) { GO_ON(rv_enter(HART)); }

/* These come from the end of a segment: all of what was counted has run. */
static __attribute__((noipa)) void s_jump(RV_ARGS)
{
  HART->icount = HART->limit - budget;
  GO_ON(rv_enter(HART));
}

static __attribute__((noipa)) void s_cross(RV_ARGS)
{
  HART->icount = HART->limit - budget;
  GO_ON(rv_follow_cross(HART, op));
}

static __attribute__((noipa)) void s_stub(RV_ARGS)
{
  HART->icount = HART->limit - budget;
  GO_ON(rv_follow_stub(HART, op));
}

/* The head of a block that was overwritten: back, and look it up. */
static __attribute__((noipa)) void s_stale(RV_ARGS)
{
  rv_leave_at(HART, op, budget);
  GO_ON(rv_enter(HART));
}

static __attribute__((noipa)) void s_break(RV_ARGS)
{
  HART->icount = HART->limit - budget;
  GO_ON(rv_at_break(HART, op));
}

/* ---- slow functions under the handlers' signature ---- */

#define CALL_SLOW(name)                                                                            \
  static __attribute__((noipa)) void s_##name(RV_ARGS)                                             \
  {                                                                                                \
    if (!rv_slow_##name(HART, op, budget))                                                         \
      return s_enter(PASS);                                                                        \
    t1 = x[op->rd]; /* the next one's code may have its operand from there */                      \
    op++;                                                                                          \
    return ((rv_handler *)op->h)(PASS);                                                            \
  }
#undef SLOW_DECLARE
#define SLOW_DECLARE(name) CALL_SLOW(name)
#define INSN(op, text, picture, format, kind, ext, spec, brief) SLOW_##kind(op)
#include "cpu/insn.def"
CALL_SLOW(undefined)

/* ---- handlers ---- */

#define HANDLER_ATTRIBUTES static
#define CASE(name) static void h_##name(RV_ARGS)
#define NEXT do { op++; DISPATCH; } while (0)
#define TAKEN do { op = ((const rv_link *)(op + 1))->target; ENTER; } while (0)
#define FALL do { op += 3; ENTER; } while (0)
#define SLOW(name) do { FREE_REGISTERS; return s_##name(PASS); } while (0)
#include "cpu/handlers.h"
#ifdef __x86_64__
#include "cpu/exec_host.h"
#endif

CASE(X_undefined) { SLOW(undefined); }
CASE(X_goto) { TAKEN; }
CASE(X_link) { return s_stub(PASS); }
CASE(X_stale) { return s_stale(PASS); }
CASE(X_break) { return s_break(PASS); }
CASE(X_cross)
{
  const rv_cross *c = (const rv_cross *)((char *)op - offsetof(rv_cross, op));
  if (unlikely(c->gen != HART->gen || c->vbase != HART->vbase))
    return s_cross(PASS);
  HART->vbase = (HART->vbase + IMM) & ~RV_PAGE_MASK;
  op = c->target;
  ENTER;
}

#define EVERY_ENGINE                                                                               \
  [X_undefined] = h_X_undefined, [X_goto] = h_X_goto,   [X_link] = h_X_link,                       \
  [X_cross] = h_X_cross,         [X_stale] = h_X_stale, [X_break] = h_X_break,

static const void *const slow[] = {
#undef SLOW_DECLARE
#define SLOW_DECLARE(name) [OP_##name] = s_##name,
#define INSN(op, text, picture, format, kind, ext, spec, brief) SLOW_##kind(op)
#include "cpu/insn.def"
  [X_undefined] = s_undefined,
};

#define INSN(op, ...) [OP_##op] = h_##op,
#ifdef __x86_64__
#define HOST(op, rm) [X_host + OP_##op] = h_host_##op,
static const void *const handlers[N_HANDLERS] = {
#include "cpu/insn.def"
#include "cpu/host.def"
  EVERY_ENGINE
};

/* A host without FMA: rounding twice would be wrong. */
#define INSN(op, ...) [OP_##op] = h_##op,
#define HOST(op, rm) [X_host + OP_##op] = h_host_##op,
#define HOST_FMA(op, rm)
static const void *const handlers_without_fma[N_HANDLERS] = {
#include "cpu/insn.def"
#include "cpu/host.def"
  EVERY_ENGINE
};
#else
static const void *const handlers[N_HANDLERS] = {
#include "cpu/insn.def"
  EVERY_ENGINE
};
#endif

#define ENGINE(table)                                                                              \
  {                                                                                                \
    .handlers = table, .slow = slow, .leave = s_leave, .stale = s_stale, .jump = s_jump            \
  }
static const rv_engine engine = ENGINE(handlers);
#ifdef __x86_64__
static const rv_engine engine_without_fma = ENGINE(handlers_without_fma);

const rv_engine *rv_engine_here(void)
{
  return __builtin_cpu_supports("fma") ? &engine : &engine_without_fma;
}
#else
const rv_engine *rv_engine_here(void) { return &engine; }
#endif

void rv_run(rv_hart *h, int64_t budget)
{
  h->limit = h->icount + budget;
  rv_fp_enter(h);
  s_enter(NULL, h->x, 0, 0, NULL, budget);
  rv_fp_leave(h);
}
#endif
