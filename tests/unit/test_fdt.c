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
  tcase_add_test(tc, chosen_says_what_was_asked);
  tcase_add_test(tc, what_is_not_given_is_not_there);
  tcase_add_test(tc, rng_seed_depends_on_the_seed_only);
  tcase_add_test(tc, firmware_is_reserved);
  tcase_add_test(tc, long_bootargs_and_many_harts_fit);
  tcase_add_test(tc, nonsense_is_refused_with_a_reason);
  tcase_add_test(tc, dump_for_dtc);
}
UNIT_MAIN("fdt", add_tests)
