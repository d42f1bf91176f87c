/* block.c - decoding guest code into blocks, finding them again, and forgetting them.
 *
 * Depends on decode.c and mmu (fetch translation, page marks). A store into a decoded granule makes
 * all blocks of its page stale by overwriting their first handler: there are no lists of who links
 * to them, whoever arrives looks up again.
 */
#include "cpu/block.h"
#include "cpu/fp.h"
#include "cpu/native.h"
#include "mmu/access.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
  /* Each a branch to another page: op, link, the next segment's header, an rv_cross; then the
   * first header, a breakpoint's segment, and a last jump with its own rv_cross. */
  MAX_BLOCK_BYTES =
      RV_MAX_INSNS * (16 + 16 + 16 + sizeof(rv_cross)) + 4 * 16 + 32 + sizeof(rv_cross),
};

static size_t bucket(uint64_t pa)
{
  return (pa >> 1) * 0x9e3779b97f4a7c15ull >> (64 - RV_HASH_BITS);
}

static void code_written(rv_code *c, rv_page *page);

rv_code *rv_code_new(rv_phys *phys, size_t size, const rv_engine *engine)
{
  rv_code *c = calloc(1, sizeof *c);
  if (!c)
    return NULL;
  *c = (rv_code){ .phys = phys, .engine = engine, .ext = RV_EXT_DEFAULT };
  c->hash = calloc((size_t)1 << RV_HASH_BITS, sizeof *c->hash);
  if (!c->hash || !rv_native_map(c, size)) {
    free(c->hash);
    free(c);
    return NULL;
  }
  c->top = c->arena;
  phys->code = c;
  phys->code_written = code_written;
  return c;
}

void rv_code_free(rv_code *c)
{
  if (!c)
    return;
  rv_native_unmap(c);
  free(c->hash);
  free(c->breaks);
  free(c);
}

/* ---- forgetting ---- */

static void unhash(rv_code *c, rv_block *b)
{
  for (rv_block **p = &c->hash[bucket(b->pa)]; *p; p = &(*p)->next)
    if (*p == b) {
      *p = b->next;
      return;
    }
}

static rv_page *page_of(rv_code *c, uint64_t pa)
{
  return rv_region_page(rv_phys_find(c->phys, pa, 1), pa);
}

/* Where b keeps the next block of the page's list: a block across two pages is in both. */
static rv_block **next_on(rv_code *c, rv_block *b, const rv_page *page)
{
  return &b->next_on_page[page_of(c, b->pa) != page];
}

/* Takes a block across pages off the other page's list: it must not outlive its memory there. */
static void unlist(rv_code *c, rv_page *page, rv_block *gone)
{
  for (rv_block **p = &page->blocks; *p; p = next_on(c, *p, page))
    if (*p == gone) {
      *p = *next_on(c, gone, page);
      return;
    }
}

/* All blocks of the page become stale; it may be written at full speed again. */
static void code_written(rv_code *c, rv_page *page)
{
  rv_block *next;
  for (rv_block *b = page->blocks; b; b = next) {
    next = *next_on(c, b, page);
    b->head->h = c->engine->handlers[X_stale];
    rv_native_stale(c, b->head);
    c->stale++;
    unhash(c, b);
    if (b->pa2) {
      rv_page *first = page_of(c, b->pa), *second = page_of(c, b->pa2);
      if (first != second)
        unlist(c, page == first ? second : first, b);
    }
  }
  page->blocks = NULL;
  page->code_granules = 0;
  page->has_code = false;
}

/* The arena is full: every block goes. Called where no hart is inside a block: others are between
 * their quanta, and resume by pc. */
static void retire_all(rv_code *c)
{
  for (size_t i = 0; i < (size_t)1 << RV_HASH_BITS; i++) {
    for (rv_block *b = c->hash[i]; b; b = b->next)
      for (unsigned k = 0; k < (b->pa2 ? 2 : 1); k++) {
        rv_page *page = page_of(c, k ? b->pa2 : b->pa);
        page->blocks = NULL;
        page->code_granules = 0;
        page->has_code = false;
      }
    c->hash[i] = NULL;
  }
  for (unsigned i = 0; i < c->phys->n_harts; i++)
    rv_tlb_drop_jumps(c->phys->harts[i]);
  c->top = c->arena;
  rv_native_forget(c);
  c->retired++;
}

