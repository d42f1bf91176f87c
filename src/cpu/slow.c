/* slow.c - the slow functions: exact position, act once, trap or go on.
 *
 * Includes the bodies of all instructions that are not pure arithmetic (exec_a, exec_fd, exec_sys,
 * exec_h, exec_cbo). Depends on mmu/access.h for memory, priv/ for CSRs and traps, hv/ for what V=1
 * changes.
 */
#include "cpu/slow.h"
#include "cpu/event.h"
#include "cpu/fp.h"
#include "hv/tinst.h"
#include "hv/virtual.h"
#include "mmu/access.h"
#include "mmu/mask.h"
#include "mmu/tlb.h"
#include "priv/counter.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "priv/tell.h"
#include "priv/trap.h"
#include <string.h>

typedef enum { RV_DONE, RV_JUMPED, RV_TRAPPED } rv_done;

/* ---- where we are ---- */

/* Makes h->icount that of the instruction op: the segment was counted as a whole when it was
 * entered. */
static void sync_count(rv_hart *h, rv_op *op, int64_t budget)
{
  h->icount = h->limit - budget - (rv_seg_of(op)->n - op->n);
}

/* The same, and h->pc. */
static void sync(rv_hart *h, rv_op *op, int64_t budget)
{
  sync_count(h, op, budget);
  h->pc = h->vbase + rv_seg_offset(rv_seg_of(op), op->n);
}

/* The instruction is done; the block goes on unless something it did forbids that. */
static bool done(rv_hart *h, rv_op *op)
{
  if (likely(!h->end_block && !h->leave))
    return true;
  h->icount++;
  h->pc = h->vbase + rv_seg_offset(rv_seg_of(op), op->n + 1);
  return false;
}

static bool trapped(rv_hart *h)
{
  rv_take_trap(h, &h->trap);
  return false;
}

/* The 32-bit encoding without immediate, as far as a transformed instruction needs it. */
static uint32_t base_bits(unsigned opcode, const rv_op *op)
{
  unsigned n;
  const rv_insn_row *row = &rv_insn_rows(&n)[opcode - 1];
  const bool store = row->kind == RV_KIND_STORE || row->kind == RV_KIND_FSTORE;
  return row->match | (store ? (uint32_t)op->rs2 << 20 : (uint32_t)(op->rd & 31) << 7);
}

static bool access_trapped(rv_hart *h, rv_op *op, unsigned opcode, uint64_t ea)
{
  const bool compressed = !(rv_seg_of(op)->len4 >> op->n & 1);
  rv_set_tinst(h, ea, base_bits(opcode, op), compressed);
  return trapped(h);
}

/* ---- floating-point state ---- */

/* Is FS on, at both levels? Otherwise h->trap holds the illegal instruction: never cause 22
 * [H-162, H-293]. */
static bool fp_on(rv_hart *h)
{
  uint32_t raw = 0;
  if ((h->csr.mstatus & mstatus_FS) && (!h->v || (h->s[1].status & vsstatus_FS)))
    return true;
  rv_peek_insn(h, &raw); /* it was just fetched */
  return rv_refuse(h, WHY_FS_OFF, (raw & 3) == 3 ? raw : raw & 0xffff);
}

static void fp_written(rv_hart *h)
{
  rv_fs_dirty(h);
  h->fp_fast = h->csr.frm == RV_RNE;
}

/* The effective rounding mode of an instruction, or -1 with h->trap filled: it is reserved. */
static int rounding_mode(rv_hart *h, uint32_t raw)
{
  unsigned rm = raw >> 12 & 7;
  if (rm == 7)
    rm = h->csr.frm;
  if (rm <= RV_RMM)
    return rm;
  rv_refuse(h, WHY_ROUNDING, raw);
  return -1;
}

static void fp_flags(rv_hart *h, const rv_fp *fp)
{
  if (fp->flags) {
    h->csr.fflags |= fp->flags;
    h->did.fp_flags = true;
    fp_written(h);
  }
}

/* ---- places ---- */

/* The place of [ea, ea + size) in RAM, if the TLB has its page. */
static bool kept(rv_hart *h, uint64_t ea, unsigned size, bool write, rv_place *p)
{
  const unsigned i = ea >> RV_PAGE_SHIFT & (RV_TLB_SIZE - 1);
  const rv_tlbe *e = write ? &h->bank->w[i] : &h->bank->r[i];
  const rv_region *ram = &h->phys->region[0];
  if (ea - e->va > RV_PAGE_SIZE - size)
    return false;
  p->host = (uint8_t *)(ea + e->addend);
  const uint64_t offset = p->host - ram->host;
  p->pa = ram->base + offset;
  return offset < ram->size;
}

