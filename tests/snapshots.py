#!/usr/bin/env python3
"""Snapshots: a run that is continued is the one that was not interrupted.

  snapshots.py RVH_SIM ROMS_DIR lessons [LESSON ...]   saved at many places, in guests and in handlers
  snapshots.py RVH_SIM ROMS_DIR harts                  the same with several harts
  snapshots.py RVH_SIM ROMS_DIR disk STORAGE_ELF       with disks and flash on all their buses
  snapshots.py RVH_SIM ROMS_DIR options                what --load says of other options and files

Compared are the rest of the console, the rest of the trap log with its instruction counts, and all of
the machine's state later on, as the bytes of a second snapshot. A loaded machine that is saved at once
gives the same file again.
"""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import course  # noqa: E402
spec = importlib.util.spec_from_file_location("storage", pathlib.Path(__file__).parent / "storage" / "run.py")
storage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(storage)

RVH = ""


class Wrong(Exception):
    pass


def run(folder, *arguments, status=0):
    """Console, trap log and messages."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    done = subprocess.run([RVH, *map(str, arguments), "--trace-only=all", f"--trace-file={log}"], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode != status:
        raise Wrong(f"{arguments}: exit code {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done.stdout, log.read_text() if log.exists() else "", done.stderr


def events(log):
    return [line for line in log.splitlines() if not line.startswith("#")]


def count_of(line):
    return int(line.split()[0])


def without_cost(lines):
    """The log's memory is not in a snapshot: what an exit before it cost is not told."""
    seen, out = set(), []
    for line in lines:
        hart, kind = line.split()[1], line.split()[3]
        if kind in ("ENTER", "FWD") and hart not in seen:
            line = re.sub(r"sret +\S.*?  +(?=\S+ +\S+ +\S+ +\S+)|(?<=mret ).*?  +", " ", line)
            seen.add(hart)
        if kind == "EXIT":
            seen.add(hart)
        out.append(line)
    return out


def total(log):
    return int(re.search(r"^# end: .* after (\d+) insns", log, re.MULTILINE)[1])


