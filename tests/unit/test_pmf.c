/* test_pmf.c - the event counters: what they count in which mode, and what their overflow does.
 *
 * Sscofpmf, Smcntrpmf, Shlcofideleg. The instruction where an overflow interrupts is compared
 * between the engine and single steps; what is counted, with a count made beside it. [priv
 * machine#hpm, sscofpmf, smcntrpmf, hypervisor#vsinterruptregs; H-046, H-060, H-400, H-451, H-452]
 */
#include "world.h"
#include "core_fixture.h"

#define BIT(n) (1ull << (n))

enum { CYCLES = 1, INSTRET = 2, INHIBIT = 0x320, MCYCLE = 0xB00, MINSTRET = 0xB02 };
enum { LAST = RV_COUNTERS - 1 };
enum { LCOFI = 13 };
#ifdef RVH_DISPATCH_SWITCH
enum { SEEDS = 60 }; /* sanitizers are slow */
#else
enum { SEEDS = 300 };
#endif

static unsigned counter(unsigned n) { return 0xB00 + n; }
static unsigned event(unsigned n) { return 0x320 + n; }

/* The inhibit bit of each core_mode: M, HS, U, VS, VU [H-452]. */
static const uint64_t inhibit_of[N_MODES] = { [MODE_M] = BIT(62),
                                              [MODE_HS] = BIT(61),
                                              [MODE_U] = BIT(60),
                                              [MODE_VS] = BIT(59),
                                              [MODE_VU] = BIT(58) };

static core *core_with(uint64_t ext)
{
  core *c = core_new();
  c->h->choice.ext = ext;
  rv_csr_reset(c->h);
  open_gates(c);
  core_poke(c->h, CSR_pmpaddr0, ~0ull);
  core_poke(c->h, CSR_pmpcfg0, 0x1f);
  core_poke(c->h, CSR_mtvec, M_VECTOR);
  core_poke(c->h, CSR_stvec, HS_VECTOR);
  core_poke(c->h, CSR_vstvec, VS_VECTOR);
  return c;
}
static core *core_max(void)
{
  return core_with(RV_EXT_DEFAULT | BIT(EXT_Shlcofideleg) | BIT(EXT_Smcntrpmf));
}

/* ---- mhpmevent, mhpmcounter, mcountinhibit ---- */

/* Events are WARL: what counts nothing reads 0 [norm:mhpmevent_sz_warl_op, norm:mhpmevent_enc];
 * bits 57 and 56 are WPRI. Without Sscofpmf there are no bits above. */
START_TEST(events_are_warl)
{
  core *c = core_new(), *plain = core_with(RV_EXT_DEFAULT & ~BIT(EXT_Sscofpmf));
  for (unsigned n = 3; n <= LAST; n++) {
    static const uint64_t values[] = { 0, 1, 2, 3, 4, 0x11, BIT(32) | 1, BIT(55) | 2, BIT(56) | 1 };
    static const uint64_t become[] = { 0, 1, 2, 0, 0, 0, 0, 0, 1 };
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
      csr_write(c, MODE_M, event(n), values[i]);
      ck_assert_uint_eq(csr_read(c, MODE_M, event(n)), become[i]);
    }
    csr_write(c, MODE_M, event(n), ~0ull << 56 | 2);
    ck_assert_uint_eq(csr_read(c, MODE_M, event(n)), 0xfcull << 56 | 2);
    csr_write(plain, MODE_M, event(n), ~0ull << 56 | 2);
    ck_assert_uint_eq(csr_read(plain, MODE_M, event(n)), 2);
  }
  core_free(c);
  core_free(plain);
}
END_TEST

/* Beside Spike's log they are constant 0, as they may be; cycle and instret are not. */
START_TEST(constant_as_spike)
{
  core *c = core_new();
  c->h->choice.as_spike = true;
  for (unsigned n = 3; n <= LAST; n++) {
    csr_write(c, MODE_M, event(n), 1);
    csr_write(c, MODE_M, counter(n), 100);
    ck_assert_uint_eq(csr_read(c, MODE_M, event(n)), 0);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 0);
  }
  csr_write(c, MODE_M, CSR_minstret, 100);
  ck_assert_uint_eq(csr_read(c, MODE_M, CSR_minstret), 100);
  core_free(c);
}
END_TEST

