"""systems - whole systems as rows of the table: Linux to power-off, and Linux with KVM and a guest in it.

What they are is tests/real's: the kernels that it fetched and built, its first processes. There is no
checksum; the console must have the words of a run that went well.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from speed.measure import Failure, run

REAL = pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "real"

# row: (how tests/real prepares it, what the console must say)
SYSTEMS = {
    "linux": (["linux.py", "--prepare", "{programs}/init"], (b"INIT OK", b"Power down")),
    "kvm": (["kvm.py", "--prepare", "{programs}", "sbi", "1"], (b"| GUEST OK", b"vmm: the guest has shut down")),
}


def prepare(name, build, folder):
    """The options that boot it, the same for all simulators."""
    words = [w.format(programs=f"{build}/tests/real") for w in SYSTEMS[name][0]]
    command = [sys.executable, "-B", REAL / words[0], *words[1:], folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failure(f"{name}: {done.stderr.strip() or done.stdout.strip()}\n"
                      "fetch and build what it boots: ctest --preset release -R 'real.(packages|small-linux)'")
    return json.loads(done.stdout)["options"]


def boot(sim, name, options, more=()):
    text, user, peak = run([*sim.command, *options, *more], sim.seconds)
    for words in SYSTEMS[name][1]:
        if words not in text:
            raise Failure(f"{sim.name}: {name} did not say {words.decode()!r}:\n"
                          f"{text[-800:].decode(errors='replace')}")
    return {"user": user, "peak": peak}


def counts(sim, name, options):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        boot(sim, name, options, [f"--stats=json:{out.name}"])
        return json.load(out)


def measure(name, sims, build, pairs, compare):
    """A row, as tools/bench makes them of programs. Start and firmware are part of it."""
    with tempfile.TemporaryDirectory() as folder:
        options = prepare(name, build, folder)
        rows = [[boot(s, name, options) for s in sims] for _ in range(pairs)]
        stats = counts(sims[0], name, options)
    medians = {s.name: statistics.median(row[i]["user"] for row in rows) for i, s in enumerate(sims)}
    return {"workload": name, "n": 1, "unit": "rounds", "instructions": stats["instructions"],
            "seconds": {s.name: {"median": medians[s.name], "all": [row[i]["user"] for row in rows]}
                        for i, s in enumerate(sims)},
            "us_per_event": {},
            "peak": {s.name: max(row[i]["peak"] for row in rows) for i, s in enumerate(sims)}
                    | {"rvh": stats["rss_peak"]},
            "ratio": {s.name: compare(rows, i) for i, s in enumerate(sims) if i},
            "stats": stats, "mips": stats["instructions"] / medians["rvh"] / 1e6}

