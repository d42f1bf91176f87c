/* test_plic.c - priorities, gateways, claim and completion of the PLIC [PLIC 1.0.0]. */
#include "mock_board.h"
#include "cpu/hart.h"

enum { PENDING = 0x1000, ENABLE = 0x2000, THRESHOLD = 0x200000, CLAIM = 0x200004 };
enum { M0 = 0, S0 = 1, M1 = 2, S1 = 3 }; /* contexts */

static mock_board board;
static rv_dev *plic;

static void setup(void)
{
  mock_init(&board);
  plic = rv_plic_new(&board.ops);
}

static void teardown(void) { plic->free(plic); }

static void set_priority(unsigned id, unsigned priority) { mock_write(plic, 4 * id, 4, priority); }
static uint32_t claim(unsigned ctx) { return mock_read(plic, CLAIM + 0x1000 * ctx, 4); }
static void complete(unsigned ctx, uint32_t id) { mock_write(plic, CLAIM + 0x1000 * ctx, 4, id); }
static bool is_pending(unsigned id)
{
  return mock_read(plic, PENDING + id / 32 * 4, 4) >> (id % 32) & 1;
}

static void enable(unsigned ctx, unsigned id, bool on)
{
  uint64_t at = ENABLE + 0x80 * ctx + id / 32 * 4;
  uint32_t bit = 1u << (id % 32), word = mock_read(plic, at, 4);
  mock_write(plic, at, 4, on ? word | bit : word & ~bit);
}

/* Source id at priority 1, enabled for a context. */
static void prepare(unsigned ctx, unsigned id)
{
  set_priority(id, 1);
  enable(ctx, id, true);
}

START_TEST(three_priority_bits_stick)
{
  set_priority(1, 0xffffffff);
  set_priority(95, 0xc);
  ck_assert_uint_eq(mock_read(plic, 4, 4), 7);
  ck_assert_uint_eq(mock_read(plic, 4 * 95, 4), 4);
}
END_TEST

START_TEST(source_0_and_96_do_not_exist)
{
  set_priority(0, 7);
  set_priority(96, 7);
  mock_write(plic, ENABLE, 4, 0xffffffff);
  mock_write(plic, ENABLE + 12, 4, 0xffffffff);
  ck_assert_uint_eq(mock_read(plic, 0, 4), 0);
  ck_assert_uint_eq(mock_read(plic, 4 * 96, 4), 0);
  ck_assert_uint_eq(mock_read(plic, ENABLE, 4), 0xfffffffe);
  ck_assert_uint_eq(mock_read(plic, ENABLE + 12, 4), 0);
  rv_plic_set(plic, 0, true);
  rv_plic_set(plic, 96, true);
  rv_plic_set(plic, 0xffffffff, true);
  ck_assert_uint_eq(board.ip[0] | board.ip[1], 0);
}
END_TEST

START_TEST(contexts_drive_MEIP_and_SEIP_of_their_hart)
{
  prepare(M0, 10);
  prepare(S1, 11);
  rv_plic_set(plic, 10, true);
  ck_assert_uint_eq(board.ip[0], IP(MEI));
  ck_assert_uint_eq(board.ip[1], 0);
  rv_plic_set(plic, 11, true);
  ck_assert_uint_eq(board.ip[1], IP(SEI));
}
END_TEST

START_TEST(threshold_masks_notification_but_not_claim)
{
  prepare(S0, 10);
  mock_write(plic, THRESHOLD + 0x1000, 4, 1);
  rv_plic_set(plic, 10, true);
  ck_assert_uint_eq(board.ip[0], 0);          /* strictly above */
  mock_write(plic, THRESHOLD + 0x1000, 4, 8); /* bit 3 does not stick */
  ck_assert_uint_eq(mock_read(plic, THRESHOLD + 0x1000, 4), 0);
  ck_assert_uint_eq(board.ip[0], IP(SEI));
  mock_write(plic, THRESHOLD + 0x1000, 4, 7);
  ck_assert_uint_eq(claim(S0), 10);
}
END_TEST

START_TEST(priority_0_never_interrupts)
{
  enable(S0, 10, true);
  rv_plic_set(plic, 10, true);
  ck_assert(is_pending(10));
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(claim(S0), 0);
}
END_TEST

START_TEST(highest_priority_then_lowest_id_wins)
{
  prepare(S0, 3);
  prepare(S0, 40);
  prepare(S0, 95);
  set_priority(40, 5);
  set_priority(95, 5);
  rv_plic_set(plic, 3, true);
  rv_plic_set(plic, 95, true);
  rv_plic_set(plic, 40, true);
  ck_assert_uint_eq(claim(S0), 40);
  ck_assert_uint_eq(claim(S0), 95);
  ck_assert_uint_eq(claim(S0), 3);
  ck_assert_uint_eq(claim(S0), 0);
}
END_TEST

