/* snapshot.c - the whole machine in one file, and back (rvh.h, docs/snapshots.md).
 *
 * The parts, in this order: machine (snapshot_config.c), clock, console, firmware, semihosting,
 * each hart, each device that has a state, memory without its zero pages, and what was written to
 * disks with snapshot=on. Caches are not saved: translations and decoded code are dropped from the
 * running machine as well, so that it goes on as the loaded one does.
 */
#include "machine/machine.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- clock and console ---- */

static void clock_state(rvh_machine *m, rv_state *s)
{
  rv_state_begin(s, "clock", 0, 1);
  rv_state_field(s, &m->clock);
  rv_state_field(s, &m->mtime_base);
  rv_state_field(s, &m->reset);
  rv_state_field(s, &m->round.open);
  rv_state_field(s, &m->round.turn_open);
  rv_state_field(s, &m->round.hart);
  rv_state_field(s, &m->round.done);
  rv_state_field(s, &m->round.began);
  rv_state_check(s, m->round.hart <= m->config.n_harts);
  rv_state_end(s);
}

/* Hints are printed once in the life of a machine. */
static void hinted_state(rvh_machine *m, rv_state *s)
{
  uint32_t n = m->hinted->len;
  rv_state_field(s, &n);
  for (uint32_t i = 0; i < n && rv_state_ok(s); i++) {
    char *id = rv_state_loading(s) ? NULL : m->hinted->pdata[i];
    rv_state_text(s, &id);
    if (rv_state_loading(s) && id)
      g_ptr_array_add(m->hinted, g_strdup(id));
    if (rv_state_loading(s))
      free(id);
  }
}

/* The end of the output, in which --fail-on's text may have begun. It may hold any byte. */
static void tail_state(rvh_machine *m, rv_state *s)
{
  uint32_t n = (uint32_t)m->tail->len;
  rv_state_field(s, &n);
  rv_state_check(s, n <= rv_state_left(s));
  if (!rv_state_ok(s))
    return;
  if (rv_state_loading(s))
    g_string_set_size(m->tail, n);
  rv_state_bytes(s, m->tail->str, n);
}

/* What was read of the host's input and the guest has not taken. */
static void console_state(rvh_machine *m, rv_state *s)
{
  rv_state_begin(s, "console", 0, 1);
  rv_state_bytes(s, m->input, sizeof m->input);
  rv_state_field(s, &m->input_head);
  rv_state_field(s, &m->input_count);
  rv_state_check(s, m->input_head < RV_INPUT_SIZE && m->input_count <= RV_INPUT_SIZE);
  rv_state_field(s, &m->failed);
  tail_state(m, s);
  hinted_state(m, s);
  rv_htif_state(&m->htif, s);
  rv_state_end(s);
}

/* ---- harts ---- */

static void csr_state(rv_hart *h, rv_state *s)
{
  enum { WORDS = offsetof(rv_csrs, pmpcfg) / 8, S_WORDS = sizeof(rv_sregs) / 8 };
  _Static_assert(sizeof(rv_csrs) == 8 * WORDS + sizeof h->csr.pmpcfg &&
                     sizeof(rv_sregs) == 8 * S_WORDS,
                 "CSRs are saved as words, and pmpcfg as bytes");
  rv_state_words(s, (uint64_t *)&h->csr, WORDS);
  rv_state_bytes(s, h->csr.pmpcfg, sizeof h->csr.pmpcfg);
  for (unsigned i = 0; i < 2; i++)
    rv_state_words(s, (uint64_t *)&h->s[i], S_WORDS);
}

static void counter_state(rv_hart *h, rv_state *s)
{
  rv_state_field(s, &h->icount);
  rv_state_field(s, &h->unretired);
  rv_state_field(s, &h->counting);
  rv_state_field(s, &h->filtered);
  rv_state_field(s, &h->armed);
  for (unsigned i = 0; i < RV_COUNTERS; i++) {
    rv_state_field(s, &h->counter[i].off);
    rv_state_field(s, &h->counter[i].config);
    rv_state_field(s, &h->counter[i].mark);
  }
}

