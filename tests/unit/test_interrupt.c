/* test_interrupt.c - which interrupt is taken and where, wfi, and the timers.
 *
 * The oracle states the manual's conditions one by one, for all modes and delegations.
 * [priv machine#mip, supervisor#sipsie, hypervisor#hideleg; H-060 .. H-082, H-115 .. H-123]
 */
#include "core_fixture.h"

#define BIT(n) (1ull << (n))

/* Takes what may be taken: the interrupt's number as mcause, scause or vscause shows it, or 0. */
static unsigned take(core *c, core_mode *to)
{
  rv_hart *h = c->h;
  if (!rv_take_interrupt(h))
    return 0;
  *to = get_mode(h);
  const uint64_t cause = *to == MODE_M ? h->csr.mcause : h->s[h->v].cause;
  ck_assert_uint_eq(cause >> 63, 1);
  return cause & 0xff;
}

/* ---- the oracle ---- */

static unsigned highest(uint64_t set, const uint8_t *order)
{
  while (*order && !(set & BIT(*order)))
    order++;
  return *order;
}

/* H-070, H-071, H-072, H-077, H-078, H-079, H-080 */
static unsigned oracle(core *c, core_mode mode, core_mode *to)
{
  static const uint8_t to_m[] = { 11, 3, 7, 9, 1, 5, 13, 0 };
  static const uint8_t to_hs[] = { 9, 1, 5, 12, 10, 2, 6, 13, 0 };
  static const uint8_t to_vs[] = { 10, 2, 6, 13, 0 };
  const rv_hart *h = c->h;
  const uint64_t ready = core_peek(c->h, CSR_mip) & core_peek(c->h, CSR_mie);
  const uint64_t mideleg = core_peek(c->h, CSR_mideleg), hideleg = core_peek(c->h, CSR_hideleg);
  const bool mie = h->csr.mstatus & BIT(3), sie = h->csr.mstatus & BIT(1);
  const bool vs_sie = h->s[1].status & BIT(1);
  unsigned irq;
  *to = MODE_M;
  if ((mode != MODE_M || mie) && (irq = highest(ready & ~mideleg, to_m)))
    return irq;
  *to = MODE_HS;
  if (mode != MODE_M && (mode != MODE_HS || sie) &&
      (irq = highest(ready & mideleg & ~hideleg, to_hs)))
    return irq;
  *to = MODE_VS;
  if ((mode == MODE_VU || (mode == MODE_VS && vs_sie)) &&
      (irq = highest(ready & mideleg & hideleg, to_vs)))
    return irq == 13 ? 13 : irq - 1; /* H-048, H-400 */
  return 0;
}

static void scramble(core *c)
{
  static const uint16_t csrs[] = { CSR_mip, CSR_hvip,    CSR_mideleg, CSR_hideleg,
                                   CSR_mie, CSR_mstatus, CSR_vsstatus };
  rv_hart *h = c->h;
  for (unsigned i = 0; i < sizeof csrs / sizeof *csrs; i++) {
    uint64_t value = core_random(c);
    if (csrs[i] == CSR_mip || csrs[i] == CSR_hvip || csrs[i] == CSR_mie)
      value &= core_random(c); /* few at a time */
    core_poke(h, csrs[i], value & ~BIT(17));
  }
  const uint64_t lines = core_random(c) & core_random(c);
  rv_set_line(h, IRQ_MEI, lines & 1);
  rv_set_line(h, IRQ_MSI, lines & 2);
  rv_set_line(h, IRQ_MTI, lines & 4);
  rv_set_line(h, IRQ_SEI, lines & 8);
}

/* Everything random, all modes; h->attention says the same. */
START_TEST(selection)
{
  core *c = core_new();
  c->h->choice.ext |= 1ull << EXT_Shlcofideleg;
  rv_csr_reset(c->h);
  unsigned taken[N_MODES] = { 0 };
  for (unsigned n = 0; n < 40000; n++) {
    const core_mode mode = n % N_MODES;
    core_mode to, want_to;
    scramble(c);
    set_mode(c->h, mode);
    const unsigned want = oracle(c, mode, &want_to);
    ck_assert_int_eq(c->h->attention, want != 0);
    const unsigned irq = take(c, &to);
    ck_assert_msg(irq == want, "from %s: %u, not %u to %s", mode_names[mode], irq, want,
                  mode_names[want_to]);
    if (irq) {
      ck_assert_int_eq(to, want_to);
      taken[to]++;
    } else {
      ck_assert_int_eq(get_mode(c->h), mode);
    }
  }
  ck_assert_uint_gt(taken[MODE_M], 500);
  ck_assert_uint_gt(taken[MODE_HS], 500);
  ck_assert_uint_gt(taken[MODE_VS], 100);
  core_free(c);
}
END_TEST

