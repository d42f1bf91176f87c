/* test_virtio_rng.c - the bytes of the virtio entropy device. [VIRTIO 1.2, 5.4] */
#include "virtio_queues.h"

static void setup(void) { mock_init(&board); }
static void teardown(void) {}

static rv_virtio *start(uint64_t seed)
{
  rv_virtio *v = rv_virtio_rng_new(seed);
  memset(board.ram, 0, sizeof board.ram);
  attach(v);
  drive_up(v, true);
  return v;
}

static void ask(rv_virtio *v, uint32_t n, uint16_t flags)
{
  set_desc(0, 0, pa(DATA), n, flags, 0);
  make_available(0, 0);
  rv_virtio_notify(v, 0);
}

START_TEST(bytes_follow_from_the_seed)
{
  uint8_t first[300];
  rv_virtio *v = start(5);
  ask(v, sizeof first, D_WRITE);
  ck_assert_uint_eq(used_len(0, 0), sizeof first);
  memcpy(first, board.ram + DATA, sizeof first);
  ask(v, sizeof first, D_WRITE); /* what comes next is something else */
  ck_assert(memcmp(first, board.ram + DATA, sizeof first));
  v->free(v);
  v = start(5);
  ask(v, sizeof first, D_WRITE);
  ck_assert_mem_eq(first, board.ram + DATA, sizeof first);
  ck_assert_uint_eq(board.ram[DATA + sizeof first], 0);
  v->free(v);
  v = start(6);
  ask(v, sizeof first, D_WRITE);
  ck_assert(memcmp(first, board.ram + DATA, sizeof first));
  v->free(v);
}
END_TEST

/* The buffer must be writable [5.4.6.1], and exist. */
START_TEST(a_bad_buffer_needs_a_reset)
{
  rv_virtio *v = start(0);
  ask(v, _i ? 0x7fffffff : 16, _i ? D_WRITE : 0);
  ck_assert(v->status & VIRTIO_NEEDS_RESET);
  v->free(v);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, bytes_follow_from_the_seed);
  tcase_add_loop_test(tc, a_bad_buffer_needs_a_reset, 0, 2);
}
UNIT_MAIN("virtio_rng", add_tests)
