/* test_virtio_console.c - the one port of the virtio console device. [VIRTIO 1.2, 5.3] */
#include "virtio_queues.h"

enum { RECEIVE = 0, TRANSMIT = 1 };
static rv_virtio *v;

static void setup(void)
{
  mock_init(&board);
  v = rv_virtio_console_new((rv_console_backend){ &board, mock_console_write, mock_console_read });
  attach(v);
}
static void teardown(void) { v->free(v); }

static void offer(unsigned queue, uint64_t at, uint32_t n, uint16_t flags)
{
  set_desc(queue, 0, pa(at), n, flags, 0);
  make_available(queue, 0);
  rv_virtio_notify(v, queue);
}

START_TEST(output_is_written)
{
  drive_up(v, true);
  memset(board.ram + DATA, 'x', 300); /* more than a chunk */
  offer(TRANSMIT, DATA, 300, 0);
  ck_assert_uint_eq(board.n_out, 300);
  ck_assert_int_eq(board.out[299], 'x');
  ck_assert_uint_eq(used_idx(TRANSMIT), 1);
}
END_TEST

START_TEST(input_waits_for_buffers_and_fills_them)
{
  board.in = "abcdef";
  rv_virtio_console_poll(v); /* no driver */
  drive_up(v, true);
  rv_virtio_console_poll(v);
  ck_assert_str_eq(board.in, "abcdef");
  offer(RECEIVE, DATA, 4, D_WRITE);
  rv_virtio_console_poll(v);
  ck_assert_mem_eq(board.ram + DATA, "abcd", 4);
  ck_assert_uint_eq(used_len(RECEIVE, 0), 4);
  offer(RECEIVE, DATA, 64, D_WRITE);
  rv_virtio_console_poll(v);
  ck_assert_uint_eq(used_len(RECEIVE, 1), 2);
  offer(RECEIVE, DATA, 64, D_WRITE); /* nothing to read: it stays */
  rv_virtio_console_poll(v);
  ck_assert_uint_eq(used_idx(RECEIVE), 2);
}
END_TEST

/* Directions are fixed [5.3.6.1]. */
START_TEST(a_buffer_of_the_wrong_kind_needs_a_reset)
{
  drive_up(v, true);
  board.in = "a";
  offer(_i ? TRANSMIT : RECEIVE, DATA, 8, _i ? D_WRITE : 0);
  rv_virtio_console_poll(v);
  ck_assert(v->status & VIRTIO_NEEDS_RESET);
  ck_assert_str_eq(board.in, "a");
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, output_is_written);
  tcase_add_test(tc, input_waits_for_buffers_and_fills_them);
  tcase_add_loop_test(tc, a_buffer_of_the_wrong_kind_needs_a_reset, 0, 2);
}
UNIT_MAIN("virtio_console", add_tests)
