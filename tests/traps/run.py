#!/usr/bin/env python3
"""The lessons of roms/ as regressions: console and trap table must be as recorded.

  run.py RVH_SIM ROMS_DIR [LESSON ...]            compare with roms/LESSON/*.expected
  run.py RVH_SIM ROMS_DIR --update [LESSON ...]   record what is seen now; then read the diff

console.expected is standard output; traps.expected is the log of --trace-traps.
"""
import difflib
import pathlib
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent / "roms"


def observe(program, elf):
    """Runs one lesson: {expected file: text}. The run must end well."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        done = subprocess.run([program, elf, "--trace-traps", f"--trace-file={log}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return {"console.expected": done.stdout.replace("\r", ""), "traps.expected": log.read_text()}


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
    for lesson in lessons:
        try:
            seen = observe(program, folder / f"{lesson}.elf")
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
        print(f"{'ok  ' if not difference else 'new ' if update else 'FAIL'} {lesson}\n{difference}", end="")
    if failed:
        print("If the new behaviour is right: run.py RVH_SIM ROMS_DIR --update, and read git diff.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
