/* test_known_bugs_translation.c - docs/known-bugs.md, the rows on translation and its faults.
 *
 * A guest of Sv39 over Sv39x4, both identity; DATA is its page. Systematic coverage is in
 * test_walk.c and test_tinst.c.
 */
#include "guest_fixture.h"

#define BIT(n) (1ull << (n))
#define PBMT(n) ((uint64_t)(n) << 61)
enum { MXR = 19, SUM = 18 };

static uint64_t vs_pte_at(uint64_t va) { return VS_L0 + (va >> 12 & 511) * 8; }
static uint64_t g_pte_at(uint64_t gpa) { return G_L0 + (gpa >> 12 & 511) * 8; }

static void set_pte(core *c, uint64_t at, uint64_t value)
{
  put_memory(c, at, value, 8);
  rv_tlb_drop_all(c->h);
}

/* Executes with a1 = address; HLV and HSV as VS. */
static int access_at(core *c, const char *text, uint64_t address)
{
  c->h->x[11] = address;
  core_poke(c->h, CSR_hstatus, BIT(8));
  return execute(c, text[0] == 'h' ? MODE_HS : MODE_VS, text);
}
static int fetch_at(core *c, uint64_t address)
{
  set_mode(c->h, MODE_VS);
  c->h->pc = address;
  rv_step(c->h);
  return c->h->s[0].cause;
}
#define LD "ld a0,0(a1)"
#define SD "sd a0,0(a1)"

/* A guest whose tables are reached through a page of their own, far from code: DATA2 is mapped by a
 * table at FAR, which the G-stage gives with the flags. */
#define DATA2 0x80205000ull
#define FAR 0x80040000ull
#define FAR_PTE (FAR + 5 * 8)
static core *new_far_guest(unsigned g_flags, unsigned leaf_flags)
{
  core *c = new_guest();
  put_memory(c, VS_L1 + 8, pte(FAR, V), 8);
  put_memory(c, FAR_PTE, pte(DATA, leaf_flags), 8);
  map_g(c, FAR, g_flags);
  return c;
}
static void adue_on(core *c)
{
  core_poke(c->h, CSR_menvcfg, BIT(61));
  core_poke(c->h, CSR_henvcfg, BIT(61));
  rv_tlb_drop_all(c->h);
}

static const struct {
  const char *text;
  int guest_fault;
} accesses[] = { { LD, 21 },
                 { SD, 23 },
                 { "amoadd.d a0,a2,(a1)", 23 },
                 { "lr.d a0,(a1)", 21 },
                 { "sc.d a0,a2,(a1)", 23 },
                 { "hlv.w a0,(a1)", 21 },
                 { "hlvx.wu a0,(a1)", 21 },
                 { "hsv.w a0,(a1)", 23 } };
enum { N_ACCESSES = sizeof accesses / sizeof *accesses };

/* KB-70 */
START_TEST(hlvx_refused_by_the_g_stage)
{
  core *c = new_guest();
  map_g(c, DATA, G_PAGE & ~X);
  ck_assert_int_eq(access_at(c, "hlvx.wu a0,(a1)", DATA + 4), CAUSE_LOAD_GUEST_PAGE);
  ck_assert_uint_eq(c->h->csr.htval, (DATA + 4) >> 2);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), DATA + 4);
  core_free(c);
}
END_TEST

/* KB-71, KB-80, KB-81: setting A or D in a table that the G-stage keeps read-only, for any access.
 */
START_TEST(update_in_a_read_only_table)
{
  core *c = new_far_guest(V | R | U | A | D, VS_PAGE & ~(A | D));
  adue_on(c);
  for (unsigned i = 0; i < N_ACCESSES; i++) {
    ck_assert_int_eq(access_at(c, accesses[i].text, DATA2), accesses[i].guest_fault);
    ck_assert_uint_eq(c->h->csr.htinst, 0x3020);
    ck_assert_uint_eq(c->h->csr.htval, FAR_PTE >> 2);
  }
  ck_assert_int_eq(fetch_at(c, DATA2), CAUSE_FETCH_GUEST_PAGE);
  ck_assert_uint_eq(c->h->csr.htinst, 0x3020);
  set_pte(c, FAR_PTE, pte(DATA, VS_PAGE & ~D)); /* only D is missing */
  ck_assert_int_eq(access_at(c, SD, DATA2), CAUSE_STORE_GUEST_PAGE);
  ck_assert_uint_eq(c->h->csr.htinst, 0x3020);
  ck_assert_uint_eq(get_memory(c, FAR_PTE, 8), pte(DATA, VS_PAGE & ~D));
  core_free(c);
}
END_TEST

