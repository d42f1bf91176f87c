/* block.h - predecoded code: blocks of ops, keyed by the physical address they were decoded from.
 *
 * Blocks survive satp, vsatp, hgatp and V changes. Ops are position independent: the pc is
 * rv_hart.vbase (the virtual page) plus an offset kept here. In front of every segment that can be
 * entered stands an rv_seg; a direct branch or jump is followed by an rv_link. All are 16 bytes, so
 * that the next op's address never depends on a load.
 */
#ifndef RV_BLOCK_H
#define RV_BLOCK_H
#include "cpu/hart.h"
#include "cpu/insn.h"
#include "cpu/sizes.h"
#include "mmu/phys.h"

typedef struct rv_op {
  const void *h;  /* the handler, or its index where dispatch is a switch */
  int32_t imm;    /* immediate; raw bits for AMO, F, D and system instructions; csr*: see rv_csr_raw */
  uint8_t rd;     /* x0 as destination is decoded to 32, a sink */
  uint8_t rs1, rs2;
  uint8_t n;      /* number of the instruction in its segment; jalr: see rv_link_offset */
} rv_op;

/* One segment: instructions that run to its end once entered, unless one of them stops. */
typedef struct {
  uint16_t n;      /* instructions */
  uint16_t pcoff;  /* page offset of the first */
  uint32_t native; /* native.c: where its code counts it and begins; 0: nowhere */
  uint64_t len4;  /* bit i: instruction i is 4 bytes long */
} rv_seg;

/* After a direct branch, jump or X_goto. */
typedef struct {
  rv_op *target; /* a block head in the same page, or a stub */
  int32_t off;   /* target's offset from vbase; outside [0, 4096) if it is in another page */
  uint32_t native; /* native.c: where the jump along it is; 0: nowhere */
} rv_link;

/* A link to another page holds only in the regime it was made in, and from the virtual page it was
 * made from: one physical page may be mapped at many. */
typedef struct {
  rv_seg seg; /* n = 0 */
  rv_op op;   /* X_cross */
  uint64_t gen, vbase;
  rv_op *target;
  uint64_t spare;
} rv_cross;

/* A same-page link that was never taken yet. */
typedef struct {
  rv_seg seg; /* n = 0 */
  rv_op op;   /* X_link */
  rv_link *link;
  uint64_t pa; /* the target's: same page, so no translation is needed */
} rv_stub;

_Static_assert(sizeof(rv_op) == 16 && sizeof(rv_seg) == 16 && sizeof(rv_link) == 16, "layout");

/* Ops that are no instructions, numbered after them. */
enum {
  X_undefined = N_OPS, /* bits that are no instruction: imm */
  X_goto,              /* block end without a jump: continue at the link */
  X_link,              /* rv_stub */
  X_cross,             /* rv_cross */
  X_stale,             /* head of a block whose bytes were overwritten */
  X_break,             /* a segment of its own: a breakpoint may be at this page offset */
  X_host,              /* + an opcode: by the host's floating point, see host.def */
  X_last = X_host + N_OPS - 1,
  N_HANDLERS
};

typedef struct rv_block {
  uint64_t pa;  /* of its first byte */
  uint64_t pa2; /* a 4-byte instruction across pages: of its second half, else 0 */
  rv_op *head;
  struct rv_block *next;         /* in the hash chain */
  struct rv_block *next_on_page[2];
} rv_block;

/* What an engine is to the blocks it runs. */
typedef struct {
  const void *const *handlers; /* N_HANDLERS of them */
  /* For code of their own (native.h), else NULL: the slow functions by opcode and X_undefined, and
   * where to go with a segment that cannot be afforded, a stale block, an unknown h->pc. */
  const void *const *slow;
  const void *leave, *stale, *jump;
} rv_engine;

/* The code cache of the machine: shared by all harts. */
struct rv_code {
  rv_phys *phys;
  const rv_engine *engine;
  uint64_t ext;                /* rv_choices.ext of the harts; RV_EXT_DEFAULT unless set */
  uint8_t *arena, *top;
  size_t size;
  uint8_t *native; /* native.h: the blocks' machine code, NULL if there is none */
  size_t native_size, native_used;
  rv_block **hash;
  uint64_t *breaks; /* virtual addresses of breakpoints */
  size_t n_breaks;
  /* Statistics: built, instructions in them, made stale, times the arena was retired. */
  uint64_t blocks, ops, stale, retired;
};

/* Allocates; NULL: out of memory. size is the arena's, in bytes. */
rv_code *rv_code_new(rv_phys *phys, size_t size, const rv_engine *engine);
void rv_code_free(rv_code *c);

/* Replaces the breakpoints: virtual addresses, whatever the regime. A block ends before an
 * instruction at the page offset of one, and a block that begins there asks: so code without
 * breakpoints runs at full speed. To be called between runs. False: out of memory. */
bool rv_code_set_breaks(rv_code *c, const uint64_t *addresses, size_t n);
/* Forgets all decoded code. To be called between runs. */
void rv_code_drop(rv_code *c);
bool rv_code_is_break(const rv_code *c, uint64_t pc);

/* What became of a request for a block. */
typedef enum {
  RV_BLOCK_OK,
  RV_BLOCK_FAULT, /* h->trap is filled */
  RV_BLOCK_STEP,  /* not cacheable here (PMP splits the page): execute one instruction alone */
} rv_block_result;

/* The head of the block at virtual pc of h's current regime, decoded if need be. *fence_shift is the
 * size of the page it was translated by, as address fences see it (rv_xlat). */
rv_block_result rv_block_get(rv_hart *h, uint64_t pc, rv_op **head, unsigned *fence_shift);

/* Resolves a same-page link and returns the target. NULL: enter by lookup at the stub's offset (a
 * 4-byte instruction across pages). */
rv_op *rv_block_link(rv_code *c, rv_stub *stub);

/* One instruction as an op on its own, for single steps: handlers by index. */
void rv_op_single(const rv_insn *d, uint64_t pc, rv_op *op, rv_link *link);

/* jal and jalr know the offset of the instruction after them; jalr keeps it in rs2 and n. */
static inline uint32_t rv_link_offset(const rv_op *op) { return op->rs2 | op->n << 8; }

/* csr* instructions have the page offset of their pc where rd and the opcode were, and the CSR's
 * index in rs2: their position costs no popcount. */
static inline uint32_t rv_csr_raw(const rv_op *op)
{
  return ((uint32_t)op->imm & ~0xfffu) | (op->rd & 31u) << 7 | 0x73;
}

static inline rv_seg *rv_seg_of(rv_op *op) { return (rv_seg *)op - 1 - op->n; }

/* Inline: without a popcnt instruction (x86-64's baseline has none) gcc calls its library, and every
 * slow function comes by here. 5 % of a VM exit (bench vmexit, paired). */
static inline unsigned rv_popcount(uint64_t m)
{
  m -= m >> 1 & 0x5555555555555555u;
  m = (m & 0x3333333333333333u) + (m >> 2 & 0x3333333333333333u);
  m = (m + (m >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return m * 0x0101010101010101u >> 56;
}

/* Page offset of instruction i of a segment. */
static inline uint64_t rv_seg_offset(const rv_seg *s, unsigned i)
{
  const uint64_t before = i >= 64 ? ~0ull : (1ull << i) - 1;
  return s->pcoff + 2 * i + 2 * rv_popcount(s->len4 & before);
}
#endif
