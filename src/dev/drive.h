/* drive.h - a host file as the medium of a disk or flash: raw bytes, nothing kept back.
 *
 * Every write is in the file when the call returns, so that no way of ending loses data. The size
 * is that of the file when it was opened; it never grows.
 */
#ifndef RV_DRIVE_H
#define RV_DRIVE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rv_drive rv_drive;

/* NULL: error holds what is wrong, a newline, and the way out. A file that is open for writing
 * here cannot be opened by a second machine, nor be written by it. */
rv_drive *rv_drive_open(const char *path, bool readonly, char *error, size_t error_size);
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
#endif
