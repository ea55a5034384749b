#!/usr/bin/env python3
"""Convolutional networks, 20 training steps: the float interpreter against PyTorch, whose layers take
the weights as panther saves them.
"""
import itertools
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import Report, digits, logged, panther, relative_error, tensors, torch, write_rows

STEPS = 20
TOLERANCE = 1e-4
F = torch.nn.functional

PROGRAM = """
data d {{ train = csv("rows.csv", label = 64); scale = 1/16; shuffle = false }}
network net(x: map[{shape}]) -> vec[10] {{
{body}
}}
train net on d {{
    loss = cross_entropy; update = sgd(rate = {rate}); batch = {batch}; epochs = 1
    every 1 batches {{ log("loss") }}
}}
"""

CASES = []


def case(shape, body, rate=0.2):
    """The program's body; the function is the same network on a batch and the saved weights."""
    return lambda forward: CASES.append((forward.__name__, shape, body, rate, forward))


def conv(p, n, x, **options):
    return F.conv2d(x, p[f"conv2d_{n}.weight"], p.get(f"conv2d_{n}.bias"), **options)


def dense(p, n, x):
    return F.linear(x, p[f"dense_{n}.weight"], p[f"dense_{n}.bias"])


@case("1, 8, 8", """
    x = max_pool(relu(conv2d(x, 6, kernel = 3, padding = 1)), 2)
    x = max_pool(relu(conv2d(x, 16, kernel = 3)), 2)
    x = relu(dense(flatten(x), 30))
    return dense(x, 10)""")
def lenet(p, x):
    x = F.max_pool2d(F.relu(conv(p, 1, x, padding=1)), 2)
    x = F.max_pool2d(F.relu(conv(p, 2, x)), 2)
    return dense(p, 2, F.relu(dense(p, 1, x.flatten(1))))


@case("1, 8, 8", """
    x = conv2d(x, 8, 3, padding = 1, bias = false)
    y = relu(conv2d(x, 8, 3, padding = 1))
    x = relu(x + conv2d(y, 8, 3, padding = 1))
    y = conv2d(relu(conv2d(x, 12, 3, stride = 2, padding = 1)), 12, 3, padding = 1)
    x = relu(conv2d(x, 12, 1, stride = 2) + y)
    return dense(global_avg_pool(x), 10)""")
def residual(p, x):
    x = conv(p, 1, x, padding=1)
    y = F.relu(conv(p, 2, x, padding=1))
    x = F.relu(x + conv(p, 3, y, padding=1))
    y = conv(p, 5, F.relu(conv(p, 4, x, stride=2, padding=1)), padding=1)
    x = F.relu(conv(p, 6, x, stride=2) + y)
    return dense(p, 1, x.mean((2, 3)))


@case("1, 8, 8", """
    x = relu(conv2d(x, 6, 3, padding = 1))
    x = relu(conv2d(x, 6, 3, padding = 1, groups = 6))
    x = relu(conv2d(x, 12, 1))
    x = avg_pool(conv2d(x, 8, 3, padding = 1, groups = 2), 3, stride = 2, padding = 1)
    return dense(flatten(leaky_relu(x, 0.1)), 10)""")
def separable(p, x):
    x = F.relu(conv(p, 1, x, padding=1))
    x = F.relu(conv(p, 2, x, padding=1, groups=6))
    x = F.relu(conv(p, 3, x))
    x = F.avg_pool2d(conv(p, 4, x, padding=1, groups=2), 3, stride=2, padding=1)
    return dense(p, 1, F.leaky_relu(x, 0.1).flatten(1))


@case("2, 4, 8", """
    x = tanh(conv2d(x, 5, [2, 5], stride = [1, 2], padding = [1, 3]))
    y = max_pool(x, [3, 1], stride = [1, 2], padding = [1, 0])
    x = max_pool(x, 3, stride = [1, 2], padding = 1)[1 : 4]
    x = concat(x, sigmoid(conv2d(y, 4, 7, padding = 3)))
    return dense(flatten(reshape(x, 5, 7, 3)), 10)""")
def oblong(p, x):
    x = torch.tanh(conv(p, 1, x, stride=(1, 2), padding=(1, 3)))
    y = F.max_pool2d(x, (3, 1), stride=(1, 2), padding=(1, 0))
    x = F.max_pool2d(x, 3, stride=(1, 2), padding=1)[:, 1:4]
    x = torch.cat((x, torch.sigmoid(conv(p, 2, y, padding=3))), 1)
    return dense(p, 1, x.flatten(1))


@case("1, 8, 8", """
    x = relu(conv2d(x, 6, 3))
    s = sigmoid(dense(relu(dense(global_avg_pool(x), 3)), 6))
    x = x * s
    p = softmax(conv2d(x, 4, 3))
    return dense(flatten(concat(p, mean(p * p))), 10)""", rate=0.5)
def squeeze(p, x):
    x = F.relu(conv(p, 1, x))
    s = torch.sigmoid(dense(p, 2, F.relu(dense(p, 1, x.mean((2, 3))))))
    x = x * s[:, :, None, None]
    q = F.softmax(conv(p, 2, x), dim=1)
    return dense(p, 3, torch.cat((q, (q * q).mean(1, keepdim=True)), 1).flatten(1))


@case("1, 8, 8", """
    param W: matrix[6, 9]; param b: vec[6]; param V: matrix[18, 6]
    x = tanh(W @ patches(x, 3, stride = 2, padding = 1) + b)
    x = fold(V @ x, 2, 8, 8, 3, stride = 2, padding = 1)
    return dense(flatten(x), 10)""")
def folded(p, x):
    w, v = p["W"].reshape(6, 1, 3, 3), p["V"].reshape(3, 3, 2, 6).permute(3, 2, 0, 1)
    x = torch.tanh(F.conv2d(x, w, p["b"], stride=2, padding=1))
    x = F.conv_transpose2d(x, v, stride=2, padding=1, output_padding=1)
    return dense(p, 1, x.flatten(1))


def run(folder, shape, body, rate, batch, *options):
    (folder / "net.pan").write_text(PROGRAM.format(shape=shape, body=body, rate=rate, batch=batch))
    output = panther("run", folder / "net.pan", "--interpreter", "float", *options)
    return logged(output, "loss")


def torch_losses(forward, p, x, y, rate, batch):
    losses = []
    for first in range(0, STEPS * batch, batch):
        loss = F.cross_entropy(forward(p, x[first:first + batch]), y[first:first + batch])
        for value, grad in zip(p.values(), torch.autograd.grad(loss, list(p.values()))):
            value.data -= rate * grad
        losses.append(loss.item())
    return losses


def compare(report, folder, name, shape, body, rate, forward, batch):
    rows = list(itertools.islice(itertools.cycle(digits()), STEPS * batch))
    write_rows(folder / "rows.csv", rows)
    start, end = folder / "start.safetensors", folder / "end.safetensors"
    run(folder, shape, body, 0.0, batch, "--save", start)
    got = run(folder, shape, body, rate, batch, "--weights", start, "--save", end)
    p = {key: value.double().requires_grad_() for key, value in tensors(start).items()}
    x = torch.tensor([row[:64] for row in rows], dtype=torch.float32).double() / 16
    x = x.reshape(-1, *map(int, shape.split(",")))
    expected = torch_losses(forward, p, x, torch.tensor([row[64] for row in rows]), rate, batch)
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
        for batch, (what, shape, body, rate, forward) in itertools.product((1, 16), CASES):
            compare(report, folder, what, shape, body, rate / (4 if batch == 1 else 1), forward,
                    batch)
    report.finish()


main()
