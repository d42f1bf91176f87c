/* test_snapshot.c - src/machine/snapshot.c: nothing of the machine is forgotten, and a run that is
 * continued is the run that was not interrupted.
 */
#include "asm_text.h"
#include "machine/machine.h"
#include "mmu/mmu.h"
#include "priv/csr.h"
#include "virtio_guest.h"
#include <glib/gstdio.h>
#include <malloc.h>
#include <sys/mman.h>
#include <utime.h>
#include <unistd.h>

#define RAM 0x80000000ull
#define MiB (1ull << 20)
#define EXIT_OK "lui t5,0x100; lui t6,5; addi t6,t6,0x555; sw t6,0(t5);"

static char *temporary(const char *name)
{
  g_autofree char *file = g_strdup_printf("rvh-snapshot-%d-%s", getpid(), name);
  return g_build_filename(g_get_tmp_dir(), file, NULL);
}

static rvh_config config(unsigned harts)
{
  rvh_config c = RVH_CONFIG_DEFAULT;
  c.ram_size = 8 * MiB;
  c.n_harts = harts;
  c.bios = RVH_BIOS_NONE;
  c.console_out = c.messages = fopen("/dev/null", "w");
  return c;
}

static rvh_machine *start(rvh_config c, const char *text, const char *path)
{
  uint8_t bytes[4096];
  GError *error = NULL;
  const size_t n = asm_text(text, RAM, bytes, sizeof bytes);
  ck_assert(g_file_set_contents(path, (char *)bytes, (gssize)n, NULL));
  c.kernel = path;
  rvh_machine *m = rvh_new(&c, &error);
  ck_assert_msg(m && rvh_load(m, &error), "%s", error ? error->message : "");
  return m;
}

static rvh_machine *restored(const char *path)
{
  GError *error = NULL;
  rvh_config c = RVH_CONFIG_DEFAULT;
  c.console_out = c.messages = fopen("/dev/null", "w");
  rvh_machine *m = rvh_restore(&c, path, &error);
  ck_assert_msg(m != NULL, "%s", error ? error->message : "");
  return m;
}

static void save(rvh_machine *m, const char *path)
{
  GError *error = NULL;
  ck_assert_msg(rvh_save(m, path, &error), "%s", error ? error->message : "");
}

static void assert_same_files(const char *a, const char *b)
{
  gsize n_a, n_b;
  g_autofree char *text_a = NULL, *text_b = NULL;
  ck_assert(g_file_get_contents(a, &text_a, &n_a, NULL));
  ck_assert(g_file_get_contents(b, &text_b, &n_b, NULL));
  ck_assert_uint_eq(n_a, n_b);
  ck_assert_mem_eq(text_a, text_b, n_a);
}

/* ---- nothing is forgotten ---- */

/* What of a hart is not in a snapshot: caches, links to others, what is found again, what lives no
 * longer than an instruction or belongs to observers. Whoever adds a field puts it here or into the
 * snapshot. */
static const struct {
  size_t at, size;
} exempt[] = {
#define NOT(field)                                                                                 \
  {                                                                                                \
    offsetof(rv_hart, field), sizeof((rv_hart *)0)->field                                          \
  }
  NOT(x[0]),         NOT(x[32]),
  NOT(vbase),        NOT(gen),
  NOT(bank),         NOT(limit),
  NOT(stop),         NOT(leave),
  NOT(fp_fast),      NOT(fp_live),
  NOT(fp_host),      NOT(end_block),
  NOT(trap),         NOT(id),
  NOT(observe),      NOT(choice),
  NOT(phys),         NOT(code),
  NOT(env),          NOT(did),
  NOT(mmu),          NOT(csr_mask),
  NOT(csr_way),      NOT(stat),
  NOT(wedged),
#undef NOT
#define HOLE(before, behind)                                                                       \
  {                                                                                                \
    offsetof(rv_hart, before) + sizeof((rv_hart *)0)->before,                                      \
        offsetof(rv_hart, behind) - offsetof(rv_hart, before) - sizeof((rv_hart *)0)->before       \
  }
  HOLE(wfi, power),  HOLE(end_block, ip_lines),
  HOLE(id, observe), HOLE(exit.entered, hinted),
  HOLE(hinted, did), HOLE(csr_way, counter),
#undef HOLE
};

static bool is_exempt(size_t at)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(exempt); i++)
    if (at - exempt[i].at < exempt[i].size)
      return true;
  return false;
}

