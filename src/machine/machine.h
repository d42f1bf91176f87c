/* machine.h - the machine's insides, private to this folder: harts, memory, board, clock, ends.
 *
 *   machine.c   making, freeing, state for observers (rvh.h)
 *   board.c     the bus and the devices on it
 *   plug.c      virtio devices, and their slots
 *   storage.c   drives, disks and flash
 *   network.c   the user network (libslirp)
 *   character.c consoles of virtio, and where they lead
 *   semihost.c  semihosting: console, files and exit by ebreak
 *   console.c   the guest's console: output, input, --fail-on
 *   boot.c      files into memory, entry states, device tree
 *   schedule.c  the run loop: slices, timer events, waiting
 *   snapshot.c  the whole machine in a file, and back; snapshot_config.c: what kind of machine it
 * is stats.c     what rvh_read_stats tells debug.c     what debuggers read, write and stop at
 * (rvh.h)
 */
#ifndef RV_MACHINE_H
#define RV_MACHINE_H
#include "cpu/run.h"
#include "dev/devices.h"
#include "dev/drive.h"
#include "dev/htif.h"
#include "dev/virtio.h"
#include "load/image.h"
#include "rvh.h"
#include "sbi/sbi.h"

enum {
  RV_BOARD_HARTS = 8,
  RV_BOARD_DEVICES = 24,
  RV_QUANTUM = 50000,        /* instructions a hart runs before the next one's turn */
  RV_POLL_INTERVAL = 100000, /* instructions between looks at the terminal, one hart */
  RV_INSNS_PER_TICK = 100,   /* 1 instruction = 1 ns of a 10 MHz timebase */
};
enum { RV_INPUT_SIZE = 256 };
#define RV_RAM_BASE 0x80000000ull
#define RV_ROM_BASE 0x1000ull
#define RV_ROM_SIZE 0x1000ull

typedef struct {
  uint64_t mask;
  rvh_observer *call;
  void *ctx;
} rv_observer;

typedef struct {
  rvh_console_observer *call;
  void *ctx;
} rv_listener;

typedef struct rv_network rv_network;
typedef struct rv_semihost rv_semihost;

/* A round: each hart's turn, one after the other. A snapshot may be taken in the middle of one,
 * which is then gone on with: that others would have their turns earlier could be seen. */
typedef struct {
  bool open;      /* it has begun and has not ended */
  bool turn_open; /* so has this hart's turn */
  uint32_t hart;  /* whose turn it is, or comes next */
  uint64_t done;  /* rvh_instructions when it began */
  uint64_t began; /* icount of this hart when its turn began */
} rv_round;

struct rvh_machine {
  rvh_config config;
  GStringChunk *strings; /* what config points to */
  rv_phys phys;
  rv_code *code;
  rv_env env;
  rv_hart *harts[RV_BOARD_HARTS];
  rv_hart *current; /* whose slice it is */

  rv_board_ops board;
  rv_dev *dev[RV_BOARD_DEVICES];
  unsigned n_dev;
  rv_dev *clint, *uart, *rtc;
  rv_dev *plic, *aplic;  /* one of them */
  rv_dev *imsic[2];      /* of machine level, and of supervisor level with the guests' */
  rv_drive *drive[RVH_MAX_DRIVES]; /* as config.drives; NULL once a device has it */
  bool drive_used[RVH_MAX_DRIVES];
  rv_drive *medium[RVH_MAX_DRIVES]; /* the same, whoever has it; for snapshots */
  rv_network *network[RVH_MAX_NETDEVS]; /* as config.netdevs */
  FILE *chardev[RVH_MAX_CHARDEVS];      /* as config.chardevs: a file */
  rv_virtio *port[RVH_MAX_DEVICES];     /* consoles of virtio; they belong to their slots */
  unsigned n_ports, n_cards, n_rngs;
  rv_virtio *virtio[RVH_MAX_DEVICES + RVH_MAX_DRIVES]; /* all that are plugged in, in that order */
  unsigned n_virtio;
  GArray *polled;  /* of struct pollfd: of one look at the outside */
  bool flash_boot; /* pflash unit 0 has a file: it holds the program */
  rv_htif htif;
  bool in_htif; /* HTIF's own stores to its words are no commands */
  rv_sbi *sbi;
  rv_semihost *semihost; /* NULL: there is none */

