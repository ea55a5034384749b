#!/usr/bin/env python3
"""Weights travel between panther and PyTorch, both ways, and mean the same network: the accuracy on
the same test examples is the same.
"""
import json
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import Report, digits, panther, tensors, torch, write_rows

TRAIN = 1437
PROGRAM = """
data d {{ train = csv("train.csv", label = 64); test = csv("test.csv", label = 64); scale = 1/8 }}
network mlp(image: vec[64]) -> vec[10] {{ return dense(relu(dense(image, 64)), 10) }}
train mlp on d {{
    loss = cross_entropy; update = sgd(rate = {rate}); batch = 64; epochs = {epochs}
    every 16 batches {{ crs() }}
    every epoch {{ test() }}
}}
deploy {{ machine = "panther"; opa_mode = "batch" }}
"""
LAYERS = ((0, "dense_1"), (2, "dense_2"))


def net():
    return torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))


def inputs(rows):
    x = torch.tensor([row[:64] for row in rows], dtype=torch.get_default_dtype()) / 8
    return x, torch.tensor([row[64] for row in rows])


def torch_accuracy(model, rows):
    x, y = inputs(rows)
    return (model(x).argmax(dim=1) == y).double().mean().item()


def agree(test, here, real, emulated):
    """The float interpreter to the last example; 16-bit activations may tip one over."""
    return abs(here - real) * len(test) < 0.001 and abs(here - emulated) * len(test) < 1.001


def run(folder, rate, epochs, *options):
    """Test accuracy of the last epoch."""
    (folder / "p.pan").write_text(PROGRAM.format(rate=rate, epochs=epochs))
    panther("run", folder / "p.pan", "--stats", folder / "s.json", *options)
    return json.loads((folder / "s.json").read_text())["test_accuracy"][-1]


def save_state(path, state):
    """The format as its description says, written without panther."""
    header, body = {}, b""
    for name, tensor in state.items():
        raw = tensor.detach().float().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def from_panther(report, folder, test):
    saved = folder / "trained.safetensors"
    trained = run(folder, 0.2, 30, "--save", saved)
    weights = tensors(saved)
    model = net()
    model.load_state_dict({f"{i}.{part}": weights[f"{name}.{part}"].double()
                           for i, name in LAYERS for part in ("weight", "bias")})
    here = torch_accuracy(model, test)
    real = run(folder, 0.0, 1, "--weights", saved, "--interpreter", "float")
    report.check(f"a network trained by the emulator: test accuracy {trained:.4f} there, "
                 f"{here:.4f} in PyTorch, {real:.4f} in the float interpreter",
                 trained > 0.95 and agree(test, here, real, trained))


def from_torch(report, folder, train, test):
    torch.manual_seed(0)
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    x, y = inputs(train)
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    path = folder / "torch.safetensors"
    save_state(path, {f"{name}.{part}": getattr(model[i], part)
                      for i, name in LAYERS for part in ("weight", "bias")})
    here = torch_accuracy(model, test)
    real = run(folder, 0.0, 1, "--weights", path, "--interpreter", "float")
    emulated = run(folder, 0.0, 1, "--weights", path)
    report.check(f"a network trained by PyTorch: test accuracy {here:.4f} there, {real:.4f} in the "
                 f"float interpreter, {emulated:.4f} on the emulator",
                 here > 0.95 and agree(test, here, real, emulated))


def main():
    report = Report()
    rows = digits()
    torch.manual_seed(1)
    rows = [rows[i] for i in torch.randperm(len(rows))]
    train, test = rows[:TRAIN], rows[TRAIN:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_rows(folder / "train.csv", train)
        write_rows(folder / "test.csv", test)
        from_panther(report, folder, test)
        from_torch(report, folder, train, test)
    report.finish()


main()
