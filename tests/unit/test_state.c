/* test_state.c - src/state: what is written is read again; whatever else is read ends in a message.
 */
#include "state/state.h"
#include "unit.h"
#include <glib.h>
#include <string.h>

typedef struct {
  uint64_t a, words[3];
  uint32_t b;
  uint16_t c;
  uint8_t d, bytes[5];
  bool e, f;
  char *text, *none;
} sample;

static const sample filled = { .a = 0x1122334455667788,
                               .words = { 1, ~0ull, 1ull << 63 },
                               .b = 0xdeadbeef,
                               .c = 0xabcd,
                               .d = 0x5a,
                               .bytes = { 1, 2, 3, 4, 255 },
                               .e = true,
                               .f = false,
                               .text = (char *)"a text" };

static void fields(sample *x, rv_state *s)
{
  rv_state_field(s, &x->a);
  rv_state_field(s, &x->b);
  rv_state_field(s, &x->c);
  rv_state_field(s, &x->d);
  rv_state_field(s, &x->e);
  rv_state_field(s, &x->f);
  rv_state_words(s, x->words, 3);
  rv_state_bytes(s, x->bytes, sizeof x->bytes);
  rv_state_text(s, &x->text);
  rv_state_text(s, &x->none);
}

static void parts(sample *x, rv_state *s, unsigned version)
{
  rv_state_begin(s, "first", 0, 1);
  fields(x, s);
  rv_state_end(s);
  rv_state_begin(s, "sixteen letters!", 7, version);
  rv_state_field(s, &x->a);
  rv_state_end(s);
}

static GByteArray *written(void)
{
  char *bytes = NULL;
  size_t n = 0;
  FILE *out = open_memstream(&bytes, &n);
  rv_state *s = rv_state_writer(out);
  sample x = filled;
  parts(&x, s, 3);
  ck_assert_ptr_null(rv_state_finish(s));
  rv_state_free(s);
  fclose(out);
  GByteArray *file = g_byte_array_new();
  g_byte_array_append(file, (uint8_t *)bytes, (guint)n);
  free(bytes);
  return file;
}

/* The checksum of what is there now: damage that it does not show. */
static void sum_again(GByteArray *f)
{
  gsize n = RV_STATE_SUM;
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  if (f->len < RV_STATE_SUM)
    return;
  g_checksum_update(sum, f->data, f->len - RV_STATE_SUM);
  g_checksum_get_digest(sum, f->data + f->len - RV_STATE_SUM, &n);
}

/* The message without its way out, or NULL. */
static char *problem(const uint8_t *bytes, size_t n, unsigned version)
{
  sample x = { 0 };
  rv_state *s = rv_state_reader(bytes, n);
  parts(&x, s, version);
  const char *text = rv_state_finish(s);
  char *line = text ? g_strndup(text, strcspn(text, "\n")) : NULL;
  ck_assert(!text || strchr(text, '\n'));
  free(x.text);
  free(x.none);
  rv_state_free(s);
  return line;
}

#define ASSERT_PROBLEM(file, version, text)                                                        \
  do {                                                                                             \
    g_autofree char *line = problem((file)->data, (file)->len, version);                           \
    ck_assert_str_eq(line, text);                                                                  \
    g_byte_array_unref(file);                                                                      \
  } while (0)

START_TEST(what_is_written_is_read)
{
  GByteArray *f = written();
  sample x = { 0 };
  rv_state *s = rv_state_reader(f->data, f->len);
  ck_assert(rv_state_loading(s));
  ck_assert(rv_state_next_is(s, "first", 0));
  ck_assert(!rv_state_next_is(s, "first", 1));
  parts(&x, s, 3);
  ck_assert_ptr_null(rv_state_finish(s));
  ck_assert_uint_eq(x.a, filled.a);
  ck_assert_uint_eq(x.b, filled.b);
  ck_assert_uint_eq(x.c, filled.c);
  ck_assert_uint_eq(x.d, filled.d);
  ck_assert(x.e && !x.f);
  ck_assert_mem_eq(x.words, filled.words, sizeof x.words);
  ck_assert_mem_eq(x.bytes, filled.bytes, sizeof x.bytes);
  ck_assert_str_eq(x.text, "a text");
  ck_assert_ptr_null(x.none);
  free(x.text);
  rv_state_free(s);
  g_byte_array_unref(f);
}
END_TEST

START_TEST(numbers_are_little_endian)
{
  static const uint8_t a[] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0xef, 0xbe };
  GByteArray *f = written();
  ck_assert_mem_eq(f->data + 16 + 32, a, sizeof a);
  g_byte_array_unref(f);
}
END_TEST