/* Each counts what its selector says; the written value is what the next instruction reads; its
 * shadow shows the same [norm:cycle_instret_hpmcounter_op_rdonly]. */
START_TEST(counters_count)
{
  core *c = core_new();
  open_gates(c);
  for (unsigned n = 3; n <= LAST; n++) {
    csr_write(c, MODE_M, event(n), 0);
    csr_write(c, MODE_M, counter(n), 70);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 70);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 70); /* event 0: none */
    csr_write(c, MODE_M, event(n), CYCLES);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 70); /* what sets up does not count itself */
    ck_assert_uint_eq(csr_read(c, MODE_VU, 0xC00 + n), 71);
    ck_assert_int_eq(execute(c, MODE_U, "ecall"), CAUSE_ECALL_U); /* a cycle, not retired */
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 73);
    csr_write(c, MODE_M, event(n), INSTRET);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 75);
    ck_assert_int_eq(execute(c, MODE_U, "ecall"), CAUSE_ECALL_U);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 76);
    csr_write(c, MODE_M, counter(n), ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 0); /* 64 bits */
    csr_write(c, MODE_M, event(n), 0);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), 2);
  }
  core_free(c);
}
END_TEST

/* mcountinhibit stops each by its own bit [norm:mcountinhibit_op2], and it is no gate
 * [norm:mcountinhibit_only_inc]. */
START_TEST(inhibit)
{
  core *c = core_new();
  for (unsigned n = 3; n <= LAST; n++)
    csr_write(c, MODE_M, event(n), n & 1 ? CYCLES : INSTRET);
  for (unsigned stopped = 3; stopped <= LAST; stopped++) {
    csr_write(c, MODE_M, INHIBIT, 0);
    for (unsigned n = 3; n <= LAST; n++)
      csr_write(c, MODE_M, counter(n), 0);
    csr_write(c, MODE_M, INHIBIT, BIT(stopped));
    const uint64_t stood = csr_read(c, MODE_M, counter(stopped));
    for (unsigned n = 3; n <= LAST; n++) {
      const uint64_t before = csr_read(c, MODE_M, counter(n));
      ck_assert_uint_eq(csr_read(c, MODE_M, counter(n)), before + (n != stopped));
    }
    csr_write(c, MODE_M, INHIBIT, 0);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(stopped)), stood);
    ck_assert_uint_eq(csr_read(c, MODE_M, counter(stopped)), stood + 1);
  }
  core_free(c);
}
END_TEST

/* ---- modes ---- */

/* The CSR that sets up counter n, and its event. */
static unsigned config_of(unsigned n) { return n == 0 ? 0x321 : 0x320 + n; }

/* One mode at a time: counts there unless its own bit is set, whatever the other four say [H-452,
 * norm:counter_inhibited_behavior]. Counters 0 and 2 by Smcntrpmf. */
START_TEST(counts_in_each_mode)
{
  static const uint8_t counters[] = { 0, 2, 3, 6, LAST };
  core *c = core_max();
  for (unsigned i = 0; i < sizeof counters; i++)
    for (unsigned mode = 0; mode < N_MODES; mode++)
      for (unsigned set = 0; set < BIT(N_MODES); set++) {
        const unsigned n = counters[i];
        uint64_t config = n < 3 ? 0 : i & 1 ? CYCLES : INSTRET;
        for (unsigned m = 0; m < N_MODES; m++)
          config |= set >> m & 1 ? inhibit_of[m] : 0;
        csr_write(c, MODE_M, config_of(n), config);
        ck_assert_uint_eq(csr_read(c, MODE_M, config_of(n)), config);
        set_mode(c->h, mode);
        const uint64_t before = rv_counter_read(c->h, n);
        for (unsigned k = 0; k < 3; k++)
          ck_assert_int_eq(execute(c, mode, "addi a0,a0,1"), NO_TRAP);
        ck_assert_msg(rv_counter_read(c->h, n) == before + (set >> mode & 1 ? 0 : 3),
                      "counter %u in %s with inhibits %#x", n, mode_names[mode], set);
      }
  core_free(c);
}
END_TEST

