/* aia.c - which interrupt comes first, by configured priorities, and the virtual ones.
 *
 * A smaller priority number is a higher priority; a number 0 stands for the default order, which is
 * either above every numbered interrupt or below. Numbers can be configured with an IMSIC only:
 * no other controller here tells those of external interrupts. [AIA 5, 6]
 */
#include "priv/aia.h"
#include "priv/csr.h"
#include "priv/imsic.h"
#include "priv/interrupt.h"

enum {
  UNNUMBERED = 256, /* an external interrupt that no controller numbers [AIA 5.4.1] */
  LOWEST = 0x10000
};

/* Highest first [AIA 5.1]; those for custom use, which nothing here raises, come last. */
static const uint8_t order[64] = {
  47,       23,       46,        45,      22,      44,      43,      21,      42,       41,
  20,       40,       IRQ_MEI,   IRQ_MSI, IRQ_MTI, IRQ_SEI, IRQ_SSI, IRQ_STI, IRQ_SGEI, IRQ_VSEI,
  IRQ_VSSI, IRQ_VSTI, IRQ_LCOFI, 14,      15,      39,      19,      38,      37,       18,
  36,       35,       17,        34,      33,      16,      32,      63,      62,       61,
  60,       59,       58,        57,      56,      55,      54,      53,      52,       51,
  50,       49,       48,        31,      30,      29,      28,      27,      26,       25,
  24,       8,        4,         0
};

static unsigned key(const rv_top *t) { return t->number ? t->number : t->above ? 0 : LOWEST; }

/* The first of a set; external is the level's external interrupt, which has the number given. */
static rv_top first(uint64_t set, unsigned external, unsigned its_number,
                    unsigned (*number_of)(const rv_hart *h, unsigned id), const rv_hart *h)
{
  rv_top best = { 0 };
  bool above = true;
  for (unsigned i = 0; set; i++) {
    const unsigned id = order[i];
    above &= id != external;
    if (!(set >> id & 1))
      continue;
    set &= ~(1ull << id);
    const rv_top t = { .any = true,
                       .above = above,
                       .id = id,
                       .number = id == external ? its_number : number_of(h, id),
                       .why = WHY_INTERRUPT };
    if (!best.any || key(&t) < key(&best)) /* of equal ones the first by default */
      best = t;
  }
  return best;
}

/* ---- the M and the S level ---- */

static unsigned iprio(const rv_hart *h, unsigned level, unsigned id)
{
  return h->csr.iprio[level][id / 8] >> id % 8 * 8 & 0xff;
}
static unsigned m_number(const rv_hart *h, unsigned id) { return iprio(h, 0, id); }
static unsigned s_number(const rv_hart *h, unsigned id) { return iprio(h, 1, id); }

/* The number of an external interrupt that its file signals; else software asserts it. */
static unsigned external_number(const rv_hart *h, unsigned file, unsigned irq)
{
  const unsigned id = h->choice.imsic && (h->ip_lines >> irq & 1) ? rv_imsic_top(h, file) : 0;
  return id ? id : UNNUMBERED;
}

rv_top rv_m_top(const rv_hart *h, uint64_t ready)
{
  return first(ready & ~h->csr.mideleg, IRQ_MEI, external_number(h, RV_IMSIC_M, IRQ_MEI), m_number,
               h);
}

rv_top rv_s_top(const rv_hart *h, uint64_t ready)
{
  const uint64_t set = (rv_sip(h, ready) & rv_sie(h)) | (ready & RV_HS_ALIASES);
  rv_top t =
      first(set & ~h->csr.hideleg, IRQ_SEI, external_number(h, RV_IMSIC_S, IRQ_SEI), s_number, h);
  if (t.any && !(h->csr.mideleg >> t.id & 1)) {
    t.to = RV_TO_HS;
    t.why = WHY_INTERRUPT_MVIEN;
  }
  return t;
}

/* Settable: what can be pending and enabled at the level, but for its external interrupt; for M not
 * those that never trap there [AIA 5.2.1, 5.4.1]. */
