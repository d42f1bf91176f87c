/* test_rules_access.c - rules of docs/rules.md on who accesses what how, and on what a trap says,
 * that no other suite states by themselves.
 */
#include "guest_fixture.h"

#define BIT(n) (1ull << (n))
enum { GVA = 6, SPV, SPVP, HU, SUM = 18 };

static uint64_t vs_pte_at(uint64_t va) { return VS_L0 + (va >> 12 & 511) * 8; }
static uint64_t g_pte_at(uint64_t gpa) { return G_L0 + (gpa >> 12 & 511) * 8; }
static void set_pte(core *c, uint64_t at, uint64_t value)
{
  put_memory(c, at, value, 8);
  rv_tlb_drop_all(c->h);
}

/* H-004, H-008: vsatp and hgatp are in force with V=1 alone, satp with V=0 alone. */
START_TEST(two_stages_exactly_with_v1)
{
  core *c = new_guest();
  map_vs(c, DATA, 0);
  c->h->x[11] = DATA;
  for (unsigned mode = MODE_M; mode <= MODE_U; mode++)
    ck_assert_int_eq(execute(c, mode, "ld a0,0(a1)"), NO_TRAP);
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_PAGE);
  map_vs(c, CODE, VS_PAGE | U);
  ck_assert_int_eq(execute(c, MODE_VU, "ld a0,0(a1)"), CAUSE_LOAD_PAGE);
  map_vs(c, CODE, VS_PAGE);
  map_vs(c, DATA, VS_PAGE);
  core_poke(c->h, CSR_satp, 8ull << 60 | (CORE_RAM + 0x50000) >> 12); /* maps nothing */
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), NO_TRAP);
  ck_assert_int_eq(execute(c, MODE_HS, "ld a0,0(a1)"), CAUSE_FETCH_PAGE);
  core_free(c);
}
END_TEST

/* H-107: with V=0, too, the VS-stage of HLV and of MPRV with MPV goes by henvcfg. */
START_TEST(henvcfg_for_accesses_of_v0)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  h->x[11] = DATA;
  for (unsigned mprv = 0; mprv < 2; mprv++)
    for (unsigned bit = 61; bit <= 62; bit++)
      for (unsigned on = 0; on < 2; on++) {
        set_pte(c, vs_pte_at(DATA),
                bit == 61 ? pte(DATA, VS_PAGE & ~A) : pte(DATA, VS_PAGE) | BIT(61));
        core_poke(h, CSR_menvcfg, BIT(61) | BIT(62));
        core_poke(h, CSR_henvcfg, on ? BIT(bit) : 0);
        core_poke(h, CSR_hstatus, BIT(SPVP));
        core_poke(h, CSR_mstatus, mprv ? BIT(17) | BIT(39) | BIT(11) : 0);
        const int cause =
            mprv ? execute(c, MODE_M, "ld a0,0(a1)") : execute(c, MODE_HS, "hlv.d a0,(a1)");
        ck_assert_msg(cause == (on ? NO_TRAP : CAUSE_LOAD_PAGE), "mprv %u bit %u on %u: %d", mprv,
                      bit, on, cause);
      }
  core_free(c);
}
END_TEST

/* H-130: every trap but a guest-page fault writes 0. */
START_TEST(htval_is_0_for_other_traps)
{
  static const struct {
    const char *text;
    int cause;
  } rows[] = {
    { "ecall", CAUSE_ECALL_VS },
    { "ebreak", CAUSE_BREAKPOINT },
    { "mret", CAUSE_ILLEGAL },
    { "hlv.w a0,(a1)", CAUSE_VIRTUAL },
    { "ld a0,0(a1)", CAUSE_LOAD_PAGE },
    { "lr.w a0,(a2)", CAUSE_LOAD_MISALIGNED },
    { "sd a0,0(a3)", CAUSE_STORE_ACCESS },
    { "sd a0,0(a4)", CAUSE_STORE_GUEST_PAGE },
  };
  core *c = new_guest();
  rv_hart *h = c->h;
  map_vs(c, DATA, 0);
  map_g(c, DATA + 0x2000, 0);
  set_pte(c, g_pte_at(DATA + 0x1000), pte(NOWHERE, G_PAGE));
  h->x[11] = DATA;
  h->x[12] = DATA + 0x3002;
  h->x[13] = DATA + 0x1000;
  h->x[14] = DATA + 0x2008;
  for (unsigned to_m = 0; to_m < 2; to_m++) {
    core_poke(h, CSR_medeleg, to_m ? 0 : ~0ull);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
      h->csr.htval = h->csr.mtval2 = 0xdead;
      ck_assert_int_eq(execute(c, MODE_VS, rows[i].text), rows[i].cause);
      const uint64_t want = rows[i].cause == CAUSE_STORE_GUEST_PAGE ? (DATA + 0x2008) >> 2 : 0;
      ck_assert_uint_eq(to_m ? h->csr.mtval2 : h->csr.htval, want);
      ck_assert_uint_eq(to_m ? h->csr.htval : h->csr.mtval2, 0xdead);
    }
  }
  h->csr.htval = 0xdead;
  set_mode(h, MODE_VS);
  rv_take_trap(h, &(rv_trap){ .cause = IRQ_VSTI, .interrupt = true });
  ck_assert_uint_eq(h->csr.htval, 0);
  core_free(c);
}
END_TEST

