/* semihost.c - -semihosting: console, files and exit for programs that have no devices.
 *
 * A call is slli x0,x0,0x1f; ebreak; srai x0,x0,7, uncompressed and in one page, with the operation
 * in a0 and its block of parameters at a1; the ebreak then takes no trap. Addresses are the
 * program's, translated as its loads and stores are; what cannot be accessed is an error of the
 * call. Time is the machine's. [RISC-V semihosting 0.4; Arm semihosting for AArch64: operations,
 * blocks, results]
 */
#include "machine/machine.h"
#include "mmu/access.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLLI = 0x01f01013, EBREAK = 0x00100073, SRAI = 0x40705013 };
enum { HANDLES = 64, PATH_LENGTH = 4096, CHUNK = 4096, MODES = 12 };
enum { APPLICATION_EXIT = 0x20026 };
enum { TICKS_PER_SECOND = 10000000 };

static const char features[] = { 'S', 'H', 'F', 'B', 3 }; /* EXIT_EXTENDED; :tt has three streams */

typedef enum { CLOSED, INPUT, OUTPUT, FEATURES, HOST_FILE } stream_kind;
typedef struct {
  uint8_t kind; /* stream_kind */
  int fd;       /* HOST_FILE */
  uint64_t at;  /* FEATURES */
} stream;

struct rv_semihost {
  rv_console_backend console; /* where :tt leads */
  stream stream[HANDLES];     /* by handle - 1 */
  uint64_t error;             /* errno of the last operation that failed */
};

typedef struct {
  rvh_machine *m;
  rv_semihost *s;
  rv_hart *h;
  uint64_t block;
  bool again; /* nothing came, and the run is to stop: the instruction is not done */
} call;

typedef int64_t operation(call *c);

static int64_t fail(call *c, int error)
{
  c->s->error = error;
  return -1;
}

/* What a system call of the host returned: 0 or more, or -1 with errno. */
static int64_t outcome(call *c, int64_t result) { return result < 0 ? fail(c, errno) : result; }

/* ---- the program's memory ---- */

static bool get_bytes(call *c, uint64_t va, void *bytes, uint64_t n)
{
  for (uint64_t i = 0; i < n; i++) {
    uint64_t byte;
    if (!rv_load(c->h, va + i, 1, NULL, &byte))
      return false;
    ((uint8_t *)bytes)[i] = byte;
  }
  return true;
}

static bool put_bytes(call *c, uint64_t va, const void *bytes, uint64_t n)
{
  for (uint64_t i = 0; i < n; i++)
    if (!rv_store(c->h, va + i, 1, NULL, ((const uint8_t *)bytes)[i]))
      return false;
  return true;
}

/* Parameters from the block's first on. */
static bool get_words(call *c, uint64_t *word, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (!rv_load(c->h, c->block + 8 * i, 8, NULL, &word[i]))
      return false;
  return true;
}

/* A name of n bytes. NULL: the error is set. */
static char *get_name(call *c, uint64_t va, uint64_t n)
{
  g_autofree char *name = n < PATH_LENGTH ? g_malloc0(n + 1) : NULL;
  if (!name || !get_bytes(c, va, name, n)) {
    fail(c, name ? EFAULT : ENAMETOOLONG);
    return NULL;
  }
  return g_steal_pointer(&name);
}

/* ---- streams ---- */

static stream *stream_of(call *c, uint64_t handle)
{
  const bool open = handle >= 1 && handle <= HANDLES && c->s->stream[handle - 1].kind != CLOSED;
  return open ? &c->s->stream[handle - 1] : NULL;
}

static void close_stream(stream *f)
{
  if (f->kind == HOST_FILE)
    close(f->fd);
  *f = (stream){ 0 };
}

static void console_write(call *c, const void *bytes, uint64_t n)
{
  if (c->s->console.write)
    c->s->console.write(c->s->console.ctx, bytes, n);
}

