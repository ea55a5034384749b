#!/usr/bin/env python3
"""Figs. 11 to 13: energy and time of every layer of Table 4 on PANTHER and its baselines.

    machines.py [fig11] [fig12] [fig13]

All figures are the emulator's (layerwise.py); the formulas of closed_form.py, given the overhead
that the emulator measured, have to agree with them.
"""
import math
import sys

import common
import closed_form
import layerwise

BATCHES = (1, 64, 1024)
BASELINES = ("base_digital", "base_mvm", "base_opa_mvm")
CALIBRATED = "  calibrated: one number (kappa), five hypotheses (panther_paper.yaml)"


def variant_of(batch):
    """The paper's variant 1 for single examples, 2 for mini-batches, and machines like it."""
    return 1 if batch == 1 else 2


class Figures:
    """Energies and times per MCU and position, in both profiles, from runs in one."""

    def __init__(self):
        self.bench = layerwise.Bench("paper")
        self.numbers = {(profile, name): common.machine_numbers(name + suffix)
                        for profile, suffix in layerwise.PROFILES.items()
                        for name in ("panther",) + BASELINES}
        self.slices = dict({name: "2" * 16 for name in BASELINES}, panther="44466555")

    def priced(self, measured, machine, profile):
        """nJ of what ran in the `paper` profile in any profile."""
        slices, m = self.slices[machine], self.numbers[profile, machine]
        ran = self.numbers["paper", machine]
        return sum(v * closed_form.price(m, c, slices) / closed_form.price(ran, c, slices)
                   for c, v in measured.parts.items() if v) * 1e-3

    def nj(self, layer, batch, machine, profile="paper", variant=None):
        measured = self.bench.measure(layer, batch, (machine, variant or variant_of(batch)))
        return self.priced(measured, machine, profile) / (layer.mcus * layer.positions * batch)

    def maps_ratio(self, layer, batch, profile):
        panther, base = (self.priced(self.bench.measure_maps(layer, batch, key), key[0], profile)
                         for key in layerwise.ON_MAPS)
        return base / panther

    def overhead(self, layer, batch, profile="paper"):
        m = self.numbers[profile, "panther"]
        return self.nj(layer, batch, "panther", profile) - closed_form.opa_nj(m) - \
            layer.passes * closed_form.mvm_nj(m, "44466555")

    def formula(self, layer, batch, machine, profile="paper"):
        overhead, m = self.overhead(layer, batch, profile), self.numbers[profile, "base_mvm"]
        if machine == "base_digital":
            return closed_form.digital_nj(profile, layer.passes, overhead)
        if machine == "base_mvm" or not layer.convolution:
            return closed_form.base_mvm_nj(profile, m, layer.passes, overhead,
                                           layer.positions * batch)
        return closed_form.base_opa_mvm_nj(profile, m, layer, overhead, batch)

    def ratio(self, layer, batch, machine, profile="paper"):
        """Energy against PANTHER's."""
        if machine != "base_opa_mvm":
            ours = self.nj(layer, batch, machine, profile)
        elif layer.convolution:
            return self.maps_ratio(layer, batch, profile)
        else:
            ours = self.nj(layer, batch, "base_mvm", profile)
        return ours / self.nj(layer, batch, "panther", profile)

    def cycles(self, layer, batch, machine, variant=None):
        return self.bench.measure(layer, batch, (machine, variant or variant_of(batch))).cycles

    def rewrite_cycles(self):
        m = self.numbers["paper", "base_mvm"]
        return max(float(m["t_serial_read"]), float(m["t_serial_write"]))


FC = [layer for layer in layerwise.LAYERS if not layer.convolution]
CONV = [layer for layer in layerwise.LAYERS if layer.convolution]


def ends(f, layers, batch, machine, profile="paper"):
    values = [f.ratio(layer, batch, machine, profile) for layer in layers]
    return min(values), max(values)


