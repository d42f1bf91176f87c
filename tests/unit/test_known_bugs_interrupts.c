/* test_known_bugs_interrupts.c - docs/known-bugs.md, the rows on interrupts and timers. */
#include "core_fixture.h"

#define BIT(n) (1ull << (n))

static void sstc_on(core *c)
{
  open_gates(c);
  core_poke(c->h, CSR_menvcfg, BIT(63));
  core_poke(c->h, CSR_henvcfg, BIT(63));
  core_poke(c->h, CSR_vstimecmp, ~0ull);
  core_poke(c->h, CSR_stimecmp, ~0ull);
}
static unsigned vstip(core *c) { return csr_read(c, MODE_HS, 0x644) >> 6 & 1; }

/* KB-100: right after reset, before any firmware has written mideleg. */
START_TEST(vs_interrupts_never_go_to_m)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_mideleg, 0);
  for (unsigned irq = 2; irq <= 10; irq += 4) {
    core_poke(h, CSR_hie, BIT(irq));
    core_poke(h, CSR_hvip, BIT(irq));
    core_poke(h, CSR_mstatus, BIT(3)); /* MIE: M itself is not interrupted either */
    set_mode(h, MODE_M);
    ck_assert(!rv_take_interrupt(h));
    set_mode(h, MODE_VS);
    ck_assert(rv_take_interrupt(h));
    ck_assert_int_eq(get_mode(h), MODE_HS);
    ck_assert_uint_eq(core_peek(h, CSR_scause), BIT(63) | irq);
  }
  core_free(c);
}
END_TEST

/* KB-101: with sstatus.SIE=0 and vsstatus.SIE=0; HS's own interrupts, too. */
START_TEST(hs_interrupts_are_enabled_in_the_guest)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_mideleg, ~0ull);
  for (unsigned mode = MODE_VS; mode <= MODE_VU; mode++) {
    core_poke(h, CSR_mstatus, 0);
    core_poke(h, CSR_vsstatus, 0);
    core_poke(h, CSR_mie, BIT(10) | BIT(1));
    core_poke(h, CSR_hvip, BIT(10));
    core_poke(h, CSR_mip, 0);
    set_mode(h, mode);
    ck_assert(rv_take_interrupt(h));
    ck_assert_int_eq(get_mode(h), MODE_HS);
    ck_assert_uint_eq(core_peek(h, CSR_scause), BIT(63) | 10);
    core_poke(h, CSR_hvip, 0);
    core_poke(h, CSR_mip, BIT(1));
    set_mode(h, mode);
    ck_assert(rv_take_interrupt(h));
    ck_assert_uint_eq(core_peek(h, CSR_scause), BIT(63) | 1);
  }
  core_free(c);
}
END_TEST

/* KB-102: a hart that waits in HS, VS or M. */
START_TEST(vseip_ends_wfi)
{
  static const core_mode modes[] = { MODE_M, MODE_HS, MODE_VS };
  core *c = core_new();
  for (unsigned i = 0; i < 3; i++)
    for (unsigned deleg = 0; deleg < 2; deleg++) {
      core_poke(c->h, CSR_hvip, 0);
      core_poke(c->h, CSR_hie, BIT(10));
      core_poke(c->h, CSR_hideleg, deleg ? BIT(10) : 0);
      ck_assert_int_eq(execute(c, modes[i], "wfi"), NO_TRAP);
      ck_assert(c->h->wfi);
      core_poke(c->h, CSR_hvip, BIT(10));
      ck_assert(!c->h->wfi);
    }
  core_free(c);
}
END_TEST

/* KB-103 */
START_TEST(vstip_without_stce)
{
  core *c = core_new();
  sstc_on(c);
  core_poke(c->h, CSR_vstimecmp, 0);
  ck_assert_uint_eq(vstip(c), 1);
  csr_write(c, MODE_HS, 0x60a, 0);
  ck_assert_uint_eq(vstip(c), 0);
  csr_write(c, MODE_HS, 0x645, BIT(6));
  ck_assert_uint_eq(vstip(c), 1);
  csr_write(c, MODE_HS, 0x645, 0);
  csr_write(c, MODE_HS, 0x60a, BIT(63));
  ck_assert_uint_eq(vstip(c), 1);
  csr_write(c, MODE_M, 0x30a, 0); /* M's switch as well */
  ck_assert_uint_eq(vstip(c), 0);
  core_free(c);
}
END_TEST

