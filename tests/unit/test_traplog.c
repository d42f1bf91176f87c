/* test_traplog.c - synthetic events in, the trap log's exact text out. The text is an interface:
 * scripts cut it by column, courses quote it. docs/trace.md is its description.
 */
#include "unit.h"
#include "traplog_golden.h"
#include "cpu/event.h"
#include "cpu/hart.h"
#include "priv/csr.h"
#include "trace/names.h"
#include "trace/traplog.h"
#include <stdio.h>
#include <string.h>

/* ---- a machine of paper ---- */

static const char *fake_symbol(void *ctx, uint64_t addr, uint64_t *offset)
{
  static const struct {
    uint64_t start;
    const char *name;
  } symbols[] = { { 0x80000000, "m_trap" },   { 0x80000070, "hs_entry" }, { 0x80000108, "hs_trap" },
                  { 0x80000150, "vs_entry" }, { 0x800001d4, "vs_trap" },  { 0x80000300, NULL } };
  for (unsigned i = 0; symbols[i].name; i++)
    if (addr >= symbols[i].start && addr < symbols[i + 1].start) {
      *offset = addr - symbols[i].start;
      return symbols[i].name;
    }
  return NULL;
}

static bool fake_is_ram(void *ctx, uint64_t pa) { return pa >= 0x80000000 && pa < 0x88000000; }

static bool guest_runs;
static bool fake_in_guest(void *ctx, unsigned hart) { return guest_runs; }
static bool firmware;
static bool fake_firmware(void *ctx) { return firmware; }
static uint64_t fake_instructions(void *ctx) { return 173; }

static size_t fake_disasm(char *buf, size_t size, uint64_t pc, uint32_t bits)
{
  const char *text = bits == 0xf14025f3   ? "csrr a1,mhartid"
                     : bits == 0x60002573 ? "csrr a0,hstatus"
                     : bits == 0x0002b503 ? "ld a0,0(t0)"
                     : bits == 0x73       ? "ecall"
                                          : NULL;
  return text ? (size_t)snprintf(buf, size, "%s", text)
              : (size_t)snprintf(buf, size, ".insn 0x%x", bits);
}

static const rv_trace_source source = {
  .symbol = fake_symbol,
  .is_ram = fake_is_ram,
  .in_guest = fake_in_guest,
  .firmware = fake_firmware,
  .instructions = fake_instructions,
  .disasm = fake_disasm,
};

static uint64_t regs[32];
static rvh_trace *tlog;
static FILE *stream;
static char *text;
static size_t text_size;

static void start(rvh_trace_level level, bool all)
{
  free(text);
  memset(regs, 0, sizeof regs);
  guest_runs = firmware = false;
  stream = open_memstream(&text, &text_size);
  tlog = rv_traplog_new(&source, level, all, stream, "hv.elf");
}

static void finish(void)
{
  static const rvh_result end = { .ended = true, .reason = "poweroff (finisher 0x5555)" };
  rv_traplog_end(tlog, &end);
  fclose(stream);
}

/* The text between the two header lines and the summary. */
static char *body(void)
{
  finish();
  char *start = strchr(strchr(text, '\n') + 1, '\n') + 1, *end = strstr(start, "# end");
  ck_assert_ptr_nonnull(end);
  *end = 0;
  return start;
}

/* Line by line, so that a failure shows the line. */
static void expect_lines(const char *got, const char *expected)
{
  for (unsigned n = 1; *got || *expected; n++) {
    size_t have = strcspn(got, "\n"), want = strcspn(expected, "\n");
    ck_assert_msg(have == want && !memcmp(got, expected, have),
                  "line %u\n     got: %.*s\nexpected: %.*s", n, (int)have, got, (int)want,
                  expected);
    got += have + (got[have] == '\n');
    expected += want + (expected[want] == '\n');
  }
}

static void expect_text(const char *expected) { expect_lines(text, expected); }
static void expect_body(const char *expected) { expect_lines(body(), expected); }

/* ---- events; changes live in arrays of the test ---- */

static rv_event transition(rv_event_type type, uint64_t insn, const char *from, const char *to)
{
  rv_event e = { .type = type, .insn = insn, .x = regs };
  e.from_v = from[0] == 'V', e.to_v = to[0] == 'V';
  e.from_prv = strchr(from, 'S') ? PRV_S : strchr(from, 'U') ? PRV_U : PRV_M;
  e.to_prv = strchr(to, 'S') ? PRV_S : strchr(to, 'U') ? PRV_U : PRV_M;
  return e;
}

static rv_event trap(uint64_t insn, const char *from, const char *to, uint64_t cause, uint64_t pc)
{
  rv_event e = transition(RV_EV_TRAP, insn, from, to);
  e.pc = pc;
  e.dest = e.to_v ? 0x800001d4 : e.to_prv == PRV_M ? 0x80000000 : 0x80000108;
  e.u.trap.cause = cause;
  e.u.trap.mdeleg = e.to_prv == PRV_M ? 0 : ~0ull;
  e.u.trap.hdeleg = e.to_v ? ~0ull : 0;
  return e;
}

static rv_event interrupt(uint64_t insn, const char *from, const char *to, uint64_t cause)
{
  rv_event e = trap(insn, from, to, cause, 0x80000160);
  e.u.trap.interrupt = true;
  e.u.trap.why = WHY_INTERRUPT;
  return e;
}

