/* test_block.c - block.c and the links between blocks: what a block may assume, and what makes it
 * stale. The code runs by the engine; expectations are by hand.
 */
#include "asm_text.h"
#include "world.h"

static const uint64_t CODE = RAM + 0x1000, TABLES = RAM + 0x8000, VA = 0x40000000;

static void put(world *w, uint64_t pa, const char *text)
{
  uint8_t bytes[4096];
  world_poke(w, pa, bytes, asm_text(text, pa, bytes, sizeof bytes));
}

/* As seen at va. */
static void put_at(world *w, uint64_t pa, uint64_t va, const char *text)
{
  uint8_t bytes[4096];
  world_poke(w, pa, bytes, asm_text(text, va, bytes, sizeof bytes));
}

static rv_page *page(world *w, uint64_t pa) { return rv_region_page(&w->phys.region[0], pa); }

/* Virtual page i of VA is page of RAM number `page`; 0: none. */
static void map(world *w, unsigned i, unsigned page)
{
  world_poke64(w, TABLES + 0x2000 + 8 * i, page ? (RAM / 4096 + page) << 10 | 0xcf : 0);
}

static rv_hart *enter_sv39(world *w)
{
  rv_hart *h = w->harts[0];
  world_poke64(w, TABLES + 8, (TABLES + 0x1000) >> 12 << 10 | 1);
  world_poke64(w, TABLES + 0x1000, (TABLES + 0x2000) >> 12 << 10 | 1);
  h->s[0].atp = 8ull << 60 | TABLES >> 12;
  h->prv = PRV_S;
  h->csr.mtvec = RAM;
  h->pc = VA;
  rv_regime_changed(h);
  return h;
}

/* One physical page at two addresses, whose next pages differ: a link made from one must not be
 * taken from the other. */
START_TEST(a_cross_page_link_holds_only_from_its_own_page)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  map(w, 0, 1);
  map(w, 1, 2);
  map(w, 2, 1);
  map(w, 3, 3);
  put_at(w, CODE + 0xff8, VA + 0xff8, "addi a0,a0,1; addi a0,a0,1");
  put_at(w, CODE + 0x1000, VA + 0x1000, "addi a1,a1,1; jalr zero,0(s1)");
  put_at(w, CODE + 0x2000, VA + 0x3000, "addi a2,a2,1; jalr zero,0(s0)");
  rv_hart *h = enter_sv39(w);
  h->x[8] = VA + 0xff8;
  h->x[9] = VA + 0x2ff8;
  h->pc = VA + 0xff8;
  world_run(w, h, 4 * 100);
  ck_assert_uint_eq(h->x[10], 200);
  ck_assert_uint_eq(h->x[11], 50);
  ck_assert_uint_eq(h->x[12], 50);
  ck_assert_uint_eq(h->pc, VA + 0xff8);
  world_free(w);
}
END_TEST

/* A link to another page dies with the translation. */
START_TEST(a_fence_voids_cross_page_links)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  for (unsigned all = 0; all < 2; all++) {
    map(w, 0, 1);
    map(w, 1, 2);
    put_at(w, CODE, VA,
           "loop:; jal ra,0x40001000; beq s2,zero,@loop; sfence.vma s3,zero; addi s2,zero,0;"
           "jal zero,@loop");
    put_at(w, CODE + 0x1000, VA + 0x1000, "addi a1,a1,1; jalr zero,0(ra)");
    put_at(w, CODE + 0x2000, VA + 0x1000, "addi a2,a2,1; jalr zero,0(ra)");
    rv_hart *h = enter_sv39(w);
    rv_tlb_drop_all(h); /* what the round before left of these pages */
    h->x[11] = h->x[12] = 0;
    world_run(w, h, 40);
    ck_assert_uint_eq(h->x[11], 10);
    map(w, 1, 3);
    h->x[18] = 1;
    h->x[19] = VA + 0x1000;
    if (all)
      put_at(w, CODE + 8, VA + 8, "sfence.vma zero,zero");
    world_run(w, h, 4 + 3 + 40);
    ck_assert_uint_ge(h->x[12], 10);
    ck_assert_uint_le(h->x[11], 11);
  }
  world_free(w);
}
END_TEST

