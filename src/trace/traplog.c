/* traplog.c - the trap log: one line per transition, exits paired with the entries that answer
 * them, and a summary. The lines' meaning for users is in docs/trace.md; the indented block of
 * the levels why and full is explain.c's.
 */
#include "trace/explain.h"
#include "trace/kept.h"
#include "trace/names.h"
#include "priv/csr.h"
#include <sys/stat.h>

enum { MAX_HARTS = 8, MAX_CAUSES = 64 };

/* Where columns start. Shipped: scripts cut by them. */
enum {
  COL_HART = 14,
  COL_MODES = 17,
  COL_KIND = 27,
  COL_PC = 35,
  COL_WHAT = 69,
  COL_TVAL = 127,
  COL_GPA = 139,
  COL_TINST = 151,
  COL_DEST = 161,
};

typedef struct {
  rv_trace_exit exit;
  bool from_guest; /* the last trap to HS came from V=1, and nothing returned since */
} hart_log;

typedef struct {
  uint64_t count, answered, min, max, sum;
} cause_count;

struct rvh_trace {
  rv_trace_source source;
  rvh_trace_level level;
  rv_kept place, insn;
  bool hold; /* what is complete may wait in text: nobody looks on */
  bool all;
  uint64_t exits, entries, internal;
  hart_log hart[MAX_HARTS];
  cause_count cause[2][MAX_CAUSES]; /* [interrupt][cause]; greater causes count as the last */
  rv_text text;
};

static void put_header(rv_text *t, const char *version, const char *title)
{
  put_str(t, "# rvh-sim ");
  put_str(t, version);
  put_str(t, " trace-traps v1");
  if (title && *title) {
    put_str(t, "  ");
    put_str(t, title);
  }
  end_line(t);
  static const struct {
    size_t column;
    const char *name;
  } columns[] = { { COL_HART, "h" },         { COL_MODES, "from->to" },    { COL_KIND, "kind" },
                  { COL_PC, "pc / symbol" }, { COL_WHAT, "cause / what" }, { COL_TVAL, "tval" },
                  { COL_GPA, "gpa" },        { COL_TINST, "tinst" },       { COL_DEST, "dest" } };
  put_str(t, "#       insn");
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    tab_to(t, columns[i].column);
    put_str(t, columns[i].name);
  }
  end_line(t);
  flush_text(t);
}

/* A file that is nobody's standard output or error: its lines need not come out one by one, in their
 * place among the console's. */
static bool is_unwatched(FILE *out)
{
  struct stat st;
  return out != stdout && out != stderr && fileno(out) >= 0 && fstat(fileno(out), &st) == 0 &&
         S_ISREG(st.st_mode);
}

rvh_trace *rv_traplog_new(const rv_trace_source *source, rvh_trace_level level, bool all, FILE *out,
                          const char *title)
{
  rvh_trace *log = g_new0(rvh_trace, 1);
  log->source = *source;
  log->level = level;
  log->all = all;
  log->text.out = out;
  log->hold = is_unwatched(out);
  put_header(&log->text, source->version ? source->version : RVH_VERSION, title);
  return log;
}

uint64_t rv_traplog_wants(rvh_trace_level level, bool all)
{
  uint64_t mask =
      1ull << RV_EV_TRAP | 1ull << RV_EV_REDIRECT | 1ull << RV_EV_XRET | 1ull << RV_EV_WEDGED |
      RV_OBSERVE_PLAIN;
  if (all) /* the built-in firmware serves HS-mode alone: its calls do not touch V=1 */
    mask |= 1ull << RV_EV_SBI;
  if (level != RVH_TRACE_LINE)
    return mask | RV_OBSERVE_CHANGES | RV_OBSERVE_WALKS;
  return mask | RV_OBSERVE_PTE_WALKS; /* a line says which level an implicit fault was reading */
}

uint64_t rv_traplog_mask(const rvh_trace *log) { return rv_traplog_wants(log->level, log->all); }

/* ---- pairing ---- */

static bool is_exit(const rv_event *e) { return e->type == RV_EV_TRAP && e->from_v && !e->to_v; }

/* The built-in firmware's own return: no instruction, so it has neither an address nor a cost. */
static bool by_firmware(const rvh_trace *log, const rv_event *e)
{
  return e->type == RV_EV_XRET && e->from_prv == PRV_M && log->source.firmware(log->source.ctx);
}

