/* sbi.h - the built-in firmware: what an SBI implementation in M-mode would do, done natively.
 *
 * The hart calls rv_sbi_trap right after it took a trap to M. An ecall from HS-mode is an SBI call
 * and is served; every other exception is redirected to HS or VS, as OpenSBI does with what it does
 * not delegate. Depends on priv, mmu and cpu/hart.h; knows the machine only by struct rv_sbi_host.
 * [sbi: RISC-V Supervisor Binary Interface Specification, version 3.0]
 */
#ifndef RV_SBI_H
#define RV_SBI_H
#include "cpu/hart.h"
#include "state/state.h"

enum {
  RV_SBI_MAX_HARTS = 64,
  RV_SBI_SPEC_VERSION = 0x03000000, /* major in bits 30:24, minor below */
  /* Not in the specification's table of implementations: "rvh" in ASCII, so that nobody takes us
   * for another firmware and applies that one's work-arounds. */
  RV_SBI_IMPL_ID = 0x727668,
  RV_SBI_IMPL_VERSION = 0x000100, /* major << 16 | minor << 8 | patch */
};

/* What the firmware asks of the machine. All but hint must be there. */
typedef struct {
  void *ctx;
  rv_hart **harts;
  unsigned n_harts; /* at most RV_SBI_MAX_HARTS */
  rv_phys *phys;
  void (*console_write)(void *ctx, const uint8_t *b, size_t n);
  int (*console_read)(void *ctx); /* next byte, or -1: none */
  /* Ends the run with code, or resets the machine. The caller's state is final by then, so the
   * machine may reset the harts at once. */
  void (*power)(void *ctx, bool reset, int code, const char *reason);
  void (*set_mtimecmp)(void *ctx, rv_hart *h, uint64_t when); /* for harts without Sstc */
  void (*hint)(void *ctx, rv_hart *h, const char *id, const char *text); /* or NULL */
} rv_sbi_host;

typedef struct rv_sbi rv_sbi;

/* Copies host. All harts are RV_STOPPED until rv_sbi_start or HSM hart_start. */
rv_sbi *rv_sbi_new(const rv_sbi_host *host);
void rv_sbi_free(rv_sbi *s);

/* Starts a hart in HS-mode at pc with a0 = hartid and a1, satp 0 and interrupts off, and with what
 * the firmware sets in M: PMP open, delegation, counters, menvcfg. For the boot hart, and after a
 * reset; other harts are started by HSM. */
void rv_sbi_start(rv_sbi *s, rv_hart *h, uint64_t pc, uint64_t a1);

/* The hook rv_env.firmware, with the rv_sbi as ctx. False: the trap came from M-mode, which this
 * firmware never runs. */
bool rv_sbi_trap(void *sbi, rv_hart *h, const rv_trap *t);

/* What a snapshot keeps of it. Harts that wait in HSM are the harts' state. */
void rv_sbi_state(rv_sbi *s, rv_state *state);

/* Names of a call for traces, "HSM" and "hart_start"; *function is NULL if the extension has no
 * such function. False: no such extension here. */
bool rv_sbi_name(uint64_t eid, uint64_t fid, const char **extension, const char **function);
#endif