/* What the trap-loop detector and the hints remember. */
static void watch_state(rv_hart *h, rv_state *s)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(h->loop); i++)
    rv_state_words(s, (uint64_t *)&h->loop[i], sizeof h->loop[i] / 8);
  rv_state_field(s, &h->exit.pc);
  rv_state_field(s, &h->exit.hgatp);
  rv_state_field(s, &h->exit.sp);
  rv_state_field(s, &h->exit.tp);
  rv_state_field(s, &h->exit.depth);
  rv_state_field(s, &h->exit.prv);
  rv_state_field(s, &h->exit.length);
  rv_state_field(s, &h->exit.refused_why);
  rv_state_field(s, &h->exit.pending);
  rv_state_field(s, &h->exit.entered);
  rv_state_field(s, &h->hinted);
  rv_state_check(s, h->exit.refused_why < N_WHY && h->exit.prv <= PRV_M);
}

static void mode_state(rv_hart *h, rv_state *s)
{
  uint8_t prv = h->prv, power = h->power;
  rv_state_field(s, &prv);
  rv_state_field(s, &h->v);
  rv_state_field(s, &h->wfi);
  rv_state_field(s, &power);
  rv_state_field(s, &h->attention);
  rv_state_check(s, (prv <= PRV_S || (prv == PRV_M && !h->v)) && power <= RV_STOPPED &&
                        !(h->pc & 1) && h->csr.frm <= 7);
  h->prv = prv;
  h->power = power;
}

static void hart_state(rv_hart *h, rv_state *s)
{
  rv_state_begin(s, "hart", h->id, 2);
  rv_state_words(s, h->x + 1, 31);
  rv_state_words(s, h->f, G_N_ELEMENTS(h->f));
  rv_state_field(s, &h->pc);
  csr_state(h, s);
  counter_state(h, s);
  rv_state_field(s, &h->ip_lines);
  rv_state_words(s, (uint64_t *)h->imsic, sizeof h->imsic / 8);
  rv_state_field(s, &h->reservation);
  watch_state(h, s);
  mode_state(h, s);
  rv_state_end(s);
}

/* What follows from the registers is found again. */
static void settle_hart(rv_hart *h)
{
  h->fp_fast = false;
  h->stop = 0;
  rv_pmp_reset(h); /* decodes the entries, and drops what was translated by others */
  rv_regime_changed(h);
}

/* ---- memory ---- */

enum { RUN_PAGES = 256 }; /* of a part */

static bool is_zero(const uint8_t *page)
{
  const uint64_t *w = (const uint64_t *)page;
  for (unsigned i = 0; i < RV_PAGE_SIZE / 8; i += 8)
    if (w[i] | w[i + 1] | w[i + 2] | w[i + 3] | w[i + 4] | w[i + 5] | w[i + 6] | w[i + 7])
      return false;
  return true;
}

/* What the host says of some of this process's pages: most of a machine's memory was never touched,
 * and looking at its zeroes would make pages of it. */
typedef struct {
  int fd; /* -1: it says nothing, and all pages are looked at */
  uint64_t first, n;
  uint64_t entry[512];
} page_map;

static page_map *open_map(void)
{
  page_map *p = g_new0(page_map, 1);
  p->fd =
      sysconf(_SC_PAGESIZE) == RV_PAGE_SIZE ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1;
  return p;
}

static void close_map(page_map *p)
{
  if (p->fd >= 0)
    close(p->fd);
  g_free(p);
}

/* Anonymous memory that is neither present (bit 63) nor swapped out (62) is zero. */
static bool is_untouched(page_map *p, const uint8_t *page)
{
  const uint64_t number = (uintptr_t)page / RV_PAGE_SIZE;
  if (p->fd < 0)
    return false;
  if (number - p->first >= p->n) {
    const ssize_t got = pread(p->fd, p->entry, sizeof p->entry, (off_t)(8 * number));
    p->first = number;
    p->n = got > 0 ? (uint64_t)got / 8 : 0;
  }
  return number - p->first < p->n && !(p->entry[number - p->first] >> 62);
}

/* Pages from at on, up to a part's, that are not zero. */
static uint64_t run_length(const rv_region *r, uint64_t at, page_map *map)
{
  uint64_t n = 0;
  while (n < RUN_PAGES * RV_PAGE_SIZE && at + n < r->size && !is_untouched(map, r->host + at + n) &&
         !is_zero(r->host + at + n))
    n += RV_PAGE_SIZE;
  return n;
}

