/* test_sbi.c - the built-in firmware: each function's success and each of its errors, the trap hook
 * and the entry state. RFENCE, PMU and FWFT have files of their own. [sbi 3.0; platform state as
 * OpenSBI's]
 */
#include "sbi_fixture.h"

#define EXPECT(actual, expected) ck_assert_int_eq((int64_t)(actual), (int64_t)(expected))
#define EXPECT_HEX(actual, expected)                                                               \
  ck_assert_msg((actual) == (expected), #actual " is 0x%lx", (unsigned long)(actual))

/* ---- entry state ---- */

/* Boot hart: HS-mode, a0 = hartid, a1 as given, satp 0, SIE 0; H CSRs 0 but hstatus.VSXL. */
START_TEST(entry_state)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(h->prv, PRV_S);
  ck_assert(!h->v && !h->wfi);
  EXPECT(h->power, RV_STARTED);
  EXPECT_HEX(h->pc, KERNEL);
  EXPECT(h->x[10], 0);
  EXPECT(h->x[11], 0x1234);
  EXPECT(peek(h, CSR_satp), 0);
  EXPECT(peek(h, CSR_sstatus) & sstatus_SIE, 0);
  EXPECT_HEX(peek(h, CSR_sstatus) & sstatus_FS, sstatus_FS);
  EXPECT(peek(h, CSR_sie), 0);
  EXPECT_HEX(peek(h, CSR_hstatus), 0x200000000u);
  static const unsigned zero[] = { CSR_hedeleg, CSR_hideleg,    CSR_hcounteren, CSR_henvcfg,
                                   CSR_hgatp,   CSR_htimedelta, CSR_hvip,       CSR_vsatp };
  for (unsigned i = 0; i < sizeof zero / sizeof *zero; i++)
    EXPECT(peek(h, zero[i]), 0);
  tear_down(f);
}
END_TEST

/* What M leaves: PMP open, delegation, counters, menvcfg; ADUE off. */
START_TEST(machine_state)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(peek(h, CSR_pmpcfg0), 0x1f);
  EXPECT_HEX(peek(h, CSR_medeleg), 0xF0B509u);
  EXPECT_HEX(peek(h, CSR_mideleg), 0x3666u);
  EXPECT_HEX(peek(h, CSR_mcounteren), 0xffffffffu);
  EXPECT_HEX(peek(h, CSR_mcountinhibit), 0x7f8u); /* cycle and instret run, event counters wait */
  EXPECT(peek(h, CSR_scounteren), 7);
  const uint64_t env = peek(h, CSR_menvcfg);
  EXPECT_HEX(env & (menvcfg_STCE | menvcfg_PBMTE | menvcfg_ADUE), menvcfg_STCE | menvcfg_PBMTE);
  EXPECT_HEX(env & 0xf0, 0xd0); /* CBZE, CBCFE; CBIE: flush [H-101 .. H-103] */
  EXPECT(peek(h, CSR_mie), 0);
  tear_down(f);
}
END_TEST

/* With Smstateen HS-mode has its henvcfg and hstateen0, as OpenSBI gives them [H-305]; hstateen0
 * and sstateen0 are 0 as M-mode is to leave them. */
START_TEST(stateen_given)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  h->choice.ext |= 1ull << EXT_Smstateen;
  rv_sbi_start(f->sbi, h, KERNEL, 0);
  EXPECT_HEX(peek(h, CSR_mstateen0), mstateen0_SE | mstateen0_ENVCFG);
  EXPECT_HEX(peek(h, CSR_hstateen0), 0u);
  tear_down(f);
}
END_TEST

/* --adue: on in menvcfg, and in henvcfg for VS-stage tables. */
START_TEST(adue_from_the_start)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  h->choice.adue = true;
  rv_sbi_start(f->sbi, h, KERNEL, 0);
  ck_assert(peek(h, CSR_menvcfg) & menvcfg_ADUE);
  ck_assert(peek(h, CSR_henvcfg) & henvcfg_ADUE);
  tear_down(f);
}
END_TEST

/* Other harts are stopped until HSM starts them. */
START_TEST(other_harts_are_stopped)
{
  fixture *f = set_up();
  EXPECT(f->harts[1]->power, RV_STOPPED);
  EXPECT(f->harts[2]->power, RV_STOPPED);
  tear_down(f);
}
END_TEST

/* ---- the hook ---- */

/* [sbi binary-encoding] all registers but a0 and a1 are preserved; execution goes on behind. */
START_TEST(call_preserves_registers)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  for (unsigned i = 1; i < 32; i++)
    h->x[i] = 100 + i;
  EXPECT(ecall(h, EID_BASE, 0, ARGS(1, 2, 3, 4, 5, 6)), OK);
  for (unsigned i = 1; i < 32; i++)
    if (i != 10 && i != 11 && (i < 12 || i > 17))
      EXPECT(h->x[i], 100 + i);
  for (unsigned i = 12; i < 16; i++)
    EXPECT(h->x[i], i - 9);
  EXPECT(h->prv, PRV_S);
  EXPECT_HEX(h->pc, KERNEL + 4);
  EXPECT(peek(h, CSR_scause), 0);
  tear_down(f);
}
END_TEST

