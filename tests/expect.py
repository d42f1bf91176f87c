#!/usr/bin/env python3
"""--expect, --report and --record-expect from outside, on the lessons of roms/.

  expect.py RVH_SIM ROMS_DIR lesson NAME   roms/NAME/trap.expect holds, and so does a recorded draft
  expect.py RVH_SIM ROMS_DIR wrong         wrong expectations: exit code 125 and the right message
  expect.py RVH_SIM ROMS_DIR bad-files     files that are none: file, line, word, way out; code 126
  expect.py RVH_SIM ROMS_DIR reports       TAP and JUnit
  expect.py RVH_SIM ROMS_DIR page          the examples of docs/expect.md, the message included
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "roms"
EXPECT, USAGE = 125, 126
LESSON = "02-emulate"  # enter, exit 2, resume +4, exit 21, resume +4, exit sbi legacy shutdown

# What one file says, and what must be said of it (a regular expression).
WRONG = [
    ("enter VS\nexit cause=21 gpa=0x48\n",
     r"x\.expect:2: expected: exit cause=21 gpa=0x48\n"
     r"  came instead: insn \d+ VS->HS: exit cause=load-guest-page-fault gpa=0x40 tval=0x40 .* "
     r"\(gpa is 0x40\)\n  the transitions before:\n"
     r"    insn \d+ HS->VS: enter pc=guest_start\n"
     r"    insn \d+ VS->HS: exit cause=illegal-instruction .*\n"
     r"    insn \d+ HS->VS: resume \+4 pc=guest_load\n  the run ended: poweroff "),
    ("resume +4 gpr a1=0x1235\n", r"resume \+4 pc=guest_load \(a1 is 0x1234\)"),
    ("resume +8\n", r"\(pc is guest_load, \+4 from the exit's\)"),
    ("enter VU\n", r"\(to is VS\)"),
    ("strict\nenter VS pc=guest_load\n", r"\(pc is guest_start\)"),
    ("exit cause=21\nexit cause=2\n", r"x\.expect:2: .*\n  came instead: .*\(cause is 10 ecall-from-VS\)"),
    ("exit int=6\n", r"\(int=|\(cause is 2 illegal-instruction\)"),
    ("exit sbi SRST\n", r"\(another SBI call\)|\(no SBI call\)"),
    ("trap VU->VS\n", r"came instead: none of its kind"),
    ("strict\nenter VS\nexit cause=21\n",
     r"x\.expect:3: expected: exit cause=21\n  came instead: .*\(cause is 2 illegal-instruction\)\n"
     r"  the line is strict: nothing else may come before it\n[\s\S]*1 of 2 lines held, 1 failed"),
    ('console "no such text"\n', r'came instead: "\.\.\.[^"]*Shutdown vm normally!\\n"\n'),
    ('console "Shutdown"\nconsole "exit"\n', r'x\.expect:2: .*\n  came instead: " vm normally!\\n"'),
    ("poweroff 3\n", r"came instead: exit code 0\n"),
    ("count exits <= 2\n", r"came instead: 3 already\n"),
    ("count exits >= 4\n", r"came instead: 3\n"),
    ("count exits cause=2 == 0\n", r"came instead: 1 already\n"),
    ("enter VS\nexit cause=2 within 0 insns\n", r"nothing within 0 insns; 1 have passed"),
    ("forbid exit cause=21\n", r"came all the same: insn \d+ VS->HS: exit cause=load-guest-page-fault"),
    ('forbid console "vm norm"\n', r"came all the same: the text\n"),
]

# Content (None: a directory), and what must be said after "rvh-sim: error: x.expect".
LONG = b"exit " + b"x" * 5000
BAD_FILES = [
    (None, r": is a directory\nrvh-sim: name a file in it\n"),
    (b"", r":1: nothing is expected\n"),
    (b"# only a comment\n", r":1: nothing is expected\n"),
    (b"enter VS\nexit case=2\n", r":2: 'case=2': not known here\nrvh-sim: exit takes cause= int= "),
    (b"entre VS\n", r":1: 'entre': no line begins so\nrvh-sim: lines begin with enter, exit, "),
    (b"exit cause=\n", r":1: 'cause=': the value is missing\n"),
    (b"exit cause=spam\n", r":1: 'cause=spam': no such exception\nrvh-sim: give its number or name"),
    (b"exit cause=VS-timer-interrupt\n", r":1: .*\nrvh-sim: it is an interrupt: write int= "),
    (b"exit cause=2 cause=3\n", r":1: 'cause=3': the same is said twice\n"),
    (b"exit cause=2 int=3\n", r":1: .*can never hold\n"),
    (b"exit gpa=99999999999999999999\n", r":1: 'gpa=99999999999999999999': no number of 64 bits\n"),
    (b"exit gpa=0x\n", r":1: 'gpa=0x': no number"), (b"exit gpa=-1\n", r":1: 'gpa=-1': no number"),
    (b"count exits <= 99999999999G\n", r":1: '99999999999G': no number of 64 bits\n"),
    (b"count exits <=\n", r":1: '<=': the number is missing\n"),
    (b"count exits 5\n", r":1: '5': not known here"), (b"count\n", r":1: 'count': cannot be watched\n"),
    (b"count exits\n", r":1: 'count exits': no comparison\n"),
    (b"forbid\n", r":1: 'forbid': cannot be watched\n"),
    (b"forbid exit same-pc\n", r":1: 'same-pc': says nothing without repeat>N\n"),
    (b"forbid exit repeat>\n", r":1: 'repeat>': no number"),
    (b"forbid hint A B\n", r":1: 'B': one word too many\n"),
    (b"enter HS\n", r":1: 'HS': no guest mode\n"), (b"trap VS->HS\n", r":1: 'VS->HS': not from guest to"),
    (b"resume 4\n", r":1: '4': not known here\n"), (b"resume +\n", r":1: '\+': no number"),
    (b"resume gpr\n", r":1: 'gpr': REG=VALUE is missing"),
    (b"resume gpr q0=1\n", r":1: 'q0=1': REG=VALUE is missing behind gpr\n"),
    (b"exit sbi\n", r":1: 'sbi': the extension is missing\n"),
    (b"exit sbi SPAM\n", r":1: 'SPAM': no such SBI extension\n"),
    (b"exit sbi base set_timer\n", r":1: 'set_timer': no such function"),
    (b"exit pc=no_such_symbol\n", r":1: 'no_such_symbol': no such symbol in the program\n"),
    (b"exit in=\n", r":1: 'in=': the value is missing\n"),
    (b"exit within\n", r":1: 'within': the number is missing\n"),
    (b"exit within 5\n", r":1: '5': insns is missing\n"),
    (b"poweroff 124\n", r":1: '124': no exit code of a guest\n"),
    (b"poweroff\npoweroff\n", r":2: 'poweroff': a run ends once\n"),
    (b"console\n", r":1: 'console': a text in quotes is missing\n"),
    (b'console "\n', r":1: the text '' has no end\n"), (b'console ""\n', r":1: '': the text is empty\n"),
    (b'console "\\', r":1: unknown escape"), (b'console "\\x0"\n', r":1: unknown escape"),
    (b'console "\\x00"\n', r":1: unknown escape"), (b'console "a" "b"\n', r":1: 'b': one word too many\n"),
    (b'exit "a"\n', r":1: 'a': a text does not belong here\n"),
    (b"strict exit\n", r":1: 'exit': one word too many\n"),
    (b"exit\0cause=2\n", r":1: a NUL byte in the line\n"), (bytes(4096), r":1: a NUL byte in the line\n"),
    (b"exit\x1b[31m\n", r":1: a control character \(0x1b\) in the line\n"),
    (b"exit\n\xff\xfe\n", r":2: the line is not UTF-8 text\n"),
    (LONG, r":1: the line has 5005 bytes\n"), (b"exit\n" + b"#" * 2001, r":2: the line has 2001 bytes\n"),
    (b"exit " + b"y" * 1900, r":1: 'y{40}\.\.\.': not known here\n"),
    (b"exit %s%n%s%n\n", r":1: '%s%n%s%n': not known here\n"),
    (b"exit\n" * 60000, r": is longer than 256 KiB\n"),
    (b"\x7fELF" + bytes(range(256)) * 10, r":1: "),
]


class Runner:
    def __init__(self, program, roms):
        self.program, self.roms = pathlib.Path(program).resolve(), pathlib.Path(roms).resolve()

    def __call__(self, folder, *options, lesson=LESSON):
        return subprocess.run([self.program, self.roms / f"{lesson}.elf", "--limit-insns=100M", *options],
                              cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def check_lesson(run, folder, lesson):
    file = SOURCES / lesson / "trap.expect"
    done = run(folder, f"--expect={file}", "--record-expect=draft", lesson=lesson)
    if done.returncode != 0:
        yield f"{file}: exit code {done.returncode}\n{done.stderr}"
    done = run(folder, "--expect=draft", lesson=lesson)
    if done.returncode != 0:
        yield f"the draft does not hold for its own run: exit code {done.returncode}\n{done.stderr}"


def check_wrong(run, folder):
    for content, said in WRONG:
        (folder / "x.expect").write_text(content)
        done = run(folder, "--expect=x.expect")
        if done.returncode != EXPECT or not re.search(said, done.stderr):
            yield f"{content!r}: exit code {done.returncode}, said:\n{done.stderr}"


def check_bad_files(run, folder):
    for content, said in BAD_FILES:
        path = folder / "x.expect"
        if content is not None:
            path.write_bytes(content)
        else:
            path.mkdir()
        done = run(folder, "--expect=x.expect")
        if done.returncode != USAGE or not re.search(r"rvh-sim: error: x\.expect" + said, done.stderr):
            yield f"{content!r:.80}: exit code {done.returncode}, said:\n{done.stderr}"
        if done.stdout or not re.search(r"\nrvh-sim: .+\n$", done.stderr):
            yield f"{content!r:.80}: no way out, or output: {done.stdout}{done.stderr}"
        if content is None:
            path.rmdir()
    for name in ("missing.expect", "/dev/zero"):
        done = run(folder, f"--expect={name}")
        if done.returncode != USAGE or not done.stderr.startswith(f"rvh-sim: error: {name}: "):
            yield f"{name}: exit code {done.returncode}, said:\n{done.stderr}"


def check_reports(run, folder):
    (folder / "x.expect").write_text('enter VS # in\nexit cause=21 gpa=0x41\nconsole "a<&\\"#b"\npoweroff 0\n')
    done = run(folder, "--expect=x.expect", "--report=tap")
    tap = done.stdout[done.stdout.find("TAP"):].splitlines()
    want = ["TAP version 13", "1..4", "ok 1 - x.expect:1: enter VS", "not ok 2 - x.expect:2: exit cause=21 gpa=0x41",
            "  ---", "  message: |"]
    if tap[:6] != want or "  ..." not in tap or not tap[-2].endswith("# SKIP not reached") or tap[-2].count(" #") != 1:
        yield "TAP:\n" + "\n".join(tap)
    done = run(folder, "--expect=x.expect", "--report=junit:out.xml")
    suite = xml.etree.ElementTree.parse(folder / "out.xml").getroot().find("testsuite")
    if (suite.get("tests"), suite.get("failures"), suite.get("skipped")) != ("4", "1", "1"):
        yield f"JUnit: {suite.attrib}"
    if done.returncode != EXPECT or "gpa is 0x40" not in suite.find("testcase/failure").text:
        yield f"JUnit: exit code {done.returncode}\n{(folder / 'out.xml').read_text()}"
    done = run(folder, "--report=tap")
    if done.returncode != USAGE or "--expect FILE" not in done.stderr:
        yield f"a report of nothing: {done.stderr}"


def check_page(run, folder):
    """Files marked as such can be read, the first is lesson 02's; the message is a real one."""
    text = (SOURCES.parent / "docs/expect.md").read_text()
    examples = re.findall(r"```expect\n(.*?)```", text, re.DOTALL)
    lesson = (SOURCES / LESSON / "trap.expect").read_text()
    if examples[0] != "".join(lesson.splitlines(True)[1:]):  # without its heading
        yield "the first example is not lesson 02's"
    for example in examples:
        (folder / "x.expect").write_text(example)
        if run(folder, "--expect=x.expect").returncode not in (0, EXPECT):
            yield f"cannot be used:\n{example}"
    (folder / "lab.expect").write_text("enter VS\n\nexit cause=load-guest-page-fault gpa=0x48\nresume\n")
    said = re.search(r"lab[\s\S]*", run(folder, "--expect=lab.expect").stderr)[0]
    if no_counts(said) not in no_counts(text):
        yield f"the message is not on the page:\n{said}"


def no_counts(text):
    """Instruction counts are another compiler's."""
    return re.sub(r"insn \d+", "insn N", text)


def main(arguments):
    checks = {"lesson": check_lesson, "wrong": check_wrong, "bad-files": check_bad_files,
              "reports": check_reports, "page": check_page}
    if len(arguments) < 3 or arguments[2] not in checks:
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        run = Runner(*arguments[:2])
        failures = list(checks[arguments[2]](run, pathlib.Path(folder), *arguments[3:]))
    print("\n".join(failures) or "as expected")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
