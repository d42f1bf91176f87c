/* test_machine.c - src/machine: schedule, console, boot, board, through rvh.h, with small programs
 * written as files and run to their end.
 */
#include "asm_text.h"
#include "cpu/event.h"
#include "cpu/hart.h"
#include "priv/csr.h"
#include "rvh.h"
#include <elf.h>
#include <libfdt.h>
#include <unistd.h>

#define RAM 0x80000000ull
#define KERNEL 0x80200000ull
#define MiB (1ull << 20)
enum { ROM_INSNS = 6 }; /* the reset ROM's, before the program's first */

/* ---- running a program ---- */

static char *temp_file(const void *bytes, size_t n)
{
  GError *error = NULL;
  char *path = NULL;
  const int fd = g_file_open_tmp("rvh-test-XXXXXX", &path, &error);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(write(fd, bytes, n), n);
  close(fd);
  return path;
}

static rvh_config config(void)
{
  rvh_config c = RVH_CONFIG_DEFAULT;
  c.ram_size = 16 * MiB;
  c.bios = RVH_BIOS_NONE;
  c.console_out = c.messages = fopen("/dev/null", "w");
  c.limit_insns = 3000000;
  return c;
}

/* kernel: a temporary file, deleted here. */
static rvh_machine *load(rvh_config c, char *kernel)
{
  GError *error = NULL;
  c.kernel = kernel;
  rvh_machine *m = rvh_new(&c, &error);
  ck_assert_msg(m != NULL, "%s", error ? error->message : "");
  ck_assert_msg(rvh_load(m, &error), "%s", error ? error->message : "");
  if (kernel)
    unlink(kernel);
  g_free(kernel);
  return m;
}

/* A flat binary: at RAM in M-mode without firmware, at KERNEL in HS-mode with the built-in one. */
static rvh_machine *load_text(rvh_config c, const char *text)
{
  uint8_t bytes[4096];
  const size_t n = asm_text(text, c.bios == RVH_BIOS_NONE ? RAM : KERNEL, bytes, sizeof bytes);
  return load(c, temp_file(bytes, n));
}

static rvh_result run_text(rvh_config c, const char *text)
{
  rvh_machine *m = load_text(c, text);
  const rvh_result r = rvh_run(m, 0);
  rvh_free(m);
  return r;
}

static uint64_t csr(rvh_machine *m, unsigned hart, unsigned number)
{
  uint64_t value = 0;
  ck_assert(rvh_read_csr(m, hart, number, &value));
  return value;
}
static uint64_t word(rvh_machine *m, uint64_t pa)
{
  uint64_t value;
  ck_assert(rvh_read_memory(m, pa, &value, 8));
  return value;
}

/* Code 0 ends well, others are the guest's. t5, t6 are clobbered. */
#define EXIT_OK "lui t5,0x100; lui t6,5; addi t6,t6,0x555; sw t6,0(t5);"
/* Ends with the code in a0. */
#define EXIT_A0 "lui t5,0x100; slli t6,a0,16; lui t4,3; addi t4,t4,0x333; or t6,t6,t4; sw t6,0(t5);"
#define EXIT(code) "addi a0,zero," #code ";" EXIT_A0

/* ---- ends ---- */

START_TEST(limit_is_exact)
{
  static const uint64_t limits[] = { 1, 2, 63, 64, 65, 99999, 100000, 100001, 123457, 200003 };
  const char *spin = "loop:; addi a0,a0,1; addi a1,a1,2; beq a1,zero,@loop; addi a2,a2,3;"
                     "xor a3,a2,a1; jal zero,@loop";
  for (unsigned harts = 1; harts <= 3; harts += 2)
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
      rvh_config c = config();
      c.limit_insns = limits[i];
      c.n_harts = harts;
      rvh_machine *m = load_text(c, spin);
      const rvh_result r = rvh_run(m, 0);
      ck_assert_int_eq(r.status, RVH_EXIT_LIMIT);
      ck_assert_uint_eq(rvh_instructions(m), limits[i]);
      ck_assert_uint_eq(csr(m, 0, CSR_mcycle), limits[i]);
      rvh_free(m);
    }
}
END_TEST

START_TEST(run_bound_is_exact_and_goes_on)
{
  rvh_machine *m =
      load_text(config(), "loop:; addi a0,a0,1; addi a1,a1,2; addi a2,a2,3; jal zero,@loop");
  uint64_t sum = 0;
  for (unsigned n = 1; n < 200; n += 7) {
    const rvh_result r = rvh_run(m, n);
    sum += n;
    ck_assert(!r.ended);
    ck_assert_uint_eq(rvh_instructions(m), sum);
  }
  rvh_step(m, 0);
  ck_assert_uint_eq(rvh_instructions(m), sum + 1);
  rvh_free(m);
}
END_TEST

START_TEST(guest_codes_become_statuses)
{
  ck_assert_int_eq(run_text(config(), EXIT_OK).status, RVH_EXIT_OK);
  ck_assert_int_eq(run_text(config(), EXIT(1)).status, 1);
  ck_assert_int_eq(run_text(config(), EXIT(123)).status, 123);
  ck_assert_int_eq(run_text(config(), EXIT(124)).status, RVH_EXIT_GUEST_MAX);
  ck_assert_int_eq(run_text(config(), EXIT(2000)).status, RVH_EXIT_GUEST_MAX);
}
END_TEST

START_TEST(an_end_is_exact_on_the_count)
{
  rvh_machine *m = load_text(config(), EXIT_OK "loop:; jal zero,@loop");
  ck_assert_int_eq(rvh_run(m, 0).status, RVH_EXIT_OK);
  ck_assert_uint_eq(rvh_instructions(m), ROM_INSNS + 4);
  ck_assert_uint_eq(rvh_read_pc(m, 0), RAM + 16);
  rvh_free(m);
}
END_TEST

START_TEST(waiting_for_nothing_is_wedged)
{
  for (unsigned harts = 1; harts <= 2; harts++) {
    rvh_config c = config();
    c.n_harts = harts;
    ck_assert_int_eq(run_text(c, "loop:; wfi; jal zero,@loop").status, RVH_EXIT_WEDGED);
  }
}
END_TEST

