#!/usr/bin/env python3
"""Programs that no list of layers describes: kernels with explicit updates, and networks whose
parameters are used twice, gated or added around; the float interpreter against PyTorch, 100 steps.
"""
import itertools
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import Report, digits, logged, panther, relative_error, tensors, torch, write_rows

STEPS = 100
TOLERANCE = 1e-4
relu, sigmoid, softmax = torch.relu, torch.sigmoid, torch.nn.functional.softmax
cross_entropy = torch.nn.functional.cross_entropy

DATA = 'data d { train = csv("rows.csv", label = 64); scale = 1/16; shuffle = false }\n'
TRAIN = """
train {item} on d {{
    {settings}; batch = {batch}; epochs = 1
    every 1 batches {{ log("{metric}") }}
}}
"""

CLASSIFIER = """
param W1: matrix[40, 64]; param W2: matrix[10, 40]; param b: vec[10]
kernel step(x: vec[64], y: label[10], rate: scalar) -> scalar {
    h  = relu(W1 @ x)
    d2 = softmax(W2 @ h + b) - one_hot(y)
    d1 = (W2.T @ d2) * (h > 0)
    W2 -= rate * outer(d2, h)
    W1 -= rate * outer(d1, x)
    b  -= rate * d2
    return dot(d2, d2)
}
"""


def classifier_step(p, x, y, rate):
    """The same by autograd: the updates are those of the summed cross-entropy."""
    logits = relu(x @ p["W1"].T) @ p["W2"].T + p["b"]
    grads = torch.autograd.grad(cross_entropy(logits, y, reduction="sum"), list(p.values()))
    for value, grad in zip(p.values(), grads):
        value.data -= rate * grad
    error = softmax(logits, dim=1) - torch.nn.functional.one_hot(y, 10)
    return (error * error).sum(dim=1).mean().item()


OJA = """
param W: matrix[6, 64]
kernel step(x: vec[64], y: label[10], rate: scalar) -> scalar {
    h = W @ x
    r = x - W.T @ h
    W += rate * outer(h, r)
    return dot(r, r)
}
"""


def oja_step(p, x, y, rate):
    w = p["W"].data
    h = x @ w.T
    r = x - h @ w
    p["W"].data += rate * h.T @ r
    return (r * r).sum(dim=1).mean().item()


TIED = """
param W: matrix[64, 64]; param V: matrix[10, 64]
network net(x: vec[64]) -> vec[10] {
    h = tanh(W @ x)
    h = sigmoid(W @ h) * h + x
    return V @ relu(W @ h - 0.5 * x)
}
"""


def tied(p, x):
    h = torch.tanh(x @ p["W"].T)
    h = sigmoid(h @ p["W"].T) * h + x
    return relu(h @ p["W"].T - 0.5 * x) @ p["V"].T


ENCODER = """
param W: matrix[30, 64]; param a: vec[30]; param V: matrix[10, 64]
network net(x: vec[64]) -> vec[10] {
    return V @ leaky_relu(W.T @ sigmoid(W @ x + a), 0.1)
}
"""


def encoder(p, x):
    h = sigmoid(x @ p["W"].T + p["a"])
    return torch.nn.functional.leaky_relu(h @ p["W"], 0.1) @ p["V"].T


def network_step(forward):
    def step(p, x, y, rate):
        loss = cross_entropy(forward(p, x), y)
        for value, grad in zip(p.values(), torch.autograd.grad(loss, list(p.values()))):
            value.data -= rate * grad
        return loss.item()
    return step


def examples(count):
    rows = list(itertools.islice(itertools.cycle(digits()), count))
    x = torch.tensor([row[:64] for row in rows], dtype=torch.float32).double() / 16
    return rows, x, torch.tensor([row[64] for row in rows])


def run(folder, source, kernel, rate, batch, *options):
    settings = f"rate = {rate}" if kernel else f"loss = cross_entropy; update = sgd({rate})"
    text = TRAIN.format(item="step" if kernel else "net", settings=settings, batch=batch,
                        metric="output" if kernel else "loss")
    (folder / "p.pan").write_text(DATA + source + text)
    output = panther("run", folder / "p.pan", "--interpreter", "float", *options)
    return logged(output, "output" if kernel else "loss")


def compare(report, folder, name, source, step, rate, batch):
    kernel = "kernel" in source
    rows, x, y = examples(STEPS * batch)
    write_rows(folder / "rows.csv", rows)
    start, end = folder / "start.safetensors", folder / "end.safetensors"
    run(folder, source, kernel, 0.0, batch, "--save", start)
    got = run(folder, source, kernel, rate, batch, "--weights", start, "--save", end)
    p = {key: value.double().requires_grad_() for key, value in tensors(start).items()}
    expected = [step(p, x[i:i + batch], y[i:i + batch], rate)
                for i in range(0, STEPS * batch, batch)]
    error = relative_error(got, expected)
    off = max((p[key] - value.double()).abs().max().item() for key, value in tensors(end).items())
    moved = max((tensors(start)[key] - value).abs().max().item()
                for key, value in tensors(end).items())
    report.check(f"{name}, batch {batch}: {STEPS} losses ({expected[0]:.4f} to {expected[-1]:.4f}) "
                 f"within {error:.1e}, weights (moved {moved:.3f}) within {off:.1e}",
                 error < TOLERANCE and off < 1e-5 and moved > 0.01)


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for batch in (1, 16):
            compare(report, folder, "classifier kernel", CLASSIFIER, classifier_step, 0.01, batch)
            compare(report, folder, "Oja's rule as a kernel", OJA, oja_step, 0.002, batch)
            compare(report, folder, "tied, gated and residual network", TIED, network_step(tied),
                    0.05, batch)
            compare(report, folder, "tied encoder and decoder", ENCODER, network_step(encoder), 0.1,
                    batch)
    report.finish()


main()
