/* test_sbi_pmu.c - the PMU extension: which counter counts which event, starting and stopping,
 * snapshots, overflows, and what the firmware counts of itself. [sbi ext-pmu]
 *
 * There is no engine: a test says that instructions have run.
 */
#include "priv/counter.h"
#include "sbi_fixture.h"

#define EXPECT(actual, expected) ck_assert_int_eq((int64_t)(actual), (int64_t)(expected))

enum { NUM, INFO, CONFIG, START, STOP, FW_READ, FW_READ_HI, SET_SHMEM, EVENT_INFO };
enum { HW = RV_COUNTERS, ALL = RV_COUNTERS + 16 };
enum {
  CYCLES = 1,
  INSTRUCTIONS = 2,
  CACHE = 0x10000,
  RAW = 0x20000,
  RAW_V2 = 0x30000,
  FW = 0xf0000
};
enum { SKIP = 1, CLEAR = 2, AUTO = 4, VUINH = 8, VSINH = 16, UINH = 32, SINH = 64, MINH = 128 };
enum { RESET = 1, TAKE = 2, INIT_VALUE = 1, INIT_SNAPSHOT = 2 };

static const uint64_t EVERY = (1ull << ALL) - 1;

static int64_t pmu(rv_hart *h, uint64_t fid, sbi_args args) { return ecall(h, EID_PMU, fid, args); }

/* The counter that an event got. */
static int64_t config(rv_hart *h, uint64_t mask, uint64_t flags, uint64_t event)
{
  const int64_t error = pmu(h, CONFIG, ARGS(0, mask, flags, event, 0));
  return error ? error : (int64_t)h->x[11];
}

static void run(rv_hart *h, unsigned n) { h->icount += n; }

static uint64_t counter(rv_hart *h, unsigned n) { return peek(h, CSR_cycle + n); }

static void without(rv_hart *h, rv_ext ext) { h->choice.ext &= ~(1ull << ext); }

/* cycle, time's gap, instret, the event counters, and the firmware's. */
START_TEST(counters)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(pmu(h, NUM, ARGS(0)), OK);
  EXPECT(h->x[11], ALL);
  for (unsigned n = 0; n < ALL; n++) {
    EXPECT(pmu(h, INFO, ARGS(n)), n == 1 ? INVALID_PARAM : OK);
    if (n != 1)
      EXPECT(h->x[11], n < HW ? 63 << 12 | (0xc00 + n) : 63 << 12 | 1ull << 63);
  }
  EXPECT(pmu(h, INFO, ARGS(ALL)), INVALID_PARAM);
  EXPECT(pmu(h, INFO, ARGS(~0ull)), INVALID_PARAM);
  tear_down(f);
}
END_TEST

/* Event counters first, one after the other; then cycle, which runs from the start, once. */
START_TEST(matching)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  for (unsigned n = 3; n < HW; n++)
    EXPECT(config(h, EVERY, 0, CYCLES), n);
  EXPECT(config(h, EVERY, UINH, CYCLES), NOT_SUPPORTED); /* cycle does not filter */
  EXPECT(config(h, EVERY, 0, CYCLES), 0);
  EXPECT(config(h, EVERY, 0, CYCLES), NOT_SUPPORTED);
  EXPECT(config(h, EVERY, 0, INSTRUCTIONS), 2);
  for (unsigned n = HW; n < ALL; n++)
    EXPECT(config(h, EVERY, 0, FW | 4), n);
  EXPECT(config(h, EVERY, 0, FW | 4), NOT_SUPPORTED);
  EXPECT(pmu(h, STOP, ARGS(5, 1, RESET)), ALREADY_STOPPED); /* gives it back */
  EXPECT(config(h, EVERY, 0, INSTRUCTIONS), 5);
  tear_down(f);
}
END_TEST

