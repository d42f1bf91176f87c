"""Runs rvh-sim on whole systems: bounded by instructions, not by time; says what it cost."""
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import tempfile

HANG = 900  # seconds: only for a simulator that does not even count instructions


@dataclasses.dataclass
class Run:
    status: int
    console: str  # without carriage returns
    messages: str
    trace: str
    instructions: int  # of the hart that executed most
    user: float  # seconds of the host

    def cost(self):
        rate = self.instructions / self.user / 1e6 if self.user else 0
        return f"{self.instructions} instructions, {self.user:.2f} s user, {rate:.0f} MIPS"


def instructions_of(trace):
    found = re.search(r"^# end: .* after (\d+) insns", trace, re.MULTILINE)
    return int(found[1]) if found else 0


def simulate(program, arguments, limit, typed=None, hang=HANG):
    """typed: what is in the pipe on standard input from the start; None: nothing will come."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: pathlib.Path(folder) / name for name in ("trace", "out", "err")}
        with open(files["out"], "wb") as out, open(files["err"], "wb") as err:
            child = subprocess.Popen(
                [pathlib.Path(program).resolve(), *map(str, arguments), f"--limit-insns={limit}", "--trace-traps",
                 f"--trace-file={files['trace']}"],
                stdin=subprocess.DEVNULL if typed is None else subprocess.PIPE, stdout=out, stderr=err)
            if typed is not None:
                child.stdin.write(typed.encode())
                child.stdin.close()
            signal.signal(signal.SIGALRM, lambda *_: child.kill())
            signal.alarm(hang)
            _, status, usage = os.wait4(child.pid, 0)  # not wait(): the times are this child's alone
            signal.alarm(0)
            child.returncode = os.waitstatus_to_exitcode(status)
        text = {name: path.read_text(errors="replace") if path.exists() else ""
                for name, path in files.items()}
    return Run(child.returncode, text["out"].replace("\r", ""), text["err"], text["trace"],
               instructions_of(text["trace"]), usage.ru_utime)


def failure(run, problems):
    """The text of a failed test: what was expected, then everything the machine said."""
    return "\n".join([*(f"expected {p}" for p in problems), "---- console", run.console.rstrip(),
                      "---- messages", run.messages.rstrip(), f"---- exit code {run.status}, {run.cost()}"])
