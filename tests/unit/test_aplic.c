/* test_aplic.c - source modes, pending bits, delegation and both ways of delivery of the APLIC.
 * [AIA 1.0, chapter 4]
 */
#include "mock_board.h"
#include "cpu/hart.h"

enum {
  DOMAINCFG = 0,
  MMSIADDRCFG = 0x1bc0,
  MMSIADDRCFGH = 0x1bc4,
  SMSIADDRCFG = 0x1bc8,
  SMSIADDRCFGH = 0x1bcc,
  SETIP = 0x1c00,
  SETIPNUM = 0x1cdc,
  IN_CLRIP = 0x1d00,
  CLRIPNUM = 0x1ddc,
  SETIE = 0x1e00,
  SETIENUM = 0x1edc,
  CLRIE = 0x1f00,
  CLRIENUM = 0x1fdc,
  SETIPNUM_LE = 0x2000,
  SETIPNUM_BE = 0x2004,
  GENMSI = 0x3000,
  IDC = 0x4000,
  IDELIVERY = 0,
  IFORCE = 4,
  ITHRESHOLD = 8,
  TOPI = 0x18,
  CLAIMI = 0x1c
};
enum { INACTIVE, DETACHED, EDGE1 = 4, EDGE0, LEVEL1, LEVEL0, D = 0x400, IE = 0x100 };
enum { LAST = 96 };

static mock_board board;
static rv_dev *m, *s; /* the domains */

static void make(rv_aia aia)
{
  mock_init(&board);
  board.ops.aia = aia;
  board.ops.guests = 3;
  m = rv_aplic_new(&board.ops);
  s = rv_aplic_child(m);
}

static void nothing(void) {}
static void teardown(void) { m->free(m); }

static uint32_t in(rv_dev *d, uint64_t at) { return (uint32_t)mock_read(d, at, 4); }
static void out(rv_dev *d, uint64_t at, uint32_t value) { mock_write(d, at, 4, value); }
static uint64_t sourcecfg(unsigned i) { return 4 * i; }
static uint64_t target(unsigned i) { return 0x3000 + 4 * i; }
static uint64_t idc(unsigned hart, unsigned reg) { return IDC + 32 * hart + reg; }
static bool bit(rv_dev *d, uint64_t array, unsigned i)
{
  return in(d, array + i / 32 * 4) >> i % 32 & 1;
}
static bool pending(rv_dev *d, unsigned i) { return bit(d, SETIP, i); }

/* Source i in a mode, enabled, for a hart with a priority (or an EIID). */
static void prepare(rv_dev *d, unsigned i, unsigned mode, unsigned hart, unsigned priority)
{
  out(d, sourcecfg(i), mode);
  out(d, target(i), hart << 18 | priority);
  out(d, SETIENUM, i);
}

static void start(rv_dev *d)
{
  out(d, DOMAINCFG, IE);
  for (unsigned hart = 0; hart < MOCK_HARTS; hart++)
    out(d, idc(hart, IDELIVERY), 1);
}

/* ---- domaincfg, sourcecfg ---- */

/* Tests of both modes of delivery run in each: make(_i). */

/* Read-only 0x80 in bits 31:24; BE read-only zero; DM as the board delivers [4.5.1]. */
START_TEST(domaincfg)
{
  make(_i);
  const uint32_t dm = board.ops.aia == RV_AIA_IMSIC ? 4 : 0;
  ck_assert_uint_eq(m->base, 0xc000000);
  ck_assert_uint_eq(s->base, 0xd000000);
  ck_assert_uint_eq(in(m, DOMAINCFG), 0x80000000 | dm);
  out(m, DOMAINCFG, 0xffffffff);
  ck_assert_uint_eq(in(m, DOMAINCFG), 0x80000100 | dm);
  ck_assert_uint_eq(in(s, DOMAINCFG), 0x80000000 | dm);
  out(m, DOMAINCFG, 0);
  ck_assert_uint_eq(in(m, DOMAINCFG), 0x80000000 | dm);
}
END_TEST