/* Only counters of the set, which is relative to its base. */
START_TEST(matching_in_a_set)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(pmu(h, CONFIG, ARGS(4, 1 << 2, 0, CYCLES, 0)), OK);
  EXPECT(h->x[11], 6);
  EXPECT(config(h, 1 << 2, 0, CYCLES), NOT_SUPPORTED);
  EXPECT(config(h, 1 << 1, 0, CYCLES), NOT_SUPPORTED); /* time */
  EXPECT(config(h, 0xff, 0, FW), NOT_SUPPORTED);
  EXPECT(config(h, ~0ull << HW & EVERY, 0, CYCLES), NOT_SUPPORTED);
  tear_down(f);
}
END_TEST

/* Without Sscofpmf cycle and instret come first; with Smcntrpmf they filter. */
START_TEST(matching_by_extension)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  without(h, EXT_Sscofpmf);
  EXPECT(config(h, EVERY, UINH, CYCLES), 0);
  EXPECT(config(h, EVERY, 0, CYCLES), 3);
  EXPECT(peek(h, CSR_mhpmevent3), 1);
  h->choice.ext |= 1ull << EXT_Sscofpmf | 1ull << EXT_Smcntrpmf;
  rv_sbi_start(f->sbi, h, KERNEL, 0);
  EXPECT(config(h, 1, UINH | VSINH, CYCLES), 0);
  EXPECT(peek(h, CSR_mcyclecfg), mhpmevent3_MINH | mhpmevent3_UINH | mhpmevent3_VSINH);
  tear_down(f);
}
END_TEST

START_TEST(matching_errors)
{
  static const uint64_t malformed[] = {
    11,      CACHE | 7 << 3, CACHE | 6, RAW | 1,    RAW_V2 | 1,     0x40000,
    0xe0000, FW | 22,        FW | 255,  FW | 65535, 1ull << 20 | 1, 1ull << 63 | 1
  };
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  for (unsigned i = 0; i < sizeof malformed / sizeof *malformed; i++)
    EXPECT(config(h, EVERY, 0, malformed[i]), INVALID_PARAM);
  EXPECT(config(h, EVERY, 0, 0), NOT_SUPPORTED);
  EXPECT(config(h, EVERY, 0, 3), NOT_SUPPORTED); /* cache references */
  EXPECT(config(h, EVERY, 0, CACHE), NOT_SUPPORTED);
  EXPECT(config(h, EVERY, 0, RAW), NOT_SUPPORTED); /* of no selector */
  EXPECT(config(h, EVERY, 1 << 8, CYCLES), INVALID_PARAM);
  EXPECT(config(h, 1ull << ALL | 1, 0, CYCLES), INVALID_PARAM);
  EXPECT(config(h, 0, 0, CYCLES), INVALID_PARAM);
  EXPECT(pmu(h, CONFIG, ARGS(~0ull, 3, 0, CYCLES, 0)), INVALID_PARAM);
  EXPECT(pmu(h, CONFIG, ARGS(ALL, 1, 0, CYCLES, 0)), INVALID_PARAM);
  tear_down(f);
}
END_TEST

/* Raw events, of either type, are mhpmevent's own numbers. */
START_TEST(raw_events)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(pmu(h, CONFIG, ARGS(0, EVERY, 0, RAW, 2)), OK);
  EXPECT(h->x[11], 3);
  EXPECT(peek(h, CSR_mhpmevent3) & mhpmevent3_Event, 2);
  EXPECT(pmu(h, CONFIG, ARGS(0, EVERY, 0, RAW_V2, 1)), OK);
  EXPECT(peek(h, CSR_mhpmevent4) & mhpmevent3_Event, 1);
  EXPECT(pmu(h, CONFIG, ARGS(0, EVERY, 0, RAW_V2, 3)), NOT_SUPPORTED);
  EXPECT(pmu(h, CONFIG, ARGS(0, EVERY, 0, RAW_V2, 1ull << 55 | 1)), NOT_SUPPORTED);
  tear_down(f);
}
END_TEST

