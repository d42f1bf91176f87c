/* aplic.c - the advanced platform-level interrupt controller: a root domain at machine level and
 * its child at supervisor level, with the size of QEMU's virt.
 *
 * AIA 1.0, chapter 4 "Advanced Platform-Level Interrupt Controller", cited as [APLIC section]. The
 * board says how both domains deliver: directly, as a PLIC does, or by MSIs, which are writes to
 * memory. Hart index numbers are hart IDs. Depends on the board for both, and on cpu/hart.h for
 * the interrupt numbers only.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include "cpu/hart.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BASE_M = 0xC000000, BASE_S = 0xD000000, SIZE = 0x8000 };
enum { N_SOURCES = RV_APLIC_SOURCES + 1, WORDS = (N_SOURCES + 31) / 32 }; /* 0 is no source */

/* The control region [APLIC 4.5]. */
enum {
  DOMAINCFG = 0x0000,
  SOURCECFG = 0x0004,   /* of source 1 */
  MMSIADDRCFG = 0x1bc0, /* and mmsiaddrcfgh, smsiaddrcfg, smsiaddrcfgh */
  MMSIADDRCFG_END = 0x1bd0,
  SETIP = 0x1c00,
  SETIPNUM = 0x1cdc,
  IN_CLRIP = 0x1d00,
  CLRIPNUM = 0x1ddc,
  SETIE = 0x1e00,
  SETIENUM = 0x1edc,
  CLRIE = 0x1f00,
  CLRIENUM = 0x1fdc,
  SETIPNUM_LE = 0x2000,
  SETIPNUM_BE = 0x2004,
  GENMSI = 0x3000,
  TARGET = 0x3004, /* of source 1 */
  IDC = 0x4000,
  IDC_SIZE = 32,
};

/* In an IDC structure. */
enum { IDELIVERY = 0x00, IFORCE = 0x04, ITHRESHOLD = 0x08, TOPI = 0x18, CLAIMI = 0x1c };

/* Fields of domaincfg, target and genmsi. */
#define DOMAINCFG_ONES 0x80000000u
enum { DOMAINCFG_IE = 1 << 8, DOMAINCFG_DM = 1 << 2 };
#define TARGET_HART 0xfffc0000u
enum { HART_SHIFT = 18, GUEST_SHIFT = 12, GUEST_MASK = 0x3f, EIID_MASK = 0x7ff };
enum { IPRIO_MASK = 7 }; /* IPRIOLEN is 3 */

/* sourcecfg: bit D, and source modes [APLIC 4.5.2]. */
enum { DELEGATED = 1 << 10, MODE_MASK = 7 };
enum { INACTIVE, DETACHED, EDGE1 = 4, EDGE0, LEVEL1, LEVEL0 };
enum { INVERTED = 1 }; /* bit of EDGE0 and LEVEL0 */

/* Where MSIs go [APLIC 4.5.3, 4.5.4]. */
enum { MMSI, MMSIH, SMSI, SMSIH, MSI_REGS };
#define MSI_LOCKED 0x80000000u
static const uint32_t msi_writable[MSI_REGS] = { 0xffffffff, 0x9f77ffff, 0xffffffff, 0x00700fff };

typedef struct {
  bool delivery, force;
  uint8_t threshold;
  bool line; /* what MEIP or SEIP is driven to */
} idc;

struct rv_aplic;
typedef struct {
  rv_dev dev;
  struct rv_aplic *aplic;
  bool root, enabled; /* enabled: domaincfg.IE */
  uint16_t sourcecfg[N_SOURCES];
  uint32_t target[N_SOURCES];
  uint32_t pending[WORDS], enable[WORDS];
  uint32_t genmsi;
  idc idc[RV_MAX_HARTS];
} domain;

typedef struct rv_aplic {
  domain root, child;
  uint32_t level[WORDS]; /* the wires */
  uint32_t msi[MSI_REGS];
} rv_aplic;

static bool is_set(const uint32_t *words, unsigned id) { return words[id / 32] >> (id % 32) & 1; }
static void set_bit(uint32_t *words, unsigned id, bool on)
{
  words[id / 32] = (words[id / 32] & ~(1u << (id % 32))) | (uint32_t)on << (id % 32);
}

