/* drive.c - raw host files for disks and flash, by pread and pwrite. Depends on POSIX only. */
#define _GNU_SOURCE /* SEEK_DATA */
#include "dev/drive.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512 };

struct rv_drive {
  int fd;
  bool readonly;
  uint64_t size;
  uint8_t **block; /* of an overlay: what was written; NULL where nothing was */
};

static rv_drive *fail(int fd, char *error, size_t error_size, const char *path, const char *what,
                      const char *way_out)
{
  snprintf(error, error_size, "%s: %s\n%s", path, what, way_out);
  if (fd >= 0)
    close(fd);
  return NULL;
}

static const char *way_out_of(int number, bool readonly)
{
  if (number == ENOENT)
    return "make it first: truncate -s 64M FILE";
  return readonly ? "give a file that can be read" : "make it writable, or add readonly=on";
}

/* The size of a regular file or a block device, or -1. */
static off_t size_of(int fd)
{
  struct stat s;
  if (fstat(fd, &s) || !(S_ISREG(s.st_mode) || S_ISBLK(s.st_mode)))
    return -1;
  return lseek(fd, 0, SEEK_END);
}

/* Blocks that the size begins. */
static uint64_t blocks_of(uint64_t size) { return (size + RV_DRIVE_BLOCK - 1) / RV_DRIVE_BLOCK; }

static rv_drive *make(int fd, rv_drive_mode mode, uint64_t size)
{
  rv_drive *d = calloc(1, sizeof *d);
  if (!d)
    return NULL;
  *d = (rv_drive){ .fd = fd, .readonly = mode == RV_DRIVE_READ, .size = size };
  if (mode == RV_DRIVE_OVERLAY && !(d->block = calloc(blocks_of(size) + 1, sizeof *d->block))) {
    free(d);
    return NULL;
  }
  return d;
}