/* Ones everywhere, which are legal as a bool, and then as a mode what is one. */
static void fill(rv_hart *h)
{
  uint8_t *bytes = (uint8_t *)h;
  for (size_t at = 0; at < sizeof *h; at++)
    if (!is_exempt(at))
      bytes[at] = (uint8_t)(at % 7 ? 1 : 0x81);
  h->v = h->wfi = h->attention = h->exit.pending = h->exit.entered = true;
  h->prv = PRV_S;
  h->power = RV_STOPPED;
  h->pc = 0x80001234;
  h->exit.prv = PRV_S;
  h->exit.refused_why = 1;
  h->csr.frm = 1;
  h->csr.zero = 0;
}

START_TEST(no_field_of_a_hart_is_forgotten)
{
  g_autofree char *kernel = temporary("kernel"), *file = temporary("hart"),
                  *again = temporary("again");
  rvh_machine *a = start(config(2), EXIT_OK, kernel);
  for (unsigned i = 0; i < 2; i++)
    fill(a->harts[i]);
  save(a, file);
  rvh_machine *b = restored(file);
  for (unsigned i = 0; i < 2; i++) {
    const uint8_t *x = (uint8_t *)a->harts[i], *y = (uint8_t *)b->harts[i];
    for (size_t at = 0; at < sizeof(rv_hart); at++)
      ck_assert_msg(is_exempt(at) || x[at] == y[at], "byte %zu of rv_hart: %x, loaded %x", at,
                    x[at], y[at]);
    ck_assert_mem_eq(a->harts[i]->csr_mask, b->harts[i]->csr_mask, sizeof b->harts[i]->csr_mask);
    ck_assert_mem_eq(a->harts[i]->csr_way, b->harts[i]->csr_way, sizeof b->harts[i]->csr_way);
  }
  save(b, again);
  assert_same_files(file, again);
  rvh_free(a);
  rvh_free(b);
  g_unlink(kernel), g_unlink(file), g_unlink(again);
}
END_TEST

/* A disk on every transport, its device registers full of random values. */
static rvh_machine *with_disks(const char *kernel, const char *disk, bool modern, rvh_aia aia)
{
  static uint8_t image[4096];
  rvh_config c = config(2);
  ck_assert(g_file_set_contents(disk, (char *)image, sizeof image, NULL));
  for (unsigned i = 0; i < 3; i++)
    c.drives[i] = (rvh_drive){ .id = i == 0   ? "a"
                                     : i == 1 ? "b"
                                              : "c",
                               .file = disk,
                               .bus = RVH_IF_NONE,
                               .unit = RVH_ANY,
                               .readonly = true };
  c.devices[0] = (rvh_device){ .kind = RVH_VIRTIO_BLK_MMIO, .drive = "a", .slot = RVH_ANY };
  c.devices[1] = (rvh_device){ .kind = RVH_VIRTIO_BLK_PCI, .drive = "b", .slot = 5, .serial = "s" };
  c.devices[2] = (rvh_device){
    .kind = RVH_VIRTIO_BLK_PCI, .drive = "c", .slot = RVH_ANY, .disable_legacy = true
  };
  c.n_drives = c.n_devices = 3;
  c.virtio_mmio_modern = modern;
  c.aia = aia;
  c.aia_guests = 3;
  return start(c, EXIT_OK, kernel);
}

/* All sources are let through to all contexts, which each have a threshold and have claimed one. */
static void claim_some(rv_dev *plic, GRand *random)
{
  enum { ENABLE = 0x2000, THRESHOLD = 0x200000, CLAIM = 0x200004, CONTEXTS = 4 };
  uint64_t id;
  for (unsigned source = 1; source <= RV_PLIC_NDEV; source++)
    plic->write(plic, 4 * source, 4, 7);
  for (unsigned i = 0; i < CONTEXTS; i++) {
    for (unsigned word = 0; word < 3; word++)
      plic->write(plic, ENABLE + 0x80 * i + 4 * word, 4, ~0u);
    plic->write(plic, THRESHOLD + 0x1000 * i, 4, g_rand_int_range(random, 1, 7));
    plic->read(plic, CLAIM + 0x1000 * i, 4, &id);
  }
}

/* Some sources want an interrupt, and some are let through. */
static void raise_wires(rvh_machine *m, GRand *random)
{
  enum { DOMAINCFG = 0, IE = 1 << 8, SETIE = 0x1e00, IDELIVERY = 0x4000, IFORCE = 0x4004 };
  for (unsigned source = 1; source <= RV_PLIC_NDEV; source++)
    if (m->aplic)
      rv_aplic_set(m->aplic, source, g_rand_boolean(random));
    else
      rv_plic_set(m->plic, source, g_rand_boolean(random));
  if (!m->aplic) {
    claim_some(m->plic, random);
    return;
  }
  rv_dev *domains[] = { m->aplic, rv_aplic_child(m->aplic) };
  for (unsigned i = 0; i < 6; i++)
    domains[i % 2]->write(domains[i % 2], SETIE + 4 * (i / 2), 4, g_rand_int(random));
  for (unsigned i = 0; i < 2; i++) {
    domains[i]->write(domains[i], DOMAINCFG, 4, IE);
    domains[i]->write(domains[i], IDELIVERY, 4, 1);
    domains[i]->write(domains[i], IFORCE, 4, 1);
  }
}

