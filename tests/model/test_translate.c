/* test_translate.c - the machine's translation against the model of translate.c, at random: all
 * mode pairs, page sizes, rights and switches, PMP, devices, page-crossing accesses, both as calls
 * of the memory system and as instructions, each twice, so that the second one is answered by the
 * TLB.
 *
 * A case: sometimes other CSRs; an access; sometimes a PTE on its way is damaged first, and the
 * fence that is just enough is made. How cases end is counted by mode pair and reason; a bucket
 * that can be filled and stays empty fails the test.
 */
#include "cpu/run.h"
#include "mmu/access.h"
#include "mmu/phys.h"
#include "mmu/pmp.h"
#include "mmu/tlb.h"
#include "priv/csr.h"
#include "unit.h"
#include "extensions.h"
#include "soak.h"
#include "translate.h"
#include <stdio.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
enum { ROUNDS = 40 };
#else
enum { ROUNDS = 120 };
#endif
enum { CASES = 1500, PAGE = 4096, N_PAGES = 1024, ROM_PAGES = 2, N_VAS = 16, N_ATPS = 4 };

#define RAM 0x80000000ull
#define RAM_SIZE (N_PAGES * (uint64_t)PAGE)
#define ROM 0x20000000ull
#define DEVICE 0x10000000ull

/* Pages of RAM by use: tables of S and VS by level, of G by level, data, M-mode's own. */
enum {
  POOL = 16,
  S_TABLES = 0,        /* level n: from n * POOL */
  G_LEVEL0 = 5 * POOL, /* two pools: for even and odd 2 MiB */
  G_LEVEL1 = G_LEVEL0 + 2 * POOL,
  DATA_PAGES = G_LEVEL1 + 4 * POOL,
  M_CODE = N_PAGES - 8,
  M_VECTOR,
};

typedef struct {
  rv_phys phys;
  rv_env env;
  rv_hart *h;
  uint8_t *shadow; /* RAM as the model has it */
  uint64_t rom[ROM_PAGES * 512];
  translate_csrs c;
  translate_memory mem;
  uint64_t rng, device_accesses;
  uint32_t ext; /* X_* of csr.h */
  uint64_t va[N_VAS], satp[N_ATPS], vsatp[N_ATPS], hgatp[N_ATPS];
  unsigned wear;    /* one in so many leaves lacks a right; 0: none */
  unsigned variety; /* one in so many addresses has high bits */
  bool narrow;      /* a PTE changed, and only this access was fenced */
  /* What became of it. */
  uint64_t count[24][N_STAGES][N_REASONS];
  uint64_t levels[16][10][10]; /* leaves met, by mode pair */
  uint64_t by_access[N_ACCESSES][2], hits, audited, native, by_engine, crossing[2], updates;
} bench;

static uint64_t rnd(bench *b)
{
  b->rng ^= b->rng << 13;
  b->rng ^= b->rng >> 7;
  b->rng ^= b->rng << 17;
  return b->rng * 0x2545f4914f6cdd1dull >> 16;
}
static bool one_in(bench *b, unsigned n) { return n && rnd(b) % n == 0; }

/* ---- memory ---- */

static bool is_ram(uint64_t pa) { return pa - RAM < RAM_SIZE; }
static bool is_rom(uint64_t pa) { return pa - ROM < sizeof((bench *)0)->rom; }
static bool is_device(uint64_t pa) { return pa - DEVICE < PAGE; }
/* Where stores may change something: no tables, no code of M-mode. */
static bool is_scratch(uint64_t pa)
{
  return pa - (RAM + DATA_PAGES * PAGE) < (M_CODE - DATA_PAGES) * (uint64_t)PAGE;
}

static unsigned attributes(void *ctx, uint64_t pa)
{
  return is_ram(pa)      ? PMA_READ | PMA_WRITE | PMA_EXEC | PMA_MAIN
         : is_rom(pa)    ? PMA_READ | PMA_EXEC | PMA_MAIN
         : is_device(pa) ? PMA_READ | PMA_WRITE
                         : 0;
}
static uint8_t *shadow_at(bench *b, uint64_t pa)
{
  return is_ram(pa) ? b->shadow + (pa - RAM) : (uint8_t *)b->rom + (pa - ROM);
}
static uint64_t model_read(void *ctx, uint64_t pa)
{
  uint64_t value;
  memcpy(&value, shadow_at(ctx, pa), 8);
  return value;
}

static uint64_t device_value(uint64_t pa, unsigned size)
{
  return pa * 0x9e3779b97f4a7c15ull >> (64 - 8 * size);
}
static bool bus_read(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t *value)
{
  ((bench *)bus)->device_accesses++;
  *value = device_value(pa, size);
  return true;
}
static bool bus_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  ((bench *)bus)->device_accesses++;
  return true;
}
static bool bus_claims(void *bus, uint64_t pa) { return is_device(pa); }

/* A write by nobody, to both. */
static void put(bench *b, uint64_t pa, const void *bytes, unsigned n)
{
  memcpy(shadow_at(b, pa), bytes, n);
  if (!rv_phys_write(&b->phys, pa, bytes, n))
    ck_abort_msg("%#lx is not in RAM", (long)pa);
}
static void put_pte(bench *b, uint64_t pa, uint64_t pte) { put(b, pa, &pte, 8); }

/* ---- tables ---- */

static uint64_t page_pa(unsigned page) { return RAM + page * (uint64_t)PAGE; }

/* Guest physical addresses have bits the machine has no memory at. */
static uint64_t high_bits(bench *b, unsigned level)
{
  static const uint8_t shifts[] = { 39, 39, 41, 48, 50 };
  const unsigned shift = level == 4 ? 48 : shifts[rnd(b) % 5];
  return one_in(b, b->variety) ? (1 + rnd(b) % 3) << shift : 0;
}

static uint64_t odd_place(bench *b)
{
  switch (rnd(b) % 3) {
  case 0:
    return ROM + rnd(b) % ROM_PAGES * PAGE;
  case 1:
    return DEVICE;
  default:
    return 0x4000 + rnd(b) % 4 * PAGE;
  }
}

/* A leaf's target: within RAM if the rest of the address is that of RAM. */
static uint64_t leaf_target(bench *b, unsigned level, unsigned half)
{
  switch (level) {
  case 0:
    return one_in(b, 30) ? odd_place(b) : page_pa(DATA_PAGES + rnd(b) % (M_CODE - DATA_PAGES));
  case 1:
    return RAM + half * (2ull << 20);
  case 2:
    return RAM;
  default:
    return 0;
  }
}

enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
#define N_BIT (1ull << 63)

static uint64_t leaf_flags(bench *b, bool user)
{
  uint64_t f = V | R | W | X | A | D | (user ? U : 0);
  static const uint8_t lacking[][2] = { { R | W, 1 }, { W, 1 }, { X, 1 },
                                        { A, 2 },     { D, 1 }, { U, 2 } };
  for (unsigned i = 0; b->wear && i < 6; i++)
    if (one_in(b, b->wear * lacking[i][1]))
      f &= ~(uint64_t)lacking[i][0];
  if (!(f & (R | X)))
    f |= X;
  if (one_in(b, 8))
    f |= G;
  if (one_in(b, 16))
    f |= (1 + rnd(b) % 2) << 61;
  return f | (rnd(b) & 0x300); /* RSW is software's */
}

static uint64_t with_ppn(uint64_t target, uint64_t flags) { return target >> 12 << 10 | flags; }

static uint64_t s_pte(bench *b, unsigned level)
{
  if (level && !one_in(b, 4))
    return with_ppn(page_pa(S_TABLES + (level - 1) * POOL + rnd(b) % POOL) | high_bits(b, 0), V);
  uint64_t pte =
      with_ppn(leaf_target(b, level, rnd(b) % 2) | high_bits(b, level), leaf_flags(b, rnd(b) % 2));
  if (level == 0 && one_in(b, 8))
    pte = (pte & ~(15ull << 10)) | 8 << 10 | N_BIT;
  return pte;
}

