/* test_rtc.c - the goldfish RTC: latched time, setting it, and the alarm. */
#include "mock_board.h"

enum {
  TIME_LOW = 0,
  TIME_HIGH = 4,
  ALARM_LOW = 8,
  ALARM_HIGH = 12,
  IRQ_ENABLED = 16,
  CLEAR_ALARM = 20,
  ALARM_STATUS = 24,
  CLEAR_INTERRUPT = 28
};

static mock_board board;
static rv_dev *rtc;

static void setup(void)
{
  mock_init(&board);
  board.ns = 0x1122334455667788;
  rtc = rv_rtc_new(&board.ops);
}

static void teardown(void) { rtc->free(rtc); }

static uint32_t in(unsigned reg) { return mock_read(rtc, reg, 4); }
static void out(unsigned reg, uint32_t value) { mock_write(rtc, reg, 4, value); }
static bool irq(void) { return board.wires >> RV_SOURCE_RTC & 1; }

static void set_alarm(uint64_t ns)
{
  out(ALARM_HIGH, ns >> 32);
  out(ALARM_LOW, ns);
}

START_TEST(reading_the_low_half_latches_the_high_one)
{
  ck_assert_uint_eq(in(TIME_LOW), 0x55667788);
  board.ns = 0x9900000000000000;
  ck_assert_uint_eq(in(TIME_HIGH), 0x11223344);
}
END_TEST

START_TEST(time_can_be_set_and_goes_on)
{
  out(TIME_HIGH, 7);
  out(TIME_LOW, 100);
  board.ns += 5;
  ck_assert_uint_eq(in(TIME_LOW), 105);
  ck_assert_uint_eq(in(TIME_HIGH), 7);
  rtc->reset(rtc);
  ck_assert_uint_eq(in(TIME_LOW), 105); /* it has a battery */
}
END_TEST

START_TEST(alarm_goes_off_once)
{
  out(IRQ_ENABLED, 1);
  set_alarm(board.ns + 10);
  ck_assert_uint_eq(in(ALARM_STATUS), 1);
  ck_assert_uint_eq(rv_rtc_next(rtc), board.ns + 10);
  board.ns += 9;
  rtc->poll(rtc);
  ck_assert(!irq());
  board.ns += 1;
  rtc->poll(rtc);
  ck_assert(irq());
  ck_assert_uint_eq(in(ALARM_STATUS), 0);
  ck_assert_uint_eq(rv_rtc_next(rtc), UINT64_MAX);
  out(CLEAR_INTERRUPT, 1);
  ck_assert(!irq());
  rtc->poll(rtc);
  ck_assert(!irq());
}
END_TEST

START_TEST(alarm_follows_the_time_the_guest_has_set)
{
  out(TIME_HIGH, 0);
  out(TIME_LOW, 1000);
  set_alarm(1500);
  ck_assert_uint_eq(rv_rtc_next(rtc), board.ns + 500);
}
END_TEST

START_TEST(alarm_in_the_past_goes_off_at_once)
{
  out(IRQ_ENABLED, 1);
  set_alarm(1);
  ck_assert(irq());
}
END_TEST

START_TEST(disabled_interrupt_waits)
{
  set_alarm(1);
  ck_assert(!irq());
  out(IRQ_ENABLED, 1);
  ck_assert(irq());
  out(IRQ_ENABLED, 0);
  ck_assert(!irq());
}
END_TEST

START_TEST(alarm_can_be_cleared)
{
  out(IRQ_ENABLED, 1);
  set_alarm(board.ns + 10);
  out(CLEAR_ALARM, 1);
  board.ns += 20;
  rtc->poll(rtc);
  ck_assert(!irq());
}
END_TEST

START_TEST(alarm_reads_back)
{
  set_alarm(0x7fffffff00000001);
  ck_assert_uint_eq(in(ALARM_HIGH), 0x7fffffff);
  ck_assert_uint_eq(in(ALARM_LOW), 1);
}
END_TEST

START_TEST(odd_accesses_are_refused)
{
  mock_refused(rtc, 0, 1);
  mock_refused(rtc, 0, 8);
  mock_refused(rtc, 2, 4);
  ck_assert_uint_eq(in(0x20), 0);
  mock_storm(rtc, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, reading_the_low_half_latches_the_high_one);
  tcase_add_test(tc, time_can_be_set_and_goes_on);
  tcase_add_test(tc, alarm_goes_off_once);
  tcase_add_test(tc, alarm_follows_the_time_the_guest_has_set);
  tcase_add_test(tc, alarm_in_the_past_goes_off_at_once);
  tcase_add_test(tc, disabled_interrupt_waits);
  tcase_add_test(tc, alarm_can_be_cleared);
  tcase_add_test(tc, alarm_reads_back);
  tcase_add_test(tc, odd_accesses_are_refused);
}
UNIT_MAIN("rtc", add_tests)
