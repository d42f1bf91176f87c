#!/usr/bin/env python3
"""Event files: what --render makes of one is, byte for byte, what the run itself would have written.

  render.py RVH_SIM ROMS_DIR lessons     every lesson, every level, text and JSON
  render.py RVH_SIM ROMS_DIR damaged     cut and damaged files: a message and exit code 126, no crash
  render.py RVH_SIM ROMS_DIR signals     a run that is interrupted leaves whole files
  render.py RVH_SIM ROMS_DIR messages    what cannot be rendered says why, and the way out
"""
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

LEVELS = ("line", "why", "full")
USAGE = 126


class Bench:
    """A folder for the files of one test, and the program."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)

    def call(self, *arguments):
        return subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=120, cwd=self.folder)

    def write(self, name, *arguments):
        """A run whose output is the file of this name: its bytes, and how it ended."""
        done = self.call(*arguments)
        assert done.returncode >= 0, f"{arguments}: signal {-done.returncode}"
        return (self.folder / name).read_bytes(), done.returncode


def first_difference(a, b):
    for n, (x, y) in enumerate(zip(a.split(b"\n"), b.split(b"\n")), 1):
        if x != y:
            return f"line {n}\n  the run: {x.decode()}\nrendered: {y.decode()}"
    return f"{len(a)} and {len(b)} bytes"


def same(what, written, rendered):
    assert len(written) > 200, f"{what}: nothing was logged"
    assert written == rendered, f"{what}: {first_difference(written, rendered)}"


def check_lesson(bench, rom, limit):
    """limit: further arguments, so that the run ends early."""
    written = {}
    for only in ("V", "all"):
        for level in LEVELS:
            how = [f"--trace-traps={level}", f"--trace-only={only}"]
            written[level, only], code = bench.write("run.txt", rom, *how, *limit, "--trace-file=run.txt")
            _, recorded = bench.write("run.rvt", rom, *how, *limit, "--trace-file=run.rvt")
            assert code == recorded, f"{rom.name}: exit codes {code} and {recorded}"
            rendered, code = bench.write("out.txt", "--render=run.rvt", "--trace-file=out.txt")
            assert code == 0, f"{rom.name} {how}: --render ends with {code}"
            same(f"{rom.name} {how} {limit}", written[level, only], rendered)
        # Level full has all the others, and JSON.
        for lower in LEVELS:
            out = bench.call("--render", "run.rvt", f"--trace-traps={lower}", f"--trace-only={only}")
            same(f"{rom.name} full as {lower}", written[lower, only], out.stdout)
    _, _ = bench.write("run.rvt", rom, "--trace-traps=full", "--trace-file=run.rvt", *limit)
    out = bench.call("--render", "run.rvt", "--trace-only=all")
    same(f"{rom.name} V as all", written["full", "all"], out.stdout)
    json, _ = bench.write("run.json", rom, "--trace-json=run.json", *limit)
    rendered, _ = bench.write("out.json", "--render=run.rvt", "--trace-json=out.json")
    same(f"{rom.name} JSON {limit}", json, rendered)


def lessons(bench, roms):
    found = sorted(roms.glob("*.elf"))
    assert found, "no lesson found"
    for rom in found:
        check_lesson(bench, rom, [])
    for rom in found[:3]:  # stopped amid a handler, or in a guest
        for limit in (500, 3001):
            check_lesson(bench, rom, [f"--limit-insns={limit}"])
    check_lesson(bench, found[0], ["-smp", "2"])
    print(f"{len(found)} lessons")


def render_bytes(bench, data):
    (bench.folder / "bad.rvt").write_bytes(data)
    done = bench.call("--render=bad.rvt", "--trace-json=bad.json", "--trace-traps", "--trace-file=bad.txt")
    json = bench.folder / "bad.json"
    text = bench.folder / "bad.txt"
    return done, text.read_bytes() if text.exists() else b"", json.read_bytes() if json.exists() else b""


def damaged(bench, roms, rounds=150):
    rom = roms / "07-two-stage.elf"
    bench.write("run.rvt", rom, "--trace-traps=full", "--trace-file=run.rvt")
    whole = (bench.folder / "run.rvt").read_bytes()
    assert len(whole) % 64 == 0
    done, text, json = render_bytes(bench, whole)
    assert done.returncode == 0, done.stderr
    dice = random.Random(1)
    lengths = [0, 1, 63, 64, 65, len(whole) - 64, len(whole) - 1] + [dice.randrange(len(whole)) for _ in range(rounds)]
    for n in lengths:
        done, cut_text, cut_json = render_bytes(bench, whole[:n])
        assert done.returncode == USAGE, f"cut to {n}: exit code {done.returncode}: {done.stderr}"
        assert done.stderr.count(b"rvh-sim: ") == 2, f"cut to {n}: {done.stderr}"
        for part, all_of_it in ((cut_text, text), (cut_json, json)):  # right as far as it goes
            assert not n or part == all_of_it[:len(part)], f"cut to {n}: another text"
    for seed in range(2 * rounds):
        dice = random.Random(seed)
        bad = bytearray(whole)
        for _ in range(dice.choice((1, 1, 1, 4, 40))):
            bad[dice.randrange(len(bad))] = dice.choice((0, 1, 0x7f, 0x80, 0x87, 0xff, dice.randrange(256)))
        at = dice.randrange(len(bad) // 64) * 64  # a unit twice, or another kind of it
        if seed % 3 == 0:
            bad[at:at] = bad[at:at + 64]
        if seed % 5 == 0:
            bad[at] = dice.choice((0, 1, 2, 3, 8, 9, *range(0x80, 0x89)))
        done, _, _ = render_bytes(bench, bytes(bad))
        assert done.returncode in (0, USAGE), f"seed {seed}: exit code {done.returncode}: {done.stderr[-2000:]}"
    for junk in (b"\x7fELF" * 100, dice.randbytes(6400), whole[:64] + dice.randbytes(6400), whole + whole):
        done, _, _ = render_bytes(bench, junk)
        assert done.returncode == USAGE, done.stderr
    print(f"{len(lengths)} cut and {2 * rounds} damaged files")


def messages(bench, roms):
    rom = roms / "02-emulate.elf"
    for level in LEVELS:
        bench.write(f"{level}.rvt", rom, f"--trace-traps={level}", f"--trace-file={level}.rvt")
    (bench.folder / "text.rvt").write_text("# rvh-sim 0.1.0 trace-traps v1  hv.elf\n" * 4)
    newer = bytearray((bench.folder / "line.rvt").read_bytes())
    newer[8] = 2
    (bench.folder / "newer.rvt").write_bytes(newer)
    for arguments, problem, way_out in (
            (["--render=none.rvt"], "--render: none.rvt: No such file or directory", "give a file that can be read"),
            (["--render=text.rvt"], "text.rvt: is no event file",
             "record one: rvh-sim hv.elf --trace-traps --trace-file=NAME.rvt"),
            (["--render=newer.rvt"], "newer.rvt: is an event file of another version of rvh-sim",
             "render it with the rvh-sim that wrote it"),
            (["--render=line.rvt", "--trace-traps=why"], "line.rvt: has level line, not why",
             "record it with --trace-traps=why"),
            (["--render=why.rvt", "--trace-json=-"], "why.rvt: has level why, and JSON wants full",
             "record it with --trace-traps=full"),
            (["--render=why.rvt", "--trace-only=all"], "why.rvt: has only what --trace-only=V shows",
             "record it with --trace-only=all, or with --trace-traps=full"),
            (["--render=line.rvt", str(rom)], f"--render runs nothing: '{rom}' is not needed",
             "leave out the program, or --render"),
            (["--render=line.rvt", "--trace-file=line.rvt"], "--render writes text, and line.rvt is named like records",
             "give --trace-file another name; without it, standard output is used")):
        done = bench.call(*arguments)
        expected = f"rvh-sim: error: {problem}\nrvh-sim: {way_out}\n"
        assert done.stderr.decode() == expected, f"{arguments}: {done.stderr.decode()}"
        assert done.returncode == USAGE, arguments
    print("messages")


def signals(bench, roms):
    for name, code, number in (("loop", (0x6F,), signal.SIGTERM),  # j .
                               ("loop", (0x6F,), signal.SIGINT),
                               ("wait", (0x10500073, 0xFFDFF06F), signal.SIGTERM)):  # wfi; j .-4
        (bench.folder / name).write_bytes(struct.pack(f"<{len(code)}I", *code))
        for log in ("stop.rvt", "stop.txt"):
            run = subprocess.Popen([bench.program, name, "--trace-traps", f"--trace-file={log}",
                                    "--trace-json=stop.json"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, cwd=bench.folder)
            time.sleep(0.5)
            run.send_signal(number)
            assert run.wait(timeout=30) == -number, f"{name}: exit code {run.returncode}"
            run.stdin.close()
            text = (bench.folder / log).read_bytes()
            if log == "stop.rvt":
                done = bench.call("--render=stop.rvt")
                assert done.returncode == 0, done.stderr
                text = done.stdout
            assert b"\n# end: stopped after " in text, text
            assert b'{"rec":"end"' in (bench.folder / "stop.json").read_bytes()
    print("signals")


def main(program, roms, part):
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(pathlib.Path(program).resolve(), folder)
        parts = {"lessons": lessons, "damaged": damaged, "signals": signals, "messages": messages}
        parts[part](bench, pathlib.Path(roms).resolve())


main(*sys.argv[1:])
