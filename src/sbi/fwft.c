/* fwft.c - Firmware Features: what M-mode decides and HS-mode may ask for. All features here are
 * local to a hart; their values are the hart's CSRs, which rv_sbi_start resets. [sbi
 * ext-firmware-features]
 */
#include "priv/csr.h"
#include "sbi/call.h"

enum {
  MISALIGNED_EXC_DELEG,
  LANDING_PAD,
  SHADOW_STACK,
  DOUBLE_TRAP,
  PTE_AD_HW_UPDATING,
  POINTER_MASKING_PMLEN,
  N_DEFINED
};
enum { LOCK = 1 };

/* False: not a value of it. */
typedef bool set_feature(rv_hart *h, uint64_t value);
typedef uint64_t get_feature(rv_hart *h);

static const uint64_t misaligned = 1ull << CAUSE_LOAD_MISALIGNED | 1ull << CAUSE_STORE_MISALIGNED;

static bool set_misaligned(rv_hart *h, uint64_t value)
{
  if (value > 1)
    return false;
  return rv_csr_poke(h, CSR_medeleg, (h->csr.medeleg & ~misaligned) | (value ? misaligned : 0));
}

static uint64_t get_misaligned(rv_hart *h) { return (h->csr.medeleg & misaligned) != 0; }

/* The write drops what was translated by the old rule. */
static bool set_adue(rv_hart *h, uint64_t value)
{
  if (value > 1)
    return false;
  return rv_csr_poke(h, CSR_menvcfg, (h->csr.menvcfg & ~menvcfg_ADUE) | (value ? menvcfg_ADUE : 0));
}

static uint64_t get_adue(rv_hart *h) { return (h->csr.menvcfg & menvcfg_ADUE) != 0; }

static const uint8_t pmlen[] = { [0] = 0, [2] = 7, [3] = 16 }; /* by PMM; 1 is reserved */

static bool set_pmlen(rv_hart *h, uint64_t value)
{
  for (unsigned pmm = 0; pmm < sizeof pmlen; pmm++)
    if (pmm != 1 && pmlen[pmm] == value) {
      uint64_t menvcfg = h->csr.menvcfg;
      rv_put(&menvcfg, menvcfg_PMM, pmm);
      return rv_csr_poke(h, CSR_menvcfg, menvcfg);
    }
  return false;
}

static uint64_t get_pmlen(rv_hart *h) { return pmlen[rv_get(h->csr.menvcfg, menvcfg_PMM)]; }

/* Features that the hart has, if it has the extension. Those without a row need one that no hart
 * has: Zicfilp, Zicfiss, Ssdbltrp. */
static const struct {
  rv_ext needs;
  set_feature *set;
  get_feature *get;
} features[N_DEFINED] = {
  [MISALIGNED_EXC_DELEG] = { EXT_S, set_misaligned, get_misaligned },
  [PTE_AD_HW_UPDATING] = { EXT_Svadu, set_adue, get_adue },
  [POINTER_MASKING_PMLEN] = { EXT_Smnpm, set_pmlen, get_pmlen },
};

/* Reserved and platform features are denied, defined ones that the hart lacks not supported. */
static int64_t check(const rv_hart *h, uint32_t feature)
{
  if (feature >= N_DEFINED)
    return SBI_ERR_DENIED;
  return features[feature].set && rv_has(h, features[feature].needs) ? SBI_SUCCESS
                                                                     : SBI_ERR_NOT_SUPPORTED;
}

static int64_t set(rv_sbi *s, rv_sbi_call *c)
{
  const uint32_t feature = c->arg[0];
  const uint64_t value = c->arg[1], flags = c->arg[2];
  uint32_t *locked = &s->locked[rv_sbi_hart_index(s, c->h->id)];
  const int64_t error = check(c->h, feature);
  if (error)
    return error;
  if (flags & ~(uint64_t)LOCK)
    return SBI_ERR_INVALID_PARAM;
  if (*locked >> feature & 1)
    return SBI_ERR_DENIED_LOCKED;
  if (!features[feature].set(c->h, value))
    return SBI_ERR_INVALID_PARAM;
  if (flags & LOCK)
    *locked |= 1u << feature;
  return SBI_SUCCESS;
}

static int64_t get(rv_sbi *s, rv_sbi_call *c)
{
  const uint32_t feature = c->arg[0];
  const int64_t error = check(c->h, feature);
  if (!error)
    c->value = features[feature].get(c->h);
  return error;
}

static const rv_sbi_function functions[] = { { "set", set }, { "get", get } };

const rv_sbi_extension rv_sbi_fwft = { .name = "FWFT",
                                       .eid = 0x46574654,
                                       .n = sizeof functions / sizeof *functions,
                                       .function = functions };
