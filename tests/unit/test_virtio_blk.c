/* test_virtio_blk.c - requests of the virtio block device and their status. [VIRTIO 1.2, 5.2] */
#include "virtio_fixture.h"

static rv_virtio *v;

static void start(bool readonly)
{
  v = bare_blk(readonly);
  drive_up(v);
}

static void setup(void)
{
  mock_init(&board);
  make_disk(SECTORS * SECTOR);
}

static void teardown(void)
{
  v->free(v);
  unlink(disk_path);
}

/* Performs a request and returns its status byte. */
static uint8_t perform(uint32_t type, uint64_t sector, uint32_t n)
{
  request(type, sector, n);
  rv_virtio_notify(v, 0);
  ck_assert(!(v->status & VIRTIO_NEEDS_RESET));
  return board.ram[STATUS];
}

static uint32_t config32(unsigned at) { return (uint32_t)rv_virtio_config(v, at, 4); }

START_TEST(configuration_space)
{
  start(false);
  ck_assert_uint_eq(rv_virtio_config(v, 0, 8), SECTORS);
  ck_assert_uint_eq(config32(12), RV_VIRTIO_QUEUE_MAX - 2);
  ck_assert_uint_eq(config32(20), SECTOR);
  ck_assert_uint_eq(rv_virtio_config(v, 26, 2), 1); /* min_io_size */
  ck_assert_uint_eq(rv_virtio_config(v, 0, 1), SECTORS);
  ck_assert_uint_eq(rv_virtio_config(v, 64, 1), 0);
  ck_assert_uint_eq(rv_virtio_config(v, 61, 4), 0);
  ck_assert_uint_eq(rv_virtio_config(v, UINT64_MAX, 8), 0);
}
END_TEST

START_TEST(features)
{
  start(false);
  ck_assert_uint_eq(rv_virtio_offered(v, 0), 1 << 2 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 27);
  v->free(v);
  start(true);
  ck_assert(rv_virtio_offered(v, 0) & 1 << 5); /* VIRTIO_BLK_F_RO */
}
END_TEST

START_TEST(reads_and_writes)
{
  start(false);
  ck_assert_uint_eq(perform(IN, 14, 2 * SECTOR), 0);
  ck_assert_uint_eq(board.ram[DATA + 1023], pattern(14 * SECTOR + 1023));
  ck_assert_uint_eq(used_len(0), 2 * SECTOR + 1);
  memset(board.ram + DATA, 0x5a, SECTOR);
  ck_assert_uint_eq(perform(OUT, 15, SECTOR), 0);
  ck_assert_uint_eq(used_len(1), 1);
  ck_assert_uint_eq(disk_byte(15 * SECTOR + 511), 0x5a);
  ck_assert_uint_eq(disk_byte(15 * SECTOR - 1), pattern(15 * SECTOR - 1));
  ck_assert_uint_eq(perform(FLUSH, 0, 0), 0);
}
END_TEST

START_TEST(what_is_not_on_the_disk_is_an_io_error)
{
  start(false);
  ck_assert_uint_eq(perform(IN, SECTORS, SECTOR), 1);
  ck_assert_uint_eq(perform(IN, SECTORS - 1, 2 * SECTOR), 1);
  ck_assert_uint_eq(perform(IN, UINT64_MAX, SECTOR), 1);
  ck_assert_uint_eq(perform(IN, 1ull << 55, SECTOR), 1); /* times 512 it is 2^64 */
  ck_assert_uint_eq(perform(IN, 0, 100), 1);             /* no whole sector */
  ck_assert_uint_eq(perform(OUT, SECTORS, SECTOR), 1);
  ck_assert_uint_eq(perform(OUT, 0, 513), 1);
  ck_assert_uint_eq(disk_byte(0), pattern(0));
}
END_TEST

START_TEST(a_readonly_disk_refuses_writes)
{
  start(true);
  ck_assert_uint_eq(perform(OUT, 0, SECTOR), 1);
  ck_assert_uint_eq(perform(IN, 0, SECTOR), 0);
  ck_assert_uint_eq(perform(FLUSH, 0, 0), 0);
  ck_assert_uint_eq(disk_byte(1), pattern(1));
}
END_TEST

