/* test_virtual.c - illegal or virtual instruction: every privileged instruction, every mode, every
 * switch.
 *
 * The table below is the manual's list of what raises cause 22, case by case.
 * [hypervisor#H_cause_virtual_instruction; H-026 .. H-030, H-150 .. H-168, H-270 .. H-280]
 */
#include "core_fixture.h"
#include "hv/virtual.h"

#define BIT(n) (1ull << (n))
enum { OK = NO_TRAP, ILL = CAUSE_ILLEGAL, VIRT = CAUSE_VIRTUAL };

/* Switches, as bits of `set`. */
enum { TSR = 1, TW = 2, TVM = 4, VTSR = 8, VTW = 16, VTVM = 32, HU = 64, N_SETS = 128 };

static void set_switches(rv_hart *h, unsigned set)
{
  core_poke(h, CSR_mstatus,
            3 << 13 | (set & TSR ? BIT(22) : 0) | (set & TW ? BIT(21) : 0) |
                (set & TVM ? BIT(20) : 0));
  core_poke(h, CSR_hstatus,
            BIT(8) | (set & VTSR ? BIT(22) : 0) | (set & VTW ? BIT(21) : 0) |
                (set & VTVM ? BIT(20) : 0) | (set & HU ? BIT(9) : 0));
}

/* Outcomes in M, HS, U, VS, VU with all switches off, then what single switches change. */
typedef struct {
  const char *text;
  int plain[N_MODES];
  struct {
    unsigned when;
    core_mode mode;
    int outcome;
  } change[6]; /* a later one wins */
} rule;

static const rule rules[] = {
  /* H-026, H-152, H-160, H-182 */
  { "sret", { OK, OK, ILL, OK, VIRT }, { { TSR, MODE_HS, ILL }, { VTSR, MODE_VS, VIRT } } },
  { "mret", { OK, ILL, ILL, ILL, ILL }, { { 0 } } }, /* H-161 */
  /* H-027, H-153, H-154, H-155, H-191 */
  { "wfi",
    { OK, OK, ILL, OK, VIRT },
    { { VTW, MODE_VS, VIRT }, { TW, MODE_VS, ILL }, { TW, MODE_VU, ILL }, { TW, MODE_HS, ILL } } },
  /* H-450: in VS and in VU alike; none in U and VU without the switches, none of wrs.sto. */
  { "wrs.nto",
    { OK, OK, OK, OK, OK },
    { { VTW, MODE_VS, VIRT },
      { VTW, MODE_VU, VIRT },
      { TW, MODE_VS, ILL },
      { TW, MODE_VU, ILL },
      { TW, MODE_HS, ILL },
      { TW, MODE_U, ILL } } },
  { "wrs.sto", { OK, OK, OK, OK, OK }, { { 0 } } },
  { "sfence.vma a0,a1", /* H-028, H-152 */
    { OK, OK, ILL, OK, VIRT },
    { { TVM, MODE_HS, ILL }, { VTVM, MODE_VS, VIRT } } },
  { "sfence.vma zero,zero",
    { OK, OK, ILL, OK, VIRT },
    { { TVM, MODE_HS, ILL }, { VTVM, MODE_VS, VIRT } } },
  { "sinval.vma a0,a1", /* H-028, H-152, H-278 */
    { OK, OK, ILL, OK, VIRT },
    { { TVM, MODE_HS, ILL }, { VTVM, MODE_VS, VIRT } } },
  { "sfence.w.inval", { OK, OK, ILL, OK, VIRT }, { { 0 } } }, /* H-029, H-152, H-278 */
  { "sfence.inval.ir", { OK, OK, ILL, OK, VIRT }, { { 0 } } },
  { "hfence.vvma a0,a1", { OK, OK, ILL, VIRT, VIRT }, { { 0 } } }, /* H-270, H-190, H-272 */
  { "hinval.vvma a0,a1", { OK, OK, ILL, VIRT, VIRT }, { { 0 } } }, /* H-278 */
  { "hfence.gvma a0,a1",
    { OK, OK, ILL, VIRT, VIRT },
    { { TVM, MODE_HS, ILL } } }, /* H-271, H-272 */
  { "hinval.gvma a0,a1", { OK, OK, ILL, VIRT, VIRT }, { { TVM, MODE_HS, ILL } } },
  /* H-030, H-151, H-250 */
  { "hlv.b a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlv.bu a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlv.h a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlv.hu a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlv.w a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlv.wu a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlv.d a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlvx.hu a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hlvx.wu a0,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hsv.b a3,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hsv.h a3,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hsv.w a3,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  { "hsv.d a3,(a2)", { OK, OK, ILL, VIRT, VIRT }, { { HU, MODE_U, OK } } },
  /* Some CSRs: the switches of other instructions do not touch them (H-157, H-158, H-159, H-205).
   */
  { "csrrs a0,satp,zero",
    { OK, OK, ILL, OK, VIRT },
    { { TVM, MODE_HS, ILL }, { VTVM, MODE_VS, VIRT } } },
  { "csrrs a0,hgatp,zero", { OK, OK, ILL, VIRT, VIRT }, { { TVM, MODE_HS, ILL } } },
  { "csrrs a0,vsatp,zero", { OK, OK, ILL, VIRT, VIRT }, { { 0 } } },
  { "csrrs a0,sstatus,zero", { OK, OK, ILL, OK, VIRT }, { { 0 } } }, /* H-156 */
  { "csrrs a0,senvcfg,zero", { OK, OK, ILL, OK, VIRT }, { { 0 } } }, /* H-012 */
  { "csrrs a0,mstatus,zero", { OK, ILL, ILL, ILL, ILL }, { { 0 } } },
  { "fence.i", { OK, OK, OK, OK, OK }, { { 0 } } },
};

/* H-150: each by its row above, under every combination of the switches. */
START_TEST(all_instructions)
{
  core *c = core_new();
  for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++) {
    const rule *r = &rules[i];
    unsigned len;
    const uint32_t bits = assemble(r->text, &len);
    for (unsigned set = 0; set < N_SETS; set++)
      for (unsigned mode = 0; mode < N_MODES; mode++) {
        int want = r->plain[mode];
        for (unsigned k = 0; k < 6; k++)
          if ((r->change[k].when & set) && r->change[k].mode == mode)
            want = r->change[k].outcome;
        set_switches(c->h, set);
        c->h->x[10] = c->h->x[11] = 0;
        c->h->x[12] = DATA;
        core_poke(c->h, CSR_mtval, 0);
        const int cause = execute_bits(c, mode, bits);
        ck_assert_msg(cause == want, "%s from %s, switches %#x: %d, not %d", r->text,
                      mode_names[mode], set, cause, want);
        if (cause != OK) { /* H-164 */
          ck_assert_uint_eq(c->h->csr.mtval, bits);
          ck_assert_uint_eq(c->h->csr.mtval2, 0);
          ck_assert_uint_eq(c->h->csr.mtinst, 0);
        }
      }
  }
  core_free(c);
}
END_TEST

