/* run.c - one case: a hart in its state, the event by the real engine, the outcome.
 *
 * What a case does not mention is filled with zeros, ones and random bits in turn: it must not
 * matter. Afterwards every register is compared; what neither the case nor entry.tbl names must
 * have kept its value. Both rv_step and rv_run must agree with the case.
 */
#include "run.h"
#include "place.h"
#include <stdio.h>
#include <stdlib.h>

enum engine { STEP, FAST, N_ENGINES };
static const char *const engine_names[] = { "single step", "fast engine" };
enum { A0 = 10, A1 = 11, BUDGET = 8 };

typedef struct {
  uint64_t csr[4096], x[32], f[32], pc, memory;
  core_mode mode;
  bool v, wfi;
} snapshot;

/* One run of a case. */
typedef struct {
  runner *r;
  const trap_case *k;
  place p;
  unsigned fill;
  uint32_t bits; /* of the instruction */
  unsigned len;
  uint64_t at;  /* the address that is accessed or fetched */
  uint64_t pc;  /* where the event happens */
  uint64_t old; /* what the CSR that is accessed holds */
  bool tinst_zero;
  snapshot before, want, got;
} run;

/* ---- the runner ---- */

/* Registers that a case's situation sets, or that would raise interrupts, at once or by counting.
 */
static bool is_kept_from_filling(unsigned csr)
{
  switch (csr) {
  case CSR_satp:
  case CSR_vsatp:
  case CSR_hgatp:
  case CSR_stimecmp:
  case CSR_vstimecmp:
  case CSR_htimedelta:
  case CSR_mip:
  case CSR_hvip:
  case CSR_mtvec:
  case CSR_stvec:
  case CSR_vstvec:
  case CSR_mepc:
  case CSR_sepc:
  case CSR_vsepc:
    return true;
  default:
    return csr_is_view(csr) || g_str_has_prefix(rv_csr_name(csr), "mhpmevent") ||
           csr == CSR_pmpcfg0 || csr == CSR_pmpcfg2 ||
           (csr >= CSR_pmpaddr0 && csr <= CSR_pmpaddr15);
  }
}

void runner_init(runner *r, const rules *rules, unsigned fills)
{
  *r = (runner){ .c = core_new(), .rules = rules, .fills = fills, .errors = g_string_new(NULL) };
  place_fill(r->c);
  for (unsigned i = 0; i < 4096; i++) {
    if (!rv_csr_name(i))
      continue;
    if (!csr_is_view(i) && !csr_is_volatile(i))
      r->compared[r->n_compared++] = i;
    if (!is_kept_from_filling(i))
      r->filled[r->n_filled++] = i;
  }
}

void runner_free(runner *r)
{
  core_free(r->c);
  g_string_free(r->errors, TRUE);
}

/* ---- expressions: what a cell of an outcome means ---- */

static bool symbol(const run *n, const char *name, uint64_t *value)
{
  const struct {
    const char *name;
    uint64_t value;
  } symbols[] = { { "pc", n->pc },
                  { "insn", n->bits },
                  { "at", n->at },
                  { "PAGE", n->p.page },
                  { "GPA", n->p.gpa },
                  { "PTE", n->p.pte },
                  { "NOWHERE", NOWHERE },
                  { "MTVEC", M_VECTOR },
                  { "STVEC", place_va(&n->p, MODE_HS, HS_VECTOR) },
                  { "VSTVEC", place_va(&n->p, MODE_VS, VS_VECTOR) },
                  { "CODE", place_va(&n->p, n->k->mode, CODE) } };
  for (unsigned i = 0; i < sizeof symbols / sizeof *symbols; i++)
    if (!strcmp(symbols[i].name, name)) {
      *value = symbols[i].value;
      return true;
    }
  return false;
}

/* A number, a symbol, or the value a register or field had before. */
static bool term(const run *n, const char *text, uint64_t *value, GError **error)
{
  char *end;
  field f;
  *value = g_ascii_strtoull(text, &end, 0);
  if (*text && !*end)
    return true;
  if (symbol(n, text, value))
    return true;
  if (!field_parse(text, n->k->index, &f, NULL))
    return wrong(error,
                 "\"%s\" is no value\nwrite a number, a register, a field, or one of pc insn at "
                 "PAGE GPA PTE NOWHERE CODE, with +N",
                 text);
  *value = field_get(f, n->before.csr[f.csr]);
  return true;
}

