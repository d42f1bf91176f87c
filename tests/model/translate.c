/* translate.c - see translate.h. The comments are the manual's sentences, shortened. */
#include "translate.h"
#include <string.h>

#define BIT(word, n) ((bool)((word) >> (n)&1))
#define BITS(word, hi, lo) ((word) >> (lo) & (~0ull >> (63 - (hi) + (lo))))

/* ---- physical memory protection [machine#pmp] ---- */

/* Does entry i match the byte at that address? */
static bool pmp_matches(const translate_csrs *c, unsigned i, uint64_t byte)
{
  const uint64_t word = byte >> 2, addr = c->pmpaddr[i];
  switch (BITS(c->pmpcfg[i], 4, 3)) {
  case 1: /* TOR: pmpaddr[i-1] <= y < pmpaddr[i] */
    return (i == 0 || c->pmpaddr[i - 1] <= word) && word < addr;
  case 2: /* NA4 */
    return word == addr;
  case 3: { /* NAPOT: yyyy...yy01...1 */
    unsigned ones = 0;
    while (BIT(addr, ones))
      ones++;
    return word >> (ones + 1) == addr >> (ones + 1);
  }
  default:
    return false;
  }
}

bool translate_pmp(const translate_csrs *c, uint64_t pa, unsigned size, unsigned rights,
                   unsigned prv)
{
  /* "The lowest-numbered PMP entry that matches any byte of a memory operation determines whether
   * that operation succeeds or fails. The matching entry must match all bytes." */
  for (unsigned i = 0; i < 16; i++) {
    unsigned n = 0;
    for (unsigned byte = 0; byte < size; byte++)
      n += pmp_matches(c, i, pa + byte);
    if (n == 0)
      continue;
    if (n < size)
      return false;
    if (!BIT(c->pmpcfg[i], 7) && prv == 3)
      return true;
    return (c->pmpcfg[i] & rights) == rights; /* R, W, X are bits 0, 1, 2 */
  }
  return prv == 3;
}

/* ---- one access under way ---- */

typedef enum { PAGE_FAULT, GUEST_PAGE_FAULT, ACCESS_FAULT, ADDRESS_MISALIGNED } fault;

typedef struct {
  const translate_csrs *c;
  const translate_memory *mem;
  access_type access;
  translate_result *r;
  fault fault;
  uint64_t gpa; /* what the G-stage was asked last */
} walk;

/* What is asked of one stage. */
typedef struct {
  translate_stage stage;
  uint64_t atp; /* MODE, PPN */
  bool x4;      /* the G-stage's form */
  bool read, write, exec;
  bool user, sum, mxr, adue, pbmte;
} request;

static bool refuse(walk *w, translate_stage stage, translate_reason reason, fault f)
{
  w->r->stage = stage;
  w->r->reason = reason;
  w->fault = f;
  return false;
}

static uint64_t read_pte(walk *w, uint64_t pa)
{
  uint64_t value = w->mem->read(w->mem->ctx, pa);
  for (unsigned i = 0; i < w->r->n_writes; i++)
    if (w->r->writes[i].pa == pa)
      value = w->r->writes[i].value;
  return value;
}

static void write_pte(walk *w, uint64_t pa, uint64_t value)
{
  if (w->r->n_writes == MAX_WRITES)
    return;
  w->r->writes[w->r->n_writes].pa = pa;
  w->r->writes[w->r->n_writes++].value = value;
}

static void visit(walk *w, translate_stage stage, uint64_t pa, uint64_t va, int level, bool leaf)
{
  if (w->r->n_visits < MAX_VISITS)
    w->r->visits[w->r->n_visits++] =
        (translate_visit){ .stage = stage, .pa = pa, .va = va, .level = level, .leaf = leaf };
}

static bool g_stage(walk *w, translate_stage stage, uint64_t gpa, bool read, bool write, bool exec,
                    uint64_t *pa);