/* mcyclecfg and minstretcfg have no OF [smcntrpmf], and are there with Smcntrpmf alone. */
START_TEST(smcntrpmf_registers)
{
  core *c = core_max(), *plain = core_new();
  for (unsigned csr = 0x321; csr <= 0x322; csr++) {
    csr_write(c, MODE_M, csr, ~0ull);
    ck_assert_uint_eq(csr_read(c, MODE_M, csr), 0x1full << 58);
    for (unsigned mode = 0; mode < N_MODES; mode++)
      ck_assert_int_eq(execute_bits(plain, mode, csr_bits(csr, 2, 0, 11)), CAUSE_ILLEGAL);
    for (unsigned mode = MODE_M + 1; mode < N_MODES; mode++)
      ck_assert_int_eq(execute_bits(c, mode, csr_bits(csr, 2, 0, 11)), CAUSE_ILLEGAL);
  }
  core_free(c);
  core_free(plain);
}
END_TEST

/* What moves between modes counts for the mode it comes from: a trapped instruction as a cycle,
 * xRET as cycle and instruction [norm:instret_exception, norm:instret_xret]. Two counters: all but
 * the origin inhibited, only the origin inhibited. */
START_TEST(transitions)
{
  static const struct {
    core_mode from, to;
    const char *text;
  } cases[] = {
    { MODE_VU, MODE_VS, "ecall" }, { MODE_VS, MODE_HS, "ecall" }, { MODE_U, MODE_HS, "ecall" },
    { MODE_HS, MODE_M, "ecall" },  { MODE_VS, MODE_VU, "sret" },  { MODE_HS, MODE_VS, "sret" },
    { MODE_M, MODE_U, "mret" },    { MODE_M, MODE_VS, "mret" },   { MODE_VS, MODE_VS, "sret" },
  };
  core *c = core_max();
  rv_hart *h = c->h;
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
    for (unsigned e = CYCLES; e <= INSTRET; e++) {
      const bool trap = cases[i].text[0] == 'e';
      const bool to_v = cases[i].to >= MODE_VS,
                 to_s = cases[i].to == MODE_HS || cases[i].to == MODE_VS;
      csr_write(c, MODE_M, event(3), (inhibit_of[cases[i].from] ^ 0x1full << 58) | e);
      csr_write(c, MODE_M, event(4), inhibit_of[cases[i].from] | e);
      core_poke(h, CSR_medeleg, BIT(8) | BIT(10));
      core_poke(h, CSR_hedeleg, BIT(8));
      core_poke(h, CSR_mstatus, (to_s ? BIT(8) | BIT(11) : 0) | (to_v ? BIT(39) : 0));
      core_poke(h, CSR_hstatus, to_v ? BIT(7) : 0);
      core_poke(h, CSR_vsstatus, to_s ? BIT(8) : 0);
      set_mode(h, cases[i].from);
      const uint64_t a = rv_counter_read(h, 3), b = rv_counter_read(h, 4);
      ck_assert_int_eq(execute(c, cases[i].from, cases[i].text) != NO_TRAP, trap);
      ck_assert_int_eq(get_mode(h), cases[i].to);
      ck_assert_msg(rv_counter_read(h, 3) == a + (trap && e == INSTRET ? 0 : 1),
                    "%s in %s, event %u: its mode", cases[i].text, mode_names[cases[i].from], e);
      ck_assert_msg(rv_counter_read(h, 4) == b, "%s in %s, event %u: another mode", cases[i].text,
                    mode_names[cases[i].from], e);
      h->pc = CODE;
      put_memory(c, CODE, assemble("addi a0,a0,1", &(unsigned){ 0 }), 4);
      rv_step(h); /* in the new mode */
      const bool same = cases[i].from == cases[i].to;
      ck_assert_uint_eq(rv_counter_read(h, 4), b + !same);
    }
  core_free(c);
}
END_TEST

/* ---- scountovf ---- */

/* H-451, KB-116: read in M all OF, in HS those of mcounteren, in VS those of mcounteren and
 * hcounteren, never a trap by them; VU virtual, U illegal; a write illegal in every mode. */