/* SM is WARL: 2 and 3 are reserved; all other bits are zero [4.5.2]. */
START_TEST(source_modes_that_exist)
{
  make(_i);
  static const unsigned legal[8] = { INACTIVE, DETACHED, 0, 0, EDGE1, EDGE0, LEVEL1, LEVEL0 };
  for (unsigned mode = 0; mode < 8; mode++) {
    out(m, sourcecfg(LAST), mode | 0xfffffb00);
    ck_assert_uint_eq(in(m, sourcecfg(LAST)), legal[mode]);
  }
  out(m, sourcecfg(LAST + 1), LEVEL1);
  ck_assert_uint_eq(in(m, sourcecfg(LAST + 1)), 0);
  ck_assert_uint_eq(in(m, DOMAINCFG) & IE, 0);
}
END_TEST

/* A source is inactive where it is delegated from, and is not there where it is not delegated to; a
 * leaf cannot delegate [4.5.2]. */
START_TEST(delegation)
{
  make(_i);
  out(s, sourcecfg(5), LEVEL1);
  ck_assert_uint_eq(in(s, sourcecfg(5)), 0);
  out(m, sourcecfg(5), LEVEL1);
  out(m, SETIENUM, 5);
  out(m, sourcecfg(5), D);
  ck_assert_uint_eq(in(m, sourcecfg(5)), D);
  ck_assert(!bit(m, SETIE, 5));
  ck_assert_uint_eq(in(m, target(5)), 0);
  ck_assert_uint_eq(in(s, sourcecfg(5)), 0); /* until it is written */
  out(s, sourcecfg(5), EDGE1);
  ck_assert_uint_eq(in(s, sourcecfg(5)), EDGE1);
  out(s, sourcecfg(5), D);
  ck_assert_uint_eq(in(s, sourcecfg(5)), 0);
  prepare(s, 5, EDGE1, 0, 1);
  rv_aplic_set(m, 5, true);
  ck_assert(pending(s, 5) && !pending(m, 5));
  out(m, sourcecfg(5), INACTIVE);
  ck_assert_uint_eq(in(s, sourcecfg(5)), 0);
  ck_assert(!pending(s, 5) && !bit(s, SETIE, 5));
  ck_assert_uint_eq(in(s, target(5)), 0);
}
END_TEST

/* Of an inactive source pending, enable and target are read-only zeros [4.5.2]. */
START_TEST(inactive_sources_are_zeros)
{
  make(_i);
  out(m, SETIPNUM, 7);
  out(m, SETIENUM, 7);
  out(m, SETIP, 0xffffffff);
  out(m, SETIE, 0xffffffff);
  out(m, target(7), 0xffffffff);
  rv_aplic_set(m, 7, true);
  ck_assert_uint_eq(in(m, SETIP) | in(m, SETIE) | in(m, target(7)) | in(m, IN_CLRIP), 0);
  out(m, sourcecfg(7), DETACHED);
  out(m, SETIPNUM, 7);
  out(m, SETIENUM, 7);
  out(m, sourcecfg(7), INACTIVE);
  ck_assert_uint_eq(in(m, SETIP) | in(m, SETIE) | in(m, target(7)), 0);
  out(m, sourcecfg(7), DETACHED); /* the bits stay zeros */
  ck_assert_uint_eq(in(m, SETIP) | in(m, SETIE), 0);
}
END_TEST

/* The wire XOR inverted; of inactive and detached sources zero [4.5.2]. */
START_TEST(rectified_inputs)
{
  make(_i);
  static const unsigned modes[] = { INACTIVE, DETACHED, EDGE1, EDGE0, LEVEL1, LEVEL0 };
  static const bool low[] = { 0, 0, 0, 1, 0, 1 }, high[] = { 0, 0, 1, 0, 1, 0 };
  for (unsigned i = 0; i < 6; i++)
    out(m, sourcecfg(64 + i), modes[i]);
  for (unsigned i = 0; i < 6; i++) {
    ck_assert_uint_eq(bit(m, IN_CLRIP, 64 + i), low[i]);
    rv_aplic_set(m, 64 + i, true);
    ck_assert_uint_eq(bit(m, IN_CLRIP, 64 + i), high[i]);
  }
}
END_TEST

