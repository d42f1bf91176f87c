/* network.c - the options that say what is outside of the machine: -netdev, -nic, -net and
 * -chardev. Spelled as QEMU's; what would not be done is refused.
 */
#include "cli/keys.h"
#include <arpa/inet.h>
#include <string.h>

bool cli_parse_mac(const char *text, uint8_t mac[6])
{
  for (unsigned i = 0; i < 6; i++, text += 2) {
    if (i && *text++ != ':')
      return false;
    const int high = g_ascii_xdigit_value(text[0]);
    const int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
    if (low < 0)
      return false;
    mac[i] = (uint8_t)(high << 4 | low);
  }
  return !*text;
}

static bool parse_address(const char *text, uint32_t *number)
{
  struct in_addr a;
  if (inet_pton(AF_INET, text, &a) != 1)
    return false;
  *number = ntohl(a.s_addr);
  return true;
}

/* ---- -netdev ---- */

static bool netdev_id(void *target, const char *value, GError **error)
{
  ((rvh_netdev *)target)->id = value;
  return true;
}

static bool netdev_hostname(void *target, const char *value, GError **error)
{
  ((rvh_netdev *)target)->hostname = value;
  return true;
}

static bool netdev_restrict(void *target, const char *value, GError **error)
{
  return cli_parse_switch("-netdev user: restrict", value, &((rvh_netdev *)target)->restricted,
                          error);
}

static bool netdev_ipv4(void *target, const char *value, GError **error)
{
  bool on = true;
  return cli_parse_switch("-netdev user: ipv4", value, &on, error) &&
         (on || cli_fail(error, "leave it out", "-netdev user: ipv4=off is not available"));
}

static bool netdev_ipv6(void *target, const char *value, GError **error)
{
  bool on = true;
  const bool ok = cli_parse_switch("-netdev user: ipv6", value, &on, error);
  ((rvh_netdev *)target)->no_ipv6 = !on;
  return ok;
}

/* ADDRESS[/BITS] */
static bool netdev_net(void *target, const char *value, GError **error)
{
  rvh_netdev *d = target;
  g_auto(GStrv) parts = g_strsplit(value, "/", 2);
  uint64_t bits = 24;
  if (!parts[0] || !parse_address(parts[0], &d->net) ||
      (parts[1] && !cli_parse_scaled(parts[1], "", 1, &bits)) || bits < 8 || bits > 27)
    return cli_fail(error, "write it like net=192.168.76.0/24 (8 to 27 bits)",
                    "-netdev user: net=%s is not a network", value);
  d->mask = 0xffffffffu << (32 - bits);
  d->net &= d->mask;
  return true;
}

static bool take_address(uint32_t *number, const char *key, const char *value, GError **error)
{
  return parse_address(value, number) ||
         cli_fail(error, "write it like 10.0.2.9", "-netdev user: %s=%s is not an address", key,
                  value);
}

static bool netdev_host(void *target, const char *value, GError **error)
{
  return take_address(&((rvh_netdev *)target)->host, "host", value, error);
}

static bool netdev_dhcpstart(void *target, const char *value, GError **error)
{
  return take_address(&((rvh_netdev *)target)->dhcpstart, "dhcpstart", value, error);
}

static bool netdev_dns(void *target, const char *value, GError **error)
{
  return take_address(&((rvh_netdev *)target)->dns, "dns", value, error);
}

/* "[ADDRESS]:PORT" */
static bool parse_end(const char *text, uint32_t *address, uint16_t *port)
{
  const char *colon = strchr(text, ':');
  uint64_t number;
  if (!colon || !cli_parse_scaled(colon + 1, "", 1, &number) || number < 1 || number > 65535)
    return false;
  g_autofree char *host = g_strndup(text, (gsize)(colon - text));
  *port = (uint16_t)number;
  return !*host || parse_address(host, address);
}

/* "[tcp|udp]:[HOSTADDRESS]:PORT-[GUESTADDRESS]:PORT" */
static bool parse_forward(const char *text, rvh_forward *f)
{
  const char *rest = strchr(text, ':'), *dash = strchr(text, '-');
  if (!rest || !dash || dash < rest)
    return false;
  g_autofree char *protocol = g_strndup(text, (gsize)(rest - text));
  g_autofree char *host = g_strndup(rest + 1, (gsize)(dash - rest - 1));
  f->text = text;
  f->udp = !strcmp(protocol, "udp");
  return (f->udp || !*protocol || !strcmp(protocol, "tcp")) &&
         parse_end(host, &f->host, &f->host_port) && parse_end(dash + 1, &f->guest, &f->guest_port);
}

static bool netdev_hostfwd(void *target, const char *value, GError **error)
{
  rvh_netdev *d = target;
  if (d->n_forwards == RVH_MAX_FORWARDS)
    return cli_fail(error, "use fewer", "-netdev user: more than %d hostfwd", RVH_MAX_FORWARDS);
  return parse_forward(value, &d->forwards[d->n_forwards++]) ||
         cli_fail(error,
                  "write it like hostfwd=tcp::2222-:22 or hostfwd=udp:127.0.0.1:5000-10.0.2.15:53",
                  "-netdev user: hostfwd=%s is not a rule", value);
}

