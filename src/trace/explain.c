/* explain.c - the `why` block: what decided a trap or a return, in the order the hart decides it,
 * with the manual's rule names. No state of its own.
 */
#include "trace/explain.h"
#include "trace/names.h"
#include "priv/csr.h"

enum { COL_LABEL = 17, COL_TEXT = 25 };

/* hedeleg bits that are read-only 0, and the hideleg bits that are not. [H-041, H-045] */
static const uint64_t HEDELEG_ZERO = 0xF10E00, HIDELEG_WRITABLE = 0x444;
static const uint64_t MIDELEG_ONE = 0x1444; /* [H-049] */

static void start_line(rv_text *t, const char *label)
{
  tab_to(t, COL_LABEL);
  put_str(t, label);
  tab_to(t, COL_TEXT);
}

static void put_rule(rv_text *t, const char *rule)
{
  put_str(t, "  (");
  put_str(t, rule);
  put_char(t, ')');
  end_line(t);
}

static void put_line(rv_text *t, const char *label, const char *text)
{
  start_line(t, label);
  put_str(t, text);
  end_line(t);
}

/* "SPV=1" */
static void put_field(rv_text *t, const char *name, uint64_t value)
{
  put_str(t, name);
  put_num(t, value);
}

/* "hstatus.SPV=1 (guest)" */
static void put_named(rv_text *t, unsigned csr, const char *field, uint64_t value)
{
  const char *name = rv_csr_value_name(csr, field, value);
  put_str(t, rv_csr_name(csr));
  put_char(t, '.');
  put_str(t, field);
  put_field(t, "=", value);
  if (name) {
    put_str(t, " (");
    put_str(t, name);
    put_char(t, ')');
  }
}

/* ---- insn ---- */

/* The register an access takes its address from, or 0. */
static unsigned base_register(uint32_t raw)
{
  unsigned rs1 = raw >> 15 & 31, rs1_c = 8 + (raw >> 7 & 7), funct3_c = raw >> 13 & 7;
  switch (raw & 3) {
  case 0: /* c.fld, c.lw, c.ld; c.fsd, c.sw, c.sd */
    return funct3_c != 0 && funct3_c != 4 ? rs1_c : 0;
  case 1:
    return 0;
  case 2: /* the same relative to sp */
    return funct3_c != 0 && funct3_c != 4 ? 2 : 0;
  }
  switch (raw & 0x7f) {
  case 0x03: /* load, load-fp, store, store-fp, amo */
  case 0x07:
  case 0x23:
  case 0x27:
  case 0x2f:
    return rs1;
  case 0x0f: /* cbo.* */
    return (raw >> 12 & 7) == 2 ? rs1 : 0;
  case 0x73: /* hlv, hlvx, hsv */
    return (raw >> 12 & 7) == 4 ? rs1 : 0;
  }
  return 0;
}

/* As whom the access was made, if that is not the current mode. [H-251, H-261] */
static void put_effective(rv_text *t, const rv_event *e)
{
  const rv_walk_log *w = e->walk;
  if (!w || !(w->mprv || w->hlv || w->hlvx))
    return;
  put_field(t, "  effective: V=", w->v);
  put_str(t, " priv=");
  put_str(t, w->prv == PRV_M ? "M" : w->prv == PRV_S ? "S" : "U");
  if (w->mprv)
    put_str(t, " (by mstatus.MPRV, MPV and MPP)");
  else if (w->hlvx)
    put_str(t, " (hlvx: by hstatus.SPVP, needs X instead of R)");
  else
    put_str(t, " (hlv, hsv: by hstatus.SPVP)");
}

/* The faulting address is shown as it was accessed [H-459]. */
static void put_masking(rv_text *t, const rv_event *e)
{
  if (!e->walk || !e->walk->pmlen)
    return;
  put_str(t, "  pointer masking ignores the upper ");
  put_dec(t, e->walk->pmlen, 0);
  put_str(t, " bits");
}

static bool is_fetch_fault(uint64_t cause)
{
  return cause <= CAUSE_FETCH_ACCESS || cause == CAUSE_FETCH_PAGE ||
         cause == CAUSE_FETCH_GUEST_PAGE;
}