/* H-155: with an interrupt pending it traps all the same: at once is allowed, and simple [H-027].
 */
START_TEST(wfi_traps_at_once)
{
  core *c = core_new();
  core_poke(c->h, CSR_hvip, 0x444);
  core_poke(c->h, CSR_hie, 0x444);
  set_switches(c->h, VTW);
  ck_assert_int_eq(execute(c, MODE_VS, "wfi"), VIRT);
  ck_assert(!c->h->wfi);
  core_free(c);
}
END_TEST

/* H-166, H-280: no such instruction, or one with wrong fields: illegal in every mode, never 22. */
START_TEST(reserved_encodings)
{
  static const uint32_t bits[] = {
    0x00000000, 0xffffffff, 0x0000,     0x9c7d, /* c.* reserved */
    0x220000f3, 0x620000f3,                     /* hfence.*: rd != 0 */
    0x260000f3, 0x660000f3,                     /* hinval.*: rd != 0 */
    0x120000f3, 0x160000f3,                     /* sfence.vma, sinval.vma: rd != 0 */
    0x18200073, 0x180000f3, 0x18008073,         /* sfence.*.inval: rs2, rd, rs1 */
    0x60264573, 0x60464573, 0x6c164573,         /* hlv with rs2 2, 4; hlv.d unsigned */
    0x68464573, 0x60364573,                     /* rs2 4; hlvx.bu */
    0x62d645f3,                                 /* hsv.b: rd != 0 */
    0x10200173, 0x102000f3, 0x30200173,         /* sret, mret: rd != 0 */
    0x7b200073,                                 /* dret */
    0x70200073,                                 /* mnret */
    0x10100073,                                 /* no sret with rs2 = 1 */
    0x00200073,                                 /* uret */
    0x00c5c073,                                 /* SYSTEM funct3 4, funct7 0 */
    0x00d000f3, 0x00d08073, 0x01d000f3,         /* wrs: rd or rs1 != 0 */
  };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
    for (unsigned mode = 0; mode < N_MODES; mode++) {
      set_switches(c->h, HU);
      c->h->x[12] = DATA;
      const int cause = execute_bits(c, mode, bits[i]);
      ck_assert_msg(cause == ILL, "%#x from %s: %d", bits[i], mode_names[mode], cause);
      ck_assert_uint_eq(c->h->csr.mtval, (bits[i] & 3) == 3 ? bits[i] : bits[i] & 0xffff);
    }
  core_free(c);
}
END_TEST