START_TEST(a_trap_loop_is_wedged)
{
  rvh_config c = config();
  c.trap_loop = 1000; /* mtvec is 0: nothing is there, for ever */
  const rvh_result r = run_text(c, "ecall");
  ck_assert_int_eq(r.status, RVH_EXIT_WEDGED);
  ck_assert_ptr_nonnull(strstr(r.reason, "no progress"));
}
END_TEST

/* ---- console ---- */

#define PUT(ch) "addi t1,zero," #ch "; sb t1,0(t0);"
#define UART "lui t0,0x10000;"

START_TEST(fail_on_is_seen_across_single_bytes)
{
  rvh_config c = config();
  char *out = NULL;
  size_t n = 0;
  c.console_out = open_memstream(&out, &n);
  c.fail_on = "panic";
  const rvh_result r =
      run_text(c, UART PUT(112) PUT(112) PUT(97) PUT(110) PUT(105) PUT(99) PUT(33) PUT(10) EXIT_OK);
  ck_assert_int_eq(r.status, RVH_EXIT_EXPECT);
  fclose(c.console_out);
  ck_assert_str_eq(out, "ppanic!\n"); /* to the end of the line */
  free(out);
}
END_TEST

START_TEST(fail_on_overrules_every_other_end)
{
  rvh_config c = config();
  c.fail_on = "no";
  ck_assert_int_eq(run_text(c, UART PUT(110) PUT(111) EXIT_OK).status, RVH_EXIT_EXPECT);
  ck_assert_int_eq(run_text(c, UART PUT(110) PUT(111) EXIT(3)).status, RVH_EXIT_EXPECT);
  ck_assert_int_eq(run_text(c, UART PUT(110) PUT(111) "wfi").status, RVH_EXIT_EXPECT);
  c.limit_insns = 1000;
  ck_assert_int_eq(run_text(c, UART PUT(110) PUT(111) "loop:; jal zero,@loop").status,
                   RVH_EXIT_EXPECT);
  ck_assert_int_eq(run_text(c, UART PUT(110) PUT(10) PUT(111) EXIT_OK).status, RVH_EXIT_OK);
}
END_TEST

/* ---- time ---- */

#define SPIN                                                                                       \
  "loop:; addi a0,a0,1; mul a3,a0,a0; beq a3,s11,@loop; addi a2,a2,3; xor a3,a2,a1; jal "          \
  "zero,@loop;"

/* mcycle, as the handler's first instruction reads it, is the instruction of the comparator. */
START_TEST(mtimecmp_interrupts_at_its_instruction)
{
  for (unsigned tick = 1; tick < 4000; tick = tick * 3 + 1) {
    g_autofree char *text =
        g_strdup_printf("auipc t0,0; addi t0,t0,256; csrrw zero,mtvec,t0; lui t1,0x2004; lui t2,%u;"
                        "addi t2,t2,%d; sd t2,0(t1); addi t2,zero,128; csrrw zero,mie,t2; csrrsi "
                        "zero,mstatus,8;" SPIN,
                        (tick + 2048) >> 12, (int)(tick & 4095) - ((tick & 2048) ? 4096 : 0));
    uint8_t bytes[300] = { 0 };
    asm_text(text, RAM, bytes, sizeof bytes);
    asm_text("csrrs s0,mcycle,zero; csrrs s1,time,zero; csrrs s2,mcause,zero;" EXIT_OK, RAM + 256,
             bytes + 256, 44);
    rvh_machine *m = load(config(), temp_file(bytes, sizeof bytes));
    ck_assert_int_eq(rvh_run(m, 0).status, RVH_EXIT_OK);
    ck_assert_uint_eq(rvh_read_x(m, 0, 8), tick * 100);
    ck_assert_uint_eq(rvh_read_x(m, 0, 9), tick);
    ck_assert_uint_eq(rvh_read_x(m, 0, 18), 1ull << 63 | IRQ_MTI);
    rvh_free(m);
  }
}
END_TEST

/* The handler's first instruction finds the counter at 0: it comes right after the overflow. In runs
 * and in steps, whoever else runs; harts count for themselves. [sscofpmf norm:count_overflow_interrupt]
 */
START_TEST(overflow_interrupts_at_its_instruction)
{
  for (unsigned set = 0; set < 16; set++) {
    static const unsigned left[] = { 1, 70, 1000, 1999 };
    g_autofree char *text = g_strdup_printf(
        "auipc t0,0; addi t0,t0,256; csrrw zero,mtvec,t0; csrrwi zero,mhpmevent10,%u; lui t2,2;"
        "csrrw zero,mie,t2; csrrsi zero,mstatus,8; csrrs t1,mhartid,zero; addi t2,t1,-%u;"
        "csrrw zero,mhpmcounter10,t2;" SPIN, 1 + set % 2, left[set / 4]);
    uint8_t bytes[300] = { 0 };
    asm_text(text, RAM, bytes, sizeof bytes);
    asm_text("csrrs s0,mhpmcounter10,zero; csrrs s1,mcause,zero; csrrs s2,mhpmevent10,zero;" EXIT_OK,
             RAM + 256, bytes + 256, 44);
    rvh_config c = config();
    c.n_harts = 1 + set / 2 % 2;
    rvh_machine *m = load(c, temp_file(bytes, sizeof bytes));
    if (c.n_harts == 1 && set < 12)
      while (!rvh_step(m, 0).ended)
        ;
    ck_assert_int_eq(rvh_run(m, 0).status, RVH_EXIT_OK);
    ck_assert_uint_eq(rvh_read_x(m, 0, 8), 0);
    ck_assert_uint_eq(rvh_read_x(m, 0, 9), 1ull << 63 | IRQ_LCOFI);
    ck_assert_uint_eq(rvh_read_x(m, 0, 18), 1ull << 63 | (1 + set % 2));
    rvh_free(m);
  }
}
END_TEST

