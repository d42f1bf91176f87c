/* console.c - printing, and the three ways to end a lesson. Everything is asked of the firmware by
 * SBI calls (ECALL from HS-mode, cause 9, goes to M-mode), except a failure: the test finisher at
 * 0x100000 is the only device that can hand an exit code to whoever started the machine.
 */
#include <stdarg.h>
#include "hv.h"

#define FINISHER ((volatile uint32_t *)0x100000)

struct sbi_ret sbi_call(uint64_t eid, uint64_t fid, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
  register uint64_t a0 __asm__("a0") = arg0;
  register uint64_t a1 __asm__("a1") = arg1;
  register uint64_t a2 __asm__("a2") = arg2;
  register uint64_t a6 __asm__("a6") = fid;
  register uint64_t a7 __asm__("a7") = eid;
  __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
  return (struct sbi_ret){ (int64_t)a0, (int64_t)a1 };
}

void putchar(char c) { sbi_call(SBI_LEGACY_PUTCHAR, 0, (uint8_t)c, 0, 0); }

static void put_string(const char *s)
{
  while (*s)
    putchar(*s++);
}

static void put_number(uint64_t n, unsigned base)
{
  char digits[20];
  int count = 0;
  do {
    digits[count++] = "0123456789abcdef"[n % base];
    n /= base;
  } while (n);
  while (count)
    putchar(digits[--count]);
}

/* %s %c, %d (int), %lu %lx (64 bits): no more is needed. Hexadecimal is printed with its 0x. */
static void vprintf(const char *format, va_list args)
{
  for (; *format; format++) {
    if (*format != '%') {
      putchar(*format);
      continue;
    }
    if (*++format == 'l')
      format++;
    if (*format == 's') {
      put_string(va_arg(args, const char *));
    } else if (*format == 'c') {
      putchar((char)va_arg(args, int));
    } else if (*format == 'x') {
      put_string("0x");
      put_number(va_arg(args, uint64_t), 16);
    } else if (*format == 'u') {
      put_number(va_arg(args, uint64_t), 10);
    } else if (*format == 'd') {
      int n = va_arg(args, int);
      if (n < 0)
        putchar('-');
      put_number(n < 0 ? -(uint64_t)n : (uint64_t)n, 10);
    }
  }
}

void printf(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
}

const char *cause_name(uint64_t scause)
{
  switch (scause) {
  case CAUSE_ILLEGAL:
    return "illegal-instruction";
  case CAUSE_ECALL_U:
    return "ecall-from-U";
  case CAUSE_ECALL_VS:
    return "ecall-from-VS";
  case CAUSE_FETCH_PAGE:
    return "instruction-page-fault";
  case CAUSE_LOAD_PAGE:
    return "load-page-fault";
  case CAUSE_STORE_PAGE:
    return "store-page-fault";
  case CAUSE_FETCH_GUEST_PAGE:
    return "instruction-guest-page-fault";
  case CAUSE_LOAD_GUEST_PAGE:
    return "load-guest-page-fault";
  case CAUSE_VIRTUAL:
    return "virtual-instruction";
  case CAUSE_STORE_GUEST_PAGE:
    return "store-guest-page-fault";
  case INTERRUPT | IRQ_STI:
    return "supervisor-timer-interrupt";
  case INTERRUPT | IRQ_VSTI:
    return "VS-timer-interrupt";
  default:
    return "another cause";
  }
}

void power_off(void)
{
  sbi_call(SBI_SRST, 0, 0, 0, 0);
  sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0, 0);
  finisher_fail(2); /* the firmware knows neither: not a success */
}

void finisher_fail(unsigned code)
{
  *FINISHER = code << 16 | 0x3333;
  for (;;)
    __asm__ volatile("wfi");
}

void panic(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  put_string("FAIL: ");
  vprintf(format, args);
  putchar('\n');
  va_end(args);
  finisher_fail(3);
}

void vm_unexpected(const struct vcpu *v)
{
  panic("unexpected exit: scause %lx (%s) sepc %lx stval %lx htval %lx htinst %lx", v->scause,
        cause_name(v->scause), v->sepc, v->stval, v->htval, v->htinst);
}

/* From hs_trap in entry.S. */
_Noreturn void hs_panic(uint64_t scause, uint64_t sepc, uint64_t stval)
{
  panic("trap in the hypervisor: scause %lx sepc %lx stval %lx", scause, sepc, stval);
}

/* gcc may call this for structure initialisers, even with -ffreestanding. */
void *memset(void *dest, int value, size_t n)
{
  volatile uint8_t *p = dest;
  while (n--)
    *p++ = (uint8_t)value;
  return dest;
}

void *memcpy(void *dest, const void *src, size_t n)
{
  volatile uint8_t *d = dest;
  const uint8_t *s = src;
  while (n--)
    *d++ = *s++;
  return dest;
}
