#!/usr/bin/env python3
"""Why literal updates collapse: logits and clipped cells per epoch, from the emulator.

Trains the digits with a checkpoint per epoch, runs the test entry on the first 359 images with
each, and prints the mean logit, the share of logits at the end of the number range, and the
accuracy of the run. Softmax does not see a drift that all logits share, so nothing corrects it
until they saturate.
"""
import csv
import gzip
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import common  # noqa: E402
import sweep  # noqa: E402

EPOCHS, IMAGES = 8, 359
CASES = (("integer reference, Fx 11", dict(sweep.IDEAL, fx=11)),
         ("literal, Fx 11, CRS 64", dict(sweep.LITERAL, fx=11, crs=64)),
         ("literal, Fx 9, CRS 64", dict(sweep.LITERAL, fx=9, crs=64)),
         ("literal, Fx 9, CRS 1024", dict(sweep.LITERAL, fx=9, crs=1024)),
         ("rounded, Fx 9, CRS 1024", sweep.ROUNDED))


def write_images(path):
    data = os.path.join(common.ROOT, "examples", "data", "digits.csv.gz")
    with gzip.open(data, "rt", newline="") as f, open(path, "w") as out:
        for _, record in zip(range(IMAGES), csv.reader(f)):
            out.write(",".join(str(float(v) / 8) for v in record[:64]) + "\n")


def logits(program, machine, weights, images, options):
    text = common.panther(["run", program, "--machine", machine, "--entry", "test:mlp", "--kernels",
                           IMAGES, "--weights", weights, "--input", "image=" + images, *options])
    return [float(v) for line in re.findall(r"output\[0\] =(.*)", text)
            for v in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", line)]


def follow(job, folder, shown, images):
    """(stats of the run, [(mean logit, share at the limit, largest)] per epoch)."""
    machine, program = (os.path.join(folder, n) for n in ("m.yaml", "digits.pan"))
    with open(machine, "w") as f:
        f.write(sweep.machine_text(shown, job))
    source = os.path.join(common.ROOT, "examples")
    with open(os.path.join(source, "mlp_digits.pan")) as f:
        text = f.read().replace('"data/', '"%s/data/' % source)
    text = text.replace('"machines/', '"%s/machines/' % source)
    with open(program, "w") as f:
        f.write(text.replace("test() }", 'test(); save("%s/{epoch}.st") }' % folder))
    options = ["--slices", job["slices"], "--opa-mode", job["mode"], "--update-rounding",
               job["rounding"]]
    s = common.panther_stats(["run", program, "--machine", machine, "--epochs", EPOCHS, "--crs",
                              job["crs"], *options])
    limit, steps = 2.0 ** (15 - job["fx"]), []
    for epoch in range(1, EPOCHS + 1):
        y = logits(program, machine, os.path.join(folder, "%d.st" % epoch), images, options)
        steps.append((sum(y) / len(y), sum(abs(v) >= limit * .999 for v in y) / len(y),
                      max(map(abs, y))))
    return s, steps


def main():
    r = common.Report("drift", "logits of the digits under literal and rounded updates")
    shown = common.panther(["machine", "show", "panther"])
    rows, clipped, series, found = [], [], {}, {}
    with tempfile.TemporaryDirectory() as folder:
        images = os.path.join(folder, "images.csv")
        write_images(images)
        for name, job in CASES:
            s, steps = follow(job, folder, shown, images)
            found[name] = steps
            series[name] = [(k + 1, v[0], "") for k, v in enumerate(steps)]
            rows.append((name, *("%.2f" % v[0] for v in steps), "%.0f %%" % (100 * steps[-1][1]),
                         "%.3f" % s["test_accuracy"][-1]))
            cells = s["opa"] / 2 * (64 * 65 + 65 * 10)
            clipped.append((name, *("%.2f" % (100 * n / cells)
                                    for n in reversed(s["slice_saturation"]))))
    r.line("  mean logit after each epoch; then logits at the limit, and test accuracy, of the last")
    epochs = ["%d" % k for k in range(1, EPOCHS + 1)]
    r.table("logits", ["updates"] + epochs + ["at limit", "accuracy"], rows)
    r.line("  cells that clip per update, %, most significant slice first (64 x 65 and 65 x 10 cells)")
    r.table("clipped", ["updates"] + ["s%d" % k for k in range(7, -1, -1)], clipped)
    literal, rounded = (found[CASES[k][0]] for k in (1, 4))
    r.check("literal, Fx 11: most logits end at the limit", literal[-1][1] > .5,
            "%.0f %%" % (100 * literal[-1][1]))
    r.check("rounded: no logit does", rounded[-1][1] == 0, "largest %.1f of 64" % rounded[-1][2])
    return r.end(common.svg_scatter("Drift of the logits, digits", "epoch", "mean logit", series,
                                    True))


if __name__ == "__main__":
    sys.exit(main())
