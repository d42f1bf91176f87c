/* test_bits.c - exec_b.h against models that look at one bit after the other: Zba, Zbb, Zbc, Zbs
 * and Zicond, by single steps and by the engine, where operands come from registers or from the
 * instruction before.
 */
#include "asm_text.h"
#include "world.h"

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 40 };
#else
enum { CASES = 400 };
#endif

typedef unsigned __int128 u128;
typedef uint64_t model(uint64_t a, uint64_t b);

static bool bit(uint64_t v, unsigned i) { return v >> i & 1; }
static uint64_t word(uint64_t v) { return v & 0xffffffff; }
/* The copies of a number's highest bit. */
static uint64_t extended(uint64_t v, unsigned bits)
{
  for (unsigned i = bits; i < 64; i++)
    v = bit(v, bits - 1) ? v | 1ull << i : v & ~(1ull << i);
  return v;
}

/* ---- Zba: multiplications ---- */

static uint64_t m_add_uw(uint64_t a, uint64_t b) { return word(a) + b; }
static uint64_t m_sh1add(uint64_t a, uint64_t b) { return a * 2 + b; }
static uint64_t m_sh2add(uint64_t a, uint64_t b) { return a * 4 + b; }
static uint64_t m_sh3add(uint64_t a, uint64_t b) { return a * 8 + b; }
static uint64_t m_sh1add_uw(uint64_t a, uint64_t b) { return word(a) * 2 + b; }
static uint64_t m_sh2add_uw(uint64_t a, uint64_t b) { return word(a) * 4 + b; }
static uint64_t m_sh3add_uw(uint64_t a, uint64_t b) { return word(a) * 8 + b; }
static uint64_t m_slli_uw(uint64_t a, uint64_t n)
{
  uint64_t r = word(a);
  while (n--)
    r *= 2;
  return r;
}

/* ---- Zbb ---- */

static uint64_t bitwise(uint64_t a, uint64_t b, unsigned truth)
{
  uint64_t r = 0;
  for (unsigned i = 0; i < 64; i++)
    r |= (uint64_t)bit(truth, 2 * bit(a, i) + bit(b, i)) << i;
  return r;
}
/* Results for (a, b) = 11, 10, 01, 00. */
static uint64_t m_andn(uint64_t a, uint64_t b) { return bitwise(a, b, 4); }
static uint64_t m_orn(uint64_t a, uint64_t b) { return bitwise(a, b, 13); }
static uint64_t m_xnor(uint64_t a, uint64_t b) { return bitwise(a, b, 9); }

/* Zeros met from the top down, or from bit 0 up. */
static uint64_t zeros(uint64_t a, unsigned bits, bool from_top)
{
  unsigned n = 0;
  while (n < bits && !bit(a, from_top ? bits - 1 - n : n))
    n++;
  return n;
}
static uint64_t m_clz(uint64_t a, uint64_t b) { return zeros(a, 64, true); }
static uint64_t m_clzw(uint64_t a, uint64_t b) { return zeros(a, 32, true); }
static uint64_t m_ctz(uint64_t a, uint64_t b) { return zeros(a, 64, false); }
static uint64_t m_ctzw(uint64_t a, uint64_t b) { return zeros(a, 32, false); }

static uint64_t ones(uint64_t a, unsigned bits)
{
  unsigned n = 0;
  for (unsigned i = 0; i < bits; i++)
    n += bit(a, i);
  return n;
}
static uint64_t m_cpop(uint64_t a, uint64_t b) { return ones(a, 64); }
static uint64_t m_cpopw(uint64_t a, uint64_t b) { return ones(a, 32); }

/* The first bit in which they differ decides, at the sign the other way. */
static bool below(uint64_t a, uint64_t b, bool is_signed)
{
  for (int i = 63; i >= 0; i--)
    if (bit(a, i) != bit(b, i))
      return bit(b, i) != (is_signed && i == 63);
  return false;
}
static uint64_t m_max(uint64_t a, uint64_t b) { return below(a, b, true) ? b : a; }
static uint64_t m_maxu(uint64_t a, uint64_t b) { return below(a, b, false) ? b : a; }
static uint64_t m_min(uint64_t a, uint64_t b) { return below(a, b, true) ? a : b; }
static uint64_t m_minu(uint64_t a, uint64_t b) { return below(a, b, false) ? a : b; }

static uint64_t m_sext_b(uint64_t a, uint64_t b) { return extended(a, 8); }
static uint64_t m_sext_h(uint64_t a, uint64_t b) { return extended(a, 16); }
static uint64_t m_zext_h(uint64_t a, uint64_t b) { return a % 65536; }