/* ---- pending bits [4.7] ---- */

START_TEST(detached_is_set_by_writes_alone)
{
  make(_i);
  out(m, sourcecfg(3), DETACHED);
  rv_aplic_set(m, 3, true);
  ck_assert(!pending(m, 3));
  out(m, SETIPNUM, 3);
  rv_aplic_set(m, 3, false);
  ck_assert(pending(m, 3));
  out(m, CLRIPNUM, 3);
  ck_assert(!pending(m, 3));
  out(m, SETIP, 1 << 3);
  ck_assert(pending(m, 3));
  out(m, IN_CLRIP, 1 << 3);
  ck_assert(!pending(m, 3));
}
END_TEST

START_TEST(edges)
{
  make(_i);
  out(m, sourcecfg(8), EDGE1);
  out(m, sourcecfg(9), EDGE0);
  ck_assert_uint_eq(in(m, SETIP), 0); /* no edge was seen */
  rv_aplic_set(m, 8, true);
  rv_aplic_set(m, 9, true);
  ck_assert_uint_eq(in(m, SETIP), 1 << 8);
  rv_aplic_set(m, 8, false);
  rv_aplic_set(m, 9, false);
  ck_assert_uint_eq(in(m, SETIP), 3 << 8); /* it stays without the input */
  out(m, IN_CLRIP, 3 << 8);
  ck_assert_uint_eq(in(m, SETIP), 0);
  out(m, SETIP, 3 << 8);
  ck_assert_uint_eq(in(m, SETIP), 3 << 8);
}
END_TEST

/* In direct mode the pending bit of a level is the rectified input, and no write changes it. */
START_TEST(levels_in_direct_mode)
{
  make(RV_AIA_APLIC);
  for (unsigned mode = LEVEL1; mode <= LEVEL0; mode++) {
    rv_aplic_set(m, 10, mode == LEVEL0);
    out(m, sourcecfg(10), mode);
    out(m, SETIPNUM, 10);
    ck_assert(!pending(m, 10));
    rv_aplic_set(m, 10, mode == LEVEL1);
    ck_assert(pending(m, 10));
    out(m, CLRIPNUM, 10);
    out(m, IN_CLRIP, 1 << 10);
    ck_assert(pending(m, 10));
    rv_aplic_set(m, 10, mode == LEVEL0);
    ck_assert(!pending(m, 10));
  }
  rv_aplic_set(m, 11, true);
  out(m, sourcecfg(11), LEVEL1);
  ck_assert(pending(m, 11));
}
END_TEST

/* In MSI mode it is set by the input's rise, and by a write while the input is high; cleared by a
 * write, and while the input is low. */
START_TEST(levels_in_msi_mode)
{
  make(RV_AIA_IMSIC);
  for (unsigned mode = LEVEL1; mode <= LEVEL0; mode++) {
    rv_aplic_set(m, 10, mode == LEVEL0);
    out(m, sourcecfg(10), mode);
    out(m, SETIPNUM, 10);
    out(m, SETIP, 1 << 10);
    ck_assert(!pending(m, 10));
    rv_aplic_set(m, 10, mode == LEVEL1);
    ck_assert(pending(m, 10));
    out(m, CLRIPNUM, 10);
    ck_assert(!pending(m, 10));
    out(m, SETIPNUM_LE, 10);
    ck_assert(pending(m, 10));
    out(m, IN_CLRIP, 1 << 10);
    ck_assert(!pending(m, 10));
    out(m, SETIPNUM_BE, 10u << 24);
    ck_assert(pending(m, 10));
    rv_aplic_set(m, 10, mode == LEVEL0);
    ck_assert(!pending(m, 10));
  }
}
END_TEST

