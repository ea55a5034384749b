"""Speed-ups of Table III: the paper's, ours by its method, ours by the stronger one, the bound."""
import sys
import tempfile

from plans import CHIPS, MIXES, TABLE3, chip, common, networks, plan


def rank(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    return [order.index(i) for i in range(len(values))]


def spearman(a, b):
    n = len(a)
    return 1 - 6 * sum((x - y) ** 2 for x, y in zip(rank(a), rank(b))) / (n * (n * n - 1))


def costs_of(p):
    return {c["write_cycles"]: c for c in p["write_costs"]}


def reach(p):
    """The part of the work bound that the dynamic program reaches."""
    return p["best_speed"] * p["bound"] / p["plans"][0]["cycles"]


def simulated(p, methods):
    """The best speed if operators wait for their windows, as the baseline then does."""
    return max(x["simulated_speed"] for x in p["plans"] if x["method"] in methods)


def rows_of(name, plans):
    rows = []
    for mix, p in plans.items():
        _, _, overall, tenant, operator = TABLE3[name, mix]
        base = p["plans"][0]["cycles"]
        rows.append((mix, overall, tenant, operator, p["joint_speed"], p["tenant_speed"],
                     p["operator_speed"], p["best_speed"], base / p["bound"],
                     "%.0f %%" % (100 * reach(p)), simulated(p, ("grid",)),
                     simulated(p, ("grid", "dynamic", "windows")),
                     "close" if abs(p["joint_speed"] / overall - 1) < 0.2
                     else "better, not reproducible"))
    return rows


def sensitivity(bits, plans):
    rows = []
    for mix, p in plans.items():
        costs = costs_of(p)
        rows.append((mix, *[costs[w]["joint"] for w in (1 + bits, 128, 1024)],
                     *[costs[w]["best"] for w in (1 + bits, 128, 1024)]))
    return rows


def one_chip(r, folder, programs, name, bits):
    machine = chip(folder, name, bits, bits)
    plans = {mix: plan(programs, mix, machine) for mix in MIXES}
    r.line("\n  %s, weights and inputs of %d bits, w = %d cycles" % (name, bits, 1 + bits))
    r.table("%s_%d" % (name, bits),
            ("mix", "paper", "its tenant", "its operator", "joint", "tenant", "operator",
             "dynamic", "bound", "of bound", "joint, windows", "best, windows", "verdict"),
            rows_of(name, plans), "%.2f")
    r.line("  by write cost:")
    r.table("%s_%d_writes" % (name, bits),
            ("mix", *["%s w=%d" % (method, w) for method in ("joint", "dynamic")
                      for w in (1 + bits, 128, 1024)]), sensitivity(bits, plans), "%.2f")
    paper = [TABLE3[name, mix][2] for mix in MIXES]
    joint = [p["joint_speed"] for p in plans.values()]
    what = "%s, %d bits: " % (name, bits)
    r.check(what + "joint at least the paper's, all rows",
            all(a >= b for a, b in zip(joint, paper)),
            "%.2f .. %.2f times" % (min(a / b for a, b in zip(joint, paper)),
                                    max(a / b for a, b in zip(joint, paper))))
    low = min(map(reach, plans.values()))
    r.check(what + "75 % of the bound, all rows", low >= 0.75, "%.1f %%" % (100 * low))
    r.check(what + "tenant x operator = joint",
            all(abs(p["tenant_speed"] * p["operator_speed"] / p["joint_speed"] - 1) < 1e-9
                for p in plans.values()))
    r.check(what + "same order as the paper's", spearman(joint, paper) >= 0.9,
            "Spearman %.2f" % spearman(joint, paper))
    if bits == 8:
        dear = [costs_of(p)[128]["best"] for p in plans.values()]
        r.check(what + "w = 128, dynamic: at least the paper's",
                all(a >= b for a, b in zip(dear, paper)))
    r.check(what + "joint with windows at least the paper's",
            all(simulated(p, ("grid",)) >= b for p, b in zip(plans.values(), paper)))


def main():
    r = common.Report("table3", "speed-ups of Table III")
    with tempfile.TemporaryDirectory() as folder:
        programs = networks(folder, 224)
        for bits in (8, 16):
            for name in CHIPS:
                one_chip(r, folder, programs, name, bits)
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
