#!/usr/bin/env python3
"""Lesson 13 (roms/13-course): a hypervisor that reads its guest from a disk, on every emulator here.

  course.py RVH_SIM ROMS_DIR            compare with roms/13-course/*.expected
  course.py RVH_SIM ROMS_DIR --update   record what is seen now; then read the diff

The same ELF with the same arguments runs on rvh-sim, and on qemu-system-riscv64 if it is in PATH (or
QEMU names it): the console must be the same. QEMU before 8.1 starts whatever is in flash unit 1
instead of the kernel, so it is not asked. The images are made by dosfstools and mtools; without them
exit code 77 says that nothing was tested.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "traps"))
sys.dont_write_bytecode = True
import run as traps  # noqa: E402

LESSON = "13-course"
DISK_SIZE, FLASH_SIZE, SECTOR = 64 << 20, 32 << 20, 512
HOLE = "::room for six clusters"
FREE_HINT = 492  # FSInfo: where to look for a free cluster; mtools goes on where it last was
MACHINE = ("-machine virt -cpu rv64,h=true -m 128M -nographic -bios default -kernel {elf} "
           "-drive file={folder}/disk.img,format=raw,if=none,id=d0 -device virtio-blk-pci,drive=d0 "
           "-drive if=pflash,unit=1,file={folder}/flash.img,format=raw,readonly=on")
TOOLS = ("mkfs.fat", "fsck.fat", "mcopy", "mdel")
ENVIRONMENT = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "SOURCE_DATE_EPOCH": "0", "TZ": "UTC",
               "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def tool(*command):
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)


def forget_free_hint(disk):
    with open(disk, "r+b") as f:
        f.seek(SECTOR + FREE_HINT)
        f.write(b"\xff" * 4)


def make_disk(folder, guest):
    """A directory as on a used disk: a label, a long name, a deleted file, a guest in two pieces."""
    disk, filler = folder / "disk.img", folder / "filler"
    with open(disk, "wb") as f:
        f.truncate(DISK_SIZE)
    filler.write_bytes(b"filler" * SECTOR)  # six clusters
    tool("mkfs.fat", "-F", "32", "--invariant", "-n", "COURSE", disk)
    tool("mcopy", "-i", disk, filler, HOLE)
    tool("mcopy", "-i", disk, filler, "::a file with a long name.text")
    tool("mdel", "-i", disk, HOLE)
    forget_free_hint(disk)
    tool("mcopy", "-i", disk, guest, "::GUEST.BIN")
    tool("fsck.fat", "-n", disk)


def make_flash(path):
    with open(path, "wb") as f:
        f.write(b"pfldgreetings from unit 1\n\0")
        f.truncate(FLASH_SIZE)
        f.seek(FLASH_SIZE - 4)
        f.write(b"END!")


def make_media(folder, guest):
    make_disk(folder, guest)
    make_flash(folder / "flash.img")


def checksums(folder):
    return [zlib.crc32((folder / name).read_bytes()) for name in ("disk.img", "flash.img")]


def find_qemu():
    """Its path, or None; and why not."""
    qemu = os.environ.get("QEMU") or shutil.which("qemu-system-riscv64")
    if not qemu:
        return None, "no qemu-system-riscv64"
    text = subprocess.run([qemu, "--version"], capture_output=True, text=True).stdout
    version = re.search(r"version (\d+)\.(\d+)", text)
    if not version or tuple(map(int, version.groups())) < (8, 1):
        return None, f"{qemu} is older than 8.1"
    return qemu, None


def console_of(qemu, arguments):
    """What the lesson prints, without the firmware's banner."""
    done = subprocess.run([qemu, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    console = done.stdout.replace("\r", "")
    start = console.find(f"[{LESSON}]")
    if done.returncode or start < 0:
        raise RuntimeError(f"{qemu}: exit code {done.returncode}\n{console}{done.stderr}")
    return console[start:]


def check_console(console, guest):
    """The lesson is right about the file, whatever was recorded."""
    fact = f"{len(guest)} bytes, crc32 {zlib.crc32(guest):#x},"
    if fact not in console:
        raise RuntimeError(f"not in the console: {fact}\n{console}")


def report(who, problem):
    print(f"{'FAIL' if problem else 'ok  '} {LESSON} on {who}\n{problem}", end="")
    return bool(problem)


def test(sim, roms, folder, update):
    elf, guest = roms / LESSON / f"{LESSON}.elf", roms / LESSON / "guest.bin"
    make_media(folder, guest)
    before = checksums(folder)
    arguments = MACHINE.format(elf=elf, folder=folder).split()
    with_traces = (traps.SOURCES / "compiler.expected").read_text() == (roms / "compiler.txt").read_text()
    seen = traps.observe(sim, arguments, LESSON, with_traces)
    check_console(seen["console.expected"], guest.read_bytes())
    if update:
        for name, text in seen.items():
            (traps.SOURCES / LESSON / name).write_text(text)
    failed = report("rvh-sim", traps.compare(LESSON, seen))
    qemu, why_not = find_qemu()
    if qemu:
        there = {"console.expected": console_of(qemu, arguments)}
        failed |= report("QEMU", traps.compare(LESSON, there))
    else:
        print(f"not run on QEMU: {why_not}")
    if checksums(folder) != before:
        failed |= report("the files", "the disk or the flash has changed, and nobody has written\n")
    return failed


def main(arguments):
    update = "--update" in arguments
    names = [a for a in arguments if a != "--update"]
    if len(names) != 2:
        print(__doc__)
        return 2
    missing = [t for t in TOOLS if not shutil.which(t, path=ENVIRONMENT["PATH"])]
    if missing:
        print(f"skipped: no {', '.join(missing)} (Debian: dosfstools, mtools)")
        return traps.SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        try:
            return test(*(pathlib.Path(n).resolve() for n in names), pathlib.Path(folder), update)
        except (RuntimeError, subprocess.TimeoutExpired) as problem:
            return report("some emulator", f"{problem}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
