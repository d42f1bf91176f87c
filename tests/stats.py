#!/usr/bin/env python3
"""--stats beside the trap log: both count the same run, by other means.

  stats.py RVH_SIM ROMS_DIR SRC_DIR
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def run(program, rom, *more):
    with tempfile.NamedTemporaryFile() as out:
        text = subprocess.run([program, rom, f"--stats=json:{out.name}", "--trace-traps", "--trace-only=all",
                               "--limit-insns=200M", *more], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False).stderr
        return text, json.loads(pathlib.Path(out.name).read_text(encoding="utf-8"))


def wrong(name, rows, text, stats):
    """Yields what does not fit."""
    if list(stats) != ["rec"] + rows:
        yield f"{name}: keys {list(stats)}, stats.def has {rows}"
    end = re.search(r"^# end: .* after (\d+) insns; (\d+) exits?", text, re.M)
    if not end:
        yield f"{name}: no summary:\n{text[-300:]}"
        return
    # In words: a trap from V=1 to V=0, and what firmware hands on is one exit.
    if int(end[2]) != stats["vm_exits"]:
        yield f"{name}: {stats['vm_exits']} exits, the log has {end[2]}"
    if int(end[1]) != stats["instructions"]:
        yield f"{name}: {stats['instructions']} instructions, the log has {end[1]}"
    if not stats["vm_exits"] <= stats["traps"] <= stats["instructions"]:
        yield f"{name}: {stats['traps']} traps"
    for walks, loads in (("walks_one", "loads_one"), ("walks_two", "loads_two")):
        if not stats[walks] <= stats[loads] <= 24 * stats[walks]:
            yield f"{name}: {stats[walks]} {walks}, {stats[loads]} {loads}"
    if not 0 < stats["builds"] <= stats["decoded"] or stats["stale"] > stats["builds"]:
        yield f"{name}: {stats['builds']} blocks of {stats['decoded']} instructions"
    if not 0 < stats["ram_resident"] <= stats["ram"] or not 0 < stats["code"] <= 64 << 20:
        yield f"{name}: memory: {stats}"


def main():
    program, roms, source = sys.argv[1:]
    rows = re.findall(r"^(?:STAT|SIZE)\((\w+),", (pathlib.Path(source) / "trace/stats.def").read_text(), re.M)
    elfs = sorted(e for e in pathlib.Path(roms).glob("[0-9][0-9]-*.elf") if "-bare" not in e.name)
    bad = []
    for elf in elfs:
        bad += wrong(elf.stem, rows, *run(program, elf))
    print(*bad, f"{len(elfs)} lessons, {len(bad)} wrong", sep="\n")
    return 1 if bad or not elfs else 0


if __name__ == "__main__":
    sys.exit(main())
