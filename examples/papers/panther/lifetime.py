#!/usr/bin/env python3
"""Section 7.8: how long the cells last, from the stated 5 % and from the wear of training runs."""
import sys

import common

ENDURANCE, YEARLY = 1e9, 1000 * 100 * 1e6   # switches; examples a year
LOST = .5                                   # to failed trainings
RUNS = (("one example at a time, rounded operands", "single, rounded", 1,
         ("examples/mlp_digits.pan", "--epochs", 20)),
        ("one example at a time, literal operands, CRS 16", "single, literal", 1,
         ("examples/mlp_digits.pan", "--epochs", 5, "--update-rounding", "off", "--crs", 16)),
        ("batches of 64, one update each", "batches of 64", 64,
         ("examples/papers/panther/stream/digits_batch.pan", "--epochs", 20)))


def years(switches_per_example):
    if not switches_per_example:
        return float("inf")
    return ENDURANCE / (YEARLY * switches_per_example) * LOST


def main():
    r = common.Report("lifetime", "endurance (section 7.8)")
    r.value("years at 5 % of the range per batch of 64", 6, years(.05 / 64), 0, gate=True)
    r.line("    unrounded: %.1f" % years(.05 / 64))
    rows, wrong, average, series = [], 0, 0, {}
    for name, short, batch, options in RUNS:
        s = common.panther_stats(["run", *options, "--wear"])
        w = s["wear"]
        for k, cells in reversed(list(enumerate(w["slices"]))):
            per_batch = cells["switches_mean"] / w["examples"] * max(batch, 64)
            average = per_batch if k == len(w["slices"]) - 1 else average + per_batch
            ours = years(cells["switches_mean"] / w["examples"])
            series.setdefault(short, []).append(100 * per_batch or None)
            if cells["years_mean"]:
                wrong += abs(ours / cells["years_mean"] - 1) > 1e-6
            rows.append((name if k == len(w["slices"]) - 1 else "", k, "%.3f" % (100 * per_batch),
                         "%.3g" % ours,
                         "%.3g" % cells["years_worst"] if cells["years_worst"] else "-"))
    r.table("wear", ["training", "slice", "% per 64 examples", "years, mean cell", "worst cell"],
            rows)
    r.value("batches of 64: % of the range per batch, mean of slices", 5, 100 * average / 8, 1, 10)
    r.check("the emulator's years are the formula's", wrong == 0)
    r.line("  digits, 64-64-10. Slice 0 is the least significant. The paper's 5 % is an average over\n"
           "  slices and an assumption. Its remark that low slices wear first holds for batches and\n"
           "  literal operands; rounded operands wear slice 4, and carries of it slices 5 and 6.")
    series["stated, 5 %"] = [5] * 8
    return r.end(common.svg_bars("Wear of slices", "% of the range per 64 examples",
                                 ["slice %d" % k for k in range(7, -1, -1)], series, log=True))


if __name__ == "__main__":
    sys.exit(main())
