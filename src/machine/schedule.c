/* schedule.c - whose turn it is, up to which instruction, and what happens there.
 *
 * Harts run in turn on one thread, each for an exact number of instructions. Timer events have an
 * exact place on the machine's clock, overflows of counters one on the hart's: a slice is cut short
 * there, the single-step engine running the last instructions if a block would cross it. So a run
 * depends on its inputs alone.
 */
#include "machine/machine.h"
#include "cpu/event.h"
#include "mmu/tlb.h"
#include "priv/counter.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "priv/trap.h"
#include <stdarg.h>
#include <time.h>

static unsigned n_harts(const rvh_machine *m) { return m->config.n_harts; }

/* ---- the clock ---- */

uint64_t rv_clock_now(const rvh_machine *m)
{
  return m->clock + (m->current ? m->current->icount - m->slice_start : 0);
}

static uint64_t ticks_at(const rvh_machine *m, uint64_t clock)
{
  return clock / n_harts(m) / RV_INSNS_PER_TICK + m->mtime_base;
}

uint64_t rv_clock_ticks(const rvh_machine *m)
{
  return m->held ? m->held_time : ticks_at(m, rv_clock_now(m));
}

/* Ticks until the comparator of one hart fires, ~0 if none will: it has fired, or is off. */
static uint64_t ticks_to_fire(rvh_machine *m, rv_hart *h, uint64_t now)
{
  uint64_t best = ~0ull;
  const uint64_t mtimecmp = rv_clint_next(m->clint, h->id);
  if (mtimecmp > now && mtimecmp - now < best)
    best = mtimecmp - now;
  if (!(h->csr.menvcfg & menvcfg_STCE))
    return best;
  if (h->s[0].timecmp > now && h->s[0].timecmp - now < best)
    best = h->s[0].timecmp - now;
  const uint64_t guest_now = now + h->csr.htimedelta; /* also while V=0 [H-008] */
  if (!(h->csr.henvcfg & henvcfg_STCE))
    return best;
  /* Guest time may pass 2^64, which ends what has fired: what comes after is planned there. */
  const uint64_t next = h->s[1].timecmp > guest_now ? h->s[1].timecmp - guest_now : -guest_now;
  return next && next < best ? next : best;
}

/* The clock at which the next timer of any hart fires, ~0 if none will. */
static uint64_t next_event(rvh_machine *m)
{
  const uint64_t clock = rv_clock_now(m), now = ticks_at(m, clock);
  uint64_t best = ~0ull;
  for (unsigned i = 0; i < n_harts(m); i++) {
    const uint64_t t = ticks_to_fire(m, m->harts[i], now);
    best = t < best ? t : best;
  }
  const uint64_t per_tick = (uint64_t)RV_INSNS_PER_TICK * n_harts(m);
  const uint64_t first = clock - clock % per_tick; /* where the current tick began */
  return best > (~0ull - first) / per_tick ? ~0ull : first + best * per_tick;
}

void rv_fire_timers(rvh_machine *m)
{
  rv_clint_update(m->clint);
  for (unsigned i = 0; i < n_harts(m); i++)
    rv_irq_update(m->harts[i]);
}

/* ---- ends ---- */

/* --hints=error: a hint fails the run, however it ended; the reason still says how. */
static void fail_by_hint(rvh_machine *m)
{
  g_autofree char *reason = g_strdup(m->result.reason);
  if (m->config.hints != RVH_HINTS_ERROR || !m->hinted->len || m->result.status == RVH_EXIT_USAGE)
    return;
  g_snprintf(m->result.reason, sizeof m->result.reason, "hint %s was given (--hints=error); %s",
             (const char *)m->hinted->pdata[0], reason);
  m->result.status = RVH_EXIT_EXPECT;
}

