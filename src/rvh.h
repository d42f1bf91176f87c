/* rvh.h - the public interface of librvh: a RISC-V machine with the hypervisor extension.
 *
 *   GError *err = NULL;
 *   rvh_config cfg = RVH_CONFIG_DEFAULT;
 *   rvh_machine *m = rvh_new(&cfg, &err);
 *   rvh_load(m, &err);
 *   rvh_result r = rvh_run(m, 0);
 *   rvh_free(m);
 *
 * Nothing here is reentrant from inside an observer, except the rvh_read_* functions.
 */
#ifndef RVH_H
#define RVH_H
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define RVH_VERSION "0.1.0"

typedef struct rvh_machine rvh_machine;
typedef struct rv_event rvh_event; /* cpu/event.h */

/* Exit statuses of the command line, and of rvh_result.status. */
enum {
  RVH_EXIT_OK = 0,          /* the guest shut down well; 1..123: the guest's own code */
  RVH_EXIT_GUEST_MAX = 123, /* higher guest codes become this */
  RVH_EXIT_LIMIT = 124,     /* --limit-insns reached */
  RVH_EXIT_EXPECT = 125,    /* --fail-on text seen, --expect failed, or a hint with --hints=error */
  RVH_EXIT_USAGE = 126,     /* wrong option, unreadable file, emulator error */
  RVH_EXIT_WEDGED = 127,    /* trap loop, or every hart waits for nothing */
};

typedef enum { RVH_BIOS_BUILTIN, RVH_BIOS_NONE, RVH_BIOS_FILE } rvh_bios;

/* -machine virt,aia=: a PLIC; QEMU's APLIC with its wires to the harts; APLIC and IMSICs. */
typedef enum { RVH_AIA_NONE, RVH_AIA_APLIC, RVH_AIA_APLIC_IMSIC } rvh_aia;
enum { RVH_AIA_GUESTS = 7 };

/* What a hint does: a line; nothing; a line, and the status RVH_EXIT_EXPECT for a guest that ends. */
typedef enum { RVH_HINTS_DEFAULT, RVH_HINTS_NONE, RVH_HINTS_ERROR } rvh_hints;

/* What console_read returns when it has no byte. */
enum { RVH_INPUT_NONE = -1, RVH_INPUT_QUIT = -2 };

/* -drive and -device of QEMU. An id and a drive are names by which a device finds its drive. */
enum { RVH_MAX_DRIVES = 16, RVH_MAX_DEVICES = 16, RVH_ANY = -1 };
typedef enum { RVH_IF_VIRTIO, RVH_IF_NONE, RVH_IF_PFLASH } rvh_drive_if;
typedef struct {
  const char *id, *file;
  rvh_drive_if bus;
  int unit; /* PFLASH: 0 or 1; RVH_ANY: the first that is free */
  bool readonly;
  bool overlay; /* snapshot=on: the file stays as it is; what is written lives in memory */
} rvh_drive;
typedef enum {
  RVH_VIRTIO_BLK_MMIO,
  RVH_VIRTIO_BLK_PCI,
  RVH_VIRTIO_NET_MMIO,
  RVH_VIRTIO_NET_PCI,
  RVH_VIRTIO_RNG_MMIO,
  RVH_VIRTIO_RNG_PCI,
  RVH_VIRTIO_SERIAL_MMIO, /* one port: a console on chardev, if that is not NULL */
  RVH_VIRTIO_SERIAL_PCI,
  RVH_LOADER
} rvh_device_kind;
typedef struct {
  rvh_device_kind kind;
  const char *drive, *serial;
  const char *netdev;  /* NET: NULL: no cable */
  bool has_mac;        /* NET: false: 52:54:00:12:34:56, the next device ...:57 */
  uint8_t mac[6];
  const char *chardev; /* SERIAL */
  int slot;            /* of the PCI bus, or of virtio-mmio; RVH_ANY */
  bool disable_legacy; /* PCI: not transitional */
  const char *file;    /* LOADER: goes to addr as it is, or where its ELF headers say */
  uint64_t addr;
  bool has_addr, force_raw;
} rvh_device;

