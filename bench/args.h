// args.h - what a program is told by -append, and memory for tables of a size that is known only then.
#ifndef BENCH_ARGS_H
#define BENCH_ARGS_H
#include <stdbool.h>
#include <stdint.h>

// The number behind name, which ends in '=' ("n="), on the command line; otherwise if it is not there.
// The first match counts, so no name may end in another.
uint64_t bench_arg(const char *name, uint64_t otherwise);

// Memory behind the program, never given back. It is zero: nobody wrote there before.
void *bench_alloc(uint64_t size, uint64_t align);

// Ends the program unless what was allocated ends below limit.
void bench_room(const void *end, uintptr_t limit);
#endif
