/* test_exec_host.c - the forms of exec_host.h against those of exec_fd.h: for every row of host.def
 * the fast engine and a single step leave the same registers and flags. (Where the engine has no
 * such forms, it is compared with itself.)
 */
#include "world.h"
#ifdef __x86_64__
#include <xmmintrin.h>
#endif

enum {
  FD = 12,
  FS1 = 10,
  FS2 = 11,
  FS3 = 13,
  X_BASE = 9,
  ANY = 0xff,
  LEGAL = 0x9f,
  NEAREST = 0x81,
  ZERO = 2
};
#define DATA (RAM + 0x8000)
#ifdef __SANITIZE_ADDRESS__
enum { CASES = 300 };
#else
enum { CASES = 20000 };
#endif

static const struct {
  const char *name;
  uint16_t op;
  uint8_t rm;
} forms[] = {
#define HOST(op, rm) { #op, OP_##op, rm },
#include "cpu/host.def"
};
enum { N_FORMS = sizeof forms / sizeof *forms };

static uint64_t seed = 0x853c49e6748fea9b;
static uint64_t random64(void) { return unit_random(&seed); }

/* Numbers whose sums, products and conversions round, overflow, vanish, tie, or are not numbers. */
static uint64_t operand64(void)
{
  static const uint64_t special[] = {
    0,
    1,
    0x000fffffffffffff,
    0x0010000000000000,
    0x3fefffffffffffff,
    0x3ff0000000000000,
    0x3ff0000000000001,
    0x3fe0000000000000,
    0x41dfffffffc00000,
    0x41e0000000000000,
    0x41efffffffe00000,
    0x41f0000000000000,
    0x43dfffffffffffff,
    0x43e0000000000000,
    0x43f0000000000000,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0x7ff0000000000001,
    0x7ff8000000000000,
    0x47efffffe0000000,
    0x380fffffffffffff,
    0x36a0000000000000,
  };
  const uint64_t sign = random64() & 1ull << 63;
  switch (random64() % 6) {
  case 0:
    return sign | special[random64() % (sizeof special / sizeof *special)];
  case 1:
    return sign | (random64() & 0x000fffffffffffff) >> random64() % 52;
  case 2:
    return sign | (0x3ffull - 60 + random64() % 128) << 52 | (random64() & 0x000fffffffffffff);
  case 3: /* few bits: results are often exact, or ties */
    return sign | (0x3ffull - 4 + random64() % 8) << 52 | (random64() & 0xffull << 44);
  case 4:
    return sign | (random64() & 1 ? 0x7fdull : 1) << 52 | (random64() & 0x000fffffffffffff);
  default:
    return random64();
  }
}

static uint32_t operand32(void)
{
  const uint64_t v = operand64();
  const uint32_t sign = v >> 63 << 31, fraction = v >> 29 & 0x7fffff;
  const int exponent = (int)(v >> 52 & 0x7ff) - 1023 + 127;
  if ((v >> 52 & 0x7ff) == 0x7ff)
    return sign | 0x7f800000 | fraction;
  return sign | (uint32_t)(exponent < 0 ? 0 : exponent > 254 ? 254 : exponent) << 23 | fraction;
}

/* Any register of any form: a double, a boxed single, or one that is not boxed. */
static uint64_t operand(bool single)
{
  if (!single || random64() % 16 == 0)
    return operand64();
  return 0xffffffff00000000ull | operand32();
}

static const rv_insn_row *row_of(unsigned op)
{
  unsigned n;
  const rv_insn_row *rows = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    if (!rows[i].compressed && rows[i].base_op == op)
      return &rows[i];
  ck_abort_msg("no row");
}