static bool value_of(const run *n, const char *text, uint64_t *value, GError **error)
{
  g_auto(GStrv) part = g_strsplit(text, "+", -1);
  *value = 0;
  for (unsigned i = 0; part[i]; i++) {
    uint64_t v;
    if (!term(n, g_strstrip(part[i]), &v, error))
      return false;
    *value += v;
  }
  return true;
}

/* ---- the state before ---- */

static uint64_t filling(run *n, bool with_extremes)
{
  return with_extremes && n->fill == 0   ? 0
         : with_extremes && n->fill == 1 ? ~0ull
                                         : core_random(n->r->c);
}

static void fill_registers(run *n)
{
  rv_hart *h = n->r->c->h;
  for (unsigned i = 0; i < n->r->n_filled; i++)
    rv_csr_poke(h, n->r->filled[i], filling(n, true));
  /* MPRV would make another access of every load: off unless the case says so. */
  core_poke(h, CSR_mstatus, core_peek(h, CSR_mstatus) & ~mstatus_MPRV);
  core_poke(h, CSR_stimecmp, ~0ull);
  core_poke(h, CSR_vstimecmp, ~0ull);
  core_poke(h, CSR_htimedelta, filling(n, false) >> 8);
  core_poke(h, CSR_mip, 0);
  core_poke(h, CSR_hvip, 0);
  core_poke(h, CSR_mepc, LANDING + (filling(n, false) & 0x1fe));
  core_poke(h, CSR_sepc, LANDING + 0x400 + (filling(n, false) & 0x1fe));
  core_poke(h, CSR_vsepc, LANDING + 0x800 + (filling(n, false) & 0x1fe));
  for (unsigned i = 0; i < 32; i++) {
    h->x[i] = i ? filling(n, false) : 0;
    h->f[i] = filling(n, false);
  }
}

/* Vectored or not is the filling's; where the vectors are seen depends on who takes the trap. */
static void set_vectors(run *n)
{
  rv_hart *h = n->r->c->h;
  core_poke(h, CSR_mtvec, M_VECTOR | (filling(n, true) & 1));
  core_poke(h, CSR_stvec, place_va(&n->p, MODE_HS, HS_VECTOR) | (filling(n, true) & 1));
  core_poke(h, CSR_vstvec, place_va(&n->p, MODE_VS, VS_VECTOR) | (filling(n, true) & 1));
}

static void put_field(rv_hart *h, field f, uint64_t value)
{
  core_poke(h, f.csr, field_put(f, core_peek(h, f.csr), value));
}

static bool holds(rv_hart *h, const condition *x)
{
  return field_get(x->f, core_peek(h, x->f.csr)) == x->value;
}

/* Twice: a field may be writable only while another one is set. The first that does not hold. */
static const condition *apply_conditions(run *n)
{
  rv_hart *h = n->r->c->h;
  const trap_case *k = n->k;
  for (unsigned i = 0; i < 2 * k->n_conditions; i++)
    put_field(h, k->c[i % k->n_conditions].f, k->c[i % k->n_conditions].value);
  for (unsigned i = 0; i < k->n_conditions; i++)
    if (!holds(h, &k->c[i]))
      return &k->c[i];
  return NULL;
}

/* Interrupts of devices are lines, those of software are bits; what can be made pending in two ways
 * is so in odd fillings by the other one: SEI by its bit, the timers by their comparators. */
static bool set_pending(run *n, GError **error)
{
  rv_hart *h = n->r->c->h;
  const uint64_t irqs = n->k->irqs, vs = IP(VSSI) | IP(VSTI) | IP(VSEI), odd = n->fill & 1;
  const uint64_t soft = IP(SSI) | IP(STI) | IP(LCOFI) | vs | (odd ? IP(SEI) : 0);
  const uint64_t lines = IP(MSI) | IP(MTI) | IP(MEI) | (odd ? 0 : IP(SEI));
  const bool vstimecmp = odd && irqs & IP(VSTI) && core_peek(h, CSR_henvcfg) & henvcfg_STCE;
  for (unsigned i = 0; i < 64; i++)
    if (irqs & lines & 1ull << i)
      rv_set_line(h, i, true);
  core_poke(h, CSR_hvip, irqs & vs & ~(vstimecmp ? IP(VSTI) : 0));
  if (vstimecmp)
    core_poke(h, CSR_vstimecmp, 0);
  if (irqs & IP(STI) && core_peek(h, CSR_menvcfg) & menvcfg_STCE)
    core_poke(h, CSR_stimecmp, 0);
  core_poke(h, CSR_mip, irqs & soft);
  const uint64_t got = core_peek(h, CSR_mip);
  return got == irqs ||
         wrong(error, "these interrupts cannot be pending: mip reads %#" G_GINT64_MODIFIER "x",
               got);
}