/* A 4-byte instruction across pages depends on both: a fence for the second page's address alone
 * must be enough. */
START_TEST(an_instruction_across_pages_follows_both_translations)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  const uint32_t one = 0x00150513, two = 0x00250513; /* addi a0,a0,1 and 2 */
  map(w, 0, 1);
  map(w, 1, 2);
  world_poke(w, CODE + 0xffe, &one, 2);
  world_poke(w, CODE + 0x1000, (char *)&one + 2, 2);
  world_poke(w, CODE + 0x2000, (char *)&two + 2, 2);
  put_at(w, CODE + 0x1002, VA + 0x1002, "jalr zero,0(s0)");
  put_at(w, CODE + 0x2002, VA + 0x1002, "jalr zero,0(s0)");
  put_at(w, CODE, VA, "sfence.vma s3,zero; jalr zero,0(s4)");
  rv_hart *h = enter_sv39(w);
  h->x[8] = h->x[20] = h->pc = VA + 0xffe;
  h->x[19] = VA + 0x1000;
  world_run(w, h, 20);
  ck_assert_uint_eq(h->x[10], 10);
  map(w, 1, 3);
  h->pc = VA;
  world_run(w, h, 2 + 20);
  ck_assert_uint_eq(h->x[10], 10 + 20);
  world_free(w);
}
END_TEST

/* Reached from a block before it, by a link from its own page, and by falling into it. */
START_TEST(an_instruction_across_pages_is_entered_from_everywhere)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  const uint32_t one = 0x00150513; /* addi a0,a0,1 */
  put(w, CODE + 0xff6, "jal zero,0x80001ffe; addi a1,a1,1");
  world_poke(w, CODE + 0xffe, &one, 4);
  put(w, CODE + 0x1002, "jalr zero,0(s0)");
  h->x[8] = h->pc = CODE + 0xff6;
  world_run(w, h, 30);
  ck_assert_uint_eq(h->x[10], 10);
  ck_assert_uint_eq(h->x[11], 0);
  h->x[8] = h->pc = CODE + 0xffa;
  world_run(w, h, 30);
  ck_assert_uint_eq(h->x[10], 20);
  ck_assert_uint_eq(h->x[11], 10);
  world_free(w);
}
END_TEST

START_TEST(a_fetch_fault_across_pages_names_the_boundary)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  const uint32_t one = 0x00150513;
  map(w, 0, 1);
  map(w, 1, 0);
  world_poke(w, CODE + 0xffe, &one, 2);
  put(w, RAM, "loop:; jal zero,@loop");
  rv_hart *h = enter_sv39(w);
  h->pc = VA + 0xffe;
  world_run(w, h, 3);
  ck_assert_uint_eq(h->csr.mcause, CAUSE_FETCH_PAGE);
  ck_assert_uint_eq(h->csr.mepc, VA + 0xffe);
  ck_assert_uint_eq(h->csr.mtval, VA + 0x1000);
  ck_assert_uint_eq(h->unretired, 1);
  world_free(w);
}
END_TEST

/* Stores to either page of an instruction across pages. */
START_TEST(a_store_to_either_page_changes_the_instruction_across)
{
  for (unsigned second = 0; second < 2; second++) {
    world *w = world_new(1, RV_CODE_DEFAULT);
    rv_hart *h = w->harts[0];
    const uint32_t old = 0x00150513,
                   new = second ? 0x00250513 : 0x00150593; /* 2, or addi a1,a0,1 */
    world_poke(w, CODE + 0xffe, &old, 4);
    put(w, CODE + 0x1002, "jalr zero,0(s0)");
    put(w, CODE, "sh s1,0(s2); jalr zero,0(s0)");
    h->x[8] = h->pc = CODE + 0xffe;
    world_run(w, h, 20);
    ck_assert_uint_eq(h->x[10], 10);
    h->x[9] = second ? new >> 16 : new & 0xffff;
    h->x[18] = CODE + (second ? 0x1000 : 0xffe);
    h->pc = CODE;
    world_run(w, h, 2 + 20);
    ck_assert_uint_eq(h->x[10], second ? 30 : 10);
    ck_assert_uint_eq(h->x[11], second ? 0 : 11);
    world_free(w);
  }
}
END_TEST