def energy_table(r, f, batch):
    rows = []
    for layer in layerwise.LAYERS:
        nj = [f.nj(layer, batch, "panther", variant=v) for v in (1, 2, 3)]
        ratios = [f.ratio(layer, batch, machine) for machine in BASELINES]
        code = [f.ratio(layer, batch, machine, "code") for machine in BASELINES]
        rows.append((layer.name, layer.positions, layer.mcus,
                     *("%.2f" % v for v in nj + [f.overhead(layer, batch)]),
                     *("%.2f" % v for v in ratios + code)))
    r.table("batch_%d" % batch,
            ["layer", "n", "MCUs", "V1 nJ", "V2 nJ", "V3 nJ", "overhead", "digital", "Base_mvm",
             "opa/mvm", "code: digital", "Base_mvm", "opa/mvm"], rows)
    r.line("  nJ per MCU and position, leakage left out; then times the energy of variant %d in the\n"
           "  `paper` profile, and in `code`. n: positions."
           % variant_of(batch))


def agree(r, f, batch):
    """The two code paths: emulated baselines against formulas with the measured overhead."""
    worst = 0
    for layer in layerwise.LAYERS:
        for machine in BASELINES:
            ours = f.ratio(layer, batch, machine) * f.nj(layer, batch, "panther")
            worst = max(worst, abs(ours / f.formula(layer, batch, machine) - 1))
    r.check("emulated baselines = formulas, within 5 %%, batch %d" % batch, worst <= .05,
            "%.1f %%" % (100 * worst))


def bars(f, batch, title):
    layers = layerwise.LAYERS
    return common.svg_bars(
        title, "energy against PANTHER", [layer.name for layer in layers],
        {"Base_digital": [f.ratio(layer, batch, "base_digital") for layer in layers],
         "Base_mvm": [f.ratio(layer, batch, "base_mvm") for layer in layers],
         "Base_opa/mvm": [f.ratio(layer, batch, "base_opa_mvm") if layer.convolution else None
                          for layer in layers]}, log=True)


def figure11(f):
    r = common.Report("fig11", "energy of SGD, variant 1 (Fig. 11)")
    energy_table(r, f, 1)
    r.line(CALIBRATED)
    least, most = ends(f, layerwise.LAYERS, 1, "base_digital")
    r.value("against Base_digital, least", 7.01, least, 2, 7, gate=True)
    r.value("against Base_digital, most", 8.02, most, 2, 7, gate=True)
    least, most = ends(f, FC, 1, "base_mvm")
    r.value("against Base_mvm, FC, least (in the fit)", 31.03, least, 2, 6, gate=True)
    r.value("against Base_mvm, FC, most (in the fit)", 54.21, most, 2, 6, gate=True)
    least, most = ends(f, CONV, 1, "base_mvm")
    r.value("against Base_mvm, conv, most (in the fit)", 31.56, most, 2, 6, gate=True)
    r.value("against Base_mvm, conv, least", 1.47, least)
    digital, fc = (ends(f, layers, 1, machine, "code")
                   for layers, machine in ((layerwise.LAYERS, "base_digital"), (FC, "base_mvm")))
    r.line("  `code` profile, the public constants as they are: digital %.2f to %.2f, Base_mvm FC\n"
           "  %.2f to %.2f, conv %.2f to %.2f. So 31 to 54 times is a calibration, not a result."
           % (*digital, *fc, *ends(f, CONV, 1, "base_mvm", "code")))
    r.line("  kappa %.2f; least squares of the logarithms of seven stated ends give %.2f"
           % fit_kappa(f))
    r.line("  overhead of FC layers %.1f to %.1f nJ; estimated bottom-up %.1f to %.1f, with which 31.03\n"
           "  would take a kappa of %.2f" % bottom_up(f))
    agree(r, f, 1)
    resolutions(r, f)
    falls_with_positions(r, f)
    return r.end(bars(f, 1, "SGD: energy against variant 1"))


