/* pmu.c - Performance Monitoring Unit: the hart's counters for HS-mode, and counters of what this
 * firmware does. [sbi ext-pmu]
 *
 * Logical counters are the CSRs by number (0 cycle, 2 instret, 3 and up hpmcounter; 1, time, is
 * none), then the firmware's. Which one an event gets, and what is passed over in a set of
 * counters, is OpenSBI's choice. Depends on priv/counter.h, between instructions: a call takes no
 * time.
 */
#include "mmu/phys.h"
#include "priv/counter.h"
#include "priv/csr.h"
#include "sbi/call.h"
#include <string.h>

enum { CYCLE = 0, TIME = 1, INSTRET = 2, HPM_FIRST = 3 };
enum { FIXED = 1 << CYCLE | 1 << INSTRET };
enum { HW_CPU_CYCLES = 1, HW_INSTRUCTIONS = 2, HW_END = 11 }; /* codes of general events */
enum { TYPE_HW = 0, TYPE_CACHE = 1, TYPE_RAW = 2, TYPE_RAW_V2 = 3, TYPE_FW = 15 };
enum { FW_PLATFORM = 65535 };
enum { NO_EVENT = 0xffffffffu };

enum {
  CFG_SKIP_MATCH = 1,
  CFG_CLEAR_VALUE = 2,
  CFG_AUTO_START = 4,
  CFG_FILTERS = 0x78,
  CFG_ALL = 0xff
};
enum { START_SET_INIT_VALUE = 1, START_INIT_SNAPSHOT = 2 };
enum { STOP_RESET = 1, STOP_TAKE_SNAPSHOT = 2 };

/* Of the snapshot memory: the overflow bitmap, then the values. */
enum { SHMEM_SIZE = 4096, SHMEM_VALUES = 8 };

/* The flags SET_VUINH .. SET_SINH are in the order of mhpmevent's bits 58 to 61. */
enum { FILTER_SHIFT = 55 };

/* The calling hart. */
typedef struct {
  rv_hart *h;
  rv_sbi_pmu *p;
  unsigned n_hw, n; /* counters: the hart's, and all */
} unit;

static unit unit_of(rv_sbi *s, rv_hart *h)
{
  const unsigned n_hw = h->choice.as_spike ? HPM_FIRST : RV_COUNTERS;
  return (unit){ h, &s->pmu[rv_sbi_hart_index(s, h->id)], n_hw, n_hw + RV_SBI_FW_COUNTERS };
}

void rv_sbi_pmu_reset(rv_sbi *s, rv_hart *h)
{
  const unit u = unit_of(s, h);
  memset(u.p, 0, sizeof *u.p);
  for (unsigned i = 0; i < RV_SBI_COUNTERS; i++)
    u.p->event[i] = NO_EVENT;
  u.p->shmem = ~0ull;
}

void rv_sbi_pmu_state(rv_sbi *s, rv_state *state)
{
  for (unsigned i = 0; i < s->host.n_harts; i++) {
    rv_sbi_pmu *p = &s->pmu[i];
    for (unsigned n = 0; n < RV_SBI_COUNTERS; n++)
      rv_state_field(state, &p->event[n]);
    rv_state_words(state, p->value, RV_SBI_FW_COUNTERS);
    rv_state_field(state, &p->started);
    rv_state_field(state, &p->shmem);
  }
}

void rv_sbi_count(rv_sbi *s, rv_hart *h, rv_sbi_fw_event what)
{
  const unit u = unit_of(s, h);
  for (unsigned i = 0; u.p->started && i < RV_SBI_FW_COUNTERS; i++)
    if ((u.p->started >> i & 1) && u.p->event[u.n_hw + i] == ((uint32_t)TYPE_FW << 16 | what))
      u.p->value[i]++;
}

void rv_sbi_count_sent(rv_sbi *s, rv_hart *from, rv_hart *to, rv_sbi_fw_event what)
{
  if (from == to)
    return;
  rv_sbi_count(s, from, what);
  rv_sbi_count(s, to, what + 1);
}

/* ---- events ---- */