static void explain_insn(rv_text *t, const rv_trace_source *s, const rv_event *e)
{
  if (e->u.trap.interrupt) {
    put_line(t, "insn", "none: the interrupt comes between instructions");
    return;
  }
  start_line(t, "insn");
  if (e->has_raw) {
    char insn[96] = "";
    s->disasm(insn, sizeof insn, e->pc, e->raw);
    put_str(t, insn);
    unsigned base = base_register(e->raw);
    if (base && e->x) {
      put_str(t, "  ");
      put_str(t, rv_name_x(base));
      put_char(t, '=');
      put_hex(t, e->x[base], 1);
    }
  } else {
    put_str(t, is_fetch_fault(e->u.trap.cause) ? "not fetched" : "not recorded");
  }
  put_effective(t, e);
  put_masking(t, e);
  end_line(t);
}

/* ---- walk ---- */

static const char *scheme(unsigned mode, bool x4)
{
  switch (mode) {
  case 0:
    return "Bare";
  case 8:
    return x4 ? "Sv39x4" : "Sv39";
  case 9:
    return x4 ? "Sv48x4" : "Sv48";
  case 10:
    return x4 ? "Sv57x4" : "Sv57";
  }
  return "reserved MODE";
}

static unsigned top_level(unsigned mode) { return mode >= 8 && mode <= 10 ? mode - 6 : 2; }

int rv_implicit_level(const rv_walk_log *w)
{
  if (!w || !w->v || !w->modes[1])
    return -1;
  int level = top_level(w->modes[1]);
  unsigned n = w->n < RV_WALK_MAX ? w->n : RV_WALK_MAX;
  for (unsigned i = 0; i < n; i++)
    if (w->step[i].stage == 1) /* this PTE was read: the next one is a level down */
      level = (int)w->step[i].level - 1;
  return level;
}

static void put_root(rv_text *t, const rv_walk_log *w, unsigned stage, const char *name)
{
  put_str(t, name);
  put_str(t, scheme(w->modes[stage], stage == 2));
  if (w->modes[stage]) {
    put_str(t, stage == 1 ? " root gpa " : " root pa ");
    put_hex(t, w->roots[stage], 8);
  }
}

static void put_walk_head(rv_text *t, const rv_walk_log *w, uint64_t va)
{
  static const char *const access[] = { "fetch", "load", "store", "cache-block management" };
  put_str(t, access[w->access & 3]);
  put_str(t, w->v ? " at gva " : " at va ");
  put_hex(t, va, 8);
  put_str(t, " as ");
  put_str(t, rv_mode_name(w->prv, w->v));
  if (w->v) {
    put_root(t, w, 1, ": VS-stage ");
    put_root(t, w, 2, ", G-stage ");
  } else {
    put_root(t, w, 0, ": ");
  }
  end_line(t);
}

static void put_page_size(rv_text *t, const rv_walk_step *step)
{
  static const char *const sizes[] = { "4KiB", "2MiB", "1GiB", "512GiB", "256TiB" };
  bool napot = step->level == 0 && step->pte >> 63;
  put_str(t, napot ? "64KiB" : sizes[step->level < 5 ? step->level : 4]);
}

/* "[2]=3 pte 400000cf at gpa 80008018  DA--XWRV" */
static void put_pte(rv_text *t, const rv_walk_log *w, const rv_walk_step *step)
{
  unsigned stage = step->stage < 3 ? step->stage : 0;
  /* The x4 schemes' root table has 2048 entries. [priv hypervisor#sv39x4] */
  bool wide = stage == 2 && step->level == top_level(w->modes[2]);
  put_char(t, '[');
  put_dec(t, step->level, 0);
  put_str(t, "]=");
  unsigned shift = 12 + 9 * (step->level < 5 ? step->level : 4);
  put_num(t, step->va >> shift & (wide ? 0x7ff : 0x1ff));
  put_str(t, " pte ");
  put_hex(t, step->pte, 1);
  put_str(t, stage == 1 ? " at gpa " : " at pa ");
  put_hex(t, step->at, 8);
  put_str(t, "  ");
  for (int bit = 7; bit >= 0; bit--)
    put_char(t, step->pte >> bit & 1 ? "VRWXUGAD"[bit] : '-');
  if (step->pte >> 61 & 3)
    put_field(t, " PBMT=", step->pte >> 61 & 3);
}

