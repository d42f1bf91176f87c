/* test_expect.c - expectation files: what the parser takes and refuses, and what the matcher makes
 * of synthetic events. docs/expect.md is the language.
 */
#include "unit.h"
#include "trace/expect.h"
#include <stdio.h>
#include <string.h>

/* ---- a machine of paper: code at 0x80000000 (hv), the guest at 0x80400000 (guest) ---- */

static uint64_t clock_now;
static bool firmware;

static const char *fake_symbol(void *ctx, uint64_t addr, uint64_t *offset)
{
  const uint64_t start = addr & ~0xffull;
  *offset = addr - start;
  return start == 0x80000000 ? "hv" : start == 0x80400000 ? "guest" : NULL;
}
static bool fake_address(void *ctx, const char *symbol, uint64_t *addr)
{
  *addr = !strcmp(symbol, "hv") ? 0x80000000 : 0x80400000;
  return !strcmp(symbol, "hv") || !strcmp(symbol, "guest");
}
static bool fake_ram(void *ctx, uint64_t pa) { return true; }
static bool fake_in_guest(void *ctx, unsigned hart) { return false; }
static bool fake_firmware(void *ctx) { return firmware; }
static uint64_t fake_instructions(void *ctx) { return clock_now; }
static size_t fake_disasm(char *buf, size_t size, uint64_t pc, uint32_t bits) { return 0; }

static const rv_trace_source source = {
  .symbol = fake_symbol,
  .is_ram = fake_ram,
  .in_guest = fake_in_guest,
  .firmware = fake_firmware,
  .instructions = fake_instructions,
  .disasm = fake_disasm,
};

static uint64_t regs[32];
static rv_expect *x;
static char *report;

static void start(const char *text)
{
  g_autoptr(GError) error = NULL;
  memset(regs, 0, sizeof regs);
  clock_now = 0;
  firmware = false;
  x = rv_expect_parse(text, strlen(text), "f", &error);
  ck_assert_msg(x != NULL, "%s", error ? error->message : "");
  ck_assert(rv_expect_bind(x, &source, fake_address, &error));
}

/* Ends the run by a power-off, and reports; what is wanted must be in the report. */
static bool finish(const char *wanted)
{
  static const rvh_result off = { .ended = true, .stop = RVH_STOP_ENDED, .reason = "poweroff" };
  size_t size;
  bool as_expected;
  const bool held = rv_expect_end(x, &off, &as_expected);
  free(report);
  FILE *out = open_memstream(&report, &size);
  rv_expect_report(x, RVH_REPORT_HUMAN, out);
  fclose(out);
  rv_expect_free(x);
  ck_assert_msg(strstr(report, wanted) != NULL, "wanted: %s\nreport: %s", wanted, report);
  return held;
}

/* ---- events ---- */

static bool emit(rv_event_type type, const char *from, const char *to, rv_event e)
{
  e.type = type;
  e.insn = ++clock_now;
  e.x = regs;
  e.from_v = from[0] == 'V', e.to_v = to[0] == 'V';
  e.from_prv = strchr(from, 'S') ? PRV_S : strchr(from, 'U') ? PRV_U : PRV_M;
  e.to_prv = strchr(to, 'S') ? PRV_S : strchr(to, 'U') ? PRV_U : PRV_M;
  return rv_expect_event(x, &e);
}

static bool enter(uint64_t dest)
{
  return emit(RV_EV_XRET, "HS", "VS", (rv_event){ .dest = dest, .pc = 0x80000010 });
}

static rv_event trap(uint64_t cause, uint64_t pc)
{
  return (rv_event){ .pc = pc, .dest = 0x80000000, .u.trap.cause = cause };
}

static bool leave(uint64_t cause, uint64_t pc)
{
  return emit(RV_EV_TRAP, "VS", "HS", trap(cause, pc));
}

static bool print(const char *text)
{
  return rv_expect_console(x, (const uint8_t *)text, strlen(text));
}

