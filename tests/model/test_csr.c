/* test_csr.c - CSR instructions on the machine and on the model of csr.c, at random: every number,
 * all forms, all modes, with timers, lines and delegation changing in between. After each one all
 * CSRs are equal as M-mode reads them, and so are mode, pc and destination register. [H-006 ..
 * H-018, H-020 .. H-025, H-040 .. H-050, H-060 .. H-082, H-090 .. H-123, H-156 .. H-165, H-190 ..
 * H-207, H-290 .. H-298, H-401 .. H-406]
 */
#include "both.h"

#ifdef __SANITIZE_ADDRESS__
enum { STEPS = 60000 };
#else
enum { STEPS = 400000 };
#endif

typedef struct {
  uint64_t executed[5], illegal[5], virtual_[5];
  bool accessed[4096][5], wrote[4096][5];
} tally;

static unsigned mode_index(const both *b)
{
  return b->m.prv == 3 ? 0 : (b->m.prv == 1 ? 1 : 2) + (b->m.v ? 2 : 0);
}

/* Less of the 87 constant counters; below M often one that the mode's privilege reaches. */
static unsigned random_number(both *b)
{
  if (one_in(b, 10))
    return rnd(b) % 4096;
  unsigned n = b->numbers[rnd(b) % b->n_numbers];
  for (unsigned i = 0; i < 6; i++) {
    const bool constant =
        (n & 0x1f) > 2 && (n >> 5 == 0xC00 >> 5 || n >> 5 == 0xB00 >> 5 || n >> 5 == 0x320 >> 5);
    const unsigned reach = b->m.prv == 1 && !b->m.v ? 2 : b->m.prv;
    if ((!constant || one_in(b, 8)) && ((n >> 8 & 3) <= reach || one_in(b, 3)))
      break;
    n = b->numbers[rnd(b) % b->n_numbers];
  }
  return n;
}

static void one_csr_instruction(both *b, tally *t)
{
  hart_model *m = &b->m;
  const unsigned csr = random_number(b), funct3 = (unsigned[]){ 1, 2, 3, 5, 6, 7 }[rnd(b) % 6];
  const bool imm = funct3 & 4;
  const unsigned rs1 = imm ? rnd(b) % 32 : one_in(b, 4) ? 0 : 10, rd = one_in(b, 5) ? 0 : 12;
  const uint64_t x10 = both_value(b, csr), operand = imm ? rs1 : rs1 ? x10 : 0;
  const bool writes = (funct3 & 3) == 1 || rs1 != 0;
  const uint32_t raw = csr << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x73;
  const unsigned mode = mode_index(b);
  uint64_t old = 0;
  snprintf(b->what, sizeof b->what, "csr %#x funct3 %u rs1 %u rd %u operand %#lx from prv %u v %d",
           csr, funct3, rs1, rd, (long)operand, m->prv, m->v);
  b->h->x[10] = x10;
  b->h->x[12] = 0x1234;
  both_execute(b, raw);
  const model_outcome outcome = model_csr(m, csr, funct3 & 3, operand, writes, &old);
  both_model_end(b, outcome, raw);
  const uint64_t x12 = rd && !outcome ? old : 0x1234;
  if (b->h->x[12] != x12)
    BOTH_FAIL("rd is %#lx, should be %#lx", (long)b->h->x[12], (long)x12);
  both_compare(b);
  (outcome == EXECUTED              ? t->executed
   : outcome == ILLEGAL_INSTRUCTION ? t->illegal
                                    : t->virtual_)[mode]++;
  if (!outcome)
    t->accessed[csr][mode] = true, t->wrote[csr][mode] |= writes;
}

static void write_in_m(both *b, unsigned csr, uint64_t value)
{
  const uint32_t raw = csr << 20 | 10 << 15 | 1 << 12 | 0x73;
  uint64_t old = 0;
  snprintf(b->what, sizeof b->what, "csrw %#x, %#lx", csr, (long)value);
  b->h->x[10] = value;
  both_execute(b, raw);
  both_model_end(b, model_csr(&b->m, csr, 1, value, true, &old), raw);
  both_compare(b);
}