/* ---- bodies ---- */

#define HAS_ROW(name) enum { row_of_##name = OP_##name };
#define LOAD(name, type) typedef type mem_##name;
#define STORE(name, type) typedef type mem_##name;
#define RR(name) static __attribute__((unused)) uint64_t unused_##name(uint64_t a, uint64_t b)
#define RI(name) static __attribute__((unused)) uint64_t unused_##name(uint64_t a, int64_t imm)
#define BRANCH(name) static __attribute__((unused)) bool unused_##name(uint64_t a, uint64_t b)
static inline uint64_t sext32(uint64_t v) { return (int64_t)(int32_t)v; }
#include "cpu/exec_i.h"

#define AMO(name, type)                                                                            \
  HAS_ROW(name)                                                                                    \
  typedef type mem_##name;                                                                         \
  static inline uint64_t body_##name(uint64_t a, uint64_t b)
#define LR(name, type) HAS_ROW(name) typedef type mem_##name;
#define SC(name, type) HAS_ROW(name) typedef type mem_##name;
#define CAS(name, type) HAS_ROW(name) typedef type mem_##name;
#define CAS_PAIR(name) HAS_ROW(name)
#include "cpu/exec_a.h"
#undef LR
#undef SC
#undef CAS
#undef CAS_PAIR

