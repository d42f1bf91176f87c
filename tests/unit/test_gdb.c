/* test_gdb.c - the gdb stub over a socketpair: what each packet answers, and that nothing a client
 * sends brings it down. The machine is a dozen instructions in M-mode. [gdb manual, E]
 */
#include "cpu/insn.h"
#include "debug/gdb.h"
#include "priv/csr.h"
#include "unit.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BASE 0x80000000ull
static const char *const program[] = {
  "auipc t0,0x0",        /* 00: the handler */
  "addi t0,t0,64",       /* 04 */
  "csrrw zero,mtvec,t0", /* 08 */
  "addi a0,zero,5",      /* 0c */
  "auipc a1,0x1",        /* 10: 80001010 */
  "sw a0,0(a1)",         /* 14 */
  "lw a2,0(a1)",         /* 18 */
  "ecall",               /* 1c */
  "jal zero,0x80000020", /* 20: for ever */
  "lui a3,0x100",        /* 24: the finisher: power off */
  "lui a4,0x5",          /* 28 */
  "addi a4,a4,1365",     /* 2c */
  "sw a4,0(a3)",         /* 30 */
  "jal zero,0x80000034", /* 34 */
  "addi zero,zero,0",    /* 38 */
  "addi zero,zero,0",    /* 3c */
  "csrrs t1,mepc,zero",  /* 40: the handler skips what trapped */
  "addi t1,t1,4",        /* 44 */
  "csrrw zero,mepc,t1",  /* 48 */
  "mret",                /* 4c */
};

static rvh_machine *m;
static int client = -1, server;
static GThread *thread;
static rvh_result ended;
static GString *got;
static bool acks;

static gpointer serve(gpointer unused)
{
  ended = rv_gdb_session(m, -1, server, true);
  return NULL;
}

static void make_machine(unsigned harts)
{
  uint32_t words[G_N_ELEMENTS(program)];
  char error[100];
  unsigned len;
  for (unsigned i = 0; i < G_N_ELEMENTS(program); i++)
    ck_assert_msg(rv_asm(program[i], BASE + 4 * i, &words[i], &len, error, sizeof error), "%s: %s",
                  program[i], error);
  char *path;
  const int file = g_file_open_tmp("rvh-gdb-XXXXXX", &path, NULL);
  ck_assert_int_eq(write(file, words, sizeof words), sizeof words);
  close(file);
  rvh_config config = RVH_CONFIG_DEFAULT;
  config.ram_size = 4 << 20;
  config.n_harts = harts;
  config.bios = RVH_BIOS_NONE;
  config.kernel = path;
  config.messages = fopen("/dev/null", "w");
  m = rvh_new(&config, NULL);
  ck_assert(m && rvh_load(m, NULL));
  fclose(config.messages);
  g_unlink(path);
  g_free(path);
  for (unsigned i = 0; i < harts; i++) /* past the boot ROM */
    rvh_write_pc(m, i, BASE);
  got = g_string_new(NULL);
  acks = true;
}

static void start(unsigned harts)
{
  int pair[2];
  make_machine(harts);
  ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  client = pair[0];
  server = pair[1];
  thread = g_thread_new("stub", serve, NULL);
}

static void join(void)
{
  if (thread)
    g_thread_join(thread);
  thread = NULL;
}

static void finish(void)
{
  close(client);
  join();
  rvh_free(m);
  g_string_free(got, TRUE);
}

