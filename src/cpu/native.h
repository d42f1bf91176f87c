/* native.h - a block's ops as machine code of their own, so that no handler is dispatched to.
 *
 * The code of an op is its handler's, copied from stencil.c with the operands filled in; the ops
 * stay what they were, and are what slow functions work on. op->h leads into the code, so that a
 * slow function goes on there. In front of each segment's code stands the counting that ENTER does.
 * Same-page links are jumps to that place, written when they are resolved. Without RVH_NATIVE, and
 * where the host grants no memory to write and execute, ops keep their handlers.
 */
#ifndef RV_NATIVE_H
#define RV_NATIVE_H
#include "cpu/block.h"

/* A block in the order of its code: ops with the index of their handler, and segment headers. */
typedef struct {
  rv_op *op;     /* or the rv_seg */
  uint16_t form; /* of the handlers; RV_FORM_SEGMENT: a header */
} rv_part;
enum { RV_FORM_SEGMENT = N_HANDLERS };

/* Gives c memory for ops (c->arena, c->size bytes) and, if it can be had, for code near the
 * engine's. False: out of memory. */
bool rv_native_map(rv_code *c, size_t size);
void rv_native_unmap(rv_code *c);

/* All blocks are gone. */
void rv_native_forget(rv_code *c);

/* False: no room for one more block of RV_MAX_INSNS instructions. */
bool rv_native_room(const rv_code *c);

/* Codes a block whose ops and links are complete. */
void rv_native_block(rv_code *c, const rv_part *part, unsigned n);

/* link->target has become a block's head: the jump goes there. */
void rv_native_link(rv_code *c, const rv_link *link);

/* Whoever jumps to head's block looks it up again: its first op's handler is X_stale. */
void rv_native_stale(rv_code *c, rv_op *head);
#endif
