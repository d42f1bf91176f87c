#!/usr/bin/env python3
"""Debian's U-Boot lists a FAT32 image on a disk, loads a file of it, and writes one.

  uboot_disk.py RVH_SIM DEVICE     DEVICE: see disks.py

U-Boot says the CRC of what it loaded; mtools read what it wrote.
"""
import pathlib
import random
import sys
import tempfile
import zlib

import artefacts
import disks
import sim

SIZE = 5_000_001  # of the file: no whole cluster, no whole sector
ADDRESS = "88000000"
# The countdown, and commands that look for Ctrl-C, take keys from the pipe: comments, for them.
TYPED = "\n" + "#" * 16 + f"""
pci
md.l 10003000 3
########
md.l 10008000 3
########
virtio scan
virtio info
ls virtio 0
load virtio 0 {ADDRESS} big.bin
crc32 {ADDRESS} $filesize
save virtio 0 {ADDRESS} copy.bin $filesize
ls virtio 0
poweroff
"""


# In the list of functions, or the registers: magic value, version, device ID. The first of the
# command line is in the last of the slots, if it has not asked for another.
PLACES = {
    "pci": "00.01.00   0x1af4     0x1001",
    "pci-modern": "00.07.00   0x1af4     0x1042",
    "mmio-legacy": "10008000: 74726976 00000001 00000002",
    "mmio-modern": "10003000: 74726976 00000002 00000002",
}


def make_content():
    return random.Random(1).randbytes(SIZE)


def make_image(folder):
    image, file = folder / "fat.img", folder / "big.bin"
    file.write_bytes(make_content())
    disks.tool("/sbin/mkfs.vfat", "-F", "32", "-C", image, 64 << 10)
    disks.tool("mcopy", "-i", image, file, "::BIG.BIN")
    return image


def wanted(device):
    crc = zlib.crc32(make_content())
    end = int(ADDRESS, 16) + SIZE - 1
    yield from ("U-Boot 20", "VirtIO Block Device\n", "Capacity: 64.0 MB", f"{SIZE}   BIG.BIN\n",
                f"{SIZE} bytes read", f"crc32 for {ADDRESS} ... {end:x} ==> {crc:08x}\n",
                f"{SIZE} bytes written", f"{SIZE}   copy.bin\n", "poweroff ...")
    yield PLACES[device]


def check_image(folder, image):
    """What is wrong with what U-Boot wrote. (No fsck: it leaves the count of free clusters alone.)"""
    try:
        disks.tool("mcopy", "-i", image, "::copy.bin", folder / "copy.bin")
        if (folder / "copy.bin").read_bytes() != make_content():
            yield "the same content in what U-Boot wrote"
    except (RuntimeError, OSError) as problem:
        yield f"a copy: {problem}"


def main(arguments):
    if len(arguments) != 2 or arguments[1] not in disks.DEVICES:
        print(__doc__)
        return 2
    program, device = arguments
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        image = make_image(folder)
        try:
            run = sim.simulate(program, ["-machine", "virt", "-nographic", "-m", "256M",
                                         "-bios", artefacts.path("opensbi/fw_dynamic.bin"),
                                         "-kernel", artefacts.path("u-boot.bin"),
                                         *disks.options(device, image)], "4G", TYPED)
        except artefacts.Missing as missing:
            return artefacts.report(missing)
        problems = [f"on the console: {text!r}" for text in wanted(device) if text not in run.console]
        problems += check_image(folder, image)
    if run.status != 0:
        problems.append("exit code 0")
    print(f"{device}: {run.cost()}")
    print(sim.failure(run, problems) if problems else "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
