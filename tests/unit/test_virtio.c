/* test_virtio.c - status, features and split virtqueues, and what hostile drivers do to them.
 * [VIRTIO 1.2, 2.1, 2.2, 2.7]
 */
#include "virtio_fixture.h"

static rv_virtio *v;

static void setup(void)
{
  mock_init(&board);
  make_disk(SECTORS * SECTOR);
  v = bare_blk(false);
}

static void teardown(void)
{
  v->free(v);
  unlink(disk_path);
}

START_TEST(a_chain_is_served_and_used)
{
  drive_up(v);
  request(IN, 3, SECTOR);
  rv_virtio_notify(v, 0);
  ck_assert_uint_eq(board.ram[STATUS], 0);
  ck_assert_uint_eq(board.ram[DATA + 5], pattern(3 * SECTOR + 5));
  ck_assert_uint_eq(get16(USED + 2), 1);
  ck_assert_uint_eq(used_len(0), SECTOR + 1);
  ck_assert(irq_level);
  ck_assert_uint_eq(v->isr, VIRTIO_ISR_QUEUE);
  rv_virtio_ack(v, VIRTIO_ISR_QUEUE);
  ck_assert(!irq_level);
}
END_TEST

START_TEST(the_ring_wraps_at_its_size_and_the_index_at_65536)
{
  drive_up(v);
  rv_virtio_queue(v, 0)->seen = 0xfffd;
  put16(AVAIL + 2, 0xfffd);
  for (unsigned i = 0; i < 10; i++) {
    request(IN, i, SECTOR);
    rv_virtio_notify(v, 0);
    ck_assert_uint_eq(get16(USED + 2), (uint16_t)(0xfffd + i + 1));
    ck_assert_uint_eq(board.ram[DATA], pattern(i * SECTOR));
  }
  ck_assert(!(v->status & VIRTIO_NEEDS_RESET));
}
END_TEST

START_TEST(no_interrupt_when_the_driver_asks_for_none)
{
  drive_up(v);
  put16(AVAIL, 1);
  request(IN, 0, SECTOR);
  rv_virtio_notify(v, 0);
  ck_assert_uint_eq(get16(USED + 2), 1);
  ck_assert(!irq_level);
}
END_TEST

START_TEST(nothing_is_consumed_before_driver_ok)
{
  drive_up(v);
  v->status &= ~VIRTIO_DRIVER_OK;
  request(IN, 0, SECTOR);
  rv_virtio_notify(v, 0);
  ck_assert_uint_eq(get16(USED + 2), 0);
  rv_virtio_set_status(v, v->status | VIRTIO_DRIVER_OK);
  ck_assert_uint_eq(get16(USED + 2), 1);
}
END_TEST

START_TEST(features_ok_only_for_what_was_offered)
{
  rv_virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
  rv_virtio_accept(v, 0, 1u << 31);
  rv_virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
  ck_assert(!(v->status & VIRTIO_FEATURES_OK));
  rv_virtio_accept(v, 0, 0);
  rv_virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
  ck_assert(v->status & VIRTIO_FEATURES_OK);
  rv_virtio_accept(v, 0, 1); /* too late */
  ck_assert_uint_eq(v->accepted, 0);
  ck_assert_uint_eq(rv_virtio_offered(v, 1), 1);
  ck_assert_uint_eq(rv_virtio_offered(v, 2), 0);
  rv_virtio_accept(v, 77, 1);
}
END_TEST

START_TEST(queue_sizes_are_powers_of_two_up_to_the_maximum)
{
  rv_virtq *q = rv_virtio_queue(v, 0);
  ck_assert_uint_eq(q->size, RV_VIRTIO_QUEUE_MAX);
  static const uint32_t bad[] = { 0, 3, 255, 512, 0x10000, 0x10008, 0xffffffff };
  for (unsigned i = 0; i < 7; i++) {
    rv_virtq_set_size(q, bad[i]);
    ck_assert_uint_eq(q->size, RV_VIRTIO_QUEUE_MAX);
  }
  rv_virtq_set_size(q, 1);
  ck_assert_uint_eq(q->size, 1);
  ck_assert_ptr_null(rv_virtio_queue(v, 1));
}
END_TEST

