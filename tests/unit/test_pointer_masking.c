/* test_pointer_masking.c - Ssnpm, Smnpm, Smmpm: which accesses ignore the upper bits of an address,
 * whose field decides, and what becomes of the bits.
 *
 * The oracle is made from the manual's text. [priv zpm; H-031, H-242, H-276, H-410, H-457 .. H-459]
 */
#include "core_fixture.h"
#include "mmu/access.h"
#include "mmu/mask.h"

#define BIT(n) (1ull << (n))
#define MAGIC 0x1122334455667788ull

/* ---- fields ---- */

typedef enum { MSECCFG, MENVCFG, HENVCFG, SENVCFG, HUPMM, N_PMM } pmm_field;
static const struct {
  unsigned csr, shift;
  rv_ext ext;
} pmm_fields[] = { { 0x747, 32, EXT_Smmpm },
                   { 0x30A, 32, EXT_Smnpm },
                   { 0x60A, 32, EXT_Ssnpm },
                   { 0x10A, 32, EXT_Ssnpm },
                   { 0x600, 48, EXT_Ssnpm } };
static const unsigned pmlens[] = { [0] = 0, [2] = 7, [3] = 16 };

static void set_pmm(core *c, pmm_field f, uint64_t value)
{
  const uint64_t old = core_peek(c->h, pmm_fields[f].csr);
  const unsigned shift = pmm_fields[f].shift;
  core_poke(c->h, pmm_fields[f].csr, (old & ~(3ull << shift)) | value << shift);
}
static unsigned get_pmm(core *c, pmm_field f)
{
  return csr_read(c, MODE_M, pmm_fields[f].csr) >> pmm_fields[f].shift & 3;
}

/* 00, 10 and 11 can be written; 01 is reserved and becomes 00 [H-410]. */
START_TEST(legal_values)
{
  core *c = core_new();
  for (unsigned f = 0; f < N_PMM; f++)
    for (unsigned old = 0; old < 4; old += old ? 1 : 2)
      for (unsigned value = 0; value < 4; value++) {
        set_pmm(c, f, old);
        ck_assert_uint_eq(get_pmm(c, f), old);
        csr_write(c, MODE_M, pmm_fields[f].csr, (uint64_t)value << pmm_fields[f].shift);
        ck_assert_uint_eq(get_pmm(c, f), value == 1 ? 0 : value);
      }
  core_free(c);
}
END_TEST

/* Without its extension a field is read-only 0 [H-031], and mseccfg does not exist. */
START_TEST(absent)
{
  for (unsigned f = 0; f < N_PMM; f++) {
    core *c = core_new();
    c->h->choice.ext &= ~BIT(pmm_fields[f].ext);
    rv_csr_reset(c->h);
    core_poke(c->h, CSR_mtvec, M_VECTOR);
    if (f == MSECCFG) {
      ck_assert_int_eq(execute_bits(c, MODE_M, csr_bits(0x747, 2, 0, 11)), CAUSE_ILLEGAL);
    } else {
      set_pmm(c, f, 3);
      ck_assert_uint_eq(get_pmm(c, f), 0);
    }
    core_free(c);
  }
}
END_TEST

/* ---- situations: who accesses, as whom, and the field that rules it ---- */

typedef enum { PLAIN, MPRV, HLV } how;
typedef struct {
  core_mode at;
  how how;
  core_mode as;
  pmm_field field;
} situation;

/* H-410, H-458, KB-92: the effective mode's; as VU from U-mode it is HUPMM, else senvcfg.PMM. */
static const situation situations[] = {
  { MODE_M, PLAIN, MODE_M, MSECCFG },   { MODE_HS, PLAIN, MODE_HS, MENVCFG },
  { MODE_U, PLAIN, MODE_U, SENVCFG },   { MODE_VS, PLAIN, MODE_VS, HENVCFG },
  { MODE_VU, PLAIN, MODE_VU, SENVCFG }, { MODE_M, MPRV, MODE_M, MSECCFG },
  { MODE_M, MPRV, MODE_HS, MENVCFG },   { MODE_M, MPRV, MODE_U, SENVCFG },
  { MODE_M, MPRV, MODE_VS, HENVCFG },   { MODE_M, MPRV, MODE_VU, SENVCFG },
  { MODE_M, HLV, MODE_VS, HENVCFG },    { MODE_HS, HLV, MODE_VS, HENVCFG },
  { MODE_U, HLV, MODE_VS, HENVCFG },    { MODE_M, HLV, MODE_VU, SENVCFG },
  { MODE_HS, HLV, MODE_VU, SENVCFG },   { MODE_U, HLV, MODE_VU, HUPMM },
};
enum { N_SITUATIONS = sizeof situations / sizeof *situations };