/* Pages of tables stay pages of tables of that level, so that VS-stage walks go on. */
static uint64_t g_leaf_target(bench *b, unsigned level, unsigned index, unsigned half)
{
  const unsigned page = half * 512 + index;
  if (level)
    return leaf_target(b, level, index % 2);
  return page < DATA_PAGES ? page_pa((page & ~(POOL - 1)) | rnd(b) % POOL) : leaf_target(b, 0, 0);
}
static uint64_t g_pte(bench *b, unsigned level, unsigned index, unsigned half)
{
  static const uint8_t pools[] = { 0, G_LEVEL0, G_LEVEL1, G_LEVEL1 + POOL, G_LEVEL1 + 2 * POOL };
  if (level && !one_in(b, 4))
    return with_ppn(page_pa(pools[level] + (level == 1 ? index % 2 * POOL : 0) + rnd(b) % POOL), V);
  uint64_t pte = with_ppn(g_leaf_target(b, level, index, half), leaf_flags(b, true));
  if (level == 0 && one_in(b, 8)) /* 64 KiB: the same pool again */
    pte = with_ppn(page_pa((half * 512 + index) & ~15u), (pte & 0xe0000000000003ff)) | 8 << 10 |
          N_BIT;
  return pte;
}

static void random_tables(bench *b)
{
  static const uint8_t wears[] = { 0, 60, 20, 8 };
  b->wear = wears[rnd(b) % 4];
  b->variety = one_in(b, 2) ? 0 : 6;
  uint64_t *ram = (uint64_t *)b->shadow;
  for (unsigned page = 0; page < DATA_PAGES; page++)
    for (unsigned i = 0; i < 512; i++) {
      const unsigned g = page - G_LEVEL0;
      ram[page * 512 + i] = page < G_LEVEL0 ? s_pte(b, page / POOL)
                            : g < 2 * POOL  ? g_pte(b, 0, i, g / POOL)
                                            : g_pte(b, g / POOL - 1, i, 0);
    }
  for (unsigned i = 0; i < (N_PAGES - DATA_PAGES) * 512; i += 64)
    ram[DATA_PAGES * 512 + i] = rnd(b);
  const uint32_t loop = 0x0000006f; /* jal x0, 0 */
  memcpy(b->shadow + M_VECTOR * PAGE, &loop, 4);
  if (!rv_phys_write(&b->phys, RAM, b->shadow, RAM_SIZE))
    ck_abort();
}

/* ROM holds tables of level 0 as well: one page for S, one for G. A or D is missing in many. */
static void fill_rom(bench *b)
{
  for (unsigned i = 0; i < 512; i++) {
    b->rom[i] = with_ppn(page_pa(DATA_PAGES + i),
                         V | R | W | X | (i & 1) << 6 | (i & 2) << 6 | (i & 4) << 2);
    b->rom[512 + i] =
        with_ppn(page_pa(i), V | R | W | X | U | (i % 4 != 3 ? A : 0) | (i % 4 == 2 ? D : 0));
  }
}

/* ---- CSRs: set by the machine's own writes, and told to the model ---- */

static void set(bench *b, unsigned csr, uint64_t *model, uint64_t value)
{
  if (model)
    *model = value;
  if (!rv_csr_poke(b->h, csr, value))
    ck_abort_msg("no CSR %#x", csr);
}

static uint64_t random_root(bench *b, unsigned mode, bool g)
{
  if (!g)
    return page_pa(S_TABLES + (mode - 6) * POOL + rnd(b) % POOL) >> 12;
  const unsigned first = G_LEVEL1 + (mode - 7) * POOL, page = rnd(b) % (POOL - 3);
  return page_pa(first + (b->c.strict || one_in(b, 2) ? page & ~3u : page)) >> 12;
}
static uint64_t random_atp(bench *b, bool g, unsigned i)
{
  const unsigned mode = i == 0 ? 0 : 7 + i;
  if (mode == 0)
    return 0;
  uint64_t root = random_root(b, mode, g) | (g ? 0 : high_bits(b, 0) >> 12);
  if (one_in(b, 40))
    root = odd_place(b) >> 12 & ~(g ? 3ull : 0);
  if (g && b->c.strict && one_in(b, 2))
    root |= rnd(b) % 4; /* ignored */
  return (uint64_t)mode << 60 | (1 + rnd(b) % 3) << 44 | root;
}

static uint64_t random_va(bench *b)
{
  uint64_t va = RAM | rnd(b) % RAM_SIZE;
  if (one_in(b, 2))
    return va;
  if (one_in(b, 12))
    return odd_place(b) | (rnd(b) & (PAGE - 1));
  if (one_in(b, 5))
    va ^= (rnd(b) & 0xff) << 22;
  if (one_in(b, 5))
    va = (va & ~(511ull << 30)) | (rnd(b) & 511) << 30;
  if (one_in(b, 3))
    va |= (rnd(b) & 3) << 39;
  if (one_in(b, 4))
    va |= (rnd(b) & 0x3ffff) << 39;
  if (one_in(b, 40))
    va ^= 1ull << (38 + rnd(b) % 26);
  /* Sign-extended from one of the widths. */
  const unsigned width = (unsigned[]){ 39, 48, 57, 64 }[rnd(b) % 4];
  return (uint64_t)((int64_t)(va << (64 - width)) >> (64 - width));
}

static void set_pmp(bench *b, unsigned entry, unsigned cfg, uint64_t addr)
{
  rv_hart *h = b->h;
  b->c.pmpcfg[entry] = cfg;
  b->c.pmpaddr[entry] = addr;
  h->csr.pmpcfg[entry] = cfg; /* past locks */
  h->csr.pmpaddr[entry] = addr;
  rv_pmp_reset(h);
}

/* A few entries over tables and data, in all four forms; entry 15 grants the rest. */
static void random_pmp(bench *b)
{
  for (unsigned i = 0; i < 4; i++) {
    const unsigned kind = one_in(b, 3) ? rnd(b) % 4 : 0,
                   rwx = (unsigned[]){ 0, 1, 3, 4, 5, 7 }[rnd(b) % 6];
    uint64_t addr = (RAM + rnd(b) % RAM_SIZE) >> 2;
    if (kind == 3)
      addr |= (1ull << rnd(b) % 14) - 1;
    set_pmp(b, i, kind << 3 | rwx | (one_in(b, 6) ? 0x80 : 0), addr);
  }
}
static void no_pmp(bench *b)
{
  for (unsigned i = 0; i < 4; i++)
    if (b->c.pmpcfg[i])
      set_pmp(b, i, 0, 0);
}

static void set_hgatp(bench *b, uint64_t value)
{
  set(b, CSR_hgatp, NULL, 0); /* a write equal to what is read would keep the hidden bits */
  set(b, CSR_hgatp, &b->c.hgatp, value);
}

/* A PMM field: off mostly, never the reserved 1. */
static uint64_t random_pmm(bench *b, uint32_t ext, unsigned shift)
{
  return b->ext & ext && !one_in(b, 3) ? (2ull + rnd(b) % 2) << shift : 0;
}
/* SUM, MXR, MPRV with MPP and MPV. FS is on. */
static void random_status(bench *b)
{
  const bool m = b->c.prv == 3;
  const uint64_t mpp = (uint64_t[]){ 0, 1, 3 }[one_in(b, 6) ? 2 : rnd(b) % 2];
  set(b, CSR_mstatus, &b->c.mstatus,
      3ull << 13 | (rnd(b) & 1) << 18 | (uint64_t)one_in(b, 3) << 19 | mpp << 11 |
          (m && !one_in(b, 8) ? 1ull << 17 | (uint64_t)!one_in(b, 4) << 39 : 0));
  set(b, CSR_vsstatus, &b->c.vsstatus,
      3ull << 13 | (rnd(b) & 1) << 18 | (uint64_t)one_in(b, 3) << 19);
  set(b, CSR_hstatus, &b->c.hstatus,
      (rnd(b) & 1) << 8 | (uint64_t)!one_in(b, 4) << 9 | random_pmm(b, X_SSNPM, 48));
}
static void random_env(bench *b)
{
  const uint64_t given = (b->ext & X_SVADU ? 1ull << 61 : 0) | (b->ext & X_SVPBMT ? 1ull << 62 : 0);
  const uint64_t cb =
      (b->ext & X_ZICBOM ? 7 << 4 : 0) | (b->ext & X_ZICBOZ ? 1 << 7 : 0); /* all on */
  const uint64_t m = (rnd(b) % 3 ? 1ull << 61 : 0) | (rnd(b) % 3 ? 1ull << 62 : 0);
  const uint64_t h = (rnd(b) % 3 ? 1ull << 61 : 0) | (rnd(b) % 3 ? 1ull << 62 : 0);
  set(b, CSR_menvcfg, &b->c.menvcfg, (m & given) | cb | random_pmm(b, X_SMNPM, 32));
  set(b, CSR_henvcfg, &b->c.henvcfg, (h & given & m) | cb | random_pmm(b, X_SSNPM, 32));
  set(b, CSR_senvcfg, &b->c.senvcfg, cb | random_pmm(b, X_SSNPM, 32));
  if (b->ext & X_SMMPM)
    set(b, MSECCFG, &b->c.mseccfg, random_pmm(b, X_SMMPM, 32));
}
static void random_mode(bench *b)
{
  static const uint8_t prv[] = { 3, 3, 1, 1, 0, 1, 0 }, v[] = { 0, 0, 0, 1, 0, 1, 1 };
  const unsigned i = rnd(b) % 7;
  b->c.prv = prv[i];
  b->c.v = v[i];
}
static void enter_mode(bench *b)
{
  b->h->prv = b->c.prv;
  b->h->v = b->c.v;
  rv_regime_changed(b->h);
}

