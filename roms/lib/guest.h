/* guest.h - what a guest may use. A guest shares no code and no data with the hypervisor: it sees
 * only its own pages, and asks for everything else by ECALL, as it would ask real firmware.
 */
#ifndef ROMS_GUEST_H
#define ROMS_GUEST_H

#include <stdint.h>

#define csr_read(csr)                                                                              \
  ({                                                                                               \
    uint64_t value_;                                                                               \
    __asm__ volatile("csrr %0, " #csr : "=r"(value_) : : "memory");                                \
    value_;                                                                                        \
  })
#define csr_write(csr, value)                                                                      \
  __asm__ volatile("csrw " #csr ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, bits)                                                                         \
  __asm__ volatile("csrs " #csr ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(csr, bits)                                                                       \
  __asm__ volatile("csrc " #csr ", %0" : : "rK"((uint64_t)(bits)) : "memory")

/* ECALL from VS-mode: cause 10, which always leaves the guest (hedeleg bit 10 is read-only 0). */
static inline int64_t guest_sbi(uint64_t eid, uint64_t fid, uint64_t arg0, uint64_t arg1,
                                uint64_t arg2)
{
  register uint64_t a0 __asm__("a0") = arg0;
  register uint64_t a1 __asm__("a1") = arg1;
  register uint64_t a2 __asm__("a2") = arg2;
  register uint64_t a6 __asm__("a6") = fid;
  register uint64_t a7 __asm__("a7") = eid;
  __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
  return (int64_t)a0;
}

static inline void guest_putchar(char c) { guest_sbi(1, 0, (uint8_t)c, 0, 0); }

static inline void guest_puts(const char *s)
{
  while (*s)
    guest_putchar(*s++);
}

static inline void guest_shutdown(void)
{
  for (;;)
    guest_sbi(0x53525354, 0, 0, 0, 0); /* SRST, system reset: shutdown, no reason */
}

#endif
