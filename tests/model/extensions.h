/* extensions.h - which extensions the machine has, and what the model calls them. What the
 * machine's table does not have is off in the model.
 */
#ifndef RVH_TESTS_MODEL_EXTENSIONS_H
#define RVH_TESTS_MODEL_EXTENSIONS_H
#include "cpu/ext.h"
#include "cpu/hart.h"
#include "csr.h"
#include <string.h>

/* The names under which the model knows what it has a rule for. */
static const struct {
  const char *name;
  uint32_t ext;
} extension_names[] = {
  { "sstc", X_SSTC },           { "svadu", X_SVADU },
  { "svpbmt", X_SVPBMT },       { "svnapot", X_SVNAPOT },
  { "svinval", X_SVINVAL },     { "ssnpm", X_SSNPM },
  { "smnpm", X_SMNPM },         { "smmpm", X_SMMPM },
  { "smstateen", X_SMSTATEEN }, { "zicbom", X_ZICBOM },
  { "zicboz", X_ZICBOZ },       { "zihpm", X_HPM },
  { "sscofpmf", X_SSCOFPMF },   { "zawrs", X_ZAWRS },
  { "smcntrpmf", X_SMCNTRPMF }, { "shlcofideleg", X_SHLCOFIDELEG },
};

/* The extensions of the machine, by row of ext.def. */
enum { EXT_IS_ALWAYS = -1, EXT_IS_ON = -2, EXT_IS_OFF = -3 };
#define EXT_IS_OF(id) EXT_##id /* a part of that one */
static const struct {
  const char *name;
  int state;
} extension_rows[] = {
#define EXT(id, name, state, spec, brief) { name, EXT_IS_##state },
#include "cpu/ext.def"
};

static inline uint32_t extension_of(const char *name)
{
  for (unsigned i = 0; name && i < sizeof extension_names / sizeof *extension_names; i++)
    if (!strcmp(extension_names[i].name, name))
      return extension_names[i].ext;
  return 0;
}

/* Sets the machine's extensions and tells the model: of those the model knows, the ones in wanted
 * (as far as they can be switched). Returns which the machine has of the model's. */
static inline uint32_t set_extensions(rv_hart *h, uint32_t wanted)
{
  uint64_t ext = 0;
  uint32_t known = 0;
  for (unsigned i = 0; i < N_EXT; i++) {
    const uint32_t x = extension_of(extension_rows[i].name);
    const bool on = extension_rows[i].state == EXT_IS_ALWAYS ||
                    (x ? wanted & x : extension_rows[i].state == EXT_IS_ON);
    ext |= (uint64_t)on << i;
    known |= on ? x : 0;
  }
  for (unsigned i = 0; i < N_EXT; i++)
    if (extension_rows[i].state >= 0)
      ext |= (ext >> extension_rows[i].state & 1) << i;
  h->choice.ext = ext;
  return known;
}
/* As -cpu rv64 has them. */
static inline uint32_t default_extensions(void)
{
  uint32_t wanted = 0;
  for (unsigned i = 0; i < N_EXT; i++)
    if (extension_rows[i].state == EXT_IS_ALWAYS || extension_rows[i].state == EXT_IS_ON)
      wanted |= extension_of(extension_rows[i].name);
  return wanted;
}
#endif