/* What the handler executed, from its first instruction to this return, and with it. */
static uint64_t handler_insns(const rvh_trace *log, const rv_trace_exit *exit, const rv_event *e)
{
  return e->insn - exit->first + !by_firmware(log, e);
}

/* A guest is entered by an xRET, or by the firmware handing it a trap it had taken in M. */
static bool is_entry(const rv_event *e)
{
  return (e->type == RV_EV_XRET && !e->from_v && e->to_v) || (e->type == RV_EV_REDIRECT && e->to_v);
}

static cause_count *count_of(rvh_trace *log, const rv_trace_exit *exit)
{
  uint64_t cause = exit->cause < MAX_CAUSES ? exit->cause : MAX_CAUSES - 1;
  return &log->cause[exit->interrupt][cause];
}

/* The guest runs again, `insns` instructions after its exit. */
static void answer_exit(rvh_trace *log, rv_trace_exit *exit, uint64_t insns)
{
  cause_count *count = count_of(log, exit);
  if (!count->answered++ || insns < count->min)
    count->min = insns;
  if (insns > count->max)
    count->max = insns;
  count->sum += insns;
  log->entries++;
  exit->open = false;
}

/* Firmware that handles a trap from the guest and resumes it makes no event: the exit was answered
 * if the guest is seen running. Nothing of the guest's machine ran in between. */
static void notice_silent_resume(rvh_trace *log, hart_log *hart, bool guest_runs)
{
  if (hart->exit.open && guest_runs)
    answer_exit(log, &hart->exit, 0);
}

static void open_exit(rvh_trace *log, hart_log *hart, const rv_event *e)
{
  rv_trace_exit *exit = &hart->exit;
  exit->open = true;
  exit->interrupt = e->u.trap.interrupt;
  exit->cause = e->u.trap.cause;
  exit->to_m = e->to_prv == PRV_M;
  exit->from_prv = e->from_prv;
  exit->vmid = e->vmid;
  exit->has_raw = e->has_raw;
  exit->raw = e->raw;
  exit->insn = e->insn;
  exit->first = e->insn + !exit->interrupt; /* what trapped was started, and counts */
  exit->pc = e->pc;
  exit->eid = e->x ? e->x[17] : 0;
  exit->fid = e->x ? e->x[16] : 0;
  if (log->level == RVH_TRACE_FULL && e->x)
    memcpy(exit->x, e->x, sizeof exit->x);
  count_of(log, exit)->count++;
  log->exits++;
}

/* ---- columns ---- */

/* "80000104 hs_entry+0x94" */
static void put_place(rvh_trace *log, uint64_t addr)
{
  rv_text *t = &log->text;
  const size_t from = t->n;
  if (put_kept(t, &log->place, addr, 0))
    return;
  uint64_t offset = 0;
  const char *name = log->source.symbol(log->source.ctx, addr, &offset);
  put_hex(t, addr, 8);
  if (name) {
    put_char(t, ' ');
    put_str(t, name);
    if (offset) {
      put_str(t, "+0x");
      put_hex(t, offset, 1);
    }
  }
  keep_words(&log->place, addr, 0, t, from);
}

/* Where a trap or return goes, or comes from: the built-in firmware has no addresses. */
static void put_place_in(rvh_trace *log, uint64_t addr, bool m_mode)
{
  if (m_mode && log->source.firmware(log->source.ctx))
    put_str(&log->text, "firmware");
  else
    put_place(log, addr);
}

static void put_start(rvh_trace *log, const rv_event *e, const char *kind)
{
  rv_text *t = &log->text;
  put_dec(t, e->insn, 12);
  tab_to(t, COL_HART);
  put_dec(t, e->hart, 0);
  tab_to(t, COL_MODES);
  /* Whatever trapped, a redirect starts in the firmware. */
  put_str(t, e->type == RV_EV_REDIRECT ? "M" : rv_mode_name(e->from_prv, e->from_v));
  if (e->type != RV_EV_SBI && e->type != RV_EV_WEDGED) {
    put_str(t, "->");
    put_str(t, rv_mode_name(e->to_prv, e->to_v));
  }
  tab_to(t, COL_KIND);
  put_str(t, kind);
  tab_to(t, COL_PC);
  put_place_in(log, e->pc, e->type == RV_EV_XRET && e->from_prv == PRV_M);
  tab_to(t, COL_WHAT);
}

