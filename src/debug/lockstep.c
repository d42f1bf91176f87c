/* lockstep.c - --lockstep: executes the instructions of Spike's commit log one by one and stops at
 * the first that does something else here. Spike's clock counts, and where it takes interrupts.
 *
 * Depends on trace/spike.h for lines, rvh.h for the machine. Spike's behaviour: sim.cc (its clock
 * moves every 5000 instructions), execute.cc (when it looks for interrupts).
 */
#include "debug/lockstep.h"
#include "cpu/insn.h"
#include "priv/csr.h"
#include <errno.h>
#include <string.h>

enum {
  SPIKE_ROM = 0x1000,
  SPIKE_ROM_END = 0x2000,
  CLINT_MTIME = 0x200bff8,
  UART = 0x10000000,
  CLINT = 0x2000000,
  CLINT_SIZE = 0xc0000,
  UART_SIZE = 0x100,
  PLIC = 0xc000000,
  PLIC_SIZE = 0x1000000,
  LATE_MAX = 10000, /* two of Spike's turns */
  TRAPS_MAX = 1000, /* traps in a row, without an instruction */
};

static bool fail(GError **error, const char *way_out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(GError **error, const char *way_out, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "--lockstep: %s\n%s", what, way_out);
  return false;
}

/* ---- the log ---- */

bool rv_lockstep_next(lockstep *l)
{
  char *ahead = g_queue_pop_head(&l->ahead);
  if (ahead) {
    free(l->text);
    l->text = ahead;
    l->size = strlen(ahead) + 1; /* at least */
  }
  const ssize_t n = ahead ? 0 : getline(&l->text, &l->size, l->in);
  l->eof = n < 0;
  l->number += n >= 0;
  return n >= 0;
}

const char *rv_lockstep_peek(lockstep *l, unsigned i)
{
  while (l->ahead.length <= i) {
    char *line = NULL;
    size_t size = 0;
    if (getline(&line, &size, l->in) < 0) {
      free(line);
      return NULL;
    }
    g_queue_push_tail(&l->ahead, line);
  }
  return g_queue_peek_nth(&l->ahead, i);
}

/* "core   0: 0x... (0x...) disassembly", "core   0: exception ...", ">>>>  symbol", "tval": of -l.
 */
static bool is_other(lockstep *l)
{
  const char *p = strstr(l->text, ": ");
  if (!p || strncmp(l->text, "core", 4))
    return false;
  p += 2;
  if (!strncmp(p, "exception ", 10) || !strncmp(p, "          tval", 14))
    g_strlcat(l->exception, p, sizeof l->exception);
  else if (strncmp(p, "0x", 2) && strncmp(p, ">>>>", 4) && strncmp(p, "Executed ", 9))
    return false;
  l->count[LS_OTHER]++;
  return true;
}

typedef enum { LS_LINE, LS_END, LS_MALFORMED } next_line;

/* The next commit line into l->theirs. */
static next_line get_line(lockstep *l, GError **error)
{
  const char *what, *at;
  do {
    if (!rv_lockstep_next(l))
      return LS_END;
  } while (is_other(l));
  const bool whole = strchr(l->text, '\n');
  if (whole && rv_spike_parse(l->text, &l->theirs, &what, &at))
    return LS_LINE;
  if (!whole && getc(l->in) == EOF && l->equal)
    return LS_END; /* Spike was stopped while it wrote */
  if (!whole)
    what = "the line does not end", at = l->text;
  g_strchomp(l->text);
  fail(error, "the log is what spike --log-commits --log=FILE writes (docs/lockstep.md)",
       "%s, line %" G_GUINT64_FORMAT ", column %d: %s: '%.120s'", l->name, l->number,
       (int)(at - l->text) + 1, what, l->text);
  return LS_MALFORMED;
}

/* ---- our side ---- */

/* A store that was refused at the page after its own. */
static bool is_second_part(const rvh_event *e)
{
  rv_insn d;
  if (!e->has_raw || !rv_decode(e->raw, &d) || e->u.trap.tval & 0xfff)
    return false;
  unsigned n;
  const unsigned kind = rv_insn_rows(&n)[d.row].kind;
  return (kind == RV_KIND_STORE || kind == RV_KIND_FSTORE) &&
         e->u.trap.tval - (e->x[d.rs1] + (int64_t)d.imm) - 1 < 7;
}

