/* csr.c - reading, writing and refusing CSRs; everything regular comes from csr.def.
 *
 * Order of a csr* instruction: does the CSR exist, is it writable, do the machine's switches allow
 * it (gate_*), is the mode privileged enough; then the S names become the VS CSRs while V=1; then
 * read_* and write_*. Depends on hart.h, mmu (regimes, PMP) and interrupt.h. [priv csrs]
 */
#include "priv/csr.h"
#include "cpu/event.h"
#include "cpu/fp.h"
#include "hv/virtual.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/counter.h"
#include "priv/hint.h"
#include "priv/interrupt.h"
#include "priv/tell.h"
#include <string.h>

enum { VS_LEVEL = 0x444, S_LEVEL = 0x2222, HS_ALIASES = 0x1444 };

enum {
#define CSR(addr, name, gate, cell, read, write, reset, spec, brief) ROW_##name,
#include "priv/csr.def"
};

/* ---- gates: who may access it, besides the privilege in its number ---- */

static rv_why gate_NONE(const rv_hart *h, unsigned csr) { return WHY_NONE; }

/* [H-162, H-293] */
static rv_why gate_FP(const rv_hart *h, unsigned csr)
{
  const bool off = !(h->csr.mstatus & mstatus_FS) || (h->v && !(h->s[1].status & vsstatus_FS));
  return off ? WHY_FS_OFF : WHY_NONE;
}

/* [H-111, H-112] */
static rv_why gate_COUNTER(const rv_hart *h, unsigned csr)
{
  const uint64_t bit = 1ull << (csr & 31);
  if (h->prv != PRV_M && !(h->csr.mcounteren & bit))
    return WHY_MCOUNTEREN;
  if (h->v && !(h->csr.hcounteren & bit))
    return WHY_HCOUNTEREN;
  if (h->prv == PRV_U && !(h->csr.scounteren & bit))
    return WHY_SCOUNTEREN;
  return WHY_NONE;
}

/* TVM concerns HS-mode only, VTVM VS-mode only, neither vsatp by name [H-028, H-158, H-190]. */
static rv_why gate_SATP(const rv_hart *h, unsigned csr)
{
  if (h->prv != PRV_S || csr != CSR_satp) /* VU is refused as HS-qualified [H-157] */
    return WHY_NONE;
  if (h->v)
    return h->csr.hstatus & hstatus_VTVM ? WHY_VTVM : WHY_NONE;
  return h->csr.mstatus & mstatus_TVM ? WHY_TVM : WHY_NONE;
}

/* [H-190, H-205]; with V=1 TVM is not asked: cause 22 [H-159] */
static rv_why gate_HGATP(const rv_hart *h, unsigned csr)
{
  return h->prv == PRV_S && !h->v && (h->csr.mstatus & mstatus_TVM) ? WHY_TVM : WHY_NONE;
}

/* stimecmp and vstimecmp [H-099, H-100, H-116, H-117, H-118]; M always may [H-404] */
static rv_why gate_STIMECMP(const rv_hart *h, unsigned csr)
{
  if (h->prv == PRV_M)
    return WHY_NONE;
  if (!(h->csr.mcounteren & mcounteren_TM))
    return WHY_MCOUNTEREN;
  if (!(h->csr.menvcfg & menvcfg_STCE))
    return WHY_STCE_M;
  if (h->v && h->prv == PRV_S && csr == CSR_stimecmp) {
    if (!(h->csr.hcounteren & hcounteren_TM))
      return WHY_HCOUNTEREN;
    if (!(h->csr.henvcfg & henvcfg_STCE))
      return WHY_STCE_H;
  }
  return WHY_NONE;
}

/* mstateen's bit concerns every mode below M, so that HS-mode could not access the state either:
 * cause 2 from V=1 too; hstateen's is the guest's alone [H-013, H-165]. What is the hypervisor's
 * own is not asked of hstateen. */
static rv_why stateen_refusal(const rv_hart *h, unsigned n, uint64_t bit, bool hypervisors)
{
  if (!rv_has(h, EXT_Smstateen) || h->prv == PRV_M)
    return WHY_NONE;
  if (!(h->csr.mstateen[n] & bit))
    return WHY_MSTATEEN;
  return h->v && !hypervisors && !(h->csr.hstateen[n] & bit) ? WHY_HSTATEEN : WHY_NONE;
}