/* The text of the event, or of the access to a CSR. */
static bool encode(run *n, GError **error)
{
  const trap_case *k = n->k;
  const char *text = k->kind == ON_INSN ? k->event : k->after;
  char what[200] = "";
  n->len = 4;
  if (k->csr >= 0)
    n->bits = csr_bits(k->csr, k->write ? 1 : 2, k->write ? A1 : 0, A0);
  else if (!text)
    n->bits = 0x13; /* nop */
  else if (g_str_has_prefix(text, ".word "))
    n->bits = strtoul(text + 6, NULL, 0);
  else if (!rv_asm(text, n->pc, &n->bits, &n->len, what, sizeof what))
    return wrong(error, "\"%s\": %s", text, what);
  if ((n->bits & 3) != 3)
    n->len = 2;
  return true;
}

/* What the CSR that is reached holds: with "twin" the VS CSR of that name [H-006]. */
static uint64_t reached(const run *n)
{
  const char *name = rv_csr_name(n->k->csr);
  if (!name)
    return 0;
  const bool twin = n->k->reaches && !strcmp(n->k->reaches, "twin");
  g_autofree char *reg = g_strdup_printf("%s%s", twin ? "v" : "", name);
  return core_peek(n->r->c->h, csr_number(reg));
}

static void set_registers(run *n)
{
  rv_hart *h = n->r->c->h;
  n->old = n->k->csr >= 0 ? reached(n) : 0;
  /* A write is of what is there already, and so changes nothing. */
  h->x[A1] = n->k->csr >= 0 && n->k->write ? n->old : n->at;
}

static void take_snapshot(const runner *r, snapshot *s)
{
  rv_hart *h = r->c->h;
  for (unsigned i = 0; i < r->n_compared; i++)
    s->csr[r->compared[i]] = core_peek(h, r->compared[i]);
  memcpy(s->x, h->x, sizeof s->x);
  memcpy(s->f, h->f, sizeof s->f);
  s->pc = h->pc;
  s->memory = place_hash(r->c);
  s->mode = get_mode(h);
  s->v = h->v;
  s->wfi = h->wfi;
}

static void calm(rv_hart *h)
{
  h->observe = 0;
  h->ip_lines = 0;
  h->stop = 0;
  h->wfi = h->leave = h->attention = false;
  h->reservation = ~0ull;
}

/* The hart in the case's state. Errors: the case is not possible. */
static bool prepare(run *n, GError **error)
{
  rv_hart *h = n->r->c->h;
  calm(h);
  set_mode(h, MODE_M);
  if (h->choice.ext != (TRAPS_EXT & ~n->k->without))
    core_set_extensions(n->r->c, TRAPS_EXT & ~n->k->without);
  fill_registers(n);
  place_build(n->r->c, n->k, &n->p);
  set_vectors(n);
  if (!value_of(n, n->k->at, &n->at, error))
    return false;
  const condition *broken = apply_conditions(n);
  if (broken) {
    g_autofree char *name = field_name(broken->f);
    return wrong(error,
                 "%s cannot be %" G_GINT64_MODIFIER "u here\nwrite ro if that bit is read-only",
                 name, broken->value);
  }
  n->pc = n->k->kind == ON_FETCH ? n->at : place_va(&n->p, n->k->mode, CODE);
  if (!encode(n, error) || (n->k->kind == ON_IRQ && !set_pending(n, error)))
    return false;
  rv_phys_write(&n->r->c->phys, CODE, &n->bits, n->len);
  set_registers(n);
  n->tinst_zero = filling(n, false) & 1; /* both are legal machines [H-141] */
  h->choice.tinst_zero = n->tinst_zero;
  h->observe = n->fill & 1 ? ~0ull : 0; /* being watched changes nothing */
  set_mode(h, n->k->mode);
  h->pc = n->pc;
  take_snapshot(n->r, &n->before);
  return true;
}

