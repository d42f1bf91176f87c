#!/usr/bin/env python3
"""The command line from outside: messages and exit codes of the built rvh-sim.

  cli.py RVH_SIM bad-input   wrong options and files: exact text, exit code 126, nothing on stdout
  cli.py RVH_SIM exit-codes  small programs, and the status that each way of ending has
  cli.py RVH_SIM input       what is typed or piped: to the console that asks; Ctrl-A x always ends
"""
import os
import pathlib
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

USAGE, LIMIT, EXPECT, WEDGED = 126, 124, 125, 127
BUSY = socket.create_server(("127.0.0.1", 0))  # a port that somebody has
TAKEN = f"tcp:127.0.0.1:{BUSY.getsockname()[1]}-:22"


def elf(machine=243, entry=0x80200000, paddr=0x80200000, filesz=4, memsz=4, phnum=1, kind=2):
    """A minimal ELF: header, one program header, one instruction (j .)."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, phnum,
                                 64, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 120, paddr, paddr, filesz, memsz, 4) + words(0x6F)


def words(*code):
    return b"".join(struct.pack("<I", word) for word in code)


def finisher(value):
    """lui t0,0x100; lui t1; addi t1; sw t1,0(t0); j .   The low 12 bits of value are positive."""
    return words(0x001002B7, (value >> 12 << 12) | 0x337, (value & 0xFFF) << 20 | 0x30313, 0x0062A023,
                 0x6F)


def handler_that_returns(offset):
    """stvec = a handler at this offset, which must hold an sret: it changes nothing."""
    return words(0x297, offset << 20 | 0x28293, 0x10529073)  # auipc t0,0; addi t0; csrw stvec,t0


def guest(pte):
    """A guest of one instruction (j .), whose memory is one 1 GiB entry of the G-stage's root."""
    code = handler_that_returns(76) + words(
        0x4297, 0xFF428293, 0xC2D293, 0x800313, 0x3C31313, 0x62E2B3,  # t0 = root >> 12 | 8 << 60
        0x68029073, 0x08000293, 0x60029073,  # csrw hgatp,t0; csrw hstatus,SPV
        0x10000293, 0x1002A073,              # csrs sstatus,SPP
        0x297, 0x1028293, 0x14129073,        # csrw sepc, the guest
        SRET, 0x6F, SRET)                    # enter; the guest; the handler
    return code + bytes(0x4000 - len(code)) + struct.pack("<QQQ", 0, 0, 0x80000000 >> 2 | pte) + bytes(0x3FE8)


SRET = 0x10200073
PUTCHAR = words(0x00100893, 0x02100513, 0x73)  # li a7,1; li a0,'!'; ecall (SBI console putchar)
# 1: li a7,2; ecall (SBI console getchar); bltz a0,1b; mv s0,a0; PUTCHAR's a7; ecall; until s0 = '\n'.
ECHO = words(0x00200893, 0x73, 0xFE054CE3, 0x00050413, 0x00100893, 0x73, 0xFF640293, 0xFE0292E3)