/* henvcfg and senvcfg [H-304] */
static rv_why gate_ENVCFG(const rv_hart *h, unsigned csr)
{
  return stateen_refusal(h, 0, mstateen0_ENVCFG, csr == CSR_henvcfg);
}

/* hstateen0-3 and sstateen0-3 [H-302] */
static rv_why gate_STATEEN(const rv_hart *h, unsigned csr)
{
  return stateen_refusal(h, csr & 3, mstateen0_SE, csr >= CSR_hstateen0);
}

/* ---- views and computed reads ---- */

static uint64_t with_SD(uint64_t status)
{
  return (status & ~mstatus_SD) | ((status & mstatus_FS) == mstatus_FS ? mstatus_SD : 0);
}

/* Neither MPV nor GVA [H-189], nothing of vsstatus [H-298]. */
static const uint64_t sstatus_view = sstatus_SIE | sstatus_SPIE | sstatus_SPP | sstatus_FS |
                                     sstatus_SUM | sstatus_MXR | sstatus_UXL | sstatus_SD;
static const uint64_t sstatus_write_mask =
    sstatus_SIE | sstatus_SPIE | sstatus_SPP | sstatus_FS | sstatus_SUM | sstatus_MXR;

static uint64_t read_mstatus(rv_hart *h, unsigned csr) { return with_SD(h->csr.mstatus); }
static uint64_t read_sstatus(rv_hart *h, unsigned csr)
{
  return with_SD(h->csr.mstatus) & sstatus_view;
}
/* vsstatus.SD sums up the fields of vsstatus alone [H-295]. */
static uint64_t read_vsstatus(rv_hart *h, unsigned csr) { return with_SD(h->s[1].status); }
static uint64_t read_fflags(rv_hart *h, unsigned csr)
{
  rv_fp_collect(h);
  return h->csr.fflags;
}
static uint64_t read_fcsr(rv_hart *h, unsigned csr) { return h->csr.frm << 5 | read_fflags(h, csr); }
static uint64_t read_mhartid(rv_hart *h, unsigned csr) { return h->id; }
/* Read-only: H cannot be switched off [H-001, H-417]. */
static uint64_t read_misa(rv_hart *h, unsigned csr)
{
#define LETTER(c) (1ull << ((c) - 'A'))
  return 2ull << 62 | LETTER('A') | LETTER('C') | LETTER('D') | LETTER('F') | LETTER('H') |
         LETTER('I') | LETTER('M') | LETTER('S') | LETTER('U');
#undef LETTER
}
/* mcycle, minstret, mhpmcounter*, and their read-only shadows */
static uint64_t read_counter(rv_hart *h, unsigned csr) { return rv_counter_read(h, csr & 31); }
static uint64_t read_time(rv_hart *h, unsigned csr)
{
  return h->env->time(h->env->ctx) + (h->v ? h->csr.htimedelta : 0); /* [H-114] */
}

/* Of a counter that the mode may not read OF reads 0, and nothing traps [H-451]. */
static uint64_t read_scountovf(rv_hart *h, unsigned csr)
{
  uint64_t of = 0;
  for (unsigned n = 3; n < RV_COUNTERS; n++)
    of |= rv_get(h->counter[n].config, mhpmevent3_OF) << n;
  if (h->prv == PRV_M)
    return of;
  return of & h->csr.mcounteren & (h->v ? h->csr.hcounteren : ~0ull);
}

static uint64_t read_mip(rv_hart *h, unsigned csr) { return rv_pending(h); }
static uint64_t read_sip(rv_hart *h, unsigned csr)
{
  return rv_pending(h) & h->csr.mideleg & S_LEVEL; /* [H-067] */
}
/* The bits of mip under another name [H-067, H-068]. */
static uint64_t read_hip(rv_hart *h, unsigned csr) { return rv_pending(h) & HS_ALIASES; }
static uint64_t read_sie(rv_hart *h, unsigned csr) { return h->csr.mie & h->csr.mideleg & S_LEVEL; }
static uint64_t read_hie(rv_hart *h, unsigned csr) { return h->csr.mie & HS_ALIASES; }

/* What the guest sees of a word of mip or mie: the VS-level bits shifted [H-073], and LCOFI as sip
 * and sie show it [H-400]; all of it only if delegated, by hideleg as it is now [H-401]. No other bit
 * of HS's own is seen [H-407]. */