def places(lines, end):
    """Behind exits, entries and traps, and between."""
    found = {end // 3, end // 2, end - 10}
    for i in {0, 1, len(lines) // 3, len(lines) // 2, len(lines) - 1}:
        if 0 <= i < len(lines):
            found |= {count_of(lines[i]), count_of(lines[i]) + 1, count_of(lines[i]) + 4}
    return sorted(n for n in found if 0 < n < end)


def state(path, media):
    """A snapshot's bytes; with disks all but the part that says when they were written."""
    data, at, kept = path.read_bytes(), 16, []
    while media and at < len(data):
        name, length = data[at:at + 16].rstrip(b"\0"), int.from_bytes(data[at + 24:at + 32], "little")
        kept += [data[at:at + 32 + length]] if name not in (b"machine", b"sum") else []
        at += 32 + length
    return b"".join(kept) if media else data


def restore(media, when="original"):
    for path in media:
        shutil.copy2(f"{path}.{when}", path)


def continued(folder, arguments, n, full, late, exact, media=()):
    """Saves at n, loads, and compares with the full run and its snapshot at late."""
    console, log = full
    early, again, later = (folder / name for name in ("early", "again", "later"))
    for path in (early, again, later):
        path.unlink(missing_ok=True)
    restore(media)
    saved = run(folder, *arguments, f"--save-at={n}:{early}")
    if saved[:2] != (console, log):
        raise Wrong(f"saving at {n} changes the run")
    restore(media)
    head, head_log, _ = run(folder, *arguments, f"--limit-insns={n}", status=124)
    for path in media:  # what was on it then
        shutil.copy2(path, f"{path}.then")
    run(folder, f"--load={early}", f"--save-at={n}:{again}")
    if state(early, media) != state(again, media):
        raise Wrong(f"{n}: a loaded machine is saved as another one")
    restore(media, "then")
    more = [f"--save-at={late[0]}:{later}"] if late and late[0] >= n else []
    rest, rest_log, _ = run(folder, f"--load={early}", *more)
    if more and state(later, media) != late[1]:
        raise Wrong(f"{n}: the state at {late[0]} is another one")
    if any(path.read_bytes() != pathlib.Path(f"{path}.end").read_bytes() for path in media):
        raise Wrong(f"{n}: a disk is another one in the end")
    if not console.endswith(rest):
        raise Wrong(f"{n}: the console goes on with {rest!r}")
    new, old = events(rest_log), events(log)
    if exact:
        if head + rest != console or events(head_log) + old[len(events(head_log)):] != old:
            raise Wrong(f"{n}: the console or the log lacks or repeats something")
        old = old[len(events(head_log)):]
    else:
        old = old[len(old) - len(new):]
    if without_cost(new) != without_cost(old):
        differ = next((pair for pair in zip(without_cost(new), without_cost(old)) if pair[0] != pair[1]), None)
        raise Wrong(f"{n}: the log goes on with other lines ({len(new)}, {len(old)})\n{differ}")
    if total(rest_log) != total(log) or f"taken after {n} insns" not in rest_log:
        raise Wrong(f"{n}: the summary says\n" + "\n".join(x for x in rest_log.splitlines() if x[0] == "#"))


def check(folder, arguments, exact=True, at_most=99, media=()):
    console, log, _ = run(folder, *arguments)
    end = total(log)
    late = (end - 5, folder / "late")
    for path in media:
        shutil.copy2(path, f"{path}.end")
    restore(media)
    run(folder, *arguments, f"--save-at={late[0]}:{late[1]}")
    tried = places(events(log), end)
    tried = tried[:: max(1, (len(tried) + at_most - 1) // at_most)]
    if media:
        restore(media)
    for n in tried:
        continued(folder, arguments, n, (console, log), (late[0], state(late[1], media)), exact, media)
    return len(tried)


def lessons(folder, roms, *names):
    for lesson in names or sorted(path.stem for path in roms.glob("[0-9][0-9]-*.elf")):
        if not lesson.startswith("13"):  # its guest is on a disk: disk
            most = 5 if lesson.endswith("-bare") else 8
            print(f"ok {lesson}: {check(folder, [roms / f'{lesson}.elf'], at_most=most)} places", flush=True)


def harts(folder, roms):
    for lesson in ("08-timer-inject", "10-two-vms", "11-nested-fault", "12-virtual-insn"):
        n = check(folder, [roms / f"{lesson}.elf", "-smp", 3], exact=False, at_most=4)
        print(f"ok {lesson} on 3 harts: {n} places", flush=True)


def disk(folder, roms, elf):
    storage.make_files(folder)
    media = [folder / name for name in ("disk0", "disk1", "disk2", "flash0", "flash1")]
    keep(media)
    drives = ["-drive", "file=disk0,if=none,format=raw,id=a", "-device", "virtio-blk-device,drive=a",
              "-drive", "file=disk1,if=none,format=raw,id=b", "-device", "virtio-blk-pci,drive=b",
              "-drive", "file=disk2,if=none,format=raw,id=c,readonly=on",
              "-device", "virtio-blk-pci,drive=c,disable-legacy=on,serial=third",
              "-drive", "file=flash1,if=pflash,format=raw,unit=1"]
    arguments = ["-kernel", pathlib.Path(elf).resolve(), *drives]
    print(f"ok disk: {check(folder, arguments, at_most=8, media=media)} places", flush=True)
    restore(media)
    for path in media:  # long ago: when they were written is in a snapshot
        os.utime(path, (1e9, 1e9))
    print(f"ok disk, -snapshot: {check(folder, [*arguments, '-snapshot'], at_most=3)} places", flush=True)
    if any(path.read_bytes() != pathlib.Path(f"{path}.original").read_bytes() for path in media):
        raise Wrong("-snapshot: a file was written")
    lesson, guest = (roms / course.LESSON / name for name in (f"{course.LESSON}.elf", "guest.bin"))
    if not all(shutil.which(tool, path=course.ENVIRONMENT["PATH"]) for tool in course.TOOLS):
        print("lesson 13 needs dosfstools and mtools: not run")
        return
    course.make_media(folder, guest)
    media = [folder / "disk.img"]
    keep(media)
    arguments = course.MACHINE.format(elf=lesson, folder=folder).split()
    print(f"ok {course.LESSON}: {check(folder, arguments, at_most=6, media=media)} places", flush=True)


def keep(media):
    for path in media:
        shutil.copy2(path, f"{path}.original")


def says(text, messages):
    if text not in messages:
        raise Wrong(f"expected '{text}' in\n{messages}")


def options(folder, roms):
    elf, snap = folder / "hv.elf", folder / "hv.snap"
    shutil.copy2(roms / "02-emulate.elf", elf)
    (folder / "disk").write_bytes(bytes(4096))
    drive = ["-drive", "file=disk,format=raw,if=virtio"]
    run(folder, elf, "-m", "64M", *drive, "--seed=5", f"--save-at=insn:20k:{snap}")
    refused = [("-m: the machine of hv.snap has 65536K of RAM", ["-m", "256M"]),
               ("-smp: the machine of hv.snap has 1 hart", ["-smp", 2]),
               ("-machine virt,aia=: the machine of hv.snap has aia=none", ["-M", "virt,aia=aplic"]),
               ("-machine virt,aia-guests=: the machine of hv.snap has aia-guests=0", ["-M", "virt,aia-guests=1"]),
               ("--strict: the machine of hv.snap has it off", ["--strict"]),
               ("--adue: the machine of hv.snap has it off", ["--adue"]),
               ("--htinst=zero: the machine of hv.snap has", ["--htinst=zero"]),
               ("-bios: the machine of hv.snap has -bios default", ["-bios", "none"]),
               ("-cpu: the machine of hv.snap has rv64", ["-cpu", "rv64,sstc=off"]),
               ("-append: the machine of hv.snap has none", ["-append", "quiet"]),
               ("--seed: the machine of hv.snap has 5", ["--seed=6"]),
               ("-initrd: the machine of hv.snap has no such file", ["-initrd", "disk"]),
               ("-drive: the machine of hv.snap has 1, and not these", [*drive, "-drive", "file=disk,format=raw,if=virtio"]),
               ("-device: the machine of hv.snap has 0, and not these", ["-device", "loader,file=disk,addr=0x80300000"]),
               ("is not the file any more", ["-kernel", roms / "03-console.elf"])]
    for text, more in refused:
        says(text, run(folder, "--load=hv.snap", *more, status=126)[2])
    same = run(folder, "--load=hv.snap", "-m", "64M", "-bios", "default", "-kernel", elf, *drive)[2]
    if "warning" in same:
        raise Wrong(f"a warning for nothing: {same}")
    (folder / "disk").write_bytes(bytes(4096))
    if "disk" in run(folder, "--load=hv.snap", "-snapshot")[2]:
        raise Wrong("a disk that was copied is no other one")
    (folder / "disk").write_bytes(bytes(4095) + b"x")
    says("disk: was written after hv.snap was made", run(folder, "--load=hv.snap", status=126)[2])
    os.utime(folder / "disk", (1e9, 1e9))
    says("disk: was written after hv.snap was made", run(folder, "--load=hv.snap", *drive, status=126)[2])
    (folder / "disk").write_bytes(bytes(8192))
    says("disk: has 8192 bytes, and had 4096 when", run(folder, "--load=hv.snap", status=126)[2])
    (folder / "disk").unlink()
    says("disk: there is no such file, and hv.snap was made with it", run(folder, "--load=hv.snap", status=126)[2])
    (folder / "moved").write_bytes(bytes(4096))
    elf.rename(folder / "moved.elf")
    says("hv.elf: there is no such file, and hv.snap", run(folder, "--load=hv.snap", status=126)[2])
    run(folder, "--load=hv.snap", "moved.elf", "-drive", "file=moved,format=raw,if=virtio")
    damaged = bytearray(snap.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (folder / "damaged").write_bytes(damaged)
    says("damaged: is damaged or cut", run(folder, "--load=damaged", status=126)[2])
    says("moved.elf: is no snapshot", run(folder, "--load=moved.elf", status=126)[2])
    says("nothing: cannot be read", run(folder, "--load=nothing", status=126)[2])
    says("was not written: the run ended after", run(folder, "moved.elf", "--save-at=1G:late", status=126)[2])
    if (folder / "late").exists():
        raise Wrong("a snapshot that was never due")
    says("none/x: No such file", run(folder, "moved.elf", "--save-at=10:none/x", status=126)[2])
    says("is not a count and a file", run(folder, "moved.elf", "--save-at=10", status=126)[2])
    says("--save-at: not with --step", run(folder, "moved.elf", "--save-at=10:x", "--step", status=126)[2])
    says("--load: not with --lockstep", run(folder, "--load=hv.snap", "--lockstep=x", status=126)[2])
    outside(folder)
    left = [path.name for path in folder.iterdir() if path.name.startswith(("hv.snap.", "x."))]
    if left:
        raise Wrong(f"temporary files are left: {left}")
    # The path is the directory's: an old snapshot is replaced whole.
    snap.write_bytes(b"old")
    run(folder, "moved.elf", "--save-at=0:hv.snap")
    run(folder, "--load=hv.snap")
    print("ok options")


def outside(folder):
    """Networks and the ends of consoles are named in the file, and others may be given."""
    company = ["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n", "-device", "virtio-rng-device",
               "-chardev", "file,id=c,path=log1", "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=c"]
    run(folder, "moved.elf", *company, "--save-at=20k:company.snap")
    run(folder, "--load=company.snap")
    run(folder, "--load=company.snap", *company)
    run(folder, "--load=company.snap", "-chardev", "file,id=c,path=log2", "-netdev", "user,id=n,net=192.168.7.0/24")
    if not (folder / "log2").exists():
        raise Wrong("another -chardev was not taken")
    for text, more in (("no netdev 'n'", ["-netdev", "user,id=other"]),
                       ("no chardev 'c'", ["-chardev", "null,id=other"]),
                       ("-device: the machine of company.snap has 3, and not these",
                        [*(word.replace("netdev=n", "netdev=n,mac=52:54:00:00:00:01") for word in company)])):
        says(text, run(folder, "--load=company.snap", *more, status=126)[2])


def main(arguments):
    global RVH
    if len(arguments) < 3 or arguments[2] not in ("lessons", "harts", "disk", "options"):
        print(__doc__)
        return 2
    RVH, roms = str(pathlib.Path(arguments[0]).resolve()), pathlib.Path(arguments[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        try:
            globals()[arguments[2]](pathlib.Path(folder), roms, *arguments[3:])
        except (Wrong, subprocess.TimeoutExpired) as problem:
            print(f"FAIL: {problem}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