FILES = {
    "good.elf": elf(),
    "cut.elf": elf()[:40],
    "cut2.elf": elf()[:100],
    "cut3.elf": elf()[:-2],
    "x86.elf": elf(machine=62),
    "object.o": elf(kind=1),
    "phnum.elf": elf(phnum=60000),
    "sizes.elf": elf(memsz=2),
    "far.elf": elf(paddr=0x88000000, entry=0x88000000),
    "low.elf": elf(paddr=0x10000, entry=0x10000),
    "entry.elf": elf(entry=0x80400000),
    "empty": b"",
    "packed.gz": b"\x1f\x8b\x08" + bytes(20),
    "spin": words(0x6F),
    "zeroes": bytes(64),
    "poweroff": finisher(0x5555),
    "reset": finisher(0x7777),
    "fail7": finisher(7 << 16 | 0x3333),
    "fail200": finisher(200 << 16 | 0x3333),
    # sret to an ecall in U-mode (sepc is the ecall's), whose handler returns to it
    "ecalls": handler_that_returns(40) + words(0x10000293, 0x1002B073, 0x297, 0x1028293, 0x14129073,
                                               SRET, 0x73, SRET),
    "jump": handler_that_returns(20) + words(0x04000293, 0x28067, SRET),  # li t0,0x40; jr t0
    "guest-a": guest(0x1F),   # U X W R V
    "guest-u": guest(0xCF),   # D A X W R V
    "guest-unmapped": guest(0),
    "wfi": words(0x10500073, 0xFFDFF06F),
    "print": PUTCHAR + finisher(0x5555),
    "echo": ECHO + finisher(0x5555),
    "deaf": PUTCHAR + words(0x6F),  # never reads
    "asleep": PUTCHAR + words(0x10500073, 0xFFDFF06F),  # wfi; j .-4
}