  /* One clock: instructions of all harts, waiting ones credited; divided by the number of harts
   * it is nanoseconds. */
  uint64_t clock;       /* up to the running slice */
  uint64_t slice_start; /* current->icount when the slice began */
  uint64_t mtime_base;  /* ticks added because mtime was written */
  bool held;            /* rvh_hold: mtime is held_time */
  uint64_t held_time;
  rv_round round;
  char *save_path;  /* where a snapshot goes when save_at is reached, or NULL */
  uint64_t save_at; /* instructions, as rvh_instructions */
  bool restored;    /* from a snapshot, at restored_at */
  uint64_t restored_at;
  uint64_t run_bound; /* rvh_run's argument, as an instruction count; ~0 = none */

  rv_image *kernel, *bios, *initrd, *dtb;
  rv_image *loaders[RVH_MAX_DEVICES]; /* of -device loader, by the device's number */
  char *append;
  uint64_t fdt_addr, free_end; /* free_end: initrd and tree are above */

  bool ended, reset;
  volatile bool stop_requested;
  rvh_result result;

  GArray *observers; /* of rv_observer */
  GArray *listeners; /* of rv_listener: to the console */
  GPtrArray *hinted; /* ids of hints already printed */

  /* console */
  GString *tail; /* the end of the output, for fail_on */
  bool failed;   /* fail_on was seen: the run ends with the line */
  bool terminal; /* input is typed: it comes when it comes */
  bool input_closed;
  int watched_fd;               /* what makes rvh_run return when it is readable, or -1 */
  uint8_t input[RV_INPUT_SIZE]; /* what was read and the guest has not taken, a ring */
  unsigned input_head, input_count;
};

/* board.c */
bool rv_board_init(rvh_machine *m, GError **error);
void rv_board_reset(rvh_machine *m);
void rv_board_free(rvh_machine *m);
void rv_board_poll(rvh_machine *m);

/* Adds a device to the bus; passes it through. */
rv_dev *rv_board_add(rvh_machine *m, rv_dev *d);

