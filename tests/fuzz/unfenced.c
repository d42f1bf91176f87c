/* unfenced.c - what a program may see that changes a translation and does not fence it: the old one
 * or the new one, whole, and after the fence the new one. [priv supervisor#sfence.vma,
 * hypervisor#hfence.vma]
 *
 * Each case makes the same access before the change, behind it, and behind the fence. All builds of
 * the library must keep to that, though they differ in what they see: where nothing is kept, it is
 * the new one at once. Random programs fence every change: there all builds are equal (compare.py).
 */
#include "world.h"
#include <stdio.h>

/* Pages of RAM: handler, program, data or code A, B and C, then tables. */
static const uint64_t PROGRAM = RAM + 0x1000, A = RAM + 0x4000, B = RAM + 0x5000, C = RAM + 0x6000;
static const uint64_t ROOT = RAM + 0x8000, L1 = RAM + 0x9000, L0 = RAM + 0xa000,
                      OTHER_L0 = RAM + 0xb000, OTHER_ROOT = RAM + 0xc000, OTHER_L1 = RAM + 0xd000;
static const uint64_t G_ROOT = RAM + 0x10000, G_L1 = RAM + 0x14000, G_L0 = RAM + 0x15000,
                      G_OTHER_ROOT = RAM + 0x18000, G_OTHER_L1 = RAM + 0x1c000,
                      G_OTHER_L0 = RAM + 0x1d000;
/* VA + page is mapped by L0[page]; for a guest it leads to GPA + the physical page's number. */
static const uint64_t VA = 0x40000000, GPA = 0x40000000;
enum { PAGE_A = 4, PAGE_B = 5 };
enum { ALL = 0xcf, USER = 0x10, READ_ONLY = 0xc3, NONE = 0 }; /* D A X W R V */
enum { IS_A = 0xa, IS_B = 0xb, IS_C = 0xc, FAULT = 0x100 };

typedef enum { AS_HS, AS_GUEST, IN_HS } how; /* the first two: M-mode with MPRV */

static uint64_t pte(uint64_t pa, unsigned flags) { return pa >> 12 << 10 | flags; }
static uint64_t sv39(uint64_t root) { return 8ull << 60 | root >> 12; }

/* Any fault makes the access's result FAULT + cause, and goes on behind it; not by mret, which
 * would make MPP user's. s11 is mstatus as before the fault. */
static const char handler[] = "csrrs a1,mcause,zero; addi a1,a1,0x100; csrrs t6,mepc,zero; "
                              "addi t6,t6,4; csrrw zero,mstatus,s11; jalr zero,0(t6)";

static void make_data(world *w)
{
  const uint64_t pages[] = { A, B, C };
  for (unsigned i = 0; i < 3; i++) { /* data: 0xaaaa...; at 64, a function that returns 0xa */
    world_poke64(w, pages[i], (IS_A + i) * 0x1111111111111111ull);
    char text[64];
    snprintf(text, sizeof text, "addi a1,zero,%u; jalr zero,0(ra)", IS_A + i);
    world_asm(w, pages[i] + 64, text);
  }
}

static void make_tables(world *w, bool guest)
{
  const uint64_t page_a = guest ? GPA + PAGE_A * 4096 : A, page_b = guest ? GPA + PAGE_B * 4096 : B;
  const uint64_t roots[] = { ROOT, OTHER_ROOT }, l1s[] = { L1, OTHER_L1 }, l0s[] = { L0, OTHER_L0 };
  const uint64_t g_roots[] = { G_ROOT, G_OTHER_ROOT }, g_l1s[] = { G_L1, G_OTHER_L1 },
                 g_l0s[] = { G_L0, G_OTHER_L0 };
  for (unsigned i = 0; i < 2; i++) {
    world_poke64(w, roots[i] + 8, pte(l1s[i], 1));
    world_poke64(w, roots[i] + 16, pte(RAM, ALL));
    world_poke64(w, l1s[i], pte(l0s[i], 1));
    world_poke64(w, l0s[i] + 8 * PAGE_B, pte(i ? page_b : page_a, ALL));
    world_poke64(w, g_roots[i] + 8, pte(g_l1s[i], 1));
    world_poke64(w, g_roots[i] + 16, pte(RAM, ALL | USER));
    world_poke64(w, g_l1s[i], pte(g_l0s[i], 1));
    world_poke64(w, g_l0s[i] + 8 * PAGE_A, pte(i ? B : A, ALL | USER));
    world_poke64(w, g_l0s[i] + 8 * PAGE_B, pte(B, ALL | USER));
  }
}

