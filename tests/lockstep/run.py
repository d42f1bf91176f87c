#!/usr/bin/env python3
"""--log-commits and --lockstep, against a log that Spike wrote of tests/lockstep/commits.S.

  run.py RVH_SIM OUT log        our log of the program is Spike's, byte for byte; spike+v marks V=1
  run.py RVH_SIM OUT equal      lockstep with it: from a file, a pipe and a FIFO
  run.py RVH_SIM OUT differs    logs with one change each: what is said (differs.expected) and the status
  run.py RVH_SIM OUT malformed  files that are no such log: exact text, exit code 126
  run.py RVH_SIM OUT bare ROMS  lessons with their own firmware: the console of the built-in SBI's
  run.py RVH_SIM OUT spike ROMS lockstep with a Spike that is installed (SPIKE, or spike in PATH) over
                                commits.elf, lessons and random programs; 77: there is none
  run.py RVH_SIM OUT update     writes differs.expected

OUT holds commits.elf. A Spike log is only data: nothing here needs Spike but `spike`.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).parent
LOG = (HERE / "spike.log").read_text()
USAGE, EXPECT, SKIP = 126, 125, 77
MACHINE = ["--strict", "--htinst=zero", "--hints=none", "-cpu", "rv64,sscofpmf=off"]
ISA = ("rv64gch_zicntr_zihpm_zicbom_zicboz_zicbop_zawrs_zfa_smmpm_smnpm_ssnpm_"
       "sstc_svadu_svpbmt_svnapot_svinval_zicclsm_zba_zbb_zbc_zbs")


def run(sim, *arguments, **options):
    return subprocess.run([sim, *MACHINE, *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, **options)


def fail(message):
    print(message)
    return 1


def program_lines(text):
    """From the program's first instruction to the store that ends it."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.split()[3] == "0x0000000080000000")
    last = next(i for i, line in enumerate(lines) if " mem 0x0000000080002000 0x" in line)
    return lines[first:last + 1]


def test_log(sim, out):
    elf = out / "commits.elf"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "log"
        for option in (["--log-commits", f"--log-file={file}"], ["--log-commits=spike", "--log", file]):
            done = run(sim, elf, *option)
            if done.returncode or program_lines(file.read_text()) != program_lines(LOG):
                file.rename(out / "log")
                return fail(f"our log is not Spike's: see {out / 'log'} and spike.log")
    stderr = run(sim, elf, "--log-commits=spike+v").stderr
    marked = program_lines(stderr[stderr.index("core"):])
    if [line.replace("v ", " ", 1) for line in marked] != program_lines(LOG):
        return fail("spike+v differs in more than the mark")
    modes = {line.split()[2] for line in marked}
    if modes != {"3", "1", "1v", "0v"}:
        return fail(f"spike+v: modes {sorted(modes)}")
    return 0


def write_fifo(path):
    with open(path, "w") as fifo:
        fifo.write(LOG)


def test_equal(sim, out):
    elf = out / "commits.elf"
    with tempfile.TemporaryDirectory() as folder:
        fifo = pathlib.Path(folder) / "fifo"
        os.mkfifo(fifo)
        writer = threading.Thread(target=write_fifo, args=(fifo,))
        writer.start()
        runs = [run(sim, elf, f"--lockstep={HERE / 'spike.log'}"),
                run(sim, elf, "--lockstep=-", input=LOG), run(sim, elf, "--lockstep", fifo)]
        writer.join()
    for done in runs:
        equal = f"rvh-sim: lockstep: equal, {len(program_lines(LOG))} instructions; the end: poweroff (HTIF)\n"
        if done.returncode or equal not in done.stderr:
            return fail(f"status {done.returncode}, expected {equal!r} in:\n{done.stderr}")
    cut = "".join(LOG.splitlines(True)[:100])
    done = run(sim, elf, "--lockstep=-", input=cut + LOG.splitlines(True)[100][:30])
    if done.returncode or "equal to the end of the log, 95 instructions; the program goes on" not in done.stderr:
        return fail(f"a log that was cut: {done.stderr}")
    return 0


