/* fat32.c - FAT32, read only. Microsoft's "FAT: General Overview of On-Disk Format", 1.03.
 *
 * The image: reserved sectors (the first is the boot sector), then the FATs, then the clusters,
 * of which the first has number 2. A FAT is an array: the entry of a cluster names the next one.
 */
#include "hv.h"
#include "disk.h"
#include "fat32.h"

enum { ENTRY_SIZE = 32, ATTRIBUTES = 11, HIGH = 20, LOW = 26, SIZE = 28 };
enum { END = 0, DELETED = 0xe5, VOLUME = 8 /* volume labels and parts of long names */ };
#define LAST 0x0ffffff8U /* and above: no next cluster */
#define FAT_BITS 0x0fffffffU

static struct {
  uint64_t fat, data; /* sectors */
  uint32_t sectors_per_cluster, root, clusters;
} volume;

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static uint32_t get32(const uint8_t *p) { return get16(p) | (uint32_t)get16(p + 2) << 16; }

static bool same(const uint8_t *p, const char *text, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (p[i] != (uint8_t)text[i])
      return false;
  return true;
}

void fat32_mount(void)
{
  static uint8_t boot[SECTOR];
  disk_read(0, boot);
  if (get16(boot + 510) != 0xaa55 || !same(boot + 82, "FAT32   ", 8))
    panic("fat32: no FAT32 boot sector in sector 0");
  if (get16(boot + 11) != SECTOR || !boot[13])
    panic("fat32: sectors of %d bytes", get16(boot + 11));
  const uint32_t fats = boot[16], fat_sectors = get32(boot + 36);
  volume.fat = get16(boot + 14);
  volume.data = volume.fat + (uint64_t)fats * fat_sectors;
  volume.sectors_per_cluster = boot[13];
  volume.root = get32(boot + 44);
  volume.clusters = (uint32_t)((get32(boot + 32) - volume.data) / boot[13]);
  printf("fat32: %d FATs from sector %lu, %d sector(s) a cluster, data from sector %lu, root in "
         "cluster %d\n",
         (int)fats, volume.fat, boot[13], volume.data, (int)volume.root);
}

static uint64_t sector_of(uint32_t cluster)
{
  if (cluster < 2 || cluster - 2 >= volume.clusters)
    panic("fat32: there is no cluster %lu", (uint64_t)cluster);
  return volume.data + (uint64_t)(cluster - 2) * volume.sectors_per_cluster;
}

/* The sector of the FAT that was read last is kept: neighbours are mostly in the same one. */
static uint32_t next_of(uint32_t cluster)
{
  static uint8_t entries[SECTOR];
  static uint64_t cached;
  const uint64_t sector = volume.fat + cluster / (SECTOR / 4);
  if (sector != cached)
    disk_read(sector, entries);
  cached = sector;
  return get32(entries + cluster % (SECTOR / 4) * 4) & FAT_BITS;
}

/* Look for the name in one sector. True: the search is over, found or not. */
static bool scan(const uint8_t *entries, const char name[11], struct file *file)
{
  for (const uint8_t *e = entries; e < entries + SECTOR; e += ENTRY_SIZE) {
    if (e[0] == END)
      return true;
    if (e[0] == DELETED || (e[ATTRIBUTES] & VOLUME) || !same(e, name, 11))
      continue;
    *file = (struct file){ (uint32_t)get16(e + HIGH) << 16 | get16(e + LOW), get32(e + SIZE) };
    return true;
  }
  return false;
}

struct file fat32_open(const char name[11])
{
  static uint8_t entries[SECTOR];
  struct file file = { 0 };
  bool over = false;
  for (uint32_t cluster = volume.root; !over && cluster < LAST; cluster = next_of(cluster))
    for (uint32_t i = 0; !over && i < volume.sectors_per_cluster; i++) {
      disk_read(sector_of(cluster) + i, entries);
      over = scan(entries, name, &file);
    }
  if (!file.first_cluster)
    panic("fat32: no %s in the root directory", name);
  return file;
}

void fat32_load(struct file file, uint8_t *to)
{
  const uint32_t cluster_size = volume.sectors_per_cluster * SECTOR;
  uint32_t cluster = file.first_cluster, run = cluster;
  printf("fat32: clusters");
  for (uint32_t done = 0; done < file.size; done += cluster_size) {
    for (uint32_t i = 0; i < volume.sectors_per_cluster; i++)
      disk_read(sector_of(cluster) + i, to + done + i * SECTOR);
    const uint32_t next = next_of(cluster);
    if (next != cluster + 1) {
      printf(" %d-%d", (int)run, (int)cluster);
      run = next;
    }
    cluster = next;
  }
  printf("\n");
  if (cluster < LAST)
    panic("fat32: the chain goes on after the end of the file");
}
