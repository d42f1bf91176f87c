/* Lesson 5: injection. The same guest with hedeleg = 0: the hypervisor does by hand what the
 * hardware did in lesson 4.
 *
 * Every trap of the task is now a VM exit. The hypervisor writes the VS-level CSRs as a trap into
 * VS would, and enters the guest at its vstvec. A hypervisor needs this anyway, for errors that
 * only it can see (an access to a device that does not exist becomes a load access fault of the
 * guest).
 */
#include "hv.h"

void guest_main(void);

static struct vcpu vcpu;
static unsigned injected[16];

/* A trap into VS-mode, step by step [norm:H_trap_vs_csrwrites]. */
static void inject(struct vcpu *v, uint64_t cause, uint64_t tval)
{
  uint64_t vsstatus = csr_read(vsstatus);
  bool from_vs = v->sstatus & SSTATUS_SPP;

  csr_write(vsepc, v->sepc);
  csr_write(vscause, cause);
  csr_write(vstval, tval);
  /* SPP = privilege before, SPIE = SIE, SIE = 0, all in vsstatus: sstatus is the hypervisor's. */
  bool sie = vsstatus & SSTATUS_SIE;
  vsstatus &= ~(SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE);
  vsstatus |= (from_vs ? SSTATUS_SPP : 0) | (sie ? SSTATUS_SPIE : 0);
  csr_write(vsstatus, vsstatus);
  /* An exception goes to BASE, even if vstvec.MODE is Vectored. */
  v->sepc = csr_read(vstvec) & ~3UL;
  v->sstatus |= SSTATUS_SPP; /* the handler runs in VS-mode, not in VU-mode */
}

static bool serve_ecall(struct vcpu *v)
{
  if (v->x[X_A7] == SBI_SRST)
    return false;
  putchar((char)v->x[X_A0]);
  v->sepc += 4;
  return true;
}

int main(void)
{
  bool running = true;

  printf("[05-inject]\n");
  uint64_t *root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_main, (uint64_t)__guest_stack_top);
  csr_write(hedeleg, 0);
  printf("hedeleg %lx\n", csr_read(hedeleg));

  while (running) {
    vm_run(&vcpu);
    switch (vcpu.scause) {
    case CAUSE_ECALL_VS:
      running = serve_ecall(&vcpu);
      break;
    case CAUSE_ILLEGAL:
    case CAUSE_ECALL_U:
    case CAUSE_LOAD_PAGE:
      injected[vcpu.scause]++;
      inject(&vcpu, vcpu.scause, vcpu.stval);
      break;
    default:
      vm_unexpected(&vcpu);
    }
  }
  printf("injected: %s %d, %s %d, %s %d\n", cause_name(CAUSE_ILLEGAL), injected[CAUSE_ILLEGAL],
         cause_name(CAUSE_LOAD_PAGE), injected[CAUSE_LOAD_PAGE], cause_name(CAUSE_ECALL_U),
         injected[CAUSE_ECALL_U]);
  power_off();
}
