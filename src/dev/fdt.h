/* fdt.h - the device tree given to firmware and kernels, and the helpers devices build nodes with.
 *
 * Depends on libfdt. Bindings: the Devicetree Specification v0.4 (chapters 2 and 3) and Linux's
 * riscv/cpus.yaml. The shape of the tree is that of QEMU's virt machine.
 */
#ifndef RV_FDT_H
#define RV_FDT_H
#include "dev/dev.h"

/* One node under construction. The first error sticks and makes the calls after it do nothing.
 * Set a node's properties before adding nodes beside or above it: libfdt moves what follows. */
typedef struct {
  void *fdt;
  int at;  /* offset of the node in fdt */
  int err; /* 0 or -FDT_ERR_* */
} rv_node;

rv_node rv_node_root(void *fdt);
rv_node rv_node_child(const rv_node *parent, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* NAME@BASE under /soc (offset soc), with reg. */
rv_node rv_node_device(void *fdt, int soc, const char *name, const rv_dev *dev);
void rv_node_flag(rv_node *node, const char *name);
void rv_node_u32(rv_node *node, const char *name, uint32_t value);
void rv_node_u64(rv_node *node, const char *name, uint64_t value);
void rv_node_string(rv_node *node, const char *name, const char *value);
void rv_node_bytes(rv_node *node, const char *name, const void *bytes, size_t n);
void rv_node_cells(rv_node *node, const char *name, const uint32_t *cells, size_t n);
/* reg = <base size>, two cells each. */
void rv_node_reg(rv_node *node, uint64_t base, uint64_t size);
/* interrupts = <source>, on the PLIC, or <source, high level> on the APLIC. */
void rv_node_source(rv_node *node, const rv_dev *dev, unsigned source);
enum { RV_LEVEL_HIGH = 4 }; /* the second cell */
/* interrupts-extended = <&intc0 first &intc0 second &intc1 first ...>, for all harts. */
void rv_node_hart_irqs(rv_node *node, unsigned n_harts, uint32_t first, uint32_t second);
/* The same with one of each hart. */
void rv_node_hart_irq(rv_node *node, unsigned n_harts, uint32_t irq);
/* A stringlist from a literal with embedded NULs: "sifive,clint0\0riscv,clint0". */
#define rv_node_list(node, name, literal) rv_node_bytes(node, name, literal, sizeof(literal))

typedef struct {
  uint64_t base, size;
} rv_fdt_range;

/* What the tree says beside the devices. Pointers may be NULL where something is "none". */
typedef struct {
  unsigned n_harts; /* 1..RV_MAX_HARTS */
  uint64_t ram_base, ram_size;
  const char *isa;                   /* "rv64imafdch_zicsr_..." */
  const char *const *isa_extensions; /* the same one by one, ended by NULL */
  const char *mmu_type;              /* "riscv,sv57"; NULL: none */
  const char *bootargs;              /* NULL: none */
  uint64_t initrd_start, initrd_end; /* end is exclusive; both 0: none */
  const char *stdout_path;           /* "/soc/serial@10000000"; NULL: none */
  uint64_t rng_seed;                 /* /chosen/rng-seed is derived from it, the same every run */
  const rv_fdt_range *reserved;      /* firmware in RAM: /reserved-memory, no-map */
  size_t n_reserved;
} rv_fdt_config;

/* The tree as a packed blob of *size bytes, to be freed with free(); every device of devs that
 * has an fdt operation adds its node. NULL on failure, with one line in error (may be NULL). */
void *rv_fdt_build(const rv_fdt_config *cfg, rv_dev *const *devs, size_t n, size_t *size,
                   char *error, size_t error_size);
#endif
