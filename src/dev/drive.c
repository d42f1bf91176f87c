/* drive.c - raw host files for disks and flash, by pread and pwrite. Depends on POSIX only. */
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

rv_drive *rv_drive_open(const char *path, bool readonly, char *error, size_t error_size)
{
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
  rv_drive *d = calloc(1, sizeof *d);
  if (!d)
    return fail(fd, error, error_size, path, "not enough memory", "free some");
  *d = (rv_drive){ .fd = fd, .readonly = readonly, .size = (uint64_t)size };
  return d;
}

void rv_drive_close(rv_drive *d)
{
  if (!d)
    return;
  close(d->fd);
  free(d);
}

uint64_t rv_drive_size(const rv_drive *d) { return d->size; }
bool rv_drive_readonly(const rv_drive *d) { return d->readonly; }

static bool fits(uint64_t offset, size_t n, uint64_t limit)
{
  return offset <= limit && n <= limit - offset;
}

bool rv_drive_read(const rv_drive *d, uint64_t offset, void *buf, size_t n)
{
  uint8_t *to = buf;
  if (!fits(offset, n, (d->size + SECTOR - 1) / SECTOR * SECTOR))
    return false;
  while (n) {
    const ssize_t got = pread(d->fd, to, n, (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return false;
    if (got == 0) { /* the end of the file, or it was cut behind our back */
      memset(to, 0, n);
      return true;
    }
    to += got;
    offset += (uint64_t)got;
    n -= (size_t)got;
  }
  return true;
}

bool rv_drive_write(rv_drive *d, uint64_t offset, const void *buf, size_t n)
{
  const uint8_t *from = buf;
  if (d->readonly || !fits(offset, n, d->size))
    return false;
  while (n) {
    const ssize_t put = pwrite(d->fd, from, n, (off_t)offset);
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

bool rv_drive_flush(rv_drive *d) { return d->readonly || fdatasync(d->fd) == 0; }