/* KB-104: each register that moves the comparison, both ways, and the interrupt it gives. */
START_TEST(every_change_is_evaluated)
{
  core *c = core_new();
  rv_hart *h = c->h;
  sstc_on(c);
  core_poke(h, CSR_hie, BIT(6));
  core_poke(h, CSR_mstatus, BIT(1));
  c->now = 1000;
  csr_write(c, MODE_HS, 0x24d, 1000);
  ck_assert(vstip(c) && h->attention);
  csr_write(c, MODE_HS, 0x24d, 1001);
  ck_assert(!vstip(c) && !h->attention);
  csr_write(c, MODE_HS, 0x605, 1);
  ck_assert(vstip(c) && h->attention);
  csr_write(c, MODE_HS, 0x605, -1ull);
  ck_assert(!vstip(c) && !h->attention);
  c->now = 1002;
  ck_assert(vstip(c));
  csr_write(c, MODE_VS, 0x14d, 5000); /* the guest sets the next one */
  ck_assert(!vstip(c));
  core_free(c);
}
END_TEST

/* KB-105: seen from V=0. */
START_TEST(htimedelta_counts_with_v0)
{
  core *c = core_new();
  sstc_on(c);
  c->now = 100;
  csr_write(c, MODE_HS, 0x605, 1000);
  csr_write(c, MODE_HS, 0x24d, 1100);
  ck_assert_uint_eq(vstip(c), 1);
  csr_write(c, MODE_HS, 0x24d, 1101);
  ck_assert_uint_eq(vstip(c), 0);
  csr_write(c, MODE_HS, 0x605, -50ull); /* the guest is behind */
  csr_write(c, MODE_HS, 0x24d, 51);
  ck_assert_uint_eq(vstip(c), 0);
  c->now = 101;
  ck_assert_uint_eq(vstip(c), 1);
  core_free(c);
}
END_TEST

/* KB-106, H-120: delegated it comes in VS as 5 once V=1, else HS takes it as 6, with V=0 too. */
START_TEST(guest_timer_is_delivered)
{
  core *c = core_new();
  rv_hart *h = c->h;
  sstc_on(c);
  core_poke(h, CSR_hie, BIT(6));
  core_poke(h, CSR_hideleg, BIT(6));
  core_poke(h, CSR_mstatus, BIT(1));
  core_poke(h, CSR_vsstatus, BIT(1));
  c->now = 10;
  csr_write(c, MODE_VS, 0x14d, 10);
  set_mode(h, MODE_HS);
  ck_assert(!rv_take_interrupt(h)); /* waits for V=1 */
  set_mode(h, MODE_VS);
  ck_assert(rv_take_interrupt(h));
  ck_assert_int_eq(get_mode(h), MODE_VS);
  ck_assert_uint_eq(core_peek(h, CSR_vscause), BIT(63) | 5);
  core_poke(h, CSR_hideleg, 0);
  set_mode(h, MODE_HS);
  ck_assert(rv_take_interrupt(h));
  ck_assert_uint_eq(core_peek(h, CSR_scause), BIT(63) | 6);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, vs_interrupts_never_go_to_m);
  tcase_add_test(tc, hs_interrupts_are_enabled_in_the_guest);
  tcase_add_test(tc, vseip_ends_wfi);
  tcase_add_test(tc, vstip_without_stce);
  tcase_add_test(tc, every_change_is_evaluated);
  tcase_add_test(tc, htimedelta_counts_with_v0);
  tcase_add_test(tc, guest_timer_is_delivered);
}
UNIT_MAIN("known-bugs-interrupts", add_tests)
