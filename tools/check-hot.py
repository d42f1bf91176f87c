#!/usr/bin/env python3
"""Hot handlers must stay leaf functions: no push, no call, only jumps to the next handler.

A handler that calls anything, or saves registers, costs several times what its instruction does;
gcc makes one of an innocent change (a slow path that is not a sibling call, a local whose address
is taken). Disassembles a library and looks at every h_NAME of one object.

  check-hot.py LIBRARY [--member run_tail] [--allow h_NAME ...] [--objdump PROGRAM]
  check-hot.py --self-test
"""
import argparse
import re
import subprocess
import sys

HANDLER = re.compile(r"^h_[a-z0-9_]+$")
MEMBER = re.compile(r"^(\S+):\s+file format")
SYMBOL = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
CODE = re.compile(r"^\s*[0-9a-f]+:\s+(?:(?:bnd|notrack|rep\w*|lock|data16|cs|\{\w+\})\s+)*(\w+)")
# x86-64 (push, call) and AArch64 (bl, blr; stp with write-back is what push is there).
BAD = re.compile(r"^(push\w*|call\w*|enter|bl|blr)$")


def handlers(lines, member):
    """Yields (handler, instruction line) of the handlers in objects whose name has member."""
    inside, name = False, None
    for line in lines:
        if m := MEMBER.match(line):
            inside, name = member in m.group(1), None
        elif m := SYMBOL.match(line):
            name = m.group(1) if inside and HANDLER.match(m.group(1)) else None
        elif name and CODE.match(line):
            yield name, line


def check(lines, member, allowed):
    """Returns (number of handlers, {handler: first bad line})."""
    seen, bad = set(), {}
    for name, line in handlers(lines, member):
        seen.add(name)
        if BAD.match(CODE.match(line).group(1)) and name not in allowed:
            bad.setdefault(name, line.strip())
    return len(seen), bad


GOOD = """\
run_tail.c.o:     file format elf64-x86-64
0000000000000000 <h_add>:
   0:\tmov    (%rdi),%rax
   4:\tnotrack jmp *%rax
0000000000000010 <slow_add>:
  10:\tpush   %rbx
  11:\tcall   20 <x>
run_observed.c.o:     file format elf64-x86-64
0000000000000000 <h_add>:
   0:\tpush   %rbx
""".splitlines()


def self_test():
    def with_line(text):
        return GOOD[:3] + ["   3:\t" + text] + GOOD[3:]
    cases = [
        (check(GOOD, "run_tail", []), (1, [])),
        (check(with_line("push   %rbx"), "run_tail", []), (1, ["h_add"])),
        (check(with_line("call   30 <memcpy>"), "run_tail", []), (1, ["h_add"])),
        (check(with_line("bnd call *%rax"), "run_tail", []), (1, ["h_add"])),
        (check(with_line("call   30 <memcpy>"), "run_tail", ["h_add"]), (1, [])),
        (check(GOOD, "nothing", []), (0, [])),
    ]
    failed = [i for i, ((n, bad), want) in enumerate(cases) if (n, sorted(bad)) != want]
    print(f"self-test: {len(cases) - len(failed)} of {len(cases)} as expected", *failed)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", nargs="?")
    parser.add_argument("--member", default="run_tail")
    parser.add_argument("--allow", nargs="*", default=[])
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if not options.library:
        parser.error("name the library")
    text = subprocess.run([options.objdump, "-d", "--no-show-raw-insn", options.library],
                          check=True, capture_output=True, text=True).stdout
    count, bad = check(text.splitlines(), options.member, options.allow)
    for name, line in sorted(bad.items()):
        print(f"{name}: {line}")
    if count == 0:
        print(f"no h_* handler found in {options.member} of {options.library}")
    print(f"{count} handlers, {len(bad)} with push or call")
    return 1 if bad or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