/* Faults of cache-block operations that Spike tells, or raises, otherwise. */
static void note_cbo(lockstep *l, const rvh_event *e)
{
  rv_insn d;
  const bool cbo = e->has_raw && e->u.trap.cause != CAUSE_ILLEGAL && e->u.trap.cause != CAUSE_VIRTUAL &&
                   rv_decode(e->raw, &d) && (d.raw & 0x707f) == 0x200f;
  l->count[LS_CBO_ZERO] += cbo && d.op == OP_cbo_zero;
  l->count[LS_CBO_DEVICE] += cbo && d.op != OP_cbo_zero && e->u.trap.why == WHY_CBO_DEVICE;
}

static void note_trap(lockstep *l, const rvh_event *e)
{
  note_cbo(l, e);
  l->count[LS_TRAPS] += !e->u.trap.interrupt;
  l->count[LS_AMO] += e->u.trap.why == WHY_AMO_MISALIGNED;
  l->count[LS_PARTIAL] += is_second_part(e);
  l->trap = (typeof(l->trap)){ .fresh = true,
                               .interrupt = e->u.trap.interrupt,
                               .cause = e->u.trap.cause,
                               .pc = e->pc,
                               .tval = e->u.trap.tval,
                               .tval2 = e->u.trap.tval2,
                               .tinst = e->u.trap.tinst,
                               .dest = e->dest,
                               .from_prv = e->from_prv,
                               .to_prv = e->to_prv,
                               .from_v = e->from_v,
                               .to_v = e->to_v,
                               .raw = e->raw,
                               .has_raw = e->has_raw,
                               .why = e->u.trap.why };
}

static void observe(void *ctx, rvh_machine *m, const rvh_event *e)
{
  lockstep *l = ctx;
  if (e->type == RV_EV_TRAP)
    note_trap(l, e);
  else if (rv_spike_event(&l->source, m, e, &l->ours))
    l->committed = true;
}

/* Spike's reset state, where ours differs: PMP entry 0 is open, the comparators are 0. */
static void reset_as_spike(lockstep *l)
{
  for (unsigned i = 0; i < rvh_n_harts(l->m); i++) {
    rvh_write_csr(l->m, i, CSR_pmpaddr0, ~0ull);
    rvh_write_csr(l->m, i, CSR_pmpcfg0, 0x1f);
    rvh_write_csr(l->m, i, CSR_stimecmp, 0);
    rvh_write_csr(l->m, i, CSR_vstimecmp, 0);
    for (unsigned x = 1; x < 32; x++)
      rvh_write_x(l->m, i, x, 0);
  }
}

/* Our ROM leads to the program; Spike's line says what it left in the registers. */
static void skip_rom(lockstep *l)
{
  const unsigned hart = l->theirs.hart;
  for (unsigned i = 0; i < l->theirs.n_write; i++)
    if ((l->theirs.write[i].key & 15) == SPIKE_X)
      rvh_write_x(l->m, hart, l->theirs.write[i].key >> 4, l->theirs.write[i].value);
  l->count[LS_ROM]++;
}

static void leave_rom(lockstep *l)
{
  for (unsigned i = 0; i < rvh_n_harts(l->m); i++)
    for (unsigned n = 0; n < 16 && rvh_read_pc(l->m, i) < SPIKE_ROM_END; n++)
      rvh_step(l->m, i);
}

/* ---- comparing ---- */

static const struct {
  uint16_t csr;
  uint64_t mask;
  bool copied; /* else Spike's value is taken over */
  bool ends;
} allowed[] = {
#define COPIED(id, csr, mask, text) [LS_##id] = { CSR_##csr, mask, true, false },
#define DIFFERS(id, csr, mask, right, rule, text) [LS_##id] = { CSR_##csr, mask, false, false },
#define ENDS(id, csr, mask, right, rule, text) [LS_##id] = { CSR_##csr, mask, false, true },
#define EVENT(id, text) [LS_##id] = { 0 },
#include "debug/lockstep.def"
};

/* The row that lets these two values of a CSR differ, or -1. */
static int allowance(unsigned csr, uint64_t theirs, uint64_t ours)
{
  for (int i = 0; i < N_LS; i++)
    if (allowed[i].mask && allowed[i].csr == csr && !((theirs ^ ours) & ~allowed[i].mask))
      return i;
  return -1;
}

