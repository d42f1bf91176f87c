/* plic.c - the platform-level interrupt controller, with the size and contexts of QEMU's virt.
 *
 * RISC-V PLIC specification 1.0.0. Context 2*hart is the hart's M-mode (MEIP), 2*hart+1 its
 * S-mode (SEIP). All sources are level-triggered wires. Depends on the board for the interrupt
 * lines, and on cpu/hart.h for the interrupt numbers only.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include "cpu/hart.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
  BASE = 0xC000000,
  SIZE = 0x600000,
  PENDING = 0x1000,
  ENABLE = 0x2000,
  ENABLE_STRIDE = 0x80,
  CONTEXT = 0x200000,
  CONTEXT_STRIDE = 0x1000,
  THRESHOLD = 0, /* in a context */
  CLAIM = 4,
  N_SOURCES = RV_PLIC_NDEV + 1, /* source 0 means "no interrupt" */
  WORDS = N_SOURCES / 32,
  PRIORITY_MASK = 7,
  N_CONTEXTS = 2 * RV_MAX_HARTS
};

typedef struct {
  uint32_t enable[WORDS];
  uint8_t threshold;
  bool line; /* what MEIP or SEIP is driven to */
} context;

typedef struct {
  rv_dev dev;
  uint8_t priority[N_SOURCES];
  uint32_t level[WORDS];   /* the wires */
  uint32_t pending[WORDS]; /* IP: requests the gateways have forwarded */
  uint32_t claimed[WORDS]; /* gateways that wait for a completion */
  context contexts[N_CONTEXTS];
} rv_plic;

static unsigned n_contexts(const rv_plic *p) { return 2 * p->dev.board->n_harts; }
static bool is_set(const uint32_t *words, unsigned id) { return words[id / 32] >> (id % 32) & 1; }
static void set_bit(uint32_t *words, unsigned id) { words[id / 32] |= 1u << (id % 32); }
static void clear_bit(uint32_t *words, unsigned id) { words[id / 32] &= ~(1u << (id % 32)); }

/* The pending and enabled source of the highest priority above floor, or 0. Of equal ones the
 * lowest ID wins; priority 0 never interrupts [PLIC, Interrupt Priorities]. */
static unsigned best_source(const rv_plic *p, const context *c, unsigned floor)
{
  unsigned best = 0;
  for (unsigned word = 0; word < WORDS; word++) {
    for (uint32_t left = p->pending[word] & c->enable[word]; left; left &= left - 1) {
      unsigned id = word * 32 + __builtin_ctz(left);
      if (p->priority[id] > floor) {
        best = id;
        floor = p->priority[id];
      }
    }
  }
  return best;
}

/* Only priorities strictly above the threshold are notified [PLIC, Priority Thresholds]. */
static void drive_lines(rv_plic *p)
{
  const rv_board_ops *board = p->dev.board;
  for (unsigned i = 0; i < n_contexts(p); i++) {
    context *c = &p->contexts[i];
    bool line = best_source(p, c, c->threshold) != 0;
    if (line != c->line)
      board->set_ip(board->ctx, i / 2, i % 2 ? IRQ_SEI : IRQ_MEI, line);
    c->line = line;
  }
}

/* The gateway forwards one request while the wire is high, and no other before the completion
 * [PLIC, Interrupt Gateways]. A wire that falls does not take the request back. */
static void open_gateway(rv_plic *p, unsigned id)
{
  if (is_set(p->level, id) && !is_set(p->claimed, id))
    set_bit(p->pending, id);
}

void rv_plic_set(rv_dev *dev, unsigned source, bool level)
{
  rv_plic *p = (rv_plic *)dev;
  if (source == 0 || source >= N_SOURCES || is_set(p->level, source) == level)
    return;
  if (!level) {
    clear_bit(p->level, source);
    return;
  }
  set_bit(p->level, source);
  open_gateway(p, source);
  drive_lines(p);
}

/* A claim is not affected by the threshold, and clears the pending bit [PLIC, Interrupt Claim
 * Process]. (QEMU's applies the threshold.) */
static uint32_t claim(rv_plic *p, context *c)
{
  unsigned id = best_source(p, c, 0);
  if (id) {
    clear_bit(p->pending, id);
    set_bit(p->claimed, id);
    drive_lines(p);
  }
  return id;
}

/* Any ID may be completed, by any context that has it enabled; a completion of a source that is
 * not enabled for the context is silently ignored [PLIC, Interrupt Completion]. */
static void complete(rv_plic *p, const context *c, uint32_t id)
{
  if (id == 0 || id >= N_SOURCES || !is_set(c->enable, id))
    return;
  clear_bit(p->claimed, id);
  open_gateway(p, id);
  drive_lines(p);
}

/* The enable word at this offset, or NULL: none there (also for harts that do not exist). */
static uint32_t *enable_word(rv_plic *p, uint64_t offset)
{
  unsigned i = (offset - ENABLE) / ENABLE_STRIDE;
  unsigned word = offset % ENABLE_STRIDE / 4;
  return i < n_contexts(p) && word < WORDS ? &p->contexts[i].enable[word] : NULL;
}

static context *context_at(rv_plic *p, uint64_t offset)
{
  unsigned i = (offset - CONTEXT) / CONTEXT_STRIDE;
  return i < n_contexts(p) ? &p->contexts[i] : NULL;
}

