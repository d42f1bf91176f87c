/* test_uart.c - the 16550A: FIFO, interrupts, loopback [PC16550D]. */
#include "mock_board.h"

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR, THR = 0, FCR = 2, DLL = 0, DLM = 1 };

static mock_board board;
static rv_dev *uart;

static void setup(void)
{
  mock_init(&board);
  uart = rv_uart_new(&board.ops);
}

static void teardown(void) { uart->free(uart); }

static uint8_t in(unsigned reg) { return mock_read(uart, reg, 1); }
static void out(unsigned reg, uint8_t value) { mock_write(uart, reg, 1, value); }
static bool irq(void) { return board.wires >> RV_SOURCE_UART & 1; }

/* A loop on LSR, as a driver without interrupts has it while it waits for a character. */
static void wait_for_input(void)
{
  in(LSR), in(LSR), in(LSR);
  uart->poll(uart);
}

static void type(const char *text)
{
  board.in = text;
  wait_for_input();
}

START_TEST(output_is_immediate)
{
  ck_assert_uint_eq(in(LSR), 0x60); /* THRE, TEMT */
  out(THR, 'h');
  out(THR, 'i');
  ck_assert_str_eq(board.out, "hi");
  ck_assert_uint_eq(in(LSR), 0x60);
  ck_assert(!irq());
}
END_TEST

START_TEST(wider_accesses_act_once_on_the_low_byte)
{
  mock_write(uart, THR, 4, 0x41424344);
  ck_assert_str_eq(board.out, "D");
  ck_assert_uint_eq(mock_read(uart, 4, 4), 0);
}
END_TEST

START_TEST(registers_after_reset)
{
  ck_assert_uint_eq(in(IER), 0);
  ck_assert_uint_eq(in(IIR), 1);
  ck_assert_uint_eq(in(LCR), 0);
  ck_assert_uint_eq(in(MCR), 0);
  ck_assert_uint_eq(in(MSR), 0xb0);
}
END_TEST

START_TEST(unused_bits_read_zero_and_scratch_keeps)
{
  out(IER, 0xf0);
  out(MCR, 0xe0);
  out(SCR, 0x5a);
  ck_assert_uint_eq(in(IER), 0);
  ck_assert_uint_eq(in(MCR), 0);
  ck_assert_uint_eq(in(SCR), 0x5a);
}
END_TEST

START_TEST(divisor_latch_hides_data_and_ier)
{
  out(IER, 1);
  out(LCR, 0x83);
  out(DLL, 0x34);
  out(DLM, 0x12);
  ck_assert_uint_eq(in(DLL), 0x34);
  ck_assert_uint_eq(in(DLM), 0x12);
  out(LCR, 0x03);
  ck_assert_uint_eq(in(IER), 1);
  ck_assert_uint_eq(board.n_out, 0);
}
END_TEST

START_TEST(enabling_ETBEI_raises_THRE_and_IIR_read_clears_it)
{
  out(IER, 2);
  ck_assert(irq());
  ck_assert_uint_eq(in(IIR), 2);
  ck_assert(!irq());
  ck_assert_uint_eq(in(IIR), 1);
  out(IER, 2); /* already enabled: nothing new */
  ck_assert(!irq());
  out(IER, 0);
  out(IER, 2);
  ck_assert(irq());
}
END_TEST

START_TEST(THR_write_makes_THRE_come_again)
{
  out(IER, 2);
  in(IIR);
  out(THR, 'x');
  ck_assert(irq());
  ck_assert_uint_eq(in(IIR), 2);
  ck_assert(!irq());
}
END_TEST

START_TEST(IIR_read_clears_THRE_only_if_it_is_the_source)
{
  out(IER, 3);
  type("a");
  ck_assert_uint_eq(in(IIR), 4); /* data ready is above THRE */
  ck_assert_uint_eq(in(RBR), 'a');
  ck_assert(irq());
  ck_assert_uint_eq(in(IIR), 2);
  ck_assert(!irq());
}
END_TEST

START_TEST(without_fifo_one_character_waits)
{
  type("ab");
  ck_assert_str_eq(board.in, "b");
  ck_assert_uint_eq(in(LSR), 0x61);
  ck_assert_uint_eq(in(RBR), 'a');
  ck_assert_uint_eq(in(LSR), 0x60);
  wait_for_input();
  ck_assert_uint_eq(in(RBR), 'b');
}
END_TEST

START_TEST(fifo_takes_sixteen_in_order)
{
  const char *text = "0123456789abcdefgh";
  out(FCR, 1);
  ck_assert_uint_eq(in(IIR), 0xc1);
  type(text);
  ck_assert_str_eq(board.in, "gh");
  for (unsigned i = 0; i < 16; i++)
    ck_assert_uint_eq(in(RBR), text[i]);
  ck_assert_uint_eq(in(LSR), 0x60); /* no overrun: the rest waited outside */
  wait_for_input();
  ck_assert_uint_eq(in(RBR), 'g');
}
END_TEST

START_TEST(input_waits_until_somebody_listens)
{
  board.in = "ab";
  out(FCR, 1);
  uart->poll(uart);
  in(LSR), in(RBR), in(LSR), out(THR, '>'), in(LSR), in(LSR); /* initialising, sending */
  uart->poll(uart);
  ck_assert_str_eq(board.in, "ab");
  out(IER, 1);
  uart->poll(uart);
  ck_assert_str_eq(board.in, "");
  ck_assert(irq());
}
END_TEST

