/* machine.c - making and freeing a machine, its observers, and looking at its state (rvh.h). */
#include "machine/machine.h"
#include "cpu/event.h"
#include "cpu/fp.h"
#include "mmu/access.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* ---- what the core asks ---- */

static uint64_t env_time(void *ctx) { return rv_clock_ticks(ctx); }

static void env_timer_changed(void *ctx, rv_hart *h)
{
  rvh_machine *m = ctx;
  if (m->current)
    m->current->leave = true;
}

static bool env_firmware(void *ctx, rv_hart *h, const rv_trap *t)
{
  rvh_machine *m = ctx;
  return m->sbi && rv_sbi_trap(m->sbi, h, t);
}

/* Hints are printed once per id, whoever else observes them. */
static void print_hint(rvh_machine *m, const rv_event *e)
{
  if (m->config.hints == RVH_HINTS_NONE)
    return;
  FILE *out = m->config.messages ? m->config.messages : stderr;
  for (unsigned i = 0; i < m->hinted->len; i++)
    if (!strcmp(m->hinted->pdata[i], e->u.hint.id))
      return;
  g_ptr_array_add(m->hinted, g_strdup(e->u.hint.id));
  fprintf(out, "rvh-sim: hint %s: %s (pc 0x%" G_GINT64_MODIFIER "x)\n", e->u.hint.id,
          e->u.hint.text, e->pc);
}

/* Observers get the host's floating point, unless they said that they can do without. */
static void env_event(void *ctx, rv_hart *h, const rv_event *e)
{
  rvh_machine *m = ctx;
  bool lent = false;
  if (e->type == RV_EV_HINT)
    print_hint(m, e);
  for (unsigned i = 0; i < m->observers->len; i++) {
    const rv_observer *o = &g_array_index(m->observers, rv_observer, i);
    if (!(o->mask >> e->type & 1))
      continue;
    if (!lent && !(o->mask & RV_OBSERVE_PLAIN))
      lent = rv_fp_lend(h);
    o->call(o->ctx, m, e);
  }
  if (lent)
    rv_fp_take_back(h, lent);
}

void rvh_observe(rvh_machine *m, uint64_t mask, rvh_observer *observer, void *ctx)
{
  const rv_observer o = { mask, observer, ctx };
  g_array_append_val(m->observers, o);
  for (unsigned i = 0; i < m->config.n_harts; i++)
    m->harts[i]->observe |= mask;
}

/* ---- the firmware's host ---- */

static void sbi_power(void *ctx, bool reset, int code, const char *reason)
{
  rv_power_off(ctx, reset, code, reason);
}

static void sbi_set_mtimecmp(void *ctx, rv_hart *h, uint64_t when)
{
  rvh_machine *m = ctx;
  rv_clint_set(m->clint, h->id, when);
}

static void sbi_hint(void *ctx, rv_hart *h, const char *id, const char *text)
{
  rv_hint(h, h->csr.mepc, id, text); /* the caller's ecall */
}

/* ---- making and freeing ---- */

static bool out_of_memory(GError **error, const char *what)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for %s\nuse a smaller -m",
              what);
  return false;
}

static bool add_hart(rvh_machine *m, unsigned id)
{
  rv_hart *h = g_malloc0(sizeof *h);
  const bool imsic = m->config.aia == RVH_AIA_APLIC_IMSIC;
  m->harts[id] = h;
  h->id = id;
  h->phys = &m->phys;
  h->code = m->code;
  h->env = &m->env;
  h->observe = m->config.hints == RVH_HINTS_NONE ? 0 : 1ull << RV_EV_HINT;
  h->choice = (rv_choices){ .ext = rv_extensions(&m->config),
                            .tinst_zero = m->config.htinst_zero,
                            .strict = m->config.strict,
                            .adue = m->config.adue,
                            .imsic = imsic,
                            .geilen = imsic ? (uint8_t)m->config.aia_guests : 0,
                            .trap_loop = m->config.trap_loop };
  return rv_mmu_init(h);
}

