/* test_trap.c - taking traps and returning from them, against a second description of both.
 *
 * The model below is written with bit numbers from the manual's text; a test compares the whole
 * CSR state with it, so what must not change is checked as well as what must.
 * [priv machine, hypervisor#traps; H-032 .. H-054, H-136 .. H-148, H-170 .. H-193]
 */
#include "core_fixture.h"
#include <stdio.h>

#define BIT(n) (1ull << (n))

/* ---- the model ---- */

typedef struct {
  rv_csrs csr;
  rv_sregs s[2];
  rv_prv prv;
  bool v;
  uint64_t pc;
} state;

static state state_of(const rv_hart *h)
{
  state s = { .prv = h->prv, .v = h->v, .pc = h->pc };
  s.csr = h->csr;
  memcpy(s.s, h->s, sizeof s.s);
  return s;
}

static void set_bit(uint64_t *word, unsigned n, uint64_t value)
{
  *word = (*word & ~BIT(n)) | (value & 1) << n;
}
static uint64_t get_bit(uint64_t word, unsigned n) { return word >> n & 1; }

static core_mode model_target(const state *s, const rv_trap *t)
{
  const uint64_t medeleg = t->interrupt ? s->csr.mideleg : s->csr.medeleg;
  const uint64_t hedeleg = t->interrupt ? s->csr.hideleg : s->csr.hedeleg;
  if (s->prv == PRV_M || !get_bit(medeleg, t->cause))
    return MODE_M;
  return s->v && get_bit(hedeleg, t->cause) ? MODE_VS : MODE_HS; /* H-043, H-174 */
}

static uint64_t vectored(uint64_t tvec, bool interrupt, uint64_t code)
{
  return (tvec & ~3ull) + (interrupt && (tvec & 3) == 1 ? 4 * code : 0);
}

/* H-170, H-171, H-172, H-173 */
static void model_trap(state *s, const rv_trap *t, core_mode target)
{
  const uint64_t top = t->interrupt ? BIT(63) : 0;
  uint64_t code = t->cause, *m = &s->csr.mstatus, *hs = &s->csr.hstatus, *vs = &s->s[1].status;
  const uint64_t from = s->pc;
  if (target == MODE_M) {
    s->csr.mcause = top | code;
    s->csr.mepc = from;
    s->csr.mtval = t->tval;
    s->csr.mtval2 = t->tval2;
    s->csr.mtinst = t->tinst;
    set_bit(m, 7, get_bit(*m, 3));
    set_bit(m, 3, 0);
    set_bit(m, 11, s->prv & 1);
    set_bit(m, 12, s->prv >> 1);
    set_bit(m, 39, s->v);
    set_bit(m, 38, t->gva);
    s->pc = vectored(s->csr.mtvec, t->interrupt, code);
    s->prv = PRV_M;
    s->v = false;
  } else if (target == MODE_HS) {
    s->s[0].cause = top | code;
    s->s[0].epc = from;
    s->s[0].tval = t->tval;
    s->csr.htval = t->tval2;
    s->csr.htinst = t->tinst;
    set_bit(m, 5, get_bit(*m, 1));
    set_bit(m, 1, 0);
    set_bit(m, 8, s->prv);
    set_bit(hs, 6, t->gva);
    set_bit(hs, 7, s->v); /* H-032 */
    if (s->v)             /* H-033 */
      set_bit(hs, 8, s->prv);
    s->pc = vectored(s->s[0].tvec, t->interrupt, code);
    s->prv = PRV_S;
    s->v = false;
  } else {
    if (t->interrupt) /* H-048: only interrupts */
      code -= 1;
    s->s[1].cause = top | code;
    s->s[1].epc = from;
    s->s[1].tval = t->tval;
    set_bit(vs, 5, get_bit(*vs, 1));
    set_bit(vs, 1, 0);
    set_bit(vs, 8, s->prv);
    s->pc = vectored(s->s[1].tvec, t->interrupt, code);
    s->prv = PRV_S;
  }
}

/* H-178 */
static void model_mret(state *s)
{
  uint64_t *m = &s->csr.mstatus;
  const unsigned mpp = *m >> 11 & 3;
  s->v = mpp != 3 && get_bit(*m, 39);
  s->prv = mpp;
  set_bit(m, 3, get_bit(*m, 7));
  set_bit(m, 7, 1);
  *m &= ~(BIT(11) | BIT(12) | BIT(39));
  if (mpp != 3)
    *m &= ~BIT(17);
  s->pc = s->csr.mepc;
}

