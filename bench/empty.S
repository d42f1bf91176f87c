# empty.S - start and power off at once: its time is subtracted from the others'.
  .globl _start
_start:
  li a7, 0x53525354
  li a6, 0
  li a0, 0
  li a1, 0
  ecall
1: j 1b
