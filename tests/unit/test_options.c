/* test_options.c - the command line: what each spelling means, and what wrong ones are told. */
#include "cli/keys.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "unit.h"
#include <string.h>

enum { MAX_WORDS = 8 };
typedef char *words[MAX_WORDS + 2];

static bool parse(cli_options *o, char *const *argv, GError **error)
{
  char *all[MAX_WORDS + 2] = { "rvh-sim" };
  int n = 1;
  for (; *argv; argv++)
    all[n++] = *argv;
  return cli_options_parse(o, n, all, error);
}
#define PARSE(o, ...) parse_good(o, (words){ __VA_ARGS__, NULL })

static void parse_good(cli_options *o, char *const *argv)
{
  g_autoptr(GError) error = NULL;
  bool ok = parse(o, argv, &error);
  ck_assert_msg(ok, "%s", error ? error->message : "?");
}

START_TEST(defaults)
{
  cli_options o;
  PARSE(&o, "hv.elf");
  ck_assert_str_eq(o.config.kernel, "hv.elf");
  ck_assert_uint_eq(o.config.ram_size, 128ull << 20);
  ck_assert_uint_eq(o.config.n_harts, 1);
  ck_assert_int_eq(o.config.bios, RVH_BIOS_BUILTIN);
  ck_assert(!o.trace && !o.config.adue && !o.config.strict && !o.config.htinst_zero);
}
END_TEST

START_TEST(every_spelling_of_an_argument)
{
  static const words spellings[] = {
    { "-kernel", "a", "-smp", "3" },  { "--kernel", "a", "--smp", "3" }, { "-kernel=a", "-smp=3" },
    { "--kernel=a", "--smp=cpus=3" }, { "a", "-smp", "cpus=3" },         { "-smp", "3", "--", "a" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
    cli_options o;
    parse_good(&o, spellings[i]);
    ck_assert_str_eq(o.config.kernel, "a");
    ck_assert_uint_eq(o.config.n_harts, 3);
  }
}
END_TEST

START_TEST(sizes_as_qemu)
{
  static const struct {
    char *text;
    uint64_t bytes;
  } sizes[] = { { "128", 128ull << 20 }, { "128M", 128ull << 20 },  { "2G", 2ull << 30 },
                { "2g", 2ull << 30 },    { "size=2G", 2ull << 30 }, { "16384K", 16ull << 20 },
                { "010", 10ull << 20 },  { "0x100", 256ull << 20 } };
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
    cli_options o;
    PARSE(&o, "-m", sizes[i].text, "a");
    ck_assert_msg(o.config.ram_size == sizes[i].bytes, "-m %s", sizes[i].text);
  }
}
END_TEST

START_TEST(counts_are_decimal)
{
  cli_options o;
  PARSE(&o, "a", "--limit-insns=200M", "--trap-loop", "5k");
  ck_assert_uint_eq(o.config.limit_insns, 200000000);
  ck_assert_uint_eq(o.config.trap_loop, 5000);
  PARSE(&o, "a", "--trap-loop=0");
  ck_assert_uint_eq(o.config.trap_loop, 0);
}
END_TEST

START_TEST(bios_words)
{
  cli_options o;
  PARSE(&o, "a", "-bios", "none");
  ck_assert_int_eq(o.config.bios, RVH_BIOS_NONE);
  PARSE(&o, "-bios", "fw_jump.elf");
  ck_assert_int_eq(o.config.bios, RVH_BIOS_FILE);
  ck_assert_str_eq(o.config.bios_file, "fw_jump.elf");
  PARSE(&o, "a", "-bios", "fw.bin", "-bios", "default"); /* the last one counts */
  ck_assert_int_eq(o.config.bios, RVH_BIOS_BUILTIN);
  ck_assert(o.config.bios_file == NULL);
}
END_TEST

