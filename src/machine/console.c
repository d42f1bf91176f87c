/* console.c - the guest's console: one stream of bytes each way, whoever asks (UART, SBI, HTIF). */
#define _GNU_SOURCE /* ppoll */
#include "machine/machine.h"
#include "cpu/fp.h"
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
      rv_end(m, RVH_EXIT_EXPECT, "--fail-on");
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
  const bool lent = rv_fp_lend(m->current);
  for (unsigned i = 0; i < m->listeners->len; i++) {
    const rv_listener *l = &g_array_index(m->listeners, rv_listener, i);
    l->call(l->ctx, m, bytes, n);
  }
  rv_fp_take_back(m->current, lent);
  if (m->config.fail_on && *m->config.fail_on)
    watch_for_failure(m, bytes, n);
}

static bool readable(int timeout_ms)
{
  struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
  return poll(&p, 1, timeout_ms) > 0;
}

void rv_console_watch(rvh_machine *m)
{
  struct pollfd p = { .fd = m->watched_fd, .events = POLLIN };
  if (m->watched_fd >= 0 && poll(&p, 1, 0) > 0)
    rvh_request_stop(m);
}

/* Waits for input, the watched file or the network; true if there is input. */
static bool wait_readable(rvh_machine *m, bool input, uint64_t ns)
{
  const struct pollfd own[] = { { .fd = input ? STDIN_FILENO : -1, .events = POLLIN },
                                { .fd = m->watched_fd, .events = POLLIN } };
  g_array_set_size(m->polled, 0);
  g_array_append_vals(m->polled, own, G_N_ELEMENTS(own));
  rv_network_prepare(m, m->polled, &ns);
  const struct timespec time = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = ns % 1000000000 };
  struct pollfd *fds = (struct pollfd *)m->polled->data;
  const int any = ppoll(fds, m->polled->len, ns == RV_FOR_EVER ? NULL : &time, NULL);
  const bool asked = any > 0 && fds[1].revents, readable = any > 0 && fds[0].revents;
  if (m->terminal && any > 0 && (fds[0].revents & (POLLHUP | POLLERR)))
    m->input_closed = true;
  rv_network_dispatch(m, m->polled, any < 0);
  if (asked)
    rvh_request_stop(m);
  return readable;
}

static int read_byte(rvh_machine *m)
{
  uint8_t byte;
  if (m->config.console_read) {
    const bool lent = rv_fp_lend(m->current);
    const int got = m->config.console_read(m->config.console_ctx);
    rv_fp_take_back(m->current, lent);
    return got;
  }
  if (!readable(0) || read(STDIN_FILENO, &byte, 1) != 1)
    return RVH_INPUT_NONE;
  return byte;
}

static void keep(rvh_machine *m, uint8_t byte)
{
  if (m->input_count < RV_INPUT_SIZE) /* the guest does not read: what is typed on is lost */
    m->input[(m->input_head + m->input_count++) % RV_INPUT_SIZE] = byte;
}

static int take(rvh_machine *m)
{
  const int byte = m->input[m->input_head];
  m->input_head = (m->input_head + 1) % RV_INPUT_SIZE;
  m->input_count--;
  return byte;
}

void rv_console_poll(rvh_machine *m)
{
  int byte;
  if (!rv_console_interactive(m))
    return;
  while ((byte = read_byte(m)) >= 0)
    keep(m, byte);
  if (byte == RVH_INPUT_QUIT)
    rv_end(m, RVH_EXIT_OK, "terminated from the terminal");
}

/* A pipe or file is read byte by byte, as the guest takes it. */
int rv_console_read(void *machine)
{
  rvh_machine *m = machine;
  rv_console_poll(m);
  if (m->input_count)
    return take(m);
  if (!m->config.console_stdin || m->input_closed || rv_console_interactive(m))
    return -1;
  const int byte = read_byte(m);
  return byte < 0 ? -1 : byte;
}

bool rv_console_interactive(const rvh_machine *m)
{
  return m->terminal;
}

bool rv_console_wait(rvh_machine *m, uint64_t ns)
{
  const bool keyboard = rv_console_interactive(m), network = rv_network_live(m);
  /* Of a pipe one byte at most: while it is here, every device was asked since it came. */
  const bool input = m->config.console_stdin && !m->input_closed && (keyboard || !m->input_count);
  if (!input && !network)
    return false;
  fflush(m->config.console_out ? m->config.console_out : stdout);
  const bool readable = wait_readable(m, input, ns);
  if (keyboard) {
    rv_console_poll(m); /* also of a terminal that hung up: its reader wants to know */
    m->terminal = !m->input_closed;
  }
  if (keyboard || !readable)
    return true;
  const int byte = read_byte(m);
  /* A pipe or file that is readable without having a byte is at its end. */
  m->input_closed = byte < 0;
  if (byte >= 0)
    keep(m, byte);
  return !m->input_closed || network;
}
