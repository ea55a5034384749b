#!/usr/bin/env python3
"""Trains small networks under many settings of the literal hardware; appends one line per run.

    sweep.py [--set NAME]... [--sample N] [--results FILE] [--data DIR] [--jobs N] [--list]

Runs that the results file already holds are left out, so an interrupted sweep goes on where it was.
Accuracies are those of the LAST epoch on the test split; nothing is selected by it within a run.
"""
import argparse
import concurrent.futures
import csv
import itertools
import os
import re
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import common  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = ["data", "epochs", "mode", "rounding", "fx", "fw", "row", "column", "slices", "variant",
       "crs", "seed"]
MEASURED = ["accuracy", "best", "loss", "opas", "resolutions", "adc_clips", "saturated"]
PROGRAMS = {
    "digits": os.path.join(common.ROOT, "examples", "mlp_digits.pan"),
    "digits64": os.path.join(HERE, "digits_batch.pan"),
    "mnist": os.path.join(HERE, "mnist_mlp.pan"),
    "mnist8k": os.path.join(HERE, "mnist_small.pan"),
    "cnn": os.path.join(HERE, "digits_cnn.pan"),
}
SEEDS = (0, 1, 2)

# The operands of the machine file: activations 9 fraction bits, weights 26, one product is a whole
# number of units of slice 4. The literal operands have no grid; their product needs 28 bits.
ROUNDED = {"mode": "stream", "rounding": "stochastic", "fx": 9, "fw": 26, "row": 9, "column": 7,
           "slices": "44466555", "variant": 2, "crs": 1024}
LITERAL = dict(ROUNDED, rounding="off", fw=28, row=0, column=0)
IDEAL = dict(LITERAL, mode="ideal")
# The same numbers, faster: slices so wide that none clips between two resolutions, as `saturated`
# of the runs shows.
UNCLIPPED = dict(LITERAL, slices="cccccccc", crs=64)

SIXTEEN = ("33333333", "33334444", "44443333", "33336666", "66663333", "44444444", "44444455",
           "44445555", "44444466", "44446666", "44466555", "55555555", "45666665", "55556666",
           "66664444", "66666666")

# Slicings that the digits train with, from the cheapest on, and the paper's; periods of resolution.
NARROW = ("24452222", "22462222", "23462222", "24462222", "24472222", "44466555")
PERIODS = (64, 256, 512, 1024, 2048, 4096)


def grid(data, epochs, base, **axes):
    """All combinations of the axes on a base, for all seeds."""
    names = list(axes) + ["seed"]
    for values in itertools.product(*axes.values(), SEEDS):
        yield dict(base, data=data, epochs=epochs, **dict(zip(names, values)))


def with_quantum(base, fw):
    """The same grids on another weight format: the smallest update is 2^(16 - fw)."""
    return dict(base, fw=fw)


def with_format(base, fx):
    """Activations with fx fraction bits; rows stay whole numbers, the quantum stays the same."""
    return dict(base, fx=fx, row=fx, column=16 - fx)


def digits_sets():
    d, e = "digits", 20
    yield "reference", grid(d, e, IDEAL, fx=(9, 10, 11))
    yield "rounded", itertools.chain(
        grid(d, e, ROUNDED, crs=(64, 256, 512, 1024, 2048, 4096, 0),
             slices=("44466555", "44464444")),
        grid(d, e, ROUNDED, crs=(256, 1024, 4096), slices=(
            "33333333", "44444444", "44454444", "55555555", "66666666", "44474444")))
    yield "literal", itertools.chain(
        grid(d, e, LITERAL, fx=(11, 10, 9), crs=(1, 16, 64, 256, 1024, 4096)),
        grid(d, e, LITERAL, fx=(11, 9), crs=(64, 1024),
             slices=("44464444", "66666666", "88888888")))
    yield "narrow", itertools.chain(grid(d, e, ROUNDED, crs=PERIODS[1:], slices=NARROW), grid(
        d, e, ROUNDED, crs=(1024, 4096), slices=(
        "44463333", "44462222", "34462222", "24462222", "23462222", "22462222", "24362222",
        "22362222", "44452222", "24452222", "24472222", "24482222")))
    yield "quantum", itertools.chain(
        *(grid(d, e, with_quantum(ROUNDED, fw), crs=(256, 1024, 4096)) for fw in (28, 25, 24)))
    yield "format", itertools.chain(*(grid(d, e, with_format(ROUNDED, fx)) for fx in (11, 10)))
    yield "nearest", grid(d, e, dict(ROUNDED, rounding="nearest"), crs=(256, 1024))
    yield "variants", grid(d, e, ROUNDED, variant=(1, 3))


def cnn_sets():
    c, e = "cnn", 20
    yield "cnn", itertools.chain(
        grid(c, e, IDEAL),
        grid(c, e, ROUNDED, crs=(64, 1024)),
        grid(c, e, with_quantum(ROUNDED, 24), crs=(64, 1024)),
        grid(c, e, ROUNDED, crs=(1024, 4096),
             slices=("44466555", "44464444", "24462222", "23462222", "24452222")),
        grid(c, e, LITERAL, fx=(11, 9), crs=(64,)))
    yield "cnn_narrow", itertools.chain(
        grid(c, e, ROUNDED, crs=PERIODS[2:], slices=NARROW),
        grid(c, e, with_quantum(ROUNDED, 24), crs=PERIODS[3:], slices=NARROW))