/* [sbi binary-encoding] unsupported EID or FID: NOT_SUPPORTED, and a hint once per EID. */
START_TEST(unsupported_calls)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  static const uint64_t absent[] = { EID_SSE,    0x43505043, 0x4E41434C, 0x535441,  0x4D505859,
                                     0x44425452, 0x9,        0xf,        0x0A000000 };
  unsigned n = sizeof absent / sizeof *absent;
  for (unsigned i = 0; i < n; i++) {
    EXPECT(ecall(h, absent[i], 0, ARGS(0)), NOT_SUPPORTED);
    EXPECT(ecall(h, absent[i], 1, ARGS(0)), NOT_SUPPORTED);
    EXPECT(f->n_hints, i + 1);
  }
  static const uint64_t here[][2] = { { EID_BASE, 7 }, { EID_TIME, 1 },    { EID_IPI, 1 },
                                      { EID_HSM, 4 },  { EID_RFENCE, 7 },  { EID_SRST, 1 },
                                      { EID_PMU, 9 },  { EID_SUSP, 1 },    { EID_FWFT, 2 },
                                      { EID_DBCN, 3 }, { EID_BASE, ~0ull } };
  for (unsigned i = 0; i < sizeof here / sizeof *here; i++)
    EXPECT(ecall(h, here[i][0], here[i][1], ARGS(0)), NOT_SUPPORTED);
  EXPECT(f->n_hints, n + 10);
  ck_assert_ptr_nonnull(strstr(f->hint, "DBCN"));
  tear_down(f);
}
END_TEST

/* The SBI event carries call, arguments and result; nothing is told unobserved. */
START_TEST(call_is_told)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  ecall(h, EID_BASE, 0, ARGS(0));
  EXPECT(f->n_events, 0);
  h->observe = 1ull << RV_EV_SBI;
  const uint64_t pc = h->pc, insn = h->icount;
  ecall(h, EID_HSM, 2, ARGS(99, 7));
  EXPECT(f->n_events, 1);
  EXPECT(f->event.type, RV_EV_SBI);
  EXPECT_HEX(f->event.pc, pc);
  EXPECT_HEX(f->event.dest, pc + 4);
  EXPECT(f->event.insn, insn);
  EXPECT(f->event.u.sbi.eid, EID_HSM);
  EXPECT(f->event.u.sbi.fid, 2);
  EXPECT(f->event.u.sbi.arg[0], 99);
  EXPECT(f->event.u.sbi.arg[1], 7);
  EXPECT(f->event.u.sbi.error, INVALID_PARAM);
  ck_assert(!f->event.u.sbi.legacy);
  ecall(h, 1, 0, ARGS('x'));
  ck_assert(f->event.u.sbi.legacy);
  tear_down(f);
}
END_TEST

/* An undelegated exception of HS-mode is handed to HS as a direct trap would be [H-172]. */
START_TEST(illegal_is_redirected_to_hs)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  rv_csr_poke(h, CSR_stvec, KERNEL + 0x100);
  rv_csr_poke(h, CSR_sstatus, peek(h, CSR_sstatus) | sstatus_SIE);
  rv_take_trap(h, &(rv_trap){ .cause = CAUSE_ILLEGAL, .tval = 0xabcd, .why = WHY_UNDEFINED });
  EXPECT_HEX(h->pc, KERNEL + 0x100);
  EXPECT(h->prv, PRV_S);
  EXPECT_HEX(peek(h, CSR_sepc), KERNEL);
  EXPECT(peek(h, CSR_scause), CAUSE_ILLEGAL);
  EXPECT(peek(h, CSR_stval), 0xabcd);
  EXPECT_HEX(peek(h, CSR_sstatus) & (sstatus_SPP | sstatus_SPIE | sstatus_SIE),
             sstatus_SPP | sstatus_SPIE);
  EXPECT(peek(h, CSR_mstatus) & mstatus_MPP, 0);
  tear_down(f);
}
END_TEST

static void enter_vs(rv_hart *h)
{
  rv_csr_poke(h, CSR_vstvec, KERNEL + 0x200);
  rv_csr_poke(h, CSR_stvec, KERNEL + 0x100);
  h->v = true;
  rv_regime_changed(h);
}