/* KB-75, KB-81, KB-86, KB-87, KB-89: reading a table that the G-stage does not give: the type of
 * the access, 0x3000 for stores as well, and where exactly. */
START_TEST(read_of_a_refused_table)
{
  core *c = new_far_guest(0, VS_PAGE);
  for (unsigned i = 0; i < N_ACCESSES; i++) {
    ck_assert_int_eq(access_at(c, accesses[i].text, DATA2 + 0x10), accesses[i].guest_fault);
    ck_assert_uint_eq(c->h->csr.htinst, 0x3000);
    ck_assert_uint_eq(c->h->csr.htval, FAR_PTE >> 2);
    ck_assert_uint_eq(core_peek(c->h, CSR_stval), DATA2 + 0x10);
  }
  ck_assert_int_eq(fetch_at(c, DATA2), CAUSE_FETCH_GUEST_PAGE);
  ck_assert_uint_eq(c->h->csr.htinst, 0x3000);
  core_free(c);
}
END_TEST

/* KB-72: a fetch across pages, the second one missing; and the first. */
START_TEST(fetch_fault_names_the_half)
{
  core *c = new_guest();
  const uint64_t second = DATA + 4096;
  put_memory(c, second - 2, 0x00b50513, 4);
  map_vs(c, second, 0);
  ck_assert_int_eq(fetch_at(c, second - 2), CAUSE_FETCH_PAGE);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), second);
  ck_assert_uint_eq(core_peek(c->h, CSR_sepc), second - 2);
  map_vs(c, DATA, 0);
  ck_assert_int_eq(fetch_at(c, second - 2), CAUSE_FETCH_PAGE);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), second - 2);
  core_free(c);
}
END_TEST

/* KB-73 */
START_TEST(sum_and_mxr_of_the_right_register)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  map_vs(c, DATA, VS_PAGE | U);
  core_poke(h, CSR_mstatus, BIT(SUM));
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_PAGE);
  core_poke(h, CSR_mstatus, 0);
  core_poke(h, CSR_vsstatus, BIT(SUM));
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  map_vs(c, DATA, V | X | A);
  core_poke(h, CSR_vsstatus, BIT(MXR));
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  map_g(c, DATA, V | X | U | A); /* vsstatus.MXR is not for this stage */
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_GUEST_PAGE);
  core_poke(h, CSR_vsstatus, 0);
  core_poke(h, CSR_mstatus, BIT(MXR)); /* for both */
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  core_free(c);
}
END_TEST

/* KB-74: bit 40 set without the bits above is an address like any other; bit 41 is a guest-page
 * fault, sign-extended or not. */
START_TEST(guest_physical_addresses_have_41_bits)
{
  core *c = new_guest();
  set_vsatp(c, false);
  set_pte(c, G_ROOT + (1024 + 2) * 8, pte(G_L1, V));
  ck_assert_int_eq(access_at(c, LD, BIT(40) | DATA), NO_TRAP);
  ck_assert_int_eq(access_at(c, LD, BIT(41) | DATA), CAUSE_LOAD_GUEST_PAGE);
  ck_assert_uint_eq(c->h->csr.htval, (BIT(41) | DATA) >> 2);
  ck_assert_int_eq(access_at(c, SD, (~0ull << 40) | DATA), CAUSE_STORE_GUEST_PAGE);
  ck_assert_uint_eq(c->h->csr.htval, ((~0ull << 40) | DATA) >> 2);
  ck_assert_uint_eq(c->h->csr.htinst >> 32, 0);
  core_free(c);
}
END_TEST

