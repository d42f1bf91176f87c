/* body.h - what the items that random code is made of share.
 *
 *   place.c   addresses: where a mode finds data and code
 *   insn.c    single instructions, memory accesses
 *   system.c  CSRs, fences, traps, interrupts, accesses as other modes
 *   change.c  code, page tables and regimes that change while the program runs; devices
 *   body.c    jumps, fragments
 *
 * Control never leaves what was meant as instructions: addresses that are jumped to by chance
 * refuse the fetch. Registers: sp, s0 and s1 point to data, s2 to data of the guest (for hlv, hsv,
 * MPRV), s10 and s11 count loops, x30 is for idioms, x31 is where to go on after a fetch fault. All
 * others are random code's.
 */
#ifndef RVH_FUZZ_BODY_H
#define RVH_FUZZ_BODY_H
#include "cpu/insn.h"
#include "gen.h"
#include "priv/csr.h"

enum { SP = 2, S0 = 8, S1 = 9, S2 = 18, S10 = 26, S11 = 27, TMP = 30 };
enum { MAX_RECOVER = 64 };

typedef struct {
  gen *g;
  unsigned mode;
  uint64_t start;
  uint64_t base;                 /* where AT_CODE is seen */
  unsigned depth;                /* of loops */
  uint64_t recover[MAX_RECOVER]; /* auipc x31, addi x31: to be led to the end */
  unsigned n_recover;
} body;

/* Adds some code. Nothing, if the mode or the flags do not allow it. */
typedef void item(body *b);

/* Privilege that CSR addresses are compared with: HS is 2. */
static inline unsigned level_of(unsigned mode) { return mode == MODE_HS ? 2 : mode & 3; }

/* What traps in this mode, nearly always: not too much of it. */
static inline bool spared(body *b, bool refused) { return refused && !chance(b->g, 15); }

/* ---- place.c ---- */
bool translated(const gen *g, unsigned mode);
/* An address of data as mode sees it: mostly one that allows accesses. */
uint64_t data_address(gen *g, unsigned mode);
/* Where mode may run the code region; where it may read, write and run the patch pages. */
uint64_t code_base(gen *g, unsigned mode);
uint64_t patch_base(gen *g, unsigned mode);

/* ---- insn.c ---- */
bool is_free(unsigned r);
unsigned free_register(gen *g);
unsigned pointer(gen *g);         /* one of those to data */
void simple(body *b, unsigned n); /* n times alu */
item alu, floating, constant, memory, amo, reserve, new_pointer;

/* ---- system.c ---- */
item csr_write, csr_read, fence, trap, toggle, guest_memory, modify_privilege, interrupt, timer,
    count, cache_block, wait_for;

/* ---- change.c ---- */
item modify_code, modify_table, swap_code, change_pmp, switch_regime, mmio;

/* ---- body.c ---- */
bool full(const body *b); /* the fragment is long enough */
/* A call that may fail to be fetched: then it goes on behind it. */
void call_risky(body *b, uint64_t address);
#endif