def mnist_sets():
    m, e = "mnist8k", 5
    yield "mnist8k", itertools.chain(
        grid(m, e, UNCLIPPED),
        grid(m, e, ROUNDED, crs=(1024, 4096), slices=("44466555", "44464444", "24462222")),
        grid(m, e, LITERAL, fx=(11, 9), crs=(64, 1024)))
    yield "mnist8k_narrow", grid(m, e, ROUNDED, crs=PERIODS[3:], slices=NARROW)
    yield "mnist", itertools.chain(
        grid("mnist", 5, ROUNDED), grid("mnist", 5, UNCLIPPED),
        grid("mnist", 5, ROUNDED, crs=(2048,), slices=("23462222",)))


def figure_sets():
    steps = 1024
    yield "fig10", itertools.chain(
        grid("digits", 20, ROUNDED, crs=(steps,), slices=SIXTEEN),
        grid("digits", 20, dict(LITERAL, mode="digit"), crs=(steps,), slices=SIXTEEN),
        grid("digits64", 100, dict(LITERAL, mode="batch"), crs=(steps,), slices=SIXTEEN),
        grid("digits64", 100, IDEAL))
    yield "fig9", grid("digits64", 100, dict(LITERAL, mode="batch"), crs=(64, 256, 1024, 4096),
                       slices=("33333333", "44444444", "55555555", "66666666"))


def all_sets():
    return dict(itertools.chain(digits_sets(), cnn_sets(), mnist_sets(), figure_sets()))


def machine_text(shown, job):
    """The machine file of a job: formats and grids changed, everything else as shipped."""
    for key, value in (("activation", job["fx"]), ("weight", job["fw"]),
                       ("row", job["row"]), ("column", job["column"])):
        shown = re.sub(r"(?m)^(\s+%s:) \d+$" % key, r"\1 %d" % value, shown)
    return shown


def train(job, shown, data, folder):
    name = os.path.join(folder, "%d" % threading.get_ident())
    with open(name + ".yaml", "w") as f:
        f.write(machine_text(shown, job))
    arguments = ["run", PROGRAMS[job["data"]], "--machine", name + ".yaml",
                 "--slices", job["slices"], "--variant", job["variant"], "--opa-mode", job["mode"],
                 "--update-rounding", job["rounding"], "--crs", job["crs"], "--epochs",
                 job["epochs"], "--seed", job["seed"], "-q"]
    if data:
        arguments += ["--data", data]
    s = common.panther_stats(arguments)
    return dict(job, accuracy="%.4f" % s["test_accuracy"][-1],
                best="%.4f" % max(s["test_accuracy"]), loss="%.4f" % s["test_loss"][-1],
                opas=s["opa"], resolutions=s["crs"], adc_clips=s["adc_clips"],
                saturated=" ".join(str(n) for n in s["slice_saturation"]))


def key_of(job):
    return tuple(str(job[k]) for k in KEY)


def read_results(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def wanted_jobs(names, done, every=1):
    """The runs of these sets that are not done; of all runs, one in so many."""
    jobs, seen = [], set()
    for name in names:
        for job in all_sets()[name]:
            if key_of(job) not in seen:
                seen.add(key_of(job))
                jobs.append(job)
    return [job for job in jobs[::every] if key_of(job) not in done]


def run(jobs, path, data, workers):
    shown = common.panther(["machine", "show", "panther"])
    fresh = not os.path.exists(path)
    lock = threading.Lock()
    with open(path, "a", newline="") as f, tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(workers) as pool:
        writer = csv.DictWriter(f, KEY + MEASURED, lineterminator="\n")
        if fresh:
            writer.writeheader()
        pending = [pool.submit(train, job, shown, data, folder) for job in jobs]
        for count, future in enumerate(concurrent.futures.as_completed(pending), 1):
            result = future.result()
            with lock:
                writer.writerow(result)
                f.flush()
            print("%4d/%d  %s  accuracy %s" % (count, len(jobs), " ".join(key_of(result)),
                                               result["accuracy"]), flush=True)


def sort_results(path):
    """One order of the lines whatever ended first, so that two sweeps compare with diff."""
    rows = read_results(path)
    rows.sort(key=key_of)
    with open(path, "w", newline="") as f:
        writer = csv.DictWriter(f, KEY + MEASURED, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=sorted(all_sets()))
    parser.add_argument("--sample", type=int, default=1, help="every N-th run of the sets only")
    parser.add_argument("--results", default=os.path.join(HERE, "results.csv"))
    parser.add_argument("--data")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print the runs that are missing")
    o = parser.parse_args()
    names = o.set or [n for n in all_sets() if not n.startswith("mnist") or o.data]
    jobs = wanted_jobs(names, {key_of(r) for r in read_results(o.results)}, o.sample)
    if o.list:
        for job in jobs:
            print(" ".join(key_of(job)))
    elif jobs:
        run(jobs, o.results, o.data, o.jobs)
        sort_results(o.results)
    print("%d runs missing" % len(jobs) if o.list else "%d runs done" % len(jobs))


if __name__ == "__main__":
    main()
