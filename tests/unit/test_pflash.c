/* test_pflash.c - the CFI flash: identification, programming, erasing, write-back. [JESD68.01] */
#include "dev/pflash.h"
#include "virtio_fixture.h"

enum { BLOCK = 256 << 10, PROGRAM_ERROR = 0x100010 };

static rv_dev *dev;
static rv_pflash_memory memory;
static bool array;
static uint64_t changed_at, changed_n;

static void set_array(void *ctx, uint64_t base, bool on)
{
  ck_assert_uint_eq(base, dev->base);
  ck_assert(on != array);
  array = on;
}

static void changed(void *ctx, uint64_t at, uint64_t n)
{
  changed_at = at;
  changed_n = n;
}

static void start(unsigned unit, rv_drive *drive)
{
  memory.bytes = calloc(1, RV_PFLASH_SIZE);
  memory.set_array = set_array;
  memory.changed = changed;
  array = true;
  dev = rv_pflash_new(&board.ops, unit, &memory, drive);
  ck_assert_ptr_nonnull(dev);
}

static void finish(void)
{
  dev->free(dev);
  free(memory.bytes);
}

static void setup(void)
{
  mock_init(&board);
  start(1, NULL);
}

static uint32_t in(uint64_t at) { return (uint32_t)mock_read(dev, at, 4); }
static void out(uint64_t at, uint32_t value) { mock_write(dev, at, 4, value); }
static void command(uint32_t c) { out(0, c * 0x10001); }

static uint32_t word(uint64_t at)
{
  uint32_t value;
  memcpy(&value, memory.bytes + at, 4);
  return value;
}

START_TEST(array_mode_reads_memory)
{
  ck_assert_uint_eq(dev->base, 0x22000000);
  memory.bytes[0x1234] = 0x5a;
  ck_assert_uint_eq(mock_read(dev, 0x1234, 1), 0x5a);
  command(0xff);
  ck_assert(array);
}
END_TEST

START_TEST(both_chips_answer_the_query)
{
  out(0x55 * 4, 0x00980098);
  ck_assert(!array);
  ck_assert_uint_eq(in(0x10 * 4), 'Q' * 0x10001);
  ck_assert_uint_eq(in(0x11 * 4), 'R' * 0x10001);
  ck_assert_uint_eq(in(0x12 * 4), 'Y' * 0x10001);
  ck_assert_uint_eq(in(0x13 * 4), 0x10001);
  ck_assert_uint_eq(in(0x15 * 4), 0x310031);
  ck_assert_uint_eq(in(0x27 * 4), 24 * 0x10001); /* 16 MiB each */
  ck_assert_uint_eq(in(0x2a * 4), 11 * 0x10001);
  ck_assert_uint_eq(in(0x2c * 4), 0x10001);
  ck_assert_uint_eq(in(0x2d * 4), 127 * 0x10001);
  ck_assert_uint_eq(in(0x30 * 4), 0x20002); /* 0x200 * 256: 128 KiB each */
  ck_assert_uint_eq(in(0x31 * 4), 'P' * 0x10001);
  ck_assert_uint_eq(in(0), 0);
  ck_assert_uint_eq(mock_read(dev, 0x40, 8), 'Q' * 0x10001 | (uint64_t)('R' * 0x10001) << 32);
  ck_assert_uint_eq(mock_read(dev, 0x40, 1), 'Q');
  command(0xf0);
  ck_assert(array);
}
END_TEST

START_TEST(identification)
{
  command(0x90);
  ck_assert_uint_eq(in(0), 0x890089);
  ck_assert_uint_eq(in(4), 0x180018);
  ck_assert_uint_eq(in(8), 0);
}
END_TEST

START_TEST(program_stores_as_qemu_does_and_erase_sets_bits)
{
  command(0x20);
  ck_assert_uint_eq(word(BLOCK), 0); /* not before it is confirmed */
  out(BLOCK + 0x100, 0xd000d0);
  ck_assert_uint_eq(in(0), 0x800080);
  ck_assert_uint_eq(word(BLOCK), 0xffffffff);
  ck_assert_uint_eq(word(2 * BLOCK - 4), 0xffffffff);
  ck_assert_uint_eq(word(2 * BLOCK), 0);
  ck_assert_uint_eq(word(BLOCK - 4), 0);
  command(0x40);
  out(BLOCK + 8, 0x12345678);
  ck_assert_uint_eq(in(BLOCK + 8), 0x800080); /* the status, not the array */
  ck_assert_uint_eq(changed_at, dev->base + BLOCK + 8);
  ck_assert_uint_eq(changed_n, 4);
  command(0x10);
  out(BLOCK + 8, 0xffff0000);
  command(0xff);
  ck_assert_uint_eq(in(BLOCK + 8), 0xffff0000);
}
END_TEST

