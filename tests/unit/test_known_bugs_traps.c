/* test_known_bugs_traps.c - docs/known-bugs.md, the rows on traps and returns, and those of
 * hypervisors that are about what a trap says.
 */
#include "guest_fixture.h"

#define BIT(n) (1ull << (n))
enum { GVA = 6, SPV, SPVP };

static unsigned hstatus_bits(core *c) { return core_peek(c->h, CSR_hstatus) >> GVA & 7; }
static unsigned gva(core *c) { return hstatus_bits(c) & 1; }

/* KB-50, KB-61: after a fault has set GVA, a trap without an address clears it, in HS and in M. */
START_TEST(gva_does_not_stay)
{
  static const struct {
    const char *text;
    int cause;
  } rows[] = {
    { "ecall", CAUSE_ECALL_VS },
    { "mret", CAUSE_ILLEGAL },
    { "csrrs a0,hstatus,zero", CAUSE_VIRTUAL },
    { "sret", CAUSE_VIRTUAL }, /* VTSR */
  };
  core *c = new_guest();
  for (unsigned to_m = 0; to_m < 2; to_m++)
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
      core_poke(c->h, CSR_medeleg, to_m ? 0 : ~0ull);
      core_poke(c->h, CSR_hstatus, BIT(22));
      c->h->x[11] = NOWHERE;
      ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_PAGE);
      ck_assert_uint_eq(to_m ? c->h->csr.mstatus >> 38 & 1 : gva(c), 1);
      ck_assert_int_eq(execute(c, MODE_VS, rows[i].text), rows[i].cause);
      ck_assert_uint_eq(to_m ? c->h->csr.mstatus >> 38 & 1 : gva(c), 0);
    }
  /* And an interrupt. */
  core_poke(c->h, CSR_medeleg, ~0ull);
  c->h->x[11] = NOWHERE;
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_PAGE);
  set_mode(c->h, MODE_VS);
  rv_take_trap(c->h, &(rv_trap){ .cause = IRQ_VSTI, .interrupt = true });
  ck_assert_uint_eq(gva(c), 0);
  core_free(c);
}
END_TEST

/* KB-51, KB-65: exceptions 2, 3 and 6 with VS-level interrupts pending and delegated, which have
 * the numbers 2, 6 and 10. */
START_TEST(exceptions_keep_their_numbers)
{
  core *c = new_guest();
  core_poke(c->h, CSR_hedeleg, ~0ull);
  core_poke(c->h, CSR_hideleg, 0x444);
  core_poke(c->h, CSR_hvip, 0x444);
  core_poke(c->h, CSR_hie, 0x444);
  ck_assert_int_eq(execute_bits(c, MODE_VS, 0), CAUSE_ILLEGAL);
  ck_assert_int_eq(get_mode(c->h), MODE_VS);
  ck_assert_uint_eq(core_peek(c->h, CSR_vscause), 2);
  ck_assert_int_eq(execute(c, MODE_VS, "ebreak"), CAUSE_BREAKPOINT);
  ck_assert_uint_eq(core_peek(c->h, CSR_vscause), 3);
  c->h->x[11] = DATA + 1;
  ck_assert_int_eq(execute(c, MODE_VS, "amoadd.w a0,a2,(a1)"), CAUSE_STORE_MISALIGNED);
  ck_assert_uint_eq(core_peek(c->h, CSR_vscause), 6);
  /* 10 cannot be delegated further: HS sees it as it is. */
  ck_assert_int_eq(execute(c, MODE_VS, "ecall"), CAUSE_ECALL_VS);
  ck_assert_uint_eq(core_peek(c->h, CSR_scause), 10);
  core_free(c);
}
END_TEST

/* KB-52: HS touches an address of its own (GVA=0), M one of the guest's by MPRV with MPV (GVA=1),
 * in the guest's translation. */
