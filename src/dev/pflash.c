/* pflash.c - two 16-bit flash chips side by side, as one bank of 32 bits: QEMU's pflash_cfi01.
 *
 * Intel's command set (CFI vendor 0001) as in the datasheet of the 28F128J3 and JEDEC JESD68.01
 * (CFI). Programming and erasing take no time: the status is always "ready". What is programmed
 * is in the host's file before the status can be read. Depends on drive.c.
 */
#include "dev/pflash.h"
#include "dev/fdt.h"
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 256 << 10, BUFFER = 4096, BANK_WIDTH = 4 };

enum {
  PROGRAM_ALT = 0x10,
  ERASE = 0x20,
  PROGRAM = 0x40,
  CLEAR_STATUS = 0x50,
  LOCK = 0x60,
  READ_STATUS = 0x70,
  READ_ID = 0x90,
  QUERY = 0x98,
  CONFIRM = 0xd0,
  PROGRAM_BUFFER = 0xe8,
  RESET = 0xf0, /* of AMD's command set: drivers that probe send it first */
  READ_ARRAY = 0xff,
};

enum { READY = 0x80, ERASE_ERROR = 0x20, PROGRAM_ERROR = 0x10 };

/* What the next write is. */
typedef enum {
  EXPECT_COMMAND,
  EXPECT_DATA,    /* of PROGRAM */
  EXPECT_CONFIRM, /* of ERASE and LOCK */
  EXPECT_COUNT,   /* of PROGRAM_BUFFER */
  EXPECT_WORDS,
  EXPECT_FLUSH
} phase;

typedef struct {
  rv_dev dev;
  rv_pflash_memory memory;
  rv_drive *drive;
  uint8_t command; /* READ_ARRAY: array mode */
  uint8_t status;
  phase phase;
  uint32_t words_left, buffer_at; /* of PROGRAM_BUFFER */
  bool bad_buffer;
  uint8_t buffer[BUFFER]; /* the block at buffer_at as it is to be */
} pflash;

/* What a chip answers to QUERY, at word addresses 0x10 and up [JESD68.01, 4]. */
static const uint8_t cfi[] = {
  'Q',  'R',  'Y', 0x01, 0x00, 0x31, 0x00, 0, 0, 0, 0, /* vendor 0001, its table at 0x31 */
  0x45, 0x55, 0,   0,                                  /* 4.5 V to 5.5 V */
  7,    7,    10,  0,    4,    4,    4,    0,          /* time-outs */
  24,   2,    0,                                       /* 16 MiB, x16 */
  11,   0,                                             /* buffer of 2 KiB */
  1,    127,  0,   0x00, 0x02,                         /* one region: 128 blocks of 128 KiB */
  'P',  'R',  'I', '1',  '0',  0,    0,    0, 0, 0, 0, 0, 0, 0, 1,
};

enum { CFI_FIRST = 0x10 };
static const uint8_t id[] = { 0x89, 0x18 }; /* Intel, 28F128J3 */

static void set_command(pflash *p, uint8_t command)
{
  const bool array = command == READ_ARRAY;
  p->phase = EXPECT_COMMAND;
  if (array != (p->command == READ_ARRAY))
    p->memory.set_array(p->memory.ctx, p->dev.base, array);
  p->command = command;
}

/* ---- reading, while not in array mode ---- */

/* Both chips give the same answer. */
static uint32_t both(uint32_t answer) { return answer | answer << 16; }

static uint32_t read_word(const pflash *p, uint64_t offset)
{
  const uint64_t word = offset / BANK_WIDTH;
  switch (p->command) {
  case READ_ID:
    return both((word & 0xff) < sizeof id ? id[word & 0xff] : 0);
  case QUERY:
    return both(word >= CFI_FIRST && word - CFI_FIRST < sizeof cfi ? cfi[word - CFI_FIRST] : 0);
  default:
    return both(p->status);
  }
}

static uint64_t read_array(const pflash *p, uint64_t offset, unsigned size)
{
  uint64_t value = 0;
  memcpy(&value, p->memory.bytes + offset, size);
  return value;
}

