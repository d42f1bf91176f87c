/* rfence.c - RFENCE extension: fences on other harts, executed at once on their behalf.
 *
 * Harts run one at a time, so a fence is done when the call returns. hfence.vvma acts on the VMID
 * in the caller's hgatp, whatever the target runs at the moment. [sbi ext-rfence]
 */
#include "mmu/tlb.h"
#include "priv/csr.h"
#include "sbi/call.h"

enum { PAGE_SHIFT = 12, MAX_PAGES = 64 }; /* beyond, one fence of everything is cheaper */
enum { ASID_BITS = 16, VMID_BITS = 14 };

/* What to fence: how, whose, and which addresses. */
typedef struct fence fence;
struct fence {
  void (*on_hart)(rv_hart *h, const fence *f, bool has_addr, uint64_t addr);
  uint64_t start, size;
  bool has_id;
  uint64_t id;   /* ASID; VMID of hfence.gvma */
  uint64_t vmid; /* of hfence.vvma */
  rv_sbi_fw_event sent;
};

static void sfence_vma(rv_hart *h, const fence *f, bool has_addr, uint64_t addr)
{
  rv_sfence_vma_hs(h, has_addr, addr, f->has_id, f->id);
}

static void hfence_gvma(rv_hart *h, const fence *f, bool has_addr, uint64_t addr)
{
  rv_hfence_gvma(h, has_addr, addr, f->has_id, f->id);
}

static void hfence_vvma(rv_hart *h, const fence *f, bool has_addr, uint64_t addr)
{
  rv_hfence_vvma_vmid(h, f->vmid, has_addr, addr, f->has_id, f->id);
}

/* From the first to the last page of the range, or everything. */
static void fence_hart(rv_hart *h, const fence *f)
{
  const bool all = (f->start == 0 && f->size == 0) || f->size == ~0ull;
  if (!all && f->size == 0)
    return;
  const uint64_t first = f->start >> PAGE_SHIFT;
  const uint64_t last = (f->start + f->size - 1) >> PAGE_SHIFT;
  if (all || last - first >= MAX_PAGES) {
    f->on_hart(h, f, false, 0);
    return;
  }
  for (uint64_t page = first; page <= last; page++)
    f->on_hart(h, f, true, page << PAGE_SHIFT);
}

/* Nothing is fenced if any parameter is wrong. A range may end at, but not pass, 2^64. */
static int64_t fence_harts(rv_sbi *s, rv_hart *sender, uint64_t set, const fence *f)
{
  if (f->size != 0 && f->size != ~0ull && f->start + (f->size - 1) < f->start)
    return SBI_ERR_INVALID_ADDRESS;
  for (unsigned i = 0; i < s->host.n_harts; i++)
    if (set >> i & 1) {
      fence_hart(s->host.harts[i], f);
      rv_sbi_count_sent(s, sender, s->host.harts[i], f->sent);
    }
  return SBI_SUCCESS;
}

/* a0, a1: harts; a2, a3: range; a4: ASID or VMID of id_bits bits (0: the call has none). */
static int64_t serve(rv_sbi *s, rv_sbi_call *c, fence *f, unsigned id_bits)
{
  uint64_t set;
  if (!rv_sbi_hart_set(s, c->arg[0], c->arg[1], &set))
    return SBI_ERR_INVALID_PARAM;
  f->has_id = id_bits;
  f->id = id_bits ? c->arg[4] : 0;
  if (id_bits && f->id >> id_bits)
    return SBI_ERR_INVALID_PARAM;
  f->start = c->arg[2];
  f->size = c->arg[3];
  f->vmid = rv_get(c->h->csr.hgatp, hgatp_VMID);
  return fence_harts(s, c->h, set, f);
}

int64_t rv_sbi_sfence(rv_sbi *s, rv_hart *sender, uint64_t set, uint64_t start, uint64_t size,
                      bool has_asid, uint64_t asid)
{
  if (has_asid && asid >> ASID_BITS)
    return SBI_ERR_INVALID_PARAM;
  const fence f = { .on_hart = sfence_vma,
                    .start = start,
                    .size = size,
                    .has_id = has_asid,
                    .id = asid,
                    .sent = has_asid ? RV_SBI_FW_SFENCE_VMA_ASID_SENT : RV_SBI_FW_SFENCE_VMA_SENT };
  return fence_harts(s, sender, set, &f);
}

/* Decoded code follows every store, so instruction fetch is always coherent: there is nothing to
 * do. */
void rv_sbi_fence_i(rv_sbi *s, rv_hart *sender, uint64_t set)
{
  for (unsigned i = 0; i < s->host.n_harts; i++)
    if (set >> i & 1)
      rv_sbi_count_sent(s, sender, s->host.harts[i], RV_SBI_FW_FENCE_I_SENT);
}

static int64_t remote_fence_i(rv_sbi *s, rv_sbi_call *c)
{
  uint64_t set;
  if (!rv_sbi_hart_set(s, c->arg[0], c->arg[1], &set))
    return SBI_ERR_INVALID_PARAM;
  rv_sbi_fence_i(s, c->h, set);
  return SBI_SUCCESS;
}

static int64_t remote_sfence_vma(rv_sbi *s, rv_sbi_call *c)
{
  return serve(s, c, &(fence){ .on_hart = sfence_vma, .sent = RV_SBI_FW_SFENCE_VMA_SENT }, 0);
}

static int64_t remote_sfence_vma_asid(rv_sbi *s, rv_sbi_call *c)
{
  return serve(s, c, &(fence){ .on_hart = sfence_vma, .sent = RV_SBI_FW_SFENCE_VMA_ASID_SENT },
               ASID_BITS);
}

static int64_t remote_hfence_gvma_vmid(rv_sbi *s, rv_sbi_call *c)
{
  return serve(s, c, &(fence){ .on_hart = hfence_gvma, .sent = RV_SBI_FW_HFENCE_GVMA_VMID_SENT },
               VMID_BITS);
}

static int64_t remote_hfence_gvma(rv_sbi *s, rv_sbi_call *c)
{
  return serve(s, c, &(fence){ .on_hart = hfence_gvma, .sent = RV_SBI_FW_HFENCE_GVMA_SENT }, 0);
}

static int64_t remote_hfence_vvma_asid(rv_sbi *s, rv_sbi_call *c)
{
  return serve(s, c, &(fence){ .on_hart = hfence_vvma, .sent = RV_SBI_FW_HFENCE_VVMA_ASID_SENT },
               ASID_BITS);
}

static int64_t remote_hfence_vvma(rv_sbi *s, rv_sbi_call *c)
{
  return serve(s, c, &(fence){ .on_hart = hfence_vvma, .sent = RV_SBI_FW_HFENCE_VVMA_SENT }, 0);
}

static const rv_sbi_function functions[] = {
  { "remote_fence_i", remote_fence_i },
  { "remote_sfence_vma", remote_sfence_vma },
  { "remote_sfence_vma_asid", remote_sfence_vma_asid },
  { "remote_hfence_gvma_vmid", remote_hfence_gvma_vmid },
  { "remote_hfence_gvma", remote_hfence_gvma },
  { "remote_hfence_vvma_asid", remote_hfence_vvma_asid },
  { "remote_hfence_vvma", remote_hfence_vvma },
};

const rv_sbi_extension rv_sbi_rfence = { .name = "RFENCE",
                                         .eid = 0x52464E43,
                                         .n = sizeof functions / sizeof *functions,
                                         .function = functions };