/* One switch alone: what the TLB keeps must not outlive it. */
static void flip_one(bench *b)
{
  const uint64_t bit = 1ull << (18 + rnd(b) % 2), env = 1ull << (61 + rnd(b) % 2);
  switch (rnd(b) % 5) {
  case 0:
    set(b, CSR_mstatus, &b->c.mstatus, b->c.mstatus ^ bit);
    break;
  case 1:
  case 2:
    set(b, CSR_vsstatus, &b->c.vsstatus, b->c.vsstatus ^ bit);
    break;
  case 3:
    set(b, CSR_henvcfg, &b->c.henvcfg, (b->c.henvcfg ^ env) & (b->c.menvcfg | ~(3ull << 61)));
    break;
  default:
    if ((b->c.mstatus >> 17 & 1) && !(b->c.mstatus >> 12 & 1)) /* MPP or MPV of an MPRV access */
      set(b, CSR_mstatus, &b->c.mstatus, b->c.mstatus ^ (one_in(b, 2) ? 1ull << 11 : 1ull << 39));
  }
}

/* henvcfg's bits that menvcfg does not give are lost when henvcfg is written, so menvcfg goes
 * first; taking them away afterwards hides them. */
static void random_regime(bench *b, bool all)
{
  if (all || one_in(b, 3))
    random_mode(b);
  random_status(b);
  if (all)
    random_env(b);
  if (one_in(b, 40))
    random_pmp(b);
  else if (one_in(b, 4))
    no_pmp(b);
  if (all || one_in(b, 4))
    set(b, CSR_satp, &b->c.satp, b->satp[rnd(b) % N_ATPS]);
  if (all || one_in(b, 3))
    set(b, CSR_vsatp, &b->c.vsatp, b->vsatp[rnd(b) % N_ATPS]);
  if (all || one_in(b, 3))
    set_hgatp(b, b->hgatp[rnd(b) % N_ATPS]);
  set(b, CSR_medeleg, NULL, one_in(b, 3) ? ~0ull : 0);
  b->h->choice.tinst_zero = rnd(b) & 1;
  enter_mode(b);
}

static void fence_all(bench *b)
{
  rv_sfence_vma_hs(b->h, false, 0, false, 0);
  for (unsigned vmid = 0; vmid < 4; vmid++)
    rv_hfence_vvma_vmid(b->h, vmid, false, 0, false, 0);
  rv_hfence_gvma(b->h, false, 0, false, 0);
}

/* Everything, mostly; else some of what translation asks for. As after reset. */
static void random_extensions(bench *b)
{
  const uint32_t some = X_SVADU | X_SVPBMT | X_SVNAPOT | X_SSNPM | X_SMNPM | X_SMMPM;
  b->ext = set_extensions(b->h, one_in(b, 4) ? default_extensions() & ~(rnd(b) & some)
                                             : default_extensions());
  b->c.no_napot = !(b->ext & X_SVNAPOT);
  rv_csr_reset(b->h);
  b->c.senvcfg = b->c.mseccfg = 0;
  for (unsigned i = 0; i < 16; i++)
    b->c.pmpcfg[i] = b->c.pmpaddr[i] = 0;
  set_pmp(b, 15, 0x1f, ~0ull >> 10);
  set(b, CSR_mtvec, NULL, page_pa(M_VECTOR));
  set(b, CSR_stvec, NULL, page_pa(M_VECTOR));
}

static void new_round(bench *b)
{
  random_extensions(b);
  random_tables(b);
  for (unsigned i = 0; i < N_VAS; i++)
    b->va[i] = random_va(b);
  for (unsigned i = 0; i < N_ATPS; i++) {
    b->satp[i] = random_atp(b, false, i);
    b->vsatp[i] = random_atp(b, false, i);
    b->hgatp[i] = random_atp(b, true, i);
  }
  fence_all(b);
}

/* A fence nobody needs. */
static void random_fence(bench *b)
{
  const uint64_t va = b->va[rnd(b) % N_VAS] ^ (rnd(b) & (PAGE - 1));
  const bool has_va = one_in(b, 2), has_id = one_in(b, 2);
  switch (rnd(b) % 3) {
  case 0:
    rv_sfence_vma(b->h, has_va, va, has_id, rnd(b) % 4);
    break;
  case 1:
    rv_hfence_vvma(b->h, has_va, va, has_id, rnd(b) % 4);
    break;
  default:
    rv_hfence_gvma(b->h, has_va, va, has_id, rnd(b) % 4);
  }
}

/* ---- one access ---- */

typedef struct {
  access_type access;
  unsigned size, funct3;
  uint64_t va, data;
  uint32_t insn; /* base x10, data x11, destination x12; FP: f12 and f11 */
  bool fp, is_signed;
} op;

static bool is_store(access_type a)
{
  return a == STORE || a == AMO || a == SC || a == HSV || a == CBO_ZERO;
}
static bool is_cbo(access_type a) { return a == CBO_MANAGE || a == CBO_ZERO; }

/* Upper bits that pointer masking may ignore. */
static uint64_t tagged(bench *b, uint64_t va)
{
  if (!(b->ext & (X_SSNPM | X_SMNPM | X_SMMPM)) || !one_in(b, 5))
    return va;
  return one_in(b, 4) ? va ^ rnd(b) << 40 : va ^ rnd(b) << 57;
}

static bool is_hlsv(access_type a) { return a == HLV || a == HLVX || a == HSV; }

enum { RS1 = 10 << 15, RS2 = 11 << 20, RD = 12 << 7 };
enum { AMOADD = 0, AMOSWAP = 1, AMOXOR = 4, AMOOR = 8 };

static uint32_t encode(bench *b, op *o, unsigned amo)
{
  const unsigned log = __builtin_ctz(o->size);
  const bool unsig = log < 3 && !o->is_signed;
  switch (o->access) {
  case LOAD:
    return RS1 | RD | (o->fp ? 0x07 | log << 12 : 0x03 | (log | unsig << 2) << 12);
  case STORE:
    return RS1 | RS2 | log << 12 | (o->fp ? 0x27 : 0x23);
  case AMO:
    return RS1 | RS2 | RD | log << 12 | 0x2f | amo << 27;
  case LR:
    return RS1 | RD | log << 12 | 0x2f | 2 << 27;
  case SC:
    return RS1 | RS2 | RD | log << 12 | 0x2f | 3 << 27;
  case HLV:
    return RS1 | RD | 0x4073 | (0x30 + 2 * log) << 25 | unsig << 20;
  case CBO_MANAGE:
    return RS1 | 0x200f | (rnd(b) % 3) << 20;
  case CBO_ZERO:
    return RS1 | 0x200f | 4 << 20;
  case HLVX:
    return RS1 | RD | 0x4073 | (0x30 + 2 * log) << 25 | 3 << 20;
  default:
    return RS1 | RS2 | 0x4073 | (0x31 + 2 * log) << 25;
  }
}