/* plug.c: makes the devices of -device, and the disks of if=virtio. */
bool rv_plug_init(rvh_machine *m, GError **error);
/* Sets error to "WHAT\nWAY OUT", and returns false. */
bool rv_plug_fail(GError **error, const char *way_out, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* storage.c */
bool rv_storage_open(rvh_machine *m, GError **error);  /* opens the drives */
bool rv_storage_flash(rvh_machine *m, GError **error); /* adds the flash chips */
void rv_storage_free(rvh_machine *m);
/* For plug.c, as all makers of devices: name is the device's, for messages; NULL: error is set, or
 * memory is short. */
rv_virtio *rv_storage_disk(rvh_machine *m, const rvh_device *d, const char *name, GError **error);
rv_virtio *rv_storage_disk_of(rvh_machine *m, unsigned drive, const char *serial);

/* network.c */
bool rv_network_open(rvh_machine *m, GError **error);
void rv_network_free(rvh_machine *m);
rv_virtio *rv_network_card(rvh_machine *m, const rvh_device *d, const char *name, GError **error);
/* Once all devices are there: warns of networks that no device is on. */
void rv_network_look(const rvh_machine *m);
/* Something may come from outside: the guest drives a device on a network. */
bool rv_network_live(const rvh_machine *m);
/* Around ppoll: adds the files to look at, and shortens the time to wait; then takes what came. */
void rv_network_prepare(rvh_machine *m, GArray *polled, uint64_t *ns);
void rv_network_dispatch(rvh_machine *m, GArray *polled, bool failed);
/* Looks, and does not wait. */
void rv_network_poll(rvh_machine *m);

/* character.c */
bool rv_character_open(rvh_machine *m, GError **error);
void rv_character_free(rvh_machine *m);
rv_virtio *rv_character_port(rvh_machine *m, const rvh_device *d, const char *name, GError **error);
void rv_character_poll(rvh_machine *m);
/* Where -chardev id leads; what: the option that names it, for messages. */
bool rv_character_backend(rvh_machine *m, const char *id, const char *what,
                          rv_console_backend *backend, GError **error);

/* semihost.c */
bool rv_semihost_init(rvh_machine *m, GError **error);
void rv_semihost_reset(rvh_machine *m);           /* closes what the guest has open */
void rv_semihost_free(rvh_machine *m);
bool rv_semihost_has_files(const rvh_machine *m); /* files of the host are open */
void rv_semihost_state(rvh_machine *m, rv_state *s);
char *rv_semihost_command_line(const rvh_config *config); /* the caller frees it */

/* console.c */
void rv_console_write(void *machine, const uint8_t *bytes, size_t n);
int rv_console_read(void *machine);
/* Looks at the keyboard, so that Ctrl-A x works whether the guest reads or not. */
void rv_console_poll(rvh_machine *m);
/* Waits up to ns nanoseconds (RV_FOR_EVER) for more input, or something from the network. False: there
 * will never be any, or what there is waits already and the guest does not take it. */
#define RV_FOR_EVER (~0ull)
bool rv_console_wait(rvh_machine *m, uint64_t ns);
bool rv_console_interactive(const rvh_machine *m);
/* Requests a stop if the watched file is readable. */
void rv_console_watch(rvh_machine *m);

/* boot.c */
bool rv_boot_open(rvh_machine *m, GError **error);  /* reads the files */
bool rv_boot_start(rvh_machine *m, GError **error); /* places them and sets every hart's entry */
void rv_boot_watch(rvh_machine *m);                 /* HTIF's words are the program's */
void rv_boot_free(rvh_machine *m);
/* The RAM between what was loaded low and what was loaded high. */
void rv_boot_room(const rvh_machine *m, uint64_t *low, uint64_t *high);

/* extensions.c: the bits of rv_choices.ext; and "rv64imafdch_zicntr_..." (the caller frees it) with
 * the same one by one, ended by NULL */
uint64_t rv_extensions(const rvh_config *config);
char *rv_isa_string(const rvh_config *config, const char *list[N_EXT + 8]);

/* schedule.c */
uint64_t rv_clock_now(const rvh_machine *m);   /* in instructions of all harts */
uint64_t rv_clock_ticks(const rvh_machine *m); /* mtime */
uint64_t rv_host_ns(void);                     /* of the host's monotonic clock */
void rv_fire_timers(rvh_machine *m);           /* after the time changed */
/* Ends the run: status as rvh_result, reason by printf. The first call counts. */
void rv_end(rvh_machine *m, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends it as the guest asked: reset, or power off with a code of the guest's. */
void rv_power_off(rvh_machine *m, bool reset, int code, const char *by);

/* machine.c: the built-in SBI becomes M-mode */
void rv_attach_firmware(rvh_machine *m);

/* snapshot.c: save_at was reached: writes the file. A failure ends the run. */
void rv_snapshot_due(rvh_machine *m);

/* snapshot_config.c: what makes the machine: options and files. */
typedef struct rv_origin rv_origin;
/* Saves what m was made from. */
void rv_origin_save(const rvh_machine *m, rv_state *s);
rv_origin *rv_origin_load(rv_state *s); /* NULL: s has failed */
void rv_origin_free(rv_origin *o);
/* Completes *config, in which given options may only repeat what the origin says, or say where a
 * file is now. name: of the snapshot, for messages. */
bool rv_origin_apply(const rv_origin *o, rvh_config *config, const char *name, GError **error);
/* Are the files that were opened those of then? Disks that were written since get a warning. */
bool rv_origin_check(const rv_origin *o, const rvh_machine *m, const char *name, GError **error);
bool rv_origin_has_firmware(const rv_origin *o);

/* wedge.c: ends the run because of hart->wedged, and says what usually helps */
void rv_end_wedged(rvh_machine *m, const rv_hart *h);
#endif
