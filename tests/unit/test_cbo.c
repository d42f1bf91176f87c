/* test_cbo.c - cache-block operations: who may execute them, what they are allowed to touch, what
 * they do to memory and to A and D, and how they fault. In the stepped engine and in the fast one.
 * [unpriv cmo; H-097, H-101 .. H-104, H-145, H-402, H-413, H-468]
 */
#include "core_fixture.h"
#include "mmu/pmp.h"

#define BIT(n) (1ull << (n))
enum { CLEAN, FLUSH, INVAL, ZERO, N_OPERATIONS };
static const char *const texts[] = { "cbo.clean (a0)", "cbo.flush (a0)", "cbo.inval (a0)",
                                     "cbo.zero (a0)" };
/* The fields CBIE, CBCFE, CBZE are in the same place of all three envcfg. */
static const uint64_t fields[] = {
  [CLEAN] = BIT(6), [FLUSH] = BIT(6), [INVAL] = 3 << 4, [ZERO] = BIT(7)
};
enum { CBO_ON = 0xf0, BLOCK = 64 };

static uint32_t bits_of(unsigned operation)
{
  unsigned len;
  return assemble(texts[operation], &len);
}

/* The fast engine; a handler is too long for what is left of run's budget. */
static void add_engine(core *c)
{
  core_add_engine(c);
  for (unsigned i = 0; i < 4; i++) {
    put_memory(c, M_VECTOR + 4 * i, i < 3 ? 0x13 : 0x6f, 4); /* nop; j . */
    put_memory(c, HS_VECTOR + 4 * i, i < 3 ? 0x13 : 0x6f, 4);
  }
}

/* As execute_bits, but by rv_run if fast, with a jump to itself behind. */
static int run(core *c, core_mode mode, uint32_t bits, uint64_t a0, bool fast)
{
  rv_hart *h = c->h;
  h->x[10] = a0;
  if (!fast)
    return execute_bits(c, mode, bits);
  put_memory(c, CODE, bits, 4);
  put_memory(c, CODE + 4, 0x6f, 4);
  set_mode(h, mode);
  h->pc = CODE;
  h->observe |= 1ull << RV_EV_TRAP;
  c->n_events = 0;
  h->leave = false; /* a write of menvcfg asks for the schedule */
  rv_run(h, 2);
  ck_assert(c->n_events == 1 || h->pc == CODE + 4);
  h->observe = 0;
  return c->n_events ? (int)last_trap(c)->u.trap.cause : NO_TRAP;
}

/* ---- the gates ---- */

static void set_envcfg(core *c, uint64_t m, uint64_t hs, uint64_t s)
{
  core_poke(c->h, CSR_menvcfg, m);
  core_poke(c->h, CSR_henvcfg, hs);
  core_poke(c->h, CSR_senvcfg, s);
}

/* The manual's own text, of any of the three fields: 0 is off. */
static int allowed(core_mode mode, unsigned m, unsigned hs, unsigned s)
{
  if ((mode != MODE_M && !m) || (mode == MODE_U && !s))
    return CAUSE_ILLEGAL;
  if ((mode == MODE_VS && !hs) || (mode == MODE_VU && !(hs && s)))
    return CAUSE_VIRTUAL;
  return NO_TRAP;
}

/* Every field, on and off at each level, in each mode; the other fields say the opposite. Refused
 * before the address is looked at [H-101, H-102, H-103]. */
START_TEST(who_may)
{
  core *c = core_new();
  add_engine(c);
  for (unsigned op = 0; op < N_OPERATIONS; op++)
    for (unsigned on = 0; on < 64; on++)
      for (unsigned mode = 0; mode < N_MODES; mode++) {
        /* CBIE has two values that are on, and at each level one of four is drawn. */
        unsigned value[3];
        for (unsigned i = 0; i < 3; i++) {
          value[i] = on >> 2 * i & 3;
          value[i] = op == INVAL ? (value[i] == 2 ? 3 : value[i]) : value[i] & 1;
        }
        const unsigned low = __builtin_ctzll(fields[op]);
        uint64_t csr[3];
        for (unsigned i = 0; i < 3; i++)
          csr[i] = (uint64_t)value[i] << low | (value[i] ? 0 : CBO_ON & ~fields[op]);
        set_envcfg(c, csr[0], csr[1], csr[2]);
        const int want = allowed(mode, value[0], value[1], value[2]);
        for (unsigned fast = 0; fast < 2; fast++) {
          const uint64_t at = want == NO_TRAP ? DATA : NOWHERE;
          const int cause = run(c, mode, bits_of(op), at, fast);
          ck_assert_msg(cause == want, "%s in %s with %u %u %u: %d, not %d", texts[op],
                        mode_names[mode], value[0], value[1], value[2], cause, want);
          if (cause != NO_TRAP) {
            ck_assert_uint_eq(c->h->csr.mtval, bits_of(op));
            ck_assert_uint_eq(c->h->csr.mtinst, 0);
          }
        }
      }
  core_free(c);
}
END_TEST

