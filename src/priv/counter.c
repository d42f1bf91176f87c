/* counter.c - the counters stand on h->icount; a stopped one keeps its value in the offset. */
#include "priv/counter.h"
#include "priv/csr.h"

static uint64_t retired(const rv_hart *h) { return h->icount - h->unretired; }

uint64_t rv_mcycle(const rv_hart *h)
{
  return h->mcycle_off + (h->csr.mcountinhibit & mcountinhibit_CY ? 0 : h->icount);
}

uint64_t rv_minstret(const rv_hart *h)
{
  return h->minstret_off + (h->csr.mcountinhibit & mcountinhibit_IR ? 0 : retired(h));
}

/* "+ 1": the writing instruction itself retires before the next one reads. */
void rv_set_mcycle(rv_hart *h, uint64_t value)
{
  h->mcycle_off = value - (h->csr.mcountinhibit & mcountinhibit_CY ? 0 : h->icount + 1);
}

void rv_set_minstret(rv_hart *h, uint64_t value)
{
  h->minstret_off = value - (h->csr.mcountinhibit & mcountinhibit_IR ? 0 : retired(h) + 1);
}

void rv_set_countinhibit(rv_hart *h, uint64_t value)
{
  const uint64_t cycle = rv_mcycle(h) + !(h->csr.mcountinhibit & mcountinhibit_CY);
  const uint64_t instret = rv_minstret(h) + !(h->csr.mcountinhibit & mcountinhibit_IR);
  h->csr.mcountinhibit = value & (mcountinhibit_CY | mcountinhibit_IR);
  rv_set_mcycle(h, cycle);
  rv_set_minstret(h, instret);
}