static void send_raw(const void *bytes, size_t n)
{
  ck_assert_int_eq(send(client, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

static int receive_byte(void)
{
  struct pollfd p = { .fd = client, .events = POLLIN };
  uint8_t byte;
  ck_assert_msg(poll(&p, 1, 20000) == 1, "no answer");
  return read(client, &byte, 1) == 1 ? byte : -1;
}

/* The body of the next packet; its checksum must be right. */
static const char *receive(void)
{
  uint8_t sum = 0;
  int c;
  g_string_truncate(got, 0);
  do
    ck_assert_int_ge(c = receive_byte(), 0);
  while (c != '$');
  while ((c = receive_byte()) != '#') {
    ck_assert_int_ge(c, 0);
    sum += (uint8_t)c;
    g_string_append_c(got, (char)c);
  }
  const int high = g_ascii_xdigit_value((char)receive_byte());
  ck_assert_int_eq(high << 4 | g_ascii_xdigit_value((char)receive_byte()), sum);
  if (acks) /* who has sent its last packet does not wait for it */
    (void)!send(client, "+", 1, MSG_NOSIGNAL);
  return got->str;
}

static void send_packet(const char *body, size_t n)
{
  uint8_t sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (uint8_t)body[i];
  g_autofree char *tail = g_strdup_printf("#%02x", sum);
  send_raw("$", 1);
  send_raw(body, n);
  send_raw(tail, 3);
}

static const char *ask(const char *body)
{
  send_packet(body, strlen(body));
  return receive();
}
#define EXPECT(body, answer) ck_assert_str_eq(ask(body), answer)

static uint64_t ask_register(unsigned number)
{
  g_autofree char *body = g_strdup_printf("p%x", number);
  const char *answer = ask(body);
  uint64_t value = 0;
  ck_assert_uint_eq(strlen(answer), 16);
  for (unsigned i = 0; i < 8; i++)
    value |= (uint64_t)(g_ascii_xdigit_value(answer[2 * i]) << 4 |
                        g_ascii_xdigit_value(answer[2 * i + 1]))
             << 8 * i;
  return value;
}
static uint64_t pc(void) { return ask_register(RV_GDB_PC); }

/* ---- registers and memory ---- */

START_TEST(registers)
{
  start(1);
  EXPECT("?", "T05thread:1;");
  ck_assert_uint_eq(strlen(ask("g")), 33 * 16);
  ck_assert_str_eq(got->str + 32 * 16, "0000008000000000");
  EXPECT("Pa=0102030405060708", "OK");
  ck_assert_uint_eq(ask_register(10), 0x0807060504030201);
  EXPECT("P21=1122334455667788", "OK"); /* f0 */
  ck_assert_uint_eq(ask_register(33), 0x8877665544332211);
  ck_assert_uint_eq(ask_register(RV_GDB_OURS), 3); /* vmode M */
  /* A CSR by its address; mscratch holds what it is given, mhartid does not. */
  g_autofree char *body = g_strdup_printf("P%x=8877665544332211", RV_GDB_CSR0 + CSR_mscratch);
  EXPECT(body, "OK");
  ck_assert_uint_eq(ask_register(RV_GDB_CSR0 + CSR_mscratch), 0x1122334455667788);
  EXPECT("pffff", "E01");
  EXPECT("p", "E01");
  EXPECT("Pffff=0000000000000000", "E01");
  EXPECT("P1=00", "E01");
  finish();
}
END_TEST

/* While V=1 sepc is the guest's, hs_sepc HS's. */
START_TEST(supervisor_names)
{
  bool v = true;
  start(1);
  rvh_write_csr(m, 0, CSR_sepc, 0x1000);
  rvh_write_csr(m, 0, CSR_vsepc, 0x2000);
  ck_assert_uint_eq(ask_register(RV_GDB_CSR0 + CSR_sepc), 0x1000);
  /* An mret with MPV=1, MPP=1 into VS-mode. */
  rvh_write_csr(m, 0, CSR_mstatus, mstatus_MPV | 1 << 11);
  rvh_write_csr(m, 0, CSR_mepc, BASE);
  rvh_write_pc(m, 0, BASE + 0x4c);
  EXPECT("vCont;s:1", "T05thread:1;");
  ck_assert_uint_eq(rvh_vmode(m, 0, &v), 1);
  ck_assert(v);
  ck_assert_uint_eq(ask_register(RV_GDB_OURS), 5);
  ck_assert_uint_eq(ask_register(RV_GDB_PRIV), 1);
  ck_assert_uint_eq(ask_register(RV_GDB_CSR0 + CSR_sepc), 0x2000);
  ck_assert_uint_eq(ask_register(RV_GDB_CSR0 + CSR_vsepc), 0x2000);
  ck_assert_uint_eq(ask_register(RV_GDB_OURS + 2), 0x1000);
  g_autofree char *body = g_strdup_printf("P%x=0030000000000000", RV_GDB_CSR0 + CSR_sepc);
  EXPECT(body, "OK");
  ck_assert_uint_eq(ask_register(RV_GDB_CSR0 + CSR_vsepc), 0x3000);
  ck_assert_uint_eq(ask_register(RV_GDB_OURS + 2), 0x1000);
  finish();
}
END_TEST

START_TEST(memory)
{
  start(1);
  EXPECT("M80001000,4:01020304", "OK");
  EXPECT("m80001000,4", "01020304");
  const char binary[] = "X80001001,3:a}\x03\x00"; /* '}' 3 is '#' */
  send_packet(binary, sizeof binary - 1);
  ck_assert_str_eq(receive(), "OK");
  EXPECT("m80001000,5", "0161230000");
  EXPECT("X80001000,0:", "OK");
  EXPECT("m80001000,0", "");
  ck_assert_uint_eq(strlen(ask("m803ffffe,10")), 4); /* up to the end of RAM */
  EXPECT("m0,4", "E0e");
  EXPECT("m10000000,1", "E0e"); /* the UART: reading it would take a byte */
  EXPECT("M10000000,1:41", "E0e");
  EXPECT("Qqemu.PhyMemMode:1", "OK");
  EXPECT("qqemu.PhyMemMode", "1");
  EXPECT("m80001000,2", "0161");
  finish();
}
END_TEST

/* ---- running ---- */

/* A step is one instruction or one trap: into the handler, and out of it by mret. */
START_TEST(steps_through_a_trap)
{
  start(1);
  EXPECT("Z0,8000001c,4", "OK");
  EXPECT("vCont;c", "T05thread:1;");
  ck_assert_uint_eq(pc(), BASE + 0x1c);
  static const unsigned way[] = { 0x40, 0x44, 0x48, 0x4c, 0x20 };
  for (unsigned i = 0; i < G_N_ELEMENTS(way); i++) {
    EXPECT(i % 2 ? "s" : "vCont;s:1;c", "T05thread:1;");
    ck_assert_uint_eq(pc(), BASE + way[i]);
  }
  finish();
}
END_TEST

START_TEST(breakpoints)
{
  start(1);
  EXPECT("Z1,80000020,4", "OK");
  EXPECT("Z0,80000014,4", "OK");
  EXPECT("Z0,80000014,4", "OK"); /* twice is once */
  EXPECT("c", "T05thread:1;");
  ck_assert_uint_eq(pc(), BASE + 0x14);
  EXPECT("m80000014,4", "23a0a500"); /* nothing is written into memory */
  EXPECT("z0,80000014,4", "OK");
  EXPECT("c80000000", "T05thread:1;");
  ck_assert_uint_eq(pc(), BASE + 0x20);
  EXPECT("Z5,0,0", "");
  EXPECT("Z0", "E16");
  finish();
}
END_TEST

/* A false condition costs no stop; what cannot be evaluated is true. */
START_TEST(conditions)
{
  static const struct {
    const char *code;
    bool stops;
  } rows[] = {
    { "X6,260006220013", true },    /* no end: cannot be evaluated */
    { "X7,26000a22051327", true },  /* a0 == 5 */
    { "X7,26000a22061327", false }, /* a0 == 6 */
    { "X6,220522031427", false },   /* 5 < 3 */
    { "X6,220322051427", true },    /* 3 < 5 */
    { "X6,220722030627", true },    /* 7 / 3 */
    { "X6,220722000627", true },    /* 7 / 0 */
    { "X3,210000", true },          /* for ever */
    { "X1,02", true },              /* nothing on the stack */
    { "X5,22ff160127", true },      /* sign extension of one bit: -1 */
    { "X5,22fe160127", false },
    { "X5,2200164127", true },                      /* 65 bits */
    { "X4,22010e27", false },                       /* !1 */
    { "X6,220022013227", true },                    /* pick out of the stack */
    { "Xa,24800000141922001327", false },           /* a word of the program == 0 */
    { "X7,26000a22061327;X7,26000a22051327", true } /* one of two */
  };
  start(1);
  EXPECT("Z0,80000020,4", "OK");
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *body = g_strconcat("Z0,80000014,4;", rows[i].code, NULL);
    EXPECT(body, "OK");
    EXPECT("c80000000", "T05thread:1;");
    ck_assert_msg(pc() == BASE + (rows[i].stops ? 0x14 : 0x20), "%s", rows[i].code);
  }
  EXPECT("Z0,80000014,4;X3,22", "E16");
  EXPECT("Z0,80000014,4;Xffffffffffffffff,22", "E16");
  EXPECT("Z0,80000014,4;X1,2g", "E16");
  EXPECT("Z0,80000014,4;cmds:1", "E16");
  finish();
}
END_TEST

/* Reported behind the access, by its address; the store's own instruction was executed. */
START_TEST(watchpoints)
{
  static const struct {
    const char *point, *stop;
    unsigned pc;
  } rows[] = { { "2,80001010,1", "T05thread:1;watch:80001010;", 0x18 },
               { "2,80001013,8", "T05thread:1;watch:80001013;", 0x18 },
               { "3,80001010,4", "T05thread:1;rwatch:80001010;", 0x1c },
               { "4,80001010,4", "T05thread:1;awatch:80001010;", 0x18 } };
  start(1);
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *set = g_strconcat("Z", rows[i].point, NULL);
    g_autofree char *clear = g_strconcat("z", rows[i].point, NULL);
    EXPECT(set, "OK");
    EXPECT("c80000000", rows[i].stop);
    ck_assert_uint_eq(pc(), BASE + rows[i].pc);
    EXPECT(clear, "OK");
  }
  EXPECT("Z2,80001014,4", "OK"); /* not touched: the breakpoint behind is reached */
  EXPECT("Z0,80000020,4", "OK");
  EXPECT("c80000000", "T05thread:1;");
  ck_assert_uint_eq(pc(), BASE + 0x20);
  finish();
}
END_TEST

/* Continues and interrupts until the guest is at its last loop: on a busy machine one go may end
 * before it got there. */
static void interrupt_in_the_loop(void)
{
  for (int tries = 0; tries < 200; tries++) {
    send_packet("vCont;c", 7);
    g_usleep(20000);
    send_raw("\x03", 1);
    ck_assert_str_eq(receive(), "T02thread:1;");
    if (pc() == BASE + 0x20)
      return;
  }
  ck_abort_msg("the guest does not get to its loop");
}

START_TEST(interrupt)
{
  start(1);
  for (int watched = 0; watched < 2; watched++) {
    interrupt_in_the_loop();
    EXPECT("Z2,80001000,1", "OK");
  }
  /* Sent in one piece, the interrupt does not get lost. */
  send_raw("$vCont;c#a8\x03", 12);
  ck_assert_str_eq(receive(), "T02thread:1;");
  finish();
}
END_TEST

START_TEST(end_of_the_guest)
{
  start(1);
  EXPECT("c80000024", "W00");
  join();
  ck_assert(ended.ended);
  ck_assert_int_eq(ended.status, 0);
  finish();
}
END_TEST

START_TEST(kill_and_detach)
{
  start(1);
  EXPECT("vKill;1", "OK");
  join();
  ck_assert(ended.ended);
  ck_assert_int_eq(ended.status, RVH_EXIT_OK);
  finish();
  start(1);
  EXPECT("Z0,80000014,4", "OK");
  EXPECT("D", "OK"); /* nobody can come back over this socket */
  finish();
  ck_assert(!ended.ended);
}
END_TEST

START_TEST(threads)
{
  start(2);
  EXPECT("qfThreadInfo", "m1,2");
  EXPECT("qsThreadInfo", "l");
  EXPECT("T2", "OK");
  EXPECT("T3", "E16");
  EXPECT("Hg3", "E16");
  EXPECT("Hg2", "OK");
  EXPECT("qC", "QC2");
  EXPECT("Pa=0700000000000000", "OK");
  EXPECT("Hg1", "OK");
  ck_assert_uint_eq(ask_register(10) == 7, 0);
  EXPECT("vCont;s:2", "T05thread:2;"); /* the other one stands still */
  EXPECT("Hgp1.1", "OK");
  ck_assert_uint_eq(pc(), BASE);
  EXPECT("vCont;s:1;c", "T05thread:1;"); /* the other one moves as well */
  EXPECT("Hg2", "OK");
  ck_assert_uint_eq(pc(), BASE + 8);
  ck_assert_ptr_nonnull(strstr(ask("qXfer:threads:read::0,1000"), "hart 1\">M-mode"));
  finish();
}
END_TEST

/* ---- queries ---- */

/* The parts are the whole, whatever their size; types stand in the feature that uses them. */
START_TEST(description)
{
  start(1);
  GString *text = g_string_new(NULL);
  do {
    g_autofree char *body = g_strdup_printf("qXfer:features:read:target.xml:%zx,3f7", text->len);
    g_string_append(text, ask(body) + 1);
  } while (got->str[0] == 'm');
  GString *whole = rv_gdb_target_xml();
  ck_assert_str_eq(text->str, whole->str);
  ck_assert_ptr_nonnull(strstr(whole->str, "<osabi>none</osabi>"));
  ck_assert_ptr_nonnull(strstr(whole->str, "<field name=\"VMID\" start=\"44\" end=\"57\"/>"));
  const char *ours = strstr(whole->str, "org.rvh-sim");
  ck_assert(strstr(ours, "<enum id=\"hs_scause_t\"") && strstr(ours, "id=\"vmode_t\""));
  EXPECT("qXfer:features:read:other.xml:0,10", "E00");
  EXPECT("qXfer:features:read:target.xml:ffffff,10", "E16");
  g_string_free(text, TRUE);
  g_string_free(whole, TRUE);
  finish();
}
END_TEST

/* Sends a monitor command; all its output. */
static char *monitor(const char *line)
{
  GString *body = g_string_new("qRcmd,"), *text = g_string_new(NULL);
  for (; *line; line++)
    g_string_append_printf(body, "%02x", (uint8_t)*line);
  for (const char *a = ask(body->str); strcmp(a, "OK"); a = receive()) {
    ck_assert_int_eq(*a, 'O');
    for (a++; *a; a += 2)
      g_string_append_c(text, (char)(g_ascii_xdigit_value(a[0]) << 4 | g_ascii_xdigit_value(a[1])));
  }
  g_string_free(body, TRUE);
  return g_string_free(text, FALSE);
}

START_TEST(monitor_commands)
{
  static const struct {
    const char *line, *text;
  } rows[] = {
    { "", "why-not" },
    { "help walk", "example: monitor walk 0x40 r as vs" },
    { "mode", "hart 0: M-mode, V=0, pc 80000000" },
    { "walk 0x80000000", "M-mode: the address is physical" },
    { "walk 0x1000 r as vs", "no translation: every MODE is Bare" },
    { "walk", "missing" },
    { "walk zzz", "no number and no symbol" },
    { "walk 1 as", "r, w or x" },
    { "gva2gpa 0x1234", "0x1234" },
    { "gva2hpa 0x1234", "0x1234" },
    { "gpa2hpa 0x1234", "0x1234" },
    { "info mem", "vsatp Bare" },
    { "info traps", "no trap was taken" },
    { "why", "no trap was taken" },
    { "why-not 7", "mideleg[7]=0" },
    { "why-not 99", "1 to 13" },
    { "csr hgatp", "VMID" },
    { "break-on cause=i6", "interrupt 6" },
    { "break-on cause=x", "break-on exit, entry" },
    { "space hpa", "physical" },
    { "make coffee", "no monitor command 'make'" },
  };
  start(1);
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text = monitor(rows[i].line);
    ck_assert_msg(strstr(text, rows[i].text) != NULL, "%s: %s", rows[i].line, text);
  }
  finish();
}
END_TEST