START_TEST(gva_follows_the_access)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  h->x[11] = NOWHERE;
  core_poke(h, CSR_hstatus, BIT(GVA));
  ck_assert_int_eq(execute(c, MODE_HS, "ld a0,0(a1)"), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(gva(c), 0);
  map_vs(c, DATA, 0);
  h->x[11] = DATA;
  core_poke(h, CSR_mstatus, BIT(17) | BIT(11) | BIT(39)); /* MPRV, MPP=S, MPV */
  ck_assert_int_eq(execute(c, MODE_M, "ld a0,0(a1)"), CAUSE_LOAD_PAGE);
  ck_assert_uint_eq(h->csr.mstatus >> 38 & 3, 1); /* GVA, MPV := 0 */
  core_poke(h, CSR_mstatus, BIT(17) | BIT(11));   /* MPV=0: satp, which is Bare */
  ck_assert_int_eq(execute(c, MODE_M, "ld a0,0(a1)"), NO_TRAP);
  core_free(c);
}
END_TEST

/* KB-53, KB-64: HLV, HLVX and HSV from HS, refused by either stage. */
START_TEST(gva_of_guest_accesses_from_hs)
{
  static const char *const texts[] = { "hlv.d a0,(a1)", "hlvx.hu a0,(a1)", "hsv.b a0,(a1)" };
  core *c = new_guest();
  for (unsigned stage = 0; stage < 2; stage++)
    for (unsigned i = 0; i < 3; i++) {
      map_vs(c, DATA, stage ? VS_PAGE : 0);
      map_g(c, DATA, stage ? 0 : G_PAGE);
      core_poke(c->h, CSR_hstatus, BIT(SPVP) | BIT(SPV));
      c->h->x[11] = DATA + 8;
      const int want = (i == 2 ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE) + 8 * stage;
      ck_assert_int_eq(execute(c, MODE_HS, texts[i]), want);
      ck_assert_uint_eq(hstatus_bits(c), 5); /* SPVP kept, SPV=0, GVA=1 */
      ck_assert_uint_eq(core_peek(c->h, CSR_stval), DATA + 8);
    }
  core_free(c);
}
END_TEST

/* KB-54, KB-57: a trap from U or HS leaves SPVP, one from VS or VU writes it. */
START_TEST(spvp_changes_with_v1_only)
{
  core *c = core_new();
  core_poke(c->h, CSR_medeleg, ~0ull);
  for (unsigned spvp = 0; spvp < 2; spvp++)
    for (unsigned mode = MODE_HS; mode < N_MODES; mode++) {
      core_poke(c->h, CSR_hstatus, spvp << SPVP | BIT(GVA));
      ck_assert_int_eq(execute(c, mode, "ebreak"), CAUSE_BREAKPOINT);
      const bool v = mode >= MODE_VS;
      ck_assert_uint_eq(hstatus_bits(c) >> 2, v ? mode == MODE_VS : spvp);
      ck_assert_uint_eq(hstatus_bits(c) >> 1 & 1, v);
      ck_assert_uint_eq(gva(c), v);
    }
  core_free(c);
}
END_TEST

/* KB-55 */
START_TEST(xret_clears_mprv)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_mstatus, BIT(17) | BIT(11)); /* to HS */
  ck_assert_int_eq(execute(c, MODE_M, "mret"), NO_TRAP);
  ck_assert_uint_eq(h->csr.mstatus >> 17 & 1, 0);
  core_poke(h, CSR_mstatus, BIT(17) | BIT(11) | BIT(12)); /* to M: it stays */
  ck_assert_int_eq(execute(c, MODE_M, "mret"), NO_TRAP);
  ck_assert_uint_eq(h->csr.mstatus >> 17 & 1, 1);
  core_poke(h, CSR_mstatus, BIT(17) | BIT(8)); /* sret in M */
  ck_assert_int_eq(execute(c, MODE_M, "sret"), NO_TRAP);
  ck_assert_uint_eq(h->csr.mstatus >> 17 & 1, 0);
  core_free(c);
}
END_TEST