static uint32_t read_context(rv_plic *p, uint64_t offset)
{
  context *c = context_at(p, offset);
  switch (offset % CONTEXT_STRIDE) {
  case THRESHOLD:
    return c ? c->threshold : 0;
  case CLAIM:
    return c ? claim(p, c) : 0;
  }
  return 0;
}

/* 32-bit registers only [PLIC, Memory Map]; what is reserved reads as zero. */
static bool plic_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  rv_plic *p = (rv_plic *)dev;
  if (size != 4 || offset % 4)
    return false;
  *value = 0;
  if (offset >= CONTEXT) {
    *value = read_context(p, offset);
  } else if (offset >= ENABLE) {
    const uint32_t *word = enable_word(p, offset);
    *value = word ? *word : 0;
  } else if (offset >= PENDING) {
    unsigned word = (offset - PENDING) / 4;
    *value = word < WORDS ? p->pending[word] : 0;
  } else if (offset / 4 < N_SOURCES) {
    *value = p->priority[offset / 4];
  }
  return true;
}

/* Source 0 has neither a priority nor an enable bit [PLIC, Memory Map]. */
static void write_priority(rv_plic *p, unsigned id, uint64_t value)
{
  if (id != 0 && id < N_SOURCES)
    p->priority[id] = value & PRIORITY_MASK;
}

static void write_enable(rv_plic *p, uint64_t offset, uint64_t value)
{
  uint32_t *word = enable_word(p, offset);
  if (word)
    *word = offset % ENABLE_STRIDE ? value : value & ~1u;
}

static void write_context(rv_plic *p, uint64_t offset, uint64_t value)
{
  context *c = context_at(p, offset);
  if (!c)
    return;
  if (offset % CONTEXT_STRIDE == THRESHOLD)
    c->threshold = value & PRIORITY_MASK;
  else if (offset % CONTEXT_STRIDE == CLAIM)
    complete(p, c, value);
}

static bool plic_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  rv_plic *p = (rv_plic *)dev;
  if (size != 4 || offset % 4)
    return false;
  value &= 0xffffffff;
  if (offset >= CONTEXT)
    write_context(p, offset, value);
  else if (offset >= ENABLE)
    write_enable(p, offset, value);
  else if (offset < PENDING)
    write_priority(p, offset / 4, value);
  /* else: pending bits are read-only [PLIC, Interrupt Pending Bits] */
  drive_lines(p);
  return true;
}

/* The wires count as low, so the order of resets does not matter: a device that still wants an
 * interrupt after its own reset raises its wire again. */
static void plic_reset(rv_dev *dev)
{
  rv_plic *p = (rv_plic *)dev;
  memset(p->priority, 0, sizeof p->priority);
  memset(p->claimed, 0, sizeof p->claimed);
  memset(p->pending, 0, sizeof p->pending);
  memset(p->level, 0, sizeof p->level);
  memset(p->contexts, 0, sizeof p->contexts);
  for (unsigned i = 0; i < n_contexts(p); i++)
    dev->board->set_ip(dev->board->ctx, i / 2, i % 2 ? IRQ_SEI : IRQ_MEI, false);
}

static void plic_state(rv_dev *dev, rv_state *s)
{
  rv_plic *p = (rv_plic *)dev;
  rv_state_bytes(s, p->priority, sizeof p->priority);
  for (unsigned i = 0; i < WORDS; i++) {
    rv_state_field(s, &p->level[i]);
    rv_state_field(s, &p->pending[i]);
    rv_state_field(s, &p->claimed[i]);
  }
  for (unsigned i = 0; i < n_contexts(p); i++) {
    context *c = &p->contexts[i];
    for (unsigned w = 0; w < WORDS; w++)
      rv_state_field(s, &c->enable[w]);
    rv_state_field(s, &c->threshold);
    rv_state_field(s, &c->line);
  }
}

static int plic_fdt(rv_dev *dev, void *fdt, int soc)
{
  rv_node node = rv_node_device(fdt, soc, "plic", dev);
  rv_node_list(&node, "compatible", "sifive,plic-1.0.0\0riscv,plic0");
  rv_node_u32(&node, "riscv,ndev", RV_PLIC_NDEV);
  rv_node_flag(&node, "interrupt-controller");
  rv_node_u32(&node, "#interrupt-cells", 1);
  rv_node_u32(&node, "#address-cells", 0);
  rv_node_hart_irqs(&node, dev->board->n_harts, IRQ_MEI, IRQ_SEI);
  rv_node_u32(&node, "phandle", RV_PHANDLE_PLIC);
  return node.err;
}

static void plic_free(rv_dev *dev) { free(dev); }

rv_dev *rv_plic_new(const rv_board_ops *board)
{
  assert(board->n_harts >= 1 && board->n_harts <= RV_MAX_HARTS);
  rv_plic *p = calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->dev = (rv_dev){ .name = "plic",
                     .base = BASE,
                     .size = SIZE,
                     .board = board,
                     .read = plic_read,
                     .write = plic_write,
                     .reset = plic_reset,
                     .state = plic_state,
                     .state_version = 1,
                     .fdt = plic_fdt,
                     .free = plic_free };
  return &p->dev;
}