START_TEST(claim_clears_pending_and_lowers_the_line)
{
  prepare(M0, 10);
  prepare(M1, 10);
  rv_plic_set(plic, 10, true);
  ck_assert(is_pending(10));
  ck_assert_uint_eq(claim(M1), 10);
  ck_assert(!is_pending(10));
  ck_assert_uint_eq(board.ip[0] | board.ip[1], 0); /* for every context */
  ck_assert_uint_eq(claim(M0), 0);
}
END_TEST

START_TEST(high_level_is_pending_again_after_completion)
{
  prepare(S0, 10);
  rv_plic_set(plic, 10, true);
  claim(S0);
  rv_plic_set(plic, 10, false);
  rv_plic_set(plic, 10, true); /* the gateway waits for the completion */
  ck_assert(!is_pending(10));
  complete(S0, 10);
  ck_assert(is_pending(10));
  ck_assert_uint_eq(board.ip[0], IP(SEI));
  claim(S0);
  rv_plic_set(plic, 10, false);
  complete(S0, 10);
  ck_assert(!is_pending(10));
}
END_TEST

START_TEST(falling_level_does_not_retract_the_request)
{
  prepare(S0, 10);
  rv_plic_set(plic, 10, true);
  rv_plic_set(plic, 10, false);
  ck_assert_uint_eq(claim(S0), 10);
}
END_TEST

START_TEST(completion_of_a_disabled_source_is_ignored)
{
  prepare(S0, 10);
  rv_plic_set(plic, 10, true);
  claim(S0);
  enable(S0, 10, false);
  complete(S0, 10);
  complete(M1, 10);
  enable(S0, 10, true);
  ck_assert(!is_pending(10));
  complete(S0, 10);
  ck_assert(is_pending(10));
}
END_TEST

START_TEST(hostile_completions_are_ignored)
{
  prepare(S0, 10);
  complete(S0, 0);
  complete(S0, 96);
  complete(S0, 0xffffffff);
  rv_plic_set(plic, 10, true);
  complete(S0, 10); /* never claimed: the request stays, once */
  ck_assert_uint_eq(claim(S0), 10);
  ck_assert_uint_eq(claim(S0), 0);
}
END_TEST

START_TEST(pending_bits_are_read_only)
{
  prepare(S0, 1);
  mock_write(plic, PENDING, 4, 2);
  ck_assert_uint_eq(mock_read(plic, PENDING, 4), 0);
}
END_TEST

START_TEST(reset_lowers_lines_and_forgets)
{
  prepare(S0, 10);
  rv_plic_set(plic, 10, true);
  plic->reset(plic);
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(mock_read(plic, 40, 4), 0);
  ck_assert(!is_pending(10));
  rv_plic_set(plic, 10, true);
  ck_assert(is_pending(10));
}
END_TEST

START_TEST(only_aligned_32_bit_accesses)
{
  mock_refused(plic, 4, 1);
  mock_refused(plic, 4, 2);
  mock_refused(plic, 8, 8);
  mock_refused(plic, 6, 4);
  ck_assert_uint_eq(mock_read(plic, CLAIM + 0x1000 * 2 * MOCK_HARTS, 4), 0);
  ck_assert_uint_eq(mock_read(plic, ENABLE + 0x80 * 2 * MOCK_HARTS, 4), 0);
  mock_storm(plic, 4);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, three_priority_bits_stick);
  tcase_add_test(tc, source_0_and_96_do_not_exist);
  tcase_add_test(tc, contexts_drive_MEIP_and_SEIP_of_their_hart);
  tcase_add_test(tc, threshold_masks_notification_but_not_claim);
  tcase_add_test(tc, priority_0_never_interrupts);
  tcase_add_test(tc, highest_priority_then_lowest_id_wins);
  tcase_add_test(tc, claim_clears_pending_and_lowers_the_line);
  tcase_add_test(tc, high_level_is_pending_again_after_completion);
  tcase_add_test(tc, falling_level_does_not_retract_the_request);
  tcase_add_test(tc, completion_of_a_disabled_source_is_ignored);
  tcase_add_test(tc, hostile_completions_are_ignored);
  tcase_add_test(tc, pending_bits_are_read_only);
  tcase_add_test(tc, reset_lowers_lines_and_forgets);
  tcase_add_test(tc, only_aligned_32_bit_accesses);
}
UNIT_MAIN("plic", add_tests)
