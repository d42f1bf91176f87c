/* test_virtio_pci.c - virtio over PCI: capabilities, structures, legacy registers, interrupts,
 * MSI-X. [VIRTIO 1.2, 4.1; PCI 3.0, 6.8.2]
 */
#include "dev/pci.h"
#include "virtio_fixture.h"

enum {
  BAR4 = 0x40000000,
  COMMON = BAR4,
  ISR = BAR4 + 0x1000,
  DEVICE = BAR4 + 0x2000,
  NOTIFY = BAR4 + 0x3000,
  TABLE = BAR4 + 0x4000, /* BAR 1 */
  PBA = TABLE + 0x800,
  IO = 0x1000
};

enum { MSIX = 0x98, ENABLE = 0x8000, MASK_ALL = 0x4000 }; /* message control's bits */

static rv_dev *ecam, *memory, *io;

static void start(bool legacy)
{
  mock_init(&board);
  make_disk(SECTORS * SECTOR);
  ecam = rv_pcie_new(&board.ops);
  memory = rv_pcie_window(ecam, 1);
  io = rv_pcie_window(ecam, 0);
  ck_assert(
      rv_pcie_plug(ecam, rv_virtio_pci_new(rv_virtio_blk_new(open_disk(false), NULL), legacy), -1));
  ecam->reset(ecam);
}

static void finish(void)
{
  ecam->free(ecam);
  unlink(disk_path);
}

static uint32_t config(unsigned reg) { return (uint32_t)mock_read(ecam, 1 << 15 | reg, 4); }
static void configure(unsigned reg, uint32_t v) { mock_write(ecam, 1 << 15 | reg, 4, v); }
static uint64_t in(uint64_t at, unsigned size)
{
  return mock_read(memory, at - memory->base, size);
}
static void out(uint64_t at, unsigned size, uint64_t v)
{
  mock_write(memory, at - memory->base, size, v);
}

static void place(void)
{
  configure(0x10, IO);
  configure(0x14, TABLE);
  configure(0x20, BAR4);
  configure(0x24, 0);
  configure(0x04, 7);
}

/* As a driver does it, with 64-bit accesses for the addresses. */
static void bring_up(void)
{
  place();
  out(COMMON + 0x14, 1, 3);
  out(COMMON, 4, 1);
  ck_assert_uint_eq(in(COMMON + 4, 4), 1); /* VERSION_1 */
  out(COMMON + 8, 4, 1);
  out(COMMON + 12, 4, 1);
  out(COMMON + 0x14, 1, 11);
  ck_assert_uint_eq(in(COMMON + 0x14, 1), 11);
  out(COMMON + 0x16, 2, 0);
  ck_assert_uint_eq(in(COMMON + 0x18, 2), RV_VIRTIO_QUEUE_MAX);
  out(COMMON + 0x18, 2, QSIZE);
  out(COMMON + 0x20, 8, pa(DESC));
  out(COMMON + 0x28, 8, pa(AVAIL));
  out(COMMON + 0x30, 8, pa(USED));
  ck_assert_uint_eq(in(COMMON + 0x28, 8), pa(AVAIL));
  ck_assert_uint_eq(in(COMMON + 0x34, 4), 0);
  out(COMMON + 0x1c, 2, 1);
  ck_assert_uint_eq(in(COMMON + 0x1c, 2), 1);
  out(COMMON + 0x14, 1, 15);
}

START_TEST(identity)
{
  start(true);
  ck_assert_uint_eq(config(0), 0x10011af4);
  ck_assert_uint_eq(config(8), 0x01000000);
  ck_assert_uint_eq(config(0x2c), 0x00021af4);
  configure(0x10, ~0u);
  ck_assert_uint_eq(config(0x10), 0xffffff81);
  configure(0x20, ~0u);
  ck_assert_uint_eq(config(0x20), 0xffffc00c);
  finish();
  start(false);
  ck_assert_uint_eq(config(0), 0x10421af4);
  ck_assert_uint_eq(config(8), 0x01000001);
  configure(0x10, ~0u);
  ck_assert_uint_eq(config(0x10), 0);
  finish();
}
END_TEST

