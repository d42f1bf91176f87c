# vmmmio_guest.S - the guest of vmmmio.c: a0 = pairs of a store and a load, a1 = the device.
  .option norvc
  .text
  .balign 4
  .globl vmmmio_guest
vmmmio_guest:
  mv    s0, a0
  li    s1, 0
1:
  sw    s0, 4(a1)
  lw    t0, 4(a1)
  xor   s1, s1, t0
  addi  s0, s0, -1
  bnez  s0, 1b
  mv    a0, s1
  li    a7, 1
  ecall
2:
  j     2b
