/* native.c - stitching the code of blocks from stencils, and patching jumps in it.
 *
 * Depends on the engine's layout (tail.h) and on stencils.inc, which make-stencils.py made of
 * stencil.c. x86-64 only. All jumps are 32-bit relative: arena, code and the program's text lie
 * within 2 GiB of each other.
 */
#define _GNU_SOURCE
#include "cpu/native.h"
#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#ifdef RVH_NATIVE
/* What is to be filled in at byte `at` of hot and cold code together; to: an offset if the place is
 * the stencil's own. */
typedef struct {
  uint16_t at;
  uint8_t what;
  uint16_t to;
} hole;
typedef struct {
  const uint8_t *code;
  const hole *holes;
  uint16_t hot, cold; /* bytes */
  uint16_t n_holes;
} stencil;
/* The forms of one instruction, as stencil.c numbers them: given is in t1. */
enum { FORM_PLAIN, FORM_RS1_GIVEN, FORM_RS2_GIVEN, FORM_RS1_GIVEN_IMM_0, N_FORMS };
#include "stencils.inc"

/* Written here, not by the compiler: a jump with op in %rdi, and the counting of a segment. */
enum {
  OP_JUMP = 12,      /* lea op(%rip), %rdi; jmp place */
  OP_JUMP_PLACE = 8, /* where its last displacement is */
  COUNT = 13,        /* sub $n, %r9; js leave */
  COUNT_JUMP = 7,    /* where its js is */
  FIRST = 16,        /* offset of the first code: 0 means none */
  PARTS = 2 * RV_MAX_INSNS + 4,
  LONGEST_BLOCK = PARTS * (LONGEST_STENCIL + OP_JUMP + COUNT) + 64,
};

static void put32(uint8_t *at, int64_t value)
{
  const int32_t v = value;
  assert(v == value);
  memcpy(at, &v, 4);
}

/* The displacement at `at`, which ends an instruction. */
static void put_distance(uint8_t *at, const void *place)
{
  put32(at, (const uint8_t *)place - (at + 4));
}

static void put_op_jump(uint8_t *at, const rv_op *op, const void *place)
{
  memcpy(at, "\x48\x8d\x3d", 3);
  put_distance(at + 3, op);
  at[7] = 0xe9;
  put_distance(at + OP_JUMP_PLACE, place);
}

static void put_count(uint8_t *at, const rv_seg *seg, const uint8_t *leave)
{
  memcpy(at, "\x49\x81\xe9", 3);
  put32(at + 3, seg->n);
  memcpy(at + COUNT_JUMP, "\x0f\x88", 2);
  put_distance(at + COUNT_JUMP + 2, leave);
}

/* ---- one op ---- */

/* Where code is written: hot one piece after the other, cold behind all of the block's hot. */
typedef struct {
  rv_code *c;
  uint8_t *hot, *cold;
} writer;

/* Kinds whose result is in t1 when the next instruction begins. */
#define GIVES(kind)                                                                                \
  ((kind) == RV_KIND_RR || (kind) == RV_KIND_RI || (kind) == RV_KIND_LUI ||                        \
   (kind) == RV_KIND_AUIPC || (kind) == RV_KIND_LOAD)
static const bool gives[N_HANDLERS] = {
#define INSN(op, text, picture, format, kind, ext, spec, brief) [OP_##op] = GIVES(RV_KIND_##kind),
#include "cpu/insn.def"
};

static const stencil *form_of(const rv_part *p, unsigned form)
{
  const stencil *s = &stencils[form][p->form];
  return s->code ? s : NULL;
}

/* The op's stencil: with an operand from t1, if the part before it in its segment left it there.
 * NULL: there is none of this op. */
static const stencil *choose(const rv_part *p)
{
  const rv_op *op = p->op, *before = p[-1].op;
  const stencil *s = NULL;
  if (p[-1].form != RV_FORM_SEGMENT && gives[p[-1].form]) {
    if (op->rs1 == before->rd) {
      s = op->imm ? NULL : form_of(p, FORM_RS1_GIVEN_IMM_0);
      s = s ? s : form_of(p, FORM_RS1_GIVEN);
    }
    if (!s && op->rs2 == before->rd)
      s = form_of(p, FORM_RS2_GIVEN);
  }
  return s ? s : form_of(p, FORM_PLAIN);
}

