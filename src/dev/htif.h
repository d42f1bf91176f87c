/* htif.h - the host-target interface: two 8-byte words in RAM, tohost and fromhost.
 *
 * Not a device on the bus: the machine knows the words' addresses from the ELF symbols, sees the
 * stores that hit tohost, and calls rv_htif_store after them. Protocol: riscv-isa-sim (fesvr).
 */
#ifndef RV_HTIF_H
#define RV_HTIF_H
#include "dev/dev.h"

typedef struct {
  uint64_t tohost, fromhost; /* physical addresses; fromhost 0: the program has none */
  uint64_t low_half;         /* tohost after a store of its low half alone, else 0 */
  bool reading;              /* a getchar waits for input */
} rv_htif;

/* What is to be stored after a command: tohost always becomes 0; fromhost if answered. */
typedef struct {
  bool answered;
  uint64_t fromhost;
} rv_htif_reply;

/* What a snapshot keeps of it; the addresses are the program's. */
void rv_htif_state(rv_htif *htif, rv_state *s);

/* Does what a command word asks, touching neither tohost nor fromhost. */
rv_htif_reply rv_htif_write(rv_htif *htif, const rv_board_ops *board, uint64_t tohost_value);

/* A store of size bytes at pa, already in memory. If it completes a command, runs it and writes
 * both words through board->memory. True if it did. */
bool rv_htif_store(rv_htif *htif, const rv_board_ops *board, uint64_t pa, unsigned size);

/* Answers a waiting getchar when there is input: call where devices are polled. */
void rv_htif_poll(rv_htif *htif, const rv_board_ops *board);
#endif