static bool by_msi(const domain *d) { return d->dev.board->aia == RV_AIA_IMSIC; }
static unsigned n_harts(const domain *d) { return d->dev.board->n_harts; }

/* ---- sources ---- */

static unsigned mode_of(const domain *d, unsigned i)
{
  return d->sourcecfg[i] & DELEGATED ? INACTIVE : d->sourcecfg[i];
}

static bool is_active(const domain *d, unsigned i)
{
  return i < N_SOURCES && mode_of(d, i) != INACTIVE;
}

static bool is_level(const domain *d, unsigned i) { return mode_of(d, i) >= LEVEL1; }

/* The rectified input value: 0 of what is inactive or detached [APLIC 4.5.2]. */
static bool rectified(const domain *d, unsigned i)
{
  const unsigned mode = mode_of(d, i);
  return mode >= EDGE1 && is_set(d->aplic->level, i) != (mode & INVERTED);
}

/* A wire changed. What is level-sensitive is not pending while its input is low [APLIC 4.7]. */
static void input_changed(domain *d, unsigned i)
{
  if (rectified(d, i))
    set_bit(d->pending, i, true);
  else if (is_level(d, i))
    set_bit(d->pending, i, false);
}

/* Writes of setip and setipnum [APLIC 4.7]: not for level-sensitive sources in direct mode, where
 * the bit is the input, and in MSI mode only while the input is high. */
static void set_pending(domain *d, unsigned i)
{
  if (is_active(d, i) && (!is_level(d, i) || (by_msi(d) && rectified(d, i))))
    set_bit(d->pending, i, true);
}

/* Writes of in_clrip and clripnum, and claims [APLIC 4.7]. */
static void clear_pending(domain *d, unsigned i)
{
  if (is_active(d, i) && !(is_level(d, i) && !by_msi(d)))
    set_bit(d->pending, i, false);
}

static void set_enable(domain *d, unsigned i)
{
  if (is_active(d, i))
    set_bit(d->enable, i, true);
}

static void clear_enable(domain *d, unsigned i)
{
  if (is_active(d, i))
    set_bit(d->enable, i, false);
}

/* Everything of an inactive source is zero [APLIC 4.5.2]. */
static void deactivate(domain *d, unsigned i, uint16_t cfg)
{
  d->sourcecfg[i] = cfg;
  d->target[i] = 0;
  set_bit(d->pending, i, false);
  set_bit(d->enable, i, false);
}

/* A new target is unspecified: here hart 0, of highest priority in direct mode. A level that is
 * high makes the source pending under its new mode, in both delivery modes [APLIC 4.5.2, 4.7]. */
static void activate(domain *d, unsigned i, uint16_t mode)
{
  if (!is_active(d, i))
    d->target[i] = by_msi(d) ? 0 : 1;
  d->sourcecfg[i] = mode;
  if (is_level(d, i))
    set_bit(d->pending, i, rectified(d, i));
}

/* The one child has index 0. The child is a leaf: D set makes its whole register zero; and a source
 * that is not delegated to it seems not to be there [APLIC 4.5.2]. */
static void write_sourcecfg(domain *d, unsigned i, uint32_t value)
{
  const uint16_t mode = value & MODE_MASK;
  domain *child = &d->aplic->child;
  if (!d->root && !(d->aplic->root.sourcecfg[i] & DELEGATED))
    return;
  if (value & DELEGATED)
    deactivate(d, i, d->root ? DELEGATED : INACTIVE);
  else if (mode == DETACHED || mode >= EDGE1)
    activate(d, i, mode);
  else
    deactivate(d, i, INACTIVE);
  if (d->root && !(value & DELEGATED))
    deactivate(child, i, INACTIVE);
}

/* Only the fields of the delivery mode are there; priority 0 becomes 1 [APLIC 4.5.16]. */
static void write_target(domain *d, unsigned i, uint32_t value)
{
  const uint32_t guest = d->root ? 0 : GUEST_MASK << GUEST_SHIFT;
  const uint32_t priority = value & IPRIO_MASK ? value & IPRIO_MASK : 1;
  if (is_active(d, i))
    d->target[i] =
        by_msi(d) ? value & (TARGET_HART | guest | EIID_MASK) : (value & TARGET_HART) | priority;
}

/* ---- delivery by MSI [APLIC 4.9] ---- */