static rv_event sret(uint64_t insn, const char *from, const char *to, uint64_t dest)
{
  rv_event e = transition(RV_EV_XRET, insn, from, to);
  e.pc = 0x80000130;
  e.dest = dest;
  e.u.xret.status = e.to_prv == PRV_S ? mstatus_SPP : 0;
  e.u.xret.hstatus = 2ull << 32 | (e.to_v ? hstatus_SPV : 0);
  return e;
}

static void with_insn(rv_event *e, uint32_t raw)
{
  e->raw = raw;
  e->has_raw = true;
}

static void emit(rv_event e) { rv_traplog_event(tlog, &e); }

/* ---- the run of the mock-up: first entry, five exits, a guest-internal trap ---- */

static rv_walk_log load_walk = {
  .n = 4,
  .roots = { 0, 0x80008000, 0x80004000 },
  .modes = { 0, 8, 8 },
  .access = 1,
  .prv = PRV_S,
  .v = true,
  .step = {
    { .stage = 2, .level = 2, .for_pte = 1, .leaf = true, .va = 0x80008018, .at = 0x80004010,
      .pte = 0x200000df, .result = 0x80008018 },
    { .stage = 1, .level = 2, .leaf = true, .va = 0xc0000040, .at = 0x80008018, .pte = 0x400000cf,
      .result = 0x100000040 },
    { .stage = 2, .level = 2, .va = 0x100000040, .at = 0x80004020, .pte = 0,
      .why = WHY_PTE_INVALID },
  },
};

static rv_walk_log implicit_walk = {
  .n = 3,
  .roots = { 0, 0x80008000, 0x80004000 },
  .modes = { 0, 8, 8 },
  .access = 2,
  .prv = PRV_S,
  .v = true,
  .step = {
    { .stage = 2, .level = 2, .for_pte = 1, .leaf = true, .va = 0x80008020, .at = 0x80004010,
      .pte = 0x200000df, .result = 0x80008020 },
    { .stage = 1, .level = 2, .va = 0x100000000, .at = 0x80008020, .pte = 0x50000001,
      .result = 0x140000000 },
    { .stage = 2, .level = 2, .for_pte = 1, .va = 0x140000000, .at = 0x80004028, .pte = 0,
      .why = WHY_PTE_INVALID },
  },
};

static rv_csr_change load_changes[] = {
  { CSR_hstatus, 0x200000100, 0x2000001c0 },
  { CSR_sstatus, 0x200000020, 0x200000100 },
  { CSR_sepc, 0x80000164, 0x80000194 },
  { CSR_scause, 10, 21 },
  { CSR_stval, 0, 0xc0000040 },
  { CSR_htval, 0, 0x40000010 },
  { CSR_htinst, 0, 0x3503 },
};

static rv_csr_change sret_changes[] = {
  { CSR_sstatus, 0x200000100, 0x200000020 },
  { CSR_hstatus, 0x2000001c0, 0x200000140 },
};

static void emit_load_fault(void)
{
  load_walk.n = 3;
  rv_event e = trap(97, "VS", "HS", CAUSE_LOAD_GUEST_PAGE, 0x80000194);
  with_insn(&e, 0x0002b503);
  e.u.trap.tval = 0xc0000040;
  e.u.trap.gva = e.u.trap.has_gpa = true;
  e.u.trap.gpa = 0x100000040;
  e.u.trap.tinst = 0x3503;
  e.u.trap.why = WHY_PTE_INVALID;
  e.walk = &load_walk;
  e.change = load_changes;
  e.n_change = sizeof load_changes / sizeof *load_changes;
  regs[5] = 0xc0000040;
  emit(e);
}

static void emit_implicit_fault(void)
{
  rv_event e = trap(115, "VS", "HS", CAUSE_STORE_GUEST_PAGE, 0x800001a0);
  with_insn(&e, 0x00a2b023);
  e.u.trap.tval = 0x100000000;
  e.u.trap.gva = e.u.trap.has_gpa = true;
  e.u.trap.gpa = 0x140000000;
  e.u.trap.tinst = 0x3000;
  e.u.trap.why = WHY_PTE_INVALID;
  e.walk = &implicit_walk;
  regs[5] = 0x100000000;
  emit(e);
}

static void emit_mock_up_run(void)
{
  emit(sret(52, "HS", "VS", 0x80000150));
  rv_event e = trap(56, "VS", "HS", CAUSE_ILLEGAL, 0x8000015c);
  with_insn(&e, 0xf14025f3);
  e.u.trap.tval = 0xf14025f3;
  e.u.trap.why = WHY_CSR_PRIVILEGE;
  emit(e);
  regs[11] = 7;
  emit(sret(67, "HS", "VS", 0x80000160));
  regs[17] = 1;
  e = trap(68, "VS", "HS", CAUSE_ECALL_VS, 0x80000164);
  with_insn(&e, 0x73);
  e.u.trap.why = WHY_ECALL;
  emit(e);
  e = sret(79, "HS", "VS", 0x80000168);
  regs[10] = ~0ull, regs[11] = 0x1234;
  emit(e);
  emit_load_fault();
  e = sret(109, "HS", "VS", 0x80000198);
  e.u.xret.hstatus = 0x2000001c0;
  e.change = sret_changes;
  e.n_change = 2;
  regs[10] = 0x6688;
  emit(e);
  emit_implicit_fault();
  emit(sret(127, "HS", "VS", 0x800001a4));
  e = trap(131, "VS", "HS", CAUSE_VIRTUAL, 0x800001a4);
  with_insn(&e, 0x60002573);
  e.u.trap.tval = 0x60002573;
  e.u.trap.why = WHY_CSR_VIRTUAL;
  emit(e);
  emit(sret(142, "HS", "VS", 0x800001a8));
  e = sret(160, "VS", "VU", 0x1e0);
  e.pc = 0x800001d0;
  emit(e);
  e = trap(161, "VU", "VS", CAUSE_ECALL_U, 0x1e0);
  with_insn(&e, 0x73);
  e.u.trap.why = WHY_ECALL;
  emit(e);
  regs[17] = 0x53525354;
  e = trap(170, "VS", "HS", CAUSE_ECALL_VS, 0x800001e0);
  with_insn(&e, 0x73);
  e.u.trap.why = WHY_ECALL;
  emit(e);
}