/* What was given must lie in the network, as what was not given does. */
static bool check_addresses(const rvh_netdev *d, GError **error)
{
  const uint32_t net = d->mask ? d->net : 0x0a000200, mask = d->mask ? d->mask : 0xffffff00;
  const struct {
    const char *key;
    uint32_t address;
  } own[] = { { "host", d->host ? d->host : net | 2 },
              { "dhcpstart", d->dhcpstart ? d->dhcpstart : net | 15 },
              { "dns", d->dns ? d->dns : net | 3 } };
  for (unsigned i = 0; i < G_N_ELEMENTS(own); i++) {
    const uint32_t last = own[i].address & ~mask;
    if ((own[i].address & mask) != net || !last || last == ~mask)
      return cli_fail(error, "give one that does, or leave it out",
                      "-netdev user: %s= does not lie in net=", own[i].key);
    if (own[i].address == own[(i + 1) % 3].address)
      return cli_fail(error, "give each an address of its own",
                      "-netdev user: %s= and %s= are the same", own[i].key, own[(i + 1) % 3].key);
  }
  return true;
}

static bool add_netdev(rvh_config *config, const rvh_netdev *d, GError **error)
{
  for (unsigned i = 0; i < config->n_netdevs; i++)
    if (!strcmp(config->netdevs[i].id, d->id))
      return cli_fail(error, "give each an id of its own", "-netdev: two with id=%s", d->id);
  if (config->n_netdevs == RVH_MAX_NETDEVS)
    return cli_fail(error, "use fewer", "-netdev: more than %d", RVH_MAX_NETDEVS);
  config->netdevs[config->n_netdevs++] = *d;
  return true;
}

/* What is before the first comma; *rest: what comes after it. */
static char *first_word(const char *text, const char **rest)
{
  const char *word = g_str_has_prefix(text, "type=") ? text + strlen("type=") : text;
  const size_t n = strcspn(word, ",");
  *rest = word[n] ? word + n + 1 : "";
  return g_strndup(word, n);
}

/* Of a target that begins with an rvh_netdev. */
#define USER_KEYS                                                                                  \
  { "id", netdev_id }, { "hostfwd", netdev_hostfwd }, { "restrict", netdev_restrict },             \
      { "net", netdev_net }, { "host", netdev_host }, { "dhcpstart", netdev_dhcpstart },           \
      { "dns", netdev_dns }, { "hostname", netdev_hostname }, { "ipv4", netdev_ipv4 },             \
  {                                                                                                \
    "ipv6", netdev_ipv6                                                                            \
  }

bool cli_netdev(rvh_config *config, const char *text, GError **error)
{
  static const cli_keyword keys[] = { USER_KEYS };
  const char *rest;
  rvh_netdev d = { 0 };
  g_autofree char *kind = first_word(text, &rest);
  if (strcmp(kind, "user"))
    return cli_fail(error, "possible here: -netdev user,id=ID", "-netdev %s: not available", kind);
  if (!cli_keys_parse("-netdev user", rest, keys, G_N_ELEMENTS(keys), &d, error) ||
      !check_addresses(&d, error))
    return false;
  return d.id ? add_netdev(config, &d, error)
              : cli_fail(error, "write it like -netdev user,id=net0", "-netdev user: no id=");
}

/* ---- -nic, -net: a network and its device in one, or one after the other ---- */

typedef struct {
  rvh_netdev netdev; /* first: USER_KEYS are for it */
  rvh_device device;
} nic;

static bool nic_model(void *target, const char *value, GError **error)
{
  rvh_device *d = &((nic *)target)->device;
  d->kind = strcmp(value, "virtio-net-device") ? RVH_VIRTIO_NET_PCI : RVH_VIRTIO_NET_MMIO;
  return d->kind == RVH_VIRTIO_NET_MMIO || !strcmp(value, "virtio-net-pci") ||
         !strcmp(value, "virtio") ||
         cli_fail(error, "possible here: virtio-net-pci, virtio-net-device",
                  "-nic: model=%s is not available", value);
}

static bool nic_mac(void *target, const char *value, GError **error)
{
  rvh_device *d = &((nic *)target)->device;
  d->has_mac = cli_parse_mac(value, d->mac);
  return (d->has_mac && !(d->mac[0] & 1)) ||
         cli_fail(error, "write it like mac=52:54:00:12:34:56; the first byte is even",
                  "-nic: mac=%s is not the address of one device", value);
}

static bool add_nic(rvh_config *config, const rvh_device *d, GError **error)
{
  if (config->n_devices == RVH_MAX_DEVICES)
    return cli_fail(error, "use fewer", "-device: more than %d", RVH_MAX_DEVICES);
  config->devices[config->n_devices++] = *d;
  return true;
}

#define NIC_NONE                                                                                   \
  {                                                                                                \
    .device = {.kind = RVH_VIRTIO_NET_PCI, .slot = RVH_ANY }                                       \
  }

