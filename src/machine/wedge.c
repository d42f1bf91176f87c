/* wedge.c - what is said of a run that the trap-loop detector gave up: which trap came again and
 * again, and what usually helps. The detector is priv/trap.c's (hart.wedged). [priv machine#mcause]
 */
#include "machine/machine.h"
#include "cpu/hart.h"

#define HEX "0x%" G_GINT64_MODIFIER "x"
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const exceptions[] = {
#define CAUSE(number, id, text) [number] = text,
#include "priv/cause.def"
};

static const char *const interrupts[] = {
#define INTERRUPT(number, id, text) [number] = text,
#include "priv/cause.def"
};

static const char *const reasons[N_WHY] = {
#define WHY(id, text, rule) [WHY_##id] = text,
#include "priv/why.def"
};

typedef typeof(((rv_hart *)NULL)->wedged) wedged;

static const char *cause_name(const wedged *w)
{
  const char *const *names = w->interrupt ? interrupts : exceptions;
  const size_t n = w->interrupt ? COUNT(interrupts) : COUNT(exceptions);
  return w->cause < n && names[w->cause] ? names[w->cause] : "no such cause";
}

static bool says_more_than_the_cause(const wedged *w)
{
  return !w->interrupt && w->why != WHY_ECALL && w->why != WHY_EBREAK && w->why != WHY_NONE;
}

static bool is_fetch_fault(const wedged *w)
{
  return w->cause == CAUSE_FETCH_ACCESS || w->cause == CAUSE_FETCH_PAGE ||
         w->cause == CAUSE_FETCH_GUEST_PAGE;
}

/* The CSR whose handler traps at its own first instruction, or NULL. */
static const char *faulting_vector(const rv_hart *h)
{
  const wedged *w = &h->wedged;
  const uint64_t tvec = w->prv == PRV_M ? h->csr.mtvec : h->s[w->v].tvec;
  if (w->prv == PRV_U || (tvec & ~3ull) != w->epc || w->interrupt)
    return NULL;
  return w->prv == PRV_M ? "mtvec" : w->v ? "vstvec" : "stvec";
}

static const char *for_reason(unsigned why)
{
  switch (why) {
  case WHY_PTE_A_OFF:
  case WHY_PTE_D_OFF:
    return "set A (and D for stores) in the page-table entry, or let the hart do it: --adue";
  case WHY_PTE_NO_U:
    return "set U=1 in the page-table entry: in the G-stage every access is as user";
  case WHY_HCOUNTEREN:
    return "set the counter's bit in hcounteren, or emulate the read and add 4 to sepc";
  case WHY_FS_OFF:
    return "set FS in sstatus (and in vsstatus for a guest) before floating-point instructions";
  default:
    return NULL;
  }
}

static const char *for_exception(uint64_t cause)
{
  switch (cause) {
  case CAUSE_FETCH_ACCESS:
    return "the program jumped to an address with no memory";
  case CAUSE_LOAD_ACCESS:
  case CAUSE_STORE_ACCESS:
    return "nothing answers at that address; is RAM too small (-m), or the device not of this "
           "board?";
  case CAUSE_FETCH_PAGE:
  case CAUSE_LOAD_PAGE:
  case CAUSE_STORE_PAGE:
    return "the handler returns, but the page is still refused: map it, and sfence.vma";
  case CAUSE_FETCH_GUEST_PAGE:
  case CAUSE_LOAD_GUEST_PAGE:
  case CAUSE_STORE_GUEST_PAGE:
    return "map that gpa in the G-stage (U=1, A and D set), and hfence.gvma; or emulate the access "
           "and add the instruction's length to sepc";
  case CAUSE_ECALL_U:
  case CAUSE_ECALL_HS:
  case CAUSE_ECALL_VS:
  case CAUSE_ECALL_M:
    return "the handler returns to the same ecall: add 4 to sepc (mepc in M-mode)";
  case CAUSE_ILLEGAL:
  case CAUSE_VIRTUAL:
  case CAUSE_BREAKPOINT:
    return "the handler returns to the same instruction: emulate it, and add its length to sepc";
  default:
    return "the handler returns to the same instruction without having changed anything";
  }
}

static char *way_out(const rvh_machine *m, const rv_hart *h)
{
  const wedged *w = &h->wedged;
  const char *vector = faulting_vector(h), *reason = for_reason(w->why);
  if (w->interrupt)
    return g_strdup("the handler must take back what makes the interrupt pending, or disable it");
  if (reason)
    return g_strdup(reason);
  if (vector)
    return g_strdup_printf("the trap handler itself cannot be executed: %s is " HEX "; set it to a "
                           "handler's address before the first trap%s",
                           vector, w->epc,
                           m->config.bios == RVH_BIOS_NONE
                               ? " (a program that wants an SBI must run without -bios none)"
                               : "");
  return g_strdup(for_exception(w->cause));
}

void rv_end_wedged(rvh_machine *m, const rv_hart *h)
{
  const wedged *w = &h->wedged;
  g_autoptr(GString) s = g_string_new(NULL);
  g_autofree char *advice = way_out(m, h);
  g_string_printf(s,
                  "hart %u makes no progress: %" G_GUINT64_FORMAT " traps in a row, each %s%u %s "
                  "in %s-mode at pc " HEX,
                  h->id, w->count, w->interrupt ? "interrupt " : "", (unsigned)w->cause,
                  cause_name(w), rv_mode_name(w->prv, w->v), w->epc);
  if (w->tval && !is_fetch_fault(w))
    g_string_append_printf(s, ", tval " HEX, w->tval);
  if (w->gpa)
    g_string_append_printf(s, ", gpa " HEX, w->gpa);
  if (says_more_than_the_cause(w))
    g_string_append_printf(s, ": %s", reasons[w->why]);
  rv_end(m, RVH_EXIT_WEDGED, "%s\n%s; to see it: --trap-loop=10 --trace-traps=why%s", s->str, advice,
         w->v ? "" : " --trace-only=all");
}
