#!/usr/bin/env python3
"""Debian's riscv64 kernel, from its first instruction to a process of ours and power-off.

  linux.py RVH_SIM INIT FIRMWARE HARTS    boot; FIRMWARE: builtin, installed/FILE, trixie/FILE
  linux.py RVH_SIM INIT FIRMWARE HARTS AIA   the same with -machine virt,aia=AIA
  linux.py RVH_SIM INIT repeat HARTS      two boots must be the same, instruction for instruction
  linux.py RVH_SIM shell                  type into busybox's shell, through a pipe
  linux.py RVH_SIM hotplug FIRMWARE       harts stop and start again: HSM
  linux.py --prepare INIT HARTS FOLDER    write the initramfs; print the options that boot it, as JSON
  linux.py RVH_SIM suspend                to RAM: SUSP, until something is typed
  linux.py RVH_SIM PERF perf              the compiled init/perf.c: counters and samples, by SBI's PMU

INIT is the compiled init/init.c. The console is the UART. A run is bounded by instructions.
"""
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import artefacts
import cpio
import sim

LIMIT = "4G"  # a boot takes 0.6 to 1.2 G

# What the kernel says when it is unhappy, with us or with itself.
TROUBLE = re.compile(r"^.*(WARNING:|BUG:|Oops|Kernel panic|Unable to handle|detected stall|soft lockup"
                     r"|rcu: INFO|Unexpected|failed to come online|unchecked).*$", re.MULTILINE)


def initramfs(init):
    archive = cpio.Archive()
    archive.folder("dev")
    archive.device("dev/console", 5, 1)
    archive.folder("proc")
    archive.file("init", init)
    return archive.finish()