/* Stops at the trap itself, with the reason at hand. */
START_TEST(break_on)
{
  start(1);
  g_free(monitor("break-on cause=11"));
  ck_assert_int_eq(*ask("c"), 'O'); /* the transition's line */
  ck_assert_str_eq(receive(), "T02thread:1;");
  ck_assert_uint_eq(pc(), BASE + 0x40);
  g_autofree char *why = monitor("why");
  ck_assert_msg(strstr(why, "11 ecall-from-M") && strstr(why, "M->M"), "%s", why);
  finish();
}
END_TEST

/* ---- hostile clients ---- */

/* Each is sent as it stands; afterwards the stub must answer as ever. */
static const struct {
  const char *bytes;
  size_t n; /* 0: up to the zero byte */
} hostile[] = {
  { "$g#00", 0 },                   /* checksum */
  { "$g#zz", 0 },                   /* no digits */
  { "$m80000000,#8d", 0 },          /* ... and no length */
  { "$m80000000,-1#00+++---", 0 },  /* resends of nothing */
  { "\0\0\0\xff\xff$\0\0#00", 11 }, /* zero bytes */
  { "$$$$g#67", 0 },                /* cut off packets */
  { "}}}}####", 0 },
  { "\x03\x03\x03", 0 }, /* interrupts of what stands still */
  { "$vCont;c:ffffffffffffffffffffffff#00", 0 },
};
static const char *const bad_packets[] = {
  "m",
  "m,",
  "m-1,4",
  "m80000000,-4",
  "mffffffffffffffff,ffffffffffffffff",
  "m80000000,ffffffffffffffff",
  "m12345678123456781,4",
  "M80000000,ffffffff:00",
  "M80000000,2:0g0h",
  "M80000000,1:0",
  "X80000000,ffffffffffffffff:abc",
  "X80000000,1:}",
  "X80000000,3:}}}",
  "G00",
  "Gzz",
  "P",
  "Pffffffffffffffffff=00",
  "p-1",
  "Z",
  "Z0,",
  "Z2,ffffffffffffffff,ffffffffffffffff",
  "z9,1,1",
  "Hg-2",
  "H",
  "Hgp1.",
  "T",
  "T0",
  "vCont",
  "vCont;",
  "vCont;x",
  "vCont;C",
  "vCont;s:999",
  "vCont;s:p-1.99999999999999999999",
  "vAttach;1",
  "C",
  "szz",
  "qXfer:features:read:target.xml:-1,10",
  "qXfer:features:read:target.xml:0,",
  "qXfer:features:read:",
  "qXfer:threads:read::ffffffffffffffff,1",
  "qRcmd,",
  "qRcmd,6",
  "qRcmd,zz",
  "qRcmd,0000",
  "qThreadExtraInfo,",
  "qThreadExtraInfo,ffffffffff",
  "qSupported:%s%n%s",
  "QStartNoAckModeX:",
  "\xff\xfe",
  "bc",
  "!",
};

