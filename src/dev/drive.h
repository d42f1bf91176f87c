/* drive.h - a host file as the medium of a disk or flash: raw bytes, nothing kept back.
 *
 * Every write is in the file when the call returns, so that no way of ending loses data; unless
 * what is written is to stay in memory, block by block, and the file as it is. The size is that of
 * the file when it was opened; it never grows.
 */
#ifndef RV_DRIVE_H
#define RV_DRIVE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rv_drive rv_drive;

typedef enum {
  RV_DRIVE_WRITE,
  RV_DRIVE_READ,
  RV_DRIVE_OVERLAY, /* the file is read, and what is written stays in memory */
} rv_drive_mode;

/* NULL: error holds what is wrong, a newline, and the way out. A file that is open for writing
 * here cannot be opened by a second machine, nor be written by it. */
rv_drive *rv_drive_open(const char *path, rv_drive_mode mode, char *error, size_t error_size);
void rv_drive_close(rv_drive *d); /* NULL is fine */

uint64_t rv_drive_size(const rv_drive *d); /* bytes */
bool rv_drive_readonly(const rv_drive *d);

/* Bytes past the end read as zero, up to the end of the last sector that is begun. False: beyond
 * that, or the host reported an error. */
bool rv_drive_read(const rv_drive *d, uint64_t offset, void *buf, size_t n);
/* False: read-only, past the end of the file (nothing was written), or the host reported an
 * error. */
bool rv_drive_write(rv_drive *d, uint64_t offset, const void *buf, size_t n);
/* False: the host could not make everything durable. */
bool rv_drive_flush(rv_drive *d);

/* Of an overlay: block i as it was written, or NULL: it is the file's, as are all of a drive
 * without one. */
enum { RV_DRIVE_BLOCK = 64 << 10 };
uint64_t rv_drive_blocks(const rv_drive *d); /* 0: there is no overlay */
const uint8_t *rv_drive_block(const rv_drive *d, uint64_t i);
/* Makes it one that was written, with the file's bytes. NULL: there is no such block, the file
 * cannot be read, or memory is short. */
uint8_t *rv_drive_own_block(rv_drive *d, uint64_t i);

/* A checksum of what is in a file, the same whether zeroes are holes or not. It finds accidents, no
 * forgeries. False: the file cannot be read. */
bool rv_drive_sum(const char *path, uint64_t *sum);
#endif
