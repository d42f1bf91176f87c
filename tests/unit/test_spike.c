/* test_spike.c - lines of Spike's commit log: written as Spike writes them, and read back. */
#include "trace/spike.h"
#include "priv/csr.h"
#include "unit.h"
#include <string.h>
#include <unistd.h>

/* As Spike 1.1.1 wrote them, of every form. */
static const char *const lines[] = {
  "core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000\n",
  "core   0: 3 0x0000000080000050 (0x00150013)\n",
  "core   1: 0 0x000000800000004e (0x4515) x10 0x0000000000000005\n",
  "core 123: 1 0xffffffffffe00160 (0x14011173) x2  0xffffffffffe0eee0 c320_sscratch "
  "0x0000000000000000\n",
  "core   0: 3 0x0000000080000138 (0x00843007) f0  0x4009000000000000 c768_mstatus "
  "0x8000000a00006000 mem 0x0000000080001008\n",
  "core   0: 3 0x0000000080000144 (0x181575d3) c1_fflags 0x0000000000000005 f11 "
  "0xffffffff7f800000\n",
  "core   0: 3 0x00000000800001e4 (0x34411073) c777_mvip 0x0000000000000000 c836_mip "
  "0x0000000000000002\n",
  "core   0: 3 0x00000000800000e0 (0x00d40823) mem 0x0000000080001010 0x04\n",
  "core   0: 3 0x00000000800000e4 (0x00d41923) mem 0x0000000080001012 0x0504\n",
  "core   0: 3 0x0000000080000108 (0x00a4a7af) x15 0x0000000000000000 mem 0x0000000080001030 mem "
  "0x0000000080001030 0x12345000\n",
  "core   0: 3 0x0000000080000114 (0x18a4b82f) x16 0x0000000000000000 mem 0x0000000080001030 "
  "0x0000000012345000\n",
};

START_TEST(lines_are_read_and_written_back)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
    rv_spike_line line;
    const char *error, *at;
    char text[SPIKE_LINE];
    ck_assert_msg(rv_spike_parse(lines[i], &line, &error, &at), "%s: %s at %s", lines[i], error,
                  at);
    ck_assert_uint_eq(rv_spike_format(&line, false, text), strlen(lines[i]));
    ck_assert_str_eq(text, lines[i]);
  }
}
END_TEST

START_TEST(v_is_marked_where_it_is_asked_for)
{
  rv_spike_line line;
  const char *error, *at;
  char text[SPIKE_LINE];
  ck_assert(rv_spike_parse(lines[3], &line, &error, &at));
  ck_assert(!line.v);
  line.v = true;
  rv_spike_format(&line, false, text);
  ck_assert_str_eq(text, lines[3]);
  rv_spike_format(&line, true, text);
  ck_assert_mem_eq(text, "core 123: 1v 0x", 15);
  ck_assert(rv_spike_parse(text, &line, &error, &at));
  ck_assert(line.v);
}
END_TEST

/* Every line without its end is either another line or an error, and never more than it was. */
START_TEST(cut_lines_are_no_harm)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
    for (size_t n = 0; n < strlen(lines[i]); n++) {
      g_autofree char *cut = g_strndup(lines[i], n);
      rv_spike_line line;
      const char *error, *at;
      char text[SPIKE_LINE];
      if (rv_spike_parse(cut, &line, &error, &at)) {
        ck_assert_uint_le(rv_spike_format(&line, false, text), n + 1);
        ck_assert_mem_eq(text, lines[i], strlen(text) - 1);
      } else {
        ck_assert_ptr_nonnull(error);
        ck_assert(at >= cut && at <= cut + n);
      }
    }
}
END_TEST

START_TEST(longest_lines_fit)
{
  char text[SPIKE_LINE];
  rv_spike_line line = {
    .hart = 4294967295u, .length = 4, .n_write = SPIKE_WRITES, .n_mem = SPIKE_MEMS
  };
  for (unsigned i = 0; i < SPIKE_WRITES; i++)
    line.write[i].key = SPIKE_KEY(SPIKE_CSR, CSR_mhpmcounter31);
  for (unsigned i = 0; i < SPIKE_MEMS; i++)
    line.mem[i].size = 8;
  ck_assert_uint_lt(rv_spike_format(&line, true, text), sizeof text);
}
END_TEST

/* ---- out of a machine ---- */

static FILE *nowhere;

