/* test_fdt.c - the generated device tree has what firmware and kernels look for. */
#include "mock_board.h"
#include "dev/fdt.h"
#include <libfdt.h>
#include <stdio.h>

enum { N_DEVS = 5 };

static mock_board board;
static rv_dev *devs[N_DEVS];
static rv_fdt_config cfg;
static void *fdt;
static size_t size;
static char error[128];

static const char *const extensions[] = { "i", "m", "zicbom", "zicboz", "h", NULL };

static void setup(void)
{
  mock_init(&board);
  rv_dev *made[] = { rv_finisher_new(&board.ops), rv_rtc_new(&board.ops), rv_clint_new(&board.ops),
                     rv_plic_new(&board.ops), rv_uart_new(&board.ops) };
  memcpy(devs, made, sizeof devs);
  cfg = (rv_fdt_config){ .n_harts = MOCK_HARTS,
                         .ram_base = MOCK_RAM_BASE,
                         .ram_size = 3ull << 30,
                         .isa = "rv64imh_zicbom_zicboz",
                         .isa_extensions = extensions,
                         .mmu_type = "riscv,sv57",
                         .stdout_path = "/soc/serial@10000000" };
}

static void teardown(void)
{
  for (unsigned i = 0; i < N_DEVS; i++)
    devs[i]->free(devs[i]);
  free(fdt);
}

static void build(void)
{
  free(fdt);
  fdt = rv_fdt_build(&cfg, devs, N_DEVS, &size, error, sizeof error);
  ck_assert_msg(fdt, "%s", error);
  ck_assert_int_eq(fdt_check_full(fdt, size), 0);
}

static const void *property(const char *path, const char *name, int *len)
{
  int node = fdt_path_offset(fdt, path);
  ck_assert_msg(node >= 0, "no node %s", path);
  const void *value = fdt_getprop(fdt, node, name, len);
  ck_assert_msg(value, "no %s in %s", name, path);
  return value;
}

static void expect_string(const char *path, const char *name, const char *value)
{
  int len;
  ck_assert_str_eq((const char *)property(path, name, &len), value);
}

static void expect_cells(const char *path, const char *name, const uint32_t *cells, int n)
{
  int len;
  const uint8_t *value = property(path, name, &len);
  ck_assert_msg(len == 4 * n, "%s in %s has %d bytes", name, path, len);
  for (int i = 0; i < n; i++)
    ck_assert_msg(fdt32_ld((const void *)(value + 4 * i)) == cells[i], "%s in %s: cell %d is %#x",
                  name, path, i, fdt32_ld((const void *)(value + 4 * i)));
}
#define CELLS(path, name, ...)                                                                     \
  expect_cells(path, name, (const uint32_t[]){ __VA_ARGS__ },                                      \
               sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)
#define LIST(path, name, literal)                                                                  \
  do {                                                                                             \
    int list_len;                                                                                  \
    const void *list = property(path, name, &list_len);                                            \
    ck_assert_mem_eq(list, literal, sizeof literal);                                               \
    ck_assert_int_eq(list_len, sizeof literal);                                                    \
  } while (0)

START_TEST(root_is_the_virt_board)
{
  build();
  expect_string("/", "model", "riscv-virtio,qemu");
  expect_string("/", "compatible", "riscv-virtio");
  CELLS("/", "#address-cells", 2);
  CELLS("/", "#size-cells", 2);
  expect_string("/soc", "compatible", "simple-bus");
  CELLS("/memory@80000000", "reg", 0, 0x80000000, 0, 0xc0000000);
}
END_TEST

START_TEST(cpus_are_described_and_in_order)
{
  build();
  CELLS("/cpus", "timebase-frequency", 10000000);
  expect_string("/cpus/cpu@1", "riscv,isa", "rv64imh_zicbom_zicboz");
  expect_string("/cpus/cpu@1", "riscv,isa-base", "rv64i");
  LIST("/cpus/cpu@1", "riscv,isa-extensions", "i\0m\0zicbom\0zicboz\0h");
  expect_string("/cpus/cpu@1", "mmu-type", "riscv,sv57");
  expect_string("/cpus/cpu@1", "status", "okay");
  CELLS("/cpus/cpu@1", "reg", 1);
  CELLS("/cpus/cpu@1", "riscv,cbom-block-size", 64);
  int cpus = fdt_path_offset(fdt, "/cpus");
  ck_assert_str_eq(fdt_get_name(fdt, fdt_first_subnode(fdt, cpus), NULL), "cpu@0");
  ck_assert_int_eq(fdt_path_offset(fdt, "/cpus/cpu@2"), -FDT_ERR_NOTFOUND);
}
END_TEST

