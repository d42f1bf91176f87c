#!/usr/bin/env python3
"""Disks and flash of the whole machine, by a program that drives them itself (storage.c).

  run.py SIM STORAGE_ELF [--update]   compare (or record) the console, and look into the files

SIM may be qemu-system-riscv64: the console and the files are the same there.
"""
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXPECTED = HERE / "console.expected"
SECTOR, SECTORS, FLASH_SIZE = 512, 64, 32 << 20


def disk(number):
    return random.Random(number).randbytes(SECTORS * SECTOR)


def finisher(code):
    """lui t0,0x100; lui t1; addi t1; sw t1,0(t0); j .: ends the run with a code below 8."""
    value = code << 16 | 0x3333
    return struct.pack("<5I", 0x001002B7, value >> 12 << 12 | 0x337, (value & 0xFFF) << 20 | 0x30313,
                       0x0062A023, 0x6F)


JUMP = struct.pack("<3I", 0x000902B7, 0x00C29293, 0x00028067)  # lui t0,0x90; slli t0,t0,12; jr t0


def make_files(folder):
    for i in range(3):
        (folder / f"disk{i}").write_bytes(disk(i))
    with open(folder / "flash1", "wb") as f:
        f.write(b"FLASHIMG")
        f.truncate(FLASH_SIZE)
    with open(folder / "flash0", "wb") as f:
        f.write(finisher(5))
        f.truncate(FLASH_SIZE)
    (folder / "jump").write_bytes(JUMP)
    (folder / "loaded").write_bytes(finisher(6))


def run(sim, folder, *arguments):
    done = subprocess.run([sim, "-machine", "virt", "-nographic", *arguments], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace").replace("\r", "")


def from_first_line(text):
    """QEMU's firmware prints a banner."""
    return text[text.find("mmio 0x"):]


def three_disks(sim, elf, folder, *more):
    return run(sim, folder, "-kernel", elf,
               "-drive", "file=disk0,if=none,format=raw,id=a", "-device", "virtio-blk-device,drive=a",
               "-drive", "file=disk1,if=none,format=raw,id=b", "-device", "virtio-blk-pci,drive=b",
               "-drive", "file=disk2,format=raw,if=virtio",
               "-drive", "if=pflash,unit=1,format=raw,file=flash1", *more)


def wrong_disks(folder):
    """Sector 1 is sector 0 changed; everything else as it was."""
    for i in range(3):
        want = bytearray(disk(i))
        want[SECTOR:2 * SECTOR] = bytes(b ^ 0x55 for b in want[:SECTOR])
        if (folder / f"disk{i}").read_bytes() != want:
            yield f"disk{i} is not what was written"
    flash = (folder / "flash1").read_bytes()
    programmed = struct.pack("<2I", 0x04D00513, 0x73)
    if flash != (b"FLASHIMG".ljust(0x40000, b"\0") + programmed.ljust(0x40000, b"\xff") +
                 bytes(FLASH_SIZE - 0x80000)):
        yield "flash1 is not what was programmed"


def check_console(sim, elf, folder):
    code, text = three_disks(sim, elf, folder)
    if code or from_first_line(text) != EXPECTED.read_text():
        yield f"legacy: exit code {code}, printed:\n{text}"
    yield from wrong_disks(folder)


def check_modern(sim, elf, folder):
    """The same sums by the modern registers; version 2 is all that differs."""
    code, text = three_disks(sim, elf, folder, "-global", "virtio-mmio.force-legacy=false")
    text = from_first_line(text)
    if code or text.replace("version 0x2", "version 0x1").replace("  features ok: 1\n", "") != \
            EXPECTED.read_text().replace("  features ok: 1\n", "") or "version 0x2" not in text:
        yield f"modern: exit code {code}, printed:\n{text}"
    yield from wrong_disks(folder)


def check_readonly(sim, elf, folder):
    code, text = run(sim, folder, "-kernel", elf, "-device", "virtio-blk-pci,drive=a,addr=9",
                     "-drive", "file=disk0,if=none,format=raw,id=a,readonly=on")
    if code or "pci slot 9" not in text or "write: status 1" not in text:
        yield f"readonly: exit code {code}, printed:\n{text}"
    if (folder / "disk0").read_bytes() != disk(0):
        yield "a read-only disk was written"


def check_program_in_flash(sim, elf, folder):
    for bios in ("default", "none"):
        code, text = run(sim, folder, "-bios", bios, "-drive", "if=pflash,format=raw,file=flash0")
        if code != 5:
            yield f"flash boot with -bios {bios}: exit code {code}:\n{text}"


def check_loader(sim, elf, folder):
    code, text = run(sim, folder, "-m", "512M", "-kernel", "jump", "-device",
                     "loader,file=jump,addr=0x91000000,force-raw=on", "-device",
                     "loader,file=loaded,addr=0x90000000,force-raw=on")
    if code != 6:
        yield f"loader: exit code {code}:\n{text}"


CHECKS = [check_console, check_modern, check_readonly, check_program_in_flash, check_loader]


def main():
    if len(sys.argv) < 3:
        print(__doc__)
        return 2
    sim, elf = (str(pathlib.Path(a).resolve()) for a in sys.argv[1:3])
    failures = []
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            make_files(folder)
            if "--update" in sys.argv and check is check_console:
                EXPECTED.write_text(from_first_line(three_disks(sim, elf, folder)[1]))
                make_files(folder)
            failures += check(sim, elf, folder)
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