/* -netdev user: a network of the machine's own, whose router is this program (libslirp). Addresses are
 * numbers, 10.0.2.2 being 0x0a000202. */
enum { RVH_MAX_NETDEVS = 4, RVH_MAX_FORWARDS = 16, RVH_MAX_CHARDEVS = 8 };
typedef struct {
  const char *text; /* as it was given, for messages */
  bool udp;
  uint32_t host, guest; /* 0: every address of the host; the network's dhcpstart */
  uint16_t host_port, guest_port;
} rvh_forward;
typedef struct {
  const char *id, *hostname;
  bool restricted;  /* only what is forwarded comes in or out */
  bool no_ipv6;
  uint32_t net, mask;            /* 0: 10.0.2.0/24 */
  uint32_t host, dhcpstart, dns; /* 0: .2, .15 and .3 of it */
  rvh_forward forwards[RVH_MAX_FORWARDS];
  unsigned n_forwards;
} rvh_netdev;

/* -chardev: where a console of virtio leads. */
typedef enum { RVH_CHARDEV_STDIO, RVH_CHARDEV_FILE, RVH_CHARDEV_NULL } rvh_chardev_kind;
typedef struct {
  const char *id;
  rvh_chardev_kind kind;
  const char *file; /* FILE: gets the output; there is no input */
} rvh_chardev;

enum { RVH_MAX_ARGS = 32 };

/* Everything that makes a machine. Strings are borrowed until rvh_load returned. */
typedef struct {
  uint64_t ram_size; /* bytes; default 128 MiB */
  unsigned n_harts;  /* 1..8 */
  rvh_aia aia;
  unsigned aia_guests; /* with APLIC_IMSIC: guest interrupt files of each hart, 0..RVH_AIA_GUESTS */
  const char *kernel; /* ELF, Linux Image or flat binary; NULL: firmware alone */
  rvh_bios bios;
  const char *bios_file;
  const char *initrd, *append, *dtb;
  const char *dumpdtb; /* rvh_load writes the device tree there; no program is needed then */
  const char *fail_on;   /* text on the console that makes the run fail, or NULL */
  uint64_t extensions;   /* -cpu: set by rvh_set_extension; 0: the default ones */
  uint64_t limit_insns;  /* 0: none */
  uint64_t trap_loop;    /* identical successive traps that count as wedged; 0: never */
  bool htinst_zero, adue, strict;
  rvh_hints hints;
  bool no_reboot;        /* a reset ends the run, as a power-off does */
  rvh_drive drives[RVH_MAX_DRIVES];
  rvh_device devices[RVH_MAX_DEVICES];
  rvh_netdev netdevs[RVH_MAX_NETDEVS];
  rvh_chardev chardevs[RVH_MAX_CHARDEVS];
  unsigned n_drives, n_devices, n_netdevs, n_chardevs;
  /* Semihosting: the sequence slli, ebreak, srai is a call of this program. */
  bool semihosting, semihost_userspace; /* the latter: in U- and VU-mode, too */
  const char *semihost_chardev;         /* where :tt leads, if not to the console */
  const char *semihost_args[RVH_MAX_ARGS];
  unsigned n_semihost_args; /* 0: the kernel's name and append are the command line */
  bool overlays; /* -snapshot: every drive has an overlay */
  uint64_t seed; /* of virtio-rng and of /chosen/rng-seed */
  bool virtio_mmio_modern; /* -global virtio-mmio.force-legacy=false */
  bool console_stdin;    /* read the terminal or pipe on standard input */
  /* With console_stdin: called for the next byte of input; returns it, or RVH_INPUT_NONE, or
   * RVH_INPUT_QUIT, which ends the run with status 0. NULL: the library reads file 0 itself. */
  int (*console_read)(void *ctx);
  void *console_ctx;
  FILE *console_out;     /* default stdout */
  FILE *messages;        /* guesses and hints; NULL: stderr */
} rvh_config;
#define RVH_CONFIG_DEFAULT                                                                         \
  (rvh_config) { .ram_size = 128ull << 20, .n_harts = 1, .trap_loop = 100000 }

