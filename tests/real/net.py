#!/usr/bin/env python3
"""Debian's kernel on the user network: an address by DHCP, and files both ways.

  net.py RVH_SIM DEVICE [HARTS]     DEVICE: pci, pci-modern, mmio-legacy, mmio-modern

The guest (busybox) gets a file from a server on this host's loopback, sends it back, and serves it at
a port that is forwarded; each copy must have the file's checksum. The server fetches from the guest
when the guest asks it to, so that nobody waits for a time. Random numbers and a console of virtio are
there, too: two runs' random bytes are the same, and what the guest writes to the console is in a file.
"""
import hashlib
import http.server
import lzma
import pathlib
import random
import socket
import tempfile
import threading
import urllib.request

import artefacts
import cpio
import linux
import sim

LIMIT = "8G"  # a run takes 2.3 G
DEVICES = {"pci": ("pci", []), "pci-modern": ("pci,disable-legacy=on", []), "mmio-legacy": ("device", []),
           "mmio-modern": ("device", ["-global", "virtio-mmio.force-legacy=false"])}
MODULES = (*artefacts.NET_MODULES, "virtio_mmio")
FILE = random.Random(1).randbytes(2_000_003)
RANDOM = "b0ba634906e87d0c29c51a11372d5805"  # of seed 0: splitmix64, as bytes in memory

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for m in {modules}; do insmod /lib/$m.ko; done
echo random $(head -c 16 /dev/hwrng | hexdump -v -e '1/1 "%02x"')
echo hello > /dev/hvc0
ifconfig lo up; ifconfig eth0 up
udhcpc -i eth0 -n -q -s /lease
wget -q -O /srv/file http://{server}/file
echo got $(sha256sum < /srv/file)
nc {sink} < /srv/file
httpd -p 80 -h /srv
wget -q -O - http://{server}/fetch
poweroff -f
"""
LEASE = """#!/bin/busybox sh
[ $1 = bound ] || exit 0
ifconfig $interface $ip netmask $subnet
route add default gw $router
echo lease $ip $router $dns
"""


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """On loopback; forwarded: the port that leads to the guest's."""

    def __init__(self, forwarded):
        super().__init__(("127.0.0.1", 0), Handler)
        self.forwarded, self.sent, self.fetched = forwarded, b"", b""
        self.sink = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve_forever, daemon=True).start()
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        connection, _ = self.sink.accept()
        with connection, connection.makefile("rb") as stream:
            self.sent = stream.read(len(FILE))
            connection.sendall(b"sent\n")


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, data):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path != "/fetch":
            return self.answer(FILE)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.server.forwarded}/file") as reply:
            self.server.fetched = reply.read()
        return self.answer(b"fetched\n")

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def add_modules(archive):
    for name in MODULES:
        archive.file(f"lib/{name}.ko", lzma.decompress(artefacts.path(f"modules/{name}.ko.xz").read_bytes()))


def initramfs(server):
    archive = cpio.Archive()
    for name in ("dev", "proc", "sys", "bin", "lib", "srv"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", artefacts.path("busybox").read_bytes())
    add_modules(archive)
    archive.file("init", INIT.format(modules=" ".join(MODULES), server=f"10.0.2.2:{server.server_port}",
                                     sink=f"10.0.2.2 {server.sink.getsockname()[1]}").encode())
    archive.file("lease", LEASE.encode())
    return archive.finish()


def options(device, folder, forwarded):
    kind, more = DEVICES[device]
    bus = kind.split(",")[0]
    return [*more, "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{forwarded}-:80",
            "-device", f"virtio-net-{kind},netdev=net", "-device", f"virtio-rng-{kind}",
            "-device", f"virtio-serial-{bus}", "-chardev", f"file,id=log,path={folder}/console.log",
            "-device", "virtconsole,chardev=log"]


def check(run, server, log):
    """What is wrong with a run."""
    wanted = ["lease 10.0.2.15 10.0.2.2 10.0.2.3\n", f"got {digest(FILE)}", "\nsent\n", "\nfetched\n",
              f"random {RANDOM}\n", "reboot: Power down"]
    yield from (f"on the console: {text!r}" for text in wanted if text not in run.console)
    for name, data in (("sent", server.sent), ("fetched", server.fetched)):
        if data != FILE:
            yield f"the file as it was sent to be {name}: {len(data)} bytes arrived"
    if "hello" not in log:
        yield f"hello in the file behind the virtio console, not {log!r}"
    if run.status != 0:
        yield "exit code 0"
    trouble = linux.TROUBLE.search(run.console)
    if trouble:
        yield f"no complaint of the kernel: {trouble[0]}"


def test(program, device, harts):
    with tempfile.TemporaryDirectory() as folder, Server(free_port()) as server:
        folder = pathlib.Path(folder)
        (folder / "initrd.cpio").write_bytes(initramfs(server))
        run = sim.simulate(program, ["-kernel", artefacts.path("linux"), "-initrd", folder / "initrd.cpio",
                                     "-append", "console=ttyS0", "-m", "512M", "-smp", harts,
                                     *options(device, folder, server.forwarded)], LIMIT)
        server.shutdown()
        problems = list(check(run, server, (folder / "console.log").read_text()))
    print(f"{device}, {harts} harts: {run.cost()}")
    return sim.failure(run, problems) if problems else None


def main(arguments):
    if len(arguments) not in (2, 3) or arguments[1] not in DEVICES:
        print(__doc__)
        return 2
    return test(arguments[0], arguments[1], arguments[2] if arguments[2:] else "1")


if __name__ == "__main__":
    artefacts.run_test(main)
