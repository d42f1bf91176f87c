/* test_imsic_dev.c - the pages of interrupt files, where MSIs arrive. [AIA 1.0, 3.5 and 3.6] */
#include "mock_board.h"

enum { PAGE = 0x1000, LE = 0, BE = 4 };

static mock_board board;
static rv_dev *machine, *supervisor;

static void make(unsigned guests)
{
  mock_init(&board);
  board.ops.aia = RV_AIA_IMSIC;
  board.ops.guests = guests;
  machine = rv_imsic_new(&board.ops, true);
  supervisor = rv_imsic_new(&board.ops, false);
}

static void setup(void) { make(3); }

static void teardown(void)
{
  machine->free(machine);
  supervisor->free(supervisor);
}

/* One more has arrived, and it is this one. */
static void expect(unsigned hart, unsigned file, unsigned id)
{
  ck_assert_uint_eq(board.msis, 1);
  ck_assert_uint_eq(board.msi_hart, hart);
  ck_assert_uint_eq(board.msi_file, file);
  ck_assert_uint_eq(board.msi_id, id);
  board.msis = 0;
}

START_TEST(machine_level_files_are_a_page_per_hart)
{
  ck_assert_uint_eq(machine->base, 0x24000000);
  ck_assert_uint_eq(machine->size, MOCK_HARTS * PAGE);
  mock_write(machine, LE, 4, 7);
  expect(0, 0, 7);
  mock_write(machine, PAGE + LE, 4, 255);
  expect(1, 0, 255);
}
END_TEST

/* S, G1, G2, ... of a hart are contiguous, and harts 2^(12 + bits) apart [3.6]. */
START_TEST(supervisor_and_guest_files)
{
  ck_assert_uint_eq(supervisor->base, 0x28000000);
  ck_assert_uint_eq(supervisor->size, MOCK_HARTS * 4 * PAGE);
  for (unsigned hart = 0; hart < MOCK_HARTS; hart++)
    for (unsigned file = 0; file <= 3; file++) {
      mock_write(supervisor, (hart * 4 + file) * PAGE, 4, 9 + file);
      expect(hart, 1 + file, 9 + file);
    }
}
END_TEST

/* As many bits as the pages of a hart need: those of aia-guests + 1. */
START_TEST(bits_for_guests)
{
  static const unsigned bits[] = { 0, 1, 2, 2, 3, 3, 3, 3 };
  for (unsigned guests = 0; guests <= RV_AIA_GUESTS; guests++) {
    teardown();
    make(guests);
    ck_assert_uint_eq(rv_imsic_guest_bits(&board.ops), bits[guests]);
    ck_assert_uint_eq(supervisor->size, (uint64_t)MOCK_HARTS * PAGE << bits[guests]);
    mock_write(supervisor, (uint64_t)PAGE << bits[guests], 4, 3);
    expect(1, 1, 3);
  }
}
END_TEST

/* Pages between the files of two harts that are nobody's are read-only zeros [3.6]. */
START_TEST(pages_of_nobody)
{
  teardown();
  make(2);
  mock_write(supervisor, 2 * PAGE, 4, 5);
  expect(0, 3, 5);
  mock_write(supervisor, 3 * PAGE, 4, 5);
  ck_assert_uint_eq(board.msis, 0);
  ck_assert_uint_eq(mock_read(supervisor, 3 * PAGE, 4), 0);
}
END_TEST

START_TEST(the_big_endian_port)
{
  mock_write(machine, BE, 4, 0x11000000);
  expect(0, 0, 0x11);
  mock_write(machine, BE, 4, 0x11);
  mock_write(machine, LE, 4, 0x11000000);
  ck_assert_uint_eq(board.msis, 0);
}
END_TEST

START_TEST(numbers_of_no_interrupt_are_ignored)
{
  static const uint32_t none[] = { 0, 256, 0x101, 2047, 0xffffffff };
  for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
    mock_write(supervisor, LE, 4, none[i]);
  ck_assert_uint_eq(board.msis, 0);
}
END_TEST

START_TEST(the_rest_of_a_page_is_read_only_zeros)
{
  mock_write(machine, 0, 4, 1);
  board.msis = 0;
  for (unsigned at = 8; at < PAGE; at += 4)
    mock_write(machine, at, 4, 1);
  for (unsigned at = 0; at < PAGE; at += 4)
    ck_assert_uint_eq(mock_read(machine, at, 4), 0);
  ck_assert_uint_eq(board.msis, 0);
}
END_TEST

START_TEST(only_aligned_32_bit_accesses)
{
  mock_refused(machine, 0, 1);
  mock_refused(machine, 0, 2);
  mock_refused(machine, 0, 8);
  mock_refused(machine, 2, 4);
  ck_assert_uint_eq(board.msis, 0);
  mock_storm(supervisor, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, machine_level_files_are_a_page_per_hart);
  tcase_add_test(tc, supervisor_and_guest_files);
  tcase_add_test(tc, bits_for_guests);
  tcase_add_test(tc, pages_of_nobody);
  tcase_add_test(tc, the_big_endian_port);
  tcase_add_test(tc, numbers_of_no_interrupt_are_ignored);
  tcase_add_test(tc, the_rest_of_a_page_is_read_only_zeros);
  tcase_add_test(tc, only_aligned_32_bit_accesses);
}
UNIT_MAIN("imsic_dev", add_tests)