/* Every structure once, in a BAR that exists, large enough. */
START_TEST(capabilities)
{
  start(true);
  unsigned seen = 0, n = 0;
  ck_assert_uint_eq(config(4) >> 20 & 1, 1);
  for (unsigned at = config(0x34) & 0xff; at && n < 20; at = config(at) >> 8 & 0xff, n++) {
    const unsigned type = config(at) >> 24;
    if (at == MSIX)
      continue; /* by its own tests */
    ck_assert_uint_eq(config(at) & 0xff, 9);
    seen |= 1 << type;
    ck_assert_uint_eq(config(at + 4) & 0xff, type == 5 ? 0 : 4);
    ck_assert_uint_le(config(at + 8) + config(at + 12), 0x4000);
    if (type == 2)
      ck_assert_uint_eq(config(at + 16), 4); /* notify_off_multiplier */
  }
  ck_assert_uint_eq(seen, 0x3e);
  ck_assert_uint_eq(n, 6);
  finish();
}
END_TEST

START_TEST(modern)
{
  start(_i);
  bring_up();
  ck_assert_uint_eq(in(COMMON + 0x12, 2), 1);
  ck_assert_uint_eq(in(COMMON + 0x10, 2), 0xffff);
  ck_assert_uint_eq(in(COMMON + 0x1a, 2), 0xffff);
  ck_assert_uint_eq(in(DEVICE, 8), SECTORS);
  request(IN, 3, SECTOR);
  out(NOTIFY, 2, 0);
  ck_assert_uint_eq(board.ram[DATA + 7], pattern(3 * SECTOR + 7));
  ck_assert_uint_eq(board.wires, 1ull << 33);
  ck_assert_uint_eq(in(ISR, 1), 1);
  ck_assert_uint_eq(board.wires, 0);
  ck_assert_uint_eq(in(ISR, 1), 0);
  memset(board.ram + DATA, 0x77, SECTOR);
  request(OUT, 0, SECTOR);
  out(NOTIFY, 4, 0);
  ck_assert_uint_eq(disk_byte(100), 0x77);
  out(COMMON + 0x14, 1, 0);
  ck_assert_uint_eq(in(COMMON + 0x1c, 2), 0);
  ck_assert_uint_eq(board.wires, 0);
  finish();
}
END_TEST

static uint32_t io_in(unsigned at, unsigned size) { return (uint32_t)mock_read(io, IO + at, size); }
static void io_out(unsigned at, unsigned size, uint32_t v) { mock_write(io, IO + at, size, v); }

/* The layout of a legacy queue of 256: table 4096, available 518, used at the next page. */
START_TEST(legacy_registers)
{
  start(true);
  place();
  io_out(18, 1, 3);
  ck_assert_uint_eq(io_in(0, 4) >> 9 & 1, 1);
  io_out(4, 4, 0);
  io_out(14, 2, 0);
  ck_assert_uint_eq(io_in(12, 2), 256);
  io_out(8, 4, MOCK_RAM_BASE >> 12);
  ck_assert_uint_eq(io_in(8, 4), MOCK_RAM_BASE >> 12);
  io_out(18, 1, 7);
  ck_assert_uint_eq(io_in(20, 4), SECTORS);
  memset(board.ram, 0, sizeof board.ram);
  const uint32_t head[4] = { IN, 0, 2, 0 };
  memcpy(board.ram + 0x5000, head, sizeof head);
  set_desc(0, pa(0x5000), 16, D_NEXT, 1);
  set_desc(1, pa(0x6000), SECTOR + 1, D_WRITE, 0);
  put16(0x1002, 1);
  io_out(16, 2, 0);
  ck_assert_uint_eq(get16(0x2002), 1);
  ck_assert_uint_eq(board.ram[0x6000], pattern(2 * SECTOR));
  ck_assert_uint_eq(io_in(19, 1), 1);
  ck_assert_uint_eq(io_in(19, 1), 0);
  finish();
}
END_TEST

START_TEST(the_window_in_configuration_space)
{
  start(true);
  bring_up();
  configure(0x84 + 4, 4);
  configure(0x84 + 8, 0x2000);
  configure(0x84 + 12, 4);
  ck_assert_uint_eq(config(0x84 + 16), SECTORS);
  configure(0x84 + 8, 0x16);
  configure(0x84 + 12, 2);
  configure(0x84 + 16, 5); /* queue_select */
  ck_assert_uint_eq(in(COMMON + 0x16, 2), 5);
  finish();
}
END_TEST

START_TEST(without_bus_master_there_is_no_dma)
{
  start(true);
  bring_up();
  configure(4, 3);
  request(IN, 3, SECTOR);
  out(NOTIFY, 2, 0);
  ck_assert_uint_eq(get16(USED + 2), 0);
  ck_assert(in(COMMON + 0x14, 1) & VIRTIO_NEEDS_RESET);
  finish();
}
END_TEST

