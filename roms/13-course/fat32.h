/* fat32.h - reading one file of a FAT32 image that fills the whole disk (no partition table). */
#ifndef COURSE_FAT32_H
#define COURSE_FAT32_H

#include <stdint.h>

struct file {
  uint32_t first_cluster, size;
};

void fat32_mount(void);
/* name: 8 + 3 characters, padded with spaces, as in a directory. In the root; panics if absent. */
struct file fat32_open(const char name[11]);
/* Read all of it, in sectors, to where the room is; prints the clusters it goes through. */
void fat32_load(struct file file, uint8_t *to);

#endif