/* The level that refused is told, the highest one first. */
START_TEST(who_refused)
{
  static const struct {
    unsigned op;
    core_mode mode;
    uint64_t m, hs, s;
    rv_why why;
  } cases[] = {
    { INVAL, MODE_VU, 0, 0, 0, WHY_CBIE_M },
    { INVAL, MODE_VU, CBO_ON, 0, 0, WHY_CBIE_H },
    { INVAL, MODE_VU, CBO_ON, CBO_ON, 0, WHY_CBIE_S },
    { INVAL, MODE_U, CBO_ON, 0, 0, WHY_CBIE_S },
    { CLEAN, MODE_HS, 0, 0, 0, WHY_CBCFE_M },
    { FLUSH, MODE_VS, CBO_ON, 0, 0, WHY_CBCFE_H },
    { FLUSH, MODE_U, CBO_ON, 0, 0, WHY_CBCFE_S },
    { ZERO, MODE_VS, 0, CBO_ON, 0, WHY_CBZE_M },
    { ZERO, MODE_VS, CBO_ON, 0, CBO_ON, WHY_CBZE_H },
    { ZERO, MODE_U, CBO_ON, 0, 0, WHY_CBZE_S },
  };
  core *c = core_new();
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    set_envcfg(c, cases[i].m, cases[i].hs, cases[i].s);
    ck_assert_int_ne(run(c, cases[i].mode, bits_of(cases[i].op), DATA, false), NO_TRAP);
    ck_assert_uint_eq(last_trap(c)->u.trap.why, cases[i].why);
  }
  core_free(c);
}
END_TEST

/* H-097, KB-22: 10 is never read back; H-402: no envcfg changes another, nor what can be written to it. */
START_TEST(envcfg_fields)
{
  static const unsigned csrs[] = { CSR_menvcfg, CSR_henvcfg, CSR_senvcfg };
  core *c = core_new();
  for (unsigned i = 0; i < 3; i++)
    for (unsigned before = 0; before < 16; before++)
      for (unsigned value = 0; value < 16; value++) {
        set_envcfg(c, CBO_ON & before << 4, 0x50, 0xd0);
        csr_write(c, MODE_M, csrs[i], (uint64_t)before << 4);
        csr_write(c, MODE_M, csrs[i], (uint64_t)value << 4);
        const uint64_t got = csr_read(c, MODE_M, csrs[i]);
        ck_assert_uint_eq(got & 0xc0, value << 4 & 0xc0);
        ck_assert_uint_ne(got & 0x30, 0x20);
        if ((value & 3) != 2)
          ck_assert_uint_eq(got, value << 4);
        ck_assert_uint_eq(i == 1 ? got : csr_read(c, MODE_M, CSR_henvcfg), i == 1 ? got : 0x50);
        ck_assert_uint_eq(i == 2 ? got : csr_read(c, MODE_M, CSR_senvcfg), i == 2 ? got : 0xd0);
      }
  core_free(c);
}
END_TEST

/* H-096: the fields come with their extension. */
START_TEST(absent_fields)
{
  static const struct {
    rv_ext off;
    uint64_t left;
  } cases[] = { { EXT_Zicbom, 0x80 }, { EXT_Zicboz, 0x70 }, { EXT_Zicbop, 0xf0 } };
  for (unsigned i = 0; i < 3; i++) {
    core *c = core_new();
    c->h->choice.ext &= ~BIT(cases[i].off);
    rv_csr_reset(c->h);
    set_envcfg(c, ~0ull, ~0ull, ~0ull);
    ck_assert_uint_eq(core_peek(c->h, CSR_menvcfg) & 0xf0, cases[i].left);
    ck_assert_uint_eq(core_peek(c->h, CSR_henvcfg) & 0xf0, cases[i].left);
    ck_assert_uint_eq(core_peek(c->h, CSR_senvcfg) & 0xf0, cases[i].left);
    core_free(c);
  }
}
END_TEST

