/* A guest written for a machine that it does not have: it reads a machine-level CSR and a device
   at physical address 0x40. Neither exists here; the hypervisor pretends both. */
  .text
  .globl guest_start, guest_load
guest_start:
  csrr a1, mhartid            /* M-level CSR: illegal instruction */
guest_load:
  ld   a0, 0x40(zero)         /* no such guest physical page: load guest-page fault */
  li   a7, 8                  /* legacy SBI shutdown */
  ecall
1:
  j    1b
