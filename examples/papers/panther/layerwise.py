"""Layers of Table 4, one at a time, on the emulator: the same image on every machine.

A layer is a kernel of its own: MVM, MTVM (not in the first layer of a network, whose error goes
nowhere) and outer product of every position. A position of a convolution is an example of its
patch here: the matrix operations are those of the convolution, the moves that put patches together
are not in it. Batches of more than FEW and MANY positions are continued from these two, since every
further example then adds the same: `line_error` measures how well that holds.

Base_opa/mvm has to know which updates are of one example: its convolutions (and PANTHER beside it)
run on maps of patches, and are continued from batches of 1 and 2. A convolution to a single
position runs as a network, behind a small layer that lets it pass its error on.
"""
import math
import os
import tempfile

import common
import table4

FEW, MANY = 32, 64
CONFIGURATIONS = (("panther", 1), ("panther", 2), ("panther", 3), ("base_digital", 1),
                  ("base_digital", 2), ("base_mvm", 1), ("base_mvm", 2))
ON_MAPS = (("panther", 2), ("base_opa_mvm", 2))
PROFILES = {"paper": "_paper", "code": ""}

PROGRAM = """data none { train = raw("x.bin", "x.labels", size = %(rows)d);  scale = 1/255 }
param W: matrix[%(columns)d, %(rows)d]
kernel layer(x: vec[%(rows)d], y: label[%(columns)d], rate: scalar) -> scalar {
    d = W @ x - one_hot(y)
    %(back)s
    W -= rate * outer(d, x)
    return sum(%(result)s)
}
train layer on none { rate = 0.01;  batch = %(batch)d;  epochs = 1 }
"""
MAPS = """data none { train = raw("x.bin", "x.labels", size = %(words)d);  scale = 1/255 }
param W: matrix[%(columns)d, %(rows)d]
kernel layer(x: map[%(rows)d, %(edge)d, %(edge)d], rate: scalar) -> scalar {
    d = W @ x
    %(back)s
    W -= rate * outer(d, x)
    return sum(global_avg_pool(%(result)s))
}
train layer on none { rate = 0.01;  batch = %(batch)d;  epochs = 1 }
"""
NETWORK = """data none { train = raw("x.bin", "x.labels", size = 72);  scale = 1/255 }
network layer(x: map[8, 3, 3]) -> vec[%(columns)d] {
    x = conv2d(x, %(lanes)d, kernel = 1, bias = false)
    return flatten(conv2d(x, %(columns)d, kernel = 3, bias = false))
}
train layer on none { loss = mse;  update = sgd(rate = 0.01);  batch = %(batch)d;  epochs = 1 }
"""
NETWORK_WORDS = 4194304   # of memory per tile


class Layer:
    """One row of Table 4: its matrix, positions per example, and MCUs."""

    def __init__(self, row):
        self.name, c, self.columns, h, k, e = row[:6]
        self.rows = c * k * k if h else c
        self.positions = e * e if h else 1
        self.convolution = bool(h)
        self.first = self.name in ("Conv1", "Dense1")
        self.mcus = math.ceil(self.rows / 128) * math.ceil(self.columns / 128)
        self.row_tiles = math.ceil(self.rows / 128)
        self.passes = 1 if self.first else 2

    def alone(self):
        """A convolution to a single position."""
        return self.convolution and self.positions == 1

    def text(self, batch, maps):
        program = PROGRAM if not maps else NETWORK if self.alone() else MAPS
        return program % {
            "lanes": self.rows // 9,
            "rows": self.rows, "columns": self.columns, "batch": batch,
            "edge": math.isqrt(self.positions), "words": self.rows * self.positions,
            "back": "" if self.first else "back = W.T @ d", "result": "d" if self.first else "back"}


LARGE = ("Conv8", "Conv9", "Conv10", "Conv11", "Conv12", "Dense15")
LAYERS = [Layer(row) for row in table4.ROWS if not (common.QUICK and row[0] in LARGE)]


class Measured:
    """Of one kernel of one layer: dynamic energy by component (pJ), cycles, leakage (pJ)."""

    def __init__(self, parts, cycles, leakage):
        self.parts, self.cycles, self.leakage = parts, cycles, leakage

    def nj(self):
        return sum(self.parts.values()) * 1e-3

    def towards(self, other, steps):
        """This and `steps` times the difference to the other."""
        def line(a, b):
            return a + steps * (b - a)
        parts = {c: line(v, other.parts[c]) for c, v in self.parts.items()}
        return Measured(parts, line(self.cycles, other.cycles), line(self.leakage, other.leakage))


class Bench:
    """Compiles and runs layers, each shape once."""

    def __init__(self, profile="paper"):
        self.known, self.folder = {}, tempfile.TemporaryDirectory()
        self.suffix = PROFILES[profile]

    def run(self, layer, batch, configuration, maps=False):
        shape = (layer.rows, layer.columns, layer.first, batch, layer.positions if maps else 0)
        if (shape, configuration) not in self.known:
            path = os.path.join(self.folder.name, "layer.pan")
            image = path[:-4] + ".pimg"
            with open(path, "w") as f:
                f.write(layer.text(batch, maps))
            network = maps and layer.alone()
            common.panther(["compile", path, "-o", image, *common.PLACEMENT, "--machine",
                            self.machine("panther", network)])
            for machine, variant in ON_MAPS if maps else CONFIGURATIONS:
                s = common.panther_stats(["run", image, "--timing-only", "--machine",
                                          self.machine(machine, network), "--variant", variant] +
                                         (["--entry", "train:layer"] if network else []))
                parts = s["energy_by_component"]
                if network:
                    parts = common.without_waiting(s, "conv2d_2")
                self.known[shape, (machine, variant)] = Measured(parts, s["cycles_per_kernel"],
                                                                 s["leakage_pj"])
        return self.known[shape, configuration]

    def machine(self, name, network):
        name += self.suffix
        return common.machine_with(self.folder.name, name, NETWORK_WORDS) if network else name

    def measure_maps(self, layer, batch, configuration):
        one, two = (self.run(layer, k, configuration, maps=True) for k in (1, 2))
        return one.towards(two, batch - 1)

    def maps_line_error(self, layer, batch, configuration):
        """Relative error of energy as continued, against a run."""
        ran = self.run(layer, batch, configuration, maps=True)
        return abs(self.measure_maps(layer, batch, configuration).nj() / ran.nj() - 1)

    def measure(self, layer, batch, configuration):
        """A kernel of `batch` examples with all their positions."""
        n = layer.positions * batch
        if n <= MANY:
            return self.run(layer, n, configuration)
        few, many = (self.run(layer, k, configuration) for k in (FEW, MANY))
        return few.towards(many, (n - FEW) / (MANY - FEW))

    def line_error(self, layer, batch, configuration):
        """Relative error of energy and cycles as continued, against a run."""
        there = self.measure(layer, batch, configuration)
        ran = self.run(layer, layer.positions * batch, configuration)
        return max(abs(there.nj() / ran.nj() - 1), abs(there.cycles / ran.cycles - 1))