/* H-179, H-180, H-181, H-183 */
static void model_sret(state *s)
{
  uint64_t *status = s->v ? &s->s[1].status : &s->csr.mstatus;
  const bool v = s->v;
  s->pc = s->s[v].epc;
  s->v = v || get_bit(s->csr.hstatus, 7); /* H-032 */
  s->prv = get_bit(*status, 8);
  set_bit(status, 1, get_bit(*status, 5));
  set_bit(status, 5, 1);
  set_bit(status, 8, 0);
  s->csr.mstatus &= ~BIT(17);
  if (!v)
    set_bit(&s->csr.hstatus, 7, 0);
}

static void check_state(const rv_hart *h, const state *want, const char *what)
{
  const char *mode = rv_mode_name(want->prv, want->v);
  ck_assert_msg(h->prv == want->prv && h->v == want->v, "%s: in %s, not %s", what,
                rv_mode_name(h->prv, h->v), mode);
  ck_assert_msg(h->pc == want->pc, "%s: pc %#lx, not %#lx", what, h->pc, want->pc);
#define SAME(member)                                                                               \
  ck_assert_msg(h->member == want->member, "%s: " #member " %#lx, not %#lx", what, h->member,      \
                want->member)
  SAME(csr.mstatus);
  SAME(csr.hstatus);
  SAME(s[1].status);
  SAME(csr.mcause);
  SAME(s[0].cause);
  SAME(s[1].cause);
  SAME(csr.htval);
  SAME(csr.htinst);
  ck_assert_msg(!memcmp(&h->csr, &want->csr, sizeof h->csr), "%s: another CSR changed", what);
  ck_assert_msg(!memcmp(h->s, want->s, sizeof h->s), "%s: another S or VS CSR changed", what);
}

/* Random legal values in everything a trap or a return may read or write. */
static void scramble(core *c)
{
  static const uint16_t csrs[] = {
    CSR_mstatus, CSR_hstatus, CSR_vsstatus, CSR_mepc,    CSR_sepc,    CSR_vsepc,
    CSR_mcause,  CSR_scause,  CSR_vscause,  CSR_mtval,   CSR_stval,   CSR_vstval,
    CSR_mtval2,  CSR_mtinst,  CSR_htval,    CSR_htinst,  CSR_mtvec,   CSR_stvec,
    CSR_vstvec,  CSR_medeleg, CSR_hedeleg,  CSR_mideleg, CSR_hideleg,
  };
  for (unsigned i = 0; i < sizeof csrs / sizeof *csrs; i++)
    core_poke(c->h, csrs[i], core_random(c));
  c->h->pc = core_random(c) & ~1ull;
}

static const uint8_t causes[] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10,
                                  11, 12, 13, 15, 18, 19, 20, 21, 22, 23 };
enum { N_CAUSES = sizeof causes };

static rv_trap random_trap(core *c, unsigned cause, bool interrupt)
{
  rv_trap t = { .cause = cause, .interrupt = interrupt, .why = WHY_ECALL };
  if (!interrupt) {
    t.tval = core_random(c);
    t.tval2 = core_random(c);
    t.tinst = core_random(c);
    t.gva = core_random(c) & 1;
  }
  return t;
}

/* ---- taking ---- */

/* H-036, H-043, H-044, H-052, H-054, H-146, H-170 .. H-174: cause x mode x medeleg x hedeleg. */
START_TEST(exceptions)
{
  core *c = core_new();
  for (unsigned round = 0; round < 8; round++)
    for (unsigned i = 0; i < N_CAUSES; i++)
      for (unsigned mode = 0; mode < N_MODES; mode++)
        for (unsigned deleg = 0; deleg < 4; deleg++) {
          const unsigned cause = causes[i];
          char what[80];
          scramble(c);
          const uint64_t bit = BIT(cause);
          core_poke(c->h, CSR_medeleg, deleg & 1 ? ~0ull : ~bit);
          core_poke(c->h, CSR_hedeleg, deleg & 2 ? ~0ull : ~bit);
          set_mode(c->h, mode);
          const rv_trap t = random_trap(c, cause, false);
          state want = state_of(c->h);
          const core_mode target = model_target(&want, &t);
          model_trap(&want, &t, target);
          snprintf(what, sizeof what, "cause %u from %s, medeleg %u hedeleg %u", cause,
                   mode_names[mode], deleg & 1, deleg >> 1);
          rv_take_trap(c->h, &t);
          check_state(c->h, &want, what);
          ck_assert_int_eq(get_mode(c->h), target);
          /* What can be nowhere delegated stays where it is: H-041, H-051, H-052. */
          if (cause == 11)
            ck_assert_int_eq(target, MODE_M);
          if ((cause >= 9 && cause <= 11) || cause >= 20)
            ck_assert_int_ne(target, MODE_VS);
        }
  core_free(c);
}
END_TEST