START_TEST(every_damaged_byte_is_noticed)
{
  GByteArray *f = written();
  for (guint i = 0; i < f->len; i++) {
    f->data[i] ^= 1 << (i & 7);
    g_autofree char *line = problem(f->data, f->len, 3);
    ck_assert_msg(line != NULL, "byte %u", i);
    f->data[i] ^= 1 << (i & 7);
  }
  g_byte_array_unref(f);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
  GByteArray *f = written();
  for (guint n = 0; n < f->len; n++) {
    g_autofree uint8_t *exact =
        g_memdup2(f->data, n); /* so that a sanitizer sees what is read behind */
    g_autofree char *line = problem(exact, n, 3);
    ck_assert_msg(line != NULL, "%u bytes", n);
  }
  g_byte_array_unref(f);
}
END_TEST

START_TEST(other_versions_are_named)
{
  GByteArray *f = written();
  f->data[8] = 9;
  ASSERT_PROBLEM(f, 3, "has format 9, and this rvh-sim reads format 1");
  f = written();
  ASSERT_PROBLEM(f, 4, "part sixteen letters! 7 is of version 3, and this rvh-sim reads version 4");
  f = written();
  f->data[0] = 'X';
  ASSERT_PROBLEM(f, 3, "is no snapshot");
  f = written();
  f->data[60] ^= 1;
  ASSERT_PROBLEM(f, 3, "is damaged or cut: its checksum is wrong");
}
END_TEST

START_TEST(other_parts_are_named)
{
  GByteArray *f = written();
  f->data[16] = 'F';
  sum_again(f);
  ASSERT_PROBLEM(f, 3, "it has part First 0 where first 0 belongs");
  f = written();
  f->data[16 + RV_STATE_NAME] = 5;
  sum_again(f);
  ASSERT_PROBLEM(f, 3, "it has part first 5 where first 0 belongs");
  f = written();
  f->data[16 + RV_STATE_NAME + 8 + 3] = 1; /* the length */
  sum_again(f);
  ASSERT_PROBLEM(f, 3, "part first 0 is longer than the file");
  f = written();
  f->data[16 + RV_STATE_NAME + 8]--;
  sum_again(f);
  ASSERT_PROBLEM(f, 3, "part first 0 is too short: another version made it");
  f = written();
  f->data[16 + 32 + 8 + 4 + 2 + 1] = 2; /* e */
  sum_again(f);
  ASSERT_PROBLEM(f, 3, "part first 0 holds what no machine can hold");
}
END_TEST

START_TEST(fields_too_few_and_parts_too_many)
{
  GByteArray *f = written();
  sample x = { 0 };
  rv_state *s = rv_state_reader(f->data, f->len);
  rv_state_begin(s, "first", 0, 1);
  rv_state_field(s, &x.a);
  rv_state_end(s);
  ck_assert(g_str_has_prefix(rv_state_finish(s), "part first 0 is too long"));
  rv_state_free(s);
  s = rv_state_reader(f->data, f->len);
  rv_state_begin(s, "first", 0, 1);
  fields(&x, s);
  rv_state_end(s);
  ck_assert(g_str_has_prefix(rv_state_finish(s), "it has part sixteen letters!, which"));
  rv_state_free(s);
  free(x.text);
  g_byte_array_unref(f);
}
END_TEST

/* With the checksum made right again, so that the rest has to notice. */
START_TEST(random_damage_never_crashes)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(7);
  for (unsigned i = 0; i < 20000; i++) {
    GByteArray *f = written();
    for (unsigned k = g_rand_int_range(random, 1, 5); k--;)
      f->data[g_rand_int_range(random, 12, (gint)f->len)] = (uint8_t)g_rand_int(random);
    if (i & 1)
      g_byte_array_set_size(f, (guint)g_rand_int_range(random, 40, (gint)f->len));
    sum_again(f);
    g_autofree uint8_t *exact = g_memdup2(f->data, f->len);
    g_free(problem(exact, f->len, 3));
    g_byte_array_unref(f);
  }
}
END_TEST

START_TEST(a_full_disk_is_told)
{
  FILE *out = fopen("/dev/full", "wb");
  if (!out)
    return;
  setvbuf(out, NULL, _IONBF, 0);
  rv_state *s = rv_state_writer(out);
  sample x = filled;
  parts(&x, s, 3);
  ck_assert_str_eq(rv_state_finish(s), "it cannot be written\nlook for a full disk");
  rv_state_free(s);
  fclose(out);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, what_is_written_is_read);
  tcase_add_test(tc, numbers_are_little_endian);
  tcase_add_test(tc, every_damaged_byte_is_noticed);
  tcase_add_test(tc, every_truncation_is_noticed);
  tcase_add_test(tc, other_versions_are_named);
  tcase_add_test(tc, other_parts_are_named);
  tcase_add_test(tc, fields_too_few_and_parts_too_many);
  tcase_add_test(tc, random_damage_never_crashes);
  tcase_add_test(tc, a_full_disk_is_told);
}

UNIT_MAIN("state", add_tests)
