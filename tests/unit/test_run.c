/* test_run.c - run.c, run_tail.c, run_switch.c, run_step.c, slow.c: the engine against itself.
 *
 * Random programs run once by rv_run with random budgets and once by rv_step one by one, in two
 * worlds; wherever the engine stops, both must be equal in everything. Programs are mostly garbage
 * after a while (they overwrite themselves): that is the point, and both must agree on it.
 */
#include "world.h"

#ifdef RVH_DISPATCH_SWITCH
enum { PROGRAMS = 600 }; /* sanitizers are slow */
#else
enum { PROGRAMS = 2000 };
#endif
enum { PATCHES = 6 };
/* Pages of RAM: 0 handler, 1..3 code, 4..6 data, 8.. page tables. */
static const uint64_t HANDLER = RAM, CODE = RAM + 0x1000, DATA = RAM + 0x5000,
                      TABLES = RAM + 0x8000;
/* Virtual pages from VA on: code pages 1 2 1 3, data 4 5 6, 5 read-only, none, device, 1 as data */
static const uint64_t VA = 0x40000000;
static const uint8_t virtual_page[] = { 1, 2, 1, 3, 4, 5, 6, 5, 0, 0, 1, 2 };
enum { N_VIRTUAL = 12, DATA_VPAGE = 4, READ_ONLY_VPAGE = 7, NO_VPAGE = 8, DEVICE_VPAGE = 9 };

static uint64_t seed;
static uint64_t rnd(uint64_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (seed >> 11) % n;
}

/* ---- programs ---- */

/* x registers a program should leave alone: pointers, patches, the handler's. Chance writes to them
 * are no harm, only less interesting. */
enum { X_DATA = 8, X_CODE = 9, X_DEVICE = 10, X_RETURN = 1, X_PATCH = 20 };
static bool is_kept(unsigned r)
{
  return (r >= X_DATA && r <= X_DEVICE) || r == 2 || (r >= X_PATCH && r < X_PATCH + PATCHES) ||
         r >= 30;
}

static const rv_insn_row *row_named(const char *text)
{
  unsigned n;
  const rv_insn_row *r = rv_insn_rows(&n);
  for (unsigned i = 0; i < n; i++)
    if (!strcmp(r[i].text, text))
      return &r[i];
  ck_abort_msg("no row %s", text);
}

static uint32_t with(uint32_t bits, unsigned lo, unsigned width, uint32_t value)
{
  const uint32_t mask = ((1u << width) - 1) << lo;
  return (bits & ~mask) | (value << lo & mask);
}

/* CSRs that are worth touching in mid-program. */
static const uint16_t csrs[] = {
  CSR_minstret, CSR_mcycle,        CSR_instret,  CSR_cycle,   CSR_time, CSR_mscratch,
  CSR_fflags,   CSR_frm,           CSR_fcsr,     CSR_mie,     CSR_mip,  CSR_sscratch,
  CSR_sstatus,  CSR_mcountinhibit, CSR_stimecmp, CSR_mstatus, CSR_satp, 0x7c0,
  CSR_mhpmcounter3, CSR_mhpmevent3, CSR_hpmcounter4, CSR_scountovf
};

static uint32_t branch_to(const rv_insn_row *row, uint32_t bits, int32_t off)
{
  const uint32_t u = off;
  if (row->kind == RV_KIND_JAL)
    return with(with(with(with(bits, 31, 1, u >> 20), 21, 10, u >> 1), 20, 1, u >> 11), 12, 8,
                u >> 12);
  return with(with(with(with(bits, 31, 1, u >> 12), 25, 6, u >> 5), 8, 4, u >> 1), 7, 1, u >> 11);
}

