#!/usr/bin/env python3
"""A Debian that is installed, booted and logged in to, on a virtio disk.

  rootfs.py RVH_SIM       install, boot twice, power off

Debian's packages are unpacked and configured by Debian's own dpkg, inside the machine: the disk is an empty
file system, a second one is a tar archive of what the packages hold, as it takes to run dpkg. So nothing here
needs root, nor runs a program of the other architecture. Then systemd boots to "login:" on the serial
console, which this program types into, through a terminal. What dpkg-query lists there must be what was
installed, and be on the disk in the second boot.
"""
import io
import pathlib
import re
import subprocess
import tarfile
import tempfile

import artefacts
import disk
import disks
import linux
import sim
import system
import typist

INSTALL_LIMIT, BOOT_LIMIT = "100G", "20G"  # 36 G and 6.5 G are taken
HANG = 3600  # seconds, for the installation: a machine may be busy
SIZE = "1G"
PROMPT = r"root@guest:~# "

# The first process of all boots. With a second disk it installs, otherwise it hands over to systemd.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
while read m; do insmod $m; done < /modules
mount -t ext4 /dev/vda /mnt
[ -b /dev/vdb ] || {
  umount /dev /sys /proc
  exec switch_root /mnt /sbin/init
}
tar -x -f /dev/vdb -C /mnt && echo UNPACKED
for d in dev proc sys; do mount -o bind /$d /mnt/$d; done
chroot /mnt /bin/sh -e /install && echo INSTALLED
rm -r /mnt/install /mnt/packages
for d in dev proc sys; do umount /mnt/$d; done
umount /mnt && echo UNMOUNTED
poweroff -f
"""

# As debootstrap's second stage: first what the scripts of all others take for granted.
INSTALL = """export PATH=/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C HOME=/root
cd /packages
first() { dpkg --force-depends --force-unsafe-io --install $1_*.deb; }
for p in base-passwd base-files dpkg libc6 perl-base mawk debconf; do first $p; done
dpkg --force-depends --force-unsafe-io --unpack *.deb
dpkg --force-unsafe-io --configure --pending
passwd -d root
"""

TEXTS = {"etc/fstab": "/dev/vda / ext4 defaults 0 1\n", "etc/hostname": "guest\n", "install": INSTALL,
         "var/lib/dpkg/status": "", "var/lib/dpkg/available": ""}


def contents(deb):
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as stream:
        with tarfile.open(fileobj=stream.stdout, mode="r|") as tar:
            for member in tar:
                yield member, tar.extractfile(member) if member.isfile() else None


def add_file(archive, name, size, file):
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    archive.addfile(member, file)


def make_archive(path):
    """Every package's files, with their owners; and the packages."""
    debs = sorted(system.packages(), key=lambda deb: not deb.name.startswith("base-files_"))  # /lib is its link
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for deb in debs:
            for member, file in contents(deb):
                archive.addfile(member, file)
        awk = tarfile.TarInfo("usr/bin/awk")  # mawk makes it when it is configured; others ask for it before
        awk.type, awk.linkname = tarfile.SYMTYPE, "mawk"
        archive.addfile(awk)
        for name, text in TEXTS.items():
            add_file(archive, name, len(text), io.BytesIO(text.encode()))
        for deb in debs:
            with open(deb, "rb") as file:
                add_file(archive, f"packages/{deb.name}", deb.stat().st_size, file)


def initramfs():
    archive = disk.archive_of(INIT.encode())
    archive.folder("bin")
    archive.file("bin/busybox", artefacts.path("busybox").read_bytes())
    return archive.finish()


def options(folder, image):
    return ["-kernel", artefacts.path("linux"), "-initrd", folder / "initrd", "-append", "console=ttyS0", "-m", "512M",
            *disks.options("pci", image)]