START_TEST(test_line)
{
  start(RVH_TRACE_LINE, false);
  emit_mock_up_run();
  finish();
  expect_text(golden_line);
}
END_TEST

START_TEST(test_why)
{
  start(RVH_TRACE_WHY, false);
  emit_load_fault();
  rv_event e = sret(109, "HS", "VS", 0x80000198);
  e.u.xret.hstatus = 0x2000001c0;
  e.change = sret_changes;
  e.n_change = 2;
  emit(e);
  emit_implicit_fault();
  e = sret(127, "HS", "VS", 0x800001a4);
  emit(e);
  e = sret(160, "VS", "VU", 0x1e0);
  emit(e);
  e = trap(161, "VU", "VS", CAUSE_ECALL_U, 0x1e0);
  with_insn(&e, 0x73);
  e.u.trap.why = WHY_ECALL;
  emit(e);
  finish();
  expect_text(golden_why);
}
END_TEST

START_TEST(test_full)
{
  start(RVH_TRACE_FULL, false);
  regs[11] = 0x55;
  rv_event e = trap(56, "VS", "HS", CAUSE_ILLEGAL, 0x8000015c);
  with_insn(&e, 0xf14025f3);
  e.u.trap.tval = 0xf14025f3;
  e.u.trap.why = WHY_CSR_PRIVILEGE;
  emit(e);
  regs[0] = 9; /* x0 is no register that can change */
  regs[5] = ~0ull;
  regs[11] = 0;
  emit(sret(67, "HS", "VS", 0x80000160));
  emit(trap(68, "VS", "HS", CAUSE_FETCH_ACCESS, 0x80000164));
  emit(sret(70, "HS", "VS", 0x80000168));
  finish();
  expect_text(golden_full);
}
END_TEST

/* cause.def is the list of causes: each is named in its line. */
START_TEST(test_every_cause)
{
  start(RVH_TRACE_LINE, false);
#define CAUSE(number, id, text) emit(trap(number, "VS", "HS", number, 0x80000150));
#define INTERRUPT(number, id, text) emit(interrupt(100 + number, "VS", "HS", number));
#include "priv/cause.def"
  char *lines = body();
#define CAUSE(number, id, text) ck_assert_ptr_nonnull(strstr(lines, "  " #number " " text " "));
#define INTERRUPT(number, id, text)                                                                \
  ck_assert_ptr_nonnull(strstr(lines, "  int " #number " " text " "));
#include "priv/cause.def"
}
END_TEST

/* ---- what the firmware does ---- */

/* An undelegated illegal instruction: two lines, one exit. */
START_TEST(test_redirect_pair)
{
  start(RVH_TRACE_WHY, false);
  rv_event e = trap(56, "VS", "M", CAUSE_ILLEGAL, 0x8000015c);
  with_insn(&e, 0xf14025f3);
  e.u.trap.tval = 0xf14025f3;
  e.u.trap.why = WHY_CSR_PRIVILEGE;
  emit(e);
  rv_csr_change change = { CSR_scause, 0, 2 };
  e.type = RV_EV_REDIRECT;
  e.u.trap.origin_v = true;
  e.from_v = false, e.from_prv = PRV_M, e.to_prv = PRV_S;
  e.dest = 0x80000108;
  e.change = &change;
  e.n_change = 1;
  emit(e);
  emit(sret(67, "HS", "VS", 0x80000160));
  finish();
  expect_text(golden_redirect);
}
END_TEST

/* Handed on to VS itself, the trap is an exit that is answered at once. */
START_TEST(test_redirect_to_guest)
{
  start(RVH_TRACE_WHY, false);
  rv_event e = trap(56, "VU", "M", CAUSE_ILLEGAL, 0x8000015c);
  e.u.trap.hdeleg = 1 << CAUSE_ILLEGAL;
  emit(e);
  e.type = RV_EV_REDIRECT;
  e.u.trap.origin_v = true;
  e.from_v = false, e.from_prv = PRV_M;
  e.to_v = true, e.to_prv = PRV_S;
  e.dest = 0x800001d4;
  emit(e);
  finish();
  expect_text(golden_redirect_vs);
}
END_TEST

/* A redirect is shown by what it redirects: the guest's by default, the host's with `all`. */
START_TEST(test_redirect_of_host)
{
  for (int all = 0; all < 2; all++) {
    start(RVH_TRACE_LINE, all);
    rv_event e = trap(56, "U", "M", CAUSE_ILLEGAL, 0x8000015c);
    emit(e);
    e.type = RV_EV_REDIRECT;
    e.from_prv = PRV_M, e.to_prv = PRV_S;
    emit(e);
    ck_assert_int_eq(strstr(body(), "  M->HS     FWD ") != NULL, all);
  }
}
END_TEST

/* The firmware handles a machine timer interrupt itself: the guest runs on without an event. */
START_TEST(test_silent_resume)
{
  start(RVH_TRACE_LINE, false);
  emit(interrupt(10, "VS", "M", IRQ_MTI));
  emit(trap(50, "VS", "HS", CAUSE_ECALL_VS, 0x80000164));
  emit(sret(60, "HS", "VS", 0x80000168));
  emit(interrupt(90, "VU", "M", IRQ_MTI));
  guest_runs = true;
  finish();
  expect_text(golden_silent);
}
END_TEST

/* ---- filters ---- */

static void emit_host_events(void)
{
  emit(trap(1, "HS", "HS", CAUSE_BREAKPOINT, 0x80000150));
  emit(sret(2, "HS", "HS", 0x80000158));
  emit(trap(3, "U", "HS", CAUSE_ECALL_U, 0x80000150));
  rv_event e = sret(4, "M", "U", 0x80000158);
  e.u.xret.mret = true;
  emit(e);
  emit(trap(5, "HS", "M", CAUSE_ECALL_HS, 0x80000150));
  emit(transition(RV_EV_CSR, 6, "HS", "HS"));
  emit(transition(RV_EV_FENCE, 7, "HS", "HS"));
  emit(transition(RV_EV_INSN, 8, "HS", "HS"));
  emit(transition(RV_EV_HINT, 9, "HS", "HS"));
}

START_TEST(test_filter)
{
  start(RVH_TRACE_LINE, false);
  ck_assert_uint_eq(rv_traplog_mask(tlog) >> RV_EV_SBI & 1, 0);
  emit_host_events();
  ck_assert_str_eq(body(), "");
  start(RVH_TRACE_WHY, false); /* an SBI call of the host does not touch V=1 */
  ck_assert_uint_eq(rv_traplog_mask(tlog) >> RV_EV_SBI & 1, 0);
  ck_assert(rv_traplog_mask(tlog) & RV_OBSERVE_CHANGES);
  emit_host_events();
  ck_assert_str_eq(body(), "");
}
END_TEST

/* The count is of what the handler executes: an interrupted instruction is not among it, a trapped
 * one was started before it, the firmware's return is none. */
START_TEST(test_handled_count)
{
  start(RVH_TRACE_LINE, false);
  emit(interrupt(20, "VS", "HS", 5));
  emit(sret(21, "HS", "VS", 0x80000160));
  emit(trap(30, "VS", "HS", CAUSE_VIRTUAL, 0x80000160));
  emit(sret(31, "HS", "VS", 0x80000164));
  firmware = true;
  emit(trap(40, "VS", "M", CAUSE_LOAD_MISALIGNED, 0x80000160));
  rv_event e = sret(41, "M", "VS", 0x80000164);
  e.u.xret.mret = true;
  e.pc = 0;
  emit(e);
  const char *lines = body();
  ck_assert_ptr_nonnull(strstr(lines, "handled in 2 insns, sepc+0"));
  ck_assert_ptr_nonnull(strstr(lines, "handled in 1 insn, sepc+4"));
  ck_assert_ptr_nonnull(strstr(lines, "handled in 0 insns, mepc+4"));
  ck_assert_ptr_nonnull(strstr(lines, "  firmware                          mret"));
  ck_assert_ptr_nonnull(strstr(lines, "  0         firmware\n"));
}
END_TEST

/* A run that did not end by the guest's own wish names the exit that nobody answered; what a
 * newline in the reason separates is not the log's. */
START_TEST(test_unanswered)
{
  start(RVH_TRACE_LINE, false);
  emit(trap(30, "VS", "HS", CAUSE_VIRTUAL, 0x80000160));
  const rvh_result end = { .ended = true, .status = RVH_EXIT_WEDGED, .reason = "stuck\ndo this" };
  rv_traplog_end(tlog, &end);
  fclose(stream);
  ck_assert_ptr_nonnull(strstr(text, "\n# end: stuck; after 173 insns; 1 exit, 0 entries, "));
  ck_assert_ptr_nonnull(strstr(text, "\n# unanswered: hart 0 insn 30 pc 80000160 vs_entry+0x10  22 "
                                     "virtual-instruction: the guest was not resumed\n"));
}
END_TEST

/* A return that changes status alone says that V stays; the trap after WEDGED has the block. */
START_TEST(test_why_says_it_once)
{
  start(RVH_TRACE_WHY, true);
  rv_event e = sret(3, "HS", "HS", 0x80000158);
  e.change = sret_changes;
  e.n_change = 1;
  emit(e);
  e = trap(4, "HS", "HS", CAUSE_FETCH_PAGE, 0x80000108);
  e.type = RV_EV_WEDGED;
  emit(e);
  const char *lines = body();
  ck_assert_ptr_nonnull(strstr(lines, "\n                 wrote   V stays 0  (sret_v0)\n"));
  const char *wedged = strstr(lines, "  WEDGED  ");
  ck_assert_ptr_nonnull(wedged);
  ck_assert_str_eq(strchr(wedged, '\n'), "\n");
}
END_TEST

/* A guest's exit that firmware of its own gives to HS: its mret is shown, a later one is not. */
START_TEST(test_way_through_m)
{
  start(RVH_TRACE_LINE, false);
  emit(trap(10, "VS", "M", CAUSE_ILLEGAL, 0x80000160));
  emit(trap(12, "M", "M", CAUSE_LOAD_ACCESS, 0x80000000));
  rv_event e = sret(14, "M", "M", 0x80000000);
  e.u.xret.mret = true;
  emit(e);
  e = sret(20, "M", "HS", 0x80000108);
  e.u.xret.mret = true;
  emit(e);
  emit(trap(22, "HS", "M", CAUSE_ECALL_HS, 0x80000108));
  e = sret(24, "M", "HS", 0x80000108);
  e.u.xret.mret = true;
  emit(e);
  const char *lines = body();
  ck_assert_ptr_nonnull(strstr(lines, "\n          20  0  M->HS     xret    "));
  ck_assert_ptr_null(strstr(lines, "\n          14  0  "));
  ck_assert_ptr_null(strstr(lines, "\n          22  0  "));
  ck_assert_ptr_null(strstr(lines, "\n          24  0  "));
}
END_TEST

START_TEST(test_all)
{
  start(RVH_TRACE_LINE, true);
  ck_assert_uint_eq(rv_traplog_mask(tlog), 1 << RV_EV_TRAP | 1 << RV_EV_REDIRECT | 1 << RV_EV_XRET |
                                               1 << RV_EV_SBI | 1 << RV_EV_WEDGED |
                                               RV_OBSERVE_PTE_WALKS | RV_OBSERVE_PLAIN);
  emit_host_events();
  finish();
  expect_text(golden_all);
}
END_TEST

/* What is kept of places and instructions is of these: neither another instruction at the same
 * address nor another address in the same slot shows it. */
START_TEST(test_kept_words)
{
  static const struct {
    uint64_t pc;
    uint32_t raw;
    const char *shown;
  } rows[] = {
    { 0x80000164, 0xf14025f3, " 80000164 vs_entry+0x14  " },
    { 0x80000164, 0x60002573, " csrr a0,hstatus " },
    { 0x80000164, 0xf14025f3, " csrr a1,mhartid " },
    { 0x80010164, 0x60002573, " csrr a0,hstatus " },
    { 0x80010164, 0x60002573, " 80010164  " },
    { 0x80000164, 0xf14025f3, " 80000164 vs_entry+0x14  " },
  };
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    start(RVH_TRACE_LINE, false);
    for (unsigned j = 0; j <= i; j++) {
      rv_event e = trap(100 + j, "VS", "HS", CAUSE_VIRTUAL, rows[j].pc);
      with_insn(&e, rows[j].raw);
      emit(e);
    }
    const char *last = strrchr(strstr(body(), "  100  0"), 'V');
    while (last[-1] != '\n')
      last--;
    ck_assert_msg(strstr(last, rows[i].shown), "row %u: %s", i, last);
  }
}
END_TEST

/* ---- pairing ---- */

/* Each hart answers its own exit; another VM is named. */
START_TEST(test_pairing)
{
  start(RVH_TRACE_LINE, false);
  rv_event e = trap(100, "VS", "HS", CAUSE_ECALL_VS, 0x80000164);
  e.hart = 1;
  e.vmid = 1;
  emit(e);
  emit(trap(10, "VS", "HS", CAUSE_LOAD_GUEST_PAGE, 0x80000168));
  emit(sret(30, "HS", "VS", 0x80000168));
  e = sret(105, "HS", "VS", 0x80200000);
  e.hart = 1;
  e.vmid = 2;
  emit(e);
  emit(trap(35, "VS", "HS", CAUSE_LOAD_GUEST_PAGE, 0x80000168));
  emit(sret(39, "HS", "VS", 0x80000164));
  emit(trap(50, "VS", "HS", CAUSE_STORE_GUEST_PAGE, 0x80000168));
  finish();
  expect_text(golden_pairing);
}
END_TEST

/* ---- interrupts, routes ---- */

/* Delegated VS interrupts are read one lower by VS, 13 is not. */
START_TEST(test_interrupts)
{
  start(RVH_TRACE_WHY, false);
  emit(interrupt(1, "VS", "HS", IRQ_VSTI));
  emit(interrupt(2, "VU", "VS", IRQ_VSEI));
  emit(interrupt(3, "VS", "VS", IRQ_LCOFI));
  emit(interrupt(4, "VS", "HS", IRQ_STI));
  emit(interrupt(5, "VS", "M", IRQ_MTI));
  expect_body(golden_interrupts);
}
END_TEST

/* Every branch of [norm:H_trap_deleg], and the delegation that M-mode made void. */
START_TEST(test_routes)
{
  start(RVH_TRACE_WHY, true);
  emit(trap(1, "M", "M", CAUSE_ECALL_M, 0x80000000));
  rv_event e = trap(2, "VS", "M", CAUSE_LOAD_PAGE, 0x80000150);
  e.u.trap.hdeleg = 1 << CAUSE_LOAD_PAGE;
  emit(e);
  e = trap(3, "U", "HS", CAUSE_ECALL_U, 0x80000150);
  e.u.trap.hdeleg = 1 << CAUSE_ECALL_U;
  emit(e);
  emit(trap(4, "VU", "VS", CAUSE_LOAD_PAGE, 0x80000150));
  emit(trap(5, "VS", "HS", CAUSE_LOAD_PAGE, 0x80000150));
  emit(trap(6, "VS", "HS", CAUSE_VIRTUAL, 0x80000150));
  expect_body(golden_routes);
}
END_TEST

/* ---- guest-page faults ---- */

static rv_event guest_page_fault(uint64_t gpa, rv_why why)
{
  rv_event e = trap(1, "VS", "HS", CAUSE_LOAD_GUEST_PAGE, 0x80000194);
  with_insn(&e, 0x6108); /* c.ld a0,0(a0) */
  e.u.trap.gpa = gpa;
  e.u.trap.has_gpa = true;
  e.u.trap.why = why;
  return e;
}

/* [H-138 .. H-140] */
START_TEST(test_implicit)
{
  start(RVH_TRACE_LINE, false);
  rv_walk_log walk = { .n = 1,
                       .modes = { 0, 9, 8 },
                       .v = true,
                       .step = { { .stage = 2, .for_pte = 1, .why = WHY_PTE_INVALID } } };
  static const uint64_t tinst[] = { 0x3000, 0x3020, 0x2000, 0x2020, 0x3503 };
  for (unsigned i = 0; i < 5; i++) {
    rv_event e = guest_page_fault(0x80008000, WHY_PTE_INVALID);
    e.u.trap.tinst = tinst[i];
    e.walk = i == 2 ? NULL : &walk;
    emit(e);
  }
  expect_body(golden_implicit);
}
END_TEST

START_TEST(test_hints)
{
  start(RVH_TRACE_WHY, false);
  regs[10] = 0x1000;
  emit(guest_page_fault(0x80008000, WHY_PTE_INVALID));
  emit(guest_page_fault(0x10000000, WHY_PTE_INVALID));
  emit(guest_page_fault(0x80008000, WHY_PTE_NO_U));
  emit(guest_page_fault(0x80008000, WHY_PTE_A_OFF));
  emit(guest_page_fault(0x80008000, WHY_PTE_NO_W));
  rv_event e = trap(9, "VS", "HS", CAUSE_VIRTUAL, 0x80000194);
  e.u.trap.why = WHY_HCOUNTEREN;
  emit(e);
  e.u.trap.cause = CAUSE_ILLEGAL;
  e.u.trap.why = WHY_FS_OFF;
  emit(e);
  expect_body(golden_hints);
}
END_TEST

/* Walks of one stage, of NAPOT and PBMT pages, made as somebody else. */
START_TEST(test_walks)
{
  start(RVH_TRACE_WHY, true);
  rv_walk_log walk = { .n = 3,
                       .roots = { 0x80001000 },
                       .modes = { 8 },
                       .prv = PRV_S,
                       .mprv = true,
                       .step = { { .level = 2,
                                   .va = 0x40201000,
                                   .at = 0x80001008,
                                   .pte = 0x20000801,
                                   .result = 0x80002000 },
                                 { .level = 1,
                                   .va = 0x40201000,
                                   .at = 0x80002008,
                                   .pte = 0x20000c01,
                                   .result = 0x80003000 },
                                 { .level = 0,
                                   .va = 0x40201000,
                                   .at = 0x80003008,
                                   .leaf = true,
                                   .pte = 0xa0000000200020c3,
                                   .why = WHY_PTE_NO_X } } };
  rv_event e = trap(1, "M", "M", CAUSE_FETCH_PAGE, 0x80000000);
  e.u.trap.tval = 0x40201000;
  e.walk = &walk;
  emit(e);
  walk.mprv = false, walk.hlvx = walk.hlv = true;
  walk.v = true, walk.prv = PRV_U, walk.access = 1;
  walk.modes[1] = 0, walk.modes[2] = 10;
  walk.roots[2] = 0x80010000;
  walk.n = 1;
  walk.step[0] = (rv_walk_step){
    .stage = 2, .level = 4, .va = 1ull << 58, .at = 0x80012000, .why = WHY_PTE_RESERVED
  };
  emit(e);
  walk.hlvx = false;
  walk.step[0].why = WHY_GPA_TOO_WIDE;
  emit(e);
  walk.step[0] = (rv_walk_step){ .stage = 1,
                                 .level = 0,
                                 .va = 0x1000,
                                 .at = 0x80003008,
                                 .leaf = true,
                                 .pte = 1ull << 63 | 0xdf,
                                 .result = 0x10000 };
  e.u.trap.why = WHY_PMP;
  emit(e);
  expect_body(golden_walks);
}
END_TEST

/* ---- returns ---- */

START_TEST(test_xret)
{
  start(RVH_TRACE_WHY, true);
  rv_event e = sret(1, "M", "VS", 0x80000150);
  e.u.xret.mret = true;
  e.u.xret.status = mstatus_MPV | 1ull << 11 | mstatus_MPIE;
  emit(e);
  e = sret(2, "M", "M", 0x80000000);
  e.u.xret.mret = true;
  e.u.xret.status = mstatus_MPV | mstatus_MPP;
  emit(e);
  emit(sret(3, "HS", "U", 0x80000150));
  e = sret(4, "VS", "VS", 0x80000150);
  e.u.xret.status = vsstatus_SPP | vsstatus_SPIE;
  emit(e);
  expect_body(golden_xret);
}
END_TEST

/* SPV=0 after an exit: SPV lost. A host trap in between makes it an ordinary return. */
START_TEST(test_spv_lost)
{
  start(RVH_TRACE_WHY, true);
  emit(trap(1, "VS", "HS", CAUSE_ECALL_VS, 0x80000150));
  emit(sret(9, "HS", "U", 0x80000150));
  ck_assert_ptr_nonnull(strstr(body(), "hint    the last trap came from the guest, but SPV=0: you "
                                       "are going to U, not to the guest\n"));
  start(RVH_TRACE_WHY, true);
  emit(trap(1, "VS", "HS", CAUSE_ECALL_VS, 0x80000150));
  emit(trap(2, "HS", "HS", CAUSE_BREAKPOINT, 0x80000150));
  emit(sret(9, "HS", "HS", 0x80000150));
  ck_assert_ptr_null(strstr(body(), "hint"));
}
END_TEST

/* SPP=0 with SPV=1 is VU: a mistake unless the exit was VU's. SPVP selects nothing. */
START_TEST(test_spp_vu)
{
  start(RVH_TRACE_WHY, false);
  rv_event e = sret(1, "HS", "VU", 0x80000150);
  e.u.xret.hstatus |= hstatus_SPVP;
  emit(e);
  char *lines = body();
  ck_assert_ptr_nonnull(strstr(lines, "hint    SPV=1 with SPP=0 enters VU, not VS"));
  ck_assert_ptr_nonnull(strstr(lines, "hint    hstatus.SPVP=1 is not what selects VS"));
  start(RVH_TRACE_WHY, false);
  emit(trap(1, "VU", "HS", CAUSE_LOAD_GUEST_PAGE, 0x80000150));
  emit(e);
  ck_assert_ptr_null(strstr(body(), "hint"));
}
END_TEST

static bool resume_hints(uint64_t cause, uint32_t raw, uint64_t delta, const char *hint)
{
  start(RVH_TRACE_WHY, false);
  rv_event e = trap(1, "VS", "HS", cause, 0x80000150);
  with_insn(&e, raw);
  emit(e);
  emit(sret(9, "HS", "VS", 0x80000150 + delta));
  return strstr(body(), hint) != NULL;
}

START_TEST(test_resume_length)
{
  ck_assert(resume_hints(CAUSE_LOAD_GUEST_PAGE, 0x6108, 4,
                         "hint    the instruction at the exit "
                         "is 2 bytes long"));
  ck_assert(resume_hints(CAUSE_LOAD_GUEST_PAGE, 0x53503, 2,
                         "hint    the instruction at the exit "
                         "is 4 bytes long"));
  ck_assert(resume_hints(CAUSE_ECALL_VS, 0x73, 0, "hint    resumes at the same ecall"));
  ck_assert(!resume_hints(CAUSE_LOAD_GUEST_PAGE, 0x6108, 2, "hint"));
  ck_assert(!resume_hints(CAUSE_LOAD_GUEST_PAGE, 0x53503, 0, "hint"));
  ck_assert(!resume_hints(CAUSE_ECALL_VS, 0x73, 4, "hint"));
}
END_TEST

/* ---- SBI ---- */

static void emit_sbi(uint64_t eid, uint64_t fid, int64_t error, uint64_t value)
{
  rv_event e = transition(RV_EV_SBI, 68, "HS", "HS");
  e.pc = 0x80000164;
  e.u.sbi.eid = eid;
  e.u.sbi.fid = fid;
  e.u.sbi.arg[0] = 0x41;
  e.u.sbi.error = error;
  e.u.sbi.value = value;
  e.u.sbi.legacy = eid < 16;
  emit(e);
}

START_TEST(test_sbi)
{
  start(RVH_TRACE_WHY, false);
  emit_sbi(0x10, 3, 0, 1);
  emit_sbi(1, 0, 0, 0);
  emit_sbi(9, 0, -2, 0);
  emit_sbi(0x48534D, 77, -2, 0);
  emit_sbi(~0ull, ~0ull, INT64_MIN, 5);
  emit_sbi(0x4442434E, 0, 3, 11);
  expect_body(golden_sbi);
}
END_TEST

START_TEST(test_ecall_names)
{
  start(RVH_TRACE_LINE, true);
  static const struct {
    uint64_t cause, a7, a6;
    const char *what;
  } calls[] = {
    { CAUSE_ECALL_VS, 0x10, 3, "10 ecall-from-VS a7=0x10 a6=3 (sbi base probe_extension)" },
    { CAUSE_ECALL_HS, 0x54494D45, 0, "9 ecall-from-HS a7=0x54494d45 a6=0 (sbi time set_timer)" },
    { CAUSE_ECALL_VS, 8, 99, "10 ecall-from-VS a7=8 (sbi legacy shutdown)" },
    { CAUSE_ECALL_VS, 0x10, 7, "10 ecall-from-VS a7=0x10 a6=7 (sbi base function 7)" },
    { CAUSE_ECALL_VS, 0xA000000, 2, "a7=0xa000000 a6=2 (sbi firmware-specific function 2)" },
    { CAUSE_ECALL_VS, 1ull << 60, 0, "a7=0x1000000000000000 a6=0 (sbi unknown extension)" },
    { CAUSE_ECALL_U, 0x40, 0, "8 ecall-from-U  " }, /* a system call, not an SBI call */
    { CAUSE_ECALL_M, 0x10, 0, "11 ecall-from-M  " },
  };
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
    regs[16] = calls[i].a6, regs[17] = calls[i].a7;
    emit(trap(i, "VS", "HS", calls[i].cause, 0x80000150));
  }
  char *lines = body();
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
    ck_assert_msg(strstr(lines, calls[i].what) != NULL, "%s", calls[i].what);
}
END_TEST