/* Refusals that come before, or instead of, a PTE. */
static bool has_pte(const rv_walk_step *step)
{
  return step->why != WHY_VA_NOT_CANONICAL && step->why != WHY_GPA_TOO_WIDE &&
         step->why != WHY_PTE_ACCESS;
}

static void put_step_result(rv_text *t, const rv_walk_step *step)
{
  if (step->why) {
    const char *rule, *text = rv_name_why(step->why, &rule);
    put_str(t, has_pte(step) ? "  refused: " : "refused: ");
    put_str(t, text);
    put_rule(t, rule);
    return;
  }
  if (step->leaf) {
    put_str(t, " leaf ");
    put_page_size(t, step);
  }
  put_str(t, step->leaf ? " -> " : " -> table at ");
  put_str(t, step->stage == 1 ? "gpa " : "pa ");
  put_hex(t, step->result, 8);
  end_line(t);
}

/* G-stage steps are indented under the VS-stage step they serve. */
static void put_step(rv_text *t, const rv_walk_log *w, const rv_walk_step *step)
{
  start_line(t, "");
  if (step->stage == 2) {
    put_str(t, step->for_pte ? "  G for the PTE at gpa " : "  G gpa ");
    put_hex(t, step->va, 8);
    put_char(t, ' ');
  } else {
    put_str(t, step->stage == 1 ? "VS " : "");
  }
  if (has_pte(step))
    put_pte(t, w, step);
  put_step_result(t, step);
}

static uint64_t faulting_va(const rv_event *e)
{
  for (unsigned i = 0; i < e->walk->n && i < RV_WALK_MAX; i++)
    if (e->walk->step[i].stage < 2)
      return e->walk->step[i].va;
  return e->u.trap.tval;
}

/* The step that refused, or NULL. */
static const rv_walk_step *refusal(const rv_walk_log *w)
{
  for (unsigned i = 0; w && i < w->n && i < RV_WALK_MAX; i++)
    if (w->step[i].why)
      return &w->step[i];
  return NULL;
}

static void explain_walk(rv_text *t, const rv_event *e)
{
  const rv_walk_log *w = e->walk;
  if (!w || !w->n)
    return;
  start_line(t, "walk");
  put_walk_head(t, w, faulting_va(e));
  for (unsigned i = 0; i < w->n && i < RV_WALK_MAX; i++)
    put_step(t, w, &w->step[i]);
}

static void explain_why(rv_text *t, const rv_event *e)
{
  const char *rule, *text = rv_name_why(e->u.trap.why, &rule);
  if (!*text || refusal(e->walk))
    return;
  start_line(t, "why");
  put_str(t, text);
  put_rule(t, rule);
}

/* ---- route ---- */

static void put_bit(rv_text *t, const char *reg, uint64_t cause, bool set)
{
  put_str(t, reg);
  put_char(t, '[');
  put_dec(t, cause, 0);
  put_str(t, set ? "]=1" : "]=0");
}

/* The second decision: the hypervisor delegates on to its guest, or not. */
static void put_guest_route(rv_text *t, const rv_event *e, bool was_v)
{
  bool irq = e->u.trap.interrupt;
  uint64_t cause = e->u.trap.cause & 63;
  const char *reg = irq ? "hideleg" : "hedeleg";
  bool set = e->u.trap.hdeleg >> cause & 1;
  bool fixed = irq ? !(HIDELEG_WRITABLE >> cause & 1) : HEDELEG_ZERO >> cause & 1;
  if (!was_v) {
    put_str(t, "V=0 ignores ");
    put_str(t, reg);
    put_str(t, " -> HS");
    return;
  }
  put_str(t, "V=1 and ");
  if (fixed && !set) {
    put_str(t, reg);
    put_char(t, '[');
    put_dec(t, cause, 0);
    put_str(t, "] is read-only 0 -> HS");
  } else {
    put_bit(t, reg, cause, set);
    put_str(t, set ? " -> VS" : " -> HS");
  }
}

