/* pci.h - finding a PCI function and its registers, by nothing but loads and stores (ECAM). */
#ifndef COURSE_PCI_H
#define COURSE_PCI_H

#include <stdint.h>

/* One function: where its configuration space is, and where we have put its 64-bit BARs. */
struct pci {
  volatile uint8_t *config;
  uint64_t bar[6]; /* 0: not placed */
};

#define PCI_ID(vendor, device) ((uint32_t)(device) << 16 | (vendor))

uint32_t pci_read32(const struct pci *f, unsigned at);
uint8_t pci_read8(const struct pci *f, unsigned at);
/* Probe the whole ECAM, print what is there, and return the virtio block device. */
struct pci pci_find_disk(void);
/* Place the 64-bit BARs, then let the function decode memory and do DMA. */
void pci_enable(struct pci *f);

#endif