/* ---- matching ---- */

START_TEST(lines_match_in_order_with_others_between)
{
  start("enter VS pc=guest\nexit cause=21\nresume +4\n");
  enter(0x80400000);
  leave(10, 0x80400008);
  enter(0x8040000c);
  leave(21, 0x80400010);
  enter(0x80400014);
  ck_assert(finish("3 of 3 lines held"));
}
END_TEST

START_TEST(lines_do_not_match_out_of_order)
{
  start("exit cause=21\nexit cause=10\n");
  enter(0x80400000);
  leave(10, 0x80400000);
  enter(0x80400004);
  leave(21, 0x80400004);
  ck_assert(!finish("f:2: expected: exit cause=10\n"));
}
END_TEST

START_TEST(one_transition_is_for_one_line)
{
  start("exit\nexit\n");
  leave(10, 0x80400000);
  ck_assert(!finish("1 of 2 lines held, 1 failed, 0 not reached"));
}
END_TEST

START_TEST(strict_lines_let_nothing_pass)
{
  start("enter VS\nstrict\nexit cause=21\nrelaxed\nexit cause=22\n");
  enter(0x80400000);
  ck_assert(!leave(10, 0x80400000)); /* the run is to stop */
  ck_assert(!leave(21, 0x80400000));
  ck_assert(!finish("f:3: expected: exit cause=21\n  came instead: insn 2 VS->HS: exit "
                    "cause=ecall-from-VS"));
  start("enter VS\nstrict\nexit cause=21\nrelaxed\nexit cause=22\n");
  enter(0x80400000);
  ck_assert(leave(21, 0x80400000));
  ck_assert(leave(10, 0x80400000));
  ck_assert(leave(22, 0x80400000));
  ck_assert(finish("3 of 3"));
}
END_TEST

START_TEST(every_condition_is_compared)
{
  static const struct {
    const char *condition;
    bool held;
  } cases[] = {
    { "cause=load-guest-page-fault", true },
    { "cause=0x15", true },
    { "cause=20", false },
    { "cause=*", true },
    { "int=*", false },
    { "int=21", false },
    { "gpa=0x1000", true },
    { "gpa=0x1008", false },
    { "tval=0x2000", true },
    { "tval=0", false },
    { "tinst=0x3503", true },
    { "tinst=1", false },
    { "insn=0x13", true },
    { "insn=0x93", false },
    { "pc=guest+0x4", true },
    { "pc=guest", false },
    { "pc=0x80400004", true },
    { "in=guest", true },
    { "in=hv", false },
    { "from=VS", true },
    { "from=VU", false },
    { "to=HS", true },
    { "to=M", false },
    { "vmid=3", true },
    { "vmid=4", false },
    { "hart=0", true },
    { "hart=1", false },
    { "gpr a0=5 x11=6", true },
    { "gpr a0=5 a1=7", false },
    { "sbi base", false },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = g_strdup_printf("exit %s\n", cases[i].condition);
    rv_event e = trap(21, 0x80400004);
    start(text);
    regs[10] = 5, regs[11] = 6;
    e.vmid = 3, e.raw = 0x13, e.has_raw = true;
    e.u.trap.has_gpa = true, e.u.trap.gpa = 0x1000;
    e.u.trap.tval = 0x2000, e.u.trap.tinst = 0x3503;
    emit(RV_EV_TRAP, "VS", "HS", e);
    ck_assert_msg(finish("") == cases[i].held, "%s", cases[i].condition);
  }
}
END_TEST

