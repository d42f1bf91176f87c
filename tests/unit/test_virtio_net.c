/* test_virtio_net.c - frames between the rings of the virtio network device and a backend that is a
 * test. [VIRTIO 1.2, 5.1]
 */
#include "virtio_queues.h"

enum { RX = 0, TX = 1, MODERN = 12, LEGACY = 10, FRAME = 60 };
static const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };

static rv_virtio *v;
static uint8_t sent[RV_NET_FRAME], frame[RV_NET_FRAME + 1];
static size_t n_sent;
static unsigned sends;

static void send_frame(void *ctx, const uint8_t *bytes, size_t n)
{
  ck_assert_ptr_eq(ctx, &board);
  memcpy(sent, bytes, n);
  n_sent = n;
  sends++;
}

static void setup(void)
{
  mock_init(&board);
  sends = 0;
  for (unsigned i = 0; i < sizeof frame; i++)
    frame[i] = (uint8_t)(i * 7 + 1);
  v = rv_virtio_net_new((rv_net_backend){ &board, send_frame }, mac);
  attach(v);
}

static void teardown(void) { v->free(v); }

/* A receive buffer, in one descriptor. */
static void offer(unsigned i, uint32_t size)
{
  set_desc(RX, i, pa(DATA + 0x800 * i), size, D_WRITE, 0);
  make_available(RX, i);
  rv_virtio_notify(v, RX);
}

static void transmit(uint32_t header, uint32_t n)
{
  memset(board.ram + DATA, 0, header);
  memcpy(board.ram + DATA + header, frame, n);
  set_desc(TX, 0, pa(DATA), header + n, 0, 0);
  make_available(TX, 0);
  rv_virtio_notify(v, TX);
}

START_TEST(the_configuration_has_the_mac_and_the_link)
{
  for (unsigned i = 0; i < 6; i++)
    ck_assert_uint_eq(rv_virtio_config(v, i, 1), mac[i]);
  ck_assert_uint_eq(rv_virtio_config(v, 6, 2), 1); /* VIRTIO_NET_S_LINK_UP */
  ck_assert_uint_eq(rv_virtio_offered(v, 0), 1 << 5 | 1 << 16 | 1 << 27);
  ck_assert_uint_eq(rv_virtio_offered(v, 1), 1);
}
END_TEST