# Arguments, then the two lines after "rvh-sim: error: " and "rvh-sim: ".
BAD_INPUT = [
    ([], "no program to run", "usage: rvh-sim FILE [options]; --help lists them"),
    (["--no-such-thing"], "unknown option '--no-such-thing'", "--help lists the options"),
    (["good.elf", "--trace-trap"], "unknown option '--trace-trap'",
     "did you mean --trace-traps? --help lists them all"),
    (["-kernal", "good.elf"], "unknown option '-kernal'", "did you mean -kernel? --help lists them all"),
    (["good.elf", "good.elf"], "two programs: 'good.elf' and 'good.elf'",
     "give one program; -bios, -initrd and -dtb name the other files"),
    (["good.elf", "--trace-traps", "why"], "two programs: 'good.elf' and 'why'",
     "a level is given after '=': --trace-traps=why"),
    (["good.elf", "-smp", "64"], "-smp: '64' harts are not possible", "give a number from 1 to 8"),
    (["good.elf", "-m", "lots"], "-m: 'lots' is not a size", "write it like -m 512M or -m 2G"),
    (["good.elf", "-cpu", "rv32"], "-cpu rv32: not available",
     "possible here: rv64, max, with switches: rv64,sstc=off"),
    (["good.elf", "-cpu", "rv64,sstc"], "-cpu: 'sstc' switches nothing",
     "write NAME=on or NAME=off; -cpu help lists the names"),
    (["good.elf", "-cpu", "rv64,zfoo=on"], "-cpu: there is no extension 'zfoo' here",
     "-cpu help lists those that can be switched"),
    (["good.elf", "-cpu", "rv64,h=off"], "-cpu: 'h' cannot be switched off",
     "this machine always has it; leave the word out"),
    (["good.elf", "-cpu", "rv64,sv57=off"], "-cpu: 'sv57' cannot be switched off",
     "this machine always has it; leave the word out"),
    (["good.elf", "-cpu", "rv64,=off"], "-cpu: '=off' switches nothing",
     "write NAME=on or NAME=off; -cpu help lists the names"),
    (["good.elf", "-cpu", "max,max=off"], "-cpu: 'max=off' switches nothing",
     "write NAME=on or NAME=off; -cpu help lists the names"),
    (["good.elf", "--adue", "-cpu", "rv64,Svadu=off"], "--adue: the hart has no Svadu",
     "leave it out, or svadu=off of -cpu"),
    (["missing.elf"], "missing.elf: No such file or directory", "check the name"),
    (["."], ".: is a directory", "name a file in it"),
    (["empty"], "empty: is empty", "build it again"),
    (["good.elf", "-bios", "missing.bin"], "missing.bin: No such file or directory", "check the name"),
    (["good.elf", "-initrd", "missing.cpio"], "missing.cpio: No such file or directory",
     "check the name"),
    (["good.elf", "-dtb", "missing.dtb"], "missing.dtb: No such file or directory", "check the name"),
    (["good.elf", "--trace-file=no/such/dir"],
     "--trace-file: no/such/dir: No such file or directory", "give a file that can be written"),
    (["-machine", "virt,dumpdtb=no/such/file"],
     "no/such/file: No such file or directory",
     "name a file that can be written"),
    (["cut.elf"], "cut.elf: the ELF header needs 64 bytes, the file has 40",
     "the file is damaged or was cut short: build or copy it again"),
    (["cut2.elf"], "cut2.elf: 1 program headers at offset 0x40 do not fit into the file's 100 bytes",
     "the file is damaged or was cut short: build or copy it again"),
    (["cut3.elf"], "cut3.elf: segment 0 (header at offset 0x40) wants 0x4 bytes at offset 0x78, "
     "the file has 0x7a", "the file is damaged or was cut short: build or copy it again"),
    (["phnum.elf"], "phnum.elf: 60000 program headers at offset 0x40 do not fit into the file's "
     "124 bytes", "the file is damaged or was cut short: build or copy it again"),
    (["sizes.elf"], "sizes.elf: segment 0 (header at offset 0x40) has more bytes in the file (0x4) "
     "than in memory (0x2)", "the file is damaged or was cut short: build or copy it again"),
    (["x86.elf"], "x86.elf: not a RISC-V ELF (machine 62, x86-64 at offset 0x12)",
     "build for rv64 (riscv64-unknown-elf-gcc -march=rv64gc)"),
    (["object.o"], "object.o: is an object file, not a linked program",
     "link it: riscv64-unknown-elf-ld"),
    (["far.elf"], "far.elf: needs 0x4 bytes at 0x88000000, outside RAM (0x80000000..0x88000000)",
     "give the machine more memory: -m 129M"),
    (["low.elf"], "low.elf: needs 0x4 bytes at 0x10000, outside RAM (0x80000000..0x88000000)",
     "link it at 0x80200000 (or at 0x80000000 to start in M-mode)"),
    (["entry.elf"], "entry.elf: entry 0x80400000 (at offset 0x18) is outside of every segment",
     "name the first instruction by ENTRY(symbol) in the linker script"),
    (["spin", "-drive", "file=none.img,if=none"], "none.img: No such file or directory",
     "make it first: truncate -s 64M FILE"),
    (["spin", "-drive", "file=.,if=none,readonly=on"], ".: is not a file or block device",
     "give a raw disk image"),
    (["spin", "-device", "virtio-blk-pci,drive=hd"], "-device virtio-blk-pci: no drive 'hd'",
     "define it: -drive if=none,id=NAME,format=raw,file=FILE"),
    (["spin", "-drive", "file=spin,if=none,id=a", "-device", "virtio-blk-pci,drive=a", "-device",
      "virtio-blk-device,drive=a"], "-device virtio-blk-device: drive 'a' is already in use",
     "a drive for a -device has if=none, and one user"),
    (["spin", "-drive", "file=spin,if=none,id=a", "-drive", "file=spin,if=none,id=b"],
     "spin: is in use by another machine, which may write it", "end that one, or give both readonly=on"),
    (["spin", "-drive", "file=spin,if=none,id=a", "-drive", "file=zeroes,if=none,id=b", "-device",
      "virtio-blk-pci,drive=a,addr=2", "-device", "virtio-blk-pci,drive=b,addr=2"],
     "-device virtio-blk-pci: PCI slot 0x2 is taken",
     "leave addr= out, or give a free one from 1 to 0x1f"),
    (["spin", "-netdev", f"user,id=n,hostfwd={TAKEN}"],
     f"-netdev user,id=n: hostfwd={TAKEN}: cannot listen there: Address already in use",
     "give another port of the host, or end the program that has it"),
    (["spin", "-device", "virtio-net-device,netdev=n"], "-device virtio-net-device: no netdev 'n'",
     "define it: -netdev user,id=NAME"),
    (["spin", "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n", "-device",
      "virtio-net-device,netdev=n"], "-device virtio-net-device: netdev 'n' is already in use",
     "each device has a -netdev of its own"),
    (["spin", "-net", "nic", "-net", "nic", "-net", "user"],
     "-device virtio-net-pci: netdev '#hub0' is already in use",
     "each device has a -netdev of its own"),
    (["spin", "-device", "virtio-net-pci,addr=2", "-device", "virtio-rng-pci,addr=2"],
     "-device virtio-rng-pci: PCI slot 0x2 is taken",
     "leave addr= out, or give a free one from 1 to 0x1f"),
    (["spin", "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=c"],
     "-device virtconsole: no chardev 'c'",
     "define it: -chardev stdio,id=NAME, or file,id=NAME,path=FILE"),
    (["spin", "-semihosting-config", "chardev=c"], "-semihosting-config: no chardev 'c'",
     "define it: -chardev stdio,id=NAME, or file,id=NAME,path=FILE"),
    (["spin", "-semihosting-config", "target=gdb"],
     "-semihosting-config: target=gdb is not available",
     "leave it out: files and console are this program's"),
    (["spin", "-semihosting-config", "userspace=yep"],
     "-semihosting-config userspace: 'yep' is neither on nor off", "give on or off"),
    (["spin", "-chardev", "file,id=c,path=no/such/file"],
     "-chardev file,id=c: no/such/file: No such file or directory",
     "give a file that can be written"),
    (["spin", "-drive", "if=pflash,unit=1,file=zeroes"], "zeroes: a flash chip is a file of 32 MiB",
     "make it so: truncate -s 32M FILE"),
    (["spin", "-drive", "if=pflash,unit=2,file=zeroes"], "zeroes: flash unit 2 does not exist",
     "the flash chips are unit=0 and unit=1, one file each"),
    (["spin", "-device", "loader,file=zeroes,force-raw=on"],
     "-device loader: no address to load to", "add addr=0x..."),
    (["spin", "-device", "loader,file=zeroes,addr=0x88000000,force-raw=on"],
     "zeroes: needs 0x40 bytes at 0x88000000, outside RAM",
     "give the machine more memory (-m), or load it elsewhere"),
    (["spin", "-device", "loader,file=zeroes,addr=0xffffffffffffffff"],
     "zeroes: needs 0x40 bytes at 0xffffffffffffffff, outside RAM",
     "give the machine more memory (-m), or load it elsewhere"),
    (["spin", "-device", "loader,file=zeroes,addr=0x87e00000"],
     "zeroes: overlaps the device tree at 0x87e00000",
     "load it elsewhere, or give the machine more memory"),
    (["packed.gz"], "packed.gz: is compressed by gzip", "unpack it: gunzip"),
]

