# SPDX-License-Identifier: GPL-2.0
"""Small charts as inline SVG: bars and lines, linear or logarithmic."""
import html
import math

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 20, 60
COLOURS = ["#2563a8", "#c2561a", "#3f8f4f", "#8a4fa3", "#8c8c2b", "#555"]


def text(x, y, s, anchor="middle", size=12, extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'font-size="{size}" {extra}>{html.escape(str(s))}</text>')


def short(v):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(v) >= limit:
            return f"{v / limit:.3g} {unit}"
    return f"{v:.3g}"


class Axis:
    """Map values to positions between two ends."""

    def __init__(self, values, begin, end, log):
        self.log = log
        self.begin, self.end = begin, end
        if log:
            values = [v for v in values if v > 0] or [1]
            self.low = math.floor(math.log10(min(values)))
            self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        else:
            self.low, self.high = 0, max([*values, 0]) * 1.08 or 1

    def at(self, v):
        v = (math.log10(v) if v > 0 else self.low) if self.log else v
        share = (v - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self):
        if self.log:
            return [10.0 ** e for e in range(self.low, self.high + 1)]
        step = 10 ** math.floor(math.log10(self.high))
        while self.high / step < 4:
            step /= 2
        return [step * i for i in range(int(self.high / step) + 1)]


def frame(title, body, names):
    room = min(150, (WIDTH - LEFT) / max(len(names), 1))
    legend = "".join(
        f'<rect x="{LEFT + room * i:.0f}" y="{HEIGHT - 14}" width="10" '
        f'height="10" fill="{COLOURS[i % len(COLOURS)]}"/>' +
        text(LEFT + room * i + 14, HEIGHT - 5, n, "start", 11)
        for i, n in enumerate(names))
    return (f'<figure><figcaption>{html.escape(title)}</figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{html.escape(title)}">{body}{legend}</svg></figure>')


def grid(axis):
    return "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{axis.at(v):.1f}" '
        f'y2="{axis.at(v):.1f}" stroke="#ddd"/>' +
        text(LEFT - 6, axis.at(v) + 4, short(v), "end", 11)
        for v in axis.ticks())


def bars(title, groups, series, log=False):
    """series: {name: [a value or None per group]}"""
    everything = [v for vs in series.values() for v in vs if v is not None]
    if not everything:
        return ""
    axis = Axis(everything, HEIGHT - BOTTOM, TOP, log)
    body = grid(axis)
    room = (WIDTH - LEFT - RIGHT) / len(groups)
    width = room * 0.8 / len(series)
    for g, name in enumerate(groups):
        x = LEFT + g * room + room * 0.1
        body += text(x + room * 0.4, HEIGHT - BOTTOM + 16, name, size=11)
        for i, values in enumerate(series.values()):
            if values[g] is None:
                continue
            y = min(axis.at(values[g]), HEIGHT - BOTTOM)
            body += (f'<rect x="{x + i * width:.1f}" y="{y:.1f}" '
                     f'width="{width:.1f}" height="{HEIGHT - BOTTOM - y:.1f}" '
                     f'fill="{COLOURS[i % len(COLOURS)]}"><title>'
                     f'{values[g]:g}</title></rect>')
            if width > 24:
                body += text(x + (i + 0.5) * width, y - 3, short(values[g]),
                             size=9)
    return frame(title, body, list(series))


def lines(title, series, xlog=False, ylog=False, xlabel=""):
    """series: {name: [(x, y), ...]}"""
    points = [p for ps in series.values() for p in ps]
    if not points:
        return ""
    xs = Axis([p[0] for p in points], LEFT, WIDTH - RIGHT, xlog)
    ys = Axis([p[1] for p in points], HEIGHT - BOTTOM, TOP, ylog)
    body = grid(ys)
    for v in xs.ticks():
        body += text(xs.at(v), HEIGHT - BOTTOM + 16, short(v), size=11)
    body += text(WIDTH / 2, HEIGHT - BOTTOM + 34, xlabel, size=11)
    for i, ps in enumerate(series.values()):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{xs.at(x):.1f},{ys.at(y):.1f}" for x, y in sorted(ps))
        body += (f'<polyline points="{path}" fill="none" stroke="{colour}" '
                 'stroke-width="2"/>')
        body += "".join(f'<circle cx="{xs.at(x):.1f}" cy="{ys.at(y):.1f}" '
                        f'r="3" fill="{colour}"><title>{x:g}: {y:g}</title>'
                        '</circle>' for x, y in ps)
    return frame(title, body, list(series))
