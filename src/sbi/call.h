/* call.h - inside the firmware: one SBI call, and how an extension describes its functions.
 *
 * An extension is one file that defines one rv_sbi_extension; sbi.c lists them all.
 * [sbi binary-encoding]
 */
#ifndef RV_SBI_CALL_H
#define RV_SBI_CALL_H
#include "sbi/sbi.h"

/* [sbi binary-encoding, table of standard errors] */
enum {
  SBI_SUCCESS = 0,
  SBI_ERR_FAILED = -1,
  SBI_ERR_NOT_SUPPORTED = -2,
  SBI_ERR_INVALID_PARAM = -3,
  SBI_ERR_DENIED = -4,
  SBI_ERR_INVALID_ADDRESS = -5,
  SBI_ERR_ALREADY_AVAILABLE = -6,
  SBI_ERR_ALREADY_STARTED = -7,
  SBI_ERR_ALREADY_STOPPED = -8,
  SBI_ERR_NO_SHMEM = -9,
  SBI_ERR_DENIED_LOCKED = -14,
};

/* [sbi ext-pmu, table of firmware events]: codes. Those of fences come in pairs: sent, received. */
typedef enum {
  RV_SBI_FW_MISALIGNED_LOAD,
  RV_SBI_FW_MISALIGNED_STORE,
  RV_SBI_FW_ACCESS_LOAD,
  RV_SBI_FW_ACCESS_STORE,
  RV_SBI_FW_ILLEGAL_INSN,
  RV_SBI_FW_SET_TIMER,
  RV_SBI_FW_IPI_SENT,
  RV_SBI_FW_IPI_RECEIVED,
  RV_SBI_FW_FENCE_I_SENT,
  RV_SBI_FW_SFENCE_VMA_SENT = 10,
  RV_SBI_FW_SFENCE_VMA_ASID_SENT = 12,
  RV_SBI_FW_HFENCE_GVMA_SENT = 14,
  RV_SBI_FW_HFENCE_GVMA_VMID_SENT = 16,
  RV_SBI_FW_HFENCE_VVMA_SENT = 18,
  RV_SBI_FW_HFENCE_VVMA_ASID_SENT = 20,
  RV_SBI_FW_EVENTS = 22
} rv_sbi_fw_event;

enum { RV_SBI_FW_COUNTERS = 16, RV_SBI_COUNTERS = RV_COUNTERS + RV_SBI_FW_COUNTERS };

/* What the PMU extension knows of one hart, besides its CSRs. */
typedef struct {
  uint32_t event[RV_SBI_COUNTERS]; /* that a counter was given to count */
  uint64_t value[RV_SBI_FW_COUNTERS];
  uint32_t started; /* firmware counters that count */
  uint64_t shmem;   /* where snapshots go, ~0: nowhere */
} rv_sbi_pmu;

struct rv_sbi {
  rv_sbi_host host;
  /* icount of the hart when HSM suspended it: while it waits and this still holds, it is suspended
   * and not merely in a wfi of its own. */
  uint64_t suspended_at[RV_SBI_MAX_HARTS];
  rv_sbi_pmu pmu[RV_SBI_MAX_HARTS];
  uint32_t locked[RV_SBI_MAX_HARTS]; /* FWFT features, by number */
  uint64_t hinted[32];               /* EIDs that a hint was given for */
  unsigned n_hinted;
};

typedef struct rv_sbi_call rv_sbi_call;
struct rv_sbi_call {
  rv_hart *h; /* the caller */
  uint64_t eid, fid, arg[6];
  uint64_t value; /* for a1; 0 unless the function sets it */
  /* Legacy calls only: the caller's memory could not be read. The call is not answered, the fault
   * is redirected to the caller instead. */
  bool fault;
  rv_trap trap;
  /* What is to happen once the caller is back in HS-mode behind its ecall: it stops, waits, or the
   * machine ends. NULL: nothing. */
  void (*after)(rv_sbi *s, rv_sbi_call *c);
  struct {
    bool reset;
    int code;
    const char *reason;
  } power;
};

/* Serves a call; the result is for a0: SBI_SUCCESS or an error (legacy: what the call defines). */
typedef int64_t rv_sbi_serve(rv_sbi *s, rv_sbi_call *c);

typedef struct {
  const char *name; /* "hart_start" */
  rv_sbi_serve *serve;
} rv_sbi_function;

typedef struct {
  const char *name; /* "HSM" */
  uint64_t eid;     /* the legacy extensions are one, from eid 0 on */
  bool legacy;      /* functions are indexed by EID; the result is a0 alone */
  unsigned n;
  const rv_sbi_function *function; /* by FID */
} rv_sbi_extension;

extern const rv_sbi_extension rv_sbi_legacy, rv_sbi_base, rv_sbi_time, rv_sbi_ipi, rv_sbi_rfence,
    rv_sbi_hsm, rv_sbi_srst, rv_sbi_dbcn, rv_sbi_pmu_extension, rv_sbi_susp, rv_sbi_fwft;

/* The extension that serves an EID, or NULL. */
const rv_sbi_extension *rv_sbi_find(uint64_t eid);

/* Index of a hart id in host.harts, or -1. */
int rv_sbi_hart_index(const rv_sbi *s, uint64_t hartid);
/* A hart list parameter as a set of indexes. False: some hart of it does not exist.
 * [sbi binary-encoding, hart list parameter] */
bool rv_sbi_hart_set(const rv_sbi *s, uint64_t mask, uint64_t base, uint64_t *set);
uint64_t rv_sbi_all_harts(const rv_sbi *s);

/* True if the n bytes at pa are memory, not devices or nothing, and writable if write. */
bool rv_sbi_is_memory(const rv_sbi *s, uint64_t pa, uint64_t n, bool write);
/* Can a hart in HS-mode, without translation, fetch there? */
bool rv_sbi_is_executable(const rv_sbi *s, uint64_t pa);

/* Parts of extensions that legacy calls share. */
void rv_sbi_set_timer(rv_sbi *s, rv_hart *h, uint64_t when);
void rv_sbi_send_ipi(rv_sbi *s, rv_hart *sender, uint64_t set);
int64_t rv_sbi_sfence(rv_sbi *s, rv_hart *sender, uint64_t set, uint64_t start, uint64_t size,
                      bool has_asid, uint64_t asid);
void rv_sbi_fence_i(rv_sbi *s, rv_hart *sender, uint64_t set);
void rv_sbi_power(rv_sbi_call *c, bool reset, int code, const char *reason);
/* An after: the caller waits, and goes on at a1 with a2 as its a1. */
void rv_sbi_suspend_to(rv_sbi *s, rv_sbi_call *c);

/* pmu.c: what happened is counted by the counters of h that were set up for it. */
void rv_sbi_count(rv_sbi *s, rv_hart *h, rv_sbi_fw_event what);
/* what was sent from one hart to another, whose event is the next one. Nothing is sent to oneself.
 */
void rv_sbi_count_sent(rv_sbi *s, rv_hart *from, rv_hart *to, rv_sbi_fw_event what);
void rv_sbi_pmu_reset(rv_sbi *s, rv_hart *h);
void rv_sbi_pmu_state(rv_sbi *s, rv_state *state);
#endif