static op random_op(bench *b)
{
  static const uint8_t weights[] = { CBO_MANAGE, CBO_ZERO, FETCH, LOAD, LOAD, LOAD, STORE, STORE,
                                     STORE,      AMO,      LR,    SC,   HLV,  HLVX, HSV };
  op o = { .access = weights[rnd(b) % sizeof weights],
           .size = 1 << rnd(b) % 4,
           .is_signed = rnd(b) & 1 };
  if (o.access == CBO_MANAGE && !(b->ext & X_ZICBOM))
    o.access = LOAD;
  if (o.access == CBO_ZERO && !(b->ext & X_ZICBOZ))
    o.access = STORE;
  const access_type a = o.access;
  if (is_cbo(a))
    o.size = 64;
  else if (a == FETCH)
    o.size = 2;
  else if (a == HLVX)
    o.size = 2 << rnd(b) % 2;
  else if (a == AMO || a == LR || a == SC)
    o.size = 4 << rnd(b) % 2;
  o.fp = (a == LOAD || a == STORE) && o.size >= 4 && one_in(b, 4);
  o.va = one_in(b, 4) ? random_va(b) : b->va[rnd(b) % N_VAS];
  const bool atomic = a == AMO || a == LR || a == SC, cross = one_in(b, 8) && !atomic && !is_cbo(a);
  if (cross)
    o.va = (o.va | (PAGE - 1)) - rnd(b) % 8;
  else
    o.va = (o.va & ~(PAGE - 1ull)) | (rnd(b) & (PAGE - 1));
  if (a == FETCH)
    o.va &= ~1ull;
  else if (!cross && !one_in(b, atomic ? 16 : 5))
    o.va &= ~(uint64_t)(o.size - 1);
  if (a != FETCH)
    o.va = tagged(b, o.va);
  o.data = rnd(b) << 20 ^ rnd(b);
  return o;
}

/* What the bytes at the translated place are. */
static uint64_t bytes_at(bench *b, const translate_result *r)
{
  uint64_t value = 0;
  if (r->size[0] > 8)
    return 0;
  if (is_device(r->pa[0]))
    return device_value(r->pa[0], r->size[0]);
  memcpy(&value, shadow_at(b, r->pa[0]), r->size[0]);
  if (r->parts == 2)
    memcpy((uint8_t *)&value + r->size[0], shadow_at(b, r->pa[1]), r->size[1]);
  return value;
}

/* A store outside of scratch memory writes what is there: tables must not change unnoticed. */
static void choose_data(bench *b, op *o, const translate_result *r)
{
  bool scratch = true;
  for (unsigned i = 0; i < r->parts; i++)
    scratch &= is_scratch(r->pa[i]) || is_device(r->pa[i]);
  unsigned amo = rnd(b) % 2 ? AMOSWAP : AMOADD;
  if (o->access == CBO_ZERO && !scratch) { /* it is managed instead */
    o->access = CBO_MANAGE;
    o->insn = encode(b, o, amo);
    return;
  }
  if (!scratch) {
    o->data = bytes_at(b, r);
    amo = AMOSWAP;
  }
  o->insn = encode(b, o, amo);
}

/* The model's side effects: A and D, then the store itself. Returns what a load gives. */
static uint64_t commit(bench *b, const op *o, const translate_result *r)
{
  uint64_t old = 0;
  for (unsigned i = 0; i < r->n_writes; i++)
    memcpy(shadow_at(b, r->writes[i].pa), &r->writes[i].value, 8);
  b->updates += r->n_writes;
  if (r->reason)
    return 0;
  old = bytes_at(b, r);
  if (!is_store(o->access) || o->access == SC || is_device(r->pa[0]))
    return old;
  if (o->access == CBO_ZERO) {
    memset(shadow_at(b, r->pa[0]), 0, r->size[0]);
    return 0;
  }
  const uint64_t value = o->access == AMO && o->insn >> 27 == AMOADD ? o->data + old : o->data;
  memcpy(shadow_at(b, r->pa[0]), &value, r->size[0]);
  if (r->parts == 2)
    memcpy(shadow_at(b, r->pa[1]), (const uint8_t *)&value + r->size[0], r->size[1]);
  return old;
}

static const char *const access_names[] = { "fetch", "load", "store", "amo", "lr",      "sc",
                                            "hlv",   "hlvx", "hsv",   "cbo", "cbo.zero" };
static const char *const stage_names[] = { "S", "VS", "G of a PTE", "G of an update", "G", "pa" };
static const char *const reason_names[] = {
  "fine",       "va-sign",    "gpa-wide",     "pte-nowhere", "pte-pmp",   "pte-v",
  "pte-w-only", "pte-bits",   "pte-pbmt-off", "pte-pbmt-3",  "pte-n",     "ptr-dau",
  "ptr-pbmt",   "ptr-n",      "no-leaf",      "superpage",   "not-u",     "is-u",
  "not-r",      "not-w",      "not-x",        "a-off",       "d-off",     "ad-nowhere",
  "ad-pmp",     "pa-nowhere", "pa-pmp",       "pa-device",   "misaligned"
};

static void differ(bench *b, const op *o, const translate_result *r, const char *what, uint64_t got)
{
  ck_abort_msg("%s of %u at %#lx as prv %u v %d (now %u %d): %s is %#lx\n"
               "the model: %s %s, cause %u tval %#lx tval2 %#lx tinst %#lx gva %d, pa %#lx %#lx\n"
               "satp %#lx vsatp %#lx hgatp %#lx mstatus %#lx vsstatus %#lx menvcfg %#lx henvcfg "
               "%#lx hstatus %#lx",
               access_names[o->access], o->size, (long)o->va, r->prv, r->v, b->c.prv, b->c.v, what,
               (long)got, stage_names[r->stage], reason_names[r->reason], r->cause, (long)r->tval,
               (long)r->tval2, (long)r->tinst, r->gva, (long)r->pa[0], (long)r->pa[1],
               (long)b->c.satp, (long)b->c.vsatp, (long)b->c.hgatp, (long)b->c.mstatus,
               (long)b->c.vsstatus, (long)b->c.menvcfg, (long)b->c.henvcfg, (long)b->c.hstatus);
}
#define SAME(what, got, want)                                                                      \
  do {                                                                                             \
    const uint64_t got_ = (got);                                                                   \
    if (got_ != (uint64_t)(want))                                                                  \
      differ(b, o, r, what, got_);                                                                 \
  } while (0)

/* What both memories hold where the model wrote. */
static void check_memory(bench *b, const op *o, const translate_result *r)
{
  const uint8_t *ram = b->phys.region[0].host;
  for (unsigned i = 0; i < r->n_writes; i++)
    SAME("the PTE", *(uint64_t *)(ram + (r->writes[i].pa - RAM)), model_read(b, r->writes[i].pa));
  for (unsigned i = 0; !r->reason && i < r->parts; i++)
    if (is_ram(r->pa[i]) && memcmp(ram + (r->pa[i] - RAM), shadow_at(b, r->pa[i]), r->size[i]))
      differ(b, o, r, "memory", 0);
}

static bool would_hit(bench *b, const op *o)
{
  const unsigned i = o->va >> 12 & (RV_TLB_SIZE - 1);
  const rv_tlbe *e = is_store(o->access) ? &b->h->bank->w[i] : &b->h->bank->r[i];
  return o->va - e->va <= PAGE - o->size;
}

/* An access that the TLB would answer must be one that the model allows, without changing a PTE,
 * and lead to the same place. [H-276] */
