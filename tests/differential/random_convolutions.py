#!/usr/bin/env python3
"""The networks of tests/property/test_random_conv.c: outputs, loss and weights after one step of the
float interpreter against PyTorch. The text of a network's body is run as it stands, by Python, with
PyTorch's layers under the names of panther's.

PANTHER_TEST_SEED is the first network, PANTHER_TEST_CASES how many there are.
"""
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import PANTHER, Report, logged, panther, tensors, torch, write_rows

SEED = int(os.environ.get("PANTHER_TEST_SEED", "20261122"))
CASES = int(os.environ.get("PANTHER_TEST_CASES", "300"))
TOGETHER = 50  # networks in a line of the report
TOLERANCE = 1e-4
F = torch.nn.functional
GENERATOR = pathlib.Path(PANTHER).parent / "tests" / "test_random_conv"
TRAINING = """data d {{ train = csv("rows.csv", label = {label}); shuffle = false }}
train net on d {{
    loss = {loss}; update = sgd(rate = {rate}); batch = {batch}; epochs = 1
    every 1 batches {{ log("loss") }}
}}
"""


class Case:
    """What a program of the generator says."""

    def __init__(self, seed):
        text = subprocess.run([GENERATOR, "--print", str(seed)], capture_output=True, text=True,
                              check=True).stdout
        self.network, training = text.split("data d {")
        shape, classes = re.search(r"x: map\[(.*?)\]\) -> vec\[(\d+)\]", text).groups()
        self.shape = [int(extent) for extent in shape.split(",")]
        self.classes = int(classes)
        self.body = self.network.split("{\n", 1)[1].rsplit("}", 1)[0]
        self.loss = re.search(r"loss = (\w+)", training).group(1)
        self.batch = int(re.search(r"batch = (\d+)", training).group(1))
        self.random = random.Random(seed)
        lanes = self.shape[0] * self.shape[1] * self.shape[2]
        self.rows = [[round(self.random.gauss(0, 1), 6) for _ in range(lanes)]
                     + [self.random.randrange(self.classes)] for _ in range(self.batch)]

    def inputs(self):
        rows = [row[:-1] for row in self.rows]
        return torch.tensor(rows).reshape(self.batch, *self.shape)

    def labels(self):
        return torch.tensor([row[-1] for row in self.rows])


class Layers:
    """The functions that a body calls, with the saved weights of its instances."""

    def __init__(self, weights):
        self.weights, self.used, self.counts = weights, set(), {}

    def instance(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        names = [f"{kind}_{self.counts[kind]}.{part}" for part in ("weight", "bias")]
        self.used.update(name for name in names if name in self.weights)
        return [self.weights.get(name) for name in names]

    def conv2d(self, x, n, kernel, bias=True, **options):
        weight, offset = self.instance("conv2d")
        kernel = kernel if isinstance(kernel, list) else [kernel, kernel]
        groups = options.get("groups", 1)
        assert list(weight.shape) == [n, x.shape[1] // groups, *kernel]
        assert (offset is not None) == bias
        return F.conv2d(x, weight, offset, **options)

    def dense(self, x, n):
        weight, bias = self.instance("dense")
        assert list(weight.shape) == [n, x.shape[1]]
        return F.linear(x, weight, bias)

    def names(self):
        return {
            "conv2d": self.conv2d, "dense": self.dense, "true": True, "false": False,
            "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
            "leaky_relu": F.leaky_relu, "max_pool": F.max_pool2d, "avg_pool": F.avg_pool2d,
            "global_avg_pool": lambda x: x.mean((2, 3)),
            "flatten": lambda x: x.flatten(1), "concat": lambda *maps: torch.cat(maps, 1),
        }

    def run(self, case):
        scope = self.names()
        exec(f"def net(x):\n{case.body}", scope)  # the language reads as Python here
        return scope["net"](case.inputs())


def torch_step(case, weights, rate):
    """Outputs, loss, and the weights after a step."""
    p = {name: value.double().requires_grad_() for name, value in weights.items()}
    layers = Layers(p)
    output = layers.run(case)
    assert layers.used == set(p), "weights that no layer took"
    if case.loss == "mse":
        loss = F.mse_loss(output, F.one_hot(case.labels(), case.classes).double())
    else:
        loss = F.cross_entropy(output, case.labels())
    gradients = torch.autograd.grad(loss, list(p.values()))
    moved = {name: value.detach() - rate * gradient
             for (name, value), gradient in zip(p.items(), gradients)}
    return output.detach(), loss.item(), moved


def panther_forward(case, folder):
    """Outputs with weights of the program's own, and these weights."""
    (folder / "forward.pan").write_text(case.network)
    write_rows(folder / "x.csv", [row[:-1] for row in case.rows])
    panther("run", folder / "forward.pan", "--machine", "panther_cnn", "--interpreter", "float",
            "--seed", case.random.randrange(1000), "--kernels", case.batch, "-q",
            "--input", f"x={folder / 'x.csv'}", "--result", f"output={folder / 'y.csv'}",
            "--save", folder / "start.safetensors")
    rows = (folder / "y.csv").read_text().splitlines()
    return torch.tensor([[float(v) for v in row.split(",")] for row in rows])


def panther_step(case, folder, rate):
    lanes = case.shape[0] * case.shape[1] * case.shape[2]
    training = TRAINING.format(label=lanes, loss=case.loss, rate=rate, batch=case.batch)
    (folder / "net.pan").write_text(case.network + training)
    write_rows(folder / "rows.csv", case.rows)
    output = panther("run", folder / "net.pan", "--machine", "panther_cnn", "--interpreter",
                     "float", "--weights", folder / "start.safetensors",
                     "--save", folder / "end.safetensors")
    return logged(output, "loss")[0], tensors(folder / "end.safetensors")


def step_error(before, after, expected):
    """Of a weight's step, less what single precision in files takes from its weights."""
    rounding = before.abs().max().item() * 2.0 ** -22
    size = max((expected - before).abs().max().item(), 1e-12)
    return max((after - expected).abs().max().item() - rounding, 0.0) / size


def errors_of(case, folder, rate=0.5):
    """Of outputs, loss and steps of weights."""
    output = panther_forward(case, folder)
    weights = tensors(folder / "start.safetensors")
    loss, after = panther_step(case, folder, rate)
    expected_output, expected_loss, expected = torch_step(case, weights, rate)
    assert set(after) == set(expected)
    size = max(expected_output.abs().max().item(), 1e-12)
    steps = [step_error(weights[name].double(), after[name].double(), expected[name])
             for name in expected]
    return [(output - expected_output).abs().max().item() / size,
            abs(loss - expected_loss) / abs(expected_loss), max(steps)]


def compare(report, folder, seeds):
    worst = [0.0, 0.0, 0.0]
    for seed in seeds:
        case = Case(seed)
        errors = errors_of(case, folder)
        worst = [max(pair) for pair in zip(worst, errors)]
        if max(errors) >= TOLERANCE:
            report.check(f"seed {seed}: outputs, loss and steps within {errors}\n{case.network}",
                         False)
    report.check("networks {} to {}: outputs within {:.0e}, losses within {:.0e}, steps of weights "
                 "within {:.0e}".format(seeds[0], seeds[-1], *worst), max(worst) < TOLERANCE)


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        for first in range(SEED, SEED + CASES, TOGETHER):
            compare(report, pathlib.Path(name),
                    range(first, min(first + TOGETHER, SEED + CASES)))
    report.finish()


main()