#define FP_BODY(name, rm)                                                                          \
  HAS_ROW(name)                                                                                    \
  enum { uses_rm_##name = rm };                                                                    \
  static inline uint64_t body_##name(rv_fp *fp, uint64_t a, uint64_t b, uint64_t c)
#define FF(name) FP_BODY(name, 0)
#define FF_RM(name) FP_BODY(name, 1)
#define XF(name) FP_BODY(name, 0)
#define XF_RM(name) FP_BODY(name, 1)
#define FX(name) FP_BODY(name, 0)
#define FX_RM(name) FP_BODY(name, 1)
#define FI(name) FP_BODY(name, 0)
#define FLOAD(name, type)                                                                          \
  HAS_ROW(name)                                                                                    \
  typedef type mem_##name;                                                                         \
  static inline uint64_t body_##name(uint64_t a)
#define FSTORE(name, type) HAS_ROW(name) typedef type mem_##name;
#include "cpu/exec_fd.h"

#define CSRX(name, how, operand)                                                                   \
  HAS_ROW(name)                                                                                    \
  enum { csr_how_##name = how };                                                                   \
  static inline uint64_t csr_operand_##name(const uint64_t *x, const rv_op *op) { return operand; }
#include "cpu/exec_csr.h"

#define SYS(name) HAS_ROW(name) static rv_done body_##name(rv_hart *h, uint32_t raw)
#include "cpu/exec_sys.h"
#include "cpu/exec_h.h"
#include "cpu/exec_cbo.h"

/* ---- slow functions, one per row, by kind ---- */

#define SLOW(name) bool rv_slow_##name(rv_hart *h, rv_op *op, int64_t budget)

#undef SLOW_LOAD
#define SLOW_LOAD(name)                                                                            \
  SLOW(name)                                                                                       \
  {                                                                                                \
    uint64_t value;                                                                                \
    const uint64_t ea = h->x[op->rs1] + (int64_t)op->imm;                                          \
    sync(h, op, budget);                                                                           \
    if (!rv_load(h, ea, sizeof(mem_##name), NULL, &value))                                         \
      return access_trapped(h, op, OP_##name, ea);                                                 \
    rv_touched(h, ea, sizeof(mem_##name), false, value);                                           \
    h->x[op->rd] = (mem_##name)value;                                                              \
    return done(h, op);                                                                            \
  }

#undef SLOW_STORE
#define SLOW_STORE(name)                                                                           \
  SLOW(name)                                                                                       \
  {                                                                                                \
    const uint64_t ea = h->x[op->rs1] + (int64_t)op->imm;                                          \
    sync(h, op, budget);                                                                           \
    if (!rv_store(h, ea, sizeof(mem_##name), NULL, h->x[op->rs2]))                                 \
      return access_trapped(h, op, OP_##name, ea);                                                 \
    rv_touched(h, ea, sizeof(mem_##name), true, h->x[op->rs2]);                                    \
    return done(h, op);                                                                            \
  }

#undef SLOW_FLOAD
#define SLOW_FLOAD(name)                                                                           \
  SLOW(name)                                                                                       \
  {                                                                                                \
    uint64_t value;                                                                                \
    const uint64_t ea = h->x[op->rs1] + (int64_t)op->imm;                                          \
    sync(h, op, budget);                                                                           \
    if (!fp_on(h))                                                                                 \
      return trapped(h);                                                                           \
    if (!rv_load(h, ea, sizeof(mem_##name), NULL, &value))                                         \
      return access_trapped(h, op, OP_##name, ea);                                                 \
    rv_touched(h, ea, sizeof(mem_##name), false, value);                                           \
    h->f[op->rd] = body_##name(value);                                                             \
    fp_written(h);                                                                                 \
    return done(h, op);                                                                            \
  }

#undef SLOW_FSTORE
#define SLOW_FSTORE(name)                                                                          \
  SLOW(name)                                                                                       \
  {                                                                                                \
    const uint64_t ea = h->x[op->rs1] + (int64_t)op->imm;                                          \
    sync(h, op, budget);                                                                           \
    if (!fp_on(h))                                                                                 \
      return trapped(h);                                                                           \
    if (!rv_store(h, ea, sizeof(mem_##name), NULL, h->f[op->rs2]))                                 \
      return access_trapped(h, op, OP_##name, ea);                                                 \
    rv_touched(h, ea, sizeof(mem_##name), true, h->f[op->rs2]);                                    \
    return done(h, op);                                                                            \
  }

/* Runs an FP body: FS, rounding mode, flags. False: trapped. */
typedef uint64_t fp_body(rv_fp *fp, uint64_t a, uint64_t b, uint64_t c);
static inline bool fp_run(rv_hart *h, rv_op *op, int64_t budget, fp_body *body, bool uses_rm,
                          uint64_t a, uint64_t *result)
{
  rv_fp fp = { 0 };
  sync(h, op, budget);
  if (!fp_on(h))
    return trapped(h);
  if (uses_rm) {
    const int rm = rounding_mode(h, op->imm);
    if (rm < 0)
      return trapped(h);
    fp.rm = rm;
  }
  *result = body(&fp, a, h->f[op->rs2 & 31], h->f[(uint32_t)op->imm >> 27]);
  fp_flags(h, &fp);
  return true;
}

#undef SLOW_FF
#define SLOW_FF(name)                                                                              \
  SLOW(name)                                                                                       \
  {                                                                                                \
    uint64_t r;                                                                                    \
    if (!fp_run(h, op, budget, body_##name, uses_rm_##name, h->f[op->rs1], &r))                    \
      return false;                                                                                \
    h->f[op->rd] = r;                                                                              \
    fp_written(h);                                                                                 \
    return true;                                                                                   \
  }
#undef SLOW_FX
#define SLOW_FX(name)                                                                              \
  SLOW(name)                                                                                       \
  {                                                                                                \
    uint64_t r;                                                                                    \
    if (!fp_run(h, op, budget, body_##name, uses_rm_##name, h->x[op->rs1], &r))                    \
      return false;                                                                                \
    h->f[op->rd] = r;                                                                              \
    fp_written(h);                                                                                 \
    return true;                                                                                   \
  }
#undef SLOW_FI
#define SLOW_FI(name)                                                                              \
  SLOW(name)                                                                                       \
  {                                                                                                \
    uint64_t r;                                                                                    \
    if (!fp_run(h, op, budget, body_##name, uses_rm_##name, op->rs1, &r))                          \
      return false;                                                                                \
    h->f[op->rd] = r;                                                                              \
    fp_written(h);                                                                                 \
    return true;                                                                                   \
  }
#undef SLOW_XF
#define SLOW_XF(name)                                                                              \
  SLOW(name)                                                                                       \
  {                                                                                                \
    uint64_t r;                                                                                    \
    if (!fp_run(h, op, budget, body_##name, uses_rm_##name, h->f[op->rs1], &r))                    \
      return false;                                                                                \
    h->x[op->rd] = r;                                                                              \
    return true;                                                                                   \
  }

static bool atomic_place(rv_hart *h, uint64_t ea, unsigned size, bool write, rv_place *p)
{
  return (!(ea & (size - 1)) && kept(h, ea, size, write, p)) || rv_atomic(h, ea, size, write, p);
}

/* Spike asks PMP for the first byte alone as long as nothing is to be stored; which part of a
 * failing sc is checked is left open. */
static bool sc_place(rv_hart *h, uint64_t ea, unsigned size, rv_place *p)
{
  if (unlikely(h->choice.as_spike) && !(ea & (size - 1))) {
    if (!rv_atomic(h, ea, 1, true, p))
      return false;
    if (p->pa != h->reservation)
      return true;
  }
  return atomic_place(h, ea, size, true, p);
}

static bool atomic_trapped(rv_hart *h, rv_op *op, uint64_t ea)
{
  rv_set_tinst(h, ea, op->imm, false);
  return trapped(h);
}

#define SLOW_RMW(name)                                                                             \
  SLOW(name)                                                                                       \
  {                                                                                                \
    rv_place p;                                                                                    \
    mem_##name old, new;                                                                           \
    const uint64_t ea = h->x[op->rs1];                                                             \
    sync(h, op, budget);                                                                           \
    if (!atomic_place(h, ea, sizeof old, true, &p))                                                \
      return atomic_trapped(h, op, ea);                                                            \
    memcpy(&old, p.host, sizeof old);                                                              \
    new = body_##name((int64_t)old, (int64_t)(mem_##name)h->x[op->rs2]);                           \
    memcpy(p.host, &new, sizeof new);                                                              \
    rv_place_written(h, &p, sizeof new);                                                           \
    rv_touched(h, ea, sizeof old, false, old);                                                     \
    rv_touched(h, ea, sizeof new, true, new);                                                      \
    h->x[op->rd] = (int64_t)old;                                                                   \
    return done(h, op);                                                                            \
  }
#define SLOW_LR(name)                                                                              \
  SLOW(name)                                                                                       \
  {                                                                                                \
    rv_place p;                                                                                    \
    mem_##name old;                                                                                \
    const uint64_t ea = h->x[op->rs1];                                                             \
    sync(h, op, budget);                                                                           \
    if (!atomic_place(h, ea, sizeof old, false, &p))                                               \
      return atomic_trapped(h, op, ea);                                                            \
    memcpy(&old, p.host, sizeof old);                                                              \
    h->reservation = p.pa;                                                                         \
    rv_touched(h, ea, sizeof old, false, old);                                                     \
    h->x[op->rd] = (int64_t)old;                                                                   \
    return done(h, op);                                                                            \
  }
/* The access is checked as a store even if the reservation is gone; the reservation dies here. */
#define SLOW_SC(name)                                                                              \
  SLOW(name)                                                                                       \
  {                                                                                                \
    rv_place p;                                                                                    \
    const mem_##name new = h->x[op->rs2];                                                          \
    const uint64_t ea = h->x[op->rs1];                                                             \
    sync(h, op, budget);                                                                           \
    if (!sc_place(h, ea, sizeof new, &p))                                                          \
      return atomic_trapped(h, op, ea);                                                            \
    const bool reserved = h->reservation == p.pa;                                                  \
    h->reservation = ~0ull;                                                                        \
    if (reserved) {                                                                                \
      memcpy(p.host, &new, sizeof new);                                                            \
      rv_place_written(h, &p, sizeof new);                                                         \
      rv_touched(h, ea, sizeof new, true, new);                                                    \
    }                                                                                              \
    h->x[op->rd] = !reserved;                                                                      \
    return done(h, op);                                                                            \
  }
/* rd is what memory is compared with; x0, which is decoded as the sink, is 0. A store even if nothing is
 * stored [norm:Zacas_amocas_w_permission]. */
#define SLOW_CAS(name)                                                                             \
  SLOW(name)                                                                                       \
  {                                                                                                \
    rv_place p;                                                                                    \
    mem_##name old;                                                                                \
    const mem_##name expected = h->x[op->rd & 31], new = h->x[op->rs2];                            \
    const uint64_t ea = h->x[op->rs1];                                                             \
    sync(h, op, budget);                                                                           \
    if (!atomic_place(h, ea, sizeof old, true, &p))                                                \
      return atomic_trapped(h, op, ea);                                                            \
    memcpy(&old, p.host, sizeof old);                                                              \
    rv_touched(h, ea, sizeof old, false, old);                                                     \
    if (old == expected) {                                                                         \
      memcpy(p.host, &new, sizeof new);                                                            \
      rv_place_written(h, &p, sizeof new);                                                         \
      rv_touched(h, ea, sizeof new, true, new);                                                    \
    }                                                                                              \
    h->x[op->rd] = (int64_t)old;                                                                   \
    return done(h, op);                                                                            \
  }

typedef struct {
  uint64_t half[2];
} pair;

/* From an even register on; of x0, both halves are 0 [norm:Zacas_rv64_amocas-q_rs2_frst_reg_x0]. */
static pair register_pair(const rv_hart *h, unsigned r)
{
  return r ? (pair){ { h->x[r], h->x[r + 1] } } : (pair){ { 0, 0 } };
}

static bool cas_pair(rv_hart *h, rv_op *op, int64_t budget)
{
  rv_place p;
  pair old;
  const unsigned rd = op->rd & 31;
  const pair expected = register_pair(h, rd), new = register_pair(h, op->rs2);
  const uint64_t ea = h->x[op->rs1];
  sync(h, op, budget);
  if (!atomic_place(h, ea, sizeof old, true, &p))
    return atomic_trapped(h, op, ea);
  memcpy(&old, p.host, sizeof old);
  rv_touched(h, ea, 8, false, old.half[0]);
  if (!memcmp(&old, &expected, sizeof old)) {
    memcpy(p.host, &new, sizeof new);
    rv_place_written(h, &p, sizeof new);
    rv_touched(h, ea, 8, true, new.half[0]);
    rv_touched(h, ea + 8, 8, true, new.half[1]);
  }
  if (rd) /* else neither half is written [norm:Zacas_rv64_amocas-q_rd_frst_reg_x0] */
    memcpy(&h->x[rd], &old, sizeof old);
  return done(h, op);
}

/* lr, sc and the read-modify-write ones are told apart by the body's form in exec_a.h. */
#undef AMO
#define AMO(name, type)                                                                            \
  SLOW_RMW(name) static __attribute__((unused)) uint64_t unused_##name(uint64_t a, uint64_t b)
#define LR(name, type) SLOW_LR(name)
#define SC(name, type) SLOW_SC(name)
#define CAS(name, type) SLOW_CAS(name)
#define CAS_PAIR(name)                                                                             \
  SLOW(name) { return cas_pair(h, op, budget); }
#include "cpu/exec_a.h"
#undef SLOW_AMO
#define SLOW_AMO(name)

static bool csr(rv_hart *h, rv_op *op, int64_t budget, unsigned how, uint64_t operand)
{
  uint64_t old;
  const bool write = rv_csr_writes(how, op->rs1);
  sync_count(h, op, budget);
  h->pc = h->vbase + (op->imm & RV_PAGE_MASK);
  if (unlikely(!rv_csr_access(h, (uint32_t)op->imm >> 20, how, operand, write, &old))) {
    h->trap.tval = rv_csr_raw(op);
    return trapped(h);
  }
  h->x[op->rd] = old;
  return done(h, op);
}

#undef SLOW_CSR
#define SLOW_CSR(name)                                                                             \
  SLOW(name) { return csr(h, op, budget, csr_how_##name, csr_operand_##name(h->x, op)); }

#define RUN_SYS(name)                                                                              \
  do {                                                                                             \
    sync(h, op, budget);                                                                           \
    switch (body_##name(h, op->imm)) {                                                             \
    case RV_DONE:                                                                                  \
      return done(h, op);                                                                          \
    case RV_JUMPED:                                                                                \
      h->icount++;                                                                                 \
      return false;                                                                                \
    default:                                                                                       \
      return trapped(h);                                                                           \
    }                                                                                              \
  } while (0)

/* What the guest's bank keeps needs no position and cannot trap. */
#undef SLOW_HLV
#define SLOW_HLV(name)                                                                             \
  SLOW(name)                                                                                       \
  {                                                                                                \
    mem_##name value;                                                                              \
    const uint64_t ea = h->x[op->rs1];                                                             \
    const uint8_t *from = rv_kept_of_guest(h, ea, sizeof value, is_hlvx_##name);                   \
    if (unlikely(!from))                                                                           \
      RUN_SYS(name);                                                                               \
    memcpy(&value, from, sizeof value);                                                            \
    rv_touched(h, ea, sizeof value, false, value);                                                 \
    h->x[op->rd] = value;                                                                          \
    return true;                                                                                   \
  }

#undef SLOW_SYS
#define SLOW_SYS(name)                                                                             \
  SLOW(name) { RUN_SYS(name); }

#define INSN(op, text, picture, format, kind, ext, spec, brief) SLOW_##kind(op)
#include "cpu/insn.def"

/* Reserved encodings, also of the privileged instructions: illegal in any mode [H-166, H-280]. */
SLOW(undefined)
{
  sync(h, op, budget);
  rv_refuse(h, WHY_UNDEFINED, op->imm);
  return trapped(h);
}