/* Every kind of store into the block that runs: the next instruction is the new one, and the block
 * ends after the store with count and pc exact. */
START_TEST(a_store_into_its_own_block_ends_it)
{
  static const char *const stores[] = { "sw s1,0(s2)",          "sd s1,0(s2)",
                                        "sh s1,2(s2)",          "sb s1,3(s2)",
                                        "fsw fs1,0(s2)",        "fsd fs1,0(s2)",
                                        "amoswap.w a5,s1,(s2)", "amoadd.w a5,s3,(s2)" };
  for (unsigned i = 0; i < G_N_ELEMENTS(stores); i++) {
    world *w = world_new(1, RV_CODE_DEFAULT);
    rv_hart *h = w->harts[0];
    const uint32_t new = 0x00250513; /* addi a0,a0,2 */
    g_autofree char *text = g_strdup_printf(
        "addi a1,a1,1; %s; addi a0,a0,1; addi a0,a0,16; csrrs a2,mcycle,zero; jal zero,0x80001000",
        stores[i]);
    put(w, CODE, text);
    h->csr.mstatus |= mstatus_FS;
    h->pc = CODE;
    h->x[18] = CODE + 8;
    h->x[9] = (uint64_t)0x01050513 << 32 | new; /* with the next one as it is */
    if (strstr(text, "sh "))
      h->x[9] = new >> 16;
    if (strstr(text, "sb "))
      h->x[9] = new >> 24;
    h->x[19] = new - 0x00150513;
    h->f[9] = h->x[9];
    rv_run(h, 5);
    world_run(w, h, 5 - h->icount);
    ck_assert_uint_eq(h->x[10], strstr(text, "sb ") ? 17 : 18);
    ck_assert_uint_eq(h->x[12], 4);
    ck_assert_uint_eq(h->pc, CODE + 20);
    world_free(w);
  }
}
END_TEST

/* A store across pages, of which only the second part is code. */
START_TEST(a_store_across_pages_hits_code_with_its_second_part)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  put(w, CODE + 0x1000, "addi a0,a0,1; addi zero,zero,0; sd s1,-4(s0); jalr zero,0(s0)");
  h->x[8] = h->pc = CODE + 0x1000;
  h->x[9] = (uint64_t)0x00250513 << 32;
  world_run(w, h, 4 + 4);
  ck_assert_uint_eq(h->x[10], 3);
  world_free(w);
}
END_TEST

/* A block that others link to is overwritten by somebody else, between their turns. */
START_TEST(links_to_a_stale_block_lead_to_the_new_code)
{
  world *w = world_new(2, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0], *other = w->harts[1];
  put(w, CODE, "addi a1,a1,1; jal zero,0x80001080");
  put(w, CODE + 0x80, "addi a0,a0,1; jal zero,0x80002000");
  put(w, CODE + 0x1000, "addi a2,a2,1; jal zero,0x80001000");
  put(w, CODE + 0x4000, "sw s1,0(s2); loop:; jal zero,@loop");
  other->pc = CODE + 0x4000;
  h->pc = CODE;
  world_run(w, h, 60);
  ck_assert_uint_eq(h->x[10], 10);
  other->x[9] = 0x00250513;
  other->x[18] = CODE + 0x80;
  world_run(w, other, 2);
  world_run(w, h, 60);
  ck_assert_uint_eq(h->x[10], 10 + 20);
  const uint32_t three = 0x00350513; /* and by DMA */
  world_poke(w, CODE + 0x80, &three, 4);
  world_run(w, h, 60);
  ck_assert_uint_eq(h->x[10], 30 + 30);
  ck_assert_uint_eq(h->x[12], 30);
  world_free(w);
}
END_TEST

/* A device that overwrites code behind the running block, in the same page. */
static bool dma_write(void *bus, rv_hart *h, uint64_t pa, unsigned size, uint64_t value)
{
  const uint32_t two = 0x00250513; /* addi a0,a0,2 */
  if (value == 5)
    world_poke(bus, CODE + 0x80, &two, 4);
  return true;
}

