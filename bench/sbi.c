// sbi.c - console, report and power off through the SBI.
#include "sbi.h"

enum { EID_PUTCHAR = 0x01, EID_SRST = 0x53525354 };
enum { FINISHER = 0x100000, FINISHER_PASS = 0x5555 };

static long sbi_call(unsigned long eid, unsigned long fid, unsigned long arg0, unsigned long arg1)
{
  register unsigned long a0 __asm__("a0") = arg0;
  register unsigned long a1 __asm__("a1") = arg1;
  register unsigned long a6 __asm__("a6") = fid;
  register unsigned long a7 __asm__("a7") = eid;
  __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
  return (long)a0;
}

void sbi_putchar(char c) { sbi_call(EID_PUTCHAR, 0, (unsigned char)c, 0); }

void sbi_puts(const char *s)
{
  while (*s)
    sbi_putchar(*s++);
}

void sbi_put_hex(uint64_t v, int digits)
{
  while (digits-- > 0)
    sbi_putchar("0123456789abcdef"[(v >> (4 * digits)) & 15]);
}

void sbi_put_dec(uint64_t v)
{
  char buf[20];
  int n = 0;
  do
    buf[n++] = (char)('0' + v % 10);
  while ((v /= 10) != 0);
  while (n > 0)
    sbi_putchar(buf[--n]);
}

void bench_report(const char *name, uint64_t n, const char *unit, uint64_t checksum, uint64_t count)
{
  sbi_puts(name);
  sbi_puts(": ");
  sbi_put_dec(n);
  sbi_puts(" ");
  sbi_puts(unit);
  sbi_puts(", checksum ");
  sbi_put_hex(checksum, 16);
  sbi_puts("\n");
  sbi_puts(name);
  sbi_puts(": instret ");
  sbi_put_dec(count);
  sbi_puts("\n");
}

void sbi_shutdown(void)
{
  sbi_call(EID_SRST, 0, 0, 0);
  *(volatile uint32_t *)FINISHER = FINISHER_PASS;
}