/* The root domain's registers say where both levels' interrupt files are [APLIC 4.9.1]. */
static uint64_t msi_address(const domain *d, uint32_t hart, uint32_t guest)
{
  const uint32_t *r = d->aplic->msi;
  const uint32_t low = r[d->root ? MMSI : SMSI], high = r[d->root ? MMSIH : SMSIH];
  const unsigned hhxs = r[MMSIH] >> 24 & 0x1f, hhxw = r[MMSIH] >> 16 & 7;
  const unsigned lhxs = high >> 20 & 7, lhxw = r[MMSIH] >> 12 & 0xf;
  const uint64_t group = (hart >> lhxw) & ((1u << hhxw) - 1), h = hart & ((1u << lhxw) - 1);
  const uint64_t base = (uint64_t)(high & 0xfff) << 32 | low;
  return (base | group << (hhxs + 12) | h << lhxs | guest) << 12;
}

/* Little-endian in any case. Where nothing is, the message is lost. */
static void send_msi(const domain *d, uint32_t target)
{
  const rv_board_ops *board = d->dev.board;
  const uint32_t id = target & EIID_MASK;
  uint8_t data[4] = { (uint8_t)id, (uint8_t)(id >> 8) };
  const uint64_t pa = msi_address(d, target >> HART_SHIFT, target >> GUEST_SHIFT & GUEST_MASK);
  (void)board->memory(board->ctx, pa, data, sizeof data, true);
}

/* What was forwarded is not pending any more. */
static void forward(domain *d)
{
  for (unsigned word = 0; d->enabled && word < WORDS; word++) {
    const uint32_t ready = d->pending[word] & d->enable[word];
    d->pending[word] &= ~ready;
    for (uint32_t left = ready; left; left &= left - 1)
      send_msi(d, d->target[word * 32 + __builtin_ctz(left)]);
  }
}

/* It is sent at once, whatever IE: Busy is never seen. Read-only zero in direct mode
 * [APLIC 4.5.15]. */
static void write_genmsi(domain *d, uint32_t value)
{
  if (!by_msi(d))
    return;
  d->genmsi = value & (TARGET_HART | EIID_MASK);
  send_msi(d, d->genmsi);
}

/* ---- direct delivery [APLIC 4.8] ---- */

/* Smaller numbers are higher priorities; of equal ones the lowest source wins. With a threshold
 * only those below it count. IE and idelivery do not matter here [APLIC 4.8.1.4]. */
static uint32_t topi(const domain *d, unsigned hart)
{
  const idc *c = &d->idc[hart];
  unsigned best = 0, limit = c->threshold ? c->threshold : IPRIO_MASK + 1;
  for (unsigned word = 0; word < WORDS; word++) {
    for (uint32_t left = d->pending[word] & d->enable[word]; left; left &= left - 1) {
      const unsigned i = word * 32 + __builtin_ctz(left);
      if (d->target[i] >> HART_SHIFT == hart && (d->target[i] & IPRIO_MASK) < limit) {
        best = i;
        limit = d->target[i] & IPRIO_MASK;
      }
    }
  }
  return best ? best << 16 | limit : 0;
}

static void drive_lines(domain *d)
{
  const rv_board_ops *board = d->dev.board;
  for (unsigned hart = 0; hart < n_harts(d); hart++) {
    idc *c = &d->idc[hart];
    const bool line = d->enabled && c->delivery && (c->force || topi(d, hart));
    if (line != c->line)
      board->set_ip(board->ctx, hart, d->root ? IRQ_MEI : IRQ_SEI, line);
    c->line = line;
  }
}

static void deliver(domain *d)
{
  if (by_msi(d))
    forward(d);
  else
    drive_lines(d);
}

/* A claim of nothing, a spurious interrupt, ends iforce [APLIC 4.8.1.2]. */
static uint32_t claim(domain *d, unsigned hart)
{
  const uint32_t top = topi(d, hart);
  if (top)
    clear_pending(d, top >> 16);
  else
    d->idc[hart].force = false;
  drive_lines(d);
  return top;
}

/* A domain that only sends MSIs has no IDC structures [APLIC 4.5]; those of harts that are not
 * there are zeros. */