void rv_code_drop(rv_code *c) { retire_all(c); }

/* ---- breakpoints ---- */

bool rv_code_set_breaks(rv_code *c, const uint64_t *addresses, size_t n)
{
  uint64_t *copy = malloc((n + 1) * sizeof *copy);
  if (!copy)
    return false;
  if (n)
    memcpy(copy, addresses, n * sizeof *copy);
  free(c->breaks);
  c->breaks = copy;
  c->n_breaks = n;
  retire_all(c); /* blocks know of the old ones */
  return true;
}

bool rv_code_is_break(const rv_code *c, uint64_t pc)
{
  for (size_t i = 0; i < c->n_breaks; i++)
    if (c->breaks[i] == pc)
      return true;
  return false;
}

/* Blocks do not know their virtual page: every page's instruction at this offset asks. */
static bool may_break(const rv_code *c, uint32_t off)
{
  for (size_t i = 0; i < c->n_breaks; i++)
    if ((c->breaks[i] & RV_PAGE_MASK) == off)
      return true;
  return false;
}

/* ---- decoding ---- */

typedef struct {
  rv_code *code;
  const void *const *handlers; /* NULL: handlers by index */
  rv_op *at;                   /* next free slot */
  rv_seg *seg;
  rv_link *links[RV_MAX_INSNS + 1]; /* to be given stubs */
  unsigned n_links;
  rv_part parts[2 * RV_MAX_INSNS + 4]; /* to be coded */
  unsigned n_parts;
} builder;

static const void *handler(const builder *b, unsigned op)
{
  return b->handlers ? b->handlers[op] : (const void *)(uintptr_t)op;
}

/* Rounding modes, as encoded, for which the engine may have a form by the host's floating point. */
enum { ANY = 0xff, LEGAL = 0x9f, NEAREST = 1 << RV_RNE | 1 << 7, ZERO = 1 << RV_RTZ };
static const uint8_t host_form[N_OPS] = {
#define HOST(op, rm) [OP_##op] = rm,
#include "cpu/host.def"
};

static unsigned form_of(const builder *b, const rv_insn *d)
{
  const bool host = host_form[d->op] == ANY || host_form[d->op] >> (d->raw >> 12 & 7) & 1;
  return host && b->handlers && b->handlers[X_host + d->op] ? X_host + d->op : d->op;
}

static unsigned kind_of(const rv_insn *d)
{
  unsigned n;
  return rv_insn_rows(&n)[d->row].kind;
}

/* Operands of one instruction at page offset off, as its handler expects them. */
static void fill_op(rv_op *o, const rv_insn *d, unsigned kind, uint32_t off, unsigned n)
{
  const uint32_t next = off + d->len;
  *o = (rv_op){ .imm = d->imm, .rd = d->rd ? d->rd : 32, .rs1 = d->rs1, .rs2 = d->rs2, .n = n };
  switch (kind) {
  case RV_KIND_AUIPC:
    o->imm = d->imm + (int32_t)off; /* relative to vbase; cannot overflow: imm's low 12 bits are 0 */
    break;
  case RV_KIND_JAL:
    o->imm = next;
    break;
  case RV_KIND_JALR:
    o->rs2 = next & 255;
    o->n = next >> 8;
    break;
  case RV_KIND_FLOAD:
    o->rd = d->rd;
    break;
  case RV_KIND_FF:
  case RV_KIND_FX:
  case RV_KIND_FI:
    o->rd = d->rd;
    o->imm = d->raw;
    break;
  case RV_KIND_CSR:
    o->imm = (d->raw & ~RV_PAGE_MASK) | off;
    o->rs2 = rv_csr_index(d->raw >> 20);
    break;
  case RV_KIND_XF:
  case RV_KIND_AMO:
  case RV_KIND_HLV:
  case RV_KIND_SYS:
    o->imm = d->raw;
    break;
  default:
    break;
  }
}

static bool has_link(unsigned kind) { return kind == RV_KIND_BRANCH || kind == RV_KIND_JAL; }

/* After these the next instruction is always somewhere else. */
static bool ends_block(const rv_insn *d, unsigned kind)
{
  switch (d->op) {
  case OP_ecall: case OP_ebreak: case OP_sret: case OP_mret:
    return true;
  default:
    return kind == RV_KIND_JAL || kind == RV_KIND_JALR;
  }
}

