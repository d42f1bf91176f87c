/* test_pcie.c - the ECAM, BARs, windows and wires of the PCI Express host. [PCI 3.0, chapter 6] */
#include "dev/fdt.h"
#include "dev/pci.h"
#include "mock_board.h"
#include <libfdt.h>

static mock_board board;
static rv_dev *ecam;
static rv_pci fake, other;
static struct {
  unsigned bar, size;
  uint64_t offset, value;
  bool write;
} last;

static uint64_t fake_read(rv_pci *f, unsigned bar, uint64_t offset, unsigned size)
{
  last.bar = bar;
  last.offset = offset;
  last.size = size;
  return 0x1122334455667788;
}

static void fake_write(rv_pci *f, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
  (void)fake_read(f, bar, offset, size);
  last.value = value;
  last.write = true;
}

static void make(rv_pci *f)
{
  memset(f, 0, sizeof *f);
  rv_pci_init(f,
              &(rv_pci_id){ .vendor = 0x1234, .device = 0x5678, .class_code = 0x0180, .pin = 1 });
  rv_pci_add_bar(f, 0, RV_BAR_IO, 0x20);
  rv_pci_add_bar(f, 1, 0, 0x1000);
  rv_pci_add_bar(f, 4, RV_BAR_MEM64 | RV_BAR_PREFETCH, 0x4000);
  f->bar_read = fake_read;
  f->bar_write = fake_write;
}

static void setup(void)
{
  mock_init(&board);
  memset(&last, 0, sizeof last);
  ecam = rv_pcie_new(&board.ops);
  make(&fake);
  make(&other);
  ck_assert(rv_pcie_plug(ecam, &fake, -1));
  ck_assert(rv_pcie_plug(ecam, &other, 5));
}

static void teardown(void) { ecam->free(ecam); }

static uint64_t at(unsigned slot, unsigned reg) { return slot << 15 | reg; }
static uint32_t in(unsigned reg) { return (uint32_t)mock_read(ecam, at(1, reg), 4); }
static void out(unsigned reg, uint32_t value) { mock_write(ecam, at(1, reg), 4, value); }
static uint64_t window(unsigned i, uint64_t address)
{
  rv_dev *w = rv_pcie_window(ecam, i);
  return mock_read(w, i ? address - w->base : address, 4);
}

START_TEST(the_host_bridge_is_at_0)
{
  ck_assert_uint_eq(ecam->base, 0x30000000);
  ck_assert_uint_eq(mock_read(ecam, 0, 4), 0x00081b36);
  ck_assert_uint_eq(mock_read(ecam, 8, 4), 0x06000000);
  ck_assert_uint_eq(mock_read(ecam, 0x2c, 4), 0x11001af4);
  ck_assert_uint_eq(mock_read(ecam, 0x0e, 1), 0); /* type 0, one function */
  mock_write(ecam, 0x10, 4, 0xffffffff);
  ck_assert_uint_eq(mock_read(ecam, 0x10, 4), 0); /* no BAR */
}
END_TEST

START_TEST(absent_functions_read_all_ones)
{
  unsigned present = 0;
  for (uint64_t function = 0; function < 65536; function++)
    present += mock_read(ecam, function << 12, 4) != 0xffffffff;
  ck_assert_uint_eq(present, 3);
  ck_assert_uint_eq(mock_read(ecam, 1ull << 20, 2), 0xffff);
  ck_assert_uint_eq(mock_read(ecam, at(2, 0), 1), 0xff);
  ck_assert_uint_eq(mock_read(ecam, at(1, 0x100), 4), 0xffffffff); /* not extended */
}
END_TEST

START_TEST(header)
{
  ck_assert_uint_eq(in(0), 0x56781234);
  ck_assert_uint_eq(mock_read(ecam, at(1, 2), 2), 0x5678);
  ck_assert_uint_eq(mock_read(ecam, at(1, 0x3d), 1), 1);
  ck_assert_uint_eq(mock_read(ecam, at(1, 0), 8) >> 32, 0); /* command and status */
  out(0, 0);
  ck_assert_uint_eq(in(0), 0x56781234);
  mock_write(ecam, at(1, 4), 2, 0xffff);
  ck_assert_uint_eq(in(4), 0x547);
  mock_write(ecam, at(1, 0x3c), 1, 33);
  ck_assert_uint_eq(in(0x3c), 0x121);
}
END_TEST

