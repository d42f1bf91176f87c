/* test_csr_inline.c - csr* instructions inside of blocks: what the engine does inline must be what
 * rv_csr_access says, whoever comes by, and nothing may come late for it. [priv csrs]
 */
#include "core_fixture.h"

/* A block of its own at CODE; spins behind its end. */
static core *with_code(const char *const *texts)
{
  core *c = core_new();
  core_add_engine(c);
  uint64_t at = CODE;
  for (; *texts; texts++) {
    unsigned len;
    const uint32_t bits = assemble(*texts, &len);
    put_memory(c, at, bits, len);
    at += len;
  }
  const uint64_t ends[] = { at, M_VECTOR, HS_VECTOR };
  for (unsigned i = 0; i < 3; i++)
    put_memory(c, ends[i], 0x0000006f, 4); /* jal zero,. */
  return c;
}

/* Runs it in a mode, by the fast engine, until it spins at its end or in a handler. */
static void run_in(core *c, core_mode mode)
{
  set_mode(c->h, mode);
  c->h->pc = CODE;
  c->h->leave = false;
  rv_run(c->h, 64);
}

/* One block for all modes: the S names are the VS CSRs while V=1, U and VU are refused, in whatever
 * order they come by. H-006, H-007, H-156 */
START_TEST(a_block_is_shared_between_modes)
{
  core *c =
      with_code((const char *const[]){ "csrrw a1,sscratch,a0", "csrrs a2,sscratch,zero", NULL });
  rv_hart *h = c->h;
  core_poke(h, CSR_sscratch, 0x100);
  core_poke(h, CSR_vsscratch, 0x200);
  static const core_mode order[] = { MODE_M,  MODE_HS, MODE_VS, MODE_U,  MODE_VS,
                                     MODE_HS, MODE_VU, MODE_HS, MODE_VS, MODE_M };
  uint64_t kept[2] = { 0x100, 0x200 };
  for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
    const core_mode mode = order[i];
    h->x[10] = 0x1000 + i;
    h->x[11] = h->x[12] = 0;
    run_in(c, mode);
    if (mode == MODE_U || mode == MODE_VU) {
      ck_assert_uint_eq(h->csr.mcause, mode == MODE_U ? CAUSE_ILLEGAL : CAUSE_VIRTUAL);
      ck_assert_uint_eq(h->csr.mepc, CODE);
      ck_assert_uint_eq(h->csr.mtval, csr_bits(CSR_sscratch, 1, 10, 11));
      ck_assert_uint_eq(h->x[11], 0);
    } else {
      ck_assert_uint_eq(h->x[11], kept[mode == MODE_VS]);
      ck_assert_uint_eq(h->x[12], 0x1000 + i);
      kept[mode == MODE_VS] = 0x1000 + i;
    }
    ck_assert_uint_eq(h->s[0].scratch, kept[0]);
    ck_assert_uint_eq(h->s[1].scratch, kept[1]);
  }
  core_free(c);
}
END_TEST

/* A write to a read-only number is refused after its reads were done inline. H-014 */
START_TEST(a_read_opens_no_write)
{
  core *c = with_code((const char *const[]){ "csrrs a1,marchid,zero", "csrrs a1,hgeip,zero",
                                             "csrrw a1,hgeip,zero", NULL });
  run_in(c, MODE_M);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_ILLEGAL);
  ck_assert_uint_eq(c->h->csr.mepc, CODE + 8);
  core_free(c);
}
END_TEST

/* What is not a field keeps: only the mask of the row is written. H-184, H-185, H-025 */
START_TEST(a_write_keeps_to_its_mask)
{
  static const struct {
    const char *text;
    unsigned csr;
    uint64_t kept;
  } rows[] = {
    { "csrrw zero,sepc,a0", CSR_sepc, ~1ull },
    { "csrrw zero,stvec,a0", CSR_stvec, ~2ull },
    { "csrrw zero,scounteren,a0", CSR_scounteren, 0xffffffff },
    { "csrrw zero,hedeleg,a0", CSR_hedeleg, 0xcb1ff },
    { "csrrw zero,stval,a0", CSR_stval, ~0ull },
    { "csrrw zero,hstatus,a0", CSR_hstatus,
      hstatus_GVA | hstatus_SPV | hstatus_SPVP | hstatus_HU | hstatus_VTVM | hstatus_VTW |
          hstatus_VTSR | hstatus_HUPMM | 2ull << 32 },
  };
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    core *c = with_code((const char *const[]){ rows[i].text, NULL });
    c->h->x[10] = ~0ull;
    run_in(c, MODE_HS);
    ck_assert_msg(core_peek(c->h, rows[i].csr) == rows[i].kept, "%s: %#lx", rows[i].text,
                  (long)core_peek(c->h, rows[i].csr));
    core_free(c);
  }
}
END_TEST