/* ---- Sv39: the code where it is, and pages at the top and the bottom of the address space ---- */

#define ROOT (CORE_RAM + 0x40000)
#define L1_TOP (CORE_RAM + 0x41000)
#define L0_TOP (CORE_RAM + 0x42000)
#define L0_END (CORE_RAM + 0x43000)
#define L1_LOW (CORE_RAM + 0x44000)
#define L0_LOW (CORE_RAM + 0x45000)
#define HIGH 0xffffffffc0010000ull
#define OTHER_DATA (DATA + 0x4000)
enum { POINTER = 1, RWX = 0xcf, URWX = 0xdf };

static void put_pte(core *c, uint64_t table, unsigned i, uint64_t to, unsigned flags)
{
  const uint64_t pte = to >> 12 << 10 | flags;
  if (!rv_phys_write(&c->phys, table + 8 * i, &pte, 8))
    ck_abort(); /* an assertion that holds costs a system call */
}

static uint64_t make_tables(core *c, bool user)
{
  const unsigned flags = user ? URWX : RWX;
  put_pte(c, ROOT, 2, CORE_RAM, flags); /* 1 GiB */
  put_pte(c, ROOT, 511, L1_TOP, POINTER);
  put_pte(c, L1_TOP, 0, L0_TOP, POINTER);
  put_pte(c, L0_TOP, 16, DATA, flags);       /* HIGH */
  put_pte(c, L0_TOP, 17, OTHER_DATA, flags); /* the page after it */
  put_pte(c, L1_TOP, 511, L0_END, POINTER);
  put_pte(c, L0_END, 511, DATA, flags); /* the last page */
  put_pte(c, ROOT, 0, L1_LOW, POINTER);
  put_pte(c, L1_LOW, 0, L0_LOW, POINTER);
  put_pte(c, L0_LOW, 0, OTHER_DATA, flags); /* the first page */
  return 8ull << 60 | ROOT >> 12;
}

static bool is_v(core_mode mode) { return mode >= MODE_VS; }
static bool is_user(core_mode mode) { return mode == MODE_U || mode == MODE_VU; }

static void prepare(core *c, const situation *s, bool paging)
{
  const uint64_t tables = make_tables(c, is_user(s->as));
  /* What does not translate the access is no matter: the opposite, if M-mode needs none itself. */
  const uint64_t atp = paging ? tables : 0, other = s->at == MODE_M && !paging ? tables : 0;
  core_poke(c->h, CSR_satp, s->as == MODE_M ? tables : is_v(s->as) ? other : atp);
  core_poke(c->h, CSR_vsatp, s->as == MODE_M ? tables : is_v(s->as) ? atp : other);
  core_poke(c->h, CSR_vsstatus, 3 << 13);
  core_poke(c->h, CSR_mstatus,
            3 << 13 | (s->how == MPRV ? BIT(17) : 0) | (uint64_t)mode_of[s->as].prv << 11 |
                (is_v(s->as) ? BIT(39) : 0));
  const uint64_t hupmm = core_peek(c->h, CSR_hstatus) & 3ull << 48;
  core_poke(c->h, CSR_hstatus, hupmm | BIT(9) | (s->as == MODE_VS ? BIT(8) : 0));
  put_memory(c, DATA, MAGIC, 8);
  c->h->reservation = DATA;
  c->h->x[11] = 0;
  c->h->f[10] = 0;
  c->h->x[13] = 0x1234;
}

/* The manual's transformation, bit by bit. */
static uint64_t transformed(uint64_t address, unsigned pmlen, bool virtual)
{
  for (unsigned bit = 64 - pmlen; bit < 64; bit++) {
    const uint64_t copy = virtual ? address >> (63 - pmlen) & 1 : 0;
    address = (address & ~BIT(bit)) | copy << bit;
  }
  return address;
}

