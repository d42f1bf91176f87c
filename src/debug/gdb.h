/* gdb.h - the gdb stub's insides, private to gdb*.c.
 *
 *   gdb_link.c     sockets and packet framing
 *   gdb.c          packets and what they mean; rvh_gdb_serve
 *   gdb_agent.c    conditions of breakpoints
 *   gdb_run.c      stepping, continuing, watchpoints, why it stopped
 *   gdb_target.c   registers and the target description, out of csr.def
 *   gdb_monitor.c  `monitor` commands
 *
 * Terms are those of gdb's remote protocol (gdb manual, appendix E).
 */
#ifndef RV_DEBUG_GDB_H
#define RV_DEBUG_GDB_H
#include "cpu/hart.h"
#include "debug/history.h"
#include "rvh.h"

enum { RV_GDB_PACKET_MAX = 0x4000, RV_GDB_HARTS = 8 };

/* ---- gdb_link.c ---- */

typedef struct {
  int fd; /* -1: nobody is connected */
  bool no_ack;
  uint8_t in[4096];
  size_t at, n;  /* unread bytes of in[] */
  GString *sent; /* the last packet as sent, for a resend */
} rv_gdb_link;

typedef enum {
  RV_LINK_PACKET,
  RV_LINK_BAD,       /* too long, or the checksum is wrong though nobody acknowledges */
  RV_LINK_INTERRUPT, /* the byte 3, or anything while the machine runs */
  RV_LINK_NOTHING,   /* nothing that matters has come */
  RV_LINK_CLOSED,
} rv_link_got;

/* A listening socket (see rvh_gdb_serve); *where says where, to be freed. -1: error is set. */
int rv_link_listen(const char *spec, char **where, GError **error);
void rv_link_open(rv_gdb_link *l, int fd);
void rv_link_close(rv_gdb_link *l);
/* Waits for a packet and copies what is between $ and #, escapes undone only by the reader. */
rv_link_got rv_link_receive(rv_gdb_link *l, GString *packet);
/* What has come while the machine ran; never waits. */
rv_link_got rv_link_glance(rv_gdb_link *l);
bool rv_link_pending(const rv_gdb_link *l); /* bytes already read are waiting */
void rv_link_send(rv_gdb_link *l, const char *data, size_t n);

/* ---- the session ---- */

/* Stop at... (monitor break-on) */
typedef enum { RV_ON_NOTHING, RV_ON_EXIT, RV_ON_ENTRY, RV_ON_CAUSE } rv_gdb_on;

typedef struct {
  uint64_t addr;
  GPtrArray *conditions; /* of GByteArray; stops if one holds. NULL: always */
} rv_gdb_break;

typedef struct {
  char type; /* as in Z packets: '2' write, '3' read, '4' access */
  uint64_t addr, size;
} rv_gdb_watch;

typedef struct {
  rvh_machine *m;
  rv_gdb_link link;
  int listener; /* -1: only the one connection */
  GString *packet, *reply, *xml;
  rv_history *history; /* NULL until somebody connects */
  unsigned hart;       /* that g, G, p, P, m, M, X and monitor are about (Hg) */
  unsigned run_hart;   /* that s and c are about (Hc) */
  GArray *breaks;      /* of rv_gdb_break */
  GArray *watches;     /* of rv_gdb_watch */
  GArray *inserted;    /* of uint64_t: those the machine has */
  bool physical;       /* memory packets by physical address */
  rv_gdb_on on;
  bool on_interrupt; /* RV_ON_CAUSE: an interrupt */
  uint64_t on_cause;
  bool reached;              /* what `on` waits for has come */
  char action[RV_GDB_HARTS]; /* of the resumption under way: 's', 'c', or 0 */
  const rv_gdb_watch *hit;   /* the watchpoint of this stop, or NULL */
  uint64_t hit_at;
  int signal; /* of this stop */
  bool running, over;
  rvh_result result;
} rv_gdb;

/* Serves a connection (fd, or -1), which it closes, and then those a listener (or -1) accepts. The
 * machine must not run after it. */
rvh_result rv_gdb_session(rvh_machine *m, int listener, int fd, bool wait);

/* ---- gdb_agent.c ---- */

/* Evaluates a condition on a hart. What cannot be evaluated holds: gdb looks again itself. */
bool rv_gdb_condition(rvh_machine *m, unsigned hart, const uint8_t *code, size_t n);

/* ---- gdb_run.c ---- */

/* Carries out g->action until something stops the machine: g->signal, g->hart and g->hit say what;
 * g->signal 0: nothing that gdb wants to know (a byte came, or the machine ended). */
void rv_gdb_resume(rv_gdb *g);
void rv_gdb_seen(void *gdb, const rv_event *event); /* the history's callback */

/* ---- gdb_target.c ---- */

/* gdb's register numbers: x, pc, f, then CSRs by address; what is beyond is ours. */
enum {
  RV_GDB_PC = 32,
  RV_GDB_F0 = 33,
  RV_GDB_CSR0 = 65,
  RV_GDB_PRIV = RV_GDB_CSR0 + 4096,
  RV_GDB_OURS,
};
/* All registers are 64 bits wide. False: no such register, or not writable. */
bool rv_gdb_read_register(rvh_machine *m, unsigned hart, uint64_t number, uint64_t *value);
bool rv_gdb_write_register(rvh_machine *m, unsigned hart, uint64_t number, uint64_t value);
GString *rv_gdb_target_xml(void);

/* ---- gdb_monitor.c ---- */

void rv_gdb_monitor(rv_gdb *g, const char *line, FILE *out);
#endif
