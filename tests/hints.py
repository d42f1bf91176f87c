#!/usr/bin/env python3
"""Hints: every one is given for the mistake it is about, and not for the same thing done right.

  hints.py RVH_SIM PROGRAMS ROMS SOURCE   PROGRAMS: tests/hints/*.S, each built as NAME-bad.elf and
                                          NAME-good.elf; NAME begins with the hint's. The lessons of
                                          ROMS must give none. SOURCE: the repository's root.
"""
import pathlib
import re
import subprocess
import sys

EXPECT = 125
M_MODE = {"deleg-gap": ["-bios", "none"]}
HINT = re.compile(r"^rvh-sim: hint ([A-Z-]+): .* \(pc 0x[0-9a-f]+\)$", re.M)


def run(program, elf, *options):
    done = subprocess.run([program, elf, "--limit-insns=50M", *options], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, HINT.findall(done.stderr), done.stderr


def check(what, got, code, hints):
    if got[:2] != (code, hints):
        yield f"{what}: exit code {got[0]}, hints {got[1]}; expected {code}, {hints}\n{got[2]}"


def check_program(program, folder, name, hint):
    options = M_MODE.get(name, [])
    for side, hints in (("bad", [hint]), ("good", [])):
        elf = folder / f"{name}-{side}.elf"
        for more in ([], ["--htinst=zero"]):
            yield from check(f"{elf.name} {more}", run(program, elf, *options, *more), 0, hints)
        yield from check(f"{elf.name} error", run(program, elf, *options, "--hints=error"),
                         EXPECT if hints else 0, hints)
        yield from check(f"{elf.name} none", run(program, elf, *options, "--hints=none"), 0, [])


def check_words(program, source, table):
    """The page and --hints=help know every hint, by the table's words."""
    page = (source / "docs/hints.md").read_text()
    said = subprocess.run([program, "--hints=help"], capture_output=True, text=True).stdout
    for name, text, cure in table:
        if f"## {name}\n" not in page:
            yield f"docs/hints.md has no section {name}"
        if f"{name}\n  {text}\n  cure: {cure}\n" not in said:
            yield f"--hints=help does not say {name}"


def main():
    if len(sys.argv) != 5:
        print(__doc__)
        return 2
    program, folder, roms, source = (pathlib.Path(a).resolve() for a in sys.argv[1:])
    table = re.findall(r'^HINT\(\w+, "([A-Z-]+)",\s*"(.*)",\s*"(.*)"\)$',
                       (source / "src/priv/hint.def").read_text(), re.M)
    names = sorted(path.stem for path in (source / "tests/hints").glob("*.S"))
    failures, tested = [], set()
    for name in names:
        hint = max((h for h, *_ in table if name.upper().startswith(h)), key=len)
        tested.add(hint)
        failures += check_program(program, folder, name, hint)
    failures += [f"no program gives {h}" for h, *_ in table if h not in tested]
    failures += check_words(program, source, table)
    for elf in sorted(roms.glob("*.elf")):
        got = run(program, elf)
        failures += check(elf.name, got, got[0], [])  # without its disk, a lesson may fail
    print("\n".join(failures))
    print(f"{len(table)} hints, {len(names)} programs: {'failed' if failures else 'as expected'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
