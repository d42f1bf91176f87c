/* run_step.c - one instruction at a time: single steps, per-instruction observers, and the last
 * instructions before an exact point. The same handlers, on one op made for the occasion.
 */
#include "cpu/event.h"
#include "cpu/run.h"
#include "cpu/slow.h"
#include "mmu/access.h"
#include "mmu/mmu.h"
#include "priv/tell.h"
#include "priv/trap.h"

#define RV_HANDLERS_ELSEWHERE
#define TOUCHED(va, size, write, value) rv_touched(h, va, size, write, value)
#include "cpu/handlers.h"

/* Where the instruction leads, if no slow function decided it. */
#define GO(address) do { h->pc = (address); h->icount++; return; } while (0)
#define CASE(name) case OP_##name:
#define NEXT GO(next)
#define TAKEN GO(h->vbase + (int64_t)((const rv_link *)(op + 1))->off)
#define FALL NEXT
#define JUMP(t) GO(t)
#define SLOW(name)                                                                                 \
  do {                                                                                             \
    /* budget 0: limit is icount + 1, and the one instruction is counted */                       \
    if (rv_slow_##name(h, op, 0))                                                            \
      NEXT;                                                                                        \
    return;                                                                                        \
  } while (0)

static void execute(rv_hart *h, rv_op *op, uint64_t next)
{
  uint64_t *const x = h->x;
  char *const bank = (char *)h->bank;
  switch ((uintptr_t)op->h) {
#define INSN(op, text, picture, format, kind, ext, spec, brief) WRAP_##kind(op)
#include "cpu/insn.def"
  default:
    SLOW(undefined);
  }
}

/* Fetches the bits at h->pc; a second page is asked only if the instruction reaches into it. */
static bool fetch(rv_hart *h, uint32_t *raw)
{
  rv_place p;
  uint16_t half[2] = { 0, 0 };
  for (unsigned i = 0; i < 2; i++) {
    if (!rv_fetch_place(h, h->pc + 2 * i, 2, &p))
      return false;
    memcpy(&half[i], p.host, 2);
    if ((half[0] & 3) != 3)
      break;
  }
  *raw = half[0] | (uint32_t)half[1] << 16;
  return true;
}

static void tell(rv_hart *h, uint32_t raw)
{
  rv_event e = rv_event_here(h, RV_EV_INSN);
  e.raw = raw;
  e.has_raw = true;
  rv_tell(h, &e);
}

/* The instruction began in the state of e, and nothing of it trapped. */
static void tell_commit(rv_hart *h, rv_event *e)
{
  e->to_prv = h->prv;
  e->to_v = h->v;
  e->dest = h->pc;
  e->u.commit.touch = h->did.touch;
  e->u.commit.n_touch = h->did.n_touch;
  e->u.commit.fp_flags = h->did.fp_flags;
  rv_tell(h, e);
}

/* execute() for an observer of RV_EV_COMMIT. */
static __attribute__((noinline)) void execute_noted(rv_hart *h, rv_op *op, uint64_t next,
                                                    uint32_t raw)
{
  const uint64_t unretired = h->unretired;
  rv_event e = rv_event_here(h, RV_EV_COMMIT);
  e.raw = raw;
  e.has_raw = true;
  e.u.commit.mstatus = h->csr.mstatus;
  e.u.commit.vsstatus = h->s[1].status;
  h->did.n_touch = 0;
  h->did.fp_flags = false;
  execute(h, op, next);
  if (h->unretired == unretired)
    tell_commit(h, &e);
}

void rv_step(rv_hart *h)
{
  struct {
    rv_seg seg;
    rv_op op;
    rv_link link;
  } one = { .seg = { .n = 1, .pcoff = h->pc & RV_PAGE_MASK } };
  uint32_t raw;
  rv_insn d;
  h->end_block = false;
  if (!fetch(h, &raw)) {
    rv_take_trap(h, &h->trap);
    return;
  }
  if (rv_decode_for(h->choice.ext, raw, &d)) {
    rv_op_single(&d, h->pc, &one.op, &one.link);
  } else {
    one.op = (rv_op){ .h = (const void *)X_undefined, .imm = d.raw };
  }
  one.seg.len4 = d.len == 4;
  h->vbase = h->pc & ~RV_PAGE_MASK;
  h->limit = h->icount + 1;
  if (unlikely(h->observe & 1ull << RV_EV_INSN))
    tell(h, d.raw);
  if (unlikely(h->observe & 1ull << RV_EV_COMMIT))
    execute_noted(h, &one.op, h->pc + d.len, d.raw);
  else
    execute(h, &one.op, h->pc + d.len);
  h->end_block = false;
}
