/* gdb_link.c - the wire of the gdb stub: listening, framing, checksums, acknowledgements.
 * Everything that arrives is the other side's: nothing is believed, and nothing is kept beyond
 * RV_GDB_PACKET_MAX bytes. [gdb manual, E.1 Overview]
 */
#define _GNU_SOURCE /* struct addrinfo, accept4's family */
#include "debug/gdb.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- listening ---- */

static int fail(GError **error, int fd, const char *spec, const char *what)
{
  if (fd >= 0)
    close(fd);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
              "-gdb %s: %s\ngive tcp::PORT, tcp:HOST:PORT or unix:PATH, not in use by another",
              spec, what);
  return -1;
}

static int listen_unix(const char *spec, const char *path, GError **error)
{
  struct sockaddr_un a = { .sun_family = AF_UNIX };
  if (!*path || strlen(path) >= sizeof a.sun_path)
    return fail(error, -1, spec, "the path is empty or too long");
  strcpy(a.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* A socket left by a run before is nobody's any more if nobody answers. */
  if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno == ECONNREFUSED)
    unlink(path);
  if (fd >= 0)
    close(fd);
  const int again = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (again < 0 || bind(again, (struct sockaddr *)&a, sizeof a) < 0 || listen(again, 1) < 0)
    return fail(error, again, spec, g_strerror(errno));
  return again;
}

static int bind_tcp(const struct addrinfo *a)
{
  const int on = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 1) == 0)
    return fd;
  close(fd);
  return -1;
}

static int listen_tcp(const char *spec, const char *host, const char *port, GError **error)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
  struct addrinfo *list;
  const int code = getaddrinfo(*host ? host : "127.0.0.1", port, &hints, &list);
  if (code)
    return fail(error, -1, spec, gai_strerror(code));
  int fd = -1;
  for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
    fd = bind_tcp(a);
  const int why = errno;
  freeaddrinfo(list);
  return fd >= 0 ? fd : fail(error, -1, spec, g_strerror(why));
}

static unsigned port_of(int fd)
{
  struct sockaddr_storage a;
  socklen_t n = sizeof a;
  if (getsockname(fd, (struct sockaddr *)&a, &n) < 0)
    return 0;
  return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                       : ((struct sockaddr_in *)&a)->sin_port);
}

int rv_link_listen(const char *spec, char **where, GError **error)
{
  /* QEMU's words for what is so anyway. */
  g_auto(GStrv) words = g_strsplit(spec, ",", -1);
  static const char *const harmless[] = { "server",   "server=on",  "nowait",
                                          "wait=off", "nodelay=on", NULL };
  for (unsigned i = 1; words[0] && words[i]; i++)
    if (!g_strv_contains(harmless, words[i]))
      return fail(error, -1, spec, "unknown words after the comma");
  const char *kind = words[0] ? words[0] : "";
  if (g_str_has_prefix(kind, "unix:")) {
    *where = g_strdup(kind + strlen("unix:"));
    const int fd = listen_unix(spec, *where, error);
    if (fd < 0)
      g_clear_pointer(where, g_free);
    return fd;
  }
  const char *port = strrchr(kind, ':');
  if (!g_str_has_prefix(kind, "tcp:") || port < kind + 4 || !g_ascii_isdigit(port[1]) ||
      strtoull(port + 1, NULL, 10) > 65535)
    return fail(error, -1, spec, "that is no place to listen at");
  g_autofree char *host = g_strndup(kind + 4, port - kind - 4);
  const int fd = listen_tcp(spec, host, port + 1, error);
  if (fd >= 0)
    *where = g_strdup_printf("%s:%u", *host ? host : "127.0.0.1", port_of(fd));
  return fd;
}

/* ---- bytes ---- */

void rv_link_open(rv_gdb_link *l, int fd)
{
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* in vain on other sockets */
  l->fd = fd;
  l->no_ack = false;
  l->at = l->n = 0;
  g_string_truncate(l->sent, 0);
}