START_TEST(trace_options)
{
  cli_options o;
  PARSE(&o, "--trace-traps", "hv.elf"); /* the file is not the level */
  ck_assert(o.trace && o.trace_level == RVH_TRACE_LINE && !o.trace_all);
  ck_assert_str_eq(o.config.kernel, "hv.elf");
  PARSE(&o, "hv.elf", "--trace-traps=why", "--trace-only=all");
  ck_assert(o.trace_level == RVH_TRACE_WHY && o.trace_all);
  PARSE(&o, "hv.elf", "-trace-traps=full", "--trace-file", "log"); /* one dash is fine */
  ck_assert(o.trace_level == RVH_TRACE_FULL);
  ck_assert_str_eq(o.trace_file, "log");
  ck_assert(!o.trace_events && !o.render && o.trace_has_level && !o.trace_has_all);
  PARSE(&o, "hv.elf", "--trace-file=log.rvt");
  ck_assert(o.trace && o.trace_events && !o.trace_has_level);
  PARSE(&o, "--render", "log.rvt", "--trace-only=V"); /* no program is needed */
  ck_assert_str_eq(o.render, "log.rvt");
  ck_assert(!o.trace_events && o.trace_has_all);
}
END_TEST

START_TEST(gdb_options)
{
  cli_options o;
  PARSE(&o, "a", "-s");
  ck_assert_str_eq(o.gdb, "tcp::1234");
  ck_assert(!o.gdb_wait);
  PARSE(&o, "a", "-S", "-gdb", "unix:g");
  ck_assert_str_eq(o.gdb, "unix:g");
  ck_assert(o.gdb_wait);
  PARSE(&o, "a", "-gdb", "none");
  ck_assert(!o.gdb);
}
END_TEST

START_TEST(choices)
{
  cli_options o;
  PARSE(&o, "a", "--htinst=zero", "--adue", "--strict", "--fail-on=panicked at");
  ck_assert(o.config.htinst_zero && o.config.adue && o.config.strict);
  ck_assert_str_eq(o.config.fail_on, "panicked at");
  PARSE(&o, "a", "-append", "--strict", "-initrd", "i", "-dtb=d"); /* a value with dashes */
  ck_assert_str_eq(o.config.append, "--strict");
  ck_assert(!o.config.strict);
}
END_TEST

START_TEST(qemu_lines_are_accepted)
{
  cli_options o;
  PARSE(&o, "-M", "virt", "-cpu", "rv64,h=true", "-nographic", "-kernel", "a");
  PARSE(&o, "-machine=virt", "-accel", "tcg", "-serial=mon:stdio", "-monitor=none", "a");
  PARSE(&o, "-display", "none", "-no-reboot", "-cpu", "max", "a");
}
END_TEST

START_TEST(hints)
{
  cli_options o;
  PARSE(&o, "a");
  ck_assert_int_eq(o.config.hints, RVH_HINTS_DEFAULT);
  PARSE(&o, "a", "--hints=none");
  ck_assert_int_eq(o.config.hints, RVH_HINTS_NONE);
  PARSE(&o, "a", "--hints", "error");
  ck_assert_int_eq(o.config.hints, RVH_HINTS_ERROR);
  PARSE(&o, "-cpu", "help"); /* needs no program */
  ck_assert(o.cpu_help);
  PARSE(&o, "--hints=help");
  ck_assert(o.hints_help);
}
END_TEST

START_TEST(log_items_of_qemu)
{
  cli_options o;
  PARSE(&o, "a", "-d", "int");
  ck_assert(o.log_int && !o.log_ignored && !o.log_file);
  PARSE(&o, "a", "-d", "cpu,int,exec", "-D", "log");
  ck_assert(o.log_int);
  ck_assert_str_eq(o.log_ignored, "cpu"); /* one warning */
  ck_assert_str_eq(o.log_file, "log");
  PARSE(&o, "a", "-d", "guest_errors");
  ck_assert(!o.log_int);
}
END_TEST

START_TEST(how_time_and_resets_go)
{
  cli_options o;
  PARSE(&o, "a", "-no-reboot", "-icount", "shift=7,sleep=off", "-accel", "tcg,thread=single");
  ck_assert(o.config.no_reboot);
}
END_TEST

