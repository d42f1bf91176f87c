/* both.h - a hart of the machine and a hart of the model, side by side: tests change both, execute
 * an instruction on both, and compare every CSR, the mode and pc.
 *
 * Instructions are executed without a fetch: the state is random, and few states would let one.
 */
#ifndef RVH_TESTS_MODEL_BOTH_H
#define RVH_TESTS_MODEL_BOTH_H
#include "cpu/insn.h"
#include "cpu/slow.h"
#include "mmu/phys.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/counter.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "priv/trap.h"
#include "unit.h"
#include "extensions.h"
#include "soak.h"
#include "translate.h"
#include "traps.h"
#include <stdio.h>
#include <string.h>

#define BOTH_RAM 0x80000000ull
enum { BOTH_RAM_SIZE = 1 << 20 };

typedef struct {
  rv_phys phys;
  rv_env env;
  rv_hart *h;
  hart_model m;
  uint64_t rng;
  uint16_t numbers[512]; /* CSRs that may exist */
  unsigned n_numbers;
  char what[160]; /* the step under way, for messages */
} both;

static inline uint64_t rnd(both *b)
{
  b->rng ^= b->rng << 13;
  b->rng ^= b->rng >> 7;
  b->rng ^= b->rng << 17;
  return b->rng * 0x2545f4914f6cdd1dull >> 16;
}
static inline bool one_in(both *b, unsigned n) { return rnd(b) % n == 0; }

static uint64_t both_time(void *ctx) { return ((both *)ctx)->m.time; }
static bool both_no_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  return false;
}
static bool both_no_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  return false;
}
static bool both_no_claim(void *bus, uint64_t pa) { return false; }

/* ---- both harts ---- */

/* Both as after reset; the counters at 0. */
static inline void both_reset(both *b)
{
  rv_hart *h = b->h;
  h->prv = PRV_M;
  h->v = false;
  h->ip_lines = b->m.lines = 0;
  h->pc = b->m.pc = BOTH_RAM;
  h->icount = h->unretired = 0;
  rv_csr_reset(h);
  rv_pmp_reset(h);
  rv_csr_poke(h, CSR_mcycle, 1); /* written as by an instruction, which counts one behind it */
  rv_csr_poke(h, CSR_minstret, 1);
  rv_regime_changed(h);
  rv_irq_update(h);
  model_reset(&b->m);
}

static inline void both_switch(both *b, uint32_t wanted)
{
  b->m.ext = set_extensions(b->h, wanted);
  both_reset(b);
  b->n_numbers = 0;
  for (unsigned n = 0; n < 4096; n++)
    if (model_exists(&b->m, n))
      b->numbers[b->n_numbers++] = n;
}

static inline both *both_new(uint64_t seed)
{
  both *b = calloc(1, sizeof *b);
  ck_assert_ptr_nonnull(b);
  b->rng = soak_seed(seed);
  ck_assert_ptr_nonnull(rv_phys_add(&b->phys, BOTH_RAM, BOTH_RAM_SIZE, false));
  b->phys.bus_read = both_no_read;
  b->phys.bus_write = both_no_write;
  b->phys.bus_claims = both_no_claim;
  b->phys.harts = &b->h;
  b->phys.n_harts = 1;
  b->env = (rv_env){ .ctx = b, .time = both_time };
  rv_hart *h = b->h = calloc(1, sizeof *h);
  h->env = &b->env;
  h->phys = &b->phys;
  h->reservation = ~0ull;
  h->choice.ext = RV_EXT_DEFAULT;
  rv_csr_reset(h);
  ck_assert(rv_mmu_init(h));
  both_switch(b, default_extensions());
  return b;
}
static inline void both_free(both *b)
{
  rv_mmu_free(b->h);
  rv_phys_free(&b->phys);
  free(b->h);
  free(b);
}

/* ---- changing both ---- */

static inline void both_mode(both *b, unsigned prv, bool v)
{
  b->h->prv = b->m.prv = prv;
  b->h->v = b->m.v = v;
  rv_counter_mode(b->h, 0);
  rv_regime_changed(b->h);
  rv_irq_update(b->h);
}
static inline void both_random_mode(both *b)
{
  static const uint8_t prv[] = { 3, 1, 0, 1, 0 };
  const unsigned i = rnd(b) % 5;
  both_mode(b, prv[i], i >= 3);
}
static inline void both_poke(both *b, unsigned csr, uint64_t value)
{
  model_poke(&b->m, csr, value);
  if (csr == MCYCLE) /* a poke is no instruction: nothing is counted after it */
    value++;
  if (csr == MINSTRET)
    value++;
  if (!rv_csr_poke(b->h, csr, value))
    ck_abort_msg("no CSR %#x", csr);
}
static inline void both_time_passes(both *b, uint64_t time)
{
  b->m.time = time;
  rv_irq_update(b->h);
}
static inline void both_line(both *b, unsigned irq, bool on)
{
  b->m.lines = (b->m.lines & ~(1ull << irq)) | (uint64_t)on << irq;
  rv_set_line(b->h, irq, on);
}

/* A value worth writing: anything, few bits, nearly all, what is there with a bit changed,
 * something that is a mode, or a time that is near. */