static uint64_t guest_view(const rv_hart *h, uint64_t word)
{
  const uint64_t seen = word & h->csr.hideleg;
  return (seen & VS_LEVEL) >> 1 | (seen & h->csr.mideleg & IP(LCOFI));
}
static uint64_t read_vsip(rv_hart *h, unsigned csr) { return guest_view(h, rv_pending(h)); }
static uint64_t read_vsie(rv_hart *h, unsigned csr) { return guest_view(h, h->csr.mie); }

/* What menvcfg takes away reads 0 below it [H-091, H-092, H-093, H-403]; FIOM is independent of it
 * [H-098]. */
static const uint64_t MENVCFG_GIVES = menvcfg_ADUE | menvcfg_PBMTE | menvcfg_STCE;
static uint64_t henvcfg_allowed(const rv_hart *h) { return h->csr.menvcfg | ~MENVCFG_GIVES; }
static uint64_t read_henvcfg(rv_hart *h, unsigned csr)
{
  return h->csr.henvcfg & henvcfg_allowed(h);
}

/* A bit that mstateen does not give is read-only 0 [H-303, H-306]. */
static uint64_t read_hstateen(rv_hart *h, unsigned csr)
{
  return h->csr.hstateen[csr & 3] & h->csr.mstateen[csr & 3];
}

/* PPN[1:0] reads 0, though the walk may use what was written (see write_hgatp) [H-202]. */
static uint64_t read_hgatp(rv_hart *h, unsigned csr) { return h->csr.hgatp & ~3ull; }

static uint64_t read_pmpcfg(rv_hart *h, unsigned csr)
{
  uint64_t value;
  memcpy(&value, &h->csr.pmpcfg[(csr - CSR_pmpcfg0) * 4], 8);
  return value;
}

/* ---- writes with rules of their own ---- */

static void put_masked(uint64_t *cell, uint64_t mask, uint64_t value)
{
  *cell = (*cell & ~mask) | (value & mask);
}

/* The writable fields of csr.def that this hart has. */
#define WRITABLE(h, name) ((h)->csr_mask[ROW_##name])

static void write_fflags(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_fp_collect(h); /* they are overwritten */
  h->csr.fflags = value & 31;
  rv_fs_dirty(h);
}
static void write_frm(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.frm = value & 7;
  h->fp_fast = false;
  rv_fs_dirty(h);
}
static void write_fcsr(rv_hart *h, unsigned csr, uint64_t value)
{
  write_fflags(h, csr, value);
  write_frm(h, csr, value >> 5);
}

static void write_sstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mstatus, sstatus_write_mask, value);
  h->fp_fast = false;
  rv_regime_changed(h); /* SUM and MXR */
  rv_irq_update(h);     /* SIE [H-406] */
}
/* The fields of sstatus [H-290]; UXL and UBE keep [H-291, H-292]. In effect from now on [H-297]. */
static void write_vsstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->s[1].status, sstatus_write_mask, value);
  h->fp_fast = false;
  rv_regime_changed(h);
  rv_irq_update(h);
}
static void write_mstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  uint64_t mask = sstatus_write_mask | mstatus_MIE | mstatus_MPIE | mstatus_MPRV | mstatus_TVM |
                  mstatus_TW | mstatus_TSR | mstatus_GVA | mstatus_MPV; /* [H-189] */
  if (rv_get(value, mstatus_MPP) != 2) /* WARL: there is no mode 2 [H-192] */
    mask |= mstatus_MPP;
  put_masked(&h->csr.mstatus, mask, value);
  h->fp_fast = false;
  rv_regime_changed(h);
  rv_irq_update(h);
}

/* PMM's reserved value becomes 0, as CBIE's [norm:pmlen_illegal_warl; H-410]. */
static uint64_t legal_pmm(uint64_t value, uint64_t pmm)
{
  return rv_get(value, pmm) == 1 ? value & ~pmm : value;
}

/* The fields that software may write [H-020, H-024]; VSXL, VSBE and VGEIN are read-only [H-021,
 * H-022, H-023], the rest is WPRI [H-025]. HUPMM is of no regime: hlv and hsv look at it themselves
 * [H-031]. */