START_TEST(hostile_bytes)
{
  start(1);
  send_raw(hostile[_i].bytes, hostile[_i].n ? hostile[_i].n : strlen(hostile[_i].bytes));
  /* What it answered to that is not looked at: the answer to qC is its own. */
  send_packet("qC", 2);
  while (strcmp(receive(), "QC1"))
    ;
  finish();
}
END_TEST

START_TEST(hostile_packets)
{
  start(1);
  for (unsigned i = 0; i < G_N_ELEMENTS(bad_packets); i++) {
    send_packet(bad_packets[i], strlen(bad_packets[i]));
    const char *answer = receive();
    while (answer[0] == 'O' && answer[1] != 'K') /* console output */
      answer = receive();
    ck_assert_msg(*answer != 'T', "%s: %s", bad_packets[i], answer);
    acks = strncmp(bad_packets[i], "QStart", 6) != 0 && acks;
    EXPECT("qC", "QC1");
  }
  finish();
}
END_TEST

START_TEST(too_long_packets)
{
  start(1);
  g_autofree char *text = g_strnfill(RV_GDB_PACKET_MAX * 4, 'm');
  EXPECT(text, "E16");
  memset(text, '}', RV_GDB_PACKET_MAX);
  memcpy(text, "X80000000,10:", 13);
  send_packet(text, RV_GDB_PACKET_MAX); /* the longest that is read */
  ck_assert_str_eq(receive(), "E16");
  memset(text, 'f', RV_GDB_PACKET_MAX);
  memcpy(text, "qRcmd,", 6);
  text[RV_GDB_PACKET_MAX] = 0;
  ck_assert_str_eq(ask(text), "E16");
  EXPECT("QStartNoAckMode", "OK");
  acks = false;
  send_raw("$g#00", 5); /* nobody would send it again */
  ck_assert_str_eq(receive(), "E16");
  EXPECT("qC", "QC1");
  finish();
}
END_TEST

