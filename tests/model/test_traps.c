/* test_traps.c - traps and returns on the machine and on the model of traps.c, at random: random
 * CSRs, mode and pending interrupts, then an event; afterwards every CSR, mode and pc are equal.
 * Events: each kind of exception by an instruction that raises it (loads and stores through random
 * page tables, with the model of translate.c), interrupts, mret, sret, and all privileged
 * instructions that may be refused.
 * [H-026 .. H-037, H-043 .. H-054, H-070 .. H-080, H-130 .. H-168, H-170 .. H-193, H-250 .. H-263]
 */
#include "both.h"
#include "mmu/access.h"
#include "cpu/run.h"

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 60000 };
#else
enum { CASES = 260000 };
#endif

enum { M_MODE, HS_MODE, U_MODE, VS_MODE, VU_MODE, N_MODES };
static const char *const mode_names[] = { "M", "HS", "U", "VS", "VU" };
enum { N_CAUSES = 24 + 14 }; /* exceptions, then interrupts */

typedef struct {
  uint64_t count[N_CAUSES][N_MODES][3]; /* by cause, origin, and where it went: M, HS, VS */
  uint64_t returns[2][N_MODES][N_MODES], cases;
  uint32_t ext; /* of some case */
} tally;

static unsigned mode_index(const hart_model *m)
{
  return m->prv == 3 ? M_MODE : (m->prv == 1 ? HS_MODE : U_MODE) + (m->v ? 2 : 0);
}

/* ---- memory: page tables at random, of which walks find some ---- */

static uint64_t ram_read(void *ctx, uint64_t pa)
{
  uint64_t value = 0;
  if (!rv_phys_read(&((both *)ctx)->phys, pa, &value, 8))
    ck_abort();
  return value;
}
static unsigned ram_attributes(void *ctx, uint64_t pa)
{
  return pa - BOTH_RAM < BOTH_RAM_SIZE ? PMA_READ | PMA_WRITE | PMA_EXEC | PMA_MAIN : 0;
}
static void fill_ram(both *b)
{
  for (uint64_t at = 0; at < BOTH_RAM_SIZE; at += 8) {
    const uint64_t ppn = (BOTH_RAM >> 12) + rnd(b) % (BOTH_RAM_SIZE >> 12);
    uint64_t pte = 1 | ppn << 10;
    if (one_in(b, 3)) /* leaf; large ones are mostly misaligned */
      pte |= 0xc0 | ((uint64_t[]){ 2, 6, 8, 10, 14, 14, 14, 14 }[rnd(b) % 8]) |
             (one_in(b, 3) ? 0 : 0x10);
    if (one_in(b, 30))
      pte ^= 1ull << rnd(b) % 64;
    rv_phys_write(&b->phys, BOTH_RAM + at, &pte, 8);
  }
}

static translate_csrs csrs_of(const both *b)
{
  const uint64_t *c = b->m.csr;
  translate_csrs t = { .mstatus = c[MSTATUS],
                       .menvcfg = c[MENVCFG],
                       .mseccfg = c[MSECCFG],
                       .satp = c[SATP],
                       .senvcfg = c[SENVCFG],
                       .hstatus = c[HSTATUS],
                       .henvcfg = c[HENVCFG],
                       .hgatp = c[HGATP],
                       .vsstatus = c[VSSTATUS],
                       .vsatp = c[VSATP],
                       .no_napot = !(b->m.ext & X_SVNAPOT),
                       .prv = b->m.prv,
                       .v = b->m.v };
  for (unsigned i = 0; i < 16; i++) {
    t.pmpcfg[i] = c[i < 8 ? PMPCFG0 : PMPCFG2] >> 8 * (i & 7);
    t.pmpaddr[i] = c[PMPADDR0 + i];
  }
  return t;
}

static translate_result model_translate(both *b, access_type access, uint64_t va, unsigned size)
{
  const translate_csrs c = csrs_of(b);
  const translate_memory mem = { .ctx = b, .attributes = ram_attributes, .read = ram_read };
  translate_result r;
  translate(&c, &mem, access, va, size, &r);
  return r;
}

/* ---- state ---- */