/* ---- the state expected after ---- */

static uint64_t with_sd(uint64_t status) /* SD sums up FS, the only such state here [H-295] */
{
  return (status & ~(1ull << 63)) | (uint64_t)((status >> 13 & 3) == 3) << 63;
}

static bool assign(run *n, const char *name, const char *value, GError **error)
{
  field f;
  uint64_t v;
  if (!value_of(n, value, &v, error))
    return false;
  if (!strcmp(name, "pc"))
    n->want.pc = v;
  else if (!strcmp(name, "waits"))
    n->want.wfi = v;
  else if (!strcmp(name, "a0"))
    n->want.x[A0] = v;
  else if (field_parse(name, n->k->index, &f, error))
    n->want.csr[f.csr] = field_put(f, n->want.csr[f.csr], v);
  else
    return false;
  return true;
}

/* "mstatus.MPP=3 mstatus.MPIE=mstatus.MIE": values are those from before. */
static bool assign_all(run *n, const char *list, GError **error)
{
  g_auto(GStrv) words = g_strsplit(list, " ", -1);
  for (unsigned i = 0; words[i]; i++) {
    char *eq = strchr(words[i], '=');
    if (!*words[i] || !strcmp(words[i], "-"))
      continue;
    if (!eq)
      return wrong(error, "\"%s\" is no assignment\nwrite NAME=VALUE", words[i]);
    *eq = 0;
    if (!assign(n, words[i], eq + 1, error))
      return false;
  }
  return true;
}

static bool write_to(run *n, const tbl_row *row, const char *column, uint64_t value, GError **error)
{
  const char *name = tbl_cell(row, column);
  g_autofree char *text = g_strdup_printf("%#" G_GINT64_MODIFIER "x", value);
  return !name || !strcmp(name, "-") || assign(n, name, text, error);
}

/* The instruction with its registers for the address replaced: "ld a0,8(a1)" is "ld a0,0(zero)"
 * [H-142], with the distance to the part at fault for a base [H-144]. Compressed: with bit 1 clear
 * [H-143]; the table writes the instruction it expands to. */
static bool transformed(run *n, const char *text, unsigned offset, uint64_t *value, GError **error)
{
  unsigned len;
  char what[200] = "";
  uint32_t bits;
  const char *open = strchr(text, '('), *digits = open;
  if (!open)
    return wrong(error, "\"%s\" has no address, so it has no transformed form", text);
  while (digits > text && g_ascii_isdigit(digits[-1]))
    digits--;
  g_autofree char *t =
      g_strdup_printf("%.*s%s(x%u)", (int)(digits - text), text, digits == open ? "" : "0", offset);
  if (!rv_asm(t, 0, &bits, &len, what, sizeof what))
    return wrong(error, "\"%s\": %s", t, what);
  *value = bits;
  return true;
}

static bool tinst_of(run *n, uint64_t *value, GError **error)
{
  const char *text = n->k->tinst;
  unsigned offset = 0;
  *value = 0;
  if (!strcmp(text, "0"))
    return true;
  if (!strcmp(text, "pte-read") || !strcmp(text, "pte-write")) {
    *value = !strcmp(text, "pte-read") ? 0x3000 : 0x3020; /* [H-139] */
    return true;
  }
  if (sscanf(text, "transformed+%u", &offset) == 1 || !strcmp(text, "transformed")) {
    if (!transformed(n, n->k->event, offset, value, error))
      return false;
  } else if (g_str_has_prefix(text, "c:")) {
    if (!transformed(n, text + 2, 0, value, error))
      return false;
    *value &= ~2ull;
  } else {
    return wrong(error,
                 "\"%s\" is no trap instruction\nwrite 0, transformed, transformed+N, "
                 "c:INSTRUCTION, pte-read or pte-write",
                 text);
  }
  if (n->tinst_zero)
    *value = 0;
  return true;
}

static target routed(const run *n)
{
  const trap_case *k = n->k;
  const unsigned mdeleg = k->interrupt ? CSR_mideleg : CSR_medeleg;
  const unsigned hdeleg = k->interrupt ? CSR_hideleg : CSR_hedeleg;
  return n->r->rules->route_to[k->mode][n->before.csr[mdeleg] >> k->index.cause & 1]
                              [n->before.csr[hdeleg] >> k->index.cause & 1];
}

