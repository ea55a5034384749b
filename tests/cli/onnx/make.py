#!/usr/bin/python3 -B
"""Writes the models of this folder, exported by PyTorch, with one input and its output beside each;
and inputs and outputs for the models of shared/data/onnx that come without. Needs torch and onnx."""
import os
import sys

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

here = os.path.dirname(os.path.abspath(__file__))


def write(name, x, y):
    for kind, values in (("input", x), ("output", y)):
        with open(os.path.join(here, f"{name}.{kind}.csv"), "w") as out:
            print(",".join(f"{v:.7g}" for v in values.detach().flatten().tolist()), file=out)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Linear(6, 8), nn.BatchNorm1d(8)
        self.second, self.third = nn.Linear(8, 8), nn.Linear(16, 3)

    def forward(self, x):
        a = F.leaky_relu(self.norm(self.first(x)), 0.1)
        b = torch.tanh(self.second(a)) * torch.sigmoid(a) + 0.25
        return F.softmax(self.third(torch.cat([a, b - a], 1)), 1)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(4)
        self.deep, self.point = nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Conv2d(4, 4, 1)
        self.wide = nn.Conv2d(4, 6, 3, dilation=2)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.norm(self.stem(x)))
        x = F.relu(self.point(F.relu(self.deep(x))) + x)
        x = F.max_pool2d(x, 3, 1, 1)
        x = F.avg_pool2d(self.wide(x), 2)
        return self.fc(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1))


class Sums(nn.Module):
    """Values that grow from line to line and within a line: each needs a format of its own."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4, bias=False)
        self.fc.weight.data = torch.eye(4)

    def forward(self, x):
        b = (x + x) + (x + x)
        return F.relu(self.fc(b) + b)


class Halves(nn.Module):
    """The two halves of a product, each on a crossbar of its own, are large and nearly cancel."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(256, 2, bias=False)
        self.fc.weight.data = torch.cat([torch.ones(2, 128), -torch.ones(2, 128)], 1)
        self.fc.weight.data[1, 0] = 2

    def forward(self, x):
        return self.fc(x)


def export(name, net, x):
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    net.eval()
    torch.onnx.export(net, x, os.path.join(here, name + ".onnx"), opset_version=13,
                      input_names=["x"], output_names=["y"], do_constant_folding=False,
                      training=torch.onnx.TrainingMode.PRESERVE)
    write(name, x, net(x))


def evaluate(graph, x):
    """The few operators of the models without reference outputs."""
    values = {t.name: torch.tensor(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    values[graph.input[0].name] = x
    for node in graph.node:
        a = {k.name: onnx.helper.get_attribute_value(k) for k in node.attribute}
        v = [values[name] for name in node.input]
        if node.op_type == "Constant":
            out = torch.tensor(numpy_helper.to_array(a["value"]).copy())
        elif node.op_type == "BatchNormalization":
            out = F.batch_norm(v[0], v[3], v[4], v[1], v[2], eps=a["epsilon"])
        elif node.op_type == "Gemm":
            out = v[0] @ v[1].T + v[2]
        elif node.op_type == "Conv":
            out = F.conv2d(*v, stride=a["strides"])
        else:
            out = {"MatMul": torch.matmul, "Add": torch.add, "Relu": torch.relu,
                   "Reshape": lambda p, s: p.reshape(s.tolist())}[node.op_type](*v)
        values[node.output[0]] = out
    return values[graph.output[0].name]


torch.manual_seed(5)
export("mlp", Mlp(), torch.rand(1, 6))
export("cnn", Cnn(), torch.rand(1, 2, 20, 20))
export("halves", Halves(), torch.ones(1, 256) - 0.5 * (torch.arange(256) == 255))
export("sums", Sums(), torch.tensor([[100.0, -1, 7, 3]]))
for name, shape in (("sine-mlp", (1, 1)), ("mnist-pytorch-mlp", (1, 784)),
                    ("mnist-atmega-small", (1, 1, 14, 14))):
    path = os.path.join(sys.argv[1] if len(sys.argv) > 1 else here + "/../../../../shared/data/onnx",
                        name + ".onnx")
    x = (torch.rand(shape) * 100).round() / 100
    write(name, x, evaluate(onnx.load(path).graph, x))
