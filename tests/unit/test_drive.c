/* test_drive.c - a host file as a medium: nothing is lost, and it never grows. */
#include "virtio_fixture.h"
#include <fcntl.h>
#include <sys/stat.h>

static char error[200];

static void setup(void) { make_disk(1000); } /* the second sector is not whole */
static void teardown(void) { unlink(disk_path); }

START_TEST(reads_what_the_file_holds)
{
  uint8_t buf[100];
  rv_drive *d = open_disk(true);
  ck_assert_uint_eq(rv_drive_size(d), 1000);
  ck_assert(rv_drive_read(d, 500, buf, sizeof buf));
  for (unsigned i = 0; i < sizeof buf; i++)
    ck_assert_uint_eq(buf[i], pattern(500 + i));
  rv_drive_close(d);
}
END_TEST

START_TEST(the_last_sector_is_filled_with_zeroes)
{
  uint8_t buf[SECTOR];
  rv_drive *d = open_disk(true);
  ck_assert(rv_drive_read(d, SECTOR, buf, sizeof buf));
  ck_assert_uint_eq(buf[999 - SECTOR], pattern(999));
  ck_assert_uint_eq(buf[1000 - SECTOR], 0);
  ck_assert(!rv_drive_read(d, 1024, buf, 1));
  ck_assert(!rv_drive_read(d, UINT64_MAX, buf, 2));
  rv_drive_close(d);
}
END_TEST

START_TEST(a_write_is_in_the_file_at_once)
{
  rv_drive *d = open_disk(false);
  ck_assert(rv_drive_write(d, 700, "xyz", 3));
  ck_assert_uint_eq(disk_byte(701), 'y');
  ck_assert_uint_eq(disk_byte(703), pattern(703));
  ck_assert(rv_drive_flush(d));
  rv_drive_close(d);
}
END_TEST

START_TEST(it_never_grows)
{
  struct stat s;
  rv_drive *d = open_disk(false);
  ck_assert(!rv_drive_write(d, 998, "xyz", 3));
  ck_assert(!rv_drive_write(d, UINT64_MAX - 1, "xyz", 3));
  ck_assert_uint_eq(disk_byte(998), pattern(998));
  ck_assert_int_eq(stat(disk_path, &s), 0);
  ck_assert_int_eq(s.st_size, 1000);
  rv_drive_close(d);
}
END_TEST

START_TEST(readonly_is_kept)
{
  rv_drive *d = open_disk(true);
  ck_assert(rv_drive_readonly(d));
  ck_assert(!rv_drive_write(d, 0, "x", 1));
  ck_assert(rv_drive_flush(d));
  ck_assert_uint_eq(disk_byte(0), pattern(0));
  rv_drive_close(d);
}
END_TEST

START_TEST(one_writer_at_a_time)
{
  rv_drive *d = open_disk(false);
  ck_assert(!rv_drive_open(disk_path, false, error, sizeof error));
  ck_assert_ptr_nonnull(strstr(error, "in use"));
  ck_assert(!rv_drive_open(disk_path, true, error, sizeof error));
  rv_drive_close(d);
  rv_drive *a = open_disk(true), *b = open_disk(true);
  rv_drive_close(a);
  rv_drive_close(b);
}
END_TEST

START_TEST(what_is_no_file_is_refused_with_a_way_out)
{
  static const char *const paths[] = { "/nonexistent/disk", "/tmp", "/dev/null" };
  for (unsigned i = 0; i < 3; i++) {
    ck_assert(!rv_drive_open(paths[i], true, error, sizeof error));
    ck_assert_msg(strchr(error, '\n'), "%s", error);
  }
  rv_drive_close(NULL);
}
END_TEST

START_TEST(a_file_that_was_cut_reads_as_zeroes)
{
  uint8_t buf[4] = { 1, 1, 1, 1 };
  rv_drive *d = open_disk(true);
  ck_assert_int_eq(truncate(disk_path, 10), 0);
  ck_assert(rv_drive_read(d, 600, buf, sizeof buf));
  ck_assert_uint_eq(buf[0], 0);
  rv_drive_close(d);
}
END_TEST

/* What is written is read again, in blocks and across their borders, and the file stays as it is.
 */
