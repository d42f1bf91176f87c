/* system.c - CSRs, fences, traps, interrupts, and accesses as another mode would make them.
 */
#include "body.h"

typedef struct {
  uint16_t csr;
  uint8_t prv;    /* the least that may write it */
  uint16_t needs; /* FUZZ_*: time-dependent otherwise */
  uint64_t mask;
} writable;

/* CSRs that nobody may write. */
static const uint16_t read_only[] = { CSR_cycle,     CSR_time,    CSR_hpmcounter3,
                                      CSR_mvendorid, CSR_mhartid, CSR_hgeip };

/* What random code may write without breaking the handlers. */
#define STATUS (1ull << 1 | 1ull << 5 | 1ull << 8 | 3ull << 13 | 3ull << 18)
static const writable writables[] = {
  { CSR_fflags, 0, 0, ~0ull },
  { CSR_frm, 0, 0, ~0ull },
  { CSR_fcsr, 0, 0, ~0ull },
  { CSR_sstatus, 1, 0, STATUS },
  { CSR_sstatus, 1, 0, STATUS },
  { CSR_sie, 1, 0, ~0ull },
  { CSR_sip, 1, 0, ~0ull },
  { CSR_sepc, 1, 0, ~0ull },
  { CSR_scause, 1, 0, 0x800000000000000f },
  { CSR_stval, 1, 0, ~0ull },
  { CSR_scounteren, 1, 0, ~0ull },
  { CSR_senvcfg, 1, 0, 1 },
  { CSR_senvcfg, 1, FUZZ_MASKING, 3ull << 32 },
  { CSR_senvcfg, 1, FUZZ_BLOCKS, 0xf0 },
  { CSR_hstatus, 2, FUZZ_MASKING, 3ull << 48 },
  { CSR_mseccfg, 3, FUZZ_MASKING, 3ull << 32 },
  { CSR_hstateen0, 2, FUZZ_ID, ~0ull },
  { CSR_mstateen0, 3, FUZZ_ID, ~0ull },
  { CSR_mhpmevent3, 3, FUZZ_TIME, 0xfc00000000000003 },
  { CSR_hstatus, 2, 0, 7ull << 6 | 1ull << 9 | 7ull << 20 },
  { CSR_hedeleg, 2, 0, ~0ull },
  { CSR_hideleg, 2, 0, ~0ull },
  { CSR_hie, 2, 0, ~0ull },
  { CSR_hip, 2, 0, ~0ull },
  { CSR_hvip, 2, 0, ~0ull },
  { CSR_hcounteren, 2, 0, ~0ull },
  { CSR_htval, 2, 0, ~0ull },
  { CSR_htinst, 2, 0, ~0ull },
  { CSR_htimedelta, 2, FUZZ_TIMERS, ~0ull },
  { CSR_vsstatus, 2, 0, STATUS },
  { CSR_vsie, 2, 0, ~0ull },
  { CSR_vsip, 2, 0, ~0ull },
  { CSR_vsepc, 2, 0, ~0ull },
  { CSR_vscause, 2, 0, 0x800000000000000f },
  { CSR_vstval, 2, 0, ~0ull },
  { CSR_mstatus, 3, 0, STATUS | 1ull << 3 | 1ull << 7 | 1ull << 21 | 3ull << 38 },
  { CSR_medeleg, 3, 0, 0xf4b1fb },
  { CSR_mideleg, 3, 0, ~0ull },
  { CSR_mie, 3, 0, ~0ull },
  { CSR_mip, 3, 0, ~0ull },
  { CSR_mepc, 3, 0, ~0ull },
  { CSR_mcause, 3, 0, 0x800000000000000f },
  { CSR_mtval, 3, 0, ~0ull },
  { CSR_mtval2, 3, 0, ~0ull },
  { CSR_mtinst, 3, 0, ~0ull },
  { CSR_mcounteren, 3, 0, ~0ull },
  { CSR_mcountinhibit, 3, FUZZ_TIME, 5 },
  { CSR_mcycle, 3, FUZZ_TIME, ~0ull },
  { CSR_minstret, 3, FUZZ_TIME, ~0ull },
};
enum { N_WRITABLES = sizeof writables / sizeof *writables };

void csr_write(body *b)
{
  gen *g = b->g;
  const writable *w = &writables[rnd(g, N_WRITABLES)];
  static const char *const ops[] = { "csrrs", "csrrc", "csrrw" };
  if (chance(g, 3)) {
    emit(g, "csrrw x%u,%u,x30", free_register(g), read_only[rnd(g, 6)]);
    return;
  }
  const unsigned ones = rnd(g, 3);
  if (w->needs & ~g->flags || spared(b, w->prv > level_of(b->mode)))
    return;
  /* Above the mode's privilege every write is refused: anything goes. */
  const uint64_t mask = w->prv > level_of(b->mode) ? ~0ull : w->mask;
  uint64_t bits = ones == 0 ? 1ull << rnd(g, 64) : ones == 1 ? rnd64(g) : ~0ull >> rnd(g, 64);
  if (w->mask == STATUS && chance(g, 85)) /* FS stays on, mostly */
    bits &= ~(3ull << 13);
  if (w->csr == CSR_frm || w->csr == CSR_fcsr)
    bits &=
        chance(g, 90) ? ~(w->csr == CSR_frm ? 4ull : 0x80ull) : ~0ull; /* a valid mode, mostly */
  emit_li(g, TMP, mask & bits);
  emit(g, "%s x%u,%u,x30", ops[rnd(g, mask == ~0ull ? 3 : 2)], free_register(g), w->csr);
}

