/* htif.c - the host-target interface: exit, console and the write system call.
 *
 * Depends on the board for memory, console and power. Protocol: riscv-isa-sim, fesvr/device.cc
 * and fesvr/syscall.cc: device number in bits 63:56, command in 55:48, payload in 47:0.
 */
#include "dev/htif.h"

enum { DEVICE_SYSCALL = 0, DEVICE_CONSOLE = 1 };
enum { CONSOLE_READ = 0, CONSOLE_WRITE = 1 };
enum { SYS_WRITE = 64 };
enum { ERR_BADF = -9, ERR_FAULT = -14, ERR_NOSYS = -38 }; /* Linux errno, negated */

/* One store may not keep the host busy for gigabytes; write is allowed to be short. */
enum { WRITE_MAX = 1 << 20, CHUNK = 256 };

#define PAYLOAD_MASK 0xffffffffffffull

static uint64_t load_word(const uint8_t bytes[8])
{
  uint64_t word = 0;
  for (unsigned i = 8; i-- > 0;)
    word = word << 8 | bytes[i];
  return word;
}

static bool read_word(const rv_board_ops *board, uint64_t pa, uint64_t *word)
{
  uint8_t bytes[8];
  bool ok = board->memory(board->ctx, pa, bytes, sizeof bytes, false);
  *word = ok ? load_word(bytes) : 0;
  return ok;
}

static bool write_word(const rv_board_ops *board, uint64_t pa, uint64_t word)
{
  uint8_t bytes[8];
  for (unsigned i = 0; i < 8; i++)
    bytes[i] = word >> 8 * i;
  return board->memory(board->ctx, pa, bytes, sizeof bytes, true);
}

/* write(fd, buf, len): the number of bytes written, or a negated errno. */
static int64_t sys_write(const rv_board_ops *board, uint64_t fd, uint64_t buf, uint64_t len)
{
  uint8_t chunk[CHUNK];
  if (fd != 1 && fd != 2)
    return ERR_BADF;
  if (len > WRITE_MAX)
    len = WRITE_MAX;
  for (uint64_t done = 0; done < len;) {
    size_t n = len - done < CHUNK ? len - done : CHUNK;
    if (!board->memory(board->ctx, buf + done, chunk, n, false))
      return done ? (int64_t)done : ERR_FAULT;
    board->console_write(board->ctx, chunk, n);
    done += n;
  }
  return len;
}

/* The payload points to {number, a0, a1, a2, ...}; the result replaces the number. */
static void run_syscall(const rv_board_ops *board, uint64_t block)
{
  uint64_t word[4];
  for (unsigned i = 0; i < 4; i++)
    if (!read_word(board, block + 8 * i, &word[i]))
      return;
  int64_t result = word[0] == SYS_WRITE ? sys_write(board, word[1], word[2], word[3]) : ERR_NOSYS;
  write_word(board, block, result);
}

static rv_htif_reply answer(uint64_t fromhost)
{
  return (rv_htif_reply){ .answered = true, .fromhost = fromhost };
}

/* Bit 0 set: exit with the rest as code; even: a system call, acknowledged by 1. */
static rv_htif_reply run_device0(const rv_board_ops *board, uint64_t payload)
{
  if (payload & 1) {
    board->power(board->ctx, false, (int)(payload >> 1));
    return (rv_htif_reply){ 0 };
  }
  run_syscall(board, payload);
  return answer(1);
}

/* The answer to getchar: 0x100 marks that there is a character. */
static rv_htif_reply try_getchar(rv_htif *htif, const rv_board_ops *board)
{
  int byte = board->console_read(board->ctx);
  htif->reading = byte < 0;
  if (htif->reading)
    return (rv_htif_reply){ 0 };
  return answer((uint64_t)DEVICE_CONSOLE << 56 | (uint64_t)CONSOLE_READ << 48 | 0x100 | byte);
}

static rv_htif_reply run_console(rv_htif *htif, const rv_board_ops *board, unsigned command,
                                 uint64_t payload)
{
  uint8_t byte = payload;
  if (command == CONSOLE_READ)
    return try_getchar(htif, board);
  if (command == CONSOLE_WRITE)
    board->console_write(board->ctx, &byte, 1);
  return (rv_htif_reply){ 0 };
}

rv_htif_reply rv_htif_write(rv_htif *htif, const rv_board_ops *board, uint64_t tohost_value)
{
  unsigned device = tohost_value >> 56, command = tohost_value >> 48 & 0xff;
  uint64_t payload = tohost_value & PAYLOAD_MASK;
  if (tohost_value == 0)
    return (rv_htif_reply){ 0 };
  if (device == DEVICE_SYSCALL && command == 0)
    return run_device0(board, payload);
  if (device == DEVICE_CONSOLE)
    return run_console(htif, board, command, payload);
  return (rv_htif_reply){ 0 };
}

static void send_reply(const rv_htif *htif, const rv_board_ops *board, rv_htif_reply reply)
{
  if (reply.answered && htif->fromhost)
    write_word(board, htif->fromhost, reply.fromhost);
}

/* With 32-bit stores (sw gp, tohost; sw zero, tohost + 4) the high half completes the word. Old
 * test programs store only the low half of an exit, in an endless loop: the second time counts. */
static bool completes(rv_htif *htif, uint64_t pa, unsigned size, uint64_t value)
{
  bool high_half = pa + size > htif->tohost + 4;
  bool repeated_exit = (value & 1) && value == htif->low_half;
  bool whole = high_half || repeated_exit;
  htif->low_half = whole ? 0 : value;
  return whole;
}

static bool hits_tohost(const rv_htif *htif, uint64_t pa, unsigned size)
{
  return htif->tohost && pa < htif->tohost + 8 && pa + size > htif->tohost;
}

bool rv_htif_store(rv_htif *htif, const rv_board_ops *board, uint64_t pa, unsigned size)
{
  uint64_t value;
  if (!hits_tohost(htif, pa, size) || !read_word(board, htif->tohost, &value))
    return false;
  if (!completes(htif, pa, size, value))
    return false;
  rv_htif_reply reply = rv_htif_write(htif, board, value);
  write_word(board, htif->tohost, 0);
  send_reply(htif, board, reply);
  return true;
}

void rv_htif_poll(rv_htif *htif, const rv_board_ops *board)
{
  if (htif->reading)
    send_reply(htif, board, try_getchar(htif, board));
}

void rv_htif_state(rv_htif *htif, rv_state *s)
{
  rv_state_field(s, &htif->low_half);
  rv_state_field(s, &htif->reading);
}
