#!/usr/bin/env python3
"""A hypervisor that everybody knows: Linux with KVM, and a guest in it.

  kvm.py RVH_SIM PROGRAMS CONSOLE HARTS FIRMWARE     boot twice, which must be the same
  kvm.py --prepare PROGRAMS CONSOLE HARTS FOLDER     write the initramfs; print what to boot, as JSON

PROGRAMS is the folder of the compiled init/vmm.c and init/guest.c. CONSOLE is how host and guest write:
sbi (DBCN), legacy (the guest by putchar), mmio (a 16550). FIRMWARE as in linux.py. Host and guest have
the same kernel (kernel.py) and the same number of harts. The guest's lines begin with "| ".
"""
import json
import pathlib
import re
import subprocess
import tempfile

import artefacts
import cpio
import kernel
import linux
import sim

LIMIT = "1G"  # a run takes about 0.1 G
MEMORY = "256M"

# As in init/vmm.c.
RAM, RAM_SIZE, INITRD, UART = 0x80000000, 64 << 20, 0x83000000, 0x10000000

# CONSOLE: the device of host and guest, the host's words for the first process.
CONSOLES = {"sbi": ("hvc0", ""), "legacy": ("hvc0", "legacy"), "mmio": ("ttyS0", "")}


def cells(value):
    return f"<{value >> 32:#x} {value & 0xffffffff:#x}>"


def hart_node(hart):
    return f"""
    cpu@{hart} {{
      device_type = "cpu"; compatible = "riscv"; reg = <{hart}>; status = "okay";
      riscv,isa = "rv64imafdc_zicsr_zifencei_sstc"; riscv,isa-base = "rv64i"; mmu-type = "riscv,sv39";
      riscv,isa-extensions = "i", "m", "a", "f", "d", "c", "zicsr", "zifencei", "sstc";
      interrupt-controller {{
        compatible = "riscv,cpu-intc"; #interrupt-cells = <1>; interrupt-controller;
      }};
    }};"""


def guest_tree(console, harts, initrd_size, words=""):
    """What the guest's kernel is told of its machine: the device tree, compiled. words: on its command line."""
    uart = f"""serial@{UART:x} {{
      compatible = "ns16550a"; reg = {cells(UART)}, <0 0x100>; clock-frequency = <3686400>;
    }};""" if console == "mmio" else ""
    source = f"""/dts-v1/;
/ {{
  #address-cells = <2>; #size-cells = <2>; compatible = "riscv-virtio"; model = "guest in KVM";
  chosen {{
    bootargs = "console={CONSOLES[console][0]} {words}";
    linux,initrd-start = {cells(INITRD)}; linux,initrd-end = {cells(INITRD + initrd_size)};
  }};
  memory@{RAM:x} {{ device_type = "memory"; reg = {cells(RAM)}, {cells(RAM_SIZE)}; }};
  cpus {{
    #address-cells = <1>; #size-cells = <0>; timebase-frequency = <10000000>;{''.join(map(hart_node, range(harts)))}
  }};
  {uart}
}};"""
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source.encode(), check=True,
                          stdout=subprocess.PIPE)
    return done.stdout