static int64_t constant(const rv_op *op, unsigned what)
{
  const int64_t f = offsetof(rv_hart, f);
  switch (what) {
  case HOLE_rd:
    return 8 * op->rd;
  case HOLE_rs1:
    return 8 * op->rs1;
  case HOLE_rs2:
    return 8 * op->rs2;
  case HOLE_fd:
    return f + 8 * op->rd;
  case HOLE_fs1:
    return f + 8 * op->rs1;
  case HOLE_fs2:
    return f + 8 * op->rs2;
  case HOLE_fs3:
    return f + 8 * ((uint32_t)op->imm >> 27);
  case HOLE_imm:
    return op->imm;
  default:
    return rv_link_offset(op);
  }
}

static const void *slow_of(const rv_engine *e, unsigned form)
{
  return e->slow[form >= X_host ? form - X_host : form];
}

/* The jump along op's link, whose displacement is at `at`: for now to where h_X_goto follows it. */
static const void *unlinked(writer *w, rv_op *op, uint8_t *at)
{
  rv_link *link = (rv_link *)(op + 1);
  uint8_t *place = w->cold;
  link->native = at - w->c->native;
  put_op_jump(place, op, w->c->engine->handlers[X_goto]);
  w->cold += OP_JUMP;
  return place;
}

static void write_stencil(writer *w, const stencil *s, rv_op *op, unsigned form)
{
  const rv_engine *engine = w->c->engine;
  uint8_t *hot = w->hot, *cold = w->cold;
  memcpy(hot, s->code, s->hot);
  memcpy(cold, s->code + s->hot, s->cold);
  w->hot += s->hot;
  w->cold += s->cold;
  for (const hole *o = s->holes; o < s->holes + s->n_holes; o++) {
    uint8_t *at = o->at < s->hot ? hot + o->at : cold + (o->at - s->hot);
    switch (o->what) {
    case HOLE_next:
      put_distance(at, hot + s->hot);
      break;
    case HOLE_hot:
      put_distance(at, hot + o->to);
      break;
    case HOLE_cold:
      put_distance(at, cold + o->to);
      break;
    case HOLE_op:
      put_distance(at, op);
      break;
    case HOLE_slow:
      put_distance(at, slow_of(engine, form));
      break;
    case HOLE_jump:
      put_distance(at, engine->jump);
      break;
    case HOLE_leave:
      put_distance(at, engine->leave);
      break;
    case HOLE_taken:
      put_distance(at, unlinked(w, op, at));
      break;
    default:
      put32(at, constant(op, o->what));
      break;
    }
  }
}

static void write_segment(writer *w, rv_seg *seg)
{
  seg->native = w->hot - w->c->native;
  put_op_jump(w->cold, (rv_op *)(seg + 1), w->c->engine->leave);
  put_count(w->hot, seg, w->cold);
  w->hot += COUNT;
  w->cold += OP_JUMP;
}

static void write_op(writer *w, const rv_part *p)
{
  const stencil *s = choose(p);
  uint8_t *begin = w->hot;
  if (s) {
    write_stencil(w, s, p->op, p->form);
  } else {
    put_op_jump(w->hot, p->op, p->op->h);
    w->hot += OP_JUMP;
  }
  p->op->h = begin;
}

/* ---- blocks ---- */

static size_t hot_size(const rv_part *part, unsigned n)
{
  size_t size = 0;
  for (unsigned i = 0; i < n; i++) {
    const stencil *s = part[i].form == RV_FORM_SEGMENT ? NULL : choose(&part[i]);
    size += s ? s->hot : part[i].form == RV_FORM_SEGMENT ? COUNT : OP_JUMP;
  }
  return size;
}