/* The same for interrupts, with vectored and direct vectors: H-045, H-048, H-049, H-136, H-184. */
START_TEST(interrupts)
{
  static const uint8_t irqs[] = { 1, 2, 3, 5, 6, 7, 9, 10, 11, 12 };
  core *c = core_new();
  for (unsigned round = 0; round < 50; round++)
    for (unsigned i = 0; i < sizeof irqs; i++)
      for (unsigned mode = 0; mode < N_MODES; mode++) {
        char what[80];
        scramble(c);
        set_mode(c->h, mode);
        const rv_trap t = random_trap(c, irqs[i], true);
        state want = state_of(c->h);
        const core_mode target = model_target(&want, &t);
        if (mode == MODE_M && target != MODE_M)
          continue;
        model_trap(&want, &t, target);
        snprintf(what, sizeof what, "interrupt %u from %s", irqs[i], mode_names[mode]);
        rv_take_trap(c->h, &t);
        check_state(c->h, &want, what);
      }
  core_free(c);
}
END_TEST

/* KB-51, KB-56: the vector of a VS-level interrupt in VS is 4 * 9, 4 * 5, 4 * 1; in HS
 * it is 4 * the number as it is; exceptions always go to BASE. */
START_TEST(vectors)
{
  static const uint8_t irqs[] = { 2, 6, 10 };
  core *c = core_new();
  for (unsigned i = 0; i < 3; i++) {
    core_poke(c->h, CSR_stvec, HS_VECTOR | 1);
    core_poke(c->h, CSR_vstvec, VS_VECTOR | 1);
    core_poke(c->h, CSR_hideleg, 0x444);
    set_mode(c->h, MODE_VU);
    rv_take_trap(c->h, &(rv_trap){ .cause = irqs[i], .interrupt = true });
    ck_assert_uint_eq(c->h->pc, VS_VECTOR + 4 * (irqs[i] - 1));
    ck_assert_uint_eq(core_peek(c->h, CSR_vscause), BIT(63) | (irqs[i] - 1));
    core_poke(c->h, CSR_hideleg, 0);
    set_mode(c->h, MODE_VS);
    rv_take_trap(c->h, &(rv_trap){ .cause = irqs[i], .interrupt = true });
    ck_assert_uint_eq(c->h->pc, HS_VECTOR + 4 * irqs[i]);
    ck_assert_uint_eq(core_peek(c->h, CSR_scause), BIT(63) | irqs[i]);
    /* Exceptions 2 and 6 keep their numbers. */
    core_poke(c->h, CSR_medeleg, ~0ull);
    core_poke(c->h, CSR_hedeleg, ~0ull);
    set_mode(c->h, MODE_VS);
    rv_take_trap(c->h, &(rv_trap){ .cause = irqs[i] });
    if (irqs[i] == 10) { /* ecall from VS never goes to VS */
      ck_assert_uint_eq(c->h->pc, HS_VECTOR);
    } else {
      ck_assert_uint_eq(c->h->pc, VS_VECTOR);
      ck_assert_uint_eq(core_peek(c->h, CSR_vscause), irqs[i]);
    }
  }
  core_free(c);
}
END_TEST

/* H-053, H-037, H-167, KB-50: what ecall and ebreak say, by mode; GVA does not stay. */
START_TEST(ecall_and_ebreak)
{
  static const int ecall[] = { CAUSE_ECALL_M, CAUSE_ECALL_HS, CAUSE_ECALL_U, CAUSE_ECALL_VS,
                               CAUSE_ECALL_U };
  core *c = core_new();
  for (unsigned mode = 0; mode < N_MODES; mode++) {
    static const char *const breaks[] = { "ebreak", "c.ebreak" };
    for (unsigned i = 0; i < 2; i++) {
      ck_assert_int_eq(execute(c, mode, breaks[i]), CAUSE_BREAKPOINT);
      ck_assert_uint_eq(c->h->csr.mtval, CODE);
      ck_assert_uint_eq(c->h->csr.mepc, CODE);
      ck_assert_uint_eq(get_bit(c->h->csr.mstatus, 38), mode >= MODE_VS);
    }
    c->h->csr.mstatus |= BIT(38);
    ck_assert_int_eq(execute(c, mode, "ecall"), ecall[mode]);
    ck_assert_uint_eq(c->h->csr.mtval, 0);
    ck_assert_uint_eq(get_bit(c->h->csr.mstatus, 38), 0);
  }
  core_free(c);
}
END_TEST

