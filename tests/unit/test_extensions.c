/* test_extensions.c - cpu/ext.def and machine/extensions.c: what -cpu switches off does not exist,
 * and what is there is told.
 */
#include "core_fixture.h"
#include "machine/machine.h"
#include "rvh.h"

static core *core_without(rv_ext ext)
{
  core *c = core_new();
  c->h->choice.ext = RV_EXT_ALL & ~(1ull << ext);
  rv_csr_reset(c->h);
  open_gates(c);
  return c;
}

/* Without its extension an instruction is a reserved encoding: cause 2 in every mode. [H-166] */
START_TEST(absent_instructions_are_illegal)
{
  static const struct {
    rv_ext ext;
    const char *text;
  } cases[] = {
    { EXT_Svinval, "sinval.vma a0,a1" },
    { EXT_Svinval, "sfence.w.inval" },
    { EXT_Svinval, "sfence.inval.ir" },
    { EXT_Svinval, "hinval.vvma a0,a1" },
    { EXT_Svinval, "hinval.gvma a0,a1" },
    { EXT_Zawrs, "wrs.nto" },
    { EXT_Zawrs, "wrs.sto" },
    { EXT_Zicbom, "cbo.inval (a0)" },
    { EXT_Zicbom, "cbo.clean (a0)" },
    { EXT_Zicbom, "cbo.flush (a0)" },
    { EXT_Zicboz, "cbo.zero (a0)" },
    { EXT_Zba, "sh1add a1,a0,a0" },
    { EXT_Zba, "slli.uw a1,a0,1" },
    { EXT_Zbb, "andn a1,a0,a0" },
    { EXT_Zbb, "rev8 a1,a0" },
    { EXT_Zbb, "zext.h a1,a0" },
    { EXT_Zbc, "clmulr a1,a0,a0" },
    { EXT_Zbs, "bexti a1,a0,63" },
    { EXT_Zcb, "c.lbu s1,0(a0)" },        { EXT_Zcb, "c.not a0" },
    { EXT_Zcb, "c.sext.b s1" },           { EXT_Zbb, "c.sext.b s1" },
    { EXT_Zbb, "c.zext.h s1" },           { EXT_Zba, "c.zext.w s1" },
    { EXT_Zacas, "amocas.q a2,a4,(a0)" }, { EXT_Zacas, "amocas.w a2,a4,(a0)" },
    { EXT_Zicond, "czero.eqz a1,a0,a0" },
    { EXT_Zfa, "fli.s fa0,1" },
    { EXT_Zfa, "fcvtmod.w.d a1,fa0,rtz" },
    { EXT_Zfa, "fli.h fa0,1" },
    { EXT_Zfh, "fli.h fa0,1" },
    { EXT_Zfh, "fadd.h fa0,fa0,fa0" },
    { EXT_Zfhmin, "flh fa0,0(a0)" },
    { EXT_Zfhmin, "fcvt.d.h fa0,fa0" },
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    core *with = core_without(N_EXT), *without = core_without(cases[i].ext);
    with->h->x[10] = without->h->x[10] = DATA;
    ck_assert_int_eq(execute(with, MODE_M, cases[i].text), NO_TRAP);
    for (unsigned mode = 0; mode < N_MODES; mode++)
      ck_assert_int_eq(execute(without, mode, cases[i].text), CAUSE_ILLEGAL);
    core_free(with);
    core_free(without);
  }
}
END_TEST

/* In the fast engine as well: the block holds an undefined instruction. */
START_TEST(absent_in_blocks)
{
  core *c = core_new();
  core_add_engine(c);
  c->phys.code->ext = RV_EXT_ALL & ~(1ull << EXT_Svinval);
  put_memory(c, CODE, assemble("sfence.w.inval", &(unsigned){ 0 }), 4);
  c->h->pc = CODE;
  set_mode(c->h, MODE_M);
  rv_run(c->h, 1);
  ck_assert_uint_eq(c->h->csr.mcause, CAUSE_ILLEGAL);
  core_free(c);
}
END_TEST