START_TEST(bars_tell_their_size_and_keep_their_address)
{
  out(0x10, 0xffffffff);
  ck_assert_uint_eq(in(0x10), 0xffffffe1);
  out(0x14, 0xffffffff);
  ck_assert_uint_eq(in(0x14), 0xfffff000);
  out(0x20, 0xffffffff);
  out(0x24, 0xffffffff);
  ck_assert_uint_eq(in(0x20), 0xffffc00c);
  ck_assert_uint_eq(in(0x24), 0xffffffff);
  out(0x18, 0xffffffff); /* no such BAR */
  ck_assert_uint_eq(in(0x18), 0);
  out(0x20, 0x40001234);
  out(0x24, 4);
  ck_assert_uint_eq(in(0x20), 0x4000000c);
  ck_assert_uint_eq(in(0x24), 4);
}
END_TEST

START_TEST(command_gates_the_spaces)
{
  out(0x10, 0x1000);
  out(0x14, 0x40000000);
  ck_assert_uint_eq(window(1, 0x40000004), 0xffffffff);
  out(4, 1);
  ck_assert_uint_eq(window(0, 0), 0xffffffff);
  out(0x10, 0); /* not placed */
  ck_assert_uint_eq(window(0, 4), 0xffffffff);
  out(0x10, 0x1000);
  ck_assert_uint_eq(window(0, 0x1004), 0x55667788);
  ck_assert_uint_eq(last.bar, 0);
  ck_assert_uint_eq(window(1, 0x40000004), 0xffffffff);
  out(4, 2);
  ck_assert_uint_eq(window(1, 0x40000ffc), 0x55667788);
  ck_assert_uint_eq(last.bar, 1);
  ck_assert_uint_eq(last.offset, 0xffc);
  ck_assert_uint_eq(window(1, 0x40001000), 0xffffffff);
  ck_assert_uint_eq(window(0, 0x1004), 0xffffffff);
}
END_TEST

START_TEST(bars_of_64_bits_go_to_both_windows)
{
  out(4, 2);
  out(0x20, 0x40000000);
  (void)window(1, 0x40002010);
  ck_assert_uint_eq(last.bar, 4);
  ck_assert_uint_eq(last.offset, 0x2010);
  out(0x20, 0x10000);
  out(0x24, 4);
  ck_assert_uint_eq(window(1, 0x40002010), 0xffffffff);
  rv_dev *w = rv_pcie_window(ecam, 2);
  mock_write(w, 0x10008, 2, 0x12345);
  ck_assert(last.write);
  ck_assert_uint_eq(last.offset, 8);
  ck_assert_uint_eq(last.value, 0x2345);
  last.write = false;
  mock_write(w, 0x14000, 2, 1); /* past its end */
  ck_assert(!last.write);
}
END_TEST

START_TEST(pins_are_swizzled_and_wires_shared)
{
  rv_pci_interrupt(&fake, true); /* slot 1, INTA */
  ck_assert_uint_eq(board.wires, 1ull << 33);
  ck_assert_uint_eq(in(4) >> 16 & 8, 8);
  rv_pci_interrupt(&other, true); /* slot 5: the same wire */
  rv_pci_interrupt(&fake, false);
  ck_assert_uint_eq(board.wires, 1ull << 33);
  mock_write(ecam, at(5, 4), 2, 0x400); /* INTx off */
  ck_assert_uint_eq(board.wires, 0);
  ck_assert_uint_eq(mock_read(ecam, at(5, 6), 2) & 8, 8); /* shown all the same */
  mock_write(ecam, at(5, 4), 2, 0);
  ck_assert_uint_eq(board.wires, 1ull << 33);
}
END_TEST