def fit_kappa(f):
    """The kappa with the least squares of logarithms over the stated ends against Base_mvm."""
    m = f.numbers["paper", "base_mvm"]
    kappa = m["serial_read"] / f.numbers["code", "base_mvm"]["serial_read"]

    def error(k):
        def ratio(layer, batch):
            more = (k / kappa - 1) * closed_form.rewrite_base_nj(m) / (layer.positions * batch)
            return f.ratio(layer, batch, "base_mvm") + more / f.nj(layer, batch, "panther")
        return sum(math.log(end(ratio(layer, batch) for layer in layers) / stated) ** 2
                   for layers, batch, end, stated in (
                       (FC, 1, min, 31.03), (FC, 1, max, 54.21), (CONV, 1, max, 31.56),
                       (FC, 64, min, 1.61), (FC, 64, max, 2.16), (CONV, 64, min, 1.18),
                       (CONV, 64, max, 1.63)))

    return kappa, min((6 + .01 * k for k in range(201)), key=error)


def bottom_up(f):
    """Overheads of FC layers, emulated and estimated, and the kappa that the estimate asks for."""
    panther, base = (f.numbers["paper", name] for name in ("panther", "base_mvm"))
    emulated = [f.overhead(layer, 1) for layer in FC]
    estimated = [closed_form.bottom_up_nj(panther, layer) for layer in FC]
    kappa = base["serial_read"] / f.numbers["code", "base_mvm"]["serial_read"]
    needed = []
    for layer, overhead in zip(FC, estimated):
        ours = layer.passes * closed_form.mvm_nj(panther, "44466555") + \
            closed_form.opa_nj(panther) + overhead
        bare = closed_form.base_mvm_nj("paper", dict(base, serial_read=0, serial_write=0),
                                       layer.passes, overhead, 1)
        needed.append(kappa * (31.03 * ours - bare) / closed_form.rewrite_base_nj(base))
    return min(emulated), max(emulated), min(estimated), max(estimated), max(needed)


def resolutions(r, f):
    """Carry resolution every 1,024 examples, on the layer where it takes the largest share."""
    for variant in (1, 2):
        each = closed_form.rewrite_nj(f.numbers["paper", "panther"], variant)
        most = max(100 * each / 1024 / (layer.positions *
                                        f.nj(layer, 1, "panther", variant=variant))
                   for layer in layerwise.LAYERS)
        r.verdict("CRS every 1024, variant %d, most of all layers" % variant, "<= 4.8 %",
                  "%.2f %%" % most, "calibrated", True, most <= 4.8)


def falls_with_positions(r, f):
    found = {}
    for layer in CONV[1:]:
        found.setdefault(layer.positions, []).append(f.ratio(layer, 1, "base_mvm"))
    counts = sorted(found)
    r.check("the ratio to Base_mvm falls with the positions of a layer",
            all(min(found[a]) > max(found[b]) for a, b in zip(counts, counts[1:])))


def figure12(f):
    r = common.Report("fig12", "energy of mini-batches of 64, variant 2 (Fig. 12)")
    energy_table(r, f, 64)
    r.line(CALIBRATED)
    for what, layers, machine, stated, gate in (
            ("FC", FC, "base_mvm", (1.61, 2.16), True),
            ("conv", CONV, "base_mvm", (1.18, 1.63), True),
            ("conv", CONV, "base_opa_mvm", (1.22, 2.45), True)):
        for which, paper, ours in zip(("least", "most"), stated, ends(f, layers, 64, machine)):
            name = {"base_mvm": "Base_mvm", "base_opa_mvm": "Base_opa/mvm"}[machine]
            r.value("against %s, %s, %s" % (name, what, which), paper, ours, 2, 6, gate)
    agree(r, f, 64)
    worst = max(f.bench.maps_line_error(layer, 4, key) for layer in CONV
                for key in layerwise.ON_MAPS if layer.positions in (4, 16, 64))
    r.check("batches on maps are continued in a straight line (.1 %)", worst <= 1e-3,
            "%.4f %%" % (100 * worst))
    others = [layer for layer in layerwise.LAYERS if not layer.first]
    least, most = ends(f, others, 1024, "base_mvm")
    r.value("batch 1024, least but first layers", 1.18, least, 2, 6)
    r.value("batch 1024, most but first layers", 1.18, most, 2, 6)
    first = [f.ratio(layer, 1024, "base_mvm") for layer in layerwise.LAYERS if layer.first]
    r.value("batch 1024, first layers", 1.18, max(first), 2, 6)
    copies_of_two(r, f)
    falling = all(f.ratio(layer, a, "base_mvm") >= f.ratio(layer, b, "base_mvm")
                  for layer in layerwise.LAYERS for a, b in ((1, 64), (64, 1024)))
    r.check("the ratio to Base_mvm falls with the batch, every layer", falling)
    leakage = [f.bench.measure(layer, 64, ("panther", 2)).leakage * 1e-3 /
               (layer.mcus * layer.positions * 64) for layer in layerwise.LAYERS]
    r.line("  leakage, reported apart: %.1f to %.1f nJ per MCU and position (variant 2)"
           % (min(leakage), max(leakage)))
    return r.end(bars(f, 64, "Batch 64: energy against variant 2"))


