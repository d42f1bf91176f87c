/* Lesson 6: a virtual device by guest-page faults (memory-mapped I/O emulation).
 *
 * The device's page is simply not mapped in the G-stage. htval tells the address, the cause tells
 * load or store; width, sign and register are in the instruction. Where it comes from is the
 * hardware's choice: htinst may hold it, or 0 [norm:H_trap_xtinst_val].
 */
#include "decode.h"

void guest_start(void);

#define DEVICE 0x10001000UL
#define REG_ID 0
#define REG_DATA 8
#define REG_PUTC 16

static struct vcpu vcpu;
static bool htinst_is_zero; /* pretend so, in the second round */
static uint64_t device_data;

/* The device itself: it knows nothing of traps. */
static uint64_t device_read(uint64_t offset)
{
  switch (offset) {
  case REG_ID:
    return 0x76697274;
  case REG_DATA:
    return device_data;
  default:
    return 0;
  }
}

static void device_write(uint64_t offset, uint64_t value, unsigned bytes)
{
  uint64_t mask = bytes == 8 ? ~0UL : (1UL << 8 * bytes) - 1;
  if (offset == REG_DATA)
    device_data = (device_data & ~mask) | (value & mask);
  else if (offset == REG_PUTC)
    printf("device prints %c\n", (char)value);
}

static uint64_t extend(uint64_t value, struct access a)
{
  unsigned unused = 64 - 8 * a.bytes;
  value <<= unused;
  return a.is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

static void mmio_exit(struct vcpu *v)
{
  uint64_t gpa = fault_gpa(v);
  /* A pseudoinstruction (0x3000) would mean that a page table of the guest is missing, not that the
     guest accessed a device: see lesson 11. Here vsatp is Bare, so it cannot be. */
  bool use_htinst = v->htinst != 0 && !htinst_is_zero;
  struct access a = use_htinst ? decode_htinst(v->htinst) : decode_memory(v->sepc);
  if (gpa < DEVICE || gpa >= DEVICE + PAGE_SIZE)
    vm_unexpected(v);

  uint64_t *reg = &v->x[a.reg];
  if (a.store)
    device_write(gpa - DEVICE, a.reg ? *reg : 0, a.bytes);
  else if (a.reg)
    *reg = extend(device_read(gpa - DEVICE), a);
  printf("%s %d bytes at %lx, x%d = %lx, instruction of %d bytes\n", a.store ? "store" : "load",
         a.bytes, gpa, a.reg, *reg, a.len);
  v->sepc += a.len;
}

static void ecall_exit(struct vcpu *v)
{
  if (v->x[X_A7] == SBI_SRST) {
    printf("guest ends\n");
    power_off();
  }
  const uint64_t *x = v->x;
  if (x[X_A0] != 0x76697274 || x[X_A2] != -2UL || x[X_A3] != 0xfffe || x[15] != 0xffffffff00000007)
    panic("the guest read wrong values");
  printf("guest has the right values\n");
  if (!htinst_is_zero)
    printf("round 2: decoding from the guest's memory, by HLVX\n");
  htinst_is_zero = true;
  v->sepc += 4;
}

int main(void)
{
  printf("[06-mmio]\n");
  uint64_t *root = gstage_new();
  gstage_map_guest(root);
  csr_write(hgatp, hgatp_of(root, 0));
  hfence_gvma();
  vcpu_init(&vcpu, guest_start, 0);
  printf("round 1: decoding from htinst, if this machine fills it\n");

  for (;;) {
    vm_run(&vcpu);
    switch (vcpu.scause) {
    case CAUSE_LOAD_GUEST_PAGE:
    case CAUSE_STORE_GUEST_PAGE:
      mmio_exit(&vcpu);
      break;
    case CAUSE_ECALL_VS:
      ecall_exit(&vcpu);
      break;
    default:
      vm_unexpected(&vcpu);
    }
  }
}