/* Read-only for everybody, or refused to this mode: may random code read it? */
static bool may_read(const gen *g, unsigned csr)
{
  const bool counter = (csr & 0xf60) == 0xc00 || (csr & 0xf60) == 0xb00;
  switch (csr) {
  case CSR_time:
  case CSR_cycle:
  case CSR_instret:
  case CSR_mcycle:
  case CSR_minstret:
    return g->flags & FUZZ_TIME;
  case CSR_scountovf:
    return g->flags & FUZZ_TIME;
  case CSR_mip:
  case CSR_sip:
  case CSR_hip:
  case CSR_vsip:
    return true;
  case CSR_stimecmp:
  case CSR_vstimecmp:
    return g->flags & FUZZ_TIMERS;
  default:
    return g->flags & FUZZ_ID || (!counter && rv_csr_describe(csr) && csr < 0x7a0);
  }
}

void csr_read(body *b)
{
  gen *g = b->g;
  const unsigned csr = rnd(g, 4096);
  if (!(rv_csr_describe(csr) || chance(g, 1)) || !may_read(g, csr) ||
      spared(b, (csr >> 8 & 3) > level_of(b->mode))) {
    if (chance(g, 95)) /* most numbers are no CSR's: again */
      csr_read(b);
    return;
  }
  emit(g, "csrrs x%u,%u,zero", free_register(g), csr);
}

void fence(body *b)
{
  gen *g = b->g;
  static const char *const names[] = { "sfence.vma",  "sinval.vma",  "hfence.vvma",
                                       "hfence.gvma", "hinval.vvma", "hinval.gvma" };
  if (spared(b, mode_is_user(b->mode)))
    return;
  if (chance(g, 10)) {
    emit(g, chance(g, 50) ? "sfence.w.inval" : "sfence.inval.ir");
    return;
  }
  emit(g, "%s x%u,x%u", names[rnd(g, 6)], chance(g, 50) ? pointer(g) : 0,
       chance(g, 30) ? free_register(g) : 0);
}

/* Traps of all kinds that are no faults. */
void trap(body *b)
{
  gen *g = b->g;
  switch (rnd(g, 7)) {
  case 0:
    emit_bits(g, 0, 2); /* defined illegal */
    break;
  case 1:
    emit(g, "ebreak");
    break;
  case 2:
    emit(g, "c.ebreak");
    break;
  case 3:
    emit_bits(g, 0xffffffff, 4);
    break;
  case 4:
    if (b->mode != MODE_M)
      emit(g, "mret");
    break;
  case 5:
    if (mode_is_user(b->mode))
      emit(g, chance(g, 50) ? "sret" : "wfi");
    break;
  default:
    emit(g, "ecall");
  }
}

/* Changes what translation depends on besides the tables, and accesses the same place before and
 * after. */
void toggle(body *b)
{
  gen *g = b->g;
  static const uint16_t csrs[] = { CSR_sstatus, CSR_sstatus, CSR_vsstatus, CSR_mstatus };
  const unsigned level = level_of(b->mode), r = pointer(g);
  if (!level)
    return;
  const unsigned csr = csrs[b->mode == MODE_VS ? 1 : 1 + rnd(g, level)];
  for (unsigned n = 2 + rnd(g, 3); n > 0; n--) {
    emit(g, "lui x30,%u; %s zero,%u,x30", chance(g, 50) ? 0x40 : 0x80 << rnd(g, 2) & 0xc0,
         chance(g, 50) ? "csrrs" : "csrrc", csr);
    emit(g, chance(g, 60) ? "lw x%u,0(x%u)" : "sw x%u,0(x%u)", free_register(g), r);
    if (mode_is_v(b->mode) || chance(g, 50))
      continue;
    emit(g, chance(g, 60) ? "hlv.w x%u,(x18)" : "hsv.w x%u,(x18)", free_register(g));
  }
}

void guest_memory(body *b)
{
  gen *g = b->g;
  static const char *const loads[] = { "hlv.b",  "hlv.bu", "hlv.h",   "hlv.hu", "hlv.w",
                                       "hlv.wu", "hlv.d",  "hlvx.hu", "hlvx.wu" };
  static const char *const stores[] = { "hsv.b", "hsv.h", "hsv.w", "hsv.d" };
  if (spared(b, mode_is_v(b->mode)))
    return;
  if (chance(g, 40))
    emit_li(g, S2, data_address(g, chance(g, 50) ? MODE_VS : MODE_VU));
  if (chance(g, 60))
    emit(g, "%s x%u,(x18)", loads[rnd(g, 9)], free_register(g));
  else
    emit(g, "%s x%u,(x18)", stores[rnd(g, 4)], (unsigned)rnd(g, 32));
}

