#!/usr/bin/env python3
"""Debian's U-Boot in HS-mode on Debian's OpenSBI (fw_dynamic), to its prompt and back.

  uboot.py RVH_SIM               a command at the prompt
  uboot.py RVH_SIM flash         it reads and erases flash

A key in the pipe ends its countdown; md and erase eat one as well, hence the spaces.
It polls the UART: no interrupt brings it the text.
"""
import pathlib
import sys
import tempfile

import artefacts
import sim


def plan(what, folder):
    """The arguments, what is typed, and what the console must show of it."""
    if what == "flash":
        image = pathlib.Path(folder) / "flash.img"
        with open(image, "wb") as f:
            f.write(b"FLASHDATA1234567")
            f.truncate(32 << 20)
        return (["-drive", f"if=pflash,unit=1,format=raw,file={image}"],
                "md.l 22000000 4\n erase 22040000 +20000\n md.l 22040000 1\n ",
                ["Flash: 32 MiB\n", "FLASHDATA1234567\n", "Erased 1 sectors\n", "22040000: ffffffff "])
    return [], "echo a$arch b\n", ["=> echo a$arch b\n", "ariscv b\n"]


def main(arguments):
    if not arguments or arguments[1:] not in ([], ["flash"]):
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        options, typed, wanted = plan(arguments[1] if len(arguments) == 2 else None, folder)
        try:
            run = sim.simulate(arguments[0], ["-bios", artefacts.path("opensbi/fw_dynamic.bin"),
                                              "-kernel", artefacts.path("u-boot.bin"), *options], "4G",
                               f"\n{typed}poweroff\n")
        except artefacts.Missing as missing:
            return artefacts.report(missing)
    wanted = ["OpenSBI v", "U-Boot 20", "DRAM:  128 MiB", *wanted, "poweroff\n"]
    problems = [f"on the console: {text!r}" for text in wanted if text not in run.console]
    print(f"u-boot: {run.cost()}")
    if problems or run.status:
        print(sim.failure(run, problems))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
