/* write-program.c - writes a random program as an ELF file: write-program SEED FLAGS FILE
 */
#include "program.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
  static uint8_t image[FUZZ_MAX];
  if (argc != 4) {
    fprintf(stderr,
            "usage: write-program SEED FLAGS FILE\n"
            "  FLAGS: a sum of 1 MMIO, 2 time and counters, 4 timers, 8 CSRs that name the\n"
            "  implementation, 16 changed code without fence.i,\n"
            "  32 a program for two harts, 64 pointer masking, 128 cache blocks; 0: what all "
            "simulators agree on\n");
    return 126;
  }
  const size_t size = fuzz_generate(strtoull(argv[1], NULL, 0), strtoul(argv[2], NULL, 0), image);
  if (fuzz_write_elf(argv[3], image, size))
    return 0;
  fprintf(stderr, "%s: %s\n", argv[3], strerror(errno));
  return 126;
}