static void put_dest(rvh_trace *log, const rv_event *e)
{
  tab_to(&log->text, COL_DEST);
  put_place_in(log, e->dest, e->to_prv == PRV_M);
  end_line(&log->text);
}

static void put_no_trap_columns(rv_text *t)
{
  tab_to(t, COL_TVAL);
  put_char(t, '-');
  tab_to(t, COL_GPA);
  put_char(t, '-');
  tab_to(t, COL_TINST);
  put_char(t, '-');
}

/* Whether the manual gives tval a meaning for this cause, so that its 0 is worth printing. */
static bool has_tval(const rv_event *e)
{
  return !e->u.trap.interrupt &&
         !(e->u.trap.cause >= CAUSE_ECALL_U && e->u.trap.cause <= CAUSE_ECALL_M);
}

static void put_trap_columns(rv_text *t, const rv_event *e)
{
  tab_to(t, COL_TVAL);
  if (has_tval(e) || e->u.trap.tval)
    put_hex(t, e->u.trap.tval, 1);
  else
    put_char(t, '-');
  tab_to(t, COL_GPA);
  if (e->u.trap.has_gpa)
    put_hex(t, e->u.trap.gpa, 1);
  else
    put_char(t, '-');
  tab_to(t, COL_TINST);
  if (e->to_v && e->type != RV_EV_WEDGED) /* a trap into VS has no htinst to write [H-146] */
    put_char(t, '-');
  else
    put_hex(t, e->u.trap.tinst, e->u.trap.tinst ? 8 : 1);
}

/* ---- what: the cause of a trap ---- */

/* "(sbi base probe_extension)" */
static void put_sbi_name(rv_text *t, uint64_t eid, uint64_t fid)
{
  const char *ext = rv_name_sbi_extension(eid), *function = rv_name_sbi_function(eid, fid);
  put_str(t, "sbi ");
  put_str(t, ext ? ext : "unknown extension");
  if (function) {
    put_char(t, ' ');
    put_str(t, function);
  } else if (ext) {
    put_str(t, " function ");
    put_num(t, fid);
  }
}

static void put_ecall(rv_text *t, const rv_event *e)
{
  if (!e->x || e->u.trap.cause == CAUSE_ECALL_U) /* a user's ecall is no SBI call */
    return;
  uint64_t eid = e->x[17], fid = e->x[16];
  put_str(t, " a7=");
  put_num(t, eid);
  if (eid > 8) { /* legacy calls have no FID */
    put_str(t, " a6=");
    put_num(t, fid);
  }
  put_str(t, " (");
  put_sbi_name(t, eid, fid);
  put_char(t, ')');
}

static bool is_implicit(const rv_event *e)
{
  return (e->u.trap.tinst & ~0x1020ull) == 0x2000; /* 0x2000, 0x3000; 0x2020, 0x3020: A and D */
}

static void put_implicit(rv_text *t, const rv_event *e)
{
  uint64_t tinst = e->u.trap.tinst;
  if (!is_implicit(e))
    return;
  put_str(t, tinst & 0x20 ? " (implicit write" : " (implicit");
  int level = rv_implicit_level(e->walk);
  if (level >= 0) {
    put_str(t, ", VS level ");
    put_dec(t, level, 0);
  }
  put_char(t, ')');
}

static void put_insn(rvh_trace *log, const rv_event *e)
{
  rv_text *t = &log->text;
  const size_t from = t->n;
  char insn[96] = "";
  if (!e->has_raw || put_kept(t, &log->insn, e->pc, e->raw))
    return;
  log->source.disasm(insn, sizeof insn, e->pc, e->raw);
  put_str(t, "  ");
  put_str(t, insn);
  keep_words(&log->insn, e->pc, e->raw, t, from);
}

