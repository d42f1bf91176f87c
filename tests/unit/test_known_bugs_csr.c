/* test_known_bugs_csr.c - docs/known-bugs.md, the rows on CSRs and on causes 2 and 22.
 *
 * Each test makes the situation that was wrong elsewhere. Systematic coverage is in test_csr.c and
 * test_virtual.c.
 */
#include "core_fixture.h"

#define BIT(n) (1ull << (n))
enum { ILL = CAUSE_ILLEGAL, VIRT = CAUSE_VIRTUAL };
enum { TVM = 20, TW = 21, TSR = 22, VTVM = 20, VTW = 21, VTSR = 22, HU = 9 };

static void switches(core *c, uint64_t mstatus, uint64_t hstatus)
{
  core_poke(c->h, CSR_mstatus, 3 << 13 | mstatus);
  core_poke(c->h, CSR_hstatus, hstatus);
}

/* ---- illegal or virtual ---- */

/* KB-01 */
START_TEST(sret_in_vu_is_virtual)
{
  core *c = core_new();
  ck_assert_int_eq(execute(c, MODE_VU, "sret"), VIRT);
  ck_assert_int_eq(execute(c, MODE_U, "sret"), ILL);
  core_free(c);
}
END_TEST

/* KB-02: read and written, and the others of the level as well. */
START_TEST(supervisor_csrs_from_vu_are_virtual)
{
  static const uint16_t csrs[] = { 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140,
                                   0x141, 0x142, 0x143, 0x144, 0x180 };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof csrs / sizeof *csrs; i++)
    for (unsigned rs1 = 0; rs1 <= 10; rs1 += 10)
      ck_assert_int_eq(execute_bits(c, MODE_VU, csr_bits(csrs[i], 2, rs1, 11)), VIRT);
  core_free(c);
}
END_TEST

/* KB-03, KB-06: TSR for HS, VTSR for VS, neither for the other. */
START_TEST(tsr_is_for_hs)
{
  core *c = core_new();
  switches(c, BIT(TSR), 0);
  ck_assert_int_eq(execute(c, MODE_VS, "sret"), NO_TRAP);
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), ILL);
  switches(c, 0, BIT(VTSR));
  ck_assert_int_eq(execute(c, MODE_VS, "sret"), VIRT);
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), NO_TRAP);
  switches(c, BIT(TSR), BIT(VTSR)); /* both: what HS could do with TSR=0 */
  ck_assert_int_eq(execute(c, MODE_VS, "sret"), VIRT);
  core_free(c);
}
END_TEST

/* KB-04 */
START_TEST(order_fences_from_vu_are_virtual)
{
  core *c = core_new();
  ck_assert_int_eq(execute(c, MODE_VU, "sfence.w.inval"), VIRT);
  ck_assert_int_eq(execute(c, MODE_VU, "sfence.inval.ir"), VIRT);
  ck_assert_int_eq(execute(c, MODE_VS, "sfence.w.inval"), NO_TRAP);
  core_free(c);
}
END_TEST

/* KB-05 */
START_TEST(tvm_and_vtvm_by_mode)
{
  static const struct {
    const char *text;
    int hs_tvm, vs_tvm, vs_vtvm, vu;
  } rows[] = {
    { "csrrs a0,satp,zero", ILL, NO_TRAP, VIRT, VIRT },
    { "csrrs a0,hgatp,zero", ILL, VIRT, VIRT, VIRT },
    { "sfence.vma zero,zero", ILL, NO_TRAP, VIRT, VIRT },
    { "hfence.gvma zero,zero", ILL, VIRT, VIRT, VIRT },
    { "hfence.vvma zero,zero", NO_TRAP, VIRT, VIRT, VIRT },
    { "csrrs a0,vsatp,zero", NO_TRAP, VIRT, VIRT, VIRT },
  };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    switches(c, BIT(TVM), 0);
    ck_assert_int_eq(execute(c, MODE_HS, rows[i].text), rows[i].hs_tvm);
    switches(c, BIT(TVM), 0);
    ck_assert_int_eq(execute(c, MODE_VS, rows[i].text), rows[i].vs_tvm);
    switches(c, 0, BIT(VTVM));
    ck_assert_int_eq(execute(c, MODE_VS, rows[i].text), rows[i].vs_vtvm);
    switches(c, BIT(TVM), BIT(VTVM));
    ck_assert_int_eq(execute(c, MODE_VU, rows[i].text), rows[i].vu);
  }
  core_free(c);
}
END_TEST

