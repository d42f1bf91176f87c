/* run.c - what the engines share: entering blocks, links between them, leaving. */
#include "cpu/run.h"
#include "mmu/access.h"
#include "mmu/tlb.h"
#include "priv/trap.h"

static rv_op *cached(const rv_hart *h)
{
  const rv_jce *e = &h->bank->jc[h->pc >> 1 & (RV_JC_SIZE - 1)];
  return e->va == h->pc && e->op->h != h->code->engine->handlers[X_stale] ? e->op : NULL;
}

rv_op *rv_enter(rv_hart *h)
{
  for (;;) {
    rv_op *op;
    h->end_block = false;
    if (h->attention || h->leave || h->icount >= h->limit)
      return NULL;
    op = cached(h);
    if (!op) {
      unsigned fence_shift;
      h->stat.lookups++;
      switch (rv_block_get(h, h->pc, &op, &fence_shift)) {
      case RV_BLOCK_OK:
        rv_jc_fill(h, h->pc, op, fence_shift);
        break;
      case RV_BLOCK_FAULT:
        rv_take_trap(h, &h->trap);
        continue;
      case RV_BLOCK_STEP: {
        const uint64_t limit = h->limit;
        rv_step(h);
        h->limit = limit;
        continue;
      }
      }
    }
    h->vbase = h->pc & ~RV_PAGE_MASK;
    return op;
  }
}

rv_op *rv_follow_cross(rv_hart *h, rv_op *op)
{
  rv_cross *c = (rv_cross *)((char *)op - offsetof(rv_cross, op));
  const uint64_t vbase = h->vbase, to = vbase + (int64_t)op->imm, retired = h->code->retired;
  h->pc = to;
  h->stat.crosses++;
  rv_op *target = rv_enter(h);
  /* A fault on the way has led elsewhere; a retired arena has taken the link with it. */
  if (target && h->pc == to && h->code->retired == retired) {
    c->target = target;
    c->vbase = vbase;
    c->gen = h->gen;
  }
  return target;
}

rv_op *rv_follow_stub(rv_hart *h, rv_op *op)
{
  h->stat.links++;
  rv_op *target = rv_block_link(h->code, (rv_stub *)((char *)op - offsetof(rv_stub, op)));
  if (target)
    return target;
  h->pc = h->vbase + (int64_t)op->imm;
  return rv_enter(h);
}

rv_op *rv_at_break(rv_hart *h, rv_op *op)
{
  const uint64_t pc = h->vbase + ((rv_seg *)op - 1)->pcoff;
  if (!rv_code_is_break(h->code, pc))
    return op + 2; /* behind the next segment's header */
  h->pc = pc;
  h->stop |= RV_STOP_BREAK;
  return NULL;
}

void rv_leave_at(rv_hart *h, rv_op *op, int64_t budget)
{
  const rv_seg *s = (rv_seg *)op - 1;
  h->icount = h->limit - (budget + s->n);
  h->pc = h->vbase + s->pcoff;
}