static void save_region(const rv_region *r, unsigned number, page_map *map, rv_state *s)
{
  for (uint64_t at = 0, n; at < r->size; at += n ? n : RV_PAGE_SIZE) {
    n = run_length(r, at, map);
    if (!n)
      continue;
    rv_state_begin(s, "memory", number, 1);
    rv_state_u64(s, &at);
    rv_state_bytes(s, r->host + at, n);
    rv_state_end(s);
  }
}

static void load_region(rv_region *r, unsigned number, rv_state *s)
{
  madvise(r->host, r->size, MADV_DONTNEED); /* flash has what its file has; all others are zero */
  while (rv_state_next_is(s, "memory", number)) {
    uint64_t at = 0;
    rv_state_begin(s, "memory", number, 1);
    rv_state_u64(s, &at);
    const size_t n = rv_state_left(s);
    rv_state_check(s, n <= r->size && at <= r->size - n);
    if (!rv_state_ok(s))
      return;
    rv_state_bytes(s, r->host + at, n);
    rv_state_end(s);
  }
}

/* ---- what was written to disks whose files stay as they are ---- */

static void save_overlay(const rv_drive *d, unsigned number, rv_state *s)
{
  for (uint64_t i = 0; i < rv_drive_blocks(d); i++) {
    if (!rv_drive_block(d, i))
      continue;
    rv_state_begin(s, "disk", number, 1);
    rv_state_u64(s, &i);
    rv_state_bytes(s, (void *)rv_drive_block(d, i), RV_DRIVE_BLOCK);
    rv_state_end(s);
  }
}

static void load_overlay(rv_drive *d, unsigned number, rv_state *s)
{
  while (rv_state_next_is(s, "disk", number)) {
    uint64_t i = 0;
    rv_state_begin(s, "disk", number, 1);
    rv_state_u64(s, &i);
    uint8_t *block = rv_state_ok(s) ? rv_drive_own_block(d, i) : NULL;
    rv_state_check(s, block);
    if (!rv_state_ok(s))
      return;
    rv_state_bytes(s, block, RV_DRIVE_BLOCK);
    rv_state_end(s);
  }
}

static void overlays(rvh_machine *m, rv_state *s)
{
  for (unsigned i = 0; i < m->config.n_drives; i++)
    if (rv_state_loading(s))
      load_overlay(m->medium[i], i, s);
    else
      save_overlay(m->medium[i], i, s);
}

/* ---- the machine ---- */

static void device_states(rvh_machine *m, rv_state *s)
{
  for (unsigned i = 0; i < m->n_dev; i++) {
    rv_dev *d = m->dev[i];
    if (!d->state)
      continue;
    rv_state_begin(s, d->name, i, d->state_version);
    d->state(d, s);
    rv_state_end(s);
  }
}

static void machine_state(rvh_machine *m, rv_state *s)
{
  clock_state(m, s);
  console_state(m, s);
  if (m->sbi) {
    rv_state_begin(s, "firmware", 0, 2);
    rv_sbi_state(m->sbi, s);
    rv_state_end(s);
  }
  if (m->semihost) {
    rv_state_begin(s, "semihosting", 0, 1);
    rv_state_field(s, &m->free_end);
    rv_semihost_state(m, s);
    rv_state_end(s);
  }
  for (unsigned i = 0; i < m->config.n_harts; i++)
    hart_state(m->harts[i], s);
  device_states(m, s);
  page_map *map = open_map();
  for (unsigned i = 0; i < m->phys.n_regions; i++)
    if (rv_state_loading(s))
      load_region(&m->phys.region[i], i, s);
    else
      save_region(&m->phys.region[i], i, map, s);
  close_map(map);
  overlays(m, s);
}

static void drop_caches(rvh_machine *m)
{
  rv_code_drop(m->code);
  for (unsigned i = 0; i < m->config.n_harts; i++)
    rv_tlb_drop_all(m->harts[i]);
}

/* ---- saving ---- */

static bool cannot_write(const char *path, GError **error)
{
  g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
              "%s: %s\ngive a file that can be written", path, g_strerror(errno));
  return false;
}

