/* The smallest guest: it asks its firmware to shut down. It believes to be in S-mode; what it calls
   firmware is the hypervisor. */
  .text
  .globl guest_start
guest_start:
  li   a7, 0x53525354         /* EID "SRST" */
  li   a6, 0                  /* FID 0: system reset */
  li   a0, 0                  /* type: shutdown */
  li   a1, 0                  /* reason: none */
  ecall
1:
  j    1b                     /* never reached */