START_TEST(below_the_trigger_level_it_is_a_timeout)
{
  out(FCR, 0x41); /* trigger at 4 */
  out(IER, 1);
  type("abcd");
  ck_assert(irq());
  ck_assert_uint_eq(in(IIR), 0xc4);
  in(RBR);
  ck_assert_uint_eq(in(IIR), 0xcc);
  in(RBR), in(RBR), in(RBR);
  ck_assert(!irq());
  ck_assert_uint_eq(in(IIR), 0xc1);
}
END_TEST

START_TEST(FCR_clears_the_receiver)
{
  out(FCR, 1);
  type("abc");
  out(FCR, 3); /* bit 1 clears itself */
  ck_assert_uint_eq(in(LSR), 0x60);
  type("d");
  out(FCR, 1);
  ck_assert_uint_eq(in(LSR), 0x61);
  out(FCR, 0); /* leaving FIFO mode empties it */
  ck_assert_uint_eq(in(LSR), 0x60);
  ck_assert_uint_eq(in(IIR), 1);
}
END_TEST

START_TEST(FCR_bits_need_bit_0)
{
  out(FCR, 0xc0);
  out(IER, 1);
  type("a");
  ck_assert_uint_eq(in(IIR), 4);
}
END_TEST

START_TEST(loopback_sends_to_the_receiver)
{
  out(MCR, 0x10);
  out(IER, 1);
  type("typed"); /* the line is disconnected */
  ck_assert_str_eq(board.in, "typed");
  out(THR, 'z');
  ck_assert_uint_eq(board.n_out, 0);
  ck_assert(irq());
  ck_assert_uint_eq(in(RBR), 'z');
}
END_TEST

START_TEST(overrun_is_reported_once)
{
  out(FCR, 1);
  out(MCR, 0x10);
  out(IER, 4);
  for (unsigned i = 0; i < 17; i++)
    out(THR, 'a' + i);
  ck_assert_uint_eq(in(IIR), 0xc6);
  ck_assert_uint_eq(in(LSR), 0x63);
  ck_assert(!irq());
  ck_assert_uint_eq(in(LSR), 0x61);
  ck_assert_uint_eq(in(RBR), 'a'); /* the FIFO kept the older ones */
}
END_TEST

START_TEST(without_fifo_an_overrun_replaces)
{
  out(MCR, 0x10);
  out(THR, 'a');
  out(THR, 'b');
  ck_assert_uint_eq(in(LSR), 0x63);
  ck_assert_uint_eq(in(RBR), 'b');
}
END_TEST

START_TEST(loopback_modem_lines)
{
  static const struct {
    uint8_t mcr, msr;
  } rows[] = { { 0x11, 0x20 }, { 0x12, 0x10 }, { 0x14, 0x40 }, { 0x18, 0x80 }, { 0x1a, 0x90 } };
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    out(MCR, rows[i].mcr);
    ck_assert_uint_eq(in(MSR)&0xf0, rows[i].msr);
  }
}
END_TEST

START_TEST(modem_deltas_interrupt_until_read)
{
  out(IER, 8);
  out(MCR, 0x12); /* CTS stays, DSR and DCD fall */
  ck_assert(irq());
  ck_assert_uint_eq(in(IIR), 0);
  ck_assert_uint_eq(in(MSR), 0x1a);
  ck_assert(!irq());
  out(MCR, 0x16); /* RI rises: no TERI */
  ck_assert_uint_eq(in(MSR), 0x50);
  out(MCR, 0x12); /* RI falls */
  ck_assert_uint_eq(in(MSR), 0x14);
}
END_TEST

START_TEST(reset_lowers_the_wire)
{
  out(IER, 2);
  ck_assert(irq());
  uart->reset(uart);
  ck_assert(!irq());
  ck_assert_uint_eq(in(IER), 0);
}
END_TEST

START_TEST(behind_the_registers_is_nothing)
{
  mock_refused(uart, 8, 1);
  mock_refused(uart, 0xff, 1);
  mock_refused(uart, 5, 2);
  mock_refused(uart, 1, 8);
  mock_storm(uart, 1);
}
END_TEST

static void add_receiver_tests(TCase *tc)
{
  tcase_add_test(tc, without_fifo_one_character_waits);
  tcase_add_test(tc, fifo_takes_sixteen_in_order);
  tcase_add_test(tc, input_waits_until_somebody_listens);
  tcase_add_test(tc, below_the_trigger_level_it_is_a_timeout);
  tcase_add_test(tc, FCR_clears_the_receiver);
  tcase_add_test(tc, FCR_bits_need_bit_0);
  tcase_add_test(tc, loopback_sends_to_the_receiver);
  tcase_add_test(tc, overrun_is_reported_once);
  tcase_add_test(tc, without_fifo_an_overrun_replaces);
}

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, output_is_immediate);
  tcase_add_test(tc, wider_accesses_act_once_on_the_low_byte);
  tcase_add_test(tc, registers_after_reset);
  tcase_add_test(tc, unused_bits_read_zero_and_scratch_keeps);
  tcase_add_test(tc, divisor_latch_hides_data_and_ier);
  tcase_add_test(tc, enabling_ETBEI_raises_THRE_and_IIR_read_clears_it);
  tcase_add_test(tc, THR_write_makes_THRE_come_again);
  tcase_add_test(tc, IIR_read_clears_THRE_only_if_it_is_the_source);
  add_receiver_tests(tc);
  tcase_add_test(tc, loopback_modem_lines);
  tcase_add_test(tc, modem_deltas_interrupt_until_read);
  tcase_add_test(tc, reset_lowers_the_wire);
  tcase_add_test(tc, behind_the_registers_is_nothing);
}
UNIT_MAIN("uart", add_tests)
