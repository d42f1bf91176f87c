/* csr_read.h - read_NAME: CSRs whose value is a view of others, or computed.
 *
 * Named in csr.def's rows, included by csr.c alone. Reading has no effect.
 */
static uint64_t with_SD(uint64_t status)
{
  return (status & ~mstatus_SD) | ((status & mstatus_FS) == mstatus_FS ? mstatus_SD : 0);
}

/* Neither MPV nor GVA [H-189], nothing of vsstatus [H-298]. */
static const uint64_t sstatus_view = sstatus_SIE | sstatus_SPIE | sstatus_SPP | sstatus_FS |
                                     sstatus_SUM | sstatus_MXR | sstatus_UXL | sstatus_SD;

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
static uint64_t read_fcsr(rv_hart *h, unsigned csr)
{
  return h->csr.frm << 5 | read_fflags(h, csr);
}
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
static uint64_t read_sip(rv_hart *h, unsigned csr) { return rv_sip(h, rv_pending(h)); }
/* The bits of mip under another name [H-067, H-068]. */
static uint64_t read_hip(rv_hart *h, unsigned csr) { return rv_pending(h) & RV_HS_ALIASES; }
static uint64_t read_sie(rv_hart *h, unsigned csr) { return rv_sie(h); }
static uint64_t read_hie(rv_hart *h, unsigned csr) { return h->csr.mie & RV_HS_ALIASES; }
static uint64_t read_vsip(rv_hart *h, unsigned csr) { return rv_vsip(h, rv_pending(h)); }
static uint64_t read_vsie(rv_hart *h, unsigned csr) { return rv_vsie(h); }

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
