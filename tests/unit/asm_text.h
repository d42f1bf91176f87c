/* asm_text.h - assembling a whole program for a test: lines separated by ';' or newlines, labels
 * as "name:", used as "@name".
 */
#ifndef RVH_TESTS_ASM_TEXT_H
#define RVH_TESTS_ASM_TEXT_H
#include "cpu/insn.h"
#include "unit.h"
#include <glib.h>
#include <string.h>

typedef struct {
  char name[16];
  uint64_t at;
} asm_label;

static inline uint64_t asm_find(const asm_label *l, unsigned n, const char *name, uint64_t none)
{
  for (unsigned i = 0; i < n; i++)
    if (!strcmp(l[i].name, name))
      return l[i].at;
  return none;
}

/* Two passes: in the first, labels not yet known are the instruction's own address. Returns the
 * number of bytes in out. */
static inline size_t asm_text(const char *text, uint64_t pc, uint8_t *out, size_t size)
{
  asm_label labels[64];
  unsigned n_labels = 0;
  size_t n = 0;
  g_auto(GStrv) lines = g_strsplit_set(text, ";\n", -1);
  for (unsigned pass = 0; pass < 2; pass++) {
    n = 0;
    for (char **line = lines; *line; line++) {
      char error[200], source[200];
      uint32_t bits;
      unsigned len;
      const char *s = g_strstrip(*line), *at;
      if (!*s)
        continue;
      if (s[strlen(s) - 1] == ':') {
        if (!pass) {
          ck_assert_uint_lt(n_labels, 64);
          asm_label *l = &labels[n_labels++];
          g_strlcpy(l->name, s, MIN(sizeof l->name, strlen(s)));
          l->at = pc + n;
        }
        continue;
      }
      g_strlcpy(source, s, sizeof source);
      if ((at = strchr(s, '@'))) {
        const uint64_t target = asm_find(labels, n_labels, at + 1, pass ? 0 : pc + n);
        ck_assert_msg(target, "no label %s", at);
        g_snprintf(source + (at - s), 40, "0x%" G_GINT64_MODIFIER "x", target);
      }
      ck_assert_msg(rv_asm(source, pc + n, &bits, &len, error, sizeof error), "%s: %s", source,
                    error);
      ck_assert_uint_le(n + len, size);
      memcpy(out + n, &bits, len);
      n += len;
    }
  }
  return n;
}
#endif
