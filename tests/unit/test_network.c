/* test_network.c - src/machine/network.c: the user network, seen by a guest who builds his frames
 * by hand, and by the sockets of this host.
 *
 * Nothing runs: the test is the guest. Waiting is bounded by TIMEOUT, and ends with what is
 * awaited.
 */
#include "virtio_guest.h"
#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <unistd.h>

#define RAM 0x80000000ull
enum { RX = 0, TX = 1, BUFFERS = 32, BUFFER = 2048, HEADER = 12, FRAME = 1600 };
enum { TIMEOUT = 5000, QUIET = 300 /* ms */ };
enum { ARP = 0x0806, IP = 0x0800, IP6 = 0x86dd, UDP = 17, TCP = 6, ICMP6 = 58 };

typedef struct {
  virtio_guest g;
  uint8_t mac[6];
  uint32_t ip, router;
  uint8_t frame[FRAME]; /* the last one that came, or the one that is made */
  size_t n;
} card;

/* ---- numbers of the network: big-endian ---- */

static void put16(uint8_t *at, uint16_t value)
{
  at[0] = value >> 8;
  at[1] = (uint8_t)value;
}
static void put32(uint8_t *at, uint32_t value)
{
  put16(at, value >> 16);
  put16(at + 2, (uint16_t)value);
}
static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t get32(const uint8_t *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }

static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
  return sum;
}