/* Why rvh_run or rvh_step came back. */
typedef enum {
  RVH_STOP_BOUND,   /* as many instructions as were asked for */
  RVH_STOP_ENDED,   /* the machine ended: status and reason say how */
  RVH_STOP_BREAK,   /* a breakpoint: hart is about to execute it */
  RVH_STOP_REQUEST, /* rvh_request_stop */
} rvh_stop;

typedef struct {
  int status;      /* RVH_EXIT_* or the guest's code */
  bool ended;      /* stop == RVH_STOP_ENDED */
  rvh_stop stop;
  unsigned hart;   /* the hart that stopped */
  char reason[512]; /* "poweroff (finisher)"; of a wedged run also a newline, and the way out */
} rvh_result;

/* -cpu rv64,NAME=on|off: false, with an error, if there is no such switch. name "max": all of them.
 * rvh_extension lists those that can be switched, as -cpu rv64 has them; NULL: no more. */
bool rvh_set_extension(rvh_config *config, const char *name, bool on, GError **error);
const char *rvh_extension(unsigned i, bool *on, const char **brief);

rvh_machine *rvh_new(const rvh_config *config, GError **error);
/* Reads the configured files into memory and sets the harts to their entry. */
bool rvh_load(rvh_machine *m, GError **error);
/* Runs until the machine ends or insns more instructions were started (0: no bound). */
rvh_result rvh_run(rvh_machine *m, uint64_t insns);
/* Runs exactly one instruction of one hart (or takes one interrupt). */
rvh_result rvh_step(rvh_machine *m, unsigned hart);
void rvh_free(rvh_machine *m);

/* ---- snapshots: the whole machine in one file, docs/snapshots.md ---- */

/* Writes it to path, atomically: between runs, from no observer. Disk images are not in it, but what was
 * written to those with an overlay. The run goes on as one that rvh_restore begins: the same, to the
 * instruction. With several harts a bounded rvh_run ends the turns of all of them at its bound, which a run
 * without bounds does not: what is saved there is a place of the run that was bounded so. A place of the
 * other one is saved by rvh_save_at. */
bool rvh_save(rvh_machine *m, const char *path, GError **error);
/* rvh_run is to do so when the first hart has started this many instructions; it goes on after it, or
 * ends with a message if the file cannot be written. NULL: no more. */
void rvh_save_at(rvh_machine *m, uint64_t insns, const char *path);
/* True: it has not come to that yet. */
bool rvh_save_pending(const rvh_machine *m);
/* Instead of rvh_new and rvh_load: the machine of a snapshot. What makes a machine is the file's: config
 * may repeat it, or name a program or drive that is elsewhere now; any difference is an error. What
 * concerns the run (limits, hints, console, no_reboot) is config's. Observers are not in a snapshot. */
rvh_machine *rvh_restore(const rvh_config *config, const char *path, GError **error);
/* Instructions at which the snapshot was taken that this machine is from; 0: it began with a reset. */
uint64_t rvh_loaded_at(const rvh_machine *m);
/* The file that runs: the kernel's or the firmware's name; NULL: neither. */
const char *rvh_program(const rvh_machine *m);

/* ---- observers ---- */

/* Observers are called synchronously, in the order they were added, for the event types in the
 * mask (bits 1 << RV_EV_*). None attached: none are made, and the run is not slower. */
