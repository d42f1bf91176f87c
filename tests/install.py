#!/usr/bin/env python3
"""Installs the build into a scratch folder: everything is there, the man page has every option
without a complaint of its formatter, and bash completes from the table.

  install.py CMAKE BUILD SOURCE
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FILES = ["bin/rvh-sim", "include/rvh.h", "share/rvh-sim/trace-1.schema.json",
         "share/man/man1/rvh-sim.1", "share/bash-completion/completions/rvh-sim"]

# What is typed, as bash splits it, and what must be offered.
COMPLETIONS = [
    (["rvh-sim", "--hin"], ["--hints"]),
    (["rvh-sim", "--hints", "=", "e"], ["error"]),
    (["rvh-sim", "--hints", "="], ["default", "none", "error", "help"]),
    (["rvh-sim", "-bios", "no"], ["none"]),
    (["rvh-sim", "--trace-traps", "=", "w"], ["why"]),
    (["rvh-sim", "--trace-traps", "--ste"], ["--step"]),  # its level comes only behind "="
    (["rvh-sim", "-m", ""], []),
]


def complete(script, words):
    typed = " ".join(f"'{w}'" for w in words)
    text = f"source '{script}'; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _rvh_sim; " \
           'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, cwd="/")
    return done.stdout.split() + done.stderr.split()


def check(prefix, source):
    missing = [f for f in FILES if not (prefix / f).is_file()]
    if not list(prefix.glob("lib*/**/librvh.a")):
        missing.append("librvh.a")
    if missing:
        yield f"not installed: {missing}"
        return
    man = prefix / "share/man/man1/rvh-sim.1"
    if shutil.which("man"):
        done = subprocess.run(["man", "--warnings", "-l", man], capture_output=True, text=True)
        if done.returncode or done.stderr:
            yield f"man: {done.stderr}"
    page = man.read_text().replace("\\-", "-")
    for name in re.findall(r'^\w+\(\w+, "(-[\w-]+)"', (source / "src/cli/options.def").read_text(), re.M):
        if f"\\fB{name}\\fR" not in page:
            yield f"the man page has no {name}"
    script = prefix / "share/bash-completion/completions/rvh-sim"
    for words, wanted in COMPLETIONS if shutil.which("bash") else []:
        found = complete(script, words)
        if found != wanted:
            yield f"completion of {words}: {found}, expected {wanted}"
    done = subprocess.run([prefix / "bin/rvh-sim", "--version"], capture_output=True, text=True)
    if done.returncode:
        yield f"the installed program: exit code {done.returncode}"


def main():
    cmake, build, source = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as prefix:
        subprocess.run([cmake, "--install", build, "--prefix", prefix], check=True,
                       capture_output=True)
        failures = list(check(pathlib.Path(prefix), source))
    print("\n".join(failures) or "installed, documented, completed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