static unsigned type_of(uint64_t event) { return event >> 16 & 15; }
static unsigned code_of(uint64_t event) { return event & 0xffff; }

/* Does the specification have such an event? [tables of event types and codes] */
static bool is_event(uint64_t event)
{
  const unsigned code = code_of(event);
  if (event >> 20)
    return false;
  switch (type_of(event)) {
  case TYPE_HW:
    return code < HW_END;
  case TYPE_CACHE:
    return code >> 3 < 7 && (code >> 1 & 3) < 3;
  case TYPE_RAW:
  case TYPE_RAW_V2:
    return code == 0;
  case TYPE_FW:
    return code < RV_SBI_FW_EVENTS;
  default:
    return false;
  }
}

/* mhpmevent.Event that counts it, 0: none. Raw events name it themselves. */
static uint64_t selector_of(uint64_t event, uint64_t data)
{
  switch (type_of(event)) {
  case TYPE_HW:
    return code_of(event) == HW_CPU_CYCLES || code_of(event) == HW_INSTRUCTIONS ? code_of(event)
                                                                                : 0;
  case TYPE_RAW:
  case TYPE_RAW_V2:
    return data && rv_csr_value_name(CSR_mhpmevent3, "Event", data) ? data : 0;
  default:
    return 0;
  }
}

/* Can counter n count it? cycle and instret are for their own general event alone. */
static bool can_count(const unit *u, unsigned n, uint64_t event, uint64_t data)
{
  if (n >= u->n_hw || type_of(event) == TYPE_FW)
    return n >= u->n_hw && type_of(event) == TYPE_FW;
  if (n < HPM_FIRST)
    return type_of(event) == TYPE_HW && code_of(event) == (n == CYCLE     ? HW_CPU_CYCLES
                                                           : n == INSTRET ? HW_INSTRUCTIONS
                                                                          : HW_END);
  return selector_of(event, data);
}

/* ---- one counter ---- */

static bool is_fixed(unsigned n) { return n < HPM_FIRST; }

static bool is_started(const unit *u, unsigned n)
{
  return n < u->n_hw ? !(u->h->csr.mcountinhibit >> n & 1) : u->p->started >> (n - u->n_hw) & 1;
}

/* Fixed counters have their event from the start. */
static bool has_event(const unit *u, unsigned n)
{
  return is_fixed(n) ? n != TIME : u->p->event[n] != NO_EVENT;
}

static uint64_t read_value(const unit *u, unsigned n)
{
  return n < u->n_hw ? rv_counter_read(u->h, n) : u->p->value[n - u->n_hw];
}

static void write_value(const unit *u, unsigned n, uint64_t value)
{
  if (n < u->n_hw)
    rv_counter_write(u->h, n, value, 0);
  else
    u->p->value[n - u->n_hw] = value;
}

/* M-mode is never counted, as the firmware takes no time. Without an extension that filters, the
 * filters, which are hints, have no place. */
static void configure(const unit *u, unsigned n, uint64_t flags, uint64_t event, uint64_t data)
{
  const bool filters = rv_has(u->h, is_fixed(n) ? EXT_Smcntrpmf : EXT_Sscofpmf);
  uint64_t config = is_fixed(n) ? 0 : selector_of(event, data);
  u->p->event[n] = event;
  if (filters)
    config |= mhpmevent3_MINH | (flags & CFG_FILTERS) << FILTER_SHIFT;
  if (n < u->n_hw && (filters || !is_fixed(n)))
    rv_counter_configure(u->h, n, config, 0);
}

/* OF would keep the next overflow from interrupting. It stays while an interrupt is pending whose
 * handler has yet to find out whose it is. */
static void rearm(const unit *u, unsigned n)
{
  const uint64_t config = u->h->counter[n].config;
  if (!is_fixed(n) && (config & mhpmevent3_OF) && !(u->h->csr.mip & IP(LCOFI)))
    rv_counter_configure(u->h, n, config & ~mhpmevent3_OF, 0);
}

static bool start(const unit *u, unsigned n)
{
  if (is_started(u, n))
    return false;
  if (n < u->n_hw) {
    rearm(u, n);
    rv_counter_inhibit(u->h, u->h->csr.mcountinhibit & ~(1ull << n), 0);
  } else
    u->p->started |= 1u << (n - u->n_hw);
  return true;
}