/* H-077, H-078, H-080, H-313: pending together, they come in the order of the manual. */
START_TEST(priorities)
{
  static const struct {
    core_mode mode;
    uint64_t mideleg, hideleg;
    uint8_t order[12];
  } cases[] = {
    { MODE_M, 0, 0, { 11, 3, 7, 9, 1, 5, 13 } },
    { MODE_U, ~0ull, 0, { 11, 3, 7, 9, 1, 5, 10, 2, 6, 13 } },
    { MODE_HS, ~0ull, 0, { 11, 3, 7, 9, 1, 5, 10, 2, 6, 13 } },
    { MODE_VU, ~0ull, ~0ull, { 11, 3, 7, 9, 1, 5, 9, 1, 5, 13 } },   /* the last four in VS */
    { MODE_VS, ~0ull, BIT(10), { 11, 3, 7, 9, 1, 5, 2, 6, 13, 9 } }, /* H-079: HS before VS */
  };
  core *c = core_new();
  rv_hart *h = c->h;
  h->choice.ext |= 1ull << EXT_Shlcofideleg;
  rv_csr_reset(h);
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    rv_set_line(h, IRQ_MEI, true);
    rv_set_line(h, IRQ_MSI, true);
    rv_set_line(h, IRQ_MTI, true);
    core_poke(h, CSR_mideleg, cases[i].mideleg);
    core_poke(h, CSR_hideleg, cases[i].hideleg);
    core_poke(h, CSR_mip, BIT(1) | BIT(5) | BIT(9) | BIT(13));
    core_poke(h, CSR_hvip, 0x444);
    core_poke(h, CSR_mie, ~0ull);
    for (const uint8_t *want = cases[i].order; *want; want++) {
      core_mode to;
      core_poke(h, CSR_mstatus, BIT(3) | BIT(1));
      core_poke(h, CSR_vsstatus, BIT(1));
      set_mode(h, cases[i].mode);
      const unsigned irq = take(c, &to);
      ck_assert_msg(irq == *want, "case %u: %u, not %u", i, irq, *want);
      /* Disable the one that was taken, by its number in mie. */
      core_poke(h, CSR_mie, h->csr.mie & ~BIT(to == MODE_VS && irq != 13 ? irq + 1 : irq));
    }
    core_mode to;
    ck_assert_uint_eq(take(c, &to), 0);
  }
  core_free(c);
}
END_TEST

/* H-005, H-047, H-071, H-072: one VS-level interrupt, by mode, SIE bits and
 * delegation. */
START_TEST(sie_rules)
{
  core *c = core_new();
  rv_hart *h = c->h;
  for (unsigned mode = 0; mode < N_MODES; mode++)
    for (unsigned set = 0; set < 16; set++) {
      const bool mie = set & 1, sie = set & 2, vs_sie = set & 4, deleg = set & 8;
      core_poke(h, CSR_mstatus, (mie ? BIT(3) : 0) | (sie ? BIT(1) : 0));
      core_poke(h, CSR_vsstatus, vs_sie ? BIT(1) : 0);
      core_poke(h, CSR_hideleg, deleg ? 0x444 : 0);
      core_poke(h, CSR_hie, 0x444);
      core_poke(h, CSR_hvip, BIT(6));
      set_mode(h, mode);
      core_mode to = mode;
      const unsigned irq = take(c, &to);
      unsigned want = 0;
      if (deleg)
        want = mode == MODE_VU || (mode == MODE_VS && vs_sie) ? 5 : 0;
      else
        want = mode >= MODE_U || (mode == MODE_HS && sie) ? 6 : 0;
      ck_assert_msg(irq == want, "%s, set %u: %u", mode_names[mode], set, irq);
      if (irq)
        ck_assert_int_eq(to, deleg ? MODE_VS : MODE_HS);
    }
  core_free(c);
}
END_TEST

