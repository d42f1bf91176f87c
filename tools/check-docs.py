#!/usr/bin/env python3
"""What the pages for readers claim, compared with the repository: a newcomer's first errors come
from pages that are out of date.

  check-docs.py [ROOT]       paths exist, functions are in the files named, options are in
                             options.def, and README's trace is the recorded one
                             (docs/rules.md is tools/rules' business)
  check-docs.py --self-test  prove on fabricated trees that each kind of untruth is found
"""
import pathlib
import re
import sys
import tempfile

PAGES = ["README.md", "CONTRIBUTING.md", "docs/*.md", "roms/README.md", "roms/*/README.md"]
RECORDED = "roms/02-emulate/traps.expected"
# Options of other programs that the pages call.
OTHERS = {"--build", "--preset", "--target", "--isa", "--triggers"}

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#]+)\)")
OPTION = re.compile(r"(?<![\w\]-])--[a-z][a-z-]*(?![\w-]|\[\d)")  # not arrows: --root[1]--
PATH = re.compile(r"(?:src|roms|tests|tools|docs|\.ci)/[\w./*-]*")
PLACEHOLDER = re.compile(r"NN|NAME")
IN_FILE = re.compile(r"`(src/[\w./]+)`, `(\w+)`((?:; `\w+`)*)")


def options_of(root):
    """rvh-sim's, and those of the tools that the pages name."""
    sources = [root / "src/cli/options.def", *sorted((root / "tools").glob("*"))]
    text = "".join(s.read_text() for s in sources if s.is_file())
    return set(re.findall(r'"(--[a-z-]+)"', text))


def exists(root, path):
    return any(root.glob(path)) if "*" in path else (root / path).exists()


def untruths(root):
    """Every claim that does not hold, as text."""
    known = options_of(root) | OTHERS
    for page in sorted(p for pattern in PAGES for p in root.glob(pattern)):
        text = page.read_text()
        name = page.relative_to(root)
        for link in LINK.findall(text):
            if "://" not in link and not (page.parent / link).exists():
                yield f"{name}: link to {link}, which does not exist"
        for code in CODE.findall(text):
            for path in PATH.findall(code):
                if code.startswith(path) and not PLACEHOLDER.search(path) and not exists(root, path):
                    yield f"{name}: `{path}` does not exist"
        for option in set(OPTION.findall(text)) - known:
            yield f"{name}: {option} is no option of rvh-sim or its tools"
        for path, first, more in IN_FILE.findall(text):
            for function in [first, *re.findall(r"\w+", more)]:
                if exists(root, path) and f"{function}(" not in (root / path).read_text():
                    yield f"{name}: there is no {function} in {path}"
    if (root / RECORDED).read_text() not in (root / "README.md").read_text():
        yield f"README.md: the trace is not that of {RECORDED}"


def self_test():
    good = {"README.md": "`src/a.c`, `f` [x](src/a.c) `--good` `roms/NN-name/`\nline\n",
            "src/a.c": "void f(void)\n", "src/cli/options.def": 'OPTION(G, "--good", NULL, "")\n',
            RECORDED: "line\n"}
    bad = ["`src/b.c`", "[x](src/b.c)", "--bad", "`src/a.c`, `g`", "`src/*.h`"]
    cases = [(good, 0)] + [({**good, "README.md": good["README.md"] + text}, 1) for text in bad]
    cases.append(({**good, RECORDED: "other\n"}, 1))
    for files, count in cases:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            found = list(untruths(pathlib.Path(folder)))
            if len(found) != count:
                print(f"expected {count}, found {found} in {files['README.md']!r}")
                return 1
    return 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    found = list(untruths(root.resolve()))
    print("\n".join(found) or "the pages are true")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