typedef struct {
  const char *text;
  bool store, loads, stays, hlv, never;
} access_kind;
static const access_kind kinds[] = {
  { "ld a1,0(a2)", .loads = true },
  { "sd a3,0(a2)", .store = true },
  { "fld fa0,0(a2)", .store = false },
  { "fsd fa0,0(a2)", .store = true },
  { "amoadd.d a1,a3,(a2)", .store = true, .loads = true },
  { "lr.d a1,(a2)", .loads = true },
  { "sc.d a1,a3,(a2)", .store = true },
  { "cbo.zero (a2)", .store = true },
  { "cbo.clean (a2)", .store = true, .stays = true },
  { "hlv.d a1,(a2)", .hlv = true, .loads = true },
  { "hsv.d a3,(a2)", .hlv = true, .store = true },
  { "hlvx.wu a1,(a2)", .hlv = true, .never = true }, /* H-242 */
};

/* One access of the situation: does it reach its data, or fault at the transformed address [H-459]?
 */
static void check_access(core *c, const situation *s, const access_kind *k, bool paging,
                         uint64_t address, unsigned pmlen)
{
  const bool virtual = paging && s->as != MODE_M;
  const uint64_t want = transformed(address, k->never ? 0 : pmlen, virtual);
  const bool reached = want == (virtual ? HIGH : DATA);
  const int fault = virtual    ? k->store ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE
                    : k->store ? CAUSE_STORE_ACCESS
                               : CAUSE_LOAD_ACCESS;
  c->h->x[12] = address;
  const int cause = execute(c, s->at, k->text);
  ck_assert_msg(cause == (reached ? NO_TRAP : fault), "%s at %#lx from %s as %s, PMLEN %u: %d",
                k->text, address, mode_names[s->at], mode_names[s->as], pmlen, cause);
  if (!reached)
    ck_assert_uint_eq(c->h->csr.mtval, want);
  if (reached && k->loads)
    ck_assert_uint_eq(c->h->x[11], MAGIC);
  if (reached && k->store && !k->stays)
    ck_assert_uint_ne(get_memory(c, DATA, 8), MAGIC);
}

static void set_fields(core *c, pmm_field ruling, unsigned pmm)
{
  for (unsigned f = 0; f < N_PMM; f++) /* the others say something else */
    set_pmm(c, f, f == ruling ? pmm : pmm ? 0 : 3);
}

typedef void adjust(core *c);
static void check_situations(adjust *adjust, bool (*masked)(const situation *s))
{
  core *c = core_new();
  open_gates(c);
  core_poke(c->h, CSR_henvcfg, henvcfg_CBIE | henvcfg_CBCFE | henvcfg_CBZE);
  core_poke(c->h, CSR_senvcfg, senvcfg_CBIE | senvcfg_CBCFE | senvcfg_CBZE);
  for (unsigned n = 0; n < N_SITUATIONS * 2; n++)
    for (unsigned pmm = 0; pmm < 4; pmm += pmm ? 1 : 2)
      for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (unsigned width = 0; width <= 16; width += width == 7 ? 9 : 7) {
          const situation *s = &situations[n / 2];
          const bool paging = n & 1;
          if (kinds[i].hlv != (s->how == HLV))
            continue;
          const uint64_t to = paging && s->as != MODE_M ? HIGH : DATA;
          const uint64_t tag = width ? core_random(c) >> (64 - width) << (64 - width) : 0;
          set_fields(c, s->field, pmm);
          prepare(c, s, paging);
          if (adjust)
            adjust(c);
          const unsigned pmlen = masked && !masked(s) ? 0 : pmlens[pmm];
          check_access(c, s, &kinds[i], paging, to ^ tag, pmlen);
        }
  core_free(c);
}

/* Every explicit access, in every situation; fields that do not rule it are no matter. Sign
 * extension with paging, zero extension without. */
START_TEST(ruling_field) { check_situations(NULL, NULL); }
END_TEST

static void set_mxr(core *c)
{
  core_poke(c->h, CSR_mstatus, core_peek(c->h, CSR_mstatus) | BIT(19));
}
static void set_vs_mxr(core *c)
{
  core_poke(c->h, CSR_vsstatus, core_peek(c->h, CSR_vsstatus) | BIT(19));
}
static bool as_m(const situation *s) { return s->as == MODE_M; }
static bool as_not_v(const situation *s) { return !is_v(s->as); }

/* H-242, norm:pm_mxr_exception: no masking where MXR is in effect, paging or not: HS-level MXR in
 * every effective mode but M, vsstatus.MXR in VS and VU. */