/* H-034, KB-61: illegal and virtual instructions hold bits, not an address: GVA=0. */
START_TEST(gva_of_instructions)
{
  core *c = core_new();
  core_poke(c->h, CSR_medeleg, ~0ull);
  core_poke(c->h, CSR_hstatus, BIT(6));
  ck_assert_int_eq(execute_bits(c, MODE_VS, 0), CAUSE_ILLEGAL);
  ck_assert_uint_eq(core_peek(c->h, CSR_hstatus) >> 6 & 7, 6); /* SPVP SPV, no GVA */
  core_poke(c->h, CSR_hstatus, BIT(6));
  ck_assert_int_eq(execute(c, MODE_VU, "sret"), CAUSE_VIRTUAL);
  ck_assert_uint_eq(core_peek(c->h, CSR_hstatus) >> 6 & 7, 2);
  ck_assert_uint_eq(core_peek(c->h, CSR_stval), 0x10200073);
  ck_assert_uint_eq(core_peek(c->h, CSR_htval), 0);
  ck_assert_uint_eq(core_peek(c->h, CSR_htinst), 0);
  core_free(c);
}
END_TEST

/* H-034, H-035, H-171, H-193, H-259, H-263: GVA and SPVP of faults, by who accessed and how. */
START_TEST(gva_of_faults)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_medeleg, ~0ull);
  h->x[12] = NOWHERE;
  for (unsigned mode = MODE_HS; mode < N_MODES; mode++) {
    const bool v = mode >= MODE_VS;
    core_poke(h, CSR_hstatus, BIT(8) | (v ? 0 : BIT(6)));
    ck_assert_int_eq(execute(c, mode, "ld a0,0(a2)"), CAUSE_LOAD_ACCESS);
    ck_assert_uint_eq(core_peek(h, CSR_hstatus) >> 6 & 7,
                      (mode == MODE_VU ? 0 : 4) | v << 1 | v); /* SPVP kept with V=0 */
    ck_assert_uint_eq(core_peek(h, CSR_stval), NOWHERE);
    ck_assert_uint_eq(core_peek(h, CSR_htval), 0);
    if (v)
      continue;
    for (unsigned spvp = 0; spvp < 2; spvp++) {
      core_poke(h, CSR_hstatus, BIT(9) | spvp << 8 | BIT(7));
      ck_assert_int_eq(execute(c, mode, "hlv.w a0,(a2)"), CAUSE_LOAD_ACCESS);
      ck_assert_uint_eq(core_peek(h, CSR_hstatus) >> 6 & 7, spvp << 2 | 1); /* GVA, SPV=0 */
      ck_assert_int_eq(execute(c, mode, "hsv.w a0,(a2)"), CAUSE_STORE_ACCESS);
      ck_assert_uint_eq(core_peek(h, CSR_hstatus) >> 6 & 7, spvp << 2 | 1);
    }
  }
  /* To M: HLV, and MPRV with MPV. */
  core_poke(h, CSR_mstatus, 0);
  ck_assert_int_eq(execute(c, MODE_M, "hlv.w a0,(a2)"), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(h->csr.mstatus >> 38 & 3, 1);
  core_poke(h, CSR_mstatus, BIT(17) | BIT(11) | BIT(39));
  ck_assert_int_eq(execute(c, MODE_M, "lw a0,0(a2)"), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(h->csr.mstatus >> 38 & 3, 1);
  core_poke(h, CSR_mstatus, BIT(17) | BIT(11));
  ck_assert_int_eq(execute(c, MODE_M, "lw a0,0(a2)"), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(h->csr.mstatus >> 38 & 3, 0);
  /* MPP=3: MPV means nothing. */
  core_poke(h, CSR_mstatus, BIT(17) | BIT(11) | BIT(12) | BIT(39));
  ck_assert_int_eq(execute(c, MODE_M, "lw a0,0(a2)"), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(h->csr.mstatus >> 38 & 3, 0);
  core_free(c);
}
END_TEST

/* H-044: the fault of an HLV goes to HS though the guest's faults go to VS. */
START_TEST(hlv_fault_is_not_the_guests)
{
  core *c = core_new();
  core_poke(c->h, CSR_medeleg, ~0ull);
  core_poke(c->h, CSR_hedeleg, ~0ull);
  c->h->x[12] = NOWHERE;
  ck_assert_int_eq(execute(c, MODE_HS, "hlv.w a0,(a2)"), CAUSE_LOAD_ACCESS);
  ck_assert_int_eq(get_mode(c->h), MODE_HS);
  ck_assert_int_eq(execute(c, MODE_VS, "lw a0,0(a2)"), CAUSE_LOAD_ACCESS);
  ck_assert_int_eq(get_mode(c->h), MODE_VS);
  core_free(c);
}
END_TEST

/* ---- returning ---- */

/* H-178, H-192 */
START_TEST(mret)
{
  core *c = core_new();
  for (unsigned n = 0; n < 3000; n++) {
    scramble(c);
    set_mode(c->h, MODE_M);
    state want = state_of(c->h);
    model_mret(&want);
    rv_mret(c->h);
    check_state(c->h, &want, "mret");
  }
  core_free(c);
}
END_TEST

/* H-179, H-180, H-181, H-183: from M, HS and VS. */
START_TEST(sret)
{
  static const core_mode from[] = { MODE_M, MODE_HS, MODE_VS };
  core *c = core_new();
  for (unsigned n = 0; n < 6000; n++) {
    scramble(c);
    set_mode(c->h, from[n % 3]);
    state want = state_of(c->h);
    model_sret(&want);
    rv_sret(c->h);
    check_state(c->h, &want, mode_names[from[n % 3]]);
  }
  core_free(c);
}
END_TEST

/* H-161, H-152, H-160, H-182: who may execute mret and sret, with TSR and VTSR. */
START_TEST(who_may_return)
{
  core *c = core_new();
  for (unsigned set = 0; set < 4; set++)
    for (unsigned mode = 0; mode < N_MODES; mode++) {
      const bool tsr = set & 1, vtsr = set & 2;
      int want = NO_TRAP;
      if (mode == MODE_U || (mode == MODE_HS && tsr))
        want = CAUSE_ILLEGAL;
      else if (mode == MODE_VU || (mode == MODE_VS && vtsr))
        want = CAUSE_VIRTUAL;
      core_poke(c->h, CSR_mstatus, tsr ? BIT(22) : 0);
      core_poke(c->h, CSR_hstatus, vtsr ? BIT(22) : 0);
      ck_assert_int_eq(execute(c, mode, "sret"), want);
      ck_assert_int_eq(execute(c, mode, "mret"), mode == MODE_M ? NO_TRAP : CAUSE_ILLEGAL);
    }
  core_free(c);
}
END_TEST

/* ---- redirection by the firmware ---- */

/* A trap that M hands on leaves HS or VS as a direct one would have, for every cause and origin. */
START_TEST(redirect)
{
  core *c = core_new();
  for (unsigned round = 0; round < 20; round++)
    for (unsigned i = 0; i < N_CAUSES; i++)
      for (unsigned mode = MODE_HS; mode < N_MODES; mode++) {
        rv_hart *h = c->h;
        if (causes[i] == 11)
          continue;
        scramble(c);
        core_poke(h, CSR_mstatus, core_peek(h, CSR_mstatus) & ~(BIT(17) | BIT(7) | BIT(3)));
        core_poke(h, CSR_medeleg, 0);
        set_mode(h, mode);
        const rv_trap t = random_trap(c, causes[i], false);
        state want = state_of(h);
        want.csr.medeleg = ~0ull;
        model_trap(&want, &t, model_target(&want, &t));
        rv_take_trap(h, &t);
        ck_assert_int_eq(get_mode(h), MODE_M);
        rv_redirect_trap(h, &t);
        /* M's own registers tell of both; below M nothing does. */
        want.csr.medeleg = 0;
        want.csr.mepc = h->csr.mepc;
        want.csr.mcause = h->csr.mcause;
        want.csr.mtval = h->csr.mtval;
        want.csr.mtval2 = h->csr.mtval2;
        want.csr.mtinst = h->csr.mtinst;
        const uint64_t m_only = BIT(3) | BIT(7) | BIT(11) | BIT(12) | BIT(38) | BIT(39);
        want.csr.mstatus = (want.csr.mstatus & ~m_only) | (h->csr.mstatus & m_only);
        check_state(h, &want, "redirect");
      }
  core_free(c);
}
END_TEST

/* ---- counting ---- */

/* A trapped instruction takes time but does not retire; an interrupt is no instruction. */
START_TEST(counts)
{
  core *c = core_new();
  execute(c, MODE_HS, "ecall");
  ck_assert_uint_eq(c->h->icount, 1);
  ck_assert_uint_eq(c->h->unretired, 1);
  rv_take_trap(c->h, &(rv_trap){ .cause = IRQ_MTI, .interrupt = true });
  ck_assert_uint_eq(c->h->icount, 1);
  execute(c, MODE_M, "mret");
  ck_assert_uint_eq(c->h->icount, 2);
  ck_assert_uint_eq(c->h->unretired, 1);
  core_free(c);
}
END_TEST

/* ---- events ---- */

static const rv_csr_change *change_of(const rv_event *e, unsigned csr)
{
  for (unsigned i = 0; i < e->n_change; i++)
    if (e->change[i].csr == csr)
      return &e->change[i];
  return NULL;
}

/* The record of a trap: the CSRs of its level always, changed or not, and no other. */
START_TEST(trap_event)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_medeleg, ~0ull);
  core_poke(h, CSR_hgatp, 5ull << 44);
  h->observe = RV_OBSERVE_CHANGES;
  h->icount = 41;
  ck_assert_int_eq(execute(c, MODE_VS, "ecall"), CAUSE_ECALL_VS);
  const rv_event *e = last_trap(c);
  ck_assert(e->type == RV_EV_TRAP && e->from_v && e->from_prv == PRV_S);
  ck_assert(!e->to_v && e->to_prv == PRV_S);
  ck_assert_uint_eq(e->pc, CODE);
  ck_assert_uint_eq(e->dest, HS_VECTOR);
  ck_assert_uint_eq(e->insn, 41);
  ck_assert_uint_eq(e->vmid, 5);
  ck_assert(e->has_raw && e->raw == 0x73);
  ck_assert_uint_eq(e->u.trap.why, WHY_ECALL);
  ck_assert(!e->u.trap.interrupt && !e->u.trap.gva && !e->u.trap.has_gpa);
  ck_assert_uint_eq(e->u.trap.mdeleg, core_peek(h, CSR_medeleg));
  ck_assert_uint_eq(e->n_change, 7); /* hstatus sstatus sepc scause stval htval htinst */
  ck_assert_ptr_null(change_of(e, CSR_mstatus)); /* the same register under the level's name */
  ck_assert_ptr_null(change_of(e, CSR_vsstatus));
  ck_assert_uint_eq(change_of(e, CSR_scause)->after, CAUSE_ECALL_VS);
  ck_assert_uint_eq(change_of(e, CSR_sepc)->after, CODE);
  ck_assert_uint_eq(change_of(e, CSR_hstatus)->before ^ change_of(e, CSR_hstatus)->after,
                    BIT(7) | BIT(8));
  ck_assert_uint_eq(change_of(e, CSR_sstatus)->after & BIT(8), BIT(8));
  core_free(c);
}
END_TEST

START_TEST(interrupt_event)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_hideleg, 0x444);
  set_mode(h, MODE_VU);
  h->observe = 1ull << RV_EV_TRAP;
  rv_take_trap(h, &(rv_trap){ .cause = IRQ_VSTI, .interrupt = true, .why = WHY_INTERRUPT });
  const rv_event *e = last_trap(c);
  ck_assert(e->u.trap.interrupt && !e->has_raw && e->to_v && e->to_prv == PRV_S);
  ck_assert_uint_eq(e->u.trap.cause, IRQ_VSTI);
  ck_assert_uint_eq(e->u.trap.hdeleg, 0x444);
  ck_assert_uint_eq(e->n_change, 0); /* not asked for */
  core_free(c);
}
END_TEST