/* ---- what they do ---- */

static void fill(core *c, uint64_t from, uint64_t to)
{
  for (uint64_t pa = from; pa < to; pa += 8)
    put_memory(c, pa, ~0ull, 8);
}

/* The 64 bytes around any address, and no other; never misaligned. Twice: the second time the page
 * is in the TLB. */
START_TEST(zeroes_a_block)
{
  core *c = core_new();
  add_engine(c);
  set_envcfg(c, CBO_ON, CBO_ON, CBO_ON);
  for (unsigned offset = 0; offset < 4096;
       offset += offset % BLOCK < 10 || offset % BLOCK > 55 ? 1 : 5)
    for (unsigned turn = 0; turn < 4; turn++) {
      const uint64_t block = DATA + offset - offset % BLOCK;
      fill(c, block - BLOCK, block + 2 * BLOCK);
      if (turn == 0)
        rv_tlb_drop_all(c->h);
      ck_assert_int_eq(run(c, MODE_HS, bits_of(ZERO), DATA + offset, turn & 1), NO_TRAP);
      for (uint64_t pa = block - BLOCK; pa < block + 2 * BLOCK; pa += 8)
        ck_assert_uint_eq(get_memory(c, pa, 8), pa - block < BLOCK ? 0 : ~0ull);
    }
  core_free(c);
}
END_TEST

/* Management leaves memory as it is. */
START_TEST(management_changes_nothing)
{
  core *c = core_new();
  for (unsigned op = CLEAN; op <= INVAL; op++)
    for (unsigned offset = 0; offset < BLOCK; offset++) {
      fill(c, DATA, DATA + BLOCK);
      ck_assert_int_eq(run(c, MODE_M, bits_of(op), DATA + offset, false), NO_TRAP);
      for (unsigned i = 0; i < BLOCK; i += 8)
        ck_assert_uint_eq(get_memory(c, DATA + i, 8), ~0ull);
    }
  core_free(c);
}
END_TEST

/* A store by cbo.zero ends another hart's reservation, found by the walk or in the TLB. */
START_TEST(reservations)
{
  core *c = core_new_n(2);
  for (unsigned turn = 0; turn < 2; turn++) {
    c->harts[1]->reservation = DATA + 56;
    ck_assert_int_eq(run(c, MODE_M, bits_of(CLEAN), DATA + 1, false), NO_TRAP);
    ck_assert_int_eq(run(c, MODE_M, bits_of(ZERO), DATA + BLOCK, false), NO_TRAP);
    ck_assert_uint_eq(c->harts[1]->reservation, DATA + 56);
    ck_assert_int_eq(run(c, MODE_M, bits_of(ZERO), DATA + 1, false), NO_TRAP);
    ck_assert_uint_eq(c->harts[1]->reservation, ~0ull);
  }
  core_free(c);
}
END_TEST

/* Code that was executed and then zeroed is gone: its block's own page, and the running one's. */
START_TEST(over_code)
{
  core *c = core_new();
  rv_hart *h = c->h;
  add_engine(c);
  unsigned len;
  const uint32_t nop = assemble("addi zero,zero,0", &len);
  for (unsigned i = 0; i < BLOCK; i += 4)
    put_memory(c, DATA + i, i < 60 ? nop : 0x6f, 4);
  set_mode(h, MODE_M);
  h->pc = DATA;
  rv_run(h, 16);
  ck_assert_uint_eq(h->pc, DATA + 60);
  ck_assert_int_eq(run(c, MODE_M, bits_of(ZERO), DATA + 63, true), NO_TRAP);
  set_mode(h, MODE_M);
  h->pc = DATA + 8;
  rv_run(h, 1);
  ck_assert_uint_eq(h->csr.mcause, CAUSE_ILLEGAL);
  ck_assert_uint_eq(h->csr.mepc, DATA + 8);
  /* The block it is in itself: what follows is 0. */
  put_memory(c, DATA, bits_of(ZERO), 4);
  put_memory(c, DATA + 4, nop, 4);
  put_memory(c, DATA + 8, 0x6f, 4);
  set_mode(h, MODE_M);
  h->x[10] = h->pc = DATA;
  h->csr.mepc = 0;
  rv_run(h, 3);
  ck_assert_uint_eq(h->csr.mepc, DATA + 4);
  core_free(c);
}
END_TEST