/* SKIP_MATCH takes the first of the set, and no other. */
START_TEST(skip_match)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(config(h, 0xf0, SKIP, INSTRUCTIONS), 4);
  EXPECT(config(h, 0xf0, SKIP, CYCLES), 4);
  EXPECT(peek(h, CSR_mhpmevent4) & mhpmevent3_Event, 1);
  EXPECT(config(h, 0x101, SKIP, INSTRUCTIONS), NOT_SUPPORTED);
  EXPECT(config(h, 1, SKIP, CYCLES), 0);
  tear_down(f);
}
END_TEST

/* The SET_xINH flags are mhpmevent's; M-mode is never counted; nothing counts before the start. */
START_TEST(filters)
{
  static const struct {
    uint64_t flag, bit;
  } row[] = { { VUINH, mhpmevent3_VUINH },
              { VSINH, mhpmevent3_VSINH },
              { UINH, mhpmevent3_UINH },
              { SINH, mhpmevent3_SINH },
              { MINH, 0 } };
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  for (unsigned i = 0; i < 5; i++) {
    EXPECT(config(h, EVERY, row[i].flag | AUTO, INSTRUCTIONS), 3 + i);
    EXPECT(peek(h, CSR_mhpmevent3 + i), row[i].bit | mhpmevent3_MINH | 2);
  }
  run(h, 10);
  EXPECT(counter(h, 3), 10);
  EXPECT(counter(h, 6), 0); /* SINH, in HS-mode */
  tear_down(f);
}
END_TEST

/* The call itself takes no time: the next instruction reads exactly the value that was asked for.
 */
START_TEST(start_and_stop)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(config(h, EVERY, CLEAR, CYCLES), 3);
  run(h, 5);
  EXPECT(counter(h, 3), 0);
  EXPECT(pmu(h, START, ARGS(3, 1, INIT_VALUE, 100)), OK);
  EXPECT(counter(h, 3), 100);
  run(h, 7);
  EXPECT(counter(h, 3), 107);
  EXPECT(pmu(h, START, ARGS(3, 1, INIT_VALUE, 100)), ALREADY_STARTED);
  EXPECT(counter(h, 3), 108); /* the ecall is a cycle */
  EXPECT(pmu(h, STOP, ARGS(3, 1, 0)), OK);
  run(h, 7);
  EXPECT(counter(h, 3), 109);
  EXPECT(pmu(h, STOP, ARGS(3, 1, 0)), ALREADY_STOPPED);
  EXPECT(pmu(h, START, ARGS(3, 1, 0, 100)), OK); /* goes on from its value */
  EXPECT(counter(h, 3), 109);
  EXPECT(config(h, 1 << 3, SKIP | CLEAR, CYCLES), 3);
  EXPECT(counter(h, 3), 0);
  EXPECT(config(h, EVERY, CLEAR | AUTO, INSTRUCTIONS), 4);
  run(h, 3);
  EXPECT(counter(h, 4), 3);
  EXPECT(config(h, EVERY, AUTO, FW | 4), HW);
  EXPECT(counter(h, 4), 3); /* the ecall does not retire */
  tear_down(f);
}
END_TEST

/* cycle and instret run from the start and can be stopped. */
START_TEST(fixed_counters)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(pmu(h, START, ARGS(0, 5, 0)), ALREADY_STARTED);
  EXPECT(pmu(h, STOP, ARGS(0, 5, 0)), OK);
  const uint64_t cycle = counter(h, 0), instret = counter(h, 2);
  run(h, 9);
  EXPECT(counter(h, 0), cycle);
  EXPECT(pmu(h, START, ARGS(0, 4, 0)), OK);
  run(h, 9);
  EXPECT(counter(h, 0), cycle);
  EXPECT(counter(h, 2), instret + 9);
  tear_down(f);
}
END_TEST

/* Counters without an event are passed over; a set of nothing else is invalid. What could be done
 * is done, whatever the others say. */