typedef void rvh_observer(void *ctx, rvh_machine *m, const rvh_event *event);
void rvh_observe(rvh_machine *m, uint64_t mask, rvh_observer *observer, void *ctx);

/* The same for what the guest writes to its console, byte by byte or more at a time. */
typedef void rvh_console_observer(void *ctx, rvh_machine *m, const uint8_t *bytes, size_t n);
void rvh_observe_console(rvh_machine *m, rvh_console_observer *observer, void *ctx);

/* State, without side effects. rvh_read_memory copies RAM (never a device's register). */
uint64_t rvh_instructions(const rvh_machine *m);
uint64_t rvh_read_pc(const rvh_machine *m, unsigned hart);
uint64_t rvh_read_x(const rvh_machine *m, unsigned hart, unsigned reg);
bool rvh_read_csr(const rvh_machine *m, unsigned hart, unsigned csr, uint64_t *value);
bool rvh_read_memory(const rvh_machine *m, uint64_t pa, void *buf, size_t n);
/* Whether M-mode is the built-in SBI's: no instructions of it exist, and no addresses. */
bool rvh_builtin_firmware(const rvh_machine *m);
unsigned rvh_vmode(const rvh_machine *m, unsigned hart, bool *v); /* rv_prv */
/* The symbol that addr, as linked or physical, lies in, and how far; NULL: none. The string belongs
 * to the machine. rvh_address is the reverse; false: no such symbol. */
const char *rvh_symbol(const rvh_machine *m, uint64_t addr, uint64_t *offset);
bool rvh_address(const rvh_machine *m, const char *symbol, uint64_t *addr);

/* ---- for debuggers ---- */

/* Replaces the breakpoints (virtual addresses, in every mode). A run that starts at one executes
 * it first. Code elsewhere runs at full speed. */
void rvh_set_breakpoints(rvh_machine *m, const uint64_t *addresses, size_t n);
/* From an observer or a signal handler: rvh_run returns before its next block. */
void rvh_request_stop(rvh_machine *m);
/* rvh_run also returns (RVH_STOP_REQUEST) soon after fd has something to read; -1: no such fd. */
void rvh_watch_fd(rvh_machine *m, int fd);
unsigned rvh_n_harts(const rvh_machine *m);
/* Instructions this hart started; rvh_instructions is the greatest of these. */
uint64_t rvh_hart_instructions(const rvh_machine *m, unsigned hart);
uint64_t rvh_read_f(const rvh_machine *m, unsigned hart, unsigned reg);
void rvh_write_pc(rvh_machine *m, unsigned hart, uint64_t pc);
void rvh_write_x(rvh_machine *m, unsigned hart, unsigned reg, uint64_t value);
void rvh_write_f(rvh_machine *m, unsigned hart, unsigned reg, uint64_t value);
/* As M-mode software would, with all effects; false: no such CSR. */
bool rvh_write_csr(rvh_machine *m, unsigned hart, unsigned csr, uint64_t value);
bool rvh_write_memory(rvh_machine *m, uint64_t pa, const void *buf, size_t n);
/* The V-mode and privilege a debugger looks with; RVH_AS_CURRENT: as the hart does now. */
typedef enum { RVH_AS_CURRENT, RVH_AS_M, RVH_AS_HS, RVH_AS_U, RVH_AS_VS, RVH_AS_VU } rvh_as;
typedef struct rvh_walk_log rvh_walk_log; /* cpu/event.h: rv_walk_log */
/* Walks va as a load (0 fetch, 1 load, 2 store) without side effects; true: *pa (and, with two
 * stages, *gpa) is where it leads. log may be NULL. Not checked by PMP. */
bool rvh_translate(const rvh_machine *m, unsigned hart, uint64_t va, int access, rvh_as as,
                   uint64_t *pa, uint64_t *gpa, rvh_walk_log *log);
/* Virtual memory as the hart sees it, RAM only, without side effects on translation. False: some
 * byte is not mapped to memory. */