START_TEST(drives_and_devices_as_qemu)
{
  cli_options o;
  PARSE(&o, "a", "-drive", "if=none,format=raw,file=a,,b=c.img,id=hd,readonly=on", "-device",
        "virtio-blk-pci,drive=hd,addr=0x1f,disable-legacy=on");
  ck_assert_uint_eq(o.config.n_drives, 1);
  ck_assert_str_eq(o.config.drives[0].file, "a,b=c.img");
  ck_assert_str_eq(o.config.drives[0].id, "hd");
  ck_assert(o.config.drives[0].readonly && o.config.drives[0].bus == RVH_IF_NONE);
  ck_assert_str_eq(o.config.devices[0].drive, "hd");
  ck_assert_int_eq(o.config.devices[0].slot, 31);
  ck_assert(o.config.devices[0].disable_legacy);
  PARSE(&o, "a", "-drive", "file=x", "-global", "virtio-mmio.force-legacy=false", "-device",
        "virtio-blk-device,drive=y,bus=virtio-mmio-bus.3");
  ck_assert_int_eq(o.config.drives[0].bus, RVH_IF_VIRTIO);
  ck_assert_int_eq(o.config.drives[0].unit, RVH_ANY);
  ck_assert_int_eq(o.config.devices[0].slot, 3);
  ck_assert(o.config.virtio_mmio_modern);
  PARSE(&o, "a", "-device", "loader,file=x,addr=0x90000000,force-raw=on", "-device",
        "loader,file=y");
  ck_assert_uint_eq(o.config.n_devices, 2);
  ck_assert_uint_eq(o.config.devices[0].addr, 0x90000000);
  ck_assert(o.config.devices[0].force_raw && !o.config.devices[1].has_addr);
}
END_TEST

START_TEST(a_program_in_flash_needs_no_file)
{
  cli_options o;
  PARSE(&o, "-machine", "type=virt,aia=none,dumpdtb=x");
  ck_assert_str_eq(o.config.dumpdtb, "x");
  PARSE(&o, "-drive", "if=pflash,file=x,unit=0");
  PARSE(&o, "-drive", "if=pflash,file=x");
  g_autoptr(GError) error = NULL;
  ck_assert(!parse(&o, (words){ "-drive", "if=pflash,file=x,unit=1", NULL }, &error));
}
END_TEST

START_TEST(interrupt_controllers_as_qemu)
{
  cli_options o;
  PARSE(&o, "a");
  ck_assert(o.config.aia == RVH_AIA_NONE && o.config.aia_guests == 0);
  PARSE(&o, "a", "-M", "virt,aia=aplic");
  ck_assert_int_eq(o.config.aia, RVH_AIA_APLIC);
  PARSE(&o, "a", "-machine", "virt,aia-guests=3,aia=aplic-imsic");
  ck_assert_int_eq(o.config.aia, RVH_AIA_APLIC_IMSIC);
  ck_assert_uint_eq(o.config.aia_guests, 3);
  PARSE(&o, "a", "-machine", "virt,aia=aplic-imsic", "-M", "virt,aia=none");
  ck_assert_int_eq(o.config.aia, RVH_AIA_NONE);
}
END_TEST

START_TEST(networks_and_consoles_as_qemu)
{
  cli_options o;
  PARSE(&o, "a", "-netdev",
        "user,id=n,net=192.168.7.0/25,dhcpstart=192.168.7.9,restrict=on,ipv6=off,hostfwd=tcp::2222-:22,"
        "hostfwd=udp:127.0.0.1:5000-192.168.7.9:53",
        "-device", "virtio-net-pci,netdev=n,mac=52:54:00:ab:CD:ef", "--seed=0x10");
  const rvh_netdev *d = &o.config.netdevs[0];
  ck_assert_uint_eq(o.config.n_netdevs, 1);
  ck_assert_uint_eq(d->net, 0xc0a80700);
  ck_assert_uint_eq(d->mask, 0xffffff80);
  ck_assert_uint_eq(d->dhcpstart, 0xc0a80709);
  ck_assert(d->restricted && d->no_ipv6 && d->n_forwards == 2);
  ck_assert(!d->forwards[0].udp && !d->forwards[0].host && !d->forwards[0].guest);
  ck_assert_uint_eq(d->forwards[0].host_port, 2222);
  ck_assert_uint_eq(d->forwards[0].guest_port, 22);
  ck_assert(d->forwards[1].udp);
  ck_assert_uint_eq(d->forwards[1].host, 0x7f000001);
  ck_assert_uint_eq(d->forwards[1].guest, 0xc0a80709);
  ck_assert_str_eq(o.config.devices[0].netdev, "n");
  ck_assert_mem_eq(o.config.devices[0].mac, "\x52\x54\x00\xab\xcd\xef", 6);
  ck_assert_uint_eq(o.config.seed, 16);
  PARSE(&o, "a", "-device", "virtio-serial-device", "-chardev", "file,id=c,path=f", "-device",
        "virtconsole,chardev=c");
  ck_assert_uint_eq(o.config.n_devices, 1);
  ck_assert_str_eq(o.config.devices[0].chardev, "c");
  ck_assert_int_eq(o.config.chardevs[0].kind, RVH_CHARDEV_FILE);
}
END_TEST

