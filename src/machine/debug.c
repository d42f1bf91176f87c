/* debug.c - what debuggers read, write and stop at: the part of rvh.h that an ordinary run does not
 * need. Looking never changes anything but the RAM and registers it is asked to change.
 */
#include "machine/machine.h"
#include "mmu/access.h"
#include "mmu/mask.h"
#include "mmu/phys.h"
#include "mmu/tlb.h"
#include "mmu/walk.h"
#include "priv/csr.h"
#include "priv/interrupt.h"
#include <string.h>

unsigned rvh_n_harts(const rvh_machine *m) { return m->config.n_harts; }

void rvh_set_breakpoints(rvh_machine *m, const uint64_t *addresses, size_t n)
{
  if (!rv_code_set_breaks(m->code, addresses, n))
    g_error("not enough memory for %zu breakpoints", n);
}

void rvh_watch_fd(rvh_machine *m, int fd) { m->watched_fd = fd; }

bool rvh_address(const rvh_machine *m, const char *symbol, uint64_t *addr)
{
  return (m->kernel && rv_image_address(m->kernel, symbol, addr)) ||
         (m->bios && rv_image_address(m->bios, symbol, addr));
}

uint64_t rvh_read_f(const rvh_machine *m, unsigned hart, unsigned reg)
{
  return m->harts[hart]->f[reg & 31];
}

void rvh_write_pc(rvh_machine *m, unsigned hart, uint64_t pc) { m->harts[hart]->pc = pc & ~1ull; }

void rvh_write_x(rvh_machine *m, unsigned hart, unsigned reg, uint64_t value)
{
  if (reg & 31)
    m->harts[hart]->x[reg & 31] = value;
}

void rvh_write_f(rvh_machine *m, unsigned hart, unsigned reg, uint64_t value)
{
  m->harts[hart]->f[reg & 31] = value;
}

bool rvh_write_csr(rvh_machine *m, unsigned hart, unsigned csr, uint64_t value)
{
  return rv_csr_poke(m->harts[hart], csr, value);
}

bool rvh_write_memory(rvh_machine *m, uint64_t pa, const void *buf, size_t n)
{
  return rv_phys_write(&m->phys, pa, buf, n);
}

static rv_xmode mode_of(const rv_hart *h, int access, rvh_as as)
{
  static const struct {
    uint8_t prv;
    bool v;
  } modes[] = { [RVH_AS_M] = { PRV_M, false },
                [RVH_AS_HS] = { PRV_S, false },
                [RVH_AS_U] = { PRV_U, false },
                [RVH_AS_VS] = { PRV_S, true },
                [RVH_AS_VU] = { PRV_U, true } };
  if (as == RVH_AS_CURRENT) {
    rv_xmode m = access == RV_FETCH ? h->mmu->fetch : h->mmu->data;
    m.access = access;
    return m;
  }
  rv_xmode m = { .access = access, .prv = modes[as].prv, .v = modes[as].v };
  rv_set_masking(h, &m);
  return m;
}

bool rvh_translate(const rvh_machine *m, unsigned hart, uint64_t va, int access, rvh_as as,
                   uint64_t *pa, uint64_t *gpa, rvh_walk_log *log)
{
  rv_walk_log own, *to = log ? (rv_walk_log *)log : &own;
  const rv_xmode mode = mode_of(m->harts[hart], access, as);
  const rv_xlat x = rv_walk_probe(m->harts[hart], va, &mode, to);
  *pa = x.pa;
  *gpa = x.gpa;
  return !x.why;
}

/* Calls one of the copies below for each part of the range that lies in one page. */
static bool by_page(const rvh_machine *m, unsigned hart, uint64_t va, uint8_t *buf, size_t n,
                    bool write)
{
  while (n) {
    const size_t in_page = RV_PAGE_SIZE - (va & RV_PAGE_MASK), part = MIN(n, in_page);
    uint64_t pa, gpa;
    /* What can be executed but not read is code, and to be seen. */
    if (!rvh_translate(m, hart, va, RV_LOAD, RVH_AS_CURRENT, &pa, &gpa, NULL) &&
        !rvh_translate(m, hart, va, RV_FETCH, RVH_AS_CURRENT, &pa, &gpa, NULL))
      return false;
    rv_phys *p = (rv_phys *)&m->phys;
    if (write ? !rv_phys_write(p, pa, buf, part) : !rv_phys_read(p, pa, buf, part))
      return false;
    buf += part;
    va += part;
    n -= part;
  }
  return true;
}