/* minstret and mcycle are exact in the middle of a block, behind CSRs that are done inline and so
 * do not say where they are; what is written is what the next instruction reads. */
START_TEST(counters_are_exact_between)
{
  core *c = with_code((const char *const[]){
      "csrrs a1,minstret,zero", "csrrs t0,mscratch,zero", "csrrw t0,mscratch,t0",
      "csrrs a2,minstret,zero", "csrrw zero,minstret,a0", "csrrs a3,minstret,zero",
      "csrrs t0,mscratch,zero", "csrrs a4,minstret,zero", NULL });
  rv_hart *h = c->h;
  for (unsigned round = 0; round < 3; round++) {
    h->x[10] = 1000;
    run_in(c, MODE_M);
    ck_assert_uint_eq(h->x[12] - h->x[11], 3);
    ck_assert_uint_eq(h->x[13], 1000);
    ck_assert_uint_eq(h->x[14], 1002);
  }
  core_free(c);
}
END_TEST

/* Whatever enables a pending interrupt, the next instruction does not run before it. H-406 */
START_TEST(an_enabled_interrupt_waits_for_nothing)
{
  static const char *const ways[] = { "csrrw zero,sie,a0", "csrrs zero,sstatus,a0",
                                      "csrrw zero,sstatus,a0", "csrrsi zero,sstatus,2",
                                      "csrrw zero,sip,a0" };
  core *c = with_code((const char *const[]){ ways[_i], "addi a5,a5,1", NULL });
  rv_hart *h = c->h;
  core_poke(h, CSR_mideleg, 2);
  core_poke(h, CSR_mip, _i == 4 ? 0 : 2);
  core_poke(h, CSR_sie, _i == 0 ? 0 : 2);
  core_poke(h, CSR_sstatus, _i == 0 || _i == 4 ? 2 : 0);
  h->x[10] = 2;
  h->x[15] = 0;
  run_in(c, MODE_HS);
  ck_assert(h->attention);
  ck_assert_uint_eq(h->x[15], 0);
  ck_assert_uint_eq(h->pc, CODE + 4);
  ck_assert(rv_take_interrupt(h));
  ck_assert_uint_eq(h->s[0].epc, CODE + 4);
  core_free(c);
}
END_TEST

/* An observer of CSRs is told of writes that are otherwise done inline. */
START_TEST(an_observer_is_told)
{
  core *c =
      with_code((const char *const[]){ "csrrw a1,sscratch,a0", "csrrs a2,sscratch,zero", NULL });
  rv_hart *h = c->h;
  h->x[10] = 0x77;
  run_in(c, MODE_HS);
  ck_assert_uint_eq(c->n_events, 0);
  h->observe = 1ull << RV_EV_CSR;
  h->x[10] = 0x78;
  run_in(c, MODE_VS);
  ck_assert_uint_eq(c->n_events, 1);
  ck_assert_uint_eq(c->events[0].e.u.csr.csr, CSR_vsscratch);
  ck_assert_uint_eq(c->events[0].e.u.csr.after, 0x78);
  ck_assert_uint_eq(c->events[0].e.pc, CODE);
  core_free(c);
}
END_TEST

/* A CSR without its extension does not exist, inline or not. */
START_TEST(switched_off_is_not_there)
{
  core *c = with_code((const char *const[]){ "csrrs a1,mseccfg,zero", NULL });
  rv_hart *h = c->h;
  h->choice.ext |= 1ull << EXT_Smmpm;
  rv_csr_reset(h);
  core_poke(h, CSR_mtvec, M_VECTOR);
  run_in(c, MODE_M);
  ck_assert_uint_eq(h->pc, CODE + 4);
  h->choice.ext &= ~(1ull << EXT_Smmpm);
  rv_csr_reset(h);
  core_poke(h, CSR_mtvec, M_VECTOR);
  run_in(c, MODE_M);
  ck_assert_uint_eq(h->pc, M_VECTOR);
  ck_assert_uint_eq(h->csr.mcause, CAUSE_ILLEGAL);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, a_block_is_shared_between_modes);
  tcase_add_test(tc, a_read_opens_no_write);
  tcase_add_test(tc, a_write_keeps_to_its_mask);
  tcase_add_test(tc, counters_are_exact_between);
  tcase_add_loop_test(tc, an_enabled_interrupt_waits_for_nothing, 0, 5);
  tcase_add_test(tc, an_observer_is_told);
  tcase_add_test(tc, switched_off_is_not_there);
}
UNIT_MAIN("csr_inline", add_tests)