static const uint16_t trap_csrs[] = {
  MSTATUS, SSTATUS, VSSTATUS,   HSTATUS,    MEDELEG,  HEDELEG,   MIDELEG,    HIDELEG, MIE,
  HVIP,    MIP,     MTVEC,      STVEC,      VSTVEC,   MEPC,      SEPC,       VSEPC,   MCAUSE,
  SCAUSE,  VSCAUSE, MTVAL,      STVAL,      VSTVAL,   MTVAL2,    HTVAL,      MTINST,  HTINST,
  MENVCFG, HENVCFG, MCOUNTEREN, HCOUNTEREN, STIMECMP, VSTIMECMP, HTIMEDELTA,
};
enum { N_TRAP_CSRS = sizeof trap_csrs / sizeof *trap_csrs };

static uint64_t root(both *b, unsigned shift)
{
  const uint64_t page =
      (BOTH_RAM >> 12) + (rnd(b) % (BOTH_RAM_SIZE >> 12) & ~(uint64_t)((1 << shift) - 1));
  return one_in(b, 3) ? 0 : (8 + rnd(b) % 3) << 60 | (rnd(b) & 7) << 44 | page;
}

static void random_state(both *b)
{
  static const uint8_t lines[] = { MSI, MTI, MEI, SEI };
  for (unsigned i = 0; i < 6; i++) {
    const unsigned csr = trap_csrs[rnd(b) % N_TRAP_CSRS];
    if (model_exists(&b->m, csr))
      both_poke(b, csr, both_value(b, csr));
  }
  if (one_in(b, 4)) /* of pointer masking and cache blocks: all on */
    both_poke(b, (uint16_t[]){ MENVCFG, HENVCFG, SENVCFG }[rnd(b) % 3], ~(1ull << 32));
  for (unsigned i = 0; i < 2; i++) { /* delegation half on, often */
    const unsigned csr = (uint16_t[]){ MEDELEG, HEDELEG, MIDELEG, HIDELEG, MIE, HVIP }[rnd(b) % 6];
    both_poke(b, csr, one_in(b, 3) ? ~0ull : rnd(b) << 20 ^ rnd(b));
  }
  if (one_in(b, 3))
    both_poke(b, SATP, root(b, 0));
  if (one_in(b, 3))
    both_poke(b, VSATP, root(b, 0));
  if (one_in(b, 3))
    both_poke(b, HGATP, root(b, 2));
  if (one_in(b, 10)) {
    both_poke(b, PMPADDR0 + rnd(b) % 3, (BOTH_RAM + rnd(b) % BOTH_RAM_SIZE) >> 2);
    both_poke(b, PMPCFG0, rnd(b) & 0x1f1f1f1f1f1f1f1f & -(uint64_t)one_in(b, 2));
  }
  both_poke(b, PMPADDR0 + 15, ~0ull);
  both_poke(b, PMPCFG2, 0x1full << 56);
  both_line(b, lines[rnd(b) % 4], one_in(b, 3));
  both_time_passes(b, b->m.time + rnd(b) % 4);
  both_random_mode(b);
  if (b->m.prv != 3) /* no way leads below M with MPRV set */
    both_poke(b, MSTATUS, b->m.csr[MSTATUS] & ~(1ull << 17));
  b->h->pc = b->m.pc =
      one_in(b, 4) ? (rnd(b) << 24 ^ rnd(b)) & ~1ull : BOTH_RAM + (rnd(b) & (BOTH_RAM_SIZE - 2));
  b->h->choice.tinst_zero = rnd(b) & 1;
}

/* ---- events ---- */

static void note(both *b, tally *t, unsigned cause, bool interrupt, unsigned from)
{
  const unsigned to = b->m.prv == 3 ? 0 : b->m.v ? 2 : 1;
  t->count[interrupt ? 24 + cause : cause][from][to]++;
}

static void take(both *b, tally *t, const model_trap *trap)
{
  const unsigned from = mode_index(&b->m);
  model_take(&b->m, trap);
  note(b, t, trap->cause, trap->interrupt, from);
}