void rv_end(rvh_machine *m, int status, const char *format, ...)
{
  if (m->ended)
    return;
  va_list args;
  va_start(args, format);
  g_vsnprintf(m->result.reason, sizeof m->result.reason, format, args);
  va_end(args);
  m->ended = true;
  m->result.ended = true;
  m->result.stop = RVH_STOP_ENDED;
  m->result.status = status;
  fail_by_hint(m);
  if (m->failed) { /* whatever ends it: a panic may print no newline and wait for ever */
    g_snprintf(m->result.reason, sizeof m->result.reason, "the console said '%s' (--fail-on)",
               m->config.fail_on);
    m->result.status = RVH_EXIT_EXPECT;
  }
  for (unsigned i = 0; i < n_harts(m); i++) {
    m->harts[i]->stop |= RV_STOP_EXIT;
    m->harts[i]->leave = true;
  }
}

void rv_power_off(rvh_machine *m, bool reset, int code, const char *by)
{
  if (reset && !m->failed && !m->config.no_reboot) {
    m->reset = true;
    for (unsigned i = 0; i < n_harts(m); i++)
      m->harts[i]->leave = true;
  } else if (reset)
    rv_end(m, RVH_EXIT_OK, "reset (%s), and -no-reboot", by);
  else if (code == 0)
    rv_end(m, RVH_EXIT_OK, "poweroff (%s)", by);
  else if (code > 0 && code <= RVH_EXIT_GUEST_MAX)
    rv_end(m, code, "the guest ended with code %d (%s)", code, by);
  else
    rv_end(m, RVH_EXIT_GUEST_MAX, "the guest ended with code %d (%s), which does not fit", code,
           by);
}

/* ---- slices ---- */

/* No other hart holds a reservation while h runs: its stores by the fast path tell nobody. */
static void begin_slice(rvh_machine *m, rv_hart *h)
{
  for (unsigned i = 0; i < n_harts(m); i++)
    if (m->harts[i] != h)
      m->harts[i]->reservation = ~0ull;
  m->current = h;
  m->slice_start = h->icount;
}

static void end_slice(rvh_machine *m)
{
  m->clock = rv_clock_now(m);
  m->current = NULL;
}

static bool running(const rv_hart *h) { return h->power == RV_STARTED && !h->wfi; }

/* Runs up to n instructions; exactly so if exact, or with a per-instruction observer. */
static void run_some(rvh_machine *m, rv_hart *h, uint64_t n, bool exact)
{
  const uint64_t end = h->icount + n;
  h->leave = false;
  if (!(h->observe & RV_OBSERVE_EACH)) {
    rv_run(h, n);
    if (!exact)
      return;
  }
  for (bool first = h->icount == end - n; h->icount < end && !h->attention && !h->leave;
       first = false) {
    if (!first && rv_code_is_break(h->code, h->pc)) {
      h->stop |= RV_STOP_BREAK;
      break;
    }
    rv_step(h);
  }
}

/* Has somebody asked for the run to come back to its caller? */
static bool interrupted(const rvh_machine *m, const rv_hart *h)
{
  return m->ended || m->reset || m->stop_requested || (h && h->stop & RV_STOP_BREAK);
}

/* A run that starts at a breakpoint executes it first. Of several harts only those that stopped
 * there: another one may just have ended its turn before it, and is yet to hit it. */
static void step_off_break(rvh_machine *m)
{
  for (unsigned i = 0; i < n_harts(m); i++) {
    rv_hart *h = m->harts[i];
    const bool told = n_harts(m) == 1 || h->stop & RV_STOP_BREAK;
    h->stop &= ~RV_STOP_BREAK;
    if (told && rv_code_is_break(h->code, h->pc))
      rvh_step(m, i);
  }
}

/* Runs one hart for n instructions, or until it waits, stops, or the machine ends. Not to_the_end:
 * up to a block fewer, where nobody can tell. */
static void slice(rvh_machine *m, rv_hart *h, uint64_t n, bool to_the_end)
{
  const uint64_t end = h->icount + n;
  begin_slice(m, h);
  while (h->icount < end && running(h) && !interrupted(m, h)) {
    if (h->stop & RV_STOP_WEDGED) {
      rv_end_wedged(m, h);
      break;
    }
    if (h->attention && !rv_take_interrupt(h))
      rv_irq_update(h);
    const uint64_t now = rv_clock_now(m), event = next_event(m);
    uint64_t budget = end - h->icount;
    const bool timer = event - now <= budget;
    if (timer)
      budget = event - now;
    const uint64_t overflow = rv_overflow_in(h);
    const bool counter = overflow <= budget;
    if (counter)
      budget = overflow;
    const bool exact = timer || counter || to_the_end;
    run_some(m, h, budget, exact);
    if (counter)
      rv_counter_overflows(h);
    if (timer && rv_clock_now(m) >= event)
      rv_fire_timers(m);
    if (!exact && !h->attention && !h->leave)
      break; /* what is left of the turn is less than the next block */
  }
  if (h->stop & RV_STOP_WEDGED)
    rv_end_wedged(m, h);
  end_slice(m);
}

