/* gdb_target.c - the registers gdb sees, and the target description that tells it of them: names,
 * fields and values are those of csr.def. [gdb manual, G Target Descriptions]
 *
 * While V=1 the S names (sstatus, sepc, ...) are what an instruction at pc would access: the VS
 * CSRs. HS's own are hs_sstatus, hs_sepc, ... in every mode, the guest's are vsstatus, vsepc, ...
 * "priv" is the nominal privilege without V, which gdb's own type for it cannot hold; "vmode" has
 * both.
 */
#include "debug/gdb.h"
#include "priv/csr.h"
#include "trace/names.h"
#include <string.h>

/* org.rvh-sim's registers, in the order of their numbers from RV_GDB_OURS. */
static const struct {
  const char *name;
  uint16_t csr; /* 0: none */
} ours[] = {
  { "vmode", 0 },
  { "icount", 0 },
  { "hs_sepc", CSR_sepc },
  { "hs_scause", CSR_scause },
  { "hs_sscratch", CSR_sscratch },
  { "hs_stvec", CSR_stvec },
  { "hs_satp", CSR_satp },
  { "hs_sstatus", CSR_sstatus },
};
enum { VMODE, ICOUNT, N_OURS = G_N_ELEMENTS(ours) };

/* ---- values ---- */

/* What a CSR number means to an instruction executed now. */
static unsigned substitute(rvh_machine *m, unsigned hart, unsigned csr)
{
  const unsigned vs = csr + (CSR_vsstatus - CSR_sstatus);
  bool v;
  rvh_vmode(m, hart, &v);
  return v && csr >> 8 == CSR_sstatus >> 8 && rv_csr_name(vs) ? vs : csr;
}

static uint64_t vmode(rvh_machine *m, unsigned hart)
{
  bool v;
  const unsigned prv = rvh_vmode(m, hart, &v);
  return prv | (uint64_t)v << 2;
}

bool rv_gdb_read_register(rvh_machine *m, unsigned hart, uint64_t number, uint64_t *value)
{
  if (number < RV_GDB_PC)
    *value = rvh_read_x(m, hart, (unsigned)number);
  else if (number == RV_GDB_PC)
    *value = rvh_read_pc(m, hart);
  else if (number < RV_GDB_CSR0)
    *value = rvh_read_f(m, hart, (unsigned)number - RV_GDB_F0);
  else if (number < RV_GDB_PRIV)
    return rvh_read_csr(m, hart, substitute(m, hart, (unsigned)number - RV_GDB_CSR0), value);
  else if (number == RV_GDB_PRIV)
    *value = vmode(m, hart) & 3;
  else if (number == RV_GDB_OURS + VMODE)
    *value = vmode(m, hart);
  else if (number == RV_GDB_OURS + ICOUNT)
    *value = rvh_hart_instructions(m, hart);
  else
    return number < RV_GDB_OURS + N_OURS &&
           rvh_read_csr(m, hart, ours[number - RV_GDB_OURS].csr, value);
  return true;
}

bool rv_gdb_write_register(rvh_machine *m, unsigned hart, uint64_t number, uint64_t value)
{
  if (number < RV_GDB_PC)
    rvh_write_x(m, hart, (unsigned)number, value);
  else if (number == RV_GDB_PC)
    rvh_write_pc(m, hart, value);
  else if (number < RV_GDB_CSR0)
    rvh_write_f(m, hart, (unsigned)number - RV_GDB_F0, value);
  else if (number < RV_GDB_PRIV)
    return rvh_write_csr(m, hart, substitute(m, hart, (unsigned)number - RV_GDB_CSR0), value);
  else
    return number > RV_GDB_OURS + ICOUNT && number < RV_GDB_OURS + N_OURS &&
           rvh_write_csr(m, hart, ours[number - RV_GDB_OURS].csr, value);
  return true;
}

/* ---- types ---- */

/* A name as gdb's expressions take it. */
static void put_name(GString *x, const char *name)
{
  for (; *name; name++)
    g_string_append_c(x, g_ascii_isalnum(*name) ? *name : '_');
}

static void put_cause_type(GString *x, const char *id)
{
  g_string_append_printf(x, "<enum id=\"%s_t\" size=\"8\">", id);
  for (unsigned cause = 0; cause < 64; cause++)
    if (rv_name_cause(cause, false)) {
      g_string_append(x, "<evalue name=\"");
      put_name(x, rv_name_cause(cause, false));
      g_string_append_printf(x, "\" value=\"%u\"/>", cause);
    }
  g_string_append(x, "</enum>\n");
}

/* The enum of a field of several bits whose values have names. */
static bool put_value_type(GString *x, const char *id, const rv_csr_field *f)
{
  bool any = false;
  for (unsigned v = 0; f->hi != f->lo && f->hi - f->lo < 6 && v < 2u << (f->hi - f->lo); v++) {
    const char *name = rv_csr_value_name(f->csr, f->name, v);
    if (!name)
      continue;
    if (!any)
      g_string_append_printf(x, "<enum id=\"%s_%s_t\" size=\"8\">", id, f->name);
    any = true;
    g_string_append_printf(x, "<evalue name=\"%s\" value=\"%u\"/>", name, v);
  }
  if (any)
    g_string_append(x, "</enum>\n");
  return any;
}

static unsigned fields_of(unsigned csr, const rv_csr_field **first, bool *bits)
{
  unsigned n, count = 0;
  const rv_csr_field *f = rv_csr_fields(&n);
  *bits = false;
  for (unsigned i = 0; i < n; i++)
    if (f[i].csr == csr) {
      if (!count++)
        *first = &f[i];
      *bits |= f[i].hi == f[i].lo;
    }
  return count;
}