static void scramble(rvh_machine *m, GRand *random)
{
  for (unsigned i = 0; i < m->n_dev; i++) {
    rv_dev *d = m->dev[i];
    const uint64_t span = !strcmp(d->name, "pcie") ? 8 << 15 : MIN(d->size, 0x10000);
    if (!strcmp(d->name, "finisher"))
      continue;
    for (unsigned k = 0; k < 20000; k++) {
      const uint64_t at = k & 1 ? g_rand_int_range(random, 0, 64) * 4ull
                                : g_rand_int_range(random, 0, (gint)(span / 4)) * 4ull;
      uint64_t value = g_rand_int(random) >> g_rand_int_range(random, 0, 32);
      if (!strcmp(d->name, "clint") && at >= 0xbff8)
        continue; /* mtime is the machine's */
      d->write(d, at, 4, value);
      if (!strcmp(d->name, "plic"))
        d->read(d, 0x200004 + (value & 3) * 0x1000, 4, &value); /* a claim */
      if (!strcmp(d->name, "uart")) {
        d->write(d, g_rand_int_range(random, 0, 8), 1, g_rand_int_range(random, 1, 256));
        d->read(d, (value & 7) * (k % 3), 1, &value);
      }
    }
  }
  raise_wires(m, random);
  m->ended = false;
}

/* Some memory of this process is there. */
static bool is_address(uint64_t word)
{
  enum { HOST_PAGE = 4096 };
  unsigned char resident;
  return word >> 16 && !mincore((void *)(word & ~(HOST_PAGE - 1ull)), 1, &resident);
}

/* Of two blocks of memory made alike: words that differ must be pointers in both. */
static void assert_same_block(const char *name, void *a, void *b)
{
  const uint64_t *x = a, *y = b;
  const size_t n = MIN(malloc_usable_size(a), malloc_usable_size(b)) / 8;
  for (size_t i = 0; i < n; i++) {
    ck_assert_msg(x[i] == y[i] || (is_address(x[i]) && is_address(y[i])),
                  "%s: word %zu of its state: %" G_GINT64_MODIFIER "x, loaded %" G_GINT64_MODIFIER
                  "x",
                  name, i, x[i], y[i]);
  }
}

static void assert_same_device(rv_dev *a, rv_dev *b)
{
  /* windows are parts of pcie, and the child is one of aplic-m */
  if (!strstr(a->name, "pcie-") && strcmp(a->name, "aplic-s"))
    assert_same_block(a->name, a, b);
}

/* What a device shows; reading may change it, in both alike. */
static void assert_same_registers(rv_dev *a, rv_dev *b)
{
  const uint64_t span = !strcmp(a->name, "pcie") ? 8 << 15 : MIN(a->size, 0x10000);
  for (uint64_t at = 0; at < span; at += 4) {
    uint64_t x = 0, y = 0;
    const bool ok = a->read(a, at, 4, &x);
    ck_assert(ok == b->read(b, at, 4, &y));
    ck_assert_msg(x == y, "%s+%" G_GINT64_MODIFIER "x", a->name, at);
  }
}