rv_drive *rv_drive_open(const char *path, rv_drive_mode mode, char *error, size_t error_size)
{
  const bool readonly = mode != RV_DRIVE_WRITE;
  const int fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return fail(fd, error, error_size, path, strerror(errno), way_out_of(errno, readonly));
  const off_t size = size_of(fd);
  if (size < 0)
    return fail(fd, error, error_size, path, "is not a file or block device",
                "give a raw disk image");
  /* Two file systems mounted from one image, one of them writing, destroy it. */
  if (flock(fd, (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB) && errno == EWOULDBLOCK)
    return fail(fd, error, error_size, path, "is in use by another machine, which may write it",
                "end that one, or give both readonly=on");
  rv_drive *d = make(fd, mode, (uint64_t)size);
  return d ? d : fail(fd, error, error_size, path, "not enough memory", "free some");
}

void rv_drive_close(rv_drive *d)
{
  if (!d)
    return;
  for (uint64_t i = 0; i < rv_drive_blocks(d); i++)
    free(d->block[i]);
  free(d->block);
  close(d->fd);
  free(d);
}

uint64_t rv_drive_size(const rv_drive *d) { return d->size; }
bool rv_drive_readonly(const rv_drive *d) { return d->readonly; }

static bool fits(uint64_t offset, size_t n, uint64_t limit)
{
  return offset <= limit && n <= limit - offset;
}

/* What is behind the end of the file, also because it was cut behind our back, is zero. */
static bool read_file(int fd, uint64_t offset, uint8_t *to, size_t n)
{
  while (n) {
    const ssize_t got = pread(fd, to, n, (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return false;
    if (got == 0) {
      memset(to, 0, n);
      return true;
    }
    to += got;
    offset += (uint64_t)got;
    n -= (size_t)got;
  }
  return true;
}

static bool write_file(int fd, uint64_t offset, const uint8_t *from, size_t n)
{
  while (n) {
    const ssize_t put = pwrite(fd, from, n, (off_t)offset);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return false;
    from += put;
    offset += (uint64_t)put;
    n -= (size_t)put;
  }
  return true;
}

/* ---- the overlay ---- */

uint64_t rv_drive_blocks(const rv_drive *d) { return d->block ? blocks_of(d->size) : 0; }
const uint8_t *rv_drive_block(const rv_drive *d, uint64_t i) { return d->block[i]; }

uint8_t *rv_drive_own_block(rv_drive *d, uint64_t i)
{
  if (i >= rv_drive_blocks(d))
    return NULL;
  if (d->block[i])
    return d->block[i];
  uint8_t *bytes = malloc(RV_DRIVE_BLOCK);
  if (bytes && !read_file(d->fd, i * RV_DRIVE_BLOCK, bytes, RV_DRIVE_BLOCK)) {
    free(bytes);
    return NULL;
  }
  return d->block[i] = bytes;
}

/* Bytes from offset on that lie in its block, n at most. */
static size_t in_block(uint64_t offset, size_t n)
{
  const size_t left = RV_DRIVE_BLOCK - offset % RV_DRIVE_BLOCK;
  return n < left ? n : left;
}

static bool read_overlay(const rv_drive *d, uint64_t offset, uint8_t *to, size_t n)
{
  for (size_t part; n; to += part, offset += part, n -= part) {
    const uint8_t *own = rv_drive_block(d, offset / RV_DRIVE_BLOCK);
    part = in_block(offset, n);
    if (own)
      memcpy(to, own + offset % RV_DRIVE_BLOCK, part);
    else if (!read_file(d->fd, offset, to, part))
      return false;
  }
  return true;
}

static bool write_overlay(rv_drive *d, uint64_t offset, const uint8_t *from, size_t n)
{
  for (size_t part; n; from += part, offset += part, n -= part) {
    uint8_t *own = rv_drive_own_block(d, offset / RV_DRIVE_BLOCK);
    part = in_block(offset, n);
    if (!own)
      return false;
    memcpy(own + offset % RV_DRIVE_BLOCK, from, part);
  }
  return true;
}

/* ---- reading and writing ---- */

bool rv_drive_read(const rv_drive *d, uint64_t offset, void *buf, size_t n)
{
  if (!fits(offset, n, (d->size + SECTOR - 1) / SECTOR * SECTOR))
    return false;
  return d->block ? read_overlay(d, offset, buf, n) : read_file(d->fd, offset, buf, n);
}

bool rv_drive_write(rv_drive *d, uint64_t offset, const void *buf, size_t n)
{
  if (d->readonly || !fits(offset, n, d->size))
    return false;
  return d->block ? write_overlay(d, offset, buf, n) : write_file(d->fd, offset, buf, n);
}

bool rv_drive_flush(rv_drive *d) { return d->readonly || d->block || fdatasync(d->fd) == 0; }

/* ---- the checksum ---- */

/* One page at a time; pages of zeroes are as if they were not there. */
static uint64_t add_page(uint64_t sum, const uint64_t *page, unsigned words, uint64_t number)
{
  const uint64_t odd = 0x9e3779b97f4a7c15u;
  uint64_t any = 0, h = number * odd + 1;
  for (unsigned i = 0; i < words; i++) {
    any |= page[i];
    h = (h ^ page[i]) * odd;
    h ^= h >> 29;
  }
  return any ? (sum ^ h) * odd + (sum >> 31) : sum;
}

/* The next place from at on where the file may have something; size: none. */
static uint64_t next_data(int fd, uint64_t at, uint64_t size, unsigned page)
{
  const off_t found = lseek(fd, (off_t)at, SEEK_DATA);
  if (found < 0)
    return errno == ENXIO ? size : at; /* it knows of no holes: all of it is read */
  return (uint64_t)found / page * page;
}

static bool sum_file(int fd, uint64_t size, uint64_t *sum)
{
  enum { PAGE = 4096 };
  uint64_t page[PAGE / 8];
  *sum = size;
  for (uint64_t at = 0; at < size; at += PAGE) {
    const uint64_t data = at % RV_DRIVE_BLOCK ? at : next_data(fd, at, size, PAGE);
    at = data > at ? data : at;
    if (at >= size)
      break;
    if (!read_file(fd, at, (uint8_t *)page, PAGE))
      return false;
    *sum = add_page(*sum, page, PAGE / 8, at / PAGE);
  }
  return true;
}

bool rv_drive_sum(const char *path, uint64_t *sum)
{
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const off_t size = fd < 0 ? -1 : size_of(fd);
  const bool ok = size >= 0 && sum_file(fd, (uint64_t)size, sum);
  if (fd >= 0)
    close(fd);
  return ok;
}
