/* sbi_fixture.h - three harts with the built-in firmware and no engine: a test makes a hart take a
 * trap, and looks at what the firmware did.
 */
#ifndef RVH_TESTS_SBI_FIXTURE_H
#define RVH_TESTS_SBI_FIXTURE_H
#include "core_fixture.h"
#include "sbi/sbi.h"

enum { N_HARTS = 3, RAM_SIZE = CORE_RAM_SIZE };
static const uint64_t RAM = CORE_RAM, ROM = 0x20000000, KERNEL = 0x80020000;

enum {
  EID_BASE = 0x10,
  EID_TIME = 0x54494D45,
  EID_IPI = 0x735049,
  EID_RFENCE = 0x52464E43,
  EID_HSM = 0x48534D,
  EID_SRST = 0x53525354,
  EID_DBCN = 0x4442434E,
  EID_PMU = 0x504D55,
  EID_SUSP = 0x53555350,
  EID_FWFT = 0x46574654,
  EID_SSE = 0x535345,
};
enum {
  OK = 0,
  NOT_SUPPORTED = -2,
  INVALID_PARAM = -3,
  DENIED = -4,
  INVALID_ADDRESS = -5,
  ALREADY_AVAILABLE = -6,
  ALREADY_STARTED = -7,
  ALREADY_STOPPED = -8,
  NO_SHMEM = -9,
  DENIED_LOCKED = -14,
};

typedef struct {
  rv_phys phys;
  rv_hart *harts[N_HARTS];
  rv_env env;
  rv_sbi *sbi;
  uint64_t now, mtimecmp;
  unsigned timer_changes;
  char out[1024];
  size_t n_out;
  const char *in;
  unsigned n_power, n_hints, n_events;
  bool reset;
  int code;
  uint64_t pc_at_power;
  char reason[100], hint[200];
  rv_event event;
} fixture;

static uint64_t on_time(void *ctx) { return ((fixture *)ctx)->now; }
static void on_timer(void *ctx, rv_hart *h) { ((fixture *)ctx)->timer_changes++; }
static void on_event(void *ctx, rv_hart *h, const rv_event *e)
{
  ((fixture *)ctx)->event = *e;
  ((fixture *)ctx)->n_events++;
}
static bool on_trap(void *ctx, rv_hart *h, const rv_trap *t)
{
  return rv_sbi_trap(((fixture *)ctx)->sbi, h, t);
}
static void on_write(void *ctx, const uint8_t *b, size_t n)
{
  fixture *f = ctx;
  ck_assert_uint_le(f->n_out + n, sizeof f->out);
  memcpy(f->out + f->n_out, b, n);
  f->n_out += n;
}
static int on_read(void *ctx)
{
  fixture *f = ctx;
  return f->in && *f->in ? (uint8_t)*f->in++ : -1;
}
static void on_power(void *ctx, bool reset, int code, const char *reason)
{
  fixture *f = ctx;
  f->n_power++;
  f->reset = reset;
  f->code = code;
  f->pc_at_power = f->harts[0]->pc;
  strncpy(f->reason, reason, sizeof f->reason - 1);
}
static void on_mtimecmp(void *ctx, rv_hart *h, uint64_t when) { ((fixture *)ctx)->mtimecmp = when; }
static void on_hint(void *ctx, rv_hart *h, const char *id, const char *text)
{
  fixture *f = ctx;
  f->n_hints++;
  strncpy(f->hint, text, sizeof f->hint - 1);
}

/* Hart 0 is in HS-mode at KERNEL, the others are stopped. */
static fixture *set_up(void)
{
  fixture *f = calloc(1, sizeof *f);
  ck_assert_ptr_nonnull(f);
  core_set_phys(&f->phys, f->harts, N_HARTS);
  ck_assert_ptr_nonnull(rv_phys_add(&f->phys, ROM, 4096, true));
  f->env = (rv_env){
    .ctx = f, .time = on_time, .timer_changed = on_timer, .event = on_event, .firmware = on_trap
  };
  for (unsigned i = 0; i < N_HARTS; i++)
    f->harts[i] = core_new_hart(&f->phys, &f->env, i);
  f->now = 1000;
  f->sbi = rv_sbi_new(&(rv_sbi_host){ .ctx = f,
                                      .harts = f->harts,
                                      .n_harts = N_HARTS,
                                      .phys = &f->phys,
                                      .console_write = on_write,
                                      .console_read = on_read,
                                      .power = on_power,
                                      .set_mtimecmp = on_mtimecmp,
                                      .hint = on_hint });
  rv_sbi_start(f->sbi, f->harts[0], KERNEL, 0x1234);
  return f;
}

static void tear_down(fixture *f)
{
  rv_sbi_free(f->sbi);
  for (unsigned i = 0; i < N_HARTS; i++)
    core_free_hart(f->harts[i]);
  rv_phys_free(&f->phys);
  free(f);
}

typedef struct {
  uint64_t a[6];
} sbi_args;
#define ARGS(...) ((sbi_args){ { __VA_ARGS__ } })

/* An ecall from HS-mode; a0 afterwards. */
static inline int64_t ecall(rv_hart *h, uint64_t eid, uint64_t fid, sbi_args args)
{
  memcpy(&h->x[10], args.a, sizeof args.a);
  h->x[16] = fid;
  h->x[17] = eid;
  rv_take_trap(h, &(rv_trap){ .cause = CAUSE_ECALL_HS, .why = WHY_ECALL });
  return h->x[10];
}

static inline uint64_t peek(rv_hart *h, unsigned csr) { return core_peek(h, csr); }

static inline void start_all(fixture *f)
{
  for (unsigned i = 1; i < N_HARTS; i++)
    rv_sbi_start(f->sbi, f->harts[i], KERNEL, 0);
}
#endif