void rv_native_block(rv_code *c, const rv_part *part, unsigned n)
{
  if (!c->native)
    return;
  uint8_t *begin = c->native + c->native_used;
  writer w = { .c = c, .hot = begin, .cold = begin + hot_size(part, n) };
  for (unsigned i = 0; i < n; i++)
    if (part[i].form == RV_FORM_SEGMENT)
      write_segment(&w, (rv_seg *)part[i].op);
    else
      write_op(&w, &part[i]);
  c->native_used = (w.cold - c->native + 15) & ~15ul;
  assert(c->native_used <= c->native_size);
}

bool rv_native_room(const rv_code *c)
{
  return !c->native || c->native_used + LONGEST_BLOCK <= c->native_size;
}

void rv_native_link(rv_code *c, const rv_link *link)
{
  const rv_seg *to = (rv_seg *)link->target - 1;
  if (c->native && link->native && to->native)
    put_distance(c->native + link->native, c->native + to->native);
}

/* The counting's js becomes a jmp, and leads to the engine's function for stale blocks: it takes
 * back what was counted, as leaving does. */
void rv_native_stale(rv_code *c, rv_op *head)
{
  const rv_seg *seg = (rv_seg *)head - 1;
  if (!c->native || !seg->native)
    return;
  uint8_t *js = c->native + seg->native + COUNT_JUMP;
  int32_t distance;
  memcpy(&distance, js + 2, 4);
  uint8_t *leave = js + 6 + distance;
  put_distance(leave + OP_JUMP_PLACE, c->engine->stale);
  js[0] = 0xe9;
  put_distance(js + 1, leave);
}

/* ---- memory ---- */

/* May a 32-bit displacement in [begin, begin + size) reach the program's text? */
static bool is_near(const uint8_t *begin, size_t size, const void *text)
{
  const int64_t before = (const uint8_t *)text - begin, reach = 0x7f000000;
  return before < reach && before - (int64_t)size > -reach;
}

/* Memory for ops and code side by side, below the program or above it. */
static uint8_t *map_near(const void *text, size_t size)
{
  const int64_t away[] = { -(int64_t)size - (64 << 20), 64 << 20, 512 << 20 };
  for (unsigned i = 0; i < sizeof away / sizeof *away; i++) {
    void *wish = (void *)(((uintptr_t)text + away[i]) & ~(uintptr_t)0xfffff);
    void *got = mmap(wish, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED)
      continue;
    if (is_near(got, size, text))
      return got;
    munmap(got, size);
  }
  return NULL;
}

/* Code is 1.7 times as large as ops (a boot of Linux; 1.3 in compute loops), and has room for two
 * blocks. */
static size_t code_size(size_t ops) { return ops / 5 * 9 + 2 * LONGEST_BLOCK + FIRST; }

static bool map_both(rv_code *c, size_t size)
{
  const size_t ops = (size + 0xfff) & ~0xffful, code = (code_size(size) + 0xfff) & ~0xffful;
  if (!c->engine->slow)
    return false;
  uint8_t *both = map_near(c->engine->leave, ops + code);
  if (!both)
    return false;
  if (mprotect(both + ops, code, PROT_READ | PROT_WRITE | PROT_EXEC)) {
    munmap(both, ops + code);
    return false;
  }
  c->arena = both;
  c->native = both + ops;
  c->native_size = code;
  return true;
}
#else
enum { FIRST = 0 };
static bool map_both(rv_code *c, size_t size) { return false; }
void rv_native_block(rv_code *c, const rv_part *part, unsigned n) {}
bool rv_native_room(const rv_code *c) { return true; }
void rv_native_link(rv_code *c, const rv_link *link) {}
void rv_native_stale(rv_code *c, rv_op *head) {}
#endif

void rv_native_forget(rv_code *c) { c->native_used = FIRST; }

bool rv_native_map(rv_code *c, size_t size)
{
  c->size = size;
  rv_native_forget(c);
  if (map_both(c, size))
    return true;
  void *got =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  c->arena = got == MAP_FAILED ? NULL : got;
  return c->arena;
}

void rv_native_unmap(rv_code *c)
{
  if (c->arena)
    munmap(c->arena, c->native ? (size_t)(c->native - c->arena) + c->native_size : c->size);
}