static void interrupt(both *b, tally *t)
{
  const unsigned irq = model_interrupt(&b->m);
  const bool taken = rv_take_interrupt(b->h);
  if (taken != (irq != 0))
    BOTH_FAIL("an interrupt is taken: %d, should be %u", taken, irq);
  if (irq)
    take(b, t, &(model_trap){ .cause = irq, .interrupt = true });
}

/* A privileged instruction that is refused, or has no effect here but pc. */
static void refusable(both *b, tally *t, model_instruction i, uint32_t raw)
{
  const model_outcome outcome = model_allowed(&b->m, i);
  both_execute(b, raw);
  if (outcome)
    take(b, t, &(model_trap){ .cause = outcome, .tval = raw });
  else
    b->m.pc += 4;
  model_end(&b->m, !outcome);
}

static void xret(both *b, tally *t, bool mret)
{
  const unsigned from = mode_index(&b->m);
  const uint32_t raw = mret ? 0x30200073 : 0x10200073;
  if (model_allowed(&b->m, mret ? MRET : SRET)) {
    refusable(b, t, mret ? MRET : SRET, raw);
    return;
  }
  both_execute(b, raw);
  (mret ? model_mret : model_sret)(&b->m);
  model_end(&b->m, true);
  t->returns[mret][from][mode_index(&b->m)]++;
}

static void environment(both *b, tally *t, bool call)
{
  both_execute(b, call ? 0x00000073 : 0x00100073);
  if (call)
    take(b, t, &(model_trap){ .cause = model_ecall_cause(&b->m) });
  else /* the machine's choice: tval is pc [H-037] */
    take(b, t, &(model_trap){ .cause = 3, .tval = b->m.pc, .gva = b->m.v });
  model_end(&b->m, false);
}

static uint64_t random_va(both *b)
{
  uint64_t va = BOTH_RAM | (rnd(b) & (BOTH_RAM_SIZE - 1));
  if (one_in(b, 3))
    va = rnd(b) << 20 ^ rnd(b);
  if (one_in(b, 3))
    va &= 0x7fffffffff;
  if (one_in(b, 8)) /* across the page */
    return (va | 4095) - rnd(b) % 7;
  return one_in(b, 2) ? va & ~7ull : va;
}

static void memory(both *b, tally *t)
{
  static const struct {
    uint32_t raw; /* rs1 x10, rs2 x11, rd x12 */
    access_type access;
    unsigned size;
    model_instruction kind; /* if it may be refused */
    uint32_t ext;
  } insns[] = {
    { 0x00053603, LOAD, 8, ECALL, 0 },
    { 0x00052603, LOAD, 4, ECALL, 0 },
    { 0x00b53023, STORE, 8, ECALL, 0 },
    { 0x00b51023, STORE, 2, ECALL, 0 },
    { 0x00b5362f, AMO, 8, ECALL, 0 },
    { 0x08b5262f, AMO, 4, ECALL, 0 },
    { 0x1005362f, LR, 8, ECALL, 0 },
    { 0x18b5262f, SC, 4, ECALL, 0 },
    { 0x6c054673, HLV, 8, HLV_HSV, 0 },
    { 0x64354673, HLVX, 2, HLV_HSV, 0 },
    { 0x68354673, HLVX, 4, HLV_HSV, 0 },
    { 0x6eb54073, HSV, 8, HLV_HSV, 0 },
    { 0x62b54073, HSV, 1, HLV_HSV, 0 },
    { 0x0015200f, CBO_MANAGE, 64, CBO_CLEAN_FLUSH, X_ZICBOM },
    { 0x0025200f, CBO_MANAGE, 64, CBO_CLEAN_FLUSH, X_ZICBOM },
    { 0x0005200f, CBO_MANAGE, 64, CBO_INVAL, X_ZICBOM },
    { 0x0045200f, CBO_ZERO, 64, CBO_ZEROES, X_ZICBOZ },
  };
  const unsigned i = rnd(b) % (sizeof insns / sizeof *insns);
  const access_type a = insns[i].access;
  const uint64_t va = random_va(b);
  snprintf(b->what, sizeof b->what, "%08x at %#lx from prv %u v %d", insns[i].raw, (long)va,
           b->m.prv, b->m.v);
  b->h->x[10] = va;
  b->h->x[11] = rnd(b);
  b->h->reservation = ~0ull;
  const model_instruction kind = insns[i].ext & ~b->m.ext ? UNDEFINED : insns[i].kind;
  if (model_allowed(&b->m, kind)) {
    refusable(b, t, kind, insns[i].raw);
    return;
  }
  const translate_result r = model_translate(b, a, va, insns[i].size);
  rv_tlb_drop_all(b->h); /* the tables are written at random; atomics would hit */
  both_execute(b, insns[i].raw);
  if (r.reason) {
    const uint64_t tinst = b->h->choice.tinst_zero ? r.tinst : translate_tinst(&r, insns[i].raw);
    take(b, t,
         &(model_trap){
             .cause = r.cause, .tval = r.tval, .tval2 = r.tval2, .tinst = tinst, .gva = r.gva });
  } else {
    b->m.pc += 4;
  }
  model_end(&b->m, !r.reason);
}

