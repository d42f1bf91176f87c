#!/usr/bin/env python3
"""A hypervisor that everybody knows: Linux with KVM, and a guest in it.

  kvm.py RVH_SIM PROGRAMS CONSOLE HARTS FIRMWARE     boot twice, which must be the same
  kvm.py --prepare PROGRAMS CONSOLE HARTS FOLDER     write the initramfs; print what to boot, as JSON

PROGRAMS is the folder of the compiled init/vmm.c and init/guest.c. CONSOLE is how host and guest write:
sbi (DBCN), legacy (the guest by putchar), mmio (a 16550), aia (a 16550 that interrupts by an APLIC; host and
guest have IMSICs, the guest's being guest interrupt files). FIRMWARE as in linux.py. Host and guest have
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
RAM, RAM_MIB, INITRD, UART = 0x80000000, 64, 0x83000000, 0x10000000
APLIC, IMSIC, IDENTITIES, SOURCES, UART_SOURCE = 0xd000000, 0x28000000, 255, 4, 1

STAMP = r"(\[ *\d+\.\d+\] )?"  # Debian's kernel says when

# CONSOLE: the device of host and guest, the host's words for the first process.
CONSOLES = {"sbi": ("hvc0", ""), "legacy": ("hvc0", "legacy"), "mmio": ("ttyS0", ""),
            "aia": ("ttyS0", "aia")}


def cells(value):
    return f"<{value >> 32:#x} {value & 0xffffffff:#x}>"


def hart_node(hart, aia):
    more = "ssaia" if aia else "sstc"
    return f"""
    cpu@{hart} {{
      device_type = "cpu"; compatible = "riscv"; reg = <{hart}>; status = "okay";
      riscv,isa = "rv64imafdc_zicsr_zifencei_sstc_{more}"; riscv,isa-base = "rv64i"; mmu-type = "riscv,sv39";
      riscv,isa-extensions = "i", "m", "a", "f", "d", "c", "zicsr", "zifencei", "sstc", "{more}";
      intc{hart}: interrupt-controller {{
        compatible = "riscv,cpu-intc"; #interrupt-cells = <1>; interrupt-controller;
      }};
    }};"""


def aia_nodes(harts):
    files = ", ".join(f"<&intc{hart} 9>" for hart in range(harts))
    return f"""
  imsic: interrupt-controller@{IMSIC:x} {{
    compatible = "riscv,imsics"; reg = {cells(IMSIC)}, {cells(0x1000 * harts)}; interrupts-extended = {files};
    interrupt-controller; #interrupt-cells = <0>; msi-controller; #msi-cells = <0>; riscv,num-ids = <{IDENTITIES}>;
  }};
  aplic: interrupt-controller@{APLIC:x} {{
    compatible = "riscv,aplic"; reg = {cells(APLIC)}, {cells(0x8000)}; msi-parent = <&imsic>;
    interrupt-controller; #interrupt-cells = <2>; riscv,num-sources = <{SOURCES}>;
  }};"""


def guest_tree(console, harts, initrd_size, mebibytes=RAM_MIB, words=""):
    """What the guest's kernel is told of its machine: the device tree, compiled. words: on its command line."""
    aia = console == "aia"
    interrupt = f"interrupts-extended = <&aplic {UART_SOURCE} 4>;" if aia else ""
    uart = f"""serial@{UART:x} {{
      compatible = "ns16550a"; reg = {cells(UART)}, <0 0x100>; clock-frequency = <3686400>; {interrupt}
    }};""" if CONSOLES[console][0] == "ttyS0" else ""
    source = f"""/dts-v1/;
/ {{
  #address-cells = <2>; #size-cells = <2>; compatible = "riscv-virtio"; model = "guest in KVM";
  chosen {{
    bootargs = "console={CONSOLES[console][0]} {words}";
    linux,initrd-start = {cells(INITRD)}; linux,initrd-end = {cells(INITRD + initrd_size)};
  }};
  memory@{RAM:x} {{ device_type = "memory"; reg = {cells(RAM)}, {cells(mebibytes << 20)}; }};
  cpus {{
    #address-cells = <1>; #size-cells = <0>; timebase-frequency = <10000000>;{''.join(hart_node(hart, aia) for hart in range(harts))}
  }};
  {uart}{aia_nodes(harts) if aia else ""}
}};"""
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source.encode(), check=True,
                          stdout=subprocess.PIPE)
    return done.stdout