/* KB-56 */
START_TEST(vectored_vs_interrupts)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_vstvec, VS_VECTOR | 1);
  core_poke(h, CSR_hideleg, 0x444);
  core_poke(h, CSR_hie, 0x444);
  core_poke(h, CSR_hvip, BIT(10));
  core_poke(h, CSR_vsstatus, BIT(1));
  set_mode(h, MODE_VS);
  ck_assert(rv_take_interrupt(h));
  ck_assert_uint_eq(h->pc, VS_VECTOR + 4 * 9);
  core_free(c);
}
END_TEST

/* KB-58 */
START_TEST(gva_of_breakpoints_and_misaligned)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  core_poke(h, CSR_hstatus, 0);
  ck_assert_int_eq(execute(c, MODE_VS, "ebreak"), CAUSE_BREAKPOINT);
  ck_assert_uint_eq(gva(c), 1);
  ck_assert_uint_eq(core_peek(h, CSR_stval), CODE);
  core_poke(h, CSR_hstatus, 0);
  h->x[11] = DATA + 2;
  ck_assert_int_eq(execute(c, MODE_VS, "lr.w a0,(a1)"), CAUSE_LOAD_MISALIGNED);
  ck_assert_uint_eq(gva(c), 1);
  ck_assert_uint_eq(core_peek(h, CSR_stval), DATA + 2);
  core_poke(h, CSR_hgatp, 0);
  core_poke(h, CSR_vsatp, 0);
  core_poke(h, CSR_hstatus, 0);
  h->x[11] = NOWHERE;
  ck_assert_int_eq(execute(c, MODE_VS, "sd a0,0(a1)"), CAUSE_STORE_ACCESS);
  ck_assert_uint_eq(gva(c), 1);
  ck_assert_uint_eq(core_peek(h, CSR_stval), NOWHERE);
  core_free(c);
}
END_TEST

/* KB-59 */
START_TEST(what_returns_leave)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_mstatus, BIT(11) | BIT(12) | BIT(39) | BIT(7));
  ck_assert_int_eq(execute(c, MODE_M, "mret"), NO_TRAP);
  ck_assert_uint_eq(h->csr.mstatus >> 11 & 3, 0);
  ck_assert_uint_eq(h->csr.mstatus >> 39 & 1, 0);
  core_poke(h, CSR_hstatus, BIT(SPV) | BIT(SPVP) | BIT(GVA));
  core_poke(h, CSR_mstatus, BIT(8));
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), NO_TRAP);
  ck_assert_int_eq(get_mode(h), MODE_VS);
  ck_assert_uint_eq(hstatus_bits(c), 5); /* SPVP and GVA stay */
  ck_assert_uint_eq(core_peek(h, CSR_sstatus) >> 8 & 1, 0);
  core_free(c);
}
END_TEST

/* KB-60: HS's and U's own exceptions, with everything delegated to the guest. */
START_TEST(hedeleg_needs_v1)
{
  core *c = core_new();
  core_poke(c->h, CSR_medeleg, ~0ull);
  core_poke(c->h, CSR_hedeleg, ~0ull);
  ck_assert_int_eq(execute(c, MODE_U, "ecall"), CAUSE_ECALL_U);
  ck_assert_int_eq(get_mode(c->h), MODE_HS);
  ck_assert_uint_eq(c->h->pc, HS_VECTOR);
  ck_assert_uint_eq(core_peek(c->h, CSR_scause), CAUSE_ECALL_U);
  ck_assert_int_eq(execute(c, MODE_HS, "ebreak"), CAUSE_BREAKPOINT);
  ck_assert_int_eq(get_mode(c->h), MODE_HS);
  ck_assert_uint_eq(c->h->pc, HS_VECTOR);
  ck_assert_uint_eq(core_peek(c->h, CSR_vscause), 0);
  ck_assert_int_eq(execute(c, MODE_VU, "ecall"), CAUSE_ECALL_U);
  ck_assert_int_eq(get_mode(c->h), MODE_VS);
  core_free(c);
}
END_TEST

