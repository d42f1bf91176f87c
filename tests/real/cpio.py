"""A raw cpio archive (newc) as Linux unpacks it into its first root file system.

Not compressed, because unpacking would be half of a short boot. The format is described in the
kernel's Documentation/driver-api/early-userspace/buffer-format.rst. Needs no root: device nodes
are entries like all others.
"""
import stat


def pad(data):
    return data + bytes(-len(data) % 4)


class Archive:
    def __init__(self):
        self.data, self.inode = bytearray(), 0  # bytes would be copied for each file

    def _add(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        name = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self.data += pad(header + name) + pad(content)

    def folder(self, name):
        self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, content):
        self._add(name, stat.S_IFREG | 0o755, content)

    def link(self, name, target):
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self._add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self):
        self._add("TRAILER!!!", 0)
        return self.data
