#!/usr/bin/env python3
"""--trace-json against its schema: every record of every lesson is what the schema says.

  json_trace.py RVH_SIM ROMS_DIR SCHEMA

The validator knows the part of JSON Schema that our schema uses, and first proves that it rejects.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def problems(value, schema, root, path="$"):
    """All the ways in which value is not what schema says."""
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from problems(value, target, root, path)
    if "type" in schema and not is_type(value, schema["type"]):
        yield f"{path}: {value!r} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{path}: {value!r} is not {schema['const']!r}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    for key in schema.get("required", []):
        if key not in value:
            yield f"{path}: no key {key!r}"
    for key, part in schema.get("properties", {}).items():
        if key in value:
            yield from problems(value[key], part, root, f"{path}.{key}")
    for i, item in enumerate(value if "items" in schema else []):
        yield from problems(item, schema["items"], root, f"{path}[{i}]")
    for part in schema.get("allOf", []):
        if "if" not in part or not any(problems(value, part["if"], root)):
            yield from problems(value, part.get("then", part), root, path)


def prove_it_rejects(schema):
    for bad in ({}, {"rec": "nonsense"}, {"rec": "end", "insn": "5"}, {"rec": "trap", "n": 1},
                {"rec": "header", "schema": "rvh-trace/2", "version": "", "image": ""}):
        assert any(problems(bad, schema, schema)), f"the validator takes {bad}"


def records(program, rom):
    with tempfile.NamedTemporaryFile("r") as out:
        run = subprocess.run([program, rom, f"--trace-json={out.name}", "--trace-traps", "--limit-insns=200M"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, f"{rom.name}: exit code {run.returncode}: {run.stderr}"
        return [json.loads(line) for line in out], run.stderr


def check_story(rom, all_records):
    """Exits and entries are counted as they are told, and exits are handled by M or HS."""
    exits = [r for r in all_records if r.get("exit")]
    entries = [r for r in all_records if r.get("entry")]
    end = all_records[-1]
    assert all_records[0]["rec"] == "header" and end["rec"] == "end", rom
    assert end["exits"] == len(exits) > 0 and end["entries"] >= len(entries) > 0, rom
    assert all(r["from"] in ("VS", "VU") and r["to"] in ("M", "HS") for r in exits), rom


def main(program, roms, schema_path):
    schema = json.loads(pathlib.Path(schema_path).read_text())
    prove_it_rejects(schema)
    failures = []
    for rom in sorted(pathlib.Path(roms).glob("*.elf")):
        all_records, text = records(program, rom)
        for i, record in enumerate(all_records):
            failures += [f"{rom.name}:{i + 1}: {p}" for p in problems(record, schema, schema)]
        check_story(rom.name, all_records)
        # The two views of one run agree about the cost of every exit.
        told = [r["handled_insns"] for r in all_records if "handled_insns" in r]
        assert told == [int(n) for n in re.findall(r"handled in (\d+) insns?,", text)], rom.name
        print(f"{rom.name}: {len(all_records)} records")
    print("\n".join(failures[:20]))
    return bool(failures)


sys.exit(main(*sys.argv[1:]))
