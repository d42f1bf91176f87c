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
import threading

from speed.measure import Failure, run

REAL = pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "real"

# row: (how tests/real prepares it, what the console must say)
SYSTEMS = {
    "linux": (["linux.py", "--prepare", "{programs}/init", "{harts}", "{folder}"], (b"INIT OK", b"Power down")),
    "kvm": (["kvm.py", "--prepare", "{programs}", "sbi", "{harts}", "{folder}"],
            (b"| GUEST OK", b"vmm: the guest has shut down")),
    "kvm-stock": (["stock.py", "--prepare", "{programs}", "ours", "{harts}", "{folder}", "{machine}"],
                  (b"| GUEST OK", b"vmm: the guest has shut down")),
    "kvm-qemu": (["stock.py", "--prepare", "{programs}", "qemu", "{harts}", "{folder}", "{machine}"],
                 (b"| GUEST OK", b"qemu: exit code 0")),
}
DEFAULT = ("linux", "kvm")  # the others take minutes


def prepare(name, harts, folder, o):
    """The options that boot it, the same for all simulators."""
    words = [w.format(programs=f"{o.build}/tests/real", harts=harts, folder=folder, machine=o.machine or "")
             for w in SYSTEMS[name][0]]
    command = [sys.executable, "-B", REAL / words[0], *words[1:]]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failure(f"{name}: {done.stderr.strip() or done.stdout.strip()}\n"
                      "fetch and build what it boots: ctest --preset release -R 'real.(packages|small-linux|qemu)$'")
    board = ["-machine", f"virt,{o.machine}"] if o.machine else []
    return json.loads(done.stdout)["options"] + board


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


def converse(qemu):
    """Over QMP: waits until the guest has shut down; how many instructions its recording has."""
    def say(command):
        qemu.stdin.write(json.dumps({"execute": command}) + "\n")
        qemu.stdin.flush()
    say("qmp_capabilities")
    for line in qemu.stdout:
        message = json.loads(line)
        if message.get("event") == "SHUTDOWN":
            say("query-replay")
        elif "icount" in (message.get("return") or ()):
            say("quit")
            return message["return"]["icount"]
    return None


def qemu_instructions(sim, options):
    """QEMU counts only while it records: slowly, and one hart. The recording is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        words = [*sim.command[:-1], "null", "-qmp", "stdio", "-no-shutdown",  # in place of -serial's stdio
                 "-icount", f"shift=0,rr=record,rrfile={folder}/recording", *options]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as qemu:
            timer = threading.Timer(sim.seconds, qemu.kill)
            timer.start()
            count = converse(qemu)
            timer.cancel()
    if count is None:
        raise Failure(f"no count, status {qemu.returncode}, at most {sim.seconds} s: {' '.join(words)}")
    return count


def measure(name, sims, harts, o, compare):
    """A row, as tools/bench makes them of programs; o: its options. Start and firmware are part of it."""
    with tempfile.TemporaryDirectory() as folder:
        options = prepare(name, harts, folder, o)
        rows = [[boot(s, name, options) for s in sims] for _ in range(o.pairs)]
        stats = counts(sims[0], name, options)
        counted = {s.name: qemu_instructions(s, options) for s in sims
                   if s.name == "qemu" and o.icount and harts == 1}
    medians = {s.name: statistics.median(row[i]["user"] for row in rows) for i, s in enumerate(sims)}
    return {"workload": name if harts == 1 else f"{name} x{harts}", "n": 1, "unit": "rounds",
            "instructions": stats["instructions"], "instructions_qemu": counted.get("qemu"),
            "seconds": {s.name: {"median": medians[s.name], "all": [row[i]["user"] for row in rows]}
                        for i, s in enumerate(sims)},
            "us_per_event": {},
            "peak": {s.name: max(row[i]["peak"] for row in rows) for i, s in enumerate(sims)}
                    | {"rvh": stats["rss_peak"]},
            "ratio": {s.name: compare(rows, i) for i, s in enumerate(sims) if i},
            "stats": stats, "mips": stats["instructions"] / medians["rvh"] / 1e6}
