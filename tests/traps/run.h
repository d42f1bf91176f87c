/* run.h - executes cases and compares everything that can be seen afterwards. */
#ifndef RVH_TRAPS_RUN_H
#define RVH_TRAPS_RUN_H
#include "rules.h"

enum { MAX_COMPARED = 512 };

typedef struct {
  core *c;
  const rules *rules;
  unsigned fills; /* how often a case is tried, each time with another rest of the hart */
  unsigned n_compared;
  uint16_t compared[MAX_COMPARED], filled[MAX_COMPARED]; /* CSR numbers */
  unsigned n_filled;
  GString *errors; /* what differed */
  unsigned n_cases, n_runs, n_failed;
} runner;

void runner_init(runner *r, const rules *rules, unsigned fills);
void runner_free(runner *r);

/* A case_taker. Differences go to r->errors; an error is a case that cannot be executed at all. */
bool run_case(void *r, const trap_case *k, GError **error);
#endif
