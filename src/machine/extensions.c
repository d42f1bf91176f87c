/* extensions.c - which extensions a machine has: -cpu's switches, and the ISA that the device tree
 * tells. All out of cpu/ext.def.
 */
#include "cpu/ext.h"
#include "machine/machine.h"
#include <string.h>

enum { ALWAYS = 2, ON = 1, OFF = 0, PART = 16 };
#define OF(ext) (PART + EXT_##ext)
static const struct {
  const char *name, *brief;
  unsigned state;
} table[] = {
#define EXT(id, name, state, spec, brief) { name, brief, state },
#include "cpu/ext.def"
};

/* What makes no sense without another one. */
static const struct {
  rv_ext ext, needs;
} depends[] = { { EXT_Shlcofideleg, EXT_Sscofpmf }, { EXT_Zfh, EXT_Zfhmin } };

/* An IMSIC is used by CSRs that come with it. */
static uint64_t of_board(const rvh_config *config)
{
  const uint64_t csrs = 1ull << EXT_Smaia; /* which Ssaia comes with */
  return config->aia == RVH_AIA_APLIC_IMSIC ? csrs : 0;
}

uint64_t rv_extensions(const rvh_config *config)
{
  return (config->extensions ? config->extensions : RV_EXT_DEFAULT) | of_board(config);
}

const char *rvh_extension(unsigned i, bool *on, const char **brief)
{
  for (unsigned e = 0; e < N_EXT; e++) {
    if (table[e].state >= ALWAYS || i--)
      continue;
    *on = table[e].state == ON;
    *brief = table[e].brief;
    return table[e].name;
  }
  return NULL;
}

static bool refuse(const char *name, const char *way_out, GError **error)
{
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-cpu: %s\n%s", name, way_out);
  return false;
}

/* In any case: older QEMU writes some with a capital. */
static int find(const char *name)
{
  for (int e = 0; e < N_EXT; e++)
    if (table[e].name && !g_ascii_strcasecmp(table[e].name, name))
      return e;
  return -1;
}

/* On comes with what it needs, off goes with what needs it: the last word holds. */
static uint64_t switched(uint64_t set, rv_ext e, bool on)
{
  set = on ? set | 1ull << e : set & ~(1ull << e);
  for (unsigned i = 0; i < G_N_ELEMENTS(depends); i++)
    if (e == (on ? depends[i].ext : depends[i].needs))
      set = switched(set, on ? depends[i].needs : depends[i].ext, on);
  return set;
}

/* The row whose switch decides about row e. */
static int switch_of(int e)
{
  return e >= 0 && table[e].state >= PART ? (int)table[e].state - PART : e;
}

/* QEMU's words for what this machine has without a switch: "h=true" and other letters, "sv57=on".
 */
static bool is_fixed(const char *name)
{
  static const char *const words[] = { "sv39", "sv48", "sv57", "mmu", "pmp", NULL };
  return (strlen(name) == 1 && strchr("imafdchsug", name[0])) || g_strv_contains(words, name);
}

bool rvh_set_extension(rvh_config *config, const char *name, bool on, GError **error)
{
  const int e = switch_of(find(name));
  if (!strcmp(name, "max")) {
    config->extensions = RV_EXT_ALL;
    return true;
  }
  if (is_fixed(name) || (e >= 0 && table[e].state == ALWAYS)) {
    g_autofree char *what = g_strdup_printf("'%s' cannot be switched off", name);
    return on || refuse(what, "this machine always has it; leave the word out", error);
  }
  if (e < 0) {
    g_autofree char *what = g_strdup_printf("there is no extension '%s' here", name);
    return !on || refuse(what, "-cpu help lists those that can be switched", error);
  }
  config->extensions = switched(rv_extensions(config), e, on);
  return true;
}

/* A kernel that is told of svade leaves hardware A/D update off; with --adue it is on from the
 * start, so svade is left out. */
static bool is_told(const rvh_config *config, unsigned e)
{
  return table[e].name && rv_extensions(config) >> switch_of(e) & 1 &&
         !(e == EXT_Svade && config->adue);
}

char *rv_isa_string(const rvh_config *config, const char *list[N_EXT + 8])
{
  static const char *const letters[] = { "i", "m", "a", "f", "d", "c", "h" };
  GString *isa = g_string_new("rv64");
  unsigned n = 0;
  for (; n < G_N_ELEMENTS(letters); n++)
    g_string_append(isa, list[n] = letters[n]);
  for (unsigned e = 0; e < N_EXT; e++)
    if (is_told(config, e))
      g_string_append_printf(isa, "_%s", list[n++] = table[e].name);
  list[n] = NULL;
  return g_string_free(isa, FALSE);
}