static uint16_t fold(uint32_t sum)
{
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

/* ---- the machine ---- */

static char *kernel_file(void)
{
  static const uint8_t loop[] = { 0x6f, 0, 0, 0 };
  g_autofree char *name = g_strdup_printf("rvh-network-%d", getpid());
  char *path = g_build_filename(g_get_tmp_dir(), name, NULL);
  ck_assert(g_file_set_contents(path, (char *)loop, sizeof loop, NULL));
  return path;
}

static rvh_machine *machine(const char *kernel, const rvh_netdev *netdevs, unsigned n)
{
  static const char *const ids[] = { "n0", "n1" };
  g_autoptr(GError) error = NULL;
  rvh_config c = RVH_CONFIG_DEFAULT;
  c.ram_size = 8 << 20;
  c.bios = RVH_BIOS_NONE;
  c.kernel = kernel;
  c.virtio_mmio_modern = true;
  c.console_out = c.messages = fopen("/dev/null", "w");
  for (unsigned i = 0; i < n; i++) {
    c.netdevs[i] = netdevs[i];
    c.netdevs[i].id = ids[i];
    c.devices[i] = (rvh_device){ .kind = RVH_VIRTIO_NET_MMIO, .netdev = ids[i], .slot = RVH_ANY };
  }
  c.n_netdevs = c.n_devices = n;
  rvh_machine *m = rvh_new(&c, &error);
  ck_assert_msg(m && rvh_load(m, &error), "%s", error ? error->message : "");
  return m;
}

static void give_buffer(card *c, uint16_t i)
{
  const vg_part part = { c->g.ram + 0x10000 + BUFFER * i, BUFFER, true };
  vg_add(&c->g, RX, i, &part, 1);
}

static card plug_in(rvh_machine *m, unsigned i)
{
  card c = { .g = { .m = m, .kind = MMIO_MODERN, .slot = 7 - i, .ram = RAM + 0x100000 * (i + 1) },
             .mac = { 0x52, 0x54, 0, 0x12, 0x34, (uint8_t)(0x56 + i) },
             .ip = 0x0a00020f,
             .router = 0x0a000202 };
  vg_up(&c.g, 2);
  for (unsigned n = 0; n < BUFFERS; n++)
    give_buffer(&c, (uint16_t)n);
  return c;
}

/* ---- frames ---- */

static void begin(card *c, uint16_t type)
{
  static const uint8_t router[6] = { 0x52, 0x55, 10, 0, 2, 2 };
  memset(c->frame, 0, sizeof c->frame);
  memcpy(c->frame, router, 6);
  put32(c->frame + 2, c->router);
  memcpy(c->frame + 6, c->mac, 6);
  put16(c->frame + 12, type);
}

static void transmit(card *c, size_t n)
{
  const uint64_t at = c->g.ram + 0x30000;
  const uint8_t header[HEADER] = { 0 };
  const vg_part part = { at, (uint32_t)(HEADER + n), false };
  uint32_t head, len;
  vg_put(&c->g, at, header, sizeof header);
  vg_put(&c->g, at + HEADER, c->frame, n);
  vg_add(&c->g, TX, 0, &part, 1);
  vg_notify(&c->g, TX);
  ck_assert(vg_used(&c->g, TX, &head, &len));
}

static void send_arp(card *c, uint16_t op, const uint8_t *to, uint32_t ip)
{
  uint8_t *p = c->frame + 14;
  begin(c, ARP);
  memset(c->frame, 0xff, 6);
  put16(p, 1), put16(p + 2, IP), p[4] = 6, p[5] = 4, put16(p + 6, op);
  memcpy(p + 8, c->mac, 6);
  put32(p + 14, c->ip);
  if (to)
    memcpy(p + 18, to, 6);
  put32(p + 24, ip);
  transmit(c, 60);
}

static size_t ip_header(card *c, uint8_t protocol, uint32_t to, size_t n)
{
  uint8_t *p = c->frame + 14;
  p[0] = 0x45, put16(p + 2, (uint16_t)(20 + n)), p[8] = 64, p[9] = protocol;
  put32(p + 12, c->ip);
  put32(p + 16, to);
  put16(p + 10, fold(add_words(0, p, 20)));
  return 14 + 20 + n;
}

static void send_udp(card *c, uint32_t to, uint16_t from_port, uint16_t to_port, const char *text)
{
  uint8_t *p = c->frame + 14 + 20;
  const size_t n = strlen(text);
  begin(c, IP);
  put16(p, from_port), put16(p + 2, to_port), put16(p + 4, (uint16_t)(8 + n));
  memcpy(p + 8, text, n);
  transmit(c, ip_header(c, UDP, to, 8 + n));
}

enum { SYN = 2, RST = 4, ACK = 16, OUR_PORT = 4000 };
static void send_tcp(card *c, uint16_t to_port, uint32_t seq, uint32_t ack, uint8_t flags,
                     const char *text)
{
  uint8_t *p = c->frame + 14 + 20;
  const size_t length = 20 + strlen(text);
  begin(c, IP);
  put16(p, OUR_PORT), put16(p + 2, to_port), put32(p + 4, seq), put32(p + 8, ack);
  p[12] = 5 << 4, p[13] = flags, put16(p + 14, 8000);
  memcpy(p + 20, text, strlen(text));
  const size_t n = ip_header(c, TCP, c->router, length);
  put16(p + 16, fold(add_words(TCP + (uint32_t)length, c->frame + 14 + 12, 8 + length)));
  transmit(c, n);
}

/* The next frame within ms, ARP requests for the guest's address answered. */
static bool receive(card *c, int ms)
{
  const uint64_t end = rv_host_ns() + ms * 1000000ull;
  uint32_t i, len;
  do {
    rv_network_poll(c->g.m);
    while (vg_used(&c->g, RX, &i, &len)) {
      c->n = len - HEADER;
      ck_assert_uint_le(c->n, sizeof c->frame);
      vg_get(&c->g, c->g.ram + 0x10000 + BUFFER * i + HEADER, c->frame, c->n);
      give_buffer(c, (uint16_t)i);
      const uint8_t *p = c->frame + 14;
      if (get16(c->frame + 12) != ARP || get16(p + 6) != 1 || get32(p + 24) != c->ip)
        return true;
      const uint32_t asks = get32(p + 14);
      uint8_t mac[6];
      memcpy(mac, p + 8, 6);
      send_arp(c, 2, mac, asks);
    }
    g_usleep(500);
  } while (rv_host_ns() < end);
  return false;
}

static bool is_ip(const card *c, uint8_t protocol)
{
  return get16(c->frame + 12) == IP && c->frame[14 + 9] == protocol;
}

/* Skips others: the network also tells of itself (IPv6). */
static bool await_ip(card *c, uint8_t protocol, int ms)
{
  while (receive(c, ms))
    if (is_ip(c, protocol))
      return true;
  return false;
}

static bool router_answers(card *c, uint32_t router, int ms)
{
  send_arp(c, 1, NULL, router);
  while (receive(c, ms))
    if (get16(c->frame + 12) == ARP && get16(c->frame + 14 + 6) == 2 &&
        get32(c->frame + 14 + 14) == router)
      return true;
  return false;
}

/* ---- this host ---- */

static int host_socket(int kind, uint16_t *port)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
  socklen_t n = sizeof a;
  const int fd = socket(AF_INET, kind, 0);
  ck_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&a, n) &&
            !getsockname(fd, (struct sockaddr *)&a, &n));
  *port = ntohs(a.sin_port);
  return fd;
}

static uint16_t free_port(int kind)
{
  uint16_t port;
  close(host_socket(kind, &port));
  return port;
}

static void host_send(int fd, uint16_t port, const char *text)
{
  struct sockaddr_in a = { .sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr = { htonl(INADDR_LOOPBACK) } };
  ck_assert_int_eq(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&a, sizeof a),
                   (ssize_t)strlen(text));
}