void rv_iprio_write(rv_hart *h, unsigned level, unsigned select, uint64_t value)
{
  const unsigned word = (select - RV_IPRIO_SELECT) / 2;
  const uint64_t has = h->csr_mask[rv_csr_index(CSR_mie) - 1];
  const uint64_t set = level == 0 ? has & ~(RV_HS_ALIASES | IP(MEI))
                                  : ((has & (RV_HS_ALIASES | RV_S_LEVEL)) | RV_LOCAL) & ~IP(SEI);
  uint64_t mask = 0;
  for (unsigned i = 0; i < 8 && h->choice.imsic; i++)
    mask |= (set >> (word * 8 + i) & 1) * (0xffull << i * 8);
  h->csr.iprio[level][word] = value & mask;
  rv_irq_update(h);
}

static unsigned shown(const rv_top *t)
{
  if (t->number)
    return t->number < UNNUMBERED ? t->number : 255;
  return t->above ? 0 : 255;
}

/* IPRIO is always 1 where no priority can be configured, which is allowed [AIA 5.2.2]. */
uint64_t rv_topi(const rv_hart *h, rv_top top)
{
  return top.any ? (uint64_t)top.id << 16 | (h->choice.imsic ? shown(&top) : 1) : 0;
}

/* ---- the VS level ---- */

/* hviprio1 and hviprio2 have bytes for these alone [AIA 6.3.1]. */
static unsigned vs_number(const rv_hart *h, unsigned id)
{
  if (id == IRQ_SSI)
    return h->csr.hviprio1 >> 8 & 0xff;
  if (id == IRQ_STI)
    return h->csr.hviprio1 >> 24 & 0xff;
  if (id >= IRQ_LCOFI && id < 16)
    return h->csr.hviprio1 >> (40 + (id - IRQ_LCOFI) * 8) & 0xff;
  return id >= 16 && id < 24 ? h->csr.hviprio2 >> (id - 16) * 8 & 0xff : 0;
}

/* The first three candidates of vstopi [AIA 6.3.3]. */
static rv_top guest_external(const rv_hart *h)
{
  const unsigned vgein = rv_get(h->csr.hstatus, hstatus_VGEIN);
  const unsigned id = vgein ? rv_imsic_top(h, RV_IMSIC_S + vgein) : 0;
  const unsigned given = rv_get(h->csr.hvictl, hvictl_IPRIO);
  rv_top t = { .any = true, .id = IRQ_SEI, .number = UNNUMBERED, .why = WHY_INTERRUPT };
  if (id)
    t.number = id;
  else if (!vgein && rv_get(h->csr.hvictl, hvictl_IID) == IRQ_SEI && given)
    t.number = given;
  return t;
}

/* The one that hvictl specifies while VTI=1: none if that is 9. */
static rv_top injected(const rv_hart *h)
{
  const unsigned id = rv_get(h->csr.hvictl, hvictl_IID);
  return (rv_top){ .any = id != IRQ_SEI,
                   .above = !(h->csr.hvictl & hvictl_DPR),
                   .id = id,
                   .number = rv_get(h->csr.hvictl, hvictl_IPRIO),
                   .to = RV_TO_VS,
                   .why = WHY_INTERRUPT_HVICTL };
}

rv_top rv_vs_top(const rv_hart *h, uint64_t ready)
{
  const uint64_t set = rv_vsip(h, ready) & rv_vsie(h);
  rv_top other =
      h->csr.hvictl & hvictl_VTI ? injected(h) : first(set & ~IP(SEI), IRQ_SEI, 0, vs_number, h);
  if (other.why == WHY_INTERRUPT && other.id >= IRQ_LCOFI &&
      !(h->csr.mideleg & h->csr.hideleg & 1ull << other.id)) {
    other.to = RV_TO_VS;
    other.why = h->csr.hideleg >> other.id & 1 ? WHY_INTERRUPT_MVIEN : WHY_INTERRUPT_HVIEN;
  }
  if (!(set & IP(SEI)))
    return other;
  const rv_top external = guest_external(h);
  if (!other.any || key(&external) < key(&other))
    return external;
  return key(&external) > key(&other) || other.above ? other : external;
}

uint64_t rv_vstopi(const rv_hart *h, rv_top top)
{
  if (!top.any)
    return 0;
  return (uint64_t)top.id << 16 | (h->csr.hvictl & hvictl_IPRIOM ? shown(&top) : 1);
}