START_TEST(scountovf)
{
  core *c = core_new();
  open_gates(c);
  for (unsigned n = 0; n < 400; n++) {
    uint64_t all = 0;
    for (unsigned k = 3; k <= LAST; k++) {
      const uint64_t of = core_random(c) & BIT(63);
      csr_write(c, MODE_M, event(k), of);
      all |= of >> 63 << k;
    }
    const uint64_t m = core_random(c), hs = core_random(c);
    core_poke(c->h, CSR_mcounteren, m);
    core_poke(c->h, CSR_hcounteren, hs);
    core_poke(c->h, CSR_scounteren, core_random(c));
    ck_assert_uint_eq(csr_read(c, MODE_M, 0xDA0), all);
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0xDA0), all & m);
    ck_assert_uint_eq(csr_read(c, MODE_VS, 0xDA0), all & m & hs);
    ck_assert_int_eq(execute_bits(c, MODE_VU, csr_bits(0xDA0, 2, 0, 11)), CAUSE_VIRTUAL);
    ck_assert_int_eq(execute_bits(c, MODE_U, csr_bits(0xDA0, 2, 0, 11)), CAUSE_ILLEGAL);
    for (unsigned mode = 0; mode < N_MODES; mode++)
      ck_assert_int_eq(execute_bits(c, mode, csr_bits(0xDA0, 1, 10, 11)), CAUSE_ILLEGAL);
  }
  core_free(c);
}
END_TEST

/* Without Sscofpmf: no scountovf, and bit 13 is read-only 0 everywhere
 * [norm:mip_lcofip_mie_lcofie_rdonly0]. */
START_TEST(without_sscofpmf)
{
  static const uint16_t csrs[] = { CSR_mip, CSR_mie, CSR_mideleg, CSR_sip,  CSR_sie, CSR_hideleg,
                                   CSR_hip, CSR_hie, CSR_hvip,    CSR_vsip, CSR_vsie };
  core *c = core_with((RV_EXT_DEFAULT | BIT(EXT_Shlcofideleg)) & ~BIT(EXT_Sscofpmf));
  for (unsigned mode = 0; mode < N_MODES; mode++)
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(0xDA0, 2, 0, 11)), CAUSE_ILLEGAL);
  for (unsigned i = 0; i < sizeof csrs / sizeof *csrs; i++)
    csr_write(c, MODE_M, csrs[i], ~0ull);
  for (unsigned i = 0; i < sizeof csrs / sizeof *csrs; i++)
    ck_assert_uint_eq(csr_read(c, MODE_M, csrs[i]) & BIT(LCOFI), 0);
  csr_write(c, MODE_M, event(3), CYCLES);
  csr_write(c, MODE_M, counter(3), ~0ull);
  ck_assert_uint_eq(rv_overflow_in(c->h), ~0ull);
  execute(c, MODE_M, "addi a0,a0,1");
  rv_counter_overflows(c->h);
  ck_assert_uint_eq(csr_read(c, MODE_M, CSR_mip) & BIT(LCOFI), 0);
  core_free(c);
}
END_TEST

/* ---- LCOFI: views and destinations ---- */

/* H-046, H-060, H-400, KB-35: which registers show and take LCOFI, by the two delegations. */
START_TEST(lcofi_views)
{
  core *c = core_max();
  rv_hart *h = c->h;
  for (unsigned set = 0; set < 4; set++) {
    const bool m = set & 1, hs = set & 2;
    csr_write(c, MODE_M, CSR_mideleg, m ? BIT(LCOFI) : 0);
    csr_write(c, MODE_HS, CSR_hideleg, hs ? BIT(LCOFI) : 0);
    static const struct {
      core_mode mode;
      uint16_t ip, ie;
    } views[] = { { MODE_M, CSR_mip, CSR_mie },
                  { MODE_HS, CSR_sip, CSR_sie },
                  { MODE_HS, CSR_vsip, CSR_vsie },
                  { MODE_VS, CSR_sip, CSR_sie } };
    for (unsigned w = 0; w < 4; w++)
      for (unsigned bit = 0; bit < 2; bit++) {
        const bool reaches = w == 0 || (m && (w == 1 || hs));
        csr_write(c, MODE_M, CSR_mip, bit ? 0 : BIT(LCOFI));
        csr_write(c, MODE_M, CSR_mie, bit ? BIT(LCOFI) : 0);
        csr_write(c, views[w].mode, views[w].ip, bit ? BIT(LCOFI) : 0);
        csr_write(c, views[w].mode, views[w].ie, bit ? 0 : BIT(LCOFI));
        const uint64_t ip = (reaches ? bit : !bit) ? BIT(LCOFI) : 0, ie = ip ^ BIT(LCOFI);
        for (unsigned r = 0; r < 4; r++) {
          const bool shown = r == 0 || (m && (r == 1 || hs));
          ck_assert_uint_eq(csr_read(c, views[r].mode, views[r].ip) & BIT(LCOFI), shown ? ip : 0);
          ck_assert_uint_eq(csr_read(c, views[r].mode, views[r].ie) & BIT(LCOFI), shown ? ie : 0);
        }
        ck_assert_uint_eq((core_peek(h, CSR_hip) | core_peek(h, CSR_hie) | core_peek(h, CSR_hvip)) &
                              BIT(LCOFI),
                          0);
      }
  }
  csr_write(c, MODE_HS, CSR_hvip, ~0ull);
  ck_assert_uint_eq(core_peek(h, CSR_hvip), 0x444); /* H-060 */
  core_free(c);
}
END_TEST