static inline uint64_t both_value(both *b, unsigned csr)
{
  const uint64_t any = rnd(b) << 32 ^ rnd(b),
                 now = model_exists(&b->m, csr) ? model_peek(&b->m, csr) : 0;
  switch (rnd(b) % 10) {
  case 0:
    return 0;
  case 1:
    return ~0ull;
  case 2:
    return 1ull << rnd(b) % 64;
  case 3:
    return ~(1ull << rnd(b) % 64);
  case 4:
    return now ^ 1ull << rnd(b) % 64;
  case 5:
    return (rnd(b) % 16) << 60 | (any & 0x3ffffffffffffff);
  case 6:
    return b->m.time + rnd(b) % 5 - 2 + (csr == VSTIMECMP ? b->m.csr[HTIMEDELTA] : 0);
  case 7:
    return any & rnd(b) & rnd(b);
  case 8:
    return now;
  default:
    return any;
  }
}

/* ---- executing ---- */

typedef bool slow_function(rv_hart *h, rv_op *op, int64_t budget);
#define SLOT(op) [OP_##op] = rv_slow_##op,
#define SLOT_RR(op)
#define SLOT_RI(op)
#define SLOT_LUI(op)
#define SLOT_AUIPC(op)
#define SLOT_BRANCH(op)
#define SLOT_JAL(op)
#define SLOT_JALR(op)
#define SLOT_NOP(op)
#define SLOT_LOAD(op) SLOT(op)
#define SLOT_STORE(op) SLOT(op)
#define SLOT_FLOAD(op) SLOT(op)
#define SLOT_FSTORE(op) SLOT(op)
#define SLOT_AMO(op) SLOT(op)
#define SLOT_FF(op) SLOT(op)
#define SLOT_XF(op) SLOT(op)
#define SLOT_FX(op) SLOT(op)
#define SLOT_FI(op) SLOT(op)
#define SLOT_CSR(op) SLOT(op)
#define SLOT_HLV(op) SLOT(op)
#define SLOT_SYS(op) SLOT(op)
static slow_function *const both_slow[N_OPS] = {
#define INSN(op, text, picture, format, kind, ext, spec, brief) SLOT_##kind(op)
#include "cpu/insn.def"
};

/* The instruction at pc, on the machine's hart. The model's is still as before it, and is to begin.
 */
static inline void both_execute(both *b, uint32_t raw)
{
  model_begin(&b->m);
  struct {
    rv_seg seg;
    rv_op op;
    rv_link link;
  } one = { .seg = { .n = 1, .pcoff = b->h->pc & RV_PAGE_MASK, .len4 = 1 } };
  rv_hart *h = b->h;
  rv_insn d = { 0 };
  slow_function *f = rv_slow_undefined;
  if (rv_decode_for(h->choice.ext, raw, &d)) {
    rv_op_single(&d, h->pc, &one.op, &one.link);
    f = both_slow[d.op];
    if (!f)
      ck_abort_msg("%08x is no slow instruction", raw);
  } else {
    one.op = (rv_op){ .imm = raw };
  }
  h->vbase = h->pc & ~RV_PAGE_MASK;
  h->limit = h->icount + 1;
  h->end_block = h->leave = h->wfi = false;
  const uint64_t pc = h->pc;
  if (f(h, &one.op, 0)) {
    h->pc = pc + 4;
    h->icount++;
  }
  h->wfi = h->leave = false;
  rv_counter_overflows(h);
}

/* The model's end of an instruction: executed, or refused with the instruction's bits in tval. */
static inline void both_model_end(both *b, model_outcome outcome, uint32_t raw)
{
  if (outcome)
    model_take(&b->m, &(model_trap){ .cause = outcome, .tval = raw });
  else
    b->m.pc += 4;
  model_end(&b->m, !outcome);
}

/* ---- comparing ---- */

#define BOTH_FAIL(format, ...)                                                                     \
  ck_abort_msg("after %s: " format "; the model: prv %u v %d", b->what, __VA_ARGS__, b->m.prv,     \
               b->m.v)

static inline void both_compare(both *b)
{
  rv_hart *h = b->h;
  const hart_model *m = &b->m;
  if (h->prv != m->prv || h->v != m->v)
    BOTH_FAIL(
        "the mode is prv %u v %d, mcause %#lx scause %#lx vscause %#lx, should be %#lx %#lx %#lx",
        h->prv, h->v, (long)h->csr.mcause, (long)h->s[0].cause, (long)h->s[1].cause,
        (long)m->csr[MCAUSE], (long)m->csr[SCAUSE], (long)m->csr[VSCAUSE]);
  if (h->pc != m->pc)
    BOTH_FAIL("pc is %#lx, should be %#lx", (long)h->pc, (long)m->pc);
  for (unsigned i = 0; i < b->n_numbers; i++) {
    uint64_t got = 0;
    const unsigned n = b->numbers[i];
    const uint64_t want = model_peek(m, n);
    if (!rv_csr_peek(h, n, &got) || got != want)
      BOTH_FAIL("%s (%#x) is %#lx, should be %#lx", rv_csr_name(n), n, (long)got, (long)want);
  }
  /* Interrupts are evaluated at once [H-406]. */
  const unsigned irq = model_interrupt(m);
  if (h->attention != (irq != 0))
    BOTH_FAIL("attention is %d, should be for %u", h->attention, irq);
}

/* CSRs that exist here and there. */
static inline void both_compare_numbers(both *b)
{
  for (unsigned n = 0; n < 4096; n++) {
    uint64_t value;
    ck_assert_msg(rv_csr_peek(b->h, n, &value) == model_exists(&b->m, n),
                  "CSR %#x: the model says %d", n, model_exists(&b->m, n));
  }
}
#endif