static uint64_t watched_pa;
static unsigned watched_size;
static void on_watch(void *bus, uint64_t pa, unsigned size)
{
  watched_pa = pa;
  watched_size = size;
}

/* Whoever watches a page is told of the whole block. */
START_TEST(watched)
{
  core *c = core_new();
  c->phys.watch = on_watch;
  rv_region_page(&c->phys.region[0], DATA)->watched = true;
  for (unsigned turn = 0; turn < 2; turn++) {
    watched_size = 0;
    ck_assert_int_eq(run(c, MODE_M, bits_of(ZERO), DATA + 100, false), NO_TRAP);
    ck_assert_uint_eq(watched_pa, DATA + 64);
    ck_assert_uint_eq(watched_size, BLOCK);
  }
  core_free(c);
}
END_TEST

/* ---- what they may touch: physical memory ---- */

static unsigned n_device;
static bool device_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  n_device++;
  return true;
}
static bool device_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  n_device++;
  return true;
}
static bool device_claims(void *bus, uint64_t pa) { return pa - NOWHERE < 4096; }
#define ROM 0x20000000ull

/* Management where a load is permitted: in ROM, and at a device, which sees nothing of it. Zero in
 * main memory only. Nowhere, neither. [H-104] */
START_TEST(memory_kinds)
{
  core *c = core_new();
  ck_assert_ptr_nonnull(rv_phys_add(&c->phys, ROM, 4096, true));
  c->phys.bus_read = device_read;
  c->phys.bus_write = device_write;
  c->phys.bus_claims = device_claims;
  for (unsigned op = 0; op < N_OPERATIONS; op++) {
    static const struct {
      uint64_t at;
      int of_zero, of_management;
      rv_why why;
    } cases[] = {
      { ROM + 70, CAUSE_STORE_ACCESS, NO_TRAP, WHY_NO_MEMORY },
      { NOWHERE + 70, CAUSE_STORE_ACCESS, NO_TRAP, WHY_CBO_DEVICE },
      { NOWHERE + 4096 + 70, CAUSE_STORE_ACCESS, CAUSE_STORE_ACCESS, WHY_NO_MEMORY },
    };
    for (unsigned i = 0; i < 3; i++) {
      const int want = op == ZERO ? cases[i].of_zero : cases[i].of_management;
      ck_assert_int_eq(run(c, MODE_M, bits_of(op), cases[i].at, false), want);
      if (want == NO_TRAP)
        continue;
      ck_assert_uint_eq(last_trap(c)->u.trap.why, cases[i].why);
      ck_assert_uint_eq(c->h->csr.mtval, cases[i].at); /* H-468 */
      ck_assert_uint_eq(c->h->csr.mtinst, bits_of(op) & ~(31u << 15));
    }
  }
  ck_assert_uint_eq(n_device, 0);
  core_free(c);
}
END_TEST

static void pmp(core *c, unsigned rights, uint64_t pa, unsigned size)
{
  core_poke(c->h, CSR_pmpaddr1, ~0ull);
  core_poke(c->h, CSR_pmpaddr0, size == 4 ? pa >> 2 : pa >> 2 | ((size >> 3) - 1));
  core_poke(c->h, CSR_pmpcfg0, 0x1f00 | (size == 4 ? 0x10 : 0x18) | rights);
}

