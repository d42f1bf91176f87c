# vmtouch_guest.S - the guest of vmtouch.c: a0 = exits to make, a1 = its pages.
  .text
  .balign 4
  .globl vmtouch_guest
vmtouch_guest:
  mv    s0, a0
  mv    s1, a1
  li    s2, 0           # checksum
  li    s3, 4096 + 64   # one word in each page, in different cache lines
  li    a7, 0
1:
  mv    t0, s1
  li    t1, 32          # 64 pages by pairs: load from one, add to the next
2:
  ld    t2, 0(t0)
  add   t0, t0, s3
  add   t2, t2, t1
  ld    t3, 0(t0)
  add   t3, t3, t2
  sd    t3, 0(t0)
  slli  s2, s2, 1
  xor   s2, s2, t3
  add   t0, t0, s3
  addi  t1, t1, -1
  bnez  t1, 2b
  ecall
  addi  s0, s0, -1
  bnez  s0, 1b
  mv    a0, s2
  li    a7, 1
  ecall
3:
  j     3b