bool rvh_read_virtual(const rvh_machine *m, unsigned hart, uint64_t va, void *buf, size_t n);
bool rvh_write_virtual(rvh_machine *m, unsigned hart, uint64_t va, const void *buf, size_t n);

/* --trace-traps: attaches the trap log. The file stays the caller's; flushed by rvh_trace_end. */
typedef enum { RVH_TRACE_LINE, RVH_TRACE_WHY, RVH_TRACE_FULL } rvh_trace_level;
typedef struct rvh_trace rvh_trace;
rvh_trace *rvh_trace_traps(rvh_machine *m, rvh_trace_level level, bool all, FILE *out,
                           const char *title);
/* Prints the summary and frees the log; the machine must not run after it. */
void rvh_trace_end(rvh_trace *t, const rvh_result *result);

/* --trace-file=F.rvt: the same events as a file (docs/trace.md), which costs a tenth. Level full has all
 * that any rendering wants. The FILE stays the caller's. */
typedef struct rvh_events rvh_events;
rvh_events *rvh_trace_events(rvh_machine *m, rvh_trace_level level, bool all, FILE *out,
                             const char *title);
void rvh_events_end(rvh_events *t, const rvh_result *result);
/* --render: what rvh_trace_traps and rvh_trace_json would have written. False: the file is none, is
 * damaged or cut, or was recorded at a lower level; name is what messages call it. */
typedef struct {
  FILE *text, *json;   /* NULL: not wanted */
  bool has_level, has_all; /* false: as recorded */
  rvh_trace_level level;
  bool all;
} rvh_rendering;
bool rvh_render(FILE *in, const char *name, const rvh_rendering *how, GError **error);

/* -d int: QEMU's line for every trap, also one of M-mode. */
void rvh_log_interrupts(rvh_machine *m, FILE *out);

/* --log-commits: Spike's line for every instruction that retires (docs/lockstep.md); with_v marks
 * V=1. The FILE stays the caller's. */
typedef struct rvh_commit_log rvh_commit_log;
rvh_commit_log *rvh_log_commits(rvh_machine *m, bool with_v, FILE *out);
/* The machine must not run after it. */
void rvh_commit_log_free(rvh_commit_log *log);

/* --trace-json: the same events as JSON Lines (share/rvh-sim/trace-1.schema.json). */
typedef struct rvh_json rvh_json;
rvh_json *rvh_trace_json(rvh_machine *m, FILE *out, const char *title);
void rvh_json_end(rvh_json *log, const rvh_result *result);

/* --stats: what the simulator did, of all harts together. Counted on slow paths alone, always: a hit
 * in a TLB or the jump cache costs nothing, and is not counted. Sizes are bytes. */
typedef struct {
  uint64_t instructions, traps, vm_exits; /* vm_exits: traps from V=1 to V=0 */
  uint64_t tlb_misses;                    /* loads and stores that filled a TLB */
  uint64_t walks_none, walks_one, walks_two; /* translations by that many stages, also of fetches */
  uint64_t loads_one, loads_two;             /* page-table entries read for them */
  uint64_t bank_switches, bank_misses;       /* translation regimes; misses: one never seen, or forgotten */
  uint64_t lookups;     /* blocks looked up: not in the jump cache */
  uint64_t builds, decoded; /* blocks decoded, and their instructions */
  uint64_t links, crosses;  /* jumps inside a page first taken; to another page, not as last time */
  uint64_t stale, retired;  /* blocks overwritten; times that all were dropped for space */
  uint64_t ram, ram_resident; /* the guest's RAM; what of it takes host memory */
  uint64_t code, tables;      /* decoded code at most; TLBs, walk caches, the table of blocks */
  uint64_t rss_peak;          /* of the process; 0: unknown here */
} rvh_stats;
void rvh_read_stats(const rvh_machine *m, rvh_stats *s);
void rvh_print_stats(const rvh_stats *s, bool json, FILE *out);

