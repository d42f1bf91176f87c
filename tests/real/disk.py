#!/usr/bin/env python3
"""Debian's kernel writes 256 MiB to an ext4 file system on a disk, and reads them again.

  disk.py RVH_SIM INIT DEVICE         DEVICE: see disks.py; INIT is the compiled init/disk.c
  disk.py RVH_SIM INIT DEVICE cut     the machine ends as soon as the kernel has synced

The drivers are Debian's modules. Afterwards e2fsck must find nothing to repair, and debugfs reads
the file for its checksum. The image is sparse, in the folder for temporary files, and takes the
room of what is written to it.
"""
import hashlib
import lzma
import pathlib
import random
import re
import tempfile

import artefacts
import cpio
import disks
import linux
import sim

LIMIT = "12G"  # a run takes 5.8 G, 2.2 G of them to load the modules
PIECE, PIECES, STEP = 1 << 20, 256, 0x9E3779B97F4A7C15  # as in init/disk.c
FAIL_ON = 125  # exit code
VERSION_1 = 32  # VIRTIO_F_VERSION_1: the driver has agreed on it where it is offered


def make_seed():
    return random.Random(1).randbytes(PIECE)


def digest_of_pieces(seed):
    digest, seed = hashlib.sha256(), int.from_bytes(seed, "little")
    for n in range(1, PIECES + 1):
        mask = (n * STEP % (1 << 64)).to_bytes(8, "little") * (PIECE // 8)
        digest.update((seed ^ int.from_bytes(mask, "little")).to_bytes(PIECE, "little"))
    return digest.hexdigest()


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_image(folder):
    (folder / "files").mkdir()
    (folder / "files/seed").write_bytes(make_seed())
    image = folder / "disk.img"
    disks.tool("/sbin/mke2fs", "-q", "-t", "ext4", "-d", folder / "files", image, "384M")
    return image


def archive_of(init, modules=artefacts.MODULES):
    """The first process, and the modules that it loads."""
    archive = cpio.Archive()
    for name in ("dev", "mnt", "sys", "proc", "lib"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    for name in modules:
        packed = artefacts.path(f"modules/{name}.ko.xz").read_bytes()
        archive.file(f"lib/{name}.ko", lzma.decompress(packed))
    archive.file("modules", "".join(f"/lib/{name}.ko\n" for name in modules).encode())
    archive.file("init", init)
    return archive


def boot(program, folder, init, device, image, *more):
    initrd = folder / "initrd.cpio"
    initrd.write_bytes(archive_of(init).finish())
    return sim.simulate(program, ["-machine", "virt", "-nographic", "-m", "512M",
                                  "-kernel", artefacts.path("linux"), "-initrd", initrd,
                                  "-append", "console=ttyS0", *disks.options(device, image), *more], LIMIT)


MOUNTED = ["[vda] 786432 512-byte logical blocks", "EXT4-fs (vda): mounted filesystem", "WRITTEN\n"]
ENDED = ["SYNCED\n", "READ\n", "EXT4-fs (vda): unmounting filesystem", "POWER OFF\n",
         "reboot: Power down"]


def check_console(run, device, wanted, status):
    """What is wrong with a run, by its own account."""
    yield from (f"on the console: {text!r}" for text in wanted if text not in run.console)
    features = re.search(r"^features ([01]+)$", run.console, re.MULTILINE)
    modern = "0" if device == "mmio-legacy" else "1"
    if not features or features[1][VERSION_1] != modern:
        yield f"on the console: features with {modern} as bit {VERSION_1}"
    if run.status != status:
        yield f"exit code {status}"
    trouble = linux.TROUBLE.search(run.console)
    if trouble:
        yield f"no complaint of the kernel: {trouble[0]}"


def recover(image):
    """As the next boot after a power cut does; exit code 0: the journal was all that it took."""
    if "recovering journal" not in disks.tool("/sbin/e2fsck", "-p", image):
        raise RuntimeError("the journal was empty: nothing was cut")


def check_image(folder, image, cut):
    """What is wrong with the file system that the run left."""
    try:
        if cut:
            recover(image)
        disks.tool("/sbin/e2fsck", "-f", "-n", image)
        disks.tool("/sbin/debugfs", "-R", f"dump /written {folder}/written", image)
        if digest_of(folder / "written") != digest_of_pieces(make_seed()):
            yield "the checksum of what was written"
    except (RuntimeError, OSError) as problem:
        yield f"a clean file system: {problem}"


def test(program, init, device, cut):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        image = make_image(folder)
        run = boot(program, folder, init, device, image, *(["--fail-on", "SYNCED"] if cut else []))
        problems = [*check_console(run, device, MOUNTED if cut else MOUNTED + ENDED, FAIL_ON if cut else 0),
                    *check_image(folder, image, cut)]
    print(f"{device}{', cut' if cut else ''}: {run.cost()}")
    return sim.failure(run, problems) if problems else None


def main(arguments):
    if len(arguments) < 3 or arguments[2] not in disks.DEVICES or arguments[3:] not in ([], ["cut"]):
        print(__doc__)
        return 2
    program, init, device, *cut = arguments
    return test(program, pathlib.Path(init).read_bytes(), device, bool(cut))


if __name__ == "__main__":
    artefacts.run_test(main)
