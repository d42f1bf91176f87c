/* spike.h - a line of Spike's commit log (spike --log-commits): as a structure, as text, and out of
 * the events of our machine.
 *
 *   core   0: 3 0x0000000080000044 (0x00001f17) x30 0x0000000080001044
 *
 * Hart, privilege, pc, the bits; what was written, in the order of Spike's keys (register number,
 * then x, f, CSR); addresses read; addresses and values stored. Instructions that trap have no
 * line.
 */
#ifndef RV_TRACE_SPIKE_H
#define RV_TRACE_SPIKE_H
#include "cpu/event.h"
#include "rvh.h"

/* Kinds of a key's low four bits. */
enum { SPIKE_X = 0, SPIKE_F = 1, SPIKE_CSR = 4 };
#define SPIKE_KEY(kind, number) ((unsigned)(number) << 4 | (kind))
enum { SPIKE_CSR_MVIP = 0x309 }; /* AIA's: we have it only as an alias in Spike's log */
enum { SPIKE_WRITES = 8, SPIKE_MEMS = 66, SPIKE_LINE = 4096 };

typedef struct {
  unsigned hart, prv;
  bool v; /* as far as the text says it */
  uint64_t pc;
  uint32_t raw;
  uint8_t length; /* of the instruction */
  unsigned n_write, n_mem;
  struct {
    uint32_t key;
    uint64_t value;
  } write[SPIKE_WRITES];
  struct {
    uint64_t addr, value;
    uint8_t size; /* of a store; 0: a load, whose size the log does not say */
  } mem[SPIKE_MEMS];
} rv_spike_line;

/* Writes the line with its newline and a 0; text has room for SPIKE_LINE. with_v: 'v' follows the
 * privilege of a line with V=1. Returns the length. */
size_t rv_spike_format(const rv_spike_line *line, bool with_v, char *text);

/* Reads a line (up to its newline or 0). False: *error says what is wrong, *at is where. */
bool rv_spike_parse(const char *text, rv_spike_line *line, const char **error, const char **at);

/* "mstatus"; "unknown" for what neither has. */
const char *rv_spike_csr_name(unsigned csr);

/* Collects what the lines are made of: an observer's state, zeroed by its owner. */
typedef struct {
  bool has_csr; /* the running instruction wrote a CSR */
  uint16_t csr;
  uint64_t before;
} rv_spike_source;
#define RV_SPIKE_MASK (1ull << RV_EV_COMMIT | 1ull << RV_EV_CSR)

/* Takes an event of RV_SPIKE_MASK. True: an instruction retired, and *line is its line. */
bool rv_spike_event(rv_spike_source *s, rvh_machine *m, const rvh_event *e, rv_spike_line *line);
#endif
