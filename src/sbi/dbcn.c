/* dbcn.c - Debug Console extension: bytes from and to physical memory. [sbi ext-debug-console]
 */
#include "mmu/phys.h"
#include "sbi/call.h"

enum { CHUNK = 256 };

/* a0: number of bytes; a1, a2: low and high half of the physical address. */
static bool range_valid(const rv_sbi *s, const rv_sbi_call *c, bool write)
{
  return c->arg[2] == 0 && rv_sbi_is_memory(s, c->arg[1], c->arg[0], write);
}

static int64_t console_write(rv_sbi *s, rv_sbi_call *c)
{
  uint8_t buf[CHUNK];
  if (!range_valid(s, c, false))
    return SBI_ERR_INVALID_PARAM;
  while (c->value < c->arg[0]) {
    const uint64_t rest = c->arg[0] - c->value;
    const size_t n = rest < CHUNK ? rest : CHUNK;
    if (!rv_phys_read(s->host.phys, c->arg[1] + c->value, buf, n))
      return SBI_ERR_FAILED;
    s->host.console_write(s->host.ctx, buf, n);
    c->value += n;
  }
  return SBI_SUCCESS;
}

/* Takes what input there is, without waiting. */
static int64_t console_read(rv_sbi *s, rv_sbi_call *c)
{
  if (!range_valid(s, c, true))
    return SBI_ERR_INVALID_PARAM;
  while (c->value < c->arg[0]) {
    const int byte = s->host.console_read(s->host.ctx);
    if (byte < 0)
      break;
    const uint8_t b = byte;
    if (!rv_phys_write(s->host.phys, c->arg[1] + c->value, &b, 1))
      return SBI_ERR_FAILED;
    c->value++;
  }
  return SBI_SUCCESS;
}

static int64_t console_write_byte(rv_sbi *s, rv_sbi_call *c)
{
  const uint8_t b = c->arg[0];
  s->host.console_write(s->host.ctx, &b, 1);
  return SBI_SUCCESS;
}

static const rv_sbi_function functions[] = { { "console_write", console_write },
                                             { "console_read", console_read },
                                             { "console_write_byte", console_write_byte } };

const rv_sbi_extension rv_sbi_dbcn = { .name = "DBCN",
                                       .eid = 0x4442434E,
                                       .n = sizeof functions / sizeof *functions,
                                       .function = functions };