START_TEST(sets)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(config(h, EVERY, 0, CYCLES), 3);
  EXPECT(pmu(h, START, ARGS(0, 0x1a, 0)), OK);
  EXPECT(pmu(h, START, ARGS(0, 0x12, 0)), INVALID_PARAM);
  EXPECT(pmu(h, STOP, ARGS(0, 0x12, 0)), INVALID_PARAM);
  EXPECT(config(h, EVERY, 0, CYCLES), 4);
  EXPECT(pmu(h, START, ARGS(3, 3, 0)), ALREADY_STARTED);
  EXPECT(pmu(h, STOP, ARGS(4, 1, 0)), OK);
  EXPECT(pmu(h, STOP, ARGS(3, 3, 0)), ALREADY_STOPPED);
  EXPECT(pmu(h, STOP, ARGS(3, 1, 0)), ALREADY_STOPPED);
  for (unsigned fid = START; fid <= STOP; fid++) {
    EXPECT(pmu(h, fid, ARGS(3, 0, 0)), INVALID_PARAM);
    EXPECT(pmu(h, fid, ARGS(ALL - 1, 2, 0)), INVALID_PARAM);
    EXPECT(pmu(h, fid, ARGS(~0ull, 2, 0)), INVALID_PARAM);
    EXPECT(pmu(h, fid, ARGS(3, 1, 4)), INVALID_PARAM);
  }
  EXPECT(pmu(h, START, ARGS(3, 1, INIT_VALUE | INIT_SNAPSHOT)), INVALID_PARAM); /* exclusive */
  tear_down(f);
}
END_TEST

/* ---- overflows ---- */

/* An overflow sets OF and LCOFIP; the next start arms the counter again once LCOFIP is cleared. */
START_TEST(overflow)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(config(h, EVERY, 0, INSTRUCTIONS), 3);
  EXPECT(pmu(h, START, ARGS(3, 1, INIT_VALUE, -10ull)), OK);
  EXPECT(rv_overflow_in(h), 10);
  run(h, 10);
  rv_counter_overflows(h);
  ck_assert(peek(h, CSR_sip) & sip_LCOFIP);
  EXPECT(peek(h, CSR_scountovf), 1 << 3);
  EXPECT(pmu(h, STOP, ARGS(3, 1, 0)), OK);
  EXPECT(pmu(h, START, ARGS(3, 1, INIT_VALUE, -10ull)), OK); /* not handled yet */
  EXPECT(peek(h, CSR_scountovf), 1 << 3);
  rv_csr_poke(h, CSR_sip, 0);
  EXPECT(pmu(h, STOP, ARGS(3, 1, 0)), OK);
  EXPECT(pmu(h, START, ARGS(3, 1, INIT_VALUE, -10ull)), OK);
  EXPECT(peek(h, CSR_scountovf), 0);
  EXPECT(rv_overflow_in(h), 10);
  EXPECT(pmu(h, STOP, ARGS(3, 1, RESET)), OK);
  EXPECT(rv_overflow_in(h), -1);
  tear_down(f);
}
END_TEST

/* ---- snapshots ---- */

static uint64_t word(fixture *f, uint64_t pa)
{
  uint64_t value = 0;
  ck_assert(rv_phys_read(&f->phys, pa, &value, sizeof value));
  return value;
}

