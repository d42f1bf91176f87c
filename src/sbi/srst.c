/* srst.c - System Reset extension: the end of the run, or a reboot. [sbi ext-sys-reset]
 */
#include "sbi/call.h"

enum { SHUTDOWN = 0, WARM_REBOOT = 2 }; /* 1: cold reboot */
enum { SYSTEM_FAILURE = 1 };            /* 0: no reason */

static void do_power(rv_sbi *s, rv_sbi_call *c)
{
  s->host.power(s->host.ctx, c->power.reset, c->power.code, c->power.reason);
}

/* Deferred until the caller's state is final: a reset replaces it. */
void rv_sbi_power(rv_sbi_call *c, bool reset, int code, const char *reason)
{
  c->power.reset = reset;
  c->power.code = code;
  c->power.reason = reason;
  c->after = do_power;
}

/* Both parameters are uint32_t. Vendor specific values are invalid like reserved ones, because
 * none is implemented. */
static int64_t system_reset(rv_sbi *s, rv_sbi_call *c)
{
  static const char *const text[][2] = {
    { "SBI SRST", "SBI SRST, system failure" },
    { "SBI SRST cold reboot", "SBI SRST cold reboot, system failure" },
    { "SBI SRST warm reboot", "SBI SRST warm reboot, system failure" },
  };
  const uint32_t type = c->arg[0], reason = c->arg[1];
  if (type > WARM_REBOOT || reason > SYSTEM_FAILURE)
    return SBI_ERR_INVALID_PARAM;
  rv_sbi_power(c, type != SHUTDOWN, reason == SYSTEM_FAILURE, text[type][reason]);
  return SBI_SUCCESS;
}

static const rv_sbi_function functions[] = { { "system_reset", system_reset } };

const rv_sbi_extension rv_sbi_srst = {
  .name = "SRST", .eid = 0x53525354, .n = 1, .function = functions
};
