/* commits.S - one of everything that a commit log can say, for a bare machine ended by HTIF: each kind
 * of register, access and CSR write in each mode. spike.log is Spike's log of it. No relaxation, and
 * compressed instructions only where they are asked for, so that every assembler makes the same bits.
 */
  .option arch, +h
  .option norvc
  .option norelax

  .macro CLEAR_MTIMER           /* mtimecmp = all ones: MTIP is 0 in every log */
  li   t0, 0x2004000
  li   t1, -1
  sd   t1, 0(t0)
  .endm

  .section .text.init, "ax"
  .globl _start
_start:
  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  li   x\n, 0
  .endr
  CLEAR_MTIMER
  lla  t0, m_trap
  csrw mtvec, t0
  li   t0, -1
  csrw pmpaddr0, t0
  csrwi pmpcfg0, 0x1f

/* Integer registers and memory. */
  lla  s0, data
  lui  a0, 0x12345
  addi zero, a0, 1              /* x0 is not written */
  jal  a1, 1f
1:
  beqz zero, 2f
  nop
2:
  lla  t0, 3f
  jalr a2, 0(t0)
3:
  lb   a3, 0(s0)
  lh   a3, 2(s0)
  lw   a3, 4(s0)
  ld   a3, 8(s0)
  lwu  zero, 4(s0)
  ld   a3, 3(s0)                /* misaligned: one access */
  sb   a3, 16(s0)
  sh   a3, 18(s0)
  sw   a3, 20(s0)
  sd   a3, 24(s0)
  sd   a3, 35(s0)
  mul  a4, a3, a3
  divw a4, a3, a0
  fence
  fence.i

/* Atomics. */
  addi s1, s0, 48
  amoadd.w a5, a0, (s1)
  amoswap.d zero, a0, (s1)
  lr.d a5, (s1)
  sc.d a6, a0, (s1)
  sc.w a6, a0, (s1)             /* fails: no access */

/* Compressed. */
  mv   sp, s0
  .option rvc
  c.li  a0, 5
  c.mv  a7, a0
  c.lwsp a5, 0(sp)
  c.nop
  .option norvc

/* Floating point: FS becomes Dirty once; flags whether or not they are new. */
  li   t0, 0x4000
  csrc mstatus, t0
  li   t0, 0x2000
  csrs mstatus, t0
  fld  f0, 8(s0)
  fmv.w.x f1, a0
  fcvt.s.w f10, a0
  fdiv.s f11, f10, f1           /* NX */
  fdiv.s f11, f10, f1           /* again */
  feq.s a0, f10, f10
  fsw  f10, 56(s0)
  fsd  f10, 64(s0)
  csrw fflags, 3
  csrw frm, 1
  csrwi fcsr, 0
  csrc mstatus, t0              /* Initial, then Dirty by the flags alone */
  li   t0, 0x4000
  csrc mstatus, t0
  li   t0, 0x2000
  csrs mstatus, t0
  fcvt.w.s a0, f11

/* CSRs. */
  csrr a0, mhartid
  csrw mscratch, a0
  csrrw zero, mscratch, s0
  csrrs a0, mscratch, zero      /* no write */
  csrw mepc, s0
  csrw mcause, zero
  csrw mtval, s0
  csrw mtval2, s0
  csrw mtinst, s0
  li   t0, 0xf0b508
  csrw medeleg, t0
  li   t0, 0x222
  csrw mideleg, t0
  csrw mcounteren, 7
  csrw scounteren, 7
  csrw hcounteren, 7
  csrw mie, 0
  csrw sie, 2
  csrw hie, 4
  csrw mip, 2
  csrs mip, 4
  csrc sip, 2
  csrw sip, 2
  csrw sip, 0
  csrw hip, 4
  li   t0, 0x444
  csrw hideleg, t0
  csrw vsip, 0
  csrw vsie, 2
  csrw hvip, t0
  csrw hvip, 0
  li   t0, 0xb100
  csrw hedeleg, t0
  csrw hgeie, t0
  csrw mhpmcounter3, t0
  csrw mhpmevent3, t0
  csrw stvec, s0
  csrw sscratch, s0
  csrw sepc, s0
  csrw scause, zero
  csrw stval, s0
  csrw satp, zero
  csrw vsstatus, zero
  csrw vsscratch, s0
  csrw vscause, zero
  csrw vstval, s0
  csrw vsatp, zero
  csrw htval, s0
  csrw htinst, s0
  csrw htimedelta, s0
  csrw hgatp, zero
  csrw menvcfg, zero
  csrw henvcfg, zero
  csrw mcountinhibit, 5
  csrw minstret, s0
  csrr a0, minstret
  csrw mcountinhibit, 0
  li   t0, 0x99                 /* entry 8: locked */
  csrw pmpcfg2, t0
  csrw pmpaddr8, s0             /* no effect, no entry */
  lla  t0, hs_trap
  csrw stvec, t0
  lla  t0, vs_trap
  csrw vstvec, t0

/* Traps have no line: the ecall does not appear. Then to HS-mode. */
  ecall
  li   t0, 0x1800
  csrc mstatus, t0
  li   t0, 0x6800
  csrs mstatus, t0
  lla  t0, hs
  csrw mepc, t0
  mret
hs:
  csrs sstatus, 2
  csrw stvec, t0
  lla  t0, hs_trap
  csrw stvec, t0
  sfence.vma
  hfence.gvma
  hlv.w a0, (s0)
  hlvx.wu a0, (s0)
  hsv.d a0, (s1)
  csrci sstatus, 2
  csrw sie, 2                   /* pending and enabled, but not taken: wfi goes on */
  csrw sip, 2
  wfi
  csrw sie, 0
  li   t0, 0x180                /* SPV, SPVP */
  csrs hstatus, t0
  li   t0, 0x100
  csrs sstatus, t0
  lla  t0, vs
  csrw sepc, t0
  sret
vs:                             /* V=1: the S names are the VS CSRs; FS is Off in vsstatus */
  csrw sscratch, s0
  csrs sstatus, 2
  csrw sie, 2
  csrw sip, 0
  li   t0, 0x2000
  csrs sstatus, t0
  fmv.d.x f31, a0               /* both FS become Dirty */
  csrr a1, sstatus
  lla  t0, vu
  csrw sepc, t0
  li   t0, 0x100
  csrc sstatus, t0
  sret
vu:
  ld   a0, 0(s0)
  ecall                         /* to VS */
  .balign 4
vs_trap:
  csrr a0, scause
  ecall                         /* to HS: exit */
  .balign 4
hs_trap:
  csrr a0, scause
  csrr a1, hstatus
  lla  t0, vu2
  csrw sepc, t0
  sret                          /* SPP is that of the ecall: VS */
vu2:
  csrr a0, mhartid              /* to M */

  .balign 4
m_trap:
  csrr a0, mcause
  csrr a1, mepc
  addi a1, a1, 4
  csrw mepc, a1
  addi a0, a0, -11              /* our own ecall */
  beqz a0, 4f
  li   t0, 1
  lla  t1, tohost
  sd   t0, 0(t1)
5:
  j    5b
4:
  li   t0, 0x1800
  csrs mstatus, t0
  mret

  .section .data
  .balign 64
data:
  .dword 0x0807060504030201, 0x4008000000000000, 0, 0, 0, 0, 0, 0, 0, 0

  .section .tohost, "aw"
  .globl tohost, fromhost
  .balign 4096
tohost:
  .dword 0
fromhost:
  .dword 0