/* Bits of a random instruction. off: its offset from the start of code, size that of all code. */
static uint32_t random_insn(unsigned off, unsigned size)
{
  unsigned n;
  const rv_insn_row *rows = rv_insn_rows(&n);
  for (;;) {
    const rv_insn_row *row = &rows[rnd(n)];
    const unsigned dice = rnd(100);
    if (dice < 6)
      row = row_named(dice < 2 ? "jal" : dice < 4 ? "bne" : "bgeu");
    else if (dice < 14)
      row = row_named(dice < 8 ? "ld" : dice < 10 ? "sw" : dice < 12 ? "sd" : "lw");
    else if (dice < 17)
      row = row_named("csrrs");
    else if (dice < 20)
      row = row_named(dice < 19 ? "jalr" : "sh");
    uint32_t bits = row->match | ((uint32_t)rnd(1ull << 32) & ~row->mask);
    rv_insn d;
    if (!rv_decode(row->compressed ? bits & 0xffff : bits, &d))
      continue;
    const unsigned kind = row->kind;
    const bool writes_x = kind != RV_KIND_BRANCH && kind != RV_KIND_STORE &&
                          kind != RV_KIND_FSTORE && kind != RV_KIND_FF && kind != RV_KIND_FX &&
                          kind != RV_KIND_FI && kind != RV_KIND_FLOAD;
    if (writes_x && (is_kept(d.rd) || (d.op == OP_amocas_q && is_kept(d.rd + 1))))
      continue;
    if ((kind == RV_KIND_BRANCH || kind == RV_KIND_JAL) && !row->compressed)
      bits = branch_to(row, bits, (int32_t)(rnd(size / 2) * 2) - (int32_t)off);
    if (!row->compressed &&
        (kind == RV_KIND_LOAD || kind == RV_KIND_STORE || kind == RV_KIND_FLOAD ||
         kind == RV_KIND_FSTORE || kind == RV_KIND_AMO)) {
      const unsigned base = rnd(20);
      bits = with(bits, 15, 5, base < 13 ? X_DATA : base < 18 ? X_CODE : X_DEVICE);
      if ((kind == RV_KIND_STORE) && base >= 13 && base < 18)
        bits = with(bits, 20, 5, X_PATCH + rnd(PATCHES));
    }
    if (d.op == OP_jalr && !row->compressed)
      bits = with(bits, 15, 5, rnd(3) ? X_CODE : X_RETURN);
    if (d.op >= OP_csrrw && d.op <= OP_csrrci)
      bits = with(bits, 20, 12, csrs[rnd(sizeof csrs / sizeof *csrs)]);
    if (!strncmp(row->text, "hsv", 3) ||
        !strncmp(row->text, "hlv", 3)) /* from M: bare, all of RAM */
      bits = with(with(bits, 15, 5, rnd(2) ? X_DATA : X_CODE), 20, 5,
                  row->text[1] == 's' ? X_PATCH + rnd(PATCHES) : bits >> 20);
    if (d.op == OP_mret || d.op == OP_sret)
      continue;
    return bits;
  }
}

static void write_program(uint8_t *code, unsigned size)
{
  for (unsigned off = rnd(2) * 2; off + 4 <= size;) {
    const uint32_t bits = random_insn(off, size);
    const unsigned len = (bits & 3) == 3 ? 4 : 2;
    memcpy(code + off, &bits, len);
    off += len;
  }
}

/* Skips the instruction that trapped; a fetch fault starts over; an interrupt disables all. */
static const char handler[] =
    "csrrs t5,mcause,zero; blt t5,zero,0x800000c0; addi t6,t5,-1; beq t6,zero,0x80000080;"
    "addi t6,t5,-12; beq t6,zero,0x80000080; addi t6,t5,-20; beq t6,zero,0x80000080;"
    "csrrs t6,mepc,zero; addi t6,t6,2; csrrw zero,mepc,t6; mret";
static const char restart[] = "ld t6,0x100(sp); csrrw zero,mepc,t6; mret";
static const char silence[] = "csrrw zero,mie,zero; mret";

/* ---- worlds ---- */

typedef enum { BARE_M, BARE_U, SV39_S, SV39_VS, SV39_MPRV, N_MODES } run_mode;

static void map_pages(world *w)
{
  const uint64_t l1 = TABLES + 0x1000, l0 = TABLES + 0x2000;
  world_poke64(w, TABLES + (VA >> 30 & 511) * 8, (l1 >> 12) << 10 | 1);
  world_poke64(w, TABLES + 2 * 8,
               (RAM >> 12) << 10 | 0xc7); /* identity, for MPRV: RAM is 1 GiB up */
  world_poke64(w, l1, (l0 >> 12) << 10 | 1);
  for (unsigned i = 0; i < N_VIRTUAL; i++) {
    uint64_t pte = (RAM / 4096 + virtual_page[i]) << 10 | 0xcf; /* D A X W R V */
    if (i == READ_ONLY_VPAGE)
      pte &= ~0x84ull;
    if (i == NO_VPAGE)
      pte = 0;
    if (i == DEVICE_VPAGE)
      pte = (DEV / 4096) << 10 | 0xc7;
    world_poke64(w, l0 + 8 * i, pte);
  }
}

