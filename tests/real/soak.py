#!/usr/bin/env python3
"""Linux under load for long: does a run stay the same, does it go on, does the simulator keep its size?

  soak.py RVH_SIM PROGRAMS [GIGA]     about so many 10^9 instructions in all (default 200), in eight runs

Debian's kernel is the host: its first process (init/soak.c) starts a guest in KVM, and meanwhile writes to
a disk, reads it again, starts processes, maps memory, sleeps and computes, as the guest does. What the host
does when depends on a seed, which comes by virtio's random numbers. Each seed runs twice: console and
counters must be the same. The machine's memory has been used once before the load begins; after the first
third of a run the simulator may not grow by more than BOUND.
"""
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import artefacts
import cpio
import disk
import disks
import kernel
import kvm
import linux
import sim

SEEDS = {1: 1, 2: 2, 3: 1, 4: 2}  # seed: harts
BOOT, ROUND = 2.8, {1: 0.073, 2: 0.149}  # 10^9 instructions of all harts; of a guest's round, by harts
BOUND = 16 << 20  # bytes; decoded code takes some, until its 80 MB are full
SILENCE = 600  # seconds without a line of progress, which takes a few: a hang
PROGRESS = re.compile(r"^(?:\| round on hart|host round)", re.MULTILINE)
UUID = "5eed5eed-0000-4000-8000-000000000001"  # the image, too, is always the same
HOST_DEPENDENT = ("ram_resident", "rss_peak")  # of the counters

HEAD = """| seed | harts | 10^9 instructions | s | MIPS | MiB early | MiB at most since | console, counters |
|---:|---:|---:|---:|---:|---:|---:|---|"""


@dataclasses.dataclass
class Soak:
    seed: int
    harts: int
    run: sim.Run
    counters: dict
    sizes: list  # bytes resident, one for each line of progress

    def same(self):
        """What a second run must repeat."""
        text = self.run.console + json.dumps(self.counters, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def early_and_late(self):
        """After a third, and the most since: the very last sample may be of a process that is ending."""
        third = len(self.sizes) // 3
        return (self.sizes[third], max(self.sizes[third:])) if self.sizes else (0, 0)

    def row(self):
        early, late = (size / 2**20 for size in self.early_and_late())
        return (f"| {self.seed} | {self.harts} | {self.run.instructions / 1e9:.2f} | {self.run.user:.0f} "
                f"| {self.run.instructions / self.run.user / 1e6:.0f} | {early:.1f} | {late:.1f} | `{self.same()}` |")


# ---- the machine ----


def initramfs(programs, harts, rounds):
    program = (programs / "soak").read_bytes()
    guest = cpio.Archive()
    guest.folder("dev")
    guest.device("dev/console", 5, 1)
    guest.file("init", program)
    guest = guest.finish()
    archive = disk.archive_of(program, (*artefacts.MODULES, "virtio-rng", *artefacts.KVM_MODULES))
    archive.folder("guest")
    archive.file("vmm", (programs / "vmm").read_bytes())
    archive.file("guest/Image", kernel.image().read_bytes())
    archive.file("guest/initrd", guest)
    archive.file("guest/tree", kvm.guest_tree("sbi", harts, len(guest), words=f"-- {rounds}"))
    return archive.finish()


def make_image(folder):
    image = folder / "disk.img"
    disks.tool("env", "E2FSPROGS_FAKE_TIME=1735689600", "/sbin/mke2fs", "-q", "-t", "ext4", "-U", UUID,
               "-E", f"hash_seed={UUID}", image, "64M")
    return image


def options(programs, folder, seed, harts, giga):
    rounds = max(1, int((giga - BOOT) / ROUND[harts]))
    (folder / "initrd").write_bytes(initramfs(programs, harts, rounds))
    return ["-kernel", artefacts.path("linux"), "-initrd", folder / "initrd", "-m", "256M", "-smp", harts,
            "-append", f"console=ttyS0 -- host {harts}", f"--seed={seed}", "-device", "virtio-rng-pci",
            *disks.options("pci", make_image(folder)), f"--limit-insns={int(2 * giga + 4)}G",
            f"--stats=json:{folder}/stats"]


# ---- a run ----


def resident(pid):
    found = re.search(r"^VmRSS:\s*(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) << 10 if found else 0  # it may just have ended


def watch(child, out):
    """Until the child ends, which is not waited for: its sizes. Kills it if it says nothing for long."""
    sizes, lines, since = [], 0, time.monotonic()
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.5)
        now = len(PROGRESS.findall(out.read_text(errors="replace")))
        if now > lines:
            lines, since = now, time.monotonic()
            sizes += filter(None, [resident(child.pid)])
        elif time.monotonic() - since > SILENCE:
            child.kill()
    return sizes


def soak(program, programs, seed, harts, giga):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        words = list(map(str, [program, *options(programs, folder, seed, harts, giga)]))
        with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
            child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            sizes = watch(child, folder / "out")
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        text = {name: (folder / name).read_text(errors="replace") if (folder / name).exists() else ""
                for name in ("out", "err", "stats")}
    counters = {name: value for name, value in json.loads(text["stats"] or "{}").items()
                if name not in HOST_DEPENDENT}
    run = sim.Run(child.returncode, text["out"].replace("\r", ""), text["err"], "",
                  counters.get("instructions", 0), usage.ru_utime)
    return Soak(seed, harts, run, counters, sizes)


def check(one):
    """What is wrong with a run."""
    wanted = ["| GUEST DONE\n", "vmm: the guest has shut down\n", "HOST DONE\n", "reboot: Power down"]
    yield from (f"on the console: {text!r}" for text in wanted if text not in one.run.console)
    if one.run.status != 0:
        yield "exit code 0"
    for bad in (linux.TROUBLE.search(one.run.console), re.search(r"^.*FAILED.*$", one.run.console, re.MULTILINE)):
        if bad:
            yield f"no complaint: {bad[0]}"
    early, late = one.early_and_late()
    if late - early > BOUND:
        yield f"not more than {BOUND} bytes of growth: from {early} to {late}"


def test(program, programs, giga):
    print(HEAD, flush=True)
    hashes, total, user = {}, 0, 0
    for _ in range(2):
        for seed, harts in SEEDS.items():
            one = soak(program, programs, seed, harts, giga / (2 * len(SEEDS)))
            print(one.row(), flush=True)
            problems = list(check(one))
            if hashes.setdefault(seed, one.same()) != one.same():
                problems.append(f"the same as the first time: {hashes[seed]}")
            if problems:
                return sim.failure(one.run, problems)
            total, user = total + one.run.instructions, user + one.run.user
    print(f"{total / 1e9:.1f} * 10^9 instructions, {user:.0f} s user")
    return None if len(set(hashes.values())) == len(SEEDS) else "expected that each seed gives a run of its own"


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__)
        return 2
    return test(arguments[0], pathlib.Path(arguments[1]), float((*arguments, "200")[2]))


if __name__ == "__main__":
    artefacts.run_test(main)