/* Sources are named by bit or by number; what only writes is read as zero [4.5.6 to 4.5.14]. */
START_TEST(enable_bits)
{
  make(_i);
  out(m, sourcecfg(1), EDGE1);
  out(m, sourcecfg(LAST), EDGE1);
  out(m, SETIE, 0xffffffff);
  out(m, SETIE + 12, 0xffffffff);
  out(m, SETIE + 16, 0xffffffff);
  ck_assert_uint_eq(in(m, SETIE), 2);
  ck_assert_uint_eq(in(m, SETIE + 12), 1);
  ck_assert_uint_eq(in(m, SETIE + 16), 0);
  out(m, CLRIE, 0xffffffff);
  ck_assert_uint_eq(in(m, SETIE), 0);
  out(m, CLRIENUM, LAST);
  ck_assert_uint_eq(in(m, SETIE + 12), 0);
  out(m, SETIENUM, LAST);
  ck_assert_uint_eq(in(m, SETIE + 12), 1);
  static const unsigned silent[] = { SETIPNUM, CLRIPNUM,    SETIENUM,    CLRIE,
                                     CLRIENUM, SETIPNUM_LE, SETIPNUM_BE, CLRIE + 12 };
  for (unsigned i = 0; i < sizeof silent / sizeof *silent; i++)
    ck_assert_uint_eq(in(m, silent[i]), 0);
}
END_TEST

START_TEST(numbers_of_no_source_are_ignored)
{
  make(_i);
  static const uint32_t none[] = { 0, LAST + 1, 127, 1023, 0x80000000, 0xffffffff };
  for (unsigned i = 0; i < 6; i++) {
    out(m, SETIPNUM, none[i]);
    out(m, CLRIPNUM, none[i]);
    out(m, SETIENUM, none[i]);
    out(m, CLRIENUM, none[i]);
    out(m, SETIPNUM_LE, none[i]);
    rv_aplic_set(m, none[i], true);
  }
  for (unsigned word = 0; word < 32; word++)
    ck_assert_uint_eq(
        in(m, SETIP + 4 * word) | in(m, SETIE + 4 * word) | in(m, IN_CLRIP + 4 * word), 0);
}
END_TEST

/* ---- direct delivery [4.8] ---- */

/* IPRIO has 3 bits here and is never 0; nothing of MSI mode is there [4.5.16]. */
START_TEST(targets_in_direct_mode)
{
  make(RV_AIA_APLIC);
  out(m, sourcecfg(4), EDGE1);
  ck_assert_uint_ne(in(m, target(4)) & 0xff, 0);
  out(m, target(4), 0xffffffff);
  ck_assert_uint_eq(in(m, target(4)), 0xfffc0007);
  out(m, target(4), 1 << 18 | 8);
  ck_assert_uint_eq(in(m, target(4)), 1 << 18 | 1);
  out(m, GENMSI, 0xffffffff);
  out(m, MMSIADDRCFG, 0xffffffff);
  out(m, SMSIADDRCFGH, 0xffffffff);
  ck_assert_uint_eq(in(m, GENMSI) | in(m, MMSIADDRCFG) | in(m, SMSIADDRCFGH), 0);
}
END_TEST

START_TEST(domains_drive_MEIP_and_SEIP)
{
  make(RV_AIA_APLIC);
  start(m);
  start(s);
  prepare(m, 10, LEVEL1, 0, 1);
  out(m, sourcecfg(11), D);
  prepare(s, 11, LEVEL1, 1, 1);
  rv_aplic_set(m, 10, true);
  ck_assert_uint_eq(board.ip[0], IP(MEI));
  ck_assert_uint_eq(board.ip[1], 0);
  rv_aplic_set(m, 11, true);
  ck_assert_uint_eq(board.ip[1], IP(SEI));
  out(m, sourcecfg(11), INACTIVE); /* taken away by the parent */
  ck_assert_uint_eq(board.ip[1], 0);
  rv_aplic_set(m, 10, false);
  ck_assert_uint_eq(board.ip[0], 0);
}
END_TEST

