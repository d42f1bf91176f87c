/* virtual.c - the one place that tells a virtual-instruction exception from an illegal one.
 *
 * An instruction is "HS-qualified" if it would be valid in HS-mode, with mstatus.TSR and TVM taken
 * as 0. With V=1 an HS-qualified instruction that is refused raises cause 22, all others cause 2.
 * The reasons of why.def are made so that each belongs to one side.
 */
#include "hv/virtual.h"

/* [H-150] */
unsigned rv_refusal_cause(const rv_hart *h, rv_why why)
{
  if (!h->v) /* never with V=0 [H-168] */
    return CAUSE_ILLEGAL;
  switch (why) {
  case WHY_CSR_VIRTUAL:  /* [H-009, H-013, H-156] */
  case WHY_INSN_VIRTUAL: /* [H-151, H-152] */
  case WHY_VTSR:         /* [H-026] */
  case WHY_VTVM:         /* [H-028] */
  case WHY_VTW:          /* [H-027] */
  case WHY_WFI_USER:     /* VU with TW=0 [H-153] */
  case WHY_WRS_VTW:      /* [H-450] */
  case WHY_HCOUNTEREN:   /* [H-111, H-116] */
  case WHY_SCOUNTEREN:   /* VU: HS-mode does not ask scounteren [H-111] */
  case WHY_STCE_H:       /* [H-099] */
  case WHY_HSTATEEN:     /* [H-165] */
  case WHY_VTI:          /* [H-312] */
  case WHY_NO_REGISTER:  /* vsiselect's [H-311] */
  case WHY_NO_GUEST_FILE:
  case WHY_CBIE_H:  /* [H-103] */
  case WHY_CBIE_S:  /* VU: HS-mode does not ask senvcfg */
  case WHY_CBCFE_H: /* [H-102] */
  case WHY_CBCFE_S:
  case WHY_CBZE_H: /* [H-101] */
  case WHY_CBZE_S:
    return CAUSE_VIRTUAL;
  default:
    return CAUSE_ILLEGAL;
  }
}

bool rv_refuse(rv_hart *h, rv_why why, uint32_t raw)
{
  /* Both causes write the instruction's bits to xtval [H-164, H-186]. */
  h->trap = (rv_trap){ .cause = rv_refusal_cause(h, why), .tval = raw, .why = why };
  return false;
}