/* stimecmp in M-mode; vstimecmp - htimedelta in HS-mode with V=0 [H-008]. */
START_TEST(stimecmp_and_vstimecmp_interrupt_at_their_instruction)
{
  static const char *const head =
      "auipc t0,0; addi t0,t0,256; csrrw zero,mtvec,t0; csrrw zero,stvec,t0; addi t2,zero,-1;"
      "slli t3,t2,63; csrrw zero,menvcfg,t3; csrrw zero,henvcfg,t3; addi t2,zero,7;"
      "csrrw zero,mcounteren,t2;";
  static const char *const of[] = {
    "addi t2,zero,77; csrrw zero,stimecmp,t2; addi t2,zero,32; csrrw zero,mie,t2;"
    "csrrsi zero,mstatus,8;",
    /* guest time is 1000 below: 923 + 77 */
    "addi t2,zero,-1000; csrrw zero,htimedelta,t2; addi t2,zero,-923; csrrw zero,vstimecmp,t2;"
    "addi t2,zero,64; csrrw zero,mie,t2; auipc t0,0; addi t0,t0,36; csrrw zero,mepc,t0; lui t2,1;"
    "addi t2,t2,-2046; csrrs zero,mstatus,t2; addi t2,zero,-1; csrrw zero,pmpaddr0,t2; "
    "csrrwi zero,pmpcfg0,31; mret;",
  };
  for (unsigned i = 0; i < 2; i++) {
    g_autofree char *text = g_strconcat(head, of[i], i ? "" : SPIN, NULL);
    uint8_t bytes[300] = { 0 };
    const size_t n = asm_text(text, RAM, bytes, sizeof bytes);
    if (i) {
      /* mepc is the instruction after the mret: patch the offset the text guessed */
      uint8_t spin[64];
      const size_t s = asm_text(SPIN, RAM + n, spin, sizeof spin);
      memcpy(bytes + n, spin, s);
      char fix[40];
      unsigned at = 0;
      for (at = 8; memcmp(bytes + at, "\x97\x02\x00\x00", 4) || !at; at += 4)
        ;
      g_snprintf(fix, sizeof fix, "addi t0,t0,%d", (int)(n - at));
      asm_text(fix, RAM + at + 4, bytes + at + 4, 4);
    }
    asm_text("csrrs s0,cycle,zero; csrrs s1,time,zero;" EXIT_OK, RAM + 256, bytes + 256, 44);
    rvh_machine *m = load(config(), temp_file(bytes, sizeof bytes));
    ck_assert_int_eq(rvh_run(m, 0).status, RVH_EXIT_OK);
    ck_assert_uint_eq(rvh_read_x(m, 0, 8), 7700);
    ck_assert_uint_eq(rvh_read_x(m, 0, 9), 77);
    if (i)
      ck_assert_uint_eq(csr(m, 0, CSR_scause), 1ull << 63 | IRQ_VSTI);
    else
      ck_assert_uint_eq(csr(m, 0, CSR_mcause), 1ull << 63 | IRQ_STI);
    rvh_free(m);
  }
}
END_TEST

/* Guest time may pass 2^64: VSTIP then ends, and begins again at vstimecmp [H-115]. */
START_TEST(vstimecmp_fires_again_after_guest_time_wrapped)
{
  rvh_config c = config();
  c.bios = RVH_BIOS_BUILTIN;
  rvh_machine *m = load_text(
      c, "auipc t0,0; addi t0,t0,72; csrrw zero,stvec,t0; addi t2,zero,-1; slli t2,t2,63;"
         "csrrw zero,henvcfg,t2; addi t2,zero,-1000; csrrw zero,htimedelta,t2; addi t2,zero,5;"
         "csrrw zero,vstimecmp,t2; addi zero,zero,0; csrrsi zero,sstatus,2;"
         "wait:; csrrs t0,hip,zero; andi t0,t0,64; bne t0,zero,@wait; addi t2,zero,64;"
         "csrrw zero,hie,t2; spin:; jal zero,@spin;"
         "csrrs s0,time,zero; csrrs s1,scause,zero;" EXIT_OK);
  ck_assert_int_eq(rvh_run(m, 0).status, RVH_EXIT_OK);
  ck_assert_uint_eq(rvh_read_x(m, 0, 8), 1005);
  ck_assert_uint_eq(rvh_read_x(m, 0, 9), 1ull << 63 | IRQ_VSTI);
  rvh_free(m);
}
END_TEST

/* mtime from the CLINT is time at the instruction that loads it; in straight code and in a loop. */
START_TEST(mtime_is_exact_at_its_load)
{
  const rvh_result r = run_text(
      config(), "lui s0,0x200c; addi s1,zero,1500; addi s2,zero,100;"
                "loop:; addi a1,a1,1; csrrs t0,mcycle,zero; addi t0,t0,2; addi a1,a1,1;"
                /* mcycle + 3 instructions: csrrs, addi, addi are behind the load */
                "ld t1,-8(s0); addi t0,t0,1; divu t0,t0,s2; bne t0,t1,@bad;"
                "csrrs t0,minstret,zero; csrrs t1,mcycle,zero; addi t0,t0,1; bne t0,t1,@bad;"
                "addi s1,s1,-1; bne s1,zero,@loop;" EXIT_OK "bad:;" EXIT(1));
  ck_assert_int_eq(r.status, RVH_EXIT_OK);
}
END_TEST

START_TEST(wfi_skips_to_the_next_timer)
{
  rvh_machine *m =
      load_text(config(), "lui t1,0x2004; lui t2,0x1000; sd t2,0(t1); addi t2,zero,128;"
                          "csrrw zero,mie,t2; wfi; csrrs s0,time,zero;" EXIT_OK);
  ck_assert_int_eq(rvh_run(m, 0).status, RVH_EXIT_OK);
  ck_assert_uint_eq(rvh_read_x(m, 0, 8), 0x1000000);
  ck_assert_uint_eq(rvh_instructions(m), ROM_INSNS + 11);
  rvh_free(m);
}
END_TEST

/* A pending interrupt is taken before the next instruction: a hart with its timer enabled never
 * reads a time at or after its comparator, whoever else waits or runs. */