/* CSR writes that let an interrupt in which was not allowed before. */
static const struct admission {
  core_mode mode;
  const char *text;
  uint64_t a0;
} writes[] = {
  { MODE_M, "csrrs x0,mstatus,a0", BIT(3) },
  { MODE_M, "csrrs x0,mie,a0", BIT(9) },
  { MODE_M, "csrrs x0,mip,a0", BIT(9) },
  { MODE_HS, "csrrs x0,sstatus,a0", BIT(1) },
  { MODE_HS, "csrrs x0,sie,a0", BIT(1) },
  { MODE_HS, "csrrs x0,sip,a0", BIT(1) },
  { MODE_HS, "csrrs x0,hie,a0", BIT(2) },
  { MODE_HS, "csrrs x0,hip,a0", BIT(2) },
  { MODE_HS, "csrrs x0,hvip,a0", BIT(6) },
  { MODE_VS, "csrrs x0,sstatus,a0", BIT(1) },
  { MODE_VS, "csrrs x0,sie,a0", BIT(1) },
  { MODE_VS, "csrrs x0,sip,a0", BIT(1) },
  { MODE_HS, "csrrc x0,hideleg,a0", BIT(2) },
  { MODE_HS, "csrrw x0,stimecmp,x0", 0 },
  { MODE_HS, "csrrw x0,vstimecmp,x0", 0 },
  { MODE_VS, "csrrw x0,stimecmp,x0", 0 },
  { MODE_HS, "csrrw x0,htimedelta,a0", 1ull << 40 },
};

enum { N_WRITES = sizeof writes / sizeof *writes };

/* Everything but what the write is about to give. */
static void prepare(core *c, const struct admission *w)
{
  rv_hart *h = c->h;
  const bool timer = strstr(w->text, "time") != NULL;
  const bool m = w->mode == MODE_M, vs = w->mode == MODE_VS;
  const bool hideleg = strstr(w->text, "hideleg") != NULL;
  const bool status = strstr(w->text, "status") != NULL;
  const bool enable = strstr(w->text, "ie,") != NULL;
  const bool pend = strstr(w->text, "ip,") != NULL;
  const bool hie = strstr(w->text, "hie") != NULL;
  open_gates(c);
  core_poke(h, CSR_stimecmp, ~0ull);
  core_poke(h, CSR_vstimecmp, strstr(w->text, "htimedelta") ? 1ull << 40 : ~0ull);
  core_poke(h, CSR_htimedelta, 0);
  core_poke(h, CSR_mideleg, m ? 0 : ~0ull);
  core_poke(h, CSR_hideleg, vs || hideleg ? 0x444 : 0);
  core_poke(h, CSR_mstatus, status ? 3 << 13 : 3 << 13 | BIT(1) | BIT(3));
  core_poke(h, CSR_vsstatus, status ? 3 << 13 : 3 << 13 | BIT(1));
  core_poke(h, CSR_mie, enable ? 0 : ~0ull);
  core_poke(h, CSR_mip, pend || timer || hideleg || hie ? 0 : m ? BIT(9) : vs ? 0 : BIT(1));
  core_poke(h, CSR_hvip, pend || timer ? 0 : hideleg || vs || hie ? BIT(2) : 0);
  h->x[10] = w->a0;
  set_mode(h, w->mode);
  ck_assert_msg(!h->attention, "%s: too early", w->text);
}

static void check_taken(core *c, const struct admission *w)
{
  core_mode to;
  ck_assert_msg(c->h->attention, "%s from %s", w->text, mode_names[w->mode]);
  ck_assert_uint_ne(take(c, &to), 0);
  ck_assert_int_eq(to, w->mode);
}

/* H-406: the write says so at once. */
START_TEST(attention_at_once)
{
  core *c = core_new();
  for (unsigned i = 0; i < N_WRITES; i++) {
    prepare(c, &writes[i]);
    ck_assert_int_eq(execute(c, writes[i].mode, writes[i].text), NO_TRAP);
    check_taken(c, &writes[i]);
  }
  core_free(c);
}
END_TEST

/* H-406 in the fast engine: the next instruction of the block does not execute. */
START_TEST(engine_stops_at_once)
{
  core *c = core_new();
  rv_hart *h = c->h;
  unsigned len;
  core_add_engine(c);
  for (unsigned i = 0; i < N_WRITES; i++) {
    const uint64_t at = DATA + 256 * i;
    put_memory(c, at, assemble("addi a1,a1,1", &len), 4);
    put_memory(c, at + 4, assemble(writes[i].text, &len), 4);
    for (unsigned k = 2; k < 20; k++)
      put_memory(c, at + 4 * k, assemble("addi a1,a1,1", &len), 4);
    put_memory(c, at + 80, 0x0000006f, 4); /* jal zero,0 */
    prepare(c, &writes[i]);
    h->pc = at;
    h->x[11] = 0;
    h->leave = false;
    const uint64_t before = h->icount;
    rv_run(h, 1000);
    ck_assert_msg(h->x[11] == 1 && h->pc == at + 8 && h->icount == before + 2,
                  "%s: %lu executed, pc %#lx", writes[i].text, h->icount - before, h->pc);
    check_taken(c, &writes[i]);
  }
  core_free(c);
}
END_TEST

