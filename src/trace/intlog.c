/* intlog.c - QEMU's "-d int": one line for every trap, in the words of QEMU 10 (also where they are
 * odd: a virtual-instruction exception is "reserved"), so that the two logs can be compared.
 */
#include "cpu/event.h"
#include "rvh.h"
#include <inttypes.h>

static const char *const exceptions[] = {
  "misaligned_fetch",
  "fault_fetch",
  "illegal_instruction",
  "breakpoint",
  "misaligned_load",
  "fault_load",
  "misaligned_store",
  "fault_store",
  "user_ecall",
  "supervisor_ecall",
  "hypervisor_ecall",
  "machine_ecall",
  "exec_page_fault",
  "load_page_fault",
  "reserved",
  "store_page_fault",
  "double_trap",
  "reserved",
  "reserved",
  "reserved",
  "guest_exec_page_fault",
  "guest_load_page_fault",
  "reserved",
  "guest_store_page_fault",
};

static const char *const interrupts[] = {
  "u_software", "s_software", "vs_software", "m_software", "u_timer",     "s_timer",
  "vs_timer",   "m_timer",    "u_external",  "s_external", "vs_external", "m_external",
  "reserved",   "reserved",   "reserved",    "reserved",
};

static const char *name_of(uint64_t cause, bool interrupt)
{
  const size_t n = interrupt ? G_N_ELEMENTS(interrupts) : G_N_ELEMENTS(exceptions);
  return cause < n ? (interrupt ? interrupts : exceptions)[cause] : "(unknown)";
}

static void log_trap(void *out, rvh_machine *m, const rvh_event *e)
{
  fprintf(out,
          "riscv_cpu_do_interrupt: hart:%d, async:%d, cause:%016" PRIx64 ", epc:0x%016" PRIx64
          ", tval:0x%016" PRIx64 ", desc=%s\n",
          e->hart, e->u.trap.interrupt, e->u.trap.cause, e->pc, e->u.trap.tval,
          name_of(e->u.trap.cause, e->u.trap.interrupt));
}

void rvh_log_interrupts(rvh_machine *m, FILE *out)
{
  rvh_observe(m, 1ull << RV_EV_TRAP, log_trap, out);
}