/* Neither IE nor idelivery changes topi; both have to be set for the signal [4.8.1.1, 4.8.1.4]. */
START_TEST(two_switches)
{
  make(RV_AIA_APLIC);
  prepare(m, 10, LEVEL1, 0, 2);
  rv_aplic_set(m, 10, true);
  ck_assert_uint_eq(in(m, idc(0, TOPI)), 10 << 16 | 2);
  out(m, DOMAINCFG, IE);
  ck_assert_uint_eq(board.ip[0], 0);
  out(m, idc(0, IDELIVERY), 0xffffffff);
  ck_assert_uint_eq(in(m, idc(0, IDELIVERY)), 1);
  ck_assert_uint_eq(board.ip[0], IP(MEI));
  out(m, DOMAINCFG, 0);
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(in(m, idc(0, TOPI)), 10 << 16 | 2);
}
END_TEST

/* The smallest number is the highest priority; of equal ones the lowest source [4.5.16.1]. */
START_TEST(priorities)
{
  make(RV_AIA_APLIC);
  start(m);
  prepare(m, 40, DETACHED, 0, 5);
  prepare(m, 3, DETACHED, 0, 5);
  prepare(m, 95, DETACHED, 0, 4);
  prepare(m, 96, DETACHED, 1, 1);
  out(m, SETIPNUM, 40);
  out(m, SETIPNUM, 3);
  out(m, SETIPNUM, 95);
  out(m, SETIPNUM, 96);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 95 << 16 | 4);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 3 << 16 | 5);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 40 << 16 | 5);
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 0);
  ck_assert_uint_eq(in(m, idc(1, CLAIMI)), 96 << 16 | 1);
}
END_TEST

/* Those of the threshold's number and higher do not count; 0 lets all through [4.8.1.3]. */
START_TEST(threshold)
{
  make(RV_AIA_APLIC);
  start(m);
  prepare(m, 10, LEVEL1, 0, 3);
  rv_aplic_set(m, 10, true);
  out(m, idc(0, ITHRESHOLD), 3);
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(in(m, idc(0, TOPI)), 0);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 0);
  out(m, idc(0, ITHRESHOLD), 4);
  ck_assert_uint_eq(board.ip[0], IP(MEI));
  out(m, idc(0, ITHRESHOLD), 0xfffffff8);
  ck_assert_uint_eq(in(m, idc(0, ITHRESHOLD)), 0);
  ck_assert_uint_eq(in(m, idc(0, TOPI)), 10 << 16 | 3);
}
END_TEST

/* A claim clears what is an edge's, and not what is a level's [4.7, 4.8.1.5]. */
START_TEST(claims)
{
  make(RV_AIA_APLIC);
  start(m);
  prepare(m, 10, LEVEL1, 0, 1);
  prepare(m, 11, EDGE1, 0, 2);
  rv_aplic_set(m, 10, true);
  rv_aplic_set(m, 11, true);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 10 << 16 | 1);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 10 << 16 | 1);
  rv_aplic_set(m, 10, false);
  ck_assert_uint_eq(in(m, idc(0, TOPI)), 11 << 16 | 2);
  ck_assert_uint_eq(in(m, idc(0, TOPI)), 11 << 16 | 2); /* only looks */
  out(m, idc(0, CLAIMI), 0);                            /* ignored */
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 11 << 16 | 2);
  ck_assert_uint_eq(in(m, idc(0, CLAIMI)), 0);
  ck_assert_uint_eq(board.ip[0], 0);
}
END_TEST

