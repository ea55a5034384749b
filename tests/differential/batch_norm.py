#!/usr/bin/env python3
"""batch_norm folded into the layer before it: what panther makes of a file that has both, how it
trains on, and what PyTorch makes of the file that it saves.
"""
import itertools
import json
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import Report, digits, logged, panther, relative_error, tensors, torch, write_rows

STEPS, BATCH, RATE, EPS = 12, 4, 0.05, 1e-3
TOLERANCE = 1e-4
F = torch.nn.functional

PROGRAM = """
data d {{ train = csv("rows.csv", label = 64); scale = 1/16; shuffle = false }}
def conv_bn(x, n, k, stride = 1, groups = 1, bias = false) {{
    x = conv2d(x, n, k, stride = stride, padding = k // 2, groups = groups, bias = bias, name = "conv")
    return batch_norm(x, eps = {eps}, name = "bn")
}}
network net(x: map[1, 8, 8]) -> vec[10] {{
    x = relu(conv_bn(x, 6, 3, name = "a"))
    x = relu(conv_bn(x, 6, 3, groups = 3, bias = true, name = "b"))
    x = relu(x + conv_bn(x, 6, 1, name = "c"))
    x = batch_norm(dense(flatten(x), 12, name = "d.conv"), eps = {eps}, name = "d.bn")
    return dense(tanh(x), 10, name = "e.conv")
}}
train net on d {{
    loss = cross_entropy; update = sgd(rate = {rate}); batch = {batch}; epochs = 1
    every 1 batches {{ log("loss") }}
}}
"""


def write_tensors(path, values):
    """The reverse of harness.tensors."""
    header, body = {}, b""
    for name, value in values.items():
        data = value.float().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape),
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def normed(p, name, x):
    """batch_norm in evaluation, if the parameters have one of this name."""
    if f"{name}.bn.weight" not in p:
        return x
    return F.batch_norm(x, p[f"{name}.bn.mean"], p[f"{name}.bn.var"], p[f"{name}.bn.weight"],
                        p[f"{name}.bn.bias"], eps=EPS)


def conv(p, name, x, **options):
    weight = p[f"{name}.conv.weight"]
    x = F.conv2d(x, weight, p.get(f"{name}.conv.bias"), padding=weight.shape[2] // 2, **options)
    return normed(p, name, x)


def dense(p, name, x):
    return normed(p, name, F.linear(x, p[f"{name}.conv.weight"], p[f"{name}.conv.bias"]))


def forward(p, x):
    x = F.relu(conv(p, "a", x))
    x = F.relu(conv(p, "b", x, groups=3))
    x = F.relu(x + conv(p, "c", x))
    return dense(p, "e", torch.tanh(dense(p, "d", x.flatten(1))))


def random_statistics(p):
    """Layers as training in PyTorch leaves them: scales of either sign, means, variances."""
    torch.manual_seed(7)
    for name, value in p.items():
        if ".bn." in name:
            value.copy_(torch.rand_like(value) + 0.3 if name.endswith("var")
                        else torch.randn_like(value) * 0.4 + name.endswith("weight"))


def merged(p):
    """The layers with their batch_norm folded in, as in the crossbars."""
    result = {}
    for name, value in p.items():
        layer = name.split(".")[0]
        if ".conv.weight" not in name:
            continue
        bias = p.get(f"{layer}.conv.bias", torch.zeros(value.shape[0]))
        if f"{layer}.bn.weight" in p:
            scale = p[f"{layer}.bn.weight"] / torch.sqrt(p[f"{layer}.bn.var"] + EPS)
            value = value * scale.reshape(-1, *[1] * (value.dim() - 1))
            bias = (bias - p[f"{layer}.bn.mean"]) * scale + p[f"{layer}.bn.bias"]
        result[name], result[f"{layer}.conv.bias"] = value.clone(), bias.clone()
    return {name: value.requires_grad_() for name, value in result.items()}


def loss_of(p, x, y, step):
    part = slice(step * BATCH, (step + 1) * BATCH)
    return F.cross_entropy(forward(p, x[part]), y[part])


def train(p, x, y):
    losses = []
    for step in range(STEPS):
        loss = loss_of(p, x, y, step)
        for value, grad in zip(p.values(), torch.autograd.grad(loss, list(p.values()))):
            value.data -= RATE * grad
        losses.append(loss.item())
    return losses


def run(folder, rate, *options):
    text = PROGRAM.format(rate=rate, batch=BATCH, eps=EPS)
    (folder / "net.pan").write_text(text)
    return logged(panther("run", folder / "net.pan", "--interpreter", "float", *options), "loss")


def check(report, folder):
    rows = list(itertools.islice(digits(), STEPS * BATCH))
    write_rows(folder / "rows.csv", rows)
    x = torch.tensor([row[:64] for row in rows]).reshape(-1, 1, 8, 8) / 16
    y = torch.tensor([row[64] for row in rows])
    start, end = folder / "start.safetensors", folder / "end.safetensors"
    run(folder, 0.0, "--save", start)
    p = {name: value.double() for name, value in tensors(start).items()}
    random_statistics(p)
    write_tensors(start, p)
    p = {name: value.double() for name, value in tensors(start).items()}

    error = relative_error(run(folder, 0.0, "--weights", start),
                           [loss_of(p, x, y, step).item() for step in range(STEPS)])
    report.check(f"a file of PyTorch's: losses within {error:.1e}", error < TOLERANCE)
    one = merged(p)
    got, expected = run(folder, RATE, "--weights", start, "--save", end), train(one, x, y)
    error = relative_error(got, expected)
    report.check(f"{STEPS} steps of training the folded layers ({expected[0]:.4f} to "
                 f"{expected[-1]:.4f}): losses within {error:.1e}", error < TOLERANCE)
    saved = {name: value.double() for name, value in tensors(end).items()}
    off = (forward(saved, x) - forward(one, x)).abs().max().item()
    report.check(f"the saved file in PyTorch, convolution and batch_norm: outputs within {off:.1e}",
                 off < TOLERANCE)
    error = relative_error(run(folder, 0.0, "--weights", end),
                           [loss_of(one, x, y, step).item() for step in range(STEPS)])
    report.check(f"and back in panther: losses within {error:.1e}", error < TOLERANCE)


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        check(report, pathlib.Path(name))
    report.finish()


main()
