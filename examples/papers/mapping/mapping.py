"""The tables of the weight mapping paper (Peng, Liu and Yu, 2020) beside ours.

Values under PAPER or given as `paper` are the paper's, as printed. Everything else comes from
`panther plan` on examples/machines/plan/peng.yaml, which has the paper's Table II.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "panther"))
from common import Report, panther  # noqa: E402

MACHINE = os.path.join(HERE, "..", "..", "machines", "plan", "peng.yaml")


def plan(method="hybrid", *options):
    """ResNet-34 as Table I has it: 33 convolutions in a chain, a dense layer of 4096 x 1000."""
    return json.loads(panther(["plan", "examples/networks/resnet34_peng.pan", "--machine", "peng",
                               "--view", "chain", "--method", method, "--json", *options]))


def parts():
    """{(level, name): {key: number}} of Table II."""
    found = {}
    with open(MACHINE) as f:
        for line in f:
            if "{level:" not in line:
                continue
            fields = dict(field.split(": ") for field in
                          line[line.index("{") + 1:line.index("}")].split(", "))
            key = (fields.pop("level"), fields.pop("name"))
            found[key] = {name: float(value) for name, value in fields.items()}
    return found


# ---- Table I ----

# last layer of the rows: (out, in, kernel), PEs, duplication
TABLE1 = [(1, (64, 3, 7), 1, 8), (7, (64, 64, 3), 9, 32), (8, (128, 64, 3), 9, 16),
          (15, (128, 128, 3), 9, 16), (16, (256, 128, 3), 9, 8), (27, (256, 256, 3), 9, 4),
          (28, (512, 256, 3), 9, 2), (33, (512, 512, 3), 9, 1)]
DENSE = (34, (1000, 4096), 16, 1)


def table1():
    r = Report("table1", "Table I: PEs and copies inside them, 34 layers of ResNet-34")
    result = plan()
    layers, row, equal = result["layers"], 0, 0
    for i, layer in enumerate(layers, 1):
        if i == 34:
            shape, pes, copies = DENSE[1:]
            ours = (layer["out"], layer["unit"]["crossbars"] * 128 * 128 // 1024)
        else:
            row += i > TABLE1[row][0]
            shape, pes, copies = TABLE1[row][1:]
            ours = (layer["out"], layer["in"], layer["kernel"])
        same = (layer["unit"]["pes"], layer["unit"]["copies"]) == (pes, copies) and ours == shape
        equal += same
        r.verdict("layer %d %s, PEs and copies" % (i, "x".join(map(str, shape))),
                  "%d, %d" % (pes, copies),
                  "%d, %d" % (layer["unit"]["pes"], layer["unit"]["copies"]),
                  "exact" if same else "differs", True, same)
    r.check("rows that are equal", equal == 34, "%d of 34" % equal)
    r.value("cells used, layer 1 split, %", 2.34, 100 * layers[0]["split"]["efficiency"], gate=True)
    r.value("cells used, layer 1 unrolled, %", 28.7, 100 * layers[0]["im2col"]["efficiency"], 1,
            gate=True)
    return r.end()


# ---- the pipeline ----

def pipeline():
    r = Report("pipeline", "Section V-C: balanced pipeline, layer by layer")
    result = plan()
    r.value("PEs with all slices", 1560, result["physical_pes"], 0, gate=True)
    r.verdict("logical PEs", "-", result["pes"], "the shortest stage that fits 1560", True,
              result["pes"] == 390)
    r.value("cycles of a stage", 49, result["stage_cycles"], 0, gate=True)
    r.verdict("  no mapping on this chip below", "-", result["stage_bound"], "cells of all copies")
    factors = [256] + [64] * 6 + [16] * 8 + [4] * 12 + [1] * 6
    stage = min(layer["positions"] for layer in result["layers"][:33])
    ours = [layer["positions"] // stage for layer in result["layers"][:33]]
    r.verdict("speed-up needed by layers", "256 64 16 4 1",
              " ".join(map(str, sorted(set(ours))[::-1])),
              "exact" if ours == factors else "differs", True, ours == factors)
    more = [i for i, layer in enumerate(result["layers"], 1)
            if layer["pes"] > layer["unit"]["pes"]]
    r.verdict("layers with more PEs than one copy takes", "1 to 7",
              "%d to %d" % (more[0], more[-1]), "exact", True, more == list(range(1, 8)))
    single = result["single_pes"]
    r.check("layer by layer: 305 logical PEs", single == 305, str(single))
    r.check("  40,279 cycles with one copy each", result["serial_cycles"] == 40279,
            str(result["serial_cycles"]))
    r.check("  3,383 cycles with the copies in a PE", result["serial_repeated_cycles"] == 3383,
            str(result["serial_repeated_cycles"]))
    r.check("products", result["macs"] == 3648077824, str(result["macs"]))
    mixed = plan("mixed", "--stage", 49)
    r.check("ours: the kind with the fewest PEs for each layer", mixed["pes"] <= 378 and
            mixed["stage_cycles"] == 49, "%d PEs" % mixed["pes"])
    changed = [i for i, pair in enumerate(zip(mixed["layers"], result["layers"]), 1)
               if pair[0]["mapping"] != pair[1]["mapping"]]
    r.line("  unrolled instead of split: layers %s; they lose the re-use of inputs" % changed)
    return r.end()


# ---- traffic ----

def traffic():
    r = Report("traffic", "Section VI-B: inputs that PEs read, layers 2 to 33, one image")
    result = plan()
    t = result["traffic_split"]
    for name, bits in (("naive", 192374784), ("raster", 71350272), ("snake", 66562560)):
        r.check("%s, bits" % name, t[name + "_bits"] == bits, str(t[name + "_bits"]))
    for stride, number, paper in ((1, 1, 2 / 3), (2, 7, 1 / 3)):
        layer = result["layers"][number]
        r.value("share passed on, 3x3 with stride %d" % stride, paper,
                1 - layer["steady_bits"] / layer["naive_bits"], 4, gate=True)
    saved = 100 * (1 - t["steady_bits"] / t["naive_bits"])
    r.verdict("energy of buffers saved, %", 68, "%.1f" % saved,
              "not reproducible: accesses alone save less; wires are not printed")
    r.verdict("  with the starts of rows, row by row", "-",
              "%.1f" % (100 * (1 - t["raster_bits"] / t["naive_bits"])), "ours")
    r.verdict("  with the starts of rows, in snakes", "-",
              "%.1f" % (100 * (1 - t["snake_bits"] / t["naive_bits"])),
              "ours, %.1f %% below row by row" % (100 * (1 - t["snake_bits"] / t["raster_bits"])))
    r.verdict("latency of buffers saved, %", 90, "-", "not reproducible: no latency is printed")
    return r.end()


# ---- Table II ----

def table2():
    r = Report("table2", "Table II: sums of its parts, and where it contradicts itself")
    part, costs = parts(), plan()["costs"]
    area = {key: value.get("area_mm2", 0) for key, value in part.items()}
    chip_pe = part["chip", "pe"]
    r.value("1560 PEs of 0.127 mm2", 198.12, chip_pe["count"] * 0.127, gate=True)
    r.value("chip, mm2", 249.03, costs["area_mm2"], gate=True)
    r.value("sub-array, nJ per product", 25.04, costs["pe_op_nj"], gate=True,
            note="; but as the sum over 16 sub-arrays")
    per_subarray = costs["pe_op_nj"] / part["pe", "subarray"]["count"]
    r.verdict("  of one sub-array", 25.04, "%.3f" % per_subarray,
              "contradiction: the text says one sub-array")
    inner = sum(v for (level, _), v in area.items() if level == "subarray")
    r.verdict("sub-array, mm2", 0.0063, "%.4f" % inner, "close: the paper shows key modules only")
    pe = sum(v for (level, _), v in area.items() if level == "pe")
    r.verdict("PE, mm2", 0.127, "%.4f" % pe, "contradiction: the parts sum to less (%+.1f %%)"
              % (100 * (pe / 0.127 - 1)))
    pe_uj = (costs["pe_op_nj"] + part["pe", "adder_tree"]["count"] *
             part["pe", "adder_tree"]["energy_pj"] / 1e3) / 1e3
    r.verdict("PE, uJ per product", 0.202, "%.3f" % pe_uj,
              "contradiction: eight times what the parts sum to")
    r.verdict("peak TOPS/W of a PE", "20.1 (system)", "%.2f" % costs["peak_tops_w"],
              "close: the PE alone, if its 128 x 128 cells hold 8 bits each", True,
              "%.2f" % costs["peak_tops_w"] == "20.94")
    r.verdict("  if four PEs hold the 8 bits, as the count of 1560 has it", "-",
              "%.2f" % costs["physical_tops_w"], "contradiction: a factor of 4 between the two")
    r.verdict("layer by layer, mm2", 165, "%.2f" % (1220 * 0.127),
              "not reproducible: no periphery is printed (with the same: %.2f)"
              % (1220 * 0.127 + costs["periphery_area_mm2"]))
    return r.end()


# ---- Table III ----

def table3():
    r = Report("table3", "Table III: images per second, efficiency; the cycle time is calibrated")
    result, snake = plan(), plan("hybrid", "--snake")
    costs = result["costs"]
    r.line("  No latency is printed. The chip file's cycle of 154.05 ns makes the pipelined value.")
    r.value("pipelined, images per second", 132476, costs["fps_pipelined"], 0, 0.1, gate=True,
            note=" by calibration")
    r.verdict("layer by layer, images per second", "145 / 294", "%.1f" % costs["fps_serial"],
              "not reproducible: with one cycle time for both")
    ratio = costs["fps_pipelined"] / costs["fps_serial"]
    r.verdict("pipeline / layer by layer", "913 / 451", "%.0f" % ratio,
              "40,279 / 49 cycles, whatever the cycle time")
    r.verdict("split / unrolled, layer by layer", 2.03, "%.2f" % (1 / (1 - 0.22 * 0.90)),
              "not reproducible: from the text's 22 % of the time, of which 90 % is saved")
    r.verdict("TOPS/W, pipelined", 20.1, "%.2f" % costs["tops_w"],
              "not reproducible: PEs %.0f, traffic %.0f, sums %.0f uJ per image" % (
                  costs["image_uj"], costs["traffic_uj"], costs["sums_uj"]))
    r.verdict("  with inputs walked in snakes", "-", "%.2f" % snake["costs"]["tops_w"], "ours")
    r.verdict("TOPS/W, layer by layer", "10.22 / 14.27", "-",
              "not reproducible: leakage is not in Table II")
    r.check("products of PEs per image", costs["pe_ops"] == 17910, str(costs["pe_ops"]))
    return r.end()


EXPERIMENTS = {f.__name__: f for f in (table1, pipeline, traffic, table2, table3)}

if __name__ == "__main__":
    chosen = sys.argv[1:] or list(EXPERIMENTS)
    for unknown in set(chosen) - set(EXPERIMENTS):
        print("no experiment '%s'; there are %s" % (unknown, " ".join(EXPERIMENTS)),
              file=sys.stderr)
        sys.exit(2)
    sys.exit(max([EXPERIMENTS[name]() for name in chosen]))