static bool stop(const unit *u, unsigned n)
{
  if (!is_started(u, n))
    return false;
  if (n < u->n_hw)
    rv_counter_inhibit(u->h, u->h->csr.mcountinhibit | 1ull << n, 0);
  else
    u->p->started &= ~(1u << (n - u->n_hw));
  return true;
}

/* The counter is free for another event. */
static void forget(const unit *u, unsigned n)
{
  u->p->event[n] = NO_EVENT;
  if (n < u->n_hw && !is_fixed(n))
    rv_counter_configure(u->h, n, 0, 0);
}

/* ---- sets of counters ---- */

/* a0, a1: base and mask. An empty one is no set, as in OpenSBI. */
static bool is_set(const unit *u, const rv_sbi_call *c)
{
  const uint64_t base = c->arg[0], mask = c->arg[1];
  return mask && base < u->n && 63 - (unsigned)__builtin_clzll(mask) < u->n - base;
}

static bool is_in_set(const rv_sbi_call *c, unsigned n)
{
  return n >= c->arg[0] && n - c->arg[0] < 64 && (c->arg[1] >> (n - c->arg[0]) & 1);
}

static uint64_t shmem_value(const rv_sbi_pmu *p, const rv_sbi_call *c, unsigned n)
{
  return p->shmem + SHMEM_VALUES + 8 * (n - c->arg[0]);
}

/* ---- functions ---- */

static int64_t num_counters(rv_sbi *s, rv_sbi_call *c)
{
  c->value = unit_of(s, c->h).n;
  return SBI_SUCCESS;
}

static int64_t counter_get_info(rv_sbi *s, rv_sbi_call *c)
{
  enum { WIDTH = 63 << 12 }; /* 64 bits, all of them */
  const unit u = unit_of(s, c->h);
  const uint64_t n = c->arg[0];
  if (n >= u.n || n == TIME)
    return SBI_ERR_INVALID_PARAM;
  c->value = n < u.n_hw ? WIDTH | (CSR_cycle + n) : WIDTH | 1ull << 63;
  return SBI_SUCCESS;
}

/* A free one of the set; -1: there is none. cycle and instret run from the start, so they are free
 * until they were given to somebody and started. */
static int find_one(const unit *u, const rv_sbi_call *c, bool fixed)
{
  for (unsigned n = 0; n < u->n; n++) {
    const bool taken = u->p->event[n] != NO_EVENT && (!fixed || is_started(u, n));
    if (is_fixed(n) == fixed && is_in_set(c, n) && can_count(u, n, c->arg[3], c->arg[4]) && !taken)
      return n;
  }
  return -1;
}

/* Counters that filter by mode and interrupt come first; one that cannot filter is no substitute if
 * a filter is wanted. */
static int find(const unit *u, const rv_sbi_call *c)
{
  const bool hpm_filters = rv_has(u->h, EXT_Sscofpmf);
  const bool wants_more = hpm_filters && (c->arg[2] & CFG_FILTERS) && !rv_has(u->h, EXT_Smcntrpmf);
  const int fixed = wants_more ? -1 : find_one(u, c, true);
  const int other = hpm_filters || fixed < 0 ? find_one(u, c, false) : -1;
  return other >= 0 ? other : fixed;
}

/* SKIP_MATCH: the first of the set, whose event it is to be. */
static int select_counter(const unit *u, const rv_sbi_call *c)
{
  if (!(c->arg[2] & CFG_SKIP_MATCH))
    return find(u, c);
  const unsigned n = c->arg[0] + __builtin_ctzll(c->arg[1]);
  return can_count(u, n, c->arg[3], c->arg[4]) ? (int)n : -1;
}

