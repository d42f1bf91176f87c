// sbi.h - the few SBI calls that the bench programs need, the report, the instruction counter. (SBI
// specification 2.0, chapters 3, 5, 10)
#ifndef BENCH_SBI_H
#define BENCH_SBI_H

#include <stdint.h>

void sbi_putchar(char c);
void sbi_puts(const char *s);
void sbi_put_hex(uint64_t v, int digits);
void sbi_put_dec(uint64_t v);

// Two lines: "NAME: N UNIT, checksum HEX" and "NAME: instret COUNT", as tools/bench reads them.
void bench_report(const char *name, uint64_t n, const char *unit, uint64_t checksum,
                  uint64_t count);

// Powers the machine off by SRST; if the firmware has none, by the test finisher at 0x100000.
void sbi_shutdown(void);

// Retired instructions; the firmware must have opened the counter to S-mode (mcounteren.IR).
static inline uint64_t read_instret(void)
{
  uint64_t n;
  __asm__ volatile("rdinstret %0" : "=r"(n));
  return n;
}

#endif