/* The event counters are offered to firmware: 3 to 10, with cycle (0) and instret (2). */
START_TEST(counters_are_offered)
{
  static const char *const with[] = { "i", "zihpm", NULL };
  build();
  ck_assert_int_eq(fdt_path_offset(fdt, "/pmu"), -FDT_ERR_NOTFOUND);
  cfg.isa_extensions = with;
  build();
  expect_string("/pmu", "compatible", "riscv,pmu");
  CELLS("/pmu", "riscv,event-to-mhpmcounters", 1, 1, 0x7f9, 2, 2, 0x7fc);
  CELLS("/pmu", "riscv,event-to-mhpmevent", 1, 0, 1, 2, 0, 2);
}
END_TEST

START_TEST(phandles_lead_where_they_should)
{
  static const struct {
    uint32_t phandle;
    const char *path;
  } rows[] = { { RV_PHANDLE_INTC(0), "/cpus/cpu@0/interrupt-controller" },
               { RV_PHANDLE_INTC(1), "/cpus/cpu@1/interrupt-controller" },
               { RV_PHANDLE_CPU(1), "/cpus/cpu@1" },
               { RV_PHANDLE_PLIC, "/soc/plic@c000000" },
               { RV_PHANDLE_FINISHER, "/soc/test@100000" } };
  build();
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    char path[128];
    int node = fdt_node_offset_by_phandle(fdt, rows[i].phandle);
    ck_assert_int_eq(fdt_get_path(fdt, node, path, sizeof path), 0);
    ck_assert_str_eq(path, rows[i].path);
  }
  CELLS("/cpus/cpu-map/cluster0/core1", "cpu", RV_PHANDLE_CPU(1));
}
END_TEST

START_TEST(interrupt_controllers)
{
  build();
  LIST("/soc/clint@2000000", "compatible", "sifive,clint0\0riscv,clint0");
  CELLS("/soc/clint@2000000", "reg", 0, 0x2000000, 0, 0x10000);
  CELLS("/soc/clint@2000000", "interrupts-extended", 1, 3, 1, 7, 2, 3, 2, 7);
  LIST("/soc/plic@c000000", "compatible", "sifive,plic-1.0.0\0riscv,plic0");
  CELLS("/soc/plic@c000000", "interrupts-extended", 1, 11, 1, 9, 2, 11, 2, 9);
  CELLS("/soc/plic@c000000", "riscv,ndev", 95);
  CELLS("/soc/plic@c000000", "#address-cells", 0);
  CELLS("/soc/plic@c000000", "#interrupt-cells", 1);
  CELLS("/soc/plic@c000000", "reg", 0, 0xc000000, 0, 0x600000);
}
END_TEST

START_TEST(serial_rtc_and_power)
{
  build();
  expect_string("/soc/serial@10000000", "compatible", "ns16550a");
  CELLS("/soc/serial@10000000", "clock-frequency", 0x384000);
  CELLS("/soc/serial@10000000", "interrupts", 10);
  CELLS("/soc/serial@10000000", "interrupt-parent", RV_PHANDLE_PLIC);
  expect_string("/soc/rtc@101000", "compatible", "google,goldfish-rtc");
  CELLS("/soc/rtc@101000", "interrupts", 11);
  LIST("/soc/test@100000", "compatible", "sifive,test1\0sifive,test0\0syscon");
  expect_string("/poweroff", "compatible", "syscon-poweroff");
  CELLS("/poweroff", "value", 0x5555);
  CELLS("/poweroff", "regmap", RV_PHANDLE_FINISHER);
  expect_string("/reboot", "compatible", "syscon-reboot");
  CELLS("/reboot", "value", 0x7777);
}
END_TEST

static void rebuild_with(rv_aia aia, bool firmware)
{
  for (unsigned i = 0; i < N_DEVS; i++)
    devs[i]->free(devs[i]);
  board.ops.aia = aia;
  board.ops.guests = 3;
  board.ops.firmware = firmware;
  rv_dev *aplic = rv_aplic_new(&board.ops);
  rv_dev *made[] = { rv_uart_new(&board.ops), rv_imsic_new(&board.ops, true),
                     rv_imsic_new(&board.ops, false), rv_aplic_child(aplic), aplic };
  memcpy(devs, made, sizeof devs);
  build();
}