static bool check_aia(const rvh_config *c, GError **error)
{
  if (c->aia <= RVH_AIA_APLIC_IMSIC && c->aia_guests <= RVH_AIA_GUESTS)
    return true;
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
              "-machine virt,aia-guests=: %u are not possible\ngive a number from 0 to %d",
              c->aia_guests, RVH_AIA_GUESTS);
  return false;
}

static bool build(rvh_machine *m, GError **error)
{
  if (!check_aia(&m->config, error))
    return false;
  if (m->config.n_harts < 1 || m->config.n_harts > RV_BOARD_HARTS) {
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "-smp: %u harts are not possible\ngive a number from 1 to %d", m->config.n_harts,
                RV_BOARD_HARTS);
    return false;
  }
  if (m->config.adue && !(rv_extensions(&m->config) >> EXT_Svadu & 1)) {
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "--adue: the hart has no Svadu\nleave it out, or svadu=off of -cpu");
    return false;
  }
  if (!rv_phys_add(&m->phys, RV_RAM_BASE, m->config.ram_size, false) ||
      !rv_phys_add(&m->phys, RV_ROM_BASE, RV_ROM_SIZE, true))
    return out_of_memory(error, "the guest's RAM");
  m->code = rv_code_new(&m->phys, RV_CODE_DEFAULT, rv_engine_here());
  if (!m->code)
    return out_of_memory(error, "decoded code");
  m->code->ext = rv_extensions(&m->config);
  for (unsigned i = 0; i < m->config.n_harts; i++)
    if (!add_hart(m, i))
      return out_of_memory(error, "the harts");
  m->phys.harts = m->harts;
  m->phys.n_harts = m->config.n_harts;
  m->env = (rv_env){ .ctx = m,
                     .time = env_time,
                     .timer_changed = env_timer_changed,
                     .event = env_event,
                     .firmware = env_firmware };
  return rv_board_init(m, error) && rv_semihost_init(m, error);
}

/* The caller's may be gone when a snapshot wants them. */
static void keep(rvh_machine *m, const char **text)
{
  if (*text)
    *text = g_string_chunk_insert(m->strings, *text);
}

static void keep_strings(rvh_machine *m)
{
  rvh_config *c = &m->config;
  m->strings = g_string_chunk_new(256);
  keep(m, &c->kernel);
  keep(m, &c->bios_file);
  keep(m, &c->initrd);
  keep(m, &c->append);
  keep(m, &c->dtb);
  keep(m, &c->fail_on);
  keep(m, &c->dumpdtb);
  keep(m, &c->semihost_chardev);
  for (unsigned i = 0; i < c->n_semihost_args; i++)
    keep(m, &c->semihost_args[i]);
  for (unsigned i = 0; i < c->n_drives; i++) {
    keep(m, &c->drives[i].id);
    keep(m, &c->drives[i].file);
  }
  for (unsigned i = 0; i < c->n_devices; i++) {
    keep(m, &c->devices[i].drive);
    keep(m, &c->devices[i].serial);
    keep(m, &c->devices[i].file);
    keep(m, &c->devices[i].netdev);
    keep(m, &c->devices[i].chardev);
  }
  for (unsigned i = 0; i < c->n_netdevs; i++) {
    keep(m, &c->netdevs[i].id);
    keep(m, &c->netdevs[i].hostname);
    for (unsigned n = 0; n < c->netdevs[i].n_forwards; n++)
      keep(m, &c->netdevs[i].forwards[n].text);
  }
  for (unsigned i = 0; i < c->n_chardevs; i++) {
    keep(m, &c->chardevs[i].id);
    keep(m, &c->chardevs[i].file);
  }
}