/* Random letters of packets; the guest does not run meanwhile. */
START_TEST(random_packets)
{
  static const char letters[] = "gGpPmMXzZHTqQv?0123456789abcdef,:;=-p}fRcmdXer";
  GRand *random = g_rand_new_with_seed(7);
  start(2);
  for (unsigned i = 0; i < 4000; i++) {
    char body[40];
    const unsigned n = g_rand_int_range(random, 1, sizeof body);
    for (unsigned j = 0; j < n; j++)
      body[j] = letters[g_rand_int_range(random, j ? 0 : 14, sizeof letters - 1)];
    body[0] = letters[g_rand_int_range(random, 0, 15)];
    send_packet(body, n);
    receive();
  }
  EXPECT("qfThreadInfo", "m1,2");
  g_rand_free(random);
  finish();
}
END_TEST

/* Gone in the middle of a packet, or while the machine runs. */
START_TEST(vanishing_clients)
{
  static const char *const last[] = { "", "$", "$m8000", "$g#", "$g#6", "$vCont;c#a8" };
  start(1);
  send_raw(last[_i], strlen(last[_i]));
  finish();
  ck_assert(!ended.ended);
}
END_TEST

/* ---- listening ---- */

static gpointer serve_listener(gpointer fd)
{
  ended = rv_gdb_session(m, GPOINTER_TO_INT(fd), -1, false);
  return NULL;
}