bool rvh_read_virtual(const rvh_machine *m, unsigned hart, uint64_t va, void *buf, size_t n)
{
  return by_page(m, hart, va, buf, n, false);
}

bool rvh_write_virtual(rvh_machine *m, unsigned hart, uint64_t va, const void *buf, size_t n)
{
  return by_page(m, hart, va, (uint8_t *)buf, n, true);
}

bool rvh_drop_reservation(rvh_machine *m, unsigned hart)
{
  const bool had = m->harts[hart]->reservation != ~0ull;
  m->harts[hart]->reservation = ~0ull;
  return had;
}

/* ---- trying an instruction ---- */

/* The address a memory access of d goes to, and how; false: it is none. */
static bool access_of(const rv_hart *h, const rv_insn *d, uint64_t *va, rv_xmode *mode)
{
  unsigned n;
  const rv_insn_row *row = &rv_insn_rows(&n)[d->row];
  const unsigned funct3 = d->raw >> 12 & 7, opcode = d->raw & 0x7f;
  *mode = h->mmu->data;
  *va = h->x[d->rs1];
  switch (row->kind) {
  case RV_KIND_LOAD: case RV_KIND_FLOAD: case RV_KIND_STORE: case RV_KIND_FSTORE:
    *va += (int64_t)d->imm;
    break;
  case RV_KIND_AMO:
    break;
  default: /* cbo; hlv, hlvx, hsv */
    if (opcode == 0x0f && funct3 == 2)
      break;
    if (opcode != 0x73 || funct3 != 4)
      return false;
    *mode = rv_hlv_mode(h, RV_LOAD, false);
  }
  mode->access = RV_LOAD;
  return true;
}

/* Executes it; *handler is where it led, if it trapped. All but memory is as before then. */
static bool try_insn(rv_hart *h, uint64_t *handler)
{
  const rv_hart before = *h;
  h->observe = 0;
  rv_step(h);
  const bool trapped = h->unretired != before.unretired;
  *handler = h->pc;
  *h = before;
  rv_regime_changed(h);
  return trapped;
}

bool rvh_would_trap(rvh_machine *m, unsigned hart, uint64_t *handler)
{
  rv_hart *h = m->harts[hart];
  uint32_t raw;
  uint64_t va, pa;
  uint8_t old[128]; /* a cache block, or what an access may touch on both sides of a page's end */
  size_t n = sizeof old;
  rv_insn d;
  rv_xmode mode;
  rv_walk_log log = { 0 };
  *handler = 0;
  if (!rv_peek_insn(h, &raw) || !rv_decode_for(h->choice.ext, raw, &d) ||
      !access_of(h, &d, &va, &mode))
    return try_insn(h, handler);
  const rv_xlat x = rv_walk_probe(h, va, &mode, &log);
  pa = x.pa & ~63ull;
  if (!x.why && !rv_phys_read(&m->phys, pa, old, n) && !rv_phys_read(&m->phys, pa, old, n = 64) &&
      m->phys.bus_claims(m->phys.bus, x.pa))
    return false;
  const bool ram = !x.why && rv_phys_read(&m->phys, pa, old, n);
  const bool trapped = try_insn(h, handler);
  if (ram) /* also of a trap: a first part may have been stored */
    rv_phys_write(&m->phys, pa, old, n);
  return trapped;
}

uint64_t rvh_interrupt_handler(rvh_machine *m, unsigned hart, unsigned irq)
{
  rv_hart *h = m->harts[hart];
  const rv_hart before = *h;
  h->observe = 0;
  rvh_interrupt(m, hart, irq);
  const uint64_t handler = h->pc;
  *h = before;
  rv_regime_changed(h);
  return handler;
}