def vmm_archive(programs, console, harts, image, mebibytes, guest=None, words=""):
    """Our VMM and its guest: the caller chooses kernel, memory, root file system, and words for the kernel."""
    guest = guest or linux.initramfs((programs / "guest").read_bytes())
    archive = cpio.Archive()
    for name in ("dev", "guest"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.device("dev/kvm", 10, 232)
    archive.file("init", (programs / "vmm").read_bytes())
    archive.file("guest/Image", image.read_bytes())
    archive.file("guest/initrd", guest)
    archive.file("guest/tree", guest_tree(console, harts, len(guest), mebibytes, words))
    return archive


def initramfs(programs, console, harts):
    return vmm_archive(programs, console, harts, kernel.image(), RAM_MIB).finish()


def machine(console, harts, initrd):
    device, words = CONSOLES[console]
    board = "virt,aia=aplic-imsic,aia-guests=3" if console == "aia" else "virt"
    return {"machine": board, "kernel": str(kernel.image()), "initrd": str(initrd), "memory": MEMORY, "harts": harts,
            "append": f"console={device} -- {harts} {words}".rstrip()}


def options(parts):
    """The same words for rvh-sim and for QEMU."""
    return ["-machine", parts["machine"], "-kernel", parts["kernel"], "-initrd", parts["initrd"], "-append", parts["append"],
            "-m", parts["memory"], "-smp", str(parts["harts"])]


def boot(program, programs, console, harts, firmware):
    with tempfile.NamedTemporaryFile(suffix=".cpio") as initrd:
        initrd.write(initramfs(programs, console, harts))
        initrd.flush()
        return sim.simulate(program, [*linux.bios(firmware), *options(machine(console, harts, initrd.name))], LIMIT)


def system_lines(harts, firmware):
    """Patterns of lines: what KVM says of the machine, and what the guest's first process says of its own."""
    yield from (rf"{STAMP}kvm \[\d+\]: {text}" for text in ("hypervisor extension available",
                r"using Sv57x4 G-stage page table format", "VMID 14 bits available"))
    yield from (rf"\| {STAMP}Linux version 6.*", r"\| GUEST OK", r"\| Linux 6\.\S+ .* riscv64",
                r"\| isa\t\t: rv64imafdc_.*sstc.*", r"\| PROCESSES OK", r"\| MEMORY OK", r"\| POWER OFF",
                rf"\| {STAMP}reboot: Power down", f"{STAMP}reboot: Power down")
    for hart in range(harts):
        yield from (rf"\| processor\t: {hart}", rf"\| on hart {hart}")
    if firmware != "builtin":
        yield "OpenSBI v.*"


def vmm_lines(console, harts):
    """And what our VMM says."""
    return (f"vmm: starts a guest, harts {harts}", "vmm: (SBI|MMIO) exits 0", "POWER OFF",
            f"vmm: {'SBI' if CONSOLES[console][0] == 'hvc0' else 'MMIO'} exits [1-9].*", "vmm: the guest has shut down")


def aia_lines(harts):
    """What the two kernels say of it: of the guest a 16550 with an interrupt, and IPIs as messages."""
    for stars in "", r"\| ":
        yield from (f"{stars}riscv-intc: 64 local interrupts mapped using AIA",
                    f"{stars}riscv-imsic: .*: providing IPIs using interrupt 1",
                    rf"{stars}riscv-aplic d000000.interrupt-controller: \d+ interrupts forwarded to MSI .*",
                    rf"{stars}.*ttyS0 at MMIO 0x10000000 \(irq = [1-9]\d*,.*")
    yield r"kvm \[1\]: AIA available with 3 guest external interrupts"


def compare(run, wanted):
    """What is wrong with a run: lines that are missing, how it ended, what a kernel complains of."""
    yield from (f"on the console: {line!r}" for line in wanted
                if not re.search(f"^{line}$", run.console, re.MULTILINE))
    if run.status != 0:
        yield "exit code 0"
    trouble = linux.TROUBLE.search(run.console)
    if trouble:
        yield f"no complaint of a kernel: {trouble[0]}"


def check(run, console, harts, firmware):
    return compare(run, [*system_lines(harts, firmware), *vmm_lines(console, harts),
                         *(aia_lines(harts) if console == "aia" else ()),
                         r"\| kvm \[1\]: hypervisor extension not available"])


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
