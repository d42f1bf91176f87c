#!/usr/bin/env python3
"""Whose time it is: a person's at a terminal, the guest's own in a batch.

  pacing.py RVH_SIM shell HARTS              a shell on a terminal
  pacing.py RVH_SIM guest HARTS PROGRAMS     the shell of a guest in KVM; PROGRAMS: of the compiled init/vmm.c
  pacing.py RVH_SIM net HARTS                a shell on a terminal; the network is up, and a timer ticks
  pacing.py RVH_SIM batch HARTS              a shell that reads a pipe

With a terminal, "sleep 2" takes two seconds of the host, and the simulator sleeps, too. With a pipe nobody
waits: a sleep of a thousand seconds is skipped, while the guest's clock shows that they have passed.
A busy host makes the time longer, never shorter: what the simulator was kept waiting for a processor is not
counted, and of ATTEMPTS the best is.
"""
import pathlib
import re
import tempfile
import time

import artefacts
import cpio
import kernel
import kvm
import linux
import net
import sim
import typist

LIMIT = "8G"
LEAST, MOST, MOST_CPU, ATTEMPTS = 1.9, 2.7, 0.7, 3  # seconds for "sleep 2"
BATCH, BATCH_MOST = 1000, 200  # seconds that the guest sleeps, and that the host has

NET_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for m in {modules}; do insmod /lib/$m.ko; done
ifconfig eth0 up; udhcpc -i eth0 -n -q -s /lease
while :; do usleep 100000; done &
exec sh
"""


# ---- the machines ----


def shell(folder, harts, _):
    (folder / "initrd").write_bytes(linux.shell_initramfs())
    return ["-kernel", kernel.image(), "-initrd", folder / "initrd", "-append", "console=ttyS0 rdinit=/bin/sh",
            "-smp", harts]


def network(folder, harts, _):
    archive = cpio.Archive()
    for name in ("dev", "proc", "sys", "bin", "lib"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", artefacts.path("busybox").read_bytes())
    net.add_modules(archive)
    archive.file("init", NET_INIT.format(modules=" ".join(net.MODULES)).encode())
    archive.file("lease", net.LEASE.encode())
    (folder / "initrd").write_bytes(archive.finish())
    return ["-kernel", artefacts.path("linux"), "-initrd", folder / "initrd", "-append", "console=ttyS0", "-m", "512M",
            "-smp", harts, "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"]


def guest(folder, harts, programs):
    archive = kvm.vmm_archive(programs, "sbi", harts, kernel.image(), kvm.RAM_MIB, linux.shell_initramfs(),
                              "rdinit=/bin/sh")
    (folder / "initrd").write_bytes(archive.finish())
    return kvm.options(kvm.machine("sbi", harts, folder / "initrd"))


# How a line of the guest begins, by the kind of machine, and what says that it can be typed to.
MACHINES = {"shell": (shell, "", "Run /bin/sh"), "net": (network, "", r"^lease 10\.0\.2\.15"),
            "guest": (guest, r"\| ", r"^\| .*Run /bin/sh")}


# ---- with a terminal ----


def sleep_once(terminal, begins):
    """Returns seconds: from typing to the end; from the beginning of the sleep to its end, without those that
    the simulator was kept waiting for a processor; of a processor."""
    typed = time.monotonic()
    terminal.type("echo go-$((1+1)); busybox sleep 2; echo done-$((1+1))\n")
    terminal.wait_for(f"^{begins}go-2$")
    began, (had, waited) = time.monotonic(), terminal.processor()
    terminal.wait_for(f"^{begins}done-2$")
    ended, now = time.monotonic(), terminal.processor()
    return ended - typed, ended - began - (now[1] - waited), now[0] - had


def sleep_all(terminal, begins, ready, found):
    terminal.wait_for(ready)
    for _ in range(ATTEMPTS):
        found.append(sleep_once(terminal, begins))
        if found[-1][1] <= MOST and found[-1][2] <= MOST_CPU:
            break
    terminal.type("busybox poweroff -f\n")


def check(found):
    """What is wrong with the seconds."""
    if min(whole for whole, _, _ in found) < LEAST:
        yield f"no sleep below {LEAST} s: {found}"
    if not any(slept <= MOST and cpu <= MOST_CPU for _, slept, cpu in found):
        yield f"a sleep within {MOST} s, of them {MOST_CPU} s of the processor: {found}"


def test_terminal(program, kind, harts, programs):
    make, begins, ready = MACHINES[kind]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        options = make(pathlib.Path(folder), harts, programs)
        run, reason = typist.session(program, options, LIMIT, lambda t: sleep_all(t, begins, ready, found))
    print(f"{kind}, {harts} harts: {[f'{slept:.2f} s, {cpu:.2f} s CPU' for _, slept, cpu in found]}; {run.cost()}")
    problems = [reason] if reason else list(check(found))
    if "reboot: Power down" not in run.console:
        problems.append("on the console: 'reboot: Power down'")
    return sim.failure(run, problems) if problems or run.status else None


# ---- without one ----


def test_batch(program, harts):
    with tempfile.TemporaryDirectory() as folder:
        options = shell(pathlib.Path(folder), harts, None)
        began = time.monotonic()
        run = sim.simulate(program, options, LIMIT, f"""busybox mkdir /proc; mount -t proc proc /proc
cat /proc/uptime; busybox sleep {BATCH}; cat /proc/uptime
poweroff -f
""")
        seconds = time.monotonic() - began
    print(f"batch, {harts} harts: {seconds:.2f} s for {BATCH}; {run.cost()}")
    clock = [float(text) for text in re.findall(r"^(\d+\.\d\d) \d+\.\d\d$", run.console, re.MULTILINE)]
    problems = []
    if len(clock) != 2 or not BATCH <= clock[1] - clock[0] <= BATCH + 1:
        problems.append(f"the guest's clock to go on by {BATCH} s: {clock}")
    if seconds > BATCH_MOST:
        problems.append(f"the end within {BATCH_MOST} s, not {seconds}")
    return sim.failure(run, problems) if problems or run.status else None


def main(arguments):
    if len(arguments) == 3 and arguments[1] == "batch":
        return test_batch(arguments[0], int(arguments[2]))
    if len(arguments) in (3, 4) and arguments[1] in MACHINES:
        program, kind, harts, *programs = arguments
        return test_terminal(program, kind, int(harts), pathlib.Path(*programs))
    print(__doc__)
    return 2


if __name__ == "__main__":
    artefacts.run_test(main)
