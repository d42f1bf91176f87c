/* gdb.c - gdb's remote serial protocol: packets and what they do, one connection at a time, all
 * harts stopping together. Stands on rvh.h; numbers in packets are hexadecimal and not trusted.
 * [gdb manual, E.2 Packets, E.4 General Query Packets]
 */
#include "debug/gdb.h"
#include "trace/names.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ERROR_ARGUMENT = 0x16, ERROR_MEMORY = 0x0e, ERROR_REGISTER = 0x01 };

/* ---- reading arguments ---- */

/* A hexadecimal number; false (and nothing taken) if there is none, or it does not fit. */
static bool take_hex(const char **s, uint64_t *value)
{
  const char *p = *s;
  uint64_t v = 0;
  for (; g_ascii_isxdigit(*p); p++) {
    if (v >> 60)
      return false;
    v = v << 4 | (uint64_t)g_ascii_xdigit_value(*p);
  }
  if (p == *s)
    return false;
  *s = p;
  *value = v;
  return true;
}

static bool take(const char **s, char c)
{
  if (**s != c)
    return false;
  ++*s;
  return true;
}

static bool take_word(const char **s, const char *word)
{
  if (!g_str_has_prefix(*s, word))
    return false;
  *s += strlen(word);
  return true;
}

static bool take_range(const char **s, uint64_t *addr, uint64_t *n)
{
  return take_hex(s, addr) && take(s, ',') && take_hex(s, n);
}

/* Eight bytes as the target has them in memory: little-endian. */
static bool take_register(const char **s, uint64_t *value)
{
  *value = 0;
  for (unsigned i = 0; i < 8; i++) {
    const int high = g_ascii_xdigit_value((*s)[0]);
    const int low = high < 0 ? -1 : g_ascii_xdigit_value((*s)[1]);
    if (low < 0)
      return false;
    *value |= (uint64_t)(high << 4 | low) << 8 * i;
    *s += 2;
  }
  return true;
}

/* A thread is hart + 1; "p1.2" has a process in front. -1 and 0 (all, any) give ~0. */
static bool take_thread(rv_gdb *g, const char **s, unsigned *hart)
{
  uint64_t id;
  if (take(s, 'p')) {
    if (!take_word(s, "-1") && !take_hex(s, &id))
      return false;
    if (!take(s, '.')) {
      *hart = ~0u;
      return true;
    }
  }
  *hart = ~0u;
  if (take_word(s, "-1"))
    return true;
  if (!take_hex(s, &id) || id > rvh_n_harts(g->m))
    return false;
  *hart = (unsigned)id - 1;
  return true;
}

/* ---- replies ---- */

static void reply(rv_gdb *g, const char *text) { g_string_assign(g->reply, text); }

static void reply_ok(rv_gdb *g, bool ok, unsigned error)
{
  if (ok)
    reply(g, "OK");
  else
    g_string_printf(g->reply, "E%02x", error);
}

static void put_bytes(GString *out, const void *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    g_string_append_printf(out, "%02x", ((const uint8_t *)bytes)[i]);
}

static void put_register(GString *out, uint64_t value)
{
  for (unsigned i = 0; i < 8; i++)
    g_string_append_printf(out, "%02x", (unsigned)(value >> 8 * i & 0xff));
}

static void reply_stop(rv_gdb *g)
{
  g_string_printf(g->reply, "T%02xthread:%x;", g->signal, g->hart + 1);
  if (g->hit)
    g_string_append_printf(g->reply, "%s:%" G_GINT64_MODIFIER "x;",
                           g->hit->type == '2'   ? "watch"
                           : g->hit->type == '3' ? "rwatch"
                                                 : "awatch",
                           g->hit_at);
}

/* ---- registers and memory ---- */

static void do_read_registers(rv_gdb *g, const char *s)
{
  uint64_t value = 0;
  for (unsigned i = 0; i <= RV_GDB_PC; i++) { /* gdb asks for the rest one by one */
    rv_gdb_read_register(g->m, g->hart, i, &value);
    put_register(g->reply, value);
  }
}