/* To M, HS or VS, from where it may be taken; in VS the cause is 13, untranslated, also in the
 * vector [H-400]. */
START_TEST(lcofi_destinations)
{
  core *c = core_max();
  rv_hart *h = c->h;
  core_poke(h, CSR_mtvec, M_VECTOR | 1);
  core_poke(h, CSR_stvec, HS_VECTOR | 1);
  core_poke(h, CSR_vstvec, VS_VECTOR | 1);
  for (unsigned mode = 0; mode < N_MODES; mode++)
    for (unsigned set = 0; set < 32; set++) {
      const bool m = set & 1, hs = set & 2, mie = set & 4, sie = set & 8, vs_sie = set & 16;
      core_poke(h, CSR_mideleg, m ? BIT(LCOFI) : 0);
      core_poke(h, CSR_hideleg, hs ? BIT(LCOFI) : 0);
      core_poke(h, CSR_mip, BIT(LCOFI));
      core_poke(h, CSR_mie, BIT(LCOFI));
      core_poke(h, CSR_mstatus, (mie ? BIT(3) : 0) | (sie ? BIT(1) : 0));
      core_poke(h, CSR_vsstatus, vs_sie ? BIT(1) : 0);
      set_mode(h, mode);
      int to = -1;
      if (!m)
        to = mode != MODE_M || mie ? MODE_M : -1;
      else if (!hs)
        to = mode >= MODE_U || (mode == MODE_HS && sie) ? MODE_HS : -1;
      else
        to = mode == MODE_VU || (mode == MODE_VS && vs_sie) ? MODE_VS : -1;
      ck_assert_msg(rv_take_interrupt(h) == (to >= 0), "%s, set %u", mode_names[mode], set);
      if (to < 0)
        continue;
      static const uint64_t vector[] = {
        [MODE_M] = M_VECTOR, [MODE_HS] = HS_VECTOR, [MODE_VS] = VS_VECTOR
      };
      ck_assert_int_eq(get_mode(h), to);
      ck_assert_uint_eq(to == MODE_M ? h->csr.mcause : h->s[h->v].cause, BIT(63) | LCOFI);
      ck_assert_uint_eq(h->pc, vector[to] + 4 * LCOFI);
    }
  core_free(c);
}
END_TEST

/* ---- overflow ---- */

static void step_over(core *c, core_mode mode)
{
  ck_assert_int_eq(execute(c, mode, "addi a0,a0,1"), NO_TRAP);
  rv_counter_overflows(c->h);
}

/* Sets OF and LCOFIP if OF was 0, wraps and goes on; with OF=1 nothing more [norm:mhpmevent_of_op,
 * norm:count_overflow_interrupt]. LCOFIP is software's to clear [norm:LCOFIP_op]. */
