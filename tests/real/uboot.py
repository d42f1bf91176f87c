#!/usr/bin/env python3
"""Debian's U-Boot in HS-mode on Debian's OpenSBI (fw_dynamic), to its prompt and back.

  uboot.py RVH_SIM               a command at the prompt
  uboot.py RVH_SIM flash         it reads and erases flash
  uboot.py RVH_SIM pci|pci-modern|mmio|mmio-modern
                                 it lists a FAT32 image and loads a file of it

A key in the pipe ends its countdown; md and erase eat one as well, hence the spaces.
It polls the UART: no interrupt brings it the text.
"""
import pathlib
import random
import sys
import tempfile
import zlib

import artefacts
import fat32
import sim

BLOB = random.Random(3).randbytes(300000)
DISKS = {
    "pci": ["-device", "virtio-blk-pci,drive=hd"],
    "pci-modern": ["-device", "virtio-blk-pci,drive=hd,disable-legacy=on,addr=7"],
    "mmio": ["-device", "virtio-blk-device,drive=hd"],
    "mmio-modern": ["-device", "virtio-blk-device,drive=hd,bus=virtio-mmio-bus.2", "-global",
                    "virtio-mmio.force-legacy=false"],
}
READ = "virtio scan\nls virtio 0\nload virtio 0 84000000 blob.bin\ncrc32 84000000 ${filesize}\n"


def plan(what, folder):
    """The arguments, what is typed, and what the console must show of it."""
    if what in DISKS:
        image = pathlib.Path(folder) / "disk.img"
        fat32.write(image, {"hello.txt": b"hello\n", "blob.bin": BLOB})
        return (["-drive", f"file={image},if=none,format=raw,id=hd", *DISKS[what]], READ,
                ["        6   HELLO.TXT\n   300000   BLOB.BIN\n\n2 file(s), 0 dir(s)\n",
                 "300000 bytes read in ", f"==> {zlib.crc32(BLOB):08x}\n"])
    if what == "flash":
        image = pathlib.Path(folder) / "flash.img"
        with open(image, "wb") as f:
            f.write(b"FLASHDATA1234567")
            f.truncate(32 << 20)
        return (["-drive", f"if=pflash,unit=1,format=raw,file={image}"],
                "md.l 22000000 4\n erase 22040000 +20000\n md.l 22040000 1\n ",
                ["Flash: 32 MiB\n", "FLASHDATA1234567\n", "Erased 1 sectors\n", "22040000: ffffffff "])
    return [], "echo a$arch b\n", ["=> echo a$arch b\n", "ariscv b\n"]


def main(arguments):
    if len(arguments) not in (1, 2) or (len(arguments) == 2 and arguments[1] not in (*DISKS, "flash")):
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        options, typed, wanted = plan(arguments[1] if len(arguments) == 2 else None, folder)
        try:
            run = sim.simulate(arguments[0], ["-bios", artefacts.path("opensbi/fw_dynamic.bin"),
                                              "-kernel", artefacts.path("u-boot.bin"), *options], "4G",
                               f"\n{typed}poweroff\n")
        except artefacts.Missing as missing:
            return artefacts.report(missing)
    wanted = ["OpenSBI v", "U-Boot 20", "DRAM:  128 MiB", *wanted, "poweroff\n"]
    problems = [f"on the console: {text!r}" for text in wanted if text not in run.console]
    print(f"u-boot: {run.cost()}")
    if problems or run.status:
        print(sim.failure(run, problems))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
