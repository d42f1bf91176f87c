// args.c - numbers from the kernel command line (-append "n=1000 pages=256"), so that one program can
// be run shorter or larger; and memory behind the program for what they size. The command line is
// /chosen/bootargs of the device tree. [Devicetree Specification 0.4, chapter 5]
#include "args.h"

#include <stddef.h>

#include "sbi.h"

enum { FDT_BEGIN_NODE = 1, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };
enum { OFF_STRUCT = 8, OFF_STRINGS = 12 };

const uint8_t *bench_fdt; // a1 as the firmware gave it, by start.S
extern char stack_top[];  // link.ld: the program's end

static uint32_t big_endian(const uint8_t *p)
{
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool begins(const char *s, const char *with)
{
  while (*with)
    if (*s++ != *with++)
      return false;
  return true;
}

static const char *bootargs(void)
{
  if (!bench_fdt || big_endian(bench_fdt) != 0xd00dfeed)
    return "";
  const uint8_t *p = bench_fdt + big_endian(bench_fdt + OFF_STRUCT);
  const char *names = (const char *)bench_fdt + big_endian(bench_fdt + OFF_STRINGS);
  for (;;) {
    const uint32_t token = big_endian(p);
    p += 4;
    if (token == FDT_END)
      return "";
    if (token == FDT_PROP) {
      const uint32_t length = big_endian(p);
      if (begins(names + big_endian(p + 4), "bootargs"))
        return (const char *)p + 8;
      p += 8 + ((length + 3) & ~3u);
    } else if (token == FDT_BEGIN_NODE) {
      size_t length = 1;
      while (p[length - 1])
        length++;
      p += (length + 3) & ~3ul;
    }
  }
}

uint64_t bench_arg(const char *name, uint64_t otherwise)
{
  for (const char *s = bootargs(); *s; s++) {
    if (!begins(s, name))
      continue;
    while (*name)
      name++, s++;
    for (otherwise = 0; *s >= '0' && *s <= '9'; s++)
      otherwise = otherwise * 10 + (uint64_t)(*s - '0');
    break;
  }
  return otherwise;
}

void *bench_alloc(uint64_t size, uint64_t align)
{
  static uintptr_t top;
  if (!top)
    top = (uintptr_t)stack_top;
  const uintptr_t at = (top + align - 1) & ~(align - 1);
  top = at + size;
  return (void *)at;
}

void bench_room(const void *end, uintptr_t limit)
{
  if ((uintptr_t)end <= limit)
    return;
  sbi_puts("bench: no room for so many\n");
  sbi_shutdown();
}
