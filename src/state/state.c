/* state.c - writing and reading the parts of a snapshot, and the checksum. See state.h.
 *
 * Damage of any kind ends in a message: lengths are checked before they are believed.
 */
#include "state/state.h"
#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "RVHSNAP\n";
enum { HEAD = 16 }; /* magic, format, 0 */
enum { PART_HEAD = RV_STATE_NAME + 16 };
static const char sum_name[] = "sum";

struct rv_state {
  FILE *out;        /* writing */
  GByteArray *part; /* ... the part that is open */
  GChecksum *sum;
  const uint8_t *bytes; /* reading */
  size_t at, limit;     /* limit: the end of what may be read now */
  size_t end;           /* where the checksum's part begins */
  bool in_part;
  char name[RV_STATE_NAME + 1];
  unsigned number;
  char *error;
};

bool rv_state_loading(const rv_state *s) { return !s->out; }
bool rv_state_ok(const rv_state *s) { return !s->error; }
size_t rv_state_left(const rv_state *s) { return s->limit - s->at; }

void rv_state_fail(rv_state *s, const char *format, ...)
{
  if (s->error)
    return;
  va_list args;
  va_start(args, format);
  s->error = g_strdup_vprintf(format, args);
  va_end(args);
}

#define OTHER_VERSION "use the rvh-sim that made it, or make it again"

void rv_state_check(rv_state *s, bool possible)
{
  if (rv_state_loading(s) && !possible)
    rv_state_fail(s, "part %s %u holds what no machine can hold\nmake the snapshot again", s->name,
                  s->number);
}

/* ---- numbers ---- */

static void put(uint8_t *to, uint64_t value, unsigned size)
{
  for (unsigned i = 0; i < size; i++)
    to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *from, unsigned size)
{
  uint64_t value = 0;
  for (unsigned i = size; i-- > 0;)
    value = value << 8 | from[i];
  return value;
}

void rv_state_bytes(rv_state *s, void *bytes, size_t n)
{
  if (s->error)
    return;
  g_assert(s->in_part);
  if (s->out) {
    g_byte_array_append(s->part, bytes, n);
    return;
  }
  if (n > rv_state_left(s)) {
    rv_state_fail(s, "part %s %u is too short: another version made it\n" OTHER_VERSION, s->name,
                  s->number);
    return;
  }
  memcpy(bytes, s->bytes + s->at, n);
  s->at += n;
}

/* The value after it was written, or as read; the old one after an error. */
static uint64_t number(rv_state *s, uint64_t value, unsigned size)
{
  uint8_t bytes[8];
  put(bytes, value, size);
  rv_state_bytes(s, bytes, size);
  return get(bytes, size);
}

void rv_state_u64(rv_state *s, uint64_t *v) { *v = number(s, *v, 8); }
void rv_state_u32(rv_state *s, uint32_t *v) { *v = (uint32_t)number(s, *v, 4); }
void rv_state_u16(rv_state *s, uint16_t *v) { *v = (uint16_t)number(s, *v, 2); }
void rv_state_u8(rv_state *s, uint8_t *v) { *v = (uint8_t)number(s, *v, 1); }

void rv_state_bool(rv_state *s, bool *v)
{
  const uint64_t value = number(s, *v, 1);
  rv_state_check(s, value <= 1);
  *v = value & 1;
}

void rv_state_words(rv_state *s, uint64_t *words, size_t n)
{
  for (size_t i = 0; i < n; i++)
    rv_state_u64(s, &words[i]);
}

void rv_state_text(rv_state *s, char **text)
{
  enum { NONE = 0xffffffff };
  uint32_t n = rv_state_loading(s) ? NONE : *text ? (uint32_t)strlen(*text) : NONE;
  rv_state_u32(s, &n);
  if (!rv_state_loading(s)) {
    if (n != NONE)
      rv_state_bytes(s, *text, n);
    return;
  }
  *text = NULL;
  if (n == NONE)
    return;
  rv_state_check(s, n <= rv_state_left(s));
  if (s->error)
    return;
  *text = calloc(1, (size_t)n + 1);
  rv_state_bytes(s, *text, n);
}

/* ---- parts ---- */

static void emit(rv_state *s, const void *bytes, size_t n)
{
  g_checksum_update(s->sum, bytes, (gssize)n);
  if (fwrite(bytes, 1, n, s->out) != n)
    rv_state_fail(s, "it cannot be written\nlook for a full disk");
}

static void emit_part_head(rv_state *s, const char *name, unsigned number, unsigned version,
                           size_t n)
{
  uint8_t head[PART_HEAD] = { 0 };
  memcpy(head, name, strlen(name));
  put(head + RV_STATE_NAME, number, 4);
  put(head + RV_STATE_NAME + 4, version, 4);
  put(head + RV_STATE_NAME + 8, n, 8);
  emit(s, head, sizeof head);
}

bool rv_state_next_is(const rv_state *s, const char *name, unsigned number)
{
  char padded[RV_STATE_NAME] = { 0 };
  memcpy(padded, name, strlen(name));
  return !s->error && s->end - s->at >= PART_HEAD &&
         !memcmp(s->bytes + s->at, padded, sizeof padded) &&
         get(s->bytes + s->at + RV_STATE_NAME, 4) == number;
}

