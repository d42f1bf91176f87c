/* test_fp_insns.c - every instruction of F, D, Zfh and Zfa in insn.def, executed by steps and by
 * the engine, against MPFR (fp_oracle.h): all rounding modes by rm and by frm, reserved ones
 * refused, operands in and out of their boxes, flags accrued, FS. A row of insn.def without an
 * oracle here fails. Manual: unprivileged, "F", "D", "Zfh" and "Zfa" extensions.
 */
#include "core_fixture.h"
#include "fp_oracle.h"

#ifdef __SANITIZE_ADDRESS__
enum { CASES_PER_INSN = 4000 };
#else
enum { CASES_PER_INSN = 40000 };
#endif

enum { BATCH = 50 };

typedef enum {
  ARITHMETIC,
  SIGN,
  MIN_MAX,
  COMPARE,
  CLASS,
  TO_X,
  TO_F,
  TO_INT,
  FROM_INT,
  CONVERT,
  FLOAD,
  FSTORE,
  ROUND,
  MODULAR,
  CONSTANT
} kind;
enum { S, D, H }; /* indices of formats */
enum { W, WU, L, LU };

/* FMA: op FMA with these signs. */
enum { PLAIN, NEG_C = 1, NEG_A = 2 };

typedef struct {
  const char *text;
  kind kind;
  uint8_t fmt;    /* of the operands; FROM_INT, TO_F: of the result */
  uint8_t detail; /* op, variant, or integer type */
  uint8_t signs;
} row;

#define EACH(name, kind, detail)                                                                   \
  { name ".s", kind, S, detail, 0 }, { name ".d", kind, D, detail, 0 },                            \
  {                                                                                                \
    name ".h", kind, H, detail, 0                                                                  \
  }
#define FUSED(name, signs)                                                                         \
  { name ".s", ARITHMETIC, S, FMA, signs }, { name ".d", ARITHMETIC, D, FMA, signs },              \
  {                                                                                                \
    name ".h", ARITHMETIC, H, FMA, signs                                                           \
  }
#define INTEGER(name, type)                                                                        \
  { "fcvt." name ".s", TO_INT, S, type, 0 }, { "fcvt." name ".d", TO_INT, D, type, 0 },            \
      { "fcvt." name ".h", TO_INT, H, type, 0 }, { "fcvt.s." name, FROM_INT, S, type, 0 },         \
      { "fcvt.d." name, FROM_INT, D, type, 0 },                                                    \
  {                                                                                                \
    "fcvt.h." name, FROM_INT, H, type, 0                                                           \
  }