/* PMP refuses the page of pa; entry 0 before the one for all. */
static void pmp_refuses(core *c, uint64_t pa, unsigned rights)
{
  core_poke(c->h, CSR_pmpaddr1, ~0ull);
  core_poke(c->h, CSR_pmpaddr0, (pa >> 2 & ~0x3ffull) | 0x1ff);
  core_poke(c->h, CSR_pmpcfg0, 0x1f00 | 0x18 | rights);
}

/* KB-76: PMP against the final address, and against a PTE that is met before a guest-page fault. */
START_TEST(pmp_faults_have_no_guest_address)
{
  core *c = new_far_guest(G_PAGE, VS_PAGE);
  rv_hart *h = c->h;
  core_poke(h, CSR_medeleg, 0);
  pmp_refuses(c, DATA, 0);
  h->csr.mtval2 = 0xdead;
  ck_assert_int_eq(access_at(c, LD, DATA2), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(h->csr.mtval2, 0);
  ck_assert_uint_eq(h->csr.mtval, DATA2);
  pmp_refuses(c, FAR, 0);
  map_g(c, DATA, 0); /* would be a guest-page fault, but is not reached */
  h->csr.mtval2 = 0xdead;
  ck_assert_int_eq(access_at(c, SD, DATA2), CAUSE_STORE_ACCESS);
  ck_assert_uint_eq(h->csr.mtval2, 0);
  ck_assert_uint_eq(h->csr.mtinst, 0);
  core_free(c);
}
END_TEST

/* KB-77: the page of the PTE may be read and not written. */
START_TEST(pmp_protects_a_and_d)
{
  core *c = new_far_guest(G_PAGE, VS_PAGE & ~(A | D));
  adue_on(c);
  pmp_refuses(c, FAR, 1);
  ck_assert_int_eq(access_at(c, LD, DATA2), CAUSE_LOAD_ACCESS);
  ck_assert_int_eq(access_at(c, SD, DATA2), CAUSE_STORE_ACCESS);
  ck_assert_uint_eq(get_memory(c, FAR_PTE, 8), pte(DATA, VS_PAGE & ~(A | D)));
  core_free(c);
}
END_TEST

/* KB-78: by the rights of the VS-stage, the G-stage, and PMP. */
START_TEST(hlvx_wants_x_for_r)
{
  static const struct {
    unsigned vs, g, pmp;
    int cause;
  } rows[] = {
    { X, X, 5, NO_TRAP },           { R, X, 5, CAUSE_LOAD_PAGE },
    { R | X, X, 5, NO_TRAP },       { X, R, 5, 21 },
    { X, R | X, 5, NO_TRAP },       { X, X, 4, CAUSE_LOAD_ACCESS },
    { X, X, 1, CAUSE_LOAD_ACCESS },
  };
  core *c = new_guest();
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    map_vs(c, DATA, V | A | rows[i].vs);
    map_g(c, DATA, V | A | U | rows[i].g);
    pmp_refuses(c, DATA, rows[i].pmp);
    const int cause = access_at(c, "hlvx.hu a0,(a1)", DATA);
    ck_assert_msg(cause == rows[i].cause, "row %u: %d", i, cause);
  }
  core_free(c);
}
END_TEST

/* KB-79: with the extension switched on at both levels. */
START_TEST(pbmt_3_is_reserved)
{
  core *c = new_guest();
  core_poke(c->h, CSR_menvcfg, BIT(62));
  core_poke(c->h, CSR_henvcfg, BIT(62));
  for (unsigned pbmt = 0; pbmt < 4; pbmt++) {
    set_pte(c, g_pte_at(DATA), pte(DATA, G_PAGE));
    set_pte(c, vs_pte_at(DATA), pte(DATA, VS_PAGE) | PBMT(pbmt));
    ck_assert_int_eq(access_at(c, LD, DATA), pbmt == 3 ? CAUSE_LOAD_PAGE : NO_TRAP);
    set_pte(c, vs_pte_at(DATA), pte(DATA, VS_PAGE));
    set_pte(c, g_pte_at(DATA), pte(DATA, G_PAGE) | PBMT(pbmt));
    ck_assert_int_eq(access_at(c, SD, DATA), pbmt == 3 ? CAUSE_STORE_GUEST_PAGE : NO_TRAP);
  }
  core_free(c);
}
END_TEST

