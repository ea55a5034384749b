#!/usr/bin/env python3
"""Table 4: weights, inputs and operations per byte of the workloads, and the MCUs they take."""
import math
import sys

import common

# name, C, M, H, R, E as the paper prints them, then its Wt (MB), In (MB), Ops/B; H = 0: dense.
ROWS = [
    ("Conv1", 3, 64, 32, 3, 32, .003, .006, 368.640),
    ("Conv2", 32, 64, 32, 3, 16, .035, .063, 92.160),
    ("Conv3", 64, 128, 16, 3, 16, .141, .031, 209.455),
    ("Conv4", 128, 128, 16, 3, 8, .281, .063, 52.364),
    ("Conv5", 128, 256, 8, 3, 8, .563, .016, 62.270),
    ("Conv6", 256, 256, 8, 3, 8, 1.125, .031, 62.270),
    ("Conv7", 256, 256, 8, 3, 4, 1.125, .031, 15.568),
    ("Conv8", 256, 512, 4, 3, 4, 2.250, .008, 15.945),
    ("Conv9", 512, 512, 4, 3, 4, 4.500, .016, 15.945),
    ("Conv10", 512, 512, 4, 3, 2, 4.500, .016, 3.986),
    ("Conv11", 512, 512, 2, 3, 2, 4.500, .004, 3.997),
    ("Conv12", 512, 512, 2, 3, 2, 4.500, .004, 3.997),
    ("Conv13", 512, 512, 2, 3, 1, 4.500, .004, .999),
    ("Dense14", 512, 4096, 0, 0, 0, 4.000, .001, 1.000),
    ("Dense15", 4096, 4096, 0, 0, 0, 32.000, .008, 1.000),
    ("Dense16", 4096, 100, 0, 0, 0, .781, .008, .990),
    ("Dense1", 1024, 256, 0, 0, 0, .500, .002, .996),
    ("Dense2", 256, 512, 0, 0, 0, .250, .000, .998),
    ("Dense3", 512, 512, 0, 0, 0, .500, .001, .998),
    ("Dense4", 512, 10, 0, 0, 0, .010, .001, .909),
]


def derive(c, m, h, k, e):
    """Bytes of weights and inputs (16 bits each), operations per byte, blocks of 128 x 128."""
    rows = c * k * k if h else c
    weights, inputs = 2 * rows * m, 2 * c * h * h if h else 2 * c
    operations = 2 * rows * m * (e * e if h else 1)
    mcus = math.ceil(rows / 128) * math.ceil(m / 128)
    return weights, inputs, operations / (weights + inputs), mcus


def main():
    r = common.Report("table4", "workloads (Table 4): weights and inputs in MiB, operations per byte")
    rows, equal, blocks = [], 0, {}
    for name, c, m, h, k, e, *stated in ROWS:
        weights, inputs, intensity, mcus = derive(c, m, h, k, e)
        ours = (weights / 2 ** 20, inputs / 2 ** 20, intensity)
        same = [abs(a - b) <= .0005 + 1e-9 for a, b in zip(ours, stated)]
        equal += sum(same)
        blocks[name] = mcus
        shown = ["%.3f" % v for v in (*(int(v * 1000 + .5) / 1000 for v in ours), *stated)]
        rows.append((name, *shown, mcus, "exact" if all(same) else "differs"))
    r.table("layers", ["layer", "Wt", "In", "Ops/B", "paper Wt", "paper In", "paper Ops/B", "MCUs",
                       "verdict"], rows)
    r.value("values equal to the printed digits", 60, equal, 0, gate=True)
    mlp = ("Dense1", "Dense2", "Dense3", "Dense4")
    vgg = sum(n for name, n in blocks.items() if name not in mlp)
    r.verdict("MCUs of VGG-16, of MLP-L4", "-", "%d, %d" % (vgg, sum(blocks.values()) - vgg),
              "together within the node's 2,208", True, sum(blocks.values()) <= 2208)
    r.line("    Conv2 has C = 32 although Conv1 has M = 64, and Ops/B counts E after pooling:\n"
           "    both as printed; a network with these layers has 1,024 positions in Conv2, not 256")
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
