/* imsic.h - the interrupt files of a hart: what incoming MSIs are recorded in.
 *
 * File 0 is the machine level's, 1 the supervisor level's, 1 + g that of guest external interrupt
 * g. Their signals are MEIP, SEIP, and the bits of hgeip. Where they are in memory is dev/imsic.c's
 * business. [AIA 3, IMSIC]
 */
#ifndef RV_IMSIC_H
#define RV_IMSIC_H
#include "cpu/hart.h"

enum { RV_IMSIC_M = 0, RV_IMSIC_S = 1 };

/* An MSI arrived: its identity becomes pending. A file or an identity that is not there: ignored.
 */
void rv_imsic_deliver(rv_hart *h, unsigned file, unsigned id);

/* Drives MEIP, SEIP and hgeip by what the files hold: after they, or the lines, were set otherwise.
 */
void rv_imsic_refresh(rv_hart *h);

/* The smallest pending and enabled identity below the threshold, or 0. [AIA 3.9] */
unsigned rv_imsic_top(const rv_hart *h, unsigned file);
/* A write of *topei: what rv_imsic_top says is not pending any more. */
void rv_imsic_claim(rv_hart *h, unsigned file);

/* The registers that *iselect names, 0x70 to 0xff. [AIA 3.8] */
enum {
  RV_IMSIC_SELECT = 0x70,
  RV_EIDELIVERY = 0x70,
  RV_EITHRESHOLD = 0x72,
  RV_EIP0 = 0x80,
  RV_EIE0 = 0xc0,
  RV_IMSIC_SELECT_END = 0x100,
};
uint64_t rv_imsic_read(const rv_hart *h, unsigned file, unsigned select);
void rv_imsic_write(rv_hart *h, unsigned file, unsigned select, uint64_t value);
#endif