/* KB-82 */
START_TEST(amo_faults_are_stores)
{
  core *c = new_guest();
  map_g(c, DATA, 0);
  ck_assert_int_eq(access_at(c, "amoswap.w a0,a2,(a1)", DATA), CAUSE_STORE_GUEST_PAGE);
  ck_assert_int_eq(access_at(c, "sc.w a0,a2,(a1)", DATA), CAUSE_STORE_GUEST_PAGE);
  ck_assert_int_eq(access_at(c, "lr.w a0,(a1)", DATA), CAUSE_LOAD_GUEST_PAGE);
  map_g(c, DATA, G_PAGE);
  map_vs(c, DATA, V | R | A); /* readable: not enough for an AMO */
  ck_assert_int_eq(access_at(c, "amoswap.w a0,a2,(a1)", DATA), CAUSE_STORE_PAGE);
  core_free(c);
}
END_TEST

/* KB-83: M's own view, though the guest would not see it. */
START_TEST(mprv_with_mpp_3)
{
  core *c = new_guest();
  map_vs(c, DATA, 0);
  put_memory(c, DATA, 0x5a, 8);
  core_poke(c->h, CSR_mstatus, BIT(17) | BIT(39) | BIT(12) | BIT(11));
  c->h->x[11] = DATA;
  ck_assert_int_eq(execute(c, MODE_M, LD), NO_TRAP);
  ck_assert_uint_eq(c->h->x[10], 0x5a);
  c->h->x[11] = NOWHERE;
  ck_assert_int_eq(execute(c, MODE_M, LD), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(c->h->csr.mstatus >> 38 & 3, 0); /* no guest's address */
  core_free(c);
}
END_TEST

/* KB-84, H-258: over two pages which the guest has elsewhere than the host. */
START_TEST(misaligned_guest_accesses)
{
  core *c = new_guest();
  const uint64_t second = DATA + 4096, elsewhere = DATA + 0x8000;
  put_memory(c, DATA + 4092, 0x1111111111111111, 8);
  put_memory(c, elsewhere, 0x2222222222222222, 8);
  set_pte(c, vs_pte_at(second), pte(elsewhere, VS_PAGE));
  ck_assert_int_eq(access_at(c, "hlv.d a0,(a1)", DATA + 4092), NO_TRAP);
  ck_assert_uint_eq(c->h->x[10], 0x2222222211111111);
  c->h->x[10] = 0x3333333344444444;
  ck_assert_int_eq(access_at(c, "hsv.d a0,(a1)", DATA + 4092), NO_TRAP);
  ck_assert_uint_eq(get_memory(c, DATA + 4092, 8), 0x1111111144444444);
  ck_assert_uint_eq(get_memory(c, elsewhere, 4), 0x33333333);
  core_free(c);
}
END_TEST

/* KB-85: a user page of the guest that the G-stage does not give either. */
START_TEST(the_vs_stage_refuses_first)
{
  core *c = new_guest();
  map_vs(c, DATA, VS_PAGE | U);
  map_g(c, DATA, 0);
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_PAGE);
  ck_assert_uint_eq(c->h->csr.htval, 0);
  core_poke(c->h, CSR_vsstatus, BIT(SUM));
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_GUEST_PAGE);
  core_free(c);
}
END_TEST

/* KB-88: both ways, without a fence in between. */
START_TEST(hlv_after_hlvx)
{
  core *c = new_guest();
  map_vs(c, DATA, V | X | A);
  ck_assert_int_eq(access_at(c, "hlvx.wu a0,(a1)", DATA), NO_TRAP);
  ck_assert_int_eq(access_at(c, "hlv.wu a0,(a1)", DATA), CAUSE_LOAD_PAGE);
  map_vs(c, DATA, V | R | A);
  ck_assert_int_eq(access_at(c, "hlv.wu a0,(a1)", DATA), NO_TRAP);
  ck_assert_int_eq(access_at(c, "hlvx.wu a0,(a1)", DATA), CAUSE_LOAD_PAGE);
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  ck_assert_int_eq(access_at(c, "hlvx.wu a0,(a1)", DATA), CAUSE_LOAD_PAGE);
  core_free(c);
}
END_TEST

