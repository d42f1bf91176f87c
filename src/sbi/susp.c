/* susp.c - System Suspend: to RAM, which here means that the one hart left waits for an interrupt.
 * [sbi ext-sys-suspend]
 */
#include "sbi/call.h"

enum { SUSPEND_TO_RAM = 0 };

/* All but the caller must be stopped. */
static bool is_alone(const rv_sbi *s, const rv_hart *h)
{
  for (unsigned i = 0; i < s->host.n_harts; i++)
    if (s->host.harts[i] != h && s->host.harts[i]->power != RV_STOPPED)
      return false;
  return true;
}

/* What is enabled in sie wakes it. */
static int64_t system_suspend(rv_sbi *s, rv_sbi_call *c)
{
  const uint32_t type = c->arg[0];
  if (type != SUSPEND_TO_RAM)
    return SBI_ERR_INVALID_PARAM;
  if (!is_alone(s, c->h))
    return SBI_ERR_DENIED;
  if (!rv_sbi_is_executable(s, c->arg[1]))
    return SBI_ERR_INVALID_ADDRESS;
  c->after = rv_sbi_suspend_to;
  return SBI_SUCCESS; /* never seen: the caller goes on at resume_addr */
}

static const rv_sbi_function functions[] = { { "system_suspend", system_suspend } };

const rv_sbi_extension rv_sbi_susp = {
  .name = "SUSP", .eid = 0x53555350, .n = 1, .function = functions
};
