/* csr_write.h - write_NAME: CSRs of which not every value is legal, or whose writes change more
 * than themselves.
 *
 * Named in csr.def's rows, included by csr.c alone, after csr_read.h. The value is what the
 * instruction would write; each function keeps what is legal and tells who depends on it.
 */
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

static const uint64_t sstatus_write_mask =
    sstatus_SIE | sstatus_SPIE | sstatus_SPP | sstatus_FS | sstatus_SUM | sstatus_MXR;

/* Tells who depends on the bits of a status register that became others. An interrupt may be
 * enabled by this very write [H-406]. */
static void status_changed(rv_hart *h, uint64_t bits)
{
  const uint64_t regime = mstatus_SUM | mstatus_MXR | mstatus_MPRV | mstatus_MPP | mstatus_MPV;
  if (bits & mstatus_FS)
    h->fp_fast = false;
  if (bits & regime)
    rv_regime_changed(h);
  if (bits & (mstatus_SIE | mstatus_MIE))
    rv_irq_update(h);
}

static void write_sstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t old = h->csr.mstatus;
  put_masked(&h->csr.mstatus, sstatus_write_mask, value);
  status_changed(h, old ^ h->csr.mstatus);
}
/* The fields of sstatus [H-290]; UXL and UBE keep [H-291, H-292]. In effect from now on [H-297]. */
static void write_vsstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t old = h->s[1].status;
  put_masked(&h->s[1].status, sstatus_write_mask, value);
  status_changed(h, old ^ h->s[1].status);
}
static void write_mstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  uint64_t mask = sstatus_write_mask | mstatus_MIE | mstatus_MPIE | mstatus_MPRV | mstatus_TVM |
                  mstatus_TW | mstatus_TSR | mstatus_GVA | mstatus_MPV; /* [H-189] */
  if (rv_get(value, mstatus_MPP) != 2) /* WARL: there is no mode 2 [H-192] */
    mask |= mstatus_MPP;
  const uint64_t old = h->csr.mstatus;
  put_masked(&h->csr.mstatus, mask, value);
  status_changed(h, old ^ h->csr.mstatus);
}

/* PMM's reserved value becomes 0, as CBIE's [norm:pmlen_illegal_warl; H-410]. */
static uint64_t legal_pmm(uint64_t value, uint64_t pmm)
{
  return rv_get(value, pmm) == 1 ? value & ~pmm : value;
}

/* The fields that software may write [H-020, H-024]; VSXL and VSBE are read-only [H-021, H-022],
 * VGEIN keeps its value when another than 0 to GEILEN is written [H-023], the rest is WPRI [H-025].
 * HUPMM is of no regime: hlv and hsv look at it themselves [H-031]. */