/* Values and overflow bits relative to the base; what is not of the set keeps. */
START_TEST(snapshot_taken)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const uint64_t other = 0x5555;
  ck_assert(rv_phys_write(&f->phys, RAM + 8, &other, sizeof other));
  EXPECT(pmu(h, SET_SHMEM, ARGS(RAM, 0, 0)), OK);
  EXPECT(config(h, EVERY, 0, INSTRUCTIONS), 3);
  EXPECT(config(h, EVERY, 0, CYCLES), 4);
  EXPECT(config(h, EVERY, AUTO, FW | 5), HW);
  EXPECT(ecall(h, EID_TIME, 0, ARGS(~0ull)), OK);
  EXPECT(pmu(h, START, ARGS(4, 1, INIT_VALUE, -10ull)), OK);
  EXPECT(pmu(h, START, ARGS(3, 1, INIT_VALUE, 50)), OK);
  run(h, 20);
  rv_counter_overflows(h);
  EXPECT(pmu(h, STOP, ARGS(2, 6 | 1 << (HW - 2), TAKE)), OK);
  EXPECT(word(f, RAM), 1 << 2);
  EXPECT(word(f, RAM + 8), other);
  EXPECT(word(f, RAM + 16), 70);
  EXPECT(word(f, RAM + 24), 12); /* two ecalls are cycles, too */
  EXPECT(word(f, RAM + 8 + 8 * (HW - 2)), 1);
  tear_down(f);
}
END_TEST

START_TEST(snapshot_given)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const uint64_t values[] = { 7, 1000, 2000 };
  EXPECT(config(h, EVERY, 0, CYCLES), 3);
  EXPECT(config(h, EVERY, 0, INSTRUCTIONS), 4);
  EXPECT(pmu(h, START, ARGS(3, 3, INIT_SNAPSHOT)), NO_SHMEM);
  EXPECT(pmu(h, STOP, ARGS(3, 3, TAKE)), NO_SHMEM);
  EXPECT(pmu(h, SET_SHMEM, ARGS(RAM + 4096, 0, 0)), OK);
  ck_assert(rv_phys_write(&f->phys, RAM + 4096, values, sizeof values));
  EXPECT(pmu(h, START, ARGS(3, 3, INIT_SNAPSHOT)), OK);
  EXPECT(counter(h, 3), 1000);
  EXPECT(counter(h, 4), 2000);
  EXPECT(pmu(h, STOP, ARGS(3, 3, 0)), OK);
  EXPECT(pmu(h, START, ARGS(64 * 64, 1 << 4, INIT_SNAPSHOT)), OK); /* as Linux says 0 */
  EXPECT(pmu(h, START, ARGS(64 * 64, 1 << 4, 0)), INVALID_PARAM);
  EXPECT(pmu(h, SET_SHMEM, ARGS(~0ull, ~0ull, 0)), OK); /* no more */
  EXPECT(pmu(h, STOP, ARGS(3, 3, TAKE)), NO_SHMEM);
  tear_down(f);
}
END_TEST

START_TEST(snapshot_errors)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(pmu(h, SET_SHMEM, ARGS(RAM, 0, 1)), INVALID_PARAM);
  EXPECT(pmu(h, SET_SHMEM, ARGS(~0ull, ~0ull, 1)), INVALID_PARAM);
  EXPECT(pmu(h, SET_SHMEM, ARGS(RAM + 2048, 0, 0)), INVALID_PARAM);
  EXPECT(pmu(h, SET_SHMEM, ARGS(RAM, 1, 0)), INVALID_ADDRESS);
  EXPECT(pmu(h, SET_SHMEM, ARGS(ROM, 0, 0)), INVALID_ADDRESS);
  EXPECT(pmu(h, SET_SHMEM, ARGS(RAM + RAM_SIZE, 0, 0)), INVALID_ADDRESS);
  tear_down(f);
}
END_TEST

/* ---- firmware events ---- */

static uint64_t fw(rv_hart *h, unsigned n)
{
  EXPECT(pmu(h, FW_READ, ARGS(n)), OK);
  return h->x[11];
}