/* The firmware's timer on a hart without stimecmp: wfi ends, and STIP is pending. */
START_TEST(set_timer_works_without_sstc)
{
  GError *error = NULL;
  rvh_config c = config();
  c.bios = RVH_BIOS_BUILTIN;
  ck_assert(rvh_set_extension(&c, "sstc", false, &error));
  rvh_machine *m = load_text(c, "addi t0,zero,32; csrrs zero,sie,t0; lui a7,0x54495;"
                                "addi a7,a7,-699; addi a6,zero,0; addi a0,zero,100; ecall;"
                                "csrrs a2,sip,zero; wfi; csrrs a3,sip,zero;" EXIT_OK);
  ck_assert_int_eq(rvh_run(m, 0).status, RVH_EXIT_OK);
  ck_assert_uint_eq(rvh_read_x(m, 0, 12), 0);
  ck_assert_uint_eq(rvh_read_x(m, 0, 13), sip_STIP);
  ck_assert_uint_ge(csr(m, 0, CSR_time), 100);
  rvh_free(m);
}
END_TEST

START_TEST(no_hart_runs_past_its_timer)
{
  const char *text =
      "auipc t0,0; addi t0,t0,512; csrrw zero,mtvec,t0; csrrs s0,mhartid,zero; beq s0,zero,@sleep;"
      "lui s1,0x2004; slli t0,s0,3; add s1,s1,t0; lui s2,0x200c; addi s3,zero,50;"
      "again:; ld t0,-8(s2); addi t0,t0,333; add s4,t0,s0; sd s4,0(s1); addi t2,zero,128;"
      "csrrw zero,mie,t2; csrrsi zero,mstatus,8;"
      "loop:; csrrs t0,time,zero; bltu t0,s4,@loop;" EXIT(9) "sleep:; wfi; jal zero,@sleep;";
  for (unsigned harts = 2; harts <= 4; harts += 2) {
    uint8_t bytes[700] = { 0 };
    const size_t n = asm_text(text, RAM, bytes, 512);
    ck_assert_uint_lt(n, 512);
    asm_text("csrrwi zero,mie,0; addi s3,s3,-1; bne s3,zero,@on;" EXIT_OK
             "on:; addi t0,zero,1; slli t0,t0,31; addi t0,t0,40; csrrw zero,mepc,t0; mret",
             RAM + 512, bytes + 512, 188);
    rvh_config c = config();
    c.n_harts = harts;
    rvh_machine *m = load(c, temp_file(bytes, sizeof bytes));
    const rvh_result r = rvh_run(m, 0);
    ck_assert_msg(r.status == RVH_EXIT_OK, "%s", r.reason);
    rvh_free(m);
  }
}
END_TEST

/* ---- several harts ---- */

/* What every hart does: no time below one that anybody has read; LR/SC counting; then a wait. */
static const char shared_work[] =
    "auipc s0,0; lui t0,0x10; add s0,s0,t0; csrrs s1,mhartid,zero; lui s2,10;"
    "loop:; ld t0,0(s0); csrrs t1,time,zero; bltu t1,t0,@bad; amomaxu.d t2,t1,(s0);"
    "addi s3,s0,64; retry:; lr.d t3,(s3); addi t3,t3,1; sc.d t4,t3,(s3); bne t4,zero,@retry;"
    "addi s2,s2,-1; bne s2,zero,@loop; addi s3,s0,128; addi t0,zero,1; amoadd.d t1,t0,(s3);"
    "addi t1,t1,1; addi t2,zero,%u; bne t1,t2,@wait;" EXIT_OK
    "wait:; wfi; jal zero,@wait; bad:;" EXIT(1);

static rvh_machine *run_shared(unsigned harts, uint64_t observe, rvh_observer *observer, void *ctx)
{
  rvh_config c = config();
  c.n_harts = harts;
  c.limit_insns = 0;
  g_autofree char *text = g_strdup_printf(shared_work, harts);
  rvh_machine *m = load_text(c, text);
  if (observer)
    rvh_observe(m, observe, observer, ctx);
  const rvh_result r = rvh_run(m, 0);
  ck_assert_msg(r.status == RVH_EXIT_OK, "%s", r.reason);
  ck_assert_uint_eq(word(m, RAM + 0x10040), 40960ull * harts);
  return m;
}

static void same_state(rvh_machine *a, rvh_machine *b, unsigned harts)
{
  static const uint16_t csrs[] = { CSR_mcycle,  CSR_minstret, CSR_time,
                                   CSR_mstatus, CSR_mepc,     CSR_mip };
  for (unsigned h = 0; h < harts; h++) {
    ck_assert_uint_eq(rvh_read_pc(a, h), rvh_read_pc(b, h));
    for (unsigned r = 0; r < 32; r++)
      ck_assert_uint_eq(rvh_read_x(a, h, r), rvh_read_x(b, h, r));
    for (unsigned i = 0; i < G_N_ELEMENTS(csrs); i++)
      ck_assert_msg(csr(a, h, csrs[i]) == csr(b, h, csrs[i]), "hart %u: %s", h,
                    rv_csr_name(csrs[i]));
  }
  for (uint64_t pa = RAM; pa < RAM + 0x11000; pa += 8)
    ck_assert_uint_eq(word(a, pa), word(b, pa));
}

START_TEST(time_never_goes_back_and_runs_repeat)
{
  for (unsigned harts = 1; harts <= 4; harts++) {
    rvh_machine *a = run_shared(harts, 0, NULL, NULL), *b = run_shared(harts, 0, NULL, NULL);
    same_state(a, b, harts);
    rvh_free(a);
    rvh_free(b);
  }
}
END_TEST

static void count(void *ctx, rvh_machine *m, const rvh_event *e) { ++*(uint64_t *)ctx; }