def copies_of_two(r, f):
    """What charging both copies of variant 2 for an outer product would give."""
    more = closed_form.opa_nj(f.numbers["paper", "panther"])
    ratios = [f.nj(layer, 64, "base_mvm") / (f.nj(layer, 64, "panther") + more) for layer in FC]
    r.line("  with both copies charged for an outer product (opa_copies 2): FC %.2f to %.2f"
           % (min(ratios), max(ratios)))


def figure13(f):
    r = common.Report("fig13", "time of layers (Fig. 13)")
    rows, digital, mvm, series, rising = [], [], [], {}, True
    for layer in layerwise.LAYERS:
        cells, before = [], 0
        for batch in BATCHES:
            ours = f.cycles(layer, batch, "panther")
            base = f.cycles(layer, batch, "base_mvm")
            digital.append(f.cycles(layer, batch, "base_digital") / ours)
            mvm.append(base / ours)
            bare = (base - f.rewrite_cycles()) / ours
            rising &= bare >= before - 1e-3
            before = bare
            cells += ["%.0f" % (ours / batch), "%.2f" % digital[-1], "%.2f" % mvm[-1],
                      "%.2f" % bare]
            series.setdefault("batch %d" % batch, []).append(mvm[-1])
        rows.append((layer.name, layer.positions, *cells))
    r.table("times", ["layer", "n"] + ["%s %d" % (c, b) for b in BATCHES for c in (
        "cycles", "digital", "Base_mvm", "without rw")], rows)
    r.line("  cycles per example of PANTHER (variant 1 at batch 1, else 2); then times that of\n"
           "  Base_digital and Base_mvm, and of the latter without its serial read and write")
    r.value("against Base_digital, most", 7.16, max(digital))
    r.value("against Base_mvm, most", 4.02, max(mvm))
    r.line("    first layers, which have no MTVM, are beyond both; the paper's own reading of the\n"
           "    serial access is not stated")
    r.check("never slower than either", min(digital + mvm) > 1)
    r.check("advantage over Base_mvm without serial access grows with the batch", rising)
    worst = max(f.bench.line_error(layer, 1, c) for layer in layerwise.LAYERS
                for c in layerwise.CONFIGURATIONS if layer.positions in (64, 256))
    r.check("batches are continued in a straight line (1 %)", worst <= .01,
            "%.2f %%" % (100 * worst))
    return r.end(common.svg_bars("Time of Base_mvm against PANTHER", "cycles against PANTHER",
                                 [layer.name for layer in layerwise.LAYERS], series))


def main():
    wanted = sys.argv[1:] or ["fig11", "fig12", "fig13"]
    f, status = Figures(), 0
    for name, figure in (("fig11", figure11), ("fig12", figure12), ("fig13", figure13)):
        if name in wanted:
            status |= figure(f)
    return status


if __name__ == "__main__":
    sys.exit(main())