static void write_hstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.hstatus, WRITABLE(h, hstatus),
             legal_pmm(value, hstatus_HUPMM));
}

static void write_epc(rv_hart *h, unsigned csr, uint64_t value)
{
  value &= ~1ull; /* IALIGN=16 [H-185] */
  if (csr == CSR_mepc)
    h->csr.mepc = value;
  else
    h->s[csr == CSR_vsepc].epc = value;
}
static void write_tvec(rv_hart *h, unsigned csr, uint64_t value)
{
  value &= ~2ull; /* MODE is Direct or Vectored [H-184] */
  if (csr == CSR_mtvec)
    h->csr.mtvec = value;
  else
    h->s[csr == CSR_vstvec].tvec = value;
}

/* Sv39, Sv48, Sv57 and Bare in satp, vsatp and hgatp [H-002, H-200, H-208]. An unsupported MODE:
 * the whole write is ignored [supervisor#satp; H-207 for vsatp]. */
static bool atp_mode_supported(uint64_t value)
{
  const uint64_t mode = value >> 60;
  return mode == 0 || (mode >= 8 && mode <= 10);
}
static void write_satp(rv_hart *h, unsigned csr, uint64_t value)
{
  if (atp_mode_supported(value))
    h->s[0].atp = value;
  rv_regime_changed(h);
}
static void write_vsatp(rv_hart *h, unsigned csr, uint64_t value)
{
  if (atp_mode_supported(value))
    h->s[1].atp = value;
  rv_regime_changed(h); /* at once [H-211] */
}

/* An unsupported MODE keeps the old one, the other fields are written [H-201].
 * The manual makes PPN[1:0] read as zero, but QEMU keeps and uses them, and public hypervisors
 * allocate a root that is 4 KiB aligned and work there by that: unless --strict, the walk uses the
 * root as written. A write of the value read back keeps the hidden bits, so that saving and
 * restoring hgatp works. */
static void write_hgatp(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t old = h->csr.hgatp;
  if (!atp_mode_supported(value))
    value = (value & ~hgatp_MODE) | (old & hgatp_MODE);
  /* All bits of these [H-204, H-206], and no other [H-469]. */
  value &= hgatp_MODE | hgatp_VMID | hgatp_PPN;
  if (h->choice.strict)
    value &= ~3ull;
  else if (value == (old & ~3ull))
    value = old;
  if ((value & 3) && (value >> 60))
    rv_hint_once(h, h->pc, RV_HINT_HGATP_ALIGN, NULL);
  h->csr.hgatp = value; /* with MODE Bare, too [H-203] */
  rv_regime_changed(h);
}

/* CBIE and PMM are in the same place of all three envcfg; CBIE's reserved value becomes 0 [H-097]. */
static uint64_t legal_envcfg(uint64_t value)
{
  value = legal_pmm(value, menvcfg_PMM);
  return rv_get(value, menvcfg_CBIE) == 2 ? value & ~menvcfg_CBIE : value;
}
/* None of CBIE, CBCFE, CBZE depends on another envcfg's [H-402]. PMM takes effect at once
 * [norm:senvcfg_pmm_immediate; H-276]. */
static void write_senvcfg(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.senvcfg, WRITABLE(h, senvcfg), legal_envcfg(value));
  rv_regime_changed(h);
}

/* PBMTE and ADUE change what PTEs mean everywhere: no cached translation may survive [H-276]. */
static void write_menvcfg(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t old = h->csr.menvcfg;
  put_masked(&h->csr.menvcfg, WRITABLE(h, menvcfg), legal_envcfg(value));
  rv_regime_changed(h); /* PMM is HS-mode's, which MPRV may mean */
  if ((old ^ h->csr.menvcfg) & (menvcfg_ADUE | menvcfg_PBMTE))
    rv_tlb_drop_all(h);
  rv_timer_update(h);
}
static void write_henvcfg(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.henvcfg = legal_envcfg(value) & WRITABLE(h, henvcfg) & henvcfg_allowed(h);
  rv_regime_changed(h); /* ADUE, PBMTE and PMM are part of a V=1 regime */
  rv_timer_update(h);
}

static void write_mseccfg(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mseccfg, WRITABLE(h, mseccfg), legal_pmm(value, mseccfg_PMM));
  rv_regime_changed(h);
}