START_TEST(no_field_of_a_device_is_forgotten)
{
  g_autofree char *kernel = temporary("kernel"), *file = temporary("dev"),
                  *disk = temporary("disk");
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  for (unsigned round = 0; round < 6; round++) {
    rvh_machine *a = with_disks(kernel, disk, round & 1, (rvh_aia)(round % 3));
    scramble(a, random);
    a->input_count = 3;
    a->input[7] = 9;
    a->input_head = 7;
    a->htif.low_half = 5;
    a->htif.reading = true;
    a->failed = true;
    a->clock = 12345678;
    a->mtime_base = -5ull;
    g_string_append_len(a->tail, "pan\0ic", 6);
    g_ptr_array_add(a->hinted, g_strdup("NO-DISK"));
    save(a, file);
    rvh_machine *b = restored(file);
    ck_assert_uint_eq(a->n_dev, b->n_dev);
    for (unsigned i = 0; i < a->n_dev; i++)
      assert_same_device(a->dev[i], b->dev[i]);
    for (unsigned i = 0; i < a->n_dev; i++)
      assert_same_registers(a->dev[i], b->dev[i]);
    for (unsigned i = 0; i < 2; i++)
      ck_assert_uint_eq(a->harts[i]->ip_lines, b->harts[i]->ip_lines);
    ck_assert_uint_eq(b->clock, 12345678);
    ck_assert(b->config.aia == a->config.aia && b->config.aia_guests == 3);
    ck_assert_uint_eq(b->mtime_base, -5ull);
    ck_assert_uint_eq(b->tail->len, 6);
    ck_assert_mem_eq(b->tail->str, "pan\0ic", 6);
    ck_assert_str_eq(b->hinted->pdata[0], "NO-DISK");
    ck_assert_mem_eq(a->input, b->input, sizeof a->input);
    ck_assert(b->input_count == 3 && b->input_head == 7 && b->failed);
    ck_assert(b->htif.low_half == 5 && b->htif.reading);
    rvh_free(a);
    rvh_free(b);
  }
  g_unlink(kernel), g_unlink(file), g_unlink(disk);
}
END_TEST

static rv_dev *device(const rvh_machine *m, const char *name)
{
  for (unsigned i = 0; i < m->n_dev; i++)
    if (!strcmp(m->dev[i]->name, name))
      return m->dev[i];
  ck_abort_msg("no device %s", name);
  return NULL;
}

/* Table, vectors and pending bits: of a change (the driver broke a ring) whose vector is masked. */
START_TEST(messages_of_pci_are_kept)
{
  enum { TABLE = 0, COMMON = 0x4000, FUNCTION = 5 << 15, PBA = TABLE + 0x800 };
  g_autofree char *kernel = temporary("kernel"), *file = temporary("msix"),
                  *disk = temporary("disk"), *again = temporary("again");
  rvh_machine *a = with_disks(kernel, disk, false, RVH_AIA_NONE);
  rv_dev *ecam = device(a, "pcie"), *w = device(a, "pcie-mem32");
  const struct {
    rv_dev *dev;
    uint64_t at, value;
    unsigned size;
  } writes[] = {
    { ecam, FUNCTION + 0x14, 0x40000000 + TABLE, 4 },
    { ecam, FUNCTION + 0x20, 0x40000000 + COMMON, 4 },
    { ecam, FUNCTION + 4, 6, 2 },
    { ecam, FUNCTION + 0x9a, 0x8000, 2 },
    { w, TABLE + 16, 0x123456780, 8 },
    { w, TABLE + 24, 0xabcdef, 4 },
    { w, COMMON + 0x10, 0, 2 },
    { w, COMMON + 0x1a, 1, 2 },
    { w, COMMON + 0x1c, 1, 2 },
    { w, COMMON + 0x14, 15, 1 },
    { w, COMMON + 0x3000, 0, 2 },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(writes); i++)
    ck_assert(writes[i].dev->write(writes[i].dev, writes[i].at, writes[i].size, writes[i].value));
  save(a, file);
  rvh_machine *b = restored(file);
  const struct {
    uint64_t at, value;
  } reads[] = { { TABLE + 16, 0x23456780 }, { TABLE + 20, 1 },
                { TABLE + 24, 0xabcdef },   { PBA, 1 },
                { COMMON + 0x10, 0 },       { COMMON + 0x1a, 1 } };
  w = device(b, "pcie-mem32");
  for (unsigned i = 0; i < G_N_ELEMENTS(reads); i++) {
    uint64_t value = 0;
    ck_assert(w->read(w, reads[i].at, 4, &value));
    ck_assert_uint_eq(value, reads[i].value);
  }
  save(b, again);
  assert_same_files(file, again);
  rvh_free(a);
  rvh_free(b);
  g_unlink(kernel), g_unlink(file), g_unlink(disk), g_unlink(again);
}
END_TEST

/* ---- virtio on every transport ---- */

typedef enum { BLK, NET, RNG, SERIAL, N_TYPES } type;
enum { GUESTS = 3 * N_TYPES };
#define DATA(g, step) ((g)->ram + 0xc000 + 0x400 * (step))

/* Of each type one device on virtio-mmio and two PCI functions, transitional and not. Disks are
 * written, in memory. */
