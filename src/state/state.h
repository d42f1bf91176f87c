/* state.h - the serializer of snapshots: one description of a part's fields, to write and to read
 * them.
 *
 * A part of the machine has one function that names its fields in order; the same calls save them
 * or set them. A file is a head, parts (name, number, version, length), and a checksum over all of
 * it. Fields have no names in the file: whoever adds, removes or reorders one raises its part's
 * version. After the first error every call does nothing, and a field that is read keeps its value.
 * Numbers are little-endian. Depends on nothing of the machine.
 */
#ifndef RV_STATE_H
#define RV_STATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
  RV_STATE_FORMAT = 1, /* of the file: what is said above */
  RV_STATE_NAME = 16,  /* of a part, padded with zeroes */
  RV_STATE_SUM = 32,   /* SHA-256 */
};

typedef struct rv_state rv_state;

/* Writes the head; out stays the caller's. */
rv_state *rv_state_writer(FILE *out);
/* Checks head and checksum of all bytes, which are borrowed until rv_state_free. */
rv_state *rv_state_reader(const uint8_t *bytes, size_t n);
/* Ends it: writes the checksum, or checks that nothing is left. NULL: all went well; otherwise what
 * is wrong, a newline, and the way out, valid until rv_state_free. */
const char *rv_state_finish(rv_state *s);
void rv_state_free(rv_state *s);

bool rv_state_loading(const rv_state *s);
bool rv_state_ok(const rv_state *s);
/* Makes the file bad: format as printf's, "what is wrong\nway out". The first call counts. */
void rv_state_fail(rv_state *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* While loading: a value that no machine can have. */
void rv_state_check(rv_state *s, bool possible);

/* A part: what is between belongs to it. Parts come in the order in which they were written. */
void rv_state_begin(rv_state *s, const char *name, unsigned number, unsigned version);
void rv_state_end(rv_state *s);
/* While loading, between parts: is this the next one? */
bool rv_state_next_is(const rv_state *s, const char *name, unsigned number);
/* While loading, in a part: bytes that are left of it. */
size_t rv_state_left(const rv_state *s);

void rv_state_u64(rv_state *s, uint64_t *v);
void rv_state_u32(rv_state *s, uint32_t *v);
void rv_state_u16(rv_state *s, uint16_t *v);
void rv_state_u8(rv_state *s, uint8_t *v);
void rv_state_bool(rv_state *s, bool *v);
/* Any of these. */
#define rv_state_field(s, v)                                                                       \
  _Generic((v), uint64_t *: rv_state_u64, uint32_t *: rv_state_u32, uint16_t *: rv_state_u16,      \
           uint8_t *: rv_state_u8, bool *: rv_state_bool)((s), (v))

/* Arrays: bytes as they are; words one by one. */
void rv_state_bytes(rv_state *s, void *bytes, size_t n);
void rv_state_words(rv_state *s, uint64_t *words, size_t n);
/* Text, or NULL. What is read is the caller's, to be freed by free; *text is overwritten. */
void rv_state_text(rv_state *s, char **text);
#endif