/* The next byte of input, waiting for it; -1: there will be none. */
static int console_read(call *c)
{
  const rv_console_backend *b = &c->s->console;
  for (;;) {
    const int byte = b->read ? b->read(b->ctx) : -1;
    if (byte >= 0 || !b->read || c->m->ended)
      return byte;
    c->again = c->m->stop_requested;
    if (c->again || !rv_console_wait(c->m, RV_FOR_EVER))
      return -1;
  }
}

/* What there is, but at least one byte. */
static int64_t read_console(call *c, uint8_t *bytes, size_t n)
{
  const rv_console_backend *b = &c->s->console;
  int byte = console_read(c);
  size_t got = 0;
  while (byte >= 0) {
    bytes[got++] = byte;
    byte = got < n ? b->read(b->ctx) : -1;
  }
  return got;
}

static int64_t read_features(stream *f, uint8_t *bytes, size_t n)
{
  const uint64_t left = f->at < sizeof features ? sizeof features - f->at : 0;
  const size_t got = MIN(left, n);
  memcpy(bytes, features + (got ? f->at : 0), got);
  f->at += got;
  return got;
}

/* Bytes read, 0 at the end; -1 with errno. */
static int64_t read_stream(call *c, stream *f, uint8_t *bytes, size_t n)
{
  switch (f->kind) {
  case INPUT:
    return read_console(c, bytes, n);
  case FEATURES:
    return read_features(f, bytes, n);
  case HOST_FILE:
    return read(f->fd, bytes, n);
  default:
    errno = EBADF;
    return -1;
  }
}

static int64_t write_stream(call *c, stream *f, const uint8_t *bytes, size_t n)
{
  if (f->kind == HOST_FILE)
    return write(f->fd, bytes, n);
  if (f->kind == OUTPUT) {
    console_write(c, bytes, n);
    return n;
  }
  errno = EBADF;
  return -1;
}

/* ---- operations: the result is for a0 ---- */

/* Modes are fopen's: r rb r+ r+b w wb w+ w+b a ab a+ a+b. */
static int open_flags(uint64_t mode)
{
  static const int create[] = { 0, O_CREAT | O_TRUNC, O_CREAT | O_APPEND };
  const int access = mode & 2 ? O_RDWR : mode < 4 ? O_RDONLY : O_WRONLY;
  return access | create[mode / 4] | O_CLOEXEC | O_NOCTTY;
}

static bool open_stream(call *c, stream *f, const char *name, uint64_t mode)
{
  if (!strcmp(name, ":tt"))
    *f = (stream){ .kind = mode < 4 ? INPUT : OUTPUT }; /* a: standard error */
  else if (!strcmp(name, ":semihosting-features")) {
    if (mode > 1)
      return fail(c, EACCES) >= 0;
    *f = (stream){ .kind = FEATURES };
  } else {
    const int fd = open(name, open_flags(mode), 0666);
    if (fd < 0)
      return fail(c, errno) >= 0;
    *f = (stream){ .kind = HOST_FILE, .fd = fd };
  }
  return true;
}

static int64_t sys_open(call *c)
{
  uint64_t word[3];
  if (!get_words(c, word, 3))
    return fail(c, EFAULT);
  g_autofree char *name = get_name(c, word[0], word[2]);
  if (!name)
    return -1;
  if (word[1] >= MODES)
    return fail(c, EINVAL);
  for (unsigned i = 0; i < HANDLES; i++)
    if (c->s->stream[i].kind == CLOSED)
      return open_stream(c, &c->s->stream[i], name, word[1]) ? (int64_t)i + 1 : -1;
  return fail(c, EMFILE);
}

/* The stream that the block's first word names. NULL: the error is set. */
static stream *get_stream(call *c, uint64_t *word, unsigned n)
{
  if (!get_words(c, word, n)) {
    fail(c, EFAULT);
    return NULL;
  }
  stream *f = stream_of(c, word[0]);
  if (!f)
    fail(c, EBADF);
  return f;
}