/* --expect: a file of expectations (docs/expect.md), read before there is a machine. Attached to a
 * loaded machine; false: a symbol of the file is unknown. A failure requests the run to stop. */
typedef struct rvh_expect rvh_expect;
typedef enum { RVH_REPORT_HUMAN, RVH_REPORT_TAP, RVH_REPORT_JUNIT } rvh_report;
rvh_expect *rvh_expect_read(const char *path, GError **error);
bool rvh_expect_attach(rvh_expect *x, rvh_machine *m, GError **error);
/* The status of the run: RVH_EXIT_EXPECT if a line failed, 0 if the file names the way it ended, else
 * the run's own. Once, after the run and before any report. */
int rvh_expect_end(rvh_expect *x, const rvh_result *result);
void rvh_expect_report(const rvh_expect *x, rvh_report how, FILE *out);
void rvh_expect_free(rvh_expect *x);
/* --record-expect: a draft of such a file. The FILE stays the caller's. */
typedef struct rvh_record rvh_record;
rvh_record *rvh_record_expect(rvh_machine *m, FILE *out, const char *title);
void rvh_record_end(rvh_record *r, const rvh_result *result);

/* Beside the log of Spike, whose clock and interrupts count: from now on time stands still but for
 * rvh_set_time, and rvh_step neither waits (wfi) nor takes an interrupt. Devices that Spike has not are
 * gone, and where more than one behaviour is legal it is Spike's (rv_choices.as_spike). */
void rvh_hold(rvh_machine *m);
void rvh_set_time(rvh_machine *m, uint64_t ticks); /* mtime */
/* When the next timer of a hart fires; false: none will. */
bool rvh_next_timer(rvh_machine *m, unsigned hart, uint64_t *ticks);
/* The interrupt that would be taken now if these bits of mip were the pending ones, or 0. */
unsigned rvh_interrupt_of(const rvh_machine *m, unsigned hart, uint64_t pending);
/* Takes it, pending or not. */
void rvh_interrupt(rvh_machine *m, unsigned hart, unsigned irq);
/* The hart's load reservation is gone, as it may be at any time. False: it had none. */
bool rvh_drop_reservation(rvh_machine *m, unsigned hart);
/* Whether the instruction at pc would trap, and to which handler; found out by executing it and undoing
 * that. What reaches a device is not executed, and said not to. */
bool rvh_would_trap(rvh_machine *m, unsigned hart, uint64_t *handler);
/* The handler of an interrupt, if it was taken now. */
uint64_t rvh_interrupt_handler(rvh_machine *m, unsigned hart, unsigned irq);

/* --lockstep: runs the machine beside a commit log of Spike's (docs/lockstep.md), in: a file, pipe or
 * FIFO. What was found is told on out; result->status is RVH_EXIT_OK, or RVH_EXIT_EXPECT at the first
 * difference. False: the log is malformed. Before rvh_load returned nothing may have run. */
bool rvh_lockstep(rvh_machine *m, FILE *in, const char *name, FILE *out, rvh_result *result,
                  GError **error);

/* --step: an interactive stepper, reading commands from in until it ends, quits or the machine
 * ended. The guest must not read the same input. */
rvh_result rvh_stepper(rvh_machine *m, FILE *in, FILE *out);

/* -gdb: runs the machine to its end (or until gdb kills it: status 0), serving gdb's remote protocol
 * meanwhile, one connection after the other. listen: "tcp:[HOST]:PORT" (no HOST: this machine's
 * loopback; PORT 0: any) or "unix:PATH". wait: nothing runs before gdb says so. False: cannot
 * listen. Where it listens is printed on messages, unless that is NULL. The machine must not run after
 * it. */
bool rvh_gdb_serve(rvh_machine *m, const char *listen, bool wait, FILE *messages,
                   rvh_result *result, GError **error);
#endif
