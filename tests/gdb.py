#!/usr/bin/env python3
"""Debian's gdb-multiarch against the stub: whole sessions, command by command.

  gdb.py RVH_SIM ROMS_DIR

Each step is a gdb command and a regular expression that must be found in what it prints.
Exits with 77 (skipped) where gdb-multiarch is not installed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ECALL = 0x00000073
SRET = 0x10200073
MARK = "@@@step "

# From the guest's ecall into the handler and through sret back, on the lesson whose guest prints.
ECALL_AND_BACK = [
    ("monitor break-on cause=10", r"stops at traps with cause 10"),
    ("continue", r"SIGINT[\s\S]*vm_exit"),
    ("monitor break-on off", r"stops at no transition"),
    ("p $vmode", r"= HS"),
    ("set $ecall = (unsigned long)$hs_sepc", r""),
    ("hbreak *$ecall if $vmode == 5", r"Hardware assisted breakpoint 1"),
    ("continue", r"Breakpoint 1,"),
    ("p $vmode", r"= VS"),
    ("p (unsigned long)$pc == $ecall", r"= 1"),
    ("stepi", r"vm_exit"),
    ("p $vmode", r"= HS"),
    ("p $scause", r"= ecall_from_VS"),
    ("p $hs_scause", r"= ecall_from_VS"),
    ("p (unsigned long)$sepc == $ecall", r"= 1"),
    ("info registers hstatus", r"0x\w+\s+\[ .*SPV.*VSXL=2 .*\]"),
    ("monitor why", r"VS->HS +EXIT[\s\S]*10 ecall-from-VS[\s\S]*wrote +sepc="),
    (f"find /w1 vm_run, +0x200, {SRET:#x}", r"1 pattern found"),
    ("hbreak *$_ if $hstatus & 0x80", r"Hardware assisted breakpoint 2"),
    ("continue", r"Breakpoint 2,"),
    ("p $vmode", r"= HS"),
    ("stepi", r""),
    ("p $vmode", r"= VS"),
    ("p (unsigned long)$pc == $ecall + 4", r"= 1"),
    ("monitor why", r"HS->VS +ENTER[\s\S]*mode +V:=SPV=1"),
    ("delete", r""),
    ("continue", r"exited normally"),
]

# What gdb shows of a guest that faults, and of its hypervisor, while V=1.
LOOK_AROUND = [
    ("p $vmode", r"= HS"),
    ("info threads", r'Thread 1 "hart 0" \(HS-mode\)'),
    ("p $hgatp.MODE", r"= Bare"),
    # HS-mode comes by here, VS-mode never does
    ("break *vm_exit if $vmode == 5", r"Breakpoint 1"),
    # the hypervisor's copy of the guest's a1, when it emulates csrr a1,mhartid
    ("watch vcpu.x[11]", r"Hardware watchpoint 2"),
    ("continue", r"Hardware watchpoint 2: vcpu.x\[11\][\s\S]*New value = 4660"),
    ("delete 2", r""),
    ("break *guest_load if $vmode == 5", r"Breakpoint 3 at 0x80400004"),
    ("continue", r"Breakpoint 3, guest_load"),
    ("break *guest_load+4 if (int)$vmode == 1", r"Breakpoint 4"),  # evaluated by the stub
    ("p $hgatp.MODE", r"= Sv39x4"),
    ("p $hgatp.PPN", r"= 528384"),
    ("p/x $hs_sepc", r"= 0x80400004"),
    ("p $hs_scause", r"= illegal_instruction"),
    ("p $sepc", r"= .*0x0$"),  # the guest's own: nothing trapped into it
    ("p $hs_satp.MODE", r"= Bare"),
    ("p $priv", r"= 1"),
    ("p $mstatus", r"\[ .*MPP=\w+ FS=\w+ .*\]"),
    ("monitor walk 0x40 r as vs", r"G +level 2 +pte 0 at \w+: refused"),
    ("monitor gva2gpa 0x40", r"^0x40$"),
    ("monitor gva2hpa 0x40", r"not mapped"),
    ("monitor gpa2hpa 0x80400004", r"0x80400004"),
    ("monitor info mem g", r"0000000080400000-\w+ -> 0080400000  rwxuad"),
    ("x/i $pc", r"=> 0x80400004 <guest_load>:\s+ld\s+a0,64\(zero\)"),
    ("x/gx 0x10000000", r"Cannot access memory"),
    ("stepi", r"vm_exit"),
    ("p $scause", r"= load_guest_page_fault"),
    ("p/x $htval", r"= 0x10"),
    ("monitor break-on entry", r"VM entry"),
    ("continue", r"SIGINT[\s\S]*guest_load"),
    ("p/x $a0", r"= 0x6688"),
    ("stepi", r""),
    ("stepi", r"vm_exit"),
    ("monitor info traps 2", r"ENTER[\s\S]*EXIT"),
    ("monitor break-on off", r""),
    ("set $a0 = 5", r""),
    ("p $a0", r"= 5"),
    ("set var *(int *)0x80500000 = 0x1234", r""),
    ("p/x *(int *)0x80500000", r"= 0x1234"),
    ("delete", r""),
    ("kill", r"killed"),
]

# A client leaves, the next one finds the machine where it is.
DETACH = [
    ("break vm_run", r"Breakpoint 1"),
    ("continue", r"Breakpoint 1, vm_run"),
    ("detach", r"[Dd]etach"),
]


def run_gdb(elf, where, steps, folder):
    """The output of each step."""
    script = pathlib.Path(folder) / "script"
    lines = ["set pagination off", "set confirm off", "set width 0", f"target remote {where}"]
    for number, (command, _) in enumerate(steps):
        # A failing command ends a script: python's execute does not.
        lines += [f"echo \\n{MARK}{number}\\n", f"python run({command!r})"]
    prelude = ("python\ndef run(command):\n  try:\n    gdb.execute(command)\n"
               "  except gdb.error as e:\n    print(e)\nend\n")
    script.write_text(prelude + "\n".join(lines) + f"\necho \\n{MARK}end\\n\n")
    done = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", "-x", script, elf], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return done.stdout.split(f"\n{MARK}")


def session(program, elf, listen, steps, code):
    """Failures of one session, as text."""
    with tempfile.TemporaryDirectory() as folder:
        listen = listen.replace("DIR", folder)
        sim = subprocess.Popen([program, elf, "-S", "-gdb", listen, "--limit-insns=100M"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
        where = None
        for line in sim.stderr:
            found = re.search(r"target remote (\S+?);", line)
            if found:
                where = found[1]
                break
        parts = run_gdb(elf, where, steps, folder)
        failed = ""
        for number, (command, expected) in enumerate(steps):
            said = parts[number + 1].partition("\n")[2] if number + 1 < len(parts) else "(nothing)"
            if not re.search(expected, said, re.M):
                failed += f"(gdb) {command}\n  expected {expected}\n  got {said}\n"
        try:
            _, rest = sim.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            sim.kill()
            return failed + "the simulator did not end\n"
        if sim.returncode != code:
            failed += f"exit code {sim.returncode}, expected {code}: {rest}\n"
        return failed if not failed else failed + parts[0]


def main(program, roms):
    if not shutil.which("gdb-multiarch"):
        print("gdb-multiarch is not installed")
        return 77
    roms = pathlib.Path(roms)
    sessions = [("ecall-and-back", "03-console", "unix:DIR/socket", ECALL_AND_BACK, 0),
                ("look-around", "02-emulate", "tcp::0", LOOK_AROUND, 0),
                ("detach", "02-emulate", "unix:DIR/socket", DETACH, 0)]
    bad = 0
    for name, lesson, listen, steps, code in sessions:
        failed = session(os.path.abspath(program), str(roms / f"{lesson}.elf"), listen, steps, code)
        print(f"{'FAIL' if failed else 'ok  '} {name}: {len(steps)} commands\n{failed}", end="")
        bad += bool(failed)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
