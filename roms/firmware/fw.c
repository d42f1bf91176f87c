/* fw.c - a small M-mode firmware, so that a lesson runs on a bare machine: it sets up what HS-mode
 * cannot set itself, serves the SBI calls the lessons make, and hands other traps on to HS or VS.
 *
 * One hart. The state it leaves is that of OpenSBI and of the built-in SBI (src/sbi). The console
 * is the UART, written without looking whether it is ready: it always is, in a simulator. [sbi;
 * machine#mstatus; hypervisor#H_trap_deleg]
 */
#include "hv.h"

#define UART_THR ((volatile uint8_t *)0x10000000)

#define MSTATUS_SIE (1UL << 1)
#define MSTATUS_SPIE (1UL << 5)
#define MSTATUS_SPP (1UL << 8)
#define MSTATUS_MPP (3UL << 11)
#define MSTATUS_MPP_S (1UL << 11)
#define MSTATUS_FS (3UL << 13)
#define MSTATUS_MPV (1UL << 39)
#define MSTATUS_GVA (1UL << 38)
#define MIP_SSIP (1UL << 1)
/* menvcfg: CBIE = flush, CBCFE, CBZE (no effect without Zicbom and Zicboz), PBMTE, STCE */
#define MENVCFG (1UL << 4 | 1UL << 6 | 1UL << 7 | 1UL << 62 | 1UL << 63)
/* Misaligned fetch, breakpoint, ecall from U and VS, page faults, guest-page faults, virtual
 * instruction. */
#define MEDELEG 0xf0b509UL
#define MIDELEG 0x222UL

enum {
  CAUSE_ECALL_S = 9,
  SBI_LEGACY_GETCHAR = 2,
  SBI_LEGACY_CLEAR_IPI,
  SBI_LEGACY_SEND_IPI,
  SBI_LEGACY_LAST = 0xf,
  SBI_IPI = 0x735049,
  SBI_RFENCE = 0x52464e43,
  SBI_HSM = 0x48534d,
  RFENCE_N = 7,
  SPEC_VERSION = 2 << 24,
  EXIT_FIRMWARE = 99, /* it trapped itself */
};

struct frame {
  uint64_t x[32];
};

extern volatile uint64_t tohost;
extern char _start[];

static _Noreturn void fw_exit(unsigned code)
{
  for (;;)
    tohost = (uint64_t)code << 1 | 1;
}

/* ---- setting up ---- */

void fw_init(void)
{
  csr_write(pmpaddr0, -1UL);
  csr_write(pmpcfg0, 0x1f); /* NAPOT over everything, R W X */
  csr_write(medeleg, MEDELEG);
  csr_write(mideleg, MIDELEG);
  csr_write(mie, 0);
  csr_write(mcounteren, 7);
  csr_write(scounteren, 7);
  csr_write(menvcfg, MENVCFG);
  csr_write(henvcfg, 0);
  csr_write(stimecmp, -1UL);
  csr_write(mepc, (uint64_t)_start);
  csr_clear(mstatus, MSTATUS_MPP | MSTATUS_MPV);
  csr_set(mstatus, MSTATUS_MPP_S | MSTATUS_FS);
}

/* ---- SBI ---- */

static struct sbi_ret error(int64_t code) { return (struct sbi_ret){ code, 0 }; }
static struct sbi_ret value(int64_t v) { return (struct sbi_ret){ 0, v }; }

static bool is_provided(uint64_t eid)
{
  return eid <= SBI_LEGACY_SHUTDOWN || eid == SBI_BASE || eid == SBI_TIME || eid == SBI_IPI ||
         eid == SBI_RFENCE || eid == SBI_HSM || eid == SBI_SRST || eid == SBI_DBCN;
}

static struct sbi_ret base(uint64_t fid, uint64_t arg)
{
  switch (fid) {
  case 0:
    return value(SPEC_VERSION);
  case 1:
  case 2: /* implementation: none that is registered */
    return value(0);
  case 3:
    return value(is_provided(arg));
  case 4:
    return value((int64_t)csr_read(mvendorid));
  case 5:
    return value((int64_t)csr_read(marchid));
  case 6:
    return value((int64_t)csr_read(mimpid));
  default:
    return error(SBI_ERR_NOT_SUPPORTED);
  }
}

static void set_timer(uint64_t when) { csr_write(stimecmp, when); }

/* There is one hart: whatever the fence, all of it is forgotten. */
static void fence_all(void)
{
  __asm__ volatile(WITH_H("fence.i\nsfence.vma\nhfence.gvma\nhfence.vvma") : : : "memory");
}

static struct sbi_ret debug_console(uint64_t fid, const uint64_t *a)
{
  const volatile uint8_t *bytes = (const volatile uint8_t *)a[1];
  switch (fid) {
  case 0:
    if (a[2])
      return error(SBI_ERR_INVALID_PARAM);
    for (uint64_t i = 0; i < a[0]; i++)
      *UART_THR = bytes[i];
    return value((int64_t)a[0]);
  case 1: /* no input */
    return value(0);
  case 2:
    *UART_THR = (uint8_t)a[0];
    return value(0);
  default:
    return error(SBI_ERR_NOT_SUPPORTED);
  }
}

/* Shutdown, with or without a reason; nobody is there who could start us again. */
static struct sbi_ret system_reset(uint32_t type, uint32_t reason)
{
  if (type == 0 && reason <= 1)
    fw_exit(reason);
  return error(SBI_ERR_NOT_SUPPORTED);
}