static int64_t counter_config_matching(rv_sbi *s, rv_sbi_call *c)
{
  const unit u = unit_of(s, c->h);
  const uint64_t flags = c->arg[2];
  if (!is_set(&u, c) || (flags & ~(uint64_t)CFG_ALL) || !is_event(c->arg[3]))
    return SBI_ERR_INVALID_PARAM;
  const int n = select_counter(&u, c);
  if (n < 0)
    return SBI_ERR_NOT_SUPPORTED;
  if (!(flags & CFG_SKIP_MATCH) || !is_started(&u, n))
    configure(&u, n, flags, c->arg[3], c->arg[4]);
  if (flags & CFG_CLEAR_VALUE)
    write_value(&u, n, 0);
  if (flags & CFG_AUTO_START)
    start(&u, n);
  c->value = n;
  return SBI_SUCCESS;
}

/* What all counters of the set said; those without an event are passed over, but not all of them.
 */
static int64_t outcome(unsigned n_counters, unsigned n_already, int64_t already)
{
  return !n_counters ? SBI_ERR_INVALID_PARAM : n_already ? already : SBI_SUCCESS;
}

static int64_t start_set(rv_sbi *s, const rv_sbi_call *c)
{
  const unit u = unit_of(s, c->h);
  const uint64_t flags = c->arg[2];
  unsigned n_counters = 0, n_already = 0;
  if (!is_set(&u, c) || flags > START_INIT_SNAPSHOT) /* the two flags exclude each other */
    return SBI_ERR_INVALID_PARAM;
  if ((flags & START_INIT_SNAPSHOT) && u.p->shmem == ~0ull)
    return SBI_ERR_NO_SHMEM;
  for (unsigned n = 0; n < u.n; n++) {
    uint64_t value = c->arg[3];
    if (!is_in_set(c, n) || !has_event(&u, n))
      continue;
    n_counters++;
    if (is_started(&u, n)) {
      n_already++;
      continue;
    }
    if ((flags & START_INIT_SNAPSHOT) &&
        !rv_phys_read(s->host.phys, shmem_value(u.p, c, n), &value, sizeof value))
      return SBI_ERR_FAILED;
    if (flags)
      write_value(&u, n, value);
    start(&u, n);
  }
  return outcome(n_counters, n_already, SBI_ERR_ALREADY_STARTED);
}

/* Linux from 6.10 on starts its counters after an overflow with base 64 * 64 for 0, an index of the
 * wrong loop, and would sample once and never again. There is no such counter to mistake it for. */
static int64_t counter_start(rv_sbi *s, rv_sbi_call *c)
{
  rv_sbi_call meant = *c;
  if (c->arg[0] == 64 * 64 && c->arg[2] == START_INIT_SNAPSHOT)
    meant.arg[0] = 0;
  return start_set(s, &meant);
}

/* All counters that have overflowed, from the set's base on. */
static uint64_t overflow_bitmap(const unit *u, const rv_sbi_call *c)
{
  uint64_t map = 0;
  for (unsigned n = HPM_FIRST; n < u->n_hw; n++)
    if (n >= c->arg[0] && (u->h->counter[n].config & mhpmevent3_OF))
      map |= 1ull << (n - c->arg[0]);
  return map;
}

static bool take_snapshot(rv_sbi *s, const unit *u, const rv_sbi_call *c)
{
  const uint64_t map = overflow_bitmap(u, c);
  bool ok = rv_phys_write(s->host.phys, u->p->shmem, &map, sizeof map);
  for (unsigned n = 0; ok && n < u->n; n++) {
    const uint64_t value = read_value(u, n);
    if (is_in_set(c, n) && has_event(u, n))
      ok = rv_phys_write(s->host.phys, shmem_value(u->p, c, n), &value, sizeof value);
  }
  return ok;
}

static int64_t counter_stop(rv_sbi *s, rv_sbi_call *c)
{
  const unit u = unit_of(s, c->h);
  const uint64_t flags = c->arg[2];
  unsigned n_counters = 0, n_already = 0;
  if (!is_set(&u, c) || flags > (STOP_RESET | STOP_TAKE_SNAPSHOT))
    return SBI_ERR_INVALID_PARAM;
  if ((flags & STOP_TAKE_SNAPSHOT) && u.p->shmem == ~0ull)
    return SBI_ERR_NO_SHMEM;
  for (unsigned n = 0; n < u.n; n++)
    if (is_in_set(c, n) && has_event(&u, n)) {
      n_counters++;
      n_already += !stop(&u, n);
    }
  if ((flags & STOP_TAKE_SNAPSHOT) && !take_snapshot(s, &u, c))
    return SBI_ERR_FAILED;
  for (unsigned n = 0; (flags & STOP_RESET) && n < u.n; n++)
    if (is_in_set(c, n))
      forget(&u, n);
  return outcome(n_counters, n_already, SBI_ERR_ALREADY_STOPPED);
}

