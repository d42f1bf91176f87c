/* hv.h - what the hypervisors of the lessons share: CSR access, names of bits and causes, console,
 * G-stage page tables, running a guest. Bare metal, no libc. "norm:" names are the rules of the
 * RISC-V privileged manual.
 */
#ifndef ROMS_HV_H
#define ROMS_HV_H

#include <stdbool.h>
#include "vcpu.h"

/* gcc 12 rejects an `h` in -march, but its assembler knows the extension when asked. */
#define WITH_H(insn) ".option push\n.option arch, +h\n" insn "\n.option pop"

#define csr_read(csr)                                                                              \
  ({                                                                                               \
    uint64_t value_;                                                                               \
    __asm__ volatile(WITH_H("csrr %0, " #csr) : "=r"(value_) : : "memory");                        \
    value_;                                                                                        \
  })
#define csr_write(csr, value)                                                                      \
  __asm__ volatile(WITH_H("csrw " #csr ", %0") : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, bits)                                                                         \
  __asm__ volatile(WITH_H("csrs " #csr ", %0") : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(csr, bits)                                                                       \
  __asm__ volatile(WITH_H("csrc " #csr ", %0") : : "rK"((uint64_t)(bits)) : "memory")

/* After a change of G-stage tables: forget every guest translation [norm:hfence-gvma_op]. */
static inline void hfence_gvma(void) { __asm__ volatile(WITH_H("hfence.gvma") : : : "memory"); }

/* sstatus and vsstatus */
#define SSTATUS_SIE (1UL << 1)
#define SSTATUS_SPIE (1UL << 5)
#define SSTATUS_SPP (1UL << 8)
#define SSTATUS_SUM (1UL << 18)
/* hstatus */
#define HSTATUS_GVA (1UL << 6)   /* stval holds a guest virtual address */
#define HSTATUS_SPV (1UL << 7)   /* V before the trap; V after SRET */
#define HSTATUS_SPVP (1UL << 8)  /* privilege before a trap from V=1; HLV and HSV act with it */
#define HSTATUS_VTVM (1UL << 20) /* trap SFENCE.VMA and satp in VS */
#define HSTATUS_VTW (1UL << 21)  /* trap WFI in VS */
#define HSTATUS_VTSR (1UL << 22) /* trap SRET in VS */
#define HENVCFG_STCE (1UL << 63)
#define COUNTEREN_TM (1UL << 1)

/* Interrupts have the top bit of scause set. The VS-level ones have their own numbers in HS;
   delegated by hideleg, a guest sees 2, 6, 10 as 1, 5, 9 [norm:hideleg_trans]. */
#define INTERRUPT (1UL << 63)
#define IRQ_STI 5
#define IRQ_VSTI 6

enum cause {
  CAUSE_ILLEGAL = 2,
  CAUSE_ECALL_U = 8,
  CAUSE_ECALL_VS = 10,
  CAUSE_FETCH_PAGE = 12,
  CAUSE_LOAD_PAGE = 13,
  CAUSE_STORE_PAGE = 15,
  CAUSE_FETCH_GUEST_PAGE = 20,
  CAUSE_LOAD_GUEST_PAGE = 21,
  CAUSE_VIRTUAL = 22,
  CAUSE_STORE_GUEST_PAGE = 23,
};

enum { X_RA = 1, X_SP = 2, X_A0 = 10, X_A1, X_A2, X_A3, X_A4, X_A5, X_A6, X_A7 };

#define SBI_LEGACY_SET_TIMER 0
#define SBI_LEGACY_PUTCHAR 1
#define SBI_LEGACY_SHUTDOWN 8
#define SBI_BASE 0x10
#define SBI_TIME 0x54494d45UL
#define SBI_SRST 0x53525354UL
#define SBI_DBCN 0x4442434eUL
#define SBI_ERR_NOT_SUPPORTED (-2L)
#define SBI_ERR_INVALID_PARAM (-3L)

/* console.c: everything goes through the firmware, nothing touches the UART. */
struct sbi_ret {
  int64_t error, value;
};
struct sbi_ret sbi_call(uint64_t eid, uint64_t fid, uint64_t a0, uint64_t a1, uint64_t a2);
void putchar(char c);
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *cause_name(uint64_t scause);
_Noreturn void power_off(void);                /* SBI SRST: the run succeeded */
_Noreturn void finisher_fail(unsigned code);   /* the run failed with this exit code */
_Noreturn void panic(const char *format, ...); /* prints, then finisher_fail */
_Noreturn void vm_unexpected(const struct vcpu *v);

/* gstage.c: Sv39x4, 4 KiB pages. */
#define PAGE_SIZE 4096UL
#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
#define PTE_A (1UL << 6)
#define PTE_D (1UL << 7)
#define PTE_RWX (PTE_R | PTE_W | PTE_X)
#define PTE_PPN(pte) ((pte) >> 10 << 12 & 0x00fffffffffff000UL)
#define PTE_OF(pa) ((uint64_t)(pa) >> 12 << 10)

uint64_t page_alloc(void); /* one zeroed page; its physical address */
uint64_t *gstage_new(void);
void gstage_map(uint64_t *root, uint64_t gpa, uint64_t pa, uint64_t rwx);
void gstage_map_guest(uint64_t *root);               /* the guest's part of the ELF, gpa == pa */
uint64_t *gstage_find(uint64_t *root, uint64_t gpa); /* its last-level PTE, or NULL */
uint64_t gstage_translate(uint64_t *root, uint64_t gpa); /* pa, or 0 */
uint64_t hgatp_of(const uint64_t *root, uint64_t vmid);

/* vm.c, entry.S */
extern char __guest_begin[], __guest_end[], __guest_stack_top[];
void hv_init(void);
void vcpu_init(struct vcpu *v, void (*entry)(void), uint64_t sp);
void vm_run(struct vcpu *v); /* enter; returns at the next exit, with the reason in *v */
uint64_t probe_sstc(void);
uint64_t fault_gpa(const struct vcpu *v);
uint32_t guest_fetch(uint64_t gva);        /* read an instruction as the guest would fetch it */
uint32_t guest_insn(const struct vcpu *v); /* the instruction that trapped */
static inline unsigned insn_len(uint32_t insn) { return (insn & 3) == 3 ? 4 : 2; }
static inline void guest_skip(struct vcpu *v) { v->sepc += insn_len(guest_fetch(v->sepc)); }

#endif