/* Bits and encodings that are reserved, step 3; FINE if there are none. */
static translate_reason reserved(uint64_t pte, int level, bool pbmte, bool napot)
{
  if (!BIT(pte, 0))
    return PTE_V;
  if (!BIT(pte, 1) && BIT(pte, 2))
    return PTE_W_ONLY;
  if (BITS(pte, 60, 54))
    return PTE_BITS;
  if (!BIT(pte, 1) && !BIT(pte, 3)) { /* a pointer */
    if (BITS(pte, 62, 61))
      return PTR_PBMT;
    if (BIT(pte, 63))
      return PTR_N;
    if (BIT(pte, 4) || BIT(pte, 6) || BIT(pte, 7)) /* "for non-leaf PTEs, the D, A, and U bits" */
      return PTR_DAU;
    return FINE;
  }
  if (BITS(pte, 62, 61) == 3)
    return PTE_PBMT_3;
  if (BITS(pte, 62, 61) && !pbmte)
    return PTE_PBMT_OFF;
  if (BIT(pte, 63) && (!napot || level > 0 || BITS(pte, 13, 10) != 8))
    return PTE_N;
  return FINE;
}

/* Steps 6 and 8; FINE if the leaf allows the access. */
static translate_reason permitted(const walk *w, const request *q, uint64_t pte)
{
  const bool r = BIT(pte, 1), w_ = BIT(pte, 2), x = BIT(pte, 3), u = BIT(pte, 4);
  if (q->user && !u)
    return NOT_U;
  /* "S-mode must not execute code on U pages, irrespective of SUM." */
  if (!q->user && u && (!q->sum || w->access == FETCH))
    return IS_U;
  if (q->exec && !x)
    return NOT_X;
  if (q->write && !w_)
    return NOT_W;
  if (q->read && !r && !(x && q->mxr))
    return NOT_R;
  return FINE;
}

/* Step 9. False: refused. */
static bool update_a_d(walk *w, const request *q, uint64_t at, uint64_t pa, uint64_t pte)
{
  if (BIT(pte, 6) && (BIT(pte, 7) || !q->write))
    return true;
  if (!q->adue)
    return refuse(w, q->stage, BIT(pte, 6) ? D_OFF : A_OFF, q->x4 ? GUEST_PAGE_FAULT : PAGE_FAULT);
  /* A VS-stage PTE is written through the G-stage. */
  if (q->stage == VS_STAGE && !g_stage(w, G_WRITE, at, false, true, false, &pa))
    return false;
  if (!(w->mem->attributes(w->mem->ctx, pa) & PMA_WRITE))
    return refuse(w, q->stage, AD_NOWHERE, ACCESS_FAULT);
  if (!translate_pmp(w->c, pa, 8, PMA_WRITE, 1))
    return refuse(w, q->stage, AD_PMP, ACCESS_FAULT);
  write_pte(w, pa, pte | 1ull << 6 | (q->write ? 1ull << 7 : 0));
  return true;
}