START_TEST(mxr)
{
  check_situations(set_mxr, as_m);
  check_situations(set_vs_mxr, as_not_v);
}
END_TEST

/* The bytes of an access that crosses a page are transformed one by one
 * [norm:pm_misaligned_equivalence]: also from the last page to the first, where the carry goes into
 * the ignored bits. A fault is told at the transformed address of its part. */
START_TEST(crossing)
{
  core *c = core_new();
  const situation *s = &situations[3]; /* VS */
  for (unsigned pmm = 2; pmm < 4; pmm++) {
    const unsigned pmlen = pmlens[pmm];
    const uint64_t tag = 0x5aa5ull << 48 & ~0ull << (64 - pmlen);
    set_fields(c, HENVCFG, pmm);
    prepare(c, s, true);
    put_memory(c, DATA + 0xffc, 0x11111111, 4);
    put_memory(c, OTHER_DATA, 0x22222222, 4);
    c->h->x[12] = (HIGH + 0xffc) ^ tag;
    ck_assert_int_eq(execute(c, MODE_VS, "ld a1,0(a2)"), NO_TRAP);
    ck_assert_uint_eq(c->h->x[11], 0x2222222211111111);
    c->h->x[12] = (~0ull >> pmlen) - 3;
    ck_assert_int_eq(execute(c, MODE_VS, "ld a1,0(a2)"), NO_TRAP);
    ck_assert_uint_eq(c->h->x[11], 0x2222222211111111);
    c->h->x[13] = 0x8765432112345678;
    ck_assert_int_eq(execute(c, MODE_VS, "sd a3,0(a2)"), NO_TRAP);
    ck_assert_uint_eq(get_memory(c, DATA + 0xffc, 4), 0x12345678);
    ck_assert_uint_eq(get_memory(c, OTHER_DATA, 4), 0x87654321);
    c->h->x[12] = (HIGH + 0x1ffc) ^ tag;
    ck_assert_int_eq(execute(c, MODE_VS, "ld a1,0(a2)"), CAUSE_LOAD_PAGE);
    ck_assert_uint_eq(c->h->csr.mtval, HIGH + 0x2000);
  }
  core_free(c);
}
END_TEST

/* A misaligned atomic access: mtval is transformed as well [H-459]. */
START_TEST(misaligned_atomics)
{
  core *c = core_new();
  set_pmm(c, MSECCFG, 2);
  c->h->x[12] = DATA + 1 + (0x7full << 57);
  ck_assert_int_eq(execute(c, MODE_M, "amoadd.d a1,a3,(a2)"), CAUSE_STORE_MISALIGNED);
  ck_assert_uint_eq(c->h->csr.mtval, DATA + 1);
  core_free(c);
}
END_TEST

/* H-242: with vsatp Bare the ignored bits of a guest physical address are 0, in what the G-stage
 * translates, in mtval and in mtval2. */
START_TEST(guest_physical)
{
  core *c = core_new();
  put_pte(c, ROOT, 2, CORE_RAM, URWX); /* the root is 16 KiB; what is behind is 0 */
  core_poke(c->h, CSR_hgatp, 8ull << 60 | ROOT >> 12);
  core_poke(c->h, CSR_mstatus, 3 << 13);
  put_memory(c, DATA, MAGIC, 8);
  for (unsigned mode = MODE_VS; mode <= MODE_VU; mode++) {
    set_fields(c, mode == MODE_VS ? HENVCFG : SENVCFG, 3);
    c->h->x[12] = DATA | 0xbeefull << 48;
    ck_assert_int_eq(execute(c, mode, "ld a1,0(a2)"), NO_TRAP);
    ck_assert_uint_eq(c->h->x[11], MAGIC);
    c->h->x[12] = 0xbeef000040000008;
    ck_assert_int_eq(execute(c, mode, "sd a1,0(a2)"), CAUSE_STORE_GUEST_PAGE);
    ck_assert_uint_eq(c->h->csr.mtval, 0x40000008);
    ck_assert_uint_eq(c->h->csr.mtval2, 0x40000008 >> 2);
    set_fields(c, mode == MODE_VS ? HENVCFG : SENVCFG,
               2); /* too few bits: the address is too wide */
    ck_assert_int_eq(execute(c, mode, "ld a1,0(a2)"), CAUSE_LOAD_GUEST_PAGE);
    ck_assert_uint_eq(c->h->csr.mtval, transformed(0xbeef000040000008, 7, false));
  }
  core_free(c);
}
END_TEST

