/* fdt.c - the device tree of the virt board, generated as QEMU's.
 *
 * Depends on libfdt and on the devices only through their fdt operation. Bindings: Devicetree
 * Specification v0.4; cpu nodes: Linux riscv/cpus.yaml and riscv/extensions.yaml.
 */
#include "dev/fdt.h"
#include "cpu/ext.h"
#include "cpu/hart.h"
#include "dev/devices.h"
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  TIMEBASE_HZ = 10000000,
  FIRST_SIZE = 0x8000,  /* bytes tried first; doubled while libfdt wants more */
  LAST_SIZE = 16 << 20, /* ... up to here */
  RNG_SEED_BYTES = 32
};

/* --- nodes ---------------------------------------------------------------------------------- */

rv_node rv_node_root(void *fdt) { return (rv_node){ .fdt = fdt }; }

static rv_node child_named(const rv_node *parent, const char *name)
{
  rv_node node = { .fdt = parent->fdt, .err = parent->err };
  if (node.err)
    return node;
  node.at = fdt_add_subnode(node.fdt, parent->at, name);
  if (node.at < 0)
    node.err = node.at;
  return node;
}

rv_node rv_node_child(const rv_node *parent, const char *format, ...)
{
  char name[64];
  va_list args;
  va_start(args, format);
  vsnprintf(name, sizeof name, format, args);
  va_end(args);
  return child_named(parent, name);
}

rv_node rv_node_device(void *fdt, int soc, const char *name, const rv_dev *dev)
{
  rv_node parent = { .fdt = fdt, .at = soc };
  rv_node node = rv_node_child(&parent, "%s@%llx", name, (unsigned long long)dev->base);
  rv_node_reg(&node, dev->base, dev->size);
  return node;
}

void rv_node_bytes(rv_node *node, const char *name, const void *bytes, size_t n)
{
  if (!node->err)
    node->err = fdt_setprop(node->fdt, node->at, name, bytes, (int)n);
}

void rv_node_flag(rv_node *node, const char *name) { rv_node_bytes(node, name, "", 0); }

void rv_node_string(rv_node *node, const char *name, const char *value)
{
  rv_node_bytes(node, name, value, strlen(value) + 1);
}

void rv_node_u32(rv_node *node, const char *name, uint32_t value)
{
  rv_node_cells(node, name, &value, 1);
}

void rv_node_u64(rv_node *node, const char *name, uint64_t value)
{
  rv_node_cells(node, name, (uint32_t[]){ value >> 32, (uint32_t)value }, 2);
}

void rv_node_cells(rv_node *node, const char *name, const uint32_t *cells, size_t n)
{
  void *place = NULL;
  if (!node->err)
    node->err = fdt_setprop_placeholder(node->fdt, node->at, name, (int)(4 * n), &place);
  for (size_t i = 0; !node->err && i < n; i++)
    fdt32_st((uint8_t *)place + 4 * i, cells[i]);
}

void rv_node_reg(rv_node *node, uint64_t base, uint64_t size)
{
  uint32_t cells[] = { base >> 32, (uint32_t)base, size >> 32, (uint32_t)size };
  rv_node_cells(node, "reg", cells, 4);
}

void rv_node_source(rv_node *node, const rv_dev *dev, unsigned source)
{
  const uint32_t cells[] = { source, RV_LEVEL_HIGH };
  rv_node_cells(node, "interrupts", cells, dev->board->aia ? 2 : 1);
  rv_node_u32(node, "interrupt-parent", RV_PHANDLE_PLIC);
}

void rv_node_hart_irqs(rv_node *node, unsigned n_harts, uint32_t first, uint32_t second)
{
  uint32_t cells[4 * RV_MAX_HARTS];
  for (unsigned i = 0; i < n_harts; i++) {
    uint32_t of_hart[] = { RV_PHANDLE_INTC(i), first, RV_PHANDLE_INTC(i), second };
    memcpy(cells + 4 * i, of_hart, sizeof of_hart);
  }
  rv_node_cells(node, "interrupts-extended", cells, 4 * n_harts);
}

void rv_node_hart_irq(rv_node *node, unsigned n_harts, uint32_t irq)
{
  uint32_t cells[2 * RV_MAX_HARTS];
  for (unsigned i = 0; i < n_harts; i++) {
    cells[2 * i] = RV_PHANDLE_INTC(i);
    cells[2 * i + 1] = irq;
  }
  rv_node_cells(node, "interrupts-extended", cells, 2 * n_harts);
}

/* --- /cpus ---------------------------------------------------------------------------------- */

static bool has_extension(const rv_fdt_config *cfg, const char *name)
{
  for (const char *const *e = cfg->isa_extensions; e && *e; e++)
    if (!strcmp(*e, name))
      return true;
  return false;
}

/* Linux switches Zicbom and Zicboz off again when the block size is not said. */
static void add_block_sizes(const rv_fdt_config *cfg, rv_node *cpu)
{
  if (has_extension(cfg, "zicbom"))
    rv_node_u32(cpu, "riscv,cbom-block-size", RV_CACHE_BLOCK);
  if (has_extension(cfg, "zicboz"))
    rv_node_u32(cpu, "riscv,cboz-block-size", RV_CACHE_BLOCK);
  if (has_extension(cfg, "zicbop"))
    rv_node_u32(cpu, "riscv,cbop-block-size", RV_CACHE_BLOCK);
}

