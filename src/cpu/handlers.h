/* handlers.h - the handlers of an engine, generated around the bodies by the rows of insn.def.
 *
 * The including file has defined what differs between engines:
 *   CASE(name)   begins the handler of name
 *   NEXT         go on with the next op
 *   TAKEN        go on at the link after op
 *   FALL         go on behind the link after op (branch not taken)
 *   JUMP(t)      go on at virtual address t
 *   SLOW(name)   let rv_slow_name do it
 * and may define TOUCHED(va, size, write, value): an access to memory was made.
 * In scope: op, x (the integer registers; the hart begins there), bank.
 */
#include "cpu/event.h"
#include "priv/csr.h"
#include <string.h>

#ifndef HART
#define HART ((rv_hart *)x)
#endif
/* The operands: registers to read or to assign to, and constants. */
#ifndef RV_OPERANDS_ELSEWHERE
#define RD x[op->rd]
#define RS1 x[op->rs1]
#define RS2 x[op->rs2]
#define FD HART->f[op->rd]
#define FS1 HART->f[op->rs1]
#define FS2 HART->f[op->rs2]
#define FS3 HART->f[(uint32_t)op->imm >> 27]
#define IMM ((int64_t)op->imm)
#define NEXT_OFFSET rv_link_offset(op)
#endif
#ifndef TOUCHED
#define TOUCHED(va, size, write, value)
#endif
/* Operands are in op, and it is read itself. */
#ifndef NEED_OP
#define NEED_OP (void)0
#endif
/* The result, and go on. */
#ifndef GIVE
#define GIVE(value) do { RD = (value); NEXT; } while (0)
#endif

static inline __attribute__((always_inline)) uint64_t sext32(uint64_t v) { return (int64_t)(int32_t)v; }

#ifndef RV_BODIES
#define RV_BODIES
static inline __attribute__((always_inline)) uint64_t rv_copy_of(uint64_t v)
{
  __asm__("" : "+r"(v));
  return v;
}

