#!/usr/bin/env python3
"""The man page and the completion of bash, from the tables the program itself is made of.

  make-manual.py SRC VERSION OUT   reads SRC/cli/options.def and SRC/priv/hint.def; writes
                                   OUT/rvh-sim.1 and OUT/rvh-sim.bash
  make-manual.py --self-test       prove on a fabricated table that every row comes through
"""
import pathlib
import re
import sys
import tempfile

ROW = re.compile(r"^(SECTION|OPTION|MORE|QUIET)\((.*)\)$", re.M)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|\bNULL\b')
HINT = re.compile(r'^HINT\(\w+, "([A-Z-]+)",\s*"(.*)",\s*"(.*)"\)$', re.M)

# What bash offers behind an option; files where the argument says so.
WORDS = {"-bios": "default none", "--trace-traps": "line why full", "--trace-only": "V all",
         "--htinst": "transformed zero", "--hints": "default none error help", "-d": "int",
         "-machine": "virt virt,dumpdtb=", "-M": "virt", "-cpu": "rv64 max", "-accel": "tcg",
         "-display": "none", "-serial": "stdio mon:stdio", "-monitor": "none"}

EXITS = [("0", "the guest shut down well"), ("1 to 123", "the guest's own code"),
         ("124", "the limit of instructions was reached"),
         ("125", "--fail-on's text was seen, or a hint with --hints=error"),
         ("126", "wrong option or unreadable file"),
         ("127", "wedged: a trap loop, or every hart waits for what cannot come")]


def options(table):
    """(kind, name, argument, help) of each row; a SECTION's title is its name."""
    rows = []
    for kind, inside in ROW.findall(table):
        words = [match.group(1) for match in STRING.finditer(inside)]
        rows.append((kind, *(words + [None, None])[:3]))
    return rows


def roff(text):
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")


def option_lines(name, argument, text):
    gap = "" if not argument or argument[0] == "[" else " "
    left = rf"\fB{roff(name)}\fR{gap}" + (rf"\fI{roff(argument)}\fR" if argument else "")
    return [".TP", left, roff(text or "Accepted as in QEMU.")]


def man_page(rows, hints, version):
    lines = [f'.TH RVH-SIM 1 "" "rvh-sim {version}" "User Commands"', ".SH NAME",
             r"rvh-sim \- a RISC\-V machine with the hypervisor extension", ".SH SYNOPSIS",
             r".B rvh-sim", r"\fIFILE\fR [\fIoptions\fR]", ".SH DESCRIPTION",
             r"Runs a hypervisor, kernel or bare program on a machine like QEMU's virt board, and",
             r"tells what its traps, VM exits and entries do. \fIFILE\fR is an ELF, a Linux Image or a",
             "flat binary. Options take one dash or two, and their argument after = or as the",
             "next word.", ".SH OPTIONS"]
    for kind, name, argument, text in rows:
        lines += [f".SS {roff(name)}"] if kind == "SECTION" else option_lines(name, argument, text)
    lines += [".SH HINTS", "One line each, once, for what is legal and probably a mistake:"]
    for name, text, cure in hints:
        lines += [".TP", rf"\fB{roff(name)}\fR", f"{roff(text)}.", f"Cure: {roff(cure)}."]
    lines.append(".SH EXIT STATUS")
    for code, text in EXITS:
        lines += [".TP", rf"\fB{code}\fR", f"{roff(text)}."]
    return "\n".join(lines) + "\n"


def completion(rows):
    taking = [(n, a) for kind, n, a, _ in rows if kind != "SECTION" and a]
    names = " ".join(dict.fromkeys(n for kind, n, *_ in rows if kind != "SECTION"))
    cases = []
    for name, argument in dict(taking).items():
        if name in WORDS:
            offer = f'COMPREPLY=($(compgen -W "{WORDS[name]}"' \
                    + (" -f" if "FILE" in argument else "") + ' -- "$word"))'
        elif argument == "FILE":
            offer = 'COMPREPLY=($(compgen -f -- "$word"))'
        else:
            offer = "COMPREPLY=()"
        cases.append(f"    {name}) {offer} ;;")
    optional = "|".join(n for n, a in dict(taking).items() if a[0] == "[")
    return f"""# bash completion of rvh-sim, generated from src/cli/options.def
_rvh_sim() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD-1]}}
  # bash splits words at "=": the option is then one further back
  if [[ $word == "=" ]]; then word=; elif [[ $option == "=" ]]; then option=${{COMP_WORDS[COMP_CWORD-2]}}
  else case $option in {optional}) option= ;; esac; fi
  case $option in
{chr(10).join(cases)}
    *) if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "{names}" -- "$word"))
       else COMPREPLY=($(compgen -f -- "$word")); fi ;;
  esac
}}
complete -o filenames -F _rvh_sim rvh-sim
"""


def write(src, version, out):
    rows = options((src / "cli/options.def").read_text())
    hints = HINT.findall((src / "priv/hint.def").read_text())
    out.mkdir(parents=True, exist_ok=True)
    (out / "rvh-sim.1").write_text(man_page(rows, hints, version))
    (out / "rvh-sim.bash").write_text(completion(rows))


def self_test():
    table = ('SECTION("First")\nOPTION(A, "-a", "FILE", "a \\"quoted\\" it\'s (so)")\nMORE(B, "--b-c", NULL, "bee")\n'
             'MORE(C, "--opt", "[=HOW]", "how")\nQUIET(D, "-q", "yes")\n')
    hint = 'HINT(X, "X-Y",\n     "what",\n     "cure it")\n'
    with tempfile.TemporaryDirectory() as folder:
        src = pathlib.Path(folder)
        for name, text in (("cli/options.def", table), ("priv/hint.def", hint)):
            (src / name).parent.mkdir()
            (src / name).write_text(text)
        write(src, "9", src / "out")
        page, bash = ((src / "out" / n).read_text() for n in ("rvh-sim.1", "rvh-sim.bash"))
    wanted = [".SS First", r"\fB\-a\fR \fIFILE\fR", r"\fB\-\-b\-c\fR", "bee", r"\fB\-\-opt\fR\fI[=HOW]\fR",
              r"\fB\-q\fR", r"\fBX\-Y\fR", "Cure: cure it."]
    missing = [w for w in wanted if w not in page]
    missing += [w for w in ('-W "-a --b-c --opt -q"', '-a) COMPREPLY=($(compgen -f', "in --opt)") if w not in bash]
    print(f"self-test: missing {missing}" if missing else "self-test: as expected")
    return 1 if missing else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 3:
        print(__doc__)
        return 2
    write(pathlib.Path(arguments[0]), arguments[1], pathlib.Path(arguments[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
