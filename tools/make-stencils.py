#!/usr/bin/env python3
"""make-stencils - from the object file of src/cpu/stencil.c to the table that native.c copies from.

  make-stencils.py OBJECT OUTPUT

Each function h_NAME becomes one stencil (h1_NAME and so on: its other forms): its machine code, hot part first, and the holes in it. The
jump to HOLE_next that ends the hot part is left out, since the next instruction's code follows; a jump
to a cold part that is nothing but another jump goes there at once.
"""
import pathlib
import re
import struct
import sys

ABSOLUTE, RELATIVE = {11}, {2, 4}  # R_X86_64_32S; R_X86_64_PC32, R_X86_64_PLT32
SHT_SYMTAB, SHT_RELA = 2, 4
JMP = 0xE9
# What is filled with a constant, and what with the distance to a place. The order is native.c's.
CONSTANTS = ("rd", "rs1", "rs2", "fd", "fs1", "fs2", "fs3", "imm", "next_offset")
PLACES = ("next", "slow", "taken", "jump", "leave", "op", "cold", "hot")


class Unexpected(Exception):
    """The compiler did something that this program does not understand."""


class Object:
    """What is needed of an ELF64 little-endian relocatable file."""

    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", data, 16) != (1, 62):
            raise Unexpected("not an x86-64 object file")
        offset, = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        self.data = data
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + i * size) for i in range(count)]
        strings = self.bytes_of(headers[names])
        self.names = [self.string(strings, h[0]) for h in headers]
        self.sections = [self.bytes_of(h) if h[1] not in (0, 8) else b"" for h in headers]
        table = next(h for h in headers if h[1] == SHT_SYMTAB)
        strings = self.sections[table[6]]
        self.symbols = [self.symbol(s, strings) for s in struct.iter_unpack("<IBBHQQ", self.bytes_of(table))]
        self.relocations = {}
        for h in headers:
            if h[1] == SHT_RELA:
                self.relocations[h[7]] = [(at, info & 0xFFFFFFFF, self.symbols[info >> 32], addend) for
                                          at, info, addend in struct.iter_unpack("<QQq", self.bytes_of(h))]

    def bytes_of(self, header):
        return self.data[header[4]:header[4] + header[5]]

    @staticmethod
    def string(strings, at):
        return strings[at:strings.index(b"\0", at)].decode()

    def symbol(self, s, strings):
        name, info, _, section, value, size = s
        kind = info & 15
        text = self.names[section] if kind == 3 else self.string(strings, name)
        return {"name": text, "section": section, "value": value, "size": size, "function": kind == 2}


def part(obj, section):
    """Code and relocations of one section that holds one function, or one function's cold part."""
    return bytearray(obj.sections[section]), list(obj.relocations.get(section, []))


def hole(name, relocation, sections):
    at, kind, symbol, addend = relocation
    if symbol["name"].startswith("HOLE_"):
        what = symbol["name"][5:]
        if kind in ABSOLUTE and what in CONSTANTS and addend == 0:
            return [at, what, 0]
        if kind in RELATIVE and what in PLACES and addend == -4:
            return [at, what, 0]
    elif kind in RELATIVE and symbol["section"] in sections:
        return [at, sections[symbol["section"]], addend + 4 + symbol["value"]]
    raise Unexpected(f"{name}: relocation {kind} against {symbol['name']}{addend:+d}")


def thread(hot_holes, cold, cold_holes):
    """Jumps to a cold part that only jumps go there at once. True: nothing else of it is needed."""
    through = {at - 1: (what, to) for at, what, to in cold_holes
               if what != "op" and cold[at - 1] == JMP and what not in ("cold", "hot")}
    for h in hot_holes:
        if h[1] == "cold" and h[2] in through:
            h[1:] = through[h[2]]
    return not any(h[1] == "cold" for h in hot_holes)


def stencil(obj, name, section, cold_section):
    sections = {section: "hot"}
    if cold_section is not None:
        sections[cold_section] = "cold"
    code, relocations = part(obj, section)
    holes = [hole(name, r, sections) for r in relocations]
    if holes and holes[-1][:2] == [len(code) - 4, "next"] and code[-5] == JMP:
        del code[-5:]
        holes.pop()
    cold, cold_holes = bytearray(), []
    if cold_section is not None:
        cold, relocations = part(obj, cold_section)
        cold_holes = [hole(name, r, sections) for r in relocations]
        if thread(holes, cold, cold_holes):
            cold, cold_holes = bytearray(), []
    return code, cold, holes + [[at + len(code), what, to] for at, what, to in cold_holes]


def index(function):
    form, name = re.fullmatch(r"h([123]?)_(.*)", function).groups()
    return f"[{form or 0}][{opcode(name)}]"


def opcode(name):
    if name.startswith("X_"):
        return name
    return f"X_host + OP_{name[5:]}" if name.startswith("host_") else f"OP_{name}"


def stencils(obj):
    functions = {s["name"]: s for s in obj.symbols if s["function"] and re.match(r"h[123]?_", s["name"])}
    forms = {}
    for name, s in sorted(functions.items(), key=lambda item: item[0].replace("h_", "h0_")):
        if name.endswith(".cold"):
            continue
        cold = functions.get(name + ".cold")
        if s["value"] or s["size"] != len(obj.sections[s["section"]]):
            raise Unexpected(f"{name} is not alone in its section")
        made = stencil(obj, name, s["section"], cold and cold["section"])
        if made in forms.setdefault(name.split("_", 1)[1], []):
            continue  # as a simpler one: that operand is none of its
        forms[name.split("_", 1)[1]].append(made)
        yield index(name), made


def table(rows):
    out = ["/* Made by tools/make-stencils.py from stencil.c. */", "enum {"]
    out += [f"  HOLE_{what}," for what in CONSTANTS + PLACES]
    out += [f"  N_CONSTANTS = HOLE_{PLACES[0]}", "};"]
    longest = [0, 0]
    lines = []
    for i, (where, (code, cold, holes)) in enumerate(rows):
        longest = [max(longest[0], len(code)), max(longest[1], len(cold))]
        body = ", ".join(f"0x{b:02x}" for b in code + cold)
        places = ", ".join(f"{{ {at}, HOLE_{what}, {to} }}" for at, what, to in holes)
        out.append(f"static const uint8_t code_{i}[] = {{ {body} }};")
        out.append(f"static const hole holes_{i}[] = {{ {places} }};")
        lines.append(f"  {where} = {{ code_{i}, holes_{i}, {len(code)}, {len(cold)}, {len(holes)} }},")
    out += [f"enum {{ LONGEST_STENCIL = {sum(longest)} }};"]
    return out + ["static const stencil stencils[N_FORMS][N_HANDLERS] = {"] + lines + ["};", ""]


def main():
    source, target = sys.argv[1:]
    try:
        rows = list(stencils(Object(pathlib.Path(source).read_bytes())))
        if not rows:
            raise Unexpected("no handler in it")
    except Unexpected as e:
        sys.exit(f"make-stencils.py: {source}: {e}\n"
                 "this compiler is not supported: configure with -DRVH_NATIVE=OFF")
    pathlib.Path(target).write_text("\n".join(table(rows)))


if __name__ == "__main__":
    main()
