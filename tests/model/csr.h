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
  MSTATEEN0 = 0x30C,
  HSTATEEN0 = 0x60C,
  SSTATEEN0 = 0x10C,
  MSECCFG = 0x747,
  MCYCLECFG = 0x321,
  MINSTRETCFG,
  MHPMEVENT3 = 0x323,
  MHPMCOUNTER3 = 0xB03,
  HPMCOUNTER3 = 0xC03,
  SCOUNTOVF = 0xDA0,
};

/* Interrupt numbers. */
enum { SSI = 1, VSSI, MSI, STI = 5, VSTI, MTI, SEI = 9, VSEI, MEI, SGEI, LCOFI };

/* Extensions that change what CSRs there are and what they hold: bits of hart_model.ext. HPM: event
 * counters 3 to 10 count, as this machine has them. */
enum {
  X_SSTC = 1 << 0,
  X_SVADU = 1 << 1,
  X_SVPBMT = 1 << 2,
  X_SVNAPOT = 1 << 3,
  X_SVINVAL = 1 << 4,
  X_SSNPM = 1 << 5,
  X_SMNPM = 1 << 6,
  X_SMMPM = 1 << 7,
  X_SMSTATEEN = 1 << 8,
  X_ZICBOM = 1 << 9,
  X_ZICBOZ = 1 << 10,
  X_HPM = 1 << 11,
  X_SSCOFPMF = 1 << 12,
  X_SHLCOFIDELEG = 1 << 13,
  X_SMCNTRPMF = 1 << 14,
  X_ZAWRS = 1 << 15,
};

enum { N_COUNTERS = 11 }; /* 0 cycle, 2 instret, 3 to 10; 1 is none */

typedef struct {
  uint32_t ext;       /* X_* */
  uint64_t csr[4096]; /* what a CSR with storage of its own holds */
  uint64_t lines;     /* MSIP, MTIP, MEIP, SEIP as devices drive them */
  uint64_t time;
  uint64_t pc;
  unsigned prv; /* 0, 1, 3 */
  bool v;
  bool strict; /* hgatp forgets PPN[1:0]; otherwise it only hides them */
  /* Of the instruction under way: the counters that count it, those it has written, and those whose
   * OF was set before it. */
  uint32_t counting, written, of;
} hart_model;

void model_reset(hart_model *m);

bool model_exists(const hart_model *m, unsigned csr);
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

/* Around an instruction: which counters count it is decided by the state before it. Overflows are
 * told after it. [machine#hpm, sscofpmf, smcntrpmf] */
void model_begin(hart_model *m);
void model_end(hart_model *m, bool retired);
#endif
