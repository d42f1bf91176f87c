/* pci.h - the PCI Express host of the virt board, and what a PCI function is.
 *
 * Conventional functions (256 bytes of configuration space) on bus 0, function 0 of each slot, as
 * QEMU's board has them. PCI Local Bus Specification 3.0, chapter 6; PCI Express Base 5.0, 7.2.2
 * (ECAM). Registers are little-endian.
 */
#ifndef RV_PCI_H
#define RV_PCI_H
#include "dev/dev.h"

struct rv_virtio;

enum { RV_PCI_CONFIG = 256, RV_PCI_BARS = 6, RV_PCI_SLOTS = 32, RV_PCI_WINDOWS = 3 };

/* Types of a BAR, as its low bits show them. A 64-bit one takes its index and the next. */
enum { RV_BAR_IO = 1, RV_BAR_MEM64 = 4, RV_BAR_PREFETCH = 8 };

typedef struct {
  uint16_t vendor, device, subvendor, subdevice;
  uint16_t class_code;   /* base class and subclass */
  uint8_t revision, pin; /* pin: 1 is INTA, 0 none */
} rv_pci_id;

/* MSI-X: messages instead of the interrupt pin. */
enum { RV_MSIX_MAX = 8 };
typedef struct {
  uint8_t at, bar; /* of the capability, and of the BAR that has the table; n 0: there is none */
  uint8_t n;
  uint32_t entry[RV_MSIX_MAX][4]; /* address, its high half, data, vector control */
  uint32_t pending;               /* bits by vector */
} rv_msix;

typedef struct rv_pci rv_pci;
struct rv_pci {
  uint8_t config[RV_PCI_CONFIG], writable[RV_PCI_CONFIG]; /* writable: a mask of bits */
  uint64_t bar_size[RV_PCI_BARS];                         /* 0: none */
  uint8_t last_capability; /* where its "next" is to be written; 0: no capability yet */
  uint8_t slot;
  bool level; /* what the device wants of its interrupt pin */
  rv_msix msix;
  struct rv_pcie *host;
  /* Offsets are from the BAR; size is 1, 2, 4 or 8. */
  uint64_t (*bar_read)(rv_pci *f, unsigned bar, uint64_t offset, unsigned size);
  void (*bar_write)(rv_pci *f, unsigned bar, uint64_t offset, unsigned size, uint64_t value);
  void (*config_before_read)(rv_pci *f, unsigned at, unsigned size); /* may be NULL */
  void (*config_written)(rv_pci *f, unsigned at, unsigned size);     /* may be NULL */
  void (*reset)(rv_pci *f);                                          /* may be NULL */
  void (*state)(rv_pci *f, rv_state *s); /* beside config and level, as rv_dev's; may be NULL */
  void (*free)(rv_pci *f);
};

void rv_pci_init(rv_pci *f, const rv_pci_id *id);
void rv_pci_add_bar(rv_pci *f, unsigned index, unsigned type, uint64_t size); /* a power of two */
/* A capability whose first two bytes (ID, next) are filled in here. */
void rv_pci_add_capability(rv_pci *f, uint8_t at, uint8_t id, const void *bytes, unsigned n);
void rv_pci_interrupt(rv_pci *f, bool level);
/* DMA of the function: only while the guest lets it be bus master. */
bool rv_pci_dma(rv_pci *f, uint64_t pa, void *buf, size_t n, bool write);

/* msix.c: gives a function n vectors, whose table gets a BAR. */
void rv_msix_add(rv_pci *f, uint8_t at, unsigned bar, unsigned n);
/* The guest has chosen messages: the pin is silent. */
bool rv_msix_enabled(const rv_pci *f);
/* Sends the message of a vector, or has it pending while it is masked. */
void rv_msix_send(rv_pci *f, unsigned vector);
/* Messages that are pending are not wanted any more. */
void rv_msix_forget(rv_pci *f);
/* For the host: the guest's accesses to the BAR, and what it wrote to the capability. */
uint64_t rv_msix_read(const rv_pci *f, uint64_t offset, unsigned size);
void rv_msix_write(rv_pci *f, uint64_t offset, unsigned size, uint64_t value);
void rv_msix_configured(rv_pci *f);
void rv_msix_reset(rv_pci *f);
void rv_msix_state(rv_pci *f, rv_state *s);

/* The host: the ECAM as a device, and its windows, which the board adds as well. They and the
 * functions plugged in are freed with the ECAM. */
rv_dev *rv_pcie_new(const rv_board_ops *board);
rv_dev *rv_pcie_window(rv_dev *pcie, unsigned i);
/* Slot -1: the first free one. False: it is taken, or there is none. */
bool rv_pcie_plug(rv_dev *pcie, rv_pci *f, int slot);

/* virtio_pci.c: legacy: transitional, with the I/O BAR of old drivers. v is freed with it. */
rv_pci *rv_virtio_pci_new(struct rv_virtio *v, bool legacy);
#endif