/* With V=1 and hedeleg the same exception goes to VS, without: to HS with SPV [H-043]. */
START_TEST(illegal_of_guest_follows_hedeleg)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const rv_trap t = { .cause = CAUSE_ILLEGAL, .tval = 7, .why = WHY_UNDEFINED };
  enter_vs(h);
  rv_csr_poke(h, CSR_hedeleg, 1 << CAUSE_ILLEGAL);
  rv_take_trap(h, &t);
  ck_assert(h->v);
  EXPECT_HEX(h->pc, KERNEL + 0x200);
  EXPECT(peek(h, CSR_vscause), CAUSE_ILLEGAL);
  EXPECT(peek(h, CSR_scause), 0);
  rv_csr_poke(h, CSR_hedeleg, 0);
  rv_take_trap(h, &t);
  ck_assert(!h->v);
  EXPECT_HEX(h->pc, KERNEL + 0x100);
  EXPECT_HEX(peek(h, CSR_hstatus) & (hstatus_SPV | hstatus_SPVP), hstatus_SPV | hstatus_SPVP);
  tear_down(f);
}
END_TEST

/* ecall from VS is the hypervisor's: delegated, and redirected even if it were not. */
START_TEST(ecall_from_vs_is_not_served)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  for (unsigned delegated = 0; delegated < 2; delegated++) {
    enter_vs(h);
    rv_csr_poke(h, CSR_medeleg, delegated << CAUSE_ECALL_VS);
    h->x[17] = EID_SRST;
    rv_take_trap(h, &(rv_trap){ .cause = CAUSE_ECALL_VS, .why = WHY_ECALL });
    EXPECT(peek(h, CSR_scause), CAUSE_ECALL_VS);
    EXPECT_HEX(h->pc, KERNEL + 0x100);
    ck_assert(!h->v);
    EXPECT(f->n_power, 0);
  }
  tear_down(f);
}
END_TEST

/* An M-level interrupt that someone enabled is masked, and the caller goes on where it was. */
START_TEST(machine_interrupt_is_masked)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  rv_csr_poke(h, CSR_mie, IP(MTI) | IP(SSI));
  rv_set_line(h, IRQ_MTI, true);
  ck_assert(rv_take_interrupt(h));
  EXPECT(h->prv, PRV_S);
  EXPECT_HEX(h->pc, KERNEL);
  EXPECT_HEX(peek(h, CSR_mie), IP(SSI));
  tear_down(f);
}
END_TEST

/* A trap of M-mode is none of the firmware's. */
START_TEST(trap_from_m_is_refused)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  rv_csr_poke(h, CSR_mstatus, mstatus_MPP);
  ck_assert(!rv_sbi_trap(f->sbi, h, &(rv_trap){ .cause = CAUSE_ECALL_M }));
  tear_down(f);
}
END_TEST

START_TEST(names)
{
  const char *x, *fn;
  ck_assert(rv_sbi_name(EID_HSM, 3, &x, &fn));
  ck_assert_str_eq(x, "HSM");
  ck_assert_str_eq(fn, "hart_suspend");
  ck_assert(rv_sbi_name(8, 77, &x, &fn));
  ck_assert_str_eq(x, "legacy");
  ck_assert_str_eq(fn, "shutdown");
  ck_assert(rv_sbi_name(EID_HSM, 4, &x, &fn));
  ck_assert_ptr_null(fn);
  ck_assert(rv_sbi_name(EID_PMU, 8, &x, &fn));
  ck_assert_str_eq(fn, "event_get_info");
  ck_assert(!rv_sbi_name(EID_SSE, 0, &x, &fn));
}
END_TEST

/* ---- Base [sbi ext-base] ---- */

START_TEST(base_versions)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  static const uint64_t expected[] = { 0x03000000, RV_SBI_IMPL_ID, RV_SBI_IMPL_VERSION };
  for (unsigned fid = 0; fid < 3; fid++) {
    EXPECT(ecall(h, EID_BASE, fid, ARGS(0)), OK);
    EXPECT_HEX(h->x[11], expected[fid]);
  }
  static const unsigned csr[] = { CSR_mvendorid, CSR_marchid, CSR_mimpid };
  for (unsigned i = 0; i < 3; i++) {
    EXPECT(ecall(h, EID_BASE, 4 + i, ARGS(0, 5)), OK);
    EXPECT(h->x[11], peek(h, csr[i]));
  }
  tear_down(f);
}
END_TEST

START_TEST(base_probe)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  static const uint64_t here[] = { EID_BASE, EID_TIME, EID_IPI, EID_RFENCE, EID_HSM,
                                   EID_SRST, EID_DBCN, EID_PMU, EID_SUSP,   EID_FWFT,
                                   0,        1,        2,       3,          4,
                                   5,        6,        7,       8 };
  static const uint64_t absent[] = { EID_SSE, 0x44425452, 9, 0xf, 0x0A000000, ~0ull };
  for (unsigned i = 0; i < sizeof here / sizeof *here; i++) {
    EXPECT(ecall(h, EID_BASE, 3, ARGS(here[i])), OK);
    EXPECT(h->x[11], 1);
  }
  for (unsigned i = 0; i < sizeof absent / sizeof *absent; i++) {
    EXPECT(ecall(h, EID_BASE, 3, ARGS(absent[i])), OK);
    EXPECT(h->x[11], 0);
  }
  EXPECT(f->n_hints, 0);
  tear_down(f);
}
END_TEST