static void write_hstatus(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t old = h->csr.hstatus;
  const bool vgein = rv_get(value, hstatus_VGEIN) <= h->choice.geilen;
  put_masked(&h->csr.hstatus, WRITABLE(h, hstatus) & ~(vgein ? 0 : hstatus_VGEIN),
             legal_pmm(value, hstatus_HUPMM));
  if ((old ^ h->csr.hstatus) & hstatus_VGEIN)
    rv_irq_update(h); /* another file feeds VSEIP */
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

/* CBIE and PMM are in the same place of all three envcfg; CBIE's reserved value becomes 0 [H-097].
 */
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
  h->csr.mideleg =
      (value & WRITABLE(h, mideleg)) | RV_HS_ALIASES; /* these are read-only 1 [H-049] */
  h->csr.hideleg &= h->csr.mideleg | h->csr.mvien;    /* [H-050] */
  rv_irq_update(h);
}
static void write_hideleg(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t lcofi = rv_has(h, EXT_Sscofpmf) ? hideleg_LCOFI : 0;
  /* Where mideleg is 0, read-only 0 [H-045, H-046, H-050, H-088]; with AIA, where mvien is 0 as
   * well, and any local interrupt may be delegated [AIA 5.3]. */
  const uint64_t mask = WRITABLE(h, hideleg) & (RV_VS_LEVEL | lcofi) & h->csr.mideleg;
  const uint64_t local = rv_has(h, EXT_Smaia) ? RV_LOCAL & (h->csr.mideleg | h->csr.mvien) : 0;
  h->csr.hideleg = value & (mask | local);
  rv_irq_update(h);
}
static void write_mie(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.mie = value & WRITABLE(h, mie);
  rv_irq_update(h);
}
static void write_sie(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mie, h->csr.mideleg & RV_S_LEVEL, value);
  put_masked(&h->s[0].own_ie, h->csr.mvien & ~h->csr.mideleg, value);
  rv_irq_update(h);
}
static void write_hie(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.mie, RV_HS_ALIASES, value); /* [H-066] */
  rv_irq_update(h);
}
/* Bits whose hideleg is 0 keep [H-075]; the local ones are those of sie [H-400], or vsie's own. */
static void write_vsie(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t hs = h->csr.hideleg & RV_LOCAL;
  put_masked(&h->csr.mie, h->csr.hideleg & RV_VS_LEVEL, value << 1);
  put_masked(&h->csr.mie, hs & h->csr.mideleg, value);
  put_masked(&h->s[0].own_ie, hs & h->csr.mvien & ~h->csr.mideleg, value);
  put_masked(&h->s[1].own_ie, h->csr.hvien & ~h->csr.hideleg, value);
  rv_irq_update(h);
}
static void write_mip(rv_hart *h, unsigned csr, uint64_t value)
{
  const bool stce = h->csr.menvcfg & menvcfg_STCE;     /* STIP is then read-only [H-123] */
  const uint64_t lcofi = WRITABLE(h, mip) & IP(LCOFI); /* [machine norm:mip_lcofip_acc] */
  const uint64_t sei = IP(SEI) & ~h->csr.mvien;        /* then mvip's alone [AIA 5.3] */
  put_masked(&h->csr.mip, IP(SSI) | sei | lcofi | (stce ? 0 : IP(STI)), value);
  put_masked(&h->csr.hvip, IP(VSSI), value); /* the one alias of hvip's [H-068, H-069] */
  rv_irq_update(h);
}
/* SSIP and the local ones, of mip or of mvip. */
static void put_sip(rv_hart *h, uint64_t mask, uint64_t value)
{
  mask &= IP(SSI) | RV_LOCAL;
  put_masked(&h->csr.mip, mask & h->csr.mideleg, value);
  put_masked(&h->csr.mvip, mask & h->csr.mvien & ~h->csr.mideleg, value);
}
static void write_sip(rv_hart *h, unsigned csr, uint64_t value)
{
  put_sip(h, ~0ull, value);
  rv_irq_update(h);
}
static void write_hip(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.hvip, IP(VSSI), value); /* [H-061, H-065] */
  rv_irq_update(h);
}
static void write_hvip(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.hvip = value & (RV_VS_LEVEL | (rv_has(h, EXT_Smaia) ? RV_LOCAL : 0)); /* [H-060] */
  rv_irq_update(h);
}
static void write_vsip(rv_hart *h, unsigned csr, uint64_t value)
{
  put_masked(&h->csr.hvip, h->csr.hideleg & IP(VSSI), value << 1); /* [H-074] */
  put_sip(h, h->csr.hideleg & RV_LOCAL, value);                    /* [H-400] */
  put_masked(&h->csr.hvip, h->csr.hvien & ~h->csr.hideleg, value); /* [AIA 6.3.2] */
  rv_irq_update(h);
}

/* Event counters may all be constant 0, as Spike's are. [machine#hpm] */
static bool is_absent(const rv_hart *h, unsigned counter)
{
  return h->choice.as_spike && counter > 2;
}

static void write_counter(rv_hart *h, unsigned csr, uint64_t value)
{
  if (!is_absent(h, csr & 31))
    rv_counter_write(h, csr & 31, value, 1);
}
static void write_countinhibit(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_counter_inhibit(h, value & WRITABLE(h, mcountinhibit), 1);
}
/* WARL: an event that is not one of csr.def's counts nothing, and reads 0. */
static void write_mhpmevent(rv_hart *h, unsigned csr, uint64_t value)
{
  value &= is_absent(h, csr & 31) ? 0 : WRITABLE(h, mhpmevent3);
  if (!rv_csr_value_name(csr, "Event", value & mhpmevent3_Event))
    value &= ~mhpmevent3_Event;
  rv_counter_configure(h, csr & 31, value, 1);
}
static void write_mcyclecfg(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_counter_configure(h, 0, value & WRITABLE(h, mcyclecfg), 1);
}
static void write_minstretcfg(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_counter_configure(h, 2, value & WRITABLE(h, minstretcfg), 1);
}
static void write_pmpcfg(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_pmp_write_cfg(h, (csr - CSR_pmpcfg0) * 4, value);
}
static void write_pmpaddr(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_pmp_write_addr(h, csr - CSR_pmpaddr0, value);
}