/* 12 bytes with VERSION_1, 10 without [5.1.6.1]; num_buffers is 1 [5.1.6.4]. */
START_TEST(the_header_is_as_long_as_was_agreed)
{
  const bool modern = _i;
  const unsigned header = modern ? MODERN : LEGACY;
  drive_up(v, modern);
  transmit(header, FRAME);
  ck_assert_uint_eq(n_sent, FRAME);
  ck_assert_mem_eq(sent, frame, FRAME);
  ck_assert_uint_eq(used_idx(TX), 1);
  ck_assert_uint_eq(used_len(TX, 0), 0);
  memset(board.ram + DATA, 0xee, 100);
  offer(0, 0x800);
  ck_assert_uint_eq(used_idx(RX), 0); /* it waits for a frame */
  ck_assert(rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert_uint_eq(used_len(RX, 0), header + FRAME);
  ck_assert_mem_eq(board.ram + DATA + header, frame, FRAME);
  ck_assert_uint_eq(board.ram[DATA] | board.ram[DATA + 9], 0);
  if (modern)
    ck_assert_uint_eq(get16(DATA + 10), 1);
  ck_assert(irq_level);
}
END_TEST

/* The driver may cut header and frame as it likes [5.1.6, 2.7.4]. */
START_TEST(frames_in_pieces)
{
  drive_up(v, true);
  memcpy(board.ram + DATA + MODERN, frame, FRAME);
  set_desc(TX, 0, pa(DATA), 5, D_NEXT, 1);
  set_desc(TX, 1, pa(DATA + 5), 20, D_NEXT, 2);
  set_desc(TX, 2, pa(DATA + 25), MODERN + FRAME - 25, 0, 0);
  make_available(TX, 0);
  rv_virtio_notify(v, TX);
  ck_assert_uint_eq(n_sent, FRAME);
  ck_assert_mem_eq(sent, frame, FRAME);
  set_desc(RX, 0, pa(DATA + 0x1000), 7, D_NEXT | D_WRITE, 1);
  set_desc(RX, 1, pa(DATA + 0x1100), 200, D_WRITE, 0);
  make_available(RX, 0);
  ck_assert(rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert_mem_eq(board.ram + DATA + 0x1100 + MODERN - 7, frame, FRAME);
}
END_TEST

START_TEST(without_a_buffer_a_frame_waits)
{
  ck_assert(!rv_virtio_net_deliver(v, frame, FRAME)); /* no driver */
  drive_up(v, true);
  ck_assert(!rv_virtio_net_deliver(v, frame, FRAME));
  for (unsigned i = 0; i < QSIZE; i++)
    offer(i, 0x200);
  for (unsigned i = 0; i < QSIZE; i++)
    ck_assert(rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert(!rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert_uint_eq(used_idx(RX), QSIZE);
  offer(3, 0x200);
  ck_assert(rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert_uint_eq(used_idx(RX), QSIZE + 1);
}
END_TEST

START_TEST(what_does_not_fit_is_lost_and_the_buffer_kept)
{
  drive_up(v, true);
  offer(0, MODERN + FRAME);
  ck_assert(rv_virtio_net_deliver(v, frame, FRAME + 1));
  ck_assert_uint_eq(used_idx(RX), 0);
  ck_assert(rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert_uint_eq(used_idx(RX), 1);
}
END_TEST

START_TEST(giants_are_dropped)
{
  drive_up(v, true);
  transmit(MODERN, RV_NET_FRAME);
  ck_assert_uint_eq(n_sent, RV_NET_FRAME);
  transmit(MODERN, RV_NET_FRAME + 1);
  ck_assert_uint_eq(sends, 1);
  ck_assert_uint_eq(used_idx(TX), 2);
  ck_assert(rv_virtio_live(v));
}
END_TEST

START_TEST(no_interrupt_when_the_driver_asks_for_none)
{
  drive_up(v, true);
  put16(AVAIL, 1);
  offer(0, 0x200);
  ck_assert(rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert(!irq_level);
}
END_TEST

/* ---- hostile drivers ---- */

static void receive_header_cut(void) { offer(0, MODERN - 1); }
static void receive_readable(void)
{
  set_desc(RX, 0, pa(DATA), 0x800, 0, 0);
  make_available(RX, 0);
}
static void receive_outside_ram(void)
{
  set_desc(RX, 0, 0x1000, 0x800, D_WRITE, 0);
  make_available(RX, 0);
}
static void receive_loop(void)
{
  set_desc(RX, 0, pa(DATA), 0x80, D_WRITE | D_NEXT, 0);
  make_available(RX, 0);
}
static void receive_head_outside(void) { make_available(RX, QSIZE); }
static void receive_index_too_far(void) { put16(AVAIL + 2, QSIZE + 1); }
static void receive_ring_outside(void) { rv_virtio_queue(v, RX)->avail = UINT64_MAX; }
static void receive_used_outside(void)
{
  offer(0, 0x200);
  rv_virtio_queue(v, RX)->used = pa(MOCK_RAM);
}
static void send_header_cut(void)
{
  set_desc(TX, 0, pa(DATA), MODERN - 1, 0, 0);
  make_available(TX, 0);
}
static void send_outside_ram(void)
{
  set_desc(TX, 0, pa(MOCK_RAM - 20), 40, 0, 0);
  make_available(TX, 0);
}
static void send_writable(void)
{
  set_desc(TX, 0, pa(DATA), 80, D_WRITE, 0);
  make_available(TX, 0);
}

static void (*const tampering[])(void) = {
  receive_header_cut,   receive_readable,      receive_outside_ram,  receive_loop,
  receive_head_outside, receive_index_too_far, receive_ring_outside, receive_used_outside,
  send_header_cut,      send_outside_ram,      send_writable,
};
enum { N_TAMPERING = sizeof tampering / sizeof *tampering };

START_TEST(a_hostile_driver_ends_in_needs_reset)
{
  drive_up(v, true);
  tampering[_i]();
  rv_virtio_notify(v, TX);
  rv_virtio_net_deliver(v, frame, FRAME);
  ck_assert_msg(v->status & VIRTIO_NEEDS_RESET, "case %d", _i);
  ck_assert(!rv_virtio_net_deliver(v, frame, FRAME)); /* the next one waits for the reset */
  ck_assert_uint_eq(sends, 0);
  rv_virtio_set_status(v, 0);
  memset(board.ram, 0, sizeof board.ram);
  drive_up(v, true);
  offer(0, 0x200);
  ck_assert(rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert_uint_eq(used_idx(RX), 1);
}
END_TEST

/* A reset takes the buffers away: nothing is written to them any more. */
START_TEST(reset_between_buffer_and_frame)
{
  drive_up(v, true);
  offer(0, 0x200);
  rv_virtio_set_status(v, 0);
  ck_assert(!rv_virtio_live(v));
  ck_assert(!rv_virtio_net_deliver(v, frame, FRAME));
  ck_assert_uint_eq(board.ram[DATA + MODERN], 0);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, the_configuration_has_the_mac_and_the_link);
  tcase_add_loop_test(tc, the_header_is_as_long_as_was_agreed, 0, 2);
  tcase_add_test(tc, frames_in_pieces);
  tcase_add_test(tc, without_a_buffer_a_frame_waits);
  tcase_add_test(tc, what_does_not_fit_is_lost_and_the_buffer_kept);
  tcase_add_test(tc, giants_are_dropped);
  tcase_add_test(tc, no_interrupt_when_the_driver_asks_for_none);
  tcase_add_loop_test(tc, a_hostile_driver_ends_in_needs_reset, 0, N_TAMPERING);
  tcase_add_test(tc, reset_between_buffer_and_frame);
}
UNIT_MAIN("virtio_net", add_tests)