/* The CSR that a csr* instruction reads: the VS one while V=1. */
static unsigned csr_read_by(const rv_spike_line *line)
{
  rv_insn d;
  if ((line->raw & 0x7f) != 0x73 || !(line->raw >> 12 & 3) || !rv_decode(line->raw, &d))
    return 0;
  const unsigned csr = (unsigned)d.imm;
  const bool has_vs = csr >= CSR_sstatus && csr <= CSR_satp && rv_csr_name(csr + 0x100) &&
                      csr != CSR_scounteren && csr != CSR_senvcfg;
  return line->v && has_vs ? csr + 0x100 : csr;
}

/* The device register that the instruction loaded: its row, or -1. */
static int device_row(const lockstep *l)
{
  uint64_t pa, gpa;
  if (l->ours.n_mem != 1 || l->ours.mem[0].size ||
      !rvh_translate(l->m, l->ours.hart, l->ours.mem[0].addr, 1, RVH_AS_CURRENT, &pa, &gpa, NULL))
    return -1;
  if (pa >= CLINT_MTIME && pa < CLINT_MTIME + 8)
    return LS_MTIME;
  return pa - UART < UART_SIZE || pa - PLIC < PLIC_SIZE ? LS_DEVICE : -1;
}

static uint64_t read_csr(lockstep *l, unsigned csr)
{
  uint64_t value = 0;
  rvh_read_csr(l->m, l->ours.hart, csr, &value);
  return value;
}

/* Time as Spike has it: what depends on it follows. */
static void adopt_time(lockstep *l, uint64_t value)
{
  rvh_set_time(l->m, value - (l->ours.v ? read_csr(l, CSR_htimedelta) : 0));
}

/* A register of ours that differs: may Spike's value be copied? */
static bool adopt_x(lockstep *l, unsigned x, uint64_t theirs, uint64_t ours)
{
  const unsigned csr = csr_read_by(&l->ours);
  int row = csr ? allowance(csr, theirs, ours) : -1;
  if (row < 0 && !csr)
    row = device_row(l);
  if (row == LS_MTIME)
    rvh_set_time(l->m, theirs);
  if (row < 0)
    return false;
  l->count[row]++;
  if (row == LS_TIME)
    adopt_time(l, theirs);
  rvh_write_x(l->m, l->ours.hart, x, theirs);
  return true;
}

/* A CSR as it was written; mvip shows bits of mip. */
static bool adopt_csr(lockstep *l, unsigned csr, uint64_t theirs, uint64_t ours)
{
  const int row = allowance(csr == SPIKE_CSR_MVIP ? CSR_mip : csr, theirs, ours);
  if (row < 0)
    return false;
  l->count[row]++;
  l->explained_end |= allowed[row].ends;
  if (!allowed[row].copied)
    rvh_write_csr(l->m, l->ours.hart, csr, theirs);
  return true;
}

static const char *compare_writes(lockstep *l)
{
  const rv_spike_line *a = &l->theirs, *b = &l->ours;
  for (unsigned i = 0; i < MAX(a->n_write, b->n_write); i++) {
    if (i >= a->n_write || (i < b->n_write && b->write[i].key < a->write[i].key))
      return "a register is written here that Spike does not write";
    if (i >= b->n_write || b->write[i].key > a->write[i].key)
      return "Spike writes a register that is not written here";
    const uint64_t theirs = a->write[i].value, ours = b->write[i].value;
    const unsigned kind = a->write[i].key & 15, number = a->write[i].key >> 4;
    if (theirs == ours || (kind == SPIKE_X && adopt_x(l, number, theirs, ours)) ||
        (kind == SPIKE_CSR && adopt_csr(l, number, theirs, ours)))
      continue;
    return kind == SPIKE_CSR ? "a CSR gets another value" : "a register gets another value";
  }
  return NULL;
}

static const char *compare_memory(const lockstep *l)
{
  const rv_spike_line *a = &l->theirs, *b = &l->ours;
  if (a->n_mem != b->n_mem)
    return "not as many accesses to memory";
  for (unsigned i = 0; i < a->n_mem; i++) {
    if (a->mem[i].addr != b->mem[i].addr)
      return "another address";
    if (a->mem[i].size != b->mem[i].size)
      return "an access of another size";
    if (a->mem[i].value != b->mem[i].value)
      return "another value is stored";
  }
  return NULL;
}

/* NULL: the lines are equal, or differ as lockstep.def allows. */
static const char *compare(lockstep *l)
{
  const rv_spike_line *a = &l->theirs, *b = &l->ours;
  if (a->hart != b->hart || a->pc != b->pc)
    return "another pc";
  if (a->prv != b->prv)
    return "another privilege";
  if (a->raw != b->raw || a->length != b->length)
    return "other bits are executed";
  const char *matter = compare_writes(l);
  return matter ? matter : compare_memory(l);
}