static bool host_receive(int fd, const char *text, int ms)
{
  char got[100] = "";
  struct pollfd p = { .fd = fd, .events = POLLIN };
  return poll(&p, 1, ms) == 1 && recv(fd, got, sizeof got - 1, 0) >= 0 && !strcmp(got, text);
}

static rvh_forward forward_udp(uint16_t port)
{
  return (rvh_forward){ .udp = true, .host = INADDR_LOOPBACK, .host_port = port, .guest_port = 53 };
}

/* ---- */

START_TEST(each_device_is_on_its_own_network)
{
  g_autofree char *kernel = kernel_file();
  const rvh_netdev netdevs[] = { { 0 }, { .net = 0xc0a80700, .mask = 0xffffff00 } };
  rvh_machine *m = machine(kernel, netdevs, 2);
  ck_assert(!rv_network_live(m));
  card a = plug_in(m, 0), b = plug_in(m, 1);
  ck_assert(rv_network_live(m));
  b.ip = 0xc0a8070f;
  b.router = 0xc0a80702;
  ck_assert(router_answers(&a, 0x0a000202, TIMEOUT));
  ck_assert(router_answers(&b, 0xc0a80702, TIMEOUT));
  ck_assert(!router_answers(&a, 0xc0a80702, QUIET));
  ck_assert(!router_answers(&b, 0x0a000202, QUIET));
  rvh_free(m);
  g_unlink(kernel);
}
END_TEST

/* From a port of this host to the guest's, and the answer back. */
static void check_forward(card *c, uint16_t port)
{
  uint16_t own;
  const int fd = host_socket(SOCK_DGRAM, &own);
  host_send(fd, port, "question");
  ck_assert(await_ip(c, UDP, TIMEOUT));
  const uint8_t *p = c->frame + 14 + 20;
  ck_assert_uint_eq(get16(p + 2), 53);
  ck_assert_mem_eq(p + 8, "question", 8);
  send_udp(c, get32(c->frame + 14 + 12), 53, get16(p), "answer");
  ck_assert(host_receive(fd, "answer", TIMEOUT));
  close(fd);
}

START_TEST(a_forwarded_udp_port)
{
  g_autofree char *kernel = kernel_file();
  const uint16_t port = free_port(SOCK_DGRAM);
  const rvh_netdev netdev = { .forwards = { forward_udp(port) }, .n_forwards = 1 };
  rvh_machine *m = machine(kernel, &netdev, 1);
  card c = plug_in(m, 0);
  check_forward(&c, port);
  rvh_free(m);
  g_unlink(kernel);
}
END_TEST

/* A connection of this host's to a port of the guest's, and a line back. */
static void check_forwarded_connection(card *c, uint16_t port)
{
  uint16_t own;
  struct sockaddr_in to = { .sin_family = AF_INET,
                            .sin_port = htons(port),
                            .sin_addr = { htonl(INADDR_LOOPBACK) } };
  const int fd = host_socket(SOCK_STREAM, &own);
  ck_assert(!connect(fd, (struct sockaddr *)&to, sizeof to));
  ck_assert(await_ip(c, TCP, TIMEOUT));
  const uint8_t *p = c->frame + 14 + 20;
  const uint16_t from = get16(p);
  const uint32_t seq = get32(p + 4);
  ck_assert(p[13] == SYN && get16(p + 2) == OUR_PORT);
  send_tcp(c, from, 1000, seq + 1, SYN | ACK, "");
  ck_assert(await_ip(c, TCP, TIMEOUT));
  ck_assert_uint_eq(c->frame[14 + 20 + 13], ACK);
  send_tcp(c, from, 1001, seq + 1, ACK, "line");
  rv_network_poll(c->g.m);
  ck_assert(host_receive(fd, "line", TIMEOUT));
  close(fd);
}

/* restrict=on: nothing goes out but by a connection that was forwarded in. Without one, no answer
 * to a forwarded datagram does either: so it is with QEMU, whose libslirp it is. */
START_TEST(restricted)
{
  g_autofree char *kernel = kernel_file();
  for (unsigned on = 0; on < 2; on++) {
    uint16_t own;
    const uint16_t port = free_port(SOCK_STREAM);
    const int fd = host_socket(SOCK_DGRAM, &own);
    const rvh_netdev netdev = {
      .restricted = on,
      .forwards = { { .host = INADDR_LOOPBACK, .host_port = port, .guest_port = OUR_PORT } },
      .n_forwards = 1
    };
    rvh_machine *m = machine(kernel, &netdev, 1);
    card c = plug_in(m, 0);
    ck_assert(router_answers(&c, c.router, TIMEOUT));
    send_udp(&c, c.router, 7, own, "out");
    ck_assert(host_receive(fd, "out", on ? QUIET : TIMEOUT) == !on);
    check_forwarded_connection(&c, port);
    close(fd);
    rvh_free(m);
  }
  g_unlink(kernel);
}
END_TEST