/* ---- TIME [sbi ext-time] ---- */

/* set_timer: STIP is pending from that time on, and cleared by a time in the future. */
START_TEST(time_set_timer)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const unsigned before = f->timer_changes;
  EXPECT(ecall(h, EID_TIME, 0, ARGS(f->now)), OK);
  EXPECT(peek(h, CSR_stimecmp), f->now);
  ck_assert_uint_gt(f->timer_changes, before);
  ck_assert(peek(h, CSR_sip) & sip_STIP);
  EXPECT(ecall(h, EID_TIME, 0, ARGS(f->now + 1)), OK);
  ck_assert(!(peek(h, CSR_sip) & sip_STIP));
  tear_down(f);
}
END_TEST

/* Without Sstc the machine's timer is the supervisor's: its interrupt becomes STIP. */
START_TEST(time_without_sstc)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  h->choice.ext &= ~(1ull << EXT_Sstc);
  rv_sbi_start(f->sbi, h, KERNEL, 0);
  EXPECT(ecall(h, EID_TIME, 0, ARGS(f->now + 5)), OK);
  EXPECT(f->mtimecmp, f->now + 5);
  EXPECT(peek(h, CSR_mie) & mie_MTIE, mie_MTIE);
  const uint64_t pc = h->pc;
  rv_set_line(h, IRQ_MTI, true);
  ck_assert(rv_take_interrupt(h));
  EXPECT(h->pc, pc);
  EXPECT(h->prv, PRV_S);
  EXPECT(peek(h, CSR_sip) & sip_STIP, sip_STIP);
  ck_assert(!rv_take_interrupt(h)); /* not again */
  rv_set_line(h, IRQ_MTI, false);
  EXPECT(ecall(h, 0, 0, ARGS(~0ull)), OK); /* legacy */
  EXPECT(f->mtimecmp, ~0ull);
  EXPECT(peek(h, CSR_sip) & sip_STIP, 0);
  EXPECT(peek(h, CSR_mie) & mie_MTIE, mie_MTIE);
  tear_down(f);
}
END_TEST

/* ---- IPI [sbi ext-ipi; binary-encoding, hart list parameter] ---- */

static bool has_ipi(const fixture *f, unsigned hart)
{
  return peek(f->harts[hart], CSR_mip) & mip_SSIP; /* also of stopped harts */
}

START_TEST(ipi_to_mask)
{
  fixture *f = set_up();
  start_all(f);
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(2, 1)), OK); /* bit 1 from base 1: hart 2 */
  ck_assert(!has_ipi(f, 0) && !has_ipi(f, 1) && has_ipi(f, 2));
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(1, 0)), OK); /* to itself */
  ck_assert(has_ipi(f, 0) && !has_ipi(f, 1));
  tear_down(f);
}
END_TEST

/* hart_mask_base -1: all harts, the mask is ignored. */
START_TEST(ipi_to_all)
{
  fixture *f = set_up();
  start_all(f);
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(0, ~0ull)), OK);
  ck_assert(has_ipi(f, 0) && has_ipi(f, 1) && has_ipi(f, 2));
  tear_down(f);
}
END_TEST

/* A hart that does not exist: INVALID_PARAM, and nobody is interrupted; a base beyond all harts is
 * fine while no bit is set; ids do not wrap around 2^64. */
START_TEST(ipi_errors)
{
  fixture *f = set_up();
  start_all(f);
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(0xf, 0)), INVALID_PARAM);
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(1, N_HARTS)), INVALID_PARAM);
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(4, -2)), INVALID_PARAM);
  ck_assert(!has_ipi(f, 0) && !has_ipi(f, 1) && !has_ipi(f, 2));
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(0, 77)), OK);
  tear_down(f);
}
END_TEST

/* A waiting hart wakes; a stopped one is skipped and starts without a pending interrupt. */
START_TEST(ipi_wakes)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[1];
  rv_sbi_start(f->sbi, h, KERNEL, 0);
  rv_csr_poke(h, CSR_sie, sie_SSIE);
  h->wfi = true;
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(6, 0)), OK);
  ck_assert(!h->wfi);
  EXPECT(f->harts[2]->power, RV_STOPPED);
  ck_assert(!has_ipi(f, 2));
  tear_down(f);
}
END_TEST

/* ---- HSM [sbi ext-hsm] ---- */

