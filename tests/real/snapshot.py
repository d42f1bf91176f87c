#!/usr/bin/env python3
"""A snapshot of Linux with KVM and Linux as its guest, taken while the guest runs, and continued.

  snapshot.py RVH_SIM PROGRAMS CONSOLE HARTS     as kvm.py has them

The rest of the console and of the trap log, and all of the machine's state near the end (as the bytes of a
second snapshot) must be those of the run that was not interrupted.
"""
import pathlib
import tempfile

import artefacts
import kvm
import sim

LATE = 2000  # instructions before the end


def events(trace):
    return [line for line in trace.splitlines() if not line.startswith("#")]


def in_the_guest(trace):
    """The count behind an entry into the guest, in the middle of its life."""
    entries = [line for line in events(trace) if line.split()[3] == "ENTER"]
    return int(entries[len(entries) // 2].split()[0]) + 2


def what_differs(full, rest, late):
    old, new = events(full.trace), events(rest.trace)
    if rest.status != 0:
        yield f"exit code {rest.status}"
    if not rest.console or not full.console.endswith(rest.console):
        yield "the console goes on differently"
    harts = {line.split()[1] for line in new}
    first = {next(i for i, line in enumerate(new) if line.split()[1] == hart) for hart in harts}
    tail = old[len(old) - len(new):]
    for i, (a, b) in enumerate(zip(new, tail)):
        if a != b and not (i in first and a.split()[:3] == b.split()[:3]):  # the cost of an exit before
            yield f"the log goes on with\n{a}\nand not with\n{b}"
            break
    if len(new) < 10:
        yield "hardly a log"
    if rest.instructions != full.instructions:
        yield f"{rest.instructions} instructions, not {full.instructions}"
    if late[0].read_bytes() != late[1].read_bytes():
        yield "the state near the end is another one"


def test(program, programs, console, harts, folder):
    initrd = folder / "initrd"
    initrd.write_bytes(kvm.initramfs(programs, console, harts))
    options = kvm.options(kvm.machine(console, harts, initrd))
    full = sim.simulate(program, options, kvm.LIMIT)
    problems = list(kvm.check(full, console, harts, "builtin"))
    if problems:
        return sim.failure(full, problems)
    n, end = in_the_guest(full.trace), full.instructions - LATE
    early, late = folder / "early", (folder / "late-a", folder / "late-b")
    saved = sim.simulate(program, [*options, f"--save-at={n}:{early}"], kvm.LIMIT)
    sim.simulate(program, [*options, f"--save-at={end}:{late[0]}"], kvm.LIMIT)
    rest = sim.simulate(program, [f"--load={early}", f"--save-at={end}:{late[1]}"], kvm.LIMIT)
    print(f"{console}, {harts} harts: {full.cost()}; saved at {n}, {early.stat().st_size >> 20} MiB; rest {rest.user:.2f} s")
    if (saved.console, saved.trace) != (full.console, full.trace):
        return "saving changes the run"
    wrong = list(what_differs(full, rest, late))
    return sim.failure(rest, wrong) if wrong else None


def main(arguments):
    if len(arguments) != 4 or arguments[2] not in kvm.CONSOLES:
        print(__doc__)
        return 2
    program, programs, console, harts = arguments
    with tempfile.TemporaryDirectory() as folder:
        return test(program, pathlib.Path(programs), console, int(harts), pathlib.Path(folder))


if __name__ == "__main__":
    artefacts.run_test(main)