static rvh_machine *with_all(const char *kernel, const char *disk, bool modern)
{
  static const rvh_device_kind kinds[][2] = { { RVH_VIRTIO_BLK_MMIO, RVH_VIRTIO_BLK_PCI },
                                              { RVH_VIRTIO_NET_MMIO, RVH_VIRTIO_NET_PCI },
                                              { RVH_VIRTIO_RNG_MMIO, RVH_VIRTIO_RNG_PCI },
                                              { RVH_VIRTIO_SERIAL_MMIO, RVH_VIRTIO_SERIAL_PCI } };
  static const char *const ids[] = { "a", "b", "c" };
  static uint8_t image[200000];
  const struct utimbuf long_ago = { 1000000000, 1000000000 };
  rvh_config c = config(1);
  ck_assert(g_file_set_contents(disk, (char *)image, sizeof image, NULL));
  ck_assert_int_eq(utime(disk, &long_ago), 0);
  for (unsigned i = 0; i < 3; i++)
    c.drives[c.n_drives++] = (rvh_drive){
      .id = ids[i], .file = disk, .bus = RVH_IF_NONE, .unit = RVH_ANY, .overlay = true
    };
  c.chardevs[c.n_chardevs++] = (rvh_chardev){ .id = "null", .kind = RVH_CHARDEV_NULL };
  for (unsigned t = 0; t < N_TYPES; t++)
    for (unsigned i = 0; i < 3; i++)
      c.devices[c.n_devices++] = (rvh_device){ .kind = kinds[t][i > 0],
                                               .drive = t == BLK ? ids[i] : NULL,
                                               .chardev = t == SERIAL && i ? "null" : NULL,
                                               .has_mac = t == NET && i == 1,
                                               .mac = { 2, 1, 2, 3, 4, 5 },
                                               .slot = RVH_ANY,
                                               .disable_legacy = i == 2 };
  c.virtio_mmio_modern = modern;
  c.seed = 99;
  return start(c, "loop:; jal zero,@loop", kernel);
}

/* The drivers of with_all's devices, in their order; what is on PCI has slots from 1 on. */
static void make_guests(rvh_machine *m, bool modern, virtio_guest guests[GUESTS])
{
  unsigned mmio = 7, pci = 1;
  for (unsigned n = 0; n < GUESTS; n++)
    guests[n] = (virtio_guest){ .m = m,
                                .kind = n % 3 == 0   ? (modern ? MMIO_MODERN : MMIO_LEGACY)
                                        : n % 3 == 1 ? PCI_LEGACY
                                                     : PCI_MODERN,
                                .slot = n % 3 == 0 ? mmio-- : pci++,
                                .ram = RAM + 0x100000 + 0x10000 * n };
}

static void scramble_virtio(virtio_guest *g, GRand *random)
{
  if (g->kind >= PCI_LEGACY)
    vg_place(g);
  for (unsigned i = 0; i < 400; i++) {
    const uint64_t at = g_rand_int_range(random, 0, 0x40);
    const uint32_t value = g_rand_int(random) >> g_rand_int_range(random, 0, 32);
    if (g->kind < PCI_LEGACY)
      vg_out(g, vg_mmio(g) + 4 * at % 0x100, 4, value);
    else if (i & 1 && g->kind == PCI_LEGACY)
      vg_out(g, vg_io(g) + at % 20, 1 + value % 2, value >> 8);
    else
      vg_out(g, vg_bar(g) + at / 2 * 2, i & 2 ? 4 : 2, value);
    if (i % 8 == 0 && g->kind >= PCI_LEGACY)
      vg_out(g, vg_config(g) + 0x40 + 4 * (at % 24), 4, value);
  }
}

/* A small queue, made ready and notified before DRIVER_OK. */
static void half_up(virtio_guest *g)
{
  if (g->kind >= PCI_LEGACY)
    vg_place(g);
  vg_status(g, 3);
  vg_features(g);
  vg_queue(g, 0);
  if (g->kind < PCI_LEGACY)
    vg_out(g, vg_mmio(g) + 0x38, 4, 16);
  else if (g->kind == PCI_MODERN)
    vg_out(g, vg_bar(g) + 0x18, 2, 16);
  vg_notify(g, 0);
}

/* The two blocks of memory that a device's state is in. */
static void assert_same_virtio(const rvh_machine *a, const rvh_machine *b)
{
  ck_assert_uint_eq(a->n_virtio, GUESTS);
  ck_assert_uint_eq(b->n_virtio, GUESTS);
  for (unsigned i = 0; i < GUESTS; i++) {
    g_autofree char *name = g_strdup_printf("virtio %u", i);
    assert_same_block(name, a->virtio[i], b->virtio[i]);
    assert_same_block(name, a->virtio[i]->transport, b->virtio[i]->transport);
  }
}