static void open_part(rv_state *s, const char *name, unsigned number, unsigned version)
{
  if (s->end - s->at < PART_HEAD) {
    rv_state_fail(s, "part %s %u is missing\n" OTHER_VERSION, name, number);
    return;
  }
  const uint8_t *head = s->bytes + s->at;
  const uint64_t is_number = get(head + RV_STATE_NAME, 4);
  const uint64_t is_version = get(head + RV_STATE_NAME + 4, 4);
  const uint64_t n = get(head + RV_STATE_NAME + 8, 8);
  if (!rv_state_next_is(s, name, number))
    rv_state_fail(s, "it has part %.*s %u where %s %u belongs\n" OTHER_VERSION, RV_STATE_NAME, head,
                  (unsigned)is_number, name, number);
  else if (is_version != version)
    rv_state_fail(s,
                  "part %s %u is of version %u, and this rvh-sim reads version %u\n" OTHER_VERSION,
                  name, number, (unsigned)is_version, version);
  else if (n > s->end - s->at - PART_HEAD)
    rv_state_fail(s, "part %s %u is longer than the file\nmake the snapshot again", name, number);
  if (s->error)
    return;
  s->at += PART_HEAD;
  s->limit = s->at + n;
}

void rv_state_begin(rv_state *s, const char *name, unsigned number, unsigned version)
{
  if (s->error)
    return;
  g_assert(!s->in_part && strlen(name) <= RV_STATE_NAME);
  g_strlcpy(s->name, name, sizeof s->name);
  s->number = number;
  s->in_part = true;
  if (!s->out) {
    open_part(s, name, number, version);
    return;
  }
  g_byte_array_set_size(s->part, 0);
  put(g_byte_array_set_size(s->part, 4)->data, version, 4); /* until the length is known */
}

void rv_state_end(rv_state *s)
{
  if (s->error)
    return;
  s->in_part = false;
  if (s->out) {
    const unsigned version = (unsigned)get(s->part->data, 4);
    emit_part_head(s, s->name, s->number, version, s->part->len - 4);
    emit(s, s->part->data + 4, s->part->len - 4);
  } else if (s->at != s->limit)
    rv_state_fail(s, "part %s %u is too long: another version made it\n" OTHER_VERSION, s->name,
                  s->number);
}

/* ---- the file ---- */

rv_state *rv_state_writer(FILE *out)
{
  rv_state *s = g_new0(rv_state, 1);
  uint8_t head[HEAD] = { 0 };
  s->out = out;
  s->part = g_byte_array_new();
  s->sum = g_checksum_new(G_CHECKSUM_SHA256);
  memcpy(head, magic, sizeof magic);
  put(head + sizeof magic, RV_STATE_FORMAT, 4);
  emit(s, head, sizeof head);
  return s;
}

/* The last part, without its bytes, is what the checksum covers last. */
static bool sum_matches(const uint8_t *bytes, size_t n)
{
  uint8_t sum[RV_STATE_SUM];
  gsize length = sizeof sum;
  GChecksum *c = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(c, bytes, (gssize)(n - RV_STATE_SUM));
  g_checksum_get_digest(c, sum, &length);
  g_checksum_free(c);
  return !memcmp(sum, bytes + n - RV_STATE_SUM, sizeof sum);
}

static void check_file(rv_state *s, const uint8_t *bytes, size_t n)
{
  enum { LAST = PART_HEAD + RV_STATE_SUM };
  if (n < HEAD || memcmp(bytes, magic, sizeof magic)) {
    rv_state_fail(s, "is no snapshot\ngive a file that --save-at wrote");
    return;
  }
  const unsigned format = (unsigned)get(bytes + sizeof magic, 4);
  if (format != RV_STATE_FORMAT)
    rv_state_fail(s, "has format %u, and this rvh-sim reads format %d\n" OTHER_VERSION, format,
                  RV_STATE_FORMAT);
  else if (n < HEAD + LAST || !sum_matches(bytes, n))
    rv_state_fail(s, "is damaged or cut: its checksum is wrong\nmake the snapshot again");
  if (s->error)
    return;
  s->at = s->limit = HEAD;
  s->end = n - LAST;
}

rv_state *rv_state_reader(const uint8_t *bytes, size_t n)
{
  rv_state *s = g_new0(rv_state, 1);
  s->bytes = bytes;
  check_file(s, bytes, n);
  return s;
}

static void emit_sum(rv_state *s)
{
  uint8_t sum[RV_STATE_SUM];
  gsize length = sizeof sum;
  emit_part_head(s, sum_name, 0, RV_STATE_FORMAT, sizeof sum);
  g_checksum_get_digest(s->sum, sum, &length);
  if (fwrite(sum, sizeof sum, 1, s->out) != 1)
    rv_state_fail(s, "it cannot be written\nlook for a full disk");
}

const char *rv_state_finish(rv_state *s)
{
  if (!s->error && s->out)
    emit_sum(s);
  else if (!s->error && s->at != s->end)
    rv_state_fail(s, "it has part %.*s, which this rvh-sim does not know\n" OTHER_VERSION,
                  (int)MIN(s->end - s->at, RV_STATE_NAME), s->bytes + s->at);
  return s->error;
}

void rv_state_free(rv_state *s)
{
  if (!s)
    return;
  if (s->part)
    g_byte_array_free(s->part, TRUE);
  if (s->sum)
    g_checksum_free(s->sum);
  g_free(s->error);
  g_free(s);
}
