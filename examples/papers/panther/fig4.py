#!/usr/bin/env python3
"""Fig. 4: how large the update of a step is beside the range of the weights, while training.

Trains the digits in batches of 64 with a checkpoint per step and compares checkpoints.
"""
import json
import os
import struct
import sys
import tempfile

import common

EPOCHS, STEPS = 60, 22   # steps: batches of an epoch
SHOWN = 20               # steps of one point of the drawing
RUNS = (("batch, 44466555", ("--opa-mode", "batch")),
        ("integer reference", ("--opa-mode", "ideal")))[:1 if common.QUICK else 2]


def weights(path):
    """{name: values} of the float matrices of a checkpoint."""
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    found = {}
    for name, t in json.loads(data[8:8 + size]).items():
        if name.endswith("weight") and t["dtype"] == "F32":
            first, last = (8 + size + o for o in t["data_offsets"])
            found[name] = struct.unpack("<%df" % ((last - first) // 4), data[first:last])
    return found


def program(folder):
    source = os.path.join(common.HERE, "stream", "digits_batch.pan")
    with open(source) as f:
        text = f.read().replace("../../../", os.path.join(common.ROOT, "examples") + "/")
    path = os.path.join(folder, "digits.pan")
    with open(path, "w") as f:
        f.write(text.replace("every epoch { test() }",
                             'every epoch { test() }\n    every batch { save("%s/{epoch}-{batch}.st") }'
                             % folder))
    return path


def shares(folder, options):
    """Per matrix: largest change of a weight in a step, per cent of the range of the weights."""
    s = common.panther_stats(["run", program(folder), "--epochs", EPOCHS, "--save",
                              os.path.join(folder, "last.st"), *options])
    found, before = {}, None
    for step in range(EPOCHS * STEPS):
        now = weights(os.path.join(folder, "%d-%d.st" % (step // STEPS + 1, step % STEPS + 1)))
        for name, w in now.items():
            if before:
                change = max(abs(a - b) for a, b in zip(w, before[name]))
                found.setdefault(name, []).append(100 * change / (max(w) - min(w)))
        before = now
    return s["test_accuracy"][-1], found


def main():
    r = common.Report("fig4", "updates beside the range of the weights (Fig. 4), on the digits")
    rows, series, least = [], {}, 100
    for name, options in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            accuracy, found = shares(folder, options)
        for matrix, values in sorted(found.items()):
            ordered = sorted(values)
            within = 100 * sum(v <= 5 for v in values) / len(values)
            least = min(least, within)
            rows.append((name, matrix, "%.3f" % accuracy, "%.2f" % ordered[len(ordered) // 2],
                         "%.2f" % ordered[int(.95 * len(ordered))], "%.1f" % ordered[-1],
                         "%.1f" % within))
            series["%s %s" % (matrix[:7], name[:7])] = [
                (k, max(values[k:k + SHOWN]), "") for k in range(0, len(values), SHOWN)]
    r.table("updates", ["run", "matrix", "accuracy", "median, %", "95 % below", "most",
                        "steps within 5 %"], rows)
    r.line("  largest change of a weight in a step, per cent of the range of the matrix's weights")
    r.verdict("steps whose updates stay within 5 % of the range", ">= 95 %", "%.1f %%" % least,
              "agrees" if least >= 95 else "differs", True, least >= 95)
    return r.end(common.svg_scatter("Updates of digits, batches of 64", "step",
                                    "largest update, % of the weights' range", series, lines=True))


if __name__ == "__main__":
    sys.exit(main())