/* What cannot be written keeps, as M-mode is to clear it before it gives it [smstateen, Usage]. */
static void write_hstateen(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t mask = h->csr_mask[ROW_hstateen0 + (csr & 3)] & h->csr.mstateen[csr & 3];
  put_masked(&h->csr.hstateen[csr & 3], mask, value);
}

static void write_timecmp(rv_hart *h, unsigned csr, uint64_t value)
{
  h->s[csr == CSR_vstimecmp].timecmp = value;
  rv_timer_update(h);
}
static void write_htimedelta(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.htimedelta = value;
  rv_timer_update(h); /* it shifts vstimecmp's comparison [H-115] */
}

static void write_mideleg(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.mideleg = (value & WRITABLE(h, mideleg)) | HS_ALIASES; /* these are read-only 1 [H-049] */
  h->csr.hideleg &= h->csr.mideleg; /* [H-050] */
  rv_irq_update(h);
}
static void write_hideleg(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t lcofi = rv_has(h, EXT_Sscofpmf) ? hideleg_LCOFI : 0;
  /* Where mideleg is 0, read-only 0 [H-045, H-046, H-050, H-088]. */
  h->csr.hideleg = value & WRITABLE(h, hideleg) & (VS_LEVEL | lcofi) & h->csr.mideleg;
  rv_irq_update(h);
}
static void write_mie(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.mie = value & WRITABLE(h, mie);
  rv_irq_update(h);
}
static void write_sie(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mie, h->csr.mideleg & S_LEVEL, value);
  rv_irq_update(h);
}
static void write_hie(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mie, HS_ALIASES, value); /* [H-066] */
  rv_irq_update(h);
}
/* Bits whose hideleg is 0 keep [H-075]; LCOFIE is that of sie [H-400]. */
static void write_vsie(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mie, h->csr.hideleg & VS_LEVEL, value << 1);
  put_masked(&h->csr.mie, h->csr.hideleg & h->csr.mideleg & IP(LCOFI), value);
  rv_irq_update(h);
}
static void write_mip(rv_hart *h, unsigned csr, uint64_t value)
{
  const bool stce = h->csr.menvcfg & menvcfg_STCE;     /* STIP is then read-only [H-123] */
  const uint64_t lcofi = WRITABLE(h, mip) & IP(LCOFI); /* [machine norm:mip_lcofip_acc] */
  put_masked(&h->csr.mip, IP(SSI) | IP(SEI) | lcofi | (stce ? 0 : IP(STI)), value);
  put_masked(&h->csr.hvip, IP(VSSI), value); /* the one alias of hvip's [H-068, H-069] */
  rv_irq_update(h);
}
static void write_sip(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mip, h->csr.mideleg & (IP(SSI) | IP(LCOFI)), value);
  rv_irq_update(h);
}
static void write_hip(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.hvip, IP(VSSI), value); /* [H-061, H-065] */
  rv_irq_update(h);
}
static void write_hvip(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.hvip = value & VS_LEVEL; /* [H-060] */
  rv_irq_update(h);
}
static void write_vsip(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.hvip, h->csr.hideleg & IP(VSSI), value << 1);             /* [H-074] */
  put_masked(&h->csr.mip, h->csr.hideleg & h->csr.mideleg & IP(LCOFI), value); /* [H-400] */
  rv_irq_update(h);
}

static void write_counter(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_counter_write(h, csr & 31, value);
}
static void write_countinhibit(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_counter_inhibit(h, value & WRITABLE(h, mcountinhibit));
}
/* WARL: an event that is not one of csr.def's counts nothing, and reads 0. */
static void write_mhpmevent(rv_hart *h, unsigned csr, uint64_t value)
{
  value &= WRITABLE(h, mhpmevent3);
  if (!rv_csr_value_name(csr, "Event", value & mhpmevent3_Event))
    value &= ~mhpmevent3_Event;
  rv_counter_configure(h, csr & 31, value);
}
static void write_mcyclecfg(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_counter_configure(h, 0, value & WRITABLE(h, mcyclecfg));
}
static void write_minstretcfg(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_counter_configure(h, 2, value & WRITABLE(h, minstretcfg));
}
static void write_pmpcfg(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_pmp_write_cfg(h, (csr - CSR_pmpcfg0) * 4, value);
}
static void write_pmpaddr(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_pmp_write_addr(h, csr - CSR_pmpaddr0, value);
}