/* Where the fetch is refused; elsewhere nothing is executed. */
static void fetch(both *b, tally *t)
{
  translate_result r = { 0 };
  for (unsigned i = 0; i < 4 && !r.reason; i++) {
    b->m.pc = random_va(b) & ~1ull;
    r = model_translate(b, FETCH, b->m.pc, 2);
  }
  b->h->pc = b->m.pc;
  if (!r.reason)
    return;
  model_begin(&b->m);
  rv_step(b->h);
  take(b, t,
       &(model_trap){
           .cause = r.cause, .tval = r.tval, .tval2 = r.tval2, .tinst = r.tinst, .gva = r.gva });
  model_end(&b->m, false);
}

static void event(both *b, tally *t)
{
  static const struct {
    const char *name;
    model_instruction kind;
    uint32_t raw, ext;
  } plain[] = {
    { "wfi", WFI, 0x10500073, 0 },
    { "wrs.nto", WRS_NTO, 0x00d00073, X_ZAWRS },
    { "sfence.vma", SFENCE_VMA, 0x12a50073, 0 },
    { "sinval.vma", SFENCE_VMA, 0x16a50073, X_SVINVAL },
    { "sfence.w.inval", SFENCE_W_INVAL, 0x18000073, X_SVINVAL },
    { "sfence.inval.ir", SFENCE_W_INVAL, 0x18100073, X_SVINVAL },
    { "hfence.vvma", HFENCE_VVMA, 0x22a50073, 0 },
    { "hinval.vvma", HFENCE_VVMA, 0x26a50073, X_SVINVAL },
    { "hfence.gvma", HFENCE_GVMA, 0x62a50073, 0 },
    { "hinval.gvma", HFENCE_GVMA, 0x66a50073, X_SVINVAL },
    { "an undefined instruction", UNDEFINED, 0x00000057, 0 },
    { "hfence.vvma with rd", UNDEFINED, 0x22a500f3, 0 },
  };
  const unsigned kind = rnd(b) % 16, i = rnd(b) % (sizeof plain / sizeof *plain);
  snprintf(b->what, sizeof b->what, "event %u (%s) from prv %u v %d", kind, plain[i].name, b->m.prv,
           b->m.v);
  if (kind < 4)
    interrupt(b, t);
  else if (kind < 6)
    xret(b, t, kind == 4);
  else if (kind < 8)
    environment(b, t, kind == 6);
  else if (kind < 12)
    memory(b, t);
  else if (kind < 14)
    fetch(b, t);
  else
    refusable(b, t, plain[i].ext & ~b->m.ext ? UNDEFINED : plain[i].kind, plain[i].raw);
}

/* ---- coverage ---- */

