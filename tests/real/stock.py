#!/usr/bin/env python3
"""Debian's kernel as it is: its own module kvm.ko, and the same kernel as the guest.

  stock.py RVH_SIM PROGRAMS VMM HARTS FIRMWARE [MACHINE]     boot
  stock.py --prepare PROGRAMS VMM HARTS FOLDER [MACHINE]     write the initramfs; print what to boot, as JSON

VMM is ours (init/vmm.c) or qemu: Debian's qemu-system-riscv64, running inside, with -accel kvm. The rest is
as in kvm.py; the consoles are 16550s, as this kernel has no other without modules. MACHINE is what -machine
virt, shall have besides (aia=aplic-imsic), of the host, and of the guest where QEMU makes it.
"""
import json
import lzma
import pathlib
import tempfile

import artefacts
import cpio
import kvm
import linux
import sim

LIMIT = "12G"  # a run takes 2.5 to 4 G
MEMORY, GUEST_MIB = "1G", 256

# Few of the guest's instructions would mean that it did not run in KVM.
LEAST_EXITS, LEAST_INSIDE = 10_000, 300_000_000

# The guest's lines begin with "| ", so that they are not taken for the host's.
QEMU_INIT = """#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox insmod /kvm.ko
{ /bin/qemu-system-riscv64 -machine @MACHINE@ -accel kvm -cpu host -smp @HARTS@ -m @MIB@M \\
    -nodefaults -no-user-config -display none -serial stdio \\
    -kernel /guest/Image -initrd /guest/initrd -append console=ttyS0 </dev/null 2>&1
  echo $? >/status
} | busybox sed 's/^/| /'
echo "qemu: exit code $(busybox cat /status)"
busybox poweroff -f
"""


def module():
    return lzma.decompress(artefacts.path("modules/kvm.ko.xz").read_bytes())


def board(machine):
    return f"virt,{machine}" if machine else "virt"


def ours(programs, harts, _):
    archive = kvm.vmm_archive(programs, "mmio", harts, artefacts.path("linux"), GUEST_MIB)
    archive.file("kvm.ko", module())
    return archive.finish()


def qemu(programs, harts, machine):
    archive = cpio.Archive()
    for name in ("dev", "proc", "sys", "tmp", "bin", "lib", "guest"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", artefacts.path("busybox").read_bytes())
    archive.file("kvm.ko", module())
    program = artefacts.program("qemu")
    archive.file("bin/qemu-system-riscv64", (program / "qemu-system-riscv64").read_bytes())
    for library in sorted((program / "lib").iterdir()):
        archive.file(f"lib/{library.name}", library.read_bytes())
    archive.file("guest/Image", artefacts.path("linux").read_bytes())
    archive.file("guest/initrd", linux.initramfs((programs / "guest").read_bytes()))
    script = QEMU_INIT
    for name, value in (("@HARTS@", harts), ("@MIB@", GUEST_MIB), ("@MACHINE@", board(machine))):
        script = script.replace(name, str(value))
    archive.file("init", script.encode())
    return archive.finish()


# What makes the initramfs; the kernel's words for the first process; the lines that the console must have.
VMMS = {
    "ours": (ours, f" -- {{harts}} {GUEST_MIB}M", lambda harts: kvm.vmm_lines("mmio", harts)),
    "qemu": (qemu, "", lambda harts: ("qemu: exit code 0",)),
}


def options(vmm, harts, initrd):
    """The same words for rvh-sim and for QEMU; not yet -machine."""
    return ["-kernel", str(artefacts.path("linux")), "-initrd", str(initrd),
            "-append", "console=ttyS0" + VMMS[vmm][1].format(harts=harts), "-m", MEMORY, "-smp", str(harts)]


def test(program, programs, vmm, harts, firmware, machine):
    with tempfile.NamedTemporaryFile(suffix=".cpio") as initrd:
        initrd.write(VMMS[vmm][0](programs, harts, machine))
        initrd.flush()
        run = sim.simulate(program, [*linux.bios(firmware), "-machine", board(machine),
                                     *options(vmm, harts, initrd.name)], LIMIT)
    exits, inside = kvm.in_guest(run.trace)
    print(f"{vmm}, {harts} harts, {firmware}: {run.cost()}; {exits} exits, {inside} instructions in VS and VU")
    problems = list(kvm.compare(run, [*kvm.system_lines(harts, firmware), *VMMS[vmm][2](harts)]))
    if exits < LEAST_EXITS or inside < LEAST_INSIDE:
        problems.append(f"{LEAST_EXITS} exits and {LEAST_INSIDE} instructions in the guest, at least")
    return sim.failure(run, problems) if problems else None


def prepare(programs, vmm, harts, folder, machine):
    folder.mkdir(parents=True, exist_ok=True)
    initrd = folder / f"stock-{vmm}-{harts}.cpio"
    initrd.write_bytes(VMMS[vmm][0](programs, harts, machine))
    print(json.dumps({"options": options(vmm, harts, initrd)}, indent=1))


def main(arguments):
    if len(arguments) not in (5, 6) or arguments[2] not in VMMS:
        print(__doc__)
        return 2
    first, programs, vmm, harts, last, *machine = arguments
    programs, harts, machine = pathlib.Path(programs), int(harts), "".join(machine)
    if first == "--prepare":
        prepare(programs, vmm, harts, pathlib.Path(last), machine)
        return 0
    return test(first, programs, vmm, harts, last, machine)


if __name__ == "__main__":
    artefacts.run_test(main)