START_TEST(no_field_of_a_virtio_device_is_forgotten)
{
  g_autofree char *kernel = temporary("kernel"), *file = temporary("virtio"),
                  *again = temporary("again"), *disk = temporary("disk");
  g_autoptr(GRand) random = g_rand_new_with_seed(17);
  for (unsigned round = 0; round < 4; round++) {
    virtio_guest guests[GUESTS];
    rvh_machine *a = with_all(kernel, disk, round & 1);
    make_guests(a, round & 1, guests);
    for (unsigned i = 0; i < GUESTS; i++)
      if (round < 2)
        half_up(&guests[i]);
      else
        scramble_virtio(&guests[i], random);
    save(a, file);
    rvh_machine *b = restored(file);
    assert_same_virtio(a, b);
    save(b, again);
    assert_same_files(file, again);
    rvh_free(a);
    rvh_free(b);
  }
  g_unlink(kernel), g_unlink(file), g_unlink(again), g_unlink(disk);
}
END_TEST

/* One request; from the second on what it is depends on the device's memory of the first. */
static void add_request(virtio_guest *g, type t, unsigned step)
{
  const uint16_t head = (uint16_t)(4 * step);
  const uint64_t data = DATA(g, step);
  struct {
    uint32_t type, reserved;
    uint64_t sector;
  } header = { step & 1, 0, 100 + (step + 1) / 2 };
  char text[64] = "a line of text\n";
  vg_put(g, data, &header, sizeof header);
  if (t == BLK) { /* a sector is written, then read */
    const vg_part parts[] = { { data, 16, false },
                              { data + 64, 512, !(step & 1) },
                              { data + 600, 1, true } };
    memset(text, (int)(step + g->slot), sizeof text);
    vg_put(g, data + 64, text, sizeof text);
    vg_add(g, 0, head, parts, 3);
    return;
  }
  const vg_part in = { data, 16, true }, out = { data + 32, 64, false };
  vg_add(g, 0, head, &in, 1);
  if (t == RNG)
    return;
  vg_put(g, data + 32, text, sizeof text);
  vg_add(g, 1, head, &out, 1);
}

static void notify_all(virtio_guest *g, type t)
{
  vg_notify(g, 0);
  if (t == NET || t == SERIAL)
    vg_notify(g, 1);
}

/* What came back, with its lengths, is the guest's memory, which is in the files. */
static void go_on(virtio_guest *g, type t)
{
  uint32_t head, len;
  notify_all(g, t);
  vg_isr(g);
  for (unsigned step = 2; step < 5; step++) {
    add_request(g, t, step);
    notify_all(g, t);
  }
  for (unsigned i = 0; i < 5; i++)
    ck_assert_msg(vg_used(g, t == NET || t == SERIAL, &head, &len), "%u of slot %u", i, g->slot);
  ck_assert(!vg_used(g, t == NET || t == SERIAL, &head, &len));
}

/* One request is done and its interrupt waits; a second one is available, and not yet notified. */
START_TEST(between_two_requests)
{
  g_autofree char *kernel = temporary("kernel"), *file = temporary("between"),
                  *file_a = temporary("a"), *file_b = temporary("b"), *disk = temporary("disk");
  for (unsigned modern = 0; modern < 2; modern++) {
    virtio_guest a[GUESTS], b[GUESTS];
    rvh_machine *m = with_all(kernel, disk, modern);
    make_guests(m, modern, a);
    for (unsigned i = 0; i < GUESTS; i++) {
      vg_up(&a[i], i / 3 == BLK || i / 3 == RNG ? 1 : 2);
      for (unsigned step = 0; step < 2; step++) {
        add_request(&a[i], i / 3, step);
        if (!step)
          notify_all(&a[i], i / 3);
      }
    }
    save(m, file);
    rvh_machine *n = restored(file);
    assert_same_virtio(m, n);
    for (unsigned i = 0; i < GUESTS; i++) {
      b[i] = a[i];
      b[i].m = n;
      go_on(&a[i], i / 3);
      go_on(&b[i], i / 3);
    }
    save(m, file_a);
    save(n, file_b);
    assert_same_files(file_a, file_b);
    rvh_free(m);
    rvh_free(n);
  }
  g_unlink(kernel), g_unlink(file), g_unlink(file_a), g_unlink(file_b), g_unlink(disk);
}
END_TEST

/* What the firmware knows. */
START_TEST(firmware_and_reset_are_kept)
{
  g_autofree char *kernel = temporary("kernel"), *file = temporary("sbi"),
                  *again = temporary("again");
  rvh_config c = config(2);
  c.bios = RVH_BIOS_BUILTIN;
  c.hints = RVH_HINTS_NONE;
  rvh_machine *a = start(c, /* an unknown SBI call, then one that suspends */
                         "lui a7,0x12345; ecall; lui a7,0x48535; addi a7,a7,-1971; addi a6,zero,3;"
                         "addi a0,zero,0; ecall",
                         kernel);
  rvh_run(a, 4);
  ck_assert(a->sbi);
  a->reset = true;
  save(a, file);
  rvh_machine *b = restored(file);
  ck_assert(b->reset && b->sbi);
  save(b, again);
  assert_same_files(file, again);
  rvh_free(a);
  rvh_free(b);
  g_unlink(kernel), g_unlink(file), g_unlink(again);
}
END_TEST

