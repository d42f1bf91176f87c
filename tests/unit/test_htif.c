/* test_htif.c - tohost and fromhost: exit, console and write [riscv-isa-sim, fesvr]. */
#include "mock_board.h"
#include "dev/htif.h"

#define TOHOST (MOCK_RAM_BASE + 0x100)
#define FROMHOST (MOCK_RAM_BASE + 0x140)
#define BLOCK (MOCK_RAM_BASE + 0x200)
#define TEXT (MOCK_RAM_BASE + 0x300)

static mock_board board;
static rv_htif htif;

static void setup(void)
{
  mock_init(&board);
  htif = (rv_htif){ .tohost = TOHOST, .fromhost = FROMHOST };
}

static void poke(uint64_t pa, uint64_t value, unsigned size)
{
  ck_assert(mock_memory(&board, pa, &value, size, true));
}

static uint64_t peek(uint64_t pa)
{
  uint64_t value;
  ck_assert(mock_memory(&board, pa, &value, 8, false));
  return value;
}

/* A store by the guest: memory first, then the hook. */
static bool store(uint64_t pa, uint64_t value, unsigned size)
{
  poke(pa, value, size);
  return rv_htif_store(&htif, &board.ops, pa, size);
}

static void prepare_syscall(uint64_t number, uint64_t fd, uint64_t buf, uint64_t len)
{
  poke(BLOCK, number, 8);
  poke(BLOCK + 8, fd, 8);
  poke(BLOCK + 16, buf, 8);
  poke(BLOCK + 24, len, 8);
}

START_TEST(odd_word_exits_with_its_code)
{
  ck_assert(store(TOHOST, 1, 8));
  ck_assert_uint_eq(board.power_calls, 1);
  ck_assert_int_eq(board.code, 0);
  ck_assert(store(TOHOST, 5 << 1 | 1, 8));
  ck_assert_int_eq(board.code, 5);
  ck_assert(!board.reset);
  ck_assert_uint_eq(peek(TOHOST), 0);
}
END_TEST

START_TEST(two_halves_act_at_the_upper_one)
{
  ck_assert(!store(TOHOST, 7, 4));
  ck_assert_uint_eq(board.power_calls, 0);
  ck_assert(store(TOHOST + 4, 0, 4));
  ck_assert_int_eq(board.code, 3);
}
END_TEST

START_TEST(repeated_low_half_of_an_exit_acts)
{
  ck_assert(!store(TOHOST, 7, 4));
  ck_assert(store(TOHOST, 7, 4));
  ck_assert_int_eq(board.code, 3);
}
END_TEST

START_TEST(clearing_the_low_half_first_is_no_command)
{
  ck_assert(!store(TOHOST, 0, 4));
  ck_assert(!store(TOHOST, 'a', 4));
  ck_assert(store(TOHOST + 4, 0x01010000, 4));
  ck_assert_str_eq(board.out, "a");
  ck_assert_uint_eq(board.power_calls, 0);
}
END_TEST

START_TEST(other_addresses_are_not_ours)
{
  ck_assert(!store(TOHOST - 8, 1, 8));
  ck_assert(!store(TOHOST + 8, 1, 8));
  htif.tohost = 0;
  ck_assert(!store(TOHOST, 1, 8));
  ck_assert_uint_eq(board.power_calls, 0);
}
END_TEST

START_TEST(putchar_writes_one_byte)
{
  store(TOHOST, 0x0101000000000000 | 'A', 8);
  ck_assert_str_eq(board.out, "A");
  ck_assert_uint_eq(peek(TOHOST), 0);
  ck_assert_uint_eq(peek(FROMHOST), 0);
}
END_TEST

START_TEST(getchar_answers_in_fromhost)
{
  board.in = "q";
  store(TOHOST, 0x0100000000000000, 8);
  ck_assert_uint_eq(peek(FROMHOST), 0x0100000000000100 | 'q');
}
END_TEST

