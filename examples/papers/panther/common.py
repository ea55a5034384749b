"""What the experiments share: running panther, comparing with the paper, writing JSON and SVG."""
import json
import math
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
QUICK = bool(os.environ.get("PANTHER_QUICK"))   # tests: fewer of the large layers and batches
PANTHER = os.environ.get("PANTHER", os.path.join(ROOT, "build", "release", "panther"))
# What machines are compared on: one image for all, placed for least energy. A placement for time
# spreads a layer over more cores, which changes its overhead and so what is compared.
PLACEMENT = ("--optimize", os.environ.get("PANTHER_OPTIMIZE", "energy"))


def panther(arguments):
    """Runs a panther command and returns what it prints; its own message ends the experiment."""
    try:
        done = subprocess.run([PANTHER] + [str(a) for a in arguments], capture_output=True,
                              text=True, cwd=ROOT, env=dict(os.environ, NO_COLOR="1"))
    except OSError as error:
        sys.exit("%s: %s; build it, or set PANTHER" % (PANTHER, error.strerror))
    if done.returncode:
        sys.exit("panther %s: exit status %d\n%s" % (" ".join(map(str, arguments)), done.returncode,
                                                    done.stderr))
    return done.stdout


def panther_stats(arguments):
    """The figures (--stats) of a run."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "stats.json")
        panther(list(arguments) + ["--stats", path])
        with open(path) as f:
            return json.load(f)


def machine_with(folder, name, words):
    """A file of that machine with another memory per tile."""
    path = os.path.join(folder, "%s_%d.yaml" % (name, words))
    if not os.path.exists(path):
        text = panther(["machine", "show", name])
        with open(path, "w") as f:
            f.write(re.sub(r"(?m)^(  memory_words:) .*", r"\1 %d" % words, text))
    return path


def without_waiting(s, layer):
    """{component: pJ} of a layer, without what is charged per cycle, which waiting costs too."""
    parts = s["energy_fj"]["by_layer_and_component"][layer]
    return {c: fj * 1e-3 for c, fj in parts.items()
            if c not in ("leakage", "core_control", "tile_control")}


def machine_numbers(name, *options):
    """{key: text} of `panther machine show`; energy components are floats (pJ) and win."""
    numbers = {}
    for line in panther(["machine", "show", name, *options]).splitlines():
        words = line.split("#")[0].split()
        if len(words) == 2 and words[0].endswith(":"):
            numbers.setdefault(words[0][:-1], words[1].strip('"'))
        elif words[:2] == ["-", "{component:"]:
            numbers[words[2].rstrip(",")] = float(words[4].rstrip(","))
    return numbers


class Report:
    """Rows of paper's value, ours and a verdict. Only rows with gate=True decide the status."""

    def __init__(self, name, title):
        self.name, self.title, self.rows, self.tables = name, title, [], {}
        self.failed = False
        print("== %s: %s" % (name, title))

    def line(self, text=""):
        print(text)

    def verdict(self, what, paper, ours, verdict, gate=False, holds=True):
        self.rows.append({"what": what, "paper": paper, "ours": ours, "verdict": verdict,
                          "gate": gate, "holds": bool(holds)})
        self.failed |= gate and not holds
        mark = ("ok" if holds else "FAILED") if gate else ""
        print("  %-46s paper %-14s ours %-14s %-34s %s" % (what, paper, ours, verdict, mark))

    def value(self, what, paper, ours, digits=2, within=None, gate=False, note=""):
        """Exact if equal as printed; else the difference in per cent, judged by `within`."""
        shown = "%.*f" % (digits, ours)
        if "%.*f" % (digits, paper) == shown:
            self.verdict(what, "%.*f" % (digits, paper), shown, "exact" + note, gate)
            return
        off = 100 * (ours / paper - 1)
        holds = within is not None and abs(off) <= within
        self.verdict(what, "%.*f" % (digits, paper), shown,
                     "%s (%+.1f %%)%s" % ("close" if holds else "differs", off, note), gate, holds)

    def check(self, what, holds, detail=""):
        self.verdict(what, "-", detail or "-", "holds" if holds else "does not hold", True, holds)

    def table(self, name, head, rows, formats=None):
        """A plain table; also part of the JSON."""
        self.tables[name] = [dict(zip(head, row)) for row in rows]
        cells = [[str(h) for h in head]]
        for row in rows:
            cells.append([c if isinstance(c, str) else (formats or "%s") % c if isinstance(c, float)
                          else str(c) for c in row])
        widths = [max(len(r[i]) for r in cells) for i in range(len(head))]
        for row in cells:
            print("  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                                   for i, (c, w) in enumerate(zip(row, widths))))

    def end(self, svg=None):
        """Writes NAME.json and .svg into the folder PANTHER_OUT, if set. Returns the status."""
        folder = os.environ.get("PANTHER_OUT")
        if folder:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, self.name + ".json"), "w") as f:
                json.dump({"experiment": self.name, "title": self.title, "rows": self.rows,
                           "tables": self.tables}, f, indent=1)
                f.write("\n")
            with open(os.path.join(folder, self.name + ".svg"), "w") as f:
                f.write(svg or svg_verdicts(self))
        return 1 if self.failed else 0