/* ---- MSI-X ---- */

enum { MESSAGE = 0x6000 }; /* in mock RAM: where vectors write, a word each */

static void control(unsigned bits) { mock_write(ecam, 1 << 15 | (MSIX + 2), 2, bits); }
static void mask(unsigned vector, bool on) { out(TABLE + 16 * vector + 12, 4, on); }
static uint32_t message(unsigned vector)
{
  uint32_t word;
  memcpy(&word, board.ram + MESSAGE + 4 * vector, 4);
  memset(board.ram + MESSAGE + 4 * vector, 0, 4);
  return word;
}

/* Vector 0 for changes, 1 for the queue; both write 0x1230 + their number. */
static void use_messages(void)
{
  bring_up();
  control(ENABLE);
  for (unsigned i = 0; i < 2; i++) {
    out(TABLE + 16 * i, 8, pa(MESSAGE + 4 * i));
    out(TABLE + 16 * i + 8, 8, 0x1230 + i);
  }
  out(COMMON + 0x10, 2, 0);
  out(COMMON + 0x1a, 2, 1);
}

static void read_a_sector(void)
{
  request(IN, 3, SECTOR);
  out(NOTIFY, 2, 0);
}

/* A vector for each queue and one for changes; table and pending bits in BAR 1 as QEMU has them. */
START_TEST(the_capability_of_msix)
{
  start(_i);
  configure(0x14, ~0u);
  ck_assert_uint_eq(config(0x14), 0xfffff000);
  ck_assert_uint_eq(config(MSIX), 0x00010011);
  ck_assert_uint_eq(config(MSIX + 4), 1);
  ck_assert_uint_eq(config(MSIX + 8), 0x801);
  for (unsigned at = MSIX; at < MSIX + 12; at += 4)
    configure(at, ~0u);
  ck_assert_uint_eq(config(MSIX), 0xc0010011);
  ck_assert_uint_eq(config(MSIX + 4), 1);
  ck_assert_uint_eq(config(MSIX + 8), 0x801);
  ecam->reset(ecam);
  ck_assert_uint_eq(config(MSIX), 0x00010011);
  finish();
}
END_TEST

/* All entries are masked after a reset; addresses are those of words; entries are words, alone or
 * two together; the pending bits cannot be written. */
START_TEST(the_table)
{
  start(false);
  place();
  for (unsigned i = 0; i < 2; i++) {
    ck_assert_uint_eq(in(TABLE + 16 * i, 8), 0);
    ck_assert_uint_eq(in(TABLE + 16 * i + 8, 8), 1ull << 32);
    out(TABLE + 16 * i, 8, ~0ull);
    out(TABLE + 16 * i + 8, 4, ~0u);
    out(TABLE + 16 * i + 12, 4, ~0u);
    ck_assert_uint_eq(in(TABLE + 16 * i, 8), ~3ull);
    ck_assert_uint_eq(in(TABLE + 16 * i + 8, 4), 0xffffffff);
    ck_assert_uint_eq(in(TABLE + 16 * i + 12, 4), 1);
  }
  out(TABLE, 2, 0);
  out(TABLE + 1, 1, 0);
  ck_assert_uint_eq(in(TABLE, 8), ~3ull);
  out(TABLE + 32, 4, ~0u); /* there is no vector 2 */
  ck_assert_uint_eq(in(TABLE + 32, 4), 0);
  out(PBA, 8, ~0ull);
  ck_assert_uint_eq(in(PBA, 8), 0);
  finish();
}
END_TEST

/* A message instead of the wire, and without the ISR [VIRTIO 4.1.4.5.1]. */
START_TEST(a_queue_sends_its_message)
{
  start(false);
  use_messages();
  read_a_sector();
  ck_assert_uint_eq(message(1), 0x1231);
  ck_assert_uint_eq(message(0), 0);
  ck_assert_uint_eq(board.wires, 0);
  ck_assert_uint_eq(in(ISR, 1), 0);
  ck_assert_uint_eq(board.ram[DATA + 7], pattern(3 * SECTOR + 7));
  out(COMMON + 0x1a, 2, 0xffff); /* no vector: no message */
  read_a_sector();
  ck_assert_uint_eq(message(1) | message(0), 0);
  ck_assert_uint_eq(get16(USED + 2), 2);
  finish();
}
END_TEST

