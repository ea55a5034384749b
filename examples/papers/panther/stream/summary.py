#!/usr/bin/env python3
"""Prints every table of README.md in this folder from results.csv, and checks what it claims.

    summary.py [--results FILE]

An accuracy is that of the last epoch on the test split, mean of three seeds, the least in brackets.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import common  # noqa: E402
import closed_form  # noqa: E402
import figures  # noqa: E402
import sweep  # noqa: E402

NEAR = 0.015   # "within 1.5 points of the integer reference"


def pick(rows, base, **changed):
    job = dict(base, **changed)
    return figures.mean_of(rows, **{k: job[k] for k in job})


def text(rows, base, **changed):
    mean, least, count = pick(rows, base, **changed)
    return "%.3f (%.3f)" % (mean, least) if count == 3 else "-"


def grid(r, rows, title, first, base, lines, key, values):
    """A table of lines {name: changes} by the values of one key; empty lines are left out."""
    shown = []
    for name, changes in lines.items():
        cells = [text(rows, base, **dict(changes, **{key: v})) for v in values]
        if any(c != "-" for c in cells):
            shown.append((name, *cells))
    if shown:
        r.line("\n  %s" % title)
        r.table(title, [first] + ["%s %s" % (key, v or "never") for v in values], shown)


def digits_tables(r, rows):
    d = {"data": "digits", "epochs": 20}
    rounded, literal = dict(sweep.ROUNDED, **d), dict(sweep.LITERAL, **d)
    ideal = dict(sweep.IDEAL, **d)
    grid(r, rows, "Digits, integer reference (no cell clips)", "updates", ideal,
         {"opa mode ideal": {}},
         "fx", (9, 10, 11))
    grid(r, rows, "Digits, literal operands", "slices", literal,
         {"%s, Fx %d" % (s, fx): {"slices": s, "fx": fx}
          for s in ("44466555", "44464444", "66666666", "88888888") for fx in (11, 10, 9)},
         "crs", (1, 16, 64, 256, 1024, 4096))
    slicings = ["44466555", "44464444", "33333333", "44444444", "44454444", "55555555", "66666666",
                "44474444"]
    grid(r, rows, "Digits, rounded operands (Fx 9, quantum 2^-10)", "slices", rounded,
         {s: {"slices": s} for s in slicings}, "crs", (64, 256, 512, 1024, 2048, 4096, 0))
    grid(r, rows, "Digits, rounded operands, narrow slices", "slices", rounded,
         {s: {"slices": s} for s in narrow_of(rows)}, "crs", (1024, 4096))
    grid(r, rows, "Digits, quantum (slice 4 is 2^(16 - Fw))", "quantum", rounded,
         {"2^%d" % (16 - fw): {"fw": fw} for fw in (28, 26, 25, 24)}, "crs", (256, 1024, 4096))
    grid(r, rows, "Digits, formats, rounding and variants", "setting", rounded,
         {"Fx 9": {}, "Fx 10": {"fx": 10, "row": 10, "column": 6},
          "Fx 11": {"fx": 11, "row": 11, "column": 5}, "nearest": {"rounding": "nearest"},
          "variant 1": {"variant": 1}, "variant 3": {"variant": 3}}, "crs", (256, 1024))


def narrow_of(rows):
    """Slicings with a slice of fewer than 4 bits and update slices of another width."""
    names = {q["slices"] for q in rows if q["data"] == "digits" and q["fw"] == "26" and
             q["rounding"] == "stochastic" and q["slices"][4:] in ("2222", "3333")}
    return sorted(names - {"33333333"}, reverse=True)


def mnist_tables(r, rows):
    for data, title in (("mnist8k", "MNIST, 8,000 examples, 784-100-10, 5 epochs"),
                        ("mnist", "MNIST, 60,000 examples, 784-100-10, 5 epochs")):
        d = {"data": data, "epochs": 5}
        grid(r, rows, title + ": integer reference", "updates",
             dict(sweep.UNCLIPPED, **d), {"12-bit slices": {}}, "crs", (64,))
        grid(r, rows, title + ": rounded operands", "slices", dict(sweep.ROUNDED, **d),
             {s: {"slices": s} for s in ("44466555", "44464444", "24462222")}, "crs", (1024, 4096))
        grid(r, rows, title + ": literal operands", "format", dict(sweep.LITERAL, **d),
             {"Fx %d" % fx: {"fx": fx} for fx in (11, 9)}, "crs", (64, 1024))


def cnn_tables(r, rows):
    d = {"data": "cnn", "epochs": 20}
    grid(r, rows, "Convolutional network on the digits: integer reference", "updates",
         dict(sweep.IDEAL, **d), {"opa mode ideal": {}}, "crs", (1024,))
    grid(r, rows, "Convolutional network: rounded operands", "quantum", dict(sweep.ROUNDED, **d),
         {"2^%d" % (16 - fw): {"fw": fw} for fw in (26, 24)}, "crs", (64, 1024))
    grid(r, rows, "Convolutional network: slicings, quantum 2^-10", "slices",
         dict(sweep.ROUNDED, **d),
         {s: {"slices": s} for s in ("44466555", "44464444", "24462222", "23462222", "24452222")},
         "crs", (64, 1024, 4096))
    grid(r, rows, "Convolutional network: literal operands", "format", dict(sweep.LITERAL, **d),
         {"Fx %d" % fx: {"fx": fx} for fx in (11, 9)}, "crs", (64,))


def cheapest(r, rows):
    """Slicings and periods on the digits that stay near the reference, with their energies."""
    d = {"data": "digits", "epochs": 20}
    reference = pick(rows, dict(sweep.IDEAL, **d))[0]
    machines = {name: common.machine_numbers(name) for name in ("panther", "panther_paper")}
    slicings = sorted({q["slices"] for q in rows if q["data"] == "digits" and q["fw"] == "26"})
    found = []
    for s in slicings:
        near = []
        for period in (64, 256, 512, 1024, 2048, 4096):
            mean, _, count = pick(rows, dict(sweep.ROUNDED, **d), slices=s, crs=period)
            if count == 3 and reference - mean <= NEAR:
                near.append(period)
        if near:
            found.append((s, sum(map(int, s)), max(near),
                          *("%.2f" % closed_form.mvm_nj(m, s) for m in machines.values())))
    found.sort(key=lambda row: float(row[4]))
    r.line("\n  Digits, rounded: slicings within 1.5 points of the reference's %.4f" % reference)
    r.table("near", ["slices", "bits", "longest CRS tried", "nJ MVM code", "paper"], found)
    return reference, found


def crs_energy(r, periods):
    """Share of the energy of a whole training run, leakage left out, as the emulator reports it."""
    shown, share = [], {}
    for machine in ("panther_paper", "panther"):
        for variant in (1, 2):
            cells = []
            for period in periods:
                s = common.panther_stats(["run", "examples/mlp_digits.pan", "--machine", machine,
                                          "--variant", variant, "--epochs", 6, "--crs", period])
                dynamic = s["energy_pj"] - s["leakage_pj"]
                share[machine, variant, period] = 100 * s["energy_by_operation"]["crs"] / dynamic
                cells.append("%.2f" % share[machine, variant, period])
            shown.append((machine, variant, *cells))
    r.line("\n  Energy of carry resolution, % of the dynamic energy of 6 epochs on the digits,\n"
           "  tests included")
    r.table("crs", ["machine", "variant"] + [str(p) for p in periods], shown)
    return share


def compare(r, rows, data, epochs, limit, reference_job):
    d = {"data": data, "epochs": epochs}
    reference, _, count = pick(rows, dict(reference_job, **d))
    mean, least, runs = pick(rows, dict(sweep.ROUNDED, **d))
    if count == 3 and runs == 3:
        off = 100 * (reference - mean)
        r.check("%s, rounded, CRS 1024: within %g points of the reference" % (data, limit),
                off <= limit, "%.4f, %.4f" % (mean, reference))


def main():
    path = sys.argv[2] if sys.argv[1:2] == ["--results"] else figures.RESULTS
    r = common.Report("stream", "the literal hardware trains: sweeps")
    rows = sweep.read_results(path)
    digits_tables(r, rows)
    mnist_tables(r, rows)
    cnn_tables(r, rows)
    cheapest(r, rows)
    share = crs_energy(r, (64, 256, 512, 1024, 2048, 4096))
    r.line()
    mean = pick(rows, dict(sweep.ROUNDED, data="digits", epochs=20))[0]
    r.check("digits, rounded, 44466555, CRS 1024: at least .965", mean >= .965, "%.4f" % mean)
    compare(r, rows, "digits", 20, 1.5, sweep.IDEAL)
    compare(r, rows, "mnist8k", 5, 1, sweep.UNCLIPPED)
    compare(r, rows, "mnist", 5, 1, sweep.UNCLIPPED)
    compare(r, rows, "cnn", 20, 1, sweep.IDEAL)
    literal = pick(rows, dict(sweep.LITERAL, data="digits", epochs=20, fx=11, crs=64))[0]
    r.check("digits, literal, Fx 11, CRS 64 collapses", literal < .3, "%.4f" % literal)
    clipped = [q for q in rows
               if q["slices"] == "cccccccc" and set(q["saturated"].split()) != {"0"}]
    r.check("12-bit slices never clip, so they are the reference", not clipped)
    got = share["panther_paper", 1, 1024]
    r.check("CRS every 1024, `paper`, variant 1: at most 2 % of the energy", got <= 2,
            "%.2f %%" % got)
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