static bool has(const char *path, const char *name)
{
  int len;
  return fdt_getprop(fdt, fdt_path_offset(fdt, path), name, &len);
}

#define APLIC_M "/soc/interrupt-controller@c000000"
#define APLIC_S "/soc/interrupt-controller@d000000"
#define IMSIC_M "/soc/interrupt-controller@24000000"
#define IMSIC_S "/soc/interrupt-controller@28000000"

/* Linux's riscv,aplic.yaml, as QEMU's tree has it with aia=aplic: the harts' wires. */
START_TEST(an_aplic_with_wires)
{
  rebuild_with(RV_AIA_APLIC, false);
  LIST(APLIC_M, "compatible", "qemu,aplic\0riscv,aplic");
  CELLS(APLIC_M, "reg", 0, 0xc000000, 0, 0x8000);
  CELLS(APLIC_M, "interrupts-extended", 1, 11, 2, 11);
  CELLS(APLIC_M, "riscv,num-sources", 96);
  CELLS(APLIC_M, "riscv,children", RV_PHANDLE_APLIC_S);
  CELLS(APLIC_M, "riscv,delegation", RV_PHANDLE_APLIC_S, 1, 96);
  CELLS(APLIC_M, "#interrupt-cells", 2);
  CELLS(APLIC_S, "reg", 0, 0xd000000, 0, 0x8000);
  CELLS(APLIC_S, "interrupts-extended", 1, 9, 2, 9);
  CELLS(APLIC_S, "phandle", RV_PHANDLE_APLIC_S);
  ck_assert(!has(APLIC_S, "riscv,children") && !has(APLIC_S, "msi-parent"));
  CELLS("/soc/serial@10000000", "interrupts", 10, 4);
  CELLS("/soc/serial@10000000", "interrupt-parent", RV_PHANDLE_APLIC_S);
  ck_assert(!has(APLIC_M, "status"));
}
END_TEST

/* With aia=aplic-imsic,aia-guests=3: messages, to four files of a hart at supervisor level. */
START_TEST(an_aplic_with_imsics)
{
  rebuild_with(RV_AIA_IMSIC, false);
  CELLS(APLIC_M, "msi-parent", RV_PHANDLE_IMSIC_M);
  CELLS(APLIC_S, "msi-parent", RV_PHANDLE_IMSIC_S);
  ck_assert(!has(APLIC_M, "interrupts-extended") && !has(APLIC_S, "interrupts-extended"));
  LIST(IMSIC_M, "compatible", "qemu,imsics\0riscv,imsics");
  CELLS(IMSIC_M, "reg", 0, 0x24000000, 0, 0x2000);
  CELLS(IMSIC_M, "interrupts-extended", 1, 11, 2, 11);
  CELLS(IMSIC_M, "riscv,num-ids", 255);
  CELLS(IMSIC_M, "#interrupt-cells", 0);
  ck_assert(has(IMSIC_M, "msi-controller") && !has(IMSIC_M, "riscv,guest-index-bits"));
  CELLS(IMSIC_S, "reg", 0, 0x28000000, 0, 0x8000);
  CELLS(IMSIC_S, "interrupts-extended", 1, 9, 2, 9);
  CELLS(IMSIC_S, "riscv,guest-index-bits", 2);
}
END_TEST

/* As OpenSBI's: a kernel that took the machine level's nodes for its own would fail. */
START_TEST(machine_level_is_the_firmwares)
{
  rebuild_with(RV_AIA_IMSIC, true);
  expect_string(APLIC_M, "status", "disabled");
  expect_string(IMSIC_M, "status", "disabled");
  ck_assert(!has(APLIC_S, "status") && !has(IMSIC_S, "status"));
}
END_TEST

START_TEST(chosen_says_what_was_asked)
{
  cfg.bootargs = "console=ttyS0";
  cfg.initrd_start = 0x88000000;
  cfg.initrd_end = 0x188000000;
  build();
  expect_string("/chosen", "bootargs", "console=ttyS0");
  expect_string("/chosen", "stdout-path", "/soc/serial@10000000");
  CELLS("/chosen", "linux,initrd-start", 0, 0x88000000);
  CELLS("/chosen", "linux,initrd-end", 1, 0x88000000);
}
END_TEST