static rv_op *add_part(builder *b, unsigned form)
{
  b->parts[b->n_parts++] = (rv_part){ b->at, form };
  return b->at++;
}

static rv_op *add_op(builder *b, unsigned form)
{
  rv_op *o = add_part(b, form);
  *o = (rv_op){ .h = handler(b, form) };
  return o;
}

static void open_segment(builder *b, uint32_t off)
{
  b->seg = (rv_seg *)add_part(b, RV_FORM_SEGMENT);
  *b->seg = (rv_seg){ .pcoff = off };
}

static void add_link(builder *b, int32_t off)
{
  rv_link *l = (rv_link *)b->at++;
  *l = (rv_link){ .off = off };
  b->links[b->n_links++] = l;
}

static void add_goto(builder *b, int32_t off)
{
  add_op(b, X_goto);
  add_link(b, off);
}

/* Decodes from page offset off; bytes is the page's host memory, last4 the instruction across the
 * page's end if the block is that one. Returns the offset after the last byte decoded. */
static uint32_t decode_ops(builder *b, const uint8_t *bytes, uint32_t off, const uint32_t *last4)
{
  unsigned total = 0;
  open_segment(b, off);
  if (may_break(b->code, off)) {
    add_op(b, X_break);
    open_segment(b, off);
  }
  for (;;) {
    if (total && may_break(b->code, off))
      break;
    uint32_t raw = 0;
    if (last4)
      raw = *last4;
    else
      memcpy(&raw, bytes + off, off <= 4092 ? 4 : 2);
    rv_insn d;
    const bool known = rv_decode_for(b->code->ext, raw, &d);
    if (!last4 && off + d.len > RV_PAGE_SIZE)
      break; /* across the page's end: a block of its own */
    const unsigned kind = known ? kind_of(&d) : RV_KIND_SYS;
    const unsigned form = known ? form_of(b, &d) : X_undefined;
    rv_op *o = add_part(b, form);
    fill_op(o, &d, kind, off, b->seg->n);
    o->h = handler(b, form);
    if (!known)
      o->imm = d.raw;
    b->seg->len4 |= (uint64_t)(d.len == 4) << b->seg->n;
    b->seg->n++;
    b->code->ops++;
    total++;
    if (has_link(kind))
      add_link(b, (int32_t)off + d.imm);
    off += d.len;
    if (!known || ends_block(&d, kind))
      return off;
    if (kind == RV_KIND_BRANCH) /* not taken: goes on here, in a segment of its own */
      open_segment(b, off);
    if (off >= RV_PAGE_SIZE || total == RV_MAX_INSNS || b->seg->n == RV_MAX_SEG || last4)
      break;
  }
  add_goto(b, off);
  return off;
}

static rv_op *make_stub(builder *b, rv_link *link, uint64_t page)
{
  if (link->off < 0 || link->off >= (int32_t)RV_PAGE_SIZE) {
    rv_cross *x = (rv_cross *)b->at;
    b->at = (rv_op *)(x + 1);
    *x = (rv_cross){ .op = { .h = handler(b, X_cross), .imm = link->off }, .vbase = 1 };
    return &x->op;
  }
  rv_stub *s = (rv_stub *)b->at;
  b->at = (rv_op *)(s + 1);
  *s = (rv_stub){ .op = { .h = handler(b, X_link), .imm = link->off }, .link = link,
                  .pa = page + link->off };
  return &s->op;
}

/* ---- marks on pages ---- */

static void mark(rv_code *c, uint64_t pa, uint64_t n, rv_block *blk, unsigned which)
{
  rv_region *r = rv_phys_find(c->phys, pa, 1);
  rv_page *page = rv_region_page(r, pa);
  const unsigned first = (pa & RV_PAGE_MASK) >> RV_GRANULE_SHIFT;
  const unsigned last = ((pa + n - 1) & RV_PAGE_MASK) >> RV_GRANULE_SHIFT;
  page->code_granules |= (~0ull >> (63 - last)) & (~0ull << first);
  blk->next_on_page[which] = page->blocks;
  page->blocks = blk;
  if (page->has_code)
    return;
  page->has_code = true;
  for (unsigned i = 0; i < c->phys->n_harts; i++)
    rv_tlb_drop_writes(c->phys->harts[i], rv_region_host(r, pa & ~RV_PAGE_MASK));
}

