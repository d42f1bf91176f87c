/* tinst.c - the transformed instruction: registers that no handler may trust are replaced. */
#include "hv/tinst.h"

enum {
  OPC_LOAD = 0x03,
  OPC_LOAD_FP = 0x07,
  OPC_MISC_MEM = 0x0f,
  OPC_STORE = 0x23,
  OPC_STORE_FP = 0x27,
  OPC_AMO = 0x2f,
  OPC_SYSTEM = 0x73,
};

/* [H-142]; bits 63:32 are 0, bit 0 is 1 [H-414] */
static uint32_t transform(uint32_t raw)
{
  switch (raw & 0x7f) {
  case OPC_LOAD:
  case OPC_LOAD_FP:
    return raw & 0x00007fff; /* rd, funct3, opcode; no immediate */
  case OPC_STORE:
  case OPC_STORE_FP:
    return raw & 0x01f0707f; /* rs2, funct3, opcode */
  case OPC_AMO:
  case OPC_SYSTEM:   /* HLV, HLVX, HSV */
  case OPC_MISC_MEM: /* CBO.*, whose rd is 0 [H-145] */
    return raw & ~(31u << 15);
  default:
    return 0;
  }
}

/* Causes for which a transformed instruction may be given [H-137]. */
static bool cause_allows(uint64_t cause)
{
  switch (cause) {
  case CAUSE_LOAD_MISALIGNED: case CAUSE_LOAD_ACCESS: case CAUSE_STORE_MISALIGNED:
  case CAUSE_STORE_ACCESS: case CAUSE_LOAD_PAGE: case CAUSE_STORE_PAGE:
  case CAUSE_LOAD_GUEST_PAGE: case CAUSE_STORE_GUEST_PAGE:
    return true;
  default:
    return false;
  }
}

void rv_set_tinst(rv_hart *h, uint64_t va, uint32_t raw, bool compressed)
{
  if (h->trap.implicit || h->choice.tinst_zero || !cause_allows(h->trap.cause)) /* [H-141] */
    return; /* a pseudo-instruction, or 0 */
  uint32_t t = transform(raw);
  if (!t)
    return;
  t |= (uint32_t)((h->trap.tval - va) & 31) << 15; /* Addr. Offset [H-144] */
  h->trap.tinst = compressed ? t & ~2u : t;        /* [H-143] */
}
