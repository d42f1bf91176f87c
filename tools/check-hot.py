#!/usr/bin/env python3
"""Hot handlers must stay leaf functions: no push, no call, only jumps to the next handler.

A handler that calls anything, or saves registers, costs several times what its instruction does;
gcc makes one of an innocent change (a slow path that is not a sibling call, a local whose address
is taken). Disassembles a library and looks at every h_NAME of one object.

With --rows, each row of these tables must have a handler there: none escapes by its name.

  check-hot.py LIBRARY [--member run_tail] [--allow h_NAME ...] [--rows insn.def host.def] [--objdump PROGRAM]
  check-hot.py --self-test
"""
import argparse
import pathlib
import re
import subprocess
import sys

# Also parts that gcc split off: h_NAME.part.0, h_NAME.cold.
HANDLER = re.compile(r"^h_\w+(?:\.\w+)*$")
ROW = re.compile(r"\b(INSN|HOST|HOST_FMA)\((\w+),")
SYMBOL_ROW = re.compile(r"^[0-9a-f]{16} .*\s(h_\S+)$")
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


def of_tables(text):
    """The handlers that rows of insn.def and host.def stand for."""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return {("h_host_" if m[1] != "INSN" else "h_") + m[2] for m in ROW.finditer(code)
            if m[2] not in ("op", "name")}  # the macros' own definitions


def symbols(lines, member):
    """All handlers of an object's symbol table: also those that share their code."""
    inside, found = False, set()
    for line in lines:
        if m := MEMBER.match(line):
            inside = member in m.group(1)
        elif inside and (m := SYMBOL_ROW.match(line)):
            found.add(m[1])
    return found


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
        (check(["run_tail.c.o:     file format x", "0 <h_X_cross>:", "   0:\tpush   %rbx"], "run_tail", []),
         (1, ["h_X_cross"])),
        (check(["run_tail.c.o:     file format x", "0 <h_add.part.0>:", "   0:\tpush   %rbx"], "run_tail", []),
         (1, ["h_add.part.0"])),
    ]
    failed = [i for i, ((n, bad), want) in enumerate(cases) if (n, sorted(bad)) != want]
    tables = of_tables("#define INSN(op, t)\n/* INSN(no, \"\") */\nINSN(add, \"add\")\nHOST(fadd_s, ANY) HOST_FMA(x, Y)")
    if tables != {"h_add", "h_host_fadd_s", "h_host_x"}:
        failed.append("tables")
    table = ["run_tail.c.o:     file format x", "0000000000000000 l     F .text\t0000000000000012 h_add",
             "other.c.o:     file format x", "0000000000000000 l     F .text\t0000000000000012 h_sub"]
    if symbols(table, "run_tail") != {"h_add"}:
        failed.append("symbols")
    print(f"self-test: {len(cases) + 2 - len(failed)} of {len(cases) + 2} as expected", *failed)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", nargs="?")
    parser.add_argument("--member", default="run_tail")
    parser.add_argument("--allow", nargs="*", default=[])
    parser.add_argument("--rows", nargs="*", default=[])
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if not options.library:
        parser.error("name the library")
    def dump(*words):
        return subprocess.run([options.objdump, *words, options.library], check=True, capture_output=True,
                              text=True).stdout
    text = dump("-d", "--no-show-raw-insn")
    missing = set()
    for path in options.rows:
        missing |= of_tables(pathlib.Path(path).read_text(encoding="utf-8"))
    missing -= symbols(dump("-t").splitlines(), options.member) if missing else set()
    count, bad = check(text.splitlines(), options.member, options.allow)
    for name, line in sorted(bad.items()):
        print(f"{name}: {line}")
    if count == 0:
        print(f"no h_* handler found in {options.member} of {options.library}")
    for name in sorted(missing):
        print(f"{name}: a row has no handler in {options.member}")
    print(f"{count} handlers, {len(bad)} with push or call, {len(missing)} missing")
    return 1 if bad or missing or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
