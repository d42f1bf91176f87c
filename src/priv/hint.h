/* hint.h - finding what is legal and probably a mistake, at the moment a trap is taken or a guest
 * entered. All in slow functions, and only while somebody listens (RV_EV_HINT is observed).
 */
#ifndef RV_HINT_H
#define RV_HINT_H
#include "cpu/event.h"
#include "cpu/hart.h"

typedef enum {
#define HINT(id, name, text, cure) RV_HINT_##id,
#include "priv/hint.def"
  N_RV_HINTS
} rv_hint_id;

/* Tells of a hint made at pc, once per hart and id; text NULL: the table's. */
void rv_hint_once(rv_hart *h, uint64_t pc, rv_hint_id id, const char *text);

/* Identical traps in a row that are worth a word, long before they count as wedged. */
enum { RV_LIVELOCK = 1000 };

/* Called by trap.c, before the transition changes anything. */
void rv_hint_trap(rv_hart *h, const rv_trap *t);
void rv_hint_livelock(rv_hart *h, const rv_trap *t);
void rv_hint_sret(rv_hart *h); /* the HS-level sret */
void rv_hint_mret(rv_hart *h);

static inline bool rv_hints_wanted(const rv_hart *h) { return h->observe & 1ull << RV_EV_HINT; }
#endif