/* H-134, H-135, into M: mtval2 is of the part at fault, as mtval is. */
START_TEST(mtval2_of_the_part_at_fault)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  const uint64_t second = DATA + 0x1000;
  core_poke(h, CSR_medeleg, 0);
  map_g(c, second, 0);
  h->x[11] = second - 3;
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_GUEST_PAGE);
  ck_assert_uint_eq(h->csr.mtval, second);
  ck_assert_uint_eq(h->csr.mtval2, second >> 2);
  ck_assert_int_eq(execute(c, MODE_VS, "sd a0,0(a1)"), CAUSE_STORE_GUEST_PAGE);
  ck_assert_uint_eq(h->csr.mtval, second);
  ck_assert_uint_eq(h->csr.mtval2, second >> 2);
  put_memory(c, second - 2, 0x13, 2); /* the first half of a 4-byte instruction */
  set_mode(h, MODE_VS);
  h->pc = second - 2;
  rv_step(h);
  ck_assert_uint_eq(h->csr.mcause, CAUSE_FETCH_GUEST_PAGE);
  ck_assert_uint_eq(h->csr.mepc, second - 2);
  ck_assert_uint_eq(h->csr.mtval, second);
  ck_assert_uint_eq(h->csr.mtval2, second >> 2);
  core_free(c);
}
END_TEST

/* H-175, H-231: two reasons at once, and which one counts. */
START_TEST(exception_order)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  core_poke(h, CSR_medeleg, 0);
  /* The fetch before what is fetched. */
  put_memory(c, DATA, 0, 4);
  map_vs(c, DATA, VS_PAGE & ~X);
  set_mode(h, MODE_VS);
  h->pc = DATA;
  rv_step(h);
  ck_assert_uint_eq(h->csr.mcause, CAUSE_FETCH_PAGE);
  /* Illegal before the access that the instruction would make: FS is off. */
  h->x[11] = NOWHERE;
  ck_assert_int_eq(execute(c, MODE_VS, "fld fa0,0(a1)"), CAUSE_ILLEGAL);
  /* Virtual before the access. */
  ck_assert_int_eq(execute(c, MODE_VS, "hlv.d a0,(a1)"), CAUSE_VIRTUAL);
  /* The VS-stage before the G-stage before PMP and memory. */
  const uint64_t at = DATA + 0x1000;
  h->x[11] = at;
  set_pte(c, g_pte_at(at), pte(NOWHERE, G_PAGE & ~R));
  map_vs(c, at, VS_PAGE & ~R & ~W);
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_PAGE);
  map_vs(c, at, VS_PAGE);
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_GUEST_PAGE);
  set_pte(c, g_pte_at(at), pte(NOWHERE, G_PAGE));
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_ACCESS);
  core_free(c);
}
END_TEST