static bool pflash_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  const pflash *p = (pflash *)dev;
  if (p->command == READ_ARRAY) {
    *value = read_array(p, offset, size);
    return true;
  }
  *value = read_word(p, offset);
  if (size == 8)
    *value |= (uint64_t)read_word(p, offset + 4) << 32;
  else
    *value &= ~0ull >> (64 - 8 * size);
  return true;
}

/* ---- changing the array ---- */

/* The file first: what the guest can read back is safe. */
static bool store(pflash *p, uint64_t offset, const void *bytes, size_t n)
{
  if (p->drive && !rv_drive_write(p->drive, offset, bytes, n))
    return false;
  memcpy(p->memory.bytes + offset, bytes, n);
  p->memory.changed(p->memory.ctx, p->dev.base + offset, n);
  return true;
}

/* A real chip only clears bits when it programs. QEMU stores the value, programs that forget to
 * erase work there, and are to run here unchanged. */
static void program(pflash *p, uint64_t offset, unsigned size, uint64_t value)
{
  p->status |= READY;
  if (!store(p, offset, &value, size))
    p->status |= PROGRAM_ERROR;
}

static void erase(pflash *p, uint64_t offset)
{
  static const uint8_t erased[BUFFER] = { [0 ... BUFFER - 1] = 0xff };
  const uint64_t sector = offset & ~(SECTOR - 1ull);
  p->status |= READY;
  for (unsigned at = 0; at < SECTOR; at += BUFFER)
    if (!store(p, sector + at, erased, BUFFER)) {
      p->status |= ERASE_ERROR;
      return;
    }
}

/* Each chip is told the number of its words less one. The block is that of the first word. */
static void start_buffer(pflash *p, uint64_t offset)
{
  p->buffer_at = offset & ~(BUFFER - 1ull);
  memcpy(p->buffer, p->memory.bytes + p->buffer_at, BUFFER);
}

static void fill_buffer(pflash *p, uint64_t offset, unsigned size, uint64_t value)
{
  const uint64_t at = offset - p->buffer_at;
  if (at > BUFFER - size) { /* left the block: nothing of it is programmed */
    p->bad_buffer = true;
    return;
  }
  for (unsigned i = 0; i < size; i++)
    p->buffer[at + i] = (uint8_t)(value >> 8 * i);
}

static void take_word(pflash *p, uint64_t offset, unsigned size, uint64_t value)
{
  if (p->buffer_at == ~0u)
    start_buffer(p, offset);
  fill_buffer(p, offset, size, value);
  p->status |= READY;
  if (p->words_left-- == 0)
    p->phase = EXPECT_FLUSH;
}

static void flush_buffer(pflash *p)
{
  p->phase = EXPECT_COMMAND;
  if (p->bad_buffer || !store(p, p->buffer_at, p->buffer, BUFFER))
    p->status |= PROGRAM_ERROR;
  p->status |= READY;
}

/* ---- commands ---- */

static void start(pflash *p, uint8_t command)
{
  static const phase next[256] = { [PROGRAM] = EXPECT_DATA,
                                   [PROGRAM_ALT] = EXPECT_DATA,
                                   [ERASE] = EXPECT_CONFIRM,
                                   [LOCK] = EXPECT_CONFIRM,
                                   [PROGRAM_BUFFER] = EXPECT_COUNT };
  switch (command) {
  case CLEAR_STATUS:
    p->status = READY;
    set_command(p, READ_ARRAY);
    return;
  case READ_STATUS:
  case READ_ID:
  case QUERY:
    break;
  default:
    if (!next[command]) /* READ_ARRAY, RESET, and what nobody knows */
      command = READ_ARRAY;
  }
  set_command(p, command);
  p->phase = next[command];
  p->buffer_at = ~0u;
  p->bad_buffer = false;
}

static void confirm(pflash *p, uint64_t offset, uint8_t value)
{
  if (value != CONFIRM && !(p->command == LOCK && value == 1)) {
    set_command(p, READ_ARRAY);
    return;
  }
  if (p->command == ERASE)
    erase(p, offset);
  p->status |= READY; /* blocks are never locked, whatever LOCK says */
  p->phase = EXPECT_COMMAND;
}

