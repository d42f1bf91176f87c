/* board.c - QEMU's virt board: the bus, the devices at their addresses, their wires to the harts.
 */
#include "machine/machine.h"
#include "priv/hint.h"
#include "priv/imsic.h"
#include "priv/interrupt.h"
#include <errno.h>

/* ---- the bus, for mmu/access.c ---- */

/* Those that Spike's board has at the same addresses; beside its log the others are not there. */
static bool on_spike(const rvh_machine *m, const rv_dev *d)
{
  return d == m->uart || d == m->plic || d == m->clint;
}

static rv_dev *device_at(rvh_machine *m, uint64_t pa)
{
  for (unsigned i = 0; i < m->n_dev; i++)
    if (pa - m->dev[i]->base < m->dev[i]->size)
      return !m->held || on_spike(m, m->dev[i]) ? m->dev[i] : NULL;
  return NULL;
}

static bool bus_claims(void *bus, uint64_t pa) { return device_at(bus, pa); }

static bool bus_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  rv_dev *d = device_at(bus, pa);
  *value = 0;
  return d && pa - d->base <= d->size - size && d->read(d, pa - d->base, size, value);
}

static bool bus_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  rv_dev *d = device_at(bus, pa);
  if (d && d->empty)
    rv_hint_once(h, h->pc, RV_HINT_NO_DISK, NULL);
  if (size < 8)
    value &= (1ull << 8 * size) - 1;
  return d && pa - d->base <= d->size - size && d->write(d, pa - d->base, size, value);
}

/* A store hit a watched page: the words of HTIF are the only thing watched. */
static void watched_store(void *bus, uint64_t pa, unsigned size)
{
  rvh_machine *m = bus;
  if (m->in_htif)
    return;
  m->in_htif = true;
  rv_htif_store(&m->htif, &m->board, pa, size);
  m->in_htif = false;
}

/* ---- what devices ask of the board ---- */

static uint64_t board_time(void *ctx) { return rv_clock_ticks(ctx); }

/* Every plan that was made by the old time or comparison is void. */
static void replan(rvh_machine *m)
{
  if (m->current)
    m->current->leave = true;
}

static void board_set_time(void *ctx, uint64_t ticks)
{
  rvh_machine *m = ctx;
  if (m->held)
    m->held_time = ticks;
  else
    m->mtime_base += ticks - rv_clock_ticks(m);
  for (unsigned i = 0; i < m->config.n_harts; i++)
    rv_irq_update(m->harts[i]);
  replan(m);
}

static void board_set_ip(void *ctx, unsigned hart, unsigned irq, bool on)
{
  rvh_machine *m = ctx;
  rv_set_line(m->harts[hart], irq, on);
}

static void board_timer_changed(void *ctx) { replan(ctx); }

static void board_irq(void *ctx, unsigned source, bool on)
{
  rvh_machine *m = ctx;
  if (m->aplic)
    rv_aplic_set(m->aplic, source, on);
  else
    rv_plic_set(m->plic, source, on);
}

static void board_power(void *ctx, bool reset, int code)
{
  rvh_machine *m = ctx;
  rv_power_off(m, reset, code, m->in_htif ? "HTIF" : "finisher");
}

/* The clock of a machine whose time is its instructions starts at a date of its own. */
static uint64_t board_host_ns(void *ctx)
{
  const uint64_t start = 1767225600; /* 2026-01-01 00:00:00 UTC */
  return start * 1000000000 + rv_clock_ticks(ctx) * RV_INSNS_PER_TICK;
}

/* An aligned word written to an IMSIC's page, little-endian: what an MSI is. */
static bool write_msi(rvh_machine *m, uint64_t pa, const uint8_t *b)
{
  const uint32_t data = b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
  for (unsigned i = 0; i < 2; i++) {
    rv_dev *d = m->imsic[i];
    if (d && pa - d->base < d->size)
      return d->write(d, pa - d->base, 4, data);
  }
  return false;
}

