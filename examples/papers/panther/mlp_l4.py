#!/usr/bin/env python3
"""MLP-L4 (1024-256-512-512-10): cycles against the bound and the authors' compiled program."""
import sys

import common

AUTHORS_CYCLES, AUTHORS_UJ = 16069, 5.097   # public simulator, mlpPanther, batch 1
MACHINES = ("puma_era", "panther", "panther_overlapped")


def measure(machine, *options):
    return common.panther_stats(["run", "examples/mlp_l4.pan", "--entry", "train:mlp_l4",
                                 "--timing-only", "--machine", machine, *options])


def steps_row(goal, machine, variant, batch):
    s = measure(machine, "--variant", variant, "--batch", batch, "--optimize", goal)
    opa = batch if variant < 3 else 1
    t_opa = float(common.machine_numbers(machine)["t_opa"])
    cycles, bound = s["cycles_per_kernel"], s["bound_cycles_per_kernel"]
    return (goal, machine, variant, batch, cycles, int(bound), cycles / bound,
            cycles / (bound + opa * t_opa), s["energy_pj"] * 1e-6)


def main():
    r = common.Report("mlp_l4", "MLP-L4: compiled cycles against the step bound")
    s = measure("puma_era")
    r.verdict("cycles, the authors' machine, batch 1", str(AUTHORS_CYCLES),
              str(s["cycles_per_kernel"]),
              "%.1f %% fewer" % (100 - 100 * s["cycles_per_kernel"] / AUTHORS_CYCLES), True,
              s["cycles_per_kernel"] < AUTHORS_CYCLES)
    r.value("energy of one example there, uJ (with leakage)", AUTHORS_UJ, s["energy_pj"] * 1e-6, 3)
    rows = [steps_row("balance", machine, variant, batch)
            for machine in MACHINES for variant in (1, 2, 3) for batch in (1, 64)]
    rows += [steps_row("time", machine, 2, batch) for machine in MACHINES for batch in (1, 2, 64)]
    r.table("ratios", ["optimize", "machine", "variant", "batch", "cycles", "bound", "/ bound",
                       "/ (bound + OPA)", "uJ"], rows, "%.3f")
    ratio = {row[:4]: row[7] for row in rows}
    cycles = {row[:4]: row[4] for row in rows}
    era = ratio["balance", "puma_era", 2, 1]
    r.verdict("cycles / bound, batch 1", "1.27", "%.3f" % era, "below the authors'", True,
              era < 1.27)
    for machine, batch, most in (("puma_era", 1, 1.15), ("panther", 1, 1.15),
                                 ("panther_overlapped", 1, 1.15), ("panther", 64, 1.25),
                                 ("panther_overlapped", 64, 1.05)):
        got = ratio["time", machine, 2, batch]
        r.verdict("for time: cycles / bound, batch %d, %s" % (batch, machine), "-", "%.3f" % got,
                  "our target %.2f: %s" % (most, "reached" if got <= most else "not reached"),
                  True, got <= most)
    r.verdict("for time: batch 2 / batch 1, panther", "1.96", "%.2f" % (
        cycles["time", "panther", 2, 2] / cycles["time", "panther", 2, 1]),
        "the authors' compiler gains nothing from a batch")
    gain = [cycles["balance", "panther", variant, 64] for variant in (1, 2)]
    r.verdict("variant 1 / variant 2, batch 64", "-", "%.2f" % (gain[0] / gain[1]),
              "below 2: not O(L)")
    r.line("    variant 3 at its commit reads and writes its crossbars once per batch")
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
