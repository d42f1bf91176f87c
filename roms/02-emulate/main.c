/* Lesson 2: emulate what the guest must not do itself.
 *
 * Trap-and-emulate in its smallest form: find out which instruction trapped, do its work on the
 * saved registers, go on behind it. If sepc is not advanced, the guest repeats the same instruction
 * for ever.
 */
#include "hv.h"

void guest_start(void);

#define GUEST_HARTID 0x1234
#define DEVICE_GPA 0x40
#define DEVICE_VALUE 0x6688
#define CSR_MHARTID 0xf14

static struct vcpu vcpu;

static unsigned rd_of(uint32_t insn) { return insn >> 7 & 31; }

static void write_rd(struct vcpu *v, unsigned rd, uint64_t value)
{
  if (rd != 0) /* x0 stays 0 */
    v->x[rd] = value;
}

/* CSRRS rd, mhartid, x0. A machine-level CSR is illegal, never "virtual", in VS-mode: the access
   would not be allowed in HS-mode either [norm:H_cause_virtual_instruction]. */
static void emulate_illegal(struct vcpu *v)
{
  uint32_t insn = guest_insn(v);
  bool is_csrr = (insn & 0x000ff07f) == 0x00002073;
  if (!is_csrr || insn >> 20 != CSR_MHARTID)
    vm_unexpected(v);
  write_rd(v, rd_of(insn), GUEST_HARTID);
  printf("  csrr a%d, mhartid -> %lx\n", rd_of(insn) - X_A0, (uint64_t)GUEST_HARTID);
  v->sepc += insn_len(insn);
}

/* LD rd, offset(rs1). The address is already computed: htval has it. */
static void emulate_load(struct vcpu *v)
{
  uint32_t insn = guest_fetch(v->sepc);
  if ((insn & 0x0000707f) != 0x00003003 || fault_gpa(v) != DEVICE_GPA)
    vm_unexpected(v);
  write_rd(v, rd_of(insn), DEVICE_VALUE);
  printf("  ld a%d at gpa %lx -> %lx\n", rd_of(insn) - X_A0, fault_gpa(v), (uint64_t)DEVICE_VALUE);
  v->sepc += insn_len(insn);
}

static void finish(const struct vcpu *v)
{
  if (v->x[X_A7] != SBI_LEGACY_SHUTDOWN && v->x[X_A7] != SBI_SRST)
    vm_unexpected(v);
  printf("  guest asks for shutdown\n");
  printf("a0=%lx a1=%lx\n", v->x[X_A0], v->x[X_A1]);
  if (v->x[X_A0] != DEVICE_VALUE || v->x[X_A1] != GUEST_HARTID)
    panic("the guest did not get the emulated values");
  printf("Shutdown vm normally!\n");
  power_off();
}

int main(void)
{
  printf("[02-emulate]\n");
  uint64_t *root = gstage_new();
  gstage_map_guest(root); /* and nothing at gpa 0x40 */
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_start, 0);

  for (;;) {
    vm_run(&vcpu);
    printf("exit: cause %lu %s\n", vcpu.scause, cause_name(vcpu.scause));
    switch (vcpu.scause) {
    case CAUSE_ILLEGAL:
      emulate_illegal(&vcpu);
      break;
    case CAUSE_LOAD_GUEST_PAGE:
      emulate_load(&vcpu);
      break;
    case CAUSE_ECALL_VS:
      finish(&vcpu);
      break;
    default:
      vm_unexpected(&vcpu);
    }
  }
}