/* KB-62 */
START_TEST(mret_to_m_is_not_virtual)
{
  core *c = core_new();
  core_poke(c->h, CSR_mstatus, BIT(11) | BIT(12) | BIT(39));
  core_poke(c->h, CSR_mepc, DATA);
  ck_assert_int_eq(execute(c, MODE_M, "mret"), NO_TRAP);
  ck_assert(c->h->prv == PRV_M && !c->h->v);
  ck_assert_uint_eq(c->h->pc, DATA);
  core_free(c);
}
END_TEST

/* ---- hypervisors ---- */

/* KB-120: hedeleg[3] without medeleg[3]. */
START_TEST(an_undelegated_ebreak_goes_to_m)
{
  core *c = core_new();
  core_poke(c->h, CSR_medeleg, ~BIT(3));
  core_poke(c->h, CSR_hedeleg, ~0ull);
  ck_assert_int_eq(execute(c, MODE_VS, "ebreak"), CAUSE_BREAKPOINT);
  ck_assert_int_eq(get_mode(c->h), MODE_M);
  core_poke(c->h, CSR_medeleg, ~0ull);
  ck_assert_int_eq(execute(c, MODE_VS, "ebreak"), CAUSE_BREAKPOINT);
  ck_assert_int_eq(get_mode(c->h), MODE_VS);
  core_free(c);
}
END_TEST

/* KB-121: load, store and AMO access faults of a guest, where only the guest may repair them. */
START_TEST(access_faults_reach_the_guest)
{
  static const char *const texts[] = { "lw a0,0(a1)", "sw a0,0(a1)", "amoor.w a0,a2,(a1)" };
  core *c = core_new();
  core_poke(c->h, CSR_medeleg, BIT(5) | BIT(7));
  core_poke(c->h, CSR_hedeleg, BIT(5) | BIT(7));
  for (unsigned i = 0; i < 3; i++) {
    c->h->x[11] = NOWHERE;
    ck_assert_int_eq(execute(c, MODE_VU, texts[i]), i ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS);
    ck_assert_int_eq(get_mode(c->h), MODE_VS);
    ck_assert_uint_eq(core_peek(c->h, CSR_vscause), i ? 7 : 5);
    ck_assert_uint_eq(core_peek(c->h, CSR_vstval), NOWHERE);
  }
  core_free(c);
}
END_TEST

/* KB-122: as a hypervisor's fix-up needs it. */
START_TEST(an_hlvx_fault_can_be_fixed_up)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  map_vs(c, DATA, V | R | A);
  core_poke(h, CSR_hedeleg, ~0ull);
  core_poke(h, CSR_hstatus, BIT(SPVP) | BIT(SPV));
  h->x[11] = DATA;
  h->x[10] = 0x77;
  ck_assert_int_eq(execute(c, MODE_HS, "hlvx.wu a0,(a1)"), CAUSE_LOAD_PAGE);
  ck_assert_int_eq(get_mode(h), MODE_HS);
  ck_assert_uint_eq(core_peek(h, CSR_sepc), CODE);
  ck_assert_uint_eq(core_peek(h, CSR_sstatus) >> 8 & 1, 1); /* from S */
  ck_assert_uint_eq(hstatus_bits(c), 5);
  ck_assert_uint_eq(h->x[10], 0x77);
  core_poke(h, CSR_sepc, CODE + 4);
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), NO_TRAP);
  ck_assert_int_eq(get_mode(h), MODE_HS);
  ck_assert_uint_eq(h->pc, CODE + 4);
  core_free(c);
}
END_TEST