START_TEST(dma_needs_a_bus_master)
{
  uint8_t byte = 7;
  ck_assert(!rv_pci_dma(&fake, MOCK_RAM_BASE, &byte, 1, true));
  out(4, 4);
  ck_assert(rv_pci_dma(&fake, MOCK_RAM_BASE, &byte, 1, true));
  ck_assert_uint_eq(board.ram[0], 7);
  ck_assert(!rv_pci_dma(&fake, 0, &byte, 1, true));
}
END_TEST

START_TEST(slots_are_given_in_order_and_once)
{
  rv_pci more[RV_PCI_SLOTS];
  for (unsigned i = 0; i < RV_PCI_SLOTS; i++)
    make(&more[i]);
  ck_assert(!rv_pcie_plug(ecam, &more[0], 5));
  ck_assert(!rv_pcie_plug(ecam, &more[0], 0));
  ck_assert(!rv_pcie_plug(ecam, &more[0], 32));
  ck_assert(rv_pcie_plug(ecam, &more[0], -1));
  ck_assert_uint_eq(more[0].slot, 2);
  for (unsigned i = 1; i < 29; i++)
    ck_assert(rv_pcie_plug(ecam, &more[i], -1));
  ck_assert(!rv_pcie_plug(ecam, &more[30], -1));
  teardown(); /* while they are there */
  setup();
}
END_TEST

START_TEST(reset_takes_back_what_the_guest_wrote)
{
  out(4, 7);
  out(0x20, 0x40000000);
  ecam->reset(ecam);
  ck_assert_uint_eq(in(4) & 0xffff, 0);
  ck_assert_uint_eq(in(0x20), 0xc);
}
END_TEST

/* ---- hostile guests ---- */

START_TEST(bars_in_odd_places)
{
  static const uint32_t odd[] = { 0,          0xffffffff, 0xffffc000, 0x80000000, 0x30000000,
                                  0x7fffc000, 0x3fffc000, 1,          0xfff0,     0x10000000 };
  out(4, 0xffff);
  for (unsigned i = 0; i < 10 * 10; i++) {
    out(0x10, odd[i % 10]);
    out(0x14, odd[i % 10]);
    out(0x20, odd[i % 10]);
    out(0x24, odd[i / 10]);
    for (unsigned w = 0; w < RV_PCI_WINDOWS; w++) {
      rv_dev *dev = rv_pcie_window(ecam, w);
      (void)mock_read(dev, 0, 8);
      (void)mock_read(dev, dev->size - 8, 8);
      (void)mock_read(dev, dev->size - 1, 1);
      mock_write(dev, dev->size - 4, 4, 0);
    }
  }
}
END_TEST

START_TEST(all_bars_in_one_place)
{
  out(4, 7);
  mock_write(ecam, at(5, 4), 2, 7);
  for (unsigned reg = 0x10; reg < 0x28; reg += 4) {
    out(reg, reg == 0x24 ? 0 : 0x40000000);
    mock_write(ecam, at(5, reg), 4, reg == 0x24 ? 0 : 0x40000000);
  }
  ck_assert_uint_eq(window(1, 0x40000000), 0x55667788);
}
END_TEST

START_TEST(accesses_across_borders)
{
  for (unsigned reg = 0xf8; reg < 0x108; reg++)
    (void)mock_read(ecam, at(1, reg), 8);
  for (unsigned reg = 0xf8; reg < 0x108; reg++)
    mock_write(ecam, at(1, reg), 8, ~0ull);
  out(4, 3);
  out(0x14, 0x40000000);
  rv_dev *w = rv_pcie_window(ecam, 1);
  ck_assert_uint_eq(mock_read(w, 0xffd, 8), ~0ull); /* leaves the BAR */
  mock_write(w, 0xffd, 8, 0);
  ck_assert_uint_eq(mock_read(w, 0xffc, 4), 0x55667788);
}
END_TEST