static idc *idc_at(domain *d, uint64_t offset, unsigned *hart)
{
  *hart = (offset - IDC) / IDC_SIZE;
  return !by_msi(d) && *hart < n_harts(d) ? &d->idc[*hart] : NULL;
}

static uint32_t read_idc(domain *d, uint64_t offset)
{
  unsigned hart;
  const idc *c = idc_at(d, offset, &hart);
  if (!c)
    return 0;
  switch (offset % IDC_SIZE) {
  case IDELIVERY:
    return c->delivery;
  case IFORCE:
    return c->force;
  case ITHRESHOLD:
    return c->threshold;
  case TOPI:
    return topi(d, hart);
  case CLAIMI:
    return claim(d, hart);
  }
  return 0;
}

static void write_idc(domain *d, uint64_t offset, uint32_t value)
{
  unsigned hart;
  idc *c = idc_at(d, offset, &hart);
  if (!c)
    return;
  switch (offset % IDC_SIZE) {
  case IDELIVERY:
    c->delivery = value & 1;
    break;
  case IFORCE:
    c->force = value & 1;
    break;
  case ITHRESHOLD:
    c->threshold = value & IPRIO_MASK;
    break;
  }
}

/* ---- the control region ---- */

void rv_aplic_set(rv_dev *root, unsigned source, bool level)
{
  rv_aplic *a = (rv_aplic *)root;
  domain *const both[] = { &a->root, &a->child };
  if (source == 0 || source >= N_SOURCES || is_set(a->level, source) == level)
    return;
  set_bit(a->level, source, level);
  for (unsigned i = 0; i < 2; i++) {
    input_changed(both[i], source);
    deliver(both[i]);
  }
}

/* Only the root has the registers, and only if there is MSI delivery; L locks all four
 * [APLIC 4.5.3]. */
static void write_msi(domain *d, unsigned reg, uint32_t value)
{
  uint32_t *msi = d->aplic->msi;
  if (d->root && by_msi(d) && !(msi[MMSIH] & MSI_LOCKED))
    msi[reg] = value & msi_writable[reg];
}

/* BE is read-only zero, DM what the board has [APLIC 4.5.1]. */
static uint32_t read_domaincfg(const domain *d)
{
  return DOMAINCFG_ONES | (d->enabled ? DOMAINCFG_IE : 0) | (by_msi(d) ? DOMAINCFG_DM : 0);
}

static uint32_t read_inputs(const domain *d, unsigned word)
{
  uint32_t value = 0;
  for (unsigned i = word * 32; i < word * 32 + 32 && i < N_SOURCES; i++)
    value |= (uint32_t)rectified(d, i) << i % 32;
  return value;
}

/* The arrays of bits; reading clrie gives zero, as all the registers by number [APLIC 4.5.5 ff]. */
static uint32_t read_bits(const domain *d, uint64_t offset)
{
  const unsigned word = offset % 0x100 / 4;
  if (word >= WORDS)
    return 0;
  switch (offset & ~0xffull) {
  case SETIP:
    return d->pending[word];
  case IN_CLRIP:
    return read_inputs(d, word);
  case SETIE:
    return d->enable[word];
  }
  return 0;
}

static uint32_t read_register(domain *d, uint64_t offset)
{
  if (offset >= IDC)
    return read_idc(d, offset);
  if (offset >= TARGET)
    return offset < TARGET + 4 * RV_APLIC_SOURCES ? d->target[(offset - TARGET) / 4 + 1] : 0;
  if (offset == GENMSI)
    return d->genmsi;
  if (offset >= SETIP)
    return read_bits(d, offset);
  if (offset >= MMSIADDRCFG && offset < MMSIADDRCFG_END)
    return d->root ? d->aplic->msi[(offset - MMSIADDRCFG) / 4] : 0;
  if (offset == DOMAINCFG)
    return read_domaincfg(d);
  return offset < SOURCECFG + 4 * RV_APLIC_SOURCES ? d->sourcecfg[(offset - SOURCECFG) / 4 + 1] : 0;
}

static bool aplic_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  if (size != 4 || offset % 4)
    return false;
  *value = read_register((domain *)dev, offset);
  return true;
}

typedef void change(domain *d, unsigned i);

/* What setip, in_clrip, setie and clrie, 0x100 apart, do to each source that is named. */
static change *change_of(uint64_t offset)
{
  static change *const changes[] = { set_pending, clear_pending, set_enable, clear_enable };
  return changes[(offset - SETIP) / 0x100];
}