START_TEST(sbi_calls_by_name_and_number)
{
  static const struct {
    const char *call;
    uint64_t eid, fid;
    bool held;
  } cases[] = {
    { "SRST", 0x53525354, 0, true },
    { "srst system_reset", 0x53525354, 0, true },
    { "dbcn console_read", 0x4442434e, 0, false },
    { "0x10 3", 0x10, 3, true },
    { "base probe_extension", 0x10, 3, true },
    { "legacy shutdown", 8, 77, true },
    { "legacy shutdown", 1, 0, false },
    { "0x10", 0x11, 0, false },
    { "0xa000000 1", 0xa000000, 2, false },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = g_strdup_printf("exit sbi %s\n", cases[i].call);
    start(text);
    regs[17] = cases[i].eid, regs[16] = cases[i].fid;
    leave(10, 0x80400000);
    ck_assert_msg(finish("") == cases[i].held, "%s", cases[i].call);
  }
}
END_TEST

START_TEST(resume_answers_an_exit)
{
  start("resume\n"); /* a first entry answers nothing */
  enter(0x80400000);
  ck_assert(!finish("none of its kind"));
  start("resume +0 gpr a0=7\n");
  leave(21, 0x80400000);
  regs[10] = 7;
  enter(0x80400000);
  ck_assert(finish("1 of 1"));
  start("count resumes == 1\n"); /* and only the first one does */
  leave(21, 0x80400000);
  enter(0x80400000);
  enter(0x80400000);
  ck_assert(finish("1 of 1"));
  start("resume +4\n");
  leave(21, 0x80400000);
  enter(0x80400002);
  ck_assert(!finish("(pc is guest+0x2, +2 from the exit's)"));
}
END_TEST

/* Firmware of -bios hands a trap on by mret. */
START_TEST(firmware_of_bios_hands_on_by_mret)
{
  start("strict\nexit cause=2 to=HS\nresume +4\n");
  emit(RV_EV_TRAP, "VS", "M", trap(2, 0x80400000));
  emit(RV_EV_XRET, "M", "HS", (rv_event){ .dest = 0x80000000, .u.xret.mret = true });
  enter(0x80400004);
  ck_assert(finish("2 of 2"));
  start("strict\nexit cause=2 to=M\nresume +4 to=VS\n"); /* deals with it itself */
  emit(RV_EV_TRAP, "VS", "M", trap(2, 0x80400000));
  emit(RV_EV_XRET, "M", "VS", (rv_event){ .dest = 0x80400004, .u.xret.mret = true });
  ck_assert(finish("2 of 2"));
  start("strict\ntrap VU->VS cause=2\nexit\n"); /* VU trapped, VS goes on */
  emit(RV_EV_TRAP, "VU", "M", trap(2, 0x80400000));
  emit(RV_EV_XRET, "M", "VS", (rv_event){ .dest = 0x80400080, .u.xret.mret = true });
  leave(10, 0x80400084);
  ck_assert(finish("2 of 2"));
}
END_TEST

/* Built-in firmware takes a trap in M and hands it on: one exit to HS, or a trap of the guest's. */
START_TEST(firmware_in_between_is_not_seen)
{
  rv_event e = trap(2, 0x80400000);
  e.u.trap.origin_v = true, e.u.trap.origin_prv = PRV_U;
  start("strict\nexit cause=2 from=VU to=HS\n");
  firmware = true;
  emit(RV_EV_TRAP, "VU", "M", e);
  emit(RV_EV_REDIRECT, "M", "HS", e);
  ck_assert(finish("1 of 1"));
  start("strict\ntrap VU->VS cause=2\n");
  firmware = true;
  emit(RV_EV_TRAP, "VU", "M", e);
  emit(RV_EV_REDIRECT, "M", "VS", e);
  ck_assert(finish("1 of 1"));
  start("exit cause=2 to=M\n"); /* the firmware kept it */
  firmware = true;
  emit(RV_EV_TRAP, "VU", "M", e);
  ck_assert(finish("1 of 1"));
}
END_TEST

