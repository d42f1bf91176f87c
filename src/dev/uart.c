/* uart.c - the 16550A serial port of the virt board, registers one byte apart.
 *
 * National Semiconductor PC16550D data sheet (register and bit names are its own; comments cite its
 * sections by title). The line is infinitely fast: a character written is out at once, so THR is
 * always empty, and the four silent character times before a timeout interrupt have always passed.
 * Depends on the board for the console and for its wire to the PLIC.
 */
#include "dev/devices.h"
#include "dev/fdt.h"
#include <stdlib.h>
#include <string.h>

enum { BASE = 0x10000000, SIZE = 0x100, N_REGISTERS = 8, CLOCK_HZ = 3686400, FIFO_SIZE = 16 };
enum { POLLING_READS = 3 }; /* of LSR alone: a loop that waits for a character */

enum { RBR_THR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

enum { IER_ERBFI = 1, IER_ETBEI = 2, IER_ELSI = 4, IER_EDSSI = 8, IER_BITS = 0x0f };
enum {
  IIR_MODEM = 0x0,
  IIR_NONE = 0x1,
  IIR_THRE = 0x2,
  IIR_DATA = 0x4,
  IIR_LINE = 0x6,
  IIR_TIMEOUT = 0xc,
  IIR_FIFOS = 0xc0
};
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_TRIGGER = 0xc0 };
enum { LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10, MCR_BITS = 0x1f };
enum { LSR_DR = 1, LSR_OE = 2, LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { MSR_DELTAS = 0x0f, MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

/* 19200 baud from CLOCK_HZ. The data sheet leaves the latch undefined; zero would be a divisor
 * that early consoles divide by. */
enum { DIVISOR_RESET = 12 };

typedef struct {
  rv_dev dev;
  uint8_t ier, fcr, lcr, mcr, msr, scr;
  uint16_t divisor;
  bool overrun;      /* LSR.OE */
  bool thre_pending; /* THR became empty and nobody has looked yet */
  uint8_t rx[FIFO_SIZE];
  unsigned rx_head, rx_count;
  unsigned lsr_reads; /* since the last access to another register */
} rv_uart;

static unsigned rx_room(const rv_uart *u) { return u->fcr & FCR_ENABLE ? FIFO_SIZE : 1; }

static unsigned rx_trigger(const rv_uart *u)
{
  static const uint8_t levels[] = { 1, 4, 8, 14 };
  return u->fcr & FCR_ENABLE ? levels[u->fcr >> 6] : 1;
}

/* The interrupt of the highest priority [Interrupt Identification Register]. */
static uint8_t interrupt_id(const rv_uart *u)
{
  if ((u->ier & IER_ELSI) && u->overrun)
    return IIR_LINE;
  if ((u->ier & IER_ERBFI) && u->rx_count)
    return u->rx_count >= rx_trigger(u) ? IIR_DATA : IIR_TIMEOUT;
  if ((u->ier & IER_ETBEI) && u->thre_pending)
    return IIR_THRE;
  if ((u->ier & IER_EDSSI) && (u->msr & MSR_DELTAS))
    return IIR_MODEM;
  return IIR_NONE;
}

static void drive_irq(rv_uart *u)
{
  const rv_board_ops *board = u->dev.board;
  board->irq(board->ctx, RV_SOURCE_UART, interrupt_id(u) != IIR_NONE);
}

/* A character too many is lost and raises OE; without FIFOs it replaces the one unread [Line Status
 * Register]. */
static void receive(rv_uart *u, uint8_t byte)
{
  if (u->rx_count == rx_room(u)) {
    u->overrun = true;
    if (!(u->fcr & FCR_ENABLE))
      u->rx[u->rx_head] = byte;
    return;
  }
  u->rx[(u->rx_head + u->rx_count++) % FIFO_SIZE] = byte;
}

static uint8_t read_rbr(rv_uart *u)
{
  uint8_t byte = u->rx[u->rx_head];
  if (u->rx_count) {
    u->rx_head = (u->rx_head + 1) % FIFO_SIZE;
    u->rx_count--;
  }
  return byte;
}

/* The write clears the THRE interrupt; as the character leaves at once, THR is empty again and
 * the interrupt is back. With MCR bit 4 the transmitter feeds the receiver [Modem Control
 * Register]. */
static void write_thr(rv_uart *u, uint8_t byte)
{
  if (u->mcr & MCR_LOOP)
    receive(u, byte);
  else
    u->dev.board->console_write(u->dev.board->ctx, &byte, 1);
  u->thre_pending = true;
}

/* Enabling ETBEI while THR is empty raises the interrupt: this is how drivers start to send. */
static void write_ier(rv_uart *u, uint8_t value)
{
  value &= IER_BITS;
  if ((value & ~u->ier) & IER_ETBEI)
    u->thre_pending = true;
  u->ier = value;
}

/* Reading IIR clears the THRE interrupt, but only if that is the one it reports [Interrupt
 * Identification Register]. */
static uint8_t read_iir(rv_uart *u)
{
  uint8_t id = interrupt_id(u);
  if (id == IIR_THRE)
    u->thre_pending = false;
  return id | (u->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

/* The other bits are only programmed with bit 0 set; changing bit 0 empties the FIFOs [FIFO
 * Control Register]. */
static void write_fcr(rv_uart *u, uint8_t value)
{
  if ((value & FCR_CLEAR_RX) || ((value ^ u->fcr) & FCR_ENABLE))
    u->rx_count = u->rx_head = 0;
  u->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_TRIGGER) : 0;
}

static uint8_t read_lsr(rv_uart *u)
{
  uint8_t lsr = LSR_THRE | LSR_TEMT | (u->rx_count ? LSR_DR : 0) | (u->overrun ? LSR_OE : 0);
  u->overrun = false; /* reading clears OE [Line Status Register] */
  return lsr;
}

/* The modem inputs: a terminal that is always ready, or in loopback the four MCR outputs. */
static uint8_t modem_lines(const rv_uart *u)
{
  if (!(u->mcr & MCR_LOOP))
    return MSR_DCD | MSR_DSR | MSR_CTS;
  return (u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
         (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

/* Each delta bit is four below its line; that of RI is only set when RI falls (TERI) [Modem
 * Status Register]. */
static void write_mcr(rv_uart *u, uint8_t value)
{
  uint8_t before = u->msr & ~MSR_DELTAS;
  u->mcr = value & MCR_BITS;
  uint8_t lines = modem_lines(u);
  uint8_t changed = (before ^ lines) & ~(lines & MSR_RI);
  u->msr = lines | changed >> 4 | (u->msr & MSR_DELTAS);
}

static uint8_t read_msr(rv_uart *u)
{
  uint8_t msr = u->msr;
  u->msr &= ~MSR_DELTAS; /* reading clears the deltas [Modem Status Register] */
  return msr;
}

static uint8_t read_register(rv_uart *u, unsigned reg)
{
  bool dlab = u->lcr & LCR_DLAB;
  switch (reg) {
  case RBR_THR_DLL:
    return dlab ? u->divisor & 0xff : read_rbr(u);
  case IER_DLM:
    return dlab ? u->divisor >> 8 : u->ier;
  case IIR_FCR:
    return read_iir(u);
  case LCR:
    return u->lcr;
  case MCR:
    return u->mcr;
  case LSR:
    return read_lsr(u);
  case MSR:
    return read_msr(u);
  default:
    return u->scr;
  }
}

static void write_divisor(rv_uart *u, unsigned reg, uint8_t value)
{
  if (reg == RBR_THR_DLL)
    u->divisor = (u->divisor & 0xff00) | value;
  else
    u->divisor = (u->divisor & 0x00ff) | value << 8;
}

static void write_register(rv_uart *u, unsigned reg, uint8_t value)
{
  if ((u->lcr & LCR_DLAB) && reg <= IER_DLM) {
    write_divisor(u, reg, value);
    return;
  }
  switch (reg) {
  case RBR_THR_DLL:
    write_thr(u, value);
    break;
  case IER_DLM:
    write_ier(u, value);
    break;
  case IIR_FCR:
    write_fcr(u, value);
    break;
  case LCR:
    u->lcr = value;
    break;
  case MCR:
    write_mcr(u, value);
    break;
  case SCR:
    u->scr = value;
    break;
  default: /* LSR and MSR are for reading */
    break;
  }
}

/* The registers are bytes. A wider aligned access acts once, on the register at its address, as
 * on QEMU: small programs do write characters as words. Behind the registers there is nothing. */
static bool is_register(uint64_t offset, unsigned size)
{
  return offset < N_REGISTERS && offset % size == 0;
}

static void note_access(rv_uart *u, bool lsr_read)
{
  u->lsr_reads = !lsr_read ? 0 : u->lsr_reads < POLLING_READS ? u->lsr_reads + 1 : POLLING_READS;
}

static bool uart_read(rv_dev *dev, uint64_t offset, unsigned size, uint64_t *value)
{
  if (!is_register(offset, size))
    return false;
  note_access((rv_uart *)dev, offset == LSR);
  *value = read_register((rv_uart *)dev, offset);
  drive_irq((rv_uart *)dev);
  return true;
}

static bool uart_write(rv_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
  if (!is_register(offset, size))
    return false;
  note_access((rv_uart *)dev, false);
  write_register((rv_uart *)dev, offset, value);
  drive_irq((rv_uart *)dev);
  return true;
}

/* Whether somebody will take a character: by interrupt, or in a loop on LSR. Drivers that only
 * initialise read RBR and clear the FIFOs; a loop that sends looks at LSR once per character. */
static bool listening(const rv_uart *u)
{
  return (u->ier & IER_ERBFI) || u->lsr_reads >= POLLING_READS;
}

/* Input waits outside until there is room and somebody listens: a pipe is full before the guest
 * has started, and its text may be meant for another console (SBI). In loopback the receiver is
 * disconnected from the line. */
static void uart_poll(rv_dev *dev)
{
  rv_uart *u = (rv_uart *)dev;
  bool got = false;
  while (listening(u) && !(u->mcr & MCR_LOOP) && u->rx_count < rx_room(u)) {
    int byte = dev->board->console_read(dev->board->ctx);
    if (byte < 0)
      break;
    receive(u, byte);
    got = true;
  }
  if (got)
    drive_irq(u);
}

/* The state after MR [UART Reset Configuration]. */
static void master_reset(rv_uart *u)
{
  *u = (rv_uart){ .dev = u->dev, .divisor = DIVISOR_RESET };
  u->msr = modem_lines(u);
}

static void uart_reset(rv_dev *dev)
{
  master_reset((rv_uart *)dev);
  drive_irq((rv_uart *)dev);
}

static void uart_state(rv_dev *dev, rv_state *s)
{
  rv_uart *u = (rv_uart *)dev;
  rv_state_field(s, &u->ier);
  rv_state_field(s, &u->fcr);
  rv_state_field(s, &u->lcr);
  rv_state_field(s, &u->mcr);
  rv_state_field(s, &u->msr);
  rv_state_field(s, &u->scr);
  rv_state_field(s, &u->divisor);
  rv_state_field(s, &u->overrun);
  rv_state_field(s, &u->thre_pending);
  rv_state_bytes(s, u->rx, sizeof u->rx);
  rv_state_field(s, &u->rx_head);
  rv_state_field(s, &u->rx_count);
  rv_state_field(s, &u->lsr_reads);
  rv_state_check(s, u->rx_head < FIFO_SIZE && u->rx_count <= FIFO_SIZE);
}

static int uart_fdt(rv_dev *dev, void *fdt, int soc)
{
  rv_node node = rv_node_device(fdt, soc, "serial", dev);
  rv_node_string(&node, "compatible", "ns16550a");
  rv_node_u32(&node, "clock-frequency", CLOCK_HZ);
  rv_node_source(&node, dev, RV_SOURCE_UART);
  return node.err;
}

static void uart_free(rv_dev *dev) { free(dev); }

rv_dev *rv_uart_new(const rv_board_ops *board)
{
  rv_uart *u = calloc(1, sizeof *u);
  if (!u)
    return NULL;
  u->dev = (rv_dev){ .name = "uart",
                     .base = BASE,
                     .size = SIZE,
                     .board = board,
                     .read = uart_read,
                     .write = uart_write,
                     .reset = uart_reset,
                     .state = uart_state,
                     .state_version = 1,
                     .poll = uart_poll,
                     .fdt = uart_fdt,
                     .free = uart_free };
  master_reset(u);
  return &u->dev;
}