/* Every SYSTEM encoding with funct3 0 and 4 that insn.def has no row for: never 22 [H-016, H-166].
 */
START_TEST(system_space)
{
  core *c = core_new();
  for (unsigned funct12 = 0; funct12 < 4096; funct12++)
    for (unsigned funct3 = 0; funct3 <= 4; funct3 += 4) {
      const uint32_t bits = funct12 << 20 | 12 << 15 | funct3 << 12 | 0x73;
      rv_insn d;
      if (rv_decode(bits, &d))
        continue;
      set_switches(c->h, 0);
      ck_assert_int_eq(execute_bits(c, MODE_VU, bits), ILL);
      ck_assert_int_eq(execute_bits(c, MODE_VS, bits), ILL);
    }
  core_free(c);
}
END_TEST

/* H-162 before anything else: FS off in V=1 is 2; a reserved rounding mode is 2. */
START_TEST(rounding)
{
  core *c = core_new();
  for (unsigned mode = 0; mode < N_MODES; mode++)
    for (unsigned rm = 0; rm < 8; rm++)
      for (unsigned frm = 0; frm < 8; frm++) {
        core_poke(c->h, CSR_mstatus, 3 << 13);
        core_poke(c->h, CSR_vsstatus, 3 << 13);
        core_poke(c->h, CSR_frm, frm);
        const uint32_t bits = 0x02c58553 | rm << 12; /* fadd.d fa0,fa1,fa2 */
        const bool reserved = rm == 5 || rm == 6 || (rm == 7 && frm >= 5);
        ck_assert_int_eq(execute_bits(c, mode, bits), reserved ? ILL : OK);
        if (reserved)
          ck_assert_uint_eq(c->h->csr.mtval, bits);
      }
  core_free(c);
}
END_TEST

/* H-150, H-168: with V=0 no reason gives 22; with V=1 exactly those that a hypervisor is to
 * emulate. */
START_TEST(reasons)
{
  static const uint8_t is_virtual[] = { WHY_CSR_VIRTUAL, WHY_INSN_VIRTUAL, WHY_VTSR,
                                        WHY_VTVM,        WHY_VTW,          WHY_WFI_USER,
                                        WHY_HCOUNTEREN,  WHY_SCOUNTEREN,   WHY_STCE_H,
                                        WHY_WRS_VTW,     WHY_CBIE_H,       WHY_CBIE_S,
                                        WHY_CBCFE_H,     WHY_CBCFE_S,      WHY_CBZE_H,
                                        WHY_CBZE_S,      WHY_HSTATEEN,     WHY_VTI,
                                        WHY_NO_REGISTER, WHY_NO_GUEST_FILE };
  core *c = core_new();
  for (unsigned why = 1; why < N_WHY; why++) {
    set_mode(c->h, MODE_HS);
    ck_assert_uint_eq(rv_refusal_cause(c->h, why), ILL);
    set_mode(c->h, MODE_VU);
    ck_assert_uint_eq(rv_refusal_cause(c->h, why),
                      memchr(is_virtual, why, sizeof is_virtual) ? VIRT : ILL);
  }
  ck_assert(!rv_refuse(c->h, WHY_VTVM, 0x1234));
  ck_assert_uint_eq(c->h->trap.cause, VIRT);
  ck_assert_uint_eq(c->h->trap.tval, 0x1234);
  ck_assert(!c->h->trap.gva && !c->h->trap.tinst && !c->h->trap.tval2);
  core_free(c);
}
END_TEST