/* H-406: the first instruction after an xRET that enables interrupts does not execute. */
START_TEST(attention_after_return)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_hie, 0x444);
  core_poke(h, CSR_hvip, BIT(2));
  core_poke(h, CSR_hideleg, 0x444);
  core_poke(h, CSR_hstatus, BIT(7));
  core_poke(h, CSR_mstatus, 0); /* to VU */
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), NO_TRAP);
  ck_assert_int_eq(get_mode(h), MODE_VU);
  ck_assert(h->attention);
  core_poke(h, CSR_mstatus, BIT(39) | BIT(11)); /* to VS, SIE=0 */
  ck_assert_int_eq(execute(c, MODE_M, "mret"), NO_TRAP);
  ck_assert_int_eq(get_mode(h), MODE_VS);
  ck_assert(!h->attention);
  core_poke(h, CSR_vsstatus, BIT(5) | BIT(8));
  ck_assert_int_eq(execute(c, MODE_VS, "sret"), NO_TRAP); /* SIE := SPIE */
  ck_assert(h->attention);
  core_free(c);
}
END_TEST

/* ---- wfi ---- */

/* H-081, KB-102: any pending and enabled interrupt ends the wait, whatever the global
 * enables and delegation; nothing else does. */
START_TEST(wfi_wakes)
{
  core *c = core_new();
  rv_hart *h = c->h;
  static const core_mode modes[] = { MODE_M, MODE_HS, MODE_VS };
  static const uint8_t irqs[] = { 1, 2, 3, 5, 6, 7, 9, 10, 11, 13 };
  for (unsigned m = 0; m < 3; m++)
    for (unsigned i = 0; i < sizeof irqs; i++)
      for (unsigned enabled = 0; enabled < 2; enabled++)
        for (unsigned deleg = 0; deleg < 2; deleg++) {
          const unsigned irq = irqs[i];
          rv_set_line(h, IRQ_MSI, false);
          rv_set_line(h, IRQ_MTI, false);
          rv_set_line(h, IRQ_MEI, false);
          core_poke(h, CSR_mip, 0);
          core_poke(h, CSR_hvip, 0);
          core_poke(h, CSR_mstatus, 0);
          core_poke(h, CSR_mideleg, 0x222);
          core_poke(h, CSR_hideleg, deleg ? 0x444 : 0);
          core_poke(h, CSR_mie, enabled ? BIT(irq) : ~BIT(irq));
          h->leave = false;
          ck_assert_int_eq(execute(c, modes[m], "wfi"), NO_TRAP);
          ck_assert(h->wfi && h->leave);
          ck_assert_uint_eq(h->pc, CODE + 4);
          if (irq == 3 || irq == 7 || irq == 11)
            rv_set_line(h, irq, true);
          else
            core_poke(h, BIT(irq) & 0x444 ? CSR_hvip : CSR_mip, BIT(irq));
          ck_assert_msg(h->wfi != enabled, "irq %u, enabled %u", irq, enabled);
          /* Pending before: no wait at all. */
          h->leave = false;
          ck_assert_int_eq(execute(c, modes[m], "wfi"), NO_TRAP);
          ck_assert_int_eq(h->wfi, !enabled);
          h->wfi = false;
        }
  core_free(c);
}
END_TEST

/* ---- timers ---- */

/* H-063, H-099, H-115, H-119, H-120, KB-105: VSTIP is the comparison with the delta, in every
 * mode, or hvip's bit; without STCE at either level only hvip's. */