/* Single bits make it flags, printed as the names of those set; wider fields alone a struct. */
static bool put_field_type(GString *x, const char *id, unsigned csr)
{
  const rv_csr_field *f;
  bool bits, named[64];
  const unsigned n = fields_of(csr, &f, &bits);
  if (n < 2)
    return false;
  for (unsigned i = 0; i < n; i++)
    named[i] = put_value_type(x, id, &f[i]);
  const char *kind = bits ? "flags" : "struct";
  g_string_append_printf(x, "<%s id=\"%s_t\" size=\"8\">", kind, id);
  for (unsigned i = 0; i < n; i++) {
    g_string_append_printf(x, "<field name=\"%s\" start=\"%u\" end=\"%u\"", f[i].name, f[i].lo,
                           f[i].hi);
    if (named[i])
      g_string_append_printf(x, " type=\"%s_%s_t\"", id, f[i].name);
    g_string_append(x, "/>");
  }
  g_string_append_printf(x, "</%s>\n", kind);
  return true;
}

/* A register and, before it, its type, as gdb wants both in one feature. id: the type's name. */
static void put_csr(GString *x, const char *name, unsigned csr, unsigned number)
{
  const char *bare = rv_csr_name(csr);
  const char *type = "int";
  g_autofree char *own = g_strdup_printf("%s_t", name);
  if (g_str_has_suffix(bare, "cause")) {
    put_cause_type(x, name);
    type = own;
  } else if (g_str_has_suffix(bare, "epc") || g_str_has_suffix(bare, "tvec")) {
    type = "code_ptr";
  } else if (put_field_type(x, name, csr)) {
    type = own;
  }
  g_string_append_printf(x, "<reg name=\"%s\" bitsize=\"64\" regnum=\"%u\" type=\"%s\"/>\n", name,
                         number, type);
}

/* ---- features ---- */

static void put_cpu(GString *x)
{
  g_string_append(x, "<feature name=\"org.gnu.gdb.riscv.cpu\">\n");
  for (unsigned i = 0; i < 32; i++)
    g_string_append_printf(x, "<reg name=\"%s\" bitsize=\"64\" regnum=\"%u\" type=\"%s\"/>\n",
                           i == 8 ? "fp" : rv_name_x(i), i,
                           i >= 2 && i <= 4 ? "data_ptr"
                           : i == 1         ? "code_ptr"
                                            : "int");
  g_string_append(x, "<reg name=\"pc\" bitsize=\"64\" regnum=\"32\" type=\"code_ptr\"/>\n"
                     "</feature>\n");
}

static void put_fpu(GString *x)
{
  static const char *const names[] = { "ft0", "ft1", "ft2",  "ft3",  "ft4", "ft5", "ft6",  "ft7",
                                       "fs0", "fs1", "fa0",  "fa1",  "fa2", "fa3", "fa4",  "fa5",
                                       "fa6", "fa7", "fs2",  "fs3",  "fs4", "fs5", "fs6",  "fs7",
                                       "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11" };
  g_string_append(x, "<feature name=\"org.gnu.gdb.riscv.fpu\">\n");
  for (unsigned i = 0; i < 32; i++)
    g_string_append_printf(x,
                           "<reg name=\"%s\" bitsize=\"64\" regnum=\"%u\" type=\"ieee_double\"/>\n",
                           names[i], RV_GDB_F0 + i);
  for (unsigned csr = CSR_fflags; csr <= CSR_fcsr; csr++)
    put_csr(x, rv_csr_name(csr), csr, RV_GDB_CSR0 + csr);
  g_string_append(x, "</feature>\n");
}

static void put_csrs(GString *x)
{
  g_string_append(x, "<feature name=\"org.gnu.gdb.riscv.csr\">\n");
  for (unsigned csr = CSR_fcsr + 1; csr < 4096; csr++)
    if (rv_csr_name(csr))
      put_csr(x, rv_csr_name(csr), csr, RV_GDB_CSR0 + csr);
  g_string_append(x, "</feature>\n");
}

static void put_ours(GString *x)
{
  g_string_append_printf(x,
                         "<feature name=\"org.gnu.gdb.riscv.virtual\">\n"
                         "<reg name=\"priv\" bitsize=\"64\" regnum=\"%u\"/>\n</feature>\n"
                         "<feature name=\"org.rvh-sim\">\n"
                         "<enum id=\"vmode_t\" size=\"8\">",
                         RV_GDB_PRIV);
  for (unsigned mode = 0; mode < 8; mode++)
    if (mode < 6 && mode != 2)
      g_string_append_printf(x, "<evalue name=\"%s\" value=\"%u\"/>",
                             rv_mode_name(mode & 3, mode >> 2), mode);
  g_string_append(x, "</enum>\n");
  for (unsigned i = 0; i < N_OURS; i++)
    if (ours[i].csr)
      put_csr(x, ours[i].name, ours[i].csr, RV_GDB_OURS + i);
    else
      g_string_append_printf(x, "<reg name=\"%s\" bitsize=\"64\" regnum=\"%u\" type=\"%s\"/>\n",
                             ours[i].name, RV_GDB_OURS + i, i == VMODE ? "vmode_t" : "uint64");
  g_string_append(x, "</feature>\n");
}

/* osabi none: for another one gdb emulates stepping itself, and so never sees a trap taken. */
GString *rv_gdb_target_xml(void)
{
  GString *x = g_string_new("<?xml version=\"1.0\"?>\n"
                            "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                            "<target version=\"1.0\">\n"
                            "<architecture>riscv:rv64</architecture>\n"
                            "<osabi>none</osabi>\n");
  put_cpu(x);
  put_fpu(x);
  put_csrs(x);
  put_ours(x);
  g_string_append(x, "</target>\n");
  return x;
}