def install(program, folder, image):
    """What is wrong with the installation, as text, or None."""
    make_archive(folder / "tar")
    disks.tool("/sbin/mke2fs", "-q", "-t", "ext4", image, SIZE)
    run = sim.simulate(program, [*options(folder, image), "-drive",
                                 f"if=none,id=tar,format=raw,readonly=on,file={folder}/tar", "-device",
                                 "virtio-blk-pci,drive=tar"], INSTALL_LIMIT, hang=HANG)
    print(f"installation: {run.cost()}", flush=True)
    wanted = ["UNPACKED\n", "INSTALLED\n", "UNMOUNTED\n", "reboot: Power down"]
    problems = [f"on the console: {text!r}" for text in wanted if text not in run.console]
    return sim.failure(run, problems) if problems or run.status else None




# ---- what is typed ----


def log_in(terminal):
    terminal.wait_for(r"^guest login: ")
    terminal.type("root\n")
    terminal.wait_for(PROMPT)


def read_list(terminal):
    """The packages in /root/list: {name: version}."""
    terminal.type("cat /root/list; echo end-$((1+1))\n")
    text = terminal.wait_for(r"(?s)cat /root/list.*?\n(.*?)^end-2$")[1]
    return dict(re.findall(r"([a-z0-9.+-]+)(?::riscv64)?\t(\S+)$", text, re.MULTILINE))


def power_off(terminal):
    terminal.wait_for(PROMPT)
    terminal.type("systemctl poweroff\n")


def first_boot(terminal, lists):
    log_in(terminal)
    terminal.type("dpkg-query -W > /root/list && sync && echo written-$((1+1))\n")
    terminal.wait_for(r"^written-2$")
    lists.append(read_list(terminal))
    power_off(terminal)


def second_boot(terminal, lists):
    log_in(terminal)
    lists.append(read_list(terminal))
    power_off(terminal)


def boot(program, folder, image, script, lists):
    """What is wrong with a boot, as text, or None."""
    run, reason = typist.session(program, options(folder, image), BOOT_LIMIT, lambda terminal: script(terminal, lists))
    print(f"{script.__name__}: {run.cost()}", flush=True)
    problems = [reason] if reason else []
    wanted = ["EXT4-fs (vda): mounted filesystem", "Welcome to ", "reboot: Power down"]
    problems += [f"on the console: {text!r}" for text in wanted if text not in run.console]
    trouble = linux.TROUBLE.search(run.console)
    if trouble:
        problems.append(f"no complaint of the kernel: {trouble[0]}")
    return sim.failure(run, problems) if problems or run.status else None


# ---- the test ----


def installed():
    """What dpkg-query should list."""
    lines = [artefacts.run(["dpkg-deb", "--showformat=${Package} ${Version}", "-W", str(deb)])
             for deb in system.packages()]
    return dict(line.split() for line in lines)


def check_disk(image, wanted):
    """What is wrong with what is on the disk, as text, or None."""
    try:
        disks.tool("/sbin/e2fsck", "-f", "-n", image)
        text = disks.tool("/sbin/debugfs", "-R", "cat /root/list", image)
    except RuntimeError as problem:
        return f"expected a clean file system: {problem}"
    lacking = [name for name in wanted if not re.search(rf"^{re.escape(name)}(:riscv64)?\t", text, re.MULTILINE)]
    return f"expected in /root/list: {lacking}" if lacking else None


def test(program):
    wanted, lists = installed(), []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        image = folder / "image"
        (folder / "initrd").write_bytes(initramfs())
        problem = (install(program, folder, image) or boot(program, folder, image, first_boot, lists)
                   or boot(program, folder, image, second_boot, lists) or check_disk(image, wanted))
    if problem:
        return problem
    print(f"{len(wanted)} packages")
    return None if lists == [wanted, wanted] else f"expected twice {wanted}, found {lists}"


def main(arguments):
    if len(arguments) != 1:
        print(__doc__)
        return 2
    return test(arguments[0])


if __name__ == "__main__":
    artefacts.run_test(main)
