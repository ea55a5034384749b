#!/usr/bin/env python3
"""Losses and weights of 100 training steps: the float interpreter against PyTorch.

Both start from the weights of one safetensors file and take the examples in the order of the file.
"""
import itertools
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import Report, digits, logged, panther, relative_error, tensors, torch, write_rows

STEPS = 100
TOLERANCE = 1e-4
ACTIVATIONS = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}
RATES = {("cross_entropy", 1): 0.02, ("cross_entropy", 16): 0.2, ("mse", 1): 0.1, ("mse", 16): 0.5}

PROGRAM = """
data d {{ train = csv("{rows}", {column}); scale = 1/16; shuffle = false }}
network net(x: vec[64]) -> vec[{outputs}] {{
    {body}
}}
train net on d {{
    loss = {loss}; update = sgd(rate = {rate}); batch = {batch}; epochs = 1
    every 1 batches {{ log("loss") }}
}}
"""


def body(activations, widths, outputs):
    lines = [f"x = {a}(dense(x, {w}))" for a, w in zip(activations, widths)]
    return "\n    ".join(lines + [f"return dense(x, {outputs})"])


def model(activations, widths, outputs, weights):
    layers, inputs = [], 64
    for activation, width in zip(activations, widths):
        layers += [torch.nn.Linear(inputs, width), ACTIVATIONS[activation]()]
        inputs = width
    net = torch.nn.Sequential(*layers, torch.nn.Linear(inputs, outputs))
    linear = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    names = sorted({name.rsplit(".", 1)[0] for name in weights}, key=lambda n: int(n.split("_")[1]))
    assert len(names) == len(linear)
    for name, layer in zip(names, linear):
        layer.load_state_dict({part: weights[f"{name}.{part}"].double()
                               for part in ("weight", "bias")})
    return net, dict(zip(names, linear))


def torch_losses(net, rows, loss, rate, batch, outputs):
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    x = torch.tensor([row[:64] for row in rows], dtype=torch.float32).double() / 16
    if loss == "mse" and outputs != 10:
        target = torch.tensor([row[64:] for row in rows], dtype=torch.float32).double()
    else:
        target = torch.tensor([row[64] for row in rows])
    if loss == "mse" and outputs == 10:
        target = torch.nn.functional.one_hot(target, 10).double()
    criterion = torch.nn.MSELoss() if loss == "mse" else torch.nn.CrossEntropyLoss()
    losses = []
    for first in range(0, STEPS * batch, batch):
        optimizer.zero_grad()
        value = criterion(net(x[first:first + batch]), target[first:first + batch])
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def panther_run(folder, text, **options):
    program = folder / "net.pan"
    program.write_text(text)
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return panther("run", program, "--interpreter", "float", *arguments)


def compare(report, folder, activations, widths, loss, batch, outputs=10):
    rows = training_rows(STEPS * batch, outputs)
    write_rows(folder / "rows.csv", rows)
    column = "label = 64" if outputs == 10 else f"target = {list(range(64, 64 + outputs))}"
    text = dict(rows="rows.csv", column=column, outputs=outputs, loss=loss, batch=batch,
                body=body(activations, widths, outputs))
    start, end = folder / "start.safetensors", folder / "end.safetensors"
    panther_run(folder, PROGRAM.format(rate=0.0, **text), save=start)
    rate = RATES[loss, batch]
    output = panther_run(folder, PROGRAM.format(rate=rate, **text), weights=start, save=end)
    net, layers = model(activations, widths, outputs, tensors(start))
    expected = torch_losses(net, rows, loss, rate, batch, outputs)
    error = relative_error(logged(output, "loss"), expected)
    weights = tensors(end)
    off = max((weights[f"{name}.{part}"].double() - getattr(layer, part)).abs().max().item()
              for name, layer in layers.items() for part in ("weight", "bias"))
    moved = max((weights[name] - before).abs().max().item()
                for name, before in tensors(start).items())
    shape = "-".join(map(str, [64, *widths, outputs]))
    name = f"{shape} {'/'.join(activations) or 'linear'}, {loss}, batch {batch}"
    report.check(f"{name}: {STEPS} losses ({expected[0]:.4f} to {expected[-1]:.4f}) within "
                 f"{error:.1e}, weights (moved {moved:.3f}) within {off:.1e}",
                 error < TOLERANCE and off < 1e-5 and moved > 0.01)


def training_rows(count, outputs):
    """Digits with their label, or with as many numbers to regress to: means of rows of pixels."""
    rows = list(itertools.islice(itertools.cycle(digits()), count))
    if outputs == 10:
        return rows
    return [row[:64] + [round(sum(row[8 * i:8 * i + 8]) / 128, 4) for i in range(outputs)]
            for row in rows]


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for activation, loss, batch in itertools.product(ACTIVATIONS, ("cross_entropy", "mse"),
                                                         (1, 16)):
            compare(report, folder, [activation], [32], loss, batch)
        for batch in (1, 16):
            compare(report, folder, ["relu", "tanh", "sigmoid"], [150, 130, 20], "cross_entropy",
                    batch)
            compare(report, folder, ["tanh", "relu"], [40, 30], "mse", batch, outputs=3)
            compare(report, folder, [], [], "cross_entropy", batch)
    report.finish()


main()
