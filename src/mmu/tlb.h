/* tlb.h - translation banks: one per regime, selected by a pointer, dropped by fences only.
 *
 * A regime is everything a translation may depend on: privilege, V, satp or vsatp and hgatp, SUM
 * and MXR of both levels, pointer masking. Switching regimes selects a bank; no trap, xRET or CSR
 * write flushes anything.
 */
#ifndef RV_TLB_H
#define RV_TLB_H
#include "cpu/hart.h"
#include "mmu/mmu.h"

/* Allocates a hart's translation state. False: out of memory. */
bool rv_mmu_init(rv_hart *h);
void rv_mmu_free(rv_hart *h);

/* Call after anything that a regime consists of changed: mode, satp, vsatp, hgatp, SUM, MXR, MPRV,
 * henvcfg, PMM. Selects the bank; ends the running block if it became another. */
void rv_regime_changed(rv_hart *h);
/* The same if it was nothing but the mode (and what xRET and traps do to mstatus). */
void rv_mode_changed(rv_hart *h);

/* Fences. A missing address or identifier means all. Addresses of hfence.gvma are guest physical,
 * not shifted. sfence.vma acts on the HS-level while V=0, on the current VMID's VS-stage while V=1.
 * [H-270 .. H-280] */
void rv_sfence_vma(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid);
void rv_hfence_vvma(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid);
void rv_hfence_gvma(rv_hart *h, bool has_gpa, uint64_t gpa, bool has_vmid, uint64_t vmid);
/* For remote fences: HS-level whatever V is now, and the VS-stage of a given VMID. */
void rv_sfence_vma_hs(rv_hart *h, bool has_va, uint64_t va, bool has_asid, uint64_t asid);
void rv_hfence_vvma_vmid(rv_hart *h, uint64_t vmid, bool has_va, uint64_t va, bool has_asid,
                         uint64_t asid);

/* Drops every bank: PMP, ADUE or PBMTE changed what all translations were checked by. */
void rv_tlb_drop_all(rv_hart *h);
/* Drops jump caches and links of every bank, keeping data translations: decoded code went away. */
void rv_tlb_drop_jumps(rv_hart *h);
/* Drops write entries of one host page in every bank: the page got code or is watched. */
void rv_tlb_drop_writes(rv_hart *h, const uint8_t *host_page);

/* What hlv, hlvx and hsv access as: the regime of the guest's own mode. Its entries are by the
 * address before the guest's pointer masking, which hlvx does not have, nor, perhaps, U-mode. */
const rv_regime *rv_guest_regime(rv_hart *h, rv_prv prv);

/* Keep a translation in a bank, or where code is in the current one. fence_shift as rv_xlat's. */
typedef enum { RV_TLB_R, RV_TLB_W, RV_TLB_X } rv_tlb_array;
void rv_tlb_fill(rv_bank *b, rv_tlb_array array, uint64_t va, uint8_t *host_page,
                 unsigned fence_shift);
void rv_jc_fill(rv_hart *h, uint64_t va, struct rv_op *op, unsigned fence_shift);
#endif
