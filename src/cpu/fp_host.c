/* fp_host.c - the floating-point flags that the host's unit keeps for the guest while the fast
 * engine runs (exec_host.h).
 *
 * MXCSR is touched here alone, in functions the compiler cannot move floating-point code across.
 * Elsewhere there are no flags to keep. [unpriv f#fcsr]
 */
#include "cpu/fp.h"
#include "cpu/hart.h"

#ifdef __x86_64__
#include <xmmintrin.h>

/* All exceptions masked, to nearest, subnormals as they are, no flags. */
enum { CLEAR = 0x1f80, FLAGS = 0x3f };

static __attribute__((noipa)) unsigned take_flags(void)
{
  const unsigned flags = _mm_getcsr() & FLAGS;
  if (flags)
    _mm_setcsr(CLEAR);
  __asm__ volatile("" ::: "memory");
  return flags;
}

/* Returns what was there. */
static __attribute__((noipa)) unsigned exchange(unsigned mxcsr)
{
  const unsigned before = _mm_getcsr();
  _mm_setcsr(mxcsr);
  __asm__ volatile("" ::: "memory");
  return before;
}

void rv_fp_collect(rv_hart *h)
{
  const unsigned m = h->fp_live ? take_flags() : 0; /* 1 IE, 2 DE, 4 ZE, 8 OE, 16 UE, 32 PE */
  h->csr.fflags |= (m & 1 ? RV_NV : 0) | (m & 4 ? RV_DZ : 0) | (m & 8 ? RV_OF : 0) |
                   (m & 16 ? RV_UF : 0) | (m & 32 ? RV_NX : 0);
}

void rv_fp_enter(rv_hart *h)
{
  h->fp_host = exchange(CLEAR);
  h->fp_live = true;
}

void rv_fp_leave(rv_hart *h)
{
  rv_fp_collect(h);
  exchange(h->fp_host);
  h->fp_live = false;
}
#else
void rv_fp_collect(rv_hart *h) {}
void rv_fp_enter(rv_hart *h) {}
void rv_fp_leave(rv_hart *h) {}
#endif

bool rv_fp_lend(rv_hart *h)
{
  const bool live = h && h->fp_live;
  if (live)
    rv_fp_leave(h);
  return live;
}

void rv_fp_take_back(rv_hart *h, bool lent)
{
  if (lent)
    rv_fp_enter(h);
}