/* ---- a continued run is the same ---- */

/* Harts that compete for a lock by LR/SC and wait for their timers, so that every turn's place
 * counts. */
static const char contest[] =
    "csrrs s0,mhartid,zero; lui s1,0x40080; slli s1,s1,1; lui s2,0x02004; slli t0,s0,3; add "
    "s2,s2,t0;"
    "lui s3,0x0200c; addi s3,s3,-8; addi t0,zero,128; csrrw zero,mie,t0; addi s4,zero,60;"
    "loop:; lr.d t0,(s1); addi t0,t0,1; sc.d t1,t0,(s1); bne t1,zero,@loop;"
    "ld t2,8(s1); xor t2,t2,t0; slli t3,t2,7; xor t2,t2,t3; srli t3,t2,9; xor t2,t2,t3; add "
    "t2,t2,s0;"
    "sd t2,8(s1); andi t3,t2,63; slli t3,t3,6; spin:; addi t3,t3,-1; bge t3,zero,@spin;"
    "ld t0,0(s3); andi t2,t2,31; add t0,t0,t2; addi t0,t0,1; sd t0,0(s2); wfi;"
    "addi s4,s4,-1; bne s4,zero,@loop; addi t0,zero,-1; sd t0,0(s2); amoadd.d t0,s4,(s1);"
    "bne s0,zero,@stop;" EXIT_OK "stop:; csrrw zero,mie,zero; wfi; jal zero,@stop";

static rvh_machine *contestants(unsigned harts, const char *kernel)
{
  rvh_config c = config(harts);
  c.console_stdin = true; /* turns end where they should, as on the command line */
  c.console_read = NULL;
  return start(c, contest, kernel);
}

/* Runs on to its end but for `late`, where all of the state is compared. */
static void assert_same_future(rvh_machine *a, const char *early, uint64_t late, const char *file_a,
                               const char *file_b)
{
  rvh_config c = RVH_CONFIG_DEFAULT;
  c.console_out = c.messages = fopen("/dev/null", "w");
  c.console_stdin = true;
  rvh_machine *b = rvh_restore(&c, early, NULL);
  ck_assert_ptr_nonnull(b);
  rvh_save_at(a, late, file_a);
  rvh_save_at(b, late, file_b);
  const rvh_result r = rvh_run(a, 0), s = rvh_run(b, 0);
  ck_assert_str_eq(r.reason, s.reason);
  ck_assert(!rvh_save_pending(a) && !rvh_save_pending(b));
  assert_same_files(file_a, file_b);
  for (unsigned i = 0; i < a->config.n_harts; i++)
    ck_assert_uint_eq(a->harts[i]->icount, b->harts[i]->icount);
  ck_assert_uint_eq(a->clock, b->clock);
  rvh_free(b);
}

START_TEST(a_saved_run_is_one_that_was_not_saved)
{
  g_autofree char *kernel = temporary("kernel"), *early = temporary("early"),
                  *late = temporary("late"), *never = temporary("never");
  for (unsigned harts = 1; harts <= 3; harts++) {
    bool turned = false;
    rvh_machine *whole = contestants(harts, kernel);
    const rvh_result end = rvh_run(whole, 0);
    ck_assert_int_eq(end.status, 0);
    const uint64_t total = rvh_instructions(whole), until = total - 3;
    rvh_free(whole);
    whole = contestants(harts, kernel);
    rvh_save_at(whole, until, never);
    rvh_run(whole, 0);
    for (uint64_t n = 1; n < until; n += total / 25) {
      rvh_machine *a = contestants(harts, kernel);
      rvh_save_at(a, n, early);
      rvh_run(a, 0);
      ck_assert_uint_eq(rvh_instructions(a), total);
      ck_assert_uint_eq(a->clock, whole->clock);
      rvh_free(a);
      rvh_machine *b = restored(early);
      turned |= b->round.hart > 0;
      ck_assert_uint_eq(rvh_loaded_at(b), n);
      rvh_free(b);
      rvh_config c = RVH_CONFIG_DEFAULT;
      c.console_out = c.messages = fopen("/dev/null", "w");
      c.console_stdin = true;
      b = rvh_restore(&c, early, NULL);
      rvh_save_at(b, until, late);
      ck_assert_int_eq(rvh_run(b, 0).status, 0);
      assert_same_files(never, late);
      ck_assert_uint_eq(b->clock, whole->clock);
      for (unsigned i = 0; i < harts; i++)
        ck_assert_uint_eq(b->harts[i]->icount, whole->harts[i]->icount);
      rvh_free(b);
    }
    ck_assert(harts == 1 || turned);
    rvh_free(whole);
  }
  g_unlink(kernel), g_unlink(early), g_unlink(late), g_unlink(never);
}
END_TEST