/* [norm:H_trap_deleg; H-043, H-047, H-174] */
static void explain_route(rv_text *t, const rv_event *e, bool was_v)
{
  bool irq = e->u.trap.interrupt;
  uint64_t cause = e->u.trap.cause & 63;
  const char *reg = irq ? "mideleg" : "medeleg";
  bool set = e->u.trap.mdeleg >> cause & 1;
  unsigned by = 0;
  const char *injector = irq ? rv_name_injector(e->u.trap.why, cause, &by) : NULL;
  start_line(t, "route");
  if (injector) {
    put_bit(t, injector, by, true);
    put_str(t, e->to_v ? ", whatever hideleg -> VS" : ", whatever mideleg -> HS");
  } else if (e->type == RV_EV_REDIRECT) {
    put_str(t, "the firmware hands it on as if ");
    put_bit(t, reg, cause, true);
    put_str(t, "; ");
    put_guest_route(t, e, was_v);
  } else if (e->from_prv == PRV_M && !e->from_v) {
    put_str(t, "from M: traps never go to a less privileged mode -> M");
  } else if (!set) {
    put_bit(t, reg, cause, false);
    put_str(t, " -> M");
  } else {
    put_bit(t, reg, cause, true);
    put_str(t, irq && (MIDELEG_ONE >> cause & 1) ? " (read-only) -> not M; " : " -> not M; ");
    put_guest_route(t, e, was_v);
  }
  put_rule(t, "H_trap_deleg");
}

/* ---- wrote ---- */

static bool is_cause_csr(unsigned csr)
{
  return csr == CSR_scause || csr == CSR_mcause || csr == CSR_vscause;
}

/* A CSR whose fields say more than its value: the status registers. */
static bool has_fields(unsigned csr)
{
  unsigned n;
  const rv_csr_field *f = rv_csr_fields(&n);
  if (is_cause_csr(csr))
    return false;
  for (unsigned i = 0; i < n; i++)
    if (f[i].csr == csr)
      return true;
  return false;
}

static void put_csr_name(rv_text *t, unsigned csr)
{
  const rv_csr_desc *desc = rv_csr_describe(csr);
  if (desc) {
    put_str(t, desc->name);
  } else {
    put_str(t, "csr 0x");
    put_hex(t, csr, 3);
  }
}

/* "scause=21", "htval=40000010 (gpa>>2)" */
static void put_plain_change(rv_text *t, const rv_csr_change *c)
{
  put_csr_name(t, c->csr);
  put_char(t, '=');
  if (is_cause_csr(c->csr)) {
    put_str(t, c->after >> 63 ? "int " : "");
    put_dec(t, c->after & ~0ull >> 1, 0);
  } else {
    bool insn = (c->csr == CSR_htinst || c->csr == CSR_mtinst) && c->after;
    put_hex(t, c->after, insn ? 8 : 1);
  }
  if ((c->csr == CSR_htval || c->csr == CSR_mtval2) && c->after)
    put_str(t, " (gpa>>2)");
}

/* "SPV 0->1 (host->guest)" */
static void put_field_change(rv_text *t, const rv_csr_field *f, uint64_t before, uint64_t after)
{
  const char *from = rv_csr_value_name(f->csr, f->name, before);
  const char *to = rv_csr_value_name(f->csr, f->name, after);
  put_char(t, ' ');
  put_str(t, f->name);
  put_char(t, ' ');
  put_num(t, before);
  put_str(t, "->");
  put_num(t, after);
  if (from && to) {
    put_str(t, " (");
    put_str(t, from);
    put_str(t, "->");
    put_str(t, to);
    put_char(t, ')');
  }
}

/* "hstatus 200000100->2000001c0: SPV 0->1 (host->guest) GVA 0->1" */
static void put_fields_change(rv_text *t, const rv_csr_change *c)
{
  put_csr_name(t, c->csr);
  put_char(t, ' ');
  put_hex(t, c->before, 1);
  if (c->before == c->after) {
    put_str(t, " unchanged");
    end_line(t);
    return;
  }
  put_str(t, "->");
  put_hex(t, c->after, 1);
  put_char(t, ':');
  unsigned n;
  const rv_csr_field *f = rv_csr_fields(&n);
  uint64_t known = 0;
  for (unsigned i = 0; i < n; i++) {
    uint64_t mask = RV_MASK(f[i].hi, f[i].lo);
    if (f[i].csr != c->csr || !((c->before ^ c->after) & mask))
      continue;
    put_field_change(t, &f[i], rv_get(c->before, mask), rv_get(c->after, mask));
    known |= mask;
  }
  if ((c->before ^ c->after) & ~known)
    put_str(t, " (and bits without a name)");
  end_line(t);
}

