/* tlb.h - translation banks: one per regime, selected by a pointer, dropped by fences only.
 *
 * A regime is everything a translation may depend on: privilege, V, satp or vsatp and hgatp, SUM and
 * MXR of both levels. Switching regimes selects a bank; no trap, xRET or CSR write flushes anything.
 */
#ifndef RV_TLB_H
#define RV_TLB_H
#include "cpu/hart.h"

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
#endif