static void audit_entry(bench *b, uint64_t va, unsigned size, access_type access,
                        const uint8_t *host)
{
  translate_result result, *r = &result;
  op just = { .access = access, .size = size, .va = va }, *o = &just;
  translate(&b->c, &b->mem, access, va, size, r);
  SAME("hit: the reason", FINE, r->reason);
  SAME("hit: updates", 0, r->n_writes);
  const uint8_t *base =
      is_rom(r->pa[0]) ? b->phys.region[1].host - ROM : b->phys.region[0].host - RAM;
  SAME("hit: the place", (uint64_t)(host - base), r->pa[0]);
  b->audited++;
}
static void audit_hit(bench *b, const op *o)
{
  const unsigned i = o->va >> 12 & (RV_TLB_SIZE - 1);
  const rv_tlbe *e = is_store(o->access) ? &b->h->bank->w[i] : &b->h->bank->r[i];
  audit_entry(b, o->va, o->size, o->access, (uint8_t *)(o->va + e->addend));
}
static void audit(bench *b)
{
  for (unsigned write = 0; write < 2; write++)
    for (unsigned i = 0; i < RV_TLB_SIZE; i++) {
      const rv_tlbe *e = write ? &b->h->bank->w[i] : &b->h->bank->r[i];
      /* Where PMP may end, or anywhere. */
      const uint64_t edge =
          one_in(b, 2) ? b->c.pmpaddr[rnd(b) % 4] << 2 & (PAGE - 1) : rnd(b) % PAGE;
      const unsigned at = edge < PAGE - 8 ? edge : PAGE - 8;
      if ((e->va >> 12 & (RV_TLB_SIZE - 1)) == i)
        audit_entry(b, e->va + at, 8, write ? STORE : LOAD, (uint8_t *)(e->va + at + e->addend));
    }
}
/* The result of a load in its register. */
static uint64_t extended(const op *o, uint64_t value)
{
  const unsigned unused = 64 - 8 * o->size;
  if (o->fp)
    return o->size == 4 ? value | ~0ull << 32 : value;
  const bool sign = o->access == AMO || o->access == LR || (o->is_signed && o->access != HLVX);
  return sign ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
}

/* ---- by calling the memory system ---- */

static void by_call(bench *b, const op *o, const translate_result *r, uint64_t value)
{
  rv_hart *h = b->h;
  const uint64_t accesses = b->device_accesses;
  const rv_xmode guest = { .access = o->access == HSV ? RV_STORE : RV_LOAD,
                           .prv = r->prv,
                           .v = r->v,
                           .hlv = true,
                           .hlvx = o->access == HLVX };
  const rv_xmode *mode = is_hlsv(o->access) ? &guest : NULL;
  rv_place place;
  uint64_t got = 0;
  bool ok;
  if (o->access == FETCH)
    ok = rv_fetch_place(h, o->va, 2, &place);
  else if (o->access == STORE || o->access == HSV)
    ok = rv_store(h, o->va, o->size, mode, o->data);
  else
    ok = rv_load(h, o->va, o->size, mode, &got);
  SAME("success", ok, !r->reason);
  if (!ok) {
    SAME("cause", h->trap.cause, r->cause);
    SAME("tval", h->trap.tval, r->tval);
    SAME("tval2", h->trap.tval2, r->tval2);
    SAME("tinst", h->trap.tinst, r->tinst);
    SAME("gva", h->trap.gva, r->gva);
  } else if (o->access == FETCH) {
    SAME("the place", place.pa, r->pa[0]);
  } else if (!is_store(o->access)) {
    SAME("the value", got, value);
  }
  SAME("device accesses", b->device_accesses - accesses,
       ok && o->access != FETCH && is_device(r->pa[0]));
}

/* ---- as an instruction ---- */

/* The trap record, where the trap went: M, or HS if delegated. */
static void check_trap(bench *b, const op *o, const translate_result *r, uint64_t pc)
{
  rv_hart *h = b->h;
  const bool to_m = b->c.prv == 3 || !h->csr.medeleg;
  SAME("mode", h->prv | h->v << 2, to_m ? 3 : 1);
  SAME("cause", to_m ? h->csr.mcause : h->s[0].cause, r->cause);
  SAME("tval", to_m ? h->csr.mtval : h->s[0].tval, r->tval);
  SAME("tval2", to_m ? h->csr.mtval2 : h->csr.htval, r->tval2);
  SAME("tinst", to_m ? h->csr.mtinst : h->csr.htinst,
       h->choice.tinst_zero ? r->tinst : translate_tinst(r, o->insn));
  SAME("gva", to_m ? h->csr.mstatus >> 38 & 1 : h->csr.hstatus >> 6 & 1, r->gva);
  SAME("epc", to_m ? h->csr.mepc : h->s[0].epc, pc);
}

/* Finds where the instruction at pc would be read: two halves, each translated by itself. False:
 * not in scratch memory; fetched says how the fetch ends. */
static bool place_code(bench *b, uint64_t pc, uint32_t insn, translate_result *fetched)
{
  translate_result r;
  for (unsigned i = 0; i < 2; i++) {
    translate(&b->c, &b->mem, FETCH, pc + 2 * i, 2, &r);
    if (r.reason) {
      *fetched = r;
      return true;
    }
    if (!is_scratch(r.pa[0]))
      return false;
    const uint16_t half = insn >> 16 * i;
    put(b, r.pa[0], &half, 2);
  }
  *fetched = r;
  return true;
}

/* The fetch as the model has it, with its updates. */
static void commit_fetch(bench *b, uint64_t pc, translate_result *r)
{
  for (unsigned i = 0; i < 2; i++) {
    translate(&b->c, &b->mem, FETCH, pc + 2 * i, 2, r);
    for (unsigned j = 0; j < r->n_writes; j++)
      memcpy(shadow_at(b, r->writes[j].pa), &r->writes[j].value, 8);
    if (r->reason)
      return;
  }
}

/* Runs one instruction of the block engine, and one of an endless loop behind it or at the vector.
 */
static void run_two(rv_hart *h)
{
  const uint64_t end = h->icount + 2;
  while (h->icount < end) {
    const uint64_t before = h->icount;
    h->leave = false;
    rv_run(h, end - h->icount);
    if (h->icount == before)
      rv_step(h);
  }
}

/* As before the instruction: the trap and what it executed changed these. */
static void restore(bench *b)
{
  rv_hart *h = b->h;
  rv_csr_poke(h, CSR_mstatus, b->c.mstatus);
  rv_csr_poke(h, CSR_hstatus, b->c.hstatus);
  rv_csr_poke(h, CSR_vsstatus, b->c.vsstatus);
  enter_mode(b);
}

/* False: the fetch was refused; *r says how. */
static bool by_instruction(bench *b, const op *o, translate_result *r, uint64_t pc, bool engine)
{
  rv_hart *h = b->h;
  h->x[10] = o->va;
  h->x[11] = o->data;
  h->x[12] = 0x5555;
  h->f[11] = o->data;
  h->f[12] = 0x5555;
  h->pc = pc;
  h->reservation = ~0ull;
  translate_result fetched;
  commit_fetch(b, pc, &fetched);
  if (fetched.reason) {
    *r = fetched;
    op fetch = { .access = FETCH, .size = 4, .va = pc };
    rv_step(h);
    check_trap(b, &fetch, &fetched, pc);
    check_memory(b, &fetch, &fetched);
    restore(b);
    return false;
  }
  translate(&b->c, &b->mem, o->access, o->va, o->size, r);
  const uint64_t value = commit(b, o, r), accesses = b->device_accesses;
  if (engine)
    run_two(h);
  else
    rv_step(h);
  if (r->reason) {
    check_trap(b, o, r, pc);
  } else {
    SAME("pc", h->pc, pc + 4);
    if (o->access == SC)
      SAME("success of sc", h->x[12], 1);
    else if (o->access != STORE && o->access != HSV && !is_cbo(o->access))
      SAME("the register", o->fp ? h->f[12] : h->x[12], extended(o, value));
  }
  SAME("device accesses", b->device_accesses - accesses,
       !r->reason && !is_cbo(o->access) && is_device(r->pa[0]));
  check_memory(b, o, r);
  restore(b);
  return true;
}

/* ---- damage ---- */

