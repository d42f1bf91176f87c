/* regs.h - save and restore the general registers of whoever runs below us; for assembly only.
 *
 * Both macros take the address of an array `uint64_t x[32]` in a0. x0 has no place, and a0 (x10)
 * is left to the user of the macro because it holds the address.
 */
#ifndef ROMS_REGS_H
#define ROMS_REGS_H

.macro SAVE_GUEST_REGS
  .irp n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd x\n, (8*\n)(a0)
  .endr
.endm

.macro LOAD_GUEST_REGS
  .irp n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld x\n, (8*\n)(a0)
  .endr
.endm

/* The registers that a C function expects to find unchanged after a call. */
.macro PUSH_CALLEE_SAVED
  addi sp, sp, -128
  sd ra, 0(sp)
  sd gp, 8(sp)
  sd tp, 16(sp)
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
  sd s\n, (24+8*\n)(sp)
  .endr
.endm

.macro POP_CALLEE_SAVED
  ld ra, 0(sp)
  ld gp, 8(sp)
  ld tp, 16(sp)
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
  ld s\n, (24+8*\n)(sp)
  .endr
  addi sp, sp, 128
.endm

#endif