# Arguments, exit code, what standard output must be, what standard error must match.
EXIT_CODES = [
    (["--help"], 0, r"rvh-sim FILE \[options\][\s\S]*", r""),
    (["--version"], 0, r"rvh-sim \d+\.\d+\.\d+: .*\n", r""),
    (["-machine", "virt,dumpdtb=tree.dtb"], 0, r"", r"\A\Z"),
    (["poweroff"], 0, r"", r"poweroff: flat binary at 0x80200000"),
    (["poweroff", "-netdev", "user,id=lost"], 0, r"", r"warning: netdev lost has no peer: no -device virtio-net"),
    (["poweroff", "-nic", "user", "-nic", "user,model=virtio-net-device", "-net", "none"], 0, r"",
     r"\A(?![\s\S]*warning)"),
    (["fail7"], 7, r"", r"exit code 7"),
    (["fail200"], 123, r"", r"exit code 123"),
    (["spin", "--limit-insns=10k"], LIMIT, r"", r"exit code 124"),
    (["zeroes", "--limit-insns=100M"], WEDGED, r"", r"each 1 instruction-access-fault in HS-mode at pc "
     r"0x0: .*; exit code 127\nrvh-sim: the trap handler itself cannot be executed: stvec is 0x0; set it"),
    (["jump", "--limit-insns=100M"], WEDGED, r"", r"each 1 instruction-access-fault in HS-mode at pc "
     r"0x40: .*; exit code 127\nrvh-sim: the program jumped to an address with no memory; "),
    (["ecalls", "--limit-insns=100M"], WEDGED, r"", r"each 8 ecall-from-U in U-mode at pc 0x80200024; "
     r"exit code 127\nrvh-sim: the handler returns to the same ecall: add 4 to sepc"),
    (["guest-a", "--limit-insns=100M"], WEDGED, r"", r"each 20 instruction-guest-page-fault in VS-mode "
     r"at pc 0x80200048, gpa 0x80200048: PTE.A=0 .*; exit code 127\nrvh-sim: set A .*: --adue; "),
    (["guest-a", "--adue", "--limit-insns=100k"], LIMIT, r"", r"exit code 124"),  # the advice helps
    (["guest-u", "--limit-insns=100M"], WEDGED, r"", r"PTE.U=0 .*; exit code 127\nrvh-sim: set U=1 "),
    (["guest-unmapped", "--limit-insns=100M"], WEDGED, r"", r"PTE.V=0; exit code 127\nrvh-sim: map that "
     r"gpa in the G-stage .*; to see it: --trap-loop=10 --trace-traps=why\n"),
    (["guest-unmapped", "--trap-loop=10", "--trace-traps"], WEDGED, r"", r" WEDGED  .* 10 times in a "
     r"row: 20 instruction-guest-page-fault [\s\S]*\n# unanswered: .*: the guest was not resumed\n"),
    (["guest-unmapped", "--trap-loop=0", "--limit-insns=1M"], LIMIT, r"", r"exit code 124"),
    (["wfi"], WEDGED, r"", r"every hart waits \(wfi\) .*; exit code 127\nrvh-sim: set a timer "),
    (["print"], 0, r"!", r""),
    (["reset", "-no-reboot"], 0, r"", r""),
    (["reset", "--limit-insns=1k"], LIMIT, r"", r"exit code 124"),
    (["ecalls", "-d", "int,cpu", "--trap-loop=1", "--hints=none"], WEDGED, r"",
     r"warning: -d cpu: only int is logged here; [^\n]*\n(?:rvh-sim: .*\n)?riscv_cpu_do_interrupt: hart:0, "
     r"async:0, cause:0000000000000008, epc:0x0000000080200024, tval:0x0000000000000000, desc=user_ecall\n"),
    (["poweroff", "-d", "int", "-D", "no/such/folder"], USAGE, r"", r"error: -D: no/such/folder: No such"),
    (["guest-u", "--hints=error"], EXPECT, r"", r"hint G-NO-U: .* \(pc 0x80200048\)\n[\s\S]*hint G-NO-U was "
     r"given \(--hints=error\); hart 0 makes no progress: .*; exit code 125\n"),
    (["--hints=help"], 0, r"HGATP-ALIGN\n[\s\S]*", r"^$"),
    (["ecalls", "--stats", "--trap-loop=50"], WEDGED, r"", r"# rvh-sim statistics\n# guest\n +\d+  instructions "
     r"started[\s\S]*\n +0  of these, from V=1 to V=0: VM exits\n[\s\S]*\n +128.00 M  guest RAM\n"),
    (["print", "--stats=json:-"], 0, r'!\{"rec":"stats","instructions":\d+,[^\n]*,"rss_peak":\d+\}\n', r""),
    (["print", "--stats=json"], 0, r"!", r'\{"rec":"stats",'),
    (["print", "--stats=xml"], USAGE, r"", r"--stats: no choice 'xml'\nrvh-sim: write it like --stats or "),
    (["print", "--stats=json:no/such/dir"], USAGE, r"", r"--stats: no/such/dir: No such file or directory"),
    (["print", "--fail-on=!"], EXPECT, r"!", r"exit code 125"),
]


