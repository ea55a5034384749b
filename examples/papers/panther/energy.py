#!/usr/bin/env python3
"""The emulator's energy against formulas from its own event counts, and the ratios they lead to.

The machines the paper compares with are formulas here (closed_form.py), with the overhead that the
emulator measured; both profiles stand side by side. FC layers of MLP-L4.
"""
import sys

import common
import closed_form

LAYERS = (("dense_1", 16), ("dense_2", 8), ("dense_3", 16), ("dense_4", 4))   # MCUs of each
PROFILES = ("panther_paper", "panther")


def compare_events(r):
    """Components that operations alone determine, on three variants, training with resolutions."""
    worst, whole = 0, 0
    for variant in (1, 2, 3):
        for options in ((), ("--slices", "55555555"), ("--batch", 8)):
            s = common.panther_stats(["run", "examples/mlp_digits.pan", "--epochs", 1, "--machine",
                                      "panther_paper", "--variant", variant, *options])
            m = common.machine_numbers("panther_paper")
            if variant == 3:
                # every training kernel commits on each of the two crossbars that it updates
                s["opa_commits"] = 2 * (s["opa"] // 2 // (8 if "--batch" in options else 1))
            e = s["energy_by_component"]
            for name, pj in closed_form.events_pj(m, s).items():
                worst = max(worst, abs(e[name] / pj - 1))
            total = sum(e.values()) + s["leakage_pj"]
            worst = max(worst, abs(total / s["energy_pj"] - 1),
                        abs(sum(s["energy_by_layer"].values()) / sum(e.values()) - 1),
                        abs(sum(s["energy_by_operation"].values()) / sum(e.values()) - 1))
            for name, pj in e.items():
                if name != "adc" and m[name]:
                    count = pj / m[name]
                    whole = max(whole, abs(count - round(count)))
    r.check("components = formula from counts (1e-9)", worst < 1e-9, "%.0e" % worst)
    r.check("every component is a whole number of events", whole < 1e-3, "%.0e" % whole)


def layer_energy(profile, batch):
    """nJ per MCU and example of each layer of MLP-L4, leakage left out; and leakage, on average."""
    s = common.panther_stats(["run", "examples/mlp_l4.pan", "--entry", "train:mlp_l4",
                              "--timing-only", "--machine", profile, "--batch", batch])
    nj = {name: s["energy_by_layer"][name] * 1e-3 / mcus / batch for name, mcus in LAYERS}
    return nj, s["leakage_pj"] * 1e-3 / sum(m for _, m in LAYERS) / batch


def ratios(r, profile, batch):
    m = common.machine_numbers(profile)
    products = closed_form.mvm_nj(m, "44466555")
    nj, leakage = layer_energy(profile, batch)
    rows, digital, mvm = [], [], []
    for k, (name, _) in enumerate(LAYERS):
        passes = 1 if k == 0 else 2
        overhead = nj[name] - passes * products - closed_form.opa_nj(m)
        digital.append(closed_form.digital_nj(profile, passes, overhead) / nj[name])
        mvm.append(closed_form.base_mvm_nj(profile, m, passes, overhead, batch) / nj[name])
        twice = mvm[-1] * nj[name] / (nj[name] + closed_form.opa_nj(m))
        rows.append((profile, batch, name, *("%.2f" % v for v in (
            nj[name], overhead, digital[-1], mvm[-1], twice))))
    return rows, digital, mvm, leakage


def main():
    r = common.Report("energy", "energies of MLP programs and the ratios of FC layers")
    compare_events(r)
    rows, found = [], {}
    for profile in PROFILES:
        for batch in (1, 64, 1024):
            more, *found[profile, batch] = ratios(r, profile, batch)
            rows += more
    r.table("ratios", ["machine", "batch", "layer", "nJ per MCU", "overhead", "digital",
                       "Base_mvm", "with 2 copies"], rows)
    r.line("  `paper` profile: calibrated (kappa, on the 31.03), five hypotheses; baselines by\n"
           "  formula")
    digital, mvm, leakage = found["panther_paper", 1]
    overheads = [float(row[4]) for row in rows]
    r.value("SGD against Base_mvm, FC, least", 31.03, min(mvm), 2, 6)
    r.line("    kappa makes this 31.03 with an overhead estimated at 8 nJ; the compiled dense_2 has\n"
           "    %.0f. Packets are more than half of the program's overhead. The emulator's figure stands."
           % overheads[1])
    for what, paper, ours, within in (
            ("SGD against digital, least", 7.01, min(digital), 7),
            ("SGD against digital, most", 8.02, max(digital), 7),
            ("SGD against Base_mvm, FC, most", 54.21, max(mvm), 6),
            ("batch 64, FC, least", 1.61, min(found["panther_paper", 64][1]), 6),
            ("batch 64, FC, most", 2.16, max(found["panther_paper", 64][1]), 6)):
        r.value(what, paper, ours, 2, within, gate=True)
    large = found["panther_paper", 1024][1]
    r.value("batch 1024, layers but the first", 1.18, sum(large[1:]) / 3, 2, 6)
    r.value("batch 1024, first layer", 1.18, large[0], 2, 6)
    r.line("  `code` profile, the public constants as they are: SGD against digital %.2f to %.2f,\n"
           "  against Base_mvm %.2f to %.2f. So 31 to 54 times is a calibration, not a result."
           % (min(found["panther", 1][0]), max(found["panther", 1][0]),
              min(found["panther", 1][1]), max(found["panther", 1][1])))
    r.line("  leakage, reported apart: %.1f nJ per MCU and example at batch 1, %.1f at 64"
           % (leakage, found["panther_paper", 64][2]))
    fall = all(a > b for a, b in zip(mvm, found["panther_paper", 64][1])) and \
        all(a > b for a, b in zip(found["panther_paper", 64][1], large))
    r.check("the ratio to Base_mvm falls with the batch", fall)
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
