"""guard - host instructions per guest instruction against committed ones: a slower rvh-sim fails a test.

The reference, bench/guard.expected, holds for one compiler: with another one nothing is compared.
"""
import pathlib
import platform
import re
import shutil
import subprocess

from speed import callgrind
from speed.measure import Failure

PROGRAMS = ("intmix", "bytecode", "vmexit", "chase2_64m")
LIMIT = 0.03
SKIPPED = 77
RENEW = "cmake --build --preset release --target rvh-sim bench-guard && tools/bench --guard --write"
HEAD = f"""\
# Host instructions of rvh-sim per guest instruction, by callgrind (docs/performance.md). The test
# speed.guard fails when one is {LIMIT:.0%} more. To renew, with the reason in the commit's message:
#   {RENEW}
"""


def compiler(program):
    """Who compiled it, as gcc writes it into the file."""
    dump = subprocess.run(["readelf", "-p", ".comment", program], capture_output=True, text=True, check=True)
    names = sorted(set(re.findall(r"\]\s+(\S.*)$", dump.stdout, re.M)))
    return f"{platform.machine()}, {'; '.join(names)}"


def read(path):
    """(compiler, {program: count})"""
    words, counts = "", {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("compiler "):
            words = line.removeprefix("compiler ")
        elif line and not line.startswith("#"):
            name, value = line.split()
            counts[name] = float(value)
    return words, counts


def judge(name, now, before, limit=LIMIT):
    """(is it too much, a line that says so)"""
    change = now / before - 1
    text = f"{name:12}{now:9.3f} was {before:9.3f}  {change:+7.2%}"
    if change > limit:
        return True, text + f"  SLOWER: more than {limit:.0%}"
    return False, text + ("  better: renew the reference, so that it stays" if change < -limit else "")


def guard(sim, folder, path, write):
    """The exit status of tools/bench --guard."""
    path = pathlib.Path(path)
    if not shutil.which("valgrind"):
        print("skipped: no valgrind (Debian: valgrind)")
        return SKIPPED
    who = compiler(sim.command[0])
    if not write:
        if not path.exists():
            raise Failure(f"{path} is missing: {RENEW}")
        expected_of, expected = read(path)
        if who != expected_of:
            print(f"skipped: bench/{path.name} holds for another compiler\n  there: {expected_of}\n  here:  {who}")
            return SKIPPED
    counts = {p: callgrind.per_instruction(sim, folder, p) for p in PROGRAMS}
    if write:
        path.write_text(f"{HEAD}compiler {who}\n" +
                        "".join(f"{p:12}{c:.3f}\n" for p, c in counts.items()), encoding="utf-8")
        print(path.read_text(encoding="utf-8"), end="")
        return 0
    if set(expected) != set(PROGRAMS):
        raise Failure(f"{path} has not the programs {', '.join(PROGRAMS)}: {RENEW}")
    verdicts = [judge(p, counts[p], expected[p]) for p in PROGRAMS]
    print("host instructions per guest instruction:", *(v[1] for v in verdicts), sep="\n")
    if any(v[0] for v in verdicts):
        print(f"If that is the price of something, say so in the commit, and renew bench/{path.name}:\n  {RENEW}")
        return 1
    return 0
