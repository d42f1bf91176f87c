/* test_flash_memory.c - flash as harts see it: memory to load, store to and execute, until a
 * command is written; the same through the G-stage.
 */
#include "cpu/hart.h"
#include "dev/pflash.h"
#include "mmu/access.h"
#include "mmu/phys.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include "unit.h"
#include <string.h>

enum { FLASH = 0x22000000, RAM = 0x80000000, ROOT = RAM + 0x4000 };

static rv_phys phys;
static rv_hart hart, *harts[] = { &hart };
static rv_board_ops board;
static rv_dev *dev;
static rv_region *flash;
static unsigned changes;

static bool claims(void *bus, uint64_t pa) { return pa - dev->base < dev->size; }
static bool bus_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  return dev->read(dev, pa - dev->base, size, value);
}
static bool bus_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  return dev->write(dev, pa - dev->base, size, value);
}

static void set_array(void *ctx, uint64_t base, bool array)
{
  flash->hidden = !array;
  rv_tlb_drop_all(&hart);
}
static void changed(void *ctx, uint64_t pa, uint64_t n) { changes++; }

static void setup(void)
{
  phys = (rv_phys){
    .harts = harts, .n_harts = 1, .bus_read = bus_read, .bus_write = bus_write, .bus_claims = claims
  };
  hart = (rv_hart){ .phys = &phys, .prv = PRV_M };
  ck_assert(rv_phys_add(&phys, RAM, 0x10000, false));
  flash = rv_phys_add(&phys, FLASH, RV_PFLASH_SIZE, true);
  ck_assert(flash && rv_mmu_init(&hart));
  rv_csr_reset(&hart);
  rv_pmp_reset(&hart);
  rv_pmp_write_addr(&hart, 15, ~0ull); /* the last entry grants everything */
  rv_pmp_write_cfg(&hart, 8, 0x1full << 56);
  const rv_pflash_memory memory = { .bytes = flash->host,
                                    .set_array = set_array,
                                    .changed = changed };
  dev = rv_pflash_new(&board, 1, &memory, NULL);
  memset(flash->host, 0xff, 4096);
  rv_regime_changed(&hart);
}

static void teardown(void)
{
  dev->free(dev);
  rv_mmu_free(&hart);
  rv_phys_free(&phys);
}

static uint64_t load(void)
{
  uint64_t value = 0;
  ck_assert(rv_load(&hart, FLASH, 4, NULL, &value));
  return value;
}

static void store(uint64_t value) { ck_assert(rv_store(&hart, FLASH, 4, NULL, value)); }

static bool can_fetch(void)
{
  rv_place place;
  return rv_fetch_place(&hart, FLASH, 4, &place) && place.host == flash->host;
}

/* One regime after the other: program a word, look at the status, return to the array. */
static void program(uint32_t word)
{
  rv_place place;
  ck_assert_uint_eq(load(), 0xffffffff);
  ck_assert(can_fetch());
  const rv_xmode mode = { .access = RV_LOAD, .prv = hart.prv, .v = hart.v };
  ck_assert(rv_locate(&hart, FLASH, 4, &mode, &place) && place.host); /* no device access */
  store(0x400040);
  ck_assert_uint_eq(load(), 0x800080); /* what was cached for loads is gone */
  ck_assert(!can_fetch());
  store(word);
  ck_assert_uint_eq(changes, 1);
  store(0xff00ff);
  ck_assert_uint_eq(load(), word);
  ck_assert(can_fetch());
}

START_TEST(from_m_mode) { program(0x12345678); }
END_TEST

/* A root whose first entry maps the first GiB to itself: V R W X U A D. */
START_TEST(through_the_g_stage)
{
  const uint64_t pte = 0xdf;
  ck_assert(rv_phys_write(&phys, ROOT, &pte, sizeof pte));
  hart.csr.hgatp = 8ull << 60 | ROOT >> 12;
  hart.prv = PRV_S;
  hart.v = true;
  rv_regime_changed(&hart);
  program(0xcafef00d);
}
END_TEST

START_TEST(no_atomics_and_no_dma)
{
  rv_place place;
  const uint32_t word = 0;
  ck_assert(!rv_atomic(&hart, FLASH, 4, true, &place));
  ck_assert_uint_eq(hart.trap.cause, CAUSE_STORE_ACCESS);
  ck_assert(!rv_phys_write(&phys, FLASH, &word, 4));
  ck_assert_uint_eq(load(), 0xffffffff);
}
END_TEST

/* Read-only memory that no device claims refuses stores as before. */
START_TEST(a_rom_stays_one)
{
  rv_region *rom = rv_phys_add(&phys, 0x1000, 0x1000, true);
  ck_assert_ptr_nonnull(rom);
  ck_assert(!rv_store(&hart, 0x1000, 4, NULL, 1));
  ck_assert_uint_eq(hart.trap.cause, CAUSE_STORE_ACCESS);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, from_m_mode);
  tcase_add_test(tc, through_the_g_stage);
  tcase_add_test(tc, no_atomics_and_no_dma);
  tcase_add_test(tc, a_rom_stays_one);
}
UNIT_MAIN("flash_memory", add_tests)
