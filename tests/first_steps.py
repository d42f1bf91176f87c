#!/usr/bin/env python3
"""docs/first-steps.md is a recorded session: runs it again and compares, box by box.

  first_steps.py RVH_SIM ROM DOCUMENT            fails where a box is not what --step prints
  first_steps.py RVH_SIM ROM DOCUMENT --update   writes into the boxes what it prints
"""
import difflib
import pathlib
import re
import subprocess
import sys

BOX = re.compile(r"```session\n(.*?)```", re.S)
PROMPT = "(rvh) "


def commands(box):
    return [line[len(PROMPT):] for line in box.splitlines() if line.startswith(PROMPT)]


def session(program, rom, asked):
    """What each command printed, its own prompt line first."""
    run = subprocess.run([program, rom, "--step"], input="\n".join(asked) + "\n", text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    assert run.returncode == 0, f"exit code {run.returncode}"
    answers = run.stdout.split(PROMPT)[1:]
    assert len(answers) >= len(asked), f"{len(answers)} answers to {len(asked)} commands"
    return [PROMPT + "\n".join(line.rstrip() for line in answer.splitlines()) + "\n"
            for answer in answers[:len(asked)]]


def main(program, rom, document, update=""):
    path = pathlib.Path(document)
    text = path.read_text()
    answers = iter(session(program, rom, [c for box in BOX.findall(text) for c in commands(box)]))
    fresh = BOX.sub(lambda m: "```session\n" + "".join(next(answers) for _ in commands(m[1])) + "```",
                    text)
    if update == "--update":
        path.write_text(fresh)
    elif fresh != text:
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), fresh.splitlines(True),
                                                   document, "this run"))
        return 1
    return 0


sys.exit(main(*sys.argv[1:]))
