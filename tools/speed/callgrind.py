"""callgrind - host instructions, which other work on the machine does not change.

Counted is what rvh-sim's own file executes, and the code it makes (of no file), not its libraries: theirs
depends on the processor.
Of two runs, one twice as long, the difference has neither start nor set-up in it.
"""
import os
import re
import subprocess
import tempfile

from speed.measure import Failure, report

# Instructions of the guest: some hundred thousand each. Programs that go through pages need all of them.
SHORT = {
    "alu": 20000, "intmix": 2, "float": 10, "strings": 100, "bytecode": 2, "vmswitch": 500,
    "chase2_1m": 80000, "chase2_64m": 40000, "chase1m": 160000, "chase64m": 40000, "vmexit": 2000,
    "vmtouch": 500, "vmmmio": 2000,
}
OBJECT = re.compile(r"^ob=\((\d+)\)(?: (.*))?$")
MADE = "???"  # callgrind's word for the file of code that is in none
COST = re.compile(r"^(?:\*|[+-]?\d)")
CALLED = re.compile(r"^cob=\((\d+)\) (.*)$")


def own_cost(lines, program):
    """Instructions that ran in the file `program` or in none. The line after calls= is a callee's, counted there."""
    names, current, cost, skip = {}, None, 0, False
    for line in lines:
        if line.startswith("calls="):
            skip = True
        elif COST.match(line):
            if not skip and names.get(current) in (program, MADE):
                cost += int((line.split() + ["0"])[1])  # none: 0
            skip = False
        elif m := OBJECT.match(line):
            current = m[1]
            if m[2]:
                names[current] = m[2]
        elif m := CALLED.match(line):
            names[m[1]] = m[2]
    return cost


def count(sim, folder, program, n):
    """Host instructions, and the guest's, of a run that is told n."""
    call = sim.call(folder, program, told=f"n={n}")
    with tempfile.NamedTemporaryFile("r", suffix=".callgrind") as out:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", *call]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=sim.seconds * 10, check=False)
        if done.returncode:
            raise Failure(f"status {done.returncode}: {' '.join(command)}\n"
                          f"{done.stdout[-500:].decode(errors='replace')}")
        lines = out.read().splitlines()
    host = own_cost(lines, os.path.realpath(call[0]))
    if not host:
        raise Failure(f"callgrind counted nothing of {call[0]}")
    return host, report(sim.name, program, done.stdout)["instret"]


def per_instruction(sim, folder, program, n=None):
    """Host instructions of rvh-sim for one of the guest."""
    n = n or SHORT[program]
    (host1, guest1), (host2, guest2) = (count(sim, folder, program, k * n) for k in (1, 2))
    return (host2 - host1) / (guest2 - guest1)