static void connect_to(const char *path)
{
  struct sockaddr_un a = { .sun_family = AF_UNIX };
  strcpy(a.sun_path, path);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  ck_assert_int_eq(connect(client, (struct sockaddr *)&a, sizeof a), 0);
}

/* A running machine stops for who connects, runs on when he leaves, and stops for the next; his
 * breakpoints are gone. */
START_TEST(one_client_after_the_other)
{
  g_autofree char *folder = g_dir_make_tmp("rvh-gdb-XXXXXX", NULL);
  g_autofree char *spec = g_strdup_printf("unix:%s/socket", folder);
  make_machine(1);
  g_autofree char *where = NULL;
  const int fd = rv_link_listen(spec, &where, NULL);
  ck_assert_int_ge(fd, 0);
  g_autoptr(GError) error = NULL;
  char *none = NULL;
  ck_assert_int_eq(rv_link_listen(spec, &none, &error), -1); /* it is in use */
  thread = g_thread_new("stub", serve_listener, GINT_TO_POINTER(fd));
  for (unsigned i = 0; i < 3; i++) {
    for (connect_to(where); pc() != BASE + 0x20; connect_to(where)) { /* it may not have come far */
      close(client);
      g_usleep(1000);
    }
    EXPECT("?", "T05thread:1;");
    EXPECT("Z0,80000020,4", "OK");
    if (i == 1)
      EXPECT("D", "OK");
    if (i == 2)
      EXPECT("vKill;1", "OK");
    close(client);
  }
  join();
  ck_assert(ended.ended);
  close(fd);
  /* What a dead simulator left behind is in nobody's way. */
  char *again = NULL;
  const int next = rv_link_listen(spec, &again, NULL);
  ck_assert_int_ge(next, 0);
  close(next);
  g_free(again);
  g_unlink(where);
  g_rmdir(folder);
  rvh_free(m);
  g_string_free(got, TRUE);
}
END_TEST