rvh_machine *rvh_new(const rvh_config *config, GError **error)
{
  rvh_machine *m = g_new0(rvh_machine, 1);
  m->config = *config;
  keep_strings(m);
  m->observers = g_array_new(FALSE, FALSE, sizeof(rv_observer));
  m->listeners = g_array_new(FALSE, FALSE, sizeof(rv_listener));
  m->hinted = g_ptr_array_new_with_free_func(g_free);
  m->tail = g_string_new(NULL);
  m->polled = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
  m->watched_fd = -1;
  m->terminal = config->console_stdin && isatty(STDIN_FILENO);
  if (build(m, error))
    return m;
  rvh_free(m);
  return NULL;
}

void rv_attach_firmware(rvh_machine *m)
{
  m->board.firmware = true;
  m->sbi = rv_sbi_new(&(rv_sbi_host){ .ctx = m,
                                      .harts = m->harts,
                                      .n_harts = m->config.n_harts,
                                      .phys = &m->phys,
                                      .console_write = rv_console_write,
                                      .console_read = rv_console_read,
                                      .power = sbi_power,
                                      .set_mtimecmp = sbi_set_mtimecmp,
                                      .hint = sbi_hint });
}

bool rvh_load(rvh_machine *m, GError **error)
{
  if (!rv_boot_open(m, error))
    return false;
  const bool built_in =
      m->config.bios == RVH_BIOS_BUILTIN && (m->flash_boot || (m->kernel && !m->kernel->m_mode));
  if (built_in)
    rv_attach_firmware(m);
  return rv_boot_start(m, error);
}

void rvh_free(rvh_machine *m)
{
  if (!m)
    return;
  rv_boot_free(m);
  rv_board_free(m);
  rv_sbi_free(m->sbi);
  rv_semihost_free(m);
  for (unsigned i = 0; i < RV_BOARD_HARTS && m->harts[i]; i++) {
    rv_mmu_free(m->harts[i]);
    g_free(m->harts[i]);
  }
  rv_code_free(m->code);
  rv_phys_free(&m->phys);
  g_array_free(m->observers, TRUE);
  g_array_free(m->listeners, TRUE);
  g_array_free(m->polled, TRUE);
  g_ptr_array_free(m->hinted, TRUE);
  g_string_free(m->tail, TRUE);
  g_string_chunk_free(m->strings);
  g_free(m->save_path);
  g_free(m);
}

/* ---- looking ---- */

uint64_t rvh_instructions(const rvh_machine *m)
{
  uint64_t most = 0;
  for (unsigned i = 0; i < m->config.n_harts; i++)
    most = m->harts[i]->icount > most ? m->harts[i]->icount : most;
  return most;
}

uint64_t rvh_loaded_at(const rvh_machine *m) { return m->restored_at; }

const char *rvh_program(const rvh_machine *m)
{
  return m->config.kernel ? m->config.kernel : m->config.bios_file;
}

uint64_t rvh_hart_instructions(const rvh_machine *m, unsigned hart)
{
  return m->harts[hart]->icount;
}

uint64_t rvh_read_pc(const rvh_machine *m, unsigned hart) { return m->harts[hart]->pc; }
uint64_t rvh_read_x(const rvh_machine *m, unsigned hart, unsigned reg)
{
  return m->harts[hart]->x[reg & 31];
}
bool rvh_read_csr(const rvh_machine *m, unsigned hart, unsigned csr, uint64_t *value)
{
  return rv_csr_peek(m->harts[hart], csr, value);
}
bool rvh_read_memory(const rvh_machine *m, uint64_t pa, void *buf, size_t n)
{
  return rv_phys_read((rv_phys *)&m->phys, pa, buf, n);
}
bool rvh_builtin_firmware(const rvh_machine *m) { return m->sbi; }
unsigned rvh_vmode(const rvh_machine *m, unsigned hart, bool *v)
{
  *v = m->harts[hart]->v;
  return m->harts[hart]->prv;
}

const char *rvh_symbol(const rvh_machine *m, uint64_t addr, uint64_t *offset)
{
  const char *name = m->kernel ? rv_image_symbol(m->kernel, addr, offset) : NULL;
  return name || !m->bios ? name : rv_image_symbol(m->bios, addr, offset);
}