static const row rows[] = {
  EACH("fadd", ARITHMETIC, ADD),
  EACH("fsub", ARITHMETIC, SUB),
  EACH("fmul", ARITHMETIC, MUL),
  EACH("fdiv", ARITHMETIC, DIV),
  EACH("fsqrt", ARITHMETIC, SQRT),
  FUSED("fmadd", PLAIN),
  FUSED("fmsub", NEG_C),
  FUSED("fnmsub", NEG_A),
  FUSED("fnmadd", NEG_A | NEG_C),
  EACH("fsgnj", SIGN, 0),
  EACH("fsgnjn", SIGN, 1),
  EACH("fsgnjx", SIGN, 2),
  EACH("fmin", MIN_MAX, 0),
  EACH("fmax", MIN_MAX, 1),
  EACH("fle", COMPARE, 0),
  EACH("flt", COMPARE, 1),
  EACH("feq", COMPARE, 2),
  EACH("fclass", CLASS, 0),
  EACH("fminm", MIN_MAX, 2),
  EACH("fmaxm", MIN_MAX, 3),
  EACH("fleq", COMPARE, 3),
  EACH("fltq", COMPARE, 4),
  EACH("fround", ROUND, 0),
  EACH("froundnx", ROUND, 1),
  EACH("fli", CONSTANT, 0),
  { "fcvtmod.w.d", MODULAR, D, 0, 0 },
  INTEGER("w", W),
  INTEGER("wu", WU),
  INTEGER("l", L),
  INTEGER("lu", LU),
  { "fcvt.s.d", CONVERT, D, S, 0 },
  { "fcvt.d.s", CONVERT, S, D, 0 },
  { "fcvt.h.s", CONVERT, S, H, 0 },
  { "fcvt.h.d", CONVERT, D, H, 0 },
  { "fcvt.s.h", CONVERT, H, S, 0 },
  { "fcvt.d.h", CONVERT, H, D, 0 },
  { "fmv.x.h", TO_X, H, 0, 0 },
  { "fmv.h.x", TO_F, H, 0, 0 },
  { "flh", FLOAD, H, 0, 0 },
  { "fsh", FSTORE, H, 0, 0 },
  { "fmv.x.w", TO_X, S, 0, 0 },
  { "fmv.x.d", TO_X, D, 0, 0 },
  { "fmv.w.x", TO_F, S, 0, 0 },
  { "fmv.d.x", TO_F, D, 0, 0 },
  { "flw", FLOAD, S, 0, 0 },
  { "fld", FLOAD, D, 0, 0 },
  { "fsw", FSTORE, S, 0, 0 },
  { "fsd", FSTORE, D, 0, 0 },
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static const int_range ranges[] = {
  [W] = { (uint64_t)INT32_MIN, INT32_MAX },
  [WU] = { 0, UINT32_MAX },
  [L] = { (uint64_t)INT64_MIN, INT64_MAX },
  [LU] = { 0, UINT64_MAX },
};

static const row *find(const char *text)
{
  for (unsigned i = 0; i < N_ROWS; i++)
    if (!strcmp(rows[i].text, text))
      return &rows[i];
  return NULL;
}

/* One case: what the registers and memory hold, and what must come out. */
typedef struct {
  uint64_t f[3], x; /* raw: f10, f11, f13 as rs1, rs2, rs3; x10 */
  uint8_t rm;       /* effective */
  uint8_t n;        /* the number in the place of rs1, of CONSTANT */
  bool to_x;        /* the result is in x12, else in f12 */
  uint64_t result;
  uint8_t flags;
  bool writes_f;
} test_case;

static uint64_t all_bits(format f) { return sign_bit(f) | (sign_bit(f) - 1); }

static uint64_t low_bits(uint8_t fmt, uint64_t value) { return value & all_bits(formats[fmt]); }

static uint64_t boxed(uint8_t fmt, uint64_t value) { return value | ~all_bits(formats[fmt]); }

/* [norm:FP_nontransfer_instrs_improper_nan-boxed_input] */
static uint64_t unboxed(uint8_t fmt, uint64_t raw)
{
  return raw == boxed(fmt, raw) ? low_bits(fmt, raw) : quiet_nan(formats[fmt]);
}

/* A number in a register: in its box, mostly. A half in the box of a single is in none. */
static uint64_t in_register(uint8_t fmt, uint64_t value)
{
  const unsigned bits = fmt == H ? 16 : 32;
  if (fmt == D || below(24))
    return boxed(fmt, value);
  return below(2) ? value | random64() << bits
                  : boxed(fmt, value) ^ 1ull << (bits + below(64 - bits));
}

/* Its lowest bits, sign-extended. */
static uint64_t extended(uint8_t fmt, uint64_t raw)
{
  return fmt == D   ? raw
         : fmt == S ? (uint64_t)(int64_t)(int32_t)raw
                    : (uint64_t)(int64_t)(int16_t)raw;
}

static void random_operands(const row *r, test_case *c)
{
  const format f = formats[r->fmt];
  const bool narrows = r->kind == CONVERT && formats[r->detail].frac_bits < f.frac_bits;
  uint64_t a = narrows ? random_near(f, formats[r->detail]) : random_operand(f);
  if (r->kind == MODULAR && below(2))
    a = compose(f, bias(f) - 2 + (int)below(140), random_frac(f));
  const uint64_t b = random_partner(f, a) & all_bits(f),
                 third = random_addend(f, a, b) & all_bits(f);
  c->f[0] = in_register(r->fmt, a);
  c->f[1] = in_register(r->fmt, b);
  c->f[2] = in_register(r->fmt, third);
  c->x = below(2) ? random_integer() : random64();
}

static uint64_t with_sign(format f, uint64_t a, bool sign)
{
  return (a & ~sign_bit(f)) | (sign ? sign_bit(f) : 0);
}

static uint64_t class_of(format f, uint64_t a)
{
  const bool negative = a & sign_bit(f);
  const uint64_t m = a & ~sign_bit(f);
  if (is_nan(f, a))
    return is_signaling(f, a) ? 1 << 8 : 1 << 9;
  const unsigned magnitude = m == infinity(f) ? 0 : m > frac_mask(f) ? 1 : m ? 2 : 3;
  return 1 << (negative ? magnitude : 7 - magnitude);
}

static void expect_arithmetic(oracle *o, const row *r, test_case *c)
{
  const format f = formats[r->fmt];
  rv_fp fp = { .rm = c->rm };
  uint64_t v[3];
  for (unsigned i = 0; i < 3; i++)
    v[i] = unboxed(r->fmt, c->f[i]);
  /* -(a*b)+c and its kin: by the operands' signs, NaNs keep theirs. */
  if (r->signs & NEG_A)
    v[0] ^= sign_bit(f);
  if (r->signs & NEG_C)
    v[2] ^= sign_bit(f);
  c->result = boxed(r->fmt, expect(o, r->detail, f, &fp, v));
  c->flags = fp.flags;
}

static void expect_comparison(oracle *o, const row *r, test_case *c)
{
  const format f = formats[r->fmt];
  const uint64_t a = unboxed(r->fmt, c->f[0]), b = unboxed(r->fmt, c->f[1]);
  decode(f, o->a, a);
  decode(f, o->b, b);
  c->result = r->detail == 2  ? mpfr_equal_p(o->a, o->b) != 0
              : r->detail % 3 ? mpfr_less_p(o->a, o->b) != 0
                              : mpfr_lessequal_p(o->a, o->b) != 0;
  const bool nan = is_nan(f, a) || is_nan(f, b),
             signaling = is_signaling(f, a) || is_signaling(f, b);
  c->flags = (r->detail >= 2 ? signaling : nan) ? RV_NV : 0;
}

static void expect_case(oracle *o, const row *r, test_case *c)
{
  const format f = formats[r->fmt];
  const uint64_t a = unboxed(r->fmt, c->f[0]), b = unboxed(r->fmt, c->f[1]);
  rv_fp fp = { .rm = c->rm };
  c->to_x = r->kind == COMPARE || r->kind == CLASS || r->kind == TO_X || r->kind == TO_INT ||
            r->kind == MODULAR;
  c->writes_f = !c->to_x && r->kind != FSTORE;
  c->flags = 0;
  switch (r->kind) {
  case ARITHMETIC:
    expect_arithmetic(o, r, c);
    return;
  case SIGN: {
    const bool sa = a & sign_bit(f), sb = b & sign_bit(f);
    c->result = boxed(r->fmt, with_sign(f, a,
                                        r->detail == 0   ? sb
                                        : r->detail == 1 ? !sb
                                                         : sa ^ sb));
    return;
  }
  case MIN_MAX:
    c->result = boxed(r->fmt, r->detail < 2 ? expect_min_max(o, f, a, b, r->detail & 1)
                                            : expect_min_max_or_nan(o, f, a, b, r->detail & 1));
    c->flags = is_signaling(f, a) || is_signaling(f, b) ? RV_NV : 0;
    return;
  case COMPARE:
    expect_comparison(o, r, c);
    return;
  case CLASS:
    c->result = class_of(f, a);
    return;
  case TO_X: /* the bits, boxed or not */
    c->result = extended(r->fmt, c->f[0]);
    return;
  case TO_F:
    c->result = boxed(r->fmt, c->x);
    return;
  case TO_INT:
    decode(f, o->exact, a);
    c->result = expect_integer(o, &ranges[r->detail], &fp);
    if (r->detail <= WU)
      c->result = (int64_t)(int32_t)c->result;
    break;
  case FROM_INT:
    if (r->detail == W || r->detail == L)
      mpfr_set_si(o->exact, r->detail == W ? (int32_t)c->x : (int64_t)c->x, MPFR_RNDN);
    else
      mpfr_set_ui(o->exact, r->detail == WU ? (uint32_t)c->x : c->x, MPFR_RNDN);
    c->result = boxed(r->fmt, encode(o, f, &fp));
    break;
  case CONVERT:
    decode(f, o->exact, a);
    c->result = boxed(r->detail, encode(o, formats[r->detail], &fp));
    fp.flags |= is_signaling(f, a) ? RV_NV : 0;
    break;
  case FLOAD:
    c->result = boxed(r->fmt, c->f[0]);
    return;
  case FSTORE: /* the bits, boxed or not; next to them memory keeps */
    c->result = low_bits(r->fmt, c->f[1]);
    return;
  case ROUND:
    c->result = boxed(r->fmt, expect_round(o, f, &fp, a, r->detail));
    break;
  case MODULAR:
    c->result = expect_modular(o, f, &fp, a);
    break;
  case CONSTANT:
    c->result = boxed(r->fmt, expect_constant(o, f, c->n));
    return;
  }
  c->flags = fp.flags;
}

/* rs1 10, or n in its place, rs2 11, rs3 13, rd 12, where the row leaves room for them. */
static uint32_t encode_insn(const rv_insn_row *i, const row *r, unsigned rm, unsigned n)
{
  uint32_t bits = i->match | ((r->kind == CONSTANT ? n : 10) << 15 & ~i->mask);
  if (r->kind == FSTORE)
    return bits | 11 << 20;
  bits |= 12 << 7;
  if (r->kind == FLOAD)
    return bits;
  if (!(i->mask & 31 << 20))
    bits |= 11 << 20;
  if (!(i->mask & 31u << 27))
    bits |= 13u << 27;
  return bits | (rm << 12 & ~i->mask);
}

static bool has_rm(const rv_insn_row *i, const row *r)
{
  return !(i->mask & 7 << 12) && r->kind != FLOAD && r->kind != FSTORE;
}

static void wrong(const row *r, const test_case *c, const char *what, uint64_t got, uint64_t want)
{
  ck_abort_msg("%s rm %u of f %#" PRIx64 " %#" PRIx64 " %#" PRIx64 " x %#" PRIx64 ": %s %#" PRIx64
               ", should be %#" PRIx64,
               r->text, c->rm, c->f[0], c->f[1], c->f[2], c->x, what, got, want);
}

/* As core_fixture's, but an assertion that holds costs a system call. */
static void poke(rv_hart *h, unsigned csr, uint64_t value)
{
  if (!rv_csr_poke(h, csr, value))
    ck_abort();
}
static void place(core *b, uint64_t pa, uint64_t value, unsigned size)
{
  if (!rv_phys_write(&b->phys, pa, &value, size))
    ck_abort();
}
static uint64_t data_of(core *b)
{
  uint64_t value = 0;
  if (!rv_phys_read(&b->phys, DATA, &value, 8))
    ck_abort();
  return value;
}

/* [norm:roundingmode_rsv]: illegal, and nothing changes. */
static void check_refused(rv_hart *h, const row *r, const test_case *c, uint32_t bits)
{
  if (h->csr.mcause != CAUSE_ILLEGAL || h->csr.mtval != bits || h->pc != M_VECTOR)
    wrong(r, c, "a reserved rounding mode gives cause", h->csr.mcause, CAUSE_ILLEGAL);
  if (h->f[12] != 0x77 || h->x[12] != 0x77)
    wrong(r, c, "a refused instruction writes", h->f[12], 0x77);
}

static void check_result(core *b, const row *r, const test_case *c, uint8_t flags_before,
                         uint64_t fs_before)
{
  rv_hart *h = b->h;
  if (h->pc != CODE + 4)
    wrong(r, c, "pc", h->pc, CODE + 4);
  if (r->kind == FSTORE) {
    const uint64_t mask = all_bits(formats[r->fmt]), memory = data_of(b);
    if (memory != (c->result | (0x1122334455667788 & ~mask)))
      wrong(r, c, "memory", memory, c->result);
  } else if ((c->to_x ? h->x[12] : h->f[12]) != c->result) {
    wrong(r, c, "result", c->to_x ? h->x[12] : h->f[12], c->result);
  }
  if ((c->to_x ? h->f[12] : h->x[12]) != 0x77)
    wrong(r, c, "the other file's register", c->to_x ? h->f[12] : h->x[12], 0x77);
  if (h->csr.fflags != (flags_before | c->flags))
    wrong(r, c, "fflags", h->csr.fflags, flags_before | c->flags);
  const uint64_t fs = h->csr.mstatus >> 13 & 3;
  if (fs != 3 && (fs != fs_before || c->writes_f || (c->flags & ~flags_before)))
    wrong(r, c, "FS", fs, 3);
}

/* The engine's forms want every FS Dirty, which the instruction before it brings about; a loop
 * follows, and one is at the vector. A step has the instruction alone. */
enum { BEFORE = 0xf2000753 /* fmv.d.x fa4, x0 */, LOOP = 0x0000006f /* jal x0, 0 */ };

static void place_code(core *b, uint32_t bits, bool engine)
{
  if (engine) {
    place(b, CODE - 4, (uint32_t)BEFORE, 4);
    place(b, CODE + 4, LOOP, 4);
    place(b, M_VECTOR, LOOP, 4);
  }
  place(b, CODE, bits, 4);
}

static void execute_three(rv_hart *h)
{
  const uint64_t end = h->icount + 3;
  while (h->icount < end) {
    const uint64_t before = h->icount;
    h->leave = false;
    rv_run(h, end - h->icount);
    if (h->icount == before)
      rv_step(h);
  }
}

static void run_case(core *b, oracle *o, const rv_insn_row *i, const row *r, unsigned rm,
                     unsigned n, bool engine)
{
  rv_hart *h = b->h;
  test_case c;
  const unsigned frm = engine && below(4) ? 0 : below(8) ? below(5) : below(8);
  const unsigned effective = rm == 7 ? frm : rm;
  const uint8_t flags_before = below(3) ? 0 : below(32);
  const uint64_t fs_before = 1 + below(3);
  const uint32_t bits = encode_insn(i, r, rm, n);
  random_operands(r, &c);
  c.n = n;
  c.rm = effective > 4 ? 0 : effective;
  expect_case(o, r, &c);
  h->f[10] = c.f[0];
  h->f[11] = c.f[1];
  h->f[13] = c.f[2];
  h->f[12] = h->x[12] = 0x77;
  h->x[10] = r->kind == FLOAD || r->kind == FSTORE ? DATA : c.x;
  poke(h, CSR_frm, frm);
  poke(h, CSR_fflags, flags_before);
  poke(h, CSR_mstatus, fs_before << 13);
  place(b, DATA, r->kind == FLOAD ? c.f[0] : 0x1122334455667788, 8);
  h->csr.mcause = 0;
  h->prv = PRV_M;
  h->pc = engine ? CODE - 4 : CODE;
  if (engine)
    execute_three(h);
  else
    rv_step(h);
  if (has_rm(i, r) && effective > 4)
    check_refused(h, r, &c, bits);
  else
    check_result(b, r, &c, flags_before, engine ? 3 : fs_before);
}

/* Many cases with one encoding: the engine decodes it once. */
static void run_batch(core *b, oracle *o, const rv_insn_row *i, const row *r, bool engine)
{
  const unsigned rm = below(3) ? below(10) % 8 : 7, n = below(32);
  place_code(b, encode_insn(i, r, rm, n), engine);
  for (unsigned k = 0; k < BATCH; k++)
    run_case(b, o, i, r, rm, n, engine);
}

static bool is_fp(const rv_insn_row *i)
{
  return !i->compressed &&
         (!strcmp(i->ext, "F") || !strcmp(i->ext, "D") || !strncmp(i->ext, "Zf", 2));
}

/* Every row of insn.def that is of floating point has an oracle, and passes. */
START_TEST(every_instruction_is_exact)
{
  unsigned n, tested = 0;
  const rv_insn_row *i = rv_insn_rows(&n);
  core *b = core_new();
  core_add_engine(b);
  b->h->choice.ext = b->phys.code->ext = RV_EXT_ALL;
  oracle *o = oracle_new();
  for (; n; n--, i++) {
    if (!is_fp(i))
      continue;
    const row *r = find(i->text);
    ck_assert_msg(r, "%s: of extension %s, and has no oracle in test_fp_insns.c", i->text, i->ext);
    for (unsigned k = 0; k < CASES_PER_INSN; k += BATCH)
      run_batch(b, o, i, r, k / BATCH % 2);
    tested++;
  }
  ck_assert_uint_eq(tested, N_ROWS); /* no oracle is left over */
  oracle_free(o);
  core_free(b);
}
END_TEST

static void add_tests(TCase *tc) { tcase_add_test(tc, every_instruction_is_exact); }
UNIT_MAIN("fp_insns", add_tests)
