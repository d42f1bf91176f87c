/* disk.h - a virtio block device: modern interface over PCI, one queue, polled. */
#ifndef COURSE_DISK_H
#define COURSE_DISK_H

#include "pci.h"

#define SECTOR 512

void disk_init(const struct pci *f);
void disk_read(uint64_t sector, void *buffer); /* one sector; panics if the device refuses */

#endif