typedef struct {
  rv_spike_source source;
  GString *text;
} collected;

static void collect(void *ctx, rvh_machine *m, const rvh_event *e)
{
  collected *c = ctx;
  rv_spike_line line;
  char text[SPIKE_LINE];
  if (e->pc >= 0x80000000 && rv_spike_event(&c->source, m, e, &line)) {
    rv_spike_format(&line, true, text);
    g_string_append(c->text, text);
  }
}

/* The log of a program at 0x80000000 in M-mode, for so many instructions after the reset ROM's six.
 */
static char *log_of(const uint32_t *words, size_t n, unsigned instructions)
{
  g_autofree char *path = NULL;
  const int fd = g_file_open_tmp("rvh-XXXXXX.bin", &path, NULL);
  ck_assert_int_ge(fd, 0);
  close(fd);
  ck_assert(g_file_set_contents(path, (const char *)words, (gssize)(n * 4), NULL));
  rvh_config c = RVH_CONFIG_DEFAULT;
  c.ram_size = 16 << 20;
  c.bios = RVH_BIOS_NONE;
  c.kernel = path;
  c.console_out = c.messages = nowhere;
  rvh_machine *m = rvh_new(&c, NULL);
  ck_assert(rvh_load(m, NULL));
  remove(path);
  collected all = { .text = g_string_new(NULL) };
  rvh_observe(m, RV_SPIKE_MASK, collect, &all);
  rvh_run(m, 6 + instructions);
  rvh_free(m);
  return g_string_free(all.text, FALSE);
}

/* What traps has no line: neither the ecall nor the load of an address where nothing is. */
START_TEST(trapped_instructions_have_no_line)
{
  const uint32_t code[] = {
    0x00000297,                         /* auipc t0,0 */
    0x01828293,                         /* addi t0,t0,24: the handler */
    0x30529073,                         /* csrw mtvec,t0 */
    0x00000073,                         /* ecall */
    0x0000006f, 0x00000013, 0x04003503, /* handler: ld a0,64(zero): traps to itself */
  };
  g_autofree char *log = log_of(code, G_N_ELEMENTS(code), 6);
  ck_assert_str_eq(log,
                   "core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000\n"
                   "core   0: 3 0x0000000080000004 (0x01828293) x5  0x0000000080000018\n"
                   "core   0: 3 0x0000000080000008 (0x30529073) c773_mtvec 0x0000000080000018\n");
}
END_TEST

/* A locked entry of PMP does not change, and Spike logs nothing; nor for what is constant. */
START_TEST(writes_without_effect_have_no_entry)
{
  const uint32_t code[] = {
    0x09900293, /* li t0,0x99: locked */
    0x3a029073, /* csrw pmpcfg0,t0: entry 0 */
    0x3b029073, /* csrw pmpaddr0,t0 */
    0x3b129073, /* csrw pmpaddr1,t0 */
    0x60729073, /* csrw hgeie,t0 */
    0xb0329073, /* csrw mhpmcounter3,t0 */
    0x7a129073, /* csrw tdata1,t0 */
  };
  g_autofree char *log = log_of(code, G_N_ELEMENTS(code), G_N_ELEMENTS(code));
  g_auto(GStrv) line = g_strsplit(log, "\n", -1);
  ck_assert_uint_eq(g_strv_length(line), G_N_ELEMENTS(code) + 1);
  ck_assert(g_str_has_suffix(line[1], " c928_pmpcfg0 0x0000000000000099"));
  ck_assert(g_str_has_suffix(line[2], "(0x3b029073)"));
  ck_assert(g_str_has_suffix(line[3], " c945_pmpaddr1 0x0000000000000099"));
  for (unsigned i = 4; i < G_N_ELEMENTS(code); i++)
    ck_assert_msg(g_str_has_suffix(line[i], ")"), "%s", line[i]);
}
END_TEST

static void add_tests(TCase *tc)
{
  nowhere = fopen("/dev/null", "w");
  tcase_add_test(tc, lines_are_read_and_written_back);
  tcase_add_test(tc, v_is_marked_where_it_is_asked_for);
  tcase_add_test(tc, cut_lines_are_no_harm);
  tcase_add_test(tc, longest_lines_fit);
  tcase_add_test(tc, trapped_instructions_have_no_line);
  tcase_add_test(tc, writes_without_effect_have_no_entry);
}
UNIT_MAIN("spike", add_tests)