/* The trace's "because": the reason in the event is the one that decided. */
START_TEST(reasons_told)
{
  static const struct {
    const char *text;
    core_mode mode;
    unsigned set;
    rv_why why;
  } cases[] = {
    { "sret", MODE_HS, TSR, WHY_TSR },
    { "sret", MODE_VS, VTSR, WHY_VTSR },
    { "sret", MODE_VU, 0, WHY_INSN_VIRTUAL },
    { "sret", MODE_U, 0, WHY_INSN_PRIVILEGE },
    { "wfi", MODE_VS, VTW, WHY_VTW },
    { "wfi", MODE_VS, VTW | TW, WHY_TW },
    { "wfi", MODE_VU, 0, WHY_WFI_USER },
    { "wrs.nto", MODE_VU, VTW, WHY_WRS_VTW },
    { "wrs.nto", MODE_VU, VTW | TW, WHY_WRS_TW },
    { "sfence.vma a0,a1", MODE_HS, TVM, WHY_TVM },
    { "sfence.vma a0,a1", MODE_VS, VTVM, WHY_VTVM },
    { "hfence.gvma a0,a1", MODE_HS, TVM, WHY_TVM },
    { "hlv.b a0,(a2)", MODE_U, 0, WHY_HU },
    { "hlv.b a0,(a2)", MODE_VS, HU, WHY_INSN_VIRTUAL },
    { "csrrs a0,vsatp,zero", MODE_VS, 0, WHY_CSR_VIRTUAL },
    { "csrrs a0,mstatus,zero", MODE_VS, 0, WHY_CSR_PRIVILEGE },
    { "csrrw zero,hgeip,zero", MODE_VS, 0, WHY_CSR_READ_ONLY },
    { "csrrs a0,cycle,zero", MODE_VS, 0, WHY_MCOUNTEREN },
    { "csrrs a0,stimecmp,zero", MODE_HS, 0, WHY_MCOUNTEREN },
  };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    set_switches(c->h, cases[i].set);
    c->h->x[12] = DATA;
    ck_assert_int_ne(execute(c, cases[i].mode, cases[i].text), NO_TRAP);
    ck_assert_msg(last_trap(c)->u.trap.why == cases[i].why, "%s: reason %u", cases[i].text,
                  last_trap(c)->u.trap.why);
  }
  core_free(c);
}
END_TEST

/* H-256: widths and extension of the guest loads. */
START_TEST(guest_loads)
{
  static const struct {
    const char *text;
    uint64_t value;
  } loads[] = {
    { "hlv.b a0,(a2)", -1ull },
    { "hlv.bu a0,(a2)", 0xff },
    { "hlv.h a0,(a2)", 0xfffffffffffffeff },
    { "hlv.hu a0,(a2)", 0xfeff },
    { "hlv.w a0,(a2)", 0xfffffffffcfdfeff },
    { "hlv.wu a0,(a2)", 0xfcfdfeff },
    { "hlv.d a0,(a2)", 0xf8f9fafbfcfdfeff },
    { "hlvx.hu a0,(a2)", 0xfeff },
    { "hlvx.wu a0,(a2)", 0xfcfdfeff },
  };
  core *c = core_new();
  put_memory(c, DATA, 0xf8f9fafbfcfdfeff, 8);
  for (unsigned i = 0; i < sizeof loads / sizeof *loads; i++)
    for (unsigned mode = MODE_M; mode <= MODE_U; mode++) {
      core_poke(c->h, CSR_hstatus, BIT(9));
      core_poke(c->h, CSR_satp, 0);
      c->h->x[12] = DATA;
      ck_assert_int_eq(execute(c, mode, loads[i].text), OK);
      ck_assert_uint_eq(c->h->x[10], loads[i].value);
    }
  static const char *const stores[] = { "hsv.b a3,(a2)", "hsv.h a3,(a2)", "hsv.w a3,(a2)",
                                        "hsv.d a3,(a2)" };
  for (unsigned i = 0; i < 4; i++) {
    put_memory(c, DATA, -1ull, 8);
    c->h->x[13] = 0;
    ck_assert_int_eq(execute(c, MODE_HS, stores[i]), OK);
    ck_assert_uint_eq(get_memory(c, DATA, 8), i == 3 ? 0 : -1ull << (8 << i));
  }
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, all_instructions);
  tcase_add_test(tc, wfi_traps_at_once);
  tcase_add_test(tc, reserved_encodings);
  tcase_add_test(tc, system_space);
  tcase_add_test(tc, rounding);
  tcase_add_test(tc, reasons);
  tcase_add_test(tc, reasons_told);
  tcase_add_test(tc, guest_loads);
}
UNIT_MAIN("virtual", add_tests)