START_TEST(observing_does_not_change_the_run)
{
  static const uint64_t masks[] = { 1ull << RV_EV_TRAP, 1ull << RV_EV_INSN, 1ull << RV_EV_COMMIT,
                                    ~0ull };
  for (unsigned harts = 1; harts <= 2; harts++) {
    rvh_machine *plain = run_shared(harts, 0, NULL, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(masks); i++) {
      uint64_t n = 0;
      rvh_machine *seen = run_shared(harts, masks[i], count, &n);
      same_state(plain, seen, harts);
      ck_assert(i == 0 || n >= 40960 * 11);
      rvh_free(seen);
    }
    rvh_free(plain);
  }
}
END_TEST

/* Whoever is called in a run may use floating point: the guest's flags stay its own. */
static void inexact(void)
{
  volatile double third = 1;
  third = third / 3;
}
static void divide_at_output(void *ctx, rvh_machine *m, const uint8_t *bytes, size_t n) { inexact(); }
static int divide_at_input(void *ctx)
{
  inexact();
  return RVH_INPUT_NONE;
}

START_TEST(callbacks_leave_floating_point_flags_alone)
{
  rvh_config c = config();
  c.console_stdin = true;
  c.console_read = divide_at_input;
  rvh_machine *m =
      load_text(c, "lui t0,6; csrrs zero,mstatus,t0; fmv.d.x fa0,zero; fadd.d fa0,fa0,fa0;" UART
                   "sb zero,0(t0); csrrs a1,fflags,zero; fadd.d fa0,fa0,fa0; lbu t1,5(t0);"
                   "csrrs a2,fflags,zero; loop:; jal zero,@loop");
  rvh_observe_console(m, divide_at_output, NULL);
  rvh_run(m, 1000);
  ck_assert_uint_eq(csr(m, 0, CSR_mstatus) >> 63, 1); /* it got there */
  ck_assert_uint_eq(rvh_read_x(m, 0, 11), 0);
  ck_assert_uint_eq(rvh_read_x(m, 0, 12), 0);
  rvh_free(m);
}
END_TEST

/* Input arrives at the same instruction with and without a per-instruction observer. */
static int every_byte(void *ctx) { return ++*(uint8_t *)ctx; }
static uint64_t input_hash(uint64_t observe)
{
  uint8_t byte = 0;
  uint64_t n = 0;
  rvh_config c = config();
  c.console_stdin = true;
  c.console_read = every_byte;
  c.console_ctx = &byte;
  c.limit_insns = 1000000;
  rvh_machine *m =
      load_text(c, UART "loop:; lbu t1,5(t0); andi t1,t1,1; addi a1,a1,1; beq t1,zero,@loop;"
                        "lbu t2,0(t0); slli a0,a0,5; add a0,a0,t2; xor a0,a0,a1; jal zero,@loop");
  if (observe)
    rvh_observe(m, observe, count, &n);
  rvh_run(m, 0);
  const uint64_t hash = rvh_read_x(m, 0, 10);
  ck_assert_uint_ne(hash, 0);
  rvh_free(m);
  return hash;
}
START_TEST(input_arrives_at_fixed_instructions)
{
  ck_assert_uint_eq(input_hash(0), input_hash(1ull << RV_EV_INSN));
}
END_TEST

/* ---- reset ---- */

/* The first life spoils its code, its translation and its registers; the second starts from the
 * files, with what memory beyond them kept, and time from 0. */
START_TEST(reset_starts_all_over)
{
  rvh_config c = config();
  rvh_machine *m = load_text(
      c, "auipc s0,0; lui t0,0x20; add t0,t0,s0; ld t1,0(t0); bne t1,zero,@second;"
         "addi t1,zero,1; sd t1,0(t0); addi s5,zero,99; csrrw zero,mscratch,s5;"
         "spin:; csrrs t2,time,zero; addi t3,zero,40; bltu t2,t3,@spin; addi t2,zero,-1;"
         "slli t2,t2,63; csrrw zero,satp,t2; sd zero,0(s0); sd zero,8(s0);"
         "lui t5,0x100; lui t6,7; addi t6,t6,0x777; sw t6,0(t5); addi a0,zero,77;" EXIT_A0
         "second:; csrrs s6,mscratch,zero; csrrs s7,satp,zero; csrrs s8,time,zero;" EXIT(5));
  ck_assert_int_eq(rvh_run(m, 0).status, 5);
  ck_assert_uint_eq(rvh_read_x(m, 0, 21), 0);
  ck_assert_uint_eq(rvh_read_x(m, 0, 22), 0);
  ck_assert_uint_eq(rvh_read_x(m, 0, 23), 0);
  ck_assert_uint_eq(rvh_read_x(m, 0, 24), 0);
  rvh_free(m);
}
END_TEST

/* By SBI SRST, with a second hart that was started; it has to be stopped again. */
START_TEST(sbi_reset_starts_all_over)
{
  rvh_config c = config();
  c.bios = RVH_BIOS_BUILTIN;
  c.n_harts = 2;
  rvh_machine *m = load_text(
      c, "auipc s0,0; lui t0,0x20; add s1,t0,s0; ld t1,0(s1); addi t2,t1,1; sd t2,0(s1);"
         "lui a7,0x485; addi a7,a7,0x34d; addi a6,zero,2; addi a0,zero,1; ecall;" /* status of 1 */
         "slli t0,t1,3; add t0,t0,s1; sd a1,8(t0);"
         "addi a6,zero,0; addi a0,zero,1; jal t0,@go; other:; wfi; jal zero,@other; go:; addi "
         "a1,t0,0; ecall; sd a0,64(s1);"
         "lui a7,0x53525; addi a7,a7,0x354; addi a6,zero,0; addi a1,zero,0; addi a0,zero,1;"
         "lui t0,8; wait:; addi t0,t0,-1; bne t0,zero,@wait;"
         "ld t1,0(s1); addi t2,zero,3; addi a0,zero,1; bgeu t1,t2,@off; ecall; off:; addi "
         "a0,zero,0; ecall");
  const rvh_result r = rvh_run(m, 0);
  ck_assert_msg(r.status == RVH_EXIT_OK, "%s", r.reason);
  ck_assert_uint_eq(word(m, KERNEL + 0x20000), 3);
  for (unsigned i = 0; i < 3; i++)
    ck_assert_uint_eq(word(m, KERNEL + 0x20008 + 8 * i), 1); /* stopped, in every life */
  ck_assert_uint_eq(word(m, KERNEL + 0x20040), 0);
  rvh_free(m);
}
END_TEST