START_TEST(a_jump_in_the_page_finds_what_a_device_wrote_there)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  w->phys.bus_write = dma_write;
  put(w, CODE, "addi a1,a1,1; sw a1,0(s0); jal zero,0x80001080");
  put(w, CODE + 0x80, "addi a0,a0,1; jal zero,0x80001000");
  h->x[8] = DEV;
  h->pc = CODE;
  world_run(w, h, 5 * 10);
  ck_assert_uint_eq(h->x[11], 10);
  ck_assert_uint_eq(h->x[10], 4 * 1 + 6 * 2);
  world_free(w);
}
END_TEST

/* Another hart has the page in its write TLB when it becomes code. */
START_TEST(a_page_that_becomes_code_loses_its_fast_stores)
{
  world *w = world_new(2, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0], *other = w->harts[1];
  put(w, CODE, "addi a0,a0,1; jal zero,0x80001000");
  put(w, CODE + 0x4000, "loop:; sw s1,0(s2); jal zero,@loop");
  other->pc = CODE + 0x4000;
  other->x[9] = 0x00150513;
  other->x[18] = CODE;
  world_run(w, other, 4);
  h->pc = CODE;
  world_run(w, h, 20);
  ck_assert_uint_eq(h->x[10], 10);
  ck_assert(page(w, CODE)->has_code);
  other->x[9] = 0x00250513;
  world_run(w, other, 2);
  ck_assert(!page(w, CODE)->has_code); /* and gets them back */
  world_run(w, h, 20);
  ck_assert_uint_eq(h->x[10], 30);
  world_free(w);
}
END_TEST

/* Data beside code, in granules nothing was decoded from, leaves the blocks alone. */
START_TEST(a_store_beside_code_makes_nothing_stale)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  put(w, CODE, "addi a0,a0,1; sd a0,1024(s0); jal zero,0x80001000");
  h->x[8] = h->pc = CODE;
  world_run(w, h, 30);
  const uint64_t built = w->code->blocks;
  world_run(w, h, 3000);
  ck_assert_uint_eq(w->code->blocks, built);
  ck_assert_uint_eq(world_peek64(w, CODE + 1024), 1010);
  world_free(w);
}
END_TEST

/* The largest block there is: branches, each to a page of its own, never taken. */
START_TEST(the_arena_is_never_overrun)
{
  enum { ARENA = 64 << 10 };
  world *w = world_new(1, ARENA);
  rv_hart *h = w->harts[0];
  rv_op *head;
  unsigned fence_shift;
  for (unsigned off = 0; off < 3 * 4096; off += 4) {
    const uint32_t bits = off & 4096 ? 0x7e001ee3 : 0x80001063; /* bne zero,zero, far */
    world_poke(w, CODE + off, &bits, 4);
  }
  for (unsigned k = 0; k < 2000; k++) {
    const uint64_t pc = CODE + 4 * ((k * 37) % (3 * 1024 - 130));
    ck_assert_int_eq(rv_block_get(h, pc, &head, &fence_shift), RV_BLOCK_OK);
    ck_assert_msg(w->code->top <= w->code->arena + ARENA, "%td bytes too far",
                  w->code->top - w->code->arena - ARENA);
  }
  ck_assert_uint_gt(w->code->retired, 5);
  world_free(w);
}
END_TEST

/* Retirement in the middle of a run that uses all kinds of links. */
START_TEST(a_retired_arena_changes_nothing)
{
  world *w = world_new(1, 32 << 10);
  rv_hart *h = w->harts[0];
  for (unsigned i = 0; i < 20 * 64; i++) { /* each 64 bytes: count, then on to the next */
    const uint64_t at = CODE + 64 * i, next = CODE + 64 * ((i + 21) % 1280);
    g_autofree char *text = g_strdup_printf("addi a0,a0,1; beq zero,zero,0x%" PRIx64
                                            "; addi zero,zero,0; jal zero,0x%" PRIx64,
                                            at + 12, next);
    put(w, at, text);
  }
  h->pc = CODE;
  world_run(w, h, 3 * 10000);
  ck_assert_uint_eq(h->x[10], 10000);
  ck_assert_uint_gt(w->code->retired, 10);
  world_free(w);
}
END_TEST

