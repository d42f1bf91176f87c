/* kvm.h - what vmm.c needs of KVM: numbers of its ioctls, and the layout of what it shares.
 *
 * The interface is Documentation/virt/kvm/api.rst of Linux, the numbers are those of its
 * include/uapi/linux/kvm.h and arch/riscv/include/uapi/asm/kvm.h.
 */
enum { KVM_API_VERSION = 12 };

/* On /dev/kvm; on a machine; on a vCPU. An ioctl's number has the size of its argument in it. */
enum { KVM_GET_API_VERSION = 0xae00, KVM_CREATE_VM = 0xae01, KVM_GET_VCPU_MMAP_SIZE = 0xae04 };
enum {
  KVM_CREATE_VCPU = 0xae41,
  KVM_SET_USER_MEMORY_REGION = 0x4020ae46,
  KVM_IRQ_LINE = 0x4008ae61,
};
enum { KVM_CREATE_DEVICE = (int)0xc00caee0, KVM_SET_DEVICE_ATTR = 0x4018aee1 };
enum { KVM_RUN = 0xae80, KVM_SET_ONE_REG = 0x4010aeac };

enum { KVM_EXIT_MMIO = 6, KVM_EXIT_INTR = 10, KVM_EXIT_SYSTEM_EVENT = 24, KVM_EXIT_RISCV_SBI = 35 };
enum { KVM_SYSTEM_EVENT_SHUTDOWN = 1 };

struct kvm_memory_region {
  unsigned slot, flags;
  unsigned long guest_address, size, address;
};

/* A device in the kernel: the AIA, that is an APLIC and an IMSIC for each hart. */
struct kvm_create_device {
  unsigned type, file, flags;
};
struct kvm_device_attr {
  unsigned flags, group;
  unsigned long attr;
  const void *value;
};
enum { KVM_DEV_TYPE_RISCV_AIA = 11 };
enum { KVM_AIA_CONFIG, KVM_AIA_ADDR, KVM_AIA_CTRL }; /* groups */
enum { KVM_AIA_CONFIG_MODE, KVM_AIA_CONFIG_IDS, KVM_AIA_CONFIG_SRCS, KVM_AIA_CONFIG_HART_BITS = 5 };
enum { KVM_AIA_MODE_HWACCEL = 1 };
enum { KVM_AIA_ADDR_APLIC, KVM_AIA_ADDR_IMSIC }; /* of the IMSICs the first hart's */

struct kvm_irq_level {
  unsigned irq, level;
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