static uint64_t damaged(bench *b, uint64_t pte, const translate_visit *v)
{
  const uint64_t ppn = (1ull << 54) - 1024;
  switch (rnd(b) % 27) {
  case 0:
    return pte & ~(uint64_t)V;
  case 1:
    return (pte & ~(uint64_t)R) | W;
  case 2:
    return pte | 1ull << (54 + rnd(b) % 7);
  case 3:
    return (pte & ~(3ull << 61)) | 1ull << (61 + rnd(b) % 2);
  case 4:
    return pte | 3ull << 61;
  case 5:
    return pte | N_BIT;
  case 6:
    return pte ^ N_BIT ^ (1ull << (10 + rnd(b) % 4));
  case 7:
    return pte ^ U;
  case 8:
    return (pte & ~(uint64_t)(R | W)) | (v->leaf ? X : 0);
  case 9:
    return pte & ~(uint64_t)W;
  case 10:
    return pte & ~(uint64_t)X;
  case 11:
    return pte & ~(uint64_t)A;
  case 12:
    return pte & ~(uint64_t)D;
  case 13:
    return pte & ~(uint64_t)(A | D);
  case 14:
    return pte | 1ull << (10 + rnd(b) % (9 * (v->level ? v->level : 1)));
  case 15:
    return (pte & ~ppn) | odd_place(b) >> 2;
  case 16:
    return pte | (1 + rnd(b) % 7) << (49 + rnd(b) % 3); /* a wide address */
  case 17:
    return v->leaf ? pte & ~(uint64_t)(R | W | X | A | D | U) : pte | A;
  case 18:
    return v->leaf ? (pte & ppn) | V : pte | D;
  case 19:
    return v->leaf ? pte ^ A : pte | U;
  case 20:
    return (pte & ~ppn) | (ROM + (v->stage >= G_READ && !v->leaf ? PAGE : 0)) >> 2;
  case 21:
    return pte | R | W | X | A | D;
  case 22:
    return (pte | R | W | X) & ~(uint64_t)(A | D | N_BIT | 3ull << 61);
  case 23:
    return pte ^ 1ull << rnd(b) % 64;
  default: /* any rights, else fine */
    return v->leaf ? (pte | A | D | (pte & U ? 0 : rnd(b) & U)) & ~(3ull << 61) &
                         ~(rnd(b) & (R | W | X))
                   : pte;
  }
}

static bool is_leaf(uint64_t pte) { return (pte & V) && (pte & (R | X)); }

/* The least fence that the change of a PTE from old to new asks for, for this access: others may
 * meet the same PTE by other ways. Or all of them. [H-270 .. H-275] */
static void fence_for(bench *b, const translate_visit *v, uint64_t old, uint64_t new)
{
  b->narrow = !one_in(b, 3);
  if (!b->narrow) {
    fence_all(b);
    return;
  }
  const bool by_va = is_leaf(old) && is_leaf(new) && one_in(b, 2);
  /* Any address of the page, as large as it is and was. */
  const unsigned bits = v->level ? 12 + 9 * v->level : (old & new &N_BIT) ? 16 : 12;
  const uint64_t va = v->va ^ (rnd(b) & ((1ull << bits) - 1));
  if (v->stage == S_STAGE)
    rv_sfence_vma_hs(b->h, by_va, va, !((old | new) & G) && one_in(b, 2), b->c.satp >> 44 & 0xffff);
  else if (v->stage == VS_STAGE)
    rv_hfence_vvma(b->h, by_va, va, !((old | new) & G) && one_in(b, 2), b->c.vsatp >> 44 & 0xffff);
  else
    rv_hfence_gvma(b->h, by_va, va, one_in(b, 2), b->c.hgatp >> 44 & 0x3fff);
}

/* A PTE the access meets becomes another one, or PMP covers it or the place itself. */
enum { MAX_DAMAGE = 4 };
typedef struct {
  translate_visit v;
  struct {
    uint64_t pa, old;
  } pte[MAX_DAMAGE];
  unsigned n;
  bool pmp;
} damage;

static uint64_t change(bench *b, damage *d, uint64_t pa, uint64_t new)
{
  const uint64_t old = model_read(b, pa);
  if (!is_ram(pa) || d->n == MAX_DAMAGE)
    return old;
  d->pte[d->n].pa = pa;
  d->pte[d->n++].old = old;
  put_pte(b, pa, new);
  return old;
}

/* The last leaf of S or VS that the access meets, and the G-stage's last PTE before it: index or
 * -1. */
static int last_leaf(const translate_result *r, translate_stage stage)
{
  for (int i = r->n_visits - 1; i >= 0; i--)
    if (r->visits[i].stage == stage && r->visits[i].leaf)
      return i;
  return -1;
}

/* A leaf that hardware must update, where it may not: read-only memory or PMP without W; or a
 * VS-stage leaf whose page the G-stage may have to mark as written. */
static damage forbid_update(bench *b, const op *o)
{
  damage d = { 0 };
  translate_result r;
  if (!(b->ext & X_SVADU))
    return d;
  set(b, CSR_menvcfg, &b->c.menvcfg, b->c.menvcfg | 1ull << 61);
  set(b, CSR_henvcfg, &b->c.henvcfg, (b->c.henvcfg & (b->c.menvcfg | ~(3ull << 61))) | 1ull << 61);
  translate(&b->c, &b->mem, o->access, o->va, o->size, &r);
  const translate_stage stage = one_in(b, 3) ? G_FINAL : r.v ? VS_STAGE : S_STAGE;
  int leaf = last_leaf(&r, stage);
  if (leaf < 1)
    return d;
  /* VS: the G-stage's leaf for the page of the PTE. */
  const translate_visit *before = &r.visits[leaf - 1];
  bool nested = before->stage == G_READ && one_in(b, 2);
  if (one_in(b, 2) && before->level == (before->stage == G_READ ? 0 : 1)) {
    /* A table in ROM. */
    const bool g = nested || stage == G_FINAL;
    const translate_visit *to = nested ? before - 1 : before;
    if (nested && (leaf < 2 || to->stage != G_READ))
      return d;
    change(b, &d, to->pa, (model_read(b, to->pa) & 0x3ff) | (ROM + (g ? PAGE : 0)) >> 2);
    translate(&b->c, &b->mem, o->access, o->va, o->size, &r);
    leaf = last_leaf(&r, stage);
    if (leaf < 1) {
      fence_all(b);
      return d;
    }
    nested = false;
  } else if (nested) {
    change(b, &d, before->pa, (model_read(b, before->pa) | V | R | W | X | U | A) & ~(uint64_t)D);
  }
  const bool user = stage == G_FINAL || r.prv == 0;
  const uint64_t pte = model_read(b, r.visits[leaf].pa);
  change(b, &d, r.visits[leaf].pa, (pte & ~(uint64_t)(U | A | D)) | V | R | W | X | (user ? U : 0));
  if (!one_in(b, 4)) {
    const unsigned rwx = (unsigned[]){ 0, 1, 1, 1, 1, 5 }[rnd(b) % 6];
    set_pmp(b, 0, 3 << 3 | rwx, r.visits[nested ? leaf - 1 : leaf].pa >> 2);
    d.pmp = true;
  }
  fence_all(b);
  return d;
}

/* A leaf without D, and hardware that does not set it. */
static damage forbid_dirty(bench *b, const op *o)
{
  damage d = { 0 };
  translate_result r;
  const translate_stage stage = one_in(b, 2)                                   ? G_FINAL
                                : b->c.v || is_hlsv(o->access) || one_in(b, 2) ? VS_STAGE
                                                                               : S_STAGE;
  set(b, CSR_henvcfg, &b->c.henvcfg, b->c.henvcfg & ~(1ull << 61) & (b->c.menvcfg | ~(3ull << 61)));
  if (stage != VS_STAGE)
    set(b, CSR_menvcfg, &b->c.menvcfg, b->c.menvcfg & ~(1ull << 61));
  translate(&b->c, &b->mem, o->access, o->va, o->size, &r);
  const int leaf = last_leaf(&r, stage);
  if (leaf < 0)
    return d;
  const uint64_t pte = model_read(b, r.visits[leaf].pa),
                 user = stage == G_FINAL || r.prv == 0 ? U : 0;
  change(b, &d, r.visits[leaf].pa, (pte & ~(uint64_t)(U | D)) | V | R | W | X | A | user);
  fence_all(b);
  return d;
}