/* KB-07: no such CSR, and a write to a read-only one, from V=1. */
START_TEST(missing_and_read_only_csrs_are_illegal)
{
  core *c = core_new();
  open_gates(c);
  for (unsigned mode = MODE_VS; mode <= MODE_VU; mode++) {
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(0x6ff, 2, 0, 11)),
                     ILL); /* hypervisor's range */
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(0x2ff, 2, 0, 11)), ILL); /* VS's */
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(0x1ff, 2, 0, 11)), ILL);
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(0xe12, 1, 0, 0)), ILL);   /* hgeip written */
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(0xe12, 2, 0, 11)), VIRT); /* and read */
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(0xc00, 1, 0, 0)), ILL);
  }
  core_free(c);
}
END_TEST

/* KB-08 */
START_TEST(counters_in_vu)
{
  static const struct {
    unsigned m, h, s;
    int vu, vs;
  } rows[] = {
    { 0, 1, 1, ILL, ILL }, { 1, 0, 1, VIRT, VIRT }, { 1, 1, 0, VIRT, NO_TRAP },
    { 0, 0, 0, ILL, ILL }, { 1, 0, 0, VIRT, VIRT }, { 1, 1, 1, NO_TRAP, NO_TRAP },
    { 0, 0, 1, ILL, ILL },
  };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    core_poke(c->h, CSR_mcounteren, rows[i].m ? 7 : 0);
    core_poke(c->h, CSR_hcounteren, rows[i].h ? 7 : 0);
    core_poke(c->h, CSR_scounteren, rows[i].s ? 7 : 0);
    for (unsigned csr = 0xc00; csr <= 0xc02; csr++) {
      ck_assert_int_eq(execute_bits(c, MODE_VU, csr_bits(csr, 2, 0, 11)), rows[i].vu);
      ck_assert_int_eq(execute_bits(c, MODE_VS, csr_bits(csr, 2, 0, 11)), rows[i].vs);
    }
  }
  core_free(c);
}
END_TEST

/* KB-06, KB-09, KB-10 */
START_TEST(wfi_by_tw_and_vtw)
{
  core *c = core_new();
  switches(c, BIT(TW), 0);
  ck_assert_int_eq(execute(c, MODE_VU, "wfi"), ILL);
  ck_assert_int_eq(execute(c, MODE_VS, "wfi"), ILL);
  switches(c, 0, BIT(VTW));
  ck_assert_int_eq(execute(c, MODE_VS, "wfi"), VIRT);
  ck_assert_int_eq(execute(c, MODE_VU, "wfi"), VIRT);
  ck_assert_int_eq(execute(c, MODE_HS, "wfi"), NO_TRAP);
  switches(c, BIT(TW), BIT(VTW));
  ck_assert_int_eq(execute(c, MODE_VS, "wfi"), ILL);
  core_free(c);
}
END_TEST

/* KB-11 */
START_TEST(upper_halves_are_illegal)
{
  core *c = core_new();
  open_gates(c);
  core_poke(c->h, CSR_hcounteren, 0); /* which would make the counter itself 22 */
  for (unsigned csr = 0xc80; csr < 0xca0; csr++) {
    ck_assert_int_eq(execute_bits(c, MODE_VS, csr_bits(csr, 2, 0, 11)), ILL);
    ck_assert_int_eq(execute_bits(c, MODE_VU, csr_bits(csr, 2, 0, 11)), ILL);
  }
  core_free(c);
}
END_TEST

/* KB-12 */
START_TEST(twinless_csrs_from_vu)
{
  core *c = core_new();
  ck_assert_int_eq(execute(c, MODE_VU, "csrrs a0,senvcfg,zero"), VIRT);
  ck_assert_int_eq(execute(c, MODE_VU, "csrrs a0,scounteren,zero"), VIRT);
  ck_assert_int_eq(execute(c, MODE_VS, "csrrs a0,senvcfg,zero"), NO_TRAP);
  ck_assert_int_eq(execute(c, MODE_U, "csrrs a0,senvcfg,zero"), ILL);
  core_free(c);
}
END_TEST