static void enter(world *w, how as)
{
  rv_hart *h = w->harts[0];
  h->csr.mtvec = RAM;
  h->pc = PROGRAM;
  if (as == AS_GUEST) {
    h->s[1].atp = sv39(ROOT);
    h->csr.hgatp = sv39(G_ROOT);
    h->csr.mstatus |= mstatus_MPV;
  } else
    h->s[0].atp = sv39(ROOT);
  h->csr.mstatus |= mstatus_MPRV | 1ull << 11; /* MPP = S */
  if (as == IN_HS) {
    h->csr.mstatus &= ~mstatus_MPRV;
    h->prv = PRV_S;
  }
  h->x[8] = VA + PAGE_B * 4096; /* s0 */
  h->x[27] = h->csr.mstatus;
  rv_regime_changed(h);
}

/* A change: the word at `at` becomes value, or else a CSR does; then what fences it. */
typedef struct {
  const char *name;
  how as;
  const char *access; /* result in a1 */
  uint64_t before, at, value;
  const char *change, *fence;
  uint16_t
      seen[4]; /* what may be seen of it without the fence; the first: before; the last: after */
} unfenced;

#define LOAD "ld a1,0(s0)"
#define CALL "jalr ra,64(s0)"
#define ATOMIC "amoor.d a1,zero,(s0)" /* a store, and where it goes */
/* Stores what is in the page already: seen by the fault alone. */
#define STORE "addi a1,zero,0xa; sd a0,8(s0)"
#define WRITE "sd t1,0(t0)"
#define WRITE_BOTH "sd t4,0(t3); sd t1,0(t0)" /* t4, t3: C for the guest's page B */
#define SFENCE "sfence.vma zero,zero"
#define HFENCE_V "hfence.vvma zero,zero"
#define HFENCE_G "hfence.gvma zero,zero"

static unsigned digit(uint64_t a1) { return a1 >= 0x1000 ? a1 & 15 : a1; }

static void run(const unfenced *u, uint64_t seen[3], void (*go)(world *, rv_hart *, uint64_t))
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  char text[400];
  make_data(w);
  make_tables(w, u->as == AS_GUEST);
  if (u->before)
    world_poke64(w, u->at, u->before);
  world_asm(w, RAM, handler);
  snprintf(text, sizeof text,
           "%s; addi s2,a1,0; %s; %s; addi s3,a1,0; %s; %s; addi s4,a1,0; jal zero,0x%" PRIx64,
           u->access, u->change, u->access, u->fence, u->access, PROGRAM + 0x100);
  world_asm(w, PROGRAM, text);
  char end[40];
  snprintf(end, sizeof end, "jal zero,0x%" PRIx64, PROGRAM + 0x100);
  world_asm(w, PROGRAM + 0x100, end);
  h->x[5] = u->at;
  h->x[6] = u->value;
  h->x[28] = G_L0 + 8 * PAGE_B;
  h->x[29] = pte(C, ALL | USER);
  enter(w, u->as);
  go(w, h, 60);
  ck_assert_msg(h->pc == PROGRAM + 0x100, "%s: at %" PRIx64, u->name, h->pc);
  for (unsigned i = 0; i < 3; i++)
    seen[i] = digit(h->x[18 + i]);
  world_free(w);
}

static bool one_of(const uint16_t *set, uint64_t value)
{
  for (unsigned i = 0; i < 4; i++)
    if (set[i] == value)
      return true;
  return false;
}

static unsigned last(const uint16_t *set)
{
  unsigned i = 3;
  while (!set[i])
    i--;
  return set[i];
}

static void check(const unfenced *u)
{
  void (*const ways[])(world *, rv_hart *, uint64_t) = { world_run, world_step };
  for (unsigned i = 0; i < 2; i++) {
    uint64_t seen[3];
    run(u, seen, ways[i]);
    ck_assert_msg(seen[0] == u->seen[0], "%s: %" PRIx64 " before", u->name, seen[0]);
    ck_assert_msg(one_of(u->seen, seen[1]), "%s: %" PRIx64 " without a fence", u->name, seen[1]);
    ck_assert_msg(seen[2] == last(u->seen), "%s: %" PRIx64 " after the fence", u->name, seen[2]);
    printf("%-40s %3" PRIx64 " then %3" PRIx64 ", fenced %3" PRIx64 "\n", u->name, seen[0], seen[1],
           seen[2]);
  }
}