# name: (text of a line, what replaces it). The line is the first that contains the text.
CHANGES = {
    "pc": ("(0x00843683)", lambda line: line.replace("3 0x0000000080000", "3 0x0000000080001")),
    "privilege": ("(0x10016073)", lambda line: line.replace(": 1 ", ": 0 ")),
    "instruction": ("(0x02d68733)", lambda line: line.replace("0x02d68733", "0x02d68734")),
    "value of x": ("(0x00843683)", lambda line: line.replace("0x4008000000000000", "0x4008000000000001")),
    "value of f": ("(0x00843007)", lambda line: line.replace("f0  0x4008", "f0  0x4009")),
    "value of a CSR": ("c770_medeleg", lambda line: line.replace("f0b508", "f0b50a")),
    "a CSR that is not written": ("c773_mtvec", lambda line: line.split(" c773")[0] + "\n"),
    "a CSR that is written": ("(0x34051073)", lambda line: line.replace("\n", " c835_mtval 0x0000000000000000\n")),
    "address of a load": ("(0x00843683)", lambda line: line.replace("mem 0x0000000080001008", "mem 0x0000000080001010")),
    "value of a store": ("(0x00d42a23)", lambda line: line[:-2] + ("0" if line[-2] != "0" else "1") + "\n"),
    "size of a store": ("(0x00d42a23)", lambda line: line[:-9] + line[-5:]),
    "an access less": ("(0x00d42a23)", lambda line: line.split(" mem")[0] + "\n"),
    "a line less": ("(0x02d68733)", lambda line: ""),
    "a line twice": ("(0x02d68733)", lambda line: line * 2),
}


def changed_log(text, change):
    lines = LOG.splitlines(True)
    index = next(i for i, line in enumerate(lines) if text in line)
    new = change(lines[index])
    assert new != lines[index], text
    return "".join(lines[:index] + [new] + lines[index + 1:])


def spike_traps():
    """Spike takes a trap where we do not: the next line is its handler's."""
    lines = LOG.splitlines(True)
    at = next(i for i, line in enumerate(lines) if "(0x0ff0000f)" in line)
    handler = next(i for i, line in enumerate(lines) if "(0x34202573)" in line)
    cause = lines[handler].replace("0x000000000000000b", "0x0000000000000002")
    return "".join(lines[:at] + [cause] + lines[handler + 1:handler + 3])


def we_trap():
    """Spike executes what traps here: the ecall."""
    lines = LOG.splitlines(True)
    at = next(i for i, line in enumerate(lines) if "(0x34202573)" in line)
    pc = int(lines[at - 1].split()[3], 16) + 4
    return "".join(lines[:at] + [f"core   0: 3 0x{pc:016x} (0x00000073)\n"] + lines[at:])


def differences(sim, out):
    """Everything that is said of each changed log; of the state at the end only the first time."""
    text = ""
    logs = {name: changed_log(*change) for name, change in CHANGES.items()}
    logs |= {"a trap that only Spike takes": spike_traps(), "a trap that only we take": we_trap()}
    for name, log in logs.items():
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "changed.log").write_text(log)
            done = run(sim, out / "commits.elf", "--lockstep=changed.log", cwd=folder)
        said = done.stderr.split("\n", 1)[1]
        if text:
            said = said.split("  the state here now")[0]
        if name != "pc":
            before, last = said.split("  the last equal ones:\n")
            said = before + "".join(line for line in last.splitlines(True) if not line.startswith("  core"))
        text += f"== {name}: status {done.returncode}\n{said}"
    return text


def test_differs(sim, out):
    said, expected = differences(sim, out), (HERE / "differs.expected").read_text()
    if said == expected:
        return 0
    (out / "differs").write_text(said)
    return fail(f"compare {out / 'differs'} with {HERE / 'differs.expected'}")


LINE = "core   0: 3 0x0000000080000000 (0x00000093) x1  0x0000000000000000\n"
MALFORMED = [
    ("", "log: there is no instruction in it"),
    ("hello\n", "log, line 1, column 1: a line begins with 'core': 'hello'"),
    ("core   x\n", "log, line 1, column 8: the number of the core should follow, then ': ': 'core   x'"),
    ("core   0: 2 0x\n", "log, line 1, column 12: the privilege should follow: 0, 1 or 3: 'core   0: 2 0x'"),
    ("core   0: 3 0x80000000 (0x13)\n",
     "log, line 1, column 23: the pc should follow, with 64 bits: 'core   0: 3 0x80000000 (0x13)'"),
    (LINE.replace("(", "["), "log, line 1, column 31: the instruction's bits should follow, in parentheses: "
     "'core   0: 3 0x0000000080000000 [0x00000093) x1  0x0000000000000000'"),
    (LINE.replace("x1 ", "x32"), "log, line 1, column 48: no such register: "
     "'core   0: 3 0x0000000080000000 (0x00000093) x32 0x0000000000000000'"),
    (LINE.replace("x1 ", "q1 "), "log, line 1, column 45: neither a register nor a memory access: "
     "'core   0: 3 0x0000000080000000 (0x00000093) q1  0x0000000000000000'"),
    (LINE.replace("000\n", "00\n"), "log, line 1, column 66: a value of 64 bits should follow: "
     "'core   0: 3 0x0000000080000000 (0x00000093) x1  0x000000000000000'"),
    (LINE.replace("x1  0x0000000000000000", "mem 5"), "log, line 1, column 49: an address should follow: "
     "'core   0: 3 0x0000000080000000 (0x00000093) mem 5'"),
    (LINE.replace("core   0", "core   1"), "log, line 1: there is no hart 1 here"),
    (LINE[:40], "log, line 1, column 1: the line does not end: 'core   0: 3 0x0000000080000000 (0x000000'"),
]
WAYS_OUT = ("the log is what spike --log-commits --log=FILE writes (docs/lockstep.md)",
            "give the log of spike --log-commits --log=FILE",
            "give the machine as many as Spike had (-p): -smp N")


