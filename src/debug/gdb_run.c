/* gdb_run.c - what makes the machine go on for gdb, and what makes it stop.
 *
 * Continuing is rvh_run at full speed. Only with watchpoints it goes step by step: the instruction
 * at pc is decoded before it executes, and its address compared.
 */
#include "cpu/insn.h"
#include "debug/gdb.h"
#include "cpu/event.h"
#include <string.h>

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5, POLL_STEPS = 1024 };

void rv_gdb_seen(void *gdb, const rv_event *e)
{
  rv_gdb *g = gdb;
  const bool trap = e->type == RV_EV_TRAP;
  const bool hit = g->on == RV_ON_EXIT    ? trap && e->from_v && !e->to_v
                   : g->on == RV_ON_ENTRY ? !trap && !e->from_v && e->to_v
                   : g->on == RV_ON_CAUSE ? trap && e->u.trap.cause == g->on_cause &&
                                                e->u.trap.interrupt == g->on_interrupt
                                          : false;
  if (!hit || g->reached)
    return;
  g->reached = true;
  g->hart = e->hart;
  /* Not SIGTRAP: gdb would take that for a breakpoint that happens to be where execution goes on,
   * and go on itself if its condition is false. */
  g->signal = SIGNAL_INT;
  rvh_request_stop(g->m);
}

static void stop(rv_gdb *g, unsigned hart, int signal)
{
  g->hart = hart;
  g->signal = signal;
}

/* Is hart at a breakpoint whose condition holds? */
static bool is_break(const rv_gdb *g, unsigned hart)
{
  const uint64_t pc = rvh_read_pc(g->m, hart);
  for (unsigned i = 0; i < g->breaks->len; i++) {
    const rv_gdb_break *b = &g_array_index(g->breaks, rv_gdb_break, i);
    if (b->addr != pc)
      continue;
    bool holds = !b->conditions;
    for (unsigned j = 0; !holds && j < b->conditions->len; j++) {
      const GByteArray *code = b->conditions->pdata[j];
      holds = rv_gdb_condition(g->m, hart, code->data, code->len);
    }
    return holds;
  }
  return false;
}

/* Hands the addresses to the machine, if they are not those it has: gdb takes all out and puts them
 * back for each step off a breakpoint, and new ones cost the machine its decoded code. */
static void insert_breaks(rv_gdb *g)
{
  GArray *now = g_array_new(FALSE, FALSE, sizeof(uint64_t)), *was = g->inserted;
  for (unsigned i = 0; i < g->breaks->len; i++)
    g_array_append_val(now, g_array_index(g->breaks, rv_gdb_break, i).addr);
  if (now->len != was->len || (now->len && memcmp(now->data, was->data, 8 * now->len) != 0))
    rvh_set_breakpoints(g->m, (uint64_t *)now->data, now->len);
  g->inserted = now;
  g_array_free(was, TRUE);
}

/* ---- what an instruction is about to touch ---- */

typedef struct {
  bool read, write;
  uint64_t addr, size, next; /* next: the pc behind it */
} touch;

/* The 32-bit form of what is at pc; false if it cannot be read or is no instruction. */
static bool peek(rvh_machine *m, unsigned hart, uint64_t pc, rv_insn *d, uint32_t *raw)
{
  uint16_t half[2] = { 0, 0 };
  if (!rvh_read_virtual(m, hart, pc, &half[0], 2) ||
      ((half[0] & 3) == 3 && !rvh_read_virtual(m, hart, pc + 2, &half[1], 2)))
    return false;
  *raw = half[0] | (uint32_t)half[1] << 16;
  if (!rv_decode(*raw, d))
    return false;
  if (d->len == 2)
    *raw = rv_expand(half[0]);
  return true;
}

static touch touched_by(rvh_machine *m, unsigned hart)
{
  enum { LOAD = 0x03, LOAD_FP = 0x07, STORE = 0x23, STORE_FP = 0x27, AMO = 0x2f, SYSTEM = 0x73 };
  enum { FUNCT5_LR = 2, FUNCT5_SC = 3 };
  const uint64_t pc = rvh_read_pc(m, hart);
  touch t = { 0 };
  rv_insn d;
  uint32_t raw;
  if (!peek(m, hart, pc, &d, &raw))
    return t;
  const unsigned opcode = raw & 0x7f, funct3 = raw >> 12 & 7, funct5 = raw >> 27;
  t.next = pc + d.len;
  t.addr = rvh_read_x(m, hart, d.rs1);
  t.size = 1ull << (funct3 & 3);
  if (opcode == LOAD || opcode == LOAD_FP) {
    t.read = true;
    t.addr += (int64_t)d.imm;
  } else if (opcode == STORE || opcode == STORE_FP) {
    t.write = true;
    t.addr += (int64_t)d.imm;
  } else if (opcode == AMO) {
    t.size = 1ull << funct3; /* amocas.q: 16 */
    t.read = funct5 != FUNCT5_SC;
    t.write = funct5 != FUNCT5_LR;
  } else if (opcode == SYSTEM && funct3 == 4) { /* hlv, hlvx, hsv: by guest virtual address */
    t.write = raw >> 25 & 1;
    t.read = !t.write;
    t.size = 1ull << (raw >> 26 & 3);
  }
  return t;
}