/* KB-13 */
START_TEST(stce_of_the_right_level)
{
  core *c = core_new();
  core_poke(c->h, CSR_mcounteren, 7);
  core_poke(c->h, CSR_hcounteren, 7);
  core_poke(c->h, CSR_menvcfg, 0);
  ck_assert_int_eq(execute(c, MODE_HS, "csrrs a0,stimecmp,zero"), ILL);
  ck_assert_int_eq(execute(c, MODE_HS, "csrrs a0,vstimecmp,zero"), ILL);
  ck_assert_int_eq(execute(c, MODE_VS, "csrrs a0,stimecmp,zero"), ILL);
  csr_write(c, MODE_HS, 0x60a, BIT(63));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x60a) >> 63, 0);
  core_poke(c->h, CSR_menvcfg, BIT(63));
  core_poke(c->h, CSR_henvcfg, 0);
  ck_assert_int_eq(execute(c, MODE_HS, "csrrs a0,vstimecmp,zero"), NO_TRAP);
  ck_assert_int_eq(execute(c, MODE_VS, "csrrs a0,stimecmp,zero"), VIRT);
  csr_write(c, MODE_HS, 0x60a, BIT(63));
  ck_assert_int_eq(execute(c, MODE_VS, "csrrs a0,stimecmp,zero"), NO_TRAP);
  core_free(c);
}
END_TEST

/* ---- what is kept ---- */

/* KB-20, KB-38: a dirty guest under a clean host, and the other way. */
START_TEST(sd_is_each_registers_own)
{
  core *c = core_new();
  for (unsigned set = 0; set < 4; set++) {
    core_poke(c->h, CSR_mstatus, (set & 1 ? 3 : 2) << 13);
    csr_write(c, MODE_HS, 0x200, (set & 2 ? 3 : 2) << 13);
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x200) >> 63, set >> 1);
    ck_assert_uint_eq(csr_read(c, MODE_VS, 0x100) >> 63, set >> 1);
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x100) >> 63, set & 1);
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x200) >> 32 & 3, 2); /* UXL */
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x600) >> 32 & 3, 2); /* VSXL */
  }
  csr_write(c, MODE_HS, 0x200, BIT(63) | 1 << 13); /* SD is no bit of its own */
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x200) >> 63, 0);
  core_free(c);
}
END_TEST

/* KB-21: by name and as the guest's sepc. */
START_TEST(vsepc_is_even)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x241, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x241), ~1ull);
  csr_write(c, MODE_VS, 0x141, 0x1001);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x241), 0x1000);
  core_free(c);
}
END_TEST

/* KB-23, KB-37, KB-40 */
START_TEST(hgatp_field_by_field)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x680, 8ull << 60 | 0x3fffull << 44 | 0xfffffffffff);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x680), 8ull << 60 | 0x3fffull << 44 | 0xffffffffffc);
  csr_write(c, MODE_HS, 0x680, 9ull << 60 | 5ull << 44 | 0x1000);
  csr_write(c, MODE_HS, 0x680, 7ull << 60 | 6ull << 44 | 0x2000); /* no such MODE */
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x680), 9ull << 60 | 6ull << 44 | 0x2000);
  core_free(c);
}
END_TEST

/* KB-24, KB-34: what hvip holds, and that hip does not write it. */
START_TEST(hvip_holds_what_was_written)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x645, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x645), BIT(2) | BIT(6) | BIT(10));
  csr_write(c, MODE_HS, 0x645, 0);
  core_poke(c->h, CSR_menvcfg, BIT(63));
  core_poke(c->h, CSR_henvcfg, BIT(63));
  core_poke(c->h, CSR_vstimecmp, 0); /* VSTIP by the comparison */
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), BIT(6));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x645), 0);
  core_free(c);
}
END_TEST

/* KB-28: VSTIP and VSEIP of hip, by any of the three instructions. */
START_TEST(hip_is_read_only_but_for_vssip)
{
  core *c = core_new();
  for (unsigned op = 1; op <= 3; op++) {
    csr_write(c, MODE_HS, 0x645, op == 3 ? BIT(6) | BIT(10) : 0);
    c->h->x[10] = BIT(6) | BIT(10);
    ck_assert_int_eq(execute_bits(c, MODE_HS, csr_bits(0x644, op, 10, 0)), NO_TRAP);
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644), op == 3 ? BIT(6) | BIT(10) : 0);
  }
  csr_write(c, MODE_HS, 0x644, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x645), BIT(2) | BIT(6) | BIT(10));
  core_free(c);
}
END_TEST

/* KB-25, KB-30 */
START_TEST(ones_do_not_stay)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x600, ~0ull);
  const uint64_t defined = BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(VTVM) | BIT(VTW) | BIT(VTSR);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x600) & ~(3ull << 48), defined | 2ull << 32);
  csr_write(c, MODE_HS, 0x603, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x603) & ~BIT(13), BIT(2) | BIT(6) | BIT(10));
  csr_write(c, MODE_HS, 0x602, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x602) & (BIT(9) | BIT(10) | BIT(11) | BIT(14) | BIT(16)),
                    0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x602) >> 20, 0);
  csr_write(c, MODE_HS, 0x200, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x200),
                    BIT(1) | BIT(5) | BIT(8) | 3 << 13 | BIT(18) | BIT(19) | 2ull << 32 | BIT(63));
  core_free(c);
}
END_TEST