START_TEST(every_register_and_size_is_survived)
{
  static const unsigned sizes[] = { 1, 2, 4, 8 };
  for (unsigned slot = 0; slot < 8; slot++)
    for (unsigned reg = 0; reg < 0x1000 - 8; reg++)
      for (unsigned i = 0; i < 4; i++) {
        mock_write(ecam, at(slot, reg), sizes[i], 0xa5a5a5a5ffffffff);
        (void)mock_read(ecam, at(slot, reg), sizes[i]);
      }
  (void)mock_read(ecam, ecam->size - 8, 8);
  mock_write(ecam, ecam->size - 1, 1, 0);
  mock_storm(ecam, 4099 * 8);
}
END_TEST

START_TEST(device_tree_node_as_qemus)
{
  uint8_t fdt[8192];
  ck_assert_int_eq(fdt_create_empty_tree(fdt, sizeof fdt), 0);
  const int soc = fdt_add_subnode(fdt, 0, "soc");
  ck_assert_int_eq(ecam->fdt(ecam, fdt, soc), 0);
  const int node = fdt_path_offset(fdt, "/soc/pci@30000000");
  int n;
  const fdt32_t *map = fdt_getprop(fdt, node, "interrupt-map", &n);
  ck_assert_int_eq(n, 16 * 6 * 4);
  ck_assert_uint_eq(fdt32_ld(map + 5), 32);          /* slot 0, INTA */
  ck_assert_uint_eq(fdt32_ld(map + 4 * 6), 0x800);   /* slot 1 ... */
  ck_assert_uint_eq(fdt32_ld(map + 4 * 6 + 5), 33);  /* ... INTA */
  ck_assert_uint_eq(fdt32_ld(map + 15 * 6 + 5), 34); /* slot 3, INTD */
  ck_assert_ptr_nonnull(fdt_getprop(fdt, node, "dma-coherent", &n));
  (void)fdt_getprop(fdt, node, "ranges", &n);
  ck_assert_int_eq(n, 3 * 7 * 4);
}
END_TEST

/* Linux uses messages if, and only if, the node says where they go. */
START_TEST(device_tree_node_beside_an_aplic)
{
  for (rv_aia aia = RV_AIA_NONE; aia <= RV_AIA_IMSIC; aia++) {
    uint8_t fdt[8192];
    board.ops.aia = aia;
    ck_assert_int_eq(fdt_create_empty_tree(fdt, sizeof fdt), 0);
    ck_assert_int_eq(ecam->fdt(ecam, fdt, fdt_add_subnode(fdt, 0, "soc")), 0);
    const int node = fdt_path_offset(fdt, "/soc/pci@30000000"), cells = aia ? 7 : 6;
    int n;
    const fdt32_t *map = fdt_getprop(fdt, node, "interrupt-map", &n);
    ck_assert_int_eq(n, 16 * cells * 4);
    ck_assert_uint_eq(fdt32_ld(map + 15 * cells + 5), 34);
    if (aia)
      ck_assert_uint_eq(fdt32_ld(map + 15 * cells + 6), 4); /* high level */
    const fdt32_t *msi = fdt_getprop(fdt, node, "msi-parent", &n);
    ck_assert(!msi == (aia != RV_AIA_IMSIC));
    ck_assert(!msi || fdt32_ld(msi) == RV_PHANDLE_IMSIC_S);
  }
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, the_host_bridge_is_at_0);
  tcase_add_test(tc, absent_functions_read_all_ones);
  tcase_add_test(tc, header);
  tcase_add_test(tc, bars_tell_their_size_and_keep_their_address);
  tcase_add_test(tc, command_gates_the_spaces);
  tcase_add_test(tc, bars_of_64_bits_go_to_both_windows);
  tcase_add_test(tc, pins_are_swizzled_and_wires_shared);
  tcase_add_test(tc, dma_needs_a_bus_master);
  tcase_add_test(tc, slots_are_given_in_order_and_once);
  tcase_add_test(tc, reset_takes_back_what_the_guest_wrote);
  tcase_add_test(tc, bars_in_odd_places);
  tcase_add_test(tc, all_bars_in_one_place);
  tcase_add_test(tc, accesses_across_borders);
  tcase_add_test(tc, every_register_and_size_is_survived);
  tcase_add_test(tc, device_tree_node_as_qemus);
  tcase_add_test(tc, device_tree_node_beside_an_aplic);
}
UNIT_MAIN("pcie", add_tests)