START_TEST(return_event)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_hstatus, BIT(7));
  core_poke(h, CSR_mstatus, BIT(8));
  core_poke(h, CSR_sepc, DATA);
  h->observe = 1ull << RV_EV_XRET | RV_OBSERVE_CHANGES;
  ck_assert_int_eq(execute(c, MODE_HS, "sret"), NO_TRAP);
  const rv_event *e = &c->events[0].e;
  ck_assert_uint_eq(c->n_events, 1);
  ck_assert(e->type == RV_EV_XRET && !e->from_v && e->to_v && e->to_prv == PRV_S);
  ck_assert(!e->u.xret.mret && (e->u.xret.hstatus & BIT(7)) && (e->u.xret.status & BIT(8)));
  ck_assert_uint_eq(e->dest, DATA);
  ck_assert_uint_eq(e->n_change, 2);
  ck_assert_uint_eq(change_of(e, CSR_hstatus)->after & BIT(7), 0);
  ck_assert_uint_eq(e->raw, 0x10200073);
  core_free(c);
}
END_TEST

START_TEST(redirect_event)
{
  core *c = core_new();
  rv_hart *h = c->h;
  h->observe = 1ull << RV_EV_REDIRECT | RV_OBSERVE_CHANGES;
  const rv_trap t = { .cause = CAUSE_ILLEGAL, .tval = 0x55, .why = WHY_NO_CSR };
  set_mode(h, MODE_VU);
  h->pc = CODE;
  rv_take_trap(h, &t);
  ck_assert_uint_eq(c->n_events, 0);
  rv_redirect_trap(h, &t);
  const rv_event *e = &c->events[0].e;
  ck_assert(e->type == RV_EV_REDIRECT && e->from_prv == PRV_M && !e->from_v);
  ck_assert(e->u.trap.origin_v && e->u.trap.origin_prv == PRV_U);
  ck_assert(e->to_prv == PRV_S && !e->to_v);
  ck_assert_uint_eq(e->pc, CODE);
  ck_assert_uint_eq(e->insn, 0);
  ck_assert_uint_eq(e->u.trap.why, WHY_NO_CSR);
  ck_assert_uint_eq(change_of(e, CSR_stval)->after, 0x55);
  core_free(c);
}
END_TEST