static int64_t sys_close(call *c)
{
  uint64_t word[1];
  stream *f = get_stream(c, word, 1);
  if (!f)
    return -1;
  close_stream(f);
  return 0;
}

static int64_t sys_writec(call *c)
{
  uint8_t byte;
  if (!get_bytes(c, c->block, &byte, 1))
    return fail(c, EFAULT);
  console_write(c, &byte, 1);
  return 0;
}

/* The text itself is at a1. What comes before an address that cannot be read is not written. */
static int64_t sys_write0(call *c)
{
  g_autoptr(GByteArray) text = g_byte_array_new();
  for (uint64_t va = c->block;; va++) {
    uint8_t byte;
    if (!get_bytes(c, va, &byte, 1))
      return fail(c, EFAULT);
    if (!byte)
      break;
    g_byte_array_append(text, &byte, 1);
  }
  console_write(c, text->data, text->len);
  return 0;
}

/* The number of bytes that were not written. */
static int64_t sys_write(call *c)
{
  uint64_t word[3];
  uint8_t chunk[CHUNK];
  stream *f = get_stream(c, word, 3);
  if (!f)
    return -1;
  while (word[2]) {
    const size_t n = MIN(word[2], sizeof chunk);
    if (!get_bytes(c, word[1], chunk, n))
      return fail(c, EFAULT);
    const int64_t done = write_stream(c, f, chunk, n);
    if (done < 0)
      return fail(c, errno);
    word[1] += done;
    word[2] -= done;
    if ((size_t)done < n)
      break;
  }
  return word[2];
}

/* The number of bytes that are missing: all of them at the end of the file. */
static int64_t sys_read(call *c)
{
  uint64_t word[3];
  uint8_t chunk[CHUNK];
  stream *f = get_stream(c, word, 3);
  if (!f)
    return -1;
  while (word[2]) {
    const size_t n = MIN(word[2], sizeof chunk);
    const int64_t got = read_stream(c, f, chunk, n);
    if (got < 0)
      return fail(c, errno);
    if (!put_bytes(c, word[1], chunk, got))
      return fail(c, EFAULT);
    word[1] += got;
    word[2] -= got;
    if ((size_t)got < n || f->kind == INPUT)
      break;
  }
  return word[2];
}

static int64_t sys_readc(call *c) { return console_read(c); }

static int64_t sys_iserror(call *c)
{
  uint64_t word[1];
  return get_words(c, word, 1) ? (int64_t)word[0] < 0 : fail(c, EFAULT);
}

static int64_t sys_istty(call *c)
{
  uint64_t word[1];
  const stream *f = get_stream(c, word, 1);
  return !f ? -1 : f->kind == INPUT || f->kind == OUTPUT;
}

static int64_t sys_seek(call *c)
{
  uint64_t word[2];
  stream *f = get_stream(c, word, 2);
  if (!f)
    return -1;
  if (f->kind == FEATURES) {
    f->at = word[1];
    return 0;
  }
  return f->kind != HOST_FILE                              ? fail(c, ESPIPE)
         : outcome(c, lseek(f->fd, word[1], SEEK_SET)) < 0 ? -1
                                                           : 0;
}

static int64_t sys_flen(call *c)
{
  uint64_t word[1];
  struct stat st;
  const stream *f = get_stream(c, word, 1);
  if (!f)
    return -1;
  if (f->kind == FEATURES)
    return sizeof features;
  if (f->kind != HOST_FILE)
    return fail(c, ESPIPE);
  return outcome(c, fstat(f->fd, &st)) < 0 ? -1 : st.st_size;
}