static void add_isa(const rv_fdt_config *cfg, rv_node *cpu)
{
  rv_node_string(cpu, "riscv,isa", cfg->isa);
  rv_node_string(cpu, "riscv,isa-base", "rv64i");
  for (const char *const *e = cfg->isa_extensions; e && *e; e++)
    if (!cpu->err)
      cpu->err = fdt_appendprop_string(cpu->fdt, cpu->at, "riscv,isa-extensions", *e);
  add_block_sizes(cfg, cpu);
}

static int add_cpu(const rv_fdt_config *cfg, const rv_node *cpus, unsigned hart)
{
  rv_node cpu = rv_node_child(cpus, "cpu@%x", hart);
  rv_node_u32(&cpu, "phandle", RV_PHANDLE_CPU(hart));
  rv_node_string(&cpu, "device_type", "cpu");
  rv_node_string(&cpu, "compatible", "riscv");
  rv_node_u32(&cpu, "reg", hart);
  rv_node_string(&cpu, "status", "okay");
  if (cfg->mmu_type)
    rv_node_string(&cpu, "mmu-type", cfg->mmu_type);
  add_isa(cfg, &cpu);
  rv_node intc = rv_node_child(&cpu, "interrupt-controller");
  rv_node_string(&intc, "compatible", "riscv,cpu-intc");
  rv_node_flag(&intc, "interrupt-controller");
  rv_node_u32(&intc, "#interrupt-cells", 1);
  rv_node_u32(&intc, "phandle", RV_PHANDLE_INTC(hart));
  return intc.err;
}

static int add_cpu_map(const rv_fdt_config *cfg, const rv_node *cpus)
{
  rv_node map = rv_node_child(cpus, "cpu-map");
  rv_node cluster = rv_node_child(&map, "cluster0");
  int err = cluster.err;
  for (unsigned i = cfg->n_harts; i-- > 0 && !err;) {
    rv_node core = rv_node_child(&cluster, "core%u", i);
    rv_node_u32(&core, "cpu", RV_PHANDLE_CPU(i));
    err = core.err;
  }
  return err;
}

/* libfdt puts a new node in front of its siblings: adding the last first leaves cpu@0 first. */
static int add_cpus(const rv_fdt_config *cfg, const rv_node *root)
{
  rv_node cpus = rv_node_child(root, "cpus");
  rv_node_u32(&cpus, "#address-cells", 1);
  rv_node_u32(&cpus, "#size-cells", 0);
  rv_node_u32(&cpus, "timebase-frequency", TIMEBASE_HZ);
  int err = cpus.err ? cpus.err : add_cpu_map(cfg, &cpus);
  for (unsigned i = cfg->n_harts; i-- > 0 && !err;)
    err = add_cpu(cfg, &cpus, i);
  return err;
}

/* --- /pmu ----------------------------------------------------------------------------------- */

/* Which counters count which of SBI's events, 1 cycles and 2 instructions, and the value of
 * mhpmevent for it: so that firmware has counters to offer besides cycle and instret.
 * [OpenSBI pmu_support.md] */
static int add_pmu(const rv_fdt_config *cfg, const rv_node *root)
{
  if (!has_extension(cfg, "zihpm"))
    return root->err;
  const uint32_t hpm = (1u << RV_COUNTERS) - (1u << 3);
  const uint32_t counters[] = { 1, 1, hpm | 1u << 0, 2, 2, hpm | 1u << 2 };
  const uint32_t selectors[] = { 1, 0, 1, 2, 0, 2 };
  rv_node pmu = rv_node_child(root, "pmu");
  rv_node_string(&pmu, "compatible", "riscv,pmu");
  rv_node_cells(&pmu, "riscv,event-to-mhpmcounters", counters, 6);
  rv_node_cells(&pmu, "riscv,event-to-mhpmevent", selectors, 6);
  return pmu.err;
}

/* --- memory, chosen, soc --------------------------------------------------------------------- */

static int add_memory(const rv_fdt_config *cfg, const rv_node *root)
{
  rv_node memory = rv_node_child(root, "memory@%llx", (unsigned long long)cfg->ram_base);
  rv_node_string(&memory, "device_type", "memory");
  rv_node_reg(&memory, cfg->ram_base, cfg->ram_size);
  return memory.err;
}

static int add_reserved(const rv_fdt_config *cfg, const rv_node *root)
{
  if (!cfg->n_reserved)
    return root->err;
  rv_node all = rv_node_child(root, "reserved-memory");
  rv_node_u32(&all, "#address-cells", 2);
  rv_node_u32(&all, "#size-cells", 2);
  rv_node_flag(&all, "ranges");
  int err = all.err;
  for (size_t i = cfg->n_reserved; i-- > 0 && !err;) {
    const rv_fdt_range *range = &cfg->reserved[i];
    rv_node node = rv_node_child(&all, "mmode_resv%zu@%llx", i, (unsigned long long)range->base);
    rv_node_reg(&node, range->base, range->size);
    rv_node_flag(&node, "no-map");
    err = node.err;
  }
  return err;
}

