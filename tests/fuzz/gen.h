/* gen.h - what the parts of the generator share: the image under construction, random numbers,
 * the assembler, and the map of memory.
 *
 *   emit.c     random numbers, assembling into the image
 *   table.c    page tables
 *   handler.c  trap handlers of M, HS and VS
 *   body.h     the random code
 *   program.c  phases, and putting it all together
 */
#ifndef RVH_FUZZ_GEN_H
#define RVH_FUZZ_GEN_H
#include "program.h"

/* Physical memory, as offsets from where a hart's part of the image begins. Handlers and page
 * tables are never written by chance: random stores have base registers that random code keeps its
 * hands off. */
enum {
  AT_START = 0,
  AT_M_HANDLER = 0x3000,
  AT_TOHOST = 0x4000,
  AT_M_SAVE = 0x5000,
  AT_HS_HANDLER = 0x6000,
  AT_HS_SAVE = 0x7000,
  AT_VS_HANDLER = 0x8000,
  AT_VS_SAVE = 0x9000,
  AT_DATA = 0x10000,  /* 16 pages, aligned for NAPOT */
  AT_CODE = 0x20000,  /* 16 pages */
  AT_PATCH = 0x30000, /* 2 pages: code that is changed while the program runs */
  AT_TABLES = 0x40000,
};
#define PA(offset) (g->base + (offset))
/* What windows show of data and patch pages is the first hart's: harts share it. */
#define SHARED(offset) (FUZZ_BASE + (offset))

/* Virtual memory of every tree: all of the image at its own address, for supervisors; windows of
 * 4 KiB pages at WINDOWS; and two superpages with more. A G-stage tree has the same
 * layout in guest physical memory. */
#define WINDOWS 0x40000000ull
#define SUPER_2M 0x40200000ull
#define SUPER_BAD 0x40400000ull  /* misaligned */
#define SUPER_NONE 0x40600000ull /* its table is in no memory */
#define SUPER_1G 0xc0000000ull
enum { /* pages of the windows, and how many */
       WIN_CODE_U = 0,
       WIN_CODE_S = 16,
       WIN_PATCH_S = 32,
       WIN_PATCH_U = 36,
       WIN_DATA_U = 40,
       WIN_DATA_S = 48,
       WIN_VOLATILE = 56, /* their PTEs are changed by random code; even ones are for users */
       WIN_NAPOT = 64,
       WIN_BAD = 80,
       WIN_NONE = 100,
       WIN_SWAP =
           102, /* for supervisors: each one of the two patch pages, changed by random code */
       WIN_MMIO = 112, /* CLINT for users, CLINT for supervisors, UART likewise */
       N_WINDOWS = 116,
};

/* Modes as the handlers' protocol has them: privilege | V << 2. */
enum { MODE_U = 0, MODE_HS = 1, MODE_M = 3, MODE_VU = 4, MODE_VS = 5 };
static inline bool mode_is_v(unsigned mode) { return mode >> 2; }
static inline bool mode_is_user(unsigned mode) { return !(mode & 3); }

/* An ecall with a7 = MAGIC is a request to the handlers: a5 is a mode, and a6 where to go on in it;
 * or one of these. */
enum { MAGIC = 0x5a5, DO_NEXT_PHASE = 8, DO_ABORT = 9 };

/* Offsets in a handler's save area, which its scratch register points to. */
enum {
  SAVE_HASH = 256,
  SAVE_COUNT = 264,
  SAVE_NEXT = 272,
  SAVE_LIMIT = 280,
  SAVE_ABORTED = 288,
  SAVE_SRET_HS = 296,
  SAVE_SRET_VS = 304,
};

/* Slots of 16 bytes in the patch pages. Those at the end of each page jump to the page before and
 * to the one behind, and are not changed. */
enum { PAGE_SLOTS = 256, SLOT_BACK = 253, SLOT_ON = 254, PATCH_SLOTS = 2 * PAGE_SLOTS };

enum { TREE_S, TREE_VS, TREE_G };
typedef struct {
  uint8_t kind;          /* TREE_* */
  uint8_t levels;        /* 3, 4, 5 */
  uint16_t id;           /* ASID or VMID */
  bool alias;            /* of TREE_VS: leads through the windows of the G-stage */
  bool super_user[2];    /* SUPER_2M, SUPER_1G are for users */
  uint64_t root, leaves; /* physical; of the windows' PTEs */
  uint64_t super;        /* of SUPER_2M's PTE */
} tree;

enum { MAX_TREES = 4 };

/* What a phase runs under; NULL: Bare. */
typedef struct {
  const tree *satp, *vsatp, *hgatp;
} regime;

typedef struct {
  uint64_t random;
  unsigned flags;
  uint8_t *image;
  uint64_t base; /* where this hart's part begins */
  uint64_t at;   /* physical address of the next instruction */
  uint64_t next_table;
  tree trees[3][MAX_TREES];
  unsigned n_trees[3];
  regime regime;   /* of the phase under construction */
  bool vs_changed; /* somebody changes guests' own tables: fences for them are for one VMID each */
} gen;

/* ---- emit.c ---- */
uint64_t rnd64(gen *g);
uint64_t rnd(gen *g, uint64_t n); /* 0 .. n-1 */
static inline bool chance(gen *g, unsigned percent) { return rnd(g, 100) < percent; }
void poke64(gen *g, uint64_t pa, uint64_t value);
uint64_t peek64(const gen *g, uint64_t pa);
void emit_bits(gen *g, uint32_t bits, unsigned length);
/* Assembles lines separated by ';' or newlines at g->at. "name:" is a label of this text, "@name"
 * its address; all instructions of a text with labels are 4 bytes long. */
__attribute__((format(printf, 2, 3))) void emit(gen *g, const char *format, ...);
/* rd = value, in as many instructions as it takes. */
void emit_li(gen *g, unsigned rd, uint64_t value);
/* csr = value, via x30. */
void emit_csr_write(gen *g, unsigned csr, uint64_t value);
/* A jump over what is emitted between the two. */
uint64_t emit_hole(gen *g);
void patch_jump(gen *g, uint64_t hole, unsigned rd, uint64_t target);

/* ---- table.c ---- */
void make_trees(gen *g);
uint64_t tree_atp(const tree *t); /* satp, vsatp or hgatp; NULL: 0 */
/* A PTE for a page of WIN_VOLATILE. */
uint64_t volatile_pte(gen *g, const tree *t, unsigned window);
/* PTEs for WIN_SWAP, SUPER_2M and WIN_NAPOT: other code; written to or not. */
uint64_t swap_pte(gen *g, const tree *t);
uint64_t super_pte(gen *g, const tree *t);
uint64_t napot_pte(gen *g, const tree *t);

/* Any regime; the tables fit together. */
void choose_regime(gen *g);
/* Random PMP entries in front of the last, which allows everything. M-mode; fences are the
 * caller's. */
void emit_pmp(gen *g);

/* ---- handler.c ---- */
void emit_handlers(gen *g, uint64_t final);

/* ---- body.c ---- */
/* A chain of fragments of code for the current regime, the last of which asks for the next phase.
 * Returns the first one's mode and address. */
uint64_t emit_fragments(gen *g, unsigned n, unsigned *mode);
#endif