/* ---- waiting ---- */

static bool all_wait(const rvh_machine *m)
{
  for (unsigned i = 0; i < n_harts(m); i++)
    if (running(m->harts[i]))
      return false;
  return true;
}

uint64_t rv_host_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Can somebody outside act at a time of his own? A pipe can not: it is read as the guest goes. */
static bool in_company(const rvh_machine *m)
{
  return rv_console_interactive(m) || rv_network_live(m);
}

/* Paced to host time: sleeps until the event, a key or a packet, and advances the clock by what
 * passed. */
static void wait_for_others(rvh_machine *m, uint64_t event)
{
  const uint64_t began = rv_host_ns(), per_ns = n_harts(m);
  const uint64_t ns = event == ~0ull ? ~0ull : (event - m->clock) / per_ns;
  rv_console_wait(m, MIN(ns, 1000000000ull));
  const uint64_t passed = (rv_host_ns() - began) * per_ns;
  m->clock = event != ~0ull && m->clock + passed > event ? event : m->clock + passed;
}

/* Nobody runs: skips to the next event, or waits for input, or finds that nothing can ever come. */
static void wait_all(rvh_machine *m)
{
  const uint64_t event = next_event(m);
  if (in_company(m))
    wait_for_others(m, event);
  else if (event != ~0ull)
    m->clock = event;
  else if (!rv_console_wait(m, RV_FOR_EVER))
    rv_end(m, RVH_EXIT_WEDGED,
           "every hart waits (wfi) and nothing can wake it: no timer is set, "
           "no interrupt is pending and enabled, no input will come\n"
           "set a timer (stimecmp or SBI set_timer) and enable its interrupt "
           "in sie before wfi; or end the run: SBI SRST");
  rv_fire_timers(m);
}

/* ---- the loop ---- */

static uint64_t limit_of(const rvh_machine *m)
{
  const uint64_t limit = m->config.limit_insns ? m->config.limit_insns : ~0ull;
  return limit < m->run_bound ? limit : m->run_bound;
}

/* One hart's turn, up to icount end, with a halt where a snapshot is due. */
static void run_turn(rvh_machine *m, rv_hart *h, uint64_t end, bool to_the_end)
{
  if (m->save_path && running(h) && h->icount < m->save_at && m->save_at <= end) {
    slice(m, h, m->save_at - h->icount, true);
    if (h->icount == m->save_at && !m->ended)
      rv_snapshot_due(m);
  }
  if (running(h) && h->icount < end)
    slice(m, h, end - h->icount, to_the_end);
}

static void begin_turn(rvh_machine *m, rv_hart *h)
{
  if (m->round.turn_open)
    return;
  m->round.turn_open = true;
  m->round.began = h->icount;
  if (m->round.hart > 0) /* the turns before, also credited ones, may have passed a comparator */
    rv_fire_timers(m);
}

/* A hart that waits is credited its turn, so that one clock serves all. */
static void end_turn(rvh_machine *m, rv_hart *h, uint64_t n)
{
  const uint64_t ran = h->icount - m->round.began;
  if (n_harts(m) > 1 && ran < n)
    m->clock += n - ran;
  if (h->stop & RV_STOP_BREAK) {
    m->result.stop = RVH_STOP_BREAK;
    m->result.hart = m->round.hart;
    m->stop_requested = true;
  }
  m->round.turn_open = false;
}

