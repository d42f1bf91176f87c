/* traps.h - a model of traps, for tests: who takes them, what each CSR becomes, what mret and sret
 * undo, which interrupt is taken, who may execute which privileged instruction. Written from the
 * manual, on the state of csr.h. [priv machine, supervisor, hypervisor#H_trap_deleg]
 */
#ifndef RVH_TESTS_MODEL_TRAPS_H
#define RVH_TESTS_MODEL_TRAPS_H
#include "csr.h"

typedef struct {
  unsigned cause;
  bool interrupt;
  uint64_t tval, tval2, tinst;
  bool gva;
} model_trap;

/* The trap is taken: mode, CSRs and pc become the handler's. */
void model_take(hart_model *m, const model_trap *t);

/* The interrupt that would be taken now, or 0. */
unsigned model_interrupt(const hart_model *m);

typedef enum {
  ECALL,
  EBREAK,
  MRET,
  SRET,
  WFI,
  SFENCE_VMA,
  SFENCE_W_INVAL,
  HFENCE_VVMA,
  HFENCE_GVMA,
  HLV_HSV,
  WRS_NTO,
  CBO_CLEAN_FLUSH,
  CBO_INVAL,
  CBO_ZEROES,
  UNDEFINED,
} model_instruction;

/* May it be executed now? ECALL and EBREAK always. */
model_outcome model_allowed(const hart_model *m, model_instruction i);

void model_mret(hart_model *m);
void model_sret(hart_model *m);
/* The cause of an ecall now. */
unsigned model_ecall_cause(const hart_model *m);
#endif
