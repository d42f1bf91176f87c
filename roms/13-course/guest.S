/* The guest: a flat binary for 0x90000000, which becomes GUEST.BIN on the disk. It reads what is in
 * the flash at 0x22000000: a magic word, a text, and a word at the very end.
 *
 * Without compressed instructions and relaxation its bytes do not depend on the assembler.
 */
  .option norvc
  .option norelax

#define FLASH 0x22000000
#define FLASH_LAST_WORD 0x23fffffc

  .section .text.entry, "ax"
  .globl _start
_start:
  li   s0, FLASH
  lwu  s1, 0(s0)              /* exit: this page of the flash is not mapped yet */
  ld   s2, magic
  bne  s1, s2, wrong
  la   a0, says
  call puts
  addi a0, s0, 4              /* no exit for these loads: straight from the chip */
  call puts
  li   t0, FLASH_LAST_WORD
  lwu  s3, 0(t0)              /* exit: another page */
  sw   zero, 0(s0)            /* exit, and no other effect */
  lwu  s1, 0(s0)
  bne  s1, s2, wrong
  ld   t0, last
  bne  s3, t0, wrong
  la   a0, unchanged
  call puts
shutdown:
  li   a7, 0x53525354         /* SBI SRST: shutdown, no reason */
  li   a6, 0
  li   a0, 0
  li   a1, 0
  ecall
  j    shutdown

wrong:
  la   a0, not_there
  call puts
  j    shutdown

/* puts(a0): SBI DBCN console write: a0 = bytes, a1 and a2 = the address, low and high half. */
puts:
  mv   a1, a0
1:
  lbu  t1, 0(a0)
  beqz t1, 2f
  addi a0, a0, 1
  j    1b
2:
  sub  a0, a0, a1
  li   a2, 0
  li   a7, 0x4442434e
  li   a6, 0
  ecall
  ret

  .section .rodata
  .balign 8
magic:
  .dword 0x646c6670           /* "pfld" */
last:
  .dword 0x21444e45           /* "END!" */
says:
  .string "guest: the flash says: "
unchanged:
  .string "guest: my store has changed nothing, and the last word is there, too\n"
not_there:
  .string "guest: this is not the flash I was promised\n"
