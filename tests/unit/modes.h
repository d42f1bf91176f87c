/* modes.h - the five modes, and where things are: for the fixtures that execute one instruction. Code is
 * at CODE, the three vectors are pages of their own, nothing answers at NOWHERE.
 */
#ifndef RVH_TESTS_MODES_H
#define RVH_TESTS_MODES_H
#include "cpu/hart.h"

#define CORE_RAM 0x80000000ull
#define CODE 0x80000100ull
#define M_VECTOR 0x80001000ull
#define HS_VECTOR 0x80002000ull
#define VS_VECTOR 0x80003000ull
#define NOWHERE 0x10000000ull

/* The five modes. */
typedef enum { MODE_M, MODE_HS, MODE_U, MODE_VS, MODE_VU, N_MODES } core_mode;
static const char *const mode_names[] = { "M", "HS", "U", "VS", "VU" };
static const struct {
  rv_prv prv;
  bool v;
} mode_of[] = {
  { PRV_M, false }, { PRV_S, false }, { PRV_U, false }, { PRV_S, true }, { PRV_U, true }
};

static inline core_mode get_mode(const rv_hart *h)
{
  return h->prv == PRV_M ? MODE_M
                         : (h->prv == PRV_S ? MODE_HS : MODE_U) + (h->v ? MODE_VS - MODE_HS : 0);
}

/* A csr* instruction; op as funct3. */
static inline uint32_t csr_bits(unsigned csr, unsigned op, unsigned rs1, unsigned rd)
{
  return csr << 20 | rs1 << 15 | op << 12 | rd << 7 | 0x73;
}
#endif