START_TEST(what_is_not_given_is_not_there)
{
  cfg.mmu_type = NULL;
  cfg.stdout_path = NULL;
  build();
  int chosen = fdt_path_offset(fdt, "/chosen");
  ck_assert(!fdt_getprop(fdt, chosen, "bootargs", NULL));
  ck_assert(!fdt_getprop(fdt, chosen, "linux,initrd-start", NULL));
  ck_assert(!fdt_getprop(fdt, chosen, "stdout-path", NULL));
  ck_assert(!fdt_getprop(fdt, fdt_path_offset(fdt, "/cpus/cpu@0"), "mmu-type", NULL));
  ck_assert_int_eq(fdt_path_offset(fdt, "/reserved-memory"), -FDT_ERR_NOTFOUND);
}
END_TEST

START_TEST(rng_seed_depends_on_the_seed_only)
{
  int len;
  uint8_t first[32];
  build();
  memcpy(first, property("/chosen", "rng-seed", &len), 32);
  ck_assert_int_eq(len, 32);
  build();
  ck_assert_mem_eq(property("/chosen", "rng-seed", &len), first, 32);
  cfg.rng_seed = 1;
  build();
  ck_assert_mem_ne(property("/chosen", "rng-seed", &len), first, 32);
}
END_TEST

START_TEST(firmware_is_reserved)
{
  static const rv_fdt_range ranges[] = { { 0x80000000, 0x40000 }, { 0x80040000, 0x20000 } };
  cfg.reserved = ranges;
  cfg.n_reserved = 2;
  build();
  CELLS("/reserved-memory/mmode_resv1@80040000", "reg", 0, 0x80040000, 0, 0x20000);
  int len;
  property("/reserved-memory/mmode_resv0@80000000", "no-map", &len);
}
END_TEST

START_TEST(long_bootargs_and_many_harts_fit)
{
  static char args[100000];
  memset(args, 'a', sizeof args - 1);
  cfg.bootargs = args;
  cfg.n_harts = RV_MAX_HARTS;
  build();
  expect_string("/chosen", "bootargs", args);
  CELLS("/cpus/cpu@1e", "reg", 30);
}
END_TEST

START_TEST(nonsense_is_refused_with_a_reason)
{
  cfg.n_harts = RV_MAX_HARTS + 1;
  ck_assert(!rv_fdt_build(&cfg, devs, N_DEVS, &size, error, sizeof error));
  ck_assert_str_eq(error, "device tree: the number of harts is not in 1..31");
  cfg.n_harts = 1;
  cfg.ram_size = 0;
  ck_assert(!rv_fdt_build(&cfg, devs, N_DEVS, &size, error, sizeof error));
  ck_assert(!rv_fdt_build(&cfg, devs, N_DEVS, &size, NULL, 0));
  cfg.ram_size = 1;
  cfg.initrd_start = 1;
  ck_assert(!rv_fdt_build(&cfg, devs, N_DEVS, &size, error, sizeof error));
}
END_TEST

/* With RVH_DUMP_DTB=FILE in the environment, the tree is left there for dtc. */
START_TEST(dump_for_dtc)
{
  const char *name = getenv("RVH_DUMP_DTB");
  build();
  if (!name)
    return;
  FILE *file = fopen(name, "wb");
  ck_assert(file);
  ck_assert_uint_eq(fwrite(fdt, 1, size, file), size);
  fclose(file);
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, root_is_the_virt_board);
  tcase_add_test(tc, cpus_are_described_and_in_order);
  tcase_add_test(tc, counters_are_offered);
  tcase_add_test(tc, phandles_lead_where_they_should);
  tcase_add_test(tc, interrupt_controllers);
  tcase_add_test(tc, serial_rtc_and_power);
  tcase_add_test(tc, an_aplic_with_wires);
  tcase_add_test(tc, an_aplic_with_imsics);
  tcase_add_test(tc, machine_level_is_the_firmwares);
  tcase_add_test(tc, chosen_says_what_was_asked);
  tcase_add_test(tc, what_is_not_given_is_not_there);
  tcase_add_test(tc, rng_seed_depends_on_the_seed_only);
  tcase_add_test(tc, firmware_is_reserved);
  tcase_add_test(tc, long_bootargs_and_many_harts_fit);
  tcase_add_test(tc, nonsense_is_refused_with_a_reason);
  tcase_add_test(tc, dump_for_dtc);
}
UNIT_MAIN("fdt", add_tests)