START_TEST(vstip)
{
  core *c = core_new();
  rv_hart *h = c->h;
  for (unsigned n = 0; n < 4000; n++) {
    const uint64_t m = core_random(c) & BIT(63), s = core_random(c) & BIT(63);
    const uint64_t injected = core_random(c) & BIT(6);
    core_poke(h, CSR_menvcfg, BIT(63));
    core_poke(h, CSR_henvcfg, s);
    core_poke(h, CSR_menvcfg, m);
    core_poke(h, CSR_hvip, injected);
    c->now = core_random(c) >> (n & 31);
    core_poke(h, CSR_htimedelta, core_random(c));
    const uint64_t guest = c->now + core_peek(h, CSR_htimedelta);
    const uint64_t compare = guest + (n % 3) - 1; /* just passed, just reached, not yet */
    core_poke(h, CSR_vstimecmp, compare);
    core_poke(h, CSR_mcounteren, core_random(c)); /* H-405: no say in it */
    core_poke(h, CSR_hcounteren, core_random(c));
    set_mode(h, n % N_MODES);
    const bool reached = m && s && guest >= compare;
    const uint64_t want = reached ? BIT(6) : injected;
    ck_assert_uint_eq(core_peek(h, CSR_hip) & BIT(6), want);
    ck_assert_uint_eq(core_peek(h, CSR_mip) & BIT(6), want);
    ck_assert_uint_eq(core_peek(h, CSR_hvip), injected); /* KB-34: not an alias */
  }
  core_free(c);
}
END_TEST

/* stimecmp against the plain time, unsigned, level-triggered: not latched [H-119]. */
START_TEST(stip)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_menvcfg, BIT(63));
  core_poke(h, CSR_htimedelta, 1ull << 50);
  c->now = BIT(63);
  core_poke(h, CSR_stimecmp, BIT(63));
  ck_assert_uint_eq(core_peek(h, CSR_sip), 0); /* mideleg */
  core_poke(h, CSR_mideleg, ~0ull);
  ck_assert_uint_eq(core_peek(h, CSR_sip), BIT(5));
  core_poke(h, CSR_stimecmp, BIT(63) + 1);
  ck_assert_uint_eq(core_peek(h, CSR_sip), 0);
  c->now++;
  ck_assert_uint_eq(core_peek(h, CSR_sip), BIT(5));
  core_poke(h, CSR_menvcfg, 0);
  ck_assert_uint_eq(core_peek(h, CSR_sip), 0);
  core_free(c);
}
END_TEST

/* Everything that moves a comparison is reported, so that the next event is planned anew
 * (KB-104). */
START_TEST(timer_changes_are_told)
{
  static const uint16_t csrs[] = { CSR_stimecmp, CSR_vstimecmp, CSR_htimedelta, CSR_henvcfg,
                                   CSR_menvcfg };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof csrs / sizeof *csrs; i++) {
    const unsigned before = c->timer_changes;
    c->h->leave = false;
    core_poke(c->h, csrs[i], ~0ull);
    ck_assert_uint_gt(c->timer_changes, before);
    ck_assert(c->h->leave);
  }
  core_free(c);
}
END_TEST

/* KB-106: the guest's timer arrives in VS as interrupt 5; H-407: HS's own never shows in V=1.
 */
START_TEST(guest_timer)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_mode to;
  open_gates(c);
  core_poke(h, CSR_mideleg, ~0ull);
  core_poke(h, CSR_hideleg, 0x444);
  core_poke(h, CSR_vsstatus, BIT(1));
  core_poke(h, CSR_hie, BIT(6));
  core_poke(h, CSR_htimedelta, 100);
  c->now = 49;
  csr_write(c, MODE_VS, 0x14D, 150);
  ck_assert(!h->attention);
  c->now = 50;
  rv_irq_update(h);
  ck_assert(h->attention);
  ck_assert_uint_eq(take(c, &to), 5);
  ck_assert_int_eq(to, MODE_VS);
  ck_assert_uint_eq(core_peek(h, CSR_vscause), BIT(63) | 5);
  core_poke(h, CSR_vstimecmp, ~0ull);
  core_poke(h, CSR_stimecmp, 0);
  core_poke(h, CSR_mip, BIT(1) | BIT(9));
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x144), 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x144), BIT(1) | BIT(5) | BIT(9));
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, selection);
  tcase_add_test(tc, priorities);
  tcase_add_test(tc, sie_rules);
  tcase_add_test(tc, attention_at_once);
  tcase_add_test(tc, engine_stops_at_once);
  tcase_add_test(tc, attention_after_return);
  tcase_add_test(tc, wfi_wakes);
  tcase_add_test(tc, vstip);
  tcase_add_test(tc, stip);
  tcase_add_test(tc, timer_changes_are_told);
  tcase_add_test(tc, guest_timer);
}
UNIT_MAIN("interrupt", add_tests)