/* A name for one of 256 files in the current directory, the same in every run. */
static int64_t sys_tmpnam(call *c)
{
  uint64_t word[3];
  char name[24];
  if (!get_words(c, word, 3))
    return fail(c, EFAULT);
  const unsigned length =
      (unsigned)g_snprintf(name, sizeof name, "rvh-%02x.tmp", (unsigned)word[1]);
  if (word[1] > 255 || word[2] <= length)
    return fail(c, EINVAL);
  return put_bytes(c, word[0], name, length + 1) ? 0 : fail(c, EFAULT);
}

static int64_t sys_remove(call *c)
{
  uint64_t word[2];
  if (!get_words(c, word, 2))
    return fail(c, EFAULT);
  g_autofree char *name = get_name(c, word[0], word[1]);
  return !name ? -1 : outcome(c, unlink(name));
}

static int64_t sys_rename(call *c)
{
  uint64_t word[4];
  if (!get_words(c, word, 4))
    return fail(c, EFAULT);
  g_autofree char *from = get_name(c, word[0], word[1]);
  g_autofree char *to = from ? get_name(c, word[2], word[3]) : NULL;
  return !to ? -1 : outcome(c, rename(from, to));
}

/* In hundredths of a second. */
static int64_t sys_clock(call *c) { return rv_clock_ticks(c->m) / (TICKS_PER_SECOND / 100); }

/* The date that the machine's clock started with, and what has passed since. */
static int64_t sys_time(call *c) { return c->m->board.host_ns(c->m->board.ctx) / 1000000000; }

static int64_t sys_elapsed(call *c)
{
  return rv_store(c->h, c->block, 8, NULL, rv_clock_ticks(c->m)) ? 0 : fail(c, EFAULT);
}

static int64_t sys_tickfreq(call *c) { return TICKS_PER_SECOND; }

/* Commands of the host are not the guest's to run. */
static int64_t sys_system(call *c) { return fail(c, EPERM); }

static int64_t sys_errno(call *c) { return c->s->error; }

char *rv_semihost_command_line(const rvh_config *config)
{
  GString *text = g_string_new(NULL);
  for (unsigned i = 0; i < config->n_semihost_args; i++)
    g_string_append_printf(text, "%s%s", i ? " " : "", config->semihost_args[i]);
  if (!config->n_semihost_args && config->kernel)
    g_string_append(text, config->kernel);
  if (!config->n_semihost_args && config->append)
    g_string_append_printf(text, "%s%s", text->len ? " " : "", config->append);
  return g_string_free(text, FALSE);
}

/* The buffer's size becomes the length of the text. */
static int64_t sys_get_cmdline(call *c)
{
  uint64_t word[2];
  g_autofree char *text = rv_semihost_command_line(&c->m->config);
  const size_t length = strlen(text);
  if (!get_words(c, word, 2))
    return fail(c, EFAULT);
  if (word[1] <= length)
    return fail(c, E2BIG);
  return put_bytes(c, word[0], text, length + 1) && rv_store(c->h, c->block + 8, 8, NULL, length)
             ? 0
             : fail(c, EFAULT);
}

/* Heap upwards from the program's end, and stack downwards from the end of what is free. */
static int64_t sys_heapinfo(call *c)
{
  uint64_t at, low, high;
  rv_boot_room(c->m, &low, &high);
  const uint64_t info[] = { low, high, high, low }; /* heap: base, limit; stack: base, limit */
  if (!get_words(c, &at, 1))
    return fail(c, EFAULT);
  for (unsigned i = 0; i < G_N_ELEMENTS(info); i++)
    if (!rv_store(c->h, at + 8 * i, 8, NULL, info[i]))
      return fail(c, EFAULT);
  return 0;
}

/* A reason, and the exit code if it is that the application exits; other reasons are failures. */
static int64_t sys_exit(call *c)
{
  uint64_t word[2];
  char by[60] = "semihosting exit";
  if (!get_words(c, word, 2))
    return fail(c, EFAULT);
  if (word[0] != APPLICATION_EXIT)
    g_snprintf(by, sizeof by, "semihosting exit, reason 0x%" G_GINT64_MODIFIER "x", word[0]);
  rv_power_off(c->m, false, word[0] == APPLICATION_EXIT ? (int)word[1] : 1, by);
  return 0;
}