/* A change tells the ISR as well, and is no wire [VIRTIO 4.1.4.5.1]; with MSI-X off it is one. */
START_TEST(a_change_sends_its_message)
{
  start(false);
  use_messages();
  put16(AVAIL + 2, QSIZE + 1); /* more than there can be: the device needs a reset */
  out(NOTIFY, 2, 0);
  ck_assert_uint_eq(message(0), 0x1230);
  ck_assert_uint_eq(message(1), 0);
  ck_assert_uint_eq(board.wires, 0);
  control(0);
  ck_assert_uint_eq(board.wires, 1ull << 33);
  control(ENABLE);
  ck_assert_uint_eq(board.wires, 0);
  ck_assert_uint_eq(in(ISR, 1), VIRTIO_ISR_CONFIG);
  finish();
}
END_TEST

/* While the vector, or the function, is masked the pending bit waits; it is sent once
 * [PCI 6.8.3.4]. */
START_TEST(masked_messages_are_pending)
{
  start(false);
  use_messages();
  mask(1, true);
  read_a_sector();
  read_a_sector();
  ck_assert_uint_eq(message(1), 0);
  ck_assert_uint_eq(in(PBA, 8), 2);
  control(ENABLE | MASK_ALL);
  mask(1, false);
  ck_assert_uint_eq(message(1), 0);
  control(ENABLE);
  ck_assert_uint_eq(message(1), 0x1231);
  ck_assert_uint_eq(in(PBA, 4), 0);
  control(ENABLE | MASK_ALL);
  control(ENABLE);
  ck_assert_uint_eq(message(1), 0);
  mask(1, true);
  read_a_sector();
  mask(1, false);
  ck_assert_uint_eq(message(1), 0x1231);
  finish();
}
END_TEST

/* What is not in the table cannot be had: NO_VECTOR is read back [VIRTIO 4.1.5.1.2.1]. */
START_TEST(vectors_that_cannot_be_had)
{
  start(false);
  use_messages();
  ck_assert_uint_eq(in(COMMON + 0x10, 2), 0);
  ck_assert_uint_eq(in(COMMON + 0x1a, 2), 1);
  out(COMMON + 0x10, 2, 2);
  out(COMMON + 0x1a, 2, 0x7ff);
  ck_assert_uint_eq(in(COMMON + 0x10, 2), 0xffff);
  ck_assert_uint_eq(in(COMMON + 0x1a, 2), 0xffff);
  out(COMMON + 0x16, 2, 1); /* there is no queue 1 */
  out(COMMON + 0x1a, 2, 1);
  ck_assert_uint_eq(in(COMMON + 0x1a, 2), 0xffff);
  finish();
}
END_TEST

START_TEST(a_reset_forgets_vectors_and_messages)
{
  start(false);
  use_messages();
  mask(1, true);
  read_a_sector();
  out(COMMON + 0x14, 1, 0);
  ck_assert_uint_eq(in(PBA, 8), 0);
  ck_assert_uint_eq(in(COMMON + 0x10, 2), 0xffff);
  out(COMMON + 0x16, 2, 0);
  ck_assert_uint_eq(in(COMMON + 0x1a, 2), 0xffff);
  ck_assert_uint_eq(config(MSIX) >> 16, 0x8001); /* the table is PCI's */
  ck_assert_uint_eq(in(TABLE + 16 + 8, 4), 0x1231);
  ecam->reset(ecam);
  place();
  ck_assert_uint_eq(in(TABLE + 16 + 8, 8), 1ull << 32);
  finish();
}
END_TEST

START_TEST(messages_go_where_memory_is)
{
  start(false);
  use_messages();
  out(TABLE + 16, 8, 0x28000000); /* no IMSIC at this board */
  read_a_sector();
  ck_assert_uint_eq(get16(USED + 2), 1);
  out(TABLE + 16, 8, pa(MESSAGE + 4));
  mask(1, true);
  read_a_sector();
  configure(4, 3); /* no bus master: lost */
  mask(1, false);
  configure(4, 7);
  ck_assert_uint_eq(message(1), 0);
  ck_assert_uint_eq(in(PBA, 8), 0);
  finish();
}
END_TEST