#define HAS_ROW(name) enum { row_of_##name = OP_##name };
#define INLINE static inline __attribute__((always_inline))
#define RR(name) HAS_ROW(name) INLINE uint64_t body_##name(uint64_t a, uint64_t b)
#define RI(name) HAS_ROW(name) INLINE uint64_t body_##name(uint64_t a, int64_t imm)
#define BRANCH(name) HAS_ROW(name) INLINE bool body_##name(uint64_t a, uint64_t b)
#define LOAD(name, type) HAS_ROW(name) typedef type mem_##name;
#define STORE(name, type) HAS_ROW(name) typedef type mem_##name;
#include "cpu/exec_i.h"
#include "cpu/exec_m.h"
#include "cpu/exec_b.h"
#define CSRX(name, how, operand)                                                                   \
  HAS_ROW(name)                                                                                    \
  enum { csr_how_##name = how };                                                                   \
  INLINE uint64_t csr_operand_##name(const uint64_t *x, const rv_op *op) { return operand; }
#include "cpu/exec_csr.h"
#undef CSRX
#endif

/* Where in the bank's read or write TLB the entry for ea would be, and the entry's words. The second is
 * read by a copy of the index: so each load adds the bank's address by itself, and no addition of its
 * own stands between ea and the data. */
#define TLB_INDEX(ea) ((ea) >> 8 & ((RV_TLB_SIZE - 1) << 4))
#define TLB_WORD(index, table, word)                                                               \
  (*(const uint64_t *)(bank + (index) + offsetof(rv_bank, table) + offsetof(rv_tlbe, word)))
#define TLB_VA(index, table) TLB_WORD(index, table, va)
#define TLB_HOST(ea, index, table)                                                                 \
  ((char *)((ea) + TLB_WORD(rv_copy_of(index), table, addend)))

#define WRAP_RR(name) CASE(name) { GIVE(body_##name(RS1, RS2)); }
#define WRAP_RI(name) CASE(name) { GIVE(body_##name(RS1, IMM)); }
#define WRAP_LUI(name) CASE(name) { GIVE(IMM); }
#define WRAP_AUIPC(name) CASE(name) { GIVE(HART->vbase + IMM); }
#define WRAP_BRANCH(name)                                                                          \
  CASE(name) { if (body_##name(RS1, RS2)) TAKEN; else FALL; }
#define WRAP_JAL(name) CASE(name) { RD = HART->vbase + IMM; TAKEN; }
#define WRAP_JALR(name)                                                                            \
  CASE(name)                                                                                       \
  {                                                                                                \
    const uint64_t t = (RS1 + IMM) & ~1ull;                                                 \
    RD = HART->vbase + NEXT_OFFSET;                                                  \
    JUMP(t);                                                                                       \
  }
#define WRAP_NOP(name) CASE(name) { NEXT; }
#define WRAP_LOAD(name)                                                                            \
  CASE(name)                                                                                       \
  {                                                                                                \
    const uint64_t ea = RS1 + IMM;                                                          \
    const uint64_t i = TLB_INDEX(ea);                                                              \
    const uint64_t off = ea - TLB_VA(i, r);                                                        \
    mem_##name v;                                                                                  \
    if (unlikely(off > RV_PAGE_SIZE - sizeof v))                                                   \
      SLOW(name);                                                                                  \
    memcpy(&v, TLB_HOST(ea, i, r), sizeof v);                                                      \
    TOUCHED(ea, sizeof v, false, v);                                                               \
    GIVE(v);                                                                                       \
  }
#define WRAP_STORE(name)                                                                           \
  CASE(name)                                                                                       \
  {                                                                                                \
    const uint64_t ea = RS1 + IMM;                                                          \
    const uint64_t i = TLB_INDEX(ea);                                                              \
    const uint64_t off = ea - TLB_VA(i, w);                                                        \
    const mem_##name v = RS2;                                                               \
    if (unlikely(off > RV_PAGE_SIZE - sizeof v))                                                   \
      SLOW(name);                                                                                  \
    memcpy(TLB_HOST(ea, i, w), &v, sizeof v);                                                      \
    TOUCHED(ea, sizeof v, true, v);                                                                \
    NEXT;                                                                                          \
  }
#define WRAP_FLOAD(name) CASE(name) { SLOW(name); }
#define WRAP_FSTORE(name) CASE(name) { SLOW(name); }
#define WRAP_AMO(name) CASE(name) { SLOW(name); }
#define WRAP_FF(name) CASE(name) { SLOW(name); }
#define WRAP_XF(name) CASE(name) { SLOW(name); }
#define WRAP_FX(name) CASE(name) { SLOW(name); }
#define WRAP_FI(name) CASE(name) { SLOW(name); }
/* Inline: csrr and csrrw of a CSR that is its cell to this mode. Which one it is, and whether, is
 * asked each time, for blocks are shared between modes. All else is rv_csr_access's. */
#define WRAP_CSR(name)                                                                             \
  CASE(name)                                                                                       \
  {                                                                                                \
    NEED_OP;                                                                                       \
    const rv_csr_way *way = &HART->csr_way[op->rs2][rv_level(HART)];                               \
    /* volatile: read thrice rather than kept in a register that would have to be saved */         \
    volatile uint64_t *const cell = (uint64_t *)((char *)x + way->cell);                           \
    if (unlikely(!(way->how & RV_WAY_CELL_READ)))                                                  \
      SLOW(name);                                                                                  \
    if (rv_csr_writes(csr_how_##name, 0)) {                                                        \
      if (unlikely(!(way->how & RV_WAY_CELL_WRITE) || HART->observe & 1ull << RV_EV_CSR))          \
        SLOW(name);                                                                                \
      const uint64_t change = (csr_operand_##name(x, op) ^ *cell) & HART->csr_mask[way->row];      \
      x[op->rd] = *cell;                                                                           \
      *cell ^= change;                                                                             \
      NEXT;                                                                                        \
    }                                                                                              \
    if (op->rs1)                                                                                   \
      SLOW(name);                                                                                  \
    x[op->rd] = *cell;                                                                             \
    NEXT;                                                                                          \
  }
#define WRAP_HLV(name) CASE(name) { SLOW(name); }
#define WRAP_SYS(name) CASE(name) { SLOW(name); }

#ifndef RV_HANDLERS_ELSEWHERE
#define INSN(op, text, picture, format, kind, ext, spec, brief) WRAP_##kind(op)
#include "cpu/insn.def"
#endif