START_TEST(an_overlay_leaves_the_file_alone)
{
  enum { SIZE = 2 * RV_DRIVE_BLOCK + 1000 };
  static uint8_t buf[SIZE + 24], want[SIZE + 24];
  ck_assert_int_eq(truncate(disk_path, SIZE), 0);
  rv_drive *other = open_disk(true);
  rv_drive *d = rv_drive_open(disk_path, RV_DRIVE_OVERLAY, error, sizeof error);
  ck_assert_msg(d, "%s", error);
  ck_assert(!rv_drive_readonly(d));
  ck_assert_uint_eq(rv_drive_blocks(d), 3);
  ck_assert_uint_eq(rv_drive_blocks(other), 0);
  ck_assert(rv_drive_read(d, 0, want, SIZE + 24)); /* to the end of the sector */
  ck_assert_uint_eq(want[600], pattern(600));
  for (uint64_t at = 10; at + 5000 < SIZE; at += 33000) {
    memset(want + at, (int)at | 1, 5000);
    ck_assert(rv_drive_write(d, at, want + at, 5000));
  }
  ck_assert(rv_drive_read(d, 0, buf, SIZE + 24));
  ck_assert_mem_eq(buf, want, SIZE + 24);
  ck_assert(!rv_drive_write(d, SIZE - 1, "xy", 2));
  ck_assert(rv_drive_write(d, SIZE - 1, "x", 1));
  ck_assert(rv_drive_read(d, SIZE - 1, buf, 2));
  ck_assert(buf[0] == 'x' && buf[1] == 0);
  ck_assert(rv_drive_flush(d));
  ck_assert_ptr_null(rv_drive_own_block(d, 3));
  ck_assert_uint_eq(disk_byte(10), pattern(10));
  rv_drive_close(d);
  rv_drive_close(other);
}
END_TEST

/* Holes and zeroes are alike; every other byte and its place count. */
START_TEST(a_checksum_of_what_is_there)
{
  enum { SIZE = 3 * RV_DRIVE_BLOCK + 700 };
  static uint8_t zeroes[SIZE];
  uint64_t holes, dense, one, moved, again;
  ck_assert(!rv_drive_sum("/nonexistent/disk", &holes));
  ck_assert_int_eq(truncate(disk_path, 0), 0);
  ck_assert_int_eq(truncate(disk_path, SIZE), 0);
  ck_assert(rv_drive_sum(disk_path, &holes));
  rv_drive *d = open_disk(false);
  ck_assert(rv_drive_write(d, 0, zeroes, SIZE));
  ck_assert(rv_drive_sum(disk_path, &dense));
  ck_assert_uint_eq(dense, holes);
  for (uint64_t at = 0; at<SIZE; at += at> SIZE - 1000 ? 1 : 4097) {
    ck_assert(rv_drive_write(d, at, "a", 1) && rv_drive_sum(disk_path, &one));
    ck_assert(rv_drive_write(d, at, "\0", 1) && rv_drive_write(d, (at + 4096) % SIZE, "a", 1));
    ck_assert(rv_drive_sum(disk_path, &moved) && rv_drive_write(d, (at + 4096) % SIZE, "\0", 1));
    ck_assert(one != dense && moved != dense && one != moved);
  }
  ck_assert(rv_drive_sum(disk_path, &again) && again == dense);
  rv_drive_close(d);
  ck_assert_int_eq(truncate(disk_path, SIZE - 1), 0);
  ck_assert(rv_drive_sum(disk_path, &one) && one != dense);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, reads_what_the_file_holds);
  tcase_add_test(tc, the_last_sector_is_filled_with_zeroes);
  tcase_add_test(tc, a_write_is_in_the_file_at_once);
  tcase_add_test(tc, it_never_grows);
  tcase_add_test(tc, readonly_is_kept);
  tcase_add_test(tc, one_writer_at_a_time);
  tcase_add_test(tc, what_is_no_file_is_refused_with_a_way_out);
  tcase_add_test(tc, a_file_that_was_cut_reads_as_zeroes);
  tcase_add_test(tc, an_overlay_leaves_the_file_alone);
  tcase_add_test(tc, a_checksum_of_what_is_there);
}
UNIT_MAIN("drive", add_tests)