bool cli_nic(rvh_config *config, const char *text, GError **error)
{
  static const cli_keyword keys[] = { USER_KEYS, { "model", nic_model }, { "mac", nic_mac } };
  const char *rest;
  nic n = NIC_NONE;
  g_autofree char *kind = first_word(text, &rest);
  g_autofree char *number = g_strdup_printf("#nic%u", config->n_netdevs);
  if (!strcmp(kind, "none") && !*rest)
    return true;
  if (strcmp(kind, "user"))
    return cli_fail(error, "possible here: -nic user, -nic none", "-nic %s: not available", kind);
  if (!cli_keys_parse("-nic user", rest, keys, G_N_ELEMENTS(keys), &n, error))
    return false;
  if (!n.netdev.id)
    n.netdev.id = g_intern_string(number);
  n.device.netdev = n.netdev.id;
  return check_addresses(&n.netdev, error) && add_netdev(config, &n.netdev, error) &&
         add_nic(config, &n.device, error);
}

/* What QEMU calls hub 0: the network of -net user, which all of -net nic are on; here it is one. */
static const char hub[] = "#hub0";

static bool net_user(rvh_config *config, const char *rest, GError **error)
{
  static const cli_keyword keys[] = { USER_KEYS };
  rvh_netdev d = { 0 };
  if (!cli_keys_parse("-net user", rest, keys, G_N_ELEMENTS(keys), &d, error) ||
      !check_addresses(&d, error))
    return false;
  d.id = hub;
  return add_netdev(config, &d, error);
}

static bool net_nic(rvh_config *config, const char *rest, GError **error)
{
  static const cli_keyword keys[] = { { "model", nic_model }, { "macaddr", nic_mac } };
  nic n = NIC_NONE;
  if (!cli_keys_parse("-net nic", rest, keys, G_N_ELEMENTS(keys), &n, error))
    return false;
  n.device.netdev = hub;
  return add_nic(config, &n.device, error);
}

bool cli_net(rvh_config *config, const char *text, GError **error)
{
  const char *rest;
  g_autofree char *kind = first_word(text, &rest);
  if (!strcmp(kind, "none") && !*rest)
    return true;
  if (!strcmp(kind, "nic"))
    return net_nic(config, rest, error);
  return !strcmp(kind, "user")
             ? net_user(config, rest, error)
             : cli_fail(error, "possible here: nic, user, none", "-net %s: not available", kind);
}

/* A -net nic without a -net user has no cable. */
void cli_net_finish(rvh_config *config)
{
  bool there = false;
  for (unsigned i = 0; i < config->n_netdevs; i++)
    there |= !strcmp(config->netdevs[i].id, hub);
  for (unsigned i = 0; i < config->n_devices && !there; i++)
    if (!g_strcmp0(config->devices[i].netdev, hub))
      config->devices[i].netdev = NULL;
}

/* ---- -chardev ---- */

static bool ignore(void *target, const char *value, GError **error) { return true; }

static bool chardev_id(void *target, const char *value, GError **error)
{
  ((rvh_chardev *)target)->id = value;
  return true;
}

static bool chardev_path(void *target, const char *value, GError **error)
{
  ((rvh_chardev *)target)->file = value;
  return true;
}

static bool add_chardev(rvh_config *config, const char *kind, const rvh_chardev *c, GError **error)
{
  if (!c->id)
    return cli_fail(error, "write it like -chardev stdio,id=con0", "-chardev %s: no id=", kind);
  if ((c->kind == RVH_CHARDEV_FILE) != (c->file && *c->file))
    return cli_fail(error, "write it like -chardev file,id=con0,path=console.log",
                    "-chardev %s: a file, and only a file, has path=", kind);
  for (unsigned i = 0; i < config->n_chardevs; i++)
    if (!strcmp(config->chardevs[i].id, c->id))
      return cli_fail(error, "give each an id of its own", "-chardev: two with id=%s", c->id);
  if (config->n_chardevs == RVH_MAX_CHARDEVS)
    return cli_fail(error, "use fewer", "-chardev: more than %d", RVH_MAX_CHARDEVS);
  config->chardevs[config->n_chardevs++] = *c;
  return true;
}

bool cli_chardev(rvh_config *config, const char *text, GError **error)
{
  static const char *const kinds[] = {
    [RVH_CHARDEV_STDIO] = "stdio", [RVH_CHARDEV_FILE] = "file", [RVH_CHARDEV_NULL] = "null"
  };
  static const cli_keyword keys[] = {
    { "id", chardev_id }, { "path", chardev_path }, { "mux", ignore }, { "signal", ignore }
  };
  const char *rest;
  g_autofree char *kind = first_word(text, &rest);
  for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (!strcmp(kinds[i], kind)) {
      rvh_chardev c = { .kind = (rvh_chardev_kind)i };
      return cli_keys_parse("-chardev", rest, keys, G_N_ELEMENTS(keys), &c, error) &&
             add_chardev(config, kind, &c, error);
    }
  return cli_fail(error, "possible here: stdio, file, null", "-chardev %s: not available", kind);
}