COLOURS = ("#2a6fbb", "#d1495b", "#3a9d5d", "#8d5fb0", "#d98b1f", "#555555")


def svg_scatter(title, x_label, y_label, series, lines=False):
    """series: {name: [(x, y, label)]}. One plot of 720 x 440 with axes, points and a legend."""
    points = [p for s in series.values() for p in s]
    x0, x1 = min(p[0] for p in points), max(p[0] for p in points)
    y0, y1 = min(p[1] for p in points), max(p[1] for p in points)
    x1, y1 = x1 + (x1 == x0), y1 + (y1 == y0)

    def at(x, y):
        return 70 + 600 * (x - x0) / (x1 - x0), 380 - 320 * (y - y0) / (y1 - y0)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="720" height="440" '
           'font-family="sans-serif" font-size="11">',
           '<rect width="720" height="440" fill="white"/>',
           '<text x="360" y="22" text-anchor="middle" font-size="14">%s</text>' % title,
           '<path d="M70 60V380H680" fill="none" stroke="black"/>',
           '<text x="375" y="425" text-anchor="middle">%s</text>' % x_label,
           '<text x="16" y="220" text-anchor="middle" transform="rotate(-90 16 220)">%s</text>'
           % y_label]
    for i in range(5):
        x, y = x0 + (x1 - x0) * i / 4, y0 + (y1 - y0) * i / 4
        out.append('<text x="%.0f" y="398" text-anchor="middle">%.4g</text>' % (at(x, y)[0], x))
        out.append('<text x="62" y="%.0f" text-anchor="end">%.4g</text>' % (at(x, y)[1] + 4, y))
    for i, (name, data) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        if lines:
            path = " ".join("%.1f,%.1f" % at(p[0], p[1]) for p in data)
            out.append('<polyline points="%s" fill="none" stroke="%s"/>' % (path, colour))
        for x, y, label in data:
            px, py = at(x, y)
            out.append('<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>' % (px, py, colour))
            if label:
                out.append('<text x="%.1f" y="%.1f" font-size="8">%s</text>'
                           % (px + 5, py - 4, label))
        out.append('<text x="%d" y="44" fill="%s">&#9679; %s</text>' % (75 + 150 * i, colour, name))
    return "\n".join(out + ["</svg>\n"])