/* Random-looking bytes that are the same for the same seed (the splitmix64 sequence), so that a
 * kernel that mixes them into its pool still boots reproducibly. */
static void fill_seed(uint64_t state, uint8_t bytes[RNG_SEED_BYTES])
{
  for (unsigned i = 0; i < RNG_SEED_BYTES; i += 8) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    fdt64_st(bytes + i, z ^ (z >> 31));
  }
}

static int add_chosen(const rv_fdt_config *cfg, const rv_node *root)
{
  rv_node chosen = rv_node_child(root, "chosen");
  uint8_t seed[RNG_SEED_BYTES];
  fill_seed(cfg->rng_seed, seed);
  rv_node_bytes(&chosen, "rng-seed", seed, sizeof seed);
  if (cfg->bootargs)
    rv_node_string(&chosen, "bootargs", cfg->bootargs);
  if (cfg->stdout_path)
    rv_node_string(&chosen, "stdout-path", cfg->stdout_path);
  if (cfg->initrd_end) {
    rv_node_u64(&chosen, "linux,initrd-start", cfg->initrd_start);
    rv_node_u64(&chosen, "linux,initrd-end", cfg->initrd_end);
  }
  return chosen.err;
}

static int add_aliases(const rv_fdt_config *cfg, const rv_node *root)
{
  if (!cfg->stdout_path)
    return root->err;
  rv_node aliases = rv_node_child(root, "aliases");
  rv_node_string(&aliases, "serial0", cfg->stdout_path);
  return aliases.err;
}

static int add_soc(const rv_node *root)
{
  rv_node soc = rv_node_child(root, "soc");
  rv_node_u32(&soc, "#address-cells", 2);
  rv_node_u32(&soc, "#size-cells", 2);
  rv_node_string(&soc, "compatible", "simple-bus");
  rv_node_flag(&soc, "ranges");
  return soc.err;
}

/* A device may add nodes outside /soc as well, which moves /soc: look it up for each. */
static int add_devices(void *fdt, rv_dev *const *devs, size_t n)
{
  for (size_t i = n; i-- > 0;) {
    if (!devs[i]->fdt)
      continue;
    int soc = fdt_path_offset(fdt, "/soc");
    int err = soc < 0 ? soc : devs[i]->fdt(devs[i], fdt, soc);
    if (err)
      return err;
  }
  return 0;
}

static void add_identity(rv_node *root)
{
  rv_node_u32(root, "#address-cells", 2);
  rv_node_u32(root, "#size-cells", 2);
  rv_node_string(root, "compatible", "riscv-virtio");
  rv_node_string(root, "model", "riscv-virtio,qemu");
}

static int fill_tree(const rv_fdt_config *cfg, rv_dev *const *devs, size_t n, void *fdt, int size)
{
  int err = fdt_create_empty_tree(fdt, size);
  rv_node root = rv_node_root(fdt);
  root.err = err;
  add_identity(&root);
  root.err = root.err ? root.err : add_soc(&root);
  root.err = root.err ? root.err : add_devices(fdt, devs, n);
  root.err = root.err ? root.err : add_cpus(cfg, &root);
  root.err = root.err ? root.err : add_pmu(cfg, &root);
  root.err = root.err ? root.err : add_memory(cfg, &root);
  root.err = root.err ? root.err : add_reserved(cfg, &root);
  root.err = root.err ? root.err : add_aliases(cfg, &root);
  root.err = root.err ? root.err : add_chosen(cfg, &root);
  return root.err ? root.err : fdt_pack(fdt);
}

static const char *refuse(const rv_fdt_config *cfg)
{
  if (cfg->n_harts < 1 || cfg->n_harts > RV_MAX_HARTS)
    return "the number of harts is not in 1..31";
  if (!cfg->isa)
    return "no ISA string";
  if (!cfg->ram_size)
    return "no RAM";
  if (cfg->initrd_end < cfg->initrd_start)
    return "the initrd ends before it starts";
  return NULL;
}

static void *fail(char *error, size_t error_size, const char *why)
{
  if (error && error_size)
    snprintf(error, error_size, "device tree: %s", why);
  return NULL;
}

void *rv_fdt_build(const rv_fdt_config *cfg, rv_dev *const *devs, size_t n, size_t *size,
                   char *error, size_t error_size)
{
  const char *why = refuse(cfg);
  if (why)
    return fail(error, error_size, why);
  int err = -FDT_ERR_NOSPACE;
  for (int room = FIRST_SIZE; err == -FDT_ERR_NOSPACE && room <= LAST_SIZE; room *= 2) {
    void *fdt = calloc(1, room);
    if (!fdt)
      return fail(error, error_size, "out of memory");
    err = fill_tree(cfg, devs, n, fdt, room);
    if (!err) {
      *size = fdt_totalsize(fdt);
      return fdt;
    }
    free(fdt);
  }
  return fail(error, error_size, fdt_strerror(err));
}