/* One stage: va to *out, and the leaf's level. False: refused. */
static bool stage(walk *w, const request *q, uint64_t va, uint64_t *out, int *leaf_level)
{
  const fault page_fault = q->x4 ? GUEST_PAGE_FAULT : PAGE_FAULT;
  const unsigned mode = BITS(q->atp, 63, 60);
  *out = va;
  *leaf_level = -1;
  if (mode == 0) /* Bare */
    return true;
  const int levels = mode == 8 ? 3 : mode == 9 ? 4 : 5;
  const int width = (mode == 8 ? 39 : mode == 9 ? 48 : 57) + (q->x4 ? 2 : 0);
  /* "must have bits 63-39 all equal to bit 38"; "address bits 63:41 must all be zeros" */
  for (int i = width; i < 64; i++)
    if (BIT(va, i) != (q->x4 ? false : BIT(va, width - 1)))
      return refuse(w, q->stage, q->x4 ? GPA_WIDE : VA_SIGN, page_fault);
  /* 1. a = satp.ppn * PAGESIZE, i = LEVELS - 1 */
  uint64_t a = BITS(q->atp, 43, 0) * 4096;
  for (int i = levels - 1;; i--) {
    /* 2. pte is the value at a + va.vpn[i] * PTESIZE; the root of x4 has two bits more. */
    const uint64_t vpn = va >> (12 + 9 * i) & (q->x4 && i == levels - 1 ? 0x7ff : 0x1ff);
    const uint64_t at = a + vpn * 8;
    uint64_t pa = at;
    if (q->stage == VS_STAGE && !g_stage(w, G_READ, at, true, false, false, &pa))
      return false;
    if (!(w->mem->attributes(w->mem->ctx, pa) & PMA_MAIN))
      return refuse(w, q->stage, PTE_NOWHERE, ACCESS_FAULT);
    if (!translate_pmp(w->c, pa, 8, PMA_READ, 1))
      return refuse(w, q->stage, PTE_PMP, ACCESS_FAULT);
    const uint64_t pte = read_pte(w, pa);
    const bool leaf = BIT(pte, 1) || BIT(pte, 3);
    visit(w, q->stage, pa, va, i, leaf);
    /* 3. */
    translate_reason reason = reserved(pte, i, q->pbmte, !w->c->no_napot);
    if (reason)
      return refuse(w, q->stage, reason, page_fault);
    /* 4. */
    if (!leaf) {
      if (i == 0)
        return refuse(w, q->stage, NO_LEAF, page_fault);
      a = BITS(pte, 53, 10) * 4096;
      continue;
    }
    /* 5. */
    const uint64_t ppn = BITS(pte, 53, 10), below = i ? BITS(ppn, 9 * i - 1, 0) : 0;
    if (below)
      return refuse(w, q->stage, SUPERPAGE, page_fault);
    /* 6., 8. */
    reason = permitted(w, q, pte);
    if (reason)
      return refuse(w, q->stage, reason, page_fault);
    /* 9. */
    if (!update_a_d(w, q, at, pa, pte))
      return false;
    /* 10. A 64 KiB page: ppn[3:0] is replaced by vpn[3:0]. */
    const int offset_bits = BIT(pte, 63) ? 16 : 12 + 9 * i;
    *out = (ppn * 4096 & ~0ull << offset_bits) | BITS(va, offset_bits - 1, 0);
    *leaf_level = BIT(pte, 63) ? 9 : i; /* 9 stands for NAPOT */
    return true;
  }
}

/* [hypervisor#guest-addr-translation]: "as though executed in U-mode"; for the VS-level page tables
 * as an implicit load or store, to which MXR does not apply. */
static bool g_stage_leveled(walk *w, translate_stage stage_id, uint64_t gpa, bool read, bool write,
                            bool exec, uint64_t *pa, int *level)
{
  const translate_csrs *c = w->c;
  request q = { .stage = stage_id,
                .atp = c->hgatp,
                .x4 = true,
                .user = true,
                .read = read,
                .write = write,
                .exec = exec,
                .mxr = stage_id == G_FINAL && BIT(c->mstatus, 19),
                .adue = BIT(c->menvcfg, 61),
                .pbmte = BIT(c->menvcfg, 62) };
  if (c->strict)
    q.atp &= ~3ull;
  w->gpa = gpa;
  if (!stage(w, &q, gpa, pa, level))
    return false;
  return true;
}
static bool g_stage(walk *w, translate_stage stage_id, uint64_t gpa, bool read, bool write,
                    bool exec, uint64_t *pa)
{
  int level;
  return g_stage_leveled(w, stage_id, gpa, read, write, exec, pa, &level);
}

/* The whole way of one address. The effective mode is in w->r. */
static bool address(walk *w, uint64_t va, uint64_t *pa, int level[2])
{
  const translate_csrs *c = w->c;
  const access_type a = w->access;
  const bool exec = a == FETCH || a == HLVX; /* "execute permission takes the place of read" */
  const bool write = a == STORE || a == AMO || a == SC || a == HSV || a == CBO_ZERO;
  /* "A cache-block management instruction is permitted whenever a load or store instruction is"; a
   * page that may be stored to may be loaded from. It never sets D. */
  const bool read = a == LOAD || a == LR || a == HLV || a == CBO_MANAGE;
  level[0] = level[1] = -1;
  *pa = va;
  if (w->r->prv == 3)
    return true;
  request q = { .read = read, .write = write, .exec = exec, .user = w->r->prv == 0 };
  if (!w->r->v) {
    q.stage = S_STAGE;
    q.atp = c->satp;
    q.sum = BIT(c->mstatus, 18);
    q.mxr = BIT(c->mstatus, 19);
    q.adue = BIT(c->menvcfg, 61);
    q.pbmte = BIT(c->menvcfg, 62);
    return stage(w, &q, va, pa, &level[0]);
  }
  q.stage = VS_STAGE;
  q.atp = c->vsatp;
  q.sum = BIT(c->vsstatus, 18);
  q.mxr = BIT(c->vsstatus, 19) || BIT(c->mstatus, 19);
  q.adue = BIT(c->henvcfg, 61) && BIT(c->menvcfg, 61);
  q.pbmte = BIT(c->henvcfg, 62) && BIT(c->menvcfg, 62);
  uint64_t gpa;
  return stage(w, &q, va, &gpa, &level[0]) &&
         g_stage_leveled(w, G_FINAL, gpa, read, write, exec, pa, &level[1]);
}

