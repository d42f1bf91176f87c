/* decode.c - loads and stores from their bits. Two sources give the same answer:
 * htinst, where the hardware has put the instruction in transformed form, and the guest's memory.
 */
#include "decode.h"

/* Quadrant 0 of the compressed instructions: c.lw, c.ld, c.sw, c.sd as the instruction they stand
   for. Their offset is dropped, for the address is known from the fault. */
static uint32_t expand(uint16_t c)
{
  uint32_t reg = 8 + (c >> 2 & 7); /* rd' or rs2' */
  uint32_t rs1 = 8 + (c >> 7 & 7);
  switch (c & 0xe003) {
  case 0x4000:
    return rs1 << 15 | 2 << 12 | reg << 7 | 0x03; /* lw */
  case 0x6000:
    return rs1 << 15 | 3 << 12 | reg << 7 | 0x03; /* ld */
  case 0xc000:
    return reg << 20 | rs1 << 15 | 2 << 12 | 0x23; /* sw */
  case 0xe000:
    return reg << 20 | rs1 << 15 | 3 << 12 | 0x23; /* sd */
  default:
    panic("compressed instruction %lx is not in this lesson", (uint64_t)c);
  }
}

static struct access fields(uint32_t insn, unsigned len)
{
  unsigned funct3 = insn >> 12 & 7;
  bool store = (insn & 0x7f) == 0x23;
  if (!store && (insn & 0x7f) != 0x03)
    panic("neither load nor store: %lx", (uint64_t)insn);
  return (struct access){ .store = store,
                          .bytes = 1 << (funct3 & 3),
                          .is_signed = !store && !(funct3 & 4),
                          .reg = store ? insn >> 20 & 31 : insn >> 7 & 31,
                          .len = len };
}

/* The transformed instruction is the trapping one with its offset cleared and, if that was a
   compressed one, expanded and with bit 1 cleared: this is how its length can be told. */
struct access decode_htinst(uint64_t htinst)
{
  return fields((uint32_t)htinst | 2, htinst & 2 ? 4 : 2);
}

struct access decode_memory(uint64_t gva)
{
  uint32_t insn = guest_fetch(gva);
  unsigned len = insn_len(insn);
  return fields(len == 2 ? expand((uint16_t)insn) : insn, len);
}
