"""Figs. 7 and 8: eight networks on 1,680 tiles. Only values that the text states are compared."""
import os
import sys
import tempfile

from schedules import common, plan, schedules

NETWORKS = ("vgg_a", "vgg_b", "vgg_c", "vgg_d", "vgg_e", "msra_1", "msra_2", "msra_3")
ORDER = ("sdmp", "sdmp_pipelined", "tdmp", "hubpa", "hubpa_lookahead")
# Tiles of one crossbar: copies of small layers fill a tile, as section 4.4 says, and every
# crossbar changes between FP and BP for itself.
FINE = """chip: crossbars
source: "the same crossbars without tiles"
hierarchy: {tiles: 80640, pes: 1, crossbars: 1}
crossbar: {rows: 128, columns: 128, cells_per_weight: 8, slices: 1}
"""


def measure(machine):
    plans = {}
    for name in NETWORKS:
        path = os.path.join(common.ROOT, "examples", "networks", name + ".pan")
        p = plan(path, machine, "hubpa")
        plans[name] = (p["bound"], schedules(p))
    return plans


def table(r, name, plans):
    rows = []
    for network, (bound, s) in plans.items():
        steps = [s[k]["steps_per_pair"] for k in ORDER]
        busy = [100 * s[k]["utilisation"] for k in ORDER]
        h = steps[3]
        rows.append((network, *["%.1f" % x for x in steps], "%.1f" % bound, steps[2] / h,
                     steps[0] / h, steps[1] / h, *["%.0f" % b for b in busy[:4]]))
    r.table(name, ("network", "SDMP", "SDMP pipelined", "TDMP", "HUBPA", "look-ahead", "bound",
                   "HUBPA/TDMP", "/SDMP", "/pipelined", "SDMP %", "pipelined %", "TDMP %",
                   "HUBPA %"),
            rows, "%.2f")
    return [sum(row[k] for row in rows) / len(rows) for k in (7, 8, 9)]


def busy(plans, network, schedule):
    return 100 * plans[network][1][schedule]["utilisation"]


def stated(r, what, paper, ours, digits=0, within=20, gate=False):
    """Close, or not reproducible: the text has neither layer lists nor how many tiles."""
    if abs(ours / paper - 1) <= within / 100:
        r.value(what, paper, ours, digits, within, gate)
    else:
        r.verdict(what, "%.*f" % (digits, paper), "%.*f" % (digits, ours),
                  "not reproducible (%+.0f %%): tiles not stated" % (100 * (ours / paper - 1)),
                  gate, False)


def compare(r, plans, means):
    tdmp, sdmp, pipelined = means
    stated(r, "HUBPA / TDMP, mean", 1.6, tdmp, 2, 12, True)
    stated(r, "HUBPA / SDMP, mean", 2.2, sdmp, 2)
    stated(r, "TDMP / SDMP, mean", 1.25, sdmp / tdmp, 2)
    r.verdict("HUBPA / pipelined SDMP, mean", "-", "%.2f" % pipelined, "the fair baseline")
    deepest = plans["msra_3"][1]
    stated(r, "HUBPA / TDMP, MSRA-3", 2.1,
           deepest["tdmp"]["steps_per_pair"] / deepest["hubpa"]["steps_per_pair"], 2)
    for network, schedule, paper in (("msra_1", "tdmp", 47), ("msra_3", "tdmp", 35),
                                     ("msra_3", "sdmp", 8)):
        stated(r, "busy tiles of %s, %s (%%)" % (schedule.upper(), network), paper,
               busy(plans, network, schedule))
    pair = (busy(plans, "msra_1", "sdmp") + busy(plans, "msra_2", "sdmp")) / 2
    stated(r, "busy tiles of SDMP, MSRA-1 and 2 (%)", 43, pair)
    for network, least in (("vgg_a", 70), ("vgg_b", 70), ("vgg_c", 70), ("msra_1", 85),
                           ("msra_2", 85), ("msra_3", 70)):
        ours = busy(plans, network, "hubpa")
        r.verdict("busy tiles of HUBPA, %s (%%)" % network, "> %d" % least, "%.1f" % ours,
                  "exceeds" if ours > least else "below", True, ours > least)
    r.verdict("GOPS/mm2 of Fig. 9, energy of Fig. 10", "180, 1.5x", "-",
              "not reproducible: no areas or powers in the text")
    r.verdict("speed-up of the abstract, of section 1", "1.7, 1.5", "%.2f" % tdmp,
              "not reproducible: the paper contradicts itself")


def main():
    r = common.Report("networks", "throughput and busy tiles on 1,680 tiles (ten chips)")
    plans = measure("hubpa")
    means = table(r, "tiles", plans)
    r.line()
    compare(r, plans, means)
    r.line()
    r.check("mean of HUBPA / TDMP within 1.4 .. 1.75", 1.4 <= means[0] <= 1.75, "%.3f" % means[0])
    low = min(busy(plans, n, "hubpa") for n in NETWORKS)
    r.check("HUBPA keeps 80 % of the tiles busy on all eight", low >= 80, "%.1f %%" % low)
    gap = max(abs(s["hubpa"]["steps_per_pair"] - bound) for bound, s in plans.values())
    r.check("HUBPA reaches the least steps of any allocation", gap < 0.2, "within %.2f" % gap)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "crossbars.yaml")
        with open(path, "w") as f:
            f.write(FINE)
        fine = measure(path)
    r.line()
    r.line("  If every crossbar could change between FP and BP alone:")
    means = table(r, "crossbars", fine)
    r.line("  HUBPA / TDMP %.2f, / SDMP %.2f, / pipelined SDMP %.2f" % tuple(means))
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