/* KB-90: the page was used with vsatp Bare, then Sv39 refuses it, and back; of hgatp the same. */
START_TEST(bare_is_not_remembered)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  const uint64_t sv39 = core_peek(h, CSR_vsatp), sv39x4 = core_peek(h, CSR_hgatp);
  map_vs(c, DATA, 0);
  csr_write(c, MODE_VS, 0x180, 0);
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  csr_write(c, MODE_VS, 0x180, sv39);
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_PAGE);
  csr_write(c, MODE_VS, 0x180, 0);
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  map_g(c, DATA, 0);
  csr_write(c, MODE_HS, 0x680, 0);
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  csr_write(c, MODE_HS, 0x680, sv39x4);
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_GUEST_PAGE);
  core_free(c);
}
END_TEST

/* KB-91: the translation is cached when SUM and MXR change; those of HS are the wrong ones. */
START_TEST(vsstatus_counts_on_a_hit)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  map_vs(c, DATA, VS_PAGE | U);
  core_poke(h, CSR_vsstatus, BIT(SUM));
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  csr_write(c, MODE_VS, 0x100, 0);
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_PAGE);
  csr_write(c, MODE_HS, 0x100, BIT(SUM));
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_PAGE);
  csr_write(c, MODE_HS, 0x200, BIT(SUM));
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP);
  core_free(c);
}
END_TEST

/* ---- hypervisors ---- */

/* KB-125: U is wanted by the G-stage for every access, by the VS-stage for VU alone. */
START_TEST(u_of_either_stage)
{
  core *c = new_guest();
  map_g(c, DATA, G_PAGE & ~U);
  ck_assert_int_eq(access_at(c, LD, DATA), CAUSE_LOAD_GUEST_PAGE);
  map_g(c, DATA, G_PAGE);
  ck_assert_int_eq(access_at(c, LD, DATA), NO_TRAP); /* U=0 at the VS-stage */
  map_vs(c, CODE, VS_PAGE | U);
  c->h->x[11] = DATA;
  ck_assert_int_eq(execute(c, MODE_VU, LD), CAUSE_LOAD_PAGE);
  core_free(c);
}
END_TEST

/* KB-89, KB-126 */
START_TEST(code_that_the_g_stage_does_not_let_execute)
{
  core *c = new_guest();
  map_g(c, DATA, G_PAGE & ~X);
  ck_assert_int_eq(fetch_at(c, DATA), CAUSE_FETCH_GUEST_PAGE);
  ck_assert_uint_eq(c->h->csr.htval, DATA >> 2);
  ck_assert_uint_eq(core_peek(c->h, CSR_sepc), DATA);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, hlvx_refused_by_the_g_stage);
  tcase_add_test(tc, update_in_a_read_only_table);
  tcase_add_test(tc, read_of_a_refused_table);
  tcase_add_test(tc, fetch_fault_names_the_half);
  tcase_add_test(tc, sum_and_mxr_of_the_right_register);
  tcase_add_test(tc, guest_physical_addresses_have_41_bits);
  tcase_add_test(tc, pmp_faults_have_no_guest_address);
  tcase_add_test(tc, pmp_protects_a_and_d);
  tcase_add_test(tc, hlvx_wants_x_for_r);
  tcase_add_test(tc, pbmt_3_is_reserved);
  tcase_add_test(tc, amo_faults_are_stores);
  tcase_add_test(tc, mprv_with_mpp_3);
  tcase_add_test(tc, misaligned_guest_accesses);
  tcase_add_test(tc, the_vs_stage_refuses_first);
  tcase_add_test(tc, hlv_after_hlvx);
  tcase_add_test(tc, bare_is_not_remembered);
  tcase_add_test(tc, vsstatus_counts_on_a_hit);
  tcase_add_test(tc, u_of_either_stage);
  tcase_add_test(tc, code_that_the_g_stage_does_not_let_execute);
}
UNIT_MAIN("known-bugs-translation", add_tests)