static damage do_damage(bench *b, const op *o)
{
  damage d = { 0 };
  if (one_in(b, 12) && is_store(o->access))
    return forbid_dirty(b, o);
  translate_result r;
  translate(&b->c, &b->mem, o->access, o->va, o->size, &r);
  if (one_in(b, 5))
    return forbid_update(b, o);
  if (one_in(b, 8)) {
    const bool at_pte = r.n_visits && one_in(b, 2);
    if (!at_pte && r.reason)
      return d;
    const uint64_t pa = at_pte ? r.visits[rnd(b) % r.n_visits].pa : r.pa[0];
    const uint64_t addr = one_in(b, 3) ? (pa & ~(PAGE - 1ull)) >> 2 | rnd(b) % (PAGE / 4)
                                       : (pa >> 2) + (one_in(b, 2) ? rnd(b) % 2 : 0);
    const unsigned kind = 2 + rnd(b) % 2;
    set_pmp(b, 0,
            kind << 3 | (unsigned[]){ 0, 1, 1, 1, 3, 4, 5 }[rnd(b) % 7] | (one_in(b, 4) ? 0x80 : 0),
            addr);
    d.pmp = true;
    return d;
  }
  if (!r.n_visits)
    return d;
  const unsigned near = r.n_visits < 4 ? r.n_visits : 4; /* the last ones decide most */
  d.v = r.visits[r.n_visits - 1 - (one_in(b, 2) ? 0 : rnd(b) % (one_in(b, 2) ? near : r.n_visits))];
  if (!is_ram(d.v.pa))
    return d;
  const uint64_t new = damaged(b, model_read(b, d.v.pa), &d.v);
  const uint64_t old = change(b, &d, d.v.pa, new);
  fence_for(b, &d.v, old, new);
  return d;
}
static void undo_damage(bench *b, const damage *d)
{
  if (d->pmp)
    set_pmp(b, 0, 0, 0);
  if (d->n == 0)
    return;
  b->narrow = false;
  for (unsigned i = d->n; i-- > 0;)
    put_pte(b, d->pte[i].pa, d->pte[i].old);
  fence_all(b); /* the PTE is on other ways, too */
}

/* ---- cases ---- */

static unsigned column(const bench *b, const translate_result *r)
{
  static const uint8_t mode[] = { [0] = 0, [8] = 1, [9] = 2, [10] = 3 };
  if (r->prv == 3)
    return 20;
  return r->v ? mode[b->c.vsatp >> 60] * 4 + mode[b->c.hgatp >> 60] : 16 + mode[b->c.satp >> 60];
}

static void tally(bench *b, const op *o, const translate_result *r)
{
  const unsigned at = column(b, r);
  b->count[at][r->reason ? r->stage : PHYSICAL][r->reason]++;
  b->by_access[o->access][r->reason != FINE]++;
  if (!r->reason && at < 16)
    b->levels[at][r->level[0] + 1 == 10 ? 6 : r->level[0] + 1]
             [r->level[1] + 1 == 10 ? 6 : r->level[1] + 1]++;
  if (!is_cbo(o->access) && o->va % PAGE + o->size > PAGE)
    b->crossing[r->reason != FINE]++;
}

/* The code's address: M-mode's own page if nothing is translated; else any that may do. */
static uint64_t random_pc(bench *b)
{
  if (b->c.prv == 3)
    return page_pa(M_CODE) + (rnd(b) & 0xffc);
  const uint64_t va = b->va[rnd(b) % N_VAS];
  return one_in(b, 20) ? (va | (PAGE - 1)) - 1 : (va & ~(PAGE - 1ull)) | (rnd(b) & 0xffc & ~8u);
}

static bool can_execute(const bench *b, const op *o)
{
  if (o->access == FETCH)
    return false;
  return !is_hlsv(o->access) || (!b->c.v && (b->c.prv != 0 || b->c.hstatus >> 9 & 1));
}

/* Can the engine run the instruction and the loop behind it: both in one page, nothing refused. */
static bool engine_can(bench *b, uint64_t pc)
{
  translate_result r;
  if (!translate_pmp(&b->c, page_pa(M_VECTOR), 8, PMA_EXEC, 3)) /* a locked entry */
    return false;
  if (b->narrow || b->h->csr.medeleg || (pc & (PAGE - 1)) > PAGE - 8)
    return false;
  for (unsigned i = 0; i < 8; i += 2) {
    translate(&b->c, &b->mem, FETCH, pc + i, 2, &r);
    if (r.reason || (!is_scratch(r.pa[0]) && b->c.prv != 3))
      return false;
    const uint32_t loop = 0x0000006f;
    const uint16_t half = loop >> (i & 2) * 8;
    if (i >= 4)
      put(b, r.pa[0], &half, 2);
  }
  return true;
}

/* The next instruction would be another one. */
static bool stores_to_code(bench *b, const op *o, uint64_t pc)
{
  translate_result code, r;
  translate(&b->c, &b->mem, FETCH, pc, 2, &code);
  translate(&b->c, &b->mem, o->access, o->va, o->size, &r);
  bool same = false;
  for (unsigned i = 0; i < r.parts && !r.reason && !code.reason; i++)
    same |= is_store(o->access) && r.pa[i] / PAGE == code.pa[0] / PAGE;
  return same;
}

/* Twice; false if no place for the code was found. */
static bool try_instruction(bench *b, op *o)
{
  translate_result r, code;
  uint64_t pc = 0;
  bool placed = false;
  for (unsigned i = 0; i < 4 && !placed; i++) {
    pc = random_pc(b);
    if (b->c.prv == 3) {
      put(b, pc, &o->insn, 4);
      placed = true;
    } else {
      placed = place_code(b, pc, o->insn, &code) && (!code.reason || one_in(b, 6));
    }
  }
  if (!placed)
    return false;
  const bool engine = one_in(b, 3) && engine_can(b, pc);
  if (stores_to_code(b, o, pc) && (engine || b->c.prv == 3))
    return false;
  for (unsigned i = 0; i < 2; i++) {
    const bool hit = would_hit(b, o) && !is_hlsv(o->access);
    const bool fetched = by_instruction(b, o, &r, pc, engine);
    b->hits += hit;
    b->native += b->c.prv != 3;
    b->by_engine += engine;
    tally(b, fetched ? o : &(op){ .access = FETCH, .va = pc, .size = 4 }, &r);
    if (b->c.prv != 3 && is_store(o->access))
      return true; /* it may have overwritten itself */
  }
  return true;
}

/* Makes a load or store once, so that the TLB has something to forget. */
static void prime(bench *b, op *o)
{
  if (o->access != LOAD && o->access != STORE)
    return;
  translate_result r;
  translate(&b->c, &b->mem, o->access, o->va, o->size, &r);
  if (!r.reason)
    choose_data(b, o, &r);
  by_call(b, o, &r, commit(b, o, &r));
}

static void one_case(bench *b)
{
  if (one_in(b, 3))
    random_regime(b, one_in(b, 12));
  else if (one_in(b, 4))
    flip_one(b);
  if (one_in(b, 16))
    audit(b);
  if (one_in(b, 40))
    random_fence(b);
  op o = random_op(b);
  if (one_in(b, 2))
    prime(b, &o);
  const damage d = one_in(b, 2) ? do_damage(b, &o) : (damage){ 0 };
  translate_result r;
  translate(&b->c, &b->mem, o.access, o.va, o.size, &r);
  if (r.reason)
    o.insn = encode(b, &o, AMOSWAP);
  else
    choose_data(b, &o, &r);
  const bool atomic = o.access == AMO || o.access == LR || o.access == SC || is_cbo(o.access);
  if (!(can_execute(b, &o) && (atomic || one_in(b, 2)) && try_instruction(b, &o)) && !atomic)
    for (unsigned i = 0; i < 2; i++) {
      translate(&b->c, &b->mem, o.access, o.va, o.size, &r);
      if (is_hlsv(o.access) && r.ea != o.va)
        break; /* the instruction masks, not the memory system */
      if (!is_hlsv(o.access) && o.access != FETCH && would_hit(b, &o))
        audit_hit(b, &o); /* before the model's A and D */
      const uint64_t value = commit(b, &o, &r);
      by_call(b, &o, &r, value);
      check_memory(b, &o, &r);
      tally(b, &o, &r);
    }
  if (d.pmp && d.n == 0)
    audit(b);
  undo_damage(b, &d);
  if (one_in(b, 8))
    audit(b);
}