static void enter_mode(rv_hart *h, run_mode mode)
{
  const uint64_t atp = 8ull << 60 | TABLES >> 12;
  const bool virtual = mode == SV39_S || mode == SV39_VS;
  h->csr.mtvec = HANDLER;
  h->csr.mstatus |= mstatus_FS;
  h->csr.mcounteren = h->csr.hcounteren = h->csr.scounteren = 7;
  h->s[0].timecmp = h->s[1].timecmp = ~0ull;
  if (virtual || mode == SV39_MPRV)
    h->s[mode == SV39_VS].atp = atp;
  if (mode == SV39_VS) {
    h->v = true;
    h->s[1].status |= vsstatus_FS;
  }
  if (mode == SV39_MPRV)
    h->csr.mstatus |= mstatus_MPRV | 1ull << 11; /* MPP = S */
  h->prv = virtual ? PRV_S : mode == BARE_U ? PRV_U : PRV_M;
  h->pc = virtual ? VA : CODE;
  const bool paged = virtual || mode == SV39_MPRV;
  h->x[2] = RAM;
  h->x[X_DATA] = paged ? VA + (DATA_VPAGE + 1) * 4096 : DATA;
  h->x[X_CODE] = paged && mode != SV39_MPRV ? VA + 4096 + 64 : CODE + 0x1000 + 64;
  h->x[X_DEVICE] = paged ? VA + DEVICE_VPAGE * 4096 : DEV;
  h->x[X_RETURN] = h->pc + 128;
  rv_regime_changed(h);
  rv_irq_update(h);
}

/* The same program, registers and memory in any number of worlds. */
static void start(world *w, uint64_t program, run_mode mode)
{
  static uint8_t image[RAM_SIZE];
  seed = program * 0x9e3779b97f4a7c15ull + 1;
  memset(image, 0, sizeof image);
  const unsigned size = rnd(4) ? 3 * 4096 : 64 + rnd(400) * 2;
  write_program(image + (CODE - RAM), 3 * 4096);
  if (size < 3 * 4096) /* a short loop: branches go everywhere in little code */
    write_program(image + (CODE - RAM), size);
  for (unsigned i = 0; i < 3 * 4096; i++)
    image[DATA - RAM - 4096 + i] = rnd(256);
  const uint64_t entry = mode == SV39_S || mode == SV39_VS ? VA : CODE;
  memcpy(image + 0x100, &entry, 8);
  world_poke(w, RAM, image, sizeof image);
  world_asm(w, HANDLER, handler);
  world_asm(w, HANDLER + 0x80, restart);
  world_asm(w, HANDLER + 0xc0, silence);
  map_pages(w);
  for (unsigned i = 0; i < w->n; i++) {
    rv_hart *h = w->harts[i];
    world_reset_hart(w, h);
    for (unsigned r = 1; r < 32; r++)
      h->x[r] = rnd(3) ? rnd(256) : (uint64_t)rnd(1ull << 53) << 11 | rnd(2048);
    for (unsigned r = 0; r < 32; r++)
      h->f[r] = rnd(2) ? ~0ull << 32 | rnd(1ull << 32) : (uint64_t)rnd(1ull << 53) << 11;
    for (unsigned r = 0; r < PATCHES; r++)
      h->x[X_PATCH + r] = random_insn(4096, 3 * 4096);
    enter_mode(h, mode);
  }
  w->accesses = 0;
}

/* ---- equal? ---- */

