/* test_plug.c - src/machine/plug.c: which device gets which slot, as on QEMU's board: of
 * virtio-mmio the first the last slot, of PCI the first free one, and disks of if=virtio after all
 * of -device. The device tree lists the slots of virtio-mmio downwards as well, so that a guest
 * finds them in the order of the options.
 */
#include "virtio_guest.h"
#include <glib/gstdio.h>
#include <unistd.h>

enum { DISKS = 8, SECTOR = 512 };

/* A disk of n + 1 sectors, so that its capacity tells which one it is. */
static char *make_disk(unsigned n)
{
  g_autofree char *file = g_strdup_printf("rvh-plug-%d-%u", getpid(), n);
  char *path = g_build_filename(g_get_tmp_dir(), file, NULL);
  static const char image[SECTOR * DISKS];
  ck_assert(g_file_set_contents(path, image, SECTOR * (n + 1), NULL));
  return path;
}

static uint64_t sectors(virtio_guest *g)
{
  if (g->kind == PCI_MODERN)
    vg_place(g);
  return vg_in(g, g->kind == PCI_MODERN ? vg_bar(g) + 0x2000 : vg_mmio(g) + 0x100, 4);
}

START_TEST(disks_are_found_in_the_order_of_their_options)
{
  static const struct {
    rvh_device_kind kind;
    int given, gets;
  } order[] = { { RVH_VIRTIO_BLK_PCI, RVH_ANY, 1 },  { RVH_VIRTIO_BLK_MMIO, RVH_ANY, 7 },
                { RVH_VIRTIO_BLK_MMIO, 6, 6 },       { RVH_VIRTIO_BLK_PCI, 5, 5 },
                { RVH_VIRTIO_BLK_MMIO, RVH_ANY, 5 }, { RVH_VIRTIO_BLK_PCI, RVH_ANY, 2 } };
  static const char *const ids[] = { "0", "1", "2", "3", "4", "5" };
  char *paths[DISKS];
  g_autoptr(GError) error = NULL;
  rvh_config c = RVH_CONFIG_DEFAULT;
  c.messages = fopen("/dev/null", "w");
  for (unsigned i = 0; i < DISKS; i++) {
    const bool named = i >= 2; /* the first two are if=virtio */
    c.drives[i] = (rvh_drive){ .id = named ? ids[i - 2] : NULL,
                               .file = paths[i] = make_disk(i),
                               .bus = named ? RVH_IF_NONE : RVH_IF_VIRTIO,
                               .unit = RVH_ANY };
    if (named)
      c.devices[i - 2] = (rvh_device){ .kind = order[i - 2].kind,
                                       .drive = ids[i - 2],
                                       .slot = order[i - 2].given };
  }
  c.n_drives = DISKS;
  c.n_devices = DISKS - 2;
  rvh_machine *m = rvh_new(&c, &error);
  ck_assert_msg(m, "%s", error ? error->message : "");
  for (unsigned i = 0; i < DISKS; i++) {
    virtio_guest g = { .m = m, .kind = PCI_MODERN, .slot = 3 + i };
    if (i >= 2) {
      g.kind = order[i - 2].kind == RVH_VIRTIO_BLK_PCI ? PCI_MODERN : MMIO_LEGACY;
      g.slot = (unsigned)order[i - 2].gets;
    }
    ck_assert_msg(sectors(&g) == i + 1, "disk %u", i);
    g_unlink(paths[i]);
    g_free(paths[i]);
  }
  rvh_free(m);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, disks_are_found_in_the_order_of_their_options);
}

UNIT_MAIN("plug", add_tests)