START_TEST(programming_a_buffer)
{
  command(0x20);
  out(0, 0xd000d0);
  command(0xe8);
  ck_assert_uint_eq(in(0) & 0x800080, 0x800080);
  out(0, 2 * 0x10001); /* three words */
  for (unsigned i = 0; i < 3; i++)
    out(0x10 + 4 * i, 0xa0 + i);
  ck_assert_uint_eq(word(0x10), 0xffffffff); /* not before it is confirmed */
  out(0, 0xd000d0);
  ck_assert_uint_eq(word(0x10), 0xa0);
  ck_assert_uint_eq(word(0x18), 0xa2);
  ck_assert_uint_eq(word(0x1c), 0xffffffff);
  ck_assert_uint_eq(in(0), 0x800080);
}
END_TEST

START_TEST(a_lock_does_nothing)
{
  command(0x60);
  command(0xd0);
  ck_assert_uint_eq(in(0), 0x800080);
  command(0x60);
  command(0x01);
  command(0x50);
  ck_assert(array);
}
END_TEST

static void make_flash_file(void)
{
  make_disk(16);
  ck_assert_int_eq(truncate(disk_path, RV_PFLASH_SIZE), 0);
}

START_TEST(what_is_programmed_is_in_the_file)
{
  finish();
  make_flash_file();
  start(0, open_disk(false));
  ck_assert_uint_eq(dev->base, 0x20000000);
  ck_assert_uint_eq(memory.bytes[5], pattern(5));
  command(0x20);
  out(0, 0xd000d0);
  command(0x40);
  out(4, 0xaabbccdd);
  ck_assert_uint_eq(disk_byte(4), 0xdd);
  ck_assert_uint_eq(disk_byte(BLOCK - 1), 0xff);
  ck_assert_uint_eq(disk_byte(BLOCK), 0);
  unlink(disk_path);
}
END_TEST

START_TEST(a_readonly_flash_reports_errors)
{
  finish();
  make_flash_file();
  start(0, open_disk(true));
  command(0x40);
  out(4, 0);
  ck_assert_uint_eq(in(0), 0x900090);
  command(0x50);
  command(0x20);
  out(0, 0xd000d0);
  ck_assert_uint_eq(in(0), 0xa000a0);
  command(0xe8);
  out(0, 0);
  out(0, 0);
  out(0, 0xd000d0);
  ck_assert_uint_eq(in(0), 0xb000b0);
  ck_assert_uint_eq(memory.bytes[4], pattern(4));
  unlink(disk_path);
}
END_TEST

START_TEST(reset_returns_to_the_array)
{
  memory.bytes[0] = 9;
  command(0x70);
  ck_assert_uint_eq(in(0), 0x800080);
  dev->reset(dev);
  ck_assert(array);
  ck_assert_uint_eq(in(0), 9);
}
END_TEST

/* ---- hostile guests ---- */

START_TEST(erase_that_is_not_confirmed)
{
  memory.bytes[0] = 9;
  command(0x20);
  command(0x20);
  ck_assert(array);
  ck_assert_uint_eq(memory.bytes[0], 9);
}
END_TEST

START_TEST(a_buffer_that_leaves_its_block)
{
  memset(memory.bytes, 0xff, 3 * 4096);
  command(0xe8);
  out(0, 2);
  out(4096, 1);
  out(4092, 2); /* the block before */
  out(8192, 3); /* the block behind */
  out(0, 0xd0);
  ck_assert_uint_eq(in(0) & PROGRAM_ERROR, PROGRAM_ERROR);
  ck_assert_uint_eq(word(4096), 0xffffffff);
  ck_assert_uint_eq(word(4092), 0xffffffff);
}
END_TEST

