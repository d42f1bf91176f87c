"""Types into a machine through a terminal, as a person does: waits for what is on the screen.

The simulator has a pseudo-terminal of its own as its controlling terminal, so it sets it to raw mode, and
is paced to the host's time when every hart waits. A run is bounded by instructions; a time limits only how
long nothing at all may be on the screen.
"""
import os
import pathlib
import pty
import re
import select
import signal

import sim

ESCAPE = re.compile(r"\x1b\[[0-9;?!]*[a-zA-Z]|\r")  # colours, questions to the terminal, and returns
SILENCE = 600  # seconds; a busy machine may take long over a boot


class Stuck(Exception):
    """What was waited for did not come; the text says what."""


class Typist:
    def __init__(self, program, arguments, limit):
        command = [pathlib.Path(program).resolve(), *arguments, f"--limit-insns={limit}", "--stats=json"]
        command = list(map(str, command))
        self.bytes, self.screen, self.seen = b"", "", 0
        self.status, self.user = None, 0.0
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def _reap(self):
        _, status, usage = os.wait4(self.pid, 0)
        os.close(self.file)
        self.status, self.user = os.waitstatus_to_exitcode(status), usage.ru_utime

    def _more(self, wanted):
        """Reads on; False: the machine has ended."""
        if not select.select([self.file], [], [], SILENCE)[0]:
            raise Stuck(f"{wanted!r}, within {SILENCE} s without anything on the screen")
        try:
            data = os.read(self.file, 65536)
        except OSError:  # how Linux says that the other side is closed
            data = b""
        self.bytes += data
        self.screen = ESCAPE.sub("", self.bytes.decode(errors="replace"))
        return bool(data)

    def wait_for(self, pattern):
        """Until a pattern is on the screen, behind what was waited for before. Returns the match."""
        while not (found := re.compile(pattern, re.MULTILINE).search(self.screen, self.seen)):
            if not self._more(pattern):
                raise Stuck(f"{pattern!r} before the machine ended")
        self.seen = found.end()
        return found

    def type(self, text):
        os.write(self.file, text.encode())

    def end(self):
        """Waits for the machine's own end. Returns the run."""
        while self._more("the end"):
            pass
        self._reap()
        return self.run()

    def run(self):
        found = re.search(r'^{"rec":"stats","instructions":(\d+)', self.screen, re.MULTILINE)
        return sim.Run(self.status, self.screen, "", "", int(found[1]) if found else 0, self.user)

    def processor(self):
        """Seconds that the simulator has had a processor up to now, and that it was kept waiting for one."""
        try:
            had, waited, _ = pathlib.Path(f"/proc/{self.pid}/schedstat").read_text().split()
            return int(had) / 1e9, int(waited) / 1e9
        except FileNotFoundError:  # a kernel without CONFIG_SCHED_INFO
            fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 0.0


def session(program, arguments, limit, script):
    """Runs script(typist), then waits for the end. Returns the run, and what is wrong or None."""
    with Typist(program, arguments, limit) as typist:
        try:
            script(typist)
            return typist.end(), None
        except Stuck as problem:
            reason = str(problem)
    return typist.run(), reason