static void put_detail(rvh_trace *log, const rv_event *e)
{
  rv_text *t = &log->text;
  switch (e->u.trap.cause) {
  case CAUSE_ECALL_U:
  case CAUSE_ECALL_HS:
  case CAUSE_ECALL_VS:
    put_ecall(t, e);
    break;
  case CAUSE_FETCH_GUEST_PAGE:
    put_implicit(t, e);
    break;
  case CAUSE_LOAD_GUEST_PAGE:
  case CAUSE_STORE_GUEST_PAGE:
    if (is_implicit(e))
      put_implicit(t, e);
    else
      put_insn(log, e);
    break;
  case CAUSE_ILLEGAL:
  case CAUSE_VIRTUAL:
    put_insn(log, e);
    break;
  }
}

/* "21 load-guest-page-fault", "int 6 VS-timer-interrupt" */
static void put_cause(rv_text *t, uint64_t cause, bool interrupt)
{
  const char *name = rv_name_cause(cause, interrupt);
  if (interrupt)
    put_str(t, "int ");
  put_dec(t, cause, 0);
  put_char(t, ' ');
  put_str(t, name ? name : "(no such cause)");
}

/* Traps that stay in the guest say by which bit. VS reads its own interrupts one lower. [H-048] */
static void put_no_exit(rv_text *t, const rv_event *e)
{
  unsigned bit;
  const char *injector = rv_name_injector(e->u.trap.why, e->u.trap.cause, &bit);
  if (injector) {
    put_str(t, " (");
    put_str(t, injector);
    put_char(t, '[');
    put_dec(t, bit, 0);
    put_str(t, "]=1: no exit)");
    return;
  }
  bool shifted = e->u.trap.interrupt && (0x444 >> (e->u.trap.cause & 63) & 1);
  put_str(t, e->u.trap.interrupt ? " (hideleg[" : " (hedeleg[");
  put_dec(t, e->u.trap.cause, 0);
  put_str(t, "]=1: no exit");
  if (shifted) {
    put_str(t, ", vscause ");
    put_dec(t, e->u.trap.cause - 1, 0);
  }
  put_char(t, ')');
}

/* ---- lines ---- */

static void put_trap_line(rvh_trace *log, const rv_event *e)
{
  rv_text *t = &log->text;
  const char *kind = e->type == RV_EV_REDIRECT ? "FWD" : is_exit(e) ? "EXIT" : "trap";
  put_start(log, e, kind);
  put_cause(t, e->u.trap.cause, e->u.trap.interrupt);
  if (!e->u.trap.interrupt)
    put_detail(log, e);
  if (e->type == RV_EV_TRAP && e->from_v && e->to_v)
    put_no_exit(t, e);
  put_trap_columns(t, e);
  put_dest(log, e);
}

static void put_wedged_line(rvh_trace *log, const rv_event *e)
{
  rv_text *t = &log->text;
  put_start(log, e, "WEDGED");
  put_dec(t, e->u.trap.count, 0);
  put_str(t, " times in a row: ");
  put_cause(t, e->u.trap.cause, e->u.trap.interrupt);
  put_trap_columns(t, e);
  put_dest(log, e);
}

static void put_field(rv_text *t, const char *name, uint64_t value)
{
  put_str(t, name);
  put_num(t, value);
}

/* The two fields that decide where an xRET goes. [H-178 .. H-180] */
static void put_return_fields(rv_text *t, const rv_event *e)
{
  uint64_t status = e->u.xret.status;
  if (e->u.xret.mret) {
    put_field(t, "MPV=", rv_get(status, mstatus_MPV));
    put_field(t, " MPP=", rv_get(status, mstatus_MPP));
  } else if (e->from_v) {
    put_field(t, "vsstatus.SPP=", rv_get(status, vsstatus_SPP));
  } else {
    put_field(t, "SPV=", rv_get(e->u.xret.hstatus, hstatus_SPV));
    put_field(t, " SPP=", rv_get(status, mstatus_SPP));
  }
}

/* "handled in 11 insns, sepc+4": the entry answers the open exit. */
static void put_answer(rvh_trace *log, const rv_event *e, const rv_trace_exit *exit)
{
  rv_text *t = &log->text;
  uint64_t insns = handler_insns(log, exit, e);
  put_str(t, "handled in ");
  put_dec(t, insns, 0);
  put_str(t, insns == 1 ? " insn, " : " insns, ");
  put_str(t, e->u.xret.mret ? "mepc" : "sepc");
  int64_t delta = (int64_t)(e->dest - exit->pc);
  if (delta >= -16 && delta <= 16) {
    put_str(t, delta < 0 ? "" : "+");
    put_signed(t, delta);
  } else {
    put_str(t, " elsewhere");
  }
  if (e->vmid != exit->vmid)
    put_field(t, ", now vmid=", e->vmid);
}