/* The instruction on fa2, fa0, fa1, fa3 (or a2, a0; or s1 as the base of a load or store). */
static uint32_t encode(unsigned form, unsigned rm)
{
  const rv_insn_row *row = row_of(forms[form].op);
  uint32_t bits = row->match;
  const bool memory = row->kind == RV_KIND_FLOAD || row->kind == RV_KIND_FSTORE;
  if (row->kind == RV_KIND_FSTORE)
    return bits | X_BASE << 15 | FS2 << 20;
  bits |= FD << 7 & ~row->mask;
  bits |= (memory ? X_BASE : FS1) << 15 & ~row->mask;
  bits |= memory ? 0 : FS2 << 20 & ~row->mask;
  bits |= memory ? 0 : (uint32_t)FS3 << 27 & ~row->mask;
  return bits | (rm << 12 & ~row->mask);
}

static void set_operands(rv_hart *h, const uint64_t *v)
{
  for (unsigned i = 0; i < 4; i++)
    h->f[FS1 + i] = v[i];
  h->x[FS1] = v[4];
  h->x[FD] = v[2];
  h->x[X_BASE] = DATA;
  h->csr.fflags = 0;
  h->pc = RAM;
}

static void check_equal(const rv_hart *a, const rv_hart *b, const char *name, const uint64_t *v)
{
  if (a->f[FD] != b->f[FD] || a->x[FD] != b->x[FD] || a->csr.fflags != b->csr.fflags)
    ck_abort_msg("%s of %" PRIx64 " %" PRIx64 " %" PRIx64 " (x %" PRIx64 "): f %" PRIx64
                 " x %" PRIx64 " fflags %" PRIx64 ", by integers f %" PRIx64 " x %" PRIx64
                 " fflags %" PRIx64,
                 name, v[0], v[1], v[3], v[4], a->f[FD], a->x[FD], a->csr.fflags, b->f[FD],
                 b->x[FD], b->csr.fflags);
}

/* [F, D: same results and flags however they are computed] */
START_TEST(same_bits_and_flags)
{
  world *w = world_new(2, 1 << 20);
  rv_hart *fast = w->harts[0], *slow = w->harts[1];
  const bool single = strchr(forms[_i].name, '_') && strstr(forms[_i].name, "_s");
  const unsigned rm = forms[_i].rm == ZERO ? 1 : forms[_i].rm & 1 << 4 ? 0 : random64() & 1 ? 0 : 7;
  /* fmv.d.x ft0, zero, so that FS is Dirty; the instruction; j . to end the segment. */
  const uint32_t code[] = { 0xf2000053, encode(_i, rm), 0x0000006f };
  world_poke(w, RAM, code, sizeof code);
  rv_csr_poke(fast, CSR_mstatus, mstatus_FS);
  rv_csr_poke(slow, CSR_mstatus, mstatus_FS);
  uint64_t *data = (uint64_t *)(world_ram(w) + (DATA - RAM));
  for (unsigned i = 0; i < CASES; i++) {
    uint64_t v[5];
    for (unsigned k = 0; k < 4; k++)
      v[k] = operand(single);
    v[4] = random64() >> (random64() & 63);
    *data = v[3];
    set_operands(fast, v);
    rv_run(fast, 3);
    const uint64_t stored = *data;
    *data = v[3];
    set_operands(slow, v);
    for (unsigned k = 0; k < 3; k++)
      rv_step(slow);
    check_equal(fast, slow, forms[_i].name, v);
    if (stored != *data || fast->icount != slow->icount)
      ck_abort_msg("%s: stored %" PRIx64 ", by integers %" PRIx64, forms[_i].name, stored, *data);
  }
  ck_assert_uint_eq(fast->icount, 3ull * CASES); /* the engine ran all of it */
  world_free(w);
}
END_TEST