static void write_bits(domain *d, uint64_t offset, uint32_t value)
{
  const unsigned word = offset % 0x100 / 4;
  if (offset % 0x100 == SETIPNUM % 0x100)
    change_of(offset)(d, value);
  else if (word < WORDS)
    for (uint32_t left = value; left; left &= left - 1)
      change_of(offset)(d, word * 32 + __builtin_ctz(left));
}

static void write_register(domain *d, uint64_t offset, uint32_t value)
{
  if (offset >= IDC)
    write_idc(d, offset, value);
  else if (offset >= TARGET && offset < TARGET + 4 * RV_APLIC_SOURCES)
    write_target(d, (offset - TARGET) / 4 + 1, value);
  else if (offset == GENMSI)
    write_genmsi(d, value);
  else if (offset == SETIPNUM_LE)
    set_pending(d, value);
  else if (offset == SETIPNUM_BE)
    set_pending(d, __builtin_bswap32(value));
  else if (offset >= SETIP && offset < SETIPNUM_LE)
    write_bits(d, offset, value);
  else if (offset >= MMSIADDRCFG && offset < MMSIADDRCFG_END)
    write_msi(d, (offset - MMSIADDRCFG) / 4, value);
  else if (offset == DOMAINCFG)
    d->enabled = value & DOMAINCFG_IE;
  else if (offset < SOURCECFG + 4 * RV_APLIC_SOURCES)
    write_sourcecfg(d, (offset - SOURCECFG) / 4 + 1, value);
}

/* Simple aligned 32-bit accesses only; what is reserved is read-only zero [APLIC 4.5]. The child
 * has to look again, too: its sources may have come or gone. */
static bool aplic_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  domain *d = (domain *)dev;
  if (size != 4 || offset % 4)
    return false;
  write_register(d, offset, (uint32_t)value);
  deliver(d);
  if (d->root)
    deliver(&d->aplic->child);
  return true;
}

/* ---- reset, state, tree ---- */

/* The wires count as low, as at the PLIC: who still wants an interrupt raises its wire again. With
 * IMSICs MEIP and SEIP are theirs. */
static void reset_domain(rv_dev *dev)
{
  domain *d = (domain *)dev;
  d->enabled = false;
  d->genmsi = 0;
  memset(d->sourcecfg, 0, sizeof d->sourcecfg);
  memset(d->target, 0, sizeof d->target);
  memset(d->pending, 0, sizeof d->pending);
  memset(d->enable, 0, sizeof d->enable);
  memset(d->idc, 0, sizeof d->idc);
  for (unsigned hart = 0; hart < n_harts(d) && !by_msi(d); hart++)
    dev->board->set_ip(dev->board->ctx, hart, d->root ? IRQ_MEI : IRQ_SEI, false);
}

static void reset_root(rv_dev *dev)
{
  rv_aplic *a = (rv_aplic *)dev;
  reset_domain(dev);
  memset(a->level, 0, sizeof a->level);
  memset(a->msi, 0, sizeof a->msi);
}

static bool is_legal(const domain *d, unsigned i)
{
  const unsigned cfg = d->sourcecfg[i];
  return cfg == INACTIVE || cfg == DETACHED || (cfg >= EDGE1 && cfg <= LEVEL0) ||
         (d->root && cfg == DELEGATED);
}

static void domain_state(rv_dev *dev, rv_state *s)
{
  domain *d = (domain *)dev;
  rv_state_field(s, &d->enabled);
  rv_state_field(s, &d->genmsi);
  for (unsigned i = 1; i < N_SOURCES; i++) {
    rv_state_field(s, &d->sourcecfg[i]);
    rv_state_field(s, &d->target[i]);
    rv_state_check(s, is_legal(d, i));
  }
  for (unsigned i = 0; i < WORDS; i++) {
    rv_state_field(s, &d->pending[i]);
    rv_state_field(s, &d->enable[i]);
  }
  rv_state_check(s, !(d->pending[WORDS - 1] >> N_SOURCES % 32));
  for (unsigned hart = 0; hart < n_harts(d); hart++) {
    rv_state_field(s, &d->idc[hart].delivery);
    rv_state_field(s, &d->idc[hart].force);
    rv_state_field(s, &d->idc[hart].threshold);
    rv_state_field(s, &d->idc[hart].line);
  }
}