/* Without Sstc there are no comparators [H-016], and the enables are read-only 0 [H-096]. */
START_TEST(absent_csrs_and_fields)
{
  core *c = core_without(EXT_Sstc);
  uint64_t value;
  for (unsigned mode = 0; mode < N_MODES; mode++) {
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(CSR_stimecmp, 2, 0, 11)), CAUSE_ILLEGAL);
    ck_assert_int_eq(execute_bits(c, mode, csr_bits(CSR_vstimecmp, 2, 0, 11)), CAUSE_ILLEGAL);
  }
  ck_assert(!rv_csr_peek(c->h, CSR_stimecmp, &value));
  csr_write(c, MODE_M, CSR_menvcfg, ~0ull);
  csr_write(c, MODE_M, CSR_henvcfg, ~0ull);
  ck_assert_uint_eq(csr_read(c, MODE_M, CSR_menvcfg) & menvcfg_STCE, 0);
  ck_assert_uint_eq(csr_read(c, MODE_M, CSR_henvcfg) & henvcfg_STCE, 0);
  ck_assert_uint_ne(csr_read(c, MODE_M, CSR_menvcfg) & menvcfg_ADUE, 0);
  core_free(c);
}
END_TEST

static rvh_config config;

static const char *refused(const char *name, bool on)
{
  static char text[200];
  GError *error = NULL;
  text[0] = 0;
  if (!rvh_set_extension(&config, name, on, &error))
    g_strlcpy(text, error->message, sizeof text);
  g_clear_error(&error);
  return text;
}

START_TEST(switches)
{
  bool on;
  const char *name, *brief;
  config = (rvh_config)RVH_CONFIG_DEFAULT;
  ck_assert_str_eq(refused("sstc", false), "");
  ck_assert(!(config.extensions >> EXT_Sstc & 1));
  ck_assert(config.extensions >> EXT_Svpbmt & 1); /* the others keep */
  ck_assert_str_eq(refused("sstc", true), "");
  ck_assert(config.extensions >> EXT_Sstc & 1);
  ck_assert_str_eq(refused("h", true), "");
  ck_assert_str_eq(refused("v", false), ""); /* what is not there can be left off */
  ck_assert_ptr_nonnull(strstr(refused("h", false), "cannot be switched off\n"));
  ck_assert_ptr_nonnull(strstr(refused("zicsr", false), "cannot be switched off\n"));
  ck_assert_ptr_nonnull(strstr(refused("v", true), "no extension 'v' here\n"));
  for (unsigned i = 0; (name = rvh_extension(i, &on, &brief)); i++) {
    ck_assert_str_eq(refused(name, false), "");
    ck_assert_str_eq(refused(name, true), "");
  }
  /* What needs another one comes and goes with it. */
  config = (rvh_config)RVH_CONFIG_DEFAULT;
  ck_assert(!(RV_EXT_DEFAULT >> EXT_Shlcofideleg & 1));
  ck_assert_str_eq(refused("sscofpmf", false), "");
  ck_assert_str_eq(refused("shlcofideleg", true), "");
  ck_assert(config.extensions >> EXT_Sscofpmf & 1 && config.extensions >> EXT_Shlcofideleg & 1);
  ck_assert_str_eq(refused("sscofpmf", false), "");
  ck_assert(!(config.extensions >> EXT_Sscofpmf & 1) &&
            !(config.extensions >> EXT_Shlcofideleg & 1));
  ck_assert_str_eq(refused("max", true), "");
  ck_assert_uint_eq(config.extensions, RV_EXT_ALL);
}
END_TEST

static bool told(const char *name)
{
  const char *list[N_EXT + 8];
  g_autofree char *isa = rv_isa_string(&config, list), *part = g_strdup_printf("_%s_", name);
  g_autofree char *whole = g_strdup_printf("%s_", isa);
  ck_assert_int_eq(g_strv_contains(list, name), strstr(whole, part) != NULL);
  return strstr(whole, part);
}

/* A part is switched, and told, with the extension it is of. */
START_TEST(parts)
{
  bool on;
  const char *name, *brief;
  config = (rvh_config)RVH_CONFIG_DEFAULT;
  ck_assert(!told("smstateen") && !told("ssstateen"));
  ck_assert_str_eq(refused("smstateen", true), "");
  ck_assert(told("smstateen") && told("ssstateen"));
  ck_assert_str_eq(refused("ssstateen", false), "");
  ck_assert(!told("smstateen") && !told("ssstateen"));
  ck_assert_str_eq(refused("max", true), "");
  ck_assert(told("smstateen") && told("ssstateen"));
  for (unsigned i = 0; (name = rvh_extension(i, &on, &brief)); i++)
    ck_assert_str_ne(name, "ssstateen");
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, absent_instructions_are_illegal);
  tcase_add_test(tc, absent_in_blocks);
  tcase_add_test(tc, absent_csrs_and_fields);
  tcase_add_test(tc, switches);
  tcase_add_test(tc, parts);
}
UNIT_MAIN("extensions", add_tests)