def shell_initramfs():
    archive = cpio.Archive()
    for name in ("dev", "proc", "sys", "bin"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", artefacts.path("busybox").read_bytes())
    for name in ("sh", "uname", "poweroff", "cat", "mount"):
        archive.link(f"bin/{name}", "busybox")
    archive.file("init", b"#!/bin/sh\nmount -t sysfs sysfs /sys\nexec /bin/sh\n")
    return archive.finish()


def bios(firmware):
    if firmware == "builtin":
        return []
    where, name = firmware.split("/")
    found = artefacts.path(f"opensbi/{name}") if where == "trixie" else artefacts.installed_opensbi(name)
    return ["-bios", found]


def options(initrd, harts):
    return ["-kernel", artefacts.path("linux"), "-initrd", initrd, "-append", "console=ttyS0",
            "-m", "512M", "-smp", harts]


def prepare(init, harts, folder):
    initrd = folder / "linux.cpio"
    initrd.write_bytes(initramfs(init.read_bytes()))
    print(json.dumps({"options": list(map(str, options(initrd, harts)))}, indent=1))


def boot(program, archive, firmware, harts, typed=None, aia="none"):
    with tempfile.NamedTemporaryFile(suffix=".cpio") as initrd:
        initrd.write(archive)
        initrd.flush()
        return sim.simulate(program, ["-machine", f"virt,aia={aia}", *bios(firmware),
                                      *options(initrd.name, harts)], LIMIT, typed)


# What the driver says of the controller that it has found.
COLLECTORS = {"none": "riscv-plic: plic@c000000: mapped 95 interrupts",
              "aplic": "riscv-aplic d000000.interrupt-controller: 96 interrupts directly connected",
              "aplic-imsic": "riscv-aplic d000000.interrupt-controller: 96 interrupts forwarded to MSI"}


def check(run, firmware, harts, aia):
    """What is wrong with a boot."""
    wanted = ["Linux version 6", "Run /init as init process", "INIT OK\n", "POWER OFF\n",
              "reboot: Power down", COLLECTORS[aia], "ttyS0 at MMIO 0x10000000",
              *(f"processor\t: {hart}\n" for hart in range(harts)),
              *(f"on hart {hart}\n" for hart in range(harts))]
    if harts > 1:
        wanted += [f"smp: Brought up 1 node, {harts} CPUs", "SBI HSM extension detected",
                   "SBI IPI extension detected", "SBI RFENCE extension detected"]
    if firmware != "builtin":
        wanted += ["OpenSBI v"]
    yield from (f"on the console: {text!r}" for text in wanted if text not in run.console)
    if run.status != 0:
        yield "exit code 0"
    trouble = TROUBLE.search(run.console)
    if trouble:
        yield f"no complaint of the kernel: {trouble[0]}"


def test_boot(program, init, firmware, harts, aia):
    run = boot(program, initramfs(init), firmware, harts, aia=aia)
    problems = list(check(run, firmware, harts, aia))
    print(f"{firmware}, {harts} harts, aia={aia}: {run.cost()}")
    return sim.failure(run, problems) if problems else None


def test_repeat(program, init, harts):
    """A run depends on its inputs alone: the clock, too, is the instructions'."""
    first, second = (boot(program, initramfs(init), "builtin", harts) for _ in range(2))
    same = (first.console, first.instructions) == (second.console, second.instructions)
    print(f"twice, {harts} harts: {first.cost()}")
    return None if same else "\n".join(["two runs differ; the first", sim.failure(first, []),
                                        "the second", sim.failure(second, [])])


def test_shell(program):
    """The text is in the pipe before the kernel starts: none of it may be lost."""
    run = boot(program, shell_initramfs(), "builtin", 1, "uname -m\necho $((6*7))\npoweroff -f\n")
    problems = [f"on the console: {text!r}" for text in ("# uname -m\nriscv64\n", "\n42\n",
                                                         "reboot: Power down")
                if text not in run.console]
    print(f"shell: {run.cost()}")
    return sim.failure(run, problems) if problems or run.status else None


def test_hotplug(program, firmware):
    """Off and on: HSM stop, start at the kernel's address, with its argument in a1."""
    run = boot(program, shell_initramfs(), firmware, 3, """cd /sys/devices/system/cpu
echo 0 > cpu1/online; echo 0 > cpu2/online; echo left $(cat online).
echo 1 > cpu1/online; echo 1 > cpu2/online; echo back $(cat online).
poweroff -f
""")
    problems = [f"on the console: {text!r}" for text in ("CPU1: off\n", "CPU2: off\n", "left 0.\n",
                                                         "back 0-2.\n", "reboot: Power down")
                if text not in run.console]
    print(f"hotplug, {firmware}: {run.cost()}")
    return sim.failure(run, problems) if problems or run.status else None


def sleeps(child):
    """Does it wait for somebody outside? The state letter is the third field, behind the name."""
    return pathlib.Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"


def type_after(child, console, text, typed, asleep):
    """Types when text is on the console; asleep: and nothing happens any more."""
    seen = 0
    while child.poll() is None and seen < 3:
        seen = seen + 1 if text in console.read_text(errors="replace") and (not asleep or sleeps(child)) else 0
        time.sleep(0.05)
    if seen:
        child.stdin.write(typed)


def test_suspend(program):
    """The other hart is stopped before and started after; the sleeping one wakes by the UART."""
    with tempfile.TemporaryDirectory() as folder:
        initrd, console = pathlib.Path(folder) / "initrd", pathlib.Path(folder) / "console"
        initrd.write_bytes(shell_initramfs())
        with open(console, "wb") as out:
            child = subprocess.Popen([program, *map(str, options(initrd, 2)), f"--limit-insns={LIMIT}"],
                                     bufsize=0, stdin=subprocess.PIPE, stdout=out, stderr=out)
        signal.signal(signal.SIGALRM, lambda *_: child.kill())
        signal.alarm(sim.HANG)
        child.stdin.write(b"""echo enabled > /sys/class/tty/ttyS0/power/wakeup
echo mem > /sys/power/state; echo awake $(cat /sys/devices/system/cpu/online).
""")
        type_after(child, console, "Suspending console", b"\n", asleep=True)
        type_after(child, console, "awake 0-1.", b"poweroff -f\n", asleep=False)
        child.stdin.close()
        status, text = child.wait(), console.read_text(errors="replace")
    wanted = ["SBI SUSP extension detected", "suspend entry (deep)", "CPU1: off", "CPU1 is up",
              "PM: suspend exit", "awake 0-1.", "reboot: Power down"]
    problems = [f"expected on the console: {w!r}" for w in wanted if w not in text]
    print("suspend")
    return "\n".join([*problems, f"exit code {status}", text]) if problems or status else None


def test_perf(program, init):
    """The loop has two million instructions, and a sample is due every 100000. The kernel's part in
    switching the counter on and off is not counted, that of the process is: a few instructions."""
    run = boot(program, initramfs(init), "builtin", 1)
    problems = [f"on the console: {text!r}" for text in ("SBI PMU extension is available",
                                                         "16 firmware and 10 hardware counters",
                                                         "\nsamples 20\n", "\nillegal 1\n")
                if text not in run.console]
    for name in ("instructions", "cycles"):
        value = re.search(rf"^{name} (\d+)$", run.console, re.MULTILINE)
        if not value or not 2_000_000 <= int(value[1]) < 2_000_020:
            problems.append(f"{name}: two million, and a few")
    print(f"perf: {run.cost()}")
    return sim.failure(run, problems) if problems or run.status else None


def main(arguments):
    if arguments[:1] == ["--prepare"] and len(arguments) == 4:
        _, init, harts, folder = arguments
        prepare(pathlib.Path(init), int(harts), pathlib.Path(folder))
        return 0
    if arguments[1:] == ["shell"]:
        return test_shell(arguments[0])
    if arguments[1:] == ["suspend"]:
        return test_suspend(arguments[0])
    if len(arguments) == 3 and arguments[2] == "perf":
        return test_perf(arguments[0], pathlib.Path(arguments[1]).read_bytes())
    if len(arguments) == 3 and arguments[1] == "hotplug":
        return test_hotplug(arguments[0], arguments[2])
    if len(arguments) in (4, 5):
        program, init, firmware, harts, *aia = arguments
        init = pathlib.Path(init).read_bytes()
        if firmware == "repeat":
            return test_repeat(program, init, int(harts))
        return test_boot(program, init, firmware, int(harts), *(aia or ["none"]))
    print(__doc__)
    return 2


if __name__ == "__main__":
    artefacts.run_test(main)
