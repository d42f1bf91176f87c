/* kept.h - words that were made once: a run traps at few places, again and again, and looking up a
 * symbol or disassembling costs more than all the rest of a line.
 */
#ifndef RV_TRACE_KEPT_H
#define RV_TRACE_KEPT_H
#include "trace/text.h"
#include <stdbool.h>

/* Text that was made of an address, and of an instruction there. */
typedef struct {
  uint64_t addr;
  uint32_t raw;
  uint32_t n; /* bytes of text; 0: none is kept */
  char text[48];
} rv_words;

enum { RV_KEPT_WORDS = 256 };
typedef struct {
  rv_words words[RV_KEPT_WORDS];
} rv_kept;

static inline rv_words *kept_of(rv_kept *k, uint64_t addr)
{
  return &k->words[addr >> 1 & (RV_KEPT_WORDS - 1)];
}

/* Puts what is kept of them. False: nothing is, make it and call keep_words. */
static inline bool put_kept(rv_text *t, rv_kept *k, uint64_t addr, uint32_t raw)
{
  const rv_words *w = kept_of(k, addr);
  if (!w->n || w->addr != addr || w->raw != raw)
    return false;
  put_bytes(t, w->text, w->n);
  return true;
}

/* Keeps what was put since `from`, if it fits. */
static inline void keep_words(rv_kept *k, uint64_t addr, uint32_t raw, const rv_text *t, size_t from)
{
  rv_words *w = kept_of(k, addr);
  if (t->n - from > sizeof w->text)
    return;
  w->addr = addr;
  w->raw = raw;
  w->n = (uint32_t)(t->n - from);
  memcpy(w->text, t->buf + from, w->n);
}
#endif