/* With frm other than RNE, or FS not Dirty, the form stands back. */
START_TEST(other_modes_take_the_slow_way)
{
  world *w = world_new(1, 1 << 20);
  rv_hart *h = w->harts[0];
  rv_csr_poke(h, CSR_mstatus, mstatus_FS);
  world_asm(w, RAM,
            "fmv.d.x ft0,zero; fadd.d fa2,fa0,fa1; csrrwi zero,frm,3; fadd.d fa3,fa0,fa1;"
            "csrrwi zero,frm,0; fadd.d fa4,fa0,fa1; csrrs a0,fflags,zero; jal zero,0x80000020");
  h->f[FS1] = 0x3ff0000000000000; /* 1 + 2^-60: RNE 1, RUP the next one */
  h->f[FS2] = 0x3c30000000000000;
  world_run(w, h, 7);
  ck_assert_uint_eq(h->f[12], 0x3ff0000000000000);
  ck_assert_uint_eq(h->f[13], 0x3ff0000000000001);
  ck_assert_uint_eq(h->f[14], 0x3ff0000000000000);
  ck_assert_uint_eq(h->x[10], 1); /* NX */
  h->pc = RAM;
  rv_csr_poke(h, CSR_mstatus, mstatus_FS & -mstatus_FS); /* Initial */
  world_run(w, h, 1);
  ck_assert_uint_eq(h->csr.mstatus & mstatus_FS, mstatus_FS);
  rv_csr_poke(h, CSR_mstatus, 0);
  world_run(w, h, 1);
  ck_assert_uint_eq(h->csr.mcause, CAUSE_ILLEGAL);
  world_free(w);
}
END_TEST

/* Flags raised in the engine are there for a read by CSR instruction, clear by a write, and after
 * the run; what the host itself does between two runs is not the guest's. */
START_TEST(flags_are_the_guests)
{
  world *w = world_new(1, 1 << 20);
  rv_hart *h = w->harts[0];
  rv_csr_poke(h, CSR_mstatus, mstatus_FS);
  world_asm(w, RAM,
            "fmv.d.x ft0,zero; fdiv.d fa2,fa0,ft0; csrrs a0,fcsr,zero; csrrwi zero,fflags,0;"
            "csrrs a1,fflags,zero; fdiv.d fa2,fa0,fa1; fadd.d fa2,fa0,fa0; jal zero,0x8000001c");
  h->f[FS1] = 0x3ff0000000000000;
  h->f[FS2] = 0x4008000000000000;
  world_run(w, h, 5);
  ck_assert_uint_eq(h->x[10], 8); /* DZ */
  ck_assert_uint_eq(h->x[11], 0);
  volatile double zero = 0, inexact = 1.0 / 3;
  inexact = inexact / zero;
  world_run(w, h, 2);
  ck_assert_uint_eq(h->csr.fflags, 1); /* NX alone */
  world_free(w);
}
END_TEST

/* A library must not change how its caller computes. */
#ifdef __x86_64__
START_TEST(the_callers_rounding_comes_back)
{
  const unsigned up = 0x5f80, before = _mm_getcsr(); /* towards +infinity, all masked */
  world *w = world_new(1, 1 << 20);
  rv_hart *h = w->harts[0];
  rv_csr_poke(h, CSR_mstatus, mstatus_FS);
  world_asm(w, RAM, "fmv.d.x ft0,zero; fdiv.d fa2,fa0,fa1; jal zero,0x80000008");
  h->f[FS1] = 0x3ff0000000000000;
  h->f[FS2] = 0x4008000000000000;
  _mm_setcsr(up);
  world_run(w, h, 3);
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  ck_assert_uint_eq(h->f[FD], 0x3fd5555555555555); /* to nearest: the guest's mode is its own */
  ck_assert_uint_eq(after, up);
  world_free(w);
}
END_TEST
#endif

static void add_tests(TCase *tc)
{
  tcase_add_loop_test(tc, same_bits_and_flags, 0, N_FORMS);
  tcase_add_test(tc, other_modes_take_the_slow_way);
  tcase_add_test(tc, flags_are_the_guests);
#ifdef __x86_64__
  tcase_add_test(tc, the_callers_rounding_comes_back);
#endif
}
UNIT_MAIN("exec_host", add_tests)