START_TEST(hsm_start)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[1];
  EXPECT(ecall(f->harts[0], EID_HSM, 0, ARGS(1, RAM + 0x42, 0xfeed)), OK);
  EXPECT(h->power, RV_STARTED);
  EXPECT_HEX(h->pc, RAM + 0x42);
  EXPECT(h->prv, PRV_S);
  EXPECT(h->x[10], 1);
  EXPECT(h->x[11], 0xfeed);
  EXPECT(peek(h, CSR_satp), 0);
  EXPECT(peek(h, CSR_sstatus) & sstatus_SIE, 0);
  EXPECT_HEX(peek(h, CSR_medeleg), 0xF0B509u);
  EXPECT_HEX(f->harts[0]->pc, KERNEL + 4); /* the caller goes on */
  tear_down(f);
}
END_TEST

START_TEST(hsm_start_errors)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(ecall(h, EID_HSM, 0, ARGS(N_HARTS, KERNEL)), INVALID_PARAM);
  EXPECT(ecall(h, EID_HSM, 0, ARGS(1, 0x1000)), INVALID_ADDRESS);
  EXPECT(ecall(h, EID_HSM, 0, ARGS(1, RAM + RAM_SIZE)), INVALID_ADDRESS);
  EXPECT(ecall(h, EID_HSM, 0, ARGS(1, KERNEL + 1)), INVALID_ADDRESS);
  EXPECT(ecall(h, EID_HSM, 0, ARGS(0, KERNEL)), ALREADY_AVAILABLE);
  EXPECT(f->harts[1]->power, RV_STOPPED);
  EXPECT(ecall(h, EID_HSM, 0, ARGS(1, KERNEL)), OK);
  EXPECT(ecall(h, EID_HSM, 0, ARGS(1, KERNEL)), ALREADY_AVAILABLE);
  tear_down(f);
}
END_TEST

/* The hart stops, and can be started again with a state of its own. */
START_TEST(hsm_stop)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[1];
  start_all(f);
  rv_csr_poke(h, CSR_hedeleg, 0x100);
  ecall(h, EID_HSM, 1, ARGS(0));
  EXPECT(h->power, RV_STOPPED);
  EXPECT(ecall(f->harts[0], EID_HSM, 2, ARGS(1)), OK);
  EXPECT(f->harts[0]->x[11], 1);
  EXPECT(ecall(f->harts[0], EID_HSM, 0, ARGS(1, RAM, 0)), OK);
  EXPECT(h->power, RV_STARTED);
  EXPECT_HEX(h->pc, RAM);
  EXPECT(peek(h, CSR_hedeleg), 0);
  tear_down(f);
}
END_TEST

START_TEST(hsm_status)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(ecall(h, EID_HSM, 2, ARGS(0)), OK);
  EXPECT(h->x[11], 0);
  EXPECT(ecall(h, EID_HSM, 2, ARGS(1)), OK);
  EXPECT(h->x[11], 1);
  EXPECT(ecall(h, EID_HSM, 2, ARGS(N_HARTS)), INVALID_PARAM);
  tear_down(f);
}
END_TEST

/* Retentive: waits like wfi, keeps its state, returns success behind the call. */
START_TEST(hsm_suspend_retentive)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[1];
  start_all(f);
  rv_csr_poke(h, CSR_sie, sie_SSIE);
  h->x[9] = 99;
  EXPECT(ecall(h, EID_HSM, 3, ARGS(0)), OK);
  ck_assert(h->wfi);
  EXPECT_HEX(h->pc, KERNEL + 4);
  EXPECT(ecall(f->harts[0], EID_HSM, 2, ARGS(1)), OK);
  EXPECT(f->harts[0]->x[11], 4); /* SUSPENDED */
  EXPECT(ecall(f->harts[0], EID_HSM, 0, ARGS(1, KERNEL)), ALREADY_AVAILABLE);
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(2, 0)), OK);
  ck_assert(!h->wfi);
  EXPECT(h->x[9], 99);
  EXPECT(h->x[10], OK);
  EXPECT_HEX(h->pc, KERNEL + 4);
  EXPECT(ecall(f->harts[0], EID_HSM, 2, ARGS(1)), OK);
  EXPECT(f->harts[0]->x[11], 0);
  h->icount++; /* a wfi of its own is no suspension */
  h->wfi = true;
  EXPECT(ecall(f->harts[0], EID_HSM, 2, ARGS(1)), OK);
  EXPECT(f->harts[0]->x[11], 0);
  tear_down(f);
}
END_TEST

/* Nothing to wait for if an enabled interrupt is pending already. */
START_TEST(hsm_suspend_with_pending)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  rv_csr_poke(h, CSR_sie, sie_SSIE);
  rv_csr_poke(h, CSR_sip, sip_SSIP);
  EXPECT(ecall(h, EID_HSM, 3, ARGS(0)), OK);
  ck_assert(!h->wfi);
  tear_down(f);
}
END_TEST

/* Non-retentive: resumes at resume_addr with satp 0, SIE 0, a0 = hartid, a1 = opaque; sie must stay
 * or nothing would wake the hart. suspend_type is 32 bits: sign extension does not matter. */