/* Our line and theirs, mostly equal as bytes. */
static const char *compare_text(lockstep *l)
{
  const size_t n = rv_spike_format(&l->ours, false, l->ours_text);
  if (!memcmp(l->text, l->ours_text, MIN(n, strlen(l->text) + 1)) && l->text[n - 1] == '\n')
    return NULL;
  return compare(l);
}

/* ---- interrupts, whose time is Spike's ---- */

static const uint64_t TIMERS = IP(STI) | IP(VSTI) | IP(MTI);

static bool is_timer(unsigned irq) { return irq && (TIMERS >> irq & 1); }

static uint64_t pending(lockstep *l, unsigned hart)
{
  uint64_t mip = 0;
  rvh_read_csr(l->m, hart, CSR_mip, &mip);
  return mip;
}

/* mtime, as it is now. */
static uint64_t now(lockstep *l, unsigned hart)
{
  uint64_t time = 0, delta = 0;
  bool v;
  rvh_read_csr(l->m, hart, CSR_time, &time);
  rvh_vmode(l->m, hart, &v);
  if (v)
    rvh_read_csr(l->m, hart, CSR_htimedelta, &delta);
  return time - delta;
}

/* Lets time pass until a timer is pending. False: it will not be, and nothing has changed. */
static bool let_fire(lockstep *l, unsigned hart, unsigned irq)
{
  const uint64_t before = now(l, hart);
  uint64_t ticks;
  while (!(pending(l, hart) >> irq & 1)) {
    if (!rvh_next_timer(l->m, hart, &ticks)) {
      rvh_set_time(l->m, before);
      return false;
    }
    rvh_set_time(l->m, ticks);
  }
  return true;
}

/* STIP and VSTIP as Spike has them: it compares when its clock moves, which may be later
 * ("eventually"), and leaves the bit as it was when STCE is cleared, which is wrong. */
static bool is_stale(lockstep *l, unsigned hart, unsigned irq)
{
  uint64_t menvcfg = 0, henvcfg = 0;
  rvh_read_csr(l->m, hart, CSR_menvcfg, &menvcfg);
  rvh_read_csr(l->m, hart, CSR_henvcfg, &henvcfg);
  return (irq == IRQ_STI && !(menvcfg & menvcfg_STCE)) ||
         (irq == IRQ_VSTI && !(henvcfg & henvcfg_STCE));
}

/* Whether Spike may have taken it here: pending, or a timer that is or will be as time passes. Of
 * the timers it is looked at alone, because Spike may not have noticed another one. */
static bool may_take(lockstep *l, unsigned hart, unsigned irq)
{
  const uint64_t others = pending(l, hart) & ~TIMERS;
  if (!is_timer(irq))
    return rvh_interrupt_of(l->m, hart, others) == irq;
  if (rvh_interrupt_of(l->m, hart, others | 1ull << irq) != irq)
    return false;
  if (let_fire(l, hart, irq))
    return true;
  l->count[is_stale(l, hart, irq) ? LS_STALE : LS_LAG]++;
  return true;
}

/* An interrupt that may be taken here and leads there, or 0. */
static unsigned find_interrupt(lockstep *l, unsigned hart, uint64_t handler)
{
  for (unsigned irq = 1; irq < 16; irq++)
    if (rvh_interrupt_of(l->m, hart, 1ull << irq) == irq &&
        rvh_interrupt_handler(l->m, hart, irq) == handler && may_take(l, hart, irq))
      return irq;
  return 0;
}

/* What the handler that the log is at reads of its cause and epc: it alone can tell an interrupt
 * from an exception that leads there, too, and one trap from two in a row. */
typedef struct {
  bool has_cause, has_epc;
  uint64_t cause, epc;
} handler_reads;

static handler_reads look_ahead(lockstep *l)
{
  handler_reads seen = { 0 };
  for (unsigned i = 0; i < LS_AHEAD && !(seen.has_cause && seen.has_epc); i++) {
    rv_spike_line line;
    const char *error, *at, *text = i ? rv_lockstep_peek(l, i - 1) : l->text;
    if (!text || !rv_spike_parse(text, &line, &error, &at) || line.prv != l->theirs.prv)
      break;
    const unsigned csr = csr_read_by(&line) & ~0x300u; /* of any level */
    if (!line.n_write || (line.write[0].key & 15) != SPIKE_X)
      continue;
    if (csr == (CSR_mcause & ~0x300u)) {
      seen.has_cause = true;
      seen.cause = line.write[0].value;
    } else if (csr == (CSR_mepc & ~0x300u)) {
      seen.has_epc = true;
      seen.epc = line.write[0].value;
    }
  }
  return seen;
}

