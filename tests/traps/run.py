#!/usr/bin/env python3
"""The lessons of roms/ as regressions: console and trap table must be as recorded.

  run.py RVH_SIM ROMS_DIR [LESSON ...]            compare with roms/LESSON/*.expected
  run.py RVH_SIM ROMS_DIR --update [LESSON ...]   record what is seen now; then read the diff

console.expected is standard output, traps.expected the log of --trace-traps, why.expected (of some
lessons) the log of --trace-traps=why.

The logs hold addresses and instruction counts, so they are true for one compiler only: the one named
in roms/compiler.expected. Lessons built by another one (ROMS_DIR/compiler.txt) have their consoles
compared, and exit code 77 says that the rest was skipped.
"""
import difflib
import pathlib
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent / "roms"
WHY = ("02-emulate", "06-mmio", "07-two-stage", "11-nested-fault")  # the lessons about walks and htinst
SKIPPED = 77


def run(program, arguments, level):
    """One run: console and log. It must end well."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        done = subprocess.run([program, *arguments, f"--trace-traps={level}", f"--trace-file={log}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.replace("\r", ""), log.read_text()


def observe(program, arguments, lesson, with_traces):
    """{expected file: text} of a lesson."""
    console, traps = run(program, arguments, "line")
    seen = {"console.expected": console}
    if with_traces:
        seen["traps.expected"] = traps
    if with_traces and lesson in WHY:
        seen["why.expected"] = run(program, arguments, "why")[1]
    return seen


def compare(lesson, seen):
    """Unified diffs of what differs from the recorded files, as one text."""
    text = ""
    for name, now in seen.items():
        path = SOURCES / lesson / name
        before = path.read_text() if path.exists() else ""
        text += "".join(difflib.unified_diff(before.splitlines(True), now.splitlines(True),
                                             f"roms/{lesson}/{name}", "seen now"))
    return text


def main(arguments):
    update = "--update" in arguments
    names = [a for a in arguments if a != "--update"]
    if len(names) < 2:
        print(__doc__)
        return 2
    program, folder = pathlib.Path(names[0]).resolve(), pathlib.Path(names[1])
    lessons = names[2:] or sorted(path.stem for path in folder.glob("[0-9][0-9]-*.elf"))
    failed = [] if lessons else ["no lesson found"]
    recorded, compiler = SOURCES / "compiler.expected", (folder / "compiler.txt").read_text()
    if update:
        recorded.write_text(compiler)
    with_traces = recorded.read_text() == compiler
    for lesson in lessons:
        try:
            seen = observe(program, [folder / f"{lesson}.elf"], lesson, with_traces)
        except (RuntimeError, subprocess.TimeoutExpired) as problem:
            print(f"FAIL {lesson}: {problem}")
            failed.append(lesson)
            continue
        difference = compare(lesson, seen)
        if update:
            for name, text in seen.items():
                (SOURCES / lesson / name).write_text(text)
        elif difference:
            failed.append(lesson)
        verdict = "ok  " if not difference else "new " if update else "FAIL"
        print(f"{verdict} {lesson}\n{'' if update else difference}", end="")
    if failed:
        print("If the new behaviour is right: cmake --build --preset release --target update-golden, "
              "and read git diff.")
        return 1
    if not with_traces:
        print(f"Consoles only: the logs were recorded for {recorded.read_text()}and this is {compiler}", end="")
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
