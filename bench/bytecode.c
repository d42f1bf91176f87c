// bytecode.c - what interpreters and sorting do to a branch predictor: a stack machine whose
// operations are called through a table, a switch, and a quicksort with comparison functions.
#include "args.h"
#include "sbi.h"

#ifndef ROUNDS
#define ROUNDS 3600
#endif

enum { N_VALUES = 512, STACK = 32 };

struct machine {
  uint64_t stack[STACK], vars[8];
  uint32_t pc, sp;
  int running;
};
typedef void operation(struct machine *m, uint32_t arg);

static void push(struct machine *m, uint32_t arg) { m->stack[m->sp++] = arg; }
static void load(struct machine *m, uint32_t arg) { m->stack[m->sp++] = m->vars[arg]; }
static void store(struct machine *m, uint32_t arg) { m->vars[arg] = m->stack[--m->sp]; }
static void add(struct machine *m, uint32_t arg) { m->sp--, m->stack[m->sp - 1] += m->stack[m->sp]; }
static void sub(struct machine *m, uint32_t arg) { m->sp--, m->stack[m->sp - 1] -= m->stack[m->sp]; }
static void mul(struct machine *m, uint32_t arg) { m->sp--, m->stack[m->sp - 1] *= m->stack[m->sp]; }
static void xor(struct machine *m, uint32_t arg) { m->sp--, m->stack[m->sp - 1] ^= m->stack[m->sp]; }
static void shift(struct machine *m, uint32_t arg) { m->stack[m->sp - 1] >>= arg; }
static void jump_if(struct machine *m, uint32_t arg)
{
  if (m->stack[--m->sp])
    m->pc = arg;
}
static void stop(struct machine *m, uint32_t arg) { m->running = 0; }

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, XOR, SHIFT, JUMP_IF, STOP };
static operation *const table[] = { push, load, store, add, sub, mul, xor, shift, jump_if, stop };

// vars[0]: counter; vars[1]: x; vars[2]: sum. A linear congruence, mixed.
static const uint8_t program[][2] = {
  { LOAD, 1 },  { PUSH, 205 }, { MUL, 0 },  { PUSH, 77 }, { ADD, 0 },  { STORE, 1 }, { LOAD, 2 },
  { LOAD, 1 },  { SHIFT, 7 },  { XOR, 0 },  { PUSH, 31 }, { MUL, 0 },  { STORE, 2 }, { LOAD, 0 },
  { PUSH, 1 },  { SUB, 0 },    { STORE, 0 }, { LOAD, 0 }, { JUMP_IF, 0 }, { STOP, 0 },
};

static uint64_t by_table(uint64_t x, uint64_t n)
{
  struct machine m = { .vars = { n, x, 0 }, .running = 1 };
  while (m.running) {
    const uint8_t *op = program[m.pc++];
    table[op[0]](&m, op[1]);
  }
  return m.vars[2];
}

static uint64_t by_switch(uint64_t x, uint64_t n)
{
  uint64_t stack[STACK], vars[8] = { n, x, 0 }, *sp = stack;
  for (const uint8_t(*op)[2] = program;; op++) {
    const unsigned arg = (*op)[1];
    switch ((*op)[0]) {
    case PUSH: *sp++ = arg; break;
    case LOAD: *sp++ = vars[arg]; break;
    case STORE: vars[arg] = *--sp; break;
    case ADD: sp--, sp[-1] += *sp; break;
    case SUB: sp--, sp[-1] -= *sp; break;
    case MUL: sp--, sp[-1] *= *sp; break;
    case XOR: sp--, sp[-1] ^= *sp; break;
    case SHIFT: sp[-1] >>= arg; break;
    case JUMP_IF:
      if (*--sp)
        op = program + arg - 1;
      break;
    default: return vars[2];
    }
  }
}

static int upwards(uint64_t a, uint64_t b) { return a < b; }
static int by_low_bits(uint64_t a, uint64_t b) { return (a & 0xffff) < (b & 0xffff); }
static int (*const orders[])(uint64_t, uint64_t) = { upwards, by_low_bits };

static void sort(uint64_t *v, long n, int (*less)(uint64_t, uint64_t))
{
  while (n > 1) {
    const uint64_t pivot = v[(n - 1) / 2];
    long i = -1, j = n;
    for (;;) {
      while (less(v[++i], pivot))
        ;
      while (less(pivot, v[--j]))
        ;
      if (i >= j)
        break;
      const uint64_t t = v[i];
      v[i] = v[j];
      v[j] = t;
    }
    sort(v, j + 1, less);
    v += j + 1;
    n -= j + 1;
  }
}

void bench_main(void);
void bench_main(void)
{
  static uint64_t values[N_VALUES];
  uint64_t sum = 0, x = 88172645463325252ul;
  const unsigned rounds = bench_arg("n=", ROUNDS);
  const uint64_t before = read_instret();
  for (unsigned round = 0; round < rounds; round++) {
    for (int i = 0; i < N_VALUES; i++) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      values[i] = x;
    }
    sort(values, N_VALUES, orders[round & 1]);
    sum = sum * 31 + values[N_VALUES / 3];
    sum += by_table(x, 300) ^ by_switch(sum, 600);
  }
  bench_report("bytecode", rounds, "rounds", sum, read_instret() - before);
}