static void do_write_registers(rv_gdb *g, const char *s)
{
  uint64_t value;
  unsigned i = 0;
  for (; i <= RV_GDB_PC && take_register(&s, &value); i++)
    rv_gdb_write_register(g->m, g->hart, i, value);
  reply_ok(g, i > RV_GDB_PC && !*s, ERROR_ARGUMENT);
}

static void do_read_register(rv_gdb *g, const char *s)
{
  uint64_t number, value;
  if (take_hex(&s, &number) && !*s && rv_gdb_read_register(g->m, g->hart, number, &value))
    put_register(g->reply, value);
  else
    reply_ok(g, false, ERROR_REGISTER);
}

static void do_write_register(rv_gdb *g, const char *s)
{
  uint64_t number, value;
  const bool ok = take_hex(&s, &number) && take(&s, '=') && take_register(&s, &value) && !*s;
  reply_ok(g, ok && rv_gdb_write_register(g->m, g->hart, number, value), ERROR_REGISTER);
}

static bool read_memory(rv_gdb *g, uint64_t addr, void *buf, size_t n)
{
  return g->physical ? rvh_read_memory(g->m, addr, buf, n)
                     : rvh_read_virtual(g->m, g->hart, addr, buf, n);
}

static bool write_memory(rv_gdb *g, uint64_t addr, const void *buf, size_t n)
{
  return g->physical ? rvh_write_memory(g->m, addr, buf, n)
                     : rvh_write_virtual(g->m, g->hart, addr, buf, n);
}

/* As much as is mapped; nothing at all is an error. */
static void do_read_memory(rv_gdb *g, const char *s)
{
  uint8_t bytes[RV_GDB_PACKET_MAX / 2 - 8];
  uint64_t addr, n, done = 0;
  if (!take_range(&s, &addr, &n) || *s) {
    reply_ok(g, false, ERROR_ARGUMENT);
    return;
  }
  for (n = MIN(n, sizeof bytes); done < n;) {
    const uint64_t in_page = 4096 - ((addr + done) & 4095), part = MIN(n - done, in_page);
    if (!read_memory(g, addr + done, bytes + done, part))
      break;
    done += part;
  }
  if (n && !done)
    reply_ok(g, false, ERROR_MEMORY);
  put_bytes(g->reply, bytes, done);
}

