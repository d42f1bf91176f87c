/* field.c - names of registers and fields. */
#include "field.h"
#include "table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int csr_number(const char *name)
{
  for (unsigned i = 0; i < 4096; i++) {
    const char *n = rv_csr_name(i);
    if (n && !strcmp(n, name))
      return i;
  }
  return -1;
}

static bool is_one_of(unsigned csr, const char *const *names)
{
  const char *name = rv_csr_name(csr);
  for (; name && *names; names++)
    if (!strcmp(*names, name))
      return true;
  return false;
}

bool csr_is_view(unsigned csr)
{
  static const char *const names[] = { "sstatus", "sie",  "sip",   "hie",     "hip",       "vsie",
                                       "vsip",    "fcsr", "cycle", "instret", "scountovf", NULL };
  return is_one_of(csr, names);
}

/* scountovf shows each mode other bits. */
bool csr_is_volatile(unsigned csr)
{
  static const char *const names[] = { "cycle",    "time",      "instret", "mcycle",
                                       "minstret", "scountovf", NULL };
  return is_one_of(csr, names);
}

/* Where a field of a view is stored; bits are in the same places. */
static unsigned stored_in(unsigned csr)
{
  return csr == CSR_sstatus ? CSR_mstatus : csr == CSR_sie || csr == CSR_hie ? CSR_mie : csr;
}

static bool named_field(unsigned csr, const char *name, field *f)
{
  unsigned n;
  const rv_csr_field *all = rv_csr_fields(&n);
  for (unsigned i = 0; i < n; i++)
    if (all[i].csr == csr && !strcmp(all[i].name, name)) {
      f->hi = all[i].hi;
      f->lo = all[i].lo;
      return true;
    }
  return false;
}

static char *field_list(unsigned csr)
{
  unsigned n;
  const rv_csr_field *all = rv_csr_fields(&n);
  GString *s = g_string_new(NULL);
  for (unsigned i = 0; i < n; i++)
    if (all[i].csr == csr)
      g_string_append_printf(s, " %s", all[i].name);
  return g_string_free(s, FALSE);
}

/* "[5]", "[cause]", "[csr]" */
static bool bit_index(const char *text, indices at, field *f)
{
  unsigned bit;
  char close;
  if (!strcmp(text, "[cause]"))
    bit = at.cause;
  else if (!strcmp(text, "[csr]"))
    bit = at.csr & 31;
  else if (sscanf(text, "[%u%c", &bit, &close) != 2 || close != ']')
    return false;
  f->hi = f->lo = bit;
  return bit < 64;
}

/* mstateenN, for an access to hstateen2: mstateen2. */
static int numbered(const char *reg, unsigned of)
{
  const char *name = rv_csr_name(of);
  if (!name || !g_str_has_suffix(reg, "N"))
    return -1;
  g_autofree char *with =
      g_strdup_printf("%.*s%c", (int)strlen(reg) - 1, reg, name[strlen(name) - 1]);
  return csr_number(with);
}

bool field_parse(const char *name, indices at, field *f, GError **error)
{
  const size_t n = strcspn(name, ".[");
  g_autofree char *reg = g_strndup(name, n);
  const int plain = csr_number(reg), csr = plain >= 0 ? plain : numbered(reg, at.csr);
  if (csr < 0)
    return wrong(error, "there is no register %s\nnames are those of src/priv/csr.def", reg);
  *f = (field){ stored_in(csr), 63, 0 };
  if (!name[n] || (name[n] == '[' && bit_index(name + n, at, f)) ||
      (name[n] == '.' && named_field(csr, name + n + 1, f)))
    return true;
  g_autofree char *list = field_list(csr);
  return wrong(error, "%s has no field %s\nit has:%s, and bits as %s[5], %s[cause]", reg, name + n,
               *list ? list : " none", reg, reg);
}

char *field_name(field f)
{
  unsigned n;
  const rv_csr_field *all = rv_csr_fields(&n);
  const char *reg = rv_csr_name(f.csr);
  if (f.hi == 63 && f.lo == 0)
    return g_strdup(reg);
  for (unsigned i = 0; i < n; i++)
    if (all[i].csr == f.csr && all[i].hi == f.hi && all[i].lo == f.lo)
      return g_strdup_printf("%s.%s", reg, all[i].name);
  return g_strdup_printf("%s[%u]", reg, f.lo);
}

unsigned field_width(field f) { return f.hi - f.lo + 1; }
uint64_t field_get(field f, uint64_t word) { return rv_get(word, RV_MASK(f.hi, f.lo)); }
uint64_t field_put(field f, uint64_t word, uint64_t value)
{
  rv_put(&word, RV_MASK(f.hi, f.lo), value);
  return word;
}

bool field_can_hold(field f, uint64_t value)
{
  g_autofree char *name = field_name(f);
  const char *dot = strchr(name, '.');
  bool named = false;
  if (value >> (field_width(f) - 1) > 1)
    return false;
  for (unsigned i = 0; dot && field_width(f) <= 4 && i < 1u << field_width(f); i++)
    named |= rv_csr_value_name(f.csr, dot + 1, i) != NULL;
  return !named || rv_csr_value_name(f.csr, dot + 1, value);
}
