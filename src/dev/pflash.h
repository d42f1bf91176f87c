/* pflash.h - the CFI flash chips of the virt board: memory to read, commands to write. */
#ifndef RV_PFLASH_H
#define RV_PFLASH_H
#include "dev/dev.h"
#include "dev/drive.h"

enum { RV_PFLASH_UNITS = 2 };
#define RV_PFLASH_SIZE (32ull << 20)
#define RV_PFLASH_BASE(unit) (0x20000000ull + (unit)*RV_PFLASH_SIZE)

/* The memory behind the array. In array mode the guest reads it without the device's help; stores
 * always come to the device. The calls are for unit's addresses. */
typedef struct {
  void *ctx;
  uint8_t *bytes;                                          /* RV_PFLASH_SIZE of them */
  void (*set_array)(void *ctx, uint64_t base, bool array); /* the guest reads bytes, or registers */
  void (*changed)(void *ctx, uint64_t pa, uint64_t n);     /* bytes were programmed or erased */
} rv_pflash_memory;

/* drive NULL: a chip of zeroes that forgets. Otherwise it is of RV_PFLASH_SIZE, is read into the
 * memory now, and is freed with the device. NULL: out of memory, or the drive cannot be read. */
rv_dev *rv_pflash_new(const rv_board_ops *board, unsigned unit, const rv_pflash_memory *memory,
                      rv_drive *drive);
#endif