/* A page that PMP splits: instructions run one by one, up to exactly the border. */
START_TEST(a_page_split_by_pmp_is_checked_at_every_instruction)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  put(w, RAM, "loop:; jal zero,@loop");
  for (unsigned i = 0; i < 1024; i++)
    put(w, CODE + 4 * i, "addi a0,a0,1");
  h->csr.mtvec = RAM;
  for (unsigned split = 0; split < 2; split++) { /* whole page first, then split under its blocks */
    rv_csr_poke(h, CSR_pmpaddr0, (CODE + (split ? 0x100 : 0x1000)) >> 2);
    rv_csr_poke(h, CSR_pmpcfg0, 0x0f); /* TOR, RWX up to there */
    h->prv = PRV_U;
    rv_regime_changed(h);
    h->pc = CODE;
    h->x[10] = 0;
    world_run(w, h, split ? 65 : 1025);
    ck_assert_uint_eq(h->csr.mcause, CAUSE_FETCH_ACCESS);
    ck_assert_uint_eq(h->x[10], split ? 64 : 1024);
    ck_assert_uint_eq(h->csr.mepc, CODE + (split ? 0x100 : 0x1000));
  }
  world_free(w);
}
END_TEST

/* One access each, whole, with the count of its instruction; refused ones do not reach the device.
 */
START_TEST(devices_are_accessed_once)
{
  static const struct {
    const char *insn;
    unsigned size, accesses;
  } cases[] = {
    { "lb a0,1(s0)", 1, 1 },    { "lhu a0,2(s0)", 2, 1 },        { "lw a0,4(s0)", 4, 1 },
    { "ld a0,8(s0)", 8, 1 },    { "sb a0,1(s0)", 1, 1 },         { "sd a0,16(s0)", 8, 1 },
    { "lw a0,1(s0)", 0, 0 },    { "sd a0,4(s0)", 0, 0 },         { "ld a0,-4(s0)", 0, 0 },
    { "sd a0,4092(s0)", 0, 0 }, { "amoadd.w a0,a1,(s0)", 0, 0 }, { "lr.d a0,(s0)", 0, 0 },
    { "flw fa0,4(s0)", 4, 1 },  { "fsd fa0,8(s0)", 8, 1 },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    if (strstr(cases[i].insn, "4092"))
      continue; /* beyond imm */
    world *w = world_new(1, RV_CODE_DEFAULT);
    rv_hart *h = w->harts[0];
    g_autofree char *text = g_strdup_printf(
        "addi a1,a1,1; addi a1,a1,1; %s; addi a1,a1,1; jal zero,0x80001000", cases[i].insn);
    put(w, CODE, text);
    put(w, RAM, "loop:; jal zero,@loop");
    h->csr.mtvec = RAM;
    h->csr.mstatus |= mstatus_FS;
    h->x[8] = DEV;
    h->pc = CODE;
    world_run(w, h, 4);
    ck_assert_msg(w->accesses == cases[i].accesses, "%s: %" PRIu64, cases[i].insn, w->accesses);
    if (cases[i].accesses) {
      ck_assert_uint_eq(w->last_size, cases[i].size);
      ck_assert_uint_eq(w->last_icount, 2);
    } else {
      const bool load = cases[i].insn[0] == 'l';
      ck_assert_uint_eq(h->csr.mcause, load ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS);
    }
    world_free(w);
  }
}
END_TEST

/* mcycle, minstret and time in mid-block and in loops; what was written is read next; a trapped
 * instruction takes time and does not retire. */