/* ---- trap loops ---- */

/* An ecall handled by nobody: HS traps to its own vector, which traps again. */
START_TEST(loop_in_one_mode)
{
  core *c = core_new();
  rv_hart *h = c->h;
  core_poke(h, CSR_medeleg, ~0ull);
  h->choice.trap_loop = 10;
  h->observe = 1ull << RV_EV_WEDGED;
  set_mode(h, MODE_HS);
  h->pc = HS_VECTOR; /* zeros: an illegal instruction at the vector itself */
  for (unsigned i = 1; i < 10; i++) {
    rv_step(h);
    ck_assert_uint_eq(h->stop, 0);
  }
  rv_step(h);
  ck_assert_uint_eq(h->stop, RV_STOP_WEDGED);
  ck_assert(h->attention);
  ck_assert_uint_eq(c->n_events, 1);
  ck_assert_int_eq(c->events[0].e.type, RV_EV_WEDGED);
  ck_assert_uint_eq(c->events[0].e.u.trap.count, 10);
  ck_assert_uint_eq(c->events[0].e.pc, HS_VECTOR);
  ck_assert(h->wedged.count == 10 && h->wedged.cause == CAUSE_ILLEGAL && !h->wedged.interrupt);
  ck_assert(h->wedged.epc == HS_VECTOR && h->wedged.prv == PRV_S && !h->wedged.v);
  core_free(c);
}
END_TEST

