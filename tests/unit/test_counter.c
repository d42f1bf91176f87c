/* test_counter.c - cycle and instret count exactly, can be written, and can be stopped.
 * [priv machine#mcycle, #mcountinhibit; unpriv zicntr]
 */
#include "core_fixture.h"
#include "priv/counter.h"

enum { MCYCLE = 0xB00, MINSTRET = 0xB02, CYCLE = 0xC00, INSTRET = 0xC02, INHIBIT = 0x320 };

/* A read shows what happened before it; the reading instruction itself counts for the next. */
START_TEST(reads)
{
  core *c = core_new();
  for (unsigned i = 0; i < 5; i++) {
    ck_assert_uint_eq(csr_read(c, MODE_M, MCYCLE), 2 * i);
    ck_assert_uint_eq(csr_read(c, MODE_M, MINSTRET), 2 * i + 1);
  }
  core_free(c);
}
END_TEST

/* A trapped instruction takes a cycle and does not retire: ecall, ebreak, illegal, faults. */
START_TEST(trapped_do_not_retire)
{
  static const char *const texts[] = { "ecall", "ebreak", "mret", "lw a0,0(a1)",
                                       "amoadd.w a0,a0,(a1)" };
  core *c = core_new();
  c->h->x[11] = NOWHERE;
  for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
    csr_write(c, MODE_M, MCYCLE, 0);
    csr_write(c, MODE_M, MINSTRET, 0);
    ck_assert_int_ne(execute(c, MODE_U, texts[i]), NO_TRAP);
    ck_assert_uint_eq(csr_read(c, MODE_M, MINSTRET), 0);
    ck_assert_uint_eq(csr_read(c, MODE_M, MCYCLE), 3);
  }
  core_free(c);
}
END_TEST

/* The written value is what the next instruction reads, by csrrw, csrrs and csrrc. */
START_TEST(writes)
{
  core *c = core_new();
  for (unsigned which = 0; which < 2; which++) {
    const unsigned csr = which ? MINSTRET : MCYCLE;
    for (unsigned n = 0; n < 20; n++) {
      const uint64_t value = n == 0 ? ~0ull : core_random(c);
      csr_write(c, MODE_M, csr, value);
      ck_assert_uint_eq(csr_read(c, MODE_M, csr), value);
      ck_assert_uint_eq(csr_read(c, MODE_M, csr), value + 1);
      ck_assert_uint_eq(csr_read(c, MODE_M, csr + 0x100), value + 2);
    }
    csr_write(c, MODE_M, csr, 0x0f);
    c->h->x[10] = 0xf0;
    execute_bits(c, MODE_M, csr_bits(csr, 2, 10, 11));
    ck_assert_uint_eq(c->h->x[11], 0x0f);
    ck_assert_uint_eq(csr_read(c, MODE_M, csr), 0xff);
  }
  core_free(c);
}
END_TEST

/* mcountinhibit: a stopped counter stands, can be written, and goes on from there; the other runs.
 */
START_TEST(inhibit)
{
  core *c = core_new();
  for (unsigned which = 0; which < 2; which++) {
    const unsigned csr = which ? MINSTRET : MCYCLE, other = which ? MCYCLE : MINSTRET;
    csr_write(c, MODE_M, INHIBIT, 0);
    csr_write(c, MODE_M, csr, 100);
    csr_write(c, MODE_M, other, 100);
    csr_write(c, MODE_M, INHIBIT, which ? 4 : 1);
    const uint64_t stood = csr_read(c, MODE_M, csr);
    ck_assert_uint_ge(stood, 101);
    ck_assert_uint_le(stood, 102); /* whether the stopping write counts itself is open */
    ck_assert_uint_eq(csr_read(c, MODE_M, csr), stood);
    ck_assert_uint_eq(csr_read(c, MODE_M, other), 103);
    csr_write(c, MODE_M, csr, 5000);
    execute(c, MODE_M, "addi a0,a0,1");
    ck_assert_uint_eq(csr_read(c, MODE_M, csr), 5000);
    csr_write(c, MODE_M, INHIBIT, 0);
    const uint64_t resumed = csr_read(c, MODE_M, csr);
    ck_assert_uint_ge(resumed, 5000);
    ck_assert_uint_le(resumed, 5001);
    ck_assert_uint_eq(csr_read(c, MODE_M, csr), resumed + 1);
  }
  /* Bit 1 (time) is hardwired 0, those of the constant counters as well. */
  csr_write(c, MODE_M, INHIBIT, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_M, INHIBIT), 5);
  core_free(c);
}
END_TEST

/* The counters are the hart's, not the mode's: no step is lost over modes and interrupts. */
START_TEST(all_modes_count)
{
  core *c = core_new();
  open_gates(c);
  csr_write(c, MODE_M, MINSTRET, 0);
  for (unsigned n = 0; n < 50; n++)
    ck_assert_uint_eq(csr_read(c, n % N_MODES, INSTRET), n);
  rv_take_trap(c->h, &(rv_trap){ .cause = IRQ_MTI, .interrupt = true });
  ck_assert_uint_eq(csr_read(c, MODE_M, MINSTRET), 50);
  core_free(c);
}
END_TEST

/* Two harts count for themselves. */
START_TEST(two_harts)
{
  core *c = core_new_n(2);
  csr_write(c, MODE_M, MINSTRET, 1000);
  ck_assert_uint_eq(rv_minstret(c->harts[1]), 0);
  ck_assert_uint_eq(core_peek(c->harts[1], CSR_mhartid), 1);
  core_free(c);
}
END_TEST

/* Event counters are there, constant 0 [H-110, Zihpm]. */
START_TEST(event_counters)
{
  core *c = core_new();
  open_gates(c);
  for (unsigned n = 3; n < 32; n++) {
    csr_write(c, MODE_M, 0xB00 + n, ~0ull);
    csr_write(c, MODE_M, 0x320 + n, ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_M, 0xB00 + n), 0);
    ck_assert_uint_eq(csr_read(c, MODE_M, 0x320 + n), 0);
    for (unsigned mode = 0; mode < N_MODES; mode++)
      ck_assert_uint_eq(csr_read(c, mode, 0xC00 + n), 0);
  }
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, reads);
  tcase_add_test(tc, trapped_do_not_retire);
  tcase_add_test(tc, writes);
  tcase_add_test(tc, inhibit);
  tcase_add_test(tc, all_modes_count);
  tcase_add_test(tc, two_harts);
  tcase_add_test(tc, event_counters);
}
UNIT_MAIN("counter", add_tests)
