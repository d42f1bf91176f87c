/* program.h - random programs: a seed becomes a bare-metal RV64GC + H program.
 *
 * A program is an image for FUZZ_BASE. It starts in M-mode, runs through some
 * phases, each with its own delegation, translation and modes, and ends by writing 1 to tohost
 * (HTIF). What it does depends on its seed and flags alone. README.md says what it promises.
 *
 * Depends on librvh's tables of instructions and CSRs, and on its assembler.
 */
#ifndef RVH_FUZZ_PROGRAM_H
#define RVH_FUZZ_PROGRAM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_BASE 0x80000000ull
enum { FUZZ_SIZE = 0x100000, FUZZ_STRIDE = 0x200000, FUZZ_MAX = FUZZ_STRIDE + FUZZ_SIZE };

/* What a program may do besides; none of it is in the plain ones. */
enum {
  FUZZ_MMIO = 1,        /* registers of CLINT and UART, also behind page tables */
  FUZZ_TIME = 2,        /* read time, cycle, instret; write the counters */
  FUZZ_TIMERS = 4,      /* stimecmp and vstimecmp, and what they make pending */
  FUZZ_ID = 8,          /* read CSRs that name the implementation, and numbers of no CSR */
  FUZZ_NO_FENCE_I = 16, /* changed code is run without fence.i: more than the manual promises */
  FUZZ_MASKING = 64,    /* PMM fields are set, and pointers have tags */
  FUZZ_BLOCKS = 128,    /* cache-block operations and wrs */
};
enum { FUZZ_PLAIN = 0, FUZZ_ALL = 31 | FUZZ_MASKING | FUZZ_BLOCKS };
/* For two harts: each has a program of its own, but they share data and change each other's code.
 * The first one ends both. Without it, other harts than the first wait for ever. */
enum { FUZZ_HARTS = 32 };

/* Symbols of a program, for tools that read ELF files. */
typedef struct {
  const char *name;
  uint64_t address;
} fuzz_symbol;

/* Fills image, FUZZ_MAX bytes; returns how many of them are the program. */
size_t fuzz_generate(uint64_t seed, unsigned flags, uint8_t *image);
/* Its symbols; the last has no name. */
const fuzz_symbol *fuzz_symbols(void);
/* Writes an image as a statically linked ELF. False: errno says why. */
bool fuzz_write_elf(const char *path, const uint8_t *image, size_t size);
#endif