START_TEST(console_text_in_order_without_carriage_returns)
{
  start("console \"one\\ntwo\"\nexit cause=10\nconsole \"\\x74hree\"\n");
  print("zero one\r");
  print("\ntw");
  print("o th");
  leave(10, 0x80400000);
  print("ree"); /* may begin before, must end after the line before it */
  ck_assert(finish("3 of 3"));
  start("exit\nconsole \"one\"\n");
  print("one");
  leave(10, 0x80400000);
  print("two");
  ck_assert(!finish("came instead: \"onetwo\"\n"));
  start("console \"aa\"\nconsole \"aa\"\n"); /* a character is for one line */
  print("aaa");
  ck_assert(!finish("1 of 2"));
}
END_TEST

START_TEST(within_counts_from_the_line_before)
{
  start("enter VS within 10 insns\nexit within 10 insns\n");
  clock_now = 8;
  enter(0x80400000); /* 9 */
  clock_now = 18;
  leave(10, 0x80400000); /* 19 */
  ck_assert(finish("2 of 2"));
  start("enter VS\nexit cause=21 within 10 insns\n");
  enter(0x80400000);
  clock_now = 11;
  ck_assert(!leave(21, 0x80400000));
  ck_assert(!finish("nothing within 10 insns; 11 have passed"));
}
END_TEST

START_TEST(counts_and_forbids_watch_the_whole_run)
{
  start("count exits <= 2\ncount exits cause=10 == 1\ncount enters >= 1\nforbid exit cause=20\n");
  enter(0x80400000);
  leave(10, 0x80400000);
  leave(21, 0x80400000);
  ck_assert(finish("4 of 4"));
  start("count exits <= 1\n");
  leave(10, 0x80400000);
  ck_assert(!leave(10, 0x80400000));
  ck_assert(!finish("came instead: 2 already"));
  start("forbid exit cause=20\nexit cause=10\n");
  ck_assert(!leave(20, 0x80400000));
  ck_assert(!finish("came all the same: insn 1 VS->HS: exit cause=instruction-guest-page-fault"));
}
END_TEST

START_TEST(repetition_means_in_a_row)
{
  start("forbid exit cause=* repeat>2 same-pc\n");
  leave(21, 0x80400000);
  leave(21, 0x80400000);
  leave(21, 0x80400004); /* elsewhere */
  leave(21, 0x80400000);
  leave(21, 0x80400000);
  leave(10, 0x80400000); /* another cause */
  ck_assert(leave(10, 0x80400000));
  ck_assert(!leave(10, 0x80400000));
  ck_assert(!finish("(3 in a row)"));
}
END_TEST

START_TEST(hints_can_be_forbidden)
{
  rv_event e = { .u.hint = { .id = "HGATP-ALIGN", .text = "text" } };
  start("forbid hint G-NO-U\nforbid hint hgatp-align\n");
  ck_assert(!emit(RV_EV_HINT, "HS", "HS", e));
  ck_assert(
      !finish("f:2: expected: forbid hint hgatp-align\n  came all the same: hint HGATP-ALIGN"));
  start("forbid hint\n");
  ck_assert(finish("1 of 1"));
}
END_TEST

START_TEST(a_failure_shows_five_transitions_before)
{
  start(
      "strict\nexit cause=1\nexit cause=2\nexit cause=3\nexit cause=4\nexit cause=5\nexit cause=6\n"
      "exit cause=7\n");
  for (unsigned cause = 1; cause <= 6; cause++)
    leave(cause, 0x80400000);
  leave(10, 0x80400008);
  ck_assert(!finish("f:8: expected: exit cause=7\n  came instead: insn 7 "));
  ck_assert(!strstr(report, "    insn 1 "));
  for (unsigned i = 2; i <= 6; i++) {
    g_autofree char *line = g_strdup_printf("\n    insn %u VS->HS: exit ", i);
    ck_assert(strstr(report, line));
  }
}
END_TEST

/* ---- parsing ---- */

START_TEST(comments_blanks_and_line_ends)
{
  start("\t enter VS # the first\r\n\n# nothing\nconsole \"# no comment\"# one\nexit cause=2");
  enter(0x80400000);
  print("# no comment");
  leave(2, 0x80400000);
  ck_assert(finish("3 of 3"));
}
END_TEST

