/* vm.c - the state of a hart before its first guest, and what an exit says about its reason. */
#include "hv.h"

/* Nothing may depend on what the firmware left in the hypervisor's CSRs. */
void hv_init(void)
{
  csr_clear(hstatus, HSTATUS_VTVM | HSTATUS_VTW | HSTATUS_VTSR);
  csr_write(hedeleg, 0);
  csr_write(hideleg, 0);
  csr_write(hvip, 0);
  csr_write(hie, 0);
  csr_write(hcounteren, 0);
  csr_write(henvcfg, 0);
  csr_write(htimedelta, 0);
  csr_write(hgatp, 0);
  csr_write(vsatp, 0);
  csr_write(vsstatus, 0);
  csr_write(vstvec, 0);
  csr_write(vsscratch, 0);
  hfence_gvma();
}

/* A guest that starts in VS-mode, with paging of its own still off (vsatp = Bare). */
void vcpu_init(struct vcpu *v, void (*entry)(void), uint64_t sp)
{
  for (int i = 0; i < 32; i++)
    v->x[i] = 0;
  v->x[X_SP] = sp;
  v->sepc = (uint64_t)entry;
  v->hstatus = csr_read(hstatus) | HSTATUS_SPV | HSTATUS_SPVP; /* keeps VSXL */
  v->sstatus = csr_read(sstatus) | SSTATUS_SPP;
}

/* htval is the guest physical address shifted right by two, because an address can have two bits
   more than a register's worth [norm:htval_trapval]; stval gives the two low bits back. */
uint64_t fault_gpa(const struct vcpu *v) { return v->htval << 2 | (v->stval & 3); }

static uint32_t hlvx_hu(uint64_t gva)
{
  uint64_t value;
  __asm__ volatile(WITH_H("hlvx.hu %0, (%1)") : "=r"(value) : "r"(gva) : "memory");
  return (uint32_t)value;
}

/* HLVX.HU reads with the guest's two stages of translation and asks for X instead of R: exactly a
   fetch, but as data [norm:hlsv_u_op]. Two halves, for the second may lie in another page. */
uint32_t guest_fetch(uint64_t gva)
{
  uint32_t insn = hlvx_hu(gva);
  return insn_len(insn) == 4 ? insn | hlvx_hu(gva + 2) << 16 : insn;
}

/* At an illegal or a virtual instruction stval holds its bits, or 0 on a machine that does not
   give them [norm:H_virtinst_xtval]. */
uint32_t guest_insn(const struct vcpu *v)
{
  bool in_stval = v->scause == CAUSE_ILLEGAL || v->scause == CAUSE_VIRTUAL;
  return in_stval && v->stval ? (uint32_t)v->stval : guest_fetch(v->sepc);
}