static void do_write_memory(rv_gdb *g, const char *s)
{
  uint8_t bytes[RV_GDB_PACKET_MAX / 2];
  uint64_t addr, n, i = 0;
  bool ok = take_range(&s, &addr, &n) && take(&s, ':') && strlen(s) / 2 == n && strlen(s) % 2 == 0;
  for (; ok && i < n; i++, s += 2) {
    const int high = g_ascii_xdigit_value(s[0]), low = g_ascii_xdigit_value(s[1]);
    ok = high >= 0 && low >= 0;
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  if (!ok)
    reply_ok(g, false, ERROR_ARGUMENT);
  else
    reply_ok(g, write_memory(g, addr, bytes, n), ERROR_MEMORY);
}

/* The data is binary: it may hold zero bytes, and '}' escapes. */
static void do_write_binary(rv_gdb *g, const char *s)
{
  uint8_t bytes[RV_GDB_PACKET_MAX];
  const char *end = g->packet->str + g->packet->len;
  uint64_t addr, n, have = 0;
  bool ok = take_range(&s, &addr, &n) && take(&s, ':');
  while (ok && s < end) {
    const bool escaped = *s == '}';
    ok = !escaped || ++s < end;
    if (ok)
      bytes[have++] = (uint8_t)(*s++ ^ (escaped ? 0x20 : 0));
  }
  if (!ok || have != n)
    reply_ok(g, false, ERROR_ARGUMENT);
  else
    reply_ok(g, write_memory(g, addr, bytes, n), ERROR_MEMORY);
}

/* ---- breakpoints and watchpoints ---- */

static void free_conditions(GPtrArray *conditions)
{
  if (conditions)
    g_ptr_array_free(conditions, TRUE);
}

/* Takes over the conditions. Inserting again changes them. */
static void set_break(rv_gdb *g, uint64_t addr, GPtrArray *conditions, bool insert)
{
  unsigned i = 0;
  while (i < g->breaks->len && g_array_index(g->breaks, rv_gdb_break, i).addr != addr)
    i++;
  const bool there = i < g->breaks->len;
  if (there)
    free_conditions(g_array_index(g->breaks, rv_gdb_break, i).conditions);
  if (there && insert)
    g_array_index(g->breaks, rv_gdb_break, i).conditions = conditions;
  else if (there)
    g_array_remove_index(g->breaks, i);
  else if (insert)
    g_array_append_val(g->breaks, ((rv_gdb_break){ addr, conditions }));
  if (!insert)
    free_conditions(conditions);
}

static void free_code(gpointer code) { g_byte_array_free(code, TRUE); }

/* ;Xlength,bytes for each condition; *list stays NULL if there is none. */
static bool take_conditions(const char **s, GPtrArray **list)
{
  while (take(s, ';')) {
    uint64_t n;
    if (!take(s, 'X') || !take_hex(s, &n) || !take(s, ',') || strlen(*s) / 2 < n)
      return false;
    GByteArray *code = g_byte_array_new();
    if (!*list)
      *list = g_ptr_array_new_with_free_func(free_code);
    g_ptr_array_add(*list, code);
    for (; n; n--, *s += 2) {
      const int high = g_ascii_xdigit_value((*s)[0]), low = g_ascii_xdigit_value((*s)[1]);
      const uint8_t byte = (uint8_t)(high << 4 | low);
      if (high < 0 || low < 0)
        return false;
      g_byte_array_append(code, &byte, 1);
    }
  }
  return !**s;
}

static void set_watch(rv_gdb *g, const rv_gdb_watch *watch, bool insert)
{
  for (unsigned i = 0; i < g->watches->len; i++) {
    const rv_gdb_watch *w = &g_array_index(g->watches, rv_gdb_watch, i);
    if (w->type == watch->type && w->addr == watch->addr && w->size == watch->size) {
      if (!insert)
        g_array_remove_index(g->watches, i);
      return;
    }
  }
  if (insert)
    g_array_append_val(g->watches, *watch);
}

/* Type 0 and 1 are the same here: nothing is written into memory. */
static void do_point(rv_gdb *g, const char *s, bool insert)
{
  enum { MAX_POINTS = 1024 };
  rv_gdb_watch w = { .type = *s };
  GPtrArray *conditions = NULL;
  if (w.type < '0' || w.type > '4')
    return; /* unknown: an empty reply */
  s++;
  if (!take(&s, ',') || !take_range(&s, &w.addr, &w.size) || !take_conditions(&s, &conditions) ||
      (insert && g->breaks->len + g->watches->len >= MAX_POINTS)) {
    free_conditions(conditions);
    reply_ok(g, false, ERROR_ARGUMENT);
    return;
  }
  g->hit = NULL; /* it points into the array */
  if (w.type < '2') {
    set_break(g, w.addr, conditions, insert);
  } else {
    free_conditions(conditions);
    set_watch(g, &w, insert);
  }
  reply(g, "OK");
}
static void do_insert(rv_gdb *g, const char *s) { do_point(g, s, true); }
static void do_remove(rv_gdb *g, const char *s) { do_point(g, s, false); }

/* ---- threads ---- */

static void do_set_thread(rv_gdb *g, const char *s)
{
  const char what = *s;
  unsigned hart;
  s += what != 0;
  const bool ok = (what == 'g' || what == 'c') && take_thread(g, &s, &hart) && !*s;
  if (ok && what == 'g')
    g->hart = hart == ~0u ? g->hart : hart;
  else if (ok)
    g->run_hart = hart;
  reply_ok(g, ok, ERROR_ARGUMENT);
}

static void do_thread_alive(rv_gdb *g, const char *s)
{
  unsigned hart;
  reply_ok(g, take_thread(g, &s, &hart) && hart != ~0u && !*s, ERROR_ARGUMENT);
}

static const char *mode(rv_gdb *g, unsigned hart)
{
  bool v;
  const unsigned prv = rvh_vmode(g->m, hart, &v);
  return rv_mode_name(prv, v);
}

static void q_first_threads(rv_gdb *g, const char *s)
{
  for (unsigned i = 0; i < rvh_n_harts(g->m); i++)
    g_string_append_printf(g->reply, "%c%x", i ? ',' : 'm', i + 1);
}
static void q_next_threads(rv_gdb *g, const char *s) { reply(g, "l"); }

static void q_current_thread(rv_gdb *g, const char *s)
{
  if (!*s)
    g_string_printf(g->reply, "QC%x", g->hart + 1);
}

static void q_thread_info(rv_gdb *g, const char *s)
{
  unsigned hart;
  if (!take_thread(g, &s, &hart) || hart == ~0u || *s) {
    reply_ok(g, false, ERROR_ARGUMENT);
    return;
  }
  g_autofree char *text = g_strdup_printf("hart %u [%s]", hart, mode(g, hart));
  put_bytes(g->reply, text, strlen(text));
}

/* ---- queries ---- */

static void q_supported(rv_gdb *g, const char *s)
{
  g_string_printf(g->reply,
                  "PacketSize=%x;QStartNoAckMode+;vContSupported+;qXfer:features:read+;"
                  "qXfer:threads:read+;QPassSignals+;ConditionalBreakpoints+",
                  RV_GDB_PACKET_MAX);
}

/* offset,length of a text: 'm' if more follows, 'l' for the last part. */
static void reply_part(rv_gdb *g, const char *s, const GString *text)
{
  uint64_t offset, n;
  if (!take_range(&s, &offset, &n) || *s || offset > text->len) {
    reply_ok(g, false, ERROR_ARGUMENT);
    return;
  }
  /* Half: the wire may have to escape each byte. */
  n = MIN(n, (uint64_t)RV_GDB_PACKET_MAX / 2 - 8);
  const uint64_t left = text->len - offset;
  g_string_append_c(g->reply, n < left ? 'm' : 'l');
  g_string_append_len(g->reply, text->str + offset, MIN(n, left));
}

static void q_features(rv_gdb *g, const char *s)
{
  if (!take_word(&s, "target.xml:")) {
    reply(g, "E00"); /* no such annex */
    return;
  }
  if (!g->xml)
    g->xml = rv_gdb_target_xml();
  reply_part(g, s, g->xml);
}

static void q_threads(rv_gdb *g, const char *s)
{
  GString *xml = g_string_new("<?xml version=\"1.0\"?>\n<threads>\n");
  for (unsigned i = 0; i < rvh_n_harts(g->m); i++)
    g_string_append_printf(xml, "<thread id=\"%x\" core=\"%u\" name=\"hart %u\">%s-mode</thread>\n",
                           i + 1, i, i, mode(g, i));
  g_string_append(xml, "</threads>\n");
  reply_part(g, s, xml);
  g_string_free(xml, TRUE);
}

/* Text for gdb's console, in as many packets as it needs. */
static void send_text(rv_gdb *g, const char *text, size_t n)
{
  enum { PART = 4096 };
  for (size_t at = 0; at < n; at += PART) {
    g_string_assign(g->reply, "O");
    put_bytes(g->reply, text + at, MIN(n - at, PART));
    rv_link_send(&g->link, g->reply->str, g->reply->len);
  }
}

static void q_command(rv_gdb *g, const char *s)
{
  char line[512], *text = NULL;
  size_t size = 0, n = 0;
  for (; n + 1 < sizeof line && g_ascii_isxdigit(s[0]) && g_ascii_isxdigit(s[1]); s += 2)
    line[n++] = (char)(g_ascii_xdigit_value(s[0]) << 4 | g_ascii_xdigit_value(s[1]));
  line[n] = 0;
  if (*s) {
    reply_ok(g, false, ERROR_ARGUMENT);
    return;
  }
  FILE *out = open_memstream(&text, &size);
  rv_gdb_monitor(g, line, out);
  fclose(out);
  send_text(g, text, size);
  free(text);
  reply(g, "OK");
}

static void q_attached(rv_gdb *g, const char *s) { reply(g, "1"); }
static void q_ok(rv_gdb *g, const char *s) { reply(g, "OK"); }

static void q_no_ack(rv_gdb *g, const char *s)
{
  g->link.no_ack = true;
  reply(g, "OK");
}

/* QEMU's: memory by physical address. */
static void q_phy_mem_mode(rv_gdb *g, const char *s) { reply(g, g->physical ? "1" : "0"); }
static void q_set_phy_mem_mode(rv_gdb *g, const char *s)
{
  const bool ok = (*s == '0' || *s == '1') && !s[1];
  g->physical = ok ? *s == '1' : g->physical;
  reply_ok(g, ok, ERROR_ARGUMENT);
}

/* ---- going on ---- */

static void set_actions(rv_gdb *g, char action)
{
  memset(g->action, 0, sizeof g->action);
  memset(g->action, action, rvh_n_harts(g->m));
}

/* C and S carry a signal, which a machine has no use for. */
static bool take_action(const char **s, char *action)
{
  uint64_t signal;
  *action = (char)(**s | 0x20);
  if ((*action != 'c' && *action != 's') || !**s)
    return false;
  const bool with_signal = **s < 'a';
  ++*s;
  return !with_signal || take_hex(s, &signal);
}

/* ;action[:thread]...: for each hart the first that names it, or names none. */
static bool take_actions(rv_gdb *g, const char *s)
{
  set_actions(g, 0);
  if (!*s)
    return false;
  while (*s) {
    char action;
    unsigned hart = ~0u;
    if (!take(&s, ';') || !take_action(&s, &action) ||
        (take(&s, ':') && !take_thread(g, &s, &hart)))
      return false;
    for (unsigned i = 0; i < rvh_n_harts(g->m); i++)
      if ((hart == ~0u || hart == i) && !g->action[i])
        g->action[i] = action;
  }
  return true;
}

static void v_cont(rv_gdb *g, const char *s)
{
  if (!strcmp(s, "?")) {
    reply(g, "vCont;c;C;s;S");
    return;
  }
  g->running = take_actions(g, s);
  if (!g->running)
    reply_ok(g, false, ERROR_ARGUMENT);
}

/* c, s, C and S with an optional address, as before vCont. */
static void resume_old(rv_gdb *g, const char *s, char action, bool with_signal)
{
  uint64_t value;
  const unsigned hart = g->run_hart < rvh_n_harts(g->m) ? g->run_hart : g->hart;
  bool ok = !with_signal || take_hex(&s, &value);
  if (ok && *s && (!with_signal || take(&s, ';'))) {
    ok = take_hex(&s, &value);
    if (ok)
      rvh_write_pc(g->m, hart, value);
  }
  if (!ok || *s) {
    reply_ok(g, false, ERROR_ARGUMENT);
    return;
  }
  set_actions(g, 'c');
  g->action[hart] = action;
  g->running = true;
}
static void do_continue(rv_gdb *g, const char *s) { resume_old(g, s, 'c', false); }
static void do_continue_signal(rv_gdb *g, const char *s) { resume_old(g, s, 'c', true); }
static void do_step(rv_gdb *g, const char *s) { resume_old(g, s, 's', false); }
static void do_step_signal(rv_gdb *g, const char *s) { resume_old(g, s, 's', true); }

/* Whoever was connected leaves nothing behind. */
static void forget(rv_gdb *g)
{
  for (unsigned i = 0; i < g->breaks->len; i++)
    free_conditions(g_array_index(g->breaks, rv_gdb_break, i).conditions);
  g_array_set_size(g->breaks, 0);
  g_array_set_size(g->watches, 0);
  g->hit = NULL;
  g->on = RV_ON_NOTHING;
  g->physical = false;
  g->run_hart = ~0u;
}

static void release(rv_gdb *g)
{
  forget(g);
  rv_link_close(&g->link);
  set_actions(g, 'c');
  g->running = true;
  if (g->listener < 0)
    g->over = true;
}

static void do_detach(rv_gdb *g, const char *s)
{
  rv_link_send(&g->link, "OK", 2);
  release(g);
}

static void do_kill(rv_gdb *g, const char *s)
{
  g->over = true;
  g->result = (rvh_result){ .ended = true, .stop = RVH_STOP_ENDED, .reason = "killed by gdb" };
}
static void v_kill(rv_gdb *g, const char *s)
{
  rv_link_send(&g->link, "OK", 2);
  do_kill(g, s);
}

static void do_why_stopped(rv_gdb *g, const char *s) { reply_stop(g); }

/* ---- the table ---- */

/* The first row whose text begins the packet; an unknown packet gets the empty reply. */
static const struct {
  const char *text;
  void (*serve)(rv_gdb *g, const char *arguments);
} packets[] = {
  { "qSupported", q_supported },
  { "qXfer:features:read:", q_features },
  { "qXfer:threads:read::", q_threads },
  { "qfThreadInfo", q_first_threads },
  { "qsThreadInfo", q_next_threads },
  { "qThreadExtraInfo,", q_thread_info },
  { "qRcmd,", q_command },
  { "qAttached", q_attached },
  { "qSymbol:", q_ok },
  { "qqemu.PhyMemMode", q_phy_mem_mode },
  { "Qqemu.PhyMemMode:", q_set_phy_mem_mode },
  { "qC", q_current_thread },
  { "QStartNoAckMode", q_no_ack },
  { "QPassSignals:", q_ok },
  { "vCont", v_cont },
  { "vKill;", v_kill },
  { "?", do_why_stopped },
  { "g", do_read_registers },
  { "G", do_write_registers },
  { "p", do_read_register },
  { "P", do_write_register },
  { "m", do_read_memory },
  { "M", do_write_memory },
  { "X", do_write_binary },
  { "Z", do_insert },
  { "z", do_remove },
  { "H", do_set_thread },
  { "T", do_thread_alive },
  { "c", do_continue },
  { "C", do_continue_signal },
  { "s", do_step },
  { "S", do_step_signal },
  { "D", do_detach },
  { "k", do_kill },
};

static void serve_packet(rv_gdb *g)
{
  const char *text = g->packet->str;
  g_string_truncate(g->reply, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS(packets); i++)
    if (g_str_has_prefix(text, packets[i].text)) {
      packets[i].serve(g, text + strlen(packets[i].text));
      break;
    }
  if (!g->running && !g->over)
    rv_link_send(&g->link, g->reply->str, g->reply->len);
}

/* ---- the session ---- */

static void serve_connection(rv_gdb *g)
{
  switch (rv_link_receive(&g->link, g->packet)) {
  case RV_LINK_PACKET:
    serve_packet(g);
    break;
  case RV_LINK_BAD:
    reply_ok(g, false, ERROR_ARGUMENT);
    rv_link_send(&g->link, g->reply->str, g->reply->len);
    break;
  case RV_LINK_CLOSED:
    release(g);
    break;
  default: /* an interrupt of what stands still */
    break;
  }
}

static void connected(rv_gdb *g, int fd)
{
  rv_link_open(&g->link, fd);
  if (!g->history)
    g->history = rv_history_new(g->m, rv_gdb_seen, g);
  g->running = false;
  g->signal = 5;
}

static void accept_connection(rv_gdb *g)
{
  const int fd = accept(g->listener, NULL, NULL);
  if (fd >= 0)
    connected(g, fd);
}

/* The trap log's line of the transition that break-on waited for. */
static void send_transition(rv_gdb *g)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  rv_history_print(g->history, rv_history_last(g->history, 1), out);
  fclose(out);
  const char *end = memchr(text, '\n', size);
  if (end)
    send_text(g, text, end + 1 - text);
  free(text);
}