START_TEST(hsm_suspend_non_retentive)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[1];
  start_all(f);
  rv_csr_poke(h, CSR_sie, sie_SSIE);
  rv_csr_poke(h, CSR_satp, 8ull << 60 | RAM >> 12);
  rv_csr_poke(h, CSR_sstatus, sstatus_SIE);
  ecall(h, EID_HSM, 3, ARGS(0xffffffff80000000, RAM + 0x80, 0xbeef));
  ck_assert(h->wfi);
  EXPECT(ecall(f->harts[0], EID_IPI, 0, ARGS(2, 0)), OK);
  ck_assert(!h->wfi);
  EXPECT_HEX(h->pc, RAM + 0x80);
  EXPECT(h->prv, PRV_S);
  EXPECT(h->x[10], 1);
  EXPECT(h->x[11], 0xbeef);
  EXPECT(peek(h, CSR_satp), 0);
  EXPECT(peek(h, CSR_sstatus) & sstatus_SIE, 0);
  tear_down(f);
}
END_TEST

START_TEST(hsm_suspend_errors)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  static const uint64_t types[] = { 1, 0x0fffffff, 0x10000000, 0x7fffffff, 0x80000001, 0x90000000 };
  for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
    EXPECT(ecall(h, EID_HSM, 3, ARGS(types[i], KERNEL)), INVALID_PARAM);
  EXPECT(ecall(h, EID_HSM, 3, ARGS(0x80000000, 0x1000)), INVALID_ADDRESS);
  ck_assert(!h->wfi);
  tear_down(f);
}
END_TEST

/* ---- SUSP [sbi ext-sys-suspend] ---- */

/* The last hart waits, for what sie enables, and goes on at resume_addr with a0 = hartid,
 * a1 = opaque, satp 0, SIE 0. */
START_TEST(susp_to_ram)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  rv_csr_poke(h, CSR_sie, sie_SEIE);
  rv_csr_poke(h, CSR_satp, 8ull << 60 | RAM >> 12);
  rv_csr_poke(h, CSR_sstatus, sstatus_SIE);
  ecall(h, EID_SUSP, 0, ARGS(0, RAM + 0x80, 0xbeef));
  ck_assert(h->wfi);
  rv_set_line(h, IRQ_SEI, true);
  ck_assert(!h->wfi);
  EXPECT_HEX(h->pc, RAM + 0x80);
  EXPECT(h->prv, PRV_S);
  EXPECT(h->x[10], 0);
  EXPECT(h->x[11], 0xbeef);
  EXPECT(peek(h, CSR_satp), 0);
  EXPECT(peek(h, CSR_sstatus) & sstatus_SIE, 0);
  tear_down(f);
}
END_TEST

/* Reserved and platform types are invalid; another hart that is not stopped, even a suspended one,
 * denies it; the type is 32 bits. */
START_TEST(susp_errors)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(ecall(h, EID_SUSP, 0, ARGS(1, KERNEL)), INVALID_PARAM);
  EXPECT(ecall(h, EID_SUSP, 0, ARGS(0x80000000, KERNEL)), INVALID_PARAM);
  EXPECT(ecall(h, EID_SUSP, 0, ARGS(1ull << 32, 0x1000)), INVALID_ADDRESS);
  EXPECT(ecall(h, EID_SUSP, 0, ARGS(0, KERNEL + 1)), INVALID_ADDRESS);
  rv_sbi_start(f->sbi, f->harts[2], KERNEL, 0);
  EXPECT(ecall(h, EID_SUSP, 0, ARGS(0, KERNEL)), DENIED);
  ecall(f->harts[2], EID_HSM, 3, ARGS(0));
  ck_assert(f->harts[2]->wfi);
  EXPECT(ecall(h, EID_SUSP, 0, ARGS(0, KERNEL)), DENIED);
  ck_assert(!h->wfi);
  tear_down(f);
}
END_TEST

/* ---- SRST [sbi ext-sys-reset] ---- */

START_TEST(srst_types_and_reasons)
{
  static const struct {
    uint64_t type, reason;
    bool reset;
    int code;
    const char *text;
  } row[] = {
    { 0, 0, false, 0, "SBI SRST" },
    { 0, 1, false, 1, "SBI SRST, system failure" },
    { 1, 0, true, 0, "SBI SRST cold reboot" },
    { 2, 0, true, 0, "SBI SRST warm reboot" },
  };
  fixture *f = set_up();
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
    const uint64_t pc = f->harts[0]->pc;
    ecall(f->harts[0], EID_SRST, 0, ARGS(row[i].type, row[i].reason));
    EXPECT(f->n_power, i + 1);
    EXPECT(f->reset, row[i].reset);
    EXPECT(f->code, row[i].code);
    ck_assert_str_eq(f->reason, row[i].text);
    EXPECT_HEX(f->pc_at_power, pc + 4); /* the caller's state is final by then */
  }
  tear_down(f);
}
END_TEST

