"""Disks of the tests: their images, and how each device is asked for, in QEMU's words."""
import subprocess

DEVICES = {
    "pci": ["-device", "virtio-blk-pci,drive=disk"],
    "pci-modern": ["-device", "virtio-blk-pci,drive=disk,disable-legacy=on,addr=7"],
    "mmio-legacy": ["-device", "virtio-blk-device,drive=disk"],
    "mmio-modern": ["-global", "virtio-mmio.force-legacy=false",
                    "-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.2"],
}


def options(kind, image):
    return ["-drive", f"file={image},format=raw,if=none,id=disk", *DEVICES[kind]]


def tool(*command):
    """Runs a program that makes or reads images; returns what it says."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(done.args)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout
