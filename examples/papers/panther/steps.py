#!/usr/bin/env python3
"""Tables 1 and 2: steps of matrix operations of compiled training kernels, by executing them.

A step is one MVM or MTVM. The programs run on a machine whose products take a million cycles, so
the whole millions of a kernel's cycles are the steps on its critical path, whatever else it does.
"""
import os
import re
import sys
import tempfile

import common

STEP = 1_000_000
FEW = range(1, 6), (1, 2, 3, 5, 8)
ALL = range(1, 9), (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24)   # --all: minutes

PROGRAM = """data none { train = raw("x.bin", "x.labels", size = 64);  scale = 1/255 }
network net(x: vec[64]) -> vec[64] {
%s    return dense(x, 64, bias = false)
}
train net on none { loss = cross_entropy;  update = sgd(rate = 0.01);  batch = %d;  epochs = 1 }
"""


def program(layers, batch):
    hidden = "    x = relu(dense(x, 64, bias = false))\n" * (layers - 1)
    return PROGRAM % (hidden, batch)


def formula(variant, layers, batch):
    """Steps of the shortest schedule; the first layer has no MTVM (its error goes nowhere)."""
    if variant == 1 and layers > 1:
        return 2 * batch + 2 * layers - 3
    return batch + 2 * layers - 2


def measure(folder, machine, variant, layers, batch):
    path = os.path.join(folder, "net.pan")
    with open(path, "w") as f:
        f.write(program(layers, batch))
    s = common.panther_stats(["run", path, "--entry", "train:net", "--timing-only", "--machine",
                              machine, "--variant", variant])
    return s["cycles_per_kernel"] // STEP, round(s["bound_cycles_per_kernel"] / STEP)


def slow_machine(folder, name):
    text = common.panther(["machine", "show", name])
    text = re.sub(r"(?m)^(  t_mt?vm:) .*", r"\1 %d" % STEP, text)
    path = os.path.join(folder, name + ".yaml")
    with open(path, "w") as f:
        f.write(text)
    return path


def diagram(r, layers, batch, variant):
    """The ideal schedule of Tables 1 and 2 as text: F n forward of example n, B n backward."""
    every = 2 if variant == 1 else 1
    cells, last = {}, 0
    for n in range(batch):
        for k in range(layers):
            cells.setdefault((every * n + k, k), []).append("F%d" % n)
            if k:
                step = every * n + 2 * layers - 1 - k
                cells.setdefault((step, k), []).append("B%d" % n)
                last = max(last, step)
    last = max(last, every * (batch - 1) + layers - 1)
    rows = [(str(t), *("+".join(cells.get((t, k), ["."])) for k in range(layers)))
            for t in range(last + 1)]
    rows.append((str(last + 1), *(["OPA x %d" % batch] * layers)))
    r.table("variant%d_L%d_B%d" % (variant, layers, batch),
            ["step"] + ["MCU %d" % k for k in range(layers)], rows)
    clash = any(len(c) > 1 for c in cells.values())
    return last + 1, clash


def execute(r, layer_counts, batches):
    """Runs every program; a cell is one number if formula, image and both runs agree."""
    machines = ("panther", "panther_overlapped")
    rows, wrong, late = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        files = [slow_machine(folder, name) for name in machines]
        for variant in (1, 2, 3):
            for layers in layer_counts:
                cells = []
                for batch in batches:
                    wanted = formula(variant, layers, batch)
                    runs = [measure(folder, path, variant, layers, batch) for path in files]
                    values = [wanted, runs[0][1]] + [ran for ran, _ in runs]
                    wrong += values[1] != wanted or min(values) < wanted
                    late += max(values) > wanted
                    cells.append("/".join(map(str, values if len(set(values)) > 1 else values[:1])))
                rows.append((variant, layers, *cells))
    r.line("  executed, blocking and overlapped issue (one number: formula = image = both runs)")
    r.table("executed", ["variant", "L"] + ["B=%d" % b for b in batches], rows)
    count = len(rows) * len(batches)
    r.check("image's bound_steps is the formula, no run is below", wrong == 0,
            "%d of %d differ" % (wrong, count))
    r.check("every compiled schedule reaches the bound", late == 0, "%d of %d above" % (late, count))


def main():
    r = common.Report("steps", "steps of matrix operations (Tables 1 and 2)")
    steps, clash = diagram(r, 3, 1, 1)
    r.value("Table 1: rows for L = 3, B = 1, OPA included", 6, steps + 1, 0, gate=True)
    steps, _ = diagram(r, 3, 5, 2)
    r.value("Table 2: rows 0 to 8 for L = 3, B = 5", 9, steps, 0, gate=True)
    r.line("    Table 2 shows 4 rows of OPA for 5 examples: a slip of the paper")
    _, clash = diagram(r, 3, 3, 1)
    r.check("variant 1, an example every 2 steps: no crossbar used twice in a step", not clash)
    execute(r, *(ALL if "--all" in sys.argv else FEW))
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