/* ---- the table ---- */

typedef struct {
  rv_csr_desc desc;
  rv_why (*gate)(const rv_hart *h, unsigned csr);
  size_t cell;
  uint64_t (*read)(rv_hart *h, unsigned csr);
  void (*write)(rv_hart *h, unsigned csr, uint64_t value);
  bool ignore; /* writes have no effect */
  uint64_t reset;
} csr_row;

#define read_PLAIN NULL
#define write_PLAIN NULL
#define write_IGNORE NULL
#define IS_IGNORE(write) (sizeof(#write) == sizeof("IGNORE") && #write[0] == 'I')

static const csr_row rows[] = {
#define CSR(addr, name, gate, cell, read, write, reset, spec, brief)                               \
  { { addr, #name, spec, brief }, gate_##gate, offsetof(rv_hart, cell), read_##read,               \
    write_##write, IS_IGNORE(write), reset },
#include "priv/csr.def"
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static const rv_csr_field fields[] = {
#define RULE_RW true
#define RULE_WARL true
#define RULE_WLRL true
#define RULE_RO false
#define FIELD(csr, name, hi, lo, rule, brief)                                                        \
  { #name, brief, CSR_##csr, hi, lo, RULE_##rule, EXT_I },
#define FIELD_OF(ext, csr, name, hi, lo, rule, brief)                                               \
  { #name, brief, CSR_##csr, hi, lo, RULE_##rule, EXT_##ext },
#include "priv/csr.def"
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static const struct {
  uint16_t csr;
  const char *field;
  uint64_t number;
  const char *name;
} values[] = {
#define VALUE(csr, field, number, name) { CSR_##csr, #field, number, name },
#include "priv/csr.def"
};

/* Row index + 1 by CSR number, at compile time: 0 is "no such CSR". */
static const uint8_t row_of[4096] = {
#define CSR(addr, name, gate, cell, read, write, reset, spec, brief) [addr] = ROW_##name + 1,
#include "priv/csr.def"
};

/* Extensions without which a row does not exist. */
static const uint64_t needs[N_ROWS] = {
#define NEEDS(csr, ext) [ROW_##csr] = 1ull << EXT_##ext,
#include "priv/csr.def"
};

static const csr_row *find(unsigned csr)
{
  return csr < 4096 && row_of[csr] ? &rows[row_of[csr] - 1] : NULL;
}

/* The row of a CSR that this hart has. */
static const csr_row *find_on(const rv_hart *h, unsigned csr)
{
  const csr_row *row = find(csr);
  return row && !(needs[row - rows] & ~h->choice.ext) ? row : NULL;
}

const rv_csr_desc *rv_csr_describe(unsigned csr)
{
  const csr_row *row = find(csr);
  return row ? &row->desc : NULL;
}

const char *rv_csr_name(unsigned csr)
{
  const csr_row *row = find(csr);
  return row ? row->desc.name : NULL;
}

const rv_csr_field *rv_csr_fields(unsigned *n)
{
  *n = N_FIELDS;
  return fields;
}

const char *rv_csr_value_name(unsigned csr, const char *field, uint64_t value)
{
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    if (values[i].csr == csr && values[i].number == value && !strcmp(values[i].field, field))
      return values[i].name;
  return NULL;
}

/* ---- access ---- */

/* Writable bits of a CSR whose write is PLAIN: its RW, WARL and WLRL fields as far as the hart has
 * them, or all. */
static uint64_t plain_mask(const rv_hart *h, unsigned csr)
{
  uint64_t mask = 0;
  bool any = false;
  for (unsigned i = 0; i < N_FIELDS; i++)
    if (fields[i].csr == csr) {
      any = true; /* a field whose extension is off is read-only 0 [H-096] */
      mask |= fields[i].writable && rv_has(h, fields[i].ext) ? RV_MASK(fields[i].hi, fields[i].lo) : 0;
    }
  return any ? mask : ~0ull;
}

static uint64_t *cell_of(rv_hart *h, const csr_row *row) { return (uint64_t *)((char *)h + row->cell); }

static uint64_t read_row(rv_hart *h, const csr_row *row)
{
  return row->read ? row->read(h, row->desc.addr) : *cell_of(h, row);
}

static void write_row(rv_hart *h, const csr_row *row, uint64_t value)
{
  if (row->write)
    row->write(h, row->desc.addr, value);
  else if (!row->ignore)
    put_masked(cell_of(h, row), h->csr_mask[row - rows], value);
}

/* May the current mode access this CSR? The order gives cause 2 its precedence [H-176]. */
static rv_why refusal(const rv_hart *h, const csr_row *row, bool write)
{
  const unsigned csr = row->desc.addr, level = csr >> 8 & 3;
  if (write && csr >> 10 == 3)
    return WHY_CSR_READ_ONLY; /* from V=1 too: HS-mode could not either [H-014, H-085, H-113] */
  if (h->prv != PRV_M && level == PRV_M)
    return WHY_CSR_PRIVILEGE; /* [H-017] */
  const rv_why why = row->gate(h, csr);
  if (why)
    return why;
  if (h->v)
    return level > (unsigned)h->prv ? WHY_CSR_VIRTUAL : WHY_NONE; /* [H-009, H-013, H-156] */
  /* M and HS may access the VS CSRs by name [H-011, H-121], U nothing of them [H-010]. */
  return level > PRV_U && h->prv == PRV_U ? WHY_CSR_PRIVILEGE : WHY_NONE;
}

/* While V=1 the S names of these are the VS CSRs, whose numbers are 0x100 higher [H-006, H-076];
 * HS's own keep their values [H-007]. */
static const csr_row *substitute(const rv_hart *h, const csr_row *row)
{
  if (!h->v)
    return row;
  switch (row->desc.addr) {
  case CSR_sstatus: case CSR_sie: case CSR_stvec: case CSR_sscratch: case CSR_sepc:
  case CSR_scause: case CSR_stval: case CSR_sip: case CSR_stimecmp: case CSR_satp:
    return find(row->desc.addr + 0x100);
  default:
    return row; /* scounteren, senvcfg: there is only one [H-012] */
  }
}

static void tell(rv_hart *h, unsigned csr, uint64_t before, uint64_t after)
{
  rv_event e = rv_event_here(h, RV_EV_CSR);
  e.u.csr.csr = csr;
  e.u.csr.before = before;
  e.u.csr.after = after;
  rv_tell(h, &e);
}

bool rv_csr_access(rv_hart *h, unsigned csr, unsigned op, uint64_t operand, bool write,
                   uint64_t *value)
{
  const csr_row *row = find_on(h, csr);
  if (!row) /* reserved, or the upper half of RV32: never cause 22 [H-015, H-016] */
    return rv_refuse(h, WHY_NO_CSR, 0);
  const rv_why why = refusal(h, row, write);
  if (why)
    return rv_refuse(h, why, 0);
  row = substitute(h, row);
  const uint64_t old = read_row(h, row);
  *value = old;
  if (!write)
    return true;
  /* csrrs and csrrc on mip work on the software bit of SEIP, not on the line ORed to it [H-082]. */
  const uint64_t base =
      row->desc.addr == CSR_mip ? (old & ~IP(SEI)) | (h->csr.mip & IP(SEI)) : old;
  write_row(h, row, op == 1 ? operand : op == 2 ? base | operand : base & ~operand);
  if (unlikely(h->observe & 1ull << RV_EV_CSR))
    tell(h, row->desc.addr, old, read_row(h, row));
  return true;
}

bool rv_csr_peek(rv_hart *h, unsigned csr, uint64_t *value)
{
  const csr_row *row = find_on(h, csr);
  if (row)
    *value = read_row(h, row);
  return row;
}

bool rv_csr_poke(rv_hart *h, unsigned csr, uint64_t value)
{
  const csr_row *row = find_on(h, csr);
  if (row)
    write_row(h, row, value);
  return row;
}

void rv_csr_reset(rv_hart *h)
{
  _Static_assert(N_ROWS <= sizeof h->csr_mask / sizeof *h->csr_mask, "csr_mask is too small");
  memset(&h->csr, 0, sizeof h->csr); /* MODE of satp, vsatp, hgatp: Bare [H-188] */
  memset(h->s, 0, sizeof h->s);
  rv_counter_reset(h);
  for (unsigned i = 0; i < N_ROWS; i++) {
    h->csr_mask[i] = plain_mask(h, rows[i].desc.addr);
    if (rows[i].reset)
      *cell_of(h, &rows[i]) = rows[i].reset;
  }
}
