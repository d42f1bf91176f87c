#!/usr/bin/env python3
"""The engine against itself: every build of state-hash and every way of running must print the same.

  compare.py DIR [OPTIONS] (SEED | SEED-SEED | FILE)...
    DIR               where state-hash and state-hash-VARIANT are
    --every N         instructions between two hashes (default: random stretches); may be repeated
    --flags F         of random programs
    --harts N         of the machine; --way=step is left out then
    --limit N         instructions of a program
    --option X        one more option of state-hash, e.g. --strict
    --ways/--variants comma-separated, to run only these

A random program must end by HTIF. On a difference: the program, the first count at which the states differ, found by bisection, and how they
differ there. Exit code 1.
"""
import argparse
import pathlib
import subprocess
import sys

WAYS = ["run", "observed", "step"]


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("dir", type=pathlib.Path)
    p.add_argument("programs", nargs="+")
    p.add_argument("--every", action="append", type=int)
    p.add_argument("--flags")
    p.add_argument("--harts", type=int, default=1)
    p.add_argument("--limit")
    p.add_argument("--option", action="append", default=[])
    p.add_argument("--ways")
    p.add_argument("--variants")
    return p.parse_args()


class Engine:
    """One build and one way of running it."""

    def __init__(self, path, way, options):
        self.name = f"{path.name} --way={way}"
        self.command = [str(path), f"--way={way}", *options]

    def run(self, *more):
        done = subprocess.run(self.command + list(more), capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(self.command)} {' '.join(more)}: status {done.returncode}\n{done.stderr}")
        return done.stdout


def engines(args, options):
    found = sorted(p for p in args.dir.glob("state-hash*") if p.suffix == "")
    if args.variants is not None:
        found = [p for p in found if p.name.removeprefix("state-hash").lstrip("-") in args.variants.split(",")]
    for path in found:
        # The ways differ in no variant but this: the rest is a matter of the fast engine.
        ways = args.ways.split(",") if args.ways else WAYS if path.name == "state-hash" else ["run"]
        for way in ways:
            if way != "step" or args.harts == 1:
                yield Engine(path, way, options)


def programs(text):
    """{program: its lines}"""
    parts = [part.splitlines() for part in text.split("program ")[1:]]
    return {lines[0]: lines[1:] for lines in parts}


def first_difference(good, bad):
    """The last count at which both are equal, and the first at which they are not."""
    last = 0
    for a, b in zip(good, bad):
        if a != b:
            return last, int(b.split()[1 if b.startswith("end") else 0])
        last = int(a.split()[0])
    return last, last + 1


def state(engine, program, at, to, tail=0):
    lines = engine.run(f"--at={at},{to}", f"--tail={tail}", program).splitlines()[1:]
    return ([line for line in lines if line.startswith("insn")],
            dict(line.split(" ", 1) for line in lines if not line.startswith("insn")))


def explain(good, bad, program, equal, differs):
    """Bisects between the two counts; prints what there is to see."""
    at = equal
    while differs - equal > 1:
        middle = (equal + differs) // 2
        if state(good, program, at, middle)[1] == state(bad, program, at, middle)[1]:
            equal = middle
        else:
            differs = middle
    insns, a = state(good, program, at, differs, 24)
    _, b = state(bad, program, at, differs)
    print(f"{program}: {bad.name} differs from {good.name} after {differs} instructions "
          f"(equal after {equal}; --at={at},{differs})")
    print("  the last instructions:", *insns, sep="\n    ")
    for key in a.keys() | b.keys():
        if a.get(key) != b.get(key):
            print(f"  {key}: {a.get(key)}, not {b.get(key)}")


def compare(good, bad, expected, got):
    """Number of programs that differ; the first three are explained."""
    wrong = [p for p in expected if expected[p] != got.get(p)]
    for p in wrong[:3]:
        explain(good, bad, p, *first_difference(expected[p], got.get(p, [])))
    for p in wrong[3:]:
        print(f"{p}: {bad.name} differs, too")
    return len(wrong)


def lost(expected, limit):
    """Random programs that do not end as they should: a mistake of the generator, or of the engine."""
    for program, lines in expected.items():
        if limit and lines[-1].endswith(" limit"):
            continue
        if program.isdigit() and not lines[-1].endswith("poweroff (HTIF)"):
            print(f"{program}: {lines[-1]}: a random program must end by HTIF")
            yield program


def main():
    args = arguments()
    wrong = 0
    for every in args.every or [0]:
        options = [f"--every={every}", f"--harts={args.harts}", *args.option]
        options += [f"--flags={args.flags}"] if args.flags else []
        options += [f"--limit={args.limit}"] if args.limit else []
        first, *others = engines(args, options)
        expected = programs(first.run(*args.programs))
        wrong += len(list(lost(expected, args.limit)))
        for other in others:
            wrong += compare(first, other, expected, programs(other.run(*args.programs)))
        ends = [lines[-1].split() for lines in expected.values()]
        print(f"{len(expected)} programs, {sum(int(e[1]) for e in ends)} instructions, "
              f"hashed at {sum(map(len, expected.values()))} places (every {every or 'random stretch'}), "
              f"by {1 + len(others)} engines: {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