START_TEST(a_word_across_the_end_of_the_block)
{
  memset(memory.bytes, 0xff, 2 * 4096);
  command(0xe8);
  out(0, 1);
  out(4092, 0);
  out(4094, 0);
  out(0, 0xd0);
  ck_assert_uint_eq(in(0) & PROGRAM_ERROR, PROGRAM_ERROR);
  ck_assert_uint_eq(word(4092), 0xffffffff);
}
END_TEST

START_TEST(a_count_larger_than_the_buffer)
{
  command(0xe8);
  out(0, 0xffffffff);
  for (unsigned i = 0; i < 0x10000; i++)
    out(4 * (uint64_t)i, i);
  out(0, 0xd0);
  ck_assert_uint_eq(in(0) & PROGRAM_ERROR, PROGRAM_ERROR);
}
END_TEST

START_TEST(a_buffer_at_the_very_end)
{
  memset(memory.bytes + RV_PFLASH_SIZE - 4096, 0xff, 4096);
  command(0xe8);
  out(0, 0);
  mock_write(dev, RV_PFLASH_SIZE - 1, 1, 0x12);
  command(0xd0);
  ck_assert_uint_eq(memory.bytes[RV_PFLASH_SIZE - 1], 0x12);
}
END_TEST

START_TEST(the_last_block_and_byte)
{
  command(0x20);
  mock_write(dev, RV_PFLASH_SIZE - 1, 1, 0xd0);
  command(0x40);
  mock_write(dev, RV_PFLASH_SIZE - 1, 1, 0x7f);
  command(0xff);
  ck_assert_uint_eq(mock_read(dev, RV_PFLASH_SIZE - 8, 8), 0x7fffffffffffffff);
}
END_TEST

/* Every command, followed by every second and third write, at odd places and sizes. */
START_TEST(every_sequence_is_survived)
{
  static const uint8_t second[] = { 0, 1, 0xd0, 0xe8, 0xff, 0x98 };
  static const uint64_t places[] = { 0, 3, 0x1ffff, BLOCK, RV_PFLASH_SIZE - 8 };
  for (unsigned c = 0; c < 256; c++)
    for (unsigned i = 0; i < 6 * 6; i++) {
      mock_write(dev, places[c % 5], 1u << c % 4, c);
      mock_write(dev, places[i % 5], 1u << i % 4, second[i % 6]);
      (void)mock_read(dev, places[i % 5], 8);
      mock_write(dev, places[(c + i) % 5], 8, second[i / 6]);
      (void)mock_read(dev, places[c % 5], 1);
    }
}
END_TEST

START_TEST(reads_everywhere_in_every_mode)
{
  static const uint8_t modes[] = { 0x70, 0x90, 0x98, 0x40, 0xe8, 0x20 };
  for (unsigned i = 0; i < 6; i++) {
    dev->reset(dev);
    command(modes[i]);
    for (uint64_t at = 0; at < RV_PFLASH_SIZE - 8; at += at < 0x400 ? 1 : 99991)
      (void)mock_read(dev, at, 8);
  }
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, finish);
  tcase_add_test(tc, array_mode_reads_memory);
  tcase_add_test(tc, both_chips_answer_the_query);
  tcase_add_test(tc, identification);
  tcase_add_test(tc, program_stores_as_qemu_does_and_erase_sets_bits);
  tcase_add_test(tc, programming_a_buffer);
  tcase_add_test(tc, a_lock_does_nothing);
  tcase_add_test(tc, what_is_programmed_is_in_the_file);
  tcase_add_test(tc, a_readonly_flash_reports_errors);
  tcase_add_test(tc, reset_returns_to_the_array);
  tcase_add_test(tc, erase_that_is_not_confirmed);
  tcase_add_test(tc, a_buffer_that_leaves_its_block);
  tcase_add_test(tc, a_word_across_the_end_of_the_block);
  tcase_add_test(tc, a_count_larger_than_the_buffer);
  tcase_add_test(tc, a_buffer_at_the_very_end);
  tcase_add_test(tc, the_last_block_and_byte);
  tcase_add_test(tc, every_sequence_is_survived);
  tcase_add_test(tc, reads_everywhere_in_every_mode);
}
UNIT_MAIN("pflash", add_tests)