/* "The supervisor physical memory attributes must grant both execute and read" to HLVX. */
static bool physical(walk *w, uint64_t pa, unsigned size)
{
  const access_type a = w->access;
  const unsigned rights = a == FETCH  ? PMA_EXEC
                          : a == HLVX ? PMA_EXEC | PMA_READ
                          : a == STORE || a == AMO || a == SC || a == HSV || a == CBO_ZERO
                              ? PMA_WRITE
                              : PMA_READ;
  const unsigned has = w->mem->attributes(w->mem->ctx, pa);
  if (!translate_pmp(w->c, pa, size, rights, w->r->prv))
    return refuse(w, PHYSICAL, PA_PMP, ACCESS_FAULT);
  if ((has & rights) != rights)
    return refuse(w, PHYSICAL, PA_NOWHERE, ACCESS_FAULT);
  return true;
}

/* [machine#mstatus MPRV, hypervisor#h-mprv; hypervisor#hlsv_priv] */
static void effective_mode(const translate_csrs *c, access_type a, translate_result *r)
{
  r->prv = c->prv;
  r->v = c->v;
  if (a == HLV || a == HLVX || a == HSV) {
    r->v = true;
    r->prv = BIT(c->hstatus, 8);                  /* SPVP */
  } else if (a != FETCH && BIT(c->mstatus, 17)) { /* MPRV */
    r->prv = BITS(c->mstatus, 12, 11);
    r->v = BIT(c->mstatus, 39) && r->prv != 3;
  }
}

/* [zpm]: PMLEN of the effective mode; PMM 2 is 7 bits, 3 is 16. */
static unsigned masked_bits(const translate_csrs *c, access_type a, const translate_result *r)
{
  if (a == FETCH || a == HLVX)
    return 0;
  const bool hlsv = a == HLV || a == HSV;
  /* "When MXR is in effect at the effective privilege mode, pointer masking does not apply." */
  if (r->prv != 3 && (BIT(c->mstatus, 19) || (r->v && BIT(c->vsstatus, 19))))
    return 0;
  uint64_t pmm;
  if (r->prv == 3)
    pmm = BITS(c->mseccfg, 33, 32);
  else if (r->prv == 1)
    pmm = r->v ? BITS(c->henvcfg, 33, 32) : BITS(c->menvcfg, 33, 32);
  else if (hlsv && c->prv == 0) /* "by HLV.* or HSV.* in U-mode as though in VU-mode" */
    pmm = BITS(c->hstatus, 49, 48);
  else
    pmm = BITS(c->senvcfg, 33, 32);
  return pmm == 2 ? 7 : pmm == 3 ? 16 : 0;
}

/* The "ignore" transformation: sign extension of a virtual address, zeros above a physical one. */
static uint64_t masked(const translate_csrs *c, access_type a, const translate_result *r,
                       uint64_t va)
{
  const unsigned n = masked_bits(c, a, r);
  const uint64_t atp = r->prv == 3 ? 0 : r->v ? c->vsatp : c->satp;
  if (n == 0)
    return va;
  const uint64_t low = va & ~0ull >> n;
  return BITS(atp, 63, 60) && BIT(va, 63 - n) ? low | ~(~0ull >> n) : low;
}

/* [machine#mcause; hypervisor#hcauses]: the type is the original access's. */
static unsigned cause_of(fault f, access_type a)
{
  const unsigned type = a == FETCH                                                         ? 0
                        : a == STORE || a == AMO || a == SC || a == HSV || a >= CBO_MANAGE ? 2
                                                                                           : 1;
  static const unsigned causes[4][3] = { { 12, 13, 15 }, { 20, 21, 23 }, { 1, 5, 7 }, { 0, 4, 6 } };
  return causes[f][type];
}