static void write_word(pflash *p, uint64_t offset, unsigned size, uint64_t value)
{
  switch (p->phase) {
  case EXPECT_COMMAND:
    start(p, (uint8_t)value);
    break;
  case EXPECT_DATA:
    program(p, offset, size, value);
    p->phase = EXPECT_COMMAND;
    break;
  case EXPECT_CONFIRM:
    confirm(p, offset, (uint8_t)value);
    break;
  case EXPECT_COUNT:
    p->words_left = value & 0xffff;
    p->phase = EXPECT_WORDS;
    break;
  case EXPECT_WORDS:
    take_word(p, offset, size, value);
    break;
  case EXPECT_FLUSH:
    if ((uint8_t)value == CONFIRM)
      flush_buffer(p);
    else
      set_command(p, READ_ARRAY);
    break;
  }
}

static bool pflash_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  pflash *p = (pflash *)dev;
  if (size < 8) {
    write_word(p, offset, size, value);
    return true;
  }
  write_word(p, offset, 4, value & 0xffffffff);
  write_word(p, offset + 4, 4, value >> 32);
  return true;
}

/* ---- the device ---- */

static void pflash_reset(rv_dev *dev)
{
  pflash *p = (pflash *)dev;
  p->status = READY;
  set_command(p, READ_ARRAY);
}

/* The array is memory, and is saved with it. */
static void pflash_state(rv_dev *dev, rv_state *s)
{
  pflash *p = (pflash *)dev;
  uint32_t next = p->phase;
  rv_state_field(s, &p->command);
  rv_state_field(s, &p->status);
  rv_state_field(s, &next);
  rv_state_field(s, &p->words_left);
  rv_state_field(s, &p->buffer_at);
  rv_state_field(s, &p->bad_buffer);
  rv_state_bytes(s, p->buffer, sizeof p->buffer);
  const bool none = p->buffer_at == ~0u;
  rv_state_check(s, next <= EXPECT_FLUSH && (next != EXPECT_FLUSH || !none) &&
                        (none || (p->buffer_at % BUFFER == 0 && p->buffer_at < RV_PFLASH_SIZE)));
  p->phase = next;
  if (rv_state_loading(s))
    p->memory.set_array(p->memory.ctx, p->dev.base, p->command == READ_ARRAY);
}

/* One node tells of both chips: unit 0 adds it. */
static int pflash_fdt(rv_dev *dev, void *fdt, int soc)
{
  const rv_node root = rv_node_root(fdt);
  rv_node node = rv_node_child(&root, "flash@%llx", (unsigned long long)dev->base);
  const uint32_t size = (uint32_t)RV_PFLASH_SIZE;
  const uint32_t reg[] = { 0, (uint32_t)RV_PFLASH_BASE(0), 0, size,
                           0, (uint32_t)RV_PFLASH_BASE(1), 0, size };
  rv_node_string(&node, "compatible", "cfi-flash");
  rv_node_cells(&node, "reg", reg, sizeof reg / sizeof *reg);
  rv_node_u32(&node, "bank-width", BANK_WIDTH);
  return node.err;
}

static void pflash_free(rv_dev *dev)
{
  rv_drive_close(((pflash *)dev)->drive);
  free(dev);
}

rv_dev *rv_pflash_new(const rv_board_ops *board, unsigned unit, const rv_pflash_memory *memory,
                      rv_drive *drive)
{
  if (drive && !rv_drive_read(drive, 0, memory->bytes, RV_PFLASH_SIZE))
    return NULL;
  pflash *p = calloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->memory = *memory;
  p->drive = drive;
  p->command = READ_ARRAY;
  p->status = READY;
  p->dev = (rv_dev){ .name = "pflash",
                     .base = RV_PFLASH_BASE(unit),
                     .size = RV_PFLASH_SIZE,
                     .board = board,
                     .read = pflash_read,
                     .write = pflash_write,
                     .reset = pflash_reset,
                     .state = pflash_state,
                     .state_version = 1,
                     .fdt = unit == 0 ? pflash_fdt : NULL,
                     .free = pflash_free };
  return &p->dev;
}