static const char *const refused[] = {
  "count exits <= 18446744073709552k",
  "",
  "foo",
  "enter HS",
  "enter cause=2",
  "exit VS",
  "exit cause",
  "exit =2",
  "resume +x",
  "resume 4",
  "trap VS",
  "trap HS->VS",
  "console x",
  "console",
  "console \"a",
  "console \"\\q\"",
  "poweroff x",
  "poweroff 1 2",
  "count",
  "count exit <= 1",
  "count exits < 1",
  "count exits <= x",
  "forbid",
  "forbid exits",
  "forbid foo",
  "forbid exit repeat>x",
  "exit within 5",
  "exit within x insns",
  "strict 1",
  "exit gpr",
  "exit gpr zero",
  "exit gpr x32=1",
  "exit sbi",
  "exit sbi nope",
  "exit sbi srst set_timer",
  "exit sbi srst cause=2",
  "exit vmid=18446744073709551616",
  "enter VS VU",
  "exit pc=1+2",
  "forbid exit within 5 insns",
  "count exits <= 5 within 5 insns",
  "exit gpr a0=1 a0=2",
  "\"exit\"",
};

START_TEST(hostile_lines_are_refused_with_a_way_out)
{
  g_autoptr(GError) error = NULL;
  rv_expect *e = rv_expect_parse(refused[_i], strlen(refused[_i]), "f", &error);
  ck_assert_msg(e == NULL, "accepted: %s", refused[_i]);
  ck_assert_msg(g_str_has_prefix(error->message, "f:1: "), "%s", error->message);
  ck_assert_ptr_nonnull(strchr(error->message, '\n'));
}
END_TEST

/* No byte of a good file may be replaced by another so that the parser breaks. */
START_TEST(damaged_files_do_not_break_the_parser)
{
  static const char good[] = "enter VS pc=hv within 5k insns\nexit sbi base 3 gpr a0=0x1\n"
                             "console \"a\\n\"\ncount exits <= 5\nforbid exit repeat>5 same-pc\n";
  for (size_t i = 0; i < sizeof good - 1; i++)
    for (unsigned c = 0; c < 256; c++) {
      char text[sizeof good];
      memcpy(text, good, sizeof good);
      text[i] = (char)c;
      rv_expect_free(rv_expect_parse(text, sizeof good - 1, "f", NULL));
      rv_expect_free(rv_expect_parse(text, i + 1, "f", NULL));
    }
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, lines_match_in_order_with_others_between);
  tcase_add_test(tc, lines_do_not_match_out_of_order);
  tcase_add_test(tc, one_transition_is_for_one_line);
  tcase_add_test(tc, strict_lines_let_nothing_pass);
  tcase_add_test(tc, every_condition_is_compared);
  tcase_add_test(tc, sbi_calls_by_name_and_number);
  tcase_add_test(tc, resume_answers_an_exit);
  tcase_add_test(tc, firmware_in_between_is_not_seen);
  tcase_add_test(tc, firmware_of_bios_hands_on_by_mret);
  tcase_add_test(tc, console_text_in_order_without_carriage_returns);
  tcase_add_test(tc, within_counts_from_the_line_before);
  tcase_add_test(tc, counts_and_forbids_watch_the_whole_run);
  tcase_add_test(tc, repetition_means_in_a_row);
  tcase_add_test(tc, hints_can_be_forbidden);
  tcase_add_test(tc, a_failure_shows_five_transitions_before);
  tcase_add_test(tc, comments_blanks_and_line_ends);
  tcase_add_loop_test(tc, hostile_lines_are_refused_with_a_way_out, 0, G_N_ELEMENTS(refused));
  tcase_add_test(tc, damaged_files_do_not_break_the_parser);
}

UNIT_MAIN("expect", add_tests)