START_TEST(test_names)
{
  ck_assert_str_eq(rv_name_sbi_function(0x53525354, 0), "system_reset");
  ck_assert_str_eq(rv_name_sbi_function(0x52464E43, 6), "remote_hfence_vvma");
  ck_assert_ptr_null(rv_name_sbi_function(0x52464E43, 7));
  ck_assert_ptr_null(rv_name_sbi_function(0x10, ~0ull));
  ck_assert_ptr_null(rv_name_sbi_extension(0x11));
  ck_assert_str_eq(rv_name_sbi_error(-14), "DENIED_LOCKED");
  ck_assert_ptr_null(rv_name_sbi_error(-15));
  ck_assert_ptr_null(rv_name_sbi_error(1));
  ck_assert_str_eq(rv_name_x(31), "t6");
  ck_assert_ptr_null(rv_name_x(32));
  ck_assert_ptr_null(rv_name_cause(14, false));
  ck_assert_ptr_null(rv_name_cause(~0ull, true));
  for (unsigned why = 1; why < N_WHY; why++) {
    const char *rule;
    ck_assert_str_ne(rv_name_why(why, &rule), "");
    ck_assert_str_ne(rule, "");
  }
}
END_TEST

/* ---- what must never happen, and must do no harm ---- */

START_TEST(test_wedged)
{
  start(RVH_TRACE_LINE, false);
  rv_event e = trap(5000, "HS", "HS", CAUSE_FETCH_PAGE, 0x80000108);
  e.type = RV_EV_WEDGED;
  e.u.trap.count = 100000;
  e.u.trap.tval = 0x80000108;
  emit(e);
  expect_body(golden_wedged);
}
END_TEST