START_TEST(overflow)
{
  core *c = core_new();
  rv_hart *h = c->h;
  csr_write(c, MODE_M, event(5), CYCLES);
  csr_write(c, MODE_M, counter(5), -3ull);
  for (unsigned i = 0; i < 3; i++) {
    ck_assert_uint_eq(rv_overflow_in(h), 3 - i);
    ck_assert_uint_eq(core_peek(h, CSR_mip), 0);
    ck_assert_uint_eq(core_peek(h, CSR_scountovf), 0);
    step_over(c, MODE_M);
  }
  ck_assert_uint_eq(rv_counter_read(h, 5), 0);
  ck_assert_uint_eq(core_peek(h, event(5)), BIT(63) | CYCLES);
  ck_assert_uint_eq(core_peek(h, CSR_mip), BIT(LCOFI));
  ck_assert_uint_eq(core_peek(h, CSR_scountovf), BIT(5));
  ck_assert_uint_eq(rv_overflow_in(h), ~0ull);
  csr_write(c, MODE_M, CSR_mip, 0);
  csr_write(c, MODE_M, counter(5), ~0ull);
  for (unsigned i = 0; i < 3; i++)
    step_over(c, MODE_M);
  ck_assert_uint_eq(core_peek(h, CSR_mip), 0); /* OF is 1 */
  ck_assert_uint_eq(rv_counter_read(h, 5), 2);
  csr_write(c, MODE_M, event(5), CYCLES);
  step_over(c, MODE_M);
  ck_assert_uint_eq(core_peek(h, CSR_mip), 0); /* it was before */
  csr_write(c, MODE_M, counter(5), ~0ull);
  step_over(c, MODE_M);
  ck_assert_uint_eq(core_peek(h, CSR_mip), BIT(LCOFI));
  core_free(c);
}
END_TEST

/* No write overflows, of the counter, the selector or OF [norm:count_overflow_trigger]. */
START_TEST(writes_do_not_overflow)
{
  core *c = core_new();
  rv_hart *h = c->h;
  csr_write(c, MODE_M, event(3), INSTRET);
  static const uint64_t values[] = { 1000, 0, 5, 0, ~0ull - 100, 7 };
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    csr_write(c, MODE_M, counter(3), values[i]);
    rv_counter_overflows(h);
    csr_write(c, MODE_M, event(3), i & 1 ? CYCLES : INSTRET);
    rv_counter_overflows(h);
    csr_write(c, MODE_M, INHIBIT, i & 1 ? BIT(3) : 0);
    rv_counter_overflows(h);
    ck_assert_uint_eq(core_peek(h, CSR_mip), 0);
  }
  csr_write(c, MODE_M, event(3), BIT(63) | CYCLES);
  ck_assert_uint_eq(core_peek(h, CSR_mip), 0);
  ck_assert_uint_eq(core_peek(h, CSR_scountovf), BIT(3));
  core_free(c);
}
END_TEST

/* The instruction that stops a counter may be the one that makes it overflow: an sret out of the
 * mode, the write of mhpmevent. But not the one that clears OF, which was 1 while it executed. */
START_TEST(last_event_overflows)
{
  core *c = core_new();
  rv_hart *h = c->h;
  csr_write(c, MODE_M, event(3), (inhibit_of[MODE_HS] ^ 0x1full << 58) | CYCLES);
  csr_write(c, MODE_M, counter(3), ~0ull);
  core_poke(h, CSR_mstatus, 0);
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), NO_TRAP); /* to U */
  ck_assert_uint_eq(rv_counter_read(h, 3), 0);
  rv_counter_overflows(h);
  ck_assert_uint_eq(core_peek(h, CSR_mip), BIT(LCOFI));
  core_poke(h, CSR_mip, 0);
  csr_write(c, MODE_M, event(4), CYCLES);
  csr_write(c, MODE_M, counter(4), ~0ull);
  csr_write(c, MODE_M, event(4), 0);
  rv_counter_overflows(h);
  ck_assert_uint_eq(rv_counter_read(h, 4), 0);
  ck_assert_uint_eq(core_peek(h, CSR_mip), BIT(LCOFI));
  core_poke(h, CSR_mip, 0);
  csr_write(c, MODE_M, event(5), BIT(63) | CYCLES);
  csr_write(c, MODE_M, counter(5), ~0ull);
  csr_write(c, MODE_M, event(5), CYCLES);
  rv_counter_overflows(h);
  ck_assert_uint_eq(rv_counter_read(h, 5), 0);
  ck_assert_uint_eq(core_peek(h, CSR_mip), 0);
  core_free(c);
}
END_TEST