static bool write_cause(run *n, const tbl_row *to, GError **error)
{
  const trap_case *k = n->k;
  uint64_t tval, gpa, tinst, gva;
  return value_of(n, k->tval, &tval, error) && value_of(n, k->gpa, &gpa, error) &&
         value_of(n, k->gva, &gva, error) && tinst_of(n, &tinst, error) &&
         write_to(n, to, "epc", n->pc + (n->k->after ? n->len : 0), error) &&
         write_to(n, to, "cause", (uint64_t)k->interrupt << 63 | k->cause, error) &&
         write_to(n, to, "tval", tval, error) && write_to(n, to, "gpa", gpa >> 2, error) &&
         write_to(n, to, "tinst", tinst, error) && write_to(n, to, "gva", gva, error);
}

/* BASE, or for an interrupt with MODE=Vectored, BASE + 4 * cause [H-184]. */
static uint64_t vector(const run *n, const tbl_row *to)
{
  const uint64_t tvec = n->before.csr[csr_number(tbl_cell(to, "vector"))];
  return (tvec & ~3ull) + (tvec & 1 && n->k->interrupt ? 4 * n->k->cause : 0);
}

static bool expect_trap(run *n, GError **error)
{
  static const core_mode mode_of_target[] = { MODE_M, MODE_HS, MODE_VS };
  const target to = n->k->to == TO_ROUTE ? routed(n) : n->k->to;
  const tbl_row *from = n->r->rules->from[n->k->mode][to], *writes = n->r->rules->writes[to];
  if (!from)
    return wrong(error, "no trap goes from %s to %s", mode_names[n->k->mode], target_names[to]);
  n->want.mode = mode_of_target[to];
  n->want.pc = vector(n, writes);
  return assign_all(n, tbl_cell(from, "then"), error) &&
         assign_all(n, tbl_cell(writes, "then"), error) && write_cause(n, writes, error);
}

/* The value a CSR instruction reads; time goes by, so of counters nothing is said. */
static void expect_read(run *n)
{
  if (n->k->csr < 0)
    return;
  n->want.x[A0] = csr_is_volatile(n->k->csr) ? n->got.x[A0] : n->old;
}

/* rd of an instruction that is no CSR access may hold anything, unless the case says what. */
static void allow_rd(run *n)
{
  rv_insn d;
  if (n->k->csr < 0 && (n->k->to == TO_NONE || n->k->after) && rv_decode(n->bits, &d) && d.rd)
    n->want.x[d.rd] = n->got.x[d.rd];
}

static bool expect(run *n, GError **error)
{
  n->want = n->before;
  n->want.wfi = false;
  allow_rd(n);
  if (n->k->to != TO_NONE) {
    if (!expect_trap(n, error))
      return false;
  } else {
    n->want.pc = n->pc + n->len;
    n->want.mode = n->k->enters >= 0 ? (core_mode)n->k->enters : n->k->mode;
    n->want.memory = n->got.memory; /* a store that completes may write what it likes */
    n->want.wfi = n->k->event && !strcmp(n->k->event, "wfi"); /* nothing is pending */
    expect_read(n);
  }
  n->want.v = mode_of[n->want.mode].v; /* in M, too, V is 0 */
  if (!assign_all(n, n->k->then, error))
    return false;
  n->want.csr[CSR_mstatus] = with_sd(n->want.csr[CSR_mstatus]);
  n->want.csr[CSR_vsstatus] = with_sd(n->want.csr[CSR_vsstatus]);
  return true;
}

/* ---- comparing ---- */

/* Of a register: the fields that differ, or all of it. */
static void compare_csr(GString *s, unsigned csr, uint64_t want, uint64_t got)
{
  unsigned count;
  const rv_csr_field *f = rv_csr_fields(&count);
  uint64_t rest = want ^ got;
  for (unsigned i = 0; i < count; i++) {
    const uint64_t mask = RV_MASK(f[i].hi, f[i].lo);
    if (f[i].csr != csr || !(rest & mask))
      continue;
    g_string_append_printf(
        s, "    %s.%s: expected %" G_GINT64_MODIFIER "x, got %" G_GINT64_MODIFIER "x\n",
        rv_csr_name(csr), f[i].name, rv_get(want, mask), rv_get(got, mask));
    rest &= ~mask;
  }
  if (rest)
    g_string_append_printf(
        s, "    %s: expected %" G_GINT64_MODIFIER "x, got %" G_GINT64_MODIFIER "x\n",
        rv_csr_name(csr), want, got);
}