static operation *const operations[] = {
  [0x01] = sys_open,   [0x02] = sys_close,  [0x03] = sys_writec,      [0x04] = sys_write0,
  [0x05] = sys_write,  [0x06] = sys_read,   [0x07] = sys_readc,       [0x08] = sys_iserror,
  [0x09] = sys_istty,  [0x0a] = sys_seek,   [0x0c] = sys_flen,        [0x0d] = sys_tmpnam,
  [0x0e] = sys_remove, [0x0f] = sys_rename, [0x10] = sys_clock,       [0x11] = sys_time,
  [0x12] = sys_system, [0x13] = sys_errno,  [0x15] = sys_get_cmdline, [0x16] = sys_heapinfo,
  [0x18] = sys_exit,   [0x20] = sys_exit,   [0x30] = sys_elapsed,     [0x31] = sys_tickfreq,
};

/* ---- recognizing a call ---- */

static bool is_insn(rv_hart *h, uint64_t va, uint32_t insn)
{
  uint32_t raw;
  return rv_peek_insn_at(h, va, &raw) && raw == insn;
}

static bool is_call(rv_hart *h)
{
  const uint64_t first = h->pc - 4, last = h->pc + 4;
  return (first ^ (last + 3)) < RV_PAGE_SIZE && is_insn(h, h->pc, EBREAK) &&
         is_insn(h, first, SLLI) && is_insn(h, last, SRAI);
}

static bool semihost(void *ctx, rv_hart *h)
{
  enum { A0 = 10, A1 = 11 };
  rvh_machine *m = ctx;
  call c = { .m = m, .s = m->semihost, .h = h, .block = h->x[A1] };
  if ((h->prv == PRV_U && !m->config.semihost_userspace) || !is_call(h))
    return false;
  const uint64_t number = h->x[A0];
  operation *f = number < G_N_ELEMENTS(operations) ? operations[number] : NULL;
  const int64_t result = f ? f(&c) : fail(&c, ENOSYS);
  if (c.again)
    return true;
  h->x[A0] = result;
  h->pc += 4;
  return true;
}

/* ---- as a part of the machine ---- */

bool rv_semihost_init(rvh_machine *m, GError **error)
{
  if (!m->config.semihosting)
    return true;
  m->semihost = g_new0(rv_semihost, 1);
  m->env.semihost = semihost;
  m->semihost->console = (rv_console_backend){ m, rv_console_write, rv_console_read };
  return !m->config.semihost_chardev ||
         rv_character_backend(m, m->config.semihost_chardev, "-semihosting-config",
                              &m->semihost->console, error);
}

void rv_semihost_reset(rvh_machine *m)
{
  for (unsigned i = 0; m->semihost && i < HANDLES; i++)
    close_stream(&m->semihost->stream[i]);
  if (m->semihost)
    m->semihost->error = 0;
}

void rv_semihost_free(rvh_machine *m)
{
  rv_semihost_reset(m);
  g_free(m->semihost);
}

bool rv_semihost_has_files(const rvh_machine *m)
{
  for (unsigned i = 0; m->semihost && i < HANDLES; i++)
    if (m->semihost->stream[i].kind == HOST_FILE)
      return true;
  return false;
}

void rv_semihost_state(rvh_machine *m, rv_state *s)
{
  for (unsigned i = 0; i < HANDLES; i++) {
    stream *f = &m->semihost->stream[i];
    rv_state_field(s, &f->kind);
    rv_state_field(s, &f->at);
    rv_state_check(s, f->kind < HOST_FILE);
    if (rv_state_loading(s) && !rv_state_ok(s))
      f->kind = CLOSED;
  }
  rv_state_field(s, &m->semihost->error);
}
