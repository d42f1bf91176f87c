#!/usr/bin/env python3
"""The packages of a whole Debian that one can log in to: fetched once, 40 MB, kept beside the others.

  system.py      fetch them if the cache has none, and say how many there are

apt says what the few names below depend on, as if nothing were installed. The packages stay as they are:
rootfs.py has them installed inside the machine.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import artefacts

WANTED = ("?essential", "systemd-sysv", "udev", "login", "passwd")


def packages():
    """The packages, which must have been fetched."""
    found = sorted((artefacts.folder() / "system").glob("*.deb"))
    if not found:
        raise artefacts.Missing("no packages of a system are there: the test real.system fetches them")
    return found


def fetch(target):
    with tempfile.TemporaryDirectory(prefix="apt-", dir=target.parent) as work:
        work = pathlib.Path(work)
        environment = artefacts.make_apt_root(work)
        artefacts.run(["apt-get", "-q", "update", "--error-on=any"], env=environment)
        artefacts.run(["apt-get", "-qy", "--no-install-recommends", "--download-only", "install", *WANTED],
                      env=environment)
        (work / "whole").mkdir()
        for deb in (work / "cache/archives").glob("*.deb"):
            deb.rename(work / "whole" / deb.name)
        os.replace(work / "whole", target)  # only a whole one gets its name


def main():
    target = artefacts.folder() / "system"
    try:
        with artefacts.alone(artefacts.folder()):
            if not target.exists() and os.environ.get("RVH_OFFLINE") == "1":
                raise artefacts.Missing(f"{target} is not there")
            if not target.exists():
                fetch(target)
    except (artefacts.Missing, OSError, subprocess.TimeoutExpired) as problem:
        return artefacts.report(problem)
    print(f"{target}: {len(packages())} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
