#!/usr/bin/env python3
"""Debian's OpenSBI by -bios, starting lessons of roms/ in HS-mode at 0x80200000.

  firmware.py RVH_SIM ROMS_DIR FIRMWARE HARTS

FIRMWARE is a file name of the package opensbi (fw_jump.bin). The console must end with what the
lesson prints on the built-in SBI; and the firmware's part in the guest's illegal instruction of
02-emulate (taken in M, handed on to HS by mret) must be in the trace.
"""
import pathlib
import re
import sys

import artefacts
import sim

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent / "roms"
LESSONS = ["01-enter-leave", "02-emulate", "07-two-stage", "09-timer-sstc"]
LIMIT = "100M"

BANNER = [r"OpenSBI v\d", r"Domain0 Next Address +: 0x0*80200000", r"Domain0 Next Mode +: S-mode",
          r"Boot HART Base ISA +: rv64imafdch", r"Boot HART MIDELEG +: 0x0*3666",
          r"Boot HART ISA Extensions +: .*sscofpmf", r"Boot HART MHPM (Count|Info) +: 8"]

# The guest's csrr is illegal there: to M, by the firmware to HS, answered, and back in the guest.
STEPS = [r"VS->M +EXIT .* 2 illegal-instruction  csrr a1,mhartid",
         r"M->HS +xret .* mret  MPV=0 MPP=1 .* vm_exit",
         r"HS->VS +ENTER .* handled in \d+ insns, sepc\+4",
         r"VS->HS +EXIT .* 21 load-guest-page-fault",
         r"HS->VS +ENTER .* handled in \d+ insns, sepc\+4",
         r"VS->HS +EXIT .* 10 ecall-from-VS"]


def check(run, lesson, harts):
    """What is wrong with the run."""
    if run.status != 0:
        yield "exit code 0"
    for pattern in [*BANNER, rf"Platform HART Count +: {harts}\n"]:
        if not re.search(pattern, run.console):
            yield f"the firmware to print '{pattern}'"
    start = run.console.find(f"[{lesson}]\n")
    said = run.console[start:] if start >= 0 else ""
    expected = (SOURCES / lesson / "console.expected").read_text()
    if said != expected:
        yield f"the lesson to print\n{expected}instead of\n{said}"
    steps = iter(run.trace.splitlines())
    for pattern in STEPS if lesson == "02-emulate" else []:
        if not any(re.search(pattern, line) for line in steps):
            yield f"the trace to have, after the steps before it, '{pattern}':\n{run.trace}"
            break


def main(arguments):
    if len(arguments) != 4:
        print(__doc__)
        return 2
    program, folder, firmware, harts = arguments
    try:
        bios = artefacts.installed_opensbi(firmware)
    except artefacts.Missing as problem:
        print(problem)
        return 1
    failed = 0
    for lesson in LESSONS:
        run = sim.simulate(program, ["-bios", bios, "-kernel", f"{folder}/{lesson}.elf",
                                     "-smp", harts], LIMIT)
        problems = list(check(run, lesson, harts))
        print(f"{'FAIL' if problems else 'ok  '} {lesson}: {run.cost()}")
        if problems:
            print(sim.failure(run, problems))
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
