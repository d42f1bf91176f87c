/* text.h - formats lines by hand into a buffer: the trap log's line must cost well under half a
 * microsecond, and printf for each of its ten fields does not.
 *
 * Everything is clipped rather than overrun: a line longer than the buffer loses its end.
 */
#ifndef RV_TRACE_TEXT_H
#define RV_TRACE_TEXT_H
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A line may be as long as the difference. */
enum { TEXT_SIZE = 32768, TEXT_FULL = 14336 };

typedef struct {
  FILE *out;
  size_t n;    /* bytes in buf */
  size_t line; /* where the current line starts in buf */
  char buf[TEXT_SIZE];
} rv_text;

static inline void flush_text(rv_text *t)
{
  fwrite(t->buf, 1, t->n, t->out);
  t->n = t->line = 0;
}

static inline void put_char(rv_text *t, char c)
{
  if (t->n < TEXT_SIZE - 1) /* one byte is kept for the line's end */
    t->buf[t->n++] = c;
}

static inline void put_blanks(rv_text *t, size_t n)
{
  size_t room = TEXT_SIZE - 1 - t->n;
  n = n < room ? n : room;
  memset(t->buf + t->n, ' ', n);
  t->n += n;
}

static inline void put_bytes(rv_text *t, const char *s, size_t n)
{
  size_t room = TEXT_SIZE - 1 - t->n;
  n = n < room ? n : room;
  memcpy(t->buf + t->n, s, n);
  t->n += n;
}

static inline void put_str(rv_text *t, const char *s) { put_bytes(t, s, strlen(s)); }

/* Lower-case, without 0x, at least `digits` of them. */
static inline void put_hex(rv_text *t, uint64_t v, int digits)
{
  char s[16];
  int i = 16;
  do {
    s[--i] = "0123456789abcdef"[v & 15];
    v >>= 4;
  } while (v || 16 - i < digits);
  put_bytes(t, s + i, 16 - i);
}

/* Right-aligned in `width` columns. */
static inline void put_dec(rv_text *t, uint64_t v, int width)
{
  char s[20];
  int i = 20;
  do
    s[--i] = (char)('0' + v % 10);
  while (v /= 10);
  if (width > 20 - i)
    put_blanks(t, width - (20 - i));
  put_bytes(t, s + i, 20 - i);
}

/* What a reader takes in at a glance: one digit bare, anything more as 0x hex. */
static inline void put_num(rv_text *t, uint64_t v)
{
  if (v > 9)
    put_str(t, "0x");
  put_hex(t, v, 1);
}

static inline void put_signed(rv_text *t, int64_t v)
{
  if (v < 0)
    put_char(t, '-');
  put_dec(t, v < 0 ? -(uint64_t)v : (uint64_t)v, 0);
}

/* Fills up to column `column`; what overran it is followed by two blanks all the same. */
static inline void tab_to(rv_text *t, size_t column)
{
  size_t at = t->n - t->line;
  put_blanks(t, at + 2 > column ? 2 : column - at);
}

static inline void end_line(rv_text *t)
{
  while (t->n > t->line && t->buf[t->n - 1] == ' ')
    t->n--;
  t->buf[t->n++] = '\n';
  t->line = t->n;
  if (t->n > TEXT_FULL)
    flush_text(t);
}
#endif