/* QEMU's short forms: a network and its device in one option, or in two on hub 0. */
START_TEST(nic_and_net)
{
  cli_options o;
  PARSE(&o, "a", "-nic", "user,model=virtio-net-pci,hostfwd=tcp::2222-:22,mac=52:54:00:ab:CD:ef", "-nic",
        "user,id=second,model=virtio-net-device", "-nic", "none", "-net", "none");
  ck_assert(o.config.n_netdevs == 2 && o.config.n_devices == 2);
  ck_assert_int_eq(o.config.devices[0].kind, RVH_VIRTIO_NET_PCI);
  ck_assert_str_eq(o.config.devices[0].netdev, o.config.netdevs[0].id);
  ck_assert_uint_eq(o.config.netdevs[0].forwards[0].guest_port, 22);
  ck_assert_mem_eq(o.config.devices[0].mac, "\x52\x54\x00\xab\xcd\xef", 6);
  ck_assert_int_eq(o.config.devices[1].kind, RVH_VIRTIO_NET_MMIO);
  ck_assert_str_eq(o.config.devices[1].netdev, "second");
  PARSE(&o, "a", "-net", "nic,model=virtio,macaddr=52:54:00:00:00:01", "-net", "user,hostfwd=tcp::1-:2");
  ck_assert(o.config.n_netdevs == 1 && o.config.n_devices == 1 && o.config.devices[0].has_mac);
  ck_assert_int_eq(o.config.devices[0].slot, RVH_ANY);
  ck_assert_str_eq(o.config.devices[0].netdev, o.config.netdevs[0].id);
  PARSE(&o, "a", "-net", "nic"); /* no cable */
  ck_assert(o.config.n_netdevs == 0 && o.config.n_devices == 1 && !o.config.devices[0].netdev);
}
END_TEST

START_TEST(other_names_of_devices)
{
  cli_options o;
  PARSE(&o, "a", "-object", "rng-random,filename=/dev/urandom,id=r", "-device", "virtio-rng,rng=r",
        "-device", "virtio-net-pci-non-transitional", "-device", "virtio-serial-pci-transitional");
  ck_assert_uint_eq(o.config.n_devices, 3);
  ck_assert(o.config.devices[0].kind == RVH_VIRTIO_RNG_PCI && !o.config.devices[0].disable_legacy);
  ck_assert(o.config.devices[1].kind == RVH_VIRTIO_NET_PCI && o.config.devices[1].disable_legacy);
  ck_assert(o.config.devices[2].kind == RVH_VIRTIO_SERIAL_PCI && !o.config.devices[2].disable_legacy);
}
END_TEST

START_TEST(snapshot_keeps_the_files_of_disks)
{
  cli_options o;
  PARSE(&o, "a", "-drive", "file=x,format=raw", "-drive", "file=y,format=raw,snapshot=on");
  ck_assert(!o.config.drives[0].overlay && o.config.drives[1].overlay && !o.config.overlays);
  PARSE(&o, "a", "-snapshot", "-drive", "file=x,format=raw");
  ck_assert(o.config.overlays);
}
END_TEST