/* Loads and stores of M-mode as another mode would make them. */
void modify_privilege(body *b)
{
  gen *g = b->g;
  static const uint8_t modes[] = { MODE_U, MODE_HS, MODE_VU, MODE_VS, MODE_M };
  const unsigned as = modes[rnd(g, 5)];
  if (b->mode != MODE_M)
    return;
  emit_li(g, S2, data_address(g, as));
  emit_li(g, TMP, 3ull << 11 | 1ull << 39);
  emit(g, "csrrc zero,mstatus,x30");
  emit_li(g, TMP, (as & 3ull) << 11 | (as >> 2 ? 1ull << 39 : 0) | 1ull << 17);
  emit(g, "csrrs zero,mstatus,x30");
  for (unsigned n = 1 + rnd(g, 4); n > 0; n--)
    switch (rnd(g, 3)) {
    case 0:
      emit(g, "ld x%u,%d(x18)", free_register(g), (int)rnd(g, 128) * 8);
      break;
    case 1:
      emit(g, "sw x%u,%d(x18)", (unsigned)rnd(g, 32), (int)rnd(g, 128) * 4);
      break;
    default:
      memory(b);
    }
  emit(g, "lui x30,0x20; csrrc zero,mstatus,x30");
}

/* Makes an interrupt pending and enables it, wherever it goes. */
void interrupt(body *b)
{
  gen *g = b->g;
  const unsigned level = level_of(b->mode);
  static const unsigned pending[] = { CSR_sip, CSR_sip, CSR_hvip, CSR_mip };
  static const unsigned enable[] = { CSR_sie, CSR_sie, CSR_hie, CSR_mie };
  if (!level)
    return;
  const unsigned as = b->mode == MODE_VS ? 1 : 1 + rnd(g, level);
  emit_li(g, TMP, as == 1 ? 0x222 : as == 2 ? 0x444 : 0x666);
  emit(g, "csrrs zero,%u,x30", pending[as]);
  emit(g, "csrrs zero,%u,x30", enable[as]);
  emit(g, "csrrsi zero,%u,%u", as == 3 ? CSR_mstatus : CSR_sstatus, as == 3 ? 8 : 2);
  if (chance(g, 50)) {
    simple(b, rnd(g, 4));
    emit_li(g, TMP, 0x666);
    emit(g, "csrrc zero,%u,x30", pending[as]);
  }
}

void timer(body *b)
{
  gen *g = b->g;
  const unsigned level = level_of(b->mode);
  if (!(g->flags & FUZZ_TIMERS) || !level)
    return;
  const unsigned csr = level >= 2 && chance(g, 50) ? CSR_vstimecmp : CSR_stimecmp;
  emit_li(g, TMP, chance(g, 40) ? 0 : chance(g, 40) ? rnd(g, 300) : ~0ull);
  emit(g, "csrrw zero,%u,x30", csr);
}

/* An event counter that overflows soon, and interrupts. */
void count(body *b)
{
  gen *g = b->g;
  if (!(g->flags & FUZZ_TIME) || b->mode != MODE_M)
    return;
  const unsigned n = rnd(g, 4);
  emit_csr_write(g, CSR_mhpmevent3 + n, 1 + rnd(g, 2) + (chance(g, 30) ? rnd64(g) << 58 : 0));
  emit_csr_write(g, CSR_mhpmcounter3 + n, -rnd(g, 400));
  emit(g, "lui x30,2; csrrs zero,mie,x30"); /* LCOFIE */
}

/* Operations on blocks, and waiting on a reservation: which never stalls. */
void cache_block(body *b)
{
  gen *g = b->g;
  static const char *const names[] = { "cbo.inval", "cbo.clean", "cbo.flush", "cbo.zero" };
  if (!(g->flags & FUZZ_BLOCKS))
    return;
  emit(g, "addi x30,x%u,%d", pointer(g), (int)rnd(g, 1024) - 512);
  emit(g, "%s (x30)", names[rnd(g, 4)]);
  if (chance(g, 20))
    emit(g, "%s", chance(g, 50) ? "wrs.sto" : "wrs.nto");
}

/* wfi with an interrupt pending that is enabled but not taken: MIE or SIE is 0. VS-level ones never
 * go to M. */
void wait_for(body *b)
{
  if (b->mode == MODE_M)
    emit(b->g, "csrrci zero,mstatus,8; csrrsi zero,mip,2; csrrsi zero,mie,2; wfi");
  if (b->mode == MODE_HS)
    emit(b->g, "csrrci zero,sstatus,2; csrrsi zero,hvip,4; csrrsi zero,hie,4; wfi");
}