def run(program, arguments, folder):
    return subprocess.run([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


def check_bad_input(program, folder):
    for arguments, wrong, way_out in BAD_INPUT:
        done = run(program, arguments, folder)
        want = f"rvh-sim: error: {wrong}\nrvh-sim: {way_out}\n"
        # What was guessed about files read before the bad one may stand in front.
        if done.returncode != USAGE or done.stdout or not done.stderr.endswith(want):
            yield f"{arguments}: exit code {done.returncode}, said:\n{done.stderr}expected:\n{want}"


def check_exit_codes(program, folder):
    for arguments, code, out, err in EXIT_CODES:
        done = run(program, arguments, folder)
        if done.returncode != code:
            yield f"{arguments}: exit code {done.returncode}, expected {code}:\n{done.stderr}"
        elif not re.fullmatch(out, done.stdout) or not re.search(err, done.stderr):
            yield f"{arguments}: printed {done.stdout!r} and {done.stderr!r}"


# Program, what a pipe holds from the start, exit code, what standard output must be.
PIPED = [
    ("echo", "abcdefghijklmnopqrstuvwxyz\n", 0, "abcdefghijklmnopqrstuvwxyz\n"),
    ("asleep", "nobody reads this", WEDGED, "!"),
]
# At a terminal: keys that nobody takes, more than are kept, then Ctrl-A x.
TYPED = [("deaf", b"x" * 300 + b"\x01x"), ("asleep", b"\x01a\x01x")]


def run_at_terminal(program, name, keys, folder):
    """The exit code. The keys come when the program has printed '!'."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execv(program, [program, name, "--limit-insns=20G"])
    seen = b""
    while b"!" not in seen:
        seen += os.read(terminal, 1000)
    os.write(terminal, keys)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    return status


def run_until_hangup(program, name, folder):
    """The exit code. The terminal, which is not the process's controlling one, goes away under it."""
    terminal, side = pty.openpty()
    child = subprocess.Popen([program, name, "--limit-insns=20G"], cwd=folder, stdin=side, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
    os.close(side)
    child.stdout.read(1)  # it waits from now on
    os.close(terminal)
    try:
        return child.wait(timeout=60)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def check_input(program, folder):
    for name, text, code, out in PIPED:
        done = subprocess.run([program, name], cwd=folder, input=text, capture_output=True,
                              text=True, timeout=60)
        if (done.returncode, done.stdout) != (code, out):
            yield f"{name}: exit code {done.returncode}, printed {done.stdout!r}\n{done.stderr}"
    for name, keys in TYPED if os.path.exists("/dev/pts/ptmx") else []:  # a chroot may have none
        code = run_at_terminal(program, name, keys, folder)
        if code != 0:
            yield f"{name} at a terminal: exit code {code} after Ctrl-A x"
    if os.path.exists("/dev/pts/ptmx") and run_until_hangup(program, "asleep", folder) != -signal.SIGHUP:
        yield "asleep: the terminal hung up, and the run did not end by SIGHUP"


def main():
    checks = {"input": (check_input, [*PIPED, *TYPED, "hang-up"]),
              "bad-input": (check_bad_input, BAD_INPUT),
              "exit-codes": (check_exit_codes, EXIT_CODES)}
    if len(sys.argv) != 3 or sys.argv[2] not in checks:
        print(__doc__)
        return 2
    check, cases = checks[sys.argv[2]]
    with tempfile.TemporaryDirectory() as folder:
        for name, content in FILES.items():
            (pathlib.Path(folder) / name).write_bytes(content)
        failures = list(check(pathlib.Path(sys.argv[1]).resolve(), folder))
    print("\n".join(failures))
    print(f"{len(cases) - len(failures)} of {len(cases)} as expected")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