void rv_link_close(rv_gdb_link *l)
{
  if (l->fd >= 0)
    close(l->fd);
  l->fd = -1;
  l->at = l->n = 0;
}

bool rv_link_pending(const rv_gdb_link *l) { return l->at < l->n; }

/* The next byte; -1: the other side is gone. */
static int next_byte(rv_gdb_link *l)
{
  while (l->at == l->n) {
    const ssize_t n = read(l->fd, l->in, sizeof l->in);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return -1;
    l->at = 0;
    l->n = n;
  }
  return l->in[l->at++];
}

static void send_bytes(rv_gdb_link *l, const char *bytes, size_t n)
{
  while (n) {
    const ssize_t done = send(l->fd, bytes, n, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return; /* the next read finds the end */
    bytes += done;
    n -= done;
  }
}

void rv_link_send(rv_gdb_link *l, const char *data, size_t n)
{
  uint8_t sum = 0;
  if (l->fd < 0)
    return;
  g_string_assign(l->sent, "$");
  for (size_t i = 0; i < n; i++) {
    const bool escape = memchr("#$}*", data[i], 4);
    if (escape)
      g_string_append_c(l->sent, '}');
    g_string_append_c(l->sent, escape ? data[i] ^ 0x20 : data[i]);
  }
  for (size_t i = 1; i < l->sent->len; i++)
    sum += (uint8_t)l->sent->str[i];
  g_string_append_printf(l->sent, "#%02x", sum);
  send_bytes(l, l->sent->str, l->sent->len);
}

/* ---- packets ---- */

/* What is behind '$' up to '#' and the two digits. Longer ones are read, and forgotten. */
static rv_link_got receive_body(rv_gdb_link *l, GString *packet)
{
  uint8_t sum = 0;
  bool too_long = false;
  int c;
  g_string_truncate(packet, 0);
  while ((c = next_byte(l)) != '#') {
    if (c < 0)
      return RV_LINK_CLOSED;
    if (c == '$') { /* it never occurs in a packet: the one before was cut off */
      g_string_truncate(packet, 0);
      too_long = false;
      sum = 0;
      continue;
    }
    sum += (uint8_t)c;
    if (packet->len >= RV_GDB_PACKET_MAX)
      too_long = true;
    else
      g_string_append_c(packet, (char)c);
  }
  const int high = next_byte(l), low = next_byte(l);
  if (high < 0 || low < 0)
    return RV_LINK_CLOSED;
  const bool good =
      g_ascii_xdigit_value((char)high) == sum >> 4 && g_ascii_xdigit_value((char)low) == (sum & 15);
  if (!l->no_ack)
    send_bytes(l, good ? "+" : "-", 1);
  if (!good)
    return l->no_ack ? RV_LINK_BAD : RV_LINK_NOTHING;
  return too_long ? RV_LINK_BAD : RV_LINK_PACKET;
}

rv_link_got rv_link_receive(rv_gdb_link *l, GString *packet)
{
  for (;;) {
    const int c = next_byte(l);
    rv_link_got got = RV_LINK_NOTHING;
    if (c < 0)
      return RV_LINK_CLOSED;
    if (c == 3)
      return RV_LINK_INTERRUPT;
    if (c == '-' && !l->no_ack)
      send_bytes(l, l->sent->str, l->sent->len);
    if (c == '$')
      got = receive_body(l, packet);
    if (got != RV_LINK_NOTHING)
      return got;
  }
}

rv_link_got rv_link_glance(rv_gdb_link *l)
{
  struct pollfd p = { .fd = l->fd, .events = POLLIN };
  while (rv_link_pending(l) || poll(&p, 1, 0) > 0) {
    const int c = next_byte(l);
    if (c < 0)
      return RV_LINK_CLOSED;
    if (c == '$') /* a packet is served when the machine stands still */
      l->at--;
    if (c != '+' && c != '-')
      return RV_LINK_INTERRUPT;
  }
  return RV_LINK_NOTHING;
}
