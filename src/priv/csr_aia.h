/* csr_aia.h - the CSRs of the advanced interrupt architecture: gates, reads and writes.
 *
 * Named in csr.def's rows, included by csr.c alone, after the other three. What the interrupt files
 * and the priorities are is in imsic.c and aia.c. [AIA 2, CSRs; H-310]
 */

/* ---- who may ---- */

/* hvictl.VTI makes sip and sie of the guest the hypervisor's to emulate [H-312]. */
static rv_why gate_VTI(const rv_hart *h, unsigned csr, bool write)
{
  return h->v && h->prv == PRV_S && (h->csr.hvictl & hvictl_VTI) ? WHY_VTI : WHY_NONE;
}

/* stopi is the guest's as well, as vstopi [AIA 2.5]. */
static rv_why gate_AIA(const rv_hart *h, unsigned csr, bool write)
{
  return stateen_refusal(h, 0, mstateen0_AIA, csr != CSR_stopi);
}

static rv_why gate_SELECT(const rv_hart *h, unsigned csr, bool write)
{
  return stateen_refusal(h, 0, mstateen0_CSRIND, csr == CSR_vsiselect);
}

/* The guest's own name for what csr_aia.h decides about: with V=1, sireg is vsireg. */
static bool is_guests(const rv_hart *h, unsigned csr)
{
  return csr == CSR_vsireg || csr == CSR_vstopei || (h->v && csr != CSR_mireg && csr != CSR_mtopei);
}

/* VU, and VS by the VS name, are refused for their privilege, whatever the register. */
static bool by_privilege(const rv_hart *h, unsigned csr)
{
  return h->prv == PRV_U || (h->v && (csr == CSR_vsireg || csr == CSR_vstopei));
}

/* An interrupt file by CSR: of the guest the one that VGEIN names [H-311]. */
static unsigned file_of(const rv_hart *h, unsigned csr)
{
  if (csr == CSR_mireg || csr == CSR_mtopei)
    return RV_IMSIC_M;
  return RV_IMSIC_S + (is_guests(h, csr) ? rv_get(h->csr.hstatus, hstatus_VGEIN) : 0);
}

/* May the file be accessed by software of this mode? mstateen is asked for what exists only. */
static rv_why file_refusal(const rv_hart *h, unsigned csr)
{
  const rv_why why = h->choice.imsic ? stateen_refusal(h, 0, mstateen0_IMSIC, false) : WHY_NONE;
  if (why)
    return why;
  if (is_guests(h, csr))
    return file_of(h, csr) == RV_IMSIC_S ? WHY_NO_GUEST_FILE : WHY_NONE;
  if (!h->choice.imsic)
    return WHY_NO_IMSIC;
  return h->prv == PRV_S && (h->csr.mvien & mvien_SEI) ? WHY_MVIEN_SEI : WHY_NONE; /* [AIA 5.3] */
}

static rv_why gate_TOPEI(const rv_hart *h, unsigned csr, bool write)
{
  if (by_privilege(h, csr)) /* but for cause 2 where mstateen says so [AIA 2.4] */
    return h->choice.imsic ? stateen_refusal(h, 0, mstateen0_IMSIC, true) : WHY_NONE;
  return file_refusal(h, csr);
}

static uint64_t select_of(const rv_hart *h, unsigned csr)
{
  return csr == CSR_mireg ? h->csr.miselect : h->s[is_guests(h, csr)].iselect;
}

static bool selects_iprio(uint64_t select)
{
  return select >= RV_IPRIO_SELECT && select < RV_IPRIO_SELECT_END;
}
static bool selects_file(uint64_t select)
{
  return select >= RV_IMSIC_SELECT && select < RV_IMSIC_SELECT_END;
}

/* [AIA 2.3, 3.8] Odd numbers are the upper halves of RV32; of a select that is allocated to nobody
 * the manual recommends the illegal instruction. */