static const char *write_rule(const rv_event *e)
{
  if (e->type == RV_EV_XRET)
    return e->u.xret.mret ? "mret_h" : e->from_v ? "sret_v1" : "sret_v0";
  return e->to_prv == PRV_M ? "H_trap_m_csrwrites"
         : e->to_v          ? "H_trap_vs_csrwrites"
                            : "H_trap_hs_csrwrites";
}

/* The CSRs that just hold a value share the first line; the others have one each. */
static void explain_writes(rv_text *t, const rv_event *e)
{
  unsigned n = e->change ? e->n_change : 0, plain = 0;
  if (!n)
    return;
  start_line(t, "wrote");
  for (unsigned i = 0; i < n; i++)
    if (!has_fields(e->change[i].csr)) {
      put_str(t, plain++ ? " " : "");
      put_plain_change(t, &e->change[i]);
    }
  if (e->from_v != e->to_v) {
    put_field(t, plain ? "  V " : "V ", e->from_v);
    put_field(t, "->", e->to_v);
  } else if (!plain) {
    put_field(t, "V stays ", e->to_v);
  }
  put_rule(t, write_rule(e));
  for (unsigned i = 0; i < n; i++)
    if (has_fields(e->change[i].csr)) {
      start_line(t, "");
      put_fields_change(t, &e->change[i]);
    }
}

/* ---- hints ---- */

static void put_hint(rv_text *t, const char *text) { put_line(t, "hint", text); }

static bool is_guest_page_fault(const rv_event *e)
{
  uint64_t cause = e->u.trap.cause;
  return !e->u.trap.interrupt &&
         (cause == CAUSE_FETCH_GUEST_PAGE || cause == CAUSE_LOAD_GUEST_PAGE ||
          cause == CAUSE_STORE_GUEST_PAGE);
}

static void hint_gpa(rv_text *t, const rv_trace_source *s, const rv_event *e)
{
  uint64_t gpa = e->u.trap.gpa;
  if (!e->u.trap.has_gpa)
    return;
  start_line(t, "hint");
  put_str(t, "gpa ");
  put_hex(t, gpa, 1);
  put_str(t, s->is_ram(s->ctx, gpa)
                 ? " is a RAM address of the machine: is its G-stage mapping missing?"
                 : " is outside every RAM of the machine: MMIO emulation expected here?");
  end_line(t);
}

/* A G-stage refusal while the guest's own table was read. [norm:H_vm_gpapriv; H-132, H-138] */
static void hint_implicit(rv_text *t)
{
  put_hint(t, "the guest's own page table was being read or updated: map that gpa, or give the "
              "guest a page fault");
  put_hint(t, "there is no load or store to emulate: do not add to sepc");
}

static void hint_guest_page_fault(rv_text *t, const rv_trace_source *s, const rv_event *e)
{
  const rv_walk_step *step = refusal(e->walk);
  unsigned why = step ? step->why : e->u.trap.why;
  bool implicit = step && step->for_pte;
  if (implicit)
    hint_implicit(t);
  if (why == WHY_PTE_NO_U)
    put_hint(t, "at the G-stage every access is as user: set U=1 in the G-stage leaf");
  else if (why == WHY_PTE_INVALID && !implicit)
    hint_gpa(t, s, e);
}

/* hedeleg alone delegates nothing. [H-043] */
static void hint_delegation(rv_text *t, const rv_event *e, bool was_v)
{
  uint64_t cause = e->u.trap.cause & 63;
  if (e->type != RV_EV_TRAP || !was_v || (e->u.trap.mdeleg >> cause & 1) ||
      !(e->u.trap.hdeleg >> cause & 1))
    return;
  start_line(t, "hint");
  put_bit(t, e->u.trap.interrupt ? "hideleg" : "hedeleg", cause, true);
  put_str(t, " has no effect by itself while ");
  put_bit(t, e->u.trap.interrupt ? "mideleg" : "medeleg", cause, false);
  put_str(t, ": M-mode gets this trap first");
  end_line(t);
}