static const rv_gdb_watch *watched(const rv_gdb *g, const touch *t, uint64_t *at)
{
  for (unsigned i = 0; i < g->watches->len; i++) {
    const rv_gdb_watch *w = &g_array_index(g->watches, rv_gdb_watch, i);
    const bool kind = (w->type != '3' && t->write) || (w->type != '2' && t->read);
    /* Differences, so that a range may end at the last byte of all. */
    if (kind && (t->addr - w->addr < w->size || w->addr - t->addr < t->size)) {
      *at = t->addr - w->addr < w->size ? t->addr : w->addr;
      return w;
    }
  }
  return NULL;
}

/* ---- steps ---- */

/* One instruction, one trap or interrupt; a hart that waits is run to what wakes it. */
static void step(rv_gdb *g, unsigned hart)
{
  const uint64_t count = rvh_hart_instructions(g->m, hart), pc = rvh_read_pc(g->m, hart);
  g->result = rvh_step(g->m, hart);
  if (!g->result.ended && rvh_hart_instructions(g->m, hart) == count &&
      rvh_read_pc(g->m, hart) == pc)
    g->result = rvh_run(g->m, 1);
}

/* The harts that step do; the others that may run keep pace, so that one can wait for another. */
static void step_all(rv_gdb *g)
{
  const unsigned n = rvh_n_harts(g->m);
  unsigned stepped = g->hart;
  for (unsigned i = 0; i < n && !g->result.ended; i++)
    if (g->action[i] == 's') {
      step(g, i);
      stepped = i;
    }
  if (!g->signal)
    stop(g, stepped, SIGNAL_TRAP);
  for (unsigned i = 0; i < n && !g->result.ended; i++) {
    if (g->action[i] != 'c')
      continue;
    const uint64_t pc = rvh_read_pc(g->m, i);
    g->result = rvh_step(g->m, i);
    if (rvh_read_pc(g->m, i) != pc && is_break(g, i))
      stop(g, i, SIGNAL_TRAP);
  }
}

/* A round: every hart one instruction. True: to be looked at by gdb, or at the end. */
static bool watch_round(rv_gdb *g, bool poll)
{
  const unsigned n = rvh_n_harts(g->m);
  touch t[RV_GDB_HARTS];
  uint64_t count[RV_GDB_HARTS];
  bool moved = false, asked = false;
  for (unsigned i = 0; i < n; i++) {
    t[i] = touched_by(g->m, i);
    count[i] = rvh_hart_instructions(g->m, i);
  }
  for (unsigned i = 0; i < n && !poll && !g->result.ended; i++) {
    const uint64_t pc = rvh_read_pc(g->m, i);
    g->result = rvh_step(g->m, i);
    moved |= rvh_hart_instructions(g->m, i) != count[i] || rvh_read_pc(g->m, i) != pc;
  }
  if (!moved && !g->result.ended) { /* time to look at the console, or all wait */
    g->result = rvh_run(g->m, 1);
    asked = g->result.stop == RVH_STOP_REQUEST;
  }
  for (unsigned i = 0; i < n && !g->signal && !g->result.ended; i++) {
    const uint64_t pc = rvh_read_pc(g->m, i);
    if (rvh_hart_instructions(g->m, i) == count[i])
      continue;
    if (pc == t[i].next) /* it did not trap */
      g->hit = watched(g, &t[i], &g->hit_at);
    if (g->hit || is_break(g, i))
      stop(g, i, SIGNAL_TRAP);
  }
  return g->signal || g->result.ended || asked;
}

static void run_watched(rv_gdb *g)
{
  for (unsigned i = 1; !watch_round(g, i % POLL_STEPS == 0); i++) {
  }
}

static void run(rv_gdb *g)
{
  do /* a run that starts at a breakpoint executes it first */
    g->result = rvh_run(g->m, 0);
  while (g->result.stop == RVH_STOP_BREAK && !g->signal && !is_break(g, g->result.hart));
  if (g->result.stop == RVH_STOP_BREAK && !g->signal)
    stop(g, g->result.hart, SIGNAL_TRAP);
}

/* Other ways to go on belong here: going back would be one more. */
void rv_gdb_resume(rv_gdb *g)
{
  const bool single = memchr(g->action, 's', sizeof g->action) != NULL;
  g->signal = 0;
  g->hit = NULL;
  g->reached = false;
  g->result.ended = false;
  if (!single) /* steps do not look at them */
    insert_breaks(g);
  rvh_watch_fd(g->m, g->link.fd >= 0 ? g->link.fd : g->listener);
  if (single)
    step_all(g);
  else if (g->watches->len)
    run_watched(g);
  else
    run(g);
  rvh_watch_fd(g->m, -1);
}