START_TEST(test_hostile)
{
  static rv_walk_log walk = {
    .n = 4000000000u, .modes = { 255, 255, 255 }, .access = 255, .prv = 2, .v = true
  };
  for (unsigned i = 0; i < RV_WALK_MAX; i++)
    walk.step[i] = (rv_walk_step){ .stage = (uint8_t)i,
                                   .level = 255 - i,
                                   .leaf = i & 1,
                                   .why = i == RV_WALK_MAX - 1 ? 255 : 0,
                                   .pte = ~0ull,
                                   .va = ~0ull,
                                   .at = ~0ull,
                                   .result = ~0ull };
  rv_csr_change changes[] = { { 0x7ff, 0, 5 },
                              { 0xffff, 1, 1 },
                              { CSR_hstatus, 0, ~0ull },
                              { CSR_mstatus, 7, 7 },
                              { CSR_scause, 0, 1ull << 63 | 5 } };
  start(RVH_TRACE_FULL, true);
  rv_event e = trap(~0ull, "VS", "HS", 1ull << 40, ~0ull);
  e.hart = 255;
  e.x = NULL;
  e.u.trap.why = 255;
  e.walk = &walk;
  e.change = changes;
  e.n_change = 5;
  with_insn(&e, ~0u);
  emit(e);
  e.walk = NULL;
  e.change = NULL;
  e.u.trap.interrupt = true;
  e.has_raw = false;
  emit(e);
  e.u.trap.cause = CAUSE_ECALL_VS;
  e.u.trap.interrupt = false;
  e.change = changes;
  e.n_change = 0;
  emit(e);
  e = sret(0, "HS", "VS", 0);
  e.hart = 255;
  e.x = NULL;
  emit(e);
  emit((rv_event){ .type = N_RV_EV });
  rv_traplog_end(tlog, NULL);
  fclose(stream);
  ck_assert_ptr_nonnull(strstr(text, "1099511627776 (no such cause)"));
  ck_assert_ptr_nonnull(strstr(text, "csr 0x7ff=5 csr 0xffff=1 scause=int 5"));
  ck_assert_ptr_nonnull(strstr(text, "mstatus 7 unchanged\n"));
  ck_assert_ptr_nonnull(strstr(text, "(and bits without a name)\n"));
  ck_assert_ptr_nonnull(strstr(text, "# end: stopped after 173 insns; 3 exits, 3 entries"));
}
END_TEST

