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
  ck_assert_uint_eq(csr_read(c, MODE_M, INHIBIT), 0x7fd);
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
  ck_assert_uint_eq(rv_counter_read(c->harts[1], 2), 0);
  ck_assert_uint_eq(core_peek(c->harts[1], CSR_mhartid), 1);
  core_free(c);
}
END_TEST

/* Those that count nothing are there, read-only 0 [machine norm:mhpmcounter_mhpmevent_rdonly0]. */
START_TEST(constant_counters)
{
  core *c = core_new();
  open_gates(c);
  for (unsigned n = RV_COUNTERS; n < 32; n++) {
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

/* ---- the fast engine counts like single steps ---- */

/* A random program: sums, counter reads and writes, memory, traps of several kinds; the handler
 * skips the instruction, counted like any other. */
static core *new_program(uint64_t seed)
{
  static const char *const texts[] = {
    "addi a0,a0,1",
    "c.addi a0,1",
    "csrrs a1,mcycle,zero",
    "csrrs a2,minstret,zero",
    "csrrw a3,mcycle,a0",
    "csrrw a3,minstret,a2",
    "csrrs a4,cycle,zero",
    "ebreak",
    "ecall",
    "ld a5,0(s0)",
    "sd a0,0(s1)",
    "amoadd.d a6,a0,(s1)",
    "no such CSR",
    "csrrwi zero,mcountinhibit,1",
    "csrrwi zero,mcountinhibit,4",
    "csrrwi zero,mcountinhibit,0",
    "bne a0,zero,0x80000108",
    "mul a7,a0,a2",
    "fence.i",
  };
  static const char *const handler[] = { "csrrs t0,mepc,zero", "addi t0,t0,4", "csrrw zero,mepc,t0",
                                         "mret" };
  core *c = core_new();
  unsigned len;
  uint64_t at = CODE;
  c->seed = seed;
  for (unsigned i = 0; i < 200; i++) {
    const char *text = texts[core_random(c) % (sizeof texts / sizeof *texts)];
    uint32_t bits = 0xc8302573; /* hpmcounter3h: there is none */
    if (!strcmp(text, "no such CSR"))
      len = 4;
    else if (text[0] == 'b') {
      char error[100];
      ck_assert(rv_asm("bne a0,zero,0x80000108", 0x80000100, &bits, &len, error, sizeof error));
    } else
      bits = assemble(text, &len);
    put_memory(c, at, bits, len);
    at += len;
  }
  put_memory(c, at, 0xe00ff06f, 4); /* jal zero,-512 */
  for (unsigned i = 0; i < 4; i++)
    put_memory(c, M_VECTOR + 4 * i, assemble(handler[i], &len), 4);
  c->h->x[8] = NOWHERE;
  c->h->x[9] = DATA;
  core_poke(c->h, CSR_mstatus, 3 << 11);
  return c;
}

/* mret returns to M as the handler runs in M: MPP is 3 at every trap. */
START_TEST(engine_counts_like_steps)
{
  for (uint64_t seed = 1; seed <= 60; seed++) {
    core *slow = new_program(seed * 0x9e3779b97f4a7c15),
         *fast = new_program(seed * 0x9e3779b97f4a7c15);
    core_add_engine(fast);
    while (fast->h->icount < 3000) {
      fast->h->leave = fast->h->attention = false;
      const uint64_t before = fast->h->icount;
      rv_run(fast->h, 100);
      if (fast->h->icount == before)
        rv_step(fast->h);
    }
    while (slow->h->icount < fast->h->icount)
      rv_step(slow->h);
    ck_assert_uint_eq(slow->h->icount, fast->h->icount);
    ck_assert_uint_eq(slow->h->pc, fast->h->pc);
    ck_assert_uint_eq(slow->h->unretired, fast->h->unretired);
    ck_assert_uint_gt(slow->h->unretired, 10);
    ck_assert_uint_eq(rv_counter_read(slow->h, 2), rv_counter_read(fast->h, 2));
    ck_assert_uint_eq(rv_counter_read(slow->h, 0), rv_counter_read(fast->h, 0));
    for (unsigned r = 0; r < 32; r++)
      ck_assert_msg(slow->h->x[r] == fast->h->x[r], "seed %lu: x%u %#lx, %#lx", seed, r,
                    slow->h->x[r], fast->h->x[r]);
    core_free(slow);
    core_free(fast);
  }
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
  tcase_add_test(tc, constant_counters);
  tcase_add_test(tc, engine_counts_like_steps);
}
UNIT_MAIN("counter", add_tests)
