/* test_virtio_mmio.c - the registers of virtio-mmio, legacy and modern. [VIRTIO 1.2, 4.2] */
#include "virtio_fixture.h"

static rv_dev *dev;

static void start(bool legacy)
{
  mock_init(&board);
  make_disk(SECTORS * SECTOR);
  dev = rv_virtio_mmio_new(&board.ops, 7, legacy, rv_virtio_blk_new(open_disk(false), NULL));
}

static void finish(void)
{
  dev->free(dev);
  unlink(disk_path);
}

static uint32_t in(unsigned reg) { return (uint32_t)mock_read(dev, reg, 4); }
static void out(unsigned reg, uint32_t value) { mock_write(dev, reg, 4, value); }
static bool wire(void) { return board.wires >> 8 & 1; } /* slot 7: IRQ 8 */

static void expect_read(void)
{
  request(IN, 3, SECTOR);
  out(0x50, 0);
  ck_assert_uint_eq(board.ram[STATUS], 0);
  ck_assert_uint_eq(board.ram[DATA], pattern(3 * SECTOR));
  ck_assert(wire());
  ck_assert_uint_eq(in(0x60), 1);
  out(0x64, 1);
  ck_assert(!wire());
  ck_assert_uint_eq(in(0x60), 0);
}

START_TEST(an_empty_slot_has_a_magic_and_no_device)
{
  mock_init(&board);
  dev = rv_virtio_mmio_new(&board.ops, 0, true, NULL);
  ck_assert_uint_eq(dev->base, 0x10001000);
  ck_assert_uint_eq(in(0), 0x74726976);
  ck_assert_uint_eq(in(4), 1);
  ck_assert_uint_eq(in(8), 0);
  ck_assert_uint_eq(in(12), 0x554d4551);
  mock_storm(dev, 1);
  dev->reset(dev);
  dev->free(dev);
}
END_TEST

START_TEST(legacy)
{
  start(true);
  ck_assert_uint_eq(dev->base, 0x10008000);
  ck_assert_uint_eq(in(4), 1);
  ck_assert_uint_eq(in(8), 2);
  out(0x70, 3);
  ck_assert_uint_eq(in(0x10) & 1 << 9, 1 << 9);
  out(0x14, 1);
  ck_assert_uint_eq(in(0x10), 0); /* VERSION_1 is not of this interface */
  out(0x24, 0);
  out(0x20, 0);
  out(0x28, 16); /* page size: the queue is at PFN * 16 */
  out(0x30, 0);
  ck_assert_uint_eq(in(0x34), RV_VIRTIO_QUEUE_MAX);
  ck_assert_uint_eq(in(0x40), 0);
  out(0x38, QSIZE);
  out(0x3c, 256);
  out(0x40, 0x8000000); /* 0x80000000: table 0, available 0x80, used 0x100 */
  ck_assert_uint_eq(in(0x40), 0x8000000);
  out(0x70, 7);
  ck_assert_uint_eq(in(0x70), 7);
  set_header(IN, 3);
  set_desc(0, pa(HEADER), 16, D_NEXT, 1);
  set_desc(1, pa(DATA), SECTOR, D_NEXT | D_WRITE, 2);
  set_desc(2, pa(STATUS), 1, D_WRITE, 0);
  put16(0x80 + 2, 1);
  out(0x50, 0);
  ck_assert_uint_eq(board.ram[DATA], pattern(3 * SECTOR));
  ck_assert_uint_eq(get16(0x102), 1);
  ck_assert(wire());
  out(0x70, 0);
  ck_assert(!wire());
  ck_assert_uint_eq(in(0x40), 0);
  finish();
}
END_TEST

START_TEST(modern)
{
  start(false);
  ck_assert_uint_eq(in(4), 2);
  out(0x70, 3);
  out(0x14, 1);
  ck_assert_uint_eq(in(0x10), 1);
  out(0x24, 1);
  out(0x20, 1);
  out(0x70, 11);
  ck_assert_uint_eq(in(0x70), 11);
  out(0x30, 0);
  ck_assert_uint_eq(in(0x44), 0);
  out(0x38, QSIZE);
  const uint32_t at[] = { DESC, AVAIL, USED };
  for (unsigned i = 0; i < 3; i++) {
    out(0x80 + 16 * i, (uint32_t)pa(at[i]));
    out(0x84 + 16 * i, 0);
  }
  out(0x44, 1);
  ck_assert_uint_eq(in(0x44), 1);
  out(0x70, 15);
  expect_read();
  ck_assert_uint_eq(in(0xb0), 0xffffffff); /* no shared memory */
  ck_assert_uint_eq(in(0xfc), 0);
  finish();
}
END_TEST

START_TEST(configuration_in_any_size)
{
  start(true);
  ck_assert_uint_eq(in(0x100), SECTORS);
  ck_assert_uint_eq(mock_read(dev, 0x100, 8), SECTORS);
  ck_assert_uint_eq(mock_read(dev, 0x100, 1), SECTORS);
  ck_assert_uint_eq(mock_read(dev, 0x115, 1), SECTOR >> 8);
  ck_assert_uint_eq(mock_read(dev, 0xff8, 8), 0);
  mock_write(dev, 0x100, 4, 7); /* read-only */
  ck_assert_uint_eq(in(0x100), SECTORS);
  finish();
}
END_TEST

START_TEST(registers_of_the_other_version_do_nothing)
{
  start(true);
  out(0x44, 1);
  ck_assert_uint_eq(in(0x44), 0);
  finish();
  start(false);
  out(0x28, 4096);
  out(0x40, 5);
  ck_assert_uint_eq(in(0x40), 0);
  out(0x30, 9); /* no such queue */
  ck_assert_uint_eq(in(0x34), 0);
  out(0x38, 4);
  out(0x44, 1);
  finish();
}
END_TEST

START_TEST(every_offset_and_size_is_survived)
{
  start(_i);
  mock_storm(dev, 1);
  dev->reset(dev);
  ck_assert_uint_eq(in(0x70), 0);
  finish();
}
END_TEST

/* Legacy set-ups that make no sense: page sizes and alignments of every kind. */
START_TEST(hostile_layouts)
{
  static const uint32_t odd[] = { 0, 1, 3, 4095, 4096, 0x80000000, 0xffffffff };
  start(true);
  for (unsigned i = 0; i < 7 * 7 * 7; i++) {
    out(0x70, 0);
    out(0x28, odd[i % 7]);
    out(0x3c, odd[i / 7 % 7]);
    out(0x40, odd[i / 49]);
    out(0x70, 7);
    out(0x50, 0);
    if (!odd[i % 7] && odd[i / 49]) /* page size 0: the queue is at address 0, where no RAM is */
      ck_assert(in(0x70) & VIRTIO_NEEDS_RESET);
  }
  finish();
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, an_empty_slot_has_a_magic_and_no_device);
  tcase_add_test(tc, legacy);
  tcase_add_test(tc, modern);
  tcase_add_test(tc, configuration_in_any_size);
  tcase_add_test(tc, registers_of_the_other_version_do_nothing);
  tcase_add_loop_test(tc, every_offset_and_size_is_survived, 0, 2);
  tcase_add_test(tc, hostile_layouts);
}
UNIT_MAIN("virtio_mmio", add_tests)
