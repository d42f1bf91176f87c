/* test_phys.c - memory behind physical addresses, and who is told of a write to it. */
#include "mmu_fixture.h"

static rv_region *ram(fixture *f) { return &f->phys.region[0]; }
static void written(fixture *f, rv_hart *h, uint64_t pa, uint64_t n)
{
  rv_phys_written(&f->phys, ram(f), h, pa, n);
}

START_TEST(regions)
{
  rv_phys p = { 0 };
  ck_assert_ptr_null(rv_phys_add(&p, RAM + 1, PAGE, false));
  ck_assert_ptr_null(rv_phys_add(&p, RAM, PAGE + 1, false));
  ck_assert_ptr_null(rv_phys_add(&p, RAM, 0, false));
  for (unsigned i = 0; i < RV_MAX_REGIONS; i++)
    ck_assert_ptr_nonnull(rv_phys_add(&p, RAM + i * 2 * PAGE, PAGE, false));
  ck_assert_ptr_null(rv_phys_add(&p, 0, PAGE, false));
  ck_assert_uint_eq(p.n_regions, RV_MAX_REGIONS);
  rv_phys_free(&p);
  ck_assert_uint_eq(p.n_regions, 0);
}
END_TEST

/* An access is in one region whole, or in none. */
START_TEST(find)
{
  fixture *f = set_up();
  rv_phys *p = &f->phys;
  const uint64_t end = RAM + RAM_SIZE;
  ck_assert_ptr_eq(rv_phys_find(p, RAM, 8), ram(f));
  ck_assert_ptr_eq(rv_phys_find(p, end - 8, 8), ram(f));
  ck_assert_ptr_null(rv_phys_find(p, end - 7, 8));
  ck_assert_ptr_null(rv_phys_find(p, end, 1));
  ck_assert_ptr_null(rv_phys_find(p, RAM - 1, 2));
  ck_assert_ptr_null(rv_phys_find(p, ~0ull, 2));
  ck_assert_ptr_null(rv_phys_find(p, RAM, ~0ull));
  ck_assert(rv_phys_find(p, ROM, PAGE)->readonly);
  ck_assert_ptr_null(rv_phys_find(p, ROM, PAGE + 1));
  ck_assert_ptr_eq(rv_region_host(ram(f), RAM + 5), ram(f)->host + 5);
  ck_assert_ptr_eq(rv_region_page(ram(f), RAM + 2 * PAGE + 9), &ram(f)->pages[2]);
  tear_down(f);
}
END_TEST

START_TEST(copies)
{
  fixture *f = set_up();
  uint8_t in[3 * PAGE], out[3 * PAGE];
  memset(in, 0xa5, sizeof in);
  memset(out, 0, sizeof out);
  ck_assert(rv_phys_write(&f->phys, RAM + 100, in, sizeof in));
  ck_assert(rv_phys_read(&f->phys, RAM + 100, out, sizeof out));
  ck_assert_mem_eq(in, out, sizeof in);
  ck_assert_uint_eq(*word(f, RAM + 88), 0);
  /* Not whole in memory: nothing is copied. */
  ck_assert(!rv_phys_write(&f->phys, RAM + RAM_SIZE - 8, in, 16));
  ck_assert_uint_eq(*word(f, RAM + RAM_SIZE - 8), 0);
  ck_assert(!rv_phys_read(&f->phys, RAM - 8, out, 16));
  ck_assert(!rv_phys_write(&f->phys, ROM, in, 8));
  ck_assert(rv_phys_read(&f->phys, ROM, out, 8));
  ck_assert_uint_eq(out[0], 0);
  ck_assert(rv_phys_write(&f->phys, RAM, in, 0));
  tear_down(f);
}
END_TEST

/* A write by another, on any byte of the reservation, ends it; one's own or a neighbour does not.
 * [unpriv a#lrsc] */
