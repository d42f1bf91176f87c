/* legacy.c - the legacy extensions, EIDs 0 to 8, each a single function: the EID is the index, a6
 * does not count, and a0 alone is written. [sbi ext-legacy]
 *
 * Hart masks are in the caller's virtual memory. What cannot be read there is the caller's fault,
 * with sepc at the ecall.
 */
#include "mmu/access.h"
#include "mmu/mask.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include "sbi/call.h"

static int64_t set_timer(rv_sbi *s, rv_sbi_call *c)
{
  rv_sbi_set_timer(s, c->h, c->arg[0]);
  return 0;
}

static int64_t console_putchar(rv_sbi *s, rv_sbi_call *c)
{
  const uint8_t b = c->arg[0];
  s->host.console_write(s->host.ctx, &b, 1);
  return 0;
}

static int64_t console_getchar(rv_sbi *s, rv_sbi_call *c)
{
  return s->host.console_read(s->host.ctx); /* -1: nothing there */
}

/* Positive if an IPI had been pending. */
static int64_t clear_ipi(rv_sbi *s, rv_sbi_call *c)
{
  const bool pending = c->h->csr.mip & IP(SSI);
  c->h->csr.mip &= ~IP(SSI);
  rv_irq_update(c->h);
  return pending;
}

/* The harts of the bit vector at va; a NULL pointer means all harts, as in OpenSBI and BBL. Bits
 * without a hart are ignored: some callers pass all ones. False: the call is to fault. */
static bool read_hart_mask(rv_sbi *s, rv_sbi_call *c, uint64_t *set)
{
  const uint64_t va = c->arg[0];
  rv_xmode mode = { .access = RV_LOAD, .prv = PRV_S, .mprv = true };
  uint64_t mask;
  rv_set_masking(c->h, &mode);
  *set = rv_sbi_all_harts(s);
  if (!va)
    return true;
  if (!rv_load(c->h, va, sizeof mask, &mode, &mask)) {
    c->fault = true;
    c->trap = c->h->trap;
    c->trap.tinst = 0; /* the ecall is no load that could be transformed */
    return false;
  }
  uint64_t named = 0;
  for (unsigned i = 0; i < s->host.n_harts; i++)
    if (s->host.harts[i]->id < 64 && (mask >> s->host.harts[i]->id & 1))
      named |= 1ull << i;
  *set = named;
  return true;
}

static int64_t send_ipi(rv_sbi *s, rv_sbi_call *c)
{
  uint64_t set;
  if (read_hart_mask(s, c, &set))
    rv_sbi_send_ipi(s, c->h, set);
  return 0;
}

static int64_t remote_fence_i(rv_sbi *s, rv_sbi_call *c)
{
  uint64_t set;
  if (read_hart_mask(s, c, &set))
    rv_sbi_fence_i(s, c->h, set);
  return 0;
}

static int64_t remote_sfence_vma(rv_sbi *s, rv_sbi_call *c)
{
  uint64_t set;
  if (!read_hart_mask(s, c, &set))
    return 0;
  return rv_sbi_sfence(s, c->h, set, c->arg[1], c->arg[2], false, 0);
}

static int64_t remote_sfence_vma_asid(rv_sbi *s, rv_sbi_call *c)
{
  uint64_t set;
  if (!read_hart_mask(s, c, &set))
    return 0;
  return rv_sbi_sfence(s, c->h, set, c->arg[1], c->arg[2], true, c->arg[3]);
}

static int64_t shutdown(rv_sbi *s, rv_sbi_call *c)
{
  rv_sbi_power(c, false, 0, "SBI legacy shutdown");
  return 0;
}

static const rv_sbi_function functions[] = {
  { "set_timer", set_timer },
  { "console_putchar", console_putchar },
  { "console_getchar", console_getchar },
  { "clear_ipi", clear_ipi },
  { "send_ipi", send_ipi },
  { "remote_fence_i", remote_fence_i },
  { "remote_sfence_vma", remote_sfence_vma },
  { "remote_sfence_vma_asid", remote_sfence_vma_asid },
  { "shutdown", shutdown },
};

const rv_sbi_extension rv_sbi_legacy = { .name = "legacy",
                                         .eid = 0,
                                         .legacy = true,
                                         .n = sizeof functions / sizeof *functions,
                                         .function = functions };