START_TEST(reset_forgets_everything)
{
  drive_up(v);
  request(IN, 0, SECTOR);
  rv_virtio_notify(v, 0);
  rv_virtio_set_status(v, 0);
  ck_assert_uint_eq(v->status | v->isr | v->accepted | v->queue[0].ready | v->queue[0].seen, 0);
  ck_assert(!irq_level);
}
END_TEST

/* ---- hostile drivers: each makes one thing wrong with an otherwise good request ---- */

static void good(void) {}
/* Behind the table lies what would be a good descriptor. */
static void good_behind_the_table(void) { set_desc(QSIZE, pa(HEADER), 16, D_NEXT, 1); }
static void head_out_of_range(void)
{
  good_behind_the_table();
  put16(AVAIL + 4, QSIZE);
}
static void head_far_out(void) { put16(AVAIL + 4, 0xffff); }
static void loop_to_itself(void) { set_desc(1, pa(DATA), SECTOR, D_NEXT | D_WRITE, 1); }
static void loop_to_the_head(void) { set_desc(2, pa(STATUS), 1, D_NEXT | D_WRITE, 1); }
static void next_out_of_range(void)
{
  set_desc(QSIZE, pa(DATA), SECTOR, D_NEXT | D_WRITE, 2);
  set_desc(0, pa(HEADER), 16, D_NEXT, QSIZE);
}
static void index_too_far_ahead(void) { put16(AVAIL + 2, QSIZE + 1); }
static void index_runs_backwards(void) { put16(AVAIL + 2, 0xffff); }
static void header_outside_ram(void) { set_desc(0, 0x10000000, 16, D_NEXT, 1); }
static void data_outside_ram(void) { set_desc(1, 0, SECTOR, D_NEXT | D_WRITE, 2); }
static void data_leaves_ram(void) { set_desc(1, pa(MOCK_RAM - 256), SECTOR, D_NEXT | D_WRITE, 2); }
static void address_wraps(void) { set_desc(1, UINT64_MAX - 10, SECTOR, D_NEXT | D_WRITE, 2); }
static void status_outside_ram(void) { set_desc(2, pa(MOCK_RAM), 1, D_WRITE, 0); }
static void empty_buffer(void) { set_desc(1, pa(DATA), 0, D_NEXT | D_WRITE, 2); }
static void indirect_not_offered(void) { set_desc(0, pa(HEADER), 16, D_INDIRECT, 0); }
static void readable_after_writable(void) { set_desc(2, pa(STATUS), 1, 0, 0); }
static void header_too_short(void) { set_desc(0, pa(HEADER), 15, D_NEXT, 1); }
static void nothing_writable(void) { set_desc(0, pa(HEADER), 16, 0, 0); }
static void ring_outside_ram(void) { rv_virtio_queue(v, 0)->avail = 0x1000; }
static void ring_wraps(void) { rv_virtio_queue(v, 0)->avail = UINT64_MAX; }
static void table_outside_ram(void) { rv_virtio_queue(v, 0)->desc = UINT64_MAX - 7; }
static void used_outside_ram(void) { rv_virtio_queue(v, 0)->used = pa(MOCK_RAM); }

static void (*const tampering[])(void) = {
  head_out_of_range,
  head_far_out,
  loop_to_itself,
  loop_to_the_head,
  next_out_of_range,
  index_too_far_ahead,
  index_runs_backwards,
  header_outside_ram,
  data_outside_ram,
  data_leaves_ram,
  address_wraps,
  status_outside_ram,
  empty_buffer,
  indirect_not_offered,
  readable_after_writable,
  header_too_short,
  nothing_writable,
  ring_outside_ram,
  ring_wraps,
  table_outside_ram,
  used_outside_ram,
  good,
};
enum { N_TAMPERING = sizeof tampering / sizeof *tampering };