/* Requests of hart 0 to hart 2, and to itself, which is no other hart. */
START_TEST(sent_and_received)
{
  static const struct {
    uint64_t eid, fid, sent;
  } row[] = { { EID_IPI, 0, 6 },     { EID_RFENCE, 0, 8 },  { EID_RFENCE, 1, 10 },
              { EID_RFENCE, 2, 12 }, { EID_RFENCE, 4, 14 }, { EID_RFENCE, 3, 16 },
              { EID_RFENCE, 6, 18 }, { EID_RFENCE, 5, 20 } };
  fixture *f = set_up();
  rv_hart *h = f->harts[0], *other = f->harts[2];
  start_all(f);
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
    EXPECT(config(h, EVERY, AUTO, FW | row[i].sent), HW + i);
    EXPECT(config(other, EVERY, AUTO, FW | (row[i].sent + 1)), HW + i);
    EXPECT(ecall(h, row[i].eid, row[i].fid, ARGS(5, 0, 0, 0, 0)), OK);
    EXPECT(fw(h, HW + i), 1);
    EXPECT(fw(other, HW + i), 1);
  }
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++) /* none counted for another */
    EXPECT(fw(h, HW + i) + fw(other, HW + i), 2);
  EXPECT(ecall(h, EID_IPI, 0, ARGS(9, 0)), INVALID_PARAM);
  EXPECT(fw(h, HW), 1);
  EXPECT(ecall(h, 4, 0, ARGS(0)), 0); /* legacy, to all: two others */
  EXPECT(fw(h, HW), 3);
  tear_down(f);
}
END_TEST

/* Traps that M-mode hands on, and timers. */
START_TEST(traps_and_timers)
{
  static const unsigned cause[] = { CAUSE_LOAD_MISALIGNED, CAUSE_STORE_MISALIGNED,
                                    CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS, CAUSE_ILLEGAL };
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  rv_csr_poke(h, CSR_stvec, KERNEL);
  for (unsigned i = 0; i < 6; i++)
    EXPECT(config(h, EVERY, AUTO, FW | i), HW + i);
  for (unsigned i = 0; i < 5; i++)
    for (unsigned k = 0; k <= i; k++)
      rv_take_trap(h, &(rv_trap){ .cause = cause[i], .why = WHY_NONE });
  EXPECT(ecall(h, 0, 0, ARGS(~0ull)), 0);
  EXPECT(ecall(h, EID_TIME, 0, ARGS(~0ull)), OK);
  for (unsigned i = 0; i < 5; i++)
    EXPECT(fw(h, HW + i), i + 1);
  EXPECT(fw(h, HW + 5), 2);
  tear_down(f);
}
END_TEST

/* Start, stop, values and reads of firmware counters. A hart that starts again has none. */
START_TEST(firmware_counter)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  EXPECT(config(h, EVERY, 0, FW | 5), HW);
  EXPECT(ecall(h, EID_TIME, 0, ARGS(~0ull)), OK);
  EXPECT(fw(h, HW), 0);
  EXPECT(pmu(h, START, ARGS(HW, 1, INIT_VALUE, 40)), OK);
  EXPECT(pmu(h, START, ARGS(HW, 1, 0)), ALREADY_STARTED);
  EXPECT(ecall(h, EID_TIME, 0, ARGS(~0ull)), OK);
  EXPECT(fw(h, HW), 41);
  EXPECT(pmu(h, FW_READ_HI, ARGS(HW)), OK);
  EXPECT(h->x[11], 0);
  EXPECT(pmu(h, STOP, ARGS(HW, 1, 0)), OK);
  EXPECT(pmu(h, STOP, ARGS(HW, 1, 0)), ALREADY_STOPPED);
  EXPECT(ecall(h, EID_TIME, 0, ARGS(~0ull)), OK);
  EXPECT(fw(h, HW), 41);
  for (unsigned fid = FW_READ; fid <= FW_READ_HI; fid++) {
    EXPECT(pmu(h, fid, ARGS(3)), INVALID_PARAM);
    EXPECT(pmu(h, fid, ARGS(HW + 1)), INVALID_PARAM); /* counts nothing */
    EXPECT(pmu(h, fid, ARGS(ALL)), INVALID_PARAM);
  }
  rv_sbi_start(f->sbi, h, KERNEL, 0);
  EXPECT(pmu(h, FW_READ, ARGS(HW)), INVALID_PARAM);
  tear_down(f);
}
END_TEST