static bool write_state(rvh_machine *m, FILE *out, const char *path, GError **error)
{
  rv_state *s = rv_state_writer(out);
  rv_origin_save(m, s);
  machine_state(m, s);
  const char *problem = rv_state_finish(s);
  if (problem)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "%s: %s", path, problem);
  rv_state_free(s);
  return !problem;
}

/* Under another name until it is whole: an old file, or none, is better than a part of one. */
static bool write_file(rvh_machine *m, const char *path, GError **error)
{
  g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
  const int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0666);
  FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
  if (!out)
    return cannot_write(path, error);
  bool ok = write_state(m, out, path, error);
  const bool closed = (fflush(out) == 0) & (fclose(out) == 0);
  if (ok && (!closed || g_rename(temporary, path)))
    ok = cannot_write(path, error);
  if (!ok)
    g_unlink(temporary);
  return ok;
}

bool rvh_save(rvh_machine *m, const char *path, GError **error)
{
  const char *why =
      m->ended                   ? "the run has ended"
      : m->current               ? "an instruction is running"
      : m->held                  ? "beside Spike's log the clock is the log's"
      : rv_semihost_has_files(m) ? "the guest has files of the host open, by semihosting"
                                 : NULL;
  if (why) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: no snapshot: %s\n%s", path, why,
                rv_semihost_has_files(m) ? "save before it opens or after it has closed them"
                                         : "save between runs");
    return false;
  }
  if (!write_file(m, path, error))
    return false;
  drop_caches(m);
  return true;
}

void rvh_save_at(rvh_machine *m, uint64_t insns, const char *path)
{
  g_free(m->save_path);
  m->save_path = g_strdup(path);
  m->save_at = insns;
}

bool rvh_save_pending(const rvh_machine *m) { return m->save_path; }

void rv_snapshot_due(rvh_machine *m)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = m->save_path;
  m->save_path = NULL;
  if (!rvh_save(m, path, &error))
    rv_end(m, RVH_EXIT_USAGE, "%s", error->message);
}

/* ---- loading ---- */

static bool load_parts(rvh_machine *m, const rv_origin *o, rv_state *s, const char *path,
                       GError **error)
{
  m->restored = true;
  if (!rv_boot_open(m, error) || !rv_origin_check(o, m, path, error))
    return false;
  if (rv_origin_has_firmware(o))
    rv_attach_firmware(m);
  for (unsigned i = 0; i < m->config.n_harts; i++)
    rv_csr_reset(m->harts[i]); /* what of the CSRs the extensions decide */
  machine_state(m, s);
  if (rv_state_finish(s))
    return true; /* told by the caller */
  rv_boot_watch(m);
  for (unsigned i = 0; i < m->config.n_harts; i++)
    settle_hart(m->harts[i]);
  m->restored_at = rvh_instructions(m);
  return true;
}

static rvh_machine *load_machine(rvh_config config, rv_state *s, const char *path, GError **error)
{
  rv_origin *o = rv_origin_load(s);
  rvh_machine *m = o && rv_origin_apply(o, &config, path, error) ? rvh_new(&config, error) : NULL;
  if (m && !load_parts(m, o, s, path, error)) {
    rvh_free(m);
    m = NULL;
  }
  rv_origin_free(o);
  return m;
}

rvh_machine *rvh_restore(const rvh_config *config, const char *path, GError **error)
{
  g_autoptr(GError) why = NULL;
  GMappedFile *file = g_mapped_file_new(path, FALSE, &why);
  if (!file) {
    g_set_error(error, why->domain, why->code,
                "%s: cannot be read\ngive a file that --save-at wrote", path);
    return NULL;
  }
  rv_state *s = rv_state_reader((const uint8_t *)g_mapped_file_get_contents(file),
                                g_mapped_file_get_length(file));
  rvh_machine *m = rv_state_ok(s) ? load_machine(*config, s, path, error) : NULL;
  if (!rv_state_ok(s)) {
    g_clear_error(error);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", path, rv_state_finish(s));
    rvh_free(m);
    m = NULL;
  }
  rv_state_free(s);
  g_mapped_file_unref(file);
  return m;
}