/* KB-123: over an exit for MMIO and the entry after it. */
START_TEST(hvip_survives_exits)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  core_poke(h, CSR_hvip, BIT(6) | BIT(10));
  map_g(c, DATA, 0);
  h->x[11] = DATA;
  core_poke(h, CSR_hstatus, 0);
  ck_assert_int_eq(execute(c, MODE_VS, "lw a0,0(a1)"), CAUSE_LOAD_GUEST_PAGE);
  ck_assert_uint_eq(core_peek(h, CSR_hvip), BIT(6) | BIT(10));
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), NO_TRAP);
  ck_assert_int_eq(get_mode(h), MODE_VS);
  ck_assert_uint_eq(core_peek(h, CSR_hvip), BIT(6) | BIT(10));
  core_free(c);
}
END_TEST

/* KB-124, KB-128: an MMIO access of 2 and of 4 bytes, on both legal machines. */
START_TEST(htinst_tells_the_length_or_nothing)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  map_g(c, DATA, 0);
  h->x[11] = DATA;
  for (unsigned zero = 0; zero < 2; zero++) {
    h->choice.tinst_zero = zero;
    ck_assert_int_eq(execute(c, MODE_VS, "c.lw a0,4(a1)"), CAUSE_LOAD_GUEST_PAGE);
    ck_assert_uint_eq(h->csr.htinst, zero ? 0 : 0x2501); /* lw a0,0(zero), bit 1 = 0 */
    ck_assert_uint_eq(h->csr.htval, (DATA + 4) >> 2);
    ck_assert_int_eq(execute(c, MODE_VS, "lw a0,4(a1)"), CAUSE_LOAD_GUEST_PAGE);
    ck_assert_uint_eq(h->csr.htinst, zero ? 0 : 0x2503);
    ck_assert_uint_eq(h->csr.htval, (DATA + 4) >> 2);
  }
  core_free(c);
}
END_TEST

/* KB-127: what M hands on is the guest's trap, not that of M's own accesses in between. */
static bool helps_itself(void *ctx, rv_hart *h, const rv_trap *t)
{
  h->csr.mtinst = 0x00b50023; /* as of a store that faulted in M */
  rv_redirect_trap(h, t);
  return true;
}
START_TEST(a_redirected_trap_is_the_guests)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  c->env.firmware = helps_itself;
  core_poke(h, CSR_medeleg, 0);
  map_g(c, DATA + 4096, 0);
  h->x[11] = DATA + 4094;
  ck_assert_int_eq(execute(c, MODE_VS, "sw a0,0(a1)"), CAUSE_STORE_GUEST_PAGE);
  ck_assert_int_eq(get_mode(h), MODE_HS);
  ck_assert_uint_eq(h->csr.htinst, 0x00a02023 | 2 << 15); /* sw a0,0(zero), offset 2 */
  ck_assert_uint_eq(core_peek(h, CSR_stval), DATA + 4096);
  ck_assert_uint_eq(h->csr.htval, (DATA + 4096) >> 2);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, gva_does_not_stay);
  tcase_add_test(tc, exceptions_keep_their_numbers);
  tcase_add_test(tc, gva_follows_the_access);
  tcase_add_test(tc, gva_of_guest_accesses_from_hs);
  tcase_add_test(tc, spvp_changes_with_v1_only);
  tcase_add_test(tc, xret_clears_mprv);
  tcase_add_test(tc, vectored_vs_interrupts);
  tcase_add_test(tc, gva_of_breakpoints_and_misaligned);
  tcase_add_test(tc, what_returns_leave);
  tcase_add_test(tc, hedeleg_needs_v1);
  tcase_add_test(tc, mret_to_m_is_not_virtual);
  tcase_add_test(tc, an_undelegated_ebreak_goes_to_m);
  tcase_add_test(tc, access_faults_reach_the_guest);
  tcase_add_test(tc, an_hlvx_fault_can_be_fixed_up);
  tcase_add_test(tc, hvip_survives_exits);
  tcase_add_test(tc, htinst_tells_the_length_or_nothing);
  tcase_add_test(tc, a_redirected_trap_is_the_guests);
}
UNIT_MAIN("known-bugs-traps", add_tests)