def archive_of(programs, console, harts, guest, words=""):
    """guest: its root file system; words: on its kernel's command line."""
    archive = cpio.Archive()
    for name in ("dev", "guest"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.device("dev/kvm", 10, 232)
    archive.file("init", (programs / "vmm").read_bytes())
    archive.file("guest/Image", kernel.image().read_bytes())
    archive.file("guest/initrd", guest)
    archive.file("guest/tree", guest_tree(console, harts, len(guest), words))
    return archive.finish()


def initramfs(programs, console, harts):
    return archive_of(programs, console, harts, linux.initramfs((programs / "guest").read_bytes()))


def machine(console, harts, initrd):
    device, words = CONSOLES[console]
    return {"kernel": str(kernel.image()), "initrd": str(initrd), "memory": MEMORY, "harts": harts,
            "append": f"console={device} -- {harts} {words}".rstrip()}


def options(parts):
    """The same words for rvh-sim and for QEMU."""
    return ["-kernel", parts["kernel"], "-initrd", parts["initrd"], "-append", parts["append"],
            "-m", parts["memory"], "-smp", str(parts["harts"])]


def boot(program, programs, console, harts, firmware):
    with tempfile.NamedTemporaryFile(suffix=".cpio") as initrd:
        initrd.write(initramfs(programs, console, harts))
        initrd.flush()
        return sim.simulate(program, [*linux.bios(firmware), *options(machine(console, harts, initrd.name))], LIMIT)


def wanted(console, harts, firmware):
    """Patterns of lines."""
    yield from (r"kvm \[1\]: hypervisor extension available", r"kvm \[1\]: VMID 14 bits available",
                r"kvm \[1\]: using Sv\d\dx4 G-stage page table format", f"vmm: starts a guest, harts {harts}")
    yield from (r"\| Linux version 6.*", r"\| kvm \[1\]: hypervisor extension not available",
                r"\| GUEST OK", r"\| Linux 6\.\S+ .* riscv64", r"\| isa\t\t: rv64imafdc_.*sstc.*",
                r"\| PROCESSES OK", r"\| MEMORY OK", r"\| POWER OFF", r"\| reboot: Power down")
    for hart in range(harts):
        yield from (rf"\| processor\t: {hart}", rf"\| on hart {hart}")
    yield from ("vmm: (SBI|MMIO) exits 0", f"vmm: {'MMIO' if console == 'mmio' else 'SBI'} exits [1-9].*",
                "vmm: the guest has shut down", "POWER OFF", "reboot: Power down")
    if firmware != "builtin":
        yield "OpenSBI v.*"


def check(run, console, harts, firmware):
    """What is wrong with a run."""
    yield from (f"on the console: {line!r}" for line in wanted(console, harts, firmware)
                if not re.search(f"^{line}$", run.console, re.MULTILINE))
    if run.status != 0:
        yield "exit code 0"
    trouble = linux.TROUBLE.search(run.console)
    if trouble:
        yield f"no complaint of a kernel: {trouble[0]}"


def in_guest(trace):
    """Exits, and the instructions between them and the entries before, of all harts."""
    exits, instructions, entered = 0, 0, {}
    for now, hart, kind in re.findall(r"^ *(\d+) +(\d+) +\S+ +(ENTER|EXIT) ", trace, re.MULTILINE):
        if kind == "ENTER":
            entered[hart] = int(now)
        else:
            exits += 1
            instructions += int(now) - entered[hart]
    return exits, instructions


def test(program, programs, console, harts, firmware):
    first, second = (boot(program, programs, console, harts, firmware) for _ in range(2))
    exits, instructions = in_guest(first.trace)
    print(f"{console}, {harts} harts, {firmware}: {first.cost()}; {exits} exits, {instructions} instructions in VS and VU")
    problems = list(check(first, console, harts, firmware))
    if problems:
        return sim.failure(first, problems)
    if (first.console, first.instructions, first.trace) != (second.console, second.instructions, second.trace):
        return "\n".join(["two runs differ; the first", sim.failure(first, []), "the second",
                          sim.failure(second, [])])
    return None


def prepare(programs, console, harts, folder):
    folder.mkdir(parents=True, exist_ok=True)
    initrd = folder / f"kvm-{console}-{harts}.cpio"
    initrd.write_bytes(initramfs(programs, console, harts))
    parts = machine(console, harts, initrd)
    print(json.dumps({**parts, "options": options(parts)}, indent=1))


def main(arguments):
    if len(arguments) == 5 and arguments[2] in CONSOLES:
        first, programs, console, harts, last = arguments
        if first == "--prepare":
            prepare(pathlib.Path(programs), console, int(harts), pathlib.Path(last))
            return 0
        return test(first, pathlib.Path(programs), console, int(harts), last)
    print(__doc__)
    return 2


if __name__ == "__main__":
    artefacts.run_test(main)