START_TEST(places_to_listen)
{
  static const char *const bad[] = { "",      "tcp:",           "tcp::x",
                                     "1234",  "udp::1",         "tcp::99999",
                                     "unix:", "tcp::0,wait=on", "tcp:no host:1" };
  for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    char *where = NULL;
    ck_assert_int_eq(rv_link_listen(bad[i], &where, &error), -1);
    ck_assert_ptr_nonnull(strchr(error->message, '\n'));
    ck_assert_ptr_null(where);
  }
  g_autoptr(GError) error = NULL;
  char *where = NULL;
  const int fd = rv_link_listen("tcp::0,server,nowait", &where, &error);
  ck_assert_int_ge(fd, 0);
  ck_assert(g_str_has_prefix(where, "127.0.0.1:") && strcmp(where, "127.0.0.1:0"));
  g_free(where);
  close(fd);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, registers);
  tcase_add_test(tc, supervisor_names);
  tcase_add_test(tc, memory);
  tcase_add_test(tc, steps_through_a_trap);
  tcase_add_test(tc, breakpoints);
  tcase_add_test(tc, conditions);
  tcase_add_test(tc, watchpoints);
  tcase_add_test(tc, interrupt);
  tcase_add_test(tc, end_of_the_guest);
  tcase_add_test(tc, kill_and_detach);
  tcase_add_test(tc, threads);
  tcase_add_test(tc, description);
  tcase_add_test(tc, monitor_commands);
  tcase_add_test(tc, break_on);
  tcase_add_loop_test(tc, hostile_bytes, 0, (int)G_N_ELEMENTS(hostile));
  tcase_add_test(tc, hostile_packets);
  tcase_add_test(tc, too_long_packets);
  tcase_add_test(tc, random_packets);
  tcase_add_loop_test(tc, vanishing_clients, 0, 6);
  tcase_add_test(tc, one_client_after_the_other);
  tcase_add_test(tc, places_to_listen);
}
UNIT_MAIN("gdb", add_tests)