static void explain_hints(rv_text *t, const rv_trace_source *s, const rv_event *e, bool was_v)
{
  const rv_walk_step *step = refusal(e->walk);
  hint_delegation(t, e, was_v);
  if (is_guest_page_fault(e))
    hint_guest_page_fault(t, s, e);
  switch (step ? step->why : e->u.trap.why) {
  case WHY_PTE_A_OFF:
  case WHY_PTE_D_OFF:
    put_hint(t, "set A and D in the PTE beforehand, or let the hart do it: --adue, or "
                "menvcfg.ADUE (G-stage) and henvcfg.ADUE (VS-stage)");
    break;
  case WHY_HCOUNTEREN:
    put_hint(t, "set the counter's bit in hcounteren to let the guest read it without an exit");
    break;
  case WHY_FS_OFF:
    put_hint(t, "with V=1 both vsstatus.FS and HS's sstatus.FS must be other than Off");
    break;
  }
}

void rv_explain_trap(rv_text *t, const rv_trace_source *s, const rv_event *e, bool was_v)
{
  if (e->type != RV_EV_REDIRECT) { /* of a redirect the line above has said it */
    explain_insn(t, s, e);
    explain_walk(t, e);
    explain_why(t, e);
  }
  explain_route(t, e, was_v);
  explain_writes(t, e);
  explain_hints(t, s, e, was_v);
}

/* ---- xRET ---- */

static void put_result_mode(rv_text *t, const rv_event *e, const char *rule)
{
  put_str(t, " -> ");
  put_str(t, rv_mode_name(e->to_prv, e->to_v));
  put_rule(t, rule);
}

/* [norm:mret_h; H-178] */
static void explain_mret(rv_text *t, const rv_event *e)
{
  uint64_t status = e->u.xret.status, mpp = rv_get(status, mstatus_MPP);
  start_line(t, "reads");
  put_named(t, CSR_mstatus, "MPV", rv_get(status, mstatus_MPV));
  put_str(t, " ");
  put_named(t, CSR_mstatus, "MPP", mpp);
  put_field(t, " mstatus.MPIE=", rv_get(status, mstatus_MPIE));
  end_line(t);
  start_line(t, "mode");
  if (mpp == PRV_M) {
    put_str(t, "privilege:=MPP=3, so MPV is ignored");
  } else {
    put_field(t, "V:=MPV=", rv_get(status, mstatus_MPV));
    put_field(t, ", privilege:=MPP=", mpp);
  }
  put_result_mode(t, e, "mret_h");
  put_line(t, "then", "MPV:=0 MPP:=0 (U) MIE:=MPIE MPIE:=1; MPRV:=0 unless the new mode is M");
}

/* [norm:sret_v1; H-180] */
static void explain_sret_vs(rv_text *t, const rv_event *e)
{
  uint64_t status = e->u.xret.status, spp = rv_get(status, vsstatus_SPP);
  start_line(t, "reads");
  put_named(t, CSR_vsstatus, "SPP", spp);
  put_field(t, " vsstatus.SPIE=", rv_get(status, vsstatus_SPIE));
  end_line(t);
  start_line(t, "mode");
  put_field(t, "V stays 1, hstatus is not read; privilege:=SPP=", spp);
  put_result_mode(t, e, "sret_v1");
  put_line(t, "then", "vsstatus: SPP:=0 SIE:=SPIE SPIE:=1");
}