START_TEST(srst_errors)
{
  fixture *f = set_up();
  static const uint64_t row[][2] = { { 3, 0 }, { 0xEFFFFFFF, 0 }, { 0xF0000000, 0 },
                                     { 0, 2 }, { 0, 0xE0000000 }, { 0, 0xF0000000 } };
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++)
    EXPECT(ecall(f->harts[0], EID_SRST, 0, ARGS(row[i][0], row[i][1])), INVALID_PARAM);
  EXPECT(f->n_power, 0);
  tear_down(f);
}
END_TEST

/* ---- DBCN [sbi ext-debug-console] ---- */

/* Longer than a chunk; the value is the number of bytes. ROM may be written from. */
START_TEST(dbcn_write)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  char text[700];
  for (unsigned i = 0; i < sizeof text; i++)
    text[i] = 'a' + i % 26;
  ck_assert(rv_phys_write(&f->phys, RAM + 5, text, sizeof text));
  EXPECT(ecall(h, EID_DBCN, 0, ARGS(sizeof text, RAM + 5, 0)), OK);
  EXPECT(h->x[11], sizeof text);
  EXPECT(f->n_out, sizeof text);
  EXPECT(memcmp(f->out, text, sizeof text), 0);
  EXPECT(ecall(h, EID_DBCN, 0, ARGS(4, ROM, 0)), OK);
  EXPECT(f->n_out, sizeof text + 4);
  EXPECT(ecall(h, EID_DBCN, 0, ARGS(0, 0, 0)), OK);
  EXPECT(h->x[11], 0);
  tear_down(f);
}
END_TEST

/* Takes what input there is, and no more than was asked for. */
START_TEST(dbcn_read)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  char buf[8] = "";
  f->in = "hello";
  EXPECT(ecall(h, EID_DBCN, 1, ARGS(3, RAM, 0)), OK);
  EXPECT(h->x[11], 3);
  EXPECT(ecall(h, EID_DBCN, 1, ARGS(3, RAM + 3, 0)), OK);
  EXPECT(h->x[11], 2);
  EXPECT(ecall(h, EID_DBCN, 1, ARGS(3, RAM, 0)), OK);
  EXPECT(h->x[11], 0);
  ck_assert(rv_phys_read(&f->phys, RAM, buf, 5));
  ck_assert_str_eq(buf, "hello");
  tear_down(f);
}
END_TEST

/* Memory that is not there, not writable, beyond its end, above 2^64 or wrapping. */
START_TEST(dbcn_errors)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  f->in = "x";
  for (unsigned fid = 0; fid < 2; fid++) {
    EXPECT(ecall(h, EID_DBCN, fid, ARGS(1, 0x1000, 0)), INVALID_PARAM);
    EXPECT(ecall(h, EID_DBCN, fid, ARGS(2, RAM + RAM_SIZE - 1, 0)), INVALID_PARAM);
    EXPECT(ecall(h, EID_DBCN, fid, ARGS(1, RAM, 1)), INVALID_PARAM);
    EXPECT(ecall(h, EID_DBCN, fid, ARGS(~0ull, RAM, 0)), INVALID_PARAM);
  }
  EXPECT(ecall(h, EID_DBCN, 1, ARGS(1, ROM, 0)), INVALID_PARAM);
  EXPECT(f->n_out, 0);
  EXPECT(*f->in, 'x');
  tear_down(f);
}
END_TEST

START_TEST(dbcn_write_byte)
{
  fixture *f = set_up();
  EXPECT(ecall(f->harts[0], EID_DBCN, 2, ARGS(0x141, 9)), OK);
  EXPECT(f->harts[0]->x[11], 0);
  ck_assert_str_eq(f->out, "A");
  tear_down(f);
}
END_TEST

/* ---- legacy [sbi ext-legacy] ---- */

/* a1 and a6 do not count: nothing is returned in the one, the other is ignored. */
START_TEST(legacy_console)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  f->in = "q";
  EXPECT(ecall(h, 1, 55, ARGS('Z', 42)), 0);
  EXPECT(h->x[11], 42);
  ck_assert_str_eq(f->out, "Z");
  EXPECT(ecall(h, 2, 0, ARGS(0)), 'q');
  EXPECT(ecall(h, 2, 0, ARGS(0)), -1);
  tear_down(f);
}
END_TEST

START_TEST(legacy_timer)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(ecall(h, 0, 0, ARGS(5)), 0);
  ck_assert(peek(h, CSR_sip) & sip_STIP);
  EXPECT(ecall(h, 0, 0, ARGS(~0ull)), 0);
  EXPECT(peek(h, CSR_sip) & sip_STIP, 0);
  tear_down(f);
}
END_TEST