static void put_xret_line(rvh_trace *log, const rv_event *e, const rv_trace_exit *exit)
{
  rv_text *t = &log->text;
  bool entry = is_entry(e);
  put_start(log, e, entry ? "ENTER" : "xret");
  put_str(t, e->u.xret.mret ? "mret  " : "sret  ");
  if (entry && exit->open) {
    put_answer(log, e, exit);
  } else {
    put_return_fields(t, e);
    if (entry)
      put_field(t, " vmid=", e->vmid);
  }
  put_no_trap_columns(t);
  put_dest(log, e);
}

static void put_sbi_line(rvh_trace *log, const rv_event *e)
{
  rv_text *t = &log->text;
  put_start(log, e, "SBI");
  put_sbi_name(t, e->u.sbi.eid, e->u.sbi.fid);
  if (e->u.sbi.legacy) {
    put_str(t, " -> a0 ");
    put_signed(t, e->u.sbi.error);
  } else {
    const char *error = rv_name_sbi_error(e->u.sbi.error);
    put_str(t, " -> ");
    if (error)
      put_str(t, error);
    else
      put_signed(t, e->u.sbi.error);
    put_field(t, " value ", e->u.sbi.value);
  }
  put_no_trap_columns(t);
  tab_to(t, COL_DEST);
  put_char(t, '-');
  end_line(t);
}

/* ---- events ---- */

static void log_trap(rvh_trace *log, hart_log *hart, const rv_event *e)
{
  bool redirect = e->type == RV_EV_REDIRECT;
  bool was_v = redirect ? e->u.trap.origin_v : e->from_v;
  if (redirect)
    hart->exit.to_m = false; /* handed on by this event: the next return from M is another's */
  else
    notice_silent_resume(log, hart, e->from_v);
  if (e->to_prv == PRV_S && !e->to_v)
    hart->from_guest = was_v;
  if (is_exit(e))
    open_exit(log, hart, e);
  else if (!redirect && e->from_v)
    log->internal++;
  if (log->all || was_v || e->to_v) {
    put_trap_line(log, e);
    if (log->level != RVH_TRACE_LINE)
      rv_explain_trap(&log->text, &log->source, e, was_v);
  }
  if (is_entry(e) && hart->exit.open)
    answer_exit(log, &hart->exit, 0);
}

/* Firmware in M-mode leaves a guest's exit to HS: a step on the guest's way, though V is 0 already. */
static bool hands_on_exit(rv_trace_exit *exit, const rv_event *e)
{
  if (!exit->open || !exit->to_m || e->from_prv != PRV_M || e->to_prv == PRV_M)
    return false;
  exit->to_m = false;
  return true;
}

static void log_xret(rvh_trace *log, hart_log *hart, const rv_event *e)
{
  notice_silent_resume(log, hart, e->from_v);
  bool entry = is_entry(e), handed_on = hands_on_exit(&hart->exit, e);
  if (log->all || e->from_v || e->to_v || handed_on) {
    put_xret_line(log, e, &hart->exit);
    if (log->level != RVH_TRACE_LINE)
      rv_explain_xret(&log->text, e, &hart->exit, hart->from_guest);
    if (log->level == RVH_TRACE_FULL && entry && hart->exit.open && e->x)
      rv_explain_registers(&log->text, hart->exit.x, e->x);
  }
  hart->from_guest = false;
  if (entry && hart->exit.open)
    answer_exit(log, &hart->exit, handler_insns(log, &hart->exit, e));
  else if (entry)
    log->entries++;
}

void rv_traplog_event(rvh_trace *log, const rv_event *e)
{
  hart_log *hart = &log->hart[e->hart % MAX_HARTS];
  switch (e->type) {
  case RV_EV_TRAP:
  case RV_EV_REDIRECT:
    log_trap(log, hart, e);
    break;
  case RV_EV_XRET:
    log_xret(log, hart, e);
    break;
  case RV_EV_SBI:
    put_sbi_line(log, e);
    if (log->level != RVH_TRACE_LINE)
      rv_explain_sbi(&log->text, e);
    break;
  case RV_EV_WEDGED: /* the trap's own line and block follow */
    put_wedged_line(log, e);
    break;
  default: /* not the trap log's */
    return;
  }
  if (!log->hold)
    flush_text(&log->text);
}