/* Two vectors stand before the device's configuration while MSI-X is enabled [VIRTIO 4.1.4.8]. */
START_TEST(legacy_vectors)
{
  start(true);
  place();
  io_out(20, 2, 1);
  ck_assert_uint_eq(io_in(20, 4), SECTORS);
  control(ENABLE);
  ck_assert_uint_eq(io_in(20, 2), 0xffff);
  ck_assert_uint_eq(io_in(22, 2), 0xffff);
  ck_assert_uint_eq(io_in(24, 4), SECTORS);
  io_out(20, 2, 0);
  io_out(22, 2, 1);
  ck_assert_uint_eq(io_in(20, 2), 0);
  ck_assert_uint_eq(io_in(22, 2), 1);
  io_out(22, 2, 2);
  ck_assert_uint_eq(io_in(22, 2), 0xffff);
  io_out(14, 2, 1); /* there is no queue 1 */
  ck_assert_uint_eq(io_in(22, 2), 0xffff);
  io_out(18, 1, 0);
  ck_assert_uint_eq(io_in(20, 2), 0xffff);
  finish();
}
END_TEST

/* ---- hostile guests ---- */

START_TEST(windows_to_nowhere)
{
  static const uint32_t odd[] = { 0, 1, 3, 0x3fff, 0x4000, 0x7fffffff, 0xffffffff, 0x1000 };
  start(true);
  bring_up();
  for (unsigned i = 0; i < 8 * 8 * 8; i++) {
    configure(0x84 + 4, odd[i % 8]);
    configure(0x84 + 8, odd[i / 8 % 8]);
    configure(0x84 + 12, odd[i / 64]);
    (void)config(0x84 + 16);
    configure(0x84 + 16, 0xffffffff);
    (void)mock_read(ecam, (1 << 15) + 0x84 + 15, 8);
  }
  finish();
}
END_TEST

START_TEST(every_register_and_size_is_survived)
{
  static const unsigned sizes[] = { 1, 2, 4, 8 };
  start(true);
  bring_up();
  for (unsigned i = 0; i < 4; i++)
    for (uint64_t at = BAR4; at < BAR4 + 0x4000; at++) {
      out(at, sizes[i], 0xa5a5a5a5ffffffff);
      (void)in(at, sizes[i]);
    }
  control(ENABLE);
  for (unsigned i = 0; i < 4; i++)
    for (uint64_t at = TABLE; at < TABLE + 0x1000; at++) {
      out(at, sizes[i], 0xa5a5a5a5ffffffff);
      (void)in(at, sizes[i]);
    }
  for (unsigned i = 0; i < 4; i++)
    for (unsigned at = 0; at < 0x80; at++) {
      io_out(at, sizes[i], 0xffffffff);
      (void)io_in(at, sizes[i]);
    }
  ecam->reset(ecam);
  ck_assert_uint_eq(board.wires, 0);
  finish();
}
END_TEST

START_TEST(queues_that_do_not_exist)
{
  start(false);
  bring_up();
  out(COMMON + 0x16, 2, 0xffff);
  ck_assert_uint_eq(in(COMMON + 0x18, 2), 0);
  ck_assert_uint_eq(in(COMMON + 0x1e, 2), 0);
  out(COMMON + 0x20, 8, ~0ull);
  out(COMMON + 0x1c, 2, 1);
  out(NOTIFY + 0xffc, 4, 0xffff);
  out(COMMON, 4, 0xffffffff);
  ck_assert_uint_eq(in(COMMON + 4, 4), 0);
  out(COMMON + 8, 4, 2);
  ck_assert_uint_eq(in(COMMON + 12, 4), 0);
  ck_assert_uint_eq(in(COMMON + 0x14, 1), 15);
  finish();
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, identity);
  tcase_add_test(tc, capabilities);
  tcase_add_loop_test(tc, modern, 0, 2);
  tcase_add_test(tc, legacy_registers);
  tcase_add_test(tc, the_window_in_configuration_space);
  tcase_add_test(tc, without_bus_master_there_is_no_dma);
  tcase_add_loop_test(tc, the_capability_of_msix, 0, 2);
  tcase_add_test(tc, the_table);
  tcase_add_test(tc, a_queue_sends_its_message);
  tcase_add_test(tc, a_change_sends_its_message);
  tcase_add_test(tc, masked_messages_are_pending);
  tcase_add_test(tc, vectors_that_cannot_be_had);
  tcase_add_test(tc, a_reset_forgets_vectors_and_messages);
  tcase_add_test(tc, messages_go_where_memory_is);
  tcase_add_test(tc, legacy_vectors);
  tcase_add_test(tc, windows_to_nowhere);
  tcase_add_test(tc, every_register_and_size_is_survived);
  tcase_add_test(tc, queues_that_do_not_exist);
}
UNIT_MAIN("virtio_pci", add_tests)