/* [hypervisor#tinst-vals]: "for implicit accesses for VS-stage address translation". */
static void trap(walk *w, uint64_t va)
{
  translate_result *r = w->r;
  r->cause = cause_of(w->fault, w->access);
  r->tval = va;
  r->gva = r->v;
  r->tval2 = r->tinst = 0;
  if (w->fault == GUEST_PAGE_FAULT) {
    r->tval2 = w->gpa >> 2;
    r->tinst = r->stage == G_READ ? 0x3000 : r->stage == G_WRITE ? 0x3020 : 0;
  }
}

void translate(const translate_csrs *c, const translate_memory *mem, access_type access,
               uint64_t va, unsigned size, translate_result *r)
{
  walk w = { .c = c, .mem = mem, .access = access, .r = r };
  const bool atomic = access == AMO || access == LR || access == SC;
  r->reason = FINE;
  r->n_writes = r->n_visits = 0;
  effective_mode(c, access, r);
  r->ea = va = masked(c, access, r, va);
  if (atomic && va % size) {
    refuse(&w, PHYSICAL, MISALIGNED, ADDRESS_MISALIGNED);
    trap(&w, va);
    return;
  }
  if (access == CBO_MANAGE || access == CBO_ZERO) {
    /* "The block that contains the effective address"; a fault tells the address as it is. */
    r->parts = 1;
    r->size[0] = size;
    r->size[1] = 0;
    if (!address(&w, va, &r->pa[0], r->level)) {
      trap(&w, va);
      return;
    }
    r->pa[0] -= r->pa[0] % size;
    const bool main = mem->attributes(mem->ctx, r->pa[0]) & PMA_MAIN;
    if (!physical(&w, r->pa[0], size) ||
        (access == CBO_ZERO && !main && !refuse(&w, PHYSICAL, PA_DEVICE, ACCESS_FAULT)))
      trap(&w, va);
    return;
  }
  const uint64_t to_end = 4096 - va % 4096;
  r->parts = size > to_end ? 2 : 1;
  r->size[0] = r->parts == 2 ? to_end : size;
  r->size[1] = size - r->size[0];
  /* "a page-boundary address that is higher than the instruction's original virtual address" */
  for (unsigned i = 0; i < r->parts; i++) {
    const uint64_t at = i ? va + to_end : va;
    int level[2];
    if (!address(&w, at, &r->pa[i], level) || !physical(&w, r->pa[i], r->size[i])) {
      trap(&w, at);
      return;
    }
    if (i == 0)
      memcpy(r->level, level, sizeof level);
  }
  /* Devices take aligned accesses, and no atomic ones: of this machine's PMA. */
  for (unsigned i = 0; i < r->parts; i++)
    if (!(mem->attributes(mem->ctx, r->pa[i]) & PMA_MAIN) && (atomic || va % size)) {
      refuse(&w, PHYSICAL, PA_DEVICE, ACCESS_FAULT);
      trap(&w, i ? va + to_end : va);
      return;
    }
}

/* [hypervisor#tinst-vals]: rd, funct3 and opcode of a load; rs2 instead of rd of a store; of the
 * others all but rs1. Bits 19:15 are the Addr. Offset. Only for the access's own faults. */
uint64_t translate_tinst(const translate_result *r, uint32_t insn)
{
  const unsigned c = r->cause, opcode = insn & 0x7f;
  const bool table = r->stage == G_READ || r->stage == G_WRITE || r->reason == PTE_NOWHERE ||
                     r->reason == PTE_PMP || r->reason == AD_NOWHERE || r->reason == AD_PMP;
  const bool fetch = c == 0 || c == 1 || c == 12 || c == 20;
  if (table || fetch)
    return r->tinst;
  uint32_t kept = insn & ~(31u << 15);
  if (opcode == 0x03 || opcode == 0x07)
    kept = insn & 0x7fff;
  else if (opcode == 0x23 || opcode == 0x27)
    kept = insn & 0x01f0707f;
  return kept | (r->tval - r->ea) << 15;
}