/* ---- summary ---- */

static void put_cause_row(rv_text *t, const cause_count *c, uint64_t cause, bool interrupt)
{
  put_str(t, "#   ");
  put_cause(t, cause, interrupt);
  tab_to(t, 40);
  put_dec(t, c->count, 9);
  if (c->answered) {
    put_dec(t, c->min, 9);
    put_dec(t, c->sum / c->answered, 9);
    put_dec(t, c->max, 9);
  } else {
    put_str(t, "        -        -        -");
  }
  end_line(t);
}

static void put_cause_table(rvh_trace *log)
{
  rv_text *t = &log->text;
  put_str(t, "# exits by cause");
  tab_to(t, 40);
  put_str(t, "    count      min      avg      max  insns to handle");
  end_line(t);
  for (int interrupt = 0; interrupt < 2; interrupt++)
    for (unsigned cause = 0; cause < MAX_CAUSES; cause++)
      if (log->cause[interrupt][cause].count)
        put_cause_row(t, &log->cause[interrupt][cause], cause, interrupt);
}

/* The exits whose guest did not run again. The call by which a guest ends the machine is one, and
 * as it should be; otherwise this is where a hypervisor that hangs hangs. */
static void put_unanswered(rvh_trace *log, bool guest_ended)
{
  rv_text *t = &log->text;
  for (unsigned i = 0; i < MAX_HARTS; i++) {
    const rv_trace_exit *exit = &log->hart[i].exit;
    if (!exit->open)
      continue;
    put_str(t, guest_ended ? "# last exit: hart " : "# unanswered: hart ");
    put_dec(t, i, 0);
    put_str(t, " insn ");
    put_dec(t, exit->insn, 0);
    put_str(t, " pc ");
    put_place(log, exit->pc);
    put_str(t, "  ");
    put_cause(t, exit->cause, exit->interrupt);
    if (!exit->interrupt && exit->cause == CAUSE_ECALL_VS) {
      put_str(t, " (");
      put_sbi_name(t, exit->eid, exit->fid);
      put_char(t, ')');
    }
    put_str(t, guest_ended ? ": the run ended in its handler" : ": the guest was not resumed");
    end_line(t);
  }
}

static void put_count(rv_text *t, uint64_t n, const char *one, const char *many)
{
  put_dec(t, n, 0);
  put_str(t, n == 1 ? one : many);
}

static void put_end_line(rvh_trace *log, const rvh_result *result)
{
  rv_text *t = &log->text;
  const char *reason = result && result->reason[0] ? result->reason : "stopped";
  put_str(t, "# end: ");
  put_bytes(t, reason, strcspn(reason, "\n"));
  put_str(t, result && result->status > RVH_EXIT_GUEST_MAX ? "; after " : " after ");
  put_count(t, log->source.instructions(log->source.ctx), " insn; ", " insns; ");
  put_count(t, log->exits, " exit, ", " exits, ");
  put_count(t, log->entries, " entry, ", " entries, ");
  put_count(t, log->internal, " guest-internal trap", " guest-internal traps");
  end_line(t);
}

void rv_traplog_free(rvh_trace *log)
{
  flush_text(&log->text);
  fflush(log->text.out);
  g_free(log);
}

void rv_traplog_end(rvh_trace *log, const rvh_result *result)
{
  for (unsigned i = 0; i < MAX_HARTS; i++)
    if (log->hart[i].exit.open)
      notice_silent_resume(log, &log->hart[i], log->source.in_guest(log->source.ctx, i));
  put_end_line(log, result);
  const uint64_t from = rv_trace_from(&log->source);
  if (from) {
    put_str(&log->text, "# from: a snapshot taken after ");
    put_count(&log->text, from, " insn; ", " insns; ");
    put_str(&log->text, "what was before is not counted");
    end_line(&log->text);
  }
  put_unanswered(log, result && result->ended && result->status <= RVH_EXIT_GUEST_MAX);
  if (log->exits)
    put_cause_table(log);
  rv_traplog_free(log);
}
