/* phys.h - physical memory and the bus: RAM, ROMs with host memory behind them, and devices.
 */
#ifndef RV_PHYS_H
#define RV_PHYS_H
#include "cpu/hart.h"

/* Copies to or from RAM, for DMA, the firmware and gdb: knows about decoded code and reservations.
 * False: some byte is not in RAM (then nothing was copied). */
bool rv_phys_read(rv_phys *p, uint64_t pa, void *buf, size_t n);
bool rv_phys_write(rv_phys *p, uint64_t pa, const void *buf, size_t n);
#endif
