/* emit.c - random numbers, and assembling into the image of a program. Depends on rv_asm.
 */
#include "cpu/insn.h"
#include "gen.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 */
uint64_t rnd64(gen *g)
{
  uint64_t z = g->random += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

uint64_t rnd(gen *g, uint64_t n) { return rnd64(g) % n; }

void poke64(gen *g, uint64_t pa, uint64_t value) { memcpy(g->image + (pa - FUZZ_BASE), &value, 8); }

uint64_t peek64(const gen *g, uint64_t pa)
{
  uint64_t value;
  memcpy(&value, g->image + (pa - FUZZ_BASE), 8);
  return value;
}

void emit_bits(gen *g, uint32_t bits, unsigned length)
{
  memcpy(g->image + (g->at - FUZZ_BASE), &bits, length);
  g->at += length;
}

/* ---- text ---- */

enum { MAX_LABELS = 32 };
typedef struct {
  char name[MAX_LABELS][16];
  uint64_t address[MAX_LABELS];
  unsigned n;
} labels;

/* A mistake in the generator itself. */
static void broken(const char *line, const char *error)
{
  fprintf(stderr, "generator: '%s': %s\n", line, error);
  abort();
}

static uint64_t label_address(const labels *l, const char *name, uint64_t unknown)
{
  for (unsigned i = 0; i < l->n; i++)
    if (!strcmp(l->name[i], name))
      return l->address[i];
  return unknown;
}

static void define(labels *l, const char *name, size_t length, uint64_t address)
{
  char copy[16];
  snprintf(copy, sizeof copy, "%.*s", (int)length, name);
  for (unsigned i = 0; i < l->n; i++)
    if (!strcmp(l->name[i], copy)) {
      l->address[i] = address;
      return;
    }
  memcpy(l->name[l->n], copy, sizeof copy);
  l->address[l->n++] = address;
}

/* Assembles one line, its label references resolved; unknown ones lead to the line itself. */
static void emit_line(gen *g, const labels *l, const char *line)
{
  char text[160], error[200];
  uint32_t bits;
  unsigned length;
  const char *at = strchr(line, '@');
  if (at)
    snprintf(text, sizeof text, "%.*s0x%" PRIx64, (int)(at - line), line,
             label_address(l, at + 1, g->at));
  if (!rv_asm(at ? text : line, g->at, &bits, &length, error, sizeof error))
    broken(line, error);
  emit_bits(g, bits, length);
}

static void emit_text(gen *g, labels *l, const char *text)
{
  char line[160];
  while (*text) {
    text += strspn(text, " \n;");
    const size_t n = strcspn(text, ":;\n");
    if (!n)
      break;
    snprintf(line, sizeof line, "%.*s", (int)n, text);
    text += n;
    if (*text == ':')
      define(l, line, n, g->at), text++;
    else
      emit_line(g, l, line);
  }
}

void emit(gen *g, const char *format, ...)
{
  char text[8192];
  labels l = { .n = 0 };
  const uint64_t start = g->at;
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  emit_text(g, &l, text);
  if (l.n) { /* again, now that forward references are known */
    g->at = start;
    emit_text(g, &l, text);
  }
}

/* ---- idioms ---- */

void emit_li(gen *g, unsigned rd, uint64_t value)
{
  const int64_t low = (int64_t)(value << 52) >> 52;
  const uint64_t rest = value - low;
  if ((int64_t)value == (int32_t)value) {
    const unsigned upper = rest >> 12 & 0xfffff;
    if (upper)
      emit(g, "lui x%u,%u", rd, upper);
    if (low || !upper)
      emit(g, upper ? "addiw x%u,x%u,%d" : "addi x%u,x%u,%d", rd, upper ? rd : 0, (int)low);
    return;
  }
  const unsigned shift = __builtin_ctzll(rest);
  emit_li(g, rd, (int64_t)rest >> shift);
  emit(g, "slli x%u,x%u,%u", rd, rd, shift);
  if (low)
    emit(g, "addi x%u,x%u,%d", rd, rd, (int)low);
}

void emit_csr_write(gen *g, unsigned csr, uint64_t value)
{
  emit_li(g, 30, value);
  emit(g, "csrrw zero,%u,x30", csr);
}

uint64_t emit_hole(gen *g)
{
  g->at += 4;
  return g->at - 4;
}

void patch_jump(gen *g, uint64_t hole, unsigned rd, uint64_t target)
{
  const uint64_t here = g->at;
  g->at = hole;
  emit(g, "jal x%u,0x%" PRIx64, rd, target);
  g->at = here;
}