/* PMP is asked for the whole block, wherever in it rs1 points: R for management, W for zero. */
START_TEST(pmp_of_the_block)
{
  core *c = core_new();
  add_engine(c);
  set_envcfg(c, CBO_ON, CBO_ON, CBO_ON);
  for (unsigned rights = 0; rights < 8; rights++) {
    if ((rights & 3) == 2) /* reserved */
      continue;
    for (unsigned op = 0; op < N_OPERATIONS; op++)
      for (unsigned size = 4; size <= 128; size *= 2) {
        const bool granted = size >= BLOCK && rights & (op == ZERO ? PMP_W : PMP_R);
        pmp(c, rights, DATA + 128 + (size < BLOCK ? 32 : 0), size);
        for (unsigned offset = 0; offset < BLOCK; offset += 7) {
          const uint64_t at = DATA + 128 + offset;
          const int want = granted ? NO_TRAP : CAUSE_STORE_ACCESS;
          ck_assert_int_eq(run(c, MODE_VS, bits_of(op), at, offset & 1), want);
          if (!granted) {
            ck_assert_uint_eq(last_trap(c)->u.trap.why, WHY_PMP);
            ck_assert_uint_eq(c->h->csr.mtval, at);
          }
          ck_assert_int_eq(run(c, MODE_VS, bits_of(op), DATA + 127, false), NO_TRAP);
          ck_assert_int_eq(run(c, MODE_VS, bits_of(op), DATA + 256, false), NO_TRAP);
          ck_assert_int_eq(run(c, MODE_M, bits_of(op), at, false),
                           size < BLOCK ? CAUSE_STORE_ACCESS : NO_TRAP);
        }
      }
  }
  core_free(c);
}
END_TEST

/* ---- what they may touch: translation ---- */

enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128 };
#define G_ROOT 0x80020000ull
#define G_L1 0x80024000ull
#define G_L0 0x80025000ull
#define VS_ROOT 0x80030000ull
#define VS_L1 0x80031000ull
#define VS_L0 0x80032000ull
#define SV39 (8ull << 60)

static uint64_t pte(uint64_t pa, unsigned flags) { return pa >> 12 << 10 | flags; }

/* The PTE of DATA in a level-0 table, in physical memory. */
static uint64_t leaf(uint64_t l0) { return l0 + (DATA >> 12 & 511) * 8; }

/* RAM is mapped to itself by both stages, and by the same tables for HS; all exceptions but those
 * of the gates go to HS. */
static core *new_guest(void)
{
  core *c = core_new();
  put_memory(c, G_ROOT + 2 * 8, pte(G_L1, V), 8);
  put_memory(c, G_L1, pte(G_L0, V), 8);
  put_memory(c, VS_ROOT + 2 * 8, pte(VS_L1, V), 8);
  put_memory(c, VS_L1, pte(VS_L0, V), 8);
  for (uint64_t pa = CORE_RAM; pa < CORE_RAM + CORE_RAM_SIZE; pa += 4096) {
    put_memory(c, G_L0 + (pa >> 12 & 511) * 8, pte(pa, V | R | W | X | U | A | D), 8);
    put_memory(c, VS_L0 + (pa >> 12 & 511) * 8, pte(pa, V | R | W | X | A | D), 8);
  }
  set_envcfg(c, CBO_ON, CBO_ON, CBO_ON);
  core_poke(c->h, CSR_medeleg, ~0ull);
  core_poke(c->h, CSR_hgatp, SV39 | G_ROOT >> 12);
  core_poke(c->h, CSR_vsatp, SV39 | VS_ROOT >> 12);
  rv_tlb_drop_all(c->h);
  return c;
}

/* One stage's leaf as it should be treated: true if it grants, having set *after. */
static bool stage(unsigned op, unsigned flags, bool mxr, bool adue, unsigned *after)
{
  const bool load = flags & R || (mxr && flags & X), store = flags & W;
  const unsigned need = A | (op == ZERO ? D : 0);
  *after = flags;
  if (!(op == ZERO ? store : load || store))
    return false;
  if ((flags & need) == need)
    return true;
  *after |= adue ? need : 0;
  return adue;
}

static const uint8_t leaves[] = {
  /* R, W, X that are not reserved, by A and D */
  R,         X,         R | X,         R | W,         R | W | X,
  R | A,     X | A,     R | X | A,     R | W | A,     R | W | X | A,
  R | A | D, X | A | D, R | X | A | D, R | W | A | D, R | W | X | A | D,
  R | W | D, /* D without A */
};
enum { N_LEAVES = sizeof leaves / sizeof *leaves };

