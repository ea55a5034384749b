#!/usr/bin/env python3
"""The PyTorch code that the documentation shows: it runs, and the model it loads is the one that
was trained.
"""
import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from harness import ROOT, Report, digits, panther, torch

import numpy  # comes with PyTorch


def snippets(path):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / path).read_text(), re.DOTALL | re.MULTILINE)


def main():
    report = Report()
    code = snippets("emulator/host/README.md")
    report.check("the documentation of checkpoints shows one", len(code) == 1)
    program = ROOT / "examples" / "mlp_digits.pan"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        panther("run", program, "--epochs", 6, "--save", "digits.safetensors")
        names = {}
        exec(compile(code[0], "emulator/host/README.md", "exec"), names)
        model, rows = names["model"].double(), digits()
        x = torch.tensor([row[:64] for row in rows], dtype=torch.float64) / 8
        y = torch.tensor([row[64] for row in rows])
        right = int((model(x).argmax(dim=1) == y).sum())
        report.check(f"the model it loads has learnt: {right} of {len(rows)} digits",
                     right > 0.85 * len(rows))
        numpy.save("x.npy", x.numpy())
        panther("run", program, "--entry", "test:mlp", "--kernels", len(rows), "--interpreter",
                "float", "--weights", "digits.safetensors", "--input", "image=x.npy", "--result",
                "output=y.npy", "-q")
        error = float((torch.from_numpy(numpy.load("y.npy")) - model(x)).abs().max())
        report.check(f"and gives the same outputs as the float interpreter, to {error:.1e}",
                     error < 1e-5)
    report.finish()


main()
