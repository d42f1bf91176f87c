#!/usr/bin/env python3
"""Dependencies point one way: reads the includes of src/ and fails on an edge that is not allowed.

  check-includes.py [SRC]       check a source tree (default: src next to this file's folder)
  check-includes.py --self-test prove on fabricated trees that bad edges are found
"""
import pathlib
import re
import sys
import tempfile

# Headers that every layer may see: what a hart is, what an event is, the tables' constants.
# (priv/csr.h is the CSR table as numbers, masks and access functions.)
BASE = {"cpu/hart.h", "cpu/sizes.h", "cpu/event.h", "cpu/insn.h", "cpu/operand.h", "cpu/fp.h",
        "cpu/ext.h", "priv/csr.h"}

# A layer may include itself and those named here.  def: *.def; base: the headers above;
# api: rvh.h; cpu: the rest of cpu/ (decoder, blocks, run loops); others: the folder's name.
ALLOWED = {
    "def":     "",
    "base":    "def",
    "mmu":     "def base",
    "hv":      "def base mmu priv",
    "priv":    "def base mmu hv",
    "cpu":     "def base mmu hv priv",
    "state":   "",
    "sbi":     "def base mmu hv priv cpu state",
    "dev":     "def base state",
    "load":    "",
    "machine": "def base mmu hv priv cpu state sbi dev load api",
    "api":     "",
    "trace":   "def base cpu api",
    "debug":   "def base cpu trace api",
    "cli":     "def api",
    "main":    "api cli",
}

# Made by the build, and found by its include path.
GENERATED = {"stencils.inc"}

# The core is freestanding: no GLib below the machine.
NO_GLIB = {"def", "base", "mmu", "hv", "priv", "cpu"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def layer_of(path):
    """The layer of a path relative to src/, or None if nobody has given it one."""
    if path.endswith(".def"):
        return "def"
    if path in BASE:
        return "base"
    if path == "rvh.h":
        return "api"
    if path == "main.c":
        return path.split(".")[0]
    folder = path.split("/")[0] if "/" in path else None
    return folder if folder in ALLOWED else None


def edges(src):
    """Every include of every file: (file, line number, name, quoted)."""
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".c", ".h", ".def"):
            continue
        name = path.relative_to(src).as_posix()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield name, number, match.group(1) or match.group(2), match.group(1) is not None


def refusal(src, name, target, quoted):
    """Why this edge is not allowed, or None."""
    layer = layer_of(name)
    if layer is None:
        return "belongs to no layer: give it one in tools/check-includes.py"
    if re.match(r"(glib|gio|gmodule)", target):
        return f"{layer} must do without GLib" if layer in NO_GLIB else None
    if not quoted or target in GENERATED:
        return None
    if not (src / target).is_file():
        return "is not a path from src/"
    to = layer_of(target)
    if to != layer and to not in ALLOWED[layer].split():
        allowed = ALLOWED[layer] or "nothing else"
        return f"{layer} must not depend on {to} (allowed: {allowed})"
    return None


def check(src):
    """All refusals, as lines for people and editors."""
    found = []
    for name, number, target, quoted in edges(src):
        why = refusal(src, name, target, quoted)
        if why:
            found.append(f'{name}:{number}: includes "{target}": {why}')
    return found


# Fabricated trees: {file: include lines}, and what must be said of them ("" = nothing).
SELF_TESTS = [
    ({"mmu/walk.c": ['"cpu/hart.h"', '"priv/cause.def"', "<string.h>"]}, ""),
    ({"mmu/walk.c": ['"cpu/block.h"']}, "mmu must not depend on cpu"),
    ({"cpu/hart.h": ['"mmu/tlb.h"']}, "base must not depend on mmu"),
    ({"main.c": ['"cpu/hart.h"']}, "main must not depend on base"),
    ({"dev/uart.c": ['"machine/machine.h"']}, "dev must not depend on machine"),
    ({"sbi/time.c": ['"dev/clint.h"']}, "sbi must not depend on dev"),
    ({"load/elf.c": ["<glib.h>"]}, ""),
    ({"priv/csr.c": ["<glib.h>"]}, "priv must do without GLib"),
    ({"cpu/event.h": ["<glib/gstdio.h>"]}, "base must do without GLib"),
    ({"mmu/walk.c": ['"walk.h"']}, "not a path from src/"),
    ({"util/list.c": ["<string.h>"]}, "belongs to no layer"),
]


def self_test():
    failed = 0
    for files, expected in SELF_TESTS:
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder)
            for name, includes in files.items():
                lines = [f"#include {i}\n" for i in includes]
                for target in [i.strip('"') for i in includes if '"' in i and "/" in i or "machine" in i]:
                    (src / target).parent.mkdir(parents=True, exist_ok=True)
                    (src / target).touch()
                (src / name).parent.mkdir(parents=True, exist_ok=True)
                (src / name).write_text("".join(lines))
            said = "\n".join(check(src))
            if (expected not in said) or (expected == "" and said):
                print(f"self-test: {files}: expected '{expected}', got '{said}'")
                failed += 1
    print(f"self-test: {len(SELF_TESTS) - failed} of {len(SELF_TESTS)} as expected")
    return failed


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    src = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parent.parent / "src"
    if not src.is_dir():
        print(f"check-includes: {src} is no folder")
        return 2
    found = check(src)
    print("\n".join(found) if found else f"includes: {sum(1 for _ in edges(src))} edges, all allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