/* Bit i goes to bit i + n, counted around. */
static uint64_t rotated(uint64_t a, unsigned n, unsigned bits)
{
  uint64_t r = 0;
  for (unsigned i = 0; i < bits; i++)
    r |= (uint64_t)bit(a, i) << (i + n) % bits;
  return r;
}
static uint64_t m_rol(uint64_t a, uint64_t b) { return rotated(a, b % 64, 64); }
static uint64_t m_ror(uint64_t a, uint64_t b) { return rotated(a, 64 - b % 64, 64); }
static uint64_t m_rolw(uint64_t a, uint64_t b) { return extended(rotated(a, b % 32, 32), 32); }
static uint64_t m_rorw(uint64_t a, uint64_t b) { return extended(rotated(a, 32 - b % 32, 32), 32); }

static uint64_t by_bytes(uint64_t a, bool combine)
{
  uint64_t r = 0;
  for (unsigned i = 0; i < 8; i++) {
    const uint64_t byte = a >> 8 * i & 0xff;
    r |= combine ? (byte ? 0xffull : 0) << 8 * i : byte << 8 * (7 - i);
  }
  return r;
}
static uint64_t m_orc_b(uint64_t a, uint64_t b) { return by_bytes(a, true); }
static uint64_t m_rev8(uint64_t a, uint64_t b) { return by_bytes(a, false); }

/* ---- Zbs, Zbc, Zicond ---- */

static uint64_t m_bclr(uint64_t a, uint64_t b) { return bit(a, b % 64) ? a - (1ull << b % 64) : a; }
static uint64_t m_bset(uint64_t a, uint64_t b) { return bit(a, b % 64) ? a : a + (1ull << b % 64); }
static uint64_t m_binv(uint64_t a, uint64_t b)
{
  return bit(a, b % 64) ? m_bclr(a, b) : m_bset(a, b);
}
static uint64_t m_bext(uint64_t a, uint64_t b) { return bit(a, b % 64); }

static u128 carryless(uint64_t a, uint64_t b)
{
  u128 r = 0;
  for (unsigned i = 0; i < 64; i++)
    r ^= bit(b, i) ? (u128)a << i : 0;
  return r;
}
static uint64_t m_clmul(uint64_t a, uint64_t b) { return carryless(a, b); }
static uint64_t m_clmulh(uint64_t a, uint64_t b) { return carryless(a, b) >> 64; }
static uint64_t m_clmulr(uint64_t a, uint64_t b) { return carryless(a, b) >> 63; }

static uint64_t m_czero_eqz(uint64_t a, uint64_t b) { return b == 0 ? 0 : a; }
static uint64_t m_czero_nez(uint64_t a, uint64_t b) { return b != 0 ? 0 : a; }

static const struct {
  const char *text;
  model *of;
} pairs[] = {
  { "add.uw", m_add_uw },         { "sh1add", m_sh1add },       { "sh2add", m_sh2add },
  { "sh3add", m_sh3add },         { "sh1add.uw", m_sh1add_uw }, { "sh2add.uw", m_sh2add_uw },
  { "sh3add.uw", m_sh3add_uw },   { "andn", m_andn },           { "orn", m_orn },
  { "xnor", m_xnor },             { "max", m_max },             { "maxu", m_maxu },
  { "min", m_min },               { "minu", m_minu },           { "rol", m_rol },
  { "rolw", m_rolw },             { "ror", m_ror },             { "rorw", m_rorw },
  { "bclr", m_bclr },             { "bset", m_bset },           { "binv", m_binv },
  { "bext", m_bext },             { "clmul", m_clmul },         { "clmulh", m_clmulh },
  { "clmulr", m_clmulr },         { "czero.eqz", m_czero_eqz }, { "czero.nez", m_czero_nez },
}, singles[] = {
  { "clz", m_clz },       { "clzw", m_clzw },     { "ctz", m_ctz },       { "ctzw", m_ctzw },
  { "cpop", m_cpop },     { "cpopw", m_cpopw },   { "sext.b", m_sext_b }, { "sext.h", m_sext_h },
  { "zext.h", m_zext_h }, { "orc.b", m_orc_b },   { "rev8", m_rev8 },
}, shifts[] = {
  { "slli.uw", m_slli_uw }, { "rori", m_ror },  { "roriw", m_rorw }, { "bclri", m_bclr },
  { "bseti", m_bset },      { "binvi", m_binv }, { "bexti", m_bext },
};

static uint64_t seed = 0x853c49e6748fea9b;
static uint64_t random64(void) { return unit_random(&seed); }

/* Edges, few ones, few zeros, anything. */
static uint64_t operand(void)
{
  static const uint64_t edges[] = { 0, 1, 0x80, 0x8000, 0x80000000, 1ull << 63, 0x7fffffff };
  const uint64_t v = random64();
  switch (v % 6) {
  case 0:
    return edges[(v >> 8) % (sizeof edges / sizeof *edges)];
  case 1:
    return ~edges[(v >> 8) % (sizeof edges / sizeof *edges)];
  case 2:
    return random64() & random64() & random64() & random64();
  case 3:
    return random64() | random64() | random64() | random64();
  case 4:
    return random64() >> v / 8 % 64;
  default:
    return random64();
  }
}