/* ---- boot ---- */

static void *tree_of(rvh_machine *m, uint64_t at)
{
  void *fdt = g_malloc(64 << 10);
  ck_assert(rvh_read_memory(m, at, fdt, 64 << 10));
  ck_assert_int_eq(fdt_check_full(fdt, 64 << 10), 0);
  return fdt;
}

START_TEST(entry_state_of_a_kernel)
{
  rvh_config c = config();
  c.bios = RVH_BIOS_BUILTIN;
  c.n_harts = 2;
  c.append = "quiet";
  rvh_machine *m = load_text(c, "addi zero,zero,0");
  bool v = true;
  ck_assert_uint_eq(rvh_vmode(m, 0, &v), PRV_S);
  ck_assert(!v);
  ck_assert_uint_eq(rvh_read_pc(m, 0), KERNEL);
  ck_assert_uint_eq(rvh_read_x(m, 0, 10), 0);
  const uint64_t tree = rvh_read_x(m, 0, 11);
  ck_assert(tree % 8 == 0 && tree >= RAM + 12 * MiB && tree < RAM + 16 * MiB);
  g_autofree void *fdt = tree_of(m, tree);
  const int chosen = fdt_path_offset(fdt, "/chosen");
  ck_assert_str_eq(fdt_getprop(fdt, chosen, "bootargs", NULL), "quiet");
  ck_assert_uint_eq(csr(m, 0, CSR_satp), 0);
  ck_assert_uint_eq(csr(m, 0, CSR_hstatus), 0x200000000);
  static const uint16_t zero[] = { CSR_hedeleg, CSR_hideleg, CSR_hie,        CSR_hvip,
                                   CSR_htval,   CSR_htinst,  CSR_hgatp,      CSR_vsatp,
                                   CSR_vstvec,  CSR_sie,     CSR_htimedelta, CSR_hcounteren };
  for (unsigned i = 0; i < G_N_ELEMENTS(zero); i++)
    ck_assert_msg(csr(m, 0, zero[i]) == 0, "%s", rv_csr_name(zero[i]));
  ck_assert_uint_eq(csr(m, 0, CSR_mideleg), 0x3666);
  ck_assert_uint_eq(csr(m, 0, CSR_medeleg), 0xF0B509);
  ck_assert_uint_eq(csr(m, 0, CSR_sstatus) & sstatus_SIE, 0);
  rvh_free(m);
}
END_TEST

/* An ELF of one segment with one symbol. */
static char *elf_file(uint16_t type, uint64_t vaddr, uint64_t paddr, uint64_t entry,
                      const void *code, size_t n)
{
  struct {
    Elf64_Ehdr e;
    Elf64_Phdr p;
    Elf64_Shdr s[3];
    Elf64_Sym sym[2];
    char names[16];
    uint8_t code[64];
  } f = { .names = "\0main" };
  memcpy(f.e.e_ident, ELFMAG, SELFMAG);
  f.e.e_ident[EI_CLASS] = ELFCLASS64;
  f.e.e_ident[EI_DATA] = ELFDATA2LSB;
  f.e.e_ident[EI_VERSION] = EV_CURRENT;
  f.e.e_type = type;
  f.e.e_machine = EM_RISCV;
  f.e.e_version = EV_CURRENT;
  f.e.e_entry = entry;
  f.e.e_ehsize = sizeof f.e;
  f.e.e_phoff = offsetof(typeof(f), p);
  f.e.e_phentsize = sizeof f.p;
  f.e.e_phnum = 1;
  f.e.e_shoff = offsetof(typeof(f), s);
  f.e.e_shentsize = sizeof f.s[0];
  f.e.e_shnum = 3;
  f.p = (Elf64_Phdr){ .p_type = PT_LOAD,
                      .p_flags = PF_R | PF_X,
                      .p_offset = offsetof(typeof(f), code),
                      .p_vaddr = vaddr,
                      .p_paddr = paddr,
                      .p_filesz = sizeof f.code,
                      .p_memsz = 4096,
                      .p_align = 4 };
  f.s[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
                         .sh_offset = offsetof(typeof(f), sym),
                         .sh_size = sizeof f.sym,
                         .sh_link = 2,
                         .sh_info = 1,
                         .sh_entsize = sizeof f.sym[0] };
  f.s[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
                         .sh_offset = offsetof(typeof(f), names),
                         .sh_size = sizeof f.names };
  f.sym[1] = (Elf64_Sym){ .st_name = 1,
                          .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                          .st_shndx = 1,
                          .st_value = vaddr,
                          .st_size = 32 };
  ck_assert_uint_le(n, sizeof f.code);
  memcpy(f.code, code, n);
  return temp_file(&f, sizeof f);
}

static size_t small_code(uint8_t *code, size_t size)
{
  return asm_text(EXIT(7), KERNEL, code, size);
}

START_TEST(an_elf_linked_high_runs_at_its_physical_place)
{
  uint8_t code[64];
  const size_t n = small_code(code, sizeof code);
  const uint64_t high = 0xffffffc080200000;
  rvh_config c = config();
  c.bios = RVH_BIOS_BUILTIN;
  rvh_machine *m = load(c, elf_file(ET_EXEC, high, high, high, code, n));
  ck_assert_uint_eq(rvh_read_pc(m, 0), KERNEL);
  uint64_t off = 0;
  ck_assert_str_eq(rvh_symbol(m, high + 4, &off), "main");
  ck_assert_uint_eq(off, 4);
  ck_assert_str_eq(rvh_symbol(m, KERNEL + 8, &off), "main");
  ck_assert_int_eq(rvh_run(m, 0).status, 7);
  rvh_free(m);
}
END_TEST

