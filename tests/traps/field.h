/* field.h - registers and their fields by the names tables use: "mstatus.MPP", "hedeleg[8]",
 * "medeleg[cause]", "scounteren". From csr.def, so a new field has its name here at once.
 */
#ifndef RVH_TRAPS_FIELD_H
#define RVH_TRAPS_FIELD_H
#include "priv/csr.h"
#include <glib.h>

typedef struct {
  uint16_t csr; /* where it is stored: sstatus.SPP is mstatus.SPP */
  uint8_t hi, lo;
} field;

/* What an index in brackets means that is no number: [cause]; [csr], the counter's bit. And of
 * which CSR the number is that N stands for at the end of a name: mstateenN. */
typedef struct {
  unsigned cause, csr;
} indices;

/* False: no such register or field; error says what there is. */
bool field_parse(const char *name, indices at, field *f, GError **error);
/* "mstatus.MPP", "medeleg[8]" */
char *field_name(field f);
unsigned field_width(field f);
uint64_t field_get(field f, uint64_t word);
uint64_t field_put(field f, uint64_t word, uint64_t value);

/* May the field hold this value? If csr.def names values of the field, only those. */
bool field_can_hold(field f, uint64_t value);

/* CSR number of a name, or -1. */
int csr_number(const char *name);
/* A register that shows what others store: those are compared. */
bool csr_is_view(unsigned csr);
/* Its value changes with time or mode: not compared. */
bool csr_is_volatile(unsigned csr);
#endif
