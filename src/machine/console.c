/* console.c - the guest's console: one stream of bytes each way, whoever asks (UART, SBI, HTIF). */
#include "machine/machine.h"
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* The text may arrive byte by byte: keep as much of the end as could be its beginning. The run ends
 * with the line, so that a panic's message is still seen. */
static void watch_for_failure(rvh_machine *m, const uint8_t *bytes, size_t n)
{
  const char *text = m->config.fail_on;
  const size_t keep = strlen(text) - 1;
  for (size_t i = 0; i < n; i++) {
    g_string_append_c(m->tail, bytes[i]);
    m->failed |= g_str_has_suffix(m->tail->str, text);
    if (m->tail->len > keep + 256)
      g_string_erase(m->tail, 0, m->tail->len - keep);
    if (m->failed && bytes[i] == '\n')
      rv_end(m, RVH_EXIT_EXPECT, "the console said '%s' (--fail-on)", text);
  }
}

void rvh_observe_console(rvh_machine *m, rvh_console_observer *observer, void *ctx)
{
  const rv_listener l = { observer, ctx };
  g_array_append_val(m->listeners, l);
}

void rv_console_write(void *machine, const uint8_t *bytes, size_t n)
{
  rvh_machine *m = machine;
  FILE *out = m->config.console_out ? m->config.console_out : stdout;
  fwrite(bytes, 1, n, out);
  if (memchr(bytes, '\n', n) || rv_console_interactive(m))
    fflush(out);
  for (unsigned i = 0; i < m->listeners->len; i++) {
    const rv_listener *l = &g_array_index(m->listeners, rv_listener, i);
    l->call(l->ctx, m, bytes, n);
  }
  if (m->config.fail_on && *m->config.fail_on)
    watch_for_failure(m, bytes, n);
}

static bool readable(int timeout_ms)
{
  struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
  return poll(&p, 1, timeout_ms) > 0;
}

static int read_byte(rvh_machine *m)
{
  uint8_t byte;
  if (m->config.console_read)
    return m->config.console_read(m->config.console_ctx);
  if (!readable(0) || read(STDIN_FILENO, &byte, 1) != 1)
    return RVH_INPUT_NONE;
  return byte;
}

int rv_console_read(void *machine)
{
  rvh_machine *m = machine;
  if (m->pushed_back >= 0) {
    const int byte = m->pushed_back;
    m->pushed_back = -1;
    return byte;
  }
  if (!m->config.console_stdin || m->input_closed)
    return -1;
  const int byte = read_byte(m);
  if (byte == RVH_INPUT_QUIT)
    rv_end(m, RVH_EXIT_OK, "terminated from the terminal");
  return byte < 0 ? -1 : byte;
}

bool rv_console_interactive(const rvh_machine *m)
{
  return m->config.console_stdin && isatty(STDIN_FILENO);
}

bool rv_console_wait(rvh_machine *m, int timeout_ms)
{
  if (m->pushed_back >= 0)
    return true;
  if (!m->config.console_stdin || m->input_closed)
    return false;
  fflush(m->config.console_out ? m->config.console_out : stdout);
  if (!readable(timeout_ms))
    return true;
  m->pushed_back = rv_console_read(m);
  /* A pipe or file that is readable without having a byte is at its end. */
  if (m->pushed_back < 0 && !rv_console_interactive(m))
    m->input_closed = true;
  return !m->input_closed;
}
