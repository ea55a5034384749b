#!/usr/bin/env python3
"""Losses and weights of training recurrent layers: the float interpreter against PyTorch.

The shipped digits are read row by row: seq[8, vec[8]]. The first loss is a forward pass, the
others and the weights come from back-propagation through all steps.
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import Report, digits, logged, panther, relative_error, tensors, torch, write_rows

STEPS, BATCH, STATES, RATE = 20, 4, 12, 0.3
TOLERANCE = 1e-4
CELLS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}

PROGRAM = """
data d {{ train = csv("rows.csv", {column}); scale = 1/16; shuffle = false }}
network net(x: seq[8, vec[8]]) -> {result} {{
    {body}
}}
train net on d {{
    loss = {loss}; update = sgd(rate = {rate}); batch = {batch}; epochs = 1
    every 1 batches {{ log("loss") }}
}}
"""
LAST = 'return dense(last({cell}(x, {n}, name = "a")), 10, name = "out")'
DEEP = ('return dense(last({cell}(reverse({cell}(x, 7, name = "a")), {n}, name = "b")), 10, '
        'name = "out")')
EVERY = 'return dense({cell}(x, {n}, name = "a"), 3, name = "out")'


def layer(cell, inputs, states, weights, name):
    """PyTorch has two biases where panther has one, but for the new gate of a gru."""
    made = CELLS[cell](inputs, states, batch_first=True)
    part = {key: weights[f"{name}.{key}"].double() for key in ("weight_ih", "weight_hh", "bias")}
    second = torch.zeros_like(part["bias"])
    if cell == "gru":
        second[2 * states:] = weights[f"{name}.bias_n"].double()
    made.load_state_dict({"weight_ih_l0": part["weight_ih"], "weight_hh_l0": part["weight_hh"],
                          "bias_ih_l0": part["bias"], "bias_hh_l0": second})
    if cell == "gru":  # a step of the second bias would be a second step of the gates' bias
        keep = torch.zeros_like(second)
        keep[2 * states:] = 1
        made.bias_hh_l0.register_hook(lambda gradient: gradient * keep)
    else:
        made.bias_hh_l0.requires_grad_(False)
    return made


class Net(torch.nn.Module):
    def __init__(self, cell, kind, outputs, weights):
        super().__init__()
        self.kind = kind
        self.a = layer(cell, 8, 7 if kind == "deep" else STATES, weights, "a")
        if kind == "deep":
            self.b = layer(cell, 7, STATES, weights, "b")
        self.out = torch.nn.Linear(STATES, outputs)
        self.out.load_state_dict({k: weights[f"out.{k}"].double() for k in ("weight", "bias")})

    def forward(self, x):
        hs, _ = self.a(x)
        if self.kind == "deep":
            hs, _ = self.b(hs.flip(1))
        return self.out(hs if self.kind == "every" else hs[:, -1])


def torch_losses(net, rows, loss, every):
    x = torch.tensor([row[:64] for row in rows], dtype=torch.float32).double() / 16
    x = x.reshape(-1, 8, 8)
    target = torch.tensor([row[64:] for row in rows]).double().reshape(-1, 8, 3) if every \
        else torch.tensor([row[64] for row in rows])
    criterion = torch.nn.MSELoss() if loss == "mse" else torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=RATE)
    losses = []
    for first in range(0, STEPS * BATCH, BATCH):
        optimizer.zero_grad()
        value = criterion(net(x[first:first + BATCH]), target[first:first + BATCH])
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def expected_tensors(net, cell, kind):
    found = {"out.weight": net.out.weight, "out.bias": net.out.bias}
    for name in ("a", "b") if kind == "deep" else ("a",):
        made = getattr(net, name)
        found[f"{name}.weight_ih"] = made.weight_ih_l0
        found[f"{name}.weight_hh"] = made.weight_hh_l0
        found[f"{name}.bias"] = made.bias_ih_l0
        if cell == "gru":
            found[f"{name}.bias_n"] = made.bias_hh_l0[2 * made.hidden_size:]
    return found


def compare(report, folder, cell, kind):
    every = kind == "every"
    rows = digits()[:STEPS * BATCH]
    if every:  # three means of each row of pixels
        rows = [row[:64] + [round(sum(row[8 * t + k:8 * t + k + 4]) / 64, 4)
                            for t in range(8) for k in range(3)] for row in rows]
    write_rows(folder / "rows.csv", rows)
    text = dict(column=f"target = {list(range(64, 88))}" if every else "label = 64",
                result="seq[8, vec[3]]" if every else "vec[10]", batch=BATCH,
                loss="mse" if every else "cross_entropy",
                body={"last": LAST, "deep": DEEP, "every": EVERY}[kind].format(cell=cell,
                                                                              n=STATES))
    start, end = folder / "start.safetensors", folder / "end.safetensors"
    program = folder / "net.pan"
    program.write_text(PROGRAM.format(rate=0.0, **text))
    panther("run", program, "--interpreter", "float", "--save", start)
    program.write_text(PROGRAM.format(rate=RATE, **text))
    output = panther("run", program, "--interpreter", "float", "--weights", start, "--save", end)
    net = Net(cell, kind, 3 if every else 10, tensors(start))
    expected = torch_losses(net, rows, text["loss"], every)
    error = relative_error(logged(output, "loss"), expected)
    weights = tensors(end)
    wanted = expected_tensors(net, cell, kind)
    off = max((weights[name].double() - value).abs().max().item()
              for name, value in wanted.items())
    moved = min((weights[name] - before).abs().max().item()
                for name, before in tensors(start).items())
    report.check(f"{cell}, {kind}: {STEPS} losses ({expected[0]:.4f} to {expected[-1]:.4f}) "
                 f"within {error:.1e}, weights (moved {moved:.4f} and more) within {off:.1e}",
                 error < TOLERANCE and off < 1e-5 and moved > 1e-4
                 and set(weights) == set(wanted))


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        for cell in CELLS:
            for kind in ("last", "deep", "every"):
                compare(report, pathlib.Path(name), cell, kind)
    report.finish()


main()
