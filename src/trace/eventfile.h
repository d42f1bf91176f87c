/* eventfile.h - the file of events that --trace-file=F.rvt writes and --render reads: units of 64
 * bytes, little-endian. docs/trace.md describes it for other readers: what is here is version 1.
 *
 * A unit is the header, an event, or a part: what follows an event, or a name before it. Every count
 * that a reader would trust is checked by render.c.
 */
#ifndef RV_TRACE_EVENTFILE_H
#define RV_TRACE_EVENTFILE_H
#include <stdbool.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "units are written as they are in memory");

/* As PNG's: a copy that changed line ends, or bit 7, is no event file any more. */
#define RV_FILE_MAGIC "\x89RVT\r\n\x1a\n"
enum { RV_FILE_VERSION = 1, RV_FILE_WORDS = 7, RV_FILE_TEXT = 8 * RV_FILE_WORDS };

typedef struct {
  char magic[8];
  uint32_t version, unit; /* RV_FILE_VERSION; sizeof(rv_file_unit) */
  uint8_t level, all;     /* of --trace-traps, --trace-only */
  uint8_t firmware;       /* M-mode is the built-in firmware's */
  uint8_t zero;
  uint32_t title;         /* bytes of text that follow */
  char program[40];       /* the version of rvh-sim, ended by 0 */
} rv_file_header;

/* Types of units: events have rv_event_type's numbers. */
enum {
  RV_FILE_MORE = 0x80, /* after TRAP, REDIRECT, WEDGED: delegation; after SBI: arguments */
  RV_FILE_CHANGES,     /* after an event: up to three CSRs */
  RV_FILE_REGS,        /* after an event: registers that changed since this hart's last ones */
  RV_FILE_WALK,        /* after a TRAP: the walk's roots */
  RV_FILE_STEP,        /* after WALK */
  RV_FILE_NAME,        /* before the first event that has the address */
  RV_FILE_CHARS,       /* after what has a text */
  RV_FILE_END,
};

typedef struct {
  uint8_t type, hart;
  uint16_t flags; /* RV_FILE_FROM ... */
  uint8_t cause, why;
  uint16_t vmid;
  uint32_t raw, tinst;
  uint64_t insn, pc;
  uint64_t word[4]; /* trap: dest, tval, tval2 (of an environment call a7), a6 (WEDGED: count);
                     * xret: dest, status, hstatus; sbi: eid, fid, error, value; hint: bytes of text */
} rv_file_event;

/* Flags. A mode is privilege and, at bit 2, V. */
enum {
  RV_FILE_FROM = 0,   /* where the three modes are */
  RV_FILE_TO = 3,
  RV_FILE_ORIGIN = 6, /* REDIRECT */
  RV_FILE_ALT = 1 << 9, /* trap: an interrupt; xret: mret; sbi: a legacy call */
  RV_FILE_RAW = 1 << 10,
  RV_FILE_X = 1 << 11, /* the registers are known, as far as the level wants them */
  RV_FILE_GPA = 1 << 12,
  RV_FILE_GPA_LOW = 13, /* bits 1:0 of the gpa; the others are tval2's */
  RV_FILE_GVA = 1 << 15,
};

typedef struct {
  uint8_t type, n; /* n: of CHANGES and REGS how many */
  union {
    uint16_t half[3];
    uint8_t byte[6];
    struct __attribute__((packed)) {
      uint16_t zero;
      uint32_t mask;
    } regs;
  } u;
  uint64_t word[RV_FILE_WORDS];
} rv_file_part;
/* The rest of u, and word:
 *   MORE     -; medeleg, hedeleg (of an interrupt mideleg, hideleg), 1 if the gpa is RAM's. SBI: a0..a5
 *   CHANGES  half: CSR numbers; before and after of each
 *   REGS     mask: registers 1 to 31, ascending; their values
 *   WALK     byte: access, privilege | V << 2 | mprv << 3 | hlv << 4 | hlvx << 5, MODE of satp,
 *            vsatp, hgatp, bits that pointer masking ignored; roots of these
 *   STEP     byte: stage, level, for_pte, why, leaf; va, at, pte, result
 *   NAME     half[0]: bytes of text; address, offset into the symbol
 *   CHARS    -; text
 *   END      half[0]: bytes of the reason, byte[2]: harts in a guest, byte[3]: a result is there, byte[4]:
 *            the machine ended; instructions, status,
 *            instructions at which it was loaded from a snapshot, or 0 */

typedef union {
  rv_file_header header;
  rv_file_event event;
  rv_file_part part;
} rv_file_unit;
_Static_assert(sizeof(rv_file_unit) == 64 && sizeof(rv_file_header) == 64 &&
                   sizeof(rv_file_event) == 64 && sizeof(rv_file_part) == 64,
               "a unit is 64 bytes");

/* How many CHARS hold n bytes. */
static inline uint64_t rv_file_chars(uint64_t n) { return (n + RV_FILE_TEXT - 1) / RV_FILE_TEXT; }
#endif