/* iforce signals without a source, and ends with the claim of nothing [4.8.1.2]. */
START_TEST(spurious_interrupts)
{
  make(RV_AIA_APLIC);
  start(m);
  out(m, idc(1, IFORCE), 0xffffffff);
  ck_assert_uint_eq(in(m, idc(1, IFORCE)), 1);
  ck_assert_uint_eq(board.ip[1], IP(MEI));
  ck_assert_uint_eq(board.ip[0], 0);
  prepare(m, 11, DETACHED, 1, 1);
  out(m, SETIPNUM, 11);
  ck_assert_uint_eq(in(m, idc(1, CLAIMI)), 11 << 16 | 1);
  ck_assert_uint_eq(in(m, idc(1, IFORCE)), 1);
  ck_assert_uint_eq(in(m, idc(1, CLAIMI)), 0);
  ck_assert_uint_eq(in(m, idc(1, IFORCE)), 0);
  ck_assert_uint_eq(board.ip[1], 0);
}
END_TEST

/* ---- MSIs [4.9] ---- */

/* As firmware would do it, for files in mock RAM: harts 0x1000 apart at machine level, 0x4000 at
 * supervisor level. */
static void place_files(void)
{
  out(m, MMSIADDRCFG, MOCK_RAM_BASE >> 12);
  out(m, MMSIADDRCFGH, 1 << 12);
  out(m, SMSIADDRCFG, (uint32_t)(MOCK_RAM_BASE >> 12));
  out(m, SMSIADDRCFGH, 2 << 20);
}

static uint32_t memory(uint64_t at)
{
  uint32_t word;
  memcpy(&word, board.ram + at, 4);
  memset(board.ram + at, 0, 4);
  return word;
}

/* Guest Index only at supervisor level; bit 11 is zero [4.5.16.2]. */
START_TEST(targets_in_msi_mode)
{
  make(RV_AIA_IMSIC);
  out(m, sourcecfg(4), EDGE1);
  out(m, target(4), 0xffffffff);
  ck_assert_uint_eq(in(m, target(4)), 0xfffc07ff);
  out(m, sourcecfg(4), D);
  out(s, sourcecfg(4), EDGE1);
  out(s, target(4), 0xffffffff);
  ck_assert_uint_eq(in(s, target(4)), 0xfffff7ff);
}
END_TEST

/* Sent when pending, enabled, and IE; then it is not pending any more. */
START_TEST(forwarding)
{
  make(RV_AIA_IMSIC);
  place_files();
  prepare(m, 20, EDGE1, 1, 77);
  rv_aplic_set(m, 20, true);
  ck_assert(pending(m, 20));
  ck_assert_uint_eq(memory(0x1000), 0);
  out(m, DOMAINCFG, IE);
  ck_assert_uint_eq(memory(0x1000), 77);
  ck_assert(!pending(m, 20));
  out(m, CLRIENUM, 20);
  out(m, SETIPNUM, 20);
  ck_assert_uint_eq(memory(0x1000), 0);
  out(m, SETIENUM, 20);
  ck_assert_uint_eq(memory(0x1000), 77);
  ck_assert_uint_eq(board.ip[0] | board.ip[1], 0);
}
END_TEST

/* A level is sent once, until its input was low, or software asks while it is high [4.9.2]. */
START_TEST(levels_are_sent_once)
{
  make(RV_AIA_IMSIC);
  place_files();
  out(m, sourcecfg(20), D);
  prepare(s, 20, LEVEL1, 0, 5);
  out(s, DOMAINCFG, IE);
  rv_aplic_set(m, 20, true);
  ck_assert_uint_eq(memory(0), 5);
  out(s, SETIENUM, 20);
  ck_assert_uint_eq(memory(0), 0);
  out(s, SETIPNUM, 20);
  ck_assert_uint_eq(memory(0), 5);
  rv_aplic_set(m, 20, false);
  out(s, SETIPNUM, 20);
  ck_assert_uint_eq(memory(0), 0);
  rv_aplic_set(m, 20, true);
  ck_assert_uint_eq(memory(0), 5);
}
END_TEST

/* Supervisor level: base and LHXS of smsiaddrcfg, the rest of mmsiaddrcfgh; guests behind [4.9.1].
 */