START_TEST(getchar_waits_for_input)
{
  store(TOHOST, 0x0100000000000000, 8);
  rv_htif_poll(&htif, &board.ops);
  ck_assert_uint_eq(peek(FROMHOST), 0);
  ck_assert_uint_eq(peek(TOHOST), 0);
  board.in = "xy";
  rv_htif_poll(&htif, &board.ops);
  rv_htif_poll(&htif, &board.ops);
  ck_assert_uint_eq(peek(FROMHOST), 0x0100000000000100 | 'x');
  ck_assert_str_eq(board.in, "y");
}
END_TEST

START_TEST(write_reaches_the_console)
{
  memcpy(board.ram + 0x300, "hello, world", 12);
  prepare_syscall(64, 1, TEXT, 12);
  store(TOHOST, BLOCK, 8);
  ck_assert_str_eq(board.out, "hello, world");
  ck_assert_uint_eq(peek(BLOCK), 12);
  ck_assert_uint_eq(peek(FROMHOST), 1);
  ck_assert_uint_eq(peek(TOHOST), 0);
}
END_TEST

START_TEST(write_longer_than_a_chunk)
{
  memset(board.ram + 0x300, 'x', 300);
  prepare_syscall(64, 2, TEXT, 300);
  store(TOHOST, BLOCK, 8);
  ck_assert_uint_eq(board.n_out, 300);
  ck_assert_uint_eq(peek(BLOCK), 300);
}
END_TEST

START_TEST(refused_system_calls_say_so)
{
  prepare_syscall(63, 0, TEXT, 1);
  store(TOHOST, BLOCK, 8);
  ck_assert_int_eq((int64_t)peek(BLOCK), -38);
  prepare_syscall(64, 3, TEXT, 1);
  store(TOHOST, BLOCK, 8);
  ck_assert_int_eq((int64_t)peek(BLOCK), -9);
  prepare_syscall(64, 1, 0x1000, UINT64_MAX);
  store(TOHOST, BLOCK, 8);
  ck_assert_int_eq((int64_t)peek(BLOCK), -14);
  prepare_syscall(64, 1, MOCK_RAM_BASE + MOCK_RAM - 0x100, UINT64_MAX);
  store(TOHOST, BLOCK, 8);
  ck_assert_uint_eq(peek(BLOCK), 0x100); /* short at the end of RAM */
  ck_assert_uint_eq(peek(FROMHOST), 1);
}
END_TEST

START_TEST(hostile_words_are_ignored)
{
  store(TOHOST, 0x1000, 8);             /* block outside RAM */
  store(TOHOST, 0xff00000000000001, 8); /* no such device */
  store(TOHOST, 0x01ff000000000000, 8); /* no such command */
  store(TOHOST, 0x0001000000000001, 8); /* device 0, command 1 */
  ck_assert_uint_eq(board.n_out, 0);
  ck_assert_uint_eq(board.power_calls, 0);
  ck_assert_uint_eq(peek(TOHOST), 0);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, NULL);
  tcase_add_test(tc, odd_word_exits_with_its_code);
  tcase_add_test(tc, two_halves_act_at_the_upper_one);
  tcase_add_test(tc, repeated_low_half_of_an_exit_acts);
  tcase_add_test(tc, clearing_the_low_half_first_is_no_command);
  tcase_add_test(tc, other_addresses_are_not_ours);
  tcase_add_test(tc, putchar_writes_one_byte);
  tcase_add_test(tc, getchar_answers_in_fromhost);
  tcase_add_test(tc, getchar_waits_for_input);
  tcase_add_test(tc, write_reaches_the_console);
  tcase_add_test(tc, write_longer_than_a_chunk);
  tcase_add_test(tc, refused_system_calls_say_so);
  tcase_add_test(tc, hostile_words_are_ignored);
}
UNIT_MAIN("htif", add_tests)
