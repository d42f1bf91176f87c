# vmexit_guest.S - a guest that does nothing but call its hypervisor.
  .text

# The guest, in VS-mode: a0 = number of exits still to make.
# s0 counts; s1 = running checksum, changed by the hypervisor through a0. All other registers
# hold a pattern that must survive; a1 of the last call is nonzero if one did not.
  .balign 4
  .globl vmexit_guest
vmexit_guest:
  mv    s0, a0
  li    a0, 0
  li    a7, 0
  .irp n, 1,3,4,5,6,7,11,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  li    x\n, 0x5a00 + \n
  .endr
1:
  ecall
  xor   s1, s1, a0
  addi  s0, s0, -1
  bnez  s0, 1b

  li    s0, 0
  .irp n, 1,3,4,5,6,7,11,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  li    a7, -(0x5a00 + \n)
  add   a7, a7, x\n
  or    s0, s0, a7
  .endr
  mv    a0, s1
  mv    a1, s0
  li    a7, 1
  ecall
2:
  j     2b