/* Every leaf of either stage, MXR of both levels, ADUE of both: cause, registers, and A and D. */
START_TEST(two_stages)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  add_engine(c);
  const uint64_t at = DATA + 0x123;
  for (unsigned i = 0; i < N_LEAVES * N_LEAVES * 16; i++) {
    const unsigned vs = leaves[i / 16 % N_LEAVES] | V, g = leaves[i / 16 / N_LEAVES] | V | U;
    const bool mxr = i & 1, vmxr = i & 2, madue = i & 4, hadue = i & 8;
    for (unsigned op = CLEAN; op <= ZERO; op += ZERO - CLEAN) {
      core_poke(h, CSR_mstatus, mxr ? mstatus_MXR : 0);
      core_poke(h, CSR_vsstatus, vmxr ? vsstatus_MXR : 0);
      set_envcfg(c, CBO_ON | (madue ? menvcfg_ADUE : 0), CBO_ON | (hadue ? henvcfg_ADUE : 0), 0);
      put_memory(c, leaf(VS_L0), pte(DATA, vs), 8);
      put_memory(c, leaf(G_L0), pte(DATA, g), 8);
      fill(c, DATA + 0x100, DATA + 0x140);
      rv_tlb_drop_all(h);
      h->csr.htval = h->csr.htinst = 0xdead;
      unsigned vs_after, g_after = g;
      int want = NO_TRAP;
      if (!stage(op, vs, mxr || vmxr, madue && hadue, &vs_after))
        want = CAUSE_STORE_PAGE;
      else if (!stage(op, g, mxr, madue, &g_after))
        want = CAUSE_STORE_GUEST_PAGE;
      const int cause = run(c, MODE_VS, bits_of(op), at, i >> 4 & 1);
      ck_assert_msg(cause == want, "%s: vs %#x g %#x case %u: %d, not %d", texts[op], vs, g, i,
                    cause, want);
      ck_assert_uint_eq(get_memory(c, leaf(VS_L0), 8), pte(DATA, vs_after));
      ck_assert_uint_eq(get_memory(c, leaf(G_L0), 8), pte(DATA, g_after));
      ck_assert_uint_eq(get_memory(c, DATA + 0x100, 8), op == ZERO && want == NO_TRAP ? 0 : ~0ull);
      if (want == NO_TRAP)
        continue;
      const bool guest = want == CAUSE_STORE_GUEST_PAGE;
      ck_assert_uint_eq(h->s[0].tval, at); /* H-468 */
      ck_assert_uint_eq(h->csr.htval, guest ? at >> 2 : 0);
      ck_assert_uint_eq(h->csr.htinst, bits_of(op) & ~(31u << 15)); /* H-145 */
      ck_assert_uint_ne(core_peek(h, CSR_hstatus) & hstatus_GVA, 0);
    }
  }
  core_free(c);
}
END_TEST

/* One stage; SUM and U are asked as of loads and stores. */
START_TEST(single_stage)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  for (unsigned op = 0; op < N_OPERATIONS; op++)
    for (unsigned user = 0; user < 2; user++)
      for (unsigned sum = 0; sum < 2; sum++) {
        core_poke(h, CSR_satp, SV39 | VS_ROOT >> 12);
        put_memory(c, leaf(VS_L0), pte(DATA, V | R | W | A | D | (user ? U : 0)), 8);
        put_memory(c, VS_L0 + (CODE >> 12 & 511) * 8, pte(CODE, V | X | A), 8);
        core_poke(h, CSR_mstatus, sum ? mstatus_SUM : 0);
        rv_tlb_drop_all(h);
        ck_assert_int_eq(run(c, MODE_HS, bits_of(op), DATA + 3, false),
                         user && !sum ? CAUSE_STORE_PAGE : NO_TRAP);
        put_memory(c, VS_L0 + (CODE >> 12 & 511) * 8, pte(CODE, V | X | A | U), 8);
        rv_tlb_drop_all(h);
        ck_assert_int_eq(run(c, MODE_U, bits_of(op), DATA + 3, false),
                         user ? NO_TRAP : CAUSE_STORE_PAGE);
      }
  core_free(c);
}
END_TEST

