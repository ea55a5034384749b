"""What the experiments share: the paper's tables, chips with other bit widths, plans as JSON."""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "panther"))
import common  # noqa: E402

NETWORKS = {"DNN1": "dnn1", "DNN2": "dnn2", "DNN3": "dnn3", "DNN4": "dnn4", "VGG11": "vgg_a",
            "VGG13": "vgg_b", "VGG16": "../papers/multi-tenant/vgg16", "VGG19": "vgg_e"}

MIXES = {"MT1": "DNN4 VGG11 VGG16", "MT2": "VGG13 VGG16 VGG19", "MT3": "VGG11 VGG13 VGG19",
         "MT4": "DNN1 DNN2 DNN3", "MT5": "DNN2 DNN3 DNN4", "MT6": "DNN1 DNN3 VGG16 VGG19",
         "MT7": "VGG11 VGG13 VGG16 VGG19", "MT8": "DNN1 VGG11 VGG13 VGG16"}

# Table III: origin energy, optimised energy (mJ), overall, tenant-level, operator-level speed-up.
TABLE3 = {
    ("tenants1", "MT1"): (19.75, 10.44, 4.48, 1.12, 3.99),
    ("tenants1", "MT2"): (37.49, 27.07, 1.79, 1.08, 1.66),
    ("tenants1", "MT3"): (33.76, 23.02, 1.85, 1.13, 1.64),
    ("tenants1", "MT4"): (17.43, 10.70, 12.6, 1.03, 12.23),
    ("tenants1", "MT5"): (11.57, 12.09, 22.53, 1.06, 21.25),
    ("tenants1", "MT6"): (36.50, 20.58, 4.8, 1.15, 4.17),
    ("tenants1", "MT7"): (46.42, 35.45, 1.75, 1.26, 1.39),
    ("tenants1", "MT8"): (37.95, 27.09, 1.96, 1.22, 1.61),
    ("tenants2", "MT1"): (19.69, 15.38, 5.92, 1.06, 5.58),
    ("tenants2", "MT2"): (37.42, 38.83, 1.98, 0.87, 2.28),
    ("tenants2", "MT3"): (33.69, 32.33, 2.17, 0.97, 2.24),
    ("tenants2", "MT4"): (17.40, 13.19, 16.15, 1.02, 15.83),
    ("tenants2", "MT5"): (11.56, 12.09, 30.85, 1.01, 30.84),
    ("tenants2", "MT6"): (36.50, 31.50, 7.2, 1.11, 6.49),
    ("tenants2", "MT7"): (46.42, 46.40, 2.01, 1.05, 1.91),
    ("tenants2", "MT8"): (37.95, 35.44, 2.32, 1.07, 2.17),
}
CHIPS = ("tenants1", "tenants2")


def chip(folder, name, weight_bits, input_bits):
    """A file with the chip at other bit widths; w = 1 + N_b."""
    path = os.path.join(common.ROOT, "examples", "machines", "plan", name + ".yaml")
    with open(path) as f:
        text = f.read()
    for key, value in (("cells_per_weight", weight_bits // 2), ("weight_bits", weight_bits),
                       ("input_bits", input_bits), ("step_cycles", input_bits),
                       ("write_cycles", 1 + input_bits)):
        text, found = re.subn(r"\b%s: *[0-9]+" % key, "%s: %d" % (key, value), text)
        assert found == 1, key
    path = os.path.join(folder, "%s_%d_%d.yaml" % (name, weight_bits, input_bits))
    with open(path, "w") as f:
        f.write(text)
    return path


def networks(folder, side):
    """{name: program} with images of side x side."""
    programs = {}
    source = os.path.join(common.ROOT, "examples", "networks")
    for name, file in NETWORKS.items():
        path = os.path.normpath(os.path.join(source, file + ".pan"))
        if side != 224:
            with open(path) as f:
                text = f.read()
            text = re.sub(r"\b224\b", str(side), text)
            text = re.sub(r'include "(?:\.\./)*(?:networks/)?', 'include "%s/' % source, text)
            path = os.path.join(folder, name + ".pan")
            with open(path, "w") as f:
                f.write(text)
        programs[name] = path
    return programs


def plan(programs, mix, machine, method="tenants"):
    paths = [programs[name] for name in MIXES[mix].split()]
    return json.loads(common.panther(["plan", *paths, "--machine", machine, "--method", method,
                                      "--json"]))
