#!/usr/bin/env python3
"""VGG-16 as one program on six machines: energy of every layer, and time, batch 1, 64 and 1024.

    vgg16.py [--network FILE.pan]

Batches of more than MANY examples are continued in a straight line from FEW and MANY; one that is
run as well shows how straight it is. All machines have as much memory per tile as the network takes.
"""
import argparse
import math
import os
import subprocess
import sys
import tempfile

import common

BATCHES = (1, 64, 1024)
FEW, MANY = (2, 4) if common.QUICK else (16, 32)   # pipelines of this depth are full at 16
RUN = None if common.QUICK else 64                 # compared with the line
PROFILES = ("_paper",) if common.QUICK else ("_paper", "")
# Words of a tile's memory that are tried: as shipped, as the authors have for convolutional
# networks (2 MB), and what the network takes.
MEMORIES = (32768, 1048576, 4194304, 16777216)
MACHINES = (("panther", 1), ("panther", 2), ("panther", 3), ("base_digital", 2), ("base_mvm", 2),
            ("base_opa_mvm", 2))


class Network:
    """Images for some batches, and runs of them."""

    def __init__(self, program, entry):
        self.program, self.entry, self.known = program, entry, {}
        self.folder = tempfile.TemporaryDirectory()
        self.memory, self.refusal = None, ""
        for words in MEMORIES:
            self.memory = words
            self.refusal = self.compile(MANY)
            if not self.refusal:
                break

    def compile(self, batch):
        """What the compiler says against it, or nothing; the image is in the folder then."""
        image = os.path.join(self.folder.name, "%d.pimg" % batch)
        if os.path.exists(image):
            return ""
        done = subprocess.run([common.PANTHER, "compile", self.program, "-o", image, "--batch",
                               str(batch), "--machine", self.machine("panther_paper"),
                               *common.PLACEMENT],
                              capture_output=True, text=True, cwd=common.ROOT,
                              env=dict(os.environ, NO_COLOR="1"))
        return done.stderr.splitlines()[0] if done.returncode else ""

    def machine(self, name):
        return common.machine_with(self.folder.name, name, self.memory)

    def run(self, batch, machine, variant, suffix):
        refusal = self.compile(batch)
        if refusal:
            sys.exit(refusal)
        image = os.path.join(self.folder.name, "%d.pimg" % batch)
        key = (batch, machine, variant, suffix)
        if key not in self.known:
            s = common.panther_stats(["run", image, "--entry", self.entry, "--timing-only",
                                      "--machine", self.machine(machine + suffix), "--variant",
                                      variant])
            layers = {name: sum(common.without_waiting(s, name).values())
                      for name in s["energy_fj"]["by_layer_and_component"] if name != "none"}
            self.known[key] = dict(layers, rest=s["energy_pj"] - sum(layers.values()),
                                   cycles=s["cycles_per_kernel"])
        return self.known[key]

    def measure(self, batch, machine, variant, suffix):
        """{layer: pJ} of a kernel, its cycles, and the `rest`: pJ that are no layer's here."""
        if batch <= MANY:
            return self.run(batch, machine, variant, suffix)
        few, many = (self.run(b, machine, variant, suffix) for b in (FEW, MANY))
        steps = (batch - FEW) / (MANY - FEW)
        return {k: v + steps * (many[k] - v) for k, v in few.items()}


def straight(r, net):
    """The largest relative error of the line in energy of a layer and in cycles, variant 2."""
    key = ("panther", 2, "_paper")
    line, ran = net.measure(RUN, *key), net.run(RUN, *key)
    worst = max(abs(line[k] / ran[k] - 1) for k in ran)
    r.check("batches are continued in a straight line (.1 %%), batch %d" % RUN, worst <= 1e-3,
            "%.4f %%" % (100 * worst))


def table(r, net, batch, suffix):
    """Per layer the energy of variant 1 or 2 and the ratios to it; returns the ratios."""
    found = {key: net.measure(batch, *key, suffix) for key in MACHINES}
    own = found["panther", 1 if batch == 1 else 2]
    names = [name for name in own if name not in ("rest", "cycles")]
    rows = [(name, "%.3f" % (own[name] * 1e-6 / batch),
             *("%.2f" % (s[name] / own[name]) for s in found.values())) for name in names + ["rest"]]
    rows.append(("cycles", "%.0f" % (own["cycles"] / batch),
                 *("%.2f" % (s["cycles"] / own["cycles"]) for s in found.values())))
    r.table("batch_%d%s" % (batch, suffix or "_code"),
            ["layer", "uJ, cycles"] + ["%s %d" % key for key in MACHINES], rows)
    r.line("  batch %d, profile `%s`: per example of variant %d, then times that; what is charged\n"
           "  per cycle (leakage, control), which waiting costs too, is in the rest and in no layer"
           % (batch, "paper" if suffix else "code", 1 if batch == 1 else 2))
    return {key: {name: s[name] / own[name] for name in names + ["cycles"]}
            for key, s in found.items()}, names


def compare(r, net):
    ratios = {}
    for suffix in PROFILES:
        for batch in BATCHES:
            ratios[batch, suffix], names = table(r, net, batch, suffix)
    convolutions = [name for name in names if name.startswith("conv")]
    mvm, opa = ("base_mvm", 2), ("base_opa_mvm", 2)

    def most(batch, key):
        return max((ratios[batch, "_paper"][key][name] for name in convolutions), default=math.nan)

    for what, paper, batch, key in (("SGD, Base_mvm, conv, most", 31.56, 1, mvm),
                                    ("batch 64, Base_mvm, conv, most", 1.63, 64, mvm),
                                    ("batch 64, Base_opa/mvm, conv, most", 2.45, 64, opa)):
        if convolutions:
            r.verdict(what, "%.2f" % paper, "%.2f" % most(batch, key), "of other positions")
    r.line("    Table 4 counts the positions behind a pool (Conv13: 1), the network has those before\n"
           "    it (4); `run fig11` and `run fig12` take Table 4's")
    r.check("the ratio to Base_mvm falls with the batch", all(
        ratios[a, "_paper"][mvm][n] > .995 * ratios[b, "_paper"][mvm][n]
        for n in names for a, b in ((1, 64), (64, 1024))))
    return common.svg_bars("Batch 64: energy against variant 2", "energy against PANTHER", names,
                           {"%s %d" % key: [ratios[64, "_paper"][key][n] for n in names]
                            for key in (("base_digital", 2), mvm, opa)}, log=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="examples/papers/panther/vgg16.pan")
    o = parser.parse_args()
    name = os.path.splitext(os.path.basename(o.network))[0]
    r = common.Report(name, "%s as a whole on six machines (Figs. 11 to 13)" % name)
    net = Network(o.network, "train:" + name)
    if net.refusal:
        r.line("  not available: %s" % net.refusal)
        r.line("  its layers, one at a time, are those of `run fig11`, `run fig12` and `run fig13`")
        return r.end()
    r.line("  %d words of memory per tile" % net.memory)
    if RUN:
        straight(r, net)
    return r.end(compare(r, net))


if __name__ == "__main__":
    sys.exit(main())
