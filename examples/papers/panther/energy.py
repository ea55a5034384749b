#!/usr/bin/env python3
"""The emulator's energy against formulas from its own event counts, and MLP-L4 as one program.

The same image runs on six machines: variants 1 to 3, Base_digital, Base_mvm and Base_opa/mvm (which
is Base_mvm here: it differs in convolutions only). machines.py has the layers one at a time.
"""
import os
import sys
import tempfile

import common
import closed_form

LAYERS = (("dense_1", 16), ("dense_2", 8), ("dense_3", 16), ("dense_4", 4))   # MCUs of each
PROFILES = ("panther_paper", "panther")
MACHINES = (("panther", 1), ("panther", 2), ("panther", 3), ("base_digital", 2), ("base_mvm", 2),
            ("base_opa_mvm", 2))
DIGITS = "examples/mlp_digits.pan"
ROUNDING = .05   # pJ: the emulator rounds to fJ per layer and kind of operation


def compare_run(machine, updates, variant, options):
    """Largest distances in pJ: of what the counts determine, and of counts from whole numbers."""
    worst, whole, batch = 0, 0, 8 if "--batch" in options else 1
    s = common.panther_stats(["run", DIGITS, "--epochs", 1, "--machine", machine, "--variant",
                              variant, *options])
    m = common.machine_numbers(machine)
    if variant == 3 or updates != "crossbar" and not m["digital_product"]:
        # every training kernel rewrites each of the two crossbars that it updates
        s["opa_commits"] = 2 * (s["opa"] // 2 // batch)
    e = s["energy_by_component"]
    for name, pj in closed_form.events_pj(m, s, updates).items():
        worst = max(worst, abs(e[name] - pj))
    total = sum(e.values()) + s["leakage_pj"]
    worst = max(worst, abs(total - s["energy_pj"]),
                abs(sum(s["energy_by_layer"].values()) - sum(e.values())),
                abs(sum(s["energy_by_operation"].values()) - sum(e.values())))
    for name, pj in e.items():
        if name != "adc" and m[name]:
            count = pj / m[name]
            whole = max(whole, abs(count - round(count)) * m[name])
    return worst, whole


def compare_events(r):
    """Components that operations alone determine, on all machines, training with resolutions."""
    found = [compare_run("panther_paper", "crossbar", variant, options) for variant in (1, 2, 3)
             for options in ((), ("--slices", "55555555"), ("--batch", 8))]
    found += [compare_run(machine + "_paper", updates, 2, options)
              for machine, updates in (("base_digital", "digital"), ("base_mvm", "digital"),
                                       ("base_opa_mvm", "digital"))
              for options in ((), ("--batch", 8))]
    worst, whole = (max(values) for values in zip(*found))
    r.check("components = formula from counts, %d runs" % len(found), worst < ROUNDING,
            "%.3f pJ" % worst)
    r.check("every component is a whole number of events", whole < ROUNDING, "%.3f pJ" % whole)


def layer_energy(profile, batch):
    """nJ per MCU and example of each layer of MLP-L4, leakage left out; and leakage, on average."""
    s = common.panther_stats(["run", "examples/mlp_l4.pan", "--entry", "train:mlp_l4",
                              "--timing-only", "--machine", profile, "--batch", batch,
                              *common.PLACEMENT])
    nj = {name: s["energy_by_layer"][name] * 1e-3 / mcus / batch for name, mcus in LAYERS}
    return nj, s["leakage_pj"] * 1e-3 / sum(m for _, m in LAYERS) / batch


def run_network(r, suffix, folder, batch):
    """{(machine, variant): statistics} of one image of MLP-L4."""
    image = os.path.join(folder, "mlp_l4.pimg")
    common.panther(["compile", "examples/mlp_l4.pan", "-o", image, "--batch", batch, "--machine",
                    "panther" + suffix, *common.PLACEMENT])
    found = {}
    for machine, variant in MACHINES:
        found[machine, variant] = common.panther_stats(
            ["run", image, "--entry", "train:mlp_l4", "--timing-only", "--machine",
             machine + suffix, "--variant", variant])
    return found


def compare_networks(r):
    """Ratios of layers of the whole program, and of its time; those of layers are returned."""
    ratios = {}
    with tempfile.TemporaryDirectory() as folder:
        for profile, suffix in (("paper", "_paper"), ("code", "")):
            rows = []
            for batch in (1, 64, 1024):
                found = run_network(r, suffix, folder, batch)
                own = found["panther", 1 if batch == 1 else 2]
                for key, s in found.items():
                    layers = [s["energy_by_layer"][name] / own["energy_by_layer"][name]
                              for name, _ in LAYERS]
                    ratios[profile, batch, key] = layers
                    nj = sum(s["energy_by_layer"][name] for name, _ in LAYERS) * 1e-3
                    rows.append((batch, "%s, %d" % key, "%.1f" % (nj / batch),
                                 "%.1f" % (s["leakage_pj"] * 1e-3 / batch),
                                 *("%.2f" % v for v in layers),
                                 "%.0f" % (s["cycles_per_kernel"] / batch),
                                 "%.2f" % (s["cycles_per_kernel"] / own["cycles_per_kernel"])))
            r.table("mlp_l4_" + profile,
                    ["batch", "machine, variant", "nJ", "leakage"] + [name for name, _ in LAYERS] +
                    ["cycles", "time"], rows)
            r.line("  profile `%s`: per example; then times the energy (by layer) and time of\n"
                   "  PANTHER, variant 1 at batch 1, else 2" % profile)
    return ratios


def main():
    r = common.Report("energy", "energies of MLP programs, and MLP-L4 on six machines")
    compare_events(r)
    ratios = compare_networks(r)
    r.line("  calibrated: one number (kappa), five hypotheses (panther_paper.yaml)")
    mvm, digital = ("base_mvm", 2), ("base_digital", 2)
    for what, paper, ours, within, gate in (
            ("SGD against Base_digital, least", 7.01, min(ratios["paper", 1, digital]), 7, True),
            ("SGD against Base_digital, most", 8.02, max(ratios["paper", 1, digital]), 7, True),
            ("SGD against Base_mvm, FC, least", 31.03, min(ratios["paper", 1, mvm]), 6, True),
            ("SGD against Base_mvm, FC, most", 54.21, max(ratios["paper", 1, mvm]), 6, True),
            ("batch 64, Base_mvm, FC, least", 1.61, min(ratios["paper", 64, mvm]), 6, False),
            ("batch 64, Base_mvm, FC, most", 2.16, max(ratios["paper", 64, mvm]), 6, False)):
        r.value(what, paper, ours, 2, within, gate)
    r.line("  `code`: SGD against Base_digital %.2f to %.2f, against Base_mvm %.2f to %.2f"
           % tuple(f(ratios["code", 1, key]) for key in (digital, mvm) for f in (min, max)))
    third = [ratios["paper", batch, ("panther", 3)] for batch in (1, 64, 1024)]
    r.check("variant 3 / variant 2 falls with the batch", all(
        a > b > c for a, b, c in zip(*third)))
    names = [name for name, _ in LAYERS]
    return r.end(common.svg_bars(
        "MLP-L4 as one program, `paper`: energy against PANTHER", "times PANTHER's energy", names,
        {"%s, batch %d" % (key[0], batch): ratios["paper", batch, key]
         for key in (digital, mvm) for batch in (1, 64)}, log=True))


if __name__ == "__main__":
    sys.exit(main())