enum { A = 10, B = 11, RESULT = 12, OTHER = 13 };

/* What is in front of the instruction: nothing that matters, or what makes one of its operands. */
static const char *const before[] = { "addi a3,a0,0", "addi a0,a0,0", "addi a1,a1,0" };
enum { N_BEFORE = 3 };

static void place(world *w, uint64_t at, const char *text, unsigned shape)
{
  g_autofree char *code = g_strdup_printf("%s; %s; jal zero,0x80000000", before[shape], text);
  world_asm(w, at, code);
}

static uint64_t result(world *w, uint64_t at, uint64_t a, uint64_t b, bool step)
{
  rv_hart *h = w->harts[0];
  h->x[A] = a;
  h->x[B] = b;
  h->x[RESULT] = 0x5555;
  h->pc = at;
  if (!step)
    rv_run(h, 3);
  else
    for (unsigned i = 0; i < 3; i++)
      rv_step(h);
  ck_assert_uint_eq(h->pc, RAM);
  ck_assert(h->x[A] == a && h->x[B] == b);
  return h->x[RESULT];
}

/* b: the second operand, or NULL: random ones. */
static void check(world *w, const char *text, model *of, const uint64_t *b)
{
  for (unsigned shape = 0; shape < N_BEFORE; shape++)
    place(w, RAM + 0x1000 + 64 * shape, text, shape);
  for (unsigned i = 0; i < CASES; i++) {
    const uint64_t va = operand(), vb = b ? *b : i % 8 ? operand() : va, want = of(va, vb);
    for (unsigned way = 0; way < N_BEFORE + 1; way++) {
      const unsigned shape = way % N_BEFORE;
      const uint64_t got = result(w, RAM + 0x1000 + 64 * shape, va, vb, way == N_BEFORE);
      ck_assert_msg(got == want,
                    "%s of %" PRIx64 " %" PRIx64 " after %s: %" PRIx64 ", not %" PRIx64, text, va,
                    vb, before[shape], got, want);
    }
  }
}

static world *bits_world(void)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  w->harts[0]->choice.ext = w->code->ext = RV_EXT_ALL;
  return w;
}

/* norm:bitmanip_rv32_rv64, and each norm of the rows */
START_TEST(two_registers)
{
  world *w = bits_world();
  for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
    g_autofree char *text = g_strdup_printf("%s a2,a0,a1", pairs[i].text);
    check(w, text, pairs[i].of, NULL);
  }
  world_free(w);
}
END_TEST

START_TEST(one_register)
{
  world *w = bits_world();
  for (unsigned i = 0; i < G_N_ELEMENTS(singles); i++) {
    g_autofree char *text = g_strdup_printf("%s a2,a0", singles[i].text);
    check(w, text, singles[i].of, NULL);
  }
  world_free(w);
}
END_TEST

START_TEST(register_and_number)
{
  world *w = bits_world();
  for (unsigned i = 0; i < G_N_ELEMENTS(shifts); i++)
    for (uint64_t n = 0; n < (strcmp(shifts[i].text, "roriw") ? 64 : 32); n++) {
      g_autofree char *text = g_strdup_printf("%s a2,a0,%" PRIu64, shifts[i].text, n);
      check(w, text, shifts[i].of, &n);
    }
  world_free(w);
}
END_TEST

/* Every row of these extensions is in one of the tables. */
START_TEST(all_rows)
{
  unsigned n, rows = 0;
  const rv_insn_row *r = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    rows += !r[i].compressed &&
            (r[i].ext_id == EXT_Zba || r[i].ext_id == EXT_Zbb || r[i].ext_id == EXT_Zbc ||
             r[i].ext_id == EXT_Zbs || r[i].ext_id == EXT_Zicond);
  ck_assert_uint_eq(rows, G_N_ELEMENTS(pairs) + G_N_ELEMENTS(singles) + G_N_ELEMENTS(shifts));
}
END_TEST

/* rd = x0 stays 0; an operand may be the result's register. */
START_TEST(registers)
{
  world *w = bits_world();
  rv_hart *h = w->harts[0];
  world_asm(w, RAM + 0x1000,
            "orn zero,a0,a1; addi a3,zero,0; rev8 a0,a0; rev8 a0,a0; clmul a1,a1,a1; jal zero,"
            "0x80000000");
  h->pc = RAM + 0x1000;
  h->x[A] = 0x0102030405060708;
  h->x[B] = 0xff;
  rv_run(h, 6);
  ck_assert_uint_eq(h->x[OTHER], 0);
  ck_assert_uint_eq(h->x[A], 0x0102030405060708);
  ck_assert_uint_eq(h->x[B], 0x5555);
  world_free(w);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, two_registers);
  tcase_add_test(tc, one_register);
  tcase_add_test(tc, register_and_number);
  tcase_add_test(tc, all_rows);
  tcase_add_test(tc, registers);
}
UNIT_MAIN("bits", add_tests)
