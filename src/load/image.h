/* image.h - what a program file is, and where in memory it is to go.
 *
 * Files are mapped, classified (ELF, Linux Image, flat binary) and turned into a plan: segments,
 * entry, symbols. Nothing is copied to guest memory here. Whatever a file claims is checked
 * against the file's size and the RAM: a hostile file yields a GError, never a bad pointer.
 */
#ifndef RV_IMAGE_H
#define RV_IMAGE_H
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages are "FILE: what is wrong", a newline, and the way out. */
#define RVH_LOAD_ERROR (rv_load_error_quark())
GQuark rv_load_error_quark(void);
typedef enum {
  RV_LOAD_READ,      /* cannot be opened, empty, a directory */
  RV_LOAD_TRUNCATED, /* shorter than its own headers say */
  RV_LOAD_FORMAT,    /* not what rvh-sim runs, or contradicting itself */
  RV_LOAD_PLACE,     /* does not fit into the RAM */
} rv_load_error;

/* Kernels go 2 MiB above the start of RAM, where OpenSBI and QEMU put them. */
enum { RV_KERNEL_OFFSET = 0x200000 };

typedef enum { RV_IMAGE_ELF, RV_IMAGE_LINUX, RV_IMAGE_FLAT } rv_image_kind;
typedef enum {
  RV_ROLE_KERNEL, /* the program to run: -kernel */
  RV_ROLE_BIOS,   /* M-mode firmware: -bios */
  RV_ROLE_DATA,   /* bytes only, never looked into: -initrd, -dtb */
} rv_image_role;

/* Who starts a kernel, as -bios says. */
typedef enum {
  RV_START_GUESS,    /* default: the built-in SBI, unless the file is a bare-metal program */
  RV_START_FIRMWARE, /* a firmware file: it decides where and how the kernel begins */
  RV_START_BARE, /* none: reset enters the kernel in M-mode; flat files go to the start of RAM */
} rv_image_start;

typedef struct {
  uint64_t ram_base, ram_size; /* bytes */
  rv_image_role role;
  uint64_t base;        /* where files without an address of their own go; 0: the role's default */
  rv_image_start start; /* KERNEL: by whom */
} rv_image_where;

/* filesz bytes of data go to pa, followed by zeroes up to memsz. */
typedef struct {
  uint64_t pa, va; /* va: as linked (ET_DYN: as moved), what symbols refer to */
  const uint8_t *data;
  uint64_t filesz, memsz;
} rv_segment;

typedef struct {
  uint64_t addr, size; /* size 0: an assembly label */
  const char *name;
  unsigned rank; /* which of several at one address is shown: the lowest */
} rv_symbol;

typedef struct {
  char *path;
  rv_image_kind kind;
  rv_segment *segments; /* sorted by pa, inside RAM, without overlap (DATA: one, at base) */
  size_t n_segments;
  rv_symbol *symbols; /* sorted by addr, one per address */
  size_t n_symbols;
  uint64_t entry;            /* physical */
  uint64_t low, high;        /* memory the image needs: [low, high), with Linux's image_size */
  uint64_t tohost, fromhost; /* physical addresses of the HTIF symbols; 0: none */
  bool m_mode;               /* guess: starts in M-mode without the built-in SBI */
  char *guess;               /* one line: what was recognised, and what follows from it */
  /* private */
  GMappedFile *file;
  GStringChunk *names;
} rv_image;

rv_image *rv_image_open(const char *path, const rv_image_where *where, GError **error);
void rv_image_free(rv_image *image); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rv_image, rv_image_free)

/* The symbol that addr lies in, and how far; NULL if none. addr may be as linked or physical:
 * kernels linked at high addresses run at physical ones until they turn paging on. */
const char *rv_image_symbol(const rv_image *image, uint64_t addr, uint64_t *offset);
/* The reverse: the address of a symbol as linked. False: there is none of that name. */
bool rv_image_address(const rv_image *image, const char *name, uint64_t *addr);
#endif
