/* ipi.c - sPI extension: supervisor software interrupts on other harts. [sbi ext-ipi]
 */
#include "priv/interrupt.h"
#include "sbi/call.h"

/* A stopped hart is a valid target but has no supervisor to interrupt; it starts with a clean
 * mip. */
void rv_sbi_send_ipi(rv_sbi *s, rv_hart *sender, uint64_t set)
{
  for (unsigned i = 0; i < s->host.n_harts; i++) {
    rv_hart *h = s->host.harts[i];
    if (!(set >> i & 1) || h->power == RV_STOPPED)
      continue;
    rv_sbi_count_sent(s, sender, h, RV_SBI_FW_IPI_SENT);
    h->csr.mip |= IP(SSI);
    rv_irq_update(h);
  }
}

static int64_t send_ipi(rv_sbi *s, rv_sbi_call *c)
{
  uint64_t set;
  if (!rv_sbi_hart_set(s, c->arg[0], c->arg[1], &set))
    return SBI_ERR_INVALID_PARAM;
  rv_sbi_send_ipi(s, c->h, set);
  return SBI_SUCCESS;
}

static const rv_sbi_function functions[] = { { "send_ipi", send_ipi } };

const rv_sbi_extension rv_sbi_ipi = {
  .name = "sPI", .eid = 0x735049, .n = 1, .function = functions
};
