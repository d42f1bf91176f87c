/* kvm.h - what vmm.c needs of KVM: numbers of its ioctls, and the layout of what it shares.
 *
 * The interface is Documentation/virt/kvm/api.rst of Linux, the numbers are those of its
 * include/uapi/linux/kvm.h and arch/riscv/include/uapi/asm/kvm.h.
 */
enum { KVM_API_VERSION = 12 };

/* On /dev/kvm; on a machine; on a vCPU. An ioctl's number has the size of its argument in it. */
enum { KVM_GET_API_VERSION = 0xae00, KVM_CREATE_VM = 0xae01, KVM_GET_VCPU_MMAP_SIZE = 0xae04 };
enum { KVM_CREATE_VCPU = 0xae41, KVM_SET_USER_MEMORY_REGION = 0x4020ae46 };
enum { KVM_RUN = 0xae80, KVM_SET_ONE_REG = 0x4010aeac };

enum { KVM_EXIT_MMIO = 6, KVM_EXIT_INTR = 10, KVM_EXIT_SYSTEM_EVENT = 24, KVM_EXIT_RISCV_SBI = 35 };
enum { KVM_SYSTEM_EVENT_SHUTDOWN = 1 };

struct kvm_memory_region {
  unsigned slot, flags;
  unsigned long guest_address, size, address;
};

struct kvm_one_reg {
  unsigned long id;
  void *value;
};

/* Names of registers for KVM_SET_ONE_REG, all of them 64 bits wide. */
static const unsigned long KVM_REG_CORE = 0x8030000002000000;
static const unsigned long KVM_REG_SBI_EXTENSION = 0x8030000008000000;
enum { KVM_CORE_PC = 0, KVM_CORE_A0 = 10, KVM_CORE_A1 = 11 };
enum { KVM_SBI_DBCN = 9 };

/* One page for each vCPU, written by KVM_RUN when it returns, and read when it is called again. */
struct kvm_run {
  unsigned char to_kernel[8];
  unsigned exit_reason;
  unsigned other[5];
  union {
    struct {
      unsigned long address;
      unsigned char data[8];
      unsigned size;
      unsigned char is_write;
    } mmio;
    struct {
      unsigned long extension, function, args[6], error, value;
    } sbi;
    struct {
      unsigned type;
    } event;
  };
};