START_TEST(addresses)
{
  make(RV_AIA_IMSIC);
  place_files();
  out(m, DOMAINCFG, IE);
  out(s, DOMAINCFG, IE);
  out(m, sourcecfg(20), D);
  prepare(s, 20, DETACHED, 1, 9);
  for (unsigned guest = 0; guest < 4; guest++) {
    out(s, target(20), 1 << 18 | guest << 12 | 9);
    out(s, SETIPNUM, 20);
    ck_assert_uint_eq(memory(0x4000 + 0x1000 * guest), 9);
  }
  /* Groups: HHXS 0, HHXW 1: bit 1 of the index goes to bit 24; base moved so that it is RAM. */
  out(m, MMSIADDRCFGH, 1 << 16 | 1 << 12);
  out(m, MMSIADDRCFG, (uint32_t)(MOCK_RAM_BASE >> 12) & ~0x1000u);
  prepare(m, 21, DETACHED, 3, 6);
  out(m, SETIPNUM, 21);
  ck_assert_uint_eq(memory(0x1000), 0); /* 0x81001000 is no RAM: lost */
  ck_assert(!pending(m, 21));
  out(m, target(21), 1 << 18 | 6);
  out(m, SETIPNUM, 21);
  ck_assert_uint_eq(memory(0x1000), 6);
}
END_TEST

/* WARL, with reserved bits zero; of the root only; L locks all of them [4.5.3, 4.5.4]. */
START_TEST(address_registers)
{
  make(RV_AIA_IMSIC);
  for (unsigned at = MMSIADDRCFG; at <= SMSIADDRCFGH; at += 4) {
    out(s, at, 0xffffffff);
    ck_assert_uint_eq(in(s, at), 0);
  }
  out(m, MMSIADDRCFGH, 0x7fffffff);
  ck_assert_uint_eq(in(m, MMSIADDRCFGH), 0x1f77ffff);
  out(m, SMSIADDRCFGH, 0xffffffff);
  ck_assert_uint_eq(in(m, SMSIADDRCFGH), 0x00700fff);
  out(m, MMSIADDRCFG, 0x12345678);
  out(m, SMSIADDRCFG, 0x9abcdef0);
  out(m, MMSIADDRCFGH, 0x80001000);
  for (unsigned at = MMSIADDRCFG; at <= SMSIADDRCFGH; at += 4)
    out(m, at, 0);
  ck_assert_uint_eq(in(m, MMSIADDRCFG), 0x12345678);
  ck_assert_uint_eq(in(m, MMSIADDRCFGH), 0x80001000);
  ck_assert_uint_eq(in(m, SMSIADDRCFG), 0x9abcdef0);
  ck_assert_uint_eq(in(m, SMSIADDRCFGH), 0x00700fff);
}
END_TEST

/* Sent whatever IE; never Busy; to the domain's level, without guests [4.5.15]. */
START_TEST(extempore_messages)
{
  make(RV_AIA_IMSIC);
  place_files();
  out(s, GENMSI, 0xffffffff);
  ck_assert_uint_eq(in(s, GENMSI), 0xfffc07ff);
  out(s, GENMSI, 1 << 18 | 3 << 12 | 200);
  ck_assert_uint_eq(memory(0x4000), 200);
  ck_assert_uint_eq(in(s, GENMSI), 1 << 18 | 200);
  out(m, GENMSI, 1 << 18 | 201);
  ck_assert_uint_eq(memory(0x1000), 201);
}
END_TEST

/* MEIP and SEIP are the IMSICs', and there are no IDC structures [4.5]. */
START_TEST(no_direct_delivery_beside_imsics)
{
  make(RV_AIA_IMSIC);
  board.ip[0] = IP(SEI);
  m->reset(m);
  s->reset(s);
  start(m);
  prepare(m, 10, LEVEL1, 0, 1);
  out(m, idc(0, IFORCE), 1);
  rv_aplic_set(m, 10, true);
  for (unsigned reg = 0; reg < 32; reg += 4)
    ck_assert_uint_eq(in(m, idc(0, reg)), 0);
  ck_assert_uint_eq(board.ip[0], IP(SEI));
}
END_TEST