/* ---- event_get_info ---- */

typedef struct {
  uint32_t event, output;
  uint64_t data;
} info;

/* Whether an event can be counted, free counter or not. Output is written whole. */
START_TEST(event_info)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const info e[] = { { CYCLES, 0xaaaaaaaa, 0 }, { INSTRUCTIONS, 0, 0 }, { 3, 0xffffffff, 0 },
                     { FW | 21, 0, 0 },         { FW | 22, 1, 0 },      { RAW, 0, 2 },
                     { RAW_V2, 1, 7 },          { CACHE, 1, 0 },        { 0x50000, 1, 0 } };
  static const uint32_t expected[] = { 1, 1, 0, 1, 0, 1, 0, 0, 0 };
  info out[9];
  ck_assert(rv_phys_write(&f->phys, RAM, e, sizeof e));
  EXPECT(pmu(h, EVENT_INFO, ARGS(RAM, 0, 9, 0)), OK);
  ck_assert(rv_phys_read(&f->phys, RAM, out, sizeof out));
  for (unsigned i = 0; i < 9; i++) {
    EXPECT(out[i].output, expected[i]);
    EXPECT(out[i].event, e[i].event);
    EXPECT(out[i].data, e[i].data);
  }
  tear_down(f);
}
END_TEST

START_TEST(event_info_errors)
{
  fixture *f = set_up();
  rv_hart *h = f->harts[0];
  const info e[] = { { CYCLES, 9, 0 }, { 1 << 20 | CYCLES, 9, 0 } };
  info out;
  ck_assert(rv_phys_write(&f->phys, RAM, e, sizeof e));
  EXPECT(pmu(h, EVENT_INFO, ARGS(RAM, 0, 2, 0)), INVALID_PARAM); /* and nothing is written */
  ck_assert(rv_phys_read(&f->phys, RAM, &out, sizeof out));
  EXPECT(out.output, 9);
  EXPECT(pmu(h, EVENT_INFO, ARGS(RAM, 0, 1, 1)), INVALID_PARAM);
  EXPECT(pmu(h, EVENT_INFO, ARGS(RAM + 8, 0, 1, 0)), INVALID_PARAM);
  EXPECT(pmu(h, EVENT_INFO, ARGS(RAM, 1, 1, 0)), INVALID_ADDRESS);
  EXPECT(pmu(h, EVENT_INFO, ARGS(ROM, 0, 1, 0)), INVALID_ADDRESS);
  EXPECT(pmu(h, EVENT_INFO, ARGS(RAM + RAM_SIZE - 16, 0, 2, 0)), INVALID_ADDRESS);
  EXPECT(pmu(h, EVENT_INFO, ARGS(RAM, 0, 1ull << 60, 0)), INVALID_ADDRESS);
  tear_down(f);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, counters);
  tcase_add_test(tc, matching);
  tcase_add_test(tc, matching_in_a_set);
  tcase_add_test(tc, matching_by_extension);
  tcase_add_test(tc, matching_errors);
  tcase_add_test(tc, raw_events);
  tcase_add_test(tc, skip_match);
  tcase_add_test(tc, filters);
  tcase_add_test(tc, start_and_stop);
  tcase_add_test(tc, fixed_counters);
  tcase_add_test(tc, sets);
  tcase_add_test(tc, overflow);
  tcase_add_test(tc, snapshot_taken);
  tcase_add_test(tc, snapshot_given);
  tcase_add_test(tc, snapshot_errors);
  tcase_add_test(tc, sent_and_received);
  tcase_add_test(tc, traps_and_timers);
  tcase_add_test(tc, firmware_counter);
  tcase_add_test(tc, event_info);
  tcase_add_test(tc, event_info_errors);
}
UNIT_MAIN("sbi_pmu", add_tests)