/* KB-26: written by csrrw, and mret obeys it in both directions. */
START_TEST(mpv_can_be_written)
{
  core *c = core_new();
  csr_write(c, MODE_M, 0x300, BIT(39) | BIT(11));
  ck_assert_uint_eq(csr_read(c, MODE_M, 0x300) >> 39 & 1, 1);
  ck_assert_int_eq(execute(c, MODE_M, "mret"), NO_TRAP);
  ck_assert_int_eq(get_mode(c->h), MODE_VS);
  ck_assert_int_eq(execute(c, MODE_VS, "ecall"), CAUSE_ECALL_VS); /* sets MPV */
  csr_write(c, MODE_M, 0x300, BIT(11));
  ck_assert_int_eq(execute(c, MODE_M, "mret"), NO_TRAP);
  ck_assert_int_eq(get_mode(c->h), MODE_HS);
  core_free(c);
}
END_TEST

/* KB-27, KB-41 */
START_TEST(vsip_by_hideleg_shifted)
{
  core *c = core_new();
  csr_write(c, MODE_M, 0x303, 0); /* HS's own bits of mideleg have no say */
  csr_write(c, MODE_HS, 0x645, BIT(2) | BIT(6) | BIT(10));
  csr_write(c, MODE_HS, 0x604, BIT(2) | BIT(6) | BIT(10));
  csr_write(c, MODE_HS, 0x603, BIT(6));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x244), BIT(5));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x204), BIT(5));
  csr_write(c, MODE_HS, 0x603, BIT(2) | BIT(6) | BIT(10));
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x144), BIT(1) | BIT(5) | BIT(9));
  ck_assert_uint_eq(csr_read(c, MODE_VS, 0x104), BIT(1) | BIT(5) | BIT(9));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x144), 0);
  core_free(c);
}
END_TEST

/* KB-29 */
START_TEST(no_guest_external_interrupts)
{
  core *c = core_new();
  csr_write(c, MODE_HS, 0x607, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x607), 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0xe12), 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644) >> 12 & 1, 0);
  core_free(c);
}
END_TEST

/* KB-31, KB-63: in HS and in VS, with the cause delegated there. */
START_TEST(stval_is_the_instruction)
{
  core *c = core_new();
  core_poke(c->h, CSR_medeleg, ~0ull);
  ck_assert_int_eq(execute(c, MODE_VS, "csrrs a5,hstatus,zero"), VIRT);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), 0x600027f3);
  ck_assert_int_eq(execute(c, MODE_VU, "csrrw t0,sstatus,t1"), VIRT);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), 0x100312f3);
  switches(c, BIT(TVM), 0);
  ck_assert_int_eq(execute(c, MODE_HS, "hfence.gvma a0,a1"), ILL);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), 0x62b50073);
  core_poke(c->h, CSR_hedeleg, ~0ull);
  ck_assert_int_eq(execute(c, MODE_VS, "csrrs a5,mstatus,zero"), ILL);
  ck_assert_uint_eq(core_peek(c->h, CSR_vstval), 0x300027f3);
  core_free(c);
}
END_TEST

/* KB-32 */
START_TEST(henvcfg_loses_what_menvcfg_loses)
{
  core *c = core_new();
  for (unsigned bit = 61; bit <= 63; bit++) {
    csr_write(c, MODE_M, 0x30a, ~0ull);
    csr_write(c, MODE_HS, 0x60a, 7ull << 61);
    csr_write(c, MODE_M, 0x30a, 7ull << 61 & ~BIT(bit));
    ck_assert_uint_eq(csr_read(c, MODE_HS, 0x60a) >> 61, 7 & ~(1u << (bit - 61)));
  }
  core_free(c);
}
END_TEST

/* KB-33 */
START_TEST(fp_in_v1_makes_both_dirty)
{
  core *c = core_new();
  core_poke(c->h, CSR_mstatus, 1 << 13);
  core_poke(c->h, CSR_vsstatus, 1 << 13);
  ck_assert_int_eq(execute(c, MODE_VU, "fmv.d.x fa0,zero"), NO_TRAP);
  ck_assert_uint_eq(core_peek(c->h, CSR_vsstatus) >> 13 & 3, 3);
  ck_assert_uint_eq(core_peek(c->h, CSR_sstatus) >> 13 & 3, 3);
  core_free(c);
}
END_TEST