/* MPRV: the mode of the access is MPP's and MPV's, the mode that is gated is M. */
START_TEST(mprv)
{
  core *c = new_guest();
  rv_hart *h = c->h;
  set_envcfg(c, 0, 0, 0);
  for (unsigned op = 0; op < N_OPERATIONS; op++) {
    core_poke(h, CSR_mstatus, mstatus_MPRV | mstatus_MPV | 1 << 11);
    put_memory(c, leaf(G_L0), pte(DATA, V | R | W | U | A | D), 8);
    rv_tlb_drop_all(h);
    ck_assert_int_eq(run(c, MODE_M, bits_of(op), DATA + 5, false), NO_TRAP);
    put_memory(c, leaf(G_L0), pte(DATA, V | X | U | A | D), 8);
    rv_tlb_drop_all(h);
    ck_assert_int_eq(run(c, MODE_M, bits_of(op), DATA + 5, false), CAUSE_STORE_GUEST_PAGE);
    ck_assert_uint_eq(h->csr.mtval, DATA + 5);
    ck_assert_uint_eq(h->csr.mtval2, (DATA + 5) >> 2);
    ck_assert_uint_ne(core_peek(h, CSR_mstatus) & mstatus_GVA, 0);
  }
  core_free(c);
}
END_TEST

/* A page that only cbo.clean touched may not be written by the TLB: its D is still to be asked. */
START_TEST(management_gives_no_right_to_write)
{
  core *c = new_guest();
  put_memory(c, leaf(VS_L0), pte(DATA, V | R | W | A), 8);
  rv_tlb_drop_all(c->h);
  ck_assert_int_eq(run(c, MODE_VS, bits_of(FLUSH), DATA, false), NO_TRAP);
  ck_assert_int_eq(run(c, MODE_VS, bits_of(ZERO), DATA, false), CAUSE_STORE_PAGE);
  ck_assert_int_eq(execute(c, MODE_VS, "sd a0,0(a0)"), CAUSE_STORE_PAGE);
  core_free(c);
}
END_TEST

/* H-413: prefetch.* of pages that refuse everything, with all gates closed: nothing happens. */
START_TEST(prefetch)
{
  static const struct {
    uint32_t bits;
    const char *text;
  } cases[] = { { 0x02056013, "prefetch.i 32(a0)" },
                { 0x02156013, "prefetch.r 32(a0)" },
                { 0x02356013, "prefetch.w 32(a0)" } };
  core *c = new_guest();
  add_engine(c);
  set_envcfg(c, 0, 0, 0);
  for (unsigned i = 0; i < 3; i++)
    for (unsigned vs = 0; vs < 2; vs++)
      for (unsigned fast = 0; fast < 2; fast++) {
        char text[40];
        const uint64_t vs_pte = vs ? pte(DATA, V | R | W | X) : 0, g_pte = pte(DATA, V | R | W | U);
        put_memory(c, leaf(VS_L0), vs_pte, 8);
        put_memory(c, leaf(G_L0), g_pte, 8);
        rv_tlb_drop_all(c->h);
        rv_disasm(text, sizeof text, 0, cases[i].bits);
        ck_assert_str_eq(text, cases[i].text);
        ck_assert_int_eq(run(c, MODE_VS, cases[i].bits, DATA, fast), NO_TRAP);
        ck_assert_uint_eq(c->h->pc, CODE + 4);
        ck_assert_uint_eq(get_memory(c, leaf(VS_L0), 8), vs_pte);
        ck_assert_uint_eq(get_memory(c, leaf(G_L0), 8), g_pte);
      }
  core_free(c);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, who_may);
  tcase_add_test(tc, who_refused);
  tcase_add_test(tc, envcfg_fields);
  tcase_add_test(tc, absent_fields);
  tcase_add_test(tc, zeroes_a_block);
  tcase_add_test(tc, management_changes_nothing);
  tcase_add_test(tc, reservations);
  tcase_add_test(tc, over_code);
  tcase_add_test(tc, watched);
  tcase_add_test(tc, memory_kinds);
  tcase_add_test(tc, pmp_of_the_block);
  tcase_add_test(tc, two_stages);
  tcase_add_test(tc, single_stage);
  tcase_add_test(tc, mprv);
  tcase_add_test(tc, management_gives_no_right_to_write);
  tcase_add_test(tc, prefetch);
}
UNIT_MAIN("cbo", add_tests)
