#!/usr/bin/env python3
"""What the tests of whole systems run: Debian's riscv64 kernel, its source, and firmware, by apt.

  artefacts.py      fetch what is missing, and say what there is

The packages of the suite trixie go through a private apt root, so that the machine's own apt stays
untouched; apt checks the signatures. What is kept is kept in $XDG_CACHE_HOME/rvh-sim (or
~/.cache/rvh-sim) and never fetched again: delete the folder to get newer packages. Without a
network the tests fail, unless the environment has RVH_OFFLINE=1: then they are skipped.
"""
import contextlib
import fcntl
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

SKIPPED = 77  # exit code; SKIP_RETURN_CODE of the tests
SUITE, ARCHITECTURE = "trixie", "riscv64"
MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# The kernel's modules that a disk with ext4 takes, in the order of loading; virtio and virtio_pci
# are in the kernel itself. (depmod would say this, but it runs when the package is installed.)
MODULES = ("crc32c_generic", "crc16", "mbcache", "jbd2", "ext4", "virtio_blk", "virtio_mmio")
# And those that the network and the random numbers take; the console is in the kernel.
NET_MODULES = ("failover", "net_failover", "virtio_net", "virtio-rng")
KVM_MODULES = ("kvm",)

# Name here: package, and the path in it.
FILES = {
    "linux": ("linux-image", r"\./boot/vmlinux-.*"),
    "linux-source.tar.xz": ("linux-source", r"\./usr/src/linux-source-.*\.tar\.xz"),
    **{f"modules/{name}.ko.xz": ("linux-image", rf"\./usr/lib/modules/.*/{name}\.ko\.xz")
       for name in MODULES + NET_MODULES + KVM_MODULES},
    "busybox": ("busybox-static", r"\./(usr/)?bin/busybox"),
    "opensbi/fw_jump.bin": ("opensbi", r"\./usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump\.bin"),
    "opensbi/fw_jump.elf": ("opensbi", r"\./usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump\.elf"),
    "opensbi/fw_dynamic.bin": ("opensbi",
                               r"\./usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic\.bin"),
    "u-boot.bin": ("u-boot-qemu", r"\./usr/lib/u-boot/qemu-riscv64_smode/u-boot\.bin"),
}

# Packages whose names have a version in them: the one that always depends on the newest.
NEWEST = {"linux-image": f"linux-image-{ARCHITECTURE}", "linux-source": "linux-source"}


class Missing(Exception):
    """Something could not be fetched, or is not installed; the text says what to do."""


def folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "rvh-sim" / SUITE


def path(name):
    """The file of that name in FILES; it must have been fetched."""
    found = folder() / name
    if not found.exists():
        raise Missing(f"{found} is not there: the test real.packages fetches it")
    return found


def version(package):
    """What was fetched last of a package; the beginning of its name will do."""
    known = path("versions").read_text().splitlines()
    found = [line for line in known if line.startswith(package)]
    if not found:
        raise Missing(f"{path('versions')} knows no {package}: the test real.packages fetches it")
    return found[-1]


def installed_opensbi(name):
    """Firmware of the machine's own opensbi package (tools/packages.sh)."""
    found = pathlib.Path("/usr/lib/riscv64-linux-gnu/opensbi/generic") / name
    if not found.exists():
        raise Missing(f"{found} is not there: install the package opensbi")
    return found


def report(problem):
    """Prints why a test cannot run; returns its exit code."""
    if os.environ.get("RVH_OFFLINE") == "1":
        print(f"skipped, because of RVH_OFFLINE=1: {problem}")
        return SKIPPED
    print(f"{problem}\nWithout a network: RVH_OFFLINE=1 skips the tests that need it.")
    return 1


def run_test(main):
    """Ends a test's program. main(arguments) returns an exit code, or what is wrong, or None."""
    try:
        result = main(sys.argv[1:])
    except Missing as missing:
        result = report(missing)
    if not isinstance(result, int):
        print(result or "ok")
        result = 1 if result else 0
    sys.exit(result)


# ---- apt ----