/* H-186: what a guest's own handler reads in vstval. */
START_TEST(vstval_is_always_written)
{
  static const struct {
    const char *text;
    int cause;
    uint64_t vstval;
  } rows[] = {
    { "ld a0,8(a1)", CAUSE_LOAD_PAGE, DATA + 8 },
    { "sd a0,8(a1)", CAUSE_STORE_PAGE, DATA + 8 },
    { "amoadd.w a0,a2,(a1)", CAUSE_STORE_PAGE, DATA },
    { "lb a0,1(a3)", CAUSE_LOAD_ACCESS, DATA + 0x1001 },
    { "sb a0,1(a3)", CAUSE_STORE_ACCESS, DATA + 0x1001 },
    { "lr.d a0,(a2)", CAUSE_LOAD_MISALIGNED, DATA + 0x2004 },
    { "sc.d a0,a2,(a2)", CAUSE_STORE_MISALIGNED, DATA + 0x2004 },
    { "mret", CAUSE_ILLEGAL, 0x30200073 },
    { "csrrs a0,mstatus,zero", CAUSE_ILLEGAL, 0x30002573 },
  };
  core *c = new_guest();
  rv_hart *h = c->h;
  core_poke(h, CSR_hedeleg, ~0ull);
  map_vs(c, DATA, 0);
  set_pte(c, g_pte_at(DATA + 0x1000), pte(NOWHERE, G_PAGE));
  h->x[11] = DATA;
  h->x[12] = DATA + 0x2004;
  h->x[13] = DATA + 0x1000;
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    core_poke(h, CSR_vstval, 0xdead);
    ck_assert_int_eq(execute(c, MODE_VS, rows[i].text), rows[i].cause);
    ck_assert_int_eq(get_mode(h), MODE_VS);
    ck_assert_uint_eq(core_peek(h, CSR_vstval), rows[i].vstval);
  }
  ck_assert_int_eq(execute_bits(c, MODE_VS, 0x9c7d), CAUSE_ILLEGAL); /* 16 bits */
  ck_assert_uint_eq(core_peek(h, CSR_vstval), 0x9c7d);
  /* Fetches: page fault, access fault. */
  for (unsigned i = 0; i < 2; i++) {
    set_mode(h, MODE_VS);
    h->pc = DATA + 0x1000 * i + 0x10;
    rv_step(h);
    ck_assert_uint_eq(core_peek(h, CSR_vscause), i ? CAUSE_FETCH_ACCESS : CAUSE_FETCH_PAGE);
    ck_assert_uint_eq(core_peek(h, CSR_vstval), DATA + 0x1000 * i + 0x10);
  }
  core_free(c);
}
END_TEST

/* H-235: loads and fetches set A alone at either stage, and D comes with the first store. */
START_TEST(d_is_for_stores)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  core_poke(h, CSR_menvcfg, BIT(61));
  core_poke(h, CSR_henvcfg, BIT(61));
  map_vs(c, DATA, VS_PAGE & ~(A | D));
  map_g(c, DATA, G_PAGE & ~(A | D));
  h->x[11] = DATA;
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), NO_TRAP);
  ck_assert_int_eq(execute(c, MODE_VS, "lr.d a0,(a1)"), NO_TRAP);
  ck_assert_uint_eq(get_memory(c, vs_pte_at(DATA), 8), pte(DATA, VS_PAGE & ~D));
  ck_assert_uint_eq(get_memory(c, g_pte_at(DATA), 8), pte(DATA, G_PAGE & ~D));
  ck_assert_int_eq(execute(c, MODE_VS, "sd zero,0(a1)"), NO_TRAP);
  ck_assert_uint_eq(get_memory(c, vs_pte_at(DATA), 8), pte(DATA, VS_PAGE));
  ck_assert_uint_eq(get_memory(c, g_pte_at(DATA), 8), pte(DATA, G_PAGE));
  /* A store that the G-stage refuses leaves what the VS-stage has set. */
  map_vs(c, DATA, VS_PAGE & ~(A | D));
  map_g(c, DATA, G_PAGE & ~W);
  ck_assert_int_eq(execute(c, MODE_VS, "sd zero,0(a1)"), CAUSE_STORE_GUEST_PAGE);
  ck_assert_uint_eq(get_memory(c, vs_pte_at(DATA), 8), pte(DATA, VS_PAGE));
  core_free(c);
}
END_TEST