START_TEST(the_id_is_20_bytes_and_no_more)
{
  start(false);
  memset(board.ram + DATA, 0xcc, 40);
  ck_assert_uint_eq(perform(GET_ID, 0, 40), 0);
  ck_assert_str_eq((char *)board.ram + DATA, "serial-7");
  ck_assert_uint_eq(board.ram[DATA + 19], 0);
  ck_assert_uint_eq(board.ram[DATA + 20], 0xcc);
  ck_assert_uint_eq(perform(GET_ID, 0, 3), 0);
}
END_TEST

START_TEST(other_types_are_unsupported)
{
  start(false);
  static const uint32_t types[] = { 2, 5, 11, 13, 0xffffffff };
  for (unsigned i = 0; i < 5; i++)
    ck_assert_uint_eq(perform(types[i], 0, SECTOR), 2);
}
END_TEST

/* How the driver cuts a request into descriptors means nothing [2.7.4]. */
START_TEST(any_layout)
{
  start(false);
  set_header(IN, 2);
  set_desc(0, pa(HEADER), 5, D_NEXT, 1);
  set_desc(1, pa(HEADER + 5), 11, D_NEXT, 2);
  set_desc(2, pa(DATA), 500, D_NEXT | D_WRITE, 3);
  set_desc(3, pa(DATA + 600), 13, D_WRITE, 0);
  make_available(0);
  rv_virtio_notify(v, 0);
  ck_assert_uint_eq(board.ram[DATA + 499], pattern(2 * SECTOR + 499));
  ck_assert_uint_eq(board.ram[DATA + 600], pattern(2 * SECTOR + 500));
  ck_assert_uint_eq(board.ram[DATA + 612], 0);
  ck_assert_uint_eq(used_len(0), SECTOR + 1);
}
END_TEST

START_TEST(a_request_longer_than_a_chunk)
{
  unlink(disk_path);
  make_disk(400 * SECTOR);
  start(false);
  set_header(IN, 0);
  set_desc(0, pa(HEADER), 16, D_NEXT, 1);
  for (unsigned i = 1; i < 6; i++) /* 5 times the same 28 KiB: more than two chunks */
    set_desc(i, pa(DATA), 28 << 10, D_NEXT | D_WRITE, i + 1);
  set_desc(6, pa(STATUS), 1, D_WRITE, 0);
  make_available(0);
  rv_virtio_notify(v, 0);
  ck_assert_uint_eq(used_len(0), (5 * 28 << 10) + 1);
  ck_assert_uint_eq(board.ram[DATA + 77], pattern((4 * 28 << 10) + 77));
}
END_TEST

START_TEST(the_tail_of_an_odd_file)
{
  unlink(disk_path);
  make_disk(SECTOR + 10);
  start(false);
  ck_assert_uint_eq(rv_virtio_config(v, 0, 8), 2);
  ck_assert_uint_eq(perform(IN, 1, SECTOR), 0);
  ck_assert_uint_eq(board.ram[DATA + 9], pattern(SECTOR + 9));
  ck_assert_uint_eq(board.ram[DATA + 10], 0);
  ck_assert_uint_eq(perform(OUT, 1, SECTOR), 1); /* it would have to grow */
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, configuration_space);
  tcase_add_test(tc, features);
  tcase_add_test(tc, reads_and_writes);
  tcase_add_test(tc, what_is_not_on_the_disk_is_an_io_error);
  tcase_add_test(tc, a_readonly_disk_refuses_writes);
  tcase_add_test(tc, the_id_is_20_bytes_and_no_more);
  tcase_add_test(tc, other_types_are_unsupported);
  tcase_add_test(tc, any_layout);
  tcase_add_test(tc, a_request_longer_than_a_chunk);
  tcase_add_test(tc, the_tail_of_an_odd_file);
}
UNIT_MAIN("virtio_blk", add_tests)
