"""Makes FAT32 images as hypervisors read them: no partition table, files in the root directory.

Microsoft's "FAT32 File System Specification" 1.03. Sectors and clusters have 512 bytes.
"""
import struct

SECTOR, RESERVED, CLUSTERS = 512, 32, 66000  # fewer than 65525 clusters would be FAT16
FAT_SECTORS = -(-(CLUSTERS + 2) * 4 // SECTOR)
DATA = RESERVED + 2 * FAT_SECTORS
ROOT, END = 2, 0x0FFFFFFF


def boot_sector():
    sector = struct.pack("<3s8sHBHBHHBHHHIIIHHIHH12sBBBI11s8s", b"\xeb\x58\x90", b"rvh-test", SECTOR, 1,
                         RESERVED, 2, 0, 0, 0xF8, 0, 32, 2, 0, DATA + CLUSTERS, FAT_SECTORS, 0, 0, ROOT,
                         1, 6, bytes(12), 0x80, 0, 0x29, 0x12345678, b"NO NAME    ", b"FAT32   ")
    return sector.ljust(510, b"\0") + b"\x55\xaa"


def information_sector():
    sector = struct.pack("<I480xIII", 0x41615252, 0x61417272, 0xFFFFFFFF, 0xFFFFFFFF)
    return sector.ljust(508, b"\0") + struct.pack("<I", 0xAA550000)


def entry(name, cluster, size):
    stem, _, extension = name.upper().partition(".")
    return struct.pack("<11sB8xH4xHI", f"{stem:8}{extension:3}".encode(), 0x20, cluster >> 16,
                       cluster & 0xFFFF, size)


def write(path, files):
    """files: names of the form 8.3 to bytes; up to 16 of them, none empty."""
    fat, root, data = [0x0FFFFFF8, END, END], b"", b""
    for name, content in files.items():
        first, n = len(fat), -(-len(content) // SECTOR)
        root += entry(name, first, len(content))
        fat += [*range(first + 1, first + n), END]
        data += content.ljust(n * SECTOR, b"\0")
    table = struct.pack(f"<{len(fat)}I", *fat)
    with open(path, "wb") as image:
        for at, part in ((0, boot_sector() + information_sector()), (6, boot_sector()), (RESERVED, table),
                         (RESERVED + FAT_SECTORS, table), (DATA, root.ljust(SECTOR, b"\0") + data)):
            image.seek(at * SECTOR)
            image.write(part)
        image.truncate((DATA + CLUSTERS) * SECTOR)