static void compare_value(GString *s, const char *name, int index, uint64_t want, uint64_t got)
{
  if (want == got)
    return;
  g_string_append_printf(s, "    %s", name);
  if (index >= 0)
    g_string_append_printf(s, "%d", index);
  g_string_append_printf(s, ": expected %" G_GINT64_MODIFIER "x, got %" G_GINT64_MODIFIER "x\n",
                         want, got);
}

static char *differences(const run *n)
{
  GString *s = g_string_new(NULL);
  const snapshot *w = &n->want, *g = &n->got;
  if (w->mode != g->mode)
    g_string_append_printf(s, "    mode: expected %s, got %s\n", mode_names[w->mode],
                           mode_names[g->mode]);
  compare_value(s, "V", -1, w->v, g->v);
  compare_value(s, "pc", -1, w->pc, g->pc);
  compare_value(s, "memory (its hash)", -1, w->memory, g->memory); /* [H-470] */
  compare_value(s, "waits", -1, w->wfi, g->wfi);
  for (unsigned i = 0; i < n->r->n_compared; i++) {
    const unsigned csr = n->r->compared[i];
    if (w->csr[csr] != g->csr[csr])
      compare_csr(s, csr, w->csr[csr], g->csr[csr]);
  }
  for (unsigned i = 0; i < 32; i++) {
    compare_value(s, "x", i, w->x[i], g->x[i]);
    compare_value(s, "f", i, w->f[i], g->f[i]);
  }
  return g_string_free(s, FALSE);
}

static void report(run *n, enum engine engine, const char *diff)
{
  const tbl_row *row = n->k->row;
  g_autofree char *text = case_text(n->k);
  n->r->n_failed++;
  g_string_append_printf(n->r->errors, "%s:%u: %s\n  %s (%s, filling %u)\n%s",
                         row->table->file->path, row->line, row->text, text, engine_names[engine],
                         n->fill, diff);
}

/* ---- running ---- */

/* As the machine's loop does: an interrupt first, if one is to be taken. Behind the instruction,
 * and at every vector, the hart stays where it is. */
static void go(const run *n, enum engine engine)
{
  rv_hart *h = n->r->c->h;
  h->leave = false; /* setting a comparator asks for it */
  if (h->attention && rv_take_interrupt(h))
    return;
  if (engine == STEP)
    rv_step(h);
  else
    rv_run(h, BUDGET);
  if (n->k->after && h->attention)
    rv_take_interrupt(h);
}

static bool run_once(run *n, enum engine engine, GError **error)
{
  if (!prepare(n, error))
    return false;
  go(n, engine);
  take_snapshot(n->r, &n->got);
  n->r->n_runs++;
  if (!expect(n, error))
    return false;
  g_autofree char *diff = differences(n);
  if (*diff)
    report(n, engine, diff);
  return true;
}

/* The bit the cell needs must not be settable, everything else must. */
static bool run_read_only(run *n, GError **error)
{
  calm(n->r->c->h);
  set_mode(n->r->c->h, MODE_M);
  fill_registers(n);
  const condition *broken = apply_conditions(n);
  n->r->n_runs++;
  if (broken && broken >= n->k->c + n->k->n_conditions - 2) /* the delegation bits come last */
    return true;
  report(n, STEP, "    the cell says ro, but the delegation bits can be set so\n");
  return true;
}

bool run_case(void *ctx, const trap_case *k, GError **error)
{
  runner *r = ctx;
  g_autofree run *n = g_new0(run, 1);
  const unsigned failed = r->n_failed;
  *n = (run){ .r = r, .k = k };
  r->n_cases++;
  if (k->to == TO_READ_ONLY)
    return run_read_only(n, error);
  for (n->fill = 0; n->fill < r->fills && r->n_failed == failed; n->fill++)
    for (unsigned engine = STEP; engine < N_ENGINES && r->n_failed == failed; engine++)
      if (!run_once(n, engine, error))
        return false;
  return true;
}
