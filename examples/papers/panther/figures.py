#!/usr/bin/env python3
"""Figs. 9 and 10 on the digits: accuracy by slice bits and CRS period, and accuracy by energy.

    figures.py [fig9] [fig10]

Reads the runs that stream/sweep.py made (stream/results.csv; sets fig9 and fig10), on 8x8 digits
with a network of two layers: the order of the curves can be compared with the paper's, accuracies
cannot.
"""
import os
import statistics
import sys

import common
import closed_form

sys.path.insert(0, os.path.join(common.HERE, "stream"))
import sweep  # noqa: E402

RESULTS = os.path.join(common.HERE, "stream", "results.csv")


def mean_of(rows, **wanted):
    """(mean, least, runs) of the last accuracies of the runs that have these settings."""
    found = [float(r["accuracy"]) for r in rows
             if all(r[k] == str(v) for k, v in wanted.items())]
    return (statistics.mean(found), min(found), len(found)) if found else (None, None, 0)


def pareto(points):
    """Names of the slicings that no other beats in energy and accuracy."""
    return [p[2] for p in points
            if not any(q[0] <= p[0] and q[1] >= p[1] and q[:2] != p[:2] for q in points)]


WEIGHTS = 64 * 64 + 64 * 10   # of the network, without biases


def clipped(rows, **wanted):
    """Per cent of a slice's cells that an update clips, for slices 0 and 6, mean of the runs."""
    found = [[float(n) for n in r["saturated"].split()] for r in rows
             if all(r[k] == str(v) for k, v in wanted.items())]
    updates = [float(r["opas"]) / 2 / 64 for r in rows
               if all(r[k] == str(v) for k, v in wanted.items())]
    return [100 * statistics.mean(s[k] / n / WEIGHTS for s, n in zip(found, updates))
            for k in (0, 6)]


def figure9(rows):
    r = common.Report("fig9", "accuracy by slice bits and CRS period (Fig. 9), on digits")
    table, series, means = [], {}, {}
    for slices in ("33333333", "44444444", "55555555", "66666666"):
        setting = {"data": "digits64", "mode": "batch", "slices": slices}
        for period in (64, 256, 1024, 4096):
            mean, _, count = mean_of(rows, crs=period, **setting)
            if count != 3:
                r.line("  not run yet (stream/sweep.py --set fig9)")
                return r.end()
            low, high = clipped(rows, crs=period, **setting)
            table.append((slices, period, "%.3f" % mean, "%.2f" % low, "%.2f" % high))
            series.setdefault(slices, []).append((period.bit_length() - 1, mean, ""))
            means[slices, period] = mean
    r.table("fig9", ["slices", "CRS every", "accuracy", "slice 0, %", "slice 6, %"], table)
    r.line("  `batch` mode, last accuracy, mean of 3 seeds; cells that an update clips, per cent")
    r.check("3 bits do not train, whatever the period",
            max(means["33333333", p] for p in (64, 256, 1024, 4096)) < .6)
    r.check("5 and 6 bits are robust at 1,024 and 4,096",
            min(means[s, p] for s in ("55555555", "66666666") for p in (1024, 4096)) >= .96)
    low, high = (clipped(rows, data="digits64", mode="batch", slices="33333333", crs=1024)[k]
                 for k in (0, 1))
    r.check("slice 0 of 3 bits clips more than slice 6", low > high)
    r.verdict("4 bits, CRS every 64", "performs well", "%.3f" % means["44444444", 64],
              "differs: not on this task")
    return r.end(common.svg_scatter("Accuracy by slice bits (digits, batch mode)",
                                    "log2 of the CRS period in examples",
                                    "test accuracy, mean of 3 seeds", series, lines=True))


def order(r, means):
    narrow, four = means["33333333"], means["44444444"]
    good = [means[s] for s in ("44466555", "55555555", "66666666")]
    r.check("batch: 33333333 < 44444444 < 44466555, 55555555, 66666666", narrow < four < min(good))


def figure10(rows):
    r = common.Report("fig10", "accuracy by energy of sixteen slicings (Fig. 10), on digits")
    m = common.machine_numbers("panther_paper")
    series, table = {}, {}
    for mode, data in (("batch", "digits64"), ("digit", "digits"), ("stream", "digits")):
        more = dict(sweep.ROUNDED if mode == "stream" else {"crs": 1024}, mode=mode)
        points = []
        for slices in sweep.SIXTEEN:
            more["slices"] = slices
            mean, _, count = mean_of(rows, data=data, **more)
            if count == 3:
                points.append((closed_form.mvm_nj(m, slices), mean, slices))
                table.setdefault(slices, {})[mode] = mean
        if len(points) >= 10:
            series[mode] = points
    if not series:
        r.line("  not run yet (stream/sweep.py --set fig10)")
        return r.end()
    shown = [(s, "%.2f" % closed_form.mvm_nj(m, s),
              *("%.3f" % table[s][mode] if mode in table[s] else "-" for mode in series))
             for s in sorted(table, key=lambda s: closed_form.mvm_nj(m, s))
             if all(mode in table[s] for mode in series)]
    r.table("fig10", ["slices", "nJ", *series], shown)
    r.line("  last accuracy, mean of 3 seeds, CRS every 1024 examples; nJ of one MVM")
    for mode, points in series.items():
        r.line("  Pareto front, %s: %s" % (mode, " ".join(sorted(pareto(points)))))
    if "batch" in series:
        order(r, {s: v["batch"] for s, v in table.items() if "batch" in v})
        reference, _, count = mean_of(rows, data="digits64", mode="ideal")
        if count == 3:
            for s in ("44466555", "55555555", "66666666"):
                off = 100 * (reference - table[s]["batch"])
                r.check("batch, %s: within 1 point of the integer %.3f" % (s, reference), off <= 1,
                        "%.1f points" % off)
    return r.end(common.svg_scatter("Accuracy on digits by energy of slicing", "nJ per MVM",
                                    "test accuracy, mean of 3 seeds", series))


def main():
    rows, status = sweep.read_results(RESULTS), 0
    for name, figure in (("fig9", figure9), ("fig10", figure10)):
        if name in (sys.argv[1:] or ["fig9", "fig10"]):
            status |= figure(rows)
    return status


if __name__ == "__main__":
    sys.exit(main())
