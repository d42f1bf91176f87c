#!/usr/bin/env python3
"""Semihosting of the whole machine.

  run.py RVH_SIM PROGRAMS    PROGRAMS: the folder of program.c's builds
"""
import pathlib
import subprocess
import sys
import tempfile

ON = ["-semihosting"]
CONSOLE = "by :tt\nc\n"
DATE = "1767225600"  # the first second of the machine's clock, in every run


def run(folder, elf, *options, typed=""):
    done = subprocess.run([program, programs / elf, "--limit-insns=20M", *map(str, options)], cwd=folder,
                          input=typed, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def part(mode, line):
    return f"{mode}\n{CONSOLE}{line}\n{DATE}\n"


def expect(what, got, wanted):
    if got != wanted:
        failures.append(f"{what}: {got!r}\nexpected {wanted!r}")


def test_calls(folder):
    """Every operation, from HS and VS; the trace has the traps of what only looks like a call."""
    arguments = ["-semihosting-config", "enable=on,target=native,arg=one,arg=two words"]
    trace = folder / "trace"
    status, console, messages = run(folder, "hs.elf", *arguments, "--trace-traps", "--trace-only=all",
                                    f"--trace-file={trace}", typed="abc\nde\n")
    expect("hs.elf", (status, console), (42, part("HS", "one two words") + part("VS", "one two words")
                                         + "typed: abcde\n.\n"))
    expect("the file", (folder / "renamed").read_text(), "one two three!")
    expect("files left", sorted(p.name for p in folder.iterdir()), ["renamed", "trace"])
    log = trace.read_text()
    expect("breakpoints in the trace", log.count(" 3 breakpoint "), 5)
    expect("the reason", "the guest ended with code 42 (semihosting exit)" in log, True)


def test_m(folder):
    """In M-mode; without arg= the command line is the program and -append. A code above 123."""
    status, console, _ = run(folder, "m.elf", *ON, "-append", "a b")
    expect("m.elf", (status, console), (123, part("M", f"{programs / 'm.elf'} a b")))


def test_u(folder):
    """In U-mode only with userspace=on; a reason that is not the application's exit is code 1."""
    status, console, messages = run(folder, "u.elf", "-semihosting-config", "userspace=on",
                                    "--trace-traps", f"--trace-file={folder / 'trace'}")
    expect("u.elf", (status, console), (1, "U\n"))
    expect("the reason", "semihosting exit, reason 0x20023" in (folder / "trace").read_text(), True)
    expect("userspace=off", run(folder, "u.elf", *ON)[:2], (99, ""))


def test_off(folder):
    """Without the option a call is a breakpoint."""
    trace = folder / "trace"
    run(folder, "hs.elf", "--limit-insns=1M", "--trace-traps", "--trace-only=all", f"--trace-file={trace}")
    expect("off", " 3 breakpoint " in trace.read_text(), True)
    expect("enable=off", run(folder, "m.elf", "-semihosting-config", "enable=off")[1], "")


def test_chardev(folder):
    status, console, _ = run(folder, "u.elf", "-chardev", "file,id=c,path=out",
                             "-semihosting-config", "userspace=on,chardev=c")
    expect("the console", console, "")
    expect("the chardev", (folder / "out").read_text(), "U\n")


def test_snapshot(folder):
    """Refused while a file is open; afterwards :tt still is."""
    snap = folder / "snap"
    status, _, messages = run(folder, "save.elf", *ON, f"--save-at=500k:{snap}")
    expect("a file is open", (status, snap.exists()), (126, False))
    expect("its message", "the guest has files of the host open, by semihosting" in messages, True)
    status, console, _ = run(folder, "save.elf", *ON, f"--save-at=1500k:{snap}")
    expect("saved", (status, console, snap.exists()), (0, "still open\n", True))
    loaded = subprocess.run([program, f"--load={snap}"], stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, timeout=60)
    expect("loaded", (loaded.returncode, loaded.stdout), (0, "still open\n"))


if len(sys.argv) != 3:
    sys.exit(__doc__)
program, programs = (pathlib.Path(a).resolve() for a in sys.argv[1:])
failures = []
for test in (test_calls, test_m, test_u, test_off, test_chardev, test_snapshot):
    with tempfile.TemporaryDirectory() as name:
        test(pathlib.Path(name))
print("\n".join(failures) or "6 runs as they should be")
sys.exit(bool(failures))
