#!/usr/bin/env python3
"""Debian's U-Boot in HS-mode on Debian's OpenSBI (fw_dynamic), to its prompt and back.

  uboot.py RVH_SIM

A key in the pipe ends its countdown. It polls the UART: no interrupt brings it the text.
"""
import sys

import artefacts
import sim

WANTED = ["OpenSBI v", "U-Boot 20", "DRAM:  128 MiB", "=> echo a$arch b\n", "ariscv b\n", "=> poweroff\n"]


def main(arguments):
    if len(arguments) != 1:
        print(__doc__)
        return 2
    try:
        run = sim.simulate(arguments[0], ["-bios", artefacts.path("opensbi/fw_dynamic.bin"),
                                          "-kernel", artefacts.path("u-boot.bin")], "4G",
                           "\necho a$arch b\npoweroff\n")
    except artefacts.Missing as missing:
        return artefacts.report(missing)
    problems = [f"on the console: {text!r}" for text in WANTED if text not in run.console]
    print(f"u-boot: {run.cost()}")
    if problems or run.status:
        print(sim.failure(run, problems))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