/* An event counter that overflows soon, in some modes. */
static void near_overflow(both *b)
{
  const unsigned n = rnd(b) % 8;
  both_mode(b, 3, false);
  write_in_m(b, MHPMEVENT3 + n, (1 + rnd(b) % 2) | (one_in(b, 2) ? (rnd(b) & 31) << 58 : 0));
  write_in_m(b, MCOUNTINHIBIT, 0);
  write_in_m(b, MHPMCOUNTER3 + n, -(1 + rnd(b) % 8));
}

static void surroundings(both *b)
{
  if (b->m.ext & X_HPM && one_in(b, 40))
    near_overflow(b);
  static const uint8_t lines[] = { MSI, MTI, MEI, SEI };
  switch (rnd(b) % 8) {
  case 0:
    both_time_passes(b, b->m.time + rnd(b) % 4);
    break;
  case 1:
    both_line(b, lines[rnd(b) % 4], rnd(b) & 1);
    break;
  case 2:
    both_poke(b, one_in(b, 2) ? MSTATUS : VSSTATUS, b->m.csr[MSTATUS] | 1ull << 13);
    break;
  case 3: /* all enables on, or off: else few accesses below M get through */
    both_poke(b, (uint16_t[]){ MCOUNTEREN, HCOUNTEREN, SCOUNTEREN, MENVCFG, HENVCFG }[rnd(b) % 5],
              one_in(b, 4) ? 0 : ~0ull);
    break;
  default:
    both_random_mode(b);
  }
}

static void run(uint32_t ext, bool strict, unsigned steps, tally *t)
{
  both *b = both_new(0x9e3779b97f4a7c15 + ext + strict);
  b->m.strict = b->h->choice.strict = strict;
  both_switch(b, ext);
  both_compare_numbers(b);
  for (unsigned i = 0; i < soak_times(steps); i++) {
    if (!one_in(b, 4))
      surroundings(b);
    if (one_in(b, 1500)) { /* locks end here */
      snprintf(b->what, sizeof b->what, "reset");
      both_reset(b);
      both_compare(b);
    }
    one_csr_instruction(b, t);
  }
  /* Every CSR in M-mode, given time. */
  for (unsigned n = 0; steps > 300000 && n < 4096; n++)
    ck_assert_msg(t->accessed[n][0] == model_exists(&b->m, n), "CSR %#x in M-mode: %d", n,
                  t->accessed[n][0]);
  both_free(b);
}

static void print_tally(const tally *t)
{
  static const char *const names[] = { "M", "HS", "U", "VS", "VU" };
  for (unsigned mode = 0; mode < 5; mode++) {
    unsigned accessed = 0, wrote = 0;
    for (unsigned n = 0; n < 4096; n++)
      accessed += t->accessed[n][mode], wrote += t->wrote[n][mode];
    printf("%-2s: executed %7lu, illegal %7lu, virtual %7lu; CSRs accessed %3u, written %3u\n",
           names[mode], t->executed[mode], t->illegal[mode], t->virtual_[mode], accessed, wrote);
  }
  fflush(stdout);
}

/* The default extensions, with and without strict; all; none; some. */
START_TEST(csr_instructions)
{
  tally *t = calloc(1, sizeof *t), *u = calloc(1, sizeof *u);
  run(default_extensions(), false, STEPS, t);
  print_tally(t);
  ck_assert_uint_gt(t->virtual_[3], 500);
  ck_assert_uint_gt(t->virtual_[4], 500);
  run(~0u, false, STEPS, u);
  print_tally(u);
  run(default_extensions(), true, STEPS / 10, t);
  run(0, false, STEPS / 10, t);
  for (unsigned i = 0; i < 10; i++)
    run(0x9e3779b9u * (i + 1) >> 7, false, STEPS / 50, t);
  free(t);
  free(u);
}
END_TEST

static void add_tests(TCase *tc) { tcase_add_test(tc, csr_instructions); }
UNIT_MAIN("csr", add_tests)