/* [norm:sret_v0; H-179, H-181] */
static void explain_sret_hs(rv_text *t, const rv_event *e)
{
  uint64_t status = e->u.xret.status, hstatus = e->u.xret.hstatus;
  start_line(t, "reads");
  put_named(t, CSR_hstatus, "SPV", rv_get(hstatus, hstatus_SPV));
  put_str(t, " ");
  put_named(t, CSR_sstatus, "SPP", rv_get(status, mstatus_SPP));
  put_field(t, " sstatus.SPIE=", rv_get(status, mstatus_SPIE));
  put_field(t, "; not read: hstatus.SPVP=", rv_get(hstatus, hstatus_SPVP));
  end_line(t);
  start_line(t, "mode");
  put_field(t, "V:=SPV=", rv_get(hstatus, hstatus_SPV));
  put_field(t, ", privilege:=SPP=", rv_get(status, mstatus_SPP));
  put_result_mode(t, e, "sret_v0");
  put_line(t, "then", "SPV:=0 SPP:=0 (U) SIE:=SPIE SPIE:=1 MPRV:=0; SPVP and GVA stay");
}

/* Returns that go elsewhere than a hypervisor means them to. */
static void hint_sret_mode(rv_text *t, const rv_event *e, const rv_trace_exit *exit,
                           bool from_guest)
{
  if (e->u.xret.mret || e->from_v)
    return;
  if (!e->to_v && from_guest && exit->open) {
    start_line(t, "hint");
    put_str(t, "the last trap came from the guest, but SPV=0: you are going to ");
    put_str(t, rv_mode_name(e->to_prv, false));
    put_str(t, ", not to the guest");
    end_line(t);
  }
  if (!e->to_v || e->to_prv != PRV_U || (exit->open && exit->from_prv == PRV_U))
    return;
  put_hint(t, "SPV=1 with SPP=0 enters VU, not VS: set sstatus.SPP to enter the guest's kernel");
  if (e->u.xret.hstatus & hstatus_SPVP)
    put_hint(t, "hstatus.SPVP=1 is not what selects VS: it is for hlv and hsv");
}

/* Resuming inside the instruction, past more than it, or at the same ecall again. */
static void hint_resume(rv_text *t, const rv_event *e, const rv_trace_exit *exit)
{
  if (!e->to_v || e->from_v || !exit->open || exit->interrupt)
    return;
  uint64_t delta = e->dest - exit->pc;
  bool ecall = exit->cause >= CAUSE_ECALL_U && exit->cause <= CAUSE_ECALL_M;
  unsigned length = (exit->raw & 3) == 3 ? 4 : 2;
  if (delta == 0 && ecall)
    put_hint(t, "resumes at the same ecall, which will be executed again: add 4 to sepc");
  if (exit->has_raw && delta == 4 && length == 2)
    put_hint(t, "the instruction at the exit is 2 bytes long: +4 skips what follows it as well");
  if (exit->has_raw && delta == 2 && length == 4)
    put_hint(t, "the instruction at the exit is 4 bytes long: +2 resumes in the middle of it");
}

void rv_explain_xret(rv_text *t, const rv_event *e, const rv_trace_exit *exit, bool from_guest)
{
  if (e->u.xret.mret)
    explain_mret(t, e);
  else if (e->from_v)
    explain_sret_vs(t, e);
  else
    explain_sret_hs(t, e);
  explain_writes(t, e);
  hint_sret_mode(t, e, exit, from_guest);
  hint_resume(t, e, exit);
}

/* ---- SBI, registers ---- */

void rv_explain_sbi(rv_text *t, const rv_event *e)
{
  start_line(t, "call");
  put_str(t, "eid 0x");
  put_hex(t, e->u.sbi.eid, 1);
  put_str(t, " fid 0x");
  put_hex(t, e->u.sbi.fid, 1);
  for (unsigned i = 0; i < 6; i++) {
    put_char(t, ' ');
    put_str(t, rv_name_x(10 + i));
    put_char(t, '=');
    put_hex(t, e->u.sbi.arg[i], 1);
  }
  end_line(t);
}

void rv_explain_registers(rv_text *t, const uint64_t *before, const uint64_t *after)
{
  start_line(t, "regs");
  put_str(t, "handler changed");
  bool changed = false;
  for (unsigned i = 1; i < 32; i++) {
    if (before[i] == after[i])
      continue;
    put_str(t, changed ? ", " : " ");
    put_str(t, rv_name_x(i));
    put_char(t, ' ');
    put_hex(t, before[i], 1);
    put_str(t, "->");
    put_hex(t, after[i], 1);
    changed = true;
  }
  put_str(t, changed ? "" : " no integer register");
  end_line(t);
}
