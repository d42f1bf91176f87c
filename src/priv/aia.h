/* aia.h - priorities of interrupts, and those that are virtual: mtopi, stopi and vstopi.
 *
 * Depends on interrupt.h for what is pending, and on imsic.h for external interrupts' numbers.
 * [AIA 5, Interrupts for Machine and Supervisor Levels; 6, Interrupts for Virtual Machines]
 */
#ifndef RV_AIA_H
#define RV_AIA_H
#include "cpu/hart.h"

/* The interrupt of the highest priority that is pending and enabled at a level. */
typedef struct {
  bool any;
  bool above;      /* by default it comes before an external interrupt of the level */
  uint16_t id;     /* major identity, as the level's handler reads it */
  uint16_t number; /* priority number; 0: the default order */
  uint8_t to;      /* rv_trap_to */
  uint8_t why;     /* rv_why: who asserts it */
} rv_top;

/* ready: mip & mie. What is delegated by hideleg is not of the S level any more. */
rv_top rv_m_top(const rv_hart *h, uint64_t ready);
rv_top rv_s_top(const rv_hart *h, uint64_t ready);
rv_top rv_vs_top(const rv_hart *h, uint64_t ready); /* id: as the guest numbers them */

/* mtopi, stopi and vstopi. */
uint64_t rv_topi(const rv_hart *h, rv_top top);
uint64_t rv_vstopi(const rv_hart *h, rv_top top);

/* The iprio array of a level (0: M, 1: S) by select, 0x30 to 0x3e, even. [AIA 5.2.1, 5.4.1] */
enum { RV_IPRIO_SELECT = 0x30, RV_IPRIO_SELECT_END = 0x40 };
void rv_iprio_write(rv_hart *h, unsigned level, unsigned select, uint64_t value);
#endif
