/* soak.h - other and more cases than ctest's: MODEL_SEED=n, MODEL_TIMES=n in the environment. */
#ifndef RVH_TESTS_MODEL_SOAK_H
#define RVH_TESTS_MODEL_SOAK_H
#include <stdint.h>
#include <stdlib.h>

static inline uint64_t soak_seed(uint64_t seed)
{
  const char *text = getenv("MODEL_SEED");
  return seed + (text ? strtoull(text, NULL, 0) * 0x9e3779b97f4a7c16ull : 0);
}
static inline unsigned soak_times(unsigned cases)
{
  const char *text = getenv("MODEL_TIMES");
  return text ? cases * strtoul(text, NULL, 0) : cases;
}
#endif
