"""measure - a simulator, a program of bench/, and one run of the two: user-CPU time, memory, its report."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

REPORT = re.compile(rb"(\w+): (\d+) (\w+), checksum ([0-9a-f]+)\s+\1: instret (\d+)")
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.M)
POLL = 0.01
# As tests/lockstep/run.py has it.
SPIKE_ISA = ("rv64gch_zicntr_zihpm_zicbom_zicboz_zicbop_zawrs_zfa_smmpm_smnpm_ssnpm_"
             "sstc_svadu_svpbmt_svnapot_svinval_zicclsm_zba_zbb_zbc_zbs")


class Failure(Exception):
    pass


def peak_of(pid):
    """The most memory a process had, in bytes; not wait4's ru_maxrss, which begins with what Python had."""
    try:
        m = PEAK.search(pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(m[1]) << 10 if m else 0


def run(command, seconds):
    """Runs a command; its output, its user-CPU seconds (wait4: this child alone), its peak memory."""
    peak = 0
    with tempfile.TemporaryFile() as out:
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        end = time.monotonic() + seconds
        while True:
            pid, status, usage = os.wait4(p.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                p.kill()
                os.wait4(p.pid, 0)
                p.returncode = -9
                raise Failure(f"no end after {seconds} s: {' '.join(command)}")
            peak = max(peak, peak_of(p.pid))
            time.sleep(POLL)
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if p.returncode:
        raise Failure(f"status {p.returncode}: {' '.join(command)}\n{text[-500:].decode(errors='replace')}")
    return text, usage.ru_utime, peak


def report(who, workload, text):
    """What the program printed at its end."""
    m = REPORT.search(text)
    if not m:
        raise Failure(f"{who}: no report of {workload}:\n{text[-500:].decode(errors='replace')}")
    return {"n": int(m[2]), "unit": m[3].decode(), "checksum": int(m[4], 16), "instret": int(m[5])}


class Simulator:
    """How a simulator is called: its words for memory, harts, a program, and what that is told."""
    suffix = ""

    def __init__(self, name, command, seconds):
        self.name, self.command, self.seconds = name, command, seconds
        self.start = 0.0

    def words(self, elf, told, megabytes, harts):
        words = self.command + ["-m", f"{megabytes}M", "-smp", str(harts), "-kernel", elf]
        return words + (["-append", told] if told else [])

    def call(self, folder, program, told="", megabytes=128, harts=1):
        return self.words(f"{folder}/{program}{self.suffix}.elf", told, megabytes, harts)

    def run_empty(self, folder):
        return run(self.call(folder, "empty"), self.seconds)[1]

    def run(self, folder, program, **how):
        text, user, peak = run(self.call(folder, program, **how), self.seconds)
        result = report(self.name, program, text)
        return result | {"user": max(user - self.start, 1e-6), "peak": peak}


class Rvh(Simulator):
    def statistics(self, folder, program, **how):
        """The counts of --stats, and the program's own report."""
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            text = run(self.call(folder, program, **how) + [f"--stats=json:{out.name}"], self.seconds)[0]
            return json.load(out) | report(self.name, program, text)


class Spike(Simulator):
    """Runs programs with firmware of their own."""
    suffix = "-bare"

    def words(self, elf, told, megabytes, harts):
        words = self.command + [f"-m{megabytes}", f"-p{harts}", f"--isa={SPIKE_ISA}"]
        return words + ([f"--bootargs={told}"] if told else []) + [elf]


def rvh(program, seconds):
    return Rvh("rvh", [program], seconds)


def qemu(program, seconds):
    return Simulator("qemu", [program, "-machine", "virt", "-cpu", "rv64,h=true", "-display", "none",
                              "-monitor", "none", "-serial", "stdio"], seconds)


def spike(program, seconds):
    return Spike("spike", [program], seconds)


def version(sim):
    """The first line of --version, or of Spike's --help."""
    option = "--help" if sim.name == "spike" else "--version"
    done = subprocess.run(sim.command[:1] + [option], capture_output=True, text=True, check=False)
    text = (done.stdout + done.stderr).strip()
    return text.splitlines()[0] if text else f"{sim.name}, unknown version"