/* Can the cause come up in that mode and go there? [H-041, H-049, H-051, H-053] */
static bool possible(uint32_t ext, unsigned cause, unsigned from, unsigned to)
{
  const bool v = from >= VS_MODE;
  if ((to == 2 && !v) || (from == M_MODE && to))
    return false;
  if (cause >= 24) {
    const unsigned irq = cause - 24;
    const bool vs_level = irq == VSSI || irq == VSTI || irq == VSEI;
    const bool s_level = irq == SSI || irq == STI || irq == SEI,
               m_level = irq == MSI || irq == MTI || irq == MEI;
    if (irq == LCOFI)
      return ext & X_SSCOFPMF && (to != 2 || ext & X_SHLCOFIDELEG);
    return vs_level ? to != 0 : s_level ? to != 2 : m_level ? to == 0 : false;
  }
  static const uint32_t to_vs = 0x1ff | 1 << 12 | 1 << 13 | 1 << 15;
  if ((to == 2 && !(to_vs >> cause & 1)) || (to == 1 && cause == 11))
    return false;
  switch (cause) {
  case 0:
  case 14:
  case 16:
  case 17:
  case 18:
  case 19:
    return false; /* nothing raises them here */
  case 8:
    return from == U_MODE || from == VU_MODE;
  case 9:
    return from == HS_MODE;
  case 10:
    return from == VS_MODE;
  case 11:
    return from == M_MODE;
  case 12:
    return from != M_MODE;
  case 20:
  case 22:
    return v;
  default:
    return true;
  }
}

static unsigned print_coverage(const tally *t)
{
  unsigned empty = 0, buckets = 0;
  static const char *const to_names[] = { "M", "HS", "VS" };
  printf("%-14s", "traps by cause");
  for (unsigned from = 0; from < N_MODES; from++)
    for (unsigned to = 0; to < 3; to++)
      if (possible(0, 2, from, to))
        printf("%4s->%-3s", mode_names[from], to_names[to]);
  printf("\n");
  for (unsigned c = 0; c < N_CAUSES; c++) {
    bool any = false;
    for (unsigned i = 0; i < N_MODES * 3; i++)
      any |= possible(t->ext, c, i / 3, i % 3) || t->count[c][i / 3][i % 3];
    if (!any)
      continue;
    printf("%-10s%3u ", c < 24 ? "exception" : "interrupt", c < 24 ? c : c - 24);
    for (unsigned from = 0; from < N_MODES; from++)
      for (unsigned to = 0; to < 3; to++) {
        const bool can = possible(t->ext, c, from, to);
        buckets += can;
        empty += can && !t->count[c][from][to];
        if (!possible(0, 2, from, to))
          continue;
        if (can || t->count[c][from][to])
          printf("%8lu ", t->count[c][from][to]);
        else
          printf("%8s ", ".");
      }
    printf("\n");
  }
  printf("%lu cases, %u of %u buckets filled\n", t->cases, buckets - empty, buckets);
  for (unsigned mret = 0; mret < 2; mret++)
    for (unsigned from = 0; from < N_MODES; from++)
      for (unsigned to = 0; to < N_MODES; to++)
        if (t->returns[mret][from][to])
          printf("%s %s->%s %lu; ", mret ? "mret" : "sret", mode_names[from], mode_names[to],
                 t->returns[mret][from][to]);
  printf("\n");
  fflush(stdout);
  return empty;
}

static void run(both *b, tally *t, uint32_t ext, unsigned cases)
{
  both_switch(b, ext);
  t->ext |= b->m.ext;
  for (unsigned i = 0; i < soak_times(cases); i++) {
    if (i % 20000 == 0)
      fill_ram(b);
    random_state(b);
    snprintf(b->what, sizeof b->what, "setting CSRs");
    both_compare(b);
    event(b, t);
    both_compare(b);
    t->cases++;
  }
}

/* The default extensions; all; none. */
START_TEST(traps_and_returns)
{
  both *b = both_new(0x2545f4914f6cdd1d);
  tally *t = calloc(1, sizeof *t);
  run(b, t, default_extensions(), CASES);
  run(b, t, ~0u, CASES / 2);
  run(b, t, 0, CASES / 8);
  const unsigned empty = print_coverage(t);
#ifndef __SANITIZE_ADDRESS__
  ck_assert_uint_eq(empty, 0);
#else
  ck_assert_uint_lt(empty, 20);
#endif
  free(t);
  both_free(b);
}
END_TEST

static void add_tests(TCase *tc) { tcase_add_test(tc, traps_and_returns); }
UNIT_MAIN("traps", add_tests)