static void compare(const world *a, const world *b, unsigned i, uint64_t program)
{
  const rv_hart *x = a->harts[i], *y = b->harts[i];
#define SAME(field)                                                                                \
  ck_assert_msg(!memcmp(&x->field, &y->field, sizeof x->field),                                    \
                "program %" PRIu64 " hart %u after %" PRIu64 ": " #field " differs (pc %" PRIx64   \
                " %" PRIx64 ")",                                                                   \
                program, i, y->icount, x->pc, y->pc)
  SAME(icount);
  SAME(pc);
  SAME(prv);
  SAME(v);
  for (unsigned r = 0; r < 32; r++)
    SAME(x[r]);
  SAME(f);
  SAME(unretired);
  SAME(counter);
  SAME(counting);
  SAME(csr);
  SAME(s);
  SAME(wfi);
  SAME(attention);
  SAME(ip_lines);
  SAME(reservation);
  SAME(loop);
#undef SAME
  ck_assert_uint_eq(a->accesses, b->accesses);
  ck_assert_uint_eq(a->last_icount, b->last_icount);
  ck_assert_msg(!memcmp(a->phys.region[0].host, b->phys.region[0].host, RAM_SIZE),
                "program %" PRIu64 " hart %u after %" PRIu64 ": memory differs", program, i,
                y->icount);
}

/* As the machine does: no other hart holds a reservation, since stores by the fast path tell nobody. */
static void drop_reservations(world *w, unsigned but)
{
  for (unsigned i = 0; i < w->n; i++)
    if (i != but)
      w->harts[i]->reservation = ~0ull;
}

/* One turn of the engine, as long as it goes by itself; then the same number of single steps. */
static void turn(world *fast, world *slow, unsigned i, uint64_t budget, bool exact,
                 uint64_t program)
{
  rv_hart *h = fast->harts[i];
  const uint64_t before = h->icount;
  drop_reservations(fast, i);
  drop_reservations(slow, i);
  fast->now = h;
  if (exact) {
    world_run(fast, h, budget);
  } else {
    if (h->attention && !rv_take_interrupt(h))
      rv_irq_update(h);
    h->leave = h->wfi = false;
    rv_run(h, rv_overflow_in(h) < budget ? rv_overflow_in(h) : budget);
    rv_counter_overflows(h);
    ck_assert_msg(h->icount - before <= budget, "program %" PRIu64 ": budget exceeded", program);
  }
  rv_hart *s = slow->harts[i];
  if (h->icount == before) { /* what the engine did before anything ran */
    if (s->attention && !rv_take_interrupt(s))
      rv_irq_update(s);
    s->wfi = false;
  }
  world_step(slow, s, h->icount - before);
  compare(fast, slow, i, program);
}

static uint64_t random_budget(void)
{
  static const uint8_t small[] = { 1, 2, 3, 63, 64, 65, 127, 128, 129 };
  return rnd(3) ? 1 + rnd(300) : small[rnd(sizeof small)];
}

/* Returns how often the arena was retired. */
static uint64_t compare_programs(unsigned first, unsigned n, unsigned harts, size_t arena)
{
  world *fast = NULL, *slow = NULL;
  uint64_t retired = 0;
  for (unsigned p = first; p < first + n; p++) {
    if (p % 16 == 0 || !fast) {
      if (fast) {
        retired += fast->code->retired;
        world_free(fast);
        world_free(slow);
      }
      fast = world_new(harts, arena);
      slow = world_new(harts, RV_CODE_DEFAULT);
    }
    start(fast, p, p % N_MODES);
    start(slow, p, p % N_MODES);
    for (unsigned t = 0; t < 14 * harts; t++)
      turn(fast, slow, rnd(harts), random_budget(), rnd(2), p);
  }
  world_free(fast);
  world_free(slow);
  return retired;
}

START_TEST(engine_and_single_steps_agree) { compare_programs(0, PROGRAMS, 1, RV_CODE_DEFAULT); }
END_TEST

/* Retirement: every few programs the arena is full, in the middle of runs. */
START_TEST(engine_and_single_steps_agree_in_a_tiny_arena)
{
  ck_assert_uint_gt(compare_programs(10000, PROGRAMS / 5, 1, 64 << 10), PROGRAMS / 50);
}
END_TEST

/* One hart's stores make the other's blocks stale between its turns. */
START_TEST(harts_that_share_blocks_agree_with_single_steps)
{
  compare_programs(20000, PROGRAMS / 6, 3, 256 << 10);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, engine_and_single_steps_agree);
  tcase_add_test(tc, engine_and_single_steps_agree_in_a_tiny_arena);
  tcase_add_test(tc, harts_that_share_blocks_agree_with_single_steps);
}

UNIT_MAIN("run", add_tests)
