#!/usr/bin/env python3
"""The small Linux with KVM built in, made from Debian's source package, once.

  kernel.py      build it if the cache has none, and say where it is

What is built is allnoconfig and kernel.config. The image is kept beside the packages (artefacts.py),
under a name that depends on the source, the configuration and the compiler; the tree that it is made in
is deleted. Its banner has no date and no host in it: the same inputs boot by the same instructions.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import artefacts

CROSS = "riscv64-linux-gnu-"
CONFIG = pathlib.Path(__file__).resolve().parent / "kernel.config"
SECONDS = 3600  # a build takes about three minutes of two processors
SETTINGS = {"KBUILD_BUILD_TIMESTAMP": "2025-01-01", "KBUILD_BUILD_USER": "rvh", "KBUILD_BUILD_HOST": "rvh",
            "KBUILD_BUILD_VERSION": "1"}


def tools():
    """The versions of what builds it."""
    for name in (f"{CROSS}gcc", f"{CROSS}ld", "make", "flex", "bison", "bc", "xz"):
        if not shutil.which(name):
            raise artefacts.Missing(f"no {name} here: tools/packages.sh lists the packages to install")
    return [artefacts.run([name, "--version"]).splitlines()[0] for name in (f"{CROSS}gcc", f"{CROSS}ld")]


def key():
    """Names an image; cut, because nobody means to collide."""
    inputs = [artefacts.version("linux-source"), *tools(), *map("=".join, SETTINGS.items()), CONFIG.read_text()]
    return hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:16]


def path():
    return artefacts.folder() / f"small-linux-{key()}"


def image():
    """The kernel, which must have been built."""
    found = path()
    if not found.exists():
        raise artefacts.Missing(f"{found} is not there: the test real.small-linux builds it")
    return found


def lost(tree):
    """Lines of kernel.config that the kernel did not take, because something else is missing."""
    taken = (tree / ".config").read_text().splitlines()
    return [line for line in CONFIG.read_text().splitlines() if line.startswith("CONFIG_") and line not in taken]


def build(target):
    source = artefacts.path("linux-source.tar.xz")
    with tempfile.TemporaryDirectory(prefix="linux-", dir=target.parent) as tree:
        tree = pathlib.Path(tree)
        artefacts.run(["tar", "-xf", str(source), "--strip-components=1", "-C", str(tree)], SECONDS)
        make = ["nice", "make", "-s", f"-j{os.cpu_count()}", "ARCH=riscv", f"CROSS_COMPILE={CROSS}"]
        environment = {**os.environ, **SETTINGS, "LC_ALL": "C", "KCONFIG_ALLCONFIG": str(CONFIG)}
        artefacts.run([*make, "allnoconfig"], SECONDS, cwd=tree, env=environment)
        if lost(tree):
            raise artefacts.Missing(f"{CONFIG}: this kernel has no {', '.join(lost(tree))}")
        artefacts.run([*make, "Image"], SECONDS, cwd=tree, env=environment)
        os.replace(tree / "arch/riscv/boot/Image", target)  # only a whole file gets the name


def main():
    try:
        with artefacts.alone(artefacts.folder()):
            target = path()
            if not target.exists():
                build(target)
    except (artefacts.Missing, OSError, subprocess.TimeoutExpired) as problem:
        return artefacts.report(problem)
    print(f"{target}, {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
