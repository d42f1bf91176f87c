/* unit.h - the main() every unit test shares: one Check suite per program.
 *
 *   static void add_tests(TCase *tc) { tcase_add_test(tc, some_test); }
 *   UNIT_MAIN("walk", add_tests)
 */
#ifndef RVH_TESTS_UNIT_H
#define RVH_TESTS_UNIT_H
#include <check.h>
#include <stdint.h>
#include <stdlib.h>

/* Pseudo-random numbers, the same in every run (xorshift64*); a seed is not 0. */
static inline uint64_t unit_random(uint64_t *seed)
{
  *seed ^= *seed >> 12;
  *seed ^= *seed << 25;
  *seed ^= *seed >> 27;
  return *seed * 0x2545f4914f6cdd1d;
}

#define UNIT_MAIN(name, add)                                                                       \
  int main(void)                                                                                   \
  {                                                                                                \
    Suite *suite = suite_create(name);                                                             \
    TCase *tc = tcase_create(name);                                                                \
    tcase_set_timeout(tc, 120);                                                                    \
    add(tc);                                                                                       \
    suite_add_tcase(suite, tc);                                                                    \
    SRunner *runner = srunner_create(suite);                                                       \
    srunner_run_all(runner, CK_NORMAL);                                                            \
    int failed = srunner_ntests_failed(runner);                                                    \
    srunner_free(runner);                                                                          \
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                                   \
  }
#endif
