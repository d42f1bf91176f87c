/* Lesson 12: virtual-instruction exceptions.
 *
 * Cause 22 means: this would be valid in HS-mode, but not with V=1. So a hypervisor that wants to
 * run another one (nested), or to hide something, knows that it is asked. What would fail in
 * HS-mode as well stays an illegal instruction, cause 2 [norm:H_cause_virtual_instruction].
 */
#include "hv.h"

void guest_start(void);

static struct vcpu vcpu;

static const struct {
  uint32_t mask, match;
  const char *text, *why;
} table[] = {
  { 0xfff0707f, 0x60002073, "csrr hstatus", "hypervisor CSR, never in VS" },
  { 0xfff0707f, 0x20002073, "csrr vsstatus", "VS reaches it as sstatus only" },
  { 0xfff0707f, 0x68001073, "csrw hgatp", "hypervisor CSR, never in VS" },
  { 0xfff0707f, 0x68004073, "hlv.w", "hypervisor instruction, never in VS" },
  { 0xfe007fff, 0x62000073, "hfence.gvma", "hypervisor instruction, never in VS" },
  { 0xfff0707f, 0xc0102073, "csrr time", "hcounteren.TM = 0" },
  { 0xffffffff, 0x10500073, "wfi", "hstatus.VTW = 1" },
  { 0xfff0707f, 0x18002073, "csrr satp", "hstatus.VTVM = 1" },
  { 0xfe007fff, 0x12000073, "sfence.vma", "hstatus.VTVM = 1" },
  { 0xffffffff, 0x10200073, "sret", "hstatus.VTSR = 1" },
  { 0xfff0707f, 0x30002073, "csrr mstatus", "machine CSR: not in HS either" },
  { 0xfff0707f, 0xe1201073, "csrw hgeip", "read-only CSR: not in HS either" },
};

static void decode(const struct vcpu *v)
{
  uint32_t insn = guest_insn(v); /* from stval, or from memory if stval is 0 */
  for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
    if ((insn & table[i].mask) == table[i].match) {
      printf("%lu %s: %s (%s)\n", v->scause, cause_name(v->scause), table[i].text, table[i].why);
      return;
    }
  }
  vm_unexpected(v);
}

int main(void)
{
  unsigned count = 0;

  printf("[12-virtual-insn]\n");
  uint64_t *root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_start, 0);
  vcpu.hstatus |= HSTATUS_VTVM | HSTATUS_VTW | HSTATUS_VTSR;
  csr_write(hcounteren, 0);

  for (;;) {
    vm_run(&vcpu);
    if (vcpu.scause == CAUSE_ECALL_VS)
      break;
    if (vcpu.scause != CAUSE_VIRTUAL && vcpu.scause != CAUSE_ILLEGAL)
      vm_unexpected(&vcpu);
    decode(&vcpu);
    count++;
    guest_skip(&vcpu);
  }
  printf("%d instructions refused\n", count);
  power_off();
}