/* H-251: the guest's privilege is SPVP's, from M, HS and U; whatever SPP, MPP or SPV say. */
START_TEST(spvp_decides)
{
  core *c = new_guest();
  c->h->x[11] = DATA;
  for (unsigned user = 0; user < 2; user++)
    for (unsigned spvp = 0; spvp < 2; spvp++)
      for (unsigned mode = MODE_M; mode <= MODE_U; mode++)
        for (unsigned noise = 0; noise < 2; noise++) {
          map_vs(c, DATA, user ? VS_PAGE | U : VS_PAGE);
          core_poke(c->h, CSR_hstatus, BIT(HU) | spvp << SPVP | noise << SPV);
          core_poke(c->h, CSR_mstatus, noise ? BIT(8) | BIT(11) : 0);
          const int want = user == !spvp ? NO_TRAP : CAUSE_LOAD_PAGE;
          ck_assert_int_eq(execute(c, mode, "hlv.d a0,(a1)"), want);
        }
  core_free(c);
}
END_TEST

/* H-252: MPRV has no say in HLV and HSV, whatever MPP and MPV it names. */
START_TEST(mprv_does_not_move_hlv)
{
  core *c = new_guest();
  const uint64_t elsewhere = DATA + 0x1000;
  put_memory(c, DATA, 0x11, 8);
  put_memory(c, elsewhere, 0x22, 8);
  set_pte(c, vs_pte_at(DATA), pte(elsewhere, VS_PAGE));
  c->h->x[11] = DATA;
  core_poke(c->h, CSR_hstatus, BIT(SPVP));
  for (unsigned mpp = 0; mpp < 4; mpp++)
    for (unsigned mpv = 0; mpv < 2; mpv++) {
      if (mpp == 2)
        continue;
      core_poke(c->h, CSR_mstatus, BIT(17) | mpp << 11 | (uint64_t)mpv << 39);
      ck_assert_int_eq(execute(c, MODE_M, "hlv.d a0,(a1)"), NO_TRAP);
      ck_assert_uint_eq(c->h->x[10], 0x22);
    }
  core_free(c);
}
END_TEST

/* H-297: HS's write to vsstatus is seen by the next HLV, and by the guest. */
START_TEST(vsstatus_takes_effect)
{
  core *c = new_guest();
  map_vs(c, DATA, VS_PAGE | U);
  core_poke(c->h, CSR_hstatus, BIT(SPVP));
  for (unsigned sum = 0; sum < 4; sum++) {
    csr_write(c, MODE_HS, 0x200, sum & 1 ? BIT(SUM) : 0);
    c->h->x[11] = DATA;
    const int want = sum & 1 ? NO_TRAP : CAUSE_LOAD_PAGE;
    ck_assert_int_eq(execute(c, MODE_HS, "hlv.d a0,(a1)"), want);
    ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), want);
    core_poke(c->h, CSR_hstatus, BIT(SPVP));
  }
  core_free(c);
}
END_TEST

/* H-464: W without R and X in a G-stage PTE, for every kind of access. */
START_TEST(write_only_g_stage_leaf)
{
  core *c = new_guest();
  map_g(c, DATA, V | W | U | A | D);
  c->h->x[11] = DATA;
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_GUEST_PAGE);
  ck_assert_int_eq(execute(c, MODE_VS, "sd a0,0(a1)"), CAUSE_STORE_GUEST_PAGE);
  set_mode(c->h, MODE_VS);
  c->h->pc = DATA;
  rv_step(c->h);
  ck_assert_uint_eq(core_peek(c->h, CSR_scause), CAUSE_FETCH_GUEST_PAGE);
  /* Nor is it a pointer to the next level. */
  set_pte(c, G_L1 + 8, pte(G_L0, V));
  set_vsatp(c, false);
  c->h->x[11] = DATA + 0x202000;
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), NO_TRAP);
  set_pte(c, G_L1 + 8, pte(G_L0, V | W));
  ck_assert_int_eq(execute(c, MODE_VS, "ld a0,0(a1)"), CAUSE_LOAD_GUEST_PAGE);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, two_stages_exactly_with_v1);
  tcase_add_test(tc, henvcfg_for_accesses_of_v0);
  tcase_add_test(tc, htval_is_0_for_other_traps);
  tcase_add_test(tc, mtval2_of_the_part_at_fault);
  tcase_add_test(tc, exception_order);
  tcase_add_test(tc, vstval_is_always_written);
  tcase_add_test(tc, d_is_for_stores);
  tcase_add_test(tc, spvp_decides);
  tcase_add_test(tc, mprv_does_not_move_hlv);
  tcase_add_test(tc, vsstatus_takes_effect);
  tcase_add_test(tc, write_only_g_stage_leaf);
}
UNIT_MAIN("rules-access", add_tests)