/* A hypervisor that re-enters its guest without curing anything: the guest makes no progress. */
static bool loop_of_exits(unsigned progress, uint64_t limit)
{
  core *c = core_new();
  rv_hart *h = c->h;
  unsigned len;
  core_poke(h, CSR_medeleg, ~0ull);
  h->choice.trap_loop = limit;
  put_memory(c, HS_VECTOR, assemble("sret", &len), 4);
  for (unsigned i = 0; i < progress; i++)
    put_memory(c, DATA + 4 * i, assemble("addi a0,a0,1", &len), 4);
  put_memory(c, DATA + 4 * progress, 0x73, 4);
  set_mode(h, MODE_VS);
  h->pc = DATA;
  for (unsigned i = 0; i < 1000 && !h->stop; i++) {
    rv_step(h);
    if (h->v == false && h->pc == HS_VECTOR && progress)
      core_poke(h, CSR_sepc, DATA); /* around again, with progress */
  }
  const bool wedged = h->stop & RV_STOP_WEDGED;
  core_free(c);
  return wedged;
}

START_TEST(loop_through_the_hypervisor)
{
  ck_assert(loop_of_exits(0, 20));
  ck_assert(!loop_of_exits(1, 20)); /* one instruction of progress in between resets */
  ck_assert(!loop_of_exits(3, 20));
  ck_assert(!loop_of_exits(0, 0));   /* switched off */
  ck_assert(!loop_of_exits(0, 501)); /* 1000 steps are 500 traps */
  ck_assert(loop_of_exits(0, 500));
}
END_TEST