static const char *endless_symbol(void *ctx, uint64_t addr, uint64_t *offset)
{
  static char name[40000];
  memset(name, 'x', sizeof name - 1);
  return name;
}

/* A line longer than the buffer loses its end, not its neighbours. */
START_TEST(test_clipped)
{
  rv_trace_source endless = source;
  endless.symbol = endless_symbol;
  stream = open_memstream(&text, &text_size);
  tlog = rv_traplog_new(&endless, RVH_TRACE_WHY, false, stream, NULL);
  emit_load_fault();
  emit(sret(109, "HS", "VS", 0x80000198));
  finish();
  ck_assert_ptr_nonnull(strstr(text, "x\n                 insn    ld a0,0(t0)"));
  ck_assert_ptr_nonnull(strstr(text, "\n# end: poweroff"));
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, test_line);
  tcase_add_test(tc, test_why);
  tcase_add_test(tc, test_full);
  tcase_add_test(tc, test_every_cause);
  tcase_add_test(tc, test_redirect_pair);
  tcase_add_test(tc, test_redirect_to_guest);
  tcase_add_test(tc, test_redirect_of_host);
  tcase_add_test(tc, test_silent_resume);
  tcase_add_test(tc, test_handled_count);
  tcase_add_test(tc, test_unanswered);
  tcase_add_test(tc, test_way_through_m);
  tcase_add_test(tc, test_why_says_it_once);
  tcase_add_test(tc, test_filter);
  tcase_add_test(tc, test_all);
  tcase_add_test(tc, test_kept_words);
  tcase_add_test(tc, test_pairing);
  tcase_add_test(tc, test_interrupts);
  tcase_add_test(tc, test_routes);
  tcase_add_test(tc, test_implicit);
  tcase_add_test(tc, test_hints);
  tcase_add_test(tc, test_walks);
  tcase_add_test(tc, test_xret);
  tcase_add_test(tc, test_spv_lost);
  tcase_add_test(tc, test_spp_vu);
  tcase_add_test(tc, test_resume_length);
  tcase_add_test(tc, test_sbi);
  tcase_add_test(tc, test_ecall_names);
  tcase_add_test(tc, test_names);
  tcase_add_test(tc, test_wedged);
  tcase_add_test(tc, test_hostile);
  tcase_add_test(tc, test_clipped);
}

UNIT_MAIN("traplog", add_tests)
