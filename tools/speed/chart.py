"""chart - charts as SVG, by hand: ratios as bars, costs as curves. Both are readable on light and dark
pages: the colours follow the reader's setting."""
import html
import math

STYLE = """<style>
text{font:12px system-ui,sans-serif;fill:#24292f}
.soft{fill:#57606a}.num{text-anchor:end}.mid{text-anchor:middle}.title{font-weight:600;font-size:13px}
.grid{stroke:#8c959f;stroke-opacity:.35}.one{stroke:#24292f;stroke-width:1.5}
.good{fill:#1a7f37}.bad{fill:#bc4c00}.other{fill:#8c959f}.aim{stroke:#8250df;stroke-width:3}
.range{stroke:#24292f;stroke-opacity:.8}
.c0{stroke:#0969da;fill:#0969da}.c1{stroke:#bc4c00;fill:#bc4c00}.c2{stroke:#1a7f37;fill:#1a7f37}
.line{fill:none;stroke-width:2}text.c0,text.c1,text.c2{stroke:none}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9198a1}.one,.range{stroke:#e6edf3}
.good{fill:#3fb950}.bad{fill:#f0883e}.aim{stroke:#a371f7}
.c0{stroke:#58a6ff;fill:#58a6ff}.c1{stroke:#f0883e;fill:#f0883e}.c2{stroke:#3fb950;fill:#3fb950}
text.c0{fill:#58a6ff}text.c1{fill:#f0883e}text.c2{fill:#3fb950}.line{fill:none}}
</style>"""


def text(x, y, words, classes=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{html.escape(words)}</text>'


def line(x1, y1, x2, y2, classes):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{classes}"/>'


def page(width, height, title, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img"><title>{html.escape(title)}</title>')
    return "\n".join([head, STYLE, *parts, "</svg>\n"])


def number(v):
    return f"{v:.0f}" if v >= 10 else f"{v:.1f}" if v >= 1 else f"{v:.2f}"


def short(v):
    """1024 as 1k: for axes."""
    for unit in ("", "k", "M", "G"):
        if abs(v) < 1000:
            return f"{v:g}{unit}"
        v = round(v / 1000, 2)
    return f"{v:g}T"


def steps(low, high):
    """1, 2, 5 times powers of ten, from low to high."""
    for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for m in (1, 2, 5):
            if low <= m * 10.0**e <= high:
                yield m * 10.0**e


def ratios(title, rows, aims):
    """Bars of [(name, median, min, max)] from the line at 1, on a log scale; [name]: where it shall be."""
    left, right, top, step = 96, 700, 44, 22
    values = [v for r in rows for v in r[1:]] + [aims[r[0]] for r in rows if r[0] in aims] + [1]
    low, high = min(values) / 1.3, max(values) * 1.3
    bottom = top + step * len(rows)

    def x(v):
        return left + (right - left) * math.log(v / low) / math.log(high / low)

    parts = [text(left, 18, title, "title")]
    for v in steps(low, high):
        parts += [line(x(v), top - 6, x(v), bottom, "grid"), text(x(v), bottom + 16, f"{v:g}", "soft mid")]
    for i, (name, median, least, most) in enumerate(rows):
        y = top + step * i
        a, b = sorted((x(1), x(median)))
        parts += [text(left - 8, y + 12, name, "num"),
                  f'<rect x="{a:.1f}" y="{y}" width="{max(b - a, .5):.1f}" height="14" rx="2" '
                  f'class="{"good" if median >= 1 else "bad"}"/>',
                  line(x(least), y + 7, x(most), y + 7, "range"),
                  text(right + 12, y + 12, number(median))]
        if name in aims:
            parts.append(line(x(aims[name]), y - 2, x(aims[name]), y + 16, "aim"))
    parts += [line(x(1), top - 10, x(1), bottom, "one"),
              text(left, bottom + 36, "right of the line at 1: rvh-sim is faster; thin line: all pairs; "
                   "violet mark: the aim", "soft")]
    return page(right + 60, bottom + 48, title, parts)


def curves(title, x_name, y_name, series, shown="{:g}".format):
    """Lines of {name: [(x, y)]}; both axes by factors. shown: how x is written."""
    left, right, top, bottom = 62, 470, 44, 230
    xs = sorted({p[0] for points in series.values() for p in points})
    ys = [p[1] for points in series.values() for p in points]
    low, high = min(ys) / 1.25, max(ys) * 1.25

    def at(v, a, b, start, end):
        return start + (end - start) * math.log(v / a) / math.log(b / a)

    parts = [text(left - 46, 18, title, "title"), text(left - 46, 35, y_name, "soft"),
             text(right, bottom + 34, x_name, "soft num")]
    ticks = list(steps(low, high))
    for v in ticks if len(ticks) < 9 else ticks[::3]:
        y = at(v, low, high, bottom, top)
        parts += [line(left, y, right, y, "grid"), text(left - 6, y + 4, short(v), "soft num")]
    for v in xs:
        parts.append(text(at(v, xs[0], xs[-1], left, right), bottom + 18, shown(v), "soft mid"))
    ends = []
    for k, (name, points) in enumerate(series.items()):
        place = [(at(px, xs[0], xs[-1], left, right), at(py, low, high, bottom, top)) for px, py in points]
        parts.append(f'<polyline class="line c{k}" points="' +
                     " ".join(f"{a:.1f},{b:.1f}" for a, b in place) + '"/>')
        parts += [f'<circle class="c{k}" cx="{a:.1f}" cy="{b:.1f}" r="3"/>' for a, b in place]
        y = place[-1][1]
        while any(abs(y - e) < 13.9 for e in ends):
            y += 14
        ends.append(y)
        parts.append(text(right + 10, y + 4, name, f"c{k}"))
    return page(right + 80, bottom + 44, title, parts)