START_TEST(single_stage)
{
  const uint64_t at = L0 + 8 * PAGE_B;
  const unfenced cases[] = {
    { "another page", AS_HS, LOAD, 0, at, pte(B, ALL), WRITE, SFENCE, { IS_A, IS_B } },
    { "another page, address fence",
      AS_HS,
      LOAD,
      0,
      at,
      pte(B, ALL),
      WRITE,
      "sfence.vma s0,zero",
      { IS_A, IS_B } },
    { "no page any more",
      AS_HS,
      LOAD,
      0,
      at,
      NONE,
      WRITE,
      SFENCE,
      { IS_A, FAULT + CAUSE_LOAD_PAGE } },
    { "a page at last",
      AS_HS,
      LOAD,
      pte(A, 0),
      at,
      pte(B, ALL),
      WRITE,
      SFENCE,
      { FAULT + CAUSE_LOAD_PAGE, IS_B } },
    { "another page for an atomic access",
      AS_HS,
      ATOMIC,
      0,
      at,
      pte(B, ALL),
      WRITE,
      SFENCE,
      { IS_A, IS_B } },
    { "read-only",
      AS_HS,
      STORE,
      0,
      at,
      pte(A, READ_ONLY),
      WRITE,
      SFENCE,
      { IS_A, FAULT + CAUSE_STORE_PAGE } },
    { "another table", AS_HS, LOAD, 0, L1, pte(OTHER_L0, 1), WRITE, SFENCE, { IS_A, IS_B } },
    { "a superpage", AS_HS, LOAD, 0, L1, pte(RAM, ALL), WRITE, SFENCE, { IS_A, IS_B } },
    { "another root, same ASID",
      AS_HS,
      LOAD,
      0,
      0,
      sv39(OTHER_ROOT),
      "csrrw zero,satp,t1",
      SFENCE,
      { IS_A, IS_B } },
    { "code in another page", IN_HS, CALL, 0, at, pte(B, ALL), WRITE, SFENCE, { IS_A, IS_B } },
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
    check(&cases[i]);
}
END_TEST

START_TEST(two_stages)
{
  const uint64_t vs = L0 + 8 * PAGE_B, g = G_L0 + 8 * PAGE_A;
  const unfenced cases[] = {
    { "guest's other page",
      AS_GUEST,
      LOAD,
      0,
      vs,
      pte(GPA + PAGE_B * 4096, ALL),
      WRITE,
      HFENCE_V,
      { IS_A, IS_B } },
    { "guest's no page",
      AS_GUEST,
      LOAD,
      0,
      vs,
      NONE,
      WRITE,
      HFENCE_V,
      { IS_A, FAULT + CAUSE_LOAD_PAGE } },
    { "G-stage's other page",
      AS_GUEST,
      LOAD,
      0,
      g,
      pte(C, ALL | USER),
      WRITE,
      HFENCE_G,
      { IS_A, IS_C } },
    { "G-stage's no page",
      AS_GUEST,
      LOAD,
      0,
      g,
      NONE,
      WRITE,
      HFENCE_G,
      { IS_A, FAULT + CAUSE_LOAD_GUEST_PAGE } },
    { "G-stage's read-only",
      AS_GUEST,
      STORE,
      0,
      g,
      pte(A, READ_ONLY | USER),
      WRITE,
      HFENCE_G,
      { IS_A, FAULT + CAUSE_STORE_GUEST_PAGE } },
    { "another G-stage root, same VMID",
      AS_GUEST,
      LOAD,
      0,
      0,
      sv39(G_OTHER_ROOT),
      "csrrw zero,hgatp,t1",
      HFENCE_G,
      { IS_A, IS_B } },
    { "another guest root, same ASID",
      AS_GUEST,
      LOAD,
      0,
      0,
      sv39(OTHER_ROOT),
      "csrrw zero,vsatp,t1",
      HFENCE_V,
      { IS_A, IS_B } },
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
    check(&cases[i]);
}
END_TEST

/* Both stages change: each may be the old or the new one by itself. */
START_TEST(both_stages)
{
  const unfenced u = { "both stages",
                       AS_GUEST,
                       LOAD,
                       0,
                       L0 + 8 * PAGE_B,
                       pte(GPA + PAGE_B * 4096, ALL),
                       WRITE_BOTH,
                       HFENCE_G "; " HFENCE_V,
                       { IS_A, IS_B, IS_C } };
  check(&u);
}
END_TEST

/* Changed code without fence.i: the old instruction or the new one. */
START_TEST(code)
{
  unfenced u = { "code without fence.i", IN_HS,     CALL,          0, A + 64, 0,
                 "sw t1,0(t0)",          "fence.i", { IS_A, IS_C } };
  uint32_t bits;
  unsigned length;
  char error[80];
  ck_assert(rv_asm("addi a1,zero,12", 0, &bits, &length, error, sizeof error));
  u.value = bits;
  check(&u);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, single_stage);
  tcase_add_test(tc, two_stages);
  tcase_add_test(tc, both_stages);
  tcase_add_test(tc, code);
}

UNIT_MAIN("unfenced", add_tests)
