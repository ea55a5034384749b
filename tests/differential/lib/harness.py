"""What the differential tests share: the program under test, its files, and the lines of a report.

A test is skipped, with exit status 77, where PyTorch is not installed.
"""
import csv
import gzip
import json
import os
import pathlib
import re
import struct
import subprocess
import sys

try:
    import torch
except ImportError:
    print(f"skip - {pathlib.Path(sys.argv[0]).stem}: python3-torch is not installed")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[3]
PANTHER = os.environ.get("PANTHER", str(ROOT / "build" / "release" / "panther"))
torch.set_default_dtype(torch.float64)  # as the float interpreter computes
torch.set_num_threads(1)


class Report:
    """One line per check; the process ends with 1 if one failed."""

    def __init__(self):
        self.failed = False

    def check(self, name, good):
        print(("ok - " if good else "not ok - ") + name, flush=True)
        self.failed = self.failed or not good

    def finish(self):
        sys.exit(1 if self.failed else 0)


def panther(*arguments):
    """Output of a run that must succeed."""
    done = subprocess.run([PANTHER, *map(str, arguments)], capture_output=True, text=True,
                          timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"{done.args} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def logged(output, metric):
    """The values that `log(metric)` printed, in order."""
    return [float(v) for v in re.findall(rf"^  epoch .*: {metric} (\S+)$", output, re.MULTILINE)]


def tensors(path):
    """Name -> tensor of a safetensors file: an 8-byte length, a JSON header, the bytes."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": torch.float32, "I16": torch.int16}
    result = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        result[name] = torch.frombuffer(bytearray(data[begin:end]),
                                        dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
    return result


def digits():
    """The shipped digits as rows of 64 pixels (0 to 16) and a label."""
    with gzip.open(ROOT / "examples" / "data" / "digits.csv.gz", "rt") as file:
        return [[int(v) for v in row] for row in csv.reader(file)]


def write_rows(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def relative_error(got, expected):
    """Largest relative difference of two lists of equal length; infinite if the lengths differ."""
    if len(got) != len(expected) or not got:
        return float("inf")
    return max(abs(g - e) / max(abs(e), 1e-9) for g, e in zip(got, expected))
