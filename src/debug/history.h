/* history.h - what the trap log says of the last transitions, at level `full`, kept as text: what
 * `why` shows, in the stepper and in gdb. Old text is dropped, so that a long run needs no more
 * memory than a short one.
 */
#ifndef RV_DEBUG_HISTORY_H
#define RV_DEBUG_HISTORY_H
#include "cpu/hart.h"
#include "rvh.h"

typedef struct rv_history rv_history;

/* Called after a trap, redirect or return was logged. */
typedef void rv_history_seen(void *ctx, const rv_event *event);

/* Attaches the log. The machine must not run after rv_history_free. */
rv_history *rv_history_new(rvh_machine *m, rv_history_seen *seen, void *ctx);
void rv_history_free(rv_history *h, const rvh_result *result);

/* Places in the text count from the very first byte ever logged. */
uint64_t rv_history_end(rv_history *h);
/* Where the n-th transition from the end begins (1: the last); the end if there were fewer. A
 * redirect belongs to the trap before it. */
uint64_t rv_history_last(rv_history *h, unsigned n);
/* Prints from a place to the end, or what is left of it. */
void rv_history_print(rv_history *h, uint64_t from, FILE *out);
#endif