def svg_bars(title, y_label, groups, series, log=False):
    """series: {name: [value per group or None]}: bars side by side, 1000 x 440; from 1 if log."""
    highest = max(v for s in series.values() for v in s if v)
    top = math.log10(highest) if log else highest
    wide, bar = 900 / len(groups), 700 / len(groups) / len(series)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="440" '
           'font-family="sans-serif" font-size="11">',
           '<rect width="1000" height="440" fill="white"/>',
           '<text x="500" y="22" text-anchor="middle" font-size="14">%s</text>' % title,
           '<path d="M70 60V380H980" fill="none" stroke="black"/>',
           '<text x="16" y="220" text-anchor="middle" transform="rotate(-90 16 220)">%s</text>'
           % y_label]
    for i in range(5):
        value = 10 ** (top * i / 4) if log else top * i / 4
        out.append('<text x="62" y="%.0f" text-anchor="end">%.3g</text>' % (384 - 80 * i, value))
    for k, (name, values) in enumerate(series.items()):
        colour = COLOURS[k % len(COLOURS)]
        out.append('<text x="%d" y="44" fill="%s">&#9632; %s</text>' % (75 + 180 * k, colour, name))
        for g, value in enumerate(values):
            if value:
                high = 320 * (max(math.log10(value), 0) if log else value) / top
                out.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s">'
                           '<title>%s %s: %.4g</title></rect>'
                           % (75 + wide * g + bar * k, 380 - high, bar, high, colour, groups[g],
                              name, value))
    for g, name in enumerate(groups):
        x = 75 + wide * g + bar * len(series) / 2
        out.append('<text x="%.1f" y="392" font-size="9" text-anchor="end" '
                   'transform="rotate(-35 %.1f 392)">%s</text>' % (x, x, name))
    return "\n".join(out + ["</svg>\n"])


def svg_grid(title, head, rows):
    """A table of texts; cells that are not "." are filled."""
    wide, high = 130 * len(head) + 20, 60 + 24 * (len(rows) + 1)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11">' % (wide, high),
           '<rect width="%d" height="%d" fill="white"/>' % (wide, high),
           '<text x="%d" y="22" text-anchor="middle" font-size="14">%s</text>' % (wide / 2, title)]
    for i, row in enumerate([head] + rows):
        for k, text in enumerate(row):
            x, y = 10 + 130 * k, 40 + 24 * i
            if i and k and text != ".":
                out.append('<rect x="%d" y="%d" width="126" height="20" fill="%s" opacity=".3"/>'
                           % (x, y, COLOURS[1 if text == "OPA" else 2 if "+" in text else 0]))
            out.append('<text x="%d" y="%d" text-anchor="middle">%s</text>'
                       % (x + 63, y + 14, text))
    return "\n".join(out + ["</svg>\n"])


def svg_verdicts(report):
    """Ours divided by the paper's, for the rows of a report where both are numbers."""
    points = []
    for row in report.rows:
        try:
            paper, ours = float(row["paper"]), float(row["ours"])
        except ValueError:
            continue
        if paper:
            points.append((row["what"], ours / paper, "%s / %s" % (row["ours"], row["paper"])))
    high = 80 + 24 * len(points)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="860" height="%d" '
           'font-family="sans-serif" font-size="11">' % high,
           '<rect width="860" height="%d" fill="white"/>' % high,
           '<text x="430" y="22" text-anchor="middle" font-size="14">%s</text>' % report.title]
    for k, percent in enumerate((50, 75, 100, 125, 150)):
        x = 380 + 100 * k
        out.append('<path d="M%d 50V%d" stroke="%s"/><text x="%d" y="44" text-anchor="middle">'
                   '%d %%</text>' % (x, high - 20, "black" if k == 2 else "#ccc", x, percent))
    for k, (what, ratio, text) in enumerate(points):
        x, y = 580 + 400 * min(max(ratio - 1, -.5), .5), 68 + 24 * k
        out.append('<text x="370" y="%d" text-anchor="end">%s</text>'
                   '<circle cx="%.1f" cy="%d" r="4" fill="%s"/>'
                   '<text x="%.1f" y="%d" font-size="9">%s</text>'
                   % (y + 4, what.replace("<", "&lt;"), x, y, COLOURS[0], x + 8, y + 4, text))
    return "\n".join(out + ["</svg>\n"])
