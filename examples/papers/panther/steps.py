#!/usr/bin/env python3
"""Tables 1 and 2: steps of matrix operations of compiled training kernels, from their traces.

    steps.py [table1] [table2] [--all]

table1 is of variant 1, table2 of variants 2 and 3. A step is one MVM or MTVM. The programs run on a
machine whose products take a million cycles, so the whole millions of a kernel's cycles are the steps
on its critical path, whatever else it does.
"""
import json
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


def slow_machine(folder, name, opa=None):
    text = common.panther(["machine", "show", name])
    text = re.sub(r"(?m)^(  t_mt?vm:) .*", r"\1 %d" % STEP, text)
    if opa:
        text = re.sub(r"(?m)^(  t_opa:) .*", r"\1 %d" % opa, text)
    path = os.path.join(folder, name + ".yaml")
    with open(path, "w") as f:
        f.write(text)
    return path


def ideal(layers, batch, variant):
    """{(step, layer): operations} of Tables 1 and 2: F n forward of example n, B n backward."""
    every = 2 if variant == 1 else 1
    cells = {}
    for n in range(batch):
        for k in range(layers):
            cells.setdefault((every * n + k, k), []).append("F%d" % n)
            if k:
                step = every * n + 2 * layers - 1 - k
                cells.setdefault((step, k), []).append("B%d" % n)
    return cells


def traced(layers, batch, variant):
    """The same of the emulator's trace, and the number of rows that outer products take."""
    cells, seen, opa = {}, {}, 0
    with tempfile.TemporaryDirectory() as folder:
        net, trace = (os.path.join(folder, name) for name in ("net.pan", "trace.json"))
        with open(net, "w") as f:
            f.write(program(layers, batch))
        s = common.panther_stats(["run", net, "--entry", "train:net", "--timing-only", "--variant",
                                  variant, "--machine",
                                  slow_machine(folder, "panther_overlapped", STEP), "--trace",
                                  trace])
        with open(trace) as f:
            events = json.load(f)["traceEvents"]
    kernel = next(e for e in events if e["ph"] == "X" and e["cat"] == "kernel")
    scale = s["cycles_per_kernel"] / kernel["dur"]   # cycles per unit of the trace's time
    slices = [e for e in events if e["ph"] == "X" and e["cat"] in ("mvm", "mtvm", "opa")]
    for e in sorted(slices, key=lambda e: e["ts"]):
        layer = int(e["args"]["layer"].split("_")[1]) - 1
        if e["name"] == "apply updates":
            opa = max(opa, round(e["dur"] * scale / STEP))
        elif e["cat"] != "opa":
            n = seen[layer, e["cat"]] = seen.get((layer, e["cat"]), -1) + 1
            step = int(e["ts"] * scale // STEP)
            cells.setdefault((step, layer), []).append(("F%d" if e["cat"] == "mvm" else "B%d") % n)
    return cells, opa


def diagram(r, layers, batch, variant, stated=False):
    """
    Prints the traced steps, which are those of the paper's table if one is `stated`; returns the
    rows, how many of them are steps and outer products, and whether a crossbar is used twice in one.
    """
    cells, opa = traced(layers, batch, variant)
    last = max(step for step, _ in cells)
    rows = [(str(t), *("+".join(cells.get((t, k), ["."])) for k in range(layers)))
            for t in range(last + 1)]
    rows += [(str(last + 1 + k), *(["OPA"] * layers)) for k in range(opa)]
    r.line("  traced: variant %d, L = %d, B = %d; F n: MVM of example n, B n: MTVM"
           % (variant, layers, batch))
    r.table("variant%d_L%d_B%d" % (variant, layers, batch),
            ["step"] + ["MCU %d" % k for k in range(layers)], rows)
    if stated:
        wanted = ideal(layers, batch, variant)
        r.check("the trace is the table, operation by operation",
                {key: sorted(v) for key, v in cells.items()} ==
                {key: sorted(v) for key, v in wanted.items()},
                "%d operations" % sum(map(len, cells.values())))
    return rows, last + 1, opa, any(len(c) > 1 for c in cells.values())


def execute(r, variants, layer_counts, batches):
    """Runs every program; a cell is one number if formula, image and both runs agree."""
    machines = ("panther", "panther_overlapped")
    rows, wrong, late = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        files = [slow_machine(folder, name) for name in machines]
        for variant in variants:
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


def grid(title, rows):
    return common.svg_grid(title, ["step", "MCU 0", "MCU 1", "MCU 2"], rows)


def table1(counts):
    r = common.Report("table1", "steps of matrix operations, variant 1 (Table 1)")
    rows, steps, opa, _ = diagram(r, 3, 1, 1, stated=True)
    r.value("Table 1: rows for L = 3, B = 1, OPA included", 6, steps + opa, 0, gate=True)
    _, _, _, clash = diagram(r, 3, 3, 1)
    r.check("an example every 2 steps: no crossbar used twice in a step", not clash)
    execute(r, (1,), *counts)
    return r.end(grid("Steps of variant 1, 3 layers, 1 example, from the trace", rows))


def table2(counts):
    r = common.Report("table2", "steps of matrix operations, variants 2 and 3 (Table 2)")
    rows, steps, opa, _ = diagram(r, 3, 5, 2, stated=True)
    r.value("Table 2: rows 0 to 8 for L = 3, B = 5", 9, steps, 0, gate=True)
    r.value("Table 2: rows of outer products", 4, opa, 0)
    r.line("    Table 2 shows 4 rows of OPA for 5 examples: a slip of the paper")
    execute(r, (2, 3), *counts)
    return r.end(grid("Steps of variant 2, 3 layers, 5 examples, from the trace", rows))


def main():
    counts, status = ALL if "--all" in sys.argv else FEW, 0
    wanted = [a for a in sys.argv[1:] if a != "--all"] or ["table1", "table2"]
    for name, table in (("table1", table1), ("table2", table2)):
        if name in wanted:
            status |= table(counts)
    return status


if __name__ == "__main__":
    sys.exit(main())