START_TEST(reservations)
{
  fixture *f = set_up();
  rv_hart *h = f->h;
  const uint64_t at = RAM + 0x1000;
  static const struct {
    int off;
    unsigned n;
    bool dies;
  } cases[] = {
    { -8, 8, false }, { -7, 8, true }, { 0, 1, true },
    { 7, 1, true },   { 8, 8, false }, { -0x1000, 0x3000, true },
  };
  for (unsigned i = 0; i < 6; i++)
    for (unsigned who = 0; who < 3; who++) {
      h->reservation = at;
      f->harts[1]->reservation = at;
      written(f, who < 2 ? f->harts[who] : NULL, at + cases[i].off, cases[i].n);
      ck_assert_int_eq(h->reservation == ~0ull, cases[i].dies && who != 0);
      ck_assert_int_eq(f->harts[1]->reservation == ~0ull, cases[i].dies && who != 1);
    }
  h->reservation = at;
  uint8_t byte = 0;
  ck_assert(rv_phys_write(&f->phys, at + 3, &byte, 1)); /* a device */
  ck_assert_uint_eq(h->reservation, ~0ull);
  /* Nothing is reserved: all ones matches no write. */
  written(f, NULL, RAM + RAM_SIZE - 8, 8);
  ck_assert_uint_eq(h->reservation, ~0ull);
  tear_down(f);
}
END_TEST

/* Only a store to a granule of 64 bytes that was decoded is told, and ends the writer's block. */
START_TEST(decoded_granules)
{
  fixture *f = set_up();
  rv_page *page = rv_region_page(ram(f), RAM + PAGE);
  page->has_code = true;
  page->code_granules = 1ull << 0 | 1ull << 5 | 1ull << 63;
  static const struct {
    int off;
    unsigned n, calls;
  } cases[] = {
    { 0, 1, 1 },   { 63, 1, 1 },  { 64, 8, 0 },   { 319, 1, 0 },  { 319, 2, 1 },
    { 383, 1, 1 }, { 384, 8, 0 }, { 4031, 1, 0 }, { 4032, 1, 1 }, { 4095, 1, 1 },
    { -1, 1, 0 },  { -1, 2, 1 },  { 4096, 8, 0 }, { 64, 200, 0 }, { -4096, 3 * PAGE, 1 },
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    f->n_code = 0;
    f->h->end_block = false;
    written(f, f->h, RAM + PAGE + cases[i].off, cases[i].n);
    ck_assert_msg(f->n_code == cases[i].calls, "case %u: %u", i, f->n_code);
    ck_assert_int_eq(f->h->end_block, cases[i].calls != 0);
    written(f, NULL, RAM + PAGE + cases[i].off, cases[i].n);
    ck_assert_uint_eq(f->n_code, 2 * cases[i].calls);
  }
  tear_down(f);
}
END_TEST

/* A watched page tells which of its bytes were written; others are silent. */
START_TEST(watched_pages)
{
  fixture *f = set_up();
  rv_region_page(ram(f), RAM + PAGE)->watched = true;
  rv_region_page(ram(f), RAM + 2 * PAGE)->watched = true;
  written(f, f->h, RAM + 8, 8);
  written(f, f->h, RAM + 3 * PAGE, 8);
  ck_assert_uint_eq(f->n_watched, 0);
  written(f, f->h, RAM + PAGE + 16, 4);
  ck_assert_uint_eq(f->n_watched, 1);
  ck_assert_uint_eq(f->watch_pa[0], RAM + PAGE + 16);
  ck_assert_uint_eq(f->watch_size[0], 4);
  f->n_watched = 0;
  written(f, NULL, RAM + 8, 4 * PAGE); /* a large copy: each page its own part */
  ck_assert_uint_eq(f->n_watched, 2);
  ck_assert_uint_eq(f->watch_pa[0], RAM + PAGE);
  ck_assert_uint_eq(f->watch_size[0], PAGE);
  ck_assert_uint_eq(f->watch_pa[1], RAM + 2 * PAGE);
  ck_assert_uint_eq(f->watch_size[1], PAGE);
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, regions);
  tcase_add_test(tc, find);
  tcase_add_test(tc, copies);
  tcase_add_test(tc, reservations);
  tcase_add_test(tc, decoded_granules);
  tcase_add_test(tc, watched_pages);
}
UNIT_MAIN("phys", add_tests)
