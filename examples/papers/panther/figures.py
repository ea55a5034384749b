#!/usr/bin/env python3
"""Figs. 9 and 10 on the digits: accuracy by slice bits and CRS period, and accuracy by energy.

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


def figure9(r, rows):
    table = []
    for slices in ("33333333", "44444444", "55555555", "66666666"):
        means = [mean_of(rows, data="digits64", mode="batch", slices=slices, crs=period)
                 for period in (64, 256, 1024, 4096)]
        if all(n == 3 for _, _, n in means):
            table.append((slices, *("%.3f" % m for m, _, _ in means)))
    if len(table) < 4:
        r.line("  Fig. 9: not run yet (stream/sweep.py --set fig9)")
        return
    r.line("  Fig. 9, `batch` mode: last accuracy, mean of 3 seeds, CRS every N examples")
    r.table("fig9", ["slices", "64", "256", "1024", "4096"], table)


def order(r, means):
    narrow, four = means["33333333"], means["44444444"]
    good = [means[s] for s in ("44466555", "55555555", "66666666")]
    r.check("batch: 33333333 < 44444444 < 44466555, 55555555, 66666666", narrow < four < min(good))


def figure10(r, rows):
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
        r.line("  Fig. 10: not run yet (stream/sweep.py --set fig10)")
        return None
    shown = [(s, "%.2f" % closed_form.mvm_nj(m, s),
              *("%.3f" % table[s][mode] if mode in table[s] else "-" for mode in series))
             for s in sorted(table, key=lambda s: closed_form.mvm_nj(m, s))
             if all(mode in table[s] for mode in series)]
    r.line("  Fig. 10: last accuracy, mean of 3 seeds, CRS every 1024 examples; nJ of one MVM")
    r.table("fig10", ["slices", "nJ", *series], shown)
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
    return common.svg_scatter("Accuracy on digits by energy of slicing", "nJ per MVM",
                              "test accuracy, mean of 3 seeds", series)


def main():
    r = common.Report("figures", "accuracy by slicing and CRS period (Figs. 9 and 10), on digits")
    rows = sweep.read_results(RESULTS)
    figure9(r, rows)
    return r.end(figure10(r, rows))


if __name__ == "__main__":
    sys.exit(main())
