/* parts.h - what the files of the loader share with each other, and with nobody else. */
#ifndef RV_LOAD_PARTS_H
#define RV_LOAD_PARTS_H
#include "load/image.h"
#include <gelf.h>

/* elf.c: fills segments, entry, symbols and guess of an image whose file is an ELF. */
bool rv_elf_plan(rv_image *image, const rv_image_where *where, GError **error);
/* symbol.c: reads .symtab. A damaged one costs its symbols, never the load: names are a help.
 * bias is added to every address (ET_DYN). */
void rv_symbols_read(rv_image *image, Elf *elf, uint64_t bias);

/* image.c: sets error to "PATH: WHAT\nWAY OUT" and returns false. */
bool rv_load_fail(const rv_image *image, GError **error, rv_load_error code, const char *way_out,
                  const char *format, ...) G_GNUC_PRINTF(5, 6);
/* Sets low and high; fails unless [pa, pa+size) of each segment is in RAM and apart from others. */
bool rv_image_place(rv_image *image, const rv_image_where *where, GError **error);

/* For the line that says what was guessed: in which mode, by whom the image is started. */
const char *rv_image_started(const rv_image *image, const rv_image_where *where);

/* Is [start, start+size) inside [0, limit)? Never overflows. */
static inline bool rv_fits(uint64_t start, uint64_t size, uint64_t limit)
{
  return start <= limit && size <= limit - start;
}
#endif