/* ---- building and finding ---- */

static rv_op *build(rv_code *c, const uint8_t *host, uint64_t pa, uint64_t pa2,
                    const uint32_t *last4)
{
  if (c->top + sizeof(rv_block) + 16 + MAX_BLOCK_BYTES > c->arena + c->size || !rv_native_room(c))
    retire_all(c);
  rv_block *blk = (rv_block *)c->top;
  builder b; /* large: not cleared */
  b.code = c;
  b.handlers = c->engine->handlers;
  b.at = (rv_op *)(c->top + (sizeof(rv_block) + 15) / 16 * 16);
  b.n_links = b.n_parts = 0;
  const uint32_t off = pa & RV_PAGE_MASK;
  *blk = (rv_block){ .pa = pa, .pa2 = pa2, .head = b.at + 1 };
  const uint32_t end = decode_ops(&b, host - off, off, last4);
  for (unsigned i = 0; i < b.n_links; i++)
    b.links[i]->target = make_stub(&b, b.links[i], pa & ~RV_PAGE_MASK);
  rv_native_block(c, b.parts, b.n_parts);
  c->top = (uint8_t *)b.at;
  assert(c->top <= (uint8_t *)blk + sizeof *blk + 16 + MAX_BLOCK_BYTES);
  c->blocks++;
  blk->next = c->hash[bucket(pa)];
  c->hash[bucket(pa)] = blk;
  mark(c, pa, pa2 ? 2 : end > off ? end - off : 1, blk, 0);
  if (pa2)
    mark(c, pa2, 2, blk, 1);
  return blk->head;
}

static rv_op *find(rv_code *c, uint64_t pa, uint64_t pa2)
{
  for (rv_block *b = c->hash[bucket(pa)]; b; b = b->next)
    if (b->pa == pa && b->pa2 == pa2)
      return b->head;
  return NULL;
}

rv_op *rv_block_link(rv_code *c, rv_stub *stub)
{
  const uint64_t pa = stub->pa;
  const uint8_t *host = rv_region_host(rv_phys_find(c->phys, pa, 2), pa);
  if ((pa & RV_PAGE_MASK) == RV_PAGE_SIZE - 2 && (*host & 3) == 3)
    return NULL;
  const uint64_t retired = c->retired;
  rv_op *head = find(c, pa, 0);
  if (!head)
    head = build(c, host, pa, 0, NULL);
  if (c->retired == retired) { /* else the stub itself is gone */
    stub->link->target = head;
    rv_native_link(c, stub->link);
  }
  return head;
}

rv_block_result rv_block_get(rv_hart *h, uint64_t pc, rv_op **head, unsigned *fence_shift)
{
  rv_place place, second;
  uint16_t half;
  uint32_t last4 = 0;
  uint64_t pa2 = 0;
  if (!rv_fetch_place(h, pc, 2, &place))
    return RV_BLOCK_FAULT;
  if (!place.cacheable)
    return RV_BLOCK_STEP;
  *fence_shift = place.fence_shift;
  memcpy(&half, place.host, 2);
  if ((pc & RV_PAGE_MASK) == RV_PAGE_SIZE - 2 && (half & 3) == 3) {
    if (!rv_fetch_place(h, pc + 2, 2, &second)) /* tval is the boundary [H-135, H-241] */
      return RV_BLOCK_FAULT;
    if (!second.cacheable)
      return RV_BLOCK_STEP;
    if (second.fence_shift > *fence_shift)
      *fence_shift = second.fence_shift;
    uint16_t high;
    memcpy(&high, second.host, 2);
    last4 = half | (uint32_t)high << 16;
    pa2 = second.pa;
  }
  *head = find(h->code, place.pa, pa2);
  if (!*head)
    *head = build(h->code, place.host, place.pa, pa2, pa2 ? &last4 : NULL);
  return RV_BLOCK_OK;
}

void rv_op_single(const rv_insn *d, uint64_t pc, rv_op *op, rv_link *link)
{
  const unsigned kind = kind_of(d);
  fill_op(op, d, kind, pc & RV_PAGE_MASK, 0);
  op->h = (const void *)(uintptr_t)d->op;
  *link = (rv_link){ .off = (int32_t)(pc & RV_PAGE_MASK) + d->imm };
}