/* Another cause, tval, tval2 or pc in between is no loop. */
START_TEST(loop_needs_equal_traps)
{
  core *c = core_new();
  rv_hart *h = c->h;
  for (unsigned vary = 0; vary < 5; vary++) {
    h->choice.trap_loop = 4;
    for (unsigned i = 0; i < 40; i++) {
      rv_trap t = { .cause = CAUSE_LOAD_PAGE, .tval = 0x1000, .tval2 = 0x400 };
      if (vary == 1)
        t.tval += i;
      if (vary == 2)
        t.tval2 += i;
      if (vary == 3 && (i & 1))
        t.cause = CAUSE_STORE_PAGE;
      h->pc = CODE + (vary == 4 ? 4 * i : 0);
      h->csr.mstatus = BIT(11) | BIT(39);
      h->csr.mepc = h->pc;
      set_mode(h, MODE_M);
      rv_mret(h); /* mret is not counted here: the note says "entered at icount + 1" */
      h->icount++;
      rv_take_trap(h, &t);
    }
    ck_assert_msg((h->stop == RV_STOP_WEDGED) == (vary == 0), "variation %u", vary);
    h->stop = 0;
  }
  core_free(c);
}
END_TEST

/* A handler that answers wfi by coming back to it waits; that is no loop. */
START_TEST(waiting_is_no_loop)
{
  core *c = core_new();
  rv_hart *h = c->h;
  unsigned len;
  core_poke(h, CSR_medeleg, ~0ull);
  core_poke(h, CSR_hstatus, BIT(21)); /* VTW */
  h->choice.trap_loop = 5;
  put_memory(c, HS_VECTOR, assemble("sret", &len), 4);
  put_memory(c, DATA, assemble("wfi", &len), 4);
  set_mode(h, MODE_VS);
  h->pc = DATA;
  for (unsigned i = 0; i < 200; i++)
    rv_step(h);
  ck_assert_uint_eq(h->stop, 0);
  ck_assert_uint_eq(h->unretired, 100);
  core_free(c);
}
END_TEST

/* Firmware answers the call and goes on behind it. */
static bool skip(void *ctx, rv_hart *h, const rv_trap *t)
{
  h->csr.mepc += 4;
  h->pc = h->csr.mepc;
  h->prv = h->csr.mstatus >> 11 & 3;
  h->v = h->csr.mstatus >> 39 & 1;
  return true;
}
START_TEST(firmware)
{
  core *c = core_new();
  rv_hart *h = c->h;
  c->env.firmware = skip;
  h->choice.trap_loop = 3;
  for (unsigned mode = MODE_HS; mode < N_MODES; mode++)
    for (unsigned i = 1; i <= 3; i++) {
      ck_assert_int_ne(execute(c, mode, "ecall"), NO_TRAP);
      ck_assert_int_eq(get_mode(h), mode);
      ck_assert_uint_eq(h->pc, CODE + 4);
      /* The test, not the guest, goes back to CODE: nothing is executed in between. */
      ck_assert_uint_eq(h->stop, i == 3 ? RV_STOP_WEDGED : 0);
      h->stop = 0;
    }
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, exceptions);
  tcase_add_test(tc, interrupts);
  tcase_add_test(tc, vectors);
  tcase_add_test(tc, ecall_and_ebreak);
  tcase_add_test(tc, gva_of_instructions);
  tcase_add_test(tc, gva_of_faults);
  tcase_add_test(tc, hlv_fault_is_not_the_guests);
  tcase_add_test(tc, mret);
  tcase_add_test(tc, sret);
  tcase_add_test(tc, who_may_return);
  tcase_add_test(tc, redirect);
  tcase_add_test(tc, counts);
  tcase_add_test(tc, trap_event);
  tcase_add_test(tc, interrupt_event);
  tcase_add_test(tc, return_event);
  tcase_add_test(tc, redirect_event);
  tcase_add_test(tc, loop_in_one_mode);
  tcase_add_test(tc, loop_through_the_hypervisor);
  tcase_add_test(tc, loop_needs_equal_traps);
  tcase_add_test(tc, waiting_is_no_loop);
  tcase_add_test(tc, firmware);
}
UNIT_MAIN("trap", add_tests)