static rv_why gate_IREG(const rv_hart *h, unsigned csr, bool write)
{
  rv_why why = stateen_refusal(h, 0, mstateen0_CSRIND, csr == CSR_vsireg);
  if (why || by_privilege(h, csr))
    return why;
  const uint64_t select = select_of(h, csr);
  if (!selects_iprio(select) && !selects_file(select))
    return WHY_NO_SELECT;
  if (selects_iprio(select) && is_guests(h, csr))
    return WHY_NO_REGISTER;
  why = selects_file(select) ? file_refusal(h, csr)
                             : stateen_refusal(h, 0, mstateen0_AIA, csr == CSR_mireg);
  if (why)
    return why;
  return (select & 1) && (selects_iprio(select) || select >= RV_EIP0) ? WHY_NO_REGISTER : WHY_NONE;
}

/* ---- the window ---- */

static uint64_t read_ireg(rv_hart *h, unsigned csr)
{
  const uint64_t select = select_of(h, csr);
  if (selects_file(select))
    return rv_imsic_read(h, file_of(h, csr), select);
  return selects_iprio(select) ? h->csr.iprio[csr != CSR_mireg][(select - RV_IPRIO_SELECT) / 2] : 0;
}

static void write_ireg(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t select = select_of(h, csr);
  if (selects_file(select))
    rv_imsic_write(h, file_of(h, csr), select, value);
  else if (selects_iprio(select))
    rv_iprio_write(h, csr != CSR_mireg, select, value);
}

/* ---- the top interrupts ---- */

static uint64_t read_topei(rv_hart *h, unsigned csr)
{
  const uint64_t id = rv_imsic_top(h, file_of(h, csr));
  return id << 16 | id;
}
static void write_topei(rv_hart *h, unsigned csr, uint64_t value)
{
  rv_imsic_claim(h, file_of(h, csr)); /* whatever is written */
}

static uint64_t read_mtopi(rv_hart *h, unsigned csr)
{
  return rv_topi(h, rv_m_top(h, rv_pending(h) & h->csr.mie));
}
static uint64_t read_stopi(rv_hart *h, unsigned csr)
{
  return rv_topi(h, rv_s_top(h, rv_pending(h) & h->csr.mie));
}
static uint64_t read_vstopi(rv_hart *h, unsigned csr)
{
  return rv_vstopi(h, rv_vs_top(h, rv_pending(h) & h->csr.mie));
}

/* ---- virtual interrupts ---- */

/* Bits 1, 5 and 9 are mip's, as far as mip has them for software; with mvien, 1 and 9 are mvip's
 * own. Of 9 there is one bit, which mip stops showing then. [AIA 5.3] */
static uint64_t read_mvip(rv_hart *h, unsigned csr)
{
  const uint64_t ssi = h->csr.mvien & IP(SSI) ? h->csr.mvip : h->csr.mip;
  const uint64_t sti = h->csr.menvcfg & menvcfg_STCE ? 0 : IP(STI);
  return (ssi & IP(SSI)) | (h->csr.mip & (sti | IP(SEI))) | (h->csr.mvip & RV_LOCAL);
}
static void write_mvip(rv_hart *h, unsigned csr, uint64_t value)
{
  const uint64_t sti = h->csr.menvcfg & menvcfg_STCE ? 0 : IP(STI);
  put_masked(h->csr.mvien & IP(SSI) ? &h->csr.mvip : &h->csr.mip, IP(SSI), value);
  put_masked(&h->csr.mip, sti | IP(SEI), value);
  put_masked(&h->csr.mvip, RV_LOCAL, value);
  rv_irq_update(h);
}
static void write_mvien(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.mvien = value & WRITABLE(h, mvien);
  h->csr.hideleg &= h->csr.mideleg | h->csr.mvien;
  rv_irq_update(h);
}
static void write_hvien(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.hvien = value & WRITABLE(h, hvien);
  rv_irq_update(h);
}
static void write_hvictl(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.hvictl = value & WRITABLE(h, hvictl);
  rv_irq_update(h);
}
static void write_hviprio(rv_hart *h, unsigned csr, uint64_t value)
{
  if (csr == CSR_hviprio1)
    h->csr.hviprio1 = value & WRITABLE(h, hviprio1);
  else
    h->csr.hviprio2 = value;
  rv_irq_update(h);
}

/* GEILEN bits from 1 on [H-086]. */
static void write_hgeie(rv_hart *h, unsigned csr, uint64_t value)
{
  h->csr.hgeie = value & ((2ull << h->choice.geilen) - 2);
  rv_irq_update(h);
}