def test_malformed(sim, out):
    for text, message in MALFORMED:
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "log").write_text(text)
            done = run(sim, out / "commits.elf", "--lockstep=log", cwd=folder)
        said = [line for line in done.stderr.splitlines() if "ELF at" not in line]
        expected = f"rvh-sim: error: --lockstep: {message}"
        if done.returncode != USAGE or said[0] != expected or said[1][9:] not in WAYS_OUT or len(said) != 2:
            return fail(f"of {text!r}: status {done.returncode}\nexpected {expected}\nfound    " +
                        "\n         ".join(said))
    done = run(sim, out / "commits.elf", "--lockstep=/nonexistent")
    if done.returncode != USAGE or "give a file that can be read" not in done.stderr:
        return fail(f"no file: {done.stderr}")
    done = run(sim, out.parent.parent / "roms" / "02-emulate.elf", "--lockstep=-", input=LOG)
    if done.returncode != USAGE or "give a program for a bare machine" not in done.stderr:
        return fail(f"built-in SBI: {done.stderr}")
    done = run(sim, out / "commits.elf", "--log-commits=qemu")
    if done.returncode != USAGE or "give spike or spike+v" not in done.stderr:
        return fail(f"no format: {done.stderr}")
    return 0


def lessons(roms):
    """(name, ELF with firmware, console) of each lesson that runs on a bare machine."""
    for elf in sorted(pathlib.Path(roms).glob("*-bare.elf")):
        name = elf.name.removesuffix("-bare.elf")
        yield name, elf, HERE.parent.parent / "roms" / name / "console.expected"


def test_bare(sim, out, roms):
    count = 0
    for name, elf, expected in lessons(roms):
        done = run(sim, elf, stdin=subprocess.DEVNULL)
        if done.returncode or done.stdout != expected.read_text():
            return fail(f"{name}: status {done.returncode}\n{done.stdout}{done.stderr}")
        count += 1
    return 0 if count >= 12 else fail(f"only {count} lessons")


def beside_spike(sim, spike, elf):
    """Lockstep with Spike itself, through a FIFO."""
    with tempfile.TemporaryDirectory() as folder:
        fifo = pathlib.Path(folder) / "fifo"
        os.mkfifo(fifo)
        command = [spike, "-m128", f"--isa={ISA}", "--triggers=0", "--log-commits", f"--log={fifo}", elf]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as other:
            done = run(sim, elf, f"--lockstep={fifo}", stdin=subprocess.DEVNULL)
            try: # it ends by itself, unless there was a difference; it may not survive a SIGTERM then
                other.wait(timeout=5)
            except subprocess.TimeoutExpired:
                other.kill()
    good = done.returncode == 0 and "lockstep: equal, " in done.stderr
    print(f"{'ok  ' if good else 'FAIL'} {elf.name}" + ("" if good else f"\n{done.stderr}"))
    return good


def random_programs(out, count):
    write = out.parent / "fuzz" / "write-program"
    for seed in range(1, count + 1) if write.exists() else ():
        elf = out / f"random-{seed}.elf"
        subprocess.run([write, str(seed), "0", elf], check=True)
        yield elf


def test_spike(sim, out, roms):
    spike = os.environ.get("SPIKE") or shutil.which("spike")
    if not spike:
        print("skipped: no spike in PATH, and SPIKE is not set")
        return SKIP
    elfs = [out / "commits.elf"]
    # The timer lesson with two VMs is 20 million instructions of waiting on Spike's clock.
    elfs += [elf for name, elf, _ in lessons(roms) if name != "10-two-vms"]
    elfs += random_programs(out, 10)
    return 0 if all([beside_spike(sim, spike, elf) for elf in elfs]) else 1


def main(sim, out, part, *more):
    out = pathlib.Path(out).resolve()
    sim = str(pathlib.Path(sim).resolve())
    if part == "update":
        (HERE / "differs.expected").write_text(differences(sim, out))
        return 0
    return {"log": test_log, "equal": test_equal, "differs": test_differs, "malformed": test_malformed,
            "bare": test_bare, "spike": test_spike}[part](sim, out, *more)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