/* wfi: the overflow at its own end, and none while it waits: no cycles pass then. */
START_TEST(overflow_and_wfi)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_mie, BIT(LCOFI));
  csr_write(c, MODE_M, event(3), CYCLES);
  csr_write(c, MODE_M, counter(3), ~0ull);
  ck_assert_int_eq(execute(c, MODE_M, "wfi"), NO_TRAP);
  ck_assert(h->wfi);
  rv_counter_overflows(h);
  ck_assert(!h->wfi);
  core_free(c);
}
END_TEST

/* ---- the engine ---- */

/* A hypervisor-like program: loops, traps and mode changes, counters started and stopped on the
 * way. The handler at RAM takes LCOFI too: it notes where, sets the counter up again, and goes on.
 */
static const char handler[] =
    "csrrw sp,mscratch,sp; sd t0,0(sp); sd t1,8(sp); csrrs t0,mcause,zero; blt t0,zero,0x80000080;"
    "csrrs t0,mepc,zero; addi t0,t0,4; csrrw zero,mepc,t0; ld t0,0(sp); ld t1,8(sp);"
    "csrrw sp,mscratch,sp; mret";
static const char overflowed[] =
    "ld t0,24(sp); addi t0,t0,1; sd t0,24(sp); csrrs t1,mepc,zero; slli t0,t0,3; andi t0,t0,2040;"
    "add t0,t0,sp; sd t1,64(t0); csrrs t0,scountovf,zero; sd t0,16(sp); ld t0,32(sp);"
    "csrrw zero,mhpmcounter3,t0; ld t0,40(sp); csrrw zero,mhpmevent3,t0; ld t0,32(sp); slli "
    "t0,t0,1;"
    "csrrw zero,mhpmcounter4,t0; ld t0,48(sp); csrrw zero,mhpmevent4,t0; csrrw zero,mip,zero;"
    "ld t0,0(sp); ld t1,8(sp); csrrw sp,mscratch,sp; mret";
static const char program[] =
    "addi a0,a0,1; add a1,a1,a0; ecall; addi a2,a2,3; bne a0,a1,0x80001018; addi a3,a3,1;"
    "ebreak; ld a4,0(s0); sd a1,8(s0); amoadd.d a5,a0,(s0); addi a6,a6,1; mul a7,a6,a0;"
    "csrrs s2,hpmcounter3,zero; csrrs s3,hpmcounter4,zero; csrrs s4,cycle,zero; jal "
    "zero,0x80001000";
static const uint64_t AREA = RAM + 0x4000;

static void start(world *w, uint64_t seed, unsigned mode)
{
  static const uint8_t prvs[] = { PRV_M, PRV_S, PRV_U, PRV_S, PRV_U };
  rv_hart *h = w->harts[0];
  uint8_t zero[4096] = { 0 };
  world_reset_hart(w, h);
  world_poke(w, AREA, zero, sizeof zero);
  world_asm(w, RAM, handler);
  world_asm(w, RAM + 0x80, overflowed);
  world_asm(w, RAM + 0x1000, program);
  const uint64_t filters = (seed * 0x9e3779b97f4a7c15ull >> 40 & 0x1f) << 58;
  world_poke64(w, AREA + 32, -(7 + seed % 61));
  world_poke64(w, AREA + 40, filters | (1 + seed % 2));
  world_poke64(w, AREA + 48, (seed % 3 ? ~filters & 0x1full << 58 : 0) | (1 + seed / 2 % 2));
  rv_csr_poke(h, CSR_mtvec, RAM);
  rv_csr_poke(h, CSR_mscratch, AREA);
  rv_csr_poke(h, CSR_mcounteren, ~0ull);
  rv_csr_poke(h, CSR_hcounteren, ~0ull);
  rv_csr_poke(h, CSR_scounteren, ~0ull);
  rv_csr_poke(h, CSR_mie, BIT(LCOFI));
  rv_csr_poke(h, CSR_mstatus, BIT(3) | BIT(7));
  rv_csr_poke(h, CSR_mhpmcounter3, -(7 + seed % 61));
  rv_csr_poke(h, CSR_mhpmevent3, 1 + seed % 2);
  h->x[8] = AREA + 3072;
  h->pc = RAM + 0x1000;
  h->prv = prvs[mode];
  h->v = mode >= MODE_VS;
  rv_counter_mode(h, 0);
  rv_regime_changed(h);
  rv_irq_update(h);
}