START_TEST(a_linux_image_keeps_its_image_size_free)
{
  uint8_t image[0x200] = { 0 };
  const uint64_t text_offset = 0x200000, image_size = 4 * MiB;
  memcpy(image + 8, &text_offset, 8);
  memcpy(image + 16, &image_size, 8);
  memcpy(image + 0x30, "RISCV\0\0\0", 8);
  memcpy(image + 0x38, "RSC\x05", 4);
  asm_text("jal zero,0x80200040", KERNEL, image, 4);
  small_code(image + 0x40, 0x100);
  uint8_t disk[5000];
  memset(disk, 0x5a, sizeof disk);
  char *initrd = temp_file(disk, sizeof disk);
  rvh_config c = config();
  c.bios = RVH_BIOS_BUILTIN;
  c.initrd = initrd;
  rvh_machine *m = load(c, temp_file(image, sizeof image));
  const uint64_t tree = rvh_read_x(m, 0, 11);
  g_autofree void *fdt = tree_of(m, tree);
  const int chosen = fdt_path_offset(fdt, "/chosen");
  const void *start = fdt_getprop(fdt, chosen, "linux,initrd-start", NULL);
  const void *end = fdt_getprop(fdt, chosen, "linux,initrd-end", NULL);
  ck_assert(start && end);
  const uint64_t lo = fdt64_ld(start), hi = fdt64_ld(end);
  ck_assert_uint_eq(hi - lo, sizeof disk);
  ck_assert_uint_ge(lo, KERNEL + image_size);
  ck_assert_uint_le(hi, tree);
  uint8_t back[sizeof disk];
  ck_assert(rvh_read_memory(m, lo, back, sizeof back));
  ck_assert(!memcmp(back, disk, sizeof disk));
  ck_assert_int_eq(rvh_run(m, 0).status, 7);
  rvh_free(m);
  unlink(initrd);
  g_free(initrd);
}
END_TEST

/* OpenSBI's ELF is ET_DYN linked at 0; it starts in M-mode with a0, a1, a2 of the reset ROM. */
START_TEST(a_position_independent_bios_goes_to_ram)
{
  uint8_t code[64];
  const size_t n =
      asm_text("csrrs s0,mhartid,zero; addi s1,a1,0; addi s2,a2,0; auipc s3,0;" EXIT(3), RAM, code,
               sizeof code);
  char *bios = elf_file(ET_DYN, 0, 0, 0, code, n);
  uint8_t kernel[64];
  const size_t k = small_code(kernel, sizeof kernel);
  rvh_config c = config();
  c.bios = RVH_BIOS_FILE;
  c.bios_file = bios;
  rvh_machine *m = load(c, temp_file(kernel, k));
  ck_assert_int_eq(rvh_run(m, 0).status, 3);
  ck_assert_uint_eq(rvh_read_x(m, 0, 19), RAM + 12);
  g_autofree void *fdt = tree_of(m, rvh_read_x(m, 0, 9));
  const uint64_t info = rvh_read_x(m, 0, 18);
  ck_assert_uint_eq(word(m, info), 0x4942534f);
  ck_assert_uint_eq(word(m, info + 16), KERNEL); /* next_addr */
  ck_assert_uint_eq(word(m, info + 24), 1);      /* next_mode: S */
  rvh_free(m);
  unlink(bios);
  g_free(bios);
}
END_TEST

START_TEST(dtb_is_checked_and_completed)
{
  rvh_config c = config();
  c.bios = RVH_BIOS_BUILTIN;
  rvh_machine *m = load_text(c, "addi zero,zero,0");
  g_autofree void *fdt = tree_of(m, rvh_read_x(m, 0, 11));
  rvh_free(m);
  char *dtb = temp_file(fdt, fdt_totalsize(fdt));
  c.dtb = dtb;
  c.append = "a=b";
  m = load_text(c, "addi zero,zero,0");
  g_autofree void *back = tree_of(m, rvh_read_x(m, 0, 11));
  ck_assert_str_eq(fdt_getprop(back, fdt_path_offset(back, "/chosen"), "bootargs", NULL), "a=b");
  rvh_free(m);
  unlink(dtb);

  uint8_t bytes[64], junk[100] = "no tree";
  char *kernel = temp_file(bytes, asm_text("ecall", KERNEL, bytes, sizeof bytes));
  char *bad = temp_file(junk, sizeof junk);
  GError *error = NULL;
  c.dtb = bad;
  c.kernel = kernel;
  m = rvh_new(&c, &error);
  ck_assert(!rvh_load(m, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "device tree"));
  g_error_free(error);
  rvh_free(m);
  unlink(bad);
  unlink(kernel);
  g_free(bad);
  g_free(kernel);
  g_free(dtb);
}
END_TEST

/* ---- beside another machine's log ---- */

/* Time is what it is set to, however much is executed; wfi does not wait, no interrupt is taken. */
START_TEST(a_held_machine_waits_for_nobody)
{
  rvh_config c = config();
  c.bios = RVH_BIOS_NONE;
  rvh_machine *m = load_text(c, "csrrs a0,time,zero; wfi; csrrs a1,time,zero;"
                                "addi t0,zero,128; csrrw zero,mie,t0; csrrsi zero,mstatus,8;"
                                "loop:; addi a2,a2,1; jal zero,@loop");
  for (unsigned i = 0; i < 6; i++) /* the reset ROM */
    rvh_step(m, 0);
  const uint64_t a2 = rvh_read_x(m, 0, 12);
  rvh_hold(m);
  rvh_set_time(m, 1234);
  for (unsigned i = 0; i < 3; i++)
    rvh_step(m, 0);
  ck_assert_uint_eq(rvh_read_x(m, 0, 10), 1234);
  ck_assert_uint_eq(rvh_read_x(m, 0, 11), 1234);
  ck_assert_uint_eq(rvh_interrupt_of(m, 0, csr(m, 0, CSR_mip)), 0);
  for (unsigned i = 0; i < 13; i++)
    rvh_step(m, 0);
  ck_assert_uint_eq(rvh_interrupt_of(m, 0, csr(m, 0, CSR_mip)), IRQ_MTI); /* mtimecmp is 0 */
  ck_assert_uint_eq(rvh_read_x(m, 0, 12) - a2, 5);       /* not taken so far */
  const uint64_t handler = rvh_interrupt_handler(m, 0, IRQ_MTI);
  ck_assert_uint_eq(csr(m, 0, CSR_mcause), 0);
  rvh_interrupt(m, 0, IRQ_MTI);
  ck_assert_uint_eq(rvh_read_pc(m, 0), handler);
  ck_assert_uint_eq(csr(m, 0, CSR_mcause), 1ull << 63 | IRQ_MTI);
  rvh_free(m);
}
END_TEST

