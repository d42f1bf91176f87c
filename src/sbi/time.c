/* time.c - TIME extension: set_timer, for software that does not use Sstc itself.
 *
 * The firmware sets menvcfg.STCE, so stimecmp is the timer: it raises STIP without a trip through
 * M-mode, and a comparison in the future clears STIP. A hart without Sstc has the machine's timer,
 * whose interrupt sets STIP (rv_sbi_trap). [sbi ext-time, priv sstc]
 */
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "sbi/call.h"

void rv_sbi_set_timer(rv_sbi *s, rv_hart *h, uint64_t when)
{
  rv_sbi_count(s, h, RV_SBI_FW_SET_TIMER);
  if (rv_csr_poke(h, CSR_stimecmp, when)) /* tells the machine by rv_env.timer_changed */
    return;
  s->host.set_mtimecmp(s->host.ctx, h, when);
  h->csr.mip &= ~IP(STI);
  h->csr.mie |= IP(MTI);
  rv_irq_update(h);
}

static int64_t set_timer(rv_sbi *s, rv_sbi_call *c)
{
  rv_sbi_set_timer(s, c->h, c->arg[0]);
  return SBI_SUCCESS;
}

static const rv_sbi_function functions[] = { { "set_timer", set_timer } };

const rv_sbi_extension rv_sbi_time = {
  .name = "TIME", .eid = 0x54494D45, .n = 1, .function = functions
};