static int64_t legacy(uint64_t eid, uint64_t arg)
{
  switch (eid) {
  case SBI_LEGACY_SET_TIMER:
    set_timer(arg);
    return 0;
  case SBI_LEGACY_PUTCHAR:
    *UART_THR = (uint8_t)arg;
    return 0;
  case SBI_LEGACY_GETCHAR:
    return -1;
  case SBI_LEGACY_CLEAR_IPI: {
    const bool pending = csr_read(mip) & MIP_SSIP;
    csr_clear(mip, MIP_SSIP);
    return pending;
  }
  case SBI_LEGACY_SEND_IPI:
    csr_set(mip, MIP_SSIP);
    return 0;
  case SBI_LEGACY_SHUTDOWN:
    fw_exit(0);
  default:
    if (eid > SBI_LEGACY_SHUTDOWN)
      return SBI_ERR_NOT_SUPPORTED;
    fence_all();
    return 0;
  }
}

static struct sbi_ret call(uint64_t eid, uint64_t fid, const uint64_t *a)
{
  if (eid == SBI_BASE)
    return base(fid, a[0]);
  if (eid == SBI_DBCN)
    return debug_console(fid, a);
  if (eid == SBI_TIME && fid == 0) {
    set_timer(a[0]);
    return value(0);
  }
  if (eid == SBI_IPI && fid == 0) {
    csr_set(mip, MIP_SSIP);
    return value(0);
  }
  if (eid == SBI_RFENCE && fid < RFENCE_N) {
    fence_all();
    return value(0);
  }
  if (eid == SBI_HSM && fid == 2) /* hart_get_status: started */
    return a[0] ? error(SBI_ERR_INVALID_PARAM) : value(0);
  if (eid == SBI_SRST && fid == 0)
    return system_reset((uint32_t)a[0], (uint32_t)a[1]);
  return error(SBI_ERR_NOT_SUPPORTED);
}

/* Legacy calls change a0 alone. */
static void serve(struct frame *f)
{
  const uint64_t eid = f->x[X_A7];
  if (eid <= SBI_LEGACY_LAST) {
    f->x[X_A0] = (uint64_t)legacy(eid, f->x[X_A0]);
  } else {
    const struct sbi_ret r = call(eid, f->x[X_A6], &f->x[X_A0]);
    f->x[X_A0] = (uint64_t)r.error;
    f->x[X_A1] = (uint64_t)r.value;
  }
  csr_write(mepc, csr_read(mepc) + 4);
}

/* ---- handing a trap on: what a direct trap would have left ---- */

/* status: sstatus or vsstatus; SPP is the nominal privilege that trapped. */
static uint64_t entered(uint64_t status, bool from_s)
{
  const uint64_t spie = status & MSTATUS_SIE ? MSTATUS_SPIE : 0, spp = from_s ? MSTATUS_SPP : 0;
  return (status & ~(MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP)) | spie | spp;
}

static void to_vs(bool from_s)
{
  csr_write(vscause, csr_read(mcause));
  csr_write(vsepc, csr_read(mepc));
  csr_write(vstval, csr_read(mtval));
  csr_write(vsstatus, entered(csr_read(vsstatus), from_s));
  csr_write(mepc, csr_read(vstvec) & ~3UL);
}

static void to_hs(bool v, bool from_s)
{
  uint64_t hstatus = csr_read(hstatus) & ~(HSTATUS_GVA | HSTATUS_SPV);
  if (v) /* SPVP changes only then */
    hstatus = (hstatus & ~HSTATUS_SPVP) | HSTATUS_SPV | (from_s ? HSTATUS_SPVP : 0);
  if (csr_read(mstatus) & MSTATUS_GVA)
    hstatus |= HSTATUS_GVA;
  csr_write(hstatus, hstatus);
  csr_write(scause, csr_read(mcause));
  csr_write(sepc, csr_read(mepc));
  csr_write(stval, csr_read(mtval));
  csr_write(htval, csr_read(mtval2));
  csr_write(htinst, csr_read(mtinst));
  csr_write(sstatus, entered(csr_read(sstatus), from_s));
  csr_write(mepc, csr_read(stvec) & ~3UL);
}

static void hand_on(uint64_t cause)
{
  const uint64_t mstatus = csr_read(mstatus);
  const bool v = mstatus & MSTATUS_MPV, from_s = mstatus & MSTATUS_MPP;
  const bool vs = v && (csr_read(hedeleg) >> cause & 1);
  if (vs)
    to_vs(from_s);
  else
    to_hs(v, from_s);
  csr_clear(mstatus, MSTATUS_MPP | MSTATUS_MPV);
  csr_set(mstatus, MSTATUS_MPP_S | (vs ? MSTATUS_MPV : 0));
}

void fw_trap(struct frame *f)
{
  const uint64_t mcause = csr_read(mcause);
  if ((csr_read(mstatus) & MSTATUS_MPP) == MSTATUS_MPP)
    fw_exit(EXIT_FIRMWARE);
  if (mcause & INTERRUPT) /* nobody serves it: it shall not come again */
    csr_clear(mie, 1UL << (mcause & 63));
  else if (mcause == CAUSE_ECALL_S)
    serve(f);
  else
    hand_on(mcause);
}