/* ---- coverage ---- */

static const char *const column_names[] = { "B/B",   "B/39",  "B/48",  "B/57",  "39/B",  "39/39",
                                            "39/48", "39/57", "48/B",  "48/39", "48/48", "48/57",
                                            "57/B",  "57/39", "57/48", "57/57", "B",     "39",
                                            "48",    "57",    "M" };

/* Can the reason occur there? */
static bool possible(unsigned col, translate_stage s, translate_reason r)
{
  const bool two = col < 16, vs = two && col / 4, g = two && col % 4, single = col > 16 && col < 20;
  const bool exists = s == S_STAGE                  ? single
                      : s == VS_STAGE               ? vs
                      : s == G_FINAL                ? g
                      : s == G_READ || s == G_WRITE ? vs && g
                                                    : true;
  if (!exists || (s == PHYSICAL) != (r == FINE || r >= PA_NOWHERE))
    return false;
  if (s == PHYSICAL)
    return true;
  switch (r) {
  case VA_SIGN:
    return s == S_STAGE || s == VS_STAGE;
  case GPA_WIDE: /* a PTE's address has 56 bits, and Sv57x4 takes 59 */
    return (s == G_FINAL && (!vs || col % 4 != 3)) || (s == G_READ && col % 4 != 3);
  case IS_U:
    return s == S_STAGE || s == VS_STAGE;
  case NOT_W:
  case D_OFF:
  case NOT_R:
  case NOT_X:
    return s != G_READ && s != G_WRITE ? true
           : s == G_READ               ? r == NOT_R
                                       : r == NOT_W; /* no update without menvcfg.ADUE */
  default: /* what the read of the same PTE did not refuse, its update does not either */
    return s != G_WRITE || r == AD_NOWHERE || r == AD_PMP;
  }
}

static unsigned count_empty(const bench *b)
{
  unsigned empty = 0;
  for (unsigned c = 0; c < 21; c++)
    for (unsigned s = 0; s < N_STAGES; s++)
      for (unsigned r = 0; r < N_REASONS; r++)
        empty += possible(c, s, r) && !b->count[c][s][r];
  return empty;
}

static unsigned print_coverage(const bench *b)
{
  const unsigned empty = count_empty(b);
  unsigned buckets = 0;
  uint64_t cases = 0;
  printf("%-24s", "cases by reason");
  for (unsigned c = 0; c < 21; c++)
    printf("%7s", column_names[c]);
  printf("\n");
  for (unsigned s = 0; s < N_STAGES; s++)
    for (unsigned r = 0; r < N_REASONS; r++) {
      bool any = false;
      for (unsigned c = 0; c < 21; c++)
        any |= possible(c, s, r) || b->count[c][s][r];
      if (!any)
        continue;
      printf("%-15s%-9.9s", stage_names[s], reason_names[r]);
      for (unsigned c = 0; c < 21; c++) {
        const uint64_t n = b->count[c][s][r];
        cases += n;
        buckets += possible(c, s, r);
        if (possible(c, s, r) || n)
          printf("%7lu", n);
        else
          printf("%7s", ".");
      }
      printf("\n");
    }
  printf("%lu accesses, %u of %u buckets filled\n", cases, buckets - empty, buckets);
  fflush(stdout);
  return empty;
}

/* Every pair of page sizes, Bare and 64 KiB among them. */
static unsigned missing_levels(const bench *b)
{
  unsigned missing = 0;
  for (unsigned col = 0; col < 16; col++)
    for (unsigned i = 0; i < 7; i++)
      for (unsigned j = 0; j < 7; j++) {
        const unsigned vs = col / 4 ? col / 4 + 2 : 0, g = col % 4 ? col % 4 + 2 : 0;
        const bool vs_has = i == 0 ? !vs : vs && (i == 6 || i <= vs);
        const bool g_has = j == 0 ? !g : g && (j == 6 || j <= g);
        missing += vs_has && g_has && !b->levels[col][i][j];
      }
  return missing;
}

static bench *new_bench(bool strict, uint64_t seed)
{
  bench *b = calloc(1, sizeof *b);
  ck_assert_ptr_nonnull(b);
  b->rng = soak_seed(seed);
  b->shadow = calloc(1, RAM_SIZE);
  b->c.strict = strict;
  b->mem = (translate_memory){ .ctx = b, .attributes = attributes, .read = model_read };
  ck_assert_ptr_nonnull(rv_phys_add(&b->phys, RAM, RAM_SIZE, false));
  ck_assert_ptr_nonnull(rv_phys_add(&b->phys, ROM, sizeof b->rom, true));
  fill_rom(b);
  memcpy(b->phys.region[1].host, b->rom, sizeof b->rom);
  b->phys.bus = b;
  b->phys.bus_read = bus_read;
  b->phys.bus_write = bus_write;
  b->phys.bus_claims = bus_claims;
  b->env = (rv_env){ .ctx = b };
  rv_hart *h = b->h = calloc(1, sizeof *h);
  h->env = &b->env;
  h->phys = &b->phys;
  h->prv = PRV_M;
  h->reservation = ~0ull;
  h->choice.strict = strict;
  h->choice.ext = RV_EXT_DEFAULT;
  b->phys.harts = &b->h;
  b->phys.n_harts = 1;
  rv_csr_reset(h);
  ck_assert(rv_mmu_init(h));
  b->phys.code = rv_code_new(&b->phys, 4 << 20, rv_engine_here());
  h->code = b->phys.code;
  b->c.prv = 3;
  return b;
}
static void free_bench(bench *b)
{
  rv_code_free(b->phys.code);
  rv_mmu_free(b->h);
  rv_phys_free(&b->phys);
  free(b->h);
  free(b->shadow);
  free(b);
}

static void run(bench *b, unsigned rounds)
{
  for (unsigned round = 0; round < rounds; round++) {
    new_round(b);
    random_regime(b, true);
    for (unsigned i = 0; i < CASES; i++)
      one_case(b);
    /* Nothing else was written. */
    ck_assert_mem_eq(b->phys.region[0].host, b->shadow, RAM_SIZE);
  }
}

/* [H-107, H-130 .. H-145, H-200 .. H-263, H-276, H-410, H-453 .. H-458] */
START_TEST(model_and_machine_agree)
{
  bench *b = new_bench(false, 0x9e3779b97f4a7c15);
  run(b, soak_times(ROUNDS));
  for (unsigned i = 0; i < 20 && (count_empty(b) || missing_levels(b)); i++)
    run(b, ROUNDS / 10);
  const unsigned empty = print_coverage(b), missing = missing_levels(b);
  printf("pairs of page sizes missing: %u; TLB hits %lu, entries audited %lu, A/D updates %lu;\n"
         "instructions below M %lu, by the engine %lu; page-crossing %lu, refused %lu\n",
         missing, b->hits, b->audited, b->updates, b->native, b->by_engine, b->crossing[0],
         b->crossing[1]);
  for (unsigned a = 0; a < N_ACCESSES; a++)
    printf("%s %lu, refused %lu%s", access_names[a], b->by_access[a][0], b->by_access[a][1],
           a + 1 < N_ACCESSES ? "; " : "\n");
  fflush(stdout);
#ifndef __SANITIZE_ADDRESS__
  ck_assert_uint_eq(empty, 0);
  ck_assert_uint_eq(missing, 0);
#else
  ck_assert_uint_lt(empty + missing, 120);
#endif
  ck_assert_uint_gt(b->hits, 1000);
  ck_assert_uint_gt(b->by_engine, 1000);
  free_bench(b);
}
END_TEST

/* hgatp's root with PPN[1:0] written and ignored [H-202]. */
START_TEST(strict_roots)
{
  bench *b = new_bench(true, 0x123456789abcdef1);
  run(b, soak_times(ROUNDS / 10));
  free_bench(b);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, model_and_machine_agree);
  tcase_add_test(tc, strict_roots);
}
UNIT_MAIN("translate", add_tests)
