/* gdb_agent.c - conditions of breakpoints, as gdb compiles them: a stack machine's bytecode. They
 * are evaluated here, so that a breakpoint whose condition is false costs no round trip. [gdb
 * manual, F The GDB Agent Expression Mechanism]
 */
#include "debug/gdb.h"

enum { STACK = 64, MAX_OPS = 10000 };

typedef struct {
  rvh_machine *m;
  unsigned hart;
  const uint8_t *code;
  size_t n, at;
  uint64_t stack[STACK];
  unsigned depth;
  bool failed;
} agent;

static uint64_t pop(agent *a)
{
  a->failed |= !a->depth;
  return a->depth ? a->stack[--a->depth] : 0;
}

static void push(agent *a, uint64_t value)
{
  a->failed |= a->depth == STACK;
  if (a->depth < STACK)
    a->stack[a->depth++] = value;
}

/* The operand behind an operation: big-endian. */
static uint64_t operand(agent *a, unsigned size)
{
  uint64_t value = 0;
  for (; size; size--) {
    a->failed |= a->at >= a->n;
    value = value << 8 | (a->at < a->n ? a->code[a->at] : 0);
    a->at++;
  }
  return value;
}

static uint64_t extend(agent *a, uint64_t value, unsigned bits, bool sign)
{
  a->failed |= bits < 1 || bits > 64;
  if (a->failed)
    return 0;
  value <<= 64 - bits;
  return sign ? (uint64_t)((int64_t)value >> (64 - bits)) : value >> (64 - bits);
}

/* Operations on two values; false: op is none of them. */
static bool binary(agent *a, unsigned op)
{
  const bool known =
      (op >= 0x02 && op <= 0x0b) || (op >= 0x0f && op <= 0x11) || (op >= 0x13 && op <= 0x15);
  if (!known)
    return false;
  const uint64_t r = pop(a), l = pop(a);
  const bool by_zero = op >= 0x05 && op <= 0x08 && !r;
  const bool overflow = (op == 0x05 || op == 0x07) && r == ~0ull; /* INT64_MIN / -1 */
  a->failed |= by_zero;
  if (a->failed)
    return true;
  switch (op) {
  case 0x02:
    push(a, l + r);
    break;
  case 0x03:
    push(a, l - r);
    break;
  case 0x04:
    push(a, l * r);
    break;
  case 0x05:
    push(a, overflow ? -l : (uint64_t)((int64_t)l / (int64_t)r));
    break;
  case 0x06:
    push(a, l / r);
    break;
  case 0x07:
    push(a, overflow ? 0 : (uint64_t)((int64_t)l % (int64_t)r));
    break;
  case 0x08:
    push(a, l % r);
    break;
  case 0x09:
    push(a, r < 64 ? l << r : 0);
    break;
  case 0x0a:
    push(a, (uint64_t)((int64_t)l >> (r < 64 ? r : 63)));
    break;
  case 0x0b:
    push(a, r < 64 ? l >> r : 0);
    break;
  case 0x0f:
    push(a, l & r);
    break;
  case 0x10:
    push(a, l | r);
    break;
  case 0x11:
    push(a, l ^ r);
    break;
  case 0x13:
    push(a, l == r);
    break;
  case 0x14:
    push(a, (int64_t)l < (int64_t)r);
    break;
  case 0x15:
    push(a, l < r);
    break;
  }
  return true;
}

/* ref8 .. ref64: the value in memory at the address on the stack. */
static void reference(agent *a, unsigned size)
{
  uint64_t value = 0;
  a->failed |= !rvh_read_virtual(a->m, a->hart, pop(a), &value, size);
  push(a, value);
}

static void push_register(agent *a)
{
  uint64_t value = 0;
  a->failed |= !rv_gdb_read_register(a->m, a->hart, operand(a, 2), &value);
  push(a, value);
}

static void reorder(agent *a, unsigned op)
{
  const uint64_t top = pop(a);
  if (op == 0x28) { /* dup */
    push(a, top);
    push(a, top);
  } else if (op == 0x2b) { /* swap */
    const uint64_t below = pop(a);
    push(a, top);
    push(a, below);
  }
}

static void pick(agent *a)
{
  const uint64_t i = operand(a, 1);
  a->failed |= i >= a->depth;
  push(a, i < a->depth ? a->stack[a->depth - 1 - i] : 0);
}

static void jump(agent *a, bool conditional)
{
  const uint64_t to = operand(a, 2);
  if (!conditional || pop(a))
    a->at = to;
}

static void other(agent *a, unsigned op)
{
  switch (op) {
  case 0x0e:
    push(a, !pop(a));
    break;
  case 0x12:
    push(a, ~pop(a));
    break;
  case 0x16:
    push(a, extend(a, pop(a), (unsigned)operand(a, 1), true));
    break;
  case 0x2a:
    push(a, extend(a, pop(a), (unsigned)operand(a, 1), false));
    break;
  case 0x17:
  case 0x18:
  case 0x19:
  case 0x1a:
    reference(a, 1u << (op - 0x17));
    break;
  case 0x20:
    jump(a, true);
    break;
  case 0x21:
    jump(a, false);
    break;
  case 0x22:
  case 0x23:
  case 0x24:
  case 0x25:
    push(a, operand(a, 1u << (op - 0x22)));
    break;
  case 0x26:
    push_register(a);
    break;
  case 0x28:
  case 0x29:
  case 0x2b:
    reorder(a, op);
    break; /* dup, pop, swap */
  case 0x32:
    pick(a);
    break;
  default:
    a->failed = true;
  }
}

bool rv_gdb_condition(rvh_machine *m, unsigned hart, const uint8_t *code, size_t n)
{
  enum { END = 0x27 };
  agent a = { .m = m, .hart = hart, .code = code, .n = n };
  for (unsigned i = 0; i < MAX_OPS && !a.failed; i++) {
    const unsigned op = (unsigned)operand(&a, 1);
    if (op == END && !a.failed)
      return pop(&a) != 0 || a.failed;
    if (!binary(&a, op))
      other(&a, op);
  }
  return true;
}