START_TEST(counters_are_exact)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  put(w, RAM, "csrrs t0,mepc,zero; addi t0,t0,4; csrrw zero,mepc,t0; mret");
  put(w, CODE,
      "csrrs a0,mcycle,zero; addi a1,a1,1; csrrs a2,mcycle,zero; addi a3,zero,10;"
      "loop:; addi a3,a3,-1; bne a3,zero,@loop; csrrs a4,minstret,zero; ecall;"
      "csrrs a5,minstret,zero; csrrs a6,mcycle,zero; addi t1,zero,1000; csrrw zero,minstret,t1;"
      "csrrs s2,minstret,zero; csrrw s3,minstret,t1; csrrs s4,instret,zero;"
      "csrrwi zero,mcountinhibit,5; csrrs s5,minstret,zero; csrrs s6,minstret,zero;"
      "csrrs s7,mcycle,zero; csrrs s8,mcycle,zero; csrrwi zero,mcountinhibit,0;"
      "csrrs s9,minstret,zero; csrrw zero,mcycle,t1; csrrs s10,cycle,zero");
  h->csr.mtvec = RAM;
  h->pc = CODE;
  world_run(w, h, 4 + 20 + 2 + 4 + 16);
  ck_assert_uint_eq(h->x[10], 0);
  ck_assert_uint_eq(h->x[12], 2);
  ck_assert_uint_eq(h->x[14], 24);
  ck_assert_uint_eq(h->x[15], 24 + 1 + 4); /* the csrrs, not the ecall, the handler's four */
  ck_assert_uint_eq(h->x[16], 31);
  ck_assert_uint_eq(h->x[18], 1000);
  ck_assert_uint_eq(h->x[19], 1001);
  ck_assert_uint_eq(h->x[20], 1000);
  ck_assert_uint_eq(h->x[21], h->x[22]);
  ck_assert_uint_eq(h->x[23], h->x[24]);
  ck_assert_uint_eq(h->x[25], h->x[22]);
  ck_assert_uint_eq(h->x[26], 1000);
  world_free(w);
}
END_TEST

/* --stats: a jump to another page is looked up once, in either direction; only the block that was
 * written is dropped, and decoded again. */
START_TEST(statistics_count_slow_paths)
{
  world *w = world_new(1, RV_CODE_DEFAULT);
  rv_hart *h = w->harts[0];
  put(w, CODE, "addi a0,a0,1; jal zero,0x80002100");
  put(w, CODE + 0x1100, "addi a1,a1,1; jal zero,0x80001000");
  h->pc = CODE;
  world_run(w, h, 4 * 100);
  ck_assert_uint_eq(h->stat.crosses, 2);
  ck_assert_uint_eq(w->code->blocks, 2);
  ck_assert_uint_eq(w->code->stale, 0);
  const uint64_t lookups = h->stat.lookups;
  put(w, CODE + 0x1100, "addi a1,a1,2");
  world_run(w, h, 4 * 100);
  ck_assert_uint_eq(h->x[11], 100 + 2 * 100);
  ck_assert_uint_eq(w->code->stale, 1);
  ck_assert_uint_eq(w->code->blocks, 3);
  ck_assert_uint_gt(h->stat.lookups, lookups);
  ck_assert_uint_le(h->stat.lookups, lookups + 1);
  world_free(w);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, a_cross_page_link_holds_only_from_its_own_page);
  tcase_add_test(tc, a_fence_voids_cross_page_links);
  tcase_add_test(tc, an_instruction_across_pages_follows_both_translations);
  tcase_add_test(tc, an_instruction_across_pages_is_entered_from_everywhere);
  tcase_add_test(tc, a_fetch_fault_across_pages_names_the_boundary);
  tcase_add_test(tc, a_store_to_either_page_changes_the_instruction_across);
  tcase_add_test(tc, a_store_into_its_own_block_ends_it);
  tcase_add_test(tc, a_store_across_pages_hits_code_with_its_second_part);
  tcase_add_test(tc, links_to_a_stale_block_lead_to_the_new_code);
  tcase_add_test(tc, a_jump_in_the_page_finds_what_a_device_wrote_there);
  tcase_add_test(tc, a_page_that_becomes_code_loses_its_fast_stores);
  tcase_add_test(tc, a_store_beside_code_makes_nothing_stale);
  tcase_add_test(tc, the_arena_is_never_overrun);
  tcase_add_test(tc, a_retired_arena_changes_nothing);
  tcase_add_test(tc, a_page_split_by_pmp_is_checked_at_every_instruction);
  tcase_add_test(tc, devices_are_accessed_once);
  tcase_add_test(tc, counters_are_exact);
  tcase_add_test(tc, statistics_count_slow_paths);
}

UNIT_MAIN("block", add_tests)