/* The mask is in memory; NULL means all harts; bits without a hart are ignored. clear_ipi tells
 * whether one had been pending. */
START_TEST(legacy_ipi)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  start_all(f);
  const uint64_t mask = 0xf0 | 1 << 2;
  ck_assert(rv_phys_write(&f->phys, RAM + 64, &mask, sizeof mask));
  EXPECT(ecall(h, 4, 0, ARGS(RAM + 64)), 0);
  ck_assert(!has_ipi(f, 0) && !has_ipi(f, 1) && has_ipi(f, 2));
  EXPECT(ecall(h, 3, 0, ARGS(0)), 0);
  EXPECT(ecall(h, 4, 0, ARGS(0)), 0);
  ck_assert(has_ipi(f, 0) && has_ipi(f, 1));
  ck_assert_int_gt(ecall(h, 3, 0, ARGS(0)), 0);
  ck_assert(!has_ipi(f, 0) && has_ipi(f, 1));
  tear_down(f);
}
END_TEST

/* An unreadable mask is the caller's fault, with sepc at the ecall and registers untouched. */
START_TEST(legacy_mask_faults)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  rv_csr_poke(h, CSR_stvec, KERNEL + 0x100);
  for (unsigned eid = 4; eid < 8; eid++) {
    h->pc = KERNEL + 8 * eid;
    EXPECT(ecall(h, eid, 0, ARGS(0x1000, 2)), 0x1000);
    EXPECT_HEX(h->pc, KERNEL + 0x100);
    EXPECT(h->prv, PRV_S);
    EXPECT_HEX(peek(h, CSR_sepc), KERNEL + 8 * eid);
    EXPECT(peek(h, CSR_stval), 0x1000);
    EXPECT(peek(h, CSR_scause), CAUSE_LOAD_ACCESS);
    EXPECT(h->x[11], 2);
  }
  rv_csr_poke(h, CSR_satp, 8ull << 60 | RAM >> 12); /* an empty root table */
  EXPECT(ecall(h, 4, 0, ARGS(RAM + 8)), RAM + 8);
  EXPECT(peek(h, CSR_scause), CAUSE_LOAD_PAGE);
  EXPECT(peek(h, CSR_stval), RAM + 8);
  tear_down(f);
}
END_TEST

START_TEST(legacy_shutdown)
{
  fixture *f = set_up();
  ecall(f->harts[0], 8, 0, ARGS(0));
  EXPECT(f->n_power, 1);
  ck_assert(!f->reset);
  EXPECT(f->code, 0);
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, entry_state);
  tcase_add_test(tc, machine_state);
  tcase_add_test(tc, stateen_given);
  tcase_add_test(tc, adue_from_the_start);
  tcase_add_test(tc, other_harts_are_stopped);
  tcase_add_test(tc, call_preserves_registers);
  tcase_add_test(tc, unsupported_calls);
  tcase_add_test(tc, call_is_told);
  tcase_add_test(tc, illegal_is_redirected_to_hs);
  tcase_add_test(tc, illegal_of_guest_follows_hedeleg);
  tcase_add_test(tc, ecall_from_vs_is_not_served);
  tcase_add_test(tc, machine_interrupt_is_masked);
  tcase_add_test(tc, trap_from_m_is_refused);
  tcase_add_test(tc, names);
  tcase_add_test(tc, base_versions);
  tcase_add_test(tc, base_probe);
  tcase_add_test(tc, time_set_timer);
  tcase_add_test(tc, time_without_sstc);
  tcase_add_test(tc, ipi_to_mask);
  tcase_add_test(tc, ipi_to_all);
  tcase_add_test(tc, ipi_errors);
  tcase_add_test(tc, ipi_wakes);
  tcase_add_test(tc, hsm_start);
  tcase_add_test(tc, hsm_start_errors);
  tcase_add_test(tc, hsm_stop);
  tcase_add_test(tc, hsm_status);
  tcase_add_test(tc, hsm_suspend_retentive);
  tcase_add_test(tc, hsm_suspend_with_pending);
  tcase_add_test(tc, hsm_suspend_non_retentive);
  tcase_add_test(tc, hsm_suspend_errors);
  tcase_add_test(tc, susp_to_ram);
  tcase_add_test(tc, susp_errors);
  tcase_add_test(tc, srst_types_and_reasons);
  tcase_add_test(tc, srst_errors);
  tcase_add_test(tc, dbcn_write);
  tcase_add_test(tc, dbcn_read);
  tcase_add_test(tc, dbcn_errors);
  tcase_add_test(tc, dbcn_write_byte);
  tcase_add_test(tc, legacy_console);
  tcase_add_test(tc, legacy_timer);
  tcase_add_test(tc, legacy_ipi);
  tcase_add_test(tc, legacy_mask_faults);
  tcase_add_test(tc, legacy_shutdown);
}
UNIT_MAIN("sbi", add_tests)
