/* imsic.c - the interrupt files of a hart. [AIA 3, IMSIC] */
#include "priv/imsic.h"
#include "priv/interrupt.h"

static unsigned n_files(const rv_hart *h) { return h->choice.imsic ? 2 + h->choice.geilen : 0; }

unsigned rv_imsic_top(const rv_hart *h, unsigned file)
{
  const rv_imsic_file *f = &h->imsic[file];
  for (unsigned i = 0; i < RV_IMSIC_WORDS; i++) {
    const uint64_t ready = f->eip[i] & f->eie[i];
    if (!ready)
      continue;
    const unsigned id = i * 64 + __builtin_ctzll(ready);
    return f->eithreshold == 0 || id < f->eithreshold ? id : 0;
  }
  return 0;
}

/* eidelivery concerns the signal alone, not *topei. */
static void signal(rv_hart *h, unsigned file)
{
  const bool on = h->imsic[file].eidelivery == 1 && rv_imsic_top(h, file);
  if (file <= RV_IMSIC_S) {
    rv_set_line(h, file == RV_IMSIC_M ? IRQ_MEI : IRQ_SEI, on);
  } else {
    const uint64_t bit = 1ull << (file - RV_IMSIC_S);
    h->csr.hgeip = on ? h->csr.hgeip | bit : h->csr.hgeip & ~bit;
    rv_irq_update(h);
  }
}

void rv_imsic_refresh(rv_hart *h)
{
  for (unsigned file = 0; file < n_files(h); file++)
    signal(h, file);
}

void rv_imsic_deliver(rv_hart *h, unsigned file, unsigned id)
{
  if (file >= n_files(h) || id == 0 || id > RV_IMSIC_IDS)
    return;
  h->imsic[file].eip[id / 64] |= 1ull << id % 64;
  signal(h, file);
}

void rv_imsic_claim(rv_hart *h, unsigned file)
{
  const unsigned id = rv_imsic_top(h, file);
  if (!id)
    return;
  h->imsic[file].eip[id / 64] &= ~(1ull << id % 64);
  signal(h, file);
}

/* The word of the eip or eie array, or NULL: no identity has its bits there, and it is 0. Selects
 * are in units of 32 bits; the odd ones are refused before [AIA 3.8.3]. */
static uint64_t *word_of(rv_imsic_file *f, unsigned select)
{
  const unsigned i = (select & 0x3f) / 2;
  if (select < RV_EIP0 || i >= RV_IMSIC_WORDS)
    return NULL;
  return select < RV_EIE0 ? &f->eip[i] : &f->eie[i];
}

uint64_t rv_imsic_read(const rv_hart *h, unsigned file, unsigned select)
{
  rv_imsic_file *f = (rv_imsic_file *)&h->imsic[file];
  if (select == RV_EIDELIVERY)
    return f->eidelivery;
  if (select == RV_EITHRESHOLD)
    return f->eithreshold;
  const uint64_t *word = word_of(f, select);
  return word ? *word : 0;
}

/* eidelivery is WARL: of its values there is no delivery from an APLIC here. eithreshold is WLRL:
 * another value than 0 to the greatest identity keeps the old one. */
void rv_imsic_write(rv_hart *h, unsigned file, unsigned select, uint64_t value)
{
  rv_imsic_file *f = &h->imsic[file];
  uint64_t *word = word_of(f, select);
  if (select == RV_EIDELIVERY)
    f->eidelivery = value & 1;
  else if (select == RV_EITHRESHOLD && value <= RV_IMSIC_IDS)
    f->eithreshold = value;
  else if (word)
    *word = word == f->eip || word == f->eie ? value & ~1ull : value; /* there is no identity 0 */
  signal(h, file);
}