static int64_t counter_fw_read(rv_sbi *s, rv_sbi_call *c)
{
  const unit u = unit_of(s, c->h);
  if (c->arg[0] < u.n_hw || c->arg[0] >= u.n || !has_event(&u, c->arg[0]))
    return SBI_ERR_INVALID_PARAM;
  c->value = read_value(&u, c->arg[0]);
  return SBI_SUCCESS;
}

/* The upper half for RV32: always zero on RV64. */
static int64_t counter_fw_read_hi(rv_sbi *s, rv_sbi_call *c)
{
  const int64_t error = counter_fw_read(s, c);
  c->value = 0;
  return error;
}

/* All ones in both halves: none any more. */
static int64_t snapshot_set_shmem(rv_sbi *s, rv_sbi_call *c)
{
  const unit u = unit_of(s, c->h);
  const uint64_t low = c->arg[0], high = c->arg[1];
  const bool none = low == ~0ull && high == ~0ull;
  if (c->arg[2] || (!none && low % SHMEM_SIZE))
    return SBI_ERR_INVALID_PARAM;
  if (!none && (high || !rv_sbi_is_memory(s, low, SHMEM_SIZE, true)))
    return SBI_ERR_INVALID_ADDRESS;
  u.p->shmem = low;
  return SBI_SUCCESS;
}

/* What the caller's table has for an event. */
typedef struct {
  uint32_t event, output;
  uint64_t data;
} event_info;

/* Is there a counter, free or not, that could count it? */
static bool is_supported(const unit *u, const event_info *e)
{
  for (unsigned n = 0; n < u->n; n++)
    if (is_event(e->event) && can_count(u, n, e->event, e->data))
      return true;
  return false;
}

/* Nothing is written if an entry is malformed. */
static int64_t event_get_info(rv_sbi *s, rv_sbi_call *c)
{
  const unit u = unit_of(s, c->h);
  const uint64_t at = c->arg[0], n = c->arg[2];
  event_info e;
  if (c->arg[3] || at % sizeof e || !n)
    return SBI_ERR_INVALID_PARAM;
  if (c->arg[1] || n > ~0ull / sizeof e || !rv_sbi_is_memory(s, at, n * sizeof e, true))
    return SBI_ERR_INVALID_ADDRESS;
  for (unsigned pass = 0; pass < 2; pass++)
    for (uint64_t i = 0; i < n; i++) {
      const uint64_t pa = at + i * sizeof e;
      if (!rv_phys_read(s->host.phys, pa, &e, sizeof e))
        return SBI_ERR_FAILED;
      if (e.event >> 20)
        return SBI_ERR_INVALID_PARAM;
      e.output = is_supported(&u, &e);
      if (pass && !rv_phys_write(s->host.phys, pa + offsetof(event_info, output), &e.output,
                                 sizeof e.output))
        return SBI_ERR_FAILED;
    }
  return SBI_SUCCESS;
}

static const rv_sbi_function functions[] = {
  { "num_counters", num_counters },
  { "counter_get_info", counter_get_info },
  { "counter_config_matching", counter_config_matching },
  { "counter_start", counter_start },
  { "counter_stop", counter_stop },
  { "counter_fw_read", counter_fw_read },
  { "counter_fw_read_hi", counter_fw_read_hi },
  { "snapshot_set_shmem", snapshot_set_shmem },
  { "event_get_info", event_get_info },
};

const rv_sbi_extension rv_sbi_pmu_extension = {
  .name = "PMU", .eid = 0x504D55, .n = sizeof functions / sizeof *functions, .function = functions
};