/* Saved at the wfi itself, which waits when it is loaded. */
START_TEST(a_waiting_hart_goes_on_waiting)
{
  g_autofree char *kernel = temporary("kernel"), *early = temporary("early"),
                  *file_a = temporary("a"), *file_b = temporary("b");
  rvh_machine *a = contestants(1, kernel);
  uint64_t n = 0;
  while (!a->harts[0]->wfi && n++ < 10000)
    rvh_run(a, 1);
  ck_assert(a->harts[0]->wfi);
  save(a, early);
  rvh_machine *b = restored(early);
  ck_assert(b->harts[0]->wfi);
  rvh_free(b);
  assert_same_future(a, early, rvh_instructions(a) + 500, file_a, file_b);
  rvh_free(a);
  g_unlink(kernel), g_unlink(early), g_unlink(file_a), g_unlink(file_b);
}
END_TEST

/* ---- what a file may be ---- */

START_TEST(a_machine_that_ended_is_not_saved)
{
  g_autofree char *kernel = temporary("kernel"), *file = temporary("ended");
  g_autoptr(GError) error = NULL;
  rvh_machine *m = start(config(1), EXIT_OK, kernel);
  rvh_run(m, 0);
  ck_assert(!rvh_save(m, file, &error));
  ck_assert(strstr(error->message, "the run has ended"));
  ck_assert(!g_file_test(file, G_FILE_TEST_EXISTS));
  rvh_free(m);
  g_unlink(kernel);
}
END_TEST

/* Damage with its checksum made right: a message, or a machine that can be run and freed. */
START_TEST(a_strange_snapshot_never_crashes)
{
  g_autofree char *kernel = temporary("kernel"), *disk = temporary("disk"),
                  *file = temporary("strange");
  g_autofree char *text = NULL;
  gsize n, sum_size = RV_STATE_SUM;
  rvh_machine *m = with_disks(kernel, disk, true, RVH_AIA_NONE);
  save(m, file);
  rvh_free(m);
  ck_assert(g_file_get_contents(file, &text, &n, NULL));
  g_autoptr(GRand) random = g_rand_new_with_seed(11);
  unsigned loaded = 0;
  for (unsigned i = 0; i < 400; i++) {
    g_autofree char *changed = g_memdup2(text, n);
    g_autoptr(GError) error = NULL;
    for (unsigned k = 1 + i % 4; k--;)
      changed[g_rand_int_range(random, 12, (gint)MIN(n - RV_STATE_SUM, 12000))] =
          (char)g_rand_int(random);
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (guchar *)changed, (gssize)(n - RV_STATE_SUM));
    g_checksum_get_digest(sum, (guint8 *)changed + n - RV_STATE_SUM, &sum_size);
    g_checksum_free(sum);
    ck_assert(g_file_set_contents(file, changed, (gssize)n, NULL));
    rvh_config c = RVH_CONFIG_DEFAULT;
    c.console_out = c.messages = fopen("/dev/null", "w");
    m = rvh_restore(&c, file, &error);
    ck_assert(m || (error && strchr(error->message, '\n')));
    loaded += m != NULL;
    if (m)
      rvh_run(m, 1000);
    rvh_free(m);
    fclose(c.messages);
  }
  ck_assert_uint_gt(loaded, 10);
  g_unlink(kernel), g_unlink(disk), g_unlink(file);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, no_field_of_a_hart_is_forgotten);
  tcase_add_test(tc, no_field_of_a_device_is_forgotten);
  tcase_add_test(tc, messages_of_pci_are_kept);
  tcase_add_test(tc, no_field_of_a_virtio_device_is_forgotten);
  tcase_add_test(tc, between_two_requests);
  tcase_add_test(tc, firmware_and_reset_are_kept);
  tcase_add_test(tc, a_saved_run_is_one_that_was_not_saved);
  tcase_add_test(tc, a_waiting_hart_goes_on_waiting);
  tcase_add_test(tc, a_machine_that_ended_is_not_saved);
  tcase_add_test(tc, a_strange_snapshot_never_crashes);
}

UNIT_MAIN("snapshot", add_tests)
