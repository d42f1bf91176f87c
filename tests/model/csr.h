/* csr.h - a model of every CSR, for tests: what exists, who may access it, which values it can
 * hold, which CSRs are views of others. Written from the manual's register descriptions; no code
 * and no table of the machine's is used. [priv csrs, machine, supervisor, hypervisor, sstc, unpriv
 * f, zicntr]
 */
#ifndef RVH_TESTS_MODEL_CSR_H
#define RVH_TESTS_MODEL_CSR_H
#include <stdbool.h>
#include <stdint.h>

enum {
  FFLAGS = 0x001,
  FRM,
  FCSR,
  CYCLE = 0xC00,
  TIME,
  INSTRET,
  SSTATUS = 0x100,
  SIE = 0x104,
  STVEC,
  SCOUNTEREN,
  SENVCFG = 0x10A,
  SSCRATCH = 0x140,
  SEPC,
  SCAUSE,
  STVAL,
  SIP,
  STIMECMP = 0x14D,
  SATP = 0x180,
  VSSTATUS = 0x200,
  VSIE = 0x204,
  VSTVEC,
  VSSCRATCH = 0x240,
  VSEPC,
  VSCAUSE,
  VSTVAL,
  VSIP,
  VSTIMECMP = 0x24D,
  VSATP = 0x280,
  HSTATUS = 0x600,
  HEDELEG = 0x602,
  HIDELEG,
  HIE,
  HTIMEDELTA,
  HCOUNTEREN,
  HGEIE,
  HENVCFG = 0x60A,
  HTVAL = 0x643,
  HIP,
  HVIP,
  HTINST = 0x64A,
  HGATP = 0x680,
  HGEIP = 0xE12,
  MSTATUS = 0x300,
  MISA,
  MEDELEG,
  MIDELEG,
  MIE,
  MTVEC,
  MCOUNTEREN,
  MENVCFG = 0x30A,
  MCOUNTINHIBIT = 0x320,
  MSCRATCH = 0x340,
  MEPC,
  MCAUSE,
  MTVAL,
  MIP,
  MTINST = 0x34A,
  MTVAL2,
  PMPCFG0 = 0x3A0,
  PMPCFG2 = 0x3A2,
  PMPADDR0 = 0x3B0,
  TSELECT = 0x7A0,
  TDATA1,
  TDATA2,
  TDATA3,
  MCYCLE = 0xB00,
  MINSTRET = 0xB02,
  MVENDORID = 0xF11,
  MARCHID,
  MIMPID,
  MHARTID,
  MCONFIGPTR,
};

/* Interrupt numbers. */
enum { SSI = 1, VSSI, MSI, STI = 5, VSTI, MTI, SEI = 9, VSEI, MEI, SGEI };

typedef struct {
  uint64_t csr[4096]; /* what a CSR with storage of its own holds */
  uint64_t lines;     /* MSIP, MTIP, MEIP, SEIP as devices drive them */
  uint64_t time;
  uint64_t pc;
  unsigned prv; /* 0, 1, 3 */
  bool v;
  bool strict;             /* hgatp forgets PPN[1:0]; otherwise it only hides them */
  bool counter_written[2]; /* cycle, instret: by the instruction under way */
} hart_model;

void model_reset(hart_model *m);

bool model_exists(unsigned csr);
/* As M-mode reads it. */
uint64_t model_peek(const hart_model *m, unsigned csr);
/* As M-mode writes it. */
void model_poke(hart_model *m, unsigned csr, uint64_t value);

/* How an instruction ends that is refused or not. */
typedef enum { EXECUTED, ILLEGAL_INSTRUCTION = 2, VIRTUAL_INSTRUCTION = 22 } model_outcome;

/* A csr* instruction, funct3 op & 3: 1 write, 2 set, 3 clear; writes: false for csrrs and csrrc
 * with x0 or 0. *old: what rd gets. Counters and pc are the caller's. */
model_outcome model_csr(hart_model *m, unsigned csr, unsigned op, uint64_t operand, bool writes,
                        uint64_t *old);

/* The instruction is over: counters count it. */
void model_count(hart_model *m, bool retired, uint64_t inhibit_before);
#endif