START_TEST(there_may_be_only_so_many_drives_and_devices)
{
  rvh_config c = RVH_CONFIG_DEFAULT;
  for (unsigned i = 0; i < RVH_MAX_DRIVES; i++)
    ck_assert(cli_drive(&c, "file=x", NULL));
  ck_assert(!cli_drive(&c, "file=x", NULL));
  for (unsigned i = 0; i < RVH_MAX_DEVICES; i++)
    ck_assert(cli_device(&c, "loader,file=x", NULL));
  ck_assert(!cli_device(&c, "loader,file=x", NULL));
}
END_TEST

START_TEST(help_and_version_need_no_program)
{
  cli_options o;
  PARSE(&o, "--help");
  ck_assert(o.help);
  PARSE(&o, "-version", "--nonsense"); /* nothing after it matters */
  ck_assert(o.version);
}
END_TEST

/* Wrong lines: each is told what is wrong, and on a second line what to do. */
static const struct {
  words argv;
  const char *what, *way_out;
} wrong[] = {
  { { NULL }, "no program to run", "usage: rvh-sim FILE" },
  { { "-bios", "none" }, "no program to run", "usage" },
  { { "-krnel", "a" }, "unknown option '-krnel'", "did you mean -kernel?" },
  { { "a", "--trace-trap=why" }, "unknown option '--trace-trap'", "did you mean --trace-traps?" },
  { { "a", "--htisnt", "zero" }, "unknown option '--htisnt'", "did you mean --htinst?" },
  { { "a", "-drive", "x" }, "-drive: unknown key 'x'", "possible here" },
  { { "a", "-drive", "fil=x" }, "-drive: unknown key 'fil'", "did you mean file=?" },
  { { "a", "-drive", "if=none" }, "-drive: no file=", "-drive if=none" },
  { { "a", "-drive", "file=" }, "-drive: file= is empty", "file=disk.img" },
  { { "a", "-drive", "file=x,if=ide" }, "-drive: if=ide is not available", "none, pflash, virtio" },
  { { "a", "-drive", "file=x,format=qcow2" }, "format=qcow2 is not available", "convert" },
  { { "a", "-drive", "file=x,unit=-1" }, "-drive: '-1' is not a unit", "unit=1" },
  { { "a", "-drive", "file=x,readonly=maybe" }, "'maybe' is neither on nor off", "on or off" },
  { { "a", "-drive", "file=x,id=h", "-drive", "file=y,id=h" }, "two with id=h", "of its own" },
  { { "a", "-device", "virtio-blk-pcie,drive=h" }, "-device virtio-blk-pcie: not available",
    "did you mean virtio-blk-pci?" },
  { { "a", "-device", "e1000" }, "-device e1000: not available", "possible here" },
  { { "a", "-device", "" }, "-device : not available", "" },
  { { "a", "-device", "virtio-blk-pci" }, "-device virtio-blk-pci: no drive=", "" },
  { { "a", "-device", "virtio-blk-pci,drive=h,addr=0" }, "addr=0 is not possible", "0x1f" },
  { { "a", "-device", "virtio-blk-pci,drive=h,addr=4.1" }, "addr=4.1 is not", "0x1f" },
  { { "a", "-device", "virtio-blk-pci,drive=h,bus=x" }, "no bus 'x'", "pcie.0" },
  { { "a", "-device", "virtio-blk-device,drive=h,bus=virtio-mmio-bus.8" }, "no bus", "bus.7" },
  { { "a", "-device", "virtio-blk-device,drive=h,addr=1" }, "unknown key 'addr'", "" },
  { { "a", "-device", "loader,addr=1" }, "-device loader: no file=", "" },
  { { "a", "-device", "loader,file=x,addr=high" }, "'high' is not an address", "0x90000000" },
  { { "a", "-netdev", "tap,id=n" }, "-netdev tap: not available", "user,id=ID" },
  { { "a", "-netdev", "user" }, "-netdev user: no id=", "id=net0" },
  { { "a", "-netdev", "user,id=n", "-netdev", "user,id=n" }, "two with id=n", "of its own" },
  { { "a", "-netdev", "user,id=n,hostfwd=tcp::22" }, "hostfwd=tcp::22 is not a rule", "tcp::2222-:22" },
  { { "a", "-netdev", "user,id=n,hostfwd=sctp::1-:2" }, "is not a rule", "tcp::2222-:22" },
  { { "a", "-netdev", "user,id=n,hostfwd=tcp::70000-:2" }, "is not a rule", "tcp::2222-:22" },
  { { "a", "-netdev", "user,id=n,hostfwd=tcp::1-:0" }, "is not a rule", "tcp::2222-:22" },
  { { "a", "-netdev", "user,id=n,net=10.0.2" }, "net=10.0.2 is not a network", "/24" },
  { { "a", "-netdev", "user,id=n,host=10.0.3.1" }, "host= does not lie in net=", "leave it out" },
  { { "a", "-netdev", "user,id=n,dns=10.0.2.2" }, "are the same", "of its own" },
  { { "a", "-netdev", "user,id=n,restrict=maybe" }, "neither on nor off", "on or off" },
  { { "a", "-netdev", "user,id=n,smb=/" }, "unknown key 'smb'", "" },
  { { "a", "-device", "virtio-net-pci,mac=52:54" }, "mac=52:54 is not", "52:54:00:12:34:56" },
  { { "a", "-device", "virtio-net-device,mac=01:00:00:00:00:01" }, "is not the address", "even" },
  { { "a", "-device", "virtio-net-pci,addr=0" }, "-device virtio-net-pci: addr=0", "0x1f" },
  { { "a", "-device", "virtconsole,chardev=c" }, "no virtio-serial", "virtio-serial-device" },
  { { "a", "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=c", "-device",
      "virtconsole,chardev=d" }, "no virtio-serial with a free port", "before each" },
  { { "a", "-object", "memory-backend-ram,id=m" }, "-object memory-backend-ram: not available", "--seed" },
  { { "a", "-device", "virtio-gpu-pci-transitional" }, "virtio-gpu-pci: not available", "" },
  { { "a", "-nic", "tap" }, "-nic tap: not available", "-nic user" },
  { { "a", "-nic", "user,model=e1000" }, "model=e1000 is not available", "virtio-net-pci" },
  { { "a", "-nic", "user,mac=1" }, "mac=1 is not the address", "even" },
  { { "a", "-net", "bridge" }, "-net bridge: not available", "nic, user, none" },
  { { "a", "-net", "user", "-net", "user" }, "two with id=#hub0", "" },
  { { "a", "-chardev", "pty,id=c" }, "-chardev pty: not available", "stdio, file, null" },
  { { "a", "-chardev", "file,id=c" }, "has path=", "path=console.log" },
  { { "a", "--seed", "x" }, "--seed: 'x' is not a number", "--seed=42" },
  { { "a", "-global", "virtio-mmio.force-legcy=off" }, "unknown key", "virtio-mmio.force-legacy" },
  { { "a", "-" }, "unknown option '-'", "--help" },
  { { "a", "---" }, "unknown option '---'", "--help" },
  { { "a", "--=" }, "unknown option '--'", "--help" },
  { { "a", "-=x" }, "unknown option '-'", "--help" },
  { { "a", "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    "unknown option",
    "--help" },
  { { "a", "--%s%n%s%n" }, "unknown option '--%s%n%s%n'", "--help" },
  { { "a", "-\xff\xfe" }, "unknown option", "--help" },
  { { "a", "b" }, "two programs: 'a' and 'b'", "-initrd" },
  { { "a", "" }, "two programs", "one program" },
  { { "a", "-kernel" }, "-kernel needs FILE", "--help" },
  { { "a", "-S" }, "nobody could start", "add -s" },
  { { "a", "-s", "--step" }, "cannot both", "leave out" },
  { { "a", "-gdb" }, "-gdb needs WHERE", "--help" },
  { { "a", "--expect=e", "--report=xml" }, "no choice 'xml'", "--report=junit:" },
  { { "a", "--expect=e", "--report=tap:" }, "no choice 'tap:'", "--report=tap" },
  { { "a", "--report=tap" }, "nothing to report", "--expect FILE" },
  { { "a", "--adue=1" }, "--adue takes no argument", "leave out" },
  { { "a", "-nographic=x" }, "-nographic takes no argument", "leave out" },
  { { "a", "-m", "0" }, "-m: RAM of 0", "4M to 256G" },
  { { "a", "-m", "-1" }, "'-1' is not a size", "-m 512M" },
  { { "a", "-m", "" }, "'' is not a size", "-m 512M" },
  { { "a", "-m", "size=" }, "'size=' is not a size", "-m 512M" },
  { { "a", "-m", "1GG" }, "'1GG' is not a size", "-m 512M" },
  { { "a", "-m", "99999999999999999999" }, "is not a size", "-m 512M" },
  { { "a", "-m", "17592186044417" }, "is not possible", "4M to 256G" }, /* 2^44 + 1 MiB wraps */
  { { "a", "-m", "18446744073709551615K" }, "is not a size", "-m 512M" },
  { { "a", "-m", "5001K" }, "is not possible", "multiple of 4K" },
  { { "a", "-smp", "0" }, "'0' harts", "1 to 8" },
  { { "a", "-smp", "9" }, "'9' harts", "1 to 8" },
  { { "a", "-smp", "4294967297" }, "harts are not possible", "1 to 8" },
  { { "a", "-smp", "2,sockets=2" }, "harts are not possible", "1 to 8" },
  { { "a", "--limit-insns=0" }, "'0' is not a count", "200M" },
  { { "a", "--limit-insns=1.5M" }, "'1.5M' is not a count", "200M" },
  { { "a", "--limit-insns=18446744073709552k" }, "is not a count", "200M" },
  { { "a", "--trap-loop=many" }, "'many' is not a count", "0 turns it off" },
  { { "a", "--trace-traps=" }, "no level ''", "line, why and full" },
  { { "a", "--trace-traps=all" }, "no level 'all'", "line, why and full" },
  { { "a", "--trace-only=vs" }, "no choice 'vs'", "V or all" },
  { { "a", "--hints=all" }, "no choice 'all'", "default, none, error" },
  { { "a", "-d", "" }, "the list is empty", "int" },
  { { "a", "-d", "int,," }, "no item ''", "int" },
  { { "a", "-d", "interrupts" }, "no item 'interrupts'", "int" },
  { { "a", "-machine", "" }, "not available", "virt" },
  { { "a", "-accel", "kvm" }, "-accel kvm: not available", "tcg" },
  { { "a", "-icount", "rr=record" }, "not available", "shift=N" },
  { { "a", "--htinst=one" }, "no choice 'one'", "zero or transformed" },
  { { "a", "--fail-on=" }, "text is empty", "panic" },
  { { "a", "-machine", "virt,aia=imsic" }, "aia=imsic: not available", "none, aplic, aplic-imsic" },
  { { "a", "-M", "virt,aia-guests=8" }, "'8' guest files are not possible", "from 0 to 7" },
  { { "a", "-M", "virt,aia-guests=x" }, "'x' guest files are not possible", "from 0 to 7" },
  { { "a", "-machine", "virt,dumpdtp=x" }, "unknown key 'dumpdtp'", "did you mean dumpdtb=?" },
  { { "a", "-machine", "virtual" }, "-machine virtual: not available", "virt" },
  { { "a", "-machine", "virt,dumpdtb=" }, "the name is empty", "dumpdtb=virt.dtb" },
  { { "a", "-machine", "spike" }, "-machine spike: not available", "virt" },
  { { "a", "-cpu", "rv32" }, "-cpu rv32: not available", "rv64, max" },
  { { "a", "-cpu", "rv64,sstc=maybe" }, "switches nothing", "NAME=off" },
  { { "a", "-cpu", "rv64,rvx=true" }, "no extension 'rvx'", "-cpu help" },
  { { "a", "-cpu", "rv64,h=false" }, "cannot be switched off", "leave the word out" },
  { { "a", "-serial", "pty" }, "-serial pty: not available", "stdio" },
};

START_TEST(wrong_lines_are_told_why)
{
  cli_options o;
  g_autoptr(GError) error = NULL;
  ck_assert(!parse(&o, wrong[_i].argv, &error));
  ck_assert(error->domain == CLI_ERROR);
  g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
  ck_assert_uint_eq(g_strv_length(lines), 2);
  ck_assert_msg(strstr(lines[0], wrong[_i].what) != NULL, "%s", error->message);
  ck_assert_msg(strstr(lines[1], wrong[_i].way_out) != NULL, "%s", error->message);
}
END_TEST

START_TEST(help_fits_a_screen)
{
  g_autofree char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  cli_options_help(out, _i);
  fclose(out);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  if (!_i) /* --help fits a screen; --help-all says everything */
    ck_assert_uint_le(g_strv_length(lines) - 1, 24);
  for (unsigned i = 0; lines[i]; i++)
    ck_assert_msg(strlen(lines[i]) < 80, "%s", lines[i]);
#define SECTION(title) ck_assert(strstr(text, title) != NULL);
#define OPTION(id, name, argument, help) ck_assert(strstr(text, name) && strstr(text, help));
#define MORE(id, name, argument, help) ck_assert(strstr(text, name) && (!_i || strstr(text, help)));
#define QUIET(id, name, argument) ck_assert(strstr(text, name) != NULL);
#include "cli/options.def"
}
END_TEST

START_TEST(escape_keys)
{
  static const struct {
    unsigned char typed, sent;
    cli_key key;
  } keys[] = { { 'x', 'x', CLI_KEY_SEND }, { 1, 1, CLI_KEY_DROP },     { 'a', 1, CLI_KEY_SEND },
               { 1, 1, CLI_KEY_DROP },     { 1, 1, CLI_KEY_SEND },     { 1, 1, CLI_KEY_DROP },
               { 'q', 'q', CLI_KEY_DROP }, { 'q', 'q', CLI_KEY_SEND }, { 1, 1, CLI_KEY_DROP },
               { 'h', 'h', CLI_KEY_HELP }, { 1, 1, CLI_KEY_DROP },     { 'c', 'c', CLI_KEY_MONITOR },
               { 1, 1, CLI_KEY_DROP },     { 'x', 'x', CLI_KEY_QUIT } };
  _Bool escaped = false;
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
    unsigned char byte = keys[i].typed;
    ck_assert_int_eq(cli_terminal_key(&escaped, &byte), keys[i].key);
    ck_assert_uint_eq(byte, keys[i].sent);
  }
}
END_TEST