static void compare(const world *a, const world *b, uint64_t seed)
{
  const rv_hart *x = a->harts[0], *y = b->harts[0];
  ck_assert_msg(x->pc == y->pc && x->icount == y->icount && x->prv == y->prv && x->v == y->v &&
                    !memcmp(x->x, y->x, 32 * 8) &&
                    !memcmp(x->counter, y->counter, sizeof x->counter) &&
                    !memcmp(&x->csr, &y->csr, sizeof x->csr) && x->counting == y->counting,
                "seed %" PRIu64 " after %" PRIu64 ": pc %" PRIx64 ", %" PRIx64, seed, y->icount,
                x->pc, y->pc);
  ck_assert(!memcmp(world_ram((world *)a), world_ram((world *)b), RAM_SIZE));
}

/* Where overflows interrupt is the same instruction, engine or single steps, in every mode, with
 * filters, traps and returns between. Their number is not small. */
START_TEST(engine_overflows_like_steps)
{
  world *fast = world_new(1, RV_CODE_DEFAULT), *slow = world_new(1, RV_CODE_DEFAULT);
  uint64_t taken = 0;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    start(fast, seed, seed % N_MODES);
    start(slow, seed, seed % N_MODES);
    for (unsigned turn = 0; turn < 8; turn++) {
      const uint64_t n = 1 + (seed * 131 + turn * 977) % 400;
      world_run(fast, fast->harts[0], n);
      world_step(slow, slow->harts[0], n);
      compare(fast, slow, seed);
    }
    taken += world_peek64(fast, AREA + 24);
  }
  ck_assert_uint_gt(taken, 10 * SEEDS);
  world_free(fast);
  world_free(slow);
}
END_TEST

/* Unfiltered, the place can be said: n instructions after the write that set the counter to -n, the
 * interrupt comes before the next one. In the middle of blocks too. */
START_TEST(exact_place)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  for (unsigned n = 1; n < 150; n++) {
    world_reset_hart(w, h);
    world_asm(w, RAM + 0x1000, "csrrw zero,mhpmcounter3,a0");
    for (unsigned i = 1; i < 200; i++)
      world_asm(w, RAM + 0x1000 + 4 * i, "addi a1,a1,1");
    rv_csr_poke(h, CSR_mtvec, RAM + 0x800);
    world_asm(w, RAM + 0x800, "jal zero,0x80000800");
    rv_csr_poke(h, CSR_mie, BIT(LCOFI));
    rv_csr_poke(h, CSR_mstatus, BIT(3));
    rv_csr_poke(h, CSR_mhpmevent3, n & 1 ? CYCLES : INSTRET);
    h->x[10] = -(uint64_t)n;
    h->pc = RAM + 0x1000;
    world_run(w, h, 200);
    ck_assert_uint_eq(h->csr.mcause, BIT(63) | LCOFI);
    ck_assert_uint_eq(h->csr.mepc, RAM + 0x1004 + 4 * n);
    ck_assert_uint_eq(h->x[11], n);
  }
  world_free(w);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, events_are_warl);
  tcase_add_test(tc, constant_as_spike);
  tcase_add_test(tc, counters_count);
  tcase_add_test(tc, inhibit);
  tcase_add_test(tc, counts_in_each_mode);
  tcase_add_test(tc, smcntrpmf_registers);
  tcase_add_test(tc, transitions);
  tcase_add_test(tc, scountovf);
  tcase_add_test(tc, without_sscofpmf);
  tcase_add_test(tc, lcofi_views);
  tcase_add_test(tc, lcofi_destinations);
  tcase_add_test(tc, overflow);
  tcase_add_test(tc, writes_do_not_overflow);
  tcase_add_test(tc, last_event_overflows);
  tcase_add_test(tc, overflow_and_wfi);
  tcase_add_test(tc, engine_overflows_like_steps);
  tcase_add_test(tc, exact_place);
}
UNIT_MAIN("pmf", add_tests)