/* What built-in firmware leaves: the files of QEMU's board, in QEMU's distances. */
START_TEST(handed_over)
{
  make(RV_AIA_IMSIC);
  rv_aplic_hand_over(m);
  for (unsigned i = 1; i <= LAST; i++)
    ck_assert_uint_eq(in(m, sourcecfg(i)), D);
  ck_assert_uint_eq(in(m, SMSIADDRCFG), 0x28000);
  ck_assert_uint_eq(in(m, SMSIADDRCFGH), 2 << 20);
  ck_assert_uint_eq(in(m, MMSIADDRCFG), 0x24000);
  ck_assert_uint_eq(in(m, MMSIADDRCFGH), 0x80001000);
  out(s, sourcecfg(LAST), LEVEL1);
  ck_assert_uint_eq(in(s, sourcecfg(LAST)), LEVEL1);
}
END_TEST

/* ---- all the same ---- */

START_TEST(reset_forgets)
{
  make(_i);
  start(m);
  rv_aplic_hand_over(m);
  prepare(s, 10, LEVEL1, 0, 1);
  start(s);
  rv_aplic_set(m, 10, true);
  m->reset(m);
  s->reset(s);
  ck_assert_uint_eq(board.ip[0], 0);
  ck_assert_uint_eq(in(m, sourcecfg(10)) | in(s, sourcecfg(10)) | in(s, SETIP) | in(s, SETIE), 0);
  ck_assert_uint_eq(in(m, DOMAINCFG) & IE, 0);
  ck_assert_uint_eq(in(m, MMSIADDRCFGH), 0);
  out(m, sourcecfg(10), LEVEL1); /* the wire is low */
  ck_assert(!pending(m, 10));
}
END_TEST

START_TEST(only_aligned_32_bit_accesses)
{
  make(_i);
  mock_refused(m, 0, 1);
  mock_refused(m, 0, 2);
  mock_refused(m, 0, 8);
  mock_refused(s, 2, 4);
  out(m, sourcecfg(7), D);
  mock_storm(s, 4);
  mock_storm(m, 4);
  mock_storm(s, 4);
  ck_assert_uint_eq(in(m, 0x1000) | in(m, 0x2008) | in(m, 0x7ffc) | in(m, idc(MOCK_HARTS, 0)), 0);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, nothing, teardown);
  tcase_add_loop_test(tc, domaincfg, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, source_modes_that_exist, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, delegation, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, inactive_sources_are_zeros, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, rectified_inputs, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, detached_is_set_by_writes_alone, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, edges, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_test(tc, levels_in_direct_mode);
  tcase_add_test(tc, levels_in_msi_mode);
  tcase_add_loop_test(tc, enable_bits, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, numbers_of_no_source_are_ignored, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_test(tc, targets_in_direct_mode);
  tcase_add_test(tc, domains_drive_MEIP_and_SEIP);
  tcase_add_test(tc, two_switches);
  tcase_add_test(tc, priorities);
  tcase_add_test(tc, threshold);
  tcase_add_test(tc, claims);
  tcase_add_test(tc, spurious_interrupts);
  tcase_add_test(tc, targets_in_msi_mode);
  tcase_add_test(tc, forwarding);
  tcase_add_test(tc, levels_are_sent_once);
  tcase_add_test(tc, addresses);
  tcase_add_test(tc, address_registers);
  tcase_add_test(tc, extempore_messages);
  tcase_add_test(tc, no_direct_delivery_beside_imsics);
  tcase_add_test(tc, handed_over);
  tcase_add_loop_test(tc, reset_forgets, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
  tcase_add_loop_test(tc, only_aligned_32_bit_accesses, RV_AIA_APLIC, RV_AIA_IMSIC + 1);
}
UNIT_MAIN("aplic", add_tests)
