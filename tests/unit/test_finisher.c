/* test_finisher.c - the test finisher ends the run as it is told to. */
#include "mock_board.h"

static mock_board board;
static rv_dev *finisher;

static void setup(void)
{
  mock_init(&board);
  finisher = rv_finisher_new(&board.ops);
}

static void teardown(void) { finisher->free(finisher); }

static void expect(unsigned calls, bool reset, int code)
{
  ck_assert_uint_eq(board.power_calls, calls);
  ck_assert_int_eq(board.reset, reset);
  ck_assert_int_eq(board.code, code);
}

START_TEST(pass_powers_off)
{
  mock_write(finisher, 0, 4, 0x5555);
  expect(1, false, 0);
}
END_TEST

START_TEST(fail_gives_its_code)
{
  mock_write(finisher, 0, 4, 42 << 16 | 0x3333);
  expect(1, false, 42);
}
END_TEST

START_TEST(fail_without_code_is_not_success)
{
  mock_write(finisher, 0, 2, 0x53333); /* the bits above 16 are not written */
  expect(1, false, 1);
}
END_TEST

START_TEST(reset_resets)
{
  mock_write(finisher, 0, 2, 0x7777);
  expect(1, true, 0);
}
END_TEST

START_TEST(anything_else_does_nothing)
{
  mock_write(finisher, 0, 4, 0);
  mock_write(finisher, 0, 4, 0x55550000);
  mock_write(finisher, 4, 4, 0x5555);
  expect(0, false, 0);
  ck_assert_uint_eq(mock_read(finisher, 0, 4), 0);
}
END_TEST

START_TEST(odd_accesses_are_refused)
{
  mock_refused(finisher, 0, 1);
  mock_refused(finisher, 0, 8);
  mock_refused(finisher, 1, 2);
  mock_refused(finisher, 2, 4);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, pass_powers_off);
  tcase_add_test(tc, fail_gives_its_code);
  tcase_add_test(tc, fail_without_code_is_not_success);
  tcase_add_test(tc, reset_resets);
  tcase_add_test(tc, anything_else_does_nothing);
  tcase_add_test(tc, odd_accesses_are_refused);
}
UNIT_MAIN("finisher", add_tests)