static void round_of_slices(rvh_machine *m, uint64_t limit)
{
  rv_round *r = &m->round;
  if (!r->open)
    *r = (rv_round){ .open = true, .done = rvh_instructions(m) };
  const uint64_t left = limit - r->done;
  uint64_t n = n_harts(m) == 1 ? RV_POLL_INTERVAL : RV_QUANTUM;
  if (left < n)
    n = left;
  /* Others see where a turn ends: another hart, the limit, input, which comes between turns. */
  const bool to_the_end = n_harts(m) > 1 || left <= n || m->config.console_stdin;
  for (; r->hart < n_harts(m) && !interrupted(m, NULL); r->hart++) {
    rv_hart *h = m->harts[r->hart];
    begin_turn(m, h);
    run_turn(m, h, r->began + n, to_the_end);
    end_turn(m, h, n);
  }
  r->open = false;
  rv_fire_timers(m);
}

/* What comes before a round: input, and waiting if there is nothing else to do. False: no round. */
static bool prepare_round(rvh_machine *m)
{
  rv_board_poll(m);
  if (!all_wait(m))
    return true;
  wait_all(m);
  return false;
}

static bool restart(rvh_machine *m)
{
  g_autoptr(GError) error = NULL;
  m->reset = false;
  if (rv_boot_start(m, &error))
    return true;
  rv_end(m, RVH_EXIT_USAGE, "reset: %s", error->message);
  return false;
}

rvh_result rvh_run(rvh_machine *m, uint64_t insns)
{
  m->run_bound = insns ? rvh_instructions(m) + insns : ~0ull;
  m->stop_requested = false;
  if (!m->ended)
    m->result.stop = RVH_STOP_BOUND;
  step_off_break(m);
  if (!m->round.open)
    rv_fire_timers(m);
  while (!m->ended && !m->stop_requested) {
    const uint64_t done = rvh_instructions(m), limit = limit_of(m);
    if (done >= limit) {
      if (m->config.limit_insns && done >= m->config.limit_insns)
        rv_end(m, RVH_EXIT_LIMIT,
               "the limit of %" G_GUINT64_FORMAT " instructions was reached "
               "(--limit-insns)",
               m->config.limit_insns);
      break;
    }
    if (m->save_path && done >= m->save_at)
      rv_snapshot_due(m);
    if (m->round.open || prepare_round(m))
      round_of_slices(m, limit);
    if (m->reset)
      restart(m);
  }
  if (m->stop_requested && m->result.stop == RVH_STOP_BOUND)
    m->result.stop = RVH_STOP_REQUEST;
  return m->result;
}

void rvh_request_stop(rvh_machine *m)
{
  m->stop_requested = true;
  if (m->current)
    m->current->leave = true;
}

rvh_result rvh_step(rvh_machine *m, unsigned hart)
{
  rv_hart *h = m->harts[hart];
  if (m->ended)
    return m->result;
  begin_slice(m, h);
  h->leave = false;
  h->wfi &= !m->held;
  if (!(!m->held && h->attention && rv_take_interrupt(h)) && running(h))
    rv_step(h);
  if (h->stop & RV_STOP_WEDGED)
    rv_end_wedged(m, h);
  rv_counter_overflows(h);
  end_slice(m);
  if (!m->held)
    rv_fire_timers(m);
  if (m->reset)
    restart(m);
  return m->result;
}

/* ---- beside another machine's log ---- */

void rvh_hold(rvh_machine *m)
{
  for (unsigned i = 0; i < n_harts(m); i++)
    m->harts[i]->choice.as_spike = true;
  rv_clint_zero(m->clint);
  m->held_time = rv_clock_ticks(m);
  m->held = true;
}

void rvh_set_time(rvh_machine *m, uint64_t ticks)
{
  m->held_time = ticks;
  rv_fire_timers(m);
}

bool rvh_next_timer(rvh_machine *m, unsigned hart, uint64_t *ticks)
{
  const uint64_t now = rv_clock_ticks(m), left = ticks_to_fire(m, m->harts[hart], now);
  *ticks = now + left;
  return left != ~0ull;
}

unsigned rvh_interrupt_of(const rvh_machine *m, unsigned hart, uint64_t pending)
{
  return rv_interrupt_of(m->harts[hart], pending);
}

void rvh_interrupt(rvh_machine *m, unsigned hart, unsigned irq)
{
  rv_take_trap(m->harts[hart], &(rv_trap){ .cause = irq, .interrupt = true, .why = WHY_INTERRUPT });
}
