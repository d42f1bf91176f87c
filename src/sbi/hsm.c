/* hsm.c - Hart State Management: starting, stopping and suspending harts. [sbi ext-hsm]
 *
 * Transitions are immediate, so the *_PENDING states do not occur. A suspended hart waits as in
 * wfi: any interrupt enabled in sie wakes it.
 */
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "sbi/call.h"

enum { STATE_STARTED = 0, STATE_STOPPED = 1, STATE_SUSPENDED = 4 };
enum { RETENTIVE = 0 };
static const uint32_t NON_RETENTIVE = 0x80000000;

/* A target that is not stopped is "already started", suspended ones as well. */
static int64_t hart_start(rv_sbi *s, rv_sbi_call *c)
{
  const int i = rv_sbi_hart_index(s, c->arg[0]);
  if (i < 0)
    return SBI_ERR_INVALID_PARAM;
  if (!rv_sbi_is_executable(s, c->arg[1]))
    return SBI_ERR_INVALID_ADDRESS;
  if (s->host.harts[i]->power != RV_STOPPED)
    return SBI_ERR_ALREADY_AVAILABLE;
  rv_sbi_start(s, s->host.harts[i], c->arg[1], c->arg[2]);
  return SBI_SUCCESS;
}

/* The run loop is left at once: not an instruction behind the ecall runs. */
static void stop(rv_sbi *s, rv_sbi_call *c)
{
  c->h->power = RV_STOPPED;
  c->h->leave = true;
}

static int64_t hart_stop(rv_sbi *s, rv_sbi_call *c)
{
  c->after = stop;
  return SBI_SUCCESS; /* never seen by the caller */
}

static int64_t hart_get_status(rv_sbi *s, rv_sbi_call *c)
{
  const int i = rv_sbi_hart_index(s, c->arg[0]);
  if (i < 0)
    return SBI_ERR_INVALID_PARAM;
  const rv_hart *h = s->host.harts[i];
  if (h->power == RV_STOPPED)
    c->value = STATE_STOPPED;
  else
    c->value = h->wfi && h->icount == s->suspended_at[i] ? STATE_SUSPENDED : STATE_STARTED;
  return SBI_SUCCESS;
}

static void suspend(rv_sbi *s, rv_sbi_call *c)
{
  s->suspended_at[rv_sbi_hart_index(s, c->h->id)] = c->h->icount;
  c->h->wfi = true;
  c->h->leave = true;
  rv_irq_update(c->h); /* something may be pending already */
}

/* The state to resume in is set before the wait: what is not named is undefined, and mie and the
 * timer, which must wake the hart, keep. */
void rv_sbi_suspend_to(rv_sbi *s, rv_sbi_call *c)
{
  rv_hart *h = c->h;
  uint64_t sstatus = 0;
  rv_csr_peek(h, CSR_sstatus, &sstatus);
  rv_csr_poke(h, CSR_sstatus, sstatus & ~sstatus_SIE);
  rv_csr_poke(h, CSR_satp, 0);
  h->x[10] = h->id;
  h->x[11] = c->arg[2];
  h->pc = c->arg[1];
  suspend(s, c);
}

static int64_t hart_suspend(rv_sbi *s, rv_sbi_call *c)
{
  const uint32_t type = c->arg[0]; /* uint32_t: the upper half does not count */
  if (type == RETENTIVE) {
    c->after = suspend;
    return SBI_SUCCESS; /* what the caller sees once it was woken */
  }
  if (type != NON_RETENTIVE)
    return SBI_ERR_INVALID_PARAM;
  if (!rv_sbi_is_executable(s, c->arg[1]))
    return SBI_ERR_INVALID_ADDRESS;
  c->after = rv_sbi_suspend_to;
  return SBI_SUCCESS;
}

static const rv_sbi_function functions[] = { { "hart_start", hart_start },
                                             { "hart_stop", hart_stop },
                                             { "hart_get_status", hart_get_status },
                                             { "hart_suspend", hart_suspend } };

const rv_sbi_extension rv_sbi_hsm = {
  .name = "HSM", .eid = 0x48534D, .n = sizeof functions / sizeof *functions, .function = functions
};