/* Fetches are not masked, nor is the address of a trap handler; software writes CSRs as they are
 * [H-459]. */
START_TEST(not_masked)
{
  core *c = core_new();
  const uint64_t tag = 0x7full << 57;
  set_pmm(c, MSECCFG, 2);
  csr_write(c, MODE_M, CSR_mtval, DATA | tag);
  ck_assert_uint_eq(csr_read(c, MODE_M, CSR_mtval), DATA | tag);
  csr_write(c, MODE_M, CSR_mtvec, M_VECTOR | tag);
  c->h->x[12] = CODE | tag;
  ck_assert_int_eq(execute(c, MODE_M, "jalr x0,0(a2)"), NO_TRAP);
  ck_assert_uint_eq(c->h->pc, CODE | tag);
  rv_step(c->h);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_FETCH_ACCESS);
  ck_assert_uint_eq(c->h->csr.mtval, CODE | tag);
  ck_assert_uint_eq(c->h->pc, M_VECTOR | tag);
  core_free(c);
}
END_TEST

/* ---- the TLB ---- */

static void run(core *c, core_mode mode, const char *const *texts, unsigned n)
{
  uint64_t at = CODE;
  for (unsigned i = 0; i < n; i++) {
    unsigned len;
    const uint32_t bits = assemble(texts[i], &len);
    put_memory(c, at, bits, len);
    at += len;
  }
  /* Then it stays where it is, as in the handler after a trap. */
  put_memory(c, at, 0x6f, 4);
  put_memory(c, M_VECTOR, 0x6f, 4);
  set_mode(c->h, mode);
  c->h->pc = CODE;
  c->h->csr.mcause = ~0ull;
  for (unsigned i = 0; i < 2; i++) { /* a timer's CSR leaves the loop */
    c->h->leave = c->h->attention = false;
    rv_run(c->h, 32);
  }
}
#define RUN(c, mode, ...)                                                                          \
  run(c, mode, (const char *const[]){ __VA_ARGS__ },                                               \
      sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static core *core_with_engine(const situation *s)
{
  core *c = core_new();
  core_add_engine(c);
  open_gates(c);
  set_fields(c, s->field, 2);
  prepare(c, s, true);
  return c;
}

/* One page under several tags, many times: hits of the fast path see the same bytes. */
START_TEST(hits)
{
  for (unsigned n = 0; n < 10; n++) {
    const situation *s = &situations[n];
    core *c = core_with_engine(s);
    const uint64_t to = s->as == MODE_M ? DATA : HIGH;
    for (unsigned i = 0; i < 20; i++) {
      c->h->x[12] = to ^ (core_random(c) & 0x7full << 57);
      c->h->x[14] = to ^ (core_random(c) & 0x7full << 57);
      c->h->x[13] = core_random(c);
      for (unsigned again = 0; again < 3; again++) {
        c->h->x[13]++;
        RUN(c, s->at, "ld a1,0(a2)", "sd a3,0(a2)", "ld a5,0(a4)", "amoadd.d a6,a5,(a4)",
            "ld a7,0(a2)");
        ck_assert_uint_eq(c->h->csr.mcause, ~0ull);
        ck_assert_uint_eq(c->h->x[15], c->h->x[13]);
        ck_assert_uint_eq(c->h->x[17], 2 * c->h->x[13]);
      }
    }
    core_free(c);
  }
}
END_TEST

/* norm:senvcfg_pmm_immediate, H-276: what the TLB kept is not used with another PMLEN, nor with
 * MXR; and is right when the old value comes back. */
START_TEST(takes_effect_at_once)
{
  for (unsigned n = 0; n < 10; n++) {
    const situation *s = &situations[n];
    core *c = core_with_engine(s);
    const uint64_t to = s->as == MODE_M ? DATA : HIGH;
    const int fault = s->as == MODE_M ? CAUSE_LOAD_ACCESS : CAUSE_LOAD_PAGE;
    for (unsigned i = 0; i < 30; i++) {
      const unsigned pmm = i % 3 ? i % 3 + 1 : 0, width = i & 1 ? 7 : 16;
      const bool mxr = i % 5 == 4;
      set_pmm(c, s->field, pmm);
      prepare(c, s, true);
      if (mxr)
        set_mxr(c);
      c->h->x[12] = to ^ (~0ull << (64 - width));
      RUN(c, s->at, "ld a1,0(a2)");
      const bool masked = pmlens[pmm] >= width && (!mxr || s->as == MODE_M);
      ck_assert_uint_eq(c->h->csr.mcause, masked ? ~0ull : (uint64_t)fault);
    }
    core_free(c);
  }
}
END_TEST

/* The write of the field itself is what makes it effective, with nothing in between. */
START_TEST(takes_effect_by_the_write)
{
  static const char *const writes[] = { "csrrs zero,mseccfg,a4", "csrrs zero,menvcfg,a4",
                                        "csrrs zero,henvcfg,a4", "csrrs zero,senvcfg,a4" };
  for (unsigned n = 5; n < 10; n++) { /* M-mode, as itself and by MPRV */
    const situation *s = &situations[n];
    core *c = core_with_engine(s);
    set_pmm(c, s->field, 0);
    c->h->x[12] = (s->as == MODE_M ? DATA : HIGH) ^ 0x2aull << 57;
    c->h->x[14] = 2ull << 32;
    RUN(c, MODE_M, writes[s->field], "ld a1,0(a2)");
    ck_assert_uint_eq(c->h->csr.mcause, ~0ull);
    ck_assert_uint_eq(c->h->x[11], MAGIC);
    core_free(c);
  }
}
END_TEST

/* The fence names the address without its tag, and must drop what is kept under every tag
 * [hypervisor#pm-two-stage]. */
START_TEST(fences)
{
  static const struct {
    core_mode mode, fencer;
    const char *fence;
  } cases[] = { { MODE_HS, MODE_HS, "sfence.vma a4,zero" },
                { MODE_U, MODE_HS, "sfence.vma a4,zero" },
                { MODE_VS, MODE_VS, "sfence.vma a4,zero" },
                { MODE_VU, MODE_HS, "hfence.vvma a4,zero" },
                { MODE_VS, MODE_HS, "hinval.vvma a4,zero" } };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    const situation *s = &situations[cases[i].mode];
    core *c = core_with_engine(s);
    put_memory(c, OTHER_DATA, 77, 8);
    c->h->x[12] = HIGH ^ 0x2aull << 57;
    c->h->x[14] = HIGH;
    RUN(c, s->at, "ld a1,0(a2)");
    ck_assert_uint_eq(c->h->x[11], MAGIC);
    put_pte(c, L0_TOP, 16, OTHER_DATA, is_user(s->as) ? URWX : RWX);
    RUN(c, cases[i].fencer == s->at ? s->at : MODE_M, cases[i].fence);
    RUN(c, s->at, "ld a1,0(a2)");
    ck_assert_uint_eq(c->h->x[11], 77);
    core_free(c);
  }
}
END_TEST