/* Whether this one, pending alone, leads to where the log is. */
static bool leads_there(lockstep *l, unsigned hart, unsigned irq)
{
  return rvh_interrupt_of(l->m, hart, 1ull << irq) == irq &&
         rvh_interrupt_handler(l->m, hart, irq) == l->theirs.pc;
}

/* The interrupt that a cause register names, or 0; in VS the numbers are those of HS [H-048]. */
static unsigned interrupt_named(lockstep *l, unsigned hart, uint64_t cause)
{
  const unsigned irq = cause & 63;
  if (!(cause >> 63) || irq > IRQ_SGEI)
    return 0;
  return leads_there(l, hart, irq) ? irq : leads_there(l, hart, irq + 1) ? irq + 1 : 0;
}

static bool take(lockstep *l, unsigned hart, unsigned irq)
{
  if (!irq)
    return false;
  rvh_interrupt(l->m, hart, irq);
  l->count[is_timer(irq) ? LS_TIMER : LS_INTERRUPTS]++;
  l->late = 0;
  return true;
}

/* The log goes on elsewhere. True: because of an interrupt, which is taken here, too. */
static bool follow_interrupt(lockstep *l, unsigned hart)
{
  uint64_t handler;
  const bool exception = rvh_would_trap(l->m, hart, &handler);
  const handler_reads seen = look_ahead(l);
  if (seen.has_epc && seen.epc != rvh_read_pc(l->m, hart)) /* another trap came before, to there */
    return !(exception && handler == seen.epc) && take(l, hart, find_interrupt(l, hart, seen.epc));
  if (seen.has_cause) {
    const unsigned irq = interrupt_named(l, hart, seen.cause);
    return irq && may_take(l, hart, irq) && take(l, hart, irq);
  }
  return !(exception && handler == l->theirs.pc) &&
         take(l, hart, find_interrupt(l, hart, l->theirs.pc));
}

/* What is ready here and Spike does not take yet: it looks after instructions that write CSRs or
 * return, and when its clock moved. */
static const char *tolerate_late(lockstep *l, unsigned hart)
{
  const unsigned irq = rvh_interrupt_of(l->m, hart, pending(l, hart));
  if (!irq) {
    l->late = 0;
    return NULL;
  }
  const unsigned other = rvh_interrupt_of(l->m, hart, pending(l, hart) & ~TIMERS);
  if ((l->serialized && other) || ++l->late > LATE_MAX)
    return "Spike does not take an interrupt that is to be taken";
  l->count[other ? LS_DEVICE_LATE : LS_TIMER_LATE]++;
  return NULL;
}

/* ---- running ---- */

static void remember(lockstep *l)
{
  typeof(&l->last[0]) slot = &l->last[l->equal++ % LS_LAST];
  g_strlcpy(slot->text, l->text, sizeof slot->text);
  slot->v = l->ours.v;
  l->serialized = (l->ours.raw & 0x7f) == 0x73 && l->ours.length == 4;
  l->trap.fresh = false;
  *l->exception = 0;
}

/* A store-conditional that fails in Spike fails here, too. */
static void break_reservation(lockstep *l)
{
  const bool sc = (l->theirs.raw & 0xf800007f) == 0x1800002f && l->theirs.length == 4;
  if (sc && !l->theirs.n_mem && rvh_drop_reservation(l->m, l->theirs.hart))
    l->count[LS_SC]++;
}

/* The comparison ends at an explained difference. */
static bool ends(lockstep *l, unsigned row)
{
  l->count[row]++;
  l->explained_end = true;
  return true;
}

/* What traps here and not in Spike is the board's choice, or a CSR that Spike has for entries of
 * PMP that it has not. */
static bool refused_here(lockstep *l)
{
  const unsigned csr = csr_read_by(&l->theirs);
  if (l->trap.why == WHY_DEVICE_REFUSED)
    return ends(l, LS_REFUSED);
  const bool pmp = (csr > CSR_pmpcfg2 && csr <= CSR_pmpcfg0 + 15) ||
                   (csr > CSR_pmpaddr15 && csr <= CSR_pmpaddr0 + 63);
  return l->trap.why == WHY_NO_CSR && pmp && ends(l, LS_PMP);
}