static bool board_memory(void *ctx, uint64_t pa, void *buf, size_t n, bool write)
{
  rvh_machine *m = ctx;
  if (!write)
    return rv_phys_read(&m->phys, pa, buf, n);
  return rv_phys_write(&m->phys, pa, buf, n) || (n == 4 && write_msi(m, pa, buf));
}

static void board_msi(void *ctx, unsigned hart, unsigned file, unsigned id)
{
  rvh_machine *m = ctx;
  rv_imsic_deliver(m->harts[hart], file, id);
}

/* ---- making it ---- */

rv_dev *rv_board_add(rvh_machine *m, rv_dev *d)
{
  g_assert(m->n_dev < RV_BOARD_DEVICES);
  if (d)
    m->dev[m->n_dev++] = d;
  return d;
}

/* What collects the interrupts. The child is added before the root domain, which frees it. */
static bool add_collector(rvh_machine *m)
{
  if (m->board.aia == RV_AIA_NONE)
    return (m->plic = rv_board_add(m, rv_plic_new(&m->board)));
  m->aplic = rv_aplic_new(&m->board);
  if (m->aplic)
    rv_board_add(m, rv_aplic_child(m->aplic));
  if (m->board.aia == RV_AIA_IMSIC)
    for (unsigned i = 0; i < 2; i++)
      m->imsic[i] = rv_board_add(m, rv_imsic_new(&m->board, i == 0));
  return rv_board_add(m, m->aplic) &&
         (m->board.aia != RV_AIA_IMSIC || (m->imsic[0] && m->imsic[1]));
}

bool rv_board_init(rvh_machine *m, GError **error)
{
  m->board = (rv_board_ops){
    .ctx = m,
    .n_harts = m->config.n_harts,
    .aia = (rv_aia)m->config.aia,
    .guests = m->config.aia_guests,
    .time = board_time,
    .set_time = board_set_time,
    .set_ip = board_set_ip,
    .timer_changed = board_timer_changed,
    .irq = board_irq,
    .power = board_power,
    .console_write = rv_console_write,
    .console_read = rv_console_read,
    .host_ns = board_host_ns,
    .memory = board_memory,
    .msi = board_msi,
  };
  m->phys.bus = m;
  m->phys.bus_read = bus_read;
  m->phys.bus_write = bus_write;
  m->phys.bus_claims = bus_claims;
  m->phys.watch = watched_store;
  /* In the order in which they are asked for: the busiest first. */
  m->uart = rv_board_add(m, rv_uart_new(&m->board));
  const bool collected = add_collector(m);
  m->clint = rv_board_add(m, rv_clint_new(&m->board));
  m->rtc = rv_board_add(m, rv_rtc_new(&m->board));
  const rv_dev *finisher = rv_board_add(m, rv_finisher_new(&m->board));
  if (m->uart && collected && m->clint && m->rtc && finisher)
    return rv_storage_open(m, error) && rv_network_open(m, error) && rv_character_open(m, error) &&
           rv_plug_init(m, error) && rv_storage_flash(m, error);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
              "not enough memory for the devices\nfree some");
  return false;
}

void rv_board_reset(rvh_machine *m)
{
  m->mtime_base = -(rv_clock_now(m) / m->config.n_harts / RV_INSNS_PER_TICK); /* mtime is 0 */
  m->htif = (rv_htif){ 0 };
  for (unsigned i = 0; i < m->n_dev; i++)
    if (m->dev[i]->reset)
      m->dev[i]->reset(m->dev[i]);
}

void rv_board_poll(rvh_machine *m)
{
  rv_console_poll(m);
  rv_network_poll(m);
  rv_character_poll(m); /* before the UART: input goes to one of them */
  for (unsigned i = 0; i < m->n_dev; i++)
    if (m->dev[i]->poll)
      m->dev[i]->poll(m->dev[i]);
  rv_htif_poll(&m->htif, &m->board);
  rv_console_watch(m);
}

void rv_board_free(rvh_machine *m)
{
  for (unsigned i = 0; i < m->n_dev; i++)
    m->dev[i]->free(m->dev[i]);
  m->n_dev = 0;
  rv_storage_free(m);
  rv_network_free(m);
  rv_character_free(m);
}