def network_settings():
    """The machine's own, a proxy for instance; everything else of its apt stays out."""
    lines = run(["apt-config", "dump"]).splitlines()
    return "\n".join(line for line in lines if re.match(r"Acquire::(https?|Check)", line))


def make_apt_root(root):
    """A private apt; returns the environment that makes apt's programs use it."""
    for name in ("etc/apt.conf.d", "etc/preferences.d", "state/lists/partial",
                 "cache/archives/partial"):
        (root / name).mkdir(parents=True)
    (root / "state/status").touch()
    (root / "etc/sources.list").write_text(
        f"deb [arch={ARCHITECTURE} signed-by={KEYRING}] {MIRROR} {SUITE} main\n")
    (root / "apt.conf").write_text(f"""
APT::Architecture "{ARCHITECTURE}";
APT::Architectures {{ "{ARCHITECTURE}"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Etc "{root}/etc";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "-";
Dir::State "{root}/state";
Dir::State::status "{root}/state/status";
Dir::Cache "{root}/cache";
{network_settings()}
""")
    return {**os.environ, "APT_CONFIG": str(root / "apt.conf"), "LC_ALL": "C"}


def run(command, seconds=900, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=seconds, **options)
    if done.returncode != 0:
        raise Missing(f"{' '.join(command)} failed:\n{done.stdout}")
    return done.stdout


def newest(environment, package):
    """The package that one of NEWEST stands for."""
    text = run(["apt-cache", "depends", NEWEST[package]], env=environment)
    found = re.search(rf"Depends: ({package}-\d\S*)", text)
    if not found:
        raise Missing(f"{NEWEST[package]} has no {package} among its dependencies:\n{text}")
    return found[1].split(":")[0]


def unpack(deb, wanted, target):
    """Writes the files of the package that match: wanted is {name: pattern}."""
    stream = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    with stream, tarfile.open(fileobj=stream.stdout, mode="r|") as tar:
        for member in tar:
            for name, pattern in wanted.items():
                if member.isfile() and re.fullmatch(pattern, member.name):
                    (target / name).parent.mkdir(parents=True, exist_ok=True)
                    with open(target / name, "wb") as out:
                        shutil.copyfileobj(tar.extractfile(member), out)
    lacking = [name for name in wanted if not (target / name).exists()]
    if lacking:
        raise Missing(f"{deb} has no {', '.join(lacking)}: did Debian move it?")


def fetch(missing, target):
    """Downloads the packages of the missing names, and puts their files into target.

    All files of such a package are replaced: a kernel takes no modules of another build.
    """
    packages = sorted({FILES[name][0] for name in missing})
    wanted = {package: {name: pattern for name, (of, pattern) in FILES.items() if of == package}
              for package in packages}
    with tempfile.TemporaryDirectory(prefix="apt-", dir=target) as work:
        work = pathlib.Path(work)
        environment = make_apt_root(work)
        run(["apt-get", "-q", "update", "--error-on=any"], env=environment)
        for package in packages:
            real = newest(environment, package) if package in NEWEST else package
            run(["apt-get", "-q", "download", real], env=environment, cwd=work)
            deb, = work.glob("*.deb")
            unpack(str(deb), wanted[package], work)
            with open(target / "versions", "a", encoding="ascii") as versions:
                versions.write(run(["dpkg-deb", "-W", str(deb)]))
            deb.unlink()
        for name in itertools.chain(*wanted.values()):  # only whole files get their final names
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(work / name, target / name)


@contextlib.contextmanager
def alone(target):
    """Two builds may test at the same time."""
    target.mkdir(parents=True, exist_ok=True)
    with open(target / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main():
    target = folder()
    try:
        with alone(target):
            missing = [name for name in FILES if not (target / name).exists()]
            if missing and os.environ.get("RVH_OFFLINE") == "1":
                raise Missing(f"not in {target}: {', '.join(missing)}")
            if missing:
                fetch(missing, target)
    except (Missing, OSError, subprocess.TimeoutExpired) as problem:
        return report(problem)
    print(f"{target}:\n{(target / 'versions').read_text()}", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