/* The other way round: a device here takes what Spike's refuses. */
static bool refused_there(lockstep *l)
{
  uint64_t pa, gpa;
  if (l->theirs.pc == l->ours.pc || l->ours.n_mem == 0 ||
      !rvh_translate(l->m, l->ours.hart, l->ours.mem[0].addr, 1, RVH_AS_CURRENT, &pa, &gpa, NULL))
    return false;
  const bool device = pa - UART < UART_SIZE || pa - PLIC < PLIC_SIZE || pa - CLINT < CLINT_SIZE;
  return device && ends(l, LS_REFUSED);
}

/* Runs up to the next instruction that retires, and compares. NULL: it is the log's. */
static const char *follow(lockstep *l)
{
  const unsigned hart = l->theirs.hart;
  for (unsigned traps = 0; traps < TRAPS_MAX; traps++) {
    const uint64_t pc = rvh_read_pc(l->m, hart);
    const char *late = pc == l->theirs.pc ? tolerate_late(l, hart) : NULL;
    if (late)
      return late;
    if (pc != l->theirs.pc && follow_interrupt(l, hart))
      continue;
    if (pc == l->theirs.pc)
      break_reservation(l);
    l->committed = false;
    l->result = rvh_step(l->m, hart);
    if (l->committed)
      return refused_there(l) ? NULL : compare_text(l);
    if (pc != l->theirs.pc || rvh_read_pc(l->m, hart) == pc)
      continue;
    return refused_here(l) ? NULL : "an instruction that Spike executes traps here";
  }
  return "traps without end, and no instruction in between";
}

static bool start(lockstep *l, GError **error)
{
  next_line next;
  if (rvh_builtin_firmware(l->m))
    return fail(error, "give a program for a bare machine, linked at 0x80000000, or -bios FILE",
                "the built-in SBI executes no instructions, and Spike has none");
  rvh_hold(l->m);
  leave_rom(l);
  reset_as_spike(l);
  rvh_set_time(l->m, 0);
  while ((next = get_line(l, error)) == LS_LINE && l->theirs.pc >= SPIKE_ROM &&
         l->theirs.pc < SPIKE_ROM_END && l->theirs.hart < rvh_n_harts(l->m))
    skip_rom(l);
  if (next == LS_MALFORMED)
    return false;
  if (next == LS_END)
    return fail(error, "give the log of spike --log-commits --log=FILE",
                "%s: there is no instruction in it", l->name);
  rvh_observe(l->m, RV_SPIKE_MASK | 1ull << RV_EV_TRAP, observe, l);
  return true;
}

/* The program has ended here; Spike's host notices later. */
static void drain(lockstep *l)
{
  while (rv_lockstep_next(l))
    l->count[LS_AFTER]++;
}

/* From the line in l->theirs to the end of either, or to a difference. */
static bool run(lockstep *l, rvh_result *result, GError **error)
{
  next_line next = LS_LINE;
  for (; next == LS_LINE; next = get_line(l, error)) {
    if (l->theirs.hart >= rvh_n_harts(l->m))
      return fail(error, "give the machine as many as Spike had (-p): -smp N",
                  "%s, line %" G_GUINT64_FORMAT ": there is no hart %u here", l->name, l->number,
                  l->theirs.hart);
    const char *matter = follow(l);
    if (matter) {
      result->status = RVH_EXIT_EXPECT;
      rv_lockstep_explain(l, matter);
      return true;
    }
    if (!l->explained_end || l->theirs.pc == l->ours.pc)
      remember(l);
    *result = l->result;
    if (result->ended || l->explained_end)
      break;
  }
  if (next == LS_MALFORMED)
    return false;
  if (result->ended || l->explained_end)
    drain(l);
  result->status = RVH_EXIT_OK;
  return true;
}

bool rvh_lockstep(rvh_machine *m, FILE *in, const char *name, FILE *out, rvh_result *result,
                  GError **error)
{
  lockstep *l = g_new0(lockstep, 1);
  l->m = m;
  l->in = in;
  l->out = out;
  l->name = name;
  bool ok = start(l, error) && run(l, result, error);
  if (ok)
    rv_lockstep_summary(l, result);
  free(l->text);
  g_queue_clear_full(&l->ahead, free);
  g_free(l);
  return ok;
}
