/* test_clint.c - software interrupts and timer of the CLINT [ACLINT, MSWI and MTIMER]. */
#include "mock_board.h"
#include "cpu/hart.h"

enum { MTIMECMP = 0x4000, MTIME = 0xBFF8 };

static mock_board board;
static rv_dev *clint;

static void setup(void)
{
  mock_init(&board);
  clint = rv_clint_new(&board.ops);
}

static void teardown(void) { clint->free(clint); }

START_TEST(msip_drives_the_line_of_its_hart)
{
  mock_write(clint, 4, 4, 0xffffffff);
  ck_assert_uint_eq(mock_read(clint, 4, 4), 1); /* upper 31 bits tied to zero */
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(board.ip[1], IP(MSI));
  mock_write(clint, 4, 4, 0xfffffffe);
  ck_assert_uint_eq(board.ip[1], 0);
}
END_TEST

START_TEST(mtip_is_mtime_at_or_above_mtimecmp)
{
  board.time = 99;
  mock_write(clint, MTIMECMP + 8, 8, 100);
  ck_assert_uint_eq(board.ip[1], 0);
  ck_assert_uint_eq(rv_clint_next(clint, 1), 100);
  board.time = 100;
  rv_clint_update(clint);
  ck_assert_uint_eq(board.ip[1], IP(MTI));
  ck_assert_uint_eq(board.ip[0], 0);
  mock_write(clint, MTIMECMP + 8, 8, 101);
  ck_assert_uint_eq(board.ip[1], 0);
}
END_TEST

START_TEST(comparison_is_unsigned)
{
  board.time = 5;
  mock_write(clint, MTIMECMP, 8, 0x8000000000000000);
  ck_assert_uint_eq(board.ip[0], 0);
}
END_TEST

START_TEST(mtimecmp_in_halves)
{
  mock_write(clint, MTIMECMP, 4, 0x11223344);
  mock_write(clint, MTIMECMP + 4, 4, 0xaabbccdd);
  ck_assert_uint_eq(mock_read(clint, MTIMECMP, 8), 0xaabbccdd11223344);
  ck_assert_uint_eq(mock_read(clint, MTIMECMP, 4), 0x11223344);
  ck_assert_uint_eq(mock_read(clint, MTIMECMP + 4, 4), 0xaabbccdd);
  ck_assert_uint_eq(board.timer_changes, 2);
}
END_TEST

START_TEST(mtime_is_the_boards_clock_and_writable)
{
  board.time = 0x100000002;
  ck_assert_uint_eq(mock_read(clint, MTIME, 8), 0x100000002);
  ck_assert_uint_eq(mock_read(clint, MTIME, 4), 2);
  ck_assert_uint_eq(mock_read(clint, MTIME + 4, 4), 1);
  mock_write(clint, MTIMECMP, 8, 0x700000000);
  board.timer_changes = 0;
  mock_write(clint, MTIME + 4, 4, 7);
  ck_assert_uint_eq(board.time, 0x700000002);
  ck_assert_uint_eq(board.ip[0], IP(MTI));
  ck_assert_uint_eq(board.timer_changes, 1);
}
END_TEST

START_TEST(reset_silences_everything)
{
  mock_write(clint, 0, 4, 1);
  mock_write(clint, MTIMECMP, 8, 0);
  ck_assert_uint_eq(board.ip[0], IP(MSI) | IP(MTI));
  clint->reset(clint);
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(mock_read(clint, 0, 4), 0);
  ck_assert_uint_eq(rv_clint_next(clint, 0), UINT64_MAX);
}
END_TEST

START_TEST(absent_harts_read_zero)
{
  mock_write(clint, 4 * MOCK_HARTS, 4, 1);
  mock_write(clint, MTIMECMP + 8 * MOCK_HARTS, 8, 1);
  mock_write(clint, MTIME - 8, 8, 1);
  ck_assert_uint_eq(mock_read(clint, 4 * MOCK_HARTS, 4), 0);
  ck_assert_uint_eq(mock_read(clint, MTIMECMP + 8 * MOCK_HARTS, 8), 0);
  ck_assert_uint_eq(mock_read(clint, MTIME - 8, 8), 0);
  ck_assert_uint_eq(rv_clint_next(clint, MOCK_HARTS), UINT64_MAX);
}
END_TEST

START_TEST(odd_accesses_are_refused)
{
  mock_refused(clint, 0, 1);
  mock_refused(clint, 0, 2);
  mock_refused(clint, 0, 8);
  mock_refused(clint, 2, 4);
  mock_refused(clint, MTIMECMP + 4, 8);
  mock_refused(clint, MTIMECMP, 2);
  mock_refused(clint, 0xC000, 4);
  mock_storm(clint, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, msip_drives_the_line_of_its_hart);
  tcase_add_test(tc, mtip_is_mtime_at_or_above_mtimecmp);
  tcase_add_test(tc, comparison_is_unsigned);
  tcase_add_test(tc, mtimecmp_in_halves);
  tcase_add_test(tc, mtime_is_the_boards_clock_and_writable);
  tcase_add_test(tc, reset_silences_everything);
  tcase_add_test(tc, absent_harts_read_zero);
  tcase_add_test(tc, odd_accesses_are_refused);
}
UNIT_MAIN("clint", add_tests)