/* Asking whether an instruction traps changes nothing: registers, memory, counters, devices. */
START_TEST(asking_for_a_trap_changes_nothing)
{
  static const struct {
    const char *text;
    bool traps;
  } insns[] = {
    { "addi a0,a0,1", false },     { "sd a1,0(s0)", false },      { "sd a1,3(s0)", false },
    { "amoadd.d a0,a1,(s0)", false }, { "ld a0,64(zero)", true }, { "sd a0,64(zero)", true },
    { "ecall", true },             { "ebreak", true },            { "csrrw a0,mscratch,a1", false },
    { "csrrw a0,cycle,a1", true }, { "sb a1,0(s1)", false },
    { "jal ra,@here", false },     { "hlv.w a0,(s0)", true }, /* PMP lets nothing below M pass */
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(insns); i++) {
    g_autofree char *text = g_strdup_printf("auipc s0,1; lui s1,0x10000; addi a1,zero,33; here:; %s",
                                            insns[i].text);
    rvh_machine *m = load_text(config(), text);
    for (unsigned n = 0; n < 6 + 3; n++)
      rvh_step(m, 0);
    uint64_t before[2], after[2];
    const uint64_t pc = rvh_read_pc(m, 0), count = rvh_instructions(m), a0 = rvh_read_x(m, 0, 10);
    ck_assert(rvh_read_memory(m, RAM + 0x1000, before, sizeof before));
    uint64_t handler;
    ck_assert_msg(rvh_would_trap(m, 0, &handler) == insns[i].traps, "%s", insns[i].text);
    ck_assert(rvh_read_memory(m, RAM + 0x1000, after, sizeof after));
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert_uint_eq(rvh_read_pc(m, 0), pc);
    ck_assert_uint_eq(rvh_instructions(m), count);
    ck_assert_uint_eq(rvh_read_x(m, 0, 10), a0);
    ck_assert_uint_eq(csr(m, 0, CSR_mcause), 0);
    ck_assert_uint_eq(csr(m, 0, CSR_mscratch), 0);
    rvh_free(m);
  }
}
END_TEST

/* What is beside Spike's log: its devices, and its answer to a misaligned atomic. */
START_TEST(a_held_machine_is_spikes)
{
  rvh_machine *m = load_text(config(), "lui t0,0x100; lw a0,0(t0); lui t0,0x10000; lbu a0,5(t0);"
                                       "auipc t0,1; addi t0,t0,1; lr.w a1,(t0)");
  rvh_hold(m);
  for (unsigned i = 0; i < 6 + 2; i++)
    rvh_step(m, 0);
  ck_assert_uint_eq(csr(m, 0, CSR_mcause), CAUSE_LOAD_ACCESS); /* the finisher is gone */
  rvh_write_pc(m, 0, RAM + 8);
  rvh_step(m, 0);
  rvh_step(m, 0);
  ck_assert_uint_eq(rvh_read_x(m, 0, 10), 0x60); /* the UART is not */
  for (unsigned i = 0; i < 3; i++)
    rvh_step(m, 0);
  ck_assert_uint_eq(csr(m, 0, CSR_mcause), CAUSE_LOAD_ACCESS);
  ck_assert_uint_eq(csr(m, 0, CSR_mepc), RAM + 24);
  rvh_free(m);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, a_held_machine_waits_for_nobody);
  tcase_add_test(tc, asking_for_a_trap_changes_nothing);
  tcase_add_test(tc, a_held_machine_is_spikes);
  tcase_add_test(tc, limit_is_exact);
  tcase_add_test(tc, run_bound_is_exact_and_goes_on);
  tcase_add_test(tc, guest_codes_become_statuses);
  tcase_add_test(tc, an_end_is_exact_on_the_count);
  tcase_add_test(tc, waiting_for_nothing_is_wedged);
  tcase_add_test(tc, a_trap_loop_is_wedged);
  tcase_add_test(tc, fail_on_is_seen_across_single_bytes);
  tcase_add_test(tc, fail_on_overrules_every_other_end);
  tcase_add_test(tc, mtimecmp_interrupts_at_its_instruction);
  tcase_add_test(tc, overflow_interrupts_at_its_instruction);
  tcase_add_test(tc, stimecmp_and_vstimecmp_interrupt_at_their_instruction);
  tcase_add_test(tc, vstimecmp_fires_again_after_guest_time_wrapped);
  tcase_add_test(tc, mtime_is_exact_at_its_load);
  tcase_add_test(tc, wfi_skips_to_the_next_timer);
  tcase_add_test(tc, set_timer_works_without_sstc);
  tcase_add_test(tc, no_hart_runs_past_its_timer);
  tcase_add_test(tc, time_never_goes_back_and_runs_repeat);
  tcase_add_test(tc, observing_does_not_change_the_run);
  tcase_add_test(tc, callbacks_leave_floating_point_flags_alone);
  tcase_add_test(tc, input_arrives_at_fixed_instructions);
  tcase_add_test(tc, reset_starts_all_over);
  tcase_add_test(tc, sbi_reset_starts_all_over);
  tcase_add_test(tc, entry_state_of_a_kernel);
  tcase_add_test(tc, an_elf_linked_high_runs_at_its_physical_place);
  tcase_add_test(tc, a_linux_image_keeps_its_image_size_free);
  tcase_add_test(tc, a_position_independent_bios_goes_to_ram);
  tcase_add_test(tc, dtb_is_checked_and_completed);
}

UNIT_MAIN("machine", add_tests)