static void add_tests(TCase *tc)
{
  tcase_add_test(tc, defaults);
  tcase_add_test(tc, every_spelling_of_an_argument);
  tcase_add_test(tc, sizes_as_qemu);
  tcase_add_test(tc, counts_are_decimal);
  tcase_add_test(tc, bios_words);
  tcase_add_test(tc, trace_options);
  tcase_add_test(tc, gdb_options);
  tcase_add_test(tc, choices);
  tcase_add_test(tc, qemu_lines_are_accepted);
  tcase_add_test(tc, hints);
  tcase_add_test(tc, log_items_of_qemu);
  tcase_add_test(tc, how_time_and_resets_go);
  tcase_add_test(tc, drives_and_devices_as_qemu);
  tcase_add_test(tc, a_program_in_flash_needs_no_file);
  tcase_add_test(tc, interrupt_controllers_as_qemu);
  tcase_add_test(tc, networks_and_consoles_as_qemu);
  tcase_add_test(tc, nic_and_net);
  tcase_add_test(tc, other_names_of_devices);
  tcase_add_test(tc, snapshot_keeps_the_files_of_disks);
  tcase_add_test(tc, there_may_be_only_so_many_drives_and_devices);
  tcase_add_test(tc, help_and_version_need_no_program);
  tcase_add_loop_test(tc, wrong_lines_are_told_why, 0, (int)G_N_ELEMENTS(wrong));
  tcase_add_loop_test(tc, help_fits_a_screen, 0, 2);
  tcase_add_test(tc, escape_keys);
}
UNIT_MAIN("options", add_tests)