START_TEST(a_hostile_driver_ends_in_needs_reset)
{
  drive_up(v);
  request(IN, 1, SECTOR);
  tampering[_i]();
  rv_virtio_notify(v, 0);
  const bool bad = tampering[_i] != good;
  ck_assert_msg(!!(v->status & VIRTIO_NEEDS_RESET) == bad, "case %d", _i);
  if (!bad)
    return;
  ck_assert_uint_eq(v->isr, VIRTIO_ISR_CONFIG); /* [2.1.2] */
  const uint16_t used = get16(USED + 2);
  rv_virtio_set_status(v, VIRTIO_DRIVER_OK); /* does not take it away ... */
  rv_virtio_notify(v, 0);
  ck_assert(v->status & VIRTIO_NEEDS_RESET);
  ck_assert_uint_eq(get16(USED + 2), used);
  rv_virtio_set_status(v, 0); /* ... a reset does */
  memset(board.ram, 0, sizeof board.ram);
  drive_up(v);
  request(IN, 1, SECTOR);
  rv_virtio_notify(v, 0);
  ck_assert_uint_eq(get16(USED + 2), 1);
}
END_TEST

/* Its own used index moves the available index on: the device must not follow for ever. */
START_TEST(a_used_ring_over_the_available_ring_ends)
{
  drive_up(v);
  rv_virtio_queue(v, 0)->used = pa(AVAIL);
  request(IN, 1, SECTOR);
  for (unsigned i = 0; i < 20; i++)
    rv_virtio_notify(v, 0);
}
END_TEST

START_TEST(data_over_the_rings_only_hurts_the_driver)
{
  drive_up(v);
  request(IN, 0, 4 * SECTOR);
  set_desc(1, pa(0), 4 * SECTOR, D_NEXT | D_WRITE, 2);
  for (unsigned i = 0; i < 20; i++)
    rv_virtio_notify(v, 0);
}
END_TEST

START_TEST(queues_that_do_not_exist_are_not_notified)
{
  drive_up(v);
  rv_virtio_notify(v, 1);
  rv_virtio_notify(v, 0xffffffff);
  ck_assert(!(v->status & VIRTIO_NEEDS_RESET));
}
END_TEST

/* Random rings in random memory: nothing may happen outside of mock RAM (sanitizers). */
START_TEST(noise_is_survived)
{
  uint64_t state = 0x1234567 + (uint64_t)_i;
  drive_up(v);
  for (unsigned round = 0; round < 300; round++) {
    for (unsigned i = 0; i < 0x500; i++) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      board.ram[i] = (uint8_t)(state >> 56);
    }
    for (unsigned i = 0; i < QSIZE && round % 2; i++) { /* half of them plausible */
      set_desc(i, pa(state >> (20 + i) & 0x7fff), (uint32_t)(state >> (30 + i) & 0x7ff) + 1,
               state >> i & 3, state >> (i + 8) & 7);
      put16(AVAIL + 4 + 2 * i, state >> (i + 3) & 7);
    }
    put16(AVAIL + 2, v->queue[0].seen + 1);
    rv_virtio_notify(v, 0);
    if (v->status & VIRTIO_NEEDS_RESET) {
      rv_virtio_set_status(v, 0);
      drive_up(v);
    }
  }
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, a_chain_is_served_and_used);
  tcase_add_test(tc, the_ring_wraps_at_its_size_and_the_index_at_65536);
  tcase_add_test(tc, no_interrupt_when_the_driver_asks_for_none);
  tcase_add_test(tc, nothing_is_consumed_before_driver_ok);
  tcase_add_test(tc, features_ok_only_for_what_was_offered);
  tcase_add_test(tc, queue_sizes_are_powers_of_two_up_to_the_maximum);
  tcase_add_test(tc, reset_forgets_everything);
  tcase_add_loop_test(tc, a_hostile_driver_ends_in_needs_reset, 0, N_TAMPERING);
  tcase_add_test(tc, a_used_ring_over_the_available_ring_ends);
  tcase_add_test(tc, data_over_the_rings_only_hurts_the_driver);
  tcase_add_test(tc, queues_that_do_not_exist_are_not_notified);
  tcase_add_loop_test(tc, noise_is_survived, 0, 4);
}
UNIT_MAIN("virtio", add_tests)