static void root_state(rv_dev *dev, rv_state *s)
{
  rv_aplic *a = (rv_aplic *)dev;
  domain_state(dev, s);
  for (unsigned i = 0; i < WORDS; i++)
    rv_state_field(s, &a->level[i]);
  for (unsigned i = 0; i < MSI_REGS; i++)
    rv_state_field(s, &a->msi[i]);
}

/* Linux's riscv,aplic.yaml; riscv,delegate is what the property was called before. */
static void add_children(rv_node *node)
{
  const uint32_t delegation[] = { RV_PHANDLE_APLIC_S, 1, RV_APLIC_SOURCES };
  rv_node_u32(node, "riscv,children", RV_PHANDLE_APLIC_S);
  rv_node_cells(node, "riscv,delegation", delegation, 3);
  rv_node_cells(node, "riscv,delegate", delegation, 3);
}

static int aplic_fdt(rv_dev *dev, void *fdt, int soc)
{
  const domain *d = (domain *)dev;
  rv_node node = rv_node_device(fdt, soc, "interrupt-controller", dev);
  rv_node_list(&node, "compatible", "qemu,aplic\0riscv,aplic");
  rv_node_u32(&node, "#address-cells", 0);
  rv_node_u32(&node, "#interrupt-cells", 2);
  rv_node_flag(&node, "interrupt-controller");
  if (by_msi(d))
    rv_node_u32(&node, "msi-parent", d->root ? RV_PHANDLE_IMSIC_M : RV_PHANDLE_IMSIC_S);
  else
    rv_node_hart_irq(&node, n_harts(d), d->root ? IRQ_MEI : IRQ_SEI);
  rv_node_u32(&node, "riscv,num-sources", RV_APLIC_SOURCES);
  if (d->root)
    add_children(&node);
  if (d->root && dev->board->firmware)
    rv_node_string(&node, "status", "disabled");
  rv_node_u32(&node, "phandle", d->root ? RV_PHANDLE_APLIC_M : RV_PHANDLE_APLIC_S);
  return node.err;
}

static void nothing_to_free(rv_dev *dev) {}
static void aplic_free(rv_dev *dev) { free(dev); }

/* ---- making it ---- */

static unsigned bits_for(unsigned n)
{
  unsigned bits = 0;
  while (1u << bits < n)
    bits++;
  return bits;
}

void rv_aplic_hand_over(rv_dev *root)
{
  rv_aplic *a = (rv_aplic *)root;
  for (unsigned i = 1; i < N_SOURCES; i++)
    write_sourcecfg(&a->root, i, DELEGATED);
  write_msi(&a->root, SMSI, RV_IMSIC_BASE_S >> 12);
  write_msi(&a->root, SMSIH, rv_imsic_guest_bits(root->board) << 20);
  write_msi(&a->root, MMSI, RV_IMSIC_BASE_M >> 12);
  write_msi(&a->root, MMSIH, MSI_LOCKED | bits_for(root->board->n_harts) << 12);
}

rv_dev *rv_aplic_child(rv_dev *root) { return &((rv_aplic *)root)->child.dev; }

static void make_domain(rv_aplic *a, domain *d, const rv_board_ops *board)
{
  d->aplic = a;
  d->root = d == &a->root;
  d->dev = (rv_dev){ .name = d->root ? "aplic-m" : "aplic-s",
                     .base = d->root ? BASE_M : BASE_S,
                     .size = SIZE,
                     .board = board,
                     .read = aplic_read,
                     .write = aplic_write,
                     .reset = d->root ? reset_root : reset_domain,
                     .state = d->root ? root_state : domain_state,
                     .state_version = 1,
                     .fdt = aplic_fdt,
                     .free = d->root ? aplic_free : nothing_to_free };
}

rv_dev *rv_aplic_new(const rv_board_ops *board)
{
  assert(board->n_harts >= 1 && board->n_harts <= RV_MAX_HARTS);
  rv_aplic *a = calloc(1, sizeof *a);
  if (!a)
    return NULL;
  make_domain(a, &a->root, board);
  make_domain(a, &a->child, board);
  return &a->root.dev;
}