/* The machine ran until something came; what? */
static void after_run(rv_gdb *g)
{
  if (g->result.ended) {
    g_string_printf(g->reply, "W%02x", g->result.status & 0xff);
    rv_link_send(&g->link, g->reply->str, g->reply->len);
    g->over = true;
    return;
  }
  if (g->link.fd < 0) { /* not gdb's stop: the listener's */
    struct pollfd p = { .fd = g->listener, .events = POLLIN };
    if (poll(&p, 1, 0) > 0)
      accept_connection(g);
    return;
  }
  if (!g->signal) {
    const rv_link_got got = rv_link_glance(&g->link);
    if (got == RV_LINK_CLOSED)
      release(g);
    if (got != RV_LINK_INTERRUPT)
      return;
    g->signal = 2;
  }
  g->running = false;
  if (g->reached)
    send_transition(g);
  reply_stop(g);
  rv_link_send(&g->link, g->reply->str, g->reply->len);
}

static void run_machine(rv_gdb *g)
{
  g->signal = 0;
  if (!rv_link_pending(&g->link) || memchr(g->action, 's', sizeof g->action))
    rv_gdb_resume(g);
  after_run(g);
}

rvh_result rv_gdb_session(rvh_machine *m, int listener, int fd, bool wait)
{
  rv_gdb g = { .m = m, .listener = listener, .link.fd = -1, .run_hart = ~0u, .running = !wait };
  g.packet = g_string_new(NULL);
  g.reply = g_string_new(NULL);
  g.link.sent = g_string_new(NULL);
  g.breaks = g_array_new(FALSE, FALSE, sizeof(rv_gdb_break));
  g.inserted = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  g.watches = g_array_new(FALSE, FALSE, sizeof(rv_gdb_watch));
  set_actions(&g, 'c');
  if (fd >= 0)
    connected(&g, fd);
  while (!g.over)
    if (g.running)
      run_machine(&g);
    else if (g.link.fd < 0)
      accept_connection(&g);
    else
      serve_connection(&g);
  forget(&g);
  rv_link_close(&g.link);
  rvh_set_breakpoints(m, NULL, 0);
  rv_history_free(g.history, &g.result);
  g_string_free(g.packet, TRUE);
  g_string_free(g.reply, TRUE);
  g_string_free(g.link.sent, TRUE);
  if (g.xml)
    g_string_free(g.xml, TRUE);
  g_array_free(g.breaks, TRUE);
  g_array_free(g.inserted, TRUE);
  g_array_free(g.watches, TRUE);
  return g.result;
}

bool rvh_gdb_serve(rvh_machine *m, const char *listen, bool wait, FILE *messages,
                   rvh_result *result, GError **error)
{
  g_autofree char *where = NULL;
  const int fd = rv_link_listen(listen, &where, error);
  if (fd < 0)
    return false;
  if (messages)
    fprintf(messages, "rvh-sim: gdb may connect: target remote %s%s\n", where,
            wait ? "; nothing runs before" : "");
  *result = rv_gdb_session(m, fd, -1, wait);
  close(fd);
  if (g_str_has_prefix(listen, "unix:"))
    unlink(where);
  return true;
}