static void solicit_router(card *c)
{
  static const uint8_t own[16] = { 0xfe, 0x80, [15] = 1 }, all[16] = { 0xff, 2, [15] = 2 };
  uint8_t *p = c->frame + 14, *icmp = p + 40;
  begin(c, IP6);
  put32(c->frame, 0x33330000), put16(c->frame + 4, 2);
  p[0] = 0x60, put16(p + 4, 8), p[6] = ICMP6, p[7] = 255;
  memcpy(p + 8, own, 16);
  memcpy(p + 24, all, 16);
  icmp[0] = 133;
  put16(icmp + 2, fold(add_words(ICMP6 + 8, p + 8, 32 + 8)));
  transmit(c, 14 + 40 + 8);
}

/* A router advertisement with the prefix fec0::/64 [RFC 4861, 4.2 and 4.6.2]. */
static bool advertised(const card *c)
{
  static const uint8_t prefix[8] = { 0xfe, 0xc0 };
  const uint8_t *icmp = c->frame + 14 + 40;
  if (get16(c->frame + 12) != IP6 || icmp[0] != 134)
    return false;
  for (size_t at = 16; 54 + at + 32 <= c->n && icmp[at + 1]; at += 8u * icmp[at + 1])
    if (icmp[at] == 3)
      return icmp[at + 2] == 64 && !memcmp(icmp + at + 16, prefix, sizeof prefix);
  return false;
}

/* On, as QEMU's, unless ipv6=off. */
START_TEST(ipv6)
{
  g_autofree char *kernel = kernel_file();
  for (unsigned off = 0; off < 2; off++) {
    const rvh_netdev netdev = { .no_ipv6 = off };
    rvh_machine *m = machine(kernel, &netdev, 1);
    card c = plug_in(m, 0);
    bool any = false, found = false;
    solicit_router(&c);
    while (!found && receive(&c, off ? QUIET : TIMEOUT)) {
      any |= get16(c.frame + 12) == IP6;
      found = advertised(&c);
    }
    ck_assert(found == !off && any == !off);
    rvh_free(m);
  }
  g_unlink(kernel);
}
END_TEST

/* What was in flight is gone, the device and its rings are as they were, and an open connection is
 * told so at its next segment, as by a router that was started again. */
START_TEST(a_snapshot_loses_connections)
{
  const uint16_t port = free_port(SOCK_DGRAM);
  const rvh_netdev netdev = { .forwards = { forward_udp(port) }, .n_forwards = 1 };
  g_autofree char *kernel = kernel_file(), *file = g_strconcat(kernel, ".snap", NULL);
  g_autoptr(GError) error = NULL;
  uint16_t server_port;
  const int server = host_socket(SOCK_STREAM, &server_port);
  ck_assert(!listen(server, 1));
  rvh_machine *m = machine(kernel, &netdev, 1);
  card c = plug_in(m, 0);
  ck_assert(router_answers(&c, c.router, TIMEOUT));
  send_tcp(&c, server_port, 1000, 0, SYN, "");
  ck_assert(await_ip(&c, TCP, TIMEOUT));
  ck_assert_uint_eq(c.frame[14 + 20 + 13], SYN | ACK);
  const uint32_t theirs = get32(c.frame + 14 + 20 + 4);
  send_tcp(&c, server_port, 1001, theirs + 1, ACK, "");
  ck_assert_msg(rvh_save(m, file, &error), "%s", error ? error->message : "");
  rvh_free(m); /* and its port of this host */
  rvh_config config = RVH_CONFIG_DEFAULT;
  config.console_out = config.messages = fopen("/dev/null", "w");
  c.g.m = m = rvh_restore(&config, file, &error);
  ck_assert_msg(m, "%s", error ? error->message : "");
  ck_assert(rv_network_live(m));
  ck_assert_uint_eq(m->config.netdevs[0].forwards[0].host_port, port);
  ck_assert(router_answers(&c, c.router, TIMEOUT));
  send_tcp(&c, server_port, 1001, theirs + 1, ACK, "");
  ck_assert(await_ip(&c, TCP, TIMEOUT));
  ck_assert(c.frame[14 + 20 + 13] & RST);
  check_forward(&c, port);
  rvh_free(m);
  close(server);
  g_unlink(file), g_unlink(kernel);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, each_device_is_on_its_own_network);
  tcase_add_test(tc, a_forwarded_udp_port);
  tcase_add_test(tc, restricted);
  tcase_add_test(tc, ipv6);
  tcase_add_test(tc, a_snapshot_loses_connections);
}

UNIT_MAIN("network", add_tests)
