/* Lesson 3: be the guest's firmware.
 *
 * An ECALL in VS-mode has a cause of its own (10) and cannot be delegated to the guest, so every
 * SBI call of the guest is a VM exit. The hypervisor answers it, mostly by a call of its own.
 */
#include "hv.h"

void guest_main(void);

static struct vcpu vcpu;
static uint64_t *root;

/* DBCN write: a0 bytes at the guest physical address a1 (a2 = its upper half, 0 on RV64). The
   address comes from the guest: it must go through the G-stage table before we use it, page by
   page. Following it directly would read the hypervisor's own memory to the guest. */
static struct sbi_ret dbcn_write(uint64_t count, uint64_t gpa, uint64_t gpa_high)
{
  for (uint64_t i = 0; i < count; i++) {
    uint64_t pa = gpa_high ? 0 : gstage_translate(root, gpa + i);
    if (pa == 0)
      return (struct sbi_ret){ SBI_ERR_INVALID_PARAM, 0 };
    putchar(*(const char *)pa);
  }
  return (struct sbi_ret){ 0, (int64_t)count };
}

static struct sbi_ret serve(const struct vcpu *v)
{
  const uint64_t *x = v->x;
  if (x[X_A7] == SBI_DBCN && x[X_A6] == 0)
    return dbcn_write(x[X_A0], x[X_A1], x[X_A2]);
  return (struct sbi_ret){ SBI_ERR_NOT_SUPPORTED, 0 };
}

static void sbi_exit(struct vcpu *v)
{
  if (v->x[X_A7] == SBI_LEGACY_PUTCHAR) {
    putchar((char)v->x[X_A0]);
    v->x[X_A0] = 0; /* a legacy call returns in a0 only and leaves a1 alone */
  } else {
    struct sbi_ret ret = serve(v);
    v->x[X_A0] = (uint64_t)ret.error;
    v->x[X_A1] = (uint64_t)ret.value;
  }
  v->sepc += 4; /* ECALL has no compressed form */
}

int main(void)
{
  unsigned exits = 0;

  printf("[03-console]\n");
  root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_main, (uint64_t)__guest_stack_top);

  for (;;) {
    vm_run(&vcpu);
    exits++;
    if (vcpu.scause != CAUSE_ECALL_VS)
      vm_unexpected(&vcpu);
    if (vcpu.x[X_A7] == SBI_SRST)
      break;
    sbi_exit(&vcpu);
  }
  printf("%d exits, all of them ecall-from-VS\n", exits);
  power_off();
}
