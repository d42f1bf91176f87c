#!/usr/bin/env python3
"""Debian's kernel with its own modules: mounts ext4 on a virtio disk, writes, syncs, powers off.

  disk.py RVH_SIM pci|pci-modern|mmio|mmio-modern MIB

Then e2fsck finds nothing wrong, and the file on the disk is what was written, byte for byte.
"""
import lzma
import pathlib
import random
import subprocess
import sys
import tempfile

import artefacts
import cpio
import sim
import uboot

LIMIT, MIB = "40G", 1 << 20
SEED = random.Random(11).randbytes(8 * MIB)
MODULES = ("crc16", "crc32c_generic", "mbcache", "jbd2", "ext4", "virtio_mmio", "virtio_blk")

INIT = """#!/bin/sh
mount -t devtmpfs dev /dev
for m in {modules}; do insmod /$m.ko; done
mount -t ext4 /dev/vda /mnt && echo MOUNTED
i=0
while [ $i -lt {mib} ]; do dd if=/mnt/seed of=/mnt/out bs=1M seek=$i count=8; i=$((i+8)); done 2>/dev/null
sync
umount /mnt && echo UNMOUNTED
poweroff -f
"""


def initramfs(mib):
    archive = cpio.Archive()
    for name in ("dev", "mnt", "bin"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", artefacts.path("busybox").read_bytes())
    for name in ("sh", "mount", "umount", "insmod", "dd", "sync", "poweroff"):
        archive.link(f"bin/{name}", "busybox")
    for name in MODULES:
        archive.file(f"{name}.ko", lzma.decompress(artefacts.path(f"modules/{name}.ko.xz").read_bytes()))
    archive.file("init", INIT.format(modules=" ".join(MODULES), mib=mib).encode())
    return archive.finish()


def make_disk(folder, mib):
    (folder / "root").mkdir()
    (folder / "root" / "seed").write_bytes(SEED)
    with open(folder / "disk", "wb") as f:
        f.truncate((mib + 96) * MIB)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-d", folder / "root", folder / "disk"], check=True)


def wrong_disk(folder, mib):
    check = subprocess.run(["/sbin/e2fsck", "-fn", folder / "disk"], capture_output=True, text=True)
    if check.returncode:
        yield f"a clean file system, e2fsck says:\n{check.stdout}"
    subprocess.run(["/sbin/debugfs", "-R", f"dump out {folder}/out", folder / "disk"], capture_output=True)
    if not (folder / "out").exists() or (folder / "out").read_bytes() != SEED * (mib // 8):
        yield "the file as it was written"


def main(arguments):
    if len(arguments) != 3 or arguments[1] not in uboot.DISKS or int(arguments[2]) % 8:
        print(__doc__)
        return 2
    mib = int(arguments[2])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            (folder / "initrd").write_bytes(initramfs(mib))
            make_disk(folder, mib)
            run = sim.simulate(arguments[0], [
                "-m", "512M", "-kernel", artefacts.path("linux"), "-initrd", folder / "initrd",
                "-append", "console=ttyS0 quiet", "-drive", f"file={folder}/disk,if=none,format=raw,id=hd",
                *uboot.DISKS[arguments[1]]], LIMIT)
        except artefacts.Missing as missing:
            return artefacts.report(missing)
        problems = [f"on the console: {text}" for text in ("MOUNTED\n", "\nUNMOUNTED\n")
                    if text not in run.console] + list(wrong_disk(folder, mib))
    print(f"disk: {run.cost()}")
    if problems or run.status:
        print(sim.failure(run, problems))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
