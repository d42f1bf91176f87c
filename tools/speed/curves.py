"""curves - how cost grows: with RAM, with the memory a guest walks through, harts, VMs, code.

A point is the median of runs, less that of runs which do the set-up alone, for one event. rvh-sim's own
memory is its peak less the guest RAM that is resident, from --stats.
"""
import pathlib
import statistics

from speed import chart
from speed.measure import Failure

MIB = 1 << 20


def size(kib):
    """1024 as 1 M."""
    unit = 0
    while kib >= 1024:
        kib, unit = kib / 1024, unit + 1
    return f"{kib:g} {'KMGT'[unit]}"


OWN_MEMORY_LIMIT = 150 * MIB


def chase_steps(mib):
    """So many that the set-up, which is in proportion to the pages, is little beside them; few that miss."""
    return max(32000000 // mib, 3000000) + 8 * mib * 256


class Curve:
    """x: values; program, told(x, n), megabytes(x), harts(x): the run; n: events, and what one is."""

    def __init__(self, title, x_name, y_name, xs, program, n, least=0, told="", megabytes=None,
                 harts=None, scale=1e9, shown="{:g}".format):
        self.title, self.x_name, self.y_name, self.xs, self.program = title, x_name, y_name, xs, program
        self.least, self.told, self.scale, self.shown = least, told, scale, shown
        self.n = n if callable(n) else lambda x: n
        self.megabytes = megabytes or (lambda x: 128)
        self.harts = harts or (lambda x: 1)

    def run(self, sim, folder, x, n):
        told = self.told.format(x=x, n=n, pages=x * 256, each=n // x)
        return sim.run(folder, self.program, told=told, megabytes=self.megabytes(x), harts=self.harts(x))

    def memory(self, sim, folder, x):
        told = self.told.format(x=x, n=self.n(x), pages=x * 256, each=self.n(x) // x)
        return sim.statistics(folder, self.program, told=told, megabytes=self.megabytes(x),
                              harts=self.harts(x))


CURVES = {
    "ram": Curve("The machine's RAM, most of it not used", "RAM (-m)", "ns per load of chase1m",
                 [128, 256, 512, 1024, 2048, 4096, 8192], "chase1m", 20000000, 16, "n={n}",
                 lambda x: x, shown=lambda x: size(x << 10)),
    "range1": Curve("A chase through so much memory, one stage", "one load per 4 KiB page of it",
                    "ns per load", [1, 4, 16, 64, 256, 1024, 4096], "chase64m", chase_steps, 16,
                    "n={n} pages={pages}", lambda x: x + 128,
                    shown=lambda x: size(x << 10)),
    "range2": Curve("A chase through so much memory, two stages", "one load per 4 KiB page of it",
                    "ns per load", [1, 4, 16, 64, 256, 1024, 4096], "chase2_64m", chase_steps, 16,
                    "n={n} pages={pages}", lambda x: x + 128,
                    shown=lambda x: size(x << 10)),
    "harts": Curve("Harts that share the same work", "harts (-smp)", "us per round of 2048 steps",
                   [1, 2, 4, 8], "harts", 8000, 8, "n={n} harts={x}", harts=lambda x: x, scale=1e6),
    "vms": Curve("VMs in turn, each with a VMID and 64 pages", "VMs", "us per switch",
                 [1, 2, 4, 8, 16, 32, 64], "vmswitch", 64000, 64, "n={each} vms={x}", lambda x: 512, scale=1e6),
    "code": Curve("Code of so much, each function called in turn", "code",
                  "ns per call of 64 instructions", [64, 256, 1024, 4096, 16384, 65536], "code", 1048576, 1,
                  "n={n} kib={x}", lambda x: 256, shown=size),
}


def point(curve, sims, folder, x, pairs):
    """{simulator: cost of an event}"""
    costs = {s.name: [] for s in sims}
    for _ in range(pairs):
        sums = set()
        for s in sims:
            whole, setup = (curve.run(s, folder, x, n) for n in (curve.n(x), curve.least))
            sums.add(whole["checksum"])
            seconds = whole["user"] - setup["user"]
            if seconds < setup["user"] / 10:
                print(f"  {s.name} at {x}: the set-up took {setup['user']:.2f} s, all of it {whole['user']:.2f} s")
                continue
            costs[s.name].append(seconds / (whole["n"] - setup["n"]) * curve.scale)
        if len(sums) != 1:
            raise Failure(f"{curve.program} at {x}: checksums differ: {sums}")
    if not all(costs.values()):
        raise Failure(f"{curve.program} at {x}: too much other work on this machine: try more --pairs")
    return {name: statistics.median(c) for name, c in costs.items()}


def measure(name, sims, folder, pairs):
    curve = CURVES[name]
    heads = "".join(f"{s.name:>10}" for s in sims)
    print(f"\n{curve.title}: {curve.y_name}\n{curve.x_name:>28}{heads}   own MiB  RAM MiB", flush=True)
    rows = []
    for x in curve.xs:
        stats = curve.memory(sims[0], folder, x)
        own = stats["rss_peak"] - stats["ram_resident"]
        row = {"x": x, "cost": point(curve, sims, folder, x, pairs), "own": own, "stats": stats}
        rows.append(row)
        print(f"{curve.shown(x):>28}" + "".join(f"{v:10.3f}" for v in row["cost"].values()) +
              f"{own / MIB:10.1f}{stats['ram_resident'] / MIB:9.1f}", flush=True)
    return rows


def draw(name, rows, path):
    curve = CURVES[name]
    series = {s: [(r["x"], r["cost"][s]) for r in rows] for s in rows[0]["cost"]}
    pathlib.Path(path).write_text(chart.curves(curve.title, curve.x_name, curve.y_name, series, curve.shown),
                                  encoding="utf-8")


def all_curves(sims, folder, pairs, out, names):
    """Measures, draws into the folder out; {name: rows}. Fails if rvh-sim itself takes too much memory."""
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    results = {}
    for name in names or CURVES:
        results[name] = measure(name, sims, folder, pairs)
        draw(name, results[name], f"{out}/{name}.svg")
    most = max(r["own"] for rows in results.values() for r in rows)
    print(f"\nrvh-sim's own memory: at most {most / MIB:.1f} MiB")
    if most > OWN_MEMORY_LIMIT:
        raise Failure(f"rvh-sim itself took {most / MIB:.0f} MiB, more than {OWN_MEMORY_LIMIT / MIB:.0f}")
    return results