/* KB-36, H-050: wherever mideleg is 0, hideleg, hip and hie are read-only 0; LCOFI with its
 * delegation to the guest included. */
START_TEST(nothing_without_mideleg)
{
  core *c = core_new();
  c->h->choice.ext |= BIT(EXT_Shlcofideleg);
  rv_csr_reset(c->h);
  core_poke(c->h, CSR_pmpaddr0, ~0ull);
  core_poke(c->h, CSR_pmpcfg0, 0x1f);
  csr_write(c, MODE_M, 0x303, BIT(13));
  csr_write(c, MODE_HS, 0x603, BIT(13));
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x603), BIT(13));
  csr_write(c, MODE_M, 0x303, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x603), 0);
  csr_write(c, MODE_HS, 0x603, ~0ull);
  csr_write(c, MODE_HS, 0x604, ~0ull);
  csr_write(c, MODE_HS, 0x644, ~0ull);
  csr_write(c, MODE_HS, 0x645, ~0ull);
  const uint64_t mideleg = csr_read(c, MODE_M, 0x303);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x603) & ~mideleg, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x604) & ~mideleg, 0);
  ck_assert_uint_eq(csr_read(c, MODE_HS, 0x644) & ~mideleg, 0);
  core_free(c);
}
END_TEST

/* KB-39: each kind of refusal, by csrrw with a value that would show. */
START_TEST(a_trapped_write_is_not_done)
{
  static const struct {
    uint16_t csr;
    core_mode mode;
  } rows[] = {
    { 0x300, MODE_HS }, { 0x600, MODE_VS }, { 0x200, MODE_VS }, { 0x100, MODE_VU },
    { 0x140, MODE_U },  { 0x180, MODE_HS }, { 0x24d, MODE_HS }, { 0x003, MODE_HS },
  };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    core_poke(c->h, CSR_mstatus, BIT(TVM)); /* FS off, no satp; STCE=0 */
    const uint64_t before = core_peek(c->h, rows[i].csr);
    c->h->x[10] = before ^ 0x2a60;
    c->h->x[11] = 77;
    ck_assert_int_ne(execute_bits(c, rows[i].mode, csr_bits(rows[i].csr, 1, 10, 11)), NO_TRAP);
    if (rows[i].csr != 0x300) /* which the trap itself writes */
      ck_assert_uint_eq(core_peek(c->h, rows[i].csr), before);
    else
      ck_assert_uint_eq((core_peek(c->h, 0x300) ^ before) & 0x2220, 0);
    ck_assert_uint_eq(c->h->x[11], 77);
  }
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, sret_in_vu_is_virtual);
  tcase_add_test(tc, supervisor_csrs_from_vu_are_virtual);
  tcase_add_test(tc, tsr_is_for_hs);
  tcase_add_test(tc, order_fences_from_vu_are_virtual);
  tcase_add_test(tc, tvm_and_vtvm_by_mode);
  tcase_add_test(tc, missing_and_read_only_csrs_are_illegal);
  tcase_add_test(tc, counters_in_vu);
  tcase_add_test(tc, wfi_by_tw_and_vtw);
  tcase_add_test(tc, upper_halves_are_illegal);
  tcase_add_test(tc, twinless_csrs_from_vu);
  tcase_add_test(tc, stce_of_the_right_level);
  tcase_add_test(tc, sd_is_each_registers_own);
  tcase_add_test(tc, vsepc_is_even);
  tcase_add_test(tc, hgatp_field_by_field);
  tcase_add_test(tc, hvip_holds_what_was_written);
  tcase_add_test(tc, hip_is_read_only_but_for_vssip);
  tcase_add_test(tc, ones_do_not_stay);
  tcase_add_test(tc, mpv_can_be_written);
  tcase_add_test(tc, vsip_by_hideleg_shifted);
  tcase_add_test(tc, no_guest_external_interrupts);
  tcase_add_test(tc, stval_is_the_instruction);
  tcase_add_test(tc, henvcfg_loses_what_menvcfg_loses);
  tcase_add_test(tc, fp_in_v1_makes_both_dirty);
  tcase_add_test(tc, nothing_without_mideleg);
  tcase_add_test(tc, a_trapped_write_is_not_done);
}
UNIT_MAIN("known-bugs-csr", add_tests)
