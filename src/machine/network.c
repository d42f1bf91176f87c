/* network.c - -netdev user: a network whose router, DHCP and name server are libslirp's, in this
 * process, with sockets of the host behind it.
 *
 * What the guest sends goes to libslirp at once. What comes back waits for the places in the run
 * loop where the outside is looked at (rv_board_poll), and there for a buffer of the guest's. Time
 * is the host's: what is at the other end lives by it. Without a -netdev nothing here does
 * anything.
 */
#include "machine/machine.h"
#include "cpu/fp.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libslirp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

enum { WAITING = 1024 }; /* frames; what comes on top is lost, and TCP sends it again */

typedef struct {
  SlirpTimerCb call;
  void *ctx;
  int64_t when; /* ms; -1: off */
} slirp_timer;

struct rv_network {
  rvh_machine *m;
  Slirp *slirp;
  rv_virtio *card; /* NULL: no device is on this network */
  GQueue waiting;  /* of GBytes: frames for the guest */
  GPtrArray *timers;
};

/* ---- SIGPIPE: libslirp writes to sockets whose other end may be gone ---- */

static void hold_sigpipe(sigset_t *before)
{
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void drop_sigpipe(const sigset_t *before)
{
  sigset_t pipe;
  const struct timespec now = { 0 };
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  while (!sigismember(before, SIGPIPE) && sigtimedwait(&pipe, NULL, &now) > 0)
    ;
  pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* ---- what libslirp asks ---- */

static ssize_t take_frame(const void *frame, size_t n, void *ctx)
{
  rv_network *w = ctx;
  if (w->card && w->waiting.length < WAITING)
    g_queue_push_tail(&w->waiting, g_bytes_new(frame, n));
  return (ssize_t)n;
}

static void guest_error(const char *message, void *ctx) {}
static int64_t clock_ns(void *ctx) { return (int64_t)rv_host_ns(); }

static void *timer_new(SlirpTimerCb call, void *timer_ctx, void *ctx)
{
  slirp_timer *t = g_new(slirp_timer, 1);
  *t = (slirp_timer){ call, timer_ctx, -1 };
  g_ptr_array_add(((rv_network *)ctx)->timers, t);
  return t;
}

static void timer_free(void *timer, void *ctx)
{
  g_ptr_array_remove(((rv_network *)ctx)->timers, timer);
}

static void timer_mod(void *timer, int64_t when, void *ctx) { ((slirp_timer *)timer)->when = when; }

static void register_fd(int fd, void *ctx) {}
static void notify(void *ctx) {}

static const SlirpCb callbacks = { .send_packet = take_frame,
                                   .guest_error = guest_error,
                                   .clock_get_ns = clock_ns,
                                   .timer_new = timer_new,
                                   .timer_free = timer_free,
                                   .timer_mod = timer_mod,
                                   .register_poll_fd = register_fd,
                                   .unregister_poll_fd = register_fd,
                                   .notify = notify };

/* ---- making it ---- */

static struct in_addr address(uint32_t number) { return (struct in_addr){ htonl(number) }; }

/* QEMU's prefix is fec0::/64; its router is ::2, its name server ::3. */
static struct in6_addr address6(uint8_t last)
{
  struct in6_addr a = { .s6_addr = { 0xfe, 0xc0 } };
  a.s6_addr[15] = last;
  return a;
}

static uint32_t or_default(const rvh_netdev *d, uint32_t given, uint32_t host)
{
  return given ? given : d->net | host;
}

static SlirpConfig configuration(const rvh_netdev *d)
{
  return (SlirpConfig){ .version = 1,
                        .restricted = d->restricted,
                        .in_enabled = true,
                        .vnetwork = address(d->net),
                        .vnetmask = address(d->mask),
                        .vhost = address(or_default(d, d->host, 2)),
                        .vdhcp_start = address(or_default(d, d->dhcpstart, 15)),
                        .vnameserver = address(or_default(d, d->dns, 3)),
                        .vhostname = d->hostname,
                        .in6_enabled = !d->no_ipv6,
                        .vprefix_addr6 = address6(0),
                        .vprefix_len = 64,
                        .vhost6 = address6(2),
                        .vnameserver6 = address6(3) };
}

static bool forward(rv_network *w, const rvh_netdev *d, const rvh_forward *f, GError **error)
{
  errno = 0;
  if (slirp_add_hostfwd(w->slirp, f->udp, address(f->host), f->host_port,
                        address(f->guest ? f->guest : or_default(d, d->dhcpstart, 15)),
                        f->guest_port) == 0)
    return true;
  return rv_plug_fail(error, "give another port of the host, or end the program that has it",
                      "-netdev user,id=%s: hostfwd=%s: cannot listen there: %s", d->id,
                      f->text ? f->text : "", g_strerror(errno ? errno : EADDRINUSE));
}

static bool open_network(rvh_machine *m, unsigned i, GError **error)
{
  rvh_netdev *d = &m->config.netdevs[i];
  if (!d->mask) {
    d->net = 0x0a000200;
    d->mask = 0xffffff00;
  }
  rv_network *w = m->network[i] = g_new0(rv_network, 1);
  const SlirpConfig config = configuration(d);
  w->m = m;
  g_queue_init(&w->waiting);
  w->timers = g_ptr_array_new_with_free_func(g_free);
  w->slirp = slirp_new(&config, &callbacks, w);
  if (!w->slirp)
    return rv_plug_fail(error, "leave net=, host=, dhcpstart= and dns= out",
                        "-netdev user,id=%s: the network cannot be made", d->id);
  for (unsigned n = 0; n < d->n_forwards; n++)
    if (!forward(w, d, &d->forwards[n], error))
      return false;
  return true;
}

bool rv_network_open(rvh_machine *m, GError **error)
{
  for (unsigned i = 0; i < m->config.n_netdevs; i++)
    if (!open_network(m, i, error))
      return false;
  return true;
}

void rv_network_free(rvh_machine *m)
{
  for (unsigned i = 0; i < RVH_MAX_NETDEVS && m->network[i]; i++) {
    rv_network *w = m->network[i];
    sigset_t before;
    w->card = NULL; /* it is gone already */
    hold_sigpipe(&before);
    if (w->slirp)
      slirp_cleanup(w->slirp);
    drop_sigpipe(&before);
    g_queue_clear_full(&w->waiting, (GDestroyNotify)g_bytes_unref);
    g_ptr_array_free(w->timers, TRUE);
    g_free(w);
    m->network[i] = NULL;
  }
}

/* ---- the guest's side ---- */

/* Called from inside a slice. */
static void send_frame(void *ctx, const uint8_t *frame, size_t n)
{
  rv_network *w = ctx;
  sigset_t before;
  const bool lent = rv_fp_lend(w->m->current);
  hold_sigpipe(&before);
  slirp_input(w->slirp, frame, (int)n);
  drop_sigpipe(&before);
  rv_fp_take_back(w->m->current, lent);
}

/* The network a device names; NULL: error is set. */
static rv_network *find(rvh_machine *m, const char *id, const char *name, GError **error)
{
  for (unsigned i = 0; i < m->config.n_netdevs; i++) {
    if (g_strcmp0(m->config.netdevs[i].id, id))
      continue;
    if (!m->network[i]->card)
      return m->network[i];
    rv_plug_fail(error, "each device has a -netdev of its own",
                 "-device %s: netdev '%s' is already in use", name, id);
    return NULL;
  }
  rv_plug_fail(error, "define it: -netdev user,id=NAME", "-device %s: no netdev '%s'", name, id);
  return NULL;
}

rv_virtio *rv_network_card(rvh_machine *m, const rvh_device *d, const char *name, GError **error)
{
  const uint8_t standard[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, (uint8_t)(0x56 + m->n_cards) };
  rv_network *w = d->netdev ? find(m, d->netdev, name, error) : NULL;
  if (d->netdev && !w)
    return NULL;
  rv_virtio *v = rv_virtio_net_new((rv_net_backend){ w, w ? send_frame : NULL },
                                   d->has_mac ? d->mac : standard);
  m->n_cards++;
  if (w)
    w->card = v;
  return v;
}

void rv_network_look(const rvh_machine *m)
{
  for (unsigned i = 0; i < m->config.n_netdevs; i++)
    if (!m->network[i]->card)
      fprintf(m->config.messages ? m->config.messages : stderr,
              "rvh-sim: warning: netdev %s has no peer: no -device virtio-net-... has netdev=%s\n",
              m->config.netdevs[i].id, m->config.netdevs[i].id);
}

bool rv_network_live(const rvh_machine *m)
{
  for (unsigned i = 0; i < m->config.n_netdevs; i++)
    if (m->network[i]->card && rv_virtio_live(m->network[i]->card))
      return true;
  return false;
}

/* In the order of arrival; the rest waits until the guest has buffers. */
static void deliver(rv_network *w)
{
  GBytes *frame;
  while (w->card && (frame = g_queue_peek_head(&w->waiting))) {
    size_t n;
    const uint8_t *bytes = g_bytes_get_data(frame, &n);
    if (!rv_virtio_net_deliver(w->card, bytes, n))
      return;
    g_bytes_unref(g_queue_pop_head(&w->waiting));
  }
}

/* ---- the host's side ---- */

static const struct {
  int slirp;
  short host;
} events[] = { { SLIRP_POLL_IN, POLLIN },
               { SLIRP_POLL_OUT, POLLOUT },
               { SLIRP_POLL_PRI, POLLPRI },
               { SLIRP_POLL_ERR, POLLERR },
               { SLIRP_POLL_HUP, POLLHUP } };

static int add_poll(int fd, int wanted, void *ctx)
{
  GArray *polled = ctx;
  struct pollfd p = { .fd = fd };
  for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
    if (wanted & events[i].slirp)
      p.events |= events[i].host;
  g_array_append_val(polled, p);
  return (int)polled->len - 1;
}

static int get_revents(int i, void *ctx)
{
  const short found = g_array_index((GArray *)ctx, struct pollfd, i).revents;
  int result = 0;
  for (size_t n = 0; n < G_N_ELEMENTS(events); n++)
    if (found & events[n].host)
      result |= events[n].slirp;
  return result;
}

static void shorten(uint64_t *ns, uint64_t limit) { *ns = *ns < limit ? *ns : limit; }

void rv_network_prepare(rvh_machine *m, GArray *polled, uint64_t *ns)
{
  enum { NS_PER_MS = 1000000 };
  const int64_t now = (int64_t)rv_host_ns() / NS_PER_MS;
  for (unsigned i = 0; i < m->config.n_netdevs; i++) {
    const rv_network *w = m->network[i];
    const uint64_t rounded_up = *ns / NS_PER_MS + 1;
    uint32_t ms = rounded_up < UINT32_MAX ? (uint32_t)rounded_up : UINT32_MAX;
    slirp_pollfds_fill(w->slirp, &ms, add_poll, polled);
    if (ms != UINT32_MAX)
      shorten(ns, (uint64_t)ms * NS_PER_MS);
    for (unsigned n = 0; n < w->timers->len; n++) {
      const slirp_timer *t = w->timers->pdata[n];
      if (t->when >= 0)
        shorten(ns, t->when > now ? (uint64_t)(t->when - now) * NS_PER_MS : 0);
    }
  }
}

/* A timer's function may set it again. */
static void run_timers(const rv_network *w)
{
  const int64_t now = (int64_t)rv_host_ns() / 1000000;
  for (unsigned n = 0; n < w->timers->len; n++) {
    slirp_timer *t = w->timers->pdata[n];
    if (t->when < 0 || t->when > now)
      continue;
    t->when = -1;
    t->call(t->ctx);
  }
}

void rv_network_dispatch(rvh_machine *m, GArray *polled, bool failed)
{
  sigset_t before;
  if (!m->config.n_netdevs)
    return;
  hold_sigpipe(&before);
  for (unsigned i = 0; i < m->config.n_netdevs; i++) {
    slirp_pollfds_poll(m->network[i]->slirp, failed, get_revents, polled);
    run_timers(m->network[i]);
    deliver(m->network[i]);
  }
  drop_sigpipe(&before);
}

void rv_network_poll(rvh_machine *m)
{
  uint64_t ns = 0;
  if (!m->config.n_netdevs)
    return;
  g_array_set_size(m->polled, 0);
  rv_network_prepare(m, m->polled, &ns);
  const int any = poll((struct pollfd *)m->polled->data, m->polled->len, 0);
  rv_network_dispatch(m, m->polled, any < 0);
}