/* A probe, for the explainer and for gdb, finds what the access would. */
START_TEST(probe)
{
  core *c = core_new();
  rv_walk_log log;
  set_fields(c, HENVCFG, 2);
  prepare(c, &situations[3], true);
  set_mode(c->h, MODE_VS);
  const rv_xlat x = rv_walk_probe(c->h, HIGH ^ 0x7full << 57, &c->h->mmu->data, &log);
  ck_assert_uint_eq(x.why, WHY_NONE);
  ck_assert_uint_eq(x.pa, DATA);
  ck_assert_uint_eq(log.pmlen, 7);
  rv_xmode fetch = { .access = RV_FETCH, .prv = PRV_S, .v = true };
  rv_set_masking(c->h, &fetch);
  ck_assert_uint_eq(fetch.pmlen, 0);
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, legal_values);
  tcase_add_test(tc, absent);
  tcase_add_test(tc, ruling_field);
  tcase_add_test(tc, mxr);
  tcase_add_test(tc, crossing);
  tcase_add_test(tc, misaligned_atomics);
  tcase_add_test(tc, guest_physical);
  tcase_add_test(tc, not_masked);
  tcase_add_test(tc, hits);
  tcase_add_test(tc, takes_effect_at_once);
  tcase_add_test(tc, takes_effect_by_the_write);
  tcase_add_test(tc, fences);
  tcase_add_test(tc, probe);
}
UNIT_MAIN("pointer masking", add_tests)
